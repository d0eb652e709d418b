/* slot.c: the newsletter's weekly slot.
 *
 * Decides: which day of the calendar a slot is, and which moment that day's time is. Leaves to others: a civil time's moment
 * (base/clock.c), what happens at it (desk, newsletter). Runs in: every room and commands. The hard thing: a change of clocks may
 * move a slot's moment across midnight, and a zone may leave a day out, so that the moments around now are compared, not the days.
 * SPDX-License-Identifier: ISC */
#include "house/slot.h"

#include <stdio.h>
#include <string.h>
#include "base/arena.h"
#include "base/fault.h"

enum { DAYS = 7, US_PER_S = 1000000 };

static const char *const weekday_names[DAYS] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

/* --- the rule --- */

static bool parse_weekday(struct str text, int *weekday)
{
	for (int i = 0; i < DAYS; i++)
		if (str_equal_nocase(text, str_from(weekday_names[i])) || str_equal_nocase(text, str_make(weekday_names[i], 3))) {
			*weekday = i;
			return true;
		}
	return false;
}

/* One or two digits. */
static bool parse_digits(struct str text, size_t least, int most, int *out)
{
	int64_t number = 0;

	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
	if (text.len < least || text.len > 2 || !str_to_i64(text, &number) || number > most)
		return false;
	*out = (int) number;
	return true;
}

bool slot_rule_parse(struct str text, struct slot_rule *rule, struct fault *f)
{
	struct str rest = str_trim(text);
	size_t space = str_find_char(rest, ' ');
	struct str day = str_part(rest, 0, space), time = space == SIZE_MAX ? (struct str){NULL, 0} : str_trim(str_part(rest, space, SIZE_MAX));
	size_t colon = str_find_char(time, ':');
	struct slot_rule is = {0};

	if (!parse_weekday(day, &is.weekday) || colon == SIZE_MAX || !parse_digits(str_part(time, 0, colon), 1, 23, &is.hour)
		|| !parse_digits(str_part(time, colon + 1, SIZE_MAX), 2, 59, &is.minute))
		return fault_set(f, FAULT_INPUT, "\"%.*s\" is no weekly slot: write a day and a time in 24 hours, such as Friday 08:00",
			STR_ARG(str_part(text, 0, 40)));
	*rule = is;
	return true;
}

struct str slot_weekday_name(int weekday)
{
	return str_from(weekday_names[(unsigned) weekday % DAYS]);
}

struct str slot_rule_text(const struct slot_rule *rule, struct arena *arena)
{
	return str_format(arena, "%.*s %02d:%02d", STR_ARG(slot_weekday_name(rule->weekday)), rule->hour, rule->minute);
}

/* --- days --- */

/* The moment of the rule's time on a day. */
static struct when moment(const struct slot_rule *rule, int32_t day)
{
	struct civil civil = clock_civil_utc(clock_from_utc_day(day));

	civil.hour = rule->hour;
	civil.minute = rule->minute;
	return clock_from_civil(&civil);
}

void slot_key(struct when at, char key[SLOT_KEY_CHARS + 1])
{
	struct civil civil = clock_civil(at);
	char text[48];

	(void) snprintf(text, sizeof(text), "%04d-%02d-%02d", civil.year, civil.month, civil.day);
	memcpy(key, text, SLOT_KEY_CHARS);
	key[SLOT_KEY_CHARS] = '\0';
}

static struct slot slot_on(const struct slot_rule *rule, int32_t day)
{
	struct slot slot = {.at = moment(rule, day), .draft = moment(rule, day - 1)};

	slot_key(slot.at, slot.key);
	if (slot.draft.us >= slot.at.us) /* the day before was left out */
		slot.draft = moment(rule, day - 2);
	return slot;
}

/* A day of the rule's weekday, more than a week after now in any zone. */
static int32_t later_day(const struct slot_rule *rule, struct when now)
{
	const struct civil today = clock_civil(now);
	int32_t day = clock_day_of(today.year, today.month, today.day) + DAYS + 2;

	/* 1970-01-01 was a Thursday */
	return day + (rule->weekday - ((day + 4) % DAYS + DAYS) % DAYS + DAYS) % DAYS;
}

struct slot slot_last(const struct slot_rule *rule, struct when now)
{
	int32_t day = later_day(rule, now);
	struct slot slot = slot_on(rule, day);

	while (slot.at.us > now.us)
		slot = slot_on(rule, day -= DAYS);
	return slot;
}

struct slot slot_next(const struct slot_rule *rule, struct when now)
{
	int32_t day = later_day(rule, now);
	struct slot slot = slot_on(rule, day), before = slot_on(rule, day - DAYS);

	while (before.at.us > now.us) {
		slot = before;
		before = slot_on(rule, (day -= DAYS) - DAYS);
	}
	return slot;
}

bool slot_is_key(struct str text)
{
	struct fault ignored = {0};
	struct when when;

	return text.len == SLOT_KEY_CHARS && clock_parse(text, &when, &ignored);
}

struct when slot_open_until(struct when at, int64_t catch_up_h)
{
	int64_t s = catch_up_h * 3600 > SLOT_GRACE_S ? catch_up_h * 3600 : SLOT_GRACE_S;

	return (struct when){at.us + s * US_PER_S};
}

bool slot_is_open(struct when at, int64_t catch_up_h, struct when now)
{
	return now.us <= slot_open_until(at, catch_up_h).us;
}

bool slot_is_late(struct when at, struct when now)
{
	return now.us > at.us + (int64_t) SLOT_GRACE_S * US_PER_S;
}
