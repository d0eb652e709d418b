/* support_own.h: a supporter's own page, by the keep-this link, and what they want changed.
 * SPDX-License-Identifier: ISC */
#ifndef SUPPORT_SUPPORT_OWN_H
#define SUPPORT_SUPPORT_OWN_H

#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"
#include "support_inside.h"

struct press_value;

/* It is neither ended nor being ended. */
static inline bool mandate_runs(enum mandate_state state)
{
	return state == MANDATE_ACTIVE || state == MANDATE_LATE || state == MANDATE_PAUSED;
}

/* --- support_own.c --- */
/* The page as the rows are now. notice: a sentence above it; empty: none. */
void support_answer_own(struct support *support, struct http_request *rq, int status, const struct support_checkout *checkout,
	const struct support_mandate *mandate, struct str notice);
/* {{contact}} of this and of the thanks page: the address is asked for, or may be erased. comes_back: more is to be told than a
 * receipt. action: of its form. */
bool support_add_contact(struct support *support, struct press_value *root, const struct locale *locale,
	const struct support_checkout *checkout, bool comes_back, struct str action, struct fault *f)
	__attribute__((warn_unused_result));

/* --- support_thanks.c --- */
/* The thanks page again, because "remind me again" was filled in wrongly. False: the token is none of a gift that was paid. */
bool support_answer_thanks(struct support *support, struct http_request *rq, int status, struct str token, struct str typed,
	struct str error);

/* --- support_manage.c --- */
/* Ends a mandate that runs: answers when it is known how that went. */
void support_cancel(struct support *support, struct http_request *rq, const struct support_checkout *checkout,
	const struct support_mandate *mandate);

/* --- support_portal.c --- */
void support_open_portal(struct support *support, struct http_request *rq, const struct support_checkout *checkout,
	const struct support_mandate *mandate);

/* --- support_change.c --- */
enum change_kind { CHANGE_AMOUNT, CHANGE_PAUSE, CHANGE_RESUME, CHANGE_KINDS };
struct support_change {
	enum change_kind kind;
	int64_t mandate, serial;
	int64_t amount_minor;     /* CHANGE_AMOUNT */
	int32_t until_day;        /* CHANGE_PAUSE */
};
/* What the way to pay of this checkout can do by itself. */
struct support_can {
	bool change, pause, card;
};
struct support_can support_can(struct support *support, const struct support_checkout *checkout);
/* Keeps the change, asks the provider, and answers rq with the page when it said something or did not answer. */
void support_begin_change(struct support *support, struct http_request *rq, const struct support_checkout *checkout,
	const struct support_mandate *mandate, struct support_change *change);
/* *found: one is still being asked for. */
bool support_find_change(struct support *support, int64_t mandate, struct support_change *change, bool *found, struct fault *f)
	__attribute__((warn_unused_result));
/* The day before which nothing is taken; 0: it is not paused. Rails that are pushed ask, too, before they send an invoice. */
bool support_find_pause(struct support *support, int64_t mandate, int32_t *until_day, struct fault *f)
	__attribute__((warn_unused_result));
/* By the clock: wishes without an answer are asked for again, pauses end. */
void support_run_changes(void *support);

#endif
