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

/* A part of the subjects that booked nothing and of which nothing was told from day `before` on: their facts go together, with the
 * rows of their names. *more: call again. */
bool support_forget_waited(struct support *support, int32_t before, bool *more, struct fault *f) __attribute__((warn_unused_result));
/* By what payments are given back, of events taken before that day: of a part of the subjects, those behind *after (0: from the
 * first on), which moves on. *more: call again. */
bool support_forget_handles(struct support *support, int32_t before, int64_t *after, bool *more, struct fault *f)
	__attribute__((warn_unused_result));

#endif
