/* file.h: files read whole, written atomically, locked for life.
 * Paths are relative to dir_fd (AT_FDCWD for the working directory) and never longer than PATH_MAX.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <sys/types.h>
#include "str.h"

struct arena;
struct fault;

/* The whole file in the arena (NUL behind it). FULL when it is larger than cap_bytes. */
bool file_read(int dir_fd, const char *path, size_t cap_bytes, struct arena *arena, struct str *out, struct fault *f)
	__attribute__((warn_unused_result));

/* Writes path.tmp-<random>, then renames over path: readers see the old file or the new one, never half. durable: also
 * fsyncs file and folder. */
bool file_write(int dir_fd, const char *path, struct str bytes, mode_t mode, bool durable, struct fault *f)
	__attribute__((warn_unused_result));

/* Whole write to a descriptor, through EINTR and short writes. */
bool file_write_all(int fd, struct str bytes, struct fault *f) __attribute__((warn_unused_result));

bool file_make_folders(int dir_fd, const char *path, mode_t mode, struct fault *f) __attribute__((warn_unused_result));
bool file_remove(int dir_fd, const char *path, struct fault *f); /* gone already is fine */
bool file_exists(int dir_fd, const char *path);
bool file_copy(int from_dir, const char *from, int to_dir, const char *to, mode_t mode, struct fault *f)
	__attribute__((warn_unused_result));

/* Takes an exclusive lock (flock) on path, made if missing, and writes the pid into it; *fd holds it for life. BUSY with
 * the holder's pid when somebody else has it. The descriptor is close-on-exec. */
bool file_lock(int dir_fd, const char *path, int *fd, struct fault *f) __attribute__((warn_unused_result));

#endif
