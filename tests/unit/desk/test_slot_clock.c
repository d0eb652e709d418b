/* test_slot_clock.c: the desk's watch over weekly slots: drafts on the day before, what is held, skipped or caught up, through outages, clocks that
 * are set and a setting that changes.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "desk/issue_draft.h"
#include "desk/slot_clock.h"
#include "gen/desk_schema.h"
#include "gen/desk_sql.h"
#include "gen/theme_files.h"
#include "house/room.h"
#include "press/theme.h"
#include "store/store.h"

#define S INT64_C(1000000)
#define KEY "2026-11-27"
enum { HOUR = 3600, DAY = 86400 };

static struct room room;
static char folder[64];
static int64_t friday; /* 2026-11-27 08:00 in Amsterdam */

static void open_db(void)
{
	static char path[128];
	struct store_options options = {.path = path, .migrations = desk_schema, .queries = desk_sql, .query_count = DESK_SQL_SEARCH_SCHEMA};
	struct fault f = {0};

	snprintf(path, sizeof(path), "%s/desk.db", folder);
	if (!store_open(&room.db, &options, &f))
		fail_msg("%s", f.say);
}

static int begin(void **state)
{
	struct fault f = {0};
	struct when when = {0};

	(void) state;
	memset(&room, 0, sizeof(room));
	snprintf(folder, sizeof(folder), "/tmp/mimeo-slot-XXXXXX");
	assert_non_null(mkdtemp(folder));
	assert_true(clock_set_zone(STR("Europe/Amsterdam"), &f));
	assert_true(clock_parse(STR("2026-11-27 08:00"), &when, &f));
	friday = when.us;
	room.settings.language = STR("en");
	room.settings.zone = STR("Europe/Amsterdam");
	room.settings.from_address = STR("news@tern.example");
	room.settings.min_stories = 3;
	room.settings.catch_up = 12;
	assert_true(slot_rule_parse(STR("Friday 08:00"), &room.settings.slot, &f));
	assert_true(theme_open(&room.theme, theme_files, NULL, &f));
	theme_set_language(room.theme, room.settings.language);
	open_db();
	clock_fix((struct when){friday - 3 * DAY * S});
	return 0;
}

static int end(void **state)
{
	pid_t child;

	(void) state;
	store_close(&room.db);
	theme_close(&room.theme);
	clock_fix((struct when){0});
	child = fork();
	if (child == 0) {
		execlp("rm", "rm", "-rf", folder, (char *) NULL);
		_exit(1);
	}
	waitpid(child, NULL, 0);
	return 0;
}

static void turn_at(int64_t us)
{
	struct fault f = {0};

	clock_fix((struct when){us});
	if (!slot_clock_turn(&room, &f))
		fail_msg("%s", f.say);
}

/* The newsletter's answer: "" nothing; "gone", "late", "waiting", "skipped"; with why. */
static void hears(const char *key, const char *schedule, const char *why, int64_t went_at)
{
	json_t *issues = json_array();
	struct fault f = {0};
	bool is_late = strcmp(schedule, "late") == 0;

	if (schedule[0] != '\0')
		json_array_append_new(issues, json_pack("{s:I, s:s, s:s, s:b, s:I}", "id", (json_int_t) 5, "schedule", is_late ? "gone" : schedule,
			"schedule_why", why, "late", is_late, "went_at", (json_int_t) went_at));
	if (!slot_clock_judge(&room, str_from(key), issues, &f))
		fail_msg("%s", f.say);
	json_decref(issues);
}

static int64_t slots(void)
{
	struct store_rows rows;
	struct fault f = {0};
	int64_t count = 0;

	assert_true(store_rows_begin(room.db, DESK_SQL_SLOT_RECENT, STORE_ARGS(store_i64(0)), &rows, &f));
	while (store_rows_next(&rows, &f))
		count++;
	assert_true(store_rows_end(&rows));
	return count;
}

static void is(const char *key, const char *state, const char *why)
{
	struct store_rows rows;
	struct fault f = {0};
	bool found = false;

	assert_true(store_rows_begin(room.db, DESK_SQL_SLOT_RECENT, STORE_ARGS(store_i64(0)), &rows, &f));
	while (store_rows_next(&rows, &f))
		if (str_is(store_column_text(&rows, 0), key)) {
			char say[300];

			found = true;
			snprintf(say, sizeof(say), "%.*s: %.*s", STR_ARG(store_column_text(&rows, 2)), STR_ARG(store_column_text(&rows, 3)));
			if (!str_is(store_column_text(&rows, 2), state) || str_find(store_column_text(&rows, 3), str_from(why)) == SIZE_MAX)
				fail_msg("%s is %s", key, say);
		}
	assert_true(store_rows_end(&rows));
	if (!found && state[0] != '\0')
		fail_msg("there is no slot %s", key);
	assert_true(found == (state[0] != '\0'));
}

static size_t drafts_at(int64_t at, int64_t *id)
{
	struct fault f = {0};
	int64_t ids[8] = {0};
	size_t count = 0;

	assert_true(issue_draft_of_slot(&room, (struct when){at}, ids, 8, &count, &f));
	if (id != NULL)
		*id = ids[0];
	return count;
}

static const char *draft_state(int64_t at)
{
	static char out[32];
	struct arena arena;
	struct fault f = {0};
	struct issue_draft *draft = calloc(1, sizeof(*draft));
	int64_t id = 0;

	assert_int_equal(drafts_at(at, &id), 1);
	arena_init(&arena, "t", 262144);
	assert_true(issue_draft_read(&room, id, &arena, draft, &f));
	snprintf(out, sizeof(out), "%.*s", STR_ARG(issue_draft_state_name(draft->state)));
	arena_release(&arena);
	free(draft);
	return out;
}

static void the_draft_comes_on_the_day_before(void **state)
{
	(void) state;
	turn_at(friday - 3 * DAY * S);
	turn_at(friday - DAY * S - 1);
	assert_int_equal(slots(), 0);
	assert_int_equal(drafts_at(friday, NULL), 0);
	turn_at(friday - DAY * S);
	is(KEY, "drafted", "");
	assert_int_equal(drafts_at(friday, NULL), 1);
	for (int i = 0; i < 5; i++)
		turn_at(friday - DAY * S + i * HOUR * S);
	store_close(&room.db); /* a restart */
	open_db();
	turn_at(friday - HOUR * S);
	assert_int_equal(slots(), 1);
	assert_int_equal(drafts_at(friday, NULL), 1);
}

static void nobody_set_a_newsletter_up(void **state)
{
	(void) state;
	room.settings.from_address = (struct str){NULL, 0};
	turn_at(friday - HOUR * S);
	assert_int_equal(slots(), 0);
	room.settings.from_address = STR("x@y.example");
	room.read_only = true;
	turn_at(friday - HOUR * S);
	assert_int_equal(slots(), 0);
}

static void a_new_newsroom_missed_nothing(void **state)
{
	(void) state;
	turn_at(friday + 2 * HOUR * S); /* the slot was open when nobody was here yet */
	turn_at(friday + 3 * HOUR * S);
	assert_int_equal(slots(), 0);
}

static void unapproved_is_held_then_skipped(void **state)
{
	(void) state;
	turn_at(friday - 3 * DAY * S);
	turn_at(friday - DAY * S);
	hears(KEY, "", "", 0);
	is(KEY, "drafted", "");
	turn_at(friday);
	hears(KEY, "", "", 0);
	is(KEY, "held", "its draft has 0 stories, and an issue needs 3; no editor approved it");
	room.settings.min_stories = 0;
	hears(KEY, "", "", 0);
	is(KEY, "held", "no editor approved it");
	assert_string_equal(draft_state(friday), "draft");
	turn_at(friday + 12 * HOUR * S);
	hears(KEY, "", "", 0);
	is(KEY, "held", "");
	turn_at(friday + 12 * HOUR * S + 1);
	hears(KEY, "", "", 0);
	is(KEY, "skipped", "no editor approved it");
	assert_string_equal(draft_state(friday), "skipped");
	turn_at(friday + DAY * S);
	hears(KEY, "", "", 0);
	is(KEY, "skipped", "no editor approved it");
}

static void what_was_thrown_away_is_said(void **state)
{
	struct fault f = {0};
	int64_t id = 0;

	(void) state;
	turn_at(friday - 3 * DAY * S);
	turn_at(friday - HOUR * S);
	assert_int_equal(drafts_at(friday, &id), 1);
	assert_true(issue_draft_move(&room, id, ISSUE_DRAFT_IS_DROPPED, &f));
	turn_at(friday + HOUR * S);
	hears(KEY, "", "", 0);
	is(KEY, "held", "thrown away");
	assert_int_equal(drafts_at(friday, NULL), 1); /* and no other is made */
}

static void approved_goes_and_is_over(void **state)
{
	(void) state;
	turn_at(friday - 3 * DAY * S);
	turn_at(friday - HOUR * S);
	hears(KEY, "waiting", "", 0);
	is(KEY, "approved", "");
	hears(KEY, "", "", 0); /* taken back */
	is(KEY, "drafted", "");
	hears(KEY, "waiting", "", 0);
	turn_at(friday);
	hears(KEY, "waiting", "nobody has confirmed a subscription yet", 0);
	is(KEY, "held", "nobody has confirmed");
	hears(KEY, "gone", "", friday);
	is(KEY, "sent", "");
	hears(KEY, "", "", 0); /* nothing changes it any more */
	is(KEY, "sent", "");
	turn_at(friday + 5 * DAY * S);
	assert_int_equal(slots(), 1);
	turn_at(friday + 6 * DAY * S);
	is("2026-12-04", "drafted", "");
}

static void caught_up_says_how_late(void **state)
{
	(void) state;
	turn_at(friday - 3 * DAY * S);
	turn_at(friday + 3 * HOUR * S); /* off since Tuesday: the draft is made late */
	is(KEY, "drafted", "");
	hears(KEY, "", "", 0);
	is(KEY, "held", "");
	hears(KEY, "late", "", friday + (3 * HOUR + 10 * 60) * S);
	is(KEY, "late", "it was caught up 3 h 10 min late");
}

static void an_outage_skips_each_and_says_so(void **state)
{
	(void) state;
	turn_at(friday - 3 * DAY * S);
	turn_at(friday + 16 * DAY * S); /* Sunday, more than two weeks later */
	is(KEY, "skipped", "mimeo did not run");
	is("2026-12-04", "skipped", "mimeo did not run");
	is("2026-12-11", "skipped", "mimeo did not run");
	assert_int_equal(slots(), 3);
	assert_int_equal(drafts_at(friday, NULL), 0);
	hears(KEY, "", "", 0);
	is(KEY, "skipped", "mimeo did not run");
	turn_at(friday + 20 * DAY * S);
	is("2026-12-18", "drafted", "");
	/* what had been approved was the newsletter's to decide */
	store_close(&room.db);
	open_db();
	turn_at(friday + 20 * DAY * S + S);
	assert_int_equal(slots(), 4);
}

static void the_newsletters_word_counts(void **state)
{
	(void) state;
	turn_at(friday - 3 * DAY * S);
	turn_at(friday - HOUR * S);
	hears(KEY, "waiting", "", 0);
	turn_at(friday + 5 * DAY * S); /* off meanwhile */
	hears(KEY, "skipped", "mimeo did not run at its time, nor in the 12 hours after it", 0);
	is(KEY, "skipped", "nor in the 12 hours");
}

static void the_clock_goes_back_a_day(void **state)
{
	(void) state;
	turn_at(friday - 3 * DAY * S);
	turn_at(friday - HOUR * S);
	turn_at(friday + HOUR * S);
	hears(KEY, "", "", 0);
	is(KEY, "held", "");
	turn_at(friday - 23 * HOUR * S);
	hears(KEY, "", "", 0);
	is(KEY, "drafted", "");
	turn_at(friday + HOUR * S);
	hears(KEY, "gone", "", friday);
	is(KEY, "sent", "");
	turn_at(friday - 23 * HOUR * S);
	turn_at(friday + HOUR * S);
	is(KEY, "sent", "");
	assert_int_equal(slots(), 1);
	assert_int_equal(drafts_at(friday, NULL), 1);
}

static void a_clock_that_leapt_ahead_takes_nothing(void **state)
{
	(void) state;
	turn_at(friday - 3 * DAY * S);
	turn_at(friday + 20 * DAY * S); /* for a moment */
	is(KEY, "skipped", "");
	turn_at(friday - 3 * DAY * S + HOUR * S);
	hears(KEY, "", "", 0);
	is(KEY, "", "");
	turn_at(friday - DAY * S);
	is(KEY, "drafted", "");
	assert_int_equal(drafts_at(friday, NULL), 1);
	turn_at(friday + 20 * DAY * S); /* and again, with a draft */
	hears(KEY, "", "", 0);
	is(KEY, "skipped", "");
	assert_string_equal(draft_state(friday), "skipped");
	turn_at(friday - DAY * S + HOUR * S);
	hears(KEY, "", "", 0);
	is(KEY, "drafted", "");
	assert_string_equal(draft_state(friday), "draft");
	turn_at(friday);
	hears(KEY, "waiting", "", 0);
	is(KEY, "approved", "");
}

static void another_rule_makes_no_past(void **state)
{
	struct fault f = {0};
	struct slot monday;

	(void) state;
	turn_at(friday - 3 * DAY * S);
	turn_at(friday - HOUR * S);
	turn_at(friday + HOUR * S);
	hears(KEY, "gone", "", friday);
	clock_fix((struct when){friday + DAY * S}); /* Saturday */
	assert_true(slot_rule_parse(STR("Thursday 19:30"), &room.settings.slot, &f));
	turn_at(friday + DAY * S);
	assert_int_equal(slots(), 1); /* Thursday evening was no slot then */
	assert_true(slot_rule_parse(STR("Monday 06:00"), &room.settings.slot, &f));
	turn_at(friday + 2 * DAY * S);
	monday = slot_next(&room.settings.slot, (struct when){friday + 2 * DAY * S});
	is(monday.key, "drafted", "");
	assert_string_equal(monday.key, "2026-11-30");
	/* another time of the same day: the slot whose draft is made keeps its own */
	assert_true(slot_rule_parse(STR("Monday 09:00"), &room.settings.slot, &f));
	turn_at(friday + 2 * DAY * S + S);
	assert_int_equal(slots(), 2);
	assert_int_equal(drafts_at(monday.at.us, NULL), 1);
	assert_int_equal(drafts_at(monday.at.us + 3 * HOUR * S, NULL), 0);
}

static void what_may_be_approved(void **state)
{
	struct issue_draft *draft = calloc(1, sizeof(*draft));
	struct fault f = {0};

	(void) state;
	clock_fix((struct when){friday - HOUR * S});
	draft->pick_count = 2;
	assert_true(slot_clock_allows(&room, draft, &f)); /* of no slot */
	draft->slot.us = friday;
	assert_false(slot_clock_allows(&room, draft, &f));
	assert_int_equal(f.kind, FAULT_INPUT);
	assert_non_null(strstr(f.say, "at least 3 stories; this one has 2"));
	draft->pick_count = 3;
	fault_clear(&f);
	assert_true(slot_clock_allows(&room, draft, &f));
	clock_fix((struct when){friday + 12 * HOUR * S});
	assert_true(slot_clock_allows(&room, draft, &f));
	clock_fix((struct when){friday + 12 * HOUR * S + 1});
	assert_false(slot_clock_allows(&room, draft, &f));
	assert_int_equal(f.kind, FAULT_CONFLICT);
	assert_non_null(strstr(f.say, "slot of this issue is over"));
	free(draft);
}

static void every_state_stands_in_the_schema(void **state)
{
	char wanted[200] = "state TEXT NOT NULL CHECK (state IN (";

	(void) state;
	for (unsigned i = 0; i < ISSUE_SLOT_STATE_COUNT; i++)
		snprintf(wanted + strlen(wanted), sizeof(wanted) - strlen(wanted), "%s'%.*s'", i > 0 ? ", " : "",
			STR_ARG(issue_slot_state_name((enum issue_slot_state) i)));
	for (size_t i = 0; desk_schema[i].name != NULL; i++)
		if (str_find(desk_schema[i].text, STR("CREATE TABLE slot (")) != SIZE_MAX) {
			assert_int_not_equal(str_find(desk_schema[i].text, str_from(wanted)), SIZE_MAX);
			return;
		}
	fail();
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(the_draft_comes_on_the_day_before), TEST(nobody_set_a_newsletter_up), TEST(a_new_newsroom_missed_nothing),
		TEST(unapproved_is_held_then_skipped), TEST(what_was_thrown_away_is_said), TEST(approved_goes_and_is_over),
		TEST(caught_up_says_how_late), TEST(an_outage_skips_each_and_says_so), TEST(the_newsletters_word_counts),
		TEST(the_clock_goes_back_a_day), TEST(a_clock_that_leapt_ahead_takes_nothing), TEST(another_rule_makes_no_past),
		TEST(what_may_be_approved), cmocka_unit_test(every_state_stands_in_the_schema),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
