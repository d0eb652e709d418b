/* desk_area.h: what the pages of "Site", "Support" and "People" share: their tabs, a change in a transaction, what follows it.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_DESK_AREA_H
#define DESK_DESK_AREA_H

#include <stdbool.h>
#include "base/fault.h"
#include "base/str.h"

struct desk_visit;
struct press_value;
struct room;

/* {{area}} of {{>desk_area}}: the pages beside this one that the visitor may open. area: "site", "support" or "people"; here: its address. */
void desk_set_area(struct desk_visit *visit, struct press_value *root, const char *area, const char *here);

/* Ends a transaction that was begun: with `ok`, a line for the audit list goes in with it. */
bool desk_end_change(struct desk_visit *visit, bool ok, const char *what, struct str about, struct fault *f)
	__attribute__((warn_unused_result));

/* {{steps}} of {{>desk_steps}}: the five first steps with their marks, until done or put away. desk_steps.c */
void desk_set_steps(struct desk_visit *visit, struct press_value *root);

#endif
