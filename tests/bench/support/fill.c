/* fill.c: books for benches.
 *	fill HOME FACTS [MONTHS]     so many facts of gifts, taken as the room takes them, into a home that is not served; MONTHS of them closed
 *	fill webhooks HOME COUNT     so many events of new gifts, one a line, for hammer; their checkouts go into the home
 *	fill wal FILE SECONDS        how many commits of one row a second SQLite makes here (WAL, synchronous=FULL): what the room is held against
 * SPDX-License-Identifier: ISC */
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/fault.h"
#include "base/rand.h"
#include "base/secret.h"
#include "gen/support_schema.h"
#include "gen/support_sql.h"
#include "store/store.h"
#include "support/support.h"
#include "support/support_inside.h"

enum { DAY_S = 86400, BATCH = 2000, PAYOUT_PAYMENTS = 400 };

static struct arena arena;
static int64_t serial, taken, now_s, parts, parts_sum;
static FILE *errors;

static void fail(const struct fault *f)
{
	fprintf(errors, "fill: %s (%s; %s)\n", f->say, f->detail, f->trail);
	fflush(errors);
	exit(1);
}

static struct str name(const char *kind, int64_t n)
{
	return str_format(&arena, "%s_%lld", kind, (long long) n);
}

static struct facts fact(enum fact_kind kind)
{
	return (struct facts){.rail = "stripe", .kind = kind, .event = name("evt", ++serial), .type = STR("bench"), .created_s = now_s};
}

static void take(struct support *support, struct facts facts)
{
	struct fault f = {0};
	bool is_new;

	if (!support_take_inside(support, &facts, &arena, &is_new, &f))
		fail(&f);
	taken++;
}

static int64_t new_checkout(struct support *support, enum frequency frequency, int64_t minor)
{
	struct support_gift gift = {.frequency = frequency, .amount = {minor, "USD"}};
	struct fault f = {0};
	char token[27];
	int64_t id;

	if (!support_new_checkout(support, &gift, STR("en"), "stripe", token, &id, &f))
		fail(&f);
	return id;
}

/* One payment, told as Stripe tells it. */
static void tell_payment(struct support *support, int64_t checkout, enum frequency frequency, int64_t minor, int64_t subscription)
{
	int64_t n = ++serial;
	bool is_once = frequency == FREQUENCY_ONCE;
	struct facts paid = fact(FACT_PAID);

	paid.checkout = checkout;
	paid.amount = (struct money){minor, "USD"};
	paid.payment = is_once ? name("pi", n) : name("in", n);
	paid.subscription = is_once ? (struct str){NULL, 0} : name("sub", subscription);
	take(support, paid);
	if (!is_once) {
		struct facts named = fact(FACT_NAMED);

		paid.event = name("evt", ++serial); /* invoice.payment_succeeded says the same */
		take(support, paid);
		named.payment = name("in", n);
		named.also = name("pi", n);
		take(support, named);
	}
	for (int i = 0; i < 2; i++) { /* charge.succeeded, charge.updated */
		struct facts named = fact(FACT_NAMED);

		named.payment = name("pi", n);
		named.also = named.handle = name("ch", n);
		take(support, named);
	}
	{
		struct facts fee = fact(FACT_FEE);

		fee.payment = name("ch", n);
		fee.item = name("txn", n);
		fee.fee = (struct money){minor * 29 / 1000 + 30, "USD"};
		fee.amount = paid.amount;
		take(support, fee);
	}
	if (rand_below(100) < 3) {
		struct facts refund = fact(FACT_REFUND);

		refund.created_s += DAY_S;
		refund.payment = name("pi", n);
		refund.item = name("re", n);
		refund.amount = paid.amount;
		refund.refund_step = REFUND_SUCCEEDED;
		take(support, refund);
	}
	if (rand_below(1000) < 3) {
		struct facts dispute = fact(FACT_DISPUTE);

		dispute.created_s += 5 * DAY_S;
		dispute.payment = name("ch", n);
		dispute.item = name("du", n);
		dispute.amount = paid.amount;
		dispute.fee = (struct money){1500, "USD"};
		dispute.dispute_step = rand_below(2) ? DISPUTE_IS_LOST : DISPUTE_IS_OPEN;
		dispute.due_day = (int32_t) (now_s / DAY_S) + 14;
		take(support, dispute);
	}
	if (n % 3 == 0) { /* one in three is in a payout of ours, the rest still lies there */
		struct facts part = fact(FACT_PAYOUT_PART);

		part.item = name("po", parts / PAYOUT_PAYMENTS);
		part.payment = name("ch", n);
		part.amount = (struct money){minor - minor * 29 / 1000 - 30, "USD"};
		part.reason = STR("charge");
		take(support, part);
		parts_sum += part.amount.minor;
		if (++parts % PAYOUT_PAYMENTS == 0) {
			struct facts payout = fact(FACT_PAYOUT);

			payout.item = part.item;
			payout.amount = (struct money){parts_sum, "USD"};
			parts_sum = 0;
			payout.payout_step = PAYOUT_HAS_ARRIVED;
			take(support, payout);
		}
	}
}

static void fill(struct support *support, int64_t wanted, int64_t months)
{
	int64_t begun_s = clock_now().us / 1000000 - (months + 1) * 30 * DAY_S, closed = 0;
	int64_t span_s = (months + 1) * 30 * DAY_S - 2 * DAY_S;
	struct fault f = {0};

	rand_fix(7);
	while (taken < wanted) {
		int64_t until = taken + BATCH;

		if (!store_begin(support->db, &f))
			fail(&f);
		for (; taken < wanted && taken < until; arena_reset(&arena)) {
			enum frequency frequency = rand_below(10) < 5 ? FREQUENCY_ONCE : rand_below(10) < 8 ? FREQUENCY_MONTHLY : FREQUENCY_ANNUAL;
			int64_t minor = 200 + (int64_t) rand_below(5000), checkout, subscription = ++serial;

			now_s = begun_s + span_s / 100000 * (taken * 100000 / wanted);
			checkout = new_checkout(support, frequency, minor);
			for (uint32_t i = frequency == FREQUENCY_MONTHLY ? 1 + rand_below(6) : 1; i > 0; i--)
				tell_payment(support, checkout, frequency, minor, subscription);
		}
		if (!store_end(support->db, true, &f))
			fail(&f);
		while (closed < months && now_s > begun_s + (closed + 1) * 30 * DAY_S + DAY_S)
			if (!support_close_period(support, (int32_t) (begun_s / DAY_S + ++closed * 30 - 1), STR("bench"), &f))
				fail(&f);
	}
	if (!store_begin(support->db, &f) || !store_run(support->db, SUPPORT_SQL_PAYOUT_RECONCILE, STORE_NO_ARGS, NULL, &f) ||
		!store_end(support->db, true, &f) || !store_checkpoint(support->db, &f))
		fail(&f);
	printf("%lld facts, %lld closed months\n", (long long) taken, (long long) closed);
}

static void line(int64_t n, const char *type, const char *object)
{
	printf("{\"id\":\"evt_w%lld\",\"object\":\"event\",\"type\":\"%s\",\"created\":%lld,\"livemode\":false,\"data\":{\"object\":%s}}\n", (long long) n,
		type, (long long) (clock_now().us / 1000000), object);
}

/* A one-off gift is three events, a monthly one's first payment five. */
static void write_webhooks(struct support *support, int64_t wanted)
{
	struct fault f = {0};
	char text[600];
	int64_t n = 0;

	if (!store_begin(support->db, &f))
		fail(&f);
	while (n < wanted) {
		bool is_once = rand_below(2) == 0;
		int64_t checkout = new_checkout(support, is_once ? FREQUENCY_ONCE : FREQUENCY_MONTHLY, 500), gift = n;

		snprintf(text, sizeof(text), "{\"id\":\"cs_%lld\",\"client_reference_id\":\"%lld\",\"payment_intent\":%s%lld%s,\"subscription\":%s%lld%s,"
			"\"invoice\":%s%lld%s,\"amount_total\":500,\"currency\":\"usd\",\"payment_status\":\"paid\"}", (long long) gift, (long long) checkout,
			is_once ? "\"pi_w" : "null,\"a\":\"", (long long) gift, "\"", is_once ? "null,\"b\":\"" : "\"sub_w", (long long) gift, "\"",
			is_once ? "null,\"c\":\"" : "\"in_w", (long long) gift, "\"");
		line(n++, "checkout.session.completed", text);
		snprintf(text, sizeof(text), "{\"id\":\"ch_w%lld\",\"payment_intent\":\"pi_w%lld\",\"balance_transaction\":null}", (long long) gift, (long long) gift);
		line(n++, "charge.succeeded", text);
		line(n++, "payment_intent.succeeded", "{\"id\":\"pi\"}");
		if (is_once)
			continue;
		snprintf(text, sizeof(text), "{\"id\":\"in_w%lld\",\"amount_paid\":500,\"currency\":\"usd\",\"parent\":{\"subscription_details\":{\"subscription\":"
			"\"sub_w%lld\",\"metadata\":{\"checkout\":\"%lld\"}}}}", (long long) gift, (long long) gift, (long long) checkout);
		line(n++, "invoice.paid", text);
		snprintf(text, sizeof(text), "{\"invoice\":\"in_w%lld\",\"payment\":{\"payment_intent\":\"pi_w%lld\"}}", (long long) gift, (long long) gift);
		line(n++, "invoice_payment.paid", text);
	}
	if (!store_end(support->db, true, &f))
		fail(&f);
}

static int commit_rows(const char *path, int seconds)
{
	sqlite3 *db;
	sqlite3_stmt *insert;
	int64_t begun_ms, count = 0;

	if (sqlite3_open(path, &db) != SQLITE_OK ||
		sqlite3_exec(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)", NULL, NULL, NULL) != SQLITE_OK ||
		sqlite3_prepare_v2(db, "INSERT INTO t (b) VALUES ('a row')", -1, &insert, NULL) != SQLITE_OK)
		return 1;
	for (begun_ms = clock_mono_ms(); clock_mono_ms() - begun_ms < seconds * 1000; count++) {
		if (sqlite3_step(insert) != SQLITE_DONE)
			return 1;
		sqlite3_reset(insert);
	}
	printf("%.0f\n", (double) count * 1000 / (double) (clock_mono_ms() - begun_ms));
	sqlite3_finalize(insert);
	sqlite3_close(db);
	return 0;
}

/* Filling is not what is measured: its pages stay in memory until they are whole. */
static int enlarge(sqlite3 *db, const char **error, const struct sqlite3_api_routines *api)
{
	(void) error;
	(void) api;
	return sqlite3_exec(db, "PRAGMA cache_size = -1048576", NULL, NULL, NULL);
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

int main(int argc, char **argv)
{
	struct room room = {.kind = &support_room};
	struct support support = {.settings = &room.settings};
	char path[PATH_MAX];
	const struct store_options options = {.path = path, .migrations = support_schema, .queries = support_sql, .query_count = SUPPORT_SQL_COUNT};
	bool is_webhooks = argc == 4 && strcmp(argv[1], "webhooks") == 0;
	struct fault f = {0};

	if (argc == 4 && strcmp(argv[1], "wal") == 0)
		return commit_rows(argv[2], (int) strtol(argv[3], NULL, 10));
	if (argc < 3)
		return 2;
	(void) sqlite3_auto_extension((void (*)(void)) enlarge);
	errors = fdopen(dup(2), "w");
	arena_init(&arena, "fill", 64 << 20);
	if (!home_open(&room.home, argv[is_webhooks ? 2 : 1], &f) || !home_path(&room.home, path, &f, "data/support/support.db") ||
		!settings_read(&room.settings, &room.home, &f) || !store_open(&room.db, &options, &f) ||
		!room_key(&room, "seal", make_seal_key, &support.seal_key, &f) || !room_key(&room, "index", make_index_key, &support.index_key, &f))
		fail(&f);
	support.db = room.db;
	if (!support_open_keys(&support, &f) || !rails_open(&support, &f))
		fail(&f);
	(void) !freopen("/dev/null", "w", stderr); /* a line for each booking */
	if (is_webhooks)
		write_webhooks(&support, strtoll(argv[3], NULL, 10));
	else
		fill(&support, strtoll(argv[2], NULL, 10), argc > 3 ? strtoll(argv[3], NULL, 10) : 0);
	support_release(&support);
	store_close(&room.db);
	return 0;
}
