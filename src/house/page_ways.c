/* page_ways.c: in the coupon: the ways to pay, what each amount loses to a fee, and where the live forms are.
 *
 * Decides: that Continue takes the first way, or the one that is offered after another failed; that where there are several each
 * mark is a button of the same form. Leaves to others: amounts (page_insert.c), what a way does (support). Runs in: desk's bake,
 * support. The hard thing: these are the same bytes on every host, so that a copy which takes no forms is told by a style sheet
 * (support/quiet.css) which front answers itself.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "house/fee.h"
#include "house/page_inside.h"
#include "press/locale.h"
#include "press/value.h"

/* rail, the mark in marks.svg, the name's key: in the order of rail_names */
static const struct {
	const char *mark, *name;
} ways[SETTINGS_RAILS] = {
	{"cards", "method_cards"}, {"paypal", "method_paypal"}, {"bitcoin", "method_bitcoin"}, {"monero", "method_monero"},
	{"bank", "method_bank"},
};

static size_t way_of(struct str rail)
{
	for (size_t i = 0; i < SETTINGS_RAILS; i++)
		if (str_is(rail, rail_names[i]))
			return i;
	return 0;
}

struct str page_way_name(const struct locale *locale, struct str rail)
{
	return locale_text(locale, ways[way_of(rail)].name);
}

static struct str chosen_rail(const struct settings *settings, const struct page_coupon *given)
{
	for (size_t i = 0; given != NULL && i < settings->rails.count; i++)
		if (str_equal(settings->rails.items[i], given->rail))
			return given->rail;
	return settings->rails.count > 0 ? settings->rails.items[0] : STR("stripe");
}

void page_add_methods(struct press_value *map, const struct settings *settings, const struct locale *locale,
	const struct page_coupon *given, struct arena *arena)
{
	struct press_value *list = press_set_list(map, "methods");
	struct str rail = chosen_rail(settings, given);
	bool is_first = settings->rails.count == 0 || str_equal(rail, settings->rails.items[0]);
	const struct locale_pair pairs[] = {{"method", locale_text(locale, ways[way_of(rail)].name)}, {NULL, {NULL, 0}}};

	for (size_t i = 0; i < settings->rails.count; i++) {
		struct press_value *item = press_add_map(list);
		size_t way = way_of(settings->rails.items[i]);

		press_set_text(item, "name", locale_text(locale, ways[way].name));
		press_set_c(item, "mark", ways[way].mark);
		if (settings->rails.count > 1)
			press_set_text(item, "way", settings->rails.items[i]);
	}
	press_set_text(map, "methods_label", locale_text(locale, "methods_label"));
	if (settings->rails.count > 1)
		press_set_text(map, "rail", rail);
	press_set_bool(map, "other", !is_first);
	press_set_text(map, "button", is_first ? locale_text(locale, "continue") : locale_format(locale, "continue_with", arena, pairs));
}

/* "about 9 %", "less than 1 %": whole sentences, since languages differ. */
static struct str share_text(const struct locale *locale, struct settings_fee fee, struct money amount, struct arena *arena)
{
	int64_t share = fee_share(fee, amount.minor);
	struct money taken = amount;
	const struct locale_pair pairs[] = {{"amount", locale_money(locale, amount, true, arena)},
		{"fee", (taken.minor = fee_take(fee, amount.minor), locale_money(locale, taken, false, arena))},
		{"share", locale_number(locale, share, arena)}, {NULL, {NULL, 0}}};

	if (taken.minor == 0)
		return locale_format(locale, "fee_none", arena, pairs);
	return locale_format(locale, share == 0 ? "fee_little" : "fee_share", arena, pairs);
}

void page_add_shares(struct press_value *set, const struct settings *settings, const struct locale *locale, enum frequency which,
	struct arena *arena)
{
	struct settings_fee fee = fee_of(settings, (struct str){NULL, 0});
	struct press_value *list;

	if (!fee.is_known)
		return;
	list = press_set_list(set, "shares");
	for (size_t i = 0; i < SETTINGS_AMOUNTS; i++) {
		struct money amount = settings->frequency[which].amounts[i];
		struct press_value *item = press_add_map(list);

		press_set_text(item, "text", share_text(locale, fee, amount, arena));
	}
}

void page_add_cover(struct press_value *map, const struct settings *settings, const struct locale *locale,
	const struct page_coupon *given, struct arena *arena)
{
	const struct locale_pair pairs[] = {{"newsroom", settings->name}, {NULL, {NULL, 0}}};
	struct settings_fee fee = fee_of(settings, chosen_rail(settings, given));
	struct press_value *cover;

	if (!fee.is_known || fee.per_10000 + fee.fixed_minor == 0)
		return;
	cover = press_set_map(map, "cover");
	press_set_text(cover, "text", locale_format(locale, "cover_fee", arena, pairs));
	press_set_bool(cover, "ticked", given != NULL && given->cover);
}

/* --- hosts that take no forms --- */

static void add_address(struct press_value *list, struct str origin, const char *path, struct arena *arena)
{
	struct press_value *item;
	size_t scheme = str_find(origin, STR("://"));

	if (origin.len == 0 || scheme == SIZE_MAX)
		return;
	item = press_add_map(list);
	press_set_text(item, "href", str_format(arena, "%.*s/%s", STR_ARG(origin), path));
	press_set_text(item, "name", str_part(origin, scheme + 3, SIZE_MAX));
}

void page_add_mirror(struct press_value *map, const struct settings *settings, const struct locale *locale, const char *key,
	const char *path, struct arena *arena)
{
	struct press_value *mirror = press_set_map(map, "mirror");
	struct press_value *list = press_set_list(mirror, "addresses");

	press_set_text(mirror, "line", locale_text(locale, key));
	add_address(list, settings->url, path, arena);
	add_address(list, settings->onion, path, arena);
	for (size_t i = 0; i < settings->hosts.count; i++) {
		struct str host = settings->hosts.items[i];
		struct str origin = str_format(arena, "%s://%.*s", str_ends(host, STR(".onion")) ? "http" : "https", STR_ARG(host));

		if (!str_equal(origin, settings->url) && !str_equal(origin, settings->onion))
			add_address(list, origin, path, arena);
	}
}
