/* story.h: a story, as it is imported, stored and baked.
 *
 * Decides: the record. Runs in: desk and its children. Texts belong to the arena that the story was read into.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_STORY_H
#define DESK_STORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/clock.h"
#include "base/str.h"

struct arena;
struct fault;
struct settings;
struct store;

/* state, its name in the database and in front matter, its name at the desk, its mark there, what may follow it */
#define STORY_STATES(X) \
	X(STORY_DRAFT, "draft", "Draft", "draft", 1u << STORY_REVIEW | 1u << STORY_SCHEDULED | 1u << STORY_PUBLISHED) \
	X(STORY_REVIEW, "review", "In review", "wait", 1u << STORY_DRAFT | 1u << STORY_SCHEDULED | 1u << STORY_PUBLISHED) \
	X(STORY_SCHEDULED, "scheduled", "Scheduled", "wait", 1u << STORY_DRAFT | 1u << STORY_REVIEW | 1u << STORY_SCHEDULED | 1u << STORY_PUBLISHED) \
	X(STORY_PUBLISHED, "published", "Live", "live", 1u << STORY_WITHDRAWN) \
	X(STORY_WITHDRAWN, "withdrawn", "Withdrawn", "bad", 1u << STORY_PUBLISHED)

/* kind, its name in the database and in front matter, its key in the languages' texts, its name at the desk */
#define STORY_CORRECTION_KINDS(X) \
	X(STORY_CORRECTS, "correction", "correction", "Correction") \
	X(STORY_CLARIFIES, "clarification", "clarification", "Clarification") \
	X(STORY_NOTES, "note", "editors_note", "Editor’s note")

enum story_state {
#define X(state, name, word, mark, next) state,
	STORY_STATES(X)
#undef X
	STORY_STATE_COUNT
};

enum story_correction_kind {
#define X(kind, name, key, word) kind,
	STORY_CORRECTION_KINDS(X)
#undef X
	STORY_CORRECTION_KIND_COUNT
};

const char *story_state_name(enum story_state state);
const char *story_state_word(enum story_state state);   /* at the desk */
const char *story_state_mark(enum story_state state);
bool story_state_parse(struct str name, enum story_state *state);
bool story_may_become(enum story_state from, enum story_state to);
const char *story_correction_name(enum story_correction_kind kind);
const char *story_correction_key(enum story_correction_kind kind);
const char *story_correction_word(enum story_correction_kind kind);
bool story_correction_parse(struct str name, enum story_correction_kind *kind);

enum { STORY_AUTHORS = 12, STORY_TOPICS = 12, STORY_TERMS = 16, STORY_CORRECTIONS = 12 };

struct story_photo {
	struct str hash;            /* empty: no photo */
	int64_t width, height, removed;
	struct str widths;          /* "320 640 1280" */
	struct str dominant;
};

/* What a crop keeps in sight, in percent from the middle: -50 (left, top) … 50. */
struct story_focus {
	int64_t x, y;
};

/* A photo that an import brings along for a story's text. */
struct story_picture {
	struct story_photo photo;
	struct str alt, caption, credit;
};

struct story_correction {
	struct when made;
	struct str text;
	bool grave;                 /* stands above the text, not below it */
	enum story_correction_kind kind;
};

struct story {
	int64_t id;
	struct str identity;
	enum story_state state;
	struct str title, slug, lang, dir, section, excerpt, body;
	struct story_photo photo;
	struct str alt, caption, credit;
	struct story_focus focus;
	bool is_sensitive;          /* no appeal for money stands under it */
	bool says_plain;            /* its file says that it is not; else an import leaves the desk's flag alone */
	struct when published, updated, due; /* due: of a scheduled one, which also is its date */
	struct str path;            /* "/2026/11/20/slug/"; empty while there is no date */
	struct str authors[STORY_AUTHORS];
	size_t author_count;
	struct str topics[STORY_TOPICS];
	size_t topic_count;
	struct str terms[STORY_TERMS];
	size_t term_count;
	struct story_correction corrections[STORY_CORRECTIONS];
	size_t correction_count;
	const struct story_picture *pictures; /* of an import */
	size_t picture_count;
};

/* "/YYYY/MM/DD/slug/" in the newsroom's zone. */
struct str story_path(struct when published, struct str slug, struct arena *arena);
/* "rtl" for a language that is written so. */
struct str story_direction(struct str language);

/* --- from a file (story_front.c, story_file.c) --- */

struct front_field {
	struct str key;
	size_t line;
	struct str value;           /* unquoted; empty for a list */
	bool is_list;
	const struct str *items;
	size_t item_count;
};

struct front {
	struct front_field *fields;
	size_t count;
	struct str body;
	size_t body_line;
};

enum { FRONT_FIELDS = 64, FRONT_ITEMS = 32 };

/* Front matter between two "---" lines, then the body. INPUT "NAME:LINE: what is wrong and what to do". */
bool front_parse(struct str file, const char *name, struct arena *arena, struct front *out, struct fault *f)
	__attribute__((warn_unused_result));

/* What a file says about a photo; the file itself is somebody else's matter. */
struct story_file {
	struct story story;         /* without id, path, photo */
	struct str photo;           /* relative to the file's folder; empty: none */
	size_t photo_line, body_line;
	bool has_slug;
};

/* A whole story file. identity_otherwise: the file's name without ending. language: the newsroom's. */
bool story_from_file(struct str file, const char *name, struct str identity_otherwise, struct str language,
	struct arena *arena, struct story_file *out, struct fault *f) __attribute__((warn_unused_result));

#endif
