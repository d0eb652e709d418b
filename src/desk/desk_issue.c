/* desk_issue.c: one issue: its preview, sending it (asked on a page of its own, with to how many), and the bar while it goes.
 *
 * Decides: what an editor sees of a running send. Leaves to others: sending (newsletter). Runs in: desk. The hard thing: the bar is alive
 * without JavaScript (the page loads itself again) and smooth with it (desk.js takes the part that changes).
 * SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include "base/arena.h"
#include "base/buf.h"
#include "desk/desk_doings.h"
#include "desk/desk_letter.h"
#include "desk/desk_pages.h"
#include "desk/desk_visit.h"
#include "gen/desk_sql.h"
#include "house/room.h"
#include "http/http_client.h"
#include "press/locale.h"
#include "press/value.h"
#include "store/store.h"

enum { BAR_UNITS = 1000 };

struct issue_page {
	int64_t id;
	struct store_row row;     /* issue_one */
	struct str here;          /* "/newsletter/ID" */
	struct press_value *root;
	int64_t subscribers;
};

/* The issue of the path; answered when it is not there. */
static struct issue_page *begin(struct desk_visit *visit)
{
	struct issue_page *page = arena_alloc(visit->arena, sizeof(*page));
	struct fault f = {0};
	bool found = false;

	if (page == NULL) {
		fault_full(&f, "this request");
		desk_answer_fault(visit, &f, "newsletter", "/newsletter");
		return NULL;
	}
	if (!desk_parse_id(http_part(visit->rq, "id"), &page->id))
		fault_set(&f, FAULT_MISSING, "There is no such issue.");
	else if (store_one(visit->room->db, DESK_SQL_ISSUE_ONE, STORE_ARGS(store_i64(page->id)), visit->arena, &page->row,
		&found, &f)
		&& !found)
		fault_set(&f, FAULT_MISSING, "There is no such issue.");
	if (f.kind != FAULT_NONE) {
		desk_answer_fault(visit, &f, "newsletter", "/newsletter");
		return NULL;
	}
	page->here = str_format(visit->arena, "/newsletter/%" PRId64, page->id);
	return page;
}

static const char *room_path(struct desk_visit *visit, const struct issue_page *page, const char *end)
{
	char *path = str_to_c(str_format(visit->arena, "/issues/%" PRId64 "%s", page->id, end), visit->arena);

	return path != NULL ? path : "/issues";
}

/* --- the bar --- */

static void add_piece(struct press_value *list, const char *kind, int64_t count, int64_t of, int64_t *x)
{
	struct press_value *piece;
	int64_t width = of > 0 ? count * BAR_UNITS / of : 0;

	if (width <= 0)
		return;
	piece = press_add_map(list);
	press_set_c(piece, "kind", kind);
	press_set_i64(piece, "x", *x);
	press_set_i64(piece, "width", width);
	*x += width;
}

static struct str figure(struct desk_visit *visit, const json_t *state, const char *key)
{
	return locale_number(desk_locale(visit->room), desk_json_number(state, key), visit->arena);
}

static void add_bar(struct desk_visit *visit, struct press_value *root, const json_t *state)
{
	struct press_value *bar = press_set_map(root, "bar"), *pieces = press_set_list(bar, "pieces");
	int64_t of = desk_json_number(state, "recipients"), started = desk_json_number(state, "started"),
		ended = desk_json_number(state, "ended"), x = 0, minutes;

	add_piece(pieces, "ok", desk_json_number(state, "accepted"), of, &x);
	add_piece(pieces, "wait", desk_json_number(state, "later"), of, &x);
	add_piece(pieces, "bad", desk_json_number(state, "refused") + desk_json_number(state, "in_doubt"), of, &x);
	press_set_text(bar, "accepted", figure(visit, state, "accepted"));
	press_set_text(bar, "later", figure(visit, state, "later"));
	press_set_text(bar, "refused", figure(visit, state, "refused"));
	press_set_text(bar, "in_doubt", figure(visit, state, "in_doubt"));
	press_set_text(bar, "left", figure(visit, state, "left"));
	press_set_bool(bar, "counting", json_is_true(json_object_get(state, "counting")));
	minutes = started > 0 ? ((ended > 0 ? ended : clock_now().us) - started) / 60000000 : 0;
	press_set_text(bar, "line", str_format(visit->arena, "%.*s of %.*s handled in %.*s", STR_ARG(figure(visit, state,
		"handled")),
		STR_ARG(figure(visit, state, "recipients")), STR_ARG(minutes == 0 ? STR("less than a minute")
		: locale_plural(desk_locale(visit->room), "minutes", minutes, visit->arena))));
}

/* --- the page --- */

static bool add_stories(struct desk_visit *visit, const struct issue_page *page, struct fault *f)
{
	struct press_value *list = press_set_list(page->root, "stories");
	struct store_rows rows;

	if (!store_rows_begin(visit->room->db, DESK_SQL_WEB_ISSUE_STORIES, STORE_ARGS(store_i64(page->id)), &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		struct press_value *item = press_add_map(list);

		press_set_text(item, "href", str_format(visit->arena, "/stories/%" PRId64, store_column_i64(&rows, 0)));
		press_set_text(item, "headline", store_column_copy(&rows, 1, visit->arena));
		press_set_text(item, "lang", store_column_copy(&rows, 2, visit->arena));
		press_set_text(item, "dir", store_column_copy(&rows, 3, visit->arena));
	}
	return store_rows_end(&rows);
}

static void add_state(struct desk_visit *visit, struct issue_page *page, const json_t *reply)
{
	struct str state = str_copy(http_json_text(reply, "state"), visit->arena);
	bool is_sending = str_is(state, "sending"), is_paused = str_is(state, "paused"),
		may = (visit->person.rights & DESK_SEND) != 0;
	struct str by = str_copy(http_json_text(reply, "approved_by"), visit->arena);

	desk_issue_state(page->root, state);
	press_set_bool(page->root, "live", is_sending);
	press_set_bool(page->root, "can_send", may && (str_is(state, "frozen") || is_paused));
	press_set_bool(page->root, "is_paused", is_paused);
	press_set_bool(page->root, "can_pause", may && is_sending);
	press_set_text(page->root, "approved_by", by);
	if (is_sending || is_paused || str_is(state, "sent"))
		add_bar(visit, page->root, reply);
	if (is_sending || str_is(state, "sent"))
		desk_issue_started(visit->room, page->id);
}

static void on_state(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	struct issue_page *page = more;
	struct fault own = {0};

	if (f != NULL) {
		desk_issue_state(page->root, STR(""));
		press_set_text(page->root, "trouble", str_copy(str_from(f->say), visit->arena));
	} else {
		add_state(visit, page, reply);
	}
	if (!add_stories(visit, page, &own)) {
		desk_answer_fault(visit, &own, "newsletter", "/newsletter");
		return;
	}
	desk_answer(visit, 200, "desk_issue", page->root);
}

void desk_get_issue(struct http_request *rq, void *self)
{
	struct issue_page *page;
	struct desk_visit *visit;

	if (!desk_visit_begin(rq, self, DESK_LETTER, &visit) || (page = begin(visit)) == NULL)
		return;
	page->root = desk_values(visit, "newsletter", "Issue");
	press_set_text(page->root, "title", page->row.columns[0].bytes);
	press_set_text(page->root, "preheader", page->row.columns[1].bytes);
	press_set_text(page->root, "lang", page->row.columns[3].bytes);
	press_set_text(page->root, "text", page->row.columns[5].bytes);
	press_set_text(page->root, "made", desk_when_within(visit->room, (struct when){page->row.columns[7].number},
		visit->arena));
	press_set_text(page->root, "here", page->here);
	desk_ask(visit, "newsletter", "GET", room_path(visit, page, ""), NULL, on_state, page);
}

/* The mail itself, in a frame that can do nothing: no script, no form, no request but its pictures. */
void desk_get_preview(struct http_request *rq, void *self)
{
	struct issue_page *page;
	struct desk_visit *visit;
	char *csp;

	if (!desk_visit_begin(rq, self, DESK_LETTER, &visit) || (page = begin(visit)) == NULL)
		return;
	csp = str_to_c(str_format(visit->arena,
		"default-src 'none'; img-src 'self' data: %.*s; style-src 'unsafe-inline'; sandbox; "
		"base-uri 'none'; form-action 'none'; frame-ancestors 'self'", STR_ARG(visit->room->settings.url)), visit->arena);
	http_set(rq, "Content-Security-Policy", csp != NULL ? csp : "default-src 'none'; sandbox");
	http_set(rq, "X-Content-Type-Options", "nosniff");
	http_set(rq, "Referrer-Policy", "no-referrer");
	http_set(rq, "Cache-Control", "no-store");
	http_answer_html(rq, 200, page->row.columns[4].bytes);
}

/* --- sending --- */

static void ask_to_send(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	struct desk_question question = {.tab = "newsletter", .title = "Send this issue?", .button = "Send now",
		.is_danger = true};
	struct issue_page *page = more;

	if (f != NULL) {
		desk_answer_fault(visit, f, "newsletter", "/newsletter");
		return;
	}
	question.sentence = str_format(visit->arena, "“%.*s” goes now to %.*s.", STR_ARG(page->row.columns[0].bytes),
		STR_ARG(locale_plural(desk_locale(visit->room), "subscribers", desk_json_number(reply, "subscribers"),
		visit->arena)));
	question.more = STR("Who gets it is fixed and counted at this moment. A mail that has left cannot be called back; a pause stops those that "
		"have not.");
	question.action = str_format(visit->arena, "%.*s/send", STR_ARG(page->here));
	question.back = page->here;
	desk_answer_question(visit, &question);
}

void desk_get_send(struct http_request *rq, void *self)
{
	struct issue_page *page;
	struct desk_visit *visit;

	if (desk_visit_begin(rq, self, DESK_SEND, &visit) && (page = begin(visit)) != NULL)
		desk_ask(visit, "newsletter", "GET", "/count", NULL, ask_to_send, page);
}

static void done_with(struct desk_visit *visit, const struct issue_page *page, const struct fault *f, const char *what,
	const char *notice)
{
	char *path = str_to_c(page->here, visit->arena);

	if (f != NULL) {
		desk_answer_fault(visit, f, "newsletter", path != NULL ? path : "/newsletter");
		return;
	}
	desk_audit(visit->room, visit->person.name, what, page->row.columns[0].bytes);
	desk_answer_done(visit, path != NULL ? path : "/newsletter", notice);
}

static void on_sent(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	const struct issue_page *page = more;

	(void) reply;
	if (f == NULL)
		desk_issue_started(visit->room, page->id);
	done_with(visit, page, f, "sent the issue", "sending");
}

void desk_post_send(struct http_request *rq, void *self)
{
	struct issue_page *page;
	struct desk_visit *visit;
	json_t *body;

	if (!desk_visit_begin(rq, self, DESK_SEND, &visit) || (page = begin(visit)) == NULL)
		return;
	body = json_object();
	json_object_set_new(body, "approved_by", http_json_str(visit->person.name));
	desk_ask(visit, "newsletter", "POST", room_path(visit, page, "/send"), body, on_sent, page);
}

static void on_paused(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	(void) reply;
	done_with(visit, more, f, "paused the issue", "paused");
}

void desk_post_pause(struct http_request *rq, void *self)
{
	struct issue_page *page;
	struct desk_visit *visit;

	if (desk_visit_begin(rq, self, DESK_SEND, &visit) && (page = begin(visit)) != NULL)
		desk_ask(visit, "newsletter", "POST", room_path(visit, page, "/pause"), json_object(), on_paused, page);
}
