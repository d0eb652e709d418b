/* test_compose.c: an issue that the newsletter never got (the house died after the desk's commit) is handed over by the
 * poll, with its own bytes; one that it has is left alone; one that it refuses goes.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/fault.h"
#include "base/loop.h"
#include "desk/desk.h"
#include "desk/story_work.h"
#include "gen/desk_schema.h"
#include "gen/desk_sql.h"
#include "house/room.h"
#include "store/store.h"

struct bench {
	struct room room;
	struct work work;
	struct http_server *newsletter;
	char folder[64];
	/* the newsletter that is asked */
	int gets, puts;
	bool has_it, refuses, is_sent;
	char put_id[32], put_subject[64], put_html[64], put_hash[80], put_slot[16], put_by[16];
	int64_t put_at;
};

static void get_issue(struct http_request *rq, void *self)
{
	struct bench *bench = self;
	struct fault f = {0};
	json_t *json;

	bench->gets++;
	if (!bench->has_it) {
		fault_set(&f, FAULT_MISSING, "there is no such issue");
		http_answer_fault(rq, &f);
		return;
	}
	json = json_object();
	json_object_set_new(json, "state", json_string(bench->is_sent ? "sending" : "frozen"));
	http_answer_json(rq, 200, json);
}

static void keep(char *out, size_t size, struct str text)
{
	snprintf(out, size, "%.*s", STR_ARG(text));
}

static void put_issue(struct http_request *rq, void *self)
{
	struct bench *bench = self;
	struct fault f = {0};
	const json_t *json = http_json(rq);

	bench->puts++;
	keep(bench->put_id, sizeof(bench->put_id), http_part(rq, "id"));
	keep(bench->put_subject, sizeof(bench->put_subject), http_json_text(json, "subject"));
	keep(bench->put_html, sizeof(bench->put_html), http_json_text(json, "html"));
	keep(bench->put_hash, sizeof(bench->put_hash), http_json_text(json, "hash"));
	keep(bench->put_slot, sizeof(bench->put_slot), http_json_text(json, "slot"));
	keep(bench->put_by, sizeof(bench->put_by), http_json_text(json, "approved_by"));
	(void) http_json_i64(json, "send_at", &bench->put_at);
	if (bench->refuses) {
		fault_set(&f, FAULT_INPUT, "not so");
		http_answer_fault(rq, &f);
		return;
	}
	bench->has_it = true;
	http_answer_json(rq, 201, json_object());
}

static const struct http_route routes[] = {
	{"GET", "/issues/{id}", get_issue, HTTP_NO_BODY},
	{"PUT", "/issues/{id}", put_issue, HTTP_JSON},
	{NULL, NULL, NULL, HTTP_NO_BODY},
};

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	struct store_options options = {.migrations = desk_schema, .queries = desk_sql, .query_count = DESK_SQL_SEARCH_SCHEMA};
	struct http_server_options serve = {.name = "newsletter.desk", .routes = routes, .room = bench};
	char path[128];
	struct fault f = {0};

	strcpy(bench->folder, "/tmp/mimeo-compose-XXXXXX");
	assert_non_null(mkdtemp(bench->folder));
	snprintf(path, sizeof(path), "%s/run", bench->folder);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/run/newsletter.desk.sock", bench->folder);
	snprintf(bench->room.home.path, sizeof(bench->room.home.path), "%s", bench->folder);
	bench->room.kind = &desk_room;
	bench->room.self = &bench->work;
	bench->work.room = &bench->room;
	assert_true(loop_open(&bench->room.loop, &f));
	assert_true(http_listen_unix(AT_FDCWD, path, 0600, &serve.listen_fd, &f));
	assert_true(http_server_open(&bench->newsletter, bench->room.loop, &serve, &f));
	bench->room.client = http_client_new(bench->room.loop);
	snprintf(path, sizeof(path), "%s/desk.db", bench->folder);
	options.path = path;
	*state = bench;
	if (!store_open(&bench->room.db, &options, &f))
		return fault_print(&f, true);
	assert_true(store_run(bench->room.db, DESK_SQL_ISSUE_INSERT, STORE_ARGS(store_i64(4711), store_text(STR("This week")),
		store_text(STR("before")), store_text(STR("intro")), store_text(STR("en")), store_text(STR("<p>html</p>")),
		store_text(STR("text")), store_text(STR("cafe")), store_i64(clock_now().us), store_text(STR("This week")), store_text(STR("")),
		store_text(STR("2026-11-27")), store_i64(1795766400000000), store_text(STR("Ann")), store_text(STR(""))), NULL, &f));
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;
	char command[128];

	loop_timer_stop(&bench->work.bake_timer);
	http_client_free(&bench->room.client);
	http_server_close(&bench->newsletter);
	store_close(&bench->room.db);
	loop_close(&bench->room.loop);
	snprintf(command, sizeof(command), "rm -rf %s", bench->folder);
	if (system(command) != 0)
		return -1;
	free(bench);
	return 0;
}

static bool is_asking(const struct bench *bench)
{
	size_t i;

	for (i = 0; i < WORK_ISSUES; i++)
		if (bench->work.issues[i].id != 0)
			return true;
	return false;
}

static void poll_newsletter(struct bench *bench)
{
	struct fault f = {0};
	int i;

	compose_poll(&bench->room);
	compose_poll(&bench->room); /* while the first one waits: asks nothing twice */
	for (i = 0; i < 2000 && is_asking(bench); i++)
		assert_true(loop_turn(bench->room.loop, 1, &f));
	assert_false(is_asking(bench));
}

static int64_t frozen(struct bench *bench)
{
	struct fault f = {0};
	struct store_rows rows;
	int64_t count = 0;

	assert_true(store_rows_begin(bench->room.db, DESK_SQL_ISSUE_FROZEN, STORE_ARGS(store_i64(0)), &rows, &f));
	while (store_rows_next(&rows, &f))
		count++;
	assert_true(store_rows_end(&rows));
	return count;
}

static void test_unknown_issue_is_handed_over(void **state)
{
	struct bench *bench = *state;

	poll_newsletter(bench);
	assert_int_equal(bench->puts, 1);
	assert_string_equal(bench->put_id, "4711");
	assert_string_equal(bench->put_subject, "This week");
	assert_string_equal(bench->put_html, "<p>html</p>");
	assert_string_equal(bench->put_hash, "cafe");
	assert_string_equal(bench->put_slot, "2026-11-27");
	assert_string_equal(bench->put_by, "Ann");
	assert_int_equal(bench->put_at, 1795766400000000);
	poll_newsletter(bench);
	assert_int_equal(bench->gets, 2);
	assert_int_equal(bench->puts, 1); /* it has it now */
	assert_int_equal(frozen(bench), 1);
}

static void test_refused_issue_goes(void **state)
{
	struct bench *bench = *state;

	bench->refuses = true;
	poll_newsletter(bench);
	assert_int_equal(bench->puts, 1);
	assert_int_equal(frozen(bench), 0);
	poll_newsletter(bench);
	assert_int_equal(bench->gets, 1);
}

static void test_nobody_there(void **state)
{
	struct bench *bench = *state;

	http_server_close(&bench->newsletter);
	poll_newsletter(bench);
	assert_int_equal(frozen(bench), 1); /* asked again later */
}

static void test_started_issue_is_seen(void **state)
{
	struct bench *bench = *state;

	bench->has_it = bench->is_sent = true;
	bench->room.draining = true; /* the bake that follows is not this test's */
	poll_newsletter(bench);
	assert_int_equal(bench->puts, 0);
	assert_int_equal(frozen(bench), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_unknown_issue_is_handed_over, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refused_issue_goes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nobody_there, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_started_issue_is_seen, set_up, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("compose", tests, NULL, NULL);
}
