/* story_import.c: the import's child: files to stories.
 *
 * Decides: which files of a folder are stories, that nothing is taken in unless everything is right. Leaves to others:
 * the grammar (story_front.c, story_file.c), pixels (mimeo-image), the database's writing (story_take.c). Runs in: a
 * child of the desk. The hard thing: every file is checked, addresses too, before the first photo is made.
 * SPDX-License-Identifier: ISC */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "desk/story.h"
#include "desk/story_photo.h"
#include "desk/story_pictures.h"
#include "desk/story_work.h"
#include "gen/desk_sql.h"
#include "http/http_client.h"
#include "store/store.h"

enum { IMPORT_CAP_BYTES = 1536 * 1024 * 1024, FOLDER_DEPTH = 6, REPORT_EVERY = 100,
	RECORD_BYTES = 4 * LIMIT_STORY_BYTES, PICTURES = 100 };

struct import_file {
	char *path;                 /* as it can be opened */
	char *name;                 /* as it is called in complaints */
	struct story_file file;
	struct story_picture_file *pictures; /* of its text; url is a path that can be opened, addresses what the text says */
	struct str *addresses;
	struct story_picture *made;
	size_t picture_count;
};

struct import {
	struct room *room;
	struct arena arena;
	struct import_file *files;
	size_t count, room_for;
	struct fault *f;
};

/* --- which files --- */

static bool add_file(struct import *import, const char *path, const char *name)
{
	struct import_file *files;
	size_t room;

	if (import->count == import->room_for) {
		room = import->room_for > 0 ? import->room_for * 2 : 64;
		files = arena_alloc_many(&import->arena, room, sizeof(*files));
		if (files == NULL)
			return fault_full(import->f, "this import");
		if (import->count > 0)
			memcpy(files, import->files, import->count * sizeof(*files));
		import->files = files;
		import->room_for = room;
	}
	import->files[import->count] = (struct import_file){.path = str_to_c(str_from(path), &import->arena),
		.name = str_to_c(str_from(name), &import->arena)};
	if (import->files[import->count].name == NULL)
		return fault_full(import->f, "this import");
	import->count++;
	return true;
}

static bool add_folder(struct import *import, const char *path, const char *name, int depth)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool ok = true;

	if (dir == NULL)
		return fault_errno(import->f, "cannot read the folder %s", name);
	while (ok && (entry = readdir(dir)) != NULL) {
		char inner[PATH_MAX];
		char inner_name[PATH_MAX];
		struct stat about;

		if (entry->d_name[0] == '.' || strcmp(entry->d_name, "README.md") == 0)
			continue;
		if (snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name) >= (int) sizeof(inner)
			|| snprintf(inner_name, sizeof(inner_name), "%s/%s", name, entry->d_name) >= (int) sizeof(inner_name)) {
			ok = fault_full(import->f, "this path");
		} else if (stat(inner, &about) != 0) {
			ok = fault_errno(import->f, "cannot read %s", inner_name);
		} else if (S_ISDIR(about.st_mode)) {
			ok = depth >= FOLDER_DEPTH || add_folder(import, inner, inner_name, depth + 1);
		} else if (str_ends(str_from(entry->d_name), STR(".md"))) {
			ok = add_file(import, inner, inner_name);
		}
	}
	closedir(dir);
	return ok;
}

static bool add_path(struct import *import, struct str path)
{
	const char *at = str_to_c(path, &import->arena);
	const char *name;
	struct stat about;

	if (at == NULL || path.len == 0 || path.at[0] != '/')
		return fault_set(import->f, FAULT_INPUT, "a path to import is absolute");
	while (path.len > 1 && path.at[path.len - 1] == '/')
		path.len--;
	at = str_to_c(path, &import->arena);
	name = strrchr(at, '/') + 1;
	if (stat(at, &about) != 0)
		return fault_errno(import->f, "cannot read %s", at);
	return S_ISDIR(about.st_mode) ? add_folder(import, at, name, 0) : add_file(import, at, name);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct import_file *) a)->path, ((const struct import_file *) b)->path);
}

static bool find_files(struct import *import, const char *list_path)
{
	struct str text = {NULL, 0};
	json_t *list = NULL;
	bool ok = true;
	size_t i;

	if (!file_read(import->room->home.fd, list_path, LIMIT_JSON_BYTES, &import->arena, &text, import->f)
		|| !http_json_parse(text, &list, import->f))
		return false;
	for (i = 0; i < json_array_size(json_object_get(list, "paths")) && ok; i++) {
		const json_t *path = json_array_get(json_object_get(list, "paths"), i);

		ok = add_path(import, str_make(json_string_value(path), json_string_length(path)));
	}
	json_decref(list);
	if (ok && import->count == 0)
		return fault_set(import->f, FAULT_INPUT, "there is no story file (.md) in what was given");
	if (import->count > 1)
		qsort(import->files, import->count, sizeof(*import->files), by_path);
	return ok;
}

/* --- what is in them --- */

static struct str identity_of(struct import *import, const char *name)
{
	const char *slash = strrchr(name, '/');
	struct str base = str_from(slash != NULL ? slash + 1 : name);

	return str_copy(str_ends(base, STR(".md")) ? str_part(base, 0, base.len - 3) : base, &import->arena);
}

/* *photo, relative to the story's file, becomes a path that can be opened. */
static bool find_beside(struct import *import, const struct import_file *file, size_t line, const char *remedy, struct str *photo)
{
	const char *slash = strrchr(file->path, '/');
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%.*s/%.*s", (int) (slash - file->path), file->path, STR_ARG(*photo)) >= (int) sizeof(path))
		return fault_full(import->f, "this path");
	if (access(path, R_OK) != 0)
		return fault_set(import->f, FAULT_INPUT, "%s:%zu: there is no photo %.*s beside this file; put it there or take %s out",
			file->name, line, STR_ARG(*photo), remedy);
	*photo = str_copy(str_from(path), &import->arena);
	return photo->at != NULL || fault_full(import->f, "this import");
}

/* The pictures of its text, with the lines that name them. */
static bool find_pictures(struct import *import, struct import_file *file)
{
	struct story_picture_file found[PICTURES];
	struct fault inner = {0};
	size_t i;

	if (!story_pictures_files(file->file.story.body, &import->arena, found, PICTURES, &file->picture_count, &inner))
		return fault_set(import->f, inner.kind, "%s:%zu: %s", file->name, file->file.body_line, inner.say);
	if (file->picture_count == 0)
		return true;
	file->pictures = arena_alloc_many(&import->arena, file->picture_count, sizeof(*file->pictures));
	file->addresses = arena_alloc_many(&import->arena, file->picture_count, sizeof(*file->addresses));
	file->made = arena_alloc_many(&import->arena, file->picture_count, sizeof(*file->made));
	if (file->pictures == NULL || file->addresses == NULL || file->made == NULL)
		return fault_full(import->f, "this import");
	for (i = 0; i < file->picture_count; i++) {
		file->pictures[i] = found[i];
		file->addresses[i] = found[i].url;
		file->pictures[i].line = file->file.body_line + found[i].line - 1;
		if (str_find(found[i].url, STR("../")) != SIZE_MAX)
			return fault_set(import->f, FAULT_INPUT, "%s:%zu: the picture %.*s is not beside this file; put it there",
				file->name, file->pictures[i].line, STR_ARG(str_part(found[i].url, 0, 100)));
		if (!find_beside(import, file, file->pictures[i].line, "the picture", &file->pictures[i].url))
			return false;
	}
	return true;
}

/* The text names what was made. */
static bool name_pictures(struct import *import, struct import_file *file)
{
	struct str *names = arena_alloc_many(&import->arena, file->picture_count + 1, sizeof(*names));
	struct story_picture_file *files = file->pictures;
	struct fault inner = {0};
	size_t i;

	if (names == NULL)
		return fault_full(import->f, "this import");
	for (i = 0; i < file->picture_count; i++) {
		struct story_picture *made = &file->made[i];

		names[i] = made->photo.hash;
		made->alt = files[i].alt;
		story_picture_split(files[i].title, (struct str){NULL, 0}, &made->caption, &made->credit);
		files[i].url = file->addresses[i];
	}
	if (!story_pictures_rename(file->file.story.body, files, names, file->picture_count, &import->arena, &file->file.story.body,
		&inner))
		return fault_set(import->f, inner.kind, "%s:%zu: %s", file->name, file->file.body_line, inner.say);
	file->file.story.pictures = file->made;
	file->file.story.picture_count = file->picture_count;
	return true;
}

static bool read_files(struct import *import)
{
	size_t i;

	for (i = 0; i < import->count; i++) {
		struct import_file *file = &import->files[i];
		struct str bytes = {NULL, 0};

		if (!file_read(AT_FDCWD, file->path, 2 * LIMIT_STORY_BYTES, &import->arena, &bytes, import->f)
			|| !story_from_file(bytes, file->name, identity_of(import, file->name), import->room->settings.language,
				&import->arena, &file->file, import->f) || !find_pictures(import, file))
			return false;
		if (file->file.photo.len > 0 && !find_beside(import, file, file->file.photo_line, "the line", &file->file.photo))
			return false;
		if (i % REPORT_EVERY == 0) {
			printf("progress %zu %zu reading\n", i, import->count);
			fflush(stdout);
		}
	}
	return true;
}

/* --- no two with one name or address --- */

static int by_identity(const void *a, const void *b)
{
	const struct import_file *x = *(const struct import_file *const *) a;
	const struct import_file *y = *(const struct import_file *const *) b;
	int order = str_compare(x->file.story.identity, y->file.story.identity);

	return order != 0 ? order : strcmp(x->path, y->path);
}

static int by_address(const void *a, const void *b)
{
	return str_compare((*(const struct import_file *const *) a)->file.story.path,
		(*(const struct import_file *const *) b)->file.story.path);
}

/* The address that a story will have, where its date is known by now. */
static bool check_address(struct import *import, struct import_file *file)
{
	struct story *story = &file->file.story;
	struct store_row row;
	bool found = false;
	int64_t others = 0;

	if (!store_one(import->room->db, DESK_SQL_STORY_BY_IDENTITY, STORE_ARGS(store_text(story->identity)),
		&import->arena, &row, &found, import->f))
		return false;
	story->id = found ? row.columns[0].number : 0;
	story->path = (struct str){NULL, 0};
	if (story->published.us == 0)
		return true;
	story->path = story_path(story->published, story->slug, &import->arena);
	if (!store_number(import->room->db, DESK_SQL_STORY_PATH_TAKEN,
		STORE_ARGS(store_text(story->path), store_i64(story->id)), &others, import->f))
		return false;
	return others == 0 ? true : fault_set(import->f, FAULT_INPUT,
		"%s:1: another story has the address %.*s already; give this one a slug: line", file->name,
		STR_ARG(story->path));
}

static bool check_all(struct import *import)
{
	struct import_file **sorted = arena_alloc_many(&import->arena, import->count + 1, sizeof(struct import_file *));
	size_t i;

	if (sorted == NULL)
		return fault_full(import->f, "this import");
	for (i = 0; i < import->count; i++) {
		if (!check_address(import, &import->files[i]))
			return false;
		sorted[i] = &import->files[i];
	}
	qsort(sorted, import->count, sizeof(struct import_file *), by_identity);
	for (i = 1; i < import->count; i++)
		if (str_equal(sorted[i]->file.story.identity, sorted[i - 1]->file.story.identity))
			return fault_set(import->f, FAULT_INPUT, "%s:1: the id %.*s is also that of %s; each story has its own",
				sorted[i]->name, STR_ARG(sorted[i]->file.story.identity), sorted[i - 1]->name);
	qsort(sorted, import->count, sizeof(struct import_file *), by_address);
	for (i = 1; i < import->count; i++)
		if (sorted[i]->file.story.path.len > 0 && str_equal(sorted[i]->file.story.path, sorted[i - 1]->file.story.path))
			return fault_set(import->f, FAULT_INPUT, "%s:1: %s has the same address %.*s; give one of them a slug: line", sorted[i]->name,
				sorted[i - 1]->name, STR_ARG(sorted[i]->file.story.path));
	return true;
}

/* --- photos and records --- */

static bool make_photos(struct import *import)
{
	struct photo_task *tasks;
	size_t count = 0;
	size_t i;
	size_t k;

	for (i = 0; i < import->count; i++)
		count += 1 + import->files[i].picture_count;
	tasks = arena_alloc_many(&import->arena, count + 1, sizeof(*tasks));
	if (tasks == NULL)
		return fault_full(import->f, "this import");
	count = 0;
	for (i = 0; i < import->count; i++) {
		struct import_file *file = &import->files[i];

		if (file->file.photo.len > 0)
			tasks[count++] = (struct photo_task){.path = file->file.photo, .name = file->name,
				.line = file->file.photo_line, .photo = &file->file.story.photo};
		for (k = 0; k < file->picture_count; k++)
			tasks[count++] = (struct photo_task){.path = file->pictures[k].url, .name = file->name,
				.line = file->pictures[k].line, .photo = &file->made[k].photo};
	}
	if (!story_make_photos(import->room, tasks, count, &import->arena, import->f))
		return false;
	for (i = 0; i < import->count; i++)
		if (import->files[i].picture_count > 0 && !name_pictures(import, &import->files[i]))
			return false;
	return true;
}

static int by_date(const void *a, const void *b)
{
	const struct import_file *x = a;
	const struct import_file *y = b;
	int64_t p = x->file.story.published.us;
	int64_t q = y->file.story.published.us;

	if (p != q)
		return p == 0 ? 1 : q == 0 ? -1 : p < q ? -1 : 1; /* those without a date become the newest */
	return strcmp(x->path, y->path);
}

/* One record: its length in ten digits, a newline, JSON, a newline. The oldest story first: slots follow. */
static bool write_records(struct import *import, const char *out_path)
{
	int fd = openat(import->room->home.fd, out_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool ok = fd >= 0;
	struct buf out;
	size_t i;

	if (!ok)
		return fault_errno(import->f, "cannot write %s", out_path);
	buf_init(&out, RECORD_BYTES + LIMIT_JSON_BYTES);
	qsort(import->files, import->count, sizeof(*import->files), by_date);
	for (i = 0; i < import->count && ok; i++) {
		json_t *json = story_to_json(&import->files[i].file.story);
		struct arena arena;
		struct str text;

		arena_init(&arena, "record", RECORD_BYTES);
		text = http_json_write(json, &arena);
		json_decref(json);
		buf_format(&out, "%010zu\n", text.len);
		buf_add_str(&out, text);
		buf_add_char(&out, '\n');
		ok = text.at != NULL || fault_full(import->f, "a story");
		arena_release(&arena);
		if (ok && (out.len > RECORD_BYTES || i + 1 == import->count)) {
			ok = buf_check(&out, "a story", import->f) && file_write_all(fd, buf_view(&out), import->f);
			buf_clear(&out);
		}
	}
	buf_release(&out);
	if (close(fd) != 0 && ok)
		ok = fault_errno(import->f, "cannot write %s", out_path);
	return ok;
}

bool story_import_job(struct room *room, int argc, char **argv, struct fault *f)
{
	struct import *import = memory_new(1, sizeof(*import));
	bool ok;

	import->room = room;
	import->f = f;
	arena_init(&import->arena, "import", IMPORT_CAP_BYTES);
	ok = argc == 2 && find_files(import, argv[0]) && read_files(import) && check_all(import) && make_photos(import)
		&& write_records(import, argv[1]);
	if (ok) {
		printf("stories %zu\n", import->count);
		fflush(stdout);
	}
	arena_release(&import->arena);
	memory_free(import);
	return ok;
}
