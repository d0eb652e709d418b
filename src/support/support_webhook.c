/* support_webhook.c: what the provider tells us.
 *
 * Decides: that only a signed event is read, and that it is acknowledged after it was committed and not before. Runs
 * in: support. The hard thing: a failure here must not be a 2xx: the provider then tells us again, for days.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "support_inside.h"

enum { DENIED_QUIET_MS = 10000 };

static bool take(struct support *support, struct http_request *rq, bool *is_new, struct fault *f)
{
	const struct secret *secrets[] = {support->webhook_secret, support->webhook_secret_old};
	struct str body = http_body(rq);
	struct facts facts;
	json_t *json = NULL;
	bool ok;

	if (support->webhook_secret == NULL && support->webhook_secret_old == NULL)
		return fault_set(f, FAULT_BUSY, "secrets/support.conf holds no [stripe] webhook_secret: put it there");
	if (!stripe_verify(secrets, 2, http_header(rq, "Stripe-Signature"), body, clock_now(), f))
		return false;
	ok = http_json_parse(body, &json, f) && facts_read(json, &facts, f) &&
		support_take_event(support, &facts, is_new, f);
	json_decref(json);
	return ok;
}

/* For a program, whatever the caller's socket answers people with. */
static void refuse(struct http_request *rq, const struct fault *f)
{
	json_t *answer = json_object(), *fault = json_object();

	json_object_set_new(answer, "fault", fault);
	json_object_set_new(fault, "kind", json_string(fault_name(f->kind)));
	json_object_set_new(fault, "say", json_string(f->say));
	http_answer_json(rq, fault_http_status(f->kind), answer);
}

void support_post_webhook(struct http_request *rq, void *self)
{
	struct support *support = ((struct room *) self)->self;
	struct fault f = {0};
	bool is_new = false;
	json_t *answer;

	if (!str_is(http_part(rq, "provider"), "stripe"))
		fault_set(&f, FAULT_MISSING, "No provider of that name calls here.");
	else if (take(support, rq, &is_new, &f)) {
		answer = json_object();
		json_object_set_new(answer, "received", json_true());
		http_answer_json(rq, 200, answer);
		support_ask_fees(support);
		return;
	}
	if (f.kind != FAULT_DENIED) {
		log_fault(&f, "taking an event from the provider");
	} else if (clock_mono_ms() >= support->denied_quiet_until_ms) { /* anybody may send what the provider did not sign */
		log_fault(&f, "taking an event from the provider");
		support->denied_quiet_until_ms = clock_mono_ms() + DENIED_QUIET_MS;
	}
	refuse(rq, &f);
}
