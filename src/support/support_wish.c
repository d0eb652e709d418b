/* support_wish.c: refunds that somebody at the desk asks for: one person up to a limit, two above it.
 *
 * Decides: who must have said yes, and when the provider is asked. Leaves to the rail: the call; to its signed event: that money
 * went back. Runs in: support. The hard thing: an answer that does not come. The wish is durable before the provider is asked
 * and its id is the idempotency key, so that asking again gives back once; and the limit counts all that was asked for of one
 * gift, so that two small refunds are not a way around the second person.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/must.h"
#include "base/rand.h"
#include "gen/support_sql.h"
#include "rail.h"
#include "store/store.h"
#include "support_inside.h"
#include "support_numbers.h"
#include "support_receipt.h"
#include "support_wish.h"

enum { REASON_BYTES = 300, NAME_BYTES = 120 };

/* One call of the provider's under way; memory_new. rq: who waits for it, or NULL. */
struct refunding {
	struct support *support;
	struct http_request *rq;
	const struct rail *rail;
	int64_t wish;
};

struct wish {
	int64_t id, contribution, amount;
	enum wish_state state;
	struct str wanted_by;
};

static bool read_wish(struct support *support, int64_t id, struct arena *arena, struct wish *wish, struct fault *f)
{
	struct store_row row;
	bool found;

	if (!store_one(support->db, SUPPORT_SQL_WISH_ONE, STORE_ARGS(store_i64(id)), arena, &row, &found, f))
		return false;
	if (!found)
		return fault_set(f, FAULT_MISSING, "there is no such refund");
	*wish = (struct wish){.id = row.columns[0].number, .contribution = row.columns[1].number, .amount = row.columns[2].number,
		.wanted_by = row.columns[4].bytes};
	return wish_state_from(row.columns[3].bytes, &wish->state) || fault_set(f, FAULT_IO, "a refund's row cannot be read");
}

/* What is noted with a step; empty: nothing. */
struct noted {
	struct str approved_by, said, page;
};

static bool move(struct support *support, int64_t id, enum wish_state from, enum wish_step step, const struct noted *noted, struct fault *f)
{
	unsigned char sealed[SEAL_BYTES];
	enum wish_state to;

	if (!wish_next(from, step, &to))
		return true;
	return (noted->page.len == 0 || seal(support->sealer, noted->page, sealed, f)) &&
		store_run(support->db, SUPPORT_SQL_WISH_MOVE, STORE_ARGS(store_i64(id), store_text(wish_state_name(from)),
			store_text(wish_state_name(to)), store_text_or_null(noted->approved_by), store_text_or_null(noted->said),
			noted->page.len > 0 ? store_blob(str_make(sealed, sizeof(sealed))) : store_null()), NULL, f);
}

static void answer_wish(struct support *support, struct http_request *rq, int64_t id)
{
	struct fault f = {0};
	struct wish wish = {0};
	json_t *value;
	char text[24];

	if (!read_wish(support, id, http_arena(rq), &wish, &f)) {
		http_answer_fault(rq, &f);
		return;
	}
	value = json_object();
	snprintf(text, sizeof(text), "%lld", (long long) id);
	json_object_set_new(value, "id", json_string(text));
	json_object_set_new(value, "state", http_json_str(wish_state_name(wish.state)));
	http_answer_json(rq, 200, value);
}

/* --- asking the provider --- */

static void end(struct refunding *refunding)
{
	struct support *support = refunding->support;

	support->is_refunding = false;
	if (refunding->rq != NULL)
		answer_wish(support, refunding->rq, refunding->wish);
	memory_free(refunding);
}

static void on_refund(void *self, const struct rail_answer *answer, const struct fault *failed)
{
	struct refunding *refunding = self;
	struct support *support = refunding->support;
	struct fault f = {0};
	struct noted noted = {.page = failed == NULL ? answer->url : (struct str){NULL, 0}};
	enum wish_step step = WISH_IS_TAKEN;
	size_t new_count;

	if (failed != NULL) {
		log_fault(failed, "giving money back");
		step = failed->kind == FAULT_BUSY || failed->kind == FAULT_UNCERTAIN ? WISH_IS_DOUBTED : WISH_IS_REFUSED;
		if (step == WISH_IS_REFUSED)
			noted.said = str_from(failed->say);
	}
	if (!move(support, refunding->wish, WISH_ASKING, step, &noted, &f))
		log_fault(&f, "noting how a refund went");
	/* Its event says the same later, and is then known already. */
	for (size_t i = 0; failed == NULL && i < answer->facts_count; i++) {
		struct facts facts = answer->facts[i];

		facts.rail = refunding->rail->name;
		fault_clear(&f);
		if (!support_take(support, &facts, 1, &new_count, &f))
			log_fault(&f, "taking a refund's facts");
	}
	end(refunding);
}

/* The row says asking. False: nothing was begun. */
static bool ask(struct support *support, int64_t id, struct http_request *rq, struct fault *f)
{
	struct refunding *refunding;
	struct rail_line *line;
	struct money amount = {0, ""};
	struct store_row row = {0};
	struct arena arena;
	struct wish wish = {0};
	struct str handle = {NULL, 0};
	bool found = false;
	char key[40];
	bool ok = false;

	arena_init(&arena, "refund", 16 * 1024);
	if (!read_wish(support, id, &arena, &wish, f) ||
		!store_one(support->db, SUPPORT_SQL_WISH_HANDLE, STORE_ARGS(store_i64(wish.contribution)), &arena, &row, &found, f))
		goto done;
	if (!found || row.columns[2].type == STORE_NULL || row.columns[2].bytes.len == 0) {
		fault_set(f, FAULT_MISSING, "by what the provider knows this payment is erased: give it back at the provider's own pages");
		goto done;
	}
	if (!kept_open_handle(support, row.columns[3].bytes, row.columns[2].bytes, &arena, &handle, f))
		goto done;
	line = rail_find(support, row.columns[0].bytes);
	if (line == NULL || !line->is_on || line->rail->refund == NULL) {
		fault_set(f, FAULT_MISSING, "this way of paying gives nothing back by itself: give it back by hand, from the bank or wallet");
		goto done;
	}
	amount.minor = wish.amount;
	snprintf(amount.code, sizeof(amount.code), "%.*s", STR_ARG(row.columns[1].bytes));
	snprintf(key, sizeof(key), "refund-%lld", (long long) id);
	refunding = memory_new(1, sizeof(*refunding));
	*refunding = (struct refunding){support, rq, line->rail, id};
	support->is_refunding = true;
	line->rail->refund(line, handle, amount, str_from(key), on_refund, refunding);
	ok = true;

done:
	arena_release(&arena);
	return ok;
}

/* What cannot even be asked is refused, and says why. */
static void ask_or_refuse(struct support *support, int64_t id, struct http_request *rq)
{
	struct fault f = {0}, second = {0};

	if (support->is_refunding) { /* one at a time: the clock takes it up */
		if (rq != NULL)
			answer_wish(support, rq, id);
		return;
	}
	if (ask(support, id, rq, &f))
		return;
	log_fault(&f, "giving money back");
	if (!move(support, id, WISH_ASKING, WISH_IS_REFUSED, &(struct noted){.said = str_from(f.say)}, &second))
		log_fault(&second, "noting how a refund went");
	if (rq != NULL)
		answer_wish(support, rq, id);
}

void support_settle_refunds(void *self)
{
	struct support *support = self;
	struct fault f = {0};
	int64_t id = 0;

	if (support->is_refunding || support->room->read_only || support->room->draining)
		return;
	if (!store_number(support->db, SUPPORT_SQL_WISH_NEXT, STORE_NO_ARGS, &id, &f) ||
		(id != 0 && !move(support, id, WISH_UNCERTAIN, WISH_IS_APPROVED, &(struct noted){0}, &f)))
		log_fault(&f, "looking for refunds in doubt");
	else if (id != 0)
		ask_or_refuse(support, id, NULL);
}

/* --- asked for --- */

/* Columns of gift_one. */
static bool check_amount(struct support *support, const struct store_row *gift, int64_t amount, bool *needs_two, struct fault *f)
{
	int64_t id = gift->columns[0].number, open = 0, asked = 0, refunded = gift->columns[7].number;
	int64_t left;

	if (!store_number(support->db, SUPPORT_SQL_WISH_SUM_OPEN, STORE_ARGS(store_i64(id)), &open, f) ||
		!store_number(support->db, SUPPORT_SQL_WISH_SUM_ASKED, STORE_ARGS(store_i64(id)), &asked, f))
		return false;
	/* What the provider took may or may not stand in the row already; it never counts twice. */
	left = gift->columns[4].number - open - (asked > refunded ? asked : refunded);
	if (amount <= 0 || amount > left)
		return fault_set(f, FAULT_INPUT, left > 0 ? "at most what is left of it can be given back: nothing was done"
			: "nothing is left of it that could be given back");
	*needs_two = !str_equal(gift->columns[5].bytes, support->settings->currency) ||
		open + (asked > refunded ? asked : refunded) + amount > support->settings->refund_alone.minor;
	return true;
}

void support_post_refund(struct http_request *rq, void *room)
{
	struct support *support = ((struct room *) room)->self;
	const json_t *json = http_json(rq);
	struct str by = {NULL, 0}, reason = str_trim(http_json_text(json, "reason"));
	struct store_row gift;
	struct fault f = {0};
	int64_t contribution = 0, amount = 0, id = rand_id();
	bool found = false, needs_two = true;
	bool ok = (str_to_i64(http_part(rq, "id"), &contribution) || fault_set(&f, FAULT_INPUT, "a gift is named by its id")) &&
		http_json_need_i64(json, "amount_minor", &amount, &f) && http_json_need_text(json, "by", &by, &f);

	if (ok && (by.len > NAME_BYTES || reason.len == 0 || reason.len > REASON_BYTES || str_has_control(reason)))
		ok = fault_set(&f, FAULT_INPUT, "write in one line, of at most %d bytes, why it is given back: never a name", REASON_BYTES);
	ok = ok && store_one(support->db, SUPPORT_SQL_GIFT_ONE, STORE_ARGS(store_i64(contribution)), http_arena(rq), &gift, &found, &f);
	if (ok && !found)
		ok = fault_set(&f, FAULT_MISSING, "there is no such gift");
	ok = ok && check_amount(support, &gift, amount, &needs_two, &f) && store_run(support->db, SUPPORT_SQL_WISH_INSERT,
		STORE_ARGS(store_i64(id), store_i64(contribution), store_i64(amount), store_text(reason),
			store_text(wish_state_name(needs_two ? WISH_WANTED : WISH_ASKING)), store_text(by), store_null(),
			store_i64(clock_utc_day(clock_now()))), NULL, &f);
	if (!ok)
		http_answer_fault(rq, &f);
	else if (needs_two)
		answer_wish(support, rq, id);
	else
		ask_or_refuse(support, id, rq);
}

void support_post_refund_answer(struct http_request *rq, void *room)
{
	struct support *support = ((struct room *) room)->self;
	const json_t *json = http_json(rq);
	struct str by = {NULL, 0}, said = {NULL, 0};
	struct fault f = {0};
	struct wish wish = {0};
	int64_t id = 0;
	bool is_yes = false;
	bool ok = (str_to_i64(http_part(rq, "id"), &id) || fault_set(&f, FAULT_INPUT, "a refund is named by its id")) &&
		http_json_need_text(json, "by", &by, &f) && http_json_need_text(json, "answer", &said, &f) &&
		read_wish(support, id, http_arena(rq), &wish, &f);

	if (ok && wish.state != WISH_WANTED)
		ok = fault_set(&f, FAULT_CONFLICT, "somebody answered this already: it waits for nobody any more");
	is_yes = str_is(said, "approve");
	if (ok && !is_yes && !str_is(said, "decline"))
		ok = fault_set(&f, FAULT_INPUT, "the answer is approve or decline");
	if (ok && is_yes && str_equal_nocase(by, wish.wanted_by))
		ok = fault_set(&f, FAULT_DENIED, "you asked for it, so somebody else must approve it");
	ok = ok && move(support, id, WISH_WANTED, is_yes ? WISH_IS_APPROVED : WISH_IS_DECLINED, &(struct noted){.approved_by = by}, &f);
	if (!ok)
		http_answer_fault(rq, &f);
	else if (is_yes)
		ask_or_refuse(support, id, rq);
	else
		answer_wish(support, rq, id);
}

void support_get_refunds(struct http_request *rq, void *room)
{
	struct support *support = ((struct room *) room)->self;
	json_t *value = json_object(), *list = json_array();
	struct store_rows rows;
	struct fault f = {0};
	bool ok = store_rows_begin(support->db, SUPPORT_SQL_WISH_LIST_OPEN, STORE_NO_ARGS, &rows, &f);

	json_object_set_new(value, "refunds", list);
	while (ok && store_rows_next(&rows, &f)) {
		json_t *one = json_object();
		char text[40];
		struct civil day = clock_civil_utc(clock_from_utc_day((int32_t) store_column_i64(&rows, 6)));

		snprintf(text, sizeof(text), "%lld", (long long) store_column_i64(&rows, 0));
		json_object_set_new(one, "id", json_string(text));
		snprintf(text, sizeof(text), "%lld", (long long) store_column_i64(&rows, 1));
		json_object_set_new(one, "gift", json_string(text));
		json_object_set_new(one, "reference", json_string(support_receipt_name(store_column_i64(&rows, 1), http_arena(rq))));
		json_object_set_new(one, "amount_minor", json_integer(store_column_i64(&rows, 2)));
		json_object_set_new(one, "currency", http_json_str(store_column_text(&rows, 3)));
		json_object_set_new(one, "state", http_json_str(store_column_text(&rows, 4)));
		json_object_set_new(one, "wanted_by", http_json_str(store_column_text(&rows, 5)));
		snprintf(text, sizeof(text), "%04d-%02d-%02d", day.year, day.month, day.day);
		json_object_set_new(one, "day", json_string(text));
		json_array_append_new(list, one);
	}
	if (store_rows_end(&rows) && ok) {
		http_answer_json(rq, 200, value);
		return;
	}
	json_decref(value);
	http_answer_fault(rq, &f);
}
