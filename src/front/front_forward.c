/* front_forward.c: requests that other rooms answer.
 *
 * Decides: what of a request goes on (method, target, form, content type, a webhook's signature) and what of an
 * answer comes back; what a reader sees when the room is stopped or does not answer. Leaves to others: everything
 * that is said. Runs in: front. The hard thing: nothing about the reader goes on: no address, no agent, no other
 * header; and a room that hangs must cost the reader ten seconds and front nothing.
 * SPDX-License-Identifier: ISC */
#include "front_inside.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/must.h"
#include "house/page.h"
#include "house/room.h"

enum { SIGNATURE_HEADERS = 7 };
enum {
	FORWARDED_MOST = 128,  /* at once; a hung room must not eat up all connections */
	WEBHOOKS_MOST = 32,    /* of these: whoever sends what no provider signed keeps no reader out */
	FORWARD_MS = 10000
};

struct forward {
	struct forward *next, *before;
	struct front *front;
	struct http_request *rq;
	const char *to;
	bool is_webhook;
};

/* What of a room's answer reaches the reader. */
static const char *const answer_headers[] = {"Location", "Set-Cookie", "Cache-Control", "Content-Security-Policy",
	"Referrer-Policy", "X-Content-Type-Options", "Retry-After", "Allow", "Content-Disposition", NULL};

static bool is_webhook(struct http_request *rq)
{
	return http_part(rq, "provider").len > 0;
}

static void answer_try_again(struct front *front, struct http_request *rq)
{
	struct fault f = {.kind = FAULT_NONE};

	if (front_site_answer_page(front->site, rq, 503, "_503.html"))
		return;
	fault_set(&f, FAULT_BUSY, "This part of the site is taking a short break. Please try again in a minute.");
	http_answer_fault(rq, &f);
}

static void forward_end(struct forward *forward)
{
	struct front *front = forward->front;

	if (forward->before != NULL)
		forward->before->next = forward->next;
	else
		front->forwards = forward->next;
	if (forward->next != NULL)
		forward->next->before = forward->before;
	front->forwarded_now--;
	front->webhooks_now -= forward->is_webhook;
	memory_free(forward);
}

/* The room ends: its client cuts the calls without a word, the server has answered the readers. */
void front_forward_end_all(struct front *front)
{
	while (front->forwards != NULL)
		forward_end(front->forwards);
}

static void on_answer(void *self, const struct http_reply *reply, const struct fault *f)
{
	struct forward forward = *(struct forward *) self;
	struct http_request *rq = forward.rq;
	struct fault said = {.kind = FAULT_NONE};
	struct str value = {NULL, 0};

	forward_end(self);
	if (f != NULL) {
		log_fault(f, forward.to);
		answer_try_again(forward.front, rq);
		return;
	}
	if (reply->status >= 400 && !is_webhook(rq) && !str_starts(reply->type, STR("text/html"))) {
		/* Meant for a program: a reader gets it as a page. */
		(void) http_reply_ok(reply, &said);
		http_answer_fault(rq, &said);
		return;
	}
	for (size_t i = 0; answer_headers[i] != NULL; i++) {
		value = http_reply_header(reply, answer_headers[i]);
		if (value.len > 0 && !str_has_control(value)) {
			const char *text = str_to_c(value, http_arena(rq));

			if (text != NULL)
				http_set(rq, answer_headers[i], text);
		}
	}
	value = str_has_control(reply->type) ? (struct str){NULL, 0} : reply->type;
	http_answer(rq, reply->status, value.len > 0 ? str_to_c(value, http_arena(rq)) : NULL, reply->body);
}

/* Too many posts from one network, or a form that another site filled in: answered here. */
static bool is_refused(struct front *front, struct http_request *rq)
{
	struct fault f = {.kind = FAULT_NONE};
	uint64_t network = http_peer_network(rq);
	bool is_loopback = network == 0 || (network & 0xff) == 127; /* IPv4 stands there in network order */

	if (!str_is(http_method(rq), "POST") || is_webhook(rq))
		return false;
	if (http_is_cross_site(rq)) {
		fault_set(&f, FAULT_DENIED, "This form was sent from another site. Please use the form on our own pages.");
		http_answer_fault(rq, &f);
		return true;
	}
	if (!front_limit_take(front->limit, network, is_loopback, clock_mono_ms())) {
		http_set(rq, "Retry-After", "60");
		fault_set(&f, FAULT_BUSY, "Too many forms came from your network just now. Please try again in a minute.");
		http_answer_refused(rq, 429, &f);
		return true;
	}
	return false;
}

/* By which a provider proves that it sent an event: those that came, in the order of the list. */
static void add_signatures(const struct http_request *rq, struct http_header_line out[SIGNATURE_HEADERS + 1])
{
	static const char *const names[SIGNATURE_HEADERS] = {"Stripe-Signature", "BTCPay-Sig", "PayPal-Transmission-Id", "PayPal-Transmission-Time",
		"PayPal-Transmission-Sig", "PayPal-Cert-Url", "PayPal-Auth-Algo"};
	size_t count = 0;

	for (size_t i = 0; i < SIGNATURE_HEADERS; i++)
		if (http_header(rq, names[i]).len > 0)
			out[count++] = (struct http_header_line){names[i], http_header(rq, names[i])};
	out[count] = (struct http_header_line){NULL, {NULL, 0}};
}

static void forward(struct front *front, struct http_request *rq, const char *to)
{
	struct http_header_line headers[2 + SIGNATURE_HEADERS] = {{"Accept", STR("text/html")}};
	struct http_call_options options = {
		.headers = headers, .timeout_ms = FORWARD_MS, .reply_cap_bytes = LIMIT_PAGE_BYTES,
	};
	struct forward *waiting = NULL;
	struct fault f = {.kind = FAULT_NONE};
	char socket[PATH_MAX];
	struct buf url;
	struct buf form;

	buf_init(&url, 4096);
	buf_init(&form, 4 * LIMIT_FORM_BYTES);
	if (is_refused(front, rq))
		goto done;
	if (front->forwarded_now >= FORWARDED_MOST || (is_webhook(rq) && front->webhooks_now >= WEBHOOKS_MOST)
		|| !home_socket(&front->room->home, to, "front", socket, &f)) {
		answer_try_again(front, rq);
		goto done;
	}
	buf_add_text(&url, "http://room");
	buf_add_str(&url, http_target(rq));
	options.method = str_to_c(http_method(rq), http_arena(rq));
	if (str_is(http_method(rq), "HEAD"))
		options.method = "GET"; /* the server leaves the body out again */
	options.url = url.at;
	options.unix_socket = socket;
	if (is_webhook(rq)) {
		add_signatures(rq, headers + 1);
		options.body = http_body(rq);
		options.type = "application/json";
	} else if (str_is(http_method(rq), "POST")) {
		/* Written again from what was understood: multipart (RFC 8058's one click) becomes urlencoded too. */
		http_form_write(rq, &form);
		options.body = buf_view(&form);
		options.type = "application/x-www-form-urlencoded";
	}
	must(options.method != NULL && !url.over && !form.over); /* all capped by the gate */
	waiting = memory_new(1, sizeof(*waiting));
	*waiting = (struct forward){front->forwards, NULL, front, rq, to, is_webhook(rq)};
	if (waiting->next != NULL)
		waiting->next->before = waiting;
	front->forwards = waiting;
	front->forwarded_now++;
	front->webhooks_now += waiting->is_webhook;
	if (!http_call_start(front->room->client, &options, on_answer, waiting, NULL, &f)) {
		forward_end(waiting);
		log_fault(&f, to);
		answer_try_again(front, rq);
	}
done:
	buf_release(&url);
	buf_release(&form);
}

void front_forward_newsletter(struct http_request *rq, void *room)
{
	forward(((struct room *) room)->self, rq, "newsletter");
}

void front_forward_support(struct http_request *rq, void *room)
{
	forward(((struct room *) room)->self, rq, "support");
}
