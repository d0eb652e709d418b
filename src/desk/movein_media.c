/* movein_media.c: pictures of an export, from a folder on this disk.
 *
 * Decides: which file an old address means (by its tail, the original before a smaller copy), and how a picture in a
 * text is written. Leaves to others: pixels (mimeo-image). Runs in: the desk's child that moves in. The hard thing: the
 * address is a stranger's, so no part of it may lead out of the folder. Nothing is ever fetched.
 * SPDX-License-Identifier: ISC */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "base/fault.h"
#include "desk/movein.h"
#include "desk/story_photo.h"

enum { PARTS_MOST = 24 };

static int hex_of(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The address' path, percent signs undone, Ghost's "/size/w600" taken out. */
static bool path_of(struct str url, struct buf *out)
{
	size_t scheme = str_find(url, STR("://"));
	size_t i;

	if (scheme != SIZE_MAX)
		url = str_part(url, scheme + 3, SIZE_MAX);
	else if (str_starts(url, STR("//")))
		url = str_part(url, 2, SIZE_MAX);
	if (url.len == 0 || (scheme == SIZE_MAX && url.at[0] != '/' && str_find_char(url, '/') == SIZE_MAX && url.len > 255))
		return false;
	for (i = 0; i < url.len && url.at[i] != '?' && url.at[i] != '#'; i++) {
		if (url.at[i] == '%' && i + 2 < url.len && hex_of(url.at[i + 1]) >= 0 && hex_of(url.at[i + 2]) >= 0) {
			buf_add_char(out, (char) (hex_of(url.at[i + 1]) << 4 | hex_of(url.at[i + 2])));
			i += 2;
		} else {
			buf_add_char(out, url.at[i]);
		}
	}
	return !out->over && !str_has_control(buf_view(out)) && str_is_utf8(buf_view(out));
}

/* "name-300x200.jpg" → "name.jpg"; false when it is no smaller copy. */
static bool original_of(struct str tail, char out[PATH_MAX])
{
	size_t dot = tail.len;
	size_t at;
	size_t digits = 0;

	while (dot > 0 && tail.at[dot - 1] != '.' && tail.at[dot - 1] != '/')
		dot--;
	if (dot < 2 || tail.at[dot - 1] != '.')
		return false;
	at = --dot;
	while (at > 0 && tail.at[at - 1] >= '0' && tail.at[at - 1] <= '9')
		at--;
	digits = dot - at;
	if (digits == 0 || at == 0 || tail.at[at - 1] != 'x')
		return false;
	for (at--, digits = 0; at > 0 && tail.at[at - 1] >= '0' && tail.at[at - 1] <= '9'; at--)
		digits++;
	if (digits == 0 || at < 2 || tail.at[at - 1] != '-')
		return false;
	return snprintf(out, PATH_MAX, "%.*s%.*s", (int) (at - 1), tail.at, (int) (tail.len - dot), tail.at + dot) < PATH_MAX;
}

static bool is_file(struct str folder, struct str tail, struct arena *arena, struct str *found)
{
	char path[PATH_MAX];
	struct stat about;

	if (snprintf(path, sizeof(path), "%.*s/%.*s", STR_ARG(folder), STR_ARG(tail)) >= (int) sizeof(path)
		|| stat(path, &about) != 0 || !S_ISREG(about.st_mode))
		return false;
	*found = str_copy(str_from(path), arena);
	return found->at != NULL;
}

/* Its parts, the last one last; false when one of them is no name. */
static bool part_path(struct str path, struct str parts[PARTS_MOST], size_t *count)
{
	struct str part;

	*count = 0;
	while (str_next(&path, '/', &part)) {
		if (part.len == 0)
			continue;
		if (str_is(part, ".") || str_is(part, "..") || *count == PARTS_MOST)
			return false;
		if (str_is(part, "size") && str_starts(path, STR("w"))) { /* Ghost: /size/w600/2024/05/name.jpg */
			(void) str_next(&path, '/', &part);
			continue;
		}
		parts[(*count)++] = part;
	}
	return *count > 0;
}

struct str movein_media_find(const struct movein_media *media, struct str url, struct arena *arena)
{
	struct str found = {NULL, 0};
	struct str parts[PARTS_MOST];
	char original[PATH_MAX];
	struct buf path;
	size_t count = 0;
	size_t from;
	size_t i;

	buf_init(&path, 2048);
	if (media->folder.len == 0 || !path_of(url, &path) || !part_path(buf_view(&path), parts, &count))
		count = 0;
	/* the longest tail that is there; a bare name only where the address has no more than that */
	for (from = 0; from < count && found.len == 0 && (from + 1 < count || count <= 2); from++) {
		struct buf tail;

		buf_init(&tail, 2048);
		for (i = from; i < count; i++) {
			buf_add_text(&tail, i > from ? "/" : "");
			buf_add_str(&tail, parts[i]);
		}
		if (!original_of(buf_view(&tail), original) || !is_file(media->folder, str_from(original), arena, &found))
			(void) is_file(media->folder, buf_view(&tail), arena, &found);
		buf_release(&tail);
	}
	buf_release(&path);
	return found;
}

/* --- making them --- */

bool movein_media_add(struct movein_media *media, struct str path, struct fault *f)
{
	struct movein_picture *picture;

	if (media->count == media->room_for) {
		size_t room = media->room_for > 0 ? media->room_for * 2 : 256;
		struct movein_picture **pictures = arena_alloc_many(media->arena, room, sizeof(struct movein_picture *));

		if (pictures == NULL)
			return fault_full(f, "this export");
		if (media->count > 0)
			memcpy(pictures, media->pictures, media->count * sizeof(struct movein_picture *));
		media->pictures = pictures;
		media->room_for = room;
	}
	picture = arena_alloc(media->arena, sizeof(*picture));
	if (picture == NULL)
		return fault_full(f, "this export");
	picture->path = str_copy(path, media->arena);
	media->pictures[media->count++] = picture;
	return picture->path.at != NULL || fault_full(f, "this export");
}

static int by_path(const void *a, const void *b)
{
	return str_compare((*(const struct movein_picture *const *) a)->path, (*(const struct movein_picture *const *) b)->path);
}

/* Each file once. */
void movein_media_sort(struct movein_media *media)
{
	size_t kept = 0;
	size_t i;

	if (media->count > 1)
		qsort(media->pictures, media->count, sizeof(struct movein_picture *), by_path);
	for (i = 0; i < media->count; i++)
		if (kept == 0 || !str_equal(media->pictures[kept - 1]->path, media->pictures[i]->path))
			media->pictures[kept++] = media->pictures[i];
	media->count = kept;
}

bool movein_media_make(struct movein_media *media, struct room *room, struct fault *f)
{
	struct photo_task *tasks;
	size_t i;

	movein_media_sort(media);
	tasks = arena_alloc_many(media->arena, media->count + 1, sizeof(*tasks));
	if (tasks == NULL)
		return fault_full(f, "this export");
	for (i = 0; i < media->count; i++)
		tasks[i] = (struct photo_task){.path = media->pictures[i]->path, .name = media->pictures[i]->path.at, .line = 1,
			.photo = &media->pictures[i]->photo, .trouble = &media->pictures[i]->trouble};
	return story_make_photos(room, tasks, media->count, media->arena, f);
}

const struct movein_picture *movein_media_get(const struct movein_media *media, struct str path)
{
	const struct movein_picture key = {.path = path};
	const struct movein_picture *at = &key;
	struct movein_picture *const *found = media->count > 0 && path.len > 0
		? bsearch(&at, media->pictures, media->count, sizeof(struct movein_picture *), by_path) : NULL;

	return found != NULL ? *found : NULL;
}
