/* bake_story.c: a story's page.
 *
 * Decides: what the story template is given. Leaves to others: related stories
 * (bake_more.c), structured data (bake_ld.c), the sheets (house/page).
 * Runs in: desk's bake. The hard thing: ten thousand of these in two seconds; so chrome and sheets are made once per
 * language and only `back` changes in them.
 * SPDX-License-Identifier: ISC */
#include "base/fault.h"
#include "base/must.h"
#include "desk/bake.h"
#include "house/page.h"
#include "house/settings.h"
#include "press/html.h"
#include "press/locale.h"
#include "press/markdown.h"
#include "press/value.h"
#include "press/words.h"

enum { STORY_DEPTH = 4, SHORT_STORY = 4, TEXT_BYTES = 64 * 1024 };

/* --- the byline: a whole sentence of the locale with links in it --- */

static struct str linked_name(struct bake *bake, struct str name)
{
	struct str slug = bake_author_slug(bake, name);
	struct buf html;
	struct str out;

	buf_init(&html, TEXT_BYTES);
	if (slug.len > 0) {
		buf_add_text(&html, "<a href=\"../../../../author/");
		html_text(&html, slug);
		buf_add_text(&html, "/\">");
	}
	html_text(&html, name);
	if (slug.len > 0)
		buf_add_text(&html, "</a>");
	out = str_copy(buf_view(&html), &bake->page);
	buf_release(&html);
	return out;
}

/* The locale's pattern, escaped, with HTML in its holes. */
static struct str fill_html(struct bake *bake, struct str pattern, const struct locale_pair *pairs)
{
	struct buf escaped;
	struct buf html;
	struct str out;

	buf_init(&escaped, TEXT_BYTES);
	buf_init(&html, TEXT_BYTES);
	html_text(&escaped, pattern);
	locale_write(&html, buf_view(&escaped), pairs);
	out = str_copy(buf_view(&html), &bake->page);
	buf_release(&escaped);
	buf_release(&html);
	return out;
}

static struct str byline(struct bake *bake, const struct story *story, const struct locale *locale)
{
	struct str names = {NULL, 0};
	size_t i;

	if (story->author_count == 0)
		return names;
	names = linked_name(bake, story->authors[story->author_count - 1]);
	for (i = story->author_count - 1; i-- > 0;) {
		const struct locale_pair pairs[] = {{"first", linked_name(bake, story->authors[i])}, {"last", names},
			{"rest", names},
			{NULL, {NULL, 0}}};

		names = fill_html(bake, locale_text(locale, i + 2 == story->author_count ? "names_two" : "names_more"), pairs);
	}
	return fill_html(bake, locale_text(locale, "byline"),
		(const struct locale_pair[]){{"names", names}, {NULL, {NULL, 0}}});
}

/* --- dates --- */

void bake_set_story_dates(struct bake *bake, struct press_value *root, const struct story *story,
	const struct locale *locale)
{
	const struct civil day = clock_civil(story->published);
	const struct civil again = clock_civil(story->updated);
	bool same_day = day.year == again.year && day.month == again.month && day.day == again.day;

	bake_set_time(bake, root, "published", story->published, locale_date(locale, &day, &bake->page));
	if (story->updated.us <= story->published.us)
		return;
	bake_set_time(bake, root, "updated", story->updated,
		locale_format(locale, same_day ? "updated" : "updated_on", &bake->page,
		(const struct locale_pair[]){{"time", locale_time(locale, &again, &bake->page)},
			{"date", locale_date(locale, &again, &bake->page)}, {NULL, {NULL, 0}}}));
}

void bake_set_corrections(struct bake *bake, struct press_value *root, const struct story *story,
	const struct locale *locale)
{
	struct press_value *plain = press_set_list(root, "corrections");
	struct press_value *grave = press_set_list(root, "grave_corrections");
	size_t i;

	for (i = 0; i < story->correction_count; i++) {
		const struct story_correction *correction = &story->corrections[i];
		const struct civil day = clock_civil(correction->made);
		struct press_value *item = press_add_map(correction->grave ? grave : plain);

		press_set_text(item, "date", locale_date(locale, &day, &bake->page));
		press_set_text(item, "kind", locale_text(locale, story_correction_key(correction->kind)));
		press_set_text(item, "text", correction->text);
	}
}

static void set_topics(struct bake *bake, struct press_value *root, const struct bake_story *of)
{
	struct press_value *list = press_set_list(root, "topics");
	size_t i;

	for (i = 0; i < of->story.topic_count; i++) {
		struct press_value *item = press_add_map(list);

		press_set_text(item, "name", of->story.topics[i]);
		press_set_text(item, "href", bake_join(&bake->page, STR("../../../../topic/"), bake->groups[of->topics[i]].name,
			STR("/")));
	}
	press_set_bool(root, "has_topics", of->story.topic_count > 0);
}

/* The languages of arabic.css. */
static bool is_arabic_script(struct str lang)
{
	struct str code = str_part(lang, 0, str_find_char(lang, '-'));

	return str_is(code, "ar") || str_is(code, "fa") || str_is(code, "ur");
}

static void set_more(struct bake *bake, struct press_value *root, size_t position, struct page_needs *needs)
{
	struct press_value *list = press_set_list(root, "more");
	uint32_t related[BAKE_MORE];
	size_t count = bake_more(bake, position, related);
	size_t i;

	for (i = 0; i < count; i++) {
		const struct bake_story *other = &bake->stories[related[i]];
		struct press_value *card = press_add_map(list);

		bake_fill_card(bake, card, other, STORY_DEPTH, NULL, BAKE_CARD);
		if (other->section != 0) { /* in this page's language */
			struct press_value *label = press_set_map(card, "label");

			press_set_text(label, "name", bake_section_name(bake, other->story.section, bake->stories[position].story.lang));
			press_set_text(label, "href", bake_join(&bake->page, STR("../../../../"), other->section_href, (struct str){NULL, 0}));
		}
		needs->arabic = needs->arabic || is_arabic_script(other->story.lang);
		needs->crop = needs->crop || bake_is_off_centre(other->story.focus);
	}
	press_set_bool(root, "has_more", count > 0);
}

/* --- style --- */

static bool has_rare_marks(struct str html)
{
	static const char *const marks[] = {"<blockquote", "<table", "<pre", "<div class=\"notes\""};
	size_t i;

	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (str_find(html, str_from(marks[i])) != SIZE_MAX)
			return true;
	return false;
}

/* --- the page --- */

/* The body in two parts, with the newsletter's sheet between them: after the third paragraph, or after a short
 * story. */
static bool set_body(struct bake *bake, struct press_value *root, const struct story *story, struct str source,
	struct fault *f)
{
	struct markdown_result result = {0};
	struct str html;
	char prefix[24];

	/* the identity, not the random id: the same stories give the same pages */
	snprintf(prefix, sizeof(prefix), "s%llx-", (unsigned long long) ((uint64_t) story->published.us / 1000000));
	buf_clear(&bake->body);
	if (!bake_markdown(bake, source, str_from(prefix), bake_root(STORY_DEPTH), &bake->body, &result, f))
		return false;
	html = buf_view(&bake->body);
	if (result.paragraphs <= SHORT_STORY)
		result.after_third = html.len;
	press_set_text(root, "body_1", str_part(html, 0, result.after_third));
	press_set_text(root, "body_2", str_part(html, result.after_third, SIZE_MAX));
	return true;
}

void bake_set_story_head(struct bake *bake, struct press_value *root, const struct story *story)
{
	press_set_text(root, "title", story->title);
	press_set_text(root, "page_title", bake_join(&bake->page, story->title, STR(" – "), bake->settings->name));
	press_set_text(root, "canonical", bake_absolute(bake, story->path, &bake->page));
	press_set_bool(root, "noindex", false);
	press_set_text(root, "lang", story->lang);
	press_set_text(root, "dir", story->dir);
	press_set_bool(root, "rtl", str_is(story->dir, "rtl"));
	press_set_text(root, "headline", story->title);
	press_set_text(root, "standfirst", story->excerpt);
}

static void set_head(struct bake *bake, struct press_value *root, const struct story *story)
{
	bake_set_story_head(bake, root, story);
	press_set_text(root, "description", story->excerpt);
	press_set_text(root, "back", story->path);
	press_set_text(root, "story_lang", story->lang);
	press_set_text(root, "story_dir", story->dir);
	press_set_c(root, "og_type", "article");
	press_set_text(root, "og_image", bake_photo_url(bake, story, ".jpg", &bake->page, NULL));
	press_set_text(root, "json_ld", bake_story_ld(bake, story));
	press_set_text(root, "text_href", bake_join(&bake->page, STR("../../../../text"), story->path,
		(struct str){NULL, 0}));
}

bool bake_story_page(struct bake *bake, size_t position, struct str body, struct fault *f)
{
	const struct bake_story *of = &bake->stories[position];
	const struct story *story = &of->story;
	const struct locale *locale = bake_locale(bake, story->lang);
	struct bake_base *base = bake_base(bake, story->lang, story->section, BAKE_BASE_STORY);
	struct press_value *root = press_map(&bake->page);
	struct press_value *label;
	struct page_needs needs = {.arabic = is_arabic_script(story->lang) || is_arabic_script(bake->settings->language)};

	if (base == NULL)
		return fault_full(f, "the site");
	press_set(base->newsletter, "back", press_text(&bake->page, story->path));
	if (base->appeal != NULL)
		press_set(base->appeal, "back", press_text(&bake->page, story->path));
	set_head(bake, root, story);
	if (of->section != 0) {
		label = press_set_map(root, "label");
		press_set_text(label, "name", bake_section_name(bake, story->section, story->lang));
		press_set_text(label, "href", bake_join(&bake->page, STR("../../../../"), of->section_href,
			(struct str){NULL, 0}));
	}
	press_set_text(root, "byline_html", byline(bake, story, locale));
	bake_set_story_dates(bake, root, story, locale);
	bake_set_picture(bake, root, "photo", story, bake_root(STORY_DEPTH), BAKE_LEAD);
	bake_set_corrections(bake, root, story, locale);
	set_topics(bake, root, of);
	set_more(bake, root, position, &needs);
	if (story->is_sensitive && base->appeal != NULL) {
		press_set_bool(root, "appeal", false);
		press_set_text(root, "support_href", bake_join(&bake->page, bake_root(STORY_DEPTH), page_support_path(bake->theme, bake->settings,
			story->lang, &bake->page), (struct str){NULL, 0}));
	}
	if (!set_body(bake, root, story, body, f))
		return false;
	needs.body = has_rare_marks(buf_view(&bake->body));
	page_set_story_style(root, bake->theme, bake->settings, &needs);
	return bake_put(bake, "story", base->root, root, story->path, f)
		&& bake_plain_story(bake, of, buf_view(&bake->body), f);
}
