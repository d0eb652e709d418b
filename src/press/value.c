/* value.c: what a template is filled with.
 *
 * Decides: the layout of texts, lists and maps in an arena, and how keys are found. Leaves to others: what they mean.
 * Runs in: every room. The hard thing: a page sets and looks up a hundred keys and has some microseconds for it, so
 * small maps are scanned by hash and large ones (a language's texts) have a hash table.
 * SPDX-License-Identifier: ISC */
#include "value.h"

#include <jansson.h>
#include "base/fault.h"
#include "press_inside.h"

enum { ROOM_FIRST = 8, INDEX_FROM = 24, JSON_DEPTH = 16 };

uint32_t press_hash(struct str key)
{
	uint32_t hash = 2166136261u;
	size_t i;

	for (i = 0; i < key.len; i++)
		hash = (hash ^ (unsigned char) key.at[i]) * 16777619u;
	return hash;
}

static struct press_value *value_new(struct arena *arena, enum press_type type)
{
	struct press_value *value = arena_alloc(arena, sizeof(*value));

	if (value != NULL) {
		value->type = type;
		value->arena = arena;
	}
	return value;
}

struct press_value *press_map(struct arena *arena)
{
	return value_new(arena, PRESS_MAP);
}

struct press_value *press_list(struct arena *arena)
{
	return value_new(arena, PRESS_LIST);
}

/* --- maps --- */

static void index_add(struct press_value *map, size_t entry)
{
	size_t slot = map->entries[entry].hash & map->index_mask;

	while (map->index[slot] != 0)
		slot = (slot + 1) & map->index_mask;
	map->index[slot] = (uint16_t) (entry + 1);
}

/* Makes room for one more; false when the arena is full. */
static bool map_grow(struct press_value *map)
{
	size_t room = map->room > 0 ? map->room * 2 : ROOM_FIRST;
	struct press_entry *entries = room > UINT16_MAX / 2 ? NULL : arena_alloc_many(map->arena, room, sizeof(*entries));
	size_t i;

	if (entries == NULL)
		return false;
	if (map->count > 0)
		memcpy(entries, map->entries, map->count * sizeof(*entries));
	map->entries = entries;
	map->room = room;
	if (room < INDEX_FROM)
		return true;
	map->index = arena_alloc_many(map->arena, room * 2, sizeof(*map->index));
	map->index_mask = room * 2 - 1;
	if (map->index == NULL)
		return false;
	for (i = 0; i < map->count; i++)
		index_add(map, i);
	return true;
}

static struct press_entry *map_find(const struct press_value *map, struct str key, uint32_t hash)
{
	size_t i;

	if (map->index == NULL) {
		for (i = 0; i < map->count; i++)
			if (map->entries[i].hash == hash && str_equal(map->entries[i].key, key))
				return &map->entries[i];
		return NULL;
	}
	for (i = hash & map->index_mask; map->index[i] != 0; i = (i + 1) & map->index_mask) {
		struct press_entry *entry = &map->entries[map->index[i] - 1];

		if (entry->hash == hash && str_equal(entry->key, key))
			return entry;
	}
	return NULL;
}

static void map_set(struct press_value *map, struct str key, const struct press_value *value)
{
	uint32_t hash;
	struct press_entry *entry;

	if (map == NULL || map->type != PRESS_MAP)
		return;
	map->is_known_whole = false;
	if (value == NULL) {
		map->lost = true;
		return;
	}
	hash = press_hash(key);
	entry = map_find(map, key, hash);
	if (entry != NULL) {
		entry->value = value;
		return;
	}
	if (map->count == map->room && !map_grow(map)) {
		map->lost = true;
		return;
	}
	map->entries[map->count] = (struct press_entry){key, hash, value};
	map->count++;
	if (map->index != NULL)
		index_add(map, map->count - 1);
}

static struct press_value *text_new(struct arena *arena, struct str text)
{
	struct press_value *value = value_new(arena, PRESS_TEXT);

	if (value != NULL)
		value->text = text;
	return value;
}

struct press_value *press_text(struct arena *arena, struct str text)
{
	return text_new(arena, text);
}

void press_set(struct press_value *map, const char *key, struct press_value *value)
{
	map_set(map, str_from(key), value);
}

void press_share(struct press_value *map, const char *key, const struct press_value *value)
{
	map_set(map, str_from(key), value);
}

void press_set_text(struct press_value *map, const char *key, struct str text)
{
	if (map != NULL)
		map_set(map, str_from(key), text_new(map->arena, text));
}

void press_set_c(struct press_value *map, const char *key, const char *text)
{
	press_set_text(map, key, str_from(text));
}

void press_set_i64(struct press_value *map, const char *key, int64_t n)
{
	struct str text;

	if (map == NULL)
		return;
	text = str_format(map->arena, "%lld", (long long) n);
	map_set(map, str_from(key), text.at != NULL ? text_new(map->arena, text) : NULL);
}

void press_set_bool(struct press_value *map, const char *key, bool yes)
{
	struct press_value *value;

	if (map == NULL)
		return;
	value = value_new(map->arena, PRESS_BOOL);
	if (value != NULL)
		value->yes = yes;
	map_set(map, str_from(key), value);
}

struct press_value *press_set_map(struct press_value *map, const char *key)
{
	struct press_value *value = map != NULL ? press_map(map->arena) : NULL;

	press_set(map, key, value);
	return value;
}

struct press_value *press_set_list(struct press_value *map, const char *key)
{
	struct press_value *value = map != NULL ? press_list(map->arena) : NULL;

	press_set(map, key, value);
	return value;
}

/* --- lists --- */

void press_add(struct press_value *list, const struct press_value *value)
{
	struct press_value const **items;
	size_t room;

	if (list == NULL || list->type != PRESS_LIST)
		return;
	list->is_known_whole = false;
	if (value == NULL) {
		list->lost = true;
		return;
	}
	if (list->count == list->room) {
		room = list->room > 0 ? list->room * 2 : ROOM_FIRST;
		items = arena_alloc_many(list->arena, room, sizeof(*items));
		if (items == NULL) {
			list->lost = true;
			return;
		}
		if (list->count > 0)
			memcpy(items, list->items, list->count * sizeof(*items));
		list->items = items;
		list->room = room;
	}
	list->items[list->count++] = value;
}

struct press_value *press_add_map(struct press_value *list)
{
	struct press_value *value = list != NULL ? press_map(list->arena) : NULL;

	press_add(list, value);
	return value;
}

void press_add_text(struct press_value *list, struct str text)
{
	if (list != NULL)
		press_add(list, text_new(list->arena, text));
}

/* --- reading --- */

static bool is_whole(const struct press_value *value, int depth)
{
	size_t i;

	if (value == NULL || value->lost || depth > 64)
		return false;
	if (value->is_known_whole)
		return true;
	if (value->type == PRESS_MAP)
		for (i = 0; i < value->count; i++)
			if (value->entries[i].value->type >= PRESS_LIST && !is_whole(value->entries[i].value, depth + 1))
				return false;
	if (value->type == PRESS_LIST)
		for (i = 0; i < value->count; i++)
			if (!is_whole(value->items[i], depth + 1))
				return false;
	return true;
}

bool press_value_is_whole(const struct press_value *root)
{
	return is_whole(root, 0);
}

const struct press_value *press_get_hashed(const struct press_value *map, struct str key, uint32_t hash)
{
	const struct press_entry *entry;

	if (map == NULL || map->type != PRESS_MAP || map->count == 0)
		return NULL;
	entry = map_find(map, key, hash);
	return entry != NULL ? entry->value : NULL;
}

const struct press_value *press_get(const struct press_value *map, struct str key)
{
	return press_get_hashed(map, key, press_hash(key));
}

struct str press_value_text(const struct press_value *value)
{
	return value != NULL && value->type == PRESS_TEXT ? value->text : (struct str){NULL, 0};
}

size_t press_value_count(const struct press_value *value)
{
	return value != NULL ? value->count : 0;
}

const struct press_value *press_at(const struct press_value *list, size_t i)
{
	return list != NULL && list->type == PRESS_LIST && i < list->count ? list->items[i] : NULL;
}

/* --- from JSON --- */

static struct press_value *from_json(const json_t *json, struct arena *arena, int depth);

static struct press_value *from_json_number(const json_t *json, struct arena *arena)
{
	char shortest[40];

	if (json_is_integer(json))
		return text_new(arena, str_format(arena, "%lld", (long long) json_integer_value(json)));
	snprintf(shortest, sizeof(shortest), "%.15g", json_real_value(json));
	if (strtod(shortest, NULL) < json_real_value(json) || strtod(shortest, NULL) > json_real_value(json))
		snprintf(shortest, sizeof(shortest), "%.17g", json_real_value(json));
	return text_new(arena, str_copy(str_from(shortest), arena));
}

static struct press_value *from_json_object(const json_t *json, struct arena *arena, int depth)
{
	struct press_value *map = press_map(arena);
	/* jansson's iterator wants a plain pointer though it changes nothing */
	json_t *object = json_incref((json_t *) (uintptr_t) json);
	const char *key;
	json_t *item;

	json_object_foreach(object, key, item) {
		struct str copy = str_copy(str_make(key, json_object_iter_key_len(json_object_key_to_iter(key))), arena);

		map_set(map, copy, json_is_null(item) || copy.at == NULL ? text_new(arena, (struct str){NULL, 0})
			: from_json(item, arena, depth + 1));
	}
	json_decref(object);
	return map;
}

static struct press_value *from_json(const json_t *json, struct arena *arena, int depth)
{
	struct press_value *value = NULL;
	size_t i;

	if (depth > JSON_DEPTH)
		return NULL;
	switch (json_typeof(json)) {
	case JSON_OBJECT:
		return from_json_object(json, arena, depth);
	case JSON_ARRAY:
		value = press_list(arena);
		for (i = 0; i < json_array_size(json); i++)
			press_add(value, from_json(json_array_get(json, i), arena, depth + 1));
		return value;
	case JSON_STRING:
		return text_new(arena, str_copy(str_make(json_string_value(json), json_string_length(json)), arena));
	case JSON_INTEGER:
	case JSON_REAL:
		return from_json_number(json, arena);
	case JSON_TRUE:
	case JSON_FALSE:
		value = value_new(arena, PRESS_BOOL);
		if (value != NULL)
			value->yes = json_is_true(json);
		return value;
	case JSON_NULL:
	default:
		return text_new(arena, (struct str){NULL, 0});
	}
}

bool press_value_from_json(struct str json, struct arena *arena, struct press_value **out, struct fault *f)
{
	json_error_t error;
	json_t *root = json_loadb(json.len > 0 ? json.at : "", json.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);

	*out = NULL;
	if (root == NULL)
		return fault_set(f, FAULT_INPUT, "line %d: this is no JSON: %s", error.line, error.text);
	*out = from_json(root, arena, 0);
	json_decref(root);
	if (!press_value_is_whole(*out)) {
		*out = NULL;
		return fault_set(f, FAULT_INPUT, "this JSON is nested deeper than %d or too large", JSON_DEPTH);
	}
	(*out)->is_known_whole = true;
	return true;
}
