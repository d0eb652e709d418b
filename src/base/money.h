/* money.h: an amount in a currency's minor unit with its ISO 4217 code, and how many digits that unit has.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_MONEY_H
#define BASE_MONEY_H

#include <stdbool.h>
#include <stdint.h>
#include "str.h"

struct fault;

struct money {
	int64_t minor;
	char code[4]; /* "USD" */
};

/* Digits behind the point (USD 2, JPY 0, KWD 3); -1 for a code that mimeo does not know. */
int money_digits(struct str code);

/* "5", "5.00", "1234.5" with '.' as the point: settings and own files. Whole text, ≥ 0, no more digits than the currency
 * has. For readers' input in their own number format see press/locale.h. */
bool money_parse(struct str text, struct str code, struct money *out, struct fault *f) __attribute__((warn_unused_result));

/* False on overflow or different codes. */
bool money_add(struct money *sum, struct money more) __attribute__((warn_unused_result));

#endif
