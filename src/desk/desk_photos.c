/* desk_photos.c: the library: all photos, the newest first, each with its words and the stories that use it.
 *
 * Decides: how photos are found and when one may be deleted. Leaves to others: a story's own page (desk_photo.c), rows
 * (photo_store.c). Runs in: desk. The hard thing: deleting is for good, the original is gone since the upload, so it asks and is
 * only offered for a photo that nothing uses.
 * SPDX-License-Identifier: ISC */
#include "desk/desk_photo.h"

#include <inttypes.h>
#include "base/arena.h"
#include "base/buf.h"
#include "desk/desk_pages.h"
#include "desk/photo_make.h"
#include "desk/story.h"
#include "desk/story_store.h"
#include "desk/story_work.h"
#include "gen/desk_sql.h"
#include "house/room.h"
#include "press/theme.h"
#include "press/value.h"
#include "press/words.h"
#include "store/store.h"

enum { SHOWN = 24, WORDS = 3, FOLD_BYTES = 2048, PAGES = 1000 };

struct finding {
	struct str query, words[WORDS];
	int64_t page, story;        /* story: for whom a photo is looked for; 0: none */
};

/* The first three words of what is looked for, folded; LIKE's own signs are no letters. */
static void fold_query(struct finding *finding, struct arena *arena)
{
	struct buf folded;
	struct str rest;
	struct str word;
	size_t count = 0;
	size_t i;

	for (i = 0; i < WORDS; i++)
		finding->words[i] = STR("");
	buf_init(&folded, FOLD_BYTES);
	if (words_fold(finding->query, &folded)) {
		for (i = 0; i < folded.len; i++)
			if (strchr("%_\\", folded.at[i]) != NULL)
				folded.at[i] = ' ';
		rest = str_copy(buf_view(&folded), arena);
		while (count < WORDS && str_next(&rest, ' ', &word))
			if (word.len > 0)
				finding->words[count++] = word;
	}
	buf_release(&folded);
}

static struct str page_href(const struct finding *finding, int64_t page, struct arena *arena)
{
	struct buf encoded;
	struct str href;

	buf_init(&encoded, FOLD_BYTES);
	http_encode(&encoded, finding->query);
	href = str_format(arena, "/photos?find=%.*s&page=%" PRId64 "&for=%" PRId64, STR_ARG(buf_view(&encoded)), page, finding->story);
	buf_release(&encoded);
	return href;
}

static void add_photo(struct desk_visit *visit, struct press_value *list, const struct store_rows *rows)
{
	struct arena *arena = visit->arena;
	struct press_value *photo = press_add_map(list);
	struct str hash = store_column_copy(rows, 0, arena);
	int64_t users = store_column_i64(rows, 6);

	press_set_text(photo, "name", hash);
	press_set_text(photo, "href", str_format(arena, "/photos/%.*s", STR_ARG(hash)));
	press_set_text(photo, "thumb", desk_thumb(hash, store_column_copy(rows, 1, arena), arena));
	press_set_text(photo, "alt", store_column_copy(rows, 2, arena));
	press_set_text(photo, "caption", store_column_copy(rows, 3, arena));
	press_set_text(photo, "credit", store_column_copy(rows, 4, arena));
	press_set_text(photo, "when", desk_when(visit->room, (struct when){store_column_i64(rows, 5)}, arena));
	press_set_text(photo, "users", users == 0 ? STR("not used") : str_format(arena, "%" PRId64 " %s", users,
		users == 1 ? "story" : "stories"));
}

static bool list_photos(struct desk_visit *visit, struct finding *finding, struct press_value *root, struct fault *f)
{
	struct press_value *list = press_set_list(root, "photos");
	struct store_rows rows;
	int64_t count = 0;

	if (!store_rows_begin(visit->room->db, DESK_SQL_PHOTO_LIBRARY, STORE_ARGS(store_text(finding->words[0]),
		store_text(finding->words[1]), store_text(finding->words[2]), store_i64(SHOWN + 1), store_i64(finding->page * SHOWN)),
		&rows, f))
		return false;
	while (store_rows_next(&rows, f))
		if (count++ < SHOWN)
			add_photo(visit, list, &rows);
	press_set_bool(root, "has_photos", count > 0);
	if (finding->page > 0)
		press_set_text(root, "newer", page_href(finding, finding->page - 1, visit->arena));
	if (count > SHOWN)
		press_set_text(root, "older", page_href(finding, finding->page + 1, visit->arena));
	return store_rows_end(&rows);
}

void desk_get_photos(struct http_request *rq, void *self)
{
	struct finding finding = {.query = str_part(str_trim(http_query(rq, "find")), 0, 200)};
	struct press_value *root;
	struct desk_visit *visit;
	struct fault f = {0};
	struct story story;

	if (!desk_visit_begin(rq, self, DESK_PHOTO_RIGHT, &visit))
		return;
	if (!str_to_i64(http_query(rq, "page"), &finding.page) || finding.page < 0 || finding.page > PAGES)
		finding.page = 0;
	fold_query(&finding, visit->arena);
	root = desk_values(visit, "stories", "Photo library");
	if (desk_parse_id(http_query(rq, "for"), &finding.story)) {
		if (!story_load(visit->room->db, finding.story, visit->arena, &story, NULL, &f)) {
			desk_answer_fault(visit, &f, "stories", "/photos");
			return;
		}
		press_set_text(root, "for_story", desk_id(story.id, visit->arena));
		press_set_text(root, "for_headline", story.title);
		press_set_text(root, "for_lang", story.lang);
		press_set_text(root, "for_dir", story.dir);
	} else {
		finding.story = 0;
	}
	if (!list_photos(visit, &finding, root, &f)) {
		desk_answer_fault(visit, &f, "stories", "/stories");
		return;
	}
	press_set_text(root, "query", finding.query);
	press_set_bool(root, "is_search", finding.query.len > 0);
	desk_answer(visit, 200, "desk_photos", root);
}

/* --- one --- */

static bool set_users(struct desk_visit *visit, struct press_value *root, struct str hash, struct fault *f)
{
	struct press_value *list = press_set_list(root, "users");
	struct store_rows rows;

	if (!store_rows_begin(visit->room->db, DESK_SQL_PHOTO_USERS, STORE_ARGS(store_text(hash)), &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		struct press_value *user = press_add_map(list);

		press_set_text(user, "href", str_format(visit->arena, "/stories/%" PRId64, store_column_i64(&rows, 0)));
		press_set_text(user, "headline", store_column_copy(&rows, 1, visit->arena));
		press_set_text(user, "lang", store_column_copy(&rows, 2, visit->arena));
		press_set_text(user, "dir", store_column_copy(&rows, 3, visit->arena));
		press_set_text(user, "state", store_column_copy(&rows, 4, visit->arena));
	}
	press_set_bool(root, "has_users", press_value_count(list) > 0);
	return store_rows_end(&rows);
}

/* typed and its fault may be NULL. */
static void answer_one(struct desk_visit *visit, const struct photo *typed, const struct fault *fault)
{
	struct press_value *root = desk_values(visit, "stories", "Photo");
	struct fault f = {0};
	struct photo photo = {0};
	const struct photo *words = typed != NULL ? typed : &photo;

	if (!photo_find(visit->room->db, http_part(visit->rq, "name"), visit->arena, &photo, &f)
		|| !set_users(visit, root, photo.made.hash, &f)) {
		desk_answer_fault(visit, &f, "stories", "/photos");
		return;
	}
	press_set_text(root, "here", str_format(visit->arena, "/photos/%.*s", STR_ARG(photo.made.hash)));
	press_set_text(root, "src", str_format(visit->arena, "/media/%.*s-%.*s.jpg", STR_ARG(photo.made.hash),
		STR_ARG(str_part(photo.made.widths, 0, str_find_char(photo.made.widths, ' ')))));
	if (str_find(photo.made.widths, STR("640")) != SIZE_MAX)
		press_set_text(root, "src", str_format(visit->arena, "/media/%.*s-640.jpg", STR_ARG(photo.made.hash)));
	press_set_text(root, "size", str_format(visit->arena, "%" PRId64 " × %" PRId64, photo.made.width, photo.made.height));
	press_set_i64(root, "removed", photo.made.removed);
	press_set_text(root, "added", desk_when(visit->room, photo.added, visit->arena));
	press_set_text(root, "added_by", photo.added_by);
	press_set_text(root, "alt", words->alt);
	press_set_text(root, "caption", words->caption);
	press_set_text(root, "credit", words->credit);
	press_set_text(root, "credit_fault", fault != NULL ? str_from(fault->say) : STR(""));
	desk_answer(visit, fault != NULL ? fault_http_status(fault->kind) : 200, "desk_photo_one", root);
}

void desk_get_library_photo(struct http_request *rq, void *self)
{
	struct desk_visit *visit;

	if (desk_visit_begin(rq, self, DESK_PHOTO_RIGHT, &visit))
		answer_one(visit, NULL, NULL);
}

void desk_post_library_photo(struct http_request *rq, void *self)
{
	struct desk_visit *visit;
	struct fault f = {0};
	struct photo photo;

	if (!desk_visit_begin(rq, self, DESK_PHOTO_RIGHT, &visit))
		return;
	if (!photo_find(visit->room->db, http_part(rq, "name"), visit->arena, &photo, &f)) {
		desk_answer_fault(visit, &f, "stories", "/photos");
		return;
	}
	if (!desk_photo_words(rq, &photo, &f)) {
		answer_one(visit, &photo, &f);
		return;
	}
	if (!desk_photo_may_word(visit, photo.made.hash, &f)) {
		desk_answer_fault(visit, &f, "stories", "/photos");
		return;
	}
	if (!photo_set_texts(visit->room->db, photo.made.hash, photo.alt, photo.caption, photo.credit, &f)) {
		desk_answer_fault(visit, &f, "stories", "/photos");
		return;
	}
	desk_answer_done(visit, str_to_c(str_format(visit->arena, "/photos/%.*s", STR_ARG(photo.made.hash)), visit->arena), "photo-saved");
}

void desk_get_photo_delete(struct http_request *rq, void *self)
{
	struct desk_question question = {.tab = "stories", .title = "Delete this photo?", .button = "Delete it", .is_danger = true,
		.sentence = STR("The photo and all its sizes are deleted for good. There is no original: it was deleted when the photo was uploaded."),
		.more = STR("Newsletters that showed it show an empty place then; so do earlier versions of stories that had it in their text.")};
	struct desk_visit *visit;
	struct fault f = {0};
	struct photo photo;

	if (!desk_visit_begin(rq, self, DESK_PUBLISH, &visit))
		return;
	if (!photo_find(visit->room->db, http_part(rq, "name"), visit->arena, &photo, &f)) {
		desk_answer_fault(visit, &f, "stories", "/photos");
		return;
	}
	question.back = str_format(visit->arena, "/photos/%.*s", STR_ARG(photo.made.hash));
	question.action = str_format(visit->arena, "%.*s/delete", STR_ARG(question.back));
	desk_answer_question(visit, &question);
}

void desk_post_photo_delete(struct http_request *rq, void *self)
{
	struct str name = http_part(rq, "name");
	struct desk_visit *visit;
	struct fault f = {0};
	int64_t step;
	int64_t of;

	if (!desk_visit_begin(rq, self, DESK_PUBLISH, &visit))
		return;
	if (photo_is_making(visit->room, name, &step, &of))
		fault_set(&f, FAULT_BUSY, "The photo's larger sizes are still being made. Delete it in a minute.");
	if (f.kind != FAULT_NONE || !photo_remove(visit->room->db, &visit->room->home, name, visit->arena, &f)) {
		desk_answer_fault(visit, &f, "stories", "/photos");
		return;
	}
	desk_audit(visit->room, visit->person.name, "deleted a photo", name);
	desk_answer_done(visit, "/photos", "photo-deleted");
}

void desk_get_photo_js(struct http_request *rq, void *self)
{
	struct room *room = self;

	desk_headers(rq, false);
	http_answer(rq, 200, "text/javascript; charset=utf-8", theme_file(room->theme, "photo.js"));
}
