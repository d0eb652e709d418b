/* story_file.c: a story's file to a story.
 *
 * Decides: the keys, their shapes and defaults. Leaves to others: the grammar (story_front.c), photos and storing
 * (story_import.c). Runs in: desk's import, a child. The hard thing: every complaint names file, line and what to do,
 * also those that come from libraries which know neither.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/limits.h"
#include "desk/story.h"
#include "press/markdown.h"
#include "press/words.h"

enum { TITLE_CHARS = 300, EXCERPT_CHARS = 600, CAPTION_CHARS = 1000, NAME_CHARS = 120, IDENTITY_CHARS = 120 };

struct filing {
	const char *name;
	struct arena *arena;
	struct story_file *out;
	struct fault *f;
	struct str identity, language;
	size_t title_line;
};

static bool wrong(const struct filing *w, size_t line, const char *what)
{
	return fault_set(w->f, FAULT_INPUT, "%s:%zu: %s", w->name, line, what);
}

/* A library's complaint, with file and line before it. */
static bool wrong_because(const struct filing *w, size_t line, const char *key, const struct fault *inner)
{
	if (inner->kind != FAULT_INPUT) {
		*w->f = *inner;
		return false;
	}
	return fault_set(w->f, FAULT_INPUT, "%s:%zu: %s: %s", w->name, line, key, inner->say);
}

static bool take_text(struct filing *w, const struct front_field *field, size_t max_chars, struct str *out)
{
	struct fault inner = {0};

	if (field->is_list)
		return fault_set(w->f, FAULT_INPUT, "%s:%zu: %.*s is one text, not a list", w->name, field->line,
			STR_ARG(field->key));
	if (!words_nfc(field->value, w->arena, out, &inner))
		return wrong_because(w, field->line, "text", &inner);
	if (str_count_chars(*out) > max_chars)
		return fault_set(w->f, FAULT_INPUT, "%s:%zu: %.*s is longer than %zu characters", w->name, field->line,
			STR_ARG(field->key), max_chars);
	return true;
}

static bool take_names(struct filing *w, const struct front_field *field, size_t max, struct str *out, size_t *count)
{
	const struct str *items = field->is_list ? field->items : &field->value;
	size_t item_count = field->is_list ? field->item_count : field->value.len > 0;
	struct fault inner = {0};
	struct slug slug;
	size_t i;
	size_t k;

	if (item_count > max)
		return fault_set(w->f, FAULT_INPUT, "%s:%zu: %.*s has more than %zu names", w->name, field->line,
			STR_ARG(field->key), max);
	for (i = 0; i < item_count; i++) {
		if (!words_nfc(items[i], w->arena, &out[i], &inner) || !slug_from(out[i], &slug, &inner))
			return wrong_because(w, field->line, "name", &inner);
		if (str_count_chars(out[i]) > NAME_CHARS)
			return wrong(w, field->line, "a name is too long");
		for (k = 0; k < i; k++)
			if (str_equal(out[k], out[i]))
				return wrong(w, field->line, "a name stands here twice");
	}
	*count = item_count;
	return true;
}

/* --- one function a key --- */

static bool take_identity(struct filing *w, const struct front_field *field)
{
	if (!take_text(w, field, IDENTITY_CHARS, &w->out->story.identity))
		return false;
	return w->out->story.identity.len > 0 ? true : wrong(w, field->line,
		"id is empty; leave the line out to use the file's name");
}

static bool take_title(struct filing *w, const struct front_field *field)
{
	w->title_line = field->line;
	return take_text(w, field, TITLE_CHARS, &w->out->story.title);
}

static bool take_slug(struct filing *w, const struct front_field *field)
{
	struct fault inner = {0};
	struct slug slug;

	if (field->is_list || !slug_parse(field->value, &slug, &inner))
		return wrong_because(w, field->line, "slug", field->is_list
			? &(struct fault){.kind = FAULT_INPUT, .say = "one text"} : &inner);
	w->out->story.slug = str_copy(str_from(slug.text), w->arena);
	w->out->has_slug = true;
	return true;
}

static bool take_lang(struct filing *w, const struct front_field *field)
{
	size_t i;

	if (field->is_list || field->value.len < 2 || field->value.len > 16)
		return wrong(w, field->line, "lang is a language's code, as `lang: en`");
	for (i = 0; i < field->value.len; i++) {
		char c = field->value.at[i];

		if (!((c >= 'a' && c <= 'z') || (i > 1 && ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'))))
			return wrong(w, field->line, "lang is a language's code, as `lang: en`");
	}
	w->out->story.lang = field->value;
	return true;
}

static bool take_dir(struct filing *w, const struct front_field *field)
{
	if (!str_is(field->value, "ltr") && !str_is(field->value, "rtl"))
		return wrong(w, field->line, "dir is ltr or rtl; leave the line out to follow lang");
	w->out->story.dir = field->value;
	return true;
}

static bool take_time(struct filing *w, const struct front_field *field, struct when *out)
{
	struct fault inner = {0};

	if (field->is_list || !clock_parse(field->value, out, &inner))
		return fault_set(w->f, FAULT_INPUT, "%s:%zu: %.*s is written as 2026-11-20 or 2026-11-20 14:05", w->name,
			field->line, STR_ARG(field->key));
	return true;
}

static bool take_date(struct filing *w, const struct front_field *field)
{
	return take_time(w, field, &w->out->story.published);
}

static bool take_updated(struct filing *w, const struct front_field *field)
{
	return take_time(w, field, &w->out->story.updated);
}

static bool take_authors(struct filing *w, const struct front_field *field)
{
	return take_names(w, field, STORY_AUTHORS, w->out->story.authors, &w->out->story.author_count);
}

static bool take_topics(struct filing *w, const struct front_field *field)
{
	return take_names(w, field, STORY_TOPICS, w->out->story.topics, &w->out->story.topic_count);
}

static bool take_section(struct filing *w, const struct front_field *field)
{
	size_t count = 0;

	if (field->is_list)
		return wrong(w, field->line, "a story stands in one section");
	return take_names(w, field, 1, &w->out->story.section, &count);
}

static bool take_photo(struct filing *w, const struct front_field *field)
{
	w->out->photo_line = field->line;
	if (!take_text(w, field, 255, &w->out->photo))
		return false;
	if (w->out->photo.len > 0 && (w->out->photo.at[0] == '/' || str_find(w->out->photo, STR("..")) != SIZE_MAX))
		return wrong(w, field->line, "photo is a file beside this one or in a folder below");
	return true;
}

static bool take_alt(struct filing *w, const struct front_field *field)
{
	return take_text(w, field, CAPTION_CHARS, &w->out->story.alt);
}

static bool take_caption(struct filing *w, const struct front_field *field)
{
	return take_text(w, field, CAPTION_CHARS, &w->out->story.caption);
}

static bool take_credit(struct filing *w, const struct front_field *field)
{
	return take_text(w, field, CAPTION_CHARS, &w->out->story.credit);
}

/* "focus: 30 60": percent from the left and from the top. */
static bool take_focus(struct filing *w, const struct front_field *field)
{
	struct str rest = field->value;
	struct str first = {NULL, 0};
	int64_t x, y;

	if (!str_next(&rest, ' ', &first) || !str_to_i64(first, &x) || !str_to_i64(str_trim(rest), &y) || x < 0 || x > 100 || y < 0
		|| y > 100)
		return wrong(w, field->line, "focus is two numbers from 0 to 100: `focus: 30 60` is 30 % from the left, 60 % from the top");
	w->out->story.focus = (struct story_focus){x - 50, y - 50};
	return true;
}

static bool take_sensitive(struct filing *w, const struct front_field *field)
{
	w->out->story.is_sensitive = str_is(field->value, "yes");
	w->out->story.says_plain = str_is(field->value, "no");
	return (!field->is_list && (w->out->story.is_sensitive || w->out->story.says_plain))
		|| wrong(w, field->line, "sensitive is yes (no appeal for money stands under the story) or no");
}

static bool take_excerpt(struct filing *w, const struct front_field *field)
{
	return take_text(w, field, EXCERPT_CHARS, &w->out->story.excerpt);
}

static bool take_status(struct filing *w, const struct front_field *field)
{
	if (!story_state_parse(field->value, &w->out->story.state))
		return wrong(w, field->line, "status is draft, review, scheduled, published or withdrawn");
	return true;
}

static bool take_correction(struct filing *w, const struct front_field *field)
{
	struct story *story = &w->out->story;
	struct story_correction *correction = &story->corrections[story->correction_count];
	struct fault inner = {0};
	struct str text = {NULL, 0};

	if (story->correction_count == STORY_CORRECTIONS)
		return wrong(w, field->line, "there are too many corrections");
	if (!take_text(w, field, CAPTION_CHARS, &text))
		return false;
	if (text.len < 12 || !clock_parse(str_part(text, 0, 10), &correction->made, &inner) || text.at[10] != ' ')
		return wrong(w, field->line, "a correction is written as `correction: 2026-11-20 What was wrong.`");
	text = str_trim(str_part(text, 11, SIZE_MAX));
	correction->grave = str_is(field->key, "grave");
	/* "grave: 2026-11-20 clarification: …": where it stands and what it is are two things */
	if (str_find_char(text, ':') != SIZE_MAX
		&& story_correction_parse(str_part(text, 0, str_find_char(text, ':')), &correction->kind))
		text = str_trim(str_part(text, str_find_char(text, ':') + 1, SIZE_MAX));
	if (text.len == 0)
		return wrong(w, field->line, "a correction is written as `correction: 2026-11-20 What was wrong.`");
	correction->text = text;
	story->correction_count++;
	return true;
}

static const struct {
	const char *key;
	bool (*take)(struct filing *w, const struct front_field *field);
	bool may_repeat;
} keys[] = {
	{"id", take_identity, false}, {"title", take_title, false}, {"slug", take_slug, false}, {"lang", take_lang, false},
	{"dir", take_dir, false}, {"date", take_date, false}, {"updated", take_updated, false},
	{"authors", take_authors, false},
	{"section", take_section, false}, {"topics", take_topics, false}, {"photo", take_photo, false},
	{"alt", take_alt, false},
	{"caption", take_caption, false}, {"credit", take_credit, false}, {"excerpt", take_excerpt, false},
	{"focus", take_focus, false}, {"sensitive", take_sensitive, false},
	{"status", take_status, false}, {"correction", take_correction, true}, {"grave", take_correction, true},
};

static bool take_field(struct filing *w, const struct front *front, size_t i)
{
	const struct front_field *field = &front->fields[i];
	size_t k;
	size_t before;

	for (k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
		if (!str_is(field->key, keys[k].key))
			continue;
		for (before = 0; before < i && !keys[k].may_repeat; before++)
			if (str_equal(front->fields[before].key, field->key))
				return fault_set(w->f, FAULT_INPUT, "%s:%zu: %.*s stands here a second time (first in line %zu)",
					w->name, field->line, STR_ARG(field->key), front->fields[before].line);
		return keys[k].take(w, field);
	}
	return fault_set(w->f, FAULT_INPUT, "%s:%zu: mimeo knows no key \"%.*s\"; there are id, title, slug, lang, dir, date, updated, "
		"authors, section, topics, photo, alt, caption, credit, focus, sensitive, excerpt, status, correction, grave", w->name,
		field->line, STR_ARG(str_part(field->key, 0, 40)));
}

/* --- what follows from the whole --- */

static bool take_body(struct filing *w, const struct front *front)
{
	struct story *story = &w->out->story;
	struct fault inner = {0};
	struct buf text;
	bool ok = false;

	buf_init(&text, 2 * LIMIT_STORY_BYTES);
	if (!words_nfc(front->body, w->arena, &story->body, &inner) || !markdown_write_text(story->body, &text, &inner)) {
		wrong_because(w, front->body_line, "text", &inner);
		goto done;
	}
	if (text.len == 0) {
		wrong(w, front->body_line, "the story has no text; it stands below the second ---");
		goto done;
	}
	if (story->excerpt.len == 0)
		story->excerpt = words_excerpt(buf_view(&text), 200, w->arena);
	story->term_count = words_key_terms(buf_view(&text), story->lang, story->terms, STORY_TERMS, w->arena);
	ok = true;
done:
	buf_release(&text);
	return ok;
}

static bool complete(struct filing *w, const struct front *front)
{
	struct story *story = &w->out->story;
	struct fault inner = {0};
	struct slug slug;

	if (story->title.len == 0)
		return wrong(w, w->title_line > 0 ? w->title_line
			: 1, "the story has no title; write `title: …` between the --- lines");
	if (story->identity.len == 0)
		story->identity = str_copy(w->identity, w->arena);
	if (story->lang.len == 0)
		story->lang = w->language;
	if (story->dir.len == 0)
		story->dir = story_direction(story->lang);
	if (!w->out->has_slug) {
		if (!slug_from(story->title, &slug, &inner))
			return wrong_because(w, w->title_line, "title", &inner);
		story->slug = str_copy(str_from(slug.text), w->arena);
	}
	if (story->state == STORY_SCHEDULED && story->published.us <= clock_now().us)
		return wrong(w, w->title_line, "a scheduled story has a date that is still to come: `date: 2026-11-20 14:05`");
	if (story->state == STORY_SCHEDULED)
		story->due = story->published;
	if (story->updated.us != 0 && story->published.us == 0)
		return wrong(w, w->title_line, "a story that was updated has a date, too: `date: …`");
	if (w->out->photo.len == 0 && (story->caption.len > 0 || story->credit.len > 0 || story->alt.len > 0))
		return wrong(w, w->title_line, "there is a caption, credit or alt but no photo");
	return take_body(w, front);
}

bool story_from_file(struct str file, const char *name, struct str identity_otherwise, struct str language,
	struct arena *arena, struct story_file *out, struct fault *f)
{
	struct filing w = {.name = name, .arena = arena, .out = out, .f = f, .identity = identity_otherwise,
		.language = language};
	struct front front;
	size_t i;

	*out = (struct story_file){.story.state = STORY_PUBLISHED};
	if (!front_parse(file, name, arena, &front, f))
		return false;
	out->body_line = front.body_line;
	for (i = 0; i < front.count; i++)
		if (!take_field(&w, &front, i))
			return false;
	return complete(&w, &front);
}

/* --- states, paths, directions --- */

static const struct {
	const char *name, *word, *mark;
	unsigned next;
} states[] = {
#define X(state, name, word, mark, next) [state] = {name, word, mark, next},
	STORY_STATES(X)
#undef X
};

static const struct {
	const char *name, *key, *word;
} kinds[] = {
#define X(kind, name, key, word) [kind] = {name, key, word},
	STORY_CORRECTION_KINDS(X)
#undef X
};

const char *story_state_name(enum story_state state)
{
	return states[state].name;
}

const char *story_state_word(enum story_state state)
{
	return states[state].word;
}

const char *story_state_mark(enum story_state state)
{
	return states[state].mark;
}

const char *story_correction_name(enum story_correction_kind kind)
{
	return kinds[kind].name;
}

const char *story_correction_key(enum story_correction_kind kind)
{
	return kinds[kind].key;
}

const char *story_correction_word(enum story_correction_kind kind)
{
	return kinds[kind].word;
}

bool story_correction_parse(struct str name, enum story_correction_kind *kind)
{
	int i;

	for (i = 0; i < STORY_CORRECTION_KIND_COUNT; i++) {
		if (str_is(name, kinds[i].name)) {
			*kind = (enum story_correction_kind) i;
			return true;
		}
	}
	return false;
}

bool story_state_parse(struct str name, enum story_state *state)
{
	int i;

	for (i = 0; i < STORY_STATE_COUNT; i++) {
		if (str_is(name, states[i].name)) {
			*state = (enum story_state) i;
			return true;
		}
	}
	return false;
}

bool story_may_become(enum story_state from, enum story_state to)
{
	return (states[from].next & 1u << to) != 0;
}

struct str story_path(struct when published, struct str slug, struct arena *arena)
{
	struct civil day = clock_civil(published);

	return str_format(arena, "/%04d/%02d/%02d/%.*s/", day.year, day.month, day.day, STR_ARG(slug));
}

struct str story_direction(struct str language)
{
	static const char *const rtl[] = {"ar", "fa", "he", "ur", "yi", "ps", "sd", "ug", "ckb", "dv"};
	struct str word = str_part(language, 0, str_find_char(language, '-'));
	size_t i;

	for (i = 0; i < sizeof(rtl) / sizeof(rtl[0]); i++)
		if (str_is(word, rtl[i]))
			return STR("rtl");
	return STR("ltr");
}
