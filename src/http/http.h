/* http.h: HTTP/1.1 for rooms: servers behind the gate, routes, forms, JSON, answers.
 *
 * One struct http_server is one listening socket with one closed table of routes; a room has several (one per
 * caller). A request goes through the gate (DESIGN §5: framing, host, target, sizes, deadlines) before any route sees
 * it. A handler answers at once with one of the http_answer_* calls, or returns without answering: then the request
 * waits (its connection is suspended) until somebody answers it later from the same loop. Every request is answered
 * exactly once (must); a client that went away is no error.
 * SPDX-License-Identifier: ISC */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/str.h"

struct arena;
struct buf;
struct fault;
struct loop;
struct http_server;
struct http_request;

typedef void http_handler(struct http_request *rq, void *room);

enum http_body {
	HTTP_NO_BODY = 0,  /* a body is refused */
	HTTP_FORM,         /* urlencoded, or multipart/form-data without files, ≤ LIMIT_FORM_BYTES */
	HTTP_WRITING,      /* the same with a story's text in it, ≤ LIMIT_WRITING_BYTES; its arena is LIMIT_WRITING_ARENA */
	HTTP_JSON,         /* one object, strict, ≤ LIMIT_JSON_BYTES */
	HTTP_RAW,          /* any bytes ≤ LIMIT_WEBHOOK_BYTES, seen by http_body() exactly as sent */
	HTTP_UPLOAD        /* multipart/form-data with files (a file is spooled to an unlinked temporary file) */
};

struct http_route {
	const char *method;   /* "GET" (also answers HEAD), "POST", "PUT", "DELETE"; NULL ends a table */
	const char *pattern;  /* "/newsletter/confirm/{token}"; "{rest...}" at the end takes the rest with slashes */
	http_handler *call;
	enum http_body body;
};

struct http_server_options {
	const char *name;                 /* "newsletter.front", for the log */
	int listen_fd;                    /* bound and listening, TCP or Unix; the server closes it */
	const struct http_route *routes;
	http_handler *otherwise;          /* what no route matches; NULL: 404 (405 where only the method differs) */
	void *room;
	const char *const *hosts;         /* allowed Host values without port, NULL-ended; NULL: any (Unix sockets) */
	uid_t peer_uids[4];               /* Unix sockets: only these users, and root, may call (SO_PEERCRED) */
	size_t peer_count;                /* 0: no check */
	/* Writes the body of an error page for a browser (the gate's and routing's refusals); NULL: plain text. */
	void (*error_page)(struct http_request *rq, void *room, const struct fault *fault, struct buf *page);
	unsigned connection_limit;        /* 0: 1,000 */
	unsigned body_seconds;            /* 0: 20 */
	unsigned head_seconds;            /* 0: 15 */
};

bool http_server_open(struct http_server **server, struct loop *loop, const struct http_server_options *options,
	struct fault *f) __attribute__((warn_unused_result));
/* Stops accepting, lets running requests end, calls done once they have (or after limit_ms, cut). */
void http_server_drain(struct http_server *server, int64_t limit_ms, void (*done)(void *self), void *self);
void http_server_close(struct http_server **server);

/* What was asked. Texts live as long as the request. */
struct str http_method(const struct http_request *rq);
struct str http_path(const struct http_request *rq);                        /* decoded once, UTF-8, from '/' on */
struct str http_target(const struct http_request *rq);                      /* as sent, with the query */
struct str http_part(const struct http_request *rq, const char *name);      /* of the route's pattern */
struct str http_query(const struct http_request *rq, const char *name);     /* from ?name=…; empty when absent */
struct str http_field(const struct http_request *rq, const char *name);     /* of the form; the first of several */
size_t http_field_all(const struct http_request *rq, const char *name, struct str *out, size_t max);
void http_form_write(const struct http_request *rq, struct buf *out);       /* the whole form again, urlencoded */
struct str http_header(const struct http_request *rq, const char *name);    /* empty when absent */
struct str http_cookie(const struct http_request *rq, const char *name);
struct str http_body(const struct http_request *rq);                        /* HTTP_RAW: as sent */
json_t *http_json(const struct http_request *rq);                           /* HTTP_JSON: borrowed; an object */
struct arena *http_arena(struct http_request *rq);                          /* lives as long as the request */
uid_t http_peer_uid(const struct http_request *rq);                         /* Unix sockets */
void *http_room(const struct http_request *rq);
/* TCP: the client's network, to count requests by and for nothing else (never logged, never written): the IPv4
 * address, or the first 64 bits of the IPv6 one. 0 for Unix sockets and a client that has left. */
uint64_t http_peer_network(const struct http_request *rq);

struct http_file {
	struct str name;   /* the client's file name, last path part, control bytes removed; do not trust */
	struct str type;   /* claimed; do not trust */
	int fd;            /* unlinked temporary file at offset 0; the request closes it */
	int64_t size_bytes;
};
bool http_upload(const struct http_request *rq, const char *name, struct http_file *file);

/* Answers. http_set before the answer; names and values are checked (must) to hold no control bytes. */
void http_set(struct http_request *rq, const char *name, const char *value);
void http_answer(struct http_request *rq, int status, const char *type, struct str body); /* copies body */
void http_answer_html(struct http_request *rq, int status, struct str body);
void http_answer_json(struct http_request *rq, int status, json_t *value);                /* takes the reference */
/* JSON for rooms: {"fault":{"kind","say"}}; HTML through error_page where the client is a browser's page. */
void http_answer_fault(struct http_request *rq, const struct fault *fault);
/* The same with a status of its own (429), unlogged. */
void http_answer_refused(struct http_request *rq, int status, const struct fault *fault);
/* 303 See Other. Location is relative ("../thanks") or absolute. */
void http_answer_redirect(struct http_request *rq, const char *location);
/* A descriptor's bytes from offset, taken over (closed after sending); type and further headers by http_set. */
void http_answer_fd(struct http_request *rq, int status, const char *type, int fd, uint64_t offset, uint64_t size);
/* Bytes that outlive the answer (a cache entry): release(self) is called when they are no longer needed. */
void http_answer_shared(struct http_request *rq, int status, const char *type, struct str body,
	void (*release)(void *self), void *self);
/* An answer made once and given often: all its header lines stand in it, http_set adds nothing. Only inside a
 * handler. It may be freed at any time: what is still being sent keeps it. release(self) is called when the body is
 * not needed any more (NULL: the body outlives everything). */
struct http_ready;
struct http_ready_line {
	const char *name; /* NULL ends the list */
	const char *value;
};
struct http_ready *http_ready_new(int status, const struct http_ready_line *lines, struct str body,
	void (*release)(void *self), void *self);
/* The same shape for one time: header lines without a copy through http_set, which is not used beside it. */
void http_answer_lines(struct http_request *rq, int status, const struct http_ready_line *lines, struct str body,
	void (*release)(void *self), void *self);
void http_ready_free(struct http_ready **ready);
void http_answer_ready(struct http_request *rq, const struct http_ready *ready);
bool http_is_answered(const struct http_request *rq);

/* The strict Mime type test used by the gate, and helpers for cookies and content negotiation. */
bool http_accepts_gzip(const struct http_request *rq);
bool http_is_cross_site(const struct http_request *rq);   /* Sec-Fetch-Site: cross-site */
/* Set-Cookie: HttpOnly; SameSite=Strict|Lax; Path; Secure when secure. max_age_s < 0: session cookie, 0: erase. */
void http_set_cookie(struct http_request *rq, const char *name, const char *value, const char *path, int64_t max_age_s,
	bool strict, bool secure);

/* Listening sockets, for the parent. */
bool http_listen_tcp(const char *address, uint16_t port, int *fd, struct fault *f) __attribute__((warn_unused_result));
/* BUSY: somebody listens there; CONFLICT: what is there is no socket. A socket on which nobody listens is replaced. */
bool http_listen_unix(int dir_fd, const char *path, mode_t mode, int *fd, struct fault *f)
	__attribute__((warn_unused_result));

#endif
