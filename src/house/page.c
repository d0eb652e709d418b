/* page.c: the chrome that every public page shares: masthead, footer, style, and the headers that guard it.
 *
 * Decides: what page.mustache's partials are given; the Content-Security-Policy. Leaves to others: each page's own keys.
 * Runs in: desk (baking) and every room that answers readers. The hard thing: the style sheet stands inline in each page
 * and its hash in the policy, so both come from one cached text.
 * SPDX-License-Identifier: ISC */
#include "page.h"

#include <sodium.h>
#include <stdio.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/limits.h"
#include "base/must.h"
#include "house/overlay.h"
#include "press/locale.h"
#include "press/theme.h"
#include "press/value.h"
#include "press/words.h"

/* --- the style sheet: the theme's, with the newsroom's colours behind it --- */

/* Two per process, which has one theme at a time and one newsroom: behind theme.css stories carry story.css, all other pages
 * pages.css, so that each is light. Long-lived; made at first use. */
static struct page_style {
	uint64_t serial; /* of the theme; with the desk's colours comes another theme */
	struct buf css;
	char hash[64]; /* sha256-… in base64 */
} page_styles[2];

static void page_make_css(struct buf *css, struct theme *theme, const struct settings *settings, bool is_story)
{
	buf_add_str(css, theme_file(theme, "theme.css"));
	buf_add_str(css, theme_file(theme, is_story ? "story.css" : "pages.css"));
	if (settings->press_light.len > 0)
		buf_format(css, ":root{--press:%.*s;--link:%.*s;--focus:%.*s}", STR_ARG(settings->press_light),
			STR_ARG(settings->press_light), STR_ARG(settings->press_light));
	if (settings->call.len > 0)
		buf_format(css, ":root{--call:%.*s;--on-call:%s}", STR_ARG(settings->call),
			settings_on_call(settings->call));
	if (settings->press_dark.len > 0)
		buf_format(css, "@media (prefers-color-scheme:dark){:root{--press:%.*s;--link:%.*s;--focus:%.*s}}",
			STR_ARG(settings->press_dark), STR_ARG(settings->press_dark), STR_ARG(settings->press_dark));
}

static const struct page_style *page_style_of(struct theme *theme, const struct settings *settings, bool is_story)
{
	struct page_style *style = &page_styles[is_story];
	unsigned char hash[crypto_hash_sha256_BYTES];
	char base64[48];
	struct str css;

	if (style->serial == theme_serial(theme))
		return style;
	buf_release(&style->css);
	buf_init(&style->css, 2 * LIMIT_THEME_FILE_BYTES + 1024);
	page_make_css(&style->css, theme, settings, is_story);
	css = buf_view(&style->css);
	crypto_hash_sha256(hash, (const unsigned char *) css.at, css.len);
	sodium_bin2base64(base64, sizeof(base64), hash, sizeof(hash), sodium_base64_VARIANT_ORIGINAL);
	snprintf(style->hash, sizeof(style->hash), "sha256-%s", base64);
	style->serial = theme_serial(theme);
	return style;
}

struct str page_csp(const struct settings *settings, struct theme *theme, struct arena *arena)
{
	/* form-action is not covered by default-src, and it also blocks the redirect to a checkout that it does not name. */
	return str_format(arena, "default-src 'none'; img-src 'self' data:; style-src 'self' '%s' '%s'; script-src 'self'; "
		"connect-src 'self'; form-action 'self' %.*s; base-uri 'none'; frame-ancestors 'none'",
		page_style_of(theme, settings, true)->hash, page_style_of(theme, settings, false)->hash,
		STR_ARG(settings->stripe_checkout));
}

/* --- chrome --- */

const struct locale *page_locale(struct theme *theme, const struct settings *settings, struct str language)
{
	return theme_locale(theme, language.len > 0 ? language : settings->language);
}

static struct str page_root(unsigned depth, struct arena *arena)
{
	char *root;
	unsigned i;

	if (depth == 0)
		return STR("./");
	root = arena_alloc(arena, depth * 3 + 1);
	for (i = 0; root != NULL && i < depth; i++)
		memcpy(root + 3 * (size_t) i, "../", 3);
	return str_from(root);
}

static struct str page_href(struct str root, const char *path, struct arena *arena)
{
	return str_format(arena, "%.*s%s", STR_ARG(root), path);
}

static void page_add_sections(struct press_value *map, struct theme *theme, const struct settings *settings, const struct page *page,
	struct str root, struct arena *arena)
{
	struct press_value *list = press_set_list(map, "sections");
	size_t i;

	for (i = 0; i < settings->sections.count; i++) {
		struct str name = settings->sections.items[i];
		struct press_value *item = press_add_map(list);
		struct fault ignored = {0};
		struct slug slug;

		if (!slug_from(name, &slug, &ignored))
			continue;
		press_set_text(item, "name", overlay_section_name(settings, name, locale_language(page_locale(theme, settings, page->language))));
		press_set_text(item, "href", str_format(arena, "%.*ssection/%s/", STR_ARG(root), slug.text));
		press_set_bool(item, "current", str_equal(name, page->section));
	}
}

static void page_add_support(struct press_value *map, const struct settings *settings, const struct page *page,
	const struct locale *locale, struct str root, struct arena *arena)
{
	const struct locale_pair newsroom[] = {{"newsroom", settings->name}, {NULL, {NULL, 0}}};

	press_set_bool(map, "support_on", settings->support_on);
	press_set_bool(map, "test_mode", settings->support_on && !settings->live);
	press_set_text(map, "support_href", page->has_form ? STR("#support") : page_href(root, "support/", arena));
	press_set_text(map, "support_long", locale_format(locale, "support_long", arena, newsroom));
	press_set_text(map, "support_short", locale_text(locale, "support_short"));
}

static void page_add_head(struct press_value *map, struct theme *theme, const struct settings *settings,
	const struct page *page, struct arena *arena)
{
	press_set_text(map, "title", page->title);
	press_set_text(map, "page_title", page->title.len == 0 ? settings->name
		: str_format(arena, "%.*s – %.*s", STR_ARG(page->title), STR_ARG(settings->name)));
	press_set_text(map, "description", page->description);
	press_set_text(map, "css", buf_view(&page_style_of(theme, settings, page->is_story)->css));
	if (page->path.len > 0)
		press_set_text(map, "canonical", str_format(arena, "%.*s%.*s", STR_ARG(settings->url), STR_ARG(page->path)));
	press_set_bool(map, "noindex", page->path.len == 0);
	press_set_text(map, "back", page->path.len > 0 ? page->path : STR("/"));
	if (settings->logo.len > 0)
		press_set_text(map, "logo", theme_file(theme, str_to_c(settings->logo, arena)));
}

struct press_value *page_values(struct theme *theme, const struct settings *settings, const struct page *page,
	struct arena *arena)
{
	const struct locale *locale = page_locale(theme, settings, page->language);
	struct press_value *map = press_map(arena);
	struct str root = page_root(page->depth, arena);

	press_share(map, "t", locale_values(locale));
	press_set_text(map, "lang", locale_language(locale));
	press_set_c(map, "dir", locale_is_rtl(locale) ? "rtl" : "ltr");
	press_set_bool(map, "rtl", locale_is_rtl(locale));
	press_set_text(map, "root", root);
	press_set_text(map, "newsroom", settings->name);
	press_set_text(map, "statutory", settings->statutory);
	press_set_text(map, "onion", settings->onion);
	press_set_text(map, "about_href", str_format(arena, "%.*s%.*s", STR_ARG(root), STR_ARG(page_text_path(theme, settings, "about",
		locale_language(locale), arena))));
	press_set_text(map, "privacy_href", str_format(arena, "%.*s%.*s", STR_ARG(root), STR_ARG(page_text_path(theme, settings, "privacy",
		locale_language(locale), arena))));
	press_set_text(map, "search_href", page_href(root, "search/", arena));
	press_set_text(map, "feed_href", page_href(root, "feed.xml", arena));
	press_set_bool(map, "home_current", str_is(page->section, "home"));
	press_set_bool(map, "search_current", str_is(page->section, "search"));
	page_add_head(map, theme, settings, page, arena);
	page_add_sections(map, theme, settings, page, root, arena);
	page_add_support(map, settings, page, locale, root, arena);
	return map;
}
