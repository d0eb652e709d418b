/* photo_store.h: photos in desk.db: what the library knows of each, which stories use it, and what a story lets go.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_PHOTO_STORE_H
#define DESK_PHOTO_STORE_H

#include "desk/story.h"

struct home;

enum { PHOTO_HASH_CHARS = 16, PHOTO_HAD_MAX = 501, PHOTO_TEXT_CHARS = 1000 };

/* What the library says of a photo. */
struct photo {
	struct story_photo made;
	bool is_whole;              /* all its widths are there */
	struct str alt, caption, credit;
	struct story_focus focus;
	struct when added;
	struct str added_by;
	int64_t added_for;          /* a story; 0: none */
};

/* 16 hex digits in lower case: a photo's name. */
bool photo_is_name(struct str name);
/* MISSING: no such photo in the library. */
bool photo_find(struct store *db, struct str hash, struct arena *arena, struct photo *out, struct fault *f)
	__attribute__((warn_unused_result));
/* A photo that was made, or made further; texts that are all empty leave those that stand there. */
bool photo_put(struct store *db, const struct photo *photo, struct fault *f) __attribute__((warn_unused_result));
bool photo_set_texts(struct store *db, struct str hash, struct str alt, struct str caption, struct str credit,
	struct fault *f) __attribute__((warn_unused_result));

/* The story's lead photo (hash empty: none) with its texts and focal point, in a transaction of its own; what was typed is
 * remembered for the photo, too; the site is told. The text of the story is not touched, so nobody's work on it is. */
bool photo_set_lead(struct store *db, int64_t story, const struct photo *photo, struct when now, struct arena *arena,
	struct fault *f) __attribute__((warn_unused_result));
/* A paragraph at the end of the story's text, as a revision of its own, in a transaction of its own. */
bool photo_append(struct store *db, int64_t story, struct str markdown, struct str by, struct when now, struct arena *arena,
	struct fault *f) __attribute__((warn_unused_result));
/* The same of a text that somebody is typing. */
bool photo_append_to(struct str *body, struct str markdown, struct arena *arena, struct fault *f)
	__attribute__((warn_unused_result));
/* More widths of a photo are there: published stories that show it are baked again. Inside a transaction. */
bool photo_queue_users(struct store *db, struct str hash, struct fault *f) __attribute__((warn_unused_result));
/* CONFLICT while a story uses it. Its files go as well, at the desk and on the site. */
bool photo_remove(struct store *db, const struct home *home, struct str hash, struct arena *arena, struct fault *f)
	__attribute__((warn_unused_result));

/* --- within story_save --- */

/* The photos that a story had. */
struct photo_had {
	char hashes[PHOTO_HAD_MAX][PHOTO_HASH_CHARS + 1];
	size_t count;
};
/* Before the story's row is written: puts the photos that it brings along, notes those that it has. */
bool photo_before_save(struct store *db, const struct story *story, struct when now, struct str by,
	struct photo_had *had, struct fault *f) __attribute__((warn_unused_result));
/* After it: focal point, the pictures of its text, and what it let go. */
bool photo_after_save(struct store *db, const struct story *story, const struct photo_had *had, bool was_public,
	struct fault *f) __attribute__((warn_unused_result));

#endif
