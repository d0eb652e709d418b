/* support_forget.c: what goes with age.
 *
 * Decides: when each kind of row is erased, and how much of that is done between two readers. Leaves to others: a supporter's own
 * wish (support_contact.c). Runs in: support, once a day, by the clock. The hard thing: there may be millions of events and no index
 * by age (each would cost a page of log a webhook), so they are gone through a part at a time, and webhooks are taken in between.
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

enum { SUBJECTS_A_PART = 100, EVENTS_A_PART = 2000, ARENA_BYTES = 16 * 1024 * 1024 };

/* --- what nobody has paid --- */

static bool forget_subject(struct support *support, int64_t subject, struct arena *arena, struct fault *f)
{
	struct kept_row *rows;
	size_t count;
	bool ok = support_read_facts(support, subject, arena, &rows, &count, f);

	for (size_t i = 0; ok && i < count; i++) {
		const struct fact_key *names[] = {&rows[i].kept.payment, &rows[i].kept.also};

		for (size_t j = 0; ok && j < 2; j++)
			ok = store_run(support->db, SUPPORT_SQL_NAME_DROP,
				STORE_ARGS(store_blob(str_make(names[j]->at, sizeof(names[j]->at)))), NULL, f);
	}
	return ok && store_run(support->db, SUPPORT_SQL_EVENT_DROP_SUBJECT, STORE_ARGS(store_i64(subject)), NULL, f);
}

static bool read_waited(struct support *support, int32_t before, int64_t subjects[SUBJECTS_A_PART], size_t *count, struct fault *f)
{
	struct store_rows rows;

	*count = 0;
	if (!store_rows_begin(support->db, SUPPORT_SQL_EVENT_WAITED, STORE_ARGS(store_i64(before), store_i64(SUBJECTS_A_PART)), &rows, f))
		return false;
	while (*count < SUBJECTS_A_PART && store_rows_next(&rows, f))
		subjects[(*count)++] = store_column_i64(&rows, 0);
	return store_rows_end(&rows);
}

bool support_forget_waited(struct support *support, int32_t before, bool *more, struct fault *f)
{
	int64_t subjects[SUBJECTS_A_PART];
	struct arena arena;
	size_t count;
	bool ok;

	if (!read_waited(support, before, subjects, &count, f))
		return false;
	*more = count == SUBJECTS_A_PART;
	ok = store_begin(support->db, f);
	arena_init(&arena, "forget", ARENA_BYTES);
	for (size_t i = 0; ok && i < count; i++) {
		ok = forget_subject(support, subjects[i], &arena, f);
		arena_reset(&arena);
	}
	arena_release(&arena);
	return store_end(support->db, ok, f);
}

/* --- by what payments are given back --- */

bool support_forget_handles(struct support *support, int32_t before, int64_t *after, bool *more, struct fault *f)
{
	int64_t until;

	if (!store_number(support->db, SUPPORT_SQL_EVENT_PART_END, STORE_ARGS(store_i64(*after), store_i64(EVENTS_A_PART)), &until, f) ||
		!store_run(support->db, SUPPORT_SQL_HANDLE_FORGET, STORE_ARGS(store_i64(*after), store_i64(until), store_i64(before)), NULL, f))
		return false;
	*more = until != 0;
	*after = until;
	return true;
}

/* --- the day's --- */

static void forget_on(void *self)
{
	struct support *support = self;
	int32_t today = clock_utc_day(clock_now());
	struct fault f = {0};
	bool more = true;

	if (support->room->draining)
		return;
	if (!support_forget_waited(support, today - SUPPORT_KEEP_DAYS, &more, &f) ||
		(!more && !support_forget_handles(support, today - SUPPORT_HANDLE_DAYS, &support->forgotten_subject, &more, &f)))
		log_fault(&f, "forgetting what is old");
	else if (more)
		loop_timer_set(support->room->loop, &support->forget_timer, 0, forget_on, support);
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
		!store_run(support->db, SUPPORT_SQL_EVENT_FORGET, &before, 1, NULL, &f) ||
		!store_run(support->db, SUPPORT_SQL_ASK_FORGET, &before, 1, NULL, &f) ||
		!store_run(support->db, SUPPORT_SQL_WISH_PAGE_FORGET, &handles, 1, NULL, &f) ||
		!store_run(support->db, SUPPORT_SQL_RAIL_DAY_FORGET, &before, 1, NULL, &f) ||
		!store_run(support->db, SUPPORT_SQL_CHECKOUT_FORGET, &before, 1, NULL, &f) ||
		!store_run(support->db, SUPPORT_SQL_CODE_FORGET, STORE_NO_ARGS, NULL, &f) ||
		!store_run(support->db, SUPPORT_SQL_PAYOUT_RECONCILE, STORE_NO_ARGS, NULL, &f) ||
		!store_checkpoint(support->db, &f))
		log_fault(&f, "the daily job");
	else
		log_event(LOG_JOB, LOG_C("job", "support daily"), LOG_I64("supporters_erased", erased));
	support->forgotten_subject = 0;
	forget_on(support);
}

void support_post_daily(struct http_request *rq, void *room)
{
	support_daily(((struct room *) room)->self);
	http_answer_json(rq, 200, json_object());
}
