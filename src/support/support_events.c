/* support_events.c: an event becomes rows, once, in whatever order events come.
 *
 * Decides: what each kind of event changes. Leaves to others: signatures (support_stripe.c), reading (support_facts.c),
 * the books. Runs in: support, one transaction an event. The hard thing: an event may come before what it speaks of. It
 * is then parked under the keyed hash of the reference it waits for, and taken up again when that reference becomes
 * known.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/must.h"
#include "base/rand.h"
#include "gen/support_sql.h"
#include "store/store.h"
#include "support_inside.h"

enum { ARENA_BYTES = 1024 * 1024, UNPARK_DEPTH = 4 };

/* What came of looking at an event. */
struct outcome {
	enum event_state state;
	struct str awaits;    /* PARKED: the reference */
};

static bool unpark(struct support *support, struct str reference, unsigned depth, struct arena *arena, struct fault *f);

static int32_t day_of(const struct facts *facts)
{
	return (int32_t) (facts->created_s / 86400);
}

/* The checkout that an event names; FOREIGN when it is none of ours. */
static bool find(struct support *support, const struct facts *facts, struct arena *arena,
	struct support_checkout *checkout, struct outcome *outcome, struct fault *f)
{
	bool found = false;

	if (facts->checkout != 0 && !support_find_checkout(support, SUPPORT_BY_ID,
			str_format(arena, "%lld", (long long) facts->checkout), arena, checkout, &found, f))
		return false;
	outcome->state = found ? EVENT_APPLIED : EVENT_FOREIGN;
	return true;
}

/* Money came: the contribution, the checkout's state, and what waited for this reference. */
static bool take_money(struct support *support, struct support_checkout *checkout, struct str reference,
	const struct facts *facts, unsigned depth, struct arena *arena, struct fault *f)
{
	if (reference.len == 0 || facts->amount.minor <= 0)
		return true;
	return support_book_contribution(support, checkout, reference, facts->amount, day_of(facts), f) &&
		support_move_checkout(support, checkout, CHECKOUT_IS_PAID, f) && unpark(support, reference, depth, arena, f);
}

static bool apply_session(struct support *support, const struct facts *facts, unsigned depth, struct arena *arena,
	struct outcome *outcome, struct fault *f)
{
	struct support_checkout checkout;
	struct support_mandate mandate;

	if (!find(support, facts, arena, &checkout, outcome, f))
		return false;
	if (outcome->state == EVENT_FOREIGN)
		return true;
	if (facts->kind == FACT_SESSION_FAILED)
		return support_move_checkout(support, &checkout, CHECKOUT_HAS_FAILED, f);
	if (facts->kind == FACT_SESSION_EXPIRED)
		return support_move_checkout(support, &checkout, CHECKOUT_HAS_EXPIRED, f);
	if (facts->subscription.len > 0 && !support_know_mandate(support, &checkout, facts->subscription, &mandate, f))
		return false;
	if (!facts->is_paid)
		return support_move_checkout(support, &checkout, CHECKOUT_IS_DELAYED, f);
	return take_money(
		support, &checkout, facts->subscription.len > 0 ? facts->invoice : facts->payment, facts, depth, arena, f);
}

static bool apply_mandate(
	struct support *support, const struct facts *facts, struct arena *arena, struct outcome *outcome, struct fault *f)
{
	struct support_checkout checkout;
	struct support_mandate mandate;

	if (!find(support, facts, arena, &checkout, outcome, f))
		return false;
	if (outcome->state == EVENT_FOREIGN || facts->subscription.len == 0)
		return true;
	if (!support_know_mandate(support, &checkout, facts->subscription, &mandate, f))
		return false;
	return facts->kind != FACT_MANDATE_ENDED || support_move_mandate(support, &mandate, MANDATE_HAS_ENDED, f);
}

static bool apply_invoice(struct support *support, const struct facts *facts, unsigned depth, struct arena *arena,
	struct outcome *outcome, struct fault *f)
{
	struct support_checkout checkout;
	struct support_mandate mandate;

	if (!find(support, facts, arena, &checkout, outcome, f))
		return false;
	if (outcome->state == EVENT_FOREIGN)
		return true;
	if (facts->subscription.len > 0 && !support_know_mandate(support, &checkout, facts->subscription, &mandate, f))
		return false;
	return take_money(support, &checkout, facts->invoice, facts, depth, arena, f);
}

/* A payment that is known by its invoice gets its second name. */
static bool apply_link(struct support *support, const struct facts *facts, unsigned depth, struct arena *arena,
	struct outcome *outcome, struct fault *f)
{
	int64_t contribution, known;

	if (facts->payment.len == 0 || facts->invoice.len == 0)
		return true;
	if (!support_find_reference(support, facts->invoice, &contribution, f) ||
		!support_find_reference(support, facts->payment, &known, f))
		return false;
	if (contribution == 0) {
		*outcome = (struct outcome){EVENT_PARKED, facts->invoice};
		return true;
	}
	return known != 0 || (support_add_reference(support, facts->payment, contribution, f) &&
		unpark(support, facts->payment, depth, arena, f));
}

static bool apply_charge(
	struct support *support, const struct facts *facts, struct arena *arena, struct outcome *outcome, struct fault *f)
{
	unsigned char sealed[SEAL_BYTES];
	struct store_row row;
	int64_t contribution;
	bool found;

	if (facts->payment.len == 0 || facts->balance.len == 0)
		return true; /* its fee is not known yet: charge.updated will say */
	if (!support_find_reference(support, facts->payment, &contribution, f))
		return false;
	if (contribution == 0) {
		*outcome = (struct outcome){EVENT_PARKED, facts->payment};
		return true;
	}
	if (!store_one(
			support->db, SUPPORT_SQL_CONTRIBUTION_BY_ID, STORE_ARGS(store_i64(contribution)), arena, &row, &found, f))
		return false;
	if (!found || row.columns[4].type != STORE_NULL)
		return true;
	return seal(support->sealer, facts->balance, sealed, f) &&
		store_run(support->db, SUPPORT_SQL_FEE_DUE_INSERT,
			STORE_ARGS(
				store_i64(contribution), store_blob(str_make(sealed, sizeof(sealed))), store_i64(clock_now().us)),
			NULL, f);
}

static bool apply_refund(struct support *support, const struct facts *facts, struct outcome *outcome, struct fault *f)
{
	int64_t contribution;

	if (facts->payment.len == 0 || facts->refund.len == 0 || facts->amount.minor <= 0)
		return true;
	if (!support_find_reference(support, facts->payment, &contribution, f))
		return false;
	if (contribution == 0) {
		*outcome = (struct outcome){EVENT_PARKED, facts->payment};
		return true;
	}
	return support_book_refund(
		support, contribution, facts->refund, facts->amount, facts->refund_step, day_of(facts), f);
}

static bool apply(struct support *support, const struct facts *facts, unsigned depth, struct arena *arena,
	struct outcome *outcome, struct fault *f)
{
	*outcome = (struct outcome){.state = EVENT_APPLIED};
	switch (facts->kind) {
	case FACT_SESSION_DONE:
	case FACT_SESSION_PAID:
	case FACT_SESSION_FAILED:
	case FACT_SESSION_EXPIRED:
		return apply_session(support, facts, depth, arena, outcome, f);
	case FACT_MANDATE_BEGUN:
	case FACT_MANDATE_ENDED:
		return apply_mandate(support, facts, arena, outcome, f);
	case FACT_INVOICE_PAID:
		return apply_invoice(support, facts, depth, arena, outcome, f);
	case FACT_INVOICE_LINKED:
		return apply_link(support, facts, depth, arena, outcome, f);
	case FACT_CHARGED:
		return apply_charge(support, facts, arena, outcome, f);
	case FACT_REFUND:
		return apply_refund(support, facts, outcome, f);
	case FACT_NOTHING:
		break;
	}
	outcome->state = EVENT_IGNORED;
	return true;
}

struct parked {
	int64_t id;
	struct str type, sealed;
};

/* The rows are read first: applying one runs the same queries. */
static bool read_parked(struct support *support, struct str reference, struct arena *arena, struct parked *out,
	size_t max, size_t *count, struct fault *f)
{
	unsigned char index[SEAL_INDEX_BYTES];
	struct store_rows rows;

	*count = 0;
	support_index(support, "support.reference", reference, index);
	if (store_rows_begin(
			support->db, SUPPORT_SQL_EVENT_AWAITING, STORE_ARGS(store_blob(str_make(index, sizeof(index)))), &rows, f))
		while (*count < max && store_rows_next(&rows, f)) {
			out[(*count)++] = (struct parked){store_column_i64(&rows, 0), store_column_copy(&rows, 1, arena),
				store_column_copy(&rows, 2, arena)};
		}
	return store_rows_end(&rows);
}

static bool unpark_one(struct support *support, const struct parked *parked, unsigned depth, struct arena *arena,
	struct fault *f)
{
	unsigned char index[SEAL_INDEX_BYTES];
	struct outcome outcome;
	struct facts facts;
	struct str plain;
	enum event_state next;

	if (!seal_open(support->seal_key, parked->sealed, arena, &plain, f) ||
		!facts_unpack(plain, parked->type, arena, &facts, f) ||
		!apply(support, &facts, depth + 1, arena, &outcome, f))
		return false;
	must(event_next(EVENT_PARKED, outcome.state == EVENT_PARKED ? EVENT_STILL_WAITS : EVENT_IS_APPLIED, &next));
	if (next == EVENT_PARKED)
		support_index(support, "support.reference", outcome.awaits, index);
	return store_run(support->db, SUPPORT_SQL_EVENT_MOVE, STORE_ARGS(store_i64(parked->id),
		store_text(event_state_name(EVENT_PARKED)), store_text(event_state_name(next)),
		next == EVENT_PARKED ? store_blob(str_make(index, sizeof(index))) : store_null()), NULL, f);
}

static bool unpark(struct support *support, struct str reference, unsigned depth, struct arena *arena, struct fault *f)
{
	struct parked parked[32];
	size_t count;

	if (depth >= UNPARK_DEPTH) /* invoice → payment → refund is the longest chain there is */
		return true;
	do {
		if (!read_parked(support, reference, arena, parked, sizeof(parked) / sizeof(parked[0]), &count, f))
			return false;
		for (size_t i = 0; i < count; i++)
			if (!unpark_one(support, &parked[i], depth, arena, f))
				return false;
	} while (count == sizeof(parked) / sizeof(parked[0]));
	return true;
}

static bool keep_event(struct support *support, const struct facts *facts, struct str event_index,
	const struct outcome *outcome, struct arena *arena, struct fault *f)
{
	unsigned char awaits[SEAL_INDEX_BYTES];
	unsigned char sealed[SEAL_BYTES];
	bool is_parked = outcome->state == EVENT_PARKED;
	bool has_facts = outcome->state == EVENT_APPLIED || is_parked;

	if (is_parked)
		support_index(support, "support.reference", outcome->awaits, awaits);
	if (has_facts) {
		struct str packed = facts_pack(facts, arena);

		if (packed.at == NULL)
			return fault_full(f, "an event");
		if (!seal(support->sealer, packed, sealed, f))
			return false;
	}
	return store_run(support->db, SUPPORT_SQL_EVENT_INSERT, STORE_ARGS(store_i64(rand_id()), store_blob(event_index),
		store_text(facts->type), store_text(event_state_name(outcome->state)),
		is_parked ? store_blob(str_make(awaits, sizeof(awaits))) : store_null(),
		has_facts ? store_blob(str_make(sealed, sizeof(sealed))) : store_null(),
		store_i64(clock_utc_day(clock_now()))), NULL, f);
}

static bool take_inside(struct support *support, const struct facts *facts, struct arena *arena, bool *is_new,
	struct outcome *outcome, struct fault *f)
{
	unsigned char index[SEAL_INDEX_BYTES];
	struct str event_index = str_make(index, sizeof(index));
	int64_t known;

	support_index(support, "support.event", facts->event, index);
	if (!store_number(support->db, SUPPORT_SQL_EVENT_KNOWN, STORE_ARGS(store_blob(event_index)), &known, f))
		return false;
	*is_new = known == 0;
	if (!*is_new)
		return true;
	/* A rehearsal's event does not touch the books of a live house, nor the other way round. */
	if (facts->live != support->settings->live)
		*outcome = (struct outcome){.state = EVENT_FOREIGN};
	else if (!apply(support, facts, 0, arena, outcome, f))
		return false;
	return keep_event(support, facts, event_index, outcome, arena, f);
}

bool support_take_event(struct support *support, const struct facts *facts, bool *is_new, struct fault *f)
{
	struct outcome outcome = {.state = EVENT_IGNORED};
	struct arena arena;
	bool ok;

	*is_new = false;
	arena_init(&arena, "event", ARENA_BYTES);
	ok = store_begin(support->db, f);
	if (ok)
		ok = store_end(support->db, take_inside(support, facts, &arena, is_new, &outcome, f), f);
	arena_release(&arena);
	if (!ok)
		return fault_add(f, "while taking an event");
	log_event(LOG_PROVIDER, LOG_STR("event", facts->type),
		LOG_STR("became", *is_new ? event_state_name(outcome.state) : STR("known already")));
	return true;
}
