/* story_work.c: jobs, and when the site is baked.
 *
 * Decides: one bake at a time, another one after it when something changed meanwhile; retries with back-off. Leaves to
 * others: the bake itself (a child), imports (story_take.c). Runs in: desk. The hard thing: a change that comes while a
 * bake runs may or may not be in it, so whoever waits gets the next round.
 * SPDX-License-Identifier: ISC */
#include "desk/story_work.h"

#include <stdio.h>
#include <sys/wait.h>
#include "base/log.h"
#include "base/rand.h"
#include "desk/desk_doings.h"
#include "desk/story_store.h"
#include "gen/desk_sql.h"
#include "store/store.h"

enum { BAKE_SOON_MS = 2, BAKE_AGAIN_MS = 2000, BAKE_LATEST_MS = 300000 };

static void start_bake(void *self);

struct work *work_of(struct room *room)
{
	return room->self;
}

/* --- jobs --- */

struct work_job *work_job_new(struct work *work)
{
	struct work_job *place = NULL;
	size_t i;

	for (i = 0; i < WORK_JOBS; i++) {
		struct work_job *job = &work->jobs[i];

		if (job->id != 0 && job->state == WORK_RUNNING)
			continue;
		if (place == NULL || job->id == 0 || (place->id != 0 && job->bake_round < place->bake_round))
			place = job;
	}
	if (place != NULL)
		*place = (struct work_job){.id = rand_id()};
	return place;
}

struct work_job *work_job_find(struct work *work, int64_t id)
{
	size_t i;

	for (i = 0; i < WORK_JOBS; i++)
		if (work->jobs[i].id == id && id != 0)
			return &work->jobs[i];
	return NULL;
}

void work_job_fail(struct work_job *job, const struct fault *f)
{
	job->state = WORK_FAILED;
	job->fault = *f;
	job->waits_for_bake = false;
}

static enum fault_kind kind_named(struct str name)
{
	static const struct {
		const char *name;
		enum fault_kind kind;
	} kinds[] = {
#define X(kind, text, status, exit_code, retry, meaning) {text, kind},
		FAULT_KINDS(X)
#undef X
	};
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (str_is(name, kinds[i].name))
			return kinds[i].kind;
	return FAULT_IO;
}

void work_take_line(struct work_job *job, struct str line, struct fault *f)
{
	struct str rest = line;
	struct str word;
	struct str number;

	if (!str_next(&rest, ' ', &word))
		return;
	if (str_is(word, "fault") && str_next(&rest, ' ', &word)) {
		fault_set(f, kind_named(word), "%.*s", STR_ARG(rest));
	} else if (str_is(word, "progress") && job != NULL) {
		if (str_next(&rest, ' ', &number))
			(void) str_to_i64(number, &job->done);
		if (str_next(&rest, ' ', &number))
			(void) str_to_i64(number, &job->total);
		snprintf(job->line, sizeof(job->line), "%.*s", STR_ARG(str_part(rest, 0, WORK_LINE_BYTES - 1)));
	}
}

/* --- the bake --- */

static struct fault bake_fault; /* of the running bake's last line */

static void bake_line(void *self, struct str line)
{
	struct work *work = self;
	struct str rest = line;
	struct str word;
	size_t i;

	if (str_starts(line, STR("baked ")) && str_next(&rest, ' ', &word) && str_next(&rest, ' ', &word)) {
		work->bake_said = str_to_i64(word, &work->bake_last);
		return;
	}
	work_take_line(NULL, line, &bake_fault);
	for (i = 0; i < WORK_JOBS; i++)
		if (work->jobs[i].waits_for_bake && work->jobs[i].bake_round <= work->bake_round)
			work_take_line(&work->jobs[i], line, &bake_fault);
}

static void end_waiting(struct work *work, bool ok)
{
	size_t i;

	for (i = 0; i < WORK_JOBS; i++) {
		struct work_job *job = &work->jobs[i];

		if (!job->waits_for_bake || job->bake_round > work->bake_round)
			continue;
		job->waits_for_bake = false;
		if (ok)
			job->state = WORK_DONE;
		else
			work_job_fail(job, &bake_fault);
	}
}

static void bake_ended(void *self, int wait_status)
{
	struct work *work = self;
	bool ok = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0 && work->bake_said;
	struct fault f = {0};
	int64_t left = 0;
	int64_t delay;

	if (ok && !store_run(work->room->db, DESK_SQL_QUEUE_DONE, STORE_ARGS(store_i64(work->bake_last)), NULL, &f)) {
		log_fault(&f, "bake");
		bake_fault = f;
		ok = false;
	}
	if (!ok && bake_fault.kind == FAULT_NONE)
		fault_set(&bake_fault, FAULT_IO, "the bake ended before it was done; it is tried again");
	if (!ok)
		log_fault(&bake_fault, "bake");
	work->bake_failures = ok ? 0 : work->bake_failures + 1;
	work->bake_full = work->bake_full || (!ok && work->bake_is_full);
	end_waiting(work, ok);
	if (!store_number(work->room->db, DESK_SQL_QUEUE_COUNT, STORE_NO_ARGS, &left, &f))
		log_fault(&f, "bake");
	if (!work->bake_wanted && left == 0 && ok)
		return;
	work->bake_wanted = true;
	delay = ok ? BAKE_SOON_MS : (int64_t) BAKE_AGAIN_MS << (work->bake_failures < 7 ? work->bake_failures - 1 : 7);
	loop_timer_set(work->room->loop, &work->bake_timer, delay < BAKE_LATEST_MS ? delay
		: BAKE_LATEST_MS, start_bake, work);
}

static void start_bake(void *self)
{
	struct work *work = self;
	const char *const args[] = {work->bake_full ? "full" : "queue", NULL};
	struct fault f = {0};

	if (work->bake_child != NULL || work->room->draining)
		return;
	fault_clear(&bake_fault);
	work->bake_is_full = work->bake_full;
	work->bake_wanted = work->bake_full = work->bake_said = false;
	work->bake_round++;
	if (room_job_start(work->room, "bake", args, bake_line, bake_ended, work, &work->bake_child, &f))
		return;
	log_fault(&f, "bake");
	bake_fault = f;
	end_waiting(work, false);
}

void work_bake(struct work *work, bool full, struct work_job *job)
{
	work->bake_wanted = true;
	work->bake_full = work->bake_full || full;
	if (job != NULL) {
		job->waits_for_bake = true;
		job->bake_round = work->bake_round + 1;
	}
	if (work->bake_child == NULL)
		loop_timer_set(work->room->loop, &work->bake_timer, BAKE_SOON_MS, start_bake, work);
}

/* --- for the staff's pages --- */

bool desk_change_story(struct room *room, int64_t id, enum story_state to, struct str reason, struct fault *f)
{
	return desk_step_story(room, id, &(struct story_step){.to = to, .reason = reason, .now = clock_now()}, f);
}

bool desk_step_story(struct room *room, int64_t id, const struct story_step *step, struct fault *f)
{
	if (!story_take_step(room->db, id, step, f))
		return false;
	desk_story_changed(room);
	return true;
}

void desk_story_changed(struct room *room)
{
	work_bake(work_of(room), false, NULL);
	work_schedule(work_of(room));
}

bool desk_bake_everything(struct room *room, struct fault *f)
{
	if (work_of(room)->bake_child != NULL && work_of(room)->bake_is_full)
		return fault_set(f, FAULT_BUSY, "the whole site is being baked just now");
	work_bake(work_of(room), true, NULL);
	return true;
}
