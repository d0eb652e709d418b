/* test_torture.c: thousands of random conversations: mutated requests cut into random portions, clients that leave at any moment, answers
 * that come late or after the client has gone, servers closed in the middle. Nothing is asserted but that the server
 * lives, answers a good request after all of it, and that AddressSanitizer is silent. HTTP_TORTURE_SEED repeats a run.
 * SPDX-License-Identifier: ISC */
#include "http_test.h"

#include <time.h>

enum { CLIENTS = 12, HELD = 64 };

static uint64_t seed;
static struct http_request *held[HELD];
static size_t held_count;
static unsigned answered;

static uint32_t roll(uint32_t limit)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t) (seed >> 33) % limit;
}

static void on_now(struct http_request *rq, void *room)
{
	(void) room;
	answered++;
	http_answer(rq, 200, "text/plain", http_body(rq));
}

static void on_late(struct http_request *rq, void *room)
{
	(void) room;
	if (held_count == HELD)
		http_answer(rq, 503, "text/plain", STR("full"));
	else
		held[held_count++] = rq;
}

static void on_long(struct http_request *rq, void *room)
{
	static char text[200000];

	(void) room;
	http_answer(rq, 200, "text/plain", str_make(text, sizeof(text)));
}

static void on_form(struct http_request *rq, void *room)
{
	struct http_file file;
	struct str all[4];

	(void) room;
	(void) http_upload(rq, "f", &file);
	(void) http_field_all(rq, "a", all, 4);
	(void) http_query(rq, "q");
	(void) http_cookie(rq, "a");
	if (roll(2) == 0)
		on_late(rq, room);
	else
		http_answer_html(rq, 200, http_field(rq, "a"));
}

static const struct http_route routes[] = {
	{"GET", "/", on_now, HTTP_NO_BODY},
	{"GET", "/late/{x}", on_late, HTTP_NO_BODY},
	{"GET", "/long", on_long, HTTP_NO_BODY},
	{"POST", "/raw", on_now, HTTP_RAW},
	{"POST", "/form", on_form, HTTP_FORM},
	{"POST", "/up", on_form, HTTP_UPLOAD},
	{"PUT", "/json", on_late, HTTP_JSON},
	{NULL, NULL, NULL, HTTP_NO_BODY},
};

static const char *const hosts[] = {"a", NULL};

static const char *const pieces[] = {
	"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
	"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /late/1?q=2 HTTP/1.1\r\nHost: a\r\nCookie: a=b; c\r\n\r\n",
	"GET /long HTTP/1.1\r\nHost: a\r\n\r\n",
	"GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n",
	"POST /raw HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12345",
	"POST /raw HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n12345",
	"POST /form HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 7\r\n\r\na=1&a=2",
	"POST /up HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 76\r\n\r\n"
		"--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\nbytes\r\n--b--\r\n",
	"PUT /json HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}",
	"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
	"POST /raw HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
	"GET / HTTP/1.0\r\nHost: a\r\nConnection: close\r\n\r\n",
};

struct client {
	int fd;
	size_t len, sent;
	char text[16384];
};

static void fill(struct client *client)
{
	uint32_t requests = 1 + roll(4);

	client->len = client->sent = 0;
	for (uint32_t i = 0; i < requests; i++) {
		const char *piece = pieces[roll(sizeof(pieces) / sizeof(pieces[0]))];
		size_t len = strlen(piece);

		memcpy(client->text + client->len, piece, len);
		if (roll(3) == 0) { /* one byte is another, or one is gone */
			size_t at = client->len + roll((uint32_t) len);

			if (roll(2) == 0)
				client->text[at] = "\r\n\0 :\xff%a"[roll(8)];
			else
				memmove(client->text + at, client->text + at + 1, client->len + len-- - at - 1);
		}
		client->len += len;
	}
}

static void step(struct client *client)
{
	char scratch[65536];

	if (client->fd < 0) {
		client->fd = dial();
		fill(client);
	} else if (client->sent < client->len) {
		size_t part = 1 + roll(roll(2) == 0 ? 3 : 600);
		ssize_t n = 0;

		if (part > client->len - client->sent)
			part = client->len - client->sent;
		n = send(client->fd, client->text + client->sent, part, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0)
			client->sent += (size_t) n;
		else if (n < 0 && errno != EAGAIN)
			client->sent = client->len;
	} else if (roll(4) == 0) {
		if (roll(3) == 0)
			(void) shutdown(client->fd, SHUT_WR);
		if (roll(2) == 0) {
			close(client->fd);
			client->fd = -1;
		} else if (roll(2) == 0) {
			fill(client); /* goes on with the same connection */
		}
		return;
	}
	if (client->fd >= 0 && roll(3) != 0 && recv(client->fd, scratch, 1 + roll(sizeof(scratch) - 1), MSG_DONTWAIT) == 0) {
		close(client->fd);
		client->fd = -1;
	}
}

static void answer_some(void)
{
	while (held_count > 0 && roll(3) != 0) {
		size_t at = roll((uint32_t) held_count);
		struct http_request *rq = held[at];

		held[at] = held[--held_count];
		if (roll(2) == 0)
			http_answer(rq, 200, "text/plain", STR("late"));
		else
			http_answer_redirect(rq, "../x");
	}
}

static void random_conversations(void **state)
{
	static struct client clients[CLIENTS];
	struct http_server_options options = {.name = "torture", .routes = routes, .hosts = hosts, .connection_limit = 20};

	(void) state;
	for (int house = 0; house < 6; house++) {
		start_server(&options);
		for (size_t i = 0; i < CLIENTS; i++)
			clients[i].fd = -1;
		for (int round = 0; round < 4000; round++) {
			step(&clients[roll(CLIENTS)]);
			if (roll(2) == 0)
				turn_ms(0);
			if (roll(5) == 0)
				answer_some();
		}
		for (size_t i = 0; i < CLIENTS && house % 2 == 0; i++)
			if (clients[i].fd >= 0)
				close(clients[i].fd);
		if (house % 2 == 0) {
			while (held_count > 0)
				answer_some();
			turn_ms(50);
			assert_int_equal(ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
		}
		held_count = 0; /* those that still wait are cut with the server */
		http_server_close(&server);
		for (size_t i = 0; i < CLIENTS && house % 2 == 1; i++)
			if (clients[i].fd >= 0)
				close(clients[i].fd);
	}
	assert_true(answered > 500);
	loop_close(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(random_conversations)};

	seed = getenv("HTTP_TORTURE_SEED") != NULL ? strtoull(getenv("HTTP_TORTURE_SEED"), NULL, 10) : (uint64_t) time(NULL);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	printf("# HTTP_TORTURE_SEED=%llu\n", (unsigned long long) seed);
	return cmocka_run_group_tests_name("http torture", tests, NULL, NULL);
}
