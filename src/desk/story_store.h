/* story_store.h: stories in desk.db: saving, states, reading, revisions, finding.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_STORY_STORE_H
#define DESK_STORY_STORE_H

#include "desk/story.h"

struct buf;

/* --- saving (story_store.c) --- */

/* Who saves, when, and why (may be empty; asked for where the story is public). */
struct story_saving {
	struct when now;
	struct str by, reason;
};

/* Inserts or updates by identity, with names, terms, corrections, a revision where anything changed, list slots, a
 * redirect where a public address changed, the words by which it is found, and the bake's queue row. Inside a transaction of the
 * caller's. A published story without a date gets `now` (or keeps the one it has); a scheduled one has `due` as its date.
 * A new one gets a random id, unless it brings one.
 * CONFLICT when another story has its address, or when a public one is to become unpublished other than by withdrawing. */
bool story_save_as(struct store *db, struct story *story, const struct story_saving *how, struct arena *arena,
	struct fault *f) __attribute__((warn_unused_result));
bool story_save(struct store *db, struct story *story, struct when now, const char *by, struct arena *arena,
	struct fault *f) __attribute__((warn_unused_result));
/* Pieces of a save, for story_step.c: list slots (ids of lists left into `left`), and that the address is free. */
bool story_join_lists(struct store *db, const struct story *story, struct buf *left, struct fault *f)
	__attribute__((warn_unused_result));
bool story_check_path(struct store *db, const struct story *story, struct fault *f) __attribute__((warn_unused_result));

/* --- states (story_step.c) --- */

struct story_step {
	enum story_state to;
	struct when now;
	struct when due;            /* to STORY_SCHEDULED: when; still to come */
	struct str reason;          /* to STORY_WITHDRAWN */
	struct str note, by;        /* back to STORY_DRAFT: an editor's note to who wrote it */
};

/* In a transaction of its own. CONFLICT when the state forbids it (already so: true, nothing changes, but for another
 * due or note); INPUT for what a public story must have and this one lacks. */
bool story_take_step(struct store *db, int64_t id, const struct story_step *step, struct fault *f)
	__attribute__((warn_unused_result));
/* Inside a transaction of the caller's. */
bool story_step_within(struct store *db, int64_t id, const struct story_step *step, struct fault *f)
	__attribute__((warn_unused_result));
/* Publishes or withdraws. */
bool story_change_state(struct store *db, int64_t id, enum story_state to, struct str reason, struct when now,
	struct fault *f) __attribute__((warn_unused_result));
/* What a story needs before readers may see it: INPUT, one sentence for the person. */
bool story_is_ready(const struct story *story, struct fault *f) __attribute__((warn_unused_result));
/* Publishes what is due, each under its own date and with its line in the audit list; *count of them. What fails is logged and
 * stays due. *next: when the next one is (0: none). Safe to repeat. */
bool story_publish_due(struct store *db, struct when now, size_t *count, struct when *next, struct fault *f)
	__attribute__((warn_unused_result));

/* --- reading (story_store.c) --- */

/* By id, identity, slug or path. MISSING; CONFLICT when a slug fits several. */
bool story_find(struct store *db, struct str what, int64_t *id, struct fault *f) __attribute__((warn_unused_result));

/* All of a story. */
struct story_more {
	int64_t revision;
	struct when changed;
	struct str withdrawn_reason;
	bool was_public;
	struct str note, note_by;
};
bool story_load(struct store *db, int64_t id, struct arena *arena, struct story *out, struct story_more *more,
	struct fault *f) __attribute__((warn_unused_result));

/* A row of story_all or story_one (the same first 19 columns) into *out. */
struct store_rows;
bool story_from_row(const struct store_rows *rows, struct arena *arena, struct story *out);
/* The two columns from `column` on, 0 … 100 each. */
void story_focus_from_row(const struct store_rows *rows, int column, struct story *out);

/* --- revisions (story_revision.c) --- */

enum { STORY_OTHER_BYTES = 160 };

struct story_change {
	bool is_any;
	size_t words_added, words_removed;
	char other[STORY_OTHER_BYTES];  /* "section, caption": what changed besides headline, standfirst, text and byline */
};

/* What changed from one to the other (was: NULL for a new one). */
bool story_change_of(const struct story *was, const struct story *is, struct story_change *out, struct fault *f)
	__attribute__((warn_unused_result));
bool story_revision_put(struct store *db, const struct story *story, int64_t number, const struct story_change *change,
	const struct story_saving *how, struct fault *f) __attribute__((warn_unused_result));

struct story_revision {
	int64_t number;
	struct when made;
	struct str made_by, title, standfirst, body, bylines, reason, other;
	int64_t words_added, words_removed;
};
bool story_revision_load(struct store *db, int64_t story, int64_t number, struct arena *arena, struct story_revision *out,
	bool *found, struct fault *f) __attribute__((warn_unused_result));

/* Whether somebody saved since the revision `base` what a form that was opened then would undo. */
bool story_has_moved_on(struct store *db, int64_t story, int64_t base, bool *has, struct fault *f)
	__attribute__((warn_unused_result));

/* "Ada Wren\nIlya Marsh": one a line; and back (at most STORY_AUTHORS). */
struct str story_bylines(const struct story *story, struct arena *arena);
/* "By Ann, Bob and Cleo" in the locale's words, without links; empty without authors. */
struct locale;
struct str story_byline_line(const struct story *story, const struct locale *locale, struct arena *arena);
void story_set_bylines(struct story *story, struct str bylines);

/* --- finding at the desk (story_finding.c) --- */

bool story_find_put(struct store *db, const struct story *story, struct fault *f) __attribute__((warn_unused_result));
/* What was typed into the find field, for story_find: every word, as a beginning. Empty when nothing is left. */
struct str story_find_words(struct str typed, struct arena *arena);
enum { STORY_FIND_MOST = 3000 }; /* what is found and sorted then */
/* Makes up to 500 stories after *last findable that are not yet; *last 0 at the end. */
bool story_find_some(struct store *db, int64_t *last, struct fault *f) __attribute__((warn_unused_result));

#endif
