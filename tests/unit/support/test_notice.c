/* test_notice.c: what supporters are told, found in the rows: once each, on the right days, and never to who left no address; and the end
 * of an address.
 * SPDX-License-Identifier: ISC */
#include "support_bench.h"

#include <sqlite3.h>
#include "support/support_contact.h"
#include "support/support_notice.h"

enum { TODAY = 20700 };

/* Rows as the books leave them: nothing here asks how they came. */
static void run(struct bench *bench, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void run(struct bench *bench, const char *format, ...)
{
	sqlite3 *db = NULL;
	char sql[1024];
	char *trouble = NULL;
	va_list args;

	va_start(args, format);
	vsnprintf(sql, sizeof(sql), format, args);
	va_end(args);
	assert_int_equal(sqlite3_open(bench->path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 5000);
	if (sqlite3_exec(db, sql, NULL, NULL, &trouble) != SQLITE_OK)
		fail_msg("%s: %s", sql, trouble);
	sqlite3_close(db);
}

static int64_t begin(struct bench *bench, const char *frequency, int day)
{
	static int64_t next = 1000;
	int64_t id = ++next;

	run(bench, "INSERT INTO checkout (id, token_hash, manage_hash, frequency, amount_minor, currency, language, state, day) "
		"VALUES (%lld, randomblob(32), randomblob(32), '%s', 500, 'USD', 'en', 'paid', %d)", (long long) id, frequency, day);
	return id;
}

static void give(struct bench *bench, int64_t id, int64_t checkout, const char *frequency, int day)
{
	run(bench, "INSERT INTO contribution (id, subject, checkout, frequency, method, amount_minor, currency, refunded_minor, state, day) "
		"VALUES (%lld, %lld, %lld, '%s', 'stripe', 500, 'USD', 0, 'booked', %d)", (long long) id, (long long) id, (long long) checkout,
		frequency, day);
}

static void mandate(struct bench *bench, int64_t id, int64_t checkout, const char *state, int started, int ended)
{
	run(bench, "INSERT INTO mandate (id, checkout, subscription_index, subscription_sealed, state, started_day, ended_day) "
		"VALUES (%lld, %lld, randomblob(32), randomblob(456), '%s', %d, nullif(%d, 0))", (long long) id, (long long) checkout, state, started,
		ended);
}

static void leave_address(struct bench *bench, int64_t checkout, int day)
{
	struct email email;
	struct fault f = {0};

	clock_fix(clock_from_utc_day(day));
	assert_true(email_parse(STR("supporter@example.org"), &email, &f));
	assert_true(support_set_contact(&bench->support, checkout, STR("0123456789abcdef0123456789abcdef"), &email, STR("en"), &f));
}

static int64_t find(struct bench *bench, int day)
{
	struct fault f = {0};
	struct notice_look look = notice_look_from(day);

	clock_fix(clock_from_utc_day(day));
	while (look.at != NOTICE_LOOK_DONE)
		if (!support_look_for_notices(&bench->support, &look, &f))
			fail_msg("%s (%s; %s)", f.say, f.detail, f.trail);
	return look.noted;
}

static int64_t noted(struct bench *bench, const char *kind)
{
	char sql[128];

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM notice WHERE kind = '%s'", kind);
	return bench_ask(bench, sql);
}

static void an_address_is_sealed_and_opens(void **state)
{
	struct bench *bench = *state;
	struct support_contact contact;
	struct fault f = {0};
	int64_t checkout = begin(bench, "once", TODAY);
	bool found, has;

	leave_address(bench, checkout, TODAY);
	assert_int_equal(bench_ask(bench, "SELECT count(*) FROM contact WHERE instr(address_sealed, 'example') > 0 OR instr(manage_sealed, '0123') > 0"), 0);
	assert_true(support_open_contact(&bench->support, checkout, &bench->arena, &contact, &found, &f));
	assert_true(found && str_is(email_text(&contact.email), "supporter@example.org"));
	assert_true(str_is(contact.token, "0123456789abcdef0123456789abcdef") && str_is(contact.language, "en"));
	assert_true(support_drop_contact(&bench->support, checkout, &f));
	assert_true(support_has_contact(&bench->support, checkout, &has, &f) && !has);
	assert_true(support_open_contact(&bench->support, checkout, &bench->arena, &contact, &found, &f) && !found);
}

static void who_left_no_address_is_told_nothing(void **state)
{
	struct bench *bench = *state;
	int64_t checkout = begin(bench, "monthly", TODAY);

	give(bench, 1, checkout, "monthly", TODAY);
	mandate(bench, 1, checkout, "ended", TODAY - 3, TODAY);
	assert_int_equal(find(bench, TODAY), 0);
	assert_int_equal(bench_ask(bench, "SELECT count(*) FROM notice"), 0);
}

static void first_and_further_gifts_are_told_once(void **state)
{
	struct bench *bench = *state;
	int64_t checkout = begin(bench, "monthly", TODAY);

	give(bench, 1, checkout, "monthly", TODAY);
	leave_address(bench, checkout, TODAY);
	assert_int_equal(find(bench, TODAY), 1);
	assert_int_equal(find(bench, TODAY), 0);
	give(bench, 2, checkout, "monthly", TODAY + 30);
	assert_int_equal(find(bench, TODAY + 31), 1);
	assert_int_equal(find(bench, TODAY + 32), 0);
	assert_int_equal(noted(bench, "thanks"), 1);
	assert_int_equal(noted(bench, "renewed"), 1);
	/* What becomes known too late is not told any more. */
	give(bench, 3, checkout, "monthly", TODAY + 60);
	assert_int_equal(find(bench, TODAY + 60 + NOTICE_LATE_DAYS + 1), 0);
}

static void an_annual_debit_is_told_fourteen_days_before(void **state)
{
	struct bench *bench = *state;
	int64_t checkout = begin(bench, "annual", TODAY);

	give(bench, 1, checkout, "annual", TODAY);
	mandate(bench, 1, checkout, "active", TODAY, 0);
	leave_address(bench, checkout, TODAY);
	assert_int_equal(find(bench, TODAY), 1);
	assert_int_equal(find(bench, TODAY + 365 - 15), 0);
	assert_int_equal(find(bench, TODAY + 365 - 14), 1);
	assert_int_equal(find(bench, TODAY + 365 - 13), 0);
	assert_int_equal(bench_ask(bench, "SELECT day FROM notice WHERE kind = 'upcoming'"), TODAY + 365);
	/* The next year's is another one. */
	give(bench, 2, checkout, "annual", TODAY + 365);
	(void) find(bench, TODAY + 366);
	assert_int_equal(find(bench, TODAY + 731 - 14), 1); /* 29 February 2028 lies between */
	assert_int_equal(noted(bench, "upcoming"), 2);
}

static void a_debit_that_was_missed_is_told_until_its_day(void **state)
{
	struct bench *bench = *state;
	int64_t checkout = begin(bench, "annual", TODAY);

	give(bench, 1, checkout, "annual", TODAY);
	mandate(bench, 1, checkout, "active", TODAY, 0);
	leave_address(bench, checkout, TODAY);
	(void) find(bench, TODAY);
	assert_int_equal(find(bench, TODAY + 365 - 2), 1); /* the house was down for a while */
	run(bench, "DELETE FROM notice WHERE kind = 'upcoming'");
	assert_int_equal(find(bench, TODAY + 365), 0);     /* it is too late */
	run(bench, "UPDATE mandate SET state = 'paused'");
	assert_int_equal(find(bench, TODAY + 365 - 14), 0); /* nothing is taken then */
	run(bench, "UPDATE mandate SET state = 'ended', ended_day = %d", TODAY);
	assert_int_equal(find(bench, TODAY + 365 - 14), 0);
}

static void failed_tries_are_told_at_the_second_fourth_and_last(void **state)
{
	struct bench *bench = *state;
	int64_t checkout = begin(bench, "monthly", TODAY - 40);

	leave_address(bench, checkout, TODAY - 40);
	run(bench, "INSERT INTO renewal (id, subject, checkout, frequency, amount_minor, currency, attempts, state, reason, day, next_day) "
		"VALUES (7, 7, %lld, 'monthly', 500, 'USD', 1, 'failing', 'card_declined', %d, %d)", (long long) checkout, TODAY, TODAY + 3);
	assert_int_equal(find(bench, TODAY), 0);
	for (int attempt = 2; attempt <= 5; attempt++) {
		run(bench, "UPDATE renewal SET attempts = %d", attempt);
		assert_int_equal(find(bench, TODAY + attempt), attempt % 2 == 0 ? 1 : 0);
	}
	run(bench, "UPDATE renewal SET state = 'given_up'");
	assert_int_equal(find(bench, TODAY + 8), 1);
	assert_int_equal(find(bench, TODAY + 9), 0);
	assert_int_equal(noted(bench, "failed"), 2);
	assert_int_equal(noted(bench, "failed_last"), 1);
}

static void ends_and_refunds_are_told_once(void **state)
{
	struct bench *bench = *state;
	int64_t checkout = begin(bench, "monthly", TODAY);

	give(bench, 1, checkout, "monthly", TODAY);
	mandate(bench, 5, checkout, "active", TODAY, 0);
	leave_address(bench, checkout, TODAY);
	(void) find(bench, TODAY);
	run(bench, "UPDATE mandate SET state = 'ended', ended_day = %d", TODAY + 1);
	assert_int_equal(find(bench, TODAY + 1), 1);
	assert_int_equal(find(bench, TODAY + 1), 0);
	run(bench, "INSERT INTO refund (id, subject, contribution, amount_minor, currency, state, day) VALUES (1, 1, 1, 200, 'USD', 'done', %d)",
		TODAY + 2);
	run(bench, "UPDATE contribution SET refunded_minor = 200, state = 'part_refunded'");
	assert_int_equal(find(bench, TODAY + 2), 1);
	assert_int_equal(find(bench, TODAY + 3), 0);
	run(bench, "INSERT INTO refund (id, subject, contribution, amount_minor, currency, state, day) VALUES (2, 1, 1, 300, 'USD', 'done', %d)",
		TODAY + 4);
	run(bench, "UPDATE contribution SET refunded_minor = 500, state = 'refunded'");
	assert_int_equal(find(bench, TODAY + 4), 1);
	assert_int_equal(bench_ask(bench, "SELECT amount_minor FROM notice WHERE kind = 'refunded' AND step = 500"), 500);
}

static void an_address_goes_thirteen_months_after_the_last_gift(void **state)
{
	struct bench *bench = *state;
	int64_t once = begin(bench, "once", TODAY), running = begin(bench, "monthly", TODAY), ended = begin(bench, "monthly", TODAY);
	struct fault f = {0};
	int64_t erased = -1;

	run(bench, "UPDATE checkout SET session_sealed = randomblob(456)");
	give(bench, 1, once, "once", TODAY);
	give(bench, 2, running, "monthly", TODAY);
	give(bench, 3, ended, "monthly", TODAY);
	mandate(bench, 2, running, "active", TODAY, 0);
	mandate(bench, 3, ended, "ended", TODAY, TODAY + 100);
	run(bench, "INSERT INTO event (subject, id, event_index, rail, type, state, period, day, handle_sealed) "
		"VALUES (1, 1, randomblob(32), 'stripe', 'x', 'applied', 0, %d, randomblob(88))", TODAY);
	leave_address(bench, once, TODAY);
	leave_address(bench, running, TODAY);
	leave_address(bench, ended, TODAY);
	assert_true(support_erase_old_supporters(&bench->support, TODAY + CONTACT_KEEP_DAYS, &erased, &f));
	assert_int_equal(erased, 0);
	assert_true(support_erase_old_supporters(&bench->support, TODAY + CONTACT_KEEP_DAYS + 1, &erased, &f));
	assert_int_equal(erased, 1);
	assert_int_equal(bench_ask(bench, "SELECT count(*) FROM contact"), 2);
	assert_int_equal(bench_ask(bench, "SELECT count(*) FROM event WHERE handle_sealed IS NOT NULL"), 0);
	assert_true(support_erase_old_supporters(&bench->support, TODAY + 100 + CONTACT_KEEP_DAYS + 1, &erased, &f));
	assert_int_equal(erased, 1);
	assert_int_equal(bench_ask(bench, "SELECT count(*) FROM mandate WHERE subscription_sealed IS NOT NULL"), 1);
	assert_int_equal(bench_ask(bench, "SELECT count(*) FROM checkout WHERE session_sealed IS NOT NULL"), 1);
	assert_int_equal(bench_ask(bench, "SELECT count(*) FROM contribution"), 3);
}

static void a_running_gift_ends_before_it_is_erased(void **state)
{
	struct bench *bench = *state;
	int64_t checkout = begin(bench, "monthly", TODAY);
	struct fault f = {0};
	bool has;

	mandate(bench, 1, checkout, "active", TODAY, 0);
	leave_address(bench, checkout, TODAY);
	assert_false(support_erase_supporter(&bench->support, checkout, &f));
	assert_int_equal(f.kind, FAULT_CONFLICT);
	assert_true(support_has_contact(&bench->support, checkout, &has, &f) && has);
	run(bench, "UPDATE mandate SET state = 'ended', ended_day = %d", TODAY);
	fault_clear(&f);
	assert_true(support_erase_supporter(&bench->support, checkout, &f));
	assert_int_equal(bench_ask(bench, "SELECT count(*) FROM mandate WHERE subscription_sealed IS NOT NULL"), 0);
	assert_true(support_has_contact(&bench->support, checkout, &has, &f) && !has);
}

static void later_invoices_are_erased_with_the_gift_that_began_them(void **state)
{
	struct bench *bench = *state;
	int64_t first = begin(bench, "monthly", TODAY), later = begin(bench, "monthly", TODAY + 30), other = begin(bench, "once", TODAY);
	struct fault f = {0};

	run(bench, "UPDATE checkout SET session_sealed = randomblob(456)");
	run(bench, "UPDATE checkout SET renews = %lld WHERE id = %lld", (long long) first, (long long) later);
	give(bench, 1, first, "monthly", TODAY);
	give(bench, 2, later, "monthly", TODAY + 30);
	give(bench, 3, other, "once", TODAY);
	run(bench, "INSERT INTO event (subject, id, event_index, rail, type, state, period, day, handle_sealed) "
		"SELECT subject, id, randomblob(32), 'stripe', 'x', 'applied', 0, day, randomblob(88) FROM contribution");
	run(bench, "INSERT INTO refund_wish (id, contribution, amount_minor, state, reason, wanted_by, page_sealed, day) "
		"SELECT id, id, 100, 'asked', '', 'x', randomblob(456), day FROM contribution");
	mandate(bench, 1, first, "ended", TODAY, TODAY + 31);
	assert_true(support_erase_supporter(&bench->support, first, &f));
	assert_int_equal(bench_ask(bench, "SELECT count(*) FROM refund_wish WHERE page_sealed IS NOT NULL"), 1);
	assert_int_equal(bench_ask(bench, "SELECT contribution FROM refund_wish WHERE page_sealed IS NOT NULL"), 3);
	assert_int_equal(bench_ask(bench, "SELECT count(*) FROM checkout WHERE session_sealed IS NOT NULL"), 1);
	assert_int_equal(bench_ask(bench, "SELECT subject FROM event WHERE handle_sealed IS NOT NULL"), 3);
	assert_int_equal(bench_ask(bench, "SELECT count(*) FROM event WHERE handle_sealed IS NOT NULL"), 1);
	assert_int_equal(bench_ask(bench, "SELECT count(*) FROM contribution"), 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_set_up, bench_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_address_is_sealed_and_opens),
		TEST(who_left_no_address_is_told_nothing),
		TEST(first_and_further_gifts_are_told_once),
		TEST(an_annual_debit_is_told_fourteen_days_before),
		TEST(a_debit_that_was_missed_is_told_until_its_day),
		TEST(failed_tries_are_told_at_the_second_fourth_and_last),
		TEST(ends_and_refunds_are_told_once),
		TEST(an_address_goes_thirteen_months_after_the_last_gift),
		TEST(a_running_gift_ends_before_it_is_erased),
		TEST(later_invoices_are_erased_with_the_gift_that_began_them),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
