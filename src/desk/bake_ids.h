/* bake_ids.h: tables from ids and from texts to small numbers, for the time of a bake.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_BAKE_IDS_H
#define DESK_BAKE_IDS_H

#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/str.h"

enum { BAKE_NOWHERE = UINT32_MAX };

/* Ids, numbered from 0 as they came. */
struct bake_ids {
	struct arena *arena;
	int64_t *at;
	uint32_t *slots;
	size_t count, room, mask;
};

/* The id's number; BAKE_NOWHERE when the arena is full. */
uint32_t bake_ids_put(struct bake_ids *ids, int64_t id);
/* BAKE_NOWHERE: it was never put. */
uint32_t bake_ids_find(const struct bake_ids *ids, int64_t id);

/* Texts, numbered from 1; 0 is nobody's. */
struct bake_words {
	struct arena *arena;
	struct str *at;
	uint32_t *slots;
	size_t count, room, mask;
};

/* The text's number, the text copied when it is new; 0 when the arena is full. */
uint32_t bake_words_put(struct bake_words *table, struct str text);

#endif
