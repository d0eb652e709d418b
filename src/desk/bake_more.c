/* bake_more.c: "Read more".
 *
 * Decides: which stories are related (bake_more.h says how). Leaves to others: the terms (press/words_terms), which stories are
 * looked at (bake_load.c: all; bake_hand.c: what a change can reach). Runs in: desk's bake. The hard thing: it gives the same
 * whether all stories are here or only the windows of one: it looks at nothing but the newest of what is older.
 * SPDX-License-Identifier: ISC */
#include "desk/bake_more.h"

#include <stdlib.h>
#include "base/fault.h"
#include "gen/desk_sql.h"
#include "store/store.h"

/* --- filling --- */

static bool room_for_one(struct arena *arena, void **at, size_t count, size_t *room, size_t size)
{
	size_t more = *room > 0 ? *room * 2 : 64;
	void *grown;

	if (count < *room)
		return true;
	grown = arena_alloc_many(arena, more, size);
	if (grown == NULL)
		return false;
	if (count > 0)
		memcpy(grown, *at, count * size);
	*at = grown;
	*room = more;
	return true;
}

bool kin_add(struct kin *kin, int64_t id, int64_t published)
{
	void *nodes = kin->nodes;
	uint32_t number;

	kin->ids.arena = kin->words.arena = kin->arena;
	number = bake_ids_put(&kin->ids, id);
	if (number == BAKE_NOWHERE || number < kin->count)
		return number != BAKE_NOWHERE;
	if (!room_for_one(kin->arena, &nodes, kin->count, &kin->room, sizeof(*kin->nodes)))
		return false;
	kin->nodes = nodes;
	kin->nodes[kin->count++] = (struct kin_node){.id = id, .published = published};
	return true;
}

bool kin_join(struct kin *kin, int64_t list, bool is_section, int64_t story)
{
	void *links = kin->links;

	if (!room_for_one(kin->arena, &links, kin->link_count, &kin->link_room, sizeof(*kin->links)))
		return false;
	kin->links = links;
	kin->links[kin->link_count++] = (struct kin_link){.list = list, .story = story, .is_section = is_section};
	return true;
}

/* --- sealing --- */

static int compare_nodes(const void *a, const void *b)
{
	const struct kin_node *x = a;
	const struct kin_node *y = b;

	if (x->published != y->published)
		return x->published > y->published ? 1 : -1;
	return (x->id > y->id) - (x->id < y->id);
}

static int compare_links(const void *a, const void *b)
{
	const struct kin_link *x = a;
	const struct kin_link *y = b;

	if (x->list != y->list)
		return x->list > y->list ? 1 : -1;
	return (x->node > y->node) - (x->node < y->node);
}

static bool is_sorted(const void *at, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	const char *one = at;
	size_t i;

	for (i = 1; i < count; i++)
		if (compare(one + (i - 1) * size, one + i * size) > 0)
			return false;
	return true;
}

static void sort(void *at, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	if (!is_sorted(at, count, size, compare)) /* all stories come from the database in their order */
		qsort(at, count, size, compare);
}

/* Links of stories that are not here, and those that are here twice, go. */
static void tidy_links(struct kin *kin)
{
	size_t count = 0;
	size_t i;

	for (i = 0; i < kin->link_count; i++) {
		kin->links[i].node = kin_find(kin, kin->links[i].story);
		if (kin->links[i].node != BAKE_NOWHERE)
			kin->links[count++] = kin->links[i];
	}
	kin->link_count = count;
	sort(kin->links, kin->link_count, sizeof(*kin->links), compare_links);
	for (i = count = 0; i < kin->link_count; i++)
		if (i == 0 || compare_links(&kin->links[i - 1], &kin->links[i]) != 0)
			kin->links[count++] = kin->links[i];
	kin->link_count = count;
}

static bool make_groups(struct kin *kin)
{
	uint32_t *members = arena_alloc_many(kin->arena, kin->link_count + 1, sizeof(*members));
	uint32_t before = 0;
	size_t groups = 0;
	size_t i;

	for (i = 0; i < kin->link_count; i++)
		groups += i == 0 || kin->links[i].list != kin->links[i - 1].list;
	kin->groups = arena_alloc_many(kin->arena, groups + 1, sizeof(*kin->groups));
	kin->of = arena_alloc_many(kin->arena, kin->link_count + 1, sizeof(*kin->of));
	if (members == NULL || kin->groups == NULL || kin->of == NULL)
		return false;
	for (i = 0; i < kin->link_count; i++)
		kin->nodes[kin->links[i].node].group_count++;
	for (i = 0; i < kin->count; i++) {
		kin->nodes[i].groups = before;
		before += kin->nodes[i].group_count;
		kin->nodes[i].group_count = 0;
	}
	for (i = 0; i < kin->link_count; i++) {
		struct kin_node *node = &kin->nodes[kin->links[i].node];

		if (i == 0 || kin->links[i].list != kin->links[i - 1].list)
			kin->groups[kin->group_count++] = (struct kin_group){.nodes = members + i, .is_section = kin->links[i].is_section};
		members[i] = kin->links[i].node;
		kin->groups[kin->group_count - 1].count++;
		kin->of[node->groups + node->group_count++] = (uint32_t) kin->group_count - 1;
	}
	return true;
}

bool kin_seal(struct kin *kin)
{
	size_t i;

	sort(kin->nodes, kin->count, sizeof(*kin->nodes), compare_nodes);
	kin->ids = (struct bake_ids){.arena = kin->arena};
	for (i = 0; i < kin->count; i++)
		if (bake_ids_put(&kin->ids, kin->nodes[i].id) == BAKE_NOWHERE)
			return false;
	kin->terms = arena_alloc_many(kin->arena, kin->count + 1, sizeof(*kin->terms));
	tidy_links(kin);
	return kin->terms != NULL && make_groups(kin);
}

uint32_t kin_find(const struct kin *kin, int64_t id)
{
	return bake_ids_find(&kin->ids, id);
}

/* --- terms --- */

static bool load_all_terms(struct kin *kin, struct store *db, struct fault *f)
{
	struct store_rows rows;
	int64_t last = 0;
	uint32_t node = BAKE_NOWHERE;
	size_t count = 0;

	if (!store_rows_begin(db, DESK_SQL_TERM_ALL, STORE_NO_ARGS, &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		int64_t story = store_column_i64(&rows, 0);

		if (story != last) { /* the rows of a story stand together */
			node = kin_find(kin, story);
			last = story;
			count = 0;
		}
		if (node != BAKE_NOWHERE && count < STORY_TERMS)
			kin->terms[node].at[count++] = bake_words_put(&kin->words, store_column_text(&rows, 1));
	}
	return store_rows_end(&rows);
}

static bool load_terms_of(struct kin *kin, struct store *db, size_t node, struct fault *f)
{
	struct store_rows rows;
	size_t count = 0;

	if (!store_rows_begin(db, DESK_SQL_TERM_OF, STORE_ARGS(store_i64(kin->nodes[node].id)), &rows, f))
		return false;
	while (store_rows_next(&rows, f))
		if (count < STORY_TERMS)
			kin->terms[node].at[count++] = bake_words_put(&kin->words, store_column_text(&rows, 0));
	return store_rows_end(&rows);
}

bool kin_load_terms(struct kin *kin, struct store *db, bool is_all, struct fault *f)
{
	bool ok = !is_all || load_all_terms(kin, db, f);
	size_t i;

	for (i = 0; i < kin->count && ok && !is_all; i++)
		ok = load_terms_of(kin, db, i, f);
	kin->stamps = arena_alloc_many(kin->arena, kin->words.count + 1, sizeof(*kin->stamps));
	return ok && (kin->stamps != NULL || fault_full(f, "the site"));
}

/* --- choosing --- */

struct choosing {
	struct kin *kin;
	uint32_t node;
	uint32_t out[BAKE_MORE];
	uint32_t score[BAKE_MORE];
	size_t count;
};

static bool is_chosen(const struct choosing *c, uint32_t candidate)
{
	size_t i;

	for (i = 0; i < c->count; i++)
		if (c->out[i] == candidate)
			return true;
	return candidate == c->node;
}

static uint32_t score_of(const struct choosing *c, uint32_t candidate)
{
	const uint32_t *stamps = c->kin->stamps;
	const struct bake_terms *terms = &c->kin->terms[candidate];
	uint32_t stamp = c->node + 1;
	uint32_t score = 1;
	size_t i;

	for (i = 0; i < STORY_TERMS; i++)
		score += stamps[terms->at[i]] == stamp;
	return score;
}

/* Keeps the best, the newer first among equals. */
static void offer(struct choosing *c, uint32_t candidate)
{
	uint32_t score = score_of(c, candidate);
	size_t at;

	if (c->count == BAKE_MORE && score < c->score[BAKE_MORE - 1])
		return;
	if (is_chosen(c, candidate))
		return;
	at = c->count;
	while (at > 0 && (score > c->score[at - 1] || (score == c->score[at - 1] && candidate > c->out[at - 1])))
		at--;
	if (at == BAKE_MORE)
		return;
	if (c->count < BAKE_MORE)
		c->count++;
	memmove(c->out + at + 1, c->out + at, (c->count - 1 - at) * sizeof(c->out[0]));
	memmove(c->score + at + 1, c->score + at, (c->count - 1 - at) * sizeof(c->score[0]));
	c->out[at] = candidate;
	c->score[at] = score;
}

/* How many of the group are older than the story. */
static size_t older_in(const struct kin_group *group, uint32_t node)
{
	size_t low = 0;
	size_t high = group->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (group->nodes[middle] < node)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void fill(struct choosing *c, const uint32_t *from, size_t count)
{
	while (count > 0 && c->count < BAKE_MORE) {
		uint32_t candidate = from != NULL ? from[count - 1] : (uint32_t) count - 1;

		count--;
		if (!is_chosen(c, candidate))
			c->out[c->count++] = candidate;
	}
}

size_t kin_related(struct kin *kin, uint32_t node, uint32_t out[BAKE_MORE])
{
	const uint32_t *of = kin->of + kin->nodes[node].groups;
	const uint32_t *of_end = of + kin->nodes[node].group_count;
	struct choosing c = {.kin = kin, .node = node};
	const uint32_t *at;
	uint32_t newer;
	size_t i;

	for (i = 0; i < STORY_TERMS; i++)
		kin->stamps[kin->terms[node].at[i]] = node + 1;
	kin->stamps[0] = 0; /* no term is no match */
	for (at = of; at < of_end; at++) {
		const struct kin_group *topic = &kin->groups[*at];
		size_t older = topic->is_section ? 0 : older_in(topic, node);

		for (i = 0; i < BAKE_MORE_WINDOW && i < older; i++)
			offer(&c, topic->nodes[older - 1 - i]);
	}
	for (at = of; at < of_end; at++)
		if (kin->groups[*at].is_section)
			fill(&c, kin->groups[*at].nodes, older_in(&kin->groups[*at], node));
	fill(&c, NULL, node);
	for (newer = node + 1; newer < kin->count && c.count < BAKE_MORE; newer++)
		if (!is_chosen(&c, newer))
			c.out[c.count++] = newer;
	memcpy(out, c.out, sizeof(c.out));
	return c.count;
}
