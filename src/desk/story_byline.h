/* story_byline.h: a name is taken out of everything that this newsroom says and keeps.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_STORY_BYLINE_H
#define DESK_STORY_BYLINE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"

struct arena;
struct fault;
struct store;

struct byline_counts {
	int64_t stories, revisions, made;  /* bylines of stories; of revisions; revisions that this person saved */
};

bool story_byline_count(struct store *db, struct str name, struct byline_counts *out, struct fault *f)
	__attribute__((warn_unused_result));

/* Takes the byline out of every story, revision and working copy, puts `instead` (may be empty) in its place, makes the author's pages go
 * (their address is kept only as a hash: 410) and asks for a bake of everything, in one transaction. Revisions that somebody of that name
 * saved say "staff". Texts in which the name stands are not touched. MISSING when nothing has that byline. */
bool story_byline_remove(struct store *db, struct str name, struct str instead, struct byline_counts *done, struct fault *f)
	__attribute__((warn_unused_result));

/* The hash under which an address that is gone for good is kept, in hexadecimal. */
enum { BYLINE_HASH_CHARS = 32 };
void story_gone_hash(struct str path, char out[BYLINE_HASH_CHARS + 1]);

#endif
