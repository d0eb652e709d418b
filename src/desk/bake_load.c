/* bake_load.c: everything about all stories but their bodies.
 *
 * Decides: how stories, groups, terms and lists lie in memory while baking. Leaves to others: pages. Runs in: desk's
 * bake. The hard thing: ten thousand stories in some tens of milliseconds, so rows come in one order and are merged,
 * not looked up.
 * SPDX-License-Identifier: ISC */
#include "base/fault.h"
#include "desk/bake.h"
#include "desk/story_store.h"
#include "gen/desk_sql.h"
#include "press/words.h"
#include "store/store.h"

/* A growing table of texts, each with a number. */
struct intern {
	struct arena *arena;
	struct str *texts;
	uint32_t *slots;
	size_t count, room, mask;
};

static uint32_t hash_text(struct str text)
{
	uint32_t hash = 2166136261u;
	size_t i;

	for (i = 0; i < text.len; i++)
		hash = (hash ^ (unsigned char) text.at[i]) * 16777619u;
	return hash;
}

static bool intern_grow(struct intern *table)
{
	size_t room = table->room > 0 ? table->room * 2 : 1024;
	struct str *texts = arena_alloc_many(table->arena, room, sizeof(*texts));
	uint32_t *slots = arena_alloc_many(table->arena, room * 2, sizeof(*slots));
	size_t mask = room * 2 - 1;
	size_t i;

	if (texts == NULL || slots == NULL)
		return false;
	if (table->count > 0)
		memcpy(texts, table->texts, table->count * sizeof(*texts));
	for (i = 1; i < table->count; i++) {
		size_t slot = hash_text(texts[i]) & mask;

		while (slots[slot] != 0)
			slot = (slot + 1) & mask;
		slots[slot] = (uint32_t) i;
	}
	table->texts = texts;
	table->slots = slots;
	table->room = room;
	table->mask = mask;
	return true;
}

/* The text's number, from 1; 0 when the arena is full. */
static uint32_t intern(struct intern *table, struct str text)
{
	size_t slot;

	if (table->count + 1 >= table->room && !intern_grow(table))
		return 0;
	if (table->count == 0)
		table->count = 1; /* 0 is nobody's */
	for (slot = hash_text(text) & table->mask; table->slots[slot] != 0; slot = (slot + 1) & table->mask)
		if (str_equal(table->texts[table->slots[slot]], text))
			return table->slots[slot];
	table->texts[table->count] = str_copy(text, table->arena);
	table->slots[slot] = (uint32_t) table->count;
	return (uint32_t) table->count++;
}

/* --- stories --- */

static bool load_stories(struct bake *bake, struct fault *f)
{
	struct store_rows rows;
	size_t room = 0;

	if (!store_rows_begin(bake->db, DESK_SQL_STORY_ALL, STORE_NO_ARGS, &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		if (bake->count == room) {
			size_t more = room > 0 ? room * 2 : 64;
			struct bake_story *stories = arena_alloc_many(&bake->arena, more, sizeof(*stories));

			if (stories == NULL) {
				(void) store_rows_end(&rows);
				return fault_full(f, "the site");
			}
			if (bake->lists != NULL)
				memcpy(stories, bake->stories, room * sizeof(*stories));
			bake->stories = stories;
			room = more;
		}
		bake->stories[bake->count].story = (struct story){0};
		if (story_from_row(&rows, &bake->arena, &bake->stories[bake->count].story))
			bake->count++;
	}
	return store_rows_end(&rows);
}

struct by_id {
	int64_t id;
	uint32_t position;
};

static int compare_ids(const void *a, const void *b)
{
	int64_t x = ((const struct by_id *) a)->id;
	int64_t y = ((const struct by_id *) b)->id;

	return (x > y) - (x < y);
}

/* Rows come sorted by story id, so one walk over the sorted ids finds each row's story. */
struct merge {
	struct by_id *ids;
	size_t count, at;
};

static bool merge_begin(struct bake *bake, struct merge *merge)
{
	size_t i;

	merge->ids = arena_alloc_many(&bake->arena, bake->count + 1, sizeof(*merge->ids));
	merge->count = bake->count;
	if (merge->ids == NULL)
		return false;
	for (i = 0; i < bake->count; i++)
		merge->ids[i] = (struct by_id){bake->stories[i].story.id, (uint32_t) i};
	qsort(merge->ids, bake->count, sizeof(*merge->ids), compare_ids);
	return true;
}

static struct bake_story *merge_next(struct bake *bake, struct merge *merge, int64_t id)
{
	while (merge->at < merge->count && merge->ids[merge->at].id < id)
		merge->at++;
	return merge->at < merge->count && merge->ids[merge->at].id == id ? &bake->stories[merge->ids[merge->at].position]
		: NULL;
}

static bool load_names(struct bake *bake, struct merge *merge, bool is_topic, struct fault *f)
{
	struct store_rows rows;

	merge->at = 0;
	if (!store_rows_begin(bake->db, is_topic ? DESK_SQL_TOPIC_ALL : DESK_SQL_AUTHOR_ALL, STORE_NO_ARGS, &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		struct bake_story *of = merge_next(bake, merge, store_column_i64(&rows, 0));

		if (of != NULL && is_topic && of->story.topic_count < STORY_TOPICS)
			of->story.topics[of->story.topic_count++] = store_column_copy(&rows, 1, &bake->arena);
		else if (of != NULL && !is_topic && of->story.author_count < STORY_AUTHORS)
			of->story.authors[of->story.author_count++] = store_column_copy(&rows, 1, &bake->arena);
	}
	return store_rows_end(&rows);
}

static bool load_terms(struct bake *bake, struct merge *merge, struct fault *f)
{
	struct intern terms = {.arena = &bake->arena};
	struct store_rows rows;

	merge->at = 0;
	bake->terms = arena_alloc_many(&bake->arena, bake->count + 1, sizeof(*bake->terms));
	if (bake->terms == NULL)
		return fault_full(f, "the site");
	if (!store_rows_begin(bake->db, DESK_SQL_TERM_ALL, STORE_NO_ARGS, &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		struct bake_story *of = merge_next(bake, merge, store_column_i64(&rows, 0));

		if (of != NULL && of->story.term_count < STORY_TERMS)
			bake->terms[of - bake->stories].at[of->story.term_count++] = intern(&terms, store_column_text(&rows, 1));
	}
	bake->term_count = terms.count + 1;
	bake->stamps = arena_alloc_many(&bake->arena, bake->term_count, sizeof(*bake->stamps));
	return store_rows_end(&rows) && (bake->stamps != NULL || fault_full(f, "the site"));
}

static bool load_corrections(struct bake *bake, struct merge *merge, struct fault *f)
{
	struct store_rows rows;

	merge->at = 0;
	if (!store_rows_begin(bake->db, DESK_SQL_CORRECTION_ALL, STORE_NO_ARGS, &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		struct bake_story *of = merge_next(bake, merge, store_column_i64(&rows, 0));

		if (of != NULL && of->story.correction_count < STORY_CORRECTIONS) {
			struct story_correction *correction = &of->story.corrections[of->story.correction_count++];

			*correction = (struct story_correction){.made = {store_column_i64(&rows, 1)},
				.text = store_column_copy(&rows, 2, &bake->arena), .grave = store_column_i64(&rows, 3) != 0};
			(void) story_correction_parse(store_column_text(&rows, 4), &correction->kind);
		}
	}
	return store_rows_end(&rows);
}

/* --- groups --- */

static bool group_add(struct bake *bake, uint32_t group, uint32_t position)
{
	struct bake_group *in = &bake->groups[group];

	if (in->count == in->room) {
		size_t room = in->room > 0 ? in->room * 2 : 8;
		uint32_t *stories = arena_alloc_many(&bake->arena, room, sizeof(*stories));

		if (stories == NULL)
			return false;
		if (in->count > 0)
			memcpy(stories, in->stories, in->count * sizeof(*stories));
		in->stories = stories;
		in->room = room;
	}
	in->stories[in->count++] = position;
	return true;
}

/* Sections and topics are one group where their slugs are one; '#' keeps the two kinds apart. */
static uint32_t group_of(struct bake *bake, struct intern *names, char kind, struct str name)
{
	struct fault ignored = {0};
	struct slug slug;
	char key[128];

	(void) bake;
	if (!slug_from(name, &slug, &ignored))
		return 0;
	snprintf(key, sizeof(key), "%c%s", kind, slug.text);
	return intern(names, str_from(key));
}

static bool load_groups(struct bake *bake, struct fault *f)
{
	struct intern names = {.arena = &bake->arena};
	bool ok = true;
	size_t i;
	size_t k;

	for (i = 0; i < bake->count; i++) {
		struct bake_story *of = &bake->stories[i];
		struct story *story = &of->story;

		of->section = story->section.len > 0 ? group_of(bake, &names, '#', story->section) : 0;
		if (of->section != 0)
			of->section_href = str_format(&bake->arena, "section/%.*s/",
				STR_ARG(str_part(names.texts[of->section], 1, SIZE_MAX)));
		for (k = 0; k < story->topic_count; k++)
			of->topics[k] = group_of(bake, &names, '=', story->topics[k]);
	}
	bake->group_count = names.count + 1;
	bake->groups = arena_alloc_many(&bake->arena, bake->group_count, sizeof(*bake->groups));
	for (i = 1; bake->groups != NULL && i < names.count; i++)
		bake->groups[i].name = str_part(names.texts[i], 1, SIZE_MAX);
	for (i = 0; i < bake->count && ok && bake->groups != NULL; i++) {
		const struct bake_story *of = &bake->stories[i];

		if (of->story.state != STORY_PUBLISHED)
			continue;
		ok = group_add(bake, of->section, (uint32_t) i);
		for (k = 0; k < of->story.topic_count && ok; k++)
			ok = group_add(bake, of->topics[k], (uint32_t) i);
	}
	return (ok && bake->groups != NULL) || fault_full(f, "the site");
}

/* --- lists --- */

static bool load_list_rows(struct bake *bake, struct fault *f)
{
	struct store_rows rows;
	size_t room = 0;
	bool ok = true;
	size_t i;

	if (!store_rows_begin(bake->db, DESK_SQL_LIST_ALL, STORE_NO_ARGS, &rows, f))
		return false;
	while (ok && store_rows_next(&rows, f)) {
		struct bake_list *list;

		if (bake->list_count == room) {
			size_t more = room > 0 ? room * 2 : 64;
			struct bake_list *lists = arena_alloc_many(&bake->arena, more, sizeof(*lists));

			if (lists == NULL) {
				ok = fault_full(f, "the site");
				break;
			}
			if (bake->lists != NULL)
				memcpy(lists, bake->lists, room * sizeof(*lists));
			bake->lists = lists;
			room = more;
		}
		list = &bake->lists[bake->list_count];
		*list = (struct bake_list){.id = store_column_i64(&rows, 0), .kind = store_column_copy(&rows, 1, &bake->arena),
			.slug = store_column_copy(&rows, 2, &bake->arena), .name = store_column_copy(&rows, 3, &bake->arena),
			.slots = (size_t) store_column_i64(&rows, 4), .is_touched = bake->is_full};
		list->stories = arena_alloc_many(&bake->arena, list->slots + 1, sizeof(*list->stories));
		if (list->stories == NULL) {
			ok = fault_full(f, "the site");
			break;
		}
		for (i = 0; i < list->slots; i++)
			list->stories[i] = UINT32_MAX;
		bake->list_count++;
	}
	return store_rows_end(&rows) && ok;
}

static bool load_slots(struct bake *bake, const struct merge *merge, struct fault *f)
{
	struct store_rows rows;
	size_t i = 0;

	if (!store_rows_begin(bake->db, DESK_SQL_LIST_SLOTS, STORE_NO_ARGS, &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		int64_t id = store_column_i64(&rows, 0);
		size_t slot = (size_t) store_column_i64(&rows, 1);
		const struct by_id wanted = {store_column_i64(&rows, 2), 0};
		const struct by_id *found = bsearch(&wanted, merge->ids, merge->count, sizeof(wanted), compare_ids);

		while (i < bake->list_count && bake->lists[i].id < id)
			i++; /* both are sorted by the list's id */
		if (i < bake->list_count && bake->lists[i].id == id && found != NULL && slot < bake->lists[i].slots)
			bake->lists[i].stories[slot] = found->position;
	}
	return store_rows_end(&rows);
}

static int compare_list_ids(const void *a, const void *b)
{
	int64_t x = ((const struct bake_list *) a)->id;
	int64_t y = ((const struct bake_list *) b)->id;

	return (x > y) - (x < y);
}

bool bake_load(struct bake *bake, struct fault *f)
{
	struct merge merge = {0};

	if (!load_stories(bake, f))
		return false;
	if (!merge_begin(bake, &merge))
		return fault_full(f, "the site");
	if (!load_names(bake, &merge, true, f) || !load_names(bake, &merge, false, f) || !load_terms(bake, &merge, f)
		|| !load_corrections(bake, &merge, f) || !load_groups(bake, f) || !load_list_rows(bake, f))
		return false;
	if (bake->list_count > 1)
		qsort(bake->lists, bake->list_count, sizeof(*bake->lists), compare_list_ids);
	return load_slots(bake, &merge, f);
}

struct bake_story *bake_find(struct bake *bake, int64_t id)
{
	size_t i;

	for (i = 0; i < bake->count; i++)
		if (bake->stories[i].story.id == id)
			return &bake->stories[i];
	return NULL;
}

const struct bake_list *bake_find_list(const struct bake *bake, const char *kind, struct str slug)
{
	size_t i;

	for (i = 0; i < bake->list_count; i++)
		if (str_is(bake->lists[i].kind, kind) && str_equal(bake->lists[i].slug, slug))
			return &bake->lists[i];
	return NULL;
}
