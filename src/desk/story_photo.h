/* story_photo.h: photos of an import, through mimeo-image.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_STORY_PHOTO_H
#define DESK_STORY_PHOTO_H

#include "desk/story.h"

struct room;

struct photo_task {
	struct str path;            /* of the original */
	const char *name;           /* the story's file and line, for complaints */
	size_t line;
	struct story_photo *photo;  /* filled */
	struct str *trouble;        /* NULL: a broken photo ends the import; else what is wrong with it goes there */
};

/* Makes what is not there yet into data/desk/media, two at a time; prints progress lines. */
bool story_make_photos(struct room *room, struct photo_task *tasks, size_t count, struct arena *arena, struct fault *f)
	__attribute__((warn_unused_result));

#endif
