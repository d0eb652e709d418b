/* test_schedule.c: issues that go by themselves: once, on time or caught up, whatever the clock or a kill does.
 * SPDX-License-Identifier: ISC */
#include "newsletter_test.h"

#include "house/slot.h"

#define S INT64_C(1000000)
#define FRIDAY (INT64_C(1795766400) * S) /* 2026-11-27 08:00 UTC */
#define KEY "2026-11-27"
enum { HOUR = 3600, DAY = 86400 };

static struct bench bench;

static void begin(const char *more)
{
	bench_folder(&bench, more);
	clock_fix((struct when){FRIDAY - DAY * S});
	bench_open(&bench);
	bench_subscriber(&bench, "a@tern.example");
}

static void end(void)
{
	bench_close(&bench);
	clock_fix((struct when){0});
	bench_remove(&bench);
}

static void again(void)
{
	bench_close(&bench);
	bench_open(&bench);
}

static const char *put_language; /* NULL: the bench's */

static bool put(int64_t id, int64_t at, const char *slot, struct fault *f)
{
	char hash[65];
	struct newsletter_issue issue = bench_issue(id, hash);
	bool is_new;

	issue.plan = (struct newsletter_plan){{at}, str_from(slot), STR("Vera")};
	if (put_language != NULL)
		issue.language = str_from(put_language);
	fault_clear(f);
	return newsletter_issue_put(bench.n, &issue, &is_new, f);
}

static void must_put(int64_t id, int64_t at, const char *slot)
{
	struct fault f = {0};

	if (!put(id, at, slot, &f))
		fail_msg("%s", f.say);
}

static void refuses(int64_t id, int64_t at, const char *slot, enum fault_kind kind, const char *word)
{
	struct fault f = {0};

	assert_false(put(id, at, slot, &f));
	assert_int_equal(f.kind, kind);
	if (strstr(f.say, word) == NULL)
		fail_msg("%s", f.say);
}

static const char *text(int64_t id, const char *key)
{
	static char out[4][400];
	static int next;
	char *at = out[next++ % 4];
	struct fault f = {0};
	json_t *json = NULL;
	const json_t *value;

	assert_true(newsletter_issue_json(bench.n, id, &json, &f));
	value = json_object_get(json, key);
	snprintf(at, sizeof(out[0]), "%s", json_is_string(value) ? json_string_value(value) : json_is_true(value) ? "true" :
		json_is_false(value) ? "false" : "-");
	json_decref(json);
	return at;
}

static void is(int64_t id, const char *state, const char *schedule)
{
	assert_string_equal(text(id, "state"), state);
	assert_string_equal(text(id, "schedule"), schedule);
}

static void look_at(int64_t us)
{
	clock_fix((struct when){us});
	newsletter_schedule_look(bench.n);
}

static int64_t rows_of(int64_t id)
{
	return bench_number(&bench, NEWSLETTER_SQL_DELIVERY_TOTAL, STORE_ARGS(store_i64(id)));
}

/* The mail server may have had it meanwhile. */
static void went(int64_t id)
{
	assert_string_equal(text(id, "schedule"), "gone");
	assert_true(strcmp(text(id, "state"), "sending") == 0 || strcmp(text(id, "state"), "sent") == 0);
	assert_true(sink_count(&bench, "a@tern.example") <= 1);
}

static void it_goes_at_its_moment(void **state)
{
	(void) state;
	begin("");
	must_put(7, FRIDAY, KEY);
	is(7, "frozen", "waiting");
	assert_string_equal(text(7, "slot"), KEY);
	assert_string_equal(text(7, "planned_by"), "Vera");
	look_at(FRIDAY - 1);
	is(7, "frozen", "waiting");
	look_at(FRIDAY);
	went(7);
	assert_string_equal(text(7, "late"), "false");
	assert_string_equal(text(7, "approved_by"), "Vera");
	bench_turn(&bench, 5);
	assert_int_equal(rows_of(7), 1);
	end();
}

/* The loop's own timer finds it, without anybody looking. */
static void the_clock_is_watched(void **state)
{
	(void) state;
	begin("");
	must_put(7, FRIDAY, KEY);
	clock_fix((struct when){FRIDAY});
	for (int i = 0; i < 20000 && strcmp(text(7, "schedule"), "waiting") == 0; i++)
		bench_turn(&bench, 1);
	is(7, "sending", "gone");
	end();
}

static void speaks(const char *address, const char *language)
{
	unsigned char index[SEAL_INDEX_BYTES];
	struct fault f = {0};
	int64_t id;

	bench_subscriber(&bench, address);
	seal_index(bench.n->index_key, "newsletter.address", str_from(address), index);
	id = bench_number(&bench, NEWSLETTER_SQL_SUBSCRIBER_BY_INDEX, STORE_ARGS(store_blob(str_make(index, sizeof(index)))));
	assert_true(store_run(bench.room.db, NEWSLETTER_SQL_SUBSCRIBER_SPEAK, STORE_ARGS(store_i64(id), store_text(str_from(language))), NULL, &f));
}

static void put_in(int64_t id, const char *language)
{
	put_language = language;
	must_put(id, FRIDAY, KEY);
	put_language = NULL;
}

static void refuses_in(int64_t id, const char *language, const char *word)
{
	put_language = language;
	refuses(id, FRIDAY, KEY, FAULT_CONFLICT, word);
	put_language = NULL;
}

/* Readers of three languages, and Friday's slot in two of them: 7 in the newsroom's "en", 8 in "ru". */
static void begin_in_two(const char *once_more)
{
	char address[32];

	begin("");
	speaks("a@en.example", "en");
	speaks("a@ru.example", "ru");
	speaks("a@ar.example", "ar");
	snprintf(address, sizeof(address), "b@%s.example", once_more);
	speaks(address, once_more);
	put_in(7, "en");
	put_in(8, "ru");
}

/* A slot's issue in each language: everybody gets one, theirs where there is one. */
static void a_slot_in_two_languages(void **state)
{
	(void) state;
	begin_in_two("ru");
	look_at(FRIDAY);
	bench_turn(&bench, 20);
	assert_int_equal(rows_of(8), 2);
	assert_int_equal(rows_of(7), 3); /* "ar" has none: the newsroom's */
	refuses_in(9, "ar", "began without this language");
	end();
}

static void left_out(int64_t id, const char *whom)
{
	json_t *json = json_object();
	struct fault f = {0};

	assert_true(newsletter_schedule_json(bench.n, id, json, &f));
	if (whom == NULL)
		assert_null(json_object_get(json, "left_out"));
	else
		assert_string_equal(json_string_value(json_object_get(json, "left_out")), whom);
	json_decref(json);
}

/* One is sent early by hand, then the other is cancelled: its readers got none, that is said, and their language's next one is theirs alone. */
static void one_early_the_other_cancelled(void **state)
{
	struct fault f = {0};

	(void) state;
	begin_in_two("ru");
	look_at(FRIDAY - 2 * HOUR * S);
	assert_true(newsletter_issue_send(bench.n, 7, STR("Vera"), &f));
	/* before it is frozen: who gets it is settled */
	assert_true(newsletter_issue_cancel(bench.n, 8, STR("Vera"), false, &f));
	bench_turn(&bench, 20);
	assert_int_equal(rows_of(7), 3); /* "ar", too */
	left_out(7, "ru");
	refuses_in(9, "ar", "began without this language");
	put_in(10, "ru");
	left_out(7, NULL);
	refuses_in(11, "ru", "never gets two");
	again();
	look_at(FRIDAY);
	bench_turn(&bench, 20);
	is(10, "sent", "gone");
	assert_int_equal(rows_of(10), 2);
	assert_int_equal(rows_of(7), 3);
	end();
}

/* The other way round: the newsroom's own, which the rest would have had, is the one that is cancelled. */
static void the_rest_is_left_out_and_taken_up(void **state)
{
	struct fault f = {0};

	(void) state;
	begin_in_two("ar");
	look_at(FRIDAY - 2 * HOUR * S);
	assert_true(newsletter_issue_send(bench.n, 8, STR("Vera"), &f));
	bench_turn(&bench, 20);
	assert_int_equal(rows_of(8), 1);
	left_out(8, NULL); /* the other waits */
	assert_true(newsletter_issue_cancel(bench.n, 7, STR("Vera"), false, &f));
	left_out(8, "en, and who reads no language of the slot");
	put_in(9, "ar"); /* nobody of them got one: this takes them all */
	look_at(FRIDAY);
	bench_turn(&bench, 20);
	assert_int_equal(rows_of(9), 4);
	assert_int_equal(rows_of(8), 1);
	left_out(8, NULL);
	refuses_in(10, "en", "began without this language");
	end();
}

static void a_slot_never_gets_two(void **state)
{
	struct fault f = {0};

	(void) state;
	begin("");
	must_put(7, FRIDAY, KEY);
	must_put(7, FRIDAY, KEY); /* the same again */
	refuses(8, FRIDAY, KEY, FAULT_CONFLICT, "never gets two");
	refuses(8, FRIDAY + HOUR * S, KEY, FAULT_CONFLICT, "never gets two"); /* the slot's time was changed: it is the same day */
	refuses(7, FRIDAY + HOUR * S, KEY, FAULT_CONFLICT, "another time");
	assert_int_equal(bench_number(&bench, NEWSLETTER_SQL_SCHEDULE_OF_SLOT, STORE_ARGS(store_text(STR(KEY)), store_text(STR("en")),
		store_text(STR("cancelled")))), 7);
	/* what was refused left no issue behind */
	assert_false(newsletter_issue_send(bench.n, 8, STR("Vera"), &f));
	assert_int_equal(f.kind, FAULT_MISSING);
	/* the database itself refuses a second one, too */
	fault_clear(&f);
	bench_put_issue(&bench, 9);
	assert_false(store_run(bench.room.db, NEWSLETTER_SQL_SCHEDULE_INSERT, STORE_ARGS(store_i64(9), store_text(STR("waiting")), store_text(STR(KEY)),
		store_text(STR("en")), store_i64(FRIDAY), store_text(STR("x")), store_i64(1)), NULL, &f));
	look_at(FRIDAY);
	is(7, "sending", "gone");
	refuses(8, FRIDAY, KEY, FAULT_CONFLICT, "never gets two");
	again();
	refuses(8, FRIDAY, KEY, FAULT_CONFLICT, "never gets two");
	must_put(10, FRIDAY + 7 * DAY * S, "2026-12-04"); /* the next week's */
	must_put(11, FRIDAY + 5 * DAY * S, ""); /* one without a slot */
	end();
}

static void what_is_no_plan(void **state)
{
	struct fault f = {0};
	char hash[65];
	struct newsletter_issue issue;
	bool is_new;

	(void) state;
	begin("");
	refuses(7, 0, KEY, FAULT_INPUT, "says when");
	refuses(7, -5, "", FAULT_INPUT, "says when");
	refuses(7, FRIDAY, "2026-11-31", FAULT_INPUT, "such as 2026-11-27");
	refuses(7, FRIDAY, "friday", FAULT_INPUT, "such as 2026-11-27");
	issue = bench_issue(7, hash);
	issue.plan = (struct newsletter_plan){{FRIDAY}, STR(KEY), STR("")};
	assert_false(newsletter_issue_put(bench.n, &issue, &is_new, &f));
	assert_non_null(strstr(f.say, "who approves"));
	bench_put_issue(&bench, 8);
	fault_clear(&f);
	assert_true(newsletter_issue_send(bench.n, 8, STR("Vera"), &f));
	refuses(8, FRIDAY, KEY, FAULT_CONFLICT, "begun to be sent");
	end();
}

static void it_is_caught_up(void **state)
{
	(void) state;
	begin("catch_up = 6\n");
	must_put(7, FRIDAY, KEY);
	bench_close(&bench); /* the machine is off over the slot */
	clock_fix((struct when){FRIDAY + 5 * HOUR * S});
	bench_open(&bench);
	is(7, "sending", "gone");
	assert_string_equal(text(7, "late"), "true");
	end();
}

static void or_skipped_and_said(void **state)
{
	struct fault f = {0};
	json_t *json = NULL;

	(void) state;
	begin("catch_up = 6\n");
	must_put(7, FRIDAY, KEY);
	bench_close(&bench);
	clock_fix((struct when){FRIDAY + 6 * HOUR * S + 1});
	bench_open(&bench);
	is(7, "frozen", "skipped");
	assert_string_equal(text(7, "schedule_why"), "mimeo did not run at its time, nor in the 6 hours after it");
	refuses(8, FRIDAY, KEY, FAULT_CONFLICT, "never gets two");
	json = json_object();
	assert_true(newsletter_slots_json(bench.n, json, &f));
	assert_string_equal(json_string_value(json_object_get(json_array_get(json_object_get(json, "scheduled"), 0), "schedule")), "skipped");
	json_decref(json);
	assert_true(newsletter_issue_send(bench.n, 7, STR("Ilya"), &f)); /* by hand it still goes */
	is(7, "sending", "gone");
	end();
}

static void no_hours_still_are_a_quarter(void **state)
{
	(void) state;
	begin("catch_up = 0\n");
	must_put(7, FRIDAY, KEY);
	look_at(FRIDAY + SLOT_GRACE_S * S);
	is(7, "sending", "gone");
	assert_string_equal(text(7, "late"), "false");
	must_put(8, FRIDAY + 7 * DAY * S, "2026-12-04");
	look_at(FRIDAY + 7 * DAY * S + SLOT_GRACE_S * S + 1);
	is(8, "frozen", "skipped");
	end();
}

/* Nobody to mail to: it waits, says why, goes when it can, and else is skipped with that reason. */
static void it_waits_for_what_keeps_it(void **state)
{
	(void) state;
	bench_folder(&bench, "catch_up = 6\n");
	clock_fix((struct when){FRIDAY - DAY * S});
	bench_open(&bench);
	must_put(7, FRIDAY, KEY);
	look_at(FRIDAY);
	is(7, "frozen", "waiting");
	assert_non_null(strstr(text(7, "schedule_why"), "nobody has confirmed"));
	bench_subscriber(&bench, "b@tern.example");
	look_at(FRIDAY + HOUR * S);
	is(7, "sending", "gone");
	assert_string_equal(text(7, "schedule_why"), "");
	end();

	bench_folder(&bench, "catch_up = 6\n");
	clock_fix((struct when){FRIDAY - DAY * S});
	bench_open(&bench);
	must_put(7, FRIDAY, KEY);
	look_at(FRIDAY + HOUR * S);
	look_at(FRIDAY + 7 * HOUR * S);
	is(7, "frozen", "skipped");
	assert_non_null(strstr(text(7, "schedule_why"), "nobody has confirmed"));
	end();
}

static void the_clock_goes_back_a_day(void **state)
{
	(void) state;
	begin("");
	must_put(7, FRIDAY, KEY);
	look_at(FRIDAY);
	bench_turn(&bench, 3);
	went(7);
	look_at(FRIDAY - DAY * S);
	again();
	went(7);
	refuses(8, FRIDAY, KEY, FAULT_CONFLICT, "never gets two");
	look_at(FRIDAY);
	look_at(FRIDAY + S);
	bench_turn(&bench, 3);
	went(7);
	assert_int_equal(rows_of(7), 1);
	end();
}

static void the_clock_leaps_ahead_and_comes_back(void **state)
{
	(void) state;
	begin("");
	must_put(7, FRIDAY, KEY);
	look_at(FRIDAY + 30 * DAY * S);
	is(7, "frozen", "skipped");
	look_at(FRIDAY - HOUR * S); /* it was wrong: the slot is still to come */
	is(7, "frozen", "waiting");
	look_at(FRIDAY);
	is(7, "sending", "gone");
	assert_string_equal(text(7, "late"), "false");
	end();
}

static void by_hand_before_its_time(void **state)
{
	struct fault f = {0};

	(void) state;
	begin("");
	must_put(7, FRIDAY, KEY);
	assert_true(newsletter_issue_send(bench.n, 7, STR("Ilya"), &f));
	is(7, "sending", "gone");
	assert_true(newsletter_issue_pause(bench.n, 7, &f));
	look_at(FRIDAY);
	is(7, "paused", "gone"); /* its moment does not take it out of the pause */
	end();
}

static void a_cancelled_one_frees_its_slot(void **state)
{
	struct fault f = {0};

	(void) state;
	begin("");
	must_put(7, FRIDAY, KEY);
	assert_true(newsletter_issue_cancel(bench.n, 7, STR("Vera"), false, &f));
	assert_true(newsletter_issue_cancel(bench.n, 7, STR("Vera"), false, &f)); /* twice */
	assert_false(newsletter_issue_send(bench.n, 7, STR("Vera"), &f));
	assert_int_equal(f.kind, FAULT_CONFLICT);
	must_put(8, FRIDAY, KEY);
	look_at(FRIDAY);
	is(7, "cancelled", "cancelled");
	is(8, "sending", "gone");
	fault_clear(&f);
	assert_true(newsletter_issue_cancel(bench.n, 8, STR("Vera"), false, &f)); /* what began has had its slot */
	is(8, "cancelled", "gone");
	refuses(9, FRIDAY, KEY, FAULT_CONFLICT, "never gets two");
	end();
}

static void a_restored_copy_sends_nothing(void **state)
{
	struct fault f = {0};

	(void) state;
	begin("");
	must_put(7, FRIDAY, KEY);
	bench_close(&bench);
	bench.room.read_only = true;
	clock_fix((struct when){FRIDAY + HOUR * S});
	bench_open(&bench);
	is(7, "frozen", "held");
	bench_close(&bench);
	bench.room.read_only = false; /* somebody confirmed the copy */
	bench_open(&bench);
	look_at(FRIDAY + 2 * HOUR * S);
	is(7, "frozen", "held");
	assert_non_null(strstr(text(7, "schedule_why"), "restored copy"));
	assert_true(newsletter_issue_send(bench.n, 7, STR("Ilya"), &f)); /* by hand */
	is(7, "sending", "gone");
	end();
}

/* Killed before the commit that puts, or that begins: the next start does it once. */
static void killed(const char *point)
{
	int status = 0;
	pid_t child;

	bench_close(&bench);
	child = fork();
	if (child == 0) {
		struct fault f = {0};

		newsletter_crash_at(point, 1);
		if (!bench_try_open(&bench, &f))
			_exit(1);
		(void) !put(7, FRIDAY, KEY, &f);
		look_at(FRIDAY + HOUR * S);
		_exit(0);
	}
	waitpid(child, &status, 0);
	assert_int_equal(WEXITSTATUS(status), 99);
	bench_open(&bench);
}

static void a_kill_changes_nothing(void **state)
{
	struct fault f = {0};
	json_t *json = NULL;

	(void) state;
	begin("");
	killed("put before commit");
	assert_false(newsletter_issue_json(bench.n, 7, &json, &f)); /* neither the issue nor its time is there */
	killed("send before commit");
	is(7, "frozen", "waiting");
	look_at(FRIDAY + HOUR * S);
	bench_turn(&bench, 3);
	went(7);
	assert_int_equal(rows_of(7), 1);
	again();
	look_at(FRIDAY + 2 * HOUR * S);
	bench_turn(&bench, 3);
	assert_int_equal(rows_of(7), 1);
	refuses(8, FRIDAY, KEY, FAULT_CONFLICT, "never gets two");
	end();
}

static void the_desks_word_is_kept(void **state)
{
	struct fault f = {0};
	json_t *json = NULL;
	const json_t *one;

	(void) state;
	begin("");
	assert_true(newsletter_slot_say(bench.n, STR(KEY), (struct when){FRIDAY}, STR("drafted"), STR(""), &f));
	assert_true(newsletter_slot_say(bench.n, STR(KEY), (struct when){FRIDAY}, STR("held"), STR("nobody approved it"), &f));
	assert_false(newsletter_slot_say(bench.n, STR("x"), (struct when){FRIDAY}, STR("held"), STR(""), &f));
	assert_false(newsletter_slot_say(bench.n, STR(KEY), (struct when){FRIDAY}, STR("held\n"), STR(""), &f));
	assert_false(newsletter_slot_say(bench.n, STR(KEY), (struct when){FRIDAY}, STR(""), STR(""), &f));
	fault_clear(&f);
	json = json_object();
	assert_true(newsletter_slots_json(bench.n, json, &f));
	assert_int_equal(json_array_size(json_object_get(json, "slots")), 1);
	one = json_array_get(json_object_get(json, "slots"), 0);
	assert_string_equal(json_string_value(json_object_get(one, "word")), "held");
	assert_string_equal(json_string_value(json_object_get(one, "why")), "nobody approved it");
	json_decref(json);
	json = NULL;
	must_put(7, FRIDAY, KEY);
	assert_true(newsletter_slot_json(bench.n, STR(KEY), &json, &f));
	one = json_array_get(json_object_get(json, "issues"), 0);
	assert_int_equal(json_integer_value(json_object_get(one, "id")), 7);
	assert_string_equal(json_string_value(json_object_get(one, "schedule")), "waiting");
	json_decref(json);
	assert_false(newsletter_slot_json(bench.n, STR("../x"), &json, &f));
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_goes_at_its_moment),
		cmocka_unit_test(the_clock_is_watched),
		cmocka_unit_test(a_slot_in_two_languages), cmocka_unit_test(one_early_the_other_cancelled),
		cmocka_unit_test(the_rest_is_left_out_and_taken_up), cmocka_unit_test(a_slot_never_gets_two),
		cmocka_unit_test(what_is_no_plan),
		cmocka_unit_test(it_is_caught_up),
		cmocka_unit_test(or_skipped_and_said),
		cmocka_unit_test(no_hours_still_are_a_quarter),
		cmocka_unit_test(it_waits_for_what_keeps_it),
		cmocka_unit_test(the_clock_goes_back_a_day),
		cmocka_unit_test(the_clock_leaps_ahead_and_comes_back),
		cmocka_unit_test(by_hand_before_its_time),
		cmocka_unit_test(a_cancelled_one_frees_its_slot),
		cmocka_unit_test(a_restored_copy_sends_nothing),
		cmocka_unit_test(a_kill_changes_nothing),
		cmocka_unit_test(the_desks_word_is_kept),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
