/* bake_pictures.c: pictures in stories' texts, on pages and in feeds.
 *
 * Decides: that a picture is shown with the words of the text, and the library's credit where the text has none. Leaves to
 * others: the figure's HTML (theme/figure.mustache), sizes (bake_values.c). Runs in: desk's bake and its crew. The hard thing: a
 * crew's process has no database, so the photos of all pages that are made are at hand before; a text may name one that is gone:
 * its words alone stand there then, and the page is baked all the same.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "base/fault.h"
#include "desk/bake.h"
#include "desk/story_pictures.h"
#include "gen/desk_sql.h"
#include "press/markdown.h"
#include "press/theme.h"
#include "press/value.h"
#include "store/store.h"

/* --- which photos --- */

static int compare_names(const void *a, const void *b)
{
	return str_compare(((const struct bake_photo *) a)->made.hash, ((const struct bake_photo *) b)->made.hash);
}

static const struct bake_photo *find_photo(const struct bake *bake, struct str name)
{
	const struct bake_photo wanted = {.made.hash = name};
	const struct bake_photo *found = NULL;
	size_t i;

	if (bake->photo_sorted > 0)
		found = bsearch(&wanted, bake->photos, bake->photo_sorted, sizeof(wanted), compare_names);
	for (i = bake->photo_sorted; found == NULL && i < bake->photo_count; i++)
		if (str_equal(bake->photos[i].made.hash, name))
			found = &bake->photos[i];
	return found;
}

/* The row under the cursor, of photo_in_texts or photo_in_text. */
static bool take_photo(struct bake *bake, const struct store_rows *rows, struct fault *f)
{
	struct arena *arena = &bake->arena;
	struct bake_photo *photos;
	size_t room;

	if (bake->photo_count == bake->photo_room) {
		room = bake->photo_room > 0 ? bake->photo_room * 2 : 64;
		photos = arena_alloc_many(arena, room, sizeof(*photos));
		if (photos == NULL)
			return fault_full(f, "the site");
		if (bake->photo_count > 0)
			memcpy(photos, bake->photos, bake->photo_count * sizeof(*photos));
		bake->photos = photos;
		bake->photo_room = room;
	}
	bake->photos[bake->photo_count++] = (struct bake_photo){.made = {.hash = store_column_copy(rows, 0, arena),
		.width = store_column_i64(rows, 1), .height = store_column_i64(rows, 2), .widths = store_column_copy(rows, 3, arena),
		.dominant = store_column_copy(rows, 4, arena)}, .credit = store_column_copy(rows, 5, arena)};
	return true;
}

bool bake_pictures_take(struct bake *bake, int64_t story, struct fault *f)
{
	struct store_rows rows;
	bool ok = true;

	if (bake->is_full)
		return true; /* all are at hand */
	if (!store_rows_begin(bake->db, DESK_SQL_PHOTO_IN_TEXT, STORE_ARGS(store_i64(story)), &rows, f))
		return false;
	while (ok && store_rows_next(&rows, f))
		ok = find_photo(bake, store_column_text(&rows, 0)) != NULL || take_photo(bake, &rows, f);
	return store_rows_end(&rows) && ok;
}

bool bake_pictures_load(struct bake *bake, struct fault *f)
{
	struct store_rows rows;
	bool ok = true;
	size_t i;

	for (i = 0; !bake->is_full && ok && i < bake->count; i++)
		if (bake->stories[i].is_page && bake->stories[i].story.state == STORY_PUBLISHED)
			ok = bake_pictures_take(bake, bake->stories[i].story.id, f);
	if (!ok || !bake->is_full)
		return ok;
	if (!store_rows_begin(bake->db, DESK_SQL_PHOTO_IN_TEXTS, STORE_NO_ARGS, &rows, f))
		return false;
	while (ok && store_rows_next(&rows, f))
		ok = take_photo(bake, &rows, f);
	bake->photo_sorted = bake->photo_count;
	return store_rows_end(&rows) && ok;
}

/* --- what becomes of them --- */

struct showing {
	struct bake *bake;
	struct str root;
	struct fault *f;
	bool failed;
};

static bool show_picture(void *self, const struct markdown_picture *picture, struct buf *out)
{
	struct showing *showing = self;
	struct bake *bake = showing->bake;
	struct str name = story_picture_name(picture->url);
	struct press_value *root = press_map(&bake->page);
	const struct bake_photo *photo = name.len > 0 ? find_photo(bake, name) : NULL;
	struct str caption, credit;

	if (photo == NULL)
		return false;
	story_picture_split(picture->title, photo->credit, &caption, &credit);
	if (credit.len == 0)
		credit = photo->credit;
	bake_set_photo(bake, root, "picture", &photo->made, (struct story_focus){0}, str_copy(picture->alt, &bake->page), showing->root, BAKE_BODY);
	press_set_text(root, "caption", str_copy(caption, &bake->page));
	press_set_text(root, "credit", str_copy(credit, &bake->page));
	press_set_bool(root, "has_caption", caption.len + credit.len > 0);
	if (!showing->failed && (!press_value_is_whole(root) || !theme_render(bake->theme, "figure", root, out, showing->f)))
		showing->failed = true;
	buf_add_char(out, '\n');
	return true;
}

bool bake_markdown(struct bake *bake, struct str source, struct str prefix, struct str root, struct buf *out,
	struct markdown_result *result, struct fault *f)
{
	struct showing showing = {.bake = bake, .root = root, .f = f};
	const struct markdown_how how = {.id_prefix = prefix, .root = root, .picture = show_picture, .self = &showing};

	return markdown_write_with(source, &how, out, result, f)
		&& (!showing.failed || fault_full(f, "a story's pictures"));
}
