/* slot_clock.c: the newsletter's weekly slots, watched.
 *
 * Decides: when a slot's draft is made, what is held and why, what is said of a slot that passed. Leaves to others: which moment a slot is
 * (house/slot.c), what stands in a draft (issue_draft.c), the sending and that a slot gets one issue (the newsletter room). Runs in: desk. The
 * hard thing: the desk may not run at a slot, the clock may be set and the setting may change; so the slots since the last known one are walked
 * through at every look, no further back than the present rule is known, and what was said while the clock was ahead is taken back.
 * SPDX-License-Identifier: ISC */
#include "desk/slot_clock.h"

#include <stdio.h>
#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "desk/issue_draft.h"
#include "gen/desk_sql.h"
#include "house/room.h"
#include "http/http_client.h"
#include "store/store.h"

enum { WALK_MOST = 60, OPEN_MOST = 8, WHY_BYTES = 240, SLOT_DRAFTS = 16, TURN_ARENA = 512 * 1024 };

STATES_DEFINE(issue_slot, ISSUE_SLOT)

static struct store_value state_value(enum issue_slot_state state)
{
	return store_text(issue_slot_state_name(state));
}

/* --- slots come up --- */

/* The draft first: a kill between the two makes it again, which is the same one. */
static bool add(struct room *room, const struct slot *slot, enum issue_slot_state state, const char *why, struct fault *f)
{
	int64_t there = 0;
	bool ok = store_number(room->db, DESK_SQL_SLOT_THERE, STORE_ARGS(store_text(str_from(slot->key))), &there, f);

	if (!ok || there > 0)
		return ok;
	ok = (state != ISSUE_SLOT_DRAFTED || issue_draft_from_week(room, slot->at, NULL, f))
		&& store_run(room->db, DESK_SQL_SLOT_INSERT, STORE_ARGS(store_text(str_from(slot->key)), store_i64(slot->at.us), state_value(state),
			store_text(str_from(why))), NULL, f);
	if (ok)
		log_event(LOG_ISSUE, LOG_C("slot", slot->key), LOG_STR("state", issue_slot_state_name(state)));
	return ok;
}

/* Since when slots of the present rule are watched. Another rule, or a clock that was ahead when it was written: since now. */
static bool read_since(struct room *room, const char *rule, struct when now, struct when *since, struct fault *f)
{
	struct store_row row;
	struct arena arena;
	bool found = false;
	bool ok;

	arena_init(&arena, "slots", 16 * 1024);
	ok = store_one(room->db, DESK_SQL_SLOT_WATCH_READ, STORE_NO_ARGS, &arena, &row, &found, f);
	if (ok && found && str_is(row.columns[0].bytes, rule) && row.columns[1].number <= now.us) {
		since->us = row.columns[1].number;
	} else if (ok) {
		*since = now;
		ok = store_run(room->db, DESK_SQL_SLOT_WATCH_PUT, STORE_ARGS(store_text(str_from(rule)), store_i64(now.us)), NULL, f);
	}
	arena_release(&arena);
	return ok;
}

static bool walk(struct room *room, struct when now, struct when since, struct fault *f)
{
	const struct settings *settings = &room->settings;
	struct slot slot;
	int64_t last = 0;
	bool ok = store_number(room->db, DESK_SQL_SLOT_LAST_AT, STORE_ARGS(store_i64(now.us)), &last, f);
	int i;

	slot = slot_next(&settings->slot, (struct when){last > since.us ? last : since.us});
	for (i = 0; ok && i < WALK_MOST && slot.at.us <= now.us; i++) {
		if (slot_is_open(slot.at, settings->catch_up, now))
			ok = add(room, &slot, ISSUE_SLOT_DRAFTED, "", f);
		else
			ok = add(room, &slot, ISSUE_SLOT_SKIPPED, "mimeo did not run at that time", f);
		slot = slot_next(&settings->slot, slot.at);
	}
	slot = slot_next(&settings->slot, now);
	return ok && (now.us < slot.draft.us || add(room, &slot, ISSUE_SLOT_DRAFTED, "", f));
}

bool slot_clock_turn(struct room *room, struct fault *f)
{
	struct when now = clock_now(), since = {0};
	struct arena arena;
	char rule[32];
	bool ok;

	if (room->read_only || room->settings.from_address.len == 0) /* no newsletter is set up */
		return true;
	arena_init(&arena, "slots", 4096);
	(void) snprintf(rule, sizeof(rule), "%.*s", STR_ARG(slot_rule_text(&room->settings.slot, &arena)));
	ok = read_since(room, rule, now, &since, f) && walk(room, now, since, f);
	arena_release(&arena);
	return ok;
}

/* --- what became of them --- */

struct known {
	struct when at;
	enum issue_slot_state state;
	char key[SLOT_KEY_CHARS + 1];
	bool told;
	char why[WHY_BYTES];
};

static bool take_known(const struct store_rows *rows, struct known *out)
{
	*out = (struct known){.at = {store_column_i64(rows, 1)}, .told = store_column_i64(rows, 4) != 0};
	(void) snprintf(out->key, sizeof(out->key), "%.*s", STR_ARG(str_part(store_column_text(rows, 0), 0, SLOT_KEY_CHARS)));
	(void) snprintf(out->why, sizeof(out->why), "%.*s", STR_ARG(str_part(store_column_text(rows, 3), 0, WHY_BYTES - 1)));
	return issue_slot_state_from(store_column_text(rows, 2), &out->state);
}

static bool read_open(struct room *room, struct known *out, size_t *count, struct fault *f)
{
	struct store_rows rows;

	*count = 0;
	if (!store_rows_begin(room->db, DESK_SQL_SLOT_OPEN, STORE_ARGS(state_value(ISSUE_SLOT_DRAFTED), state_value(ISSUE_SLOT_APPROVED),
			state_value(ISSUE_SLOT_HELD), store_i64(clock_now().us)), &rows, f))
		return false;
	while (*count < OPEN_MOST && store_rows_next(&rows, f))
		*count += take_known(&rows, &out[*count]);
	return store_rows_end(&rows);
}

/* Why nothing of the slot is on its way, as far as its drafts tell; `ids`: those that are open. */
static bool read_drafts(struct room *room, const struct known *slot, char why[WHY_BYTES], int64_t ids[SLOT_DRAFTS], size_t *open, struct fault *f)
{
	struct issue_draft *draft;
	struct arena arena;
	int64_t all[SLOT_DRAFTS];
	size_t count = 0, i;
	bool ok;

	*open = 0;
	arena_init(&arena, "slots", TURN_ARENA);
	draft = arena_alloc(&arena, sizeof(*draft));
	ok = draft != NULL && issue_draft_of_slot(room, slot->at, all, SLOT_DRAFTS, &count, f);
	(void) snprintf(why, WHY_BYTES, count > 0 ? "its draft was thrown away" : "no draft was made of it");
	for (i = 0; ok && i < count; i++) {
		ok = issue_draft_read(room, all[i], &arena, draft, f);
		if (!ok || (draft->state != ISSUE_DRAFT_OPEN && draft->state != ISSUE_DRAFT_APPROVED))
			continue;
		ids[(*open)++] = all[i];
		if (draft->state == ISSUE_DRAFT_APPROVED)
			(void) snprintf(why, WHY_BYTES, "it was approved, and the newsletter does not have it yet");
		else if ((int64_t) draft->pick_count < room->settings.min_stories)
			(void) snprintf(why, WHY_BYTES, "its draft has %zu %s, and an issue needs %lld; no editor approved it", draft->pick_count,
				draft->pick_count == 1 ? "story" : "stories", (long long) room->settings.min_stories);
		else
			(void) snprintf(why, WHY_BYTES, "no editor approved it");
	}
	arena_release(&arena);
	return ok;
}

static bool move(struct room *room, const struct known *slot, enum issue_slot_step step, const char *why, struct fault *f)
{
	enum issue_slot_state to;

	if (!issue_slot_next(slot->state, step, &to) || (to == slot->state && strcmp(why, slot->why) == 0))
		return true;
	if (!store_run(room->db, DESK_SQL_SLOT_MOVE, STORE_ARGS(store_text(str_from(slot->key)), state_value(slot->state), state_value(to),
			store_text(str_from(why))), NULL, f))
		return false;
	log_event(LOG_ISSUE, LOG_C("slot", slot->key), LOG_STR("state", issue_slot_state_name(to)), LOG_C("why", why));
	return true;
}

/* It was called skipped while the clock was ahead: its drafts are open again; without any it was never there, and comes up at its time. */
static bool take_back(struct room *room, const struct known *slot, struct fault *f)
{
	int64_t ids[SLOT_DRAFTS];
	size_t count = 0, i;

	if (!issue_draft_of_slot(room, slot->at, ids, SLOT_DRAFTS, &count, f))
		return false;
	if (count == 0)
		return store_run(room->db, DESK_SQL_SLOT_FORGET, STORE_ARGS(store_text(str_from(slot->key)), state_value(slot->state)), NULL, f);
	for (i = 0; i < count; i++) {
		struct fault inner = {0};

		/* one that was thrown away, or is open, stays as it is */
		if (!issue_draft_move(room, ids[i], ISSUE_DRAFT_IS_REOPENED, &inner) && inner.kind != FAULT_CONFLICT) {
			*f = inner;
			return false;
		}
	}
	return move(room, slot, ISSUE_SLOT_IS_OPEN, "", f);
}

/* Nothing of it is with the newsletter. */
static bool judge_absent(struct room *room, const struct known *slot, struct fault *f)
{
	struct when now = clock_now();
	int64_t ids[SLOT_DRAFTS];
	char why[WHY_BYTES];
	size_t open = 0, i;

	if (slot->state == ISSUE_SLOT_SKIPPED)
		return slot->at.us <= now.us || take_back(room, slot, f);
	if (now.us < slot->at.us)
		return move(room, slot, ISSUE_SLOT_IS_OPEN, "", f);
	if (!read_drafts(room, slot, why, ids, &open, f))
		return false;
	if (slot_is_open(slot->at, room->settings.catch_up, now))
		return move(room, slot, ISSUE_SLOT_IS_HELD, why, f);
	for (i = 0; i < open; i++) {
		struct fault inner = {0};

		if (!issue_draft_move(room, ids[i], ISSUE_DRAFT_IS_SKIPPED, &inner) && inner.kind != FAULT_CONFLICT) {
			*f = inner;
			return false;
		}
	}
	return move(room, slot, ISSUE_SLOT_IS_SKIPPED, why, f);
}

/* One slot may have an issue in each language: what went counts most, then what waits. */
static bool judge_issues(struct room *room, const struct known *slot, const json_t *issues, struct fault *f)
{
	const json_t *issue, *gone = NULL, *waiting = NULL, *over = NULL;
	char why[WHY_BYTES];
	int64_t went = 0;
	size_t i;

	json_array_foreach(issues, i, issue) {
		struct str state = http_json_text(issue, "schedule");

		if (str_is(state, "gone"))
			gone = gone == NULL || json_is_true(json_object_get(issue, "late")) ? issue : gone;
		else if (str_is(state, "waiting"))
			waiting = issue;
		else
			over = issue;
	}
	if (gone != NULL && json_is_true(json_object_get(gone, "late")) && http_json_i64(gone, "went_at", &went)) {
		int64_t late_s = (went - slot->at.us) / 1000000;

		(void) snprintf(why, sizeof(why), "it was caught up %lld h %lld min late", (long long) (late_s / 3600), (long long) (late_s / 60 % 60));
		return move(room, slot, ISSUE_SLOT_IS_CAUGHT_UP, why, f);
	}
	if (gone != NULL)
		return move(room, slot, ISSUE_SLOT_IS_SENT, "", f);
	issue = waiting != NULL ? waiting : over;
	(void) snprintf(why, sizeof(why), "%.*s", STR_ARG(str_part(http_json_text(issue, "schedule_why"), 0, WHY_BYTES - 1)));
	if (waiting != NULL)
		return move(room, slot, why[0] != '\0' ? ISSUE_SLOT_IS_HELD : ISSUE_SLOT_IS_APPROVED, why, f);
	return move(room, slot, ISSUE_SLOT_IS_SKIPPED, why, f);
}

static bool find_known(struct room *room, struct str key, struct known *out, bool *found, struct fault *f)
{
	struct known open[OPEN_MOST];
	size_t count = 0, i;
	bool ok = read_open(room, open, &count, f);

	*found = false;
	for (i = 0; i < count && !*found; i++)
		if (str_is(key, open[i].key)) {
			*out = open[i];
			*found = true;
		}
	return ok;
}

bool slot_clock_judge(struct room *room, struct str key, const json_t *issues, struct fault *f)
{
	struct known slot;
	bool found = false;

	if (!find_known(room, key, &slot, &found, f) || !found)
		return f->kind == FAULT_NONE;
	return json_array_size(issues) > 0 ? judge_issues(room, &slot, issues, f) : judge_absent(room, &slot, f);
}

/* --- asking and telling --- */

struct asking {
	struct room *room;
	struct known slot;
	bool tells;
};

static void on_answer(void *self, const struct http_reply *reply, const struct fault *trouble)
{
	struct asking *asking = self;
	struct fault f = {0};
	json_t *json = NULL;
	bool ok;

	if (trouble != NULL)
		f = *trouble;
	ok = trouble == NULL && http_reply_ok(reply, &f) && http_json_parse(reply->body, &json, &f);
	if (ok) {
		if (asking->tells)
			ok = store_run(asking->room->db, DESK_SQL_SLOT_TOLD, STORE_ARGS(store_text(str_from(asking->slot.key)),
				state_value(asking->slot.state), store_text(str_from(asking->slot.why))), NULL, &f);
		ok = ok && slot_clock_judge(asking->room, str_from(asking->slot.key), json_object_get(json, "issues"), &f);
	}
	if (!ok && f.kind != FAULT_BUSY && f.kind != FAULT_REMOTE) /* a room that starts or drains is asked again */
		log_fault(&f, "asking the newsletter about a slot");
	json_decref(json);
	memory_free(asking);
}

static void ask(struct room *room, const struct known *slot)
{
	struct asking *asking = memory_new(1, sizeof(*asking));
	struct fault f = {0};
	json_t *body = NULL;
	char path[32];

	*asking = (struct asking){room, *slot, !slot->told};
	(void) snprintf(path, sizeof(path), "/slots/%.10s", slot->key);
	if (asking->tells)
		body = json_pack("{s:I, s:o, s:s}", "at", (json_int_t) slot->at.us, "word", http_json_str(issue_slot_state_name(slot->state)), "why",
			slot->why);
	if (!room_call(room, "newsletter", asking->tells ? "PUT" : "GET", path, body, on_answer, asking, &f))
		memory_free(asking); /* asked again at the next look */
}

void slot_clock_look(void *self)
{
	struct room *room = self;
	struct known open[OPEN_MOST];
	struct fault f = {0};
	size_t count = 0, i;

	if (room->read_only || room->draining)
		return;
	if (!slot_clock_turn(room, &f) || !read_open(room, open, &count, &f))
		log_fault(&f, "looking after the newsletter's slot");
	for (i = 0; i < count; i++)
		ask(room, &open[i]);
}

/* --- may it be approved? --- */

/* An issue of a slot must be able to have as many as are asked of it. */
_Static_assert((int) SLOT_STORIES_MOST <= (int) ISSUE_PICKS, "as many stories as a draft takes");

bool slot_clock_allows(const struct room *room, const struct issue_draft *draft, struct fault *f)
{
	if (draft->slot.us == 0)
		return true;
	if ((int64_t) draft->pick_count < room->settings.min_stories)
		return fault_set(f, FAULT_INPUT, "An issue of the weekly slot has at least %lld stories; this one has %zu. Add some, or change "
			"the number under Site, Newsroom.", (long long) room->settings.min_stories, draft->pick_count);
	if (!slot_is_open(draft->slot, room->settings.catch_up, clock_now()))
		return fault_set(f, FAULT_CONFLICT, "The slot of this issue is over: it could be caught up for %lld hours. Make a new issue of it "
			"and send that.",
			(long long) room->settings.catch_up);
	return true;
}
