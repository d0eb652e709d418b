/* desk_visit.h: one request of somebody at the desk: who it is, what they may, and the page that they get.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_DESK_VISIT_H
#define DESK_DESK_VISIT_H

#include <jansson.h>
#include <stdbool.h>
#include "base/clock.h"
#include "base/fault.h"
#include "base/money.h"
#include "base/str.h"
#include "desk/desk_staff.h"

struct arena;
struct http_reply;
struct http_request;
struct locale;
struct press_value;
struct room;

enum { DESK_CSRF_CHARS = 32 };

struct desk_visit {
	struct room *room;
	struct http_request *rq;
	struct arena *arena;             /* the request's */
	struct desk_person person;
	char csrf[DESK_CSRF_CHARS + 1];  /* bound to the session: in every form */
};

/* Whether the request came to desk_url's host; where not, it is answered: a GET is sent there. */
bool desk_is_at_home(struct http_request *rq, struct room *room);

/* Who asks, and may they? False: it is answered already (sign in first; not yours; another host name; a forged form). The visit
 * lives in the request's arena. A POST needs the form's `csrf`. */
bool desk_visit_begin(struct http_request *rq, void *self, enum desk_right right, struct desk_visit **visit);

/* The same for a form that carries what somebody typed: DESK_NO_SESSION and DESK_FORGED are not answered yet, so that the answer can hold it.
 * *visit has room, request and arena then; with DESK_FORGED also person and csrf. */
enum desk_entry { DESK_IN, DESK_ANSWERED, DESK_NO_SESSION, DESK_FORGED };
enum desk_entry desk_visit_writing(struct http_request *rq, void *self, enum desk_right right, struct desk_visit **visit);

/* A page's values with the bar; add the page's own. tab: "stories", "newsletter", "support", "site", "people". */
struct press_value *desk_values(struct desk_visit *visit, const char *tab, const char *title);
void desk_answer(struct desk_visit *visit, int status, const char *template_name, const struct press_value *root);
/* What failed, in the desk's look; back: where to go on. */
void desk_answer_fault(struct desk_visit *visit, const struct fault *f, const char *tab, const char *back);
/* Done: go and see, with a line that says what happened ("done" in the address is a key of desk_notices). */
void desk_answer_done(struct desk_visit *visit, const char *path, const char *notice);
/* A page that asks before something that cannot be undone. */
struct desk_question {
	const char *tab, *title;
	struct str sentence, more;       /* more may be empty */
	const char *button;
	struct str action, back;
	const char *field;               /* a text field, or NULL */
	const char *field_label;
	bool is_danger;
};
void desk_answer_question(struct desk_visit *visit, const struct desk_question *question);

/* For people without a session: sign-in pages, "not here". */
void desk_answer_plain(struct http_request *rq, struct room *room, int status, const char *title, struct str sentence,
	const char *button, struct str action);
/* A page made with the bare headers of the desk; used by all of the above. */
void desk_headers(struct http_request *rq, bool frames_preview);

/* "Today 14:05", "20 November 2026, 14:05"; empty for none. */
struct str desk_when(struct room *room, struct when when, struct arena *arena);
/* The same within a sentence: "today 14:05". */
struct str desk_when_within(struct room *room, struct when when, struct arena *arena);
const struct locale *desk_locale(struct room *room);
struct str desk_id(int64_t id, struct arena *arena);
bool desk_parse_id(struct str text, int64_t *id);

/* Asks another room; `done` gets its JSON (NULL and a fault otherwise) and answers the visit. body's reference is taken. */
typedef void desk_reply_call(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more);
void desk_ask(struct desk_visit *visit, const char *other, const char *method, const char *path, json_t *body,
	desk_reply_call *done, void *more);

/* --- desk_pulse.c: is everything well? --- */
/* {{health}}: {text, class, ok}; asks the rooms again in the background when what is known is old. */
void desk_pulse_values(struct desk_visit *visit, struct press_value *root);
/* What newsletter and support said last of what they have seen work. */
struct desk_known {
	bool newsletter_answered, mail_is_set, mail_went;
	bool support_answered, payments_are_set, webhook_seen;
};
struct desk_known desk_pulse_known(void);
/* Each finding for the page "Site". */
void desk_pulse_list(struct desk_visit *visit, struct press_value *root);

#endif
