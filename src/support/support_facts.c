/* support_facts.c: what a provider's event says, and nothing more than we need.
 *
 * Decides: which events matter (STRIPE_EVENTS) and which few of their fields are taken; no name, address or card is
 * ever read. Leaves to others: what follows from it. Runs in: support. The hard thing: a reference may come as a text
 * or as an expanded object, and a field may be missing or of another type: then it is empty, never a crash.
 * SPDX-License-Identifier: ISC */
#include <string.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "support_inside.h"

static const struct {
	const char *type;
	enum fact_kind kind;
} known_events[] = {
#define X(kind, type) {type, kind},
	STRIPE_EVENTS(X)
#undef X
};

enum { REFERENCE_BYTES = 100 };

static enum fact_kind kind_of(struct str type)
{
	for (size_t i = 0; i < sizeof(known_events) / sizeof(known_events[0]); i++)
		if (str_is(type, known_events[i].type))
			return known_events[i].kind;
	return FACT_NOTHING;
}

/* References are short and plain; anything else is none. */
static struct str plain(struct str text)
{
	if (text.len > REFERENCE_BYTES)
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
	struct str code = http_json_text(object, "currency");
	struct money out = {0, ""};

	if (code.len != 3 || !http_json_i64(object, name, &out.minor))
		return (struct money){0, ""};
	for (size_t i = 0; i < 3; i++) {
		char c = code.at[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')))
			return (struct money){0, ""};
		out.code[i] = (char) (c & ~0x20);
	}
	return out;
}

static int64_t our_checkout(struct str text)
{
	int64_t id;

	return str_to_i64(text, &id) && id > 0 ? id : 0;
}

static int64_t metadata_checkout(const json_t *object)
{
	return our_checkout(http_json_text(json_object_get(object, "metadata"), "checkout"));
}

static void read_session(const json_t *object, struct facts *facts)
{
	struct str status = http_json_text(object, "payment_status");

	facts->checkout = our_checkout(http_json_text(object, "client_reference_id"));
	facts->payment = reference(object, "payment_intent");
	facts->invoice = reference(object, "invoice");
	facts->subscription = reference(object, "subscription");
	facts->amount = amount(object, "amount_total");
	facts->is_paid = str_is(status, "paid");
}

static void read_invoice(const json_t *object, struct facts *facts)
{
	const json_t *parent = json_object_get(json_object_get(object, "parent"), "subscription_details");

	facts->invoice = reference(object, "id");
	facts->subscription = reference(parent, "subscription");
	facts->checkout = metadata_checkout(parent);
	facts->amount = amount(object, "amount_paid");
	facts->is_paid = true;
}

static void read_refund(const json_t *object, struct facts *facts)
{
	struct str status = http_json_text(object, "status");

	facts->refund = reference(object, "id");
	facts->payment = reference(object, "payment_intent");
	facts->amount = amount(object, "amount");
	facts->refund_step = str_is(status, "succeeded") ? REFUND_SUCCEEDED :
		str_is(status, "failed") || str_is(status, "canceled") ? REFUND_HAS_FAILED : REFUND_IS_ASKED;
}

static void read_object(const json_t *object, struct facts *facts)
{
	switch (facts->kind) {
	case FACT_NOTHING:
		break;
	case FACT_SESSION_DONE:
	case FACT_SESSION_PAID:
	case FACT_SESSION_FAILED:
	case FACT_SESSION_EXPIRED:
		read_session(object, facts);
		break;
	case FACT_MANDATE_BEGUN:
	case FACT_MANDATE_ENDED:
		facts->subscription = reference(object, "id");
		facts->checkout = metadata_checkout(object);
		break;
	case FACT_INVOICE_PAID:
		read_invoice(object, facts);
		break;
	case FACT_INVOICE_LINKED:
		facts->invoice = reference(object, "invoice");
		facts->payment = reference(json_object_get(object, "payment"), "payment_intent");
		break;
	case FACT_CHARGED:
		facts->payment = reference(object, "payment_intent");
		facts->balance = reference(object, "balance_transaction");
		break;
	case FACT_REFUND:
		read_refund(object, facts);
		break;
	}
}

bool facts_read(const json_t *event, struct facts *facts, struct fault *f)
{
	const json_t *object = json_object_get(json_object_get(event, "data"), "object");

	*facts = (struct facts){.event = reference(event, "id"), .type = http_json_text(event, "type")};
	if (facts->event.len == 0 || facts->type.len == 0 || facts->type.len > REFERENCE_BYTES || !json_is_object(object))
		return fault_set(f, FAULT_INPUT, "That is no event.");
	facts->live = json_is_true(json_object_get(event, "livemode"));
	if (!http_json_i64(event, "created", &facts->created_s) || facts->created_s < 0 ||
		facts->created_s > INT64_C(1) << 40)
		facts->created_s = clock_now().us / 1000000;
	facts->kind = kind_of(facts->type);
	read_object(object, facts);
	return true;
}

/* kind-independent: one line of blank-parted fields, "-" for none. */
struct str facts_pack(const struct facts *facts, struct arena *arena)
{
	const struct str *texts[] = {
		&facts->payment, &facts->invoice, &facts->subscription, &facts->balance, &facts->refund};
	struct str out;
	struct buf buf;

	buf_init(&buf, SEAL_PLAIN_BYTES - 2);
	buf_format(&buf, "%lld %lld %d %d %lld %s", (long long) facts->created_s, (long long) facts->checkout,
		facts->is_paid, (int) facts->refund_step, (long long) facts->amount.minor,
		facts->amount.code[0] != '\0' ? facts->amount.code : "-");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		buf_format(&buf, " %.*s", STR_ARG(texts[i]->len > 0 ? *texts[i] : STR("-")));
	out = buf.over ? (struct str){NULL, 0} : str_copy(buf_view(&buf), arena);
	buf_release(&buf);
	return out;
}

static bool next_number(struct str *rest, int64_t *out)
{
	struct str piece;

	return str_next(rest, ' ', &piece) && str_to_i64(piece, out);
}

bool facts_unpack(struct str packed, struct str type, struct arena *arena, struct facts *facts, struct fault *f)
{
	struct str *texts[] = {&facts->payment, &facts->invoice, &facts->subscription, &facts->balance, &facts->refund};
	struct str rest = packed;
	struct str piece;
	int64_t is_paid, step;
	bool ok;

	*facts = (struct facts){.type = type, .kind = kind_of(type)};
	ok = next_number(&rest, &facts->created_s) && next_number(&rest, &facts->checkout) &&
		next_number(&rest, &is_paid) && next_number(&rest, &step) && step >= 0 && step < REFUND_STEP_COUNT &&
		next_number(&rest, &facts->amount.minor) && str_next(&rest, ' ', &piece) && piece.len <= 3;
	if (ok) {
		facts->is_paid = is_paid != 0;
		facts->refund_step = (enum refund_step) step;
		if (piece.len == 3)
			memcpy(facts->amount.code, piece.at, 3);
	}
	for (size_t i = 0; ok && i < sizeof(texts) / sizeof(texts[0]); i++) {
		ok = str_next(&rest, ' ', &piece);
		if (ok && !str_is(piece, "-"))
			*texts[i] = str_copy(piece, arena);
	}
	return ok || fault_set(f, FAULT_IO, "a parked event cannot be read");
}
