/* support_bench.h: a support room without a process: a database, keys and settings, for unit tests.
 * SPDX-License-Identifier: ISC */
#ifndef TESTS_SUPPORT_BENCH_H
#define TESTS_SUPPORT_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <sqlite3.h>
#include "base/arena.h"
#include "base/fault.h"
#include "base/rand.h"
#include "base/secret.h"
#include "gen/support_schema.h"
#include "gen/support_sql.h"
#include "store/store.h"
#include "support/stripe_inside.h"
#include "support/support_forget.h"
#include "support/support_inside.h"

struct bench {
	char folder[64];
	char path[128];
	struct settings settings;
	struct support support;
	struct arena arena;
};

static void bench_open(struct bench *bench)
{
	struct store_options options = {.path = bench->path, .migrations = support_schema, .queries = support_sql,
		.query_count = SUPPORT_SQL_COUNT};
	struct fault f = {0};

	if (!store_open(&bench->support.db, &options, &f))
		fail_msg("%s (%s; %s)", f.say, f.detail, f.trail);
}

static int bench_set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	struct fault f = {0};
	unsigned char public_key[SEAL_KEY_BYTES];

	snprintf(bench->folder, sizeof(bench->folder), "/tmp/mimeo-support-XXXXXX");
	assert_non_null(mkdtemp(bench->folder));
	snprintf(bench->path, sizeof(bench->path), "%s/support.db", bench->folder);
	arena_init(&bench->arena, "test", 16 << 20);
	bench->support.settings = &bench->settings;
	bench->settings.currency = STR("USD");
	bench->support.seal_key = seal_new_key(public_key);
	bench->support.index_key = secret_new(STR("0123456789abcdef0123456789abcdef"));
	assert_true(support_open_keys(&bench->support, &f));
	assert_true(rails_open(&bench->support, &f));
	bench_open(bench);
	*state = bench;
	return 0;
}

static int bench_tear_down(void **state)
{
	struct bench *bench = *state;
	static const char *const endings[] = {"", "-wal", "-shm"};

	store_close(&bench->support.db);
	support_release(&bench->support);
	arena_release(&bench->arena);
	for (size_t i = 0; i < 3; i++) {
		char path[160];

		snprintf(path, sizeof(path), "%s%s", bench->path, endings[i]);
		(void) unlink(path);
	}
	assert_int_equal(rmdir(bench->folder), 0);
	free(bench);
	return 0;
}

/* A checkout as Continue leaves it. */
static inline int64_t bench_checkout(struct bench *bench, enum frequency frequency, int64_t minor, char token[27])
{
	struct support_gift gift = {.frequency = frequency, .amount = {minor, "USD"}};
	struct fault f = {0};
	int64_t id;

	if (!support_new_checkout(&bench->support, &gift, STR("en"), "stripe", token, &id, &f))
		fail_msg("%s (%s; %s)", f.say, f.detail, f.trail);
	return id;
}

/* What Stripe says, into the bench's arena. */
static inline struct facts_list bench_facts(struct bench *bench, struct str event)
{
	struct facts_list list = {0};
	struct fault f = {0};

	if (!stripe_events(&bench->support.lines[0], event, &bench->arena, &list, &f))
		fail_msg("%s (%s; %s)", f.say, f.detail, f.trail);
	for (size_t i = 0; i < list.count; i++)
		list.at[i].rail = "stripe";
	return list;
}

/* Takes it as the webhook does; true: it was new. */
static inline bool bench_take(struct bench *bench, struct str event)
{
	struct facts_list list = bench_facts(bench, event);
	struct fault f = {0};
	size_t new_count;

	if (!support_take(&bench->support, list.at, list.count, &new_count, &f))
		fail_msg("%s (%s; %s)", f.say, f.detail, f.trail);
	return new_count > 0;
}

static inline int64_t bench_number(struct bench *bench, enum support_sql query)
{
	struct fault f = {0};
	int64_t n = -1;

	assert_true(store_number(bench->support.db, query, STORE_NO_ARGS, &n, &f));
	return n;
}

/* One number of the file, by words of a test's own. */
static inline int64_t bench_ask(struct bench *bench, const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *statement = NULL;
	int64_t out;

	assert_int_equal(sqlite3_open(bench->path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 5000);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	out = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return out;
}

/* Changes the file, by words of a test's own. */
static inline void bench_do(struct bench *bench, const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(bench->path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 5000);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* The day's walk, to its end. */
static inline void bench_forget(struct bench *bench, int32_t unbooked, int32_t handles)
{
	const struct support_forget_days days = {unbooked, handles};
	int64_t after = SUPPORT_FORGET_START;
	struct fault f = {0};
	bool more = true;

	while (more)
		if (!support_forget_part(&bench->support, &days, &after, &more, &f))
			fail_msg("%s (%s; %s)", f.say, f.detail, f.trail);
}

#endif
