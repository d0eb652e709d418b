/* test_html.c: HTML to Markdown: a table of cases, each read back through mimeo's own Markdown.
 * SPDX-License-Identifier: ISC */
#include "movein_test.h"
#include "press/markdown.h"

/* The marks shown as letters that a reader sees. */
static void show(struct buf *out, struct str text)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		if (text.at[i] == '\x01')
			buf_add_text(out, "{");
		else if (text.at[i] == '\x02')
			buf_add_text(out, "}");
		else
			buf_add_char(out, text.at[i]);
	}
}

static void convert(const char *html, unsigned how, struct html_result *result, struct buf *out)
{
	const struct html_wish wish = {.html = str_from(html), .host = STR("old.example"), .has_breaks = (how & 1) != 0,
		.has_shortcodes = (how & 2) != 0};
	struct fault f = {0};

	html_result_init(result);
	assert_true(html_to_markdown(&wish, result, &f));
	buf_init(out, 1 << 20);
	show(out, buf_view(&result->text));
}

enum { PLAIN = 0, BREAKS = 1, CODES = 2, CLASSIC = 3 };

struct one {
	unsigned how;
	const char *html, *markdown;
	const char *page;           /* what mimeo's Markdown makes of it; NULL: not looked at */
};

static void check(const struct one *cases, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		struct html_result result;
		struct markdown_result ignored = {0};
		struct fault f = {0};
		struct buf got;
		struct buf page;

		convert(cases[i].html, cases[i].how, &result, &got);
		if (strcmp(got.at, cases[i].markdown) != 0)
			print_error("case %zu: %s\n", i, cases[i].html);
		assert_string_equal(got.at, cases[i].markdown);
		buf_init(&page, 1 << 20);
		assert_true(markdown_write(buf_view(&got), STR("s-"), &page, &ignored, &f));
		if (cases[i].page != NULL)
			assert_string_equal(page.at, cases[i].page);
		buf_release(&page);
		buf_release(&got);
		html_result_release(&result);
	}
}

#define CHECK(cases) check(cases, sizeof(cases) / sizeof((cases)[0]))

static void test_marks(void **state)
{
	static const struct one cases[] = {
		{PLAIN, "<p>One <strong>two</strong> <em>three</em> <del>four</del>.</p>", "One **two** *three* ~~four~~.",
			"<p>One <strong>two</strong> <em>three</em> <del>four</del>.</p>\n"},
		{PLAIN, "<b>Note:</b>text", "**Note**:text", "<p><strong>Note</strong>:text</p>\n"},
		{PLAIN, "<p>word<i> space inside </i>word</p>", "word *space inside* word",
			"<p>word <em>space inside</em> word</p>\n"},
		{PLAIN, "<strong>all <em>both</em></strong>", "**all *both***",
			"<p><strong>all <em>both</em></strong></p>\n"},
		{PLAIN, "<em><strong>both</strong> one</em>", "***both** one*",
			"<p><em><strong>both</strong> one</em></p>\n"},
		{PLAIN, "<b><b>twice</b></b>", "**twice**", NULL},
		{PLAIN, "<p>a<b> </b>b</p>", "a b", NULL},
		{PLAIN, "<p><b></b></p><p>&nbsp;</p><p>x</p>", "x", NULL},
		{PLAIN, "<p>слово<b>«цитата»</b>слово</p>", "слово«**цитата**»слово",
			"<p>слово«<strong>цитата</strong>»слово</p>\n"},
		{PLAIN, "<p>H<sub>2</sub>O, 10<sup>12</sup>, n<sup>th</sup></p>", "H₂O, 10¹², nth", NULL},
		{PLAIN, "<p>He said <q>no</q>.</p>", "He said “no”.", NULL},
		{PLAIN, "<p>run <code>a * b</code> and <code>`x</code></p>", "run `a * b` and `` `x ``",
			"<p>run <code>a * b</code> and <code>`x</code></p>\n"},
		{PLAIN, "<i>one</i><b>two</b>", "*one*two", NULL},
	};

	(void) state;
	CHECK(cases);
}

static void test_what_would_be_markup(void **state)
{
	static const struct one cases[] = {
		{PLAIN, "<p># no headline</p>", "\\# no headline", "<p># no headline</p>\n"},
		{PLAIN, "<p>- no list</p>", "\\- no list", "<p>- no list</p>\n"},
		{PLAIN, "<p>1. no list</p><p>2) nor this</p>", "1\\. no list\n\n2\\) nor this",
			"<p>1. no list</p>\n<p>2) nor this</p>\n"},
		{PLAIN, "<p>5 * 3 * 2 and snake_case and _x_</p>", "5 \\* 3 \\* 2 and snake_case and \\_x\\_",
			"<p>5 * 3 * 2 and snake_case and _x_</p>\n"},
		{PLAIN, "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>", "\\<script>alert(1)\\</script>",
			"<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"},
		{PLAIN, "<p>[not a link](http://x)</p>", "\\[not a link\\](http://x)", "<p>[not a link](http://x)</p>\n"},
		{PLAIN, "<p>AT&amp;T &amp;amp; &amp;copy;</p>", "AT\\&T \\&amp; \\&copy;", "<p>AT&amp;T &amp;amp; &amp;copy;</p>\n"},
		{PLAIN, "<p>a<br>---</p>", "a\\\n\\---", "<p>a<br>\n---</p>\n"},
		{PLAIN, "<p>a<br>=</p>", "a\\\n\\=", "<p>a<br>\n=</p>\n"},
		{PLAIN, "<p>wow!<a href='http://x.example/'>y</a></p>", "wow\\![y](http://x.example/)", NULL},
		{PLAIN, "<p>`tick` and ~~wave~~ and \\ back</p>", "\\`tick\\` and \\~\\~wave\\~\\~ and \\\\ back",
			"<p>`tick` and ~~wave~~ and \\ back</p>\n"},
		{PLAIN, "<p>&gt; no quote</p>", "\\> no quote", "<p>&gt; no quote</p>\n"},
		{PLAIN, "<p>a | b<br>--- | ---<br>1 | 2</p>", "a | b\\\n\\--- | ---\\\n1 | 2", NULL},
		{PLAIN, "<p>[^1]: no note</p>", "\\[^1\\]: no note", "<p>[^1]: no note</p>\n"},
	};

	(void) state;
	CHECK(cases);
}

static void test_links(void **state)
{
	static const struct one cases[] = {
		{PLAIN, "<a href='https://new.example/a_(b)?x=1&amp;y=2'>there</a>", "[there](https://new.example/a_%28b%29?x=1\\&y=2)", NULL},
		{PLAIN, "<a href='https://www.old.example/2015/01/x/'>ours</a>", "[ours]({L/2015/01/x/})", NULL},
		{PLAIN, "<a href='/tag/y'>ours</a> <a href='//cdn.example/z'>z</a>", "[ours]({L/tag/y}) [z](https://cdn.example/z)", NULL},
		{PLAIN, "<a href='java\tscript:alert(1)'>no</a> <a href='data:text/html,x'>no</a> <a href='#top'>up</a>", "no no up", NULL},
		{PLAIN, "<a href='mailto:desk@old.example'> write us </a>now", "[write us](mailto:desk@old.example) now", NULL},
		{PLAIN, "<a href='http://x.example/'><strong>bold</strong> link</a>", "[**bold** link](http://x.example/)",
			"<p><a href=\"http://x.example/\"><strong>bold</strong> link</a></p>\n"},
		{PLAIN, "<p>https://video.example/watch?v=1</p>", "[https://video.example/watch?v=1](https://video.example/watch?v=1)", NULL},
		{PLAIN, "<iframe src='https://www.youtube.com/embed/abc?rel=0' title='A film'></iframe>",
			"[A film](https://www.youtube.com/watch?v=abc)", NULL},
		{PLAIN, "<a href='http://x.example/'><img src='http://old.example/wp-content/uploads/a.jpg' alt='A'></a>", "{P0}", NULL},
		{PLAIN, "<div class='kg-card kg-bookmark-card'><a class='kg-bookmark-container' href='https://b.example/'><div>"
			"<div class='kg-bookmark-title'>A title</div><div class='kg-bookmark-description'>Words</div></div></a></div>",
			"[A title](https://b.example/)", NULL},
	};

	(void) state;
	CHECK(cases);
}

static void test_blocks(void **state)
{
	static const struct one cases[] = {
		{PLAIN, "<h1>One</h1><h2>Two #</h2><h3>Th<br>ree</h3>", "## One\n\n## Two \\#\n\n### Th ree",
			"<h2>One</h2>\n<h2>Two #</h2>\n<h3>Th ree</h3>\n"},
		{PLAIN, "<ul><li>a</li><li>b<ol><li>c</li></ol></li></ul>", "- a\n- b\n  1. c",
			"<ul>\n<li>a</li>\n<li>b<ol>\n<li>c</li>\n</ol>\n</li>\n</ul>\n"},
		{PLAIN, "<ol start='3'><li>c</li><li>d</li></ol>", "3. c\n4. d", NULL},
		{PLAIN, "<ul><li>a</li></ul><ul><li>b</li></ul>", "- a\n\n* b", NULL},
		{PLAIN, "<ul><li><p>a</p><p>b</p></li></ul>", "- a\n\n  b", NULL},
		{PLAIN, "<blockquote><p>a</p><blockquote>b</blockquote></blockquote>", "> a\n>\n> > b", NULL},
		{PLAIN, "<pre><code>if (a &lt; b)\n\treturn;\n```</code></pre>", "````\nif (a < b)\n\treturn;\n```\n````",
			"<pre><code>if (a &lt; b)\n\treturn;\n```\n</code></pre>\n"},
		{PLAIN, "<table><tr><th>A</th><th>B|C</th></tr><tr><td>1</td><td><b>2</b></td></tr></table>",
			"| A | B\\|C |\n| --- | --- |\n| 1 | **2** |", NULL},
		{PLAIN, "<table><tr><td>1</td><td>2</td></tr></table>", "| | |\n| --- | --- |\n| 1 | 2 |", NULL},
		{PLAIN, "<table><tr><td><p>layout</p><p>only</p></td></tr></table>", "layout\n\nonly", NULL},
		{PLAIN, "<p>a</p><hr><p>b</p>", "a\n\n***\n\nb", "<p>a</p>\n<hr>\n<p>b</p>\n"},
		{PLAIN, "<dl><dt>Term</dt><dd>Meaning</dd></dl>", "**Term**\n\nMeaning", NULL},
		{PLAIN, "<p>one<br><br>two</p>", "one\n\ntwo", NULL},
		{PLAIN, "<script>x</script><style>y</style><form><input></form><p>z</p><!-- note -->", "z", NULL},
		{PLAIN, "<p>text<sup><a href='#fn1'>1</a></sup> more</p><ol><li id='fn1'>The <em>note</em> <a href='#r1'>↩</a></li></ol>",
			"text[^1] more\n\n[^1]: The *note*", NULL},
		{PLAIN, "<p>שלום <b>עולם</b></p><p>النص <em>العربي</em>، هنا</p>", "שלום **עולם**\n\nالنص *العربي*، هنا",
			"<p>שלום <strong>עולם</strong></p>\n<p>النص <em>العربي</em>، هنا</p>\n"},
	};

	(void) state;
	CHECK(cases);
}

static void test_the_classic_editor(void **state)
{
	static const struct one cases[] = {
		{CLASSIC, "One\r\ntwo\r\n\r\nthree", "One\\\ntwo\n\nthree", "<p>One<br>\ntwo</p>\n<p>three</p>\n"},
		{CLASSIC, "<strong>a\n\nb</strong>", "**a**\n\n**b**", NULL},
		{CLASSIC, "One<br />\ntwo\n<ul>\n<li>a</li>\n<li>b</li>\n</ul>\nthree", "One\\\ntwo\n\n- a\n- b\n\nthree", NULL},
		{CLASSIC, "<pre>a\n\nb</pre>", "```\na\n\nb\n```", NULL},
		{CODES, "<p>He said [sic] and [John] left.</p>", "He said \\[sic\\] and \\[John\\] left.", NULL},
		{CODES, "<p>[button url=\"x\"]Press[/button] [foo_bar]</p>", "Press", NULL},
		{CODES, "<p>[[gallery]] is text, <code>[gallery ids=1]</code> too</p>", "\\[gallery\\] is text, `[gallery ids=1]` too", NULL},
		{CLASSIC, "a\n[caption id=\"x\" width=\"300\"]<a href=\"/f\"><img src=\"/wp-content/uploads/p.jpg\" alt=\"Alt\" /></a> Words <em>here</em>[/caption]\nb",
			"a\n\n{P0}\n\nb", NULL},
		{CODES, "[embed]https://v.example/1[/embed]", "[https://v.example/1](https://v.example/1)", NULL},
		{CODES, "<p>[a b=\"c]\"]x</p>", "x", NULL},
		{CODES, "<p>[unclosed a=\"b</p>", "\\[unclosed a=\"b", NULL},
	};

	(void) state;
	CHECK(cases);
}

static void test_pictures_and_what_is_noted(void **state)
{
	struct html_result result;
	struct buf got;
	const json_t *picture;

	(void) state;
	convert("<figure><img src='/wp-content/uploads/2020/01/a-300x200.jpg' alt='A &amp; B'><figcaption>Words. "
		"<span class='image-credit'><span class='credit-label-wrapper'>Credit:</span> Jo / Agency</span></figcaption></figure>"
		"<p>text <img src='b.png'> goes on</p><img src='data:image/png;base64,xx' alt='inside'><img src='t.gif' width=1 height=1>"
		"<ul class='blocks-gallery-grid'><li><figure><img src='c.jpg'></figure></li><li><figure><img src='d.jpg'></figure></li></ul>",
		PLAIN, &result, &got);
	assert_string_equal(got.at, "{P0}\n\ntext\n\n{P1}\n\ngoes on\n\n{P2}\n\n{P3}");
	assert_int_equal(json_array_size(result.pictures), 4);
	picture = json_array_get(result.pictures, 0);
	assert_string_equal(text_in(picture, "url"), "/wp-content/uploads/2020/01/a-300x200.jpg");
	assert_string_equal(text_in(picture, "alt"), "A & B");
	assert_string_equal(text_in(picture, "caption"), "Words.");
	assert_string_equal(text_in(picture, "credit"), "Jo / Agency");
	buf_release(&got);
	html_result_release(&result);

	convert("<form></form><a href='http://old.example/wp-content/uploads/x.pdf'>PDF</a><iframe src='//map.example/'></iframe>[x_y a=b]",
		CODES, &result, &got);
	assert_int_equal(json_array_size(result.notes), 4);
	buf_release(&got);
	html_result_release(&result);
}

/* Deep, long and cut: bounded, and the words stay. */
static void test_hostile_html(void **state)
{
	static const char *const opens[] = {"<div>", "<b>", "<ul><li>", "<blockquote>", "<table><tr><td>", "[caption]", "<a href=x>", "<sup><a href=#a>"};
	struct html_result result;
	struct fault f = {0};
	struct buf html;
	size_t i;
	size_t k;

	(void) state;
	for (i = 0; i < sizeof(opens) / sizeof(opens[0]); i++) {
		const size_t times = 20000;
		struct html_wish wish = {.has_breaks = true, .has_shortcodes = true};

		buf_init(&html, 4 << 20);
		for (k = 0; k < times; k++)
			buf_add_text(&html, opens[i]);
		buf_add_text(&html, "deepest");
		wish.html = buf_view(&html);
		html_result_init(&result);
		assert_true(html_to_markdown(&wish, &result, &f));
		if (str_find(buf_view(&result.text), STR("deepest")) == SIZE_MAX)
			print_error("lost below %s\n", opens[i]);
		assert_true(str_find(buf_view(&result.text), STR("deepest")) != SIZE_MAX);
		/* thousands of one sign in a paragraph are refused later, with a sentence */
		assert_true(markdown_check(buf_view(&result.text), &f) || strstr(f.say, "in one paragraph") != NULL);
		fault_clear(&f);
		html_result_release(&result);
		buf_release(&html);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_what_would_be_markup),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_the_classic_editor),
		cmocka_unit_test(test_pictures_and_what_is_noted),
		cmocka_unit_test(test_hostile_html),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
