/* desk_money.c: contributions as the desk sees them: numbers, months and nameless rows, asked of support.
 *
 * Decides: the tiles, the tabs, the table. Leaves to others: the books (support), the plot (desk_money_plot.c). Runs in: desk. The hard
 * thing: two answers of another room are needed for one page; the second is asked when the first is here.
 * SPDX-License-Identifier: ISC */
#include "desk/desk_money.h"

#include <inttypes.h>
#include <stdio.h>
#include "base/arena.h"
#include "desk/desk_area.h"
#include "desk/desk_pages.h"
#include "desk/desk_visit.h"
#include "house/room.h"
#include "http/http_client.h"
#include "press/locale.h"
#include "press/value.h"

struct money_page {
	struct press_value *root;
	const char *tab;
	struct str after;
	struct str currency;
};

/* --- what all pages about money share --- */

int64_t desk_money_number(const json_t *object, const char *key)
{
	int64_t n = 0;

	(void) http_json_i64(object, key, &n);
	return n;
}

struct str desk_money_text(struct desk_visit *visit, const json_t *object, const char *key)
{
	return str_copy(http_json_text(object, key), visit->arena);
}

struct str desk_money_sum(struct desk_visit *visit, struct str code, int64_t minor)
{
	struct money money = {.minor = minor};

	snprintf(money.code, sizeof(money.code), "%.*s", STR_ARG(code));
	return locale_money(desk_locale(visit->room), money, false, visit->arena);
}

struct str desk_money_of(struct desk_visit *visit, const json_t *object, const char *key)
{
	return desk_money_sum(visit, http_json_text(object, "currency"), desk_money_number(object, key));
}

struct str desk_money_word(const char *const (*words)[2], size_t count, struct str word)
{
	for (size_t i = 0; i < count; i++)
		if (str_is(word, words[i][0]))
			return str_from(words[i][1]);
	return word;
}

struct str desk_money_frequency(struct str frequency)
{
	return str_is(frequency, "monthly") ? STR("Monthly") : str_is(frequency, "annual") ? STR("Annual") : str_is(frequency, "once") ? STR("Once")
		: frequency;
}

struct str desk_money_method(struct str method)
{
	static const char *const names[][2] = {{"stripe", "Stripe"}, {"paypal", "PayPal"}, {"btcpay", "Bitcoin"}, {"monero", "Monero"},
		{"bank", "Bank"}};

	return desk_money_word(names, sizeof(names) / sizeof(names[0]), method);
}

struct str desk_money_account(struct desk_visit *visit, struct str account)
{
	static const char *const names[][2] = {{"fees", "Fees"}, {"given-back", "Given back"}, {"disputed", "Disputed"}, {"bank", "Bank"},
		{"income:once", "Income, once"}, {"income:monthly", "Income, monthly"}, {"income:annual", "Income, annual"}};

	if (str_starts(account, STR("provider:")))
		return str_format(visit->arena, "At %.*s", STR_ARG(desk_money_method(str_part(account, 9, SIZE_MAX))));
	return str_copy(desk_money_word(names, sizeof(names) / sizeof(names[0]), account), visit->arena);
}

struct str desk_money_day(struct desk_visit *visit, struct str iso)
{
	struct fault ignored = {0};
	struct civil civil;
	struct when when;

	/* The day alone is said, so noon of it is as good as any hour, whatever the newsroom's zone. */
	if (iso.len != 10 || !clock_parse(str_format(visit->arena, "%.*sT12:00:00Z", STR_ARG(iso)), &when, &ignored))
		return str_copy(iso, visit->arena);
	civil = clock_civil_utc(when);
	return locale_date(desk_locale(visit->room), &civil, visit->arena);
}

void desk_money_state(struct press_value *row, struct str state)
{
	static const struct {
		const char *state, *name, *mark;
	} states[] = {
		{"booked", "Paid", "live"}, {"part_refunded", "Partly refunded", "wait"}, {"refunded", "Refunded", "draft"},
		{"disputed", "Disputed", "bad"}, {"lost", "Lost in a dispute", "bad"},
		{"active", "Runs", "live"}, {"late", "Late", "wait"}, {"paused", "Paused", "draft"}, {"cancelling", "Being ended", "wait"},
		{"uncertain", "In doubt", "wait"}, {"ended", "Ended", "draft"},
		{"wanted", "Waits for a second person", "wait"}, {"asking", "Being asked for", "wait"}, {"asked", "Taken by the provider", "live"},
		{"declined", "Declined", "draft"},
		{"warned", "Warning", "wait"}, {"open", "Answer due", "bad"}, {"answered", "Answered", "wait"}, {"won", "Won", "live"},
		{"sent", "On its way", "wait"}, {"arrived", "Arrived", "live"}, {"failed", "Failed", "bad"},
		{"failing", "Failing", "wait"}, {"given_up", "Given up", "bad"}, {"recovered", "Paid after all", "live"},
		{"parked", "Waits", "wait"}, {"foreign", "Not ours", "bad"}, {"ignored", "No use for it", "draft"},
	};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (str_is(state, states[i].state)) {
			press_set_c(row, "state", states[i].name);
			press_set_c(row, "mark", states[i].mark);
			return;
		}
	press_set_text(row, "state", state);
	press_set_c(row, "mark", "draft");
}

struct press_value *desk_money_page(struct desk_visit *visit, const char *here, const char *title)
{
	struct press_value *root = desk_values(visit, "support", title);

	desk_set_area(visit, root, "support", here);
	return root;
}

/* --- the tiles --- */

static void add_tile(struct press_value *list, const char *label, struct str figure, struct str note)
{
	struct press_value *tile = press_add_map(list);

	press_set_c(tile, "label", label);
	press_set_text(tile, "figure", figure);
	press_set_text(tile, "note", note);
}

static struct str count_of(struct desk_visit *visit, int64_t n)
{
	return locale_number(desk_locale(visit->room), n, visit->arena);
}

/* "13 % more than by this day of October" */
static struct str compared(struct desk_visit *visit, int64_t now, int64_t before, int64_t number)
{
	static const char *const months[] = {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
		"November", "December"};
	const char *month = number >= 1 && number <= 12 ? months[number - 1] : "the month before";
	int64_t change;

	if (before <= 0)
		return str_format(visit->arena, "nothing by this day of %s", month);
	change = (now - before) * 100 / before;
	if (change == 0)
		return str_format(visit->arena, "the same as by this day of %s", month);
	return str_format(visit->arena, "%" PRId64 " %% %s than by this day of %s", change < 0 ? -change : change, change < 0 ? "less" : "more", month);
}

static struct str share(struct desk_visit *visit, int64_t part, int64_t of)
{
	if (of <= 0)
		return STR("–");
	return str_format(visit->arena, "%" PRId64 " %%", (part * 100 + of / 2) / of);
}

static struct str tenths(struct desk_visit *visit, int64_t part, int64_t of)
{
	int64_t mille = of > 0 ? (part * 1000 + of / 2) / of : 0;

	return of > 0 ? str_format(visit->arena, "%" PRId64 ".%" PRId64 " %%", mille / 10, mille % 10) : STR("–");
}

static void add_tiles(struct desk_visit *visit, struct money_page *page, const json_t *numbers)
{
	const json_t *month = json_object_get(numbers, "month"), *before = json_object_get(numbers, "month_before");
	const json_t *monthly = json_object_get(numbers, "monthly"), *annual = json_object_get(numbers, "annual");
	const json_t *failed = json_object_get(numbers, "failed");
	struct press_value *list = press_set_list(page->root, "tiles");
	int64_t supporters = desk_money_number(monthly, "supporters"), yearly = desk_money_number(annual, "supporters");
	int64_t of = desk_money_number(monthly, "month_of") + desk_money_number(annual, "month_of");
	int64_t kept = desk_money_number(monthly, "month_kept") + desk_money_number(annual, "month_kept");
	int64_t year_of = desk_money_number(monthly, "year_of") + desk_money_number(annual, "year_of");
	int64_t year_kept = desk_money_number(monthly, "year_kept") + desk_money_number(annual, "year_kept");
	const struct settings_frequency *set = &visit->room->settings.frequency[FREQUENCY_MONTHLY];

	add_tile(list, "This month", desk_money_sum(visit, page->currency, desk_money_number(month, "amount_minor")), compared(visit,
		desk_money_number(month, "amount_minor"), desk_money_number(before, "amount_minor"), desk_money_number(before, "number")));
	add_tile(list, "Monthly supporters", count_of(visit, supporters), str_format(visit->arena, "%" PRId64 " new, %" PRId64 " left this month",
		desk_money_number(monthly, "new"), desk_money_number(monthly, "left")));
	add_tile(list, "Average monthly gift", supporters > 0 ? desk_money_sum(visit, page->currency,
		desk_money_number(monthly, "amount_minor") / supporters) : STR("–"), str_format(visit->arena, "from %.*s",
		STR_ARG(locale_money(desk_locale(visit->room), set->minimum, true, visit->arena))));
	add_tile(list, "Fees this month", tenths(visit, desk_money_number(month, "fee_minor"), desk_money_number(month, "fee_of_minor")),
		desk_money_sum(visit, page->currency, desk_money_number(month, "fee_minor")));
	add_tile(list, "Recurring", desk_money_sum(visit, page->currency, desk_money_number(numbers, "recurring_minor")),
		STR("a month; annual gifts by the twelfth"));
	add_tile(list, "Annual supporters", count_of(visit, yearly), str_format(visit->arena, "%" PRId64 " new, %" PRId64 " left this month",
		desk_money_number(annual, "new"), desk_money_number(annual, "left")));
	add_tile(list, "Stayed, 30 days", share(visit, kept, of), year_of > 0 ? str_format(visit->arena, "%.*s over a year",
		STR_ARG(share(visit, year_kept, year_of))) : STR("over a year: not known yet"));
	add_tile(list, "Failed renewals", count_of(visit, desk_money_number(failed, "count")),
		str_format(visit->arena, "%" PRId64 " paid after all", desk_money_number(failed, "recovered")));
}

/* A provider's word for why a payment failed, as people say it; a word that is not known as it came. */
static struct str words_of(struct str reason)
{
	static const char *const words[][2] = {{"insufficient_funds", "Not enough money on the account"}, {"expired_card", "The card has expired"},
		{"card_declined", "The bank said no"}, {"generic_decline", "The bank said no"}, {"do_not_honor", "The bank said no"},
		{"lost_card", "The card was lost"}, {"stolen_card", "The card was stolen"}, {"authentication_required", "The bank wants to ask its owner"},
		{"processing_error", "The payment company had a fault"}, {"incorrect_number", "The card’s number is wrong"},
		{"currency_not_supported", "The card takes another currency"}, {"transaction_not_allowed", "The bank forbids this payment"}};

	return desk_money_word(words, sizeof(words) / sizeof(words[0]), reason);
}

/* Why renewals failed in these thirty days. */
static void add_reasons(struct desk_visit *visit, struct money_page *page, const json_t *numbers)
{
	const json_t *reasons = json_object_get(json_object_get(numbers, "failed"), "reasons");
	struct press_value *list = press_set_list(page->root, "reasons");

	for (size_t i = 0; i < json_array_size(reasons); i++) {
		const json_t *reason = json_array_get(reasons, i);
		struct str word = http_json_text(reason, "reason");
		struct press_value *row = press_add_map(list);

		press_set_text(row, "reason", word.len > 0 ? words_of(str_copy(word, visit->arena)) : STR("The provider gave no reason"));
		press_set_text(row, "count", count_of(visit, desk_money_number(reason, "count")));
	}
	press_set_bool(page->root, "has_reasons", json_array_size(reasons) > 0);
}

static void add_months(struct desk_visit *visit, struct money_page *page, const json_t *numbers)
{
	const json_t *months = json_object_get(numbers, "months"), *others = json_object_get(numbers, "others");
	struct press_value *list = press_set_list(page->root, "months");
	bool has_any = false;

	for (size_t i = 0; i < json_array_size(months); i++) {
		const json_t *month = json_array_get(months, i);
		int64_t once = desk_money_number(month, "once"), monthly = desk_money_number(month, "monthly"),
			annual = desk_money_number(month, "annual");
		struct press_value *item = press_add_map(list);

		press_set_text(item, "month", desk_money_text(visit, month, "month"));
		press_set_text(item, "count", count_of(visit, desk_money_number(month, "count")));
		press_set_text(item, "once", desk_money_sum(visit, page->currency, once));
		press_set_text(item, "monthly", desk_money_sum(visit, page->currency, monthly));
		press_set_text(item, "annual", desk_money_sum(visit, page->currency, annual));
		press_set_text(item, "sum", desk_money_sum(visit, page->currency, once + monthly + annual));
		has_any = has_any || once + monthly + annual > 0;
	}
	press_set_bool(page->root, "has_months", has_any);
	press_set_text(page->root, "currency_name", locale_text(desk_locale(visit->room),
		str_to_c(str_format(visit->arena, "currency_%.*s", STR_ARG(page->currency)), visit->arena)));
	desk_money_plots(visit, page->root, months, page->currency);
	list = press_set_list(page->root, "others");
	for (size_t i = 0; i < json_array_size(others); i++) {
		const json_t *other = json_array_get(others, i);
		struct press_value *item = press_add_map(list);

		press_set_text(item, "amount", desk_money_of(visit, other, "amount_minor"));
		press_set_text(item, "count", count_of(visit, desk_money_number(other, "count")));
	}
	press_set_bool(page->root, "has_others", json_array_size(others) > 0);
}

/* --- the rows --- */

static const struct {
	const char *tab, *name;
} tabs[] = {{"all", "All"}, {"running", "Running"}, {"failed", "Failed"}, {"refunded", "Refunded"}, {"disputed", "Disputed"},
	{"unmatched", "Unmatched"}};

static struct str ordinal(struct desk_visit *visit, int64_t n)
{
	const char *end = n % 100 >= 11 && n % 100 <= 13 ? "th" : n % 10 == 1 ? "st" : n % 10 == 2 ? "nd" : n % 10 == 3 ? "rd" : "th";

	return str_format(visit->arena, "%" PRId64 "%s", n, end);
}

static void add_row(struct desk_visit *visit, struct press_value *list, const json_t *gift)
{
	struct press_value *row = press_add_map(list);
	struct str id = desk_money_text(visit, gift, "id"), frequency = desk_money_text(visit, gift, "frequency");
	struct str reason = desk_money_text(visit, gift, "reason"), next = http_json_text(gift, "next_day");
	int64_t refunded = desk_money_number(gift, "refunded_minor"), which = desk_money_number(gift, "number");
	bool is_repeated = which > 0 && !str_is(frequency, "once");

	press_set_text(row, "reference", desk_money_text(visit, gift, "reference"));
	if (id.len > 0)
		press_set_text(row, "href", str_format(visit->arena, "/support/gifts/%.*s", STR_ARG(id)));
	if (frequency.len > 0)
		press_set_text(row, "frequency", is_repeated ? str_format(visit->arena, "%.*s, %.*s", STR_ARG(desk_money_frequency(frequency)),
			STR_ARG(ordinal(visit, which))) : desk_money_frequency(frequency));
	press_set_text(row, "method", desk_money_method(desk_money_text(visit, gift, "method")));
	press_set_text(row, "amount", http_json_text(gift, "currency").len > 0 ? desk_money_of(visit, gift, "amount_minor") : STR("–"));
	if (json_object_get(gift, "fee_minor") != NULL)
		press_set_text(row, "fee", json_is_integer(json_object_get(gift, "fee_minor")) ? desk_money_of(visit, gift, "fee_minor") : STR("–"));
	press_set_text(row, "day", desk_money_day(visit, http_json_text(gift, "day")));
	if (refunded > 0)
		press_set_text(row, "refunded", desk_money_of(visit, gift, "refunded_minor"));
	desk_money_state(row, desk_money_text(visit, gift, "state"));
	if (reason.len > 0)
		press_set_text(row, "reason", words_of(reason));
	if (next.len > 0)
		press_set_text(row, "next", desk_money_day(visit, next));
}

static void add_tabs(struct desk_visit *visit, struct money_page *page, const json_t *counts)
{
	struct press_value *list = press_set_list(page->root, "states");

	for (size_t i = 0; i < sizeof(tabs) / sizeof(tabs[0]); i++) {
		struct press_value *tab;

		if (json_object_get(counts, tabs[i].tab) == NULL)
			continue;
		tab = press_add_map(list);
		press_set_c(tab, "name", tabs[i].name);
		press_set_text(tab, "count", count_of(visit, desk_money_number(counts, tabs[i].tab)));
		press_set_text(tab, "href", i == 0 ? STR("/support#gifts") : str_format(visit->arena, "/support?tab=%s#gifts", tabs[i].tab));
		press_set_bool(tab, "current", strcmp(page->tab, tabs[i].tab) == 0);
	}
}

static void on_gifts(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	struct money_page *page = more;
	const json_t *gifts = json_object_get(reply, "rows");
	struct str next = desk_money_text(visit, reply, "next");
	struct press_value *list;

	if (f != NULL) {
		desk_answer_fault(visit, f, "support", "/support");
		return;
	}
	add_tabs(visit, page, json_object_get(reply, "counts"));
	list = press_set_list(page->root, "rows");
	for (size_t i = 0; i < json_array_size(gifts); i++)
		add_row(visit, list, json_array_get(gifts, i));
	press_set_bool(page->root, "has_rows", json_array_size(gifts) > 0);
	press_set_bool(page->root, "is_all", strcmp(page->tab, "all") == 0);
	press_set_bool(page->root, "has_fees", strcmp(page->tab, "all") == 0 || strcmp(page->tab, "refunded") == 0);
	if (next.len > 0)
		press_set_text(page->root, "older_href", str_format(visit->arena, "/support?tab=%s&after=%.*s#gifts", page->tab, STR_ARG(next)));
	if (page->after.len > 0)
		press_set_text(page->root, "newest_href", str_format(visit->arena, "/support?tab=%s#gifts", page->tab));
	desk_answer(visit, 200, "desk_support", page->root);
}

static void on_numbers(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	struct money_page *page = more;
	char *path;

	if (f != NULL) {
		desk_answer_fault(visit, f, "support", "/support");
		return;
	}
	page->currency = desk_money_text(visit, reply, "currency");
	add_tiles(visit, page, reply);
	add_reasons(visit, page, reply);
	add_months(visit, page, reply);
	path = str_to_c(str_format(visit->arena, "/gifts?tab=%s&after=%.*s", page->tab, STR_ARG(page->after)), visit->arena);
	desk_ask(visit, "support", "GET", path != NULL ? path : "/gifts", NULL, on_gifts, page);
}

/* What the page before gave: digits and a point. */
static bool is_place(struct str after)
{
	for (size_t i = 0; i < after.len; i++)
		if (!((after.at[i] >= '0' && after.at[i] <= '9') || after.at[i] == '.'))
			return false;
	return after.len <= 40;
}

void desk_get_support(struct http_request *rq, void *self)
{
	struct str tab = http_query(rq, "tab");
	struct money_page *page;
	struct desk_visit *visit;
	struct fault f = {0};

	if (!desk_visit_begin(rq, self, DESK_MONEY, &visit))
		return;
	page = arena_alloc(visit->arena, sizeof(*page));
	if (page == NULL) {
		fault_full(&f, "this request");
		desk_answer_fault(visit, &f, "support", "/support");
		return;
	}
	page->root = desk_money_page(visit, "/support", "Contributions");
	page->tab = tabs[0].tab;
	for (size_t i = 0; i < sizeof(tabs) / sizeof(tabs[0]); i++)
		if (str_is(tab, tabs[i].tab))
			page->tab = tabs[i].tab;
	if (is_place(http_query(rq, "after")))
		page->after = http_query(rq, "after");
	desk_ask(visit, "support", "GET", "/numbers", NULL, on_numbers, page);
}
