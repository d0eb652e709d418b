/* desk_gift.c: Support, one gift: what is known of it, giving it back, and refunds that wait for a second person.
 *
 * Decides: these pages. Leaves to support: what may be given back and who must say yes. Runs in: desk. The hard thing: none; money that
 * goes back asks on a page of its own, and the desk's audit list says who pressed.
 * SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include "base/arena.h"
#include "desk/desk_money.h"
#include "desk/desk_pages.h"
#include "desk/desk_visit.h"
#include "house/room.h"
#include "http/http_client.h"
#include "press/locale.h"
#include "press/value.h"

static const char here[] = "/support/refunds";

/* The page of one gift, or of its refund, while support is asked. */
struct gift_page {
	struct str id;
	bool is_refund;                 /* the page that asks */
	struct str typed, reason, error;
};

/* An id; or a gift's mark, "c-1f0c9a2e". */
static struct str number_text(struct desk_visit *visit, const char *part)
{
	struct str mark = http_part(visit->rq, part);
	int64_t id = 0;
	size_t i;

	for (i = 2; str_starts(mark, STR("c-")) && i < mark.len && strchr("0123456789abcdef", mark.at[i]) != NULL; i++)
		;
	if (mark.len == 10 && i == 10)
		return mark;
	return desk_parse_id(http_part(visit->rq, part), &id) ? desk_id(id, visit->arena) : STR("0");
}

static void add_bookings(struct desk_visit *visit, struct press_value *root, const json_t *gift)
{
	const json_t *bookings = json_object_get(gift, "bookings");
	struct press_value *list = press_set_list(root, "bookings");

	for (size_t i = 0; i < json_array_size(bookings); i++) {
		const json_t *booking = json_array_get(bookings, i);
		struct press_value *row = press_add_map(list);

		press_set_text(row, "day", desk_money_day(visit, http_json_text(booking, "day")));
		press_set_text(row, "account", desk_money_account(visit, http_json_text(booking, "account")));
		press_set_text(row, "amount", desk_money_of(visit, booking, "amount_minor"));
	}
	press_set_bool(root, "has_bookings", json_array_size(bookings) > 0);
}

static void add_refunds(struct desk_visit *visit, struct press_value *root, const json_t *gift)
{
	const json_t *refunds = json_object_get(gift, "refunds");
	struct press_value *list = press_set_list(root, "refunds");

	for (size_t i = 0; i < json_array_size(refunds); i++) {
		const json_t *refund = json_array_get(refunds, i);
		struct press_value *row = press_add_map(list);
		struct str state = desk_money_text(visit, refund, "state"), by = desk_money_text(visit, refund, "wanted_by");

		press_set_text(row, "day", desk_money_day(visit, http_json_text(refund, "day")));
		press_set_text(row, "amount", desk_money_sum(visit, http_json_text(gift, "currency"), desk_money_number(refund, "amount_minor")));
		press_set_text(row, "reason", desk_money_text(visit, refund, "reason"));
		press_set_text(row, "by", by);
		press_set_text(row, "approved_by", desk_money_text(visit, refund, "approved_by"));
		press_set_text(row, "said", desk_money_text(visit, refund, "fault"));
		press_set_text(row, "page", desk_money_text(visit, refund, "page"));
		desk_money_state(row, state);
		if (str_is(state, "refused"))
			press_set_c(row, "state", "Refused by the provider");
		press_set_bool(row, "waits", str_is(state, "wanted"));
		press_set_bool(row, "is_mine", str_equal_nocase(by, visit->person.name));
		press_set_text(row, "action", str_format(visit->arena, "/support/refunds/%.*s", STR_ARG(desk_money_text(visit, refund, "id"))));
	}
	press_set_bool(root, "has_refunds", json_array_size(refunds) > 0);
}

/* What can still be given back: what is left, less what waits. */
static int64_t left_of(const json_t *gift)
{
	const json_t *refunds = json_object_get(gift, "refunds");
	int64_t refunded = desk_money_number(gift, "refunded_minor"), asked = 0, open = 0;

	for (size_t i = 0; i < json_array_size(refunds); i++) {
		const json_t *refund = json_array_get(refunds, i);
		struct str state = http_json_text(refund, "state");
		int64_t amount = desk_money_number(refund, "amount_minor");

		asked += str_is(state, "asked") ? amount : 0;
		open += str_is(state, "wanted") || str_is(state, "asking") || str_is(state, "uncertain") ? amount : 0;
	}
	return desk_money_number(gift, "amount_minor") - open - (asked > refunded ? asked : refunded);
}

/* A number for the field: "12.50". */
static struct str plain_amount(struct desk_visit *visit, struct str code, int64_t minor)
{
	int digits = money_digits(code);
	int64_t unit = 1;

	for (int i = 0; i < digits; i++)
		unit *= 10;
	if (digits <= 0)
		return str_format(visit->arena, "%" PRId64, minor);
	return str_format(visit->arena, "%" PRId64 ".%0*" PRId64, minor / unit, digits, minor % unit);
}

static void on_gift(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	struct gift_page *page = more;
	struct str code = desk_money_text(visit, reply, "currency");
	const json_t *mandate = json_object_get(reply, "mandate");
	int64_t left = left_of(reply);
	struct press_value *root;

	if (f != NULL) {
		desk_answer_fault(visit, f, "support", "/support");
		return;
	}
	root = desk_money_page(visit, "/support", page->is_refund ? "Give back" : "Gift");
	press_set_text(root, "reference", desk_money_text(visit, reply, "reference"));
	press_set_text(root, "here", str_format(visit->arena, "/support/gifts/%.*s", STR_ARG(desk_money_text(visit, reply, "id"))));
	press_set_text(root, "frequency", desk_money_frequency(desk_money_text(visit, reply, "frequency")));
	press_set_text(root, "method", desk_money_method(desk_money_text(visit, reply, "method")));
	press_set_text(root, "day", desk_money_day(visit, http_json_text(reply, "day")));
	press_set_text(root, "amount", desk_money_of(visit, reply, "amount_minor"));
	press_set_text(root, "fee", json_is_integer(json_object_get(reply, "fee_minor")) ? desk_money_of(visit, reply, "fee_minor")
		: STR("not known yet"));
	if (desk_money_number(reply, "refunded_minor") > 0)
		press_set_text(root, "refunded", desk_money_of(visit, reply, "refunded_minor"));
	desk_money_state(root, desk_money_text(visit, reply, "state"));
	if (mandate != NULL) {
		struct press_value *map = press_set_map(root, "mandate");

		desk_money_state(map, desk_money_text(visit, mandate, "state"));
		press_set_text(map, "started", desk_money_day(visit, http_json_text(mandate, "started")));
		if (http_json_text(mandate, "ended").len > 0)
			press_set_text(map, "ended", desk_money_day(visit, http_json_text(mandate, "ended")));
	}
	add_bookings(visit, root, reply);
	add_refunds(visit, root, reply);
	press_set_bool(root, "can_refund", left > 0);
	press_set_text(root, "left", desk_money_sum(visit, code, left));
	press_set_text(root, "alone", desk_money_sum(visit, visit->room->settings.currency, desk_money_number(reply, "alone_minor")));
	press_set_text(root, "typed", page->typed.len > 0 || page->error.len > 0 ? page->typed : plain_amount(visit, code, left > 0 ? left : 0));
	press_set_text(root, "reason", page->reason);
	press_set_text(root, "error", page->error);
	press_set_text(root, "code", code);
	desk_answer(visit, page->error.len > 0 ? 422 : 200, page->is_refund ? "desk_refund" : "desk_gift", root);
}

static void ask_gift(struct desk_visit *visit, struct gift_page *page)
{
	char *path = str_to_c(str_format(visit->arena, "/gifts/%.*s", STR_ARG(page->id)), visit->arena);

	desk_ask(visit, "support", "GET", path != NULL ? path : "/gifts/0", NULL, on_gift, page);
}

static struct gift_page *begin(struct http_request *rq, void *self, struct desk_visit **visit, bool is_refund)
{
	struct gift_page *page;
	struct fault f = {0};

	if (!desk_visit_begin(rq, self, DESK_MONEY, visit))
		return NULL;
	page = arena_alloc((*visit)->arena, sizeof(*page));
	if (page == NULL) {
		fault_full(&f, "this request");
		desk_answer_fault(*visit, &f, "support", "/support");
		return NULL;
	}
	page->id = number_text(*visit, "id");
	page->is_refund = is_refund;
	return page;
}

void desk_get_gift(struct http_request *rq, void *self)
{
	struct desk_visit *visit;
	struct gift_page *page = begin(rq, self, &visit, false);

	if (page != NULL)
		ask_gift(visit, page);
}

void desk_get_gift_refund(struct http_request *rq, void *self)
{
	struct desk_visit *visit;
	struct gift_page *page = begin(rq, self, &visit, true);

	if (page != NULL)
		ask_gift(visit, page);
}

/* --- giving back --- */

static void on_wished(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	struct gift_page *page = more;
	struct str state = http_json_text(reply, "state");

	if (f != NULL && f->kind == FAULT_INPUT) {
		page->error = str_copy(str_from(f->say), visit->arena);
		ask_gift(visit, page);
		return;
	}
	if (f != NULL) {
		desk_answer_fault(visit, f, "support", "/support");
		return;
	}
	desk_audit(visit->room, visit->person.name, "asked for a refund of", str_format(visit->arena, "%.*s, of a gift", STR_ARG(page->typed)));
	desk_answer_done(visit, str_to_c(str_format(visit->arena, "/support/gifts/%.*s", STR_ARG(page->id)), visit->arena),
		str_is(state, "wanted") ? "refund-waits" : str_is(state, "refused") ? "refund-refused" : str_is(state, "asked") ? "refund-asked"
		: "refund-doubt");
}

void desk_post_gift_refund(struct http_request *rq, void *self)
{
	struct desk_visit *visit;
	struct gift_page *page = begin(rq, self, &visit, true);
	struct fault f = {0};
	struct money amount;
	struct str code;
	json_t *body;
	char *path;

	if (page == NULL)
		return;
	page->typed = str_trim(http_field(rq, "amount"));
	page->reason = str_trim(http_field(rq, "reason"));
	code = http_field(rq, "currency");
	if (code.len != 3 || !locale_parse_money(desk_locale(visit->room), page->typed, code, &amount, &f)) {
		page->error = STR("Type the amount as a number, such as 5 or 2.50.");
		ask_gift(visit, page);
		return;
	}
	if (page->reason.len == 0) {
		page->error = STR("Write why it is given back; never a name.");
		ask_gift(visit, page);
		return;
	}
	body = json_object();
	json_object_set_new(body, "amount_minor", json_integer(amount.minor));
	json_object_set_new(body, "reason", http_json_str(page->reason));
	json_object_set_new(body, "by", http_json_str(visit->person.name));
	path = str_to_c(str_format(visit->arena, "/gifts/%.*s/refund", STR_ARG(page->id)), visit->arena);
	desk_ask(visit, "support", "POST", path, body, on_wished, page);
}

/* --- what waits for a second person --- */

static void on_refunds(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	struct press_value *root = more, *list;
	const json_t *refunds = json_object_get(reply, "refunds");

	if (f != NULL) {
		desk_answer_fault(visit, f, "support", "/support");
		return;
	}
	list = press_set_list(root, "rows");
	for (size_t i = 0; i < json_array_size(refunds); i++) {
		const json_t *refund = json_array_get(refunds, i);
		struct press_value *row = press_add_map(list);
		struct str by = desk_money_text(visit, refund, "wanted_by"), state = desk_money_text(visit, refund, "state");

		press_set_text(row, "reference", desk_money_text(visit, refund, "reference"));
		press_set_text(row, "href", str_format(visit->arena, "/support/gifts/%.*s", STR_ARG(desk_money_text(visit, refund, "gift"))));
		press_set_text(row, "amount", desk_money_of(visit, refund, "amount_minor"));
		press_set_text(row, "by", by);
		press_set_text(row, "day", desk_money_day(visit, http_json_text(refund, "day")));
		desk_money_state(row, state);
	}
	press_set_bool(root, "has_rows", json_array_size(refunds) > 0);
	press_set_text(root, "alone", desk_money_sum(visit, visit->room->settings.currency, visit->room->settings.refund_alone.minor));
	desk_answer(visit, 200, "desk_refunds", root);
}

void desk_get_refunds(struct http_request *rq, void *self)
{
	struct desk_visit *visit;

	if (desk_visit_begin(rq, self, DESK_MONEY, &visit))
		desk_ask(visit, "support", "GET", "/refunds", NULL, on_refunds, desk_money_page(visit, here, "Refunds"));
}

static void on_answered(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	bool yes = str_is(http_field(visit->rq, "answer"), "approve");
	struct str state = http_json_text(reply, "state");

	(void) more;
	if (f != NULL) {
		desk_answer_fault(visit, f, "support", here);
		return;
	}
	desk_audit(visit->room, visit->person.name, yes ? "approved" : "declined", STR("a refund, as the second person"));
	desk_answer_done(visit, here, !yes ? "refund-declined" : str_is(state, "refused") ? "refund-refused" : str_is(state, "asked")
		? "refund-asked" : "refund-doubt");
}

void desk_post_refund(struct http_request *rq, void *self)
{
	struct desk_visit *visit;
	json_t *body;

	if (!desk_visit_begin(rq, self, DESK_MONEY, &visit))
		return;
	body = json_object();
	json_object_set_new(body, "by", http_json_str(visit->person.name));
	json_object_set_new(body, "answer", json_string(str_is(http_field(rq, "answer"), "approve") ? "approve" : "decline"));
	desk_ask(visit, "support", "POST", str_to_c(str_format(visit->arena, "/refunds/%.*s", STR_ARG(number_text(visit, "id"))), visit->arena),
		body, on_answered, NULL);
}
