/* bake_job.c: the bake as a job of the desk: the whole site, or what the queue names.
 *
 * Decides: whether all of it, and the order. Leaves to others: what a change reaches (bake_hand.c), each page. Runs in: a child of the desk,
 * which only reads desk.db; the desk deletes the queue's rows once the child has ended well. The hard thing: killed
 * anywhere, the next run does the same work again and what stands there is always whole pages.
 * SPDX-License-Identifier: ISC */
#include "desk/bake_job.h"

#include <sodium.h>
#include <stdio.h>
#include <sys/resource.h>
#include "base/fault.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "desk/bake_crew.h"
#include "desk/bake_hand.h"
#include "gen/desk_sql.h"
#include "house/overlay.h"
#include "house/room.h"
#include "press/theme.h"
#include "store/store.h"

enum { RECIPE = 11, /* changes when this program bakes other pages from the same things */
	REPORT_EVERY = 200, BODY_ARENA = 4 * 1024 * 1024, LOWER_PRIORITY = 5 };

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

/* All published stories, in their order. One that the desk published since they were loaded is not at hand: the next bake
 * has it. */
static bool bake_stories(struct bake *bake, struct fault *f)
{
	struct store_rows rows;
	struct bake_crew crew;
	bool ok;

	if (!bake_crew_begin(&crew, bake, bake->crew, bake->count, f))
		return false;
	ok = store_rows_begin(bake->db, DESK_SQL_STORY_BODIES, STORE_NO_ARGS, &rows, f);
	if (!ok)
		return bake_crew_end(&crew, false, f);
	while (ok && store_rows_next(&rows, f)) {
		uint32_t position = bake_ids_find(&bake->positions, store_column_i64(&rows, 0));

		if (position == BAKE_NOWHERE)
			continue;
		ok = bake_crew_page(&crew, position, store_column_text(&rows, 1), f);
		if (position % REPORT_EVERY == 0)
			report(position, bake->count, "stories");
	}
	return bake_crew_end(&crew, store_rows_end(&rows) && ok, f);
}

static bool bake_pages(struct bake *bake, struct fault *f)
{
	struct bake_crew crew;
	struct arena arena;
	size_t pages = 0;
	bool ok = true;
	size_t i;

	for (i = 0; i < bake->count; i++)
		pages += bake->stories[i].is_page;
	if (!bake_crew_begin(&crew, bake, bake->crew, pages, f))
		return false;
	arena_init(&arena, "body", BODY_ARENA);
	for (i = 0; i < bake->count && ok; i++) {
		const struct bake_story *of = &bake->stories[i];
		struct store_row row;
		bool found = false;

		if (!of->is_page || of->story.state != STORY_PUBLISHED)
			continue;
		ok = store_one(bake->db, DESK_SQL_STORY_BODY, STORE_ARGS(store_i64(of->story.id)), &arena, &row, &found, f)
			&& (!found || bake_crew_page(&crew, i, row.columns[0].bytes, f));
		arena_reset(&arena);
	}
	arena_release(&arena);
	return bake_crew_end(&crew, ok, f);
}

/* A story's page and its text-only twin. */
static bool take_story(struct bake *bake, struct str path, struct fault *f)
{
	char file[1024];
	char twin[1024 + 8];

	if (!file_of(path, file))
		return true;
	snprintf(twin, sizeof(twin), "text/%s", file);
	return bake_site_remove(&bake->site, file, f) && bake_site_remove(&bake->site, twin, f);
}

/* Pages that must go: withdrawn stories and addresses that changed. After the lists that named them. */
static bool take_away(struct bake *bake, const struct bake_changes *changes, struct fault *f)
{
	bool ok = true;
	size_t i;

	for (i = 0; i < changes->old_count && ok; i++) {
		int64_t lives = 0; /* another story may live there by now */

		ok = store_number(bake->db, DESK_SQL_HAND_LIVES, STORE_ARGS(store_text(changes->old_paths[i])), &lives, f);
		if (ok && lives == 0)
			ok = take_story(bake, changes->old_paths[i], f);
	}
	for (i = 0; i < bake->count && ok; i++)
		if (bake->stories[i].is_touched && bake->stories[i].story.state != STORY_PUBLISHED)
			ok = take_story(bake, bake->stories[i].story.path, f);
	return ok;
}

static bool bake_some(struct bake *bake, const struct bake_changes *changes, const char *site_path, struct fault *f)
{
	/* addresses first: whoever asks for a page in the instant between gets the redirect, not nothing */
	return bake_hand(bake, changes, f) && bake_pictures_load(bake, f) && bake_media_show(bake, f) && bake_pages(bake, f)
		&& bake_addresses(bake, f) && bake_lists(bake, f) && bake_front_page(bake, f) && bake_newsletter(bake, f)
		&& bake_plain_lists(bake, f) && bake_corrections(bake, f) && bake_feeds(bake, f) && bake_goal(bake, f) && take_away(bake, changes, f)
		&& bake_media_hide(bake, f) && bake_site_tell(&bake->site, f)
		&& bake_search_some(bake, site_path, f); /* no page waits for the index and its disk */
}

static bool bake_all(struct bake *bake, const char *site_path, struct fault *f)
{
	bool ok = bake_headers(bake, true, f) && bake_load(bake, f) && bake_pictures_load(bake, f) && bake_media_show(bake, f)
		&& bake_stories(bake, f);

	report(bake->count, bake->count, "lists");
	ok = ok && bake_addresses(bake, f) && bake_lists(bake, f) && bake_texts(bake, f) && bake_newsletter(bake, f)
		&& bake_front_page(bake, f) && bake_plain_lists(bake, f) && bake_corrections(bake, f) && bake_feeds(bake, f)
		&& bake_headers(bake, false, f) && bake_site_sweep(&bake->site, f) && bake_media_hide(bake, f);
	if (ok)
		report(bake->count, bake->count, "search");
	return ok && (bake->without_search || bake_search_full(bake, site_path, f));
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

/* Stands there while everything is baked: cut short, it begins anew. A bake of changes needs no mark: what it was about to
 * do stands in the queue until it has ended, and what a change reaches is found from the queue alone. */
static const char under_way[] = "_baking";

static bool run_full(struct bake *bake, const struct bake_run *how, struct fault *f)
{
	return file_write(bake->site.fd, under_way, STR(""), 0640, false, f) && bake_all(bake, how->site_path, f)
		&& bake_site_put(&bake->site, "_recipe", recipe(bake, how->conf), false, f) && bake_site_tell(&bake->site, f)
		&& file_remove(bake->site.fd, under_way, f);
}

static bool run(struct bake *bake, const struct bake_run *how, struct bake_changes *changes, struct fault *f)
{
	if (!bake_changes_read(bake, changes, f))
		return false;
	bake->queue_last = changes->last;
	bake->is_full = how->is_full || changes->wants_full || !file_exists(bake->site.fd, "search.db")
		|| !recipe_is_same(bake, recipe(bake, how->conf)) || file_exists(bake->site.fd, under_way);
	if (!bake->is_full)
		return bake_some(bake, changes, how->site_path, f);
	if (how->lower_priority > 0)
		(void) setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + (int) how->lower_priority);
	return run_full(bake, how, f);
}

bool bake_run(const struct bake_run *how, struct bake_done *done, struct fault *f)
{
	struct bake *bake = memory_new(1, sizeof(*bake));
	struct bake_changes changes = {0};
	bool ok;

	bake->db = how->db;
	bake->theme = how->theme;
	bake->settings = how->settings;
	bake->html_only = how->html_only;
	bake->without_search = how->html_only || how->without_search;
	bake->crew = how->crew;
	arena_init(&bake->arena, "bake", BAKE_CAP_BYTES);
	arena_init(&bake->page, "page", BAKE_PAGE_ARENA);
	buf_init(&bake->html, LIMIT_PAGE_BYTES);
	buf_init(&bake->body, LIMIT_PAGE_BYTES);
	bake->positions.arena = bake->issues.arena = bake->dates.arena = bake->kin.arena = bake->names.arena = &bake->arena;
	/* one state of the database from the queue to the last body */
	ok = bake_site_open(&bake->site, how->site_path, BAKE_GZIP_LEVEL, f) && store_look(bake->db, f);
	if (ok) {
		ok = run(bake, how, &changes, f);
		store_look_end(bake->db);
	}
	*done = (struct bake_done){.queue_last = changes.last, .stories = bake->count, .written = bake->site.written,
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
	struct bake_run how = {.db = room->db, .theme = room->theme, .settings = &room->settings, .lower_priority = argc > 1 ? 0 : LOWER_PRIORITY,
		.html_only = argc > 1 && strcmp(argv[1], "html") == 0,
		.without_search = argc > 1 && strcmp(argv[1], "pages") == 0, .is_full = argc > 0 && strcmp(argv[0], "full") == 0};
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
