/* front_choice.c: what an editor chose for the front page.
 *
 * Decides: that a choice of a story that is no longer published counts for nothing, and the order of sections that nobody ordered.
 * Leaves to others: the page itself (bake_front.c), the buttons (desk_front.c). Runs in: desk and its bake. The hard thing: sections
 * come and go in the masthead, so the stored order names slugs, and what it does not name stands behind, as in the masthead.
 * SPDX-License-Identifier: ISC */
#include "desk/front_choice.h"

#include "base/arena.h"
#include "base/fault.h"
#include "gen/desk_sql.h"
#include "house/settings.h"
#include "press/words.h"
#include "store/store.h"

enum { FRONT_LEAD_AMONG = 6 };

bool front_choices_read(struct store *db, struct arena *arena, struct front_choices *out, struct fault *f)
{
	struct store_rows rows;

	*out = (struct front_choices){0};
	if (!store_rows_begin(db, DESK_SQL_FRONT_STORIES, STORE_NO_ARGS, &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		if (str_is(store_column_text(&rows, 1), "lead"))
			out->lead = store_column_i64(&rows, 0);
		else if (out->pin_count < FRONT_PINS)
			out->pins[out->pin_count++] = store_column_i64(&rows, 0);
	}
	if (!store_rows_end(&rows) || !store_rows_begin(db, DESK_SQL_FRONT_SECTIONS, STORE_NO_ARGS, &rows, f))
		return false;
	while (store_rows_next(&rows, f) && out->section_count < FRONT_SECTIONS) {
		out->sections[out->section_count] = store_column_copy(&rows, 0, arena);
		out->hidden[out->section_count++] = store_column_i64(&rows, 1) != 0;
	}
	return store_rows_end(&rows);
}

bool front_is_pinned(const struct front_choices *choices, int64_t story)
{
	size_t i;

	for (i = 0; i < choices->pin_count; i++)
		if (choices->pins[i] == story)
			return true;
	return false;
}

static bool front_has(const int64_t *ids, size_t count, int64_t id)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (ids[i] == id)
			return true;
	return false;
}

static int64_t front_find_lead(const struct front_choices *choices, const struct front_story *newest, size_t count)
{
	int64_t plain = 0;
	size_t i;

	if (choices->lead != 0)
		return choices->lead;
	for (i = 0; i < count && i < FRONT_LEAD_AMONG; i++) {
		if (front_is_pinned(choices, newest[i].id))
			continue;
		if (newest[i].has_photo)
			return newest[i].id;
		plain = plain == 0 ? newest[i].id : plain;
	}
	return plain != 0 || count == 0 ? plain : newest[0].id;
}

size_t front_top(const struct front_choices *choices, const struct front_story *newest, size_t count, int64_t out[FRONT_TOP])
{
	size_t used = 0, i;

	out[0] = front_find_lead(choices, newest, count);
	if (out[0] == 0)
		return 0;
	used = 1;
	for (i = 0; i < choices->pin_count && used < FRONT_TOP; i++)
		if (!front_has(out, used, choices->pins[i]))
			out[used++] = choices->pins[i];
	for (i = 0; i < count && used < FRONT_TOP; i++)
		if (!front_has(out, used, newest[i].id))
			out[used++] = newest[i].id;
	return used;
}

/* --- sections --- */

struct front_place {
	struct str name;
	size_t at;                  /* where the choice has it; FRONT_SECTIONS and its place in the masthead: nowhere */
	struct slug slug;
	bool hidden;
};

/* All of the masthead's sections in the front page's order. */
static size_t front_places(const struct settings *settings, const struct front_choices *choices, struct front_place out[FRONT_SECTIONS])
{
	size_t count = 0, i, k;

	for (i = 0; i < settings->sections.count && count < FRONT_SECTIONS; i++) {
		struct front_place place = {.name = settings->sections.items[i], .at = FRONT_SECTIONS + i};
		struct fault ignored = {0};

		if (!slug_from(place.name, &place.slug, &ignored))
			continue;
		for (k = 0; k < choices->section_count; k++)
			if (str_is(choices->sections[k], place.slug.text)) {
				place.at = k;
				place.hidden = choices->hidden[k];
			}
		for (k = count++; k > 0 && out[k - 1].at > place.at; k--)
			out[k] = out[k - 1];
		out[k] = place;
	}
	return count;
}

size_t front_order_sections(const struct settings *settings, const struct front_choices *choices, struct str out[FRONT_SECTIONS])
{
	struct front_place places[FRONT_SECTIONS];
	size_t all = front_places(settings, choices, places), count = 0, i;

	for (i = 0; i < all; i++)
		if (!places[i].hidden)
			out[count++] = places[i].name;
	return count;
}

static bool front_write_sections(struct store *db, const struct front_place *places, size_t count, struct fault *f)
{
	bool ok = store_run(db, DESK_SQL_FRONT_SECTION_CLEAR, STORE_NO_ARGS, NULL, f);
	size_t i;

	for (i = 0; ok && i < count; i++)
		ok = store_run(db, DESK_SQL_FRONT_SECTION_PUT, STORE_ARGS(store_text(str_from(places[i].slug.text)), store_i64((int64_t) i),
			store_i64(places[i].hidden)), NULL, f);
	return ok;
}

/* Reads all, changes one, writes all: there are a dozen. */
static bool front_change_section(struct store *db, const struct settings *settings, struct str slug, int by, const bool *hidden,
	struct fault *f)
{
	struct front_place places[FRONT_SECTIONS], swap;
	struct front_choices choices;
	struct arena arena;
	size_t count, i, other;
	bool ok;

	arena_init(&arena, "sections", 64 * 1024);
	ok = front_choices_read(db, &arena, &choices, f);
	count = ok ? front_places(settings, &choices, places) : 0;
	for (i = 0; i < count && !str_is(slug, places[i].slug.text); i++)
		;
	if (ok && i == count)
		ok = fault_set(f, FAULT_MISSING, "This section is not in the masthead any more.");
	if (ok && hidden != NULL)
		places[i].hidden = *hidden;
	other = by < 0 ? i - 1 : i + 1;
	if (ok && hidden == NULL && other < count) { /* i - 1 of the first is none */
		swap = places[i];
		places[i] = places[other];
		places[other] = swap;
	}
	ok = ok && front_write_sections(db, places, count, f);
	arena_release(&arena);
	return ok;
}

bool front_move_section(struct store *db, const struct settings *settings, struct str slug, int by, struct fault *f)
{
	return front_change_section(db, settings, slug, by, NULL, f);
}

bool front_hide_section(struct store *db, const struct settings *settings, struct str slug, bool hidden, struct fault *f)
{
	return front_change_section(db, settings, slug, 0, &hidden, f);
}

/* --- stories --- */

static bool front_write_pins(struct store *db, const int64_t *pins, size_t count, struct fault *f)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (!store_run(db, DESK_SQL_FRONT_PUT, STORE_ARGS(store_i64(pins[i]), store_text(STR("pin")), store_i64((int64_t) i + 1)), NULL, f))
			return false;
	return true;
}

/* The choices with what is gone swept out first. */
static bool front_begin_change(struct store *db, struct front_choices *choices, struct fault *f)
{
	struct arena arena;
	bool ok;

	arena_init(&arena, "front page", 64 * 1024);
	ok = store_run(db, DESK_SQL_FRONT_DROP_GONE, STORE_NO_ARGS, NULL, f) && front_choices_read(db, &arena, choices, f);
	choices->section_count = 0; /* their texts go with the arena */
	arena_release(&arena);
	return ok;
}

bool front_set_lead(struct store *db, int64_t story, struct fault *f)
{
	struct front_choices choices;

	return front_begin_change(db, &choices, f) && store_run(db, DESK_SQL_FRONT_DROP_LEAD, STORE_NO_ARGS, NULL, f)
		&& store_run(db, DESK_SQL_FRONT_PUT, STORE_ARGS(store_i64(story), store_text(STR("lead")), store_i64(0)), NULL, f);
}

bool front_pin(struct store *db, int64_t story, struct fault *f)
{
	struct front_choices choices;

	if (!front_begin_change(db, &choices, f))
		return false;
	if (front_is_pinned(&choices, story))
		return true;
	if (choices.pin_count == FRONT_PINS)
		return fault_set(f, FAULT_CONFLICT, "Four stories are pinned: that is all there is room for beside the lead. Unpin one first.");
	choices.pins[choices.pin_count++] = story;
	return front_write_pins(db, choices.pins, choices.pin_count, f);
}

bool front_drop(struct store *db, int64_t story, struct fault *f)
{
	return store_run(db, DESK_SQL_FRONT_DROP, STORE_ARGS(store_i64(story)), NULL, f);
}

bool front_move_pin(struct store *db, int64_t story, int by, struct fault *f)
{
	struct front_choices choices;
	int64_t swap;
	size_t i, other;

	if (!front_begin_change(db, &choices, f))
		return false;
	for (i = 0; i < choices.pin_count && choices.pins[i] != story; i++)
		;
	other = by < 0 ? i - 1 : i + 1;
	if (i >= choices.pin_count || other >= choices.pin_count)
		return true;
	swap = choices.pins[i];
	choices.pins[i] = choices.pins[other];
	choices.pins[other] = swap;
	return front_write_pins(db, choices.pins, choices.pin_count, f);
}
