/* newsletter_bounce.h: bounces and complaints: tokens, effects, how reports come in.
 * SPDX-License-Identifier: ISC */
#ifndef NEWSLETTER_NEWSLETTER_BOUNCE_H
#define NEWSLETTER_NEWSLETTER_BOUNCE_H

#include <jansson.h>
#include <stdbool.h>
#include "base/email.h"
#include "base/str.h"
#include "house/room.h"
#include "mail/letter.h"
#include "mail/report.h"

struct fault;
struct newsletter;

/* --- newsletter_bounce.c --- */

enum { NEWSLETTER_TOKEN_CHARS = 32 };
/* Of the return path, the Message-ID and the address to leave by: one cannot be made into another. */
enum newsletter_token_use { NEWSLETTER_TOKEN_BOUNCE, NEWSLETTER_TOKEN_MESSAGE, NEWSLETTER_TOKEN_LEAVE };

/* 32 characters, a–z and 2–7, always the same for a delivery; they name nobody, and only the index key makes or reads them. */
void newsletter_token_make(const struct newsletter *n, enum newsletter_token_use use, int64_t delivery,
	char out[NEWSLETTER_TOKEN_CHARS + 1]);
/* False for what is not of this home's key. Either case of letters: mail servers change it. */
bool newsletter_token_open(const struct newsletter *n, enum newsletter_token_use use, struct str text, int64_t *delivery);

/* The envelope's sender (MAIL FROM) of a delivery: bounce_address with its token, else from_address. out must live as long
 * as the result. */
struct str newsletter_return_path(const struct newsletter *n, int64_t delivery, char out[EMAIL_BYTES + 1]);
/* bounce_address with a genuine token. */
bool newsletter_is_bounce_address(const struct newsletter *n, struct str address);

/* For the sender: a 5xx to RCPT (or DATA) of a delivery. reply, enhanced status ("5.1.1" or empty) and words are the server's.
 * Where they say that there is no such mailbox, the subscriber is suppressed as by a hard bounce; else nothing is done.
 * In the caller's transaction, and after this delivery's own row was moved: the subscriber's row goes. Safe to repeat. */
bool newsletter_take_refusal(struct newsletter *n, int64_t delivery, int reply, struct str status, struct str words,
	struct fault *f) __attribute__((warn_unused_result));

/* A transaction of its own. *what: the kind that was counted, "held" (too many hard ones today: muted instead), "ignored"
 * (repeated, too old, or gone), or "stranger" (no token of ours: nothing was changed). Safe to repeat. */
bool newsletter_take_report(struct newsletter *n, const struct mail_report *report, const char **what, struct fault *f)
	__attribute__((warn_unused_result));

/* In the caller's transaction: who confirms again starts anew. */
bool newsletter_lift_bounces(struct newsletter *n, int64_t subscriber, struct fault *f) __attribute__((warn_unused_result));
bool newsletter_erase_old_bounces(struct newsletter *n, int64_t day, struct fault *f) __attribute__((warn_unused_result));
/* Adds muted, left, bounced, complained, and of the last 30 days reports {kind: count}. */
bool newsletter_add_bounce_counts(struct newsletter *n, json_t *json, struct fault *f) __attribute__((warn_unused_result));

/* --- newsletter_reports.c --- */

enum { REPORT_BYTES = MAIL_REPORT_WORK_BYTES }; /* of a mail so much is read; its end is never needed */

struct reports; /* the mails that wait for the child that reads them, one at a time */

/* ok: what follows from the mail is on disk (or nothing follows). False: it must be handed in again later. */
typedef void report_done(void *self, bool ok);

struct reports *reports_new(struct newsletter *n);
void reports_free(struct reports **reports); /* nobody is told any more */
/* Copies the mail. BUSY when too many wait. done is called later, once. */
bool reports_take(struct reports *reports, struct str mail, report_done *done, void *self, struct fault *f)
	__attribute__((warn_unused_result));
void reports_forget(struct reports *reports, void *self); /* whoever gave these mails is gone; they are read all the same */

/* The child "report": a mail on its standard input, one line out. */
bool reports_main(int argc, char **argv, struct fault *f) __attribute__((warn_unused_result));
/* The line: kind, status or "-", marks ("a:…", "l:…"), of a letter "t:…", "f:…", "m:". False for anything else: what the child says is
 * checked, too. */
bool reports_parse_line(struct str line, struct mail_report *report, struct mail_letter *letter);
void reports_write_line(const struct mail_report *report, const struct mail_letter *letter, struct buf *out);

/* --- newsletter_lmtp.c, newsletter_maildir.c: both do nothing where their setting is empty --- */

struct lmtp;
bool lmtp_open(struct lmtp **lmtp, struct newsletter *n, struct fault *f) __attribute__((warn_unused_result));
void lmtp_close(struct lmtp **lmtp);

struct maildir;
bool maildir_open(struct maildir **maildir, struct newsletter *n, struct fault *f) __attribute__((warn_unused_result));
void maildir_look(void *maildir); /* takes the next mail of new/ */
void maildir_close(struct maildir **maildir);

#endif
