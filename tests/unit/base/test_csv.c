/* test_csv.c: records of comma-separated values: what is one, what is refused and by which line, and that what is written is read again.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/csv.h"

static void expect(struct csv *csv, int64_t line, size_t count, const char *const *fields)
{
	assert_int_equal(csv_next(csv), CSV_RECORD);
	assert_int_equal(csv->line, line);
	assert_int_equal(csv->count, count);
	for (size_t i = 0; i < count; i++)
		assert_true(str_is(csv->fields[i], fields[i]));
}

static void test_records(void **state)
{
	struct csv csv;

	(void) state;
	csv_init(&csv, STR("\xef\xbb\xbf" "a,b\r\n\"x, \"\"y\"\"\",\"\"\n\n\"two\nlines\",z\n,\nlast"));
	expect(&csv, 1, 2, (const char *[]){"a", "b"});
	expect(&csv, 2, 2, (const char *[]){"x, \"y\"", ""});
	expect(&csv, 4, 2, (const char *[]){"two\nlines", "z"});
	expect(&csv, 6, 2, (const char *[]){"", ""});
	expect(&csv, 7, 1, (const char *[]){"last"});
	assert_int_equal(csv_next(&csv), CSV_END);
	assert_int_equal(csv_next(&csv), CSV_END);
	csv_release(&csv);
}

/* Each costs its own line, and the next one is read. */
static void test_refused(void **state)
{
	static const char *const bad[] = {"a\"b,c", "\"a\"b,c", "\"open,c", "a\rb", "\xff,c", "1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3"};
	char text[400];

	(void) state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct csv csv;

		snprintf(text, sizeof(text), "one\n%s\nthree\n", bad[i]);
		csv_init(&csv, str_from(text));
		expect(&csv, 1, 1, (const char *[]){"one"});
		assert_int_equal(csv_next(&csv), CSV_BAD);
		assert_int_equal(csv.line, 2);
		assert_non_null(csv.why);
		expect(&csv, 3, 1, (const char *[]){"three"});
		assert_int_equal(csv_next(&csv), CSV_END);
		csv_release(&csv);
	}
}

static void test_too_long(void **state)
{
	size_t len = CSV_RECORD_BYTES + 100;
	char *text = malloc(len + 10);
	struct csv csv;

	(void) state;
	for (int quoted = 0; quoted < 2; quoted++) {
		memset(text, 'x', len);
		if (quoted)
			text[0] = '"';
		memcpy(text + len, "\nb\n", 4);
		csv_init(&csv, str_from(text));
		assert_int_equal(csv_next(&csv), CSV_BAD);
		expect(&csv, 2, 1, (const char *[]){"b"});
		csv_release(&csv);
	}
	free(text);
}

static void test_a_nul_is_refused(void **state)
{
	struct csv csv;

	(void) state;
	csv_init(&csv, STR("a\0b,c\n\"a\0b\",c\nd\n"));
	assert_int_equal(csv_next(&csv), CSV_BAD);
	assert_int_equal(csv_next(&csv), CSV_BAD);
	expect(&csv, 3, 1, (const char *[]){"d"});
	csv_release(&csv);
}

static void test_written_is_read(void **state)
{
	static const char *const fields[] = {"", "plain", "a,b", "say \"no\"", "two\nlines", "\"", "=1+1", "й, ё"};
	struct buf out;
	struct csv csv;

	(void) state;
	buf_init(&out, 4096);
	for (size_t i = 0; i < 8; i++) {
		if (i > 0)
			buf_add_char(&out, ',');
		csv_write(&out, str_from(fields[i]));
	}
	buf_add_text(&out, "\r\n");
	csv_init(&csv, buf_view(&out));
	expect(&csv, 1, 8, fields);
	csv_release(&csv);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_a_nul_is_refused),
		cmocka_unit_test(test_written_is_read),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
