/* support.c: the support room: what it holds, who may call it, what it does by the clock.
 *
 * Decides: the closed table of routes of each caller. Leaves to others: everything behind a route. Runs in: support,
 * the only process that holds the provider's key. The hard thing: the key exists in the clear in locked pages alone.
 * SPDX-License-Identifier: ISC */
#include "support.h"

#include "base/arena.h"
#include "base/email.h"
#include "base/fault.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/must.h"
#include "base/secret.h"
#include "gen/support_schema.h"
#include "gen/support_sql.h"
#include "store/store.h"
#include "support_contact.h"
#include "support_forget.h"
#include "support_inside.h"
#include "rail_health.h"
#include "support_import.h"
#include "support_own.h"
#include "support_push.h"
#include "support_notice.h"
#include "support_numbers.h"
#include "support_receipt.h"
#include "support_wish.h"

/* --- keys --- */

static struct secret *make_seal_key(void)
{
	unsigned char public_key[SEAL_KEY_BYTES];

	return seal_new_key(public_key);
}

static struct secret *make_index_key(void)
{
	return secret_new_random(SEAL_KEY_BYTES);
}

bool support_open_keys(struct support *support, struct fault *f)
{
	if (!seal_public_key(support->seal_key, support->seal_public, f))
		return false;
	support->sealer = sealer_new(support->seal_public);
	support->facts_key = kept_key(support->seal_key);
	return true;
}

/* Does the row open, and is its index that of its value? */
static bool row_fits(const struct support *support, const struct store_rows *rows, struct arena *arena)
{
	struct str domain = store_column_copy(rows, 0, arena), index = store_column_text(rows, 1), plain;
	unsigned char own[SEAL_INDEX_BYTES];
	char canonical[EMAIL_BYTES + 1];
	struct fault ignored = {0};
	struct email email;

	if (str_is(domain, "support.facts")) {
		struct kept kept;

		return kept_open(support, index, store_column_text(rows, 2), &kept, NULL, &ignored);
	}
	if (!seal_open(support->seal_key, store_column_text(rows, 2), arena, &plain, &ignored))
		return false;
	if (index.len == 0)
		return true;
	if (str_is(domain, "support.reminder")) {
		if (!email_parse(plain, &email, &ignored))
			return false;
		plain = email_canonical(&email, canonical);
	}
	support_index(support, str_to_c(domain, arena), plain, own);
	return str_equal(index, str_make(own, sizeof(own)));
}

bool support_keys_fit(struct support *support, struct fault *f)
{
	size_t good = 0, bad = 0;
	struct store_rows rows;
	struct arena arena;

	arena_init(&arena, "keys", 64 * 1024);
	if (!store_rows_begin(support->db, SUPPORT_SQL_SEALED_SOME, STORE_NO_ARGS, &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		bool fits = row_fits(support, &rows, &arena);

		good += fits;
		bad += !fits;
	}
	arena_release(&arena);
	if (!store_rows_end(&rows))
		return false;
	/* One row may be damaged; all of them are not. */
	return bad == 0 || good > 0 || fault_set(f, FAULT_DENIED,
		"keys/support/ does not belong to this database: put the keys seal and index of its home there");
}

void support_index(
	const struct support *support, const char *domain, struct str value, unsigned char out[SEAL_INDEX_BYTES])
{
	seal_index(support->index_key, domain, value, out);
}

void support_release(struct support *support)
{
	sealer_free(&support->sealer);
	secret_free(&support->seal_key);
	secret_free(&support->index_key);
	secret_free(&support->facts_key);
	rails_close(support);
}

static bool open_room(struct room *room, struct fault *f)
{
	struct support *support = memory_new(1, sizeof(*support));
	struct fault unknown = {0};
	int64_t held = 0;

	room->self = support;
	support->room = room;
	support->db = room->db;
	support->settings = &room->settings;
	if (!store_number(room->db, SUPPORT_SQL_SEALED_ANY, STORE_NO_ARGS, &held, f) ||
		!room_key(room, "seal", held ? NULL : make_seal_key, &support->seal_key, f) ||
		!room_key(room, "index", held ? NULL : make_index_key, &support->index_key, f) || !support_open_keys(support, f) ||
		!support_keys_fit(support, f) || !rails_open(support, f) ||
		(!room->read_only && (!support_carry(support, f) || !support_doubt_cancelling(support, f))))
		return false;
	/* An earlier process may have ended because the disk did not take its log: what that holds is written anew, or nothing begins. */
	if (!room->read_only && !store_checkpoint(room->db, f))
		return false;
	room_move_log_beside(room);
	if (!loop_sync_open(room->loop, &support->sync, &unknown))
		log_fault(&unknown, "webhooks wait for the disk one after another");
	room_every(room, 5, 60, support_ask_next, support);
	for (size_t i = 0; rails[i] != NULL; i++)
		if (rails[i]->poll != NULL && rails[i]->poll_s > 0)
			room_every(room, 10, rails[i]->poll_s, support_poll, &support->lines[i]);
	room_every(room, 10, 60, support_settle_doubts, support);
	room_every(room, 8, 60, support_end_replaced, support);
	room_every(room, 20, 60, support_run_changes, support);
	room_every(room, 30, 3600, support_run_reminders, support);
	room_every(room, 20, 60, support_run_notices, support);
	room_every(room, 40, 60, support_look_at_cards, support);
	room_every(room, 15, 30, support_settle_refunds, support);
	room_every(room, 15, 3600, support_run_push, support);
	room_every(room, 10, 15, rails_keep_health, support);
	room_every(room, 60, (int64_t) 24 * 3600, support_daily, support);
	return true;
}

static void close_room(struct room *room)
{
	struct support *support = room->self;

	if (!room->read_only)
		rails_keep_health(support);
	loop_timer_stop(&support->deliveries_timer);
	loop_sync_close(&support->sync);
	support_end_notices(support);
	support_end_forgetting(support);
	support_release(support);
	memory_free(support);
	room->self = NULL;
}

/* --- callers --- */

static const struct http_route front_routes[] = {
	{"POST", "/support/continue", support_post_continue, HTTP_FORM},
	{"POST", "/support/remind", support_post_remind, HTTP_FORM},
	{"GET", "/support/remind/{token}", support_get_unremind, HTTP_NO_BODY},
	{"POST", "/support/remind/{token}", support_post_unremind, HTTP_FORM},
	{"GET", "/support/thanks", support_get_thanks, HTTP_NO_BODY},
	{"GET", "/support/manage/{token}", support_get_manage, HTTP_NO_BODY},
	{"POST", "/support/manage/{token}", support_post_manage, HTTP_FORM},
	{"POST", "/support/webhook/{provider}", support_post_webhook, HTTP_RAW},
	{"GET", "/support/pay/{token}", support_get_pay, HTTP_NO_BODY},
	{"POST", "/support/renew/{token}", support_post_renew, HTTP_FORM},
	{"GET", "/support/receipt/{token}/{what}", support_get_receipt, HTTP_NO_BODY},
	{"POST", "/support/receipt/{token}/{what}", support_post_receipt, HTTP_FORM},
	{NULL, NULL, NULL, HTTP_NO_BODY},
};

/* The desk's pages, and who asks from a shell. */
#define DESK_NUMBER_ROUTES \
	{"GET", "/numbers", support_get_numbers, HTTP_NO_BODY}, {"GET", "/gifts", support_get_gifts, HTTP_NO_BODY}, \
	{"GET", "/gifts/{id}", support_get_gift, HTTP_NO_BODY}, {"POST", "/gifts/{id}/refund", support_post_refund, HTTP_JSON}, \
	{"GET", "/refunds", support_get_refunds, HTTP_NO_BODY}, {"POST", "/refunds/{id}", support_post_refund_answer, HTTP_JSON}

static const struct http_route desk_routes[] = {
	{"GET", "/rails", support_get_rails, HTTP_NO_BODY},
	{"POST", "/bank/statements", support_post_statements, HTTP_JSON},
	{"POST", "/bank/match", support_post_match, HTTP_JSON},
	{"POST", "/monero/transfers", support_post_transfers, HTTP_JSON},
	{"POST", "/monero/addresses", support_post_addresses, HTTP_JSON},
	{"GET", "/contributions", support_get_contributions, HTTP_NO_BODY},
	{"GET", "/totals", support_get_totals, HTTP_NO_BODY},
	DESK_NUMBER_ROUTES,
	{"GET", "/goal", support_get_goal, HTTP_NO_BODY},
	{"GET", "/ledger", support_get_ledger, HTTP_NO_BODY},
	{"GET", "/disputes", support_get_disputes, HTTP_NO_BODY},
	{"GET", "/renewals", support_get_renewals, HTTP_NO_BODY},
	{"GET", "/payouts", support_get_payouts, HTTP_NO_BODY},
	{"GET", "/payouts/{id}", support_get_payout, HTTP_NO_BODY},
	{"GET", "/parked", support_get_parked, HTTP_NO_BODY},
	{"GET", "/periods", support_get_periods, HTTP_NO_BODY},
	{"POST", "/periods", support_post_period, HTTP_JSON},
	{"GET", "/health", support_get_health, HTTP_NO_BODY},
	{NULL, NULL, NULL, HTTP_NO_BODY},
};

static const struct http_route cli_routes[] = {
	{"GET", "/rails", support_get_rails, HTTP_NO_BODY},
	{"POST", "/bank/statements", support_post_statements, HTTP_JSON},
	{"POST", "/bank/match", support_post_match, HTTP_JSON},
	{"POST", "/monero/transfers", support_post_transfers, HTTP_JSON},
	{"POST", "/monero/addresses", support_post_addresses, HTTP_JSON},
	{"POST", "/push/run", support_post_push, HTTP_JSON},
	{"GET", "/contributions", support_get_contributions, HTTP_NO_BODY},
	{"GET", "/totals", support_get_totals, HTTP_NO_BODY},
	DESK_NUMBER_ROUTES,
	{"GET", "/goal", support_get_goal, HTTP_NO_BODY},
	{"GET", "/ledger", support_get_ledger, HTTP_NO_BODY},
	{"POST", "/notices/run", support_post_run_notices, HTTP_JSON},
	{"GET", "/disputes", support_get_disputes, HTTP_NO_BODY},
	{"GET", "/renewals", support_get_renewals, HTTP_NO_BODY},
	{"GET", "/payouts", support_get_payouts, HTTP_NO_BODY},
	{"GET", "/payouts/{id}", support_get_payout, HTTP_NO_BODY},
	{"GET", "/parked", support_get_parked, HTTP_NO_BODY},
	{"GET", "/periods", support_get_periods, HTTP_NO_BODY},
	{"POST", "/periods", support_post_period, HTTP_JSON},
	{"GET", "/books/check", support_get_books_check, HTTP_NO_BODY},
	{"POST", "/books/check", support_post_books_check, HTTP_JSON},
	{"POST", "/books/rebuild", support_post_books_rebuild, HTTP_JSON},
	{"POST", "/reminders/run", support_post_run_reminders, HTTP_JSON},
	{"POST", "/jobs/daily", support_post_daily, HTTP_JSON},
	{NULL, NULL, NULL, HTTP_NO_BODY},
};

static const struct room_listener listeners[] = {
	{"front", front_routes, NULL, NULL, 0},
	{"desk", desk_routes, NULL, NULL, 0},
	{"cli", cli_routes, NULL, NULL, 0},
	{NULL, NULL, NULL, NULL, 0},
};

static const struct room_job jobs[] = {
	{"books", support_books_job, false, true},
	{NULL, NULL, false, false},
};

const struct room_kind support_room = {
	.word = "support",
	.listeners = listeners,
	.schema = support_schema,
	.queries = support_sql,
	.query_count = SUPPORT_SQL_COUNT,
	.open = open_room,
	.close = close_room,
	.check = support_check,
	.health = support_add_health,
	.jobs = jobs,
};
