/* test_theme_files.c: the default theme is whole: templates compile, every text that they ask for is there in every language,
 * the style sheet that stands in each page is light.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include "base/arena.h"
#include "base/fault.h"
#include "gen/theme_files.h"
#include "press/locale.h"
#include "press/theme.h"
#include "press/value.h"

enum { CSS_BYTES = 12 * 1024 };

static const char *const languages[] = {"en", "ru", "ar"};
enum { LANGUAGES = 3 };

static json_t *locales[LANGUAGES];
static struct theme *theme;

static int set_up(void **state)
{
	struct fault f = {0};
	char name[32];

	(void) state;
	for (size_t i = 0; i < LANGUAGES; i++) {
		const struct embed_file *file;

		snprintf(name, sizeof(name), "locale/%s.json", languages[i]);
		file = embed_find(theme_files, str_from(name));
		if (file == NULL)
			return -1;
		locales[i] = json_loadb(file->text.at, file->text.len, JSON_REJECT_DUPLICATES, NULL);
		if (locales[i] == NULL)
			return -1;
	}
	return theme_open(&theme, theme_files, NULL, &f) ? 0 : fault_print(&f, true);
}

static int tear_down(void **state)
{
	(void) state;
	theme_close(&theme);
	for (size_t i = 0; i < LANGUAGES; i++)
		json_decref(locales[i]);
	return 0;
}

/* A translation must use the same {names}. */
static size_t count_of(const char *text, const char *name)
{
	size_t count = 0;

	for (const char *at = text; (at = strstr(at, name)) != NULL; at++)
		count++;
	return count;
}

static void assert_same_names(const char *language, const char *key, const char *english, const char *text)
{
	for (const char *at = english; (at = strchr(at, '{')) != NULL; at++) {
		char name[64];
		size_t length = strcspn(at, "}") + 1;

		assert_true(length < sizeof(name));
		memcpy(name, at, length);
		name[length] = '\0';
		if (count_of(text, name) == 0)
			fail_msg("%s: \"%s\" does not use %s", language, key, name);
	}
}

static void test_languages_have_the_same_texts(void **state)
{
	(void) state;
	for (size_t i = 1; i < LANGUAGES; i++)
		for (int turn = 0; turn < 2; turn++) {
			const json_t *from = json_object_get(locales[turn == 0 ? 0 : i], "texts");
			json_t *to = json_object_get(locales[turn == 0 ? i : 0], "texts"), *value;
			const char *key;

			json_object_foreach((json_t *) (uintptr_t) from, key, value) {
				const char *text = json_string_value(json_object_get(to, key));

				if (text == NULL || text[0] == '\0')
					fail_msg("%s lacks \"%s\"", languages[turn == 0 ? i : 0], key);
				if (turn == 0)
					assert_same_names(languages[i], key, json_string_value(value), text);
			}
		}
}

static void test_lists_and_plurals(void **state)
{
	static const struct {
		const char *name;
		size_t count;
	} lists[] = {{"months", 12}, {"weekdays", 7}, {"every", 7}, {"newsletter_when", 7}, {"newsletter_confirm_when", 7}, {"mail_confirm_when", 7}, {"month_reminder", 12}, {"month_year", 12}};
	const int64_t numbers[] = {0, 1, 2, 3, 5, 11, 21, 22, 100, 101, 111, 1000000};
	const char *key;
	json_t *value;

	(void) state;
	for (size_t i = 0; i < LANGUAGES; i++) {
		for (size_t k = 0; k < sizeof(lists) / sizeof(lists[0]); k++) {
			const json_t *list = json_object_get(locales[i], lists[k].name);

			assert_int_equal(json_array_size(list), lists[k].count);
			for (size_t n = 0; n < lists[k].count; n++) /* all different: none was forgotten while copying */
				for (size_t m = 0; m < n; m++)
					assert_string_not_equal(json_string_value(json_array_get(list, n)), json_string_value(json_array_get(list, m)));
		}
		json_object_foreach(json_object_get(locales[0], "plurals"), key, value)
			for (size_t n = 0; n < sizeof(numbers) / sizeof(numbers[0]); n++) {
				const char *category = locale_plural_category(str_from(languages[i]), numbers[n]);
				const json_t *forms = json_object_get(json_object_get(locales[i], "plurals"), key);

				if (json_string_value(json_object_get(forms, category)) == NULL)
					fail_msg("%s: plural \"%s\" lacks \"%s\"", languages[i], key, category);
			}
	}
}

/* Every {{t.key}} of every template is a text. */
static void test_templates_ask_for_what_is_there(void **state)
{
	(void) state;
	for (const struct embed_file *file = theme_files; file->name != NULL; file++) {
		struct str rest = file->text;
		size_t at;

		while ((at = str_find(rest, STR("{{t."))) != SIZE_MAX) {
			char key[64];
			size_t length;

			rest = str_part(rest, at + 4, SIZE_MAX);
			length = str_find_char(rest, '}');
			assert_true(length < sizeof(key));
			snprintf(key, sizeof(key), "%.*s", (int) length, rest.at);
			if (json_object_get(json_object_get(locales[0], "texts"), key) == NULL)
				fail_msg("%s asks for t.%s", file->name, key);
		}
	}
}

static void test_templates_compile(void **state)
{
	(void) state;
	for (const struct embed_file *file = theme_files; file->name != NULL; file++) {
		struct arena arena;
		struct fault f = {0};
		struct buf out;
		char name[64];

		if (!str_ends(str_from(file->name), STR(".mustache")))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int) (strlen(file->name) - strlen(".mustache")), file->name);
		arena_init(&arena, "test", 1 << 16);
		buf_init(&out, 1 << 20);
		if (!theme_render(theme, name, press_map(&arena), &out, &f))
			fail_msg("%s: %s", file->name, f.say);
		assert_true(buf_check(&out, "page", &f));
		assert_true(str_find(buf_view(&out), STR("{{")) == SIZE_MAX);
		buf_release(&out);
		arena_release(&arena);
	}
}

/* A page asks nobody else for anything, and its style and scripts pass the Content-Security-Policy. */
static void test_templates_stay_at_home(void **state)
{
	static const char *const never[] = {" style=\"", "onclick=", "onload=", "src=\"http", "href=\"http", "@import", "url(http", "<script>"};

	(void) state;
	for (const struct embed_file *file = theme_files; file->name != NULL; file++)
		for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
			bool is_mail = str_starts(str_from(file->name), STR("mail/"));

			if (is_mail && i == 0) /* a mail has no other way, and no policy */
				continue;
			if (str_ends(str_from(file->name), STR(".md")) || str_ends(str_from(file->name), STR(".json")))
				continue;
			if (str_find(file->text, str_from(never[i])) != SIZE_MAX)
				fail_msg("%s has %s", file->name, never[i]);
		}
}

static void test_style_is_light(void **state)
{
	/* a story, the support page, all others */
	static const char *const pages[][3] = {{"story.css", "coupon.css"}, {"coupon.css", "forms.css"}, {"pages.css", "forms.css"}};
	size_t shared = theme_file(theme, "theme.css").len + theme_file(theme, "body.css").len + theme_file(theme, "arabic.css").len;

	(void) state;
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		assert_in_range(shared + theme_file(theme, pages[i][0]).len + theme_file(theme, pages[i][1]).len, 1000, CSS_BYTES);
}

/* Right-to-left costs nothing because no rule names a side. */
static void test_style_names_no_side(void **state)
{
	static const char *const never[] = {"margin-left", "margin-right", "padding-left", "padding-right", "border-left", "border-right", "text-align:left",
		"text-align:right", "float:", ";left:", "{left:", ";right:", "{right:", "-top-left", "-top-right", "-bottom-left", "-bottom-right"};

	(void) state;
	for (const struct embed_file *file = theme_files; file->name != NULL; file++) {
		struct str css = str_ends(str_from(file->name), STR(".css")) ? theme_file(theme, file->name) : STR("");

		for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
			if (str_find(css, str_from(never[i])) != SIZE_MAX)
				fail_msg("%s has %s", file->name, never[i]);
	}
}

/* "padding:1px 2px 3px 4px" and the like name a side, too, when the second and fourth differ. */
static void test_shorthands_are_even(void **state)
{
	static const char *const names[] = {"padding:", "margin:", "inset:", "border-width:"};

	(void) state;
	for (const struct embed_file *file = theme_files; file->name != NULL; file++) {
		struct str css = str_ends(str_from(file->name), STR(".css")) ? theme_file(theme, file->name) : STR("");

		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			struct str rest = css;
			size_t at;

			while ((at = str_find(rest, str_from(names[i]))) != SIZE_MAX) {
				char values[5][32] = {"", "", "", "", ""};

				rest = str_part(rest, at + strlen(names[i]), SIZE_MAX);
				(void) sscanf(rest.at, "%31[^ ;}] %31[^ ;}] %31[^ ;}] %31[^ ;}]", values[0], values[1], values[2], values[3]);
				if (strchr(values[0], '(') == NULL && values[3][0] != '\0' && strcmp(values[1], values[3]) != 0)
					fail_msg("%s: %s%s %s %s %s", file->name, names[i], values[0], values[1], values[2], values[3]);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_languages_have_the_same_texts),
		cmocka_unit_test(test_lists_and_plurals),
		cmocka_unit_test(test_templates_ask_for_what_is_there),
		cmocka_unit_test(test_templates_compile),
		cmocka_unit_test(test_templates_stay_at_home),
		cmocka_unit_test(test_style_is_light),
		cmocka_unit_test(test_style_names_no_side),
		cmocka_unit_test(test_shorthands_are_even),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
