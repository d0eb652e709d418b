/* story_store.c: stories in desk.db.
 *
 * Decides: what a save writes besides the row: names, terms, revision, slots, redirect, queue. Leaves to others: the
 * SQL (desk.sql), where stories come from, states (story_step.c), what a revision says (story_revision.c). Runs in: desk
 * (writing), its children (reading). The hard thing: everything that the site must learn stands in the story's own
 * transaction, so that a crash leaves both or neither.
 * SPDX-License-Identifier: ISC */
#include "desk/story_store.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/rand.h"
#include "desk/photo_store.h"
#include "gen/desk_sql.h"
#include "press/words.h"
#include "store/store.h"

enum { LISTS_BYTES = 4096 };

/* What stands there already. */
struct standing {
	bool is_there;
	struct story story;
	struct story_more more;
};

static bool read_standing(struct store *db, struct str identity, struct arena *arena, struct standing *out,
	struct fault *f)
{
	struct store_row row;

	*out = (struct standing){0};
	if (!store_one(db, DESK_SQL_STORY_BY_IDENTITY, STORE_ARGS(store_text(identity)), arena, &row, &out->is_there, f))
		return false;
	return !out->is_there || story_load(db, row.columns[0].number, arena, &out->story, &out->more, f);
}

/* --- names, terms, corrections --- */

static bool save_texts(struct store *db, size_t clear, size_t insert, int64_t id, const struct str *texts, size_t count,
	struct fault *f)
{
	bool ok = store_run(db, clear, STORE_ARGS(store_i64(id)), NULL, f);
	size_t i;

	for (i = 0; i < count && ok; i++)
		ok = store_run(db, insert, STORE_ARGS(store_i64(id), store_i64((int64_t) i), store_text(texts[i])), NULL, f);
	return ok;
}

static bool save_corrections(struct store *db, const struct story *story, struct fault *f)
{
	bool ok = store_run(db, DESK_SQL_CORRECTION_CLEAR, STORE_ARGS(store_i64(story->id)), NULL, f);
	size_t i;

	for (i = 0; i < story->correction_count && ok; i++) {
		const struct story_correction *correction = &story->corrections[i];

		ok = store_run(db, DESK_SQL_CORRECTION_INSERT, STORE_ARGS(store_i64(story->id), store_i64((int64_t) i),
			store_i64(correction->made.us), store_text(correction->text), store_i64(correction->grave),
			store_text(str_from(story_correction_name(correction->kind)))), NULL, f);
	}
	return ok;
}

/* --- lists and slots --- */

struct joining {
	struct store *db;
	int64_t story;
	int64_t lists[1 + STORY_TOPICS + STORY_AUTHORS];
	size_t count;
};

static bool join_list(struct joining *join, const char *kind, struct str name, struct fault *f)
{
	struct str kind_text = str_from(kind);
	struct fault ignored = {0};
	struct slug slug;
	int64_t list = 0;
	int64_t has = 0;

	if (name.len == 0 || !slug_from(name, &slug, &ignored))
		return true;
	if (!store_run(join->db, DESK_SQL_LIST_PUT, STORE_ARGS(store_i64(rand_id()), store_text(kind_text),
			store_text(str_from(slug.text)), store_text(name)), NULL, f)
		|| !store_number(join->db, DESK_SQL_LIST_FIND, STORE_ARGS(store_text(kind_text),
			store_text(str_from(slug.text))), &list, f)
		|| !store_number(join->db, DESK_SQL_LIST_HAS, STORE_ARGS(store_i64(list), store_i64(join->story)), &has, f))
		return false;
	join->lists[join->count++] = list;
	return has > 0 || (store_run(join->db, DESK_SQL_LIST_ADD, STORE_ARGS(store_i64(list), store_i64(join->story)), NULL,
		f) && store_run(join->db, DESK_SQL_LIST_ADVANCE, STORE_ARGS(store_i64(list)), NULL, f));
}

/* Leaves the lists that the story does not belong to any more; "list:slot" of each into `left`. */
static bool leave_lists(struct joining *join, struct buf *left, struct fault *f)
{
	int64_t gone[64];
	int64_t slots[64];
	size_t count = 0;
	struct store_rows rows;
	bool ok;
	size_t i;

	if (!store_rows_begin(join->db, DESK_SQL_LIST_OF_STORY, STORE_ARGS(store_i64(join->story)), &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		int64_t list = store_column_i64(&rows, 0);

		for (i = 0; i < join->count && join->lists[i] != list; i++)
			;
		if (i == join->count && count < sizeof(gone) / sizeof(gone[0])) {
			slots[count] = store_column_i64(&rows, 1);
			gone[count++] = list;
		}
	}
	ok = store_rows_end(&rows);
	for (i = 0; i < count && ok; i++) {
		ok = store_run(join->db, DESK_SQL_LIST_LEAVE, STORE_ARGS(store_i64(gone[i]), store_i64(join->story)), NULL, f);
		buf_format(left, "%lld:%lld ", (long long) gone[i], (long long) slots[i]);
	}
	return ok;
}

static bool save_lists(struct store *db, const struct story *story, struct buf *left, struct fault *f)
{
	struct joining join = {.db = db, .story = story->id};
	bool ok = join_list(&join, "section", story->section, f);
	size_t i;

	for (i = 0; i < story->topic_count && ok; i++)
		ok = join_list(&join, "topic", story->topics[i], f);
	for (i = 0; i < story->author_count && ok; i++)
		ok = join_list(&join, "author", story->authors[i], f);
	return ok && leave_lists(&join, left, f);
}

/* --- saving --- */

static bool check_path(struct store *db, const struct story *story, struct fault *f)
{
	int64_t others = 0;

	if (story->path.len == 0)
		return true;
	if (!store_number(db, DESK_SQL_STORY_PATH_TAKEN, STORE_ARGS(store_text(story->path), store_i64(story->id)), &others,
		f))
		return false;
	if (others > 0)
		return fault_set(f, FAULT_CONFLICT, "%.*s: another story has the address %.*s; give this one a slug of its own",
			STR_ARG(story->identity), STR_ARG(story->path));
	return store_run(db, DESK_SQL_MOVED_DROP, STORE_ARGS(store_text(story->path)), NULL, f);
}

static bool write_row(struct store *db, const struct story *story, const struct standing *was, int64_t revision,
	struct when now, struct fault *f)
{
	struct store_value state = store_text(str_from(story_state_name(story->state)));
	struct store_value published = story->published.us != 0 ? store_i64(story->published.us) : store_null();
	struct store_value updated = story->updated.us != 0 ? store_i64(story->updated.us) : store_null();
	struct store_value due = story->due.us != 0 ? store_i64(story->due.us) : store_null();

	if (was->is_there)
		return store_run(db, DESK_SQL_STORY_UPDATE, STORE_ARGS(store_i64(story->id), state, store_text(story->title),
			store_text(story->slug), store_text(story->lang), store_text(story->dir), store_text(story->section),
			store_text(story->excerpt), store_text(story->body), store_text_or_null(story->photo.hash),
			store_text(story->alt), store_text(story->caption), store_text(story->credit), published, updated,
			store_text_or_null(story->path), store_i64(now.us), store_i64(revision), due), NULL, f);
	return store_run(db, DESK_SQL_STORY_INSERT, STORE_ARGS(store_i64(story->id), store_text(story->identity), state,
		store_text(story->title), store_text(story->slug), store_text(story->lang), store_text(story->dir),
		store_text(story->section), store_text(story->excerpt), store_text(story->body),
		store_text_or_null(story->photo.hash), store_text(story->alt), store_text(story->caption), store_text(story->credit),
		published, updated, store_text_or_null(story->path), store_i64(now.us), due), NULL, f);
}

/* What the site must learn: where the story was, where it is, which lists it left. */
static bool queue(struct store *db, const struct story *story, const struct standing *was, const char *why,
	struct str left, struct fault *f)
{
	bool has_moved = was->is_there && was->more.was_public && was->story.path.len > 0
		&& !str_equal(was->story.path, story->path);

	if (story->state != STORY_PUBLISHED && !was->more.was_public)
		return true; /* nobody saw it and nobody shall */
	if (has_moved && !store_run(db, DESK_SQL_MOVED_PUT, STORE_ARGS(store_text(was->story.path), store_i64(story->id)),
		NULL, f))
		return false;
	return store_run(db, DESK_SQL_QUEUE_ADD, STORE_ARGS(store_i64(story->id), store_text(str_from(why)),
		has_moved ? store_text(was->story.path) : store_null(), store_text(left),
		store_i64(was->story.published.us != 0 ? was->story.published.us : story->published.us)), NULL, f);
}

static bool save_all(struct store *db, struct story *story, const struct standing *was, const struct story_saving *how,
	struct buf *left, struct fault *f)
{
	struct story_change change;
	struct photo_had had;
	int64_t revision;

	if (!story_change_of(was->is_there ? &was->story : NULL, story, &change, f))
		return false;
	revision = was->more.revision + change.is_any;
	return check_path(db, story, f) && photo_before_save(db, story, how->now, how->by, &had, f)
		&& write_row(db, story, was, revision, how->now, f)
		&& save_texts(db, DESK_SQL_AUTHOR_CLEAR, DESK_SQL_AUTHOR_INSERT, story->id, story->authors, story->author_count,
			f)
		&& save_texts(db, DESK_SQL_TOPIC_CLEAR, DESK_SQL_TOPIC_INSERT, story->id, story->topics, story->topic_count, f)
		&& save_texts(db, DESK_SQL_TERM_CLEAR, DESK_SQL_TERM_INSERT, story->id, story->terms, story->term_count, f)
		&& store_run(db, DESK_SQL_STORY_SET_SENSITIVE, STORE_ARGS(store_i64(story->id), store_i64(story->is_sensitive),
			store_i64(story->says_plain)), NULL, f)
		&& save_corrections(db, story, f) && photo_after_save(db, story, &had, was->more.was_public, f)
		&& (!change.is_any || story_revision_put(db, story, revision, &change, how, f))
		&& (story->state != STORY_PUBLISHED || save_lists(db, story, left, f))
		&& story_find_put(db, story, f)
		&& queue(db, story, was, was->is_there ? "changed" : "new", buf_view(left), f);
}

/* Which date and address it has, before anything is written. */
static void place(struct story *story, const struct standing *was, struct when now, struct arena *arena)
{
	bool was_scheduled = was->is_there && was->story.state == STORY_SCHEDULED;

	if (story->state == STORY_SCHEDULED)
		story->published = story->due;
	else
		story->due.us = 0;
	if (story->published.us == 0 && !was_scheduled)
		story->published = was->story.published;
	if (story->published.us == 0 && story->state == STORY_PUBLISHED)
		story->published = now;
	story->path = story->published.us != 0 ? story_path(story->published, story->slug, arena) : (struct str){NULL, 0};
}

bool story_save_as(struct store *db, struct story *story, const struct story_saving *how, struct arena *arena,
	struct fault *f)
{
	struct standing was;
	struct buf left;
	bool ok;

	if (!read_standing(db, story->identity, arena, &was, f))
		return false;
	if (was.more.was_public && (story->state == STORY_REVIEW || story->state == STORY_SCHEDULED))
		return fault_set(f, FAULT_CONFLICT, "%.*s is public already: it can be withdrawn, not %s",
			STR_ARG(str_part(story->identity, 0, 100)), story->state == STORY_REVIEW ? "reviewed again" : "scheduled");
	if (was.is_there || story->id == 0)
		story->id = was.is_there ? was.story.id : rand_id();
	place(story, &was, how->now, arena);
	buf_init(&left, LISTS_BYTES);
	ok = save_all(db, story, &was, how, &left, f);
	buf_release(&left);
	return ok;
}

bool story_save(struct store *db, struct story *story, struct when now, const char *by, struct arena *arena,
	struct fault *f)
{
	return story_save_as(db, story, &(struct story_saving){.now = now, .by = str_from(by)}, arena, f);
}

bool story_join_lists(struct store *db, const struct story *story, struct buf *left, struct fault *f)
{
	return save_lists(db, story, left, f);
}

bool story_check_path(struct store *db, const struct story *story, struct fault *f)
{
	return check_path(db, story, f);
}

/* --- reading --- */

bool story_find(struct store *db, struct str what, int64_t *id, struct fault *f)
{
	struct store_rows rows;
	size_t count = 0;
	bool is_id = false;

	*id = 0;
	if (!store_rows_begin(db, DESK_SQL_STORY_FIND, STORE_ARGS(store_text(what)), &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		int64_t asked = 0;

		if (count++ == 0) {
			*id = store_column_i64(&rows, 0);
			is_id = str_to_i64(what, &asked) && asked == *id;
		}
	}
	if (!store_rows_end(&rows))
		return false;
	if (count == 0)
		return fault_set(f, FAULT_MISSING, "there is no story %.*s; `mimeo story list` shows all",
			STR_ARG(str_part(what, 0, 100)));
	if (count > 1 && !is_id)
		return fault_set(f, FAULT_CONFLICT, "several stories are called %.*s; give the id from `mimeo story list`",
			STR_ARG(str_part(what, 0, 100)));
	return true;
}

void story_focus_from_row(const struct store_rows *rows, int column, struct story *out)
{
	out->focus = (struct story_focus){store_column_i64(rows, column) - 50, store_column_i64(rows, column + 1) - 50};
}

bool story_from_row(const struct store_rows *rows, struct arena *arena, struct story *out)
{
	struct str *texts[] = {&out->title, &out->slug, &out->lang, &out->dir, &out->section, &out->excerpt,
		&out->photo.hash};
	size_t i;

	out->id = store_column_i64(rows, 0);
	if (!story_state_parse(store_column_text(rows, 1), &out->state))
		return false;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		*texts[i] = store_column_copy(rows, (int) i + 2, arena);
	out->photo.width = store_column_i64(rows, 9);
	out->photo.height = store_column_i64(rows, 10);
	out->photo.widths = store_column_copy(rows, 11, arena);
	out->photo.dominant = store_column_copy(rows, 12, arena);
	out->alt = store_column_copy(rows, 13, arena);
	out->caption = store_column_copy(rows, 14, arena);
	out->credit = store_column_copy(rows, 15, arena);
	out->published.us = store_column_i64(rows, 16);
	out->updated.us = store_column_i64(rows, 17);
	out->path = store_column_copy(rows, 18, arena);
	return true;
}

static bool load_names(struct store *db, size_t query, int64_t id, struct arena *arena, struct str *out, size_t max,
	size_t *count, struct fault *f)
{
	struct store_rows rows;

	*count = 0;
	if (!store_rows_begin(db, query, STORE_ARGS(store_i64(id)), &rows, f))
		return false;
	while (store_rows_next(&rows, f))
		if (*count < max)
			out[(*count)++] = store_column_copy(&rows, 0, arena);
	return store_rows_end(&rows);
}

static bool load_corrections(struct store *db, int64_t id, struct arena *arena, struct story *out, struct fault *f)
{
	struct store_rows rows;

	if (!store_rows_begin(db, DESK_SQL_CORRECTION_OF, STORE_ARGS(store_i64(id)), &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		struct story_correction *correction;

		if (out->correction_count == STORY_CORRECTIONS)
			continue;
		correction = &out->corrections[out->correction_count++];
		*correction = (struct story_correction){.made = {store_column_i64(&rows, 0)},
			.text = store_column_copy(&rows, 1, arena), .grave = store_column_i64(&rows, 2) != 0};
		(void) story_correction_parse(store_column_text(&rows, 3), &correction->kind);
	}
	return store_rows_end(&rows);
}

bool story_load(struct store *db, int64_t id, struct arena *arena, struct story *out, struct story_more *more,
	struct fault *f)
{
	struct store_rows rows;
	bool found = false;

	*out = (struct story){0};
	if (!store_rows_begin(db, DESK_SQL_STORY_ONE, STORE_ARGS(store_i64(id)), &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		found = story_from_row(&rows, arena, out);
		out->body = store_column_copy(&rows, 19, arena);
		out->identity = store_column_copy(&rows, 20, arena);
		out->photo.removed = store_column_i64(&rows, 25);
		out->due.us = store_column_i64(&rows, 26);
		story_focus_from_row(&rows, 29, out);
		out->is_sensitive = store_column_i64(&rows, 31) != 0;
		if (more != NULL)
			*more = (struct story_more){.revision = store_column_i64(&rows, 21),
				.changed = {store_column_i64(&rows, 22)}, .withdrawn_reason = store_column_copy(&rows, 23, arena),
				.was_public = store_column_i64(&rows, 24) != 0, .note = store_column_copy(&rows, 27, arena),
				.note_by = store_column_copy(&rows, 28, arena)};
	}
	if (!store_rows_end(&rows))
		return false;
	if (!found)
		return fault_set(f, FAULT_MISSING, "there is no such story; `mimeo story list` shows all");
	return load_names(db, DESK_SQL_AUTHOR_OF, id, arena, out->authors, STORY_AUTHORS, &out->author_count, f)
		&& load_names(db, DESK_SQL_TOPIC_OF, id, arena, out->topics, STORY_TOPICS, &out->topic_count, f)
		&& load_names(db, DESK_SQL_TERM_OF, id, arena, out->terms, STORY_TERMS, &out->term_count, f)
		&& load_corrections(db, id, arena, out, f);
}
