/* embed.h: a file that was built into the program (schema, theme, SQL blocks). tools/embed.c writes the tables.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_EMBED_H
#define BASE_EMBED_H

#include "str.h"

struct embed_file {
	const char *name; /* NULL ends a table */
	struct str text;
};

/* The file of that name, or NULL. Tables are sorted by name. */
const struct embed_file *embed_find(const struct embed_file *table, struct str name);

#endif
