/* str.c: text by value.
 *
 * Decides: comparing, finding, cutting and checking bytes, without locale. Leaves to others: Unicode (press) and memory
 * (arena). Runs in: every process. The hard thing: {NULL, 0} is valid everywhere, and memcmp(NULL, …, 0) is undefined
 * in C17, so every call into <string.h> is guarded by a length.
 * SPDX-License-Identifier: ISC */
#include "str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "arena.h"
#include "must.h"

struct str str_from(const char *text)
{
	return (struct str){text, text != NULL ? strlen(text) : 0};
}

struct str str_make(const void *at, size_t len)
{
	return (struct str){at, len};
}

bool str_equal(struct str a, struct str b)
{
	if (a.len != b.len || a.len == 0)
		return a.len == b.len;
	must(a.at != NULL && b.at != NULL);
	return memcmp(a.at, b.at, a.len) == 0;
}

bool str_is(struct str a, const char *text)
{
	return str_equal(a, str_from(text));
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c;
}

bool str_equal_nocase(struct str a, struct str b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (lower(a.at[i]) != lower(b.at[i]))
			return false;
	return true;
}

int str_compare(struct str a, struct str b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common > 0 ? memcmp(a.at, b.at, common) : 0;

	if (order == 0)
		order = (a.len > b.len) - (a.len < b.len);
	return order;
}

bool str_starts(struct str s, struct str prefix)
{
	return s.len >= prefix.len && str_equal(str_part(s, 0, prefix.len), prefix);
}

bool str_ends(struct str s, struct str suffix)
{
	return s.len >= suffix.len && str_equal(str_part(s, s.len - suffix.len, suffix.len), suffix);
}

size_t str_find_char(struct str s, char c)
{
	const char *found = s.len > 0 ? memchr(s.at, c, s.len) : NULL;

	return found != NULL ? (size_t) (found - s.at) : SIZE_MAX;
}

size_t str_find(struct str s, struct str needle)
{
	const char *found;

	if (needle.len == 0)
		return 0;
	found = s.len > 0 ? memmem(s.at, s.len, needle.at, needle.len) : NULL;
	return found != NULL ? (size_t) (found - s.at) : SIZE_MAX;
}

struct str str_part(struct str s, size_t from, size_t len)
{
	if (from > s.len)
		from = s.len;
	if (len > s.len - from)
		len = s.len - from;
	return (struct str){s.at != NULL ? s.at + from : NULL, len};
}

struct str str_cut(struct str s, size_t most)
{
	if (s.len > most)
		for (s.len = most; s.len > 0 && ((unsigned char) s.at[s.len] & 0xc0) == 0x80; s.len--)
			;
	return s;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str str_trim(struct str s)
{
	while (s.len > 0 && is_space(s.at[0]))
		s = str_part(s, 1, SIZE_MAX);
	while (s.len > 0 && is_space(s.at[s.len - 1]))
		s.len--;
	return s;
}

bool str_next(struct str *rest, char separator, struct str *piece)
{
	size_t end;

	if (rest->at == NULL)
		return false;
	end = str_find_char(*rest, separator);
	*piece = str_part(*rest, 0, end);
	*rest = end == SIZE_MAX ? (struct str){NULL, 0} : str_part(*rest, end + 1, SIZE_MAX);
	return true;
}

bool str_to_i64(struct str s, int64_t *out)
{
	bool minus = str_starts(s, STR("-"));
	int64_t n = 0;

	if (minus)
		s = str_part(s, 1, SIZE_MAX);
	if (s.len == 0)
		return false;
	/* Downwards, because INT64_MIN has no positive twin. */
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] < '0' || s.at[i] > '9')
			return false;
		if (__builtin_mul_overflow(n, 10, &n) || __builtin_sub_overflow(n, s.at[i] - '0', &n))
			return false;
	}
	if (!minus && n == INT64_MIN)
		return false;
	*out = minus ? n : -n;
	return true;
}

/* Bytes of the well-formed UTF-8 character at the start of `at`, 0 if there is none. RFC 3629, table in section 4: the
 * second byte's range keeps out overlong forms, surrogates and what lies beyond U+10FFFF. */
static size_t utf8_char(const unsigned char *at, size_t len)
{
	unsigned char low = 0x80;
	unsigned char high = 0xbf;
	size_t size;

	if (at[0] < 0x80)
		return 1;
	if (at[0] < 0xc2 || at[0] > 0xf4)
		return 0;
	size = at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
	if (size > len)
		return 0;
	if (at[0] == 0xe0)
		low = 0xa0;
	else if (at[0] == 0xed)
		high = 0x9f;
	else if (at[0] == 0xf0)
		low = 0x90;
	else if (at[0] == 0xf4)
		high = 0x8f;
	if (at[1] < low || at[1] > high)
		return 0;
	for (size_t i = 2; i < size; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	return size;
}

bool str_is_utf8(struct str s)
{
	const unsigned char *at = (const unsigned char *) s.at;

	for (size_t i = 0; i < s.len;) {
		size_t size = utf8_char(at + i, s.len - i);

		if (size == 0)
			return false;
		i += size;
	}
	return true;
}

bool str_has_control(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char) s.at[i] < 0x20 || s.at[i] == 0x7f)
			return true;
	return false;
}

size_t str_count_chars(struct str s)
{
	size_t count = 0;

	for (size_t i = 0; i < s.len; i++)
		count += ((unsigned char) s.at[i] & 0xc0) != 0x80;
	return count;
}

char *str_to_c(struct str s, struct arena *arena)
{
	char *text = s.len < SIZE_MAX ? arena_alloc(arena, s.len + 1) : NULL;

	if (text != NULL && s.len > 0)
		memcpy(text, s.at, s.len);
	return text;
}

struct str str_copy(struct str s, struct arena *arena)
{
	char *text = str_to_c(s, arena);

	return (struct str){text, text != NULL ? s.len : 0};
}

struct str str_format(struct arena *arena, const char *format, ...)
{
	struct str out = {NULL, 0};
	va_list args;
	char line[256]; /* what is formatted is seldom longer, and is then formatted once */
	char *text;
	int len;

	va_start(args, format);
	len = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (len < 0)
		return out;
	if ((size_t) len < sizeof(line))
		return str_copy(str_make(line, (size_t) len), arena);
	text = arena_alloc(arena, (size_t) len + 1);
	if (text == NULL)
		return out;
	va_start(args, format);
	(void) vsnprintf(text, (size_t) len + 1, format, args);
	va_end(args);
	out = (struct str){text, (size_t) len};
	return out;
}
