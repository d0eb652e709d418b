/* bake_ids.c: tables from ids and from texts to small numbers.
 *
 * Decides: open addressing, doubled before half full. Leaves to others: what the numbers mean. Runs in: desk's bake. The
 * hard thing: none; an arena frees all of it at once.
 * SPDX-License-Identifier: ISC */
#include "desk/bake_ids.h"

#include <string.h>

enum { FIRST_ROOM = 256 };

/* --- ids --- */

static size_t hash_id(int64_t id)
{
	uint64_t hash = (uint64_t) id * 0x9e3779b97f4a7c15u;

	return (size_t) (hash ^ (hash >> 32));
}

static size_t slot_of_id(const struct bake_ids *ids, int64_t id)
{
	size_t slot = hash_id(id) & ids->mask;

	while (ids->slots[slot] != 0 && ids->at[ids->slots[slot] - 1] != id)
		slot = (slot + 1) & ids->mask;
	return slot;
}

static bool grow_ids(struct bake_ids *ids)
{
	struct bake_ids grown = {.arena = ids->arena, .count = ids->count, .room = ids->room > 0 ? ids->room * 2 : FIRST_ROOM};
	size_t i;

	grown.mask = grown.room * 2 - 1;
	grown.at = arena_alloc_many(ids->arena, grown.room, sizeof(*grown.at));
	grown.slots = arena_alloc_many(ids->arena, grown.room * 2, sizeof(*grown.slots));
	if (grown.at == NULL || grown.slots == NULL)
		return false;
	if (ids->count > 0)
		memcpy(grown.at, ids->at, ids->count * sizeof(*grown.at));
	for (i = 0; i < grown.count; i++)
		grown.slots[slot_of_id(&grown, grown.at[i])] = (uint32_t) i + 1;
	*ids = grown;
	return true;
}

uint32_t bake_ids_put(struct bake_ids *ids, int64_t id)
{
	size_t slot;

	if (ids->count == ids->room && !grow_ids(ids))
		return BAKE_NOWHERE;
	slot = slot_of_id(ids, id);
	if (ids->slots[slot] == 0) {
		ids->at[ids->count++] = id;
		ids->slots[slot] = (uint32_t) ids->count;
	}
	return ids->slots[slot] - 1;
}

uint32_t bake_ids_find(const struct bake_ids *ids, int64_t id)
{
	/* 0 - 1 is BAKE_NOWHERE */
	return ids->room == 0 ? BAKE_NOWHERE : ids->slots[slot_of_id(ids, id)] - 1;
}

/* --- texts --- */

static size_t hash_text(struct str text)
{
	uint32_t hash = 2166136261u;
	size_t i;

	for (i = 0; i < text.len; i++)
		hash = (hash ^ (unsigned char) text.at[i]) * 16777619u;
	return hash;
}

static size_t slot_of_text(const struct bake_words *table, struct str text)
{
	size_t slot = hash_text(text) & table->mask;

	while (table->slots[slot] != 0 && !str_equal(table->at[table->slots[slot]], text))
		slot = (slot + 1) & table->mask;
	return slot;
}

static bool grow_texts(struct bake_words *table)
{
	struct bake_words grown = {.arena = table->arena, .count = table->count > 0 ? table->count : 1,
		.room = table->room > 0 ? table->room * 2 : FIRST_ROOM};
	size_t i;

	grown.mask = grown.room * 2 - 1;
	grown.at = arena_alloc_many(table->arena, grown.room, sizeof(*grown.at));
	grown.slots = arena_alloc_many(table->arena, grown.room * 2, sizeof(*grown.slots));
	if (grown.at == NULL || grown.slots == NULL)
		return false;
	if (table->count > 0)
		memcpy(grown.at, table->at, table->count * sizeof(*grown.at));
	for (i = 1; i < grown.count; i++)
		grown.slots[slot_of_text(&grown, grown.at[i])] = (uint32_t) i;
	*table = grown;
	return true;
}

uint32_t bake_words_put(struct bake_words *table, struct str text)
{
	struct str copy;
	size_t slot;

	if (table->count == table->room && !grow_texts(table))
		return 0;
	slot = slot_of_text(table, text);
	if (table->slots[slot] == 0) {
		copy = str_copy(text, table->arena);
		if (copy.at == NULL)
			return 0;
		table->at[table->count] = copy;
		table->slots[slot] = (uint32_t) table->count++;
	}
	return table->slots[slot];
}
