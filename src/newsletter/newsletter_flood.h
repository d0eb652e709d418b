/* newsletter_flood.h: too many sign-ups at once: who still gets in, and by what.
 * SPDX-License-Identifier: ISC */
#ifndef NEWSLETTER_NEWSLETTER_FLOOD_H
#define NEWSLETTER_NEWSLETTER_FLOOD_H

#include <stdbool.h>
#include <stdint.h>
#include "base/email.h"
#include "base/str.h"

enum {
	FLOOD_TICKET_BYTES = 128,
	FLOOD_WORK_BITS = 17,        /* of SHA-256 that must be 0: some 131,000 tries, a second or less in a reader's browser */
	FLOOD_WAIT_S = 15,           /* the least that one waits without the work */
	FLOOD_QUEUE_S = 900,         /* the longest: more are sent away */
	FLOOD_APART_S = 3,           /* one in so many seconds gets in by waiting */
	FLOOD_TICKET_S = 3600        /* how long a ticket is good */
};

struct flood;

/* a_minute: how many come in without a proof; 0: all. Nothing of it is on disk. */
struct flood *newsletter_flood_new(int64_t a_minute);
void newsletter_flood_free(struct flood **flood);
/* Is there no flood now? Changes nothing. */
bool newsletter_flood_may(const struct flood *flood, int64_t mono_ms);
/* One came in. */
void newsletter_flood_came(struct flood *flood, int64_t mono_ms);

/* A ticket for this address: good with the work at once, without it from *wait_s on. False: the queue is full, and the
 * ticket is good with the work alone. */
bool newsletter_flood_ticket(struct flood *flood, const struct email *email, int64_t mono_ms, char out[FLOOD_TICKET_BYTES], int64_t *wait_s);
enum flood_answer { FLOOD_GOOD, FLOOD_TOO_EARLY, FLOOD_BAD };
/* nonce: what the work found, or empty. *wait_s: of TOO_EARLY, how much longer. */
enum flood_answer newsletter_flood_check(const struct flood *flood, const struct email *email, struct str ticket, struct str nonce,
	int64_t mono_ms, int64_t *wait_s);

#endif
