/* bake_load.c: everything about all stories but their bodies.
 *
 * Decides: how stories, names and lists lie in memory while everything is baked. Leaves to others: pages; what a bake of
 * few changes has at hand (bake_hand.c). Runs in: desk's bake. The hard thing: ten thousand stories in some tens of
 * milliseconds, and a hundred thousand in a quarter of a gigabyte: so rows come in one order and are taken as they come.
 * SPDX-License-Identifier: ISC */
#include "base/fault.h"
#include "desk/bake.h"
#include "desk/story_store.h"
#include "gen/desk_sql.h"
#include "press/words.h"
#include "store/store.h"

/* --- stories --- */

static bool load_stories(struct bake *bake, struct fault *f)
{
	struct store_rows rows;
	int64_t published = 0;
	bool ok = true;

	if (!store_number(bake->db, DESK_SQL_HAND_COUNT, STORE_NO_ARGS, &published, f))
		return false;
	bake->stories = arena_alloc_many(&bake->arena, (size_t) published + 1, sizeof(*bake->stories));
	if (bake->stories == NULL)
		return fault_full(f, "the site");
	if (!store_rows_begin(bake->db, DESK_SQL_STORY_ALL, STORE_NO_ARGS, &rows, f))
		return false;
	while (ok && store_rows_next(&rows, f)) {
		struct bake_story *of = &bake->stories[bake->count];

		if (bake->count == (size_t) published || !story_from_row(&rows, &bake->arena, &of->story))
			continue;
		story_focus_from_row(&rows, 19, &of->story);
		of->story.is_sensitive = store_column_i64(&rows, 21) != 0;
		of->is_page = of->is_whole = true;
		ok = bake_ids_put(&bake->positions, of->story.id) == bake->count || fault_full(f, "the site");
		bake->count++;
	}
	return store_rows_end(&rows) && ok;
}

static bool load_names(struct bake *bake, bool is_topic, struct fault *f)
{
	struct store_rows rows;

	if (!store_rows_begin(bake->db, is_topic ? DESK_SQL_TOPIC_ALL : DESK_SQL_AUTHOR_ALL, STORE_NO_ARGS, &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		struct bake_story *of = bake_find(bake, store_column_i64(&rows, 0));

		if (of != NULL && is_topic && of->story.topic_count < STORY_TOPICS)
			of->story.topics[of->story.topic_count++] = store_column_copy(&rows, 1, &bake->arena);
		else if (of != NULL && !is_topic && of->story.author_count < STORY_AUTHORS)
			of->story.authors[of->story.author_count++] = store_column_copy(&rows, 1, &bake->arena);
	}
	return store_rows_end(&rows);
}

/* first: the column of made, text, grave, kind. */
static void take_correction(struct bake *bake, struct bake_story *of, const struct store_rows *rows, int first)
{
	struct story_correction *correction;

	if (of == NULL || of->story.correction_count == STORY_CORRECTIONS)
		return;
	correction = &of->story.corrections[of->story.correction_count++];
	*correction = (struct story_correction){.made = {store_column_i64(rows, first)},
		.text = store_column_copy(rows, first + 1, &bake->arena), .grave = store_column_i64(rows, first + 2) != 0};
	(void) story_correction_parse(store_column_text(rows, first + 3), &correction->kind);
}

static bool load_corrections(struct bake *bake, struct fault *f)
{
	struct store_rows rows;

	if (!store_rows_begin(bake->db, DESK_SQL_CORRECTION_ALL, STORE_NO_ARGS, &rows, f))
		return false;
	while (store_rows_next(&rows, f))
		take_correction(bake, bake_find(bake, store_column_i64(&rows, 0)), &rows, 1);
	return store_rows_end(&rows);
}

/* --- names of sections, topics and authors --- */

/* '#', '=', '@' keep them apart. 0: it has no address, or there is no room. Making a slug costs ten times what finding it here does. */
static uint32_t group_of(struct bake *bake, char kind, struct str name, bool *ok)
{
	struct fault ignored = {0};
	struct slug slug;
	char key[512];
	uint32_t group;

	if (name.len == 0 || name.len > sizeof(key) - 1)
		return 0;
	key[0] = kind;
	memcpy(key + 1, name.at, name.len);
	group = bake_words_put(&bake->names, str_make(key, name.len + 1));
	if (group >= bake->group_room) {
		size_t room = bake->group_room > 0 ? bake->group_room * 2 : 256;
		struct bake_group *grown = arena_alloc_many(&bake->arena, room, sizeof(*grown));

		if (grown == NULL) {
			*ok = false;
			return 0;
		}
		if (bake->group_room > 0)
			memcpy(grown, bake->groups, bake->group_room * sizeof(*grown));
		bake->groups = grown;
		bake->group_room = room;
	}
	if (bake->groups[group].name.len == 0) {
		if (!slug_from(name, &slug, &ignored))
			return 0;
		bake->groups[group].name = str_copy(str_from(slug.text), &bake->arena);
	}
	return group;
}

struct str bake_author_slug(struct bake *bake, struct str name)
{
	bool ok = true;
	uint32_t group = group_of(bake, '@', name, &ok);

	return group != 0 ? bake->groups[group].name : (struct str){NULL, 0};
}

bool bake_set_groups(struct bake *bake, struct bake_story *of, struct fault *f)
{
	bool ok = true;
	size_t i;

	of->section = group_of(bake, '#', of->story.section, &ok);
	if (of->section != 0)
		of->section_href = bake_join(&bake->arena, STR("section/"), bake->groups[of->section].name, STR("/"));
	for (i = 0; i < of->story.topic_count; i++)
		of->topics[i] = group_of(bake, '=', of->story.topics[i], &ok);
	return ok || fault_full(f, "the site");
}

bool bake_load_whole(struct bake *bake, struct bake_story *of, struct fault *f)
{
	const struct store_value id[] = {store_i64(of->story.id)};
	struct store_rows rows;
	bool ok;

	ok = store_rows_begin(bake->db, DESK_SQL_TOPIC_OF, id, 1, &rows, f);
	while (ok && store_rows_next(&rows, f))
		if (of->story.topic_count < STORY_TOPICS)
			of->story.topics[of->story.topic_count++] = store_column_copy(&rows, 0, &bake->arena);
	ok = ok && store_rows_end(&rows) && store_rows_begin(bake->db, DESK_SQL_AUTHOR_OF, id, 1, &rows, f);
	while (ok && store_rows_next(&rows, f))
		if (of->story.author_count < STORY_AUTHORS)
			of->story.authors[of->story.author_count++] = store_column_copy(&rows, 0, &bake->arena);
	ok = ok && store_rows_end(&rows) && store_rows_begin(bake->db, DESK_SQL_CORRECTION_OF, id, 1, &rows, f);
	while (ok && store_rows_next(&rows, f))
		take_correction(bake, of, &rows, 0);
	return ok && store_rows_end(&rows);
}

/* --- "Read more" --- */

static bool load_kin(struct bake *bake, struct fault *f)
{
	struct store_rows rows;
	bool ok = true;
	size_t i;

	for (i = 0; i < bake->count && ok; i++)
		ok = kin_add(&bake->kin, bake->stories[i].story.id, bake->stories[i].story.published.us);
	if (!ok || !store_rows_begin(bake->db, DESK_SQL_KIN_ALL, STORE_NO_ARGS, &rows, f))
		return ok ? false : fault_full(f, "the site");
	while (ok && store_rows_next(&rows, f))
		ok = kin_join(&bake->kin, store_column_i64(&rows, 0), store_column_i64(&rows, 3) != 0, store_column_i64(&rows, 1));
	if (!store_rows_end(&rows))
		return false;
	if (!ok || !kin_seal(&bake->kin))
		return fault_full(f, "the site");
	return kin_load_terms(&bake->kin, bake->db, true, f);
}

size_t bake_more(struct bake *bake, size_t position, uint32_t out[BAKE_MORE])
{
	uint32_t node = kin_find(&bake->kin, bake->stories[position].story.id);
	uint32_t nodes[BAKE_MORE];
	size_t found = node != BAKE_NOWHERE ? kin_related(&bake->kin, node, nodes) : 0;
	size_t count = 0;
	size_t i;

	for (i = 0; i < found; i++) {
		out[count] = bake_ids_find(&bake->positions, bake->kin.nodes[nodes[i]].id);
		if (out[count] != BAKE_NOWHERE && bake->stories[out[count]].story.state == STORY_PUBLISHED)
			count++;
	}
	return count;
}

/* --- lists --- */

bool bake_list_room(struct bake *bake, struct bake_list *list, struct fault *f)
{
	size_t i;

	list->stories = arena_alloc_many(&bake->arena, list->slots + 1, sizeof(*list->stories));
	list->numbers = arena_alloc_many(&bake->arena, list->slots / BAKE_LIST_PAGE + 1, sizeof(*list->numbers));
	if (list->stories == NULL || list->numbers == NULL)
		return fault_full(f, "the site");
	for (i = 0; i < list->slots; i++)
		list->stories[i] = BAKE_NOWHERE;
	return true;
}

static bool load_list_rows(struct bake *bake, struct bake_ids *ids, struct fault *f)
{
	struct store_rows rows;
	size_t room = 0;
	bool ok = true;

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
		list = &bake->lists[bake->list_count++];
		*list = (struct bake_list){.id = store_column_i64(&rows, 0), .kind = store_column_copy(&rows, 1, &bake->arena),
			.slug = store_column_copy(&rows, 2, &bake->arena), .name = store_column_copy(&rows, 3, &bake->arena),
			.slots = (size_t) store_column_i64(&rows, 4), .is_touched = true, .is_all = true, .is_empty = true};
		ok = bake_list_room(bake, list, f) && (bake_ids_put(ids, list->id) != BAKE_NOWHERE || fault_full(f, "the site"));
	}
	return store_rows_end(&rows) && ok;
}

static bool load_slots(struct bake *bake, const struct bake_ids *ids, struct fault *f)
{
	struct store_rows rows;

	if (!store_rows_begin(bake->db, DESK_SQL_LIST_SLOTS, STORE_NO_ARGS, &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		uint32_t number = bake_ids_find(ids, store_column_i64(&rows, 0));
		struct bake_list *list = number != BAKE_NOWHERE ? &bake->lists[number] : NULL;
		size_t slot = (size_t) store_column_i64(&rows, 1);
		uint32_t position = bake_ids_find(&bake->positions, store_column_i64(&rows, 2));

		if (list == NULL || slot >= list->slots || position == BAKE_NOWHERE)
			continue;
		list->stories[slot] = position;
		list->is_empty = false;
	}
	return store_rows_end(&rows);
}

bool bake_load(struct bake *bake, struct fault *f)
{
	struct bake_ids lists = {.arena = &bake->arena};
	bool ok;
	size_t i;

	ok = load_stories(bake, f) && load_names(bake, true, f) && load_names(bake, false, f) && load_corrections(bake, f);
	for (i = 0; i < bake->count && ok; i++)
		ok = bake_set_groups(bake, &bake->stories[i], f);
	bake->addresses_changed = bake->issues_changed = true;
	return ok && load_kin(bake, f) && load_list_rows(bake, &lists, f) && load_slots(bake, &lists, f);
}

/* --- finding --- */

struct bake_story *bake_find(struct bake *bake, int64_t id)
{
	uint32_t position = bake_ids_find(&bake->positions, id);

	return position != BAKE_NOWHERE ? &bake->stories[position] : NULL;
}

const struct bake_list *bake_find_list(const struct bake *bake, const char *kind, struct str slug)
{
	size_t i;

	for (i = 0; i < bake->list_count; i++)
		if (str_is(bake->lists[i].kind, kind) && str_equal(bake->lists[i].slug, slug))
			return &bake->lists[i];
	return NULL;
}
