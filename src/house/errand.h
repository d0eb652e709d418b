/* errand.h: how a command reaches rooms: through their cli sockets, or, when no house runs, through a house of just the
 * rooms it needs, started for this errand and stopped after it. Either way the same process functions do the work.
 * SPDX-License-Identifier: ISC */
#ifndef HOUSE_ERRAND_H
#define HOUSE_ERRAND_H

#include <jansson.h>
#include <stdbool.h>
#include "base/arena.h"
#include "house/home.h"

struct fault;

struct errand {
	const char *home_path; /* as given by -C, or "." */
	struct home home;      /* open, unless the command's rooms are NULL */
	struct arena arena;    /* replies live here until errand_end */
	int house_pid;         /* of the house started for this errand; 0: one was running */
	int argc;              /* the command's own arguments, options of all commands (-C, --json, --help) taken out */
	char **argv;
	bool json;             /* --json: the command prints JSON */
	bool verbose;
	int exit_code;         /* set by a command whose failures have codes of their own (sysexits.h); 0: the fault's */
};

/* One command of the CLI. Rooms offer NULL-ended tables; main joins them. */
struct errand_command {
	const char *words;     /* "story import"; NULL ends a table */
	const char *rooms;     /* "desk newsletter": who must be there; "" none; NULL: not even a home (it is to be made) */
	const char *usage;     /* "FILE..." */
	const char *help;      /* what --help prints after the usage line */
	bool (*run)(struct errand *errand, struct fault *f);
};

/* For main: opens the home and, if rooms are named and no house runs, starts a house of these rooms; errand_end stops it. */
bool errand_begin(struct errand *errand, const char *home, const char *rooms, struct fault *f) __attribute__((warn_unused_result));
void errand_end(struct errand *errand);

/* The same for a command that looks at the home before it wants rooms; other rooms after errand_leave, which stops the
 * house that was started. */
bool errand_need(struct errand *errand, const char *rooms, struct fault *f) __attribute__((warn_unused_result));
void errand_leave(struct errand *errand);

/* A request to run/ROOM.cli.sock; body may be NULL (reference taken); *reply (may be NULL) is a new reference. */
bool errand_call(struct errand *errand, const char *room, const char *method, const char *path, json_t *body,
	json_t **reply, struct fault *f) __attribute__((warn_unused_result));

/* Polls GET path on the room until its "state" is neither "running" nor "queued", drawing a progress bar from "done" and
 * "total" (and "line") on a terminal's fd 2, or a line every few seconds elsewhere. *reply: the last answer. A state of "failed" is the fault in its
 * {"fault":{"kind","say"}}. */
bool errand_watch(struct errand *errand, const char *room, const char *path, const char *what, json_t **reply, struct fault *f)
	__attribute__((warn_unused_result));

#endif
