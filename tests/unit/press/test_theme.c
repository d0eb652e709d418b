/* test_theme.c: themes, feeds and compression.
 * SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include <libdeflate.h>
#include "base/arena.h"
#include "base/fault.h"
#include "base/file.h"
#include "press/feed.h"
#include "press/gzip.h"
#include "press/locale.h"
#include "press/theme.h"
#include "press/value.h"

static const struct embed_file builtin[] = {
	{"head.mustache", {"<h>{{x}}</h>", 12}},
	{"page.mustache", {"{{>head}}{{>mail/part}}!", 24}},
	{"mail/part.mustache", {"[part]", 6}},
	{"theme.css", {"/* c */ a > b , c { color : red ; margin: calc(1px + 2px) }\n\n@media print { q::before { content: \" / ; \" } }", 108}},
	{NULL, {NULL, 0}},
};

static char folder[64];

static void put(const char *name, const char *text)
{
	struct fault f = {0};
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (!file_write(AT_FDCWD, path, str_from(text), 0644, false, &f))
		fail_msg("%s", f.say);
}

static void drop(const char *name)
{
	struct fault f = {0};
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file_remove(AT_FDCWD, path, &f);
}

static const char *render(struct theme *theme, const char *name)
{
	static char result[1000];
	struct arena arena;
	struct press_value *root;
	struct fault f = {0};
	struct buf out;

	arena_init(&arena, "test", 10000);
	root = press_map(&arena);
	press_set_c(root, "x", "<");
	buf_init(&out, sizeof(result) - 1);
	if (!theme_render(theme, name, root, &out, &f))
		fail_msg("%s", f.say);
	memcpy(result, out.at, out.len + 1);
	buf_release(&out);
	arena_release(&arena);
	return result;
}

static void own_files_replace_built_in_ones(void **state)
{
	struct theme *theme = NULL;
	struct fault f = {0};
	unsigned char before[32];
	unsigned char after[32];

	(void) state;
	assert_true(theme_open(&theme, builtin, folder, &f));
	assert_string_equal(render(theme, "page"), "<h>&lt;</h>[part]!");
	theme_hash(theme, before);
	theme_close(&theme);
	put("head.mustache", "own{{x}}");
	put("logo.svg", "<svg/>");
	put("about.ru.md", "О нас");
	assert_true(theme_open(&theme, builtin, folder, &f));
	assert_string_equal(render(theme, "page"), "own&lt;[part]!");
	assert_true(str_is(theme_file(theme, "about.ru.md"), "О нас"));
	theme_hash(theme, after);
	assert_memory_not_equal(before, after, 32);
	theme_close(&theme);
	drop("head.mustache");
}

static void unknown_and_broken_files_are_named(void **state)
{
	struct theme *theme = NULL;
	struct buf out;
	struct fault f = {0};

	(void) state;
	put("hed.mustache", "x");
	assert_false(theme_open(&theme, builtin, folder, &f));
	assert_int_equal(f.kind, FAULT_INPUT);
	assert_non_null(strstr(f.say, "hed.mustache"));
	assert_null(theme);
	drop("hed.mustache");
	fault_clear(&f);
	put("head.mustache", "{{#x}}");
	assert_true(theme_open(&theme, builtin, folder, &f));
	buf_init(&out, 100);
	assert_false(theme_render(theme, "page", NULL, &out, &f));
	assert_string_equal(f.say, "head:1: a section is never ended");
	fault_clear(&f);
	assert_false(theme_render(theme, "nothing", NULL, &out, &f));
	assert_int_equal(f.kind, FAULT_MISSING);
	buf_release(&out);
	theme_close(&theme);
	drop("head.mustache");
	fault_clear(&f);
	put("head.mustache", "\xff");
	assert_false(theme_open(&theme, builtin, folder, &f));
	assert_int_equal(f.kind, FAULT_INPUT);
	drop("head.mustache");
}

static void css_is_shortened(void **state)
{
	struct theme *theme = NULL;
	struct fault f = {0};

	(void) state;
	assert_true(theme_open(&theme, builtin, NULL, &f));
	assert_string_equal(theme_file(theme, "theme.css").at,
		"a>b,c{color : red;margin: calc(1px + 2px)}@media print{q::before{content: \" / ; \"}}");
	assert_int_equal(theme_file(theme, "no.css").len, 0);
	theme_close(&theme);
}

static void a_theme_without_languages_still_answers(void **state)
{
	struct theme *theme = NULL;
	struct fault f = {0};

	(void) state;
	assert_true(theme_open(&theme, builtin, NULL, &f));
	assert_true(str_is(locale_text(theme_locale(theme, STR("xx")), "hello"), "⟦hello⟧"));
	theme_close(&theme);
}

static void is_read_by(struct buf *out, const char *python)
{
	char path[96];
	char command[300];
	struct fault f = {0};

	snprintf(path, sizeof(path), "%s/feed.xml", folder);
	assert_true(file_write(AT_FDCWD, path, buf_view(out), 0644, false, &f));
	snprintf(command, sizeof(command), "python3 -c '%s' %s", python, path);
	assert_int_equal(system(command), 0);
	drop("feed.xml");
}

static void feeds_are_well_formed_whatever_is_in_them(void **state)
{
	struct str authors[] = {STR("A & <B>")};
	struct feed_item item = {.url = STR("https://x/?a&b"), .id = STR("1"), .title = STR("T\x01 ]]> <"), .html = STR("<p>a]]>b\x02</p>"),
		.language = STR("ru"), .authors = authors, .author_count = 1, .image_url = STR("https://x/i.jpg"), .image_type = STR("image/jpeg"),
		.image_bytes = 12, .image_credit = STR("C / \"D\""), .published = {.us = 1000000}};
	struct feed feed = {.title = STR("<News>"), .home_url = STR("https://x/"), .self_url = STR("https://x/feed.xml"), .items = &item, .count = 1};
	struct buf out;

	(void) state;
	buf_init(&out, 10000);
	feed_write_rss(&feed, &out);
	assert_non_null(strstr(out.at, "<![CDATA[<p>a]]]]><![CDATA[>b</p>]]>"));
	assert_non_null(strstr(out.at, "<pubDate>Thu, 1 Jan 1970 00:00:01 +0000</pubDate>"));
	is_read_by(&out, "import sys,xml.dom.minidom as m;m.parse(sys.argv[1])");
	buf_clear(&out);
	feed_write_atom(&feed, &out);
	assert_non_null(strstr(out.at, "<content type=\"html\">&lt;p&gt;a]]&gt;b&lt;/p&gt;</content>"));
	assert_non_null(strstr(out.at, "<link rel=\"enclosure\" type=\"image/jpeg\" length=\"12\" href=\"https://x/i.jpg\" title=\"C / &quot;D&quot;\"/>"));
	is_read_by(&out, "import sys,xml.dom.minidom as m;m.parse(sys.argv[1])");
	buf_clear(&out);
	feed_write_json(&feed, &out);
	assert_non_null(strstr(out.at, "\"authors\":[{\"name\":\"A & <B>\"}]"));
	is_read_by(&out, "import sys,json;json.load(open(sys.argv[1]))");
	feed.count = 0; /* nothing published yet */
	buf_clear(&out);
	feed_write_json(&feed, &out);
	is_read_by(&out, "import sys,json;json.load(open(sys.argv[1]))");
	buf_release(&out);
}

static void gzip_comes_back_and_repeats(void **state)
{
	struct gzip *gzip = gzip_new(6);
	struct libdeflate_decompressor *back = libdeflate_alloc_decompressor();
	struct buf first;
	struct buf second;
	struct buf small;
	struct fault f = {0};
	char plain[100];
	size_t size = 0;

	(void) state;
	buf_init(&first, 1000);
	buf_init(&second, 1000);
	buf_init(&small, 4);
	assert_true(gzip_write(gzip, STR("hello hello hello hello"), &first, &f));
	assert_true(gzip_write(gzip, STR("hello hello hello hello"), &second, &f));
	assert_int_equal(first.len, second.len);
	assert_memory_equal(first.at, second.at, first.len);
	assert_int_equal(libdeflate_gzip_decompress(back, first.at, first.len, plain, sizeof(plain), &size), LIBDEFLATE_SUCCESS);
	assert_int_equal(size, 23);
	buf_clear(&first);
	assert_true(gzip_write(gzip, STR(""), &first, &f));
	assert_false(gzip_write(gzip, STR("hello"), &small, &f));
	assert_int_equal(f.kind, FAULT_FULL);
	buf_release(&first);
	buf_release(&second);
	buf_release(&small);
	libdeflate_free_decompressor(back);
	gzip_free(&gzip);
	gzip_free(&gzip);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_files_replace_built_in_ones), cmocka_unit_test(unknown_and_broken_files_are_named),
		cmocka_unit_test(css_is_shortened), cmocka_unit_test(a_theme_without_languages_still_answers),
		cmocka_unit_test(feeds_are_well_formed_whatever_is_in_them), cmocka_unit_test(gzip_comes_back_and_repeats),
	};
	int failed;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	snprintf(folder, sizeof(folder), "/tmp/mimeo-theme-XXXXXX");
	if (mkdtemp(folder) == NULL)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	drop("logo.svg");
	drop("about.ru.md");
	rmdir(folder);
	return failed;
}
