/* http_client.h: calls to other rooms (Unix sockets) and to providers (HTTPS), on the loop, through libcurl's multi
 * interface.
 * SPDX-License-Identifier: ISC */
#ifndef HTTP_HTTP_CLIENT_H
#define HTTP_HTTP_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"

struct arena;
struct buf;
struct fault;
struct loop;
struct http_client;
struct http_call;

struct http_client *http_client_new(struct loop *loop);
void http_client_free(struct http_client **client); /* cuts what is under way; its calls' done is not called */

struct http_header_line {
	const char *name;
	struct str value;
};

struct http_call_options {
	const char *method;                       /* "GET", "POST", … */
	const char *url;                          /* http://room/… with unix_socket, else http(s)://… */
	const char *unix_socket;                  /* path, or NULL */
	const struct http_header_line *headers;   /* ended by a NULL name; may be NULL */
	struct str body;                          /* copied */
	const char *type;                         /* Content-Type of the body; NULL: none */
	int64_t timeout_ms;                       /* 0: 10,000 */
	size_t reply_cap_bytes;                   /* 0: LIMIT_REPLY_BYTES */
	const char *basic_user;                   /* HTTP basic auth, or NULL */
	struct str basic_password;
	const char *ca_file;                      /* NULL: the system's */
};

struct http_reply {
	int status;
	struct str body;
	struct str type;
	struct str location;
	struct str headers;  /* raw lines, for what one must forward */
};

/* The value of a header in raw reply lines, first one; empty when absent. */
struct str http_reply_header(const struct http_reply *reply, const char *name);

/* f is NULL when an answer came (of any status); else BUSY (could not connect), REMOTE (bad answer, or cut before
 * anything was sent), UNCERTAIN (time-out or cut after the request was sent). reply lives for the call only. */
typedef void http_done(void *self, const struct http_reply *reply, const struct fault *f);

/* Redirects are not followed. *call (may be NULL) is a handle for http_call_cancel and is NULL again before done
 * runs. */
bool http_call_start(struct http_client *client, const struct http_call_options *options, http_done *done, void *self,
	struct http_call **call, struct fault *f) __attribute__((warn_unused_result));
void http_call_cancel(struct http_call **call);

/* For commands: runs a loop of its own until the answer is there. Texts are copied into the arena. */
bool http_call_wait(const struct http_call_options *options, struct arena *arena, struct http_reply *reply,
	struct fault *f) __attribute__((warn_unused_result));

/* Fills *f from a room's {"fault":{"kind","say"}} (or from the status alone) and is false; true for a 2xx. */
bool http_reply_ok(const struct http_reply *reply, struct fault *f);

/* JSON helpers over jansson with our strictness: duplicate keys, NUL and trailing bytes refused. */
bool http_json_parse(struct str text, json_t **out, struct fault *f) __attribute__((warn_unused_result));
struct str http_json_text(const json_t *object, const char *key);          /* empty when absent or not a string */
bool http_json_i64(const json_t *object, const char *key, int64_t *out);
/* The required ones fill an INPUT fault that names the key. */
bool http_json_need_text(const json_t *object, const char *key, struct str *out, struct fault *f)
	__attribute__((warn_unused_result));
bool http_json_need_i64(const json_t *object, const char *key, int64_t *out, struct fault *f)
	__attribute__((warn_unused_result));
struct str http_json_write(const json_t *value, struct arena *arena);      /* compact */
json_t *http_json_str(struct str text);                                    /* a JSON string; the caller's reference */

/* Percent-encodes for a query or form value. */
void http_encode(struct buf *out, struct str text);

#endif
