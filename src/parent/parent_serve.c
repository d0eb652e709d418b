/* parent_serve.c: mimeo serve: starts the rooms, watches them, starts again what died, drains them in order.
 *
 * Decides: when a room is started again and in which order rooms end. Leaves to others: everything a room does. Runs in:
 * the parent, which opens no key, no secret and no database. The hard thing: the listening sockets stay open here, so that
 * a room's death refuses nobody: callers wait in the backlog until it is back.
 * SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "parent/parent_inside.h"

enum { BACKOFF_FIRST_MS = 100, BACKOFF_MOST_MS = 30000, HEALTHY_MS = 60000, ERRAND_TRIES = 3 };

static void parent_start_room(void *self);
static void parent_stop(struct parent *parent);

/* --- one room --- */

static void parent_check_ready(struct parent *parent)
{
	size_t i;

	for (i = 0; i < parent->room_count; i++)
		if (!parent->rooms[i].is_ready)
			return;
	if (parent->was_ready)
		return;
	parent->was_ready = true;
	log_event(LOG_HOUSE_READY, LOG_I64("rooms", (int64_t) parent->room_count));
	puts("mimeo: ready");
	fflush(stdout);
}

static void parent_on_line(void *self, struct str line)
{
	struct parent_room *room = self;

	if (!str_is(line, "ready"))
		return;
	room->is_ready = true;
	parent_check_ready(room->parent);
}

static int64_t parent_backoff_ms(unsigned failures)
{
	int64_t wait = BACKOFF_FIRST_MS;

	while (failures-- > 1 && wait < BACKOFF_MOST_MS)
		wait *= 2;
	return wait < BACKOFF_MOST_MS ? wait : BACKOFF_MOST_MS;
}

static bool parent_all_ended(const struct parent *parent)
{
	size_t i;

	for (i = 0; i < parent->room_count; i++)
		if (parent->rooms[i].child != NULL)
			return false;
	return true;
}

static void parent_term_rest(void *self)
{
	struct parent *parent = self;
	size_t i;

	if (parent->front_is_gone)
		return;
	parent->front_is_gone = true;
	for (i = 0; i < parent->room_count; i++)
		if (parent->rooms[i].child != NULL)
			loop_child_kill(parent->rooms[i].child, SIGTERM);
}

static void parent_on_end(void *self, int status)
{
	struct parent_room *room = self;
	struct parent *parent = room->parent;
	int64_t wait_ms;

	room->child = NULL;
	room->is_ready = false;
	if (parent->is_stopping) {
		if (strcmp(room->kind->word, "front") == 0)
			parent_term_rest(parent);
		if (parent_all_ended(parent))
			loop_stop(parent->loop);
		return;
	}
	room->failures = clock_mono_ms() - room->started_ms >= HEALTHY_MS ? 1 : room->failures + 1;
	wait_ms = parent_backoff_ms(room->failures);
	log_event(LOG_ROOM_DIED, LOG_C("which", room->kind->word), LOG_I64("signal", WIFSIGNALED(status) ? WTERMSIG(status) : 0),
		LOG_I64("code", WIFEXITED(status) ? WEXITSTATUS(status) : 0), LOG_I64("again_in_ms", wait_ms));
	/* Its settings are wrong, or a command waits for it: it said why, and trying again would not help. */
	if (!parent->was_ready && ((WIFEXITED(status) && WEXITSTATUS(status) == 2)
			|| (parent->is_errand && room->failures >= ERRAND_TRIES))) {
		parent_stop(parent);
		return;
	}
	loop_timer_set(parent->loop, &room->restart, wait_ms, parent_start_room, room);
}

static void parent_name_sockets(const struct parent_room *room, char *out, size_t size)
{
	size_t len = 0, i;

	out[0] = '\0';
	for (i = 0; i < room->socket_count && len < size; i++)
		len += (size_t) snprintf(out + len, size - len, "%s%s=%d", i > 0 ? " " : "", room->sockets[i].caller, room->sockets[i].fd);
}

static void parent_start_room(void *self)
{
	struct parent_room *room = self;
	struct parent *parent = room->parent;
	const char *argv[] = {"mimeo", "-x", room->kind->word, NULL};
	int keep[PARENT_SOCKETS + 1];
	char sockets[256];
	struct fault f = {0};
	size_t i;
	const struct loop_spawn how = {
		.exe_fd = parent->exe_fd, .argv = (char *const *) (uintptr_t) argv, .keep_fds = keep,
		.keep_count = room->socket_count + 1, .on_line = parent_on_line, .on_end = parent_on_end, .self = room,
	};

	keep[0] = parent->exe_fd;
	for (i = 0; i < room->socket_count; i++)
		keep[i + 1] = room->sockets[i].fd;
	parent_name_sockets(room, sockets, sizeof(sockets));
	setenv("MIMEO_SOCKETS", sockets, 1);
	if (room->failures > 0)
		log_event(LOG_ROOM_RESTART, LOG_C("which", room->kind->word), LOG_I64("failures", room->failures));
	room->started_ms = clock_mono_ms();
	if (loop_spawn(parent->loop, &how, &room->child, &f))
		return;
	log_fault(&f, "starting a room");
	room->failures++;
	loop_timer_set(parent->loop, &room->restart, parent_backoff_ms(room->failures), parent_start_room, room);
}

/* --- the end --- */

static void parent_kill_all(void *self)
{
	struct parent *parent = self;
	size_t i;

	for (i = 0; i < parent->room_count; i++)
		if (parent->rooms[i].child != NULL)
			loop_child_kill(parent->rooms[i].child, SIGKILL);
}

static void parent_lose_patience(void *self)
{
	struct parent *parent = self;

	parent_term_rest(parent);
	loop_timer_set(parent->loop, &parent->patience, PARENT_DRAIN_MS - PARENT_FRONT_FIRST_MS, parent_kill_all, parent);
}

/* Front first: what it has forwarded can still be answered. Then the others, all within PARENT_DRAIN_MS. */
static void parent_stop(struct parent *parent)
{
	size_t i;
	bool has_front = false;

	if (parent->is_stopping)
		return;
	parent->is_stopping = true;
	for (i = 0; i < parent->room_count; i++) {
		struct parent_room *room = &parent->rooms[i];

		loop_timer_stop(&room->restart);
		if (strcmp(room->kind->word, "front") == 0 && room->child != NULL) {
			has_front = true;
			loop_child_kill(room->child, SIGTERM);
		}
	}
	if (parent_all_ended(parent)) {
		loop_stop(parent->loop);
		return;
	}
	loop_timer_set(parent->loop, &parent->patience, has_front ? PARENT_FRONT_FIRST_MS : 0, parent_lose_patience, parent);
}

static void parent_on_signal(void *self, int number)
{
	(void) number;
	parent_stop(self);
}

/* --- the whole --- */

static bool parent_is_wanted(const char *only, const char *word)
{
	struct str rest = str_from(only), piece;

	if (only == NULL)
		return true;
	while (str_next(&rest, ' ', &piece))
		if (str_is(piece, word))
			return true;
	return false;
}

static bool parent_run(struct parent *parent, const struct room_kind *const *kinds, const char *only, struct fault *f)
{
	char fd[16];
	size_t i;

	if (!parent_prepare(parent, f) || !loop_open(&parent->loop, f)
		|| !loop_on_signal(parent->loop, SIGTERM, parent_on_signal, parent, f)
		|| !loop_on_signal(parent->loop, SIGINT, parent_on_signal, parent, f))
		return false;
	for (i = 0; kinds[i] != NULL; i++)
		if (parent_is_wanted(only, kinds[i]->word)) {
			struct parent_room *room = &parent->rooms[parent->room_count++];

			room->parent = parent;
			room->kind = kinds[i];
			if (!parent_open_sockets(parent, room, f))
				return false;
		}
	snprintf(fd, sizeof(fd), "%d", parent->exe_fd);
	setenv("MIMEO_EXE", fd, 1);
	setenv("MIMEO_HOME", parent->home.path, 1);
	for (i = 0; i < parent->room_count; i++)
		parent_start_room(&parent->rooms[i]);
	return loop_run(parent->loop, f);
}

int parent_serve(const struct room_kind *const *kinds, const char *home, const char *only)
{
	struct parent parent = {.exe_fd = -1, .lock_fd = -1, .is_errand = only != NULL};
	struct fault f = {0};
	int code = 0;
	size_t i, j;

	log_set_room("parent");
	signal(SIGPIPE, SIG_IGN);
	if (!home_open(&parent.home, home, &f) || !settings_read(&parent.settings, &parent.home, &f)
		|| !parent_run(&parent, kinds, only, &f))
		code = fault_print(&f, true);
	else if (!parent.was_ready)
		code = 1;
	for (i = 0; i < parent.room_count; i++)
		for (j = 0; j < parent.rooms[i].socket_count; j++)
			close(parent.rooms[i].sockets[j].fd);
	if (parent.lock_fd >= 0) {
		file_remove(parent.home.fd, "run/mimeo.pid", NULL);
		close(parent.lock_fd);
	}
	if (parent.exe_fd >= 0)
		close(parent.exe_fd);
	if (parent.loop != NULL)
		loop_timer_stop(&parent.patience);
	loop_close(&parent.loop);
	settings_release(&parent.settings);
	home_close(&parent.home);
	return code;
}
