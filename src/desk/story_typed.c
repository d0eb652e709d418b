/* story_typed.c: from the editor's fields to a story and back.
 *
 * Decides: what each field may hold. Leaves to others: the form (desk_edit.c), keeping it (story_working.c). Runs in: desk. The hard
 * thing: a draft may lack anything, but what is there must be sound, because a later step publishes it as it is.
 * SPDX-License-Identifier: ISC */
#include "desk/story_typed.h"

#include <sodium.h>

#include <stdio.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/limits.h"
#include "desk/story_pictures.h"
#include "desk/story_store.h"
#include "press/markdown.h"
#include "press/words.h"

enum { TITLE_CHARS = 300, EXCERPT_CHARS = 600, CAPTION_CHARS = 1000, NAME_CHARS = 120, TOPICS_BYTES = 8192 };

static struct str joined(const struct str *items, size_t count, struct arena *arena)
{
	struct buf text;
	struct str out;
	size_t i;

	buf_init(&text, TOPICS_BYTES);
	for (i = 0; i < count; i++) {
		buf_add_text(&text, i > 0 ? ", " : "");
		buf_add_str(&text, items[i]);
	}
	out = str_copy(buf_view(&text), arena);
	buf_release(&text);
	return out;
}

struct str story_typed_words(struct str alt, struct str caption, struct str credit, struct arena *arena)
{
	struct str all = str_format(arena, "%zu %zu %.*s%.*s%.*s", alt.len, caption.len, STR_ARG(alt), STR_ARG(caption), STR_ARG(credit));
	unsigned char hash[16];
	char hex[2 * sizeof(hash) + 1];

	crypto_generichash(hash, sizeof(hash), (const unsigned char *) (all.at != NULL ? all.at : ""), all.len, NULL, 0);
	sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	return str_copy(str_from(hex), arena);
}

void story_typed_from(const struct story *story, int64_t revision, struct arena *arena, struct story_typed *out)
{
	*out = (struct story_typed){.base = revision, .title = story->title, .standfirst = story->excerpt, .body = story->body,
		.bylines = story_bylines(story, arena), .section = story->section,
		.topics = joined(story->topics, story->topic_count, arena), .slug = story->slug, .lang = story->lang,
		.dir = str_equal(story->dir, story_direction(story->lang)) ? STR("") : story->dir, .alt = story->alt,
		.caption = story->caption, .credit = story->credit,
		.words = story_typed_words(story->alt, story->caption, story->credit, arena)};
	if (story->due.us != 0) {
		const struct civil due = clock_civil(story->due);

		out->day = str_format(arena, "%04d-%02d-%02d", due.year, due.month, due.day);
		out->hour = str_format(arena, due.second != 0 ? "%02d:%02d:%02d" : "%02d:%02d", due.hour, due.minute, due.second);
	}
}

bool story_typed_same(const struct story_typed *a, const struct story_typed *b)
{
	return str_equal(a->title, b->title) && str_equal(a->standfirst, b->standfirst) && str_equal(a->body, b->body)
		&& str_equal(a->bylines, b->bylines) && str_equal(a->section, b->section) && str_equal(a->topics, b->topics)
		&& str_equal(a->slug, b->slug) && str_equal(a->lang, b->lang) && str_equal(a->dir, b->dir)
		&& str_equal(a->alt, b->alt) && str_equal(a->caption, b->caption) && str_equal(a->credit, b->credit);
}

/* --- one field each --- */

struct taking {
	struct arena *arena;
	struct fault *f;
};

/* One line of text. */
static bool take_line(const struct taking *t, const char *label, struct str typed, size_t max_chars, struct str *out)
{
	struct fault inner = {0};
	size_t i;
	char *text;

	if (!words_nfc(str_trim(typed), t->arena, out, &inner))
		return fault_set(t->f, FAULT_INPUT, "%s: %s", label, inner.say);
	/* a line end that a paste brought along is a blank here */
	text = out->len > 0 ? str_to_c(*out, t->arena) : NULL;
	for (i = 0; text != NULL && i < out->len; i++)
		if (text[i] == '\n' || text[i] == '\r' || text[i] == '\t')
			text[i] = ' ';
	if (text != NULL)
		*out = str_make(text, out->len);
	if (str_has_control(*out))
		return fault_set(t->f, FAULT_INPUT, "%s: a control character that one does not see stands in it: type it anew", label);
	if (str_count_chars(*out) > max_chars)
		return fault_set(t->f, FAULT_INPUT, "%s: this is longer than %zu characters", label, max_chars);
	return true;
}

static bool take_names(const struct taking *t, const char *label, struct str typed, char separator, struct str *out, size_t max,
	size_t *count)
{
	struct str piece;
	size_t i;

	*count = 0;
	while (str_next(&typed, separator, &piece)) {
		struct fault inner = {0};
		struct slug slug;
		struct str name;

		if (str_trim(piece).len == 0)
			continue;
		if (!take_line(t, label, piece, NAME_CHARS, &name))
			return false;
		if (!slug_from(name, &slug, &inner))
			return fault_set(t->f, FAULT_INPUT, "%s: “%.*s” has no letter in it", label, STR_ARG(str_part(name, 0, 60)));
		for (i = 0; i < *count && !str_equal(out[i], name); i++)
			;
		if (i < *count)
			continue; /* typed twice means once */
		if (*count == max)
			return fault_set(t->f, FAULT_INPUT, "%s: there is room for %zu", label, max);
		out[(*count)++] = name;
	}
	return true;
}

static bool take_slug(const struct taking *t, const struct story_typed *typed, struct story *story)
{
	struct str text = str_trim(typed->slug);
	struct fault inner = {0};
	struct slug slug;

	/* what was typed is made an address of: "River Towns" is river-towns */
	if (text.len == 0 && story->title.len == 0) {
		story->slug = STR("");
		return true;
	}
	if (!slug_from(text.len > 0 ? text : story->title, &slug, &inner))
		return fault_set(t->f, FAULT_INPUT, "Address: type one with letters or digits, as river-towns-brace");
	story->slug = str_copy(str_from(slug.text), t->arena);
	return story->slug.at != NULL || fault_full(t->f, "this story");
}

static bool take_language(const struct taking *t, const struct story_typed *typed, struct str language, struct story *story)
{
	struct str lang = str_trim(typed->lang);
	size_t i;

	if (lang.len == 0)
		lang = language;
	for (i = 0; i < lang.len; i++) {
		char c = lang.at[i];

		if (!((c >= 'a' && c <= 'z') || (i > 1 && ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'))))
			break;
	}
	if (i < lang.len || lang.len < 2 || lang.len > 16)
		return fault_set(t->f, FAULT_INPUT, "Language: this is a code, as en, ru or ar");
	story->lang = lang;
	story->dir = str_is(typed->dir, "ltr") || str_is(typed->dir, "rtl") ? typed->dir : story_direction(lang);
	return true;
}

/* Line ends as a file has them; the terms that "Read more" is made from. */
static bool take_body(const struct taking *t, const struct story_typed *typed, struct story *story)
{
	struct fault inner = {0};
	struct buf text;
	bool ok = false;

	buf_init(&text, 2 * LIMIT_STORY_BYTES);
	if (!words_nfc(typed->body, t->arena, &story->body, &inner) || !markdown_write_text(story->body, &text, &inner)) {
		fault_set(t->f, FAULT_INPUT, "Text: %s", inner.say);
		goto done;
	}
	story->term_count = words_key_terms(buf_view(&text), story->lang, story->terms, STORY_TERMS, t->arena);
	ok = true;
done:
	buf_release(&text);
	return ok;
}

static bool take_photo_words(const struct taking *t, const struct story_typed *typed, struct story *story)
{
	if (typed->words.len > 0
		&& str_equal(typed->words, story_typed_words(typed->alt, typed->caption, typed->credit, t->arena)))
		return true;
	return take_line(t, "Description of the photo", typed->alt, CAPTION_CHARS, &story->alt)
		&& take_line(t, "Caption", typed->caption, CAPTION_CHARS, &story->caption)
		&& take_line(t, "Credit", typed->credit, CAPTION_CHARS, &story->credit) && story_credit_check(story->credit, t->f);
}

bool story_typed_apply(const struct story_typed *typed, struct str language, struct arena *arena, struct story *story,
	struct fault *f)
{
	const struct taking t = {arena, f};
	size_t sections = 0;

	story->section = STR("");
	return take_line(&t, "Headline", typed->title, TITLE_CHARS, &story->title)
		&& take_line(&t, "Standfirst", typed->standfirst, EXCERPT_CHARS, &story->excerpt)
		&& take_names(&t, "Byline", typed->bylines, '\n', story->authors, STORY_AUTHORS, &story->author_count)
		&& take_names(&t, "Section", typed->section, '\n', &story->section, 1, &sections)
		&& take_names(&t, "Topics", typed->topics, ',', story->topics, STORY_TOPICS, &story->topic_count)
		&& take_slug(&t, typed, story) && take_language(&t, typed, language, story)
		&& take_photo_words(&t, typed, story) && take_body(&t, typed, story);
}

/* --- when --- */

bool story_typed_due(const struct story_typed *typed, struct when *due, struct fault *f)
{
	struct str day = str_trim(typed->day);
	struct str hour = str_trim(typed->hour);
	struct fault inner = {0};
	struct civil back;
	char wanted[32];
	char got[32];

	if (day.len == 0 || hour.len == 0)
		return fault_set(f, FAULT_INPUT, "Schedule: give a day and a time.");
	if (day.len != 10 || (hour.len != 5 && hour.len != 8))
		return fault_set(f, FAULT_INPUT, "Schedule: a day is written as 2026-11-20, a time as 14:05 or 14:05:30.");
	snprintf(wanted, sizeof(wanted), "%.*s %.*s%s", STR_ARG(day), STR_ARG(hour), hour.len == 5 ? ":00" : "");
	if (!clock_parse(str_from(wanted), due, &inner))
		return fault_set(f, FAULT_INPUT, "Schedule: a day is written as 2026-11-20, a time as 14:05 or 14:05:30.");
	back = clock_civil(*due);
	snprintf(got, sizeof(got), "%04d-%02d-%02d %02d:%02d:%02d", back.year, back.month, back.day, back.hour, back.minute, back.second);
	if (strcmp(wanted, got) != 0)
		return fault_set(f, FAULT_INPUT, "Schedule: on this day clocks go forward, and %.*s does not exist: choose another time, as %02d:%02d.",
			STR_ARG(hour), back.hour, back.minute);
	return true;
}
