/* test_push.c: gifts on rails that cannot charge: due, late, paused, and running again, worked out of what was paid.
 * SPDX-License-Identifier: ISC */
#include "support_bench.h"
#include "support/rail_wire.h"
#include "support/support_contact.h"
#include "support/support_push.h"

static int32_t day(const char *text)
{
	char moment[40];
	struct when when;
	struct fault f = {0};

	snprintf(moment, sizeof(moment), "%sT12:00:00Z", text);
	assert_true(clock_parse(str_from(moment), &when, &f));
	return clock_utc_day(when);
}

static void months_end_where_they_do(void **state)
{
	static const struct {
		const char *from;
		int months;
		const char *to;
	} cases[] = {
		{"2026-11-20", 1, "2026-12-20"}, {"2026-12-31", 1, "2027-01-31"}, {"2027-01-31", 1, "2027-02-28"},
		{"2028-01-31", 1, "2028-02-29"}, {"2028-02-29", 12, "2029-02-28"}, {"2026-03-31", 1, "2026-04-30"},
		{"2099-12-01", 12, "2100-12-01"}, {"2100-01-31", 1, "2100-02-28"}, {"2026-11-20", 0, "2026-11-20"},
	};

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(push_months_later(day(cases[i].from), cases[i].months), day(cases[i].to));
}

static int64_t begin(struct bench *bench)
{
	struct support_gift gift = {.frequency = FREQUENCY_MONTHLY, .amount = {500, "USD"}};
	struct email email;
	struct fault f = {0};
	char token[27], manage[2 * SUPPORT_MANAGE_BYTES + 1];
	int64_t id;

	assert_true(support_new_checkout(&bench->support, &gift, STR("en"), "bank", token, &id, &f));
	support_manage_token(&bench->support, str_from(token), manage);
	assert_true(email_parse(STR("giver@example.org"), &email, &f));
	assert_true(support_set_contact(&bench->support, id, str_from(manage), &email, STR("en"), &f));
	return id;
}

static void pay(struct bench *bench, int64_t checkout, const char *name, int32_t on)
{
	struct facts facts = {.rail = "bank", .kind = FACT_PAID, .type = STR("transfer"), .event = str_from(name), .payment = str_from(name),
		.checkout = checkout, .amount = {500, "USD"}, .created_s = (int64_t) on * 86400 + 43200};
	struct fault f = {0};
	size_t fresh;

	if (!support_take(&bench->support, &facts, 1, &fresh, &f))
		fail_msg("%s (%s; %s)", f.say, f.detail, f.trail);
	assert_int_equal(fresh, 1);
}

static enum mandate_state look(struct bench *bench, int64_t checkout, int32_t today)
{
	struct support_mandate mandate;
	struct fault f = {0};

	clock_fix(clock_from_utc_day(today));
	if (!support_find_push(&bench->support, today, &f))
		fail_msg("%s (%s; %s)", f.say, f.detail, f.trail);
	assert_true(support_find_mandate(&bench->support, checkout, false, &bench->arena, &mandate, &f));
	assert_true(mandate.id != 0);
	return mandate.state;
}

static int64_t told(struct bench *bench)
{
	const struct store_value due = store_text(STR("due"));
	struct fault f = {0};
	int64_t n = -1;

	assert_true(store_number(bench->support.db, SUPPORT_SQL_NOTICE_COUNT_STATE, &due, 1, &n, &f));
	return n;
}

static void a_pushed_gift_is_due_late_paused_and_runs_again(void **state)
{
	struct bench *bench = *state;
	int32_t first = day("2026-11-20"), due = day("2026-12-20");
	struct support_mandate mandate;
	struct fault f = {0};
	int64_t checkout;

	bench->settings.push_grace = 14;
	clock_fix(clock_from_utc_day(first));
	checkout = begin(bench);
	pay(bench, checkout, "t1", first);
	assert_true(support_find_mandate(&bench->support, checkout, false, &bench->arena, &mandate, &f));
	assert_true(mandate.id != 0); /* at once, so that it can be ended at once */
	assert_int_equal(look(bench, checkout, first + 1), MANDATE_ACTIVE);
	assert_int_equal(look(bench, checkout, due - 4), MANDATE_ACTIVE);
	assert_int_equal(told(bench), 0);
	assert_int_equal(look(bench, checkout, due - 3), MANDATE_ACTIVE);
	assert_int_equal(told(bench), 1);
	assert_int_equal(look(bench, checkout, due), MANDATE_ACTIVE);
	assert_int_equal(look(bench, checkout, due), MANDATE_ACTIVE); /* twice is once */
	assert_int_equal(told(bench), 1);
	assert_int_equal(look(bench, checkout, due + 1), MANDATE_LATE);
	assert_int_equal(look(bench, checkout, due + 14), MANDATE_LATE);
	assert_int_equal(told(bench), 1);
	assert_int_equal(look(bench, checkout, due + 15), MANDATE_PAUSED);
	assert_int_equal(look(bench, checkout, due + 40), MANDATE_PAUSED);
	assert_int_equal(told(bench), 2);
	pay(bench, checkout, "t2", due + 41);
	assert_int_equal(look(bench, checkout, due + 42), MANDATE_ACTIVE);
	assert_int_equal(told(bench), 2);
	clock_fix((struct when){0});
}

/* Nobody looked for two months: no mail about what is long past, but the state is what it is. */
static void a_house_that_slept_tells_no_old_news(void **state)
{
	struct bench *bench = *state;
	int32_t first = day("2026-11-20");
	int64_t checkout;

	bench->settings.push_grace = 14;
	clock_fix(clock_from_utc_day(first));
	checkout = begin(bench);
	pay(bench, checkout, "t1", first);
	assert_int_equal(look(bench, checkout, first + 100), MANDATE_PAUSED);
	assert_int_equal(told(bench), 1); /* that it rests */
	clock_fix((struct when){0});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(months_end_where_they_do),
		cmocka_unit_test_setup_teardown(a_pushed_gift_is_due_late_paused_and_runs_again, bench_set_up, bench_tear_down),
		cmocka_unit_test_setup_teardown(a_house_that_slept_tells_no_old_news, bench_set_up, bench_tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
