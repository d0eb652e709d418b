/* story_pictures.h: pictures in a story's text: ![alt](photo:NAME "Caption. Name / Agency"), alone in their paragraph.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_STORY_PICTURES_H
#define DESK_STORY_PICTURES_H

#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"

struct arena;
struct buf;
struct fault;

/* The name in "photo:NAME"; empty for any other address. */
struct str story_picture_name(struct str url);

/* Each photo that the text shows, in order; one that stands there twice comes twice. A text that Markdown refuses shows none. */
typedef void story_picture_call(void *self, struct str hash);
void story_pictures_each(struct str body, story_picture_call *call, void *self);

/* Pictures that are files beside the story: "photo.jpg" and the like (JPEG, PNG, WebP; no scheme, no leading '/'). */
struct story_picture_file {
	struct str url, alt, title;
	size_t line;                /* of the body, from 1 */
};
bool story_pictures_files(struct str body, struct arena *arena, struct story_picture_file *out, size_t max, size_t *count,
	struct fault *f) __attribute__((warn_unused_result));
/* The body with photo:NAME instead of each file's address; names in the files' order. */
bool story_pictures_rename(struct str body, const struct story_picture_file *files, const struct str *names, size_t count,
	struct arena *arena, struct str *out, struct fault *f) __attribute__((warn_unused_result));

/* "Caption. Name / Agency" in its two parts. credit_known (may be empty): where the text ends so, that is the credit. */
void story_picture_split(struct str title, struct str credit_known, struct str *caption, struct str *credit);
/* The Markdown that shows a photo, in one line. */
void story_picture_write(struct buf *out, struct str hash, struct str alt, struct str caption, struct str credit);

/* "Name / Agency", or empty. INPUT: a sentence that says how to write it. */
bool story_credit_check(struct str credit, struct fault *f) __attribute__((warn_unused_result));

#endif
