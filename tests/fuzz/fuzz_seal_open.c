/* fuzz_seal_open.c: bytes from a database open, or are refused; and what was sealed and then changed is never opened.
 *
 * The first half of the input's uses is the bytes as they are; the second takes them as changes to a real sealed value,
 * and as the padded plain text of one, so that what stands behind the MAC is reached too.
 * SPDX-License-Identifier: ISC */
#include <sodium.h>
#include <string.h>
#include "base/arena.h"
#include "base/fault.h"
#include "base/must.h"
#include "base/rand.h"
#include "base/seal.h"
#include "base/secret.h"

static struct secret *key;
static struct sealer *sealer;
static unsigned char public_key[SEAL_KEY_BYTES];

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static bool opens(const unsigned char *sealed, size_t size, struct str *plain, struct arena *arena)
{
	struct fault f = {0};
	bool ok = seal_open(key, str_make(sealed, size), arena, plain, &f);

	must(ok || f.kind == FAULT_INPUT || f.kind == FAULT_DENIED);
	return ok;
}

static void change_a_sealed_value(const uint8_t *bytes, size_t size, struct arena *arena)
{
	unsigned char sealed[SEAL_BYTES];
	struct fault f = {0};
	struct str plain;
	bool changed = false;

	must(seal(sealer, STR("name@example.org"), sealed, &f));
	for (size_t i = 0; i < size && i < SEAL_BYTES; i++) {
		sealed[i] ^= bytes[i];
		changed |= bytes[i] != 0;
	}
	/* X25519 ignores the top bit of a public key. */
	if (opens(sealed, sizeof(sealed), &plain, arena))
		must(!changed || (bytes[31] & 0x80) != 0);
}

static void seal_wrong_padding(const uint8_t *bytes, size_t size, struct arena *arena)
{
	unsigned char padded[SEAL_PLAIN_BYTES] = {0};
	unsigned char sealed[SEAL_BYTES];
	unsigned char secret_key[SEAL_KEY_BYTES];
	struct str plain;

	memcpy(padded, bytes, size < sizeof(padded) ? size : sizeof(padded));
	must(crypto_box_keypair(sealed, secret_key) == 0);
	rand_bytes(sealed + 32, 24);
	must(crypto_box_easy(sealed + 56, padded, sizeof(padded), sealed + 32, public_key, secret_key) == 0);
	if (opens(sealed, sizeof(sealed), &plain, arena))
		must(plain.len <= SEAL_PLAIN_BYTES - 2 && memcmp(plain.at, padded + 2, plain.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct arena arena;
	struct str plain;

	if (key == NULL) {
		key = seal_new_key(public_key);
		sealer = sealer_new(public_key);
	}
	arena_init(&arena, "fuzz", 1 << 16);
	(void) opens(bytes, size, &plain, &arena);
	change_a_sealed_value(bytes, size, &arena);
	seal_wrong_padding(bytes, size, &arena);
	arena_release(&arena);
	return 0;
}
