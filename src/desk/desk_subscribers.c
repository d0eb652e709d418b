/* desk_subscribers.c: the list of subscribers as staff sees it: how it grew, one address by its exact letters, lists that wait for a second
 * person, and who did what.
 *
 * Decides: the plot, the forms, what is asked before an address is erased. Leaves to the newsletter room: every number and every address.
 * Runs in: desk. The hard thing: an address that was looked up goes through this page and nowhere else: no link, no log, no audit line.
 * SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <stdio.h>
#include "base/arena.h"
#include "base/buf.h"
#include "desk/desk_letter.h"
#include "desk/desk_pages.h"
#include "desk/desk_visit.h"
#include "house/room.h"
#include "http/http_client.h"
#include "press/locale.h"
#include "press/value.h"

enum { DAYS = 90, DAYS_SHORT = 30, STEP = 8, LINE_HEIGHT = 120, BARS_TOP = 140, BARS_HEIGHT = 44, POINTS_BYTES = 16 * 1024 };

static const char here[] = "/newsletter/subscribers";

struct day {
	int64_t total, in, out;
};

struct list_page {
	struct press_value *root;
	struct day days[DAYS];
	int64_t first;                /* the first day's number */
	int status;
};

static struct str figure(struct desk_visit *visit, int64_t n)
{
	return locale_number(desk_locale(visit->room), n, visit->arena);
}

/* --- the plot --- */

/* From today backwards: what came that day was not there the day before. */
static void read_days(struct list_page *page, const json_t *reply)
{
	int64_t total = desk_json_number(reply, "subscribers");
	const json_t *one;
	size_t i;

	page->first = desk_json_number(reply, "today") - DAYS + 1;
	json_array_foreach(json_object_get(reply, "days"), i, one) {
		int64_t at = desk_json_number(one, "number") - page->first;

		if (at < 0 || at >= DAYS)
			continue;
		page->days[at].in = desk_json_number(one, "joined") + desk_json_number(one, "imported");
		page->days[at].out = desk_json_number(one, "left") + desk_json_number(one, "bounced") + desk_json_number(one, "complained");
	}
	for (size_t d = DAYS; d-- > 0;) {
		page->days[d].total = total > 0 ? total : 0;
		total -= page->days[d].in - page->days[d].out;
	}
}

static void add_bar(struct press_value *list, const char *kind, int64_t value, int64_t most, int64_t x)
{
	struct press_value *bar;
	int64_t height = value * BARS_HEIGHT / most;

	if (value <= 0)
		return;
	if (height < 2)
		height = 2;
	bar = press_add_map(list);
	press_set_c(bar, "kind", kind);
	press_set_i64(bar, "x", x);
	press_set_i64(bar, "y", kind[0] == 'i' ? BARS_TOP + BARS_HEIGHT - height : BARS_TOP + BARS_HEIGHT + 1);
	press_set_i64(bar, "height", height);
	press_set_i64(bar, "width", STEP - 2);
}

static void add_label(struct press_value *list, int64_t x, struct str text, const char *anchor)
{
	struct press_value *label = press_add_map(list);

	press_set_i64(label, "x", x);
	press_set_text(label, "text", text);
	press_set_c(label, "anchor", anchor);
}

static struct str day_name(struct desk_visit *visit, int64_t day)
{
	struct civil civil = clock_civil_utc(clock_from_utc_day((int32_t) day));

	return locale_date(desk_locale(visit->room), &civil, visit->arena);
}

/* The line from the list's least to its most, the bars of a day under it. */
static void add_plot(struct desk_visit *visit, const struct list_page *page, const char *key, size_t shown)
{
	struct press_value *plot = press_set_map(page->root, key), *bars = press_set_list(plot, "bars"), *labels = press_set_list(plot, "labels");
	const struct day *days = page->days + DAYS - shown;
	int64_t low = days[0].total, high = days[0].total, most = 1, width = (int64_t) shown * STEP;
	struct buf points;

	for (size_t i = 0; i < shown; i++) {
		low = days[i].total < low ? days[i].total : low;
		high = days[i].total > high ? days[i].total : high;
		most = days[i].in > most ? days[i].in : most;
		most = days[i].out > most ? days[i].out : most;
	}
	buf_init(&points, POINTS_BYTES);
	for (size_t i = 0; i < shown; i++) {
		int64_t x = (int64_t) i * STEP, y = high > low ? LINE_HEIGHT - (days[i].total - low) * (LINE_HEIGHT - 20) / (high - low) : LINE_HEIGHT / 2;

		buf_format(&points, "%s%" PRId64 ",%" PRId64, i > 0 ? " " : "", x + STEP / 2, y);
		add_bar(bars, "in", days[i].in, most, x + 1);
		add_bar(bars, "out", days[i].out, most, x + 1);
	}
	press_set_text(plot, "points", str_copy(buf_view(&points), visit->arena));
	buf_release(&points);
	press_set_i64(plot, "width", width);
	press_set_text(plot, "high", figure(visit, high));
	press_set_text(plot, "low", high > low ? figure(visit, low) : STR(""));
	add_label(labels, 0, day_name(visit, page->first + (int64_t) (DAYS - shown)), "start");
	add_label(labels, width, day_name(visit, page->first + DAYS - 1), "end");
}

static void add_numbers(struct desk_visit *visit, const struct list_page *page)
{
	struct press_value *list = press_set_list(page->root, "days");
	bool has_any = false;

	for (size_t i = DAYS; i-- > 0;) {
		struct press_value *item;

		if (page->days[i].in == 0 && page->days[i].out == 0)
			continue;
		item = press_add_map(list);
		press_set_text(item, "day", day_name(visit, page->first + (int64_t) i));
		press_set_text(item, "in", figure(visit, page->days[i].in));
		press_set_text(item, "out", figure(visit, page->days[i].out));
		press_set_text(item, "total", figure(visit, page->days[i].total));
		has_any = true;
	}
	press_set_bool(page->root, "has_days", has_any);
}

/* --- lists and who did what --- */

static const struct {
	const char *state, *name, *mark;
} states[] = {
	{"waiting", "Waits", "wait"},
	{"taking", "Under way", "wait"},
	{"done", "Done", "live"},
	{"declined", "Declined", "bad"},
};

static void add_imports(struct desk_visit *visit, struct list_page *page, const json_t *reply)
{
	struct press_value *list = press_set_list(page->root, "imports");
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(reply, "imports"), i, one) {
		struct press_value *item = press_add_map(list);
		struct str state = http_json_text(one, "state"), by = str_copy(http_json_text(one, "brought_by"), visit->arena);

		for (size_t k = 0; k < sizeof(states) / sizeof(states[0]); k++)
			if (str_is(state, states[k].state)) {
				press_set_c(item, "state", states[k].name);
				press_set_c(item, "mark", states[k].mark);
			}
		press_set_text(item, "by", by);
		press_set_text(item, "confirmed_by", str_copy(http_json_text(one, "confirmed_by"), visit->arena));
		press_set_text(item, "day", day_name(visit, desk_json_number(one, "day")));
		press_set_text(item, "rows", figure(visit, desk_json_number(one, "rows")));
		press_set_text(item, "added", figure(visit, desk_json_number(one, "added")));
		press_set_text(item, "known", figure(visit, desk_json_number(one, "known")));
		press_set_text(item, "suppressed", figure(visit, desk_json_number(one, "suppressed")));
		if (str_is(state, "waiting") && (visit->person.rights & DESK_SEND) != 0)
			press_set_text(item, "href", str_format(visit->arena, "/newsletter/imports/%.*s", STR_ARG(http_json_text(one, "id"))));
	}
	press_set_bool(page->root, "has_imports", json_array_size(json_object_get(reply, "imports")) > 0);
}

static void add_audit(struct desk_visit *visit, struct list_page *page, const json_t *reply)
{
	struct press_value *list = press_set_list(page->root, "audit");
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(reply, "audit"), i, one) {
		struct press_value *item = press_add_map(list);

		press_set_text(item, "when", desk_when(visit->room, (struct when){desk_json_number(one, "at")}, visit->arena));
		press_set_text(item, "who", str_copy(http_json_text(one, "who"), visit->arena));
		press_set_text(item, "did", str_copy(http_json_text(one, "did"), visit->arena));
		press_set_text(item, "rows", figure(visit, desk_json_number(one, "rows")));
	}
	press_set_bool(page->root, "has_audit", json_array_size(json_object_get(reply, "audit")) > 0);
}

/* --- the page --- */

static void on_list(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	struct list_page *page = more;

	if (f != NULL) {
		desk_answer_fault(visit, f, "newsletter", "/newsletter");
		return;
	}
	read_days(page, reply);
	press_set_text(page->root, "subscribers", figure(visit, desk_json_number(reply, "subscribers")));
	press_set_text(page->root, "pending", figure(visit, desk_json_number(reply, "pending")));
	press_set_text(page->root, "paused", figure(visit, desk_json_number(reply, "paused")));
	press_set_text(page->root, "gone", figure(visit, desk_json_number(reply, "gone")));
	press_set_i64(page->root, "import_alone", desk_json_number(reply, "import_alone"));
	press_set_bool(page->root, "may", (visit->person.rights & DESK_SEND) != 0);
	add_plot(visit, page, "plot", DAYS);
	add_plot(visit, page, "plot_short", DAYS_SHORT);
	add_numbers(visit, page);
	add_imports(visit, page, reply);
	add_audit(visit, page, reply);
	desk_answer(visit, page->status, "desk_subscribers", page->root);
}

static void finish(struct desk_visit *visit, struct list_page *page)
{
	desk_ask(visit, "newsletter", "GET", "/list?days=90", NULL, on_list, page);
}

static struct list_page *begin(struct desk_visit *visit)
{
	struct list_page *page = arena_alloc(visit->arena, sizeof(*page));
	struct fault f = {0};

	if (page == NULL) {
		fault_full(&f, "this request");
		desk_answer_fault(visit, &f, "newsletter", "/newsletter");
		return NULL;
	}
	page->status = 200;
	page->root = desk_values(visit, "newsletter", "Subscribers");
	return page;
}

void desk_get_subscribers(struct http_request *rq, void *self)
{
	struct desk_visit *visit;
	struct list_page *page;

	if (!desk_visit_begin(rq, self, DESK_LETTER, &visit))
		return;
	page = begin(visit);
	if (page != NULL)
		finish(visit, page);
}

/* --- one address --- */

static const struct {
	const char *key, *label;
} facts[] = {
	{"address", "Address"}, {"state", "State"}, {"language", "Language"}, {"consent_day", "Consented on (UTC)"},
	{"policy", "Under the Privacy policy"}, {"proof", "Proof of consent"}, {"confirmed_day", "Confirmed or imported on (UTC)"},
	{"last_confirmation_mail", "Last confirmation mail"}, {"paused_until", "Paused until"},
	{"left_out_until", "Left out, because mail came back, until"},
	{"gone_since", "Gone since"}, {"gone_because", "Because it"},
};

static void on_looked_up(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	struct list_page *page = more;
	struct press_value *found, *list;

	if (f != NULL) {
		page->status = fault_http_status(f->kind);
		press_set_text(page->root, "error", str_copy(str_from(f->say), visit->arena));
		press_set_text(page->root, "typed", http_field(visit->rq, "address"));
		finish(visit, page);
		return;
	}
	found = press_set_map(page->root, "found");
	list = press_set_list(found, "facts");
	press_set_bool(found, "known", json_is_true(json_object_get(reply, "known")));
	press_set_text(found, "typed", http_field(visit->rq, "address"));
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		struct str value = http_json_text(reply, facts[i].key);
		struct press_value *fact;

		if (value.len == 0)
			continue;
		fact = press_add_map(list);
		press_set_c(fact, "label", facts[i].label);
		press_set_text(fact, "value", str_copy(value, visit->arena));
	}
	finish(visit, page);
}

static json_t *address_body(struct desk_visit *visit)
{
	json_t *body = json_object();

	json_object_set_new(body, "address", http_json_str(str_trim(http_field(visit->rq, "address"))));
	json_object_set_new(body, "by", http_json_str(visit->person.name));
	return body;
}

void desk_post_look_up(struct http_request *rq, void *self)
{
	struct desk_visit *visit;
	struct list_page *page;

	if (!desk_visit_begin(rq, self, DESK_SEND, &visit))
		return;
	page = begin(visit);
	if (page == NULL)
		return;
	desk_audit(visit->room, visit->person.name, "looked up", STR("one subscriber's address"));
	desk_ask(visit, "newsletter", "POST", "/list/look-up", address_body(visit), on_looked_up, page);
}

static void on_erased(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	(void) reply;
	(void) more;
	if (f != NULL) {
		desk_answer_fault(visit, f, "newsletter", here);
		return;
	}
	desk_audit(visit->room, visit->person.name, "erased", STR("one subscriber, who had asked for it"));
	desk_answer_done(visit, here, "erased");
}

/* Asked on a page of its own; the address travels in the form alone. */
void desk_post_erase_subscriber(struct http_request *rq, void *self)
{
	struct desk_visit *visit;
	struct list_page *page;

	if (!desk_visit_begin(rq, self, DESK_SEND, &visit))
		return;
	if (str_is(http_field(rq, "sure"), "yes")) {
		desk_ask(visit, "newsletter", "POST", "/list/erase", address_body(visit), on_erased, NULL);
		return;
	}
	page = begin(visit);
	if (page == NULL)
		return;
	press_set_text(page->root, "erase", str_trim(http_field(rq, "address")));
	desk_answer(visit, 200, "desk_subscribers", page->root);
}

/* --- the second person --- */

static const char *import_path(struct desk_visit *visit, const char *end)
{
	int64_t id = 0;

	if (!desk_parse_id(http_part(visit->rq, "id"), &id))
		id = 0;
	return str_to_c(str_format(visit->arena, "/list/imports/%" PRId64 "%s", id, end), visit->arena);
}

static void on_import(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	struct list_page *page = more;
	struct press_value *import;
	struct str by;

	if (f != NULL) {
		desk_answer_fault(visit, f, "newsletter", here);
		return;
	}
	by = str_copy(http_json_text(reply, "brought_by"), visit->arena);
	import = press_set_map(page->root, "import");
	press_set_text(import, "rows", figure(visit, desk_json_number(reply, "rows")));
	press_set_text(import, "by", by);
	press_set_text(import, "day", day_name(visit, desk_json_number(reply, "day")));
	press_set_text(import, "action", str_format(visit->arena, "/newsletter/imports/%.*s", STR_ARG(http_part(visit->rq, "id"))));
	press_set_bool(import, "waits", str_is(http_json_text(reply, "state"), "waiting"));
	press_set_bool(import, "is_mine", str_equal_nocase(by, visit->person.name));
	desk_answer(visit, 200, "desk_subscribers", page->root);
}

void desk_get_import(struct http_request *rq, void *self)
{
	struct desk_visit *visit;
	struct list_page *page;

	if (!desk_visit_begin(rq, self, DESK_SEND, &visit))
		return;
	page = begin(visit);
	if (page != NULL)
		desk_ask(visit, "newsletter", "GET", import_path(visit, ""), NULL, on_import, page);
}

static void on_answered(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	bool yes = str_is(http_field(visit->rq, "answer"), "confirm");

	(void) reply;
	(void) more;
	if (f != NULL) {
		desk_answer_fault(visit, f, "newsletter", here);
		return;
	}
	desk_audit(visit->room, visit->person.name, yes ? "confirmed" : "declined", STR("a list of subscribers, as the second person"));
	desk_answer_done(visit, here, yes ? "import-confirmed" : "import-declined");
}

void desk_post_import(struct http_request *rq, void *self)
{
	struct desk_visit *visit;
	json_t *body;

	if (!desk_visit_begin(rq, self, DESK_SEND, &visit))
		return;
	body = json_object();
	json_object_set_new(body, "by", http_json_str(visit->person.name));
	desk_ask(visit, "newsletter", "POST", import_path(visit, str_is(http_field(rq, "answer"), "confirm") ? "/confirm" : "/decline"), body,
		on_answered, NULL);
}
