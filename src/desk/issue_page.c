/* issue_page.c: where a started issue stands in the web archive.
 *
 * Decides: the address, once. Leaves to others: the page (bake_issues.c). Runs in: desk. The hard thing: addresses are cited, so neither a zone that
 * is changed, nor a desk that noticed late that an issue began, may move one; so it is written down.
 * SPDX-License-Identifier: ISC */
#include "desk/issue_page.h"

#include <stdio.h>
#include "base/clock.h"
#include "base/fault.h"
#include "gen/desk_sql.h"
#include "house/slot.h"
#include "store/store.h"

enum { AT_ONCE = 100, PATH_BYTES = 40, SAME_DAY_MOST = 1000 };

struct pathless {
	int64_t id;
	char day[SLOT_KEY_CHARS + 1];
};

static bool read_some(struct store *db, struct pathless out[AT_ONCE], size_t *count, struct fault *f)
{
	struct store_rows rows;

	*count = 0;
	if (!store_rows_begin(db, DESK_SQL_ISSUE_PATHLESS, STORE_NO_ARGS, &rows, f))
		return false;
	while (*count < AT_ONCE && store_rows_next(&rows, f)) {
		struct pathless *one = &out[(*count)++];
		struct str slot = store_column_text(&rows, 2);

		one->id = store_column_i64(&rows, 0);
		if (slot_is_key(slot))
			(void) snprintf(one->day, sizeof(one->day), "%.*s", STR_ARG(slot));
		else
			slot_key((struct when){store_column_i64(&rows, 1)}, one->day);
	}
	return store_rows_end(&rows);
}

static bool name_one(struct store *db, const struct pathless *one, struct fault *f)
{
	char path[PATH_BYTES];
	int64_t taken = 1;
	int number = 0;

	while (taken > 0 && ++number < SAME_DAY_MOST) {
		if (number == 1)
			(void) snprintf(path, sizeof(path), "%s/", one->day);
		else
			(void) snprintf(path, sizeof(path), "%s-%d/", one->day, number);
		if (!store_number(db, DESK_SQL_ISSUE_PATH_TAKEN, STORE_ARGS(store_text(str_from(path))), &taken, f))
			return false;
	}
	return store_run(db, DESK_SQL_ISSUE_PATH_PUT, STORE_ARGS(store_i64(one->id), store_text(str_from(path))), NULL, f);
}

bool issue_page_name_all(struct store *db, struct fault *f)
{
	struct pathless some[AT_ONCE];
	size_t count = 0, i;

	do {
		if (!read_some(db, some, &count, f))
			return false;
		for (i = 0; i < count; i++)
			if (!name_one(db, &some[i], f))
				return false;
	} while (count == AT_ONCE);
	return true;
}
