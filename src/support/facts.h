/* facts.h: what happened to money, in one shape whatever the rail.
 *
 * A driver (rail.h) reads a provider's bytes into struct facts; nothing behind it knows a provider's format. Each is kept
 * once, by the keyed hash of (rail, event), with its time and amounts sealed and every name in it replaced by a keyed hash:
 * so it can stay for good. The books are a pure function of the set of what is kept (support_books.h): no fact may mean
 * anything else because another one came before it.
 *
 * Names. `payment` is the one name under which a payment is PAID on its rail: the same in every PAID fact of it. `also` is
 * another name of the same payment, by which other facts may speak of it (Stripe: the invoice is `payment`, its payment
 * intent and its charge are `also`). Facts that share a name, directly or through others, are of one payment; so a refund
 * may come before the payment, and before the fact that joins their names. A name is at most FACTS_NAME_BYTES of printable
 * ASCII without blanks.
 * SPDX-License-Identifier: ISC */
#ifndef SUPPORT_FACTS_H
#define SUPPORT_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/money.h"
#include "base/str.h"
#include "support_states.h"

struct arena;
struct fault;

enum { FACTS_NAME_BYTES = 140, FACTS_REASON_BYTES = 40 };

/* kind, the word that is kept, meaning and what a driver must fill (beside event, type, live, created_s) */
#define FACT_KINDS(X) \
	X(FACT_NOTHING, "nothing", "a kind of event that we have no use for: kept and counted, nothing follows") \
	X(FACT_ASK, "ask", "nothing yet, but `ask` will tell") \
	X(FACT_OPENED, "opened", "checkout: the reader agreed, the bank takes its time") \
	X(FACT_FAILED, "failed", "checkout: the bank said no") \
	X(FACT_EXPIRED, "expired", "checkout: nobody paid in time") \
	X(FACT_PAID, "paid", "money came: checkout or code; payment; amount; subscription where it comes back by itself; fee if told") \
	X(FACT_NAMED, "named", "payment and also are one payment") \
	X(FACT_FEE, "fee", "payment; item, the fee's own name; fee; amount, where it was settled in another currency") \
	X(FACT_REFUND, "refund", "payment; item, the refund's own name; amount; refund_step") \
	X(FACT_DISPUTE, "dispute", "payment; item; dispute_step; amount (withdrawn), fee, back (given back to us), due_day, reason") \
	X(FACT_MANDATE, "mandate", "subscription; checkout; mandate_step; reason") \
	X(FACT_RENEWAL_FAILED, "renewal_failed", "subscription; checkout; payment (to be paid); amount; attempt; next_day; reason") \
	X(FACT_PAYOUT, "payout", "item, the payout's own name; amount; payout_step; due_day, when it arrives") \
	X(FACT_PAYOUT_PART, "payout_part", "item, the payout; payment (or also: a refund's or dispute's own name); reason (what it is); net amount") \
	X(FACT_MATCHED, "matched", "a person said whose payment it is: payment; checkout")

enum fact_kind {
#define X(kind, name, meaning) kind,
	FACT_KINDS(X)
#undef X
	FACT_KIND_COUNT
};
struct str fact_kind_name(enum fact_kind kind);
bool fact_kind_from(struct str name, enum fact_kind *kind);

/* Texts belong to whoever made the facts; empty where there is none. */
struct facts {
	const char *rail;           /* its name; set by whoever called the driver */
	struct str event;           /* the provider's id of this event, or one that the driver makes of what never changes
	                             * ("TXID:3"): taken once */
	struct str type;            /* as the provider names it: shown at the desk; at most FACTS_NAME_BYTES, plain */
	enum fact_kind kind;
	bool live;                  /* real money; what differs from [support] live is kept but never booked */
	int64_t created_s;          /* when it happened, by the provider's clock */
	int64_t checkout;           /* our id, as the provider gave it back; 0: it names none */
	struct str code;            /* or the code that we gave the payer (support_know_code): a bank reference, a subaddress */
	struct str payment, also, item, subscription;
	struct str handle;          /* what refund() will need to name this payment: kept sealed until it is erased */
	struct str ask;             /* a word and a name ("fee:txn_1") that the driver's ask() will be given, until it answers */
	struct money amount, fee, back;
	enum refund_step refund_step;
	enum dispute_step dispute_step;
	enum payout_step payout_step;
	enum mandate_step mandate_step;
	int32_t due_day, next_day;  /* UTC days; 0: none */
	int64_t attempt;            /* which try failed; 0: not said */
	struct str reason;          /* a provider's word ("insufficient_funds"), never a person's; at most FACTS_REASON_BYTES */
};

/* A list that grows in an arena. */
struct facts_list {
	struct facts *at;
	size_t count, room;
};
/* A zeroed one at the end; NULL when the arena is full. */
struct facts *facts_add(struct facts_list *list, struct arena *arena);

/* The text if it can be a name, else empty: hostile bytes never become one. */
struct str facts_name(struct str text);
/* The text if it can be a reason: lower-case letters, digits, '_', '-', '.'. */
struct str facts_reason(struct str text);
/* "usd" or "USD" and minor units; {0, ""} for what is no amount (negative ones are). */
struct money facts_money(int64_t minor, struct str code);
/* Our own id in decimal; 0 for anything else. */
int64_t facts_checkout(struct str text);

#endif
