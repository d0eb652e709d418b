/* bake_values.c: what several kinds of pages are filled with: cards, pictures, times, the chrome.
 *
 * Decides: which picture sizes stand where; that a story page's chrome is made once per language and section. Leaves to
 * others: the pages. Runs in: desk's bake. The hard thing: a name that a card lacks would be looked up in the page
 * around it, so a card has every name.
 * SPDX-License-Identifier: ISC */
#include <stdio.h>
#include "base/fault.h"
#include "base/limits.h"
#include "desk/bake.h"
#include "house/overlay.h"
#include "house/page.h"
#include "house/settings.h"
#include "press/locale.h"
#include "press/theme.h"
#include "press/value.h"

enum { BASES = 512, STORY_DEPTH = 4, PLAIN_DEPTH = 5 };

struct str bake_root(unsigned depth)
{
	static const char dots[] = "../../../../../../";

	if (depth == 0)
		return STR("./");
	return str_make(dots, depth < 6 ? depth * 3 : 18);
}

const struct locale *bake_locale(struct bake *bake, struct str language)
{
	return page_locale(bake->theme, bake->settings, language);
}

struct str bake_join(struct arena *arena, struct str a, struct str b, struct str c)
{
	char *at = arena_alloc(arena, a.len + b.len + c.len + 1);

	if (at == NULL)
		return (struct str){NULL, 0};
	memcpy(at, a.len > 0 ? a.at : "", a.len);
	memcpy(at + a.len, b.len > 0 ? b.at : "", b.len);
	memcpy(at + a.len + b.len, c.len > 0 ? c.at : "", c.len);
	return str_make(at, a.len + b.len + c.len);
}

struct str bake_absolute(struct bake *bake, struct str path, struct arena *arena)
{
	return bake_join(arena, bake->settings->url, path, (struct str){NULL, 0});
}

struct str bake_url(struct bake *bake, struct str path, struct arena *arena)
{
	static const char hex[] = "0123456789ABCDEF";
	char *at = arena_alloc(arena, bake->settings->url.len + 3 * path.len + 1);
	size_t len = bake->settings->url.len;
	size_t i;

	if (at == NULL)
		return (struct str){NULL, 0};
	memcpy(at, bake->settings->url.at, len);
	for (i = 0; i < path.len; i++) {
		unsigned char c = (unsigned char) path.at[i];

		if (c > ' ' && c < 0x7f) {
			at[len++] = (char) c;
			continue;
		}
		at[len++] = '%';
		at[len++] = hex[c >> 4];
		at[len++] = hex[c & 15];
	}
	return str_make(at, len);
}

/* --- pictures --- */

/* The widest of the photo's widths that is not above `limit`; the narrowest when all are. */
static int64_t pick_width(const struct story_photo *photo, int64_t limit)
{
	struct str rest = photo->widths;
	struct str piece;
	int64_t best = 0;
	int64_t narrowest = 0;

	while (str_next(&rest, ' ', &piece)) {
		int64_t width;

		if (!str_to_i64(piece, &width))
			continue;
		if (narrowest == 0 || width < narrowest)
			narrowest = width;
		if (width <= limit && width > best)
			best = width;
	}
	return best > 0 ? best : narrowest;
}

/* "ROOTmedia/HASH-320.webp 320w, …" up to `limit`. */
static struct str srcset(struct bake *bake, const struct story_photo *photo, struct str root, const char *ending,
	int64_t limit)
{
	struct str rest = photo->widths;
	struct str piece;
	struct str out;
	struct buf text;

	buf_init(&text, 4096);
	while (str_next(&rest, ' ', &piece)) {
		int64_t width;

		if (!str_to_i64(piece, &width) || (width > limit && text.len > 0))
			continue;
		if (text.len > 0)
			buf_add(&text, ", ", 2);
		buf_add_str(&text, root);
		buf_add(&text, "media/", 6);
		buf_add_str(&text, photo->hash);
		buf_add_char(&text, '-');
		buf_add_str(&text, piece);
		buf_add_text(&text, ending);
		buf_add_char(&text, ' ');
		buf_add_str(&text, piece);
		buf_add_char(&text, 'w');
	}
	out = str_copy(buf_view(&text), &bake->page);
	buf_release(&text);
	return out;
}

/* The picture's height at a width, in its own proportions. */
static int64_t height_at(const struct story_photo *photo, int64_t width)
{
	return photo->width > 0 ? (width * photo->height + photo->width / 2) / photo->width : 0;
}

struct str bake_photo_url(struct bake *bake, const struct story *story, const char *ending, struct arena *arena,
	struct bake_size *size)
{
	int64_t width;

	if (story->photo.hash.len == 0)
		return (struct str){NULL, 0};
	width = pick_width(&story->photo, 1280);
	if (size != NULL)
		*size = (struct bake_size){width, height_at(&story->photo, width)};
	return str_format(arena, "%.*s/media/%.*s-%lld%s", STR_ARG(bake->settings->url), STR_ARG(story->photo.hash),
		(long long) width, ending);
}

/* A focal point's step of five each way; 2 is the middle. */
static int crop_step(int64_t percent)
{
	return (int) ((percent + 50 + 12) / 25);
}

bool bake_is_off_centre(struct story_focus focus)
{
	return crop_step(focus.x) != 2 || crop_step(focus.y) != 2;
}

/* What a crop keeps in sight: crop.css has a class for each step that is not the middle. */
static struct str crop_of(struct bake *bake, struct story_focus focus)
{
	int x = crop_step(focus.x);
	int y = crop_step(focus.y);
	char text[8] = "";

	if (!bake_is_off_centre(focus))
		return (struct str){NULL, 0};
	if (x != 2)
		snprintf(text, sizeof(text), "x%d", x);
	if (y != 2)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%sy%d", x != 2 ? " " : "", y);
	return str_copy(str_from(text), &bake->page);
}

struct press_value *bake_set_photo(struct bake *bake, struct press_value *map, const char *key, const struct story_photo *photo,
	struct story_focus focus, struct str alt, struct str root, enum bake_picture kind)
{
	static const struct {
		int64_t src, largest;
		const char *sizes;
		bool lazy, with_jpeg_set, is_cropped;
	} kinds[] = {
		[BAKE_LEAD] = {1280, 1920, "(min-width:56rem) 52rem,100vw", false, false, false},
		[BAKE_TOP] = {1280, 1920, "(min-width:48rem) 48rem,100vw", false, true, true},
		[BAKE_CARD] = {320, 640, "(min-width:48rem) 17rem,7rem", true, false, true},
		[BAKE_BODY] = {640, 1280, "(min-width:42rem) 40rem,calc(100vw - 2rem)", true, true, false},
	};
	struct press_value *picture;
	int64_t width;

	if (photo->hash.len == 0 || photo->width <= 0) {
		press_set_bool(map, key, false);
		return NULL;
	}
	width = pick_width(photo, kinds[kind].src);
	picture = press_set_map(map, key);
	press_set_text(picture, "src", str_format(&bake->page, "%.*smedia/%.*s-%lld.jpg", STR_ARG(root),
		STR_ARG(photo->hash), (long long) width));
	press_set_text(picture, "srcset_webp", srcset(bake, photo, root, ".webp", kinds[kind].largest));
	if (kinds[kind].with_jpeg_set)
		press_set_text(picture, "srcset_jpeg", srcset(bake, photo, root, ".jpg", kinds[kind].largest));
	else
		press_set_bool(picture, "srcset_jpeg", false);
	press_set_c(picture, "sizes", kinds[kind].sizes);
	press_set_i64(picture, "width", width);
	press_set_i64(picture, "height", height_at(photo, width));
	press_set_text(picture, "alt", alt);
	press_set_text(picture, "crop", kinds[kind].is_cropped ? crop_of(bake, focus) : (struct str){NULL, 0});
	press_set_bool(picture, "lazy", kinds[kind].lazy);
	press_set_text(picture, "dominant", photo->dominant);
	return picture;
}

void bake_set_picture(struct bake *bake, struct press_value *map, const char *key, const struct story *story,
	struct str root, enum bake_picture kind)
{
	/* a card's headline says what it shows */
	struct press_value *picture = bake_set_photo(bake, map, key, &story->photo, story->focus,
		kind == BAKE_CARD ? (struct str){NULL, 0} : story->alt, root, kind);

	press_set_text(picture, "caption", story->caption);
	press_set_text(picture, "credit", story->credit);
}

/* --- cards and times --- */

struct str bake_section_name(struct bake *bake, struct str section, struct str language)
{
	return overlay_section_name(bake->settings, section, language);
}

void bake_set_time(struct bake *bake, struct press_value *map, const char *key, struct when when, struct str text)
{
	struct press_value *time = press_set_map(map, key);
	struct buf iso;

	buf_init(&iso, 64);
	clock_write_iso(&iso, when);
	press_set_text(time, "iso", str_copy(buf_view(&iso), &bake->page));
	press_set_text(time, "text", text);
	buf_release(&iso);
}

void bake_fill_card(struct bake *bake, struct press_value *card, const struct bake_story *of, unsigned depth,
	const struct locale *locale, enum bake_picture kind)
{
	const struct story *story = &of->story;
	const struct civil day = clock_civil(story->published);
	struct str root = bake_root(depth);
	struct press_value *label;

	press_set_text(card, "href", bake_join(&bake->page, root, str_part(story->path, 1, SIZE_MAX),
		(struct str){NULL, 0}));
	press_set_text(card, "headline", story->title);
	press_set_text(card, "lang", story->lang);
	press_set_text(card, "dir", story->dir);
	press_set_text(card, "standfirst", story->excerpt);
	if (of->section != 0) {
		label = press_set_map(card, "label");
		press_set_text(label, "name", bake_section_name(bake, story->section, locale != NULL ? locale_language(locale)
			: bake->settings->language));
		press_set_text(label, "href", bake_join(&bake->page, root, of->section_href, (struct str){NULL, 0}));
	} else {
		press_set_bool(card, "label", false);
	}
	bake_set_picture(bake, card, "picture", story, root, kind);
	if (locale != NULL)
		bake_set_time(bake, card, "date", story->published, locale_date(locale, &day, &bake->page));
	else
		press_set_bool(card, "date", false);
}

/* --- chrome --- */

static void add_sheets(struct bake *bake, struct bake_base *base, const struct page *page)
{
	base->newsletter = page_newsletter_sheet(bake->theme, bake->settings, page, (struct str){NULL, 0},
		(struct str){NULL, 0}, &bake->arena);
	press_set(base->root, "newsletter", base->newsletter);
	if (!bake->settings->support_on)
		return;
	base->appeal = page_appeal(bake->theme, bake->settings, page, NULL, &bake->arena);
	press_set(base->root, "appeal", base->appeal);
}

struct bake_base *bake_base(struct bake *bake, struct str language, struct str section, enum bake_base_kind kind)
{
	const struct page page = {.language = language, .depth = kind == BAKE_BASE_STORY ? STORY_DEPTH : PLAIN_DEPTH,
		.path = STR("/"), .section = section, .is_story = true,
		.has_form = kind == BAKE_BASE_STORY && bake->settings->support_on};
	struct bake_base *base;
	size_t i;

	for (i = 0; i < bake->base_count; i++)
		if (bake->bases[i].kind == kind && str_equal(bake->bases[i].language, language)
			&& str_equal(bake->bases[i].section, section))
			return &bake->bases[i];
	if (bake->bases == NULL)
		bake->bases = arena_alloc_many(&bake->arena, BASES, sizeof(*bake->bases));
	if (bake->bases == NULL)
		return NULL;
	base = &bake->bases[bake->base_count < BASES ? bake->base_count++ : BASES - 1];
	*base = (struct bake_base){.language = language, .section = section, .kind = kind,
		.root = page_values(bake->theme, bake->settings, &page, &bake->arena)};
	if (kind == BAKE_BASE_STORY)
		add_sheets(bake, base, &page);
	else
		page_set_plain_style(base->root, bake->theme, bake->settings);
	return base;
}

bool bake_put(struct bake *bake, const char *template_name, const struct press_value *behind,
	const struct press_value *root, struct str path, struct fault *f)
{
	char file[1024];
	bool ok;

	buf_clear(&bake->html);
	ok = press_value_is_whole(root) || fault_full(f, "a page");
	ok = ok && theme_render_over(bake->theme, template_name, behind, root, &bake->html, f);
	if (ok && snprintf(file, sizeof(file), "%.*sindex.html",
		STR_ARG(str_part(path, 1, SIZE_MAX))) >= (int) sizeof(file))
		ok = fault_full(f, "this address");
	ok = ok && bake_site_put(&bake->site, file, buf_view(&bake->html), !bake->html_only, f);
	if (!ok)
		fault_add(f, "while baking %.*s", STR_ARG(path));
	arena_reset(&bake->page); /* path may live there, too */
	return ok;
}
