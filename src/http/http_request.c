/* http_request.c: one request: its memory, what was asked, its body.
 *
 * Decides: how long a request's texts live; that a body's cap goes by its route. Leaves to others: framing
 * (http_gate.c), when a request begins and ends (http_dispatch.c). Runs in: every room. The hard thing: the request for
 * a hot page must cost next to nothing, so the memory is kept with its connection and the arena is touched only when
 * something is decoded.
 * SPDX-License-Identifier: ISC */
#include "http_inside.h"

#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include "base/fault.h"
#include "base/limits.h"
#include "base/must.h"
#include "http_client.h"

struct http_request *http_request_new(struct http_wire *wire, const char *target)
{
	struct http_request *rq = wire->spare;
	size_t len = strlen(target);
	char *copy = NULL;

	must(wire->rq == NULL);
	if (rq == NULL)
		rq = memory_new(1, sizeof(*rq));
	else
		memset(rq, 0, offsetof(struct http_request, set));
	wire->spare = NULL;
	wire->rq = rq;
	rq->server = wire->server;
	rq->wire = wire;
	rq->mhd = wire->mhd;
	arena_init(&rq->arena, "request", LIMIT_REQUEST_ARENA);
	/* libmicrohttpd writes into its own copy. */
	if (len < sizeof(rq->target_inline)) {
		memcpy(rq->target_inline, target, len + 1);
		rq->target = str_make(rq->target_inline, len);
	} else {
		copy = arena_alloc(&rq->arena, len + 1);
		must(copy != NULL); /* the gate caps a target far below the arena */
		memcpy(copy, target, len);
		rq->target = str_make(copy, len);
	}
	return rq;
}

void http_request_end(struct http_request *rq)
{
	struct http_wire *wire = rq->wire;

	must(wire->rq == rq && !rq->in_call);
	if (rq->response != NULL && !rq->response_shared)
		MHD_destroy_response(rq->response);
	rq->response = NULL;
	if (rq->json != NULL)
		json_decref(rq->json);
	multipart_close(&rq->multipart);
	buf_release(&rq->body);
	arena_reset(&rq->arena);
	wire->rq = NULL;
	if (wire->spare != NULL)
		memory_free(wire->spare);
	wire->spare = rq;
	wire->since_ms = rq->server->now_ms;
	/* Everything is sent; a client that keeps its connection would hold up the drain. */
	if (rq->server->draining && wire->heads_used >= wire->gate.heads)
		http_wire_cut(wire, 0, NULL);
}

/* --- the body, when it is whole --- */

bool http_request_read_body(struct http_request *rq, struct fault *f)
{
	struct str body = buf_view(&rq->body);

	switch (rq->route != NULL ? rq->route->body : HTTP_NO_BODY) {
	case HTTP_FORM:
	case HTTP_WRITING:
	case HTTP_UPLOAD:
		if (rq->multipart != NULL)
			return multipart_end(rq->multipart, &rq->form_pairs, f);
		if (!http_form_parse(body, &rq->arena, &rq->form_pairs))
			return fault_set(f, FAULT_INPUT, "The form was sent in a broken way. Please send it again.");
		return true;
	case HTTP_JSON:
		if (!http_json_parse(body, &rq->json, f))
			return false;
		if (!json_is_object(rq->json))
			return fault_set(f, FAULT_INPUT, "The message must be one JSON object.");
		return true;
	case HTTP_RAW:
	case HTTP_NO_BODY:
		return true;
	}
	return true;
}

/* --- what was asked --- */

struct str http_method(const struct http_request *rq)
{
	return rq->method;
}

struct str http_path(const struct http_request *rq)
{
	return rq->path;
}

struct str http_target(const struct http_request *rq)
{
	return rq->target;
}

struct str http_part(const struct http_request *rq, const char *name)
{
	for (size_t i = 0; i < rq->part_count; i++)
		if (str_is(rq->parts[i].name, name))
			return rq->parts[i].value;
	return (struct str){NULL, 0};
}

static struct str find_pair(const struct http_pairs *pairs, const char *name)
{
	for (size_t i = 0; i < pairs->count; i++)
		if (str_is(pairs->items[i].name, name))
			return pairs->items[i].value;
	return (struct str){NULL, 0};
}

struct str http_query(const struct http_request *rq, const char *name)
{
	return find_pair(&rq->query_pairs, name);
}

struct str http_field(const struct http_request *rq, const char *name)
{
	return find_pair(&rq->form_pairs, name);
}

size_t http_field_all(const struct http_request *rq, const char *name, struct str *out, size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < rq->form_pairs.count && count < max; i++)
		if (str_is(rq->form_pairs.items[i].name, name))
			out[count++] = rq->form_pairs.items[i].value;
	return count;
}

void http_form_write(const struct http_request *rq, struct buf *out)
{
	for (size_t i = 0; i < rq->form_pairs.count; i++) {
		if (i > 0)
			buf_add_char(out, '&');
		http_encode(out, rq->form_pairs.items[i].name);
		buf_add_char(out, '=');
		http_encode(out, rq->form_pairs.items[i].value);
	}
}

struct str http_header(const struct http_request *rq, const char *name)
{
	return str_from(MHD_lookup_connection_value(rq->mhd, MHD_HEADER_KIND, name));
}

struct str http_cookie(const struct http_request *rq, const char *name)
{
	struct str rest = http_header(rq, "Cookie");
	struct str piece = {NULL, 0};

	while (str_next(&rest, ';', &piece)) {
		size_t equals = str_find_char(piece, '=');

		if (equals != SIZE_MAX && str_is(str_trim(str_part(piece, 0, equals)), name))
			return str_trim(str_part(piece, equals + 1, SIZE_MAX));
	}
	return (struct str){NULL, 0};
}

struct str http_body(const struct http_request *rq)
{
	return buf_view(&rq->body);
}

json_t *http_json(const struct http_request *rq)
{
	return rq->json;
}

struct arena *http_arena(struct http_request *rq)
{
	return &rq->arena;
}

uid_t http_peer_uid(const struct http_request *rq)
{
	return rq->wire->peer_uid;
}

void *http_room(const struct http_request *rq)
{
	return rq->server->options.room;
}

bool http_upload(const struct http_request *rq, const char *name, struct http_file *file)
{
	return rq->multipart != NULL && multipart_file(rq->multipart, name, file);
}

/* "gzip", "gzip;q=0.5", "*"; not "gzip;q=0" (RFC 9110 §12.5.3). */
bool http_accepts_gzip(const struct http_request *rq)
{
	struct str rest = http_header(rq, "Accept-Encoding");
	struct str piece = {NULL, 0};
	bool any = false;

	while (str_next(&rest, ',', &piece)) {
		size_t semicolon = str_find_char(piece, ';');
		struct str coding = str_trim(str_part(piece, 0, semicolon));
		struct str weight = semicolon == SIZE_MAX ? (struct str){NULL, 0}
			: str_trim(str_part(piece, semicolon + 1, SIZE_MAX));
		bool wanted = true;

		if (str_starts(weight, STR("q=")) || str_starts(weight, STR("Q="))) {
			wanted = false;
			for (size_t i = 2; i < weight.len; i++)
				wanted = wanted || (weight.at[i] >= '1' && weight.at[i] <= '9');
		}
		if (str_equal_nocase(coding, STR("gzip")) || str_equal_nocase(coding, STR("x-gzip")))
			return wanted;
		if (str_is(coding, "*"))
			any = wanted;
	}
	return any;
}

bool http_is_cross_site(const struct http_request *rq)
{
	return str_equal_nocase(http_header(rq, "Sec-Fetch-Site"), STR("cross-site"));
}

uint64_t http_peer_network(const struct http_request *rq)
{
	struct sockaddr_storage peer = {0};
	socklen_t len = sizeof(peer);
	uint64_t network = 0;

	if (getpeername(rq->wire->fd, (struct sockaddr *) &peer, &len) != 0)
		return 0;
	if (peer.ss_family == AF_INET) {
		network = ((const struct sockaddr_in *) &peer)->sin_addr.s_addr;
	} else if (peer.ss_family == AF_INET6) {
		const struct in6_addr *address = &((const struct sockaddr_in6 *) &peer)->sin6_addr;

		if (IN6_IS_ADDR_V4MAPPED(address))
			memcpy(&network, address->s6_addr + 12, 4);
		else
			memcpy(&network, address->s6_addr, 8);
	}
	return network;
}
