/* photo_make.h: an uploaded file becomes a photo of the library, in a child, while the desk goes on answering.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_PHOTO_MAKE_H
#define DESK_PHOTO_MAKE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"

struct fault;
struct room;

/* Its first widths are there and the library has it, or a fault says why not. Called once, later. */
typedef void photo_made(void *self, struct str hash, const struct fault *f);

struct photo_upload {
	int fd;                     /* the original, without a name on any disk; a copy of it is taken and closed */
	int64_t story;              /* on whose page it was uploaded */
	struct str by;
	photo_made *done;
	void *self;
};
/* BUSY when too many wait. The rest of the widths is made behind `done`; published stories are then baked again. */
bool photo_make(struct room *room, const struct photo_upload *upload, struct fault *f)
	__attribute__((warn_unused_result));

/* Whether more widths of it are on their way; *step of *of files are done. */
bool photo_is_making(struct room *room, struct str hash, int64_t *step, int64_t *of);
/* Why its larger widths could not be made, the last time; empty: nothing is known. */
struct str photo_trouble(struct room *room, struct str hash);

/* At the room's start: files in data/desk/media that no photo names (a crash between a file and its row), a few at a time. */
void photo_open(struct room *room);
void photo_close(struct room *room);

#endif
