/* test_room.c: the front room as a process of its own, with a newsletter room played by the test.
 * SPDX-License-Identifier: ISC */
#include "http/http_test.h"

#include <limits.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include "front/front.h"

static char home[] = "/tmp/mimeo-front-XXXXXX";
static pid_t room_pid;
static struct http_request *held;
static char seen[8192];

static void put(const char *path, const char *text)
{
	char full[PATH_MAX];
	FILE *file = NULL;

	snprintf(full, sizeof(full), "%s/%s", home, path);
	for (char *slash = full + strlen(home) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		(void) mkdir(full, 0755);
		*slash = '/';
	}
	file = fopen(full, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void make_index(const char *sql)
{
	char path[PATH_MAX], fresh[PATH_MAX];
	sqlite3 *db = NULL;

	snprintf(path, sizeof(path), "%s/data/site/search.db", home);
	snprintf(fresh, sizeof(fresh), "%s/data/site/search.db.new", home);
	assert_int_equal(sqlite3_open(fresh, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA journal_mode=WAL; CREATE TABLE shown (id INTEGER PRIMARY KEY, path, headline, excerpt, lang, published, section, plain);"
		"CREATE VIRTUAL TABLE page USING fts5(title, body, content='', tokenize='unicode61 remove_diacritics 0')", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	assert_int_equal(rename(fresh, path), 0);
}

/* --- the newsletter room, played --- */

static void on_subscribe(struct http_request *rq, void *room)
{
	static const char *const unwanted[] = {"User-Agent", "Cookie", "Referer", "X-Forwarded-For", "Accept-Language", "Accept-Encoding", "Origin"};
	struct str email = http_field(rq, "email");

	(void) room;
	snprintf(seen, sizeof(seen), "%.*s %.*s email=%.*s type=%.*s", STR_ARG(http_method(rq)), STR_ARG(http_target(rq)), STR_ARG(email),
		STR_ARG(http_header(rq, "Content-Type")));
	for (size_t i = 0; i < sizeof(unwanted) / sizeof(unwanted[0]); i++)
		if (http_header(rq, unwanted[i]).len > 0)
			snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), " LEAK %s", unwanted[i]);
	http_set(rq, "Cache-Control", "no-store");
	http_set(rq, "Set-Cookie", "quiet=1; Path=/");
	http_set(rq, "X-Internal", "not for readers");
	http_answer_html(rq, 202, STR("<p>Check your mailbox"));
}

static void on_confirm(struct http_request *rq, void *room)
{
	(void) room;
	http_answer_redirect(rq, "../../thanks/");
}

static void on_hold(struct http_request *rq, void *room)
{
	(void) room;
	held = rq;
}

static void on_webhook(struct http_request *rq, void *room)
{
	(void) room;
	snprintf(seen, sizeof(seen), "%.*s|%.*s", STR_ARG(http_header(rq, "Stripe-Signature")), STR_ARG(http_body(rq)));
	http_answer(rq, 200, "text/plain", STR("ok"));
}

static const struct http_route played[] = {
	{"POST", "/newsletter/subscribe", on_subscribe, HTTP_FORM},
	{"GET", "/newsletter/confirm/{token}", on_subscribe, HTTP_NO_BODY},
	{"POST", "/newsletter/confirm/{token}", on_confirm, HTTP_FORM},
	{"POST", "/newsletter/unsubscribe/{token}", on_subscribe, HTTP_FORM},
	{"GET", "/newsletter/unsubscribe/{token}", on_hold, HTTP_NO_BODY},
	{"POST", "/support/webhook/{provider}", on_webhook, HTTP_RAW},
	{NULL, NULL, NULL, HTTP_NO_BODY},
};

static void play(const char *room)
{
	struct http_server_options options = {.name = room, .routes = played};
	struct fault f = {.kind = FAULT_NONE};
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/run/%s.front.sock", home, room);
	assert_true(http_listen_unix(AT_FDCWD, path, 0666, &options.listen_fd, &f));
	start_server(&options);
}

/* --- the room under test --- */

static int set_up(void **state)
{
	struct fault f = {.kind = FAULT_NONE};
	struct sockaddr_in at;
	socklen_t len = sizeof(at);
	char text[256] = "";
	char path[PATH_MAX];
	int listener = -1;
	int cli = -1;
	int out[2];

	(void) state;
	assert_non_null(mkdtemp(home));
	put("mimeo.conf", "[newsroom]\nname = Test\nurl = http://127.0.0.1:8080\nlanguage = en\nzone = UTC\n[newsletter]\nfrom = a@test.example\n");
	put("data/site/index.html", "<p>front");
	put("data/site/_503.html", "<p>try again <a href=\"@ROOT@\">");
	put("data/site/_changes", "1");
	put("data/front/x", "");
	put("run/x", "");
	make_index("INSERT INTO page (rowid, title, body) VALUES (1, 'the tern returns', 'a river story about ferries'), "
		"(2, '\xd0\xbf\xd0\xb0\xd1\x80\xd0\xbe\xd0\xbc\xd1\x8b', '\xd1\x80\xd0\xb5\xd0\xba\xd0\xb0');"
		"INSERT INTO shown VALUES (1, '/2026/11/20/tern/', 'The <Tern> Returns', 'About & more', 'en', 1795000000000000, 'News', 'A river story about <ferries>'),"
		"(2, '/2026/11/20/\xd0\xbf/', '\xd0\x9f\xd0\xb0\xd1\x80\xd0\xbe\xd0\xbc\xd1\x8b', '\xd0\xa0\xd0\xb5\xd0\xba\xd0\xb0', 'ru', 1795000000000000, '', '')");
	assert_true(http_listen_tcp("127.0.0.1", 0, &listener, &f));
	assert_int_equal(getsockname(listener, (struct sockaddr *) &at, &len), 0);
	port = ntohs(at.sin_port);
	snprintf(path, sizeof(path), "%s/run/front.cli.sock", home);
	assert_true(http_listen_unix(AT_FDCWD, path, 0600, &cli, &f));
	assert_int_equal(pipe(out), 0);
	fflush(NULL);
	room_pid = fork();
	if (room_pid == 0) {
		snprintf(text, sizeof(text), "public=%d cli=%d", listener, cli);
		setenv("MIMEO_SOCKETS", text, 1);
		setenv("MIMEO_HOME", home, 1);
		setenv("MIMEO_EXE", "0", 1);
		dup2(out[1], STDOUT_FILENO);
		close(out[0]);
		close(out[1]);
		exit(room_main(&front_room, 0, NULL));
	}
	close(listener);
	close(cli);
	close(out[1]);
	assert_int_equal(read(out[0], text, 6), 6);
	assert_memory_equal(text, "ready\n", 6);
	close(out[0]);
	held = NULL;
	seen[0] = '\0';
	assert_true(loop_open(&loop, &f));
	return 0;
}

static void stop_room(void)
{
	int status = -1;
	int64_t end = clock_mono_ms() + 60000;

	if (room_pid == 0)
		return;
	kill(room_pid, SIGTERM);
	while (waitpid(room_pid, &status, WNOHANG) == 0 && clock_mono_ms() < end)
		turn_ms(5);
	if (!WIFEXITED(status)) {
		kill(room_pid, SIGKILL);
		waitpid(room_pid, &status, 0);
		fail_msg("front did not end within a minute");
	}
	room_pid = 0;
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int tear_down(void **state)
{
	char command[PATH_MAX];

	(void) state;
	stop_room();
	stop_server();
	snprintf(command, sizeof(command), "rm -rf %s", home);
	assert_int_equal(system(command), 0);
	memcpy(strrchr(home, '-'), "-XXXXXX", 7);
	return 0;
}

/* One request on a connection of its own. */
static const char *say(const char *text)
{
	const char *answer = NULL;
	int fd = dial();

	send_text(fd, text);
	answer = receive(fd, 60000, false, NULL);
	close(fd);
	return answer;
}

static const char *get(const char *path)
{
	char text[4096];

	snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: x\r\nCookie: a=b\r\nReferer: r\r\nX-Forwarded-For: 1.2.3.4\r\nAccept-Language: ru\r\n"
		"Origin: null\r\n\r\n", path);
	return say(text);
}

static const char *post(const char *path, const char *lines, const char *body)
{
	char text[8192];

	snprintf(text, sizeof(text), "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: x\r\nCookie: a=b\r\nReferer: r\r\nX-Forwarded-For: 1.2.3.4\r\n%s"
		"Content-Length: %zu\r\n\r\n%s", path, lines, strlen(body), body);
	return say(text);
}

#define URLENCODED "Content-Type: application/x-www-form-urlencoded\r\n"

static void forwards(void **state)
{
	const char *answer = NULL;

	(void) state;
	play("newsletter");
	answer = post("/newsletter/subscribe", URLENCODED, "email=a%40b.example&lang=en");
	assert_int_equal(status_of(answer), 202);
	assert_string_equal(body_of(answer), "<p>Check your mailbox");
	assert_string_equal(seen, "POST /newsletter/subscribe email=a@b.example type=application/x-www-form-urlencoded");
	assert_non_null(strstr(answer, "Set-Cookie: quiet=1; Path=/\r\n"));
	assert_non_null(strstr(answer, "Cache-Control: no-store\r\n"));
	assert_non_null(strstr(answer, "Content-Type: text/html; charset=utf-8\r\n"));
	assert_null(strstr(answer, "X-Internal"));
	assert_int_equal(status_of(get("/newsletter/confirm/abc?x=%20y")), 202);
	assert_string_equal(seen, "GET /newsletter/confirm/abc?x=%20y email= type=");
	answer = post("/newsletter/confirm/abc", URLENCODED, "");
	assert_int_equal(status_of(answer), 303);
	assert_non_null(strstr(answer, "Location: ../../thanks/\r\n"));
	/* RFC 8058 */
	answer = post("/newsletter/unsubscribe/abc", "Content-Type: multipart/form-data; boundary=b\r\n",
		"--b\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\nOne-Click & +\r\n--b--\r\n");
	assert_int_equal(status_of(answer), 202);
	assert_string_equal(seen, "POST /newsletter/unsubscribe/abc email=One-Click & + type=application/x-www-form-urlencoded");
	/* what is not in the list is not forwarded */
	seen[0] = '\0';
	assert_int_equal(status_of(get("/newsletter/confirm/a/b")), 404);
	assert_int_equal(status_of(post("/newsletter/send", URLENCODED, "")), 405);
	assert_int_equal(status_of(get("/health")), 404);
	assert_int_equal(status_of(post("/newsletter/subscribe", URLENCODED "Sec-Fetch-Site: cross-site\r\n", "email=x")), 403);
	assert_string_equal(seen, "");
}

static void webhooks(void **state)
{
	(void) state;
	play("support");
	assert_int_equal(status_of(post("/support/webhook/stripe", "Content-Type: application/json; charset=utf-8\r\nStripe-Signature: t=1,v1=ab\r\n", "{\"a\": 1}\n")), 200);
	assert_string_equal(seen, "t=1,v1=ab|{\"a\": 1}\n");
}

static void stopped_and_hung_rooms(void **state)
{
	const char *answer = post("/newsletter/subscribe", URLENCODED, "email=x");
	int waiting = -1;

	(void) state;
	assert_int_equal(status_of(answer), 503);
	assert_string_equal(body_of(answer), "<p>try again <a href=\"../\">");
	assert_non_null(strstr(answer, "Retry-After:"));
	assert_int_equal(status_of(get("/")), 200);
	play("newsletter");
	waiting = dial();
	send_text(waiting, "GET /newsletter/unsubscribe/x HTTP/1.1\r\nHost: localhost\r\n\r\n");
	for (int i = 0; i < 500 && held == NULL; i++)
		turn_ms(2);
	assert_non_null(held);
	for (int i = 0; i < 50; i++)
		assert_int_equal(status_of(get("/")), 200); /* nobody else is held up */
	http_server_close(&server); /* dies in the middle of it */
	answer = receive(waiting, 60000, false, NULL);
	assert_int_equal(status_of(answer), 503);
	close(waiting);
}

static void ends_with_readers_waiting(void **state)
{
	int waiting = dial();
	int idle = dial();

	(void) state;
	play("newsletter");
	send_text(idle, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
	assert_int_equal(status_of(receive(idle, 60000, false, NULL)), 200);
	send_text(waiting, "GET /newsletter/unsubscribe/x HTTP/1.1\r\nHost: localhost\r\n\r\n");
	for (int i = 0; i < 500 && held == NULL; i++)
		turn_ms(2);
	assert_non_null(held);
	stop_room();
	close(waiting);
	close(idle);
}

static void searches(void **state)
{
	const char *answer = get("/search/?q=TERN%20ferr");

	(void) state;
	assert_int_equal(status_of(answer), 200);
	assert_non_null(strstr(answer, "The &lt;<mark>Tern</mark>&gt; Returns"));
	assert_non_null(strstr(answer, "A river story about &lt;<mark>ferries</mark>&gt;"));
	assert_non_null(strstr(answer, "href=\"../2026/11/20/tern/\""));
	assert_null(strstr(answer, "\xd0\x9f\xd0\xb0\xd1\x80"));
	answer = get("/search/?q=%D0%A0%D0%95%D0%9A%D0%90");
	assert_non_null(strstr(answer, "\xd0\x9f\xd0\xb0\xd1\x80\xd0\xbe\xd0\xbc\xd1\x8b"));
	assert_non_null(strstr(answer, "href=\"../2026/11/20/%D0%BF/\""));
	/* another form of a word that is there */
	answer = get("/search/?q=returning");
	assert_non_null(strstr(answer, "The &lt;Tern&gt; <mark>Returns</mark>"));
	assert_non_null(strstr(answer, "but there are similar ones. 1 story found."));
	answer = get("/search/?q=nothing%20here");
	assert_int_equal(status_of(answer), 200);
	assert_null(strstr(answer, "class=\"card\""));
	assert_int_equal(status_of(get("/search/?q=%22%29%20OR%20title%3A%2A%20NEAR%28")), 200);
	assert_int_equal(status_of(get("/search/?q=%27%3B--&page=-1")), 200);
	assert_int_equal(status_of(get("/search/?q=tern&page=99999999999999999999")), 200);
	answer = get("/search/?q=%3Cscript%3E");
	assert_null(strstr(answer, "<script>"));
	assert_int_equal(status_of(get("/search/")), 200);
	/* another file under the same name */
	make_index("INSERT INTO page (rowid, title, body) VALUES (1, 'tern', 'x'); INSERT INTO shown VALUES (1, '/new/', 'A New Index', 'y', 'ar', 0, '', 'Of a T\xc3\xa9rn & more')");
	answer = get("/search/?q=tern");
	assert_non_null(strstr(answer, "A New Index"));
	assert_non_null(strstr(answer, "dir=\"rtl\""));
}

static void search_without_an_index(void **state)
{
	char path[PATH_MAX];

	(void) state;
	snprintf(path, sizeof(path), "%s/data/site/search.db", home);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(status_of(get("/search/?q=tern")), 503);
	put("data/site/search.db", "this is no database, but long enough to be looked at by somebody who wants to know");
	assert_int_equal(status_of(get("/search/?q=tern")), 503);
	assert_int_equal(status_of(get("/")), 200);
}

static void quiet(void **state)
{
	const char *answer = say("GET /support/quiet.css HTTP/1.1\r\nHost: localhost\r\nCookie: x=y; quiet=1\r\n\r\n");

	(void) state;
	assert_int_equal(status_of(answer), 200);
	assert_string_equal(body_of(answer), ".appeal{display:none}.appeal:has(:target){display:block}\n");
	assert_non_null(strstr(answer, "Vary: Cookie\r\n"));
	answer = say("GET /support/quiet.css HTTP/1.1\r\nHost: localhost\r\nCookie: quiet=0\r\n\r\n");
	assert_string_equal(body_of(answer), "");
	assert_non_null(strstr(answer, "Content-Type: text/css"));
}

static void commands_ask(void **state)
{
	struct arena arena;
	struct http_reply reply;
	struct fault f = {.kind = FAULT_NONE};
	char path[PATH_MAX];
	struct http_call_options options = {.method = "GET", .url = "http://room/check", .unix_socket = path};

	(void) state;
	arena_init(&arena, "test", 1 << 20);
	snprintf(path, sizeof(path), "%s/run/front.cli.sock", home);
	assert_true(http_call_wait(&options, &arena, &reply, &f));
	assert_int_equal(reply.status, 200);
	assert_true(str_find(reply.body, STR("data/site/_headers is missing")) != SIZE_MAX);
	assert_true(str_find(reply.body, STR("index.html is missing")) == SIZE_MAX);
	assert_true(str_find(reply.body, STR("search")) == SIZE_MAX);
	options.url = "http://room/health";
	assert_true(http_call_wait(&options, &arena, &reply, &f));
	assert_true(str_find(reply.body, STR("\"room\":\"front\"")) != SIZE_MAX);
	assert_true(str_find(reply.body, STR("\"forwarded_now\":0")) != SIZE_MAX);
	options.url = "http://room/"; /* the site is not there */
	assert_true(http_call_wait(&options, &arena, &reply, &f));
	assert_int_equal(reply.status, 404);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(forwards, set_up, tear_down),
		cmocka_unit_test_setup_teardown(webhooks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(stopped_and_hung_rooms, set_up, tear_down),
		cmocka_unit_test_setup_teardown(ends_with_readers_waiting, set_up, tear_down),
		cmocka_unit_test_setup_teardown(searches, set_up, tear_down),
		cmocka_unit_test_setup_teardown(search_without_an_index, set_up, tear_down),
		cmocka_unit_test_setup_teardown(quiet, set_up, tear_down),
		cmocka_unit_test_setup_teardown(commands_ask, set_up, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("front room", tests, NULL, NULL);
}
