/* test_words.c: slugs, folding, key terms, excerpts, in the scripts that newsrooms write.
 * SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/arena.h"
#include "base/fault.h"
#include "press/words.h"

static struct arena arena;

static void expect_slug(const char *text, const char *slug)
{
	struct slug out;
	struct slug again;
	struct fault f = {0};

	assert_true(slug_from(str_from(text), &out, &f));
	assert_string_equal(out.text, slug);
	assert_true(slug_parse(str_from(slug), &again, &f));
}

static void slugs(void **state)
{
	char many[600];
	struct slug out;
	struct fault f = {0};

	(void) state;
	expect_slug("River Towns Brace for a Third Dry Winter", "river-towns-brace-for-a-third-dry-winter");
	expect_slug("  “Don’t” -- stop/../now?  ", "dont-stop-now");
	expect_slug("Ёлка и Йод, 2026", "ёлка-и-йод-2026");
	expect_slug("e\xcc\x81te\xcc\x81", "\xc3\xa9t\xc3\xa9");
	expect_slug("بلدات النهر", "بلدات-النهر");
	expect_slug("ÇAĞRI", "çağri");
	assert_false(slug_from(STR("?!…"), &out, &f));
	assert_int_equal(f.kind, FAULT_INPUT);
	memset(many, 0, sizeof(many));
	for (size_t i = 0; i < 100; i++)
		memcpy(many + i * 5, "word ", 5);
	fault_clear(&f);
	assert_true(slug_from(str_from(many), &out, &f));
	assert_true(strlen(out.text) <= 96 && strlen(out.text) > 80);
	assert_int_equal(out.text[strlen(out.text) - 1], 'd');
	memset(many, 'x', 500);
	assert_true(slug_from(str_from(many), &out, &f));
	assert_int_equal(strlen(out.text), 96);
	for (size_t i = 0; i < 500; i += 2)
		memcpy(many + i, "ж", 2);
	assert_true(slug_from(str_from(many), &out, &f));
	assert_true(str_is_utf8(str_from(out.text)));
}

static void typed_slugs(void **state)
{
	static const char *const bad[] = {"", "A", "a b", "-a", "a-", "a--b", "a/b", "../a", "a.b", "a\n", "e\xcc\x81", "\xff", "a\xff" "b"};
	size_t i;

	(void) state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct slug out;
		struct fault f = {0};

		assert_false(slug_parse(str_from(bad[i]), &out, &f));
		assert_int_equal(f.kind, FAULT_INPUT);
	}
}

static void expect_fold(const char *text, const char *folded)
{
	struct buf buf;

	buf_init(&buf, 1000);
	assert_true(words_fold(str_from(text), &buf));
	assert_string_equal(buf.at, folded);
	buf_release(&buf);
}

static void folding(void **state)
{
	struct buf buf;

	(void) state;
	expect_fold("River TOWNS", "river towns");
	expect_fold("Ёлка", "елка");
	expect_fold("Straße ﬁn Ｗide", "strasse fin wide");
	expect_fold("مُحَمَّد", "محمد");
	expect_fold("أحمد إلى آخر", "احمد الي اخر");
	expect_fold("الـــكتاب", "الكتاب");
	expect_fold("کی", "كي");
	expect_fold("café", "cafe");
	expect_fold("한국", "한국");
	buf_init(&buf, 1000);
	assert_false(words_fold(STR("\xff\xfe"), &buf));
	buf_release(&buf);
	buf_init(&buf, 3);
	assert_false(words_fold(STR("abcdef"), &buf));
	buf_release(&buf);
}

static void key_terms(void **state)
{
	struct str terms[16];
	size_t count;

	(void) state;
	count = words_key_terms(STR("The aquifer would not recover. Aquifer levels, the aquifer's inspectors said, fall; inspectors would know. 2026 2026 2026"),
		STR("en"), terms, 3, &arena);
	assert_int_equal(count, 3);
	assert_true(str_is(terms[0], "aquifer"));
	assert_true(str_is(terms[1], "inspectors"));
	assert_int_equal(words_key_terms(STR("который также сказал"), STR("ru"), terms, 16, &arena), 0);
	count = words_key_terms(STR("水库水库下降"), STR("zh"), terms, 16, &arena);
	assert_true(count >= 3);
	assert_true(str_is(terms[0], "水库"));
	assert_int_equal(words_key_terms(STR(""), STR("en"), terms, 16, &arena), 0);
	assert_int_equal(words_key_terms(STR("\xff"), STR("en"), terms, 16, &arena), 0);
	assert_int_equal(words_key_terms(STR("something telling"), STR("en"), terms, 0, &arena), 0);
}

static void excerpts(void **state)
{
	(void) state;
	assert_true(str_is(words_excerpt(STR(" short "), 100, &arena), "short"));
	assert_true(str_is(words_excerpt(STR("One sentence. Another sentence follows here."), 25, &arena), "One sentence."));
	assert_true(str_is(words_excerpt(STR("no sentence ends in this long text"), 14, &arena), "no sentence…"));
	assert_true(str_is(words_excerpt(STR("жжжжжжжжжж"), 4, &arena), "жжжж…"));
	assert_true(str_is(words_excerpt(STR(""), 4, &arena), ""));
	assert_int_equal(words_count(STR("one, two-three don’t — четыре")), 4);
	assert_int_equal(words_count(STR("")), 0);
}

static void nfc(void **state)
{
	struct str out;
	struct fault f = {0};

	(void) state;
	assert_true(words_nfc(STR("e\xcc\x81"), &arena, &out, &f));
	assert_true(str_is(out, "\xc3\xa9"));
	assert_false(words_nfc(STR("\xc3"), &arena, &out, &f));
	assert_int_equal(f.kind, FAULT_INPUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slugs), cmocka_unit_test(typed_slugs), cmocka_unit_test(folding), cmocka_unit_test(key_terms),
		cmocka_unit_test(excerpts), cmocka_unit_test(nfc),
	};
	int failed;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	arena_init(&arena, "test", 16 * 1024 * 1024);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_release(&arena);
	return failed;
}
