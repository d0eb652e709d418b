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

bool bake_media_show(struct bake *bake, struct fault *f)
{
	bool ok = true;
	size_t i;

	if (mkdirat(bake->site.fd, "media", 0750) != 0 && errno != EEXIST)
		return fault_errno(f, "site/media cannot be made");
	for (i = 0; ok && i < bake->count; i++) {
		const struct story *story = &bake->stories[i].story;

		if ((bake->is_full || bake->stories[i].is_touched) && story->state == STORY_PUBLISHED && story->photo.hash.len > 0)
			ok = for_each_file(bake->site.fd, story->photo.hash, story->photo.widths, show, f);
	}
	return ok;
}

/* Those of the stories at hand alone: publishing one story must not cost more in a large archive. */
static bool hide_touched(struct bake *bake, struct fault *f)
{
	int64_t shown = 0;
	bool ok = true;
	size_t i;

	for (i = 0; ok && i < bake->count; i++) {
		const struct story *story = &bake->stories[i].story;

		if (!bake->stories[i].is_touched || story->state == STORY_PUBLISHED || story->photo.hash.len == 0)
			continue;
		ok = store_number(bake->db, DESK_SQL_HAND_PHOTO_SHOWN, STORE_ARGS(store_text(story->photo.hash)), &shown, f);
		if (ok && shown == 0)
			ok = for_each_file(bake->site.fd, story->photo.hash, story->photo.widths, hide, f);
	}
	return ok;
}

/* A full bake also takes away photos that were replaced by others. */
bool bake_media_hide(struct bake *bake, struct fault *f)
{
	struct store_rows rows;
	bool ok = true;

	if (!bake->is_full)
		return hide_touched(bake, f);
	if (!store_rows_begin(bake->db, DESK_SQL_PHOTO_HIDDEN, STORE_NO_ARGS, &rows, f))
		return false;
	while (ok && store_rows_next(&rows, f))
		ok = for_each_file(bake->site.fd, store_column_text(&rows, 0), store_column_text(&rows, 1), hide, f);
	return store_rows_end(&rows) && ok;
}
