/* base_inside.h: what the files of base/ share with each other and with nobody else.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_BASE_INSIDE_H
#define BASE_BASE_INSIDE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "str.h"

struct fault;

/* libsodium is ready after this, whoever asks first. Cheap to repeat. */
void rand_sodium_ready(void);

/* A file that is being made beside `path`, under a name of its own: readers never see it half-written. */
struct file_fresh {
	int dir_fd;
	int fd;
	const char *path;
	char temporary[PATH_MAX];
};

/* Opens the temporary file, with `mode` whatever the umask says. */
bool file_fresh_open(struct file_fresh *fresh, int dir_fd, const char *path, mode_t mode, struct fault *f)
	__attribute__((warn_unused_result));
/* Gives the file its name. durable: file and folder are on disk after. Not replace: CONFLICT if the name is taken. */
bool file_fresh_commit(struct file_fresh *fresh, bool durable, bool replace, struct fault *f)
	__attribute__((warn_unused_result));
/* Closes, and removes the temporary file if it was not committed. Safe after either of these, whatever they gave. */
void file_fresh_end(struct file_fresh *fresh);

#endif
