/* parent_backup.c: mimeo backup and restore.
 *
 * Decides: what a backup holds (databases, photos, mimeo.conf, theme; never keys or secrets), in which order it is taken,
 * and its list of hashes. Runs in: the command; each room makes the copy of its own database. The hard thing: half a
 * backup must never look like a whole one, so MANIFEST is written last and restore believes nothing else.
 * SPDX-License-Identifier: ISC */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "http/http_client.h"
#include "parent/parent_commands.h"

enum { MANIFEST_BYTES = 64 * 1024 * 1024, HASH_BYTES = 32, FOLDER_DEPTH = 4 };

static const char *const backup_rooms[] = {"newsletter", "support", "desk"};

/* --- hashes --- */

static bool backup_hash(int dir, const char *path, char hex[2 * HASH_BYTES + 1], struct fault *f)
{
	unsigned char hash[HASH_BYTES], block[65536];
	crypto_generichash_state state;
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t got = 0;

	if (fd < 0)
		return fault_errno(f, "%s cannot be opened", path);
	crypto_generichash_init(&state, NULL, 0, sizeof(hash));
	while ((got = read(fd, block, sizeof(block))) > 0)
		crypto_generichash_update(&state, block, (unsigned long long) got);
	close(fd);
	if (got < 0)
		return fault_errno(f, "%s cannot be read", path);
	crypto_generichash_final(&state, hash, sizeof(hash));
	sodium_bin2hex(hex, 2 * HASH_BYTES + 1, hash, sizeof(hash));
	return true;
}

/* --- backup --- */

struct backup {
	struct errand *errand;
	int folder;             /* where it goes */
	struct buf manifest;    /* lines "hash  path" */
	size_t files;
};

static bool backup_note(struct backup *backup, const char *path, struct fault *f)
{
	char hex[2 * HASH_BYTES + 1];

	if (!backup_hash(backup->folder, path, hex, f))
		return false;
	buf_format(&backup->manifest, "%s  %s\n", hex, path);
	backup->files++;
	return buf_check(&backup->manifest, "the list of hashes", f);
}

static bool backup_room(struct backup *backup, const char *room, struct fault *f)
{
	struct errand *errand = backup->errand;
	json_t *answer = NULL;
	struct str path = {NULL, 0};
	char from[PATH_MAX], name[64];
	bool ok;

	if (!errand->json)
		fprintf(stderr, "backup: %s\n", room);
	snprintf(name, sizeof(name), "%s.db", room);
	ok = errand_call(errand, room, "POST", "/backup", json_object(), &answer, f)
		&& http_json_need_text(answer, "path", &path, f);
	if (ok) {
		snprintf(from, sizeof(from), "%.*s", STR_ARG(path));
		ok = file_copy(errand->home.fd, from, backup->folder, name, 0600, f) && backup_note(backup, name, f);
		file_remove(errand->home.fd, from, NULL);
	}
	json_decref(answer);
	return ok || fault_add(f, "while saving %s", room);
}

/* Copies the files below a folder of the home, some levels deep; a folder that is not there has none. */
static bool backup_folder(struct backup *backup, const char *from, unsigned depth, struct fault *f)
{
	int fd = openat(backup->errand->home.fd, from, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	char path[PATH_MAX];
	struct stat file;
	bool ok = true;

	if (folder == NULL)
		return errno == ENOENT || fault_errno(f, "%s cannot be read", from);
	ok = file_make_folders(backup->folder, from, 0700, f);
	while (ok && (entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", from, entry->d_name);
		if (fstatat(backup->errand->home.fd, path, &file, AT_SYMLINK_NOFOLLOW) != 0)
			ok = fault_errno(f, "%s cannot be read", path);
		else if (S_ISDIR(file.st_mode) && depth > 0)
			ok = backup_folder(backup, path, depth - 1, f);
		else if (S_ISREG(file.st_mode))
			ok = file_copy(backup->errand->home.fd, path, backup->folder, path, 0600, f) && backup_note(backup, path, f);
	}
	closedir(folder);
	return ok;
}

static bool backup_all(struct backup *backup, struct fault *f)
{
	size_t i;

	for (i = 0; i < sizeof(backup_rooms) / sizeof(backup_rooms[0]); i++)
		if (!backup_room(backup, backup_rooms[i], f))
			return false;
	/* Photos come after desk.db: a photo too many does no harm, one too few would. */
	return backup_folder(backup, "data/desk/media", 0, f) && backup_folder(backup, "theme", FOLDER_DEPTH, f)
		&& file_copy(backup->errand->home.fd, "mimeo.conf", backup->folder, "mimeo.conf", 0600, f)
		&& backup_note(backup, "mimeo.conf", f)
		&& file_write(backup->folder, "MANIFEST", buf_view(&backup->manifest), 0600, true, f);
}

bool parent_backup(struct errand *errand, struct fault *f)
{
	struct backup backup = {.errand = errand, .folder = -1};
	const char *folder = errand->argc == 1 ? errand->argv[0] : NULL;
	bool ok = false;

	if (folder == NULL)
		return fault_set(f, FAULT_INPUT, "backup wants one folder, which it makes: mimeo backup FOLDER");
	if (mkdir(folder, 0700) != 0) {
		if (errno == EEXIST)
			return fault_set(f, FAULT_CONFLICT, "%s is there already: give the name of a new folder", folder);
		return fault_errno(f, "%s cannot be made for the backup", folder);
	}
	backup.folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (backup.folder < 0)
		return fault_errno(f, "%s cannot be opened", folder);
	buf_init(&backup.manifest, MANIFEST_BYTES);
	ok = backup_all(&backup, f) && errand_call(errand, "desk", "POST", "/marks/backup", json_object(), NULL, f);
	if (ok && errand->json) {
		json_t *said = json_pack("{s:o, s:I}", "folder", http_json_str(str_from(folder)), "files", (json_int_t) backup.files);

		json_dumpf(said, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(said);
	} else if (ok)
		printf("%s holds %zu files.\nKeys and secrets are not in it: without %s/keys its sealed rows can never be opened. Keep a copy of keys/\n"
			"and secrets/ in another place than this backup.\n", folder, backup.files, errand->home.path);
	buf_release(&backup.manifest);
	close(backup.folder);
	return ok;
}

/* --- restore --- */

/* "newsletter.db" → "data/newsletter/newsletter.db"; others keep their path. */
static bool restore_target(struct str name, char out[PATH_MAX])
{
	size_t i;

	for (i = 0; i < sizeof(backup_rooms) / sizeof(backup_rooms[0]); i++) {
		snprintf(out, PATH_MAX, "%s.db", backup_rooms[i]);
		if (str_is(name, out)) {
			snprintf(out, PATH_MAX, "data/%s/%s.db", backup_rooms[i], backup_rooms[i]);
			return true;
		}
	}
	snprintf(out, PATH_MAX, "%.*s", STR_ARG(name));
	return (str_starts(name, STR("data/desk/media/")) || str_starts(name, STR("theme/")) || str_is(name, "mimeo.conf"))
		&& str_find(name, STR("..")) == SIZE_MAX;
}

/* Modes as the house makes them: what rooms under other users read must be readable. */
static mode_t restore_mode(const char *target, mode_t *folder)
{
	struct str name = str_from(target);

	if (str_starts(name, STR("theme/")) || str_is(name, "mimeo.conf")) {
		*folder = 0755;
		return 0644;
	}
	*folder = 0700;
	/* Photos lie in desk's own folder, and the site links to them: front reads the link. */
	return str_starts(name, STR("data/desk/media/")) ? 0644 : 0600;
}

/* Every line of MANIFEST: checked against the file (copy = false), then copied into the home. */
static bool restore_walk(int folder, int home, struct str manifest, bool copy, struct fault *f)
{
	struct str line;

	while (str_next(&manifest, '\n', &line)) {
		char path[PATH_MAX], target[PATH_MAX], hex[2 * HASH_BYTES + 1], parent[PATH_MAX];
		mode_t mode, folder_mode;
		char *slash;

		if (line.len == 0)
			continue;
		if (line.len < 2 * HASH_BYTES + 3 || !restore_target(str_part(line, 2 * HASH_BYTES + 2, SIZE_MAX), target))
			return fault_set(f, FAULT_INPUT, "MANIFEST has a line that mimeo did not write: this is no whole backup");
		snprintf(path, sizeof(path), "%.*s", (int) (line.len - 2 * HASH_BYTES - 2), line.at + 2 * HASH_BYTES + 2);
		if (!copy) {
			if (!backup_hash(folder, path, hex, f))
				return false;
			if (!str_equal(str_from(hex), str_part(line, 0, 2 * HASH_BYTES)))
				return fault_set(f, FAULT_INPUT, "%s in the backup is not what was saved: its hash differs; use another backup", path);
			continue;
		}
		mode = restore_mode(target, &folder_mode);
		snprintf(parent, sizeof(parent), "%s", target);
		slash = strrchr(parent, '/');
		if (slash != NULL) {
			*slash = '\0';
			if (!file_make_folders(home, parent, folder_mode, f))
				return false;
		}
		if (!file_copy(folder, path, home, target, mode, f))
			return false;
	}
	return true;
}

/* --- whose it is --- */

static bool restore_owner(const struct settings *settings, const char *room, uid_t *uid, gid_t *gid, struct fault *f)
{
	struct str name = settings_user(settings, room);
	struct passwd *user;
	char text[64];

	*uid = geteuid();
	*gid = getegid();
	if (name.len == 0)
		return true;
	snprintf(text, sizeof(text), "%.*s", STR_ARG(name));
	user = getpwnam(text);
	if (user == NULL)
		return fault_set(f, FAULT_INPUT, "mimeo.conf: [users] %s = %s: this machine has no such user: add it, and restore into a new folder",
			room, text);
	*uid = user->pw_uid;
	*gid = user->pw_gid;
	return true;
}

static bool restore_give(int dir, const char *path, uid_t uid, gid_t gid, struct fault *f)
{
	if (fchownat(dir, path, uid, gid, AT_SYMLINK_NOFOLLOW) != 0 && errno != ENOENT)
		return fault_errno(f, "%s cannot be given to its room's user", path);
	return true;
}

/* Photos are desk's; the next bake puts those of published stories on the site. */
static bool restore_give_media(int home, const struct settings *settings, struct fault *f)
{
	int fd = openat(home, "data/desk/media", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	uid_t desk;
	gid_t group;
	bool ok;

	if (folder == NULL)
		return errno == ENOENT || fault_errno(f, "data/desk/media cannot be read");
	ok = restore_owner(settings, "desk", &desk, &group, f);
	while (ok && (entry = readdir(folder)) != NULL)
		ok = entry->d_name[0] == '.' || restore_give(fd, entry->d_name, desk, group, f);
	ok = ok && restore_give(home, "data/desk/media", desk, group, f);
	closedir(folder);
	return ok;
}

/* As root, where rooms have users of their own: what the parent does for folders that it makes, for what is in them. */
static bool restore_give_all(const char *path, struct fault *f)
{
	struct settings settings = {0};
	struct home home = {.fd = -1};
	char file[64];
	bool ok = true;
	size_t i;

	if (geteuid() != 0)
		return true;
	if (!home_open(&home, path, f))
		return false;
	ok = settings_read(&settings, &home, f);
	for (i = 0; ok && i < sizeof(backup_rooms) / sizeof(backup_rooms[0]); i++) {
		uid_t uid;
		gid_t gid;

		snprintf(file, sizeof(file), "data/%s/%s.db", backup_rooms[i], backup_rooms[i]);
		ok = restore_owner(&settings, backup_rooms[i], &uid, &gid, f) && restore_give(home.fd, file, uid, gid, f);
	}
	ok = ok && restore_give_media(home.fd, &settings, f);
	settings_release(&settings);
	home_close(&home);
	return ok;
}

static bool restore_put(struct errand *errand, int folder, int home, struct fault *f)
{
	struct str manifest;

	if (file_exists(home, "data/newsletter/newsletter.db") || file_exists(home, "data/desk/desk.db")
		|| file_exists(home, "data/support/support.db"))
		return fault_set(f, FAULT_CONFLICT, "%s holds data already: restore into a new folder", errand->home_path);
	if (!file_exists(folder, "MANIFEST"))
		return fault_set(f, FAULT_INPUT, "%s has no MANIFEST: it is no whole backup", errand->argv[0]);
	if (!file_read(folder, "MANIFEST", MANIFEST_BYTES / 4, &errand->arena, &manifest, f)
		|| !restore_walk(folder, home, manifest, false, f))
		return false;
	/* The mark comes first: even half a restored home sends nothing. */
	return file_make_folders(home, "data", 0711, f)
		&& file_write(home, "data/restored", STR("restored; read-only until `mimeo restore --confirm`\n"), 0644, true, f)
		&& restore_walk(folder, home, manifest, true, f) && restore_give_all(errand->home_path, f);
}

/* A copy without the keys of the saved home can neither mail nor book: its rooms would refuse to start. */
static bool restore_has_keys(const struct home *home, struct fault *f)
{
	static const char *const keys[] = {"keys/newsletter/list.key", "keys/newsletter/index.key", "keys/support/seal", "keys/support/index"};
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!file_exists(home->fd, keys[i]))
			return fault_set(f, FAULT_MISSING, "%s/%s is missing: put keys/ of the saved home there, then confirm", home->path, keys[i]);
	return true;
}

static bool restore_confirm(struct errand *errand, struct fault *f)
{
	struct home home = {.fd = -1};
	bool ok;

	if (!home_open(&home, errand->home_path, f))
		return false;
	if (!home_is_restored(&home))
		ok = fault_set(f, FAULT_CONFLICT, "%s is not waiting for a confirmation", errand->home_path);
	else
		ok = restore_has_keys(&home, f) && file_remove(home.fd, "data/restored", f);
	if (ok && !errand->json)
		printf("%s is confirmed. A house that is running keeps refusing until it is started again.\n", errand->home_path);
	home_close(&home);
	return ok;
}

bool parent_restore(struct errand *errand, struct fault *f)
{
	int folder = -1, home = -1;
	bool ok = false;

	if (errand->argc != 1)
		return fault_set(f, FAULT_INPUT, "restore wants a backup's folder, or --confirm: see `mimeo restore --help`");
	if (strcmp(errand->argv[0], "--confirm") == 0)
		return restore_confirm(errand, f);
	if (!file_make_folders(AT_FDCWD, errand->home_path, 0755, f))
		return false;
	folder = open(errand->argv[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	home = open(errand->home_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0 || home < 0)
		fault_errno(f, "%s cannot be opened", folder < 0 ? errand->argv[0] : errand->home_path);
	else
		ok = restore_put(errand, folder, home, f);
	if (ok && !errand->json)
		printf("%s is restored, read-only. Put keys/ and secrets/ of the saved home into it; when the old house is off for good:\n"
			"  mimeo restore --confirm -C %s\n", errand->home_path, errand->home_path);
	if (folder >= 0)
		close(folder);
	if (home >= 0)
		close(home);
	return ok;
}
