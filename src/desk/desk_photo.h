/* desk_photo.h: the pages around photos: handlers for the table in desk_login.c, and what the other pages show of them.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_DESK_PHOTO_H
#define DESK_DESK_PHOTO_H

#include "desk/desk_visit.h"
#include "desk/photo_store.h"
#include "http/http.h"

struct buf;
struct markdown_picture;
struct markdown_result;

/* desk_photo.c: a story's photo page. */
http_handler desk_get_photo, desk_post_photo, desk_post_photo_choose, desk_post_photo_remove, desk_post_photo_append,
	desk_get_pictures;
/* desk_photo_upload.c */
http_handler desk_post_photo_upload;
/* desk_photos.c: the library. */
http_handler desk_get_photos, desk_get_library_photo, desk_post_library_photo, desk_get_photo_delete, desk_post_photo_delete,
	desk_get_photo_js;

/* Reporters and editors; a published story only who may publish. */
#define DESK_PHOTO_RIGHT DESK_WRITE
/* The story of {id}, for somebody who may change its photos. Where false, it is answered. */
bool desk_photo_story(struct desk_visit *visit, struct story *story);
/* Makes it the story's lead, with the words that the library has. */
bool desk_photo_lead(struct desk_visit *visit, int64_t story, struct str hash, struct fault *f);
/* alt, caption and credit as they were typed; INPUT where the credit is not one. Too long is cut. */
bool desk_photo_words(struct http_request *rq, struct photo *photo, struct fault *f);
/* To a story's photo page, with what was done; hash may be empty. */
void desk_photo_done(struct desk_visit *visit, int64_t story, struct str hash, const char *notice);
/* Words that were typed and cannot be taken: for the lead, or for a picture of the text. */
struct desk_photo_typed {
	struct photo photo;
	struct fault fault;
	bool is_lead;
};
/* The page; typed and the fault of an upload may be NULL. */
void desk_photo_answer(struct desk_visit *visit, const struct story *story, const struct desk_photo_typed *typed,
	const struct fault *upload_fault);
/* Whether this person may change what the library says of the photo: a public story may show it. DENIED. */
bool desk_photo_may_word(struct desk_visit *visit, struct str hash, struct fault *f);
/* "x1 y3" for a crop's position; empty in the middle. */
struct str desk_photo_focus(struct story_focus focus, struct arena *arena);

/* A story's text as readers will see it, its pictures included, for previews at the desk. */
bool desk_photo_markdown(struct room *room, struct str body, struct str prefix, struct arena *arena, struct buf *out,
	struct markdown_result *result, struct fault *f) __attribute__((warn_unused_result));

#endif
