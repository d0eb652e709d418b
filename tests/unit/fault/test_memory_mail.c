/* test_memory_mail.c: memory runs out while a reader signs up and while an issue is mailed: whoever asks again is taken, nobody is
 * mailed an issue twice, and who may have been missed is named in doubt.
 * SPDX-License-Identifier: ISC */
#include "memory_test.h"
#include "newsletter/newsletter_test.h"

enum { PEOPLE = 5 };

static struct bench bench;

static int set_up(void **state)
{
	(void) state;
	bench_folder(&bench, "");
	return 0;
}

static int tear_down(void **state)
{
	(void) state;
	bench_remove(&bench);
	return 0;
}

static void assert_sound(void)
{
	struct arena arena;
	struct fault f = {0};
	struct str report;

	arena_init(&arena, "test", 1 << 20);
	assert_true(store_check(bench.room.db, &arena, &report, &f));
	if (report.len > 0)
		fail_msg("%.*s", STR_ARG(report));
	arena_release(&arena);
}

static bool turns(unsigned most, size_t query, const struct store_value *values, size_t count)
{
	struct fault f = {0};
	int64_t left = 1;

	while (most-- > 0 && left > 0)
		if (!loop_turn(bench.room.loop, 5, &f) || !store_number(bench.room.db, query, values, count, &left, &f))
			return false;
	return left == 0;
}

static bool nothing_is_queued(unsigned most)
{
	return turns(most, NEWSLETTER_SQL_DELIVERY_COUNT_SINGLES, STORE_ARGS(store_text(delivery_state_name(DELIVERY_QUEUED)))) &&
		turns(most, NEWSLETTER_SQL_DELIVERY_COUNT_SINGLES, STORE_ARGS(store_text(delivery_state_name(DELIVERY_CLAIMED)))) &&
		turns(most, NEWSLETTER_SQL_DELIVERY_COUNT_SINGLES, STORE_ARGS(store_text(delivery_state_name(DELIVERY_SENDING))));
}

static bool sign_up(void *self, uint64_t n)
{
	struct fault f = {0};
	struct email email;

	if (!bench_try_open(&bench, &f))
		return false;
	memory_fail_at(n);
	return email_parse(str_from(self), &email, &f) && newsletter_sign_up(bench.n, &email, STR("en"), STR("policy-1"), &f) &&
		newsletter_take_intake(bench.n, &f) && nothing_is_queued(400);
}

static void test_a_reader_who_asks_again_gets_a_mail(void **state)
{
	char address[64];
	bool more = true;
	int64_t pending = 0;

	(void) state;
	for (uint64_t n = 1; more; n = memory_next(n)) {
		int before;

		snprintf(address, sizeof(address), "reader%llu@example.org", (unsigned long long) n);
		more = memory_turn(sign_up, address, n);
		bench_open(&bench);
		assert_sound();
		assert_true(newsletter_take_intake(bench.n, &(struct fault){0}));
		assert_true(nothing_is_queued(400));
		before = sink_count(&bench, address);
		if (before == 0) {
			bench_sign_up(&bench, address);
			assert_true(nothing_is_queued(400));
		}
		assert_in_range(sink_count(&bench, address), 1, 2);
		assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_PENDING), ++pending);
		bench_close(&bench);
	}
	assert_true(pending > 10);
}

static bool is_sent(int64_t id, unsigned most)
{
	struct fault f = {0};

	while (most-- > 0) {
		json_t *json = NULL;
		bool sent;

		if (!loop_turn(bench.room.loop, 5, &f) || !newsletter_issue_json(bench.n, id, &json, &f))
			return false;
		sent = str_is(http_json_text(json, "state"), "sent");
		json_decref(json);
		if (sent)
			return true;
	}
	return false;
}

static bool send_issue(void *self, uint64_t n)
{
	const int64_t *id = self;
	struct fault f = {0};

	if (!bench_try_open(&bench, &f))
		return false;
	memory_fail_at(n);
	return newsletter_issue_send(bench.n, *id, STR("Anna Editor"), &f) && is_sent(*id, 2000);
}

static void test_an_issue_skips_nobody_and_repeats_nobody(void **state)
{
	bool more = true;
	int64_t id = 0;
	int taken = 0;

	(void) state;
	bench_open(&bench);
	for (int i = 0; i < PEOPLE; i++)
		bench_subscriber(&bench, (const char *[]){"a@x.example", "b@x.example", "c@x.example", "d@x.example", "e@x.example"}[i]);
	bench_close(&bench);
	for (uint64_t n = 1; more; n = memory_next(n)) {
		struct fault f = {0};
		int64_t doubt;

		id++;
		bench_open(&bench);
		bench_put_issue(&bench, id);
		bench_close(&bench);
		more = memory_turn(send_issue, &id, n);
		bench_open(&bench);
		assert_sound();
		if (!newsletter_issue_send(bench.n, id, STR("Anna Editor"), &f))
			assert_int_equal(f.kind, FAULT_CONFLICT); /* it was approved, or sent, already */
		assert_true(is_sent(id, 2000));
		doubt = bench_issue_number(&bench, id, "in_doubt");
		assert_in_range(doubt, 0, more ? 4 : 0);
		assert_int_equal(bench_issue_number(&bench, id, "accepted") + doubt, PEOPLE);
		taken = sink_count(&bench, "") - taken;
		assert_in_range(taken, PEOPLE - doubt, PEOPLE);
		taken = sink_count(&bench, "");
		bench_close(&bench);
	}
	assert_true(id > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_reader_who_asks_again_gets_a_mail, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_an_issue_skips_nobody_and_repeats_nobody, set_up, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
