/* desk_bylines.c: a name is taken out everywhere: the question, then doing it.
 *
 * Decides: what is asked before. Leaves to others: the doing (story_byline.c). Runs in: desk. The hard thing: neither the audit list nor the log
 * may keep the name that somebody wants forgotten.
 * SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include "base/arena.h"
#include "desk/desk_doings.h"
#include "desk/desk_edit.h"
#include "desk/desk_pages.h"
#include "desk/story_byline.h"
#include "gen/desk_sql.h"
#include "house/room.h"
#include "http/http.h"
#include "press/value.h"
#include "press/words.h"
#include "store/store.h"

/* name: what was typed; wrong: what is not right with it. Counts stand in the page when the name is found. */
static void answer_page(struct desk_visit *visit, int status, struct str name, struct str instead, const struct fault *wrong)
{
	struct press_value *root = desk_values(visit, "stories", "Remove a name");
	struct press_value *list = press_set_list(root, "authors");
	struct byline_counts counts = {0};
	struct store_rows rows;
	struct fault f = {0};

	if (!store_rows_begin(visit->room->db, DESK_SQL_LISTING_AUTHORS, STORE_NO_ARGS, &rows, &f)) {
		desk_answer_fault(visit, &f, "stories", "/stories");
		return;
	}
	while (store_rows_next(&rows, &f))
		press_add_text(list, store_column_copy(&rows, 0, visit->arena));
	if (!store_rows_end(&rows) || (name.len > 0 && !story_byline_count(visit->room->db, name, &counts, &f))) {
		desk_answer_fault(visit, &f, "stories", "/stories");
		return;
	}
	press_set_text(root, "name", name);
	press_set_text(root, "instead", instead);
	press_set_bool(root, "is_asked", name.len > 0);
	press_set_bool(root, "is_found", counts.stories + counts.revisions + counts.made > 0);
	press_set_i64(root, "stories", counts.stories);
	press_set_bool(root, "one_story", counts.stories == 1);
	press_set_i64(root, "revisions", counts.revisions);
	press_set_i64(root, "made", counts.made);
	if (wrong != NULL)
		press_set_text(root, "error", str_copy(str_from(wrong->say), visit->arena));
	desk_answer(visit, status, "desk_bylines", root);
}

static struct str name_of(struct str typed, struct arena *arena)
{
	struct fault ignored = {0};
	struct str name;

	return words_nfc(str_trim(typed), arena, &name, &ignored) ? name : STR("");
}

/* The name comes by POST, too: an address would stand in a browser's history. */
void desk_get_bylines(struct http_request *rq, void *self)
{
	struct desk_visit *visit;

	if (desk_visit_begin(rq, self, DESK_PUBLISH, &visit))
		answer_page(visit, 200, STR(""), STR(""), NULL);
}

void desk_post_bylines(struct http_request *rq, void *self)
{
	struct desk_visit *visit;
	struct byline_counts done;
	struct fault f = {0};
	struct str name, instead;

	if (!desk_visit_begin(rq, self, DESK_PUBLISH, &visit))
		return;
	name = name_of(http_field(rq, "name"), visit->arena);
	instead = name_of(http_field(rq, "instead"), visit->arena);
	if (!str_is(http_field(rq, "do"), "remove")) { /* looks only */
		answer_page(visit, 200, name, instead, NULL);
		return;
	}
	if (!story_byline_remove(visit->room->db, name, instead, &done, &f)) {
		answer_page(visit, fault_http_status(f.kind), name, instead, &f);
		return;
	}
	desk_audit(visit->room, visit->person.name, "took a byline out everywhere", str_format(visit->arena,
		"(%" PRId64 " stories, %" PRId64 " revisions)", done.stories, done.revisions));
	desk_story_changed(visit->room);
	desk_answer_done(visit, "/stories", "byline_removed");
}
