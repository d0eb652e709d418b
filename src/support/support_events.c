/* support_events.c: a fact becomes rows, once, in whatever order facts come.
 *
 * Decides: what each kind of fact changes at once (a checkout, a mandate, what is to be asked), and to which payment it
 * belongs. Leaves to others: signatures and formats (the rails), what a payment's facts come to (support_books.c), writing that
 * (support_ledger.c). Runs in: support, inside one transaction. The hard thing: a fact may come before what it speaks of. So
 * facts are kept under the names that they use, and what shares a name, directly or through others, is one subject; a subject
 * that nobody has paid yet waits, whatever is known of it.
 * SPDX-License-Identifier: ISC */
#include "base/fault.h"
#include "base/log.h"
#include "base/must.h"
#include "gen/support_sql.h"
#include "store/store.h"
#include "support_inside.h"
#include "support_push.h"

enum { ARENA_BYTES = 4 * 1024 * 1024 };

/* One fact under way. */
struct taking {
	struct support *support;
	const struct facts *facts;
	struct arena *arena;
	unsigned char index[SEAL_INDEX_BYTES];
	struct kept kept;
	struct support_checkout checkout;
	bool has_checkout;            /* it names one of ours */
	bool is_kept;                 /* its facts are worth keeping */
	enum event_state state;
	int64_t subject;              /* 0: it has none */
};

/* --- whose --- */

static bool find_code(struct taking *taking, int64_t *checkout, struct fault *f)
{
	unsigned char index[SEAL_INDEX_BYTES];

	support_rail_index(taking->support, "support.code", taking->facts->rail, taking->facts->code, index);
	return store_number(
		taking->support->db, SUPPORT_SQL_CODE_FIND, STORE_ARGS(store_blob(str_make(index, sizeof(index)))), checkout, f);
}

/* The checkout that it names, by our id or by the code that we gave the payer. */
static bool find_checkout(struct taking *taking, struct fault *f)
{
	int64_t id = taking->facts->checkout;

	if (id == 0 && taking->facts->code.len > 0 && !find_code(taking, &id, f))
		return false;
	if (id != 0 && !support_find_checkout(taking->support, SUPPORT_BY_ID, str_format(taking->arena, "%lld", (long long) id),
			taking->arena, &taking->checkout, &taking->has_checkout, f))
		return false;
	if (taking->has_checkout) {
		taking->kept.checkout = taking->checkout.id;
		taking->kept.frequency = (uint8_t) (taking->checkout.frequency + 1);
	}
	return true;
}

/* --- what follows at once --- */

static bool insert_ask(struct taking *taking, struct fault *f)
{
	const struct facts *facts = taking->facts;
	unsigned char index[SEAL_INDEX_BYTES], sealed[SEAL_BYTES];

	support_rail_index(taking->support, "support.ask", facts->rail, facts->ask, index);
	/* What is not ours, or not yet, waits; what a payout is made of is asked whoever's payments are in it. */
	return seal(taking->support->sealer, facts->ask, sealed, f) &&
		store_run(taking->support->db, SUPPORT_SQL_ASK_INSERT, STORE_ARGS(store_i64(kept_id(index)),
			store_text(str_from(facts->rail)),
			facts->kind == FACT_PAYOUT || taking->subject == 0 ? store_null() : store_i64(taking->subject),
			store_blob(str_make(sealed, sizeof(sealed))),
			store_i64(taking->state == EVENT_APPLIED ? clock_now().us : INT64_MAX), store_i64(clock_utc_day(clock_now()))), NULL, f);
}

/* What waited until this payment was ours is asked from now on. */
static bool wake_asks(struct taking *taking, struct fault *f)
{
	enum fact_kind kind = taking->facts->kind;

	return taking->state != EVENT_APPLIED ||
		(kind != FACT_PAID && kind != FACT_MATCHED && kind != FACT_RENEWAL_FAILED && kind != FACT_NAMED) ||
		store_run(taking->support->db, SUPPORT_SQL_ASK_WAKE, STORE_ARGS(store_i64(taking->subject), store_i64(clock_now().us)), NULL, f);
}

/* How it stands is worked out of all that was said of it; `fresh` is kept right after. */
static bool stand_mandate(struct taking *taking, struct support_mandate *mandate, int64_t subject, const struct kept *fresh, struct fault *f)
{
	struct kept_row *rows;
	size_t count;

	return support_read_facts(taking->support, subject, taking->arena, &rows, &count, f) &&
		support_stand_mandate(taking->support, mandate, rows, count, fresh, f);
}

static bool find_mandate(struct taking *taking, struct support_mandate *mandate, struct fault *f)
{
	if (!support_find_subscription(taking->support, taking->facts->subscription, taking->arena, mandate, f))
		return false;
	if (mandate->id != 0 && !str_is(mandate->rail, taking->facts->rail)) /* another provider's word */
		*mandate = (struct support_mandate){0};
	return true;
}

/* Something may have been said of it, without its checkout, before it was known. */
static bool know_mandate(struct taking *taking, struct fault *f)
{
	const struct facts *facts = taking->facts;
	struct support_mandate mandate;
	struct fact_key name;

	if (!taking->has_checkout || facts->subscription.len == 0)
		return true;
	if (!find_mandate(taking, &mandate, f))
		return false;
	if (mandate.id != 0)
		return true;
	name = kept_item_key(taking->support, facts->rail, facts->subscription);
	return support_know_mandate(taking->support, &taking->checkout, facts->subscription, &mandate, f) &&
		find_mandate(taking, &mandate, f) && (mandate.id == 0 || stand_mandate(taking, &mandate, fact_key_id(&name), NULL, f));
}

/* A checkout's own steps need no books. */
static bool take_step(struct taking *taking, struct fault *f)
{
	static const enum checkout_step steps[FACT_KIND_COUNT] = {[FACT_OPENED] = CHECKOUT_IS_DELAYED, [FACT_FAILED] = CHECKOUT_HAS_FAILED,
		[FACT_EXPIRED] = CHECKOUT_HAS_EXPIRED};

	taking->state = taking->has_checkout ? EVENT_APPLIED : EVENT_FOREIGN;
	taking->is_kept = taking->has_checkout;
	return !taking->has_checkout || (know_mandate(taking, f) &&
		support_move_checkout(taking->support, &taking->checkout, steps[taking->facts->kind], f));
}

/* The rail told something today: once a day. */
static bool note_told(struct taking *taking, struct fault *f)
{
	int32_t today = clock_utc_day(clock_now()), *noted = &taking->support->told_day[taking->kept.rail];

	if (*noted == today)
		return true;
	if (!store_run(taking->support->db, SUPPORT_SQL_RAIL_TOLD_PUT,
			STORE_ARGS(store_text(str_from(taking->facts->rail)), store_i64(today)), NULL, f))
		return false;
	*noted = today;
	return true;
}

/* What gives a payment back is kept beside the facts, which stay when it is erased. */
static bool keep(struct taking *taking, struct fault *f)
{
	unsigned char facts[KEPT_BYTES], handle[KEPT_HANDLE_BYTES];
	const struct facts *told = taking->facts;
	struct support *support = taking->support;
	struct store_value kept = store_null(), kept_handle = store_null();

	if (taking->is_kept)
		kept = store_blob(str_make(facts, kept_seal(support, taking->index, &taking->kept, facts)));
	if (taking->subject != 0 && told->handle.len > 0)
		kept_handle = store_blob(str_make(handle, kept_seal_handle(support, taking->index, told->handle, handle)));
	return note_told(taking, f) && store_run(support->db, SUPPORT_SQL_EVENT_INSERT, STORE_ARGS(store_i64(kept_id(taking->index)),
		store_blob(str_make(taking->index, sizeof(taking->index))), store_text(str_from(told->rail)), store_text(told->type),
		store_text(event_state_name(taking->state)), store_i64(taking->subject), store_i64(support->open_period),
		store_i64(clock_utc_day(clock_now())), kept, kept_handle), NULL, f);
}

/* Of a subscription, whether it names its checkout or is known by now. */
static bool take_mandate(struct taking *taking, struct fault *f)
{
	struct support_mandate mandate = {0};

	if (!fact_key_is(&taking->kept.item)) {
		taking->state = EVENT_IGNORED;
		return keep(taking, f);
	}
	taking->subject = fact_key_id(&taking->kept.item);
	taking->is_kept = true;
	if (taking->has_checkout ?
		!support_know_mandate(taking->support, &taking->checkout, taking->facts->subscription, &mandate, f) : !find_mandate(taking, &mandate, f))
		return false;
	taking->state = mandate.id != 0 ? EVENT_APPLIED : EVENT_FOREIGN;
	return (mandate.id == 0 || stand_mandate(taking, &mandate, taking->subject, &taking->kept, f)) && keep(taking, f);
}

/* A question about a checkout of ours, of which nothing is known yet: asked at once. */
static bool take_question(struct taking *taking, struct fault *f)
{
	taking->state = EVENT_APPLIED;
	return insert_ask(taking, f) && keep(taking, f);
}

/* Can it be booked at all? Money without a name or a sum cannot. */
static bool is_whole(const struct taking *taking)
{
	const struct kept *kept = &taking->kept;

	switch (taking->facts->kind) {
	case FACT_PAID:
		return fact_key_is(&kept->payment) && kept->amount > 0 && kept->code[0] != '\0';
	case FACT_NAMED:
		return fact_key_is(&kept->payment) && fact_key_is(&kept->also);
	case FACT_FEE:
		return fact_key_is(&kept->payment) && fact_key_is(&kept->item) && kept->fee >= 0 && kept->fee_code[0] != '\0';
	case FACT_REFUND:
		return fact_key_is(&kept->payment) && fact_key_is(&kept->item) && kept->amount > 0 && kept->code[0] != '\0';
	case FACT_DISPUTE:
		return fact_key_is(&kept->payment) && fact_key_is(&kept->item);
	case FACT_RENEWAL_FAILED:
	case FACT_ASK:
		return fact_key_is(&kept->payment);
	case FACT_MATCHED:
		return fact_key_is(&kept->payment) && taking->has_checkout;
	case FACT_PAYOUT:
		return fact_key_is(&kept->item) && kept->amount > 0 && kept->code[0] != '\0';
	case FACT_PAYOUT_PART:
		return fact_key_is(&kept->item) && kept->code[0] != '\0';
	default:
		return false;
	}
}

static bool take_money(struct taking *taking, struct fault *f)
{
	bool is_paid = taking->facts->kind == FACT_PAID || taking->facts->kind == FACT_MATCHED;

	if (taking->facts->kind == FACT_PAYOUT) {
		taking->subject = fact_key_id(&taking->kept.item);
	} else if (taking->facts->kind == FACT_PAYOUT_PART) {
		taking->subject = kept_id(taking->index);
	} else if (!support_find_subject(taking->support, &taking->kept, taking->arena, &taking->subject, f)) {
		return false;
	}
	taking->is_kept = true;
	return know_mandate(taking, f) &&
		(!is_paid || !taking->has_checkout || (support_move_checkout(taking->support, &taking->checkout, CHECKOUT_IS_PAID, f) &&
			push_begin(taking->support, &taking->checkout, f))) &&
		support_write_books(taking->support, taking->subject, &taking->kept, taking->arena, &taking->state, f) &&
		(taking->facts->ask.len == 0 || insert_ask(taking, f)) && wake_asks(taking, f) && keep(taking, f);
}

static bool take(struct taking *taking, struct fault *f)
{
	/* A rehearsal's event does not touch the books of a live house, nor the other way round. */
	if (taking->facts->live != taking->support->settings->live) {
		taking->state = EVENT_FOREIGN;
		return keep(taking, f);
	}
	if (!find_checkout(taking, f))
		return false;
	switch (taking->facts->kind) {
	case FACT_OPENED:
	case FACT_FAILED:
	case FACT_EXPIRED:
		return take_step(taking, f) && keep(taking, f);
	case FACT_MANDATE:
		return take_mandate(taking, f);
	case FACT_ASK:
		if (taking->has_checkout && taking->facts->ask.len > 0 && !fact_key_is(&taking->kept.payment))
			return take_question(taking, f);
		break;
	default:
		break;
	}
	if (is_whole(taking))
		return take_money(taking, f);
	taking->state = EVENT_IGNORED;
	return keep(taking, f);
}

bool support_take_inside(struct support *support, const struct facts *facts, struct arena *arena, bool *is_new, struct fault *f)
{
	struct taking taking = {.support = support, .facts = facts, .arena = arena, .state = EVENT_IGNORED};
	char reason[FACTS_REASON_BYTES + 1];
	int64_t known;

	support_rail_index(support, "support.event", facts->rail, facts->event, taking.index);
	if (!support_know_period(support, f) || !store_number(support->db, SUPPORT_SQL_EVENT_KNOWN,
			STORE_ARGS(store_i64(kept_id(taking.index)), store_blob(str_make(taking.index, sizeof(taking.index)))), &known, f))
		return false;
	*is_new = known == 0;
	if (!*is_new)
		return true;
	kept_make(support, facts, taking.index, &taking.kept);
	snprintf(reason, sizeof(reason), "%.*s", STR_ARG(facts->reason));
	taking.kept.reason = reason;
	if (take(&taking, f))
		return true;
	support->is_period_known = false; /* it will be rolled back */
	return fault_add(f, "while taking what %s told", facts->rail);
}

bool support_take(struct support *support, const struct facts *facts, size_t count, size_t *new_count, struct fault *f)
{
	struct arena arena;
	bool ok;

	*new_count = 0;
	arena_init(&arena, "event", ARENA_BYTES);
	ok = store_begin(support->db, f);
	if (ok) {
		for (size_t i = 0; ok && i < count; i++) {
			bool is_new;

			ok = support_take_inside(support, &facts[i], &arena, &is_new, f);
			*new_count += ok && is_new;
			arena_reset(&arena);
		}
		ok = store_end(support->db, ok, f);
	}
	arena_release(&arena);
	support->is_period_known = support->is_period_known && ok;
	return ok;
}
