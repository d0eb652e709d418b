/* desk_stories.c: the list of stories, a new one, withdrawing and deleting.
 *
 * Decides: how stories are listed, found and filtered. Leaves to others: one story (desk_edit.c, desk_read.c). Runs in: desk. The hard thing: it
 * stays fast with a hundred thousand of them, so pages, filters and finding are the database's, by indexes, and never read here to be counted.
 * SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include "base/arena.h"
#include "base/buf.h"
#include "desk/desk_doings.h"
#include "desk/desk_edit.h"
#include "desk/desk_pages.h"
#include "gen/desk_sql.h"
#include "house/room.h"
#include "http/http.h"
#include "press/value.h"
#include "store/store.h"

enum { LIST_SHOWN = 50, PAGES_MOST = 10000, FIELD_BYTES = 200 };

struct str desk_thumb(struct str hash, struct str widths, struct arena *arena)
{
	struct str first = {NULL, 0};

	if (hash.len == 0 || !str_next(&widths, ' ', &first))
		return STR("");
	return str_format(arena, "/media/%.*s-%.*s.jpg", STR_ARG(hash), STR_ARG(first));
}

/* --- the list --- */

struct listing {
	struct str state, find, section, lang, author, sort;
	struct str words;           /* find, for the database */
	int64_t page;
	size_t shown;
	bool has_older;
};

static void add_missing(struct press_value *row, const struct store_rows *rows, struct arena *arena)
{
	bool has_photo = !store_column_is_null(rows, 7);
	const struct {
		bool is_missing;
		const char *what;
	} gaps[] = {
		{store_column_i64(rows, 17) != 0, "text"}, {!has_photo, "photo"}, {has_photo && store_column_text(rows, 10).len == 0, "caption"},
		{has_photo && store_column_text(rows, 11).len == 0, "credit"},
		{has_photo && store_column_text(rows, 9).len == 0, "description of the photo"},
		{store_column_text(rows, 6).len == 0, "standfirst"}, {store_column_text(rows, 16).len == 0, "byline"},
		{store_column_text(rows, 5).len == 0, "section"},
	};
	struct str text = STR("");
	size_t i;

	for (i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++)
		if (gaps[i].is_missing)
			text = str_format(arena, text.len > 0 ? "%.*s, %s" : "%.*s%s", STR_ARG(text), gaps[i].what);
	press_set_text(row, "missing", text);
}

/* The row under the cursor (listing_by_…) as a template's map. */
static void add_row(struct desk_visit *visit, struct press_value *list, const struct store_rows *rows)
{
	struct arena *arena = visit->arena;
	struct press_value *row = press_add_map(list);
	enum story_state state = STORY_DRAFT;
	struct str title = store_column_copy(rows, 2, arena);
	struct when shown = {store_column_i64(rows, 13)};

	(void) story_state_parse(store_column_text(rows, 1), &state);
	press_set_text(row, "href", str_format(arena, "/stories/%" PRId64, store_column_i64(rows, 0)));
	press_set_text(row, "headline", title.len > 0 ? title : STR("No headline yet"));
	press_set_text(row, "lang", title.len > 0 ? store_column_copy(rows, 3, arena) : STR("en"));
	press_set_text(row, "dir", title.len > 0 ? store_column_copy(rows, 4, arena) : STR("ltr"));
	press_set_text(row, "section", store_column_copy(rows, 5, arena));
	press_set_text(row, "authors", store_column_copy(rows, 16, arena));
	press_set_text(row, "thumb", desk_thumb(store_column_copy(rows, 7, arena), store_column_copy(rows, 8, arena), arena));
	press_set_c(row, "mark", story_state_mark(state));
	press_set_c(row, "state", story_state_word(state));
	press_set_text(row, "due", desk_when(visit->room, (struct when){store_column_i64(rows, 15)}, arena));
	if (!store_column_is_null(rows, 12) && state == STORY_PUBLISHED)
		press_set_text(row, "dated", desk_when(visit->room, (struct when){store_column_i64(rows, 12)}, arena));
	press_set_text(row, "when", desk_when(visit->room, shown, arena));
	add_missing(row, rows, arena);
}

/* The statement by what narrows most: words, a byline, else an order that an index has. */
static bool begin_rows(struct store *db, const struct listing *listing, struct store_rows *rows, struct fault *f)
{
	const struct store_value values[] = {store_text(listing->state), store_text(listing->section), store_text(listing->lang),
		store_i64(LIST_SHOWN + 1), store_i64(listing->page * LIST_SHOWN), store_text(listing->author), store_text(listing->sort),
		store_text(listing->words), store_i64(STORY_FIND_MOST)};

	if (listing->words.len > 0)
		return store_rows_begin(db, DESK_SQL_LISTING_OF_WORDS, values, 9, rows, f);
	if (listing->author.len > 0)
		return store_rows_begin(db, DESK_SQL_LISTING_OF_AUTHOR, values, 7, rows, f);
	return store_rows_begin(db, listing->sort.len > 0 ? DESK_SQL_LISTING_BY_CHANGE : DESK_SQL_LISTING_BY_DATE, values, 5, rows, f);
}

static bool list_rows(struct desk_visit *visit, struct listing *listing, struct press_value *root, struct fault *f)
{
	struct press_value *list = press_set_list(root, "rows");
	struct store_rows rows;

	if (!begin_rows(visit->room->db, listing, &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		listing->has_older = listing->shown == LIST_SHOWN;
		if (listing->has_older)
			continue;
		add_row(visit, list, &rows);
		listing->shown++;
	}
	return store_rows_end(&rows);
}

/* The list's address with its filters; page 0 is the first. */
static struct str list_href(const struct listing *listing, struct str state, int64_t page, struct arena *arena)
{
	const struct {
		const char *name;
		struct str value;
	} parts[] = {{"state", state}, {"find", listing->find}, {"section", listing->section}, {"lang", listing->lang},
		{"author", listing->author}, {"sort", listing->sort}};
	struct buf text;
	struct str href;
	size_t i;

	buf_init(&text, 8192);
	buf_add_text(&text, "/stories");
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i].value.len == 0)
			continue;
		buf_format(&text, "%c%s=", str_find_char(buf_view(&text), '?') == SIZE_MAX ? '?' : '&', parts[i].name);
		http_encode(&text, parts[i].value);
	}
	if (page > 0)
		buf_format(&text, "%cpage=%" PRId64, str_find_char(buf_view(&text), '?') == SIZE_MAX ? '?' : '&', page);
	href = str_copy(buf_view(&text), arena);
	buf_release(&text);
	return href;
}

static bool add_tabs(struct desk_visit *visit, const struct listing *listing, struct press_value *root, struct fault *f)
{
	static const char *const names[STORY_STATE_COUNT] = {[STORY_DRAFT] = "Drafts", [STORY_REVIEW] = "In review",
		[STORY_SCHEDULED] = "Scheduled", [STORY_PUBLISHED] = "Published", [STORY_WITHDRAWN] = "Withdrawn"};
	struct press_value *list = press_set_list(root, "states");
	int64_t counts[STORY_STATE_COUNT] = {0};
	enum story_state state;
	struct store_rows rows;
	int64_t all = 0;
	int i;

	if (!store_rows_begin(visit->room->db, DESK_SQL_LISTING_COUNTS, STORE_NO_ARGS, &rows, f))
		return false;
	while (store_rows_next(&rows, f))
		if (story_state_parse(store_column_text(&rows, 0), &state)) {
			counts[state] = store_column_i64(&rows, 1);
			all += counts[state];
		}
	if (!store_rows_end(&rows))
		return false;
	for (i = -1; i < STORY_STATE_COUNT; i++) {
		struct press_value *tab = press_add_map(list);
		struct str word = i < 0 ? STR("") : str_from(story_state_name((enum story_state) i));

		press_set_c(tab, "name", i < 0 ? "All" : names[i]);
		press_set_text(tab, "href", list_href(listing, word, 0, visit->arena));
		press_set_i64(tab, "count", i < 0 ? all : counts[i]);
		press_set_bool(tab, "current", str_equal(listing->state, word));
	}
	press_set_bool(root, "is_new_desk", all == 0);
	return true;
}

static bool add_options(struct desk_visit *visit, struct press_value *root, const char *key, size_t query, struct str chosen,
	struct fault *f)
{
	struct press_value *list = press_set_list(root, key);
	struct store_rows rows;

	if (!store_rows_begin(visit->room->db, query, STORE_NO_ARGS, &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		struct press_value *item = press_add_map(list);

		press_set_text(item, "value", store_column_copy(&rows, 0, visit->arena));
		press_set_bool(item, "chosen", str_equal(store_column_text(&rows, 0), chosen));
	}
	return store_rows_end(&rows);
}

static void read_listing(struct http_request *rq, struct listing *out)
{
	enum story_state state;

	*out = (struct listing){.state = http_query(rq, "state"), .find = str_trim(http_query(rq, "find")),
		.section = http_query(rq, "section"), .lang = http_query(rq, "lang"), .author = str_trim(http_query(rq, "author")),
		.sort = http_query(rq, "sort")};
	if (!story_state_parse(out->state, &state))
		out->state = STR("");
	if (!str_is(out->sort, "changed"))
		out->sort = STR("");
	if (out->find.len > FIELD_BYTES)
		out->find = STR("");
	if (!str_to_i64(http_query(rq, "page"), &out->page) || out->page < 0 || out->page > PAGES_MOST)
		out->page = 0;
	out->words = story_find_words(out->find, http_arena(rq));
}

void desk_get_stories(struct http_request *rq, void *self)
{
	struct listing listing;
	struct press_value *root;
	struct desk_visit *visit;
	struct fault f = {0};
	bool is_filtered;

	if (!desk_visit_begin(rq, self, DESK_READ, &visit))
		return;
	read_listing(rq, &listing);
	root = desk_values(visit, "stories", "Stories");
	if (!add_tabs(visit, &listing, root, &f) || !list_rows(visit, &listing, root, &f)
		|| !add_options(visit, root, "sections", DESK_SQL_LISTING_SECTIONS, listing.section, &f)
		|| !add_options(visit, root, "languages", DESK_SQL_LISTING_LANGUAGES, listing.lang, &f)
		|| !add_options(visit, root, "authors", DESK_SQL_LISTING_AUTHORS, listing.author, &f)) {
		desk_answer_fault(visit, &f, "stories", "/stories");
		return;
	}
	is_filtered = listing.section.len > 0 || listing.lang.len > 0 || listing.author.len > 0 || listing.sort.len > 0;
	press_set_text(root, "query", listing.find);
	press_set_text(root, "author", listing.author);
	press_set_text(root, "state_value", listing.state);
	press_set_bool(root, "by_change", listing.sort.len > 0);
	press_set_bool(root, "has_rows", listing.shown > 0);
	press_set_bool(root, "is_filtered", is_filtered);
	press_set_bool(root, "is_search", listing.find.len > 0 || is_filtered || listing.state.len > 0);
	press_set_bool(root, "can_write", (visit->person.rights & DESK_WRITE) != 0);
	press_set_bool(root, "can_publish", (visit->person.rights & DESK_PUBLISH) != 0);
	if (listing.page > 0)
		press_set_text(root, "newer", list_href(&listing, listing.state, listing.page - 1, visit->arena));
	if (listing.has_older)
		press_set_text(root, "older", list_href(&listing, listing.state, listing.page + 1, visit->arena));
	desk_answer(visit, 200, "desk_stories", root);
}

/* --- a new one --- */

void desk_post_stories(struct http_request *rq, void *self)
{
	struct desk_visit *visit;
	struct desk_edit edit;
	struct story *story = &edit.story;
	struct fault f = {0};
	struct story_saving how;
	bool ok;

	if (!desk_visit_begin(rq, self, DESK_WRITE, &visit))
		return;
	edit = (struct desk_edit){.visit = visit};
	how = (struct story_saving){.now = clock_now(), .by = visit->person.name};
	story->state = STORY_DRAFT;
	story->identity = str_format(visit->arena, "desk-%" PRId64, rand_id());
	story->lang = visit->room->settings.language;
	story->dir = story_direction(story->lang);
	story->title = story->slug = story->section = story->excerpt = story->body = STR("");
	story->alt = story->caption = story->credit = STR("");
	if ((visit->person.rights & DESK_PUBLISH) == 0) { /* an editor often opens it for somebody else */
		story->authors[0] = visit->person.name;
		story->author_count = 1;
	}
	ok = store_begin(visit->room->db, &f)
		&& store_end(visit->room->db, story_save_as(visit->room->db, story, &how, visit->arena, &f), &f);
	if (ok)
		desk_edit_go(&edit, "", NULL);
	else
		desk_answer_fault(visit, &f, "stories", "/stories");
}

/* --- withdrawing and deleting --- */

void desk_get_withdraw(struct http_request *rq, void *self)
{
	struct desk_question question = {.tab = "stories", .title = "Withdraw this story?", .button = "Withdraw it",
		.field = "reason", .field_label = "Why (for the newsroom's own record)", .is_danger = true};
	struct desk_visit *visit;
	struct desk_edit edit;
	struct fault f = {0};

	if (!desk_visit_begin(rq, self, DESK_PUBLISH, &visit))
		return;
	if (!desk_edit_load(visit, &edit, &f)) {
		desk_answer_fault(visit, &f, "stories", "/stories");
		return;
	}
	question.sentence = str_format(visit->arena,
		"“%.*s” disappears from the site, its lists, the feeds and the search. Its address then "
		"answers that the story was withdrawn.", STR_ARG(edit.story.title));
	question.more = STR("Copies that readers, mirrors or other sites made stay where they are. You can publish it again.");
	question.action = desk_edit_path(&edit, "/withdraw");
	question.back = desk_edit_path(&edit, "");
	desk_answer_question(visit, &question);
}

void desk_post_withdraw(struct http_request *rq, void *self)
{
	struct desk_visit *visit;
	struct desk_edit edit;
	struct fault f = {0};

	if (!desk_visit_begin(rq, self, DESK_PUBLISH, &visit))
		return;
	if (!desk_edit_load(visit, &edit, &f) || !desk_change_story(visit->room, edit.story.id, STORY_WITHDRAWN,
		str_part(str_trim(http_field(rq, "reason")), 0, 500), &f)) {
		desk_answer_fault(visit, &f, "stories", "/stories");
		return;
	}
	desk_audit(visit->room, visit->person.name, "withdrew", edit.story.title);
	desk_edit_go(&edit, "", "withdrawn");
}

/* Only what no reader ever saw, and only by who may write it. */
static bool may_delete(struct desk_edit *edit, struct fault *f)
{
	if (edit->more.was_public)
		return fault_set(f, FAULT_CONFLICT, "Readers saw this story: it can be withdrawn, not deleted.");
	if (edit->story.state == STORY_SCHEDULED)
		return fault_set(f, FAULT_CONFLICT, "This story is scheduled: unschedule it first.");
	return desk_edit_may(edit) || fault_set(f, FAULT_DENIED, "This story is an editor’s to delete.");
}

void desk_get_delete(struct http_request *rq, void *self)
{
	struct desk_question question = {.tab = "stories", .title = "Delete this draft?", .button = "Delete it", .is_danger = true};
	struct desk_visit *visit;
	struct desk_edit edit;
	struct fault f = {0};

	if (!desk_visit_begin(rq, self, DESK_WRITE, &visit))
		return;
	if (!desk_edit_load(visit, &edit, &f) || !may_delete(&edit, &f)) {
		desk_answer_fault(visit, &f, "stories", "/stories");
		return;
	}
	question.sentence = str_format(visit->arena, "“%.*s” goes for good, with its %" PRId64 " revision%s and what anybody typed into it "
		"without saving.", STR_ARG(edit.story.title.len > 0 ? edit.story.title : STR("No headline yet")), edit.more.revision,
		edit.more.revision == 1 ? "" : "s");
	question.action = desk_edit_path(&edit, "/delete");
	question.back = desk_edit_path(&edit, "");
	desk_answer_question(visit, &question);
}

void desk_post_delete(struct http_request *rq, void *self)
{
	struct desk_visit *visit;
	struct desk_edit edit;
	struct fault f = {0};
	struct store *db;
	bool ok;

	if (!desk_visit_begin(rq, self, DESK_WRITE, &visit))
		return;
	db = visit->room->db;
	ok = desk_edit_load(visit, &edit, &f) && may_delete(&edit, &f) && store_begin(db, &f);
	if (ok)
		ok = store_end(db, store_run(db, DESK_SQL_FINDING_DROP, STORE_ARGS(store_i64(edit.story.id)), NULL, &f)
			&& store_run(db, DESK_SQL_STORY_DROP, STORE_ARGS(store_i64(edit.story.id)), NULL, &f), &f);
	if (!ok) {
		desk_answer_fault(visit, &f, "stories", "/stories");
		return;
	}
	desk_audit(visit->room, visit->person.name, "deleted a draft", edit.story.title);
	desk_answer_done(visit, "/stories", "deleted");
}
