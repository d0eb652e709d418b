/* story_finding.c: the words by which a story is found at the desk.
 *
 * Decides: which texts are searched, and that a word is found by its beginning. Leaves to others: the list (desk_stories.c). Runs in: desk.
 * The hard thing: stored and typed words must be folded alike in every script, and what was typed must never be read as FTS5's own
 * language: each word stands in quotes.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "desk/story_store.h"
#include "gen/desk_sql.h"
#include "press/words.h"
#include "store/store.h"

enum { FOLD_BYTES = 64 * 1024, QUERY_BYTES = 8192, QUERY_WORDS = 12, AT_ONCE = 500, STORY_ARENA_BYTES = 8 * 1024 * 1024 };

static void add(struct buf *out, struct str text)
{
	(void) words_fold(text, out);
	buf_add_char(out, ' ');
}

bool story_find_put(struct store *db, const struct story *story, struct fault *f)
{
	struct buf words;
	bool ok;
	size_t i;

	buf_init(&words, FOLD_BYTES);
	add(&words, story->title);
	add(&words, story->excerpt);
	add(&words, story->section);
	add(&words, story->slug);
	for (i = 0; i < story->topic_count; i++)
		add(&words, story->topics[i]);
	for (i = 0; i < story->author_count; i++)
		add(&words, story->authors[i]);
	ok = store_run(db, DESK_SQL_FINDING_DROP, STORE_ARGS(store_i64(story->id)), NULL, f)
		&& store_run(db, DESK_SQL_FINDING_NUMBER, STORE_ARGS(store_i64(story->id)), NULL, f)
		&& store_run(db, DESK_SQL_FINDING_PUT, STORE_ARGS(store_i64(story->id), store_text(buf_view(&words))), NULL, f);
	buf_release(&words);
	return ok;
}

static bool is_sign(char c)
{
	return (unsigned char) c < 0x80 && !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'));
}

struct str story_find_words(struct str typed, struct arena *arena)
{
	struct buf folded, out;
	struct str found;
	size_t words = 0;
	size_t at = 0;

	buf_init(&folded, QUERY_BYTES);
	buf_init(&out, QUERY_BYTES);
	if (!words_fold(typed, &folded))
		buf_clear(&folded);
	while (at < folded.len && words < QUERY_WORDS) {
		size_t from = at;

		while (at < folded.len && !is_sign(folded.at[at]))
			at++;
		if (at > from)
			buf_format(&out, "%s\"%.*s\"*", words++ > 0 ? " " : "", (int) (at - from), folded.at + from);
		at++;
	}
	found = str_copy(buf_view(&out), arena);
	buf_release(&folded);
	buf_release(&out);
	return found;
}

bool story_find_some(struct store *db, int64_t *last, struct fault *f)
{
	int64_t ids[AT_ONCE];
	struct store_rows rows;
	struct arena arena;
	size_t count = 0;
	bool ok;
	size_t i;

	if (!store_rows_begin(db, DESK_SQL_FINDING_LACKS, STORE_ARGS(store_i64(*last)), &rows, f))
		return false;
	while (store_rows_next(&rows, f))
		ids[count++] = store_column_i64(&rows, 0);
	ok = store_rows_end(&rows);
	*last = count > 0 ? ids[count - 1] : 0;
	if (!ok || count == 0)
		return ok;
	arena_init(&arena, "finding", STORY_ARENA_BYTES);
	ok = store_begin(db, f);
	if (ok) {
		for (i = 0; i < count && ok; i++) {
			struct story story;

			ok = story_load(db, ids[i], &arena, &story, NULL, f) && story_find_put(db, &story, f);
			arena_reset(&arena);
		}
		ok = store_end(db, ok, f);
	}
	arena_release(&arena);
	return ok;
}
