/* photo_make.c: an uploaded file becomes a photo of the library, in a child, while the desk goes on answering.
 *
 * Decides: two at a time, others wait; when the library learns of a photo (its small widths are on disk) and when pages are
 * told of the larger ones. Leaves to others: pixels (mimeo-image), rows (photo_store.c), pages. Runs in: desk. The hard thing:
 * the original holds somebody's home; it never has a name on disk (http spools it unlinked), so that whatever dies, it is gone.
 * SPDX-License-Identifier: ISC */
#include "desk/photo_make.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/secret.h"
#include "desk/photo_store.h"
#include "desk/story_photo.h"
#include "desk/story_work.h"
#include "gen/desk_sql.h"
#include "house/room.h"
#include "store/store.h"

enum { AT_ONCE = 2, SLOTS = 16, NAME_CHARS = 120, ANSWER_ARENA = 64 * 1024, SWEEP_A_TURN = 200, SWEEP_MS = 20, SWEEP_LATER_MS = 5000 };

struct photo_making {
	struct room *room;
	struct loop_child *child;
	int fd;                     /* -1: a free place */
	int64_t story;
	char by[NAME_CHARS];
	char hash[PHOTO_HASH_CHARS + 1];
	photo_made *done;           /* NULL: called */
	void *self;
	bool is_known;              /* the library had it: the child was ended */
	int64_t step, of;
	struct fault fault;
};

struct photo_work {
	struct photo_making slots[SLOTS];
	struct loop_timer *sweep_timer;
	DIR *sweep;
	char trouble_hash[PHOTO_HASH_CHARS + 1];
	struct fault trouble;
};

static void start_next(struct room *room);

static struct photo_work *photos_of(struct room *room)
{
	return work_of(room)->photos;
}

static void tell(struct photo_making *making, struct str hash, const struct fault *f)
{
	photo_made *done = making->done;

	making->done = NULL;
	if (done != NULL)
		done(making->self, hash, f);
}

/* --- what the child says --- */

/* The library has all of it already: nothing is made again. */
static bool is_in_library(struct photo_making *making)
{
	struct arena arena;
	struct photo photo;
	struct fault ignored = {0};
	char media[PATH_MAX];
	bool is;

	arena_init(&arena, "photo", ANSWER_ARENA);
	is = home_path(&making->room->home, media, &ignored, "data/desk/media")
		&& photo_find(making->room->db, str_from(making->hash), &arena, &photo, &ignored) && photo.is_whole
		&& story_photo_is_there(media, photo.made.hash, photo.made.widths)
		&& store_run(making->room->db, DESK_SQL_PHOTO_SET_STORY, STORE_ARGS(store_text(photo.made.hash),
			making->story != 0 ? store_i64(making->story) : store_null()), NULL, &ignored);
	arena_release(&arena);
	return is;
}

static void take_name(struct photo_making *making, struct str name)
{
	if (!photo_is_name(name))
		return;
	memcpy(making->hash, name.at, PHOTO_HASH_CHARS);
	if (!is_in_library(making))
		return;
	making->is_known = true;
	loop_child_kill(making->child, SIGKILL);
	tell(making, str_from(making->hash), NULL);
}

/* Widths are on disk: into the library with them, and onto the pages that show it. */
static bool take_widths(struct photo_making *making, struct str line, struct fault *f)
{
	struct store *db = making->room->db;
	struct photo photo = {.added = clock_now(), .added_by = str_from(making->by), .added_for = making->story};
	struct arena arena;
	bool ok;

	arena_init(&arena, "photo", ANSWER_ARENA);
	ok = story_photo_answer(line, &arena, &photo.made, &photo.is_whole, f) && store_begin(db, f)
		&& store_end(db, photo_put(db, &photo, f) && photo_queue_users(db, photo.made.hash, f), f);
	if (ok)
		memcpy(making->hash, photo.made.hash.at, PHOTO_HASH_CHARS);
	arena_release(&arena);
	return ok;
}

static void on_line(void *self, struct str line)
{
	struct photo_making *making = self;
	struct fault *f = &making->fault;

	if (making->is_known)
		return;
	if (str_starts(line, STR("progress "))) {
		struct str rest = str_part(line, 9, SIZE_MAX);
		struct str number = {NULL, 0};

		if (str_next(&rest, '/', &number) && str_to_i64(number, &making->step))
			(void) str_to_i64(rest, &making->of);
	} else if (str_starts(line, STR("name "))) {
		take_name(making, str_part(line, 5, SIZE_MAX));
	} else if (str_starts(line, STR("fault "))) {
		work_take_line(NULL, line, f);
	} else if (str_starts(line, STR("{"))) {
		if (take_widths(making, line, f))
			tell(making, str_from(making->hash), NULL);
		else
			loop_child_kill(making->child, SIGKILL);
	}
}

/* Whether the disk is full, or what the photo may cost: both are FULL. */
static bool is_disk_full(const struct fault *f)
{
	return f->kind == FAULT_FULL && (strstr(f->say, strerror(ENOSPC)) != NULL || strstr(f->say, strerror(EDQUOT)) != NULL);
}

/* In words for the person at the desk; the log gets what was said. */
static void settle_fault(struct photo_making *making, bool is_partly_there)
{
	struct fault *f = &making->fault;

	if (f->kind == FAULT_NONE)
		fault_set(f, FAULT_IO, "the photo could not be made: mimeo-image ended before it was done; try again, or a smaller copy");
	if (f->kind != FAULT_INPUT)
		log_fault(f, "photo");
	if (!is_disk_full(f))
		return;
	fault_clear(f);
	fault_set(f, FAULT_FULL, is_partly_there ? "the server’s disk is full"
		: "The server’s disk is full: nothing of the photo was kept. A technician makes room; then upload it again.");
}

static void on_end(void *self, int wait_status)
{
	struct photo_making *making = self;
	struct room *room = making->room;
	struct photo_work *photos = photos_of(room);
	bool ok = making->is_known || (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0);

	close(making->fd);
	making->fd = -1;
	if (!ok)
		settle_fault(making, making->done == NULL);
	if (!ok && making->done == NULL) { /* the small widths stand; the page says what is missing */
		memcpy(photos->trouble_hash, making->hash, sizeof(photos->trouble_hash));
		photos->trouble = making->fault;
	}
	if (making->done != NULL)
		tell(making, (struct str){NULL, 0}, &making->fault);
	if (making->hash[0] != '\0' && !making->is_known)
		work_bake(work_of(room), false, NULL);
	start_next(room);
}

/* --- starting --- */

static bool start_one(struct photo_making *making, struct fault *f)
{
	char program[PATH_MAX], media[PATH_MAX], input[32];
	char *const argv[] = {program, (char *) (uintptr_t) "--desk", input, media, NULL};
	struct secret *key = NULL;
	struct loop_spawn how = {.exe_fd = -1, .program = program, .argv = argv, .keep_fds = &making->fd, .keep_count = 1,
		.lower_priority = 5, .on_line = on_line, .on_end = on_end, .self = making};
	bool ok;

	snprintf(input, sizeof(input), "/proc/self/fd/%d", making->fd);
	ok = home_path(&making->room->home, media, f, "data/desk/media") && file_make_folders(AT_FDCWD, media, 0700, f)
		&& story_photo_program(program, f) && story_photo_key(making->room, &key, f);
	if (ok) {
		how.input = secret_bytes(key);
		ok = loop_spawn(making->room->loop, &how, &making->child, f);
	}
	secret_free(&key);
	return ok;
}

static void start_next(struct room *room)
{
	struct photo_work *photos = photos_of(room);
	size_t running = 0;
	size_t i;

	for (i = 0; i < SLOTS; i++)
		running += photos->slots[i].child != NULL;
	for (i = 0; i < SLOTS && running < AT_ONCE; i++) {
		struct photo_making *making = &photos->slots[i];
		struct fault f = {0};

		if (making->fd < 0 || making->child != NULL)
			continue;
		if (start_one(making, &f)) {
			running++;
			continue;
		}
		log_fault(&f, "photo");
		close(making->fd);
		making->fd = -1;
		tell(making, (struct str){NULL, 0}, &f);
	}
}

bool photo_make(struct room *room, const struct photo_upload *upload, struct fault *f)
{
	struct photo_work *photos = photos_of(room);
	size_t i;

	for (i = 0; i < SLOTS; i++) {
		struct photo_making *making = &photos->slots[i];

		if (making->fd >= 0 || making->child != NULL)
			continue;
		*making = (struct photo_making){.room = room, .fd = fcntl(upload->fd, F_DUPFD_CLOEXEC, 3), .story = upload->story,
			.done = upload->done, .self = upload->self};
		snprintf(making->by, sizeof(making->by), "%.*s", STR_ARG(upload->by));
		if (making->fd < 0)
			return fault_errno(f, "the photo cannot be taken");
		start_next(room);
		return true;
	}
	return fault_set(f, FAULT_BUSY, "Many photos are being made just now. Upload this one again in a minute.");
}

bool photo_is_making(struct room *room, struct str hash, int64_t *step, int64_t *of)
{
	struct photo_work *photos = photos_of(room);
	size_t i;

	for (i = 0; i < SLOTS; i++)
		if (photos->slots[i].child != NULL && !photos->slots[i].is_known && str_is(hash, photos->slots[i].hash)) {
			*step = photos->slots[i].step;
			*of = photos->slots[i].of;
			return true;
		}
	return false;
}

struct str photo_trouble(struct room *room, struct str hash)
{
	struct photo_work *photos = photos_of(room);

	return str_is(hash, photos->trouble_hash) ? str_from(photos->trouble.say) : (struct str){NULL, 0};
}

/* --- what a crash left --- */

static bool is_somebodys(struct room *room, const char *name)
{
	struct str text = str_from(name);
	struct str hash = str_part(text, 0, PHOTO_HASH_CHARS);
	struct fault ignored = {0};
	struct arena arena;
	struct store_row row;
	bool found = true;

	if (!photo_is_name(hash) || str_find(text, STR(".tmp-")) != SIZE_MAX)
		return false;
	arena_init(&arena, "photo", ANSWER_ARENA);
	if (!store_one(room->db, DESK_SQL_PHOTO_FIND, STORE_ARGS(store_text(hash)), &arena, &row, &found, &ignored))
		found = true;
	arena_release(&arena);
	return found;
}

/* An import's child, and a photo under way, have files that no row names yet. */
static bool is_busy(const struct photo_work *photos, const struct work *work)
{
	size_t i;

	for (i = 0; i < SLOTS; i++)
		if (photos->slots[i].fd >= 0)
			return true;
	return work->import_job != NULL;
}

static void sweep_some(void *self)
{
	struct room *room = self;
	struct photo_work *photos = photos_of(room);
	struct dirent *entry = NULL;
	bool busy = is_busy(photos, work_of(room));
	int i;

	for (i = 0; !busy && i < SWEEP_A_TURN && (entry = readdir(photos->sweep)) != NULL; i++)
		if (entry->d_name[0] != '.' && !is_somebodys(room, entry->d_name))
			(void) unlinkat(dirfd(photos->sweep), entry->d_name, 0);
	if (busy || entry != NULL) {
		loop_timer_set(room->loop, &photos->sweep_timer, busy ? SWEEP_LATER_MS : SWEEP_MS, sweep_some, room);
		return;
	}
	closedir(photos->sweep);
	photos->sweep = NULL;
}

void photo_open(struct room *room)
{
	struct photo_work *photos = memory_new(1, sizeof(*photos));
	int fd = openat(room->home.fd, "data/desk/media", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t i;

	for (i = 0; i < SLOTS; i++)
		photos->slots[i].fd = -1;
	work_of(room)->photos = photos;
	photos->sweep = fd >= 0 ? fdopendir(fd) : NULL;
	if (photos->sweep != NULL && !room->read_only)
		loop_timer_set(room->loop, &photos->sweep_timer, SWEEP_MS, sweep_some, room);
	else if (photos->sweep == NULL && fd >= 0)
		close(fd);
}

void photo_close(struct room *room)
{
	struct photo_work *photos = photos_of(room);
	size_t i;

	loop_timer_stop(&photos->sweep_timer);
	if (photos->sweep != NULL)
		closedir(photos->sweep);
	for (i = 0; i < SLOTS; i++) {
		if (photos->slots[i].child != NULL)
			loop_child_kill(photos->slots[i].child, SIGKILL);
		loop_child_forget(&photos->slots[i].child);
		if (photos->slots[i].fd >= 0)
			close(photos->slots[i].fd);
	}
	memory_free(photos);
	work_of(room)->photos = NULL;
}
