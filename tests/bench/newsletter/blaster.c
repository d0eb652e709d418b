/* blaster.c: `blaster PORT CONNECTIONS MAILS BYTES`: what a plain C client can do: MAIL, RCPT and DATA in one write, the mail and its dot
 * in another, no signature, nothing written down. Prints mails a second.
 * SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 64 };

static char *mail;
static size_t mail_len;

struct line {
	int fd;
	unsigned answers; /* lines' ends wanted before the next step */
	int step;         /* 0: greeting, 1: EHLO, 2: MAIL RCPT DATA, 3: the dot */
	char last[4];
};

static void put(int fd, const char *at, size_t len)
{
	while (len > 0) {
		ssize_t sent = write(fd, at, len);

		if (sent <= 0)
			exit(1);
		at += sent;
		len -= (size_t) sent;
	}
}

/* Counts replies' last lines ("250 …"). */
static unsigned whole_replies(struct line *line, const char *at, ssize_t len)
{
	static size_t column[1024];
	unsigned count = 0;

	for (ssize_t i = 0; i < len; i++) {
		if (at[i] == '\n') {
			count += line->last[3] == ' ';
			column[line->fd] = 0;
			continue;
		}
		if (column[line->fd] < 4)
			line->last[column[line->fd]] = at[i];
		column[line->fd]++;
	}
	return count;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct line lines[MOST] = {0};
	struct pollfd fds[MOST];
	struct timespec began, ended;
	static const char envelope[] = "MAIL FROM:<news@tern.example>\r\nRCPT TO:<reader@example.org>\r\nDATA\r\n";
	long wanted, begun = 0, taken = 0;
	nfds_t count;

	if (argc != 5)
		return 2;
	to.sin_port = htons((unsigned short) strtol(argv[1], NULL, 10));
	count = (nfds_t) strtol(argv[2], NULL, 10);
	wanted = strtol(argv[3], NULL, 10);
	mail_len = (size_t) strtol(argv[4], NULL, 10);
	mail = malloc(mail_len + 8);
	if (count > MOST || mail == NULL)
		return 2;
	for (size_t i = 0; i < mail_len; i++)
		mail[i] = i % 76 == 74 ? '\r' : i % 76 == 75 ? '\n' : 'x';
	memcpy(mail + mail_len, "\r\n.\r\n", 5);
	for (nfds_t i = 0; i < count; i++) {
		lines[i] = (struct line){.fd = socket(AF_INET, SOCK_STREAM, 0), .answers = 1};
		if (connect(lines[i].fd, (struct sockaddr *) &to, sizeof(to)) != 0)
			return 1;
		setsockopt(lines[i].fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
		fds[i] = (struct pollfd){lines[i].fd, POLLIN, 0};
	}
	clock_gettime(CLOCK_MONOTONIC, &began);
	while (taken < wanted) {
		if (poll(fds, count, -1) < 0)
			return 1;
		for (nfds_t i = 0; i < count; i++) {
			struct line *line = &lines[i];
			char bytes[4096];
			ssize_t got;
			unsigned replies;

			if (fds[i].revents == 0)
				continue;
			got = read(line->fd, bytes, sizeof(bytes));
			if (got <= 0)
				return 1;
			replies = whole_replies(line, bytes, got);
			line->answers -= replies < line->answers ? replies : line->answers;
			if (line->answers > 0)
				continue;
			line->answers = 1;
			if (line->step == 0) {
				put(line->fd, "EHLO bench\r\n", 12);
				line->step = 1;
			} else if (line->step == 2) {
				put(line->fd, mail, mail_len + 5);
				line->step = 3;
			} else {
				taken += line->step == 3;
				if (begun == wanted) {
					fds[i].fd = -1;
					continue;
				}
				begun++;
				put(line->fd, envelope, sizeof(envelope) - 1);
				line->answers = 3;
				line->step = 2;
			}
		}
	}
	clock_gettime(CLOCK_MONOTONIC, &ended);
	printf("%.0f\n", (double) taken / ((double) (ended.tv_sec - began.tv_sec) + (double) (ended.tv_nsec - began.tv_nsec) / 1e9));
	return 0;
}
