/* movein_index.c: what an export holds, before anything is made of it.
 *
 * Decides: each story's new address, and where old lists lead. Leaves to others: the stories themselves (movein_job.c).
 * Runs in: the desk's child that moves in. The hard thing: memory; of each story only its addresses stay, its text is
 * read again from the records.
 * SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/fault.h"
#include "base/limits.h"
#include "desk/movein_inside.h"
#include "gen/desk_sql.h"
#include "http/http_client.h"
#include "press/words.h"
#include "store/store.h"

enum { HEAD_BYTES = 11, RECORD_BYTES = 32 * 1024 * 1024, PROGRESS_EVERY = 200, SLUG_TRIES = 1000 };

/* --- records --- */

static bool read_at(struct movein *move, int64_t offset, size_t len, char *at)
{
	size_t have = 0;

	while (have < len) {
		ssize_t got = pread(move->records_fd, at + have, len - have, (off_t) (offset + (int64_t) have));

		if (got <= 0)
			return false;
		have += (size_t) got;
	}
	return true;
}

bool movein_record_at(struct movein *move, int64_t offset, size_t len, json_t **record)
{
	struct buf text;
	char *at;
	bool ok;

	buf_init(&text, RECORD_BYTES + 1);
	at = buf_reserve(&text, len);
	ok = at != NULL && read_at(move, offset, len, at) && http_json_parse(str_make(at, len), record, move->f);
	buf_release(&text);
	return ok || fault_set(move->f, FAULT_IO, "what mimeo-movein wrote is not to be understood");
}

bool movein_next_record(struct movein *move, int64_t *offset, size_t *len, json_t **record)
{
	char head[HEAD_BYTES];
	int64_t size = 0;

	if (!read_at(move, *offset, HEAD_BYTES, head))
		return false;
	if (!str_to_i64(str_make(head, HEAD_BYTES - 1), &size) || size <= 0 || size > RECORD_BYTES)
		return fault_set(move->f, FAULT_IO, "what mimeo-movein wrote is not to be understood");
	*offset += HEAD_BYTES;
	*len = (size_t) size;
	if (!movein_record_at(move, *offset, *len, record))
		return false;
	*offset += size + 1;
	return true;
}

/* --- the first look --- */

static void *grown(struct movein *move, void *old, size_t count, size_t *room, size_t size)
{
	void *items;

	if (count < *room)
		return old;
	*room = *room > 0 ? *room * 2 : 256;
	items = arena_alloc_many(&move->arena, *room, size);
	if (items == NULL)
		fault_full(move->f, "this export");
	else if (count > 0)
		memcpy(items, old, count * size);
	return items;
}

static bool add_list(struct movein *move, const char *kind, struct str name)
{
	struct fault ignored = {0};
	struct arena arena;
	struct slug slug;
	bool ok = true;

	if (name.len == 0 || !slug_from(name, &slug, &ignored))
		return true;
	arena_init(&arena, "list", 8192);
	ok = movein_moves_add(&move->lists, str_format(&arena, "%s:%.*s", kind, STR_ARG(name)),
		str_format(&arena, "/%s/%s/", kind, slug.text), move->f);
	arena_release(&arena);
	return ok;
}

/* The lists that the site will have. */
static bool add_lists(struct movein *move, const struct story *story)
{
	bool ok = add_list(move, "section", story->section);
	size_t i;

	for (i = 0; i < story->topic_count && ok; i++)
		ok = add_list(move, "topic", story->topics[i]);
	for (i = 0; i < story->author_count && ok; i++)
		ok = add_list(move, "author", story->authors[i]);
	return ok;
}

static bool add_picture(struct movein *move, struct str url, struct arena *arena)
{
	struct str path = movein_media_find(&move->media, url, arena);

	return path.len == 0 || movein_media_add(&move->media, path, move->f);
}

static bool add_pictures(struct movein *move, const json_t *record, const struct movein_found *found, struct arena *arena)
{
	const json_t *list = json_object_get(record, "pictures");
	bool ok = found->photo_url.len == 0 || add_picture(move, found->photo_url, arena);
	size_t i;

	for (i = 0; i < json_array_size(list) && i < MOVEIN_BODY_PICTURES && ok; i++)
		ok = add_picture(move, http_json_text(json_array_get(list, i), "url"), arena);
	return ok;
}

static bool index_story(struct movein *move, const json_t *record, int64_t offset, size_t len, struct arena *arena)
{
	struct movein_found found;
	struct movein_entry *entry;
	size_t i;

	if (!movein_story_read(record, move->room->settings.language, arena, NULL, &found)) {
		(void) movein_story_read(record, move->room->settings.language, arena, &move->report, &found);
		move->not_taken++;
		return true;
	}
	move->entries = grown(move, move->entries, move->count, &move->room_for, sizeof(*move->entries));
	if (move->entries == NULL)
		return false;
	entry = &move->entries[move->count];
	*entry = (struct movein_entry){.offset = offset, .len = len, .order = move->count, .published = found.story.published,
		.identity = str_copy(found.story.identity, &move->arena), .slug = str_copy(found.story.slug, &move->arena),
		.is_public = found.story.state == STORY_PUBLISHED && found.story.body.len > 0};
	move->count++;
	for (i = 0; i < found.path_count; i++)
		entry->paths[entry->path_count++] = str_copy(found.paths[i], &move->arena);
	if (entry->slug.at == NULL)
		return fault_full(move->f, "this export");
	return (!entry->is_public || add_lists(move, &found.story)) && add_pictures(move, record, &found, arena);
}

static bool index_archive(struct movein *move, const json_t *record, struct arena *arena)
{
	static const char *const orders[][3] = {{"section", "section", "topic"}, {"topic", "topic", "section"},
		{"author", "author", "author"}};
	struct str type = http_json_text(record, "type");
	struct str name = http_json_text(record, "name");
	struct str from = http_json_text(record, "path");
	struct str to = str_is(type, "feed") ? STR("/feed.xml") : (struct str){NULL, 0};
	struct fault ignored = {0};
	size_t i;
	size_t k;

	if (!words_nfc(name, arena, &name, &ignored))
		return true;
	for (i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
		for (k = 1; k < 3 && str_is(type, orders[i][0]) && to.len == 0; k++)
			to = movein_moves_find(&move->lists, str_format(arena, "%s:%.*s", orders[i][k], STR_ARG(name)), arena);
	if (to.len == 0 || str_equal(from, to) || from.len < 2 || from.at[0] != '/' || from.len > 1000
		|| str_has_control(from) || str_starts(from, STR("//")))
		return true;
	return movein_moves_add(&move->redirects, from, to, move->f) && movein_moves_add(&move->moves, from, to, move->f);
}

static bool index_page(struct movein *move, int64_t offset, size_t len)
{
	move->pages = grown(move, move->pages, move->page_count, &move->page_room, sizeof(*move->pages));
	if (move->pages == NULL)
		return false;
	move->pages[move->page_count++] = (struct movein_page){offset, len};
	return true;
}

static bool index_record(struct movein *move, const json_t *record, int64_t offset, size_t len, bool archives)
{
	struct str kind = http_json_text(record, "kind");
	struct arena arena;
	bool ok = true;

	arena_init(&arena, "record", MOVEIN_STORY_ARENA);
	if (archives)
		ok = !str_is(kind, "archive") || index_archive(move, record, &arena);
	else if (str_is(kind, "story"))
		ok = index_story(move, record, offset, len, &arena);
	else if (str_is(kind, "page"))
		ok = index_page(move, offset, len);
	else if (str_is(kind, "site") && move->site == NULL)
		move->site = json_deep_copy(record);
	arena_release(&arena);
	return ok;
}

bool movein_index(struct movein *move)
{
	int64_t offset = 0;
	int64_t archives_at = 0;
	size_t len = 0;
	size_t done = 0;
	json_t *record = NULL;
	bool ok = true;

	while (ok && movein_next_record(move, &offset, &len, &record)) {
		bool is_archive = str_is(http_json_text(record, "kind"), "archive");

		ok = index_record(move, record, offset - (int64_t) len - 1, len, false);
		if (!is_archive)
			archives_at = offset; /* archives stand last */
		json_decref(record);
		record = NULL;
		done += !is_archive && offset > (int64_t) len + HEAD_BYTES + 1; /* the first record is the site's */
		if (!is_archive && done % PROGRESS_EVERY == 0) {
			printf("progress %zu %lld looking\n", done, (long long) json_integer_value(json_object_get(move->site, "total")));
			fflush(stdout);
		}
	}
	movein_moves_sort(&move->lists);
	for (offset = archives_at; ok && move->f->kind == FAULT_NONE
		&& movein_next_record(move, &offset, &len, &record); record = NULL) {
		ok = index_record(move, record, offset, len, true);
		json_decref(record);
	}
	if (ok && move->f->kind == FAULT_NONE && move->site == NULL)
		return fault_set(move->f, FAULT_IO, "mimeo-movein wrote nothing");
	return ok && move->f->kind == FAULT_NONE;
}

/* --- addresses --- */

static int by_path(const void *a, const void *b)
{
	const struct movein_entry *x = *(const struct movein_entry *const *) a;
	const struct movein_entry *y = *(const struct movein_entry *const *) b;
	int order = str_compare(x->path, y->path);

	return order != 0 ? order : x->order < y->order ? -1 : x->order > y->order;
}

static bool is_taken(struct movein *move, struct str path, struct str identity, bool *taken)
{
	struct store_row row;
	struct arena arena;
	int64_t others = 0;
	bool found = false;
	bool ok;

	arena_init(&arena, "look", 4 * LIMIT_STORY_BYTES);
	ok = store_one(move->room->db, DESK_SQL_STORY_BY_IDENTITY, STORE_ARGS(store_text(identity)), &arena, &row, &found,
			move->f)
		&& store_number(move->room->db, DESK_SQL_STORY_PATH_TAKEN,
			STORE_ARGS(store_text(path), store_i64(found ? row.columns[0].number : 0)), &others, move->f);
	arena_release(&arena);
	*taken = others > 0;
	return ok;
}

static bool is_in(struct movein_entry *const *sorted, size_t count, struct str path)
{
	const struct movein_entry key = {.path = path};
	size_t low = 0;
	size_t high = count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (str_compare(sorted[middle]->path, key.path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && str_equal(sorted[low]->path, path);
}

struct fresh {
	struct movein_entry *entry;
	struct str slug, path;
};

static bool is_fresh(const struct fresh *fresh, size_t count, struct str path)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (str_equal(fresh[i].path, path))
			return true;
	return false;
}

/* "slug-2", "slug-3" … until it is free. The entries keep theirs until all are settled: they are sorted by it. */
static bool give_another(struct movein *move, struct movein_entry *const *sorted, struct fresh *fresh, size_t at)
{
	const struct movein_entry *entry = fresh[at].entry;
	struct str base = str_part(entry->slug, 0, 88);
	bool taken = true;
	int i;

	while (base.len > 0 && !str_is_utf8(base))
		base.len--;
	for (i = 2; taken && i < SLUG_TRIES; i++) {
		fresh[at].slug = str_format(&move->arena, "%.*s-%d", STR_ARG(base), i);
		fresh[at].path = story_path(entry->published, fresh[at].slug, &move->arena);
		if (fresh[at].path.len == 0)
			return fault_full(move->f, "this export");
		if (!is_in(sorted, move->count, fresh[at].path) && !is_fresh(fresh, at, fresh[at].path)
			&& !is_taken(move, fresh[at].path, entry->identity, &taken))
			return false;
	}
	return !taken || fault_set(move->f, FAULT_INPUT, "%.*s: too many stories have the address %.*s", STR_ARG(entry->identity),
		STR_ARG(entry->path));
}

/* Those whose address another story has; each gets one of its own. */
static bool settle_doubles(struct movein *move, struct movein_entry *const *sorted, struct fresh *fresh)
{
	size_t count = 0;
	bool ok = true;
	size_t i;

	for (i = 0; i < move->count && ok; i++) {
		bool taken = i > 0 && sorted[i]->path.len > 0 && str_equal(sorted[i]->path, sorted[i - 1]->path);

		if (!taken && sorted[i]->path.len > 0)
			ok = is_taken(move, sorted[i]->path, sorted[i]->identity, &taken);
		if (taken)
			fresh[count++].entry = sorted[i];
	}
	for (i = 0; i < count && ok; i++)
		ok = give_another(move, sorted, fresh, i);
	for (i = 0; i < count && ok; i++) {
		fresh[i].entry->slug = fresh[i].slug;
		fresh[i].entry->path = fresh[i].path;
		fresh[i].entry->has_new_slug = true;
	}
	return ok;
}

bool movein_settle_addresses(struct movein *move)
{
	struct movein_entry **sorted = arena_alloc_many(&move->arena, move->count + 1, sizeof(struct movein_entry *));
	struct fresh *fresh = arena_alloc_many(&move->arena, move->count + 1, sizeof(*fresh));
	size_t i;
	size_t k;
	bool ok = sorted != NULL && fresh != NULL;

	if (!ok)
		return fault_full(move->f, "this export");
	for (i = 0; i < move->count; i++) {
		struct movein_entry *entry = &move->entries[i];

		sorted[i] = entry;
		if (entry->published.us != 0)
			entry->path = story_path(entry->published, entry->slug, &move->arena);
	}
	if (move->count > 1)
		qsort(sorted, move->count, sizeof(struct movein_entry *), by_path);
	ok = settle_doubles(move, sorted, fresh);
	for (i = 0; i < move->count && ok; i++)
		for (k = 0; k < move->entries[i].path_count && ok && move->entries[i].is_public; k++)
			ok = movein_moves_add(&move->moves, move->entries[i].paths[k], move->entries[i].path, move->f);
	movein_moves_sort(&move->moves);
	return ok;
}
