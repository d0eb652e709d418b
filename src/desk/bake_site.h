/* bake_site.h: the folder data/site: files put and taken, compressed beside themselves.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_BAKE_SITE_H
#define DESK_BAKE_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"

struct fault;
struct gzip;

struct bake_site {
	int fd;
	struct gzip *gzip;
	struct buf old, packed;
	char folder[256];           /* the last one that was made sure of */
	bool is_fresh;              /* it held no page when it was opened: nothing to compare with, nothing to sweep */
	uint64_t *seen;             /* hashes of every path put: what a full bake keeps */
	size_t seen_room, seen_count;
	size_t written, same, removed;
};

bool bake_site_open(struct bake_site *site, const char *path, int gzip_level, struct fault *f)
	__attribute__((warn_unused_result));
void bake_site_close(struct bake_site *site);
/* Writes the file (and .gz beside it), unless it stands there with the same bytes. path is relative,
 * "a/b/index.html". */
bool bake_site_put(struct bake_site *site, const char *path, struct str bytes, bool with_gzip, struct fault *f)
	__attribute__((warn_unused_result));
/* The file is put by another process of this bake: bake_site_sweep leaves it alone. */
void bake_site_keep(struct bake_site *site, const char *path);
/* Takes a file and its .gz away, .html first, and empty folders above it. Gone already is fine. */
bool bake_site_remove(struct bake_site *site, const char *path, struct fault *f) __attribute__((warn_unused_result));
/* After a full bake: takes away every page that was not put. media, search.db and names with '_' stay. */
bool bake_site_sweep(struct bake_site *site, struct fault *f) __attribute__((warn_unused_result));
/* One more in `_changes`: readers of the site look again. Last of all. */
bool bake_site_tell(struct bake_site *site, struct fault *f) __attribute__((warn_unused_result));

#endif
