/* rand.h: randomness (libsodium), and the seam where tests fix it.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_RAND_H
#define BASE_RAND_H

#include <stddef.h>
#include <stdint.h>

enum { RAND_TOKEN_CHARS = 26 }; /* 128 bits in lower-case base32 (RFC 4648 alphabet), no padding: safe in any URL */

void rand_bytes(void *out, size_t len);
int64_t rand_id(void);                               /* random positive 63-bit row id, never 0 */
void rand_token(char out[RAND_TOKEN_CHARS + 1]);
uint32_t rand_below(uint32_t limit);
void rand_fix(uint64_t seed);                        /* tests: a repeatable stream, 0: random again; never in a room */

#endif
