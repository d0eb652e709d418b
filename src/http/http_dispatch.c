/* http_dispatch.c: what happens to a request between its head and its handler.
 *
 * Decides: the order of checks: that it went through the gate, the host, the path, the route, the type and size of its
 * body; and what "waiting" means. Leaves to others: bytes (http_gate.c, http_wire.c), bodies (http_form.c,
 * http_multipart.c), answers (http_answer.c). Runs in: every room. The hard thing: libmicrohttpd calls us back from inside
 * its own loop, several times for one request, and a handler may leave the request waiting: everything that must be
 * remembered in between stands in struct http_request.
 * SPDX-License-Identifier: ISC */
#include "http_inside.h"

#include "base/fault.h"
#include "base/limits.h"
#include "base/log.h"

void http_refuse(struct http_request *rq, int status, enum fault_kind kind, const char *say)
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
	case HTTP_WRITING: return LIMIT_WRITING_BYTES;
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
	bool is_form = kind == HTTP_FORM || kind == HTTP_WRITING;

	rq->body_cap = body_cap(kind);
	buf_init(&rq->body, rq->body_cap);
	if (length > rq->body_cap) {
		http_refuse(rq, kind == HTTP_NO_BODY ? 400 : 413, FAULT_INPUT,
			kind == HTTP_NO_BODY ? "This request takes no body." : "What was sent is too large.");
		return false;
	}
	if (kind == HTTP_WRITING)
		rq->arena.cap_bytes = LIMIT_WRITING_ARENA;
	if (is_form && str_equal_nocase(media, STR("application/x-www-form-urlencoded")))
		takes = true;
	else if (is_form || kind == HTTP_UPLOAD)
		takes = str_equal_nocase(media, STR("multipart/form-data"))
			|| (length == 0 && media.len == 0)
			|| (kind == HTTP_UPLOAD && str_equal_nocase(media, STR("application/x-www-form-urlencoded")));
	else if (kind == HTTP_JSON)
		takes = str_equal_nocase(media, STR("application/json"));
	if (!takes) {
		http_refuse(rq, 415, FAULT_INPUT, "What was sent is of a type that is not taken here.");
		return false;
	}
	if (str_equal_nocase(media, STR("multipart/form-data")) && (is_form || kind == HTTP_UPLOAD)) {
		if (!multipart_open(&rq->multipart, type, kind == HTTP_UPLOAD, &rq->arena, &fault)) {
			http_answer_fault(rq, &fault);
			return false;
		}
		if (kind == HTTP_WRITING)
			multipart_allow(rq->multipart, LIMIT_WRITING_BYTES);
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
		http_refuse(rq, 421, FAULT_INPUT, "This site is not served under that name.");
		return false;
	}
	if (!http_path_parse(str_part(rq->target, 0, question), &rq->arena, &rq->path, &say)) {
		rq->path = STR("/");
		http_refuse(rq, 400, FAULT_INPUT, say);
		return false;
	}
	if (question != SIZE_MAX) {
		rq->query = str_part(rq->target, question + 1, SIZE_MAX);
		if (!http_form_parse(rq->query, &rq->arena, &rq->query_pairs)) {
			http_refuse(rq, 400, FAULT_INPUT, "The address is not well-formed.");
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
		http_refuse(rq, 405, FAULT_INPUT, "That cannot be done here.");
	} else {
		http_refuse(rq, 404, FAULT_MISSING, "There is nothing at this address.");
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
		http_refuse(rq, 503, FAULT_BUSY, "The site is being restarted. Please try again.");
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

enum MHD_Result http_on_request(void *self, struct MHD_Connection *mhd, const char *url, const char *method,
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

void *http_on_target(void *self, const char *target, struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct http_wire *wire = info != NULL ? info->socket_context : NULL;

	(void) self;
	if (wire == NULL || wire->rq != NULL)
		return NULL;
	return http_request_new(wire, target != NULL ? target : "");
}

void http_on_completed(void *self, struct MHD_Connection *mhd, void **context, enum MHD_RequestTerminationCode why)
{
	struct http_request *rq = *context;

	(void) self, (void) mhd, (void) why;
	*context = NULL;
	if (rq != NULL)
		http_request_end(rq);
}

/* The query and path are decoded by us, after the checks. */
size_t http_keep_escaped(void *self, struct MHD_Connection *mhd, char *text)
{
	(void) self, (void) mhd;
	return strlen(text);
}
