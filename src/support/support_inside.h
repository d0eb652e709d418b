/* support_inside.h: what the files of support/ share.
 * SPDX-License-Identifier: ISC */
#ifndef SUPPORT_SUPPORT_INSIDE_H
#define SUPPORT_SUPPORT_INSIDE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/money.h"
#include "base/seal.h"
#include "base/str.h"
#include "books.h"
#include "facts.h"
#include "house/page.h"
#include "house/room.h"
#include "http/http.h"
#include "http/http_client.h"
#include "kept.h"
#include "rail.h"
#include "support_states.h"

struct delivery;
struct fault;
struct locale;
struct loop_child;
struct loop_timer;
struct secret;
struct sealer;
struct store;
struct store_rows;

enum {
	SUPPORT_KEEP_DAYS = 90,         /* events that booked nothing, and checkouts that took no money */
	SUPPORT_HANDLE_DAYS = 396,      /* by what a payment can be given back: thirteen months */
	SUPPORT_ASK_TRIES = 30,
	SUPPORT_ACCOUNTS = 32,
	SUPPORT_MANAGE_BYTES = 16
};

/* The room's own state; room->self. Long-lived. In unit tests room and client may be missing. */
struct support {
	struct room *room;
	struct store *db;
	const struct settings *settings;
	struct secret *seal_key, *index_key;       /* keys/support/ */
	unsigned char seal_public[SEAL_KEY_BYTES];
	struct sealer *sealer;
	struct secret *facts_key;                  /* made of seal_key */
	struct arena secret_texts;
	struct rail_line lines[RAILS];             /* as rails[]; a NULL rail ends them */
	bool is_asking, is_cancelling, is_reminding, is_changing;
	bool is_refunding, is_looking_at_card;
	struct noticing *noticing;          /* supporters are being told; NULL: not now */
	struct loop_timer *notice_timer;
	int64_t denied_quiet_until_ms;             /* refused events are logged again from then on */
	bool is_period_known;                      /* what follows is as the database has it; false after a rollback */
	int32_t open_period, first_day;            /* its number and first day */
	int32_t told_day[RAILS];                   /* on which each rail was noted to have told something; 0: not known */
	int64_t accounts[SUPPORT_ACCOUNTS];        /* some that are there */
	size_t account_count;
	struct delivery *deliveries;               /* verified, not committed yet; oldest first */
	struct loop_timer *deliveries_timer;
	struct delivery *committed, *on_their_way; /* not on the disk yet; while the log is brought there */
	struct loop_sync *sync;                    /* NULL: commits wait for the disk */
	struct loop_timer *forget_timer;           /* of the day's forgetting, between two parts */
	int64_t forgotten_subject;                 /* up to which that has come */
	struct loop_child *books_job;              /* works the books out; NULL: none runs */
	json_t *books_result;                      /* what the last one said */
};

/* --- support.c --- */
bool support_open_keys(struct support *support, struct fault *f) __attribute__((warn_unused_result));
/* With other keys than the database's, a replayed event would be a new one and be booked again: better not to start.
 * DENIED then. */
bool support_keys_fit(struct support *support, struct fault *f) __attribute__((warn_unused_result));
void support_release(struct support *support);
/* Keyed hash of a provider's reference, an address, a reason: `domain` is a literal such as "support.reference". */
void support_index(
	const struct support *support, const char *domain, struct str value, unsigned char out[SEAL_INDEX_BYTES]);

/* --- support_form.c: a reader's form --- */
struct support_gift {
	enum frequency frequency;
	struct money amount;      /* all that is taken: with the fee, where the reader adds it */
	int64_t cover_minor;      /* of it, what was added */
	struct str rail;          /* the way to pay, one of [support] rails */
	struct str instead;       /* as the form has it: the link of the gift that this one takes the place of; empty: none */
};
/* Reads the coupon. True: *gift is what was chosen. False: coupon->error_amount says what is wrong. Either way *coupon
 * holds everything as it was typed. */
bool support_read_coupon(const struct settings *settings, const struct locale *locale, const struct http_request *rq,
	struct support_gift *gift, struct page_coupon *coupon, struct arena *arena);
/* One amount: `picked` is the radio's value (minor units or "own"), `own` as typed; what was typed wins. False and a
 * sentence in *error. */
bool support_read_amount(const struct settings *settings, const struct locale *locale, enum frequency frequency,
	struct str picked, struct str own, struct money *amount, struct str *error, struct arena *arena);
/* What the fee does to a gift: adds it (cover), or refuses what would lose more than SETTINGS_FEE_MOST percent: false and a
 * sentence in *error. */
bool support_weigh_fee(const struct settings *settings, const struct locale *locale, bool cover, struct support_gift *gift,
	struct str *error, struct arena *arena);
/* The language a form names, or empty where it is none. */
struct str support_form_language(const struct http_request *rq);
/* A reminder asked for now: next month until the 19th, the one after from the 20th; months > 0: so many later, on this day
 * of the month. */
struct support_reminder_day {
	int year, month;          /* on the newsroom's calendar; 1–12 */
	int32_t due_day;          /* UTC */
};
struct support_reminder_day support_reminder_day(struct when now, int months);

/* --- support_checkout.c: rows of checkout --- */
struct support_checkout {
	int64_t id;
	enum frequency frequency;
	struct money amount;
	struct str language;
	enum checkout_state state;
	struct str rail;          /* its name */
};
enum support_find { SUPPORT_BY_ID, SUPPORT_BY_TOKEN, SUPPORT_BY_MANAGE };
bool support_new_checkout(struct support *support, const struct support_gift *gift, struct str language, const char *rail,
	char token[27], int64_t *id, struct fault *f) __attribute__((warn_unused_result));
/* value: the token, or the id in decimal. */
bool support_find_checkout(struct support *support, enum support_find by, struct str value, struct arena *arena,
	struct support_checkout *checkout, bool *found, struct fault *f) __attribute__((warn_unused_result));
bool support_move_checkout(struct support *support, struct support_checkout *checkout, enum checkout_step step,
	struct fault *f) __attribute__((warn_unused_result));
/* The rail has it: its name for it (may be empty) is kept sealed, and the checkout is open. */
bool support_keep_session(struct support *support, struct support_checkout *checkout, struct str session, struct fault *f)
	__attribute__((warn_unused_result));
/* The token of the keep-this link that goes with a thanks page's token. */
void support_manage_token(const struct support *support, struct str token, char out[2 * SUPPORT_MANAGE_BYTES + 1]);
/* 404: no gift is behind this link. */
void support_answer_unknown(struct support *support, struct http_request *rq);
/* A page with the coupon: what was typed, and a notice or an error. */
void support_answer_coupon(struct support *support, struct http_request *rq, int status, struct str language,
	const struct page_coupon *coupon);

/* --- support_choice.c: what a reader chose beyond the amount --- */
/* Kept with the checkout, right after it was made. */
bool support_keep_choice(struct support *support, int64_t checkout, const struct support_gift *gift, struct fault *f)
	__attribute__((warn_unused_result));
bool support_find_choice(struct support *support, int64_t checkout, int64_t *cover_minor, int64_t *replaces, struct fault *f)
	__attribute__((warn_unused_result));
/* As a reader types it into the field whose sign stands beside it. */
struct str support_amount_text(const struct locale *locale, struct money amount, struct arena *arena);
/* By the clock: gifts whose successor was paid are ended. */
void support_end_replaced(void *support);

/* --- support_events.c: facts become rows --- */
/* In one transaction, or none of it: each once, in any order. *new_count: how many were not known. */
bool support_take(struct support *support, const struct facts *facts, size_t count, size_t *new_count, struct fault *f)
	__attribute__((warn_unused_result));
/* The same inside of the caller's transaction, one fact. Where that is rolled back, is_period_known must be false after. */
bool support_take_inside(struct support *support, const struct facts *facts, struct arena *arena, bool *is_new, struct fault *f)
	__attribute__((warn_unused_result));

/* --- support_subject.c: of which payment a fact is --- */
bool support_name_subject(struct support *support, const struct fact_key *name, int64_t *subject, struct fault *f)
	__attribute__((warn_unused_result));
/* Inside a transaction: the subject of the fact's names (0: it has none); those that were apart until now are joined. */
bool support_find_subject(struct support *support, const struct kept *kept, struct arena *arena, int64_t *subject, struct fault *f)
	__attribute__((warn_unused_result));

/* --- support_ledger.c: what a subject's facts come to, written --- */
/* Inside a transaction: the rows of a subject, as its facts have it now; `fresh` is one of them that is kept right after
 * (NULL: none), with *state. */
bool support_write_books(struct support *support, int64_t subject, const struct kept *fresh, struct arena *arena,
	enum event_state *state, struct fault *f) __attribute__((warn_unused_result));
/* The subject's kept facts, with their reasons, into the arena. */
struct kept_row {
	int64_t id;
	enum event_state state;
	struct kept kept;
	char reason[FACTS_REASON_BYTES + 1];
};
bool support_read_facts(struct support *support, int64_t subject, struct arena *arena, struct kept_row **rows, size_t *count,
	struct fault *f) __attribute__((warn_unused_result));
bool support_know_period(struct support *support, struct fault *f) __attribute__((warn_unused_result));
/* Lines of bookings as booking_of_subject and booking_all give them: adds one to the list's last booking or begins another. */
bool support_read_line(const struct store_rows *rows, struct books_booking *booking, bool *is_next, struct fault *f);

/* --- support_periods.c --- */
/* Closes the open period after last_day. INPUT: that day is closed already, or not over. */
bool support_close_period(struct support *support, int32_t last_day, struct str by, struct fault *f)
	__attribute__((warn_unused_result));
/* The same inside of the caller's transaction; after a rollback is_period_known must be false. */
bool support_close_inside(struct support *support, int32_t last_day, struct str by, struct fault *f)
	__attribute__((warn_unused_result));

/* --- support_rebuild.c: all facts at once --- */
struct support_rebuilt {
	struct books_digest told, stands;     /* of the facts; of the tables */
	int64_t facts, subjects;
	int64_t wrong_sums;                   /* currencies that do not sum to zero */
};
/* Works the books out of every fact and holds them against the tables. Reads only; store_look where another process writes. */
bool support_compare_books(struct support *support, struct support_rebuilt *rebuilt, struct fault *f)
	__attribute__((warn_unused_result));
/* Writes the tables anew from the facts, in one transaction. CONFLICT: a closed period would change. */
bool support_rebuild_books(struct support *support, struct fault *f) __attribute__((warn_unused_result));

/* --- support_carry.c --- */
/* After the migration from one rail: what was booked then becomes facts. */
bool support_carry(struct support *support, struct fault *f) __attribute__((warn_unused_result));

/* --- support_mandate.c --- */
struct support_mandate {
	int64_t id;               /* 0: none */
	int64_t checkout;
	enum mandate_state state;
	struct str subscription;  /* opened; only where it is asked for */
	struct str rail;
};
bool support_know_mandate(struct support *support, const struct support_checkout *checkout, struct str subscription,
	struct support_mandate *mandate, struct fault *f) __attribute__((warn_unused_result));
/* By the provider's name for it. */
bool support_find_subscription(struct support *support, struct str subscription, struct arena *arena, struct support_mandate *mandate,
	struct fault *f) __attribute__((warn_unused_result));
bool support_find_mandate(struct support *support, int64_t checkout, bool open_it, struct arena *arena,
	struct support_mandate *mandate, struct fault *f) __attribute__((warn_unused_result));
bool support_move_mandate(struct support *support, struct support_mandate *mandate, enum mandate_step step,
	struct fault *f) __attribute__((warn_unused_result));
/* After a start: what was under way is now in doubt. */
bool support_doubt_cancelling(struct support *support, struct fault *f) __attribute__((warn_unused_result));

/* Inside a transaction: how the provider says that it stands, of all that it said, in any order. */
bool support_stand_mandate(struct support *support, struct support_mandate *mandate, const struct kept_row *rows, size_t count,
	const struct kept *fresh, struct fault *f) __attribute__((warn_unused_result));

/* --- timed work --- */
void support_ask_next(void *support);          /* support_asks.c: asks a provider the next question that is due */
void support_poll(void *line);                 /* support_asks.c: of a rail that tells nothing by itself */
void support_settle_doubts(void *support); /* support_manage.c: looks up a cancelling that nobody knows the end of */
void support_run_reminders(void *support);     /* support_remind.c */

/* --- support_desk.c: what the desk and commands are shown --- */
void support_set_day(json_t *object, const char *key, int64_t day);
/* A short mark by which people speak of a row; ids stay inside. */
void support_set_reference(json_t *object, const char *key, int64_t id);
int64_t support_limit_of(const struct http_request *rq);
/* The value (its reference is taken), or the fault. */
void support_answer(struct http_request *rq, bool ok, json_t *value, const struct fault *f, const char *what);

/* --- support_books_desk.c --- */
/* A finding where the tables are not what the facts come to; for a home with so many facts that it would take seconds, none. */
bool support_check_books(struct support *support, json_t *findings, struct fault *f);
/* `mimeo -x support books`: works the books out of all facts, prints what came of it. */
bool support_books_job(struct room *room, int argc, char **argv, struct fault *f);

/* --- handlers --- */
void support_post_continue(struct http_request *rq, void *room);
void support_post_remind(struct http_request *rq, void *room);
void support_get_unremind(struct http_request *rq, void *room);
void support_post_unremind(struct http_request *rq, void *room);
void support_get_thanks(struct http_request *rq, void *room);
void support_get_manage(struct http_request *rq, void *room);
void support_post_manage(struct http_request *rq, void *room);
void support_post_webhook(struct http_request *rq, void *room);
void support_get_contributions(struct http_request *rq, void *room);
void support_get_totals(struct http_request *rq, void *room);
void support_get_goal(struct http_request *rq, void *room);
void support_get_health(struct http_request *rq, void *room);
void support_get_ledger(struct http_request *rq, void *room);
void support_get_books_check(struct http_request *rq, void *room);
void support_get_disputes(struct http_request *rq, void *room);
void support_get_renewals(struct http_request *rq, void *room);
void support_get_payouts(struct http_request *rq, void *room);
void support_get_payout(struct http_request *rq, void *room);
void support_get_parked(struct http_request *rq, void *room);
void support_get_periods(struct http_request *rq, void *room);
void support_post_period(struct http_request *rq, void *room);
void support_post_books_check(struct http_request *rq, void *room);
void support_post_books_rebuild(struct http_request *rq, void *room);
void support_post_run_reminders(struct http_request *rq, void *room);
void support_add_health(struct room *room, json_t *health);
bool support_check(struct room *room, json_t *findings, struct fault *f);

#endif
