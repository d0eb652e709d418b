/* desk_treasury.c: Support: disputes with what is due, payouts against the books, periods.
 *
 * Decides: these pages. Leaves to support: the books. Runs in: desk. The hard thing: a period that is closed stays closed, so closing asks
 * on a page of its own and says what is still open in it.
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

enum { PERIOD_MONTHS = 14 };

/* Days from today; negative: it is over. */
static bool days_until(struct desk_visit *visit, struct str iso, int64_t *days)
{
	struct fault ignored = {0};
	struct when when;

	if (iso.len != 10 || !clock_parse(str_format(visit->arena, "%.*sT00:00:00Z", STR_ARG(iso)), &when, &ignored))
		return false;
	*days = clock_utc_day(when) - clock_utc_day(clock_now());
	return true;
}

static struct str due_text(struct desk_visit *visit, int64_t days)
{
	return days < 0 ? STR("too late") : days == 0 ? STR("today") : days == 1 ? STR("tomorrow")
		: str_format(visit->arena, "in %" PRId64 " days", days);
}

/* --- disputes --- */

static void add_dispute(struct desk_visit *visit, struct press_value *list, const json_t *dispute)
{
	static const char *const reasons[][2] = {{"fraudulent", "The card’s owner does not know of it"}, {"duplicate", "Taken twice, they say"},
		{"subscription_canceled", "They had ended it, they say"}, {"product_not_received", "They got nothing, they say"},
		{"unrecognized", "They do not know the name on the statement"}, {"credit_not_processed", "A refund did not come, they say"},
		{"general", "No reason given"}};
	struct press_value *row = press_add_map(list);
	struct str state = desk_money_text(visit, dispute, "state"), reason = desk_money_text(visit, dispute, "reason");
	struct str gift = desk_money_text(visit, dispute, "contribution"), due = http_json_text(dispute, "due_day");
	bool is_open = str_is(state, "open") || str_is(state, "warned");
	int64_t days = 0;

	press_set_text(row, "reference", gift);
	press_set_text(row, "href", str_format(visit->arena, "/support/gifts/%.*s", STR_ARG(gift)));
	press_set_text(row, "method", desk_money_method(desk_money_text(visit, dispute, "method")));
	press_set_text(row, "amount", desk_money_of(visit, dispute, "amount_minor"));
	desk_money_state(row, state);
	press_set_text(row, "reason", desk_money_word(reasons, sizeof(reasons) / sizeof(reasons[0]), reason));
	if (is_open && days_until(visit, due, &days)) {
		press_set_text(row, "due", desk_money_day(visit, due));
		press_set_text(row, "due_in", due_text(visit, days));
		press_set_bool(row, "is_pressing", days <= 3);
	}
}

static void on_disputes(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	const json_t *disputes = json_object_get(reply, "disputes");
	struct press_value *root = more, *list;

	if (f != NULL) {
		desk_answer_fault(visit, f, "support", "/support");
		return;
	}
	list = press_set_list(root, "rows");
	for (size_t i = 0; i < json_array_size(disputes); i++)
		add_dispute(visit, list, json_array_get(disputes, i));
	press_set_bool(root, "has_rows", json_array_size(disputes) > 0);
	desk_answer(visit, 200, "desk_disputes", root);
}

void desk_get_disputes(struct http_request *rq, void *self)
{
	struct desk_visit *visit;

	if (desk_visit_begin(rq, self, DESK_MONEY, &visit))
		desk_ask(visit, "support", "GET", "/disputes", NULL, on_disputes, desk_money_page(visit, "/support/disputes", "Disputes"));
}

/* --- payouts --- */

static void add_payouts(struct desk_visit *visit, struct press_value *root, const json_t *reply)
{
	const json_t *payouts = json_object_get(reply, "payouts");
	struct press_value *list = press_set_list(root, "rows");

	for (size_t i = 0; i < json_array_size(payouts); i++) {
		const json_t *payout = json_array_get(payouts, i);
		struct press_value *row = press_add_map(list);
		int64_t difference = desk_money_number(payout, "difference_minor"), parts = desk_money_number(payout, "parts");
		int64_t unknown = desk_money_number(payout, "unknown_parts");
		bool is_good = json_is_true(json_object_get(payout, "is_reconciled"));

		press_set_text(row, "method", desk_money_method(desk_money_text(visit, payout, "method")));
		press_set_text(row, "href", str_format(visit->arena, "/support/payouts/%.*s", STR_ARG(desk_money_text(visit, payout, "id"))));
		press_set_text(row, "amount", desk_money_of(visit, payout, "amount_minor"));
		press_set_text(row, "day", desk_money_day(visit, http_json_text(payout, "day")));
		desk_money_state(row, desk_money_text(visit, payout, "state"));
		press_set_c(row, "check_mark", is_good ? "live" : parts == 0 ? "wait" : "bad");
		press_set_text(row, "check", is_good ? str_format(visit->arena, "Agrees, %" PRId64 " parts", parts) : parts == 0
			? STR("Its parts are being asked for") : difference != 0 ? str_format(visit->arena, "%.*s is not explained",
			STR_ARG(desk_money_of(visit, payout, "difference_minor"))) : str_format(visit->arena, "%" PRId64 " parts are not in the books", unknown));
	}
	press_set_bool(root, "has_rows", json_array_size(payouts) > 0);
}

static void add_accounts(struct desk_visit *visit, struct press_value *root, const json_t *reply)
{
	const json_t *accounts = json_object_get(reply, "accounts");
	struct press_value *list = press_set_list(root, "accounts");

	for (size_t i = 0; i < json_array_size(accounts); i++) {
		const json_t *account = json_array_get(accounts, i);
		struct press_value *row = press_add_map(list);

		press_set_text(row, "account", desk_money_account(visit, http_json_text(account, "account")));
		press_set_text(row, "balance", desk_money_of(visit, account, "balance_minor"));
	}
	press_set_bool(root, "has_accounts", json_array_size(accounts) > 0);
}

static void on_balances(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	struct press_value *root = more;

	if (f != NULL) {
		desk_answer_fault(visit, f, "support", "/support");
		return;
	}
	add_accounts(visit, root, reply);
	desk_answer(visit, 200, "desk_payouts", root);
}

static void on_payouts(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	struct press_value *root = more;

	if (f != NULL) {
		desk_answer_fault(visit, f, "support", "/support");
		return;
	}
	add_payouts(visit, root, reply);
	press_set_i64(root, "unreconciled", desk_money_number(reply, "unreconciled"));
	press_set_bool(root, "has_unreconciled", desk_money_number(reply, "unreconciled") > 0);
	desk_ask(visit, "support", "GET", "/ledger?limit=1", NULL, on_balances, root);
}

void desk_get_payouts(struct http_request *rq, void *self)
{
	struct desk_visit *visit;

	if (desk_visit_begin(rq, self, DESK_MONEY, &visit))
		desk_ask(visit, "support", "GET", "/payouts?limit=60", NULL, on_payouts, desk_money_page(visit, "/support/payouts", "Payouts"));
}

static void on_payout(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	static const char *const words[][2] = {{"charge", "Gift"}, {"payment", "Gift"}, {"refund", "Given back"}, {"payment_refund", "Given back"},
		{"adjustment", "Dispute or correction"}, {"stripe_fee", "The provider’s own fee"}};
	const json_t *parts = json_object_get(reply, "parts");
	struct press_value *root = more, *list;

	if (f != NULL) {
		desk_answer_fault(visit, f, "support", "/support/payouts");
		return;
	}
	list = press_set_list(root, "rows");
	for (size_t i = 0; i < json_array_size(parts); i++) {
		const json_t *part = json_array_get(parts, i);
		struct str what = desk_money_text(visit, part, "what");
		struct str gift = desk_money_text(visit, part, "contribution");
		struct press_value *row = press_add_map(list);
		bool is_known = json_is_true(json_object_get(part, "is_known"));

		press_set_text(row, "what", desk_money_word(words, sizeof(words) / sizeof(words[0]), what));
		press_set_text(row, "amount", desk_money_of(visit, part, "amount_minor"));
		press_set_text(row, "gift", gift);
		press_set_c(row, "state", is_known ? "In the books" : "Not in the books");
		press_set_c(row, "mark", is_known ? "live" : "bad");
	}
	press_set_bool(root, "has_rows", json_array_size(parts) > 0);
	desk_answer(visit, 200, "desk_payout", root);
}

void desk_get_payout(struct http_request *rq, void *self)
{
	struct desk_visit *visit;
	int64_t id = 0;

	if (!desk_visit_begin(rq, self, DESK_MONEY, &visit))
		return;
	(void) desk_parse_id(http_part(rq, "id"), &id);
	desk_ask(visit, "support", "GET", str_to_c(str_format(visit->arena, "/payouts/%" PRId64 "?limit=1000", id), visit->arena), NULL, on_payout,
		desk_money_page(visit, "/support/payouts", "Payout"));
}

/* --- periods --- */

/* "2026-10" */
static bool is_period(struct str period)
{
	if (period.len != 7 || period.at[4] != '-')
		return false;
	for (size_t i = 0; i < 7; i++)
		if (i != 4 && !(period.at[i] >= '0' && period.at[i] <= '9'))
			return false;
	return true;
}

/* The last day of a month, as text. */
static struct str month_end(struct desk_visit *visit, int year, int month)
{
	struct civil last = clock_civil_utc(clock_from_utc_day(clock_day_of(year, month + 1, 0)));

	return str_format(visit->arena, "%04d-%02d-%02d", last.year, last.month, last.day);
}

/* Who closed the period that this day is in; NULL: it is open. */
static const json_t *closed_by_day(const json_t *closed, struct str day)
{
	for (size_t i = 0; i < json_array_size(closed); i++)
		if (str_compare(day, http_json_text(json_array_get(closed, i), "last_day")) <= 0)
			return json_array_get(closed, i);
	return NULL;
}

static void on_periods(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	const json_t *closed = json_object_get(reply, "closed");
	struct civil now = clock_civil_utc(clock_now());
	struct press_value *root = more, *list;

	if (f != NULL) {
		desk_answer_fault(visit, f, "support", "/support");
		return;
	}
	list = press_set_list(root, "rows");
	for (int i = 0; i < PERIOD_MONTHS; i++) {
		int months = now.year * 12 + now.month - 1 - i;
		struct str end = month_end(visit, months / 12, months % 12 + 1);
		const json_t *period = closed_by_day(closed, end);
		struct press_value *row = press_add_map(list);

		press_set_text(row, "period", str_part(end, 0, 7));
		press_set_bool(row, "is_closed", period != NULL);
		press_set_bool(row, "can_close", period == NULL && i > 0);
		press_set_bool(row, "is_running", i == 0);
		press_set_text(row, "by", desk_money_text(visit, period, "closed_by"));
		press_set_text(row, "day", desk_money_day(visit, http_json_text(period, "closed_day")));
	}
	desk_answer(visit, 200, "desk_periods", root);
}

void desk_get_periods(struct http_request *rq, void *self)
{
	struct desk_visit *visit;

	if (desk_visit_begin(rq, self, DESK_MONEY, &visit))
		desk_ask(visit, "support", "GET", "/periods", NULL, on_periods, desk_money_page(visit, "/support/periods", "Periods"));
}

void desk_get_period_close(struct http_request *rq, void *self)
{
	struct str period = http_part(rq, "period");
	struct desk_question question = {.tab = "support", .title = "Close this month?", .button = "Close it", .is_danger = true};
	struct desk_visit *visit;
	struct fault f = {0};

	if (!desk_visit_begin(rq, self, DESK_MONEY, &visit))
		return;
	if (!is_period(period)) {
		fault_set(&f, FAULT_MISSING, "There is no such month.");
		desk_answer_fault(visit, &f, "support", "/support/periods");
		return;
	}
	question.sentence = str_format(visit->arena, "Nothing is booked into %.*s or the months before it any more: what comes late about them "
		"stands in the month that is open then. They cannot be opened again.", STR_ARG(period));
	question.more = STR("Close it when the bank’s statement and the books agree, and before you hand the export to your accountant.");
	question.action = str_format(visit->arena, "/support/periods/%.*s/close", STR_ARG(period));
	question.back = STR("/support/periods");
	desk_answer_question(visit, &question);
}

static void on_closed(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	struct str *period = more;

	(void) reply;
	if (f != NULL) {
		desk_answer_fault(visit, f, "support", "/support/periods");
		return;
	}
	desk_audit(visit->room, visit->person.name, "closed the books of", *period);
	desk_answer_done(visit, "/support/periods", "period-closed");
}

void desk_post_period_close(struct http_request *rq, void *self)
{
	struct desk_visit *visit;
	struct fault f = {0};
	struct str *period;
	int64_t year = 0, month = 0;
	json_t *body;

	if (!desk_visit_begin(rq, self, DESK_MONEY, &visit))
		return;
	period = arena_alloc(visit->arena, sizeof(*period));
	if (period == NULL || !is_period(http_part(rq, "period"))) {
		fault_set(&f, FAULT_MISSING, "There is no such month.");
		desk_answer_fault(visit, &f, "support", "/support/periods");
		return;
	}
	*period = http_part(rq, "period");
	(void) str_to_i64(str_part(*period, 0, 4), &year);
	(void) str_to_i64(str_part(*period, 5, 2), &month);
	if (month < 1 || month > 12) {
		fault_set(&f, FAULT_MISSING, "There is no such month.");
		desk_answer_fault(visit, &f, "support", "/support/periods");
		return;
	}
	body = json_object();
	json_object_set_new(body, "by", http_json_str(visit->person.name));
	json_object_set_new(body, "last_day", http_json_str(month_end(visit, (int) year, (int) month)));
	desk_ask(visit, "support", "POST", "/periods", body, on_closed, period);
}
