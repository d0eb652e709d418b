/* support_desk.c: what the desk and commands are shown: nameless contributions, totals, the ledger, health, check.
 *
 * Decides: what leaves this room: no address, no provider's reference, days instead of times. Runs in: support. The
 * hard thing: none.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/log.h"
#include "gen/support_sql.h"
#include "store/store.h"
#include "rail_health.h"
#include "support_inside.h"

enum { LIST_DEFAULT = 50, LIST_MOST = 5000, MONTHS = 12 };

void support_set_day(json_t *object, const char *key, int64_t day)
{
	struct buf buf;
	struct civil civil = clock_civil_utc(clock_from_utc_day((int32_t) day));

	buf_init(&buf, 32);
	buf_format(&buf, "%04d-%02d-%02d", civil.year, civil.month, civil.day);
	json_object_set_new(object, key, http_json_str(buf_view(&buf)));
	buf_release(&buf);
}

/* A short mark by which people speak of a row; ids stay inside. */
void support_set_reference(json_t *object, const char *key, int64_t id)
{
	char text[16];

	snprintf(text, sizeof(text), "c-%08x", (unsigned) ((uint64_t) id >> 31));
	json_object_set_new(object, key, json_string(text));
}

int64_t support_limit_of(const struct http_request *rq)
{
	int64_t limit;

	if (!str_to_i64(http_query(rq, "limit"), &limit) || limit < 1)
		return LIST_DEFAULT;
	return limit < LIST_MOST ? limit : LIST_MOST;
}

static json_t *contribution_json(const struct store_rows *rows)
{
	json_t *one = json_object();

	support_set_reference(one, "reference", store_column_i64(rows, 0));
	json_object_set_new(one, "frequency", http_json_str(store_column_text(rows, 1)));
	json_object_set_new(one, "state", http_json_str(store_column_text(rows, 2)));
	json_object_set_new(one, "method", http_json_str(store_column_text(rows, 3)));
	json_object_set_new(one, "amount_minor", json_integer(store_column_i64(rows, 4)));
	json_object_set_new(one, "currency", http_json_str(store_column_text(rows, 5)));
	json_object_set_new(
		one, "fee_minor", store_column_is_null(rows, 6) ? json_null() : json_integer(store_column_i64(rows, 6)));
	json_object_set_new(one, "refunded_minor", json_integer(store_column_i64(rows, 7)));
	support_set_day(one, "day", store_column_i64(rows, 8));
	return one;
}

void support_answer(struct http_request *rq, bool ok, json_t *value, const struct fault *f, const char *what)
{
	if (ok) {
		http_answer_json(rq, 200, value);
		return;
	}
	json_decref(value);
	log_fault(f, what);
	http_answer_fault(rq, f);
}

void support_get_contributions(struct http_request *rq, void *self)
{
	struct support *support = ((struct room *) self)->self;
	struct str state = http_query(rq, "state");
	json_t *value = json_object(), *list = json_array();
	enum contribution_state known = CONTRIBUTION_BOOKED;
	struct store_rows rows;
	struct fault f = {0};
	bool ok;

	json_object_set_new(value, "contributions", list);
	if (state.len > 0 && !contribution_state_from(state, &known)) {
		fault_set(&f, FAULT_INPUT, "state is one of booked, part_refunded, refunded, disputed, lost");
		json_decref(value);
		http_answer_fault(rq, &f);
		return;
	}
	ok = store_rows_begin(support->db, state.len > 0 && known != CONTRIBUTION_BOOKED ? SUPPORT_SQL_CONTRIBUTION_LIST_STATE :
		SUPPORT_SQL_CONTRIBUTION_LIST, STORE_ARGS(store_text_or_null(state), store_i64(support_limit_of(rq))), &rows, &f);
	while (ok && store_rows_next(&rows, &f))
		json_array_append_new(list, contribution_json(&rows));
	ok = store_rows_end(&rows) && ok;
	support_answer(rq, ok, value, &f, "listing contributions");
}

/* --- totals --- */

static bool add_sums(struct support *support, json_t *to, int32_t from, int32_t until, struct fault *f)
{
	struct arena arena;
	struct store_row row;
	bool found;
	bool ok;

	arena_init(&arena, "totals", 4096);
	ok = store_one(support->db, SUPPORT_SQL_CONTRIBUTION_SUMS, STORE_ARGS(store_i64(from), store_i64(until),
		store_text(support->settings->currency)), &arena, &row, &found, f);
	if (ok && found) {
		int64_t amount = row.columns[0].number, count = row.columns[1].number;

		json_object_set_new(to, "amount_minor", json_integer(amount));
		json_object_set_new(to, "count", json_integer(count));
		json_object_set_new(to, "fee_minor", json_integer(row.columns[2].number));
		json_object_set_new(to, "refunded_minor", json_integer(row.columns[3].number));
		json_object_set_new(to, "average_minor", json_integer(count > 0 ? amount / count : 0));
	}
	arena_release(&arena);
	return ok;
}

static bool add_month(struct support *support, json_t *list, int year, int month, struct fault *f)
{
	int32_t from = clock_day_of(year, month, 1), until = clock_day_of(year, month + 1, 1);
	struct civil civil = clock_civil_utc(clock_from_utc_day(from));
	json_t *one = json_object();
	char text[32];
	bool ok = true;

	snprintf(text, sizeof(text), "%04d-%02d", civil.year, civil.month);
	json_object_set_new(one, "month", json_string(text));
	json_array_append_new(list, one);
	for (unsigned i = 0; ok && i < FREQUENCY_COUNT; i++) {
		int64_t sum;

		ok = store_number(support->db, SUPPORT_SQL_CONTRIBUTION_SUM_FREQUENCY,
			STORE_ARGS(store_i64(from), store_i64(until), store_text(support->settings->currency),
				store_text(str_from(frequency_names[i]))),
			&sum, f);
		json_object_set_new(one, frequency_names[i], json_integer(sum));
	}
	return ok;
}

static bool set_count(
	struct support *support, json_t *to, const char *key, enum support_sql query, struct str with, struct fault *f)
{
	const struct store_value value = store_text(with);
	int64_t count;

	if (!store_number(support->db, query, &value, with.len > 0 ? 1 : 0, &count, f))
		return false;
	json_object_set_new(to, key, json_integer(count));
	return true;
}

void support_get_totals(struct http_request *rq, void *self)
{
	struct support *support = ((struct room *) self)->self;
	struct civil now = clock_civil_utc(clock_now());
	json_t *value = json_object(), *month = json_object(), *all = json_object(), *months = json_array();
	struct fault f = {0};
	bool ok;

	json_object_set_new(value, "currency", http_json_str(support->settings->currency));
	json_object_set_new(value, "month", month);
	json_object_set_new(value, "all", all);
	json_object_set_new(value, "months", months);
	ok = add_sums(support, month, clock_day_of(now.year, now.month, 1), clock_day_of(now.year, now.month + 1, 1), &f) &&
		add_sums(support, all, 0, INT32_MAX, &f) &&
		set_count(support, value, "monthly_supporters", SUPPORT_SQL_MANDATE_COUNT_FREQUENCY,
			str_from(frequency_names[FREQUENCY_MONTHLY]), &f) &&
		set_count(support, value, "annual_supporters", SUPPORT_SQL_MANDATE_COUNT_FREQUENCY,
			str_from(frequency_names[FREQUENCY_ANNUAL]), &f);
	for (int i = MONTHS - 1; ok && i >= 0; i--)
		ok = add_month(support, months, now.year, now.month - i, &f);
	support_answer(rq, ok, value, &f, "adding up contributions");
}

/* --- the ledger --- */

static bool add_accounts(struct support *support, json_t *list, struct fault *f)
{
	struct store_rows rows;
	bool ok = store_rows_begin(support->db, SUPPORT_SQL_ACCOUNT_BALANCES, STORE_NO_ARGS, &rows, f);

	while (ok && store_rows_next(&rows, f)) {
		json_t *one = json_object();

		json_object_set_new(one, "account", http_json_str(store_column_text(&rows, 0)));
		json_object_set_new(one, "currency", http_json_str(store_column_text(&rows, 1)));
		json_object_set_new(one, "balance_minor", json_integer(store_column_i64(&rows, 2)));
		json_array_append_new(list, one);
	}
	return store_rows_end(&rows) && ok;
}

static bool add_entries(struct support *support, json_t *list, int64_t booking, struct fault *f)
{
	struct store_rows rows;
	bool ok = store_rows_begin(support->db, SUPPORT_SQL_ENTRY_LIST, STORE_ARGS(store_i64(booking)), &rows, f);

	while (ok && store_rows_next(&rows, f)) {
		json_t *one = json_object();

		json_object_set_new(one, "account", http_json_str(store_column_text(&rows, 0)));
		json_object_set_new(one, "currency", http_json_str(store_column_text(&rows, 1)));
		json_object_set_new(one, "amount_minor", json_integer(store_column_i64(&rows, 2)));
		json_array_append_new(list, one);
	}
	return store_rows_end(&rows) && ok;
}

static json_t *booking_json(const struct store_rows *rows)
{
	json_t *one = json_object();
	char id[24];

	snprintf(id, sizeof(id), "b-%08x", (unsigned) ((uint64_t) store_column_i64(rows, 0) >> 31));
	json_object_set_new(one, "id", json_string(id));
	json_object_set_new(one, "kind", http_json_str(store_column_text(rows, 1)));
	support_set_day(one, "day", store_column_i64(rows, 2));
	if (store_column_is_null(rows, 3))
		json_object_set_new(one, "contribution", json_null());
	else
		support_set_reference(one, "contribution", store_column_i64(rows, 3));
	json_object_set_new(one, "period", json_integer(store_column_i64(rows, 4)));
	return one;
}

/* Newest first; with ?after= a page of all, oldest first: "after" is then what the next page is asked with. */
static bool add_bookings(struct support *support, const struct http_request *rq, json_t *value, json_t *list, struct fault *f)
{
	struct str after = http_query(rq, "after"), piece;
	int64_t from = 0, until = INT32_MAX, day = -1, id = 0, last_day = 0, last_id = 0;
	bool is_page = after.at != NULL && after.len > 0;
	struct store_rows rows;
	char next[64];
	bool ok = true;

	(void) str_to_i64(http_query(rq, "from"), &from);
	(void) str_to_i64(http_query(rq, "until"), &until);
	if (is_page && !str_is(after, "0") && (!str_next(&after, '.', &piece) || !str_to_i64(piece, &day) || !str_to_i64(after, &id)))
		return fault_set(f, FAULT_INPUT, "after is 0, or what the page before gave");
	ok = is_page ? store_rows_begin(support->db, SUPPORT_SQL_BOOKING_PAGE, STORE_ARGS(store_i64(from), store_i64(until), store_i64(day),
			store_i64(id), store_i64(support_limit_of(rq))), &rows, f) :
		store_rows_begin(support->db, SUPPORT_SQL_BOOKING_LIST, STORE_ARGS(store_i64(support_limit_of(rq))), &rows, f);
	while (ok && store_rows_next(&rows, f)) {
		json_t *one = booking_json(&rows), *entries = json_array();

		json_object_set_new(one, "entries", entries);
		json_array_append_new(list, one);
		last_id = store_column_i64(&rows, 0);
		last_day = store_column_i64(&rows, 2);
		ok = add_entries(support, entries, last_id, f);
	}
	if (is_page && (int64_t) json_array_size(list) == support_limit_of(rq)) {
		snprintf(next, sizeof(next), "%lld.%lld", (long long) last_day, (long long) last_id);
		json_object_set_new(value, "after", json_string(next));
	}
	return store_rows_end(&rows) && ok;
}

void support_get_ledger(struct http_request *rq, void *self)
{
	struct support *support = ((struct room *) self)->self;
	json_t *value = json_object(), *accounts = json_array(), *bookings = json_array();
	struct fault f = {0};

	json_object_set_new(value, "accounts", accounts);
	json_object_set_new(value, "bookings", bookings);
	support_answer(rq, add_accounts(support, accounts, &f) && add_bookings(support, rq, value, bookings, &f), value, &f,
		"reading the ledger");
}

/* --- health and check --- */

static bool add_counts(struct support *support, json_t *health, struct fault *f)
{
	int64_t day, seen = 0;

	if (!set_count(support, health, "waiting", SUPPORT_SQL_CHECKOUT_COUNT_WAITING, STR(""), f) ||
		!set_count(support, health, "parked", SUPPORT_SQL_EVENT_COUNT_STATE, event_state_name(EVENT_PARKED), f) ||
		!set_count(support, health, "unmatched", SUPPORT_SQL_EVENT_COUNT_STATE, event_state_name(EVENT_FOREIGN), f) ||
		!set_count(support, health, "ignored", SUPPORT_SQL_EVENT_COUNT_STATE, event_state_name(EVENT_IGNORED), f) ||
		!set_count(support, health, "asks_open", SUPPORT_SQL_ASK_COUNT, STR(""), f) ||
		!set_count(support, health, "cancels_open", SUPPORT_SQL_MANDATE_COUNT_DOUBT, STR(""), f) ||
		!set_count(support, health, "reminders", SUPPORT_SQL_REMINDER_COUNT, STR(""), f) ||
		!store_number(support->db, SUPPORT_SQL_EVENT_LAST_DAY, STORE_NO_ARGS, &day, f) ||
		!store_number(support->db, SUPPORT_SQL_WEBHOOK_SEEN, STORE_NO_ARGS, &seen, f))
		return false;
	json_object_set_new(health, "webhook_seen", json_boolean(seen > 0));
	if (day > 0)
		support_set_day(health, "last_event_day", day);
	else
		json_object_set_new(health, "last_event_day", json_null());
	return true;
}

/* Can money come by any rail, and would we hear of it? */
static bool is_ready(const struct support *support)
{
	for (size_t i = 0; i < RAILS && support->lines[i].rail != NULL; i++)
		if (support->lines[i].is_on && support->lines[i].say[0] == '\0')
			return true;
	return false;
}

/* "alarm": what the first rail that is ill says of itself; the desk's bar shows it. */
static bool add_alarm(struct support *support, json_t *health, struct fault *f)
{
	json_t *list = json_array();
	bool ok = support->room->read_only || rails_health(support, list, f);

	for (size_t i = 0; ok && i < json_array_size(list); i++) {
		struct str alarm = http_json_text(json_array_get(list, i), "alarm");

		if (alarm.len > 0 && json_object_get(health, "alarm") == NULL)
			json_object_set_new(health, "alarm", http_json_str(alarm));
	}
	json_decref(list);
	return ok;
}

void support_add_health(struct room *room, json_t *health)
{
	struct support *support = room->self;
	struct fault f = {0};

	json_object_set_new(health, "live", json_boolean(support->settings->live));
	json_object_set_new(health, "ready", json_boolean(is_ready(support)));
	if (!add_counts(support, health, &f) || !add_alarm(support, health, &f)) {
		log_fault(&f, "looking at the room's health");
		json_object_set_new(health, "state", json_string("trouble"));
	}
}

void support_get_health(struct http_request *rq, void *self)
{
	struct room *room = self;
	const char *state = room->draining ? "draining" : room->read_only ? "read_only" : "ok";
	json_t *health = json_object();

	json_object_set_new(health, "room", json_string("support"));
	json_object_set_new(health, "state", json_string(state));
	support_add_health(room, health);
	http_answer_json(rq, 200, health);
}

bool support_check(struct room *room, json_t *findings, struct fault *f)
{
	static const char books[] = "stop the house and restore the newest backup; the books were changed from outside";
	static const struct {
		enum support_sql query;
		const char *what, *todo;
	} questions[] = {
		{SUPPORT_SQL_BOOKS_UNBALANCED, "bookings do not sum to zero", books},
		{SUPPORT_SQL_ACCOUNTS_MISSTATED, "accounts misstate their balance", books},
		{SUPPORT_SQL_CONTRIBUTIONS_UNBOOKED, "contributions are not in the books", books},
		{SUPPORT_SQL_CONTRIBUTIONS_UNPAID, "contributions belong to a checkout that does not say paid",
			"compare them with the provider's list of payments"},
		{SUPPORT_SQL_PAID_WITHOUT_CONTRIBUTION, "checkouts say paid without a contribution",
			"let the provider send its events of these days again"},
		{SUPPORT_SQL_CONTRIBUTIONS_MISSTATED, "contributions misstate what was given back of them",
			"compare them with the provider's list of refunds"},
	};
	struct support *support = room->self;
	bool ok = true;

	for (size_t i = 0; ok && i < sizeof(questions) / sizeof(questions[0]); i++) {
		int64_t count;
		char say[160];

		ok = store_number(support->db, questions[i].query, STORE_NO_ARGS, &count, f);
		if (!ok || count == 0)
			continue;
		snprintf(say, sizeof(say), "support: %lld %s", (long long) count, questions[i].what);
		room_finding(findings, say, questions[i].todo);
	}
	return ok && support_check_books(support, findings, f) && rails_check(support, findings, f);
}
