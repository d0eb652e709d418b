/* rail.h: a way for money to come: one constant table each, found by name through rails[].
 *
 * A rail is a payment firm, a coin, or the bank. It pulls (charges by itself every month or year, until it is told to end) or
 * is pushed (the reader pays an invoice each time; we remind). The room knows rails by this table alone.
 *
 * Answers. Whatever asks a network answers later: the function starts the call and `done` is called exactly once, from the
 * loop or before the function returns. f is NULL when the answer is yes. Otherwise its kind says what is true:
 *	INPUT, MISSING, DENIED    no: nothing happened there
 *	BUSY                      no, and another try may do better
 *	UNCERTAIN                 nobody knows: it may have happened; only look_up() or the same key again tells
 * Everything that changes something there carries an idempotency key, or is such that twice is as good as once.
 *
 * Bytes from outside (webhooks, statements) pass verify() first, then events(), which has no database and no network: bytes
 * in, facts out. What a driver keeps in a database of its own (a pool of addresses) it may use in create() and instruct().
 * SPDX-License-Identifier: ISC */
#ifndef SUPPORT_RAIL_H
#define SUPPORT_RAIL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/clock.h"
#include "base/money.h"
#include "base/str.h"
#include "facts.h"
#include "house/settings.h"

struct arena;
struct conf_key;
struct fault;
struct http_reply;
struct http_request;
struct locale;
struct press_value;
struct rail;
struct secret;
struct support;

/* What was counted and is not written yet: rail_health.c. */
struct rail_tally {
	int64_t events, refused, asked, failed, lag_sum_s, lag_most_s;
};

/* A rail in this house. Long-lived: one each in struct support. */
struct rail_line {
	const struct rail *rail;
	struct support *support;
	void *secrets;              /* rail->secrets_bytes, filled from secrets/support.conf; its struct secret *s are freed for it */
	void *self;                 /* the driver's own, from open() to close() */
	bool is_on;                 /* it can take money now */
	char say[160];              /* why it is off, and what to do */
	struct str origin;          /* where its pages stand ("https://checkout.stripe.com"): readers are sent nowhere else, and
	                             * forms may lead there; empty: it has only pages of ours. Lives with the settings. */
	struct rail_tally tally;
};

/* One press of Continue, or the next invoice of a pushed gift. The row of checkout is durable already. */
struct rail_order {
	int64_t checkout;           /* its decimal is our name for it there */
	enum frequency frequency;
	struct money amount;
	struct str language;        /* of the reader's pages */
	struct str product;         /* "Support The Tern Courier", in that language */
	struct str thanks_url, back_url; /* absolute: after paying; without having paid */
	struct str key;             /* idempotency: the same for each try of this order */
};

/* What came by a webhook. Texts live until `done` is called. */
struct rail_delivery {
	const struct http_request *rq; /* headers; NULL: signature holds the one header there is (tests) */
	struct str signature;
	struct str body;
	struct when now;
};

/* How a gift that comes back by itself stands at the provider. */
enum rail_standing { RAIL_UNKNOWN, RAIL_RUNS, RAIL_IS_PAUSED, RAIL_IS_LATE, RAIL_HAS_ENDED };

/* Only what the function promises is filled; texts live during `done`. */
struct rail_answer {
	struct str url;             /* create, portal: where the reader goes. create: empty means a page of ours (instruct).
	                             * refund: a page at which the giver takes it, where they must; whoever has its address can */
	struct str reference;       /* create: the provider's name for it; kept sealed */
	enum rail_standing standing;/* cancel, change, pause, look_up */
	int32_t next_day;           /* look_up: when it is charged next; 0: not known */
	struct money amount;        /* look_up: what is charged then; code "" where not known */
	enum frequency frequency;
	int card_year, card_month;  /* look_up: its card is good until then; 0: no card, or not known */
	const struct facts *facts;  /* ask, poll, refund: what is true now; taken like events */
	size_t facts_count;
};
typedef void rail_done(void *self, const struct rail_answer *answer, const struct fault *f);

enum { RAIL_ONCE = 1 << FREQUENCY_ONCE, RAIL_MONTHLY = 1 << FREQUENCY_MONTHLY, RAIL_ANNUAL = 1 << FREQUENCY_ANNUAL,
	RAIL_ALL = RAIL_ONCE | RAIL_MONTHLY | RAIL_ANNUAL };

/* Functions that a rail has no use for are NULL; create and events are not. */
struct rail {
	const char *name;           /* "stripe": in URLs, rows, the account provider:stripe, [stripe] of the secrets. At most 8 letters */
	const char *title;          /* "Stripe" */
	unsigned frequencies;       /* RAIL_… */
	bool pulls;
	const struct conf_key *secrets; /* of secrets/support.conf, ended by a NULL section; offsets into line->secrets. NULL: none */
	size_t secrets_bytes;

	/* Sets is_on, say, origin, self from secrets and settings. A secret that is missing is no fault: the rail is off. */
	bool (*open)(struct rail_line *line, struct fault *f);
	void (*close)(struct rail_line *line);

	/* answer: url or a page of ours; reference. The reader pays there; money counts when an event says so. */
	void (*create)(struct rail_line *line, const struct rail_order *order, rail_done *done, void *self);
	/* Fills the page that a pushed rail's reader pays by: where, how much, which code. False: log and answer "try again". */
	bool (*instruct)(struct rail_line *line, const struct rail_order *order, const struct locale *locale,
		struct press_value *root, struct arena *arena, struct fault *f);

	/* Was it the provider who sent this? f->kind DENIED: no; BUSY or UNCERTAIN: it could not be told, send it again. */
	void (*verify)(struct rail_line *line, const struct rail_delivery *delivery, rail_done *done, void *self);
	/* Bytes of a webhook, or of a statement that was imported, become facts (none is fine). INPUT for what neither can be. */
	bool (*events)(const struct rail_line *line, struct str bytes, struct arena *arena, struct facts_list *list, struct fault *f);
	/* Asks what a fact's `ask` names. answer: facts. MISSING: there is nothing to be known, ever. */
	void (*ask)(struct rail_line *line, struct str what, rail_done *done, void *self);
	/* For a rail that tells nothing by itself: every poll_s seconds. answer: facts. */
	void (*poll)(struct rail_line *line, rail_done *done, void *self);
	int64_t poll_s;

	/* Of a gift that comes back by itself, by the provider's name for it. answer: standing. */
	void (*look_up)(struct rail_line *line, struct str subscription, rail_done *done, void *self);
	void (*cancel)(struct rail_line *line, struct str subscription, rail_done *done, void *self);
	void (*change)(struct rail_line *line, struct str subscription, const struct rail_order *to, rail_done *done, void *self);
	void (*pause)(struct rail_line *line, struct str subscription, bool is_paused, rail_done *done, void *self);
	/* answer: url of a page of the provider's where the reader changes their card; they come back to back_url. */
	void (*portal)(struct rail_line *line, struct str subscription, struct str back_url, struct str language, rail_done *done,
		void *self);

	/* Gives `amount` of a payment back, by its handle, once for a key. answer: facts (the refund as it stands), url. */
	void (*refund)(struct rail_line *line, struct str handle, struct money amount, struct str key, rail_done *done, void *self);
};

enum { RAILS = 8 };             /* places in struct support; rails[] may be shorter */
extern const struct rail *const rails[]; /* NULL-ended, in the order in which readers are offered them */

/* Reads secrets/support.conf for all rails at once and opens each. Tests without a room: the lines stay off. */
bool rails_open(struct support *support, struct fault *f) __attribute__((warn_unused_result));
void rails_close(struct support *support);
/* By name; NULL when there is none of that name. */
struct rail_line *rail_find(struct support *support, struct str name);
/* Does [support] rails name it? */
bool rail_is_offered(const struct support *support, const struct rail_line *line);
/* The rail that a reader named if it is offered, on and can do that frequency, else the first that is and can; NULL: none. */
struct rail_line *rail_choose(struct support *support, struct str name, enum frequency frequency);
/* The next one after `line` that is on and can: what is offered when it failed. NULL: none. */
struct rail_line *rail_next(struct support *support, const struct rail_line *line, enum frequency frequency);
/* Is the address one of the line's own pages? */
bool rail_is_its_page(const struct rail_line *line, struct str url);
bool rail_is_page_of(struct str origin, struct str url);

/* For drivers whose provider speaks JSON over HTTP: what came of a call. True and the JSON of a 2xx (NULL for an empty body).
 * False: *f as above. `code_key`, `say_key`: where an error's own words stand ("error.code"); they go to the log alone. */
bool rail_reply(const struct http_reply *reply, const struct fault *failed, const char *code_key, const char *say_key,
	json_t **json, struct fault *f);

/* Inside or outside of a transaction: whoever writes this code on a payment means this checkout. The same again is fine. */
bool support_know_code(struct support *support, const char *rail, struct str code, int64_t checkout, struct fault *f)
	__attribute__((warn_unused_result));

#endif
