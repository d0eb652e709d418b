/* desk_edit.h: what the pages around one story share: the editor, its save, collisions, revisions, corrections.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_DESK_EDIT_H
#define DESK_DESK_EDIT_H

#include "desk/desk_visit.h"
#include "desk/story_store.h"
#include "desk/story_typed.h"

/* One story with one visitor. */
struct desk_edit {
	struct desk_visit *visit;
	struct story story;
	struct story_more more;
	struct story_typed typed;   /* what the form shows */
	bool has_working;           /* that is a working copy, not the story */
	bool is_stale;              /* somebody saved since `typed` began */
};

/* The story of the {id} in the path; MISSING when there is none. */
bool desk_edit_load(struct desk_visit *visit, struct desk_edit *edit, struct fault *f) __attribute__((warn_unused_result));
/* The working copy of this visitor, else the story. */
bool desk_edit_load_typed(struct desk_edit *edit, struct fault *f) __attribute__((warn_unused_result));
/* Whether somebody may write a story in that state. */
bool desk_story_may_write(const struct desk_person *person, enum story_state state);
/* Whether this visitor may write this story as it is now. */
bool desk_edit_may(const struct desk_edit *edit);
/* The form's fields; texts live as long as the request. */
void desk_edit_read_form(struct http_request *rq, struct story_typed *out);
/* "/stories/ID" and what follows. */
struct str desk_edit_path(const struct desk_edit *edit, const char *rest);
/* To a page of this story, with a notice (or NULL). */
void desk_edit_go(const struct desk_edit *edit, const char *rest, const char *notice);

/* desk_edit.c: the editor with edit->typed in it; wrong: what is not right with it, or NULL. */
void desk_answer_editor(struct desk_edit *edit, int status, const struct fault *wrong);
/* Whether it is ready to be published, point by point, into `root`: what edit->typed has and lacks. */
void desk_set_checks(const struct desk_edit *edit, struct press_value *root);
/* desk_collide.c: somebody saved since the form was opened. */
void desk_answer_collision(struct desk_edit *edit);
/* desk_collide.c: what was typed comes back in a page that can send it again. person: signed in, so a token goes with it. */
void desk_answer_typed(struct desk_visit *visit, const struct story_typed *typed, int status, const char *title,
	struct str sentence, bool is_signed_in);

/* desk_read.c: the story for those who may read and not write it. */
void desk_answer_reading(struct desk_edit *edit);
/* desk_read.c: a story as readers will see it, into `root`: title, standfirst, byline, photo, text. */
void desk_set_article(struct desk_visit *visit, struct press_value *root, const struct story *story);
/* desk_revisions.c: what changed, as lists of {same|removed|added: text}: under `both` all of it, under `before` and `after` one side alone
 * (NULL: not wanted). The texts must outlive the page. */
struct desk_sides {
	const char *both, *before, *after;
};
bool desk_set_diff(struct press_value *root, const struct desk_sides *keys, struct str before, struct str after, struct fault *f)
	__attribute__((warn_unused_result));
/* "+38 −4 words", "caption"; empty for nothing. */
struct str desk_say_change(int64_t added, int64_t removed, struct str other, struct arena *arena);
bool desk_set_revisions(struct desk_edit *edit, struct press_value *root, int64_t limit, int64_t offset, size_t *count,
	struct fault *f) __attribute__((warn_unused_result));

#endif
