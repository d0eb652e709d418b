/* store_rewrite.c: parameters $1…$n as SQLite wants them.
 *
 * Decides: what is a parameter and what only looks like one. Leaves to others: everything else about SQL. Runs in every
 * room. The hard thing: SQLite takes `$1` as a *name* that it numbers by first use, which silently swaps arguments, so
 * not one may slip through; and a `$1` in a string, a quoted name or a comment must stay.
 * SPDX-License-Identifier: ISC */
#include "store_inside.h"

#include <ctype.h>
#include "base/buf.h"
#include "base/fault.h"

static bool is_word(char c)
{
	return isalnum((unsigned char) c) || c == '_' || c == '$' || (unsigned char) c >= 0x80;
}

/* Where the quoted piece or comment that begins at `at` ends; `at` itself when none begins there. */
static size_t skip_quoted(struct str sql, size_t at)
{
	char c = sql.at[at];
	char next = at + 1 < sql.len ? sql.at[at + 1] : '\0';
	size_t i;

	if (c == '\'' || c == '"' || c == '`' || c == '[') {
		/* A doubled quote ends one piece and begins the next, which comes to the same. */
		char end = c;

		if (c == '[')
			end = ']';
		for (i = at + 1; i < sql.len && sql.at[i] != end; i++)
			;
		return i < sql.len ? i + 1 : sql.len;
	}
	if (c == '-' && next == '-') {
		for (i = at + 2; i < sql.len && sql.at[i] != '\n'; i++)
			;
		return i;
	}
	if (c == '/' && next == '*') {
		size_t end = str_find(str_part(sql, at + 2, SIZE_MAX), STR("*/"));

		return end == SIZE_MAX ? sql.len : at + 2 + end + 2;
	}
	return at;
}

bool store_rewrite(struct str sql, struct buf *out, struct fault *f)
{
	for (size_t i = 0; i < sql.len;) {
		size_t end = skip_quoted(sql, i);
		char c = sql.at[i];

		if (end > i) {
			buf_add_str(out, str_part(sql, i, end - i));
			i = end;
		} else if (c == '$' && i + 1 < sql.len && sql.at[i + 1] >= '1' && sql.at[i + 1] <= '9') {
			buf_add_char(out, '?');
			for (i++; i < sql.len && isdigit((unsigned char) sql.at[i]); i++)
				buf_add_char(out, sql.at[i]);
			if (i < sql.len && is_word(sql.at[i]))
				return fault_set(f, FAULT_INPUT, "a parameter runs into a word");
		} else if (c == '$' || c == '?' || c == '@' || c == ':') {
			return fault_set(f, FAULT_INPUT, "parameters are $1, $2 and so on, not \"%c\"", c);
		} else if (is_word(c)) {
			for (; i < sql.len && is_word(sql.at[i]); i++)
				buf_add_char(out, sql.at[i]);
		} else {
			buf_add_char(out, c);
			i++;
		}
	}
	return buf_check(out, "the statement", f);
}
