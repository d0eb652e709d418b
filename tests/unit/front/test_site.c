/* test_site.c: the baked tree over HTTP: codings, conditions, redirects, publishing under a reader's eyes, links out of the tree.
 * SPDX-License-Identifier: ISC */
#include "http/http_test.h"

#include <limits.h>
#include <sys/stat.h>
#include "front/front_inside.h"

static char home[] = "/tmp/mimeo-front-XXXXXX";
static int home_fd = -1;
static struct site *site;
static int counter;

static void put(const char *path, const char *text)
{
	char full[PATH_MAX], temporary[PATH_MAX];
	FILE *file = NULL;

	snprintf(full, sizeof(full), "%s/data/site/%s", home, path);
	snprintf(temporary, sizeof(temporary), "%s/data/site/.new", home);
	for (char *slash = full + strlen(home) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		(void) mkdir(full, 0755);
		*slash = '/';
	}
	file = fopen(temporary, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(rename(temporary, full), 0);
}

static void drop(const char *path)
{
	char full[PATH_MAX];

	snprintf(full, sizeof(full), "%s/data/site/%s", home, path);
	assert_int_equal(unlink(full), 0);
}

static void publish(void)
{
	char text[32];

	snprintf(text, sizeof(text), "%d\n", ++counter);
	put("_changes", text);
}

static void on_site(struct http_request *rq, void *room)
{
	(void) room;
	front_site_now(site, clock_mono_ms());
	front_site_answer(site, rq);
}

static void on_notified(void *self, unsigned events)
{
	char scratch[4096];

	(void) self, (void) events;
	while (read(front_site_notify_fd(site), scratch, sizeof(scratch)) > 0)
		;
	front_site_changed(site);
}

static const struct http_route routes[] = {
	{"GET", "/", on_site, HTTP_NO_BODY},
	{"GET", "/{path...}", on_site, HTTP_NO_BODY},
	{NULL, NULL, NULL, HTTP_NO_BODY},
};

static const char *const hosts[] = {"localhost", NULL};
static struct loop_watch *watch;

static int set_up(void **state)
{
	struct http_server_options options = {.name = "front.public", .routes = routes, .hosts = hosts};
	struct fault f = {.kind = FAULT_NONE};

	(void) state;
	assert_non_null(mkdtemp(home));
	home_fd = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put("index.html", "<p>front");
	put("index.html.gz", "GZ front");
	put("2026/11/20/tern/index.html", "<p>tern");
	put("2026/11/20/tern/index.html.gz", "GZ tern");
	put("\xd0\xb4-x/index.html", "cyrillic");
	put("feed.xml", "<rss/>");
	put("media/abc-320.jpg", "JPEG");
	put("_headers", "Content-Security-Policy: default-src 'none'\nX-Other: 1\n");
	put("_404.html", "<a href=\"@ROOT@\">home</a> @ROOT@x");
	put("_410.html", "gone <a href=\"@ROOT@\">");
	put("_moved", "/2026/11/20/old/\t/2026/11/20/tern/\n/nonsense\n/evil/\t//evil.example/\n/\xd0\xb4/\t/\xd0\xb4-x/\n"
		"/?p=12\t/2026/11/20/tern/\n");
	put("_gone", "/2026/11/20/withdrawn/\n/?p=14\n");
	put("search.db", "secret");
	put("_private/x.html", "secret");
	publish();
	site = front_site_open(&(struct site_options){home_fd, "data/site", 1 << 16, 64, 40});
	front_site_now(site, clock_mono_ms());
	start_server(&options);
	if (front_site_notify_fd(site) >= 0)
		assert_true(loop_watch(loop, front_site_notify_fd(site), LOOP_READ, on_notified, NULL, &watch, &f));
	return 0;
}

static int tear_down(void **state)
{
	char command[PATH_MAX + 32];

	(void) state;
	loop_unwatch(&watch);
	stop_server();
	front_site_close(&site);
	close(home_fd);
	snprintf(command, sizeof(command), "rm -rf %s", home);
	assert_int_equal(system(command), 0);
	memcpy(strrchr(home, '-'), "-XXXXXX", 7);
	return 0;
}

/* The whole answer to a GET with further header lines. */
static const char *get(const char *path, const char *lines)
{
	char text[4096];
	const char *answer = NULL;
	int fd = dial();

	snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", path, lines);
	send_text(fd, text);
	answer = receive(fd, 60000, strstr(lines, "If-None") != NULL && strstr(lines, "\"nothing\"") == NULL, NULL);
	close(fd);
	turn_ms(2);
	return answer;
}

static const char *line_of(const char *answer, const char *name)
{
	static char value[512];
	char key[64];
	const char *at = NULL;

	snprintf(key, sizeof(key), "\r\n%s: ", name);
	at = strstr(answer, key);
	if (at == NULL)
		return "";
	snprintf(value, sizeof(value), "%.*s", (int) strcspn(at + strlen(key), "\r"), at + strlen(key));
	return value;
}

static void pages(void **state)
{
	const char *answer = NULL;
	char etag[64];

	(void) state;
	for (int i = 0; i < 5; i++) { /* from the disk, then from memory */
		answer = get("/", "");
		assert_int_equal(status_of(answer), 200);
		assert_string_equal(body_of(answer), "<p>front");
		assert_string_equal(line_of(answer, "Content-Type"), "text/html; charset=utf-8");
		assert_string_equal(line_of(answer, "Cache-Control"), "public, max-age=60");
		assert_string_equal(line_of(answer, "Vary"), "Accept-Encoding");
		assert_string_equal(line_of(answer, "Content-Security-Policy"), "default-src 'none'");
		assert_string_equal(line_of(answer, "X-Other"), "1");
		assert_string_equal(line_of(answer, "X-Content-Type-Options"), "nosniff");
		assert_string_equal(line_of(answer, "Referrer-Policy"), "no-referrer");
		assert_string_equal(line_of(answer, "Content-Encoding"), "");
		snprintf(etag, sizeof(etag), "%s", line_of(answer, "ETag"));
		answer = get("/", "Accept-Encoding: br, gzip\r\n");
		assert_string_equal(body_of(answer), "GZ front");
		assert_string_equal(line_of(answer, "Content-Encoding"), "gzip");
		assert_string_not_equal(line_of(answer, "ETag"), etag);
		assert_string_equal(body_of(get("/", "Accept-Encoding: gzip;q=0\r\n")), "<p>front");
	}
	assert_true(front_site_count(site).hits_memory > 0 && front_site_count(site).hits_descriptor > 0);
	answer = get("/media/abc-320.jpg", "");
	assert_string_equal(line_of(answer, "Cache-Control"), "public, max-age=31536000, immutable");
	assert_string_equal(line_of(answer, "Content-Type"), "image/jpeg");
	assert_string_equal(line_of(answer, "Content-Security-Policy"), "");
	assert_string_equal(line_of(get("/feed.xml", ""), "Content-Type"), "application/rss+xml; charset=utf-8");
	assert_string_equal(body_of(get("/%D0%B4-x/", "")), "cyrillic");
}

static void conditions(void **state)
{
	char line[128];
	const char *answer = NULL;

	(void) state;
	for (int i = 0; i < 4; i++) {
		snprintf(line, sizeof(line), "If-None-Match: \"x\", W/%s\r\n", line_of(get("/", ""), "ETag"));
		answer = get("/", line);
		assert_int_equal(status_of(answer), 304);
		assert_string_equal(body_of(answer), "");
		assert_string_not_equal(line_of(answer, "ETag"), "");
		assert_string_equal(line_of(answer, "Content-Type"), "");
	}
	/* the gzip variant is another one */
	snprintf(line, sizeof(line), "Accept-Encoding: gzip\r\nIf-None-Match: %s,\"nothing\"\r\n", line_of(get("/", ""), "ETag"));
	assert_int_equal(status_of(get("/", line)), 200);
	assert_int_equal(status_of(get("/", "If-None-Match: *\r\n")), 304);
	/* a full bake with the same bytes leaves the ETag */
	snprintf(line, sizeof(line), "If-None-Match: %s\r\n", line_of(get("/", ""), "ETag"));
	put("index.html", "<p>front");
	publish();
	turn_ms(20);
	assert_int_equal(status_of(get("/", line)), 304);
}

static void redirects(void **state)
{
	const char *answer = get("/2026/11/20/tern", "");

	(void) state;
	assert_int_equal(status_of(answer), 301);
	assert_string_equal(line_of(answer, "Location"), "./tern/");
	assert_string_equal(line_of(get("/2026/11/20/tern?a=b%20c", ""), "Location"), "./tern/?a=b%20c");
	assert_string_equal(line_of(get("/%D0%B4-x", ""), "Location"), "./%D0%B4-x/");
	assert_string_equal(line_of(get("/2026/11/20/old/", ""), "Location"), "../../../../2026/11/20/tern/");
	/* WordPress' numbers: a redirect where the map has one, the page itself where it has none */
	assert_string_equal(line_of(get("/?p=12", ""), "Location"), "./2026/11/20/tern/");
	assert_string_equal(line_of(get("/?utm_source=x&p=12", ""), "Location"), "./2026/11/20/tern/");
	assert_int_equal(status_of(get("/?p=13", "")), 200);
	assert_int_equal(status_of(get("/?p=14", "")), 410);
	assert_int_equal(status_of(get("/?p=12x", "")), 200);
	assert_string_equal(line_of(get("/2026/11/20/old", ""), "Location"), "../../../2026/11/20/tern/");
	assert_int_equal(status_of(get("/2026/11/20/old", "")), 301);
	assert_string_equal(line_of(get("/%D0%B4/", ""), "Location"), "../%D0%B4-x/");
	assert_string_equal(line_of(get("/2026/11/20/tern/index.html", ""), "Location"), "../../../../2026/11/20/tern/");
	assert_string_equal(line_of(get("/search", ""), "Location"), "./search/");
	assert_int_equal(status_of(get("/evil/", "")), 404);
	assert_int_equal(status_of(get("//evil.example", "")), 404);
	assert_int_equal(status_of(get("//evil.example/..", "")), 400);
}

static void troubles(void **state)
{
	const char *answer = get("/2026/11/20/nothing/", "");

	(void) state;
	assert_int_equal(status_of(answer), 404);
	assert_string_equal(body_of(answer), "<a href=\"../../../../\">home</a> ../../../../x");
	assert_string_equal(line_of(answer, "Content-Security-Policy"), "default-src 'none'");
	assert_string_equal(line_of(answer, "Cache-Control"), "no-cache");
	assert_string_equal(body_of(get("/nothing", "")), "<a href=\"./\">home</a> ./x");
	answer = get("/2026/11/20/withdrawn/", "");
	assert_int_equal(status_of(answer), 410);
	assert_string_equal(body_of(answer), "gone <a href=\"../../../../\">");
	assert_int_equal(status_of(get("/2026/11/20/withdrawn", "")), 410);
	for (int i = 0; i < 2; i++) {
		static const char *const hidden[] = {"/search.db", "/search.db-wal", "/_headers", "/_404.html", "/_private/x.html", "/index.html.gz", "/.new",
			"/feed.xml.tmp-1", "/2026//11/20/tern/", "/feed.xml/", "/2026/11"};

		for (size_t j = 0; j < sizeof(hidden) / sizeof(hidden[0]); j++)
			if (status_of(get(hidden[j], "")) != 404)
				fail_msg("served: %s", hidden[j]);
	}
	assert_int_equal(ask("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"), 405);
}

static void publishing_is_seen_at_once(void **state)
{
	(void) state;
	for (int i = 0; i < 4; i++)
		assert_string_equal(body_of(get("/2026/11/20/tern/", "")), "<p>tern");
	assert_int_equal(status_of(get("/2026/11/20/new/", "")), 404);
	for (int round = 0; round < 3; round++) {
		char text[64];

		snprintf(text, sizeof(text), "<p>tern %d", round);
		put("2026/11/20/tern/index.html", text);
		put("2026/11/20/new/index.html", text);
		publish();
		assert_string_equal(body_of(get("/2026/11/20/tern/", "")), text);
		assert_string_equal(body_of(get("/2026/11/20/new/", "")), text);
		assert_string_equal(body_of(get("/2026/11/20/tern/", "")), text);
	}
	/* withdrawn: gzip variant too */
	drop("2026/11/20/tern/index.html.gz");
	drop("2026/11/20/tern/index.html");
	put("_gone", "/2026/11/20/tern/\n");
	publish();
	assert_int_equal(status_of(get("/2026/11/20/tern/", "")), 410);
	assert_int_equal(status_of(get("/2026/11/20/tern/", "Accept-Encoding: gzip\r\n")), 410);
	/* new headers reach pages that were ready in memory */
	put("_headers", "Content-Security-Policy: default-src 'self'\n");
	publish();
	assert_string_equal(line_of(get("/", ""), "Content-Security-Policy"), "default-src 'self'");
}

static void links_are_not_followed(void **state)
{
	char path[PATH_MAX];

	(void) state;
	snprintf(path, sizeof(path), "%s/data/site/passwd.txt", home);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	snprintf(path, sizeof(path), "%s/data/site/etc", home);
	assert_int_equal(symlink("/etc", path), 0);
	snprintf(path, sizeof(path), "%s/data/site/inner.txt", home);
	assert_int_equal(symlink("feed.xml", path), 0);
	snprintf(path, sizeof(path), "%s/data/site/pipe.txt", home);
	assert_int_equal(mkfifo(path, 0644), 0);
	publish();
	assert_int_equal(status_of(get("/passwd.txt", "")), 404);
	assert_int_equal(status_of(get("/etc/passwd", "")), 404);
	assert_int_equal(status_of(get("/inner.txt", "")), 404);
	assert_int_equal(status_of(get("/pipe.txt", "")), 404);
}

static void more_files_than_are_remembered(void **state)
{
	char path[64], text[3000];

	(void) state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < 150; i++) {
		snprintf(path, sizeof(path), "p/%d/index.html", i);
		memcpy(text, path, strlen(path));
		put(path, text);
	}
	publish();
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < 150; i++) {
			snprintf(path, sizeof(path), "/p/%d/", i);
			assert_memory_equal(body_of(get(path, "")), path + 1, strlen(path) - 1);
			assert_string_equal(body_of(get("/", "")), "<p>front"); /* stays hot */
		}
	assert_true(front_site_count(site).entries <= 64);
	assert_true(front_site_count(site).descriptors <= 40);
	assert_true(front_site_count(site).memory_bytes <= 1 << 16);
	assert_true(front_site_count(site).hits_memory >= 440);
}

static void nothing_baked_yet(void **state)
{
	char from[PATH_MAX], to[PATH_MAX];

	(void) state;
	snprintf(from, sizeof(from), "%s/data/site", home);
	snprintf(to, sizeof(to), "%s/data/away", home);
	assert_int_equal(rename(from, to), 0);
	front_site_close(&site);
	loop_unwatch(&watch);
	site = front_site_open(&(struct site_options){home_fd, "data/site", 1 << 16, 64, 40});
	assert_int_equal(status_of(get("/", "")), 503);
	assert_int_equal(rename(to, from), 0);
	assert_int_equal(status_of(get("/", "")), 200);
}

static void large_files(void **state)
{
	char path[PATH_MAX];
	const char *answer = NULL;
	FILE *file = NULL;
	char line[128];

	(void) state;
	put("media/big-1280.webp", "");
	snprintf(path, sizeof(path), "%s/data/site/media/big-1280.webp", home);
	file = fopen(path, "w");
	for (int i = 0; i < 100000; i++)
		fprintf(file, "%06d\n", i);
	fclose(file);
	publish();
	answer = get("/media/big-1280.webp", "");
	assert_int_equal(strlen(body_of(answer)), 700000);
	assert_memory_equal(body_of(answer) + 699993, "099999\n", 7);
	assert_string_equal(line_of(answer, "Content-Type"), "image/webp");
	snprintf(line, sizeof(line), "If-None-Match: %s\r\n", line_of(answer, "ETag"));
	assert_int_equal(status_of(get("/media/big-1280.webp", line)), 304);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(pages, set_up, tear_down),
		cmocka_unit_test_setup_teardown(conditions, set_up, tear_down),
		cmocka_unit_test_setup_teardown(redirects, set_up, tear_down),
		cmocka_unit_test_setup_teardown(troubles, set_up, tear_down),
		cmocka_unit_test_setup_teardown(publishing_is_seen_at_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(links_are_not_followed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(more_files_than_are_remembered, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nothing_baked_yet, set_up, tear_down),
		cmocka_unit_test_setup_teardown(large_files, set_up, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("front site", tests, NULL, NULL);
}
