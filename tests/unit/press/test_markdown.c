/* test_markdown.c: stories' Markdown: what comes out, what never does, and what is refused before it costs anything.
 * SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include "base/buf.h"
#include "base/fault.h"
#include "base/limits.h"
#include "press/markdown.h"

static struct buf out;
static struct markdown_result result;

static const char *page(const char *source)
{
	struct fault f = {0};

	buf_clear(&out);
	if (!markdown_write(str_from(source), STR("s7-"), &out, &result, &f))
		fail_msg("%s", f.say);
	return out.at;
}

static void expect(const char *source, const char *html)
{
	assert_string_equal(page(source), html);
}

static void common_things(void **state)
{
	(void) state;
	expect("", "");
	expect("a *b* **c** `d<` ~~e~~\nf", "<p>a <em>b</em> <strong>c</strong> <code>d&lt;</code> <del>e</del>\nf</p>\n");
	expect("# a\n\n## b\n\n### c", "<h2>a</h2>\n<h2>b</h2>\n<h3>c</h3>\n");
	expect("> q\n", "<blockquote>\n<p>q</p>\n</blockquote>\n");
	expect("- a\n- b\n", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n");
	expect("3. a\n\n4. b\n", "<ol start=\"3\">\n<li><p>a</p>\n</li>\n<li><p>b</p>\n</li>\n</ol>\n");
	expect("a  \nb\n\n---", "<p>a<br>\nb</p>\n<hr>\n");
	expect("```\nx & y\n```", "<pre><code>x &amp; y\n</code></pre>\n");
}

static void brackets_that_are_no_link_stay(void **state)
{
	(void) state;
	expect("the anti-ISIS [Islamic State] coalition", "<p>the anti-ISIS [Islamic State] coalition</p>\n");
	expect("[a][b] ![c] [^x]", "<p>[a][b] ![c] [^x]</p>\n");
}

/* Takes pictures of "own:", with its words in brackets. */
static bool take_own(void *self, const struct markdown_picture *picture, struct buf *to)
{
	(void) self;
	if (!str_starts(picture->url, STR("own:")))
		return false;
	buf_format(to, "{%.*s|%.*s|%.*s|%zu}", STR_ARG(picture->url), STR_ARG(picture->alt), STR_ARG(picture->title), picture->line);
	return true;
}

static void expect_with_pictures(const char *source, const char *html)
{
	const struct markdown_how how = {.id_prefix = STR("s-"), .picture = take_own};
	struct fault f = {0};

	buf_clear(&out);
	if (!markdown_write_with(str_from(source), &how, &out, &result, &f))
		fail_msg("%s", f.say);
	assert_string_equal(out.at, html);
}

static void pictures_alone_are_their_callers(void **state)
{
	struct fault f = {0};

	(void) state;
	expect_with_pictures("a\n\n![b *c* `d` \\[e](own:x \"f \\\"g\\\"\")\n\nh", "<p>a</p>\n{own:x|b c d [e|f \"g\"|3}<p>h</p>\n");
	expect_with_pictures("![a](own:x)\n![b](own:y)", "{own:x|a||1}{own:y|b||1}");
	assert_int_equal(result.paragraphs, 0);
	expect_with_pictures("a ![b](own:x)", "<p>a b</p>\n");        /* in a sentence: its words */
	expect_with_pictures("![a](own:x)\n![b](https://y.example/p.png)", "<p>a\n<a href=\"https://y.example/p.png\">b</a></p>\n");
	expect_with_pictures("> ![a](own:x)\n\n- ![b](own:y)", "<blockquote>\n{own:x|a||1}</blockquote>\n<ul>\n<li>{own:y|b||3}</li>\n</ul>\n");
	expect_with_pictures("[![a](own:x)](https://y.example/)", "<p><a href=\"https://y.example/\">a</a></p>\n");
	expect("![b](own:x)", "<p>b</p>\n");                          /* nobody knows pictures */
	buf_clear(&out);
	assert_true(markdown_pictures(STR("x\n\n![a](own:x)\n\n![b](other:y)\n\n![c](own:z)"), take_own, NULL, &out, &f));
	assert_string_equal(out.at, "{own:x|a||3}");
	buf_clear(&out); /* no text: not found by a search, not in an excerpt */
	assert_true(markdown_write_text(STR("a\n\n![b](own:x \"c\")\n\n![d](https://y.example/p.png)\n\ne ![f](own:x)"), &out, &f));
	assert_string_equal(out.at, "a\n\nd\n\ne f");
	buf_clear(&out);
	assert_true(markdown_write_mail(STR("![b](own:x)"), STR("https://h/"), &out, &f));
	assert_null(strstr(out.at, "own:"));
}

static void raw_html_is_never_markup(void **state)
{
	(void) state;
	expect("<script>alert(1)</script>\n", "<p>&lt;script&gt;alert(1)&lt;/script&gt;\n</p>\n");
	expect("a <b onclick=x>c</b>", "<p>a &lt;b onclick=x&gt;c&lt;/b&gt;</p>\n");
	expect("a <!-- note --> b", "<p>a  b</p>\n");
}

static void only_some_links_are_links(void **state)
{
	static const char *const refused[] = {"[a](javascript:alert)", "[a](JaVaScRiPt:x)", "[a](data:text/html,x)", "[a](//evil.example/)",
		"[a](\\\\evil)", "[a](vbscript:x)", "[a](<java\tscript:x>)", "[a](&#106;avascript:x)", "[a]( )", "[a](file:///etc)"};
	size_t i;

	(void) state;
	expect("[a](<https://x.example/?a=1&b='2'> \"t<\")", "<p><a href=\"https://x.example/?a=1&amp;b=%272%27\" title=\"t&lt;\">a</a></p>\n");
	expect("[a](mailto:x@y.example) <https://z.example>", "<p><a href=\"mailto:x@y.example\">a</a> <a href=\"https://z.example\">https://z.example</a></p>\n");
	expect("[a](../b/) [c](#d) [e](?f:g)", "<p><a href=\"../b/\">a</a> <a href=\"#d\">c</a> <a href=\"?f:g\">e</a></p>\n");
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		expect(refused[i], "<p>a</p>\n");
	expect("![alt](https://x.example/p.png)", "<p><a href=\"https://x.example/p.png\">alt</a></p>\n");
}

static void links_from_the_root_become_relative(void **state)
{
	struct fault f = {0};

	(void) state;
	buf_clear(&out);
	assert_true(markdown_write_under(STR("[a](/about/) [b](//c)"), STR(""), STR("../../"), &out, NULL, &f));
	assert_string_equal(out.at, "<p><a href=\"../../about/\">a</a> b</p>\n");
}

static void footnotes_carry_the_story(void **state)
{
	(void) state;
	expect("a[^x] b[^x]\n\n[^x]: note\n[^y]: never\n",
		"<p>a<sup class=\"ref\"><a id=\"s7-r1\" href=\"#s7-n1\">1</a></sup> b<sup class=\"ref\"><a href=\"#s7-n1\">1</a></sup></p>\n"
		"<div class=\"notes\"><ol>\n<li id=\"s7-n1\"><p>note <a class=\"back\" href=\"#s7-r1\">↩</a></p>\n</li>\n</ol></div>\n");
}

static void tables_scroll_in_their_box(void **state)
{
	(void) state;
	expect("|a|b|\n|--|-:|\n|1|2|\n",
		"<div class=\"table\" tabindex=\"0\"><table>\n<thead><tr><th scope=\"col\">a</th><th scope=\"col\" class=\"end\">b</th></tr></thead>\n"
		"<tbody>\n<tr><td>1</td><td class=\"end\">2</td></tr>\n</tbody></table></div>\n");
}

static void paragraphs_and_words_are_counted(void **state)
{
	(void) state;
	page("one two\n\n> not top\n\nthree *four*five\n\n- item\n\nsix\n\nseven");
	assert_int_equal(result.paragraphs, 4);
	assert_int_equal(result.words, 9);
	assert_string_equal(out.at + result.after_third, "<p>seven</p>\n");
	page("one\n\ntwo");
	assert_int_equal(result.after_third, 0);
}

static void text_and_mail(void **state)
{
	struct fault f = {0};

	(void) state;
	buf_clear(&out);
	assert_true(markdown_write_text(STR("# H\n\na *b* [c](https://x)\nd<&\n\n- e\n- f\n\nend[^1]\n\n[^1]: n"), &out, &f));
	assert_string_equal(out.at, "H\n\na b c d<&\n\n- e\n- f\n\nend\n\nn");
	buf_clear(&out);
	assert_true(markdown_write_mail(STR("a [b](/c/) [d](e) <f>"), STR("https://x.example/"), &out, &f));
	assert_string_equal(out.at, "<p style=\"margin:0 0 16px\">a <a href=\"https://x.example/c/\">b</a> d &lt;f&gt;</p>\n");
}

/* --- hostile --- */

static void repeat(struct buf *buf, const char *piece, size_t times)
{
	while (times-- > 0)
		buf_add_text(buf, piece);
}

static void refused(struct buf *source)
{
	struct fault f = {0};

	buf_clear(&out);
	assert_false(markdown_write(buf_view(source), STR(""), &out, &result, &f));
	assert_int_equal(f.kind, FAULT_INPUT);
	buf_clear(source);
}

static void bombs_are_refused_before_cmark(void **state)
{
	struct buf source;

	(void) state;
	buf_init(&source, 2 * LIMIT_STORY_BYTES);
	repeat(&source, "|a", 5000);
	buf_add_text(&source, "|\n");
	repeat(&source, "|-", 5000);
	buf_add_text(&source, "|\n");
	repeat(&source, "|\n", 20000);
	refused(&source);
	repeat(&source, "|a", 30); /* few columns, very many short rows */
	buf_add_text(&source, "|\n");
	repeat(&source, "|-", 30);
	buf_add_text(&source, "|\n");
	repeat(&source, "x\n", 100000);
	refused(&source);
	repeat(&source, "[", 50000);
	refused(&source);
	repeat(&source, "*a **a ", 20000);
	refused(&source);
	repeat(&source, "<!", 20000);
	refused(&source);
	repeat(&source, ">", 5000);
	refused(&source);
	repeat(&source, "- ", 5000);
	refused(&source);
	buf_add_text(&source, "[a]: /u \"");
	repeat(&source, "title ", 60000);
	buf_add_text(&source, "\"\n\n");
	repeat(&source, "[a]\n\n", 10000);
	refused(&source);
	repeat(&source, "x", LIMIT_STORY_BYTES + 1);
	refused(&source);
	buf_add_text(&source, "\xff");
	refused(&source);
	buf_release(&source);
}

static void deep_indentation_is_refused(void **state)
{
	struct buf source;
	size_t i;

	(void) state;
	buf_init(&source, LIMIT_STORY_BYTES);
	for (i = 0; i < 100; i++) {
		repeat(&source, "  ", i);
		buf_add_text(&source, "- a\n");
	}
	refused(&source);
	buf_release(&source);
}

static void a_long_honest_story_is_taken(void **state)
{
	struct buf source;
	struct fault f = {0};

	(void) state;
	buf_init(&source, LIMIT_STORY_BYTES);
	buf_add_text(&source, "|a|b|\n|-|-|\n");
	repeat(&source, "|[x](https://x.example)|*y*|\n", 2500);
	buf_add_text(&source, "\n");
	repeat(&source, "A *paragraph* with [a link](https://x.example) and a bracket [so].\n\n", 3000);
	buf_clear(&out);
	if (!markdown_write(buf_view(&source), STR(""), &out, &result, &f))
		fail_msg("%s", f.say);
	assert_int_equal(result.paragraphs, 3000);
	buf_release(&source);
}

static void output_is_capped(void **state)
{
	struct buf small;
	struct fault f = {0};

	(void) state;
	buf_init(&small, 20);
	assert_false(markdown_write(STR("a long paragraph, longer than the buffer"), STR(""), &small, &result, &f));
	assert_int_equal(f.kind, FAULT_FULL);
	buf_release(&small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(common_things), cmocka_unit_test(brackets_that_are_no_link_stay),
		cmocka_unit_test(pictures_alone_are_their_callers),
		cmocka_unit_test(raw_html_is_never_markup), cmocka_unit_test(only_some_links_are_links),
		cmocka_unit_test(links_from_the_root_become_relative), cmocka_unit_test(footnotes_carry_the_story),
		cmocka_unit_test(tables_scroll_in_their_box), cmocka_unit_test(paragraphs_and_words_are_counted),
		cmocka_unit_test(text_and_mail), cmocka_unit_test(bombs_are_refused_before_cmark),
		cmocka_unit_test(deep_indentation_is_refused), cmocka_unit_test(a_long_honest_story_is_taken),
		cmocka_unit_test(output_is_capped),
	};
	int failed;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	buf_init(&out, 16 * 1024 * 1024);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	buf_release(&out);
	return failed;
}
