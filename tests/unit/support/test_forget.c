/* test_forget.c: what goes with age, goes; what must stay together, stays.
 * SPDX-License-Identifier: ISC */
#include "support_bench.h"
#include "base/loop.h"
#include <sys/stat.h>

enum { MANY = 2100 }; /* more than a part */

static const struct str names[] = {{"pi_a", 4}, {"pi_b", 4}, {"pi_c", 4}};

/* Told on that day, by Stripe where no other is named; `live` as the house is. */
static void tell(struct bench *bench, int32_t day, struct facts facts)
{
	static int count;
	struct fault f = {0};
	char event[24];
	size_t new_count;

	facts.event = str_make(event, (size_t) snprintf(event, sizeof(event), "evt_%d", ++count));
	facts.type = STR("test");
	facts.rail = facts.rail != NULL ? facts.rail : "stripe";
	facts.created_s = facts.created_s != 0 ? facts.created_s : 1795000000 + count;
	clock_fix(clock_from_utc_day(day));
	if (!support_take(&bench->support, &facts, 1, &new_count, &f))
		fail_msg("%s (%s; %s)", f.say, f.detail, f.trail);
	clock_fix((struct when){0});
	assert_int_equal(new_count, 1);
}

static struct facts refund(struct str payment)
{
	return (struct facts){.kind = FACT_REFUND, .payment = payment, .item = STR("re_1"), .amount = {100, "USD"},
		.refund_step = REFUND_SUCCEEDED};
}

static struct facts named(struct str payment, struct str also)
{
	return (struct facts){.kind = FACT_NAMED, .payment = payment, .also = also};
}

static struct facts paid(struct str payment, int64_t checkout)
{
	return (struct facts){.kind = FACT_PAID, .payment = payment, .checkout = checkout, .amount = {500, "USD"}};
}

static struct facts subscription(struct str name, enum mandate_step step, int64_t checkout)
{
	return (struct facts){.kind = FACT_MANDATE, .subscription = name, .mandate_step = step, .checkout = checkout};
}

/* Many at once, all on one day. */
static void tell_many(struct bench *bench, int32_t day, struct facts like)
{
	struct facts *all = arena_alloc_many(&bench->arena, MANY, sizeof(*all));
	struct fault f = {0};
	size_t new_count;

	assert_non_null(all);
	for (int i = 0; i < MANY; i++) {
		all[i] = like;
		all[i].rail = "stripe";
		all[i].created_s = 1795000000;
		all[i].event = str_format(&bench->arena, "evt_%s_%d", fact_kind_name(like.kind).at, i);
		all[i].type = STR("test");
		if (like.kind == FACT_NAMED) {
			all[i].payment = str_format(&bench->arena, "pi_%d", i);
			all[i].also = all[i].handle = str_format(&bench->arena, "ch_%d", i);
		}
	}
	clock_fix(clock_from_utc_day(day));
	assert_true(support_take(&bench->support, all, MANY, &new_count, &f));
	clock_fix((struct when){0});
	assert_int_equal(new_count, MANY);
}

static int64_t events(struct bench *bench)
{
	return bench_ask(bench, "SELECT count(*) FROM event");
}

/* None of their names is left without the others, nor a question. */
static void what_is_unbooked_is_forgotten_together(void **state)
{
	struct bench *bench = *state;
	struct facts question = {.kind = FACT_ASK, .payment = names[0], .ask = STR("fee:txn_1")};
	struct fault f = {0};

	tell(bench, 20000, refund(names[0])); /* of one name alone: no row is needed */
	assert_int_equal(bench_ask(bench, "SELECT count(*) FROM payment_name"), 0);
	tell(bench, 20000, named(names[0], names[1]));
	tell(bench, 20000, question);
	assert_int_equal(bench_ask(bench, "SELECT count(*) FROM payment_name"), 1);
	assert_int_equal(bench_ask(bench, "SELECT count(*) FROM ask"), 1);
	tell(bench, 20060, refund(names[1]));
	assert_int_equal(events(bench), 4);
	bench_forget(bench, 20060, 0);
	assert_true(store_run(bench->support.db, SUPPORT_SQL_ASK_FORGET, STORE_ARGS(store_i64(20060)), NULL, &f));
	assert_int_equal(events(bench), 4);
	assert_int_equal(bench_ask(bench, "SELECT count(*) FROM payment_name"), 1);
	assert_int_equal(bench_ask(bench, "SELECT count(*) FROM ask"), 1); /* it waits for a payment that may still come */
	bench_forget(bench, 20061, 0);
	assert_int_equal(events(bench), 0);
	assert_int_equal(bench_ask(bench, "SELECT count(*) FROM payment_name"), 0);
	assert_int_equal(bench_ask(bench, "SELECT count(*) FROM ask"), 0);
}

/* Old questions that wait for nothing that is kept go; so do those of a payment that was asked about in vain. */
static void old_questions_go(void **state)
{
	struct bench *bench = *state;
	struct fault f = {0};

	tell(bench, 20000, (struct facts){.kind = FACT_ASK, .payment = names[0], .ask = STR("fee:txn_1")});
	tell(bench, 20000, (struct facts){.kind = FACT_ASK, .payment = names[1], .ask = STR("fee:txn_2")});
	bench_do(bench, "UPDATE ask SET next_us = 5 WHERE id = (SELECT min(id) FROM ask)");
	assert_true(store_run(bench->support.db, SUPPORT_SQL_ASK_FORGET, STORE_ARGS(store_i64(20001)), NULL, &f));
	assert_int_equal(bench_ask(bench, "SELECT count(*) FROM ask"), 1);
	bench_do(bench, "DELETE FROM event");
	assert_true(store_run(bench->support.db, SUPPORT_SQL_ASK_FORGET, STORE_ARGS(store_i64(20001)), NULL, &f));
	assert_int_equal(bench_ask(bench, "SELECT count(*) FROM ask"), 0);
}

/* Three that were apart, each with facts of its own; then two words join them. */
static void what_was_joined_is_forgotten_together(void **state)
{
	struct bench *bench = *state;

	for (size_t i = 0; i < 3; i++)
		tell(bench, 20000, refund(names[i]));
	assert_int_equal(bench_ask(bench, "SELECT count(DISTINCT subject) FROM event"), 3);
	tell(bench, 20000, named(names[0], names[1]));
	tell(bench, 20030, named(names[1], names[2]));
	assert_int_equal(bench_ask(bench, "SELECT count(DISTINCT subject) FROM event"), 1);
	assert_in_range(bench_ask(bench, "SELECT count(*) FROM payment_name"), 2, 3);
	bench_forget(bench, 20030, 0);
	assert_int_equal(events(bench), 5);
	bench_forget(bench, 20031, 0);
	assert_int_equal(events(bench), 0);
	assert_int_equal(bench_ask(bench, "SELECT count(*) FROM payment_name"), 0);
}

static void what_is_booked_stays(void **state)
{
	struct bench *bench = *state;
	struct facts gift;
	char token[27];

	gift = paid(names[0], bench_checkout(bench, FREQUENCY_ONCE, 500, token));
	gift.handle = names[0];
	tell(bench, 20000, gift);
	tell(bench, 20000, named(names[0], names[1]));
	tell(bench, 20000, refund(names[1]));
	bench_forget(bench, 30000, 0);
	assert_int_equal(events(bench), 3);
	/* nor a part of it, whatever is said of that */
	bench_do(bench, "UPDATE event SET state = 'foreign' WHERE id = (SELECT max(id) FROM event)");
	bench_forget(bench, 30000, 0);
	assert_int_equal(events(bench), 3);
	assert_int_equal(bench_ask(bench, "SELECT count(*) FROM payment_name"), 1);
	assert_int_equal(bench_ask(bench, "SELECT count(*) FROM event WHERE handle_sealed IS NOT NULL"), 1);
}

/* In parts, and all of it: what gives a payment back, facts of payments, and events of none. */
static void many_go_in_parts(void **state)
{
	struct bench *bench = *state;
	const struct support_forget_days none = {20000, 20000}, handles = {20000, 20001}, all = {20001, 20001};
	const struct {
		const struct support_forget_days *days;
		int64_t handles, events;
	} walks[] = {{&none, MANY, 2 * MANY}, {&handles, 0, 2 * MANY}, {&all, 0, 0}};

	tell_many(bench, 20000, (struct facts){.kind = FACT_NAMED});
	tell_many(bench, 20000, (struct facts){.kind = FACT_NOTHING});
	for (size_t i = 0; i < 3; i++) {
		int64_t after = SUPPORT_FORGET_START, before = events(bench), parts = 0;
		bool more = true;

		while (more) {
			struct fault f = {0};
			int64_t left;

			assert_true(support_forget_part(&bench->support, walks[i].days, &after, &more, &f));
			left = events(bench);
			assert_in_range(before - left, 0, 2000);
			before = left;
			parts++;
		}
		assert_in_range(parts, 4, 6); /* two of payments and the end; one or two of none */
		assert_int_equal(bench_ask(bench, "SELECT count(*) FROM event WHERE handle_sealed IS NOT NULL"), walks[i].handles);
		assert_int_equal(before, walks[i].events);
	}
	assert_int_equal(bench_ask(bench, "SELECT count(*) FROM payment_name"), 0);
}

/* A row that was changed: it stays, without its handle; all before and behind it go. */
static void a_spoiled_row_stops_nothing(void **state)
{
	struct bench *bench = *state;

	for (size_t spoiled = 0; spoiled < 3; spoiled++) {
		for (size_t i = 0; i < 3; i++) {
			struct facts facts = refund(names[i]);

			facts.handle = names[i];
			tell(bench, 20000, facts);
		}
		bench_do(bench, str_format(&bench->arena,
			"UPDATE event SET facts = zeroblob(168) WHERE id = (SELECT id FROM event ORDER BY subject LIMIT 1 OFFSET %zu)", spoiled).at);
		for (int again = 0; again < 2; again++) {
			bench_forget(bench, 20001, 20001);
			assert_int_equal(events(bench), 1);
			assert_int_equal(bench_ask(bench, "SELECT count(*) FROM event WHERE facts = zeroblob(168) AND handle_sealed IS NULL"), 1);
		}
		bench_do(bench, "DELETE FROM event");
	}
}

/* Facts of subscriptions share no name: each goes by its own day, however often it is told of. */
static void a_foreign_subscription_is_forgotten_by_the_day(void **state)
{
	struct bench *bench = *state;
	struct facts told;
	char token[27];
	int64_t checkout = bench_checkout(bench, FREQUENCY_MONTHLY, 500, token);

	for (int32_t day = 20000; day < 20100; day += 10)
		tell(bench, day, subscription(STR("sub_f"), MANDATE_IS_LATE, 0));
	assert_int_equal(bench_ask(bench, "SELECT count(*) FROM event WHERE state = 'foreign'"), 10);
	bench_forget(bench, 20055, 0);
	assert_int_equal(events(bench), 4);
	assert_int_equal(bench_ask(bench, "SELECT min(day) FROM event"), 20060);
	/* ours, as it turns out: what booked something stays, the old word does not */
	told = subscription(STR("sub_f"), MANDATE_RUNS, checkout);
	tell(bench, 20100, told);
	bench_forget(bench, 30000, 0);
	assert_int_equal(events(bench), 1);
	assert_int_equal(bench_ask(bench, "SELECT count(*) FROM event WHERE state = 'applied' AND day = 20100"), 1);
}

static enum mandate_state mandate_of(struct bench *bench, int64_t checkout)
{
	struct support_mandate mandate;
	struct fault f = {0};

	assert_true(support_find_mandate(&bench->support, checkout, false, &bench->arena, &mandate, &f));
	assert_int_not_equal(mandate.id, 0);
	return mandate.state;
}

/* A subscription that we know needs no checkout's name; another provider's of the same name is none of ours. */
static void a_known_subscription_is_ours(void **state)
{
	struct bench *bench = *state;
	struct facts other = subscription(STR("sub_1"), MANDATE_HAS_ENDED, 0), gift;
	char token[27];
	int64_t first = bench_checkout(bench, FREQUENCY_MONTHLY, 500, token), second = bench_checkout(bench, FREQUENCY_MONTHLY, 500, token);

	tell(bench, 20000, subscription(STR("sub_1"), MANDATE_RUNS, first));
	tell(bench, 20000, subscription(STR("sub_1"), MANDATE_IS_LATE, 0));
	assert_int_equal(bench_ask(bench, "SELECT count(*) FROM event WHERE state = 'applied'"), 2);
	assert_int_equal(mandate_of(bench, first), MANDATE_LATE);
	other.rail = "paypal";
	tell(bench, 20000, other);
	assert_int_equal(bench_ask(bench, "SELECT count(*) FROM event WHERE state = 'foreign'"), 1);
	assert_int_equal(mandate_of(bench, first), MANDATE_LATE);
	tell(bench, 20000, subscription(STR("sub_1"), MANDATE_HAS_ENDED, 0));
	assert_int_equal(mandate_of(bench, first), MANDATE_ENDED);
	/* the same where the end is told before anything of ours */
	tell(bench, 20000, subscription(STR("sub_2"), MANDATE_HAS_ENDED, 0));
	gift = paid(STR("in_2"), second);
	gift.subscription = STR("sub_2");
	tell(bench, 20000, gift);
	assert_int_equal(mandate_of(bench, second), MANDATE_ENDED);
}

/* Two that were apart, each with its handle: either gives the whole back. */
static void a_handle_opens_after_a_join(void **state)
{
	struct bench *bench = *state;
	struct facts gift, charge = named(names[0], names[1]);
	struct fault f = {0};
	struct store_row row;
	struct str handle;
	char token[27];
	bool found;

	gift = paid(STR("in_1"), bench_checkout(bench, FREQUENCY_ONCE, 500, token));
	gift.handle = STR("in_1");
	charge.handle = names[1];
	tell(bench, 20000, gift);
	tell(bench, 20000, charge);
	assert_int_equal(bench_ask(bench, "SELECT count(DISTINCT subject) FROM event"), 2);
	tell(bench, 20000, named(STR("in_1"), names[0]));
	assert_int_equal(bench_ask(bench, "SELECT count(DISTINCT subject) FROM event"), 1);
	assert_int_equal(bench_ask(bench, "SELECT count(*) FROM event WHERE handle_sealed IS NOT NULL"), 2);
	for (int i = 0; i < 2; i++) { /* the one that is taken, then the other */
		assert_true(store_one(bench->support.db, SUPPORT_SQL_WISH_HANDLE,
			STORE_ARGS(store_i64(bench_ask(bench, "SELECT id FROM contribution"))), &bench->arena, &row, &found, &f));
		assert_true(found && str_is(row.columns[0].bytes, "stripe") && str_is(row.columns[1].bytes, "USD"));
		assert_true(kept_open_handle(&bench->support, row.columns[3].bytes, row.columns[2].bytes, &bench->arena, &handle, &f));
		assert_true(str_is(handle, "in_1") || str_equal(handle, names[1]));
		bench_do(bench, "UPDATE event SET handle_sealed = NULL WHERE id = (SELECT min(id) FROM event WHERE handle_sealed IS NOT NULL)");
	}
	assert_true(store_one(bench->support.db, SUPPORT_SQL_WISH_HANDLE,
		STORE_ARGS(store_i64(bench_ask(bench, "SELECT id FROM contribution"))), &bench->arena, &row, &found, &f));
	assert_true(found && row.columns[2].type == STORE_NULL);
}

static int64_t log_bytes(struct bench *bench)
{
	char path[160];
	struct stat about;

	snprintf(path, sizeof(path), "%s-wal", bench->path);
	assert_int_equal(stat(path, &about), 0);
	return about.st_size;
}

/* The whole of it by the day's job, in several turns of the loop; at its end nothing of it is in the log, either. */
static void the_day_forgets_it_all(void **state)
{
	struct bench *bench = *state;
	struct room room = {0};
	struct fault f = {0};
	struct facts gift;
	char token[27];
	int turns = 0;

	gift = paid(STR("in_1"), bench_checkout(bench, FREQUENCY_ONCE, 500, token));
	gift.handle = STR("in_1");
	tell(bench, 20000, gift);
	tell_many(bench, 20000, (struct facts){.kind = FACT_NAMED});
	tell(bench, 20000, (struct facts){.kind = FACT_NOTHING});
	tell(bench, 20500, (struct facts){.kind = FACT_NOTHING});
	tell(bench, 20500, refund(STR("pi_new")));
	assert_true(loop_open(&room.loop, &f));
	bench->support.room = &room;
	clock_fix(clock_from_utc_day(20500));
	support_daily(&bench->support);
	assert_int_not_equal(log_bytes(bench), 0);
	while (bench->support.forget_timer != NULL) {
		assert_true(loop_turn(room.loop, 1000, &f));
		turns++;
	}
	clock_fix((struct when){0});
	assert_true(turns >= 2);
	assert_int_equal(log_bytes(bench), 0);
	assert_int_equal(events(bench), 3);
	assert_int_equal(bench_ask(bench, "SELECT count(*) FROM event WHERE state = 'applied' AND handle_sealed IS NULL"), 1);
	assert_int_equal(bench_ask(bench, "SELECT count(*) FROM event WHERE day = 20500"), 2);
	/* a disk that fails in the middle is logged, and the next day begins anew */
	tell(bench, 20001, refund(STR("pi_old")));
	clock_fix(clock_from_utc_day(20500));
	store_fail_at(bench->support.db, 12);
	support_daily(&bench->support);
	while (bench->support.forget_timer != NULL)
		assert_true(loop_turn(room.loop, 1000, &f));
	store_fail_at(bench->support.db, 0);
	assert_int_equal(events(bench), 4);
	support_daily(&bench->support);
	while (bench->support.forget_timer != NULL)
		assert_true(loop_turn(room.loop, 1000, &f));
	assert_int_equal(events(bench), 3);
	clock_fix((struct when){0});
	bench->support.room = NULL;
	loop_close(&room.loop);
}

/* How a query finds its rows. */
static bool is_found_by(struct bench *bench, enum support_sql query, const char *words)
{
	struct str text = str_format(&bench->arena, "EXPLAIN QUERY PLAN %.*s", STR_ARG(support_sql[query].text));
	sqlite3_stmt *statement = NULL;
	sqlite3 *db = NULL;
	bool found = false;

	assert_int_equal(sqlite3_open(bench->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, text.at, (int) text.len, &statement, NULL), SQLITE_OK);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		const char *step = (const char *) sqlite3_column_text(statement, 3);

		found = found || strstr(step, words) != NULL;
		assert_null(strstr(step, "TEMP B-TREE"));
	}
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return found;
}

/* By a part's own keys, never by reading what lies beside it. */
static void no_row_is_looked_at_twice(void **state)
{
	struct bench *bench = *state;

	assert_true(is_found_by(bench, SUPPORT_SQL_EVENT_OLD, "event USING PRIMARY KEY (subject>? AND subject<?)"));
	assert_true(is_found_by(bench, SUPPORT_SQL_HANDLE_FORGET, "event USING PRIMARY KEY (subject>? AND subject<?)"));
	assert_true(is_found_by(bench, SUPPORT_SQL_EVENT_PART_END, "event USING PRIMARY KEY (subject>?)"));
	assert_true(is_found_by(bench, SUPPORT_SQL_EVENT_FORGET, "event USING COVERING INDEX event_open (state=? AND day<?)"));
	assert_true(is_found_by(bench, SUPPORT_SQL_EVENT_DROP_UNBOOKED, "event USING PRIMARY KEY (subject=?)"));
	assert_true(is_found_by(bench, SUPPORT_SQL_EVENT_MOVE, "event USING PRIMARY KEY (subject=? AND id>? AND id<?)"));
	assert_true(is_found_by(bench, SUPPORT_SQL_WISH_HANDLE, "e USING PRIMARY KEY (subject=?)"));
	assert_true(is_found_by(bench, SUPPORT_SQL_ASK_DROP_SUBJECT, "ask USING INDEX ask_subject"));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, bench_set_up, bench_tear_down)
	const struct CMUnitTest tests[] = {
		T(what_is_unbooked_is_forgotten_together),
		T(old_questions_go),
		T(what_was_joined_is_forgotten_together),
		T(what_is_booked_stays),
		T(many_go_in_parts),
		T(a_spoiled_row_stops_nothing),
		T(a_foreign_subscription_is_forgotten_by_the_day),
		T(a_known_subscription_is_ours),
		T(a_handle_opens_after_a_join),
		T(the_day_forgets_it_all),
		T(no_row_is_looked_at_twice),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
