/* SPDX-License-Identifier: ISC */
#include "base_test.h"
#include <time.h>
#include "base/buf.h"
#include "base/clock.h"

static void in_zone(const char *name)
{
	struct fault f = {0};

	assert_no_fault(clock_set_zone(str_from(name), &f), &f);
}

static struct when parsed(const char *text)
{
	struct fault f = {0};
	struct when when = {0};

	assert_no_fault(clock_parse(str_from(text), &when, &f), &f);
	return when;
}

typedef void writer(struct buf *, struct when);

static const char *written(writer *write_it, struct when when)
{
	static char text[64];
	struct buf buf;

	buf_init(&buf, 63);
	write_it(&buf, when);
	assert_false(buf.over);
	memcpy(text, buf.at, buf.len + 1);
	buf_release(&buf);
	return text;
}

static struct when civil_time(int year, int month, int day, int hour, int minute)
{
	struct civil civil = {.year = year, .month = month, .day = day, .hour = hour, .minute = minute};

	return clock_from_civil(&civil);
}

static void the_four_formats(void **state)
{
	struct when when = {1795179909LL * 1000000 + 999999};

	(void) state;
	in_zone("Europe/Amsterdam");
	assert_string_equal(written(clock_write_iso, when), "2026-11-20T14:05:09+01:00");
	assert_string_equal(written(clock_write_rfc5322, when), "Fri, 20 Nov 2026 14:05:09 +0100");
	assert_string_equal(written(clock_write_http, when), "Fri, 20 Nov 2026 13:05:09 GMT");
	assert_string_equal(written(clock_write_date, when), "2026-11-20");
	in_zone("America/St_Johns"); /* west, and half an hour */
	assert_string_equal(written(clock_write_iso, when), "2026-11-20T09:35:09-03:30");
	assert_string_equal(written(clock_write_rfc5322, when), "Fri, 20 Nov 2026 09:35:09 -0330");
	in_zone("UTC");
	assert_string_equal(written(clock_write_iso, when), "2026-11-20T13:05:09+00:00");
	assert_string_equal(written(clock_write_http, (struct when){-1}), "Wed, 31 Dec 1969 23:59:59 GMT");
	assert_string_equal(written(clock_write_http, parsed("2026-02-03T04:05:06Z")), "Tue, 03 Feb 2026 04:05:06 GMT");
	assert_string_equal(written(clock_write_rfc5322, parsed("2026-02-03T04:05:06Z")), "Tue, 3 Feb 2026 04:05:06 +0000");
}

static void parsing(void **state)
{
	(void) state;
	in_zone("Europe/Amsterdam");
	assert_int_equal(parsed("2026-11-20T14:05:09+01:00").us, 1795179909LL * 1000000);
	assert_int_equal(parsed("2026-11-20T13:05:09Z").us, 1795179909LL * 1000000);
	assert_int_equal(parsed("2026-11-20 14:05:09").us, 1795179909LL * 1000000);
	assert_int_equal(parsed(" 2026-11-20 14:05 \n").us, 1795179900LL * 1000000);
	assert_int_equal(parsed("2026-11-20 09:35-03:30").us, 1795179900LL * 1000000);
	assert_int_equal(parsed("2026-11-20").us, parsed("2026-11-20T00:00:00+01:00").us);
	assert_int_equal(parsed("2026-07-01").us, parsed("2026-07-01T00:00:00+02:00").us);
	assert_int_equal(parsed("2024-02-29").us, parsed("2024-02-28T23:00:00Z").us);
	assert_true(parsed("1948-05-01").us < 0);
	assert_string_equal(written(clock_write_date, parsed("0001-01-01")), "0001-01-01");
	assert_string_equal(written(clock_write_date, parsed("9999-12-31")), "9999-12-31");
}

static void what_is_no_date(void **state)
{
	static const char *const bad[] = {
		"", " ", "2026", "2026-11", "2026-11-", "2026-1-1", "2026-11-31", "2026-02-29", "1900-02-29", "2026-00-10",
		"2026-13-01", "2026-01-00", "0000-01-01", "26-11-20", "2026/11/20", "20-11-2026", "2026-11-20x",
		"2026-11-20T", "2026-11-20T14", "2026-11-20T14:5", "2026-11-20T24:00", "2026-11-20T14:60", "2026-11-20T23:59:60",
		"2026-11-20T14:05:", "2026-11-20T14:05:09.5Z", "2026-11-20T14:05:09+0100", "2026-11-20T14:05:09+24:00",
		"2026-11-20T14:05:09+01:60", "2026-11-20T14:05:09+01:00x", "2026-11-20T14:05:09ZZ", "2026-11-20Z",
		"2026-11-20T14:05:09 Z", "2026-11-20  14:05", "+026-11-20", "-026-11-20", "2026-11-20t14:05",
		"\xd9\xa2\xd9\xa0\xd9\xa2\xd9\xa6-11-20", "1970-01-01T00:00:00Z", "tomorrow",
	};
	struct fault f = {0};
	struct when when = {77};

	(void) state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (clock_parse(str_from(bad[i]), &when, &f))
			fail_msg("\"%s\" passed", bad[i]);
		assert_fault(&f, FAULT_INPUT, "is no date");
		assert_int_equal(when.us, 77);
	}
	assert_false(clock_parse(str_make("2026-11-20\0", 11), &when, &f));
	fault_clear(&f);
	assert_false(clock_parse((struct str){NULL, 0}, &when, &f));
}

static void a_skipped_hour_moves_forward(void **state)
{
	(void) state;
	in_zone("Europe/Amsterdam"); /* 2026-03-29 02:00 becomes 03:00 */
	assert_string_equal(written(clock_write_iso, civil_time(2026, 3, 29, 2, 30)), "2026-03-29T03:30:00+02:00");
	assert_string_equal(written(clock_write_iso, civil_time(2026, 3, 29, 1, 59)), "2026-03-29T01:59:00+01:00");
	assert_string_equal(written(clock_write_iso, civil_time(2026, 3, 29, 3, 0)), "2026-03-29T03:00:00+02:00");
	in_zone("Australia/Lord_Howe"); /* half an hour */
	assert_string_equal(written(clock_write_iso, civil_time(2026, 10, 4, 2, 15)), "2026-10-04T02:45:00+11:00");
	in_zone("Pacific/Apia"); /* 2011-12-30 did not happen there */
	assert_string_equal(written(clock_write_iso, civil_time(2011, 12, 30, 12, 0)), "2011-12-31T12:00:00+14:00");
	in_zone("America/Sao_Paulo"); /* midnight itself is skipped on 2018-11-04 */
	assert_string_equal(written(clock_write_iso, parsed("2018-11-04")), "2018-11-04T01:00:00-02:00");
}

static void a_repeated_hour_is_its_first(void **state)
{
	(void) state;
	in_zone("Europe/Amsterdam"); /* 2026-10-25 03:00 becomes 02:00 */
	for (int i = 0; i < 3; i++) { /* whatever was asked before */
		assert_string_equal(written(clock_write_iso, civil_time(2026, 10, 25, 2, 30)), "2026-10-25T02:30:00+02:00");
		(void) civil_time(2026, 1 + 6 * (i % 2), 1, 0, 0);
	}
	assert_string_equal(written(clock_write_iso, civil_time(2026, 10, 25, 3, 0)), "2026-10-25T03:00:00+01:00");
}

static void every_hour_of_a_year_goes_there_and_back(void **state)
{
	static const char *const zones[] = {"Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
		"Africa/Casablanca", "UTC"};

	(void) state;
	for (size_t z = 0; z < sizeof(zones) / sizeof(zones[0]); z++) {
		int repeated = 0;

		in_zone(zones[z]);
		for (int64_t hour = 0; hour < 366 * 24; hour++) {
			struct when when = {(1767225600 + hour * 3600) * 1000000};
			struct civil civil = clock_civil(when);
			struct when back = clock_from_civil(&civil);

			repeated += back.us != when.us;
			assert_true(back.us == when.us || (back.us < when.us && when.us - back.us <= 3600000000));
		}
		assert_true(repeated <= 2); /* Morocco turned its clocks back twice in 2026, for good the second time */
	}
}

static void zones_are_checked(void **state)
{
	static const char *const bad[] = {"", "Europe/Nowhere", "../etc/passwd", "/etc/localtime", "Europe", "Europe/../UTC",
		"posixrules;x", "Europe/Amsterdam ", "EST5EDT,M3.2.0,M11.1.0", ":Europe/Amsterdam",
		"Europe/Amsterdam/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
	struct fault f = {0};

	(void) state;
	(void) setenv("TZDIR", "/nowhere", 1); /* glibc would look there, and silently find UTC */
	in_zone("Asia/Kathmandu");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (clock_set_zone(str_from(bad[i]), &f))
			fail_msg("\"%s\" passed", bad[i]);
		assert_fault(&f, FAULT_INPUT, "time zone");
	}
	assert_false(clock_set_zone(STR("UTC\0x"), &f));
	assert_int_equal(clock_civil((struct when){1}).offset_s, 5 * 3600 + 1800); /* 1970: still +05:30 */
	in_zone("UTC");
	assert_int_equal(clock_civil((struct when){1}).offset_s, 0);
}

static void days_are_floors(void **state)
{
	(void) state;
	assert_int_equal(clock_utc_day((struct when){0}), 0);
	assert_int_equal(clock_utc_day((struct when){-1}), -1);
	assert_int_equal(clock_utc_day((struct when){86400LL * 1000000 - 1}), 0);
	assert_int_equal(clock_utc_day((struct when){86400LL * 1000000}), 1);
	assert_int_equal(clock_utc_day(clock_from_utc_day(20777)), 20777);
	assert_int_equal(clock_utc_day(clock_from_utc_day(-20777)), -20777);
	assert_int_equal(clock_civil_utc((struct when){1795179909LL * 1000000}).weekday, 5);
	assert_int_equal(clock_day_of(1970, 1, 1), 0);
	assert_int_equal(clock_day_of(1969, 12, 31), -1);
	assert_int_equal(clock_day_of(2026, 14, 0), clock_day_of(2027, 1, 31));
	assert_int_equal(clock_day_of(2027, -10, 1), clock_day_of(2026, 2, 1));
	assert_int_equal(clock_day_of(2028, 3, 0), clock_day_of(2028, 2, 29));
	assert_int_equal(clock_day_of(2024, 2, 30), clock_day_of(2024, 3, 1));
	for (int32_t day = -200000; day < 200000; day += 7) {
		struct civil civil = clock_civil_utc(clock_from_utc_day(day));

		assert_int_equal(clock_day_of(civil.year, civil.month, civil.day), day);
	}
	assert_true(clock_civil_utc((struct when){INT64_MAX}).year > 290000);
	assert_true(clock_civil_utc((struct when){INT64_MIN}).year < -290000);
}

static void the_clock_can_be_fixed(void **state)
{
	struct when before;
	int64_t mono = clock_mono_ms();

	(void) state;
	clock_fix((struct when){1795179909LL * 1000000});
	assert_int_equal(clock_now().us, 1795179909LL * 1000000);
	clock_fix((struct when){0});
	before = clock_now();
	assert_true(before.us != 1795179909LL * 1000000);
	assert_true(clock_mono_ms() >= mono);
	/* main() set MIMEO_CLOCK_OFFSET before the first look */
	assert_true(llabs(before.us / 1000000 - (int64_t) time(NULL) - 3456000) <= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_four_formats),
		cmocka_unit_test(parsing),
		cmocka_unit_test(what_is_no_date),
		cmocka_unit_test(a_skipped_hour_moves_forward),
		cmocka_unit_test(a_repeated_hour_is_its_first),
		cmocka_unit_test(every_hour_of_a_year_goes_there_and_back),
		cmocka_unit_test(zones_are_checked),
		cmocka_unit_test(days_are_floors),
		cmocka_unit_test(the_clock_can_be_fixed),
	};

	(void) setenv("MIMEO_CLOCK_OFFSET", "+3456000", 1);
	return RUN(tests);
}
