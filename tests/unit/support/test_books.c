/* test_books.c: the books stand, whatever order events come in and however often.
 * SPDX-License-Identifier: ISC */
#include "support_bench.h"
#include <signal.h>
#include <sys/wait.h>

enum { MOST_EVENTS = 64 };

/* One gift's events, as the provider would tell them; texts live in the arena. */
struct tale {
	struct str events[MOST_EVENTS];
	size_t count;
};

static void tell(struct bench *bench, struct tale *tale, const char *type, const char *object)
{
	assert_true(tale->count < MOST_EVENTS);
	tale->events[tale->count] = str_format(&bench->arena,
		"{\"id\":\"evt_%s_%zu\",\"type\":\"%s\",\"created\":1795000000,\"livemode\":false,\"data\":{\"object\":%s}}",
		"x", tale->count, type, object);
	tale->count++;
}

static void tell_once(struct bench *bench, struct tale *tale, int64_t checkout)
{
	char text[512];

	snprintf(text, sizeof(text),
		"{\"id\":\"cs_1\",\"client_reference_id\":\"%lld\",\"payment_intent\":\"pi_1\",\"amount_total\":500,"
		"\"currency\":\"usd\",\"payment_status\":\"unpaid\"}",
		(long long) checkout);
	tell(bench, tale, "checkout.session.completed", text);
	snprintf(text, sizeof(text),
		"{\"id\":\"cs_1\",\"client_reference_id\":\"%lld\",\"payment_intent\":\"pi_1\",\"amount_total\":500,"
		"\"currency\":\"usd\",\"payment_status\":\"paid\"}",
		(long long) checkout);
	tell(bench, tale, "checkout.session.async_payment_succeeded", text);
	tell(bench, tale, "payment_intent.succeeded", "{\"id\":\"pi_1\"}");
	tell(bench, tale, "charge.succeeded", "{\"id\":\"ch_1\",\"payment_intent\":\"pi_1\",\"balance_transaction\":null}");
	tell(bench, tale, "charge.updated",
		"{\"id\":\"ch_1\",\"payment_intent\":\"pi_1\",\"balance_transaction\":\"txn_1\"}");
	tell(bench, tale, "refund.created",
		"{\"id\":\"re_1\",\"payment_intent\":\"pi_1\",\"amount\":200,\"currency\":\"usd\",\"status\":\"pending\"}");
	tell(bench, tale, "refund.updated",
		"{\"id\":\"re_1\",\"payment_intent\":\"pi_1\",\"amount\":200,\"currency\":\"usd\",\"status\":\"succeeded\"}");
	tell(bench, tale, "refund.created",
		"{\"id\":\"re_2\",\"payment_intent\":\"pi_1\",\"amount\":100,\"currency\":\"usd\",\"status\":\"succeeded\"}");
	tell(bench, tale, "refund.failed",
		"{\"id\":\"re_2\",\"payment_intent\":\"pi_1\",\"amount\":100,\"currency\":\"usd\",\"status\":\"failed\"}");
}

static void tell_monthly(struct bench *bench, struct tale *tale, int64_t checkout)
{
	char text[512];

	snprintf(text, sizeof(text), "{\"id\":\"sub_1\",\"metadata\":{\"checkout\":\"%lld\"},\"status\":\"active\"}",
		(long long) checkout);
	tell(bench, tale, "customer.subscription.created", text);
	for (int i = 1; i <= 2; i++) {
		for (int j = 0; j < 2; j++) { /* two kinds of event say the same */
			snprintf(text, sizeof(text),
				"{\"id\":\"in_%d\",\"amount_paid\":1000,\"currency\":\"usd\",\"parent\":{\"subscription_details\":"
				"{\"subscription\":\"sub_1\",\"metadata\":{\"checkout\":\"%lld\"}}}}",
				i, (long long) checkout);
			tell(bench, tale, j == 0 ? "invoice.paid" : "invoice.payment_succeeded", text);
		}
		snprintf(text, sizeof(text),
			"{\"invoice\":\"in_%d\",\"payment\":{\"type\":\"payment_intent\",\"payment_intent\":\"pi_m%d\"}}", i, i);
		tell(bench, tale, "invoice_payment.paid", text);
		snprintf(text, sizeof(text), "{\"id\":\"ch_m%d\",\"payment_intent\":\"pi_m%d\",\"balance_transaction\":\"txn_m%d\"}", i, i, i);
		tell(bench, tale, "charge.updated", text);
	}
	snprintf(text, sizeof(text),
		"{\"id\":\"cs_2\",\"client_reference_id\":\"%lld\",\"subscription\":\"sub_1\",\"invoice\":\"in_1\","
		"\"payment_intent\":null,\"amount_total\":1000,\"currency\":\"usd\",\"payment_status\":\"paid\"}",
		(long long) checkout);
	tell(bench, tale, "checkout.session.completed", text);
	tell(bench, tale, "refund.created",
		"{\"id\":\"re_m\",\"payment_intent\":\"pi_m2\",\"amount\":1000,\"currency\":\"usd\",\"status\":\"succeeded\"}");
	snprintf(text, sizeof(text), "{\"id\":\"sub_1\",\"metadata\":{\"checkout\":\"%lld\"},\"status\":\"canceled\"}",
		(long long) checkout);
	tell(bench, tale, "customer.subscription.deleted", text);
}

static void tell_foreign(struct bench *bench, struct tale *tale)
{
	tell(bench, tale, "checkout.session.completed",
		"{\"client_reference_id\":\"5\",\"payment_intent\":\"pi_f\",\"amount_total\":9,"
		"\"currency\":\"usd\",\"payment_status\":\"paid\"}");
	tell(bench, tale, "charge.updated", "{\"id\":\"ch_f\",\"payment_intent\":\"pi_f\",\"balance_transaction\":\"txn_f\"}");
	tell(bench, tale, "invoice.paid", "{\"id\":\"in_f\",\"amount_paid\":7,\"currency\":\"usd\"}");
	tell(bench, tale, "customer.created", "{\"id\":\"cus_1\"}");
}

/* As support_asks.c would, with the provider's answers: txn_X is of ch_X, and cost 45. */
static void pay_fees(struct bench *bench)
{
	bool found = true;

	while (found) {
		struct facts_list list = {0};
		struct fault f = {0};
		struct store_row row;
		struct str what, id;
		size_t new_count;
		json_t *json;

		assert_true(store_one(
			bench->support.db, SUPPORT_SQL_ASK_NEXT, STORE_ARGS(store_i64(INT64_MAX - 1)), &bench->arena, &row, &found, &f));
		if (!found)
			break;
		assert_true(seal_open(bench->support.seal_key, row.columns[2].bytes, &bench->arena, &what, &f));
		assert_true(str_starts(what, STR("fee:txn_")));
		id = str_part(what, 8, SIZE_MAX);
		json = json_pack("{s:s, s:s, s:i, s:i, s:s, s:i}", "id", str_format(&bench->arena, "txn_%.*s", STR_ARG(id)).at, "source",
			str_format(&bench->arena, "ch_%.*s", STR_ARG(id)).at, "amount", 500, "fee", 45, "currency", "usd", "created", 1795000100);
		assert_true(stripe_fee_facts(json, 1, &bench->arena, &list));
		json_decref(json);
		list.at[0].rail = "stripe";
		assert_true(support_take(&bench->support, list.at, list.count, &new_count, &f));
		assert_true(store_run(
			bench->support.db, SUPPORT_SQL_ASK_DELETE, STORE_ARGS(store_i64(row.columns[0].number)), NULL, &f));
	}
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

/* All facts at once come to what was booked one by one. */
static void check_proof(struct bench *bench)
{
	struct support_rebuilt rebuilt;
	struct fault f = {0};

	if (!support_compare_books(&bench->support, &rebuilt, &f))
		fail_msg("%s (%s; %s)", f.say, f.detail, f.trail);
	assert_int_equal(rebuilt.told.bookings, rebuilt.stands.bookings);
	assert_int_equal(rebuilt.told.contributions, rebuilt.stands.contributions);
	assert_true(books_digests_equal(&rebuilt.told, &rebuilt.stands));
	assert_int_equal(rebuilt.wrong_sums, 0);
}

static void check_sound(struct bench *bench)
{
	assert_int_equal(bench_number(bench, SUPPORT_SQL_BOOKS_UNBALANCED), 0);
	assert_int_equal(bench_number(bench, SUPPORT_SQL_CONTRIBUTIONS_UNBOOKED), 0);
	assert_int_equal(bench_number(bench, SUPPORT_SQL_CONTRIBUTIONS_UNPAID), 0);
	assert_int_equal(bench_number(bench, SUPPORT_SQL_PAID_WITHOUT_CONTRIBUTION), 0);
	assert_int_equal(bench_number(bench, SUPPORT_SQL_CONTRIBUTIONS_MISSTATED), 0);
	assert_int_equal(bench_number(bench, SUPPORT_SQL_ACCOUNTS_MISSTATED), 0);
	check_proof(bench);
}

static void check_end(struct bench *bench, int64_t once, int64_t monthly)
{
	struct support_checkout checkout;
	struct support_mandate mandate;
	struct fault f = {0};
	bool found;

	assert_int_equal(balance(bench, "income:once"), -500);
	assert_int_equal(balance(bench, "income:monthly"), -2000);
	assert_int_equal(balance(bench, "given-back"), 200 + 1000);
	assert_int_equal(balance(bench, "fees"), 3 * 45);
	assert_int_equal(balance(bench, "provider:stripe"), 500 + 2000 - 1200 - 135);
	assert_true(support_find_checkout(&bench->support, SUPPORT_BY_ID,
		str_format(&bench->arena, "%lld", (long long) once), &bench->arena, &checkout, &found, &f));
	assert_true(found && checkout.state == CHECKOUT_PAID);
	assert_true(support_find_mandate(&bench->support, monthly, true, &bench->arena, &mandate, &f));
	assert_int_equal(mandate.state, MANDATE_ENDED);
	assert_true(str_is(mandate.subscription, "sub_1"));
	check_sound(bench);
}

/* The events in a random order, some of them more than once, fees answered at random moments. */
static void run_in_some_order(struct bench *bench, const struct tale *tale, uint64_t seed)
{
	size_t order[MOST_EVENTS];

	rand_fix(seed);
	for (size_t i = 0; i < tale->count; i++)
		order[i] = i;
	for (size_t i = tale->count; i > 1; i--) {
		size_t j = rand_below((uint32_t) i);
		size_t kept = order[i - 1];

		order[i - 1] = order[j];
		order[j] = kept;
	}
	for (size_t i = 0; i < tale->count; i++) {
		assert_true(bench_take(bench, tale->events[order[i]]));
		assert_false(bench_take(bench, tale->events[order[rand_below((uint32_t) i + 1)]]));
		if (rand_below(3) == 0)
			pay_fees(bench);
	}
	pay_fees(bench);
}

static void every_order_gives_the_same_books(void **state)
{
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct bench *bench;
		struct tale tale = {.count = 0};
		char token[27];
		int64_t once, monthly;

		bench_set_up(state);
		bench = *state;
		once = bench_checkout(bench, FREQUENCY_ONCE, 500, token);
		monthly = bench_checkout(bench, FREQUENCY_MONTHLY, 1000, token);
		tell_once(bench, &tale, once);
		tell_monthly(bench, &tale, monthly);
		tell_foreign(bench, &tale);
		run_in_some_order(bench, &tale, seed);
		check_end(bench, once, monthly);
		bench_tear_down(state);
	}
}

/* Every statement fails once, as on a full disk: the provider gets no 2xx, tells again, and the books are the same. */
static void a_full_disk_loses_nothing(void **state)
{
	struct bench *bench = *state;
	struct tale tale = {.count = 0};
	char token[27];
	int64_t once = bench_checkout(bench, FREQUENCY_ONCE, 500, token);
	int64_t monthly = bench_checkout(bench, FREQUENCY_MONTHLY, 1000, token);
	size_t failures = 0;

	tell_once(bench, &tale, once);
	tell_monthly(bench, &tale, monthly);
	for (size_t i = tale.count; i > 0; i--) { /* the worst order: backwards */
		bool ok = false;

		for (int64_t n = 1; !ok; n++) {
			struct facts_list list = bench_facts(bench, tale.events[i - 1]);
			struct fault f = {0};
			size_t new_count;

			assert_in_range(n, 1, 400);
			store_fail_at(bench->support.db, n);
			ok = support_take(&bench->support, list.at, list.count, &new_count, &f);
			store_fail_at(bench->support.db, 0);
			assert_true(ok || f.kind == FAULT_FULL);
			failures += !ok;
			assert_int_equal(bench_number(bench, SUPPORT_SQL_BOOKS_UNBALANCED), 0);
		}
	}
	pay_fees(bench);
	assert_true(failures > 100);
	check_end(bench, once, monthly);
}

static void a_live_house_ignores_rehearsals(void **state)
{
	struct bench *bench = *state;
	struct tale tale = {.count = 0};
	char token[27];

	bench->settings.live = true;
	tell_once(bench, &tale, bench_checkout(bench, FREQUENCY_ONCE, 500, token));
	for (size_t i = 0; i < tale.count; i++)
		assert_true(bench_take(bench, tale.events[i]));
	assert_int_equal(balance(bench, "provider:stripe"), 0);
}

/* One booking with these lines, into the transaction. */
static bool put_booking(struct bench *bench, int64_t id, int32_t period, const struct money *amounts, size_t count, struct fault *f)
{
	struct store *db = bench->support.db;
	bool ok = true;

	for (size_t i = 0; ok && i < count; i++)
		ok = store_run(db, SUPPORT_SQL_ACCOUNT_PUT, STORE_ARGS(store_i64(77 + (int64_t) i), store_text(i == 0 ? STR("y") : STR("z")),
				store_text(str_from(amounts[i].code))), NULL, f) &&
			store_run(db, SUPPORT_SQL_ENTRY_INSERT,
				STORE_ARGS(store_i64(id), store_i64(77 + (int64_t) i), store_i64(amounts[i].minor)), NULL, f);
	return ok && store_run(db, SUPPORT_SQL_BOOKING_PUT, STORE_ARGS(store_i64(id), store_i64(1), store_text(STR("fee")),
		store_blob(STR("0123456789abcdef")), store_null(), store_i64(period), store_i64(20000)), NULL, f);
}

static void the_schema_refuses_what_does_not_sum(void **state)
{
	struct bench *bench = *state;
	struct store *db = bench->support.db;
	const struct money crooked[] = {{100, "USD"}, {-99, "USD"}}, mixed[] = {{100, "USD"}, {-100, "EUR"}}, alone[] = {{100, "USD"}},
		good[] = {{100, "USD"}, {-100, "USD"}};
	struct fault f = {0};

	for (int i = 0; i < 3; i++) {
		assert_true(store_begin(db, &f));
		assert_false(put_booking(bench, 5, 0, i == 0 ? crooked : i == 1 ? mixed : alone, i == 2 ? 1 : 2, &f));
		assert_int_equal(f.kind, FAULT_CONFLICT);
		assert_false(store_end(db, false, &f));
		fault_clear(&f);
	}
	/* an entry without a booking fails the commit */
	assert_true(store_begin(db, &f));
	assert_true(store_run(db, SUPPORT_SQL_ACCOUNT_PUT,
		STORE_ARGS(store_i64(77), store_text(STR("z")), store_text(STR("USD"))), NULL, &f));
	assert_true(
		store_run(db, SUPPORT_SQL_ENTRY_INSERT, STORE_ARGS(store_i64(99), store_i64(77), store_i64(5)), NULL, &f));
	assert_false(store_end(db, true, &f));
	assert_int_equal(f.kind, FAULT_CONFLICT);
	fault_clear(&f);
	check_sound(bench);
	/* a booking is made; its entries do not go before it, nothing is added to it */
	assert_true(store_begin(db, &f) && store_end(db, put_booking(bench, 5, 0, good, 2, &f), &f));
	assert_false(store_run(db, SUPPORT_SQL_ENTRY_DROP, STORE_ARGS(store_i64(5)), NULL, &f));
	fault_clear(&f);
	assert_false(store_run(db, SUPPORT_SQL_ENTRY_INSERT, STORE_ARGS(store_i64(5), store_i64(79), store_i64(5)), NULL, &f));
	fault_clear(&f);
	/* and when its period is closed it stays, and none is added */
	assert_true(store_run(db, SUPPORT_SQL_PERIOD_INSERT,
		STORE_ARGS(store_i64(0), store_i64(20000), store_i64(20001), store_text(STR("Anna"))), NULL, &f));
	assert_false(store_run(db, SUPPORT_SQL_BOOKING_DROP, STORE_ARGS(store_i64(5)), NULL, &f));
	assert_int_equal(f.kind, FAULT_CONFLICT);
	fault_clear(&f);
	assert_true(store_begin(db, &f));
	assert_false(put_booking(bench, 6, 0, good, 2, &f));
	assert_false(store_end(db, false, &f));
}

static void tokens_open_what_is_theirs(void **state)
{
	struct bench *bench = *state;
	char token[27], other[27], manage[2 * SUPPORT_MANAGE_BYTES + 1];
	int64_t id = bench_checkout(bench, FREQUENCY_MONTHLY, 500, token);
	struct support_checkout checkout;
	struct fault f = {0};
	bool found;

	(void) bench_checkout(bench, FREQUENCY_MONTHLY, 500, other);
	support_manage_token(&bench->support, str_from(token), manage);
	assert_true(support_find_checkout(
		&bench->support, SUPPORT_BY_TOKEN, str_from(token), &bench->arena, &checkout, &found, &f));
	assert_true(found && checkout.id == id);
	assert_true(support_find_checkout(
		&bench->support, SUPPORT_BY_MANAGE, str_from(manage), &bench->arena, &checkout, &found, &f));
	assert_true(found && checkout.id == id);
	/* one is not good for the other, nor is nothing */
	assert_true(support_find_checkout(
		&bench->support, SUPPORT_BY_MANAGE, str_from(token), &bench->arena, &checkout, &found, &f));
	assert_false(found);
	assert_true(support_find_checkout(
		&bench->support, SUPPORT_BY_TOKEN, str_from(manage), &bench->arena, &checkout, &found, &f));
	assert_false(found);
	assert_true(
		support_find_checkout(&bench->support, SUPPORT_BY_TOKEN, STR(""), &bench->arena, &checkout, &found, &f));
	assert_false(found);
}

static void what_took_no_money_is_forgotten(void **state)
{
	struct bench *bench = *state;
	struct tale tale = {.count = 0};
	struct fault f = {0};
	char token[27], kept[27];
	bool found;
	struct support_checkout checkout;

	(void) bench_checkout(bench, FREQUENCY_ONCE, 500, token);
	tell_once(bench, &tale, bench_checkout(bench, FREQUENCY_ONCE, 500, kept));
	for (size_t i = 0; i < tale.count; i++)
		(void) bench_take(bench, tale.events[i]);
	bench_forget(bench, 1000000, 0);
	assert_true(store_run(bench->support.db, SUPPORT_SQL_CHECKOUT_FORGET, STORE_ARGS(store_i64(1000000)), NULL, &f));
	assert_true(support_find_checkout(
		&bench->support, SUPPORT_BY_TOKEN, str_from(token), &bench->arena, &checkout, &found, &f));
	assert_false(found);
	assert_true(
		support_find_checkout(&bench->support, SUPPORT_BY_TOKEN, str_from(kept), &bench->arena, &checkout, &found, &f));
	assert_true(found);
	/* even if the provider repeats everything after that, nothing is booked twice */
	for (size_t i = 0; i < tale.count; i++)
		(void) bench_take(bench, tale.events[i]);
	pay_fees(bench);
	assert_int_equal(balance(bench, "income:once"), -500);
	assert_int_equal(balance(bench, "provider:stripe"), 500 - 200 - 45);
	check_sound(bench);
}

/* No reference of the provider stands in the file. */
static void references_are_sealed(void **state)
{
	struct bench *bench = *state;
	struct tale tale = {.count = 0};
	static const char *const secrets[] = {"pi_m1", "sub_1", "txn_m1", "in_1", "re_m", "evt_x"};
	char token[27];
	static const char *const endings[] = {"", "-wal"};

	tell_monthly(bench, &tale, bench_checkout(bench, FREQUENCY_MONTHLY, 1000, token));
	for (size_t i = tale.count; i > 0; i--)
		(void) bench_take(bench, tale.events[i - 1]);
	for (size_t e = 0; e < 2; e++) {
		char path[160];
		char *bytes = malloc(8 << 20);
		size_t len;
		FILE *file;

		snprintf(path, sizeof(path), "%s%s", bench->path, endings[e]);
		file = fopen(path, "rb");
		assert_non_null(file);
		len = fread(bytes, 1, 8 << 20, file);
		fclose(file);
		for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
			assert_null(memmem(bytes, len, secrets[i], strlen(secrets[i])));
		assert_null(memmem(bytes, len, token, strlen(token)));
		free(bytes);
	}
}

/* --- what is asked often --- */

static int64_t work_of(struct bench *bench, enum support_sql query, const struct store_value *values, size_t count)
{
	int64_t before = store_work(bench->support.db);
	struct store_rows rows;
	struct fault f = {0};

	assert_true(store_rows_begin(bench->support.db, query, values, count, &rows, &f));
	while (store_rows_next(&rows, &f))
		;
	assert_true(store_rows_end(&rows));
	return store_work(bench->support.db) - before;
}

static void pay_some_monthly(struct bench *bench, int from, int until)
{
	char token[27], text[512];

	for (int i = from; i < until; i++) {
		int64_t checkout = bench_checkout(bench, FREQUENCY_MONTHLY, 500, token);

		snprintf(text, sizeof(text), "{\"id\":\"evt_w%d\",\"type\":\"invoice.paid\",\"created\":1795000000,\"livemode\":false,\"data\":{\"object\":{"
			"\"id\":\"in_w%d\",\"amount_paid\":500,\"currency\":\"usd\",\"parent\":{\"subscription_details\":{\"subscription\":\"sub_w%d\","
			"\"metadata\":{\"checkout\":\"%lld\"}}}}}}", i, i, i, (long long) checkout);
		assert_true(bench_take(bench, str_from(text)));
		snprintf(text, sizeof(text), "{\"id\":\"evt_n%d\",\"type\":\"invoice_payment.paid\",\"created\":1795000000,\"livemode\":false,"
			"\"data\":{\"object\":{\"invoice\":\"in_w%d\",\"payment\":{\"payment_intent\":\"pi_w%d\"}}}}", i, i, i);
		assert_true(bench_take(bench, str_from(text)));
	}
}

/* Ten times as many gifts: the pages and the minute's jobs read no more of them. */
static void what_is_asked_often_does_not_grow(void **state)
{
	struct bench *bench = *state;
	const struct store_value monthly = store_text(STR("monthly")), page[] = {store_i64(INT32_MAX), store_i64(0), store_i64(100)};
	const struct fact_key payment = kept_payment_key(&bench->support, "stripe", STR("in_w7"));
	const struct store_value pushed[] = {store_text(STR("bank")), store_i64(0)};
	const struct store_value gift = store_i64(fact_key_id(&payment)), ended[] = {store_i64(0), store_i64(INT32_MAX), store_i64(50)};
	const struct {
		enum support_sql query;
		const struct store_value *values;
		size_t count;
	} asked[] = {
		{SUPPORT_SQL_MANDATE_COUNT_FREQUENCY, &monthly, 1}, {SUPPORT_SQL_MANDATE_COUNT_DOUBT, NULL, 0},
		{SUPPORT_SQL_MANDATE_IN_DOUBT, NULL, 0}, {SUPPORT_SQL_MANDATE_CANCELLING, NULL, 0},
		{SUPPORT_SQL_CHECKOUT_COUNT_WAITING, NULL, 0}, {SUPPORT_SQL_GIFTS_UNMATCHED, page, 3},
		{SUPPORT_SQL_GIFTS_COUNT_UNMATCHED, NULL, 0}, {SUPPORT_SQL_GIFT_BOOKINGS, &gift, 1},
		{SUPPORT_SQL_NOTICE_FIND_CANCELLED, ended, 3}, {SUPPORT_SQL_MANDATE_REPLACED, NULL, 0},
		{SUPPORT_SQL_PUSH_LIST, pushed, 2},
	};
	int64_t few[sizeof(asked) / sizeof(asked[0])];

	pay_some_monthly(bench, 0, 20);
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
		few[i] = work_of(bench, asked[i].query, asked[i].values, asked[i].count);
	pay_some_monthly(bench, 20, 200);
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
		if (work_of(bench, asked[i].query, asked[i].values, asked[i].count) > few[i])
			fail_msg("%s does more", support_sql[asked[i].query].name);
}

/* Another process takes gifts all the while, as the room does while its child proves the books. */
static void the_proof_sees_one_moment(void **state)
{
	struct bench *bench = *state;
	struct store_options options = {.path = bench->path, .read_only = true, .queries = support_sql, .query_count = SUPPORT_SQL_COUNT};
	struct support_rebuilt rebuilt;
	struct fault f = {0};
	int64_t seen = 0;
	pid_t writer;

	pay_some_monthly(bench, 0, 50);
	store_close(&bench->support.db);
	writer = fork();
	assert_true(writer >= 0);
	if (writer == 0) {
		bench_open(bench);
		pay_some_monthly(bench, 50, 100000);
		_exit(0);
	}
	assert_true(store_open(&bench->support.db, &options, &f));
	for (int i = 0; i < 60 || (seen <= 100 && i < 6000); i++) { /* however late the other one begins */
		if (!store_look(bench->support.db, &f) || !support_compare_books(&bench->support, &rebuilt, &f))
			fail_msg("%s (%s)", f.say, f.detail);
		store_look_end(bench->support.db);
		assert_true(books_digests_equal(&rebuilt.told, &rebuilt.stands));
		assert_true(rebuilt.facts >= seen);
		seen = rebuilt.facts;
	}
	assert_true(seen > 100); /* it did take some */
	assert_int_equal(kill(writer, SIGKILL), 0);
	assert_int_equal(waitpid(writer, NULL, 0), writer);
}

static int64_t running(struct bench *bench, enum frequency frequency)
{
	struct fault f = {0};
	int64_t n = -1;

	assert_true(store_number(bench->support.db, SUPPORT_SQL_MANDATE_COUNT_FREQUENCY,
		STORE_ARGS(store_text(str_from(frequency_names[frequency]))), &n, &f));
	return n;
}

static void running_gifts_are_counted(void **state)
{
	struct bench *bench = *state;
	struct support_mandate mandate;
	struct fault f = {0};
	char token[27];
	int64_t checkout;

	assert_int_equal(running(bench, FREQUENCY_MONTHLY), 0);
	pay_some_monthly(bench, 0, 3);
	assert_int_equal(running(bench, FREQUENCY_MONTHLY), 3);
	assert_int_equal(running(bench, FREQUENCY_ANNUAL), 0);
	checkout = bench_checkout(bench, FREQUENCY_ANNUAL, 500, token);
	assert_true(bench_take(bench, str_format(&bench->arena, "{\"id\":\"evt_a\",\"type\":\"customer.subscription.created\",\"created\":1795000000,"
		"\"livemode\":false,\"data\":{\"object\":{\"id\":\"sub_a\",\"status\":\"active\",\"metadata\":{\"checkout\":\"%lld\"}}}}", (long long) checkout)));
	assert_int_equal(running(bench, FREQUENCY_ANNUAL), 1);
	assert_true(support_find_mandate(&bench->support, checkout, false, &bench->arena, &mandate, &f));
	assert_true(support_move_mandate(&bench->support, &mandate, MANDATE_IS_LATE, &f));
	assert_int_equal(running(bench, FREQUENCY_ANNUAL), 1);
	assert_true(support_move_mandate(&bench->support, &mandate, MANDATE_HAS_ENDED, &f));
	assert_int_equal(running(bench, FREQUENCY_ANNUAL), 0);
	assert_int_equal(running(bench, FREQUENCY_MONTHLY), 3);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, bench_set_up, bench_tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_order_gives_the_same_books),
		T(what_is_asked_often_does_not_grow), T(running_gifts_are_counted), T(the_proof_sees_one_moment),
		T(a_full_disk_loses_nothing),
		T(a_live_house_ignores_rehearsals),
		T(the_schema_refuses_what_does_not_sum),
		T(tokens_open_what_is_theirs),
		T(what_took_no_money_is_forgotten),
		T(references_are_sealed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
