/* settings_inside.h: what settings.c leaves to settings_smtp.c and settings_slot.c.
 * SPDX-License-Identifier: ISC */
#ifndef HOUSE_SETTINGS_INSIDE_H
#define HOUSE_SETTINGS_INSIDE_H

#include "house/settings.h"

/* A mail server as it stands in the file. */
struct settings_smtp_raw {
	struct settings_smtp is;
	struct str warmup; /* a date */
};

/* is->smtp: `first`, checked, and each section [smtp.NAME] in the file's order, read by those of `keys` whose section is
 * "smtp.*" (their offsets begin at `offset`). */
bool settings_read_smtp(struct settings *is, const struct settings_smtp_raw *first, int dir_fd, const struct conf_key *keys,
	size_t offset, struct arena *arena, struct fault *f) __attribute__((warn_unused_result));
/* is->limits: "gmail.com 20/minute", "example.org 500/hour 2". */
bool settings_read_limits(struct settings *is, const struct conf_list *list, struct fault *f)
	__attribute__((warn_unused_result));

/* [support] rails, fees and goal. */
struct settings_support_raw {
	struct conf_list fees;
	struct str goal;
};
bool settings_take_support(struct settings *is, const struct settings_support_raw *raw, struct fault *f)
	__attribute__((warn_unused_result));

/* [newsletter] slot, or the two keys of an older file. */
struct settings_slot_raw {
	struct str rule, day, time;
};

/* is->slot, min_stories and catch_up, checked. */
bool settings_take_slot(struct settings *is, const struct settings_slot_raw *raw, struct fault *f)
	__attribute__((warn_unused_result));
/* http(s)://host[:port], no path. */
bool settings_check_origin(const char *what, struct str url, struct fault *f) __attribute__((warn_unused_result));
/* Ways to give: names, addresses, the account. */
bool settings_check_rails(const struct settings *is, struct fault *f) __attribute__((warn_unused_result));
/* A fault that says "mimeo.conf: [section] key …" gets the line's number: "mimeo.conf:12: [section] key …". */
void settings_name_line(int dir_fd, struct fault *f);

#endif
