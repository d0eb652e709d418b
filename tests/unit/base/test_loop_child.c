/* Children: what they inherit, their lines, their end. Each test runs with pidfd and, again, as on a kernel without.
 * SPDX-License-Identifier: ISC */
#include "base_test.h"
#include <sys/resource.h>
#include "base/buf.h"
#include "base/clock.h"
#include "base/loop.h"

static struct loop *loop;
static struct fault f;

/* What was told of a child. */
struct told {
	struct loop_child *child;
	struct buf lines; /* each with a '|' behind it */
	size_t longest;
	int ends;
	int status;
	int kill_at_line;
	int line_count;
};

static void on_line(void *self, struct str line)
{
	struct told *told = self;

	assert_int_equal(told->ends, 0);
	buf_add_str(&told->lines, line);
	buf_add_char(&told->lines, '|');
	if (line.len > told->longest)
		told->longest = line.len;
	if (++told->line_count == told->kill_at_line)
		loop_child_kill(told->child, SIGKILL);
}

static void on_end(void *self, int status)
{
	struct told *told = self;

	assert_null(told->child);
	told->status = status;
	told->ends++;
}

static int make(void **state)
{
	loop_child_without_pidfd = *state != NULL;
	fault_clear(&f);
	assert_no_fault(loop_open(&loop, &f), &f);
	return 0;
}

static int drop(void **state)
{
	(void) state;
	loop_close(&loop);
	return 0;
}

static void start(struct told *told, struct loop_spawn how)
{
	*told = (struct told){0};
	buf_init(&told->lines, 1 << 22);
	how.self = told;
	how.on_end = on_end;
	assert_no_fault(loop_spawn(loop, &how, &told->child, &f), &f);
}

static void start_shell(struct told *told, const char *script, struct str input)
{
	char *const argv[] = {(char[]){"sh"}, (char[]){"-c"}, (char *) (uintptr_t) script, NULL};

	start(told, (struct loop_spawn){.exe_fd = -1, .program = "sh", .argv = argv, .input = input, .on_line = on_line});
}

static void until_end(struct told *told)
{
	int64_t give_up_ms = clock_mono_ms() + 60000;

	while (told->child != NULL && clock_mono_ms() < give_up_ms)
		assert_no_fault(loop_turn(loop, 1000, &f), &f);
	assert_int_equal(told->ends, 1);
}

static void run_shell(struct told *told, const char *script, struct str input)
{
	start_shell(told, script, input);
	until_end(told);
}

static void assert_lines(struct told *told, const char *wanted)
{
	assert_string_equal(told->lines.at, wanted);
	buf_release(&told->lines);
}

static void lines_come_before_the_end(void **state)
{
	struct told told;

	(void) state;
	run_shell(&told, "echo one; echo; echo two; printf 'no newline'; exit 3", (struct str){NULL, 0});
	assert_true(WIFEXITED(told.status));
	assert_int_equal(WEXITSTATUS(told.status), 3);
	assert_lines(&told, "one||two|no newline|");
	run_shell(&told, "kill -9 $$", (struct str){NULL, 0});
	assert_true(WIFSIGNALED(told.status));
	assert_int_equal(WTERMSIG(told.status), SIGKILL);
	assert_lines(&told, "");
}

static void input_is_read_to_its_end(void **state)
{
	static char big[1000000];
	struct told told;

	(void) state;
	memset(big, 'x', sizeof(big));
	run_shell(&told, "wc -c", str_make(big, sizeof(big)));
	assert_lines(&told, "1000000|");
	run_shell(&told, "cat; echo end", (struct str){NULL, 0}); /* none is the end at once */
	assert_lines(&told, "end|");
	run_shell(&told, "exec <&-; echo closed", STR("nobody reads this"));
	assert_lines(&told, "closed|");
}

static void long_lines_are_cut(void **state)
{
	struct told told;

	(void) state;
	run_shell(&told, "head -c 10000 /dev/zero | tr '\\0' a; echo; echo next; head -c 4096 /dev/zero | tr '\\0' b",
		(struct str){NULL, 0});
	assert_int_equal(told.line_count, 3);
	assert_int_equal(told.longest, 4096);
	assert_int_equal(told.lines.len, 4097 + 5 + 4097);
	buf_release(&told.lines);
}

static void much_output_is_whole(void **state)
{
	struct told told;

	(void) state;
	run_shell(&told, "seq 1 50000", (struct str){NULL, 0});
	assert_int_equal(told.line_count, 50000);
	assert_true(str_ends(buf_view(&told.lines), STR("|49999|50000|")));
	buf_release(&told.lines);
}

static void the_end_does_not_wait_for_a_grandchild(void **state)
{
	struct told told;
	int64_t begun_ms = clock_mono_ms();

	(void) state;
	run_shell(&told, "sleep 30 & echo $!", (struct str){NULL, 0});
	assert_true(clock_mono_ms() - begun_ms < 20000);
	told.lines.at[told.lines.len - 1] = '\0';
	(void) kill((pid_t) strtol(told.lines.at, NULL, 10), SIGKILL);
	buf_release(&told.lines);
}

static void a_callback_may_kill_its_child(void **state)
{
	struct told told;

	(void) state;
	start_shell(&told, "while :; do echo x; done", (struct str){NULL, 0});
	told.kill_at_line = 3;
	until_end(&told);
	assert_int_equal(WTERMSIG(told.status), SIGKILL);
	buf_release(&told.lines);
}

static void a_child_has_only_what_it_was_promised(void **state)
{
	int keep = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int leak = open("/dev/null", O_RDONLY); /* not even close-on-exec */
	/* Signals 32 and 33 are the C library's own, and what a caller of ours left of them is nobody's business. */
	char script[] = "echo fds: $(ls /proc/self/fd | tr '\\n' ' ')\n"
		"signals() { sed -n \"s/^$1:.//p\" /proc/self/status; }\n"
		"echo blocked $((0x$(signals SigBlk))), ignored $((0x$(signals SigIgn) & ~0x180000000)); nice";
	char *const argv[] = {(char[]){"sh"}, (char[]){"-c"}, script, NULL};
	char *const env[] = {(char[]){"PATH=/usr/bin:/bin"}, NULL};
	int base_nice = getpriority(PRIO_PROCESS, 0);
	char wanted[160];
	struct told told;
	sigset_t mask;

	(void) state;
	keep = fcntl(keep, F_DUPFD_CLOEXEC, 50);
	assert_true(keep >= 50 && leak >= 3);
	(void) signal(SIGPIPE, SIG_IGN);
	(void) sigemptyset(&mask);
	(void) sigaddset(&mask, SIGUSR2);
	(void) sigprocmask(SIG_BLOCK, &mask, NULL);
	start(&told, (struct loop_spawn){.exe_fd = -1, .program = "sh", .argv = argv, .env = env, .keep_fds = &keep,
		.keep_count = 1, .lower_priority = 3, .on_line = on_line});
	until_end(&told);
	(void) sigprocmask(SIG_UNBLOCK, &mask, NULL);
	(void) signal(SIGPIPE, SIG_DFL);
	/* ls has the listed folder itself open, as 3. */
	(void) snprintf(wanted, sizeof(wanted), "fds: 0 1 2 3 %d|blocked 0, ignored 0|%d|", keep,
		base_nice + 3 > 19 ? 19 : base_nice + 3);
	assert_lines(&told, wanted);
	(void) close(keep);
	(void) close(leak);
}

static void a_held_descriptor_is_executed(void **state)
{
	char *const argv[] = {(char[]){"cat"}, NULL};
	int exe = open("/bin/cat", O_PATH | O_CLOEXEC);
	struct told told;

	(void) state;
	assert_true(exe >= 0);
	start(&told, (struct loop_spawn){.exe_fd = exe, .argv = argv, .input = STR("through"), .on_line = on_line});
	until_end(&told);
	assert_lines(&told, "through|");
	(void) close(exe);
}

static void what_cannot_be_executed_is_a_fault(void **state)
{
	char *const argv[] = {(char[]){"no-such-program"}, NULL};
	const int closed = 900;
	struct loop_child *child = NULL;
	struct loop_spawn how = {.exe_fd = -1, .program = "no-such-program", .argv = argv, .on_line = on_line};

	(void) state;
	assert_false(loop_spawn(loop, &how, &child, &f));
	assert_fault(&f, FAULT_MISSING, "cannot start no-such-program");
	assert_null(child);
	how.program = "/etc/passwd";
	assert_false(loop_spawn(loop, &how, &child, &f));
	assert_fault(&f, FAULT_DENIED, "cannot start /etc/passwd");
	how.program = "sh";
	how.keep_fds = &closed;
	how.keep_count = 1;
	assert_false(loop_spawn(loop, &how, &child, &f));
	assert_fault(&f, FAULT_IO, "cannot start sh");
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no zombie */
}

static void many_children_end_each_once(void **state)
{
	struct told told[20];
	int64_t give_up_ms = clock_mono_ms() + 60000;
	int ends = 0;

	(void) state;
	for (size_t i = 0; i < 20; i++)
		start_shell(&told[i], "echo x; exec sleep 0.0$(($$ % 9))", (struct str){NULL, 0});
	while (ends < 20 && clock_mono_ms() < give_up_ms) {
		assert_no_fault(loop_turn(loop, 1000, &f), &f);
		ends = 0;
		for (size_t i = 0; i < 20; i++)
			ends += told[i].ends;
	}
	for (size_t i = 0; i < 20; i++) {
		assert_int_equal(told[i].ends, 1);
		assert_lines(&told[i], "x|");
	}
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void a_forgotten_child_is_reaped_in_silence(void **state)
{
	struct told told;
	struct told other;
	pid_t pid;

	(void) state;
	start_shell(&told, "echo x", (struct str){NULL, 0});
	pid = loop_child_pid(told.child);
	loop_child_forget(&told.child);
	assert_null(told.child);
	loop_child_forget(&told.child);
	for (int i = 0; i < 1000 && kill(pid, 0) == 0; i++)
		assert_no_fault(loop_turn(loop, 10, &f), &f);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(told.ends + told.line_count, 0);
	buf_release(&told.lines);
	start_shell(&other, "exec sleep 60", (struct str){NULL, 0}); /* loop_close() clears the handle, kills nobody */
	pid = loop_child_pid(other.child);
	loop_close(&loop);
	assert_null(other.child);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	buf_release(&other.lines);
	assert_no_fault(loop_open(&loop, &f), &f);
}

#define BOTH(test) \
	cmocka_unit_test_prestate_setup_teardown(test, make, drop, NULL), \
	{#test "_without_pidfd", test, make, drop, &loop_child_without_pidfd}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(lines_come_before_the_end),
		BOTH(input_is_read_to_its_end),
		BOTH(long_lines_are_cut),
		BOTH(much_output_is_whole),
		BOTH(the_end_does_not_wait_for_a_grandchild),
		BOTH(a_callback_may_kill_its_child),
		BOTH(a_child_has_only_what_it_was_promised),
		BOTH(a_held_descriptor_is_executed),
		BOTH(what_cannot_be_executed_is_a_fault),
		BOTH(many_children_end_each_once),
		BOTH(a_forgotten_child_is_reaped_in_silence),
	};

	return RUN(tests);
}
