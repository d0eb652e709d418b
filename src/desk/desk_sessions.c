/* desk_sessions.c: People, Sessions and Audit: who is signed in, and who did what.
 *
 * Decides: these pages. Leaves to others: sessions and the list themselves (desk_staff.c). Runs in: desk. The hard thing: there is nothing
 * to tell two sessions of a person apart but their times: no address and no browser is ever written.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "desk/desk_area.h"
#include "desk/desk_pages.h"
#include "desk/desk_visit.h"
#include "gen/desk_sql.h"
#include "house/room.h"
#include "http/http_client.h"
#include "base/buf.h"
#include "press/value.h"
#include "store/store.h"

enum { AUDIT_PAGE = 50, AUDIT_PAGES_MOST = 100000 };

void desk_get_sessions(struct http_request *rq, void *self)
{
	struct desk_session *sessions;
	struct press_value *root, *list;
	struct desk_visit *visit;
	char own[DESK_SESSION_CHARS + 1];
	struct fault f = {0};
	size_t count = 0, i;

	if (!desk_visit_begin(rq, self, DESK_PEOPLE, &visit))
		return;
	sessions = arena_alloc_many(visit->arena, DESK_SESSIONS, sizeof(*sessions));
	if (sessions == NULL || !desk_sessions(visit->room, visit->arena, sessions, &count, &f)) {
		if (sessions == NULL)
			fault_full(&f, "this request");
		desk_answer_fault(visit, &f, "people", "/people");
		return;
	}
	root = desk_values(visit, "people", "Sessions");
	desk_set_area(visit, root, "people", "/people/sessions");
	list = press_set_list(root, "sessions");
	desk_session_id(http_cookie(rq, "desk"), own);
	for (i = 0; i < count; i++) {
		struct press_value *item = press_add_map(list);

		press_set_text(item, "id", str_from(sessions[i].id));
		press_set_text(item, "staff", desk_id(sessions[i].staff, visit->arena));
		press_set_text(item, "name", sessions[i].name);
		press_set_text(item, "role", sessions[i].role);
		press_set_text(item, "began", desk_when(visit->room, sessions[i].began, visit->arena));
		press_set_text(item, "seen", desk_when(visit->room, sessions[i].seen, visit->arena));
		press_set_bool(item, "this_one", strcmp(sessions[i].id, own) == 0);
	}
	desk_answer(visit, 200, "desk_sessions", root);
}

void desk_post_session_end(struct http_request *rq, void *self)
{
	struct desk_visit *visit;
	struct fault f = {0};

	if (!desk_visit_begin(rq, self, DESK_PEOPLE, &visit))
		return;
	if (desk_session_revoke(visit->room, http_part(rq, "id"), visit->person.name, visit->arena, &f))
		desk_answer_done(visit, "/people/sessions", "ended");
	else
		desk_answer_fault(visit, &f, "people", "/people/sessions");
}

void desk_post_sessions_end(struct http_request *rq, void *self)
{
	struct desk_visit *visit;
	struct fault f = {0};
	int64_t id;

	if (!desk_visit_begin(rq, self, DESK_PEOPLE, &visit))
		return;
	if (!desk_parse_id(http_part(rq, "id"), &id))
		fault_set(&f, FAULT_MISSING, "There is nobody of that number at the desk.");
	if (f.kind == FAULT_NONE && desk_sessions_revoke(visit->room, http_part(rq, "id"), visit->person.name, visit->arena, &f))
		desk_answer_done(visit, "/people/sessions", "ended");
	else
		desk_answer_fault(visit, &f, "people", "/people/sessions");
}

/* --- the audit list --- */

static bool audit_add_rows(struct desk_visit *visit, struct press_value *root, struct str who, int64_t page, struct fault *f)
{
	struct press_value *list = press_set_list(root, "audit");
	struct store_rows rows;

	if (!store_rows_begin(visit->room->db, DESK_SQL_AUDIT_PAGE, STORE_ARGS(store_text(who), store_i64(AUDIT_PAGE),
			store_i64((page - 1) * AUDIT_PAGE)), &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		struct press_value *item = press_add_map(list);

		press_set_text(item, "when", desk_when(visit->room, (struct when){store_column_i64(&rows, 0)}, visit->arena));
		press_set_text(item, "who", store_column_copy(&rows, 1, visit->arena));
		press_set_text(item, "what", store_column_copy(&rows, 2, visit->arena));
		press_set_text(item, "about", store_column_copy(&rows, 3, visit->arena));
	}
	press_set_bool(root, "has_audit", press_value_count(list) > 0);
	return store_rows_end(&rows);
}

static bool audit_add_people(struct desk_visit *visit, struct press_value *root, struct str who, struct fault *f)
{
	struct press_value *list = press_set_list(root, "people");
	struct store_rows rows;

	if (!store_rows_begin(visit->room->db, DESK_SQL_AUDIT_PEOPLE, STORE_NO_ARGS, &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		struct press_value *item = press_add_map(list);
		struct str name = store_column_copy(&rows, 0, visit->arena);

		press_set_text(item, "name", name);
		press_set_text(item, "text", str_is(name, "cli") ? STR("at the server (cli)") : name);
		press_set_bool(item, "current", str_equal(name, who));
	}
	return store_rows_end(&rows);
}

static struct str audit_href(struct desk_visit *visit, struct str who, int64_t page)
{
	struct buf encoded;
	struct str href;

	buf_init(&encoded, 2048);
	http_encode(&encoded, who);
	href = str_format(visit->arena, "/people/audit?page=%lld%s%.*s", (long long) page, who.len > 0 ? "&who=" : "",
		STR_ARG(buf_view(&encoded)));
	buf_release(&encoded);
	return href;
}

void desk_get_audit(struct http_request *rq, void *self)
{
	struct str who = str_part(http_query(rq, "who"), 0, 400);
	struct press_value *root;
	struct desk_visit *visit;
	struct fault f = {0};
	int64_t page = 1, count = 0;

	if (!desk_visit_begin(rq, self, DESK_PEOPLE, &visit))
		return;
	if (!str_to_i64(http_query(rq, "page"), &page) || page < 1 || page > AUDIT_PAGES_MOST)
		page = 1;
	root = desk_values(visit, "people", "Audit");
	desk_set_area(visit, root, "people", "/people/audit");
	if (!audit_add_people(visit, root, who, &f) || !audit_add_rows(visit, root, who, page, &f)
		|| !store_number(visit->room->db, DESK_SQL_AUDIT_COUNT, STORE_ARGS(store_text(who)), &count, &f)) {
		desk_answer_fault(visit, &f, "people", "/people");
		return;
	}
	press_set_i64(root, "count", count);
	press_set_bool(root, "is_one", count == 1);
	if (page > 1)
		press_set_text(root, "newer", audit_href(visit, who, page - 1));
	if (page * AUDIT_PAGE < count)
		press_set_text(root, "older", audit_href(visit, who, page + 1));
	desk_answer(visit, 200, "desk_audit", root);
}
