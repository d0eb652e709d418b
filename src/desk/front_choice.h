/* front_choice.h: what an editor chose for the front page: lead, pinned stories, order and hiding of sections.
 *
 * Read by the bake through front_choices_read() alone, by the ids of a handful of rows: it does not matter how large the archive is.
 * A choice lasts until it is taken back or its story is withdrawn; without any, the front page makes itself.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_FRONT_CHOICE_H
#define DESK_FRONT_CHOICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"

struct arena;
struct fault;
struct settings;
struct store;

enum { FRONT_PINS = 4, FRONT_SECTIONS = 64 }; /* pins fill the places beside the lead */

struct front_choices {
	int64_t lead;                          /* 0: none */
	int64_t pins[FRONT_PINS];
	size_t pin_count;
	struct str sections[FRONT_SECTIONS];   /* slugs in their order */
	bool hidden[FRONT_SECTIONS];
	size_t section_count;
};

/* Of published stories alone. Slugs live in the arena. */
bool front_choices_read(struct store *db, struct arena *arena, struct front_choices *out, struct fault *f)
	__attribute__((warn_unused_result));
bool front_is_pinned(const struct front_choices *choices, int64_t story);
/* The top of the page from the newest published stories (newest first) and the choices, all of published stories: the lead, then up
 * to FRONT_PINS beside it. Without a chosen lead, it is the newest of six that has a photo and is not pinned. */
struct front_story {
	int64_t id;
	bool has_photo;
};
enum { FRONT_TOP = 1 + FRONT_PINS, FRONT_NEWEST = 64 };
size_t front_top(const struct front_choices *choices, const struct front_story *newest, size_t count, int64_t out[FRONT_TOP]);
/* The masthead's sections as the front page shows them: in the chosen order, those that were not ordered yet behind; without the
 * hidden ones. Names as stories carry them. */
size_t front_order_sections(const struct settings *settings, const struct front_choices *choices, struct str out[FRONT_SECTIONS]);

/* One press of a button. story: of a published one. CONFLICT: four are pinned already. In a transaction of the caller's. */
bool front_set_lead(struct store *db, int64_t story, struct fault *f) __attribute__((warn_unused_result));
bool front_pin(struct store *db, int64_t story, struct fault *f) __attribute__((warn_unused_result));
bool front_drop(struct store *db, int64_t story, struct fault *f) __attribute__((warn_unused_result));
/* by: -1 up, 1 down */
bool front_move_pin(struct store *db, int64_t story, int by, struct fault *f) __attribute__((warn_unused_result));
bool front_move_section(struct store *db, const struct settings *settings, struct str slug, int by, struct fault *f)
	__attribute__((warn_unused_result));
bool front_hide_section(struct store *db, const struct settings *settings, struct str slug, bool hidden, struct fault *f)
	__attribute__((warn_unused_result));

#endif
