/* support_books_desk.c: disputes, renewals that failed, payouts, what is parked; and the proof of the books.
 *
 * Decides: what of them leaves this room: days, sums, a provider's words; nobody's name is here. Leaves to others: the books
 * (support_books.c), pages (desk). Runs in: support. The hard thing: with a million facts the proof takes seconds, and webhooks
 * must not wait: it runs in a child, which reads the database and prints one line.
 * SPDX-License-Identifier: ISC */
#include <stdio.h>
#include "base/fault.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/secret.h"
#include "gen/support_sql.h"
#include "store/store.h"
#include "support_inside.h"

enum { CHECK_AT_ONCE = 20000 /* facts: a fifth of a second */ };

/* --- lists --- */

static void set_text(json_t *object, const char *key, const struct store_rows *rows, int column)
{
	json_object_set_new(object, key, http_json_str(store_column_text(rows, column)));
}

static void set_number(json_t *object, const char *key, const struct store_rows *rows, int column)
{
	json_object_set_new(object, key, json_integer(store_column_i64(rows, column)));
}

static void set_day_or_null(json_t *object, const char *key, const struct store_rows *rows, int column)
{
	if (store_column_is_null(rows, column) || store_column_i64(rows, column) == 0)
		json_object_set_new(object, key, json_null());
	else
		support_set_day(object, key, store_column_i64(rows, column));
}

/* A list of one query's rows. */
static void answer_list(struct http_request *rq, void *self, const char *key, enum support_sql query,
	void (*write)(json_t *one, const struct store_rows *rows), json_t *value)
{
	struct support *support = ((struct room *) self)->self;
	json_t *list = json_array();
	struct store_rows rows;
	struct fault f = {0};
	bool ok = store_rows_begin(support->db, query, STORE_ARGS(store_i64(support_limit_of(rq))), &rows, &f);

	json_object_set_new(value, key, list);
	while (ok && store_rows_next(&rows, &f)) {
		json_t *one = json_object();

		write(one, &rows);
		json_array_append_new(list, one);
	}
	support_answer(rq, store_rows_end(&rows) && ok, value, &f, key);
}

static void write_dispute(json_t *one, const struct store_rows *rows)
{
	support_set_reference(one, "reference", store_column_i64(rows, 0));
	support_set_reference(one, "contribution", store_column_i64(rows, 1));
	set_text(one, "state", rows, 2);
	set_text(one, "reason", rows, 3);
	set_number(one, "amount_minor", rows, 4);
	set_text(one, "currency", rows, 5);
	set_number(one, "fee_minor", rows, 6);
	set_number(one, "back_minor", rows, 7);
	set_day_or_null(one, "day", rows, 8);
	set_day_or_null(one, "due_day", rows, 9);
	set_text(one, "method", rows, 10);
}

void support_get_disputes(struct http_request *rq, void *room)
{
	answer_list(rq, room, "disputes", SUPPORT_SQL_DISPUTE_LIST, write_dispute, json_object());
}

static void write_renewal(json_t *one, const struct store_rows *rows)
{
	support_set_reference(one, "reference", store_column_i64(rows, 0));
	set_text(one, "state", rows, 1);
	set_text(one, "reason", rows, 2);
	set_text(one, "frequency", rows, 3);
	set_number(one, "amount_minor", rows, 4);
	set_text(one, "currency", rows, 5);
	set_number(one, "attempts", rows, 6);
	set_day_or_null(one, "day", rows, 7);
	set_day_or_null(one, "next_day", rows, 8);
	set_text(one, "method", rows, 9);
}

void support_get_renewals(struct http_request *rq, void *room)
{
	answer_list(rq, room, "renewals", SUPPORT_SQL_RENEWAL_LIST, write_renewal, json_object());
}

/* "difference" is what the payout has beyond its parts; it is reconciled when that is nothing and every part is known. */
static void write_payout(json_t *one, const struct store_rows *rows)
{
	int64_t amount = store_column_i64(rows, 4), parts = store_column_i64(rows, 8), sum = store_column_i64(rows, 9),
		unknown = store_column_i64(rows, 10);
	char id[24];

	snprintf(id, sizeof(id), "%lld", (long long) store_column_i64(rows, 0));
	json_object_set_new(one, "id", json_string(id));
	set_text(one, "method", rows, 1);
	set_text(one, "state", rows, 2);
	set_text(one, "reason", rows, 3);
	set_number(one, "amount_minor", rows, 4);
	set_text(one, "currency", rows, 5);
	set_day_or_null(one, "day", rows, 6);
	set_day_or_null(one, "arrives_day", rows, 7);
	json_object_set_new(one, "parts", json_integer(parts));
	json_object_set_new(one, "unknown_parts", json_integer(unknown));
	json_object_set_new(one, "difference_minor", json_integer(amount - sum));
	json_object_set_new(one, "is_reconciled", json_boolean(parts > 0 && amount == sum && unknown == 0));
}

void support_get_payouts(struct http_request *rq, void *room)
{
	struct support *support = ((struct room *) room)->self;
	json_t *value = json_object();
	struct fault f = {0};
	int64_t open;

	if (!store_number(support->db, SUPPORT_SQL_PAYOUT_UNRECONCILED, STORE_NO_ARGS, &open, &f)) {
		support_answer(rq, false, value, &f, "reading payouts");
		return;
	}
	json_object_set_new(value, "unreconciled", json_integer(open));
	answer_list(rq, room, "payouts", SUPPORT_SQL_PAYOUT_LIST, write_payout, value);
}

void support_get_payout(struct http_request *rq, void *room)
{
	struct support *support = ((struct room *) room)->self;
	json_t *value = json_object(), *list = json_array();
	struct store_rows rows;
	struct fault f = {0};
	int64_t id = 0;
	bool ok;

	json_object_set_new(value, "parts", list);
	(void) str_to_i64(http_part(rq, "id"), &id);
	ok = store_rows_begin(
		support->db, SUPPORT_SQL_PAYOUT_PARTS, STORE_ARGS(store_i64(id), store_i64(support_limit_of(rq))), &rows, &f);
	while (ok && store_rows_next(&rows, &f)) {
		json_t *one = json_object();
		bool is_known = !store_column_is_null(&rows, 3), is_own = store_column_i64(&rows, 4) != 0;

		set_number(one, "amount_minor", &rows, 0);
		set_text(one, "currency", &rows, 1);
		set_text(one, "what", &rows, 2);
		if (is_known)
			support_set_reference(one, "contribution", store_column_i64(&rows, 3));
		else
			json_object_set_new(one, "contribution", json_null());
		json_object_set_new(one, "is_known", json_boolean(is_known || is_own));
		json_array_append_new(list, one);
	}
	support_answer(rq, store_rows_end(&rows) && ok, value, &f, "reading a payout");
}

static void write_parked(json_t *one, const struct store_rows *rows)
{
	support_set_reference(one, "reference", store_column_i64(rows, 0));
	set_text(one, "method", rows, 1);
	set_text(one, "type", rows, 2);
	set_text(one, "state", rows, 3);
	set_day_or_null(one, "day", rows, 4);
}

static void write_unknown(json_t *one, const struct store_rows *rows)
{
	set_text(one, "method", rows, 0);
	set_text(one, "type", rows, 1);
	set_number(one, "count", rows, 2);
	set_day_or_null(one, "last_day", rows, 3);
}

/* What came early or is not ours; and with ?unknown=1 kinds of events that mimeo has no use for. */
void support_get_parked(struct http_request *rq, void *room)
{
	if (http_query(rq, "unknown").len > 0)
		answer_list(rq, room, "unknown", SUPPORT_SQL_EVENT_LIST_UNKNOWN, write_unknown, json_object());
	else
		answer_list(rq, room, "parked", SUPPORT_SQL_EVENT_LIST_OPEN, write_parked, json_object());
}

/* --- the proof --- */

static json_t *rebuilt_json(const struct support_rebuilt *rebuilt)
{
	json_t *value = json_object();
	char told[65], stands[65];

	books_digest_write(&rebuilt->told, told);
	books_digest_write(&rebuilt->stands, stands);
	json_object_set_new(value, "state", json_string("done"));
	json_object_set_new(value, "is_same", json_boolean(books_digests_equal(&rebuilt->told, &rebuilt->stands)));
	json_object_set_new(value, "facts", json_integer(rebuilt->facts));
	json_object_set_new(value, "subjects", json_integer(rebuilt->subjects));
	json_object_set_new(value, "bookings_told", json_integer(rebuilt->told.bookings));
	json_object_set_new(value, "bookings_standing", json_integer(rebuilt->stands.bookings));
	json_object_set_new(value, "contributions_told", json_integer(rebuilt->told.contributions));
	json_object_set_new(value, "contributions_standing", json_integer(rebuilt->stands.contributions));
	json_object_set_new(value, "currencies_not_zero", json_integer(rebuilt->wrong_sums));
	json_object_set_new(value, "told", json_string(told));
	json_object_set_new(value, "stands", json_string(stands));
	return value;
}

bool support_check_books(struct support *support, json_t *findings, struct fault *f)
{
	struct support_rebuilt rebuilt;
	int64_t facts, parked_payouts;

	if (!store_number(support->db, SUPPORT_SQL_EVENT_FACTS_COUNT, STORE_NO_ARGS, &facts, f) ||
		!store_number(support->db, SUPPORT_SQL_PAYOUT_UNRECONCILED, STORE_NO_ARGS, &parked_payouts, f))
		return false;
	if (facts > CHECK_AT_ONCE) /* `mimeo support check` does it in a child */
		return true;
	if (!support_compare_books(support, &rebuilt, f))
		return false;
	if (!books_digests_equal(&rebuilt.told, &rebuilt.stands))
		room_finding(findings, "support: the books are not what the kept events come to",
			"run `mimeo support rebuild`; if it says that a closed period would change, restore the newest backup");
	if (rebuilt.wrong_sums > 0)
		room_finding(findings, "support: a currency's entries do not sum to zero", "restore the newest backup");
	return true;
}

bool support_books_job(struct room *room, int argc, char **argv, struct fault *f)
{
	struct support support = {.room = room, .db = room->db, .settings = &room->settings};
	struct support_rebuilt rebuilt;
	char *line = NULL;
	json_t *value;
	bool ok = room_key(room, "seal", NULL, &support.seal_key, f);

	(void) argc;
	(void) argv;
	if (ok) {
		support.facts_key = kept_key(support.seal_key);
		ok = store_look(room->db, f); /* the room takes webhooks meanwhile */
	}
	if (ok) {
		ok = support_compare_books(&support, &rebuilt, f);
		store_look_end(room->db);
	}
	if (ok) {
		value = rebuilt_json(&rebuilt);
		line = json_dumps(value, JSON_COMPACT);
		json_decref(value);
		printf("%s\n", line != NULL ? line : "{}");
		free(line); /* jansson's */
	}
	secret_free(&support.facts_key);
	secret_free(&support.seal_key);
	return ok;
}

static void on_line(void *self, struct str line)
{
	struct support *support = self;
	struct fault ignored = {0};
	json_t *json = NULL;

	if (line.len > 0 && line.at[0] == '{' && http_json_parse(line, &json, &ignored)) {
		json_decref(support->books_result);
		support->books_result = json;
	}
}

static void on_end(void *self, int wait_status)
{
	struct support *support = self;

	if (wait_status == 0 && support->books_result != NULL)
		return;
	json_decref(support->books_result);
	support->books_result = json_pack("{s:s, s:{s:s, s:s}}", "state", "failed", "fault", "kind", fault_name(FAULT_IO), "say",
		"the books could not be worked out: the log says why");
}

void support_get_books_check(struct http_request *rq, void *self)
{
	struct support *support = ((struct room *) self)->self;

	if (support->books_job != NULL)
		http_answer_json(rq, 200, json_pack("{s:s}", "state", "running"));
	else if (support->books_result != NULL)
		http_answer_json(rq, 200, json_incref(support->books_result));
	else
		http_answer_json(rq, 200, json_pack("{s:s}", "state", "none"));
}

void support_post_books_check(struct http_request *rq, void *self)
{
	struct support *support = ((struct room *) self)->self;
	struct fault f = {0};

	if (support->books_job == NULL) {
		json_decref(support->books_result);
		support->books_result = NULL;
		if (!room_job_start(support->room, "books", NULL, on_line, on_end, support, &support->books_job, &f)) {
			log_fault(&f, "working the books out");
			http_answer_fault(rq, &f);
			return;
		}
	}
	http_answer_json(rq, 202, json_pack("{s:s}", "state", "running"));
}

/* Webhooks wait meanwhile: their providers tell again. */
void support_post_books_rebuild(struct http_request *rq, void *self)
{
	struct support *support = ((struct room *) self)->self;
	struct support_rebuilt rebuilt;
	struct fault f = {0};

	if (!support_rebuild_books(support, &f) || !support_compare_books(support, &rebuilt, &f)) {
		log_fault(&f, "writing the books anew");
		http_answer_fault(rq, &f);
		return;
	}
	http_answer_json(rq, 200, rebuilt_json(&rebuilt));
}
