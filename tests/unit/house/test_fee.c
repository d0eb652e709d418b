/* test_fee.c: what a fee takes, what is too much, and what a reader pays who adds it.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "house/fee.h"

static const struct settings_fee fees[] = {{true, 290, 30}, {true, 150, 25}, {true, 0, 0}, {true, 500, 5}, {true, 0, 35}, {true, 340, 0},
	{true, 999, 0}, {true, 1001, 0}, {true, 5000, 100}};
enum { FEES = sizeof(fees) / sizeof(fees[0]) };

static void a_fee_is_rounded_as_card_companies_do(void **state)
{
	(void) state;
	assert_int_equal(fee_take(fees[0], 500), 45);   /* 14.5 and 30 */
	assert_int_equal(fee_take(fees[0], 200), 36);
	assert_int_equal(fee_take(fees[0], 10), 10);    /* never more than there is */
	assert_int_equal(fee_share(fees[0], 500), 9);
	assert_int_equal(fee_share(fees[2], 500), 0);
	assert_int_equal(fee_take(fees[0], 0), 0);
}

static void a_tenth_is_not_too_much_and_more_is(void **state)
{
	struct settings_fee tenth = {true, 1000, 0};

	(void) state;
	assert_false(fee_is_too_much(tenth, 1000));
	assert_true(fee_is_too_much((struct settings_fee){true, 1000, 1}, 1000));
	assert_true(fee_is_too_much(fees[0], 200));
	assert_false(fee_is_too_much(fees[2], 1));
}

static void the_least_is_the_first_that_may_be_taken(void **state)
{
	(void) state;
	for (size_t i = 0; i < FEES; i++) {
		int64_t least = fee_least(fees[i]);

		if (least == INT64_MAX) {
			assert_true(fee_is_too_much(fees[i], INT64_C(1) << 38));
			continue;
		}
		assert_false(fee_is_too_much(fees[i], least));
		if (least > 1)
			assert_true(fee_is_too_much(fees[i], least - 1));
	}
	assert_int_equal(fee_least(fees[2]), 1);
	assert_int_equal(fee_least(fees[7]), INT64_MAX);
}

/* What is left is what was meant, and nobody pays a cent more than that needs. */
static void a_covered_gift_arrives_whole(void **state)
{
	(void) state;
	for (size_t i = 0; i < FEES; i++)
		for (int64_t minor = 1; minor < 20000; minor += minor < 1200 ? 1 : 37) {
			int64_t paid = fee_cover(fees[i], minor);

			if (paid - fee_take(fees[i], paid) < minor)
				fail_msg("fee %zu: of %lld for %lld too little is left", i, (long long) paid, (long long) minor);
			if (paid > minor && paid - 1 - fee_take(fees[i], paid - 1) >= minor)
				fail_msg("fee %zu: %lld is more than %lld needs", i, (long long) paid, (long long) minor);
		}
	assert_int_equal(fee_cover(fees[2], 700), 700);
}

static void the_first_way_to_pay_is_meant_where_none_is_named(void **state)
{
	struct str names[] = {STR("bank"), STR("stripe")};
	struct settings settings = {.rails = {2, names}};

	(void) state;
	settings.fees[0] = fees[0]; /* stripe */
	settings.fees[4] = fees[4]; /* bank */
	assert_int_equal(fee_of(&settings, STR("stripe")).per_10000, 290);
	assert_int_equal(fee_of(&settings, (struct str){NULL, 0}).fixed_minor, 35);
	assert_false(fee_of(&settings, STR("paypal")).is_known);
	assert_false(fee_of(&settings, STR("nobody")).is_known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fee_is_rounded_as_card_companies_do),
		cmocka_unit_test(a_tenth_is_not_too_much_and_more_is),
		cmocka_unit_test(the_least_is_the_first_that_may_be_taken),
		cmocka_unit_test(a_covered_gift_arrives_whole),
		cmocka_unit_test(the_first_way_to_pay_is_meant_where_none_is_named),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
