/* books.h: the books as a pure function of the set of facts that are kept.
 *
 * books_derive() takes all facts of one payment (or of one payout) in any order and says what they come to: a contribution,
 * its refunds and disputes, and the bookings that follow. It asks nobody, keeps nothing, and knows no order of arrival: where
 * facts disagree, the earliest by the provider's clock counts (then the smaller event hash), and states only go up. The room
 * runs it on a payment's facts each time one comes in (support_ledger.c), and on all facts at once to prove what stands in
 * the tables (support_rebuild.c): one function, so both say the same.
 *
 * Accounts, debit positive, one set per currency: provider:RAIL (what lies there for us), income:once|monthly|annual, fees,
 * given-back (refunds, and disputes that were lost), disputed (held by a giver's bank), bank (payouts), exchange (a payment
 * settled in another currency than it was given in).
 *
 * Periods. A closed period's bookings never change. What is known of it later is booked in the period that is open then: a
 * booking's lines are what the facts come to, less what closed periods state for the same reason; its day is not before the
 * first open one. So the books are a function of the facts and of the period in which each was taken.
 * SPDX-License-Identifier: ISC */
#ifndef SUPPORT_BOOKS_H
#define SUPPORT_BOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/money.h"
#include "base/str.h"
#include "facts.h"
#include "house/settings.h"

struct arena;

/* Half of a keyed hash: which name it was nobody can say without the index key, and no two are alike. */
struct fact_key {
	unsigned char at[16];       /* zeros: none */
};
bool fact_key_is(const struct fact_key *key);
bool fact_keys_equal(const struct fact_key *a, const struct fact_key *b);
/* A row id of it: positive, 63 bits. */
int64_t fact_key_id(const struct fact_key *key);

/* A fact as it is kept: struct facts with keyed hashes for names. A million of them are held at once by a rebuild. */
struct kept {
	int64_t created_s, checkout;
	int64_t amount, fee, back;
	const char *reason;         /* NULL: none, or not asked for */
	struct fact_key payment, also, item;
	unsigned char event[8];     /* of its event's hash: decides between facts of the same second */
	char code[4], fee_code[4], back_code[4];
	int32_t due_day, next_day;
	int32_t period;             /* that was open when it was taken */
	uint16_t attempt;
	uint8_t kind, step;         /* enum fact_kind; the step that goes with it */
	uint8_t frequency;          /* PAID, MATCHED, RENEWAL_FAILED: enum frequency + 1 of our checkout; 0: it is not ours */
	uint8_t rail;               /* place in rails[] */
};

/* The words are kept: new ones at the end. */
#define BOOKING_KINDS(X) \
	X(BOOKING_CONTRIBUTION, "contribution") \
	X(BOOKING_FEE, "fee") \
	X(BOOKING_EXCHANGE, "exchange") \
	X(BOOKING_REFUND, "refund") \
	X(BOOKING_REFUND_FAILED, "refund_failed") \
	X(BOOKING_DISPUTE, "dispute") \
	X(BOOKING_DISPUTE_FEE, "dispute_fee") \
	X(BOOKING_DISPUTE_WON, "dispute_won") \
	X(BOOKING_DISPUTE_LOST, "dispute_lost") \
	X(BOOKING_PAYOUT, "payout") \
	X(BOOKING_PAYOUT_FAILED, "payout_failed")

enum booking_kind {
#define X(kind, name) kind,
	BOOKING_KINDS(X)
#undef X
	BOOKING_KIND_COUNT
};
struct str booking_kind_name(enum booking_kind kind);
bool booking_kind_from(struct str name, enum booking_kind *kind);

enum { BOOKS_LINES = 8, BOOKS_ACCOUNT_BYTES = 24 };

struct books_line {
	char account[BOOKS_ACCOUNT_BYTES];
	struct money amount;        /* debit positive; never 0 */
};

/* One reason to book. kind and reason name it; with the period they make its id. */
struct books_booking {
	int64_t id;
	enum booking_kind kind;
	struct fact_key reason;
	int64_t contribution;       /* 0: of none (a payout, a provider's own fee) */
	int32_t period, day;
	size_t count;
	struct books_line lines[BOOKS_LINES]; /* ordered by account, then currency */
};

struct books_contribution {
	int64_t id, checkout;       /* id: made of the payment's name */
	enum frequency frequency;
	uint8_t rail;
	struct money amount;
	bool has_fee;               /* known, and in the same currency */
	int64_t fee_minor, refunded_minor;
	enum contribution_state state;
	int32_t day;
};
struct books_refund {
	int64_t id;
	struct money amount;
	enum refund_state state;
	int32_t day;
};
struct books_dispute {
	int64_t id;
	struct money amount;        /* taken out of our account; code "" where nothing was */
	int64_t fee_minor, back_minor;
	enum dispute_state state;
	const char *reason;
	int32_t day, due_day;
};
struct books_renewal {
	int64_t id, checkout;
	enum frequency frequency;
	struct money amount;
	int64_t attempts;
	enum renewal_state state;
	const char *reason;
	int32_t day, next_day;
};
struct books_payout {
	int64_t id;
	uint8_t rail;
	struct money amount;
	enum payout_state state;
	const char *reason;
	int32_t day, arrives_day;
};
/* One movement that a payout is made of. */
struct books_part {
	int64_t id, payout;
	struct fact_key name;       /* the payment's (is_item false), or the refund's or dispute's own */
	bool is_item;
	struct money amount;        /* net; may be negative */
	const char *reason;
};

/* What the facts of one payment, payout or part come to. Arrays live in the arena. */
struct books {
	enum event_state state;     /* of its facts: PARKED while nobody said whose payment it is, FOREIGN when it is not ours */
	bool has_contribution, has_renewal, has_payout, has_part;
	struct books_contribution contribution;
	struct books_renewal renewal;
	struct books_payout payout;
	struct books_part part;
	struct books_refund *refunds;
	struct books_dispute *disputes;
	struct books_booking *bookings;
	size_t refund_count, dispute_count, booking_count;
};

/* facts: all of one subject. The array is put in order. False when the arena is full. */
bool books_derive(const struct kept **facts, size_t count, struct arena *arena, struct books *books)
	__attribute__((warn_unused_result));

/* What period `period` states: the target's bookings less what earlier ones state for the same reasons. until_day: bookings of
 * later days are left to later periods; INT32_MAX in the open one. Bookings whose lines come to nothing are left out. */
bool books_less_stated(const struct books *target, const struct books_booking *stated, size_t stated_count, int32_t period,
	int32_t first_day, int32_t until_day, struct arena *arena, struct books_booking **out, size_t *count)
	__attribute__((warn_unused_result));

/* A sum over bookings (and over contributions) that does not depend on their order. Two books that differ have different
 * ones, but for one chance in 2^200. */
struct books_digest {
	uint64_t lanes[4];
	int64_t bookings, contributions;
};
void books_digest_booking(struct books_digest *digest, const struct books_booking *booking);
void books_digest_contribution(struct books_digest *digest, const struct books_contribution *contribution);
bool books_digests_equal(const struct books_digest *a, const struct books_digest *b);
void books_digest_write(const struct books_digest *digest, char out[65]);

#endif
