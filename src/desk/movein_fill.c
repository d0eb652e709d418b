/* movein_fill.c: a moved text made whole: its pictures and the links between its stories.
 *
 * Decides: what stands where mimeo-movein left a mark. Leaves to others: finding files (movein_media.c), addresses
 * (movein_paths.c). Runs in: the desk's child that moves in. The hard thing: a picture that is not there takes nothing
 * of the text with it, and a list's sign before it must not stay alone.
 * SPDX-License-Identifier: ISC */
#include "base/limits.h"
#include "desk/movein_inside.h"
#include "desk/story_pictures.h"
#include "http/http_client.h"

struct filling {
	struct movein *move;
	const json_t *record;
	const struct story *story;
	struct arena *arena;
	struct movein_report *report;
	struct movein_shown *shown;
	struct buf out;
};

static void say(struct filling *w, enum movein_group group, struct str detail)
{
	if (w->report != NULL)
		movein_report_add(w->report, group, w->story, detail);
}

static void fill_picture(struct filling *w, struct str number)
{
	int64_t n = 0;
	const json_t *picture = str_to_i64(number, &n) && n >= 0
		? json_array_get(json_object_get(w->record, "pictures"), (size_t) n) : NULL;
	struct str url = http_json_text(picture, "url");
	struct str path = movein_media_find(&w->move->media, url, w->arena);
	const struct movein_picture *made = movein_media_get(&w->move->media, path);

	if (w->shown == NULL) { /* a page beside the report: its pictures stay where they are */
		buf_format(&w->out, "![](%.*s)", STR_ARG(url));
	} else if (made == NULL) {
		say(w, GROUP_PICTURE, url);
	} else if (made->trouble.len > 0) {
		say(w, GROUP_BROKEN, str_format(w->arena, "%.*s: %.*s", STR_ARG(path), STR_ARG(made->trouble)));
	} else if (w->shown->count < MOVEIN_BODY_PICTURES) {
		w->shown->photos[w->shown->count++] = &made->photo;
		story_picture_write(&w->out, made->photo.hash, http_json_text(picture, "alt"), http_json_text(picture, "caption"),
			http_json_text(picture, "credit"));
	}
}

static void fill_link(struct filling *w, struct str path)
{
	struct str to = movein_moves_find(&w->move->moves, path, w->arena);

	buf_add_str(&w->out, to.len > 0 ? to : path);
}

static bool ends_with_blank(const struct buf *out)
{
	return out->len == 0 || str_ends(buf_view(out), STR("\n\n"));
}

/* The record is a stranger's: of control characters only those of lines stay. */
static struct str without_control(struct str text, struct arena *arena)
{
	char *at = arena_alloc(arena, text.len + 1);
	size_t len = 0;
	size_t i;

	for (i = 0; at != NULL && i < text.len; i++)
		if (((unsigned char) text.at[i] >= ' ' && text.at[i] != 0x7f) || text.at[i] == '\n' || text.at[i] == '\t')
			at[len++] = text.at[i];
	while (at != NULL && len > 0 && at[len - 1] == '\n')
		len--;
	return str_make(at, len);
}

struct str movein_fill(struct movein *move, const json_t *record, const struct story *story, struct arena *arena,
	struct movein_report *report, struct movein_shown *shown)
{
	struct filling w = {.move = move, .record = record, .story = story, .arena = arena, .report = report, .shown = shown};
	struct str rest = story->body;
	struct str whole;
	size_t at;

	buf_init(&w.out, 4 * LIMIT_STORY_BYTES);
	while ((at = str_find_char(rest, '\x01')) != SIZE_MAX) {
		size_t end = str_find_char(rest, '\x02');

		buf_add_str(&w.out, str_part(rest, 0, at));
		if (end == SIZE_MAX || end < at + 2)
			break; /* no mark of mimeo-movein's */
		if (rest.at[at + 1] == 'P')
			fill_picture(&w, str_part(rest, at + 2, end - at - 2));
		else if (rest.at[at + 1] == 'L')
			fill_link(&w, str_part(rest, at + 2, end - at - 2));
		rest = str_part(rest, end + 1, SIZE_MAX);
		if (ends_with_blank(&w.out) && str_starts(rest, STR("\n\n")))
			rest = str_part(rest, 2, SIZE_MAX); /* the paragraph lost its picture: it leaves no hole */
	}
	if (at == SIZE_MAX)
		buf_add_str(&w.out, rest);
	whole = without_control(buf_view(&w.out), arena);
	buf_release(&w.out);
	return whole;
}
