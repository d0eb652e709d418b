/* desk_money.c: contributions as the desk sees them: sums, months and nameless rows, asked of support.
 *
 * Decides: the tiles, the bars, the table. Leaves to others: the books (support). Runs in: desk. The hard thing: two answers of
 * another room are needed for one page; the second is asked when the first is here.
 * SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <stdio.h>
#include "base/arena.h"
#include "desk/desk_pages.h"
#include "desk/desk_visit.h"
#include "house/room.h"
#include "http/http_client.h"
#include "press/locale.h"
#include "press/value.h"

enum { MONEY_ROWS = 100, MONTHS = 12, BAR_WIDTH = 40, BAR_STEP = 60, BAR_HEIGHT = 160, CURRENCY = 4 };

struct money_page {
	struct press_value *root;
	struct str state;
	char code[CURRENCY];
};

static struct str sum(struct desk_visit *visit, const struct money_page *page, int64_t minor)
{
	struct money money = {.minor = minor};

	memcpy(money.code, page->code, sizeof(money.code));
	return locale_money(desk_locale(visit->room), money, false, visit->arena);
}

static int64_t number(const json_t *object, const char *key)
{
	int64_t n = 0;

	(void) http_json_i64(object, key, &n);
	return n;
}

static void add_tile(struct press_value *list, struct str figure, struct str text)
{
	struct press_value *tile = press_add_map(list);

	press_set_text(tile, "figure", figure);
	press_set_text(tile, "text", text);
}

static void add_tiles(struct desk_visit *visit, struct money_page *page, const json_t *totals)
{
	const json_t *month = json_object_get(totals, "month"), *all = json_object_get(totals, "all");
	struct press_value *list = press_set_list(page->root, "tiles");
	const struct locale *locale = desk_locale(visit->room);
	int64_t gifts = number(month, "count"), annual = number(totals, "annual_supporters");

	add_tile(list, sum(visit, page, number(month, "amount_minor")), str_format(visit->arena,
		"this month, from %" PRId64 " %s", gifts,
		gifts == 1 ? "gift" : "gifts"));
	add_tile(list, locale_number(locale, number(totals, "monthly_supporters"), visit->arena), str_format(visit->arena,
		"give monthly, and %" PRId64 " annually", annual));
	add_tile(list, sum(visit, page, number(month, "average_minor")), STR("is the average gift"));
	add_tile(list, sum(visit, page, number(all, "fee_minor")), STR("of fees in all, as far as known"));
}

/* --- the bars --- */

static int64_t month_sum(const json_t *month)
{
	return number(month, "once") + number(month, "monthly") + number(month, "annual");
}

/* One coloured piece, standing on what is below it; 2 units of gap. Gives its top. */
static int64_t add_piece(struct press_value *pieces, const char *kind, int64_t value, int64_t most, int64_t bottom,
	int64_t x)
{
	struct press_value *piece;
	int64_t height = value * BAR_HEIGHT / most;

	if (value <= 0)
		return bottom;
	if (height < 2)
		height = 2;
	piece = press_add_map(pieces);
	press_set_c(piece, "kind", kind);
	press_set_i64(piece, "x", x);
	press_set_i64(piece, "y", bottom - height);
	press_set_i64(piece, "height", height);
	press_set_i64(piece, "width", BAR_WIDTH);
	return bottom - height - 2;
}

/* Everything is copied: the page is rendered when this reply is gone. */
static void add_plot(struct press_value *root, const char *key, const json_t *months, size_t shown, struct arena *arena)
{
	struct press_value *plot = press_set_map(root, key), *pieces = press_set_list(plot, "pieces");
	struct press_value *labels = press_set_list(plot, "labels");
	size_t count = json_array_size(months), from = count > shown ? count - shown : 0, i;
	int64_t most = 1;

	for (i = from; i < count; i++)
		if (month_sum(json_array_get(months, i)) > most)
			most = month_sum(json_array_get(months, i));
	for (i = from; i < count; i++) {
		const json_t *month = json_array_get(months, i);
		struct press_value *label = press_add_map(labels);
		int64_t x = (int64_t) (i - from) * BAR_STEP + 10, bottom = BAR_HEIGHT + 12;

		bottom = add_piece(pieces, "monthly", number(month, "monthly"), most, bottom, x);
		bottom = add_piece(pieces, "once", number(month, "once"), most, bottom, x);
		(void) add_piece(pieces, "annual", number(month, "annual"), most, bottom, x);
		press_set_i64(label, "x", x + BAR_WIDTH / 2);
		press_set_text(label, "text", str_copy(str_part(http_json_text(month, "month"), 5, 2), arena));
	}
	press_set_i64(plot, "width", (int64_t) shown * BAR_STEP);
}

static void add_months(struct desk_visit *visit, struct money_page *page, const json_t *totals)
{
	const json_t *months = json_object_get(totals, "months");
	struct press_value *list = press_set_list(page->root, "months");
	bool has_any = false;

	for (size_t i = 0; i < json_array_size(months); i++) {
		const json_t *month = json_array_get(months, i);
		struct press_value *item = press_add_map(list);

		press_set_text(item, "month", str_copy(http_json_text(month, "month"), visit->arena));
		press_set_text(item, "once", sum(visit, page, number(month, "once")));
		press_set_text(item, "monthly", sum(visit, page, number(month, "monthly")));
		press_set_text(item, "annual", sum(visit, page, number(month, "annual")));
		press_set_text(item, "sum", sum(visit, page, month_sum(month)));
		has_any = has_any || month_sum(month) > 0;
	}
	press_set_bool(page->root, "has_months", has_any);
	add_plot(page->root, "plot", months, MONTHS, visit->arena);
	add_plot(page->root, "plot_short", months, MONTHS / 2, visit->arena);
}

/* --- the rows --- */

static const struct {
	const char *state, *name, *mark;
} states[] = {
	{"booked", "Booked", "live"},
	{"part_refunded", "Partly refunded", "wait"},
	{"refunded", "Refunded", "bad"},
};

static void add_row(struct desk_visit *visit, const struct money_page *page, struct press_value *list,
	const json_t *gift)
{
	struct press_value *row = press_add_map(list);
	struct str state = http_json_text(gift, "state"), frequency = http_json_text(gift, "frequency");
	int64_t refunded = number(gift, "refunded_minor");

	press_set_text(row, "reference", str_copy(http_json_text(gift, "reference"), visit->arena));
	press_set_c(row, "frequency", str_is(frequency, "monthly") ? "Monthly" : str_is(frequency, "annual") ? "Annual"
		: "Once");
	press_set_text(row, "method", str_copy(http_json_text(gift, "method"), visit->arena));
	press_set_text(row, "amount", sum(visit, page, number(gift, "amount_minor")));
	press_set_text(row, "fee", json_is_integer(json_object_get(gift, "fee_minor"))
		? sum(visit, page, number(gift, "fee_minor")) : STR("not known yet"));
	press_set_text(row, "day", str_copy(http_json_text(gift, "day"), visit->arena));
	if (refunded > 0)
		press_set_text(row, "refunded", sum(visit, page, refunded));
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (str_is(state, states[i].state)) {
			press_set_c(row, "state", states[i].name);
			press_set_c(row, "mark", states[i].mark);
		}
}

static void on_contributions(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	struct money_page *page = more;
	const json_t *gifts = json_object_get(reply, "contributions");
	struct press_value *list;

	if (f != NULL) {
		desk_answer_fault(visit, f, "support", "/support");
		return;
	}
	list = press_set_list(page->root, "rows");
	for (size_t i = 0; i < json_array_size(gifts); i++)
		add_row(visit, page, list, json_array_get(gifts, i));
	press_set_bool(page->root, "has_rows", json_array_size(gifts) > 0);
	press_set_bool(page->root, "is_cut", json_array_size(gifts) >= MONEY_ROWS);
	desk_answer(visit, 200, "desk_support", page->root);
}

static void on_totals(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	struct money_page *page = more;
	struct str currency;
	char *path;

	if (f != NULL) {
		desk_answer_fault(visit, f, "support", "/support");
		return;
	}
	currency = http_json_text(reply, "currency");
	snprintf(page->code, sizeof(page->code), "%.*s", STR_ARG(currency.len > 0 ? currency
		: visit->room->settings.currency));
	add_tiles(visit, page, reply);
	add_months(visit, page, reply);
	path = str_to_c(str_format(visit->arena, "/contributions?limit=%d&state=%.*s", MONEY_ROWS, STR_ARG(page->state)),
		visit->arena);
	desk_ask(visit, "support", "GET", path != NULL ? path : "/contributions", NULL, on_contributions, page);
}

static void add_tabs(struct desk_visit *visit, struct money_page *page)
{
	struct press_value *list = press_set_list(page->root, "states"), *tab = press_add_map(list);

	press_set_c(tab, "name", "All");
	press_set_c(tab, "href", "/support");
	press_set_bool(tab, "current", page->state.len == 0);
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		tab = press_add_map(list);
		press_set_c(tab, "name", states[i].name);
		press_set_text(tab, "href", str_format(visit->arena, "/support?state=%s", states[i].state));
		press_set_bool(tab, "current", str_is(page->state, states[i].state));
	}
}

void desk_get_support(struct http_request *rq, void *self)
{
	struct str state = http_query(rq, "state");
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
	page->root = desk_values(visit, "support", "Support");
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (str_is(state, states[i].state))
			page->state = str_from(states[i].state);
	add_tabs(visit, page);
	desk_ask(visit, "support", "GET", "/totals", NULL, on_totals, page);
}
