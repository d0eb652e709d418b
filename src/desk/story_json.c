/* story_json.c: a story between the import's child and the desk.
 *
 * Decides: the keys. Runs in: desk and its child; both are the same program, but the child has read strangers' files,
 * so what it says is checked again. The hard thing: none.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "base/fault.h"
#include "desk/story_work.h"
#include "desk/story.h"
#include "http/http_client.h"

static const struct {
	const char *key;
	size_t offset;
} texts[] = {
	{"identity", offsetof(struct story, identity)}, {"title", offsetof(struct story, title)},
		{"slug", offsetof(struct story, slug)},
	{"lang", offsetof(struct story, lang)}, {"dir", offsetof(struct story, dir)},
		{"section", offsetof(struct story, section)},
	{"excerpt", offsetof(struct story, excerpt)}, {"body", offsetof(struct story, body)},
		{"alt", offsetof(struct story, alt)},
	{"caption", offsetof(struct story, caption)}, {"credit", offsetof(struct story, credit)},
	{"photo", offsetof(struct story, photo.hash)}, {"widths", offsetof(struct story, photo.widths)},
	{"dominant", offsetof(struct story, photo.dominant)},
};

static json_t *list_of(const struct str *items, size_t count)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < count; i++)
		json_array_append_new(list, http_json_str(items[i]));
	return list;
}

json_t *story_pictures_to_json(const struct story_picture *pictures, size_t count)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < count; i++) {
		const struct story_picture *picture = &pictures[i];
		const struct story_photo *photo = &picture->photo;

		json_array_append_new(list, json_pack("{s:o, s:o, s:o, s:I, s:I, s:I, s:o, s:o, s:o}", "photo", http_json_str(photo->hash),
			"widths", http_json_str(photo->widths), "dominant", http_json_str(photo->dominant), "width",
			(json_int_t) photo->width, "height", (json_int_t) photo->height, "removed", (json_int_t) photo->removed,
			"alt", http_json_str(picture->alt), "caption", http_json_str(picture->caption), "credit",
			http_json_str(picture->credit)));
	}
	return list;
}

void story_photo_to_json(const struct story_photo *photo, json_t *json)
{
	json_object_set_new(json, "photo", http_json_str(photo->hash));
	json_object_set_new(json, "widths", http_json_str(photo->widths));
	json_object_set_new(json, "dominant", http_json_str(photo->dominant));
	json_object_set_new(json, "width", json_integer(photo->width));
	json_object_set_new(json, "height", json_integer(photo->height));
	json_object_set_new(json, "removed", json_integer(photo->removed));
}

json_t *story_to_json(const struct story *story)
{
	json_t *json = json_object();
	json_t *corrections = json_array();
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		json_object_set_new(json, texts[i].key, http_json_str(*(const struct str *) (const void *) ((const char *) story + texts[i].offset)));
	json_object_set_new(json, "state", json_string(story_state_name(story->state)));
	json_object_set_new(json, "published", json_integer(story->published.us));
	json_object_set_new(json, "updated", json_integer(story->updated.us));
	json_object_set_new(json, "due", json_integer(story->due.us));
	story_photo_to_json(&story->photo, json);
	json_object_set_new(json, "authors", list_of(story->authors, story->author_count));
	json_object_set_new(json, "topics", list_of(story->topics, story->topic_count));
	json_object_set_new(json, "terms", list_of(story->terms, story->term_count));
	for (i = 0; i < story->correction_count; i++)
		json_array_append_new(corrections, json_pack("{s:I, s:o, s:b, s:s}", "made",
			(json_int_t) story->corrections[i].made.us, "text", http_json_str(story->corrections[i].text), "grave",
			(int) story->corrections[i].grave, "kind", story_correction_name(story->corrections[i].kind)));
	json_object_set_new(json, "corrections", corrections);
	json_object_set_new(json, "focus_x", json_integer(story->focus.x));
	json_object_set_new(json, "focus_y", json_integer(story->focus.y));
	json_object_set_new(json, "sensitive", json_boolean(story->is_sensitive));
	json_object_set_new(json, "plain", json_boolean(story->says_plain));
	json_object_set_new(json, "pictures", story_pictures_to_json(story->pictures, story->picture_count));
	return json;
}

static bool take_list(const json_t *json, const char *key, struct arena *arena, struct str *out, size_t max,
	size_t *count)
{
	const json_t *list = json_object_get(json, key);
	size_t i;

	*count = 0;
	if (!json_is_array(list) || json_array_size(list) > max)
		return false;
	for (i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);

		out[i] = str_copy(str_make(json_string_value(item), json_string_length(item)), arena);
		if (!json_is_string(item) || out[i].at == NULL)
			return false;
		(*count)++;
	}
	return true;
}

static bool take_corrections(const json_t *json, struct arena *arena, struct story *out)
{
	const json_t *list = json_object_get(json, "corrections");
	size_t i;

	if (!json_is_array(list) || json_array_size(list) > STORY_CORRECTIONS)
		return false;
	for (i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		struct story_correction *correction = &out->corrections[out->correction_count++];

		if (!http_json_i64(item, "made", &correction->made.us)
			|| !story_correction_parse(http_json_text(item, "kind"), &correction->kind))
			return false;
		correction->text = str_copy(http_json_text(item, "text"), arena);
		correction->grave = json_is_true(json_object_get(item, "grave"));
	}
	return true;
}

static bool take_pictures(const json_t *json, struct arena *arena, struct story *out)
{
	const json_t *list = json_object_get(json, "pictures");
	struct story_picture *pictures = arena_alloc_many(arena, json_array_size(list) + 1, sizeof(*pictures));
	size_t i;

	if (!json_is_array(list) || pictures == NULL)
		return false;
	for (i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		struct story_photo *photo = &pictures[i].photo;

		photo->hash = str_copy(http_json_text(item, "photo"), arena);
		photo->widths = str_copy(http_json_text(item, "widths"), arena);
		photo->dominant = str_copy(http_json_text(item, "dominant"), arena);
		pictures[i].alt = str_copy(http_json_text(item, "alt"), arena);
		pictures[i].caption = str_copy(http_json_text(item, "caption"), arena);
		pictures[i].credit = str_copy(http_json_text(item, "credit"), arena);
		if (photo->hash.len == 0 || photo->widths.len == 0 || !http_json_i64(item, "width", &photo->width)
			|| !http_json_i64(item, "height", &photo->height) || !http_json_i64(item, "removed", &photo->removed)
			|| photo->width <= 0 || photo->height <= 0)
			return false;
	}
	out->pictures = pictures;
	out->picture_count = i;
	return true;
}

bool story_from_json(const json_t *json, struct arena *arena, struct story *out, struct fault *f)
{
	bool ok;
	size_t i;

	*out = (struct story){0};
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		*(struct str *) (void *) ((char *) out + texts[i].offset) = str_copy(http_json_text(json, texts[i].key), arena);
	out->is_sensitive = json_is_true(json_object_get(json, "sensitive"));
	out->says_plain = json_is_true(json_object_get(json, "plain"));
	ok = story_state_parse(http_json_text(json, "state"), &out->state)
		&& http_json_i64(json, "published", &out->published.us) && http_json_i64(json, "updated", &out->updated.us)
			&& http_json_i64(json, "due", &out->due.us)
			&& http_json_i64(json, "width", &out->photo.width)
		&& http_json_i64(json, "height", &out->photo.height) && http_json_i64(json, "removed", &out->photo.removed)
		&& take_list(json, "authors", arena, out->authors, STORY_AUTHORS, &out->author_count)
		&& take_list(json, "topics", arena, out->topics, STORY_TOPICS, &out->topic_count)
		&& take_list(json, "terms", arena, out->terms, STORY_TERMS, &out->term_count)
			&& take_corrections(json, arena, out)
		&& http_json_i64(json, "focus_x", &out->focus.x) && http_json_i64(json, "focus_y", &out->focus.y)
		&& out->focus.x >= -50 && out->focus.x <= 50 && out->focus.y >= -50 && out->focus.y <= 50
		&& take_pictures(json, arena, out);
	return ok && out->identity.len > 0 && out->title.len > 0 && out->slug.len > 0 ? true
		: fault_set(f, FAULT_IO, "the import's child wrote a story that the desk does not understand");
}
