/* rail_health.h: how each way to pay does: what came, what failed, how late, and whether it has gone silent.
 * SPDX-License-Identifier: ISC */
#ifndef SUPPORT_RAIL_HEALTH_H
#define SUPPORT_RAIL_HEALTH_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "rail.h"

enum {
	HEALTH_DAYS = 14,          /* that are looked at */
	HEALTH_KEEP_DAYS = 90,
	HEALTH_FAILED_PERCENT = 20, /* of at least HEALTH_FAILED_LEAST calls: an alarm */
	HEALTH_FAILED_LEAST = 5,
	HEALTH_REFUSED_LEAST = 10, /* refused deliveries, and more than taken ones: a secret is wrong, or somebody forges */
	HEALTH_LAG_S = 3600
};

/* A signed delivery was taken; created_s: when it happened by the provider's clock (0: not known). Only counted, in memory. */
void rail_note_event(struct support *support, const char *rail, int64_t created_s);
/* One was refused (not signed, not readable). */
void rail_note_refused(struct support *support, const char *rail);
/* A call to the provider ended; a no of the provider's is no failure of the rail. */
void rail_note_call(struct support *support, const char *rail, bool has_failed);

/* By the clock, and before counts are read: writes what was counted. */
void rails_keep_health(void *support);

/* [{"rail", "title", "on", "say", "pulls", "live", "events", "refused", "asked", "failed", "error_percent", "lag_s", "lag_most_s",
 *   "last_event_day" or null, "silent", "alarm" (a sentence) or null, "addresses_left" (monero)}], over HEALTH_DAYS. */
bool rails_health(struct support *support, json_t *list, struct fault *f) __attribute__((warn_unused_result));
/* What `mimeo check` says of them. */
bool rails_check(struct support *support, json_t *findings, struct fault *f) __attribute__((warn_unused_result));

/* GET /rails, for desk and cli */
void support_get_rails(struct http_request *rq, void *room);

#endif
