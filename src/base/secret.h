/* secret.h: a key or a password: in a locked page, wiped when released, never in an arena, not printable by the log.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include "str.h"

struct fault;
struct secret; /* opaque on purpose */

/* Copies bytes in; the caller wipes its own copy. Empty is allowed. */
struct secret *secret_new(struct str bytes);
struct secret *secret_new_random(size_t len);
void secret_free(struct secret **secret);
/* A view for the moment of use; do not keep or print it. NULL gives the empty str. */
struct str secret_bytes(const struct secret *secret);

/* Reads a file of at most 16 KiB without leaving a copy; refuses (DENIED) one that group or others can read. */
bool secret_read(int dir_fd, const char *path, struct secret **out, struct fault *f) __attribute__((warn_unused_result));
/* Writes it 0600, durable; CONFLICT if there is one already. */
bool secret_write(int dir_fd, const char *path, const struct secret *secret, struct fault *f)
	__attribute__((warn_unused_result));

bool secret_equal(struct str a, struct str b); /* in constant time for equal lengths */

#endif
