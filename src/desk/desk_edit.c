/* desk_edit.c: the editor: one story's form, what is missing, who else is in, what was done.
 *
 * Decides: what the page shows to whom. Leaves to others: what its buttons do (desk_save.c). Runs in: desk. The hard thing: everything is one
 * form, so that whatever button is pressed, what was typed arrives with it.
 * SPDX-License-Identifier: ISC */
#include "desk/desk_edit.h"

#include <inttypes.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/log.h"
#include "desk/desk_pages.h"
#include "desk/story_pictures.h"
#include "gen/desk_sql.h"
#include "house/room.h"
#include "http/http.h"
#include "press/value.h"
#include "press/words.h"
#include "store/store.h"

enum { BYLINES_MORE = 2, REVISIONS_SHOWN = 8, OTHERS_MOST = 5 };

/* --- loading --- */

bool desk_edit_load(struct desk_visit *visit, struct desk_edit *edit, struct fault *f)
{
	int64_t id;

	*edit = (struct desk_edit){.visit = visit};
	visit->arena->cap_bytes = LIMIT_WRITING_ARENA; /* a story, what is typed, and their differences */
	if (!desk_parse_id(http_part(visit->rq, "id"), &id))
		return fault_set(f, FAULT_MISSING, "There is no such story.");
	return story_load(visit->room->db, id, visit->arena, &edit->story, &edit->more, f);
}

bool desk_edit_load_typed(struct desk_edit *edit, struct fault *f)
{
	struct story_typed working;

	story_typed_from(&edit->story, edit->more.revision, edit->visit->arena, &edit->typed);
	if (!story_working_get(edit->visit->room->db, edit->story.id, edit->visit->person.id, 0, edit->visit->arena, &working,
		&edit->has_working, f))
		return false;
	if (edit->has_working)
		edit->typed = working;
	return story_has_moved_on(edit->visit->room->db, edit->story.id, edit->typed.base, &edit->is_stale, f);
}

bool desk_edit_may(const struct desk_edit *edit)
{
	return desk_story_may_write(&edit->visit->person, edit->story.state);
}

bool desk_story_may_write(const struct desk_person *person, enum story_state state)
{
	if ((person->rights & DESK_PUBLISH) != 0)
		return true;
	return (person->rights & DESK_WRITE) != 0 && (state == STORY_DRAFT || state == STORY_REVIEW);
}

struct str desk_edit_path(const struct desk_edit *edit, const char *rest)
{
	return str_format(edit->visit->arena, "/stories/%" PRId64 "%s", edit->story.id, rest);
}

void desk_edit_go(const struct desk_edit *edit, const char *rest, const char *notice)
{
	const char *path = str_to_c(desk_edit_path(edit, rest), edit->visit->arena);

	if (path == NULL)
		path = "/stories";
	if (notice != NULL) {
		desk_answer_done(edit->visit, path, notice);
		return;
	}
	desk_headers(edit->visit->rq, false);
	http_answer_redirect(edit->visit->rq, path);
}

/* --- the form's fields --- */

/* Browsers send line ends as CR LF. */
static struct str without_cr(struct str text, struct arena *arena)
{
	char *at;
	size_t len = 0;
	size_t i;

	if (str_find_char(text, '\r') == SIZE_MAX)
		return text;
	at = arena_alloc(arena, text.len + 1);
	if (at == NULL)
		return text;
	for (i = 0; i < text.len; i++)
		if (text.at[i] != '\r')
			at[len++] = text.at[i];
	return str_make(at, len);
}

/* Several inputs, one byline each; or one field with a line each, as pages that carry a form along have it. */
static struct str read_bylines(struct http_request *rq)
{
	struct str each[STORY_AUTHORS + BYLINES_MORE];
	size_t count = http_field_all(rq, "byline", each, sizeof(each) / sizeof(each[0]));
	struct buf text;
	struct str out;
	size_t i;

	if (count == 0)
		return http_field(rq, "bylines");
	buf_init(&text, LIMIT_FORM_BYTES);
	for (i = 0; i < count && i < sizeof(each) / sizeof(each[0]); i++) {
		if (str_trim(each[i]).len == 0)
			continue;
		if (text.len > 0)
			buf_add_char(&text, '\n');
		buf_add_str(&text, str_trim(each[i]));
	}
	out = str_copy(buf_view(&text), http_arena(rq));
	buf_release(&text);
	return out;
}

void desk_edit_read_form(struct http_request *rq, struct story_typed *out)
{
	*out = (struct story_typed){0};
	(void) str_to_i64(http_field(rq, "base"), &out->base);
#define X(name, label, is_long) out->name = without_cr(http_field(rq, #name), http_arena(rq));
	STORY_TYPED(X)
#undef X
	out->bylines = without_cr(read_bylines(rq), http_arena(rq));
}

/* --- the page: what is typed --- */

static void add_byline(struct press_value *list, struct str name, size_t number, struct arena *arena)
{
	struct press_value *item = press_add_map(list);

	press_set_text(item, "name", name);
	press_set_text(item, "number", str_format(arena, "%zu", number));
	press_set_bool(item, "first", number == 1);
}

/* One input each, and some more. */
static void set_bylines(struct press_value *root, struct str bylines, struct arena *arena)
{
	struct press_value *list = press_set_list(root, "bylines");
	struct str line;
	size_t count = 0;
	size_t i;

	while (str_next(&bylines, '\n', &line))
		if (line.len > 0)
			add_byline(list, line, ++count, arena);
	for (i = 0; i < BYLINES_MORE && count < STORY_AUTHORS; i++)
		add_byline(list, STR(""), ++count, arena);
}

static bool set_options(struct desk_edit *edit, struct press_value *root, const char *key, size_t query, struct fault *f)
{
	struct press_value *list = press_set_list(root, key);
	struct store_rows rows;

	if (!store_rows_begin(edit->visit->room->db, query, STORE_NO_ARGS, &rows, f))
		return false;
	while (store_rows_next(&rows, f))
		press_add_text(list, store_column_copy(&rows, 0, edit->visit->arena));
	return store_rows_end(&rows);
}

static void set_typed(struct desk_edit *edit, struct press_value *root)
{
	const struct story_typed *typed = &edit->typed;
	struct press_value *fields = press_set_map(root, "typed");
	struct str lang = typed->lang.len > 0 ? typed->lang : edit->visit->room->settings.language;

#define X(name, label, is_long) press_set_text(fields, #name, typed->name);
	STORY_TYPED(X)
#undef X
	press_set_i64(root, "base", typed->base);
	press_set_text(root, "words", typed->words);
	set_bylines(root, typed->bylines, edit->visit->arena);
	press_set_text(root, "lang", lang);
	press_set_text(root, "dir", typed->dir.len > 0 ? typed->dir : story_direction(lang));
	press_set_bool(root, "dir_ltr", str_is(typed->dir, "ltr"));
	press_set_bool(root, "dir_rtl", str_is(typed->dir, "rtl"));
}

/* --- the page: what is missing --- */

static void add_check(struct press_value *list, bool is_good, struct str text, const char *field)
{
	struct press_value *item = press_add_map(list);

	press_set_bool(item, "good", is_good);
	press_set_text(item, "text", text);
	press_set_c(item, "field", field);
}

void desk_set_checks(const struct desk_edit *edit, struct press_value *root)
{
	struct press_value *list = press_set_list(root, "checks");
	const struct story_typed *typed = &edit->typed;
	struct arena *arena = edit->visit->arena;
	bool has_photo = edit->story.photo.hash.len > 0;
	size_t words = words_count(typed->body);
	struct fault ignored = {0};
	bool has_credit = story_credit_check(typed->credit, &ignored);

	add_check(list, typed->title.len > 0, typed->title.len > 0
		? str_format(arena, "Headline, %zu characters", str_count_chars(typed->title)) : STR("No headline"), "f-title");
	add_check(list, words > 0, words > 0 ? str_format(arena, "Text, %zu words", words) : STR("No text"), "f-body");
	add_check(list, typed->standfirst.len > 0, typed->standfirst.len > 0 ? STR("Standfirst")
		: STR("No standfirst: lists, feeds and the newsletter show it"), "f-standfirst");
	add_check(list, typed->bylines.len > 0, typed->bylines.len > 0 ? STR("Byline") : STR("No byline"), "f-byline-1");
	add_check(list, typed->section.len > 0, typed->section.len > 0 ? str_format(arena, "Section: %.*s", STR_ARG(typed->section))
		: STR("No section"), "f-section");
	add_check(list, typed->topics.len > 0, typed->topics.len > 0 ? STR("Topics") : STR("No topics: “Read more” finds less"), "f-topics");
	add_check(list, has_photo, has_photo ? STR("Lead photo") : STR("No lead photo"), "photo");
	if (!has_photo)
		return;
	add_check(list, typed->caption.len > 0, typed->caption.len > 0 ? STR("Caption") : STR("The lead photo has no caption"), "f-caption");
	add_check(list, typed->credit.len > 0 && has_credit, typed->credit.len == 0 ? STR("The lead photo has no credit")
		: has_credit ? STR("Credit") : STR("The credit is not “Name / Agency”"), "f-credit");
	add_check(list, typed->alt.len > 0, typed->alt.len > 0 ? STR("Description of the photo")
		: STR("The lead photo is not described for those who do not see it"), "f-alt");
}

/* --- the page: what may be done --- */

static void set_doings(struct desk_edit *edit, struct press_value *root)
{
	const struct story *story = &edit->story;
	bool is_editor = (edit->visit->person.rights & DESK_PUBLISH) != 0;
	bool is_public = story->state == STORY_PUBLISHED;

	press_set_bool(root, "is_public", is_public);
	press_set_bool(root, "is_sensitive", story->is_sensitive);
	press_set_bool(root, "is_withdrawn", story->state == STORY_WITHDRAWN);
	press_set_bool(root, "is_scheduled", story->state == STORY_SCHEDULED);
	press_set_bool(root, "is_editor", is_editor);
	press_set_bool(root, "can_submit", !is_editor && story->state == STORY_DRAFT);
	press_set_bool(root, "can_review", is_editor && story->state == STORY_DRAFT);
	press_set_bool(root, "can_take_back", !is_editor && story->state == STORY_REVIEW);
	press_set_bool(root, "can_send_back", is_editor && (story->state == STORY_REVIEW));
	press_set_bool(root, "can_publish", is_editor && story_may_become(story->state, STORY_PUBLISHED));
	press_set_bool(root, "can_schedule", is_editor && story_may_become(story->state, STORY_SCHEDULED));
	press_set_bool(root, "can_unschedule", is_editor && story->state == STORY_SCHEDULED);
	press_set_bool(root, "can_withdraw", is_editor && is_public);
	press_set_bool(root, "can_delete", !edit->more.was_public && story->state != STORY_SCHEDULED);
	press_set_bool(root, "asks_reason", edit->more.was_public);
	press_set_text(root, "zone", edit->visit->room->settings.zone);
	if (is_public)
		press_set_text(root, "live_href", str_format(edit->visit->arena, "%.*s%.*s",
			STR_ARG(edit->visit->room->settings.url), STR_ARG(story->path)));
}

/* "14:07", with the day before it when that was another. */
static struct str short_time(struct desk_edit *edit, struct when when)
{
	struct str text = desk_when_within(edit->visit->room, when, edit->visit->arena);

	return str_starts(text, STR("today ")) ? str_part(text, 6, SIZE_MAX) : text;
}

static void set_state(struct desk_edit *edit, struct press_value *root)
{
	const struct story *story = &edit->story;
	struct arena *arena = edit->visit->arena;

	press_set_c(root, "state", story_state_word(story->state));
	press_set_c(root, "mark", story_state_mark(story->state));
	if (story->state == STORY_SCHEDULED)
		press_set_text(root, "state_time", desk_when(edit->visit->room, story->due, arena));
	else if (story->state == STORY_PUBLISHED)
		press_set_text(root, "state_time", desk_when(edit->visit->room, story->published, arena));
	press_set_text(root, "saved", short_time(edit, edit->has_working ? edit->typed.saved : edit->more.changed));
	press_set_bool(root, "has_working", edit->has_working);
	press_set_bool(root, "is_stale", edit->has_working && edit->is_stale);
	press_set_text(root, "reason_withdrawn", edit->more.withdrawn_reason);
	press_set_text(root, "note", story->state == STORY_DRAFT ? edit->more.note : STR(""));
	press_set_text(root, "note_by", edit->more.note_by);
}

static bool set_others(struct desk_edit *edit, struct press_value *root, struct fault *f)
{
	struct press_value *list = press_set_list(root, "others");
	struct story_editor others[OTHERS_MOST];
	size_t count;
	size_t i;

	if (!story_editing_others(edit->visit->room->db, edit->story.id, edit->visit->person.id, clock_now(), edit->visit->arena,
		others, OTHERS_MOST, &count, f))
		return false;
	for (i = 0; i < count; i++) {
		struct press_value *item = press_add_map(list);

		press_set_text(item, "name", others[i].name);
		press_set_text(item, "since", short_time(edit, others[i].since));
	}
	return true;
}

static void set_corrections(struct desk_edit *edit, struct press_value *root)
{
	struct press_value *list = press_set_list(root, "corrections");
	size_t i;

	for (i = 0; i < edit->story.correction_count; i++) {
		const struct story_correction *correction = &edit->story.corrections[i];
		struct press_value *item = press_add_map(list);

		press_set_c(item, "kind", story_correction_word(correction->kind));
		press_set_text(item, "text", correction->text);
		press_set_text(item, "when", desk_when(edit->visit->room, correction->made, edit->visit->arena));
		press_set_bool(item, "grave", correction->grave);
	}
}

static bool set_kept(struct desk_edit *edit, struct press_value *root, struct fault *f)
{
	struct press_value *list = press_set_list(root, "kept");
	struct store_rows rows;

	if (!store_rows_begin(edit->visit->room->db, DESK_SQL_WORKING_KEPT,
		STORE_ARGS(store_i64(edit->story.id), store_i64(edit->visit->person.id)), &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		struct press_value *item = press_add_map(list);

		press_set_text(item, "when", short_time(edit, (struct when){store_column_i64(&rows, 1)}));
		press_set_text(item, "href", str_format(edit->visit->arena, "/stories/%" PRId64 "/kept/%" PRId64, edit->story.id,
			store_column_i64(&rows, 0)));
	}
	return store_rows_end(&rows);
}

static bool set_lists(struct desk_edit *edit, struct press_value *root, struct fault *f)
{
	size_t revisions = 0;

	set_corrections(edit, root);
	return set_others(edit, root, f) && set_kept(edit, root, f)
		&& desk_set_revisions(edit, root, REVISIONS_SHOWN, 0, &revisions, f)
		&& set_options(edit, root, "sections", DESK_SQL_LISTING_SECTIONS, f)
		&& set_options(edit, root, "authors", DESK_SQL_LISTING_AUTHORS, f)
		&& set_options(edit, root, "languages", DESK_SQL_LISTING_LANGUAGES, f);
}

void desk_answer_editor(struct desk_edit *edit, int status, const struct fault *wrong)
{
	struct desk_visit *visit = edit->visit;
	struct press_value *root = desk_values(visit, "stories", "Story");
	struct fault f = {0};

	if (edit->typed.title.len > 0)
		press_set_text(root, "title", edit->typed.title);
	press_set_text(root, "here", desk_edit_path(edit, ""));
	if (wrong != NULL)
		press_set_text(root, "error", str_copy(str_from(wrong->say), visit->arena));
	if (!set_lists(edit, root, &f)) {
		desk_answer_fault(visit, &f, "stories", "/stories");
		return;
	}
	set_typed(edit, root);
	desk_set_checks(edit, root);
	set_doings(edit, root);
	set_state(edit, root);
	press_set_text(root, "thumb", desk_thumb(edit->story.photo.hash, edit->story.photo.widths, visit->arena));
	press_set_bool(root, "has_photo", edit->story.photo.hash.len > 0);
	if (edit->story.photo.hash.len > 0)
		press_set_text(root, "removed", edit->story.photo.removed == 0 ? STR("The photo held no location or camera data.")
			: str_format(visit->arena, "Location and camera data removed: %" PRId64 " fields.", edit->story.photo.removed));
	desk_answer(visit, status, "desk_edit", root);
}

void desk_get_story(struct http_request *rq, void *self)
{
	struct desk_visit *visit;
	struct desk_edit edit;
	struct fault f = {0};

	if (!desk_visit_begin(rq, self, DESK_READ, &visit))
		return;
	if (!desk_edit_load(visit, &edit, &f) || (desk_edit_may(&edit) && !desk_edit_load_typed(&edit, &f))) {
		desk_answer_fault(visit, &f, "stories", "/stories");
		return;
	}
	if (!desk_edit_may(&edit)) {
		desk_answer_reading(&edit);
		return;
	}
	/* a mark as a session's "seen" is one: nothing of the story changes */
	if (!visit->room->read_only)
		story_editing_note(visit->room->db, edit.story.id, visit->person.id, clock_now());
	desk_answer_editor(&edit, 200, NULL);
}
