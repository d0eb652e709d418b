/* test_css.c: custom properties under short names.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "base/buf.h"
#include "press/css.h"

static void becomes(struct css_names *names, const char *css, const char *wanted)
{
	char text[2000];
	struct buf out;

	buf_init(&out, 4096);
	css_shorten(names, str_from(css), &out);
	snprintf(text, sizeof(text), "%.*s", STR_ARG(buf_view(&out)));
	assert_string_equal(text, wanted);
	buf_release(&out);
}

static void test_two_sheets_agree(void **state)
{
	struct css_names names = {0};

	(void) state;
	becomes(&names, ":root{--paper:#fff;--ink:#000;--hair:1px solid var(--line)}", ":root{--a:#fff;--b:#000;--c:1px solid var(--d)}");
	becomes(&names, "a{color:var(--ink,var(--paper))}", "a{color:var(--b,var(--a))}");
	becomes(&names, "", "");
	becomes(&names, "--", "--");
	becomes(&names, "a{--", "a{--");
}

static void test_what_is_no_name_stays(void **state)
{
	struct css_names names = {0};

	(void) state;
	becomes(&names, ".card--wide{margin:-1rem}.a::before{content:\"--x\"}b{width:calc(1px - -2px)}",
		".card--wide{margin:-1rem}.a::before{content:\"--x\"}b{width:calc(1px - -2px)}");
	becomes(&names, "a{--canary:1;--canary-edge:2}", "a{--a:1;--b:2}");
}

/* All codes differ, also where one letter does not suffice; behind the table names stay. */
static void test_many_names(void **state)
{
	struct css_names names = {0};
	char seen[CSS_NAMES][16];

	(void) state;
	for (size_t i = 0; i < CSS_NAMES + 3; i++) {
		static char kept[CSS_NAMES + 3][32];
		char wanted[64];
		struct buf out;

		snprintf(kept[i], sizeof(kept[i]), "name-%zu", i);
		buf_init(&out, 100);
		css_add_name(&names, kept[i], &out);
		snprintf(wanted, sizeof(wanted), "%.*s", STR_ARG(buf_view(&out)));
		buf_release(&out);
		if (i >= CSS_NAMES) {
			assert_string_equal(wanted + 2, kept[i]);
			continue;
		}
		snprintf(seen[i], sizeof(seen[i]), "%.15s", wanted);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(seen[i], seen[k]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_sheets_agree),
		cmocka_unit_test(test_what_is_no_name_stays),
		cmocka_unit_test(test_many_names),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
