/* desk_letter.h: what the newsletter's pages share.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_DESK_LETTER_H
#define DESK_DESK_LETTER_H

#include <jansson.h>
#include <stdint.h>
#include "base/str.h"

struct press_value;

/* {{state}} and {{mark}} of an issue's state. */
void desk_issue_state(struct press_value *map, struct str state);
/* The mail itself, in a frame that can do nothing: no script, no form, no request but its pictures. */
struct desk_visit;
void desk_answer_mail(struct desk_visit *visit, struct str html); /* desk_draft_steps.c */
int64_t desk_json_number(const json_t *object, const char *key); /* 0 when absent */

#endif
