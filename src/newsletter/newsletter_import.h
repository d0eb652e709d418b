/* newsletter_import.h: lists of subscribers that come from elsewhere, and what staff does with the list besides.
 * SPDX-License-Identifier: ISC */
#ifndef NEWSLETTER_NEWSLETTER_IMPORT_H
#define NEWSLETTER_NEWSLETTER_IMPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/email.h"
#include "base/str.h"

struct arena;
struct fault;
struct newsletter;

enum {
	NEWSLETTER_IMPORT_FIELDS = 4,      /* address, language, consent_day, proof: in this order between command and room */
	NEWSLETTER_PROOF_BYTES = 300,
	NEWSLETTER_IMPORT_CHUNK = 64 * 1024 /* bytes of rows in one request */
};

extern const char *const newsletter_import_names[NEWSLETTER_IMPORT_FIELDS];

/* One row, believed. */
struct newsletter_import_row {
	struct email email;
	struct str language, proof;        /* language may be empty: the newsroom's */
	int64_t consent_day;
};

/* False: *why says it, without a word of the row. today: a UTC day; consent cannot lie behind it. */
bool newsletter_import_row_read(const struct str fields[NEWSLETTER_IMPORT_FIELDS], int64_t today,
	struct newsletter_import_row *row, const char **why);

/* hash: of the file, any bytes; the same file is the same import. rows: how many will come. by: who brings it. Answers with its id,
 * state and counts. */
bool newsletter_import_begin(struct newsletter *n, struct str hash, int64_t rows, struct str by, json_t **out, struct fault *f)
	__attribute__((warn_unused_result));
bool newsletter_import_json(struct newsletter *n, int64_t id, json_t **out, struct fault *f) __attribute__((warn_unused_result));
bool newsletter_import_list(struct newsletter *n, json_t *list, struct fault *f) __attribute__((warn_unused_result));
/* A second staff member says yes or no. DENIED for who brought it. */
bool newsletter_import_confirm(struct newsletter *n, int64_t id, struct str by, bool yes, struct fault *f)
	__attribute__((warn_unused_result));
/* Rows `from`, `from` + 1, … as CSV, four fields each. What was looked at before is passed over, so that a chunk may come twice; a gap
 * is CONFLICT. One transaction, that also says how far. */
bool newsletter_import_take(struct newsletter *n, int64_t id, int64_t from, struct str csv, struct fault *f)
	__attribute__((warn_unused_result));

/* --- newsletter_list.c --- */

/* In the caller's transaction: what staff did with the list. rows: how many it was about. */
bool newsletter_audit(struct newsletter *n, struct str who, const char *did, int64_t rows, struct fault *f)
	__attribute__((warn_unused_result));
/* How many are confirmed, without counting them. */
bool newsletter_confirmed(struct newsletter *n, int64_t *count, struct fault *f) __attribute__((warn_unused_result));
/* So many more are, in the caller's transaction; who is erased is counted by the database itself. */
bool newsletter_confirmed_add(struct newsletter *n, int64_t count, struct fault *f) __attribute__((warn_unused_result));
/* In the caller's transaction: the list grew ("joined", "imported") or shrank ("left", "bounced", "complained", "expired"). */
bool newsletter_count(struct newsletter *n, const char *kind, int64_t count, struct fault *f) __attribute__((warn_unused_result));
/* In the daily job's transaction: today's number, and what is too old goes. */
bool newsletter_daily_list(struct newsletter *n, int64_t day, struct fault *f) __attribute__((warn_unused_result));
/* "days": [{day, subscribers, joined, …}], nameless; "audit": the newest. */
bool newsletter_growth(struct newsletter *n, int64_t days, json_t *json, struct fault *f) __attribute__((warn_unused_result));

/* Everything that is held about an exact address; {"known": false} else. Audited as `who`. */
bool newsletter_look_up(struct newsletter *n, struct str address, struct str who, struct arena *arena, json_t *json, struct fault *f)
	__attribute__((warn_unused_result));
/* Whose exact address it is leaves, as by their own link. MISSING for who is no subscriber. Audited as `who`. */
bool newsletter_erase_address(struct newsletter *n, struct str address, struct str who, struct fault *f)
	__attribute__((warn_unused_result));
/* What is held about a subscriber, for themselves or for who looked them up. MISSING where there is none. */
bool newsletter_facts(struct newsletter *n, int64_t subscriber, struct arena *arena, json_t *json, struct fault *f)
	__attribute__((warn_unused_result));

/* A page of the export: subscribers behind `after`, as CSV sealed to public_key (32 bytes); *next: the last one's id, 0: that was all.
 * number: this page's, 1 first. Its first page is audited as `who`. */
struct newsletter_export {
	int64_t export, after, number;
	struct str public_key, who;
};
bool newsletter_export_page(struct newsletter *n, const struct newsletter_export *page, json_t *json, struct fault *f)
	__attribute__((warn_unused_result));

/* By what a link in any mail says; *id 0: nobody's. */
bool newsletter_by_token(struct newsletter *n, struct str token, int64_t *id, struct fault *f) __attribute__((warn_unused_result));

#endif
