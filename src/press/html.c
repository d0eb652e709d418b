/* html.c: the only ways by which text reaches HTML, XML, CSV or JSON.
 *
 * Decides: what is escaped in each. Leaves to others: whether a piece is trusted markup (then it goes into the buf as
 * it is). Runs in: every room. The hard thing: it is on the path of every page, so runs of plain bytes are copied
 * whole.
 * SPDX-License-Identifier: ISC */
#include "html.h"

/* 1: needs a look in HTML and XML text; 2: in a JSON string. Bytes ≥ 0x80 pass (U+2028 is looked for apart). */
static const unsigned char special[256] = {
	[0x00] = 3, [0x01] = 3, [0x02] = 3, [0x03] = 3, [0x04] = 3, [0x05] = 3, [0x06] = 3, [0x07] = 3,
	[0x08] = 3, ['\t'] = 2, ['\n'] = 2, [0x0b] = 3, [0x0c] = 3, ['\r'] = 2, [0x0e] = 3, [0x0f] = 3,
	[0x10] = 3, [0x11] = 3, [0x12] = 3, [0x13] = 3, [0x14] = 3, [0x15] = 3, [0x16] = 3, [0x17] = 3,
	[0x18] = 3, [0x19] = 3, [0x1a] = 3, [0x1b] = 3, [0x1c] = 3, [0x1d] = 3, [0x1e] = 3, [0x1f] = 3,
	['"'] = 3, ['&'] = 1, ['\''] = 1, ['<'] = 3, ['>'] = 1, ['\\'] = 2, ['/'] = 2, [0xe2] = 2, [0xef] = 0x80,
};

/* The first from `i` on that needs a look, or len. Four at a time: most have none. */
static size_t find_special(struct str text, size_t i, unsigned char mask)
{
	const unsigned char *at = (const unsigned char *) text.at;

	while (i + 4 <= text.len && ((special[at[i]] | special[at[i + 1]] | special[at[i + 2]] | special[at[i + 3]]) & mask) == 0)
		i += 4;
	while (i < text.len && (special[at[i]] & mask) == 0)
		i++;
	return i;
}

static void escape(struct buf *out, struct str text, unsigned char mask, bool is_xml)
{
	size_t from = 0;
	size_t i;

	for (i = find_special(text, 0, mask); i < text.len; i = find_special(text, i + 1, mask)) {
		unsigned char c = (unsigned char) text.at[i];
		const char *instead;
		size_t width = 1;

		switch (c) {
		case '&': instead = "&amp;"; break;
		case '<': instead = "&lt;"; break;
		case '>': instead = "&gt;"; break;
		case '"': instead = "&quot;"; break;
		case '\'': instead = "&#39;"; break;
		case 0xef: /* U+FFFE and U+FFFF */
			if (text.len - i < 3 || (unsigned char) text.at[i + 1] != 0xbf || (unsigned char) text.at[i + 2] < 0xbe)
				continue;
			instead = "";
			width = 3;
			break;
		default: /* C0 controls: forbidden in XML 1.0, and in HTML never meant */
			instead = is_xml ? "" : "\xef\xbf\xbd";
			break;
		}
		buf_add(out, text.at + from, i - from);
		buf_add_text(out, instead);
		i += width - 1;
		from = i + 1;
	}
	if (from < text.len)
		buf_add(out, text.at + from, text.len - from);
}

void html_text(struct buf *out, struct str text)
{
	escape(out, text, 1, false);
}

void html_attr(struct buf *out, const char *name, struct str value)
{
	buf_add_char(out, ' ');
	buf_add_text(out, name);
	buf_add(out, "=\"", 2);
	escape(out, value, 1, false);
	buf_add_char(out, '"');
}

void xml_text(struct buf *out, struct str text)
{
	escape(out, text, 0x81, true);
}

void json_text(struct buf *out, struct str text)
{
	static const char hex[] = "0123456789abcdef";
	size_t from = 0;
	size_t i;

	buf_add_char(out, '"');
	for (i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char) text.at[i];
		char wide[6] = {'\\', 'u', '0', '0', '0', '0'};

		if ((special[c] & 2) == 0)
			continue;
		if (c == '/' && (i == 0 || text.at[i - 1] != '<'))
			continue;
		if (c == 0xe2) { /* U+2028 and U+2029 end a line in old JavaScript */
			if (text.len - i < 3 || (unsigned char) text.at[i + 1] != 0x80
				|| ((unsigned char) text.at[i + 2] & 0xfe) != 0xa8)
				continue;
			buf_add(out, text.at + from, i - from);
			buf_add_text(out, (unsigned char) text.at[i + 2] == 0xa8 ? "\\u2028" : "\\u2029");
			i += 2;
			from = i + 1;
			continue;
		}
		buf_add(out, text.at + from, i - from);
		switch (c) {
		case '"': buf_add(out, "\\\"", 2); break;
		case '\\': buf_add(out, "\\\\", 2); break;
		case '/': buf_add(out, "\\/", 2); break;
		case '\n': buf_add(out, "\\n", 2); break;
		case '\r': buf_add(out, "\\r", 2); break;
		case '\t': buf_add(out, "\\t", 2); break;
		case '<': /* "<!--" and "<script" change how a browser reads a script element */
			if (text.len - i >= 2 && (text.at[i + 1] == '!' || text.at[i + 1] == 's' || text.at[i + 1] == 'S'))
				buf_add(out, "\\u003c", 6);
			else
				buf_add_char(out, '<');
			break;
		default:
			wide[4] = hex[c >> 4];
			wide[5] = hex[c & 15];
			buf_add(out, wide, sizeof(wide));
			break;
		}
		from = i + 1;
	}
	if (from < text.len)
		buf_add(out, text.at + from, text.len - from);
	buf_add_char(out, '"');
}

void csv_cell(struct buf *out, struct str text)
{
	bool defuse = text.len > 0 && memchr("=+-@\t\r", text.at[0], 6) != NULL;
	bool quote = defuse;
	size_t i;

	for (i = 0; i < text.len && !quote; i++)
		quote = text.at[i] == '"' || text.at[i] == ',' || text.at[i] == ';' || text.at[i] == '\n' || text.at[i] == '\r';
	if (!quote) {
		buf_add_str(out, text);
		return;
	}
	buf_add_char(out, '"');
	if (defuse)
		buf_add_char(out, '\'');
	for (i = 0; i < text.len; i++) {
		if (text.at[i] == '"')
			buf_add_char(out, '"');
		buf_add_char(out, text.at[i]);
	}
	buf_add_char(out, '"');
}
