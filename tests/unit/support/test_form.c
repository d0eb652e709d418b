/* test_form.c: amounts as readers type them, fees, a gift in place of another, and the day of a reminder.
 * SPDX-License-Identifier: ISC */
#include "support_bench.h"
#include "gen/theme_files.h"
#include "press/locale.h"
#include "support/support_own.h"

static struct locale *open_locale(const char *language)
{
	char name[32];
	const struct embed_file *file;
	struct locale *locale = NULL;
	struct fault f = {0};

	snprintf(name, sizeof(name), "locale/%s.json", language);
	file = embed_find(theme_files, str_from(name));
	assert_non_null(file);
	assert_true(locale_open(&locale, str_from(language), file->text, &f));
	return locale;
}

static void set_bounds(struct settings *settings)
{
	for (unsigned i = 0; i < FREQUENCY_COUNT; i++) {
		settings->frequency[i] = (struct settings_frequency){
			.minimum = {200, "USD"}, .maximum = {1000000, "USD"}, .chosen = 1};
		for (unsigned j = 0; j < SETTINGS_AMOUNTS; j++)
			settings->frequency[i].amounts[j] = (struct money){200 * (int64_t) (j + 1), "USD"};
	}
	settings->frequency[FREQUENCY_ANNUAL].minimum.minor = 2000;
}

/* The amount in minor units, or -1 and a sentence. */
static int64_t amount(
	struct bench *bench, const struct locale *locale, enum frequency frequency, const char *picked, const char *own)
{
	struct money money;
	struct str error;
	bool ok;

	set_bounds(&bench->settings);
	ok = support_read_amount(
		&bench->settings, locale, frequency, str_from(picked), str_from(own), &money, &error, &bench->arena);
	assert_int_equal(ok, error.len == 0);
	if (ok)
		assert_string_equal(money.code, "USD");
	return ok ? money.minor : -1;
}

static void amounts_are_read(void **state)
{
	struct bench *bench = *state;
	struct locale *en = open_locale("en"), *ru = open_locale("ru"), *ar = open_locale("ar");

	assert_int_equal(amount(bench, en, FREQUENCY_MONTHLY, "400", ""), 400);
	assert_int_equal(amount(bench, en, FREQUENCY_MONTHLY, "own", "12.50"), 1250);
	assert_int_equal(amount(bench, en, FREQUENCY_MONTHLY, "400", " 12.5 "), 1250); /* typed wins over pressed */
	assert_int_equal(amount(bench, en, FREQUENCY_MONTHLY, "400", "   "), 400);
	assert_int_equal(amount(bench, en, FREQUENCY_ONCE, "own", "1,234.50"), 123450);
	assert_int_equal(amount(bench, ru, FREQUENCY_ONCE, "own", "12,50"), 1250);
	assert_int_equal(amount(bench, ru, FREQUENCY_ONCE, "own", "12.50"), 1250);
	assert_int_equal(amount(bench, ar, FREQUENCY_ONCE, "own", "\xd9\xa1\xd9\xa2"), 1200); /* ١٢ */
	assert_int_equal(amount(bench, ar, FREQUENCY_ONCE, "own", "\xdb\xb1\xdb\xb2"), 1200); /* ۱۲, Persian */
	locale_close(&en);
	locale_close(&ru);
	locale_close(&ar);
}

static void wrong_amounts_get_a_sentence(void **state)
{
	static const char *const typed[] = {"1.99", "0", "-5", "abc", "1e3", "5 dollars", "1.234", "99999999999999999999",
		"10000.01", "0x10", "+", ".", ",", "NaN", "5;5", "\xff\xfe", "10 000 000"};
	static const char *const pressed[] = {
		"", "own", "199", "-200", "0", "200.0", "1000001", "9223372036854775808", "abc", "2e3"};
	struct bench *bench = *state;
	struct locale *en = open_locale("en");

	for (size_t i = 0; i < sizeof(typed) / sizeof(typed[0]); i++)
		if (amount(bench, en, FREQUENCY_MONTHLY, "400", typed[i]) != -1)
			fail_msg("\"%s\" was taken", typed[i]);
	for (size_t i = 0; i < sizeof(pressed) / sizeof(pressed[0]); i++)
		if (amount(bench, en, FREQUENCY_MONTHLY, pressed[i], "") != -1)
			fail_msg("\"%s\" was taken", pressed[i]);
	/* bounds are each frequency's own, and include their ends */
	assert_int_equal(amount(bench, en, FREQUENCY_MONTHLY, "200", ""), 200);
	assert_int_equal(amount(bench, en, FREQUENCY_MONTHLY, "1000000", ""), 1000000);
	assert_int_equal(amount(bench, en, FREQUENCY_ANNUAL, "1999", ""), -1);
	assert_int_equal(amount(bench, en, FREQUENCY_ANNUAL, "2000", ""), 2000);
	locale_close(&en);
}

static struct support_reminder_day day_of(int year, int month, int day, int months)
{
	struct civil civil = {.year = year, .month = month, .day = day, .hour = 23, .minute = 30};

	return support_reminder_day(clock_from_civil(&civil), months);
}

/* Noon of a day may be the day before in UTC. */
static void assert_due(struct support_reminder_day due, int year, int month, int first, int last)
{
	struct civil civil = clock_civil_utc(clock_from_utc_day(due.due_day + 1));

	assert_int_equal(due.year, year);
	assert_int_equal(due.month, month);
	assert_int_equal(civil.year, year);
	assert_int_equal(civil.month, month);
	assert_in_range(civil.day, first, last);
}

static const char *const zones[] = {"UTC", "Europe/Amsterdam", "Pacific/Auckland", "Pacific/Honolulu"};

static void the_month_is_the_next_until_the_19th(void **state)
{
	struct fault f = {0};

	(void) state;
	for (size_t i = 0; i < 4; i++) {
		assert_true(clock_set_zone(str_from(zones[i]), &f));
		for (int month = 1; month <= 12; month++)
			for (int day = 1; day <= 28; day++) {
				int later = month + (day <= 19 ? 1 : 2);

				assert_due(day_of(2026, month, day, 0), later > 12 ? 2027 : 2026, (later - 1) % 12 + 1, 1, 2);
			}
		assert_int_equal(day_of(2026, 12, 31, 0).month, 2);
		assert_int_equal(day_of(2028, 2, 29, 0).month, 4);
	}
	assert_true(clock_set_zone(STR("UTC"), &f));
}

static void after_a_gift_it_is_that_day_so_many_months_later(void **state)
{
	static const int months[] = {3, 6, 12};
	struct fault f = {0};

	(void) state;
	for (size_t i = 0; i < 4; i++) {
		assert_true(clock_set_zone(str_from(zones[i]), &f));
		for (int month = 1; month <= 12; month++)
			for (size_t j = 0; j < 3; j++) {
				int later = month + months[j];

				assert_due(day_of(2026, month, 15, months[j]), later > 12 ? 2027 : 2026, (later - 1) % 12 + 1, 15, 16);
				assert_int_equal(day_of(2026, month, month == 2 ? 28 : 30, months[j]).month, (later - 1) % 12 + 1);
			}
		assert_due(day_of(2027, 2, 28, 12), 2028, 2, 28, 29);
	}
	assert_true(clock_set_zone(STR("UTC"), &f));
}

/* --- fees --- */

static bool weigh(struct bench *bench, const struct locale *locale, bool cover, int64_t minor, struct support_gift *gift, struct str *error)
{
	*gift = (struct support_gift){.frequency = FREQUENCY_MONTHLY, .amount = {minor, "USD"}, .rail = STR("stripe")};
	*error = (struct str){NULL, 0};
	return support_weigh_fee(&bench->settings, locale, cover, gift, error, &bench->arena);
}

static void what_loses_too_much_is_refused_unless_the_fee_is_added(void **state)
{
	struct bench *bench = *state;
	struct locale *en = open_locale("en");
	struct support_gift gift;
	struct str error;

	bench->settings.fees[0] = (struct settings_fee){true, 290, 30};
	assert_false(weigh(bench, en, false, 200, &gift, &error));
	assert_true(str_find(error, STR("$0.36")) != SIZE_MAX && str_find(error, STR("$2.37")) != SIZE_MAX);
	assert_true(str_find(error, STR("$4.20")) != SIZE_MAX); /* 0.42 of it */
	assert_true(weigh(bench, en, false, 500, &gift, &error));
	assert_int_equal(gift.amount.minor, 500);
	assert_int_equal(gift.cover_minor, 0);
	assert_true(weigh(bench, en, true, 200, &gift, &error));
	assert_int_equal(gift.amount.minor, 237);
	assert_int_equal(gift.cover_minor, 37);
	/* nothing is said where the newsroom did not say what it costs */
	bench->settings.fees[0].is_known = false;
	assert_true(weigh(bench, en, false, 200, &gift, &error));
	assert_true(weigh(bench, en, true, 200, &gift, &error));
	assert_int_equal(gift.amount.minor, 200);
	locale_close(&en);
}

/* --- a gift in place of another --- */

static void a_gift_takes_the_place_of_another_once_it_is_paid(void **state)
{
	struct bench *bench = *state;
	struct support *support = &bench->support;
	char old_token[27], token[27], third[27], manage[2 * SUPPORT_MANAGE_BYTES + 1];
	struct support_checkout old = {.id = bench_checkout(bench, FREQUENCY_MONTHLY, 500, old_token), .frequency = FREQUENCY_MONTHLY};
	struct support_checkout new = {.id = bench_checkout(bench, FREQUENCY_ANNUAL, 5000, token), .state = CHECKOUT_ASKED};
	int64_t second = bench_checkout(bench, FREQUENCY_ANNUAL, 5000, third);
	struct support_gift gift = {.cover_minor = 12, .instead = {manage, sizeof(manage) - 1}};
	struct support_mandate mandate;
	struct fault f = {0};
	int64_t cover = 0, replaces = 0;

	support_manage_token(support, str_from(old_token), manage);
	assert_true(support_know_mandate(support, &old, STR("sub_1"), &mandate, &f));
	assert_true(support_keep_choice(support, new.id, &gift, &f));
	assert_true(support_find_choice(support, new.id, &cover, &replaces, &f));
	assert_int_equal(cover, 12);
	assert_int_equal(replaces, old.id);
	/* who came back without paying and tries again carries the thanks page's token */
	gift.instead = str_from(token);
	assert_true(support_keep_choice(support, second, &gift, &f));
	assert_true(support_find_choice(support, second, &cover, &replaces, &f));
	assert_int_equal(replaces, old.id);
	gift.instead = STR("nobody's");
	assert_true(support_keep_choice(support, second, &gift, &f));
	assert_true(support_find_choice(support, second, &cover, &replaces, &f));
	assert_int_equal(replaces, 0);
	/* not before the new one's money is there */
	support_end_replaced(support);
	assert_true(support_find_mandate(support, old.id, false, &bench->arena, &mandate, &f));
	assert_int_equal(mandate.state, MANDATE_ACTIVE);
	assert_true(support_move_checkout(support, &new, CHECKOUT_IS_PAID, &f));
	support_end_replaced(support);
	assert_true(support_find_mandate(support, old.id, false, &bench->arena, &mandate, &f));
	assert_int_equal(mandate.state, MANDATE_UNCERTAIN);
	support_end_replaced(support);
}

/* Every sentence that the room says is there, in each language, and every reminder names its own month. */
/* "500" would be read as yen, and taken as 500 cents. */
static void a_gift_in_another_currency_gets_no_new_amount(void **state)
{
	struct bench *bench = *state;
	const struct support_checkout checkout = {.frequency = FREQUENCY_MONTHLY, .amount = {500, "USD"}, .rail = STR("stripe")};

	rail_find(&bench->support, STR("stripe"))->is_on = true;
	assert_true(support_can(&bench->support, &checkout).change);
	bench->settings.currency = STR("JPY");
	assert_false(support_can(&bench->support, &checkout).change);
	assert_true(support_can(&bench->support, &checkout).pause && support_can(&bench->support, &checkout).card);
}

static void each_language_has_every_sentence(void **state)
{
	static const char *const languages[] = {"en", "ru", "ar"};
	static const char *const keys[] = {"support_title", "support_error_frequency", "support_error_amount",
		"support_error_minimum", "support_error_maximum", "support_method_failed", "support_off_heading",
		"support_off_sentence", "support_cross_site", "support_product", "support_thanks_title", "support_thanks_once",
		"support_thanks_monthly", "support_thanks_annual", "support_thanks_sentence", "support_waiting_title",
		"support_waiting_bank", "support_waiting_moment", "support_statement", "support_manage_link",
		"support_keep_line", "support_unknown_heading", "support_unknown_sentence", "support_nothing_taken",
		"support_bank_refused", "support_manage_title", "support_manage_once", "support_manage_monthly",
		"support_manage_annual", "support_manage_once_sentence", "support_manage_not_yet", "support_manage_sentence",
		"support_manage_failed", "support_manage_ended", "support_manage_ended_sentence", "support_manage_doubt",
		"support_manage_doubt_sentence", "support_cancel_button", "support_remind_error", "support_remind_title"};

	(void) state;
	for (size_t i = 0; i < 3; i++) {
		struct locale *locale = open_locale(languages[i]);

		for (size_t j = 0; j < sizeof(keys) / sizeof(keys[0]); j++)
			if (str_starts(locale_text(locale, keys[j]), STR("\xe2\x9f\xa6")))
				fail_msg("%s lacks %s", languages[i], keys[j]);
		for (size_t j = 0; j < 12; j++)
			for (size_t k = 0; k < j; k++)
				assert_false(str_equal(
					locale_indexed(locale, "month_reminder", j), locale_indexed(locale, "month_reminder", k)));
		locale_close(&locale);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(amounts_are_read, bench_set_up, bench_tear_down),
		cmocka_unit_test_setup_teardown(wrong_amounts_get_a_sentence, bench_set_up, bench_tear_down),
		cmocka_unit_test(the_month_is_the_next_until_the_19th),
		cmocka_unit_test(after_a_gift_it_is_that_day_so_many_months_later),
		cmocka_unit_test_setup_teardown(what_loses_too_much_is_refused_unless_the_fee_is_added, bench_set_up, bench_tear_down),
		cmocka_unit_test_setup_teardown(a_gift_takes_the_place_of_another_once_it_is_paid, bench_set_up, bench_tear_down),
		cmocka_unit_test_setup_teardown(a_gift_in_another_currency_gets_no_new_amount, bench_set_up, bench_tear_down),
		cmocka_unit_test(each_language_has_every_sentence),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
