/* support_push.c: gifts that come back on rails which cannot charge anybody: coins, bank transfers.
 *
 * Decides: when such a gift is due (a month or a year after its last money), that it is asked for three days before, late after
 * its day, paused after the grace. Leaves to others: mails (support_notice.c), invoices (the rails). Runs in: support, by the
 * clock. The hard thing: nobody tells us that somebody did not pay; so nothing is noted but what was told, and everything else
 * is worked out each time from the money that came. A gift that is paid after all runs again by itself.
 * SPDX-License-Identifier: ISC */
#include "support_push.h"

#include <stdio.h>
#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "gen/support_sql.h"
#include "store/store.h"
#include "support_inside.h"
#include "support_notice.h"
#include "support_own.h"

enum { ARENA_BYTES = 64 * 1024 };

int32_t push_months_later(int32_t day, int months)
{
	struct civil civil = clock_civil_utc(clock_from_utc_day(day));
	int32_t same = clock_day_of(civil.year, civil.month + months, civil.day);
	int32_t last = clock_day_of(civil.year, civil.month + months + 1, 0);

	return same < last ? same : last;
}

/* --- a gift that was paid once becomes one that comes back --- */

bool push_begin(struct support *support, const struct support_checkout *checkout, struct fault *f)
{
	const struct rail_line *line = rail_find(support, checkout->rail);
	struct support_mandate mandate;
	char name[32];
	int64_t is_new = 0;

	if (line == NULL || line->rail->pulls || checkout->frequency == FREQUENCY_ONCE)
		return true;
	snprintf(name, sizeof(name), "push:%lld", (long long) checkout->id);
	return store_number(support->db, SUPPORT_SQL_PUSH_IS_NEW, STORE_ARGS(store_i64(checkout->id)), &is_new, f) &&
		(is_new == 0 || support_know_mandate(support, checkout, str_from(name), &mandate, f));
}

/* --- due, late, paused --- */

struct pushed {
	struct support_mandate mandate;
	enum frequency frequency;
	struct money amount;
	int32_t due;
};

static bool tell(struct support *support, const struct pushed *one, enum notice_kind kind, struct fault *f)
{
	const struct support_notice notice = {.kind = kind, .about = one->mandate.id, .step = one->due, .checkout = one->mandate.checkout,
		.amount = one->amount, .day = one->due};

	return support_note(support, &notice, f);
}

static bool judge(struct support *support, struct pushed *one, int32_t today, struct fault *f)
{
	int32_t grace = (int32_t) support->settings->push_grace;

	if (today < one->due && one->mandate.state != MANDATE_ACTIVE && !support_move_mandate(support, &one->mandate, MANDATE_RUNS, f))
		return false;
	if (today >= one->due - PUSH_AHEAD_DAYS && today <= one->due + grace && !tell(support, one, NOTICE_ASKED, f))
		return false;
	if (today > one->due && today <= one->due + grace)
		return support_move_mandate(support, &one->mandate, MANDATE_IS_LATE, f);
	if (today > one->due + grace && one->mandate.state != MANDATE_PAUSED)
		return support_move_mandate(support, &one->mandate, MANDATE_IS_PAUSED, f) && tell(support, one, NOTICE_PAUSED, f);
	return true;
}

/* Columns mandate, checkout, state, frequency, amount, currency, last paid day. */
static bool read_one(struct support *support, const struct store_row *row, struct pushed *one, struct fault *f)
{
	int32_t until_day = 0;

	*one = (struct pushed){.mandate.id = row->columns[0].number, .mandate.checkout = row->columns[1].number,
		.frequency = str_is(row->columns[3].bytes, frequency_names[FREQUENCY_ANNUAL]) ? FREQUENCY_ANNUAL : FREQUENCY_MONTHLY,
		.amount.minor = row->columns[4].number};
	if (!mandate_state_from(row->columns[2].bytes, &one->mandate.state))
		return fault_set(f, FAULT_IO, "a mandate's row cannot be read");
	snprintf(one->amount.code, sizeof(one->amount.code), "%.*s", STR_ARG(row->columns[5].bytes));
	one->due = push_months_later((int32_t) row->columns[6].number, one->frequency == FREQUENCY_ANNUAL ? 12 : 1);
	if (!support_find_pause(support, one->mandate.id, &until_day, f)) /* the reader wanted none until then */
		return false;
	if (until_day > one->due)
		one->due = until_day;
	return true;
}

static bool judge_all(struct support *support, const char *rail, int32_t today, struct arena *arena, struct fault *f)
{
	struct store_row row;
	struct pushed one = {0};
	bool found = true;
	bool ok = true;

	while (ok && found) {
		arena_reset(arena);
		ok = store_one(support->db, SUPPORT_SQL_PUSH_LIST, STORE_ARGS(store_text(str_from(rail)), store_i64(one.mandate.checkout)), arena, &row,
			&found, f);
		if (ok && found)
			ok = read_one(support, &row, &one, f) && store_begin(support->db, f) &&
				store_end(support->db, judge(support, &one, today, f), f);
	}
	return ok;
}

bool support_find_push(struct support *support, int32_t today, struct fault *f)
{
	struct arena arena;
	bool ok = true;

	arena_init(&arena, "push", ARENA_BYTES);
	for (size_t i = 0; ok && rails[i] != NULL; i++)
		if (!rails[i]->pulls)
			ok = judge_all(support, rails[i]->name, today, &arena, f);
	arena_release(&arena);
	return ok;
}

void support_run_push(void *self)
{
	struct support *support = self;
	struct fault f = {0};

	if (support->room->read_only || support->room->draining)
		return;
	if (!support_find_push(support, clock_utc_day(clock_now()), &f))
		log_fault(&f, "looking for gifts that are due");
}

void support_post_push(struct http_request *rq, void *self)
{
	struct support *support = ((struct room *) self)->self;
	struct fault f = {0};

	if (support_find_push(support, clock_utc_day(clock_now()), &f)) {
		support_run_notices(support);
		http_answer_json(rq, 200, json_object());
		return;
	}
	log_fault(&f, "looking for gifts that are due");
	http_answer_fault(rq, &f);
}

bool push_due_day(struct support *support, const struct support_checkout *checkout, int32_t *due, struct fault *f)
{
	int64_t last = 0;

	*due = 0;
	if (!store_number(support->db, SUPPORT_SQL_PUSH_LAST_DAY, STORE_ARGS(store_i64(checkout->id)), &last, f))
		return false;
	if (last > 0)
		*due = push_months_later((int32_t) last, checkout->frequency == FREQUENCY_ANNUAL ? 12 : 1);
	return true;
}

/* --- what nobody has to be asked --- */

static void say(rail_done *done, void *self, enum rail_standing standing)
{
	const struct rail_answer answer = {.standing = standing};

	done(self, &answer, NULL);
}

void rail_push_end(struct rail_line *line, struct str subscription, rail_done *done, void *self)
{
	(void) line, (void) subscription;
	say(done, self, RAIL_HAS_ENDED);
}

void rail_push_look_up(struct rail_line *line, struct str subscription, rail_done *done, void *self)
{
	(void) line, (void) subscription;
	say(done, self, RAIL_RUNS);
}

void rail_push_pause(struct rail_line *line, struct str subscription, bool is_paused, rail_done *done, void *self)
{
	(void) line, (void) subscription;
	say(done, self, is_paused ? RAIL_IS_PAUSED : RAIL_RUNS);
}

void rail_push_change(struct rail_line *line, struct str subscription, const struct rail_order *to, rail_done *done, void *self)
{
	(void) line, (void) subscription, (void) to;
	say(done, self, RAIL_RUNS);
}
