/* test_form.c: queries, forms, paths, routes, multipart bodies in any portions.
 * SPDX-License-Identifier: ISC */
#include "http_test.h"

#include "http/http_inside.h"

static struct arena arena;

static int set_up(void **state)
{
	(void) state;
	arena_init(&arena, "test", 1 << 20);
	return 0;
}

static int tear_down(void **state)
{
	(void) state;
	arena_release(&arena);
	return 0;
}

static void forms(void **state)
{
	struct http_pairs pairs;
	struct buf many;

	(void) state;
	assert_true(http_form_parse(STR("a=1&b=%C3%A9+x&&c&=d&a=2"), &arena, &pairs));
	assert_int_equal(pairs.count, 5);
	assert_true(str_is(pairs.items[1].value, "\xc3\xa9 x"));
	assert_true(str_is(pairs.items[2].name, "c") && pairs.items[2].value.len == 0);
	assert_true(pairs.items[3].name.len == 0 && str_is(pairs.items[3].value, "d"));
	assert_true(http_form_parse(STR(""), &arena, &pairs) && pairs.count == 0);
	assert_true(http_form_parse(STR("a=b=c"), &arena, &pairs));
	assert_true(str_is(pairs.items[0].value, "b=c"));
	assert_false(http_form_parse(STR("a=%"), &arena, &pairs));
	assert_false(http_form_parse(STR("a=%4"), &arena, &pairs));
	assert_false(http_form_parse(STR("a=%g0"), &arena, &pairs));
	assert_false(http_form_parse(STR("a=%00"), &arena, &pairs));
	assert_false(http_form_parse(STR("a=%c3"), &arena, &pairs));
	assert_false(http_form_parse(STR("a=\xed\xa0\x80"), &arena, &pairs));
	assert_false(http_form_parse(STR("a=b\0c"), &arena, &pairs));
	assert_true(http_form_parse(STR("a=%41"), &arena, &pairs));
	assert_true(str_is(pairs.items[0].value, "A"));
	buf_init(&many, 4096);
	for (int i = 0; i < HTTP_PAIRS_MAX; i++)
		buf_add_text(&many, "a&");
	assert_false(http_form_parse(buf_view(&many), &arena, &pairs));
	buf_release(&many);
}

static void encoding_round_trip(void **state)
{
	char all[255];
	struct buf encoded;
	struct str back;

	(void) state;
	for (int i = 0; i < 127; i++)
		all[i] = (char) (i + 1);
	buf_init(&encoded, 4096);
	http_encode(&encoded, str_make(all, 127));
	assert_true(http_percent_decode(buf_view(&encoded), true, &arena, &back));
	assert_true(str_equal(back, str_make(all, 127)));
	buf_release(&encoded);
}

static void paths(void **state)
{
	static const char *const bad[] = {"/%2e", "/%2E%2e/", "/a%2fb", "/a%2Fb", "/%5c", "/%00", "/%", "/%1", "/%zz", "/%ff", "/%0d", "/a/../b", "/..",
		"/.", "/a/.", "/a/./b", "/%7f"};
	struct str path;
	const char *say = NULL;

	(void) state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (http_path_parse(str_from(bad[i]), &arena, &path, &say))
			fail_msg("passed: %s", bad[i]);
	assert_true(http_path_parse(STR("/2026/11/20/%D0%B4-x/"), &arena, &path, &say));
	assert_true(str_is(path, "/2026/11/20/\xd0\xb4-x/"));
	assert_true(http_path_parse(STR("/feed.xml"), &arena, &path, &say));
	assert_true(http_path_parse(STR("/.well-known/x..y"), &arena, &path, &say));
	assert_true(http_path_parse(STR("/a%20b+c"), &arena, &path, &say));
	assert_true(str_is(path, "/a b+c"));
}

static void route_patterns(void **state)
{
	struct http_pair parts[HTTP_PARTS_MAX];
	size_t count = 0;

	(void) state;
	assert_true(http_route_match("/a/{x}/b/{y}", STR("/a/1/b/2"), parts, &count));
	assert_int_equal(count, 2);
	assert_true(str_is(parts[0].name, "x") && str_is(parts[0].value, "1"));
	assert_true(str_is(parts[1].name, "y") && str_is(parts[1].value, "2"));
	assert_false(http_route_match("/a/{x}", STR("/a/"), parts, &count));
	assert_false(http_route_match("/a/{x}", STR("/a/1/"), parts, &count));
	assert_false(http_route_match("/a/{x}", STR("/a/1/2"), parts, &count));
	assert_false(http_route_match("/a", STR("/a/"), parts, &count));
	assert_false(http_route_match("/a/", STR("/a"), parts, &count));
	assert_false(http_route_match("/a", STR("/A"), parts, &count));
	assert_true(http_route_match("/f/{rest...}", STR("/f/a/b/"), parts, &count));
	assert_true(str_is(parts[0].name, "rest") && str_is(parts[0].value, "a/b/"));
	assert_false(http_route_match("/f/{rest...}", STR("/f/"), parts, &count));
}

static const char body[] = "preamble\r\n--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n--b\r\n"
	"content-disposition: form-data; name=\"f\"; filename=\"../x/\xc3\xa9\x01.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n"
	"\r\n--\r\n--B\r\n\r\n--b\r\n"
	"Content-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--b\r\n"
	"Content-Disposition: form-data; name=\"q\\\"uote\"\r\n\r\n--b\r\n--b--\r\nepilogue --b";

static void multipart_in_any_portions(void **state)
{
	(void) state;
	for (size_t step = 1; step < sizeof(body); step++) {
		struct multipart *m = NULL;
		struct fault f = {.kind = FAULT_NONE};
		struct http_pairs fields;
		struct http_file file;
		char text[64] = "";

		assert_true(multipart_open(&m, STR("multipart/form-data; charset=x; boundary=b"), true, &arena, &f));
		for (size_t at = 0; at < sizeof(body) - 1; at += step)
			if (!multipart_feed(m, str_part(str_make(body, sizeof(body) - 1), at, step), &f))
				fail_msg("step %zu at %zu: %s", step, at, f.say);
		assert_true(multipart_end(m, &fields, &f));
		assert_int_equal(fields.count, 3);
		assert_true(str_is(fields.items[0].name, "a") && str_is(fields.items[0].value, "one"));
		assert_true(str_is(fields.items[1].name, "empty") && fields.items[1].value.len == 0);
		assert_true(str_is(fields.items[2].name, "q\"uote") && str_is(fields.items[2].value, "--b"));
		assert_true(multipart_file(m, "f", &file));
		assert_int_equal(file.size_bytes, 11);
		assert_true(str_is(file.type, "image/jpeg"));
		assert_true(read(file.fd, text, sizeof(text)) == 11 && memcmp(text, "\r\n--\r\n--B\r\n", 11) == 0);
		assert_false(multipart_file(m, "g", &file));
		multipart_close(&m);
		arena_reset(&arena);
	}
}

static void bad_multiparts(void **state)
{
	static const char *const types[] = {"multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"a",
		"multipart/form-data; boundary=\"a b\"", "multipart/form-data; boundary=1234567890123456789012345678901234567890123456789012345678901234567890x",
		"multipart/form-data; boundary=\"\"", "multipart/form-data; x"};
	static const char *const bodies[] = {
		"", "--b", "--b\r\n", "--bx", "--b\r\n\r\n\r\n--b--", "--b\r\nX: y\r\n\r\nv\r\n--b--",
		"--b\r\nContent-Disposition: form-data\r\n\r\nv\r\n--b--", "--b\r\nContent-Disposition: form-data; name=\"\"\r\n\r\nv\r\n--b--",
		"--b\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\nv\r\n--b--", "--b\r\nContent-Disposition: form-data; name=\"a\r\n\r\nv\r\n--b--",
		"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nv\r\n--b", "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nv--b--",
		"--b\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Transfer-Encoding: base64\r\n\r\nv\r\n--b--",
		"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\xff\r\n--b--", "--b\r\nnonsense\r\n\r\nv\r\n--b--",
		"--b\r\nContent-Disposition: form-data; name=\"a\xff\"\r\n\r\nv\r\n--b--",
		"--b\r\nContent-Disposition: form-data; name=\"a\"; filename=\"\"\r\n\r\nnot empty\r\n--b--",
	};
	struct multipart *m = NULL;

	(void) state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct fault f = {.kind = FAULT_NONE};

		assert_false(multipart_open(&m, str_from(types[i]), true, &arena, &f));
		assert_int_equal(f.kind, FAULT_INPUT);
	}
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct fault f = {.kind = FAULT_NONE};
		struct http_pairs fields;

		assert_true(multipart_open(&m, STR("multipart/form-data; boundary=b"), true, &arena, &f));
		if (multipart_feed(m, str_from(bodies[i]), &f) && multipart_end(m, &fields, &f))
			fail_msg("passed: %s", bodies[i]);
		assert_int_equal(f.kind, FAULT_INPUT);
		multipart_close(&m);
	}
}

static void multipart_caps(void **state)
{
	struct multipart *m = NULL;
	struct fault f = {.kind = FAULT_NONE};
	static char large[LIMIT_FORM_BYTES + 1];

	(void) state;
	memset(large, 'x', sizeof(large));
	assert_true(multipart_open(&m, STR("multipart/form-data; boundary=b"), true, &arena, &f));
	assert_true(multipart_feed(m, STR("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n"), &f));
	assert_false(multipart_feed(m, str_make(large, sizeof(large)), &f) && multipart_feed(m, STR("\r\n--b--"), &f));
	multipart_close(&m);
	fault_clear(&f);
	assert_true(multipart_open(&m, STR("multipart/form-data; boundary=b"), true, &arena, &f));
	assert_true(multipart_feed(m, STR("--b\r\nX: "), &f));
	assert_false(multipart_feed(m, str_make(large, 4096), &f)); /* an endless part head */
	multipart_close(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(forms, set_up, tear_down),
		cmocka_unit_test_setup_teardown(encoding_round_trip, set_up, tear_down),
		cmocka_unit_test_setup_teardown(paths, set_up, tear_down),
		cmocka_unit_test_setup_teardown(route_patterns, set_up, tear_down),
		cmocka_unit_test_setup_teardown(multipart_in_any_portions, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bad_multiparts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(multipart_caps, set_up, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("http forms", tests, NULL, NULL);
}
