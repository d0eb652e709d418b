/* support_notice.c: what supporters are told by mail: that a gift came, comes, failed, ended or went back.
 *
 * Decides: what is to be told, and that it is told once. Leaves to newsletter: the mail's words and SMTP, handed over on
 * newsletter.support.sock under a key that makes a repetition harmless. Runs in: support, by the clock. The hard thing: events
 * come in any order and the books may be made again from them; so what is to be told is not noted while an event is taken, but
 * found in the rows as they stand, and UNIQUE (kind, about, step) says what was told already.
 * SPDX-License-Identifier: ISC */
#include "support_notice.h"

#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/must.h"
#include "base/rand.h"
#include "gen/support_sql.h"
#include "press/locale.h"
#include "store/store.h"
#include "support_contact.h"
#include "support_inside.h"
#include "support_push.h"
#include "support_receipt.h"

enum { FOUND_AT_ONCE = 64 };

#define NOTICE_NAME(kind, name, meaning) [kind] = name,
static const char *const kind_names[NOTICE_KIND_COUNT] = {NOTICE_KINDS(NOTICE_NAME)};

/* *changed: 1 when it was not noted before. */
static bool note(struct support *support, const struct support_notice *notice, int64_t *changed, struct fault *f)
{
	char key[RAND_TOKEN_CHARS + 1];

	rand_token(key);
	return store_run(support->db, SUPPORT_SQL_NOTICE_INSERT,
		STORE_ARGS(store_i64(rand_id()), store_text(str_from(kind_names[notice->kind])), store_i64(notice->about),
			store_i64(notice->step), store_i64(notice->checkout), store_i64(notice->amount.minor),
			store_text(str_from(notice->amount.code)), store_i64(notice->day),
			notice->contribution != 0 ? store_i64(notice->contribution) : store_null(), store_text(notice_state_name(NOTICE_DUE)),
			store_text(str_from(key)), store_i64(clock_utc_day(clock_now()))), changed, f);
}

bool support_note(struct support *support, const struct support_notice *notice, struct fault *f)
{
	return note(support, notice, NULL, f);
}

/* --- what the rows tell --- */

/* One more of a query's rows: about, step, checkout, amount, currency, day, contribution or NULL. */
static struct support_notice read_found(const struct store_rows *rows, enum notice_kind kind)
{
	struct support_notice found = {.kind = kind, .about = store_column_i64(rows, 0), .step = store_column_i64(rows, 1),
		.checkout = store_column_i64(rows, 2), .amount.minor = store_column_i64(rows, 3), .day = (int32_t) store_column_i64(rows, 5),
		.contribution = store_column_is_null(rows, 6) ? 0 : store_column_i64(rows, 6)};

	snprintf(found.amount.code, sizeof(found.amount.code), "%.*s", STR_ARG(store_column_text(rows, 4)));
	return found;
}

static bool note_all(struct support *support, const struct support_notice *found, size_t count, int64_t *noted, struct fault *f)
{
	int64_t changed = 0;
	bool ok = true;

	if (count == 0)
		return true;
	if (!store_begin(support->db, f))
		return false;
	for (size_t i = 0; ok && i < count; i++) {
		ok = note(support, &found[i], &changed, f);
		*noted += changed;
	}
	return store_end(support->db, ok, f);
}

/* One kind of thing that is found, a batch at a time. */
static bool find_kind(struct support *support, enum notice_kind kind, enum support_sql query, int32_t today, int64_t *noted, struct fault *f)
{
	struct support_notice found[FOUND_AT_ONCE];
	size_t n;

	do {
		struct store_rows rows;

		n = 0;
		if (!store_rows_begin(support->db, query,
				STORE_ARGS(store_i64(today - NOTICE_LATE_DAYS), store_i64(today + 1), store_i64(FOUND_AT_ONCE)), &rows, f))
			return false;
		while (n < FOUND_AT_ONCE && store_rows_next(&rows, f))
			found[n++] = read_found(&rows, kind);
		if (!store_rows_end(&rows) || !note_all(support, found, n, noted, f))
			return false;
	} while (n == FOUND_AT_ONCE);
	return true;
}

/* A part of the gifts of one day; `after` is the last that was looked at, 0 where none is left. */
static bool look_at_gifts(struct support *support, struct notice_look *look, struct fault *f)
{
	const struct store_value from[] = {store_i64(look->day), store_i64(look->after), store_i64(FOUND_AT_ONCE)};
	struct support_notice found[FOUND_AT_ONCE];
	struct store_rows rows;
	size_t n = 0;

	if (!store_rows_begin(support->db, SUPPORT_SQL_NOTICE_FIND_PAID, from, 3, &rows, f))
		return false;
	for (; n < FOUND_AT_ONCE && store_rows_next(&rows, f); n++)
		found[n] = read_found(&rows, store_column_i64(&rows, 7) ? NOTICE_RENEWED : NOTICE_THANKS);
	if (!store_rows_end(&rows) || !note_all(support, found, n, &look->noted, f) ||
		!store_number(support->db, SUPPORT_SQL_NOTICE_PAID_PART, from, 3, &look->after, f))
		return false;
	if (look->after == 0) /* that day is done */
		look->day++;
	if (look->day > look->today)
		look->at = NOTICE_LOOK_ANNUAL;
	return true;
}

/* A part of the running gifts: annual debits come on the anniversary of their last; which day that is, SQL does not say. */
static bool look_at_annual(struct support *support, struct notice_look *look, struct fault *f)
{
	const struct store_value from[] = {store_i64(look->after), store_i64(FOUND_AT_ONCE)};
	struct support_notice found[FOUND_AT_ONCE];
	struct store_rows rows;
	size_t n = 0;

	if (!store_rows_begin(support->db, SUPPORT_SQL_NOTICE_FIND_ANNUAL, from, 2, &rows, f))
		return false;
	while (n < FOUND_AT_ONCE && store_rows_next(&rows, f)) {
		found[n] = read_found(&rows, NOTICE_UPCOMING);
		found[n].day = push_months_later(found[n].day, 12);
		found[n].step = found[n].day;
		if (found[n].day - NOTICE_AHEAD_DAYS <= look->today && found[n].day > look->today)
			n++;
	}
	if (!store_rows_end(&rows) || !note_all(support, found, n, &look->noted, f) ||
		!store_number(support->db, SUPPORT_SQL_NOTICE_ANNUAL_PART, from, 2, &look->after, f))
		return false;
	if (look->after == 0)
		look->at = NOTICE_LOOK_REST;
	return true;
}

/* These are few, and found by what tells them from others. */
static bool look_at_rest(struct support *support, struct notice_look *look, struct fault *f)
{
	look->at = NOTICE_LOOK_DONE;
	return find_kind(support, NOTICE_CANCELLED, SUPPORT_SQL_NOTICE_FIND_CANCELLED, look->today, &look->noted, f) &&
		find_kind(support, NOTICE_REFUNDED, SUPPORT_SQL_NOTICE_FIND_REFUNDED, look->today, &look->noted, f) &&
		find_kind(support, NOTICE_FAILED, SUPPORT_SQL_NOTICE_FIND_FAILED, look->today, &look->noted, f) &&
		find_kind(support, NOTICE_FAILED_LAST, SUPPORT_SQL_NOTICE_FIND_FAILED_LAST, look->today, &look->noted, f);
}

struct notice_look notice_look_from(int32_t today)
{
	return (struct notice_look){.today = today, .day = today - NOTICE_LATE_DAYS, .at = NOTICE_LOOK_PAID};
}

bool support_look_for_notices(struct support *support, struct notice_look *look, struct fault *f)
{
	switch (look->at) {
	case NOTICE_LOOK_PAID:
		return look_at_gifts(support, look, f);
	case NOTICE_LOOK_ANNUAL:
		return look_at_annual(support, look, f);
	case NOTICE_LOOK_REST:
		return look_at_rest(support, look, f);
	case NOTICE_LOOK_DONE:
		break;
	}
	return true;
}

/* --- handing over --- */

/* One run through what is due; rq: who asked for it, or NULL. */
struct noticing {
	struct support *support;
	struct http_request *rq;
	struct notice_look look;
	int64_t id, handed, failed;
};

static void hand_next(struct noticing *run);

static bool move(struct support *support, int64_t id, enum notice_step step, struct fault *f)
{
	enum notice_state to;

	must(notice_next(NOTICE_DUE, step, &to));
	return store_run(support->db, SUPPORT_SQL_NOTICE_MOVE, STORE_ARGS(store_i64(id), store_text(notice_state_name(NOTICE_DUE)),
		store_text(notice_state_name(to))), NULL, f);
}

static void handed(void *self, const struct http_reply *reply, const struct fault *failed)
{
	struct noticing *run = self;
	struct fault f = {0};

	if (failed != NULL)
		f = *failed;
	/* Not acknowledged: the same key goes again with the next run, and newsletter knows it. */
	if (failed == NULL && http_reply_ok(reply, &f) && move(run->support, run->id, NOTICE_IS_HANDED, &f)) {
		run->handed++;
	} else {
		run->failed++;
		log_fault(&f, "handing a notice over");
	}
	hand_next(run);
}

/* Money that went back is with its giver, or waits at a page, which the receipt leads to. */
static struct str kind_told(struct support *support, const struct store_row *row)
{
	struct fault f = {0};
	int64_t pages = 0;

	if (!str_is(row->columns[1].bytes, "refunded") || row->columns[6].type == STORE_NULL)
		return row->columns[1].bytes;
	if (!store_number(support->db, SUPPORT_SQL_WISH_HAS_PAGE, STORE_ARGS(store_i64(row->columns[6].number)), &pages, &f))
		log_fault(&f, "looking how money went back");
	return pages > 0 ? STR("claim") : row->columns[1].bytes;
}

/* Row: id, kind, checkout, amount, currency, day, contribution, key, rail. */
static json_t *write_order(struct support *support, const struct store_row *row, const struct support_contact *contact,
	struct arena *arena)
{
	const struct locale *locale = page_locale(support->room->theme, support->settings, contact->language);
	const struct rail_line *line = rail_find(support, row->columns[8].bytes);
	struct civil day = clock_civil_utc(clock_from_utc_day((int32_t) row->columns[5].number));
	struct money amount = {.minor = row->columns[3].number};
	struct str url = support->settings->url;
	json_t *order = json_object();

	snprintf(amount.code, sizeof(amount.code), "%.*s", STR_ARG(row->columns[4].bytes));
	json_object_set_new(order, "key", http_json_str(row->columns[7].bytes));
	json_object_set_new(order, "to", http_json_str(email_text(&contact->email)));
	json_object_set_new(order, "language", http_json_str(locale_language(locale)));
	json_object_set_new(order, "kind", http_json_str(kind_told(support, row)));
	json_object_set_new(order, "amount", http_json_str(locale_money(locale, amount, true, arena)));
	json_object_set_new(order, "date", http_json_str(locale_date(locale, &day, arena)));
	json_object_set_new(order, "manage_url",
		http_json_str(str_format(arena, "%.*s/support/manage/%.*s", STR_ARG(url), STR_ARG(contact->token))));
	json_object_set_new(order, "on_statement", json_boolean(line != NULL && line->rail->pulls));
	if (row->columns[6].type != STORE_NULL)
		json_object_set_new(order, "receipt_url", http_json_str(str_format(arena, "%.*s/support/receipt/%.*s/%s", STR_ARG(url),
			STR_ARG(contact->token), support_receipt_name(row->columns[6].number, arena))));
	return order;
}

static void end_run(struct noticing *run)
{
	run->support->noticing = NULL;
	if (run->handed + run->failed > 0)
		log_event(LOG_JOB, LOG_C("job", "notices"), LOG_I64("handed", run->handed), LOG_I64("failed", run->failed));
	if (run->rq != NULL) {
		json_t *answer = json_object();

		json_object_set_new(answer, "handed", json_integer(run->handed));
		json_object_set_new(answer, "failed", json_integer(run->failed));
		http_answer_json(run->rq, 200, answer);
	}
	memory_free(run);
}

/* True: an order is under way. False: none is left, or none can go now. */
static bool hand_one(struct noticing *run, struct arena *arena, struct fault *f)
{
	struct support *support = run->support;
	struct support_contact contact;
	struct store_row row;
	bool found = false;
	bool ok = true;

	while (!support->room->draining && store_one(support->db, SUPPORT_SQL_NOTICE_NEXT, STORE_ARGS(store_i64(run->id)), arena, &row,
			&found, f) && found) {
		struct fault mine = {0};

		run->id = row.columns[0].number;
		ok = support_open_contact(support, row.columns[2].number, arena, &contact, &found, &mine);
		if (ok && found)
			return room_call(support->room, "newsletter", "POST", "/mails/notice", write_order(support, &row, &contact, arena), handed,
				run, f);
		if (!ok) /* must not stand in the way of those behind it */
			log_fault(&mine, "reading a supporter's address");
		if (!move(support, run->id, NOTICE_IS_DROPPED, f))
			break;
		arena_reset(arena);
	}
	return false;
}

static void hand_next(struct noticing *run)
{
	struct arena arena;
	struct fault f = {0};
	bool is_under_way;

	arena_init(&arena, "notice", 64 * 1024);
	is_under_way = hand_one(run, &arena, &f);
	arena_release(&arena);
	if (f.kind != FAULT_NONE)
		log_fault(&f, "handing a notice over");
	if (!is_under_way)
		end_run(run);
}

/* A part of the looking; webhooks and readers are answered before the next. */
static void look_on(void *self)
{
	struct noticing *run = self;
	struct fault f = {0};

	if (run->support->room->draining) {
		end_run(run);
	} else if (!support_look_for_notices(run->support, &run->look, &f)) {
		log_fault(&f, "looking for what supporters are to be told");
		hand_next(run);
	} else if (run->look.at != NOTICE_LOOK_DONE) {
		loop_timer_set(run->support->room->loop, &run->support->notice_timer, 0, look_on, run);
	} else {
		hand_next(run);
	}
}

static bool begin_run(struct support *support, struct http_request *rq, struct fault *f)
{
	struct noticing *run;

	if (support->noticing != NULL)
		return fault_set(f, FAULT_BUSY, "notices are being handed over now: try again in a moment");
	run = memory_new(1, sizeof(*run));
	*run = (struct noticing){.support = support, .rq = rq, .look = notice_look_from(clock_utc_day(clock_now()))};
	support->noticing = run;
	look_on(run);
	return true;
}

void support_end_notices(struct support *support)
{
	if (support->notice_timer == NULL) /* what is being handed over ends with its call */
		return;
	loop_timer_stop(&support->notice_timer);
	memory_free(support->noticing);
	support->noticing = NULL;
}

void support_run_notices(void *self)
{
	struct support *support = self;
	struct fault f = {0};

	if (support->noticing == NULL && !support->room->draining && !begin_run(support, NULL, &f))
		log_fault(&f, "notices");
}

void support_post_run_notices(struct http_request *rq, void *room)
{
	struct fault f = {0};

	support_look_at_cards(((struct room *) room)->self); /* what it finds is told by the next run */
	if (!begin_run(((struct room *) room)->self, rq, &f))
		http_answer_fault(rq, &f);
}
