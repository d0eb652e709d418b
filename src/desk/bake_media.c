/* bake_media.c: which photos are on the site: those of published stories and no others.
 *
 * Decides: what stands in site/media. Leaves to others: pixels (mimeo-image), which wrote every photo to data/desk/media. Runs
 * in: desk's bake. The hard thing: a story that is withdrawn to protect somebody takes its picture with it, while the desk
 * keeps it; so the site holds hard links, made before a page names them and removed after the last one does.
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fault.h"
#include "base/file.h"
#include "desk/bake.h"
#include "gen/desk_sql.h"
#include "store/store.h"

enum { NAME_BYTES = 96, KEPT_BYTES = NAME_BYTES + 16 };

typedef bool media_call(int site_fd, const char *kept, const char *shown, struct fault *f);

/* One photo's files, each with its name at the desk and on the site, both seen from site/. */
static bool for_each_file(int site_fd, struct str hash, struct str widths, media_call *call, struct fault *f)
{
	static const char *const endings[] = {"jpg", "webp"};
	char kept[KEPT_BYTES], shown[NAME_BYTES];
	struct str width;
	bool ok = true;
	size_t i;

	while (ok && str_next(&widths, ' ', &width))
		for (i = 0; ok && i < sizeof(endings) / sizeof(endings[0]); i++) {
			snprintf(shown, sizeof(shown), "media/%.*s-%.*s.%s", STR_ARG(str_part(hash, 0, 32)), STR_ARG(str_part(width, 0, 16)),
				endings[i]);
			snprintf(kept, sizeof(kept), "../desk/%s", shown);
			ok = call(site_fd, kept, shown, f);
		}
	return ok;
}

/* A photo whose file is gone is told by `mimeo check`; its page still stands. */
static bool show(int site_fd, const char *kept, const char *shown, struct fault *f)
{
	if (linkat(site_fd, kept, site_fd, shown, 0) == 0 || errno == EEXIST || errno == ENOENT)
		return true;
	if (errno == EXDEV || errno == EPERM || errno == EMLINK)
		return file_copy(site_fd, kept, site_fd, shown, 0644, f);
	return fault_errno(f, "a photo cannot be put on the site (%s)", shown);
}

static bool hide(int site_fd, const char *kept, const char *shown, struct fault *f)
{
	(void) kept;
	return file_remove(site_fd, shown, f);
}

/* The lead of a story and the pictures in its text. */
static bool show_story(struct bake *bake, int64_t story, struct fault *f)
{
	struct store_rows rows;
	bool ok = true;

	if (!store_rows_begin(bake->db, DESK_SQL_PHOTO_OF_STORY, STORE_ARGS(store_i64(story)), &rows, f))
		return false;
	while (ok && store_rows_next(&rows, f))
		ok = for_each_file(bake->site.fd, store_column_text(&rows, 0), store_column_text(&rows, 1), show, f);
	return store_rows_end(&rows) && ok;
}

bool bake_media_show(struct bake *bake, struct fault *f)
{
	struct store_rows rows;
	bool ok = true;
	size_t i;

	if (mkdirat(bake->site.fd, "media", 0750) != 0 && errno != EEXIST)
		return fault_errno(f, "site/media cannot be made");
	for (i = 0; ok && !bake->is_full && i < bake->count; i++)
		if (bake->stories[i].is_touched && bake->stories[i].story.state == STORY_PUBLISHED)
			ok = show_story(bake, bake->stories[i].story.id, f);
	if (!ok || !bake->is_full)
		return ok;
	if (!store_rows_begin(bake->db, DESK_SQL_PHOTO_SHOWN, STORE_NO_ARGS, &rows, f))
		return false;
	while (ok && store_rows_next(&rows, f))
		ok = for_each_file(bake->site.fd, store_column_text(&rows, 0), store_column_text(&rows, 1), show, f);
	return store_rows_end(&rows) && ok;
}

/* Unless a published story shows it. */
static bool hide_unshown(struct bake *bake, struct str hash, struct str widths, struct fault *f)
{
	int64_t shown = 0;

	return store_number(bake->db, DESK_SQL_PHOTO_IS_SHOWN, STORE_ARGS(store_text(hash)), &shown, f)
		&& (shown > 0 || for_each_file(bake->site.fd, hash, widths, hide, f));
}

/* A story that is not public any more: its photos as it has them. */
static bool hide_story(struct bake *bake, int64_t story, struct fault *f)
{
	struct store_rows rows;
	bool ok = true;

	if (!store_rows_begin(bake->db, DESK_SQL_PHOTO_OF_STORY, STORE_ARGS(store_i64(story)), &rows, f))
		return false;
	while (ok && store_rows_next(&rows, f))
		ok = hide_unshown(bake, store_column_text(&rows, 0), store_column_text(&rows, 1), f);
	return store_rows_end(&rows) && ok;
}

/* Photos that a change took out of a story that stays: the queue names them. */
static bool hide_let_go(struct bake *bake, struct fault *f)
{
	struct store_rows rows;
	struct arena arena;
	bool ok = true;

	if (!store_rows_begin(bake->db, DESK_SQL_QUEUE_PHOTOS_GONE, STORE_ARGS(store_i64(bake->queue_last)), &rows, f))
		return false;
	arena_init(&arena, "photo", 1024 * 1024);
	while (ok && store_rows_next(&rows, f)) {
		struct str rest = store_column_text(&rows, 0);
		struct str hash = {NULL, 0};
		struct store_row row;
		bool found = false;

		while (ok && str_next(&rest, ' ', &hash))
			if (hash.len > 0)
				ok = store_one(bake->db, DESK_SQL_PHOTO_FIND, STORE_ARGS(store_text(hash)), &arena, &row, &found, f)
					&& (!found || hide_unshown(bake, hash, row.columns[2].bytes, f));
	}
	arena_release(&arena);
	return store_rows_end(&rows) && ok;
}

/* Those of the stories at hand alone: publishing one story must not cost more in a large archive. */
bool bake_media_hide(struct bake *bake, struct fault *f)
{
	struct store_rows rows;
	bool ok = true;
	size_t i;

	for (i = 0; ok && !bake->is_full && i < bake->count; i++)
		if (bake->stories[i].is_touched && bake->stories[i].story.state != STORY_PUBLISHED)
			ok = hide_story(bake, bake->stories[i].story.id, f);
	if (!ok || !bake->is_full)
		return ok && hide_let_go(bake, f);
	if (!store_rows_begin(bake->db, DESK_SQL_PHOTO_HIDDEN, STORE_NO_ARGS, &rows, f))
		return false;
	while (ok && store_rows_next(&rows, f))
		ok = for_each_file(bake->site.fd, store_column_text(&rows, 0), store_column_text(&rows, 1), hide, f);
	return store_rows_end(&rows) && ok;
}
