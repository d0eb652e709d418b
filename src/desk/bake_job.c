/* bake_job.c: the bake as a job of the desk: the whole site, or what the queue names.
 *
 * Decides: which pages a change touches, and the order. Leaves to others: each page. Runs in: a child of the desk,
 * which only reads desk.db; the desk deletes the queue's rows once the child has ended well. The hard thing: killed
 * anywhere, the next run does the same work again and what stands there is always whole pages.
 * SPDX-License-Identifier: ISC */
#include "desk/bake_job.h"

#include <sodium.h>
#include <stdio.h>
#include "base/fault.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "desk/bake.h"
#include "gen/desk_sql.h"
#include "house/overlay.h"
#include "house/room.h"
#include "press/theme.h"
#include "store/store.h"

enum { RECIPE = 4, /* changes when this program bakes other pages from the same things */
	REPORT_EVERY = 200, QUEUE_FULL = 2000, BODY_ARENA = 4 * 1024 * 1024 };

struct queue {
	int64_t last;               /* highest row */
	int64_t since;              /* the earliest date that a change concerns */
	size_t count;
	bool wants_full;
	struct str *old_paths;
	size_t old_count;
};

/* --- what is touched --- */

static void touch_lists(struct bake *bake, struct str ids)
{
	struct str rest = ids;
	struct str piece;

	while (str_next(&rest, ' ', &piece)) {
		int64_t id;
		size_t i;

		for (i = 0; str_to_i64(piece, &id) && i < bake->list_count; i++)
			if (bake->lists[i].id == id)
				bake->lists[i].is_touched = true;
	}
}

/* Every list that has a slot for the story, whether it shows there or not. */
static bool touch_lists_of(struct bake *bake, int64_t story, struct fault *f)
{
	struct store_rows rows;
	size_t i;

	if (!store_rows_begin(bake->db, DESK_SQL_LIST_OF_STORY, STORE_ARGS(store_i64(story)), &rows, f))
		return false;
	while (store_rows_next(&rows, f))
		for (i = 0; i < bake->list_count; i++)
			bake->lists[i].is_touched = bake->lists[i].is_touched || bake->lists[i].id == store_column_i64(&rows, 0);
	return store_rows_end(&rows);
}

static bool read_queue(struct bake *bake, struct queue *queue, struct fault *f)
{
	struct store_rows rows;

	queue->old_paths = arena_alloc_many(&bake->arena, QUEUE_FULL, sizeof(*queue->old_paths));
	if (queue->old_paths == NULL)
		return fault_full(f, "the queue");
	if (!store_rows_begin(bake->db, DESK_SQL_QUEUE_ALL, STORE_NO_ARGS, &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		queue->last = store_column_i64(&rows, 0);
		queue->wants_full = queue->wants_full || store_column_is_null(&rows, 1) || ++queue->count >= QUEUE_FULL;
	}
	return store_rows_end(&rows);
}

static bool touch_queued(struct bake *bake, struct queue *queue, struct fault *f)
{
	struct store_rows rows;
	bool ok = true;

	queue->since = INT64_MAX;
	if (!store_rows_begin(bake->db, DESK_SQL_QUEUE_ALL, STORE_NO_ARGS, &rows, f))
		return false;
	while (ok && store_rows_next(&rows, f)) {
		int64_t since = store_column_i64(&rows, 5); /* 0 where it is not said: everything */
		struct bake_story *of = bake_find(bake, store_column_i64(&rows, 1));

		if (store_column_i64(&rows, 0) > queue->last)
			break;
		queue->since = since < queue->since ? since : queue->since;
		if (of != NULL) {
			of->is_touched = true;
			ok = touch_lists_of(bake, of->story.id, f);
		}
		touch_lists(bake, store_column_text(&rows, 4));
		if (!store_column_is_null(&rows, 3) && queue->old_count < QUEUE_FULL)
			queue->old_paths[queue->old_count++] = store_column_copy(&rows, 3, &bake->arena);
	}
	return store_rows_end(&rows) && ok;
}

/* Whether the page's "Read more" is another than it was, or names a story that changed. older: published ones before
 * it. */
static bool names_touched(struct bake *bake, size_t position, size_t older, int64_t since)
{
	const struct bake_related *was = &bake->related[position];
	struct bake_related now = *was;
	size_t i;

	/* only younger stories look back at a change; the first few look forward */
	if (bake->stories[position].story.published.us >= since || older < BAKE_MORE)
		now.count = (uint32_t) bake_more(bake, position, now.at);
	if (!was->is_known || now.count != was->count)
		return true;
	for (i = 0; i < now.count; i++)
		if (now.at[i] != was->at[i] || bake->stories[now.at[i]].is_touched)
			return true;
	return false;
}

/* --- the work --- */

static void report(size_t done, size_t total, const char *what)
{
	printf("progress %zu %zu %s\n", done, total, what);
	fflush(stdout);
}

static bool file_of(struct str path, char out[1024])
{
	return path.len > 0 && snprintf(out, 1024, "%.*sindex.html", STR_ARG(str_part(path, 1, SIZE_MAX))) < 1024;
}

/* Both are in one order, unless the desk wrote between loading and now: then the story is looked for. NULL: it was not
 * public when this bake began, and the next one has it. */
static struct bake_story *next_story(struct bake *bake, size_t from, int64_t id)
{
	while (from < bake->count && bake->stories[from].story.state != STORY_PUBLISHED)
		from++;
	return from < bake->count && bake->stories[from].story.id == id ? &bake->stories[from] : bake_find(bake, id);
}

static bool bake_stories(struct bake *bake, struct fault *f)
{
	struct store_rows rows;
	size_t next = 0;
	bool ok = true;

	if (!store_rows_begin(bake->db, DESK_SQL_STORY_BODIES, STORE_NO_ARGS, &rows, f))
		return false;
	while (ok && store_rows_next(&rows, f)) {
		const struct bake_story *of = next_story(bake, next, store_column_i64(&rows, 0));
		size_t position;

		if (of == NULL || of->story.state != STORY_PUBLISHED)
			continue;
		position = (size_t) (of - bake->stories);
		next = position + 1;
		ok = bake_story_page(bake, position, store_column_text(&rows, 1), f);
		if (position % REPORT_EVERY == 0)
			report(position, bake->count, "stories");
	}
	return store_rows_end(&rows) && ok;
}

static bool bake_touched_stories(struct bake *bake, int64_t since, struct fault *f)
{
	struct arena arena;
	size_t older = 0;
	bool ok = true;
	size_t i;

	arena_init(&arena, "body", BODY_ARENA);
	for (i = 0; i < bake->count && ok; i++) {
		const struct bake_story *of = &bake->stories[i];
		struct store_row row;
		bool found = false;

		if (of->story.state != STORY_PUBLISHED)
			continue;
		if (of->is_touched || names_touched(bake, i, older, since)) {
			ok = store_one(bake->db, DESK_SQL_STORY_BODY, STORE_ARGS(store_i64(of->story.id)), &arena, &row, &found, f)
				&& (!found || bake_story_page(bake, i, row.columns[0].bytes, f));
			arena_reset(&arena);
		}
		older++;
	}
	arena_release(&arena);
	return ok;
}

/* Pages that must go: withdrawn stories and addresses that changed. After the lists that named them. */
static bool take_away(struct bake *bake, const struct queue *queue, struct fault *f)
{
	char file[1024];
	bool ok = true;
	size_t i;

	for (i = 0; i < queue->old_count && ok; i++) {
		size_t k = 0;

		while (k < bake->count && !(bake->stories[k].story.state == STORY_PUBLISHED
			&& str_equal(bake->stories[k].story.path, queue->old_paths[i])))
			k++; /* another story may live there by now */
		if (k == bake->count && file_of(queue->old_paths[i], file))
			ok = bake_site_remove(&bake->site, file, f);
	}
	for (i = 0; i < bake->count && ok; i++)
		if (bake->stories[i].is_touched && bake->stories[i].story.state != STORY_PUBLISHED
			&& file_of(bake->stories[i].story.path, file))
			ok = bake_site_remove(&bake->site, file, f);
	return ok;
}

static bool bake_some(struct bake *bake, struct queue *queue, const char *site_path, struct fault *f)
{
	/* addresses first: whoever asks for a page in the instant between gets the redirect, not nothing */
	return touch_queued(bake, queue, f) && bake_media_show(bake, f) && bake_touched_stories(bake, queue->since, f) && bake_addresses(bake, f)
		&& bake_lists(bake, f) && bake_front_page(bake, f) && bake_newsletter(bake, f) && bake_feeds(bake, f)
		&& take_away(bake, queue, f) && bake_media_hide(bake, f)
		&& bake_search_some(bake, site_path, f);
}

static bool bake_all(struct bake *bake, const char *site_path, struct fault *f)
{
	bool ok = bake_headers(bake, true, f) && bake_media_show(bake, f) && bake_stories(bake, f);

	report(bake->count, bake->count, "lists");
	ok = ok && bake_addresses(bake, f) && bake_lists(bake, f) && bake_texts(bake, f) && bake_newsletter(bake, f)
		&& bake_front_page(bake, f) && bake_feeds(bake, f) && bake_headers(bake, false, f) && bake_site_sweep(&bake->site, f)
		&& bake_media_hide(bake, f);
	if (ok)
		report(bake->count, bake->count, "search");
	return ok && (bake->html_only || bake_search_full(bake, site_path, f));
}

/* What a full bake depends on besides stories: when it changed, nothing less than a full bake will do. */
static struct str recipe(struct bake *bake, struct str conf)
{
	unsigned char theme[32];
	unsigned char settings[32];
	char hex[2][65];

	theme_hash(bake->theme, theme);
	crypto_generichash(settings, sizeof(settings), (const unsigned char *) (conf.len > 0 ? conf.at : ""), conf.len, NULL, 0);
	sodium_bin2hex(hex[0], sizeof(hex[0]), theme, sizeof(theme));
	sodium_bin2hex(hex[1], sizeof(hex[1]), settings, sizeof(settings));
	return str_format(&bake->arena, "%d %s %s\n", RECIPE, hex[0], hex[1]);
}

static bool recipe_is_same(struct bake *bake, struct str now)
{
	struct str was = {NULL, 0};
	struct fault ignored = {0};

	return file_read(bake->site.fd, "_recipe", 64 * 1024, &bake->arena, &was, &ignored) && str_equal(was, now);
}

/* Stands there while a bake writes. A bake that was cut short has written pages that nothing remembers ("Read more" of
 * stories that a change, taken back since, had touched): the next one looks at all of them. */
static const char under_way[] = "_baking";

static bool run(struct bake *bake, const struct bake_run *how, struct queue *queue, struct fault *f)
{
	struct str now = recipe(bake, how->conf);

	if (!read_queue(bake, queue, f))
		return false;
	bake->is_full = how->is_full || queue->wants_full || !file_exists(bake->site.fd, "search.db")
		|| !recipe_is_same(bake, now) || file_exists(bake->site.fd, under_way);
	if (!bake_load(bake, f) || !bake_related_read(bake, f))
		return false;
	if ((bake->is_full || queue->count > 0) && !file_write(bake->site.fd, under_way, STR(""), 0640, false, f))
		return false;
	if (bake->is_full ? !bake_all(bake, how->site_path, f) : !bake_some(bake, queue, how->site_path, f))
		return false;
	return bake_related_write(bake, f) && bake_site_put(&bake->site, "_recipe", now, false, f)
		&& bake_site_tell(&bake->site, f) && file_remove(bake->site.fd, under_way, f);
}

bool bake_run(const struct bake_run *how, struct bake_done *done, struct fault *f)
{
	struct bake *bake = memory_new(1, sizeof(*bake));
	struct queue queue = {0};
	bool ok;

	bake->db = how->db;
	bake->theme = how->theme;
	bake->settings = how->settings;
	bake->html_only = how->html_only;
	arena_init(&bake->arena, "bake", BAKE_CAP_BYTES);
	arena_init(&bake->page, "page", BAKE_PAGE_ARENA);
	buf_init(&bake->html, LIMIT_PAGE_BYTES);
	buf_init(&bake->body, LIMIT_PAGE_BYTES);
	ok = bake_site_open(&bake->site, how->site_path, BAKE_GZIP_LEVEL, f)
		&& run(bake, how, &queue, f);
	*done = (struct bake_done){.queue_last = queue.last, .stories = bake->count, .written = bake->site.written,
		.same = bake->site.same, .removed = bake->site.removed, .was_full = bake->is_full};
	bake_site_close(&bake->site);
	buf_release(&bake->html);
	buf_release(&bake->body);
	arena_release(&bake->page);
	arena_release(&bake->arena);
	memory_free(bake);
	return ok;
}

bool bake_job(struct room *room, int argc, char **argv, struct fault *f)
{
	struct bake_run how = {.db = room->db, .theme = room->theme, .settings = &room->settings,
		.is_full = argc > 0 && strcmp(argv[0], "full") == 0};
	struct bake_done done = {0};
	char path[PATH_MAX];

	struct arena arena;
	bool ok;

	arena_init(&arena, "settings", 4 * LIMIT_CONF_BYTES);
	how.site_path = path;
	ok = home_path(&room->home, path, f, "data/site")
		&& file_read(room->home.fd, "mimeo.conf", LIMIT_CONF_BYTES, &arena, &how.conf, f);
	if (ok) /* what the desk laid over it is part of the recipe */
		how.conf = str_format(&arena, "%.*s\n%s", STR_ARG(how.conf), room->settings.desk->hash);
	ok = ok && bake_run(&how, &done, f);
	arena_release(&arena);
	if (!ok)
		return false;
	log_event(LOG_BAKE, LOG_I64("written", (int64_t) done.written), LOG_I64("same", (int64_t) done.same),
		LOG_I64("removed", (int64_t) done.removed), LOG_C("what", done.was_full ? "all" : "changes"));
	printf("baked %lld %zu %zu %s\n", (long long) done.queue_last, done.written, done.same, done.was_full ? "full"
		: "some");
	fflush(stdout);
	return true;
}
