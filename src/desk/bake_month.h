/* bake_month.h: months of the newsroom's calendar: the pages that an archive is cut into.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_BAKE_MONTH_H
#define DESK_BAKE_MONTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"

struct bake;
struct fault;
struct locale;

struct bake_month {
	int year, month;
};

struct bake_months {
	struct bake_month *at;      /* in bake.arena, the oldest first */
	size_t count;
};

struct bake_month bake_month_of(int64_t us);
struct bake_month bake_month_after(struct bake_month month);
int64_t bake_month_begin(struct bake_month month);
/* -1, 0, 1 as memcmp's */
int bake_month_compare(struct bake_month a, struct bake_month b);
/* "November 2026": a whole text of the language. In bake.page. */
struct str bake_month_name(struct bake *bake, const struct locale *locale, struct bake_month month);

/* All months in which a published story lies; asks of each, and reads no story. Found once a bake. */
bool bake_months_all(struct bake *bake, const struct bake_months **months, struct fault *f)
	__attribute__((warn_unused_result));
/* Those whose stories changed: of a full bake all. One of them may have no story any more. */
bool bake_months_touched(struct bake *bake, const struct bake_months **months, struct fault *f)
	__attribute__((warn_unused_result));

#endif
