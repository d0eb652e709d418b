/* movein_take.c: moved stories into the database, with their old addresses.
 *
 * Decides: that a story which the desk has changed while the child was at work is left alone. Leaves to others: the
 * story itself (story_store.c), where records come from (story_take.c). Runs in: desk. The hard thing: a story, its old
 * addresses and what it was taken from stand in one transaction.
 * SPDX-License-Identifier: ISC */
#include "base/fault.h"
#include "desk/movein.h"
#include "desk/photo_store.h"
#include "desk/story_store.h"
#include "desk/story_work.h"
#include "gen/desk_sql.h"
#include "http/http_client.h"
#include "store/store.h"

bool movein_is_record(const json_t *record)
{
	return json_object_get(record, "movein") != NULL || json_object_get(record, "redirects") != NULL;
}

/* A path of this site's own, as front redirects it. */
static bool is_path(struct str path)
{
	return path.len > 1 && path.len < 1024 && path.at[0] == '/' && !str_starts(path, STR("//")) && !str_has_control(path);
}

static struct str text_at(const json_t *list, size_t i)
{
	const json_t *item = json_array_get(list, i);

	return str_make(json_string_value(item), json_string_length(item));
}

static bool take_redirects(struct store *db, const json_t *list, struct fault *f)
{
	bool ok = true;
	size_t i;

	for (i = 0; i < json_array_size(list) && ok; i++) {
		const json_t *pair = json_array_get(list, i);

		if (is_path(text_at(pair, 0)) && is_path(text_at(pair, 1)))
			ok = store_run(db, DESK_SQL_MOVED_PAGE_PUT, STORE_ARGS(store_text(text_at(pair, 0)), store_text(text_at(pair, 1))),
				NULL, f);
	}
	return ok;
}

static bool take_paths(struct store *db, const json_t *list, const struct story *story, struct fault *f)
{
	bool ok = true;
	size_t i;

	for (i = 0; i < json_array_size(list) && ok; i++) {
		struct str path = text_at(list, i);
		int64_t others = 0;

		if (!is_path(path) || str_equal(path, story->path))
			continue;
		/* another story's own address is no old one of this */
		ok = store_number(db, DESK_SQL_STORY_PATH_TAKEN, STORE_ARGS(store_text(path), store_i64(story->id)), &others, f)
			&& (others > 0
				|| store_run(db, DESK_SQL_MOVED_PUT, STORE_ARGS(store_text(path), store_i64(story->id)), NULL, f));
	}
	return ok;
}

/* Photos in the text: the library must know them before a page shows them. */
static bool take_photos(struct store *db, const json_t *list, struct when now, struct fault *f)
{
	bool ok = true;
	size_t i;

	for (i = 0; i < json_array_size(list) && ok; i++) {
		const json_t *photo = json_array_get(list, i);
		int64_t width = 0;
		int64_t height = 0;
		int64_t removed = 0;

		if (http_json_i64(photo, "width", &width) && http_json_i64(photo, "height", &height)
			&& http_json_i64(photo, "removed", &removed))
			ok = photo_put(db, &(struct photo){.made = {.hash = http_json_text(photo, "hash"), .width = width, .height = height,
				.widths = http_json_text(photo, "widths"), .removed = removed, .dominant = http_json_text(photo, "dominant")},
				.is_whole = true, .added = now, .added_by = STR("import")}, f);
	}
	return ok;
}

bool movein_take(struct store *db, const json_t *record, struct when now, struct arena *arena, struct fault *f)
{
	struct str hash = http_json_text(record, "movein");
	struct story story;
	struct store_row row;
	bool found = false;

	if (hash.len == 0)
		return take_redirects(db, json_object_get(record, "redirects"), f);
	if (!story_from_json(record, arena, &story, f)
		|| !store_one(db, DESK_SQL_MOVEIN_FIND, STORE_ARGS(store_text(story.identity)), arena, &row, &found, f))
		return false;
	if (found && row.columns[1].number != row.columns[2].number)
		return true; /* somebody saved it in the meantime */
	return take_photos(db, json_object_get(record, "photos"), now, f) && story_save(db, &story, now, "import", arena, f)
		&& take_paths(db, json_object_get(record, "paths"), &story, f)
		&& store_run(db, DESK_SQL_MOVEIN_PUT, STORE_ARGS(store_text(story.identity), store_text(hash), store_i64(now.us)), NULL,
			f);
}
