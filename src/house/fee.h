/* fee.h: what a gift costs on a rail, and what it comes to where the reader adds the fee.
 *
 * The newsroom writes its contract's terms into [support] fees; what was really taken comes from the provider and stands in the
 * books. Used by desk when it bakes the coupon and by support when a form comes in, so that both say the same.
 * SPDX-License-Identifier: ISC */
#ifndef HOUSE_FEE_H
#define HOUSE_FEE_H

#include <stdbool.h>
#include <stdint.h>
#include "house/settings.h"

/* The terms of a rail; is_known false where the newsroom gave none. rail empty: the first that is offered. */
struct settings_fee fee_of(const struct settings *settings, struct str rail);
/* Of an amount in minor units, ≥ 0 and below 10^12; never more than the amount. */
int64_t fee_take(struct settings_fee fee, int64_t minor);
/* The share in percent, rounded to the nearest; minor > 0. */
int64_t fee_share(struct settings_fee fee, int64_t minor);
/* More than SETTINGS_FEE_MOST percent would be lost. */
bool fee_is_too_much(struct settings_fee fee, int64_t minor);
/* The least that may be taken without the reader's adding the fee; INT64_MAX where no amount is enough. */
int64_t fee_least(struct settings_fee fee);
/* What the reader pays so that at least `minor` is left, and no minor unit more. */
int64_t fee_cover(struct settings_fee fee, int64_t minor);

#endif
