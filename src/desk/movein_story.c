/* movein_story.c: a record of mimeo-movein's to a story.
 *
 * Decides: what is mended rather than refused (a long title, a name that is none), since one odd post must not keep ten
 * thousand away. Leaves to others: pictures and links in the text (movein_job.c). Runs in: the desk's child that moves
 * in. The hard thing: what wrote the record has read a stranger's file, so everything it says is checked anew.
 * SPDX-License-Identifier: ISC */
#include "base/fault.h"
#include "base/limits.h"
#include "desk/movein.h"
#include "http/http_client.h"
#include "press/markdown.h"
#include "press/words.h"

enum { TITLE_CHARS = 300, EXCERPT_CHARS = 600, NAME_CHARS = 120, CAPTION_CHARS = 1000, MADE_TITLE_CHARS = 80,
	TOUCHED_AFTER_S = 60 };

struct reading {
	const json_t *record;
	struct arena *arena;
	struct movein_report *report;
	struct movein_found *out;
};

static void say(const struct reading *r, enum movein_group group, struct str detail)
{
	if (r->report != NULL)
		movein_report_add(r->report, group, &r->out->story, detail);
}

/* One line in NFC without control characters; empty for what is no text. */
static struct str text_of(const struct reading *r, struct str text)
{
	struct fault ignored = {0};
	struct str out = {NULL, 0};
	char *at;
	size_t i;

	if (!words_nfc(str_trim(text), r->arena, &out, &ignored))
		return (struct str){NULL, 0};
	at = str_to_c(out, r->arena);
	for (i = 0; at != NULL && i < out.len; i++)
		if (str_has_control(str_make(at + i, 1)))
			at[i] = ' ';
	return at != NULL ? str_trim(str_make(at, out.len)) : (struct str){NULL, 0};
}

static struct str short_text(const struct reading *r, struct str text, size_t most, bool is_said)
{
	text = text_of(r, text);
	if (str_count_chars(text) <= most)
		return text;
	if (is_said)
		say(r, GROUP_SHORTENED, text);
	return words_excerpt(text, most - 1, r->arena);
}

static bool is_name(struct str name)
{
	struct fault ignored = {0};
	struct slug slug;

	return name.len > 0 && str_count_chars(name) <= NAME_CHARS && slug_from(name, &slug, &ignored);
}

static size_t take_names(const struct reading *r, const char *key, struct str *names, size_t most)
{
	const json_t *list = json_object_get(r->record, key);
	size_t count = 0;
	size_t i;
	size_t k;

	for (i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		struct str name = text_of(r, str_make(json_string_value(item), json_string_length(item)));

		if (name.len == 0)
			continue;
		for (k = 0; k < count && !str_equal(names[k], name); k++)
			;
		if (k < count)
			continue;
		if (count < most && is_name(name))
			names[count++] = name;
		else
			say(r, GROUP_NAMES, name);
	}
	return count;
}

/* Later ones are found by their number where a name has nothing to be an address of. */
static bool take_slug(const struct reading *r, struct story *story)
{
	struct str identity = story->identity;
	struct fault ignored = {0};
	struct slug slug;
	struct str typed = text_of(r, http_json_text(r->record, "slug"));
	size_t i;

	if (!slug_parse(typed, &slug, &ignored)) {
		fault_clear(&ignored);
		if ((typed.len == 0 || !slug_from(typed, &slug, &ignored)) && !slug_from(story->title, &slug, &ignored)) {
			for (i = identity.len; i > 0 && identity.at[i - 1] != ':'; i--)
				;
			fault_clear(&ignored);
			if (!slug_from(str_format(r->arena, "story-%.*s", STR_ARG(str_part(identity, i, SIZE_MAX))), &slug, &ignored))
				return false;
		}
	}
	story->slug = str_copy(str_from(slug.text), r->arena);
	return story->slug.len > 0;
}

/* "2015-01-27 14:56:57" to a moment. */
static struct when time_of(const struct reading *r, const char *key, const char *zone)
{
	struct str text = http_json_text(r->record, key);
	struct when when = {0};
	struct fault ignored = {0};

	if (text.len >= 19 && !clock_parse(str_format(r->arena, "%.10s %.8s%s", text.at, text.at + 11, zone), &when, &ignored))
		when.us = 0;
	return when;
}

static void take_times(const struct reading *r, struct story *story)
{
	story->published = time_of(r, "date_gmt", "Z");
	if (story->published.us == 0)
		story->published = time_of(r, "date", "");
	if (story->state == STORY_DRAFT && story->published.us > clock_now().us)
		story->published.us = 0; /* it would stand there as if it had come out in the future */
	story->updated = time_of(r, "updated_gmt", "Z");
	if (story->published.us == 0 || story->updated.us < story->published.us + TOUCHED_AFTER_S * (int64_t) 1000000)
		story->updated.us = 0;
}

static void take_language(const struct reading *r, struct story *story, struct str otherwise)
{
	struct str lang = http_json_text(r->record, "lang");
	size_t i;

	for (i = 0; i < lang.len && lang.at[i] >= 'a' && lang.at[i] <= 'z'; i++)
		;
	story->lang = i == lang.len && i >= 2 && i <= 3 ? str_copy(lang, r->arena) : otherwise;
	story->dir = story_direction(story->lang);
}

/* A path that a redirect can have. */
static bool is_old_path(struct str path)
{
	return path.len > 1 && path.len < 1000 && path.at[0] == '/' && !str_starts(path, STR("//")) && str_is_utf8(path)
		&& !str_has_control(path) && (str_find_char(path, '?') == SIZE_MAX || str_find(path, STR("/?p=")) != SIZE_MAX);
}

static void take_paths(const struct reading *r)
{
	const json_t *list = json_object_get(r->record, "paths");
	size_t i;

	for (i = 0; i < json_array_size(list) && r->out->path_count < MOVEIN_OLD_PATHS; i++) {
		const json_t *item = json_array_get(list, i);
		struct str path = str_copy(str_make(json_string_value(item), json_string_length(item)), r->arena);

		if (is_old_path(path))
			r->out->paths[r->out->path_count++] = path;
		else
			say(r, GROUP_PATH, path);
	}
}

static void take_notes(const struct reading *r)
{
	const json_t *notes = json_object_get(r->record, "notes");
	size_t i;

	for (i = 0; i < json_array_size(notes) && r->report != NULL; i++) {
		const json_t *word = json_array_get(json_array_get(notes, i), 0);
		const json_t *detail = json_array_get(json_array_get(notes, i), 1);

		(void) movein_report_note(r->report, str_make(json_string_value(word), json_string_length(word)), &r->out->story,
			str_make(json_string_value(detail), json_string_length(detail)));
	}
}

static void take_photo(const struct reading *r, struct story *story)
{
	const json_t *photo = json_object_get(r->record, "photo");

	r->out->photo_url = str_copy(http_json_text(photo, "url"), r->arena);
	story->alt = short_text(r, http_json_text(photo, "alt"), CAPTION_CHARS, false);
	story->caption = short_text(r, http_json_text(photo, "caption"), CAPTION_CHARS, false);
	story->credit = short_text(r, http_json_text(photo, "credit"), CAPTION_CHARS, false);
}

/* Drafts that wait for somebody do so here as well, where the desk knows that state. */
static void take_state(const struct reading *r, struct story *story)
{
	const json_t *notes = json_object_get(r->record, "notes");
	size_t i;

	story->state = str_is(http_json_text(r->record, "status"), "published") ? STORY_PUBLISHED : STORY_DRAFT;
	for (i = 0; i < json_array_size(notes) && story->state == STORY_DRAFT; i++) {
		const char *word = json_string_value(json_array_get(json_array_get(notes, i), 0));

		if (word != NULL && strcmp(word, "pending") == 0 && !story_state_parse(STR("review"), &story->state))
			story->state = STORY_DRAFT;
	}
}

static void take_title(const struct reading *r, struct story *story)
{
	struct str body = story->body;
	struct fault ignored = {0};
	struct buf text;

	story->title = short_text(r, http_json_text(r->record, "title"), TITLE_CHARS, true);
	if (story->title.len > 0)
		return;
	buf_init(&text, 2 * LIMIT_STORY_BYTES);
	if (str_find_char(body, '\x01') == SIZE_MAX && markdown_write_text(body, &text, &ignored))
		story->title = text_of(r, words_excerpt(buf_view(&text), MADE_TITLE_CHARS, r->arena));
	buf_release(&text);
	if (story->title.len == 0)
		story->title = story->identity;
	say(r, GROUP_EMPTY, STR("it has no title"));
}

bool movein_story_read(const json_t *record, struct str language, struct arena *arena, struct movein_report *report,
	struct movein_found *out)
{
	const struct reading r = {.record = record, .arena = arena, .report = report, .out = out};
	struct story *story = &out->story;
	struct str trouble = http_json_text(record, "trouble");
	struct str section;

	*out = (struct movein_found){.path_count = 0};
	story->identity = text_of(&r, http_json_text(record, "identity"));
	story->body = str_copy(http_json_text(record, "body"), arena);
	take_title(&r, story);
	if (trouble.len > 0) {
		say(&r, GROUP_TROUBLE, trouble);
		return false;
	}
	if (story->identity.len == 0 || str_count_chars(story->identity) > NAME_CHARS || !take_slug(&r, story)) {
		say(&r, GROUP_TROUBLE, STR("it has no number of its own in the export"));
		return false;
	}
	take_language(&r, story, language);
	take_state(&r, story);
	take_times(&r, story);
	section = text_of(&r, http_json_text(record, "section"));
	if (is_name(section))
		story->section = section;
	else if (section.len > 0)
		say(&r, GROUP_NAMES, section);
	story->author_count = take_names(&r, "authors", story->authors, STORY_AUTHORS);
	story->topic_count = take_names(&r, "topics", story->topics, STORY_TOPICS);
	story->excerpt = short_text(&r, http_json_text(record, "excerpt"), EXCERPT_CHARS, true);
	take_photo(&r, story);
	take_paths(&r);
	take_notes(&r);
	return true;
}

bool movein_story_finish(struct story *story, struct movein_report *report, struct arena *arena, struct fault *f)
{
	struct str whole = {NULL, 0};
	struct buf text;
	bool ok = false;

	buf_init(&text, 2 * LIMIT_STORY_BYTES);
	if (!words_nfc(story->body, arena, &whole, f) || !markdown_write_text(whole, &text, f))
		goto done;
	story->body = whole;
	if (story->body.len == 0) {
		if (report != NULL)
			movein_report_add(report, GROUP_EMPTY, story, STR("it has no text"));
		story->state = STORY_DRAFT;
	}
	if (story->excerpt.len == 0)
		story->excerpt = words_excerpt(buf_view(&text), 200, arena);
	story->term_count = words_key_terms(buf_view(&text), story->lang, story->terms, STORY_TERMS, arena);
	ok = true;
done:
	buf_release(&text);
	return ok;
}
