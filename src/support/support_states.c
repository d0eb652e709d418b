/* support_states.c: names and next() of the machines in support_states.h.
 *
 * Decides nothing: it spells the tables out. Runs in: support. The hard thing: none.
 * SPDX-License-Identifier: ISC */
#include "support_states.h"

STATES_DEFINE(checkout, CHECKOUT)
STATES_DEFINE(mandate, MANDATE)
STATES_DEFINE(contribution, CONTRIBUTION)
STATES_DEFINE(refund, REFUND)
STATES_DEFINE(dispute, DISPUTE)
STATES_DEFINE(payout, PAYOUT)
STATES_DEFINE(renewal, RENEWAL)
STATES_DEFINE(event, EVENT)
STATES_DEFINE(notice, NOTICE)
STATES_DEFINE(wish, WISH)
