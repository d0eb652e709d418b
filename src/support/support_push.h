/* support_push.h: gifts that come back on rails that cannot charge: when they are due, late, paused; and the reader's next payment.
 * SPDX-License-Identifier: ISC */
#ifndef SUPPORT_SUPPORT_PUSH_H
#define SUPPORT_SUPPORT_PUSH_H

#include <stdbool.h>
#include <stdint.h>
#include "rail.h"

struct http_request;
struct support_checkout;

enum { PUSH_AHEAD_DAYS = 3, PUSH_EARLY_DAYS = 10 /* it may be paid so much before */ };

/* The UTC day so many months later; of a shorter month the last. */
int32_t push_months_later(int32_t day, int months);

/* By the clock: gifts that were paid once become mandates, the due are asked for by mail, the late are marked, and paused when
 * their grace is over. All of it is worked out of what was paid, so it may run twice, or late. */
void support_run_push(void *support);
bool support_find_push(struct support *support, int32_t today, struct fault *f) __attribute__((warn_unused_result));

/* A gift that comes back and was paid on a rail that cannot charge runs from then on: what can be done with it can be done at once.
 * Inside a transaction; nothing for any other. */
bool push_begin(struct support *support, const struct support_checkout *checkout, struct fault *f) __attribute__((warn_unused_result));

/* When the gift that this checkout began is due next; 0: nothing came yet. */
bool push_due_day(struct support *support, const struct support_checkout *checkout, int32_t *due, struct fault *f)
	__attribute__((warn_unused_result));
/* {{renew}}, the button that makes a fresh invoice, where the gift is due. */
struct support_mandate;
struct press_value;
bool support_add_renew(struct support *support, struct press_value *held, const struct locale *locale,
	const struct support_checkout *checkout, const struct support_mandate *mandate, struct str token, struct arena *arena,
	struct fault *f) __attribute__((warn_unused_result));

/* What a rail that cannot charge answers when a running gift is to be changed: nothing is to be asked of anybody. */
void rail_push_end(struct rail_line *line, struct str subscription, rail_done *done, void *self);
void rail_push_look_up(struct rail_line *line, struct str subscription, rail_done *done, void *self);
void rail_push_pause(struct rail_line *line, struct str subscription, bool is_paused, rail_done *done, void *self);
void rail_push_change(struct rail_line *line, struct str subscription, const struct rail_order *to, rail_done *done, void *self);

/* POST /support/renew/{token}, of the keep-this link: a fresh invoice for the gift that is due, and on to where it is paid. */
void support_post_renew(struct http_request *rq, void *room);
/* POST /push/run, for the cli: now. */
void support_post_push(struct http_request *rq, void *room);
/* GET /support/pay/{token}, of the thanks page's address. */
void support_get_pay(struct http_request *rq, void *room);

#endif
