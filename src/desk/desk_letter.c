/* desk_letter.c: the newsletter's page: its drafts and its issues.
 *
 * Decides: how the states of issues read. Leaves to others: the composer (desk_draft*.c), one issue (desk_issue*.c), sending
 * (newsletter). Runs in: desk. The hard thing: the page must come when the newsletter does not answer; it then says so.
 * SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include "base/arena.h"
#include "desk/desk_draft.h"
#include "desk/desk_letter.h"
#include "desk/desk_pages.h"
#include "desk/desk_visit.h"
#include "desk/slot_clock.h"
#include "gen/desk_sql.h"
#include "house/room.h"
#include "http/http_client.h"
#include "press/locale.h"
#include "press/theme.h"
#include "press/value.h"
#include "store/store.h"

enum { LETTER_DRAFTS = 30, LETTER_LANGUAGES = 64 };

struct letter_page {
	struct press_value *root;
	json_t *issues;     /* what the newsletter said; owned until the answer */
	bool is_reachable;
};

static const struct {
	const char *state, *name, *mark;
} issue_states[] = {
	{"frozen", "Waits", "wait"},
	{"sending", "Being sent", "wait"},
	{"paused", "Paused", "bad"},
	{"sent", "Sent", "live"},
	{"cancelled", "Cancelled", "bad"},
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

/* --- drafts --- */

static bool add_drafts_in(struct desk_visit *visit, struct press_value *list, enum issue_draft_state state, struct fault *f)
{
	struct store_rows rows;

	if (!store_rows_begin(visit->room->db, DESK_SQL_DRAFT_IN_STATE, STORE_ARGS(store_text(issue_draft_state_name(state)),
		store_i64(LETTER_DRAFTS)), &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		struct press_value *item = press_add_map(list);
		struct issue_draft draft = {.slot = {store_column_i64(&rows, 1)}, .send_at = {store_column_i64(&rows, 2)},
			.subject = store_column_copy(&rows, 4, visit->arena)};

		press_set_text(item, "href", str_format(visit->arena, "/newsletter/drafts/%" PRId64, store_column_i64(&rows, 0)));
		press_set_text(item, "title", draft.subject.len > 0 ? draft.subject : STR("No subject yet"));
		press_set_text(item, "lang", store_column_copy(&rows, 3, visit->arena));
		press_set_text(item, "language", locale_name(theme_locale(visit->room->theme, store_column_text(&rows, 3))));
		press_set_text(item, "goes", desk_draft_when(visit, &draft));
		press_set_text(item, "changed", desk_when(visit->room, (struct when){store_column_i64(&rows, 6)}, visit->arena));
		press_set_text(item, "changed_by", store_column_copy(&rows, 7, visit->arena));
		press_set_i64(item, "picks", store_column_i64(&rows, 8));
		press_set_c(item, "mark", state == ISSUE_DRAFT_OPEN ? "draft" : state == ISSUE_DRAFT_APPROVED ? "wait" : "bad");
		press_set_c(item, "state", state == ISSUE_DRAFT_OPEN ? "Draft" : state == ISSUE_DRAFT_APPROVED ? "Approved" : "Its slot passed");
	}
	return store_rows_end(&rows);
}

static bool add_drafts(struct desk_visit *visit, struct press_value *root, struct fault *f)
{
	struct press_value *list = press_set_list(root, "drafts"), *languages = press_set_list(root, "languages");
	struct str names[LETTER_LANGUAGES];
	size_t count = theme_languages(visit->room->theme, names, LETTER_LANGUAGES), i;

	for (i = 0; i < count; i++) {
		struct press_value *item = press_add_map(languages);

		press_set_text(item, "lang", names[i]);
		press_set_text(item, "name", locale_name(theme_locale(visit->room->theme, names[i])));
		press_set_bool(item, "chosen", str_equal(names[i], visit->room->settings.language));
	}
	if (!add_drafts_in(visit, list, ISSUE_DRAFT_APPROVED, f) || !add_drafts_in(visit, list, ISSUE_DRAFT_OPEN, f)
		|| !add_drafts_in(visit, list, ISSUE_DRAFT_SKIPPED, f))
		return false;
	press_set_bool(root, "has_drafts", press_value_count(list) > 0);
	return true;
}

static void finish(struct desk_visit *visit, struct letter_page *page)
{
	struct fault f = {0};
	bool ok = add_issues(visit, page, &f) && add_drafts(visit, page->root, &f);

	json_decref(page->issues);
	page->issues = NULL;
	press_set_bool(page->root, "unreachable", !page->is_reachable);
	if (ok)
		desk_answer(visit, 200, "desk_newsletter", page->root);
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

static void answer_letter(struct desk_visit *visit)
{
	struct letter_page *page = arena_alloc(visit->arena, sizeof(*page));
	struct fault f = {0};

	if (page == NULL) {
		fault_full(&f, "this request");
		desk_answer_fault(visit, &f, "newsletter", "/newsletter");
		return;
	}
	page->root = desk_values(visit, "newsletter", "Newsletter");
	desk_slot_values(visit, page->root);
	desk_ask(visit, "newsletter", "GET", "/issues", NULL, on_issues, page);
}

void desk_get_letter(struct http_request *rq, void *self)
{
	struct desk_visit *visit;

	if (desk_visit_begin(rq, self, DESK_LETTER, &visit))
		answer_letter(visit);
}
