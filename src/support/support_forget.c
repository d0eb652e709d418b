/* support_forget.c: what goes with age.
 *
 * Decides: when each kind of row is erased, and how much of that is done between two readers. Leaves to others: a supporter's own
 * wish (support_contact.c). Runs in: support, once a day, by the clock. The hard thing: there may be millions of events and no index
 * by age (it would cost half a page of log a webhook), so they are walked through once, by subject, a part at a time, and webhooks are
 * taken in between.
 * SPDX-License-Identifier: ISC */
#include "support_forget.h"

#include "base/fault.h"
#include "base/log.h"
#include "base/loop.h"
#include "gen/support_sql.h"
#include "house/room.h"
#include "store/store.h"
#include "support_contact.h"
#include "support_inside.h"

enum { EVENTS_A_PART = 2000, ARENA_BYTES = 16 * 1024 * 1024 };

/* --- facts that booked nothing --- */

/* A subject with an old fact that booked nothing. */
struct old_subject {
	int64_t subject;
	int32_t last_day;             /* on which something was told of it */
	bool is_booked;               /* some of its facts booked something */
};

static bool next_old(struct support *support, int64_t after, int64_t until, int32_t before, struct arena *arena, struct old_subject *old,
	bool *found, struct fault *f)
{
	struct store_row row;

	if (!store_one(support->db, SUPPORT_SQL_EVENT_OLD, STORE_ARGS(store_i64(after), store_i64(until), store_i64(before)), arena, &row,
			found, f))
		return false;
	if (*found)
		*old = (struct old_subject){
			row.columns[0].number, (int32_t) row.columns[1].number, row.columns[2].number != 0};
	return true;
}

static bool has_names(const struct kept_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fact_key_is(&rows[i].kept.payment) || fact_key_is(&rows[i].kept.also))
			return true;
	return false;
}

static bool drop_names(struct support *support, int64_t subject, const struct kept_row *rows, size_t count, struct fault *f)
{
	bool ok = true;

	for (size_t i = 0; ok && i < count; i++) {
		const struct fact_key *names[] = {&rows[i].kept.payment, &rows[i].kept.also};

		for (size_t j = 0; ok && j < 2; j++)
			ok = !fact_key_is(names[j]) || store_run(support->db, SUPPORT_SQL_NAME_DROP,
				STORE_ARGS(store_blob(str_make(names[j]->at, sizeof(names[j]->at))), store_i64(subject)), NULL, f);
	}
	return ok;
}

/* Facts that share a name go together or not at all, so that no name is left without the others; a subscription's have none. */
static bool forget_subject(struct support *support, const struct old_subject *old, int32_t before, struct arena *arena, struct fault *f)
{
	const struct store_value subject = store_i64(old->subject);
	struct fault unread = {0};
	struct kept_row *rows;
	size_t count;

	if (!support_read_facts(support, old->subject, arena, &rows, &count, &unread)) {
		log_fault(&unread, "forgetting what booked nothing");
		return true;
	}
	if (!has_names(rows, count))
		return store_run(support->db, SUPPORT_SQL_EVENT_DROP_UNBOOKED, STORE_ARGS(subject, store_i64(before)), NULL, f);
	return old->is_booked || old->last_day >= before || (drop_names(support, old->subject, rows, count, f) &&
		store_run(support->db, SUPPORT_SQL_ASK_DROP_SUBJECT, &subject, 1, NULL, f) &&
		store_run(support->db, SUPPORT_SQL_EVENT_DROP_SUBJECT, &subject, 1, NULL, f));
}

/* --- a part of the walk --- */

static bool forget_between(struct support *support, const struct support_forget_days *days, int64_t after, int64_t until, struct fault *f)
{
	struct old_subject old = {.subject = after};
	struct arena arena;
	bool found = true;
	bool ok = store_run(support->db, SUPPORT_SQL_HANDLE_FORGET, STORE_ARGS(store_i64(after), store_i64(until), store_i64(days->handles)),
		NULL, f);

	arena_init(&arena, "forget", ARENA_BYTES);
	while (ok && found) {
		ok = next_old(support, old.subject, until, days->unbooked, &arena, &old, &found, f) &&
			(!found || forget_subject(support, &old, days->unbooked, &arena, f));
		arena_reset(&arena);
	}
	arena_release(&arena);
	return ok;
}

static bool forget_of_no_payment(struct support *support, int32_t before, int64_t *after, struct fault *f)
{
	int64_t erased;

	if (!store_run(support->db, SUPPORT_SQL_EVENT_FORGET, STORE_ARGS(store_i64(before), store_i64(EVENTS_A_PART)), &erased, f))
		return false;
	if (erased < EVENTS_A_PART)
		*after = 0;
	return true;
}

bool support_forget_part(struct support *support, const struct support_forget_days *days, int64_t *after, bool *more, struct fault *f)
{
	int64_t until;
	bool ok;

	*more = true;
	if (*after == SUPPORT_FORGET_START)
		return forget_of_no_payment(support, days->unbooked, after, f);
	if (!store_number(support->db, SUPPORT_SQL_EVENT_PART_END, STORE_ARGS(store_i64(*after), store_i64(EVENTS_A_PART)), &until, f))
		return false;
	*more = until != 0;
	if (!*more)
		return true;
	ok = store_begin(support->db, f);
	ok = ok && store_end(support->db, forget_between(support, days, *after, until, f), f);
	if (ok)
		*after = until;
	return ok;
}

/* --- the day's --- */

static void forget_on(void *self)
{
	struct support *support = self;
	int32_t today = clock_utc_day(clock_now());
	const struct support_forget_days days = {today - SUPPORT_KEEP_DAYS, today - SUPPORT_HANDLE_DAYS};
	struct fault f = {0};
	bool more, ok;

	if (support->room->draining)
		return;
	ok = support_forget_part(support, &days, &support->forgotten_subject, &more, &f);
	if (ok && more) {
		loop_timer_set(support->room->loop, &support->forget_timer, 0, forget_on, support);
		return;
	}
	if (!ok)
		log_fault(&f, "forgetting what is old");
	fault_clear(&f);
	if (!store_checkpoint(support->db, &f)) /* what was erased leaves the log, too */
		log_fault(&f, "forgetting what is old");
}

void support_end_forgetting(struct support *support)
{
	loop_timer_stop(&support->forget_timer);
}

void support_daily(void *self)
{
	struct support *support = self;
	int32_t today = clock_utc_day(clock_now());
	const struct store_value before = store_i64(today - SUPPORT_KEEP_DAYS), handles = store_i64(today - SUPPORT_HANDLE_DAYS);
	struct fault f = {0};
	int64_t erased = 0;

	if (!support_erase_old_supporters(support, today, &erased, &f) ||
		!store_run(support->db, SUPPORT_SQL_ASK_FORGET, &before, 1, NULL, &f) ||
		!store_run(support->db, SUPPORT_SQL_WISH_PAGE_FORGET, &handles, 1, NULL, &f) ||
		!store_run(support->db, SUPPORT_SQL_RAIL_DAY_FORGET, &before, 1, NULL, &f) ||
		!store_run(support->db, SUPPORT_SQL_CHECKOUT_FORGET, &before, 1, NULL, &f) ||
		!store_run(support->db, SUPPORT_SQL_CODE_FORGET, STORE_NO_ARGS, NULL, &f) ||
		!store_run(support->db, SUPPORT_SQL_PAYOUT_RECONCILE, STORE_NO_ARGS, NULL, &f))
		log_fault(&f, "the daily job");
	else
		log_event(LOG_JOB, LOG_C("job", "support daily"), LOG_I64("supporters_erased", erased));
	support->forgotten_subject = SUPPORT_FORGET_START;
	forget_on(support);
}

void support_post_daily(struct http_request *rq, void *room)
{
	support_daily(((struct room *) room)->self);
	http_answer_json(rq, 200, json_object());
}
