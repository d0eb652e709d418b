/* newsletter_schedule.c: issues that go by themselves: at a slot's moment, or at a time that somebody set.
 *
 * Decides: when an approved issue begins, that a slot has one, what is caught up after an outage and what is skipped. Leaves to others:
 * which moment a slot is (house/slot.c), whether an editor approved it (desk), the sending (newsletter_issue.c). Runs in: the newsletter
 * room. The hard thing: once, whatever happens. The step to "gone" stands in the transaction that begins the sending, and a slot's row stays
 * for ever; so neither a kill nor a clock that is set back a day finds anything left to send.
 * SPDX-License-Identifier: ISC */
#include "newsletter_inside.h"

#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/must.h"
#include "house/slot.h"

enum { DUE_AT_ONCE = 16, LOOK_MS = 1000, AGAIN_MS = 20000, STATE_ARENA = 16 * 1024, WHY_BYTES = 300, WORD_BYTES = 40, SLOTS_SHOWN = 4,
	SCHEDULED_SHOWN = 20 };

static struct store_value state_value(enum schedule_state state)
{
	return store_text(schedule_state_name(state));
}

/* --- what is to go when --- */

struct schedule {
	enum schedule_state state;
	struct str slot, approved_by, why, language;
	struct when send_at, changed;
};

static bool read_one(struct newsletter *n, int64_t issue, struct arena *arena, struct schedule *out, bool *found, struct fault *f)
{
	struct store_row row;

	*found = false;
	if (!store_one(n->room->db, NEWSLETTER_SQL_SCHEDULE_ONE, STORE_ARGS(store_i64(issue)), arena, &row, found, f))
		return false;
	if (!*found)
		return true;
	*out = (struct schedule){.slot = row.columns[1].bytes, .send_at = {row.columns[2].number}, .approved_by = row.columns[3].bytes,
		.why = row.columns[4].bytes, .changed = {row.columns[5].number}, .language = row.columns[6].bytes};
	return schedule_state_from(row.columns[0].bytes, &out->state)
		|| fault_set(f, FAULT_IO, "the state of an issue's schedule in the database is none");
}

static bool check_plan(const struct newsletter_plan *plan, struct fault *f)
{
	if (plan->send_at.us < 0 || (plan->send_at.us == 0 && plan->slot.len > 0))
		return fault_set(f, FAULT_INPUT, "an issue of a slot says when it goes: send_at, in microseconds since 1970");
	if (plan->slot.len > 0 && !slot_is_key(plan->slot))
		return fault_set(f, FAULT_INPUT, "a slot is known by its day, such as 2026-11-27");
	return newsletter_check_who(plan->approved_by, "approves the issue", f);
}

/* The UNIQUE index would refuse it as well; this says it in words. */
static bool slot_is_free(struct newsletter *n, const struct newsletter_issue *issue, struct fault *f)
{
	int64_t other = 0, begun = 0;

	if (issue->plan.slot.len == 0)
		return true;
	if (!store_number(n->room->db, NEWSLETTER_SQL_SCHEDULE_OF_SLOT,
			STORE_ARGS(store_text(issue->plan.slot), store_text(issue->language), state_value(SCHEDULE_CANCELLED)), &other, f)
		|| !store_number(n->room->db, NEWSLETTER_SQL_SCHEDULE_BEGUN,
			STORE_ARGS(store_text(issue->plan.slot), store_i64(issue->id), state_value(SCHEDULE_GONE), store_text(issue->language)), &begun, f))
		return false;
	if (other == 0 && begun > 0) /* one that went took these readers, too */
		return fault_set(f, FAULT_CONFLICT, "the slot %.*s began without this language: its readers got another one's issue",
			STR_ARG(issue->plan.slot));
	return other == 0 || other == issue->id || fault_set(f, FAULT_CONFLICT, "the slot %.*s has an issue already: a slot never gets two",
		STR_ARG(issue->plan.slot));
}

bool newsletter_schedule_put(struct newsletter *n, const struct newsletter_issue *issue, bool is_frozen, struct fault *f)
{
	const struct newsletter_plan *plan = &issue->plan;
	struct schedule there = {0};
	struct arena arena;
	bool found = false;
	bool ok;

	if (plan->send_at.us == 0 && plan->slot.len == 0)
		return true;
	if (!check_plan(plan, f) || !slot_is_free(n, issue, f))
		return false;
	arena_init(&arena, "schedule", STATE_ARENA);
	ok = read_one(n, issue->id, &arena, &there, &found, f);
	if (ok && found)
		ok = (str_equal(there.slot, plan->slot) && there.send_at.us == plan->send_at.us)
			|| fault_set(f, FAULT_CONFLICT, "this issue goes at another time already: cancel it and make a new one");
	else if (ok && !is_frozen)
		ok = fault_set(f, FAULT_CONFLICT, "this issue has begun to be sent already: it cannot be given a time");
	else if (ok)
		ok = store_run(n->room->db, NEWSLETTER_SQL_SCHEDULE_INSERT,
			STORE_ARGS(store_i64(issue->id), state_value(SCHEDULE_WAITING), plan->slot.len > 0 ? store_text(plan->slot) : store_null(),
				store_text(issue->language), store_i64(plan->send_at.us), store_text(plan->approved_by), store_i64(clock_now().us)),
			NULL, f);
	arena_release(&arena);
	return ok;
}

/* A step of its life; nothing where it has no schedule, or has taken the step. CONFLICT where it may not. */
static bool step(struct newsletter *n, int64_t issue, enum schedule_step by, const char *why, struct fault *f)
{
	struct schedule there = {0};
	enum schedule_state to;
	struct arena arena;
	bool found = false;
	bool ok;

	arena_init(&arena, "schedule", STATE_ARENA);
	ok = read_one(n, issue, &arena, &there, &found, f);
	if (ok && found && !schedule_next(there.state, by, &to))
		ok = there.state == SCHEDULE_CANCELLED && by == SCHEDULE_IS_CANCELLED ? true
			: fault_set(f, FAULT_CONFLICT, there.state == SCHEDULE_CANCELLED ? "this issue was cancelled: make a new one"
				: "this issue has begun to be sent");
	else if (ok && found && to != there.state)
		ok = store_run(n->room->db, NEWSLETTER_SQL_SCHEDULE_MOVE, STORE_ARGS(store_i64(issue), state_value(there.state), state_value(to),
			store_text(str_from(why)), store_i64(clock_now().us)), NULL, f);
	arena_release(&arena);
	return ok;
}

bool newsletter_schedule_take(struct newsletter *n, int64_t issue, struct fault *f)
{
	/* Who gets it is settled now: what is cancelled or planned while it is frozen must neither give anybody two nor take one away. */
	return store_run(n->room->db, NEWSLETTER_SQL_SCHEDULE_SPLIT, STORE_ARGS(store_i64(issue), state_value(SCHEDULE_GONE),
			state_value(SCHEDULE_CANCELLED), store_text(n->room->settings.language)), NULL, f)
		&& step(n, issue, SCHEDULE_IS_SENT, "", f);
}

bool newsletter_schedule_cancel(struct newsletter *n, int64_t issue, struct fault *f)
{
	struct schedule there = {0};
	struct arena arena;
	bool found = false;
	bool ok;

	arena_init(&arena, "schedule", STATE_ARENA);
	ok = read_one(n, issue, &arena, &there, &found, f);
	arena_release(&arena);
	/* what began to be sent and is cancelled then has had its slot */
	return ok && (!found || there.state == SCHEDULE_GONE || step(n, issue, SCHEDULE_IS_CANCELLED, "", f));
}

bool newsletter_schedule_hold_all(struct newsletter *n, struct fault *f)
{
	enum schedule_state to;

	must(schedule_next(SCHEDULE_WAITING, SCHEDULE_IS_HELD, &to));
	return store_run(n->room->db, NEWSLETTER_SQL_SCHEDULE_MOVE_ALL, STORE_ARGS(state_value(SCHEDULE_WAITING), state_value(to),
		store_text(STR("this home is a restored copy: the original may have sent it")), store_i64(clock_now().us)), NULL, f);
}

/* --- when it is time --- */

struct due {
	int64_t issue;
	struct when send_at;
	char approved_by[204];
};

static bool read_due(struct newsletter *n, struct when now, struct due due[DUE_AT_ONCE], size_t *count, struct fault *f)
{
	struct store_rows rows;

	*count = 0;
	if (!store_rows_begin(n->room->db, NEWSLETTER_SQL_SCHEDULE_DUE, STORE_ARGS(state_value(SCHEDULE_WAITING), store_i64(now.us)), &rows, f))
		return false;
	while (*count < DUE_AT_ONCE && store_rows_next(&rows, f)) {
		struct due *one = &due[(*count)++];

		*one = (struct due){.issue = store_column_i64(&rows, 0), .send_at = {store_column_i64(&rows, 1)}};
		(void) snprintf(one->approved_by, sizeof(one->approved_by), "%.*s", STR_ARG(store_column_text(&rows, 2)));
	}
	return store_rows_end(&rows);
}

/* Too late to catch up. The last reason why it could not go stays, as the reason. */
static bool skip(struct newsletter *n, const struct due *due, struct fault *f)
{
	struct schedule there = {0};
	char why[WHY_BYTES];
	struct arena arena;
	bool found = false;
	bool ok;

	arena_init(&arena, "schedule", STATE_ARENA);
	ok = read_one(n, due->issue, &arena, &there, &found, f);
	if (found && there.why.len > 0)
		(void) snprintf(why, sizeof(why), "%.*s", STR_ARG(str_part(there.why, 0, WHY_BYTES - 1)));
	else
		(void) snprintf(why, sizeof(why), "mimeo did not run at its time, nor in the %lld hours after it", (long long) n->room->settings.catch_up);
	arena_release(&arena);
	ok = ok && step(n, due->issue, SCHEDULE_IS_SKIPPED, why, f);
	if (ok)
		log_event(LOG_ISSUE, LOG_I64("issue", due->issue), LOG_C("state", "skipped"), LOG_C("why", why));
	return ok;
}

/* It cannot go now: said once, tried again until it is too late. */
static void wait_on(struct newsletter *n, const struct due *due, const struct fault *why, struct fault *f)
{
	int64_t changed = 0;

	if (!store_run(n->room->db, NEWSLETTER_SQL_SCHEDULE_WHY, STORE_ARGS(store_i64(due->issue), state_value(SCHEDULE_WAITING),
			store_text(str_part(str_from(why->say), 0, WHY_BYTES - 1))), &changed, f))
		log_fault(f, "an issue's time has come");
	else if (changed > 0)
		log_event(LOG_ISSUE, LOG_I64("issue", due->issue), LOG_C("state", "waiting"), LOG_C("why", why->say));
}

static void one_is_due(struct newsletter *n, const struct due *due, struct when now)
{
	struct fault f = {0}, more = {0};

	if (!slot_is_open(due->send_at, n->room->settings.catch_up, now)) {
		if (!skip(n, due, &f))
			log_fault(&f, "skipping an issue whose time has passed");
		return;
	}
	if (newsletter_issue_send(n, due->issue, str_from(due->approved_by), &f)) {
		if (!newsletter_schedule_take(n, due->issue, &more))
			log_fault(&more, "an issue's time has come");
		else if (slot_is_late(due->send_at, now))
			log_event(LOG_ISSUE, LOG_I64("issue", due->issue), LOG_C("state", "caught_up"),
				LOG_I64("late_s", (now.us - due->send_at.us) / 1000000));
		return;
	}
	wait_on(n, due, &f, &more);
}

static void look_at_clock(void *self);

/* The clock may be set, the machine may sleep, and no timer of the loop notices: the clock is read every second. */
static void wait_for_next(struct newsletter *n, bool is_held_up)
{
	int64_t left_ms = (n->schedule_next.us - clock_now().us + 999) / 1000;

	if (n->room->loop == NULL || n->schedule_next.us == 0)
		return;
	if (is_held_up)
		left_ms = AGAIN_MS;
	else if (left_ms > LOOK_MS)
		left_ms = LOOK_MS;
	loop_timer_set(n->room->loop, &n->schedule_timer, left_ms > 0 ? left_ms : 0, look_at_clock, n);
}

static void look_at_clock(void *self)
{
	struct newsletter *n = self;

	if (n->schedule_next.us > clock_now().us)
		wait_for_next(n, false);
	else
		newsletter_schedule_look(n);
}

void newsletter_schedule_look(void *self)
{
	struct newsletter *n = self;
	struct due due[DUE_AT_ONCE];
	struct when now = clock_now();
	struct fault f = {0};
	enum schedule_state waiting;
	size_t count = 0;

	if (n->room->read_only || n->room->draining)
		return;
	must(schedule_next(SCHEDULE_SKIPPED, SCHEDULE_IS_EARLY_AGAIN, &waiting));
	if (!store_run(n->room->db, NEWSLETTER_SQL_SCHEDULE_WAIT_AGAIN, STORE_ARGS(state_value(SCHEDULE_SKIPPED), state_value(waiting),
			store_i64(now.us)), NULL, &f) || !read_due(n, now, due, &count, &f))
		log_fault(&f, "looking for issues whose time has come");
	for (size_t i = 0; i < count; i++)
		one_is_due(n, &due[i], now);
	fault_clear(&f);
	n->schedule_next.us = 0;
	if (!store_number(n->room->db, NEWSLETTER_SQL_SCHEDULE_NEXT, STORE_ARGS(state_value(SCHEDULE_WAITING)), &n->schedule_next.us, &f))
		log_fault(&f, "looking for issues whose time has come"); /* looked at again within the minute */
	wait_for_next(n, n->schedule_next.us <= now.us);
}

/* --- what others see of it --- */

static json_t *json_of(struct str text)
{
	return json_stringn(text.at != NULL ? text.at : "", text.len);
}

/* "Fri 2026-11-27 08:00" on the newsroom's clock, which a command has not. */
static json_t *json_when(int64_t us)
{
	struct civil civil = clock_civil((struct when){us});
	struct str day = slot_weekday_name(civil.weekday);

	return json_sprintf("%.3s %04d-%02d-%02d %02d:%02d", day.at, civil.year, civil.month, civil.day, civil.hour, civil.minute);
}

static void add_one(json_t *json, const struct schedule *is)
{
	json_object_set_new(json, "when", json_when(is->send_at.us));
	json_object_set_new(json, "send_at", json_integer(is->send_at.us));
	json_object_set_new(json, "slot", json_of(is->slot));
	json_object_set_new(json, "schedule", json_of(schedule_state_name(is->state)));
	json_object_set_new(json, "schedule_why", json_of(is->why));
	json_object_set_new(json, "planned_by", json_of(is->approved_by));
	if (is->state == SCHEDULE_GONE) {
		json_object_set_new(json, "went_at", json_integer(is->changed.us));
		json_object_set_new(json, "late", json_boolean(slot_is_late(is->send_at, is->changed)));
	}
}

/* "ru, fa": whose issue was cancelled after this one had left them to it. Said until they get one. */
static bool add_left_out(struct newsletter *n, int64_t issue, json_t *json, struct fault *f)
{
	char text[WHY_BYTES] = "";
	struct store_rows rows;
	int64_t rest = 0;
	size_t len = 0;

	if (!store_rows_begin(n->room->db, NEWSLETTER_SQL_SCHEDULE_LEFT_OUT,
			STORE_ARGS(store_i64(issue), state_value(SCHEDULE_GONE), state_value(SCHEDULE_CANCELLED)), &rows, f))
		return false;
	while (len < sizeof(text) - WORD_BYTES && store_rows_next(&rows, f)) {
		(void) snprintf(text + len, sizeof(text) - len, "%s%.*s", len > 0 ? ", " : "", STR_ARG(store_column_text(&rows, 0)));
		len = strlen(text);
	}
	if (!store_rows_end(&rows) || !store_number(n->room->db, NEWSLETTER_SQL_SCHEDULE_TAKES_REST,
			STORE_ARGS(store_i64(issue), state_value(SCHEDULE_GONE), state_value(SCHEDULE_CANCELLED)), &rest, f))
		return false;
	if (len > 0)
		json_object_set_new(json, "left_out", json_sprintf("%s%s", text, rest == 0 ? ", and who reads no language of the slot" : ""));
	return true;
}

bool newsletter_schedule_json(struct newsletter *n, int64_t issue, json_t *json, struct fault *f)
{
	struct schedule is = {0};
	struct arena arena;
	bool found = false;
	bool ok;

	arena_init(&arena, "schedule", STATE_ARENA);
	ok = read_one(n, issue, &arena, &is, &found, f);
	if (ok && found)
		add_one(json, &is);
	ok = ok && (!found || is.slot.len == 0 || is.state != SCHEDULE_GONE || add_left_out(n, issue, json, f));
	arena_release(&arena);
	return ok;
}

bool newsletter_slot_json(struct newsletter *n, struct str slot, json_t **out, struct fault *f)
{
	json_t *json = json_object(), *list = json_array();
	int64_t issues[DUE_AT_ONCE];
	struct store_rows rows;
	size_t count = 0;
	bool ok;

	json_object_set_new(json, "slot", json_of(slot));
	json_object_set_new(json, "issues", list);
	ok = slot_is_key(slot) || fault_set(f, FAULT_INPUT, "a slot is known by its day, such as 2026-11-27");
	ok = ok && store_rows_begin(n->room->db, NEWSLETTER_SQL_SCHEDULE_SLOT_LIST, STORE_ARGS(store_text(slot), state_value(SCHEDULE_CANCELLED)),
		&rows, f);
	if (ok) {
		while (count < DUE_AT_ONCE && store_rows_next(&rows, f)) {
			json_t *one = json_pack("{s:I}", "id", (json_int_t) store_column_i64(&rows, 0));

			issues[count++] = store_column_i64(&rows, 0);
			json_object_set_new(one, "language", json_of(store_column_text(&rows, 1)));
			json_array_append_new(list, one);
		}
		ok = store_rows_end(&rows);
	}
	for (size_t i = 0; ok && i < count; i++)
		ok = newsletter_schedule_json(n, issues[i], json_array_get(list, i), f);
	if (!ok)
		json_decref(json);
	else
		*out = json;
	return ok;
}

/* Issues that wait, or were skipped or held, outside of slots or in them. */
static bool add_scheduled(struct newsletter *n, json_t *list, struct fault *f)
{
	int64_t issues[SCHEDULED_SHOWN];
	struct store_rows rows;
	size_t count = 0;
	bool ok;

	if (!store_rows_begin(n->room->db, NEWSLETTER_SQL_SCHEDULE_RECENT, STORE_ARGS(state_value(SCHEDULE_CANCELLED), store_i64(SCHEDULED_SHOWN)),
			&rows, f))
		return false;
	while (count < SCHEDULED_SHOWN && store_rows_next(&rows, f))
		issues[count++] = store_column_i64(&rows, 0);
	ok = store_rows_end(&rows);
	for (size_t i = 0; ok && i < count; i++) {
		json_t *one = json_pack("{s:I}", "id", (json_int_t) issues[i]);

		ok = newsletter_schedule_json(n, issues[i], one, f);
		json_array_append_new(list, one);
	}
	return ok;
}

bool newsletter_slots_json(struct newsletter *n, json_t *json, struct fault *f)
{
	json_t *words = json_array(), *scheduled = json_array();
	struct store_rows rows;

	json_object_set_new(json, "slots", words);
	json_object_set_new(json, "scheduled", scheduled);
	if (!store_rows_begin(n->room->db, NEWSLETTER_SQL_SLOT_WORD_RECENT, STORE_ARGS(store_i64(SLOTS_SHOWN)), &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		json_t *one = json_object();

		json_object_set_new(one, "slot", json_of(store_column_text(&rows, 0)));
		json_object_set_new(one, "at", json_integer(store_column_i64(&rows, 1)));
		json_object_set_new(one, "when", json_when(store_column_i64(&rows, 1)));
		json_object_set_new(one, "word", json_of(store_column_text(&rows, 2)));
		json_object_set_new(one, "why", json_of(store_column_text(&rows, 3)));
		json_array_append_new(words, one);
	}
	return store_rows_end(&rows) && add_scheduled(n, scheduled, f);
}

bool newsletter_slot_say(struct newsletter *n, struct str slot, struct when at, struct str word, struct str why, struct fault *f)
{
	if (!slot_is_key(slot) || at.us <= 0)
		return fault_set(f, FAULT_INPUT, "a slot is known by its day, such as 2026-11-27, and its moment");
	if (word.len == 0 || word.len > WORD_BYTES || why.len > WHY_BYTES || str_has_control(word) || str_has_control(why))
		return fault_set(f, FAULT_INPUT, "say what is with the slot, in a word and a sentence");
	return store_run(n->room->db, NEWSLETTER_SQL_SLOT_WORD_PUT, STORE_ARGS(store_text(slot), store_i64(at.us), store_text(word), store_text(why)),
		NULL, f);
}
