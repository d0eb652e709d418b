/* story_store.h: stories in desk.db: saving, states, reading.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_STORY_STORE_H
#define DESK_STORY_STORE_H

#include "desk/story.h"

/* Inserts or updates by identity, with names, terms, corrections, a revision where the text changed, list slots, a
 * redirect where a public address changed, and the bake's queue row. Inside a transaction of the caller's. A published
 * story without a date gets `now` (or keeps the one it has). A new one gets a random id, unless it brings one. CONFLICT
 * when another story has its address. */
bool story_save(struct store *db, struct story *story, struct when now, const char *by, struct arena *arena,
	struct fault *f) __attribute__((warn_unused_result));

/* Publishes or withdraws, in a transaction of its own. CONFLICT when the state forbids it (already so: true, nothing
 * changes). */
bool story_change_state(struct store *db, int64_t id, enum story_state to, struct str reason, struct when now,
	struct fault *f) __attribute__((warn_unused_result));

/* By id, identity, slug or path. MISSING; CONFLICT when a slug fits several. */
bool story_find(struct store *db, struct str what, int64_t *id, struct fault *f) __attribute__((warn_unused_result));

/* All of a story but its terms. */
struct story_more {
	int64_t revision;
	struct when changed;
	struct str withdrawn_reason;
	bool was_public;
};
bool story_load(struct store *db, int64_t id, struct arena *arena, struct story *out, struct story_more *more,
	struct fault *f) __attribute__((warn_unused_result));

/* A row of story_all or story_one (the same first 19 columns) into *out. */
struct store_rows;
bool story_from_row(const struct store_rows *rows, struct arena *arena, struct story *out);
/* The two columns from `column` on, 0 … 100 each. */
void story_focus_from_row(const struct store_rows *rows, int column, struct story *out);

#endif
