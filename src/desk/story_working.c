/* story_working.c: what people typed and did not save yet, and who has a story open.
 *
 * Decides: that a working copy is its writer's alone. Leaves to others: what is in it (story_typed.c). Runs in: desk. The hard thing: none of
 * it may be lost, so that taking somebody else's version only sets one's own aside.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "desk/story_typed.h"
#include "gen/desk_sql.h"
#include "store/store.h"

bool story_working_put(struct store *db, int64_t story, int64_t staff, const struct story_typed *typed, struct when now,
	struct fault *f)
{
	const struct store_value values[] = {store_i64(story), store_i64(staff), store_i64(now.us), store_i64(typed->base),
#define X(name, label, is_long) store_text(typed->name),
		STORY_TYPED(X)
#undef X
	};

	return store_run(db, DESK_SQL_WORKING_PUT, values, sizeof(values) / sizeof(values[0]), NULL, f);
}

bool story_working_get(struct store *db, int64_t story, int64_t staff, int64_t kept, struct arena *arena,
	struct story_typed *out, bool *found, struct fault *f)
{
	struct store_row row;
	size_t i = 2;

	*out = (struct story_typed){0};
	if (!store_one(db, DESK_SQL_WORKING_GET, STORE_ARGS(store_i64(story), store_i64(staff), store_i64(kept)), arena, &row,
		found, f))
		return false;
	if (!*found)
		return true;
	out->saved.us = row.columns[0].number;
	out->base = row.columns[1].number;
#define X(name, label, is_long) out->name = row.columns[i++].bytes;
	STORY_TYPED(X)
#undef X
	return true;
}

bool story_working_drop(struct store *db, int64_t story, int64_t staff, int64_t kept, struct fault *f)
{
	return store_run(db, DESK_SQL_WORKING_DROP, STORE_ARGS(store_i64(story), store_i64(staff), store_i64(kept)), NULL, f);
}

bool story_working_keep(struct store *db, int64_t story, int64_t staff, struct when now, struct fault *f)
{
	return store_run(db, DESK_SQL_WORKING_KEEP, STORE_ARGS(store_i64(story), store_i64(staff), store_i64(now.us)), NULL, f);
}

bool story_working_take(struct store *db, int64_t story, int64_t staff, int64_t kept, struct when now, struct arena *arena,
	struct fault *f)
{
	struct story_typed typed;
	bool found = false;
	bool ok;

	if (!story_working_get(db, story, staff, kept, arena, &typed, &found, f))
		return false;
	if (!found)
		return fault_set(f, FAULT_MISSING, "This text is not here any more.");
	if (!store_begin(db, f))
		return false;
	ok = story_working_keep(db, story, staff, now, f) && story_working_put(db, story, staff, &typed, now, f)
		&& story_working_drop(db, story, staff, kept, f);
	return store_end(db, ok, f);
}

/* --- who is in --- */

static int64_t silent_since(struct when now)
{
	return now.us - (int64_t) EDITING_SILENCE_S * 1000000;
}

void story_editing_note(struct store *db, int64_t story, int64_t staff, struct when now)
{
	struct fault f = {0};

	if (!store_run(db, DESK_SQL_EDITING_SWEEP, STORE_ARGS(store_i64(silent_since(now))), NULL, &f)
		|| !store_run(db, DESK_SQL_EDITING_PUT, STORE_ARGS(store_i64(story), store_i64(staff), store_i64(now.us),
			store_i64(silent_since(now))), NULL, &f))
		log_fault(&f, "noting who is in a story");
}

bool story_editing_others(struct store *db, int64_t story, int64_t staff, struct when now, struct arena *arena,
	struct story_editor *out, size_t max, size_t *count, struct fault *f)
{
	struct store_rows rows;

	*count = 0;
	if (!store_rows_begin(db, DESK_SQL_EDITING_OTHERS, STORE_ARGS(store_i64(story), store_i64(staff),
		store_i64(silent_since(now))), &rows, f))
		return false;
	while (store_rows_next(&rows, f))
		if (*count < max)
			out[(*count)++] = (struct story_editor){store_column_copy(&rows, 0, arena), {store_column_i64(&rows, 1)}};
	return store_rows_end(&rows);
}
