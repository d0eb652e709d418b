/* newsletter_inside.h: what the files of the newsletter room share with each other and with nobody else.
 * SPDX-License-Identifier: ISC */
#ifndef NEWSLETTER_NEWSLETTER_INSIDE_H
#define NEWSLETTER_NEWSLETTER_INSIDE_H

#include <jansson.h>
#include "base/buf.h"
#include "base/clock.h"
#include "base/email.h"
#include "base/rand.h"
#include "base/seal.h"
#include "base/str.h"
#include "house/room.h"
#include "newsletter/newsletter_states.h"
#include "store/store.h"
#include "gen/newsletter_sql.h"

struct arena;
struct secret;
struct lmtp;
struct maildir;
struct newsletter_keys;
struct newsletter_sender;
struct reports;

enum {
	PENDING_DAYS = 7,           /* an address that nobody confirmed goes after so many days */
	REMINDER_KEY_DAYS = 60,     /* how long a reminder given twice is known */
	LANGUAGE_BYTES = 36
};

/* room->self */
struct newsletter {
	struct room *room;
	struct secret *list_key, *index_key, *smtp_password;
	struct newsletter_keys *keys;        /* that sign */
	struct reports *reports;
	struct lmtp *lmtp;
	struct maildir *maildir;
	struct sealer *sealer;
	struct newsletter_sender *sender;
	struct loop_timer *intake_timer, *freeze_timer;
};

static inline struct newsletter *newsletter_of(void *room)
{
	return ((struct room *) room)->self;
}

/* --- newsletter_subscriber.c --- */

/* Durable, and the same work for every address; what it means is found out later (newsletter_take_intake). */
bool newsletter_sign_up(struct newsletter *n, const struct email *email, struct str language, struct str policy,
	struct fault *f) __attribute__((warn_unused_result));
/* Reads the forms that came in: subscriber rows and confirmation mails. From a timer, after the answer left. */
void newsletter_take_intake_soon(struct newsletter *n);
bool newsletter_take_intake(struct newsletter *n, struct fault *f) __attribute__((warn_unused_result));
/* Both: an unknown token changes nothing and is no fault. Safe to repeat. A confirmation's token is known for seven
 * days, whether it was used or not; whether an unsubscribe token is known is nobody's business. */
bool newsletter_confirm(struct newsletter *n, struct str token, bool *known, struct fault *f)
	__attribute__((warn_unused_result));
bool newsletter_leave(struct newsletter *n, struct str token, struct fault *f) __attribute__((warn_unused_result));
/* In the caller's transaction: every mail of an issue that this subscriber has not got yet is left out. */
bool newsletter_leave_deliveries(struct newsletter *n, int64_t subscriber, struct fault *f)
	__attribute__((warn_unused_result));
/* Erases what is too old and writes down that it ran. */
bool newsletter_daily(struct newsletter *n, struct fault *f) __attribute__((warn_unused_result));
/* Once durable: a reminder that is mailed once and erased. INPUT for an address or URL that is none. */
bool newsletter_take_reminder(struct newsletter *n, struct str key, struct str to, struct str language, struct str url,
	struct fault *f) __attribute__((warn_unused_result));

/* --- newsletter_issue.c --- */

struct newsletter_issue {
	int64_t id;
	struct str subject, preheader, language, html, text, hash;
	enum issue_state state;
};

/* lower-case hex of BLAKE2b-256 over subject "\n" html "\n" text */
void newsletter_issue_hash(const struct newsletter_issue *issue, char out[65]);
/* Checked, composed once for trial, stored. *is_new: false when the same bytes were there already. */
bool newsletter_issue_put(struct newsletter *n, const struct newsletter_issue *issue, bool *is_new, struct fault *f)
	__attribute__((warn_unused_result));
bool newsletter_issue_read(struct newsletter *n, int64_t id, struct arena *arena, struct newsletter_issue *issue,
	struct fault *f) __attribute__((warn_unused_result));
/* The state as ROOMS.md has it; a new reference. */
bool newsletter_issue_json(struct newsletter *n, int64_t id, json_t **out, struct fault *f)
	__attribute__((warn_unused_result));
bool newsletter_issue_send(struct newsletter *n, int64_t id, struct str approved_by, struct fault *f)
	__attribute__((warn_unused_result));
bool newsletter_issue_pause(struct newsletter *n, int64_t id, struct fault *f) __attribute__((warn_unused_result));
/* One batch of recipients of one issue that is being counted; *more: there is more to do. */
bool newsletter_freeze_recipients(struct newsletter *n, bool *more, struct fault *f)
	__attribute__((warn_unused_result));
void newsletter_freeze_soon(struct newsletter *n);

/* --- newsletter_mail.c --- */

enum outgoing_kind { OUTGOING_ISSUE, OUTGOING_CONFIRM, OUTGOING_REMINDER, OUTGOING_KIND_COUNT };
struct str outgoing_kind_name(enum outgoing_kind kind);

/* One mail in our hands, opened. */
struct outgoing {
	int64_t id, issue, subscriber, attempts;
	enum outgoing_kind kind;
	enum delivery_state state;           /* as the database has it */
	struct email to;
	char language[LANGUAGE_BYTES];
	char token[RAND_TOKEN_CHARS + 1];    /* of its unsubscribe or confirmation link */
	char url[SEAL_PLAIN_BYTES];          /* a reminder's */
	const char *const *dkim_omit;        /* headers that the mail's host rewrites: left unsigned; NULL-ended or NULL */
};

/* The whole signed mail. issue: for OUTGOING_ISSUE, else NULL. */
bool newsletter_compose(struct newsletter *n, const struct outgoing *outgoing, const struct newsletter_issue *issue,
	struct buf *out, struct fault *f) __attribute__((warn_unused_result));
/* Why no mail can be made or sent with these settings; NULL: it can. */
const char *newsletter_cannot_mail(const struct newsletter *n);
struct str newsletter_dkim_domain(const struct newsletter *n);

/* --- newsletter_claim.c --- */

enum { QUEUE_MOST = 64 };

/* Claimed, not yet on a connection. */
struct newsletter_queue {
	struct outgoing items[QUEUE_MOST];
	size_t at, count;
};

/* Fills the empty queue with what is due; issues of which nothing is left end, unless is_under_way says otherwise. */
bool newsletter_claim(struct newsletter *n, struct newsletter_queue *queue,
	bool (*is_under_way)(void *self, int64_t issue),
	void *self, struct fault *f) __attribute__((warn_unused_result));
/* What waits in the queue is queued again: an issue was paused, or the room ends. */
void newsletter_release(struct newsletter *n, struct newsletter_queue *queue);
/* After a kill: what was in our hands is queued again, what may have arrived is in doubt. */
bool newsletter_recover(struct newsletter *n, struct fault *f) __attribute__((warn_unused_result));

/* --- newsletter_sender.c --- */

bool newsletter_sender_open(struct newsletter *n, struct fault *f) __attribute__((warn_unused_result));
/* Something may be there to send. */
void newsletter_sender_poke(struct newsletter *n);
/* What was claimed and not begun is queued again: an issue was paused. */
void newsletter_sender_release(struct newsletter *n);
/* Takes up nothing new; done(self) when nothing is under way, or after limit_ms (what is left is told as it ended).
 * */
void newsletter_sender_drain(struct newsletter *n, int64_t limit_ms, void (*done)(void *self), void *self);
void newsletter_sender_close(struct newsletter *n);
/* Adds smtp, smtp_say, queue, in_doubt. */
bool newsletter_sender_health(struct newsletter *n, json_t *health, struct fault *f)
	__attribute__((warn_unused_result));

#ifdef MIMEO_DEBUG
/* Tests: the process ends (_exit(99)) when it comes to this point for the n-th time. */
void newsletter_crash_at(const char *point, int n);
void newsletter_point(const char *point);
#else
#define newsletter_point(point) ((void) 0)
#endif

/* --- newsletter_public.c, newsletter_routes.c --- */

extern const struct http_route newsletter_front_routes[], newsletter_desk_routes[], newsletter_support_routes[],
	newsletter_cli_routes[];

#endif
