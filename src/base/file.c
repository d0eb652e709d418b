/* file.c: files read whole, written atomically, locked for life.
 *
 * Decides: that a file appears under its name only when it is complete, and what a missing or full disk is as a fault.
 * Leaves to others: what is in it. Runs in: every process. The hard thing: a name is only on disk when its folder is
 * synced too, and no failure on the way may leave the temporary file behind (a kill may: "*.tmp-*" is never read).
 * SPDX-License-Identifier: ISC */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "arena.h"
#include "base_inside.h"
#include "fault.h"
#include "rand.h"

enum { COPY_BYTES = 64 * 1024 };

/* --- reading --- */

/* Opens a regular file. Not blocking, so that a FIFO under that name cannot stop the process; nor taking a terminal. */
static bool open_regular(int dir_fd, const char *path, int *fd, struct stat *st, struct fault *f)
{
	*fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (*fd < 0)
		return fault_errno(f, "cannot open %s", path);
	if (fstat(*fd, st) != 0)
		return fault_errno(f, "cannot read %s", path);
	if (!S_ISREG(st->st_mode))
		return fault_set(f, FAULT_INPUT, "%s is not a file", path);
	return true;
}

/* Reads up to `room` bytes, until the end. */
static bool read_all(int fd, const char *path, char *at, size_t room, size_t *len, struct fault *f)
{
	*len = 0;
	while (*len < room) {
		ssize_t got = read(fd, at + *len, room - *len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fault_errno(f, "cannot read %s", path);
		if (got == 0)
			break;
		*len += (size_t) got;
	}
	return true;
}

bool file_read(int dir_fd, const char *path, size_t cap_bytes, struct arena *arena, struct str *out, struct fault *f)
{
	bool ok = false;
	int fd = -1;
	struct stat st = {0};
	size_t size;
	size_t len;
	char *at;

	if (!open_regular(dir_fd, path, &fd, &st, f))
		goto done;
	size = (size_t) st.st_size;
	at = size <= cap_bytes ? arena_alloc(arena, size + 1) : NULL;
	if (at == NULL) {
		ok = fault_full(f, path);
		goto done;
	}
	if (!read_all(fd, path, at, size, &len, f))
		goto done;
	*out = (struct str){at, len};
	ok = true;
done:
	if (fd >= 0)
		(void) close(fd);
	return ok;
}

bool file_exists(int dir_fd, const char *path)
{
	struct stat st;

	return fstatat(dir_fd, path, &st, 0) == 0;
}

/* --- writing --- */

bool file_write_all(int fd, struct str bytes, struct fault *f)
{
	while (bytes.len > 0) {
		ssize_t written = write(fd, bytes.at, bytes.len);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return fault_errno(f, "cannot write");
		bytes = str_part(bytes, (size_t) written, SIZE_MAX);
	}
	return true;
}

bool file_fresh_open(struct file_fresh *fresh, int dir_fd, const char *path, mode_t mode, struct fault *f)
{
	char token[RAND_TOKEN_CHARS + 1];
	int len;

	*fresh = (struct file_fresh){.dir_fd = dir_fd, .fd = -1, .path = path};
	rand_token(token);
	len = snprintf(fresh->temporary, sizeof(fresh->temporary), "%s.tmp-%.12s", path, token);
	if (len < 0 || (size_t) len >= sizeof(fresh->temporary)) {
		fresh->temporary[0] = '\0';
		return fault_set(f, FAULT_INPUT, "the path %.80s... is too long", path);
	}
	fresh->fd = openat(dir_fd, fresh->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fresh->fd < 0) {
		fresh->temporary[0] = '\0';
		return fault_errno(f, "cannot write %s", path);
	}
	if (fchmod(fresh->fd, mode) != 0)
		return fault_errno(f, "cannot set the mode of %s", path);
	return true;
}

/* Makes the names in the folder of `path` durable. */
static bool sync_folder_of(int dir_fd, const char *path, struct fault *f)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX] = ".";
	bool ok;
	int fd;

	if (slash != NULL)
		(void) snprintf(folder, sizeof(folder), "%.*s", slash == path ? 1 : (int) (slash - path), path);
	fd = openat(dir_fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fault_errno(f, "cannot open the folder of %s", path);
	ok = fsync(fd) == 0 || fault_errno(f, "cannot sync the folder of %s", path);
	(void) close(fd);
	return ok;
}

bool file_fresh_commit(struct file_fresh *fresh, bool durable, bool replace, struct fault *f)
{
	if (durable && fsync(fresh->fd) != 0)
		return fault_errno(f, "cannot sync %s", fresh->path);
	if (replace) {
		if (renameat(fresh->dir_fd, fresh->temporary, fresh->dir_fd, fresh->path) != 0)
			return fault_errno(f, "cannot write %s", fresh->path);
		fresh->temporary[0] = '\0';
	} else if (linkat(fresh->dir_fd, fresh->temporary, fresh->dir_fd, fresh->path, 0) != 0) {
		/* link(2), unlike rename(2), never replaces; file_fresh_end() takes the other name away. */
		if (errno == EEXIST)
			return fault_set(f, FAULT_CONFLICT, "there is a %s already; it is not overwritten", fresh->path);
		return fault_errno(f, "cannot write %s", fresh->path);
	}
	return !durable || sync_folder_of(fresh->dir_fd, fresh->path, f);
}

void file_fresh_end(struct file_fresh *fresh)
{
	if (fresh->fd >= 0)
		(void) close(fresh->fd);
	if (fresh->temporary[0] != '\0')
		(void) unlinkat(fresh->dir_fd, fresh->temporary, 0);
	fresh->fd = -1;
	fresh->temporary[0] = '\0';
}

bool file_write(int dir_fd, const char *path, struct str bytes, mode_t mode, bool durable, struct fault *f)
{
	struct file_fresh fresh;
	bool ok;

	ok = file_fresh_open(&fresh, dir_fd, path, mode, f) && file_write_all(fresh.fd, bytes, f) &&
		file_fresh_commit(&fresh, durable, true, f);
	if (!ok)
		(void) fault_add(f, "while writing %s", path);
	file_fresh_end(&fresh);
	return ok;
}

static bool copy_bytes(int from, const char *name, int to, struct fault *f)
{
	char block[COPY_BYTES];
	size_t len;

	do {
		if (!read_all(from, name, block, sizeof(block), &len, f))
			return false;
		if (!file_write_all(to, (struct str){block, len}, f))
			return false;
	} while (len > 0);
	return true;
}

bool file_copy(int from_dir, const char *from, int to_dir, const char *to, mode_t mode, struct fault *f)
{
	struct file_fresh fresh = {.fd = -1};
	struct stat st;
	int fd = -1;
	bool ok;

	ok = open_regular(from_dir, from, &fd, &st, f) && file_fresh_open(&fresh, to_dir, to, mode, f) &&
		copy_bytes(fd, from, fresh.fd, f) && file_fresh_commit(&fresh, true, true, f);
	if (!ok)
		(void) fault_add(f, "while copying %s to %s", from, to);
	file_fresh_end(&fresh);
	if (fd >= 0)
		(void) close(fd);
	return ok;
}

/* --- folders and names --- */

static bool make_folder(int dir_fd, const char *path, mode_t mode, struct fault *f)
{
	struct stat st;

	if (mkdirat(dir_fd, path, mode) == 0)
		return true;
	if (errno != EEXIST)
		return fault_errno(f, "cannot make the folder %s", path);
	if (fstatat(dir_fd, path, &st, 0) != 0)
		return fault_errno(f, "cannot look at %s", path);
	if (!S_ISDIR(st.st_mode))
		return fault_set(f, FAULT_CONFLICT, "%s is not a folder", path);
	return true;
}

/* From the end: mostly all but the last stand there already. */
static bool make_folders(int dir_fd, char *path, mode_t mode, struct fault *f)
{
	char *slash;
	bool ok;

	if (mkdirat(dir_fd, path, mode) == 0)
		return true;
	slash = strrchr(path, '/');
	while (slash != NULL && slash > path && slash[-1] == '/')
		slash--;
	if ((errno != ENOENT && errno != ENOTDIR) || slash == NULL || slash == path)
		return make_folder(dir_fd, path, mode, f);
	*slash = '\0';
	ok = make_folders(dir_fd, path, mode, f);
	*slash = '/';
	return ok && make_folder(dir_fd, path, mode, f);
}

bool file_make_folders(int dir_fd, const char *path, mode_t mode, struct fault *f)
{
	char part[PATH_MAX];
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof(part))
		return fault_set(f, FAULT_INPUT, "\"%.80s\" cannot be a folder's path", path);
	memcpy(part, path, len + 1);
	while (len > 1 && part[len - 1] == '/')
		part[--len] = '\0';
	return make_folders(dir_fd, part, mode, f);
}

bool file_remove(int dir_fd, const char *path, struct fault *f)
{
	if (unlinkat(dir_fd, path, 0) == 0 || errno == ENOENT)
		return true;
	return fault_errno(f, "cannot remove %s", path);
}

/* --- the lock --- */

/* Says who holds the lock, as far as the file tells. */
static bool lock_busy(int fd, const char *path, struct fault *f)
{
	char text[24] = "";
	ssize_t len = pread(fd, text, sizeof(text) - 1, 0);
	struct str pid = str_trim(str_make(text, len > 0 ? (size_t) len : 0));

	if (pid.len == 0)
		pid = STR("(unknown)");
	return fault_set(f, FAULT_BUSY, "process %.*s holds %s; stop it first", STR_ARG(pid), path);
}

bool file_lock(int dir_fd, const char *path, int *fd, struct fault *f)
{
	bool ok = false;
	char pid[24];
	int len;
	int lock;

	lock = openat(dir_fd, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock < 0)
		return fault_errno(f, "cannot open the lock %s", path);
	if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
		ok = errno == EWOULDBLOCK ? lock_busy(lock, path, f) : fault_errno(f, "cannot lock %s", path);
		goto done;
	}
	len = snprintf(pid, sizeof(pid), "%ld\n", (long) getpid());
	/* The text is for people; the lock itself is flock's. */
	if (ftruncate(lock, 0) != 0 || pwrite(lock, pid, (size_t) len, 0) != len) {
		ok = fault_errno(f, "cannot write the lock %s", path);
		goto done;
	}
	*fd = lock;
	lock = -1;
	ok = true;
done:
	if (lock >= 0)
		(void) close(lock);
	return ok;
}
