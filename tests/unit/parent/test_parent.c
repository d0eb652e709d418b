/* test_parent.c: the parent with toy rooms: ready, restart, refusal of a second house, drain in time.
 *
 * This program plays mimeo: `-x ROOM` is a toy room's process, as the parent starts it from its own file.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/arena.h"
#include "base/fault.h"
#include "http/http_client.h"
#include "parent/parent.h"

/* --- toy rooms: "front" answers at once; "desk" can be told to die, or to end slowly --- */

static void toy_pid(struct http_request *rq, void *room)
{
	json_t *answer = json_object();

	(void) room;
	json_object_set_new(answer, "pid", json_integer(getpid()));
	http_answer_json(rq, 200, answer);
}

static void toy_die(struct http_request *rq, void *room)
{
	(void) rq;
	(void) room;
	raise(SIGKILL);
}

static const struct http_route toy_routes[] = {
	{"GET", "/pid", toy_pid, HTTP_NO_BODY},
	{"POST", "/die", toy_die, HTTP_JSON},
	{NULL, NULL, NULL, HTTP_NO_BODY}
};

static const struct room_listener toy_listeners[] = {{"cli", toy_routes, NULL, NULL, 0}, {NULL, NULL, NULL, NULL, 0}};

static void toy_never_drains(struct room *room)
{
	(void) room;
}

static const struct room_kind toy_front = {.word = "front", .listeners = toy_listeners};
static const struct room_kind toy_desk = {.word = "desk", .listeners = toy_listeners};
static const struct room_kind toy_stubborn = {.word = "support", .listeners = toy_listeners, .drain = toy_never_drains};
static const struct room_kind *const toy_kinds[] = {&toy_desk, &toy_front, NULL};
static const struct room_kind *const stubborn_kinds[] = {&toy_stubborn, &toy_front, NULL};
static const struct room_kind *const all_kinds[] = {&toy_desk, &toy_front, &toy_stubborn, NULL};

/* --- the scene --- */

struct scene {
	char home[64];
	pid_t house;
	int out;   /* its standard output */
};

static pid_t start(struct scene *s, const struct room_kind *const *kinds, int *out)
{
	int fds[2];
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(fds[1], 1);
		if (getenv("MIMEO_TEST_LOG") == NULL)
			dup2(null, 2);
		close(fds[0]);
		_exit(parent_serve(kinds, s->home, NULL));
	}
	close(fds[1]);
	*out = fds[0];
	return pid;
}

static void await_ready(int out)
{
	char text[256] = "";
	struct pollfd wait = {out, POLLIN, 0};

	assert_int_equal(poll(&wait, 1, 30000), 1);
	assert_true(read(out, text, sizeof(text) - 1) > 0);
	assert_non_null(strstr(text, "mimeo: ready"));
}

static void begin(struct scene *s, const struct room_kind *const *kinds)
{
	char path[128];
	FILE *conf;

	snprintf(s->home, sizeof(s->home), "/tmp/mimeo-parent-XXXXXX");
	assert_non_null(mkdtemp(s->home));
	snprintf(path, sizeof(path), "%s/mimeo.conf", s->home);
	conf = fopen(path, "w");
	assert_non_null(conf);
	fputs("[newsroom]\nname = Toy\nurl = http://127.0.0.1:1\n", conf);
	fclose(conf);
	s->house = start(s, kinds, &s->out);
	await_ready(s->out);
}

static int end(struct scene *s, int number, int64_t *took_ms)
{
	struct timespec from, to;
	char command[128];
	int status;

	clock_gettime(CLOCK_MONOTONIC, &from);
	kill(s->house, number);
	waitpid(s->house, &status, 0);
	clock_gettime(CLOCK_MONOTONIC, &to);
	*took_ms = (to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000;
	close(s->out);
	snprintf(command, sizeof(command), "rm -rf %s", s->home);
	assert_int_equal(system(command), 0);
	return status;
}

static bool ask(struct scene *s, const char *room, const char *method, const char *path, int64_t *pid)
{
	char socket[128], url[64];
	struct http_reply reply;
	struct arena arena;
	struct fault f = {0};
	json_t *json = NULL;
	bool ok;
	struct http_call_options options = {.method = method, .url = url, .unix_socket = socket, .timeout_ms = 60000};

	snprintf(socket, sizeof(socket), "%s/run/%s.cli.sock", s->home, room);
	snprintf(url, sizeof(url), "http://room%s", path);
	if (method[0] == 'P') {
		options.body = STR("{}");
		options.type = "application/json";
	}
	arena_init(&arena, "test", 1 << 20);
	ok = http_call_wait(&options, &arena, &reply, &f) && reply.status == 200;
	if (ok && pid != NULL) {
		ok = http_json_parse(reply.body, &json, &f) && http_json_i64(json, "pid", pid);
		json_decref(json);
	}
	arena_release(&arena);
	return ok;
}

/* --- the tests --- */

static void test_a_killed_room_comes_back_and_the_other_goes_on(void **state)
{
	struct scene s;
	int64_t desk = 0, front = 0, again = 0, front_again = 0, took_ms;

	(void) state;
	begin(&s, toy_kinds);
	assert_true(ask(&s, "desk", "GET", "/pid", &desk));
	assert_true(ask(&s, "front", "GET", "/pid", &front));
	assert_false(ask(&s, "desk", "POST", "/die", NULL));
	assert_true(ask(&s, "front", "GET", "/pid", &front_again));
	assert_true(ask(&s, "desk", "GET", "/pid", &again)); /* waits in the backlog until the room is back */
	assert_int_equal(front, front_again);
	assert_int_not_equal(desk, again);
	end(&s, SIGTERM, &took_ms);
	assert_true(took_ms < 7000); /* it drained: nobody was killed after ten seconds */
}

static void test_a_second_house_on_the_home_is_refused(void **state)
{
	struct scene s;
	int64_t took_ms;
	int out, status;
	pid_t second;

	(void) state;
	begin(&s, toy_kinds);
	second = start(&s, toy_kinds, &out);
	assert_int_equal(waitpid(second, &status, 0), second);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 0);
	close(out);
	assert_true(ask(&s, "desk", "GET", "/pid", &took_ms)); /* the first one lives */
	end(&s, SIGINT, &took_ms);
}

static void test_a_room_that_does_not_drain_is_ended_in_time(void **state)
{
	struct scene s;
	int64_t took_ms;
	int status;

	(void) state;
	begin(&s, stubborn_kinds);
	status = end(&s, SIGTERM, &took_ms);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_true(took_ms < 20000); /* killed after ten: the rest is the machine's */
}

static void test_rooms_end_with_their_parent(void **state)
{
	struct scene s;
	int64_t desk = 0, took_ms;
	int i;

	(void) state;
	begin(&s, toy_kinds);
	assert_true(ask(&s, "desk", "GET", "/pid", &desk));
	end(&s, SIGKILL, &took_ms);
	for (i = 0; i < 600 && kill((pid_t) desk, 0) == 0; i++)
		usleep(100000);
	assert_true(i < 600);
}

static void test_health_is_everywhere(void **state)
{
	struct scene s;
	int64_t took_ms;

	(void) state;
	begin(&s, toy_kinds);
	assert_true(ask(&s, "desk", "GET", "/health", NULL));
	assert_true(ask(&s, "front", "GET", "/check", NULL));
	assert_false(ask(&s, "front", "GET", "/nothing", NULL));
	end(&s, SIGTERM, &took_ms);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_killed_room_comes_back_and_the_other_goes_on),
		cmocka_unit_test(test_a_second_house_on_the_home_is_refused),
		cmocka_unit_test(test_a_room_that_does_not_drain_is_ended_in_time),
		cmocka_unit_test(test_rooms_end_with_their_parent),
		cmocka_unit_test(test_health_is_everywhere),
	};
	size_t i;

	for (i = 0; argc > 2 && strcmp(argv[1], "-x") == 0 && all_kinds[i] != NULL; i++)
		if (strcmp(all_kinds[i]->word, argv[2]) == 0)
			return room_main(all_kinds[i], argc - 3, argv + 3);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
