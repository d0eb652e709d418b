/* desk_draft_save.c: the composer's buttons: each keeps what was typed, then does its own.
 *
 * Decides: the order: the whole form is saved with every press, so that ↑ or Preview never costs a word. Leaves to others: what a draft may hold
 * (issue_draft.c), what follows for the mail (desk_draft_steps.c). Runs in: desk. The hard thing: a form that cannot be saved (too long a subject,
 * somebody else's save, a session that ended) comes back with all that was typed.
 * SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include "base/arena.h"
#include "base/buf.h"
#include "desk/desk_draft.h"
#include "desk/desk_draft_steps.h"
#include "desk/desk_pages.h"
#include "house/room.h"
#include "http/http.h"
#include "http/http_client.h"
#include "press/value.h"
#include "store/store.h"

/* --- the form --- */

static void read_picks(struct desk_draft *page)
{
	struct http_request *rq = page->visit->rq;
	struct str typed[ISSUE_PICKS];
	size_t count = http_field_all(rq, "pick", typed, ISSUE_PICKS), i;
	struct issue_draft *draft = &page->draft;

	draft->pick_count = 0;
	for (i = 0; i < count && i < ISSUE_PICKS; i++) {
		struct issue_pick *pick = &draft->picks[draft->pick_count];
		char name[32];

		if (!desk_parse_id(typed[i], &pick->story))
			continue;
		snprintf(name, sizeof(name), "line-%" PRId64, pick->story);
		pick->line = http_field(rq, name);
		draft->pick_count++;
	}
}

static void read_form(struct desk_draft *page)
{
	struct http_request *rq = page->visit->rq;
	struct issue_draft *draft = &page->draft;

	draft->subject = http_field(rq, "subject");
	draft->preheader = http_field(rq, "preheader");
	draft->intro = http_field(rq, "intro");
	draft->signoff = http_field(rq, "signoff");
	draft->is_neutral = http_field(rq, "neutral").len > 0;
	draft->neutral_subject = http_field(rq, "neutral_subject");
	draft->neutral_name = http_field(rq, "neutral_name");
	draft->is_full = http_field(rq, "full").len > 0;
	if (!str_to_i64(http_field(rq, "version"), &draft->version))
		draft->version = 0;
	page->day = str_trim(http_field(rq, "day"));
	page->hour = str_trim(http_field(rq, "hour"));
	page->to = str_trim(http_field(rq, "to"));
	page->view = http_field(rq, "view");
	page->find = str_trim(http_field(rq, "find"));
	read_picks(page);
}

/* Day and hour of a draft without a slot; both empty: nobody says when. */
static bool read_time(struct desk_draft *page, struct fault *f)
{
	struct fault inner = {0};
	struct when at = {0};

	if (page->draft.slot.us != 0)
		return true;
	if (page->day.len == 0 && page->hour.len == 0) {
		page->draft.send_at = at;
		return true;
	}
	if (page->day.len == 0 || page->hour.len == 0)
		return fault_set(f, FAULT_INPUT, "Say both the day and the time at which it goes, or neither.");
	if (!clock_parse(str_format(page->visit->arena, "%.*s %.*s", STR_ARG(page->day), STR_ARG(page->hour)), &at, &inner))
		return fault_set(f, FAULT_INPUT, "Write the day as 2026-11-27 and the time as 08:00.");
	page->draft.send_at = at;
	return true;
}

/* --- what a button does to the picks --- */

static size_t find_pick(const struct issue_draft *draft, int64_t story)
{
	size_t i;

	for (i = 0; i < draft->pick_count && draft->picks[i].story != story; i++)
		;
	return i;
}

static void swap(struct issue_draft *draft, size_t a, size_t b)
{
	struct issue_pick kept = draft->picks[a];

	draft->picks[a] = draft->picks[b];
	draft->picks[b] = kept;
}

static bool add_chosen(struct desk_draft *page, struct fault *f)
{
	struct issue_draft *draft = &page->draft;
	struct str chosen[ISSUE_PICKS];
	size_t count = http_field_all(page->visit->rq, "add", chosen, ISSUE_PICKS), i;
	int64_t story;

	for (i = 0; i < count && i < ISSUE_PICKS; i++) {
		if (!desk_parse_id(chosen[i], &story) || find_pick(draft, story) < draft->pick_count)
			continue;
		if (draft->pick_count == ISSUE_PICKS)
			return fault_set(f, FAULT_INPUT, "An issue has at most %d stories.", (int) ISSUE_PICKS);
		draft->picks[draft->pick_count++] = (struct issue_pick){story, {NULL, 0}};
	}
	return count > 0 || fault_set(f, FAULT_INPUT, "Tick the stories that shall be added.");
}

/* "up-ID", "down-ID", "drop-ID". False: it is no such button. */
static bool move_pick(struct issue_draft *draft, struct str what)
{
	size_t dash = str_find_char(what, '-'), at;
	struct str verb = str_part(what, 0, dash);
	int64_t story;

	if (dash == SIZE_MAX || !desk_parse_id(str_part(what, dash + 1, SIZE_MAX), &story))
		return false;
	at = find_pick(draft, story);
	if (at == draft->pick_count)
		return str_is(verb, "up") || str_is(verb, "down") || str_is(verb, "drop"); /* pressed twice */
	if (str_is(verb, "up") && at > 0)
		swap(draft, at, at - 1);
	else if (str_is(verb, "down") && at + 1 < draft->pick_count)
		swap(draft, at, at + 1);
	else if (str_is(verb, "drop"))
		for (draft->pick_count--; at < draft->pick_count; at++)
			draft->picks[at] = draft->picks[at + 1];
	return true;
}

/* --- answers --- */

static void go(struct desk_draft *page, const char *notice, const char *anchor)
{
	struct desk_visit *visit = page->visit;
	struct str view = str_is(page->view, "desktop") || str_is(page->view, "dark") || str_is(page->view, "text") ? page->view : STR("phone");
	char *path = str_to_c(str_format(visit->arena, "%.*s?view=%.*s%s%s%s", STR_ARG(page->here), STR_ARG(view),
		notice != NULL ? "&done=" : "", notice != NULL ? notice : "", anchor), visit->arena);

	desk_headers(visit->rq, false);
	http_answer_redirect(visit->rq, path != NULL ? path : "/newsletter");
}

enum { FIND_PATH_BYTES = 2048 };

/* To the page that shows what was found. */
static void go_find(struct desk_draft *page)
{
	struct buf path;
	char *text;

	buf_init(&path, FIND_PATH_BYTES);
	buf_format(&path, "%.*s?find=", STR_ARG(page->here));
	http_encode(&path, page->find);
	buf_add_text(&path, "#add");
	text = str_to_c(str_copy(buf_view(&path), page->visit->arena), page->visit->arena);
	desk_headers(page->visit->rq, false);
	http_answer_redirect(page->visit->rq, text != NULL && !path.over ? text : "/newsletter");
	buf_release(&path);
}

/* It cannot be saved: the page comes back with what was typed. After a colleague's save the next press puts this over theirs. */
static void come_back(struct desk_draft *page, const struct fault *f)
{
	struct desk_visit *visit = page->visit;
	struct issue_draft *stored = arena_alloc(visit->arena, sizeof(*stored));
	struct fault inner = {0};

	page->wrong = *f;
	page->status = fault_http_status(f->kind);
	if (f->kind == FAULT_CONFLICT && stored != NULL && issue_draft_read(visit->room, page->draft.id, visit->arena, stored, &inner)) {
		page->draft.version = stored->version;
		page->draft.state = stored->state;
		page->draft.issue = stored->issue;
		fault_clear(&page->wrong);
		if (stored->state != ISSUE_DRAFT_OPEN)
			fault_set(&page->wrong, FAULT_CONFLICT, "This issue is %.*s meanwhile: what you typed is below and is not saved. Copy what you need.",
				STR_ARG(issue_draft_state_name(stored->state)));
		else
			fault_set(&page->wrong, FAULT_CONFLICT, "%.*s saved this issue at %.*s, after you opened it. What you see is yours and not saved "
				"yet: Save puts it over theirs.", STR_ARG(stored->changed_by), STR_ARG(desk_when_within(visit->room, stored->changed, visit->arena)));
	}
	desk_answer_draft(page);
}

/* The answer to compose.js. */
static void answer_kept(struct desk_draft *page, const struct fault *f)
{
	struct str at = desk_when_within(page->visit->room, clock_now(), page->visit->arena);

	desk_headers(page->visit->rq, false);
	if (f != NULL)
		http_answer_json(page->visit->rq, fault_http_status(f->kind), json_pack("{s:s}", "say", f->say));
	else
		http_answer_json(page->visit->rq, 200, json_pack("{s:o, s:I}", "saved", http_json_str(str_starts(at, STR("today ")) ?
			str_part(at, 6, SIZE_MAX) : at), "version", (json_int_t) page->draft.version));
}

/* Without a session, or with an old form: the words come back in a page that can send them again. */
static void answer_typed(struct desk_visit *visit, bool is_signed_in)
{
	static const char *const lines[] = {"subject", "preheader", "neutral", "neutral_subject", "neutral_name", "full", "day", "hour", "version"};
	struct press_value *root, *hidden, *item;
	struct str picks[ISSUE_PICKS];
	size_t count = http_field_all(visit->rq, "pick", picks, ISSUE_PICKS), i;
	int64_t id;

	if (!desk_parse_id(http_part(visit->rq, "id"), &id)) {
		desk_answer_plain(visit->rq, visit->room, 404, "This page is not here", STR("There is no such draft."), NULL, STR(""));
		return;
	}
	root = is_signed_in ? desk_values(visit, "newsletter", "Please send that again") : press_map(visit->arena);
	press_set_c(root, "title", is_signed_in ? "Please send that again" : "You were signed out");
	press_set_text(root, "newsroom", visit->room->settings.name);
	press_set_c(root, "sentence", is_signed_in ? "This form was older than your session. What you typed is here: Save again keeps it."
		: "Nothing is lost: what you typed is here, and not saved yet. Open a new link to the desk in another tab (mimeo staff link NAME makes "
			"one), then press Save again.");
	press_set_text(root, "action", str_format(visit->arena, "/newsletter/drafts/%" PRId64, id));
	press_set_text(root, "intro", http_field(visit->rq, "intro"));
	press_set_text(root, "signoff", http_field(visit->rq, "signoff"));
	hidden = press_set_list(root, "hidden");
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		item = press_add_map(hidden);
		press_set_c(item, "name", lines[i]);
		press_set_text(item, "value", http_field(visit->rq, lines[i]));
	}
	for (i = 0; i < count && i < ISSUE_PICKS; i++) {
		char *name = str_to_c(str_format(visit->arena, "line-%.*s", STR_ARG(str_part(picks[i], 0, 24))), visit->arena);

		item = press_add_map(hidden);
		press_set_c(item, "name", "pick");
		press_set_text(item, "value", picks[i]);
		item = press_add_map(hidden);
		press_set_text(item, "name", str_from(name));
		press_set_text(item, "value", http_field(visit->rq, name != NULL ? name : ""));
	}
	desk_answer(visit, 403, "desk_draft_typed", root);
}

/* --- the button --- */

static void do_button(struct desk_draft *page, struct str what)
{
	struct desk_visit *visit = page->visit;
	bool is_kept = str_is(what, "keep");
	struct fault f = {0};
	bool ok = read_time(page, &f) && (!str_is(what, "add") || add_chosen(page, &f));
	bool is_pick = move_pick(&page->draft, what);

	ok = ok && issue_draft_save(visit->room, &page->draft, visit->person.name, visit->arena, &f);
	if (is_kept)
		answer_kept(page, ok ? NULL : &f);
	else if (!ok)
		come_back(page, &f);
	else if (str_is(what, "test"))
		desk_draft_test(page);
	else if (str_is(what, "approve"))
		desk_draft_ask(page);
	else if (str_is(what, "find"))
		go_find(page);
	else
		go(page, is_pick || str_is(what, "add") || str_is(what, "view") ? NULL : "saved", is_pick || str_is(what, "add") ? "#picks" : "");
}

void desk_post_draft(struct http_request *rq, void *self)
{
	struct desk_draft *page;
	struct desk_visit *visit = NULL;
	struct fault f = {0};

	switch (desk_visit_writing(rq, self, DESK_LETTER, &visit)) {
	case DESK_IN:
		break;
	case DESK_NO_SESSION:
	case DESK_FORGED:
		answer_typed(visit, visit->person.id != 0);
		return;
	case DESK_ANSWERED:
		return;
	}
	page = desk_draft_load(visit);
	if (page == NULL)
		return;
	if (page->draft.state != ISSUE_DRAFT_OPEN)
		fault_set(&f, FAULT_CONFLICT, "This issue is not a draft any more.");
	read_form(page);
	if (f.kind == FAULT_NONE)
		do_button(page, http_field(rq, "do"));
	else if (str_is(http_field(rq, "do"), "keep"))
		answer_kept(page, &f);
	else
		come_back(page, &f);
}
