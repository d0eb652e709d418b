/* test_server.c: the server on raw sockets: the gate, pipelines, bodies, waiting requests, the drain.
 * SPDX-License-Identifier: ISC */
#include "http_test.h"

static unsigned calls;
static struct http_request *held;
static char seen[70000];

static void on_hello(struct http_request *rq, void *room)
{
	(void) room;
	calls++;
	http_set(rq, "X-Test", "yes");
	http_answer(rq, 200, "text/plain", STR("hello"));
}

static void on_echo(struct http_request *rq, void *room)
{
	struct str text = http_field(rq, "text");
	struct str path = http_part(rq, "name");

	(void) room;
	calls++;
	snprintf(seen, sizeof(seen), "%.*s|%.*s|%.*s", STR_ARG(path), STR_ARG(text), STR_ARG(http_query(rq, "q")));
	http_answer(rq, 200, "text/plain", str_from(seen));
}

static void on_raw(struct http_request *rq, void *room)
{
	(void) room;
	calls++;
	http_answer(rq, 200, "application/octet-stream", http_body(rq));
}

static void on_json(struct http_request *rq, void *room)
{
	(void) room;
	calls++;
	http_answer_json(rq, 200, json_deep_copy(http_json(rq)));
}

static void on_upload(struct http_request *rq, void *room)
{
	struct http_file file;
	char first[5] = "";

	(void) room;
	calls++;
	if (!http_upload(rq, "photo", &file)) {
		http_answer(rq, 200, "text/plain", STR("none"));
		return;
	}
	assert_true(read(file.fd, first, 4) >= 0);
	snprintf(seen, sizeof(seen), "%.*s %.*s %lld %s %.*s", STR_ARG(file.name), STR_ARG(file.type), (long long) file.size_bytes, first,
		STR_ARG(http_field(rq, "caption")));
	http_answer(rq, 200, "text/plain", str_from(seen));
}

static void on_writing(struct http_request *rq, void *room)
{
	(void) room;
	calls++;
	snprintf(seen, sizeof(seen), "%zu", http_field(rq, "text").len);
	http_answer(rq, 200, "text/plain", str_from(seen));
}

static void on_hold(struct http_request *rq, void *room)
{
	(void) room;
	calls++;
	held = rq;
}

static void on_cookie(struct http_request *rq, void *room)
{
	(void) room;
	http_set_cookie(rq, "quiet", "1", "/", 60, false, false);
	http_answer(rq, 200, "text/plain", http_cookie(rq, "b"));
}

static void on_go(struct http_request *rq, void *room)
{
	(void) room;
	http_answer_redirect(rq, "../thanks/");
}

static int shared_released;

static void on_shared_release(void *self)
{
	(void) self;
	shared_released++;
}

static void on_shared(struct http_request *rq, void *room)
{
	(void) room;
	http_answer_shared(rq, 200, "text/plain", STR("shared"), on_shared_release, &shared_released);
}

static void on_fd(struct http_request *rq, void *room)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	(void) room;
	http_answer_fd(rq, 200, "application/octet-stream", fd, 1, 3);
}

static void on_fault(struct http_request *rq, void *room)
{
	struct fault f = {.kind = FAULT_NONE};

	(void) room;
	fault_set(&f, FAULT_CONFLICT, "Somebody was first.");
	http_answer_fault(rq, &f);
}

static const struct http_route routes[] = {
	{"GET", "/", on_hello, HTTP_NO_BODY},
	{"GET", "/hello/{name}", on_echo, HTTP_NO_BODY},
	{"GET", "/rest/{name...}", on_echo, HTTP_NO_BODY},
	{"POST", "/form", on_echo, HTTP_FORM},
	{"POST", "/writing", on_writing, HTTP_WRITING},
	{"POST", "/raw", on_raw, HTTP_RAW},
	{"PUT", "/json", on_json, HTTP_JSON},
	{"POST", "/upload", on_upload, HTTP_UPLOAD},
	{"GET", "/hold", on_hold, HTTP_NO_BODY},
	{"POST", "/hold", on_hold, HTTP_FORM},
	{"POST", "/nobody", on_hello, HTTP_NO_BODY},
	{"GET", "/cookie", on_cookie, HTTP_NO_BODY},
	{"GET", "/go", on_go, HTTP_NO_BODY},
	{"GET", "/shared", on_shared, HTTP_NO_BODY},
	{"GET", "/fd", on_fd, HTTP_NO_BODY},
	{"GET", "/fault", on_fault, HTTP_NO_BODY},
	{NULL, NULL, NULL, HTTP_NO_BODY},
};

static const char *const hosts[] = {"localhost", "127.0.0.1", "[::1]", NULL};

static int set_up(void **state)
{
	struct http_server_options options = {.name = "test", .routes = routes, .hosts = hosts, .body_seconds = 1, .head_seconds = 1};

	(void) state;
	calls = 0;
	held = NULL;
	start_server(&options);
	return 0;
}

static int tear_down(void **state)
{
	(void) state;
	stop_server();
	return 0;
}

#define HOST "Host: localhost\r\n"

static void good_requests_are_answered(void **state)
{
	(void) state;
	assert_int_equal(ask("GET / HTTP/1.1\r\n" HOST "\r\n"), 200);
	assert_int_equal(ask("GET / HTTP/1.0\r\n" HOST "\r\n"), 200);
	assert_int_equal(ask("GET / HTTP/1.1\r\nHOST:\t127.0.0.1:8080 \r\nX: a\tb \xc3\xa9\r\n\r\n"), 200);
	assert_int_equal(ask("GET / HTTP/1.1\r\nHost: [::1]:8080\r\nContent-Length: 0\r\n\r\n"), 200);
	assert_int_equal(ask("GET /hello/a%20b?q=x%2Fy+z HTTP/1.1\r\n" HOST "\r\n"), 200);
	assert_string_equal(seen, "a b||x/y z");
	assert_int_equal(ask("GET /hello/%D0%B4 HTTP/1.1\r\n" HOST "\r\n"), 200);
	assert_string_equal(seen, "\xd0\xb4||");
	assert_int_equal(ask("GET /rest/a/b/c HTTP/1.1\r\n" HOST "\r\n"), 200);
	assert_string_equal(seen, "a/b/c||");
}

static void the_gate_refuses(void **state)
{
	static const struct {
		int status;
		const char *text;
	} cases[] = {
		{400, "GET / HTTP/1.1\r\n\r\n"},                                                   /* no Host */
		{400, "GET / HTTP/1.0\r\n\r\n"},
		{400, "GET / HTTP/1.1\r\nHost:\r\n\r\n"},
		{400, "GET / HTTP/1.1\r\n" HOST HOST "\r\n"},                                      /* two */
		{400, "GET / HTTP/1.1\r\n" HOST "hOST: localhost\r\n\r\n"},
		{400, "GET / HTTP/1.1\r\nHost: local host\r\n\r\n"},
		{400, "GET / HTTP/1.1\r\nHost: a@localhost\r\n\r\n"},
		{421, "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"},
		{421, "GET / HTTP/1.1\r\nHost: localhost:80:90\r\n\r\n"},
		{400, "POST /form HTTP/1.1\r\n" HOST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"},
		{411, "POST /form HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
		{411, "POST /form HTTP/1.1\r\n" HOST "\r\n"},
		{400, "GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
		{400, "GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n\r\n"},
		{400, "GET / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"},
		{400, "DELETE / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"},
		{400, "POST /form HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"},
		{400, "POST /form HTTP/1.1\r\n" HOST "Content-Length: 3, 3\r\n\r\nabc"},
		{400, "POST /form HTTP/1.1\r\n" HOST "Content-Length: +3\r\n\r\nabc"},
		{400, "POST /form HTTP/1.1\r\n" HOST "Content-Length: -3\r\n\r\nabc"},
		{400, "POST /form HTTP/1.1\r\n" HOST "Content-Length: 0x3\r\n\r\nabc"},
		{400, "POST /form HTTP/1.1\r\n" HOST "Content-Length: 3 3\r\n\r\nabc"},
		{400, "POST /form HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\nabc"},
		{400, "POST /form HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n\r\nabc"},
		{400, "POST /form HTTP/1.1\r\n" HOST "Content-Length : 3\r\n\r\nabc"},             /* space before the colon */
		{400, "POST /form HTTP/1.1\r\n" HOST "Transfer-Encoding : chunked\r\nContent-Length: 3\r\n\r\nabc"},
		{400, "POST /form HTTP/1.1\r\n" HOST "Transfer-Encoding\t: chunked\r\nContent-Length: 3\r\n\r\nabc"},
		{400, "GET / HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n"},                             /* folding */
		{400, "GET / HTTP/1.1\r\n" HOST " X: a\r\n\r\n"},
		{400, "GET / HTTP/1.1\r\n" HOST "X: a\rTransfer-Encoding: chunked\r\n\r\n"},       /* bare CR */
		{400, "GET / HTTP/1.1\r\n" HOST "X: a\r\r\n\r\n"},
		{400, "GET / HTTP/1.1\r\n" HOST "X: a\n\r\n"},                                     /* bare LF */
		{400, "GET / HTTP/1.1\nHost: localhost\n\n"},
		{400, "\r\nGET / HTTP/1.1\r\n" HOST "\r\n"},
		{400, "\nGET / HTTP/1.1\r\n" HOST "\r\n"},
		{400, "GET / HTTP/1.1\r\n" HOST ": a\r\n\r\n"},
		{400, "GET / HTTP/1.1\r\n" HOST "X\r\n\r\n"},
		{400, "GET / HTTP/1.1\r\n" HOST "X@: y\r\n\r\n"},
		{400, "GET / HTTP/1.1\r\n" HOST "X: \x01\r\n\r\n"},
		{400, "GET / HTTP/1.1\r\n" HOST "X: \x7f\r\n\r\n"},
		{400, "GET /a b HTTP/1.1\r\n" HOST "\r\n"},
		{400, "GET  / HTTP/1.1\r\n" HOST "\r\n"},
		{400, "GET / HTTP/1.1 \r\n" HOST "\r\n"},
		{400, "GET\t/ HTTP/1.1\r\n" HOST "\r\n"},
		{400, "GET http://localhost/ HTTP/1.1\r\n" HOST "\r\n"},
		{400, "OPTIONS * HTTP/1.1\r\n" HOST "\r\n"},
		{400, "GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n"},
		{400, "GET /\r\n\r\n"},
		{400, "GET / http/1.1\r\n" HOST "\r\n"},
		{505, "GET / HTTP/2.0\r\n" HOST "\r\n"},
		{400, "GET / HTTP/1.1\r\n" HOST "X: a\r\n\tb\r\n\r\n"},
		{505, "GET / HTTP/1.2\r\n" HOST "\r\n"},
		{400, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
		{417, "POST /form HTTP/1.1\r\n" HOST "Content-Length: 3\r\nExpect: tea\r\n\r\nabc"},
		{400, "GET /hello/%2e%2e HTTP/1.1\r\n" HOST "\r\n"},
		{400, "GET /hello/a%2Fb HTTP/1.1\r\n" HOST "\r\n"},
		{400, "GET /hello/a%5cb HTTP/1.1\r\n" HOST "\r\n"},
		{400, "GET /hello/a%00b HTTP/1.1\r\n" HOST "\r\n"},
		{400, "GET /hello/a?q=%00 HTTP/1.1\r\n" HOST "\r\n"},
		{400, "GET /hello/a?q=%zz HTTP/1.1\r\n" HOST "\r\n"},
		{400, "GET /hello/a% HTTP/1.1\r\n" HOST "\r\n"},
		{400, "GET /hello/a%2 HTTP/1.1\r\n" HOST "\r\n"},
		{400, "GET /hello/%ff HTTP/1.1\r\n" HOST "\r\n"},
		{400, "GET /hello/%0a HTTP/1.1\r\n" HOST "\r\n"},
		{400, "GET /hello/../x HTTP/1.1\r\n" HOST "\r\n"},
		{400, "GET /./hello/x HTTP/1.1\r\n" HOST "\r\n"},
		{404, "GET /missing HTTP/1.1\r\n" HOST "\r\n"},
		{404, "GET /hello/ HTTP/1.1\r\n" HOST "\r\n"},
		{405, "POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"},
		{405, "BREW / HTTP/1.1\r\n" HOST "\r\n"},
		{415, "POST /form HTTP/1.1\r\n" HOST "Content-Type: text/plain\r\nContent-Length: 3\r\n\r\nabc"},
		{415, "PUT /json HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}"},
		{400, "POST /nobody HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}"},
	};

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int status = ask(cases[i].text);

		if (status != cases[i].status)
			fail_msg("case %zu: got %d, wanted %d: %s", i, status, cases[i].status, cases[i].text);
	}
	assert_int_equal(calls, 0);
	assert_int_equal(ask("GET / HTTP/1.1\r\n" HOST "\r\n"), 200);
}

static void nul_never_passes(void **state)
{
	static const char heads[][64] = {
		"GET /\0x HTTP/1.1\r\n" HOST "\r\n",
		"GET / HTTP/1.1\r\n" HOST "X: a\0b\r\n\r\n",
		"GET / HTTP/1.1\0\r\n" HOST "\r\n",
		"G\0T / HTTP/1.1\r\n" HOST "\r\n",
		"GET / HTTP/1.1\r\n" HOST "X\0: b\r\n\r\n",
	};
	static const size_t lens[] = {38, 44, 38, 38, 43};

	(void) state;
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		size_t len = 0;

		/* the length without counting by hand: up to the closing empty line */
		for (len = lens[i] - 8; len < sizeof(heads[i]) && memcmp(heads[i] + len - 4, "\r\n\r\n", 4) != 0; len++)
			;
		assert_int_equal(ask_bytes(heads[i], len), 400);
	}
	assert_int_equal(calls, 0);
}

static void one_byte_at_a_time(void **state)
{
	static const char good[] = "POST /form HTTP/1.1\r\n" HOST "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 12\r\n\r\ntext=a%26b+c";
	static const char bad[] = "GET / HTTP/1.1\r\n" HOST "X: a\rY: b\r\n\r\n";
	int fd = dial();

	(void) state;
	for (size_t i = 0; i < sizeof(good) - 1; i++) {
		send_bytes(fd, good + i, 1);
		turn_ms(0);
	}
	assert_int_equal(status_of(receive(fd, 60000, false, NULL)), 200);
	assert_string_equal(seen, "|a&b c|");
	for (size_t i = 0; i < sizeof(bad) - 1; i++) {
		send_bytes(fd, bad + i, 1);
		turn_ms(0);
	}
	assert_int_equal(status_of(receive(fd, 60000, false, NULL)), 400);
	assert_true(is_closed(fd, 60000));
	close(fd);
	assert_int_equal(calls, 1);
}

static void pipelines(void **state)
{
	int fd = dial();

	(void) state;
	send_text(fd, "GET / HTTP/1.1\r\n" HOST "\r\nGET /hello/2 HTTP/1.1\r\n" HOST "\r\n"
		"POST /form HTTP/1.1\r\n" HOST "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 6\r\n\r\ntext=3"
		"GET /missing HTTP/1.1\r\n" HOST "\r\nGET / HTTP/1.1\r\n" HOST HOST "\r\nGET / HTTP/1.1\r\n" HOST "\r\n");
	assert_string_equal(body_of(receive(fd, 60000, false, NULL)), "hello");
	assert_string_equal(body_of(receive(fd, 60000, false, NULL)), "2||");
	assert_string_equal(body_of(receive(fd, 60000, false, NULL)), "|3|");
	assert_int_equal(status_of(receive(fd, 60000, false, NULL)), 404);
	assert_int_equal(status_of(receive(fd, 60000, false, NULL)), 400);
	assert_true(is_closed(fd, 60000));
	close(fd);
	assert_int_equal(calls, 3);
}

/* What stands after a body is a new request, never a part of it; and what stands in a body is never one. */
static void no_smuggling(void **state)
{
	int fd = dial();

	(void) state;
	send_text(fd, "POST /raw HTTP/1.1\r\n" HOST "Content-Length: 37\r\n\r\nGET /hello/x HTTP/1.1\r\nHost: evil\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n");
	assert_string_equal(body_of(receive(fd, 60000, false, NULL)), "GET /hello/x HTTP/1.1\r\nHost: evil\r\n\r\n");
	assert_string_equal(body_of(receive(fd, 60000, false, NULL)), "hello");
	close(fd);
	assert_int_equal(calls, 2);
}

static void head_and_keep_alive(void **state)
{
	int fd = dial();
	const char *answer = NULL;

	(void) state;
	for (int i = 0; i < 20; i++) {
		send_text(fd, "HEAD / HTTP/1.1\r\n" HOST "\r\n");
		answer = receive(fd, 60000, true, NULL);
		assert_int_equal(status_of(answer), 200);
		assert_non_null(strstr(answer, "Content-Length: 5\r\n"));
		assert_non_null(strstr(answer, "X-Test: yes\r\n"));
		assert_string_equal(body_of(answer), "");
		send_text(fd, "GET / HTTP/1.1\r\n" HOST "\r\n");
		assert_string_equal(body_of(receive(fd, 60000, false, NULL)), "hello");
	}
	send_text(fd, "GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
	assert_string_equal(body_of(receive(fd, 60000, false, NULL)), "hello");
	assert_true(is_closed(fd, 60000));
	close(fd);
}

/* A story's text is longer than a reader's form may be, in both of a form's codings. */
static void a_form_with_a_story(void **state)
{
	enum { LEN = 900000 };
	static const char head[] = "POST /writing HTTP/1.1\r\n" HOST "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: %d\r\n\r\n"
		"--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n";
	char *text = malloc(LEN + 1000);
	size_t len = (size_t) snprintf(text, 1000, "POST /writing HTTP/1.1\r\n" HOST
		"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\ntext=", LEN + 5);

	(void) state;
	memset(text + len, 'a', LEN);
	assert_int_equal(ask_bytes(text, len + LEN), 200);
	assert_string_equal(seen, "900000");
	len = (size_t) snprintf(text, 1000, head, 52 + LEN + 9);
	memset(text + len, 'b', LEN);
	memcpy(text + len + LEN, "\r\n--b--\r\n", 9);
	assert_int_equal(ask_bytes(text, len + LEN + 9), 200);
	assert_string_equal(seen, "900000");
	assert_int_equal(ask("POST /writing HTTP/1.1\r\n" HOST "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 2097153\r\n\r\n"), 413);
	free(text);
}

static void long_heads_and_bodies(void **state)
{
	static char text[200000];
	size_t len = 0;

	(void) state;
	/* a body that is too large is refused, but read, so that the refusal arrives and the connection lives */
	len = (size_t) snprintf(text, sizeof(text), "POST /form HTTP/1.1\r\n" HOST "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100000\r\n\r\n");
	memset(text + len, 'a', 100000);
	assert_int_equal(ask_bytes(text, len + 100000), 413);
	assert_int_equal(ask("POST /form HTTP/1.1\r\n" HOST "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 999999999999\r\n\r\n"), 413);
	/* the longest form is fine */
	len = (size_t) snprintf(text, sizeof(text), "POST /form HTTP/1.1\r\n" HOST "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 65536\r\n\r\ntext=");
	memset(text + len, 'b', 65531);
	assert_int_equal(ask_bytes(text, len + 65531), 200);
	memset(text, 'a', sizeof(text));
	memcpy(text, "GET /", 5);
	assert_int_equal(ask_bytes(text, 100000), 414);
	memcpy(text, "GET / HTTP/1.1\r\nHost: localhost\r\nX: ", 36);
	assert_int_equal(ask_bytes(text, 100000), 431);
	len = (size_t) snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n" HOST);
	for (int i = 0; i < 70; i++)
		len += (size_t) snprintf(text + len, sizeof(text) - len, "X: %d\r\n", i);
	memcpy(text + len, "\r\n", 2);
	assert_int_equal(ask_bytes(text, len + 2), 431);
	/* the longest head that is allowed must also fit libmicrohttpd's pool, with an answer's head beside it */
	len = (size_t) snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n" HOST "X: a=");
	memset(text + len, 'x', 6000 - len);
	memcpy(text + 6000, "\r\n\r\n", 4);
	assert_int_equal(ask_bytes(text, 6004), 200);
	/* it copies cookies */
	len = (size_t) snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n" HOST "Cookie: a=");
	memset(text + len, 'x', 3000 - len);
	memcpy(text + 3000, "\r\n\r\n", 4);
	assert_int_equal(ask_bytes(text, 3004), 200);
	memset(text + len, 'x', 6000 - len);
	memcpy(text + 6000, "\r\n\r\n", 4);
	assert_int_equal(ask_bytes(text, 6004), 431);
}

static void expect_continue(void **state)
{
	int fd = dial();

	(void) state;
	send_text(fd, "POST /raw HTTP/1.1\r\n" HOST "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n");
	assert_int_equal(status_of(receive(fd, 60000, true, NULL)), 100);
	send_text(fd, "12345");
	assert_string_equal(body_of(receive(fd, 60000, false, NULL)), "12345");
	close(fd);
}

static void json_bodies(void **state)
{
	(void) state;
	assert_int_equal(ask("PUT /json HTTP/1.1\r\n" HOST "Content-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}"), 200);
	assert_int_equal(ask("PUT /json HTTP/1.1\r\n" HOST "Content-Type: application/json; charset=utf-8\r\nContent-Length: 2\r\n\r\n{}"), 200);
	assert_int_equal(ask("PUT /json HTTP/1.1\r\n" HOST "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n[]"), 400);
	assert_int_equal(ask("PUT /json HTTP/1.1\r\n" HOST "Content-Type: application/json\r\nContent-Length: 3\r\n\r\n{}x"), 400);
	assert_int_equal(ask("PUT /json HTTP/1.1\r\n" HOST "Content-Type: application/json\r\nContent-Length: 13\r\n\r\n{\"a\":1,\"a\":2}"), 400);
	assert_int_equal(ask("PUT /json HTTP/1.1\r\n" HOST "Content-Type: application/json\r\nContent-Length: 0\r\n\r\n"), 400);
}

static int ask_upload(const char *path, const char *body)
{
	char text[4096];

	snprintf(text, sizeof(text), "POST %s HTTP/1.1\r\n" HOST "Content-Type: multipart/form-data; boundary=\"XX\"\r\nContent-Length: %zu\r\n\r\n%s",
		path, strlen(body), body);
	return ask(text);
}

static void uploads(void **state)
{
	static const char file[] = "--XX\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"C:\\\\a\\\\lead.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n"
		"\xff\xd8\xff\r\n--X\r\n--XX\r\nContent-Disposition: form-data; name=\"caption\"\r\n\r\nTwo\r\nlines\r\n--XX--\r\n";

	(void) state;
	assert_int_equal(ask_upload("/upload", file), 200);
	assert_string_equal(seen, "lead.jpg image/jpeg 8 \xff\xd8\xff\r Two\r\nlines");
	assert_int_equal(ask_upload("/upload", "--XX\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"\"\r\nContent-Type: application/octet-stream\r\n\r\n\r\n--XX--\r\n"), 200);
	assert_int_equal(ask_upload("/form", file), 400);
	assert_int_equal(ask_upload("/form", "--XX\r\nContent-Disposition: form-data; name=text\r\n\r\nplain\r\n--XX--"), 200);
	assert_string_equal(seen, "|plain|");
	assert_int_equal(ask_upload("/upload", "--XX\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"x\"\r\n\r\ncut"), 400);
}

static void waiting_requests(void **state)
{
	int fd = dial();
	bool closed = false;

	(void) state;
	send_text(fd, "GET /hold HTTP/1.1\r\n" HOST "\r\nGET / HTTP/1.1\r\n" HOST "\r\n");
	turn_ms(30);
	assert_non_null(held);
	assert_int_equal(calls, 1); /* the next one waits its turn */
	assert_int_equal(ask("GET / HTTP/1.1\r\n" HOST "\r\n"), 200); /* others go on */
	http_answer(held, 201, "text/plain", STR("late"));
	assert_string_equal(body_of(receive(fd, 60000, false, NULL)), "late");
	assert_string_equal(body_of(receive(fd, 60000, false, NULL)), "hello");
	held = NULL;
	send_text(fd, "POST /hold HTTP/1.1\r\n" HOST "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 6\r\n\r\ntext=1");
	turn_ms(30);
	assert_non_null(held);
	assert_true(str_is(http_field(held, "text"), "1")); /* its texts live on */
	http_answer(held, 200, "text/plain", STR("again"));
	assert_string_equal(body_of(receive(fd, 60000, false, &closed)), "again");
	assert_false(closed);
	close(fd);
}

static void a_client_that_left(void **state)
{
	(void) state;
	for (int i = 0; i < 3; i++) {
		int fd = dial();

		held = NULL;
		send_text(fd, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
		turn_ms(20);
		assert_non_null(held);
		close(fd);
		turn_ms(20);
		http_answer(held, 200, "text/plain", STR("for nobody"));
		turn_ms(20);
	}
	assert_int_equal(ask("GET / HTTP/1.1\r\n" HOST "\r\n"), 200);
}

static void answers_of_all_kinds(void **state)
{
	const char *answer = NULL;
	int fd = dial();

	(void) state;
	send_text(fd, "GET /cookie HTTP/1.1\r\n" HOST "Cookie: a=1; b=two\r\n\r\n");
	answer = receive(fd, 60000, false, NULL);
	assert_string_equal(body_of(answer), "two");
	assert_non_null(strstr(answer, "Set-Cookie: quiet=1; Path=/; Max-Age=60; HttpOnly; SameSite=Lax\r\n"));
	send_text(fd, "GET /go HTTP/1.1\r\n" HOST "\r\n");
	answer = receive(fd, 60000, false, NULL);
	assert_int_equal(status_of(answer), 303);
	assert_non_null(strstr(answer, "Location: ../thanks/\r\n"));
	send_text(fd, "GET /shared HTTP/1.1\r\n" HOST "\r\n");
	assert_string_equal(body_of(receive(fd, 60000, false, NULL)), "shared");
	turn_ms(20);
	assert_int_equal(shared_released, 1);
	send_text(fd, "GET /fd HTTP/1.1\r\n" HOST "\r\n");
	assert_string_equal(body_of(receive(fd, 60000, false, NULL)), "ELF");
	send_text(fd, "GET /fault HTTP/1.1\r\n" HOST "\r\n");
	answer = receive(fd, 60000, false, NULL);
	assert_int_equal(status_of(answer), 409);
	assert_string_equal(body_of(answer), "Somebody was first.\n");
	send_text(fd, "POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n");
	answer = receive(fd, 60000, false, NULL);
	assert_non_null(strstr(answer, "Allow: GET, HEAD\r\n"));
	assert_null(strstr(answer, "Server:"));
	close(fd);
}

static void a_slow_body_is_cut(void **state)
{
	int fd = dial();
	const char *answer = NULL;

	(void) state;
	send_text(fd, "POST /raw HTTP/1.1\r\n" HOST "Content-Length: 50\r\n\r\n");
	for (int i = 0; i < 40; i++) {
		send_bytes(fd, "x", 1); /* never silent, never done */
		turn_ms(100);
	}
	answer = receive(fd, 60000, false, NULL);
	assert_int_equal(status_of(answer), 408);
	close(fd);
	assert_int_equal(calls, 0);
}

static void slow_heads_are_cut(void **state)
{
	int dripping = dial();
	int silent = dial();
	int second = dial();
	int held_behind = dial();

	(void) state;
	send_text(second, "GET / HTTP/1.1\r\n" HOST "\r\n");
	assert_int_equal(status_of(receive(second, 60000, false, NULL)), 200);
	send_text(second, "GET / HT"); /* the second request on a kept connection */
	send_text(held_behind, "GET /hold HTTP/1.1\r\n" HOST "\r\nGET / HTTP/1.1\r\n"); /* waits for us, with half a head behind */
	send_text(dripping, "GET / HTTP/1.1\r\n" HOST "X: ");
	for (int i = 0; i < 25; i++) {
		send_bytes(dripping, "x", 1);
		turn_ms(100);
	}
	assert_int_equal(status_of(receive(dripping, 60000, false, NULL)), 408);
	assert_int_equal(status_of(receive(second, 60000, false, NULL)), 408);
	assert_true(is_closed(silent, 60000));
	assert_non_null(held);
	http_answer(held, 200, "text/plain", STR("patience"));
	assert_string_equal(body_of(receive(held_behind, 60000, false, NULL)), "patience");
	send_text(held_behind, HOST "\r\n");
	assert_string_equal(body_of(receive(held_behind, 60000, false, NULL)), "hello");
	close(dripping);
	close(silent);
	close(second);
	close(held_behind);
}

static bool drained;

static void on_drained(void *self)
{
	*(bool *) self = true;
}

static void drains(void **state)
{
	int idle = dial();
	int slow = dial();
	const char *answer = NULL;

	(void) state;
	send_text(idle, "GET / HTTP/1.1\r\n" HOST "\r\n");
	assert_string_equal(body_of(receive(idle, 60000, false, NULL)), "hello");
	send_text(slow, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
	turn_ms(20);
	assert_non_null(held);
	drained = false;
	http_server_drain(server, 5000, on_drained, &drained);
	assert_true(is_closed(idle, 60000));
	turn_ms(50);
	assert_false(drained);
	http_answer(held, 200, "text/plain", STR("at last"));
	answer = receive(slow, 60000, false, NULL);
	assert_string_equal(body_of(answer), "at last");
	assert_non_null(strcasestr(answer, "Connection: close\r\n"));
	assert_true(is_closed(slow, 60000));
	turn_ms(50);
	assert_true(drained);
	close(idle);
	close(slow);
}

static void drain_has_a_limit(void **state)
{
	int slow = dial();

	(void) state;
	send_text(slow, "GET / HTTP/1.1\r\nHost: lo"); /* and nothing more */
	turn_ms(20);
	drained = false;
	http_server_drain(server, 1000, on_drained, &drained);
	turn_ms(50);
	assert_false(drained);
	for (int i = 0; i < 60000 && !drained; i++)
		turn_ms(1);
	assert_true(drained);
	close(slow);
}

static void closes_with_a_waiting_request(void **state)
{
	int fd = dial();

	(void) state;
	send_text(fd, "GET /hold HTTP/1.1\r\n" HOST "\r\n");
	turn_ms(20);
	assert_non_null(held);
	close(fd);
	/* tear_down closes the server */
}

static void at_the_connection_limit(void **state)
{
	struct http_server_options options = {.name = "test", .routes = routes, .hosts = hosts, .connection_limit = 2};
	int a = 0;
	int b = 0;
	int c = 0;

	(void) state;
	http_server_close(&server);
	start_server(&options);
	a = dial();
	b = dial();
	turn_ms(20);
	c = dial();
	send_text(c, "GET / HTTP/1.1\r\n" HOST "\r\n");
	turn_ms(50);
	assert_int_equal(calls, 0);
	close(a); /* room for the third */
	assert_int_equal(status_of(receive(c, 60000, false, NULL)), 200);
	close(b);
	close(c);
}

/* Somebody opens all the connections there are and asks nothing: readers still get in. */
static void hoarders_keep_nobody_out(void **state)
{
	struct http_server_options options = {.name = "test", .routes = routes, .hosts = hosts, .connection_limit = 40, .head_seconds = 60};
	int hoarded[40];
	unsigned answered = 0;

	(void) state;
	http_server_close(&server);
	start_server(&options);
	for (size_t i = 0; i < 40; i++) {
		hoarded[i] = dial();
		if (i % 2 == 0)
			send_text(hoarded[i], "GET / HTTP/1.1\r\nHost: loc");
		turn_ms(1);
	}
	turn_ms(1100); /* the sweep's turn */
	for (int i = 0; i < 5; i++)
		answered += ask("GET / HTTP/1.1\r\n" HOST "\r\n") == 200;
	assert_int_equal(answered, 5);
	for (size_t i = 0; i < 40; i++)
		close(hoarded[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(good_requests_are_answered, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_gate_refuses, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nul_never_passes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_byte_at_a_time, set_up, tear_down),
		cmocka_unit_test_setup_teardown(pipelines, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_smuggling, set_up, tear_down),
		cmocka_unit_test_setup_teardown(head_and_keep_alive, set_up, tear_down),
		cmocka_unit_test_setup_teardown(long_heads_and_bodies, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_form_with_a_story, set_up, tear_down),
		cmocka_unit_test_setup_teardown(expect_continue, set_up, tear_down),
		cmocka_unit_test_setup_teardown(json_bodies, set_up, tear_down),
		cmocka_unit_test_setup_teardown(uploads, set_up, tear_down),
		cmocka_unit_test_setup_teardown(waiting_requests, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_client_that_left, set_up, tear_down),
		cmocka_unit_test_setup_teardown(answers_of_all_kinds, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_slow_body_is_cut, set_up, tear_down),
		cmocka_unit_test_setup_teardown(slow_heads_are_cut, set_up, tear_down),
		cmocka_unit_test_setup_teardown(drains, set_up, tear_down),
		cmocka_unit_test_setup_teardown(drain_has_a_limit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(closes_with_a_waiting_request, set_up, tear_down),
		cmocka_unit_test_setup_teardown(at_the_connection_limit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(hoarders_keep_nobody_out, set_up, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("http server", tests, NULL, NULL);
}
