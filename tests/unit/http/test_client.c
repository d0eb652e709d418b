/* test_client.c: calls over TCP and Unix sockets, to our own server and to peers that misbehave.
 * SPDX-License-Identifier: ISC */
#include "http_test.h"

static struct http_client *client;
static char folder[] = "/tmp/mimeo-http-XXXXXX";
static char socket_path[64];

struct outcome {
	unsigned calls;
	int status;
	enum fault_kind kind;
	char body[256];
	char location[64];
};

static void on_done(void *self, const struct http_reply *reply, const struct fault *f)
{
	struct outcome *outcome = self;

	outcome->calls++;
	outcome->kind = f != NULL ? f->kind : FAULT_NONE;
	if (f != NULL)
		return;
	outcome->status = reply->status;
	snprintf(outcome->body, sizeof(outcome->body), "%.*s", STR_ARG(reply->body));
	snprintf(outcome->location, sizeof(outcome->location), "%.*s", STR_ARG(reply->location));
}

static void on_echo(struct http_request *rq, void *room)
{
	struct buf text;

	(void) room;
	buf_init(&text, 4096);
	buf_format(&text, "%.*s %.*s %.*s uid=%d", STR_ARG(http_method(rq)), STR_ARG(http_target(rq)), STR_ARG(http_body(rq)),
		http_peer_uid(rq) == getuid());
	http_answer(rq, 200, "text/plain", buf_view(&text));
	buf_release(&text);
}

static void on_json(struct http_request *rq, void *room)
{
	(void) room;
	http_answer_json(rq, 200, json_deep_copy(http_json(rq)));
}

static void on_go(struct http_request *rq, void *room)
{
	(void) room;
	http_answer_redirect(rq, "/elsewhere");
}

static void on_fault(struct http_request *rq, void *room)
{
	struct fault f = {.kind = FAULT_NONE};

	(void) room;
	fault_set(&f, FAULT_CONFLICT, "Somebody \"was\" first.");
	http_answer_fault(rq, &f);
}

static void on_never(struct http_request *rq, void *room)
{
	(void) rq, (void) room;
}

static void on_big(struct http_request *rq, void *room)
{
	static char big[300000];

	(void) room;
	memset(big, 'x', sizeof(big));
	http_answer(rq, 200, "text/plain", str_make(big, sizeof(big)));
}

static const struct http_route routes[] = {
	{"GET", "/echo", on_echo, HTTP_NO_BODY},
	{"POST", "/echo", on_echo, HTTP_RAW},
	{"DELETE", "/echo", on_echo, HTTP_NO_BODY},
	{"PUT", "/json", on_json, HTTP_JSON},
	{"GET", "/go", on_go, HTTP_NO_BODY},
	{"GET", "/fault", on_fault, HTTP_NO_BODY},
	{"GET", "/never", on_never, HTTP_NO_BODY},
	{"GET", "/big", on_big, HTTP_NO_BODY},
	{NULL, NULL, NULL, HTTP_NO_BODY},
};

static int set_up(void **state)
{
	struct http_server_options options = {.name = "test", .routes = routes};
	struct fault f = {.kind = FAULT_NONE};

	(void) state;
	snprintf(socket_path, sizeof(socket_path), "%s/room.sock", folder);
	assert_true(http_listen_unix(AT_FDCWD, socket_path, 0600, &options.listen_fd, &f));
	start_server(&options);
	client = http_client_new(loop);
	return 0;
}

static int tear_down(void **state)
{
	(void) state;
	http_client_free(&client);
	stop_server();
	return 0;
}

static struct outcome call_with(struct http_call_options options)
{
	struct outcome outcome = {0, 0, FAULT_NONE, "", ""};
	struct http_call *handle = NULL;
	struct fault f = {.kind = FAULT_NONE};
	int64_t end = clock_mono_ms() + 60000;

	if (options.method == NULL)
		options.method = "GET";
	if (options.unix_socket == NULL && strncmp(options.url, "http://room/", 12) == 0)
		options.unix_socket = socket_path;
	assert_true(http_call_start(client, &options, on_done, &outcome, &handle, &f));
	while (outcome.calls == 0 && clock_mono_ms() < end)
		turn_ms(0);
	assert_int_equal(outcome.calls, 1);
	assert_null(handle);
	return outcome;
}

#define CALL(...) call_with((struct http_call_options){__VA_ARGS__})

static void calls_to_a_room(void **state)
{
	struct outcome o;
	struct str value = STR("{\"a\":[1,\"\xc3\xa9\"]}");

	(void) state;
	o = CALL(.url = "http://room/echo?x=%20");
	assert_int_equal(o.status, 200);
	assert_string_equal(o.body, "GET /echo?x=%20  uid=1");
	o = CALL(.method = "POST", .url = "http://room/echo", .body = STR("bytes"));
	assert_string_equal(o.body, "POST /echo bytes uid=1");
	o = CALL(.method = "POST", .url = "http://room/echo");
	assert_string_equal(o.body, "POST /echo  uid=1");
	o = CALL(.method = "DELETE", .url = "http://room/echo");
	assert_string_equal(o.body, "DELETE /echo  uid=1");
	o = CALL(.method = "PUT", .url = "http://room/json", .type = "application/json", .body = value);
	assert_string_equal(o.body, value.at);
	o = CALL(.url = "http://room/go");
	assert_int_equal(o.status, 303);
	assert_string_equal(o.location, "/elsewhere");
	o = CALL(.url = "http://room/missing");
	assert_int_equal(o.status, 404);
	o = CALL(.method = "POST", .url = "http://room/go", .body = STR(""));
	assert_int_equal(o.status, 405);
}

static void faults_are_told_apart(void **state)
{
	struct outcome o;
	struct http_reply reply = {409, STR("{\"fault\":{\"kind\":\"denied\",\"say\":\"No.\"}}"), STR("application/json"), {NULL, 0}, {NULL, 0}};
	struct fault f = {.kind = FAULT_NONE};

	(void) state;
	o = CALL(.url = "http://room/fault");
	assert_int_equal(o.status, 409);
	assert_string_equal(o.body, "{\"fault\":{\"kind\":\"conflict\",\"say\":\"Somebody \\\"was\\\" first.\"}}");
	o = CALL(.url = "http://room/never", .timeout_ms = 200);
	assert_int_equal(o.kind, FAULT_UNCERTAIN);
	o = CALL(.url = "http://room/echo", .unix_socket = "/nonexistent/x.sock");
	assert_int_equal(o.kind, FAULT_BUSY);
	o = CALL(.url = "http://127.0.0.1:1/");
	assert_int_equal(o.kind, FAULT_BUSY);
	o = CALL(.url = "http://room/big", .reply_cap_bytes = 1000);
	assert_int_equal(o.kind, FAULT_REMOTE);
	o = CALL(.url = "ftp://127.0.0.1/");
	assert_int_equal(o.kind, FAULT_REMOTE);
	assert_false(http_reply_ok(&reply, &f));
	assert_int_equal(f.kind, FAULT_DENIED);
	assert_string_equal(f.say, "No.");
	fault_clear(&f);
	reply = (struct http_reply){503, STR("<html>"), STR("text/html"), {NULL, 0}, {NULL, 0}};
	assert_false(http_reply_ok(&reply, &f));
	assert_int_equal(f.kind, FAULT_BUSY);
	reply.status = 204;
	assert_true(http_reply_ok(&reply, NULL));
}

/* A peer that reads the request and says `answer` (or nothing), then hangs up. */
static struct outcome against(const char *answer)
{
	struct outcome outcome = {0, 0, FAULT_NONE, "", ""};
	struct fault f = {.kind = FAULT_NONE};
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int fd = -1;
	char url[64];
	char scratch[4096];

	assert_int_equal(bind(listener, (struct sockaddr *) &at, sizeof(at)), 0);
	assert_int_equal(listen(listener, 4), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *) &at, &len), 0);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", ntohs(at.sin_port));
	assert_true(http_call_start(client, &(struct http_call_options){.method = "POST", .url = url, .body = STR("x"), .timeout_ms = 1000}, on_done,
		&outcome, NULL, &f));
	for (int i = 0; i < 1000 && fd < 0; i++) {
		turn_ms(0);
		fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	}
	assert_true(fd >= 0);
	for (int i = 0; i < 1000 && recv(fd, scratch, sizeof(scratch), MSG_DONTWAIT) <= 0; i++)
		turn_ms(0);
	send_text(fd, answer);
	close(fd);
	for (int i = 0; i < 3000 && outcome.calls == 0; i++)
		turn_ms(1);
	assert_int_equal(outcome.calls, 1);
	close(listener);
	return outcome;
}

static void peers_that_misbehave(void **state)
{
	(void) state;
	assert_int_equal(against("").kind, FAULT_UNCERTAIN);
	assert_int_equal(against("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").kind, FAULT_UNCERTAIN);
	assert_int_equal(against("nonsense\r\n\r\n").kind, FAULT_REMOTE);
	assert_int_equal(against("HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n").status, 302);
	assert_int_equal(against("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").status, 200);
}

/* A peer that answers the first request on a connection and dies on the second, counting what it read. */
static void posts_are_never_sent_twice(void **state)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	char url[64];
	unsigned posts = 0;

	(void) state;
	assert_int_equal(bind(listener, (struct sockaddr *) &at, sizeof(at)), 0);
	assert_int_equal(listen(listener, 8), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *) &at, &len), 0);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", ntohs(at.sin_port));
	for (int round = 0; round < 2; round++) {
		struct outcome outcome = {0, 0, FAULT_NONE, "", ""};
		struct fault f = {.kind = FAULT_NONE};
		static int kept = -1;
		int64_t end = clock_mono_ms() + 3000;

		assert_true(http_call_start(client, &(struct http_call_options){.method = round == 0 ? "GET" : "POST", .url = url, .body = STR(""),
			.timeout_ms = 2000}, on_done, &outcome, NULL, &f));
		while (outcome.calls == 0 && clock_mono_ms() < end) {
			char text[4096];
			int fd = -1;
			ssize_t got = 0;

			turn_ms(0);
			fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
			if (fd >= 0) {
				if (kept >= 0)
					close(kept);
				kept = fd;
			}
			got = kept >= 0 ? recv(kept, text, sizeof(text), MSG_DONTWAIT) : -1;
			if (got > 4 && memcmp(text, "GET ", 4) == 0)
				send_text(kept, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
			if (got > 4 && memcmp(text, "POST", 4) == 0) {
				posts++;
				close(kept); /* read, and gone */
				kept = -1;
			}
		}
		assert_int_equal(outcome.calls, 1);
		assert_int_equal(outcome.kind, round == 0 ? FAULT_NONE : FAULT_UNCERTAIN);
	}
	assert_int_equal(posts, 1);
	close(listener);
}

static void cancelled_calls_are_silent(void **state)
{
	struct outcome outcome = {0, 0, FAULT_NONE, "", ""};
	struct http_call *call = NULL;
	struct fault f = {.kind = FAULT_NONE};

	(void) state;
	assert_true(http_call_start(client, &(struct http_call_options){.method = "GET", .url = "http://room/never", .unix_socket = socket_path},
		on_done, &outcome, &call, &f));
	turn_ms(30);
	assert_non_null(call);
	http_call_cancel(&call);
	assert_null(call);
	/* and one is under way when the client is freed (tear_down) */
	assert_true(http_call_start(client, &(struct http_call_options){.method = "GET", .url = "http://room/never", .unix_socket = socket_path},
		on_done, &outcome, &call, &f));
	turn_ms(30);
	assert_int_equal(outcome.calls, 0);
	http_client_free(&client);
	assert_null(call);
	assert_int_equal(outcome.calls, 0);
}

static void many_at_once(void **state)
{
	struct outcome outcomes[50] = {{0, 0, FAULT_NONE, "", ""}};
	struct fault f = {.kind = FAULT_NONE};
	int64_t end = clock_mono_ms() + 60000;
	bool all = false;

	(void) state;
	for (size_t i = 0; i < 50; i++)
		assert_true(http_call_start(client, &(struct http_call_options){.method = "GET", .url = "http://room/echo", .unix_socket = socket_path},
			on_done, &outcomes[i], NULL, &f));
	while (!all && clock_mono_ms() < end) {
		turn_ms(0);
		all = true;
		for (size_t i = 0; i < 50; i++)
			all = all && outcomes[i].calls == 1;
	}
	for (size_t i = 0; i < 50; i++)
		assert_int_equal(outcomes[i].status, 200);
}

static void peers_are_checked(void **state)
{
	struct http_server_options options = {.name = "test", .routes = routes, .peer_uids = {4242}, .peer_count = 1};
	struct fault f = {.kind = FAULT_NONE};
	struct outcome o;
	pid_t child = 0;
	int status = 0;

	(void) state;
	http_server_close(&server);
	assert_true(http_listen_unix(AT_FDCWD, socket_path, 0666, &options.listen_fd, &f));
	start_server(&options);
	o = CALL(.url = "http://room/echo");
	assert_true(getuid() == 0 ? o.status == 200 : o.status == 403 || o.kind != FAULT_NONE);
	if (getuid() != 0)
		return;
	assert_int_equal(chmod(folder, 0755), 0);
	child = fork();
	if (child == 0) {
		struct sockaddr_un at = {.sun_family = AF_UNIX};
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);
		char answer[64] = "";
		ssize_t got = 0;

		snprintf(at.sun_path, sizeof(at.sun_path), "%s", socket_path);
		if (setuid(4243) != 0 || connect(fd, (struct sockaddr *) &at, sizeof(at)) != 0)
			_exit(2);
		(void) !write(fd, "GET /echo HTTP/1.1\r\nHost: room\r\n\r\n", 35);
		got = read(fd, answer, sizeof(answer) - 1);
		_exit(got > 0 && strncmp(answer, "HTTP/1.1 200", 12) == 0 ? 1 : 0);
	}
	for (int i = 0; i < 60000 && waitpid(child, &status, WNOHANG) == 0; i++) /* it wants to be served, whenever it comes */
		turn_ms(1);
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void listening(void **state)
{
	struct fault f = {.kind = FAULT_NONE};
	int fd = -1;
	char path[200];
	struct stat info;

	(void) state;
	assert_false(http_listen_unix(AT_FDCWD, socket_path, 0600, &fd, &f)); /* alive */
	assert_int_equal(f.kind, FAULT_BUSY);
	fault_clear(&f);
	http_server_close(&server);
	assert_true(http_listen_unix(AT_FDCWD, socket_path, 0640, &fd, &f)); /* dead: replaced */
	assert_int_equal(stat(socket_path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0640);
	close(fd);
	snprintf(path, sizeof(path), "/tmp/%0150d", 1);
	assert_false(http_listen_unix(AT_FDCWD, path, 0600, &fd, &f));
	fault_clear(&f);
	assert_false(http_listen_tcp("localhost", 1, &fd, &f));
	assert_int_equal(f.kind, FAULT_INPUT);
}

static void strict_json(void **state)
{
	struct fault f = {.kind = FAULT_NONE};
	json_t *value = NULL;
	struct str text;
	int64_t number = 0;

	(void) state;
	assert_false(http_json_parse(STR("{\"a\":1}x"), &value, &f));
	assert_false(http_json_parse(STR("{\"a\":1,\"a\":2}"), &value, NULL));
	assert_false(http_json_parse(STR("{\"a\":\"\\u0000\"}"), &value, NULL));
	assert_false(http_json_parse(STR("\"\xff\""), &value, NULL));
	assert_false(http_json_parse(STR(""), &value, NULL));
	fault_clear(&f);
	assert_true(http_json_parse(STR("{\"a\":\"x\",\"n\":9007199254740993}"), &value, &f));
	assert_true(http_json_need_text(value, "a", &text, &f) && str_is(text, "x"));
	assert_true(http_json_need_i64(value, "n", &number, &f) && number == 9007199254740993);
	assert_false(http_json_need_text(value, "n", &text, &f));
	assert_int_equal(f.kind, FAULT_INPUT);
	json_decref(value);
}

int main(void)
{
	int failed = 0;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(calls_to_a_room, set_up, tear_down),
		cmocka_unit_test_setup_teardown(faults_are_told_apart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(peers_that_misbehave, set_up, tear_down),
		cmocka_unit_test_setup_teardown(posts_are_never_sent_twice, set_up, tear_down),
		cmocka_unit_test_setup_teardown(cancelled_calls_are_silent, set_up, tear_down),
		cmocka_unit_test_setup_teardown(many_at_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(peers_are_checked, set_up, tear_down),
		cmocka_unit_test_setup_teardown(listening, set_up, tear_down),
		cmocka_unit_test(strict_json),
	};

	if (mkdtemp(folder) == NULL)
		return 1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	failed = cmocka_run_group_tests_name("http client", tests, NULL, NULL);
	(void) unlink(socket_path);
	(void) rmdir(folder);
	return failed;
}
