/* room_job.c: heavy work in a child process, so that the room's loop never waits.
 *
 * Decides: how a job is started and how it reports. Leaves to others: the work. Runs in: a room (start) and its
 * children. The hard thing: a job reads the room's database while the room goes on writing it, so it opens it read-only
 * unless its kind says otherwise.
 * SPDX-License-Identifier: ISC */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "base/must.h"
#include "house/room_inside.h"
#include "store/store.h"

enum { JOB_ARGS = 64, LOWER_PRIORITY = 5 };

int room_env_fd(const char *name)
{
	const char *text = getenv(name);
	int64_t number;

	if (text == NULL || !str_to_i64(str_from(text), &number) || number < 0 || number > INT32_MAX)
		return -1;
	return (int) number;
}

static const struct room_job *find_job(const struct room *room, const char *name)
{
	const struct room_job *job = room->kind->jobs;

	if (strcmp(name, room_log_job.name) == 0)
		return &room_log_job;
	while (job != NULL && job->name != NULL && strcmp(job->name, name) != 0)
		job++;
	must(job != NULL && job->name != NULL); /* only rooms name jobs */
	return job;
}

bool room_job_start(struct room *room, const char *job, const char *const *args, loop_line_call *on_line,
	loop_end_call *on_end, void *self, struct loop_child **child, struct fault *f)
{
	const char *argv[JOB_ARGS + 5] = {"mimeo", "-x", room->kind->word, job};
	int exe_fd = room_env_fd("MIMEO_EXE");
	size_t i;
	const struct loop_spawn how = {
		.exe_fd = exe_fd, .argv = (char *const *) (uintptr_t) argv, .keep_fds = &exe_fd, .keep_count = 1,
		.lower_priority = find_job(room, job)->is_awaited ? 0 : LOWER_PRIORITY, .on_line = on_line, .on_end = on_end, .self = self,
	};

	for (i = 0; args != NULL && args[i] != NULL; i++) {
		must(i < JOB_ARGS);
		argv[4 + i] = args[i];
	}
	return loop_spawn(room->loop, &how, child, f);
}

bool room_bare_feed(struct room *room, const char *name, struct str input, loop_line_call *on_line, loop_end_call *on_end,
	void *self, struct loop_child **child, struct fault *f)
{
	const char *argv[] = {"mimeo", "-x", room->kind->word, name, NULL};
	int exe_fd = room_env_fd("MIMEO_EXE");
	const struct loop_spawn how = {
		.exe_fd = exe_fd, .argv = (char *const *) (uintptr_t) argv, .keep_fds = &exe_fd, .keep_count = 1, .input = input,
		.lower_priority = LOWER_PRIORITY, .on_line = on_line, .on_end = on_end, .self = self,
	};

	return loop_spawn(room->loop, &how, child, f);
}

static bool room_job_run(struct room *room, const struct room_job *job, int argc, char **argv, struct fault *f)
{
	return (job == &room_log_job || room_open_database(room, !job->writes, f)) && job->run(room, argc, argv, f);
}

const struct room_bare *room_find_bare(const struct room_kind *kind, const char *name)
{
	const struct room_bare *bare = kind->bare;

	while (bare != NULL && bare->name != NULL && !str_is(str_from(bare->name), name))
		bare++;
	return bare != NULL && bare->name != NULL ? bare : NULL;
}

int room_bare_main(const struct room_bare *bare, int argc, char **argv)
{
	struct fault f = {0};

	if (bare->run(argc, argv, &f))
		return 0;
	log_fault(&f, bare->name);
	return fault_exit_code(f.kind);
}

int room_job_main(struct room *room, int argc, char **argv)
{
	const struct room_job *job = find_job(room, argv[0]);
	struct fault f = {0};
	char line[FAULT_SAY_BYTES + 64];

	if (room_job_run(room, job, argc - 1, argv + 1, &f))
		return 0;
	log_fault(&f, job->name);
	snprintf(line, sizeof(line), "fault %s %s\n", fault_name(f.kind), f.say);
	(void) !write(STDOUT_FILENO, line, strlen(line));
	return fault_exit_code(f.kind);
}
