/* desk_letter.c: the newsletter's page: its issues, and a form that composes one from the week's stories.
 *
 * Decides: which stories are offered, and how the states of issues read. Leaves to others: composing (issue_*.c), sending
 * (newsletter). Runs in: desk. The hard thing: the page must come when the newsletter does not answer; it then says so.
 * SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include "base/arena.h"
#include "desk/desk_doings.h"
#include "desk/desk_letter.h"
#include "desk/desk_pages.h"
#include "desk/desk_visit.h"
#include "desk/slot_clock.h"
#include "gen/desk_sql.h"
#include "house/room.h"
#include "http/http_client.h"
#include "press/locale.h"
#include "press/value.h"
#include "store/store.h"

enum { LETTER_PICKS = 40, LETTER_DAYS = 7, LETTER_DAYS_LONG = 60, SUBJECT_BYTES = 200, INTRO_BYTES = 4000 };
#define DAY_US INT64_C(86400000000)

struct letter_page {
	struct press_value *root;
	json_t *issues;     /* what the newsletter said; owned until the answer */
	bool is_reachable;
	int status;
};

static const struct {
	const char *state, *name, *mark;
} issue_states[] = {
	{"frozen", "Waits for an editor", "wait"},
	{"draft", "Draft", "draft"},
	{"sending", "Being sent", "wait"},
	{"paused", "Paused", "bad"},
	{"sent", "Sent", "live"},
};

void desk_issue_state(struct press_value *map, struct str state)
{
	for (size_t i = 0; i < sizeof(issue_states) / sizeof(issue_states[0]); i++)
		if (str_is(state, issue_states[i].state)) {
			press_set_c(map, "state", issue_states[i].name);
			press_set_c(map, "mark", issue_states[i].mark);
			return;
		}
	press_set_c(map, "state", "Not with the newsletter");
	press_set_c(map, "mark", "bad");
}

int64_t desk_json_number(const json_t *object, const char *key)
{
	int64_t n = 0;

	(void) http_json_i64(object, key, &n);
	return n;
}

static const json_t *find_issue(const json_t *issues, int64_t id)
{
	for (size_t i = 0; i < json_array_size(issues); i++)
		if (desk_json_number(json_array_get(issues, i), "id") == id)
			return json_array_get(issues, i);
	return NULL;
}

static bool add_issues(struct desk_visit *visit, struct letter_page *page, struct fault *f)
{
	struct press_value *list = press_set_list(page->root, "issues");
	const json_t *known = json_object_get(page->issues, "issues");
	struct store_rows rows;
	bool has_any = false;

	if (!store_rows_begin(visit->room->db, DESK_SQL_ISSUE_ALL, STORE_NO_ARGS, &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		struct press_value *item = press_add_map(list);
		int64_t id = store_column_i64(&rows, 0);
		const json_t *state = find_issue(known, id);

		press_set_text(item, "href", str_format(visit->arena, "/newsletter/%" PRId64, id));
		press_set_text(item, "subject", store_column_copy(&rows, 1, visit->arena));
		press_set_text(item, "lang", store_column_copy(&rows, 2, visit->arena));
		press_set_text(item, "when", desk_when(visit->room, (struct when){store_column_is_null(&rows, 5)
			? store_column_i64(&rows, 3) : store_column_i64(&rows, 5)}, visit->arena));
		if (page->is_reachable)
			desk_issue_state(item, str_copy(http_json_text(state, "state"), visit->arena));
		if (state != NULL && desk_json_number(state, "recipients") > 0)
			press_set_text(item, "handled", str_format(visit->arena, "%.*s of %.*s",
				STR_ARG(locale_number(desk_locale(visit->room), desk_json_number(state, "handled"), visit->arena)),
				STR_ARG(locale_number(desk_locale(visit->room), desk_json_number(state, "recipients"), visit->arena))));
		has_any = true;
	}
	press_set_bool(page->root, "has_issues", has_any);
	return store_rows_end(&rows);
}

/* --- the week's stories --- */

static bool is_chosen(struct http_request *rq, struct str id, bool otherwise)
{
	struct str chosen[LETTER_PICKS];
	size_t count = http_field_all(rq, "story", chosen, LETTER_PICKS);

	if (!str_is(http_method(rq), "POST"))
		return otherwise;
	for (size_t i = 0; i < count && i < LETTER_PICKS; i++)
		if (str_equal(chosen[i], id))
			return true;
	return false;
}

static bool add_stories_since(struct desk_visit *visit, struct press_value *root, int64_t days, size_t *count,
	struct fault *f)
{
	struct press_value *list = press_set_list(root, "stories");
	struct store_rows rows;

	*count = 0;
	if (!store_rows_begin(visit->room->db, DESK_SQL_WEB_STORY_SINCE,
		STORE_ARGS(store_i64(clock_now().us - days * DAY_US)), &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		struct press_value *item = press_add_map(list);
		struct str id = desk_id(store_column_i64(&rows, 0), visit->arena);
		struct str language = visit->room->settings.language;

		press_set_text(item, "id", id);
		press_set_text(item, "headline", store_column_copy(&rows, 1, visit->arena));
		press_set_text(item, "lang", store_column_copy(&rows, 2, visit->arena));
		press_set_text(item, "dir", store_column_copy(&rows, 3, visit->arena));
		press_set_text(item, "section", store_column_copy(&rows, 4, visit->arena));
		press_set_text(item, "thumb", desk_thumb(store_column_copy(&rows, 6, visit->arena),
			store_column_copy(&rows, 7, visit->arena), visit->arena));
		press_set_text(item, "when", desk_when(visit->room, (struct when){store_column_i64(&rows, 8)}, visit->arena));
		press_set_bool(item, "checked", is_chosen(visit->rq, id,
			*count < 5 && str_equal(store_column_text(&rows, 2), language)));
		++*count;
	}
	return store_rows_end(&rows);
}

/* A quiet week still has something to choose from. */
static bool add_stories(struct desk_visit *visit, struct press_value *root, struct fault *f)
{
	size_t count = 0;

	press_set_bool(root, "is_week", true);
	if (!add_stories_since(visit, root, LETTER_DAYS, &count, f))
		return false;
	if (count == 0) {
		press_set_bool(root, "is_week", false);
		if (!add_stories_since(visit, root, LETTER_DAYS_LONG, &count, f))
			return false;
	}
	press_set_bool(root, "has_stories", count > 0);
	return true;
}

static void finish(struct desk_visit *visit, struct letter_page *page)
{
	struct fault f = {0};
	bool ok = add_issues(visit, page, &f) && add_stories(visit, page->root, &f);

	json_decref(page->issues);
	page->issues = NULL;
	press_set_bool(page->root, "unreachable", !page->is_reachable);
	press_set_bool(page->root, "can_compose", (visit->person.rights & DESK_SEND) != 0);
	if (ok)
		desk_answer(visit, page->status, "desk_newsletter", page->root);
	else
		desk_answer_fault(visit, &f, "newsletter", "/newsletter");
}

static void on_count(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	struct letter_page *page = more;

	if (f == NULL) {
		press_set_text(page->root, "subscribers", locale_plural(desk_locale(visit->room), "subscribers",
			desk_json_number(reply, "subscribers"), visit->arena));
		if (desk_json_number(reply, "pending") > 0)
			press_set_i64(page->root, "pending", desk_json_number(reply, "pending"));
		if (desk_json_number(reply, "muted") + desk_json_number(reply, "bounced") + desk_json_number(reply, "complained") > 0) {
			struct press_value *back = press_set_map(page->root, "came_back"); /* counts: never who */

			press_set_i64(back, "muted", desk_json_number(reply, "muted"));
			press_set_i64(back, "bounced", desk_json_number(reply, "bounced"));
			press_set_i64(back, "complained", desk_json_number(reply, "complained"));
		}
	}
	finish(visit, page);
}

static void on_issues(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	struct letter_page *page = more;

	if (f != NULL) {
		finish(visit, page);
		return;
	}
	page->is_reachable = true;
	page->issues = json_incref(reply);
	desk_ask(visit, "newsletter", "GET", "/count", NULL, on_count, page);
}

/* error: a form that comes back, with what was typed. */
static void answer_letter(struct desk_visit *visit, int status, const struct fault *error)
{
	struct letter_page *page = arena_alloc(visit->arena, sizeof(*page));
	struct fault f = {0};

	if (page == NULL) {
		fault_full(&f, "this request");
		desk_answer_fault(visit, &f, "newsletter", "/newsletter");
		return;
	}
	page->root = desk_values(visit, "newsletter", "Newsletter");
	page->status = status;
	desk_slot_values(visit, page->root);
	if (error != NULL) {
		press_set_text(page->root, "error", str_copy(str_from(error->say), visit->arena));
		press_set_text(page->root, "subject", http_field(visit->rq, "subject"));
		press_set_text(page->root, "intro", http_field(visit->rq, "intro"));
	}
	desk_ask(visit, "newsletter", "GET", "/issues", NULL, on_issues, page);
}

void desk_get_letter(struct http_request *rq, void *self)
{
	struct desk_visit *visit;

	if (desk_visit_begin(rq, self, DESK_LETTER, &visit))
		answer_letter(visit, 200, NULL);
}

/* --- composing --- */

static void on_composed(void *self, int64_t issue, const struct fault *f)
{
	struct desk_visit *visit = self;
	char *path;

	if (f != NULL) {
		answer_letter(visit, fault_http_status(f->kind), f);
		return;
	}
	desk_audit(visit->room, visit->person.name, "composed the issue", http_field(visit->rq, "subject"));
	path = str_to_c(str_format(visit->arena, "/newsletter/%" PRId64, issue), visit->arena);
	desk_answer_done(visit, path != NULL ? path : "/newsletter", "composed");
}

static bool read_wish(struct desk_visit *visit, struct desk_issue_wish *wish, struct fault *f)
{
	struct str chosen[LETTER_PICKS];
	size_t count = http_field_all(visit->rq, "story", chosen, LETTER_PICKS);
	int64_t *ids = arena_alloc_many(visit->arena, LETTER_PICKS, sizeof(*ids));

	wish->subject = str_trim(http_field(visit->rq, "subject"));
	wish->intro = str_trim(http_field(visit->rq, "intro"));
	if (ids == NULL)
		return fault_full(f, "this request");
	if (wish->subject.len == 0 || wish->subject.len > SUBJECT_BYTES || str_has_control(wish->subject))
		return fault_set(f, FAULT_INPUT, "Write a subject of one line, at most %d characters.", SUBJECT_BYTES);
	if (wish->intro.len > INTRO_BYTES)
		return fault_set(f, FAULT_INPUT, "The intro is longer than %d characters.", INTRO_BYTES);
	if (count == 0 || count > LETTER_PICKS)
		return fault_set(f, FAULT_INPUT, "Choose at least one story, at most %d.", LETTER_PICKS);
	for (size_t i = 0; i < count; i++)
		if (!desk_parse_id(chosen[i], &ids[i]))
			return fault_set(f, FAULT_INPUT, "One of these stories is not there any more.");
	wish->stories = ids;
	wish->count = count;
	return true;
}

void desk_post_compose(struct http_request *rq, void *self)
{
	struct desk_issue_wish wish = {0};
	struct desk_visit *visit;
	struct fault f = {0};

	if (!desk_visit_begin(rq, self, DESK_SEND, &visit))
		return;
	if (read_wish(visit, &wish, &f))
		desk_compose(visit->room, &wish, visit->arena, on_composed, visit);
	else
		answer_letter(visit, 400, &f);
}
