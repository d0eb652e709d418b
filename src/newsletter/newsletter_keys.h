/* newsletter_keys.h: the DKIM keys that sign, their generations, and the end of each: published.
 * SPDX-License-Identifier: ISC */
#ifndef NEWSLETTER_NEWSLETTER_KEYS_H
#define NEWSLETTER_NEWSLETTER_KEYS_H

#include <jansson.h>
#include <stdbool.h>
#include "base/str.h"

struct arena;
struct dkim_options;
struct fault;
struct newsletter;
struct newsletter_keys;
struct secret;

/* How long a key's records stay after its last signature: mail servers try for five days (RFC 5321 §4.5.4.1), readers' mail
 * programs check late. */
enum { SIGNING_KEY_REST_DAYS = 7 };

/* Opens the pair that signs (RSA and Ed25519); the first generation is made where there is none. DENIED when the database
 * names a generation whose files are not in keys/newsletter/. */
bool newsletter_keys_open(struct newsletter *n, struct fault *f) __attribute__((warn_unused_result));
void newsletter_keys_close(struct newsletter *n);
/* Fills signers and signer_count. */
void newsletter_keys_sign(const struct newsletter *n, struct dkim_options *options);

size_t newsletter_keys_count(void); /* how many signers it fills in */
/* The private halves that sign, in the order of the signers, for another process of ours; take() keeps nothing. */
bool newsletter_keys_each_pem(struct newsletter *n, bool (*take)(void *self, size_t which, const struct secret *pem, struct fault *f),
	void *self, struct fault *f) __attribute__((warn_unused_result));

/* Adds domain, today, and keys: [{generation, state, since, due, records: [{selector, name, algorithm, txt, revoked}]}], oldest first;
 * private halves (pem) of published ones only. */
bool newsletter_keys_json(struct newsletter *n, struct arena *arena, json_t *json, struct fault *f)
	__attribute__((warn_unused_result));

/* Each is one step of a rotation; CONFLICT where it is not the next one. */
bool newsletter_keys_make(struct newsletter *n, struct fault *f) __attribute__((warn_unused_result));    /* the next pair */
bool newsletter_keys_take(struct newsletter *n, struct fault *f) __attribute__((warn_unused_result));    /* it signs from now on */
/* The retired pair, after its rest: its private half is given to everybody. There is no way back. */
bool newsletter_keys_publish(struct newsletter *n, struct fault *f) __attribute__((warn_unused_result));

#endif
