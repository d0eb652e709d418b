/* desk_doings.h: what a button of the desk does with stories, the site and issues: the seam between pages and work.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_DESK_DOINGS_H
#define DESK_DESK_DOINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"
#include "desk/story.h"

struct arena;
struct fault;
struct room;

/* Publishes or withdraws, and has the site brought up to date. */
bool desk_change_story(struct room *room, int64_t id, enum story_state to, struct str reason, struct fault *f)
	__attribute__((warn_unused_result));
/* Any step of a story's life; and what follows from any change that stands in the database: the bake, the schedule. */
struct story_step;
bool desk_step_story(struct room *room, int64_t id, const struct story_step *step, struct fault *f)
	__attribute__((warn_unused_result));
void desk_story_changed(struct room *room);
/* By the clock: the figure of support/goal.svg. self: the room. */
void desk_goal_look(void *self);
/* A full bake in a child. BUSY when one runs. */
bool desk_bake_everything(struct room *room, struct fault *f) __attribute__((warn_unused_result));

/* What an issue shall be. */
struct desk_issue_wish {
	const int64_t *stories;          /* in this order */
	const struct str *lines;         /* one each; empty, or NULL: the stories' excerpts */
	size_t count;
	struct str lang;                 /* empty: the newsroom's */
	struct str subject, preheader, intro, signoff;
	bool is_neutral;                 /* the mail's subject and sender name say nothing of the newsroom; empty: the language's words */
	struct str neutral_subject, neutral_name;
	bool is_full;                    /* the stories' whole text */
	struct when send_at;             /* 0: when somebody says so */
	struct str slot, approved_by;
	int64_t draft, version;          /* the draft that it is of, which is approved with it; 0: none */
};
/* Composes it (issue_mail.h), freezes it and hands it to the newsletter. done: with a fault (the issue is then not there), or NULL and its
 * id. Texts are copied. */
typedef void desk_composed(void *self, int64_t issue, const struct fault *f);
void desk_compose(struct room *room, const struct desk_issue_wish *wish, desk_composed *done, void *self);

/* The newsletter cancelled it before it began: it is gone here, and its draft is open again. Safe to repeat. */
bool desk_issue_cancelled(struct room *room, int64_t issue, struct fault *f) __attribute__((warn_unused_result));

/* The newsletter began to send it: the archive may show it. Safe to repeat. */
void desk_issue_started(struct room *room, int64_t issue);

#endif
