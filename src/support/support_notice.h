/* support_notice.h: what supporters are told by mail.
 * SPDX-License-Identifier: ISC */
#ifndef SUPPORT_SUPPORT_NOTICE_H
#define SUPPORT_SUPPORT_NOTICE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/money.h"
#include "http/http.h"

struct fault;
struct support;

/* kind, its name in rows and orders, meaning */
#define NOTICE_KINDS(X) \
	X(NOTICE_THANKS, "thanks", "a first gift came") \
	X(NOTICE_RENEWED, "renewed", "a further one of a monthly or annual gift came") \
	X(NOTICE_UPCOMING, "upcoming", "an annual debit comes in 14 days") \
	X(NOTICE_FAILED, "failed", "a renewal could not be taken, and is tried again") \
	X(NOTICE_FAILED_LAST, "failed_last", "it could not be taken, and is not tried again") \
	X(NOTICE_EXPIRING, "expiring", "the card expires before the next debit") \
	X(NOTICE_CANCELLED, "cancelled", "a gift that came back by itself has ended") \
	X(NOTICE_REFUNDED, "refunded", "money was given back") \
	X(NOTICE_ASKED, "asked", "a gift on a rail that cannot charge is due in three days") \
	X(NOTICE_PAUSED, "paused", "it did not come, and is asked for no more")

#define NOTICE_KIND(kind, name, meaning) kind,
enum notice_kind { NOTICE_KINDS(NOTICE_KIND) NOTICE_KIND_COUNT };

enum {
	NOTICE_AHEAD_DAYS = 14,   /* before an annual debit */
	NOTICE_LATE_DAYS = 30     /* what is older when it becomes known is not told any more */
};

struct support_notice {
	enum notice_kind kind;
	int32_t day;              /* that it names */
	int64_t about, step;      /* once for each */
	int64_t checkout;
	struct money amount;
	int64_t contribution;     /* whose receipt it leads to; 0: none */
};
/* Notes that this is to be told, once. Inside or outside of a transaction. Nothing happens for who left no address. */
bool support_note(struct support *support, const struct support_notice *notice, struct fault *f) __attribute__((warn_unused_result));

/* By the clock: finds in the rows what is to be told (gifts that came, debits that come, ends, refunds) and hands it to the
 * newsletter room, one after the other. Nothing depends on it being called once: rows say what was told. */
void support_run_notices(void *support);
/* By the clock, support_card.c: asks about one card whose giver wants to be told, each every two weeks. */
void support_look_at_cards(void *support);
http_handler support_post_run_notices;
/* The finding alone. It goes through a month's gifts and all running ones, a part at each call, until at is NOTICE_LOOK_DONE. */
struct notice_look {
	int32_t today, day;
	enum { NOTICE_LOOK_PAID, NOTICE_LOOK_ANNUAL, NOTICE_LOOK_REST, NOTICE_LOOK_DONE } at;
	int64_t after, noted;     /* noted: how many are new */
};
struct notice_look notice_look_from(int32_t today);
bool support_look_for_notices(struct support *support, struct notice_look *look, struct fault *f) __attribute__((warn_unused_result));
/* Before the room's life ends. */
void support_end_notices(struct support *support);

#endif
