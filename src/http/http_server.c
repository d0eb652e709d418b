/* http_server.c: libmicrohttpd on our loop: its daemon, its connections, the drain.
 *
 * Decides: when libmicrohttpd runs, who may connect, what "drained" and "closed" mean. Leaves to others: requests
 * (http_dispatch.c), bytes (http_gate.c, http_wire.c). Runs in: every room, one per listening socket. The hard thing:
 * libmicrohttpd has an epoll of its own, which stands as one descriptor in ours, and ideas of its own about when it must
 * run again.
 * SPDX-License-Identifier: ISC */
#include "http_inside.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/must.h"

enum { SWEEP_MS = 1000, CLOSE_ROUNDS = 64 };

/* --- connections --- */

static bool peer_may_call(const struct http_server *server, struct http_wire *wire)
{
	struct ucred peer = {0, (uid_t) -1, (gid_t) -1};
	socklen_t len = sizeof(peer);
	bool may = server->options.peer_count == 0;

	if (server->options.peer_count == 0 && server->options.hosts != NULL)
		return true;
	if (getsockopt(wire->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
		return may;
	wire->peer_uid = peer.uid;
	may = may || peer.uid == 0;
	for (size_t i = 0; i < server->options.peer_count && !may; i++)
		may = peer.uid == server->options.peer_uids[i];
	return may;
}

static void on_connection(void *self, struct MHD_Connection *mhd, void **context,
	enum MHD_ConnectionNotificationCode what)
{
	struct http_server *server = self;
	struct http_wire *wire = *context;
	const union MHD_ConnectionInfo *info = NULL;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
		must(info != NULL);
		http_wire_shed(server);
		wire = http_wire_open(server, mhd, info->connect_fd);
		*context = wire;
		if (!peer_may_call(server, wire)) {
			log_event(LOG_PEER_REFUSED, LOG_C("socket", server->options.name), LOG_I64("uid", wire->peer_uid));
			http_wire_cut(wire, 403, "This user may not call here.");
		}
	} else if (wire != NULL) {
		*context = NULL;
		http_wire_close(wire);
		/* After its limit libmicrohttpd takes new connections only when it is run once more. */
		server->run_soon = server->run_soon || server->wire_count + 1 >= server->options.connection_limit;
	}
}

/* --- the daemon on the loop --- */

static void check_drained(struct http_server *server)
{
	void (*drained)(void *self) = server->drained;

	if (!server->draining || server->wire_count > 0 || drained == NULL)
		return;
	server->drained = NULL;
	loop_timer_stop(&server->drain_limit);
	drained(server->drained_self);
}

static void run(struct http_server *server)
{
	server->run_soon = false;
	server->now_ms = clock_mono_ms();
	(void) MHD_run(server->daemon);
}

static void on_events(void *self, unsigned events)
{
	(void) events;
	run(self);
}

static int before_wait(void *self)
{
	struct http_server *server = self;
	MHD_UNSIGNED_LONG_LONG wait_ms = 0;
	bool limited = false;

	for (int i = 0; i < 8; i++) {
		limited = MHD_get_timeout(server->daemon, &wait_ms) == MHD_YES;
		if (!server->run_soon && (!limited || wait_ms > 0))
			break;
		run(server);
	}
	if (server->draining)
		check_drained(server); /* last: the server may be closed by it */
	else if (limited)
		return wait_ms > 60000 ? 60000 : (int) wait_ms;
	return limited ? (int) (wait_ms > 1000 ? 1000 : wait_ms) : -1;
}

static void on_sweep(void *self)
{
	struct http_server *server = self;

	server->now_ms = clock_mono_ms();
	http_wire_sweep(server);
	http_wire_shed(server);
	loop_timer_set(server->loop, &server->sweep, SWEEP_MS, on_sweep, server);
}

static bool start_daemon(struct http_server *server, struct fault *f)
{
	const struct http_server_options *options = &server->options;
	const union MHD_DaemonInfo *info = NULL;

	server->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TURBO, 0, NULL, NULL,
		http_on_request, server,
		MHD_OPTION_LISTEN_SOCKET, options->listen_fd, MHD_OPTION_CONNECTION_LIMIT, options->connection_limit,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t) HTTP_POOL_BYTES,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned) HTTP_IDLE_SECONDS, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_URI_LOG_CALLBACK, http_on_target, server, MHD_OPTION_UNESCAPE_CALLBACK, http_keep_escaped, server,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_NOTIFY_COMPLETED, http_on_completed, server,
		MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
	if (server->daemon == NULL)
		return fault_errno(f, "The server for %s cannot be started", options->name);
	info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	must(info != NULL);
	server->epoll_fd = info->epoll_fd;
	return true;
}

bool http_server_open(struct http_server **server, struct loop *loop, const struct http_server_options *options,
	struct fault *f)
{
	struct http_server *new = memory_new(1, sizeof(*new));
	bool ok = false;

	must(options->peer_count <= sizeof(options->peer_uids) / sizeof(options->peer_uids[0]) && options->routes != NULL);
	(void) signal(SIGPIPE, SIG_IGN); /* sendfile() to a client that left */
	new->loop = loop;
	new->options = *options;
	(void) snprintf(new->name, sizeof(new->name), "%s", options->name != NULL ? options->name : "http");
	new->options.name = new->name;
	if (new->options.connection_limit == 0)
		new->options.connection_limit = 1000;
	new->head_ms = (int64_t) (options->head_seconds > 0 ? options->head_seconds : 15) * 1000;
	new->body_ms = (int64_t) (options->body_seconds > 0 ? options->body_seconds : 20) * 1000;
	new->now_ms = clock_mono_ms();
	if (!start_daemon(new, f))
		goto done;
	if (!loop_watch(loop, new->epoll_fd, LOOP_READ, on_events, new, &new->watch, f)) {
		MHD_stop_daemon(new->daemon);
		goto done;
	}
	loop_before_wait(loop, before_wait, new);
	loop_timer_set(loop, &new->sweep, SWEEP_MS, on_sweep, new);
	*server = new;
	new = NULL;
	ok = true;
done:
	memory_free(new);
	return ok;
}

/* Connections on which nothing is being asked are ended; `all`: every one. */
static void cut_connections(struct http_server *server, bool all)
{
	struct http_wire *next = NULL;

	for (struct http_wire *wire = server->wires; wire != NULL; wire = next) {
		bool busy = wire->rq != NULL || gate_in_head(&wire->gate) || wire->gate.body_left > 0
			|| wire->heads_used < wire->gate.heads;

		next = wire->next;
		if (all || !busy)
			http_wire_cut(wire, 0, NULL);
	}
}

static void on_drain_limit(void *self)
{
	struct http_server *server = self;
	void (*drained)(void *self) = server->drained;

	cut_connections(server, true);
	run(server);
	/* Those that still wait for another room are cut when the server is closed. */
	server->drained = NULL;
	if (drained != NULL)
		drained(server->drained_self);
}

void http_server_drain(struct http_server *server, int64_t limit_ms, void (*done)(void *self), void *self)
{
	int fd = -1;

	must(!server->draining);
	server->draining = true;
	server->drained = done;
	server->drained_self = self;
	fd = MHD_quiesce_daemon(server->daemon);
	if (fd >= 0)
		(void) close(fd);
	cut_connections(server, false);
	loop_timer_set(server->loop, &server->drain_limit, limit_ms, on_drain_limit, server);
	server->run_soon = true;
}

void http_server_close(struct http_server **server)
{
	struct http_server *old = *server;
	struct http_wire *next = NULL;
	int fd = -1;

	if (old == NULL)
		return;
	loop_before_wait_remove(old->loop, before_wait, old);
	loop_unwatch(&old->watch);
	loop_timer_stop(&old->sweep);
	loop_timer_stop(&old->drain_limit);
	old->closing = true;
	fd = old->draining ? -1 : MHD_quiesce_daemon(old->daemon);
	if (fd >= 0)
		(void) close(fd);
	/* libmicrohttpd refuses to stop with suspended connections. */
	for (struct http_wire *wire = old->wires; wire != NULL; wire = next) {
		next = wire->next;
		http_wire_cut(wire, 0, NULL);
		if (wire->rq != NULL && wire->rq->waiting)
			http_refuse(wire->rq, 503, FAULT_BUSY, "The site is being restarted. Please try again.");
	}
	for (int i = 0; i < CLOSE_ROUNDS && old->wire_count > 0; i++)
		run(old);
	MHD_stop_daemon(old->daemon);
	must(old->wire_count == 0);
	memory_free(old);
	*server = NULL;
}
