/* http_server.c: libmicrohttpd on our loop: connections, requests, the order of checks, the drain.
 *
 * Decides: what happens to a request between its head and its handler: that it went through the gate, the host, the
 * path, the route, the size; what "suspended" and "drained" mean. Leaves to others: bytes (http_gate.c, http_wire.c),
 * bodies (http_form.c, http_multipart.c), answers (http_answer.c). Runs in: every room, one per listening socket. The
 * hard thing: libmicrohttpd calls us back from inside its own loop, several times for one request, and a handler may
 * leave the request waiting: everything that must be remembered in between stands in struct http_request.
 * SPDX-License-Identifier: ISC */
#include "http_inside.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/fault.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/must.h"

enum { SWEEP_MS = 1000, CLOSE_ROUNDS = 64 };

/* --- one request --- */

static void refuse_text(struct http_request *rq, int status, enum fault_kind kind, const char *say)
{
	struct fault fault = {.kind = FAULT_NONE};

	fault_set(&fault, kind, "%s", say);
	http_answer_refused(rq, status, &fault);
}

static bool host_is_ours(const struct http_request *rq)
{
	const char *const *hosts = rq->server->options.hosts;
	struct str host = {NULL, 0};
	size_t port = 0;

	if (hosts == NULL)
		return true;
	host = str_trim(http_header(rq, MHD_HTTP_HEADER_HOST));
	port = host.len;
	while (port > 0 && host.at[port - 1] >= '0' && host.at[port - 1] <= '9')
		port--;
	if (port > 0 && port < host.len && host.at[port - 1] == ':')
		host.len = port - 1;
	for (; *hosts != NULL; hosts++)
		if (str_equal_nocase(host, str_from(*hosts)))
			return true;
	return false;
}

static size_t body_cap(enum http_body body)
{
	switch (body) {
	case HTTP_FORM: return LIMIT_FORM_BYTES;
	case HTTP_JSON: return LIMIT_JSON_BYTES;
	case HTTP_RAW: return LIMIT_WEBHOOK_BYTES;
	case HTTP_UPLOAD: return LIMIT_UPLOAD_BYTES;
	case HTTP_NO_BODY: return 0;
	}
	return 0;
}

static struct str media_type(struct str value)
{
	return str_trim(str_part(value, 0, str_find_char(value, ';')));
}

/* The body that the route wants, of a type that it takes. */
static bool prepare_body(struct http_request *rq, uint64_t length)
{
	enum http_body kind = rq->route != NULL ? rq->route->body : HTTP_NO_BODY;
	struct str type = http_header(rq, MHD_HTTP_HEADER_CONTENT_TYPE);
	struct str media = media_type(type);
	struct fault fault = {.kind = FAULT_NONE};
	bool takes = true;

	rq->body_cap = body_cap(kind);
	buf_init(&rq->body, rq->body_cap);
	if (length > rq->body_cap) {
		refuse_text(rq, kind == HTTP_NO_BODY ? 400 : 413, FAULT_INPUT,
			kind == HTTP_NO_BODY ? "This request takes no body." : "What was sent is too large.");
		return false;
	}
	if (kind == HTTP_FORM && str_equal_nocase(media, STR("application/x-www-form-urlencoded")))
		takes = true;
	else if (kind == HTTP_FORM || kind == HTTP_UPLOAD)
		takes = str_equal_nocase(media, STR("multipart/form-data"))
			|| (length == 0 && media.len == 0)
			|| (kind == HTTP_UPLOAD && str_equal_nocase(media, STR("application/x-www-form-urlencoded")));
	else if (kind == HTTP_JSON)
		takes = str_equal_nocase(media, STR("application/json"));
	if (!takes) {
		refuse_text(rq, 415, FAULT_INPUT, "What was sent is of a type that is not taken here.");
		return false;
	}
	if (str_equal_nocase(media, STR("multipart/form-data")) && (kind == HTTP_FORM || kind == HTTP_UPLOAD)
		&& !multipart_open(&rq->multipart, type, kind == HTTP_UPLOAD, &rq->arena, &fault)) {
		http_answer_fault(rq, &fault);
		return false;
	}
	return true;
}

/* Host, path, route. False when the request was refused. */
static bool find_route(struct http_request *rq)
{
	const struct http_server_options *options = &rq->server->options;
	size_t question = str_find_char(rq->target, '?');
	const char *say = NULL;
	bool other_method = false;
	struct buf allow;

	rq->path = STR("/");
	if (!host_is_ours(rq)) {
		refuse_text(rq, 421, FAULT_INPUT, "This site is not served under that name.");
		return false;
	}
	if (!http_path_parse(str_part(rq->target, 0, question), &rq->arena, &rq->path, &say)) {
		rq->path = STR("/");
		refuse_text(rq, 400, FAULT_INPUT, say);
		return false;
	}
	if (question != SIZE_MAX) {
		rq->query = str_part(rq->target, question + 1, SIZE_MAX);
		if (!http_form_parse(rq->query, &rq->arena, &rq->query_pairs)) {
			refuse_text(rq, 400, FAULT_INPUT, "The address is not well-formed.");
			return false;
		}
	}
	rq->route = http_route_find(options->routes, rq->method, rq->path, rq->parts, &rq->part_count, &other_method);
	rq->call = rq->route != NULL ? rq->route->call : options->otherwise;
	if (rq->call != NULL)
		return true;
	if (other_method) {
		buf_init(&allow, 256);
		http_route_allow(options->routes, rq->path, &allow);
		http_set(rq, MHD_HTTP_HEADER_ALLOW, allow.len > 0 && !allow.over ? allow.at : "GET");
		buf_release(&allow);
		refuse_text(rq, 405, FAULT_INPUT, "That cannot be done here.");
	} else {
		refuse_text(rq, 404, FAULT_MISSING, "There is nothing at this address.");
	}
	return false;
}

static enum MHD_Result queue(struct http_request *rq)
{
	struct MHD_Response *response = rq->response;
	enum MHD_Result result = MHD_queue_response(rq->mhd, (unsigned) rq->status, response);

	if (!rq->response_shared)
		MHD_destroy_response(response); /* libmicrohttpd holds it now */
	rq->response = NULL;
	rq->swallow = false;
	return result;
}

/* Calls the room's handler; then either sends, or suspends. */
static enum MHD_Result call_room(struct http_request *rq)
{
	if (rq->server->closing) {
		refuse_text(rq, 503, FAULT_BUSY, "The site is being restarted. Please try again.");
		return queue(rq);
	}
	rq->in_call = true;
	rq->call(rq, rq->server->options.room);
	rq->in_call = false;
	if (rq->answered)
		return queue(rq);
	rq->waiting = true;
	MHD_suspend_connection(rq->mhd);
	return MHD_YES;
}

/* The first call for a request: its head is whole. */
static enum MHD_Result begin(struct http_request *rq, const char *method)
{
	uint64_t length = 0;
	const char *length_text = NULL;
	int64_t sent = 0;

	rq->begun = true;
	rq->method = str_from(method);
	if (rq->wire->heads_used >= rq->wire->gate.heads) {
		/* The gate did not see this head: recv() is not ours. Nothing is served that way. */
		struct fault fault = {.kind = FAULT_NONE};

		fault_set(&fault, FAULT_IO, "a request came past the gate");
		log_fault(&fault, rq->server->options.name);
		return MHD_NO;
	}
	rq->wire->heads_used++;
	if (rq->method.at[0] == 'P') {
		length_text = MHD_lookup_connection_value(rq->mhd, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
		if (!str_to_i64(str_trim(str_from(length_text)), &sent) || sent < 0)
			return MHD_NO; /* the gate let only digits through */
		length = (uint64_t) sent;
	}
	if (find_route(rq))
		(void) prepare_body(rq, length);
	/* An answer that is queued in this first call ends the connection: read what little body there is. */
	if (rq->answered && length > HTTP_SWALLOW_BYTES)
		return queue(rq);
	rq->swallow = rq->answered;
	return MHD_YES;
}

/* A portion of the body. */
static void take_body(struct http_request *rq, const char *at, size_t len)
{
	struct fault fault = {.kind = FAULT_NONE};
	bool ok = true;

	rq->body_seen += len;
	if (rq->swallow)
		return;
	if (rq->multipart != NULL)
		ok = multipart_feed(rq->multipart, str_make(at, len), &fault);
	else
		buf_add(&rq->body, at, len);
	ok = ok && buf_check(&rq->body, "What was sent", &fault);
	if (!ok) {
		rq->swallow = true;
		http_answer_fault(rq, &fault);
	}
}

static enum MHD_Result on_request(void *self, struct MHD_Connection *mhd, const char *url, const char *method,
	const char *version, const char *upload_data, size_t *upload_data_size, void **context)
{
	struct http_request *rq = *context;
	struct fault fault = {.kind = FAULT_NONE};

	(void) self, (void) mhd, (void) url, (void) version;
	if (rq == NULL)
		return MHD_NO;
	if (!rq->begun)
		return begin(rq, method);
	if (*upload_data_size > 0) {
		take_body(rq, upload_data, *upload_data_size);
		*upload_data_size = 0;
		return MHD_YES;
	}
	if (rq->answered)
		return queue(rq);
	if (rq->waiting)
		return MHD_YES;
	if (!http_request_read_body(rq, &fault)) {
		http_answer_fault(rq, &fault);
		return queue(rq);
	}
	return call_room(rq);
}

static void *on_target(void *self, const char *target, struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct http_wire *wire = info != NULL ? info->socket_context : NULL;

	(void) self;
	if (wire == NULL || wire->rq != NULL)
		return NULL;
	return http_request_new(wire, target != NULL ? target : "");
}

static void on_completed(void *self, struct MHD_Connection *mhd, void **context, enum MHD_RequestTerminationCode why)
{
	struct http_request *rq = *context;

	(void) self, (void) mhd, (void) why;
	*context = NULL;
	if (rq != NULL)
		http_request_end(rq);
}

/* The query and path are decoded by us, after the checks. */
static size_t keep_escaped(void *self, struct MHD_Connection *mhd, char *text)
{
	(void) self, (void) mhd;
	return strlen(text);
}

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
		on_request, server,
		MHD_OPTION_LISTEN_SOCKET, options->listen_fd, MHD_OPTION_CONNECTION_LIMIT, options->connection_limit,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t) HTTP_POOL_BYTES,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned) HTTP_IDLE_SECONDS, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_URI_LOG_CALLBACK, on_target, server, MHD_OPTION_UNESCAPE_CALLBACK, keep_escaped, server,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
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
			refuse_text(wire->rq, 503, FAULT_BUSY, "The site is being restarted. Please try again.");
	}
	for (int i = 0; i < CLOSE_ROUNDS && old->wire_count > 0; i++)
		run(old);
	MHD_stop_daemon(old->daemon);
	must(old->wire_count == 0);
	memory_free(old);
	*server = NULL;
}
