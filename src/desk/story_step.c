/* story_step.c: from one state to the next, by hand or because it is time.
 *
 * Decides: what a step does to a story's date, address, lists and queue. Leaves to others: which steps there are (STORY_STATES), who may take
 * them (the desk's pages), when the clock is looked at (story_due.c). Runs in: desk. The hard thing: a scheduled story has its date
 * and address from the day it was scheduled, so that a taken address is found out then and not at night.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/log.h"
#include "desk/story_store.h"
#include "gen/desk_sql.h"
#include "press/words.h"
#include "store/store.h"

enum { LISTS_BYTES = 4096, STORY_ARENA_BYTES = 8 * 1024 * 1024, DUE_AT_ONCE = 64 };

bool story_is_ready(const struct story *story, struct fault *f)
{
	if (story->title.len == 0)
		return fault_set(f, FAULT_INPUT, "A story that readers will see needs a headline.");
	if (str_trim(story->body).len == 0)
		return fault_set(f, FAULT_INPUT, "A story that readers will see needs a text.");
	return story->slug.len > 0
		|| fault_set(f, FAULT_INPUT, "A story that readers will see needs an address: type one, as river-towns-brace");
}

/* Its date after the step. */
static struct when date_after(const struct story *story, bool was_public, const struct story_step *step)
{
	if (step->to == STORY_SCHEDULED)
		return step->due;
	if (was_public)
		return story->published; /* addresses hold the date: they stay */
	if (step->to != STORY_PUBLISHED && story->state == STORY_SCHEDULED)
		return (struct when){0};
	if (step->to != STORY_PUBLISHED)
		return story->published;
	if (story->published.us == 0 || story->published.us > step->now.us)
		return step->now;
	return story->published;
}

static bool queue_step(struct store *db, const struct story *story, struct str left, struct fault *f)
{
	return store_run(db, DESK_SQL_QUEUE_ADD, STORE_ARGS(store_i64(story->id),
		store_text(str_from(story_state_name(story->state))), store_null(), store_text(left),
		store_i64(story->published.us)), NULL, f);
}

static bool write_step(struct store *db, struct story *story, bool was_public, const struct story_step *step,
	struct arena *arena, struct fault *f)
{
	struct buf left;
	bool ok;

	story->published = date_after(story, was_public, step);
	story->due = step->to == STORY_SCHEDULED ? step->due : (struct when){0};
	story->path = story->published.us != 0 ? story_path(story->published, story->slug, arena) : (struct str){NULL, 0};
	story->state = step->to;
	buf_init(&left, LISTS_BYTES);
	ok = story_check_path(db, story, f)
		&& store_run(db, DESK_SQL_STORY_SET_STATE, STORE_ARGS(store_i64(story->id),
			store_text(str_from(story_state_name(step->to))),
			story->published.us != 0 ? store_i64(story->published.us) : store_null(), store_text_or_null(story->path),
			store_i64(step->now.us), store_text_or_null(step->reason),
			story->due.us != 0 ? store_i64(story->due.us) : store_null(), store_text(step->note),
			store_text(step->note.len > 0 ? step->by : STR(""))), NULL, f)
		&& (step->to != STORY_PUBLISHED || story_join_lists(db, story, &left, f))
		&& ((step->to != STORY_PUBLISHED && !was_public) || queue_step(db, story, buf_view(&left), f));
	buf_release(&left);
	return ok;
}

bool story_step_within(struct store *db, int64_t id, const struct story_step *step, struct fault *f)
{
	struct story_more more;
	struct arena arena;
	struct story story;
	bool ok = false;

	arena_init(&arena, "state", STORY_ARENA_BYTES);
	if (!story_load(db, id, &arena, &story, &more, f))
		goto done;
	ok = story.state == step->to && step->to != STORY_SCHEDULED;
	if (ok)
		goto done;
	if (!story_may_become(story.state, step->to)) {
		fault_set(f, FAULT_CONFLICT, "a story that is %s cannot become %s", story_state_name(story.state),
			story_state_name(step->to));
		goto done;
	}
	if ((step->to == STORY_SCHEDULED || step->to == STORY_PUBLISHED) && !story_is_ready(&story, f))
		goto done;
	if (step->to == STORY_SCHEDULED && step->due.us <= step->now.us) {
		fault_set(f, FAULT_INPUT, "This time is over: choose one that is still to come, or publish now.");
		goto done;
	}
	ok = write_step(db, &story, more.was_public, step, &arena, f);
done:
	arena_release(&arena);
	return ok;
}

bool story_take_step(struct store *db, int64_t id, const struct story_step *step, struct fault *f)
{
	return store_begin(db, f) && store_end(db, story_step_within(db, id, step, f), f);
}

bool story_change_state(struct store *db, int64_t id, enum story_state to, struct str reason, struct when now,
	struct fault *f)
{
	return story_take_step(db, id, &(struct story_step){.to = to, .now = now, .reason = reason}, f);
}

/* --- because it is time --- */

struct due_row {
	int64_t id;
	struct when due;
	struct str title;
};

static bool publish_one(struct store *db, const struct due_row *row, struct when now, struct fault *f)
{
	struct story_step step = {.to = STORY_PUBLISHED, .now = row->due};
	bool ok;

	if (!store_begin(db, f))
		return false;
	ok = story_step_within(db, row->id, &step, f)
		&& store_run(db, DESK_SQL_AUDIT_INSERT, STORE_ARGS(store_i64(now.us), store_text(STR("the schedule")),
			store_text(STR("published")), store_text(row->title)), NULL, f);
	return store_end(db, ok, f);
}

/* A story that cannot be published, whatever the hour, becomes a draft that says why: else it would be tried for ever, and
 * stand before those that can. */
static bool put_back(struct store *db, const struct due_row *row, struct when now, const struct fault *why, struct arena *arena,
	struct fault *f)
{
	struct story_step step = {.to = STORY_DRAFT, .now = now, .by = STR("the schedule"),
		.note = str_format(arena, "It was not published on time: %s", why->say)};
	bool ok;

	if (!store_begin(db, f))
		return false;
	ok = story_step_within(db, row->id, &step, f)
		&& store_run(db, DESK_SQL_AUDIT_INSERT, STORE_ARGS(store_i64(now.us), store_text(STR("the schedule")),
			store_text(STR("put back a scheduled story")), store_text(row->title)), NULL, f);
	return store_end(db, ok, f);
}

static bool is_of_the_story(enum fault_kind kind)
{
	return kind == FAULT_INPUT || kind == FAULT_CONFLICT || kind == FAULT_MISSING;
}

static bool read_due(struct store *db, struct when now, struct arena *arena, struct due_row out[DUE_AT_ONCE], size_t *count,
	struct fault *f)
{
	struct store_rows rows;

	*count = 0;
	if (!store_rows_begin(db, DESK_SQL_DUE_UNTIL, STORE_ARGS(store_i64(now.us)), &rows, f))
		return false;
	while (store_rows_next(&rows, f))
		if (*count < DUE_AT_ONCE)
			out[(*count)++] = (struct due_row){store_column_i64(&rows, 0), {store_column_i64(&rows, 1)},
				store_column_copy(&rows, 2, arena)};
	return store_rows_end(&rows);
}

bool story_publish_due(struct store *db, struct when now, size_t *count, struct when *next, struct fault *f)
{
	struct due_row due[DUE_AT_ONCE];
	struct store_row row;
	struct arena arena;
	bool found = false;
	size_t due_count;
	bool ok;
	size_t i;

	*count = 0;
	next->us = 0;
	arena_init(&arena, "due", STORY_ARENA_BYTES);
	ok = read_due(db, now, &arena, due, &due_count, f);
	for (i = 0; i < due_count && ok; i++) {
		struct fault one = {0};

		if (publish_one(db, &due[i], now, &one))
			(*count)++;
		else {
			log_fault(&one, "publishing on time");
			ok = !is_of_the_story(one.kind) || put_back(db, &due[i], now, &one, &arena, f);
		}
	}
	ok = ok && store_one(db, DESK_SQL_DUE_FIRST, STORE_NO_ARGS, &arena, &row, &found, f);
	if (ok && found)
		next->us = row.columns[1].number;
	arena_release(&arena);
	return ok;
}
