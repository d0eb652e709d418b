/* story_take.c: an import at the desk's end: its child is watched, then what it wrote is taken into the database.
 *
 * Decides: so many stories a turn of the loop, each turn one transaction. Leaves to others: reading files
 * (story_import.c, a child). Runs in: desk. The hard thing: ten thousand stories are taken while the desk goes on
 * answering, and a crash in the middle leaves whole stories, which the same import then completes.
 * SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/rand.h"
#include "desk/movein.h"
#include "desk/story.h"
#include "desk/story_store.h"
#include "desk/story_work.h"
#include "gen/desk_sql.h"
#include "http/http_client.h"
#include "store/store.h"

enum { TURN_MS = 25, TURN_STORIES = 200, HEAD_BYTES = 11, RECORD_BYTES = 8 * LIMIT_STORY_BYTES,
	TAKE_ARENA = 64 * 1024 * 1024 };

static struct fault import_fault; /* of the running import's child */

static void tidy(struct work *work)
{
	struct fault ignored = {0};
	char records[sizeof(work->import_out) + 16];

	if (work->import_fd >= 0)
		close(work->import_fd);
	work->import_fd = -1;
	file_remove(work->room->home.fd, work->import_in, &ignored);
	file_remove(work->room->home.fd, work->import_out, &ignored);
	snprintf(records, sizeof(records), "%s.records", work->import_out); /* a move's, should its child have been killed */
	file_remove(work->room->home.fd, records, &ignored);
	work->import_job = NULL;
}

static void give_up(struct work *work, const struct fault *f)
{
	if (work->import_job != NULL)
		work_job_fail(work->import_job, f);
	tidy(work);
}

/* Reads exactly len bytes; false at the end or on trouble. */
static bool read_exactly(int fd, char *at, size_t len)
{
	size_t have = 0;

	while (have < len) {
		ssize_t got = read(fd, at + have, len - have);

		if (got <= 0)
			return false;
		have += (size_t) got;
	}
	return true;
}

/* Ids of an import are random and yet ascend: rows of one turn lie side by side in every table then, and a hundred thousand
 * stories are taken in without touching most of the database's pages a hundred times. */
static int64_t next_id(struct work *work)
{
	int64_t left = work->import_job->stories - work->import_job->done + 1;
	int64_t room = (INT64_MAX - work->import_id) / (left > 0 ? left + 1 : 2);

	if (room < 2)
		return rand_id();
	work->import_id += 1 + rand_id() % room;
	return work->import_id;
}

/* One record into the database. *more is false when there is none. */
static bool take_one(struct work *work, struct buf *record, struct when now, bool *more, struct fault *f)
{
	char head[HEAD_BYTES + 1] = "";
	struct arena arena;
	struct story story;
	json_t *json = NULL;
	int64_t len = 0;
	bool ok;
	char *at;

	*more = read_exactly(work->import_fd, head, HEAD_BYTES);
	if (!*more)
		return true;
	buf_clear(record);
	/* ten digits and a newline */
	if (!str_to_i64(str_make(head, HEAD_BYTES - 1), &len) || len <= 0 || len > RECORD_BYTES
		|| (at = buf_reserve(record, (size_t) len + 1)) == NULL || !read_exactly(work->import_fd, at, (size_t) len + 1))
		return fault_set(f, FAULT_IO, "what the import wrote is cut short");
	arena_init(&arena, "story", TAKE_ARENA);
	ok = http_json_parse(str_make(at, (size_t) len), &json, f);
	if (ok && movein_is_record(json)) {
		ok = movein_take(work->room->db, json, now, &arena, f);
	} else if (ok) {
		ok = story_from_json(json, &arena, &story, f);
		story.id = ok ? next_id(work) : 0;
		ok = ok && story_save(work->room->db, &story, now, "import", &arena, f);
	}
	json_decref(json);
	arena_release(&arena);
	return ok;
}

static void take_some(void *self)
{
	struct work *work = self;
	int64_t until = clock_mono_ms() + TURN_MS;
	struct when now = clock_now();
	struct fault f = {0};
	struct buf record;
	bool more = true;
	bool ok;
	int i;

	buf_init(&record, RECORD_BYTES + 1);
	ok = store_begin_lightly(work->room->db, &f);
	if (ok) {
		for (i = 0; i < TURN_STORIES && more && ok && (i == 0 || clock_mono_ms() < until); i++) {
			ok = take_one(work, &record, now, &more, &f);
			work->import_job->done += more && ok;
		}
		ok = store_end(work->room->db, ok, &f);
	}
	buf_release(&record);
	if (!ok) {
		log_fault(&f, "import");
		give_up(work, &f);
		work_bake(work, false, NULL); /* what was taken before stands */
		return;
	}
	if (more) {
		loop_timer_set(work->room->loop, &work->import_timer, 0, take_some, work);
		return;
	}
	/* an ordinary commit: what is said to be imported is on disk */
	if (!store_begin(work->room->db, &f) || !store_end(work->room->db, store_run(work->room->db, DESK_SQL_QUEUE_ADD,
		STORE_ARGS(store_i64(0), store_text(STR("import")), store_null(), store_text(STR("")), store_i64(INT64_MAX)), NULL, &f), &f)) {
		log_fault(&f, "import");
		give_up(work, &f);
		return;
	}
	work_schedule(work);
	log_event(LOG_IMPORT, LOG_I64("stories", work->import_job->stories));
	snprintf(work->import_job->line, sizeof(work->import_job->line), "baking");
	work_bake(work, false, work->import_job);
	tidy(work);
}

static void child_line(void *self, struct str line)
{
	struct work *work = self;

	if (str_starts(line, STR("stories ")))
		(void) str_to_i64(str_part(line, 8, SIZE_MAX), &work->import_job->stories);
	else
		work_take_line(work->import_job, line, &import_fault);
}

static void child_ended(void *self, int wait_status)
{
	struct work *work = self;
	struct fault f = import_fault;

	if (!WIFEXITED(wait_status) || WEXITSTATUS(wait_status) != 0) {
		if (f.kind == FAULT_NONE)
			fault_set(&f, FAULT_IO, "the import ended before it was done; nothing was taken in");
		give_up(work, &f);
		return;
	}
	work->import_fd = openat(work->room->home.fd, work->import_out, O_RDONLY | O_CLOEXEC);
	if (work->import_fd < 0) {
		fault_errno(&f, "cannot read what the import wrote");
		give_up(work, &f);
		return;
	}
	work->import_job->done = 0;
	work->import_job->total = work->import_job->stories;
	snprintf(work->import_job->line, sizeof(work->import_job->line), "stories");
	take_some(work);
}

bool work_import(struct work *work, const char *kind, json_t *wish, struct work_job *job, struct fault *f)
{
	const char *const args[] = {work->import_in, work->import_out, NULL};
	struct arena arena;
	int64_t id = rand_id();
	bool ok;

	if (work->import_job != NULL)
		return fault_set(f, FAULT_BUSY, "another import runs just now; try again when it is done");
	snprintf(work->import_in, sizeof(work->import_in), "data/desk/import-%lld.in", (long long) id);
	snprintf(work->import_out, sizeof(work->import_out), "data/desk/import-%lld.out", (long long) id);
	arena_init(&arena, "import", LIMIT_JSON_BYTES);
	fault_clear(&import_fault);
	work->import_job = job;
	work->import_id = 0;
	work->import_fd = -1;
	ok = file_write(work->room->home.fd, work->import_in, http_json_write(wish, &arena), 0600, false, f)
		&& room_job_start(work->room, kind, args, child_line, child_ended, work, &work->import_child, f);
	if (!ok)
		tidy(work);
	arena_release(&arena);
	return ok;
}
