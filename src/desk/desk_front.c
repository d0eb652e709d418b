/* desk_front.c: Site, Front page: the lead, pinned stories, the order of sections.
 *
 * Decides: the page and its buttons. Leaves to others: what a choice means (front_choice.c), the page that readers see (bake_front.c).
 * Runs in: desk. The hard thing: it shows what readers see, so it asks the same function as the bake does.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "base/log.h"
#include "desk/desk_area.h"
#include "desk/desk_pages.h"
#include "desk/desk_visit.h"
#include "desk/front_choice.h"
#include "desk/story_store.h"
#include "desk/story_work.h"
#include "gen/desk_sql.h"
#include "house/overlay.h"
#include "house/room.h"
#include "press/value.h"
#include "press/words.h"
#include "store/store.h"

enum { FRONT_SHOWN = 20, FRONT_FIND_CHARS = 100 };

/* The columns of front_newest and front_find: id, title, lang, dir, section, published, has a photo. */
struct front_row {
	int64_t id;
	struct str title, lang, dir, section;
	struct when published;
	bool has_photo;
};

struct front_page {
	struct desk_visit *visit;
	struct press_value *root;
	struct front_choices choices;
	struct front_row rows[FRONT_NEWEST + FRONT_TOP];
	size_t row_count;
	int64_t top[FRONT_TOP];
	size_t top_count;
};

static void front_read_row(const struct store_rows *rows, struct arena *arena, struct front_row *out)
{
	*out = (struct front_row){store_column_i64(rows, 0), store_column_copy(rows, 1, arena), store_column_copy(rows, 2, arena),
		store_column_copy(rows, 3, arena), store_column_copy(rows, 4, arena), {store_column_i64(rows, 5)}, store_column_i64(rows, 6) != 0};
}

static bool front_read(struct front_page *page, struct fault *f)
{
	struct room *room = page->visit->room;
	struct front_story newest[FRONT_NEWEST];
	struct store_rows rows;
	size_t count = 0, i;

	if (!front_choices_read(room->db, page->visit->arena, &page->choices, f)
		|| !store_rows_begin(room->db, DESK_SQL_FRONT_NEWEST, STORE_ARGS(store_i64(FRONT_NEWEST)), &rows, f))
		return false;
	while (store_rows_next(&rows, f) && count < FRONT_NEWEST) {
		front_read_row(&rows, page->visit->arena, &page->rows[count]);
		newest[count] = (struct front_story){page->rows[count].id, page->rows[count].has_photo};
		count++;
	}
	if (!store_rows_end(&rows))
		return false;
	page->row_count = count;
	page->top_count = front_top(&page->choices, newest, count, page->top);
	/* chosen ones may be older */
	if (!store_rows_begin(room->db, DESK_SQL_FRONT_ROWS, STORE_NO_ARGS, &rows, f))
		return false;
	while (store_rows_next(&rows, f) && page->row_count < FRONT_NEWEST + FRONT_TOP) {
		for (i = 0; i < page->row_count && page->rows[i].id != store_column_i64(&rows, 0); i++)
			;
		if (i == page->row_count)
			front_read_row(&rows, page->visit->arena, &page->rows[page->row_count++]);
	}
	return store_rows_end(&rows);
}

static struct press_value *front_add_story(struct front_page *page, struct press_value *list, const struct front_row *row)
{
	struct press_value *item = press_add_map(list);
	struct desk_visit *visit = page->visit;

	press_set_text(item, "id", desk_id(row->id, visit->arena));
	press_set_text(item, "href", str_format(visit->arena, "/stories/%lld", (long long) row->id));
	press_set_text(item, "headline", row->title);
	press_set_text(item, "lang", row->lang);
	press_set_text(item, "dir", row->dir);
	press_set_text(item, "section", overlay_section_name(&visit->room->settings, row->section, visit->room->settings.language));
	press_set_text(item, "when", desk_when(visit->room, row->published, visit->arena));
	press_set_bool(item, "is_chosen", row->id == page->choices.lead);
	press_set_bool(item, "is_pinned", front_is_pinned(&page->choices, row->id));
	return item;
}

static void front_add_top(struct front_page *page)
{
	struct press_value *list = press_set_list(page->root, "top");
	size_t pins = 0, i, k;

	for (i = 0; i < page->top_count; i++) {
		struct press_value *item;
		bool is_pinned = front_is_pinned(&page->choices, page->top[i]);

		for (k = 0; k < page->row_count && page->rows[k].id != page->top[i]; k++)
			;
		if (k == page->row_count)
			continue;
		item = front_add_story(page, list, &page->rows[k]);
		press_set_bool(item, "is_lead", i == 0);
		if (i > 0 && is_pinned) {
			pins++;
			press_set_bool(item, "can_up", pins > 1);
			press_set_bool(item, "can_down", pins < page->choices.pin_count);
		}
	}
}

static bool front_is_on_top(const struct front_page *page, int64_t id)
{
	size_t i;

	for (i = 0; i < page->top_count; i++)
		if (page->top[i] == id)
			return true;
	return false;
}

/* The newest that are not on top, or what was looked for. */
static bool front_add_others(struct front_page *page, struct str find, struct fault *f)
{
	struct press_value *list = press_set_list(page->root, "others");
	struct store_rows rows;
	struct front_row row;
	struct str words;
	size_t i;

	if (find.len == 0) {
		for (i = 0; i < page->row_count && press_value_count(list) < FRONT_SHOWN; i++)
			if (!front_is_on_top(page, page->rows[i].id))
				front_add_story(page, list, &page->rows[i]);
		return true;
	}
	words = story_find_words(find, page->visit->arena);
	if (words.len == 0)
		return true;
	if (!store_rows_begin(page->visit->room->db, DESK_SQL_FRONT_FIND,
			STORE_ARGS(store_text(words), store_i64(FRONT_SHOWN), store_i64(STORY_FIND_MOST)), &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		front_read_row(&rows, page->visit->arena, &row);
		front_add_story(page, list, &row);
	}
	return store_rows_end(&rows);
}

static void front_add_sections(struct front_page *page)
{
	const struct settings *settings = &page->visit->room->settings;
	struct press_value *list = press_set_list(page->root, "sections");
	struct front_choices shown = page->choices;
	struct str names[FRONT_SECTIONS];
	size_t count, i, k;

	for (i = 0; i < shown.section_count; i++)
		shown.hidden[i] = false; /* hidden ones stand in their place here */
	count = front_order_sections(settings, &shown, names);
	for (i = 0; i < count; i++) {
		struct press_value *item = press_add_map(list);
		struct fault ignored = {0};
		struct slug slug;
		bool hidden = false;

		if (!slug_from(names[i], &slug, &ignored))
			continue;
		for (k = 0; k < page->choices.section_count; k++)
			if (str_is(page->choices.sections[k], slug.text))
				hidden = page->choices.hidden[k];
		press_set_text(item, "name", overlay_section_name(settings, names[i], settings->language));
		press_set_text(item, "slug", str_copy(str_from(slug.text), page->visit->arena));
		press_set_bool(item, "hidden", hidden);
		press_set_bool(item, "can_up", i > 0);
		press_set_bool(item, "can_down", i + 1 < count);
	}
}

void desk_get_front(struct http_request *rq, void *self)
{
	struct str find = str_trim(str_part(http_query(rq, "find"), 0, FRONT_FIND_CHARS * 4));
	struct front_page page = {0};
	struct fault f = {0};

	if (!desk_visit_begin(rq, self, DESK_NEWSROOM, &page.visit))
		return;
	page.root = desk_values(page.visit, "site", "Front page");
	desk_set_area(page.visit, page.root, "site", "/site/front");
	if (!front_read(&page, &f) || !front_add_others(&page, find, &f)) {
		desk_answer_fault(page.visit, &f, "site", "/site");
		return;
	}
	front_add_top(&page);
	front_add_sections(&page);
	press_set_bool(page.root, "has_top", page.top_count > 0);
	press_set_bool(page.root, "has_sections", page.visit->room->settings.sections.count > 0);
	press_set_bool(page.root, "is_find", find.len > 0);
	press_set_text(page.root, "find", find);
	desk_answer(page.visit, 200, "desk_front", page.root);
}

/* --- buttons --- */

static const struct {
	const char *word, *audit;
} front_deeds[] = {
	{"lead", "made the lead of the front page"}, {"pin", "pinned on the front page"}, {"drop", "took off the front page's choices"},
	{"up", "moved up on the front page"}, {"down", "moved down on the front page"}, {"section_up", "moved up on the front page, the section"},
	{"section_down", "moved down on the front page, the section"}, {"section_hide", "hid on the front page, the section"},
	{"section_show", "showed on the front page, the section"},
};

static bool front_do(struct desk_visit *visit, struct str what, int64_t story, struct str slug, struct fault *f)
{
	struct store *db = visit->room->db;
	const struct settings *settings = &visit->room->settings;

	if (str_is(what, "lead"))
		return front_set_lead(db, story, f);
	if (str_is(what, "pin"))
		return front_pin(db, story, f);
	if (str_is(what, "drop"))
		return front_drop(db, story, f);
	if (str_is(what, "up") || str_is(what, "down"))
		return front_move_pin(db, story, str_is(what, "up") ? -1 : 1, f);
	if (str_is(what, "section_up") || str_is(what, "section_down"))
		return front_move_section(db, settings, slug, str_is(what, "section_up") ? -1 : 1, f);
	return front_hide_section(db, settings, slug, str_is(what, "section_hide"), f);
}

/* The headline of a published story; empty: there is none. */
static struct str front_title(struct desk_visit *visit, int64_t story)
{
	struct store_row row;
	struct fault f = {0};
	bool found = false;

	if (!store_one(visit->room->db, DESK_SQL_FRONT_TITLE, STORE_ARGS(store_i64(story)), visit->arena, &row, &found, &f))
		log_fault(&f, "looking for a story");
	return found ? row.columns[0].bytes : (struct str){NULL, 0};
}

void desk_post_front(struct http_request *rq, void *self)
{
	struct str what = http_field(rq, "do"), slug = http_field(rq, "section"), about = slug;
	struct desk_visit *visit;
	struct fault f = {0};
	const char *audit = NULL;
	int64_t story = 0;
	bool ok;
	size_t i;

	if (!desk_visit_begin(rq, self, DESK_NEWSROOM, &visit))
		return;
	for (i = 0; i < sizeof(front_deeds) / sizeof(front_deeds[0]); i++)
		if (str_is(what, front_deeds[i].word))
			audit = front_deeds[i].audit;
	if (audit != NULL && !str_starts(what, STR("section_"))) {
		about = desk_parse_id(http_field(rq, "story"), &story) ? front_title(visit, story) : (struct str){NULL, 0};
		if (about.len == 0)
			fault_set(&f, FAULT_MISSING, "This story is not published any more: it can have no place on the front page.");
	} else if (audit == NULL) {
		fault_set(&f, FAULT_INPUT, "The form is not one of this page: load it again.");
	}
	ok = f.kind == FAULT_NONE && store_begin(visit->room->db, &f)
		&& desk_end_change(visit, front_do(visit, what, story, slug, &f), audit, about, &f);
	if (!ok) {
		desk_answer_fault(visit, &f, "site", "/site/front");
		return;
	}
	work_bake(work_of(visit->room), false, NULL); /* the front page is in every bake */
	desk_answer_done(visit, "/site/front", "front");
}
