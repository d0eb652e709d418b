/* parcel.h: bytes that only one person can open: sealed to a staff member's public key (libsodium's sealed box).
 *
 * The private half is made, and stays, on that person's own machine; whoever seals needs the public half alone and cannot open what it
 * sealed. A parcel says nothing about who made it: whoever can change the file can put another in its place.
 * Keys are written as one word with a checksum of four bytes: "staffkey-HEX-CHECK", "secretkey-HEX-CHECK".
 * SPDX-License-Identifier: ISC */
#ifndef BASE_PARCEL_H
#define BASE_PARCEL_H

#include <stdbool.h>
#include "base/buf.h"
#include "base/str.h"

struct fault;
struct secret;

enum { PARCEL_KEY_BYTES = 32, PARCEL_WORD_BYTES = 96, PARCEL_EXTRA_BYTES = 48 };

/* A new pair: *secret in a locked page. */
struct secret *parcel_new_key(unsigned char out_public[PARCEL_KEY_BYTES]);
void parcel_write_public(const unsigned char key[PARCEL_KEY_BYTES], char out[PARCEL_WORD_BYTES]);
/* Adds the private key's word: the buffer must be wiped by the caller. */
void parcel_write_secret(const struct secret *key, struct buf *out);
/* INPUT for what is no such word, or has a wrong character in it. */
bool parcel_read_public(struct str word, unsigned char out[PARCEL_KEY_BYTES], struct fault *f) __attribute__((warn_unused_result));
bool parcel_read_secret(struct str word, struct secret **out, struct fault *f) __attribute__((warn_unused_result));

/* Adds plain.len + PARCEL_EXTRA_BYTES bytes. INPUT for a key that is none. */
bool parcel_seal(const unsigned char key[PARCEL_KEY_BYTES], struct str plain, struct buf *out, struct fault *f)
	__attribute__((warn_unused_result));
/* Adds the plain bytes. DENIED for another key's, or changed ones. */
bool parcel_open(const struct secret *key, struct str sealed, struct buf *out, struct fault *f) __attribute__((warn_unused_result));

/* base64 (RFC 4648, padded), as parcels stand in JSON and in files. */
void parcel_write_base64(struct str bytes, struct buf *out);
bool parcel_read_base64(struct str text, struct buf *out, struct fault *f) __attribute__((warn_unused_result));

#endif
