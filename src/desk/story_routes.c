/* story_routes.c: what commands ask the desk: stories, imports, the bake, issues.
 *
 * Decides: the JSON of the cli socket (ROOMS' routes). Leaves to others: the work. Runs in: desk. The hard thing: none.
 * SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "desk/desk_doings.h"
#include "desk/issue_draft.h"
#include "desk/story.h"
#include "desk/story_store.h"
#include "desk/story_work.h"
#include "gen/desk_sql.h"
#include "http/http_client.h"
#include "store/store.h"

enum { LIST_LIMIT = 10000 };

static json_t *time_or_null(struct when when)
{
	return when.us != 0 ? json_integer(when.us) : json_null();
}

static void answer_job(struct http_request *rq, const struct work_job *job)
{
	http_answer_json(rq, 202, json_pack("{s:o}", "job", json_sprintf("%lld", (long long) job->id)));
}

static struct work_job *new_job(struct http_request *rq, struct room *room)
{
	struct work_job *job = work_job_new(work_of(room));
	struct fault f = {0};

	if (job == NULL) {
		fault_set(&f, FAULT_BUSY, "too much is going on at once; try again when some of it is done");
		http_answer_fault(rq, &f);
	}
	return job;
}

/* --- imports and bakes --- */

void story_post_import(struct http_request *rq, void *self)
{
	struct room *room = self;
	json_t *paths = json_object_get(http_json(rq), "paths");
	json_t *wish = NULL;
	struct work_job *job;
	struct fault f = {0};

	if (!json_is_array(paths) || json_array_size(paths) == 0) {
		fault_set(&f, FAULT_INPUT, "name at least one file or folder to import");
		http_answer_fault(rq, &f);
		return;
	}
	job = new_job(rq, room);
	if (job == NULL)
		return;
	wish = json_pack("{s:O}", "paths", paths);
	if (work_import(work_of(room), "import", wish, job, &f)) {
		answer_job(rq, job);
	} else {
		*job = (struct work_job){0};
		http_answer_fault(rq, &f);
	}
	json_decref(wish);
}

void story_post_bake(struct http_request *rq, void *self)
{
	struct work_job *job = new_job(rq, self);

	if (job == NULL)
		return;
	work_bake(work_of(self), true, job);
	answer_job(rq, job);
}

void story_get_job(struct http_request *rq, void *self)
{
	static const char *const states[] = {"running", "done", "failed"};
	int64_t id = 0;
	const struct work_job *job = str_to_i64(http_part(rq, "id"), &id) ? work_job_find(work_of(self), id) : NULL;
	struct fault f = {0};
	json_t *json;

	if (job == NULL) {
		fault_set(&f, FAULT_MISSING, "there is no such job, or it was long ago");
		http_answer_fault(rq, &f);
		return;
	}
	json = json_pack("{s:s, s:I, s:I, s:o, s:I}", "state", states[job->state], "done", (json_int_t) job->done, "total",
		(json_int_t) job->total, "line", http_json_str(str_from(job->line)), "stories", (json_int_t) job->stories);
	if (job->state == WORK_FAILED)
		json_object_set_new(json, "fault", json_pack("{s:s, s:o}", "kind", fault_name(job->fault.kind), "say",
			http_json_str(str_from(job->fault.say))));
	http_answer_json(rq, 200, json);
}

/* --- stories --- */

void story_get_list(struct http_request *rq, void *self)
{
	struct room *room = self;
	struct str state = http_query(rq, "state");
	enum story_state known;
	struct store_rows rows;
	struct fault f = {0};
	json_t *list = json_array();

	if (state.len > 0 && !story_state_parse(state, &known))
		fault_set(&f, FAULT_INPUT, "a state is draft, review, scheduled, published or withdrawn");
	else if (store_rows_begin(room->db, DESK_SQL_STORY_ROWS,
		STORE_ARGS(store_text(state), store_i64(LIST_LIMIT), store_i64(0)), &rows, &f)) {
		while (store_rows_next(&rows, &f))
			json_array_append_new(list, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "id",
				json_sprintf("%lld", (long long) store_column_i64(&rows, 0)), "identity",
				http_json_str(store_column_text(&rows, 1)), "state", http_json_str(store_column_text(&rows, 2)),
				"title", http_json_str(store_column_text(&rows, 3)), "section",
				http_json_str(store_column_text(&rows, 4)), "published",
				time_or_null((struct when){store_column_i64(&rows, 6)}), "path",
				http_json_str(store_column_text(&rows, 8))));
		(void) store_rows_end(&rows);
	}
	if (f.kind != FAULT_NONE) {
		json_decref(list);
		http_answer_fault(rq, &f);
		return;
	}
	http_answer_json(rq, 200, json_pack("{s:o}", "stories", list));
}

static json_t *names_of(const struct str *names, size_t count)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < count; i++)
		json_array_append_new(list, http_json_str(names[i]));
	return list;
}

static json_t *story_json(const struct story *story, const struct story_more *more)
{
	json_t *json = json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I}",
		"id", json_sprintf("%lld", (long long) story->id), "identity", http_json_str(story->identity), "state",
		story_state_name(story->state), "title", http_json_str(story->title), "slug", http_json_str(story->slug),
		"lang", http_json_str(story->lang), "section", http_json_str(story->section), "excerpt",
		http_json_str(story->excerpt), "path", http_json_str(story->path), "published", time_or_null(story->published),
		"updated", time_or_null(story->updated), "authors", names_of(story->authors, story->author_count), "topics",
		names_of(story->topics, story->topic_count), "body", http_json_str(story->body), "revision",
		(json_int_t) more->revision);

	if (json != NULL && story->photo.hash.len > 0)
		json_object_set_new(json, "photo", json_pack("{s:o, s:I, s:I, s:I, s:o, s:o, s:o}", "hash",
			http_json_str(story->photo.hash), "width", (json_int_t) story->photo.width, "height",
			(json_int_t) story->photo.height, "removed", (json_int_t) story->photo.removed, "alt",
			http_json_str(story->alt), "caption", http_json_str(story->caption), "credit",
			http_json_str(story->credit)));
	if (json != NULL && story->due.us != 0)
		json_object_set_new(json, "due", json_integer(story->due.us));
	if (json != NULL && story->state == STORY_WITHDRAWN)
		json_object_set_new(json, "withdrawn_reason", http_json_str(more->withdrawn_reason));
	return json;
}

static void answer_story(struct http_request *rq, struct room *room, int64_t id, struct work_job *job)
{
	struct story story;
	struct story_more more = {0};
	struct fault f = {0};
	json_t *json;

	if (!story_load(room->db, id, http_arena(rq), &story, &more, &f)) {
		http_answer_fault(rq, &f);
		return;
	}
	json = story_json(&story, &more);
	if (job != NULL)
		json_object_set_new(json, "job", json_sprintf("%lld", (long long) job->id));
	http_answer_json(rq, job != NULL ? 202 : 200, json);
}

void story_get_one(struct http_request *rq, void *self)
{
	struct room *room = self;
	struct fault f = {0};
	int64_t id = 0;

	if (story_find(room->db, http_part(rq, "id"), &id, &f))
		answer_story(rq, room, id, NULL);
	else
		http_answer_fault(rq, &f);
}

static void change_state(struct http_request *rq, struct room *room, enum story_state to, struct str reason)
{
	struct work_job *job = new_job(rq, room);
	struct fault f = {0};
	int64_t id = 0;

	if (job == NULL)
		return;
	if (story_find(room->db, http_part(rq, "id"), &id, &f)
		&& story_change_state(room->db, id, to, reason, clock_now(), &f)) {
		work_bake(work_of(room), false, job);
		work_schedule(work_of(room));
		answer_story(rq, room, id, job);
	} else {
		*job = (struct work_job){0};
		http_answer_fault(rq, &f);
	}
}

void story_post_publish(struct http_request *rq, void *self)
{
	change_state(rq, self, STORY_PUBLISHED, (struct str){NULL, 0});
}

void story_post_withdraw(struct http_request *rq, void *self)
{
	change_state(rq, self, STORY_WITHDRAWN, http_json_text(http_json(rq), "reason"));
}

/* --- issues --- */

static void composed(void *self, int64_t issue, const struct fault *f)
{
	struct http_request *rq = self;
	struct room *room = http_room(rq);
	struct store_row row;
	struct fault inner = {0};
	bool found = false;

	if (f != NULL) {
		http_answer_fault(rq, f);
	} else if (!store_one(room->db, DESK_SQL_ISSUE_ONE, STORE_ARGS(store_i64(issue)), http_arena(rq), &row, &found,
		&inner) || !found) {
		fault_set(&inner, FAULT_IO, "the issue is gone again");
		http_answer_fault(rq, &inner);
	} else {
		http_answer_json(rq, 200, json_pack("{s:o, s:o, s:I}", "issue", json_sprintf("%lld", (long long) issue),
			"subject", http_json_str(row.columns[0].bytes), "html_bytes", (json_int_t) row.columns[4].bytes.len));
	}
}

void story_post_issue(struct http_request *rq, void *self)
{
	struct room *room = self;
	json_t *body = http_json(rq);
	json_t *stories = json_object_get(body, "stories");
	int64_t *ids = arena_alloc_many(http_arena(rq), ISSUE_PICKS, sizeof(*ids));
	struct desk_issue_wish wish = {.stories = ids, .subject = http_json_text(body, "subject"),
		.intro = http_json_text(body, "intro")};
	struct fault f = {0};
	bool ok = ids != NULL;

	if (json_array_size(stories) == 0 || json_array_size(stories) > ISSUE_PICKS)
		ok = fault_set(&f, FAULT_INPUT, "an issue has one to %d stories", (int) ISSUE_PICKS);
	for (; ok && wish.count < json_array_size(stories); wish.count++) {
		const json_t *what = json_array_get(stories, wish.count);

		ok = story_find(room->db, str_make(json_string_value(what), json_string_length(what)), &ids[wish.count], &f);
	}
	if (ok)
		desk_compose(room, &wish, composed, rq);
	else
		http_answer_fault(rq, &f);
}

void story_get_preview(struct http_request *rq, void *self)
{
	struct room *room = self;
	struct store_row row;
	struct fault f = {0};
	bool found = false;
	int64_t id = 0;

	if (!str_to_i64(http_part(rq, "id"), &id))
		fault_set(&f, FAULT_INPUT, "an issue is named by its number");
	else if (store_one(room->db, DESK_SQL_ISSUE_ONE, STORE_ARGS(store_i64(id)), http_arena(rq), &row, &found, &f)
		&& !found)
		fault_set(&f, FAULT_MISSING, "there is no such issue; `mimeo newsletter compose` makes one");
	if (f.kind != FAULT_NONE || !found) {
		http_answer_fault(rq, &f);
		return;
	}
	http_answer_json(rq, 200, json_pack("{s:o, s:o, s:o}", "subject", http_json_str(row.columns[0].bytes), "html",
		http_json_str(row.columns[4].bytes), "text", http_json_str(row.columns[5].bytes)));
}
