/* desk_read.c: a story as readers will see it: the preview, and the page of those who may not write it.
 *
 * Decides: what of a story a preview shows. Leaves to others: the site's own pages (bake_story.c). Runs in: desk. The hard thing: the preview
 * of what is being typed changes nothing, so the text comes with the request and goes with the answer.
 * SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/log.h"
#include "desk/desk_edit.h"
#include "desk/desk_pages.h"
#include "desk/desk_photo.h"
#include "house/room.h"
#include "http/http.h"
#include "press/markdown.h"
#include "press/value.h"
#include "store/store.h"

static struct str joined(const struct str *items, size_t count, struct arena *arena)
{
	struct str out = STR("");
	size_t i;

	for (i = 0; i < count; i++)
		out = i == 0 ? items[0] : str_format(arena, "%.*s, %.*s", STR_ARG(out), STR_ARG(items[i]));
	return out;
}

/* As readers will see it; where Markdown refuses it, as it was typed, with why. */
static void set_body(struct room *room, struct press_value *root, const struct story *story, struct arena *arena)
{
	struct markdown_result result;
	struct fault f = {0};
	struct buf html;

	buf_init(&html, LIMIT_PAGE_BYTES);
	if (desk_photo_markdown(room, story->body, STR("s-"), arena, &html, &result, &f) && buf_check(&html, "this story", &f)) {
		press_set_text(root, "body_html", str_copy(buf_view(&html), arena));
	} else {
		press_set_text(root, "body", story->body);
		press_set_text(root, "body_wrong", str_copy(str_from(f.say), arena));
	}
	buf_release(&html);
}

void desk_set_article(struct desk_visit *visit, struct press_value *root, const struct story *story)
{
	press_set_text(root, "headline", story->title.len > 0 ? story->title : STR("No headline yet"));
	press_set_text(root, "lang", story->lang);
	press_set_text(root, "dir", story->dir);
	press_set_text(root, "standfirst", story->excerpt);
	press_set_text(root, "section", story->section);
	press_set_text(root, "authors", joined(story->authors, story->author_count, visit->arena));
	press_set_text(root, "topics", joined(story->topics, story->topic_count, visit->arena));
	press_set_text(root, "thumb", desk_thumb(story->photo.hash, story->photo.widths, visit->arena));
	press_set_text(root, "alt", story->alt);
	press_set_text(root, "caption", story->caption);
	press_set_text(root, "credit", story->credit);
	set_body(visit->room, root, story, visit->arena);
}

/* What is typed, as far as it is sound; what is wrong with it goes into the page. */
static void set_typed_article(struct desk_edit *edit, struct press_value *root)
{
	struct story story = edit->story;
	struct fault wrong = {0};

	story.body = edit->typed.body;
	if (!story_typed_apply(&edit->typed, edit->visit->room->settings.language, edit->visit->arena, &story, &wrong))
		press_set_text(root, "error", str_copy(str_from(wrong.say), edit->visit->arena));
	desk_set_article(edit->visit, root, &story);
}

/* --- pages --- */

void desk_answer_reading(struct desk_edit *edit)
{
	struct desk_visit *visit = edit->visit;
	struct press_value *root = desk_values(visit, "stories", "Story");
	struct fault f = {0};
	size_t revisions = 0;

	if (!desk_set_revisions(edit, root, 20, 0, &revisions, &f)) {
		desk_answer_fault(visit, &f, "stories", "/stories");
		return;
	}
	if (edit->story.title.len > 0)
		press_set_text(root, "title", edit->story.title);
	desk_set_article(visit, root, &edit->story);
	press_set_c(root, "mark", story_state_mark(edit->story.state));
	press_set_c(root, "state", story_state_word(edit->story.state));
	press_set_text(root, "published", desk_when(visit->room, edit->story.published, visit->arena));
	press_set_text(root, "changed", desk_when(visit->room, edit->more.changed, visit->arena));
	press_set_text(root, "reason", edit->more.withdrawn_reason);
	press_set_text(root, "here", desk_edit_path(edit, ""));
	if (edit->story.state == STORY_PUBLISHED)
		press_set_text(root, "live_href", str_format(visit->arena, "%.*s%.*s", STR_ARG(visit->room->settings.url),
			STR_ARG(edit->story.path)));
	desk_answer(visit, 200, "desk_story", root);
}

void desk_get_story_preview(struct http_request *rq, void *self)
{
	struct desk_visit *visit;
	struct press_value *root;
	struct desk_edit edit;
	struct fault f = {0};

	if (!desk_visit_begin(rq, self, DESK_READ, &visit))
		return;
	if (!desk_edit_load(visit, &edit, &f) || !desk_edit_load_typed(&edit, &f)) {
		desk_answer_fault(visit, &f, "stories", "/stories");
		return;
	}
	root = desk_values(visit, "stories", "Preview");
	set_typed_article(&edit, root);
	press_set_bool(root, "is_preview", true);
	press_set_bool(root, "has_working", edit.has_working);
	press_set_text(root, "here", desk_edit_path(&edit, ""));
	desk_answer(visit, 200, "desk_preview", root);
}

void desk_post_story_preview(struct http_request *rq, void *self)
{
	struct desk_visit *visit;
	struct press_value *root;
	struct desk_edit edit;
	struct fault f = {0};

	if (!desk_visit_begin(rq, self, DESK_WRITE, &visit))
		return;
	if (!desk_edit_load(visit, &edit, &f)) {
		desk_answer_fault(visit, &f, "stories", "/stories");
		return;
	}
	desk_edit_read_form(rq, &edit.typed);
	root = press_map(visit->arena);
	set_typed_article(&edit, root);
	desk_answer(visit, 200, "desk_article", root);
}
