/* http_form.c: percent-encoding, queries and urlencoded forms, paths.
 *
 * Decides: what malformed is: a broken percent-escape, NUL, text that is not UTF-8, more than HTTP_PAIRS_MAX fields.
 * Leaves to others: multipart bodies (http_multipart.c). Runs in: every room. The hard thing: a path is decoded exactly
 * once, and what decoding could smuggle past a route or a file name (%2f %2e %5c %00, dot parts) is refused before.
 * SPDX-License-Identifier: ISC */
#include "http_inside.h"

#include "base/must.h"
#include "http_client.h"

static int hex_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool http_percent_decode(struct str text, bool plus_is_space, struct arena *arena, struct str *out)
{
	char *to = NULL;
	size_t len = 0;

	*out = text;
	if (memchr(text.at != NULL ? text.at : "", '%', text.len) == NULL
		&& (!plus_is_space || memchr(text.at != NULL ? text.at : "", '+', text.len) == NULL))
		return str_is_utf8(text) && memchr(text.at != NULL ? text.at : "", '\0', text.len) == NULL;
	to = arena_alloc(arena, text.len + 1);
	if (to == NULL)
		return false;
	must(text.at != NULL);
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];

		if (c == '%') {
			int high = i + 2 < text.len ? hex_of(text.at[i + 1]) : -1;
			int low = i + 2 < text.len ? hex_of(text.at[i + 2]) : -1;

			if (high < 0 || low < 0)
				return false;
			c = (char) (high * 16 + low);
			i += 2;
		} else if (c == '+' && plus_is_space) {
			c = ' ';
		}
		if (c == '\0')
			return false;
		to[len++] = c;
	}
	*out = str_make(to, len);
	return str_is_utf8(*out);
}

bool http_form_parse(struct str text, struct arena *arena, struct http_pairs *pairs)
{
	struct str rest = text;
	struct str piece = {NULL, 0};
	size_t most = 1;

	*pairs = (struct http_pairs){0, NULL};
	if (text.len == 0)
		return true;
	for (size_t i = 0; i < text.len; i++)
		most += text.at[i] == '&';
	if (most > HTTP_PAIRS_MAX)
		return false;
	pairs->items = arena_alloc_many(arena, most, sizeof(*pairs->items));
	if (pairs->items == NULL)
		return false;
	while (str_next(&rest, '&', &piece)) {
		size_t equals = str_find_char(piece, '=');
		struct http_pair *pair = &pairs->items[pairs->count];

		if (piece.len == 0)
			continue;
		if (!http_percent_decode(str_part(piece, 0, equals), true, arena, &pair->name))
			return false;
		if (!http_percent_decode(equals == SIZE_MAX ? (struct str){NULL, 0} : str_part(piece, equals + 1, SIZE_MAX),
				true, arena, &pair->value))
			return false;
		pairs->count++;
	}
	return true;
}

static bool has_dot_part(struct str path)
{
	struct str rest = path;
	struct str part = {NULL, 0};

	while (str_next(&rest, '/', &part))
		if (str_is(part, ".") || str_is(part, ".."))
			return true;
	return false;
}

bool http_path_parse(struct str raw, struct arena *arena, struct str *path, const char **say)
{
	const char *percent = raw.len > 0 ? memchr(raw.at, '%', raw.len) : NULL;

	if (percent == NULL) {
		/* The gate let only visible ASCII through. */
		*path = raw;
	} else {
		for (size_t i = (size_t) (percent - raw.at); i < raw.len; i++) {
			int code = raw.at[i] == '%' && i + 2 < raw.len ? hex_of(raw.at[i + 1]) * 16 + hex_of(raw.at[i + 2]) : -1;

			if (code == '/' || code == '.' || code == '\\' || code == 0) {
				*say = "The address hides a slash, a dot, a backslash or a NUL.";
				return false;
			}
		}
		if (!http_percent_decode(raw, false, arena, path)) {
			*say = "The address is not well-formed.";
			return false;
		}
	}
	if (str_has_control(*path) || (str_find(*path, STR("/.")) != SIZE_MAX && has_dot_part(*path))) {
		*say = "The address is not well-formed.";
		return false;
	}
	return true;
}

void http_encode(struct buf *out, struct str text)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char) text.at[i];

		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.'
			|| c == '_' || c == '~') {
			buf_add_char(out, (char) c);
		} else {
			buf_add_char(out, '%');
			buf_add_char(out, digits[c >> 4]);
			buf_add_char(out, digits[c & 15]);
		}
	}
}
