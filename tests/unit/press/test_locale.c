/* test_locale.c: plurals, dates, numbers and sums, in the test's own language and in every file of theme/locale.
 * SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <cmocka.h>
#include "base/arena.h"
#include "base/fault.h"
#include "base/file.h"
#include "press/locale.h"
#include "press/value.h"

static const char months[] = "\"months\":[\"Jan\",\"Feb\",\"Mar\",\"Apr\",\"May\",\"Jun\",\"Jul\",\"Aug\",\"Sep\",\"Oct\",\"Nov\",\"Dec\"],";
static const char days[] = "\"weekdays\":[\"Su\",\"Mo\",\"Tu\",\"We\",\"Th\",\"Fr\",\"Sa\"],\"every\":[\"e0\",\"e1\",\"e2\",\"e3\",\"e4\",\"e5\",\"e6\"],";
static struct arena arena;

static struct locale *open_as(const char *language, const char *more)
{
	char json[4096];
	struct locale *locale = NULL;
	struct fault f = {0};

	snprintf(json, sizeof(json), "{%s%s%s\"texts\":{\"hello\":\"Hi {who}, {who}!\"},\"plurals\":{\"n\":{\"one\":\"{n} one\",\"other\":\"{n} other\"}}}", months, days,
		more);
	if (!locale_open(&locale, str_from(language), str_from(json), &f))
		fail_msg("%s", f.say);
	return locale;
}

static void categories_are_cldr(void **state)
{
	static const struct { const char *language; int n[8]; const char *wanted; } cases[] = {
		{"en", {0, 1, 2, 5, 11, 21, 100, 1000000}, "other one other other other other other other"},
		{"en-GB", {0, 1, 2, 5, 11, 21, 100, 1000000}, "other one other other other other other other"},
		{"ru", {0, 1, 2, 5, 11, 21, 22, 112}, "many one few many many one few many"},
		{"uk", {0, 1, 4, 5, 14, 21, 101, 111}, "many one few many many one one many"},
		{"be", {0, 1, 3, 5, 13, 31, 33, 1000}, "many one few many many one few many"},
		{"pl", {0, 1, 2, 5, 12, 21, 22, 101}, "many one few many many many few many"},
		{"cs", {0, 1, 2, 4, 5, 11, 21, 22}, "other one few few other other other other"},
		{"ar", {0, 1, 2, 3, 11, 99, 100, 103}, "zero one two few many many other few"},
		{"he", {0, 1, 2, 3, 10, 20, 21, 100}, "other one two other other other other other"},
		{"fa", {0, 1, 2, 5, 11, 21, 100, 1000}, "one one other other other other other other"},
		{"hy", {0, 1, 2, 5, 11, 21, 100, 1000}, "one one other other other other other other"},
		{"fr", {0, 1, 2, 5, 11, 21, 100, 1000000}, "one one other other other other other many"},
		{"es", {0, 1, 2, 5, 11, 21, 100, 1000000}, "other one other other other other other many"},
		{"zh", {0, 1, 2, 5, 11, 21, 100, 1000}, "other other other other other other other other"},
		{"tr", {0, 1, 2, 5, 11, 21, 100, 1000}, "other one other other other other other other"},
		{"lt", {0, 1, 2, 5, 11, 21, 22, 10}, "other one few few other one few other"},
		{"lv", {0, 1, 2, 5, 11, 21, 22, 10}, "zero one other other zero one other zero"},
	};
	size_t i;
	size_t k;

	(void) state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char got[200] = "";

		for (k = 0; k < 8; k++)
			snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s", k > 0 ? " " : "",
				locale_plural_category(str_from(cases[i].language), cases[i].n[k]));
		assert_string_equal(got, cases[i].wanted);
	}
	assert_string_equal(locale_plural_category(STR("ru"), -1), "one");
	assert_string_equal(locale_plural_category(STR("en"), INT64_MIN), "other");
}

static void texts_and_holes(void **state)
{
	struct locale *locale = open_as("en", "");
	const struct locale_pair pairs[] = {{"who", STR("{who}")}, {NULL, {NULL, 0}}};

	(void) state;
	assert_true(str_is(locale_format(locale, "hello", &arena, pairs), "Hi {who}, {who}!"));
	assert_true(str_is(locale_text(locale, "nope"), "⟦nope⟧"));
	assert_true(str_is(locale_plural(locale, "n", 1, &arena), "1 one"));
	assert_true(str_is(locale_plural(locale, "n", 12345, &arena), "12,345 other"));
	assert_true(str_is(locale_every(locale, 5), "e5"));
	assert_true(str_is(locale_indexed(locale, "months", 11), "Dec"));
	assert_true(str_is(locale_indexed(locale, "months", 12), "⟦months⟧"));
	locale_close(&locale);
}

static void dates(void **state)
{
	const struct civil day = {.year = 2026, .month = 11, .day = 5, .hour = 4, .minute = 7, .weekday = 4};
	struct locale *en = open_as("en", "");
	struct locale *ar = open_as("ar", "\"dir\":\"rtl\",\"digits\":\"٠١٢٣٤٥٦٧٨٩\",\"date_long\":\"{weekday} {day} {month} {year}\",");

	(void) state;
	assert_true(str_is(locale_date(en, &day, &arena), "5 Nov 2026"));
	assert_true(str_is(locale_date_long(en, &day, &arena), "Th, 5 Nov 2026"));
	assert_true(str_is(locale_time(en, &day, &arena), "04:07"));
	assert_true(locale_is_rtl(ar));
	assert_true(str_is(locale_date_long(ar, &day, &arena), "Th ٥ Nov ٢٠٢٦"));
	locale_close(&en);
	locale_close(&ar);
}

static void expect_money(const struct locale *locale, int64_t minor, const char *code, bool is_short, const char *wanted)
{
	struct money money = {.minor = minor};

	memcpy(money.code, code, 4);
	assert_string_equal(locale_money(locale, money, is_short, &arena).at, wanted);
}

static void sums(void **state)
{
	struct locale *en = open_as("en", "");
	struct locale *ru = open_as("ru", "\"decimal\":\",\",\"group\":\"\u00a0\",\"money\":\"{amount}\u00a0{sign}\",");
	struct locale *ar = open_as("ar", "\"dir\":\"rtl\",");

	(void) state;
	expect_money(en, 200, "USD", true, "$2");
	expect_money(en, 200, "USD", false, "$2.00");
	expect_money(en, 1250, "EUR", true, "€12.50");
	expect_money(en, 123456789, "USD", false, "$1,234,567.89");
	expect_money(en, 500, "JPY", false, "¥500");
	expect_money(en, 5, "KWD", false, "KWD0.005");
	expect_money(en, -150, "USD", false, "−$1.50");
	expect_money(en, INT64_MIN, "USD", false, "−$92,233,720,368,547,758.08");
	expect_money(ru, 123400, "RUB", true, "1234\u00a0₽");
	expect_money(ru, 1234567, "RUB", true, "12\u00a0" "345,67\u00a0₽");
	expect_money(ar, 200, "USD", true, "\xe2\x81\xa6$2\xe2\x81\xa9");
	locale_close(&en);
	locale_close(&ru);
	locale_close(&ar);
}

static void typed_sums(void **state)
{
	static const struct { char language; const char *text; const char *code; int64_t minor; } cases[] = {
		{'e', "5", "USD", 500}, {'e', " 5.5 ", "USD", 550}, {'e', "5,5", "USD", 550}, {'e', "$1,234.50", "USD", 123450},
		{'e', "1,234", "USD", 123400}, {'e', "1.234", "USD", -1}, {'d', "1.234", "EUR", 123400}, {'d', "1,234", "EUR", -1},
		{'d', "1.234,5", "EUR", 123450}, {'e', "1 234,50", "EUR", 123450}, {'e', "1\u00a0" "234", "EUR", 123400},
		{'e', "1'234.50", "USD", 123450}, {'e', "٢٥٫٥", "USD", 2550}, {'e', "۱۲", "USD", 1200}, {'e', "25 USD", "USD", 2500},
		{'e', "usd25", "USD", 2500}, {'e', "25.", "USD", 2500}, {'e', ".50", "USD", 50}, {'e', "1,234,567", "USD", 123456700},
		{'e', "0", "USD", 0}, {'e', "500", "JPY", 500}, {'e', "5.5", "JPY", -1}, {'e', "", "USD", -1}, {'e', "-5", "USD", -1},
		{'e', "5.555", "USD", -1}, {'e', "1,2,3", "USD", -1}, {'e', "12,34.5", "USD", -1}, {'e', "1.2.3", "USD", -1},
		{'e', "abc", "USD", -1}, {'e', "5e3", "USD", -1}, {'e', "99999999999999999999", "USD", -1}, {'e', ".", "USD", -1},
		{'e', ",", "USD", -1}, {'e', "$", "USD", -1}, {'e', "5 5", "USD", 5500}, {'e', "1.234.5", "USD", -1}, {'e', "1,,000", "USD", -1},
		{'e', "€5", "USD", -1}, {'e', "5\n", "USD", 500}, {'e', "\xff", "USD", -1}, {'e', "5", "XXX", -1}, {'e', ",5", "USD", 50},
	};
	struct locale *en = open_as("en", "");
	struct locale *de = open_as("de", "\"decimal\":\",\",\"group\":\".\",");
	size_t i;

	(void) state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct money money = {0};
		struct fault f = {0};
		bool ok = locale_parse_money(cases[i].language == 'e' ? en : de, str_from(cases[i].text), str_from(cases[i].code), &money, &f);

		if (ok != (cases[i].minor >= 0) || (ok && money.minor != cases[i].minor))
			fail_msg("'%s': %s %lld", cases[i].text, ok ? "taken as" : f.say, (long long) money.minor);
		assert_int_equal(f.kind, ok ? FAULT_NONE : FAULT_INPUT);
	}
	locale_close(&en);
	locale_close(&de);
}

static void broken_files_are_refused(void **state)
{
	static const char *const bad[] = {"", "{}", "[]", "{\"months\":[]}", "{\"months\":\"x\"}"};
	char json[4096];
	size_t i;

	(void) state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct locale *locale = NULL;
		struct fault f = {0};

		assert_false(locale_open(&locale, STR("en"), str_from(bad[i]), &f));
		assert_int_equal(f.kind, FAULT_INPUT);
		assert_null(locale);
	}
	for (i = 0; i < 3; i++) {
		static const char *const more[] = {"\"dir\":\"up\",", "\"digits\":\"123\",", "\"digits\":5,"};
		struct locale *locale = NULL;
		struct fault f = {0};

		snprintf(json, sizeof(json), "{%s%s%s\"texts\":{},\"plurals\":{}}", months, days, more[i]);
		assert_false(locale_open(&locale, STR("en"), str_from(json), &f));
	}
}

/* --- every file of theme/locale: nothing glued, nothing missing --- */

static void check_text(const char *file, const char *what, struct str text)
{
	if (text.len == 0 || str_find(text, STR("⟦")) != SIZE_MAX || str_find(text, STR("{day}")) != SIZE_MAX
		|| str_find(text, STR("{n}")) != SIZE_MAX || !str_is_utf8(text))
		fail_msg("%s: %s is '%.*s'", file, what, STR_ARG(text));
}

static void check_dates(const char *file, const struct locale *locale)
{
	int month;
	int weekday;

	for (weekday = 0; weekday < 7; weekday++) {
		check_text(file, "every", locale_every(locale, weekday));
		check_text(file, "newsletter_when", locale_indexed(locale, "newsletter_when", (size_t) weekday));
		for (month = 1; month <= 12; month++) {
			const struct civil day = {.year = 2026, .month = month, .day = 1 + weekday, .hour = 9, .minute = 5, .weekday = weekday};
			struct str month_year = locale_indexed(locale, "month_year", (size_t) month - 1);

			check_text(file, "month_year", month_year);
			assert_true(str_find(month_year, STR("{year}")) != SIZE_MAX);
			check_text(file, "date", locale_date(locale, &day, &arena));
			check_text(file, "date_long", locale_date_long(locale, &day, &arena));
			check_text(file, "time", locale_time(locale, &day, &arena));
		}
	}
}

static void check_plurals(const char *file, const struct locale *locale, struct str json)
{
	static const int64_t numbers[] = {0, 1, 2, 5, 11, 21};
	struct press_value *root = NULL;
	struct fault f = {0};
	const struct press_value *plurals;
	struct str rest;
	struct str piece;
	size_t i;

	assert_true(press_value_from_json(json, &arena, &root, &f));
	plurals = press_get(root, STR("plurals"));
	/* the keys as they stand in the file: "key":{ */
	rest = str_part(json, str_find(json, STR("\"plurals\"")) + 9, SIZE_MAX);
	while (str_next(&rest, '"', &piece)) {
		const struct press_value *forms = press_get(plurals, piece);

		if (forms == NULL || press_value_count(forms) == 0)
			continue;
		for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
			const char *category = locale_plural_category(locale_language(locale), numbers[i]);

			if (press_get(forms, str_from(category)) == NULL)
				fail_msg("%s: the plural %.*s has no form \"%s\" (for %lld)", file, STR_ARG(piece), category, (long long) numbers[i]);
			check_text(file, "a plural", locale_plural(locale, str_to_c(piece, &arena), numbers[i], &arena));
		}
	}
}

static void languages_are_whole(void **state)
{
	static const char *const languages[] = {"en", "ru", "uk", "be", "pl", "cs", "ar", "fa", "he", "de", "fr", "es", "pt", "it", "tr", "zh", "ja",
		"ka", "hy", "az", "kk"};
	size_t found = 0;
	size_t i;

	(void) state;
	for (i = 0; i < sizeof(languages) / sizeof(languages[0]); i++) {
		char path[64];
		struct str json = {NULL, 0};
		struct locale *locale = NULL;
		struct fault f = {0};

		snprintf(path, sizeof(path), "theme/locale/%s.json", languages[i]);
		if (!file_exists(AT_FDCWD, path))
			continue;
		found++;
		assert_true(file_read(AT_FDCWD, path, 1 << 20, &arena, &json, &f));
		if (!locale_open(&locale, str_from(languages[i]), json, &f))
			fail_msg("%s: %s", path, f.say);
		check_dates(path, locale);
		check_plurals(path, locale, json);
		locale_close(&locale);
	}
	if (found == 0) {
		print_message("# theme/locale has no languages here\n");
		skip();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(categories_are_cldr), cmocka_unit_test(texts_and_holes), cmocka_unit_test(dates), cmocka_unit_test(sums),
		cmocka_unit_test(typed_sums), cmocka_unit_test(broken_files_are_refused), cmocka_unit_test(languages_are_whole),
	};
	int failed;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	arena_init(&arena, "test", 64 * 1024 * 1024);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_release(&arena);
	return failed;
}
