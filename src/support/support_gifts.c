/* support_gifts.c: lists of nameless rows for the desk, and all that is known of one gift.
 *
 * Decides: which tabs there are and what a row says. Leaves to the desk: words. Runs in: support. The hard thing: a page of a
 * long list begins where the one before ended (day and id), so that no page costs more than another.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "gen/support_sql.h"
#include "store/store.h"
#include "support_inside.h"
#include "support_numbers.h"
#include "support_receipt.h"

enum { PAGE = 50 };

/* What a tab's rows are. */
enum row_kind { ROW_GIFT, ROW_RUNNING, ROW_FAILED, ROW_EVENT };

static const struct tab {
	const char *name;
	enum support_sql page, count;
	enum row_kind kind;
	int day;              /* its column */
} tabs[] = {
	{"all", SUPPORT_SQL_GIFTS_PAGE, SUPPORT_SQL_GIFTS_COUNT_ALL, ROW_GIFT, 8},
	{"running", SUPPORT_SQL_GIFTS_RUNNING, SUPPORT_SQL_GIFTS_COUNT_RUNNING, ROW_RUNNING, 6},
	{"failed", SUPPORT_SQL_GIFTS_FAILED, SUPPORT_SQL_GIFTS_COUNT_FAILED, ROW_FAILED, 6},
	{"refunded", SUPPORT_SQL_GIFTS_REFUNDED, SUPPORT_SQL_GIFTS_COUNT_REFUNDED, ROW_GIFT, 8},
	{"disputed", SUPPORT_SQL_GIFTS_DISPUTED, SUPPORT_SQL_GIFTS_COUNT_DISPUTED, ROW_GIFT, 8},
	{"unmatched", SUPPORT_SQL_GIFTS_UNMATCHED, SUPPORT_SQL_GIFTS_COUNT_UNMATCHED, ROW_EVENT, 4},
};

static void set_day(json_t *object, const char *key, int64_t day)
{
	struct civil civil = clock_civil_utc(clock_from_utc_day((int32_t) day));
	char text[40];

	snprintf(text, sizeof(text), "%04d-%02d-%02d", civil.year, civil.month, civil.day);
	json_object_set_new(object, key, json_string(text));
}

static void set_id(json_t *object, const char *key, int64_t id)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long) id);
	json_object_set_new(object, key, json_string(text)); /* 63 bits are more than some readers of JSON keep */
}

static void set_text(json_t *object, const char *key, struct str text)
{
	json_object_set_new(object, key, http_json_str(text));
}

/* --- a page of a list --- */

/* gifts_page's columns. */
static json_t *gift_json(const struct store_value *column, struct arena *arena)
{
	json_t *one = json_object();

	set_id(one, "id", column[0].number);
	json_object_set_new(one, "reference", json_string(support_receipt_name(column[0].number, arena)));
	set_text(one, "frequency", column[1].bytes);
	set_text(one, "state", column[2].bytes);
	set_text(one, "method", column[3].bytes);
	json_object_set_new(one, "amount_minor", json_integer(column[4].number));
	set_text(one, "currency", column[5].bytes);
	json_object_set_new(one, "fee_minor", column[6].type == STORE_NULL ? json_null() : json_integer(column[6].number));
	json_object_set_new(one, "refunded_minor", json_integer(column[7].number));
	set_day(one, "day", column[8].number);
	json_object_set_new(one, "number", json_integer(column[9].number));
	return one;
}

static void set_mark(json_t *one, char letter, int64_t id)
{
	char mark[16];

	snprintf(mark, sizeof(mark), "%c-%08x", letter, (unsigned) ((uint64_t) id >> 31));
	json_object_set_new(one, "reference", json_string(mark));
}

/* gifts_running's and gifts_failed's first seven columns. */
static json_t *mandate_json(const struct store_rows *rows, char letter)
{
	json_t *one = json_object();

	set_mark(one, letter, store_column_i64(rows, 0));
	set_text(one, "frequency", store_column_text(rows, 1));
	set_text(one, "state", store_column_text(rows, 2));
	set_text(one, "method", store_column_text(rows, 3));
	json_object_set_new(one, "amount_minor", json_integer(store_column_i64(rows, 4)));
	set_text(one, "currency", store_column_text(rows, 5));
	set_day(one, "day", store_column_i64(rows, 6));
	return one;
}

static json_t *row_json(const struct store_rows *rows, enum row_kind kind, struct arena *arena)
{
	struct store_value column[10];
	json_t *one = NULL;

	switch (kind) {
	case ROW_GIFT:
		for (int i = 0; i < 10; i++)
			column[i] = store_column_is_null(rows, i) ? store_null() : i == 1 || i == 2 || i == 3 || i == 5
				? store_text(store_column_text(rows, i)) : store_i64(store_column_i64(rows, i));
		one = gift_json(column, arena);
		break;
	case ROW_RUNNING:
		one = mandate_json(rows, 'm');
		set_day(one, "last", store_column_i64(rows, 7));
		break;
	case ROW_FAILED:
		one = mandate_json(rows, 'r');
		if (store_column_i64(rows, 7) > 0)
			set_day(one, "next_day", store_column_i64(rows, 7));
		set_text(one, "reason", store_column_text(rows, 8));
		json_object_set_new(one, "attempts", json_integer(store_column_i64(rows, 9)));
		break;
	case ROW_EVENT:
		one = json_object();
		set_mark(one, 'e', store_column_i64(rows, 0));
		set_text(one, "method", store_column_text(rows, 1));
		set_text(one, "reason", store_column_text(rows, 2));
		set_text(one, "state", store_column_text(rows, 3));
		set_day(one, "day", store_column_i64(rows, 4));
		break;
	}
	return one;
}

static bool read_page(struct support *support, const struct tab *tab, int64_t day, int64_t id, struct arena *arena, json_t *list,
	json_t *value, struct fault *f)
{
	struct store_rows rows;
	int64_t count = 0, last_day = 0, last_id = 0;
	bool ok = store_rows_begin(support->db, tab->page, STORE_ARGS(store_i64(day), store_i64(id), store_i64(PAGE + 1)), &rows, f);

	while (ok && store_rows_next(&rows, f)) {
		if (++count > PAGE)
			break;
		last_id = store_column_i64(&rows, 0);
		last_day = store_column_i64(&rows, tab->day);
		json_array_append_new(list, row_json(&rows, tab->kind, arena));
	}
	ok = store_rows_end(&rows) && ok;
	if (ok && count > PAGE) {
		char next[48];

		snprintf(next, sizeof(next), "%lld.%lld", (long long) last_day, (long long) last_id);
		json_object_set_new(value, "next", json_string(next));
	}
	return ok;
}

static bool read_after(struct str text, int64_t *day, int64_t *id)
{
	struct str first = {NULL, 0};

	*day = INT32_MAX;
	*id = 0;
	if (text.len == 0)
		return true;
	return str_next(&text, '.', &first) && str_to_i64(first, day) && str_to_i64(text, id);
}

void support_get_gifts(struct http_request *rq, void *room)
{
	struct support *support = ((struct room *) room)->self;
	struct str wanted = http_query(rq, "tab");
	const struct tab *tab = wanted.len == 0 ? &tabs[0] : NULL;
	json_t *value = json_object(), *list = json_array(), *counts = json_object();
	struct fault f = {0};
	int64_t day, id;
	bool ok;

	json_object_set_new(value, "rows", list);
	json_object_set_new(value, "counts", counts);
	for (size_t i = 0; i < sizeof(tabs) / sizeof(tabs[0]); i++)
		if (str_is(wanted, tabs[i].name))
			tab = &tabs[i];
	ok = (tab != NULL && read_after(http_query(rq, "after"), &day, &id)) ||
		fault_set(&f, FAULT_INPUT, "tab is one of all, running, failed, refunded, disputed, unmatched; after is what the page before gave");
	ok = ok && read_page(support, tab, day, id, http_arena(rq), list, value, &f);
	for (size_t i = 0; ok && i < sizeof(tabs) / sizeof(tabs[0]); i++) {
		int64_t count;

		ok = store_number(support->db, tabs[i].count, STORE_NO_ARGS, &count, &f);
		json_object_set_new(counts, tabs[i].name, json_integer(count));
	}
	if (ok) {
		http_answer_json(rq, 200, value);
		return;
	}
	json_decref(value);
	http_answer_fault(rq, &f);
}

/* --- one gift --- */

static bool add_bookings(struct support *support, int64_t id, json_t *value, struct fault *f)
{
	json_t *list = json_array();
	struct store_rows rows;
	bool ok = store_rows_begin(support->db, SUPPORT_SQL_GIFT_BOOKINGS, STORE_ARGS(store_i64(id)), &rows, f);

	json_object_set_new(value, "bookings", list);
	while (ok && store_rows_next(&rows, f)) {
		json_t *one = json_object();

		set_text(one, "kind", store_column_text(&rows, 0));
		set_day(one, "day", store_column_i64(&rows, 1));
		set_text(one, "account", store_column_text(&rows, 2));
		json_object_set_new(one, "amount_minor", json_integer(store_column_i64(&rows, 3)));
		set_text(one, "currency", store_column_text(&rows, 4));
		json_array_append_new(list, one);
	}
	return store_rows_end(&rows) && ok;
}

static bool add_wishes(struct support *support, int64_t id, struct arena *arena, json_t *value, struct fault *f)
{
	static const char *const keys[] = {"state", "reason", "wanted_by", "approved_by", "fault"};
	json_t *list = json_array();
	struct store_rows rows;
	struct str page;
	bool ok = store_rows_begin(support->db, SUPPORT_SQL_WISH_LIST_OF, STORE_ARGS(store_i64(id)), &rows, f);

	json_object_set_new(value, "refunds", list);
	while (ok && store_rows_next(&rows, f)) {
		json_t *one = json_object();

		set_id(one, "id", store_column_i64(&rows, 0));
		json_object_set_new(one, "amount_minor", json_integer(store_column_i64(&rows, 1)));
		for (int i = 0; i < 5; i++)
			if (!store_column_is_null(&rows, i + 2))
				set_text(one, keys[i], store_column_text(&rows, i + 2));
		set_day(one, "day", store_column_i64(&rows, 7));
		json_array_append_new(list, one);
		if (!store_column_is_null(&rows, 8)) {
			ok = seal_open(support->seal_key, store_column_text(&rows, 8), arena, &page, f);
			if (ok)
				json_object_set_new(one, "page", http_json_str(page));
		}
	}
	return store_rows_end(&rows) && ok;
}

static bool add_mandate(struct support *support, int64_t checkout, struct arena *arena, json_t *value, struct fault *f)
{
	struct store_row row;
	json_t *one;
	bool found;

	if (!store_one(support->db, SUPPORT_SQL_GIFT_MANDATE, STORE_ARGS(store_i64(checkout)), arena, &row, &found, f))
		return false;
	if (!found)
		return true;
	one = json_object();
	json_object_set_new(value, "mandate", one);
	set_text(one, "state", row.columns[0].bytes);
	set_day(one, "started", row.columns[1].number);
	if (row.columns[2].type != STORE_NULL)
		set_day(one, "ended", row.columns[2].number);
	return true;
}

/* "c-1f0c9a2e": the id's upper half. Two may share one, among a hundred thousand. */
static bool find_mark(struct support *support, struct str mark, int64_t *id, struct fault *f)
{
	struct store_rows rows;
	int64_t low = 0, count = 0;
	bool ok;

	for (size_t i = 2; i < mark.len; i++) {
		const char *digits = "0123456789abcdef", *at = strchr(digits, mark.at[i]);

		if (at == NULL || mark.at[i] == '\0')
			return fault_set(f, FAULT_INPUT, "a gift is asked for by its id or its mark, such as c-1f0c9a2e");
		low = low * 16 + (at - digits);
	}
	low *= INT64_C(1) << 31;
	ok = store_rows_begin(support->db, SUPPORT_SQL_GIFT_BY_MARK, STORE_ARGS(store_i64(low), store_i64(low + INT32_MAX)), &rows, f);
	while (ok && store_rows_next(&rows, f)) {
		*id = store_column_i64(&rows, 0);
		count++;
	}
	ok = store_rows_end(&rows) && ok;
	return ok && (count < 2 || fault_set(f, FAULT_CONFLICT, "two gifts share this mark: open it from the list of contributions"));
}

void support_get_gift(struct http_request *rq, void *room)
{
	struct support *support = ((struct room *) room)->self;
	struct arena *arena = http_arena(rq);
	struct store_row row;
	json_t *value = NULL;
	struct fault f = {0};
	int64_t id = 0;
	bool found = false;
	struct str wanted = http_part(rq, "id");
	bool ok = wanted.len == 10 && str_starts(wanted, STR("c-")) ? find_mark(support, wanted, &id, &f)
		: str_to_i64(wanted, &id) || fault_set(&f, FAULT_INPUT, "a gift is asked for by its id");

	ok = ok && store_one(support->db, SUPPORT_SQL_GIFT_ONE, STORE_ARGS(store_i64(id)), arena, &row, &found, &f);
	if (ok && !found)
		ok = fault_set(&f, FAULT_MISSING, "there is no such gift");
	if (ok) {
		value = gift_json(row.columns, arena);
		json_object_set_new(value, "alone_minor", json_integer(support->settings->refund_alone.minor));
		ok = add_bookings(support, id, value, &f) && add_wishes(support, id, arena, value, &f) &&
			add_mandate(support, row.columns[10].number, arena, value, &f);
	}
	if (ok) {
		http_answer_json(rq, 200, value);
		return;
	}
	json_decref(value);
	http_answer_fault(rq, &f);
}
