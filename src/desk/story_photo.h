/* story_photo.h: photos of an import, through mimeo-image.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_STORY_PHOTO_H
#define DESK_STORY_PHOTO_H

#include <limits.h>
#include "desk/story.h"

struct room;
struct secret;

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

/* For those who make photos one by one (photo_make.c): the key of photos' names, the program's path, its answer. */
bool story_photo_key(struct room *room, struct secret **key, struct fault *f) __attribute__((warn_unused_result));
bool story_photo_program(char path[PATH_MAX], struct fault *f) __attribute__((warn_unused_result));
bool story_photo_answer(struct str line, struct arena *arena, struct story_photo *out, bool *is_whole, struct fault *f)
	__attribute__((warn_unused_result));
/* Whether every file of it stands in data/desk/media. */
bool story_photo_is_there(const char *media, struct str hash, struct str widths);

#endif
