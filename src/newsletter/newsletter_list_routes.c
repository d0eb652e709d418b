/* newsletter_list_routes.c: what the desk and commands ask about the list: growth, look-up, imports, exports.
 *
 * Decides: what a request must hold. Leaves to newsletter_import.c and newsletter_list.c: everything else. Runs in: the newsletter room. The
 * hard thing: an address comes in for a look-up and goes out in its answer, and stands in no log and no path on the way.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "base/fault.h"
#include "base/parcel.h"
#include "http/http.h"
#include "http/http_client.h"
#include "newsletter_import.h"
#include "newsletter_inside.h"
#include "newsletter_list_routes.h"

enum { GROWTH_DAYS = 90, GROWTH_MOST = 1100 };

static void answer(struct http_request *rq, json_t *json, bool ok, const struct fault *f)
{
	if (ok) {
		http_answer_json(rq, 200, json);
		return;
	}
	json_decref(json);
	http_answer_fault(rq, f);
}

void newsletter_get_list(struct http_request *rq, void *room)
{
	json_t *json = json_object();
	struct fault f = {0};
	int64_t days = GROWTH_DAYS;

	if (!str_to_i64(http_query(rq, "days"), &days) || days < 1 || days > GROWTH_MOST)
		days = GROWTH_DAYS;
	answer(rq, json, newsletter_growth(newsletter_of(room), days, json, &f), &f);
}

void newsletter_post_look_up(struct http_request *rq, void *room)
{
	struct str address = {NULL, 0}, by = {NULL, 0};
	json_t *json = json_object();
	struct fault f = {0};
	bool ok = http_json_need_text(http_json(rq), "address", &address, &f) && http_json_need_text(http_json(rq), "by", &by, &f) &&
		newsletter_look_up(newsletter_of(room), address, by, http_arena(rq), json, &f);

	answer(rq, json, ok, &f);
}

void newsletter_post_erase(struct http_request *rq, void *room)
{
	struct str address = {NULL, 0}, by = {NULL, 0};
	struct fault f = {0};
	bool ok = http_json_need_text(http_json(rq), "address", &address, &f) && http_json_need_text(http_json(rq), "by", &by, &f) &&
		newsletter_erase_address(newsletter_of(room), address, by, &f);

	answer(rq, json_object(), ok, &f);
}

/* --- imports --- */

static bool read_id(struct http_request *rq, int64_t *id, struct fault *f)
{
	return (str_to_i64(http_part(rq, "id"), id) && *id > 0) || fault_set(f, FAULT_INPUT, "an import's id is a positive number");
}

void newsletter_post_import(struct http_request *rq, void *room)
{
	struct str hash = {NULL, 0}, by = {NULL, 0};
	struct fault f = {0};
	json_t *json = NULL;
	int64_t rows = 0;
	bool ok = http_json_need_text(http_json(rq), "hash", &hash, &f) && http_json_need_text(http_json(rq), "by", &by, &f) &&
		http_json_need_i64(http_json(rq), "rows", &rows, &f) &&
		newsletter_import_begin(newsletter_of(room), hash, rows, by, &json, &f);

	answer(rq, json, ok, &f);
}

void newsletter_get_import(struct http_request *rq, void *room)
{
	struct fault f = {0};
	json_t *json = NULL;
	int64_t id = 0;
	bool ok = read_id(rq, &id, &f) && newsletter_import_json(newsletter_of(room), id, &json, &f);

	answer(rq, json, ok, &f);
}

static void post_answer(struct http_request *rq, struct room *room, bool yes)
{
	struct str by = {NULL, 0};
	struct fault f = {0};
	json_t *json = NULL;
	int64_t id = 0;
	bool ok = read_id(rq, &id, &f) && http_json_need_text(http_json(rq), "by", &by, &f) &&
		newsletter_import_confirm(newsletter_of(room), id, by, yes, &f) && newsletter_import_json(newsletter_of(room), id, &json, &f);

	answer(rq, json, ok, &f);
}

void newsletter_post_import_confirm(struct http_request *rq, void *room)
{
	post_answer(rq, room, true);
}

void newsletter_post_import_decline(struct http_request *rq, void *room)
{
	post_answer(rq, room, false);
}

void newsletter_post_import_rows(struct http_request *rq, void *room)
{
	struct fault f = {0};
	json_t *json = NULL;
	int64_t id = 0, from = -1;
	bool ok = read_id(rq, &id, &f);

	if (ok && !str_to_i64(http_query(rq, "from"), &from))
		ok = fault_set(&f, FAULT_INPUT, "rows need ?from=: the number of the first one");
	ok = ok && newsletter_import_take(newsletter_of(room), id, from, http_body(rq), &f) &&
		newsletter_import_json(newsletter_of(room), id, &json, &f);
	answer(rq, json, ok, &f);
}

/* --- the export --- */

void newsletter_post_export(struct http_request *rq, void *room)
{
	struct newsletter_export page = {0};
	unsigned char key[PARCEL_KEY_BYTES];
	struct str word = {NULL, 0}, export = {NULL, 0}, after = {NULL, 0};
	const json_t *in = http_json(rq);
	json_t *json = json_object();
	struct fault f = {0};
	bool ok = http_json_need_text(in, "key", &word, &f) && http_json_need_text(in, "by", &page.who, &f) &&
		http_json_need_text(in, "export", &export, &f) && http_json_need_text(in, "after", &after, &f) &&
		http_json_need_i64(in, "page", &page.number, &f) && parcel_read_public(word, key, &f);

	if (ok && (!str_to_i64(export, &page.export) || !str_to_i64(after, &page.after)))
		ok = fault_set(&f, FAULT_INPUT, "an export and its place are numbers");
	page.public_key = str_make(key, sizeof(key));
	answer(rq, json, ok && newsletter_export_page(newsletter_of(room), &page, json, &f), &f);
}
