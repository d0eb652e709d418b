/* support_books.c: what a payment's facts come to: the double-entry books, as a pure function.
 *
 * Decides: which accounts money moves between, which of several facts counts, what closed periods leave to the open one.
 * Leaves to others: where facts are kept and bookings written (support_ledger.c). Runs in: support, its checks and its
 * benches. The hard thing: events repeat and come in any order, so nothing here may depend on it: facts are put in order by
 * the provider's clock and their own hash, and every state is the highest that any of them says.
 * SPDX-License-Identifier: ISC */
#include "books.h"

#include <sodium.h>
#include <stdlib.h>
#include "base/arena.h"
#include "base/must.h"
#include "base/states.h"
#include "rail.h"

enum { DAY_S = 86400 };

static const char *const booking_names[BOOKING_KIND_COUNT] = {
#define X(kind, name) [kind] = name,
	BOOKING_KINDS(X)
#undef X
};

struct str booking_kind_name(enum booking_kind kind)
{
	must(kind < BOOKING_KIND_COUNT);
	return str_from(booking_names[kind]);
}

bool booking_kind_from(struct str name, enum booking_kind *kind)
{
	unsigned found = 0;
	bool ok = states_find_name(booking_names, BOOKING_KIND_COUNT, name, &found);

	*kind = (enum booking_kind) found;
	return ok;
}

/* --- keys --- */

bool fact_key_is(const struct fact_key *key)
{
	static const struct fact_key none;

	return memcmp(key, &none, sizeof(none)) != 0;
}

bool fact_keys_equal(const struct fact_key *a, const struct fact_key *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static int64_t positive(const unsigned char *at)
{
	int64_t id;

	memcpy(&id, at, sizeof(id));
	id &= INT64_MAX;
	return id != 0 ? id : 1;
}

int64_t fact_key_id(const struct fact_key *key)
{
	return positive(key->at);
}

static int64_t booking_id(enum booking_kind kind, const struct fact_key *reason, int32_t period)
{
	unsigned char text[1 + sizeof(reason->at) + sizeof(period)], hash[16];

	text[0] = (unsigned char) kind;
	memcpy(text + 1, reason->at, sizeof(reason->at));
	memcpy(text + 1 + sizeof(reason->at), &period, sizeof(period));
	must(crypto_generichash(hash, sizeof(hash), text, sizeof(text), NULL, 0) == 0);
	return positive(hash);
}

/* --- order --- */

static int compare(const void *a, const void *b)
{
	const struct kept *x = *(const struct kept *const *) a, *y = *(const struct kept *const *) b;
	int by_event;

	if (x->created_s != y->created_s)
		return x->created_s < y->created_s ? -1 : 1;
	by_event = memcmp(x->event, y->event, sizeof(x->event));
	return by_event != 0 ? by_event : memcmp(&x->item, &y->item, sizeof(x->item));
}

static int32_t day_of(const struct kept *fact)
{
	return (int32_t) (fact->created_s / DAY_S);
}

static bool same_code(const char *a, const char *b)
{
	return memcmp(a, b, 4) == 0;
}

static struct money money_of(int64_t minor, const char code[4])
{
	struct money money = {.minor = minor};

	memcpy(money.code, code, sizeof(money.code));
	return money;
}

/* --- bookings --- */

static int compare_lines(const struct books_line *a, const struct books_line *b)
{
	int by_account = strcmp(a->account, b->account);

	return by_account != 0 ? by_account : strcmp(a->amount.code, b->amount.code);
}

/* Adds to a line that is there, keeps them in order, and takes out what comes to nothing. */
static void add_line(struct books_booking *booking, const char *account, struct money amount)
{
	struct books_line line = {.amount = amount};
	size_t at = 0;

	snprintf(line.account, sizeof(line.account), "%s", account);
	while (at < booking->count && compare_lines(&booking->lines[at], &line) < 0)
		at++;
	if (at < booking->count && compare_lines(&booking->lines[at], &line) == 0) {
		booking->lines[at].amount.minor += amount.minor;
		if (booking->lines[at].amount.minor == 0) {
			memmove(&booking->lines[at], &booking->lines[at + 1], (booking->count - at - 1) * sizeof(line));
			booking->count--;
		}
		return;
	}
	if (amount.minor == 0)
		return;
	must(booking->count < BOOKS_LINES);
	memmove(&booking->lines[at + 1], &booking->lines[at], (booking->count - at) * sizeof(line));
	booking->lines[at] = line;
	booking->count++;
}

/* `to` is debited, `from` credited. */
static void book(struct books *books, enum booking_kind kind, const struct fact_key *reason, int32_t day, const char *to,
	const char *from, struct money amount)
{
	struct books_booking *booking = &books->bookings[books->booking_count];

	if (amount.minor == 0 || amount.code[0] == '\0')
		return;
	*booking = (struct books_booking){.kind = kind, .reason = *reason, .day = day,
		.contribution = books->has_contribution ? books->contribution.id : 0};
	add_line(booking, to, amount);
	amount.minor = -amount.minor;
	add_line(booking, from, amount);
	books->booking_count += booking->count > 0;
}

static void name_provider(char out[BOOKS_ACCOUNT_BYTES], uint8_t rail)
{
	snprintf(out, BOOKS_ACCOUNT_BYTES, "provider:%s", rails[rail]->name);
}

/* --- a payment --- */

struct payment {
	const struct kept **facts;
	size_t count;
	struct books *books;
	const struct kept *paid;          /* the fact that counts; NULL: none */
	char provider[BOOKS_ACCOUNT_BYTES];
};

/* The first PAID that is of a checkout of ours; or the first PAID at all, and who said whose it is. */
static void find_paid(struct payment *payment, const struct kept **matched, bool *is_foreign)
{
	const struct kept *first = NULL;

	*matched = NULL;
	for (size_t i = 0; i < payment->count; i++) {
		const struct kept *fact = payment->facts[i];

		if (fact->kind == FACT_MATCHED && fact->frequency > 0 && *matched == NULL)
			*matched = fact;
		if (fact->kind != FACT_PAID)
			continue;
		if (fact->frequency > 0 && payment->paid == NULL)
			payment->paid = fact;
		if (first == NULL)
			first = fact;
	}
	*is_foreign = payment->paid == NULL && first != NULL && *matched == NULL;
	if (payment->paid == NULL && *matched != NULL)
		payment->paid = first;
	else if (payment->paid != NULL)
		*matched = NULL;
}

static void contribute(struct payment *payment, const struct kept *matched)
{
	const struct kept *paid = payment->paid, *whose = matched != NULL ? matched : paid;
	struct books *books = payment->books;
	char income[BOOKS_ACCOUNT_BYTES];

	books->has_contribution = true;
	books->contribution = (struct books_contribution){.id = fact_key_id(&paid->payment), .checkout = whose->checkout,
		.frequency = (enum frequency) (whose->frequency - 1), .rail = paid->rail,
		.amount = money_of(paid->amount, paid->code), .day = day_of(paid)};
	snprintf(income, sizeof(income), "income:%s", frequency_names[books->contribution.frequency]);
	book(books, BOOKING_CONTRIBUTION, &paid->payment, day_of(paid), payment->provider, income, books->contribution.amount);
}

static void note_fee(struct payment *payment, int64_t minor, const char *code)
{
	struct books_contribution *contribution = &payment->books->contribution;

	if (!same_code(code, contribution->amount.code))
		return;
	contribution->has_fee = true;
	contribution->fee_minor += minor;
}

/* Has an earlier fact of this kind the same item? */
static bool is_repeated(const struct payment *payment, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (payment->facts[i]->kind == payment->facts[at]->kind &&
			fact_keys_equal(&payment->facts[i]->item, &payment->facts[at]->item))
			return true;
	return false;
}

static void exchange(struct payment *payment, const struct kept *fee)
{
	struct books *books = payment->books;
	struct money given = books->contribution.amount, settled = money_of(fee->amount, fee->code);
	struct books_booking *booking = &books->bookings[books->booking_count];

	if (fee->amount <= 0 || same_code(given.code, settled.code))
		return;
	*booking = (struct books_booking){.kind = BOOKING_EXCHANGE, .reason = fee->item, .day = day_of(fee),
		.contribution = books->contribution.id};
	add_line(booking, "exchange", given);
	add_line(booking, payment->provider, settled);
	given.minor = -given.minor;
	settled.minor = -settled.minor;
	add_line(booking, payment->provider, given);
	add_line(booking, "exchange", settled);
	books->booking_count++;
}

/* A fee is told with the payment (then its name is the payment's), or by a fact of its own. */
static void book_fees(struct payment *payment)
{
	struct books *books = payment->books;
	bool is_told = false;

	for (size_t i = 0; i < payment->count; i++) {
		const struct kept *fact = payment->facts[i];

		if (fact->kind == FACT_FEE && !is_repeated(payment, i)) {
			if (fact->fee_code[0] == '\0')
				continue;
			note_fee(payment, fact->fee, fact->fee_code);
			exchange(payment, fact);
			book(books, BOOKING_FEE, &fact->item, day_of(fact), "fees", payment->provider, money_of(fact->fee, fact->fee_code));
		} else if (fact->kind == FACT_PAID && fact->fee_code[0] != '\0' && !is_told) {
			is_told = true;
			note_fee(payment, fact->fee, fact->fee_code);
			book(books, BOOKING_FEE, &fact->payment, day_of(fact), "fees", payment->provider,
				money_of(fact->fee, fact->fee_code));
		}
	}
}

/* --- refunds --- */

static void derive_refund(struct payment *payment, size_t at)
{
	struct books *books = payment->books;
	struct books_refund *refund = &books->refunds[books->refund_count];
	const struct kept *first = payment->facts[at], *done = NULL, *failed = NULL;

	*refund = (struct books_refund){.id = fact_key_id(&first->item), .day = day_of(first), .state = REFUND_PENDING};
	for (size_t i = at; i < payment->count; i++) {
		const struct kept *fact = payment->facts[i];

		if (fact->kind != FACT_REFUND || !fact_keys_equal(&fact->item, &first->item))
			continue;
		if (refund->amount.minor == 0 && fact->amount > 0)
			refund->amount = money_of(fact->amount, fact->code);
		if (fact->step == REFUND_SUCCEEDED && done == NULL)
			done = fact;
		if (fact->step == REFUND_HAS_FAILED && failed == NULL)
			failed = fact;
	}
	if (refund->amount.minor == 0)
		return;
	books->refund_count++;
	if (done != NULL) {
		refund->state = REFUND_DONE;
		refund->day = day_of(done);
		book(books, BOOKING_REFUND, &first->item, day_of(done), "given-back", payment->provider, refund->amount);
	}
	if (failed != NULL) {
		refund->state = REFUND_FAILED;
		if (done != NULL)
			book(books, BOOKING_REFUND_FAILED, &first->item, day_of(failed), payment->provider, "given-back", refund->amount);
	} else if (done != NULL && same_code(refund->amount.code, books->contribution.amount.code)) {
		books->contribution.refunded_minor += refund->amount.minor;
	}
}

/* --- disputes --- */

/* The days on which money left, came back, and was lost for good; 0: it did not. */
struct dispute_days {
	int32_t taken, back, lost;
};

static void gather_dispute(const struct payment *payment, size_t at, struct books_dispute *dispute, struct dispute_days *days,
	char fee_code[4], char back_code[4])
{
	const struct kept *first = payment->facts[at];
	static const enum dispute_state of_step[DISPUTE_STEP_COUNT] = {[DISPUTE_IS_WARNED] = DISPUTE_WARNED,
		[DISPUTE_IS_OPEN] = DISPUTE_OPEN, [DISPUTE_IS_ANSWERED] = DISPUTE_ANSWERED, [DISPUTE_IS_WON] = DISPUTE_WON,
		[DISPUTE_IS_LOST] = DISPUTE_LOST};

	*dispute = (struct books_dispute){.id = fact_key_id(&first->item), .day = day_of(first), .state = of_step[first->step]};
	for (size_t i = at; i < payment->count; i++) {
		const struct kept *fact = payment->facts[i];

		if (fact->kind != FACT_DISPUTE || !fact_keys_equal(&fact->item, &first->item))
			continue;
		if (of_step[fact->step] > dispute->state)
			dispute->state = of_step[fact->step];
		if (fact->amount > 0 && days->taken == 0)
			days->taken = day_of(fact);
		if (fact->amount > dispute->amount.minor)
			dispute->amount = money_of(fact->amount, fact->code);
		if (fact->fee > dispute->fee_minor) {
			dispute->fee_minor = fact->fee;
			memcpy(fee_code, fact->fee_code, 4);
		}
		if (fact->back > 0 && days->back == 0)
			days->back = day_of(fact);
		if (fact->back > dispute->back_minor) {
			dispute->back_minor = fact->back;
			memcpy(back_code, fact->back_code, 4);
		}
		if (fact->step == DISPUTE_IS_LOST && days->lost == 0)
			days->lost = day_of(fact);
		if (fact->due_day > dispute->due_day)
			dispute->due_day = fact->due_day;
		if (dispute->reason == NULL)
			dispute->reason = fact->reason;
	}
}

static void derive_dispute(struct payment *payment, size_t at)
{
	struct books *books = payment->books;
	struct books_dispute *dispute = &books->disputes[books->dispute_count++];
	const struct fact_key *reason = &payment->facts[at]->item;
	struct dispute_days days = {0};
	char fee_code[4] = "", back_code[4] = "";
	int64_t rest;

	gather_dispute(payment, at, dispute, &days, fee_code, back_code);
	if (dispute->amount.minor == 0)
		return;
	book(books, BOOKING_DISPUTE, reason, days.taken, "disputed", payment->provider, dispute->amount);
	book(books, BOOKING_DISPUTE_FEE, reason, days.taken, "fees", payment->provider, money_of(dispute->fee_minor, fee_code));
	if (same_code(back_code, dispute->amount.code))
		book(books, BOOKING_DISPUTE_WON, reason, days.back, payment->provider, "disputed",
			money_of(dispute->back_minor, back_code));
	rest = dispute->amount.minor - dispute->back_minor;
	if (dispute->state == DISPUTE_LOST && rest > 0)
		book(books, BOOKING_DISPUTE_LOST, reason, days.lost, "given-back", "disputed", money_of(rest, dispute->amount.code));
}

/* How the contribution stands after what was given back and disputed. */
static void state_contribution(struct books *books)
{
	struct books_contribution *contribution = &books->contribution;
	enum contribution_step step = contribution->refunded_minor == 0 ? CONTRIBUTION_NONE :
		contribution->refunded_minor < contribution->amount.minor ? CONTRIBUTION_PART : CONTRIBUTION_ALL;

	for (size_t i = 0; i < books->dispute_count; i++) {
		enum dispute_state state = books->disputes[i].state;

		if (state == DISPUTE_LOST)
			step = CONTRIBUTION_IS_LOST;
		else if (state != DISPUTE_WON && step != CONTRIBUTION_IS_LOST)
			step = CONTRIBUTION_IS_DISPUTED;
	}
	must(contribution_next(CONTRIBUTION_BOOKED, step, &contribution->state));
}

/* --- renewals that failed --- */

static void derive_renewal(struct payment *payment)
{
	struct books *books = payment->books;
	struct books_renewal *renewal = &books->renewal;
	const struct kept *last = NULL, *why = NULL;

	for (size_t i = 0; i < payment->count; i++) {
		const struct kept *fact = payment->facts[i];

		if (fact->kind != FACT_RENEWAL_FAILED)
			continue;
		if (fact->reason != NULL && fact->reason[0] != '\0')
			why = fact;
		if (fact->frequency > 0 && (last == NULL || fact->attempt >= last->attempt))
			last = fact;
		if (fact->frequency > 0 && !books->has_renewal) {
			books->has_renewal = true;
			*renewal = (struct books_renewal){.id = fact_key_id(&fact->payment), .checkout = fact->checkout,
				.frequency = (enum frequency) (fact->frequency - 1), .amount = money_of(fact->amount, fact->code),
				.day = day_of(fact)};
		}
	}
	if (last == NULL)
		return;
	renewal->attempts = last->attempt;
	renewal->next_day = last->next_day;
	renewal->reason = why != NULL ? why->reason : NULL;
	renewal->state = payment->paid != NULL ? RENEWAL_RECOVERED : last->next_day == 0 ? RENEWAL_GIVEN_UP : RENEWAL_FAILING;
}

static void derive_payment(const struct kept **facts, size_t count, struct books *books)
{
	struct payment payment = {.facts = facts, .count = count, .books = books};
	const struct kept *matched;
	bool is_foreign;

	find_paid(&payment, &matched, &is_foreign);
	derive_renewal(&payment);
	books->state = payment.paid != NULL || books->has_renewal ? EVENT_APPLIED : is_foreign ? EVENT_FOREIGN : EVENT_PARKED;
	if (payment.paid == NULL)
		return;
	name_provider(payment.provider, payment.paid->rail);
	contribute(&payment, matched);
	book_fees(&payment);
	for (size_t i = 0; i < count; i++) {
		if (facts[i]->kind == FACT_REFUND && !is_repeated(&payment, i))
			derive_refund(&payment, i);
		if (facts[i]->kind == FACT_DISPUTE && !is_repeated(&payment, i))
			derive_dispute(&payment, i);
	}
	state_contribution(books);
}

/* --- payouts --- */

static void derive_payout(const struct kept **facts, size_t count, struct books *books)
{
	const struct kept *arrived = NULL, *failed = NULL, *first = facts[0];
	struct books_payout *payout = &books->payout;
	char provider[BOOKS_ACCOUNT_BYTES];

	books->has_payout = true;
	*payout = (struct books_payout){.id = fact_key_id(&first->item), .rail = first->rail, .day = day_of(first),
		.state = PAYOUT_SENT};
	name_provider(provider, first->rail);
	for (size_t i = 0; i < count; i++) {
		const struct kept *fact = facts[i];

		if (payout->amount.minor == 0 && fact->amount > 0)
			payout->amount = money_of(fact->amount, fact->code);
		if (fact->due_day != 0)
			payout->arrives_day = fact->due_day;
		if (fact->step == PAYOUT_HAS_ARRIVED && arrived == NULL)
			arrived = fact;
		if (fact->step == PAYOUT_HAS_FAILED && failed == NULL)
			failed = fact;
		if (fact->reason != NULL && fact->reason[0] != '\0')
			payout->reason = fact->reason;
	}
	if (arrived != NULL) {
		payout->state = PAYOUT_ARRIVED;
		payout->day = day_of(arrived);
		book(books, BOOKING_PAYOUT, &first->item, day_of(arrived), "bank", provider, payout->amount);
	}
	if (failed != NULL) {
		payout->state = PAYOUT_FAILED;
		if (arrived != NULL)
			book(books, BOOKING_PAYOUT_FAILED, &first->item, day_of(failed), provider, "bank", payout->amount);
	}
}

/* A movement of a payout. What is the provider's own charge, of no payment, is a fee. */
static void derive_part(const struct kept *fact, struct books *books)
{
	bool is_item = fact_key_is(&fact->also);
	struct fact_key own = {0};
	char provider[BOOKS_ACCOUNT_BYTES];

	memcpy(own.at, fact->event, sizeof(fact->event));
	memcpy(own.at + sizeof(fact->event), fact->item.at, sizeof(own.at) - sizeof(fact->event));
	books->has_part = true;
	books->part = (struct books_part){.id = fact_key_id(&own), .payout = fact_key_id(&fact->item),
		.name = is_item ? fact->also : fact->payment, .is_item = is_item, .amount = money_of(fact->amount, fact->code),
		.reason = fact->reason};
	if (is_item || fact_key_is(&fact->payment))
		return;
	name_provider(provider, fact->rail);
	book(books, BOOKING_FEE, &own, day_of(fact), provider, "fees", books->part.amount);
}

/* --- the whole --- */

bool books_derive(const struct kept **facts, size_t count, struct arena *arena, struct books *books)
{
	*books = (struct books){.state = EVENT_APPLIED};
	if (count == 0)
		return true;
	/* Each fact books at most three times; a refund's and a dispute's are the most. */
	books->bookings = arena_alloc_many(arena, 4 * count + 4, sizeof(*books->bookings));
	books->refunds = arena_alloc_many(arena, count, sizeof(*books->refunds));
	books->disputes = arena_alloc_many(arena, count, sizeof(*books->disputes));
	if (books->bookings == NULL || books->refunds == NULL || books->disputes == NULL)
		return false;
	qsort(facts, count, sizeof(facts[0]), compare);
	if (facts[0]->kind == FACT_PAYOUT)
		derive_payout(facts, count, books);
	else if (facts[0]->kind == FACT_PAYOUT_PART)
		derive_part(facts[0], books);
	else if (facts[0]->kind != FACT_MANDATE)
		derive_payment(facts, count, books);
	return true;
}

/* --- periods --- */

static bool is_same_reason(const struct books_booking *a, const struct books_booking *b)
{
	return a->kind == b->kind && fact_keys_equal(&a->reason, &b->reason);
}

static void subtract(struct books_booking *from, const struct books_booking *stated)
{
	for (size_t i = 0; i < stated->count; i++) {
		struct money amount = stated->lines[i].amount;

		amount.minor = -amount.minor;
		add_line(from, stated->lines[i].account, amount);
	}
}

static void finish(struct books_booking *booking, int32_t period, int32_t first_day, size_t *count)
{
	booking->period = period;
	booking->id = booking_id(booking->kind, &booking->reason, period);
	if (booking->day < first_day)
		booking->day = first_day;
	*count += booking->count > 0;
}

/* Was this one's reason seen before `at` in the list? */
static bool is_seen(const struct books_booking *list, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (is_same_reason(&list[i], &list[at]))
			return true;
	return false;
}

bool books_less_stated(const struct books *target, const struct books_booking *stated, size_t stated_count, int32_t period,
	int32_t first_day, int32_t until_day, struct arena *arena, struct books_booking **out, size_t *count)
{
	*count = 0;
	*out = arena_alloc_many(arena, target->booking_count + stated_count + 1, sizeof(**out));
	if (*out == NULL)
		return false;
	for (size_t i = 0; i < target->booking_count; i++) {
		struct books_booking *booking = &(*out)[*count];

		*booking = target->bookings[i];
		if (booking->day > until_day)
			continue;
		for (size_t j = 0; j < stated_count; j++)
			if (is_same_reason(booking, &stated[j]))
				subtract(booking, &stated[j]);
		finish(booking, period, first_day, count);
	}
	/* What was stated and is not so: taken back. */
	for (size_t i = 0; i < stated_count; i++) {
		struct books_booking *booking = &(*out)[*count];
		bool is_target = false;

		for (size_t j = 0; j < target->booking_count; j++)
			is_target |= is_same_reason(&target->bookings[j], &stated[i]);
		if (is_target || is_seen(stated, i))
			continue;
		*booking = stated[i];
		booking->count = 0;
		for (size_t j = i; j < stated_count; j++)
			if (is_same_reason(&stated[j], &stated[i]))
				subtract(booking, &stated[j]);
		finish(booking, period, first_day, count);
	}
	return true;
}

/* --- digests --- */

static void add_hash(struct books_digest *digest, const char *text, size_t len)
{
	uint64_t lanes[4];

	must(crypto_generichash((unsigned char *) lanes, sizeof(lanes), (const unsigned char *) text, len, NULL, 0) == 0);
	for (size_t i = 0; i < 4; i++)
		digest->lanes[i] += lanes[i];
}

void books_digest_booking(struct books_digest *digest, const struct books_booking *booking)
{
	char text[512];
	int len = snprintf(text, sizeof(text), "b %lld %s %d %d %lld", (long long) booking->id, booking_names[booking->kind],
		booking->period, booking->day, (long long) booking->contribution);

	for (size_t i = 0; i < booking->count; i++)
		len += snprintf(text + len, sizeof(text) - (size_t) len, " %s %lld %s", booking->lines[i].account,
			(long long) booking->lines[i].amount.minor, booking->lines[i].amount.code);
	add_hash(digest, text, (size_t) len);
	digest->bookings++;
}

void books_digest_contribution(struct books_digest *digest, const struct books_contribution *one)
{
	char text[512];
	int len = snprintf(text, sizeof(text), "c %lld %lld %d %s %lld %s %d %lld %lld %d %d", (long long) one->id,
		(long long) one->checkout, (int) one->frequency, rails[one->rail]->name, (long long) one->amount.minor,
		one->amount.code, one->has_fee, (long long) (one->has_fee ? one->fee_minor : 0), (long long) one->refunded_minor,
		(int) one->state, one->day);

	add_hash(digest, text, (size_t) len);
	digest->contributions++;
}

bool books_digests_equal(const struct books_digest *a, const struct books_digest *b)
{
	return memcmp(a->lanes, b->lanes, sizeof(a->lanes)) == 0 && a->bookings == b->bookings &&
		a->contributions == b->contributions;
}

void books_digest_write(const struct books_digest *digest, char out[65])
{
	sodium_bin2hex(out, 65, (const unsigned char *) digest->lanes, sizeof(digest->lanes));
}
