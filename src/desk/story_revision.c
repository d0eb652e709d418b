/* story_revision.c: what a save changed, kept with its text.
 *
 * Decides: what counts as a change, and how many words it is. Leaves to others: when it is saved (story_store.c), how two revisions are
 * compared for people (desk_revisions.c). Runs in: desk. The hard thing: none.
 * SPDX-License-Identifier: ISC */
#include <stdio.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "desk/story_store.h"
#include "gen/desk_sql.h"
#include "press/diff.h"
#include "press/locale.h"
#include "press/words.h"
#include "store/store.h"

enum { DIFF_ARENA_BYTES = 192 * 1024 * 1024, BYLINES_BYTES = 8192 };

/* --- bylines as one text --- */

struct str story_bylines(const struct story *story, struct arena *arena)
{
	struct buf text;
	struct str out;
	size_t i;

	buf_init(&text, BYLINES_BYTES);
	for (i = 0; i < story->author_count; i++) {
		if (i > 0)
			buf_add_char(&text, '\n');
		buf_add_str(&text, story->authors[i]);
	}
	out = str_copy(buf_view(&text), arena);
	buf_release(&text);
	return out;
}

struct str story_byline_line(const struct story *story, const struct locale *locale, struct arena *arena)
{
	struct str names;
	size_t i;

	if (story->author_count == 0)
		return (struct str){NULL, 0};
	names = story->authors[story->author_count - 1];
	for (i = story->author_count - 1; i-- > 0;)
		names = locale_format(locale, i + 2 == story->author_count ? "names_two" : "names_more", arena,
			(const struct locale_pair[]){{"first", story->authors[i]}, {"last", names}, {"rest", names},
				{NULL, {NULL, 0}}});
	return locale_format(locale, "byline", arena,
		(const struct locale_pair[]){{"names", names}, {NULL, {NULL, 0}}});
}

void story_set_bylines(struct story *story, struct str bylines)
{
	struct str line;

	story->author_count = 0;
	while (story->author_count < STORY_AUTHORS && str_next(&bylines, '\n', &line))
		if (str_trim(line).len > 0)
			story->authors[story->author_count++] = str_trim(line);
}

/* --- what changed --- */

static bool names_differ(const struct str *a, size_t a_count, const struct str *b, size_t b_count)
{
	size_t i;

	if (a_count != b_count)
		return true;
	for (i = 0; i < a_count; i++)
		if (!str_equal(a[i], b[i]))
			return true;
	return false;
}

static bool corrections_differ(const struct story *a, const struct story *b)
{
	size_t i;

	if (a->correction_count != b->correction_count)
		return true;
	for (i = 0; i < a->correction_count; i++) {
		const struct story_correction *x = &a->corrections[i];
		const struct story_correction *y = &b->corrections[i];

		if (x->made.us != y->made.us || x->grave != y->grave || x->kind != y->kind || !str_equal(x->text, y->text))
			return true;
	}
	return false;
}

static void add_other(struct story_change *change, bool differs, const char *word)
{
	size_t len = strlen(change->other);

	if (!differs)
		return;
	change->is_any = true;
	snprintf(change->other + len, sizeof(change->other) - len, "%s%s", len > 0 ? ", " : "", word);
}

static bool count_words(struct str was, struct str is, struct story_change *change, struct arena *arena, struct fault *f)
{
	struct diff diff;

	if (str_equal(was, is))
		return true;
	change->is_any = true;
	if (!words_diff(was, is, arena, &diff, f))
		return false;
	change->words_added += diff.words_added;
	change->words_removed += diff.words_removed;
	return true;
}

bool story_change_of(const struct story *was, const struct story *is, struct story_change *out, struct fault *f)
{
	struct arena arena;
	bool ok;

	*out = (struct story_change){0};
	if (was == NULL) {
		out->is_any = true;
		out->words_added = words_count(is->title) + words_count(is->excerpt) + words_count(is->body);
		return true;
	}
	arena_init(&arena, "change", DIFF_ARENA_BYTES);
	ok = count_words(was->title, is->title, out, &arena, f) && count_words(was->excerpt, is->excerpt, out, &arena, f)
		&& count_words(was->body, is->body, out, &arena, f);
	arena_release(&arena);
	add_other(out, names_differ(was->authors, was->author_count, is->authors, is->author_count), "byline");
	add_other(out, !str_equal(was->section, is->section), "section");
	add_other(out, names_differ(was->topics, was->topic_count, is->topics, is->topic_count), "topics");
	add_other(out, !str_equal(was->slug, is->slug), "address");
	add_other(out, !str_equal(was->lang, is->lang) || !str_equal(was->dir, is->dir), "language");
	add_other(out, !str_equal(was->photo.hash, is->photo.hash), "photo");
	add_other(out, !str_equal(was->alt, is->alt), "photo’s description");
	add_other(out, !str_equal(was->caption, is->caption), "caption");
	add_other(out, !str_equal(was->credit, is->credit), "credit");
	add_other(out, corrections_differ(was, is), "corrections");
	return ok;
}

/* --- in the database --- */

bool story_revision_put(struct store *db, const struct story *story, int64_t number, const struct story_change *change,
	const struct story_saving *how, struct fault *f)
{
	struct arena arena;
	bool ok;

	arena_init(&arena, "bylines", 2 * BYLINES_BYTES);
	ok = store_run(db, DESK_SQL_REVISION_INSERT, STORE_ARGS(store_i64(story->id), store_i64(number), store_i64(how->now.us),
		store_text(how->by), store_text(story->title), store_text(story->excerpt), store_text(story->body),
		store_text(story_bylines(story, &arena)), store_text(how->reason), store_i64((int64_t) change->words_added),
		store_i64((int64_t) change->words_removed), store_text(str_from(change->other))), NULL, f);
	arena_release(&arena);
	return ok;
}

bool story_has_moved_on(struct store *db, int64_t story, int64_t base, bool *has, struct fault *f)
{
	int64_t count = 0;

	if (!store_number(db, DESK_SQL_REVISION_SINCE, STORE_ARGS(store_i64(story), store_i64(base)), &count, f))
		return false;
	*has = count > 0;
	return true;
}

bool story_revision_load(struct store *db, int64_t story, int64_t number, struct arena *arena, struct story_revision *out,
	bool *found, struct fault *f)
{
	struct store_row row;

	*out = (struct story_revision){.number = number};
	if (!store_one(db, DESK_SQL_REVISION_ONE, STORE_ARGS(store_i64(story), store_i64(number)), arena, &row, found, f))
		return false;
	if (!*found)
		return true;
	out->made.us = row.columns[0].number;
	out->made_by = row.columns[1].bytes;
	out->title = row.columns[2].bytes;
	out->standfirst = row.columns[3].bytes;
	out->body = row.columns[4].bytes;
	out->bylines = row.columns[5].bytes;
	out->reason = row.columns[6].bytes;
	out->words_added = row.columns[7].number;
	out->words_removed = row.columns[8].number;
	out->other = row.columns[9].bytes;
	return true;
}
