/* press_inside.h: how values are laid out, for the parts of press alone.
 * SPDX-License-Identifier: ISC */
#ifndef PRESS_INSIDE_H
#define PRESS_INSIDE_H

#include <stdint.h>
#include "value.h"

enum press_type { PRESS_TEXT, PRESS_BOOL, PRESS_LIST, PRESS_MAP };

struct press_entry {
	struct str key;
	uint32_t hash;
	const struct press_value *value;
};

struct press_value {
	enum press_type type;
	bool yes;               /* PRESS_BOOL */
	bool lost;              /* something did not fit into the arena */
	bool is_known_whole;    /* checked once, and not changed since: a language's texts are in every page */
	struct arena *arena;
	struct str text;        /* PRESS_TEXT */
	size_t count, room;     /* of entries or items */
	struct press_entry *entries;        /* PRESS_MAP, in the order of setting */
	struct press_value const **items;   /* PRESS_LIST */
	uint16_t *index;        /* of large maps: slots of a hash table, entry + 1 or 0 */
	size_t index_mask;
};

uint32_t press_hash(struct str key);
/* As press_get, with the hash known: templates keep it. */
const struct press_value *press_get_hashed(const struct press_value *map, struct str key, uint32_t hash);

#endif
