/* desk_revisions.c: what was changed, by whom, how much and why; comparing, restoring; texts that were set aside.
 *
 * Decides: what is compared with what. Leaves to others: the comparison (press/diff.c), the rows (story_revision.c). Runs in: desk. The hard thing:
 * restoring is a save like any other: what stood there before stays in the list.
 * SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include "base/arena.h"
#include "desk/desk_doings.h"
#include "desk/desk_edit.h"
#include "desk/desk_pages.h"
#include "gen/desk_sql.h"
#include "house/room.h"
#include "http/http.h"
#include "press/diff.h"
#include "press/markdown.h"
#include "press/value.h"
#include "press/words.h"
#include "store/store.h"

enum { PAGE_REVISIONS = 100, DIFF_ARENA_BYTES = 192 * 1024 * 1024 };

/* Both texts in one, or one side alone. */
enum desk_diff_side { DESK_DIFF_BOTH, DESK_DIFF_BEFORE, DESK_DIFF_AFTER };

/* --- what the editor's pages share --- */

struct str desk_say_change(int64_t added, int64_t removed, struct str other, struct arena *arena)
{
	struct str words = STR("");

	if (added > 0 && removed > 0)
		words = str_format(arena, "+%" PRId64 " −%" PRId64 " words", added, removed);
	else if (added > 0 || removed > 0)
		words = str_format(arena, "%s%" PRId64 " word%s", added > 0 ? "+" : "−", added > 0 ? added : removed,
			added + removed == 1 ? "" : "s");
	if (words.len == 0)
		return other;
	return other.len > 0 ? str_format(arena, "%.*s, %.*s", STR_ARG(words), STR_ARG(other)) : words;
}

bool desk_set_revisions(struct desk_edit *edit, struct press_value *root, int64_t limit, int64_t offset, size_t *count,
	struct fault *f)
{
	struct press_value *list = press_set_list(root, "revisions");
	struct arena *arena = edit->visit->arena;
	struct store_rows rows;

	*count = 0;
	if (!store_rows_begin(edit->visit->room->db, DESK_SQL_REVISION_LIST,
		STORE_ARGS(store_i64(edit->story.id), store_i64(limit), store_i64(offset)), &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		struct press_value *item = press_add_map(list);
		int64_t number = store_column_i64(&rows, 0);
		struct str at = desk_when_within(edit->visit->room, (struct when){store_column_i64(&rows, 1)}, arena);

		(*count)++;
		press_set_i64(item, "number", number);
		press_set_text(item, "when", str_starts(at, STR("today ")) ? str_part(at, 6, SIZE_MAX) : at);
		press_set_text(item, "by", store_column_copy(&rows, 2, arena));
		press_set_text(item, "reason", store_column_copy(&rows, 3, arena));
		press_set_text(item, "change", number == 1 ? STR("first version")
			: desk_say_change(store_column_i64(&rows, 4), store_column_i64(&rows, 5), store_column_copy(&rows, 6, arena), arena));
		press_set_text(item, "href", str_format(arena, "/stories/%" PRId64 "/revisions/%" PRId64, edit->story.id, number));
	}
	return store_rows_end(&rows);
}

static void set_pieces(struct press_value *root, const char *key, const struct diff *diff, enum desk_diff_side side)
{
	struct press_value *list = press_set_list(root, key);
	size_t i;

	for (i = 0; i < diff->count; i++) {
		const struct diff_piece *piece = &diff->pieces[i];
		struct press_value *item;

		if ((side == DESK_DIFF_BEFORE && piece->kind == DIFF_ADDED) || (side == DESK_DIFF_AFTER && piece->kind == DIFF_REMOVED))
			continue;
		item = press_add_map(list);
		press_set_text(item, "same", piece->kind == DIFF_SAME ? piece->text : STR(""));
		press_set_text(item, "added", piece->kind == DIFF_ADDED ? piece->text : STR(""));
		press_set_text(item, "removed", piece->kind == DIFF_REMOVED ? piece->text : STR(""));
	}
}

bool desk_set_diff(struct press_value *root, const struct desk_sides *keys, struct str before, struct str after, struct fault *f)
{
	struct arena arena;
	struct diff diff;
	bool ok;

	arena_init(&arena, "diff", DIFF_ARENA_BYTES);
	ok = words_diff(before, after, &arena, &diff, f);
	if (ok && keys->both != NULL)
		set_pieces(root, keys->both, &diff, DESK_DIFF_BOTH);
	if (ok && keys->before != NULL)
		set_pieces(root, keys->before, &diff, DESK_DIFF_BEFORE);
	if (ok && keys->after != NULL)
		set_pieces(root, keys->after, &diff, DESK_DIFF_AFTER);
	arena_release(&arena);
	return ok;
}

/* --- the list --- */

void desk_get_revisions(struct http_request *rq, void *self)
{
	struct desk_visit *visit;
	struct press_value *root;
	struct desk_edit edit;
	struct fault f = {0};
	int64_t page = 0;
	size_t count = 0;

	if (!desk_visit_begin(rq, self, DESK_READ, &visit))
		return;
	if (!str_to_i64(http_query(rq, "page"), &page) || page < 0 || page > 10000)
		page = 0;
	root = desk_values(visit, "stories", "Revisions");
	if (!desk_edit_load(visit, &edit, &f) || !desk_set_revisions(&edit, root, PAGE_REVISIONS + 1, page * PAGE_REVISIONS, &count, &f)) {
		desk_answer_fault(visit, &f, "stories", "/stories");
		return;
	}
	press_set_text(root, "headline", edit.story.title);
	press_set_text(root, "here", desk_edit_path(&edit, ""));
	if (count > PAGE_REVISIONS)
		press_set_text(root, "older", str_format(visit->arena, "/stories/%" PRId64 "/revisions?page=%" PRId64, edit.story.id, page + 1));
	if (page > 0)
		press_set_text(root, "newer", str_format(visit->arena, "/stories/%" PRId64 "/revisions?page=%" PRId64, edit.story.id, page - 1));
	desk_answer(visit, 200, "desk_revisions", root);
}

/* --- one of them --- */

static bool load_revision(struct desk_edit *edit, int64_t number, struct story_revision *out, struct fault *f)
{
	bool found = false;

	if (!story_revision_load(edit->visit->room->db, edit->story.id, number, edit->visit->arena, out, &found, f))
		return false;
	return found || fault_set(f, FAULT_MISSING, "There is no such revision.");
}

static bool add_diff(struct press_value *list, const char *label, struct str before, struct str after,
	struct fault *f)
{
	struct press_value *item;

	if (before.len == 0 && after.len == 0)
		return true;
	item = press_add_map(list);
	press_set_c(item, "label", label);
	press_set_bool(item, "is_same", str_equal(before, after));
	return desk_set_diff(item, &(struct desk_sides){.both = "pieces"}, before, after, f);
}

static bool set_diffs(struct press_value *root, const struct story_revision *before,
	const struct story_revision *after, struct fault *f)
{
	struct press_value *list = press_set_list(root, "fields");

	return add_diff(list, "Headline", before->title, after->title, f)
		&& add_diff(list, "Standfirst", before->standfirst, after->standfirst, f)
		&& add_diff(list, "Byline", before->bylines, after->bylines, f)
		&& add_diff(list, "Text", before->body, after->body, f);
}

void desk_get_revision(struct http_request *rq, void *self)
{
	struct story_revision before = {0}, after = {0};
	struct desk_visit *visit;
	struct press_value *root;
	struct desk_edit edit;
	struct fault f = {0};
	int64_t number = 0;
	bool with_now = str_is(http_query(rq, "with"), "now");

	if (!desk_visit_begin(rq, self, DESK_READ, &visit))
		return;
	root = desk_values(visit, "stories", "Revision");
	if (!desk_parse_id(http_part(rq, "number"), &number))
		number = 0;
	if (!desk_edit_load(visit, &edit, &f) || !load_revision(&edit, number, &after, &f)
		|| (with_now && !load_revision(&edit, edit.more.revision, &before, &f))
		|| (!with_now && number > 1 && !load_revision(&edit, number - 1, &before, &f))) {
		desk_answer_fault(visit, &f, "stories", "/stories");
		return;
	}
	if (with_now ? !set_diffs(root, &after, &before, &f) : !set_diffs(root, &before, &after, &f)) {
		desk_answer_fault(visit, &f, "stories", "/stories");
		return;
	}
	press_set_text(root, "headline", edit.story.title);
	press_set_text(root, "here", desk_edit_path(&edit, ""));
	press_set_text(root, "revision_href", str_format(visit->arena, "/stories/%" PRId64 "/revisions/%" PRId64, edit.story.id, number));
	press_set_i64(root, "number", number);
	press_set_bool(root, "is_first", number == 1);
	press_set_bool(root, "with_now", with_now);
	press_set_bool(root, "is_now", number == edit.more.revision);
	press_set_text(root, "when", desk_when_within(visit->room, after.made, visit->arena));
	press_set_text(root, "by", after.made_by);
	press_set_text(root, "reason", after.reason);
	press_set_text(root, "change", number == 1 ? STR("first version")
		: desk_say_change(after.words_added, after.words_removed, after.other, visit->arena));
	press_set_text(root, "lang", edit.story.lang);
	press_set_text(root, "dir", edit.story.dir);
	press_set_bool(root, "can_restore", number != edit.more.revision && desk_edit_may(&edit));
	press_set_bool(root, "is_public", edit.story.state == STORY_PUBLISHED);
	press_set_i64(root, "base", edit.more.revision);
	desk_answer(visit, 200, "desk_revision", root);
}

static bool restore(struct desk_edit *edit, int64_t number, struct fault *f)
{
	struct story_saving how = {.now = clock_now(), .by = edit->visit->person.name};
	struct store *db = edit->visit->room->db;
	struct story_revision old;
	struct story_typed typed;
	struct story story = edit->story;
	bool ok;

	if (!load_revision(edit, number, &old, f))
		return false;
	how.reason = str_format(edit->visit->arena, "restored revision %" PRId64, number);
	story_typed_from(&edit->story, edit->more.revision, edit->visit->arena, &typed);
	typed.title = old.title;
	typed.standfirst = old.standfirst;
	typed.body = old.body;
	if (old.bylines.len > 0) /* revisions of an older mimeo do not say theirs */
		typed.bylines = old.bylines;
	if (!story_typed_apply(&typed, edit->visit->room->settings.language, edit->visit->arena, &story, f))
		return false;
	if ((story.state == STORY_PUBLISHED || story.state == STORY_SCHEDULED) && !story_is_ready(&story, f))
		return false;
	ok = store_begin(db, f) && store_end(db, story_save_as(db, &story, &how, edit->visit->arena, f), f);
	if (ok)
		desk_story_changed(edit->visit->room);
	return ok;
}

void desk_post_restore(struct http_request *rq, void *self)
{
	struct desk_visit *visit;
	struct desk_edit edit;
	struct fault f = {0};
	int64_t number = 0;
	int64_t base = 0;
	bool ok;

	if (!desk_visit_begin(rq, self, DESK_WRITE, &visit))
		return;
	ok = desk_parse_id(http_part(rq, "number"), &number) || fault_set(&f, FAULT_MISSING, "There is no such revision.");
	ok = ok && desk_edit_load(visit, &edit, &f)
		&& (desk_edit_may(&edit) || fault_set(&f, FAULT_DENIED, "This story is past review, so only editors change it."));
	if (ok && (!str_to_i64(http_field(rq, "base"), &base) || base != edit.more.revision))
		ok = fault_set(&f, FAULT_CONFLICT, "Somebody saved this story since you opened the page. Look at the revisions again.");
	if (!ok || !restore(&edit, number, &f)) {
		desk_answer_fault(visit, &f, "stories", "/stories");
		return;
	}
	if (edit.story.state == STORY_PUBLISHED)
		desk_audit(visit->room, visit->person.name, "restored an earlier version of", edit.story.title);
	desk_edit_go(&edit, "", "restored");
}

/* --- what was set aside --- */

static bool load_kept(struct desk_visit *visit, struct desk_edit *edit, int64_t *kept, struct fault *f)
{
	bool found = false;

	if (!desk_edit_load(visit, edit, f))
		return false;
	if (!desk_parse_id(http_part(visit->rq, "kept"), kept))
		return fault_set(f, FAULT_MISSING, "This text is not here any more.");
	if (!story_working_get(visit->room->db, edit->story.id, visit->person.id, *kept, visit->arena, &edit->typed, &found, f))
		return false;
	return found || fault_set(f, FAULT_MISSING, "This text is not here any more.");
}

void desk_get_kept(struct http_request *rq, void *self)
{
	struct story_revision now = {0}, mine = {0};
	struct desk_visit *visit;
	struct press_value *root;
	struct desk_edit edit;
	struct fault f = {0};
	int64_t kept = 0;

	if (!desk_visit_begin(rq, self, DESK_WRITE, &visit))
		return;
	root = desk_values(visit, "stories", "A text of yours");
	if (!load_kept(visit, &edit, &kept, &f)) {
		desk_answer_fault(visit, &f, "stories", "/stories");
		return;
	}
	now.title = edit.story.title;
	now.standfirst = edit.story.excerpt;
	now.body = edit.story.body;
	now.bylines = story_bylines(&edit.story, visit->arena);
	mine.title = edit.typed.title;
	mine.standfirst = edit.typed.standfirst;
	mine.body = edit.typed.body;
	mine.bylines = edit.typed.bylines;
	if (!set_diffs(root, &now, &mine, &f)) {
		desk_answer_fault(visit, &f, "stories", "/stories");
		return;
	}
	press_set_text(root, "headline", edit.story.title);
	press_set_text(root, "here", desk_edit_path(&edit, ""));
	press_set_text(root, "action", str_format(visit->arena, "/stories/%" PRId64 "/kept/%" PRId64, edit.story.id, kept));
	press_set_text(root, "when", desk_when_within(visit->room, edit.typed.saved, visit->arena));
	press_set_text(root, "lang", edit.story.lang);
	press_set_text(root, "dir", edit.story.dir);
	press_set_text(root, "body", edit.typed.body);
	desk_answer(visit, 200, "desk_kept", root);
}

void desk_post_kept(struct http_request *rq, void *self)
{
	struct desk_visit *visit;
	struct desk_edit edit;
	struct fault f = {0};
	int64_t kept = 0;
	bool takes = str_is(http_field(rq, "do"), "take");

	if (!desk_visit_begin(rq, self, DESK_WRITE, &visit))
		return;
	if (load_kept(visit, &edit, &kept, &f) && (takes
		? story_working_take(visit->room->db, edit.story.id, visit->person.id, kept, clock_now(), visit->arena, &f)
		: story_working_drop(visit->room->db, edit.story.id, visit->person.id, kept, &f)))
		desk_edit_go(&edit, "", takes ? "taken" : "discarded");
	else
		desk_answer_fault(visit, &f, "stories", "/stories");
}
