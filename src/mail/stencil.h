/* stencil.h: a mail's content that goes to many and differs in one word alone: encoded once, then only the word is exchanged.
 * SPDX-License-Identifier: ISC */
#ifndef MAIL_STENCIL_H
#define MAIL_STENCIL_H

#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"
#include "mail/dkim.h"

struct fault;
struct mail_stencil;

/* a and b: the same content written by mail_write_content() with two words of one length, no byte of which is the same at the
 * same place. False, and no fault: the two differ in another way, so that no stencil can be cut; write each mail by itself.
 * Words of letters and digits differ in nothing else, wherever lines break. */
bool mail_stencil_cut(struct mail_stencil **stencil, struct str a, struct str word_a, struct str b, struct str word_b);
void mail_stencil_free(struct mail_stencil **stencil);

/* Puts the word in; body_hash: of the body with it (relaxed). The word is as long as the first ones were. */
bool mail_stencil_fill(struct mail_stencil *stencil, struct str word, unsigned char body_hash[DKIM_DIGEST_BYTES],
	struct fault *f) __attribute__((warn_unused_result));
/* As it was filled last: the content's header lines; an empty line and the body. Valid until the next fill. */
struct str mail_stencil_headers(const struct mail_stencil *stencil);
struct str mail_stencil_rest(const struct mail_stencil *stencil);

#endif
