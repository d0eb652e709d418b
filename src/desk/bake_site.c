/* bake_site.c: the folder data/site.
 *
 * Decides: that a page with the same bytes is left alone, the order .br, .gz, .html, what a full bake sweeps. Leaves to
 * others: what pages say. Runs in: desk's bake, the only writer. The hard thing: readers see each file old or new and
 * never half, without fsync: the whole folder can be made again.
 * SPDX-License-Identifier: ISC */
#include "desk/bake_site.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/limits.h"
#include "press/gzip.h"

enum { SITE_FILE_CAP = 64 * 1024 * 1024, PATH_BYTES = 1024, FOLDER_MODE = 0750, FILE_MODE = 0640 };

/* Names at the top that are no pages. */
static bool is_apart(const char *name)
{
	return name[0] == '.' || name[0] == '_' || strcmp(name, "media") == 0 || strncmp(name, "search.db", 9) == 0;
}

static bool has_no_page(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool none = dir != NULL;

	while (none && (entry = readdir(dir)) != NULL)
		none = is_apart(entry->d_name);
	if (dir != NULL)
		closedir(dir);
	return none;
}

bool bake_site_open(struct bake_site *site, const char *path, int gzip_level, struct fault *f)
{
	*site = (struct bake_site){.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
	buf_init(&site->old, SITE_FILE_CAP);
	buf_init(&site->packed, SITE_FILE_CAP);
	if (site->fd < 0)
		return fault_errno(f, "cannot open %s", path);
	site->is_fresh = has_no_page(path);
	site->gzip = gzip_new(gzip_level);
	return true;
}

void bake_site_close(struct bake_site *site)
{
	if (site->fd >= 0)
		close(site->fd);
	site->fd = -1;
	gzip_free(&site->gzip);
	memory_free(site->seen);
	site->seen = NULL;
	buf_release(&site->old);
	buf_release(&site->packed);
}

/* --- what was put --- */

static uint64_t hash_of(const char *path)
{
	uint64_t hash = 14695981039346656037u;

	while (*path != '\0')
		hash = (hash ^ (unsigned char) *path++) * 1099511628211u;
	return hash != 0 ? hash : 1;
}

static void seen_insert(uint64_t *table, size_t room, uint64_t hash)
{
	size_t slot = (size_t) hash & (room - 1);

	while (table[slot] != 0 && table[slot] != hash)
		slot = (slot + 1) & (room - 1);
	table[slot] = hash;
}

static void remember(struct bake_site *site, const char *path)
{
	uint64_t *grown;
	size_t room;
	size_t i;

	if (site->seen_count * 2 >= site->seen_room) {
		room = site->seen_room > 0 ? site->seen_room * 2 : 1024;
		grown = memory_new(room, sizeof(*grown));
		for (i = 0; i < site->seen_room; i++)
			if (site->seen[i] != 0)
				seen_insert(grown, room, site->seen[i]);
		memory_free(site->seen);
		site->seen = grown;
		site->seen_room = room;
	}
	seen_insert(site->seen, site->seen_room, hash_of(path));
	site->seen_count++;
}

void bake_site_keep(struct bake_site *site, const char *path)
{
	remember(site, path);
}

static bool was_put(const struct bake_site *site, const char *path)
{
	uint64_t hash = hash_of(path);
	size_t slot;

	if (site->seen_room == 0)
		return false;
	for (slot = (size_t) hash & (site->seen_room - 1); site->seen[slot] != 0; slot = (slot + 1) & (site->seen_room - 1))
		if (site->seen[slot] == hash)
			return true;
	return false;
}

/* --- putting --- */

/* Whether the file stands there with these bytes, and its packed one (if any is wanted) is not newer: a bake that was
 * cut short between the two has left the packed one of other bytes, and the next may want the old bytes again. */
static bool is_same(struct bake_site *site, const char *path, struct str bytes, const char *packed)
{
	struct stat about, beside;
	bool same = false;
	ssize_t got;
	char *at;
	int fd = openat(site->fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return false;
	buf_clear(&site->old);
	if (fstat(fd, &about) == 0 && (size_t) about.st_size == bytes.len
		&& (at = buf_reserve(&site->old, bytes.len + 1)) != NULL) {
		got = read(fd, at, bytes.len + 1);
		same = got >= 0 && (size_t) got == bytes.len && memcmp(at, bytes.at, bytes.len) == 0;
	}
	close(fd);
	if (!same || packed == NULL)
		return same;
	return fstatat(site->fd, packed, &beside, 0) == 0 && (beside.st_mtim.tv_sec < about.st_mtim.tv_sec
		|| (beside.st_mtim.tv_sec == about.st_mtim.tv_sec && beside.st_mtim.tv_nsec <= about.st_mtim.tv_nsec));
}

static bool make_folder_of(struct bake_site *site, const char *path, struct fault *f)
{
	const char *slash = strrchr(path, '/');
	struct str folder = str_make(path, slash != NULL ? (size_t) (slash - path) : 0);

	if (folder.len == 0 || str_is(folder, site->folder))
		return true;
	if (folder.len >= sizeof(site->folder))
		return fault_full(f, "this address");
	memcpy(site->folder, folder.at, folder.len);
	site->folder[folder.len] = '\0';
	if (file_make_folders(site->fd, site->folder, FOLDER_MODE, f))
		return true;
	site->folder[0] = '\0';
	return false;
}

/* Under a name of its own, then renamed: one writer, so the name needs no chance in it. */
static bool write_new(struct bake_site *site, const char *path, struct str bytes, struct fault *f)
{
	char fresh[PATH_BYTES];
	bool ok;
	int fd;

	snprintf(fresh, sizeof(fresh), "%s.new", path);
	if (site->is_fresh && !make_folder_of(site, path, f))
		return false;
	fd = openat(site->fd, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, FILE_MODE);
	if (fd < 0 && errno == ENOENT) {
		site->folder[0] = '\0'; /* it was taken away since */
		if (!make_folder_of(site, path, f))
			return false;
		fd = openat(site->fd, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, FILE_MODE);
	}
	if (fd < 0)
		return fault_errno(f, "cannot write site/%s", path);
	ok = file_write_all(fd, bytes, f);
	if (close(fd) != 0 && ok)
		ok = fault_errno(f, "cannot write site/%s", path);
	if (ok && renameat(site->fd, fresh, site->fd, path) != 0)
		ok = fault_errno(f, "cannot write site/%s", path);
	if (!ok)
		unlinkat(site->fd, fresh, 0);
	return ok;
}

bool bake_site_put(struct bake_site *site, const char *path, struct str bytes, bool with_gzip, struct fault *f)
{
	char packed[PATH_BYTES];
	bool may_stand;

	if (strlen(path) > PATH_BYTES - 16)
		return fault_full(f, "this address");
	may_stand = !site->is_fresh || was_put(site, path);
	remember(site, path);
	snprintf(packed, sizeof(packed), "%s.gz", path);
	if (may_stand && is_same(site, path, bytes, with_gzip ? packed : NULL)) {
		site->same++;
		return true;
	}
	if (with_gzip) {
		buf_clear(&site->packed);
		if (!gzip_write(site->gzip, bytes, &site->packed, f) || !write_new(site, packed, buf_view(&site->packed), f))
			return false;
	}
	site->written++;
	return write_new(site, path, bytes, f);
}

/* --- taking --- */

bool bake_site_remove(struct bake_site *site, const char *path, struct fault *f)
{
	static const char *const endings[] = {"", ".gz", ".br", ".new", ".gz.new"}; /* .new: what a kill may have left */
	char name[PATH_BYTES];
	char *slash;
	size_t i;

	for (i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		snprintf(name, sizeof(name), "%s%s", path, endings[i]);
		if (unlinkat(site->fd, name, 0) != 0 && errno != ENOENT && errno != ENOTDIR)
			return fault_errno(f, "cannot take away site/%s", name);
	}
	site->removed++;
	snprintf(name, sizeof(name), "%s", path);
	while ((slash = strrchr(name, '/')) != NULL) {
		*slash = '\0';
		if (unlinkat(site->fd, name, AT_REMOVEDIR) != 0)
			break; /* not empty: others live there */
	}
	return true;
}

static bool ends_with(const char *name, const char *ending)
{
	return str_ends(str_from(name), str_from(ending));
}

/* One folder's files that were not put, then its folders. *kept: how many names it has now. */
static bool sweep_folder(struct bake_site *site, const char *folder, int depth, size_t *kept, struct fault *f)
{
	int fd = openat(site->fd, folder[0] != '\0' ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	bool ok = true;

	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return fault_errno(f, "cannot read site/%s", folder);
	}
	while (ok && (entry = readdir(dir)) != NULL) {
		char path[PATH_BYTES];
		char plain[PATH_BYTES];
		size_t below = 1;

		if (entry->d_name[0] == '.' || (depth == 0 && is_apart(entry->d_name)))
			continue;
		++*kept;
		if (snprintf(path, sizeof(path), "%s%s%s", folder, folder[0] != '\0' ? "/"
			: "", entry->d_name) >= (int) sizeof(path))
			continue;
		if (entry->d_type == DT_DIR) {
			below = depth >= 8;
			ok = depth >= 8 || sweep_folder(site, path, depth + 1, &below, f);
			if (ok && below == 0 && unlinkat(site->fd, path, AT_REMOVEDIR) == 0)
				--*kept;
			continue;
		}
		snprintf(plain, sizeof(plain), "%s", path);
		if (ends_with(plain, ".gz") || ends_with(plain, ".br"))
			plain[strlen(plain) - 3] = '\0';
		if (!was_put(site, plain) && unlinkat(site->fd, path, 0) == 0) {
			site->removed++;
			--*kept;
		}
	}
	closedir(dir);
	return ok;
}

bool bake_site_sweep(struct bake_site *site, struct fault *f)
{
	size_t kept = 0;

	return site->is_fresh || sweep_folder(site, "", 0, &kept, f);
}

bool bake_site_tell(struct bake_site *site, struct fault *f)
{
	int64_t changes = 0;
	struct arena arena;
	struct str text = {NULL, 0};
	struct fault ignored = {0};
	char next[32];

	arena_init(&arena, "changes", 4096);
	if (file_read(site->fd, "_changes", 64, &arena, &text, &ignored) && !str_to_i64(str_trim(text), &changes))
		changes = 0;
	arena_release(&arena);
	snprintf(next, sizeof(next), "%lld\n", (long long) changes + 1);
	return write_new(site, "_changes", str_from(next), f);
}
