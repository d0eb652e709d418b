/* email.h: an address that was checked once, at the border.
 *
 * Accepted: RFC 5321 Mailbox with a dot-string local part (no quoted strings, no address literals), ≤ 254 bytes, domain of ≥ 2 labels
 * (xn-- allowed; "localhost" allowed for rehearsals). A domain with other letters becomes its A-labels (IDNA 2008), a local part with
 * other letters is normalised (NFC) and needs a server with SMTPUTF8 (RFC 6531). Canonical form, for the index: domain lower-case,
 * local part as given but lower-cased (a-z) too. There is no way to log it in the clear.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_EMAIL_H
#define BASE_EMAIL_H

#include <stdbool.h>
#include "str.h"

struct fault;

enum { EMAIL_BYTES = 254 };

struct email {
	unsigned char len;
	char text[EMAIL_BYTES + 1]; /* as typed, trimmed; the domain in ASCII */
};

bool email_parse(struct str text, struct email *out, struct fault *f) __attribute__((warn_unused_result));
struct str email_text(const struct email *email);             /* to seal and to send; never to log */
struct str email_canonical(const struct email *email, char out[EMAIL_BYTES + 1]); /* for the index; lower-cased */
struct str email_domain(const struct email *email);
bool email_is_utf8(const struct email *email); /* its local part is not ASCII */
struct str email_redacted(const struct email *email, char out[16]); /* "•@•" and its length class only: "email(18)" */

#endif
