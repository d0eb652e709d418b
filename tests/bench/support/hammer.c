/* hammer.c: `hammer SOCKET SECRET CONNECTIONS RATE < EVENTS`: posts signed webhooks to a support room's socket.
 * RATE 0: as fast as they are answered; else so many a second, evenly. Prints "COUNT SECONDS P50_MS P99_MS WORST_MS REFUSED". One
 * thread, blocking on nothing but epoll; each connection has one request under way. They take turns: one that said nothing for long
 * would be hung up on.
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 512, REQUEST_BYTES = 8192 };

struct line {
	int fd;
	bool is_busy;
	double sent;
	char reply[2048];
	size_t len;
};

static char *events;
static char **starts;
static size_t count, next_one, done, refused;
static double *took;
static const char *secret;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static void read_events(void)
{
	size_t room = 1 << 20, len = 0;
	ssize_t got;

	events = malloc(room + 1);
	while ((got = read(0, events + len, room - len)) > 0) {
		len += (size_t) got;
		if (len == room)
			events = realloc(events, (room *= 2) + 1);
	}
	events[len] = '\0';
	for (char *at = events; *at != '\0'; at = strchr(at, '\n') + 1)
		count++;
	starts = malloc((count + 1) * sizeof(*starts));
	took = malloc((count + 1) * sizeof(*took));
	count = 0;
	for (char *at = events, *end; *at != '\0'; at = end + 1) {
		end = strchr(at, '\n');
		*end = '\0';
		starts[count++] = at;
	}
}

/* due: when it should have gone, in seconds of now(); 0: now. A late one counts from when it was due. */
static void send_one(struct line *line, double due)
{
	const char *body = starts[next_one++];
	crypto_auth_hmacsha256_state state;
	unsigned char mac[32];
	char stamp[32], hex[65], request[REQUEST_BYTES];
	int len;

	snprintf(stamp, sizeof(stamp), "%lld", (long long) time(NULL));
	crypto_auth_hmacsha256_init(&state, (const unsigned char *) secret, strlen(secret));
	crypto_auth_hmacsha256_update(&state, (const unsigned char *) stamp, strlen(stamp));
	crypto_auth_hmacsha256_update(&state, (const unsigned char *) ".", 1);
	crypto_auth_hmacsha256_update(&state, (const unsigned char *) body, strlen(body));
	crypto_auth_hmacsha256_final(&state, mac);
	sodium_bin2hex(hex, sizeof(hex), mac, sizeof(mac));
	len = snprintf(request, sizeof(request), "POST /support/webhook/stripe HTTP/1.1\r\nHost: support\r\nContent-Type: application/json\r\n"
		"Stripe-Signature: t=%s,v1=%s\r\nContent-Length: %zu\r\n\r\n%s", stamp, hex, strlen(body), body);
	line->sent = due > 0 ? due : now();
	line->is_busy = true;
	line->len = 0;
	if (write(line->fd, request, (size_t) len) != len) {
		perror("hammer: write");
		exit(1);
	}
}

static void receive(struct line *line)
{
	ssize_t got = read(line->fd, line->reply + line->len, sizeof(line->reply) - 1 - line->len);
	char *body;
	size_t wanted;

	if (got <= 0) {
		fprintf(stderr, "hammer: the room hung up after %zu\n", done);
		exit(1);
	}
	line->len += (size_t) got;
	line->reply[line->len] = '\0';
	body = strstr(line->reply, "\r\n\r\n");
	if (body == NULL)
		return;
	{
		const char *length = strcasestr(line->reply, "content-length:");

		wanted = length != NULL ? strtoul(length + 15, NULL, 10) : 0;
	}
	if (line->len - (size_t) (body + 4 - line->reply) < wanted)
		return;
	refused += strncmp(line->reply, "HTTP/1.1 200", 12) != 0;
	took[done++] = now() - line->sent;
	line->is_busy = false;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *) a, y = *(const double *) b;

	return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
	static struct line lines[MOST];
	int connections, turn = 0, epoll = epoll_create1(0);
	double begun, rate;

	if (argc != 5 || sodium_init() < 0)
		return 2;
	secret = argv[2];
	connections = atoi(argv[3]) < MOST ? atoi(argv[3]) : MOST;
	rate = atof(argv[4]);
	read_events();
	for (int i = 0; i < connections; i++) {
		struct sockaddr_un address = {.sun_family = AF_UNIX};
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = &lines[i]};

		snprintf(address.sun_path, sizeof(address.sun_path), "%s", argv[1]);
		lines[i].fd = socket(AF_UNIX, SOCK_STREAM, 0);
		if (connect(lines[i].fd, (struct sockaddr *) &address, sizeof(address)) != 0 ||
			epoll_ctl(epoll, EPOLL_CTL_ADD, lines[i].fd, &event) != 0) {
			perror("hammer");
			return 1;
		}
	}
	begun = now();
	while (done < count) {
		struct epoll_event batch[MOST];
		int ready;

		for (int i = 0; i < connections && next_one < count && (rate <= 0 || (double) next_one <= (now() - begun) * rate); i++) {
			struct line *line = &lines[turn++ % connections];

			if (!line->is_busy)
				send_one(line, rate > 0 ? begun + (double) next_one / rate : 0);
		}
		ready = epoll_wait(epoll, batch, MOST, rate > 0 ? 1 : 1000);
		for (int i = 0; i < ready; i++)
			receive(batch[i].data.ptr);
	}
	{
		double seconds = now() - begun;

		qsort(took, done, sizeof(*took), by_size);
		printf("%zu %.3f %.3f %.3f %.3f %zu\n", done, seconds, took[done / 2] * 1e3, took[done * 99 / 100] * 1e3, took[done - 1] * 1e3, refused);
	}
	return 0;
}
