/* http_test.h: a server and raw clients in one thread: what is sent and what comes back are bytes.
 * SPDX-License-Identifier: ISC */
#ifndef TESTS_HTTP_TEST_H
#define TESTS_HTTP_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/limits.h"
#include "base/loop.h"
#include "http/http.h"
#include "http/http_client.h"

static struct loop *loop;
static struct http_server *server;
static uint16_t port;

static inline void turn_ms(int64_t ms)
{
	struct fault f = {.kind = FAULT_NONE};
	int64_t end = clock_mono_ms() + ms;

	do
		assert_true(loop_turn(loop, 1, &f));
	while (clock_mono_ms() < end);
}

static inline int dial_port(uint16_t to)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(to), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *) &at, sizeof(at)), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static inline int dial(void)
{
	return dial_port(port);
}

static inline void send_bytes(int fd, const void *at, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = send(fd, (const char *) at + done, len - done, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n > 0)
			done += (size_t) n;
		else if (errno == EAGAIN)
			turn_ms(1);
		else
			return; /* the server closed: the test looks at what it said */
	}
}

static inline void send_text(int fd, const char *text)
{
	send_bytes(fd, text, strlen(text));
}

/* Reads one whole answer, or until the end, or limit_ms; never into the next answer. Static buffer; *closed may be NULL. */
static inline const char *receive(int fd, int64_t limit_ms, bool head_only, bool *closed)
{
	static char text[1 << 20];
	size_t len = 0;
	size_t want = 0; /* 0: the head is not whole yet */
	int64_t end = clock_mono_ms() + limit_ms;
	bool over = false;

	text[0] = '\0';
	while (!over && (want == 0 || len < want) && clock_mono_ms() < end) {
		ssize_t n = recv(fd, text + len, want > 0 ? want - len : 1, MSG_DONTWAIT);

		if (n > 0) {
			len += (size_t) n;
			text[len] = '\0';
			if (want == 0 && len >= 4 && memcmp(text + len - 4, "\r\n\r\n", 4) == 0) {
				const char *length = head_only ? NULL : strcasestr(text, "\r\nContent-Length:");

				want = len + (length != NULL ? strtoul(length + 17, NULL, 10) : 0);
				assert_true(want < sizeof(text));
			}
		} else if (n == 0 || errno != EAGAIN) {
			over = true;
		} else {
			turn_ms(0);
		}
	}
	if (closed != NULL)
		*closed = over;
	return text;
}

static inline bool is_closed(int fd, int64_t limit_ms)
{
	int64_t end = clock_mono_ms() + limit_ms;
	char scratch[4096];

	while (clock_mono_ms() < end) {
		ssize_t n = recv(fd, scratch, sizeof(scratch), MSG_DONTWAIT);

		if (n == 0 || (n < 0 && errno != EAGAIN))
			return true;
		turn_ms(1);
	}
	return false;
}

static inline int status_of(const char *answer)
{
	return strncmp(answer, "HTTP/1.1 ", 9) == 0 ? atoi(answer + 9) : 0;
}

static inline const char *body_of(const char *answer)
{
	const char *body = strstr(answer, "\r\n\r\n");

	return body != NULL ? body + 4 : "";
}

/* One request on a connection of its own: the status, 0 when nothing came. The body stays in the buffer of receive(). */
static inline int ask_bytes(const void *at, size_t len)
{
	int fd = dial();
	int status = 0;

	send_bytes(fd, at, len);
	status = status_of(receive(fd, 3000, false, NULL));
	close(fd);
	turn_ms(2);
	return status;
}

static inline int ask(const char *text)
{
	return ask_bytes(text, strlen(text));
}

static inline void start_server(const struct http_server_options *how)
{
	struct http_server_options options = *how;
	struct fault f = {.kind = FAULT_NONE};
	struct sockaddr_in at;
	socklen_t len = sizeof(at);

	if (loop == NULL)
		assert_true(loop_open(&loop, &f));
	if (options.listen_fd <= 0) {
		assert_true(http_listen_tcp("127.0.0.1", 0, &options.listen_fd, &f));
		assert_int_equal(getsockname(options.listen_fd, (struct sockaddr *) &at, &len), 0);
		port = ntohs(at.sin_port);
	}
	assert_true(http_server_open(&server, loop, &options, &f));
}

static inline void stop_server(void)
{
	http_server_close(&server);
	loop_close(&loop);
}

#endif
