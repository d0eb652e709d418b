/* mail_inside.h: what the files of mail/ share with each other and with nobody else.
 * SPDX-License-Identifier: ISC */
#ifndef MAIL_MAIL_INSIDE_H
#define MAIL_MAIL_INSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"

struct buf;
struct fault;

enum {
	MAIL_LINE_WANTED = 78,  /* RFC 5322 §2.1.1: what a line should not pass … */
	MAIL_LINE_MOST = 998    /* … and must not */
};

/* A header line that is being written: it breaks before a space when a word would pass column 78. */
struct mail_fold {
	struct buf *out;
	size_t column;
	bool first; /* nothing but "Name:" stands there */
};

void mail_fold_begin(struct mail_fold *fold, struct buf *out, const char *name);
/* A space (or a fold) and the word, which is never broken. keep: never folds before it (Message-ID). */
void mail_fold_word(struct mail_fold *fold, struct str word, bool keep);
/* Free text: words at spaces, or encoded words (RFC 2047) where it needs them. */
void mail_fold_text(struct mail_fold *fold, struct str text);
/* A display name (RFC 5322 phrase): atoms, a quoted string, or encoded words. */
void mail_fold_phrase(struct mail_fold *fold, struct str name);
void mail_fold_end(struct mail_fold *fold);

/* UTF-8 without control bytes, else INPUT that names the header. */
bool mail_check_text(const char *name, struct str value, struct fault *f) __attribute__((warn_unused_result));
/* ASCII without blanks, controls or brackets, at most `most` bytes; else INPUT. */
bool mail_check_token(const char *name, struct str value, size_t most, struct fault *f)
	__attribute__((warn_unused_result));

/* Standard base64 (RFC 4648 §4) with padding, without line breaks. */
void mail_write_base64(struct buf *out, struct str bytes);

/* A body part's bytes after its headers: plain 7bit where it already is, else quoted-printable; ends in CRLF. */
bool mail_is_7bit(struct str text);
void mail_write_7bit(struct buf *out, struct str text);

/* dkim_key.c, for dkim.c */
bool dkim_crypto_fault(struct fault *f, const char *what);

#endif
