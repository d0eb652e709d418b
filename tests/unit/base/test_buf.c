/* SPDX-License-Identifier: ISC */
#include "base_test.h"
#include "base/buf.h"

static void it_grows_and_ends_in_nul(void **state)
{
	struct buf buf;

	(void) state;
	buf_init(&buf, 100000);
	assert_int_equal(buf.at[0], '\0');
	for (int i = 0; i < 10000; i++) {
		buf_add_char(&buf, (char) ('a' + i % 26));
		assert_int_equal(buf.at[buf.len], '\0');
	}
	assert_int_equal(buf.len, 10000);
	assert_int_equal(buf.at[9999], 'a' + 9999 % 26);
	buf_cut(&buf, 3);
	assert_str(buf_view(&buf), "abc");
	assert_int_equal(strlen(buf.at), 3);
	buf_clear(&buf);
	assert_int_equal(buf.len, 0);
	buf_release(&buf);
	buf_add_text(&buf, "again");
	assert_str(buf_view(&buf), "again");
	buf_release(&buf);
}

static void the_cap_is_met_exactly_and_never_passed(void **state)
{
	struct fault f = {0};
	struct buf buf;

	(void) state;
	buf_init(&buf, 10);
	buf_add_text(&buf, "0123456789");
	assert_true(buf_check(&buf, "the test", &f));
	buf_add(&buf, "", 0);
	assert_false(buf.over);
	buf_add_char(&buf, 'x');
	assert_true(buf.over);
	assert_str(buf_view(&buf), "0123456789");
	assert_false(buf_check(&buf, "the test", &f));
	assert_fault(&f, FAULT_FULL, "the test is larger");
	buf_release(&buf);
}

static void once_over_nothing_more_is_written(void **state)
{
	struct buf buf;

	(void) state;
	buf_init(&buf, 300);
	buf_add_text(&buf, "begin");
	assert_null(buf_reserve(&buf, 296));
	buf_add_text(&buf, "would fit");
	buf_format(&buf, "%d", 5);
	buf_add_i64(&buf, 1);
	assert_str(buf_view(&buf), "begin");
	buf_clear(&buf);
	buf_add_text(&buf, "fits");
	assert_str(buf_view(&buf), "fits");
	buf_release(&buf);
}

static void sizes_near_the_largest_do_not_wrap(void **state)
{
	struct buf buf;

	(void) state;
	buf_init(&buf, 10);
	buf_add_text(&buf, "ab");
	assert_null(buf_reserve(&buf, SIZE_MAX));
	assert_null(buf_reserve(&buf, SIZE_MAX - 1));
	buf_release(&buf);
}

static void a_zeroed_buffer_takes_nothing(void **state)
{
	struct buf buf = {0};

	(void) state;
	buf_add_text(&buf, "x");
	assert_true(buf.over);
	assert_int_equal(buf_view(&buf).len, 0);
	buf_clear(&buf);
	buf_release(&buf);
}

static void writers_write(void **state)
{
	struct buf buf;
	char *at;

	(void) state;
	buf_init(&buf, 1000);
	buf_add_i64(&buf, INT64_MIN);
	buf_add_char(&buf, '\0');
	buf_add_str(&buf, (struct str){NULL, 0});
	buf_add_str(&buf, STR("x"));
	buf_format(&buf, "[%5.2f|%s]", 1.5, "y");
	assert_int_equal(buf.len, 20 + 1 + 1 + 9);
	assert_memory_equal(buf.at, "-9223372036854775808\0x[ 1.50|y]", buf.len);
	at = buf_reserve(&buf, 500);
	assert_non_null(at);
	memset(at, 'z', 500);
	buf_grown(&buf, 400);
	assert_int_equal(buf.len, 31 + 400);
	assert_int_equal(buf.at[buf.len], '\0');
	buf_release(&buf);
}

static void a_long_format_is_whole(void **state)
{
	struct buf buf;

	(void) state;
	buf_init(&buf, 100000);
	buf_format(&buf, "%050000d", 7);
	assert_int_equal(buf.len, 50000);
	assert_int_equal(buf.at[49999], '7');
	buf_release(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_grows_and_ends_in_nul),
		cmocka_unit_test(the_cap_is_met_exactly_and_never_passed),
		cmocka_unit_test(once_over_nothing_more_is_written),
		cmocka_unit_test(sizes_near_the_largest_do_not_wrap),
		cmocka_unit_test(a_zeroed_buffer_takes_nothing),
		cmocka_unit_test(writers_write),
		cmocka_unit_test(a_long_format_is_whole),
	};

	return RUN(tests);
}
