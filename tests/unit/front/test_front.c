/* test_front.c: front's pure parts: paths, conditions, search expressions, limits, maps.
 * SPDX-License-Identifier: ISC */
#include "http/http_test.h"

#include "front/front_inside.h"
#include "press/words.h"

static void public_paths(void **state)
{
	static const char *const good[] = {"/", "/a/", "/a", "/2026/11/20/\xd0\xb4/", "/feed.xml", "/a/b.c", "/media/x-320.webp"};
	static const char *const bad[] = {"", "a", "//", "/a//", "/a//b", "//a", "/_x", "/a/_x/", "/.x", "/a/.x", "/search.db", "/search.db-shm", "/x.gz", "/x.br",
		"/a.tmp-7"};

	(void) state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!front_path_is_public(str_from(good[i])))
			fail_msg("refused: %s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (front_path_is_public(str_from(bad[i])))
			fail_msg("passed: %s", bad[i]);
}

static void etags(void **state)
{
	(void) state;
	assert_true(front_path_etag_matches(STR("\"a\""), STR("\"a\"")));
	assert_true(front_path_etag_matches(STR("\"b\" , W/\"a\""), STR("\"a\"")));
	assert_true(front_path_etag_matches(STR("*"), STR("\"a\"")));
	assert_false(front_path_etag_matches(STR("\"ab\""), STR("\"a\"")));
	assert_false(front_path_etag_matches(STR("a"), STR("\"a\"")));
	assert_false(front_path_etag_matches(STR(""), STR("\"a\"")));
	assert_false(front_path_etag_matches(STR(",,"), STR("")));
}

static void expressions(void **state)
{
	static const struct {
		const char *query, *expression;
	} cases[] = {
		{"tern", "\"tern\"*"}, {"Tern  River!", "\"tern\"* \"river\"*"}, {"a\"b OR NEAR(x)", "\"a\"* \"b\"* \"or\"* \"near\"* \"x\"*"},
		{"\xe2\x80\x9cquoted\xe2\x80\x9d \xe2\x80\x94 dash", "\"quoted\"* \"dash\"*"}, {"\xc2\xab\xd0\x94\xd0\x9e\xd0\x9c\xc2\xbb", "\"\xd0\xb4\xd0\xbe\xd0\xbc\"*"},
		{"title:x* ^y -z", "\"title\"* \"x\"* \"y\"* \"z\"*"}, {"", ""}, {"!?.,", ""}, {"\xd8\x9f", ""},
		{"1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18", "\"1\"* \"2\"* \"3\"* \"4\"* \"5\"* \"6\"* \"7\"* \"8\"* \"9\"* \"10\"* \"11\"* \"12\"* \"13\"* \"14\"* \"15\"* \"16\"*"},
	};

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct front_sought sought;
		struct buf folded, out;

		buf_init(&folded, 4096);
		buf_init(&out, 4096);
		assert_int_equal(front_search_read(str_from(cases[i].query), &folded, &sought), cases[i].expression[0] != '\0');
		assert_int_equal(front_search_express(&sought, &out), cases[i].expression[0] != '\0');
		assert_true(str_is(buf_view(&out), cases[i].expression));
		buf_release(&out);
		buf_release(&folded);
	}
}

static void endings(void **state)
{
	static const struct {
		const char *word, *shorter; /* shorter: NULL for as it is */
	} cases[] = {
		{"tern", NULL}, {"ferry", "ferr"}, {"rivers", "rive"}, {"elections", "electi"}, {"\xd0\xb3\xd0\xbe\xd1\x80\xd0\xbe\xd0\xb4\xd1\x83", "\xd0\xb3\xd0\xbe\xd1\x80\xd0\xbe"},
		{"\xd9\x85\xd8\xaf\xd9\x8a\xd9\x86\xd8\xa9", "\xd9\x85\xd8\xaf\xd9\x8a\xd9\x86"} /* five letters: one goes */,
	};

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct front_sought sought = {.words = {STR("a"), str_from(cases[i].word)}, .count = 2};

		assert_int_equal(front_search_shorten(&sought), cases[i].shorter != NULL);
		assert_true(str_is(sought.words[0], "a"));
		assert_true(str_is(sought.words[1], cases[i].shorter != NULL ? cases[i].shorter : cases[i].word));
	}
}

static void limits(void **state)
{
	struct limit *limit = front_limit_new();
	unsigned passed = 0;

	(void) state;
	for (int i = 0; i < 100; i++)
		passed += front_limit_take(limit, 1, false, 1000);
	assert_int_equal(passed, 20);
	assert_false(front_limit_take(limit, 1, false, 3000));
	assert_true(front_limit_take(limit, 1, false, 5000));
	assert_true(front_limit_take(limit, 2, false, 1000));   /* another network is not held up */
	passed = 0;
	for (int i = 0; i < 5000; i++)
		passed += front_limit_take(limit, 127, true, 1000);
	assert_true(passed >= 1900 && passed <= 2100);
	/* time passes and everything is as before */
	passed = 0;
	for (int i = 0; i < 100; i++)
		passed += front_limit_take(limit, 1, false, 1000000);
	assert_int_equal(passed, 20);
	front_limit_free(&limit);
}

static void marks(const char *query, const char *text, const char *wanted)
{
	struct front_sought sought = {.count = 0};
	struct buf folded;
	struct buf out;
	char is[2000];

	buf_init(&folded, 4096);
	buf_init(&out, 65536);
	assert_true(words_fold(str_from(query), &folded));
	sought.count = front_search_words(buf_view(&folded), sought.words);
	(void) front_search_mark(str_from(text), &sought, &out);
	snprintf(is, sizeof(is), "%.*s", STR_ARG(buf_view(&out)));
	assert_string_equal(is, wanted);
	buf_release(&folded);
	buf_release(&out);
}

static void what_was_sought_is_marked(void **state)
{
	(void) state;
	marks("river", "River towns & the riverbank, upriver", "<mark>River</mark> towns &amp; the <mark>riverbank</mark>, upriver");
	marks("елка", "Ёлка, ёлки и ЁЛКАМИ", "<mark>Ёлка</mark>, ёлки и <mark>ЁЛКАМИ</mark>");
	marks("المطر", "تأخّر المَطَر في الدلتا", "تأخّر <mark>المَطَر</mark> في الدلتا");
	marks("cafe naive", "A Café, naïve", "A <mark>Café</mark>, <mark>naïve</mark>");
	marks("x", "<b>", "&lt;b&gt;");
	marks("!!!", "Nothing", "Nothing");
	marks("b", "<b>b", "&lt;<mark>b</mark>&gt;<mark>b</mark>");
}

static void a_passage_shows_where(void **state)
{
	struct front_sought sought = {.words = {STR("tern")}, .count = 1};
	char text[2000] = "";
	bool before, after;
	struct str part;

	(void) state;
	for (int i = 0; i < 40; i++)
		strcat(text, "слово ещё ");
	strcat(text, "the Tern returns");
	part = front_search_passage(str_from(text), &sought, &before, &after);
	assert_true(before && !after && part.len < 200 && str_ends(part, STR("the Tern returns")) && str_is_utf8(part));
	for (int i = 0; i < 40; i++)
		strcat(text, " и слова");
	part = front_search_passage(str_from(text), &sought, &before, &after);
	assert_true(before && after && part.len <= 340 && str_is_utf8(part));
	assert_int_equal(front_search_passage(STR("nothing here"), &sought, &before, &after).len, 0);
	part = front_search_passage(STR("tern"), &sought, &before, &after);
	assert_true(str_is(part, "tern") && !before && !after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_sought_is_marked),
		cmocka_unit_test(a_passage_shows_where),
		cmocka_unit_test(public_paths),
		cmocka_unit_test(etags),
		cmocka_unit_test(expressions), cmocka_unit_test(endings),
		cmocka_unit_test(limits),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("front", tests, NULL, NULL);
}
