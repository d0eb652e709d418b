/* kept.h: facts at rest: names become keyed hashes, the rest is sealed with its event's hash; and by what a payment is given back.
 *
 * Sealed under a key made of the room's seal key (XChaCha20-Poly1305; the event's index is bound in, so that no row can stand
 * in for another), at two lengths: with a reason and without. Unlike people's addresses these must be opened all the time: the
 * books are worked out of them. Rows are short, as many come at once and each is written to the disk twice.
 * SPDX-License-Identifier: ISC */
#ifndef SUPPORT_KEPT_H
#define SUPPORT_KEPT_H

#include <stdbool.h>
#include "base/seal.h"
#include "base/str.h"
#include "books.h"

struct fault;
struct secret;
struct support;

enum {
	KEPT_PLAIN_BYTES = 176,
	KEPT_SHORT_PLAIN_BYTES = 128, /* of a fact without a reason */
	KEPT_SEAL_BYTES = 24 + 16,
	KEPT_BYTES = KEPT_SEAL_BYTES + KEPT_PLAIN_BYTES,
	KEPT_HANDLE_BYTES = KEPT_SEAL_BYTES + FACTS_NAME_BYTES + 1
};

/* Keyed hash of a name on a rail. Stripe's are hashed without its name, as they were before there were others. */
void support_rail_index(const struct support *support, const char *domain, const char *rail, struct str name,
	unsigned char out[SEAL_INDEX_BYTES]);
/* A row id made of such a hash: its first 63 bits. */
int64_t kept_id(const unsigned char index[SEAL_INDEX_BYTES]);
/* A payment's name; a refund's, dispute's, fee's, payout's or subscription's own. Zeros for the empty text. */
struct fact_key kept_payment_key(const struct support *support, const char *rail, struct str name);
struct fact_key kept_item_key(const struct support *support, const char *rail, struct str name);

/* The key that facts are sealed with, of keys/support/seal. */
struct secret *kept_key(const struct secret *seal_key);

/* Names are hashed. checkout and frequency are the caller's to set (what is ours it alone knows), and period. */
void kept_make(const struct support *support, const struct facts *facts, const unsigned char index[SEAL_INDEX_BYTES],
	struct kept *kept);
/* How many bytes of out it takes. */
size_t kept_seal(const struct support *support, const unsigned char index[SEAL_INDEX_BYTES], const struct kept *kept,
	unsigned char out[KEPT_BYTES]);
/* reason may be NULL; else FACTS_REASON_BYTES + 1, and kept->reason points there. DENIED when the key is another or the row
 * was changed; IO for what is no fact of ours. */
bool kept_open(const struct support *support, struct str index, struct str sealed, struct kept *kept, char *reason,
	struct fault *f) __attribute__((warn_unused_result));

/* By what a provider knows a payment, of at most FACTS_NAME_BYTES: one length for short ones, one for long ones; its
 * event's index is bound in, too. */
size_t kept_seal_handle(const struct support *support, const unsigned char index[SEAL_INDEX_BYTES], struct str handle,
	unsigned char out[KEPT_HANDLE_BYTES]);
/* Into the arena. DENIED when the key is another or the row was changed; IO for what is no handle of ours. */
bool kept_open_handle(const struct support *support, struct str index, struct str sealed, struct arena *arena, struct str *handle,
	struct fault *f) __attribute__((warn_unused_result));

#endif
