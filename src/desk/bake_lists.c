/* bake_lists.c: section, topic and author pages.
 *
 * Decides: pages of 24 slots numbered from the oldest, and the newest at the list's own address. Leaves to others:
 * slots (story_store.c). Runs in: desk's bake and its crew. The hard thing: full pages do not change: a slot is given once, and
 * links point at numbers.
 * SPDX-License-Identifier: ISC */
#include "base/fault.h"
#include "desk/bake.h"
#include "desk/bake_crew.h"
#include "house/overlay.h"
#include "house/page.h"
#include "press/locale.h"
#include "press/value.h"
#include "press/words.h"

static size_t public_in(const struct bake_list *list, size_t from, size_t until)
{
	size_t count = 0;
	size_t i;

	for (i = from; i < until; i++)
		count += list->stories[i] != UINT32_MAX;
	return count;
}

static struct press_value *list_root(struct bake *bake, const struct bake_list *list, unsigned depth, struct str path)
{
	const struct locale *locale = bake_locale(bake, (struct str){NULL, 0});
	char key[32];
	bool is_section = str_is(list->kind, "section");
	struct str name = is_section ? bake_section_name(bake, list->name, bake->settings->language) : list->name;
	struct page page = {.depth = depth, .title = name, .path = path,
		.section = is_section ? list->name : (struct str){NULL, 0}};
	struct press_value *root;

	snprintf(key, sizeof(key), "%.*s_intro", STR_ARG(list->kind));
	page.description = locale_format(locale, key, &bake->page,
		(const struct locale_pair[]){{"name", name}, {NULL, {NULL, 0}}});
	root = page_values(bake->theme, bake->settings, &page, &bake->page);
	press_set_text(root, "heading", name);
	if (is_section) {
		press_set_c(root, "section_feed", depth == 2 ? "feed.xml" : "../feed.xml");
		press_set_text(root, "section_feed_title", locale_format(locale, "section_feed", &bake->page,
			(const struct locale_pair[]){{"name", name}, {NULL, {NULL, 0}}}));
	}
	return root;
}

static void add_cards(struct bake *bake, struct press_value *root, const struct bake_list *list, size_t from,
	size_t until, unsigned depth)
{
	const struct locale *locale = bake_locale(bake, (struct str){NULL, 0});
	struct press_value *cards = press_set_list(root, "cards");
	size_t i;

	for (i = until; i-- > from;) {
		struct press_value *card;

		if (list->stories[i] == UINT32_MAX)
			continue;
		card = press_add_map(cards);
		bake_fill_card(bake, card, &bake->stories[list->stories[i]], depth, locale, BAKE_CARD);
		if (str_is(list->kind, "section")) /* the heading says it */
			press_set_bool(card, "label", false);
	}
}

/* The pages that a list has numbers for. One page has none: it is the newest. */
static size_t pages_of(const struct bake_list *list)
{
	size_t pages = (list->slots + BAKE_LIST_PAGE - 1) / BAKE_LIST_PAGE;

	return pages > 1 ? pages : 0;
}

/* Slots number*24 … : written while it fills, once more when the next page begins, then never again. */
static bool put_numbered(struct bake *bake, const struct bake_list *list, size_t number, size_t pages, struct fault *f)
{
	size_t from = number * BAKE_LIST_PAGE;
	size_t until = from + BAKE_LIST_PAGE < list->slots ? from + BAKE_LIST_PAGE : list->slots;
	struct str path = str_format(&bake->page, "/%.*s/%.*s/%zu/", STR_ARG(list->kind), STR_ARG(list->slug), number + 1);
	struct press_value *root = list_root(bake, list, 3, path);

	add_cards(bake, root, list, from, until, 3);
	if (number > 0)
		press_set_text(root, "older", str_format(&bake->page, "../%zu/", number));
	press_set_text(root, "newer", number + 1 < pages ? str_format(&bake->page, "../%zu/", number + 2) : STR("../"));
	return bake_put(bake, "list", NULL, root, path, f);
}

static bool put_newest(struct bake *bake, const struct bake_list *list, size_t pages, struct fault *f)
{
	size_t number = pages > 0 ? pages - 1 : 0;
	struct str path = str_format(&bake->page, "/%.*s/%.*s/", STR_ARG(list->kind), STR_ARG(list->slug));
	struct press_value *root = list_root(bake, list, 2, path);

	while (number > 0 && public_in(list, number * BAKE_LIST_PAGE, list->slots) < BAKE_LIST_FIRST)
		number--;
	add_cards(bake, root, list, number * BAKE_LIST_PAGE, list->slots, 2);
	if (number > 0)
		press_set_text(root, "older", str_format(&bake->page, "%zu/", number));
	return bake_put(bake, "list", NULL, root, path, f);
}

static bool drop_list(struct bake *bake, const struct bake_list *list, struct fault *f)
{
	char file[512];
	size_t i;
	bool ok;

	snprintf(file, sizeof(file), "%.*s/%.*s/index.html", STR_ARG(list->kind), STR_ARG(list->slug));
	ok = bake_site_remove(&bake->site, file, f);
	for (i = 0; i < pages_of(list) && ok; i++) {
		snprintf(file, sizeof(file), "%.*s/%.*s/%zu/index.html", STR_ARG(list->kind), STR_ARG(list->slug), i + 1);
		ok = bake_site_remove(&bake->site, file, f);
	}
	return ok;
}

bool bake_list_pages(struct bake *bake, const struct bake_list *list, struct fault *f)
{
	size_t pages = pages_of(list);
	bool ok = true;
	size_t i;

	for (i = 0; i < pages && ok; i++)
		if (list->is_all || list->numbers[i])
			ok = put_numbered(bake, list, i, pages, f);
	return ok && put_newest(bake, list, pages, f);
}

void bake_list_keep(struct bake *bake, const struct bake_list *list)
{
	char file[512];
	size_t i;

	snprintf(file, sizeof(file), "%.*s/%.*s/index.html", STR_ARG(list->kind), STR_ARG(list->slug));
	bake_site_keep(&bake->site, file);
	for (i = 0; i < pages_of(list); i++) {
		snprintf(file, sizeof(file), "%.*s/%.*s/%zu/index.html", STR_ARG(list->kind), STR_ARG(list->slug), i + 1);
		bake_site_keep(&bake->site, file);
	}
}

/* A section of the masthead that has no story yet has its page, too: its link stands on every page. */
static bool put_empty_sections(struct bake *bake, struct fault *f)
{
	size_t i;

	for (i = 0; i < bake->settings->sections.count; i++) {
		struct bake_list list = {.kind = STR("section"), .name = bake->settings->sections.items[i]};
		struct fault ignored = {0};
		struct slug slug;

		if (!slug_from(list.name, &slug, &ignored) || bake_find_list(bake, "section", str_from(slug.text)) != NULL)
			continue;
		list.slug = str_from(slug.text);
		if (!put_newest(bake, &list, 0, f) || !bake_section_feed(bake, &list, f))
			return false;
	}
	return true;
}

static bool is_dropped(const struct bake_list *list)
{
	return list->is_empty && !str_is(list->kind, "section");
}

static size_t pages_to_make(const struct bake *bake)
{
	size_t count = 0;
	size_t i;
	size_t k;

	for (i = 0; i < bake->list_count; i++) {
		const struct bake_list *list = &bake->lists[i];

		count += list->is_touched;
		for (k = 0; k < pages_of(list) && list->is_touched; k++)
			count += list->is_all || list->numbers[k];
	}
	return count;
}

bool bake_lists(struct bake *bake, struct fault *f)
{
	struct bake_crew crew;
	bool ok;
	size_t i;

	if (!bake_crew_begin(&crew, bake, bake->crew, pages_to_make(bake), f))
		return false;
	for (i = 0, ok = true; i < bake->list_count && ok; i++)
		if (bake->lists[i].is_touched)
			ok = is_dropped(&bake->lists[i]) ? drop_list(bake, &bake->lists[i], f) : bake_crew_list(&crew, i, f);
	ok = bake_crew_end(&crew, ok, f);
	for (i = 0; i < bake->list_count && ok; i++)
		if (bake->lists[i].is_touched && str_is(bake->lists[i].kind, "section"))
			ok = bake_section_feed(bake, &bake->lists[i], f);
	return ok && (!bake->is_full || put_empty_sections(bake, f));
}
