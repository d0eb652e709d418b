/* letter.h: what a mail to subscribe@ or unsubscribe@ says in its headers: whom it came to and whom it says to be from.
 *
 * The reader takes any bytes, allocates nothing, makes no system call and never fails: it runs where mail/report.h's does. Both addresses
 * are bytes that somebody wrote: the caller checks them, and believes of the sender's nothing but that a mail may be sent there.
 * SPDX-License-Identifier: ISC */
#ifndef MAIL_LETTER_H
#define MAIL_LETTER_H

#include <stdbool.h>
#include "base/str.h"

enum { MAIL_LETTER_ADDRESS_BYTES = 254 };

struct mail_letter {
	char to[MAIL_LETTER_ADDRESS_BYTES + 1];   /* of the first Delivered-To (or X-Original-To); "" when there is none */
	char from[MAIL_LETTER_ADDRESS_BYTES + 1]; /* the one address of the one From (RFC 5322); "" when there is none, or more */
	bool is_automatic;                        /* a list's, an answering machine's, a bounce: never answered (RFC 3834) */
};

void mail_letter_read(struct str mail, struct mail_letter *letter);

#endif
