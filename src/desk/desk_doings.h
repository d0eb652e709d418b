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
/* A full bake in a child. BUSY when one runs. */
bool desk_bake_everything(struct room *room, struct fault *f) __attribute__((warn_unused_result));

/* Composes an issue of these stories (in this order), freezes it and hands it to the newsletter. intro may be empty. done: with a
 * fault (the issue is then not there), or NULL and its id. Texts must live until then. */
struct desk_issue_wish {
	const int64_t *stories;
	size_t count;
	struct str subject, intro;
};
typedef void desk_composed(void *self, int64_t issue, const struct fault *f);
void desk_compose(struct room *room, const struct desk_issue_wish *wish, struct arena *arena, desk_composed *done, void *self);

/* The newsletter began to send it: the archive may show it. Safe to repeat. */
void desk_issue_started(struct room *room, int64_t issue);

#endif
