/* support_inside.h: what the files of support/ share.
 * SPDX-License-Identifier: ISC */
#ifndef SUPPORT_SUPPORT_INSIDE_H
#define SUPPORT_SUPPORT_INSIDE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/clock.h"
#include "base/money.h"
#include "base/seal.h"
#include "base/str.h"
#include "house/page.h"
#include "house/room.h"
#include "http/http.h"
#include "http/http_client.h"
#include "support_states.h"

struct arena;
struct fault;
struct locale;
struct secret;
struct sealer;
struct store;

#define STRIPE_VERSION "2026-07-29.dahlia" /* the one version that we were written and tested for */

enum {
	STRIPE_TOLERANCE_S = 300,       /* how old a signed event may be */
	SUPPORT_KEEP_DAYS = 90,         /* events, and checkouts that took no money */
	SUPPORT_FEE_TRIES = 30,
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
	struct secret *authorization;              /* "Bearer rk_…"; NULL: payments are not set up */
	struct secret *webhook_secret, *webhook_secret_old;
	bool is_asking_fee, is_cancelling, is_reminding;
	bool is_changing;
	bool is_noticing, is_refunding, is_looking_at_card;
	int64_t denied_quiet_until_ms;             /* refused events are logged again from then on */
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
};
enum support_find { SUPPORT_BY_ID, SUPPORT_BY_TOKEN, SUPPORT_BY_MANAGE };
bool support_new_checkout(struct support *support, const struct support_gift *gift, struct str language,
	char token[27], int64_t *id, struct fault *f) __attribute__((warn_unused_result));
/* value: the token, or the id in decimal. */
bool support_find_checkout(struct support *support, enum support_find by, struct str value, struct arena *arena,
	struct support_checkout *checkout, bool *found, struct fault *f) __attribute__((warn_unused_result));
bool support_move_checkout(struct support *support, struct support_checkout *checkout, enum checkout_step step,
	struct fault *f) __attribute__((warn_unused_result));
/* The token of the keep-this link that goes with a thanks page's token. */
void support_manage_token(const struct support *support, struct str token, char out[2 * SUPPORT_MANAGE_BYTES + 1]);
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

/* --- support_stripe.c: the provider's wire --- */
/* Starts a call. form: the encoded body, or empty. key: of idempotency, or NULL. */
bool stripe_call(struct support *support, const char *method, const char *path, struct str form, const char *key,
	http_done *done, void *self, struct fault *f) __attribute__((warn_unused_result));
/* What came of it: true and the JSON of a 2xx. False: *f says whether it was refused (INPUT, MISSING, DENIED), is worth
 * another try (BUSY), or nobody knows (UNCERTAIN). */
bool stripe_reply(const struct http_reply *reply, const struct fault *failed, json_t **json, struct fault *f);
void stripe_add(struct buf *form, const char *name, struct str value);
/* Is the Stripe-Signature good for this body? DENIED otherwise. */
bool stripe_verify(const struct secret *const *secrets, size_t count, struct str header, struct str body,
	struct when now, struct fault *f) __attribute__((warn_unused_result));

/* --- support_facts.c: what an event says --- */
/* meaning, the provider's name for it */
#define STRIPE_EVENTS(X) \
	X(FACT_SESSION_DONE, "checkout.session.completed") \
	X(FACT_SESSION_PAID, "checkout.session.async_payment_succeeded") \
	X(FACT_SESSION_FAILED, "checkout.session.async_payment_failed") \
	X(FACT_SESSION_EXPIRED, "checkout.session.expired") \
	X(FACT_MANDATE_BEGUN, "customer.subscription.created") \
	X(FACT_MANDATE_ENDED, "customer.subscription.deleted") \
	X(FACT_INVOICE_PAID, "invoice.paid") \
	X(FACT_INVOICE_PAID, "invoice.payment_succeeded") \
	X(FACT_INVOICE_LINKED, "invoice_payment.paid") \
	X(FACT_CHARGED, "charge.succeeded") \
	X(FACT_CHARGED, "charge.updated") \
	X(FACT_REFUND, "refund.created") \
	X(FACT_REFUND, "refund.updated") \
	X(FACT_REFUND, "refund.failed")

enum fact_kind { FACT_NOTHING, FACT_SESSION_DONE, FACT_SESSION_PAID, FACT_SESSION_FAILED, FACT_SESSION_EXPIRED,
	FACT_MANDATE_BEGUN, FACT_MANDATE_ENDED, FACT_INVOICE_PAID, FACT_INVOICE_LINKED, FACT_CHARGED, FACT_REFUND };

struct facts {
	struct str event;         /* evt_… */
	struct str type;          /* as the provider names it */
	enum fact_kind kind;
	bool live;
	int64_t created_s;
	int64_t checkout;         /* our id; 0: it names none */
	struct str payment, invoice, subscription, balance, refund; /* references; empty where it names none */
	bool is_paid;             /* a session's money is there */
	enum refund_step refund_step;
	struct money amount;
};
/* Texts point into the JSON. INPUT for what no event looks like. */
bool facts_read(const json_t *event, struct facts *facts, struct fault *f) __attribute__((warn_unused_result));
/* The few facts that a parked event needs, as short text, and back. */
struct str facts_pack(const struct facts *facts, struct arena *arena);
bool facts_unpack(struct str packed, struct str type, struct arena *arena, struct facts *facts, struct fault *f)
	__attribute__((warn_unused_result));

/* --- support_events.c: events become rows --- */
/* Takes one event in one transaction: once, in any order. *is_new: it was not known. The caller answers only after. */
bool support_take_event(struct support *support, const struct facts *facts, bool *is_new, struct fault *f)
	__attribute__((warn_unused_result));

/* --- support_books.c: the ledger --- */
struct book_line {
	const char *account;
	struct money amount;      /* debit positive */
};
/* Inside a transaction. Once per (kind, reason): a repetition is true and changes nothing (*is_new false). */
bool support_book(struct support *support, const char *kind, struct str reason, int64_t contribution, int32_t day,
	const struct book_line *lines, size_t count, bool *is_new, struct fault *f) __attribute__((warn_unused_result));
bool support_book_contribution(struct support *support, const struct support_checkout *checkout, struct str reference,
	struct money amount, int32_t day, struct fault *f) __attribute__((warn_unused_result));
bool support_book_refund(struct support *support, int64_t contribution, struct str refund, struct money amount,
	enum refund_step step, int32_t day, struct fault *f) __attribute__((warn_unused_result));
/* In a transaction of its own: the provider said what a payment cost. */
bool support_book_fee(struct support *support, int64_t contribution, struct str balance, struct money fee,
	struct fault *f) __attribute__((warn_unused_result));
/* *contribution is 0 when the reference is not known. */
bool support_find_reference(struct support *support, struct str reference, int64_t *contribution, struct fault *f)
	__attribute__((warn_unused_result));
bool support_add_reference(struct support *support, struct str reference, int64_t contribution, struct fault *f)
	__attribute__((warn_unused_result));

/* --- support_mandate.c --- */
struct support_mandate {
	int64_t id;               /* 0: none */
	int64_t checkout;
	enum mandate_state state;
	struct str subscription;  /* opened; only where it is asked for */
};
bool support_know_mandate(struct support *support, const struct support_checkout *checkout, struct str subscription,
	struct support_mandate *mandate, struct fault *f) __attribute__((warn_unused_result));
bool support_find_mandate(struct support *support, int64_t checkout, bool open_it, struct arena *arena,
	struct support_mandate *mandate, struct fault *f) __attribute__((warn_unused_result));
bool support_move_mandate(struct support *support, struct support_mandate *mandate, enum mandate_step step,
	struct fault *f) __attribute__((warn_unused_result));
/* After a start: what was under way is now in doubt. */
bool support_doubt_cancelling(struct support *support, struct fault *f) __attribute__((warn_unused_result));

/* --- timed work --- */
void support_ask_fees(void *support);          /* support_fees.c: asks for the next fee that is due */
void support_settle_doubts(void *support); /* support_manage.c: looks up a cancelling that nobody knows the end of */
void support_run_reminders(void *support);     /* support_remind.c */
void support_daily(void *support);             /* support.c */

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
void support_post_run_reminders(struct http_request *rq, void *room);
void support_add_health(struct room *room, json_t *health);
bool support_check(struct room *room, json_t *findings, struct fault *f);

#endif
