/* str.h: a piece of text by value: a pointer and a length, owned by somebody else.
 *
 * A str need not end in NUL and may hold any byte. {NULL, 0} is the empty str. No function here allocates unless it
 * takes an arena.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct arena;

struct str {
	const char *at;
	size_t len;
};

#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
#define STR_ARG(s) (int) (s).len, (s).at != NULL ? (s).at : "" /* for printf's %.*s */

/* The str of a C string; NULL gives the empty one. */
struct str str_from(const char *text);
struct str str_make(const void *at, size_t len);

bool str_equal(struct str a, struct str b);
bool str_is(struct str a, const char *text);
bool str_equal_nocase(struct str a, struct str b); /* ASCII only */
int str_compare(struct str a, struct str b);       /* bytewise, shorter first */
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);

/* Position of the first such byte or text, or SIZE_MAX. */
size_t str_find_char(struct str s, char c);
size_t str_find(struct str s, struct str needle);

/* The part from byte `from` (clamped) on, at most `len` bytes. */
struct str str_part(struct str s, size_t from, size_t len);
struct str str_cut(struct str s, size_t most); /* its first `most` bytes, less a character (UTF-8) that these would cut */
struct str str_trim(struct str s); /* without ASCII white space at both ends */

/* Cuts the next piece off *rest up to `separator` (which is dropped). False when *rest is used up: at.NULL. A text
 * "a,,b" gives "a", "", "b". */
bool str_next(struct str *rest, char separator, struct str *piece);

/* Decimal, whole text, optional '-'; false on anything else or overflow. */
bool str_to_i64(struct str s, int64_t *out);

bool str_is_utf8(struct str s); /* well-formed (RFC 3629), NUL allowed */
bool str_has_control(struct str s); /* any byte < 0x20 or 0x7f */

/* Length in Unicode scalar values of well-formed UTF-8. */
size_t str_count_chars(struct str s);

/* Copies that live in the arena; both give a NUL behind the text. NULL (or at == NULL) when the arena's cap is reached. */
char *str_to_c(struct str s, struct arena *arena);
struct str str_copy(struct str s, struct arena *arena);
struct str str_format(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
