/* newsletter_letters.h: mails to subscribe@ and unsubscribe@.
 * SPDX-License-Identifier: ISC */
#ifndef NEWSLETTER_NEWSLETTER_LETTERS_H
#define NEWSLETTER_NEWSLETTER_LETTERS_H

#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"
#include "mail/letter.h"

struct arena;
struct buf;
struct fault;
struct newsletter;

enum newsletter_letter { LETTER_NONE, LETTER_SUBSCRIBE, LETTER_UNSUBSCRIBE, LETTER_LEAVE /* with a genuine token */ };

/* Which of our addresses that is. *delivery: the token's. */
enum newsletter_letter newsletter_letter_address(const struct newsletter *n, struct str address, int64_t *delivery);
/* "mailto:unsubscribe+…@…?subject=unsubscribe", or empty: [newsletter] unsubscribe_address holds no TOKEN. */
struct str newsletter_leave_mailto(const struct newsletter *n, int64_t delivery, struct arena *arena);

/* What follows from it, durable. *is_ours false: it came to none of our two addresses. BUSY: sign-ups come in a flood; hand it in again. */
bool newsletter_take_letter(struct newsletter *n, const struct mail_letter *letter, bool *is_ours, struct fault *f)
	__attribute__((warn_unused_result));

/* The words about it on the jailed child's line, and back; false for anything that the child would not say. */
void newsletter_letter_write(const struct mail_letter *letter, struct buf *out);
bool newsletter_letter_parse(struct str word, struct mail_letter *letter);

#endif
