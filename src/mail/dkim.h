/* dkim.h: DKIM-Signature (RFC 6376), rsa-sha256, relaxed/relaxed, oversigned, no l=.
 * SPDX-License-Identifier: ISC */
#ifndef MAIL_DKIM_H
#define MAIL_DKIM_H

#include <stdbool.h>
#include "base/clock.h"
#include "base/str.h"

struct arena;
struct buf;
struct fault;
struct secret;
struct dkim_key; /* a parsed private key */

/* A new RSA-2048 key as PEM, and the public part as it stands in DNS ("v=DKIM1; k=rsa; p=…"). */
bool dkim_new_key(struct secret **pem, struct arena *arena, struct str *dns_record, struct fault *f)
	__attribute__((warn_unused_result));
bool dkim_key_open(struct dkim_key **key, const struct secret *pem, struct fault *f)
	__attribute__((warn_unused_result));
void dkim_key_close(struct dkim_key **key);
bool dkim_dns_record(const struct dkim_key *key, struct arena *arena, struct str *record, struct fault *f)
	__attribute__((warn_unused_result));

struct dkim_options {
	const struct dkim_key *key;
	struct str domain, selector;
	struct when when;
	const char *const *omit;      /* header names a relay rewrites, left unsigned; NULL-ended or NULL */
};

/* Writes the header line (with CRLF) that goes before `message` (a whole mail from mail_write). */
bool dkim_sign(const struct dkim_options *options, struct str message, struct buf *out, struct fault *f)
	__attribute__((warn_unused_result));

#endif
