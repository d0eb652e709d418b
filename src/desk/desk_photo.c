/* desk_photo.c: a story's photo page: the lead with its words and focal point, and pictures for the text.
 *
 * Decides: what is checked of the words, what becomes of them, what the page shows. Leaves to others: uploads
 * (desk_photo_upload.c), the library (desk_photos.c), rows (photo_store.c). Runs in: desk. The hard thing: the focal point is
 * set without JavaScript by nine cells over the picture, with it by a click anywhere; both are one field.
 * SPDX-License-Identifier: ISC */
#include "desk/desk_photo.h"

#include <inttypes.h>
#include <stdio.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "desk/desk_edit.h"
#include "desk/desk_pages.h"
#include "desk/photo_make.h"
#include "desk/story_pictures.h"
#include "desk/story_store.h"
#include "desk/story_typed.h"
#include "desk/story_work.h"
#include "gen/desk_sql.h"
#include "house/room.h"
#include "press/markdown.h"
#include "press/theme.h"
#include "press/value.h"
#include "store/store.h"

enum { LIBRARY_SHOWN = 8, PAGE_WIDTH = 1280, MARKDOWN_BYTES = 8 * 1024 };

/* --- for all of them --- */

static struct str page_of(int64_t story, struct arena *arena)
{
	return str_format(arena, "/stories/%" PRId64 "/photo", story);
}

bool desk_photo_story(struct desk_visit *visit, struct story *story)
{
	struct fault f = {0};

	*story = (struct story){0};
	if (!desk_parse_id(http_part(visit->rq, "id"), &story->id))
		fault_set(&f, FAULT_MISSING, "There is no such story.");
	else if (story_load(visit->room->db, story->id, visit->arena, story, NULL, &f) && !desk_story_may_write(&visit->person, story->state))
		fault_set(&f, FAULT_DENIED, "An editor changes this story's photos now.");
	if (f.kind == FAULT_NONE)
		return true;
	desk_answer_fault(visit, &f, "stories", "/stories");
	return false;
}

void desk_photo_done(struct desk_visit *visit, int64_t story, struct str hash, const char *notice)
{
	char *path = str_to_c(str_format(visit->arena, "/stories/%" PRId64 "/photo?done=%s%s%.*s", story, notice,
		hash.len > 0 ? "&photo=" : "", STR_ARG(hash)), visit->arena);

	desk_headers(visit->rq, false);
	http_answer_redirect(visit->rq, path != NULL ? path : "/stories");
}

static struct str typed_line(struct http_request *rq, const char *name)
{
	struct str text = str_trim(http_field(rq, name));
	struct str cut = str_part(text, 0, PHOTO_TEXT_CHARS);
	char *line;
	size_t i;

	while (cut.len < text.len && cut.len > 0 && !str_is_utf8(cut))
		cut.len--;
	line = str_to_c(cut, http_arena(rq));
	for (i = 0; line != NULL && i < cut.len; i++)
		if ((unsigned char) line[i] < ' ' || line[i] == 0x7f)
			line[i] = ' ';
	return line != NULL ? str_make(line, cut.len) : cut;
}

bool desk_photo_words(struct http_request *rq, struct photo *photo, struct fault *f)
{
	photo->alt = typed_line(rq, "alt");
	photo->caption = typed_line(rq, "caption");
	photo->credit = typed_line(rq, "credit");
	return story_credit_check(photo->credit, f);
}

/* Four steps each way and the middle: enough for a crop that loses at most half. */
struct str desk_photo_focus(struct story_focus focus, struct arena *arena)
{
	int64_t x = (focus.x + 50 + 12) / 25;
	int64_t y = (focus.y + 50 + 12) / 25;
	struct str across = x != 2 ? str_format(arena, "x%" PRId64, x) : STR("");
	struct str down = y != 2 ? str_format(arena, "y%" PRId64, y) : STR("");

	return str_format(arena, "%.*s%s%.*s", STR_ARG(across), across.len > 0 && down.len > 0 ? " " : "", STR_ARG(down));
}

/* The widest width up to `most`. */
static struct str picture_href(const struct story_photo *photo, int64_t most, struct arena *arena)
{
	struct str rest = photo->widths;
	struct str piece;
	int64_t best = 0;
	int64_t width;

	while (str_next(&rest, ' ', &piece))
		if (str_to_i64(piece, &width) && (best == 0 || (width <= most && width > best)))
			best = width;
	return best == 0 ? STR("") : str_format(arena, "/media/%.*s-%" PRId64 ".jpg", STR_ARG(photo->hash), best);
}

/* --- a text's pictures at the desk --- */

struct previewing {
	struct room *room;
	struct arena *arena;
};

static bool preview_picture(void *self, const struct markdown_picture *picture, struct buf *out)
{
	const struct previewing *previewing = self;
	struct arena *arena = previewing->arena;
	struct str name = story_picture_name(picture->url);
	struct press_value *root = press_map(arena);
	struct str caption, credit;
	struct fault ignored = {0};
	struct photo photo;

	if (name.len == 0 || !photo_find(previewing->room->db, name, arena, &photo, &ignored))
		return false;
	story_picture_split(picture->title, photo.credit, &caption, &credit);
	press_set_text(root, "src", picture_href(&photo.made, 640, arena));
	press_set_text(root, "alt", str_copy(picture->alt, arena));
	press_set_text(root, "caption", str_copy(caption, arena));
	press_set_text(root, "credit", str_copy(credit.len > 0 ? credit : photo.credit, arena));
	return theme_render(previewing->room->theme, "desk_figure", root, out, &ignored);
}

bool desk_photo_markdown(struct room *room, struct str body, struct str prefix, struct arena *arena, struct buf *out,
	struct markdown_result *result, struct fault *f)
{
	struct previewing previewing = {room, arena};
	const struct markdown_how how = {.id_prefix = prefix, .picture = preview_picture, .self = &previewing};

	return markdown_write_with(body, &how, out, result, f);
}

/* --- the page --- */

static void set_cells(struct press_value *root, struct story_focus focus, struct arena *arena)
{
	static const char *const rows[] = {"Top", "Middle", "Bottom"};
	static const char *const columns[] = {"left", "centre", "right"};
	static const int64_t at[] = {17, 50, 83};
	struct press_value *list = press_set_list(root, "cells");
	int i;

	for (i = 0; i < 9; i++) {
		struct press_value *cell = press_add_map(list);
		int64_t x = at[i % 3], y = at[i / 3];

		press_set_text(cell, "value", str_format(arena, "%" PRId64 " %" PRId64, x, y));
		press_set_text(cell, "name", str_format(arena, "%s %s", rows[i / 3], columns[i % 3]));
		press_set_bool(cell, "chosen", focus.x + 50 == x && focus.y + 50 == y);
	}
	press_set_text(root, "focus_now", str_format(arena, "%" PRId64 " %" PRId64, focus.x + 50, focus.y + 50));
	press_set_i64(root, "focus_x", focus.x + 50);
	press_set_i64(root, "focus_y", focus.y + 50);
	press_set_text(root, "crop", desk_photo_focus(focus, arena));
}

static void set_removed(struct press_value *map, int64_t removed, struct arena *arena)
{
	press_set_text(map, "removed", removed == 0 ? STR("The file held no location or camera data.")
		: str_format(arena, "Location and camera data removed: %" PRId64 " field%s.", removed, removed == 1 ? "" : "s"));
}

static void set_lead(struct desk_visit *visit, struct press_value *root, const struct story *story, const struct photo *photo)
{
	struct press_value *lead = press_set_map(root, "lead");
	int64_t step = 0, of = 0;
	struct str trouble = photo_trouble(visit->room, story->photo.hash);

	press_set_text(lead, "src", picture_href(&story->photo, PAGE_WIDTH, visit->arena));
	press_set_text(lead, "small", picture_href(&story->photo, 640, visit->arena));
	press_set_text(lead, "name", story->photo.hash);
	press_set_text(lead, "size", str_format(visit->arena, "%" PRId64 " × %" PRId64, story->photo.width, story->photo.height));
	set_removed(lead, story->photo.removed, visit->arena);
	set_cells(lead, story->focus, visit->arena);
	if (photo_is_making(visit->room, story->photo.hash, &step, &of)) {
		press_set_text(lead, "making", str_format(visit->arena, "The larger sizes are being made: %" PRId64 " of %" PRId64 " files.",
			step, of));
		press_set_bool(root, "photo_live", true); /* no reload: somebody may be typing the caption */
	} else if (!photo->is_whole) {
		press_set_text(lead, "partial", trouble.len > 0 ? str_format(visit->arena,
			"Only the small sizes of this photo are there (%.*s). Upload it again.", STR_ARG(trouble))
			: STR("Only the small sizes of this photo are there: the desk was stopped while it was made. Upload it again."));
	}
}

/* Photos at hand for the text: in it, or uploaded on this page. */
static bool set_hands(struct desk_visit *visit, struct press_value *root, int64_t story, const struct desk_photo_typed *typed,
	struct fault *f)
{
	struct press_value *list = press_set_list(root, "hands");
	struct str wanted = http_query(visit->rq, "photo");
	struct arena *arena = visit->arena;
	struct store_rows rows;
	struct buf markdown;

	if (!store_rows_begin(visit->room->db, DESK_SQL_PHOTO_AT_HAND, STORE_ARGS(store_i64(story)), &rows, f))
		return false;
	buf_init(&markdown, MARKDOWN_BYTES);
	while (store_rows_next(&rows, f)) {
		struct press_value *hand = store_column_i64(&rows, 5) != 0 && store_column_i64(&rows, 6) == 0 ? NULL /* the lead alone */
			: press_add_map(list);
		struct str hash = store_column_copy(&rows, 0, arena);
		struct str alt = store_column_copy(&rows, 2, arena), caption = store_column_copy(&rows, 3, arena),
			credit = store_column_copy(&rows, 4, arena);
		bool is_typed;

		buf_clear(&markdown);
		story_picture_write(&markdown, hash, alt, caption, credit);
		press_set_text(hand, "name", hash);
		press_set_text(hand, "thumb", desk_thumb(hash, store_column_copy(&rows, 1, arena), arena));
		is_typed = typed != NULL && !typed->is_lead && str_equal(typed->photo.made.hash, hash);
		press_set_text(hand, "alt", is_typed ? typed->photo.alt : alt);
		press_set_text(hand, "caption", is_typed ? typed->photo.caption : caption);
		press_set_text(hand, "credit", is_typed ? typed->photo.credit : credit);
		press_set_text(hand, "fault", is_typed ? str_from(typed->fault.say) : STR(""));
		press_set_text(hand, "label", caption.len > 0 ? caption : alt.len > 0 ? alt : STR("Without a caption yet"));
		press_set_bool(hand, "is_lead", store_column_i64(&rows, 5) != 0);
		press_set_bool(hand, "is_in_text", store_column_i64(&rows, 6) != 0);
		press_set_bool(hand, "open", is_typed || (str_equal(wanted, hash) && store_column_i64(&rows, 5) == 0));
		press_set_text(hand, "markdown", str_copy(buf_view(&markdown), arena));
	}
	buf_release(&markdown);
	press_set_bool(root, "has_hands", press_value_count(list) > 0);
	return store_rows_end(&rows);
}

static bool set_library(struct desk_visit *visit, struct press_value *root, struct fault *f)
{
	struct press_value *list = press_set_list(root, "library");
	struct store_value none = store_text(STR(""));
	struct store_rows rows;

	if (!store_rows_begin(visit->room->db, DESK_SQL_PHOTO_LIBRARY, STORE_ARGS(none, none, none, store_i64(LIBRARY_SHOWN),
		store_i64(0)), &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		struct press_value *photo = press_add_map(list);
		struct str hash = store_column_copy(&rows, 0, visit->arena);

		press_set_text(photo, "name", hash);
		press_set_text(photo, "thumb", desk_thumb(hash, store_column_copy(&rows, 1, visit->arena), visit->arena));
		press_set_text(photo, "alt", store_column_copy(&rows, 2, visit->arena));
		press_set_text(photo, "caption", store_column_copy(&rows, 3, visit->arena));
		press_set_text(photo, "credit", store_column_copy(&rows, 4, visit->arena));
	}
	press_set_bool(root, "has_library", press_value_count(list) > 0);
	return store_rows_end(&rows);
}

void desk_photo_answer(struct desk_visit *visit, const struct story *story, const struct desk_photo_typed *typed,
	const struct fault *upload_fault)
{
	struct press_value *root = desk_values(visit, "stories", "Photo");
	const struct fault *worse = typed != NULL ? &typed->fault : upload_fault;
	bool is_lead = typed != NULL && typed->is_lead;
	struct photo photo = {.is_whole = true};
	struct fault f = {0};

	if ((story->photo.hash.len > 0 && !photo_find(visit->room->db, story->photo.hash, visit->arena, &photo, &f))
		|| !set_hands(visit, root, story->id, typed, &f) || !set_library(visit, root, &f)) {
		desk_answer_fault(visit, &f, "stories", "/stories");
		return;
	}
	press_set_text(root, "headline", story->title);
	press_set_text(root, "lang", story->lang);
	press_set_text(root, "dir", story->dir);
	press_set_text(root, "story_href", str_format(visit->arena, "/stories/%" PRId64, story->id));
	press_set_text(root, "story_id", desk_id(story->id, visit->arena));
	press_set_text(root, "here", page_of(story->id, visit->arena));
	press_set_i64(root, "cap", LIMIT_UPLOAD_BYTES);
	press_set_i64(root, "cap_mb", LIMIT_UPLOAD_BYTES / 1024 / 1024);
	if (story->photo.hash.len > 0)
		set_lead(visit, root, story, &photo);
	press_set_text(root, "alt", is_lead ? typed->photo.alt : story->alt);
	press_set_text(root, "caption", is_lead ? typed->photo.caption : story->caption);
	press_set_text(root, "credit", is_lead ? typed->photo.credit : story->credit);
	press_set_text(root, "credit_fault", is_lead ? str_from(typed->fault.say) : STR(""));
	if (upload_fault != NULL)
		press_set_text(root, "upload_fault", str_copy(str_from(upload_fault->say), visit->arena));
	desk_answer(visit, worse != NULL ? fault_http_status(worse->kind) : 200, "desk_photo", root);
}

void desk_get_photo(struct http_request *rq, void *self)
{
	struct desk_visit *visit;
	struct story story;

	if (desk_visit_begin(rq, self, DESK_PHOTO_RIGHT, &visit) && desk_photo_story(visit, &story))
		desk_photo_answer(visit, &story, NULL, NULL);
}

/* --- saving --- */

/* "17 50"; false for anything else. */
static bool parse_focus(struct str text, struct story_focus *focus)
{
	struct str first = {NULL, 0};
	int64_t x, y;

	if (!str_next(&text, ' ', &first) || !str_to_i64(first, &x) || !str_to_i64(text, &y) || x < 0 || x > 100 || y < 0 || y > 100)
		return false;
	*focus = (struct story_focus){x - 50, y - 50};
	return true;
}

bool desk_photo_may_word(struct desk_visit *visit, struct str hash, struct fault *f)
{
	int64_t shown = 0;

	if (!store_number(visit->room->db, DESK_SQL_PHOTO_IS_SHOWN, STORE_ARGS(store_text(hash)), &shown, f))
		return false;
	if (shown == 0 || (visit->person.rights & DESK_PUBLISH) != 0)
		return true;
	return fault_set(f, FAULT_DENIED, "Readers see this photo in a story: an editor changes its words in the library.");
}

/* The photo's words into what the person is typing, too: their next Save must not bring the old ones back. */
static bool retype_words(struct desk_visit *visit, int64_t story, const struct photo *photo, struct fault *f)
{
	struct store *db = visit->room->db;
	struct story_typed typed;
	bool found = false;

	if (!story_working_get(db, story, visit->person.id, 0, visit->arena, &typed, &found, f))
		return false;
	typed.alt = photo->alt;
	typed.caption = photo->caption;
	typed.credit = photo->credit;
	typed.words = story_typed_words(typed.alt, typed.caption, typed.credit, visit->arena);
	return !found || story_working_put(db, story, visit->person.id, &typed, clock_now(), f);
}

void desk_post_photo(struct http_request *rq, void *self)
{
	struct desk_visit *visit;
	struct desk_photo_typed typed = {.is_lead = true};
	struct fault f = {0};
	struct story story;

	if (!desk_visit_begin(rq, self, DESK_PHOTO_RIGHT, &visit) || !desk_photo_story(visit, &story))
		return;
	if (story.photo.hash.len == 0) {
		fault_set(&f, FAULT_CONFLICT, "This story has no photo any more. Choose one or upload it; what you typed is in the page before.");
		desk_answer_fault(visit, &f, "stories", str_to_c(page_of(story.id, visit->arena), visit->arena));
		return;
	}
	/* one and the same page is open twice: words typed for one photo never land on another */
	if (http_field(rq, "photo").len > 0 && !str_equal(http_field(rq, "photo"), story.photo.hash)) {
		fault_set(&f, FAULT_CONFLICT, "Somebody gave this story another photo meanwhile. Look at it; what you typed is in the page before.");
		desk_answer_fault(visit, &f, "stories", str_to_c(page_of(story.id, visit->arena), visit->arena));
		return;
	}
	typed.photo = (struct photo){.made = story.photo, .focus = story.focus};
	if (parse_focus(http_field(rq, "focus"), &typed.photo.focus))
		story.focus = typed.photo.focus;
	if (!desk_photo_words(rq, &typed.photo, &typed.fault)) {
		desk_photo_answer(visit, &story, &typed, NULL);
		return;
	}
	if (!photo_set_lead(visit->room->db, story.id, &typed.photo, clock_now(), visit->arena, &f)
		|| !retype_words(visit, story.id, &typed.photo, &f)) {
		desk_answer_fault(visit, &f, "stories", "/stories");
		return;
	}
	desk_audit(visit->room, visit->person.name, "changed the photo of", story.title);
	work_bake(work_of(visit->room), false, NULL);
	desk_photo_done(visit, story.id, STR(""), "photo-saved");
}

bool desk_photo_lead(struct desk_visit *visit, int64_t story, struct str hash, struct fault *f)
{
	struct photo photo;

	if (!photo_find(visit->room->db, hash, visit->arena, &photo, f)
		|| !photo_set_lead(visit->room->db, story, &photo, clock_now(), visit->arena, f)
		|| !retype_words(visit, story, &photo, f))
		return false;
	work_bake(work_of(visit->room), false, NULL);
	return true;
}

void desk_post_photo_choose(struct http_request *rq, void *self)
{
	struct str hash = http_field(rq, "photo");
	struct desk_visit *visit;
	struct fault f = {0};
	struct photo photo;
	struct story story;
	bool ok;

	if (!desk_visit_begin(rq, self, DESK_PHOTO_RIGHT, &visit) || !desk_photo_story(visit, &story))
		return;
	if (str_is(http_field(rq, "use"), "text"))
		ok = photo_find(visit->room->db, hash, visit->arena, &photo, &f)
			&& store_run(visit->room->db, DESK_SQL_PHOTO_SET_STORY, STORE_ARGS(store_text(hash), store_i64(story.id)), NULL, &f);
	else
		ok = desk_photo_lead(visit, story.id, hash, &f);
	if (!ok) {
		desk_answer_fault(visit, &f, "stories", str_to_c(page_of(story.id, visit->arena), visit->arena));
		return;
	}
	desk_audit(visit->room, visit->person.name, "chose a photo for", story.title);
	desk_photo_done(visit, story.id, hash, "photo-chosen");
}

void desk_post_photo_remove(struct http_request *rq, void *self)
{
	const struct photo none = {0};
	struct desk_visit *visit;
	struct fault f = {0};
	struct story story;

	if (!desk_visit_begin(rq, self, DESK_PHOTO_RIGHT, &visit) || !desk_photo_story(visit, &story))
		return;
	if (!photo_set_lead(visit->room->db, story.id, &none, clock_now(), visit->arena, &f)
		|| !retype_words(visit, story.id, &none, &f)) {
		desk_answer_fault(visit, &f, "stories", "/stories");
		return;
	}
	desk_audit(visit->room, visit->person.name, "took the photo out of", story.title);
	work_bake(work_of(visit->room), false, NULL);
	desk_photo_done(visit, story.id, STR(""), "photo-removed");
}

/* --- into the text --- */

/* Into the story, and where the person is typing behind what they typed. The revision tells a page that was open before: what it
 * has is not the newest. */
static bool append(struct desk_visit *visit, int64_t story, struct str markdown, struct fault *f)
{
	struct store *db = visit->room->db;
	struct story_typed typed;
	struct story_more before = {0}, after = {0};
	struct story now;
	bool found = false;

	if (!story_working_get(db, story, visit->person.id, 0, visit->arena, &typed, &found, f)
		|| !story_load(db, story, visit->arena, &now, &before, f)
		|| !photo_append(db, story, markdown, visit->person.name, clock_now(), visit->arena, f)
		|| !story_load(db, story, visit->arena, &now, &after, f))
		return false;
	if (!found)
		return true;
	if (typed.base == before.revision) /* nobody else saved since */
		typed.base = after.revision;
	return photo_append_to(&typed.body, markdown, visit->arena, f)
		&& story_working_put(db, story, visit->person.id, &typed, clock_now(), f);
}

void desk_post_photo_append(struct http_request *rq, void *self)
{
	struct str hash = http_field(rq, "photo");
	struct desk_visit *visit;
	struct desk_photo_typed typed = {0};
	struct photo *photo = &typed.photo;
	struct buf markdown;
	struct fault f = {0};
	struct story story;
	bool keep = str_is(http_field(rq, "do"), "keep");
	bool ok;

	if (!desk_visit_begin(rq, self, DESK_PHOTO_RIGHT, &visit) || !desk_photo_story(visit, &story))
		return;
	buf_init(&markdown, MARKDOWN_BYTES);
	ok = photo_find(visit->room->db, hash, visit->arena, photo, &f);
	if (ok && !desk_photo_words(rq, photo, &typed.fault)) {
		desk_photo_answer(visit, &story, &typed, NULL);
		return;
	}
	if (ok && (keep || desk_photo_may_word(visit, hash, &(struct fault){0})))
		ok = (!keep || desk_photo_may_word(visit, hash, &f))
			&& photo_set_texts(visit->room->db, hash, photo->alt, photo->caption, photo->credit, &f);
	if (ok && !keep) {
		story_picture_write(&markdown, hash, photo->alt, photo->caption, photo->credit);
		ok = buf_check(&markdown, "this caption", &f) && append(visit, story.id, buf_view(&markdown), &f);
	}
	buf_release(&markdown);
	if (!ok) {
		desk_answer_fault(visit, &f, "stories", str_to_c(page_of(story.id, visit->arena), visit->arena));
		return;
	}
	if (!keep) {
		desk_audit(visit->room, visit->person.name, "put a picture into", story.title);
		work_bake(work_of(visit->room), false, NULL);
	}
	desk_photo_done(visit, story.id, hash, keep ? "photo-saved" : "picture-added");
}

/* For the editor's script: what can be put into the text, with the Markdown that does it. */
void desk_get_pictures(struct http_request *rq, void *self)
{
	json_t *list = json_array();
	struct desk_visit *visit;
	struct store_rows rows;
	struct fault f = {0};
	struct buf markdown;
	int64_t id = 0;

	if (!desk_visit_begin(rq, self, DESK_PHOTO_RIGHT, &visit)) {
		json_decref(list);
		return;
	}
	buf_init(&markdown, MARKDOWN_BYTES);
	if (!desk_parse_id(http_part(rq, "id"), &id))
		fault_set(&f, FAULT_MISSING, "There is no such story.");
	else if (store_rows_begin(visit->room->db, DESK_SQL_PHOTO_AT_HAND, STORE_ARGS(store_i64(id)), &rows, &f)) {
		while (store_rows_next(&rows, &f)) {
			struct str hash = store_column_text(&rows, 0);

			buf_clear(&markdown);
			story_picture_write(&markdown, hash, store_column_text(&rows, 2), store_column_text(&rows, 3), store_column_text(&rows, 4));
			json_array_append_new(list, json_pack("{s:o, s:o, s:o, s:o, s:o, s:b, s:b, s:o}", "name", http_json_str(hash),
				"thumb", http_json_str(desk_thumb(hash, store_column_text(&rows, 1), visit->arena)),
				"alt", http_json_str(store_column_text(&rows, 2)), "caption", http_json_str(store_column_text(&rows, 3)),
				"credit", http_json_str(store_column_text(&rows, 4)), "lead", store_column_i64(&rows, 5) != 0,
				"in_text", store_column_i64(&rows, 6) != 0, "markdown", http_json_str(buf_view(&markdown))));
		}
		(void) store_rows_end(&rows);
	}
	buf_release(&markdown);
	if (f.kind != FAULT_NONE) {
		json_decref(list);
		http_answer_fault(rq, &f);
		return;
	}
	desk_headers(rq, false);
	http_answer_json(rq, 200, json_pack("{s:o}", "pictures", list));
}
