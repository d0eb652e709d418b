/* support.c: the support room: what it holds, who may call it, what it does by the clock.
 *
 * Decides: the closed table of routes of each caller. Leaves to others: everything behind a route. Runs in: support,
 * the only process that holds the provider's key. The hard thing: the key exists in the clear in locked pages alone.
 * SPDX-License-Identifier: ISC */
#include "support.h"

#include <sodium.h>
#include <stddef.h>
#include "base/arena.h"
#include "base/conf.h"
#include "base/email.h"
#include "base/fault.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/must.h"
#include "base/secret.h"
#include "gen/support_schema.h"
#include "gen/support_sql.h"
#include "store/store.h"
#include "support_contact.h"
#include "support_inside.h"
#include "support_own.h"
#include "support_notice.h"
#include "support_numbers.h"
#include "support_receipt.h"
#include "support_wish.h"

/* --- keys and secrets --- */

struct secrets {
	struct secret *key, *webhook_secret, *webhook_secret_old;
};

static const struct conf_key secret_keys[] = {
	{"stripe", "key", CONF_SECRET, false, offsetof(struct secrets, key), NULL,
		"restricted key, rk_…: checkout sessions and subscriptions (write), balance transactions (read)"},
	{"stripe", "webhook_secret", CONF_SECRET, false, offsetof(struct secrets, webhook_secret), NULL,
		"signing secret of the webhook, whsec_…"},
	{"stripe", "webhook_secret_old", CONF_SECRET, false, offsetof(struct secrets, webhook_secret_old), NULL,
		"the signing secret before it, while it is being rolled"},
	{NULL, NULL, CONF_TEXT, false, 0, NULL, NULL},
};

/* "Bearer rk_…", never outside of locked or wiped memory. */
static struct secret *make_authorization(const struct secret *key)
{
	struct str bytes = secret_bytes(key);
	char text[512] = "Bearer ";
	struct secret *out = NULL;

	if (bytes.len > 0 && bytes.len < sizeof(text) - 8) {
		memcpy(text + 7, bytes.at, bytes.len);
		out = secret_new(str_make(text, 7 + bytes.len));
	}
	sodium_memzero(text, sizeof(text));
	return out;
}

static struct secret *make_seal_key(void)
{
	unsigned char public_key[SEAL_KEY_BYTES];

	return seal_new_key(public_key);
}

static struct secret *make_index_key(void)
{
	return secret_new_random(SEAL_KEY_BYTES);
}

static bool open_secrets(struct support *support, struct fault *f)
{
	struct secrets secrets = {NULL, NULL, NULL};
	struct arena arena;
	bool ok;

	arena_init(&arena, "secrets", LIMIT_CONF_BYTES);
	ok = room_secrets(support->room, secret_keys, &secrets, &arena, f);
	if (ok && secrets.key != NULL)
		support->authorization = make_authorization(secrets.key);
	secret_free(&secrets.key);
	support->webhook_secret = secrets.webhook_secret;
	support->webhook_secret_old = secrets.webhook_secret_old;
	arena_release(&arena);
	return ok;
}

bool support_open_keys(struct support *support, struct fault *f)
{
	if (!seal_public_key(support->seal_key, support->seal_public, f))
		return false;
	support->sealer = sealer_new(support->seal_public);
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
	secret_free(&support->authorization);
	secret_free(&support->webhook_secret);
	secret_free(&support->webhook_secret_old);
}

/* --- the clock --- */

void support_daily(void *self)
{
	struct support *support = self;
	int32_t before = clock_utc_day(clock_now()) - SUPPORT_KEEP_DAYS;
	struct fault f = {0};
	int64_t erased = 0;

	if (!support_erase_old_supporters(support, clock_utc_day(clock_now()), &erased, &f) ||
		!store_run(support->db, SUPPORT_SQL_EVENT_FORGET, STORE_ARGS(store_i64(before)), NULL, &f) ||
		!store_run(support->db, SUPPORT_SQL_CHECKOUT_FORGET, STORE_ARGS(store_i64(before)), NULL, &f) ||
		!store_checkpoint(support->db, &f))
		log_fault(&f, "the daily job");
	else
		log_event(LOG_JOB, LOG_C("job", "support daily"), LOG_I64("supporters_erased", erased));
}

static void post_daily(struct http_request *rq, void *self)
{
	support_daily(((struct room *) self)->self);
	http_answer_json(rq, 200, json_object());
}

static bool open_room(struct room *room, struct fault *f)
{
	struct support *support = memory_new(1, sizeof(*support));
	int64_t held = 0;

	room->self = support;
	support->room = room;
	support->db = room->db;
	support->settings = &room->settings;
	if (!store_number(room->db, SUPPORT_SQL_SEALED_ANY, STORE_NO_ARGS, &held, f) ||
		!room_key(room, "seal", held ? NULL : make_seal_key, &support->seal_key, f) ||
		!room_key(room, "index", held ? NULL : make_index_key, &support->index_key, f) || !support_open_keys(support, f) ||
		!support_keys_fit(support, f) || !open_secrets(support, f) || (!room->read_only && !support_doubt_cancelling(support, f)))
		return false;
	room_every(room, 5, 60, support_ask_fees, support);
	room_every(room, 10, 60, support_settle_doubts, support);
	room_every(room, 8, 60, support_end_replaced, support);
	room_every(room, 20, 60, support_run_changes, support);
	room_every(room, 30, 3600, support_run_reminders, support);
	room_every(room, 20, 60, support_run_notices, support);
	room_every(room, 40, 60, support_look_at_cards, support);
	room_every(room, 15, 30, support_settle_refunds, support);
	room_every(room, 60, (int64_t) 24 * 3600, support_daily, support);
	return true;
}

static void close_room(struct room *room)
{
	struct support *support = room->self;

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
	{"GET", "/contributions", support_get_contributions, HTTP_NO_BODY},
	{"GET", "/totals", support_get_totals, HTTP_NO_BODY},
	DESK_NUMBER_ROUTES,
	{"GET", "/goal", support_get_goal, HTTP_NO_BODY},
	{"GET", "/health", support_get_health, HTTP_NO_BODY},
	{NULL, NULL, NULL, HTTP_NO_BODY},
};

static const struct http_route cli_routes[] = {
	{"GET", "/contributions", support_get_contributions, HTTP_NO_BODY},
	{"GET", "/totals", support_get_totals, HTTP_NO_BODY},
	DESK_NUMBER_ROUTES,
	{"GET", "/goal", support_get_goal, HTTP_NO_BODY},
	{"GET", "/ledger", support_get_ledger, HTTP_NO_BODY},
	{"POST", "/notices/run", support_post_run_notices, HTTP_JSON},
	{"POST", "/reminders/run", support_post_run_reminders, HTTP_JSON},
	{"POST", "/jobs/daily", post_daily, HTTP_JSON},
	{NULL, NULL, NULL, HTTP_NO_BODY},
};

static const struct room_listener listeners[] = {
	{"front", front_routes, NULL, NULL, 0},
	{"desk", desk_routes, NULL, NULL, 0},
	{"cli", cli_routes, NULL, NULL, 0},
	{NULL, NULL, NULL, NULL, 0},
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
};
