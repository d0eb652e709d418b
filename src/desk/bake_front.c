/* bake_front.c: the front page.
 *
 * Decides: which stories lead. Leaves to others: cards, the chrome. Runs in: desk's bake. The hard thing: the front
 * page is the one page that takes the day, in its masthead.
 * SPDX-License-Identifier: ISC */
#include "base/fault.h"
#include "desk/bake.h"
#include "desk/front_choice.h"
#include "house/page.h"
#include "press/locale.h"
#include "press/value.h"
#include "press/words.h"

enum { BLOCK = 4, BLOCKS = 12 };

/* --- the front page --- */

struct choice {
	struct bake *bake;
	uint32_t used[FRONT_TOP + BLOCK * BLOCKS];
	size_t used_count;
	uint32_t newest[FRONT_NEWEST]; /* published, the newest first */
	size_t newest_count;
	struct front_choices chosen; /* by an editor */
};

static bool is_used(const struct choice *front, uint32_t position)
{
	size_t i;

	for (i = 0; i < front->used_count; i++)
		if (front->used[i] == position)
			return true;
	return false;
}

static void find_newest(struct choice *front)
{
	const struct bake *bake = front->bake;
	size_t i;

	for (i = bake->count; i-- > 0 && front->newest_count < sizeof(front->newest) / sizeof(front->newest[0]);)
		if (bake->stories[i].story.state == STORY_PUBLISHED)
			front->newest[front->newest_count++] = (uint32_t) i;
}

/* The position of a story that this bake knows as published. */
static bool find_published(const struct choice *front, int64_t id, uint32_t *position)
{
	const struct bake_story *of = id != 0 ? bake_find(front->bake, id) : NULL;

	if (of == NULL || of->story.state != STORY_PUBLISHED)
		return false;
	*position = (uint32_t) (of - front->bake->stories);
	return true;
}

/* Choices of stories that were published after this bake began wait for the next. */
static void forget_unknown(struct choice *front)
{
	struct front_choices *chosen = &front->chosen;
	uint32_t position;
	size_t kept = 0, i;

	if (!find_published(front, chosen->lead, &position))
		chosen->lead = 0;
	for (i = 0; i < chosen->pin_count; i++)
		if (find_published(front, chosen->pins[i], &position))
			chosen->pins[kept++] = chosen->pins[i];
	chosen->pin_count = kept;
}

static void set_top(struct choice *front, struct press_value *root)
{
	struct bake *bake = front->bake;
	struct front_story newest[FRONT_NEWEST];
	int64_t top[FRONT_TOP];
	struct press_value *side;
	uint32_t position;
	size_t count, i;

	for (i = 0; i < front->newest_count; i++) {
		const struct story *story = &bake->stories[front->newest[i]].story;

		newest[i] = (struct front_story){story->id, story->photo.hash.len > 0};
	}
	forget_unknown(front);
	count = front_top(&front->chosen, newest, front->newest_count, top);
	if (count == 0)
		return;
	side = press_list(&bake->page);
	for (i = 0; i < count; i++) {
		if (!find_published(front, top[i], &position))
			continue;
		front->used[front->used_count++] = position;
		bake_fill_card(bake, i == 0 ? press_set_map(root, "lead") : press_add_map(side), &bake->stories[position], 0, NULL,
			i == 0 ? BAKE_TOP : BAKE_CARD);
	}
	press_set(root, "side", side);
	press_set_bool(root, "has_side", press_value_count(side) > 0);
}

/* A block's head; the first one carries the newsletter's sheet behind it. href may be empty. */
static struct press_value *open_block(struct press_value *blocks, struct str name, struct str href, struct press_value *sheet)
{
	struct press_value *block = press_add_map(blocks);
	bool is_first = press_value_count(blocks) == 1;

	press_set_text(block, "name", name);
	press_set_text(block, "href", href);
	press_set_bool(block, "first", is_first);
	if (is_first)
		press_set(block, "newsletter", sheet);
	else
		press_set_bool(block, "newsletter", false);
	return press_set_list(block, "cards");
}

static void add_block(struct choice *front, struct press_value *blocks, struct str name, struct press_value *sheet)
{
	struct bake *bake = front->bake;
	struct fault ignored = {0};
	struct slug slug;
	const struct bake_list *list;
	struct press_value *cards = NULL;
	uint32_t newest[64];
	size_t count = 0;
	size_t i;

	if (!slug_from(name, &slug, &ignored) || (list = bake_find_list(bake, "section", str_from(slug.text))) == NULL)
		return;
	/* slots are in the order of publishing here; the date decides on the front page */
	for (i = list->slots; i-- > 0 && count < sizeof(newest) / sizeof(newest[0]);)
		if (list->stories[i] != UINT32_MAX && !is_used(front, list->stories[i]))
			newest[count++] = list->stories[i];
	for (i = 0; i < count && i < BLOCK; i++) {
		size_t best = i;
		size_t k;
		uint32_t swap;

		for (k = i + 1; k < count; k++)
			if (newest[k] > newest[best])
				best = k;
		swap = newest[i];
		newest[i] = newest[best];
		newest[best] = swap;
		if (cards == NULL)
			cards = open_block(blocks, bake_section_name(bake, name, bake->settings->language),
				str_format(&bake->page, "section/%s/", slug.text), sheet);
		front->used[front->used_count++] = newest[i];
		bake_fill_card(bake, press_add_map(cards), &bake->stories[newest[i]], 0, NULL, BAKE_CARD);
	}
}

static bool is_of_a_block(const struct bake *bake, struct str section)
{
	size_t i;

	/* hidden ones, too: who hides a section does not want its stories under "More" */
	for (i = 0; i < bake->settings->sections.count; i++)
		if (str_equal(bake->settings->sections.items[i], section))
			return true;
	return false;
}

/* Stories of sections that the masthead does not name: all of them in a newsroom that has named none yet. */
static void add_rest(struct choice *front, struct press_value *blocks, struct press_value *sheet)
{
	struct bake *bake = front->bake;
	struct press_value *cards = NULL;
	size_t count = 0;
	size_t i;

	for (i = 0; i < front->newest_count && count < 2 * BLOCK; i++) {
		const struct bake_story *story = &bake->stories[front->newest[i]];

		if (is_used(front, front->newest[i]) || is_of_a_block(bake, story->story.section))
			continue;
		if (cards == NULL)
			cards = open_block(blocks, locale_text(bake_locale(bake, (struct str){NULL, 0}), "more_stories"), (struct str){NULL, 0},
				sheet);
		bake_fill_card(bake, press_add_map(cards), story, 0, NULL, BAKE_CARD);
		count++;
	}
}

bool bake_front_page(struct bake *bake, struct fault *f)
{
	const struct page page = {.path = STR("/"), .section = STR("home"), .description = bake->settings->description};
	const struct civil today = clock_civil(clock_now());
	struct press_value *root = page_values(bake->theme, bake->settings, &page, &bake->page);
	struct press_value *blocks = press_set_list(root, "blocks");
	struct choice front = {.bake = bake};
	struct press_value *sheet = page_newsletter_sheet(bake->theme, bake->settings, &page, (struct str){NULL, 0},
		(struct str){NULL, 0}, &bake->page);
	struct str sections[FRONT_SECTIONS];
	size_t count, i;

	if (!front_choices_read(bake->db, &bake->page, &front.chosen, f))
		return false;
	count = front_order_sections(bake->settings, &front.chosen, sections);
	press_set_text(root, "date_line", locale_date_long(bake_locale(bake, (struct str){NULL, 0}), &today, &bake->page));
	find_newest(&front);
	set_top(&front, root);
	for (i = 0; i < count && i < BLOCKS; i++)
		add_block(&front, blocks, sections[i], sheet);
	add_rest(&front, blocks, sheet);
	if (press_value_count(blocks) == 0)
		press_set(root, "sheet", sheet);
	return bake_put(bake, "front", NULL, root, STR("/"), f);
}
