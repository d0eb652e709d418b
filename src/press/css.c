/* css.c: custom properties under short names.
 *
 * Decides: what a name is: "--" and what follows, where a value, a declaration or var( begins. Leaves to others: white
 * space and comments (theme.c). Runs in: whoever renders pages. The hard thing: two sheets of a page must agree, so the
 * table is theirs together and its order is that of first use.
 * SPDX-License-Identifier: ISC */
#include "css.h"

#include "base/str.h"

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_'
		|| (unsigned char) c >= 0x80;
}

/* 'a' … 'z', then "a0" … "z0", "a1" …: none is a prefix that matters, and no table reaches a third letter. */
static void add_code(size_t place, struct buf *out)
{
	buf_add_text(out, "--");
	buf_add_char(out, (char) ('a' + place % 26));
	if (place >= 26)
		buf_add_char(out, (char) ('0' + place / 26 - 1));
}

static void add_short(struct css_names *names, struct str name, struct buf *out)
{
	size_t i;

	for (i = 0; i < names->count; i++)
		if (str_equal(names->names[i], name)) {
			add_code(i, out);
			return;
		}
	if (names->count == CSS_NAMES) {
		buf_add_text(out, "--");
		buf_add_str(out, name);
		return;
	}
	names->names[names->count] = name;
	add_code(names->count++, out);
}

void css_add_name(struct css_names *names, const char *name, struct buf *out)
{
	add_short(names, str_from(name), out);
}

static bool may_precede(char c)
{
	return c == '{' || c == ';' || c == '(' || c == ',' || c == ' ' || c == '\n' || c == '\t';
}

void css_shorten(struct css_names *names, struct str css, struct buf *out)
{
	size_t from = 0;
	size_t i = 0;

	while (i + 2 < css.len) {
		size_t end = i + 2;

		if (css.at[i] != '-' || css.at[i + 1] != '-' || (i > 0 && !may_precede(css.at[i - 1]))
			|| !is_name_char(css.at[end])) {
			i++;
			continue;
		}
		while (end < css.len && is_name_char(css.at[end]))
			end++;
		buf_add_str(out, str_part(css, from, i - from));
		add_short(names, str_part(css, i + 2, end - i - 2), out);
		from = i = end;
	}
	buf_add_str(out, str_part(css, from, SIZE_MAX));
}
