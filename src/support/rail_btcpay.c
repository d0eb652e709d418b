/* rail_btcpay.c: Bitcoin through a BTCPay Server of the newsroom's own (Greenfield API v1): pushed, one invoice a gift.
 *
 * Decides: what an invoice holds, what its events mean, whether the server signed them. Leaves to others: when a gift that
 * comes back is asked for again. Runs in: support. The hard thing: an event names an invoice and no sum; so the sum stands
 * in the invoice's metadata, which comes back under the signature. The API has no idempotency key: an invoice that is made
 * twice is one that nobody is sent to, and ends by itself; a refund, which must not be made twice, is looked for by its name
 * before it is made.
 * SPDX-License-Identifier: ISC */
#include <sodium.h>
#include <stddef.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/fault.h"
#include "base/secret.h"
#include "rail_wire.h"
#include "support_inside.h"
#include "support_push.h"

enum { MAC_BYTES = 32, EXPIRES_MINUTES = 60, STORE_BYTES = 64, INVOICE_BYTES = 64, KEY_BYTES = 50 /* of a refund's name */ };

struct btcpay_secrets {
	struct secret *key, *webhook_secret, *webhook_secret_old;
	struct str store;
};

static const struct conf_key secret_keys[] = {
	{"btcpay", "key", CONF_SECRET, false, offsetof(struct btcpay_secrets, key), NULL,
		"API key of the store, with the permissions to create, view and modify invoices and to create and view pull payments"},
	{"btcpay", "webhook_secret", CONF_SECRET, false, offsetof(struct btcpay_secrets, webhook_secret), NULL,
		"the store's webhook secret"},
	{"btcpay", "webhook_secret_old", CONF_SECRET, false, offsetof(struct btcpay_secrets, webhook_secret_old), NULL,
		"the one before it, while it is being changed"},
	{"btcpay", "store", CONF_TEXT, false, offsetof(struct btcpay_secrets, store), NULL, "the store's id"},
	{NULL, NULL, CONF_TEXT, false, 0, NULL, NULL},
};

static const struct btcpay_secrets *secrets_of(const struct rail_line *line)
{
	return line->secrets;
}

static bool is_word(struct str text, size_t most)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
			return false;
	}
	return text.len > 0 && text.len <= most;
}

static bool btcpay_open(struct rail_line *line, struct fault *f)
{
	const struct btcpay_secrets *secrets = secrets_of(line);
	const struct settings *settings = line->support->settings;

	(void) f;
	line->origin = settings->btcpay_url;
	if (settings->btcpay_url.len == 0)
		return rail_off(line, "mimeo.conf has no [support] btcpay_url: write your server's address there");
	if (secrets->key == NULL || !is_word(secrets->store, STORE_BYTES))
		return rail_off(line, "secrets/support.conf wants [btcpay] key and store");
	if (secrets->webhook_secret == NULL)
		return rail_off(line, "secrets/support.conf wants [btcpay] webhook_secret: without it no payment would be believed");
	line->is_on = true;
	return true;
}

static void call(struct rail_line *line, const char *method, struct str path, json_t *body, http_done *done, void *self)
{
	const struct btcpay_secrets *secrets = secrets_of(line);
	const struct rail_request request = {.origin = line->support->settings->btcpay_url, .method = method, .path = path,
		.scheme = "token ", .token = secret_bytes(secrets->key), .body = body};

	rail_call(line, &request, done, self);
}

/* --- an invoice --- */

struct creating {
	struct rail_line *line;
	rail_done *done;
	void *self;
};

static void created(void *self, const struct http_reply *reply, const struct fault *failed)
{
	struct creating creating = *(struct creating *) self;
	struct rail_answer answer = {.url = {NULL, 0}};
	struct fault f = {0};
	json_t *json = NULL;

	memory_free(self);
	if (rail_reply(reply, failed, "code", "message", &json, &f)) {
		answer.url = http_json_text(json, "checkoutLink");
		answer.reference = facts_name(http_json_text(json, "id"));
		if (answer.reference.len == 0 || !rail_is_its_page(creating.line, answer.url))
			fault_set(&f, FAULT_UNCERTAIN, "the invoice's page is not where [support] btcpay_url says");
	}
	creating.done(creating.self, f.kind == FAULT_NONE ? &answer : NULL, f.kind == FAULT_NONE ? NULL : &f);
	json_decref(json);
}

static void btcpay_create(struct rail_line *line, const struct rail_order *order, rail_done *done, void *self)
{
	struct creating *creating = memory_new(1, sizeof(*creating));
	const struct btcpay_secrets *secrets = secrets_of(line);
	char amount[RAIL_AMOUNT_CHARS], id[32], minor[32], path[128];
	json_t *body;

	*creating = (struct creating){line, done, self};
	rail_write_amount(order->amount, amount);
	snprintf(id, sizeof(id), "%lld", (long long) order->checkout);
	snprintf(minor, sizeof(minor), "%lld", (long long) order->amount.minor);
	snprintf(path, sizeof(path), "/api/v1/stores/%.*s/invoices", STR_ARG(secrets->store));
	body = json_pack("{s:s, s:s, s:{s:s, s:o, s:s, s:s}, s:{s:o, s:b, s:i, s:o}}", "amount", amount, "currency", order->amount.code,
		"metadata", "orderId", id, "itemDesc", http_json_str(order->product), "minor", minor, "code", order->amount.code,
		"checkout", "redirectURL", http_json_str(order->thanks_url), "redirectAutomatically", 1, "expirationMinutes",
		EXPIRES_MINUTES, "defaultLanguage", http_json_str(order->language));
	call(line, "POST", str_from(path), body, created, creating);
}

/* --- events --- */

bool btcpay_signed(const struct secret *const *secrets, size_t count, struct str header, struct str body, struct fault *f)
{
	unsigned char given[MAC_BYTES], own[MAC_BYTES];
	struct str hex = str_part(header, 7, SIZE_MAX);
	bool good = false;
	size_t len;

	if (!str_starts(header, STR("sha256=")) || hex.len != (size_t) 2 * MAC_BYTES ||
		sodium_hex2bin(given, sizeof(given), hex.at, hex.len, NULL, &len, NULL) != 0 || len != sizeof(given))
		return fault_set(f, FAULT_DENIED, "The signature is missing or malformed.");
	for (size_t i = 0; i < count; i++) {
		struct str key = secret_bytes(secrets[i]);
		crypto_auth_hmacsha256_state state;

		if (key.len == 0)
			continue;
		crypto_auth_hmacsha256_init(&state, (const unsigned char *) key.at, key.len);
		crypto_auth_hmacsha256_update(&state, (const unsigned char *) body.at, body.len);
		crypto_auth_hmacsha256_final(&state, own);
		sodium_memzero(&state, sizeof(state));
		good |= sodium_memcmp(own, given, sizeof(own)) == 0;
	}
	return good || fault_set(f, FAULT_DENIED, "The signature is not the server's.");
}

static void btcpay_verify(struct rail_line *line, const struct rail_delivery *delivery, rail_done *done, void *self)
{
	const struct btcpay_secrets *own = secrets_of(line);
	const struct secret *secrets[] = {own->webhook_secret, own->webhook_secret_old};
	struct rail_answer answer = {.url = {NULL, 0}};
	struct fault f = {0};
	struct str header = delivery->rq != NULL ? http_header(delivery->rq, "BTCPay-Sig") : delivery->signature;
	bool ok = btcpay_signed(secrets, 2, header, delivery->body, &f);

	done(self, ok ? &answer : NULL, ok ? NULL : &f);
}

/* type, kind */
static const struct {
	const char *type;
	enum fact_kind kind;
} meanings[] = {
	{"InvoiceSettled", FACT_PAID},
	{"InvoiceProcessing", FACT_OPENED},
	{"InvoiceExpired", FACT_EXPIRED},
	{"InvoiceInvalid", FACT_FAILED},
};

static void read_event(const struct rail_line *line, const json_t *event, struct str invoice, struct facts *facts,
	struct arena *arena)
{
	const json_t *metadata = json_object_get(event, "metadata");
	struct str type = http_json_text(event, "type");
	int64_t minor = 0;

	facts->live = line->support->settings->live;
	facts->type = facts_name(type);
	facts->event = str_format(arena, "%.*s:%.*s", STR_ARG(facts->type), STR_ARG(invoice));
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (str_is(type, meanings[i].type))
			facts->kind = meanings[i].kind;
	if (facts->kind == FACT_NOTHING) /* "a payment was seen" comes once for each coin: not all of one invoice are one event */
		facts->event = str_format(arena, "%.*s:%.*s", STR_ARG(facts->type),
			STR_ARG(facts_name(http_json_text(event, "originalDeliveryId"))));
	facts->checkout = facts_checkout(http_json_text(metadata, "orderId"));
	if (facts->kind == FACT_EXPIRED && json_is_true(json_object_get(event, "partiallyPaid")))
		facts->type = STR("InvoiceExpired:partly_paid");
	if (facts->kind != FACT_PAID)
		return;
	facts->payment = facts->handle = invoice;
	if (str_to_i64(http_json_text(metadata, "minor"), &minor))
		facts->amount = facts_money(minor, http_json_text(metadata, "code"));
	if (facts->amount.minor <= 0) /* an invoice that somebody made by hand: nothing of ours */
		facts->kind = FACT_NOTHING;
}

static bool btcpay_events(
	const struct rail_line *line, struct str bytes, struct arena *arena, struct facts_list *list, struct fault *f)
{
	const struct btcpay_secrets *secrets = secrets_of(line);
	struct facts *facts;
	json_t *json = NULL;
	struct str invoice;
	bool ok = false;

	if (!http_json_parse(bytes, &json, f))
		goto done;
	invoice = facts_name(str_copy(http_json_text(json, "invoiceId"), arena));
	if (!is_word(http_json_text(json, "type"), INVOICE_BYTES) || (secrets != NULL && secrets->store.len > 0 &&
			!str_equal(http_json_text(json, "storeId"), secrets->store))) {
		fault_set(f, FAULT_INPUT, "That is no event of this store.");
		goto done;
	}
	facts = facts_add(list, arena);
	if (facts == NULL) {
		fault_full(f, "an event");
		goto done;
	}
	if (!http_json_i64(json, "timestamp", &facts->created_s) || facts->created_s < 0 || facts->created_s > INT64_C(1) << 40)
		facts->created_s = clock_now().us / 1000000;
	read_event(line, json, invoice, facts, arena);
	facts->type = str_copy(facts->type, arena);
	ok = true;
done:
	json_decref(json);
	return ok;
}

/* --- giving back: a page at which the giver names an address of theirs --- */

struct refunding {
	struct rail_line *line;
	rail_done *done;
	void *self;
	struct money amount;
	char invoice[INVOICE_BYTES + 1], key[KEY_BYTES + 1];
};

static void answer_refund(struct refunding *refunding, const json_t *page, struct fault *f)
{
	struct facts facts = {.rail = "btcpay", .kind = FACT_REFUND, .type = STR("PullPaymentCreated"), .refund_step = REFUND_SUCCEEDED,
		.live = refunding->line->support->settings->live, .amount = refunding->amount, .payment = str_from(refunding->invoice),
		.created_s = clock_now().us / 1000000};
	struct rail_answer answer = {.facts = &facts, .facts_count = 1};
	char event[INVOICE_BYTES + 16];

	if (f->kind == FAULT_NONE) {
		facts.item = facts_name(http_json_text(page, "id"));
		answer.url = http_json_text(page, "viewLink");
		snprintf(event, sizeof(event), "refund:%.*s", STR_ARG(str_part(facts.item, 0, INVOICE_BYTES)));
		facts.event = str_from(event);
		if (facts.item.len == 0 || !rail_is_its_page(refunding->line, answer.url))
			fault_set(f, FAULT_UNCERTAIN, "the refund's page is not where [support] btcpay_url says");
	}
	refunding->done(refunding->self, f->kind == FAULT_NONE ? &answer : NULL, f->kind == FAULT_NONE ? NULL : f);
	memory_free(refunding);
}

static void refunded(void *self, const struct http_reply *reply, const struct fault *failed)
{
	struct fault f = {0};
	json_t *json = NULL;

	(void) rail_reply(reply, failed, "code", "message", &json, &f);
	answer_refund(self, json, &f);
	json_decref(json);
}

/* The store's pull payments: is ours among them? */
static void looked_for(void *self, const struct http_reply *reply, const struct fault *failed)
{
	struct refunding *refunding = self;
	const struct btcpay_secrets *secrets = secrets_of(refunding->line);
	char text[RAIL_AMOUNT_CHARS], path[256];
	const json_t *page = NULL;
	struct fault f = {0};
	json_t *json = NULL;

	if (rail_reply(reply, failed, "code", "message", &json, &f) && !json_is_array(json))
		fault_set(&f, FAULT_UNCERTAIN, "the server's list of refunds cannot be read");
	for (size_t i = 0; page == NULL && i < json_array_size(json); i++)
		if (str_is(http_json_text(json_array_get(json, i), "name"), refunding->key))
			page = json_array_get(json, i);
	if (f.kind != FAULT_NONE || page != NULL) {
		answer_refund(refunding, page, &f);
		goto done;
	}
	rail_write_amount(refunding->amount, text);
	snprintf(path, sizeof(path), "/api/v1/stores/%.*s/invoices/%s/refund", STR_ARG(secrets->store), refunding->invoice);
	call(refunding->line, "POST", str_from(path), json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", refunding->key, "payoutMethodId",
		"BTC-CHAIN", "refundVariant", "Custom", "customAmount", text, "customCurrency", refunding->amount.code), refunded, refunding);
done:
	json_decref(json);
}

/* The API has no key for it, and a second refund pays twice. But it keeps a name: it is made where none has that name. */
static void btcpay_refund(
	struct rail_line *line, struct str handle, struct money amount, struct str key, rail_done *done, void *self)
{
	const struct btcpay_secrets *secrets = secrets_of(line);
	struct refunding *refunding = memory_new(1, sizeof(*refunding));
	char path[256];

	*refunding = (struct refunding){.line = line, .done = done, .self = self, .amount = amount};
	snprintf(refunding->invoice, sizeof(refunding->invoice), "%.*s", STR_ARG(handle));
	snprintf(refunding->key, sizeof(refunding->key), "%.*s", STR_ARG(key));
	snprintf(path, sizeof(path), "/api/v1/stores/%.*s/pull-payments?includeArchived=true", STR_ARG(secrets->store));
	call(line, "GET", str_from(path), NULL, looked_for, refunding);
}

const struct rail rail_btcpay = {
	.name = "btcpay",
	.title = "Bitcoin",
	.frequencies = RAIL_ALL,
	.pulls = false,
	.secrets = secret_keys,
	.secrets_bytes = sizeof(struct btcpay_secrets),
	.open = btcpay_open,
	.create = btcpay_create,
	.verify = btcpay_verify,
	.events = btcpay_events,
	.look_up = rail_push_look_up,
	.cancel = rail_push_end,
	.change = rail_push_change,
	.pause = rail_push_pause,
	.refund = btcpay_refund,
};
