/* http_inside.h: what the files of http/ share with each other and with nobody else.
 * SPDX-License-Identifier: ISC */
#ifndef HTTP_HTTP_INSIDE_H
#define HTTP_HTTP_INSIDE_H

#include <microhttpd.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "http.h"
#include "http_gate.h"
#include "http_multipart.h"

enum {
	HTTP_PARTS_MAX = 4,            /* {…} in one pattern */
	HTTP_PAIRS_MAX = 256,          /* fields of a form or query */
	HTTP_SET_MAX = 24,             /* header lines that a handler adds */
	HTTP_TARGET_INLINE = 512,      /* a longer target goes into the arena */
	HTTP_POOL_BYTES = 8192,        /* libmicrohttpd's memory for one connection */
	HTTP_IDLE_SECONDS = 60,        /* a kept connection on which nothing happens, a client that stops reading */
	HTTP_SWALLOW_BYTES = 1 << 20   /* so much of a refused body is still read, so that the refusal is seen */
};

struct http_pair {
	struct str name;
	struct str value;
};

struct http_pairs {
	size_t count;
	struct http_pair *items;
};

/* One connection, from accept to close. The gate stands in it: see http_wire.c. */
struct http_wire {
	struct http_server *server;
	struct http_wire *next;
	struct http_wire *before;
	struct MHD_Connection *mhd;
	int fd;
	uid_t peer_uid;
	bool cut;              /* nothing more is read from it */
	int64_t since_ms;      /* when the head or body that is being read began */
	uint64_t heads_used;   /* heads that became a request: never more than the gate let through */
	struct gate gate;
	struct http_request *rq; /* the one request under way, or NULL */
	struct http_request *spare; /* the last one's memory, for the next */
};

struct http_request {
	struct http_server *server;
	struct http_wire *wire;
	struct MHD_Connection *mhd;
	const struct http_route *route;
	http_handler *call;
	struct arena arena;
	struct str method;
	struct str target;
	struct str path;
	struct str query;                 /* as sent, without '?' */
	size_t part_count;
	struct http_pair parts[HTTP_PARTS_MAX];
	bool query_parsed;
	struct http_pairs query_pairs;
	struct http_pairs form_pairs;
	struct multipart *multipart;
	struct buf body;
	json_t *json;
	size_t body_cap;                  /* how much of the body this route takes */
	uint64_t body_seen;
	bool begun;                       /* the handler's first call by libmicrohttpd has been */
	bool swallow;                     /* refused already; the rest of the body is read and dropped */
	bool in_call;                     /* the room's handler is running */
	bool waiting;                     /* the connection is suspended */
	bool answered;
	int status;
	struct MHD_Response *response;
	bool response_shared;             /* an http_ready's: not ours to destroy */
	size_t set_count;
	struct http_header_set {
		const char *name;
		const char *value;
	} set[HTTP_SET_MAX];
	char target_inline[HTTP_TARGET_INLINE];
};

struct http_server {
	struct loop *loop;
	struct http_server_options options; /* its name is our copy */
	char name[64];
	struct MHD_Daemon *daemon;
	int epoll_fd;
	struct loop_watch *watch;
	struct loop_timer *sweep;
	struct loop_timer *drain_limit;
	bool run_soon;                    /* a waiting request was answered: libmicrohttpd must run before the next wait */
	bool draining;
	bool closing;                     /* no handler is called any more */
	int64_t head_ms;
	int64_t body_ms;
	int64_t now_ms;                   /* once per round */
	struct http_wire *wires;
	size_t wire_count;
	void (*drained)(void *self);
	void *drained_self;
};

struct http_ready {
	struct MHD_Response *response;
	int status;
};

/* http_wire.c */
struct http_wire *http_wire_open(struct http_server *server, struct MHD_Connection *mhd, int fd);
void http_wire_close(struct http_wire *wire);
void http_wire_cut(struct http_wire *wire, int status, const char *say);  /* tells the client why, if it still can */
void http_wire_sweep(struct http_server *server);
void http_wire_shed(struct http_server *server);
const char *http_status_text(int status);

/* http_dispatch.c: libmicrohttpd's callbacks for one request */
enum MHD_Result http_on_request(void *self, struct MHD_Connection *mhd, const char *url, const char *method,
	const char *version, const char *upload_data, size_t *upload_data_size, void **context);
void *http_on_target(void *self, const char *target, struct MHD_Connection *mhd);
void http_on_completed(void *self, struct MHD_Connection *mhd, void **context, enum MHD_RequestTerminationCode why);
size_t http_keep_escaped(void *self, struct MHD_Connection *mhd, char *text);
void http_refuse(struct http_request *rq, int status, enum fault_kind kind, const char *say);

/* http_route.c: finds the route, or NULL (*other_method: another method would do); parts are views of `path`. */
bool http_route_match(const char *pattern, struct str path, struct http_pair *parts, size_t *part_count);
const struct http_route *http_route_find(const struct http_route *routes, struct str method, struct str path,
	struct http_pair *parts, size_t *part_count, bool *other_method);
void http_route_allow(const struct http_route *routes, struct str path, struct buf *allow);

/* http_form.c: parsers of outside bytes; false for malformed input. Texts live in the arena. */
bool http_percent_decode(struct str text, bool plus_is_space, struct arena *arena, struct str *out);
bool http_form_parse(struct str text, struct arena *arena, struct http_pairs *pairs);
/* The path of a target: decoded, clean. A refusal says why. */
bool http_path_parse(struct str raw, struct arena *arena, struct str *path, const char **say);

/* http_request.c */
struct http_request *http_request_new(struct http_wire *wire, const char *target);
void http_request_end(struct http_request *rq);
bool http_request_read_body(struct http_request *rq, struct fault *f);


#endif
