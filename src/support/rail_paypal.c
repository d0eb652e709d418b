/* rail_paypal.c: PayPal: Orders v2 for one gift, Subscriptions v1 for those that come back, events signed by certificate.
 *
 * Decides: what PayPal is asked for, and when. Leaves to others: what its events mean (paypal_events.c), signatures
 * (paypal_sign.c). Runs in: support. The hard thing: an order that the payer approved has moved no money; we take it when
 * PayPal's event says "approved" (never because a reader came back), under a key made of the order, so that twice is once.
 * SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <stdio.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/secret.h"
#include "gen/support_sql.h"
#include "rail_wire.h"
#include "store/store.h"
#include "support_inside.h"

enum { PATH_BYTES = 256, KEY_BYTES = 128, TOKEN_SPARE_MS = 120000, PEM_BYTES = 16384, CERTS = 4, BRAND_BYTES = 120,
	FETCH_QUIET_MS = 10000, NAME_BYTES = 100, DESCRIPTION_BYTES = 120 };

struct paypal_secrets {
	struct secret *client_secret;
	struct str client_id, webhook_id, plan_monthly, plan_annual;
};

static const struct conf_key secret_keys[] = {
	{"paypal", "client_id", CONF_TEXT, false, offsetof(struct paypal_secrets, client_id), NULL, "of your REST app"},
	{"paypal", "client_secret", CONF_SECRET, false, offsetof(struct paypal_secrets, client_secret), NULL, "of the same"},
	{"paypal", "webhook_id", CONF_TEXT, false, offsetof(struct paypal_secrets, webhook_id), NULL,
		"the id of the app's webhook at /support/webhook/paypal: every signature covers it"},
	{"paypal", "plan_monthly", CONF_TEXT, false, offsetof(struct paypal_secrets, plan_monthly), NULL,
		"a plan, P-…, of one endless cycle a month; its price is replaced in each subscription"},
	{"paypal", "plan_annual", CONF_TEXT, false, offsetof(struct paypal_secrets, plan_annual), NULL, "the same, a year"},
	{NULL, NULL, CONF_TEXT, false, 0, NULL, NULL},
};

struct certificate {
	char name[PAYPAL_CERT_CHARS + 1];
	char *pem;
	size_t len;
	bool is_kept;               /* in the table certificate, too */
};

struct paypal {
	struct secret *token;
	int64_t token_until_ms;
	struct certificate certs[CERTS];
	size_t next_cert;
	bool is_fetching;
	int64_t fetch_quiet_until_ms;
};

static const struct paypal_secrets *secrets_of(const struct rail_line *line)
{
	return line->secrets;
}

static bool paypal_open(struct rail_line *line, struct fault *f)
{
	const struct paypal_secrets *secrets = secrets_of(line);

	(void) f;
	line->self = memory_new(1, sizeof(struct paypal));
	line->origin = line->support->settings->paypal_checkout;
	if (secrets->client_secret == NULL || secrets->client_id.len == 0)
		return rail_off(line, "secrets/support.conf wants [paypal] client_id and client_secret");
	if (secrets->webhook_id.len == 0)
		return rail_off(line, "secrets/support.conf wants [paypal] webhook_id: without it no payment would be believed");
	line->is_on = true;
	return true;
}

static void paypal_close(struct rail_line *line)
{
	struct paypal *paypal = line->self;

	if (paypal == NULL)
		return;
	secret_free(&paypal->token);
	for (size_t i = 0; i < CERTS; i++)
		memory_free(paypal->certs[i].pem);
	memory_free(paypal);
	line->self = NULL;
}

/* --- calls, with a token that is fetched when there is none --- */

struct calling {
	struct rail_line *line;
	const char *method;
	char path[PATH_BYTES], key[KEY_BYTES];
	json_t *body;
	http_done *done;
	void *self;
	bool is_second_try;
};

static void begin_call(struct calling *calling);

static void end_call(struct calling *calling, const struct http_reply *reply, const struct fault *failed)
{
	http_done *done = calling->done;
	void *self = calling->self;

	json_decref(calling->body);
	memory_free(calling);
	done(self, reply, failed);
}

static void called(void *self, const struct http_reply *reply, const struct fault *failed)
{
	struct calling *calling = self;
	struct paypal *paypal = calling->line->self;

	if (failed == NULL && reply->status == 401 && !calling->is_second_try) { /* the token ended before its time */
		secret_free(&paypal->token);
		calling->is_second_try = true;
		begin_call(calling);
		return;
	}
	end_call(calling, reply, failed);
}

static void got_token(void *self, const struct http_reply *reply, const struct fault *failed)
{
	struct calling *calling = self;
	struct paypal *paypal = calling->line->self;
	struct fault f = {0};
	int64_t seconds = 0;
	json_t *json = NULL;

	if (rail_reply(reply, failed, "error", "error_description", &json, &f)) {
		struct str token = http_json_text(json, "access_token");

		if (token.len > 0 && token.len < 2048 && http_json_i64(json, "expires_in", &seconds) && seconds > 0) {
			secret_free(&paypal->token);
			paypal->token = secret_new(token);
			paypal->token_until_ms = clock_mono_ms() + seconds * 1000 - TOKEN_SPARE_MS;
		} else {
			fault_set(&f, FAULT_BUSY, "PayPal gave no token");
		}
	}
	json_decref(json);
	if (f.kind == FAULT_NONE) {
		begin_call(calling);
		return;
	}
	if (f.kind == FAULT_UNCERTAIN) /* no payment hangs on a token */
		f.kind = FAULT_BUSY;
	end_call(calling, NULL, &f);
}

static void begin_call(struct calling *calling)
{
	struct rail_line *line = calling->line;
	struct paypal *paypal = line->self;
	const struct paypal_secrets *secrets = secrets_of(line);
	struct rail_request request = {.origin = line->support->settings->paypal_api, .method = "POST"};
	char client[KEY_BYTES * 2];

	if (paypal->token == NULL || clock_mono_ms() >= paypal->token_until_ms) {
		snprintf(client, sizeof(client), "%.*s", STR_ARG(secrets->client_id));
		request.path = STR("/v1/oauth2/token");
		request.form = STR("grant_type=client_credentials");
		request.basic_user = client;
		request.basic_password = secret_bytes(secrets->client_secret);
		rail_call(line, &request, got_token, calling);
		return;
	}
	request.method = calling->method;
	request.path = str_from(calling->path);
	request.scheme = "Bearer ";
	request.token = secret_bytes(paypal->token);
	if (calling->key[0] != '\0') {
		request.key_name = "PayPal-Request-Id";
		request.key = str_from(calling->key);
	}
	request.body = json_incref(calling->body);
	rail_call(line, &request, called, calling);
}

/* path: "%s" is `name`, a plain one. body: its reference is taken. */
static void call(struct rail_line *line, const char *method, const char *path, json_t *body, struct str key, http_done *done, void *self)
{
	struct calling *calling = memory_new(1, sizeof(*calling));

	*calling = (struct calling){.line = line, .method = method, .body = body, .done = done, .self = self};
	snprintf(calling->path, sizeof(calling->path), "%s", path);
	snprintf(calling->key, sizeof(calling->key), "%.*s", STR_ARG(key));
	begin_call(calling);
}

/* One question of the room under way. */
struct asking {
	struct rail_line *line;
	rail_done *done;
	void *self;
	enum rail_standing standing;   /* what a yes means */
	int64_t checkout;
	char name[NAME_BYTES];         /* the order's or payment's */
	bool is_look_up;
};

static struct asking *asking_new(struct rail_line *line, rail_done *done, void *self)
{
	struct asking *asking = memory_new(1, sizeof(*asking));

	*asking = (struct asking){.line = line, .done = done, .self = self};
	return asking;
}

static void answer(struct asking *asking, const struct rail_answer *said, const struct fault *f)
{
	asking->done(asking->self, f->kind == FAULT_NONE ? said : NULL, f->kind == FAULT_NONE ? NULL : f);
	memory_free(asking);
}

static bool reply_of(const struct http_reply *reply, const struct fault *failed, json_t **json, struct fault *f)
{
	return rail_reply(reply, failed, "name", "message", json, f);
}

/* --- create --- */

static struct str link_of(const json_t *json, const char *rel)
{
	const json_t *links = json_object_get(json, "links");

	for (size_t i = 0; i < json_array_size(links); i++)
		if (str_is(http_json_text(json_array_get(links, i), "rel"), rel))
			return http_json_text(json_array_get(links, i), "href");
	return (struct str){NULL, 0};
}

static void created(void *self, const struct http_reply *reply, const struct fault *failed)
{
	struct asking *asking = self;
	struct rail_answer said = {.url = {NULL, 0}};
	struct fault f = {0};
	json_t *json = NULL;

	if (reply_of(reply, failed, &json, &f)) {
		said.url = link_of(json, "payer-action");
		if (said.url.len == 0)
			said.url = link_of(json, "approve");
		said.reference = facts_name(http_json_text(json, "id"));
		if (said.reference.len == 0 || !rail_is_its_page(asking->line, said.url))
			fault_set(&f, FAULT_UNCERTAIN, "PayPal's page is not where [support] paypal_checkout says");
	}
	answer(asking, &said, &f);
	json_decref(json);
}

/* PayPal wants "ar-EG", "en-US", "ru-RU": a language alone would be refused. */
static const char *locale_of(struct str language)
{
	static const char *const known[] = {"ar-EG", "de-DE", "en-US", "es-ES", "fr-FR", "it-IT", "ka-GE", "nl-NL", "pl-PL", "pt-PT",
		"ru-RU", "tr-TR", "uk-UA"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (language.len >= 2 && strncmp(known[i], language.at, 2) == 0)
			return known[i];
	return "en-US";
}

static json_t *context_of(struct rail_line *line, const struct rail_order *order, const char *action)
{
	return json_pack("{s:o, s:s, s:s, s:s, s:o, s:o}", "brand_name", http_json_str(str_cut(line->support->settings->name, BRAND_BYTES)), "locale",
		locale_of(order->language), "shipping_preference", "NO_SHIPPING", "user_action", action, "return_url",
		http_json_str(order->thanks_url), "cancel_url", http_json_str(order->back_url));
}

static void paypal_create(struct rail_line *line, const struct rail_order *order, rail_done *done, void *self)
{
	const struct paypal_secrets *secrets = secrets_of(line);
	struct asking *asking = asking_new(line, done, self);
	struct str plan = order->frequency == FREQUENCY_ANNUAL ? secrets->plan_annual : secrets->plan_monthly;
	char amount[RAIL_AMOUNT_CHARS], id[32];

	rail_write_amount(order->amount, amount);
	snprintf(id, sizeof(id), "%lld", (long long) order->checkout);
	if (order->frequency == FREQUENCY_ONCE) {
		call(line, "POST", "/v2/checkout/orders", json_pack("{s:s, s:[{s:s, s:o, s:{s:s, s:s}}], s:{s:{s:o}}}", "intent", "CAPTURE",
			"purchase_units", "custom_id", id, "description", http_json_str(str_cut(order->product, DESCRIPTION_BYTES)), "amount", "currency_code",
			order->amount.code, "value", amount, "payment_source", "paypal", "experience_context", context_of(line, order, "PAY_NOW")),
			order->key, created, asking);
	} else if (plan.len == 0) {
		struct fault f = {0};

		fault_set(&f, FAULT_MISSING, "secrets/support.conf wants [paypal] plan_monthly and plan_annual for gifts that come back");
		answer(asking, NULL, &f);
	} else {
		call(line, "POST", "/v1/billing/subscriptions", json_pack("{s:o, s:s, s:o, s:{s:[{s:i, s:i, s:{s:{s:s, s:s}}}]}}", "plan_id",
			http_json_str(plan), "custom_id", id, "application_context", context_of(line, order, "SUBSCRIBE_NOW"), "plan", "billing_cycles",
			"sequence", 1, "total_cycles", 0, "pricing_scheme", "fixed_price", "currency_code", order->amount.code, "value", amount),
			order->key, created, asking);
	}
}

/* --- taking what was approved --- */

static void answer_payment(struct asking *asking, const json_t *order)
{
	const json_t *payments = json_object_get(json_array_get(json_object_get(order, "purchase_units"), 0), "payments");
	const json_t *capture = json_array_get(json_object_get(payments, "captures"), 0);
	struct facts facts = {.type = STR("order.captured"), .live = asking->line->support->settings->live};
	struct rail_answer said = {.facts = &facts, .facts_count = 1};
	struct fault f = {0};
	struct arena arena;

	arena_init(&arena, "capture", 16384);
	paypal_read_capture(capture, &facts, &arena);
	facts.checkout = asking->checkout;
	facts.created_s = paypal_time_s(http_json_text(capture, "create_time"));
	if (facts.created_s == 0)
		facts.created_s = clock_now().us / 1000000;
	facts.event = str_format(&arena, "captured:%.*s", STR_ARG(facts.payment));
	if (facts.payment.len == 0 || facts.amount.minor <= 0)
		fault_set(&f, FAULT_UNCERTAIN, "PayPal's answer to a capture cannot be read");
	answer(asking, &said, &f);
	arena_release(&arena);
}

static void answer_failed(struct asking *asking)
{
	struct facts facts = {.type = STR("order.declined"), .kind = FACT_FAILED, .live = asking->line->support->settings->live,
		.checkout = asking->checkout, .created_s = clock_now().us / 1000000};
	struct rail_answer said = {.facts = &facts, .facts_count = 1};
	struct fault none = {0};
	char event[NAME_BYTES + 16];

	snprintf(event, sizeof(event), "declined:%s", asking->name);
	facts.event = str_from(event);
	answer(asking, &said, &none);
}

static struct str issue_of(const struct http_reply *reply, json_t **json)
{
	struct fault ignored = {0};

	if (reply == NULL || !http_json_parse(reply->body, json, &ignored))
		return (struct str){NULL, 0};
	return http_json_text(json_array_get(json_object_get(*json, "details"), 0), "issue");
}

static void captured(void *self, const struct http_reply *reply, const struct fault *failed)
{
	struct asking *asking = self;
	struct fault f = {0};
	json_t *json = NULL, *refusal = NULL;
	char path[PATH_BYTES];

	if (reply_of(reply, failed, &json, &f)) {
		answer_payment(asking, json);
		goto done;
	}
	if (failed == NULL && reply->status == 422) {
		struct str issue = issue_of(reply, &refusal);

		if (str_is(issue, "ORDER_ALREADY_CAPTURED") && !asking->is_look_up) {
			asking->is_look_up = true;
			snprintf(path, sizeof(path), "/v2/checkout/orders/%s", asking->name);
			call(asking->line, "GET", path, NULL, (struct str){NULL, 0}, captured, asking);
			goto done;
		}
		if (str_is(issue, "INSTRUMENT_DECLINED") || str_is(issue, "PAYER_CANNOT_PAY") || str_is(issue, "TRANSACTION_REFUSED")) {
			answer_failed(asking);
			goto done;
		}
	}
	answer(asking, NULL, &f);
done:
	json_decref(refusal);
	json_decref(json);
}

/* "capture:ORDER:CHECKOUT" */
static void paypal_ask(struct rail_line *line, struct str what, rail_done *done, void *self)
{
	struct asking *asking = asking_new(line, done, self);
	struct str rest = what, word, order, checkout;
	char path[PATH_BYTES], key[KEY_BYTES];
	struct fault f = {0};

	if (!str_next(&rest, ':', &word) || !str_is(word, "capture") || !str_next(&rest, ':', &order) || order.len == 0 || order.len > 64 ||
		!str_next(&rest, ':', &checkout) || facts_checkout(checkout) == 0) {
		fault_set(&f, FAULT_MISSING, "there is no such question");
		answer(asking, NULL, &f);
		return;
	}
	asking->checkout = facts_checkout(checkout);
	snprintf(asking->name, sizeof(asking->name), "%.*s", STR_ARG(order));
	snprintf(path, sizeof(path), "/v2/checkout/orders/%s/capture", asking->name);
	snprintf(key, sizeof(key), "mimeo-capture-%s", asking->name);
	call(line, "POST", path, json_object(), str_from(key), captured, asking);
}

/* --- gifts that come back --- */

static void changed(void *self, const struct http_reply *reply, const struct fault *failed)
{
	struct asking *asking = self;
	struct rail_answer said = {.standing = asking->standing};
	struct fault f = {0};
	json_t *json = NULL;

	(void) reply_of(reply, failed, &json, &f);
	json_decref(json);
	answer(asking, &said, &f);
}

static void change(struct rail_line *line, struct str subscription, const char *what, enum rail_standing standing, rail_done *done, void *self)
{
	struct asking *asking = asking_new(line, done, self);
	char path[PATH_BYTES];

	asking->standing = standing;
	snprintf(path, sizeof(path), "/v1/billing/subscriptions/%.*s/%s", STR_ARG(subscription), what);
	call(line, "POST", path, json_pack("{s:s}", "reason", "The supporter asked for it."), (struct str){NULL, 0}, changed, asking);
}

static void paypal_cancel(struct rail_line *line, struct str subscription, rail_done *done, void *self)
{
	change(line, subscription, "cancel", RAIL_HAS_ENDED, done, self);
}

static void paypal_pause(struct rail_line *line, struct str subscription, bool is_paused, rail_done *done, void *self)
{
	change(line, subscription, is_paused ? "suspend" : "activate", is_paused ? RAIL_IS_PAUSED : RAIL_RUNS, done, self);
}

static void looked_up(void *self, const struct http_reply *reply, const struct fault *failed)
{
	struct asking *asking = self;
	struct rail_answer said = {.standing = RAIL_UNKNOWN};
	struct fault f = {0};
	json_t *json = NULL;

	if (reply_of(reply, failed, &json, &f)) {
		const json_t *billing = json_object_get(json, "billing_info"), *last = json_object_get(json_object_get(billing, "last_payment"), "amount");
		struct str status = http_json_text(json, "status");

		said.standing = str_is(status, "ACTIVE") ? RAIL_RUNS : str_is(status, "SUSPENDED") ? RAIL_IS_PAUSED :
			str_is(status, "CANCELLED") || str_is(status, "EXPIRED") ? RAIL_HAS_ENDED : RAIL_UNKNOWN;
		said.next_day = (int32_t) (paypal_time_s(http_json_text(billing, "next_billing_time")) / 86400);
		(void) rail_read_amount(http_json_text(last, "value"), http_json_text(last, "currency_code"), &said.amount);
	}
	json_decref(json);
	answer(asking, &said, &f);
}

static void paypal_look_up(struct rail_line *line, struct str subscription, rail_done *done, void *self)
{
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), "/v1/billing/subscriptions/%.*s", STR_ARG(subscription));
	call(line, "GET", path, NULL, (struct str){NULL, 0}, looked_up, asking_new(line, done, self));
}

/* --- giving back --- */

static void refunded(void *self, const struct http_reply *reply, const struct fault *failed)
{
	struct asking *asking = self;
	struct facts facts = {.type = STR("capture.refund"), .live = asking->line->support->settings->live, .created_s = clock_now().us / 1000000};
	struct rail_answer said = {.facts = &facts, .facts_count = 1};
	struct fault f = {0};
	struct arena arena;
	json_t *json = NULL;

	arena_init(&arena, "refund", 16384);
	if (reply_of(reply, failed, &json, &f)) {
		paypal_read_refund(json, &facts, &arena);
		facts.payment = str_from(asking->name);
		facts.event = str_format(&arena, "refund:%.*s:%d", STR_ARG(facts.item), (int) facts.refund_step);
		if (facts.kind != FACT_REFUND)
			fault_set(&f, FAULT_UNCERTAIN, "PayPal's answer to a refund cannot be read");
	}
	answer(asking, &said, &f);
	json_decref(json);
	arena_release(&arena);
}

static void paypal_refund(struct rail_line *line, struct str handle, struct money amount, struct str key, rail_done *done, void *self)
{
	struct asking *asking = asking_new(line, done, self);
	char text[RAIL_AMOUNT_CHARS], path[PATH_BYTES];

	rail_write_amount(amount, text);
	snprintf(asking->name, sizeof(asking->name), "%.*s", STR_ARG(handle));
	snprintf(path, sizeof(path), "/v2/payments/captures/%s/refund", asking->name);
	call(line, "POST", path, json_pack("{s:{s:s, s:s}}", "amount", "currency_code", amount.code, "value", text), key, refunded, asking);
}

/* --- verify --- */

struct verifying {
	struct rail_line *line;
	struct rail_delivery delivery;
	struct paypal_mark mark;
	char name[PAYPAL_CERT_CHARS + 1];
	rail_done *done;
	void *self;
};

static void end_verifying(struct verifying *verifying, const struct fault *f)
{
	const struct rail_answer yes = {.url = {NULL, 0}};

	verifying->done(verifying->self, f->kind == FAULT_NONE ? &yes : NULL, f->kind == FAULT_NONE ? NULL : f);
	memory_free(verifying);
}

/* They signed something for us with it. Kept, it needs no fetching after a start: nobody stands in its way by naming others. */
static void keep_certificate(struct support *support, struct certificate *certificate)
{
	const struct store_value values[] = {store_text(str_from(certificate->name)), store_text(str_make(certificate->pem, certificate->len)),
		store_i64(clock_utc_day(clock_now()))};
	struct fault f = {0};

	certificate->is_kept = store_run(support->db, SUPPORT_SQL_CERTIFICATE_PUT, values, 3, NULL, &f) &&
		store_run(support->db, SUPPORT_SQL_CERTIFICATE_FORGET, STORE_NO_ARGS, NULL, &f);
	if (!certificate->is_kept)
		log_fault(&f, "keeping a provider's certificate");
}

static void judge(struct verifying *verifying, struct certificate *certificate)
{
	struct rail_line *line = verifying->line;
	struct fault f = {0};

	if (paypal_signed(str_make(certificate->pem, certificate->len), secrets_of(line)->webhook_id, &verifying->mark, verifying->delivery.body,
			verifying->delivery.now, &f) && !certificate->is_kept)
		keep_certificate(line->support, certificate);
	end_verifying(verifying, &f);
}

/* Into memory, in place of the oldest there. */
static struct certificate *remember(struct paypal *paypal, const char *name, struct str pem)
{
	struct certificate *certificate = &paypal->certs[paypal->next_cert];

	memory_free(certificate->pem);
	*certificate = (struct certificate){.pem = memory_new(1, pem.len), .len = pem.len};
	snprintf(certificate->name, sizeof(certificate->name), "%s", name);
	memcpy(certificate->pem, pem.at, pem.len);
	paypal->next_cert = (paypal->next_cert + 1) % CERTS;
	return certificate;
}

/* NULL: it must be fetched. */
static struct certificate *find_certificate(struct support *support, struct paypal *paypal, const char *name)
{
	struct certificate *certificate = NULL;
	struct fault f = {0};
	struct arena arena;
	struct store_row row;
	bool found;

	for (size_t i = 0; i < CERTS; i++)
		if (paypal->certs[i].pem != NULL && strcmp(paypal->certs[i].name, name) == 0)
			return &paypal->certs[i];
	arena_init(&arena, "certificate", (size_t) 2 * PEM_BYTES);
	if (!store_one(support->db, SUPPORT_SQL_CERTIFICATE_FIND, STORE_ARGS(store_text(str_from(name))), &arena, &row, &found, &f)) {
		log_fault(&f, "looking for a provider's certificate");
	} else if (found) {
		certificate = remember(paypal, name, row.columns[0].bytes);
		certificate->is_kept = true;
	}
	arena_release(&arena);
	return certificate;
}

static void fetched(void *self, const struct http_reply *reply, const struct fault *failed)
{
	struct verifying *verifying = self;
	struct paypal *paypal = verifying->line->self;
	struct fault f = {0};

	paypal->is_fetching = false;
	if (failed != NULL || reply->status != 200 || reply->body.len == 0 || reply->body.len > PEM_BYTES) {
		if (failed == NULL && reply->status == 404) {
			fault_set(&f, FAULT_DENIED, "The certificate is not the provider's.");
		} else {
			fault_set(&f, FAULT_BUSY, "the provider's certificate could not be fetched");
			if (failed != NULL)
				fault_detail(&f, "%s", failed->say);
		}
		paypal->fetch_quiet_until_ms = clock_mono_ms() + FETCH_QUIET_MS; /* anybody may name one that is not there */
		end_verifying(verifying, &f);
		return;
	}
	judge(verifying, remember(paypal, verifying->name, reply->body));
}

static void paypal_verify(struct rail_line *line, const struct rail_delivery *delivery, rail_done *done, void *self)
{
	struct verifying *verifying = memory_new(1, sizeof(*verifying));
	struct paypal *paypal = line->self;
	const struct settings *settings = line->support->settings;
	struct fault f = {0};
	struct certificate *certificate;
	char path[PATH_BYTES];
	struct rail_request request = {.origin = settings->paypal_certs, .method = "GET"};

	*verifying = (struct verifying){.line = line, .delivery = *delivery, .done = done, .self = self};
	if (delivery->rq != NULL)
		verifying->mark = (struct paypal_mark){http_header(delivery->rq, "PAYPAL-TRANSMISSION-ID"),
			http_header(delivery->rq, "PAYPAL-TRANSMISSION-TIME"), http_header(delivery->rq, "PAYPAL-TRANSMISSION-SIG"),
			http_header(delivery->rq, "PAYPAL-CERT-URL"), http_header(delivery->rq, "PAYPAL-AUTH-ALGO")};
	if (!paypal_cert_name(verifying->mark.certificate, settings->paypal_certs, verifying->name)) {
		fault_set(&f, FAULT_DENIED, "The certificate is not where the provider's are.");
		end_verifying(verifying, &f);
		return;
	}
	certificate = find_certificate(line->support, paypal, verifying->name);
	if (certificate != NULL) {
		judge(verifying, certificate);
		return;
	}
	if (paypal->is_fetching || clock_mono_ms() < paypal->fetch_quiet_until_ms) {
		fault_set(&f, FAULT_BUSY, "the provider's certificate is being fetched: send it again");
		end_verifying(verifying, &f);
		return;
	}
	paypal->is_fetching = true;
	snprintf(path, sizeof(path), "/v1/notifications/certs/%s", verifying->name);
	request.path = str_from(path);
	rail_call(line, &request, fetched, verifying);
}

const struct rail rail_paypal = {
	.name = "paypal",
	.title = "PayPal",
	.frequencies = RAIL_ALL,
	.pulls = true,
	.secrets = secret_keys,
	.secrets_bytes = sizeof(struct paypal_secrets),
	.open = paypal_open,
	.close = paypal_close,
	.create = paypal_create,
	.verify = paypal_verify,
	.events = paypal_events,
	.ask = paypal_ask,
	.look_up = paypal_look_up,
	.cancel = paypal_cancel,
	.pause = paypal_pause,
	.refund = paypal_refund,
};
