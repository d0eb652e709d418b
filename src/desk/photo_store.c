/* photo_store.c: photos in desk.db: what the library knows of each, which stories use it, and what a story lets go.
 *
 * Decides: when a photo leaves the site (its last published story let it go) and when it may be deleted. Leaves to others:
 * pixels (photo_make.c), links on the site (bake_media.c). Runs in: desk. The hard thing: a photo that a story loses may show
 * somebody who must not be seen, so its leaving stands in the queue in the change's own transaction.
 * SPDX-License-Identifier: ISC */
#include "desk/photo_store.h"

#include <stdio.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/limits.h"
#include "desk/story_pictures.h"
#include "desk/story_store.h"
#include "gen/desk_sql.h"
#include "house/home.h"
#include "press/words.h"
#include "store/store.h"

enum { WORDS_BYTES = 16 * 1024, LEFT_BYTES = PHOTO_HAD_MAX * (PHOTO_HASH_CHARS + 1) };

bool photo_is_name(struct str name)
{
	size_t i;

	if (name.len != PHOTO_HASH_CHARS)
		return false;
	for (i = 0; i < name.len; i++)
		if (!((name.at[i] >= '0' && name.at[i] <= '9') || (name.at[i] >= 'a' && name.at[i] <= 'f')))
			return false;
	return true;
}

bool photo_find(struct store *db, struct str hash, struct arena *arena, struct photo *out, struct fault *f)
{
	struct store_row row;
	bool found = false;

	*out = (struct photo){0};
	if (!store_one(db, DESK_SQL_PHOTO_FIND, STORE_ARGS(store_text(hash)), arena, &row, &found, f))
		return false;
	if (!found)
		return fault_set(f, FAULT_MISSING, "There is no such photo in the library.");
	*out = (struct photo){.made = {.hash = str_copy(hash, arena), .width = row.columns[0].number,
		.height = row.columns[1].number, .widths = row.columns[2].bytes, .removed = row.columns[3].number,
		.dominant = row.columns[4].bytes}, .is_whole = row.columns[5].number != 0, .alt = row.columns[6].bytes,
		.caption = row.columns[7].bytes, .credit = row.columns[8].bytes,
		.focus = {row.columns[9].number - 50, row.columns[10].number - 50}, .added = {row.columns[11].number},
		.added_by = row.columns[12].bytes, .added_for = row.columns[13].number};
	return true;
}

/* What a photo is found by: all its texts, folded as the site's search folds them. */
static void fold(struct str alt, struct str caption, struct str credit, struct buf *out)
{
	(void) words_fold(caption, out);
	buf_add_char(out, ' ');
	(void) words_fold(credit, out);
	buf_add_char(out, ' ');
	(void) words_fold(alt, out);
}

bool photo_put(struct store *db, const struct photo *photo, struct fault *f)
{
	const struct story_photo *made = &photo->made;
	struct buf words;
	bool ok;

	buf_init(&words, WORDS_BYTES);
	if (photo->alt.len + photo->caption.len + photo->credit.len > 0)
		fold(photo->alt, photo->caption, photo->credit, &words);
	ok = store_run(db, DESK_SQL_PHOTO_PUT, STORE_ARGS(store_text(made->hash), store_i64(made->width), store_i64(made->height),
		store_text(made->widths), store_i64(made->removed), store_text(made->dominant), store_i64(photo->is_whole),
		store_text(photo->alt), store_text(photo->caption), store_text(photo->credit), store_text(buf_view(&words)),
		store_i64(photo->added.us), store_text(photo->added_by), photo->added_for != 0 ? store_i64(photo->added_for)
		: store_null()), NULL, f);
	buf_release(&words);
	return ok;
}

bool photo_set_texts(struct store *db, struct str hash, struct str alt, struct str caption, struct str credit,
	struct fault *f)
{
	struct buf words;
	bool ok;

	buf_init(&words, WORDS_BYTES);
	fold(alt, caption, credit, &words);
	ok = store_run(db, DESK_SQL_PHOTO_SET_TEXTS, STORE_ARGS(store_text(hash), store_text(alt), store_text(caption),
		store_text(credit), store_text(buf_view(&words))), NULL, f);
	buf_release(&words);
	return ok;
}

/* --- a story's photos, before and after --- */

static void note_had(struct photo_had *had, struct str hash)
{
	size_t i;

	for (i = 0; i < had->count; i++)
		if (str_is(hash, had->hashes[i]))
			return;
	if (had->count < PHOTO_HAD_MAX && photo_is_name(hash))
		memcpy(had->hashes[had->count++], hash.at, PHOTO_HASH_CHARS);
}

static bool read_had(struct store *db, int64_t story, struct photo_had *had, struct fault *f)
{
	struct store_rows rows;

	*had = (struct photo_had){0};
	if (!store_rows_begin(db, DESK_SQL_PHOTO_OF_STORY, STORE_ARGS(store_i64(story)), &rows, f))
		return false;
	while (store_rows_next(&rows, f))
		note_had(had, store_column_text(&rows, 0));
	return store_rows_end(&rows);
}

/* Into the queue what the story had and has no more. */
static bool queue_gone(struct store *db, const struct story *story, const struct photo_had *had, struct fault *f)
{
	struct photo_had has;
	struct buf left;
	bool ok;
	size_t i;
	size_t k;

	if (!read_had(db, story->id, &has, f))
		return false;
	buf_init(&left, LEFT_BYTES + 1);
	for (i = 0; i < had->count; i++) {
		for (k = 0; k < has.count && strcmp(had->hashes[i], has.hashes[k]) != 0; k++)
			;
		if (k == has.count)
			buf_format(&left, "%s ", had->hashes[i]);
	}
	ok = left.len == 0 || store_run(db, DESK_SQL_QUEUE_PHOTOS, STORE_ARGS(store_i64(story->id), store_text(STR("photo")),
		store_text(buf_view(&left)), store_i64(story->published.us)), NULL, f);
	buf_release(&left);
	return ok;
}

bool photo_before_save(struct store *db, const struct story *story, struct when now, struct str by,
	struct photo_had *had, struct fault *f)
{
	const struct photo lead = {.made = story->photo, .is_whole = true, .alt = story->alt, .caption = story->caption,
		.credit = story->credit, .added = now, .added_by = by};
	bool ok = read_had(db, story->id, had, f);
	struct store_row row;
	struct arena arena;
	bool found = false;
	size_t i;

	/* one that the library has is not made again: its widths may still be growing */
	arena_init(&arena, "photo", PHOTO_TEXT_CHARS * 64);
	if (ok && story->photo.hash.len > 0)
		ok = store_one(db, DESK_SQL_PHOTO_FIND, STORE_ARGS(store_text(story->photo.hash)), &arena, &row, &found, f);
	if (ok && story->photo.hash.len > 0 && found && story->photo.widths.len <= row.columns[2].bytes.len)
		ok = lead.alt.len + lead.caption.len + lead.credit.len == 0
			|| photo_set_texts(db, story->photo.hash, story->alt, story->caption, story->credit, f);
	else if (ok && story->photo.hash.len > 0 && story->photo.width > 0)
		ok = photo_put(db, &lead, f);
	arena_release(&arena);
	for (i = 0; i < story->picture_count && ok; i++) {
		const struct story_picture *picture = &story->pictures[i];
		const struct photo photo = {.made = picture->photo, .is_whole = true, .alt = picture->alt, .caption = picture->caption,
			.credit = picture->credit, .added = now, .added_by = by, .added_for = story->id};

		ok = photo_put(db, &photo, f);
	}
	return ok;
}

struct placing {
	struct store *db;
	int64_t story, place;
	struct fault *f;
	bool ok;
};

static void place_picture(void *self, struct str hash)
{
	struct placing *placing = self;

	placing->ok = placing->ok && store_run(placing->db, DESK_SQL_PICTURE_INSERT, STORE_ARGS(store_i64(placing->story),
		store_i64(placing->place), store_text(hash)), NULL, placing->f);
	placing->place++;
}

bool photo_after_save(struct store *db, const struct story *story, const struct photo_had *had, bool was_public,
	struct fault *f)
{
	struct placing placing = {.db = db, .story = story->id, .f = f, .ok = true};

	if (!store_run(db, DESK_SQL_STORY_SET_FOCUS, STORE_ARGS(store_i64(story->id), store_i64(story->focus.x + 50),
		store_i64(story->focus.y + 50)), NULL, f)
		|| !store_run(db, DESK_SQL_PICTURE_CLEAR, STORE_ARGS(store_i64(story->id)), NULL, f))
		return false;
	story_pictures_each(story->body, place_picture, &placing);
	return placing.ok && (!was_public || had->count == 0 || queue_gone(db, story, had, f));
}

/* --- the lead --- */

static bool set_lead(struct store *db, struct story *story, bool was_public, const struct photo *photo, struct when now,
	struct fault *f)
{
	struct photo_had had;

	if (!read_had(db, story->id, &had, f) || !store_run(db, DESK_SQL_STORY_SET_PHOTO, STORE_ARGS(store_i64(story->id),
		store_text_or_null(photo->made.hash), store_text(photo->alt), store_text(photo->caption),
		store_text(photo->credit), store_i64(photo->focus.x + 50), store_i64(photo->focus.y + 50), store_i64(now.us)), NULL, f))
		return false;
	if (photo->made.hash.len > 0 && (!photo_set_texts(db, photo->made.hash, photo->alt, photo->caption, photo->credit, f)
		|| !store_run(db, DESK_SQL_PHOTO_SET_FOCUS, STORE_ARGS(store_text(photo->made.hash), store_i64(photo->focus.x + 50),
			store_i64(photo->focus.y + 50)), NULL, f)))
		return false;
	if (story->state != STORY_PUBLISHED) /* withdrawn a moment ago: its photo may still be there */
		return !was_public || queue_gone(db, story, &had, f);
	return store_run(db, DESK_SQL_QUEUE_ADD, STORE_ARGS(store_i64(story->id), store_text(STR("photo")), store_null(),
		store_text(STR("")), store_i64(story->published.us)), NULL, f) && queue_gone(db, story, &had, f);
}

bool photo_set_lead(struct store *db, int64_t id, const struct photo *photo, struct when now, struct arena *arena,
	struct fault *f)
{
	struct story_more more = {0};
	struct story story;

	return story_load(db, id, arena, &story, &more, f) && store_begin(db, f)
		&& store_end(db, set_lead(db, &story, more.was_public, photo, now, f), f);
}

/* --- into the text --- */

bool photo_append(struct store *db, int64_t id, struct str markdown, struct str by, struct when now, struct arena *arena,
	struct fault *f)
{
	const struct story_saving how = {.now = now, .by = by};
	struct story story;

	if (!story_load(db, id, arena, &story, NULL, f))
		return false;
	return photo_append_to(&story.body, markdown, arena, f) && store_begin(db, f)
		&& store_end(db, story_save_as(db, &story, &how, arena, f), f);
}

bool photo_append_to(struct str *body, struct str markdown, struct arena *arena, struct fault *f)
{
	struct str text = *body;

	while (text.len > 0 && strchr("\n\r ", text.at[text.len - 1]) != NULL)
		text.len--;
	if (text.len + markdown.len + 4 > LIMIT_STORY_BYTES)
		return fault_full(f, "this story's text");
	text = str_format(arena, "%.*s\n\n%.*s\n", STR_ARG(text), STR_ARG(markdown));
	if (text.at == NULL)
		return fault_full(f, "this story's text");
	*body = text;
	return true;
}

bool photo_queue_users(struct store *db, struct str hash, struct fault *f)
{
	int64_t ids[64], dates[64];
	size_t count = 0;
	struct store_rows rows;
	bool ok;
	size_t i;

	if (!store_rows_begin(db, DESK_SQL_PHOTO_PUBLICS, STORE_ARGS(store_text(hash)), &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		if (count < sizeof(ids) / sizeof(ids[0])) {
			ids[count] = store_column_i64(&rows, 0);
			dates[count] = store_column_i64(&rows, 1);
		}
		count++;
	}
	ok = store_rows_end(&rows);
	if (ok && count > sizeof(ids) / sizeof(ids[0])) /* so many: all of the site */
		return store_run(db, DESK_SQL_QUEUE_ADD, STORE_ARGS(store_null(), store_text(STR("photo")), store_null(),
			store_text(STR("")), store_null()), NULL, f);
	for (i = 0; i < count && ok; i++)
		ok = store_run(db, DESK_SQL_QUEUE_ADD, STORE_ARGS(store_i64(ids[i]), store_text(STR("photo")), store_null(),
			store_text(STR("")), store_i64(dates[i])), NULL, f);
	return ok;
}

/* --- leaving the library --- */

static bool remove_files(const struct home *home, struct str hash, struct str widths, struct fault *f)
{
	static const char *const folders[] = {"data/site/media", "data/desk/media"};
	static const char *const endings[] = {"jpg", "webp"};
	struct str width;
	char path[128];
	bool ok = true;
	size_t i;

	while (ok && str_next(&widths, ' ', &width))
		for (i = 0; ok && i < 4; i++) {
			snprintf(path, sizeof(path), "%s/%.*s-%.*s.%s", folders[i / 2], STR_ARG(str_part(hash, 0, PHOTO_HASH_CHARS)),
				STR_ARG(str_part(width, 0, 16)), endings[i % 2]);
			ok = file_remove(home->fd, path, f);
		}
	return ok;
}

bool photo_remove(struct store *db, const struct home *home, struct str hash, struct arena *arena, struct fault *f)
{
	struct photo photo;
	struct store_rows rows;
	struct str title = STR("");
	bool is_used = false;

	if (!photo_find(db, hash, arena, &photo, f)
		|| !store_rows_begin(db, DESK_SQL_PHOTO_USERS, STORE_ARGS(store_text(hash)), &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		is_used = true;
		title = store_column_copy(&rows, 1, arena);
	}
	if (!store_rows_end(&rows))
		return false;
	if (is_used)
		return fault_set(f, FAULT_CONFLICT, "“%.*s” uses this photo; take it out of the story first",
			STR_ARG(title.len > 0 ? str_part(title, 0, 150) : STR("A story without a headline")));
	return store_run(db, DESK_SQL_PHOTO_DROP, STORE_ARGS(store_text(hash)), NULL, f)
		&& remove_files(home, hash, photo.made.widths, f);
}
