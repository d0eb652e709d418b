/* front_files.h: what front remembers of the baked tree's files: that they are there, their descriptors, the hottest
 * in memory.
 * SPDX-License-Identifier: ISC */
#ifndef FRONT_FRONT_FILES_H
#define FRONT_FRONT_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>
#include "base/str.h"

struct files;
struct http_ready;

enum { ENTRY_PLAIN, ENTRY_GZIP, ENTRY_VARIANTS, ENTRY_ETAG_BYTES = 40 };

struct variant {
	bool there;                   /* a file of this name is there; opened when it is first asked for */
	int fd;                       /* -1: not open */
	ino_t inode;
	off_t size;
	struct timespec changed;
	char etag[ENTRY_ETAG_BYTES];  /* once it was opened */
	struct http_ready *ready;     /* the whole answer in memory, or NULL */
};

struct entry {
	struct entry *next;           /* same slot */
	struct entry *ring_next, *ring_before;
	uint64_t hash;
	uint64_t generation;          /* of the site when it was looked at */
	int64_t looked_ms;
	uint32_t heat;
	uint32_t heat_at;
	const char *type, *cache;     /* Content-Type, Cache-Control */
	bool is_page;
	struct variant variants[ENTRY_VARIANTS];
	size_t path_len;
	char path[];                  /* as asked, NUL behind */
};

struct files_counts {
	size_t entries, descriptors, memory_bytes;
	uint64_t loads;
};

struct files *front_files_new(size_t entries, size_t descriptors, size_t memory_bytes);
void front_files_free(struct files **files);
void front_files_forget(struct files *files);
/* Where they lie, and what time it is: with another generation everything is compared again before it is used. */
void front_files_tick(struct files *files, int site_fd, uint64_t generation, int64_t now_ms);
const struct files_counts *front_files_count(const struct files *files);

/* The file of a public path, as it is now; NULL: there is none. Valid until the next call that may forget. */
struct entry *front_files_find(struct files *files, struct str path);
/* Opens a variant that is there. False: it is not there any more, or cannot be read. */
bool front_files_open(struct files *files, struct entry *entry, struct variant *variant);
/* The whole body; the caller's memory of variant->size bytes. */
bool front_files_read(const struct variant *variant, char *to);
/* Whether this body should stand in memory from now on; then room was made for it. */
bool front_files_may_keep(struct files *files, struct entry *entry, const struct variant *variant);
void front_files_keep(struct files *files, struct variant *variant, struct http_ready *ready);

#endif
