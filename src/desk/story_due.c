/* story_due.c: scheduled stories appear when the newsroom's clock says so.
 *
 * Decides: when the clock is looked at. Leaves to others: publishing (story_step.c). Runs in: desk. The hard thing: the clock may be set forward
 * or back, or the machine may sleep, and no timer of the loop notices; so while anything is scheduled the clock is read every second,
 * and to the millisecond in the last one. That costs no query: the next moment is kept here.
 * SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "desk/story_store.h"
#include "desk/story_work.h"

enum { LOOK_MS = 1000, AGAIN_MS = 2000 };

static void look(void *self);

/* Waits for the next one: the whole seconds on the way are only a look at the clock. */
static void wait_for_next(struct work *work)
{
	int64_t left_ms = (work->due_next.us - clock_now().us + 999) / 1000;

	if (work->due_next.us == 0) {
		loop_timer_stop(&work->due_timer);
		return;
	}
	loop_timer_set(work->room->loop, &work->due_timer, left_ms < LOOK_MS ? left_ms : LOOK_MS, look, work);
}

static void look(void *self)
{
	struct work *work = self;

	if (work->due_next.us > clock_now().us)
		wait_for_next(work);
	else
		work_schedule(work);
}

void work_schedule(struct work *work)
{
	struct when now = clock_now();
	struct fault f = {0};
	size_t count = 0;

	if (work->room->read_only || work->room->draining)
		return;
	if (!story_publish_due(work->room->db, now, &count, &work->due_next, &f)) {
		log_fault(&f, "publishing on time");
		work->due_next = now;
	}
	if (count > 0)
		work_bake(work, false, NULL);
	if (work->due_next.us != 0 && work->due_next.us <= now.us) /* it did not work: the disk may be full */
		loop_timer_set(work->room->loop, &work->due_timer, AGAIN_MS, look, work);
	else
		wait_for_next(work);
}

/* --- what cannot be found yet --- */

static void find_some(void *self)
{
	struct work *work = self;
	struct fault f = {0};

	if (!story_find_some(work->room->db, &work->find_last, &f))
		log_fault(&f, "making stories findable"); /* the next start goes on */
	else if (work->find_last != 0)
		loop_timer_set(work->room->loop, &work->find_timer, 0, find_some, work);
}

void work_make_findable(struct work *work)
{
	work->find_last = 0;
	if (!work->room->read_only)
		loop_timer_set(work->room->loop, &work->find_timer, 0, find_some, work);
}
