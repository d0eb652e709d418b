/* seal.h: people's addresses and references at rest: sealed to a public key, found by a keyed hash.
 *
 * A sealed value is crypto_box under one ephemeral key per sealer (a batch or an hour) with crypto_box_beforenm, padded
 * to SEAL_PLAIN_BYTES, so that its length tells nothing. Layout, SEAL_BYTES in all: ephemeral public key (32), nonce
 * (24), box (16 + SEAL_PLAIN_BYTES). The plain text is padded as a 2-byte length, the text, zeros. The index is BLAKE2b-256 keyed
 * (crypto_generichash) over a domain word and the value; its key is as sensitive as the list. Custody today: "on the server":
 * seal_open() is the one place that opens.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_SEAL_H
#define BASE_SEAL_H

#include <stdbool.h>
#include <stdint.h>
#include "str.h"

struct arena;
struct fault;
struct secret;
struct sealer; /* a public key with the ephemeral key of this hour */

enum {
	SEAL_PLAIN_BYTES = 384,
	SEAL_BYTES = 32 + 24 + 16 + SEAL_PLAIN_BYTES,
	SEAL_KEY_BYTES = 32,
	SEAL_INDEX_BYTES = 32,
	SEAL_HASH_BYTES = 32
};

/* A new key pair: the secret half in locked memory, the public half in out_public. */
struct secret *seal_new_key(unsigned char out_public[SEAL_KEY_BYTES]);
/* The public half of a secret key read from keys/ROOM/. INPUT if it is not SEAL_KEY_BYTES long. */
bool seal_public_key(const struct secret *key, unsigned char out_public[SEAL_KEY_BYTES], struct fault *f)
	__attribute__((warn_unused_result));

struct sealer *sealer_new(const unsigned char public_key[SEAL_KEY_BYTES]);
void sealer_free(struct sealer **sealer);
/* Seals up to SEAL_PLAIN_BYTES - 2 bytes (else FULL). Changes its ephemeral key by itself every hour. */
bool seal(struct sealer *sealer, struct str plain, unsigned char out[SEAL_BYTES], struct fault *f)
	__attribute__((warn_unused_result));
/* Opens into the arena. DENIED when the key is another, INPUT when the bytes are not a sealed value. */
bool seal_open(const struct secret *key, struct str sealed, struct arena *arena, struct str *plain, struct fault *f)
	__attribute__((warn_unused_result));

/* For whoever opens very many: keeps the keys that it shares with the last ephemeral ones, in locked memory, as sensitive as
 * the key itself. The key must outlive it. */
struct opener;
struct opener *opener_new(const struct secret *key);
void opener_free(struct opener **opener);
/* As seal_open(). */
bool opener_open(struct opener *opener, struct str sealed, struct arena *arena, struct str *plain, struct fault *f)
	__attribute__((warn_unused_result));

/* A room calls it once for the index key that it read from disk; INPUT if that is not SEAL_KEY_BYTES long. seal_index()
 * takes any other length for a bug. */
bool seal_index_key_check(const struct secret *index_key, struct fault *f) __attribute__((warn_unused_result));

/* Keyed hash: "is this known?". `domain` is a literal such as "newsletter.address". */
void seal_index(const struct secret *index_key, const char *domain, struct str value, unsigned char out[SEAL_INDEX_BYTES]);
/* Unkeyed BLAKE2b-256 of a random token: what is stored instead of it. */
void seal_token_hash(struct str token, unsigned char out[SEAL_HASH_BYTES]);

#endif
