/* desk_corrections.c: corrections, clarifications and editor's notes of a story.
 *
 * Decides: that they change at once, apart from the text. Leaves to others: how readers see them (bake_story.c). Runs in: desk. The hard thing: two
 * editors may be at it, so a form names the correction by its place and by when it was made.
 * SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include "base/arena.h"
#include "desk/desk_doings.h"
#include "desk/desk_edit.h"
#include "desk/desk_pages.h"
#include "house/room.h"
#include "http/http.h"
#include "press/value.h"
#include "press/words.h"
#include "store/store.h"

enum { CORRECTION_CHARS = 1000 };

static void set_kinds(struct press_value *root, enum story_correction_kind chosen)
{
	struct press_value *list = press_set_list(root, "kinds");
	int i;

	for (i = 0; i < STORY_CORRECTION_KIND_COUNT; i++) {
		struct press_value *item = press_add_map(list);

		press_set_c(item, "value", story_correction_name((enum story_correction_kind) i));
		press_set_c(item, "word", story_correction_word((enum story_correction_kind) i));
		press_set_bool(item, "chosen", i == (int) chosen);
	}
}

/* wrong: what is not right with `typed`, which then stands in the form of its place (SIZE_MAX: the new one's). */
static void answer_page(struct desk_edit *edit, int status, const struct fault *wrong, size_t place,
	const struct story_correction *typed)
{
	struct desk_visit *visit = edit->visit;
	struct press_value *root = desk_values(visit, "stories", "Corrections");
	struct press_value *list = press_set_list(root, "items");
	size_t i;

	for (i = 0; i < edit->story.correction_count; i++) {
		const struct story_correction *correction = wrong != NULL && i == place ? typed : &edit->story.corrections[i];
		struct press_value *item = press_add_map(list);

		press_set_text(item, "place", str_format(visit->arena, "%zu", i));
		press_set_text(item, "made", str_format(visit->arena, "%" PRId64, edit->story.corrections[i].made.us));
		press_set_text(item, "when", desk_when(visit->room, edit->story.corrections[i].made, visit->arena));
		press_set_text(item, "text", correction->text);
		press_set_bool(item, "grave", correction->grave);
		set_kinds(item, correction->kind);
	}
	press_set_text(root, "headline", edit->story.title);
	press_set_text(root, "here", desk_edit_path(edit, ""));
	press_set_bool(root, "is_public", edit->story.state == STORY_PUBLISHED);
	press_set_text(root, "new_text", wrong != NULL && place == SIZE_MAX ? typed->text : STR(""));
	press_set_bool(root, "new_grave", wrong != NULL && place == SIZE_MAX && typed->grave);
	press_set_bool(root, "has_room", edit->story.correction_count < STORY_CORRECTIONS);
	set_kinds(root, wrong != NULL && place == SIZE_MAX ? typed->kind : STORY_CORRECTS);
	if (wrong != NULL)
		press_set_text(root, "error", str_copy(str_from(wrong->say), visit->arena));
	desk_answer(visit, status, "desk_corrections", root);
}

void desk_get_corrections(struct http_request *rq, void *self)
{
	struct desk_visit *visit;
	struct desk_edit edit;
	struct fault f = {0};

	if (!desk_visit_begin(rq, self, DESK_PUBLISH, &visit))
		return;
	if (desk_edit_load(visit, &edit, &f))
		answer_page(&edit, 200, NULL, SIZE_MAX, NULL);
	else
		desk_answer_fault(visit, &f, "stories", "/stories");
}

/* The form's correction; INPUT when it says nothing. */
static bool read_form(struct desk_edit *edit, struct story_correction *out, struct fault *f)
{
	struct http_request *rq = edit->visit->rq;
	struct fault inner = {0};
	char *text;
	size_t i;

	*out = (struct story_correction){.made = clock_now(), .grave = http_field(rq, "grave").len > 0, .text = http_field(rq, "text")};
	if (!story_correction_parse(http_field(rq, "kind"), &out->kind))
		return fault_set(f, FAULT_INPUT, "Choose what it is: a correction, a clarification or an editor’s note.");
	if (!words_nfc(str_trim(out->text), edit->visit->arena, &out->text, &inner))
		return fault_set(f, FAULT_INPUT, "Text: %s", inner.say);
	text = str_to_c(out->text, edit->visit->arena);
	for (i = 0; text != NULL && i < out->text.len; i++)
		if (text[i] == '\n' || text[i] == '\r' || text[i] == '\t')
			text[i] = ' ';
	if (text != NULL)
		out->text = str_make(text, out->text.len);
	if (out->text.len == 0)
		return fault_set(f, FAULT_INPUT, "Write what was wrong and what is right.");
	if (str_has_control(out->text) || str_count_chars(out->text) > CORRECTION_CHARS)
		return fault_set(f, FAULT_INPUT, "A correction has at most %d characters.", (int) CORRECTION_CHARS);
	return true;
}

static bool find_place(struct desk_edit *edit, size_t *place, struct fault *f)
{
	int64_t asked = -1;
	int64_t made = 0;

	if (str_to_i64(http_part(edit->visit->rq, "place"), &asked) && str_to_i64(http_field(edit->visit->rq, "made"), &made)
		&& asked >= 0 && (size_t) asked < edit->story.correction_count
		&& edit->story.corrections[asked].made.us == made) {
		*place = (size_t) asked;
		return true;
	}
	return fault_set(f, FAULT_CONFLICT, "Somebody changed this story’s corrections meanwhile. Look at them again.");
}

static bool save(struct desk_edit *edit, struct fault *f)
{
	struct story_saving how = {.now = clock_now(), .by = edit->visit->person.name};
	struct store *db = edit->visit->room->db;

	return store_begin(db, f) && store_end(db, story_save_as(db, &edit->story, &how, edit->visit->arena, f), f);
}

static void finish(struct desk_edit *edit, const char *audit, size_t place, const struct story_correction *typed)
{
	struct fault f = {0};

	if (!save(edit, &f)) {
		answer_page(edit, fault_http_status(f.kind), &f, place, typed);
		return;
	}
	desk_audit(edit->visit->room, edit->visit->person.name, audit, edit->story.title);
	desk_story_changed(edit->visit->room);
	desk_edit_go(edit, "/corrections", edit->story.state == STORY_PUBLISHED ? "corrected" : "saved");
}

void desk_post_corrections(struct http_request *rq, void *self)
{
	struct story_correction typed;
	struct desk_visit *visit;
	struct desk_edit edit;
	struct fault f = {0};

	if (!desk_visit_begin(rq, self, DESK_PUBLISH, &visit))
		return;
	if (!desk_edit_load(visit, &edit, &f)) {
		desk_answer_fault(visit, &f, "stories", "/stories");
		return;
	}
	if (edit.story.correction_count == STORY_CORRECTIONS)
		fault_set(&f, FAULT_INPUT, "A story has room for %d corrections.", (int) STORY_CORRECTIONS);
	if (f.kind != FAULT_NONE || !read_form(&edit, &typed, &f)) {
		answer_page(&edit, 400, &f, SIZE_MAX, &typed);
		return;
	}
	edit.story.corrections[edit.story.correction_count++] = typed;
	finish(&edit, "corrected", SIZE_MAX, &typed);
}

void desk_post_correction(struct http_request *rq, void *self)
{
	struct story_correction typed = {0};
	struct desk_visit *visit;
	struct desk_edit edit;
	struct fault f = {0};
	size_t place = 0;
	size_t i;

	if (!desk_visit_begin(rq, self, DESK_PUBLISH, &visit))
		return;
	if (!desk_edit_load(visit, &edit, &f) || !find_place(&edit, &place, &f)) {
		desk_answer_fault(visit, &f, "stories", "/stories");
		return;
	}
	if (str_is(http_field(rq, "do"), "remove")) {
		for (i = place; i + 1 < edit.story.correction_count; i++)
			edit.story.corrections[i] = edit.story.corrections[i + 1];
		edit.story.correction_count--;
		finish(&edit, "took a correction out of", place, &typed);
		return;
	}
	if (!read_form(&edit, &typed, &f)) {
		answer_page(&edit, 400, &f, place, &typed);
		return;
	}
	typed.made = edit.story.corrections[place].made;
	edit.story.corrections[place] = typed;
	finish(&edit, "changed a correction of", place, &typed);
}
