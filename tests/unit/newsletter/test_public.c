/* test_public.c: what readers get over HTTP: the same answer for every address and every token, and nothing of what they typed
 * unescaped.
 * SPDX-License-Identifier: ISC */
#include "newsletter_front.h"

static int set_up(void **state)
{
	(void) state;
	bench_folder(&bench, "");
	bench_open(&bench);
	front_open();
	return 0;
}

static int tear_down(void **state)
{
	(void) state;
	http_server_close(&front_server);
	bench_close(&bench);
	bench_remove(&bench);
	return 0;
}

static void ask(struct answer *answer, const char *method, const char *path, const char *form, const char *header)
{
	char request[4096];
	int len = form == NULL ?
		snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\nHost: room\r\nConnection: close\r\n%s\r\n", method, path, header) :
		snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\nHost: room\r\nConnection: close\r\n%s"
			"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %zu\r\n\r\n%s", method, path, header,
			strlen(form), form);

	front_talk(answer, request, len);
	if (answer->status != 403)
		assert_non_null(strstr(answer->text, "Cache-Control: no-store"));
}

static struct answer one, two;

static void test_one_answer_for_all(void **state)
{
	static const char *const again[] = {"email=new%40example.org&lang=en&back=/", "email=reader%40example.org&lang=en&back=/",
		"email=READER%40example.org&lang=en&back=/"};

	(void) state;
	bench_subscriber(&bench, "reader@example.org");
	ask(&one, "POST", "/newsletter/subscribe", "email=stranger%40example.org&lang=en&back=/", "");
	assert_int_equal(one.status, 200);
	for (size_t i = 0; i < 3; i++) {
		ask(&two, "POST", "/newsletter/subscribe", again[i], "");
		assert_int_equal(two.status, 200);
		assert_string_equal(one.body, two.body);
	}
	bench_mail(&bench);
	assert_int_equal(sink_count(&bench, "stranger@example.org"), 1);
	assert_int_equal(sink_count(&bench, "reader@example.org"), 1);
}

static void test_bad_address_comes_back(void **state)
{
	(void) state;
	ask(&one, "POST", "/newsletter/subscribe", "email=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&lang=ru&back=/2026/11/20/slug/", "");
	assert_int_equal(one.status, 400);
	assert_non_null(strstr(one.body, "value=\"&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\""));
	assert_null(strstr(one.body, "<script>alert"));
	assert_non_null(strstr(one.body, "aria-invalid=\"true\""));
	assert_non_null(strstr(one.body, "name=\"back\" value=\"/2026/11/20/slug/\""));
	assert_non_null(strstr(one.body, "<html lang=\"ru\""));
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_PENDING), 0);
}

/* The way back stays on this site, whatever the form says. */
static void test_back(void **state)
{
	static const char *const bad[] = {"https://evil.example/", "//evil.example/", "/%5Cevil.example/", "/../../etc/", "javascript:alert(1)",
		"/a%0d%0ab/", "/a//b/"};
	char form[200];

	(void) state;
	ask(&one, "POST", "/newsletter/subscribe", "email=a%40example.org&lang=en&back=/2026/11/20/slug/", "");
	assert_non_null(strstr(one.body, "href=\"../2026/11/20/slug/\""));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(form, sizeof(form), "email=a%%40example.org&lang=en&back=%s", bad[i]);
		ask(&one, "POST", "/newsletter/subscribe", form, "");
		assert_int_equal(one.status, 200);
		assert_null(strstr(one.body, "evil"));
		assert_null(strstr(one.body, "javascript:"));
		assert_non_null(strstr(one.body, "<p><a href=\"../\">"));
	}
}

static void test_cross_site_refused(void **state)
{
	static const char *const paths[] = {"/newsletter/subscribe", "/newsletter/confirm/aaaaaaaaaaaaaaaaaaaaaaaaaa",
		"/newsletter/unsubscribe/aaaaaaaaaaaaaaaaaaaaaaaaaa"};

	(void) state;
	for (size_t i = 0; i < 3; i++) {
		ask(&one, "POST", paths[i], "email=a%40example.org&lang=en&back=/", "Sec-Fetch-Site: cross-site\r\n");
		assert_int_equal(one.status, 403);
	}
	bench_turn(&bench, 20);
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_PENDING), 0);
}

/* The page with `token` taken out. */
static void without(char *text, const char *token)
{
	for (char *at = strstr(text, token); at != NULL; at = strstr(text, token))
		memset(at, '_', strlen(token));
}

static void test_token_pages_tell_nothing(void **state)
{
	static const char *const kinds[] = {"confirm", "unsubscribe"};
	char token[RAND_TOKEN_CHARS + 1], path[128];
	unsigned char hash[SEAL_HASH_BYTES];
	struct fault f = {0};
	int64_t id;

	(void) state;
	bench_sign_up(&bench, "reader@example.org");
	id = bench_number(&bench, NEWSLETTER_SQL_SUBSCRIBER_AFTER, STORE_ARGS(store_text(STR("pending")), store_i64(0), store_i64(1)));
	rand_token(token);
	seal_token_hash(str_from(token), hash);
	assert_true(store_run(bench.room.db, NEWSLETTER_SQL_CONFIRMATION_INSERT,
		STORE_ARGS(store_blob(str_make(hash, sizeof(hash))), store_i64(id), store_i64(1)), NULL, &f));
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/newsletter/%s/%s", kinds[i], token);
		ask(&one, "GET", path, NULL, "");
		assert_int_equal(one.status, 200);
		assert_non_null(strstr(one.body, "method=\"post\""));
		without(one.text, token);
		snprintf(path, sizeof(path), "/newsletter/%s/%s", kinds[i], "bbbbbbbbbbbbbbbbbbbbbbbbbb");
		ask(&two, "GET", path, NULL, "");
		without(two.text, "bbbbbbbbbbbbbbbbbbbbbbbbbb");
		assert_string_equal(one.body, two.body);
		snprintf(path, sizeof(path), "/newsletter/%s/%s", kinds[i], "javascript:alert(1)");
		ask(&one, "GET", path, NULL, "");
		assert_int_equal(one.status, 404);
		assert_null(strstr(one.body, "javascript:"));
	}
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_CONFIRMED), 0); /* a GET changes nothing */
	snprintf(path, sizeof(path), "/newsletter/confirm/%s", token);
	ask(&one, "POST", path, "lang=en", "");
	assert_int_equal(one.status, 200);
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_CONFIRMED), 1);
	/* one-click, the button, and a token that never was: one answer */
	ask(&one, "POST", "/newsletter/unsubscribe/cccccccccccccccccccccccccc", "List-Unsubscribe=One-Click", "");
	ask(&two, "POST", "/newsletter/unsubscribe/dddddddddddddddddddddddddd", "lang=en", "");
	assert_int_equal(one.status, 200);
	assert_string_equal(one.body, two.body);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_answer_for_all), TEST(test_bad_address_comes_back), TEST(test_back), TEST(test_cross_site_refused),
		TEST(test_token_pages_tell_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
