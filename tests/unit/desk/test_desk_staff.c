/* test_desk_staff.c: links work once and for a while, sessions end, revoking is at once, the audit list only grows.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/fault.h"
#include "desk/desk_staff.h"
#include "gen/desk_schema.h"
#include "gen/desk_sql.h"
#include "house/room.h"
#include "store/store.h"

#define MINUTE_US INT64_C(60000000)
#define NOON ((struct when){INT64_C(1795435200000000)})

struct bench {
	struct room room;
	struct arena arena;
	char path[64];
};

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	struct store_options options = {.migrations = desk_schema, .queries = desk_sql, .query_count = DESK_SQL_SEARCH_SCHEMA};
	struct fault f = {0};

	strcpy(bench->path, "/tmp/mimeo-staff-XXXXXX");
	if (mkdtemp(bench->path) == NULL)
		return -1;
	strcat(bench->path, "/desk.db");
	options.path = bench->path;
	arena_init(&bench->arena, "test", 1 << 20);
	bench->room.settings.desk_url = STR("http://localhost:8081");
	clock_fix(NOON);
	*state = bench;
	return store_open(&bench->room.db, &options, &f) ? 0 : fault_print(&f, true);
}

static int tear_down(void **state)
{
	struct bench *bench = *state;
	char command[128];

	store_close(&bench->room.db);
	arena_release(&bench->arena);
	*strrchr(bench->path, '/') = '\0';
	snprintf(command, sizeof(command), "rm -rf %s", bench->path);
	if (system(command) != 0)
		return -1;
	clock_fix((struct when){0});
	free(bench);
	return 0;
}

static void pass_minutes(int64_t minutes)
{
	clock_fix((struct when){clock_now().us + minutes * MINUTE_US});
}

static int64_t add(struct bench *bench, const char *name, const char *role)
{
	struct fault f = {0};
	int64_t id = 0;

	assert_true(desk_staff_add(&bench->room, str_from(name), str_from(role), STR("cli"), &id, &f));
	return id;
}

/* The token of a fresh link. */
static struct str link_of(struct bench *bench, const char *name)
{
	struct fault f = {0};
	struct when expires;
	struct str url;

	assert_true(desk_staff_link(&bench->room, str_from(name), STR("cli"), &bench->arena, &url, &expires, &f));
	assert_true(str_starts(url, STR("http://localhost:8081/login/")));
	return str_part(url, sizeof("http://localhost:8081/login/") - 1, SIZE_MAX);
}

static bool begin(struct bench *bench, struct str link, char session[RAND_TOKEN_CHARS + 1])
{
	struct fault f = {0};

	return desk_session_begin(&bench->room, link, session, &bench->arena, &f);
}

static bool is_in(struct bench *bench, const char *session)
{
	struct desk_person person = {0};

	return desk_session_find(&bench->room, str_from(session), &bench->arena, &person);
}

static void test_adding(void **state)
{
	struct bench *bench = *state;
	struct fault f = {0};
	int64_t id;

	add(bench, "Ada Wren", "editor");
	assert_false(desk_staff_add(&bench->room, STR("Ada Wren"), STR("editor"), STR("cli"), &id, &f));
	assert_int_equal(f.kind, FAULT_CONFLICT);
	fault_clear(&f);
	assert_false(desk_staff_add(&bench->room, STR("  "), STR("editor"), STR("cli"), &id, &f));
	fault_clear(&f);
	assert_false(desk_staff_add(&bench->room, STR("Two\nlines"), STR("editor"), STR("cli"), &id, &f));
	fault_clear(&f);
	assert_false(desk_staff_add(&bench->room, STR("Ilya"), STR("owner"), STR("cli"), &id, &f));
	assert_int_equal(f.kind, FAULT_INPUT);
}

static void test_link_works_once(void **state)
{
	struct bench *bench = *state;
	char session[RAND_TOKEN_CHARS + 1], again[RAND_TOKEN_CHARS + 1];
	struct desk_person person = {0};
	struct str link;

	add(bench, "Ada Wren", "editor");
	link = link_of(bench, "Ada Wren");
	assert_true(desk_link_is_good(&bench->room, link, &bench->arena));
	assert_true(desk_link_is_good(&bench->room, link, &bench->arena)); /* looking changes nothing */
	assert_true(begin(bench, link, session));
	assert_false(desk_link_is_good(&bench->room, link, &bench->arena));
	assert_false(begin(bench, link, again));
	assert_true(desk_session_find(&bench->room, str_from(session), &bench->arena, &person));
	assert_true(str_is(person.name, "Ada Wren"));
	assert_true((person.rights & DESK_SEND) != 0);
	assert_false(is_in(bench, "aaaaaaaaaaaaaaaaaaaaaaaaaa"));
	assert_false(is_in(bench, ""));
	assert_false(is_in(bench, "' OR 1=1 --"));
}

static void test_links_age(void **state)
{
	struct bench *bench = *state;
	char session[RAND_TOKEN_CHARS + 1];
	struct str first, second;

	add(bench, "Ada Wren", "editor");
	first = link_of(bench, "Ada Wren");
	pass_minutes(23 * 60); /* the first one waits a day */
	assert_true(desk_link_is_good(&bench->room, first, &bench->arena));
	second = link_of(bench, "Ada Wren");
	assert_false(desk_link_is_good(&bench->room, first, &bench->arena)); /* a newer one ends it */
	assert_true(begin(bench, second, session));
	first = link_of(bench, "Ada Wren");
	pass_minutes(14);
	assert_true(desk_link_is_good(&bench->room, first, &bench->arena));
	pass_minutes(1); /* later ones wait a quarter of an hour */
	assert_false(desk_link_is_good(&bench->room, first, &bench->arena));
	assert_false(begin(bench, first, session));
}

static void test_sessions_end(void **state)
{
	struct bench *bench = *state;
	char session[RAND_TOKEN_CHARS + 1], other[RAND_TOKEN_CHARS + 1];

	add(bench, "Ada Wren", "editor");
	assert_true(begin(bench, link_of(bench, "Ada Wren"), session));
	assert_true(begin(bench, link_of(bench, "Ada Wren"), other));
	desk_session_end(&bench->room, str_from(other));
	assert_false(is_in(bench, other));
	for (int i = 0; i < 13; i++) { /* who works stays, for a week at most */
		pass_minutes(11 * 60);
		assert_true(is_in(bench, session));
	}
	pass_minutes(12 * 60);
	assert_false(is_in(bench, session));
	assert_true(begin(bench, link_of(bench, "Ada Wren"), session));
	for (int i = 0; i < 15; i++) {
		pass_minutes(11 * 60);
		assert_true(is_in(bench, session));
	}
	pass_minutes(11 * 60); /* 176 hours: more than a week */
	assert_false(is_in(bench, session));
}

static void test_revoking(void **state)
{
	struct bench *bench = *state;
	char session[RAND_TOKEN_CHARS + 1];
	struct fault f = {0};
	struct when expires;
	struct str link, url;

	add(bench, "Ada Wren", "editor");
	assert_true(begin(bench, link_of(bench, "Ada Wren"), session));
	link = link_of(bench, "Ada Wren");
	assert_true(desk_staff_revoke(&bench->room, STR("Ada Wren"), STR("cli"), &bench->arena, &f));
	assert_false(is_in(bench, session));
	assert_false(desk_link_is_good(&bench->room, link, &bench->arena));
	assert_false(desk_staff_link(&bench->room, STR("Ada Wren"), STR("cli"), &bench->arena, &url, &expires, &f));
	assert_int_equal(f.kind, FAULT_CONFLICT);
	fault_clear(&f);
	assert_false(desk_staff_revoke(&bench->room, STR("Nobody"), STR("cli"), &bench->arena, &f));
	assert_int_equal(f.kind, FAULT_MISSING);
}

/* By whoever opens the file with the database's own program, too. */
static void assert_refused(struct bench *bench, const char *statement)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(bench->path, &db), SQLITE_OK);
	assert_int_not_equal(sqlite3_exec(db, statement, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void test_audit_only_grows(void **state)
{
	struct bench *bench = *state;
	struct store_rows rows;
	struct fault f = {0};
	int lines = 0;

	add(bench, "Ada Wren", "editor");
	desk_audit(&bench->room, STR("Ada Wren"), "published", STR("River Towns"));
	assert_true(store_rows_begin(bench->room.db, DESK_SQL_AUDIT_PAGE, STORE_ARGS(store_text(STR("")), store_i64(10), store_i64(0)), &rows, &f));
	while (store_rows_next(&rows, &f))
		assert_true(str_is(store_column_text(&rows, 2), lines++ == 0 ? "published" : "added to the desk"));
	assert_true(store_rows_end(&rows));
	assert_int_equal(lines, 2);
	assert_refused(bench, "DELETE FROM audit");
	assert_refused(bench, "UPDATE audit SET who = 'somebody else'");
}

/* Nothing of a token stands in the database. */
static void test_tokens_are_hashes(void **state)
{
	struct bench *bench = *state;
	char session[RAND_TOKEN_CHARS + 1], bytes[1 << 16];
	struct fault f = {0};
	struct str link;
	size_t read;
	FILE *file;

	add(bench, "Ada Wren", "editor");
	assert_true(begin(bench, link_of(bench, "Ada Wren"), session));
	link = link_of(bench, "Ada Wren");
	assert_true(store_checkpoint(bench->room.db, &f));
	file = fopen(bench->path, "rb");
	assert_non_null(file);
	while ((read = fread(bytes, 1, sizeof(bytes), file)) > 0) {
		assert_null(memmem(bytes, read, session, RAND_TOKEN_CHARS));
		assert_null(memmem(bytes, read, link.at, link.len));
	}
	fclose(file);
}

static void test_roles(void **state)
{
	(void) state;
	assert_true((desk_role_rights(STR("editor")) & DESK_PUBLISH) != 0);
	assert_int_equal(desk_role_rights(STR("reporter")) & (DESK_PUBLISH | DESK_SEND | DESK_MONEY | DESK_PEOPLE), 0);
	assert_int_equal(desk_role_rights(STR("treasurer")) & (DESK_PUBLISH | DESK_SEND | DESK_PEOPLE | DESK_LETTER), 0);
	assert_int_equal(desk_role_rights(STR("technician")) & (DESK_PUBLISH | DESK_SEND | DESK_MONEY), 0);
	assert_int_equal(desk_role_rights(STR("")), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_adding, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_link_works_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_links_age, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sessions_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_revoking, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_audit_only_grows, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_tokens_are_hashes, set_up, tear_down),
		cmocka_unit_test(test_roles),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
