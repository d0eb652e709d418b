/* support_books.c: the double-entry books.
 *
 * Decides: which accounts a contribution, a fee and a refund touch. Leaves to the schema: that a booking sums to zero
 * in each currency and is never changed. Runs in: support. The hard thing: events repeat and come in any order; a
 * booking is made once per reason, so that every order ends in the same balances.
 *
 * Accounts, debit positive: provider:stripe (what lies there for us), income:once|monthly|annual, given-back (refunds),
 * fees. A contribution: provider +, income −. A fee: fees +, provider −. A refund: given-back +, provider −.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/must.h"
#include "base/rand.h"
#include "gen/support_sql.h"
#include "store/store.h"
#include "support_inside.h"

#define PROVIDER "provider:stripe"

static struct money negative(struct money money)
{
	money.minor = -money.minor;
	return money;
}

static bool find_account(struct support *support, const char *name, const char *currency, int64_t *id, struct fault *f)
{
	struct store_value key[] = {store_text(str_from(name)), store_text(str_from(currency))};

	if (!store_number(support->db, SUPPORT_SQL_ACCOUNT_FIND, key, 2, id, f))
		return false;
	if (*id != 0)
		return true;
	*id = rand_id();
	return store_run(support->db, SUPPORT_SQL_ACCOUNT_INSERT, STORE_ARGS(store_i64(*id), key[0], key[1]), NULL, f);
}

bool support_book(struct support *support, const char *kind, struct str reason, int64_t contribution, int32_t day,
	const struct book_line *lines, size_t count, bool *is_new, struct fault *f)
{
	unsigned char index[SEAL_INDEX_BYTES];
	char domain[64];
	int64_t booking = rand_id();
	int64_t known;

	*is_new = false;
	snprintf(domain, sizeof(domain), "support.booking.%s", kind);
	support_index(support, domain, reason, index);
	if (!store_number(
			support->db, SUPPORT_SQL_BOOKING_KNOWN, STORE_ARGS(store_blob(str_make(index, sizeof(index)))), &known, f))
		return false;
	if (known > 0)
		return true;
	for (size_t i = 0; i < count; i++) {
		int64_t account;

		if (!find_account(support, lines[i].account, lines[i].amount.code, &account, f) ||
			!store_run(support->db, SUPPORT_SQL_ENTRY_INSERT,
				STORE_ARGS(store_i64(booking), store_i64(account), store_i64(lines[i].amount.minor)), NULL, f))
			return false;
	}
	if (!store_run(support->db, SUPPORT_SQL_BOOKING_INSERT, STORE_ARGS(store_i64(booking), store_text(str_from(kind)),
			store_blob(str_make(index, sizeof(index))), store_i64(contribution), store_i64(day)), NULL, f))
		return false;
	*is_new = true;
	log_event(LOG_BOOKED, LOG_C("kind", kind), LOG_I64("minor", lines[0].amount.minor),
		LOG_C("currency", lines[0].amount.code));
	return true;
}

bool support_find_reference(struct support *support, struct str reference, int64_t *contribution, struct fault *f)
{
	unsigned char index[SEAL_INDEX_BYTES];

	*contribution = 0;
	if (reference.len == 0)
		return true;
	support_index(support, "support.reference", reference, index);
	return store_number(support->db, SUPPORT_SQL_REFERENCE_FIND, STORE_ARGS(store_blob(str_make(index, sizeof(index)))),
		contribution, f);
}

bool support_add_reference(struct support *support, struct str reference, int64_t contribution, struct fault *f)
{
	unsigned char index[SEAL_INDEX_BYTES];

	support_index(support, "support.reference", reference, index);
	return store_run(support->db, SUPPORT_SQL_REFERENCE_INSERT,
		STORE_ARGS(store_blob(str_make(index, sizeof(index))), store_i64(contribution)), NULL, f);
}

bool support_book_contribution(struct support *support, const struct support_checkout *checkout, struct str reference,
	struct money amount, int32_t day, struct fault *f)
{
	char income[32];
	const struct book_line lines[] = {{PROVIDER, amount}, {income, negative(amount)}};
	int64_t id;
	bool is_new;

	if (!support_find_reference(support, reference, &id, f))
		return false;
	if (id != 0)
		return true;
	id = rand_id();
	snprintf(income, sizeof(income), "income:%s", frequency_names[checkout->frequency]);
	return store_run(support->db, SUPPORT_SQL_CONTRIBUTION_INSERT,
				STORE_ARGS(store_i64(id), store_i64(checkout->id),
					store_text(str_from(frequency_names[checkout->frequency])), store_text(STR("stripe")),
					store_i64(amount.minor), store_text(str_from(amount.code)),
					store_text(contribution_state_name(CONTRIBUTION_BOOKED)), store_i64(day)),
				NULL, f) &&
		support_add_reference(support, reference, id, f) &&
		support_book(support, "contribution", reference, id, day, lines, 2, &is_new, f);
}

/* The contribution's own row says how much of it was given back. */
static bool restate_refunds(struct support *support, int64_t contribution, struct fault *f)
{
	struct arena arena;
	struct store_row row;
	int64_t given_back;
	enum contribution_state state, next;
	bool found = false;
	bool ok;

	arena_init(&arena, "refund", 4096);
	ok = store_number(support->db, SUPPORT_SQL_REFUND_SUM_DONE, STORE_ARGS(store_i64(contribution)), &given_back, f) &&
		store_one(
			support->db, SUPPORT_SQL_CONTRIBUTION_BY_ID, STORE_ARGS(store_i64(contribution)), &arena, &row, &found, f);
	if (ok && found && contribution_state_from(row.columns[6].bytes, &state)) {
		contribution_next(state, given_back == 0 ? CONTRIBUTION_NONE :
			given_back < row.columns[2].number ? CONTRIBUTION_PART : CONTRIBUTION_ALL, &next);
		ok = store_run(support->db, SUPPORT_SQL_CONTRIBUTION_MOVE,
			STORE_ARGS(store_i64(contribution), store_text(row.columns[6].bytes),
				store_text(contribution_state_name(next)), store_i64(given_back)),
			NULL, f);
	}
	arena_release(&arena);
	return ok;
}

static bool book_refund_move(struct support *support, int64_t contribution, struct str refund, struct money amount,
	enum refund_state from, enum refund_state to, int32_t day, struct fault *f)
{
	const struct book_line given[] = {{"given-back", amount}, {PROVIDER, negative(amount)}};
	const struct book_line returned[] = {{PROVIDER, amount}, {"given-back", negative(amount)}};
	bool is_new;

	if (to == REFUND_DONE)
		return support_book(support, "refund", refund, contribution, day, given, 2, &is_new, f);
	if (from == REFUND_DONE && to == REFUND_FAILED)
		return support_book(support, "refund_failed", refund, contribution, day, returned, 2, &is_new, f);
	return true;
}

bool support_book_refund(struct support *support, int64_t contribution, struct str refund, struct money amount,
	enum refund_step step, int32_t day, struct fault *f)
{
	unsigned char index[SEAL_INDEX_BYTES];
	struct store_value key;
	enum refund_state state = REFUND_NEW, next;
	struct arena arena;
	struct store_row row;
	bool found;
	bool ok;

	arena_init(&arena, "refund", 4096);
	support_index(support, "support.refund", refund, index);
	key = store_blob(str_make(index, sizeof(index)));
	ok = store_one(support->db, SUPPORT_SQL_REFUND_FIND, STORE_ARGS(key), &arena, &row, &found, f);
	if (ok && found)
		must(refund_state_from(row.columns[0].bytes, &state));
	arena_release(&arena);
	if (!ok || !refund_next(state, step, &next))
		return ok;
	if (state == REFUND_NEW)
		ok = store_run(support->db, SUPPORT_SQL_REFUND_INSERT, STORE_ARGS(key, store_i64(contribution),
			store_i64(amount.minor), store_text(refund_state_name(next))), NULL, f);
	else
		ok = store_run(support->db, SUPPORT_SQL_REFUND_MOVE,
			STORE_ARGS(key, store_text(refund_state_name(state)), store_text(refund_state_name(next))), NULL, f);
	return ok && book_refund_move(support, contribution, refund, amount, state, next, day, f) &&
		restate_refunds(support, contribution, f);
}

static bool book_fee_inside(
	struct support *support, int64_t contribution, struct str balance, struct money fee, struct fault *f)
{
	const struct book_line lines[] = {{"fees", fee}, {PROVIDER, negative(fee)}};
	struct arena arena;
	struct store_row row;
	bool found = false;
	bool is_new = true;
	bool ok;

	arena_init(&arena, "fee", 4096);
	ok = store_one(
		support->db, SUPPORT_SQL_CONTRIBUTION_BY_ID, STORE_ARGS(store_i64(contribution)), &arena, &row, &found, f);
	if (ok && found && fee.minor != 0)
		ok = support_book(support, "fee", balance, contribution, clock_utc_day(clock_now()), lines, 2, &is_new, f);
	/* A fee in another currency is in the books alone. */
	if (ok && found && is_new && str_is(row.columns[3].bytes, fee.code))
		ok = store_run(support->db, SUPPORT_SQL_CONTRIBUTION_SET_FEE,
			STORE_ARGS(store_i64(contribution), store_i64(fee.minor)), NULL, f);
	arena_release(&arena);
	return ok && store_run(support->db, SUPPORT_SQL_FEE_DUE_DELETE, STORE_ARGS(store_i64(contribution)), NULL, f);
}

bool support_book_fee(
	struct support *support, int64_t contribution, struct str balance, struct money fee, struct fault *f)
{
	if (!store_begin(support->db, f))
		return false;
	return store_end(support->db, book_fee_inside(support, contribution, balance, fee, f), f) ||
		fault_add(f, "while booking a fee");
}
