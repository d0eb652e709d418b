/* desk_draft_steps.h: what the composer's buttons lead to once the draft is saved.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_DESK_DRAFT_STEPS_H
#define DESK_DESK_DRAFT_STEPS_H

struct desk_draft;

/* A test mail to page->to, then the page again. */
void desk_draft_test(struct desk_draft *page);
/* To the question whether it shall go, or the page again with what it lacks. */
void desk_draft_ask(struct desk_draft *page);

#endif
