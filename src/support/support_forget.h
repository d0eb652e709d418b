/* support_forget.h: what goes with age.
 * SPDX-License-Identifier: ISC */
#ifndef SUPPORT_FORGET_H
#define SUPPORT_FORGET_H

#include <stdbool.h>
#include <stdint.h>

struct fault;
struct http_request;
struct support;

/* By the clock, once a day; what takes long goes on a part at a time until support_end_forgetting(). */
void support_daily(void *support);
void support_end_forgetting(struct support *support);
void support_post_daily(struct http_request *rq, void *room);

/* Days before which it goes: what booked nothing, and by what payments are given back. */
struct support_forget_days {
	int32_t unbooked, handles;
};
enum { SUPPORT_FORGET_START = -1 };
/* A part of the walk through all events: first those of no payment, then subject after subject, those behind *after, which moves on
 * (SUPPORT_FORGET_START: from the beginning). Of a subject that booked nothing and of which nothing was told any more, facts, names
 * and questions go together; one that cannot be read is logged and left. *more: call again. */
bool support_forget_part(struct support *support, const struct support_forget_days *days, int64_t *after, bool *more, struct fault *f)
	__attribute__((warn_unused_result));

#endif
