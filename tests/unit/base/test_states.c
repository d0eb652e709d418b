/* test_states.c: a small machine: names both ways, moves that are listed and those that are not.
 * SPDX-License-Identifier: ISC */
#include "base_test.h"

#include "base/states.h"

#define DOOR_STATES(X) X(DOOR_OPEN, "open", "anybody comes in") X(DOOR_SHUT, "shut", "nobody does")
#define DOOR_STEPS(X) X(DOOR_IS_SHUT) X(DOOR_IS_OPENED)
#define DOOR_MOVES(X) X(DOOR_OPEN, DOOR_IS_SHUT, DOOR_SHUT) X(DOOR_SHUT, DOOR_IS_OPENED, DOOR_OPEN)

STATES_DECLARE(door, DOOR)
STATES_DEFINE(door, DOOR)

static void names_go_both_ways(void **state)
{
	enum door_state found = DOOR_OPEN;

	(void) state;
	for (unsigned i = 0; i < DOOR_STATE_COUNT; i++) {
		assert_true(door_state_from(door_state_name((enum door_state) i), &found));
		assert_int_equal(found, i);
	}
	assert_true(str_is(door_state_name(DOOR_SHUT), "shut"));
	assert_false(door_state_from(STR("SHUT"), &found));
	assert_false(door_state_from(STR("shu"), &found));
	assert_false(door_state_from(STR(""), &found));
}

static void only_listed_moves_move(void **state)
{
	enum door_state to = DOOR_SHUT;

	(void) state;
	assert_true(door_next(DOOR_OPEN, DOOR_IS_SHUT, &to));
	assert_int_equal(to, DOOR_SHUT);
	assert_false(door_next(DOOR_SHUT, DOOR_IS_SHUT, &to));
	assert_int_equal(to, DOOR_SHUT);
	assert_true(door_next(DOOR_SHUT, DOOR_IS_OPENED, &to));
	assert_int_equal(to, DOOR_OPEN);
	assert_false(door_next(DOOR_OPEN, DOOR_IS_OPENED, &to));
	assert_int_equal(to, DOOR_OPEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_go_both_ways),
		cmocka_unit_test(only_listed_moves_move),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
