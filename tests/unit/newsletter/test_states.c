/* test_states.c: the state machines' tables, and their names in the schema's CHECKs.
 * SPDX-License-Identifier: ISC */
#include "newsletter_test.h"

/* The text of the newest CREATE TABLE of this name: a later migration may make the table anew, as `table_new`. */
static bool find_table(const char *table, const char *suffix, struct str *schema)
{
	bool found = false;
	char start[64];

	snprintf(start, sizeof(start), "CREATE TABLE %s%s (", table, suffix);
	for (size_t i = 0; newsletter_schema[i].name != NULL; i++) {
		size_t at = str_find(newsletter_schema[i].text, str_from(start));

		if (at == SIZE_MAX)
			continue;
		*schema = str_part(newsletter_schema[i].text, at, SIZE_MAX);
		*schema = str_part(*schema, 0, str_find(*schema, STR("STRICT")));
		found = true;
	}
	return found;
}

static void flatten(struct str text, struct buf *out)
{
	struct str line;

	while (str_next(&text, '\n', &line)) {
		buf_add_str(out, str_trim(line));
		buf_add_char(out, ' ');
	}
}

/* "CHECK (state IN ('a', 'b'))" or "CHECK (state = 'a' OR state = 'b')" of a table must be exactly the names, in the table's order. */
static void check_against_schema(const char *table, struct str (*name)(unsigned), unsigned count)
{
	struct str schema = {NULL, 0};
	struct buf list, either, flat;

	assert_true(find_table(table, "_new", &schema) || find_table(table, "", &schema));
	buf_init(&list, 1024);
	buf_init(&either, 1024);
	buf_init(&flat, 64 * 1024);
	for (unsigned i = 0; i < count; i++) {
		buf_format(&list, "%s'%.*s'", i > 0 ? ", " : "CHECK (state IN (", STR_ARG(name(i)));
		buf_format(&either, "%sstate = '%.*s'", i > 0 ? " OR " : "CHECK (", STR_ARG(name(i)));
	}
	buf_add_text(&list, "))");
	buf_add_char(&either, ')');
	flatten(schema, &flat);
	assert_true(str_find(buf_view(&flat), buf_view(&list)) != SIZE_MAX || str_find(buf_view(&flat), buf_view(&either)) != SIZE_MAX);
	buf_release(&flat);
	buf_release(&either);
	buf_release(&list);
}

static struct str delivery_name(unsigned i) { return delivery_state_name((enum delivery_state) i); }
static struct str issue_name(unsigned i) { return issue_state_name((enum issue_state) i); }
static struct str subscriber_name(unsigned i) { return subscriber_state_name((enum subscriber_state) i); }
static struct str signing_key_name(unsigned i) { return signing_key_state_name((enum signing_key_state) i); }

static struct str schedule_name(unsigned i) { return schedule_state_name((enum schedule_state) i); }
static struct str import_name(unsigned i) { return import_state_name((enum import_state) i); }

static void test_schema(void **state)
{
	(void) state;
	check_against_schema("delivery", delivery_name, DELIVERY_STATE_COUNT);
	check_against_schema("issue", issue_name, ISSUE_STATE_COUNT);
	check_against_schema("subscriber", subscriber_name, SUBSCRIBER_STATE_COUNT);
	check_against_schema("signing_key", signing_key_name, SIGNING_KEY_STATE_COUNT);
	check_against_schema("schedule", schedule_name, SCHEDULE_STATE_COUNT);
	check_against_schema("import", import_name, IMPORT_STATE_COUNT);
}

static void test_names(void **state)
{
	(void) state;
	for (unsigned i = 0; i < DELIVERY_STATE_COUNT; i++) {
		enum delivery_state back;

		assert_true(delivery_state_from(delivery_name(i), &back));
		assert_int_equal(back, i);
	}
	for (unsigned i = 0; i < ISSUE_STATE_COUNT; i++) {
		enum issue_state back;

		assert_true(issue_state_from(issue_name(i), &back));
		assert_int_equal(back, i);
	}
	{
		enum delivery_state none;

		assert_false(delivery_state_from(STR("gone"), &none));
		assert_false(delivery_state_from(STR(""), &none));
	}
}

/* Every mail can end, and what has ended stays. Nothing leads from `sending` or `in_doubt` back to a second sending but a
 * server's own "later". */
static void test_moves(void **state)
{
	static const enum delivery_state ends[] = {DELIVERY_ACCEPTED, DELIVERY_REFUSED, DELIVERY_IN_DOUBT, DELIVERY_LEFT};
	enum delivery_state to;
	enum issue_state issue_to;

	(void) state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		for (unsigned step = 0; step < DELIVERY_STEP_COUNT; step++)
			if (ends[i] != DELIVERY_IN_DOUBT || step != DELIVERY_IS_RESENT) /* by hand */
				assert_false(delivery_next(ends[i], (enum delivery_step) step, &to));
	for (unsigned step = 0; step < DELIVERY_STEP_COUNT; step++)
		if (delivery_next(DELIVERY_SENDING, (enum delivery_step) step, &to)) {
			assert_int_not_equal(to, DELIVERY_QUEUED);
			assert_int_not_equal(to, DELIVERY_CLAIMED);
			assert_int_not_equal(to, DELIVERY_LEFT);
		}
	assert_false(delivery_next(DELIVERY_CLAIMED, DELIVERY_IS_ACCEPTED, &to));
	assert_false(delivery_next(DELIVERY_SENDING, DELIVERY_IS_RESENT, &to));
	assert_false(delivery_next(DELIVERY_QUEUED, DELIVERY_IS_DOTTED, &to));
	assert_false(issue_next(ISSUE_SENT, ISSUE_IS_APPROVED, &issue_to));
	assert_false(issue_next(ISSUE_FROZEN, ISSUE_IS_DONE, &issue_to));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_schema), cmocka_unit_test(test_names), cmocka_unit_test(test_moves),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
