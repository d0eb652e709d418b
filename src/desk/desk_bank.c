/* desk_bank.c: Support: what the treasurer brings from the bank and the wallet, and whose a payment without a code is.
 *
 * Decides: these pages. Leaves to support: reading a statement, and what a code says. Runs in: desk. The hard thing: a statement holds
 * names and accounts of people, so it passes through here and is written nowhere, and what could not be matched stands in no database
 * either: the page itself carries it, from the import to the button.
 * SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/buf.h"
#include "desk/desk_money.h"
#include "desk/desk_pages.h"
#include "desk/desk_visit.h"
#include "house/room.h"
#include "http/http_client.h"
#include "press/locale.h"
#include "press/value.h"

enum { STATEMENT_BYTES = 4 * 1024 * 1024, ROWS_MOST = 40, TEXT_BYTES = 300 };

static const char here[] = "/support/bank";

/* One payment without a code, as the page carries it. */
struct bank_row {
	struct str payment, text, day, currency, code;
	int64_t amount;
	bool is_gift;              /* booked as a gift that nobody announced */
	struct str error;
};

struct bank_page {
	struct press_value *root;
	struct bank_row rows[ROWS_MOST];
	size_t count, at, booked;  /* at: the row that support is asked about */
};

static struct bank_page *bank_page(struct desk_visit *visit)
{
	struct bank_page *page = arena_alloc(visit->arena, sizeof(*page));
	struct fault f = {0};

	if (page == NULL) {
		fault_full(&f, "this request");
		desk_answer_fault(visit, &f, "support", "/support");
		return NULL;
	}
	page->root = desk_money_page(visit, here, "Bank and wallet");
	return page;
}

static const char *field_name(struct desk_visit *visit, size_t i, const char *what)
{
	return str_to_c(str_format(visit->arena, "r%zu_%s", i, what), visit->arena);
}

static void answer_page(struct desk_visit *visit, struct bank_page *page, int status)
{
	struct press_value *list = press_set_list(page->root, "rows");

	for (size_t i = 0; i < page->count; i++) {
		const struct bank_row *row = &page->rows[i];
		struct press_value *item = press_add_map(list);

		press_set_i64(item, "i", (int64_t) i);
		press_set_text(item, "payment", row->payment);
		press_set_text(item, "text", row->text);
		press_set_text(item, "day", row->day);
		press_set_text(item, "day_shown", desk_money_day(visit, row->day));
		press_set_i64(item, "minor", row->amount);
		press_set_text(item, "currency", row->currency);
		press_set_text(item, "amount", desk_money_sum(visit, row->currency, row->amount));
		press_set_text(item, "code", row->code);
		press_set_bool(item, "is_gift", row->is_gift);
		press_set_text(item, "error", row->error);
	}
	press_set_bool(page->root, "has_rows", page->count > 0);
	desk_answer(visit, status, "desk_bank", page->root);
}

static void answer_error(struct desk_visit *visit, const char *key, const struct fault *f)
{
	struct bank_page *page = bank_page(visit);

	if (page == NULL)
		return;
	press_set_text(page->root, key, str_copy(str_from(f->say), visit->arena));
	press_set_text(page->root, "addresses", http_field(visit->rq, "addresses"));
	press_set_text(page->root, "transfers", http_field(visit->rq, "transfers"));
	answer_page(visit, page, fault_http_status(f->kind));
}

void desk_get_bank(struct http_request *rq, void *self)
{
	struct bank_page *page;
	struct desk_visit *visit;

	if (!desk_visit_begin(rq, self, DESK_MONEY, &visit))
		return;
	page = bank_page(visit);
	if (page != NULL)
		answer_page(visit, page, 200);
}

/* --- a statement, or a wallet's list --- */

static void take_rows(struct desk_visit *visit, struct bank_page *page, const json_t *unmatched)
{
	for (size_t i = 0; i < json_array_size(unmatched) && page->count < ROWS_MOST; i++) {
		const json_t *payment = json_array_get(unmatched, i);

		page->rows[page->count++] = (struct bank_row){.payment = desk_money_text(visit, payment, "payment"),
			.text = str_part(desk_money_text(visit, payment, "text"), 0, TEXT_BYTES), .day = desk_money_text(visit, payment, "day"),
			.currency = desk_money_text(visit, payment, "currency"), .amount = desk_money_number(payment, "amount_minor")};
	}
	if (json_array_size(unmatched) > ROWS_MOST)
		press_set_i64(page->root, "more", (int64_t) (json_array_size(unmatched) - ROWS_MOST));
}

static void add_went(struct desk_visit *visit, struct bank_page *page, const json_t *went)
{
	struct press_value *list = press_set_list(page->root, "went");

	for (size_t i = 0; i < json_array_size(went); i++) {
		const json_t *payment = json_array_get(went, i);
		struct press_value *item = press_add_map(list);

		press_set_text(item, "day", desk_money_day(visit, http_json_text(payment, "day")));
		press_set_text(item, "amount", desk_money_of(visit, payment, "amount_minor"));
		press_set_text(item, "text", desk_money_text(visit, payment, "text"));
	}
	press_set_bool(page->root, "has_went", json_array_size(went) > 0);
}

static void on_imported(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	const char *what = more;
	struct bank_page *page;
	struct press_value *done;

	if (f != NULL && f->kind != FAULT_IO && f->kind != FAULT_REMOTE) {
		answer_error(visit, what[0] == 'a' ? "error" : "wallet_error", f);
		return;
	}
	if (f != NULL) {
		desk_answer_fault(visit, f, "support", here);
		return;
	}
	desk_audit(visit->room, visit->person.name, "imported", str_from(what));
	page = bank_page(visit);
	if (page == NULL)
		return;
	done = press_set_map(page->root, "imported");
	press_set_i64(done, "transactions", desk_money_number(reply, "transactions"));
	press_set_i64(done, "fresh", desk_money_number(reply, "new"));
	press_set_i64(done, "matched", desk_money_number(reply, "matched"));
	press_set_i64(done, "known", desk_money_number(reply, "known"));
	take_rows(visit, page, json_object_get(reply, "unmatched"));
	add_went(visit, page, json_object_get(reply, "went"));
	answer_page(visit, page, 200);
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
	static char what[] = "a bank statement";
	struct desk_visit *visit;
	struct fault f = {0};
	struct buf statement;
	json_t *body;

	if (!desk_visit_begin(rq, self, DESK_MONEY, &visit))
		return;
	buf_init(&statement, STATEMENT_BYTES + 2 * 65536);
	if (!read_statement(rq, &statement, &f)) {
		answer_error(visit, "error", &f);
	} else {
		body = json_object();
		json_object_set_new(body, "statement", http_json_str(buf_view(&statement)));
		desk_ask(visit, "support", "POST", "/bank/statements", body, on_imported, what);
	}
	buf_release(&statement);
}

/* --- Monero --- */

static void on_addresses(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	struct bank_page *page;
	struct press_value *done;

	(void) more;
	if (f != NULL && f->kind != FAULT_IO && f->kind != FAULT_REMOTE) {
		answer_error(visit, "wallet_error", f);
		return;
	}
	if (f != NULL) {
		desk_answer_fault(visit, f, "support", here);
		return;
	}
	desk_audit(visit->room, visit->person.name, "brought", STR("Monero addresses"));
	page = bank_page(visit);
	if (page == NULL)
		return;
	done = press_set_map(page->root, "brought");
	press_set_i64(done, "fresh", desk_money_number(reply, "new"));
	press_set_i64(done, "known", desk_money_number(reply, "known"));
	press_set_i64(done, "left", desk_money_number(reply, "left"));
	answer_page(visit, page, 200);
}

void desk_post_monero(struct http_request *rq, void *self)
{
	static char what[] = "transfers of a wallet";
	struct desk_visit *visit;
	json_t *body;

	if (!desk_visit_begin(rq, self, DESK_MONEY, &visit))
		return;
	body = json_object();
	if (str_is(http_field(rq, "do"), "transfers")) {
		json_object_set_new(body, "transfers", http_json_str(http_field(rq, "transfers")));
		desk_ask(visit, "support", "POST", "/monero/transfers", body, on_imported, what);
	} else {
		json_object_set_new(body, "addresses", http_json_str(http_field(rq, "addresses")));
		desk_ask(visit, "support", "POST", "/monero/addresses", body, on_addresses, NULL);
	}
}

/* --- whose it is --- */

static void match_next(struct desk_visit *visit, struct bank_page *page);

/* Rows that are done go; the others stay as they were typed. */
static void end_matching(struct desk_visit *visit, struct bank_page *page)
{
	size_t kept = 0;
	bool has_error = false;

	for (size_t i = 0; i < page->count; i++) {
		if (page->rows[i].payment.len == 0)
			continue;
		has_error = has_error || page->rows[i].error.len > 0;
		page->rows[kept++] = page->rows[i];
	}
	page->count = kept;
	press_set_i64(page->root, "booked", (int64_t) page->booked);
	press_set_bool(page->root, "has_booked", true);
	if (page->booked > 0)
		desk_audit(visit->room, visit->person.name, "said whose", str_format(visit->arena, "%zu payments without a code are", page->booked));
	answer_page(visit, page, has_error ? 422 : 200);
}

static void on_matched(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	struct bank_page *page = more;
	struct bank_row *row = &page->rows[page->at];

	(void) reply;
	if (f != NULL) {
		row->error = str_copy(str_from(f->say), visit->arena);
	} else {
		row->payment = (struct str){NULL, 0};
		page->booked++;
	}
	page->at++;
	match_next(visit, page);
}

static void match_next(struct desk_visit *visit, struct bank_page *page)
{
	for (; page->at < page->count; page->at++) {
		const struct bank_row *row = &page->rows[page->at];
		json_t *body;

		if (row->code.len == 0 && !row->is_gift)
			continue;
		body = json_object();
		json_object_set_new(body, "payment", http_json_str(row->payment));
		if (row->code.len > 0) {
			json_object_set_new(body, "reference", http_json_str(row->code));
		} else {
			json_object_set_new(body, "amount_minor", json_integer(row->amount));
			json_object_set_new(body, "currency", http_json_str(row->currency));
		}
		desk_ask(visit, "support", "POST", "/bank/match", body, on_matched, page);
		return;
	}
	end_matching(visit, page);
}

void desk_post_match(struct http_request *rq, void *self)
{
	struct desk_visit *visit;
	struct bank_page *page;

	if (!desk_visit_begin(rq, self, DESK_MONEY, &visit))
		return;
	page = bank_page(visit);
	if (page == NULL)
		return;
	for (size_t i = 0; i < ROWS_MOST; i++) {
		struct bank_row *row = &page->rows[page->count];

		row->payment = http_field(rq, field_name(visit, i, "payment"));
		if (row->payment.len == 0)
			continue;
		row->text = http_field(rq, field_name(visit, i, "text"));
		row->day = http_field(rq, field_name(visit, i, "day"));
		row->currency = http_field(rq, field_name(visit, i, "currency"));
		row->code = str_trim(http_field(rq, field_name(visit, i, "code")));
		row->is_gift = http_field(rq, field_name(visit, i, "gift")).len > 0;
		(void) str_to_i64(http_field(rq, field_name(visit, i, "minor")), &row->amount);
		page->count++;
	}
	match_next(visit, page);
}
