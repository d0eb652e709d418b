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

enum { IMPORT_CAP_BYTES = 512 * 1024 * 1024, FILE_ARENA = 64 * 1024 * 1024, FOLDER_DEPTH = 6, REPORT_EVERY = 100,
	RECORD_BYTES = 4 * LIMIT_STORY_BYTES, PICTURES = 100 };

/* What is kept of a file: its text waits in the spool. */
struct import_file {
	char *path;                 /* as it can be opened */
	char *name;                 /* as it is called in complaints */
	int64_t id;                 /* 0: a new story */
	struct str identity, slug, address;
	struct when published;
	struct str photo;           /* its path; empty: none */
	size_t photo_line;
	struct story_photo *made;   /* what became of it */
	struct story_picture_file *pictures; /* of its text */
	struct str *paths;          /* theirs, as they can be opened */
	struct story_picture *pictures_made;
	size_t picture_count;
	off_t at;                   /* its record in the spool */
	size_t len;
};

struct import {
	struct room *room;
	struct arena arena;
	struct import_file *files;
	size_t count, room_for;
	int spool_fd;               /* records in the order of the files, without photos; it has no name */
	off_t spooled;
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

/* photo, relative to the story's file, as a path that can be opened. */
static bool find_beside(struct import *import, const struct import_file *file, size_t line, const char *remedy, struct str photo,
	struct str *out)
{
	const char *slash = strrchr(file->path, '/');
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%.*s/%.*s", (int) (slash - file->path), file->path, STR_ARG(photo)) >= (int) sizeof(path))
		return fault_full(import->f, "this path");
	if (access(path, R_OK) != 0)
		return fault_set(import->f, FAULT_INPUT, "%s:%zu: there is no photo %.*s beside this file; put it there or take %s out",
			file->name, line, STR_ARG(photo), remedy);
	*out = str_copy(str_from(path), &import->arena);
	return out->at != NULL || fault_full(import->f, "this import");
}

static bool check_photo(struct import *import, struct import_file *file, const struct story_file *read)
{
	file->photo_line = read->photo_line;
	return read->photo.len == 0 || find_beside(import, file, read->photo_line, "the line", read->photo, &file->photo);
}

/* The pictures of its text, with the lines that name them. */
static bool check_pictures(struct import *import, struct import_file *file, const struct story_file *read)
{
	struct story_picture_file found[PICTURES];
	struct fault inner = {0};
	size_t i;

	if (!story_pictures_files(read->story.body, &import->arena, found, PICTURES, &file->picture_count, &inner))
		return fault_set(import->f, inner.kind, "%s:%zu: %s", file->name, read->body_line, inner.say);
	if (file->picture_count == 0)
		return true;
	file->pictures = arena_alloc_many(&import->arena, file->picture_count, sizeof(*file->pictures));
	file->paths = arena_alloc_many(&import->arena, file->picture_count, sizeof(*file->paths));
	file->pictures_made = arena_alloc_many(&import->arena, file->picture_count, sizeof(*file->pictures_made));
	if (file->pictures == NULL || file->paths == NULL || file->pictures_made == NULL)
		return fault_full(import->f, "this import");
	for (i = 0; i < file->picture_count; i++) {
		struct story_picture_file *picture = &file->pictures[i];
		struct story_picture *made = &file->pictures_made[i];

		*picture = found[i];
		picture->line += read->body_line - 1;
		made->alt = picture->alt;
		story_picture_split(picture->title, (struct str){NULL, 0}, &made->caption, &made->credit);
		if (str_find(picture->url, STR("../")) != SIZE_MAX)
			return fault_set(import->f, FAULT_INPUT, "%s:%zu: the picture %.*s is not beside this file; put it there", file->name,
				picture->line, STR_ARG(str_part(picture->url, 0, 100)));
		if (!find_beside(import, file, picture->line, "the picture", picture->url, &file->paths[i]))
			return false;
	}
	return true;
}

static bool spool(struct import *import, struct import_file *file, const struct story *story, struct arena *arena)
{
	json_t *json = story_to_json(story);
	struct str text = http_json_write(json, arena);

	json_decref(json);
	if (text.at == NULL)
		return fault_full(import->f, file->name);
	file->at = import->spooled;
	file->len = text.len;
	import->spooled += (off_t) text.len;
	return file_write_all(import->spool_fd, text, import->f);
}

/* One file, all of whose text goes again. */
static bool read_one(struct import *import, struct import_file *file)
{
	struct str bytes = {NULL, 0};
	struct story_file read;
	struct arena arena;
	bool ok;

	arena_init(&arena, "file", FILE_ARENA);
	ok = file_read(AT_FDCWD, file->path, 2 * LIMIT_STORY_BYTES, &arena, &bytes, import->f)
		&& story_from_file(bytes, file->name, identity_of(import, file->name), import->room->settings.language, &arena,
			&read, import->f) && check_photo(import, file, &read) && check_pictures(import, file, &read);
	if (ok) {
		file->identity = str_copy(read.story.identity, &import->arena);
		file->slug = str_copy(read.story.slug, &import->arena);
		file->published = read.story.published;
		ok = file->slug.at != NULL ? spool(import, file, &read.story, &arena) : fault_full(import->f, "this import");
	}
	arena_release(&arena);
	return ok;
}

static bool read_files(struct import *import)
{
	size_t i;

	import->spool_fd = openat(import->room->home.fd, "data/desk", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (import->spool_fd < 0)
		return fault_errno(import->f, "cannot write into data/desk");
	for (i = 0; i < import->count; i++) {
		if (!read_one(import, &import->files[i]))
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
	int order = str_compare(x->identity, y->identity);

	return order != 0 ? order : strcmp(x->path, y->path);
}

static int by_address(const void *a, const void *b)
{
	return str_compare((*(const struct import_file *const *) a)->address, (*(const struct import_file *const *) b)->address);
}

/* The address that a story will have, where its date is known by now. */
static bool check_address(struct import *import, struct import_file *file)
{
	int64_t others = 0;

	if (!store_number(import->room->db, DESK_SQL_STORY_BY_IDENTITY, STORE_ARGS(store_text(file->identity)), &file->id,
		import->f))
		return false;
	file->address = (struct str){NULL, 0};
	if (file->published.us == 0)
		return true;
	file->address = story_path(file->published, file->slug, &import->arena);
	if (!store_number(import->room->db, DESK_SQL_STORY_PATH_TAKEN, STORE_ARGS(store_text(file->address),
		store_i64(file->id)), &others, import->f))
		return false;
	return others == 0 ? true : fault_set(import->f, FAULT_INPUT,
		"%s:1: another story has the address %.*s already; give this one a slug: line", file->name, STR_ARG(file->address));
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
		if (str_equal(sorted[i]->identity, sorted[i - 1]->identity))
			return fault_set(import->f, FAULT_INPUT, "%s:1: the id %.*s is also that of %s; each story has its own",
				sorted[i]->name, STR_ARG(sorted[i]->identity), sorted[i - 1]->name);
	qsort(sorted, import->count, sizeof(struct import_file *), by_address);
	for (i = 1; i < import->count; i++)
		if (sorted[i]->address.len > 0 && str_equal(sorted[i]->address, sorted[i - 1]->address))
			return fault_set(import->f, FAULT_INPUT, "%s:1: %s has the same address %.*s; give one of them a slug: line", sorted[i]->name,
				sorted[i - 1]->name, STR_ARG(sorted[i]->address));
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

		for (k = 0; k < file->picture_count; k++)
			tasks[count++] = (struct photo_task){.path = file->paths[k], .name = file->name, .line = file->pictures[k].line,
				.photo = &file->pictures_made[k].photo};
		if (file->photo.len == 0)
			continue;
		file->made = arena_alloc(&import->arena, sizeof(*file->made));
		if (file->made == NULL)
			return fault_full(import->f, "this import");
		tasks[count++] = (struct photo_task){.path = file->photo, .name = file->name, .line = file->photo_line,
			.photo = file->made};
	}
	return story_make_photos(import->room, tasks, count, &import->arena, import->f);
}

static int by_date(const void *a, const void *b)
{
	const struct import_file *x = a;
	const struct import_file *y = b;
	int64_t p = x->published.us;
	int64_t q = y->published.us;

	if (p != q)
		return p == 0 ? 1 : q == 0 ? -1 : p < q ? -1 : 1; /* those without a date become the newest */
	return strcmp(x->path, y->path);
}

/* The record's text names what was made of its pictures. */
static bool name_pictures(struct import *import, const struct import_file *file, json_t *json, struct arena *arena)
{
	struct str *names = arena_alloc_many(arena, file->picture_count, sizeof(*names));
	struct fault inner = {0};
	struct str body;
	size_t i;

	if (names == NULL)
		return fault_full(import->f, file->name);
	for (i = 0; i < file->picture_count; i++)
		names[i] = file->pictures_made[i].photo.hash;
	if (!story_pictures_rename(http_json_text(json, "body"), file->pictures, names, file->picture_count, arena, &body, &inner))
		return fault_set(import->f, inner.kind, "%s:%zu: %s", file->name, file->pictures[0].line, inner.say);
	json_object_set_new(json, "body", http_json_str(body));
	json_object_set_new(json, "pictures", story_pictures_to_json(file->pictures_made, file->picture_count));
	return true;
}

/* The spooled record, with what mimeo-image made of its photos. */
static bool read_record(struct import *import, const struct import_file *file, struct arena *arena, struct str *out)
{
	char *at = arena_alloc(arena, file->len + 1);
	json_t *json = NULL;
	bool ok;

	if (at == NULL)
		return fault_full(import->f, file->name);
	*out = str_make(at, file->len);
	if (pread(import->spool_fd, at, file->len, file->at) != (ssize_t) file->len)
		return fault_errno(import->f, "cannot read what was written into data/desk");
	if (file->made == NULL && file->picture_count == 0)
		return true;
	ok = http_json_parse(*out, &json, import->f) && (file->picture_count == 0 || name_pictures(import, file, json, arena));
	if (ok) {
		if (file->made != NULL)
			story_photo_to_json(file->made, json);
		*out = http_json_write(json, arena);
		ok = out->at != NULL || fault_full(import->f, file->name);
	}
	json_decref(json);
	return ok;
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
		struct arena arena;
		struct str text;

		arena_init(&arena, "record", 2 * RECORD_BYTES);
		ok = read_record(import, &import->files[i], &arena, &text);
		if (ok) {
			buf_format(&out, "%010zu\n", text.len);
			buf_add_str(&out, text);
			buf_add_char(&out, '\n');
		}
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
	import->spool_fd = -1;
	arena_init(&import->arena, "import", IMPORT_CAP_BYTES);
	ok = argc == 2 && find_files(import, argv[0]) && read_files(import) && check_all(import) && make_photos(import)
		&& write_records(import, argv[1]);
	if (ok) {
		printf("stories %zu\n", import->count);
		fflush(stdout);
	}
	if (import->spool_fd >= 0)
		close(import->spool_fd);
	arena_release(&import->arena);
	memory_free(import);
	return ok;
}
