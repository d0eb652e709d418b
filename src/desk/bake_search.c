/* bake_search.c: the search index that front reads.
 *
 * Decides: what is indexed: folded title and text, with headline and excerpt as written. Leaves to others: asking
 * (front). Runs in: desk's bake. The hard thing: readers hold the file open under another user, so a full bake builds a
 * new file and gives it the name, after the old one's -wal and -shm are gone: a stale WAL beside a new file would be
 * replayed into it.
 * SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include "base/fault.h"
#include "base/file.h"
#include "base/limits.h"
#include "desk/bake.h"
#include "gen/desk_sql.h"
#include "press/markdown.h"
#include "press/words.h"
#include "store/store.h"

enum { SHOWN, FORGET, DROP, SHOW, PUT, MERGE, TUNE, SEARCH_QUERIES, BATCH = 4000, FILE_MODE = 0640 };
_Static_assert(DESK_SQL_SEARCH_FORGET == DESK_SQL_SEARCH_SHOWN + FORGET && DESK_SQL_SEARCH_DROP == DESK_SQL_SEARCH_SHOWN + DROP
	&& DESK_SQL_SEARCH_SHOW == DESK_SQL_SEARCH_SHOWN + SHOW && DESK_SQL_SEARCH_PUT == DESK_SQL_SEARCH_SHOWN + PUT
	&& DESK_SQL_SEARCH_MERGE == DESK_SQL_SEARCH_SHOWN + MERGE && DESK_SQL_SEARCH_TUNE == DESK_SQL_SEARCH_SHOWN + TUNE,
	"the blocks of search stand in this order");

/* What a story is found by, as written. */
struct found_by {
	struct str headline, excerpt, names, plain;
};

static bool open_index(const char *path, struct store **search, struct fault *f)
{
	const struct embed_file migrations[] = {{"001-search.sql", desk_sql[DESK_SQL_SEARCH_SCHEMA].text},
		{NULL, {NULL, 0}}};
	const struct store_options options = {.path = path, .mode = FILE_MODE, .persist_wal = true,
		.migrations = migrations, .queries = desk_sql + DESK_SQL_SEARCH_SHOWN, .query_count = SEARCH_QUERIES};

	return store_open(search, &options, f);
}

/* Its words as the index has them: those of the headline, *title_len bytes, then the others. */
static bool fold(const struct found_by *by, struct buf *folded, size_t *title_len, struct fault *f)
{
	buf_clear(folded);
	if (!words_fold(by->headline, folded))
		return fault_full(f, "a title");
	*title_len = folded->len;
	buf_add_char(folded, ' ');
	(void) words_fold(by->excerpt, folded);
	buf_add_char(folded, ' ');
	(void) words_fold(by->names, folded);
	buf_add_char(folded, ' ');
	return words_fold(by->plain, folded) || fault_full(f, "a text");
}

static struct str join_names(const struct story *story, struct arena *arena)
{
	struct buf names;
	struct str out;
	size_t i;

	buf_init(&names, LIMIT_STORY_BYTES);
	for (i = 0; i < story->topic_count; i++) {
		buf_add_str(&names, story->topics[i]);
		buf_add_char(&names, ' ');
	}
	for (i = 0; i < story->author_count; i++) {
		buf_add_str(&names, story->authors[i]);
		buf_add_char(&names, ' ');
	}
	out = str_copy(buf_view(&names), arena);
	buf_release(&names);
	return out;
}

static bool put_story(struct store *search, const struct story *story, struct str body, struct arena *arena, struct buf *plain,
	struct buf *folded, struct fault *f)
{
	struct found_by by = {.headline = story->title, .excerpt = story->excerpt, .names = join_names(story, arena)};
	size_t title = 0;

	buf_clear(plain);
	if (!markdown_write_text(body, plain, f))
		return false;
	by.plain = buf_view(plain);
	return fold(&by, folded, &title, f)
		&& store_run(search, SHOW, STORE_ARGS(store_i64(story->id), store_text(story->path), store_text(by.headline),
			store_text(by.excerpt), store_text(story->lang), store_i64(story->published.us), store_text(story->section),
			store_text(by.names), store_text(by.plain)), NULL, f)
		&& store_run(search, PUT, STORE_ARGS(store_i64(story->id), store_text(str_part(buf_view(folded), 0, title)),
			store_text(str_part(buf_view(folded), title, SIZE_MAX))), NULL, f);
}

/* The index keeps no text of its own, so a story is taken out of it by the words that it was put in with. */
static bool drop_story(struct store *search, int64_t id, struct arena *arena, struct buf *folded, struct fault *f)
{
	struct store_row row;
	bool found = false;
	size_t title = 0;

	if (!store_one(search, SHOWN, STORE_ARGS(store_i64(id)), arena, &row, &found, f) || !found)
		return !found && f->kind == FAULT_NONE;
	return fold(&(struct found_by){row.columns[0].bytes, row.columns[1].bytes, row.columns[2].bytes, row.columns[3].bytes}, folded,
			&title, f)
		&& store_run(search, FORGET, STORE_ARGS(store_i64(id), store_text(str_part(buf_view(folded), 0, title)),
			store_text(str_part(buf_view(folded), title, SIZE_MAX))), NULL, f)
		&& store_run(search, DROP, STORE_ARGS(store_i64(id)), NULL, f);
}

/* All published stories; `only_touched`: those in the queue, and for what is not public a row less. */
static bool put_all(struct bake *bake, struct store *search, bool only_touched, struct fault *f)
{
	struct buf plain;
	struct buf folded;
	bool ok = true;
	size_t i;

	buf_init(&plain, 2 * LIMIT_STORY_BYTES);
	buf_init(&folded, 4 * LIMIT_STORY_BYTES);
	for (i = 0; i < bake->count && ok; i++) {
		const struct bake_story *of = &bake->stories[i];
		struct store_row row;
		bool found = false;

		if (only_touched && !of->is_touched)
			continue;
		if (only_touched)
			ok = drop_story(search, of->story.id, &bake->page, &folded, f);
		if (of->story.state != STORY_PUBLISHED)
			continue;
		ok = ok && store_one(bake->db, DESK_SQL_STORY_BODY, STORE_ARGS(store_i64(of->story.id)), &bake->page, &row,
			&found, f) && (!found || put_story(search, &of->story, row.columns[0].bytes, &bake->page, &plain, &folded, f));
		arena_reset(&bake->page);
		if (ok && !only_touched && i % BATCH == BATCH - 1)
			ok = store_end(search, true, f) && store_begin_lightly(search, f);
	}
	buf_release(&plain);
	buf_release(&folded);
	return ok;
}

/* An index that is made at one go: its words are gathered in memory and joined once at the end, instead of again and again
 * on the way. These settings stay in the file, so they are taken back for the changes that come after. */
static bool tune(struct store *search, bool is_at_one_go, struct fault *f)
{
	static const struct {
		const char *name;
		int64_t at_one_go, usual; /* FTS5's own */
	} settings[] = {{"automerge", 0, 4}, {"crisismerge", 1000, 16}, {"hashsize", 48 * 1024 * 1024, 1024 * 1024}};
	bool ok = true;
	size_t i;

	for (i = 0; i < sizeof(settings) / sizeof(settings[0]) && ok; i++)
		ok = store_run(search, TUNE, STORE_ARGS(store_text(str_from(settings[i].name)),
			store_i64(is_at_one_go ? settings[i].at_one_go : settings[i].usual)), NULL, f);
	return ok;
}

bool bake_search_full(struct bake *bake, const char *site_path, struct fault *f)
{
	static const char *const beside[] = {"search.db.new", "search.db.new-wal", "search.db.new-shm"};
	static const char *const stale[] = {"search.db-wal", "search.db-shm"};
	struct store *search = NULL;
	char fresh[PATH_MAX];
	bool ok = true;
	size_t i;

	for (i = 0; i < 3 && ok; i++)
		ok = file_remove(bake->site.fd, beside[i], f);
	if (snprintf(fresh, sizeof(fresh), "%s/search.db.new", site_path) >= (int) sizeof(fresh))
		return fault_full(f, "this path");
	ok = ok && open_index(fresh, &search, f) && store_begin_lightly(search, f);
	if (ok)
		ok = store_end(search, tune(search, true, f) && put_all(bake, search, false, f), f);
	ok = ok && store_run(search, MERGE, STORE_NO_ARGS, NULL, f) && tune(search, false, f) && store_checkpoint(search, f);
	store_close(&search);
	for (i = 0; i < 2 && ok; i++)
		ok = file_remove(bake->site.fd, stale[i], f);
	if (ok && renameat(bake->site.fd, "search.db.new", bake->site.fd, "search.db") != 0)
		ok = fault_errno(f, "cannot rename site/search.db.new");
	for (i = 1; i < 3 && ok; i++)
		ok = file_remove(bake->site.fd, beside[i], f);
	/* opened once more, so that -wal and -shm stand there for readers that may not make them */
	return ok && bake_search_some(bake, site_path, f);
}

bool bake_search_some(struct bake *bake, const char *site_path, struct fault *f)
{
	struct store *search = NULL;
	char path[PATH_MAX];
	bool ok;

	if (snprintf(path, sizeof(path), "%s/search.db", site_path) >= (int) sizeof(path))
		return fault_full(f, "this path");
	ok = open_index(path, &search, f) && store_begin(search, f);
	if (ok)
		ok = store_end(search, store_run(search, DROP, STORE_ARGS(store_i64(0)), NULL, f)
			&& put_all(bake, search, true, f), f);
	store_close(&search);
	return ok;
}
