/* issue_page.h: where a started issue stands in the web archive.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_ISSUE_PAGE_H
#define DESK_ISSUE_PAGE_H

#include <stdbool.h>

struct fault;
struct store;

/* Gives every started issue that has none its place below /newsletter/: "2026-11-27/", the day of its slot, else the day on which it began; a
 * second one of a day takes "-2". Given once. In the caller's transaction or alone; safe to repeat. */
bool issue_page_name_all(struct store *db, struct fault *f) __attribute__((warn_unused_result));

#endif
