/* seal.c: people's addresses and references at rest.
 *
 * Decides: the layout of a sealed value and of an index. Leaves to others: who holds the keys (the rooms) and custody
 * beyond "on the server". Runs in: newsletter, support. The hard thing: sealing in a process that need not be able to
 * open. The ephemeral secret key is wiped as soon as the shared key stands; the shared key lives in a locked page and
 * opens nothing but the values of its own hour.
 * SPDX-License-Identifier: ISC */
#include "seal.h"

#include <sodium.h>
#include <string.h>
#include "arena.h"
#include "base_inside.h"
#include "clock.h"
#include "fault.h"
#include "must.h"
#include "rand.h"
#include "secret.h"

enum {
	LENGTH_BYTES = 2,
	NONCE_AT = SEAL_KEY_BYTES,
	BOX_AT = NONCE_AT + crypto_box_NONCEBYTES,
	BOX_BYTES = crypto_box_MACBYTES + SEAL_PLAIN_BYTES,
	EPHEMERAL_LIFE_MS = 60 * 60 * 1000
};

_Static_assert(SEAL_KEY_BYTES == crypto_box_PUBLICKEYBYTES && SEAL_KEY_BYTES == crypto_box_SECRETKEYBYTES, "box keys");
_Static_assert(SEAL_BYTES == BOX_AT + BOX_BYTES, "the layout in seal.h");
_Static_assert(SEAL_INDEX_BYTES == crypto_generichash_BYTES, "BLAKE2b-256");
_Static_assert(SEAL_HASH_BYTES == crypto_generichash_BYTES, "BLAKE2b-256");

struct sealer {
	unsigned char public_key[SEAL_KEY_BYTES];
	unsigned char ephemeral_public[SEAL_KEY_BYTES];
	unsigned char shared_key[crypto_box_BEFORENMBYTES];
	int64_t renew_at_ms; /* on the monotonic clock; 0 = there is none yet */
};

/* --- keys --- */

/* By way of rand_bytes(), so that tests can fix it. */
static void new_pair(unsigned char public_key[SEAL_KEY_BYTES], unsigned char secret_key[SEAL_KEY_BYTES])
{
	unsigned char seed[crypto_box_SEEDBYTES];

	rand_bytes(seed, sizeof(seed));
	(void) crypto_box_seed_keypair(public_key, secret_key, seed);
	sodium_memzero(seed, sizeof(seed));
}

struct secret *seal_new_key(unsigned char out_public[SEAL_KEY_BYTES])
{
	unsigned char secret_key[SEAL_KEY_BYTES];
	struct secret *key;

	new_pair(out_public, secret_key);
	key = secret_new(str_make(secret_key, sizeof(secret_key)));
	sodium_memzero(secret_key, sizeof(secret_key));
	return key;
}

static bool check_key(const struct secret *key, struct fault *f)
{
	if (secret_bytes(key).len != SEAL_KEY_BYTES)
		return fault_set(f, FAULT_INPUT, "the seal key is %zu bytes long and should be %d; restore it from its backup",
			secret_bytes(key).len, SEAL_KEY_BYTES);
	return true;
}

bool seal_public_key(const struct secret *key, unsigned char out_public[SEAL_KEY_BYTES], struct fault *f)
{
	if (!check_key(key, f))
		return false;
	(void) crypto_scalarmult_base(out_public, (const unsigned char *) secret_bytes(key).at);
	return true;
}

/* --- sealing --- */

struct sealer *sealer_new(const unsigned char public_key[SEAL_KEY_BYTES])
{
	struct sealer *sealer;

	rand_sodium_ready();
	sealer = sodium_malloc(sizeof(*sealer));
	if (sealer == NULL)
		must_memory(__FILE__, __LINE__);
	*sealer = (struct sealer){0};
	memcpy(sealer->public_key, public_key, SEAL_KEY_BYTES);
	return sealer;
}

void sealer_free(struct sealer **sealer)
{
	sodium_free(*sealer);
	*sealer = NULL;
}

static bool renew_ephemeral(struct sealer *sealer, struct fault *f)
{
	unsigned char secret_key[SEAL_KEY_BYTES];
	bool ok;

	new_pair(sealer->ephemeral_public, secret_key);
	ok = crypto_box_beforenm(sealer->shared_key, sealer->public_key, secret_key) == 0;
	sodium_memzero(secret_key, sizeof(secret_key));
	if (!ok)
		return fault_set(f, FAULT_INPUT, "the public seal key is not a key; restore it from its backup");
	sealer->renew_at_ms = clock_mono_ms() + EPHEMERAL_LIFE_MS;
	return true;
}

bool seal(struct sealer *sealer, struct str plain, unsigned char out[SEAL_BYTES], struct fault *f)
{
	unsigned char padded[SEAL_PLAIN_BYTES] = {0};

	if (plain.len > SEAL_PLAIN_BYTES - LENGTH_BYTES)
		return fault_full(f, "a value to seal");
	if (clock_mono_ms() >= sealer->renew_at_ms && !renew_ephemeral(sealer, f))
		return false;
	padded[0] = (unsigned char) (plain.len >> 8);
	padded[1] = (unsigned char) (plain.len & 0xff);
	if (plain.len > 0)
		memcpy(padded + LENGTH_BYTES, plain.at, plain.len);
	memcpy(out, sealer->ephemeral_public, SEAL_KEY_BYTES);
	rand_bytes(out + NONCE_AT, crypto_box_NONCEBYTES);
	(void) crypto_box_easy_afternm(out + BOX_AT, padded, sizeof(padded), out + NONCE_AT, sealer->shared_key);
	sodium_memzero(padded, sizeof(padded));
	return true;
}

/* --- opening --- */

/* The text within the padding, into the arena. Whoever sealed it held only the public key: nothing in it is trusted. */
static bool unpad(const unsigned char padded[SEAL_PLAIN_BYTES], struct arena *arena, struct str *plain, struct fault *f)
{
	size_t len = (size_t) padded[0] << 8 | padded[1];
	struct str copy;

	if (len > SEAL_PLAIN_BYTES - LENGTH_BYTES ||
		!sodium_is_zero(padded + LENGTH_BYTES + len, SEAL_PLAIN_BYTES - LENGTH_BYTES - len))
		return fault_set(f, FAULT_INPUT, "a sealed value has wrong padding");
	copy = str_copy(str_make(padded + LENGTH_BYTES, len), arena);
	if (copy.at == NULL)
		return fault_full(f, "the memory for opened values");
	*plain = copy;
	return true;
}

static bool check_sealed(const struct secret *key, struct str sealed, struct fault *f)
{
	rand_sodium_ready();
	if (!check_key(key, f))
		return false;
	return sealed.len == SEAL_BYTES || fault_set(f, FAULT_INPUT, "a sealed value has %zu bytes instead of %d", sealed.len, SEAL_BYTES);
}

/* Refuses the few public keys with which any secret key gives the same shared one. */
static bool share_key(const struct secret *key, const unsigned char *at, unsigned char shared_key[crypto_box_BEFORENMBYTES], struct fault *f)
{
	return crypto_box_beforenm(shared_key, at, (const unsigned char *) secret_bytes(key).at) == 0 ||
		fault_set(f, FAULT_INPUT, "a sealed value begins with no public key");
}

static bool open_box(const unsigned char *at, const unsigned char *shared_key, struct arena *arena, struct str *plain, struct fault *f)
{
	unsigned char padded[SEAL_PLAIN_BYTES];
	bool ok;

	if (crypto_box_open_easy_afternm(padded, at + BOX_AT, BOX_BYTES, at + NONCE_AT, shared_key) == 0)
		ok = unpad(padded, arena, plain, f);
	else
		ok = fault_set(f, FAULT_DENIED, "a sealed value belongs to another key, or was changed");
	sodium_memzero(padded, sizeof(padded));
	return ok;
}

bool seal_open(const struct secret *key, struct str sealed, struct arena *arena, struct str *plain, struct fault *f)
{
	const unsigned char *at = (const unsigned char *) sealed.at;
	unsigned char shared_key[crypto_box_BEFORENMBYTES];
	bool ok = check_sealed(key, sealed, f) && share_key(key, at, shared_key, f) && open_box(at, shared_key, arena, plain, f);

	sodium_memzero(shared_key, sizeof(shared_key));
	return ok;
}

/* --- opening many --- */

enum { SHARED_MOST = 4096 }; /* ephemeral keys change every hour: those of half a year, 256 KiB */

struct opener {
	const struct secret *key;
	struct {
		unsigned char ephemeral_public[SEAL_KEY_BYTES];
		unsigned char shared_key[crypto_box_BEFORENMBYTES];
	} shared[SHARED_MOST];
};

struct opener *opener_new(const struct secret *key)
{
	struct opener *opener;

	rand_sodium_ready();
	opener = sodium_malloc(sizeof(*opener));
	if (opener == NULL)
		must_memory(__FILE__, __LINE__);
	memset(opener, 0, sizeof(*opener));
	opener->key = key;
	return opener;
}

void opener_free(struct opener **opener)
{
	sodium_free(*opener);
	*opener = NULL;
}

bool opener_open(struct opener *opener, struct str sealed, struct arena *arena, struct str *plain, struct fault *f)
{
	const unsigned char *at = (const unsigned char *) sealed.at;
	size_t place;

	if (!check_sealed(opener->key, sealed, f))
		return false;
	place = (at[0] | (size_t) at[1] << 8) % SHARED_MOST; /* a public key's bytes are as good as random; whoever chose them wins nothing */
	if (memcmp(opener->shared[place].ephemeral_public, at, SEAL_KEY_BYTES) != 0) {
		/* All zeros stands for "empty", and is itself no public key: share_key() refuses it. */
		memset(opener->shared[place].ephemeral_public, 0, SEAL_KEY_BYTES);
		if (!share_key(opener->key, at, opener->shared[place].shared_key, f))
			return false;
		memcpy(opener->shared[place].ephemeral_public, at, SEAL_KEY_BYTES);
	} else if (sodium_is_zero(at, SEAL_KEY_BYTES)) {
		return fault_set(f, FAULT_INPUT, "a sealed value begins with no public key");
	}
	return open_box(at, opener->shared[place].shared_key, arena, plain, f);
}

/* --- hashes --- */

void seal_index(const struct secret *index_key, const char *domain, struct str value,
	unsigned char out[SEAL_INDEX_BYTES])
{
	struct str key = secret_bytes(index_key);
	crypto_generichash_state state;

	rand_sodium_ready();
	must(key.len == SEAL_KEY_BYTES); /* the room has checked its key file with seal_index_key_check() */
	(void) crypto_generichash_init(&state, (const unsigned char *) key.at, key.len, SEAL_INDEX_BYTES);
	/* With its NUL, so that no domain is another's beginning. */
	(void) crypto_generichash_update(&state, (const unsigned char *) domain, strlen(domain) + 1);
	(void) crypto_generichash_update(&state, (const unsigned char *) value.at, value.len);
	(void) crypto_generichash_final(&state, out, SEAL_INDEX_BYTES);
	sodium_memzero(&state, sizeof(state));
}

bool seal_index_key_check(const struct secret *index_key, struct fault *f)
{
	return check_key(index_key, f);
}

void seal_token_hash(struct str token, unsigned char out[SEAL_HASH_BYTES])
{
	rand_sodium_ready();
	(void) crypto_generichash(out, SEAL_HASH_BYTES, (const unsigned char *) token.at, token.len, NULL, 0);
}
