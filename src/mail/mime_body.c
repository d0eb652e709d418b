/* mime_body.c: body parts as 7-bit lines.
 *
 * Decides: plain 7bit or quoted-printable (RFC 2045 §6.7), byte by byte. Runs in: the newsletter room. The hard
 * thing: a relay may strip blanks at line ends, quote "From " and double leading dots, any of which breaks a DKIM
 * signature: those bytes are encoded, so that nothing on the way finds anything to mend.
 * SPDX-License-Identifier: ISC */
#include "mail_inside.h"

#include "base/buf.h"
#include "mime.h"

enum { QP_LINE = 76 };

/* Cuts the next line off (LF, CRLF or the end). */
static bool next_line(struct str *rest, struct str *line)
{
	size_t end;

	if (rest->len == 0)
		return false;
	end = str_find_char(*rest, '\n');
	*line = str_part(*rest, 0, end);
	*rest = end == SIZE_MAX ? (struct str){NULL, 0} : str_part(*rest, end + 1, SIZE_MAX);
	if (end != SIZE_MAX && str_ends(*line, STR("\r")))
		line->len--;
	return true;
}

static bool is_mended_on_the_way(struct str line)
{
	return str_starts(line, STR("From ")) || str_starts(line, STR("."));
}

bool mail_is_7bit(struct str text)
{
	struct str line;

	while (next_line(&text, &line)) {
		if (line.len > QP_LINE || is_mended_on_the_way(line))
			return false;
		for (size_t i = 0; i < line.len; i++)
			if ((unsigned char) line.at[i] < 0x20 || (unsigned char) line.at[i] >= 0x7f)
				return false;
		if (str_ends(line, STR(" ")))
			return false;
	}
	return true;
}

void mail_write_7bit(struct buf *out, struct str text)
{
	struct str line;

	while (next_line(&text, &line)) {
		buf_add_str(out, line);
		buf_add_text(out, "\r\n");
	}
}

static void write_qp_line(struct buf *out, struct str line)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t column = 0;

	for (size_t i = 0; i < line.len; i++) {
		unsigned char c = (unsigned char) line.at[i];
		bool last = i + 1 == line.len;
		bool blank_at_end = last && (c == ' ' || c == '\t');
		bool plain = ((c >= 0x20 && c < 0x7f && c != '=') || c == '\t') && !blank_at_end;
		size_t size;

		if (column == 0 && is_mended_on_the_way(str_part(line, i, SIZE_MAX)))
			plain = false;
		size = plain ? 1 : 3;
		/* The last character may fill the line; any other leaves room for the soft break's '='. */
		if (column + size > QP_LINE - (last ? 0u : 1u)) {
			buf_add_text(out, "=\r\n");
			column = 0;
			if (is_mended_on_the_way(str_part(line, i, SIZE_MAX))) {
				plain = false;
				size = 3;
			}
		}
		if (plain) {
			buf_add_char(out, (char) c);
		} else {
			buf_add_char(out, '=');
			buf_add_char(out, hex[c >> 4]);
			buf_add_char(out, hex[c & 15]);
		}
		column += size;
	}
}

void mail_write_quoted_printable(struct buf *out, struct str text)
{
	struct str line;

	while (next_line(&text, &line)) {
		write_qp_line(out, line);
		buf_add_text(out, "\r\n");
	}
}
