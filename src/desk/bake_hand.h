/* bake_hand.h: what changed, and what a bake of these changes has at hand.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_BAKE_HAND_H
#define DESK_BAKE_HAND_H

#include "desk/bake.h"

/* A list that a story left, or one whose name is another. */
struct bake_left {
	int64_t list;
	size_t slot;                /* SIZE_MAX: all of it */
};

/* A row of the queue. */
struct bake_change {
	int64_t story;              /* 0: nobody */
	int64_t since;              /* its date before the change, or the one that it has */
	const struct bake_left *left;
	size_t left_count;
};

struct bake_changes {
	int64_t last;               /* highest row */
	struct bake_change *rows;
	size_t count;
	struct str *old_paths;      /* that the site must lose */
	size_t old_count;
	bool wants_full;            /* a row says so, or they are too many */
	bool addresses, issues;     /* maps of addresses change; an issue has begun */
};

/* bake_changes.c: the queue. */
bool bake_changes_read(struct bake *bake, struct bake_changes *changes, struct fault *f) __attribute__((warn_unused_result));

/* bake_hand.c: stories, lists and "Read more" for these changes and for the front page, instead of bake_load. */
bool bake_hand(struct bake *bake, const struct bake_changes *changes, struct fault *f) __attribute__((warn_unused_result));

#endif
