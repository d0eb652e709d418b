/* slot_clock.h: the desk's watch over the newsletter's weekly slots.
 *
 * On the day before a slot a draft is made of the week. It goes if an editor approved it and it has enough stories; else it is held and staff are
 * told. What became of each slot is kept in desk.db and told to the newsletter room, for its status.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_SLOT_CLOCK_H
#define DESK_SLOT_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <jansson.h>
#include "base/clock.h"
#include "base/states.h"
#include "house/slot.h"

struct desk_visit;
struct fault;
struct issue_draft;
struct press_value;
struct room;

/* state, name in the database, meaning */
#define ISSUE_SLOT_STATES(X) \
	X(ISSUE_SLOT_DRAFTED, "drafted", "its draft is made; an editor picks and approves") \
	X(ISSUE_SLOT_APPROVED, "approved", "the newsletter has its issue, which goes by itself") \
	X(ISSUE_SLOT_HELD, "held", "its moment has passed and nothing went; it still can") \
	X(ISSUE_SLOT_SENT, "sent", "its issue went on time") \
	X(ISSUE_SLOT_LATE, "late", "its issue was caught up") \
	X(ISSUE_SLOT_SKIPPED, "skipped", "nothing went, and it is too late now")

/* Every step may be taken from every state: the newsletter's word and the clock decide, and a clock may have been wrong. Only what went,
 * went. */
#define ISSUE_SLOT_FROM(X, from) \
	X(from, ISSUE_SLOT_IS_OPEN, ISSUE_SLOT_DRAFTED) X(from, ISSUE_SLOT_IS_APPROVED, ISSUE_SLOT_APPROVED) \
	X(from, ISSUE_SLOT_IS_HELD, ISSUE_SLOT_HELD) X(from, ISSUE_SLOT_IS_SENT, ISSUE_SLOT_SENT) \
	X(from, ISSUE_SLOT_IS_CAUGHT_UP, ISSUE_SLOT_LATE) X(from, ISSUE_SLOT_IS_SKIPPED, ISSUE_SLOT_SKIPPED)
#define ISSUE_SLOT_MOVES(X) \
	ISSUE_SLOT_FROM(X, ISSUE_SLOT_DRAFTED) ISSUE_SLOT_FROM(X, ISSUE_SLOT_APPROVED) ISSUE_SLOT_FROM(X, ISSUE_SLOT_HELD) \
	ISSUE_SLOT_FROM(X, ISSUE_SLOT_SKIPPED)
#define ISSUE_SLOT_STEPS(X) \
	X(ISSUE_SLOT_IS_OPEN) X(ISSUE_SLOT_IS_APPROVED) X(ISSUE_SLOT_IS_HELD) X(ISSUE_SLOT_IS_SENT) X(ISSUE_SLOT_IS_CAUGHT_UP) X(ISSUE_SLOT_IS_SKIPPED)

STATES_DECLARE(issue_slot, ISSUE_SLOT)

/* Makes the drafts that are due, notes the slots that passed while nobody looked, asks the newsletter what became of the others. From a timer, and
 * after an approval. Safe to repeat. */
void slot_clock_look(void *room);
/* The part of it that asks nobody, for tests. */
bool slot_clock_turn(struct room *room, struct fault *f) __attribute__((warn_unused_result));
/* What the newsletter said of a slot (GET /slots/KEY), or NULL where it has no issue. */
bool slot_clock_judge(struct room *room, struct str key, const json_t *issues, struct fault *f) __attribute__((warn_unused_result));

/* Whether a draft of a slot may be approved: enough stories, and the slot is not over. INPUT or CONFLICT with a sentence for the editor; true
 * for a draft of no slot. */
bool slot_clock_allows(const struct room *room, const struct issue_draft *draft, struct fault *f) __attribute__((warn_unused_result));

/* --- desk_slot.c --- */

/* {{slot_strip}} of the newsletter's page: the slot that counts now, and what became of the last one. */
void desk_slot_values(struct desk_visit *visit, struct press_value *root);
/* A sentence for the bar of every page where a slot is held; false where none is. */
bool desk_slot_trouble(struct desk_visit *visit, struct str *say);

#endif
