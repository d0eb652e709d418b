/* bake_pictures.c: pictures in stories' texts, on pages and in feeds.
 *
 * Decides: that a picture is shown with the words of the text, and the library's credit where the text has none. Leaves to
 * others: the figure's HTML (theme/figure.mustache), sizes (bake_values.c). Runs in: desk's bake. The hard thing: a text may name
 * a photo that is gone; its words alone stand there then, and the page is baked all the same.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "desk/bake.h"
#include "desk/photo_store.h"
#include "desk/story_pictures.h"
#include "press/markdown.h"
#include "press/theme.h"
#include "press/value.h"

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
	struct str caption, credit;
	struct fault missing = {0};
	struct photo photo;

	if (name.len == 0)
		return false;
	if (!photo_find(bake->db, name, &bake->page, &photo, &missing)) {
		if (missing.kind != FAULT_MISSING)
			log_fault(&missing, "a picture in a text");
		return false;
	}
	story_picture_split(picture->title, photo.credit, &caption, &credit);
	if (credit.len == 0)
		credit = photo.credit;
	bake_set_photo(bake, root, "picture", &photo.made, photo.focus, str_copy(picture->alt, &bake->page), showing->root, BAKE_BODY);
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
