/* http_client.c: calls to other rooms and to providers.
 *
 * Decides: what of libcurl is switched on: HTTP(S) alone, no redirects, no proxy, no cookies, a cap on the reply, a
 * time limit; and which failure means "it may have happened". Leaves to others: what is said. Runs in: every room,
 * and in commands (http_call_wait). The hard thing: libcurl's idea of sockets and timers on our loop: its timer
 * callback may come from inside any call into it, so it only sets the loop's timer, and a call's end is told only
 * after libcurl has let go of it.
 * SPDX-License-Identifier: ISC */
#include "http_client.h"

#include <curl/curl.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/limits.h"
#include "base/loop.h"
#include "base/must.h"

enum { HEADERS_CAP = 64 * 1024, TIMEOUT_MS = 10000, IDLE_CONNECTIONS = 8 };

struct http_client {
	struct loop *loop;
	CURLM *multi;
	struct loop_timer *timer;
	struct http_call *calls;
};

struct client_socket {
	struct loop_watch *watch;
	struct http_client *client;
	curl_socket_t fd;
};

struct http_call {
	struct http_client *client;
	struct http_call *next;
	struct http_call *before;
	struct http_call **handle; /* the caller's */
	CURL *easy;
	struct curl_slist *lines;
	char *body_sent;
	struct buf body;
	struct buf headers;
	bool too_large;
	http_done *done;
	void *self;
	char error[CURL_ERROR_SIZE];
};

/* --- libcurl on the loop --- */

static void finish_done(struct http_client *client);

static void act(struct http_client *client, curl_socket_t fd, int events)
{
	int running = 0;

	(void) curl_multi_socket_action(client->multi, fd, events, &running);
	finish_done(client);
}

static void on_socket_ready(void *self, unsigned events)
{
	struct client_socket *socket = self;
	int what = 0;

	what |= (events & LOOP_READ) != 0 ? CURL_CSELECT_IN : 0;
	what |= (events & LOOP_WRITE) != 0 ? CURL_CSELECT_OUT : 0;
	what |= (events & LOOP_HANGUP) != 0 ? CURL_CSELECT_ERR : 0;
	act(socket->client, socket->fd, what);
}

static void on_timer(void *self)
{
	act(self, CURL_SOCKET_TIMEOUT, 0);
}

static int curl_wants_timer(CURLM *multi, long timeout_ms, void *self)
{
	struct http_client *client = self;

	(void) multi;
	if (timeout_ms < 0)
		loop_timer_stop(&client->timer);
	else
		loop_timer_set(client->loop, &client->timer, timeout_ms, on_timer, client);
	return 0;
}

static int curl_wants_socket(CURL *easy, curl_socket_t fd, int what, void *self, void *of_socket)
{
	struct http_client *client = self;
	struct client_socket *socket = of_socket;
	unsigned events = 0;

	(void) easy;
	if (what == CURL_POLL_REMOVE) {
		if (socket != NULL) {
			(void) curl_multi_assign(client->multi, fd, NULL);
			loop_unwatch(&socket->watch);
			memory_free(socket);
		}
		return 0;
	}
	events |= what == CURL_POLL_IN || what == CURL_POLL_INOUT ? (unsigned) LOOP_READ : 0;
	events |= what == CURL_POLL_OUT || what == CURL_POLL_INOUT ? (unsigned) LOOP_WRITE : 0;
	if (socket != NULL) {
		(void) loop_watch_change(socket->watch, events, NULL);
		return 0;
	}
	socket = memory_new(1, sizeof(*socket));
	socket->client = client;
	socket->fd = fd;
	if (!loop_watch(client->loop, fd, events, on_socket_ready, socket, &socket->watch, NULL)) {
		memory_free(socket);
		return -1;
	}
	(void) curl_multi_assign(client->multi, fd, socket);
	return 0;
}

struct http_client *http_client_new(struct loop *loop)
{
	static bool ready; /* libcurl's global state: once per process */
	struct http_client *client = memory_new(1, sizeof(*client));

	if (!ready)
		must(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
	ready = true;
	client->loop = loop;
	client->multi = curl_multi_init();
	must(client->multi != NULL);
	(void) curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, curl_wants_socket);
	(void) curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
	(void) curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, curl_wants_timer);
	(void) curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
	(void) curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long) IDLE_CONNECTIONS);
	return client;
}

/* --- one call --- */

static void call_free(struct http_call *call)
{
	if (call->handle != NULL)
		*call->handle = NULL;
	if (call->before != NULL)
		call->before->next = call->next;
	else
		call->client->calls = call->next;
	if (call->next != NULL)
		call->next->before = call->before;
	(void) curl_multi_remove_handle(call->client->multi, call->easy);
	curl_easy_cleanup(call->easy);
	for (struct curl_slist *line = call->lines; line != NULL; line = line->next)
		explicit_bzero(line->data, strlen(line->data)); /* one may hold a provider's key */
	curl_slist_free_all(call->lines);
	memory_free(call->body_sent);
	buf_release(&call->body);
	buf_release(&call->headers);
	memory_free(call);
}

void http_client_free(struct http_client **client)
{
	struct http_client *old = *client;

	if (old == NULL)
		return;
	while (old->calls != NULL)
		call_free(old->calls);
	(void) curl_multi_cleanup(old->multi);
	loop_timer_stop(&old->timer);
	memory_free(old);
	*client = NULL;
}

static size_t on_body(char *at, size_t size, size_t count, void *self)
{
	struct http_call *call = self;

	buf_add(&call->body, at, size * count);
	call->too_large = call->too_large || call->body.over;
	return call->body.over ? 0 : size * count;
}

static size_t on_header(char *at, size_t size, size_t count, void *self)
{
	struct http_call *call = self;

	if (str_starts(str_make(at, size * count), STR("HTTP/")))
		buf_clear(&call->headers); /* a 100 Continue came before */
	buf_add(&call->headers, at, size * count);
	call->too_large = call->too_large || call->headers.over;
	return call->headers.over ? 0 : size * count;
}

static bool request_was_sent(CURL *easy)
{
	long sent = 0;

	return curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &sent) == CURLE_OK && sent > 0;
}

static void fault_of(struct http_call *call, CURLcode code, struct fault *f)
{
	switch (code) {
	case CURLE_COULDNT_CONNECT:
	case CURLE_COULDNT_RESOLVE_HOST:
		fault_set(f, FAULT_BUSY, "It cannot be reached right now. Please try again.");
		break;
	case CURLE_OPERATION_TIMEDOUT:
		if (request_was_sent(call->easy))
			fault_set(f, FAULT_UNCERTAIN, "It did not answer in time.");
		else
			fault_set(f, FAULT_BUSY, "It cannot be reached right now. Please try again.");
		break;
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_PARTIAL_FILE:
		fault_set(f, request_was_sent(call->easy) ? FAULT_UNCERTAIN : FAULT_REMOTE,
			"The connection was cut before the answer came.");
		break;
	case CURLE_WRITE_ERROR:
		fault_set(f, FAULT_REMOTE, call->too_large ? "The answer is too large." : "The answer could not be read.");
		break;
	default:
		fault_set(f, FAULT_REMOTE, "It answered in a way that cannot be understood.");
		break;
	}
	f->code = (int) code;
	fault_detail(f, "curl: %s", call->error[0] != '\0' ? call->error : curl_easy_strerror(code));
}

/* The answer in a form that outlives libcurl's handle: done() may start or cancel other calls, and this one is gone. */
static void end_call(struct http_call *call, CURLcode code)
{
	struct http_reply reply = {0, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}};
	struct fault fault = {.kind = FAULT_NONE};
	struct buf body = call->body;
	struct buf headers = call->headers;
	http_done *done = call->done;
	void *self = call->self;
	long status = 0;

	if (code != CURLE_OK)
		fault_of(call, code, &fault);
	(void) curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	call->body = (struct buf){NULL, 0, 0, 0, false};
	call->headers = (struct buf){NULL, 0, 0, 0, false};
	call_free(call);
	reply.status = (int) status;
	reply.body = buf_view(&body);
	reply.headers = buf_view(&headers);
	reply.type = http_reply_header(&reply, "Content-Type");
	reply.location = http_reply_header(&reply, "Location");
	if (code == CURLE_OK && (status < 200 || status > 599))
		fault_set(&fault, FAULT_REMOTE, "It answered in a way that cannot be understood.");
	done(self, &reply, fault.kind == FAULT_NONE ? NULL : &fault);
	buf_release(&body);
	buf_release(&headers);
}

static void finish_done(struct http_client *client)
{
	CURLMsg *message = NULL;
	int left = 0;

	while ((message = curl_multi_info_read(client->multi, &left)) != NULL)
		if (message->msg == CURLMSG_DONE) {
			struct http_call *call = NULL;
			CURLcode code = message->data.result; /* the message dies with its handle */

			(void) curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **) &call);
			must(call != NULL);
			end_call(call, code);
		}
}

static bool add_line(struct http_call *call, const char *name, struct str value, struct fault *f)
{
	struct buf line;
	struct curl_slist *lines = NULL;
	bool ok = false;

	buf_init(&line, 8192);
	if (str_has_control(value) || str_has_control(str_from(name))) {
		fault_set(f, FAULT_INPUT, "A header line holds a control character.");
		goto done;
	}
	/* "Name;" is how libcurl takes an empty value. Room first: growing would leave copies of a key behind. */
	(void) buf_reserve(&line, strlen(name) + value.len + 3);
	buf_format(&line, value.len > 0 ? "%s: %.*s" : "%s;%.*s", name, STR_ARG(value));
	if (!buf_check(&line, "A header line", f))
		goto done;
	lines = curl_slist_append(call->lines, line.at);
	must(lines != NULL);
	call->lines = lines;
	ok = true;
done:
	if (line.at != NULL)
		explicit_bzero(line.at, line.room);
	buf_release(&line);
	return ok;
}

static bool add_lines(struct http_call *call, const struct http_call_options *options, struct fault *f)
{
	if (options->type != NULL && !add_line(call, "Content-Type", str_from(options->type), f))
		return false;
	for (const struct http_header_line *line = options->headers; line != NULL && line->name != NULL; line++)
		if (!add_line(call, line->name, line->value, f))
			return false;
	/* libcurl's own: no Content-Type of a form unless asked for, and no round trip of waiting. */
	call->lines = curl_slist_append(call->lines, "Expect:");
	must(call->lines != NULL);
	if (options->type == NULL && options->body.len > 0)
		call->lines = curl_slist_append(call->lines, "Content-Type:");
	return true;
}

#define SET(option, value) must(curl_easy_setopt(call->easy, (option), (value)) == CURLE_OK)

static void set_body(struct http_call *call, const struct http_call_options *options)
{
	const char *method = options->method;

	if (strcmp(method, "HEAD") == 0) {
		SET(CURLOPT_NOBODY, 1L);
		return;
	}
	if (options->body.len > 0 || strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0) {
		call->body_sent = memory_new(1, options->body.len + 1);
		if (options->body.len > 0)
			memcpy(call->body_sent, options->body.at, options->body.len);
		SET(CURLOPT_POST, 1L);
		SET(CURLOPT_POSTFIELDS, call->body_sent);
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) options->body.len);
	}
	SET(CURLOPT_CUSTOMREQUEST, method);
	/* On a kept connection libcurl repeats by itself a request that was cut before any answer. What may have been acted
	 * out is the caller's to repeat (UNCERTAIN), so only a GET goes over a kept one. */
	if (strcmp(method, "GET") != 0)
		SET(CURLOPT_FRESH_CONNECT, 1L);
}

static bool set_options(struct http_call *call, const struct http_call_options *options, struct fault *f)
{
	struct buf userinfo;

	if (curl_easy_setopt(call->easy, CURLOPT_URL, options->url) != CURLE_OK)
		return fault_set(f, FAULT_INPUT, "The address of the call is not well-formed.");
	SET(CURLOPT_PROTOCOLS_STR, options->unix_socket != NULL ? "http" : "http,https");
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_TIMEOUT_MS, (long) (options->timeout_ms > 0 ? options->timeout_ms : TIMEOUT_MS));
	SET(CURLOPT_ERRORBUFFER, call->error);
	SET(CURLOPT_PRIVATE, call);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, call);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, call);
	SET(CURLOPT_HTTPHEADER, call->lines);
	SET(CURLOPT_PATH_AS_IS, 1L);
	if (options->unix_socket != NULL
		&& curl_easy_setopt(call->easy, CURLOPT_UNIX_SOCKET_PATH, options->unix_socket) != CURLE_OK)
		return fault_set(f, FAULT_INPUT, "The path of the socket is too long.");
	if (options->ca_file != NULL)
		SET(CURLOPT_CAINFO, options->ca_file);
	if (options->basic_user != NULL) {
		buf_init(&userinfo, 4096);
		buf_add_str(&userinfo, options->basic_password);
		SET(CURLOPT_HTTPAUTH, (long) CURLAUTH_BASIC);
		SET(CURLOPT_USERNAME, options->basic_user);
		SET(CURLOPT_PASSWORD, userinfo.at != NULL ? userinfo.at : "");
		if (userinfo.at != NULL)
			explicit_bzero(userinfo.at, userinfo.len);
		buf_release(&userinfo);
	}
	set_body(call, options);
	return true;
}

bool http_call_start(struct http_client *client, const struct http_call_options *options, http_done *done, void *self,
	struct http_call **handle, struct fault *f)
{
	struct http_call *call = memory_new(1, sizeof(*call));
	bool ok = false;

	must(options->method != NULL && options->url != NULL);
	call->client = client;
	call->done = done;
	call->self = self;
	buf_init(&call->body, options->reply_cap_bytes > 0 ? options->reply_cap_bytes : LIMIT_REPLY_BYTES);
	buf_init(&call->headers, HEADERS_CAP);
	call->next = client->calls;
	if (call->next != NULL)
		call->next->before = call;
	client->calls = call;
	call->easy = curl_easy_init();
	must(call->easy != NULL);
	if (!add_lines(call, options, f) || !set_options(call, options, f))
		goto done;
	if (curl_multi_add_handle(client->multi, call->easy) != CURLM_OK) {
		fault_set(f, FAULT_BUSY, "It cannot be reached right now. Please try again.");
		goto done;
	}
	call->handle = handle;
	if (handle != NULL)
		*handle = call;
	call = NULL;
	ok = true;
done:
	if (call != NULL)
		call_free(call);
	return ok;
}

void http_call_cancel(struct http_call **call)
{
	if (*call != NULL)
		call_free(*call);
	*call = NULL;
}

/* --- for commands --- */

struct wait {
	struct loop *loop;
	struct arena *arena;
	struct http_reply *reply;
	struct fault *f;
	bool ok;
};

static void on_waited(void *self, const struct http_reply *reply, const struct fault *f)
{
	struct wait *wait = self;

	if (f != NULL) {
		*wait->f = *f;
	} else {
		wait->reply->status = reply->status;
		wait->reply->headers = str_copy(reply->headers, wait->arena);
		wait->reply->body = str_copy(reply->body, wait->arena);
		wait->reply->type = http_reply_header(wait->reply, "Content-Type");
		wait->reply->location = http_reply_header(wait->reply, "Location");
		wait->ok = wait->reply->body.at != NULL && wait->reply->headers.at != NULL;
		if (!wait->ok)
			fault_full(wait->f, "The answer");
	}
	loop_stop(wait->loop);
}

bool http_call_wait(const struct http_call_options *options, struct arena *arena, struct http_reply *reply,
	struct fault *f)
{
	struct fault unseen = {.kind = FAULT_NONE};
	struct wait wait = {NULL, arena, reply, f != NULL ? f : &unseen, false};
	struct http_client *client = NULL;

	if (!loop_open(&wait.loop, f))
		return false;
	client = http_client_new(wait.loop);
	if (http_call_start(client, options, on_waited, &wait, NULL, f) && !loop_run(wait.loop, f))
		wait.ok = false;
	http_client_free(&client);
	loop_close(&wait.loop);
	return wait.ok;
}
