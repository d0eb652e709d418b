/* bake_hand.c: what a bake of few changes has at hand, of an archive of any size.
 *
 * Decides: which pages a change reaches, and which stories these pages show. Leaves to others: making them. Runs in: desk's
 * bake. The hard thing: "Read more", with nothing kept of what pages name. A page Y looks at the newest 200 older ones per
 * topic, the newest few of its section, the newest few of all. So T can be on it, or could be before, only if Y is among the
 * next 200 (or few) younger ones of one of T's lists, from T's date or from the one before, counted among what is published
 * now: were Y pushed further away, then by a story that came between them, and that one is changed itself and as near.
 * The first few of the archive look forward; they are taken when a change is among the first. What is not changed after all
 * is found to have the same bytes.
 * SPDX-License-Identifier: ISC */
#include "desk/bake_hand.h"

#include <stdlib.h>
#include "base/fault.h"
#include "desk/front_choice.h"
#include "desk/story_store.h"
#include "gen/desk_sql.h"
#include "house/settings.h"
#include "press/words.h"
#include "store/store.h"

enum { MARK_TOUCHED = 1, MARK_PAGE = 2, MARK_WHOLE = 4, LISTS_OF_ONE = 64, ISSUES_LATEST = 8 };

/* A page that is made: its place among all. */
struct page_at {
	int64_t id, published;
};

/* A story's slot in a list at hand, until positions are known. */
struct placed {
	uint32_t list;
	size_t slot;
	int64_t story;
};

struct hand {
	struct bake *bake;
	const struct bake_changes *changes;
	struct arena arena;         /* until all is loaded */
	struct bake_ids ids;        /* of all that shall be at hand */
	unsigned char *marks;
	size_t marks_room;
	struct page_at *pages;
	size_t page_count, page_room;
	struct bake_ids lists;      /* numbers of bake.lists */
	size_t list_room;
	size_t *touches;            /* by list: how many touched stories it shows */
	struct page_at *reached;    /* by list: the last page whose window was taken */
	struct placed *placed;
	size_t placed_count, placed_room;
};

/* --- growing --- */

static void *grown(struct arena *arena, void *old, size_t count, size_t *room, size_t size)
{
	size_t more = *room > 0 ? *room * 2 : 256;
	void *at = count < *room ? old : arena_alloc_many(arena, more, size);

	if (count < *room || at == NULL)
		return at;
	if (count > 0)
		memcpy(at, old, count * size);
	*room = more;
	return at;
}

static bool mark(struct hand *hand, int64_t id, unsigned char marks)
{
	uint32_t number = bake_ids_put(&hand->ids, id);

	if (number == BAKE_NOWHERE)
		return false;
	if (number >= hand->marks_room) {
		unsigned char *more = grown(&hand->arena, hand->marks, hand->marks_room, &hand->marks_room, 1);

		if (more == NULL)
			return false;
		hand->marks = more;
	}
	hand->marks[number] |= marks;
	return true;
}

static bool add_page(struct hand *hand, int64_t id, int64_t published)
{
	uint32_t number = bake_ids_find(&hand->ids, id);
	struct page_at *pages;

	if (number != BAKE_NOWHERE && (hand->marks[number] & MARK_PAGE) != 0)
		return true;
	pages = grown(&hand->arena, hand->pages, hand->page_count, &hand->page_room, sizeof(*pages));
	if (pages == NULL)
		return false;
	hand->pages = pages;
	pages[hand->page_count++] = (struct page_at){id, published};
	return mark(hand, id, MARK_PAGE | MARK_WHOLE);
}

static bool place(struct hand *hand, uint32_t list, size_t slot, int64_t story)
{
	struct placed *placed = grown(&hand->arena, hand->placed, hand->placed_count, &hand->placed_room, sizeof(*placed));

	if (placed == NULL)
		return false;
	hand->placed = placed;
	placed[hand->placed_count++] = (struct placed){list, slot, story};
	return mark(hand, story, 0);
}

/* --- lists --- */

static bool more_lists(struct hand *hand)
{
	struct bake *bake = hand->bake;
	size_t rooms[3] = {hand->list_room, hand->list_room, hand->list_room};

	bake->lists = grown(&bake->arena, bake->lists, bake->list_count, &rooms[0], sizeof(*bake->lists));
	hand->touches = grown(&hand->arena, hand->touches, bake->list_count, &rooms[1], sizeof(*hand->touches));
	hand->reached = grown(&hand->arena, hand->reached, bake->list_count, &rooms[2], sizeof(*hand->reached));
	hand->list_room = rooms[0];
	return bake->lists != NULL && hand->touches != NULL && hand->reached != NULL;
}

/* *number: BAKE_NOWHERE if there is no such list. */
static bool list_at_hand(struct hand *hand, int64_t id, uint32_t *number, struct fault *f)
{
	struct bake *bake = hand->bake;
	struct bake_list *list;
	struct store_row row;
	bool found = false;

	*number = bake_ids_find(&hand->lists, id);
	if (*number != BAKE_NOWHERE)
		return true;
	if (!store_one(bake->db, DESK_SQL_HAND_LIST, STORE_ARGS(store_i64(id)), &bake->arena, &row, &found, f))
		return false;
	if (!found)
		return true;
	if (!more_lists(hand))
		return fault_full(f, "the site");
	*number = bake_ids_put(&hand->lists, id);
	list = &bake->lists[bake->list_count];
	*list = (struct bake_list){.id = id, .kind = row.columns[1].bytes, .slug = row.columns[2].bytes,
		.name = row.columns[3].bytes, .slots = (size_t) row.columns[4].number};
	hand->touches[bake->list_count] = 0;
	hand->reached[bake->list_count++] = (struct page_at){0, INT64_MIN};
	return (*number != BAKE_NOWHERE || fault_full(f, "the site")) && bake_list_room(bake, list, f);
}

/* The slot's page, and the one before, which names the next once that begins. */
static void touch_slot(struct bake_list *list, size_t slot)
{
	list->is_touched = true;
	if (slot == SIZE_MAX)
		list->is_all = true;
	if (slot >= list->slots)
		return;
	list->numbers[slot / BAKE_LIST_PAGE] = true;
	if (slot % BAKE_LIST_PAGE == 0 && slot > 0)
		list->numbers[slot / BAKE_LIST_PAGE - 1] = true;
}

/* --- what is touched --- */

struct slot_of {
	uint32_t list;
	size_t slot;
};

/* The story's slots, whether it shows there or not. */
static bool slots_of(struct hand *hand, int64_t story, struct slot_of out[LISTS_OF_ONE], size_t *count, struct fault *f)
{
	int64_t lists[LISTS_OF_ONE];
	struct store_rows rows;
	size_t found = 0;
	bool ok = true;
	size_t i;

	if (!store_rows_begin(hand->bake->db, DESK_SQL_LIST_OF_STORY, STORE_ARGS(store_i64(story)), &rows, f))
		return false;
	while (store_rows_next(&rows, f))
		if (found < LISTS_OF_ONE) {
			lists[found] = store_column_i64(&rows, 0);
			out[found++].slot = (size_t) store_column_i64(&rows, 1);
		}
	if (!store_rows_end(&rows))
		return false;
	for (i = 0, *count = 0; i < found && ok; i++) {
		ok = list_at_hand(hand, lists[i], &out[*count].list, f);
		out[*count].slot = out[i].slot;
		*count += ok && out[*count].list != BAKE_NOWHERE;
	}
	return ok;
}

/* query gives id, published. */
static bool add_pages(struct hand *hand, size_t query, const struct store_value *values, size_t count, struct fault *f)
{
	struct store_rows rows;
	bool ok = true;

	if (!store_rows_begin(hand->bake->db, query, values, count, &rows, f))
		return false;
	while (ok && store_rows_next(&rows, f))
		ok = add_page(hand, store_column_i64(&rows, 0), store_column_i64(&rows, 1));
	return store_rows_end(&rows) && (ok || fault_full(f, "the site"));
}

/* Pages that may name the story if it has this date. */
static bool reach_from_list(struct hand *hand, uint32_t number, int64_t date, int64_t story, struct fault *f)
{
	const struct bake_list *list = &hand->bake->lists[number];
	int64_t limit = str_is(list->kind, "topic") ? BAKE_MORE_WINDOW : BAKE_MORE_FILL;

	return str_is(list->kind, "author") || add_pages(hand, DESK_SQL_HAND_LIST_YOUNGER,
		STORE_ARGS(store_i64(list->id), store_i64(date), store_i64(story), store_i64(limit)), f);
}

/* The first few look forward. */
static bool reach_first(struct hand *hand, int64_t date, struct fault *f)
{
	struct page_at first[BAKE_MORE_FILL + 1];
	struct store_rows rows;
	size_t count = 0;
	bool ok = true;
	size_t i;

	if (!store_rows_begin(hand->bake->db, DESK_SQL_HAND_OLDEST, STORE_ARGS(store_i64(BAKE_MORE_FILL + 1)), &rows, f))
		return false;
	while (store_rows_next(&rows, f))
		first[count++] = (struct page_at){store_column_i64(&rows, 0), store_column_i64(&rows, 1)};
	if (!store_rows_end(&rows))
		return false;
	if (count > BAKE_MORE_FILL && date > first[count - 1].published)
		return true;
	for (i = 0; i < count && i < BAKE_MORE && ok; i++)
		ok = add_page(hand, first[i].id, first[i].published);
	return ok || fault_full(f, "the site");
}

static bool reach(struct hand *hand, const struct bake_change *change, int64_t date, const struct slot_of *slots, size_t count,
	struct fault *f)
{
	bool ok = (bake_ids_put(&hand->bake->dates, date) != BAKE_NOWHERE || fault_full(f, "the site"))
		&& reach_first(hand, date, f) && add_pages(hand, DESK_SQL_HAND_YOUNGER,
		STORE_ARGS(store_i64(date), store_i64(change->story), store_i64(BAKE_MORE_FILL)), f);
	uint32_t left;
	size_t i;

	for (i = 0; i < count && ok; i++)
		ok = reach_from_list(hand, slots[i].list, date, change->story, f);
	for (i = 0; i < change->left_count && ok; i++)
		ok = list_at_hand(hand, change->left[i].list, &left, f)
			&& (left == BAKE_NOWHERE || reach_from_list(hand, left, date, change->story, f));
	return ok;
}

/* Lists that it left. */
static bool touch_left(struct hand *hand, const struct bake_change *change, struct fault *f)
{
	bool ok = true;
	uint32_t left;
	size_t i;

	for (i = 0; i < change->left_count && ok; i++) {
		ok = list_at_hand(hand, change->left[i].list, &left, f);
		if (ok && left != BAKE_NOWHERE)
			touch_slot(&hand->bake->lists[left], change->left[i].slot);
	}
	return ok;
}

static bool touch(struct hand *hand, const struct bake_change *change, struct fault *f)
{
	bool is_new = bake_ids_find(&hand->ids, change->story) == BAKE_NOWHERE
		|| (hand->marks[bake_ids_find(&hand->ids, change->story)] & MARK_TOUCHED) == 0;
	struct slot_of slots[LISTS_OF_ONE];
	struct store_row row;
	int64_t date = change->since;
	bool found = false;
	bool shows = false;
	size_t count;
	size_t i;

	if (!touch_left(hand, change, f))
		return false;
	if (change->story == 0)
		return true;
	if (!slots_of(hand, change->story, slots, &count, f)
		|| !store_one(hand->bake->db, DESK_SQL_HAND_DATE, STORE_ARGS(store_i64(change->story)), &hand->arena, &row, &found, f))
		return false;
	if (found) {
		shows = str_is(row.columns[0].bytes, story_state_name(STORY_PUBLISHED));
		date = row.columns[1].number;
		if (!mark(hand, change->story, MARK_TOUCHED | MARK_WHOLE) || (shows && !add_page(hand, change->story, date)))
			return fault_full(f, "the site");
	}
	for (i = 0; i < count && is_new; i++) {
		touch_slot(&hand->bake->lists[slots[i].list], slots[i].slot);
		hand->touches[slots[i].list] += shows;
	}
	return reach(hand, change, change->since, slots, count, f) && (date == change->since || date == 0
		|| reach(hand, change, date, slots, count, f));
}

/* --- "Read more" of the pages --- */

/* Those before the page, the newest first, until where the page before it in this list has begun already. list 0: of all. */
static bool take_window(struct hand *hand, uint32_t number, bool is_section, struct page_at page, struct fault *f)
{
	struct kin *kin = &hand->bake->kin;
	int64_t list = hand->bake->lists[number].id;
	struct page_at before = hand->reached[number];
	struct store_rows rows;
	bool ok = true;

	hand->reached[number] = page;
	if (!store_rows_begin(hand->bake->db, DESK_SQL_HAND_LIST_OLDER, STORE_ARGS(store_i64(list), store_i64(page.published),
		store_i64(page.id), store_i64(is_section ? BAKE_MORE_FILL : BAKE_MORE_WINDOW)), &rows, f))
		return false;
	while (ok && store_rows_next(&rows, f)) {
		int64_t story = store_column_i64(&rows, 0);

		ok = kin_add(kin, story, store_column_i64(&rows, 1)) && kin_join(kin, list, is_section, story);
		if (story == before.id)
			break;
	}
	return store_rows_end(&rows) && (ok || fault_full(f, "the site"));
}

static bool take_neighbours(struct hand *hand, size_t query, struct page_at page, struct fault *f)
{
	struct store_rows rows;
	bool ok = true;

	if (!store_rows_begin(hand->bake->db, query,
		STORE_ARGS(store_i64(page.published), store_i64(page.id), store_i64(BAKE_MORE_FILL)), &rows, f))
		return false;
	while (ok && store_rows_next(&rows, f))
		ok = kin_add(&hand->bake->kin, store_column_i64(&rows, 0), store_column_i64(&rows, 1));
	return store_rows_end(&rows) && (ok || fault_full(f, "the site"));
}

static bool take_kin(struct hand *hand, struct page_at page, struct fault *f)
{
	struct kin *kin = &hand->bake->kin;
	struct {
		int64_t id;
		bool is_section;
	} lists[LISTS_OF_ONE];
	struct store_rows rows;
	size_t count = 0;
	uint32_t number;
	bool ok;
	size_t i;

	if (!kin_add(kin, page.id, page.published))
		return fault_full(f, "the site");
	ok = store_rows_begin(hand->bake->db, DESK_SQL_KIN_OF, STORE_ARGS(store_i64(page.id)), &rows, f);
	while (ok && store_rows_next(&rows, f))
		if (count < LISTS_OF_ONE) {
			lists[count].id = store_column_i64(&rows, 0);
			lists[count++].is_section = store_column_i64(&rows, 1) != 0;
		}
	ok = ok && store_rows_end(&rows);
	for (i = 0; i < count && ok; i++)
		ok = (kin_join(kin, lists[i].id, lists[i].is_section, page.id) || fault_full(f, "the site"))
			&& list_at_hand(hand, lists[i].id, &number, f)
			&& (number == BAKE_NOWHERE || take_window(hand, number, lists[i].is_section, page, f));
	return ok && take_neighbours(hand, DESK_SQL_HAND_OLDER, page, f) && take_neighbours(hand, DESK_SQL_HAND_YOUNGER, page, f);
}

static int compare_pages(const void *a, const void *b)
{
	const struct page_at *x = a;
	const struct page_at *y = b;

	if (x->published != y->published)
		return x->published > y->published ? 1 : -1;
	return (x->id > y->id) - (x->id < y->id);
}

static bool take_related(struct hand *hand, struct fault *f)
{
	struct kin *kin = &hand->bake->kin;
	bool ok = true;
	size_t i;
	size_t k;

	if (hand->page_count == 0)
		return true;
	qsort(hand->pages, hand->page_count, sizeof(*hand->pages), compare_pages);
	for (i = 0; i < hand->page_count && ok; i++)
		ok = take_kin(hand, hand->pages[i], f);
	ok = ok && (kin_seal(kin) || fault_full(f, "the site")) && kin_load_terms(kin, hand->bake->db, false, f);
	for (i = 0; i < hand->page_count && ok; i++) {
		uint32_t nodes[BAKE_MORE];
		size_t count = kin_related(kin, kin_find(kin, hand->pages[i].id), nodes);

		for (k = 0; k < count && ok; k++)
			ok = mark(hand, kin->nodes[nodes[k]].id, 0) || fault_full(f, "the site");
	}
	return ok;
}

/* --- what lists and the front page show --- */

static bool take_slots(struct hand *hand, uint32_t number, size_t from, size_t until, struct fault *f)
{
	struct store_rows rows;
	bool ok = true;

	if (!store_rows_begin(hand->bake->db, DESK_SQL_HAND_LIST_SLOTS, STORE_ARGS(store_i64(hand->bake->lists[number].id),
		store_i64((int64_t) from), store_i64((int64_t) until)), &rows, f))
		return false;
	while (ok && store_rows_next(&rows, f))
		ok = place(hand, number, (size_t) store_column_i64(&rows, 0), store_column_i64(&rows, 1));
	return store_rows_end(&rows) && (ok || fault_full(f, "the site"));
}

/* The last `limit` that it shows. *count: how many these are; *first: the first of their slots. */
static bool take_last(struct hand *hand, uint32_t number, size_t limit, size_t *count, size_t *first, struct fault *f)
{
	struct store_rows rows;
	bool ok = true;

	*count = *first = 0;
	if (!store_rows_begin(hand->bake->db, DESK_SQL_HAND_LIST_LAST, STORE_ARGS(store_i64(hand->bake->lists[number].id),
		store_i64((int64_t) limit)), &rows, f))
		return false;
	while (ok && store_rows_next(&rows, f)) {
		*first = (size_t) store_column_i64(&rows, 0);
		++*count;
		ok = place(hand, number, *first, store_column_i64(&rows, 1));
	}
	return store_rows_end(&rows) && (ok || fault_full(f, "the site"));
}

static bool take_list(struct hand *hand, uint32_t number, struct fault *f)
{
	struct bake_list *list = &hand->bake->lists[number];
	size_t needed = hand->touches[number] + 1 > BAKE_LIST_FIRST ? hand->touches[number] + 1 : BAKE_LIST_FIRST;
	size_t pages = list->slots / BAKE_LIST_PAGE + 1;
	size_t count;
	size_t first;
	bool ok;
	size_t i;

	if (!take_last(hand, number, needed, &count, &first, f))
		return false;
	list->is_empty = count == 0;
	/* it may have shown nothing before: then none of its pages stands there */
	list->is_all = list->is_all || count <= hand->touches[number];
	if (list->is_all)
		return take_slots(hand, number, 0, list->slots, f);
	ok = take_slots(hand, number, count < needed ? 0 : first / BAKE_LIST_PAGE * BAKE_LIST_PAGE, list->slots, f);
	for (i = 0; i < pages && ok; i++)
		if (list->numbers[i])
			ok = take_slots(hand, number, i * BAKE_LIST_PAGE, (i + 1) * BAKE_LIST_PAGE, f);
	return ok;
}

static bool take_sections(struct hand *hand, struct fault *f)
{
	const struct settings *settings = hand->bake->settings;
	bool ok = true;
	size_t i;

	for (i = 0; i < settings->sections.count && ok; i++) {
		struct fault ignored = {0};
		struct slug slug;
		int64_t id = 0;
		uint32_t number;
		size_t count;
		size_t first;

		if (!slug_from(settings->sections.items[i], &slug, &ignored))
			continue;
		ok = store_number(hand->bake->db, DESK_SQL_LIST_FIND, STORE_ARGS(store_text(STR("section")),
			store_text(str_from(slug.text))), &id, f);
		if (!ok || id == 0)
			continue;
		ok = list_at_hand(hand, id, &number, f)
			&& (number == BAKE_NOWHERE || take_last(hand, number, BAKE_SECTION_NEWEST, &count, &first, f));
	}
	return ok;
}

static bool take_newest(struct hand *hand, struct fault *f)
{
	struct store_rows rows;
	bool ok = true;

	if (!store_rows_begin(hand->bake->db, DESK_SQL_HAND_NEWEST, STORE_ARGS(store_i64(BAKE_NEWEST)), &rows, f))
		return false;
	while (ok && store_rows_next(&rows, f))
		ok = mark(hand, store_column_i64(&rows, 0), MARK_WHOLE);
	return store_rows_end(&rows) && (ok || fault_full(f, "the site"));
}

/* The lead and the pins of an editor's choice, however old they are. */
static bool take_chosen(struct hand *hand, struct fault *f)
{
	struct front_choices chosen;
	bool ok;
	size_t i;

	if (!front_choices_read(hand->bake->db, &hand->arena, &chosen, f))
		return false;
	ok = chosen.lead == 0 || mark(hand, chosen.lead, MARK_WHOLE);
	for (i = 0; i < chosen.pin_count && ok; i++)
		ok = mark(hand, chosen.pins[i], MARK_WHOLE);
	return ok || fault_full(f, "the site");
}

/* Issues that name a touched story, and those that have just begun; with their stories. */
static bool take_issues(struct hand *hand, struct fault *f)
{
	struct bake *bake = hand->bake;
	struct store_rows rows;
	bool ok = true;
	size_t i;

	for (i = 0; i < hand->changes->count && ok; i++) {
		ok = store_rows_begin(bake->db, DESK_SQL_HAND_ISSUES, STORE_ARGS(store_i64(hand->changes->rows[i].story)), &rows, f);
		while (ok && store_rows_next(&rows, f))
			(void) bake_ids_put(&bake->issues, store_column_i64(&rows, 0));
		ok = ok && store_rows_end(&rows);
	}
	if (ok && hand->changes->issues) {
		ok = store_rows_begin(bake->db, DESK_SQL_ISSUE_STARTED_ALL, STORE_NO_ARGS, &rows, f);
		for (i = 0; ok && i < ISSUES_LATEST && store_rows_next(&rows, f); i++)
			(void) bake_ids_put(&bake->issues, store_column_i64(&rows, 0));
		ok = ok && store_rows_end(&rows);
	}
	for (i = 0; i < bake->issues.count && ok; i++) {
		ok = store_rows_begin(bake->db, DESK_SQL_ISSUE_STORIES, STORE_ARGS(store_i64(bake->issues.at[i])), &rows, f);
		while (ok && store_rows_next(&rows, f))
			ok = mark(hand, store_column_i64(&rows, 0), 0) || fault_full(f, "the site");
		ok = ok && store_rows_end(&rows);
	}
	return ok;
}

/* --- loading them --- */

static int compare_stories(const void *a, const void *b)
{
	const struct story *x = &((const struct bake_story *) a)->story;
	const struct story *y = &((const struct bake_story *) b)->story;

	if (x->published.us != y->published.us)
		return x->published.us > y->published.us ? 1 : -1;
	return (x->id > y->id) - (x->id < y->id);
}

static bool load_story(struct hand *hand, size_t number, struct fault *f)
{
	struct bake *bake = hand->bake;
	struct bake_story *of = &bake->stories[bake->count];
	unsigned char marks = hand->marks[number];
	struct store_rows rows;
	bool found = false;

	*of = (struct bake_story){.is_touched = (marks & MARK_TOUCHED) != 0, .is_page = (marks & MARK_PAGE) != 0,
		.is_whole = (marks & MARK_WHOLE) != 0};
	if (!store_rows_begin(bake->db, DESK_SQL_HAND_STORY, STORE_ARGS(store_i64(hand->ids.at[number])), &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		found = story_from_row(&rows, &bake->arena, &of->story);
		story_focus_from_row(&rows, 19, &of->story);
		of->story.is_sensitive = store_column_i64(&rows, 21) != 0;
	}
	if (!store_rows_end(&rows) || (found && of->is_whole && !bake_load_whole(bake, of, f)))
		return false;
	if (!found || (of->story.state != STORY_PUBLISHED && !of->is_touched))
		return true;
	bake->count++;
	return bake_set_groups(bake, of, f);
}

static bool load_all(struct hand *hand, struct fault *f)
{
	struct bake *bake = hand->bake;
	bool ok = true;
	size_t i;

	bake->stories = arena_alloc_many(&bake->arena, hand->ids.count + 1, sizeof(*bake->stories));
	if (bake->stories == NULL)
		return fault_full(f, "the site");
	for (i = 0; i < hand->ids.count && ok; i++)
		ok = load_story(hand, i, f);
	qsort(bake->stories, bake->count, sizeof(*bake->stories), compare_stories);
	for (i = 0; i < bake->count && ok; i++)
		ok = bake_ids_put(&bake->positions, bake->stories[i].story.id) == i || fault_full(f, "the site");
	for (i = 0; i < hand->placed_count && ok; i++) {
		const struct placed *at = &hand->placed[i];
		struct bake_list *list = &bake->lists[at->list];

		if (at->slot < list->slots)
			list->stories[at->slot] = bake_ids_find(&bake->positions, at->story);
	}
	return ok;
}

bool bake_hand(struct bake *bake, const struct bake_changes *changes, struct fault *f)
{
	struct hand hand = {.bake = bake, .changes = changes};
	bool ok = true;
	size_t i;

	arena_init(&hand.arena, "at hand", BAKE_CAP_BYTES);
	hand.ids.arena = hand.lists.arena = &hand.arena;
	bake->addresses_changed = changes->addresses;
	bake->issues_changed = changes->issues;
	for (i = 0; i < changes->count && ok; i++)
		ok = touch(&hand, &changes->rows[i], f);
	ok = ok && take_related(&hand, f);
	for (i = 0; i < bake->list_count && ok; i++)
		ok = !bake->lists[i].is_touched || take_list(&hand, (uint32_t) i, f);
	ok = ok && take_sections(&hand, f) && take_newest(&hand, f) && take_chosen(&hand, f) && take_issues(&hand, f) && load_all(&hand, f);
	arena_release(&hand.arena);
	return ok;
}
