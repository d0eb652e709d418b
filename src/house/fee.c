/* fee.c: see fee.h.
 *
 * Decides: rounding: a fee to the nearest minor unit, as card companies do; a covered gift up. Runs in: desk's bake, support. The
 * hard thing: the fee is also taken of the fee that was added.
 * SPDX-License-Identifier: ISC */
#include "house/fee.h"

#include "base/must.h"

enum { WHOLE = 10000 };

struct settings_fee fee_of(const struct settings *settings, struct str rail)
{
	if (rail.len == 0 && settings->rails.count > 0)
		rail = settings->rails.items[0];
	for (size_t i = 0; i < SETTINGS_RAILS; i++)
		if (str_is(rail, rail_names[i]))
			return settings->fees[i];
	return (struct settings_fee){.is_known = false};
}

int64_t fee_take(struct settings_fee fee, int64_t minor)
{
	int64_t taken;

	must(minor >= 0 && minor < INT64_C(1000000000000));
	taken = (minor * fee.per_10000 + WHOLE / 2) / WHOLE + fee.fixed_minor;
	return taken < minor ? taken : minor;
}

int64_t fee_share(struct settings_fee fee, int64_t minor)
{
	return (fee_take(fee, minor) * 100 + minor / 2) / minor;
}

bool fee_is_too_much(struct settings_fee fee, int64_t minor)
{
	return fee_take(fee, minor) * 100 > minor * SETTINGS_FEE_MOST;
}

int64_t fee_least(struct settings_fee fee)
{
	int64_t low = 1, high = INT64_C(1) << 38;

	if (fee_is_too_much(fee, high))
		return INT64_MAX;
	while (low < high) {
		int64_t middle = low + (high - low) / 2;

		if (fee_is_too_much(fee, middle))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int64_t fee_cover(struct settings_fee fee, int64_t minor)
{
	int64_t gross = minor;

	must(fee.per_10000 < WHOLE);
	gross = ((minor + fee.fixed_minor) * WHOLE) / (WHOLE - fee.per_10000);
	while (gross > minor && gross - 1 - fee_take(fee, gross - 1) >= minor)
		gross--;
	while (gross - fee_take(fee, gross) < minor)
		gross++;
	return gross;
}
