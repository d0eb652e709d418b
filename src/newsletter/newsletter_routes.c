/* newsletter_routes.c: what other rooms and commands ask of this one, in JSON.
 *
 * Decides: which caller may ask what: desk puts, sends and watches issues; support hands over reminders and nothing
 * else; a command may do what desk may, and see the whole. Runs in: the newsletter room. The hard thing: none of
 * these answers names an address, nor says who is missing.
 * SPDX-License-Identifier: ISC */
#include "newsletter_import.h"
#include "newsletter_inside.h"

#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "http/http.h"
#include "http/http_client.h"
#include "newsletter_bounce.h"
#include "newsletter_keys.h"
#include "newsletter_list_routes.h"
#include "newsletter_notice.h"

enum { ISSUES_SHOWN = 50 };

static bool read_id(struct http_request *rq, int64_t *id, struct fault *f)
{
	if (str_to_i64(http_part(rq, "id"), id) && *id > 0)
		return true;
	return fault_set(f, FAULT_INPUT, "an issue's id is a positive number");
}

static void answer(struct http_request *rq, int status, json_t *json, bool ok, const struct fault *f)
{
	if (ok) {
		http_answer_json(rq, status, json);
		return;
	}
	json_decref(json);
	http_answer_fault(rq, f);
}

static void answer_issue(struct http_request *rq, struct room *room, int status, int64_t id, bool ok, struct fault *f)
{
	json_t *json = NULL;

	ok = ok && newsletter_issue_json(newsletter_of(room), id, &json, f);
	answer(rq, status, json, ok, f);
}

/* "send_at", "slot", "approved_by": when it goes by itself; may be missing. */
static bool read_plan(const json_t *json, struct newsletter_plan *plan, struct fault *f)
{
	const json_t *at = json_object_get(json, "send_at");

	if (at != NULL && !json_is_integer(at))
		return fault_set(f, FAULT_INPUT, "send_at is a number of microseconds since 1970");
	plan->send_at.us = json_integer_value(at);
	plan->slot = http_json_text(json, "slot");
	plan->approved_by = http_json_text(json, "approved_by");
	return true;
}

static void put_issue(struct http_request *rq, void *room)
{
	struct newsletter_issue issue = {0};
	const json_t *json = http_json(rq);
	struct fault f = {0};
	bool is_new = false;
	bool ok;

	ok = read_id(rq, &issue.id, &f) && http_json_need_text(json, "subject", &issue.subject, &f) &&
		http_json_need_text(json, "language", &issue.language, &f) &&
		http_json_need_text(json, "html", &issue.html, &f) &&
		http_json_need_text(json, "text", &issue.text, &f) && http_json_need_text(json, "hash", &issue.hash, &f);
	issue.preheader = http_json_text(json, "preheader");
	issue.sender_name = http_json_text(json, "sender_name");
	ok = ok && read_plan(json, &issue.plan, &f) && newsletter_issue_put(newsletter_of(room), &issue, &is_new, &f);
	answer_issue(rq, room, is_new ? 201 : 200, issue.id, ok, &f);
}

static void get_issue(struct http_request *rq, void *room)
{
	struct fault f = {0};
	int64_t id = 0;
	bool ok = read_id(rq, &id, &f);

	answer_issue(rq, room, 200, id, ok, &f);
}

/* "spread_hours": over how many hours the mails are spread; may be missing. */
static bool read_spread(const json_t *json, int64_t *spread_s, struct fault *f)
{
	const json_t *hours = json_object_get(json, "spread_hours");

	if (hours == NULL)
		return true;
	if (!json_is_integer(hours) || json_integer_value(hours) < 0 || json_integer_value(hours) > 7 * 24)
		return fault_set(f, FAULT_INPUT, "an issue can be spread over 0 to 168 hours");
	*spread_s = json_integer_value(hours) * 3600;
	return true;
}

static void post_send(struct http_request *rq, void *room)
{
	struct fault f = {0};
	struct str by = {NULL, 0};
	int64_t id = 0, spread_s = 0;
	bool ok = read_id(rq, &id, &f) && http_json_need_text(http_json(rq), "approved_by", &by, &f) &&
		read_spread(http_json(rq), &spread_s, &f) &&
		newsletter_issue_send_spread(newsletter_of(room), id, by, spread_s, &f);

	answer_issue(rq, room, 200, id, ok, &f);
}

/* What is in doubt goes again, by hand: {"resent": how many}. */
static void post_resend_doubts(struct http_request *rq, void *room)
{
	struct fault f = {0};
	int64_t id = 0, count = 0;
	bool ok = read_id(rq, &id, &f) && newsletter_issue_resend_doubts(newsletter_of(room), id, &count, &f);

	answer(rq, 200, ok ? json_pack("{s:I}", "resent", (json_int_t) count) : NULL, ok, &f);
}

static void post_pause(struct http_request *rq, void *room)
{
	struct fault f = {0};
	int64_t id = 0;
	bool ok = read_id(rq, &id, &f) && newsletter_issue_pause(newsletter_of(room), id, &f);

	answer_issue(rq, room, 200, id, ok, &f);
}

/* For good: {"by": who}; {"only_unbegun": true}: CONFLICT where the sending has begun. */
static void post_cancel(struct http_request *rq, void *room)
{
	struct fault f = {0};
	struct str by = {NULL, 0};
	int64_t id = 0;
	bool ok = read_id(rq, &id, &f) && http_json_need_text(http_json(rq), "by", &by, &f) &&
		newsletter_issue_cancel(newsletter_of(room), id, by, json_is_true(json_object_get(http_json(rq), "only_unbegun")), &f);

	answer_issue(rq, room, 200, id, ok, &f);
}

/* One mail, as an issue's would be: {"id"}, by which GET /issues/{id} says what became of it. */
static void post_test(struct http_request *rq, void *room)
{
	struct newsletter_issue issue = {.preheader = http_json_text(http_json(rq), "preheader"),
		.sender_name = http_json_text(http_json(rq), "sender_name")};
	const json_t *json = http_json(rq);
	struct str to = {NULL, 0}, by = {NULL, 0};
	struct fault f = {0};
	bool ok = http_json_need_text(json, "subject", &issue.subject, &f) && http_json_need_text(json, "language", &issue.language, &f) &&
		http_json_need_text(json, "html", &issue.html, &f) && http_json_need_text(json, "text", &issue.text, &f) &&
		http_json_need_text(json, "to", &to, &f) && http_json_need_text(json, "by", &by, &f) &&
		newsletter_send_test(newsletter_of(room), &issue, to, by, &f);

	answer(rq, 201, ok ? json_pack("{s:I}", "id", (json_int_t) issue.id) : NULL, ok, &f);
}

static void get_progress(struct http_request *rq, void *room)
{
	struct fault f = {0};
	json_t *json = NULL;
	int64_t id = 0;
	bool ok = read_id(rq, &id, &f) && newsletter_progress_json(newsletter_of(room), id, &json, &f);

	answer(rq, 200, json, ok, &f);
}

static bool list_issues(struct newsletter *n, int64_t most, json_t *list, struct fault *f)
{
	int64_t ids[ISSUES_SHOWN];
	struct store_rows rows;
	size_t count = 0;
	bool ok;

	if (!store_rows_begin(n->room->db, NEWSLETTER_SQL_ISSUE_LIST, STORE_ARGS(store_i64(most)), &rows, f))
		return false;
	while (count < ISSUES_SHOWN && store_rows_next(&rows, f))
		ids[count++] = store_column_i64(&rows, 0);
	ok = store_rows_end(&rows);
	for (size_t i = 0; ok && i < count; i++) {
		json_t *json = NULL;

		ok = newsletter_issue_json(n, ids[i], &json, f);
		if (ok)
			json_array_append_new(list, json);
	}
	return ok;
}

static void get_issues(struct http_request *rq, void *room)
{
	json_t *json = json_object();
	json_t *list = json_array();
	struct fault f = {0};
	bool ok = list_issues(newsletter_of(room), ISSUES_SHOWN, list, &f);

	json_object_set_new(json, "issues", list);
	answer(rq, 200, json, ok, &f);
}

/* --- slots --- */

static void get_slot(struct http_request *rq, void *room)
{
	json_t *json = NULL;
	struct fault f = {0};
	bool ok = newsletter_slot_json(newsletter_of(room), http_part(rq, "slot"), &json, &f);

	answer(rq, 200, json, ok, &f);
}

/* The desk's word on a slot: {"at", "word", "why"}; answered as GET is. */
static void put_slot(struct http_request *rq, void *room)
{
	const json_t *json = http_json(rq);
	struct str word = {NULL, 0};
	struct when at = {0};
	struct fault f = {0};

	if (http_json_i64(json, "at", &at.us) && http_json_need_text(json, "word", &word, &f) &&
		newsletter_slot_say(newsletter_of(room), http_part(rq, "slot"), at, word, http_json_text(json, "why"), &f)) {
		get_slot(rq, room);
		return;
	}
	if (f.kind == FAULT_NONE)
		fault_set(&f, FAULT_INPUT, "say when the slot is: at, in microseconds since 1970");
	http_answer_fault(rq, &f);
}

static bool add_counts(struct newsletter *n, json_t *json, struct fault *f)
{
	int64_t confirmed = 0, pending = 0, readers = 0;

	if (!newsletter_confirmed(n, &confirmed, f) ||
		!store_number(n->room->db, NEWSLETTER_SQL_SUBSCRIBER_COUNT,
			STORE_ARGS(store_text(subscriber_state_name(SUBSCRIBER_PENDING))), &pending, f) ||
		!newsletter_count_readers(n, &readers, f))
		return false;
	json_object_set_new(json, "subscribers", json_integer(confirmed));
	json_object_set_new(json, "readers", json_integer(readers)); /* whom an issue of today would go to */
	json_object_set_new(json, "pending", json_integer(pending));
	return newsletter_add_bounce_counts(n, json, f);
}

static void get_count(struct http_request *rq, void *room)
{
	json_t *json = json_object();
	struct fault f = {0};
	bool ok = add_counts(newsletter_of(room), json, &f);

	answer(rq, 200, json, ok, &f);
}

static void get_health(struct http_request *rq, void *self)
{
	struct room *room = self;
	json_t *json = json_object();
	struct fault f = {0};
	bool ok;

	json_object_set_new(json, "room", json_string("newsletter"));
	json_object_set_new(json, "state", json_string(room->draining ? "draining" : room->read_only ? "read_only" : "up"));
	ok = newsletter_sender_health(newsletter_of(room), json, &f);
	answer(rq, 200, json, ok, &f);
}

static bool add_daily(struct newsletter *n, json_t *json, struct fault *f)
{
	int64_t day = 0;

	if (!store_number(n->room->db, NEWSLETTER_SQL_DAILY_LAST, STORE_NO_ARGS, &day, f))
		return false;
	json_object_set_new(json, "daily_ran_on", day > 0 ? json_integer(day) : json_null());
	return true;
}

/* All that must stand in DNS, and what is judged from there. */
static bool add_dns(struct newsletter *n, struct arena *arena, json_t *json, struct fault *f)
{
	const struct settings *is = &n->room->settings;
	json_t *servers = json_array();
	int64_t accepted = 0;

	json_object_set_new(json, "url", http_json_str(is->url));
	json_object_set_new(json, "from", http_json_str(is->from_address));
	json_object_set_new(json, "bounce_address", http_json_str(is->bounce_address));
	json_object_set_new(json, "servers", servers);
	for (size_t i = 0; i < is->smtp_count; i++) {
		json_t *server = json_object();

		json_object_set_new(server, "name", http_json_str(is->smtp[i].name));
		json_object_set_new(server, "host", http_json_str(is->smtp[i].host));
		json_object_set_new(server, "security", http_json_str(is->smtp[i].security));
		json_object_set_new(server, "helo", http_json_str(is->smtp[i].helo));
		json_object_set_new(server, "sign", json_boolean(is->smtp[i].sign)); /* with our keys */
		json_array_append_new(servers, server);
	}
	if (!store_number(n->room->db, NEWSLETTER_SQL_DELIVERY_ACCEPTED_SINCE,
			STORE_ARGS(store_text(delivery_state_name(DELIVERY_ACCEPTED)),
				store_i64(clock_now().us - INT64_C(30) * 86400 * 1000000)),
			&accepted, f))
		return false;
	json_object_set_new(json, "accepted", json_integer(accepted));
	return newsletter_add_bounce_counts(n, json, f) && newsletter_keys_json(n, arena, json, f);
}

static void get_dns(struct http_request *rq, void *self)
{
	json_t *json = json_object();
	struct fault f = {0};
	bool ok = add_dns(newsletter_of(self), http_arena(rq), json, &f);

	answer(rq, 200, json, ok, &f);
}

static void post_key(struct http_request *rq, void *self)
{
	struct newsletter *n = newsletter_of(self);
	struct str step = http_part(rq, "step");
	json_t *json = json_object();
	struct fault f = {0};
	bool ok;

	if (str_is(step, "make"))
		ok = newsletter_keys_make(n, &f);
	else if (str_is(step, "take"))
		ok = newsletter_keys_take(n, &f);
	else if (str_is(step, "publish"))
		ok = newsletter_keys_publish(n, &f);
	else
		ok = fault_set(&f, FAULT_MISSING, "a key can be made, taken or published");
	answer(rq, 200, json, ok && newsletter_keys_json(n, http_arena(rq), json, &f), &f);
}

static void get_status(struct http_request *rq, void *self)
{
	struct newsletter *n = newsletter_of(self);
	json_t *json = json_object();
	json_t *list = json_array();
	struct fault f = {0};
	bool ok;

	json_object_set_new(json, "issues", list);
	ok = add_counts(n, json, &f) && newsletter_sender_health(n, json, &f) && add_daily(n, json, &f) &&
		list_issues(n, 5, list, &f) && newsletter_slots_json(n, json, &f) && newsletter_keys_json(n, http_arena(rq), json, &f);
	answer(rq, 200, json, ok, &f);
}

static void post_daily(struct http_request *rq, void *self)
{
	struct fault f = {0};
	bool ok = newsletter_daily(newsletter_of(self), &f);

	answer(rq, 200, json_object(), ok, &f);
}

static void post_reminder(struct http_request *rq, void *room)
{
	const json_t *json = http_json(rq);
	struct str key = {NULL, 0}, to = {NULL, 0}, url = {NULL, 0};
	struct fault f = {0};
	bool ok = http_json_need_text(json, "key", &key, &f) && http_json_need_text(json, "to", &to, &f) &&
		http_json_need_text(json, "url", &url, &f) &&
		newsletter_take_reminder(newsletter_of(room), key, to, http_json_text(json, "language"), url, &f);

	answer(rq, 200, json_object(), ok, &f);
}

static void post_notice(struct http_request *rq, void *room)
{
	struct fault f = {0};
	bool ok = newsletter_take_notice(newsletter_of(room), http_json(rq), &f);

	answer(rq, 200, json_object(), ok, &f);
}

/* --- a mail that came back, from `mimeo newsletter bounce` --- */

static void bounce_taken(void *self, bool ok)
{
	struct fault f = {0};

	if (!ok)
		fault_set(&f, FAULT_BUSY, "the bounce could not be taken now: hand it in again later");
	answer(self, 200, json_object(), ok, &f);
}

static void post_bounce(struct http_request *rq, void *self)
{
	struct newsletter *n = newsletter_of(self);
	struct fault f = {0};

	if (!reports_take(n->reports, http_body(rq), bounce_taken, rq, &f))
		http_answer_fault(rq, &f);
}

#define DESK_ROUTES \
	{"PUT", "/issues/{id}", put_issue, HTTP_JSON}, {"GET", "/issues/{id}", get_issue, HTTP_NO_BODY}, \
	{"GET", "/issues", get_issues, HTTP_NO_BODY}, {"POST", "/issues/{id}/send", post_send, HTTP_JSON}, \
	{"POST", "/issues/{id}/pause", post_pause, HTTP_JSON}, \
	{"POST", "/issues/{id}/resend-doubts", post_resend_doubts, HTTP_JSON}, {"GET", "/count", get_count, HTTP_NO_BODY}, \
	{"GET", "/slots/{slot}", get_slot, HTTP_NO_BODY}, {"PUT", "/slots/{slot}", put_slot, HTTP_JSON}, \
	{"POST", "/issues/{id}/cancel", post_cancel, HTTP_JSON}, {"GET", "/issues/{id}/progress", get_progress, HTTP_NO_BODY}, \
	{"POST", "/mails/test", post_test, HTTP_JSON}

#define LIST_ROUTES \
	{"GET", "/list", newsletter_get_list, HTTP_NO_BODY}, {"POST", "/list/look-up", newsletter_post_look_up, HTTP_JSON}, \
	{"POST", "/list/erase", newsletter_post_erase, HTTP_JSON}, {"GET", "/list/imports/{id}", newsletter_get_import, HTTP_NO_BODY}, \
	{"POST", "/list/imports/{id}/confirm", newsletter_post_import_confirm, HTTP_JSON}, \
	{"POST", "/list/imports/{id}/decline", newsletter_post_import_decline, HTTP_JSON}

const struct http_route newsletter_desk_routes[] = {
	DESK_ROUTES,
	LIST_ROUTES,
	{"GET", "/health", get_health, HTTP_NO_BODY},
	{NULL, NULL, NULL, HTTP_NO_BODY},
};

const struct http_route newsletter_support_routes[] = {
	{"POST", "/mails/reminder", post_reminder, HTTP_JSON},
	{"POST", "/mails/notice", post_notice, HTTP_JSON},
	{NULL, NULL, NULL, HTTP_NO_BODY},
};

const struct http_route newsletter_cli_routes[] = {
	DESK_ROUTES,
	LIST_ROUTES,
	{"POST", "/list/imports", newsletter_post_import, HTTP_JSON},
	{"POST", "/list/imports/{id}/rows", newsletter_post_import_rows, HTTP_RAW},
	{"POST", "/list/export", newsletter_post_export, HTTP_JSON},
	{"GET", "/status", get_status, HTTP_NO_BODY},
	{"POST", "/jobs/daily", post_daily, HTTP_JSON},
	{"GET", "/dns", get_dns, HTTP_NO_BODY},
	{"POST", "/keys/{step}", post_key, HTTP_JSON},
	{"POST", "/bounces", post_bounce, HTTP_RAW},
	{NULL, NULL, NULL, HTTP_NO_BODY},
};
