/* desk_issue.h: what the pages of one frozen issue share.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_DESK_ISSUE_H
#define DESK_DESK_ISSUE_H

#include "desk/desk_visit.h"
#include "store/store.h"

struct desk_issue {
	int64_t id;
	struct store_row row;     /* issue_one */
	struct str here;          /* "/newsletter/ID" */
	struct press_value *root;
};

/* The issue of the path; NULL: answered. */
struct desk_issue *desk_issue_begin(struct desk_visit *visit);
/* "/issues/ID" and what follows, at the newsletter. */
const char *desk_issue_path(struct desk_visit *visit, const struct desk_issue *page, const char *end);

#endif
