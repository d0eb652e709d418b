/* test_carry.c: a database from before facts were kept: what was booked then stands in the books after, and goes on from there.
 * SPDX-License-Identifier: ISC */
#include "support_bench.h"

enum { PUT_CHECKOUT, PUT_MANDATE, PUT_CONTRIBUTION, PUT_REFERENCE, PUT_REFUND, PUT_EVENT, PUT_FEE_DUE, PUT_ACCOUNT, PUT_ENTRY, PUT_BOOKING, PUTS };

/* As the room of then wrote them. */
#define Q(name, text) {name, {text, sizeof(text) - 1}}
static const struct embed_file old_queries[] = {
	Q("put_checkout", "INSERT INTO checkout VALUES ($1, $2, $3, $4, 500, 'USD', 'en', 'paid', NULL, 20000)"),
	Q("put_mandate", "INSERT INTO mandate VALUES ($1, $2, $3, $4, 'active', 20000, NULL)"),
	Q("put_contribution", "INSERT INTO contribution VALUES ($1, $2, $3, 'stripe', 500, 'USD', $4, $5, $6, $7)"),
	Q("put_reference", "INSERT INTO reference VALUES ($1, $2)"),
	Q("put_refund", "INSERT INTO refund VALUES ($1, $2, 200, 'done')"),
	Q("put_event", "INSERT INTO event VALUES ($1, $2, $3, $4, $5, $6, 20000)"),
	Q("put_fee_due", "INSERT INTO fee_due VALUES ($1, $2, 0, 0)"),
	Q("put_account", "INSERT INTO account VALUES ($1, $2, 'USD')"),
	Q("put_entry", "INSERT INTO entry VALUES ($1, $2, $3)"),
	Q("put_booking", "INSERT INTO booking VALUES ($1, $2, $3, $4, $5)"),
	{NULL, {NULL, 0}},
};

static void put(struct bench *bench, size_t query, const struct store_value *values, size_t count)
{
	struct fault f = {0};

	if (!store_run(bench->support.db, query, values, count, NULL, &f))
		fail_msg("%s: %s (%s)", old_queries[query].name, f.say, f.detail);
}

static struct store_value index_of(struct bench *bench, const char *domain, const char *text)
{
	unsigned char *index = arena_alloc(&bench->arena, SEAL_INDEX_BYTES);

	support_index(&bench->support, domain, str_from(text), index);
	return store_blob(str_make(index, SEAL_INDEX_BYTES));
}

static struct store_value sealed(struct bench *bench, const char *text)
{
	unsigned char *out = arena_alloc(&bench->arena, SEAL_BYTES);
	struct fault f = {0};

	assert_true(seal(bench->support.sealer, str_from(text), out, &f));
	return store_blob(str_make(out, SEAL_BYTES));
}

static void book(struct bench *bench, int64_t id, const char *kind, const char *reason, int64_t contribution, int32_t day, int64_t debit,
	int64_t credit, int64_t minor)
{
	char domain[64];
	struct fault f = {0};

	snprintf(domain, sizeof(domain), "support.booking.%s", kind);
	assert_true(store_begin(bench->support.db, &f));
	put(bench, PUT_ENTRY, STORE_ARGS(store_i64(id), store_i64(debit), store_i64(minor)));
	put(bench, PUT_ENTRY, STORE_ARGS(store_i64(id), store_i64(credit), store_i64(-minor)));
	put(bench, PUT_BOOKING, STORE_ARGS(store_i64(id), store_text(str_from(kind)), index_of(bench, domain, reason), store_i64(contribution),
		store_i64(day)));
	assert_true(store_end(bench->support.db, true, &f));
}

/* One gift that came once, with its fee and a refund; a monthly one whose fee is still to be asked; a word that came early. */
static void write_the_old_books(struct bench *bench)
{
	enum { PROVIDER = 1, ONCE, MONTHLY, FEES, GIVEN_BACK };
	static const char *const accounts[] = {"provider:stripe", "income:once", "income:monthly", "fees", "given-back"};
	unsigned char hash[SEAL_HASH_BYTES] = {0};

	for (int64_t i = 0; i < 2; i++) {
		hash[0] = (unsigned char) (1 + i);
		put(bench, PUT_CHECKOUT, STORE_ARGS(store_i64(100 + i), store_blob(str_make(hash, sizeof(hash))),
			store_blob(str_make(hash, sizeof(hash))), store_text(i == 0 ? STR("once") : STR("monthly"))));
	}
	for (int64_t i = 0; i < 5; i++)
		put(bench, PUT_ACCOUNT, STORE_ARGS(store_i64(i + 1), store_text(str_from(accounts[i]))));
	put(bench, PUT_MANDATE, STORE_ARGS(store_i64(7), store_i64(101), index_of(bench, "support.subscription", "sub_1"), sealed(bench, "sub_1")));
	put(bench, PUT_CONTRIBUTION, STORE_ARGS(store_i64(200), store_i64(100), store_text(STR("once")), store_i64(45), store_i64(200),
		store_text(STR("part_refunded")), store_i64(20001)));
	put(bench, PUT_CONTRIBUTION, STORE_ARGS(store_i64(201), store_i64(101), store_text(STR("monthly")), store_null(), store_i64(0),
		store_text(STR("booked")), store_i64(20002)));
	put(bench, PUT_REFERENCE, STORE_ARGS(index_of(bench, "support.reference", "pi_1"), store_i64(200)));
	put(bench, PUT_REFERENCE, STORE_ARGS(index_of(bench, "support.reference", "in_1"), store_i64(201)));
	put(bench, PUT_REFERENCE, STORE_ARGS(index_of(bench, "support.reference", "pi_2"), store_i64(201)));
	put(bench, PUT_REFUND, STORE_ARGS(index_of(bench, "support.refund", "re_1"), store_i64(200)));
	put(bench, PUT_FEE_DUE, STORE_ARGS(store_i64(201), sealed(bench, "txn_2")));
	put(bench, PUT_EVENT, STORE_ARGS(store_i64(1), index_of(bench, "support.event", "evt_1"), store_text(STR("checkout.session.completed")),
		store_text(STR("applied")), store_null(), sealed(bench, "x")));
	put(bench, PUT_EVENT, STORE_ARGS(store_i64(2), index_of(bench, "support.event", "evt_2"), store_text(STR("refund.created")),
		store_text(STR("parked")), index_of(bench, "support.reference", "pi_9"), sealed(bench, "1728000000 0 0 1 50 USD pi_9 - - - re_9")));
	book(bench, 300, "contribution", "pi_1", 200, 20001, PROVIDER, ONCE, 500);
	book(bench, 301, "fee", "txn_1", 200, 20003, FEES, PROVIDER, 45);
	book(bench, 302, "refund", "re_1", 200, 20004, GIVEN_BACK, PROVIDER, 200);
	book(bench, 303, "contribution", "in_1", 201, 20002, PROVIDER, MONTHLY, 500);
}

static int64_t balance(struct bench *bench, const char *account)
{
	struct store_rows rows;
	struct fault f = {0};
	int64_t out = 0;

	assert_true(store_rows_begin(bench->support.db, SUPPORT_SQL_ACCOUNT_BALANCES, STORE_NO_ARGS, &rows, &f));
	while (store_rows_next(&rows, &f))
		if (str_is(store_column_text(&rows, 0), account))
			out = store_column_i64(&rows, 2);
	assert_true(store_rows_end(&rows));
	return out;
}

static void check(struct bench *bench, int64_t given_back)
{
	struct support_rebuilt rebuilt;
	struct fault f = {0};

	assert_int_equal(balance(bench, "income:once"), -500);
	assert_int_equal(balance(bench, "income:monthly"), -500);
	assert_int_equal(balance(bench, "fees"), 45);
	assert_int_equal(balance(bench, "given-back"), given_back);
	assert_int_equal(balance(bench, "provider:stripe"), 1000 - 45 - given_back);
	assert_true(support_compare_books(&bench->support, &rebuilt, &f));
	assert_true(books_digests_equal(&rebuilt.told, &rebuilt.stands));
	assert_int_equal(rebuilt.wrong_sums, 0);
	assert_int_equal(rebuilt.stands.contributions, 2);
	assert_int_equal(bench_number(bench, SUPPORT_SQL_CONTRIBUTIONS_UNBOOKED), 0);
	assert_int_equal(bench_number(bench, SUPPORT_SQL_CONTRIBUTIONS_MISSTATED), 0);
	assert_int_equal(bench_number(bench, SUPPORT_SQL_PAID_WITHOUT_CONTRIBUTION), 0);
}

/* Opens it as today's program does; first as one that is cut off after some rows, at each of them. */
static void old_books_are_carried_over(void **state)
{
	struct bench *bench = *state;
	const struct embed_file old_schema[] = {support_schema[0], {NULL, {NULL, 0}}};
	struct store_options options = {.path = bench->path, .migrations = old_schema, .queries = old_queries, .query_count = PUTS};
	struct fault f = {0};
	struct support_mandate mandate;
	int64_t running;
	bool ok = false;

	store_close(&bench->support.db);
	assert_int_equal(unlink(bench->path), 0);
	assert_true(store_open(&bench->support.db, &options, &f));
	write_the_old_books(bench);
	store_close(&bench->support.db);
	for (int64_t n = 1; !ok; n += 3) {
		assert_in_range(n, 1, 1000);
		bench_open(bench);
		bench->support.is_period_known = false;
		store_fail_at(bench->support.db, n);
		fault_clear(&f);
		ok = support_carry(&bench->support, &f);
		if (ok)
			store_fail_at(bench->support.db, 0);
		else
			store_close(&bench->support.db);
	}
	check(bench, 200);
	assert_true(support_find_mandate(&bench->support, 101, true, &bench->arena, &mandate, &f));
	assert_true(mandate.state == MANDATE_ACTIVE && str_is(mandate.subscription, "sub_1"));
	assert_true(store_number(bench->support.db, SUPPORT_SQL_MANDATE_COUNT_FREQUENCY, STORE_ARGS(store_text(STR("monthly"))), &running, &f));
	assert_int_equal(running, 1);
	/* what was told then is known; a refund of then goes on from there; what waited then is met now */
	assert_false(bench_take(bench, STR("{\"id\":\"evt_1\",\"type\":\"checkout.session.completed\",\"created\":1728000000,\"livemode\":false,"
		"\"data\":{\"object\":{\"client_reference_id\":\"100\",\"payment_intent\":\"pi_1\",\"amount_total\":500,\"currency\":\"usd\","
		"\"payment_status\":\"paid\"}}}")));
	assert_true(bench_take(bench, STR("{\"id\":\"evt_8\",\"type\":\"invoice.paid\",\"created\":1728300000,\"livemode\":false,\"data\":{\"object\":{"
		"\"id\":\"in_1\",\"amount_paid\":500,\"currency\":\"usd\",\"parent\":{\"subscription_details\":{\"subscription\":\"sub_1\","
		"\"metadata\":{\"checkout\":\"101\"}}}}}}")));
	check(bench, 200);
	assert_true(bench_take(bench, STR("{\"id\":\"evt_9\",\"type\":\"refund.created\",\"created\":1728300000,\"livemode\":false,\"data\":{\"object\":{"
		"\"id\":\"re_2\",\"payment_intent\":\"pi_2\",\"amount\":100,\"currency\":\"usd\",\"status\":\"succeeded\"}}}")));
	check(bench, 300);
	assert_int_equal(bench_number(bench, SUPPORT_SQL_ASK_COUNT), 1);
	assert_int_equal(bench_number(bench, SUPPORT_SQL_EVENT_FACTS_COUNT), 10);
}

/* Money that nobody named is a payment of its own each, whatever is kept that is of none. */
static void what_has_no_name_has_one_of_its_own(void **state)
{
	struct bench *bench = *state;
	struct support_rebuilt rebuilt;
	struct fault f = {0};
	char token[27];

	assert_true(bench_take(bench, STR("{\"id\":\"evt_1\",\"type\":\"checkout.session.expired\",\"created\":1728000000,\"livemode\":false,"
		"\"data\":{\"object\":{\"client_reference_id\":\"1\"}}}")));
	for (int i = 0; i < 2; i++)
		bench_do(bench, str_format(&bench->arena, "INSERT INTO carried (kind, checkout, amount_minor, currency, day) "
			"VALUES ('paid', %lld, 500, 'USD', 20000)", (long long) bench_checkout(bench, FREQUENCY_ONCE, 500, token)).at);
	assert_true(support_carry(&bench->support, &f));
	assert_int_equal(balance(bench, "income:once"), -1000);
	assert_int_equal(bench_ask(bench, "SELECT count(DISTINCT subject) FROM event WHERE subject > 0"), 2);
	assert_int_equal(bench_ask(bench, "SELECT count(*) FROM contribution"), 2);
	assert_true(support_compare_books(&bench->support, &rebuilt, &f));
	assert_true(books_digests_equal(&rebuilt.told, &rebuilt.stands));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(old_books_are_carried_over, bench_set_up, bench_tear_down),
		cmocka_unit_test_setup_teardown(what_has_no_name_has_one_of_its_own, bench_set_up, bench_tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
