/* newsletter_cancel.c: an issue is stopped for good.
 *
 * Decides: what becomes of its recipients: who has a mail keeps its row, the others are counted and their rows go. Runs in: the newsletter
 * room. The hard thing: a million rows go in batches, each counted in the transaction that erases it, so that rows and numbers agree at any
 * kill; mails that the keeper still had come back later and are counted then.
 * SPDX-License-Identifier: ISC */
#include "newsletter_inside.h"

#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/loop.h"

enum { CLEAR_AT_ONCE = 1000 };

bool newsletter_issue_cancel(struct newsletter *n, int64_t id, struct str by, bool only_unbegun, struct fault *f)
{
	enum issue_state from = ISSUE_FROZEN, to = ISSUE_FROZEN;
	bool ok;

	if (!newsletter_issue_state_of(n, id, &from, f))
		return false;
	if (from == ISSUE_CANCELLED)
		return true;
	if (only_unbegun && from != ISSUE_FROZEN)
		return fault_set(f, FAULT_CONFLICT, "this issue has begun to be sent: it is no draft any more; "
			"it can be paused, or cancelled for who has no mail yet");
	if (!issue_next(from, ISSUE_IS_CANCELLED, &to))
		return fault_set(f, FAULT_CONFLICT, "this issue was sent: nothing of it is left to cancel");
	if (!newsletter_check_who(by, "cancels the issue", f))
		return false;
	if (!store_begin(n->room->db, f))
		return false;
	ok = store_run(n->room->db, NEWSLETTER_SQL_ISSUE_CANCELLED, STORE_ARGS(store_i64(id), store_i64(clock_now().us), store_text(by)), NULL,
			f) &&
		store_run(n->room->db, NEWSLETTER_SQL_ISSUE_MOVE,
			STORE_ARGS(store_i64(id), store_text(issue_state_name(from)), store_text(issue_state_name(to))), NULL, f) &&
		newsletter_schedule_cancel(n, id, f);
	if (!store_end(n->room->db, ok, f))
		return false;
	log_event(LOG_ISSUE, LOG_I64("issue", id), LOG_STR("state", issue_state_name(to)));
	newsletter_sender_release(n);
	newsletter_clear_soon(n);
	return true;
}

bool newsletter_clear_cancelled(struct newsletter *n, bool *more, struct fault *f)
{
	struct store_value queued = store_text(delivery_state_name(DELIVERY_QUEUED)), later = store_text(delivery_state_name(DELIVERY_LATER));
	int64_t issue = 0, erased = 0;
	bool ok;

	*more = false;
	if (!store_number(n->room->db, NEWSLETTER_SQL_ISSUE_WITH_REST, STORE_ARGS(store_text(issue_state_name(ISSUE_CANCELLED)), queued, later),
			&issue, f))
		return false;
	if (issue == 0)
		return true;
	if (!store_begin(n->room->db, f))
		return false;
	ok = store_run(n->room->db, NEWSLETTER_SQL_DELIVERY_ERASE_REST,
			STORE_ARGS(store_i64(issue), queued, later, store_i64(CLEAR_AT_ONCE)), &erased, f) &&
		store_run(n->room->db, NEWSLETTER_SQL_ISSUE_NOT_MAILED, STORE_ARGS(store_i64(issue), store_i64(erased)), NULL, f);
	*more = store_end(n->room->db, ok, f);
	return *more;
}

static void clear(void *self)
{
	struct newsletter *n = self;
	struct fault f = {0};
	bool more = false;

	if (!newsletter_clear_cancelled(n, &more, &f))
		log_fault(&f, "clearing a cancelled issue"); /* looked at again within the minute */
	else if (more)
		newsletter_clear_soon(n);
}

void newsletter_clear_soon(struct newsletter *n)
{
	if (n->room->loop != NULL && !n->room->read_only && !n->room->draining)
		loop_timer_set(n->room->loop, &n->clear_timer, 0, clear, n);
}
