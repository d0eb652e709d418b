/* newsroom_publish.c: data/newsroom, made of desk.db: what all rooms read of the editors' decisions.
 *
 * Decides: what is written, that all of it is there before it counts, and when the site is baked. Leaves to others: reading
 * (house/overlay.c, house/room_overlay.c). Runs in: desk, the only writer. The hard thing: nothing may ever be half: the folder is
 * named by the hash of what is in it, complete and on disk before `current` is renamed to name it; killed anywhere, the next
 * start finds desk.db and folder in disagreement and writes again.
 * SPDX-License-Identifier: ISC */
#include "desk/newsroom.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "desk/story_work.h"
#include "gen/desk_sql.h"
#include "house/page.h"
#include "house/room.h"
#include "press/theme.h"
#include "store/store.h"

enum { PUBLISH_FILES = 3 * OVERLAY_LANGUAGES + 2, PUBLISH_ARENA = 16 * 1024 * 1024 };

static const char publish_folder[] = "data/newsroom";

struct publish {
	struct room *room;
	struct arena arena;
	struct overlay overlay;
	struct overlay_file files[PUBLISH_FILES];
	size_t file_count;
	char hash[OVERLAY_HASH_CHARS + 1];
};

/* --- what is to be written --- */

static bool publish_add_file(struct publish *publish, struct str name, struct str bytes, struct fault *f)
{
	if (publish->file_count == PUBLISH_FILES || name.at == NULL || bytes.at == NULL)
		return fault_full(f, "what the desk decided");
	publish->files[publish->file_count++] = (struct overlay_file){name.at, bytes};
	return true;
}

static bool publish_read_settings(struct publish *publish, struct fault *f)
{
	struct overlay *overlay = &publish->overlay;
	const struct {
		const char *key;
		struct str *out;
	} known[] = {{"name", &overlay->name}, {"description", &overlay->description}, {"statutory", &overlay->statutory},
		{"press", &overlay->press}, {"press_dark", &overlay->press_dark}, {"call", &overlay->call},
		{"slot", &overlay->slot}, {"min_stories", &overlay->min_stories}};
	struct store_rows rows;
	bool ok = true;

	if (!store_rows_begin(publish->room->db, DESK_SQL_SETTING_ALL, STORE_NO_ARGS, &rows, f))
		return false;
	while (ok && store_rows_next(&rows, f)) {
		struct str key = store_column_text(&rows, 0), value = store_column_copy(&rows, 1, &publish->arena);

		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			if (str_is(key, known[i].key))
				*known[i].out = value.at != NULL ? value : STR("");
		if (str_is(key, "logo")) {
			overlay->has_logo = true;
			ok = publish_add_file(publish, STR("theme/logo.svg"), value, f);
		}
	}
	return store_rows_end(&rows) && ok;
}

static bool publish_read_sections(struct publish *publish, struct fault *f)
{
	struct overlay *overlay = &publish->overlay;
	struct str slugs[OVERLAY_SECTIONS] = {{NULL, 0}};
	struct store_rows rows;
	bool ok = true;

	if (!store_rows_begin(publish->room->db, DESK_SQL_SECTION_ALL, STORE_NO_ARGS, &rows, f))
		return false;
	while (store_rows_next(&rows, f) && overlay->section_count < OVERLAY_SECTIONS) {
		struct overlay_section *section = &overlay->sections[overlay->section_count];

		slugs[overlay->section_count++] = store_column_copy(&rows, 0, &publish->arena);
		section->name = store_column_copy(&rows, 1, &publish->arena);
		section->names = arena_alloc_many(&publish->arena, OVERLAY_LANGUAGES, sizeof(*section->names));
		ok = ok && section->names != NULL && section->name.at != NULL;
	}
	overlay->has_sections = overlay->section_count > 0;
	if (!store_rows_end(&rows) || !ok)
		return ok ? false : fault_full(f, "the sections");
	if (!store_rows_begin(publish->room->db, DESK_SQL_SECTION_NAMES, STORE_NO_ARGS, &rows, f))
		return false;
	while (store_rows_next(&rows, f))
		for (size_t i = 0; i < overlay->section_count; i++) {
			struct overlay_section *section = &overlay->sections[i];

			if (str_equal(slugs[i], store_column_text(&rows, 0)) && section->name_count < OVERLAY_LANGUAGES)
				section->names[section->name_count++] = (struct overlay_name){store_column_copy(&rows, 1, &publish->arena),
					store_column_copy(&rows, 2, &publish->arena)};
		}
	return store_rows_end(&rows);
}

static bool publish_read_texts(struct publish *publish, struct fault *f)
{
	struct overlay *overlay = &publish->overlay;
	struct store_rows rows;
	bool ok = true;

	if (!store_rows_begin(publish->room->db, DESK_SQL_TEXT_IN_FORCE, STORE_NO_ARGS, &rows, f))
		return false;
	while (ok && store_rows_next(&rows, f))
		ok = publish_add_file(publish, str_format(&publish->arena, "theme/%.*s.%.*s.md", STR_ARG(store_column_text(&rows, 0)),
			STR_ARG(store_column_text(&rows, 1))), store_column_copy(&rows, 2, &publish->arena), f);
	if (!store_rows_end(&rows) || !ok || !store_rows_begin(publish->room->db, DESK_SQL_TEXT_POLICIES, STORE_NO_ARGS, &rows, f))
		return false;
	overlay->policies = arena_alloc_many(&publish->arena, OVERLAY_POLICIES, sizeof(*overlay->policies));
	while (overlay->policies != NULL && store_rows_next(&rows, f) && overlay->policy_count < OVERLAY_POLICIES)
		overlay->policies[overlay->policy_count++] = (struct overlay_policy){store_column_copy(&rows, 0, &publish->arena),
			store_column_copy(&rows, 1, &publish->arena), store_column_i64(&rows, 2), store_column_i64(&rows, 3)};
	return store_rows_end(&rows) && (overlay->policies != NULL || fault_full(f, "the versions of the policy"));
}

static int publish_by_name(const void *a, const void *b)
{
	return strcmp(((const struct overlay_file *) a)->name, ((const struct overlay_file *) b)->name);
}

static bool publish_make(struct publish *publish, struct fault *f)
{
	struct buf json;
	bool ok;

	buf_init(&json, OVERLAY_BYTES);
	ok = publish_read_settings(publish, f) && publish_read_sections(publish, f) && publish_read_texts(publish, f)
		&& overlay_write_json(&publish->overlay, &json, f)
		&& publish_add_file(publish, STR("newsroom.json"), str_copy(buf_view(&json), &publish->arena), f);
	buf_release(&json);
	if (!ok)
		return false;
	qsort(publish->files, publish->file_count, sizeof(publish->files[0]), publish_by_name);
	overlay_hash(publish->files, publish->file_count, publish->hash);
	return true;
}

/* --- writing --- */

/* Past the room's umask: other rooms' users read it. */
static bool publish_folder_make(struct room *room, const char *path, struct fault *f)
{
	if (!file_make_folders(room->home.fd, path, 0755, f))
		return false;
	return fchmodat(room->home.fd, path, 0755, 0) == 0 || fault_errno(f, "%s cannot be opened to the other rooms", path);
}

/* A folder of ours with the files in it and in its theme/. */
static void publish_remove(struct room *room, const char *name)
{
	static const char *const inside[] = {"/theme", ""};
	char path[PATH_MAX], file[PATH_MAX];
	struct dirent *entry;
	size_t i;

	for (i = 0; i < 2; i++) {
		DIR *folder = NULL;
		int fd;

		snprintf(path, sizeof(path), "%s/%s%s", publish_folder, name, inside[i]);
		fd = openat(room->home.fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		folder = fd >= 0 ? fdopendir(fd) : NULL;
		while (folder != NULL && (entry = readdir(folder)) != NULL) {
			snprintf(file, sizeof(file), "%s", entry->d_name);
			(void) unlinkat(dirfd(folder), file, 0);
		}
		if (folder != NULL)
			closedir(folder);
		(void) unlinkat(room->home.fd, path, AT_REMOVEDIR);
	}
}

static bool publish_write_files(struct publish *publish, const char *folder, struct fault *f)
{
	struct room *room = publish->room;
	char path[256];
	bool ok;
	size_t i;

	snprintf(path, sizeof(path), "%s/theme", folder);
	ok = publish_folder_make(room, folder, f) && publish_folder_make(room, path, f);
	for (i = 0; ok && i < publish->file_count; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, publish->files[i].name);
		ok = file_write(room->home.fd, path, publish->files[i].bytes, 0644, true, f);
		if (ok && fchmodat(room->home.fd, path, 0644, 0) != 0)
			ok = fault_errno(f, "%s cannot be opened to the other rooms", path);
	}
	return ok;
}

static bool publish_write(struct publish *publish, struct fault *f)
{
	struct room *room = publish->room;
	char fresh[64], folder[64], name[8], current[64];

	snprintf(name, sizeof(name), ".new");
	snprintf(fresh, sizeof(fresh), "%s/.new", publish_folder);
	snprintf(folder, sizeof(folder), "%s/%s", publish_folder, publish->hash);
	snprintf(current, sizeof(current), "%s/current", publish_folder);
	publish_remove(room, name);
	if (!publish_folder_make(room, publish_folder, f) || !publish_write_files(publish, fresh, f))
		return false;
	publish_remove(room, publish->hash); /* one of that name is damaged, or older and the same */
	if (renameat(room->home.fd, fresh, room->home.fd, folder) != 0)
		return fault_errno(f, "%s cannot be given its name", folder);
	if (!file_write(room->home.fd, current, str_format(&publish->arena, "%s\n", publish->hash), 0644, true, f))
		return false;
	return fchmodat(room->home.fd, current, 0644, 0) == 0 || fault_errno(f, "%s cannot be opened to the other rooms", current);
}

/* Folders that neither count nor counted just before: a room may be reading that one. */
static void publish_sweep(struct publish *publish, const char *before)
{
	int fd = openat(publish->room->home.fd, publish_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	char name[OVERLAY_HASH_CHARS + 1];

	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		if (strlen(entry->d_name) != OVERLAY_HASH_CHARS || strcmp(entry->d_name, publish->hash) == 0 || strcmp(entry->d_name, before) == 0)
			continue;
		snprintf(name, sizeof(name), "%.*s", OVERLAY_HASH_CHARS, entry->d_name);
		publish_remove(publish->room, name);
	}
	if (folder != NULL)
		closedir(folder);
}

bool newsroom_publish(struct room *room, bool *is_new, struct fault *f)
{
	struct publish *publish = memory_new(1, sizeof(*publish));
	const char *before = room->settings.desk != NULL ? room->settings.desk->hash : "";
	struct fault damage = {0};
	bool ok;

	*is_new = false;
	publish->room = room;
	arena_init(&publish->arena, "what the desk decided", PUBLISH_ARENA);
	ok = publish_make(publish, f);
	if (ok && (strcmp(publish->hash, before) != 0 || !overlay_is_whole(&room->home, &damage))) {
		ok = publish_write(publish, f);
		*is_new = ok;
		if (ok)
			publish_sweep(publish, before);
	}
	arena_release(&publish->arena);
	memory_free(publish);
	return ok;
}

/* --- the desk's own life --- */

/* The Privacy policies that stand in theme/ are versions, too: readers agree to them. */
static bool note_theme_policies(struct room *room, struct fault *f)
{
	struct str languages[OVERLAY_LANGUAGES];
	size_t count = theme_languages(room->theme, languages, OVERLAY_LANGUAGES), i;
	struct arena arena;
	bool ok = true;

	arena_init(&arena, "policies", 4 * 1024 * 1024);
	for (i = 0; ok && i < count; i++) {
		struct newsroom_text now;
		char hash[OVERLAY_POLICY_CHARS + 1];

		if (!str_equal(languages[i], room->settings.language) && !page_text_has_own(room->theme, "privacy", languages[i]))
			continue;
		ok = newsroom_text(room, "privacy", languages[i], &arena, &now, f);
		if (!ok || now.is_desks || now.body.len == 0)
			continue;
		overlay_policy_hash(now.body, hash);
		if (!str_is(now.hash, hash))
			ok = store_run(room->db, DESK_SQL_TEXT_INSERT, STORE_ARGS(store_text(STR("privacy")), store_text(languages[i]),
				store_i64(now.version + 1), store_text(now.body), store_text(str_from(hash)), store_i64(clock_now().us),
				store_text(STR("theme")), store_text(STR("theme"))), NULL, f);
	}
	arena_release(&arena);
	return ok;
}

static bool publish_and_take(struct room *room, bool *is_new, struct fault *f)
{
	if (!newsroom_publish(room, is_new, f))
		return false;
	if (*is_new)
		room_look_at_overlay(room);
	return true;
}

void newsroom_begin(struct room *room)
{
	struct fault f = {0};
	bool is_new = false;

	if ((!room->read_only && !note_theme_policies(room, &f)) || !publish_and_take(room, &is_new, &f))
		log_fault(&f, "writing what the desk decided for the rooms");
}

bool newsroom_changed(struct room *room, struct fault *f)
{
	bool is_new = false;

	if (!publish_and_take(room, &is_new, f))
		return false;
	if (is_new)
		work_bake(work_of(room), true, NULL);
	return true;
}

void newsroom_look(struct room *room)
{
	struct fault f = {0};

	if (!newsroom_changed(room, &f))
		log_fault(&f, "writing what the desk decided for the rooms");
}
