/* newsroom.h: what editors decide about the newsroom: name, sections, texts, logo, colours. Kept in desk.db, published to every
 * room as data/newsroom (house/overlay.h).
 *
 * Each change is a transaction with its line in the audit list; newsroom_changed() then brings it to the rooms and bakes the
 * site. A house that dies in between does both at its next start: data/newsroom is made of desk.db whenever it differs.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_NEWSROOM_H
#define DESK_NEWSROOM_H

#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"
#include "house/overlay.h"

struct arena;
struct buf;
struct fault;
struct room;

enum { NEWSROOM_TEXT_BYTES = 48 * 1024 };

/* --- newsroom_store.c --- */

/* The desk's settings by key ("name", "press", …): INPUT with a sentence for a value that is none. An empty `description`,
 * `statutory` or colour takes it away; an empty logo gives the choice back to mimeo.conf. In the caller's transaction. */
bool newsroom_put_setting(struct room *room, const char *key, struct str value, struct fault *f) __attribute__((warn_unused_result));

/* All sections anew, in their order: names as stories carry them, with a name in each language. INPUT for an empty or doubled one or one
 * with a comma. In the caller's transaction. */
bool newsroom_put_sections(struct room *room, const struct overlay_section *sections, size_t count, struct fault *f)
	__attribute__((warn_unused_result));

/* A version of a text. */
struct newsroom_text {
	int64_t version;             /* 0: nobody wrote one at the desk yet; the theme's is in force */
	struct str body, hash, made_by;
	int64_t made;
	bool is_desks;               /* false: it stands in theme/, or is the built-in one */
};
extern const char *const newsroom_kinds[]; /* "about", "privacy", "appeal", NULL */
bool newsroom_is_kind(struct str kind);
/* The text in force in a language. */
bool newsroom_text(struct room *room, const char *kind, struct str language, struct arena *arena, struct newsroom_text *out,
	struct fault *f) __attribute__((warn_unused_result));
/* INPUT: too long, no text, an unknown {placeholder}, Markdown that cannot be shown. */
bool newsroom_check_text(struct str body, struct fault *f) __attribute__((warn_unused_result));
/* The next version; *is_new false where the text is the one in force. In the caller's transaction. */
bool newsroom_put_text(struct room *room, const char *kind, struct str language, struct str body, struct str by, struct arena *arena,
	bool *is_new, struct fault *f) __attribute__((warn_unused_result));
/* As readers will see it, with the placeholders filled in. */
bool newsroom_show_text(struct room *room, struct str language, struct str body, struct buf *html, struct fault *f)
	__attribute__((warn_unused_result));

/* --- newsroom_publish.c --- */

/* At the desk's start: notes the theme's policies as versions, writes data/newsroom where it is not what desk.db says. A fault is
 * logged: the rooms then go on with what they have. */
void newsroom_begin(struct room *room);
/* After a committed change: written for the rooms, in force here at once, the site baked. False: it is kept in desk.db and tried
 * again within a minute. */
bool newsroom_changed(struct room *room, struct fault *f) __attribute__((warn_unused_result));
/* Every minute: what could not be written (a full disk) is tried again. */
void newsroom_look(struct room *room);
/* Writes data/newsroom as desk.db says; *is_new: it was not so. */
bool newsroom_publish(struct room *room, bool *is_new, struct fault *f) __attribute__((warn_unused_result));

#endif
