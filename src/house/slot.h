/* slot.h: the newsletter's weekly slot: "Friday 08:00" on the newsroom's clock, and which moments that is.
 *
 * A slot is known by its day in the newsroom's zone ("2026-11-27"), so a changed time of day, a changed zone or a clock that was set back
 * cannot make a second slot of it. Days are counted by the calendar, never by adding seconds: a week with a change of clocks has
 * 167 or 169 hours. A time that the change skips comes as much later as the clocks jump; of a repeated one the first counts.
 * The zone is the process's (clock_set_zone).
 * SPDX-License-Identifier: ISC */
#ifndef HOUSE_SLOT_H
#define HOUSE_SLOT_H

#include <stdbool.h>
#include "base/clock.h"
#include "base/str.h"

struct arena;
struct fault;

struct slot_rule {
	int weekday;                     /* 0 = Sunday */
	int hour, minute;
};

enum {
	SLOT_KEY_CHARS = 10,
	SLOT_GRACE_S = 15 * 60,          /* an issue that begins no later than this is on time, whatever `catch_up` says */
	SLOT_CATCH_UP_MOST = 5 * 24,     /* hours: the next slot's draft is not due yet */
	SLOT_STORIES_MOST = 40
};

struct slot {
	char key[SLOT_KEY_CHARS + 1];    /* its day */
	struct when at;                  /* when the issue goes */
	struct when draft;               /* the same time on the day before: its draft is made */
};

/* "Friday 08:00", also "fri 8:00": INPUT with what to write. */
bool slot_rule_parse(struct str text, struct slot_rule *rule, struct fault *f) __attribute__((warn_unused_result));
/* "Friday 08:00" and "Friday". English: for settings, the desk and commands. */
struct str slot_rule_text(const struct slot_rule *rule, struct arena *arena);
struct str slot_weekday_name(int weekday);

/* The first slot whose moment is later than now, and the last whose moment is not. */
struct slot slot_next(const struct slot_rule *rule, struct when now);
struct slot slot_last(const struct slot_rule *rule, struct when now);
/* The key of the slot whose moment that is. */
void slot_key(struct when at, char key[SLOT_KEY_CHARS + 1]);
/* Whether a text is a day that could be a slot's. */
bool slot_is_key(struct str text);

/* Until when an issue of a slot still goes: catch_up_h hours after its moment, or the grace; and whether it does now. */
struct when slot_open_until(struct when at, int64_t catch_up_h);
bool slot_is_open(struct when at, int64_t catch_up_h, struct when now);
bool slot_is_late(struct when at, struct when now); /* later than the grace */

#endif
