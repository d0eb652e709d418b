/* desk_visit.c: one request of somebody at the desk: host, session, right, forged forms; then the page around the answer.
 *
 * Decides: who gets in and what headers every desk page has. Leaves to others: sessions themselves (desk_staff.c), each page.
 * Runs in: desk. The hard thing: the cookie is SameSite=Strict and the form token is derived from it, so neither a foreign page
 * nor another port's page on the same host can make the desk do anything.
 * SPDX-License-Identifier: ISC */
#include "desk/desk_visit.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/must.h"
#include "base/secret.h"
#include "desk/desk_area.h"
#include "desk/desk_web.h"
#include "house/room.h"
#include "http/http.h"
#include "press/locale.h"
#include "press/theme.h"
#include "press/value.h"

/* What a done action says on the next page: the address carries only the key. */
static const struct {
	const char *key, *text;
} notices[] = {
	{"published", "Published. The site shows it in a moment."},
	{"withdrawn", "Withdrawn. Its address answers “withdrawn” in a moment."},
	{"approved", "Approved and frozen. It goes by itself; until then you can take the approval back."},
	{"reopened", "The approval is taken back. It is a draft again, and nothing goes."},
	{"dropped", "Thrown away."},
	{"cancelled", "Cancelled. Who has no mail yet gets none."},
	{"resent", "What was in doubt goes again."},
	{"erased", "Erased: the address and all that belonged to it."},
	{"period-closed", "Closed. What comes late about it stands in the month that is open then."},
	{"matched", "Booked as that gift."},
	{"refund-asked", "The provider took it. It stands in the books as soon as its signed event is here."},
	{"refund-waits", "It waits for a second person, under Refunds. Nothing was given back yet."},
	{"refund-doubt", "The provider has not answered yet. It is asked again until it does, and gives back once."},
	{"refund-refused", "The provider said no: nothing was given back. Why, stands with the gift."},
	{"refund-declined", "Declined. Nothing was given back."},
	{"import-confirmed", "Confirmed. Whoever brought the list runs the same import again, and its rows are taken."},
	{"import-declined", "Declined. Nobody of that list was taken."},
	{"sending", "Sending has begun."},
	{"paused", "Paused. Nothing more leaves until you send again."},
	{"baking", "The whole site is being made anew."},
	{"photo-added", "The photo is here. Now give it a caption, a credit and a description."},
	{"photo-saved", "Saved."},
	{"photo-chosen", "Chosen, with the words that it had last. Look whether they fit this story."},
	{"photo-removed", "The story has no lead photo now. The photo stays in the library."},
	{"photo-deleted", "Deleted: the photo and all its sizes."},
	{"picture-added", "Added at the end of the text. Move it in the editor to where it belongs."},
	{"revoked", "Revoked. Their links and sessions have ended."},
	{"front", "Done. The front page shows it in a moment."},
	{"text", "Published. The page shows this version in a moment."},
	{"same", "Nothing was changed: this text is in force already."},
	{"role", "The role is changed, from their next page on."},
	{"ended", "Ended. Whoever sat there is signed out."},
	{"dismissed", "Put away. What is still open stands under Health and in mimeo check."},
	{"saved", "Saved."},
	{"updated", "Saved. Readers see it in a moment."},
	{"submitted", "Submitted: an editor looks at it."},
	{"scheduled", "Scheduled. It appears by itself."},
	{"sensitive", "Flagged as sensitive: no appeal for money stands under this story."},
	{"not_sensitive", "The flag is off: the appeal stands under this story again."},
	{"unscheduled", "Not scheduled any more: it is a draft again."},
	{"taken_back", "Taken back: it is a draft again."},
	{"sent_back", "Sent back with your note."},
	{"discarded", "Your unsaved text is discarded."},
	{"theirs", "You look at their version. Yours is kept: see “Your other texts”."},
	{"taken", "Your text is in the editor again. Save it when it is right."},
	{"restored", "Restored. What stood there before is in the revisions."},
	{"corrected", "Saved. Readers see it in a moment."},
	{"deleted", "The draft is deleted."},
	{"byline_removed", "The name is taken out. The site is being made anew."},
};

void desk_headers(struct http_request *rq, bool frames_preview)
{
	http_set(rq, "Content-Security-Policy", frames_preview
		? "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; connect-src 'self'; frame-src 'self'; "
			"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
		: "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; "
			"base-uri 'none'; frame-ancestors 'none'");
	http_set(rq, "X-Content-Type-Options", "nosniff");
	http_set(rq, "Referrer-Policy", "same-origin");
	http_set(rq, "Cache-Control", "no-store");
}

static void render(struct http_request *rq, struct room *room, int status, const char *template_name,
	const struct press_value *root)
{
	struct fault f = {0};
	struct buf out;

	buf_init(&out, LIMIT_PAGE_BYTES);
	if (!press_value_is_whole(root) || !theme_render(room->theme, template_name, root, &out, &f)
		|| !buf_check(&out, "this page", &f)) {
		log_fault(&f, template_name);
		buf_clear(&out);
		buf_add_text(&out, "<!doctype html><title>500</title><p>This page is larger than mimeo allows. Go back and ask for less.");
		status = 500;
	}
	http_answer_html(rq, status, buf_view(&out));
	buf_release(&out);
}

/* --- who may come in --- */

static void make_csrf(struct str session, char out[DESK_CSRF_CHARS + 1])
{
	static const char word[] = "mimeo desk form";
	unsigned char hash[crypto_generichash_BYTES];

	crypto_generichash(hash, sizeof(hash), (const unsigned char *) word, sizeof(word) - 1,
		(const unsigned char *) session.at, session.len);
	sodium_bin2hex(out, DESK_CSRF_CHARS + 1, hash, DESK_CSRF_CHARS / 2);
	sodium_memzero(hash, sizeof(hash));
}

/* Cookies know no ports and passkeys want a name: a session begun on the site's host would be sent to the site. */
bool desk_is_at_home(struct http_request *rq, struct room *room)
{
	struct str host = http_header(rq, "Host"), url = room->settings.desk_url;
	size_t colon = str_find_char(host, ':'), start = str_find(url, STR("://"));
	struct str home = str_part(url, start == SIZE_MAX ? 0 : start + 3, SIZE_MAX);

	host = str_part(host, 0, colon);
	home = str_part(home, 0, str_find_char(home, ':'));
	if (str_equal_nocase(host, home))
		return true;
	if (str_is(http_method(rq), "GET")) {
		char *location = str_to_c(str_format(http_arena(rq), "%.*s%.*s", STR_ARG(url), STR_ARG(http_target(rq))),
			http_arena(rq));

		desk_headers(rq, false);
		http_answer_redirect(rq, location != NULL ? location : "/");
	} else {
		desk_answer_plain(rq, room, 403, "Another address",
			STR("The desk answers forms only at its own address. Go there and do it again."),
			NULL, STR(""));
	}
	return false;
}

static void refuse_forged(struct http_request *rq, struct room *room)
{
	desk_answer_plain(rq, room, 403, "Please do that again",
		STR("This form did not come from your own session. Nothing was changed. "
		"Go back, load the page again and repeat it."), NULL, STR(""));
}

static bool is_genuine(struct http_request *rq, const struct desk_visit *visit)
{
	if (!str_is(http_method(rq), "POST"))
		return true;
	return !http_is_cross_site(rq) && secret_equal(http_field(rq, "csrf"), str_from(visit->csrf));
}

enum desk_entry desk_visit_writing(struct http_request *rq, void *self, enum desk_right right, struct desk_visit **out)
{
	struct room *room = self;
	struct str session = http_cookie(rq, "desk");
	struct desk_visit *visit = arena_alloc(http_arena(rq), sizeof(*visit));

	if (!desk_is_at_home(rq, room))
		return DESK_ANSWERED;
	must(visit != NULL); /* the first piece of a fresh request */
	visit->room = room;
	visit->rq = rq;
	visit->arena = http_arena(rq);
	*out = visit;
	if (http_is_cross_site(rq) && str_is(http_method(rq), "POST")) {
		refuse_forged(rq, room);
		return DESK_ANSWERED;
	}
	if (!desk_session_find(room, session, visit->arena, &visit->person))
		return DESK_NO_SESSION;
	make_csrf(session, visit->csrf);
	if ((visit->person.rights & right) != right) {
		desk_answer_plain(rq, room, 403, "Not yours to open",
			STR("Your role does not include this. An editor can do it."), NULL,
			STR(""));
		return DESK_ANSWERED;
	}
	return is_genuine(rq, visit) ? DESK_IN : DESK_FORGED;
}

bool desk_visit_begin(struct http_request *rq, void *self, enum desk_right right, struct desk_visit **out)
{
	struct room *room = self;

	switch (desk_visit_writing(rq, self, right, out)) {
	case DESK_IN:
		return true;
	case DESK_NO_SESSION:
		desk_answer_plain(rq, room, 403, "Sign in",
			STR("You are not signed in, or your session has ended. A technician makes a link "
			"for you at the server: mimeo staff link NAME. What you typed is still in the page before: go back to copy it."), NULL, STR(""));
		return false;
	case DESK_FORGED:
		refuse_forged(rq, room);
		return false;
	case DESK_ANSWERED:
		return false;
	}
	return false;
}

/* --- the page around it --- */

static void add_tabs(struct desk_visit *visit, struct press_value *root, const char *current)
{
	static const struct {
		const char *word, *name, *href;
		enum desk_right right;
	} tabs[] = {
		{"stories", "Stories", "/stories", DESK_READ},
		{"newsletter", "Newsletter", "/newsletter", DESK_LETTER},
		{"support", "Support", "/support", DESK_MONEY},
		{"site", "Site", "/site", DESK_SITE},
		{"people", "People", "/people", DESK_PEOPLE},
	};
	struct press_value *list = press_set_list(root, "tabs");

	for (size_t i = 0; i < sizeof(tabs) / sizeof(tabs[0]); i++) {
		struct press_value *tab;

		if ((visit->person.rights & tabs[i].right) == 0)
			continue;
		tab = press_add_map(list);
		press_set_c(tab, "name", tabs[i].name);
		press_set_c(tab, "href", tabs[i].href);
		press_set_bool(tab, "current", strcmp(tabs[i].word, current) == 0);
	}
}

struct press_value *desk_values(struct desk_visit *visit, const char *tab, const char *title)
{
	struct press_value *root = press_map(visit->arena);
	struct str done = http_query(visit->rq, "done");

	press_set_c(root, "title", title);
	press_set_text(root, "newsroom", visit->room->settings.name);
	press_set_text(root, "site_url", visit->room->settings.url);
	press_set_text(root, "person", visit->person.name);
	press_set_text(root, "role", visit->person.role);
	press_set_c(root, "csrf", visit->csrf);
	press_set_bool(root, "signed_in", true);
	press_set_bool(root, "read_only", visit->room->read_only);
	press_set_bool(root, "test_mode", visit->room->settings.support_on && !visit->room->settings.live);
	for (size_t i = 0; i < sizeof(notices) / sizeof(notices[0]); i++)
		if (str_is(done, notices[i].key))
			press_set_c(root, "notice", notices[i].text);
	add_tabs(visit, root, tab);
	desk_pulse_values(visit, root);
	if (str_is(http_path(visit->rq), "/stories") || str_is(http_path(visit->rq), "/site"))
		desk_set_steps(visit, root);
	return root;
}

void desk_answer(struct desk_visit *visit, int status, const char *template_name, const struct press_value *root)
{
	desk_headers(visit->rq, strcmp(template_name, "desk_issue") == 0 || strcmp(template_name, "desk_draft") == 0);
	render(visit->rq, visit->room, status, template_name, root);
}

void desk_answer_fault(struct desk_visit *visit, const struct fault *f, const char *tab, const char *back)
{
	struct press_value *root = desk_values(visit, tab, "This did not work");

	if (f->kind == FAULT_IO || f->kind == FAULT_UNCERTAIN)
		log_fault(f, "a desk page");
	press_set_text(root, "sentence", str_copy(str_from(f->say), visit->arena));
	press_set_bool(root, "is_fault", true);
	press_set_c(root, "back", back);
	desk_answer(visit, fault_http_status(f->kind), "desk_small", root);
}

void desk_answer_done(struct desk_visit *visit, const char *path, const char *notice)
{
	char *location = str_to_c(str_format(visit->arena, "%s?done=%s", path, notice), visit->arena);

	desk_headers(visit->rq, false);
	http_answer_redirect(visit->rq, location != NULL ? location : path);
}

void desk_answer_question(struct desk_visit *visit, const struct desk_question *question)
{
	struct press_value *root = desk_values(visit, question->tab, question->title);

	press_set_text(root, "sentence", question->sentence);
	press_set_text(root, "more", question->more);
	press_set_c(root, "button", question->button);
	press_set_text(root, "action", question->action);
	press_set_text(root, "back", question->back);
	press_set_bool(root, "is_danger", question->is_danger);
	if (question->field != NULL) {
		press_set_c(root, "field", question->field);
		press_set_c(root, "field_label", question->field_label);
	}
	desk_answer(visit, 200, "desk_small", root);
}

void desk_answer_plain(struct http_request *rq, struct room *room, int status, const char *title, struct str sentence,
	const char *button, struct str action)
{
	struct press_value *root = press_map(http_arena(rq));

	press_set_c(root, "title", title);
	press_set_text(root, "newsroom", room->settings.name);
	press_set_text(root, "sentence", sentence);
	if (button != NULL) {
		press_set_c(root, "button", button);
		press_set_text(root, "action", action);
	}
	desk_headers(rq, false);
	render(rq, room, status, "desk_small", root);
}

/* --- words and numbers --- */

const struct locale *desk_locale(struct room *room)
{
	return theme_locale(room->theme, STR("en")); /* the desk speaks English; the site speaks what its stories do */
}

struct str desk_when(struct room *room, struct when when, struct arena *arena)
{
	struct civil at = clock_civil(when), now = clock_civil(clock_now());
	struct str day;

	if (when.us == 0)
		return STR("");
	if (at.year == now.year && at.month == now.month && at.day == now.day)
		return str_format(arena, "Today %02d:%02d", at.hour, at.minute);
	day = locale_date(desk_locale(room), &at, arena);
	return str_format(arena, "%.*s, %02d:%02d", STR_ARG(day), at.hour, at.minute);
}

struct str desk_when_within(struct room *room, struct when when, struct arena *arena)
{
	struct str text = desk_when(room, when, arena);

	return str_starts(text, STR("Today ")) ? str_format(arena, "today %.*s", STR_ARG(str_part(text, 6, SIZE_MAX)))
		: text;
}

struct str desk_id(int64_t id, struct arena *arena)
{
	return str_format(arena, "%" PRId64, id);
}

bool desk_parse_id(struct str text, int64_t *id)
{
	return str_to_i64(text, id) && *id > 0;
}

/* --- asking another room --- */

struct desk_question_to_room {
	struct desk_visit *visit;
	desk_reply_call *done;
	void *more;
};

static void on_reply(void *self, const struct http_reply *reply, const struct fault *f)
{
	struct desk_question_to_room *question = self;
	struct fault own = {0};
	json_t *json = NULL;

	if (f == NULL && http_reply_ok(reply, &own) && !http_json_parse(reply->body, &json, &own))
		json = NULL;
	question->done(question->visit, json, json != NULL ? NULL : f != NULL ? f : &own, question->more);
	json_decref(json);
}

void desk_ask(struct desk_visit *visit, const char *other, const char *method, const char *path, json_t *body,
	desk_reply_call *done, void *more)
{
	struct desk_question_to_room *question = arena_alloc(visit->arena, sizeof(*question));
	struct fault f = {0};

	if (question == NULL) {
		json_decref(body);
		fault_full(&f, "this request");
		done(visit, NULL, &f, more);
		return;
	}
	question->visit = visit;
	question->done = done;
	question->more = more;
	if (!room_call(visit->room, other, method, path, body, on_reply, question, &f))
		done(visit, NULL, &f, more);
}
