/* locale_inside.h: an opened language, for the parts of press alone.
 * SPDX-License-Identifier: ISC */
#ifndef PRESS_LOCALE_INSIDE_H
#define PRESS_LOCALE_INSIDE_H

#include "base/arena.h"
#include "locale.h"
#include "value.h"

struct locale {
	struct arena arena;
	struct str language;
	bool is_rtl;
	const struct press_value *root, *months, *weekdays, *every, *texts, *plurals;
	struct str digits[10];
	struct str date, date_long, time, decimal, group, money;
};

struct str locale_fill(struct str text, struct arena *arena, const struct locale_pair *pairs);
void locale_digits(const struct locale *locale, struct buf *out, struct str ascii);
void locale_grouped(const struct locale *locale, struct buf *out, uint64_t n);

#endif
