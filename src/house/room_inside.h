/* room_inside.h: a running room's own state, for room*.c alone.
 * SPDX-License-Identifier: ISC */
#ifndef HOUSE_ROOM_INSIDE_H
#define HOUSE_ROOM_INSIDE_H

#include <sys/types.h>
#include <time.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "house/room.h"

enum { ROOM_LISTENERS = 8, ROOM_PERIODIC = 16, ROOM_DRAIN_MS = 9000 };

struct room_periodic {
	struct room *room;
	struct loop_timer *timer;
	int64_t period_ms;
	loop_call *call;
	void *self;
};

/* What was in force before the desk changed it. */
struct room_retired {
	struct room_retired *next;
	struct theme *theme;
	struct overlay *overlay;
	int64_t since_ms;
};

struct room_inside {
	int lock_fd;
	struct when since;
	struct http_server *servers[ROOM_LISTENERS];
	struct http_route *routes[ROOM_LISTENERS];   /* each listener's table with house's own routes */
	const char *hosts[ROOM_LISTENERS][24];
	struct arena arena;                          /* host names */
	size_t server_count, drained_count;
	struct loop_timer *drain_timer;
	struct room_periodic periodic[ROOM_PERIODIC];
	size_t periodic_count;
	struct settings base;                        /* mimeo.conf's alone; owns nothing: room->settings has the arena */
	struct overlay *overlay;                     /* in force */
	struct room_retired *retired;
	struct fault overlay_fault;                  /* why data/newsroom is not in force; zeroed: it is */
	struct loop_timer *overlay_timer;
	ino_t overlay_ino;                           /* of data/newsroom/current when it was last looked at */
	struct timespec overlay_mtime;
	struct loop_timer *log_timer;
	struct loop_child *log_job;
	int64_t log_again_ms;                        /* after a job that failed */
};

/* room_overlay.c: settings and theme with what the desk laid over them; looks again by itself once room_watch_overlay() was called. */
bool room_begin_overlay(struct room *room, struct fault *f);
void room_watch_overlay(struct room *room);
void room_end_overlay(struct room *room);

/* Opens a server for every inherited socket that the kind has a listener for. */
bool room_open_servers(struct room *room, struct fault *f);
void room_close_servers(struct room *room);

/* Drops to the room's user, where the settings name one and we are root. */
bool room_drop_user(struct room *room, struct fault *f);
/* The uid of a caller ("cli": the home's owner). */
bool room_caller_uid(const struct room *room, const char *caller, uid_t *uid, struct fault *f);

/* The room's database; a reader neither migrates nor writes. */
bool room_open_database(struct room *room, bool read_only, struct fault *f);

/* Where it is: a buffer of PATH_MAX. */
bool room_database_path(const struct room *room, char *path, struct fault *f);

/* room_log.c: the job that moves a database's log into its file; for find_job. */
extern const struct room_job room_log_job;
void room_end_log(struct room *room);

/* A descriptor's number from the environment (MIMEO_EXE), or -1. */
int room_env_fd(const char *name);

/* The process of a job: `mimeo -x ROOM JOB args…`. */
int room_job_main(struct room *room, int argc, char **argv);
/* The same for a bare one; room_find_bare() gives NULL where there is none of that name. */
const struct room_bare *room_find_bare(const struct room_kind *kind, const char *name);
int room_bare_main(const struct room_bare *bare, int argc, char **argv);

#endif
