/* desk_money_plot.c: what came by month, as stacked bars.
 *
 * Decides: the scale and where each piece stands. Leaves to the theme: colours. Runs in: desk. The hard thing: none; everything
 * is copied, because the page is rendered when the other room's answer is gone.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "desk/desk_money.h"
#include "desk/desk_visit.h"
#include "http/http_client.h"
#include "press/locale.h"
#include "press/value.h"

enum { HEIGHT = 200, TOP = 12, BASE = TOP + HEIGHT, LABELS = BASE + 22, LEFT = 60, GAP = 2, LEAST = 2, TICKS = 3 };

static const struct kind {
	const char *name;
} kinds[] = {{"monthly"}, {"once"}, {"annual"}};

static int64_t month_sum(const json_t *month)
{
	int64_t sum = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		int64_t one = desk_money_number(month, kinds[i].name);

		sum += one > 0 ? one : 0;
	}
	return sum;
}

/* The step of a scale that three of reach: 1, 2, 3, 4, 5, 6 or 8 times a power of ten of whole units. */
static int64_t step_for(int64_t most)
{
	static const int64_t factors[] = {1, 2, 3, 4, 5, 6, 8};

	for (int64_t power = 100; power < INT64_MAX / 100; power *= 10)
		for (size_t i = 0; i < sizeof(factors) / sizeof(factors[0]); i++)
			if (factors[i] * power * TICKS >= most)
				return factors[i] * power;
	return most / TICKS + 1;
}

/* One coloured piece, standing on what is below it. Gives its top. */
static int64_t add_piece(struct press_value *pieces, const char *kind, int64_t value, int64_t top, int64_t bottom, int64_t x, int64_t width)
{
	int64_t height = value > 0 ? value * HEIGHT / top : 0;
	struct press_value *piece;

	if (value <= 0)
		return bottom;
	height = height > LEAST + GAP ? height - GAP : LEAST;
	piece = press_add_map(pieces);
	press_set_c(piece, "kind", kind);
	press_set_i64(piece, "x", x);
	press_set_i64(piece, "y", bottom - GAP - height);
	press_set_i64(piece, "height", height);
	press_set_i64(piece, "width", width);
	return bottom - GAP - height;
}

static struct str short_month(struct desk_visit *visit, struct str month)
{
	static const char *const names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	int64_t number = 0;

	if (str_to_i64(str_part(month, 5, 2), &number) && number >= 1 && number <= 12)
		return str_from(names[number - 1]);
	return str_copy(month, visit->arena);
}

static struct str whole(struct desk_visit *visit, struct str currency, int64_t minor)
{
	struct money money = {.minor = minor};

	snprintf(money.code, sizeof(money.code), "%.*s", STR_ARG(currency));
	return locale_money(desk_locale(visit->room), money, true, visit->arena);
}

static void add_plot(struct desk_visit *visit, struct press_value *root, const char *key, const json_t *months, size_t shown, int64_t pitch,
	struct str currency)
{
	struct press_value *plot = press_set_map(root, key), *pieces, *labels, *lines;
	size_t count = json_array_size(months), from = count > shown ? count - shown : 0;
	int64_t most = 100, step, width = LEFT + (int64_t) shown * pitch;

	pieces = press_set_list(plot, "pieces");
	labels = press_set_list(plot, "labels");
	lines = press_set_list(plot, "lines");
	for (size_t i = from; i < count; i++)
		if (month_sum(json_array_get(months, i)) > most)
			most = month_sum(json_array_get(months, i));
	step = step_for(most);
	for (int64_t i = 0; i <= TICKS; i++) {
		struct press_value *line = press_add_map(lines);

		press_set_i64(line, "y", BASE - i * HEIGHT / TICKS);
		press_set_i64(line, "text_y", BASE - i * HEIGHT / TICKS + 4);
		press_set_i64(line, "x", LEFT - 6);
		press_set_i64(line, "from", LEFT);
		press_set_i64(line, "to", width);
		press_set_text(line, "text", whole(visit, currency, i * step));
	}
	for (size_t i = from; i < count; i++) {
		const json_t *month = json_array_get(months, i);
		struct press_value *label = press_add_map(labels);
		int64_t bar = pitch * 64 / 100, x = LEFT + (int64_t) (i - from) * pitch + (pitch - bar) / 2, bottom = BASE;

		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
			bottom = add_piece(pieces, kinds[k].name, desk_money_number(month, kinds[k].name), step * TICKS, bottom, x, bar);
		press_set_i64(label, "x", x + bar / 2);
		press_set_i64(label, "y", LABELS);
		press_set_text(label, "text", short_month(visit, http_json_text(month, "month")));
	}
	press_set_i64(plot, "width", width);
	press_set_i64(plot, "height", LABELS + 8);
}

void desk_money_plots(struct desk_visit *visit, struct press_value *root, const json_t *months, struct str currency)
{
	add_plot(visit, root, "plot", months, 12, 96, currency);
	add_plot(visit, root, "plot_short", months, 6, 49, currency);
}
