/* story_work.h: the desk's long work: imports and bakes in children, and the jobs that callers watch.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_STORY_WORK_H
#define DESK_STORY_WORK_H

#include <jansson.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/str.h"
#include "house/room.h"
#include "http/http.h"

enum work_state { WORK_RUNNING, WORK_DONE, WORK_FAILED };
enum { WORK_JOBS = 32, WORK_LINE_BYTES = 200, WORK_ISSUES = 8 };

/* What a caller watches: GET /jobs/ID. */
struct work_job {
	int64_t id;                 /* 0: a free place */
	enum work_state state;
	int64_t done, total;
	char line[WORK_LINE_BYTES];
	struct fault fault;
	int64_t stories;            /* imported */
	bool waits_for_bake;
	unsigned bake_round;        /* the job is done when a bake of this round or a later one has ended */
};

/* One issue that the newsletter is being asked about (compose.c). */
struct work_issue {
	struct room *room;
	int64_t id;                 /* 0: a free place */
};

/* room->self of the desk. Long-lived. */
struct work {
	struct room *room;
	struct work_job jobs[WORK_JOBS];
	/* the bake */
	struct loop_child *bake_child;
	struct loop_timer *bake_timer;
	unsigned bake_round;        /* counts bakes that were started */
	bool bake_wanted, bake_full, bake_is_full;
	unsigned bake_failures;
	int64_t bake_last;          /* as the child said */
	bool bake_said;
	int last_day;               /* of the front page's masthead */
	int64_t news_first;         /* date of the oldest story in the news sitemap */
	/* the import */
	struct loop_child *import_child;
	struct loop_timer *import_timer;
	struct work_job *import_job;
	int64_t import_id;          /* the last that was given */
	int import_fd;              /* what the child wrote, being taken */
	char import_in[64], import_out[64];
	struct work_issue issues[WORK_ISSUES];
	struct photo_work *photos;  /* photo_make.c */
	/* what is scheduled */
	struct loop_timer *due_timer;
	struct when due_next;
	/* stories of an older database that cannot be found at the desk yet */
	struct loop_timer *find_timer;
	int64_t find_last;
};

struct work *work_of(struct room *room);
struct work_job *work_job_new(struct work *work);            /* the oldest that is over gives way; NULL when all run */
struct work_job *work_job_find(struct work *work, int64_t id);
void work_job_fail(struct work_job *job, const struct fault *f);
/* "progress DONE TOTAL WHAT" and "fault KIND say…" of a child. */
void work_take_line(struct work_job *job, struct str line, struct fault *f);

/* The site is brought up to date soon; full: all of it. job (may be NULL) is done when that is. */
void work_bake(struct work *work, bool full, struct work_job *job);

/* story_due.c: publishes what is due, now, and looks again when the next one is. After every change of what is scheduled. */
void work_schedule(struct work *work);
/* Makes findable what is not yet, some at a turn of the loop. */
void work_make_findable(struct work *work);

/* Takes stories in: kind is the child's job ("import": wish {"paths": absolute ones}; "movein": movein.h); the job ends
 * with the bake. BUSY while another runs. */
bool work_import(struct work *work, const char *kind, json_t *wish, struct work_job *job, struct fault *f)
	__attribute__((warn_unused_result));
/* struct room_job's run: reads and checks files, makes photos, writes what the desk then takes. */
bool story_import_job(struct room *room, int argc, char **argv, struct fault *f);

/* A story as a line of JSON between the child and the desk. */
struct errand;
struct story;
struct story_photo;
/* Its photo's part, over what stands there. */
void story_photo_to_json(const struct story_photo *photo, json_t *json);
/* Its list of pictures, for the key "pictures". */
struct story_picture;
json_t *story_pictures_to_json(const struct story_picture *pictures, size_t count);
json_t *story_to_json(const struct story *story);
bool story_from_json(const json_t *json, struct arena *arena, struct story *out, struct fault *f)
	__attribute__((warn_unused_result));

/* story_routes.c: the cli socket's routes. */
http_handler story_post_import, story_get_list, story_get_one, story_post_publish, story_post_withdraw, story_post_bake,
	story_get_job, story_post_issue, story_get_preview;

/* compose.c: looks whether issues have started, every now and then; hands over again what the newsletter does not know
 * (the house died in between). Safe to repeat. */
void compose_poll(void *room);

/* story_commands.c */
bool story_run_import(struct errand *errand, struct fault *f);
bool story_run_list(struct errand *errand, struct fault *f);
bool story_run_show(struct errand *errand, struct fault *f);
bool story_run_publish(struct errand *errand, struct fault *f);
bool story_run_withdraw(struct errand *errand, struct fault *f);
bool story_run_bake(struct errand *errand, struct fault *f);
bool story_run_compose(struct errand *errand, struct fault *f);
bool story_run_preview(struct errand *errand, struct fault *f);

#endif
