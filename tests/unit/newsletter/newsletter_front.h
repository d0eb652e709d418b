/* newsletter_front.h: front's socket of the room under test, and a reader who asks there.
 * SPDX-License-Identifier: ISC */
#ifndef NEWSLETTER_FRONT_H
#define NEWSLETTER_FRONT_H

#include "newsletter_test.h"

#include <sys/un.h>

static struct bench bench;
static struct http_server *front_server;
static char front_path[100];

/* After bench_open(). */
static inline void front_open(void)
{
	struct http_server_options options = {.name = "newsletter.front", .routes = newsletter_front_routes, .room = &bench.room};
	struct fault f = {0};

	snprintf(front_path, sizeof(front_path), "%s/front.sock", bench.folder);
	assert_true(http_listen_unix(AT_FDCWD, front_path, 0600, &options.listen_fd, &f));
	assert_true(http_server_open(&front_server, bench.room.loop, &options, &f));
}

struct answer {
	char text[128 * 1024];
	size_t len;
	int status;
	const char *body;
};

static inline void front_ask_from_child(const char *request, size_t len, int out)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char bytes[4096];
	ssize_t got;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", front_path);
	if (connect(fd, (struct sockaddr *) &address, sizeof(address)) != 0 || write(fd, request, len) != (ssize_t) len)
		_exit(1);
	while ((got = read(fd, bytes, sizeof(bytes))) > 0)
		(void) !write(out, bytes, (size_t) got);
	_exit(0);
}

/* In a child, because the server lives in this process's loop. */
static inline void front_talk(struct answer *answer, const char *request, int len)
{
	int pipes[2];
	pid_t child;

	memset(answer, 0, sizeof(*answer));
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	child = fork();
	if (child == 0)
		front_ask_from_child(request, (size_t) len, pipes[1]);
	close(pipes[1]);
	fcntl(pipes[0], F_SETFL, O_NONBLOCK);
	for (int i = 0; i < 2000; i++) {
		ssize_t got;

		bench_turn(&bench, 1);
		got = read(pipes[0], answer->text + answer->len, sizeof(answer->text) - 1 - answer->len);
		if (got == 0)
			break;
		answer->len += got > 0 ? (size_t) got : 0;
	}
	close(pipes[0]);
	waitpid(child, NULL, 0);
	assert_true(strncmp(answer->text, "HTTP/1.1 ", 9) == 0);
	answer->status = (int) strtol(answer->text + 9, NULL, 10);
	answer->body = strstr(answer->text, "\r\n\r\n");
	assert_non_null(answer->body);
	assert_null(strstr(answer->text, "Set-Cookie"));
}

#endif
