/* test_mustache.c: values and templates: the official specification's core, and what is hostile.
 * SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include <cmocka.h>
#include <jansson.h>
#include "base/arena.h"
#include "base/fault.h"
#include "press/mustache.h"
#include "press/value.h"

enum { ARENA = 4 * 1024 * 1024 };

static bool find_in(void *self, struct str name, struct str *source)
{
	json_t *partials = self;
	json_t *text = NULL;
	const char *key;
	json_t *value;

	json_object_foreach(partials, key, value)
		if (str_is(name, key))
			text = value;
	if (text != NULL)
		*source = str_make(json_string_value(text), json_string_length(text));
	return text != NULL;
}

static char *render(const char *template, const char *data, json_t *partials, struct fault *f)
{
	static char result[65536];
	struct press_value *root = NULL;
	struct mustache *mustache = NULL;
	struct arena arena;
	struct buf out;
	struct fault ignored = {0};

	arena_init(&arena, "test", ARENA);
	buf_init(&out, sizeof(result) - 1);
	result[0] = '\0';
	assert_true(press_value_from_json(str_from(data), &arena, &root, &ignored));
	if (mustache_compile(&mustache, STR("test"), str_from(template), find_in, partials, f)) {
		mustache_render(mustache, root, &out);
		memcpy(result, out.at, out.len + 1);
	}
	mustache_free(&mustache);
	assert_null(mustache);
	buf_release(&out);
	arena_release(&arena);
	return result;
}

static void spec_file(const char *name)
{
	char path[256];
	json_t *file;
	json_t *test;
	size_t i;
	size_t failed = 0;

	snprintf(path, sizeof(path), "../shared/data/mustache-spec/%s.json", name);
	if (access(path, R_OK) != 0) {
		print_message("# %s is not here\n", path);
		skip();
	}
	file = json_load_file(path, 0, NULL);
	assert_non_null(file);
	assert_true(json_array_size(json_object_get(file, "tests")) > 5);
	json_array_foreach(json_object_get(file, "tests"), i, test) {
		struct fault f = {0};
		char *data = json_dumps(json_object_get(test, "data"), JSON_ENCODE_ANY);
		const char *wanted = json_string_value(json_object_get(test, "expected"));
		char *got = render(json_string_value(json_object_get(test, "template")), data, json_object_get(test, "partials"), &f);

		if (strcmp(got, wanted) != 0) {
			print_message("# %s: %s\n# wanted <%s>\n# got <%s> %s\n", name, json_string_value(json_object_get(test, "name")), wanted,
				got, f.say);
			failed++;
		}
		free(data);
	}
	json_decref(file);
	assert_int_equal(failed, 0);
}

static void spec_comments(void **state) { (void) state; spec_file("comments"); }
static void spec_delimiters(void **state) { (void) state; spec_file("delimiters"); }
static void spec_interpolation(void **state) { (void) state; spec_file("interpolation"); }
static void spec_inverted(void **state) { (void) state; spec_file("inverted"); }
static void spec_partials(void **state) { (void) state; spec_file("partials"); }
static void spec_sections(void **state) { (void) state; spec_file("sections"); }

static void wrong(const char *template, const char *say)
{
	struct fault f = {0};

	render(template, "{}", NULL, &f);
	assert_int_equal(f.kind, FAULT_INPUT);
	assert_string_equal(f.say, say);
}

static void errors_name_template_and_line(void **state)
{
	(void) state;
	wrong("a\n{{#x}}\n", "test:3: a section is never ended");
	wrong("a\n{{x", "test:2: a tag is opened here and never closed");
	wrong("{{{x}}", "test:1: a tag is opened here and never closed");
	wrong("\n\n{{/x}}", "test:3: a section ends here that was never begun");
	wrong("{{#x}}{{/y}}", "test:1: {{/y}} stands where {{/x}} must");
	wrong("{{}}", "test:1: a name has an empty part");
	wrong("{{a..b}}", "test:1: a name has an empty part");
	wrong("{{=x=}}", "test:1: new delimiters are written as {{=<% %>=}}");
	wrong("{{=", "test:1: a tag is opened here and never closed");
}

static void nesting_is_bounded(void **state)
{
	char deep[2000] = "";
	struct fault f = {0};
	json_t *loop = json_pack("{s:s, s:s}", "a", "x{{>a}}", "b", "  {{>b}}\n");
	size_t i;

	(void) state;
	for (i = 0; i < 40; i++)
		strcat(deep, "{{#a}}");
	for (i = 0; i < 40; i++)
		strcat(deep, "{{/a}}");
	wrong(deep, "test:1: sections are nested too deep");
	assert_int_equal(strlen(render("{{>a}}", "{}", loop, &f)), 32);
	render("  {{>b}}\n", "{}", loop, &f);
	assert_int_equal(f.kind, FAULT_INPUT); /* each level would be a partial of its own */
	json_decref(loop);
}

static void absent_names_are_nothing(void **state)
{
	struct fault f = {0};

	(void) state;
	assert_string_equal(render("[{{a}}{{b.c}}{{>nope}}{{#d}}x{{/d}}{{^d}}y{{/d}}]", "{\"b\":1}", NULL, &f), "[y]");
	assert_string_equal(render("{{#e}}x{{/e}}{{#l}}y{{/l}}{{#m}}z{{/m}}", "{\"e\":\"\",\"l\":[],\"m\":{}}", NULL, &f), "z");
	assert_string_equal(render("{{#l}}{{.}},{{/l}}", "{\"l\":[1,1.5,\"<\",true]}", NULL, &f), "1,1.5,&lt;,true,");
}

/* --- values --- */

static void large_maps_find_every_key(void **state)
{
	static char keys[1000][16];
	struct arena arena;
	struct press_value *map;
	size_t i;

	(void) state;
	arena_init(&arena, "test", ARENA);
	map = press_map(&arena);
	for (i = 0; i < 1000; i++) {
		snprintf(keys[i], sizeof(keys[i]), "key%zu", i);
		press_set_i64(map, keys[i], (int64_t) i);
		press_set_i64(map, keys[i / 2], (int64_t) (i / 2)); /* a second time replaces */
	}
	assert_int_equal(press_value_count(map), 1000);
	for (i = 0; i < 1000; i++) {
		char wanted[16];

		snprintf(wanted, sizeof(wanted), "%zu", i);
		assert_true(str_is(press_value_text(press_get(map, str_from(keys[i]))), wanted));
	}
	assert_null(press_get(map, STR("key1000")));
	assert_true(press_value_is_whole(map));
	arena_release(&arena);
}

static void a_full_arena_is_found_out(void **state)
{
	size_t cap;

	(void) state;
	for (cap = 0; cap < 6000; cap += 48) {
		struct arena arena;
		struct press_value *root;
		struct press_value *list;
		size_t i;
		bool whole;

		arena_init(&arena, "test", cap);
		root = press_map(&arena);
		list = press_set_list(root, "list");
		for (i = 0; i < 10; i++)
			press_set_i64(press_add_map(list), "n", (int64_t) i);
		press_set_bool(root, "yes", true);
		whole = press_value_is_whole(root);
		if (whole) {
			assert_int_equal(press_value_count(list), 10);
			assert_non_null(press_get(root, STR("yes")));
			assert_non_null(press_get(press_at(list, 9), STR("n")));
		} else {
			assert_true(cap < 5000);
		}
		arena_release(&arena);
	}
}

static void hostile_json_is_refused(void **state)
{
	static const char *const bad[] = {"", "{", "[1", "{\"a\":1,\"a\":2}", "nul", "[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]", "\"\\ud800\"",
		"\"\xff\"", "1e999"};
	size_t i;

	(void) state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct arena arena;
		struct press_value *root = NULL;
		struct fault f = {0};

		arena_init(&arena, "test", ARENA);
		assert_false(press_value_from_json(str_from(bad[i]), &arena, &root, &f));
		assert_int_equal(f.kind, FAULT_INPUT);
		assert_null(root);
		arena_release(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spec_comments), cmocka_unit_test(spec_delimiters), cmocka_unit_test(spec_interpolation),
		cmocka_unit_test(spec_inverted), cmocka_unit_test(spec_partials), cmocka_unit_test(spec_sections),
		cmocka_unit_test(errors_name_template_and_line), cmocka_unit_test(nesting_is_bounded),
		cmocka_unit_test(absent_names_are_nothing), cmocka_unit_test(large_maps_find_every_key),
		cmocka_unit_test(a_full_arena_is_found_out), cmocka_unit_test(hostile_json_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
