/* desk_save.c: what the editor's buttons do.
 *
 * Decides: the order: what was typed is kept first, whatever else may fail then. Leaves to others: the page (desk_edit.c), what a save and a step
 * write (story_store.c, story_step.c). Runs in: desk. The hard thing: text and state change together or not at all, and a form that was
 * opened before somebody else's save must not undo that save.
 * SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/log.h"
#include "desk/desk_doings.h"
#include "desk/desk_edit.h"
#include "desk/desk_pages.h"
#include "gen/desk_sql.h"
#include "house/room.h"
#include "http/http_client.h"
#include "press/theme.h"
#include "press/value.h"
#include "store/store.h"

enum { NOTE_CHARS = 2000, REASON_CHARS = 300, CHECKS_BYTES = 16 * 1024 };

/* What a button saves and does: its value, is it an editor's alone, the state that follows, what the audit list and the next page say. */
struct doing {
	const char *word;
	bool is_editors, has_step;
	enum story_state to;
	const char *audit, *notice;
};

static const struct doing doings[] = {
	{"save", false, false, STORY_DRAFT, NULL, "saved"},
	{"submit", false, true, STORY_REVIEW, "submitted for review", "submitted"},
	{"take_back", false, true, STORY_DRAFT, "took back", "taken_back"},
	{"send_back", true, true, STORY_DRAFT, "sent back", "sent_back"},
	{"publish", true, true, STORY_PUBLISHED, "published", "published"},
	{"schedule", true, true, STORY_SCHEDULED, "scheduled", "scheduled"},
	{"unschedule", true, true, STORY_DRAFT, "unscheduled", "unscheduled"},
};

/* Buttons that only lead elsewhere; what was typed is kept meanwhile. */
static const struct {
	const char *word, *rest;
} ways[] = {{"preview", "/preview"}, {"photo", "/photo"}, {"corrections", "/corrections"}, {"revisions", "/revisions"},
	{"withdraw", "/withdraw"}, {"delete", "/delete"}};

/* --- keeping --- */

/* Into the working copy; none is needed where it is what the story has. */
static bool keep_typed(struct desk_edit *edit, struct fault *f)
{
	struct store *db = edit->visit->room->db;
	struct story_typed stored;

	story_typed_from(&edit->story, edit->more.revision, edit->visit->arena, &stored);
	if (!edit->is_stale && story_typed_same(&stored, &edit->typed)
		&& str_equal(stored.day, edit->typed.day) && str_equal(stored.hour, edit->typed.hour) && edit->typed.reason.len == 0)
		return story_working_drop(db, edit->story.id, edit->visit->person.id, 0, f);
	return story_working_put(db, edit->story.id, edit->visit->person.id, &edit->typed, clock_now(), f);
}

static void answer_kept(struct desk_edit *edit)
{
	struct str at = desk_when_within(edit->visit->room, clock_now(), edit->visit->arena);

	struct press_value *root = press_map(edit->visit->arena);
	struct fault ignored = {0};
	struct buf checks;

	story_editing_note(edit->visit->room->db, edit->story.id, edit->visit->person.id, clock_now());
	desk_set_checks(edit, root);
	buf_init(&checks, CHECKS_BYTES);
	if (!theme_render(edit->visit->room->theme, "desk_checks", root, &checks, &ignored))
		buf_clear(&checks); /* the page keeps those it has */
	desk_headers(edit->visit->rq, false);
	http_answer_json(edit->visit->rq, 200, json_pack("{s:o, s:b, s:o}", "saved",
		http_json_str(str_starts(at, STR("today ")) ? str_part(at, 6, SIZE_MAX) : at), "stale",
		(int) edit->is_stale, "checks", http_json_str(buf_view(&checks))));
	buf_release(&checks);
}

/* --- saving --- */

static bool step_of(struct desk_edit *edit, const struct doing *doing, struct story_step *step, struct fault *f)
{
	struct http_request *rq = edit->visit->rq;

	*step = (struct story_step){.to = doing->to, .now = clock_now(), .by = edit->visit->person.name};
	if (strcmp(doing->word, "send_back") == 0) {
		step->note = str_trim(http_field(rq, "note"));
		if (str_count_chars(step->note) > NOTE_CHARS)
			return fault_set(f, FAULT_INPUT, "Note: this is longer than %d characters", (int) NOTE_CHARS);
	}
	return doing->to != STORY_SCHEDULED || story_typed_due(&edit->typed, &step->due, f);
}

/* The story as typed: false with what is wrong. */
static bool apply(struct desk_edit *edit, struct story *story, struct fault *f)
{
	*story = edit->story;
	if (!story_typed_apply(&edit->typed, edit->visit->room->settings.language, edit->visit->arena, story, f))
		return false;
	if (story->state == STORY_PUBLISHED && http_field(edit->visit->rq, "told").len > 0)
		story->updated = clock_now();
	if (str_count_chars(edit->typed.reason) > REASON_CHARS || str_has_control(edit->typed.reason))
		return fault_set(f, FAULT_INPUT, "Why: one line of at most %d characters", (int) REASON_CHARS);
	return (story->state != STORY_PUBLISHED && story->state != STORY_SCHEDULED) || story_is_ready(story, f);
}

static bool save_within(struct desk_edit *edit, struct story *story, const struct doing *doing, const struct story_step *step,
	struct fault *f)
{
	struct store *db = edit->visit->room->db;
	struct story_saving how = {.now = clock_now(), .by = edit->visit->person.name, .reason = str_trim(edit->typed.reason)};
	struct story_change change;

	if (!story_change_of(&edit->story, story, &change, f))
		return false;
	if ((change.is_any || story->updated.us != edit->story.updated.us)
		&& !story_save_as(db, story, &how, edit->visit->arena, f))
		return false;
	return (!doing->has_step || story_step_within(db, story->id, step, f))
		&& story_working_drop(db, story->id, edit->visit->person.id, 0, f);
}

static void save(struct desk_edit *edit, const struct doing *doing)
{
	struct desk_visit *visit = edit->visit;
	struct story_step step = {0};
	struct story story;
	struct fault f = {0};
	bool ok;

	if (edit->is_stale) {
		desk_answer_collision(edit);
		return;
	}
	ok = apply(edit, &story, &f) && (!doing->has_step || step_of(edit, doing, &step, &f)) && store_begin(visit->room->db, &f);
	if (ok)
		ok = store_end(visit->room->db, save_within(edit, &story, doing, &step, &f), &f);
	if (!ok) {
		if (f.kind == FAULT_IO || f.kind == FAULT_FULL)
			log_fault(&f, "saving a story");
		edit->has_working = true;
		edit->typed.saved = clock_now();
		desk_answer_editor(edit, fault_http_status(f.kind), &f);
		return;
	}
	if (doing->audit != NULL || edit->story.state == STORY_PUBLISHED)
		desk_audit(visit->room, visit->person.name, doing->audit != NULL ? doing->audit : "changed", story.title);
	desk_story_changed(visit->room);
	desk_edit_go(edit, "", doing->audit == NULL && edit->story.state == STORY_PUBLISHED ? "updated" : doing->notice);
}

/* Whether the appeal stands under it is not the story's text: it counts at once, and makes no revision. */
static bool set_sensitive(struct desk_edit *edit, bool is_on, struct fault *f)
{
	struct store *db = edit->visit->room->db;
	const struct story *story = &edit->story;

	return store_run(db, DESK_SQL_STORY_SET_SENSITIVE, STORE_ARGS(store_i64(story->id), store_i64(is_on), store_i64(!is_on)), NULL, f)
		&& (story->state != STORY_PUBLISHED || store_run(db, DESK_SQL_QUEUE_ADD, STORE_ARGS(store_i64(story->id),
			store_text(STR("changed")), store_null(), store_text(STR("")), store_i64(story->published.us)), NULL, f));
}

static void flag(struct desk_edit *edit, bool is_on)
{
	struct desk_visit *visit = edit->visit;
	struct fault f = {0};

	if (!store_begin(visit->room->db, &f) || !store_end(visit->room->db, set_sensitive(edit, is_on, &f), &f)) {
		log_fault(&f, "flagging a story");
		edit->has_working = true;
		desk_answer_editor(edit, fault_http_status(f.kind), &f);
		return;
	}
	desk_audit(visit->room, visit->person.name, is_on ? "flagged as sensitive" : "took the sensitive flag off", edit->story.title);
	desk_story_changed(visit->room);
	desk_edit_go(edit, "", is_on ? "sensitive" : "not_sensitive");
}

/* --- the request --- */

static const struct doing *doing_of(struct str word)
{
	size_t i;

	for (i = 0; i < sizeof(doings) / sizeof(doings[0]); i++)
		if (str_is(word, doings[i].word))
			return &doings[i];
	return &doings[0]; /* Enter in a field, or a page that carried a form along */
}

static void discard(struct desk_edit *edit)
{
	struct fault f = {0};

	if (story_working_drop(edit->visit->room->db, edit->story.id, edit->visit->person.id, 0, &f))
		desk_edit_go(edit, "", "discarded");
	else
		desk_answer_fault(edit->visit, &f, "stories", "/stories");
}

static void take_theirs(struct desk_edit *edit)
{
	struct fault f = {0};

	if (story_working_keep(edit->visit->room->db, edit->story.id, edit->visit->person.id, clock_now(), &f))
		desk_edit_go(edit, "", "theirs");
	else
		desk_answer_typed(edit->visit, &edit->typed, fault_http_status(f.kind), "This did not work", str_from(f.say), true);
}

static void act(struct desk_edit *edit)
{
	struct str word = http_field(edit->visit->rq, "do");
	const struct doing *doing = doing_of(word);
	size_t i;

	if (str_is(word, "keep")) {
		answer_kept(edit);
		return;
	}
	if (str_is(word, "theirs")) {
		take_theirs(edit);
		return;
	}
	if (str_is(word, "sensitive") || str_is(word, "not_sensitive")) {
		flag(edit, str_is(word, "sensitive"));
		return;
	}
	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (str_is(word, ways[i].word)) {
			desk_edit_go(edit, ways[i].rest, NULL);
			return;
		}
	}
	if (doing->is_editors && (edit->visit->person.rights & DESK_PUBLISH) == 0) {
		struct fault f = {0};

		fault_set(&f, FAULT_DENIED, "Publishing is an editor’s: submit the story for review.");
		edit->has_working = true;
		desk_answer_editor(edit, 403, &f);
		return;
	}
	save(edit, doing);
}

void desk_post_story(struct http_request *rq, void *self)
{
	struct story_typed typed;
	struct desk_visit *visit;
	struct desk_edit edit;
	struct fault f = {0};
	enum desk_entry entry = desk_visit_writing(rq, self, DESK_WRITE, &visit);

	if (entry == DESK_ANSWERED)
		return;
	desk_edit_read_form(rq, &typed);
	if (entry == DESK_NO_SESSION) {
		desk_answer_typed(visit, &typed, 403, "Your session has ended",
			STR("Nothing is lost: what you typed stands below. Sign in in another tab (a technician makes a link for you at the server: "
			"mimeo staff link NAME), then press “Save again” here."), false);
		return;
	}
	if (entry == DESK_FORGED) {
		desk_answer_typed(visit, &typed, 403, "Save this text?", STR("You are signed in, but this form was opened before that. "
			"If the text below is yours, press “Save again”."), true);
		return;
	}
	if (!desk_edit_load(visit, &edit, &f)) {
		desk_answer_typed(visit, &typed, fault_http_status(f.kind), "This story is not here any more",
			STR("Somebody deleted it. What you typed stands below, so that you can copy it."), true);
		return;
	}
	edit.typed = typed;
	if (str_is(http_field(rq, "do"), "discard")) {
		discard(&edit);
		return;
	}
	if (!story_has_moved_on(visit->room->db, edit.story.id, typed.base, &edit.is_stale, &f) || !keep_typed(&edit, &f)) {
		log_fault(&f, "keeping what was typed");
		desk_answer_typed(visit, &typed, fault_http_status(f.kind), "This was not saved",
			STR("The desk could not write it down. Leave this page open and press “Save again” in a minute."), true);
		return;
	}
	if (!desk_edit_may(&edit)) {
		desk_answer_typed(visit, &typed, 409, "An editor has it now", STR("This story is past review, so only editors change it. "
			"What you typed is kept for you and stands below: hand it to an editor."), true);
		return;
	}
	act(&edit);
}
