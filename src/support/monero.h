/* monero.h: addresses of the coin Monero, and what a wallet says came to them. Pure.
 * SPDX-License-Identifier: ISC */
#ifndef SUPPORT_MONERO_H
#define SUPPORT_MONERO_H

#include <stdbool.h>
#include <stdint.h>
#include "base/money.h"
#include "base/str.h"

struct buf;

enum { MONERO_ADDRESS_CHARS = 95, MONERO_CONFIRMATIONS = 10, MONERO_DIGITS = 12 };
enum monero_net { MONERO_NO_NET, MONERO_MAIN, MONERO_STAGE, MONERO_TEST };

/* A subaddress (of an account or below it; not a wallet's first address, which would tie all gifts together) with a right
 * checksum: whose net it is of. MONERO_NO_NET for anything else. */
enum monero_net monero_read_subaddress(struct str text);
/* Keccak-256 as Monero uses it (the original padding). */
void monero_keccak(const unsigned char *in, size_t len, unsigned char out[32]);

/* What `amount` is at `rate` (of one XMR, both in the same currency), rounded up to four digits, in units of 1e-12. 0 where the
 * rate is none. */
int64_t monero_from_money(struct money amount, struct money rate);
/* "0.0317" */
void monero_write_amount(struct buf *out, int64_t units);

#endif
