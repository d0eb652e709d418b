/* support_states.h: every state machine of the support room, one table each.
 *
 * A table gives the enum, the names in the database, and next(). A step that a state does not list changes nothing: the
 * provider's events come in any order and more than once. tests/unit/support/test_states.c holds these tables against
 * the schema's CHECKs.
 * SPDX-License-Identifier: ISC */
#ifndef SUPPORT_SUPPORT_STATES_H
#define SUPPORT_SUPPORT_STATES_H

#include "base/states.h"

/* state, name, meaning */
#define CHECKOUT_STATES(X) \
	X(CHECKOUT_ASKED, "asked", "durable here; the provider is being asked") \
	X(CHECKOUT_OPEN, "open", "the reader was sent to the provider's page") \
	X(CHECKOUT_REFUSED, "refused", "the provider said no: nothing can be taken") \
	X(CHECKOUT_UNCERTAIN, "uncertain", "no answer came: a page may exist there, which nobody was sent to") \
	X(CHECKOUT_WAITING, "waiting", "the bank takes its time") \
	X(CHECKOUT_PAID, "paid", "the money is there, and booked") \
	X(CHECKOUT_FAILED, "failed", "the bank said no") \
	X(CHECKOUT_EXPIRED, "expired", "nobody paid in time")

/* from, step, to. Money that came wins over everything; what ended stays ended otherwise. */
#define CHECKOUT_MOVES(X) \
	X(CHECKOUT_ASKED, CHECKOUT_IS_OPENED, CHECKOUT_OPEN) \
	X(CHECKOUT_ASKED, CHECKOUT_IS_REFUSED, CHECKOUT_REFUSED) \
	X(CHECKOUT_ASKED, CHECKOUT_IS_DOUBTED, CHECKOUT_UNCERTAIN) \
	X(CHECKOUT_ASKED, CHECKOUT_IS_DELAYED, CHECKOUT_WAITING) \
	X(CHECKOUT_ASKED, CHECKOUT_IS_PAID, CHECKOUT_PAID) \
	X(CHECKOUT_ASKED, CHECKOUT_HAS_FAILED, CHECKOUT_FAILED) \
	X(CHECKOUT_ASKED, CHECKOUT_HAS_EXPIRED, CHECKOUT_EXPIRED) \
	X(CHECKOUT_OPEN, CHECKOUT_IS_DELAYED, CHECKOUT_WAITING) \
	X(CHECKOUT_OPEN, CHECKOUT_IS_PAID, CHECKOUT_PAID) \
	X(CHECKOUT_OPEN, CHECKOUT_HAS_FAILED, CHECKOUT_FAILED) \
	X(CHECKOUT_OPEN, CHECKOUT_HAS_EXPIRED, CHECKOUT_EXPIRED) \
	X(CHECKOUT_REFUSED, CHECKOUT_IS_PAID, CHECKOUT_PAID) \
	X(CHECKOUT_UNCERTAIN, CHECKOUT_IS_OPENED, CHECKOUT_OPEN) \
	X(CHECKOUT_UNCERTAIN, CHECKOUT_IS_DELAYED, CHECKOUT_WAITING) \
	X(CHECKOUT_UNCERTAIN, CHECKOUT_IS_PAID, CHECKOUT_PAID) \
	X(CHECKOUT_UNCERTAIN, CHECKOUT_HAS_FAILED, CHECKOUT_FAILED) \
	X(CHECKOUT_UNCERTAIN, CHECKOUT_HAS_EXPIRED, CHECKOUT_EXPIRED) \
	X(CHECKOUT_WAITING, CHECKOUT_IS_PAID, CHECKOUT_PAID) \
	X(CHECKOUT_WAITING, CHECKOUT_HAS_FAILED, CHECKOUT_FAILED) \
	X(CHECKOUT_FAILED, CHECKOUT_IS_PAID, CHECKOUT_PAID) \
	X(CHECKOUT_EXPIRED, CHECKOUT_IS_PAID, CHECKOUT_PAID)

#define CHECKOUT_STEPS(X) \
	X(CHECKOUT_IS_OPENED) X(CHECKOUT_IS_REFUSED) X(CHECKOUT_IS_DOUBTED) X(CHECKOUT_IS_DELAYED) X(CHECKOUT_IS_PAID) \
	X(CHECKOUT_HAS_FAILED) X(CHECKOUT_HAS_EXPIRED)

#define MANDATE_STATES(X) \
	X(MANDATE_ACTIVE, "active", "it comes back by itself") \
	X(MANDATE_LATE, "late", "this period's money has not come yet: the provider tries again, or a reminder went out") \
	X(MANDATE_PAUSED, "paused", "nothing is taken until the reader wants it again") \
	X(MANDATE_CANCELLING, "cancelling", "the provider is being asked to end it") \
	X(MANDATE_UNCERTAIN, "uncertain", "no answer came: it is looked up until one does, and ended if it runs still") \
	X(MANDATE_ENDED, "ended", "nothing more is taken")

#define MANDATE_MOVES(X) \
	X(MANDATE_ACTIVE, MANDATE_IS_LATE, MANDATE_LATE) \
	X(MANDATE_ACTIVE, MANDATE_IS_PAUSED, MANDATE_PAUSED) \
	X(MANDATE_ACTIVE, MANDATE_IS_CANCELLED, MANDATE_CANCELLING) \
	X(MANDATE_ACTIVE, MANDATE_HAS_ENDED, MANDATE_ENDED) \
	X(MANDATE_LATE, MANDATE_RUNS, MANDATE_ACTIVE) \
	X(MANDATE_LATE, MANDATE_IS_PAUSED, MANDATE_PAUSED) \
	X(MANDATE_LATE, MANDATE_IS_CANCELLED, MANDATE_CANCELLING) \
	X(MANDATE_LATE, MANDATE_HAS_ENDED, MANDATE_ENDED) \
	X(MANDATE_PAUSED, MANDATE_RUNS, MANDATE_ACTIVE) \
	X(MANDATE_PAUSED, MANDATE_IS_LATE, MANDATE_LATE) \
	X(MANDATE_PAUSED, MANDATE_IS_CANCELLED, MANDATE_CANCELLING) \
	X(MANDATE_PAUSED, MANDATE_HAS_ENDED, MANDATE_ENDED) \
	X(MANDATE_CANCELLING, MANDATE_IS_REFUSED, MANDATE_ACTIVE) \
	X(MANDATE_CANCELLING, MANDATE_IS_DOUBTED, MANDATE_UNCERTAIN) \
	X(MANDATE_CANCELLING, MANDATE_HAS_ENDED, MANDATE_ENDED) \
	X(MANDATE_UNCERTAIN, MANDATE_IS_CANCELLED, MANDATE_CANCELLING) \
	X(MANDATE_UNCERTAIN, MANDATE_HAS_ENDED, MANDATE_ENDED)

/* MANDATE_IS_KNOWN moves nothing: it is what an event says of one that begins, or changed in other ways. */
#define MANDATE_STEPS(X) \
	X(MANDATE_IS_KNOWN) X(MANDATE_RUNS) X(MANDATE_IS_LATE) X(MANDATE_IS_PAUSED) X(MANDATE_IS_CANCELLED) X(MANDATE_IS_REFUSED) \
	X(MANDATE_IS_DOUBTED) X(MANDATE_HAS_ENDED)

#define CONTRIBUTION_STATES(X) \
	X(CONTRIBUTION_BOOKED, "booked", "it is ours") \
	X(CONTRIBUTION_PART_REFUNDED, "part_refunded", "some of it was given back") \
	X(CONTRIBUTION_REFUNDED, "refunded", "all of it was given back") \
	X(CONTRIBUTION_DISPUTED, "disputed", "the giver's bank asks for it, or holds it") \
	X(CONTRIBUTION_LOST, "lost", "the giver's bank took it back for good")

/* Each says how it stands, whatever stood there before: it is worked out anew from all that is known. */
#define CONTRIBUTION_MOVES(X) \
	X(CONTRIBUTION_BOOKED, CONTRIBUTION_NONE, CONTRIBUTION_BOOKED) \
	X(CONTRIBUTION_BOOKED, CONTRIBUTION_PART, CONTRIBUTION_PART_REFUNDED) \
	X(CONTRIBUTION_BOOKED, CONTRIBUTION_ALL, CONTRIBUTION_REFUNDED) \
	X(CONTRIBUTION_BOOKED, CONTRIBUTION_IS_DISPUTED, CONTRIBUTION_DISPUTED) \
	X(CONTRIBUTION_BOOKED, CONTRIBUTION_IS_LOST, CONTRIBUTION_LOST)

/* How much of a contribution was given back, and what its dispute came to. */
#define CONTRIBUTION_STEPS(X) \
	X(CONTRIBUTION_NONE) X(CONTRIBUTION_PART) X(CONTRIBUTION_ALL) X(CONTRIBUTION_IS_DISPUTED) X(CONTRIBUTION_IS_LOST)

/* In this order: a later state is never undone by an earlier step. */
#define DISPUTE_STATES(X) \
	X(DISPUTE_WARNED, "warned", "the giver's bank asks; no money was taken") \
	X(DISPUTE_OPEN, "open", "money was taken; an answer is due") \
	X(DISPUTE_ANSWERED, "answered", "the bank looks at the answer") \
	X(DISPUTE_WON, "won", "it is ours again") \
	X(DISPUTE_LOST, "lost", "it is gone")

#define DISPUTE_MOVES(X) \
	X(DISPUTE_WARNED, DISPUTE_IS_OPEN, DISPUTE_OPEN) \
	X(DISPUTE_WARNED, DISPUTE_IS_ANSWERED, DISPUTE_ANSWERED) \
	X(DISPUTE_WARNED, DISPUTE_IS_WON, DISPUTE_WON) \
	X(DISPUTE_WARNED, DISPUTE_IS_LOST, DISPUTE_LOST) \
	X(DISPUTE_OPEN, DISPUTE_IS_ANSWERED, DISPUTE_ANSWERED) \
	X(DISPUTE_OPEN, DISPUTE_IS_WON, DISPUTE_WON) \
	X(DISPUTE_OPEN, DISPUTE_IS_LOST, DISPUTE_LOST) \
	X(DISPUTE_ANSWERED, DISPUTE_IS_WON, DISPUTE_WON) \
	X(DISPUTE_ANSWERED, DISPUTE_IS_LOST, DISPUTE_LOST) \
	X(DISPUTE_WON, DISPUTE_IS_LOST, DISPUTE_LOST)

#define DISPUTE_STEPS(X) \
	X(DISPUTE_IS_WARNED) X(DISPUTE_IS_OPEN) X(DISPUTE_IS_ANSWERED) X(DISPUTE_IS_WON) X(DISPUTE_IS_LOST)

#define PAYOUT_STATES(X) \
	X(PAYOUT_SENT, "sent", "on its way to the newsroom's bank") \
	X(PAYOUT_ARRIVED, "arrived", "at the bank, and booked") \
	X(PAYOUT_FAILED, "failed", "the bank sent it back")

#define PAYOUT_MOVES(X) \
	X(PAYOUT_SENT, PAYOUT_HAS_ARRIVED, PAYOUT_ARRIVED) \
	X(PAYOUT_SENT, PAYOUT_HAS_FAILED, PAYOUT_FAILED) \
	X(PAYOUT_ARRIVED, PAYOUT_HAS_FAILED, PAYOUT_FAILED)

#define PAYOUT_STEPS(X) X(PAYOUT_IS_SENT) X(PAYOUT_HAS_ARRIVED) X(PAYOUT_HAS_FAILED)

/* A period's payment of a mandate that did not come at once. */
#define RENEWAL_STATES(X) \
	X(RENEWAL_FAILING, "failing", "the bank said no; it is tried again") \
	X(RENEWAL_GIVEN_UP, "given_up", "it is not tried again") \
	X(RENEWAL_RECOVERED, "recovered", "it was paid after all")

#define RENEWAL_MOVES(X) \
	X(RENEWAL_FAILING, RENEWAL_IS_LAST, RENEWAL_GIVEN_UP) \
	X(RENEWAL_FAILING, RENEWAL_IS_PAID, RENEWAL_RECOVERED) \
	X(RENEWAL_GIVEN_UP, RENEWAL_IS_PAID, RENEWAL_RECOVERED)

#define RENEWAL_STEPS(X) X(RENEWAL_IS_LAST) X(RENEWAL_IS_PAID)

#define REFUND_STATES(X) \
	X(REFUND_NEW, "", "not known here") \
	X(REFUND_PENDING, "pending", "asked for; not given back yet") \
	X(REFUND_DONE, "done", "given back, and booked") \
	X(REFUND_FAILED, "failed", "it came back to us")

#define REFUND_MOVES(X) \
	X(REFUND_NEW, REFUND_IS_ASKED, REFUND_PENDING) \
	X(REFUND_NEW, REFUND_SUCCEEDED, REFUND_DONE) \
	X(REFUND_NEW, REFUND_HAS_FAILED, REFUND_FAILED) \
	X(REFUND_PENDING, REFUND_SUCCEEDED, REFUND_DONE) \
	X(REFUND_PENDING, REFUND_HAS_FAILED, REFUND_FAILED) \
	X(REFUND_DONE, REFUND_HAS_FAILED, REFUND_FAILED)

#define REFUND_STEPS(X) X(REFUND_IS_ASKED) X(REFUND_SUCCEEDED) X(REFUND_HAS_FAILED)

#define EVENT_STATES(X) \
	X(EVENT_APPLIED, "applied", "what it says stands in the tables") \
	X(EVENT_PARKED, "parked", "it came before what it speaks of") \
	X(EVENT_FOREIGN, "foreign", "it speaks of something that is not ours") \
	X(EVENT_IGNORED, "ignored", "a kind that we have no use for")

/* What an event speaks of may become known later, as ours or as somebody else's. */
#define EVENT_MOVES(X) \
	X(EVENT_PARKED, EVENT_IS_APPLIED, EVENT_APPLIED) \
	X(EVENT_PARKED, EVENT_IS_FOREIGN, EVENT_FOREIGN) \
	X(EVENT_FOREIGN, EVENT_IS_APPLIED, EVENT_APPLIED)

#define EVENT_STEPS(X) X(EVENT_IS_APPLIED) X(EVENT_IS_FOREIGN)

/* --- what a supporter is told, and refunds asked for at the desk --- */

#define NOTICE_STATES(X) \
	X(NOTICE_DUE, "due", "to be handed to the newsletter room, which mails it") \
	X(NOTICE_HANDED, "handed", "the newsletter room has it on disk") \
	X(NOTICE_DROPPED, "dropped", "nobody wants it any more, or nobody is there to get it")

#define NOTICE_MOVES(X) \
	X(NOTICE_DUE, NOTICE_IS_HANDED, NOTICE_HANDED) \
	X(NOTICE_DUE, NOTICE_IS_DROPPED, NOTICE_DROPPED)

#define NOTICE_STEPS(X) X(NOTICE_IS_HANDED) X(NOTICE_IS_DROPPED)

#define WISH_STATES(X) \
	X(WISH_WANTED, "wanted", "somebody asked for it; it waits for a second person") \
	X(WISH_ASKING, "asking", "the provider is being asked, under a key made of its id") \
	X(WISH_UNCERTAIN, "uncertain", "no answer came: it is asked again under the same key") \
	X(WISH_ASKED, "asked", "the provider took it; its signed event books it") \
	X(WISH_REFUSED, "refused", "the provider said no: nothing was given back") \
	X(WISH_DECLINED, "declined", "the second person said no")

#define WISH_MOVES(X) \
	X(WISH_WANTED, WISH_IS_APPROVED, WISH_ASKING) \
	X(WISH_WANTED, WISH_IS_DECLINED, WISH_DECLINED) \
	X(WISH_ASKING, WISH_IS_TAKEN, WISH_ASKED) \
	X(WISH_ASKING, WISH_IS_REFUSED, WISH_REFUSED) \
	X(WISH_ASKING, WISH_IS_DOUBTED, WISH_UNCERTAIN) \
	X(WISH_UNCERTAIN, WISH_IS_APPROVED, WISH_ASKING)

#define WISH_STEPS(X) X(WISH_IS_APPROVED) X(WISH_IS_DECLINED) X(WISH_IS_TAKEN) X(WISH_IS_REFUSED) X(WISH_IS_DOUBTED)

STATES_DECLARE(notice, NOTICE)
STATES_DECLARE(wish, WISH)

STATES_DECLARE(checkout, CHECKOUT)
STATES_DECLARE(mandate, MANDATE)
STATES_DECLARE(contribution, CONTRIBUTION)
STATES_DECLARE(refund, REFUND)
STATES_DECLARE(dispute, DISPUTE)
STATES_DECLARE(payout, PAYOUT)
STATES_DECLARE(renewal, RENEWAL)
STATES_DECLARE(event, EVENT)

#endif
