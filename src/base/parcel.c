/* parcel.c: bytes that only one person can open.
 *
 * Decides: how a staff key is written. Leaves to others: what is in a parcel. Runs in: the newsletter room (sealing) and staff's own machines
 * (keys, opening). The hard thing: a key is copied by hand and by mail; one wrong character must be noticed before a list is sealed to
 * nobody.
 * SPDX-License-Identifier: ISC */
#include "parcel.h"

#include <sodium.h>
#include "base_inside.h"
#include "fault.h"
#include "rand.h"
#include "secret.h"

enum { CHECK_BYTES = 4 };

_Static_assert(PARCEL_KEY_BYTES == crypto_box_PUBLICKEYBYTES && PARCEL_KEY_BYTES == crypto_box_SECRETKEYBYTES, "box keys");
_Static_assert(PARCEL_EXTRA_BYTES == crypto_box_SEALBYTES, "what a sealed box adds");

static const char public_word[] = "staffkey-", secret_word[] = "secretkey-";

struct secret *parcel_new_key(unsigned char out_public[PARCEL_KEY_BYTES])
{
	unsigned char seed[crypto_box_SEEDBYTES], secret_key[PARCEL_KEY_BYTES];
	struct secret *key;

	rand_sodium_ready();
	rand_bytes(seed, sizeof(seed));
	(void) crypto_box_seed_keypair(out_public, secret_key, seed);
	key = secret_new(str_make(secret_key, sizeof(secret_key)));
	sodium_memzero(seed, sizeof(seed));
	sodium_memzero(secret_key, sizeof(secret_key));
	return key;
}

/* --- words --- */

/* The checksum covers the kind of key, too: one is not taken for the other. */
static void check_of(const char *kind, const unsigned char *key, unsigned char out[CHECK_BYTES])
{
	unsigned char hash[crypto_generichash_BYTES];
	crypto_generichash_state state;

	(void) crypto_generichash_init(&state, NULL, 0, sizeof(hash));
	(void) crypto_generichash_update(&state, (const unsigned char *) kind, strlen(kind));
	(void) crypto_generichash_update(&state, key, PARCEL_KEY_BYTES);
	(void) crypto_generichash_final(&state, hash, sizeof(hash));
	memcpy(out, hash, CHECK_BYTES);
	sodium_memzero(hash, sizeof(hash));
	sodium_memzero(&state, sizeof(state));
}

static void write_word(const char *kind, const unsigned char *key, char out[PARCEL_WORD_BYTES])
{
	size_t at = strlen(kind);
	unsigned char check[CHECK_BYTES];

	rand_sodium_ready();
	check_of(kind, key, check);
	memcpy(out, kind, at);
	(void) sodium_bin2hex(out + at, PARCEL_WORD_BYTES - at, key, PARCEL_KEY_BYTES);
	at += 2 * PARCEL_KEY_BYTES;
	out[at++] = '-';
	(void) sodium_bin2hex(out + at, PARCEL_WORD_BYTES - at, check, CHECK_BYTES);
}

void parcel_write_public(const unsigned char key[PARCEL_KEY_BYTES], char out[PARCEL_WORD_BYTES])
{
	write_word(public_word, key, out);
}

void parcel_write_secret(const struct secret *key, struct buf *out)
{
	char word[PARCEL_WORD_BYTES];

	write_word(secret_word, (const unsigned char *) secret_bytes(key).at, word);
	buf_add_text(out, word);
	sodium_memzero(word, sizeof(word));
}

static bool read_word(const char *kind, struct str word, unsigned char out[PARCEL_KEY_BYTES], struct fault *f)
{
	size_t at = strlen(kind), len = 0;
	unsigned char check[CHECK_BYTES], told[CHECK_BYTES];
	struct str hex = str_part(word, at, 2 * PARCEL_KEY_BYTES), end = str_part(word, at + 2 * PARCEL_KEY_BYTES, SIZE_MAX);

	rand_sodium_ready();
	if (!str_starts(word, str_from(kind)) || end.len != 1 + 2 * CHECK_BYTES || end.at[0] != '-' ||
		sodium_hex2bin(out, PARCEL_KEY_BYTES, hex.at, hex.len, NULL, &len, NULL) != 0 || len != PARCEL_KEY_BYTES ||
		sodium_hex2bin(told, sizeof(told), end.at + 1, end.len - 1, NULL, &len, NULL) != 0 || len != CHECK_BYTES)
		return fault_set(f, FAULT_INPUT, "this is no key: it begins with %s and has %zu characters; `mimeo staff key` makes one", kind,
			at + 2 * (PARCEL_KEY_BYTES + CHECK_BYTES) + 1);
	check_of(kind, out, check);
	return sodium_memcmp(check, told, CHECK_BYTES) == 0 ||
		fault_set(f, FAULT_INPUT, "a character of this key is wrong: copy it once more");
}

bool parcel_read_public(struct str word, unsigned char out[PARCEL_KEY_BYTES], struct fault *f)
{
	return read_word(public_word, word, out, f);
}

bool parcel_read_secret(struct str word, struct secret **out, struct fault *f)
{
	unsigned char key[PARCEL_KEY_BYTES];
	bool ok = read_word(secret_word, word, key, f);

	if (ok)
		*out = secret_new(str_make(key, sizeof(key)));
	sodium_memzero(key, sizeof(key));
	return ok;
}

/* --- parcels --- */

bool parcel_seal(const unsigned char key[PARCEL_KEY_BYTES], struct str plain, struct buf *out, struct fault *f)
{
	unsigned char *at = (unsigned char *) buf_reserve(out, plain.len + PARCEL_EXTRA_BYTES);

	rand_sodium_ready();
	if (at == NULL)
		return fault_full(f, "a parcel");
	if (crypto_box_seal(at, (const unsigned char *) (plain.len > 0 ? plain.at : ""), plain.len, key) != 0)
		return fault_set(f, FAULT_INPUT, "this public key is none");
	buf_grown(out, plain.len + PARCEL_EXTRA_BYTES);
	return true;
}

bool parcel_open(const struct secret *key, struct str sealed, struct buf *out, struct fault *f)
{
	unsigned char public_key[PARCEL_KEY_BYTES];
	unsigned char *at;

	rand_sodium_ready();
	if (sealed.len < PARCEL_EXTRA_BYTES)
		return fault_set(f, FAULT_INPUT, "a parcel is cut short");
	at = (unsigned char *) buf_reserve(out, sealed.len);
	if (at == NULL)
		return fault_full(f, "a parcel");
	(void) crypto_scalarmult_base(public_key, (const unsigned char *) secret_bytes(key).at);
	if (crypto_box_seal_open(at, (const unsigned char *) sealed.at, sealed.len, public_key,
			(const unsigned char *) secret_bytes(key).at) != 0)
		return fault_set(f, FAULT_DENIED, "this was sealed to another key, or was changed");
	buf_grown(out, sealed.len - PARCEL_EXTRA_BYTES);
	return true;
}

void parcel_write_base64(struct str bytes, struct buf *out)
{
	size_t room = sodium_base64_ENCODED_LEN(bytes.len, sodium_base64_VARIANT_ORIGINAL);
	char *at = buf_reserve(out, room);

	if (at == NULL)
		return;
	(void) sodium_bin2base64(at, room, (const unsigned char *) (bytes.len > 0 ? bytes.at : ""), bytes.len, sodium_base64_VARIANT_ORIGINAL);
	buf_grown(out, room - 1);
}

bool parcel_read_base64(struct str text, struct buf *out, struct fault *f)
{
	char *at = buf_reserve(out, text.len);
	size_t len = 0;

	if (at == NULL)
		return fault_full(f, "a parcel");
	if (text.len == 0 || sodium_base642bin((unsigned char *) at, text.len, text.at, text.len, NULL, &len, NULL,
			sodium_base64_VARIANT_ORIGINAL) != 0)
		return fault_set(f, FAULT_INPUT, "this is no parcel: it is not base64");
	buf_grown(out, len);
	return true;
}
