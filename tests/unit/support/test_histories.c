/* test_histories.c: made-up histories of gifts, told in many orders and more than once: the books are the same to the byte.
 *
 * A history is a set of facts: gifts of every frequency, their names, fees, refunds, disputes, renewals that failed, payouts, and
 * what is not ours. It is told in many orders, with repetitions, sometimes with periods that close in between (then only what
 * comes between two closings changes places). After each telling: the same books, the same rows, every currency sums to zero,
 * and the whole worked out at once is what was written piece by piece.
 * MIMEO_HISTORIES=500 MIMEO_ORDERS=200: how many (a sample otherwise); MIMEO_SEED: which.
 * SPDX-License-Identifier: ISC */
#include "support_bench.h"
#include <time.h>
#include "base/buf.h"
#include "base/clock.h"

enum { MOST_FACTS = 400, MOST_GIFTS = 4, DAYS = 200, FIRST_DAY = 20400, CLOSINGS = 2 };

struct history {
	struct facts facts[MOST_FACTS];
	int when[MOST_FACTS];       /* between which closings it is told */
	size_t count;
	int64_t checkouts[MOST_GIFTS];
	size_t gifts;
	int closings;
	struct arena *arena;
	const char *rail;           /* by which the present gift comes */
	int serial;
};

static const char *const codes[] = {"USD", "EUR", "JPY"};

static const char *some_rail(void)
{
	uint32_t count = 0;

	while (rails[count] != NULL)
		count++;
	return rails[rand_below(count)]->name;
}

static bool chance(uint32_t percent)
{
	return rand_below(100) < percent;
}

static struct str name(struct history *history, const char *kind)
{
	return str_format(history->arena, "%s_%d", kind, ++history->serial);
}

static struct facts *tell(struct history *history, enum fact_kind kind)
{
	struct facts *facts = &history->facts[history->count];

	assert_true(history->count < MOST_FACTS);
	history->when[history->count++] = (int) rand_below((uint32_t) history->closings + 1);
	*facts = (struct facts){.rail = history->rail, .kind = kind, .event = name(history, "evt"), .type = str_from("told"),
		.created_s = (int64_t) (FIRST_DAY + (int64_t) rand_below(DAYS)) * 86400 + rand_below(86400)};
	return facts;
}

/* Told again in other words: another event, another second. */
static void tell_again(struct history *history, const struct facts *facts)
{
	struct facts *again = tell(history, facts->kind);
	struct facts own = *again;

	*again = *facts;
	again->event = own.event;
	again->created_s = own.created_s;
}

static struct money some_money(const char *code)
{
	struct money money = {1 + (int64_t) rand_below(20000), ""};

	memcpy(money.code, code, 4);
	return money;
}

static void tell_refunds(struct history *history, struct str payment, struct money amount)
{
	struct str item = name(history, "re");

	amount.minor = 1 + (int64_t) rand_below((uint32_t) amount.minor);
	for (unsigned step = 0; step < REFUND_STEP_COUNT; step++)
		for (uint32_t times = rand_below(3); times > 0; times--) {
			struct facts *refund = tell(history, FACT_REFUND);

			refund->payment = payment;
			refund->item = item;
			refund->amount = amount;
			refund->refund_step = (enum refund_step) step;
		}
}

static void tell_dispute(struct history *history, struct str payment, struct money amount)
{
	struct str item = name(history, "du");
	bool is_won = chance(50);

	for (unsigned step = 0; step < DISPUTE_STEP_COUNT; step++) {
		struct facts *dispute;

		if (step == (is_won ? DISPUTE_IS_LOST : DISPUTE_IS_WON) || chance(30))
			continue;
		dispute = tell(history, FACT_DISPUTE);
		dispute->payment = payment;
		dispute->item = item;
		dispute->dispute_step = (enum dispute_step) step;
		dispute->due_day = FIRST_DAY + (int32_t) rand_below(DAYS);
		dispute->reason = chance(50) ? str_from("fraudulent") : (struct str){NULL, 0};
		if (step >= DISPUTE_IS_OPEN) {
			dispute->amount = amount;
			dispute->fee = (struct money){1500, ""};
			memcpy(dispute->fee.code, amount.code, 4);
		}
		if (step == DISPUTE_IS_WON)
			dispute->back = amount;
	}
}

/* One payment under two or three names. */
static void tell_payment(struct history *history, int64_t checkout, enum frequency frequency, const char *code, struct str subscription)
{
	struct money amount = some_money(code);
	struct str invoice = name(history, "in"), intent = name(history, "pi"), charge = name(history, "ch");
	struct str payment = frequency == FREQUENCY_ONCE ? intent : invoice;
	struct facts *paid = tell(history, FACT_PAID);

	paid->checkout = checkout;
	paid->payment = payment;
	paid->amount = amount;
	paid->subscription = subscription;
	if (chance(20)) {
		paid->fee = some_money(code);
		paid->fee.minor %= 50;
	}
	while (chance(40))
		tell_again(history, paid);
	if (frequency != FREQUENCY_ONCE) {
		struct facts *named = tell(history, FACT_NAMED);

		named->payment = invoice;
		named->also = intent;
	}
	if (chance(80)) {
		struct facts *named = tell(history, FACT_NAMED);

		named->payment = intent;
		named->also = charge;
		named->handle = charge;
		named->ask = str_format(history->arena, "fee:txn_%d", history->serial);
		if (chance(60)) {
			struct facts *fee = tell(history, FACT_FEE);

			fee->payment = charge;
			fee->item = name(history, "txn");
			fee->fee = some_money(chance(20) ? "EUR" : code);
			fee->amount = some_money(fee->fee.code);
			while (chance(20))
				tell_again(history, fee);
		}
	}
	for (uint32_t refunds = rand_below(3); refunds > 0 && chance(50); refunds--)
		tell_refunds(history, chance(50) ? intent : charge, amount);
	if (chance(15))
		tell_dispute(history, chance(50) ? intent : charge, amount);
	for (int64_t attempt = 1; frequency != FREQUENCY_ONCE && attempt <= 3 && chance(20); attempt++) {
		struct facts *failed = tell(history, FACT_RENEWAL_FAILED);

		failed->payment = invoice;
		failed->checkout = checkout;
		failed->subscription = subscription;
		failed->amount = amount;
		failed->attempt = attempt;
		failed->next_day = attempt < 3 ? FIRST_DAY + (int32_t) attempt : 0;
		failed->reason = STR("insufficient_funds");
	}
}

static void tell_gift(struct history *history, struct bench *bench)
{
	enum frequency frequency = (enum frequency) rand_below(FREQUENCY_COUNT);
	const char *code = codes[rand_below(3)];
	char token[27];
	int64_t checkout = bench_checkout(bench, frequency, 500, token);
	struct str subscription = frequency == FREQUENCY_ONCE ? (struct str){NULL, 0} : name(history, "sub");

	history->rail = some_rail();
	history->checkouts[history->gifts++] = checkout;
	if (chance(10)) {
		tell(history, chance(50) ? FACT_EXPIRED : FACT_OPENED)->checkout = checkout;
		return;
	}
	for (uint32_t payments = frequency == FREQUENCY_ONCE ? 1 : 1 + rand_below(4); payments > 0; payments--)
		tell_payment(history, checkout, frequency, code, subscription);
	for (unsigned step = 0; frequency != FREQUENCY_ONCE && step < MANDATE_STEP_COUNT; step++)
		if ((step <= MANDATE_IS_PAUSED || step == MANDATE_HAS_ENDED) && chance(30)) {
			struct facts *mandate = tell(history, FACT_MANDATE);

			mandate->checkout = checkout;
			mandate->subscription = subscription;
			mandate->mandate_step = (enum mandate_step) step;
		}
}

static void tell_payout(struct history *history)
{
	struct str item = name(history, "po");
	struct money amount = some_money("USD");

	history->rail = some_rail();
	for (unsigned step = 0; step < PAYOUT_STEP_COUNT; step++)
		if (chance(60)) {
			struct facts *payout = tell(history, FACT_PAYOUT);

			payout->item = item;
			payout->amount = amount;
			payout->payout_step = (enum payout_step) step;
		}
	for (uint32_t parts = rand_below(4); parts > 0; parts--) {
		struct facts *part = tell(history, FACT_PAYOUT_PART);

		part->item = item;
		part->payment = chance(70) ? str_format(history->arena, "ch_%u", rand_below(60)) : (struct str){NULL, 0};
		part->amount = some_money("USD");
		part->amount.minor -= 10000;
		part->reason = STR("charge");
	}
}

/* What is not ours, comes without what it speaks of, or cannot be read. */
static void tell_foreign(struct history *history)
{
	struct facts *facts;

	history->rail = some_rail();
	facts = tell(history, FACT_PAID);
	facts->payment = name(history, "pi");
	facts->amount = some_money("USD");
	facts->checkout = chance(50) ? 12345 : 0;
	tell_refunds(history, chance(50) ? facts->payment : name(history, "pi"), facts->amount);
	tell(history, FACT_NOTHING);
	facts = tell(history, FACT_PAID); /* without a name */
	facts->amount = some_money("USD");
}

static void invent(struct history *history, struct bench *bench, bool with_periods)
{
	history->closings = with_periods ? CLOSINGS : 0;
	for (uint32_t gifts = 1 + rand_below(MOST_GIFTS); gifts > 0; gifts--)
		tell_gift(history, bench);
	if (chance(50))
		tell_payout(history);
	if (chance(50))
		tell_foreign(history);
}

/* --- telling it --- */

static void add_rows(struct bench *bench, enum support_sql query, int columns, struct store_value key, struct books_digest *digest)
{
	struct store_rows rows;
	struct fault f = {0};
	struct buf text;

	buf_init(&text, 1 << 20);
	assert_true(store_rows_begin(bench->support.db, query, &key, 1, &rows, &f));
	while (store_rows_next(&rows, &f))
		for (int i = 0; i < columns; i++) {
			struct str bytes = store_column_text(&rows, i);

			buf_format(&text, "%lld %.*s|", (long long) store_column_i64(&rows, i), STR_ARG(bytes));
		}
	assert_true(store_rows_end(&rows));
	for (size_t i = 0; i < text.len; i++)
		digest->lanes[0] = digest->lanes[0] * 1099511628211U + (unsigned char) text.at[i];
	buf_release(&text);
}

/* Everything that is worked out: the books, and all rows beside them. */
static struct books_digest look(struct bench *bench, const struct history *history)
{
	struct support_rebuilt rebuilt;
	struct books_digest digest;
	struct fault f = {0};

	if (!support_compare_books(&bench->support, &rebuilt, &f))
		fail_msg("%s (%s; %s)", f.say, f.detail, f.trail);
	if (!books_digests_equal(&rebuilt.told, &rebuilt.stands))
		fail_msg("worked out at once there are %lld bookings, written one by one %lld", (long long) rebuilt.told.bookings,
			(long long) rebuilt.stands.bookings);
	assert_int_equal(rebuilt.wrong_sums, 0);
	digest = rebuilt.stands;
	add_rows(bench, SUPPORT_SQL_DISPUTE_LIST, 11, store_i64(1000), &digest);
	add_rows(bench, SUPPORT_SQL_RENEWAL_LIST, 10, store_i64(1000), &digest);
	add_rows(bench, SUPPORT_SQL_PAYOUT_LIST, 11, store_i64(1000), &digest);
	for (size_t i = 0; i < history->gifts; i++) {
		struct support_checkout checkout;
		struct support_mandate mandate;
		struct arena arena;
		bool found;

		arena_init(&arena, "look", 65536);
		assert_true(support_find_checkout(&bench->support, SUPPORT_BY_ID,
			str_format(&arena, "%lld", (long long) history->checkouts[i]), &arena, &checkout, &found, &f));
		assert_true(support_find_mandate(&bench->support, history->checkouts[i], false, &arena, &mandate, &f));
		digest.lanes[1] = digest.lanes[1] * 31 + (uint64_t) checkout.state * 16 + (mandate.id != 0 ? (uint64_t) mandate.state + 1 : 0);
		arena_release(&arena);
	}
	return digest;
}

static void take(struct bench *bench, const struct facts *facts)
{
	struct fault f = {0};
	struct arena arena;
	bool is_new;

	arena_init(&arena, "event", 1 << 20);
	if (!support_take_inside(&bench->support, facts, &arena, &is_new, &f))
		fail_msg("%s (%s; %s)", f.say, f.detail, f.trail);
	arena_release(&arena);
}

/* What belongs between two closings, shuffled, some of it twice. */
static void tell_part(struct bench *bench, const struct history *history, int when)
{
	size_t order[MOST_FACTS], count = 0;

	for (size_t i = 0; i < history->count; i++)
		if (history->when[i] == when)
			order[count++] = i;
	for (size_t i = count; i > 1; i--) {
		size_t j = rand_below((uint32_t) i), kept = order[i - 1];

		order[i - 1] = order[j];
		order[j] = kept;
	}
	for (size_t i = 0; i < count; i++) {
		take(bench, &history->facts[order[i]]);
		if (chance(25))
			take(bench, &history->facts[order[rand_below((uint32_t) i + 1)]]);
	}
}

static struct books_digest tell_all(struct bench *bench, const struct history *history)
{
	struct books_digest digest;
	struct fault f = {0};

	assert_true(store_begin(bench->support.db, &f));
	for (int when = 0; when <= history->closings; when++) {
		tell_part(bench, history, when);
		if (when < history->closings && !support_close_inside(&bench->support, FIRST_DAY + DAYS * (when + 1) / (CLOSINGS + 1), STR("Anna"), &f))
			fail_msg("%s (%s; %s)", f.say, f.detail, f.trail);
	}
	digest = look(bench, history);
	assert_false(store_end(bench->support.db, false, &f)); /* as if it had never been told */
	bench->support.is_period_known = false;
	return digest;
}

static int64_t wanted(const char *variable, int64_t otherwise)
{
	const char *text = getenv(variable);
	int64_t n;

	return text != NULL && str_to_i64(str_from(text), &n) && n > 0 ? n : otherwise;
}

static void run_histories(void **state, bool with_periods)
{
	struct bench *bench = *state;
	int64_t histories = wanted("MIMEO_HISTORIES", 12), orders = wanted("MIMEO_ORDERS", 10);
	int64_t seed = wanted("MIMEO_SEED", (int64_t) time(NULL) % 1000000 + 1);
	int64_t bookings = 0, facts = 0;

	print_message("# MIMEO_SEED=%lld\n", (long long) seed);
	clock_fix(clock_from_utc_day(FIRST_DAY + 2 * DAYS));
	for (int64_t h = 0; h < histories; h++) {
		struct history *history = calloc(1, sizeof(*history));
		struct books_digest first = {0};

		rand_fix((uint64_t) (seed + h) * 2 + with_periods);
		history->arena = &bench->arena;
		invent(history, bench, with_periods);
		for (int64_t order = 0; order < orders; order++) {
			struct books_digest digest;

			rand_fix((uint64_t) (seed + h) * 100000 + (uint64_t) order);
			digest = tell_all(bench, history);
			if (order == 0)
				first = digest;
			else if (!books_digests_equal(&first, &digest))
				fail_msg("history %lld of MIMEO_SEED=%lld: order %lld gives other books", (long long) h, (long long) seed,
					(long long) order);
		}
		bookings += first.bookings;
		facts += (int64_t) history->count;
		free(history);
		arena_reset(&bench->arena);
	}
	clock_fix((struct when){0});
	rand_fix(0);
	print_message("# %lld histories × %lld orders: %lld facts, %lld bookings\n", (long long) histories, (long long) orders,
		(long long) facts, (long long) bookings);
	assert_true(bookings > histories / 2);
}

static void any_order_gives_the_same_books(void **state)
{
	run_histories(state, false);
}

static void any_order_within_a_period_gives_the_same_books(void **state)
{
	run_histories(state, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(any_order_gives_the_same_books, bench_set_up, bench_tear_down),
		cmocka_unit_test_setup_teardown(any_order_within_a_period_gives_the_same_books, bench_set_up, bench_tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
