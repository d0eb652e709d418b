/* desk_issue_steps.c: what can be done with a frozen issue: send, pause, go on, cancel, send again what is in doubt.
 *
 * Decides: what is asked before, and in which words. Leaves to others: all of it is done by newsletter, which counts for itself. Runs in: desk.
 * The hard thing: what cannot be undone says on a page of its own what will happen, and to how many.
 * SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include "base/arena.h"
#include "desk/desk_doings.h"
#include "desk/desk_issue.h"
#include "desk/desk_letter.h"
#include "desk/desk_pages.h"
#include "gen/desk_sql.h"
#include "house/room.h"
#include "http/http_client.h"
#include "press/locale.h"

/* --- sending --- */

static void ask_to_send(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	struct desk_question question = {.tab = "newsletter", .title = "Send this issue?", .button = "Send now",
		.is_danger = true};
	struct desk_issue *page = more;

	if (f != NULL) {
		desk_answer_fault(visit, f, "newsletter", "/newsletter");
		return;
	}
	question.sentence = str_format(visit->arena, "“%.*s” goes now to %.*s.", STR_ARG(page->row.columns[0].bytes),
		STR_ARG(locale_plural(desk_locale(visit->room), "subscribers", desk_json_number(reply, "readers"),
		visit->arena)));
	question.more = STR("Who gets it is fixed and counted at this moment. A mail that has left cannot be called back; a pause stops those that "
		"have not.");
	question.action = str_format(visit->arena, "%.*s/send", STR_ARG(page->here));
	question.back = page->here;
	desk_answer_question(visit, &question);
}

void desk_get_send(struct http_request *rq, void *self)
{
	struct desk_issue *page;
	struct desk_visit *visit;

	if (desk_visit_begin(rq, self, DESK_SEND, &visit) && (page = desk_issue_begin(visit)) != NULL)
		desk_ask(visit, "newsletter", "GET", "/count", NULL, ask_to_send, page);
}

static void done_with(struct desk_visit *visit, const struct desk_issue *page, const struct fault *f, const char *what,
	const char *notice)
{
	char *path = str_to_c(page->here, visit->arena);

	if (f != NULL) {
		desk_answer_fault(visit, f, "newsletter", path != NULL ? path : "/newsletter");
		return;
	}
	desk_audit(visit->room, visit->person.name, what, page->row.columns[0].bytes);
	desk_answer_done(visit, path != NULL ? path : "/newsletter", notice);
}

static void on_sent(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	const struct desk_issue *page = more;

	(void) reply;
	if (f == NULL)
		desk_issue_started(visit->room, page->id);
	done_with(visit, page, f, "sent the issue", "sending");
}

void desk_post_send(struct http_request *rq, void *self)
{
	struct desk_issue *page;
	struct desk_visit *visit;
	json_t *body;

	if (!desk_visit_begin(rq, self, DESK_SEND, &visit) || (page = desk_issue_begin(visit)) == NULL)
		return;
	body = json_object();
	json_object_set_new(body, "approved_by", http_json_str(visit->person.name));
	desk_ask(visit, "newsletter", "POST", desk_issue_path(visit, page, "/send"), body, on_sent, page);
}

static void on_paused(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	(void) reply;
	done_with(visit, more, f, "paused the issue", "paused");
}

void desk_post_pause(struct http_request *rq, void *self)
{
	struct desk_issue *page;
	struct desk_visit *visit;

	if (desk_visit_begin(rq, self, DESK_SEND, &visit) && (page = desk_issue_begin(visit)) != NULL)
		desk_ask(visit, "newsletter", "POST", desk_issue_path(visit, page, "/pause"), json_object(), on_paused, page);
}

/* --- cancelling --- */

static void ask_to_cancel(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	struct desk_question question = {.tab = "newsletter", .title = "Cancel this issue?", .button = "Cancel it for good", .is_danger = true};
	struct desk_issue *page = more;
	int64_t rest;

	if (f != NULL) {
		desk_answer_fault(visit, f, "newsletter", "/newsletter");
		return;
	}
	rest = desk_json_number(reply, "recipients") - desk_json_number(reply, "handled");
	question.sentence = desk_json_number(reply, "started") == 0
		? str_format(visit->arena, "“%.*s” is not sent. Its draft can be changed and approved again.", STR_ARG(page->row.columns[0].bytes))
		: str_format(visit->arena, "“%.*s” reached %.*s. The other %.*s never get it.", STR_ARG(page->row.columns[0].bytes),
			STR_ARG(locale_plural(desk_locale(visit->room), "subscribers", desk_json_number(reply, "accepted"), visit->arena)),
			STR_ARG(locale_number(desk_locale(visit->room), rest > 0 ? rest : 0, visit->arena)));
	question.more = desk_json_number(reply, "started") == 0 ? (struct str){NULL, 0}
		: STR("This cannot be taken back. To stop for a while, pause it instead.");
	question.action = str_format(visit->arena, "%.*s/cancel", STR_ARG(page->here));
	question.back = page->here;
	desk_answer_question(visit, &question);
}

void desk_get_cancel(struct http_request *rq, void *self)
{
	struct desk_issue *page;
	struct desk_visit *visit;

	if (desk_visit_begin(rq, self, DESK_SEND, &visit) && (page = desk_issue_begin(visit)) != NULL)
		desk_ask(visit, "newsletter", "GET", desk_issue_path(visit, page, ""), NULL, ask_to_cancel, page);
}

/* One that never began is gone here, too: its draft is open again. */
static void on_cancelled(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	const struct desk_issue *page = more;
	struct fault own = {0};

	if (f == NULL && desk_json_number(reply, "started") == 0) {
		if (!desk_issue_cancelled(visit->room, page->id, &own)) {
			desk_answer_fault(visit, &own, "newsletter", "/newsletter");
			return;
		}
		desk_audit(visit->room, visit->person.name, "cancelled the issue", page->row.columns[0].bytes);
		desk_answer_done(visit, "/newsletter", "cancelled");
		return;
	}
	done_with(visit, page, f, "cancelled the issue", "cancelled");
}

void desk_post_cancel(struct http_request *rq, void *self)
{
	struct desk_issue *page;
	struct desk_visit *visit;
	json_t *body;

	if (!desk_visit_begin(rq, self, DESK_SEND, &visit) || (page = desk_issue_begin(visit)) == NULL)
		return;
	body = json_object();
	json_object_set_new(body, "by", http_json_str(visit->person.name));
	desk_ask(visit, "newsletter", "POST", desk_issue_path(visit, page, "/cancel"), body, on_cancelled, page);
}

/* --- what is in doubt --- */

static void ask_to_resend(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	struct desk_question question = {.tab = "newsletter", .title = "Send again what is in doubt?", .button = "Send these again", .is_danger = true};
	struct desk_issue *page = more;

	if (f != NULL) {
		desk_answer_fault(visit, f, "newsletter", "/newsletter");
		return;
	}
	question.sentence = str_format(visit->arena, "Of “%.*s”, the mail server never answered for %.*s: nobody knows whether they got it.",
		STR_ARG(page->row.columns[0].bytes),
		STR_ARG(locale_plural(desk_locale(visit->room), "subscribers", desk_json_number(reply, "in_doubt"), visit->arena)));
	question.more = STR("Some of them will get it twice. It keeps its Message-ID, so that many mail programs show it once.");
	question.action = str_format(visit->arena, "%.*s/resend", STR_ARG(page->here));
	question.back = page->here;
	desk_answer_question(visit, &question);
}

void desk_get_resend(struct http_request *rq, void *self)
{
	struct desk_issue *page;
	struct desk_visit *visit;

	if (desk_visit_begin(rq, self, DESK_SEND, &visit) && (page = desk_issue_begin(visit)) != NULL)
		desk_ask(visit, "newsletter", "GET", desk_issue_path(visit, page, ""), NULL, ask_to_resend, page);
}

static void on_resent(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	(void) reply;
	done_with(visit, more, f, "sent again what was in doubt of the issue", "resent");
}

void desk_post_resend(struct http_request *rq, void *self)
{
	struct desk_issue *page;
	struct desk_visit *visit;

	if (desk_visit_begin(rq, self, DESK_SEND, &visit) && (page = desk_issue_begin(visit)) != NULL)
		desk_ask(visit, "newsletter", "POST", desk_issue_path(visit, page, "/resend-doubts"), json_object(), on_resent, page);
}
