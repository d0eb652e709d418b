/* rand.c: randomness, and the seam where tests fix it.
 *
 * Decides: the shape of ids and tokens. Leaves to libsodium: the random bytes. Runs in: every process. The hard thing:
 * with the seam shut (always, but in tests) nothing but randombytes_buf() may ever answer.
 * SPDX-License-Identifier: ISC */
#include "rand.h"

#include <sodium.h>
#include <string.h>
#include "base_inside.h"
#include "must.h"

static uint64_t fixed_seed; /* 0 = truly random */
static uint64_t fixed_calls;

void rand_sodium_ready(void)
{
	/* Fails only where the kernel has no randomness at all; no caller could go on. */
	must(sodium_init() >= 0);
}

/* ChaCha20's stream: the seed is its key, the number of the call its nonce. */
static void fixed_bytes(void *out, size_t len)
{
	unsigned char key[crypto_stream_chacha20_KEYBYTES] = {0};
	unsigned char nonce[crypto_stream_chacha20_NONCEBYTES] = {0};

	memcpy(key, &fixed_seed, sizeof(fixed_seed));
	memcpy(nonce, &fixed_calls, sizeof(fixed_calls));
	fixed_calls++;
	(void) crypto_stream_chacha20(out, len, nonce, key);
}

void rand_bytes(void *out, size_t len)
{
	rand_sodium_ready();
	if (fixed_seed != 0)
		fixed_bytes(out, len);
	else
		randombytes_buf(out, len);
}

int64_t rand_id(void)
{
	uint64_t id;

	do {
		rand_bytes(&id, sizeof(id));
		id &= INT64_MAX;
	} while (id == 0);
	return (int64_t) id;
}

void rand_token(char out[RAND_TOKEN_CHARS + 1])
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
	unsigned char bytes[17] = {0}; /* 128 bits, and zeros for the last character's spare two */
	size_t bit = 0;

	rand_bytes(bytes, 16);
	for (size_t i = 0; i < RAND_TOKEN_CHARS; i++, bit += 5) {
		unsigned pair = (unsigned) bytes[bit / 8] << 8 | bytes[bit / 8 + 1];

		out[i] = alphabet[pair >> (11 - bit % 8) & 31];
	}
	out[RAND_TOKEN_CHARS] = '\0';
	sodium_memzero(bytes, sizeof(bytes));
}

uint32_t rand_below(uint32_t limit)
{
	uint32_t reject;
	uint32_t n;

	must(limit > 0);
	/* The 2^32 values fall into `limit` classes evenly once the first 2^32 mod limit are thrown back. */
	reject = -limit % limit;
	do
		rand_bytes(&n, sizeof(n));
	while (n < reject);
	return n % limit;
}

void rand_fix(uint64_t seed)
{
	fixed_seed = seed;
	fixed_calls = 0;
}
