/* story_photo.c: photos of an import.
 *
 * Decides: which photos are made already (same bytes, files still there), two children at a time. Leaves to others:
 * pixels and metadata (mimeo-image). Runs in: desk's import, a child. The hard thing: the picture's bytes are a
 * stranger's, so they are only hashed here and never decoded.
 * SPDX-License-Identifier: ISC */
#include "desk/story_photo.h"

#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/loop.h"
#include "base/secret.h"
#include "gen/desk_sql.h"
#include "house/room.h"
#include "http/http_client.h"
#include "store/store.h"

enum { AT_ONCE = 2, HASH_HEX = 16, LINE_BYTES = 600, READ_BYTES = 65536 };

struct making {
	struct makings *all;
	struct photo_task *task;
	struct loop_child *child;
	char name[HASH_HEX + 1];
	char line[LINE_BYTES];      /* the last one: JSON, or what was wrong */
};

struct makings {
	struct room *room;
	struct loop *loop;
	struct making slots[AT_ONCE];
	struct photo_task *tasks;
	size_t count, next, done;
	struct arena *arena;
	struct secret *key;
	char program[PATH_MAX], media[PATH_MAX];
	struct fault *f;
	bool failed;
};

static struct secret *make_key(void)
{
	return secret_new_random(crypto_generichash_KEYBYTES);
}

bool story_photo_key(struct room *room, struct secret **key, struct fault *f)
{
	return room_key(room, "photos", make_key, key, f);
}

/* A photo's public name: a keyed hash of the original. Without the key nobody who holds the original (on a seized telephone,
 * say) can compute its name and so prove that it is this file that was published. */
static bool hash_file(const struct makings *all, const struct photo_task *task, char out[HASH_HEX + 1], struct fault *f)
{
	crypto_generichash_state state;
	const struct str key = secret_bytes(all->key);
	unsigned char bytes[READ_BYTES];
	unsigned char hash[32];
	ssize_t got = 0;
	int fd = open(task->path.at, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return fault_errno(f, "%s:%zu: cannot read the photo", task->name, task->line);
	crypto_generichash_init(&state, (const unsigned char *) key.at, key.len, sizeof(hash));
	while ((got = read(fd, bytes, sizeof(bytes))) > 0)
		crypto_generichash_update(&state, bytes, (unsigned long long) got);
	crypto_generichash_final(&state, hash, sizeof(hash));
	close(fd);
	if (got < 0)
		return fault_errno(f, "%s:%zu: cannot read the photo", task->name, task->line);
	sodium_bin2hex(out, HASH_HEX + 1, hash, HASH_HEX / 2);
	return true;
}

bool story_photo_is_there(const char *media, struct str hash, struct str widths)
{
	static const char *const endings[] = {"jpg", "webp"};
	struct str width;
	size_t i;

	while (str_next(&widths, ' ', &width)) {
		char path[PATH_MAX];

		for (i = 0; i < 2; i++)
			if (snprintf(path, sizeof(path), "%s/%.*s-%.*s.%s", media, STR_ARG(hash), STR_ARG(width), endings[i])
				>= (int) sizeof(path) || access(path, R_OK) != 0)
				return false;
	}
	return true;
}

/* Whether this photo was made before, all of it, and its files are still there. */
static bool is_made(struct makings *all, struct photo_task *task, const char *hash)
{
	struct store_row row;
	struct fault ignored = {0};
	bool found = false;

	if (!store_one(all->room->db, DESK_SQL_PHOTO_FIND, STORE_ARGS(store_text(str_from(hash))), all->arena, &row, &found,
		&ignored) || !found || row.columns[5].number == 0
		|| !story_photo_is_there(all->media, str_from(hash), row.columns[2].bytes))
		return false;
	*task->photo = (struct story_photo){.hash = str_copy(str_from(hash), all->arena), .width = row.columns[0].number,
		.height = row.columns[1].number, .widths = row.columns[2].bytes, .removed = row.columns[3].number,
		.dominant = row.columns[4].bytes};
	return true;
}

/* --- mimeo-image's answer --- */

bool story_photo_answer(struct str line, struct arena *arena, struct story_photo *photo, bool *is_whole, struct fault *f)
{
	json_t *json = NULL;
	const json_t *widths;
	struct buf list;
	bool ok;
	size_t i;

	*photo = (struct story_photo){0};
	if (!http_json_parse(line, &json, f))
		return false;
	photo->hash = str_copy(http_json_text(json, "hash"), arena);
	photo->dominant = str_copy(http_json_text(json, "dominant"), arena);
	*is_whole = json_is_true(json_object_get(json, "whole"));
	ok = photo->hash.len == HASH_HEX && http_json_i64(json, "width", &photo->width)
		&& http_json_i64(json, "height", &photo->height) && http_json_i64(json, "removed", &photo->removed)
			&& photo->width > 0 && photo->height > 0;
	widths = json_object_get(json, "widths");
	buf_init(&list, 256);
	for (i = 0; i < json_array_size(widths); i++)
		buf_format(&list, "%s%lld", i > 0 ? " " : "", (long long) json_integer_value(json_array_get(widths, i)));
	photo->widths = str_copy(buf_view(&list), arena);
	ok = ok && photo->widths.len > 0 && !list.over;
	buf_release(&list);
	json_decref(json);
	return ok || fault_set(f, FAULT_IO, "mimeo-image gave an answer that the desk does not understand");
}

static void on_line(void *self, struct str line)
{
	struct making *making = self;

	if (!str_starts(line, STR("progress ")))
		snprintf(making->line, sizeof(making->line), "%.*s", STR_ARG(str_part(line, 0, LINE_BYTES - 1)));
}

static void start_next(struct makings *all);

static void on_end(void *self, int wait_status)
{
	struct making *making = self;
	struct makings *all = making->all;
	const struct photo_task *task = making->task;
	struct str said = str_from(making->line);

	making->task = NULL;
	if (all->failed)
		return;
	if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0) {
		bool is_whole = false;

		all->failed = !story_photo_answer(said, all->arena, task->photo, &is_whole, all->f);
	} else {
		size_t colon = str_find(said, STR(": "));

		if (str_starts(said, STR("mimeo-image: ")) && colon != SIZE_MAX)
			said = str_part(said, colon + 2, SIZE_MAX);
		if (task->trouble != NULL && (!WIFEXITED(wait_status) || WEXITSTATUS(wait_status) == 2)) {
			*task->trouble = str_copy(said.len > 0 ? said : STR("mimeo-image ended without a word"), all->arena);
			goto done;
		}
		all->failed = true;
		fault_set(all->f, WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 2 ? FAULT_INPUT
			: FAULT_IO, "%s:%zu: photo: %.*s", task->name, task->line,
			STR_ARG(said.len > 0 ? said : STR("mimeo-image ended without a word")));
	}
done:
	all->done++;
	printf("progress %zu %zu photos\n", all->done, all->count);
	fflush(stdout);
	start_next(all);
}

static bool start_one(struct makings *all, struct making *making, struct photo_task *task, const char *name)
{
	/* its complaints come on standard error: the shell joins both, and is gone then */
	char *argv[] = {(char *) (uintptr_t) "sh", (char *) (uintptr_t) "-c",
		(char *) (uintptr_t) "exec \"$0\" \"$@\" 2>&1", all->program, (char *) (uintptr_t) "--name", making->name,
		(char *) (uintptr_t) task->path.at, all->media, NULL};
	const struct loop_spawn how = {.exe_fd = -1, .program = "/bin/sh", .argv = argv, .on_line = on_line,
		.on_end = on_end, .self = making};

	*making = (struct making){.all = all, .task = task};
	memcpy(making->name, name, sizeof(making->name));
	return loop_spawn(all->loop, &how, &making->child, all->f);
}

static void start_next(struct makings *all)
{
	size_t i;

	for (i = 0; i < AT_ONCE && !all->failed; i++) {
		while (all->slots[i].task == NULL && all->next < all->count && !all->failed) {
			struct photo_task *task = &all->tasks[all->next++];
			char hash[HASH_HEX + 1];

			if (!hash_file(all, task, hash, all->f))
				all->failed = true;
			else if (is_made(all, task, hash))
				all->done++;
			else
				all->failed = !start_one(all, &all->slots[i], task, hash);
		}
	}
}

static bool is_running(const struct makings *all)
{
	size_t i;

	for (i = 0; i < AT_ONCE; i++)
		if (all->slots[i].child != NULL)
			return true;
	return false;
}

/* Beside the program itself. */
bool story_photo_program(char path[PATH_MAX], struct fault *f)
{
	ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - sizeof("mimeo-image"));
	char *slash;

	if (len <= 0)
		return fault_errno(f, "cannot find mimeo-image");
	path[len] = '\0';
	slash = strrchr(path, '/');
	memcpy(slash != NULL ? slash + 1 : path, "mimeo-image", sizeof("mimeo-image"));
	return access(path, X_OK) == 0 || fault_set(f, FAULT_IO, "there is no mimeo-image beside mimeo: build it with make");
}

bool story_make_photos(struct room *room, struct photo_task *tasks, size_t count, struct arena *arena, struct fault *f)
{
	struct makings *all = arena_alloc(arena, sizeof(*all));
	bool ok = true;

	if (all == NULL)
		return fault_full(f, "this import");
	all->room = room;
	all->tasks = tasks;
	all->count = count;
	all->arena = arena;
	all->f = f;
	if (count == 0)
		return true;
	if (!home_path(&room->home, all->media, f, "data/desk/media") || !file_make_folders(AT_FDCWD, all->media, 0700, f)
		|| !story_photo_program(all->program, f) || !story_photo_key(room, &all->key, f) || !loop_open(&all->loop, f)) {
		secret_free(&all->key);
		return false;
	}
	start_next(all);
	while (ok && is_running(all))
		ok = loop_turn(all->loop, -1, f);
	loop_close(&all->loop);
	secret_free(&all->key);
	return ok && !all->failed;
}
