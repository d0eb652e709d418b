/* test_states.c: the state machines' tables against the schema, and what must hold of each.
 * SPDX-License-Identifier: ISC */
#include "support_bench.h"

#define X_NAME(state, name, meaning) name,

/* Where a step leads; the same state where there is no such move. */
#define AFTER(name, from, step) after_##name((enum name##_state) (from), (enum name##_step) (step))
#define DEFINE_AFTER(name) \
	static enum name##_state after_##name(enum name##_state from, enum name##_step step) \
	{ \
		enum name##_state to; \
		bool moved = name##_next(from, step, &to); \
		assert_true(moved || to == from); \
		return to; \
	}
DEFINE_AFTER(checkout)
DEFINE_AFTER(mandate)
DEFINE_AFTER(refund)

/* "(state IN ('a', 'b'))" or "(state = 'a' OR state = 'b')" as the schema must have it, on however many lines. */
static void check_schema(const char *table, const char *const *names, size_t count)
{
	char list[512] = "(state IN (", either[512] = "(", begin[64], flat[8192];
	size_t len = 0;
	struct str schema = {NULL, 0}, part;
	size_t at;

	for (size_t i = 0, first = 1; i < count; i++) {
		if (names[i][0] == '\0')
			continue;
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s'%s'", first ? "" : ", ", names[i]);
		snprintf(either + strlen(either), sizeof(either) - strlen(either), "%sstate = '%s'", first ? "" : " OR ", names[i]);
		first = 0;
	}
	strcat(list, "))");
	strcat(either, ")");
	snprintf(begin, sizeof(begin), "CREATE TABLE %s (", table);
	for (size_t i = 0; support_schema[i].name != NULL; i++) { /* the newest that makes it */
		at = str_find(support_schema[i].text, str_from(begin));
		if (at != SIZE_MAX)
			schema = str_part(support_schema[i].text, at, SIZE_MAX);
	}
	part = schema;
	part = str_part(part, 0, str_find(part, STR(") STRICT")));
	assert_true(part.len < sizeof(flat));
	for (size_t i = 0; i < part.len; i++)
		if (strchr("\n\t ", part.at[i]) == NULL)
			flat[len++] = part.at[i];
		else if (len > 0 && flat[len - 1] != ' ')
			flat[len++] = ' ';
	if (str_find(str_make(flat, len), str_from(list)) == SIZE_MAX && str_find(str_make(flat, len), str_from(either)) == SIZE_MAX)
		fail_msg("schema of %s does not say %s", table, list);
}

static void the_schema_knows_the_same_states(void **state)
{
	static const char *const checkout[] = {CHECKOUT_STATES(X_NAME)};
	static const char *const mandate[] = {MANDATE_STATES(X_NAME)};
	static const char *const contribution[] = {CONTRIBUTION_STATES(X_NAME)};
	static const char *const refund[] = {REFUND_STATES(X_NAME)};
	static const char *const notice[] = {NOTICE_STATES(X_NAME)};
	static const char *const refund_wish[] = {WISH_STATES(X_NAME)};
	static const char *const event[] = {EVENT_STATES(X_NAME)};
	static const char *const dispute[] = {DISPUTE_STATES(X_NAME)};
	static const char *const payout[] = {PAYOUT_STATES(X_NAME)};
	static const char *const renewal[] = {RENEWAL_STATES(X_NAME)};

	(void) state;
#define CHECK(name) check_schema(#name, name, sizeof(name) / sizeof(name[0]))
	CHECK(checkout);
	CHECK(mandate);
	CHECK(contribution);
	CHECK(refund);
	CHECK(notice);
	CHECK(refund_wish);
	CHECK(event);
	CHECK(dispute);
	CHECK(payout);
	CHECK(renewal);
}

static void money_wins_and_stays(void **state)
{
	(void) state;
	for (unsigned i = 0; i < CHECKOUT_STATE_COUNT; i++)
		assert_int_equal(AFTER(checkout, i, CHECKOUT_IS_PAID), CHECKOUT_PAID);
	for (unsigned i = 0; i < CHECKOUT_STEP_COUNT; i++)
		assert_int_equal(AFTER(checkout, CHECKOUT_PAID, i), CHECKOUT_PAID);
}

static void what_ended_stays_ended(void **state)
{
	(void) state;
	for (unsigned i = 0; i < MANDATE_STATE_COUNT; i++)
		assert_int_equal(AFTER(mandate, i, MANDATE_HAS_ENDED), MANDATE_ENDED);
	for (unsigned i = 0; i < MANDATE_STEP_COUNT; i++)
		assert_int_equal(AFTER(mandate, MANDATE_ENDED, i), MANDATE_ENDED);
	for (unsigned i = 0; i < REFUND_STEP_COUNT; i++)
		assert_int_equal(AFTER(refund, REFUND_FAILED, i), REFUND_FAILED);
}

static void names_are_found_again(void **state)
{
	enum checkout_state found;

	(void) state;
	for (unsigned i = 0; i < CHECKOUT_STATE_COUNT; i++) {
		assert_true(checkout_state_from(checkout_state_name((enum checkout_state) i), &found));
		assert_int_equal(found, i);
	}
	assert_false(checkout_state_from(STR("PAID"), &found));
	assert_false(checkout_state_from(STR(""), &found));
}

/* A crash in the middle of cancelling: after the next start it is in doubt, not forgotten. */
static void cancelling_is_doubted_after_a_start(void **state)
{
	struct bench *bench = *state;
	struct support_checkout checkout = {.frequency = FREQUENCY_MONTHLY};
	struct support_mandate mandate;
	struct fault f = {0};
	char token[27];

	checkout.id = bench_checkout(bench, FREQUENCY_MONTHLY, 500, token);
	assert_true(support_know_mandate(&bench->support, &checkout, STR("sub_9"), &mandate, &f));
	assert_true(support_move_mandate(&bench->support, &mandate, MANDATE_IS_CANCELLED, &f));
	store_close(&bench->support.db);
	bench_open(bench);
	assert_true(support_doubt_cancelling(&bench->support, &f));
	assert_true(support_find_mandate(&bench->support, checkout.id, true, &bench->arena, &mandate, &f));
	assert_int_equal(mandate.state, MANDATE_UNCERTAIN);
	assert_true(str_is(mandate.subscription, "sub_9"));
	/* a second subscription for the same checkout changes nothing */
	assert_true(support_know_mandate(&bench->support, &checkout, STR("sub_10"), &mandate, &f));
	assert_int_equal(mandate.state, MANDATE_UNCERTAIN);
}

/* Other keys than the database's are known before anything is booked under them. */
static void foreign_keys_are_refused(void **state)
{
	struct bench *bench = *state;
	struct secret *seal_key = bench->support.seal_key, *index_key = bench->support.index_key;
	unsigned char public_key[SEAL_KEY_BYTES];
	struct support_checkout checkout = {0};
	struct support_mandate mandate;
	struct fault f = {0};
	char token[27];

	assert_true(support_keys_fit(&bench->support, &f)); /* an empty one fits all */
	checkout.id = bench_checkout(bench, FREQUENCY_MONTHLY, 500, token);
	assert_true(support_know_mandate(&bench->support, &checkout, STR("sub_11"), &mandate, &f));
	assert_true(support_keys_fit(&bench->support, &f));
	bench->support.index_key = secret_new(STR("another-key-another-key-another-"));
	assert_false(support_keys_fit(&bench->support, &f));
	assert_int_equal(f.kind, FAULT_DENIED);
	secret_free(&bench->support.index_key);
	bench->support.index_key = index_key;
	bench->support.seal_key = seal_new_key(public_key);
	fault_clear(&f);
	assert_false(support_keys_fit(&bench->support, &f));
	secret_free(&bench->support.seal_key);
	bench->support.seal_key = seal_key;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_schema_knows_the_same_states), cmocka_unit_test(money_wins_and_stays),
		cmocka_unit_test(what_ended_stays_ended), cmocka_unit_test(names_are_found_again),
		cmocka_unit_test_setup_teardown(cancelling_is_doubted_after_a_start, bench_set_up, bench_tear_down),
		cmocka_unit_test_setup_teardown(foreign_keys_are_refused, bench_set_up, bench_tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
