/* stripe_events.c: what Stripe's objects say, and nothing more than we need.
 *
 * Decides: which events matter (STRIPE_EVENTS) and which few of their fields are taken; no name, address or card is ever
 * read. Leaves to others: what follows from it. Runs in: support. The hard thing: a reference may come as a text or as an
 * expanded object, and a field may be missing or of another type: then it is empty, never a crash. And a payment of a
 * subscription is told under three names (invoice, payment intent, charge) by events that share no more than two of them.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "base/fault.h"
#include "http/http_client.h"
#include "stripe_inside.h"

enum stripe_meaning {
	STRIPE_NOTHING, STRIPE_SESSION, STRIPE_SESSION_FAILED, STRIPE_SESSION_EXPIRED, STRIPE_SUBSCRIPTION, STRIPE_INVOICE_PAID,
	STRIPE_INVOICE_FAILED, STRIPE_INVOICE_PAYMENT, STRIPE_CHARGE, STRIPE_CHARGE_REFUNDED, STRIPE_REFUND, STRIPE_DISPUTE,
	STRIPE_PAYOUT
};

static const struct {
	const char *type;
	enum stripe_meaning meaning;
} known_events[] = {
#define X(meaning, type) {type, meaning},
	STRIPE_EVENTS(X)
#undef X
};

enum { ID_BYTES = 100, SECONDS_MOST_BITS = 40, DAY_S = 86400 };

static enum stripe_meaning meaning_of(struct str type)
{
	for (size_t i = 0; i < sizeof(known_events) / sizeof(known_events[0]); i++)
		if (str_is(type, known_events[i].type))
			return known_events[i].meaning;
	return STRIPE_NOTHING;
}

/* Ids go into paths of later calls: letters, digits, '_', '-'; anything else is none. */
static struct str plain(struct str text)
{
	if (text.len > ID_BYTES)
		return (struct str){NULL, 0};
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-'))
			return (struct str){NULL, 0};
	}
	return text;
}

static struct str reference(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return plain(json_is_object(value) ? http_json_text(value, "id") : http_json_text(object, name));
}

static struct money amount(const json_t *object, const char *name)
{
	int64_t minor;

	return http_json_i64(object, name, &minor) ? facts_money(minor, http_json_text(object, "currency")) : (struct money){0, ""};
}

/* Seconds become a UTC day; 0 for what is no time. */
static int32_t day(const json_t *object, const char *name)
{
	int64_t seconds;

	if (!http_json_i64(object, name, &seconds) || seconds < 0 || seconds > INT64_C(1) << SECONDS_MOST_BITS)
		return 0;
	return (int32_t) (seconds / DAY_S);
}

static int64_t metadata_checkout(const json_t *object)
{
	return facts_checkout(http_json_text(json_object_get(object, "metadata"), "checkout"));
}

static struct str ask(struct arena *arena, const char *word, struct str id)
{
	return id.len > 0 ? str_format(arena, "%s:%.*s", word, STR_ARG(id)) : id;
}

/* The payment as refund() knows it: the intent, or where there is none the charge. */
static struct str payment_of(const json_t *object)
{
	struct str intent = reference(object, "payment_intent");

	return intent.len > 0 ? intent : reference(object, "charge");
}

static void read_session(const json_t *object, struct facts *facts)
{
	struct str intent = reference(object, "payment_intent");

	facts->checkout = facts_checkout(http_json_text(object, "client_reference_id"));
	facts->subscription = reference(object, "subscription");
	facts->payment = facts->subscription.len > 0 ? reference(object, "invoice") : intent;
	facts->handle = facts->subscription.len > 0 ? (struct str){NULL, 0} : intent;
	facts->amount = amount(object, "amount_total");
	facts->kind = str_is(http_json_text(object, "payment_status"), "paid") ? FACT_PAID : FACT_OPENED;
}

static void read_invoice(const json_t *object, bool is_paid, struct arena *arena, struct facts *facts)
{
	const json_t *parent = json_object_get(json_object_get(object, "parent"), "subscription_details");

	facts->kind = is_paid ? FACT_PAID : FACT_RENEWAL_FAILED;
	facts->payment = reference(object, "id");
	facts->subscription = reference(parent, "subscription");
	facts->checkout = metadata_checkout(parent);
	facts->amount = amount(object, is_paid ? "amount_paid" : "amount_due");
	if (!is_paid) {
		(void) http_json_i64(object, "attempt_count", &facts->attempt);
		facts->next_day = day(object, "next_payment_attempt");
		facts->ask = ask(arena, "reason", facts->payment);
	}
}

enum mandate_step stripe_mandate_step(const json_t *subscription)
{
	struct str status = http_json_text(subscription, "status");

	if (str_is(status, "canceled") || str_is(status, "incomplete_expired"))
		return MANDATE_HAS_ENDED;
	if (str_is(status, "paused") || json_is_object(json_object_get(subscription, "pause_collection")))
		return MANDATE_IS_PAUSED;
	if (str_is(status, "past_due") || str_is(status, "unpaid"))
		return MANDATE_IS_LATE;
	return str_is(status, "active") || str_is(status, "trialing") ? MANDATE_RUNS : MANDATE_IS_KNOWN;
}

static void read_subscription(const json_t *object, struct facts *facts)
{
	facts->kind = FACT_MANDATE;
	facts->subscription = reference(object, "id");
	facts->checkout = metadata_checkout(object);
	facts->mandate_step = str_is(facts->type, "customer.subscription.deleted") ? MANDATE_HAS_ENDED : stripe_mandate_step(object);
	facts->reason = facts_reason(http_json_text(json_object_get(object, "cancellation_details"), "reason"));
}

static void read_charge(const json_t *object, struct arena *arena, struct facts *facts)
{
	struct str charge = reference(object, "id"), intent = reference(object, "payment_intent");

	facts->kind = FACT_NAMED;
	facts->payment = intent.len > 0 ? intent : charge;
	facts->also = charge;
	facts->handle = facts->payment;
	facts->ask = ask(arena, "fee", reference(object, "balance_transaction"));
}

static void read_refund(const json_t *object, struct facts *facts)
{
	struct str status = http_json_text(object, "status");

	facts->kind = FACT_REFUND;
	facts->item = reference(object, "id");
	facts->payment = payment_of(object);
	facts->amount = amount(object, "amount");
	facts->refund_step = str_is(status, "succeeded") ? REFUND_SUCCEEDED :
		str_is(status, "failed") || str_is(status, "canceled") ? REFUND_HAS_FAILED : REFUND_IS_ASKED;
}

/* What left the account for it and what came back, of the movements that it lists by now. */
static void read_movements(const json_t *list, struct facts *facts)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *moved = json_array_get(list, i);
		struct str code = http_json_text(moved, "currency");
		int64_t minor = 0, fee = 0;

		(void) http_json_i64(moved, "amount", &minor);
		(void) http_json_i64(moved, "fee", &fee);
		if (minor < 0 && minor > -INT64_MAX / 4)
			facts->amount = facts_money(facts->amount.minor - minor, code);
		else if (minor > 0 && minor < INT64_MAX / 4)
			facts->back = facts_money(facts->back.minor + minor, code);
		if (fee != 0 && fee > -INT64_MAX / 4 && fee < INT64_MAX / 4)
			facts->fee = facts_money(facts->fee.minor + fee, code);
	}
}

static void read_dispute(const json_t *object, struct facts *facts)
{
	struct str status = http_json_text(object, "status");

	facts->kind = FACT_DISPUTE;
	facts->item = reference(object, "id");
	facts->payment = payment_of(object);
	facts->reason = facts_reason(http_json_text(object, "reason"));
	facts->due_day = day(json_object_get(object, "evidence_details"), "due_by");
	read_movements(json_object_get(object, "balance_transactions"), facts);
	facts->dispute_step = str_is(status, "lost") ? DISPUTE_IS_LOST :
		str_is(status, "won") || str_is(status, "warning_closed") || str_is(status, "prevented") ? DISPUTE_IS_WON :
		str_is(status, "under_review") || str_is(status, "warning_under_review") ? DISPUTE_IS_ANSWERED :
		str_is(status, "needs_response") ? DISPUTE_IS_OPEN : DISPUTE_IS_WARNED;
}

static void read_payout(const json_t *object, struct arena *arena, struct facts *facts)
{
	struct str status = http_json_text(object, "status");

	facts->kind = FACT_PAYOUT;
	facts->item = reference(object, "id");
	facts->amount = amount(object, "amount");
	facts->due_day = day(object, "arrival_date");
	facts->payout_step = str_is(status, "paid") ? PAYOUT_HAS_ARRIVED :
		str_is(status, "failed") || str_is(status, "canceled") ? PAYOUT_HAS_FAILED : PAYOUT_IS_SENT;
	facts->reason = facts_reason(http_json_text(object, "failure_code"));
	if (facts->payout_step == PAYOUT_HAS_ARRIVED)
		facts->ask = ask(arena, "payout", facts->item);
}

static void read_object(const json_t *object, enum stripe_meaning meaning, struct arena *arena, struct facts *facts)
{
	switch (meaning) {
	case STRIPE_NOTHING:
		break;
	case STRIPE_SESSION:
		read_session(object, facts);
		break;
	case STRIPE_SESSION_FAILED:
	case STRIPE_SESSION_EXPIRED:
		facts->kind = meaning == STRIPE_SESSION_FAILED ? FACT_FAILED : FACT_EXPIRED;
		facts->checkout = facts_checkout(http_json_text(object, "client_reference_id"));
		break;
	case STRIPE_SUBSCRIPTION:
		read_subscription(object, facts);
		break;
	case STRIPE_INVOICE_PAID:
	case STRIPE_INVOICE_FAILED:
		read_invoice(object, meaning == STRIPE_INVOICE_PAID, arena, facts);
		break;
	case STRIPE_INVOICE_PAYMENT:
		facts->kind = FACT_NAMED;
		facts->payment = reference(object, "invoice");
		facts->also = facts->handle = reference(json_object_get(object, "payment"), "payment_intent");
		break;
	case STRIPE_CHARGE:
		read_charge(object, arena, facts);
		break;
	case STRIPE_CHARGE_REFUNDED:
		facts->kind = FACT_ASK;
		facts->payment = reference(object, "id");
		facts->ask = ask(arena, "refunds", facts->payment);
		break;
	case STRIPE_REFUND:
		read_refund(object, facts);
		break;
	case STRIPE_DISPUTE:
		read_dispute(object, facts);
		break;
	case STRIPE_PAYOUT:
		read_payout(object, arena, facts);
		break;
	}
}

static bool read_event(const json_t *event, struct arena *arena, struct facts_list *list, struct fault *f)
{
	const json_t *object = json_object_get(json_object_get(event, "data"), "object");
	struct str id = reference(event, "id"), type = facts_name(http_json_text(event, "type"));
	struct facts *facts;

	if (id.len == 0 || type.len == 0 || !json_is_object(object))
		return fault_set(f, FAULT_INPUT, "That is no event.");
	facts = facts_add(list, arena);
	if (facts == NULL)
		return fault_full(f, "an event");
	facts->event = str_copy(id, arena);
	facts->type = str_copy(type, arena);
	facts->live = json_is_true(json_object_get(event, "livemode"));
	if (!http_json_i64(event, "created", &facts->created_s) || facts->created_s < 0 ||
		facts->created_s > INT64_C(1) << SECONDS_MOST_BITS)
		return fault_set(f, FAULT_INPUT, "That is no event.");
	read_object(object, meaning_of(type), arena, facts);
	return true;
}

/* The JSON goes when the facts are made: what points into it moves into the arena. */
static void keep_texts(struct facts *facts, struct arena *arena)
{
	struct str *texts[] = {&facts->payment, &facts->also, &facts->item, &facts->subscription, &facts->handle, &facts->reason};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i]->len > 0)
			*texts[i] = str_copy(*texts[i], arena);
}

bool stripe_events(const struct rail_line *line, struct str bytes, struct arena *arena, struct facts_list *list,
	struct fault *f)
{
	json_t *event = NULL;
	bool ok = http_json_parse(bytes, &event, f) && read_event(event, arena, list, f);

	(void) line;
	for (size_t i = 0; ok && i < list->count; i++)
		keep_texts(&list->at[i], arena);
	json_decref(event);
	return ok;
}

/* --- answers --- */

static struct facts *add(struct facts_list *list, struct arena *arena, enum fact_kind kind, struct str event, const char *type,
	bool live, int64_t created_s)
{
	struct facts *facts = event.len > 0 ? facts_add(list, arena) : NULL;

	if (facts != NULL) {
		facts->kind = kind;
		facts->event = event;
		facts->type = str_from(type);
		facts->live = live;
		facts->created_s = created_s;
	}
	return facts;
}

static int64_t created_of(const json_t *object, int64_t otherwise_s)
{
	int64_t created_s;

	return http_json_i64(object, "created", &created_s) && created_s >= 0 && created_s < INT64_C(1) << SECONDS_MOST_BITS ?
		created_s : otherwise_s;
}

/* What a payment cost is dated when the provider took it: the same whenever it is asked for. */
bool stripe_fee_facts(const json_t *moved, int64_t created_s, struct arena *arena, struct facts_list *list)
{
	struct str id = reference(moved, "id"), source = reference(moved, "source");
	struct facts *facts;

	if (id.len == 0 || source.len == 0)
		return true;
	facts = add(list, arena, FACT_FEE, str_format(arena, "%.*s:fee", STR_ARG(id)), "balance_transaction", false,
		created_of(moved, created_s));
	if (facts == NULL)
		return false;
	facts->payment = source;
	facts->item = id;
	facts->fee = amount(moved, "fee");
	facts->amount = amount(moved, "amount");
	keep_texts(facts, arena);
	return true;
}

bool stripe_refund_facts(const json_t *refund, int64_t created_s, struct arena *arena, struct facts_list *list)
{
	struct str id = reference(refund, "id"), status = facts_reason(http_json_text(refund, "status"));
	struct facts *facts;

	if (id.len == 0 || status.len == 0)
		return true;
	facts = add(list, arena, FACT_REFUND, str_format(arena, "%.*s:%.*s", STR_ARG(id), STR_ARG(status)), "refund", false,
		created_of(refund, created_s));
	if (facts == NULL)
		return false;
	read_refund(refund, facts);
	keep_texts(facts, arena);
	return true;
}

bool stripe_part_facts(struct str payout, const json_t *moved, struct arena *arena, struct facts_list *list)
{
	struct str id = reference(moved, "id"), type = facts_reason(http_json_text(moved, "type")),
		source = reference(moved, "source");
	bool is_own = str_starts(source, STR("re_")) || str_starts(source, STR("pyr_")) || str_starts(source, STR("du_")) ||
		str_starts(source, STR("dp_"));
	struct facts *facts;
	int64_t net;

	if (id.len == 0 || str_is(type, "payout") || !http_json_i64(moved, "net", &net))
		return true; /* the payout itself stands in its own list */
	facts = add(list, arena, FACT_PAYOUT_PART, str_format(arena, "%.*s:%.*s", STR_ARG(payout), STR_ARG(id)),
		"balance_transaction", false, created_of(moved, 0));
	if (facts == NULL)
		return false;
	facts->item = payout;
	facts->payment = is_own ? (struct str){NULL, 0} : source;
	facts->also = is_own ? source : (struct str){NULL, 0};
	facts->reason = type;
	facts->amount = facts_money(0, http_json_text(moved, "currency"));
	facts->amount.minor = net;
	keep_texts(facts, arena);
	return true;
}

bool stripe_reason_facts(struct str invoice, const json_t *page, int64_t created_s, struct arena *arena, struct facts_list *list)
{
	const json_t *data = json_object_get(page, "data");

	for (size_t i = 0; i < json_array_size(data); i++) {
		const json_t *payment = json_object_get(json_array_get(data, i), "payment");
		const json_t *intent = json_object_get(payment, "payment_intent");
		const json_t *error = json_object_get(intent, "last_payment_error");
		struct str reason = facts_reason(http_json_text(error, "decline_code"));
		struct facts *facts;

		if (reason.len == 0)
			reason = facts_reason(http_json_text(error, "code"));
		if (reason.len == 0)
			continue;
		facts = add(list, arena, FACT_RENEWAL_FAILED, str_format(arena, "%.*s:%.*s", STR_ARG(invoice), STR_ARG(reason)),
			"invoice_payment", false, created_s);
		if (facts == NULL)
			return false;
		facts->payment = invoice;
		facts->reason = reason;
		keep_texts(facts, arena);
	}
	return true;
}
