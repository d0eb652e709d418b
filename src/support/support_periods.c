/* support_periods.c: periods close, and stay closed.
 *
 * Decides: what a closed period holds: all that was booked up to its last day by the time it was closed. Leaves to the schema:
 * that nothing in it is changed after. Runs in: support. The hard thing: what was booked already for later days belongs to the
 * next period, under ids of that one: it is taken out, and written again once the other is closed.
 * SPDX-License-Identifier: ISC */
#include "base/buf.h"
#include "base/fault.h"
#include "base/log.h"
#include "gen/support_sql.h"
#include "store/store.h"
#include "support_inside.h"

enum { ARENA_BYTES = 64 * 1024 * 1024, SUBJECT_ARENA_BYTES = 4 * 1024 * 1024, BY_BYTES = 120 };

struct later {
	int64_t booking, subject;
};

static bool read_later(struct support *support, int32_t last_day, struct arena *arena, struct later **out, size_t *count,
	struct fault *f)
{
	struct store_rows rows;
	int64_t room;
	bool ok;

	*count = 0;
	if (!store_number(support->db, SUPPORT_SQL_BOOKING_LATER_COUNT, STORE_ARGS(store_i64(last_day)), &room, f))
		return false;
	*out = arena_alloc_many(arena, (size_t) room + 1, sizeof(**out));
	if (*out == NULL)
		return fault_full(f, "the bookings after that day");
	ok = store_rows_begin(support->db, SUPPORT_SQL_BOOKING_LATER, STORE_ARGS(store_i64(last_day)), &rows, f);
	while (ok && *count < (size_t) room && store_rows_next(&rows, f))
		(*out)[(*count)++] = (struct later){store_column_i64(&rows, 0), store_column_i64(&rows, 1)};
	return store_rows_end(&rows) && ok;
}

static bool close_rows(struct support *support, int32_t last_day, struct str by, struct arena *arena, struct fault *f)
{
	enum event_state ignored;
	struct arena one;
	struct later *later;
	size_t count;
	bool ok = read_later(support, last_day, arena, &later, &count, f);

	for (size_t i = 0; ok && i < count; i++)
		ok = store_run(support->db, SUPPORT_SQL_BOOKING_DROP, STORE_ARGS(store_i64(later[i].booking)), NULL, f) &&
			store_run(support->db, SUPPORT_SQL_ENTRY_DROP, STORE_ARGS(store_i64(later[i].booking)), NULL, f);
	ok = ok && store_run(support->db, SUPPORT_SQL_PERIOD_INSERT, STORE_ARGS(store_i64(support->open_period),
		store_i64(last_day), store_i64(clock_utc_day(clock_now())), store_text(by)), NULL, f);
	support->is_period_known = false;
	ok = ok && support_know_period(support, f);
	arena_init(&one, "period", SUBJECT_ARENA_BYTES);
	for (size_t i = 0; ok && i < count; i++) {
		if (i == 0 || later[i].subject != later[i - 1].subject)
			ok = support_write_books(support, later[i].subject, NULL, &one, &ignored, f);
		arena_reset(&one);
	}
	arena_release(&one);
	return ok;
}

bool support_close_inside(struct support *support, int32_t last_day, struct str by, struct fault *f)
{
	struct arena arena;
	bool ok;

	if (!support_know_period(support, f))
		return false;
	if (last_day >= clock_utc_day(clock_now()))
		return fault_set(f, FAULT_INPUT, "That day is not over yet: a period can be closed up to yesterday.");
	if (last_day < support->first_day)
		return fault_set(f, FAULT_CONFLICT, "That day is in a period that is closed already.");
	if (by.len == 0 || by.len > BY_BYTES || str_has_control(by) || !str_is_utf8(by))
		return fault_set(f, FAULT_INPUT, "Say who closes the period, in at most %d bytes.", BY_BYTES);
	arena_init(&arena, "period", ARENA_BYTES);
	ok = close_rows(support, last_day, by, &arena, f);
	arena_release(&arena);
	return ok || fault_add(f, "while closing a period");
}

bool support_close_period(struct support *support, int32_t last_day, struct str by, struct fault *f)
{
	bool ok = store_begin(support->db, f);

	if (ok)
		ok = store_end(support->db, support_close_inside(support, last_day, by, f), f);
	support->is_period_known = false; /* as the database has it, whichever way it went */
	return ok;
}

/* --- JSON --- */

static bool add_sums(struct support *support, json_t *one, int32_t from, int32_t until, struct fault *f)
{
	json_t *list = json_array();
	struct store_rows rows;
	bool ok = store_rows_begin(support->db, SUPPORT_SQL_PERIOD_SUMS, STORE_ARGS(store_i64(from), store_i64(until)), &rows, f);

	json_object_set_new(one, "sums", list);
	while (ok && store_rows_next(&rows, f)) {
		json_t *sum = json_object();

		json_object_set_new(sum, "account", http_json_str(store_column_text(&rows, 0)));
		json_object_set_new(sum, "currency", http_json_str(store_column_text(&rows, 1)));
		json_object_set_new(sum, "amount_minor", json_integer(store_column_i64(&rows, 2)));
		json_array_append_new(list, sum);
	}
	return store_rows_end(&rows) && ok;
}

/* The closed ones, oldest first, and from which day on nothing is closed. */
static bool write_periods(struct support *support, json_t *value, struct fault *f)
{
	json_t *list = json_array(), *open = json_object();
	struct store_rows rows;
	int32_t first_day = 0;
	bool ok;

	json_object_set_new(value, "closed", list);
	json_object_set_new(value, "open", open);
	ok = support_know_period(support, f) && store_rows_begin(support->db, SUPPORT_SQL_PERIOD_LIST, STORE_NO_ARGS, &rows, f);
	if (!ok)
		return false;
	while (ok && store_rows_next(&rows, f)) {
		json_t *one = json_object();
		int32_t last_day = (int32_t) store_column_i64(&rows, 1);

		json_object_set_new(one, "number", json_integer(store_column_i64(&rows, 0)));
		support_set_day(one, "last_day", last_day);
		support_set_day(one, "closed_day", store_column_i64(&rows, 2));
		json_object_set_new(one, "closed_by", http_json_str(store_column_text(&rows, 3)));
		json_array_append_new(list, one);
		ok = add_sums(support, one, first_day, last_day, f);
		first_day = last_day + 1;
	}
	ok = store_rows_end(&rows) && ok;
	json_object_set_new(open, "number", json_integer(support->open_period));
	if (first_day > 0)
		support_set_day(open, "first_day", first_day);
	else
		json_object_set_new(open, "first_day", json_null());
	return ok && add_sums(support, open, first_day, INT32_MAX, f);
}

void support_get_periods(struct http_request *rq, void *self)
{
	struct support *support = ((struct room *) self)->self;
	json_t *value = json_object();
	struct fault f = {0};

	if (write_periods(support, value, &f)) {
		http_answer_json(rq, 200, value);
		return;
	}
	json_decref(value);
	log_fault(&f, "reading the periods");
	http_answer_fault(rq, &f);
}

/* {"last_day": "2026-10-31", "by": "Anna Treasurer"} */
void support_post_period(struct http_request *rq, void *self)
{
	struct support *support = ((struct room *) self)->self;
	struct str day, by;
	struct when when;
	json_t *value;
	struct fault f = {0};
	struct buf text;
	bool ok;

	buf_init(&text, 64);
	ok = http_json_need_text(http_json(rq), "last_day", &day, &f) && http_json_need_text(http_json(rq), "by", &by, &f);
	if (ok && day.len != 10)
		ok = fault_set(&f, FAULT_INPUT, "last_day is a day such as 2026-10-31");
	buf_format(&text, "%.*sT12:00:00Z", STR_ARG(str_part(day, 0, 10)));
	ok = ok && clock_parse(buf_view(&text), &when, &f) && support_close_period(support, clock_utc_day(when), by, &f);
	buf_release(&text);
	if (!ok) {
		if (f.kind != FAULT_INPUT && f.kind != FAULT_CONFLICT)
			log_fault(&f, "closing a period");
		http_answer_fault(rq, &f);
		return;
	}
	log_event(LOG_BOOKED, LOG_C("kind", "period closed"), LOG_STR("last_day", day));
	value = json_object();
	json_object_set_new(value, "closed", json_true());
	http_answer_json(rq, 200, value);
}
