/* desk_collide.c: what was typed comes back: two people saved, or a session ended.
 *
 * Decides: what such a page carries along. Leaves to others: when it is needed (desk_save.c). Runs in: desk. The hard thing: the page is made
 * from the request alone; of somebody who is not signed in nothing is stored.
 * SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include "base/arena.h"
#include "desk/desk_edit.h"
#include "house/room.h"
#include "http/http.h"
#include "press/theme.h"
#include "press/value.h"

/* The fields that a page of this kind shows to be changed; the rest goes along unseen. */
static bool is_shown(const char *name)
{
	return strcmp(name, "title") == 0 || strcmp(name, "standfirst") == 0 || strcmp(name, "body") == 0;
}

static void set_fields(struct press_value *root, const struct story_typed *typed)
{
	struct press_value *hidden = press_set_list(root, "hidden");
	struct press_value *fields = press_set_map(root, "typed");
	struct press_value *item;

#define X(field, label, is_long) \
	press_set_text(fields, #field, typed->field); \
	if (!is_shown(#field)) { \
		item = press_add_map(hidden); \
		press_set_c(item, "name", #field); \
		press_set_text(item, "value", typed->field); \
	}
	STORY_TYPED(X)
#undef X
}

void desk_answer_typed(struct desk_visit *visit, const struct story_typed *typed, int status, const char *title,
	struct str sentence, bool is_signed_in)
{
	struct press_value *root;

	if (is_signed_in) {
		root = desk_values(visit, "stories", title);
	} else {
		root = press_map(visit->arena);
		press_set_c(root, "title", title);
		press_set_text(root, "newsroom", visit->room->settings.name);
	}
	press_set_text(root, "sentence", sentence);
	press_set_text(root, "action", http_path(visit->rq));
	press_set_i64(root, "base", typed->base);
	press_set_text(root, "lang", typed->lang);
	press_set_text(root, "dir", typed->dir.len > 0 ? typed->dir : story_direction(typed->lang));
	set_fields(root, typed);
	desk_answer(visit, status, "desk_typed", root);
}

/* --- two versions --- */

/* One field of both, where they differ. */
static bool add_field(struct press_value *list, const char *label, struct str theirs, struct str mine,
	struct fault *f)
{
	struct press_value *item;

	if (str_equal(theirs, mine))
		return true;
	item = press_add_map(list);
	press_set_c(item, "label", label);
	return desk_set_diff(item, &(struct desk_sides){.before = "theirs", .after = "mine"}, theirs, mine, f);
}

static bool set_both(struct desk_edit *edit, struct press_value *root, struct fault *f)
{
	struct press_value *list = press_set_list(root, "fields");
	struct story_typed theirs;

	story_typed_from(&edit->story, edit->more.revision, edit->visit->arena, &theirs);
	/* language and direction may be left empty for the newsroom's: that is no difference */
	if (edit->typed.lang.len == 0)
		theirs.lang = STR("");
#define X(name, label, is_long) \
	if (strcmp(#name, "day") != 0 && strcmp(#name, "hour") != 0 && strcmp(#name, "reason") != 0 && strcmp(#name, "words") != 0 \
		&& !add_field(list, label, theirs.name, edit->typed.name, f)) \
		return false;
	STORY_TYPED(X)
#undef X
	return true;
}

void desk_answer_collision(struct desk_edit *edit)
{
	struct desk_visit *visit = edit->visit;
	struct press_value *root = desk_values(visit, "stories", "Two versions");
	struct story_revision theirs;
	struct fault f = {0};
	bool found = false;

	if (!story_revision_load(visit->room->db, edit->story.id, edit->more.revision, visit->arena, &theirs, &found, &f)
		|| !set_both(edit, root, &f)) {
		desk_answer_typed(visit, &edit->typed, fault_http_status(f.kind), "Somebody else saved this story",
			STR("The two versions are too large to be shown side by side. What you typed stands below and is kept for you."), true);
		return;
	}
	press_set_text(root, "headline", edit->story.title);
	press_set_text(root, "their_name", found ? theirs.made_by : STR("Somebody"));
	press_set_text(root, "their_time", desk_when_within(visit->room, found ? theirs.made : edit->more.changed, visit->arena));
	press_set_bool(root, "is_public", edit->story.state == STORY_PUBLISHED);
	press_set_text(root, "action", desk_edit_path(edit, ""));
	press_set_i64(root, "base", edit->more.revision);
	press_set_text(root, "lang", edit->story.lang);
	press_set_text(root, "dir", edit->story.dir);
	set_fields(root, &edit->typed);
	desk_answer(visit, 409, "desk_collision", root);
}
