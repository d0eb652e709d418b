/* desk_people.c: who works at the desk, and the site's own page.
 *
 * Decides: these pages. Leaves to others: staff (desk_staff.c), the bake (bake_*.c). Runs in: desk. The hard thing: a login link is shown
 * once, in the answer to the form that made it, and stands nowhere else.
 * SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include "base/arena.h"
#include "desk/desk_area.h"
#include "desk/desk_doings.h"
#include "desk/desk_pages.h"
#include "desk/desk_visit.h"
#include "gen/desk_sql.h"
#include "house/room.h"
#include "press/value.h"
#include "store/store.h"

static const char *const role_names[] = {
#define X(name, text, rights) text,
	DESK_ROLES(X)
#undef X
};
enum { ROLES = sizeof(role_names) / sizeof(role_names[0]) };

static void add_roles(struct press_value *item, struct str current)
{
	struct press_value *list = press_set_list(item, "roles");
	size_t i;

	for (i = 0; i < ROLES; i++) {
		struct press_value *role = press_add_map(list);

		press_set_c(role, "word", role_names[i]);
		press_set_bool(role, "current", str_is(current, role_names[i]));
	}
}

static bool add_staff(struct desk_visit *visit, struct press_value *root, struct fault *f)
{
	struct press_value *list = press_set_list(root, "staff");
	struct store_rows rows;

	if (!store_rows_begin(visit->room->db, DESK_SQL_STAFF_ALL, STORE_NO_ARGS, &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		struct press_value *item = press_add_map(list);
		bool is_active = str_is(store_column_text(&rows, 3), "active");
		int64_t id = store_column_i64(&rows, 0);

		press_set_text(item, "name", store_column_copy(&rows, 1, visit->arena));
		press_set_text(item, "role", store_column_copy(&rows, 2, visit->arena));
		press_set_c(item, "mark", !is_active ? "bad" : store_column_is_null(&rows, 5) ? "wait" : "live");
		press_set_c(item, "state", !is_active ? "Revoked" : store_column_is_null(&rows, 5) ? "Never signed in"
			: "Active");
		press_set_text(item, "here", str_format(visit->arena, "/people/%" PRId64, id));
		press_set_bool(item, "active", is_active);
		press_set_bool(item, "self", id == visit->person.id);
		press_set_text(item, "id", desk_id(id, visit->arena));
		add_roles(item, store_column_text(&rows, 2));
	}
	return store_rows_end(&rows);
}

/* The page; url: a link that was just made, whose: for whom. error and typed: a form that comes back. */
static void answer_people(struct desk_visit *visit, int status, struct str url, struct when expires, struct str whose,
	const struct fault *error, struct str typed)
{
	struct press_value *root = desk_values(visit, "people", "People");
	struct fault f = {0};

	desk_set_area(visit, root, "people", "/people");
	if (!add_staff(visit, root, &f)) {
		desk_answer_fault(visit, &f, "people", "/people");
		return;
	}
	if (url.len > 0) {
		struct press_value *link = press_set_map(root, "link");

		press_set_text(link, "url", url);
		press_set_text(link, "whose", whose);
		press_set_text(link, "until", desk_when_within(visit->room, expires, visit->arena));
	}
	if (error != NULL)
		press_set_text(root, "error", str_copy(str_from(error->say), visit->arena));
	press_set_text(root, "typed", typed);
	desk_answer(visit, status, "desk_people", root);
}

void desk_get_people(struct http_request *rq, void *self)
{
	struct desk_visit *visit;

	if (desk_visit_begin(rq, self, DESK_PEOPLE, &visit))
		answer_people(visit, 200, STR(""), (struct when){0}, STR(""), NULL, STR(""));
}

void desk_post_people(struct http_request *rq, void *self)
{
	struct desk_visit *visit;
	struct fault f = {0};
	struct str name = str_trim(http_field(rq, "name")), url;
	struct when expires;
	int64_t id;

	if (!desk_visit_begin(rq, self, DESK_PEOPLE, &visit))
		return;
	if (desk_staff_add(visit->room, name, http_field(rq, "role"), visit->person.name, &id, &f)
		&& desk_staff_link(visit->room, desk_id(id, visit->arena), visit->person.name, visit->arena, &url, &expires,
		&f))
		answer_people(visit, 200, url, expires, name, NULL, STR(""));
	else
		answer_people(visit, fault_http_status(f.kind), STR(""), (struct when){0}, STR(""), &f, name);
}

/* The row of the {id} in the path; answered when there is none. */
static bool find_somebody(struct desk_visit *visit, struct store_row *row)
{
	struct fault f = {0};
	bool found = false;
	int64_t id;

	if (!desk_parse_id(http_part(visit->rq, "id"), &id)
		|| !store_one(visit->room->db, DESK_SQL_STAFF_FIND, STORE_ARGS(store_text(http_part(visit->rq, "id"))),
		visit->arena, row,
			&found, &f) || !found) {
		fault_set(&f, FAULT_MISSING, "There is nobody of that number at the desk.");
		desk_answer_fault(visit, &f, "people", "/people");
		return false;
	}
	return true;
}

void desk_post_link(struct http_request *rq, void *self)
{
	struct desk_visit *visit;
	struct store_row row;
	struct fault f = {0};
	struct when expires;
	struct str url;

	if (!desk_visit_begin(rq, self, DESK_PEOPLE, &visit) || !find_somebody(visit, &row))
		return;
	if (desk_staff_link(visit->room, http_part(rq, "id"), visit->person.name, visit->arena, &url, &expires, &f))
		answer_people(visit, 200, url, expires, row.columns[1].bytes, NULL, STR(""));
	else
		desk_answer_fault(visit, &f, "people", "/people");
}

void desk_get_revoke(struct http_request *rq, void *self)
{
	struct desk_question question = {.tab = "people", .title = "Revoke this person?", .button = "Revoke",
		.is_danger = true,
		.back = STR("/people")};
	struct desk_visit *visit;
	struct store_row row;

	if (!desk_visit_begin(rq, self, DESK_PEOPLE, &visit) || !find_somebody(visit, &row))
		return;
	question.sentence = str_format(visit->arena,
		"%.*s is signed out everywhere at once, and no link of theirs works any more.",
		STR_ARG(row.columns[1].bytes));
	question.more = STR("This is for good: to come back they are added again under another name. What they did stays in the list.");
	question.action = str_format(visit->arena, "/people/%.*s/revoke", STR_ARG(http_part(rq, "id")));
	desk_answer_question(visit, &question);
}

/* Fills the fault when nobody would be left who may manage people. */
static bool is_spared(struct desk_visit *visit, int64_t id, struct fault *f)
{
	bool is_last = false;

	if (!desk_staff_is_last(visit->room, id, &is_last, f))
		return false;
	return !is_last || fault_set(f, FAULT_CONFLICT, "Nobody else may manage people: give somebody else the role of editor or technician first.");
}

void desk_post_role(struct http_request *rq, void *self)
{
	struct str role = http_field(rq, "role");
	struct desk_visit *visit;
	struct store_row row;
	struct fault f = {0};
	bool ok = true;

	if (!desk_visit_begin(rq, self, DESK_PEOPLE, &visit) || !find_somebody(visit, &row))
		return;
	if ((desk_role_rights(role) & DESK_PEOPLE) == 0 && desk_role_rights(role) != 0)
		ok = is_spared(visit, row.columns[0].number, &f);
	if (ok && desk_staff_set_role(visit->room, http_part(rq, "id"), role, visit->person.name, visit->arena, &f))
		desk_answer_done(visit, "/people", "role");
	else
		desk_answer_fault(visit, &f, "people", "/people");
}

void desk_post_revoke(struct http_request *rq, void *self)
{
	struct desk_visit *visit;
	struct store_row row;
	struct fault f = {0};

	if (!desk_visit_begin(rq, self, DESK_PEOPLE, &visit) || !find_somebody(visit, &row))
		return;
	if (row.columns[0].number == visit->person.id)
		fault_set(&f, FAULT_CONFLICT, "You cannot revoke yourself here: at the server, mimeo staff revoke does it.");
	else
		(void) !is_spared(visit, row.columns[0].number, &f);
	if (f.kind == FAULT_NONE && desk_staff_revoke(visit->room, http_part(rq, "id"), visit->person.name, visit->arena,
		&f))
		desk_answer_done(visit, "/people", "revoked");
	else
		desk_answer_fault(visit, &f, "people", "/people");
}

/* --- the site --- */

void desk_get_site(struct http_request *rq, void *self)
{
	struct press_value *root;
	struct desk_visit *visit;

	if (!desk_visit_begin(rq, self, DESK_SITE, &visit))
		return;
	root = desk_values(visit, "site", "Site");
	desk_pulse_list(visit, root);
	desk_set_area(visit, root, "site", "/site");
	desk_answer(visit, 200, "desk_site", root);
}

void desk_post_bake(struct http_request *rq, void *self)
{
	struct desk_visit *visit;
	struct fault f = {0};

	if (!desk_visit_begin(rq, self, DESK_SITE, &visit))
		return;
	if (!desk_bake_everything(visit->room, &f)) {
		desk_answer_fault(visit, &f, "site", "/site");
		return;
	}
	desk_audit(visit->room, visit->person.name, "had the whole site baked", STR(""));
	desk_answer_done(visit, "/site", "baking");
}
