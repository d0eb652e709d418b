/* paypal_events.c: what PayPal's events say.
 *
 * Decides: which events matter, and which few of their fields are taken: no name, address or account of a payer. Leaves to
 * others: signatures (paypal_sign.c), calls (rail_paypal.c). Runs in: support. The hard thing: two generations of shapes: an
 * order's payment is a "capture" (value, currency_code), a subscription's is a "sale" (total, currency).
 * SPDX-License-Identifier: ISC */
#include <string.h>
#include "base/arena.h"
#include "base/fault.h"
#include "rail_wire.h"
#include "support_inside.h"

enum { TYPE_BYTES = 100 };

static struct str name_of(const json_t *object, const char *key, struct arena *arena)
{
	return facts_name(str_copy(http_json_text(object, key), arena));
}

/* {"value": "5.00", "currency_code": "USD"} or {"total", "currency"}. {0, ""} for what is no amount. */
static struct money amount_of(const json_t *object)
{
	struct str value = http_json_text(object, "value"), code = http_json_text(object, "currency_code");
	struct money out = {0, ""};

	if (value.len == 0)
		value = http_json_text(object, "total");
	if (code.len == 0)
		code = http_json_text(object, "currency");
	return rail_read_amount(value, code, &out) ? out : (struct money){0, ""};
}

int64_t paypal_time_s(struct str text)
{
	struct fault ignored = {0};
	struct when when;

	return text.len > 0 && text.len < 40 && clock_parse(text, &when, &ignored) && when.us > 0 ? when.us / 1000000 : 0;
}

static int32_t day_of(struct str text)
{
	return (int32_t) (paypal_time_s(text) / 86400);
}

/* The last part of the link that leads up: a refund's payment, a capture's order. */
static struct str name_above(const json_t *object, struct arena *arena)
{
	const json_t *links = json_object_get(object, "links");

	for (size_t i = 0; i < json_array_size(links); i++) {
		const json_t *link = json_array_get(links, i);
		struct str href = http_json_text(link, "href");
		size_t at = href.len;

		if (!str_is(http_json_text(link, "rel"), "up"))
			continue;
		while (at > 0 && href.at[at - 1] != '/')
			at--;
		return facts_name(str_copy(str_part(href, at, SIZE_MAX), arena));
	}
	return (struct str){NULL, 0};
}

void paypal_read_capture(const json_t *capture, struct facts *facts, struct arena *arena)
{
	struct str status = http_json_text(capture, "status");

	facts->kind = str_is(status, "COMPLETED") || str_is(status, "REFUNDED") || str_is(status, "PARTIALLY_REFUNDED") ? FACT_PAID :
		str_is(status, "PENDING") ? FACT_OPENED : FACT_FAILED;
	facts->payment = facts->handle = name_of(capture, "id", arena);
	facts->checkout = facts_checkout(http_json_text(capture, "custom_id"));
	facts->amount = amount_of(json_object_get(capture, "amount"));
	facts->fee = amount_of(json_object_get(json_object_get(capture, "seller_receivable_breakdown"), "paypal_fee"));
}

void paypal_read_refund(const json_t *refund, struct facts *facts, struct arena *arena)
{
	struct str status = http_json_text(refund, "status");

	if (status.len == 0)
		status = http_json_text(refund, "state");
	facts->kind = FACT_REFUND;
	facts->item = name_of(refund, "id", arena);
	facts->payment = name_of(refund, "sale_id", arena);
	if (facts->payment.len == 0)
		facts->payment = name_above(refund, arena);
	facts->amount = amount_of(json_object_get(refund, "amount"));
	facts->refund_step = str_equal_nocase(status, STR("completed")) ? REFUND_SUCCEEDED :
		str_equal_nocase(status, STR("failed")) || str_equal_nocase(status, STR("cancelled")) ? REFUND_HAS_FAILED : REFUND_IS_ASKED;
	if (facts->payment.len == 0 || facts->item.len == 0 || facts->amount.minor <= 0)
		facts->kind = FACT_NOTHING;
}

static void read_sale(const json_t *sale, struct facts *facts, struct arena *arena)
{
	facts->payment = facts->handle = name_of(sale, "id", arena);
	facts->subscription = name_of(sale, "billing_agreement_id", arena);
	facts->checkout = facts_checkout(http_json_text(sale, "custom"));
	facts->amount = amount_of(json_object_get(sale, "amount"));
	facts->fee = amount_of(json_object_get(sale, "transaction_fee"));
}

static struct str lower(struct str text, struct arena *arena)
{
	char *out = str_to_c(text, arena);

	for (char *c = out; c != NULL && *c != '\0'; c++)
		*c = (char) (*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
	return facts_reason(str_from(out));
}

static void read_order(const json_t *order, struct facts *facts, struct arena *arena)
{
	struct str id = name_of(order, "id", arena);

	facts->checkout = facts_checkout(http_json_text(json_array_get(json_object_get(order, "purchase_units"), 0), "custom_id"));
	if (id.len == 0 || id.len > 64 || facts->checkout == 0)
		facts->kind = FACT_NOTHING;
	else
		facts->ask = str_format(arena, "capture:%.*s:%lld", STR_ARG(id), (long long) facts->checkout);
}

static void read_renewal(const json_t *subscription, struct facts *facts, struct arena *arena)
{
	const json_t *billing = json_object_get(subscription, "billing_info"), *last = json_object_get(billing, "last_failed_payment");

	facts->amount = amount_of(json_object_get(last, "amount"));
	facts->next_day = day_of(http_json_text(last, "next_payment_retry_time"));
	facts->reason = lower(http_json_text(last, "reason_code"), arena);
	(void) http_json_i64(billing, "failed_payments_count", &facts->attempt);
	facts->payment = str_format(arena, "due:%.*s", STR_ARG(facts->event));
}

static void read_dispute(const json_t *dispute, struct facts *facts, struct arena *arena)
{
	const json_t *payment = json_array_get(json_object_get(dispute, "disputed_transactions"), 0);
	struct str status = http_json_text(dispute, "status"),
		outcome = http_json_text(json_object_get(dispute, "dispute_outcome"), "outcome_code");
	bool was_lost = str_is(outcome, "RESOLVED_BUYER_FAVOUR") || str_is(outcome, "ACCEPTED");

	facts->item = name_of(dispute, "dispute_id", arena);
	facts->payment = name_of(payment, "seller_transaction_id", arena);
	facts->amount = amount_of(json_object_get(dispute, "dispute_amount"));
	facts->due_day = day_of(http_json_text(dispute, "seller_response_due_date"));
	facts->reason = lower(http_json_text(dispute, "reason"), arena);
	if (str_is(status, "RESOLVED"))
		facts->dispute_step = was_lost ? DISPUTE_IS_LOST : DISPUTE_IS_WON;
	else if (str_is(http_json_text(dispute, "dispute_life_cycle_stage"), "INQUIRY"))
		facts->dispute_step = DISPUTE_IS_WARNED;
	else
		facts->dispute_step = str_is(status, "UNDER_REVIEW") || str_is(status, "WAITING_FOR_BUYER_RESPONSE") ? DISPUTE_IS_ANSWERED : DISPUTE_IS_OPEN;
	if (facts->dispute_step == DISPUTE_IS_WON)
		facts->back = facts->amount;
	else if (facts->dispute_step == DISPUTE_IS_WARNED) /* they ask; nothing is held */
		facts->amount.minor = 0;
	if (facts->item.len == 0 || facts->payment.len == 0)
		facts->kind = FACT_NOTHING;
}

enum shape { ORDER, CAPTURE, REFUND, SALE, SUBSCRIPTION, RENEWAL, DISPUTE };

/* type, kind, shape of its resource, step of a mandate */
static const struct {
	const char *type;
	enum fact_kind kind;
	enum shape shape;
	enum mandate_step step;
} meanings[] = {
	{"CHECKOUT.ORDER.APPROVED", FACT_ASK, ORDER, MANDATE_IS_KNOWN},
	{"PAYMENT.CAPTURE.COMPLETED", FACT_PAID, CAPTURE, MANDATE_IS_KNOWN},
	{"PAYMENT.CAPTURE.PENDING", FACT_OPENED, CAPTURE, MANDATE_IS_KNOWN},
	{"PAYMENT.CAPTURE.DENIED", FACT_FAILED, CAPTURE, MANDATE_IS_KNOWN},
	{"PAYMENT.CAPTURE.DECLINED", FACT_FAILED, CAPTURE, MANDATE_IS_KNOWN},
	{"PAYMENT.CAPTURE.REFUNDED", FACT_REFUND, REFUND, MANDATE_IS_KNOWN},
	{"PAYMENT.CAPTURE.REVERSED", FACT_REFUND, REFUND, MANDATE_IS_KNOWN},
	{"PAYMENT.SALE.COMPLETED", FACT_PAID, SALE, MANDATE_IS_KNOWN},
	{"PAYMENT.SALE.PENDING", FACT_OPENED, SALE, MANDATE_IS_KNOWN},
	{"PAYMENT.SALE.REFUNDED", FACT_REFUND, REFUND, MANDATE_IS_KNOWN},
	{"PAYMENT.SALE.REVERSED", FACT_REFUND, REFUND, MANDATE_IS_KNOWN},
	{"BILLING.SUBSCRIPTION.ACTIVATED", FACT_MANDATE, SUBSCRIPTION, MANDATE_RUNS},
	{"BILLING.SUBSCRIPTION.RE-ACTIVATED", FACT_MANDATE, SUBSCRIPTION, MANDATE_RUNS},
	{"BILLING.SUBSCRIPTION.UPDATED", FACT_MANDATE, SUBSCRIPTION, MANDATE_IS_KNOWN},
	{"BILLING.SUBSCRIPTION.SUSPENDED", FACT_MANDATE, SUBSCRIPTION, MANDATE_IS_PAUSED},
	{"BILLING.SUBSCRIPTION.CANCELLED", FACT_MANDATE, SUBSCRIPTION, MANDATE_HAS_ENDED},
	{"BILLING.SUBSCRIPTION.EXPIRED", FACT_MANDATE, SUBSCRIPTION, MANDATE_HAS_ENDED},
	{"BILLING.SUBSCRIPTION.PAYMENT.FAILED", FACT_RENEWAL_FAILED, RENEWAL, MANDATE_IS_LATE},
	{"CUSTOMER.DISPUTE.CREATED", FACT_DISPUTE, DISPUTE, MANDATE_IS_KNOWN},
	{"CUSTOMER.DISPUTE.UPDATED", FACT_DISPUTE, DISPUTE, MANDATE_IS_KNOWN},
	{"CUSTOMER.DISPUTE.RESOLVED", FACT_DISPUTE, DISPUTE, MANDATE_IS_KNOWN},
};

static void read_resource(const json_t *resource, enum shape shape, struct facts *facts, struct arena *arena)
{
	enum fact_kind kind = facts->kind;

	switch (shape) {
	case ORDER:
		read_order(resource, facts, arena);
		break;
	case CAPTURE:
		paypal_read_capture(resource, facts, arena);
		facts->kind = kind; /* the event says more than the status, which may have moved on */
		break;
	case REFUND:
		paypal_read_refund(resource, facts, arena);
		break;
	case SALE:
		read_sale(resource, facts, arena);
		break;
	case RENEWAL:
	case SUBSCRIPTION:
		facts->subscription = name_of(resource, "id", arena);
		facts->checkout = facts_checkout(http_json_text(resource, "custom_id"));
		if (shape == RENEWAL)
			read_renewal(resource, facts, arena);
		break;
	case DISPUTE:
		read_dispute(resource, facts, arena);
		break;
	}
	if (facts->kind == FACT_PAID && (facts->amount.minor <= 0 || facts->payment.len == 0))
		facts->kind = FACT_NOTHING;
}

bool paypal_events(const struct rail_line *line, struct str bytes, struct arena *arena, struct facts_list *list, struct fault *f)
{
	const json_t *resource;
	struct facts *facts;
	json_t *json = NULL;
	bool ok = false;

	if (!http_json_parse(bytes, &json, f))
		goto done;
	resource = json_object_get(json, "resource");
	facts = facts_add(list, arena);
	if (facts == NULL) {
		fault_full(f, "an event");
		goto done;
	}
	facts->event = name_of(json, "id", arena);
	facts->type = facts_name(str_copy(str_part(http_json_text(json, "event_type"), 0, TYPE_BYTES), arena));
	facts->live = line->support->settings->live; /* a webhook's id is of one world alone, and every signature covers it */
	facts->created_s = paypal_time_s(http_json_text(json, "create_time"));
	if (facts->created_s == 0)
		facts->created_s = clock_now().us / 1000000;
	if (facts->event.len == 0 || facts->type.len == 0 || !json_is_object(resource)) {
		fault_set(f, FAULT_INPUT, "That is no event.");
		goto done;
	}
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (str_is(facts->type, meanings[i].type)) {
			facts->kind = meanings[i].kind;
			facts->mandate_step = meanings[i].step;
			read_resource(resource, meanings[i].shape, facts, arena);
		}
	ok = true;
done:
	json_decref(json);
	return ok;
}
