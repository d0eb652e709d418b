/* bake_more.c: "Read more".
 *
 * Decides: which stories are related: of the newest 200 older ones per shared topic those with most key terms in
 * common, then the section's newest older ones, then any. Leaves to others: the terms. Runs in: desk's bake. The hard
 * thing: a new story may not change older pages, so only older stories are looked at; the first few of a young archive
 * take the next newer ones.
 * SPDX-License-Identifier: ISC */
#include "base/fault.h"
#include "base/file.h"
#include "desk/bake.h"

enum { FILE_BYTES = 64 * 1024 * 1024 };

struct choosing {
	struct bake *bake;
	size_t position;
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
	return candidate == c->position || c->bake->stories[candidate].story.state != STORY_PUBLISHED;
}

static uint32_t score_of(const struct choosing *c, uint32_t candidate)
{
	const uint32_t *stamps = c->bake->stamps;
	const struct bake_terms *terms = &c->bake->terms[candidate];
	uint32_t stamp = (uint32_t) c->position + 1;
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
static size_t older_in(const struct bake_group *group, size_t position)
{
	size_t low = 0;
	size_t high = group->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (group->stories[middle] < position)
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

size_t bake_more(struct bake *bake, size_t position, uint32_t out[BAKE_MORE])
{
	const struct bake_story *of = &bake->stories[position];
	struct choosing c = {.bake = bake, .position = position};
	const struct bake_group *section = &bake->groups[of->section];
	uint32_t newer;
	size_t i;
	size_t k;

	for (i = 0; i < STORY_TERMS; i++)
		bake->stamps[bake->terms[position].at[i]] = (uint32_t) position + 1;
	bake->stamps[0] = 0; /* no term is no match */
	for (i = 0; i < of->story.topic_count; i++) {
		const struct bake_group *topic = &bake->groups[of->topics[i]];
		size_t older = older_in(topic, position);

		for (k = 0; k < BAKE_MORE_WINDOW && k < older; k++)
			offer(&c, topic->stories[older - 1 - k]);
	}
	if (of->section != 0)
		fill(&c, section->stories, older_in(section, position));
	fill(&c, NULL, position);
	for (newer = (uint32_t) position + 1; newer < bake->count && c.count < BAKE_MORE; newer++)
		if (!is_chosen(&c, newer))
			c.out[c.count++] = newer;
	memcpy(out, c.out, sizeof(c.out));
	return c.count;
}

/* --- _more: one line a story: its id, then those that its page names --- */

struct place {
	int64_t id;
	uint32_t position;
};

static int by_id(const void *a, const void *b)
{
	int64_t x = ((const struct place *) a)->id;
	int64_t y = ((const struct place *) b)->id;

	return (x > y) - (x < y);
}

static bool place_of(const struct place *places, size_t count, struct str text, uint32_t *position)
{
	struct place wanted = {0};
	const struct place *found;

	if (!str_to_i64(text, &wanted.id))
		return false;
	found = bsearch(&wanted, places, count, sizeof(wanted), by_id);
	if (found != NULL)
		*position = found->position;
	return found != NULL;
}

static void read_line(struct bake *bake, const struct place *places, struct str line)
{
	struct bake_related related = {.is_known = true};
	uint32_t position = 0;
	struct str piece;

	if (!str_next(&line, ' ', &piece) || !place_of(places, bake->count, piece, &position))
		return;
	while (str_next(&line, ' ', &piece)) {
		if (related.count == BAKE_MORE || !place_of(places, bake->count, piece, &related.at[related.count]))
			return; /* not known, then: the page is made again */
		related.count++;
	}
	bake->related[position] = related;
}

bool bake_related_read(struct bake *bake, struct fault *f)
{
	struct place *places = arena_alloc_many(&bake->arena, bake->count + 1, sizeof(*places));
	struct str text = {NULL, 0};
	struct fault ignored = {0};
	struct str line;
	size_t i;

	bake->related = arena_alloc_many(&bake->arena, bake->count + 1, sizeof(*bake->related));
	if (places == NULL || bake->related == NULL)
		return fault_full(f, "the site");
	for (i = 0; i < bake->count; i++)
		places[i] = (struct place){bake->stories[i].story.id, (uint32_t) i};
	qsort(places, bake->count, sizeof(*places), by_id);
	if (!bake->is_full && file_read(bake->site.fd, "_more", FILE_BYTES, &bake->arena, &text, &ignored))
		while (str_next(&text, '\n', &line))
			read_line(bake, places, line);
	return true;
}

bool bake_related_write(struct bake *bake, struct fault *f)
{
	struct buf out;
	bool ok;
	size_t i;
	size_t k;

	buf_init(&out, FILE_BYTES);
	for (i = 0; i < bake->count; i++) {
		if (!bake->related[i].is_known || bake->stories[i].story.state != STORY_PUBLISHED)
			continue;
		buf_add_i64(&out, bake->stories[i].story.id);
		for (k = 0; k < bake->related[i].count; k++) {
			buf_add_char(&out, ' ');
			buf_add_i64(&out, bake->stories[bake->related[i].at[k]].story.id);
		}
		buf_add_char(&out, '\n');
	}
	ok = buf_check(&out, "_more", f) && bake_site_put(&bake->site, "_more", buf_view(&out), false, f);
	buf_release(&out);
	return ok;
}
