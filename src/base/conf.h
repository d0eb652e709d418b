/* conf.h: an INI file (libinih) with typed, validated values and errors that name file and line.
 *
 * A reader gives a table of the keys it knows; an unknown key or section, a doubled key or a value of the wrong shape is
 * INPUT "FILE:LINE: what is wrong and what to write". A section name in the table may end in ".*" ("rail.*"): any such
 * section matches and is visited in file order.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "str.h"

struct arena;
struct fault;

enum conf_type { CONF_TEXT, CONF_NUMBER, CONF_BOOL, CONF_LIST, CONF_SECRET }; /* LIST: comma-separated, trimmed */

struct conf_list {
	size_t count;
	struct str *items;
};

struct secret;

struct conf_key {
	const char *section;   /* NULL ends the table */
	const char *name;
	enum conf_type type;
	bool required;
	size_t offset;         /* of a struct str, int64_t, bool, struct conf_list or struct secret * in the target struct */
	const char *fallback;  /* text as it would stand in the file; NULL: stays zero */
	const char *meaning;   /* one line for `mimeo init`'s commented file and for errors */
};

/* Reads `path` into *target (zeroed by the caller); texts live in the arena. With `ignore` NULL every section must be
 * known; otherwise the names in it (NULL-ended, ".*" as in the table) belong to other readers and are passed over. Where
 * several sections match one ".*" entry, the last one's value stands: a reader that wants each of them asks
 * conf_sections() and reads the file once per name. A CONF_SECRET in a file that group or others can read is refused. On
 * a fault no secret is left in *target. */
bool conf_read(int dir_fd, const char *path, const struct conf_key *keys, const char *const *ignore, void *target,
	struct arena *arena, struct fault *f) __attribute__((warn_unused_result));

/* The names of the sections that match `pattern` ("rail.*"), each once, in file order. */
bool conf_sections(int dir_fd, const char *path, const char *pattern, struct arena *arena, struct conf_list *out,
	struct fault *f) __attribute__((warn_unused_result));

#endif
