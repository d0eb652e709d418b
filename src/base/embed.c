/* embed.c: finds a file that was built into the program.
 *
 * Decides: nothing. Leaves to tools/embed.c: the tables, sorted by name. Runs in: every room.
 * The hard thing: none. Tables are short and looked up at start, so the search is linear and stops at the order.
 * SPDX-License-Identifier: ISC */
#include "embed.h"

const struct embed_file *embed_find(const struct embed_file *table, struct str name)
{
	for (; table->name != NULL; table++) {
		int order = str_compare(str_from(table->name), name);

		if (order == 0)
			return table;
		if (order > 0)
			break;
	}
	return NULL;
}
