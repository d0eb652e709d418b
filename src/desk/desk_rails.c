/* desk_rails.c: Support: how the ways for money to come are, the bank's statements, and the appeal's letter.
 *
 * Decides: these pages. Leaves to support: reading a statement, and whose payment one is. Runs in: desk. The hard thing: a statement holds
 * names and accounts of people; it passes through here, is written nowhere, and only what support asks about comes back.
 * SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "desk/desk_money.h"
#include "desk/desk_pages.h"
#include "desk/desk_visit.h"
#include "house/room.h"
#include "http/http_client.h"
#include "press/locale.h"
#include "press/value.h"

enum { STATEMENT_BYTES = 4 * 1024 * 1024, CODE_BYTES = 60 };

/* --- rails --- */

static struct str ago(struct desk_visit *visit, int64_t seconds)
{
	if (seconds < 120)
		return STR("just now");
	if (seconds < 2 * 3600)
		return str_format(visit->arena, "%" PRId64 " minutes ago", seconds / 60);
	if (seconds < 2 * 86400)
		return str_format(visit->arena, "%" PRId64 " hours ago", seconds / 3600);
	return str_format(visit->arena, "%" PRId64 " days ago", seconds / 86400);
}

static struct str lag_text(struct desk_visit *visit, const json_t *rail)
{
	int64_t lag = desk_money_number(rail, "lag_s");

	if (!json_is_integer(json_object_get(rail, "lag_s")))
		return STR("–");
	return lag < 120 ? str_format(visit->arena, "%" PRId64 " s", lag) : str_format(visit->arena, "%" PRId64 " min", lag / 60);
}

static void add_rail(struct desk_visit *visit, struct press_value *list, const json_t *rail)
{
	struct press_value *row = press_add_map(list);
	struct str alarm = desk_money_text(visit, rail, "alarm");
	bool is_on = json_is_true(json_object_get(rail, "is_on"));
	int64_t events = desk_money_number(rail, "events"), errors = desk_money_number(rail, "errors");

	press_set_text(row, "name", desk_money_text(visit, rail, "title"));
	press_set_c(row, "state", !is_on ? "Off" : alarm.len > 0 ? "Look here" : "On");
	press_set_c(row, "mark", !is_on ? "draft" : alarm.len > 0 ? "bad" : "live");
	press_set_text(row, "say", is_on ? alarm : desk_money_text(visit, rail, "say"));
	press_set_text(row, "last", json_is_integer(json_object_get(rail, "last_event_s")) ? ago(visit, desk_money_number(rail, "last_event_s"))
		: STR("never"));
	press_set_text(row, "lag", lag_text(visit, rail));
	press_set_text(row, "errors", events + errors > 0 ? str_format(visit->arena, "%" PRId64 " of %" PRId64, errors, events + errors) : STR("–"));
	press_set_c(row, "kind", json_is_true(json_object_get(rail, "pulls")) ? "charges by itself" : "is paid each time");
}

static void on_rails(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	const json_t *rails = json_object_get(reply, "rails");
	struct press_value *root = more, *list;

	if (f != NULL) {
		desk_answer_fault(visit, f, "support", "/support");
		return;
	}
	list = press_set_list(root, "rows");
	for (size_t i = 0; i < json_array_size(rails); i++)
		add_rail(visit, list, json_array_get(rails, i));
	press_set_bool(root, "has_rows", json_array_size(rails) > 0);
	press_set_bool(root, "is_live", visit->room->settings.live);
	desk_answer(visit, 200, "desk_rails", root);
}

void desk_get_rails(struct http_request *rq, void *self)
{
	struct desk_visit *visit;

	if (desk_visit_begin(rq, self, DESK_MONEY, &visit))
		desk_ask(visit, "support", "GET", "/rails", NULL, on_rails, desk_money_page(visit, "/support/rails", "Rails"));
}

/* --- the bank --- */

struct bank_page {
	struct press_value *root;
	int status;
};

static void on_unmatched(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	struct bank_page *page = more;
	const json_t *payments = json_object_get(reply, "payments");
	struct press_value *list;

	if (f != NULL) {
		desk_answer_fault(visit, f, "support", "/support");
		return;
	}
	list = press_set_list(page->root, "rows");
	for (size_t i = 0; i < json_array_size(payments); i++) {
		const json_t *payment = json_array_get(payments, i);
		struct press_value *row = press_add_map(list);

		press_set_text(row, "amount", desk_money_of(visit, payment, "amount_minor"));
		press_set_text(row, "day", desk_money_day(visit, http_json_text(payment, "day")));
		press_set_text(row, "method", desk_money_method(desk_money_text(visit, payment, "rail")));
		press_set_text(row, "text", desk_money_text(visit, payment, "text"));
		press_set_text(row, "action", str_format(visit->arena, "/support/bank/%.*s", STR_ARG(desk_money_text(visit, payment, "id"))));
		press_set_text(row, "id", desk_money_text(visit, payment, "id"));
	}
	press_set_bool(page->root, "has_rows", json_array_size(payments) > 0);
	desk_answer(visit, page->status, "desk_bank", page->root);
}

static struct bank_page *bank_page(struct desk_visit *visit, int status)
{
	struct bank_page *page = arena_alloc(visit->arena, sizeof(*page));
	struct fault f = {0};

	if (page == NULL) {
		fault_full(&f, "this request");
		desk_answer_fault(visit, &f, "support", "/support");
		return NULL;
	}
	page->root = desk_money_page(visit, "/support/bank", "Bank");
	page->status = status;
	return page;
}

static void answer_bank(struct desk_visit *visit, struct bank_page *page)
{
	desk_ask(visit, "support", "GET", "/unmatched", NULL, on_unmatched, page);
}

static void answer_bank_error(struct desk_visit *visit, const struct fault *f)
{
	struct bank_page *page = bank_page(visit, 422);

	if (page == NULL)
		return;
	press_set_text(page->root, "error", str_copy(str_from(f->say), visit->arena));
	answer_bank(visit, page);
}

void desk_get_bank(struct http_request *rq, void *self)
{
	struct bank_page *page;
	struct desk_visit *visit;

	if (!desk_visit_begin(rq, self, DESK_MONEY, &visit))
		return;
	page = bank_page(visit, 200);
	if (page != NULL)
		answer_bank(visit, page);
}

static void on_imported(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	struct bank_page *page;
	struct press_value *done;

	(void) more;
	if (f != NULL && (f->kind == FAULT_INPUT || f->kind == FAULT_CONFLICT)) {
		answer_bank_error(visit, f);
		return;
	}
	if (f != NULL) {
		desk_answer_fault(visit, f, "support", "/support/bank");
		return;
	}
	desk_audit(visit->room, visit->person.name, "imported", STR("a bank statement"));
	page = bank_page(visit, 200);
	if (page == NULL)
		return;
	done = press_set_map(page->root, "imported");
	press_set_i64(done, "transactions", desk_money_number(reply, "transactions"));
	press_set_i64(done, "fresh", desk_money_number(reply, "new"));
	press_set_i64(done, "known", desk_money_number(reply, "known"));
	press_set_i64(done, "unmatched", desk_money_number(reply, "unmatched"));
	answer_bank(visit, page);
}

static bool read_statement(struct http_request *rq, struct buf *out, struct fault *f)
{
	struct http_file file;

	if (!http_upload(rq, "statement", &file) || file.size_bytes == 0)
		return fault_set(f, FAULT_INPUT, "Choose the statement’s file: a camt.053 (XML) from your bank.");
	if (file.size_bytes > STATEMENT_BYTES)
		return fault_set(f, FAULT_INPUT, "A statement has at most 4 MB: ask your bank for a shorter time.");
	for (;;) {
		char *at = buf_reserve(out, 65536);
		ssize_t n = at != NULL ? read(file.fd, at, 65536) : -1;

		if (n < 0)
			return fault_set(f, FAULT_IO, "The file could not be read. Send it again.");
		if (n == 0)
			break;
		buf_grown(out, (size_t) n);
	}
	return str_is_utf8(buf_view(out)) || fault_set(f, FAULT_INPUT, "This is no XML in UTF-8: ask your bank for a camt.053 file.");
}

void desk_post_bank(struct http_request *rq, void *self)
{
	struct desk_visit *visit;
	struct fault f = {0};
	struct buf statement;
	json_t *body;

	if (!desk_visit_begin(rq, self, DESK_MONEY, &visit))
		return;
	buf_init(&statement, STATEMENT_BYTES + 2 * 65536);
	if (!read_statement(rq, &statement, &f)) {
		answer_bank_error(visit, &f);
	} else {
		body = json_object();
		json_object_set_new(body, "statement", http_json_str(buf_view(&statement)));
		json_object_set_new(body, "by", http_json_str(visit->person.name));
		desk_ask(visit, "support", "POST", "/bank/statement", body, on_imported, NULL);
	}
	buf_release(&statement);
}

static void on_matched(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	(void) reply;
	(void) more;
	if (f != NULL && (f->kind == FAULT_INPUT || f->kind == FAULT_MISSING || f->kind == FAULT_CONFLICT)) {
		answer_bank_error(visit, f);
		return;
	}
	if (f != NULL) {
		desk_answer_fault(visit, f, "support", "/support/bank");
		return;
	}
	desk_audit(visit->room, visit->person.name, "said whose payment it is:", STR("one that came without a code"));
	desk_answer_done(visit, "/support/bank", "matched");
}

void desk_post_match(struct http_request *rq, void *self)
{
	struct desk_visit *visit;
	int64_t id = 0;
	json_t *body;

	if (!desk_visit_begin(rq, self, DESK_MONEY, &visit))
		return;
	(void) desk_parse_id(http_part(rq, "id"), &id);
	body = json_object();
	json_object_set_new(body, "code", http_json_str(str_part(str_trim(http_field(rq, "code")), 0, CODE_BYTES)));
	json_object_set_new(body, "answer", json_string(str_is(http_field(rq, "do"), "once") ? "once" : "code"));
	json_object_set_new(body, "by", http_json_str(visit->person.name));
	desk_ask(visit, "support", "POST", str_to_c(str_format(visit->arena, "/unmatched/%" PRId64, id), visit->arena), body, on_matched, NULL);
}
