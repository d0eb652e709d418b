/* desk_staff_cli.c: mimeo staff add|list|link|role|revoke: the commands, and the cli socket's routes that they call.
 *
 * Decides: how staff looks on a terminal and in JSON. Leaves to others: everything about staff (desk_staff.c). Runs in: the
 * command's process (desk_staff_run_*) and desk (the routes). The hard thing: none.
 * SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <jansson.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "desk/desk_staff.h"
#include "gen/desk_sql.h"
#include "house/errand.h"
#include "house/room.h"
#include "http/http.h"
#include "http/http_client.h"
#include "store/store.h"

/* --- routes --- */

static void answer_link(struct http_request *rq, struct room *room, struct str who)
{
	struct fault f = {0};
	struct when expires;
	struct str url;
	json_t *answer;

	if (!desk_staff_link(room, who, STR("cli"), http_arena(rq), &url, &expires, &f)) {
		http_answer_fault(rq, &f);
		return;
	}
	answer = json_object();
	json_object_set_new(answer, "url", http_json_str(url));
	json_object_set_new(answer, "expires", json_integer(expires.us));
	http_answer_json(rq, 200, answer);
}

void desk_staff_post(struct http_request *rq, void *self)
{
	struct room *room = self;
	struct str name, role = http_json_text(http_json(rq), "role");
	struct fault f = {0};
	json_t *answer;
	int64_t id;

	if (role.len == 0)
		role = STR("editor");
	if (!http_json_need_text(http_json(rq), "name", &name, &f)
		|| !desk_staff_add(room, name, role, STR("cli"), &id, &f)) {
		http_answer_fault(rq, &f);
		return;
	}
	answer = json_object();
	json_object_set_new(answer, "id", http_json_str(str_format(http_arena(rq), "%" PRId64, id)));
	http_answer_json(rq, 200, answer);
}

void desk_staff_get(struct http_request *rq, void *self)
{
	struct room *room = self;
	json_t *list = json_array(), *answer = json_object();
	struct store_rows rows;
	struct fault f = {0};
	bool ok;

	json_object_set_new(answer, "staff", list);
	ok = store_rows_begin(room->db, DESK_SQL_STAFF_ALL, STORE_NO_ARGS, &rows, &f);
	while (ok && store_rows_next(&rows, &f)) {
		json_t *item = json_object();

		json_object_set_new(item, "id", http_json_str(str_format(http_arena(rq), "%" PRId64, store_column_i64(&rows,
			0))));
		json_object_set_new(item, "name", http_json_str(store_column_text(&rows, 1)));
		json_object_set_new(item, "role", http_json_str(store_column_text(&rows, 2)));
		json_object_set_new(item, "state", http_json_str(store_column_text(&rows, 3)));
		json_object_set_new(item, "came", json_boolean(!store_column_is_null(&rows, 5)));
		json_array_append_new(list, item);
	}
	if (ok && store_rows_end(&rows)) {
		http_answer_json(rq, 200, answer);
		return;
	}
	json_decref(answer);
	http_answer_fault(rq, &f);
}

void desk_staff_post_link(struct http_request *rq, void *self)
{
	answer_link(rq, self, http_part(rq, "id"));
}

void desk_staff_post_revoke(struct http_request *rq, void *self)
{
	struct fault f = {0};

	if (desk_staff_revoke(self, http_part(rq, "id"), STR("cli"), http_arena(rq), &f))
		http_answer_json(rq, 200, json_object());
	else
		http_answer_fault(rq, &f);
}

void desk_staff_post_role(struct http_request *rq, void *self)
{
	struct str role;
	struct fault f = {0};

	if (http_json_need_text(http_json(rq), "role", &role, &f)
		&& desk_staff_set_role(self, http_part(rq, "id"), role, STR("cli"), http_arena(rq), &f))
		http_answer_json(rq, 200, json_object());
	else
		http_answer_fault(rq, &f);
}

/* --- commands --- */

static struct str staff_path(struct errand *errand, const char *who, const char *verb)
{
	struct buf encoded;
	struct str path;

	buf_init(&encoded, 1024);
	http_encode(&encoded, str_from(who));
	path = str_format(&errand->arena, "/staff/%.*s/%s", STR_ARG(buf_view(&encoded)), verb);
	buf_release(&encoded);
	return path;
}

static bool print_link(struct errand *errand, const char *who, struct fault *f)
{
	struct str path = staff_path(errand, who, "link"), url;
	json_t *reply = NULL;

	if (path.at == NULL)
		return fault_set(f, FAULT_INPUT, "this name is too long");
	if (!errand_call(errand, "desk", "POST", path.at, json_object(), &reply, f))
		return false;
	url = http_json_text(reply, "url");
	if (errand->json) {
		json_dumpf(reply, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		printf("%.*s\n", STR_ARG(url));
	}
	json_decref(reply);
	return true;
}

bool desk_staff_run_add(struct errand *errand, struct fault *f)
{
	const char *name = NULL, *role = "editor";
	struct str id;
	json_t *reply = NULL;
	bool ok;
	int i;

	for (i = 0; i < errand->argc; i++) {
		if (strcmp(errand->argv[i], "--role") == 0 && i + 1 < errand->argc)
			role = errand->argv[++i];
		else if (strncmp(errand->argv[i], "--role=", 7) == 0)
			role = errand->argv[i] + 7;
		else if (name == NULL && errand->argv[i][0] != '-')
			name = errand->argv[i];
		else
			return fault_set(f, FAULT_INPUT, "staff add takes one name (in quotes) and --role ROLE");
	}
	if (name == NULL)
		return fault_set(f, FAULT_INPUT, "staff add wants a name: mimeo staff add \"Ada Wren\" --role editor");
	if (!errand_call(errand, "desk", "POST", "/staff", json_pack("{s:s, s:s}", "name", name, "role", role), &reply, f))
		return false;
	id = str_copy(http_json_text(reply, "id"), &errand->arena);
	json_decref(reply);
	ok = print_link(errand, str_to_c(id, &errand->arena), f);
	return ok;
}

bool desk_staff_run_list(struct errand *errand, struct fault *f)
{
	json_t *reply = NULL, *item;
	size_t i;

	if (errand->argc > 0)
		return fault_set(f, FAULT_INPUT, "staff list takes no argument");
	if (!errand_call(errand, "desk", "GET", "/staff", NULL, &reply, f))
		return false;
	if (errand->json) {
		json_dumpf(reply, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		if (json_array_size(json_object_get(reply, "staff")) == 0)
			puts("nobody works at the desk yet: mimeo staff add \"Ada Wren\" --role editor");
		json_array_foreach(json_object_get(reply, "staff"), i, item)
			printf("%-19.*s  %-10.*s  %-8.*s  %.*s\n", STR_ARG(http_json_text(item, "id")),
			STR_ARG(http_json_text(item, "role")),
				STR_ARG(http_json_text(item, "state")), STR_ARG(http_json_text(item, "name")));
	}
	json_decref(reply);
	return true;
}

bool desk_staff_run_link(struct errand *errand, struct fault *f)
{
	if (errand->argc != 1)
		return fault_set(f, FAULT_INPUT, "staff link wants one name (in quotes) or id");
	return print_link(errand, errand->argv[0], f);
}

bool desk_staff_run_revoke(struct errand *errand, struct fault *f)
{
	struct str path;

	if (errand->argc != 1)
		return fault_set(f, FAULT_INPUT, "staff revoke wants one name (in quotes) or id");
	path = staff_path(errand, errand->argv[0], "revoke");
	if (path.at == NULL)
		return fault_set(f, FAULT_INPUT, "this name is too long");
	if (!errand_call(errand, "desk", "POST", path.at, json_object(), NULL, f))
		return false;
	if (!errand->json)
		printf("%s is out: links and sessions have ended\n", errand->argv[0]);
	return true;
}

bool desk_staff_run_role(struct errand *errand, struct fault *f)
{
	struct str path;

	if (errand->argc != 2)
		return fault_set(f, FAULT_INPUT, "staff role wants a name (in quotes) or id, and a role: editor, reporter, treasurer or technician");
	path = staff_path(errand, errand->argv[0], "role");
	if (path.at == NULL)
		return fault_set(f, FAULT_INPUT, "this name is too long");
	if (!errand_call(errand, "desk", "POST", path.at, json_pack("{s:s}", "role", errand->argv[1]), NULL, f))
		return false;
	if (!errand->json)
		printf("%s is %s now\n", errand->argv[0], errand->argv[1]);
	return true;
}
