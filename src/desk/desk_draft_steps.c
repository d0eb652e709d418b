/* desk_draft_steps.c: from a draft to mail: new drafts, previews, test mails, approving, taking that back, throwing away.
 *
 * Decides: what is asked before. Leaves to others: freezing and handing over (compose.c), sending (newsletter). Runs in: desk. The hard thing:
 * what is approved is what was looked at: the question carries the draft's version, and another one is refused.
 * SPDX-License-Identifier: ISC */
#include "desk/desk_draft_steps.h"

#include <inttypes.h>
#include <string.h>
#include "base/arena.h"
#include "base/email.h"
#include "desk/desk_doings.h"
#include "desk/desk_draft.h"
#include "desk/desk_letter.h"
#include "desk/desk_pages.h"
#include "desk/issue_mail.h"
#include "desk/slot_clock.h"
#include "gen/desk_sql.h"
#include "house/room.h"
#include "http/http_client.h"
#include "press/locale.h"
#include "press/value.h"
#include "store/store.h"

enum { COOKIE_DAYS = 30 };

/* --- a new one --- */

void desk_post_drafts(struct http_request *rq, void *self)
{
	struct desk_visit *visit;
	struct fault f = {0};
	int64_t id = 0;
	char *path;

	if (!desk_visit_begin(rq, self, DESK_LETTER, &visit))
		return;
	if (!issue_draft_from_week_in(visit->room, (struct when){0}, http_field(rq, "lang"), &id, &f)) {
		desk_answer_fault(visit, &f, "newsletter", "/newsletter");
		return;
	}
	path = str_to_c(str_format(visit->arena, "/newsletter/drafts/%" PRId64, id), visit->arena);
	desk_headers(rq, false);
	http_answer_redirect(rq, path != NULL ? path : "/newsletter");
}

/* --- previews --- */

void desk_answer_mail(struct desk_visit *visit, struct str html)
{
	char *csp = str_to_c(str_format(visit->arena,
		"default-src 'none'; img-src 'self' data: %.*s; style-src 'unsafe-inline'; sandbox; "
		"base-uri 'none'; form-action 'none'; frame-ancestors 'self'", STR_ARG(visit->room->settings.url)), visit->arena);

	http_set(visit->rq, "Content-Security-Policy", csp != NULL ? csp : "default-src 'none'; sandbox");
	http_set(visit->rq, "X-Content-Type-Options", "nosniff");
	http_set(visit->rq, "Referrer-Policy", "no-referrer");
	http_set(visit->rq, "Cache-Control", "no-store");
	http_answer_html(visit->rq, 200, html);
}

void desk_get_draft_preview(struct http_request *rq, void *self)
{
	struct desk_issue_wish wish;
	struct desk_draft *page;
	struct desk_visit *visit;
	struct issue_mail mail;
	struct fault f = {0};

	if (!desk_visit_begin(rq, self, DESK_LETTER, &visit) || (page = desk_draft_load(visit)) == NULL)
		return;
	if (!issue_mail_wish(&page->draft, visit->arena, &wish, &f)
		|| !issue_mail_compose(visit->room, &wish, false, visit->arena, &mail, &f))
		desk_answer_fault(visit, &f, "newsletter", "/newsletter");
	else
		desk_answer_mail(visit, str_is(http_query(rq, "view"), "dark") ? issue_mail_dark(mail.html, visit->arena) : mail.html);
}

/* --- a test mail --- */

static void on_test(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	struct desk_draft *page = more;
	char *path;

	if (f != NULL) {
		page->wrong = (struct fault){0};
		fault_set(&page->wrong, f->kind, "The test mail was not sent: %s", f->say);
		page->status = fault_http_status(f->kind);
		desk_answer_draft(page);
		return;
	}
	path = str_to_c(str_format(visit->arena, "%.*s?test=%" PRId64 "#test", STR_ARG(page->here), desk_json_number(reply, "id")), visit->arena);
	desk_headers(visit->rq, false);
	http_answer_redirect(visit->rq, path != NULL ? path : "/newsletter");
}

/* Addresses in other scripts are typed again the next time. */
static bool fits_cookie(struct str text)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if (text.at[i] <= ' ' || text.at[i] > '~' || strchr(";,\"\\", text.at[i]) != NULL)
			return false;
	return true;
}

void desk_draft_test(struct desk_draft *page)
{
	struct desk_visit *visit = page->visit;
	struct desk_issue_wish wish = {0};
	struct issue_mail mail = {0};
	struct email to;
	char *cookie;
	json_t *body;

	if (page->to.len == 0)
		fault_set(&page->wrong, FAULT_INPUT, "Write the address that the test mail goes to.");
	else if (email_parse(page->to, &to, &page->wrong) && issue_mail_wish(&page->draft, visit->arena, &wish, &page->wrong))
		(void) !issue_mail_compose(visit->room, &wish, false, visit->arena, &mail, &page->wrong);
	if (page->wrong.kind != FAULT_NONE) {
		page->status = fault_http_status(page->wrong.kind);
		desk_answer_draft(page);
		return;
	}
	cookie = str_to_c(fits_cookie(page->to) ? page->to : STR(""), visit->arena);
	http_set_cookie(visit->rq, "test_to", cookie != NULL ? cookie : "", "/newsletter", (int64_t) COOKIE_DAYS * 86400, true,
		str_starts(visit->room->settings.desk_url, STR("https://")));
	body = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "to", http_json_str(page->to), "by", http_json_str(visit->person.name), "subject",
		http_json_str(str_format(visit->arena, "Test: %.*s", STR_ARG(mail.subject))), "preheader", http_json_str(mail.preheader), "language",
		http_json_str(mail.lang), "html", http_json_str(mail.html), "text", http_json_str(mail.text), "sender_name",
		http_json_str(mail.sender_name));
	desk_ask(visit, "newsletter", "POST", "/mails/test", body, on_test, page);
}

/* --- approving --- */

/* What it lacks comes back in the composer, not as a page of its own. */
static bool is_fit(struct desk_draft *page, struct desk_issue_wish *wish)
{
	struct desk_visit *visit = page->visit;
	struct issue_mail mail;

	if (!slot_clock_allows(visit->room, &page->draft, &page->wrong) || !issue_mail_wish(&page->draft, visit->arena, wish, &page->wrong)
		|| !issue_mail_compose(visit->room, wish, true, visit->arena, &mail, &page->wrong)) {
		page->status = fault_http_status(page->wrong.kind);
		return false;
	}
	if (wish->send_at.us != 0 && wish->send_at.us <= clock_now().us && page->draft.slot.us == 0) {
		page->status = 400;
		return fault_set(&page->wrong, FAULT_INPUT, "The time at which it shall go is over: choose a later one, or none to send it now.");
	}
	return true;
}

void desk_draft_ask(struct desk_draft *page)
{
	struct desk_issue_wish wish;
	char *path;

	if (!is_fit(page, &wish)) {
		desk_answer_draft(page);
		return;
	}
	path = str_to_c(str_format(page->visit->arena, "%.*s/approve", STR_ARG(page->here)), page->visit->arena);
	desk_headers(page->visit->rq, false);
	http_answer_redirect(page->visit->rq, path != NULL ? path : "/newsletter");
}

static void on_count(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	struct desk_draft *page = more;
	struct str when = desk_draft_when(visit, &page->draft);
	struct desk_question question = {.tab = "newsletter", .title = when.len > 0 ? "Approve this issue?" : "Send this issue?",
		.button = when.len > 0 ? "Approve" : "Send now", .is_danger = when.len == 0, .back = page->here};

	if (f != NULL) {
		desk_answer_fault(visit, f, "newsletter", "/newsletter");
		return;
	}
	question.sentence = str_format(visit->arena, "“%.*s” goes %.*s to %.*s.", STR_ARG(page->draft.subject),
		STR_ARG(when.len > 0 ? str_format(visit->arena, "on %.*s", STR_ARG(when)) : STR("now")),
		STR_ARG(locale_plural(desk_locale(visit->room), "subscribers", desk_json_number(reply, "readers"), visit->arena)));
	question.more = when.len > 0 ? STR("It is frozen as it is now. Until it begins you can take the approval back, change it and approve it again.")
		: STR("Who gets it is fixed and counted at this moment. A mail that has left cannot be called back; a pause stops those that have not.");
	question.action = str_format(visit->arena, "%.*s/approve/%" PRId64, STR_ARG(page->here), page->draft.version);
	desk_answer_question(visit, &question);
}

void desk_get_approve(struct http_request *rq, void *self)
{
	struct desk_issue_wish wish;
	struct desk_draft *page;
	struct desk_visit *visit;

	if (!desk_visit_begin(rq, self, DESK_SEND, &visit) || (page = desk_draft_load(visit)) == NULL)
		return;
	if (page->draft.state != ISSUE_DRAFT_OPEN || !is_fit(page, &wish))
		desk_answer_draft(page);
	else
		desk_ask(visit, "newsletter", "GET", "/count", NULL, on_count, page);
}

/* Frozen and with the newsletter; "now" needs the word to begin. */
static void on_begun(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	struct desk_draft *page = more;
	char *path = str_to_c(str_format(visit->arena, "/newsletter/%" PRId64, page->draft.issue), visit->arena);

	(void) reply;
	if (f == NULL) {
		desk_issue_started(visit->room, page->draft.issue);
		desk_audit(visit->room, visit->person.name, "sent the issue", page->draft.subject);
		desk_answer_done(visit, path != NULL ? path : "/newsletter", "sending");
	} else {
		desk_answer_fault(visit, f, "newsletter", path != NULL ? path : "/newsletter");
	}
}

static void on_approved(void *self, int64_t issue, const struct fault *f)
{
	struct desk_draft *page = self;
	struct desk_visit *visit = page->visit;
	char path[64], *here = str_to_c(page->here, visit->arena);
	json_t *body;

	if (f != NULL) {
		page->wrong = *f;
		page->status = fault_http_status(f->kind);
		page->draft.state = ISSUE_DRAFT_OPEN;
		desk_answer_draft(page);
		return;
	}
	desk_audit(visit->room, visit->person.name, "approved the issue", page->draft.subject);
	page->draft.issue = issue;
	if (desk_draft_when(visit, &page->draft).len > 0) {
		desk_answer_done(visit, here != NULL ? here : "/newsletter", "approved");
		return;
	}
	snprintf(path, sizeof(path), "/issues/%" PRId64 "/send", issue);
	body = json_object();
	json_object_set_new(body, "approved_by", http_json_str(visit->person.name));
	desk_ask(visit, "newsletter", "POST", path, body, on_begun, page);
}

void desk_post_approve(struct http_request *rq, void *self)
{
	struct desk_issue_wish wish;
	struct desk_draft *page;
	struct desk_visit *visit;
	int64_t version = 0;

	if (!desk_visit_begin(rq, self, DESK_SEND, &visit) || (page = desk_draft_load(visit)) == NULL)
		return;
	if (page->draft.state == ISSUE_DRAFT_OPEN && (!str_to_i64(http_part(rq, "version"), &version) || version != page->draft.version)) {
		fault_set(&page->wrong, FAULT_CONFLICT, "This issue was changed since you were asked. Look at it again, then approve it.");
		page->status = 409;
	}
	if (page->wrong.kind != FAULT_NONE || page->draft.state != ISSUE_DRAFT_OPEN || !is_fit(page, &wish)) {
		desk_answer_draft(page);
		return;
	}
	wish.approved_by = visit->person.name;
	desk_compose(visit->room, &wish, on_approved, page);
}

/* --- taking it back --- */

static void end_reopening(struct desk_draft *page, struct fault *f)
{
	struct desk_visit *visit = page->visit;
	char *here = str_to_c(page->here, visit->arena);

	if (f->kind != FAULT_NONE) {
		desk_answer_fault(visit, f, "newsletter", here != NULL ? here : "/newsletter");
		return;
	}
	desk_audit(visit->room, visit->person.name, "took the approval back of the issue", page->draft.subject);
	desk_answer_done(visit, here != NULL ? here : "/newsletter", "reopened");
}

static void on_cancelled(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	struct desk_draft *page = more;
	struct fault own = {0};

	(void) reply;
	if (f != NULL && f->kind == FAULT_MISSING) /* it is on its way there, or the poll sends it: once there, it can be cancelled */
		fault_set(&own, FAULT_CONFLICT, "The newsletter does not have this issue yet, so nothing can be taken back: try again in a minute.");
	else if (f != NULL)
		own = *f;
	else
		(void) !desk_issue_cancelled(visit->room, page->draft.issue, &own);
	end_reopening(page, &own);
}

void desk_post_reopen(struct http_request *rq, void *self)
{
	struct desk_draft *page;
	struct desk_visit *visit;
	struct fault f = {0};
	char path[64];
	json_t *body;

	if (!desk_visit_begin(rq, self, DESK_SEND, &visit) || (page = desk_draft_load(visit)) == NULL)
		return;
	if (page->draft.state != ISSUE_DRAFT_APPROVED) {
		(void) !issue_draft_move(visit->room, page->draft.id, ISSUE_DRAFT_IS_REOPENED, &f);
		end_reopening(page, &f);
		return;
	}
	snprintf(path, sizeof(path), "/issues/%" PRId64 "/cancel", page->draft.issue);
	body = json_object();
	json_object_set_new(body, "by", http_json_str(visit->person.name));
	json_object_set_new(body, "only_unbegun", json_true());
	desk_ask(visit, "newsletter", "POST", path, body, on_cancelled, page);
}

/* --- throwing it away --- */

void desk_get_drop(struct http_request *rq, void *self)
{
	struct desk_question question = {.tab = "newsletter", .title = "Throw this draft away?", .button = "Throw it away", .is_danger = true};
	struct desk_draft *page;
	struct desk_visit *visit;

	if (!desk_visit_begin(rq, self, DESK_LETTER, &visit) || (page = desk_draft_load(visit)) == NULL)
		return;
	question.sentence = str_format(visit->arena, "“%.*s” and what was written for it are gone then. The stories stay.",
		STR_ARG(desk_draft_title(visit, &page->draft)));
	question.more = page->draft.slot.us != 0 ? STR("No other draft is made for this slot: nothing goes out then.") : (struct str){NULL, 0};
	question.action = str_format(visit->arena, "%.*s/drop", STR_ARG(page->here));
	question.back = page->here;
	desk_answer_question(visit, &question);
}

void desk_post_drop(struct http_request *rq, void *self)
{
	struct desk_draft *page;
	struct desk_visit *visit;
	struct fault f = {0};

	if (!desk_visit_begin(rq, self, DESK_LETTER, &visit) || (page = desk_draft_load(visit)) == NULL)
		return;
	if (!issue_draft_move(visit->room, page->draft.id, ISSUE_DRAFT_IS_DROPPED, &f)) {
		desk_answer_fault(visit, &f, "newsletter", "/newsletter");
		return;
	}
	desk_audit(visit->room, visit->person.name, "threw away the draft of the issue", desk_draft_title(visit, &page->draft));
	desk_answer_done(visit, "/newsletter", "dropped");
}
