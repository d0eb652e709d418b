/* desk_report.c: a send in numbers and plots: how far it is, how it went, how it stands beside earlier ones.
 *
 * Decides: which counts are told and how they are drawn. Leaves to others: counting (newsletter: counts alone, no mail has a time and no reader is
 * watched). Runs in: desk. The hard thing: the plots are SVG without styles of their own (the policy forbids them), drawn twice (wide, narrow) so
 * that their words stay readable, and every one has its numbers in a table.
 * SPDX-License-Identifier: ISC */
#include "desk/desk_report.h"

#include <inttypes.h>
#include "base/arena.h"
#include "base/buf.h"
#include "desk/desk_letter.h"
#include "desk/desk_visit.h"
#include "house/room.h"
#include "http/http_client.h"
#include "press/locale.h"
#include "press/value.h"

enum { BAR_UNITS = 1000, RECENT_S = 60, PLOT_LEFT = 48, PLOT_TOP = 12, PLOT_HEIGHT = 160, PLOT_WIDE = 720, PLOT_NARROW = 340, PLOT_LINES = 4,
	FORMER_MOST = 12, FORMER_FEW = 6, BAR_STEP = 56, BAR_WIDTH = 40, POINTS_BYTES = 64 * 1024, TABLE_ROWS = 24 };

static struct str figure(struct desk_visit *visit, int64_t n)
{
	return locale_number(desk_locale(visit->room), n, visit->arena);
}

static struct str named(struct desk_visit *visit, const json_t *state, const char *key)
{
	return figure(visit, desk_json_number(state, key));
}

/* "12 s", "9 minutes", "2 h 10 min" */
static struct str duration(struct desk_visit *visit, int64_t seconds)
{
	if (seconds < 60)
		return str_format(visit->arena, "%" PRId64 " s", seconds < 1 ? 1 : seconds);
	if (seconds < 7200)
		return locale_plural(desk_locale(visit->room), "minutes", seconds / 60, visit->arena);
	return str_format(visit->arena, "%" PRId64 " h %" PRId64 " min", seconds / 3600, seconds % 3600 / 60);
}

static int64_t tick(const json_t *tick, size_t at)
{
	return json_integer_value(json_array_get(tick, at));
}

static int64_t tick_handled(const json_t *one)
{
	return tick(one, 1) + tick(one, 2) + tick(one, 4);
}

static int64_t elapsed_s(const json_t *state)
{
	int64_t started = desk_json_number(state, "started"), ended = desk_json_number(state, "ended");

	return started == 0 ? 0 : ((ended > 0 ? ended : clock_now().us) - started) / 1000000;
}

/* --- the bar --- */

static void add_piece(struct press_value *list, const char *kind, int64_t count, int64_t of, int64_t *x)
{
	struct press_value *piece;
	int64_t width = of > 0 ? count * BAR_UNITS / of : 0;

	if (count > 0 && width == 0)
		width = 1; /* one refusal in a million is seen */
	if (width <= 0)
		return;
	piece = press_add_map(list);
	press_set_c(piece, "kind", kind);
	press_set_i64(piece, "x", *x);
	press_set_i64(piece, "width", width);
	*x += width;
}

/* Mails a minute of the last minute, else since it began. */
static int64_t rate_of(const json_t *state)
{
	const json_t *ticks = json_object_get(state, "ticks");
	int64_t now = elapsed_s(state), handled = desk_json_number(state, "handled");
	size_t i;

	for (i = json_array_size(ticks); i-- > 0;) {
		const json_t *one = json_array_get(ticks, i);

		if (now - tick(one, 0) >= RECENT_S && handled > tick_handled(one))
			return (handled - tick_handled(one)) * 60 / (now - tick(one, 0));
	}
	return desk_json_number(state, "rate_per_minute");
}

static void add_pace(struct desk_visit *visit, struct press_value *bar, const json_t *state)
{
	int64_t rate = rate_of(state), rest = desk_json_number(state, "recipients") - desk_json_number(state, "handled"),
		spread = desk_json_number(state, "spread_s"), left_s;

	if (rate <= 0 || rest <= 0)
		return;
	left_s = rest * 60 / rate;
	if (spread > 0 && spread - elapsed_s(state) > left_s)
		left_s = spread - elapsed_s(state);
	press_set_text(bar, "rate", str_format(visit->arena, "%.*s a minute", STR_ARG(figure(visit, rate))));
	press_set_text(bar, "time_left", str_format(visit->arena, "about %.*s left", STR_ARG(duration(visit, left_s))));
	if (spread > 0)
		press_set_text(bar, "spread", str_format(visit->arena, "spread over %.*s", STR_ARG(duration(visit, spread))));
}

void desk_report_bar(struct desk_visit *visit, struct press_value *root, const json_t *state)
{
	struct press_value *bar = press_set_map(root, "bar"), *pieces = press_set_list(bar, "pieces");
	int64_t of = desk_json_number(state, "recipients") + desk_json_number(state, "not_mailed"), x = 0;

	add_piece(pieces, "ok", desk_json_number(state, "accepted"), of, &x);
	add_piece(pieces, "wait", desk_json_number(state, "later"), of, &x);
	add_piece(pieces, "bad", desk_json_number(state, "refused") + desk_json_number(state, "in_doubt"), of, &x);
	press_set_text(bar, "accepted", named(visit, state, "accepted"));
	press_set_text(bar, "later", named(visit, state, "later"));
	press_set_text(bar, "refused", named(visit, state, "refused"));
	press_set_text(bar, "in_doubt", named(visit, state, "in_doubt"));
	press_set_text(bar, "left", named(visit, state, "left"));
	if (desk_json_number(state, "not_mailed") > 0)
		press_set_text(bar, "not_mailed", named(visit, state, "not_mailed"));
	press_set_bool(bar, "counting", json_is_true(json_object_get(state, "counting")));
	if (str_is(http_json_text(state, "state"), "sending"))
		add_pace(visit, bar, state);
	press_set_text(bar, "line", str_format(visit->arena, "%.*s of %.*s handled in %.*s", STR_ARG(named(visit, state, "handled")),
		STR_ARG(figure(visit, of)), STR_ARG(elapsed_s(state) < 60 ? STR("less than a minute") : duration(visit, elapsed_s(state)))));
}

/* --- tiles --- */

static void add_tile(struct press_value *list, struct str figure, struct str name)
{
	struct press_value *tile = press_add_map(list);

	press_set_text(tile, "figure", figure);
	press_set_text(tile, "name", name);
}

/* "97.6 %" of the recipients */
static struct str share(struct desk_visit *visit, int64_t part, int64_t whole)
{
	int64_t tenths = whole > 0 ? part * 1000 / whole : 0;

	return str_format(visit->arena, "%" PRId64 ".%" PRId64 " %%", tenths / 10, tenths % 10);
}

static void add_tiles(struct desk_visit *visit, struct press_value *report, const json_t *state)
{
	struct press_value *list = press_set_list(report, "tiles");
	int64_t recipients = desk_json_number(state, "recipients"), accepted = desk_json_number(state, "accepted"),
		refused = desk_json_number(state, "refused");

	add_tile(list, figure(visit, recipients), STR("got or shall get it"));
	add_tile(list, share(visit, accepted, recipients), str_format(visit->arena, "accepted: %.*s", STR_ARG(figure(visit, accepted))));
	add_tile(list, share(visit, refused, recipients), str_format(visit->arena, "refused: %.*s", STR_ARG(figure(visit, refused))));
	add_tile(list, duration(visit, elapsed_s(state)), STR("from the first mail to the last"));
}

/* --- how it went --- */

/* 4, 8, 12, 20 or 40 times a power of ten, at least n and divisible by the lines. */
static int64_t round_top(int64_t n)
{
	static const int64_t steps[] = {4, 8, 12, 20, 40};
	int64_t unit = 1;

	for (;; unit *= 10)
		for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
			if (steps[i] * unit >= n)
				return steps[i] * unit;
}

struct axes {
	int64_t width, top, seconds;
};

static int64_t at_x(const struct axes *axes, int64_t second)
{
	return PLOT_LEFT + (axes->width - PLOT_LEFT - 12) * second / axes->seconds;
}

static int64_t at_y(const struct axes *axes, int64_t count)
{
	return PLOT_TOP + PLOT_HEIGHT - PLOT_HEIGHT * count / axes->top;
}

static void add_grid(struct desk_visit *visit, struct press_value *plot, const struct axes *axes)
{
	struct press_value *lines = press_set_list(plot, "lines"), *labels = press_set_list(plot, "labels");

	for (int64_t i = 0; i <= PLOT_LINES; i++) {
		struct press_value *line = press_add_map(lines);

		press_set_i64(line, "y", at_y(axes, axes->top * i / PLOT_LINES));
		press_set_i64(line, "text_y", at_y(axes, axes->top * i / PLOT_LINES) + 4);
		press_set_text(line, "text", figure(visit, axes->top * i / PLOT_LINES));
	}
	for (int64_t i = 0; i <= 2; i++) {
		struct press_value *label = press_add_map(labels);
		int64_t second = axes->seconds * i / 2;

		press_set_i64(label, "x", at_x(axes, second));
		press_set_c(label, "anchor", i == 0 ? "start" : i == 1 ? "middle" : "end");
		press_set_text(label, "text", i == 0 ? STR("begin") : duration(visit, second));
	}
}

static void add_point(struct buf *points, const struct axes *axes, int64_t second, int64_t count)
{
	char text[48];

	snprintf(text, sizeof(text), "%" PRId64 ",%" PRId64 " ", at_x(axes, second), at_y(axes, count));
	buf_add_str(points, str_from(text));
}

/* The accepted and what is decided otherwise, from nothing to the end. */
static void add_course(struct desk_visit *visit, struct press_value *report, const char *key, int64_t width, const json_t *state)
{
	const json_t *ticks = json_object_get(state, "ticks");
	struct press_value *plot = press_set_map(report, key);
	struct axes axes = {.width = width, .top = round_top(desk_json_number(state, "recipients") + 1), .seconds = elapsed_s(state) + 1};
	struct buf accepted, handled;
	size_t i;

	buf_init(&accepted, POINTS_BYTES);
	buf_init(&handled, POINTS_BYTES);
	add_point(&accepted, &axes, 0, 0);
	add_point(&handled, &axes, 0, 0);
	for (i = 0; i < json_array_size(ticks); i++) {
		const json_t *one = json_array_get(ticks, i);

		if (tick(one, 0) >= axes.seconds)
			break;
		add_point(&accepted, &axes, tick(one, 0), tick(one, 1));
		add_point(&handled, &axes, tick(one, 0), tick_handled(one));
	}
	add_point(&accepted, &axes, axes.seconds, desk_json_number(state, "accepted"));
	add_point(&handled, &axes, axes.seconds, desk_json_number(state, "handled"));
	press_set_text(plot, "accepted", str_copy(buf_view(&accepted), visit->arena));
	press_set_text(plot, "handled", str_copy(buf_view(&handled), visit->arena));
	press_set_i64(plot, "plot_width", width);
	press_set_i64(plot, "right", width - 12);
	press_set_i64(plot, "left", PLOT_LEFT);
	press_set_i64(plot, "height", PLOT_TOP + PLOT_HEIGHT + 24);
	press_set_i64(plot, "label_y", PLOT_TOP + PLOT_HEIGHT + 18);
	add_grid(visit, plot, &axes);
	buf_release(&accepted);
	buf_release(&handled);
}

static void add_row(struct desk_visit *visit, struct press_value *list, struct str when, int64_t accepted, int64_t refused, int64_t later,
	int64_t doubt)
{
	struct press_value *row = press_add_map(list);

	press_set_text(row, "when", when);
	press_set_text(row, "accepted", figure(visit, accepted));
	press_set_text(row, "refused", figure(visit, refused));
	press_set_text(row, "later", figure(visit, later));
	press_set_text(row, "in_doubt", figure(visit, doubt));
}

static void add_course_table(struct desk_visit *visit, struct press_value *report, const json_t *state)
{
	const json_t *ticks = json_object_get(state, "ticks");
	struct press_value *list = press_set_list(report, "rows");
	size_t count = json_array_size(ticks), step = count / TABLE_ROWS + 1, i;

	for (i = 0; i < count; i += step) {
		const json_t *one = json_array_get(ticks, i);

		add_row(visit, list, duration(visit, tick(one, 0)), tick(one, 1), tick(one, 2), tick(one, 3), tick(one, 4));
	}
	add_row(visit, list, duration(visit, elapsed_s(state)), desk_json_number(state, "accepted"), desk_json_number(state, "refused"),
		desk_json_number(state, "later"), desk_json_number(state, "in_doubt"));
}

/* --- refusals --- */

static const struct {
	const char *status, *meaning;
} meanings[] = {
	{"5.1.1", "There is no such mailbox"}, {"5.1.2", "There is no such domain"}, {"5.1.10", "The domain takes no mail"},
	{"5.2.1", "The mailbox is switched off"}, {"5.2.2", "The mailbox is full"}, {"5.3.4", "The mail is too large for it"},
	{"5.7.1", "Refused by its rules"}, {"5.7.26", "Not signed as it demands: see mimeo newsletter doctor"}, {"5.7.", "Refused by its rules"},
	{"5.1.", "The address is wrong"}, {"5.2.", "Something is wrong with the mailbox"}, {"4.2.2", "The mailbox stayed full"},
	{"4.", "It was put off too often"},
};

static void add_refusals(struct desk_visit *visit, struct press_value *report, const json_t *state)
{
	const json_t *refusals = json_object_get(state, "refusals");
	struct press_value *list = press_set_list(report, "refusals");
	int64_t most = desk_json_number(json_array_get(refusals, 0), "count");
	size_t i, k;

	for (i = 0; i < json_array_size(refusals); i++) {
		const json_t *one = json_array_get(refusals, i);
		struct press_value *item = press_add_map(list);
		struct str enhanced = str_copy(http_json_text(one, "enhanced"), visit->arena);

		press_set_i64(item, "reply", desk_json_number(one, "reply"));
		press_set_text(item, "enhanced", enhanced);
		press_set_text(item, "count", named(visit, one, "count"));
		press_set_i64(item, "width", most > 0 ? desk_json_number(one, "count") * BAR_UNITS / most : 0);
		press_set_c(item, "meaning", "Refused");
		for (k = 0; k < sizeof(meanings) / sizeof(meanings[0]); k++)
			if (str_starts(enhanced, str_from(meanings[k].status))) {
				press_set_c(item, "meaning", meanings[k].meaning);
				break;
			}
	}
	press_set_bool(report, "has_refusals", json_array_size(refusals) > 0);
}

void desk_report_values(struct desk_visit *visit, struct press_value *root, const json_t *state)
{
	struct press_value *report = press_set_map(root, "report");

	add_tiles(visit, report, state);
	add_course(visit, report, "wide", PLOT_WIDE, state);
	add_course(visit, report, "narrow", PLOT_NARROW, state);
	add_course_table(visit, report, state);
	add_refusals(visit, report, state);
	press_set_text(report, "gone", locale_plural(desk_locale(visit->room), "subscribers", desk_json_number(state, "gone"), visit->arena));
	press_set_bool(report, "has_gone", desk_json_number(state, "gone") > 0);
	press_set_text(report, "bounced", named(visit, state, "bounced"));
	press_set_bool(report, "has_bounced", desk_json_number(state, "bounced") > 0);
}

/* --- beside earlier ones --- */

static void add_bars(struct desk_visit *visit, struct press_value *report, const char *key, const json_t *const *shown, size_t count,
	size_t room)
{
	struct press_value *plot = press_set_map(report, key), *pieces = press_set_list(plot, "pieces"), *labels = press_set_list(plot, "labels");
	int64_t most = 1;
	size_t i;

	for (i = 0; i < count; i++)
		if (desk_json_number(shown[i], "recipients") > most)
			most = desk_json_number(shown[i], "recipients");
	for (i = 0; i < count; i++) {
		static const char *const keys[] = {"accepted", "later", "refused"}, *const kinds[] = {"ok", "wait", "bad"};
		struct civil day = clock_civil((struct when){desk_json_number(shown[i], "started")});
		struct press_value *label = press_add_map(labels);
		int64_t x = (int64_t) i * BAR_STEP + 8, bottom = PLOT_HEIGHT + PLOT_TOP;

		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
			int64_t value = desk_json_number(shown[i], keys[k]), height = value * PLOT_HEIGHT / most;
			struct press_value *piece;

			if (value == 0)
				continue;
			height = height < 2 ? 2 : height;
			piece = press_add_map(pieces);
			press_set_c(piece, "kind", kinds[k]);
			press_set_i64(piece, "x", x);
			press_set_i64(piece, "y", bottom - height);
			press_set_i64(piece, "width", BAR_WIDTH);
			press_set_i64(piece, "height", height);
			bottom -= height + 2;
		}
		press_set_i64(label, "x", x + BAR_WIDTH / 2);
		press_set_text(label, "text", str_format(visit->arena, "%d.%d.", day.day, day.month));
	}
	press_set_i64(plot, "plot_width", (int64_t) room * BAR_STEP);
	press_set_i64(plot, "height", PLOT_TOP + PLOT_HEIGHT + 24);
	press_set_i64(plot, "label_y", PLOT_TOP + PLOT_HEIGHT + 18);
}

void desk_report_former(struct desk_visit *visit, struct press_value *root, const json_t *issues, int64_t id)
{
	const json_t *list = json_object_get(issues, "issues"), *shown[FORMER_MOST];
	struct press_value *former, *rows;
	size_t count = 0, few, i;

	/* the newest stands first: taken from behind, so that time runs as it is read */
	for (i = 0; i < json_array_size(list) && count < FORMER_MOST; i++)
		if (desk_json_number(json_array_get(list, i), "started") > 0)
			shown[FORMER_MOST - ++count] = json_array_get(list, i);
	if (count < 2)
		return;
	former = press_set_map(root, "former");
	add_bars(visit, former, "wide", shown + FORMER_MOST - count, count, FORMER_MOST);
	few = count < FORMER_FEW ? count : FORMER_FEW;
	add_bars(visit, former, "narrow", shown + FORMER_MOST - few, few, FORMER_FEW);
	rows = press_set_list(former, "rows");
	for (i = FORMER_MOST - count; i < FORMER_MOST; i++) {
		struct press_value *row = press_add_map(rows);

		press_set_text(row, "subject", str_copy(http_json_text(shown[i], "subject"), visit->arena));
		press_set_bool(row, "is_this", desk_json_number(shown[i], "id") == id);
		press_set_text(row, "when", desk_when(visit->room, (struct when){desk_json_number(shown[i], "started")}, visit->arena));
		press_set_text(row, "recipients", named(visit, shown[i], "recipients"));
		press_set_text(row, "accepted", named(visit, shown[i], "accepted"));
		press_set_text(row, "refused", named(visit, shown[i], "refused"));
	}
}
