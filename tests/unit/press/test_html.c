/* test_html.c: what reaches HTML, XML, JSON and CSV from hostile text.
 * SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include "press/html.h"

typedef void writer(struct buf *, struct str);

static void expect(writer *write, struct str in, const char *out)
{
	struct buf buf;

	buf_init(&buf, 4096);
	write(&buf, in);
	assert_string_equal(buf.at, out);
	buf_release(&buf);
}

static void html_escapes_all_that_could_end_text_or_attribute(void **state)
{
	(void) state;
	expect(html_text, STR("<b a=\"x\" b='y'> & c"), "&lt;b a=&quot;x&quot; b=&#39;y&#39;&gt; &amp; c");
	expect(html_text, STR(""), "");
	expect(html_text, STR("&"), "&amp;");
	expect(html_text, STR("привет ёж\t\n"), "привет ёж\t\n");
	expect(html_text, STR("a\0b"), "a\xef\xbf\xbd" "b");
}

static void attributes_are_quoted(void **state)
{
	struct buf buf;

	(void) state;
	buf_init(&buf, 100);
	html_attr(&buf, "title", STR("\" onclick=\"x"));
	assert_string_equal(buf.at, " title=\"&quot; onclick=&quot;x\"");
	buf_release(&buf);
}

static void xml_drops_what_xml_forbids(void **state)
{
	(void) state;
	expect(xml_text, STR("a\x01\x08" "b\xef\xbf\xbe" "c\xef\xbf\xbf\xef\xbf\xbd<"), "abc\xef\xbf\xbd&lt;");
	expect(xml_text, STR("\xef"), "\xef");
	expect(xml_text, STR("\xef\xbf"), "\xef\xbf");
}

static void json_is_safe_inside_script(void **state)
{
	json_t *back;
	struct buf buf;

	(void) state;
	expect(json_text, STR("</script>"), "\"<\\/script>\"");
	expect(json_text, STR("<!--<script>"), "\"\\u003c!--\\u003cscript>\"");
	expect(json_text, STR("a/b \\ \" \n\r\t\x01"), "\"a/b \\\\ \\\" \\n\\r\\t\\u0001\"");
	expect(json_text, STR("\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\x94\xe2"), "\"\\u2028\\u2029\xe2\x80\x94\xe2\"");
	buf_init(&buf, 1000);
	json_text(&buf, STR("</script><!-- \x1f \"\\ ёж \xe2\x80\xa8"));
	back = json_loads(buf.at, JSON_DECODE_ANY, NULL);
	assert_string_equal(json_string_value(back), "</script><!-- \x1f \"\\ ёж \xe2\x80\xa8");
	json_decref(back);
	buf_release(&buf);
}

static void csv_defuses_formulas(void **state)
{
	(void) state;
	expect(csv_cell, STR("plain"), "plain");
	expect(csv_cell, STR("a,\"b\"\n"), "\"a,\"\"b\"\"\n\"");
	expect(csv_cell, STR("=cmd|'x'"), "\"'=cmd|'x'\"");
	expect(csv_cell, STR("@x"), "\"'@x\"");
	expect(csv_cell, STR(""), "");
}

static void a_full_buffer_is_left_alone(void **state)
{
	struct buf buf;

	(void) state;
	buf_init(&buf, 8);
	html_text(&buf, STR("<<<<<<<<"));
	assert_true(buf.over);
	assert_true(buf.len <= 8);
	buf_release(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(html_escapes_all_that_could_end_text_or_attribute), cmocka_unit_test(attributes_are_quoted),
		cmocka_unit_test(xml_drops_what_xml_forbids), cmocka_unit_test(json_is_safe_inside_script),
		cmocka_unit_test(csv_defuses_formulas), cmocka_unit_test(a_full_buffer_is_left_alone),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
