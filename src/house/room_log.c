/* room_log.c: the database's log is moved into its file beside the room.
 *
 * Decides: when a process is started for it. Leaves to others: how a log is moved (store). Runs in: a room, and its child. The hard thing:
 * moving waits for the disk, a tenth of a second and more, and while a room waits nobody is answered.
 * SPDX-License-Identifier: ISC */
#include "base/fault.h"
#include "base/log.h"
#include "base/loop.h"
#include "house/room_inside.h"
#include "store/store.h"

enum { AGAIN_MS = 60000 };

static void on_end(void *self, int wait_status)
{
	struct room *room = self;

	if (wait_status != 0) /* it logged why; commits move the log meanwhile */
		room->inside->log_again_ms = clock_mono_ms() + AGAIN_MS;
}

static void start(void *self)
{
	struct room *room = self;
	struct fault f = {0};

	if (room->inside->log_job == NULL && !room->draining && clock_mono_ms() >= room->inside->log_again_ms &&
		!room_job_start(room, room_log_job.name, NULL, NULL, on_end, room, &room->inside->log_job, &f))
		log_fault(&f, "moving the database's log");
}

/* Out of the middle of a commit. */
static void on_long_log(void *self)
{
	struct room *room = self;

	if (room->inside->log_job == NULL && room->inside->log_timer == NULL)
		loop_timer_set(room->loop, &room->inside->log_timer, 0, start, room);
}

void room_move_log_beside(struct room *room)
{
	store_on_long_log(room->db, on_long_log, room);
}

void room_end_log(struct room *room)
{
	loop_timer_stop(&room->inside->log_timer);
	loop_child_forget(&room->inside->log_job);
}

/* Opens the database by itself: no statement is asked here. */
static bool run(struct room *room, int argc, char **argv, struct fault *f)
{
	char path[PATH_MAX];

	(void) argc;
	(void) argv;
	return room_database_path(room, path, f) && store_checkpoint_beside(path, f);
}

const struct room_job room_log_job = {"checkpoint", run, false, false};
