/* test_svg.c: drawings from outside: what is left of them, and what is refused.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "base/buf.h"
#include "base/fault.h"
#include "press/svg.h"

static void taken(const char *source, const char *inside)
{
	static const char head[] = "<svg xmlns=\"http://www.w3.org/2000/svg\" aria-hidden=\"true\" focusable=\"false\"";
	struct fault f = {0};
	struct buf out, again;

	buf_init(&out, SVG_BYTES);
	buf_init(&again, SVG_BYTES);
	if (!svg_take(str_from(source), &out, &f))
		fail_msg("%s: %s", source, f.say);
	assert_true(str_starts(buf_view(&out), str_from(head)));
	if (!str_equal(str_part(buf_view(&out), sizeof(head) - 1, SIZE_MAX), str_from(inside)))
		fail_msg("%s became %.*s", source, STR_ARG(buf_view(&out)));
	assert_true(svg_take(buf_view(&out), &again, &f));
	assert_true(str_equal(buf_view(&out), buf_view(&again)));
	buf_release(&out);
	buf_release(&again);
}

static void refused(const char *source, const char *word)
{
	struct fault f = {0};
	struct buf out;

	buf_init(&out, SVG_BYTES);
	if (svg_take(str_from(source), &out, &f))
		fail_msg("%s was taken: %.*s", source, STR_ARG(buf_view(&out)));
	assert_int_equal(f.kind, FAULT_INPUT);
	assert_int_equal(out.len, 0);
	if (strstr(f.say, word) == NULL)
		fail_msg("%s: %s", source, f.say);
	buf_release(&out);
}

static void test_shapes_are_left(void **state)
{
	(void) state;
	taken("<svg viewBox=\"0 0 2 2\"><path d=\"M0 0h2v2z\" fill='currentColor'/></svg>",
		" viewBox=\"0 0 2 2\"><path d=\"M0 0h2v2z\" fill=\"currentColor\"></path></svg>");
	taken("<svg width=\"12px\" height=\"4\"/>", " viewBox=\"0 0 12 4\"></svg>");
	taken("<?xml version=\"1.0\"?>\n<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"http://www.w3.org/x.dtd\">\n<!-- by us -->\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1 1\" x=\"0\"><title>T</title><metadata><a:b>x</a:b></metadata>"
		"<sodipodi:namedview id=\"n\" onload=\"x\"/><g inkscape:label=\"l\" style=\"fill:#000; -inkscape-y:1;stroke:none\"/></svg>\n",
		" viewBox=\"0 0 1 1\"><g fill=\"#000\" stroke=\"none\"></g></svg>");
}

static void test_ids_are_ours(void **state)
{
	(void) state;
	taken("<svg viewBox=\"0 0 1 1\" id=\"root\"><defs><linearGradient id=\"a\"/><linearGradient id=\"b\" xlink:href=\"#a\"/></defs>"
		"<rect fill=\"url(#b)\"/></svg>",
		" viewBox=\"0 0 1 1\"><defs><linearGradient id=\"logo-a\"></linearGradient><linearGradient id=\"logo-b\" href=\"#logo-a\">"
		"</linearGradient></defs><rect fill=\"url(#logo-b)\"></rect></svg>");
}

static void test_words_are_escaped(void **state)
{
	(void) state;
	taken("<svg viewBox=\"0 0 1 1\"><text font-family=\"&quot;Noto Serif&quot;, serif\">A &amp; &lt;b&gt;</text></svg>",
		" viewBox=\"0 0 1 1\"><text font-family=\"'Noto Serif', serif\">A &amp; &lt;b&gt;</text></svg>");
}

static void test_what_could_act_is_refused(void **state)
{
	(void) state;
	refused("<svg viewBox=\"0 0 1 1\"><script>alert(1)</script></svg>", "script");
	refused("<svg viewBox=\"0 0 1 1\" onload=\"alert(1)\"/>", "scripts");
	refused("<svg viewBox=\"0 0 1 1\"><rect OnClick=\"a\"/></svg>", "scripts");
	refused("<svg viewBox=\"0 0 1 1\"><style>*{}</style></svg>", "style");
	refused("<svg viewBox=\"0 0 1 1\"><foreignObject/></svg>", "foreignObject");
	refused("<svg viewBox=\"0 0 1 1\"><image href=\"x.png\"/></svg>", "image");
	refused("<svg viewBox=\"0 0 1 1\"><use href=\"#a\"/></svg>", "use");
	refused("<svg viewBox=\"0 0 1 1\"><a href=\"https://a.example\"/></svg>", "not taken");
	refused("<svg viewBox=\"0 0 1 1\"><animate/></svg>", "animate");
	refused("<svg viewBox=\"0 0 1 1\"><rect fill=\"url(https://a.example/x#a)\"/></svg>", "same drawing");
	refused("<svg viewBox=\"0 0 1 1\"><rect style=\"fill:URL(//a.example)\"/></svg>", "same drawing");
	refused("<svg viewBox=\"0 0 1 1\"><rect style=\"background:url(x)\"/></svg>", "style");
	refused("<svg viewBox=\"0 0 1 1\"><linearGradient href=\"javascript:x\"/></svg>", "link");
	refused("<svg viewBox=\"0 0 1 1\"><rect fill=\"javascript:x\"/></svg>", "something else");
	refused("<svg viewBox=\"0 0 1 1\"><rect class=\"call\"/></svg>", "classes");
	refused("<svg viewBox=\"0 0 1 1\"><rect href=\"#a\"/></svg>", "link");
	refused("<svg viewBox=\"0 0 1 1\"><rect nonsense=\"1\"/></svg>", "nonsense");
}

static void test_what_is_no_svg_is_refused(void **state)
{
	char deep[600] = "<svg viewBox=\"0 0 1 1\">";

	(void) state;
	refused("", "no SVG");
	refused("hello", "");
	refused("<html/>", "begins with <svg>");
	refused("<svg viewBox=\"0 0 1 1\">", "cut off");
	refused("<svg viewBox=\"0 0 1 1\"></g>", "not open");
	refused("<svg viewBox=\"0 0 1 1\"/><svg/>", "behind");
	refused("<svg viewBox=\"0 0 1 1\" viewBox=\"0 0 2 2\"/>", "twice");
	refused("<svg viewBox=0/>", "quotes");
	refused("<svg viewBox=\"0 0 1 1\"x=\"1\"/>", "blank");
	refused("<svg viewBox=\"0 0 1 1\">words</svg>", "outside of a text");
	refused("<svg viewBox=\"0 0 1 1\"><![CDATA[x]]></svg>", "only elements");
	refused("<!DOCTYPE svg [<!ENTITY a \"b\">]><svg viewBox=\"0 0 1 1\"/>", "only elements");
	refused("<svg viewBox=\"0 0 1 1\"><text>&evil;</text></svg>", "entities");
	refused("<svg/>", "viewBox");
	refused("<svg viewBox=\"0 0 1 1\">\xff</svg>", "no text");
	for (int i = 0; i < 20; i++)
		strcat(deep, "<g>");
	refused(deep, "too deep");
}

static void test_large_ones_are_refused_with_their_size(void **state)
{
	static char source[SVG_INPUT_BYTES + 100];
	size_t at;

	(void) state;
	strcpy(source, "<svg viewBox=\"0 0 1 1\"><path d=\"M");
	at = strlen(source);
	memset(source + at, '1', 5000);
	strcpy(source + at + 5000, "\"/></svg>");
	refused(source, "4096");
	memset(source, ' ', SVG_INPUT_BYTES + 10);
	source[SVG_INPUT_BYTES + 10] = '\0';
	refused(source, "at most 32768 are read");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes_are_left),
		cmocka_unit_test(test_ids_are_ours),
		cmocka_unit_test(test_words_are_escaped),
		cmocka_unit_test(test_what_could_act_is_refused),
		cmocka_unit_test(test_what_is_no_svg_is_refused),
		cmocka_unit_test(test_large_ones_are_refused_with_their_size),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
