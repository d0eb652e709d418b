/* support_ledger.c: what a subject's facts come to, written into the tables.
 *
 * Decides: which rows that touches: only those that differ. Leaves to others: what facts come to (support_books.c), the
 * schema's own laws (sums, closed periods). Runs in: support, inside the transaction that keeps the fact. The hard thing: what
 * is written must be the same in every order of arrival, so nothing is ever added to what stands there: the whole is worked out
 * anew and held against it.
 * SPDX-License-Identifier: ISC */
#include "base/fault.h"
#include "base/log.h"
#include "base/must.h"
#include "gen/support_sql.h"
#include "store/store.h"
#include "support_inside.h"

bool support_know_period(struct support *support, struct fault *f)
{
	int64_t number, last_day;

	if (support->is_period_known)
		return true;
	if (!store_number(support->db, SUPPORT_SQL_PERIOD_OPEN, STORE_NO_ARGS, &number, f) ||
		!store_number(support->db, SUPPORT_SQL_PERIOD_LAST_DAY, STORE_NO_ARGS, &last_day, f))
		return false;
	support->open_period = (int32_t) number;
	support->first_day = (int32_t) last_day + 1;
	memset(support->told_day, 0, sizeof(support->told_day));
	support->account_count = 0;
	support->is_period_known = true;
	return true;
}

/* --- facts --- */

static bool read_fact(struct support *support, const struct store_rows *rows, struct kept_row *row, struct fault *f)
{
	if (store_column_is_null(rows, 4)) /* kept before there were facts, or of no use */
		return false;
	row->id = store_column_i64(rows, 0);
	if (!kept_open(support, store_column_text(rows, 1), store_column_text(rows, 4), &row->kept, row->reason, f))
		return false;
	row->kept.period = (int32_t) store_column_i64(rows, 3);
	return event_state_from(store_column_text(rows, 2), &row->state) || fault_set(f, FAULT_IO, "an event's row cannot be read");
}

bool support_read_facts(struct support *support, int64_t subject, struct arena *arena, struct kept_row **out, size_t *count,
	struct fault *f)
{
	size_t room = 16;
	struct store_rows rows;
	bool ok = true;

	*count = 0;
	*out = arena_alloc_many(arena, room, sizeof(**out));
	if (*out == NULL)
		return fault_full(f, "a payment's facts");
	if (!store_rows_begin(support->db, SUPPORT_SQL_EVENT_OF_SUBJECT, STORE_ARGS(store_i64(subject)), &rows, f))
		return false;
	while (ok && store_rows_next(&rows, f)) {
		if (*count == room) {
			struct kept_row *more = arena_alloc_many(arena, 2 * room, sizeof(*more));

			if (more == NULL) {
				ok = fault_full(f, "a payment's facts");
				break;
			}
			memcpy(more, *out, room * sizeof(*more));
			for (size_t i = 0; i < room; i++)
				more[i].kept.reason = more[i].reason;
			*out = more;
			room *= 2;
		}
		if (read_fact(support, &rows, &(*out)[*count], f))
			(*count)++;
		else
			ok = f->kind == FAULT_NONE;
	}
	return store_rows_end(&rows) && ok;
}

/* --- bookings --- */

static int64_t account_id(const char *name, const char *currency)
{
	char text[BOOKS_ACCOUNT_BYTES + 8];
	unsigned char hash[SEAL_HASH_BYTES];
	struct fact_key key;
	int len = snprintf(text, sizeof(text), "%s %s", name, currency);

	seal_token_hash(str_make(text, (size_t) len), hash);
	memcpy(key.at, hash, sizeof(key.at));
	return fact_key_id(&key);
}

/* Each is made once; which are there is remembered. */
static bool put_account(struct support *support, int64_t id, const struct books_line *line, struct fault *f)
{
	for (size_t i = 0; i < support->account_count; i++)
		if (support->accounts[i] == id)
			return true;
	if (!store_run(support->db, SUPPORT_SQL_ACCOUNT_PUT,
			STORE_ARGS(store_i64(id), store_text(str_from(line->account)), store_text(str_from(line->amount.code))), NULL, f))
		return false;
	if (support->account_count < SUPPORT_ACCOUNTS)
		support->accounts[support->account_count++] = id;
	return true;
}

static bool write_booking(struct support *support, int64_t subject, const struct books_booking *booking, struct fault *f)
{
	for (size_t i = 0; i < booking->count; i++) {
		const struct books_line *line = &booking->lines[i];
		int64_t account = account_id(line->account, line->amount.code);

		if (!put_account(support, account, line, f) || !store_run(support->db, SUPPORT_SQL_ENTRY_INSERT,
				STORE_ARGS(store_i64(booking->id), store_i64(account), store_i64(line->amount.minor)), NULL, f))
			return false;
	}
	if (!store_run(support->db, SUPPORT_SQL_BOOKING_PUT, STORE_ARGS(store_i64(booking->id), store_i64(subject),
			store_text(booking_kind_name(booking->kind)), store_blob(str_make(booking->reason.at, sizeof(booking->reason.at))),
			booking->contribution != 0 ? store_i64(booking->contribution) : store_null(), store_i64(booking->period),
			store_i64(booking->day)), NULL, f))
		return false;
	log_event(LOG_BOOKED, LOG_STR("kind", booking_kind_name(booking->kind)), LOG_I64("minor", booking->lines[0].amount.minor),
		LOG_C("currency", booking->lines[0].amount.code));
	return true;
}

static bool drop_booking(struct support *support, int64_t id, struct fault *f)
{
	return store_run(support->db, SUPPORT_SQL_BOOKING_DROP, STORE_ARGS(store_i64(id)), NULL, f) &&
		store_run(support->db, SUPPORT_SQL_ENTRY_DROP, STORE_ARGS(store_i64(id)), NULL, f);
}

bool support_read_line(const struct store_rows *rows, struct books_booking *booking, bool *is_next, struct fault *f)
{
	int64_t id = store_column_i64(rows, 0);
	struct str reason = store_column_text(rows, 2), account = store_column_text(rows, 6), code = store_column_text(rows, 8);
	struct books_line *line;

	*is_next = booking->id != id;
	if (*is_next) {
		*booking = (struct books_booking){.id = id, .contribution = store_column_i64(rows, 3),
			.period = (int32_t) store_column_i64(rows, 4), .day = (int32_t) store_column_i64(rows, 5)};
		if (!booking_kind_from(store_column_text(rows, 1), &booking->kind) || reason.len != sizeof(booking->reason.at))
			return fault_set(f, FAULT_IO, "a booking's row cannot be read");
		memcpy(booking->reason.at, reason.at, sizeof(booking->reason.at));
	}
	if (booking->count >= BOOKS_LINES || account.len >= BOOKS_ACCOUNT_BYTES || code.len != 3)
		return fault_set(f, FAULT_IO, "an entry's row cannot be read");
	line = &booking->lines[booking->count++];
	memcpy(line->account, account.at, account.len);
	line->amount.minor = store_column_i64(rows, 7);
	memcpy(line->amount.code, code.at, 3);
	return true;
}

/* The bookings that stand for a subject, by period. */
static bool read_bookings(struct support *support, int64_t subject, struct arena *arena, struct books_booking **out,
	size_t *count, struct fault *f)
{
	size_t room = 16;
	struct store_rows rows;
	bool ok = true;

	*count = 0;
	*out = arena_alloc_many(arena, room, sizeof(**out));
	if (*out == NULL)
		return fault_full(f, "a payment's bookings");
	if (!store_rows_begin(support->db, SUPPORT_SQL_BOOKING_OF_SUBJECT, STORE_ARGS(store_i64(subject)), &rows, f))
		return false;
	while (ok && store_rows_next(&rows, f)) {
		int64_t id = store_column_i64(&rows, 0);
		bool is_next;

		if (*count == 0 || (*out)[*count - 1].id != id) {
			if (*count == room) {
				struct books_booking *more = arena_alloc_many(arena, 2 * room, sizeof(*more));

				if (more == NULL) {
					ok = fault_full(f, "a payment's bookings");
					break;
				}
				memcpy(more, *out, room * sizeof(*more));
				*out = more;
				room *= 2;
			}
			(*count)++;
		}
		ok = support_read_line(&rows, &(*out)[*count - 1], &is_next, f);
	}
	return store_rows_end(&rows) && ok;
}

static bool bookings_equal(const struct books_booking *a, const struct books_booking *b)
{
	if (a->id != b->id || a->day != b->day || a->contribution != b->contribution || a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->lines[i].account, b->lines[i].account) != 0 || a->lines[i].amount.minor != b->lines[i].amount.minor ||
			strcmp(a->lines[i].amount.code, b->lines[i].amount.code) != 0)
			return false;
	return true;
}

static const struct books_booking *find_booking(const struct books_booking *list, size_t count, int64_t id)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].id == id)
			return &list[i];
	return NULL;
}

/* Of the open period: what differs goes, and comes anew. Closed ones are only read. */
static bool write_bookings(struct support *support, int64_t subject, const struct books *books, struct arena *arena, struct fault *f)
{
	struct books_booking *stands, *wanted;
	size_t stands_count, wanted_count, stated = 0;

	if (!read_bookings(support, subject, arena, &stands, &stands_count, f))
		return false;
	while (stated < stands_count && stands[stated].period < support->open_period)
		stated++;
	if (!books_less_stated(books, stands, stated, support->open_period, support->first_day, INT32_MAX, arena, &wanted, &wanted_count))
		return fault_full(f, "a payment's bookings");
	for (size_t i = stated; i < stands_count; i++) {
		const struct books_booking *same = find_booking(wanted, wanted_count, stands[i].id);

		if ((same == NULL || !bookings_equal(same, &stands[i])) && !drop_booking(support, stands[i].id, f))
			return false;
	}
	for (size_t i = 0; i < wanted_count; i++) {
		const struct books_booking *same = find_booking(stands + stated, stands_count - stated, wanted[i].id);

		if ((same == NULL || !bookings_equal(same, &wanted[i])) && !write_booking(support, subject, &wanted[i], f))
			return false;
	}
	return true;
}

/* --- rows --- */

static struct store_value reason_text(const char *reason)
{
	return store_text(reason != NULL && reason[0] != '\0' ? str_from(reason) : STR(""));
}

/* Only another PAID can make it another one. */
static bool write_contribution(struct support *support, int64_t subject, const struct books *books, const struct kept *fresh, struct fault *f)
{
	const struct books_contribution *one = &books->contribution;
	bool may_be_another = fresh == NULL || fresh->kind == FACT_PAID || fresh->kind == FACT_MATCHED;

	if (may_be_another && !store_run(support->db, SUPPORT_SQL_CONTRIBUTION_DROP_OTHERS,
			STORE_ARGS(store_i64(subject), store_i64(books->has_contribution ? one->id : 0)), NULL, f))
		return false;
	return !books->has_contribution || store_run(support->db, SUPPORT_SQL_CONTRIBUTION_PUT,
		STORE_ARGS(store_i64(one->id), store_i64(subject), store_i64(one->checkout),
			store_text(str_from(frequency_names[one->frequency])), store_text(str_from(rails[one->rail]->name)),
			store_i64(one->amount.minor), store_text(str_from(one->amount.code)),
			one->has_fee ? store_i64(one->fee_minor) : store_null(), store_i64(one->refunded_minor),
			store_text(contribution_state_name(one->state)), store_i64(one->day)), NULL, f);
}

static bool write_refunds(struct support *support, int64_t subject, const struct books *books, struct fault *f)
{
	bool ok = true;

	for (size_t i = 0; ok && i < books->refund_count; i++) {
		const struct books_refund *one = &books->refunds[i];

		ok = store_run(support->db, SUPPORT_SQL_REFUND_PUT, STORE_ARGS(store_i64(one->id), store_i64(subject),
			store_i64(books->contribution.id), store_i64(one->amount.minor), store_text(str_from(one->amount.code)),
			store_text(refund_state_name(one->state)), store_i64(one->day)), NULL, f);
	}
	return ok;
}

static bool write_disputes(struct support *support, int64_t subject, const struct books *books, struct fault *f)
{
	bool ok = true;

	for (size_t i = 0; ok && i < books->dispute_count; i++) {
		const struct books_dispute *one = &books->disputes[i];
		const char *code = one->amount.code[0] != '\0' ? one->amount.code : books->contribution.amount.code;

		ok = store_run(support->db, SUPPORT_SQL_DISPUTE_PUT, STORE_ARGS(store_i64(one->id), store_i64(subject),
			store_i64(books->contribution.id), store_i64(one->amount.minor), store_text(str_from(code)),
			store_i64(one->fee_minor), store_i64(one->back_minor), store_text(dispute_state_name(one->state)),
			reason_text(one->reason), store_i64(one->day), store_i64(one->due_day)), NULL, f);
	}
	return ok;
}

static bool write_renewal(struct support *support, int64_t subject, const struct books_renewal *one, struct fault *f)
{
	return store_run(support->db, SUPPORT_SQL_RENEWAL_DROP_OTHERS, STORE_ARGS(store_i64(subject), store_i64(one->id)), NULL, f) &&
		store_run(support->db, SUPPORT_SQL_RENEWAL_PUT, STORE_ARGS(store_i64(one->id), store_i64(subject),
		store_i64(one->checkout), store_text(str_from(frequency_names[one->frequency])), store_i64(one->amount.minor),
		store_text(str_from(one->amount.code)), store_i64(one->attempts), store_text(renewal_state_name(one->state)),
		reason_text(one->reason), store_i64(one->day), store_i64(one->next_day)), NULL, f);
}

static bool write_payout(struct support *support, int64_t subject, const struct books_payout *one, struct fault *f)
{
	return store_run(support->db, SUPPORT_SQL_PAYOUT_PUT, STORE_ARGS(store_i64(one->id), store_i64(subject),
		store_text(str_from(rails[one->rail]->name)), store_i64(one->amount.minor), store_text(str_from(one->amount.code)),
		store_text(payout_state_name(one->state)), reason_text(one->reason), store_i64(one->day), store_i64(one->arrives_day)),
		NULL, f);
}

static bool write_part(struct support *support, int64_t subject, const struct books_part *one, struct fault *f)
{
	return store_run(support->db, SUPPORT_SQL_PAYOUT_PART_PUT, STORE_ARGS(store_i64(one->id), store_i64(subject),
		store_i64(one->payout), store_blob(str_make(one->name.at, sizeof(one->name.at))), store_i64(one->is_item),
		store_i64(fact_key_is(&one->name) ? fact_key_id(&one->name) : 0), store_i64(one->amount.minor),
		store_text(str_from(one->amount.code)), reason_text(one->reason)), NULL, f);
}

static bool move_events(struct support *support, int64_t subject, const struct kept_row *rows, size_t count, enum event_state to,
	struct fault *f)
{
	enum event_step step = to == EVENT_APPLIED ? EVENT_IS_APPLIED : EVENT_IS_FOREIGN;
	bool ok = true;

	for (size_t i = 0; ok && to != EVENT_PARKED && i < count; i++) {
		enum event_state next;

		if (event_next(rows[i].state, step, &next) && next != rows[i].state)
			ok = store_run(support->db, SUPPORT_SQL_EVENT_MOVE, STORE_ARGS(store_i64(subject), store_i64(rows[i].id),
				store_text(event_state_name(rows[i].state)), store_text(event_state_name(next))), NULL, f);
	}
	return ok;
}

bool support_write_books(struct support *support, int64_t subject, const struct kept *fresh, struct arena *arena,
	enum event_state *state, struct fault *f)
{
	const struct kept **facts;
	struct kept_row *rows;
	struct books books;
	size_t count, told;

	if (!support_know_period(support, f) || !support_read_facts(support, subject, arena, &rows, &count, f))
		return false;
	facts = arena_alloc_many(arena, count + 1, sizeof(*facts));
	if (facts == NULL)
		return fault_full(f, "a payment's facts");
	for (told = 0; told < count; told++)
		facts[told] = &rows[told].kept;
	if (fresh != NULL)
		facts[told++] = fresh;
	if (!books_derive(facts, told, arena, &books))
		return fault_full(f, "a payment's books");
	*state = books.state;
	return move_events(support, subject, rows, count, books.state, f) && write_contribution(support, subject, &books, fresh, f) &&
		write_refunds(support, subject, &books, f) && write_disputes(support, subject, &books, f) &&
		(!books.has_renewal || write_renewal(support, subject, &books.renewal, f)) &&
		(!books.has_payout || write_payout(support, subject, &books.payout, f)) &&
		(!books.has_part || write_part(support, subject, &books.part, f)) &&
		write_bookings(support, subject, &books, arena, f);
}
