/* test_gate.c: the gate on bytes: however a stream is cut into portions, the same bytes get through.
 * SPDX-License-Identifier: ISC */
#include "http_test.h"

#include "http/http_gate.h"

/* Feeds `text` in portions of `step`; how many bytes got through, and the status. */
static size_t feed(const char *text, size_t len, size_t step, int *status, uint64_t *heads)
{
	struct gate gate = {0, 0, 0, NULL, 0, NULL};
	size_t passed = 0;

	for (size_t at = 0; at < len && gate.status == 0; at += step) {
		/* a copy of its own, so that a read past the portion is seen */
		size_t part = len - at < step ? len - at : step;
		char *copy = malloc(part);

		memcpy(copy, text + at, part);
		passed += gate_feed(&gate, copy, part);
		free(copy);
	}
	*status = gate.status;
	*heads = gate.heads;
	gate_release(&gate);
	return passed;
}

static void portions_do_not_matter(void **state)
{
	static const char good[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\nPOST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n\r\n\r\n\r\nxGET /y HTTP/1.0\r\nhost:a\r\n\r\n";
	static const char bad[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
	size_t first = strlen("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	int status = 0;
	uint64_t heads = 0;

	(void) state;
	for (size_t step = 1; step < sizeof(good); step++) {
		assert_int_equal(feed(good, sizeof(good) - 1, step, &status, &heads), sizeof(good) - 1);
		assert_int_equal(status, 0);
		assert_int_equal(heads, 3);
	}
	for (size_t step = 1; step < sizeof(bad); step++) {
		size_t passed = feed(bad, sizeof(bad) - 1, step, &status, &heads);

		assert_int_equal(status, 400);
		assert_int_equal(heads, 1);
		assert_true(passed >= first);
		/* never the end of the bad head */
		assert_true(passed < first + strlen("GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n"));
	}
}

static void lengths_and_limits(void **state)
{
	static char text[GATE_HEAD_BYTES + 100];
	int status = 0;
	uint64_t heads = 0;
	size_t len = 0;

	(void) state;
	for (int more = -1; more <= 1; more++) {
		size_t want = (size_t) (GATE_HEAD_BYTES + more);

		len = (size_t) snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: a\r\nX: ");
		memset(text + len, 'x', want - 4 - len);
		memcpy(text + want - 4, "\r\n\r\n", 4);
		for (size_t step = 1; step <= want; step += step == 1 ? 999 : 1777) {
			(void) feed(text, want, step, &status, &heads);
			assert_int_equal(status, more <= 0 ? 0 : 431);
		}
		(void) feed(text, want, want, &status, &heads);
		assert_int_equal(status, more <= 0 ? 0 : 431);
	}
	len = (size_t) snprintf(text, sizeof(text), "GET /");
	memset(text + len, 'a', GATE_TARGET_BYTES - 1);
	snprintf(text + len + GATE_TARGET_BYTES - 1, 64, " HTTP/1.1\r\nHost: a\r\n\r\n");
	(void) feed(text, strlen(text), 100, &status, &heads);
	assert_int_equal(status, 0);
	text[len + GATE_TARGET_BYTES - 1] = 'a';
	snprintf(text + len + GATE_TARGET_BYTES, 64, " HTTP/1.1\r\nHost: a\r\n\r\n");
	(void) feed(text, strlen(text), 100, &status, &heads);
	assert_int_equal(status, 414);
}

static void heads_are_read(void **state)
{
	struct gate_head head;
	const char *say = NULL;

	(void) state;
	assert_int_equal(gate_check_head(STR("PUT /a?b HTTP/1.1\r\nHost:  x.y:80\t\r\nContent-Length: 12\r\nExpect: 100-Continue\r\n\r\n"), &head, &say), 0);
	assert_true(str_is(head.method, "PUT"));
	assert_true(str_is(head.target, "/a?b"));
	assert_true(str_is(head.host, "x.y:80"));
	assert_int_equal(head.length, 12);
	assert_int_equal(gate_check_head(STR(""), &head, &say), 400);
	assert_int_equal(gate_check_head(STR("\r\n"), &head, &say), 400);
	assert_int_equal(gate_check_head(STR("GET / HTTP/1.1\r\nHost: a\r\n"), &head, &say), 400);
	assert_int_equal(gate_check_head(STR("GET / HTTP/1.1\r\nHost: a\r\n\r\nx"), &head, &say), 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(portions_do_not_matter),
		cmocka_unit_test(lengths_and_limits),
		cmocka_unit_test(heads_are_read),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("http gate", tests, NULL, NULL);
}
