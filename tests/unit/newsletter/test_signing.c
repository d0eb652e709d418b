/* test_signing.c: issues that are signed in processes beside the room: whatever those do, everybody gets the mail once.
 * SPDX-License-Identifier: ISC */
#include "newsletter_test.h"

#include "newsletter/newsletter_keys.h"

static struct bench bench;

static int set_up(void **state)
{
	(void) state;
	bench_folder(&bench, "");
	bench_open(&bench);
	return 0;
}

static int tear_down(void **state)
{
	(void) state;
	bench_close(&bench);
	bench_remove(&bench);
	return 0;
}

static void send_with(size_t signers)
{
	struct fault f = {0};

	newsletter_sender_fork_signers(bench.n, signers);
	assert_true(newsletter_issue_send(bench.n, 1, STR("Ann"), &f));
}

static void everybody_once(int count)
{
	char address[64];

	assert_true(bench_issue_is(&bench, 1, "sent"));
	assert_int_equal(bench_issue_number(&bench, 1, "accepted"), count);
	assert_int_equal(bench_issue_number(&bench, 1, "in_doubt"), 0);
	assert_int_equal(sink_count(&bench, ""), count);
	for (int i = 0; i < count; i++) {
		snprintf(address, sizeof(address), "r%d@example.org", i);
		assert_int_equal(sink_count(&bench, address), 1);
	}
}

static void test_signed_beside(void **state)
{
	(void) state;
	bench_subscribe_many(&bench, 300, "example.org");
	bench_put_issue(&bench, 1);
	send_with(2);
	bench_run_until(&bench, 1, "sent");
	everybody_once(300);
}

/* Each kill takes what the signers have under way; it is signed here, and later signers are started again. */
static void test_signers_killed(void **state)
{
	(void) state;
	bench_subscribe_many(&bench, 300, "example.org");
	bench_put_issue(&bench, 1);
	send_with(2);
	for (int i = 0; i < 12 && !bench_issue_is(&bench, 1, "sent"); i++) {
		bench_turn(&bench, 3);
		newsletter_sender_signal_signers(bench.n, SIGKILL);
	}
	bench_run_until(&bench, 1, "sent");
	everybody_once(300);
}

/* One that is stopped and says nothing is killed after a while. */
static void test_signers_hang(void **state)
{
	(void) state;
	bench_subscribe_many(&bench, 100, "example.org");
	bench_put_issue(&bench, 1);
	send_with(2);
	bench_turn(&bench, 3);
	newsletter_sender_signal_signers(bench.n, SIGSTOP);
	bench_run_until(&bench, 1, "sent");
	everybody_once(100);
}

/* What is being signed when somebody presses Pause is taken back, and goes when the issue goes on. */
static void test_paused_and_resumed(void **state)
{
	struct fault f = {0};
	int taken;

	(void) state;
	bench_subscribe_many(&bench, 300, "example.org");
	bench_put_issue(&bench, 1);
	send_with(2);
	for (int i = 0; i < 6 && !bench_issue_is(&bench, 1, "sent"); i++) {
		bench_turn(&bench, 2);
		if (bench_issue_is(&bench, 1, "sent"))
			break;
		assert_true(newsletter_issue_pause(bench.n, 1, &f));
		bench_turn(&bench, 60);
		taken = sink_count(&bench, "");
		bench_turn(&bench, 20);
		assert_int_equal(sink_count(&bench, ""), taken); /* nothing more goes while it is paused */
		assert_true(newsletter_issue_send(bench.n, 1, STR("Ann"), &f));
	}
	bench_run_until(&bench, 1, "sent");
	everybody_once(300);
}

/* Other keys in the middle: the signers are replaced, nothing is lost. */
/* The server turns away the first mails while others are being signed: those go back, too, and nobody is forgotten. */
static void test_server_in_trouble(void **state)
{
	int file = open(sink_busy, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	(void) state;
	close(file);
	bench_subscribe_many(&bench, 300, "example.org");
	bench_put_issue(&bench, 1);
	send_with(2);
	bench_turn(&bench, 600);
	assert_int_equal(sink_count(&bench, ""), 0);
	assert_int_equal(bench_issue_number(&bench, 1, "accepted"), 0);
	unlink(sink_busy);
	bench_run_until(&bench, 1, "sent");
	everybody_once(300);
}

static void test_keys_changed_meanwhile(void **state)
{
	struct fault f = {0};

	(void) state;
	bench_subscribe_many(&bench, 300, "example.org");
	bench_put_issue(&bench, 1);
	send_with(2);
	bench_turn(&bench, 4);
	assert_true(newsletter_keys_make(bench.n, &f));
	assert_true(newsletter_keys_take(bench.n, &f));
	bench_run_until(&bench, 1, "sent");
	everybody_once(300);
}

/* The room is killed while mails are with signers and keeper. */
static void test_room_killed(void **state)
{
	static const struct {
		const char *point;
		int n;
	} cases[] = {{"claim after commit", 1}, {"handed over", 1}, {"handed over", 40}, {"dotted", 9}, {"replied", 30}, {"events before commit", 2},
		{"events after commit", 2}};
	int status = 0;

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pid_t child;

		if (i > 0)
			set_up(NULL);
		bench_subscribe_many(&bench, 120, "example.org");
		bench_put_issue(&bench, 1);
		bench_close(&bench);
		child = fork();
		if (child == 0) {
			struct fault f = {0};

			newsletter_crash_at(cases[i].point, cases[i].n);
			if (!bench_try_open(&bench, &f))
				_exit(1);
			newsletter_sender_fork_signers(bench.n, 2);
			if (!newsletter_issue_send(bench.n, 1, STR("Ann"), &f))
				_exit(1);
			for (int j = 0; j < 4000; j++)
				if (!loop_turn(bench.room.loop, 5, &f) || bench_issue_is(&bench, 1, "sent"))
					break;
			_exit(2);
		}
		waitpid(child, &status, 0);
		if (WEXITSTATUS(status) != 99)
			print_error("# %s %d: the process ended with %d\n", cases[i].point, cases[i].n, WEXITSTATUS(status));
		assert_int_equal(WEXITSTATUS(status), 99);
		bench_open(&bench);
		newsletter_sender_fork_signers(bench.n, 2);
		bench_run_until(&bench, 1, "sent");
		everybody_once(120);
		if (i + 1 < sizeof(cases) / sizeof(cases[0]))
			tear_down(NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_signed_beside, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_signers_killed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_signers_hang, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_paused_and_resumed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_server_in_trouble, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_keys_changed_meanwhile, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_room_killed, set_up, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
