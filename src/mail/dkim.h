/* dkim.h: DKIM-Signature (RFC 6376): rsa-sha256 and ed25519-sha256 (RFC 8463), relaxed/relaxed, oversigned, no l=.
 * SPDX-License-Identifier: ISC */
#ifndef MAIL_DKIM_H
#define MAIL_DKIM_H

#include <stdbool.h>
#include "base/buf.h"
#include "base/clock.h"
#include "base/str.h"

struct arena;
struct fault;
struct secret;
struct dkim_key; /* a parsed private key */

enum dkim_algorithm { DKIM_RSA, DKIM_ED25519 };

/* "rsa-sha256", "ed25519-sha256" */
const char *dkim_algorithm_name(enum dkim_algorithm algorithm);

/* A new key as PEM (RSA of 2048 bits, or Ed25519), and the public part as it stands in DNS ("v=DKIM1; k=rsa; p=…"). */
bool dkim_new_key(enum dkim_algorithm algorithm, struct secret **pem, struct arena *arena, struct str *dns_record,
	struct fault *f) __attribute__((warn_unused_result));
/* Private keys that are opened from now on live in locked pages that no core dump has. */
void dkim_lock_keys(void);
/* INPUT for anything but an RSA key of 1024 bits or more or an Ed25519 key. */
bool dkim_key_open(struct dkim_key **key, const struct secret *pem, struct fault *f)
	__attribute__((warn_unused_result));
void dkim_key_close(struct dkim_key **key);
enum dkim_algorithm dkim_key_algorithm(const struct dkim_key *key);
bool dkim_dns_record(const struct dkim_key *key, struct arena *arena, struct str *record, struct fault *f)
	__attribute__((warn_unused_result));

enum { DKIM_SIGNERS_MOST = 4 };

struct dkim_signer {
	const struct dkim_key *key;
	struct str selector;
};

struct dkim_options {
	const struct dkim_signer *signers; /* one signature each, in this order */
	size_t signer_count;               /* 1 to DKIM_SIGNERS_MOST */
	struct str domain;
	struct when when;
	const char *const *omit;      /* header names that a relay rewrites, left unsigned (From never is); NULL-ended or NULL */
};

enum { DKIM_DIGEST_BYTES = 32, DKIM_SIGNATURE_MOST = 1024 };

struct dkim_signature {
	size_t len;
	unsigned char bytes[DKIM_SIGNATURE_MOST];
};

/* Signatures that are still to be made, perhaps by another process: their lines as far as the b=, and what each key signs. */
struct dkim_draft {
	size_t count;
	unsigned char digests[DKIM_SIGNERS_MOST][DKIM_DIGEST_BYTES];
	size_t ends[DKIM_SIGNERS_MOST]; /* of each one's lines */
	struct buf lines, canonical;    /* both the draft's own; used again by the next mail */
};

void dkim_draft_init(struct dkim_draft *draft);
void dkim_draft_release(struct dkim_draft *draft);
/* The body's hash in its relaxed form. */
bool dkim_hash_body(struct str body, unsigned char out[DKIM_DIGEST_BYTES], struct fault *f) __attribute__((warn_unused_result));
/* The relaxed form itself, where a body is hashed often with small changes. */
void dkim_relax_body(struct str body, struct buf *out);
/* SHA-256. */
bool dkim_hash(struct str bytes, unsigned char out[DKIM_DIGEST_BYTES], struct fault *f) __attribute__((warn_unused_result));
/* headers: whole lines, the last one with its CRLF, too. */
bool dkim_draft_write(const struct dkim_options *options, struct str headers, const unsigned char body_hash[DKIM_DIGEST_BYTES],
	struct dkim_draft *draft, struct fault *f) __attribute__((warn_unused_result));
/* Writes the header lines (with CRLF) that go before the mail; signatures: one for each digest. */
void dkim_draft_finish(const struct dkim_draft *draft, const struct dkim_signature *signatures, struct buf *out);
/* Signs one digest. */
bool dkim_key_sign(const struct dkim_key *key, const unsigned char digest[DKIM_DIGEST_BYTES], struct dkim_signature *out,
	struct fault *f) __attribute__((warn_unused_result));

/* Writes the header lines (with CRLF) that go before `message` (a whole mail from mail_write). */
bool dkim_sign(const struct dkim_options *options, struct str message, struct buf *out, struct fault *f)
	__attribute__((warn_unused_result));

#endif
