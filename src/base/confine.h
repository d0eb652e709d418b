/* confine.h: the fence around a small program that reads a stranger's bytes: bounded time, memory and files, no network.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_CONFINE_H
#define BASE_CONFINE_H

#include <stdbool.h>
#include <stddef.h>

struct confine {
	unsigned cpu_s;
	size_t file_bytes;     /* of the largest file that it may write; 0: none */
	size_t memory_bytes;   /* of addresses; not held under the sanitizers, whose shadow is larger */
	bool no_more_files;    /* only what is open already */
};

/* Before the first foreign byte is looked at; for good. Where a kernel refuses an empty network there still is nothing to
 * reach: these programs open no socket; seccomp will make that certain. */
void confine(const struct confine *how);

#endif
