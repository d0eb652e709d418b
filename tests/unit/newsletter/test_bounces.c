/* test_bounces.c: what follows from mails that came back, and that it cannot be forged or counted twice.
 * SPDX-License-Identifier: ISC */
#include "newsletter_test.h"
#include <sys/mman.h>
#include "mail/smtp.h"
#include "newsletter/newsletter_bounce.h"
#include "newsletter/newsletter_journal.h"

static struct bench bench;

static int set_up(void **state)
{
	(void) state;
	clock_fix((struct when){INT64_C(1795180000000000)});
	bench_folder(&bench, "bounce_address = bounces+TOKEN@tern.example\n");
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

static void days_later(int days)
{
	clock_fix((struct when){clock_now().us + days * INT64_C(86400000000)});
}

/* An issue is mailed to whoever may get it; the id of one of its deliveries. */
static int64_t send_issue(int64_t id)
{
	struct fault f = {0};

	bench_put_issue(&bench, id);
	assert_true(newsletter_issue_send(bench.n, id, STR("test"), &f));
	bench_run_until(&bench, id, "sent");
	assert_true(bench_issue_is(&bench, id, "sent"));
	return bench_number(&bench, NEWSLETTER_SQL_DELIVERY_DUE, STORE_ARGS(store_i64(id), store_text(STR("accepted")),
		store_i64(INT64_MAX), store_i64(1)));
}

/* By the link of a confirmation mail. */
static void confirm(enum subscriber_state from)
{
	int64_t id = bench_number(&bench, NEWSLETTER_SQL_SUBSCRIBER_AFTER, STORE_ARGS(store_text(subscriber_state_name(from)),
		store_i64(0), store_i64(1)));
	char token[RAND_TOKEN_CHARS + 1];
	unsigned char hash[SEAL_HASH_BYTES];
	struct fault f = {0};
	bool known = false;

	rand_token(token);
	seal_token_hash(str_from(token), hash);
	assert_true(store_run(bench.room.db, NEWSLETTER_SQL_CONFIRMATION_INSERT,
		STORE_ARGS(store_blob(str_make(hash, sizeof(hash))), store_i64(id), store_i64(clock_utc_day(clock_now()))), NULL, &f));
	assert_true(newsletter_confirm(bench.n, str_from(token), &known, &f));
	assert_true(known);
}

static struct mail_report report_on(int64_t delivery, enum mail_report_kind kind, enum newsletter_token_use use)
{
	struct mail_report report = {.kind = kind, .mark_count = 1};

	newsletter_token_make(bench.n, use, delivery, report.marks[0].text);
	return report;
}

static const char *take(const struct mail_report *report)
{
	struct fault f = {0};
	const char *what = "";

	assert_true(newsletter_take_report(bench.n, report, &what, &f));
	return what;
}

static const char *take_kind(int64_t delivery, enum mail_report_kind kind)
{
	struct mail_report report = report_on(delivery, kind, NEWSLETTER_TOKEN_BOUNCE);

	return take(&report);
}

static int64_t muted(void)
{
	return bench_number(&bench, NEWSLETTER_SQL_SUBSCRIBER_COUNT_MUTED,
		STORE_ARGS(store_text(STR("confirmed")), store_i64(clock_utc_day(clock_now()))));
}

static int64_t suppressed(const char *reason)
{
	return bench_number(&bench, NEWSLETTER_SQL_SUPPRESSION_COUNT_REASON, STORE_ARGS(store_text(str_from(reason))));
}

static void test_tokens(void **state)
{
	char token[NEWSLETTER_TOKEN_CHARS + 1], again[NEWSLETTER_TOKEN_CHARS + 1], path[EMAIL_BYTES + 1];
	struct str address;
	int64_t id;

	(void) state;
	for (int i = 0; i < 200; i++) {
		int64_t delivery = i < 3 ? i + 1 : rand_id();

		newsletter_token_make(bench.n, NEWSLETTER_TOKEN_BOUNCE, delivery, token);
		newsletter_token_make(bench.n, NEWSLETTER_TOKEN_BOUNCE, delivery, again);
		assert_string_equal(token, again);
		assert_int_equal(strlen(token), 32);
		assert_true(newsletter_token_open(bench.n, NEWSLETTER_TOKEN_BOUNCE, str_from(token), &id));
		assert_int_equal(id, delivery);
		assert_false(newsletter_token_open(bench.n, NEWSLETTER_TOKEN_MESSAGE, str_from(token), &id));
		for (size_t k = 0; k < 32; k++) { /* not one character may change */
			memcpy(again, token, sizeof(again));
			again[k] = again[k] == 'a' ? 'b' : 'a';
			assert_false(newsletter_token_open(bench.n, NEWSLETTER_TOKEN_BOUNCE, str_from(again), &id));
		}
	}
	assert_false(newsletter_token_open(bench.n, NEWSLETTER_TOKEN_BOUNCE, STR(""), &id));
	assert_false(newsletter_token_open(bench.n, NEWSLETTER_TOKEN_BOUNCE, STR("!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!"), &id));
	address = newsletter_return_path(bench.n, 7, path);
	newsletter_token_make(bench.n, NEWSLETTER_TOKEN_BOUNCE, 7, token);
	assert_true(str_starts(address, STR("bounces+")) && str_ends(address, STR("@tern.example")));
	assert_true(str_find(address, str_from(token)) != SIZE_MAX);
	assert_true(newsletter_is_bounce_address(bench.n, address));
	for (size_t i = 0; i < address.len; i++) /* servers change the case */
		path[i] = address.at[i] >= 'a' && address.at[i] <= 'z' ? (char) (address.at[i] - 'a' + 'A') : address.at[i];
	assert_true(newsletter_is_bounce_address(bench.n, address));
	assert_false(newsletter_is_bounce_address(bench.n, STR("bounces@tern.example")));
	assert_false(newsletter_is_bounce_address(bench.n, STR("bounces+abcdefghijklmnopqrstuvwxyz234567@tern.example")));
}

static void test_soft(void **state)
{
	int64_t delivery;

	(void) state;
	bench_subscriber(&bench, "ada@example.org");
	delivery = send_issue(1);
	assert_string_equal(take_kind(delivery, MAIL_REPORT_SOFT), "soft");
	assert_int_equal(muted(), 1);
	assert_string_equal(take_kind(delivery, MAIL_REPORT_SOFT), "ignored"); /* said twice */
	bench_put_issue(&bench, 2);
	(void) send_issue(2);
	assert_int_equal(bench_issue_number(&bench, 2, "recipients"), 0); /* left out while muted */
	days_later(5);
	assert_int_equal(muted(), 0);
	delivery = send_issue(3);
	assert_int_equal(bench_issue_number(&bench, 3, "recipients"), 1);
	assert_string_equal(take_kind(delivery, MAIL_REPORT_SOFT), "soft"); /* the second: five days again */
	days_later(5);
	assert_int_equal(muted(), 0);
	delivery = send_issue(4);
	assert_string_equal(take_kind(delivery, MAIL_REPORT_SOFT), "soft"); /* two earlier ones within 90 days: 180 */
	days_later(179);
	assert_int_equal(muted(), 1);
	days_later(1);
	assert_int_equal(muted(), 0);
	delivery = send_issue(5);
	assert_string_equal(take_kind(delivery, MAIL_REPORT_SOFT), "soft"); /* those are long ago */
	days_later(5);
	assert_int_equal(muted(), 0);
}

static void test_hard_and_complaint(void **state)
{
	int64_t delivery;
	struct mail_report report;

	(void) state;
	bench_subscriber(&bench, "ada@example.org");
	delivery = send_issue(1);
	assert_string_equal(take_kind(delivery, MAIL_REPORT_AUTO), "auto");
	assert_string_equal(take_kind(delivery, MAIL_REPORT_NOTICE), "notice");
	assert_string_equal(take_kind(delivery, MAIL_REPORT_UNKNOWN), "unknown");
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_CONFIRMED), 1);
	assert_int_equal(muted(), 0);
	assert_string_equal(take_kind(delivery, MAIL_REPORT_HARD), "hard");
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_CONFIRMED), 0);
	assert_int_equal(suppressed("bounced"), 1);
	assert_string_equal(take_kind(delivery, MAIL_REPORT_HARD), "ignored");
	bench_subscriber(&bench, "bob@example.org");
	delivery = send_issue(2);
	report = report_on(delivery, MAIL_REPORT_COMPLAINT, NEWSLETTER_TOKEN_MESSAGE); /* known by its Message-ID alone */
	assert_string_equal(take(&report), "complaint");
	assert_int_equal(suppressed("complained"), 1);
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_CONFIRMED), 0);
}

static void test_forged(void **state)
{
	struct mail_report report;
	int64_t delivery;

	(void) state;
	bench_subscriber(&bench, "ada@example.org");
	delivery = send_issue(1);
	report = report_on(delivery, MAIL_REPORT_HARD, NEWSLETTER_TOKEN_BOUNCE);
	report.marks[0].text[3] = report.marks[0].text[3] == 'x' ? 'y' : 'x';
	assert_string_equal(take(&report), "stranger");
	report.mark_count = 0;
	assert_string_equal(take(&report), "stranger");
	assert_string_equal(take_kind(delivery + 1, MAIL_REPORT_HARD), "ignored"); /* a genuine token of nothing */
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_CONFIRMED), 1);
	days_later(61);
	assert_string_equal(take_kind(delivery, MAIL_REPORT_HARD), "ignored"); /* far too late */
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_CONFIRMED), 1);
}

/* Confirming again lifts both: who is muted, and who is suppressed. */
static void test_confirming_lifts(void **state)
{
	int64_t delivery;

	(void) state;
	bench_subscriber(&bench, "ada@example.org");
	delivery = send_issue(1);
	assert_string_equal(take_kind(delivery, MAIL_REPORT_SOFT), "soft");
	assert_int_equal(muted(), 1);
	confirm(SUBSCRIBER_CONFIRMED);
	assert_int_equal(muted(), 0);
	assert_string_equal(take_kind(delivery, MAIL_REPORT_HARD), "hard");
	assert_int_equal(suppressed("bounced"), 1);
	bench_sign_up(&bench, "ada@example.org");
	confirm(SUBSCRIBER_PENDING);
	assert_int_equal(suppressed("bounced"), 0);
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_CONFIRMED), 1);
	delivery = send_issue(2);
	assert_int_equal(bench_issue_number(&bench, 2, "recipients"), 1);
}

/* A mail firm calls everybody gone: above a day's measure nobody is erased any more. */
static void test_bad_hour(void **state)
{
	enum { READERS = 70 };
	int64_t deliveries[READERS];
	struct store_rows rows;
	struct fault f = {0};
	char address[40];
	size_t count = 0, held = 0;

	(void) state;
	for (int i = 0; i < READERS; i++) {
		snprintf(address, sizeof(address), "reader%d@example.org", i);
		bench_subscriber(&bench, address);
	}
	(void) send_issue(1);
	assert_true(store_rows_begin(bench.room.db, NEWSLETTER_SQL_DELIVERY_DUE, STORE_ARGS(store_i64(1), store_text(STR("accepted")),
		store_i64(INT64_MAX), store_i64(READERS)), &rows, &f));
	while (count < READERS && store_rows_next(&rows, &f))
		deliveries[count++] = store_column_i64(&rows, 0);
	assert_true(store_rows_end(&rows));
	assert_int_equal(count, READERS);
	for (size_t i = 0; i < READERS; i++)
		held += strcmp(take_kind(deliveries[i], MAIL_REPORT_HARD), "held") == 0;
	assert_int_equal(held, READERS - 50);
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_CONFIRMED), READERS - 50);
	assert_int_equal(muted(), READERS - 50);
	days_later(1); /* another day, another measure */
	assert_string_equal(take_kind(deliveries[READERS - 1], MAIL_REPORT_HARD), "hard");
}

static void test_refusal_at_smtp_time(void **state)
{
	struct fault f = {0};
	int64_t delivery;

	(void) state;
	bench_subscriber(&bench, "ada@example.org");
	delivery = send_issue(1);
	assert_true(newsletter_take_refusal(bench.n, delivery, 550, STR("5.7.1"), STR("blocked by policy"), &f));
	assert_true(newsletter_take_refusal(bench.n, delivery, 450, STR("4.1.1"), STR("user unknown"), &f));
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_CONFIRMED), 1);
	assert_true(newsletter_take_refusal(bench.n, delivery, 550, STR("5.1.1"), STR("no such user"), &f));
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_CONFIRMED), 0);
	assert_int_equal(suppressed("bounced"), 1);
	assert_true(newsletter_take_refusal(bench.n, delivery, 550, STR("5.1.1"), STR("no such user"), &f));
	assert_int_equal(suppressed("bounced"), 1);
}

/* The same by way of the keeper and the fold: the sink says 550 5.1.1. */
static void test_refused_by_the_server(void **state)
{
	struct fault f = {0};

	(void) state;
	bench_subscriber(&bench, "ada@example.org");
	bench_subscriber(&bench, "refuse@example.org");
	bench_put_issue(&bench, 1);
	assert_true(newsletter_issue_send(bench.n, 1, STR("test"), &f));
	bench_run_until(&bench, 1, "sent");
	assert_int_equal(bench_issue_number(&bench, 1, "accepted"), 1);
	assert_int_equal(bench_issue_number(&bench, 1, "refused"), 1);
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_CONFIRMED), 1);
	assert_int_equal(suppressed("bounced"), 1);
	bench_put_issue(&bench, 2);
	assert_true(newsletter_issue_send(bench.n, 2, STR("test"), &f));
	bench_run_until(&bench, 2, "sent");
	assert_int_equal(bench_issue_number(&bench, 2, "recipients"), 1);
}

/* An issue's mail to a new subscriber, in somebody's hands when the room died: its delivery. */
static int64_t claimed_mail(int64_t issue, const char *address)
{
	struct fault f = {0};
	bool more = true;
	int64_t id;

	bench_subscriber(&bench, address);
	bench_put_issue(&bench, issue);
	assert_true(newsletter_issue_send(bench.n, issue, STR("test"), &f));
	while (more)
		assert_true(newsletter_freeze_recipients(bench.n, &more, &f));
	id = bench_number(&bench, NEWSLETTER_SQL_DELIVERY_DUE, STORE_ARGS(store_i64(issue), store_text(STR("queued")),
		store_i64(INT64_MAX), store_i64(1)));
	assert_true(newsletter_moves_begin(bench.n, &f) && store_run(bench.room.db, NEWSLETTER_SQL_DELIVERY_CLAIM,
			STORE_ARGS(store_i64(id), store_text(STR("queued")), store_text(STR("claimed")), store_null(), store_i64(1)), NULL, &f) &&
		newsletter_moved(bench.n, issue, DELIVERY_QUEUED, DELIVERY_CLAIMED, 1, &f));
	assert_true(newsletter_moves_end(bench.n, true, &f));
	return id;
}

/* After a kill the refusal stands in the journal, without the server's words. Read twice, it counts once. */
static void test_refused_in_the_journal(void **state)
{
	struct journal_record record = {.kind = JOURNAL_ENDED, .outcome = SMTP_REFUSED, .stage = SMTP_AT_RCPT, .reply = 550, .try = 1};
	int fds[2] = {memfd_create("a", MFD_CLOEXEC), memfd_create("b", MFD_CLOEXEC)};
	struct fault f = {0};

	(void) state;
	for (int round = 0; round < 3; round++) {
		bool is_gone = round > 0;
		struct journal journal;

		if (round < 2)
			record.delivery = claimed_mail(round + 1, round == 0 ? "ada@example.org" : "bob@example.org");
		snprintf(record.enhanced, sizeof(record.enhanced), "%s", is_gone ? "5.1.1" : "5.7.1");
		journal_begin(&journal, fds);
		assert_true(journal_write(&journal, &record, 1, &f));
		assert_true(newsletter_recover(bench.n, fds, &f));
		assert_int_equal(suppressed("bounced"), is_gone);
		if (round == 0) /* the next issue is for who comes next alone */
			assert_true(store_run(bench.room.db, NEWSLETTER_SQL_SUBSCRIBER_MUTE,
				STORE_ARGS(store_i64(bench_number(&bench, NEWSLETTER_SQL_SUBSCRIBER_AFTER,
					STORE_ARGS(store_text(STR("confirmed")), store_i64(0), store_i64(1)))), store_i64(INT32_MAX)), NULL, &f));
	}
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_CONFIRMED), 1);
	assert_int_equal(bench_deliveries(&bench, DELIVERY_REFUSED), 2);
	close(fds[0]);
	close(fds[1]);
}

/* The line of the child is checked as if a thief wrote it. */
static void test_line(void **state)
{
	static const char *const bad[] = {"", "hard", "hardly 5.1.1", "hard 5.1.1;x", "hard 5.1.1 x:abc", "hard 5.1.1 a:", "hard 5.1.1 a:ABC",
		"hard 5.1.1 a:abcdefghijklmnopqrstuvwxyz2345677", "hard 123.456.78901", "fault io no",
		"hard 5.1.1 t:", "hard 5.1.1 t:6", "hard 5.1.1 t:0a", "hard 5.1.1 t:6A", "hard 5.1.1 t:61 t:62", "hard 5.1.1 m:x"};
	struct mail_report report = {.kind = MAIL_REPORT_HARD, .status = "5.1.1", .mark_count = 2}, again;
	struct mail_letter letter = {.to = "subscribe@tern.example", .from = "й@example.org", .is_automatic = true}, read;
	struct buf line;

	(void) state;
	memcpy(report.marks[0].text, "abcdefghijklmnopqrstuvwxyz234567", 33);
	memcpy(report.marks[1].text, "abcdefghijklmnopqrstuvwxyz", 27);
	report.marks[1].where = MAIL_MARK_LINK;
	buf_init(&line, 1024);
	reports_write_line(&report, &letter, &line);
	assert_true(reports_parse_line(str_part(buf_view(&line), 0, line.len - 1), &again, &read));
	assert_memory_equal(&report, &again, sizeof(report));
	assert_string_equal(read.to, letter.to);
	assert_string_equal(read.from, letter.from);
	assert_true(read.is_automatic);
	buf_release(&line);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(reports_parse_line(str_from(bad[i]), &again, &read));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_tokens, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_soft, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hard_and_complaint, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_forged, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_confirming_lifts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bad_hour, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refusal_at_smtp_time, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refused_by_the_server, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refused_in_the_journal, set_up, tear_down),
		cmocka_unit_test(test_line),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
