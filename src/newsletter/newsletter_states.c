/* newsletter_states.c: names and moves, from the tables in newsletter_states.h and nowhere else.
 *
 * Decides: nothing that is not in the tables. Runs in: the newsletter room. The hard thing: none.
 * SPDX-License-Identifier: ISC */
#include "newsletter_states.h"

STATES_DEFINE(import, IMPORT)
STATES_DEFINE(delivery, DELIVERY)
STATES_DEFINE(issue, ISSUE)
STATES_DEFINE(subscriber, SUBSCRIBER)
STATES_DEFINE(signing_key, SIGNING_KEY)
STATES_DEFINE(schedule, SCHEDULE)
