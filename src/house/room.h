/* room.h: what every room's process is: start, sockets, database, keys, health, drain.
 *
 * The parent runs `mimeo -x ROOM` with listening sockets inherited (MIMEO_SOCKETS="public=5 cli=6 …"). room_main drops
 * to the room's user, reads settings, takes data/ROOM/ROOM.lock, opens the database (migrating it), calls kind->open,
 * serves each listener with its closed table, and says "ready" to the parent. SIGTERM drains within 10 s.
 * SPDX-License-Identifier: ISC */
#ifndef HOUSE_ROOM_H
#define HOUSE_ROOM_H

#include <stdbool.h>
#include "base/embed.h"
#include "base/loop.h"
#include "house/home.h"
#include "house/settings.h"
#include "http/http.h"
#include "http/http_client.h"

struct fault;
struct store;
struct theme;
struct secret;

struct room {
	const struct room_kind *kind;
	struct home home;
	struct settings settings;
	struct loop *loop;
	struct http_client *client;
	struct theme *theme;
	struct store *db;          /* NULL where the kind has no schema (front) */
	bool read_only;            /* a restored copy that was not confirmed: no sending, booking, changing; timers stay still */
	bool draining;
	void *self;                /* the room's own state, set by kind->open */
	struct room_inside *inside;
};

/* One caller's socket. */
struct room_listener {
	const char *caller;                /* "public" (TCP), "front", "desk", "support", "cli"; NULL ends the list */
	const struct http_route *routes;
	http_handler *otherwise;           /* NULL: 404 */
	/* Patterns whose POST still works while read_only (logging in), NULL-ended; NULL: none. */
	const char *const *even_read_only;
	unsigned body_seconds;
};

/* A finding of `mimeo check`: what is wrong and what to do. */
void room_finding(json_t *findings, const char *say, const char *todo);

struct room_kind {
	const char *word;                         /* "front" */
	const struct room_listener *listeners;    /* "cli" always gets GET /health, GET /check and POST /backup besides, "desk" GET /health */
	const struct embed_file *schema, *queries;
	size_t query_count;
	bool persist_wal;
	/* Opens what the room needs (keys, secrets; after the user was dropped); sets room->self. */
	bool (*open)(struct room *room, struct fault *f);
	/* Before sockets close: stop taking up new work; call room_drained() (at once or later, ≤ 10 s). NULL: nothing to wait for. */
	void (*drain)(struct room *room);
	void (*close)(struct room *room);
	/* Adds findings; NULL: none but the database's. */
	bool (*check)(struct room *room, json_t *findings, struct fault *f);
	/* Adds to the health object {"room","state","since"}; may be NULL. */
	void (*health)(struct room *room, json_t *health);
	/* Heavy work in a child process of its own, `mimeo -x ROOM JOB args…`: NULL-ended. */
	const struct room_job *jobs;
	const struct room_bare *bare;             /* ended by a NULL name; NULL: none */
};

/* A job's process: settings, theme, and (read_only) database of its room; prints progress lines to standard output. */
struct room_job {
	const char *name;   /* "bake" */
	bool (*run)(struct room *room, int argc, char **argv, struct fault *f); /* room->loop and ->client are NULL */
	bool writes;        /* true: opens the database read-write (the room itself must not write meanwhile: rare) */
	bool is_awaited;    /* true: somebody waits for it, so it begins at the room's own priority, and lowers it when it is long */
};

/* A process of the room, `mimeo -x ROOM NAME args…`, for which nothing is opened: no home, settings, theme or database. What it works
 * on it is given, on its standard input or as open descriptors. */
struct room_bare {
	const char *name;   /* NULL ends a table */
	bool (*run)(int argc, char **argv, struct fault *f);
};

/* Starts a job of this room. Lines and end as loop_spawn's. args is NULL-ended and without the job's name. A job's last line on failure is
 * "fault KIND say…". */
bool room_job_start(struct room *room, const char *job, const char *const *args, loop_line_call *on_line,
	loop_end_call *on_end, void *self, struct loop_child **child, struct fault *f) __attribute__((warn_unused_result));

/* From now on no commit of this room waits while the database's log is moved into its file: a child moves it. */
void room_move_log_beside(struct room *room);

/* Takes what the desk wrote into data/newsroom, now: for the desk itself. Others see it within half a second: room->settings and
 * room->theme are then others; the texts of the old ones stay valid for ten minutes. */
void room_look_at_overlay(struct room *room);
/* The same where `current` is another file than when it was last looked at: for who meets something newer than what is in force. */
void room_look_whether_overlay(struct room *room);
/* Starts a bare process with bytes for its standard input. */
bool room_bare_feed(struct room *room, const char *name, struct str input, loop_line_call *on_line, loop_end_call *on_end,
	void *self, struct loop_child **child, struct fault *f) __attribute__((warn_unused_result));

void room_drained(struct room *room);

/* mimeo -x ROOM [JOB args…]; exe_fd: a descriptor of the program itself, kept for jobs. Gives the exit code. */
int room_main(const struct room_kind *kind, int argc, char **argv);

/* keys/ROOM/NAME, made with `make` when missing (0600): the index key, the list key. make NULL: what the room holds was
 * sealed with the key before, so that a new one would open nothing; a missing one is MISSING. */
bool room_key(struct room *room, const char *name, struct secret *(*make)(void), struct secret **out, struct fault *f)
	__attribute__((warn_unused_result));
/* secrets/ROOM.conf through conf_read; the file may be missing when every key is optional. */
bool room_secrets(struct room *room, const struct conf_key *keys, void *target, struct arena *arena, struct fault *f)
	__attribute__((warn_unused_result));

/* A call to another room from this one: over run/OTHER.<this room>.sock. body may be NULL (its reference is taken). */
bool room_call(struct room *room, const char *other, const char *method, const char *path, json_t *body,
	http_done *done, void *self, struct fault *f) __attribute__((warn_unused_result));

/* Runs `call` every period_s seconds, first after first_s; not while read_only or draining. For the life of the room. */
void room_every(struct room *room, int64_t first_s, int64_t period_s, loop_call *call, void *self);

#endif
