/* newsletter_states.h: every state machine of the newsletter room, one table each.
 *
 * What a table gives is in base/states.h. A step that a state does not list is refused: nothing moves.
 * tests/unit/newsletter/test_states.c holds the names against the schema's CHECKs.
 * SPDX-License-Identifier: ISC */
#ifndef NEWSLETTER_NEWSLETTER_STATES_H
#define NEWSLETTER_NEWSLETTER_STATES_H

#include "base/states.h"

/* state, name, meaning */
#define DELIVERY_STATES(X) \
	X(DELIVERY_QUEUED, "queued", "to be mailed") \
	X(DELIVERY_CLAIMED, "claimed", "in the room's or its keeper's hands; whether its dot may have left stands in the keeper's journal") \
	X(DELIVERY_SENDING, "sending", "its dot is in the keeper's journal: from here on it may have arrived") \
	X(DELIVERY_ACCEPTED, "accepted", "the mail server has taken it") \
	X(DELIVERY_REFUSED, "refused", "the mail server will never take it, or it was delayed too often") \
	X(DELIVERY_LATER, "later", "not taken; tried again at next_at") \
	X(DELIVERY_IN_DOUBT, "in_doubt", "no answer came to the dot: never sent again by itself") \
	X(DELIVERY_LEFT, "left", "unsubscribed before it was mailed")

/* from, step, to */
#define DELIVERY_MOVES(X) \
	X(DELIVERY_QUEUED, DELIVERY_IS_CLAIMED, DELIVERY_CLAIMED) \
	X(DELIVERY_LATER, DELIVERY_IS_CLAIMED, DELIVERY_CLAIMED) \
	X(DELIVERY_CLAIMED, DELIVERY_IS_RELEASED, DELIVERY_QUEUED) \
	X(DELIVERY_CLAIMED, DELIVERY_IS_DOTTED, DELIVERY_SENDING) \
	X(DELIVERY_CLAIMED, DELIVERY_IS_REFUSED, DELIVERY_REFUSED) \
	X(DELIVERY_CLAIMED, DELIVERY_IS_DELAYED, DELIVERY_LATER) \
	X(DELIVERY_SENDING, DELIVERY_IS_ACCEPTED, DELIVERY_ACCEPTED) \
	X(DELIVERY_SENDING, DELIVERY_IS_REFUSED, DELIVERY_REFUSED) \
	X(DELIVERY_SENDING, DELIVERY_IS_DELAYED, DELIVERY_LATER) \
	X(DELIVERY_SENDING, DELIVERY_IS_DOUBTED, DELIVERY_IN_DOUBT) \
	X(DELIVERY_CLAIMED, DELIVERY_IS_DOUBTED, DELIVERY_IN_DOUBT) /* only where the keeper's journal is damaged */ \
	X(DELIVERY_IN_DOUBT, DELIVERY_IS_RESENT, DELIVERY_QUEUED) \
	X(DELIVERY_QUEUED, DELIVERY_IS_LEFT, DELIVERY_LEFT) \
	X(DELIVERY_CLAIMED, DELIVERY_IS_LEFT, DELIVERY_LEFT) \
	X(DELIVERY_LATER, DELIVERY_IS_LEFT, DELIVERY_LEFT)

#define DELIVERY_STEPS(X) \
	X(DELIVERY_IS_CLAIMED) X(DELIVERY_IS_RELEASED) X(DELIVERY_IS_DOTTED) X(DELIVERY_IS_ACCEPTED) X(DELIVERY_IS_REFUSED) \
	X(DELIVERY_IS_DELAYED) X(DELIVERY_IS_DOUBTED) X(DELIVERY_IS_LEFT) X(DELIVERY_IS_RESENT)

#define ISSUE_STATES(X) \
	X(ISSUE_FROZEN, "frozen", "here, whole and unchangeable; nobody gets it yet") \
	X(ISSUE_SENDING, "sending", "recipients are frozen and counted, then mailed") \
	X(ISSUE_PAUSED, "paused", "somebody stopped it; mails under way end") \
	X(ISSUE_SENT, "sent", "every recipient's mail has ended") \
	X(ISSUE_CANCELLED, "cancelled", "somebody stopped it for good; who had no mail yet gets none")

#define ISSUE_MOVES(X) \
	X(ISSUE_FROZEN, ISSUE_IS_APPROVED, ISSUE_SENDING) \
	X(ISSUE_PAUSED, ISSUE_IS_APPROVED, ISSUE_SENDING) \
	X(ISSUE_SENDING, ISSUE_IS_PAUSED, ISSUE_PAUSED) \
	X(ISSUE_SENDING, ISSUE_IS_DONE, ISSUE_SENT) \
	X(ISSUE_FROZEN, ISSUE_IS_CANCELLED, ISSUE_CANCELLED) \
	X(ISSUE_SENDING, ISSUE_IS_CANCELLED, ISSUE_CANCELLED) \
	X(ISSUE_PAUSED, ISSUE_IS_CANCELLED, ISSUE_CANCELLED) \
	X(ISSUE_SENT, ISSUE_IS_REOPENED, ISSUE_SENDING) \
	X(ISSUE_SENDING, ISSUE_IS_REOPENED, ISSUE_SENDING)

#define ISSUE_STEPS(X) X(ISSUE_IS_APPROVED) X(ISSUE_IS_PAUSED) X(ISSUE_IS_DONE) X(ISSUE_IS_REOPENED) X(ISSUE_IS_CANCELLED)

#define SUBSCRIBER_STATES(X) \
	X(SUBSCRIBER_PENDING, "pending", "asked, not confirmed: erased after seven days") \
	X(SUBSCRIBER_CONFIRMED, "confirmed", "gets the newsletter")

/* Leaving and expiring erase the row; a tombstone in `suppression` stays of who left. */
#define SUBSCRIBER_MOVES(X) X(SUBSCRIBER_PENDING, SUBSCRIBER_IS_CONFIRMED, SUBSCRIBER_CONFIRMED)

#define SUBSCRIBER_STEPS(X) X(SUBSCRIBER_IS_CONFIRMED)

#define SIGNING_KEY_STATES(X) \
	X(SIGNING_KEY_NEXT, "next", "made; signs once its records stand in DNS") \
	X(SIGNING_KEY_SIGNING, "signing", "signs every mail") \
	X(SIGNING_KEY_RETIRED, "retired", "signs no more; its records stay until its mails have arrived") \
	X(SIGNING_KEY_PUBLISHED, "published", "revoked in DNS, its private half given to everybody: old mail proves nothing")

#define SIGNING_KEY_MOVES(X) \
	X(SIGNING_KEY_NEXT, SIGNING_KEY_IS_TAKEN, SIGNING_KEY_SIGNING) \
	X(SIGNING_KEY_SIGNING, SIGNING_KEY_IS_REPLACED, SIGNING_KEY_RETIRED) \
	X(SIGNING_KEY_RETIRED, SIGNING_KEY_IS_PUBLISHED, SIGNING_KEY_PUBLISHED)

#define SIGNING_KEY_STEPS(X) X(SIGNING_KEY_IS_TAKEN) X(SIGNING_KEY_IS_REPLACED) X(SIGNING_KEY_IS_PUBLISHED)

#define SCHEDULE_STATES(X) \
	X(SCHEDULE_WAITING, "waiting", "approved; goes at its time by itself") \
	X(SCHEDULE_GONE, "gone", "its issue began to be sent") \
	X(SCHEDULE_SKIPPED, "skipped", "its time and the hours for catching up passed") \
	X(SCHEDULE_HELD, "held", "in a restored copy: only by hand, the original may have sent it") \
	X(SCHEDULE_CANCELLED, "cancelled", "its approval was taken back: its slot is free")

/* What was skipped may wait again: the clock had been ahead. By hand an issue goes from every state but the last. */
#define SCHEDULE_MOVES(X) \
	X(SCHEDULE_WAITING, SCHEDULE_IS_SENT, SCHEDULE_GONE) \
	X(SCHEDULE_SKIPPED, SCHEDULE_IS_SENT, SCHEDULE_GONE) \
	X(SCHEDULE_HELD, SCHEDULE_IS_SENT, SCHEDULE_GONE) \
	X(SCHEDULE_GONE, SCHEDULE_IS_SENT, SCHEDULE_GONE) \
	X(SCHEDULE_WAITING, SCHEDULE_IS_SKIPPED, SCHEDULE_SKIPPED) \
	X(SCHEDULE_SKIPPED, SCHEDULE_IS_EARLY_AGAIN, SCHEDULE_WAITING) \
	X(SCHEDULE_WAITING, SCHEDULE_IS_HELD, SCHEDULE_HELD) \
	X(SCHEDULE_WAITING, SCHEDULE_IS_CANCELLED, SCHEDULE_CANCELLED) \
	X(SCHEDULE_SKIPPED, SCHEDULE_IS_CANCELLED, SCHEDULE_CANCELLED) \
	X(SCHEDULE_HELD, SCHEDULE_IS_CANCELLED, SCHEDULE_CANCELLED)

#define SCHEDULE_STEPS(X) \
	X(SCHEDULE_IS_SENT) X(SCHEDULE_IS_SKIPPED) X(SCHEDULE_IS_EARLY_AGAIN) X(SCHEDULE_IS_HELD) X(SCHEDULE_IS_CANCELLED)

#define IMPORT_STATES(X) \
	X(IMPORT_WAITING, "waiting", "so many rows that a second staff member must confirm") \
	X(IMPORT_TAKING, "taking", "rows are taken; where it was cut short, the same file goes on") \
	X(IMPORT_DONE, "done", "every row was looked at") \
	X(IMPORT_DECLINED, "declined", "a second staff member said no")

#define IMPORT_MOVES(X) \
	X(IMPORT_WAITING, IMPORT_IS_CONFIRMED, IMPORT_TAKING) \
	X(IMPORT_WAITING, IMPORT_IS_DECLINED, IMPORT_DECLINED) \
	X(IMPORT_TAKING, IMPORT_IS_FINISHED, IMPORT_DONE)

#define IMPORT_STEPS(X) X(IMPORT_IS_CONFIRMED) X(IMPORT_IS_DECLINED) X(IMPORT_IS_FINISHED)

STATES_DECLARE(import, IMPORT)
STATES_DECLARE(delivery, DELIVERY)
STATES_DECLARE(issue, ISSUE)
STATES_DECLARE(subscriber, SUBSCRIBER)
STATES_DECLARE(signing_key, SIGNING_KEY)
STATES_DECLARE(schedule, SCHEDULE)

#endif
