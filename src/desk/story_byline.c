/* story_byline.c: a name is taken out of everything that this newsroom says and keeps.
 *
 * Decides: where a byline stands. Leaves to others: the question (desk_bylines.c), the pages (the bake of everything that this asks for).
 * Runs in: desk. The hard thing: nothing of the name may stay behind: not in the author page's address (kept as a hash), not in the parts of the
 * search index that were replaced (tidied), not in freed pages of the database (secure_delete) nor in its log (checkpointed after).
 * SPDX-License-Identifier: ISC */
#include "desk/story_byline.h"

#include <sodium.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/must.h"
#include "desk/story_store.h"
#include "gen/desk_sql.h"
#include "press/words.h"
#include "store/store.h"

enum { ARENA_BYTES = 256 * 1024 * 1024, BYLINES_BYTES = 16 * 1024, NAME_CHARS = 120 };

bool story_byline_count(struct store *db, struct str name, struct byline_counts *out, struct fault *f)
{
	return store_number(db, DESK_SQL_BYLINE_STORY_COUNT, STORE_ARGS(store_text(name)), &out->stories, f)
		&& store_number(db, DESK_SQL_BYLINE_REVISION_COUNT, STORE_ARGS(store_text(name)), &out->revisions, f)
		&& store_number(db, DESK_SQL_BYLINE_MADE_COUNT, STORE_ARGS(store_text(name)), &out->made, f);
}

void story_gone_hash(struct str path, char out[BYLINE_HASH_CHARS + 1])
{
	unsigned char hash[crypto_generichash_BYTES_MIN];

	_Static_assert(2 * sizeof(hash) == BYLINE_HASH_CHARS, "two characters a byte");
	must(crypto_generichash(hash, sizeof(hash), (const unsigned char *) path.at, path.len, NULL, 0) == 0);
	sodium_bin2hex(out, BYLINE_HASH_CHARS + 1, hash, sizeof(hash));
}

/* The lines of `bylines` without `name`, or with `instead` in its place (once). */
static struct str without(struct str bylines, struct str name, struct str instead, struct arena *arena)
{
	struct str rest = bylines;
	struct str line;
	struct buf text;
	struct str out;
	bool has_instead = false;

	while (str_next(&rest, '\n', &line))
		has_instead = has_instead || str_equal(str_trim(line), instead);
	buf_init(&text, BYLINES_BYTES);
	rest = bylines;
	while (str_next(&rest, '\n', &line)) {
		if (str_equal(str_trim(line), name)) {
			if (instead.len == 0 || has_instead)
				continue;
			line = instead;
			has_instead = true;
		}
		if (text.len > 0)
			buf_add_char(&text, '\n');
		buf_add_str(&text, line);
	}
	out = str_copy(buf_view(&text), arena);
	buf_release(&text);
	return out;
}

/* --- rows that hold bylines as text --- */

struct found_row {
	struct found_row *next;
	int64_t key[3];
	struct str bylines;
};

/* Read first, changed after: a cursor does not like its rows to move. */
static bool find_rows(struct store *db, size_t query, int keys, struct str name, struct arena *arena, struct found_row **out,
	struct fault *f)
{
	struct store_rows rows;
	int i;

	*out = NULL;
	if (!store_rows_begin(db, query, STORE_ARGS(store_text(name)), &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		struct found_row *row = arena_alloc(arena, sizeof(*row));

		if (row == NULL) {
			(void) store_rows_end(&rows);
			return fault_full(f, "this change");
		}
		for (i = 0; i < keys; i++)
			row->key[i] = store_column_i64(&rows, i);
		row->bylines = store_column_copy(&rows, keys, arena);
		row->next = *out;
		*out = row;
	}
	return store_rows_end(&rows);
}

static bool clean_texts(struct store *db, struct str name, struct str instead, struct arena *arena, struct fault *f)
{
	struct found_row *row;

	if (!find_rows(db, DESK_SQL_BYLINE_REVISIONS, 2, name, arena, &row, f))
		return false;
	for (; row != NULL; row = row->next)
		if (!store_run(db, DESK_SQL_BYLINE_REVISION_SET, STORE_ARGS(store_i64(row->key[0]), store_i64(row->key[1]),
			store_text(without(row->bylines, name, instead, arena))), NULL, f))
			return false;
	if (!find_rows(db, DESK_SQL_BYLINE_WORKING, 3, name, arena, &row, f))
		return false;
	for (; row != NULL; row = row->next)
		if (!store_run(db, DESK_SQL_BYLINE_WORKING_SET, STORE_ARGS(store_i64(row->key[0]), store_i64(row->key[1]),
			store_i64(row->key[2]), store_text(without(row->bylines, name, instead, arena))), NULL, f))
			return false;
	return store_run(db, DESK_SQL_BYLINE_MADE_SET, STORE_ARGS(store_text(name), store_text(STR("staff"))), NULL, f)
		&& store_run(db, DESK_SQL_BYLINE_ADDED_SET, STORE_ARGS(store_text(name), store_text(STR("staff"))), NULL, f)
		&& store_run(db, DESK_SQL_BYLINE_NOTES, STORE_ARGS(store_text(name)), NULL, f);
}

/* --- stories and author pages --- */

struct touched {
	struct touched *next;
	int64_t id;
};

static bool find_stories(struct store *db, struct str name, struct arena *arena, struct touched **out, struct fault *f)
{
	struct store_rows rows;

	*out = NULL;
	if (!store_rows_begin(db, DESK_SQL_BYLINE_STORIES, STORE_ARGS(store_text(name)), &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		struct touched *story = arena_alloc(arena, sizeof(*story));

		if (story == NULL) {
			(void) store_rows_end(&rows);
			return fault_full(f, "this change");
		}
		story->id = store_column_i64(&rows, 0);
		story->next = *out;
		*out = story;
	}
	return store_rows_end(&rows);
}

static bool renew_story(struct store *db, int64_t id, struct fault *f)
{
	struct story_more more;
	struct arena arena;
	struct story story;
	struct buf left;
	bool ok;

	arena_init(&arena, "story", 8 * 1024 * 1024);
	buf_init(&left, 4096);
	ok = story_load(db, id, &arena, &story, &more, f) && story_find_put(db, &story, f)
		&& (!more.was_public || story_join_lists(db, &story, &left, f));
	buf_release(&left);
	arena_release(&arena);
	return ok;
}

/* Does another byline lead to the same page ("Ada Wren", "ada wren")? */
static bool other_on_page(struct store *db, const struct slug *page, struct arena *arena, struct str *other, struct fault *f)
{
	struct store_rows rows;

	*other = (struct str){NULL, 0};
	if (!store_rows_begin(db, DESK_SQL_LISTING_AUTHORS_ALL, STORE_NO_ARGS, &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		struct fault ignored = {0};
		struct slug slug;

		if (slug_from(store_column_text(&rows, 0), &slug, &ignored) && strcmp(slug.text, page->text) == 0)
			*other = store_column_copy(&rows, 0, arena);
	}
	return store_rows_end(&rows);
}

/* Addresses that the author's page had in another system: they answer 410 as the page does, and are kept as hashes. */
static bool drop_old_addresses(struct store *db, struct str path, struct fault *f)
{
	enum { OLD_MOST = 32 };
	char hashes[OLD_MOST][BYLINE_HASH_CHARS + 1];
	struct store_rows rows;
	size_t count = 0;
	bool ok;
	size_t i;

	if (!store_rows_begin(db, DESK_SQL_BYLINE_MOVED, STORE_ARGS(store_text(path)), &rows, f))
		return false;
	while (count < OLD_MOST && store_rows_next(&rows, f))
		story_gone_hash(store_column_text(&rows, 0), hashes[count++]);
	ok = store_rows_end(&rows);
	for (i = 0; i < count && ok; i++)
		ok = store_run(db, DESK_SQL_GONE_PUT, STORE_ARGS(store_text(str_from(hashes[i]))), NULL, f);
	return ok && store_run(db, DESK_SQL_BYLINE_MOVED_DROP, STORE_ARGS(store_text(path)), NULL, f);
}

static bool drop_page(struct store *db, struct str name, struct arena *arena, struct fault *f)
{
	char hash[BYLINE_HASH_CHARS + 1];
	struct fault ignored = {0};
	struct slug slug;
	struct str other;
	int64_t list = 0;

	if (!slug_from(name, &slug, &ignored))
		return true;
	if (!other_on_page(db, &slug, arena, &other, f)
		|| !store_number(db, DESK_SQL_LIST_FIND, STORE_ARGS(store_text(STR("author")), store_text(str_from(slug.text))), &list, f))
		return false;
	if (other.len == 0 && !drop_old_addresses(db, str_format(arena, "/author/%s/", slug.text), f))
		return false;
	if (list == 0)
		return true; /* none of it was ever public */
	if (other.len > 0) /* the page stays, and is headed by the name that stays */
		return store_run(db, DESK_SQL_LIST_PUT, STORE_ARGS(store_i64(list), store_text(STR("author")),
			store_text(str_from(slug.text)), store_text(other)), NULL, f);
	story_gone_hash(str_format(arena, "/author/%s/", slug.text), hash);
	return store_run(db, DESK_SQL_LIST_DROP, STORE_ARGS(store_i64(list)), NULL, f)
		&& store_run(db, DESK_SQL_GONE_PUT, STORE_ARGS(store_text(str_from(hash))), NULL, f);
}

static bool remove_within(struct store *db, struct str name, struct str instead, struct arena *arena, struct fault *f)
{
	struct touched *story;

	if (!find_stories(db, name, arena, &story, f) || !clean_texts(db, name, instead, arena, f)
		|| (instead.len > 0 && !store_run(db, DESK_SQL_BYLINE_REPLACE, STORE_ARGS(store_text(name), store_text(instead)), NULL, f))
		|| !store_run(db, DESK_SQL_BYLINE_DROP, STORE_ARGS(store_text(name)), NULL, f))
		return false;
	for (; story != NULL; story = story->next)
		if (!renew_story(db, story->id, f))
			return false;
	return drop_page(db, name, arena, f) && store_run(db, DESK_SQL_FINDING_TIDY, STORE_NO_ARGS, NULL, f)
		&& store_run(db, DESK_SQL_QUEUE_ADD, STORE_ARGS(store_null(), store_text(STR("a byline was taken out")), store_null(),
			store_text(STR("")), store_null()), NULL, f);
}

bool story_byline_remove(struct store *db, struct str name, struct str instead, struct byline_counts *done, struct fault *f)
{
	struct fault inner = {0};
	struct arena arena;
	struct slug slug;
	bool ok;

	if (!story_byline_count(db, name, done, f))
		return false;
	if (name.len == 0 || done->stories + done->revisions + done->made == 0)
		return fault_set(f, FAULT_MISSING, "No story and no revision has this byline, letter by letter.");
	if (instead.len > 0 && (str_has_control(instead) || str_count_chars(instead) > NAME_CHARS || !slug_from(instead, &slug, &inner)))
		return fault_set(f, FAULT_INPUT, "The other name has 1 to %d characters, and a letter among them.", (int) NAME_CHARS);
	if (str_equal(name, instead))
		return fault_set(f, FAULT_INPUT, "The other name is the same one.");
	arena_init(&arena, "byline", ARENA_BYTES);
	ok = store_begin(db, f) && store_end(db, remove_within(db, name, instead, &arena, f), f);
	arena_release(&arena);
	if (ok)
		(void) store_checkpoint(db, &inner); /* the log holds the old pages until then; a reader may put it off */
	return ok;
}
