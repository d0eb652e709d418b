/* test_composer.c: what the composer asks of the newsletter: cancelling at every stage, test mails, a neutral sender, how a send went; and a
 * database of before that, taken along.
 * SPDX-License-Identifier: ISC */
#include "newsletter_test.h"

static struct bench bench;

static int set_up(void **state)
{
	(void) state;
	bench_folder(&bench, "");
	bench_open(&bench);
	return 0;
}

static int tear_down(void **state)
{
	(void) state;
	bench_close(&bench);
	bench_remove(&bench);
	clock_fix((struct when){0});
	return 0;
}

static void test_cancelled_before_it_began(void **state)
{
	struct fault f = {0};

	(void) state;
	bench_subscribe_many(&bench, 3, "example.org");
	bench_put_issue(&bench, 1);
	assert_false(newsletter_issue_cancel(bench.n, 1, STR(""), false, &f));
	assert_int_equal(f.kind, FAULT_INPUT);
	fault_clear(&f);
	assert_true(newsletter_issue_cancel(bench.n, 1, STR("Ann"), false, &f));
	assert_true(newsletter_issue_cancel(bench.n, 1, STR("Ann"), false, &f)); /* again */
	assert_true(bench_issue_is(&bench, 1, "cancelled"));
	assert_false(newsletter_issue_send(bench.n, 1, STR("Ann"), &f));
	assert_int_equal(f.kind, FAULT_CONFLICT);
	fault_clear(&f);
	assert_false(newsletter_issue_pause(bench.n, 1, &f));
	bench_turn(&bench, 30);
	assert_int_equal(sink_count(&bench, ""), 0);
}

/* Of each recipient it is known whether they got it: accepted and not mailed are all of them, and the sink agrees. */
static void test_cancelled_while_it_goes(void **state)
{
	int64_t recipients, not_mailed;
	struct fault f = {0};
	int i;

	(void) state;
	bench_subscribe_many(&bench, 2500, "example.org");
	bench_put_issue(&bench, 1);
	assert_true(newsletter_issue_send(bench.n, 1, STR("Ann"), &f));
	for (i = 0; i < 4000 && sink_count(&bench, "") < 20; i++)
		bench_turn(&bench, 1);
	assert_true(newsletter_issue_cancel(bench.n, 1, STR("Ann"), false, &f));
	for (i = 0; i < 4000 && (bench_deliveries(&bench, DELIVERY_QUEUED) > 0 || bench_deliveries(&bench, DELIVERY_CLAIMED) > 0
		|| bench_deliveries(&bench, DELIVERY_SENDING) > 0 || i < 60); i++) {
		bench_turn(&bench, 1);
		if (i % 50 == 49)
			newsletter_clear_soon(bench.n); /* as the room does every minute */
	}
	recipients = bench_issue_number(&bench, 1, "recipients");
	not_mailed = bench_issue_number(&bench, 1, "not_mailed");
	assert_int_equal(recipients + not_mailed, 2500);
	assert_int_equal(bench_issue_number(&bench, 1, "accepted"), recipients);
	assert_int_equal(sink_count(&bench, ""), recipients);
	assert_true(recipients < 2500);
	assert_int_equal(bench_number(&bench, NEWSLETTER_SQL_ISSUE_MISCOUNTED, STORE_NO_ARGS), 0);
	assert_true(bench_issue_is(&bench, 1, "cancelled"));
	assert_true(bench_issue_number(&bench, 1, "ended") > 0);
}

static void test_sent_cannot_be_cancelled(void **state)
{
	struct fault f = {0};

	(void) state;
	bench_subscribe_many(&bench, 2, "example.org");
	bench_put_issue(&bench, 1);
	assert_true(newsletter_issue_send(bench.n, 1, STR("Ann"), &f));
	bench_run_until(&bench, 1, "sent");
	assert_false(newsletter_issue_cancel(bench.n, 1, STR("Ann"), false, &f));
	assert_int_equal(f.kind, FAULT_CONFLICT);
	assert_true(bench_issue_is(&bench, 1, "sent"));
}

static struct newsletter_issue trial(char hash[65])
{
	struct newsletter_issue issue = bench_issue(1, hash);

	issue.subject = STR("Test: this week");
	return issue;
}

static void test_test_mail(void **state)
{
	char hash[65];
	struct newsletter_issue issue = trial(hash);
	struct fault f = {0};
	struct when now = {1795180000000000};
	json_t *list = NULL;

	(void) state;
	assert_false(newsletter_send_test(bench.n, &issue, STR("not an address"), STR("Ann"), &f));
	assert_int_equal(f.kind, FAULT_INPUT);
	fault_clear(&f);
	clock_fix(now);
	assert_true(newsletter_send_test(bench.n, &issue, STR("  ann@example.net "), STR("Ann"), &f));
	clock_fix((struct when){0});
	bench_run_until(&bench, issue.id, "sent");
	assert_int_equal(sink_count(&bench, "ann@example.net"), 1);
	assert_int_equal(bench_issue_number(&bench, issue.id, "accepted"), 1);
	/* it is in no list of issues, and a subscriber nobody became */
	assert_int_equal(bench_number(&bench, NEWSLETTER_SQL_ISSUE_LIST, STORE_ARGS(store_i64(5))), 0);
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_CONFIRMED), 0);
	/* its address went when the server had answered; the rest goes after a day */
	assert_int_equal(bench_number(&bench, NEWSLETTER_SQL_DELIVERY_COUNT_STATE, STORE_ARGS(store_text(STR("accepted")))), 1);
	assert_true(store_begin(bench.room.db, &f));
	assert_true(newsletter_erase_tests(bench.n, (struct when){now.us + 1}, &f));
	assert_true(store_end(bench.room.db, true, &f));
	assert_int_equal(bench_number(&bench, NEWSLETTER_SQL_DELIVERY_COUNT_STATE, STORE_ARGS(store_text(STR("accepted")))), 0);
	assert_false(newsletter_issue_json(bench.n, issue.id, &list, &f));
	assert_int_equal(f.kind, FAULT_MISSING);
}

static void test_test_mails_have_an_end(void **state)
{
	char hash[65];
	struct newsletter_issue issue = trial(hash);
	struct fault f = {0};
	int sent = 0;

	(void) state;
	while (sent < 1000 && newsletter_send_test(bench.n, &issue, STR("ann@example.net"), STR("Ann"), &f))
		sent++;
	assert_int_equal(sent, 60);
	assert_int_equal(f.kind, FAULT_BUSY);
}

static void test_neutral_sender(void **state)
{
	struct outgoing mail = {.id = 7, .issue = 1, .kind = OUTGOING_ISSUE, .token = "abcdefghijklmnopqrstuvwxyz"};
	char hash[65];
	struct newsletter_issue issue = bench_issue(1, hash);
	struct fault f = {0};
	struct buf plain, neutral;
	bool is_new;

	(void) state;
	buf_init(&plain, 1 << 20);
	buf_init(&neutral, 1 << 20);
	issue.subject = STR("Your weekly letter");
	newsletter_issue_hash(&issue, hash);
	assert_true(email_parse(STR("reader@example.org"), &mail.to, &f));
	assert_true(newsletter_compose(bench.n, &mail, &issue, NULL, &plain, &f));
	issue.sender_name = STR("Weekly letter");
	assert_true(newsletter_compose(bench.n, &mail, &issue, NULL, &neutral, &f));
	assert_int_not_equal(str_find(buf_view(&plain), STR("Tern Courier")), SIZE_MAX);
	assert_int_equal(str_find(buf_view(&neutral), STR("Tern Courier")), SIZE_MAX);
	assert_int_not_equal(str_find(buf_view(&neutral), STR("From: Weekly letter <news@tern.example>\r\n")), SIZE_MAX);
	buf_release(&plain);
	buf_release(&neutral);
	/* it is part of what is frozen */
	assert_true(newsletter_issue_put(bench.n, &issue, &is_new, &f));
	assert_true(newsletter_issue_put(bench.n, &issue, &is_new, &f));
	assert_false(is_new);
	issue.sender_name = STR("Another");
	assert_false(newsletter_issue_put(bench.n, &issue, &is_new, &f));
	assert_int_equal(f.kind, FAULT_CONFLICT);
	fault_clear(&f);
	issue.id = 2;
	issue.sender_name = STR("A\r\nBcc: x@y.example");
	assert_false(newsletter_issue_put(bench.n, &issue, &is_new, &f));
	assert_int_equal(f.kind, FAULT_INPUT);
}

static void test_ticks(void **state)
{
	struct fault f = {0};
	struct when began = {1795180000000000};
	json_t *json = NULL, *ticks;

	(void) state;
	bench_subscribe_many(&bench, 5, "example.org");
	bench_put_issue(&bench, 1);
	clock_fix(began);
	assert_true(newsletter_issue_send(bench.n, 1, STR("Ann"), &f));
	newsletter_tick(bench.n); /* nothing yet */
	for (int s = 1; s <= 4000; s++) { /* ten-second looks, forty at first, then the pace slows down */
		clock_fix((struct when){began.us + (int64_t) s * 10 * 1000000});
		newsletter_tick(bench.n);
	}
	clock_fix((struct when){0});
	assert_true(newsletter_progress_json(bench.n, 1, &json, &f));
	ticks = json_object_get(json, "ticks");
	assert_true(json_array_size(ticks) > 100);
	assert_true(json_array_size(ticks) < 600);
	assert_int_equal(json_integer_value(json_array_get(json_array_get(ticks, 0), 0)), 10);
	assert_int_equal(json_integer_value(json_object_get(json, "gone")), 0);
	json_decref(json);
}

/* The tables of issues and of deliveries are made anew while rows point to them. */
static void test_older_database(void **state)
{
	const struct embed_file queries[] = {
		{"put", STR("INSERT INTO issue (id, subject, preheader, language, html, text, hash, state, recipients, counted, put_at, started)"
			" VALUES (1, 's', 'p', 'en', 'h', 't', '0123456789012345678901234567890123456789012345678901234567890123', 'paused', 1, 1, 5, 6)")},
		{"row", STR("INSERT INTO delivery (id, kind, issue, state, day) VALUES (9, 'issue', 1, 'accepted', 3)")},
		{"of_row", STR("INSERT INTO token_before (token_hash, delivery) VALUES (x'00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff', 9)")},
		{"all_of_row", STR("SELECT count(*) FROM token_before WHERE delivery = 9")},
	};
	struct embed_file old[4] = {newsletter_schema[0], newsletter_schema[1], newsletter_schema[2], {NULL, {NULL, 0}}};
	char path[128];
	struct store_options options = {.path = path, .migrations = old, .queries = queries, .query_count = 4};
	struct store *db = NULL;
	struct arena arena;
	struct str report;
	struct fault f = {0};
	int64_t n = 0;
	bool ok;

	(void) state;
	snprintf(path, sizeof(path), "%s/old.db", bench.folder);
	ok = store_open(&db, &options, &f) && store_run(db, 0, STORE_NO_ARGS, NULL, &f) && store_run(db, 1, STORE_NO_ARGS, NULL, &f) &&
		store_run(db, 2, STORE_NO_ARGS, NULL, &f);
	if (!ok)
		print_error("# %s %s\n", f.say, f.detail);
	assert_true(ok);
	store_close(&db);
	options.migrations = newsletter_schema;
	options.queries = newsletter_sql;
	options.query_count = NEWSLETTER_SQL_COUNT;
	ok = store_open(&db, &options, &f);
	if (!ok)
		print_error("# %s %s\n", f.say, f.detail);
	assert_true(ok);
	arena_init(&arena, "test", 1 << 16);
	assert_true(store_check(db, &arena, &report, &f));
	assert_int_equal(report.len, 0);
	arena_release(&arena);
	assert_true(store_number(db, NEWSLETTER_SQL_DELIVERY_TOTAL, STORE_ARGS(store_i64(1)), &n, &f));
	assert_int_equal(n, 1);
	assert_true(store_number(db, NEWSLETTER_SQL_ISSUE_LIST, STORE_ARGS(store_i64(1)), &n, &f));
	assert_int_equal(n, 1);
	assert_true(store_number(db, NEWSLETTER_SQL_ISSUE_MISCOUNTED, STORE_NO_ARGS, &n, &f));
	assert_int_equal(n, 0);
	store_close(&db);
	options.queries = queries;
	options.query_count = 4;
	assert_true(store_open(&db, &options, &f) && store_number(db, 3, STORE_NO_ARGS, &n, &f));
	assert_int_equal(n, 1);
	store_close(&db);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_cancelled_before_it_began), TEST(test_cancelled_while_it_goes), TEST(test_sent_cannot_be_cancelled), TEST(test_test_mail),
		TEST(test_test_mails_have_an_end), TEST(test_neutral_sender), TEST(test_ticks), TEST(test_older_database),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
