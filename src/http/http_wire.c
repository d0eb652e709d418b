/* http_wire.c: the connections' bytes, before libmicrohttpd sees them.
 *
 * Decides: that every byte a connection receives goes through the gate; how a refusal is told; when a slow head or
 * body is cut. Leaves to others: what is refused (http_gate.c) and everything after (http_dispatch.c). Runs in: every
 * room. The hard thing: libmicrohttpd parses what it has read in place and shows no raw bytes: it takes a lone LF for
 * a line's end, cuts at NUL, forgives a blank before a colon. The seam is the one function by which it reads: this
 * program defines recv(), so that the dynamic linker gives libmicrohttpd ours. A descriptor that is not a connection
 * of a server goes straight to the kernel. If ever another build of libmicrohttpd reads otherwise, no head is counted
 * and http_dispatch.c refuses every request: it fails closed.
 * SPDX-License-Identifier: ISC */
#include "http_inside.h"

#include <errno.h>
#include <sys/socket.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/must.h"

/* Descriptor → connection. One per process, like descriptors themselves; only the loop's thread writes it. It never
 * moves, because a resolver's thread of libcurl may read from a socket of its own meanwhile. */
enum { WIRES_MOST = 65536, SHED_MS = 500 };
static struct http_wire *wire_by_fd[WIRES_MOST];

ssize_t http_wire_recv(int fd, void *to, size_t len, int flags) __asm__("recv") __attribute__((visibility("default")));

static struct http_wire *wire_of(int fd)
{
	return fd >= 0 && fd < WIRES_MOST ? wire_by_fd[fd] : NULL;
}

const char *http_status_text(int status)
{
	const char *text = MHD_get_reason_phrase_for((unsigned) status);

	return text != NULL ? text : "Refused";
}

/* What is still in the socket when it is closed makes the kernel send a reset, and that may overtake our answer. */
static void drop_unread(int fd)
{
	char scratch[4096];

	for (int i = 0; i < 16 && recvfrom(fd, scratch, sizeof(scratch), MSG_DONTWAIT, NULL, NULL) > 0; i++)
		;
}

void http_wire_cut(struct http_wire *wire, int status, const char *say)
{
	char answer[512];
	int len = 0;

	if (wire->cut)
		return;
	wire->cut = true;
	if (status != 0) {
		len = snprintf(answer, sizeof(answer),
			"HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n"
			"Content-Length: %zu\r\nConnection: close\r\n\r\n%s\n",
			status, http_status_text(status), strlen(say) + 1, say);
		if (len > 0 && (size_t) len < sizeof(answer))
			(void) !send(wire->fd, answer, (size_t) len, MSG_NOSIGNAL | MSG_DONTWAIT);
		drop_unread(wire->fd);
	}
	/* libmicrohttpd wakes up, reads the end of the stream and closes. */
	(void) shutdown(wire->fd, SHUT_RDWR);
}

static ssize_t wire_recv(struct http_wire *wire, void *to, size_t len, int flags)
{
	struct gate *gate = &wire->gate;
	bool was_in_head = gate_in_head(gate);
	uint64_t heads = gate->heads;
	ssize_t got = 0;
	size_t taken = 0;

	if (!wire->cut && gate->status != 0)
		http_wire_cut(wire, gate->status, gate->say);
	if (wire->cut)
		return 0;
	got = recvfrom(wire->fd, to, len, flags, NULL, NULL);
	if (got <= 0)
		return got;
	taken = gate_feed(gate, to, (size_t) got);
	if (heads != gate->heads || was_in_head != gate_in_head(gate))
		wire->since_ms = wire->server->now_ms;
	if (gate->status == 0)
		return got;
	if (taken == 0 || (wire->rq == NULL && heads == gate->heads)) {
		/* Nothing before it waits for an answer. */
		http_wire_cut(wire, gate->status, gate->say);
		return 0;
	}
	/* What came before is answered first. The half-closed socket makes libmicrohttpd come back here when it has. */
	(void) shutdown(wire->fd, SHUT_RD);
	return (ssize_t) taken;
}

ssize_t http_wire_recv(int fd, void *to, size_t len, int flags)
{
	struct http_wire *wire = wire_of(fd);

	return wire != NULL ? wire_recv(wire, to, len, flags) : recvfrom(fd, to, len, flags, NULL, NULL);
}

/* --- the table --- */

struct http_wire *http_wire_open(struct http_server *server, struct MHD_Connection *mhd, int fd)
{
	struct http_wire *wire = memory_new(1, sizeof(*wire));

	must(fd >= 0 && fd < WIRES_MOST); /* descriptors are capped far below by every room's own limits */
	must(wire_by_fd[fd] == NULL);
	wire->server = server;
	wire->mhd = mhd;
	wire->fd = fd;
	wire->peer_uid = (uid_t) -1;
	wire->since_ms = server->now_ms;
	wire->next = server->wires;
	if (wire->next != NULL)
		wire->next->before = wire;
	server->wires = wire;
	server->wire_count++;
	wire_by_fd[fd] = wire;
	return wire;
}

void http_wire_close(struct http_wire *wire)
{
	struct http_server *server = wire->server;

	must(wire->rq == NULL);
	wire_by_fd[wire->fd] = NULL;
	if (wire->before != NULL)
		wire->before->next = wire->next;
	else
		server->wires = wire->next;
	if (wire->next != NULL)
		wire->next->before = wire->before;
	server->wire_count--;
	gate_release(&wire->gate);
	if (wire->spare != NULL)
		memory_free(wire->spare);
	memory_free(wire);
}

/* The connection that keeps a place for the least: the longest idle one, else the slowest head. NULL: none. */
static struct http_wire *find_hoarder(const struct http_server *server)
{
	struct http_wire *worst = NULL;
	bool worst_is_idle = false;

	for (struct http_wire *wire = server->wires; wire != NULL; wire = wire->next) {
		bool is_idle = wire->heads_used > 0 && !gate_in_head(&wire->gate);

		if (wire->cut || (wire->rq != NULL && wire->rq->begun) || wire->gate.body_left > 0
			|| wire->heads_used < wire->gate.heads || server->now_ms - wire->since_ms < SHED_MS)
			continue;
		if (worst == NULL || (is_idle && !worst_is_idle)
			|| (is_idle == worst_is_idle && wire->since_ms < worst->since_ms)) {
			worst = wire;
			worst_is_idle = is_idle;
		}
	}
	return worst;
}

/* Near the connection limit room is made: whoever holds connections open without asking anything keeps nobody out. */
void http_wire_shed(struct http_server *server)
{
	size_t limit = server->options.connection_limit - server->options.connection_limit / 10;
	struct http_wire *worst = NULL;

	for (size_t over = server->wire_count; over >= limit; over--) {
		worst = find_hoarder(server);
		if (worst == NULL)
			return;
		http_wire_cut(worst, 0, NULL);
	}
}

void http_wire_sweep(struct http_server *server)
{
	int64_t now = clock_mono_ms();
	struct http_wire *next = NULL;

	for (struct http_wire *wire = server->wires; wire != NULL; wire = next) {
		int64_t age = now - wire->since_ms;

		next = wire->next;
		/* A request that stands behind another in the pipe waits for us, not for the client. */
		if (wire->cut || wire->heads_used < wire->gate.heads)
			continue;
		if (wire->gate.body_left > 0) {
			/* An upload's time goes by its size: a slow line of 64 KiB/s is still served. */
			int64_t extra = (int64_t) (wire->rq != NULL ? wire->rq->body_seen / 64 : 0);

			if (age > server->body_ms + extra)
				http_wire_cut(wire, 408, "The request's body took too long.");
		} else if (wire->rq == NULL || !wire->rq->begun) {
			/* A connection that never sent anything counts as a slow head; one kept alive is libmicrohttpd's to end. */
			if ((gate_in_head(&wire->gate) || wire->heads_used == 0) && age > server->head_ms)
				http_wire_cut(wire, gate_in_head(&wire->gate) ? 408 : 0, "The head of the request took too long.");
		}
	}
}
