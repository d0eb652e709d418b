/* rail_stripe.c: the rail "stripe": Stripe Checkout, subscriptions that it charges, its signed events.
 *
 * Decides: what Stripe is asked for when a reader presses Continue, and how money goes back. Leaves to others: the wire
 * (stripe_wire.c), what its objects say (stripe_events.c), subscriptions (stripe_mandate.c), questions (stripe_asks.c). Runs
 * in: support. The hard thing: nothing about the reader or the page they read goes out: an amount, an interval, our id.
 * SPDX-License-Identifier: ISC */
#include <sodium.h>
#include <stddef.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/fault.h"
#include "base/limits.h"
#include "base/secret.h"
#include "http/http.h"
#include "stripe_inside.h"
#include "support_inside.h"

static const struct conf_key secret_keys[] = {
	{"stripe", "key", CONF_SECRET, false, offsetof(struct stripe_secrets, key), NULL,
		"restricted key, rk_…: checkout sessions, subscriptions, refunds, customer portal (write), balance, charges, invoices (read)"},
	{"stripe", "webhook_secret", CONF_SECRET, false, offsetof(struct stripe_secrets, webhook_secret), NULL,
		"signing secret of the webhook, whsec_…"},
	{"stripe", "webhook_secret_old", CONF_SECRET, false, offsetof(struct stripe_secrets, webhook_secret_old), NULL,
		"the signing secret before it, while it is being rolled"},
	{NULL, NULL, CONF_TEXT, false, 0, NULL, NULL},
};

/* "Bearer rk_…", never outside of locked or wiped memory. */
static struct secret *make_authorization(const struct secret *key)
{
	struct str bytes = secret_bytes(key);
	char text[512] = "Bearer ";
	struct secret *out = NULL;

	if (bytes.len > 0 && bytes.len < sizeof(text) - 8) {
		memcpy(text + 7, bytes.at, bytes.len);
		out = secret_new(str_make(text, 7 + bytes.len));
	}
	sodium_memzero(text, sizeof(text));
	return out;
}

static bool open_line(struct rail_line *line, struct fault *f)
{
	const struct stripe_secrets *secrets = line->secrets;
	struct stripe *stripe = memory_new(1, sizeof(*stripe));

	(void) f;
	line->self = stripe;
	line->origin = line->support->settings->stripe_checkout;
	stripe->authorization = make_authorization(secrets->key);
	line->is_on = stripe->authorization != NULL;
	if (stripe->authorization == NULL)
		snprintf(line->say, sizeof(line->say), "secrets/support.conf holds no [stripe] key: put the restricted key there");
	else if (secret_bytes(secrets->webhook_secret).len == 0)
		snprintf(line->say, sizeof(line->say), "secrets/support.conf holds no [stripe] webhook_secret: put it there");
	return true;
}

static void close_line(struct rail_line *line)
{
	struct stripe *stripe = line->self;

	if (stripe != NULL)
		secret_free(&stripe->authorization);
	memory_free(stripe);
	line->self = NULL;
}

/* --- create --- */

struct asking {
	struct rail_line *line;
	rail_done *done;
	void *self;
};

static struct asking *new_asking(struct rail_line *line, rail_done *done, void *self)
{
	struct asking *asking = memory_new(1, sizeof(*asking));

	*asking = (struct asking){line, done, self};
	return asking;
}

static void end(struct asking *asking, const struct rail_answer *answer, const struct fault *f)
{
	asking->done(asking->self, f == NULL ? answer : NULL, f);
	memory_free(asking);
}

static void created(void *self, const struct http_reply *reply, const struct fault *failed)
{
	struct asking *asking = self;
	struct rail_answer answer = {0};
	struct fault f = {0};
	json_t *json = NULL;
	bool ok = stripe_reply(reply, failed, &json, &f);

	answer.url = http_json_text(json, "url");
	answer.reference = http_json_text(json, "id");
	if (ok && !rail_is_its_page(asking->line, answer.url))
		ok = fault_set(&f, FAULT_UNCERTAIN, "the provider's page is not where [support] stripe_checkout says");
	end(asking, &answer, ok ? NULL : &f);
	json_decref(json);
}

/* Amount, interval, our id: nothing about the reader or the page they read. */
static void write_order(struct buf *form, const struct rail_order *order)
{
	bool is_once = order->frequency == FREQUENCY_ONCE;
	char id[24], unit[24], code[4] = "";

	for (size_t i = 0; i < 3; i++)
		code[i] = (char) (order->amount.code[i] | 0x20);
	snprintf(id, sizeof(id), "%lld", (long long) order->checkout);
	snprintf(unit, sizeof(unit), "%lld", (long long) order->amount.minor);
	stripe_add(form, "mode", is_once ? STR("payment") : STR("subscription"));
	if (is_once)
		stripe_add(form, "submit_type", STR("donate"));
	stripe_add(form, "client_reference_id", str_from(id));
	stripe_add(form, "metadata[checkout]", str_from(id));
	stripe_add(form, is_once ? "payment_intent_data[metadata][checkout]" : "subscription_data[metadata][checkout]", str_from(id));
	stripe_add(form, "line_items[0][quantity]", STR("1"));
	stripe_add(form, "line_items[0][price_data][currency]", str_from(code));
	stripe_add(form, "line_items[0][price_data][unit_amount]", str_from(unit));
	stripe_add(form, "line_items[0][price_data][product_data][name]", order->product);
	if (!is_once)
		stripe_add(form, "line_items[0][price_data][recurring][interval]",
			order->frequency == FREQUENCY_ANNUAL ? STR("year") : STR("month"));
	stripe_add(form, "success_url", order->thanks_url);
	stripe_add(form, "cancel_url", order->back_url);
}

static void create(struct rail_line *line, const struct rail_order *order, rail_done *done, void *self)
{
	struct asking *asking = new_asking(line, done, self);
	struct fault f = {0};
	struct buf form;

	buf_init(&form, LIMIT_FORM_BYTES);
	write_order(&form, order);
	if (!buf_check(&form, "the request to the provider", &f) ||
		!stripe_call(line, "POST", "/v1/checkout/sessions", buf_view(&form), order->key, created, asking, &f))
		end(asking, NULL, &f);
	buf_release(&form);
}

/* --- events --- */

static void verify(struct rail_line *line, const struct rail_delivery *delivery, rail_done *done, void *self)
{
	const struct stripe_secrets *secrets = line->secrets;
	const struct secret *both[] = {secrets->webhook_secret, secrets->webhook_secret_old};
	struct str header = delivery->rq != NULL ? http_header(delivery->rq, "Stripe-Signature") : delivery->signature;
	const struct rail_answer answer = {0};
	struct fault f = {0};

	if (secret_bytes(both[0]).len == 0 && secret_bytes(both[1]).len == 0)
		fault_set(&f, FAULT_BUSY, "secrets/support.conf holds no [stripe] webhook_secret: put it there");
	else if (stripe_verify(both, 2, header, delivery->body, delivery->now, &f)) {
		done(self, &answer, NULL);
		return;
	}
	done(self, NULL, &f);
}

/* --- money back --- */

static void refunded(void *self, const struct http_reply *reply, const struct fault *failed)
{
	struct asking *asking = self;
	struct facts_list list = {0};
	struct arena arena;
	struct fault f = {0};
	json_t *json = NULL;
	bool ok = stripe_reply(reply, failed, &json, &f);

	arena_init(&arena, "refund", 64 * 1024);
	if (ok)
		ok = stripe_refund_facts(json, clock_now().us / 1000000, &arena, &list) || fault_full(&f, "the provider's answer");
	for (size_t i = 0; i < list.count; i++)
		list.at[i].live = asking->line->support->settings->live;
	end(asking, &(struct rail_answer){.facts = list.at, .facts_count = list.count}, ok ? NULL : &f);
	arena_release(&arena);
	json_decref(json);
}

static void refund(struct rail_line *line, struct str handle, struct money amount, struct str key, rail_done *done, void *self)
{
	struct asking *asking = new_asking(line, done, self);
	struct fault f = {0};
	struct buf form;
	char unit[24];

	buf_init(&form, LIMIT_FORM_BYTES);
	snprintf(unit, sizeof(unit), "%lld", (long long) amount.minor);
	stripe_add(&form, str_starts(handle, STR("pi_")) ? "payment_intent" : "charge", handle);
	stripe_add(&form, "amount", str_from(unit));
	stripe_add(&form, "reason", STR("requested_by_customer"));
	if (!buf_check(&form, "the request to the provider", &f) ||
		!stripe_call(line, "POST", "/v1/refunds", buf_view(&form), key, refunded, asking, &f))
		end(asking, NULL, &f);
	buf_release(&form);
}

const struct rail rail_stripe = {
	.name = "stripe",
	.title = "Stripe",
	.frequencies = RAIL_ALL,
	.pulls = true,
	.secrets = secret_keys,
	.secrets_bytes = sizeof(struct stripe_secrets),
	.open = open_line,
	.close = close_line,
	.create = create,
	.verify = verify,
	.events = stripe_events,
	.ask = stripe_ask,
	.look_up = stripe_look_up,
	.cancel = stripe_cancel,
	.change = stripe_change,
	.pause = stripe_pause,
	.portal = stripe_portal,
	.refund = refund,
};
