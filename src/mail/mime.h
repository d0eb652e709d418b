/* mime.h: writes mails: headers, text and HTML parts, 7-bit, CRLF, ready for DKIM and SMTP.
 *
 * RFC 5322, 2045–2047 (encoded words), 8058 (one-click). Lines ≤ 78 where folding can, ≤ 998 always. Bodies are
 * quoted-printable (or plain 7bit where they already are). Nothing a caller gives can start a header line of its own.
 * SPDX-License-Identifier: ISC */
#ifndef MAIL_MIME_H
#define MAIL_MIME_H

#include <stdbool.h>
#include "base/clock.h"
#include "base/email.h"
#include "base/str.h"

struct buf;
struct fault;

struct mail_address {
	struct str name;       /* display name, UTF-8; may be empty */
	struct str address;    /* local@domain, checked by email_parse before */
};

struct mail_header {
	const char *name;
	struct str value;      /* UTF-8 without control bytes (INPUT); folded and encoded here */
};

struct mail_message {
	struct mail_address from, to, reply_to;   /* reply_to.address empty: none */
	struct str subject;
	struct when date;
	struct str message_id;                    /* "<…@…>" */
	struct str list_unsubscribe_url;          /* https only gets List-Unsubscribe-Post (RFC 8058); empty: none */
	struct str list_unsubscribe_mailto;       /* "mailto:…"; empty: none */
	struct str list_id;                       /* "name <id.domain>"; empty: none */
	bool automatic;                           /* Auto-Submitted: auto-generated (confirmations, receipts) */
	struct str language;                      /* Content-Language; empty: none */
	struct str text;                          /* UTF-8, LF lines */
	struct str html;                          /* UTF-8; empty: text only; else multipart/alternative */
	struct str boundary;                      /* given for repeatability; must not occur in the parts (checked) */
	const struct mail_header *more;           /* ended by a NULL name; may be NULL */
};

/* What stands before the content: all headers but those of its type. text, html and boundary are not looked at. */
bool mail_write_head(const struct mail_message *message, struct buf *out, struct fault *f) __attribute__((warn_unused_result));
/* … and the content: its headers, an empty line, the body. */
bool mail_write_content(const struct mail_message *message, struct buf *out, struct fault *f) __attribute__((warn_unused_result));
/* Writes the whole message: both. */
bool mail_write(const struct mail_message *message, struct buf *out, struct fault *f)
	__attribute__((warn_unused_result));

/* One header line, folded, with encoded words where needed: for the tests and for rare callers. */
bool mail_write_header(struct buf *out, const char *name, struct str value, struct fault *f)
	__attribute__((warn_unused_result));
void mail_write_quoted_printable(struct buf *out, struct str text);

#endif
