/* http_answer.c: answers.
 *
 * Decides: header lines of an answer, that there is exactly one, and how a fault looks to a browser and to a room.
 * Leaves to others: what the page says (error_page), when it is sent (http_dispatch.c). Runs in: every room. The hard
 * thing: an answer may be given inside the handler, or much later, when the connection is suspended and the client may
 * have left.
 * SPDX-License-Identifier: ISC */
#include "http_inside.h"

#include <unistd.h>
#include "base/fault.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/must.h"
#include "http_client.h"

static bool is_clean(const char *text)
{
	return !str_has_control(str_from(text));
}

void http_set(struct http_request *rq, const char *name, const char *value)
{
	struct http_header_set *set = NULL;

	must(!rq->answered && rq->set_count < HTTP_SET_MAX && name[0] != '\0' && is_clean(name) && is_clean(value));
	set = &rq->set[rq->set_count++];
	set->name = str_to_c(str_from(name), &rq->arena);
	set->value = str_to_c(str_from(value), &rq->arena);
	must(set->name != NULL && set->value != NULL);
}

static void add_header(struct MHD_Response *response, const char *name, const char *value)
{
	must(MHD_add_response_header(response, name, value) == MHD_YES);
}

/* Takes the response over. */
static void answer(struct http_request *rq, int status, const char *type, struct MHD_Response *response, bool shared)
{
	must(!rq->answered && status >= 200 && status <= 599);
	must(response != NULL); /* out of memory is all that libmicrohttpd refuses here */
	if (!shared) {
		if (type != NULL)
			add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
		for (size_t i = 0; i < rq->set_count; i++)
			add_header(response, rq->set[i].name, rq->set[i].value);
		if (rq->server->draining)
			add_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	}
	rq->answered = true;
	rq->status = status;
	rq->response = response;
	rq->response_shared = shared;
	if (rq->waiting) {
		rq->waiting = false;
		rq->server->run_soon = true;
		MHD_resume_connection(rq->mhd);
	}
}

void http_answer(struct http_request *rq, int status, const char *type, struct str body)
{
	void *bytes = (void *) (uintptr_t) (body.len > 0 ? body.at : "");

	answer(rq, status, type, MHD_create_response_from_buffer(body.len, bytes, MHD_RESPMEM_MUST_COPY), false);
}

void http_answer_html(struct http_request *rq, int status, struct str body)
{
	http_answer(rq, status, "text/html; charset=utf-8", body);
}

void http_answer_json(struct http_request *rq, int status, json_t *value)
{
	char *text = NULL;

	must(value != NULL);
	text = json_dumps(value, JSON_COMPACT);
	json_decref(value);
	must(text != NULL);
	http_answer(rq, status, "application/json", str_from(text));
	free(text); /* jansson's */
}

void http_answer_redirect(struct http_request *rq, const char *location)
{
	http_set(rq, MHD_HTTP_HEADER_LOCATION, location);
	http_answer(rq, 303, NULL, (struct str){NULL, 0});
}

void http_answer_fd(struct http_request *rq, int status, const char *type, int fd, uint64_t offset, uint64_t size)
{
	answer(rq, status, type, MHD_create_response_from_fd_at_offset64(size, fd, offset), false);
}

void http_answer_shared(struct http_request *rq, int status, const char *type, struct str body,
	void (*release)(void *self), void *self)
{
	/* libmicrohttpd only reads it; its interface has no const. */
	void *bytes = (void *) (uintptr_t) body.at;

	answer(rq, status, type, MHD_create_response_from_buffer_with_free_callback_cls(body.len, bytes, release, self),
		false);
}

bool http_is_answered(const struct http_request *rq)
{
	return rq->answered;
}

/* --- answers made once, given often --- */

static struct MHD_Response *response_of(const struct http_ready_line *lines, struct str body,
	void (*release)(void *self), void *self)
{
	void *bytes = (void *) (uintptr_t) (body.at != NULL ? body.at : "");
	struct MHD_Response *response = release != NULL
		? MHD_create_response_from_buffer_with_free_callback_cls(body.len, bytes, release, self)
		: MHD_create_response_from_buffer(body.len, bytes, MHD_RESPMEM_PERSISTENT);

	must(response != NULL);
	/* libmicrohttpd itself refuses line ends in them, which is a bug here as in http_set. */
	for (; lines->name != NULL; lines++)
		add_header(response, lines->name, lines->value);
	return response;
}

struct http_ready *http_ready_new(int status, const struct http_ready_line *lines, struct str body,
	void (*release)(void *self), void *self)
{
	struct http_ready *ready = memory_new(1, sizeof(*ready));

	ready->status = status;
	ready->response = response_of(lines, body, release, self);
	return ready;
}

void http_answer_lines(struct http_request *rq, int status, const struct http_ready_line *lines, struct str body,
	void (*release)(void *self), void *self)
{
	answer(rq, status, NULL, response_of(lines, body, release, self), false);
}

void http_ready_free(struct http_ready **ready)
{
	if (*ready == NULL)
		return;
	MHD_destroy_response((*ready)->response); /* those still being sent hold it */
	memory_free(*ready);
	*ready = NULL;
}

void http_answer_ready(struct http_request *rq, const struct http_ready *ready)
{
	must(rq->in_call); /* a waiting request could outlive it */
	answer(rq, ready->status, NULL, ready->response, true);
}

/* --- faults --- */

static bool wants_page(struct http_request *rq)
{
	return rq->server->options.error_page != NULL
		&& str_find(http_header(rq, MHD_HTTP_HEADER_ACCEPT), STR("application/json")) == SIZE_MAX;
}

static void answer_fault_status(struct http_request *rq, int status, const struct fault *fault)
{
	struct buf page;
	json_t *value = NULL;

	buf_init(&page, LIMIT_PAGE_BYTES);
	if (wants_page(rq)) {
		rq->server->options.error_page(rq, rq->server->options.room, fault, &page);
		must(!rq->answered);
		http_answer_html(rq, status, buf_view(&page));
	} else if (rq->server->options.hosts == NULL) {
		value = json_pack("{s:{s:s,s:o}}", "fault", "kind", fault_name(fault->kind), "say",
			http_json_str(str_from(fault->say)));
		http_answer_json(rq, status, value);
	} else {
		buf_add_text(&page, fault->say);
		buf_add_char(&page, '\n');
		http_answer(rq, status, "text/plain; charset=utf-8", buf_view(&page));
	}
	buf_release(&page);
}

void http_answer_fault(struct http_request *rq, const struct fault *fault)
{
	int status = fault_http_status(fault->kind);

	must(fault->kind != FAULT_NONE);
	if (status >= 500)
		log_fault(fault, rq->server->options.name);
	if (fault->kind == FAULT_BUSY)
		http_set(rq, MHD_HTTP_HEADER_RETRY_AFTER, "5");
	answer_fault_status(rq, status, fault);
}

void http_answer_refused(struct http_request *rq, int status, const struct fault *fault)
{
	answer_fault_status(rq, status, fault);
}

/* --- cookies --- */

static bool is_cookie_text(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text <= ' ' || *text > '~' || *text == ';' || *text == ',' || *text == '"' || *text == '\\')
			return false;
	return true;
}

void http_set_cookie(struct http_request *rq, const char *name, const char *value, const char *path, int64_t max_age_s,
	bool strict, bool secure)
{
	struct buf line;

	must(is_cookie_text(name) && is_cookie_text(value) && is_cookie_text(path));
	buf_init(&line, 4096);
	buf_format(&line, "%s=%s; Path=%s", name, value, path);
	if (max_age_s >= 0)
		buf_format(&line, "; Max-Age=%lld", (long long) max_age_s);
	buf_add_text(&line, strict ? "; HttpOnly; SameSite=Strict" : "; HttpOnly; SameSite=Lax");
	buf_add_text(&line, secure ? "; Secure" : "");
	must(!line.over);
	http_set(rq, MHD_HTTP_HEADER_SET_COOKIE, line.at);
	buf_release(&line);
}
