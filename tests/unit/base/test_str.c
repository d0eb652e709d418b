/* SPDX-License-Identifier: ISC */
#include "base_test.h"

static const struct str none = {NULL, 0};

static void the_empty_str_is_valid_everywhere(void **state)
{
	struct str rest = none;
	struct str piece;
	struct arena arena;
	int64_t n;

	(void) state;
	assert_true(str_equal(none, STR("")));
	assert_true(str_is(none, ""));
	assert_true(str_is(none, NULL));
	assert_true(str_equal_nocase(none, none));
	assert_int_equal(str_compare(none, none), 0);
	assert_true(str_compare(none, STR("a")) < 0);
	assert_true(str_starts(none, none));
	assert_true(str_ends(STR("a"), none));
	assert_int_equal(str_find_char(none, 'a'), SIZE_MAX);
	assert_int_equal(str_find(none, STR("a")), SIZE_MAX);
	assert_int_equal(str_find(none, none), 0);
	assert_null(str_part(none, 5, 5).at);
	assert_null(str_cut(none, 5).at);
	assert_int_equal(str_trim(none).len, 0);
	assert_false(str_next(&rest, ',', &piece));
	assert_false(str_to_i64(none, &n));
	assert_true(str_is_utf8(none));
	assert_false(str_has_control(none));
	assert_int_equal(str_count_chars(none), 0);
	arena_init(&arena, "test", 100);
	assert_string_equal(str_to_c(none, &arena), "");
	arena_release(&arena);
	assert_int_equal(str_from(NULL).len, 0);
}

static void comparing(void **state)
{
	(void) state;
	assert_false(str_equal(STR("ab"), STR("aB")));
	assert_true(str_equal_nocase(STR("aB-[1"), STR("Ab-[1")));
	assert_false(str_equal_nocase(STR("["), STR("{"))); /* 32 apart like letters, but none */
	assert_true(str_equal_nocase(STR("\xc3\x84"), STR("\xc3\x84")));
	assert_false(str_equal_nocase(STR("\xc3\x84"), STR("\xc3\xa4"))); /* ASCII only */
	assert_true(str_compare(STR("a"), STR("ab")) < 0);
	assert_true(str_compare(STR("b"), STR("ab")) > 0);
	assert_true(str_compare(STR("\xff"), STR("a")) > 0);
	assert_true(str_starts(STR("abc"), STR("ab")));
	assert_false(str_starts(STR("a"), STR("ab")));
	assert_true(str_ends(STR("abc"), STR("bc")));
	assert_false(str_ends(STR("c"), STR("bc")));
	assert_true(str_equal(str_make("a\0b", 3), STR("a\0b")));
	assert_false(str_is(str_make("a\0b", 3), "a"));
}

static void finding_and_cutting(void **state)
{
	(void) state;
	assert_int_equal(str_find(STR("one two"), STR("two")), 4);
	assert_int_equal(str_find(STR("one"), STR("oneone")), SIZE_MAX);
	assert_int_equal(str_find_char(STR("a\0b"), '\0'), 1);
	assert_str(str_part(STR("abcdef"), 2, 3), "cde");
	assert_str(str_part(STR("abcdef"), 4, SIZE_MAX), "ef");
	assert_str(str_part(STR("abcdef"), 9, 1), "");
	assert_str(str_cut(STR("abcdef"), 6), "abcdef");
	assert_str(str_cut(STR("abcdef"), 4), "abcd");
	assert_str(str_cut(STR("aжb"), 3), "aж");
	assert_str(str_cut(STR("aжb"), 2), "a");
	for (size_t most = 0; most < 3; most++)
		assert_str(str_cut(STR("ქა"), most), "");
	assert_str(str_cut(STR("ქა"), 3), "ქ");
	assert_str(str_cut(STR("ქა"), 6), "ქა");
	assert_str(str_trim(STR(" \t\r\n\v\fa b \n")), "a b");
	assert_str(str_trim(STR(" \n")), "");
	assert_str(str_trim(STR("\xc2\xa0")), "\xc2\xa0");
}

static void pieces(void **state)
{
	struct str rest = STR("a,,b");
	struct str piece;

	(void) state;
	assert_true(str_next(&rest, ',', &piece));
	assert_str(piece, "a");
	assert_true(str_next(&rest, ',', &piece));
	assert_str(piece, "");
	assert_true(str_next(&rest, ',', &piece));
	assert_str(piece, "b");
	assert_false(str_next(&rest, ',', &piece));
	assert_null(rest.at);
	rest = STR("a,");
	assert_true(str_next(&rest, ',', &piece));
	assert_true(str_next(&rest, ',', &piece));
	assert_str(piece, "");
	assert_false(str_next(&rest, ',', &piece));
	rest = STR("");
	assert_true(str_next(&rest, ',', &piece));
	assert_false(str_next(&rest, ',', &piece));
}

static void numbers(void **state)
{
	static const char *const bad[] = {"", "-", "+1", " 1", "1 ", "0x1", "1.0", "--1", "9223372036854775808",
		"-9223372036854775809", "99999999999999999999999999", "1-", "\xd9\xa1"};
	int64_t n = 0;

	(void) state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		n = 77;
		assert_false(str_to_i64(str_from(bad[i]), &n));
		assert_int_equal(n, 77);
	}
	assert_true(str_to_i64(STR("9223372036854775807"), &n) && n == INT64_MAX);
	assert_true(str_to_i64(STR("-9223372036854775808"), &n) && n == INT64_MIN);
	assert_true(str_to_i64(STR("-0"), &n) && n == 0);
	assert_true(str_to_i64(STR("007"), &n) && n == 7);
	assert_false(str_to_i64(str_make("1\0", 2), &n));
}

static void utf8_is_checked_strictly(void **state)
{
	static const char *const good[] = {"a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
		"\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "x\xe2\x82\xacy"};
	static const char *const bad[] = {
		"\x80", "\xbf", "\xc2", "\xc2\x41", "\xe2\x82", "\xe2\x82\x41", "\xf0\x90\x80", /* alone and cut */
		"\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", /* overlong */
		"\xed\xa0\x80", "\xed\xbf\xbf", /* surrogates */
		"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xfe", "\xff", /* too high */
		"ok\xe2\x82", "\xe2\x28\xa1",
	};

	(void) state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(str_is_utf8(str_from(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (str_is_utf8(str_from(bad[i])))
			fail_msg("bad[%zu] passed", i);
	assert_true(str_is_utf8(STR("a\0b")));
	assert_int_equal(str_count_chars(STR("x\xe2\x82\xacy\xf0\x9f\x98\x80")), 4);
	assert_true(str_has_control(STR("a\0")));
	assert_true(str_has_control(STR("\x7f")));
	assert_true(str_has_control(STR("\t")));
	assert_false(str_has_control(STR(" \xc2\x80")));
}

static void copies_live_in_the_arena(void **state)
{
	struct arena arena;
	struct str copy;
	char source[] = "text";

	(void) state;
	arena_init(&arena, "test", 64);
	copy = str_copy(str_from(source), &arena);
	source[0] = 'T';
	assert_str(copy, "text");
	assert_int_equal(copy.at[4], '\0');
	assert_str(str_format(&arena, "%s-%03d", "a", 7), "a-007");
	assert_null(str_copy(str_make(copy.at, 64), &arena).at);
	assert_null(str_to_c(str_make(copy.at, 64), &arena));
	assert_null(str_format(&arena, "%0100d", 1).at);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_empty_str_is_valid_everywhere),
		cmocka_unit_test(comparing),
		cmocka_unit_test(finding_and_cutting),
		cmocka_unit_test(pieces),
		cmocka_unit_test(numbers),
		cmocka_unit_test(utf8_is_checked_strictly),
		cmocka_unit_test(copies_live_in_the_arena),
	};

	return RUN(tests);
}
