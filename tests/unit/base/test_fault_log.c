/* Faults, the log and must(): one file, because each is seen through the lines of the others.
 * SPDX-License-Identifier: ISC */
#include "base_test.h"
#include <sys/wait.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/must.h"

/* --- faults --- */

static void the_first_fault_wins(void **state)
{
	struct fault f = {0};

	(void) state;
	assert_false(fault_set(&f, FAULT_INPUT, "first %d", 1));
	assert_false(fault_set(&f, FAULT_IO, "second"));
	errno = ENOENT;
	assert_false(fault_errno(&f, "third"));
	assert_string_equal(f.say, "first 1");
	assert_int_equal(f.kind, FAULT_INPUT);
	assert_non_null(strstr(f.file, "test_fault_log.c"));
	assert_true(f.line > 0);
	fault_clear(&f);
	assert_int_equal(f.kind, FAULT_NONE);
	assert_false(fault_set(&f, FAULT_IO, "second"));
	assert_string_equal(f.say, "second");
	assert_false(fault_set(NULL, FAULT_IO, "nobody listens"));
}

static void errno_decides_the_kind(void **state)
{
	static const struct {
		int code;
		enum fault_kind kind;
	} cases[] = {
		{ENOENT, FAULT_MISSING}, {EACCES, FAULT_DENIED}, {EPERM, FAULT_DENIED}, {ENOSPC, FAULT_FULL},
		{EDQUOT, FAULT_FULL}, {EAGAIN, FAULT_BUSY}, {ECONNREFUSED, FAULT_REMOTE}, {ETIMEDOUT, FAULT_REMOTE},
		{EIO, FAULT_IO}, {EBADF, FAULT_IO}, {99999, FAULT_IO},
	};

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fault f = {0};

		errno = cases[i].code;
		assert_false(fault_errno(&f, "cannot open %s", "x"));
		assert_int_equal(f.kind, cases[i].kind);
		assert_int_equal(f.code, cases[i].code);
		assert_memory_equal(f.say, "cannot open x: ", 15);
	}
}

static void trail_and_detail_gather(void **state)
{
	struct fault f = {0};

	(void) state;
	(void) fault_add(&f, "nothing stands");
	(void) fault_detail(&f, "nothing stands");
	assert_string_equal(f.trail, "");
	(void) fault_set(&f, FAULT_IO, "x");
	assert_false(fault_add(&f, "while %s", "one"));
	assert_false(fault_add(&f, "while two"));
	assert_false(fault_detail(&f, "a=%d", 1));
	assert_false(fault_detail(&f, "b"));
	assert_string_equal(f.trail, "while one; while two");
	assert_string_equal(f.detail, "a=1; b");
	for (int i = 0; i < 100; i++)
		(void) fault_add(&f, "while %d times", i);
	assert_true(strlen(f.trail) < FAULT_TRAIL_BYTES);
}

static void a_cut_text_stays_utf8(void **state)
{
	(void) state;
	for (size_t lead = 0; lead < 5; lead++) {
		struct fault f = {0};
		char text[1000];

		memset(text, 'a', lead);
		for (size_t i = 0; i < 200; i++)
			memcpy(text + lead + 4 * i, "\xf0\x9f\x98\x80", 4);
		(void) fault_set(&f, FAULT_INPUT, "%.*s", (int) (lead + 800), text);
		assert_true(str_is_utf8(str_from(f.say)));
		assert_true(strlen(f.say) > FAULT_SAY_BYTES - 6);
	}
}

static void long_errno_texts_fit(void **state)
{
	struct fault f = {0};

	(void) state;
	errno = ENOENT;
	(void) fault_errno(&f, "%0400d", 1);
	assert_int_equal(strlen(f.say), FAULT_SAY_BYTES - 1);
}

static void set_nothing(void *self)
{
	(void) fault_set((struct fault *) self, FAULT_NONE, "x");
}

static void no_fault_cannot_be_set(void **state)
{
	struct fault f = {0};

	(void) state;
	assert_non_null(strstr(last_words(set_nothing, &f), "event=bug"));
}

static void the_table_is_sound(void **state)
{
	(void) state;
	assert_string_equal(fault_name(FAULT_UNCERTAIN), "uncertain");
	assert_int_equal(fault_http_status(FAULT_BUSY), 503);
	assert_int_equal(fault_exit_code(FAULT_INPUT), 2);
	assert_true(fault_is_worth_retry(FAULT_REMOTE));
	assert_false(fault_is_worth_retry(FAULT_UNCERTAIN));
}

static void print_quietly(void *self)
{
	assert_int_equal(fault_print(self, false), 2);
}

static void print_verbosely(void *self)
{
	assert_int_equal(fault_print(self, true), 2);
}

static void commands_print_one_line(void **state)
{
	struct fault f = {0};

	(void) state;
	(void) fault_set(&f, FAULT_INPUT, "the title is missing; write one");
	(void) fault_add(&f, "while importing");
	(void) fault_detail(&f, "row 3");
	assert_string_equal(captured(print_quietly, &f), "mimeo: the title is missing; write one\n");
	assert_string_equal(captured(print_verbosely, &f),
		"mimeo: the title is missing; write one (while importing)\nmimeo: detail: row 3\n");
}

/* --- the log --- */

static void write_events(void *self)
{
	(void) self;
	log_event(LOG_BAKE, LOG_I64("pages", 12), LOG_C("why", "publish"));
}

static void a_line_is_logfmt(void **state)
{
	struct civil civil = {.year = 2026, .month = 11, .day = 20, .hour = 13, .minute = 5, .second = 9};

	(void) state;
	clock_fix(clock_from_civil(&civil));
	log_set_room("desk");
	assert_string_equal(captured(write_events, NULL),
		"time=2026-11-20T13:05:09Z level=info room=desk event=bake pages=12 why=publish\n");
	assert_string_equal(log_room(), "desk");
}

static void write_value(void *self)
{
	log_event(LOG_JOB, LOG_STR("v", *(struct str *) self));
}

/* What stands behind "v=" for a value. */
static const char *logged(struct str value)
{
	const char *line = captured(write_value, &value);
	const char *at = strstr(line, " v=");

	assert_non_null(at);
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1); /* one line, whatever the value */
	return at + 3;
}

static void values_are_quoted_and_cleaned(void **state)
{
	(void) state;
	assert_string_equal(logged(STR("plain")), "plain\n");
	assert_string_equal(logged(STR("")), "\"\"\n");
	assert_string_equal(logged((struct str){NULL, 0}), "\"\"\n");
	assert_string_equal(logged(STR("two words")), "\"two words\"\n");
	assert_string_equal(logged(STR("a=b")), "\"a=b\"\n");
	assert_string_equal(logged(STR("say \"x\"")), "\"say \\\"x\\\"\"\n");
	assert_string_equal(logged(STR("back\\slash")), "\"back\\\\slash\"\n");
	assert_string_equal(logged(STR("a\nlevel=error\r\0\x1b[2J\x7f")), "\"a?level=error???[2J?\"\n");
	assert_string_equal(logged(STR("caf\xc3\xa9")), "caf\xc3\xa9\n");
	assert_string_equal(logged(STR("x\xff\xc3")), "x??\n");
	assert_string_equal(logged(STR("a\xc2\x9b" "31m")), "a??31m\n"); /* C1's CSI */
}

static void a_huge_value_is_cut_and_the_line_ends(void **state)
{
	char huge[8000];
	const char *line;
	struct str value = {huge, sizeof(huge)};

	(void) state;
	memset(huge, '"', sizeof(huge));
	line = captured(write_value, &value);
	assert_true(strlen(line) <= 4096);
	assert_int_equal(line[strlen(line) - 1], '\n');
	assert_non_null(strstr(line, "...\"\n"));
}

static void write_many(void *self)
{
	struct log_field fields[9] = {0};

	for (size_t i = 0; i < 8; i++)
		fields[i] = (struct log_field) LOG_STR("v", *(struct str *) self);
	log_write(LOG_JOB, fields);
}

static void many_huge_values_do_not_pass_the_line(void **state)
{
	char huge[1024];
	struct str value = {huge, sizeof(huge)};
	const char *line;

	(void) state;
	memset(huge, 'x', sizeof(huge));
	line = captured(write_many, &value);
	assert_int_equal(strlen(line), 4096);
	assert_ptr_equal(strchr(line, '\n'), line + 4095);
}

static void log_it(void *self)
{
	log_fault(self, "sending");
}

static void a_fault_is_logged_whole(void **state)
{
	struct fault f = {0};
	const char *line;

	(void) state;
	(void) fault_set_at(&f, FAULT_REMOTE, 451, "src/mail/smtp.c", 12, "the server said no");
	(void) fault_add(&f, "while mailing");
	(void) fault_detail(&f, "line=\"4.7.1\"");
	line = captured(log_it, &f);
	assert_non_null(strstr(line, "level=error room=desk event=fault while=sending kind=remote say=\"the server said no\""
		" code=451 detail=\"line=\\\"4.7.1\\\"\" trail=\"while mailing\" at=src/mail/smtp.c:12\n"));
}

/* --- must --- */

static void break_a_must(void *self)
{
	must(self != NULL);
}

static void a_bug_has_last_words(void **state)
{
	const char *line;

	(void) state;
	line = last_words(break_a_must, NULL);
	assert_non_null(strstr(line, "level=error room=desk event=bug file="));
	assert_non_null(strstr(line, "must=\"self != NULL\"\n"));
	must(line != NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_fault_wins),
		cmocka_unit_test(errno_decides_the_kind),
		cmocka_unit_test(trail_and_detail_gather),
		cmocka_unit_test(a_cut_text_stays_utf8),
		cmocka_unit_test(long_errno_texts_fit),
		cmocka_unit_test(no_fault_cannot_be_set),
		cmocka_unit_test(the_table_is_sound),
		cmocka_unit_test(commands_print_one_line),
		cmocka_unit_test(a_line_is_logfmt),
		cmocka_unit_test(values_are_quoted_and_cleaned),
		cmocka_unit_test(a_huge_value_is_cut_and_the_line_ends),
		cmocka_unit_test(many_huge_values_do_not_pass_the_line),
		cmocka_unit_test(a_fault_is_logged_whole),
		cmocka_unit_test(a_bug_has_last_words),
	};

	return RUN(tests);
}
