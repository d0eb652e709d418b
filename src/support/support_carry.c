/* support_carry.c: what was booked before facts were kept becomes facts.
 *
 * Decides: which fact each row of `carried` is (schema 002 laid them there). Leaves to others: everything after that. Runs in:
 * support, once, at the start after that migration. The hard thing: none of it may be lost or doubled by a crash: a row goes in
 * the transaction that takes its fact.
 * SPDX-License-Identifier: ISC */
#include "base/fault.h"
#include "base/log.h"
#include "gen/support_sql.h"
#include "store/store.h"
#include "support_inside.h"

enum { ARENA_BYTES = 4 * 1024 * 1024, DAY_S = 86400, OLD_TEXTS = 5 };

/* Columns of carried_next. */
enum { ID, KIND, TYPE, STATE, CHECKOUT, AMOUNT, CURRENCY, NAME, ALSO, ITEM, DAY, SEALED };

static void copy_key(struct fact_key *key, struct str index)
{
	if (index.len >= sizeof(key->at))
		memcpy(key->at, index.at, sizeof(key->at));
}

static bool next_number(struct str *rest, int64_t *out)
{
	struct str piece;

	return str_next(rest, ' ', &piece) && str_to_i64(piece, out);
}

/* A parked event as it was kept then: "time checkout paid step minor code payment invoice subscription balance refund". */
static bool read_parked(struct str text, struct str type, struct facts *facts)
{
	struct str rest = text, piece, texts[OLD_TEXTS];
	int64_t is_paid, step, minor;
	struct str code;

	if (!next_number(&rest, &facts->created_s) || !next_number(&rest, &facts->checkout) || !next_number(&rest, &is_paid) ||
		!next_number(&rest, &step) || step < 0 || step >= REFUND_STEP_COUNT || !next_number(&rest, &minor) || !str_next(&rest, ' ', &code))
		return false;
	for (size_t i = 0; i < OLD_TEXTS; i++) {
		if (!str_next(&rest, ' ', &piece))
			return false;
		texts[i] = str_is(piece, "-") ? (struct str){NULL, 0} : piece;
	}
	facts->amount = facts_money(minor, code);
	facts->payment = texts[0];
	facts->subscription = texts[2];
	facts->item = texts[4];
	facts->refund_step = (enum refund_step) step;
	if (str_starts(type, STR("refund."))) {
		facts->kind = FACT_REFUND;
	} else if (str_starts(type, STR("invoice_payment."))) {
		facts->kind = FACT_NAMED;
		facts->payment = texts[1];
		facts->also = texts[0];
	}
	return true;
}

static bool take_parked(struct support *support, const struct store_row *row, struct arena *arena, struct fault *f)
{
	struct facts facts = {.rail = "stripe", .type = row->columns[TYPE].bytes, .live = support->settings->live};
	struct fault unread = {0};
	struct str text;
	bool is_new;

	/* Its event's name is not known any more; this one is as good, since it is parked once. */
	facts.event = str_format(arena, "carried-%lld", (long long) row->columns[ID].number);
	if (!seal_open(support->seal_key, row->columns[SEALED].bytes, arena, &text, &unread) ||
		!read_parked(text, row->columns[TYPE].bytes, &facts)) {
		log_fault(&unread, "carrying a parked event over");
		return true;
	}
	return support_take_inside(support, &facts, arena, &is_new, f);
}

/* A question about a fee. */
static bool take_ask(struct support *support, const struct store_row *row, struct arena *arena, struct fault *f)
{
	struct str name = row->columns[NAME].bytes, text, what;
	unsigned char index[SEAL_INDEX_BYTES], sealed[SEAL_BYTES];
	struct fact_key key = {0};
	struct fault unread = {0};
	int64_t subject = 0;

	copy_key(&key, name);
	if (!seal_open(support->seal_key, row->columns[SEALED].bytes, arena, &text, &unread))
		return true;
	what = str_format(arena, "fee:%.*s", STR_ARG(text));
	if (fact_key_is(&key) && !support_name_subject(support, &key, &subject, f))
		return false;
	support_rail_index(support, "support.ask", "stripe", what, index);
	return seal(support->sealer, what, sealed, f) && store_run(support->db, SUPPORT_SQL_ASK_INSERT,
		STORE_ARGS(store_i64(kept_id(index)), store_text(STR("stripe")), subject != 0 ? store_i64(subject) : store_null(),
			store_blob(str_make(sealed, sizeof(sealed))), store_i64(clock_now().us), store_i64(clock_utc_day(clock_now()))), NULL, f);
}

static bool frequency_of(struct support *support, int64_t checkout, struct arena *arena, uint8_t *frequency, struct fault *f)
{
	struct support_checkout row;
	bool found = false;

	if (!support_find_checkout(
			support, SUPPORT_BY_ID, str_format(arena, "%lld", (long long) checkout), arena, &row, &found, f))
		return false;
	*frequency = found ? (uint8_t) (row.frequency + 1) : 0;
	return true;
}

static void read_kept(const struct store_row *row, struct kept *kept)
{
	const struct store_value *columns = row->columns;
	struct str kind = columns[KIND].bytes, state = columns[STATE].bytes, code = columns[CURRENCY].bytes;

	kept->created_s = columns[DAY].number * DAY_S;
	copy_key(&kept->payment, columns[NAME].bytes);
	copy_key(&kept->also, columns[ALSO].bytes);
	copy_key(&kept->item, columns[ITEM].bytes);
	if (str_is(kind, "fee")) {
		kept->kind = FACT_FEE;
		kept->fee = columns[AMOUNT].number;
		memcpy(kept->fee_code, code.at, code.len == 3 ? 3 : 0);
		return;
	}
	kept->kind = str_is(kind, "paid") ? FACT_PAID : str_is(kind, "named") ? FACT_NAMED : FACT_REFUND;
	kept->amount = columns[AMOUNT].number;
	if (code.len == 3)
		memcpy(kept->code, code.at, 3);
	kept->checkout = columns[CHECKOUT].number;
	if (kept->kind == FACT_REFUND)
		kept->step = str_is(state, "done") ? REFUND_SUCCEEDED : str_is(state, "failed") ? REFUND_HAS_FAILED : REFUND_IS_ASKED;
}

static bool take_kept(struct support *support, const struct store_row *row, struct arena *arena, struct fault *f)
{
	unsigned char index[SEAL_INDEX_BYTES], sealed[KEPT_BYTES];
	struct kept kept = {0};
	enum event_state state;
	int64_t subject;
	size_t len;

	read_kept(row, &kept);
	support_index(support, "support.carried", str_format(arena, "%lld", (long long) row->columns[ID].number), index);
	memcpy(kept.event, index, sizeof(kept.event));
	if (!fact_key_is(&kept.payment) && !fact_key_is(&kept.also)) /* of what nobody named: a payment of its own */
		copy_key(&kept.payment, str_make(index, sizeof(index)));
	if ((kept.kind == FACT_PAID && !frequency_of(support, kept.checkout, arena, &kept.frequency, f)) ||
		!support_find_subject(support, &kept, arena, &subject, f) || !support_write_books(support, subject, &kept, arena, &state, f))
		return false;
	len = kept_seal(support, index, &kept, sealed);
	return store_run(support->db, SUPPORT_SQL_EVENT_INSERT, STORE_ARGS(store_i64(kept_id(index)),
		store_blob(str_make(index, sizeof(index))), store_text(STR("stripe")), store_text(STR("carried")),
		store_text(event_state_name(state)), store_i64(subject), store_i64(support->open_period),
		store_i64(clock_utc_day(clock_now())), store_blob(str_make(sealed, len)), store_null()), NULL, f);
}

static bool take(struct support *support, const struct store_row *row, struct arena *arena, struct fault *f)
{
	struct str kind = row->columns[KIND].bytes;
	bool ok = str_is(kind, "event") ? take_parked(support, row, arena, f) :
		str_is(kind, "ask") ? take_ask(support, row, arena, f) : take_kept(support, row, arena, f);

	return ok && store_run(support->db, SUPPORT_SQL_CARRIED_DROP, STORE_ARGS(store_i64(row->columns[ID].number)), NULL, f);
}

bool support_carry(struct support *support, struct fault *f)
{
	struct arena arena;
	size_t count = 0;
	bool ok, found = true;

	arena_init(&arena, "carry", ARENA_BYTES);
	ok = support_know_period(support, f);
	while (ok && found) {
		struct store_row row;

		ok = store_one(support->db, SUPPORT_SQL_CARRIED_NEXT, STORE_NO_ARGS, &arena, &row, &found, f);
		if (ok && found) {
			ok = store_begin(support->db, f);
			ok = ok && store_end(support->db, take(support, &row, &arena, f), f);
			count++;
		}
		arena_reset(&arena);
	}
	arena_release(&arena);
	if (ok && count > 0)
		log_event(LOG_BOOKED, LOG_C("kind", "carried"), LOG_I64("rows", (int64_t) count));
	return ok;
}
