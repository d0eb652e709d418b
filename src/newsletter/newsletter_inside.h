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
#include "mail/dkim.h"
#include "newsletter/newsletter_states.h"
#include "store/store.h"
#include "gen/newsletter_sql.h"

struct arena;
struct flood;
struct secret;
struct newsletter_hosts;
struct lmtp;
struct mail_stencil;
struct maildir;
struct newsletter_keys;
struct newsletter_sender;
struct reports;

enum {
	PENDING_DAYS = 7,           /* an address that nobody confirmed goes after so many days */
	SMTP_COUNT_DAYS = 60,       /* how long what went through each server is kept: a clock may be set back */
	REMINDER_KEY_DAYS = 60,     /* how long a reminder given twice is known */
	LANGUAGE_BYTES = 36,
	NEWSLETTER_MOVES = 32
};

/* Mails of an issue that went from one state to another. */
struct newsletter_moves {
	int64_t issue, mails;
	enum delivery_state from, to;
};

/* room->self */
struct newsletter {
	struct room *room;
	struct secret *list_key, *index_key;
	struct secret *smtp_passwords[SETTINGS_SMTP]; /* as settings.smtp */
	struct newsletter_keys *keys;        /* that sign */
	struct reports *reports;
	struct lmtp *lmtp;
	struct maildir *maildir;
	struct sealer *sealer;
	struct flood *flood;                 /* too many sign-ups */
	struct opener *opener;               /* of the list key */
	struct newsletter_hosts *hosts;
	struct newsletter_sender *sender;
	struct loop_timer *intake_timer, *freeze_timer, *clear_timer;
	struct loop_timer *schedule_timer;
	struct when schedule_next;           /* when the next issue goes by itself; 0: none waits */
	size_t freeze_at_once;               /* recipients frozen between two looks at the loop; 0: as many as at first */
	struct newsletter_moves moves[NEWSLETTER_MOVES]; /* in this transaction, not yet counted */
	size_t move_count;
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
/* Whose row it is leaves, as by a link. */
bool newsletter_erase(struct newsletter *n, int64_t subscriber, struct fault *f) __attribute__((warn_unused_result));
/* In the caller's transaction: every mail of an issue that this subscriber has not got yet is left out. */
bool newsletter_leave_deliveries(struct newsletter *n, int64_t subscriber, struct fault *f)
	__attribute__((warn_unused_result));
/* Erases what is too old and writes down that it ran. */
bool newsletter_daily(struct newsletter *n, struct fault *f) __attribute__((warn_unused_result));
/* Once durable: a reminder that is mailed once and erased. INPUT for an address or URL that is none. */
bool newsletter_take_reminder(struct newsletter *n, struct str key, struct str to, struct str language, struct str url,
	struct fault *f) __attribute__((warn_unused_result));

/* --- newsletter_issue.c --- */

/* When an approved issue goes by itself. */
struct newsletter_plan {
	struct when send_at;                 /* 0: somebody sends it */
	struct str slot;                     /* "2026-11-27"; empty: of none */
	struct str approved_by;
};

struct newsletter_issue {
	int64_t id;
	struct newsletter_plan plan;         /* as it is put; not read back */
	struct str subject, preheader, language, html, text, hash;
	struct str sender_name;              /* who its mails are from; empty: as mimeo.conf says */
	enum issue_state state;
};

/* lower-case hex of BLAKE2b-256 over subject "\n" html "\n" text */
void newsletter_issue_hash(const struct newsletter_issue *issue, char out[65]);
/* What may be mailed: sizes, hash, placeholders; composed once for trial. */
bool newsletter_issue_check(struct newsletter *n, const struct newsletter_issue *issue, struct fault *f)
	__attribute__((warn_unused_result));
/* Checked, stored. *is_new: false when the same bytes were there already. */
bool newsletter_issue_put(struct newsletter *n, const struct newsletter_issue *issue, bool *is_new, struct fault *f)
	__attribute__((warn_unused_result));
bool newsletter_issue_read(struct newsletter *n, int64_t id, struct arena *arena, struct newsletter_issue *issue,
	struct fault *f) __attribute__((warn_unused_result));
/* The state as ROOMS.md has it; a new reference. */
/* A staff member's name, as somebody gives it who `does` something: INPUT where it is none. */
bool newsletter_check_who(struct str who, const char *does, struct fault *f) __attribute__((warn_unused_result));
/* Confirmed, not muted, not pausing: whom an issue of today would go to, languages apart. */
bool newsletter_count_readers(struct newsletter *n, int64_t *readers, struct fault *f) __attribute__((warn_unused_result));
bool newsletter_issue_json(struct newsletter *n, int64_t id, json_t **out, struct fault *f)
	__attribute__((warn_unused_result));
bool newsletter_issue_send(struct newsletter *n, int64_t id, struct str approved_by, struct fault *f)
	__attribute__((warn_unused_result));
/* spread_s: over how long its mails are spread evenly, from now; 0: as fast as they go. Counts when it is sent first. */
bool newsletter_issue_send_spread(struct newsletter *n, int64_t id, struct str approved_by, int64_t spread_s, struct fault *f)
	__attribute__((warn_unused_result));
/* By itself, for a reason that staff should read; no address may stand in it. */
bool newsletter_issue_pause_because(struct newsletter *n, int64_t id, const char *why, struct fault *f)
	__attribute__((warn_unused_result));
/* By hand: what is in doubt goes again, with the same Message-ID; *count: how many. An issue that was sent is being sent again. */
bool newsletter_issue_resend_doubts(struct newsletter *n, int64_t id, int64_t *count, struct fault *f)
	__attribute__((warn_unused_result));
bool newsletter_issue_pause(struct newsletter *n, int64_t id, struct fault *f) __attribute__((warn_unused_result));
bool newsletter_issue_state_of(struct newsletter *n, int64_t id, enum issue_state *state, struct fault *f)
	__attribute__((warn_unused_result));
/* One batch of recipients of one issue that is being counted; *more: there is more to do. */
bool newsletter_freeze_recipients(struct newsletter *n, bool *more, struct fault *f)
	__attribute__((warn_unused_result));
void newsletter_freeze_soon(struct newsletter *n);

/* --- newsletter_schedule.c --- */

/* In the transaction that puts the issue, or for one that is there. The same plan again is fine; CONFLICT where its slot has an issue
 * already, or the issue another plan, or where it has begun without one. INPUT for a slot that is no day, a time that is none. */
bool newsletter_schedule_put(struct newsletter *n, const struct newsletter_issue *issue, bool is_frozen, struct fault *f)
	__attribute__((warn_unused_result));
/* In the transaction that begins to send it, by hand or by itself. */
bool newsletter_schedule_take(struct newsletter *n, int64_t issue, struct fault *f) __attribute__((warn_unused_result));
/* In the transaction that cancels it: its slot is free again. */
bool newsletter_schedule_cancel(struct newsletter *n, int64_t issue, struct fault *f) __attribute__((warn_unused_result));
/* A restored copy sends nothing by itself. */
bool newsletter_schedule_hold_all(struct newsletter *n, struct fault *f) __attribute__((warn_unused_result));
/* Sends what is due, skips what is too late; then waits for the next. After every change. */
void newsletter_schedule_look(void *newsletter);
/* Adds send_at, slot, schedule (its state), schedule_why, late (began after the grace, or hours for catching up) to an issue's state. */
bool newsletter_schedule_json(struct newsletter *n, int64_t issue, json_t *json, struct fault *f) __attribute__((warn_unused_result));
/* {"slot", "issues": [{"id", "language", and the above}]} */
bool newsletter_slot_json(struct newsletter *n, struct str slot, json_t **out, struct fault *f) __attribute__((warn_unused_result));
/* "slots": the last ones, with the desk's word on each; "scheduled": issues that wait for their time. */
bool newsletter_slots_json(struct newsletter *n, json_t *json, struct fault *f) __attribute__((warn_unused_result));
/* The desk says what it knows of a slot. */
bool newsletter_slot_say(struct newsletter *n, struct str slot, struct when at, struct str word, struct str why, struct fault *f)
	__attribute__((warn_unused_result));

/* --- newsletter_cancel.c, newsletter_trial.c, newsletter_tick.c --- */

/* For good: who has no mail yet gets none; mails under way end. Safe to repeat. */
bool newsletter_issue_cancel(struct newsletter *n, int64_t id, struct str by, bool only_unbegun, struct fault *f) __attribute__((warn_unused_result));
/* One more batch of a cancelled issue's rest is counted and goes; *more: there may be more. */
bool newsletter_clear_cancelled(struct newsletter *n, bool *more, struct fault *f) __attribute__((warn_unused_result));
void newsletter_clear_soon(struct newsletter *n);
/* The issue as it would be mailed, to one address; its id answers GET /issues/{id} for a day. */
bool newsletter_send_test(struct newsletter *n, struct newsletter_issue *issue, struct str to, struct str by, struct fault *f)
	__attribute__((warn_unused_result));
/* In the caller's transaction: test mails of before that moment. */
bool newsletter_erase_tests(struct newsletter *n, struct when before, struct fault *f) __attribute__((warn_unused_result));
/* Writes down how far the issues are that are being sent. From a timer. */
void newsletter_tick(void *newsletter);
/* The issue as GET /issues/{id} has it, and "ticks": [[second, accepted, refused, later, in_doubt] …], "gone": of those who got it, how many
 * left since, "bounced": softly. A new reference. */
bool newsletter_progress_json(struct newsletter *n, int64_t id, json_t **out, struct fault *f) __attribute__((warn_unused_result));

/* --- newsletter_mail.c --- */

enum outgoing_kind { OUTGOING_ISSUE, OUTGOING_CONFIRM, OUTGOING_REMINDER, OUTGOING_LEAVE, OUTGOING_KIND_COUNT };
struct str outgoing_kind_name(enum outgoing_kind kind);

/* One mail in our hands, opened. */
struct outgoing {
	int64_t id, issue, subscriber, attempts;
	uint32_t try;                        /* counts the claims of this delivery */
	unsigned host;                       /* of settings.smtp, through which it goes */
	int limit;                           /* of settings.limits, whose domain it goes to; -1: none */
	int64_t counted_s;                   /* when it was counted, seconds since 1970 */
	enum outgoing_kind kind;
	enum delivery_state state;           /* as the database has it */
	struct email to;
	char language[LANGUAGE_BYTES];
	char token[RAND_TOKEN_CHARS + 1];    /* of its unsubscribe or confirmation link */
	char url[SEAL_PLAIN_BYTES];          /* a reminder's */
};

/* One issue's mail without its signatures, which may be made in another process. */
struct newsletter_draft {
	struct dkim_draft dkim;
	struct buf bytes;            /* the mail as it goes behind them */
};

void newsletter_draft_init(struct newsletter_draft *draft);
void newsletter_draft_release(struct newsletter_draft *draft);

enum { NEWSLETTER_STENCILS = 8, NEWSLETTER_STENCIL_BYTES = 256 * 1024 };

/* Contents encoded once: for an issue and what its links look like (host, readers' language). */
struct newsletter_stencils {
	struct newsletter_stencil {
		int64_t issue;
		char url[1000];
		struct mail_stencil *stencil; /* NULL: cannot be cut */
	} items[NEWSLETTER_STENCILS];
	size_t next;
};

void newsletter_stencils_free(struct newsletter_stencils *stencils); /* empty, and good for further use */
/* The whole signed mail. issue: for OUTGOING_ISSUE, else NULL. stencils: where more of the issue follow, else NULL. */
bool newsletter_compose(struct newsletter *n, const struct outgoing *outgoing, const struct newsletter_issue *issue,
	struct newsletter_stencils *stencils, struct buf *out, struct fault *f) __attribute__((warn_unused_result));
/* The same of an issue, unsigned. */
bool newsletter_compose_draft(struct newsletter *n, const struct outgoing *outgoing, const struct newsletter_issue *issue,
	struct newsletter_stencils *stencils, struct newsletter_draft *out, struct fault *f) __attribute__((warn_unused_result));
/* Signatures for a draft, made in this process. */
bool newsletter_sign_here(struct newsletter *n, const struct dkim_draft *draft, struct dkim_signature *signatures, struct fault *f)
	__attribute__((warn_unused_result));
/* Why no mail can be made or sent with these settings; NULL: it can. */
const char *newsletter_cannot_mail(const struct newsletter *n);
struct str newsletter_dkim_domain(const struct newsletter *n);

/* --- newsletter_hosts.c --- */

enum host_answer { HOST_PICKED, HOST_DOMAIN_FULL, HOST_ALL_FULL };

bool newsletter_hosts_open(struct newsletter *n, struct fault *f) __attribute__((warn_unused_result));
void newsletter_hosts_close(struct newsletter *n);
/* Which server a mail goes through; PICKED fills host, limit and counted_s and counts it, in memory until
 * newsletter_hosts_write(). Else *until: when it is worth asking again. */
enum host_answer newsletter_host_pick(struct newsletter *n, struct outgoing *mail, struct when *until);
/* Whether any server could take one more; else *until. */
bool newsletter_host_any(struct newsletter *n, struct when *until);
/* How many more mails are worth claiming now. */
size_t newsletter_hosts_may_hold(const struct newsletter *n);
/* It was not tried after all. */
void newsletter_host_uncount(struct newsletter *n, const struct outgoing *mail);
/* What was counted, within the caller's transaction; after a rollback newsletter_hosts_forget() reads the counters anew. */
bool newsletter_hosts_write(struct newsletter *n, struct fault *f) __attribute__((warn_unused_result));
void newsletter_hosts_wrote(struct newsletter *n);
void newsletter_hosts_forget(struct newsletter *n);
/* Mails in our hands (claimed) that go through this server or to this domain. */
void newsletter_host_holds(struct newsletter *n, const struct outgoing *mail, int by);
/* May the mail be handed over now (connections to its domain, mails a second)? Else *wait_ms, or -1: when another one ended. */
bool newsletter_host_may_go(struct newsletter *n, const struct outgoing *mail, int64_t *wait_ms);
void newsletter_host_went(struct newsletter *n, const struct outgoing *mail, int by); /* handed over (1), ended (-1) */
/* The server is left in peace for 2 s … 5 min; true: it was not in trouble before (what waits for it may go elsewhere). */
bool newsletter_host_trouble(struct newsletter *n, unsigned host, const char *words, int reply);
void newsletter_host_is_well(struct newsletter *n, unsigned host);
bool newsletter_host_is_held(struct newsletter *n, unsigned host);
size_t newsletter_host_window(const struct newsletter *n, unsigned host); /* mails with the keeper at a time */
/* Warm-up: what day d (0: the first) may send, 200 × 1000^(d/41); -1: no limit any more. */
int64_t newsletter_warmup(int64_t day);
/* "servers": names, state, words and counts. */
void newsletter_hosts_health(struct newsletter *n, json_t *health);
/* The words of whichever server is in trouble while no other can take mail; NULL: none. */
const char *newsletter_hosts_trouble(struct newsletter *n);

/* --- newsletter_moves.c --- */

/* A transaction in which mails move: begun and ended here, or nothing is counted. Whatever `ok` and the commit give, it is over. */
bool newsletter_moves_begin(struct newsletter *n, struct fault *f) __attribute__((warn_unused_result));
bool newsletter_moves_end(struct newsletter *n, bool ok, struct fault *f) __attribute__((warn_unused_result));
/* In between: so many rows of the issue (0: of none, which nobody counts) did go from one state to another. */
bool newsletter_moved(struct newsletter *n, int64_t issue, enum delivery_state from, enum delivery_state to, int64_t mails, struct fault *f)
	__attribute__((warn_unused_result));

/* --- newsletter_claim.c --- */

enum { QUEUE_MOST = 256 };

/* Claimed, not yet handed to the keeper: from `first` on. */
struct newsletter_queue {
	struct outgoing items[QUEUE_MOST];
	size_t first, count;
};

/* Adds what is due to the queue; issues of which nothing is left end, unless is_under_way says otherwise. *until: when
 * there may be more, if nothing was added ({0}: nothing waits). */
bool newsletter_claim(struct newsletter *n, struct newsletter_queue *queue,
	bool (*is_under_way)(void *self, int64_t issue), void *self, struct when *until, struct fault *f)
	__attribute__((warn_unused_result));
/* What waits in the queue (for this server; SETTINGS_SMTP: for any) is queued again. */
void newsletter_release(struct newsletter *n, struct newsletter_queue *queue, unsigned host);
/* An outgoing mail's row goes from one state to another, where it is still this try's. Between newsletter_moves_begin() and its end. */
bool newsletter_move(struct newsletter *n, const struct outgoing *mail, enum delivery_state to, int64_t attempts,
	int64_t next_at, int reply, const char *enhanced, struct fault *f) __attribute__((warn_unused_result));

/* --- newsletter_fold.c --- */

struct talk_event;

/* What the keeper's words mean for a delivery whose row stands as mail->state, written within the caller's transaction.
 * dotted: its dot is in the journal. */
bool newsletter_fold(struct newsletter *n, const struct outgoing *mail, bool dotted, const struct talk_event *event,
	enum delivery_state *to, struct fault *f) __attribute__((warn_unused_result));
/* While no keeper runs: the journal goes into the database and is emptied; what was in somebody's hands is queued again,
 * what may have arrived is in doubt. Safe to repeat. */
bool newsletter_recover(struct newsletter *n, const int journal[2], struct fault *f) __attribute__((warn_unused_result));
/* The server would say the same to every mail. */
bool newsletter_is_about_us(const struct talk_event *event);
/* A server's words without what may be an address. */
void newsletter_clean_words(const char *words, char *out, size_t room);

/* --- newsletter_bond.c --- */

struct talk;
struct newsletter_bond;

/* Starts nothing yet. take(self): a frame from the keeper; on_end(self): it is gone. */
struct newsletter_bond *newsletter_bond_new(struct newsletter *n, bool (*take)(void *self, unsigned type, struct str payload),
	void (*on_end)(void *self), void *self);
/* Waits for no one: false with BUSY while a former keeper still holds the lock. Then the journal is folded and a keeper
 * started, which knows the servers. */
bool newsletter_bond_tie(struct newsletter_bond *bond, struct fault *f) __attribute__((warn_unused_result));
struct talk *newsletter_bond_talk(struct newsletter_bond *bond); /* NULL: no keeper */
void newsletter_bond_cut(struct newsletter_bond *bond);          /* our end closes; the keeper ends by itself */
void newsletter_bond_free(struct newsletter_bond **bond);

/* The descriptor of our own program, to start a further process of it. */
bool newsletter_own_program(int *exe_fd, struct fault *f) __attribute__((warn_unused_result));

/* --- newsletter_sender.c --- */

bool newsletter_sender_open(struct newsletter *n, struct fault *f) __attribute__((warn_unused_result));
/* Something may be there to send. */
void newsletter_sender_poke(struct newsletter *n);
/* What was claimed and not begun is queued again: an issue was paused. */
void newsletter_sender_release(struct newsletter *n);
/* The keys will be others: what is being signed is queued again. */
void newsletter_sender_rest_keys(struct newsletter *n);
/* Takes up nothing new; done(self) when nothing is under way, or after limit_ms: then the keeper waits for the last
 * answers alone. */
void newsletter_sender_drain(struct newsletter *n, int64_t limit_ms, void (*done)(void *self), void *self);
void newsletter_sender_close(struct newsletter *n);
/* Adds smtp, smtp_say, queue, in_doubt, servers. */
bool newsletter_sender_health(struct newsletter *n, json_t *health, struct fault *f)
	__attribute__((warn_unused_result));

#ifdef MIMEO_DEBUG
/* Tests: the process ends (_exit(99)) when it comes to this point for the n-th time. */
void newsletter_crash_at(const char *point, int n);
void newsletter_point(const char *point);
/* Tests: issues are signed by so many forks of the test; kill: those end, now. */
void newsletter_sender_fork_signers(struct newsletter *n, size_t count);
void newsletter_sender_signal_signers(struct newsletter *n, int number);
#else
#define newsletter_point(point) ((void) 0)
#endif

/* --- newsletter_public.c, newsletter_routes.c --- */

extern const struct http_route newsletter_front_routes[], newsletter_desk_routes[], newsletter_support_routes[],
	newsletter_cli_routes[];

#endif
