/* newsletter_notice.h: mails to supporters that the support room hands over.
 * SPDX-License-Identifier: ISC */
#ifndef NEWSLETTER_NEWSLETTER_NOTICE_H
#define NEWSLETTER_NEWSLETTER_NOTICE_H

#include <jansson.h>
#include <stdbool.h>
#include "base/str.h"

struct arena;
struct fault;
struct locale;
struct newsletter;
struct outgoing;
struct press_value;

/* Takes {"key", "to", "language", "kind", "amount", "date", "manage_url", "receipt_url"?}: once durable and once only for each
 * key, mailed and then erased. INPUT for an unknown kind, an address or URL that is none. */
bool newsletter_take_notice(struct newsletter *n, const json_t *order, struct fault *f) __attribute__((warn_unused_result));
/* Whether this single mail is such a notice rather than a reminder. */
bool newsletter_is_notice(const struct outgoing *outgoing);
/* Its words into the template's values, and its subject. */
bool newsletter_fill_notice(const struct newsletter *n, const struct outgoing *outgoing, const struct locale *locale,
	struct press_value *root, struct arena *arena, struct str *subject, struct fault *f) __attribute__((warn_unused_result));

#endif
