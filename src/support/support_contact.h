/* support_contact.h: where a supporter wants receipts and notices, and how it is forgotten.
 * SPDX-License-Identifier: ISC */
#ifndef SUPPORT_SUPPORT_CONTACT_H
#define SUPPORT_SUPPORT_CONTACT_H

#include <stdbool.h>
#include <stdint.h>
#include "base/email.h"
#include "base/str.h"

struct arena;
struct fault;
struct support;

enum { CONTACT_KEEP_DAYS = 396 }; /* 13 months after the last gift */

/* Keeps (or changes) the address of a checkout's giver: sealed, with the keep-this link's token, so that mails can carry the
 * link. token: the manage token, which must be that checkout's. Safe to repeat. */
bool support_set_contact(struct support *support, int64_t checkout, struct str token, const struct email *email,
	struct str language, struct fault *f) __attribute__((warn_unused_result));
/* No more mails, and no address. Safe to repeat. */
bool support_drop_contact(struct support *support, int64_t checkout, struct fault *f) __attribute__((warn_unused_result));
bool support_has_contact(struct support *support, int64_t checkout, bool *has, struct fault *f)
	__attribute__((warn_unused_result));

struct support_contact {
	struct email email;
	struct str token;         /* of the keep-this link */
	struct str language;
};
/* *found false: there is none. */
bool support_open_contact(struct support *support, int64_t checkout, struct arena *arena, struct support_contact *contact,
	bool *found, struct fault *f) __attribute__((warn_unused_result));

/* A reader's wish: the address and every reference by which the provider would know them, of this checkout. A mandate that runs
 * must have ended before (CONFLICT). Books stay: they name nobody. */
bool support_erase_supporter(struct support *support, int64_t checkout, struct fault *f) __attribute__((warn_unused_result));
/* The daily job's part: the same 13 months after the last gift of each. */
bool support_erase_old_supporters(struct support *support, int32_t today, int64_t *erased, struct fault *f)
	__attribute__((warn_unused_result));

#endif
