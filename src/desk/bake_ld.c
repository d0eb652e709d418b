/* bake_ld.c: a story's structured data (schema.org NewsArticle, as JSON-LD).
 *
 * Decides: which properties a search engine or an archive is told: the photo with its credit, the authors, every
 * correction with its date. Leaves to others: the page (bake_story.c). Runs in: desk's bake. The hard thing: every story
 * carries it, so what says the same twice is left out.
 * SPDX-License-Identifier: ISC */
#include "base/fault.h"
#include "desk/bake.h"
#include "house/settings.h"
#include "press/html.h"
#include "press/words.h"

enum { LD_BYTES = 64 * 1024 };

static void pair(struct buf *out, const char *name, struct str value)
{
	if (value.len == 0)
		return;
	buf_add(out, ",\"", 2);
	buf_add_text(out, name);
	buf_add(out, "\":", 2);
	json_text(out, value);
}

static void time_pair(struct buf *out, const char *name, struct when when)
{
	buf_add(out, ",\"", 2);
	buf_add_text(out, name);
	buf_add(out, "\":\"", 3);
	clock_write_iso(out, when);
	buf_add_char(out, '"');
}

static void authors(struct bake *bake, struct buf *out, const struct story *story)
{
	size_t i;

	for (i = 0; i < story->author_count; i++) {
		struct fault ignored = {0};
		struct slug slug;

		buf_add_text(out, i == 0 ? ",\"author\":[{\"@type\":\"Person\"" : ",{\"@type\":\"Person\"");
		pair(out, "name", story->authors[i]);
		if (slug_from(story->authors[i], &slug, &ignored))
			pair(out, "url", bake_absolute(bake, bake_join(&bake->page, STR("/author/"), str_from(slug.text), STR("/")),
				&bake->page));
		buf_add_char(out, '}');
	}
	buf_add_text(out, story->author_count > 0 ? "]" : "");
}

static void image(struct bake *bake, struct buf *out, const struct story *story)
{
	struct bake_size size;
	struct str url = bake_photo_url(bake, story, ".jpg", &bake->page, &size);

	if (url.len == 0)
		return;
	buf_add_text(out, ",\"image\":{\"@type\":\"ImageObject\"");
	pair(out, "url", url);
	buf_format(out, ",\"width\":%lld,\"height\":%lld", (long long) size.width, (long long) size.height);
	pair(out, "caption", story->caption);
	pair(out, "creditText", story->credit);
	buf_add_char(out, '}');
}

static void corrections(struct buf *out, const struct story *story)
{
	size_t i;

	for (i = 0; i < story->correction_count; i++) {
		buf_add_text(out, i == 0 ? ",\"correction\":[{\"@type\":\"CorrectionComment\""
			: ",{\"@type\":\"CorrectionComment\"");
		pair(out, "text", story->corrections[i].text);
		time_pair(out, "datePublished", story->corrections[i].made);
		buf_add_char(out, '}');
	}
	buf_add_text(out, story->correction_count > 0 ? "]" : "");
}

struct str bake_story_ld(struct bake *bake, const struct story *story)
{
	struct buf out;
	struct str text;

	buf_init(&out, LD_BYTES);
	buf_add_text(&out, "{\"@context\":\"https://schema.org\",\"@type\":\"NewsArticle\"");
	pair(&out, "headline", story->title);
	pair(&out, "description", story->excerpt);
	pair(&out, "inLanguage", story->lang);
	pair(&out, "articleSection", bake_section_name(bake, story->section, story->lang));
	time_pair(&out, "datePublished", story->published);
	time_pair(&out, "dateModified", story->updated.us > story->published.us ? story->updated : story->published);
	authors(bake, &out, story);
	image(bake, &out, story);
	corrections(&out, story);
	buf_add_text(&out, ",\"publisher\":{\"@type\":\"NewsMediaOrganization\"");
	pair(&out, "name", bake->settings->name);
	pair(&out, "url", bake_absolute(bake, STR("/"), &bake->page));
	buf_add_text(&out, "}}");
	text = str_copy(buf_view(&out), &bake->page);
	buf_release(&out);
	return text;
}
