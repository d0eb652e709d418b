/* bake_job.h: one bake, as a job of the desk or in a test.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_BAKE_JOB_H
#define DESK_BAKE_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"

struct fault;
struct room;
struct settings;
struct store;
struct theme;

struct bake_run {
	struct store *db;           /* desk.db, only read */
	struct theme *theme;
	const struct settings *settings;
	struct str conf;            /* mimeo.conf as it stands there: another text is another site */
	const char *site_path;      /* the folder is there */
	bool html_only;             /* benches: no .gz, no search index */
	bool without_search;        /* benches: no search index */
	size_t crew;                /* processes that make story pages; 0: by the machine and the work */
	unsigned lower_priority;    /* nice() increment of a full bake; few changes are made at once */
	bool is_full;               /* false: what the queue names (all, when theme or settings changed) */
};

struct bake_done {
	int64_t queue_last;         /* rows up to this one are done: the desk deletes them */
	size_t stories, written, same, removed;
	bool was_full;
};

/* Safe to repeat, also after it was killed. */
bool bake_run(const struct bake_run *how, struct bake_done *done, struct fault *f) __attribute__((warn_unused_result));

/* struct room_job's run. argv[0] "full" or "queue"; argv[1], for benches, is at the caller's priority: "html" without .gz and search,
 * "pages" without search, "all". Lines: "progress DONE TOTAL WHAT", at the end "baked LAST WRITTEN SAME full|some". */
bool bake_job(struct room *room, int argc, char **argv, struct fault *f);

#endif
