/* desk_stories.c: the list of stories, one story with what is missing, publishing and withdrawing.
 *
 * Decides: how stories are listed and found. Leaves to others: what publishing does (story_*.c, bake_*.c). Runs in: desk. The
 * hard thing: finding works in any script, so title, section and authors are folded as the site's search folds them.
 * SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <stdio.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "desk/desk_pages.h"
#include "desk/desk_photo.h"
#include "desk/desk_visit.h"
#include "desk/story.h"
#include "desk/story_store.h"
#include "desk/desk_doings.h"
#include "gen/desk_sql.h"
#include "house/room.h"
#include "press/markdown.h"
#include "press/value.h"
#include "press/words.h"
#include "store/store.h"

enum { LIST_READ = 2000, LIST_SHOWN = 50, FOLD_BYTES = 8192 };

static const char *mark_of(struct str state)
{
	return str_is(state, "published") ? "live" : str_is(state, "withdrawn") ? "bad" : "draft";
}

static const char *name_of(struct str state)
{
	return str_is(state, "published") ? "Live" : str_is(state, "withdrawn") ? "Withdrawn" : "Draft";
}

/* "/media/HASH-320.jpg": the smallest width that the photo has. */
static struct str thumb_of(struct str hash, struct str widths, struct arena *arena)
{
	struct str first = {NULL, 0};

	if (hash.len == 0 || !str_next(&widths, ' ', &first))
		return STR("");
	return str_format(arena, "/media/%.*s-%.*s.jpg", STR_ARG(hash), STR_ARG(first));
}

struct str desk_thumb(struct str hash, struct str widths, struct arena *arena)
{
	return thumb_of(hash, widths, arena);
}

static struct str authors_of(struct store *db, int64_t id, struct arena *arena, struct fault *f)
{
	struct store_rows rows;
	struct buf names;
	struct str out;

	if (!store_rows_begin(db, DESK_SQL_AUTHOR_OF, STORE_ARGS(store_i64(id)), &rows, f))
		return STR("");
	buf_init(&names, 4096);
	while (store_rows_next(&rows, f)) {
		buf_add_text(&names, names.len > 0 ? ", " : "");
		buf_add_str(&names, store_column_text(&rows, 0));
	}
	(void) store_rows_end(&rows);
	out = str_copy(buf_view(&names), arena);
	buf_release(&names);
	return out;
}

/* --- finding --- */

/* Every word of the folded query must be in the folded text. */
static bool has_words(struct str folded_query, const struct buf *text)
{
	struct str rest = folded_query, word;

	while (str_next(&rest, ' ', &word))
		if (word.len > 0 && str_find(buf_view(text), word) == SIZE_MAX)
			return false;
	return true;
}

static bool is_wanted(struct str folded_query, struct str title, struct str section, struct str authors)
{
	struct buf folded;
	bool wanted = true;

	if (folded_query.len == 0)
		return true;
	buf_init(&folded, FOLD_BYTES);
	if (words_fold(title, &folded)) {
		buf_add_char(&folded, ' ');
		(void) words_fold(section, &folded);
		buf_add_char(&folded, ' ');
		(void) words_fold(authors, &folded);
		wanted = has_words(folded_query, &folded);
	}
	buf_release(&folded);
	return wanted;
}

/* --- the list --- */

static void add_missing(struct press_value *row, struct arena *arena, bool has_photo, struct str excerpt,
	struct str caption,
	struct str credit, struct str alt)
{
	struct buf text;

	buf_init(&text, 256);
	if (!has_photo)
		buf_add_text(&text, ", photo");
	if (has_photo && caption.len == 0)
		buf_add_text(&text, ", caption");
	if (has_photo && credit.len == 0)
		buf_add_text(&text, ", credit");
	if (has_photo && alt.len == 0)
		buf_add_text(&text, ", description of the photo");
	if (excerpt.len == 0)
		buf_add_text(&text, ", excerpt");
	if (text.len > 0)
		press_set_text(row, "missing", str_copy(str_part(buf_view(&text), 2, SIZE_MAX), arena));
	buf_release(&text);
}

/* The row under the cursor (web_story_rows) as a template's map. */
static void add_row(struct desk_visit *visit, struct press_value *list, const struct store_rows *rows,
	struct str authors)
{
	struct arena *arena = visit->arena;
	struct press_value *row = press_add_map(list);
	struct str state = store_column_copy(rows, 1, arena);
	int64_t shown = store_column_is_null(rows, 12) ? store_column_i64(rows, 13) : store_column_i64(rows, 12);
	struct str photo = store_column_copy(rows, 7, arena);

	press_set_text(row, "href", str_format(arena, "/stories/%" PRId64, store_column_i64(rows, 0)));
	press_set_text(row, "headline", store_column_copy(rows, 2, arena));
	press_set_text(row, "lang", store_column_copy(rows, 3, arena));
	press_set_text(row, "dir", store_column_copy(rows, 4, arena));
	press_set_text(row, "section", store_column_copy(rows, 5, arena));
	press_set_text(row, "authors", authors);
	press_set_text(row, "thumb", thumb_of(photo, store_column_copy(rows, 8, arena), arena));
	press_set_c(row, "mark", mark_of(state));
	press_set_c(row, "state", name_of(state));
	press_set_text(row, "when", desk_when(visit->room, (struct when){shown}, arena));
	add_missing(row, arena, photo.len > 0, store_column_text(rows, 6), store_column_text(rows, 10),
		store_column_text(rows, 11),
		store_column_text(rows, 9));
}

struct listing {
	struct str state, query, folded;
	size_t page, found, shown;
};

static bool list_rows(struct desk_visit *visit, struct listing *listing, struct press_value *root, struct fault *f)
{
	struct press_value *list = press_set_list(root, "rows");
	struct store *db = visit->room->db;
	struct store_rows rows;

	if (!store_rows_begin(db, DESK_SQL_WEB_STORY_ROWS, STORE_ARGS(store_text(listing->state), store_i64(LIST_READ)),
		&rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		bool here = listing->found >= listing->page * LIST_SHOWN && listing->shown < LIST_SHOWN;
		struct str authors = here || listing->folded.len > 0
			? authors_of(db, store_column_i64(&rows, 0), visit->arena, f) : STR("");

		if (!is_wanted(listing->folded, store_column_text(&rows, 2), store_column_text(&rows, 5), authors))
			continue;
		if (here) {
			add_row(visit, list, &rows, authors);
			listing->shown++;
		}
		listing->found++;
	}
	return store_rows_end(&rows);
}

static bool add_tabs(struct desk_visit *visit, const struct listing *listing, struct press_value *root, struct fault *f)
{
	static const struct {
		const char *state, *name;
	} tabs[] = {{"", "All"}, {"draft", "Drafts"}, {"published", "Published"}, {"withdrawn", "Withdrawn"}};
	struct press_value *list = press_set_list(root, "states");

	for (size_t i = 0; i < sizeof(tabs) / sizeof(tabs[0]); i++) {
		struct press_value *tab = press_add_map(list);
		int64_t count = 0;

		if (!store_number(visit->room->db, DESK_SQL_STORY_COUNT, STORE_ARGS(store_text(str_from(tabs[i].state))),
			&count, f))
			return false;
		press_set_c(tab, "name", tabs[i].name);
		press_set_text(tab, "href", str_format(visit->arena, "/stories%s%s", i > 0 ? "?state=" : "", tabs[i].state));
		press_set_i64(tab, "count", count);
		press_set_bool(tab, "current", str_is(listing->state, tabs[i].state));
	}
	return true;
}

static struct str page_href(const struct listing *listing, size_t page, struct arena *arena)
{
	struct buf encoded;
	struct str href;

	buf_init(&encoded, 2048);
	http_encode(&encoded, listing->query);
	href = str_format(arena, "/stories?state=%.*s&find=%.*s&page=%zu", STR_ARG(listing->state),
		STR_ARG(buf_view(&encoded)), page);
	buf_release(&encoded);
	return href;
}

void desk_get_stories(struct http_request *rq, void *self)
{
	struct listing listing = {.state = http_query(rq, "state"), .query = str_part(str_trim(http_query(rq, "find")), 0,
		200)};
	struct press_value *root;
	struct desk_visit *visit;
	enum story_state state;
	struct fault f = {0};
	struct buf folded;
	int64_t page = 0;

	if (!desk_visit_begin(rq, self, DESK_READ, &visit))
		return;
	if (!story_state_parse(listing.state, &state))
		listing.state = STR("");
	if (str_to_i64(http_query(rq, "page"), &page) && page > 0 && page < LIST_READ)
		listing.page = (size_t) page;
	buf_init(&folded, FOLD_BYTES);
	if (words_fold(listing.query, &folded))
		listing.folded = str_copy(buf_view(&folded), visit->arena);
	buf_release(&folded);
	root = desk_values(visit, "stories", "Stories");
	if (!add_tabs(visit, &listing, root, &f) || !list_rows(visit, &listing, root, &f)) {
		desk_answer_fault(visit, &f, "stories", "/stories");
		return;
	}
	press_set_text(root, "query", listing.query);
	press_set_text(root, "state_value", listing.state);
	press_set_bool(root, "has_rows", listing.shown > 0);
	press_set_bool(root, "is_search", listing.query.len > 0);
	if (listing.page > 0)
		press_set_text(root, "newer", page_href(&listing, listing.page - 1, visit->arena));
	if (listing.found > (listing.page + 1) * LIST_SHOWN)
		press_set_text(root, "older", page_href(&listing, listing.page + 1, visit->arena));
	desk_answer(visit, 200, "desk_stories", root);
}

/* --- one story --- */

static bool load(struct desk_visit *visit, struct story *story, struct story_more *more, struct fault *f)
{
	if (!desk_parse_id(http_part(visit->rq, "id"), &story->id))
		return fault_set(f, FAULT_MISSING, "There is no such story.");
	return story_load(visit->room->db, story->id, visit->arena, story, more, f);
}

static void add_check(struct press_value *list, bool is_good, const char *text)
{
	struct press_value *item = press_add_map(list);

	press_set_bool(item, "good", is_good);
	press_set_c(item, "text", text);
}

static void add_checks(struct press_value *root, const struct story *story, struct arena *arena)
{
	struct press_value *list = press_set_list(root, "checks");
	bool has_photo = story->photo.hash.len > 0;

	add_check(list, story->title.len > 0, "Headline");
	add_check(list, story->excerpt.len > 0, "Standfirst");
	add_check(list, story->author_count > 0, "Byline");
	add_check(list, story->section.len > 0, "Section");
	add_check(list, story->topic_count > 0, "Topics");
	add_check(list, has_photo, "Lead photo");
	if (!has_photo)
		return;
	add_check(list, story->caption.len > 0, "Caption");
	add_check(list, story->credit.len > 0, "Credit (“Name / Agency”)");
	add_check(list, story->alt.len > 0, "Description for those who do not see the photo");
	press_set_text(root, "removed", story->photo.removed == 0 ? STR("The photo held no location or camera data.")
		: str_format(arena, "Location and camera data removed: %" PRId64 " fields.", story->photo.removed));
}

static bool add_revisions(struct desk_visit *visit, int64_t id, struct press_value *root, struct fault *f)
{
	struct press_value *list = press_set_list(root, "revisions");
	struct store_rows rows;

	if (!store_rows_begin(visit->room->db, DESK_SQL_WEB_REVISIONS, STORE_ARGS(store_i64(id)), &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		struct press_value *item = press_add_map(list);

		press_set_i64(item, "number", store_column_i64(&rows, 0));
		press_set_text(item, "when", desk_when(visit->room, (struct when){store_column_i64(&rows, 1)}, visit->arena));
		press_set_text(item, "by", store_column_copy(&rows, 2, visit->arena));
	}
	return store_rows_end(&rows);
}

static struct str joined(const struct str *items, size_t count, struct arena *arena)
{
	struct str out = STR("");
	size_t i;

	for (i = 0; i < count; i++)
		out = i == 0 ? items[0] : str_format(arena, "%.*s, %.*s", STR_ARG(out), STR_ARG(items[i]));
	return out;
}

/* As readers will see it; where Markdown refuses it, as it was typed. */
static void add_body(struct room *room, struct press_value *root, const struct story *story, struct arena *arena)
{
	struct markdown_result result;
	struct fault f = {0};
	struct buf html;

	buf_init(&html, LIMIT_PAGE_BYTES);
	if (desk_photo_markdown(room, story->body, STR("s-"), arena, &html, &result, &f) && buf_check(&html, "this story", &f))
		press_set_text(root, "body_html", str_copy(buf_view(&html), arena));
	else
		press_set_text(root, "body", story->body);
	buf_release(&html);
}

void desk_get_story(struct http_request *rq, void *self)
{
	struct story story = {0};
	struct story_more more = {0};
	struct press_value *root;
	struct desk_visit *visit;
	struct fault f = {0};
	struct str state;

	if (!desk_visit_begin(rq, self, DESK_READ, &visit))
		return;
	root = desk_values(visit, "stories", "Story");
	if (!load(visit, &story, &more, &f) || !add_revisions(visit, story.id, root, &f)) {
		desk_answer_fault(visit, &f, "stories", "/stories");
		return;
	}
	state = str_from(story_state_name(story.state));
	press_set_text(root, "title", story.title);
	press_set_text(root, "lang", story.lang);
	press_set_text(root, "dir", story.dir);
	press_set_text(root, "standfirst", story.excerpt);
	press_set_text(root, "section", story.section);
	press_set_text(root, "authors", joined(story.authors, story.author_count, visit->arena));
	press_set_text(root, "topics", joined(story.topics, story.topic_count, visit->arena));
	press_set_text(root, "thumb", thumb_of(story.photo.hash, story.photo.widths, visit->arena));
	press_set_text(root, "caption", story.caption);
	press_set_text(root, "credit", story.credit);
	add_body(visit->room, root, &story, visit->arena);
	press_set_c(root, "mark", mark_of(state));
	press_set_c(root, "state", name_of(state));
	press_set_text(root, "published", desk_when(visit->room, story.published, visit->arena));
	press_set_text(root, "changed", desk_when(visit->room, more.changed, visit->arena));
	press_set_text(root, "reason", more.withdrawn_reason);
	if (story.state == STORY_PUBLISHED)
		press_set_text(root, "live_href", str_format(visit->arena, "%.*s%.*s", STR_ARG(visit->room->settings.url),
			STR_ARG(story.path)));
	press_set_text(root, "here", str_format(visit->arena, "/stories/%" PRId64, story.id));
	press_set_bool(root, "can_illustrate", (visit->person.rights & DESK_PHOTO_RIGHT) != 0
		&& (story.state != STORY_PUBLISHED || (visit->person.rights & DESK_PUBLISH) != 0));
	if ((visit->person.rights & DESK_PUBLISH) != 0) {
		press_set_bool(root, "can_publish", story_may_become(story.state, STORY_PUBLISHED));
		press_set_bool(root, "can_withdraw", story_may_become(story.state, STORY_WITHDRAWN));
	}
	add_checks(root, &story, visit->arena);
	desk_answer(visit, 200, "desk_story", root);
}

/* --- publishing and withdrawing --- */

static void change(struct desk_visit *visit, enum story_state to, struct str reason, const char *what,
	const char *notice)
{
	struct story story = {0};
	struct story_more more = {0};
	struct fault f = {0};
	char *path;

	if (!load(visit, &story, &more, &f)
		|| !desk_change_story(visit->room, story.id, to, reason, &f)) {
		desk_answer_fault(visit, &f, "stories", "/stories");
		return;
	}
	desk_audit(visit->room, visit->person.name, what, story.title);
	path = str_to_c(str_format(visit->arena, "/stories/%" PRId64, story.id), visit->arena);
	desk_answer_done(visit, path != NULL ? path : "/stories", notice);
}

void desk_post_publish(struct http_request *rq, void *self)
{
	struct desk_visit *visit;

	if (desk_visit_begin(rq, self, DESK_PUBLISH, &visit))
		change(visit, STORY_PUBLISHED, STR(""), "published", "published");
}

void desk_get_withdraw(struct http_request *rq, void *self)
{
	struct story story = {0};
	struct story_more more = {0};
	struct desk_question question = {.tab = "stories", .title = "Withdraw this story?", .button = "Withdraw it",
		.field = "reason", .field_label = "Why (for the newsroom's own record)", .is_danger = true};
	struct desk_visit *visit;
	struct fault f = {0};

	if (!desk_visit_begin(rq, self, DESK_PUBLISH, &visit))
		return;
	if (!load(visit, &story, &more, &f)) {
		desk_answer_fault(visit, &f, "stories", "/stories");
		return;
	}
	question.sentence = str_format(visit->arena,
		"“%.*s” disappears from the site, its lists, the feeds and the search. Its address then "
		"answers that the story was withdrawn.", STR_ARG(story.title));
	question.more = STR("Copies that readers, mirrors or other sites made stay where they are. You can publish it again.");
	question.action = str_format(visit->arena, "/stories/%" PRId64 "/withdraw", story.id);
	question.back = str_format(visit->arena, "/stories/%" PRId64, story.id);
	desk_answer_question(visit, &question);
}

void desk_post_withdraw(struct http_request *rq, void *self)
{
	struct desk_visit *visit;

	if (desk_visit_begin(rq, self, DESK_PUBLISH, &visit))
		change(visit, STORY_WITHDRAWN, str_part(str_trim(http_field(rq, "reason")), 0, 500), "withdrew", "withdrawn");
}
