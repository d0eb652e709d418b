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
#include "press/css.h"
#include "press/locale.h"
#include "press/theme.h"
#include "press/value.h"
#include "press/words.h"

/* --- the style sheet: the theme's, with the newsroom's colours behind it --- */

/* What stands in <style> elements, each with its hash in the policy. Few per process, which has one theme and one
 * newsroom; long-lived, made at first use. A story carries body.css, crop.css and arabic.css only where it needs
 * them; all other pages have everything in one: those with a coupon, or all others'. */
enum page_style_kind { PAGE_STYLE_PAGES, PAGE_STYLE_SUPPORT, PAGE_STYLE_STORY, PAGE_STYLE_BODY, PAGE_STYLE_ARABIC, PAGE_STYLE_CROP, PAGE_STYLE_PLAIN,
	PAGE_STYLES };
static struct page_style {
	uint64_t serial; /* of the theme; with the desk's colours comes another theme */
	struct buf css;
	char hash[64]; /* sha256-… in base64 */
} page_styles[PAGE_STYLES];

/* The names in all of them agree, whichever is made first. */
static struct css_names page_names;
static uint64_t page_names_of; /* the theme's serial */
static const char *const page_files[] = {"theme.css", "story.css", "pages.css", "body.css", "arabic.css", "crop.css", "coupon.css",
	"forms.css"};

static void page_learn_names(const struct theme *theme)
{
	struct buf unread;
	size_t i;

	if (page_names_of == theme_serial(theme))
		return;
	page_names = (struct css_names){0};
	page_names_of = theme_serial(theme);
	buf_init(&unread, 5 * LIMIT_THEME_FILE_BYTES);
	for (i = 0; i < sizeof(page_files) / sizeof(page_files[0]); i++)
		css_shorten(&page_names, theme_file(theme, page_files[i]), &unread);
	buf_release(&unread);
}

static void page_add_colour(struct buf *css, const char *token, struct str colour)
{
	css_add_name(&page_names, token, css);
	buf_add_char(css, ':');
	buf_add_str(css, colour);
	buf_add_char(css, ';');
}

/* Links and the focus ring are in it, too. */
static void page_add_press(struct buf *css, struct str colour)
{
	buf_add_text(css, ":root{");
	page_add_colour(css, "press", colour);
	buf_add_char(css, '}');
}

static void page_add_colours(struct buf *css, const struct settings *settings)
{
	if (settings->press_light.len > 0) { /* the dark screens' own stays, where the newsroom has not chosen another */
		buf_add_text(css, "@media (prefers-color-scheme:light){");
		page_add_press(css, settings->press_light);
		buf_add_char(css, '}');
	}
	if (settings->call.len > 0) {
		buf_add_text(css, ":root{");
		page_add_colour(css, "call", settings->call);
		page_add_colour(css, "on-call", str_from(settings_on_call(settings->call)));
		buf_add_char(css, '}');
	}
	if (settings->press_dark.len > 0) {
		buf_add_text(css, "@media (prefers-color-scheme:dark){");
		page_add_press(css, settings->press_dark);
		buf_add_char(css, '}');
	}
}

static void page_make_css(struct buf *css, struct theme *theme, const struct settings *settings,
	enum page_style_kind kind)
{
	static const char *const files[PAGE_STYLES][7] = {
		[PAGE_STYLE_PAGES] = {"theme.css", "pages.css", "forms.css", "body.css", "arabic.css", "crop.css"},
		[PAGE_STYLE_SUPPORT] = {"theme.css", "coupon.css", "forms.css", "body.css", "arabic.css"},
		[PAGE_STYLE_STORY] = {"theme.css", "coupon.css", "story.css"},
		[PAGE_STYLE_BODY] = {"body.css"},
		[PAGE_STYLE_ARABIC] = {"arabic.css"},
		[PAGE_STYLE_CROP] = {"crop.css"},
		[PAGE_STYLE_PLAIN] = {"plain.css"},
	};
	size_t i;

	page_learn_names(theme);
	for (i = 0; files[kind][i] != NULL; i++)
		css_shorten(&page_names, theme_file(theme, files[kind][i]), css);
	if (kind > PAGE_STYLE_STORY)
		return;
	if (settings->logo.len > 0)
		buf_add_text(css, ".vh{position:absolute;inset-inline-start:-99rem}.name svg{display:block;height:2rem;"
			"width:auto}@media (min-width:48rem){.name svg{height:3rem}}");
	if (settings->support_on && !settings->live)
		css_shorten(&page_names, STR(".test{color:var(--canary-edge);text-align:center;font:700 .9375rem/1.45 "
			"var(--sans);margin-block:.75rem 0}"), css);
	if (settings->support_on && settings->rails.count > 1)
		css_shorten(&page_names, STR(".pay button{display:flex;align-items:center;gap:.375rem;border:0;background:none;color:inherit;"
			"font:inherit;cursor:pointer;padding:0 .5rem}.pay li:has(button){padding:0}"), css);
	page_add_colours(css, settings);
}

static const struct page_style *page_style_of(struct theme *theme, const struct settings *settings,
	enum page_style_kind kind)
{
	struct page_style *style = &page_styles[kind];
	unsigned char hash[crypto_hash_sha256_BYTES];
	char base64[48];
	struct str css;

	if (style->serial == theme_serial(theme))
		return style;
	buf_release(&style->css);
	buf_init(&style->css, 4 * LIMIT_THEME_FILE_BYTES + 1024);
	page_make_css(&style->css, theme, settings, kind);
	css = buf_view(&style->css);
	crypto_hash_sha256(hash, (const unsigned char *) css.at, css.len);
	sodium_bin2base64(base64, sizeof(base64), hash, sizeof(hash), sodium_base64_VARIANT_ORIGINAL);
	snprintf(style->hash, sizeof(style->hash), "sha256-%s", base64);
	style->serial = theme_serial(theme);
	return style;
}

void page_set_story_style(struct press_value *root, struct theme *theme, const struct settings *settings,
	const struct page_needs *needs)
{
	if (needs->body)
		press_set_text(root, "css_body", buf_view(&page_style_of(theme, settings, PAGE_STYLE_BODY)->css));
	if (needs->crop)
		press_set_text(root, "css_crop", buf_view(&page_style_of(theme, settings, PAGE_STYLE_CROP)->css));
	if (needs->arabic)
		press_set_text(root, "css_arabic", buf_view(&page_style_of(theme, settings, PAGE_STYLE_ARABIC)->css));
}

void page_set_plain_style(struct press_value *root, struct theme *theme, const struct settings *settings)
{
	press_set_text(root, "css_plain", buf_view(&page_style_of(theme, settings, PAGE_STYLE_PLAIN)->css));
}

struct str page_csp(const struct settings *settings, struct theme *theme, struct arena *arena)
{
	/* form-action is not covered by default-src, and it also blocks the redirect to a checkout that it does not name. */
	return str_format(arena, "default-src 'none'; img-src 'self' data:; style-src 'self' '%s' '%s' '%s' '%s' '%s' '%s' '%s'; "
		"script-src 'self'; connect-src 'self'; form-action 'self' %.*s; base-uri 'none'; frame-ancestors 'none'",
		page_style_of(theme, settings, PAGE_STYLE_STORY)->hash, page_style_of(theme, settings, PAGE_STYLE_PAGES)->hash,
		page_style_of(theme, settings, PAGE_STYLE_BODY)->hash, page_style_of(theme, settings, PAGE_STYLE_ARABIC)->hash,
		page_style_of(theme, settings, PAGE_STYLE_SUPPORT)->hash, page_style_of(theme, settings, PAGE_STYLE_CROP)->hash,
		page_style_of(theme, settings, PAGE_STYLE_PLAIN)->hash,
		STR_ARG(settings_checkout_origins(settings, arena)));
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

static void page_add_support(struct press_value *map, struct theme *theme, const struct settings *settings, const struct page *page,
	const struct locale *locale, struct str root, struct arena *arena)
{
	const struct locale_pair newsroom[] = {{"newsroom", settings->name}, {NULL, {NULL, 0}}};

	press_set_bool(map, "support_on", settings->support_on);
	press_set_bool(map, "test_mode", settings->support_on && !settings->live);
	press_set_text(map, "support_page", str_format(arena, "%.*s%.*s", STR_ARG(root), STR_ARG(page_support_path(theme, settings,
		locale_language(locale), arena))));
	press_set_text(map, "support_href", page->has_form ? STR("#support") : press_value_text(press_get(map, STR("support_page"))));
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
	press_set_text(map, "css", buf_view(&page_style_of(theme, settings,
		page->is_story ? PAGE_STYLE_STORY : page->is_support ? PAGE_STYLE_SUPPORT : PAGE_STYLE_PAGES)->css));
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
	press_set_text(map, "text_href", page_href(root, "text/", arena));
	press_set_text(map, "feed_href", page_href(root, "feed.xml", arena));
	press_set_bool(map, "home_current", str_is(page->section, "home"));
	press_set_bool(map, "search_current", str_is(page->section, "search"));
	page_add_head(map, theme, settings, page, arena);
	page_add_sections(map, theme, settings, page, root, arena);
	page_add_support(map, theme, settings, page, locale, root, arena);
	return map;
}
