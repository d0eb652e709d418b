/* story_typed.h: a story as somebody is typing it: the editor's fields, working copies, who else is in.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_STORY_TYPED_H
#define DESK_STORY_TYPED_H

#include "base/clock.h"
#include "base/str.h"
#include "desk/story.h"

struct arena;
struct fault;
struct store;

/* Every field of the form, in the order of working_put and working_get: name, its label at the desk (NULL: nobody types it), is it
 * long? */
#define STORY_TYPED(X) \
	X(title, "Headline", false) \
	X(standfirst, "Standfirst", true) \
	X(body, "Text", true) \
	X(bylines, "Byline", true) \
	X(section, "Section", false) \
	X(topics, "Topics", false) \
	X(slug, "Address", false) \
	X(lang, "Language", false) \
	X(dir, "Direction", false) \
	X(alt, "Description of the photo", false) \
	X(caption, "Caption", false) \
	X(credit, "Credit", false) \
	X(day, "Day", false) \
	X(hour, "Time", false) \
	X(reason, "Why", false) \
	X(words, NULL, false)

struct story_typed {
	int64_t base;               /* the revision that it began from */
	struct when saved;          /* of a working copy */
#define X(name, label, is_long) struct str name;
	STORY_TYPED(X)
#undef X
};

enum { TYPED_FIELDS = 0
#define X(name, label, is_long) + 1
	STORY_TYPED(X)
#undef X
};

/* `words`: by which it is seen whether the photo's words were touched since they came from the story. Where they were not, a Save
 * leaves alone what somebody has made of them meanwhile on the photo's own page. */
struct str story_typed_words(struct str alt, struct str caption, struct str credit, struct arena *arena);
/* What a story's form shows when nothing was typed yet. */
void story_typed_from(const struct story *story, int64_t revision, struct arena *arena, struct story_typed *out);
/* All fields but day, hour, reason and words are the same. */
bool story_typed_same(const struct story_typed *a, const struct story_typed *b);
/* What was typed into the story. INPUT: which field and what to do. A field that may stay empty in a draft may be empty here;
 * language: the newsroom's. Texts live in the arena. */
bool story_typed_apply(const struct story_typed *typed, struct str language, struct arena *arena, struct story *story,
	struct fault *f) __attribute__((warn_unused_result));
/* Day and hour as typed, on the newsroom's clock. INPUT, also for a time that the change to summer time skips. */
bool story_typed_due(const struct story_typed *typed, struct when *due, struct fault *f) __attribute__((warn_unused_result));

/* --- working copies (story_working.c). kept 0: the one that the editor shows; otherwise when it was set aside --- */

bool story_working_put(struct store *db, int64_t story, int64_t staff, const struct story_typed *typed, struct when now,
	struct fault *f) __attribute__((warn_unused_result));
bool story_working_get(struct store *db, int64_t story, int64_t staff, int64_t kept, struct arena *arena,
	struct story_typed *out, bool *found, struct fault *f) __attribute__((warn_unused_result));
bool story_working_drop(struct store *db, int64_t story, int64_t staff, int64_t kept, struct fault *f)
	__attribute__((warn_unused_result));
/* The one that the editor shows is set aside. */
bool story_working_keep(struct store *db, int64_t story, int64_t staff, struct when now, struct fault *f)
	__attribute__((warn_unused_result));
/* One that was set aside is shown again; what is shown now is set aside. */
bool story_working_take(struct store *db, int64_t story, int64_t staff, int64_t kept, struct when now, struct arena *arena,
	struct fault *f) __attribute__((warn_unused_result));

/* --- who is in: holds nobody up, over after five minutes of silence --- */

enum { EDITING_SILENCE_S = 300 };

/* Only a note: what fails is logged. */
void story_editing_note(struct store *db, int64_t story, int64_t staff, struct when now);
struct story_editor {
	struct str name;
	struct when since;
};
/* Who else is in: up to max of them. */
bool story_editing_others(struct store *db, int64_t story, int64_t staff, struct when now, struct arena *arena,
	struct story_editor *out, size_t max, size_t *count, struct fault *f) __attribute__((warn_unused_result));

#endif
