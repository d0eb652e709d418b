/* test_memory_books.c: memory runs out in the middle of a file, a new database, the provider's events: what is on disk is whole, and the
 * events told again end in the same books.
 * SPDX-License-Identifier: ISC */
#include "memory_test.h"
#include "support/support_bench.h"
#include "base/buf.h"
#include "base/file.h"

/* --- a file --- */

enum { FILE_BYTES = 70000 };

static char file_path[] = "/tmp/mimeo-memory-XXXXXX";

static bool write_file(void *self, uint64_t n)
{
	struct arena arena;
	struct fault f = {0};
	struct str old;
	struct buf buf;
	bool ok;

	(void) self;
	memory_fail_at(n);
	arena_init(&arena, "test", 1 << 20);
	buf_init(&buf, 1 << 20);
	ok = file_read(AT_FDCWD, file_path, 1 << 20, &arena, &old, &f);
	for (size_t i = 0; i < FILE_BYTES; i++)
		buf_add_char(&buf, old.at[0] == 'a' ? 'b' : 'a');
	ok = ok && file_write(AT_FDCWD, file_path, buf_view(&buf), 0600, true, &f);
	buf_release(&buf);
	arena_release(&arena);
	return ok;
}

static void test_a_file_is_old_or_new(void **state)
{
	struct fault f = {0};
	struct arena arena;
	uint64_t n = 1;
	bool more = true;
	int fd = mkstemp(file_path);

	(void) state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "a", 1), 1);
	close(fd);
	arena_init(&arena, "test", 1 << 20);
	for (; more; n = memory_next(n)) {
		struct str now;

		more = memory_turn(write_file, NULL, n);
		arena_reset(&arena);
		assert_true(file_read(AT_FDCWD, file_path, 1 << 20, &arena, &now, &f));
		assert_true(now.len == 1 || now.len == FILE_BYTES);
		for (size_t i = 1; i < now.len; i++)
			assert_int_equal(now.at[i], now.at[0]);
	}
	assert_true(n > 3);
	arena_release(&arena);
	unlink(file_path);
}

/* --- a database is made --- */

static bool make_database(void *self, uint64_t n)
{
	struct bench *bench = self;
	struct store_options options = {.path = bench->path, .migrations = support_schema, .queries = support_sql,
		.query_count = SUPPORT_SQL_COUNT};
	struct store *db = NULL;
	struct fault f = {0};
	bool ok;

	memory_fail_at(n);
	ok = store_open(&db, &options, &f);
	store_close(&db);
	return ok;
}

static void assert_sound(struct bench *bench)
{
	struct fault f = {0};
	struct str report;

	assert_true(store_check(bench->support.db, &bench->arena, &report, &f));
	if (report.len > 0)
		fail_msg("%.*s", STR_ARG(report));
}

static void remove_database(const struct bench *bench)
{
	static const char *const endings[] = {"", "-wal", "-shm"};

	for (size_t i = 0; i < 3; i++) {
		char path[160];

		snprintf(path, sizeof(path), "%s%s", bench->path, endings[i]);
		(void) unlink(path);
	}
}

static void test_a_new_database_can_be_opened_again(void **state)
{
	struct bench *bench = *state;
	bool more = true;

	store_close(&bench->support.db);
	for (uint64_t n = 1; more; n = memory_next(n)) {
		remove_database(bench);
		more = memory_turn(make_database, bench, n);
		bench_open(bench);
		assert_sound(bench);
		store_close(&bench->support.db);
	}
}

/* --- events --- */

/* Every name in it carries the checkout's id, so that each turn is a gift of its own. */
static const char *const tale[] = {
	"checkout.session.completed", "{\"id\":\"cs_%1$lld\",\"client_reference_id\":\"%1$lld\",\"subscription\":\"sub_%1$lld\","
		"\"invoice\":\"in_%1$lld\",\"payment_intent\":null,\"amount_total\":1000,\"currency\":\"usd\",\"payment_status\":\"paid\"}",
	"charge.updated", "{\"id\":\"ch_%1$lld\",\"payment_intent\":\"pi_%1$lld\",\"balance_transaction\":\"txn_%1$lld\"}",
	"invoice_payment.paid", "{\"invoice\":\"in_%1$lld\",\"payment\":{\"type\":\"payment_intent\",\"payment_intent\":\"pi_%1$lld\"}}",
	"refund.created", "{\"id\":\"re_%1$lld\",\"payment_intent\":\"pi_%1$lld\",\"amount\":400,\"currency\":\"usd\",\"status\":\"succeeded\"}",
	"customer.subscription.deleted", "{\"id\":\"sub_%1$lld\",\"metadata\":{\"checkout\":\"%1$lld\"},\"status\":\"canceled\"}",
};
enum { TALE = sizeof(tale) / sizeof(tale[0]) / 2 };

struct telling {
	struct bench *bench;
	int64_t checkout;
	bool reopen;
};

static bool tell(struct telling *telling, size_t i, struct fault *f)
{
	char object[400], text[800];
	struct facts_list list = {0};
	struct arena arena;
	size_t new_count;
	bool ok;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(object, sizeof(object), tale[2 * i + 1], (long long) telling->checkout);
#pragma GCC diagnostic pop
	snprintf(text, sizeof(text), "{\"id\":\"evt_%lld_%zu\",\"type\":\"%s\",\"created\":1795000000,\"livemode\":false,"
		"\"data\":{\"object\":%s}}", (long long) telling->checkout, i, tale[2 * i], object);
	arena_init(&arena, "event", 1 << 20);
	ok = stripe_events(&telling->bench->support.lines[0], str_from(text), &arena, &list, f);
	for (size_t j = 0; ok && j < list.count; j++)
		list.at[j].rail = "stripe";
	ok = ok && support_take(&telling->bench->support, list.at, list.count, &new_count, f);
	arena_release(&arena);
	return ok;
}

static bool tell_all(void *self, uint64_t n)
{
	struct telling *telling = self;
	struct fault f = {0};
	bool ok = true;

	if (telling->reopen)
		bench_open(telling->bench);
	memory_fail_at(n);
	for (size_t i = 0; ok && i < TALE; i++)
		ok = tell(telling, i, &f);
	return ok;
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

static void test_events_cut_short_are_booked_once(void **state)
{
	struct bench *bench = *state;
	char token[27];
	bool more = true;
	int64_t turns = 0;

	for (uint64_t n = 1; more; n = memory_next(n)) {
		struct telling telling = {bench, bench_checkout(bench, FREQUENCY_MONTHLY, 1000, token), true};

		store_close(&bench->support.db);
		more = memory_turn(tell_all, &telling, n);
		bench_open(bench);
		arena_reset(&bench->arena);
		assert_sound(bench);
		telling.reopen = false;
		assert_true(tell_all(&telling, 0)); /* the provider tells it all again */
		turns++;
		assert_int_equal(balance(bench, "income:monthly"), -1000 * turns);
		assert_int_equal(balance(bench, "given-back"), 400 * turns);
		assert_int_equal(balance(bench, "provider:stripe"), 600 * turns);
		assert_int_equal(bench_number(bench, SUPPORT_SQL_BOOKS_UNBALANCED), 0);
		assert_int_equal(bench_number(bench, SUPPORT_SQL_PAID_WITHOUT_CONTRIBUTION), 0);
	}
	assert_true(turns > 10);
	assert_sound(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_file_is_old_or_new),
		cmocka_unit_test_setup_teardown(test_a_new_database_can_be_opened_again, bench_set_up, bench_tear_down),
		cmocka_unit_test_setup_teardown(test_events_cut_short_are_booked_once, bench_set_up, bench_tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
