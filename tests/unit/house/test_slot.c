/* test_slot.c: the weekly slot, over years of changing clocks.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fault.h"
#include "house/slot.h"

#define S INT64_C(1000000)

static const char *const zones[] = {"Europe/Amsterdam", "America/New_York", "Asia/Beirut", "Australia/Lord_Howe", "UTC",
	"Africa/Casablanca", "America/Sao_Paulo", "Pacific/Apia", "Asia/Kathmandu", "Europe/Dublin", "America/St_Johns", "Africa/Cairo"};
enum { ZONES = sizeof(zones) / sizeof(zones[0]) };

static void in_zone(const char *name)
{
	struct fault f = {0};

	if (!clock_set_zone(str_from(name), &f))
		fail_msg("%s", f.say);
}

static struct when at(const char *text)
{
	struct fault f = {0};
	struct when when = {0};

	if (!clock_parse(str_from(text), &when, &f))
		fail_msg("%s", f.say);
	return when;
}

static const char *iso(struct when when)
{
	static char texts[4][40];
	static unsigned next;
	char *text = texts[next++ % 4];
	struct buf buf;

	buf_init(&buf, 64);
	clock_write_iso(&buf, when);
	snprintf(text, sizeof(texts[0]), "%.*s", (int) buf.len, buf.at);
	buf_release(&buf);
	return text;
}

static struct slot_rule rule_of(const char *text)
{
	struct slot_rule rule = {0};
	struct fault f = {0};

	if (!slot_rule_parse(str_from(text), &rule, &f))
		fail_msg("%s", f.say);
	return rule;
}

static void next_is(const char *zone, const char *rule, const char *now, const char *key, const char *moment, const char *draft)
{
	struct slot_rule is = rule_of(rule);
	struct slot slot;

	in_zone(zone);
	slot = slot_next(&is, at(now));
	assert_string_equal(slot.key, key);
	assert_string_equal(iso(slot.at), moment);
	assert_string_equal(iso(slot.draft), draft);
	assert_string_equal(slot_last(&is, slot.at).key, key);
	assert_string_not_equal(slot_last(&is, (struct when){slot.at.us - 1}).key, key);
	assert_string_not_equal(slot_next(&is, slot.at).key, key);
}

static void rules_are_read(void **state)
{
	static const struct {
		const char *text;
		int weekday, hour, minute;
	} good[] = {{"Friday 08:00", 5, 8, 0}, {"friday 8:00", 5, 8, 0}, {" SUNDAY   23:59 ", 0, 23, 59}, {"Mon 00:00", 1, 0, 0},
		{"tuesday 12:30", 2, 12, 30}, {"Wednesday 07:05", 3, 7, 5}, {"thu 19:00", 4, 19, 0}, {"Saturday 0:01", 6, 0, 1}};
	static const char *const bad[] = {"", "Friday", "08:00", "Friday 24:00", "Friday 08:60", "Friday 8", "Friday 08:0", "Friday 008:00",
		"Friday 08:000", "Fri. 08:00", "Freitag 08:00", "Friday at 08:00", "Friday 08:00 CET", "Friday -8:00", "Friday +8:00", "Friday 08:+1", "5 08:00",
		"Friday\t08:00", "Fridays 08:00", "F 08:00", "Friday 08.00", "Friday :00", "Friday 08:", "Friday ٠٨:٠٠"};
	struct arena arena;

	(void) state;
	arena_init(&arena, "test", 4096);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct slot_rule rule = rule_of(good[i].text), again;

		assert_int_equal(rule.weekday, good[i].weekday);
		assert_int_equal(rule.hour, good[i].hour);
		assert_int_equal(rule.minute, good[i].minute);
		again = rule_of(str_to_c(slot_rule_text(&rule, &arena), &arena));
		assert_memory_equal(&rule, &again, sizeof(rule));
	}
	arena_release(&arena);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct slot_rule rule = {9, 9, 9};
		struct fault f = {0};

		if (slot_rule_parse(str_from(bad[i]), &rule, &f))
			fail_msg("\"%s\" passed", bad[i]);
		assert_int_equal(f.kind, FAULT_INPUT);
		assert_non_null(strstr(f.say, "such as Friday 08:00"));
		assert_int_equal(rule.weekday, 9);
	}
}

/* A week with a change of clocks: the wall clock's time stays. */
static void the_wall_clock_counts(void **state)
{
	(void) state;
	next_is("Europe/Amsterdam", "Friday 08:00", "2026-11-26 12:00", "2026-11-27", "2026-11-27T08:00:00+01:00", "2026-11-26T08:00:00+01:00");
	next_is("Europe/Amsterdam", "Friday 08:00", "2026-03-27 09:00", "2026-04-03", "2026-04-03T08:00:00+02:00", "2026-04-02T08:00:00+02:00");
	next_is("Europe/Amsterdam", "Friday 08:00", "2026-10-23 08:00", "2026-10-30", "2026-10-30T08:00:00+01:00", "2026-10-29T08:00:00+01:00");
	/* the draft before the change, the slot after it: 23 and 25 hours lie between */
	next_is("Europe/Amsterdam", "Sunday 08:00", "2026-03-28 09:00", "2026-03-29", "2026-03-29T08:00:00+02:00", "2026-03-28T08:00:00+01:00");
	next_is("Europe/Amsterdam", "Sunday 08:00", "2026-10-24 09:00", "2026-10-25", "2026-10-25T08:00:00+01:00", "2026-10-24T08:00:00+02:00");
	next_is("America/New_York", "Sunday 06:00", "2026-03-07 06:00", "2026-03-08", "2026-03-08T06:00:00-04:00", "2026-03-07T06:00:00-05:00");
}

static void a_skipped_time_comes_later(void **state)
{
	(void) state;
	next_is("Europe/Amsterdam", "Sunday 02:30", "2026-03-28 12:00", "2026-03-29", "2026-03-29T03:30:00+02:00", "2026-03-28T02:30:00+01:00");
	next_is("Europe/Amsterdam", "Monday 02:30", "2026-03-29 12:00", "2026-03-30", "2026-03-30T02:30:00+02:00", "2026-03-29T03:30:00+02:00");
	next_is("America/New_York", "Sunday 02:00", "2026-03-07 12:00", "2026-03-08", "2026-03-08T03:00:00-04:00", "2026-03-07T02:00:00-05:00");
	next_is("Asia/Beirut", "Sunday 00:00", "2026-03-28 12:00", "2026-03-29", "2026-03-29T01:00:00+03:00", "2026-03-28T00:00:00+02:00");
	next_is("Asia/Beirut", "Sunday 00:59", "2026-03-28 23:59", "2026-03-29", "2026-03-29T01:59:00+03:00", "2026-03-28T00:59:00+02:00");
	next_is("Australia/Lord_Howe", "Sunday 02:15", "2026-10-03 12:00", "2026-10-04", "2026-10-04T02:45:00+11:00", "2026-10-03T02:15:00+10:30");
	next_is("America/Sao_Paulo", "Sunday 00:00", "2018-11-03 12:00", "2018-11-04", "2018-11-04T01:00:00-02:00", "2018-11-03T00:00:00-03:00");
	/* a Friday that did not happen: it goes on the Saturday, and the draft was the Thursday's */
	next_is("Pacific/Apia", "Friday 08:00", "2011-12-29 12:00", "2011-12-31", "2011-12-31T08:00:00+14:00", "2011-12-29T08:00:00-10:00");
}

static void a_repeated_time_is_its_first(void **state)
{
	(void) state;
	next_is("Europe/Amsterdam", "Sunday 02:30", "2026-10-24 12:00", "2026-10-25", "2026-10-25T02:30:00+02:00", "2026-10-24T02:30:00+02:00");
	next_is("America/New_York", "Sunday 01:30", "2026-10-31 12:00", "2026-11-01", "2026-11-01T01:30:00-04:00", "2026-10-31T01:30:00-04:00");
	/* at midnight the clock goes back to 23:00 of the day before: Saturday 23:30 comes twice, Sunday 00:00 once */
	next_is("Asia/Beirut", "Saturday 23:30", "2026-10-24 12:00", "2026-10-24", "2026-10-24T23:30:00+03:00", "2026-10-23T23:30:00+03:00");
	next_is("Asia/Beirut", "Sunday 00:00", "2026-10-24 12:00", "2026-10-25", "2026-10-25T00:00:00+02:00", "2026-10-24T00:00:00+03:00");
	next_is("Australia/Lord_Howe", "Sunday 01:45", "2026-04-04 12:00", "2026-04-05", "2026-04-05T01:45:00+11:00", "2026-04-04T01:45:00+11:00");
	in_zone("Asia/Beirut");
	{
		struct slot_rule rule = rule_of("Saturday 23:30");
		/* the second 23:30: the slot is over and stays over */
		struct when second = {at("2026-10-24T23:30:00+02:00").us};

		assert_string_equal(slot_last(&rule, second).key, "2026-10-24");
		assert_string_equal(slot_next(&rule, second).key, "2026-10-31");
		assert_string_equal(slot_last(&rule, (struct when){at("2026-10-24T23:10:00+02:00").us}).key, "2026-10-24");
	}
}

/* Walks through years in uneven steps: slots come in order, each a week of the calendar after the other, next and last agree, the
 * wall clock shows the rule's time wherever that time exists, and no moment is two slots'. */
static void walk(const char *zone, const struct slot_rule *rule, const char *from, int weeks)
{
	struct slot slot;
	int moved = 0;

	in_zone(zone);
	slot = slot_next(rule, at(from));
	for (int week = 0; week < weeks; week++) {
		struct slot next = slot_next(rule, slot.at), probe;
		struct civil civil = clock_civil(slot.at);
		const int64_t hours = (next.at.us - slot.at.us) / (3600 * S);

		assert_true(hours >= 168 - 25 && hours <= 168 + 25);
		assert_string_equal(slot_last(rule, (struct when){next.at.us - 1}).key, slot.key);
		assert_string_equal(slot_last(rule, next.at).key, next.key);
		assert_true(strcmp(next.key, slot.key) > 0);
		assert_true(slot.draft.us < slot.at.us && slot.draft.us > slot.at.us - 49 * 3600 * S);
		moved += civil.hour != rule->hour || civil.minute != rule->minute || civil.weekday != rule->weekday;
		for (int64_t step = 1; step < hours; step += 41) {
			probe = slot_last(rule, (struct when){slot.at.us + step * 3600 * S});
			if (slot.at.us + step * 3600 * S < next.at.us)
				assert_string_equal(probe.key, slot.key);
		}
		slot = next;
	}
	assert_true(moved <= weeks / 52 + 2); /* once a year at most, where the rule's time is in the gap (and Apia's day) */
}

static void every_zone_weekday_and_hour(void **state)
{
	(void) state;
	for (size_t z = 0; z < ZONES; z++)
		for (int weekday = 0; weekday < 7; weekday++)
			for (int half = 0; half < 48; half += z < 4 ? 1 : 7) {
				const struct slot_rule rule = {weekday, half / 2, half % 2 * 30};

				walk(zones[z], &rule, "2025-12-28", 60);
			}
}

static void long_years(void **state)
{
	const struct slot_rule rules[] = {{5, 8, 0}, {0, 2, 30}};

	(void) state;
	for (size_t z = 0; z < ZONES; z++)
		for (size_t i = 0; i < 2; i++)
			walk(zones[z], &rules[i], "2009-01-01", 52 * 19);
}

/* Every minute around each change of clocks of 2026: exactly one slot's moment passes where a slot is, and next is always ahead. */
static void minute_by_minute(void **state)
{
	static const struct {
		const char *zone, *from;
	} changes[] = {{"Europe/Amsterdam", "2026-03-28T12:00:00Z"}, {"Europe/Amsterdam", "2026-10-24T12:00:00Z"},
		{"America/New_York", "2026-03-07T18:00:00Z"}, {"America/New_York", "2026-10-31T18:00:00Z"}, {"Asia/Beirut", "2026-03-28T12:00:00Z"},
		{"Asia/Beirut", "2026-10-24T12:00:00Z"}, {"Australia/Lord_Howe", "2026-04-04T06:00:00Z"}, {"Australia/Lord_Howe", "2026-10-03T06:00:00Z"}};

	(void) state;
	for (size_t c = 0; c < sizeof(changes) / sizeof(changes[0]); c++) {
		struct when begin;

		in_zone(changes[c].zone);
		begin = at(changes[c].from);
		for (int weekday = 0; weekday < 7; weekday += 6)
			for (int minute = 0; minute < 24 * 60; minute += 30) {
				const struct slot_rule rule = {weekday, minute / 60, minute % 60};
				char before[SLOT_KEY_CHARS + 1];
				int passed = 0;

				memcpy(before, slot_last(&rule, begin).key, sizeof(before));
				for (int m = 0; m < 30 * 60; m += 15) {
					const struct when now = {begin.us + m * 60 * S};
					struct slot last = slot_last(&rule, now), next = slot_next(&rule, now);

					assert_true(last.at.us <= now.us && next.at.us > now.us);
					passed += strcmp(last.key, before) != 0;
					memcpy(before, last.key, sizeof(before));
				}
				assert_true(passed <= 1);
			}
	}
}

static void how_long_it_is_open(void **state)
{
	const struct when slot = {INT64_C(1795762800) * S};

	(void) state;
	assert_true(slot_is_open(slot, 12, (struct when){slot.us - 1}));
	assert_true(slot_is_open(slot, 12, (struct when){slot.us + 12 * 3600 * S}));
	assert_false(slot_is_open(slot, 12, (struct when){slot.us + 12 * 3600 * S + 1}));
	assert_true(slot_is_open(slot, 0, (struct when){slot.us + SLOT_GRACE_S * S}));
	assert_false(slot_is_open(slot, 0, (struct when){slot.us + SLOT_GRACE_S * S + 1}));
	assert_false(slot_is_late(slot, (struct when){slot.us + SLOT_GRACE_S * S}));
	assert_true(slot_is_late(slot, (struct when){slot.us + SLOT_GRACE_S * S + 1}));
	assert_true(slot_is_key(STR("2026-11-27")));
	assert_false(slot_is_key(STR("2026-11-31")));
	assert_false(slot_is_key(STR("2026-11-27 ")));
	assert_false(slot_is_key(STR("")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_are_read),
		cmocka_unit_test(the_wall_clock_counts),
		cmocka_unit_test(a_skipped_time_comes_later),
		cmocka_unit_test(a_repeated_time_is_its_first),
		cmocka_unit_test(every_zone_weekday_and_hour),
		cmocka_unit_test(long_years),
		cmocka_unit_test(minute_by_minute),
		cmocka_unit_test(how_long_it_is_open),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
