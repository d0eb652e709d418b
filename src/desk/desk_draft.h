/* desk_draft.h: what the composer's pages share.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_DESK_DRAFT_H
#define DESK_DESK_DRAFT_H

#include "base/fault.h"
#include "desk/desk_visit.h"
#include "desk/issue_draft.h"

enum { DRAFT_FOUND = 20 };

/* One draft with one visitor. */
struct desk_draft {
	struct desk_visit *visit;
	struct issue_draft draft;       /* what the form shows: stored, or as it was typed */
	struct str here;                /* "/newsletter/drafts/ID" */
	struct str day, hour;           /* as typed, of send_at */
	struct str to;                  /* a test mail's address, as typed */
	struct str view;                /* phone, desktop, dark or text */
	struct str find;                /* words of headlines that are looked for */
	int status;
	struct fault wrong;             /* of a form that comes back; kind NONE: nothing */
	struct press_value *root;
	int64_t test;                   /* a test mail that was just sent */
};

/* The {id} of the path, stored; NULL: answered. Lives in the request's arena. */
struct desk_draft *desk_draft_load(struct desk_visit *visit);
bool desk_draft_may_edit(const struct desk_draft *page);
/* The composer with page->draft in it. */
void desk_answer_draft(struct desk_draft *page);
/* "27 November, 08:00": when it goes, as a sentence's part; empty: nobody said when. */
struct str desk_draft_when(struct desk_visit *visit, const struct issue_draft *draft);
/* "Issue of Friday, 27 November 2026", or its subject. */
struct str desk_draft_title(struct desk_visit *visit, const struct issue_draft *draft);

#endif
