/* bake_month.c: months of the newsroom's calendar.
 *
 * Decides: which months there are, which of them a change touches. Leaves to others: their pages. Runs in: desk's bake.
 * The hard thing: an archive of any size: each month is asked whether it has a story, and none is read.
 * SPDX-License-Identifier: ISC */
#include "desk/bake_month.h"

#include <stdlib.h>
#include "base/fault.h"
#include "desk/bake.h"
#include "gen/desk_sql.h"
#include "press/locale.h"
#include "store/store.h"

enum { MONTHS_MOST = 12 * 400 };

struct bake_month bake_month_of(int64_t us)
{
	const struct civil day = clock_civil((struct when){us});

	return (struct bake_month){day.year, day.month};
}

struct bake_month bake_month_after(struct bake_month month)
{
	return month.month < 12 ? (struct bake_month){month.year, month.month + 1} : (struct bake_month){month.year + 1, 1};
}

int64_t bake_month_begin(struct bake_month month)
{
	const struct civil first = {.year = month.year, .month = month.month, .day = 1};

	return clock_from_civil(&first).us;
}

int bake_month_compare(struct bake_month a, struct bake_month b)
{
	int x = a.year * 12 + a.month;
	int y = b.year * 12 + b.month;

	return (x > y) - (x < y);
}

struct str bake_month_name(struct bake *bake, const struct locale *locale, struct bake_month month)
{
	struct str pattern = locale_indexed(locale, "month_year", (size_t) (month.month - 1));
	char year[16];
	struct buf out;
	struct str name;

	snprintf(year, sizeof(year), "%d", month.year);
	buf_init(&out, 1024);
	locale_write(&out, pattern, (const struct locale_pair[]){{"year", str_from(year)}, {NULL, {NULL, 0}}});
	name = str_copy(buf_view(&out), &bake->page);
	buf_release(&out);
	return name;
}

static bool has_stories(struct bake *bake, struct bake_month month, bool *has, struct fault *f)
{
	int64_t any = 0;
	bool ok = store_number(bake->db, DESK_SQL_SITEMAP_ANY,
		STORE_ARGS(store_i64(bake_month_begin(month)), store_i64(bake_month_begin(bake_month_after(month)))), &any, f);

	*has = any > 0;
	return ok;
}

bool bake_months_all(struct bake *bake, const struct bake_months **months, struct fault *f)
{
	struct store_row span;
	struct bake_month last;
	struct bake_month at;
	bool found = false;
	bool ok = true;

	*months = &bake->months;
	if (bake->months.at != NULL)
		return true;
	bake->months.at = arena_alloc_many(&bake->arena, MONTHS_MOST, sizeof(*bake->months.at));
	if (bake->months.at == NULL)
		return fault_full(f, "the archive");
	if (!store_one(bake->db, DESK_SQL_SITEMAP_SPAN, STORE_NO_ARGS, &bake->arena, &span, &found, f))
		return false;
	if (!found || span.columns[0].type == STORE_NULL)
		return true;
	last = bake_month_of(span.columns[1].number);
	at = bake_month_of(span.columns[0].number);
	while (ok && bake_month_compare(at, last) <= 0 && bake->months.count < MONTHS_MOST) {
		bool has = false;

		ok = has_stories(bake, at, &has, f);
		if (has)
			bake->months.at[bake->months.count++] = at;
		at = bake_month_after(at);
	}
	return ok;
}

static int compare(const void *a, const void *b)
{
	return bake_month_compare(*(const struct bake_month *) a, *(const struct bake_month *) b);
}

bool bake_months_touched(struct bake *bake, const struct bake_months **months, struct fault *f)
{
	struct bake_months *touched = &bake->touched_months;
	size_t kept = 0;
	size_t i;

	if (bake->is_full)
		return bake_months_all(bake, months, f);
	*months = touched;
	if (touched->at != NULL)
		return true;
	touched->at = arena_alloc_many(&bake->arena, bake->dates.count + 1, sizeof(*touched->at));
	if (touched->at == NULL)
		return fault_full(f, "the archive");
	for (i = 0; i < bake->dates.count; i++)
		touched->at[i] = bake_month_of(bake->dates.at[i]);
	if (bake->dates.count > 1)
		qsort(touched->at, bake->dates.count, sizeof(*touched->at), compare);
	for (i = 0; i < bake->dates.count; i++)
		if (kept == 0 || bake_month_compare(touched->at[kept - 1], touched->at[i]) != 0)
			touched->at[kept++] = touched->at[i];
	touched->count = kept;
	return true;
}
