/* support_numbers.c: the numbers of the desk's page Contributions.
 *
 * Decides: what each number counts. Leaves to the desk: words and plots. Runs in: support. The hard thing: a page must not wait
 * for a sum over everything; months are added up from sums by day, which the schema keeps, and mandates are gone through once.
 * SPDX-License-Identifier: ISC */
#include "support_numbers.h"

#include "base/fault.h"
#include "base/log.h"
#include "gen/support_sql.h"
#include "store/store.h"
#include "support_inside.h"

enum { MONTHS = 12, MONTH_DAYS = 30, YEAR_DAYS = 365, SLOW_MS = 25, KEPT_MS = 30000 };

/* What came between two days. */
struct span {
	int64_t count, amount, fee, fee_of, refunded;
	int64_t frequency[FREQUENCY_COUNT];
};

static bool read_frequency(struct str name, enum frequency *frequency)
{
	for (unsigned i = 0; i < FREQUENCY_COUNT; i++)
		if (str_is(name, frequency_names[i])) {
			*frequency = (enum frequency) i;
			return true;
		}
	return false;
}

static bool read_span(struct support *support, struct str currency, int32_t from, int32_t until, struct span *span, struct fault *f)
{
	struct store_rows rows;
	bool ok = store_rows_begin(support->db, SUPPORT_SQL_NUMBERS_SPAN,
		STORE_ARGS(store_text(currency), store_i64(from), store_i64(until)), &rows, f);

	*span = (struct span){0};
	while (ok && store_rows_next(&rows, f)) {
		enum frequency frequency = FREQUENCY_ONCE;

		span->count += store_column_i64(&rows, 1);
		span->amount += store_column_i64(&rows, 2);
		span->fee += store_column_i64(&rows, 3);
		span->fee_of += store_column_i64(&rows, 4);
		span->refunded += store_column_i64(&rows, 5);
		if (read_frequency(store_column_text(&rows, 0), &frequency))
			span->frequency[frequency] += store_column_i64(&rows, 2);
	}
	return store_rows_end(&rows) && ok;
}

static void set_span(json_t *to, const struct span *span)
{
	json_object_set_new(to, "count", json_integer(span->count));
	json_object_set_new(to, "amount_minor", json_integer(span->amount));
	json_object_set_new(to, "fee_minor", json_integer(span->fee));
	json_object_set_new(to, "fee_of_minor", json_integer(span->fee_of));
	json_object_set_new(to, "refunded_minor", json_integer(span->refunded));
}

/* This month, and the one before up to the same day: what is not over is not held against what is. */
static bool add_month(struct support *support, json_t *value, int32_t today, struct fault *f)
{
	struct civil now = clock_civil_utc(clock_from_utc_day(today));
	int32_t first = clock_day_of(now.year, now.month, 1), before = clock_day_of(now.year, now.month - 1, 1);
	int32_t until = before + (today - first) + 1;
	json_t *month = json_object(), *last = json_object();
	struct span span;

	json_object_set_new(value, "month", month);
	json_object_set_new(value, "month_before", last);
	json_object_set_new(last, "number", json_integer(clock_civil_utc(clock_from_utc_day(before)).month));
	if (!read_span(support, support->settings->currency, first, today + 1, &span, f))
		return false;
	set_span(month, &span);
	if (!read_span(support, support->settings->currency, before, until < first ? until : first, &span, f))
		return false;
	set_span(last, &span);
	return true;
}

static bool add_months(struct support *support, json_t *value, int32_t today, struct fault *f)
{
	struct civil now = clock_civil_utc(clock_from_utc_day(today));
	json_t *months = json_array();

	json_object_set_new(value, "months", months);
	for (int i = MONTHS - 1; i >= 0; i--) {
		int32_t from = clock_day_of(now.year, now.month - i, 1), until = clock_day_of(now.year, now.month - i + 1, 1);
		struct civil civil = clock_civil_utc(clock_from_utc_day(from));
		json_t *one = json_object();
		struct span span;
		char text[32];

		json_array_append_new(months, one);
		if (!read_span(support, support->settings->currency, from, until, &span, f))
			return false;
		snprintf(text, sizeof(text), "%04d-%02d", civil.year, civil.month);
		json_object_set_new(one, "month", json_string(text));
		json_object_set_new(one, "count", json_integer(span.count));
		for (unsigned k = 0; k < FREQUENCY_COUNT; k++)
			json_object_set_new(one, frequency_names[k], json_integer(span.frequency[k]));
	}
	return true;
}

/* Gifts that come back: how many, what they bring a month, who came and left, who stayed. */
static bool add_running(struct support *support, json_t *value, int32_t today, struct fault *f)
{
	static const char *const keys[] = {"supporters", "amount_minor", "new", "left", "month_of", "month_kept", "year_of", "year_kept"};
	struct civil now = clock_civil_utc(clock_from_utc_day(today));
	int64_t recurring = 0;
	struct store_rows rows;
	bool ok = store_rows_begin(support->db, SUPPORT_SQL_NUMBERS_RUNNING, STORE_ARGS(store_text(support->settings->currency),
		store_i64(clock_day_of(now.year, now.month, 1)), store_i64(today - MONTH_DAYS), store_i64(today - YEAR_DAYS)), &rows, f);

	while (ok && store_rows_next(&rows, f)) {
		enum frequency frequency;
		json_t *one;

		if (!read_frequency(store_column_text(&rows, 0), &frequency))
			continue;
		one = json_object();
		json_object_set_new(value, frequency_names[frequency], one);
		for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
			json_object_set_new(one, keys[i], json_integer(store_column_i64(&rows, (int) i + 1)));
		recurring += frequency == FREQUENCY_ANNUAL ? store_column_i64(&rows, 2) / 12 : store_column_i64(&rows, 2);
	}
	json_object_set_new(value, "recurring_minor", json_integer(recurring));
	return store_rows_end(&rows) && ok;
}

/* Renewals that failed in these thirty days, and why. */
static bool add_failed(struct support *support, json_t *value, int32_t today, struct fault *f)
{
	json_t *failed = json_object(), *reasons = json_array();
	int64_t count = 0, recovered = 0;
	struct store_rows rows;
	bool ok = store_rows_begin(support->db, SUPPORT_SQL_NUMBERS_FAILED, STORE_ARGS(store_i64(today - MONTH_DAYS)), &rows, f);

	json_object_set_new(value, "failed", failed);
	json_object_set_new(failed, "reasons", reasons);
	while (ok && store_rows_next(&rows, f)) {
		json_t *one;

		if (str_equal(store_column_text(&rows, 0), renewal_state_name(RENEWAL_RECOVERED))) {
			recovered += store_column_i64(&rows, 2);
			continue;
		}
		count += store_column_i64(&rows, 2);
		one = json_object();
		json_object_set_new(one, "reason", http_json_str(store_column_text(&rows, 1)));
		json_object_set_new(one, "count", json_integer(store_column_i64(&rows, 2)));
		json_array_append_new(reasons, one);
	}
	json_object_set_new(failed, "count", json_integer(count));
	json_object_set_new(failed, "recovered", json_integer(recovered));
	return store_rows_end(&rows) && ok;
}

/* What came in other currencies in these twelve months. */
static bool add_others(struct support *support, json_t *value, int32_t today, struct fault *f)
{
	char codes[16][4];
	size_t count = 0;
	json_t *list = json_array();
	struct civil now = clock_civil_utc(clock_from_utc_day(today));
	struct store_rows rows;
	bool ok = store_rows_begin(support->db, SUPPORT_SQL_NUMBERS_CURRENCIES, STORE_NO_ARGS, &rows, f);

	json_object_set_new(value, "others", list);
	while (ok && count < 16 && store_rows_next(&rows, f))
		if (!str_equal(store_column_text(&rows, 0), support->settings->currency))
			snprintf(codes[count++], sizeof(codes[0]), "%.*s", STR_ARG(store_column_text(&rows, 0)));
	ok = store_rows_end(&rows) && ok;
	for (size_t i = 0; ok && i < count; i++) {
		struct span span;
		json_t *one;

		ok = read_span(support, str_from(codes[i]), clock_day_of(now.year, now.month - MONTHS + 1, 1), today + 1, &span, f);
		if (!ok || span.count == 0)
			continue;
		one = json_object();
		json_object_set_new(one, "currency", json_string(codes[i]));
		set_span(one, &span);
		json_array_append_new(list, one);
	}
	return ok;
}

/* What took long is good for half a minute: a newsroom with tens of thousands of running gifts sees them that late. One per process. */
static struct {
	json_t *value;
	int64_t until_ms;
	int32_t day;
} kept;

static void keep(json_t *value, int64_t began_ms, int32_t today)
{
	int64_t now_ms = clock_mono_ms();

	if (now_ms - began_ms <= SLOW_MS)
		return;
	json_decref(kept.value);
	kept.value = json_incref(value);
	kept.until_ms = now_ms + KEPT_MS;
	kept.day = today;
}

void support_get_numbers(struct http_request *rq, void *room)
{
	struct support *support = ((struct room *) room)->self;
	int32_t today = clock_utc_day(clock_now());
	int64_t began_ms = clock_mono_ms();
	json_t *value;
	struct fault f = {0};

	if (kept.value != NULL && kept.day == today && began_ms < kept.until_ms) {
		http_answer_json(rq, 200, json_incref(kept.value));
		return;
	}
	value = json_object();
	json_object_set_new(value, "currency", http_json_str(support->settings->currency));
	if (add_month(support, value, today, &f) && add_months(support, value, today, &f) && add_running(support, value, today, &f) &&
		add_failed(support, value, today, &f) && add_others(support, value, today, &f)) {
		keep(value, began_ms, today);
		http_answer_json(rq, 200, value);
		return;
	}
	json_decref(value);
	log_fault(&f, "the desk's numbers");
	http_answer_fault(rq, &f);
}
