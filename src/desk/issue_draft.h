/* issue_draft.h: drafts of issues: what editors pick, order and write before an issue is composed and frozen.
 *
 * A draft has one language and may belong to a slot (one draft a slot and language). Approving composes it (compose.c) and hands the
 * frozen issue to the newsletter: PUT /issues/ID with `send_at` (microseconds; missing: nobody said when), `slot` ("2026-11-27", the day of
 * the slot on the newsroom's clock; missing: none) and `approved_by`. Taking an approval back cancels that frozen issue there
 * (POST /issues/ID/cancel, state `cancelled`), and approving again makes another one: a slot has one issue that is not cancelled.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_ISSUE_DRAFT_H
#define DESK_ISSUE_DRAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/clock.h"
#include "base/states.h"
#include "base/str.h"

struct arena;
struct fault;
struct room;

/* state, name in the database, meaning */
#define ISSUE_DRAFT_STATES(X) \
	X(ISSUE_DRAFT_OPEN, "draft", "being picked and written; held until an editor approves it") \
	X(ISSUE_DRAFT_APPROVED, "approved", "composed, frozen and handed to the newsletter; goes at its time") \
	X(ISSUE_DRAFT_ISSUED, "issued", "the newsletter began to send it") \
	X(ISSUE_DRAFT_SKIPPED, "skipped", "its slot passed without it") \
	X(ISSUE_DRAFT_DROPPED, "dropped", "thrown away by an editor")

/* from, step, to */
#define ISSUE_DRAFT_MOVES(X) \
	X(ISSUE_DRAFT_OPEN, ISSUE_DRAFT_IS_APPROVED, ISSUE_DRAFT_APPROVED) \
	X(ISSUE_DRAFT_APPROVED, ISSUE_DRAFT_IS_REOPENED, ISSUE_DRAFT_OPEN) \
	X(ISSUE_DRAFT_SKIPPED, ISSUE_DRAFT_IS_REOPENED, ISSUE_DRAFT_OPEN) \
	X(ISSUE_DRAFT_APPROVED, ISSUE_DRAFT_IS_ISSUED, ISSUE_DRAFT_ISSUED) \
	X(ISSUE_DRAFT_OPEN, ISSUE_DRAFT_IS_SKIPPED, ISSUE_DRAFT_SKIPPED) \
	X(ISSUE_DRAFT_APPROVED, ISSUE_DRAFT_IS_SKIPPED, ISSUE_DRAFT_SKIPPED) \
	X(ISSUE_DRAFT_OPEN, ISSUE_DRAFT_IS_DROPPED, ISSUE_DRAFT_DROPPED) \
	X(ISSUE_DRAFT_SKIPPED, ISSUE_DRAFT_IS_DROPPED, ISSUE_DRAFT_DROPPED)

#define ISSUE_DRAFT_STEPS(X) \
	X(ISSUE_DRAFT_IS_APPROVED) X(ISSUE_DRAFT_IS_REOPENED) X(ISSUE_DRAFT_IS_ISSUED) X(ISSUE_DRAFT_IS_SKIPPED) X(ISSUE_DRAFT_IS_DROPPED)

STATES_DECLARE(issue_draft, ISSUE_DRAFT)

enum { ISSUE_PICKS = 40, ISSUE_WEEK_PICKS = 7, ISSUE_SUBJECT_CHARS = 150, ISSUE_PREHEADER_CHARS = 150, ISSUE_LINE_CHARS = 400,
	ISSUE_TEXT_BYTES = 16 * 1024 };

struct issue_pick {
	int64_t story;
	struct str line;           /* empty: the story's excerpt */
};

struct issue_draft {
	int64_t id;
	enum issue_draft_state state;
	struct when slot;          /* the instant at which it goes; 0: it has no slot */
	struct when send_at;       /* without a slot: when it goes once approved; 0: when somebody says so */
	struct str lang;
	struct str subject, preheader, intro, signoff; /* intro and sign-off are Markdown; empty preheader: the first pick's line */
	bool is_neutral;           /* the mail's subject and sender name say nothing of the newsroom */
	struct str neutral_subject, neutral_name; /* empty: the language's */
	bool is_full;              /* the picks' whole text stands in the mail */
	int64_t issue;             /* the frozen one; 0: none */
	int64_t version;           /* counts saves: an older form is noticed */
	struct when changed;
	struct str changed_by;
	struct issue_pick picks[ISSUE_PICKS];
	size_t pick_count;
};

/* --- for the slot's timer --- */

/* The draft of this slot in the newsroom's language, made of the stories of the seven days before it (or before now, where the slot is
 * later): newest first, at most ISSUE_WEEK_PICKS. Idempotent: there is one a slot, whatever state it is in. *id may be NULL. slot 0: a
 * draft without a slot, a new one at each call. Not within a transaction. */
bool issue_draft_from_week(struct room *room, struct when slot, int64_t *id, struct fault *f) __attribute__((warn_unused_result));
/* The same in another language ("": the newsroom's). */
bool issue_draft_from_week_in(struct room *room, struct when slot, struct str lang, int64_t *id, struct fault *f)
	__attribute__((warn_unused_result));
/* What there is of the slot, in whatever language, what was thrown away last; 0 where there is nothing. At most `max`. */
bool issue_draft_of_slot(struct room *room, struct when slot, int64_t *ids, size_t max, size_t *count, struct fault *f)
	__attribute__((warn_unused_result));
/* A step of its life, and nothing else: by whom stands in the audit list of the caller. CONFLICT where it is in another state. */
bool issue_draft_move(struct room *room, int64_t id, enum issue_draft_step step, struct fault *f) __attribute__((warn_unused_result));

/* --- for the composer's pages --- */

/* MISSING where there is none. Texts belong to the arena. */
bool issue_draft_read(struct room *room, int64_t id, struct arena *arena, struct issue_draft *out, struct fault *f)
	__attribute__((warn_unused_result));
/* Checks and stores the texts, options and picks of an open one, in one transaction; counts its version. INPUT says what is wrong; CONFLICT where
 * it is not open, or `version` is not the stored one. */
bool issue_draft_save(struct room *room, struct issue_draft *draft, struct str by, struct arena *arena, struct fault *f)
	__attribute__((warn_unused_result));
/* It was approved and is this frozen issue. CONFLICT where somebody saved or approved it meanwhile. */
bool issue_draft_approve(struct room *room, int64_t id, int64_t version, int64_t issue, struct str by, struct fault *f)
	__attribute__((warn_unused_result));

#endif
