/* stripe_inside.h: what the files of the rail "stripe" share.
 * SPDX-License-Identifier: ISC */
#ifndef SUPPORT_STRIPE_INSIDE_H
#define SUPPORT_STRIPE_INSIDE_H

#include <jansson.h>
#include <stdbool.h>
#include "base/clock.h"
#include "base/str.h"
#include "facts.h"
#include "http/http_client.h"
#include "rail.h"

struct buf;
struct secret;

#define STRIPE_VERSION "2026-07-29.dahlia" /* the one version that we were written and tested for */

enum { STRIPE_TOLERANCE_S = 300 /* how old a signed event may be */ };

/* meaning, the provider's name for it: what the webhook endpoint is to be made with */
#define STRIPE_EVENTS(X) \
	X(STRIPE_SESSION, "checkout.session.completed") \
	X(STRIPE_SESSION, "checkout.session.async_payment_succeeded") \
	X(STRIPE_SESSION_FAILED, "checkout.session.async_payment_failed") \
	X(STRIPE_SESSION_EXPIRED, "checkout.session.expired") \
	X(STRIPE_SUBSCRIPTION, "customer.subscription.created") \
	X(STRIPE_SUBSCRIPTION, "customer.subscription.updated") \
	X(STRIPE_SUBSCRIPTION, "customer.subscription.paused") \
	X(STRIPE_SUBSCRIPTION, "customer.subscription.resumed") \
	X(STRIPE_SUBSCRIPTION, "customer.subscription.deleted") \
	X(STRIPE_INVOICE_PAID, "invoice.paid") \
	X(STRIPE_INVOICE_PAID, "invoice.payment_succeeded") \
	X(STRIPE_INVOICE_FAILED, "invoice.payment_failed") \
	X(STRIPE_INVOICE_PAYMENT, "invoice_payment.paid") \
	X(STRIPE_CHARGE, "charge.succeeded") \
	X(STRIPE_CHARGE, "charge.updated") \
	X(STRIPE_CHARGE_REFUNDED, "charge.refunded") \
	X(STRIPE_REFUND, "refund.created") \
	X(STRIPE_REFUND, "refund.updated") \
	X(STRIPE_REFUND, "refund.failed") \
	X(STRIPE_DISPUTE, "charge.dispute.created") \
	X(STRIPE_DISPUTE, "charge.dispute.updated") \
	X(STRIPE_DISPUTE, "charge.dispute.funds_withdrawn") \
	X(STRIPE_DISPUTE, "charge.dispute.funds_reinstated") \
	X(STRIPE_DISPUTE, "charge.dispute.closed") \
	X(STRIPE_PAYOUT, "payout.created") \
	X(STRIPE_PAYOUT, "payout.updated") \
	X(STRIPE_PAYOUT, "payout.paid") \
	X(STRIPE_PAYOUT, "payout.failed") \
	X(STRIPE_PAYOUT, "payout.canceled")

/* secrets/support.conf [stripe] */
struct stripe_secrets {
	struct secret *key, *webhook_secret, *webhook_secret_old;
};

/* line->self */
struct stripe {
	struct secret *authorization; /* "Bearer rk_…" */
};

/* --- stripe_wire.c --- */
/* Starts a call. form: the encoded body, or empty. key: of idempotency, or empty. */
bool stripe_call(struct rail_line *line, const char *method, const char *path, struct str form, struct str key,
	http_done *done, void *self, struct fault *f) __attribute__((warn_unused_result));
bool stripe_reply(const struct http_reply *reply, const struct fault *failed, json_t **json, struct fault *f);
void stripe_add(struct buf *form, const char *name, struct str value);
/* Is the Stripe-Signature good for this body? DENIED otherwise. In constant time for a header of a given shape. */
bool stripe_verify(const struct secret *const *secrets, size_t count, struct str header, struct str body,
	struct when now, struct fault *f) __attribute__((warn_unused_result));

/* --- stripe_events.c: objects become facts --- */
bool stripe_events(const struct rail_line *line, struct str bytes, struct arena *arena, struct facts_list *list,
	struct fault *f) __attribute__((warn_unused_result));
/* Objects of answers. created_s: when it is told. False when the arena is full. */
bool stripe_fee_facts(const json_t *balance_transaction, int64_t created_s, struct arena *arena, struct facts_list *list);
bool stripe_refund_facts(const json_t *refund, int64_t created_s, struct arena *arena, struct facts_list *list);
bool stripe_part_facts(struct str payout, const json_t *balance_transaction, struct arena *arena, struct facts_list *list);
/* Why a renewal failed, of a page of invoice_payments with their payment intents expanded. */
bool stripe_reason_facts(struct str invoice, const json_t *page, int64_t created_s, struct arena *arena, struct facts_list *list);
/* "active", …, and whether its collection is paused. */
enum mandate_step stripe_mandate_step(const json_t *subscription);

/* --- stripe_asks.c: what the provider is asked after it told --- */
void stripe_ask(struct rail_line *line, struct str what, rail_done *done, void *self);

/* --- stripe_mandate.c: subscriptions: how they stand, what is changed about them --- */
void stripe_look_up(struct rail_line *line, struct str subscription, rail_done *done, void *self);
void stripe_cancel(struct rail_line *line, struct str subscription, rail_done *done, void *self);
void stripe_change(struct rail_line *line, struct str subscription, const struct rail_order *to, rail_done *done, void *self);
void stripe_pause(struct rail_line *line, struct str subscription, bool is_paused, rail_done *done, void *self);
void stripe_portal(struct rail_line *line, struct str subscription, struct str back_url, struct str language, rail_done *done,
	void *self);

extern const struct rail rail_stripe;

#endif
