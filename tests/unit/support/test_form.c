/* test_form.c: amounts as readers type them, and the month of a reminder.
 * SPDX-License-Identifier: ISC */
#include "support_bench.h"
#include "gen/theme_files.h"
#include "press/locale.h"

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

static int month_of(int year, int month, int day, int32_t *due)
{
	struct civil civil = {.year = year, .month = month, .day = day, .hour = 23, .minute = 30};

	return support_reminder_month(clock_from_civil(&civil), due);
}

static void the_month_is_the_next_until_the_19th(void **state)
{
	static const char *const zones[] = {"UTC", "Europe/Amsterdam", "Pacific/Auckland", "Pacific/Honolulu"};
	struct fault f = {0};

	(void) state;
	for (size_t i = 0; i < 4; i++) {
		int32_t due;

		assert_true(clock_set_zone(str_from(zones[i]), &f));
		for (int month = 1; month <= 12; month++)
			for (int day = 1; day <= 28; day++) {
				int expected = (month - 1 + (day <= 19 ? 1 : 2)) % 12 + 1;
				struct civil civil;

				assert_int_equal(month_of(2026, month, day, &due), expected);
				/* Noon of the first may be the day before in UTC. */
				civil = clock_civil_utc(clock_from_utc_day(due + 1));
				assert_int_equal(civil.month, expected);
				assert_int_equal(civil.year, month + (day <= 19 ? 1 : 2) > 12 ? 2027 : 2026);
				assert_in_range(civil.day, 1, 2);
			}
		assert_int_equal(month_of(2026, 12, 31, &due), 2);
		assert_int_equal(month_of(2028, 2, 29, &due), 4);
	}
	assert_true(clock_set_zone(STR("UTC"), &f));
}

/* Every sentence that the room says is there, in each language, and every reminder names its own month. */
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
		cmocka_unit_test(each_language_has_every_sentence),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
