/* test_sending.c: an issue from PUT to sent: frozen recipients, outcomes, crashes at every step, what a restored copy does.
 * SPDX-License-Identifier: ISC */
#include "newsletter_test.h"

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
	clock_fix((struct when){0});
	return 0;
}

static void send_issue(int64_t id)
{
	struct fault f = {0};

	assert_true(newsletter_issue_send(bench.n, id, STR("Ann"), &f));
}

static void test_issue_is_checked(void **state)
{
	static const struct {
		const char *subject, *html, *text;
	} bad[] = {{"x", "no way out", "{{unsubscribe_url}}"}, {"x", "{{unsubscribe_url}}", "no way out"},
		{"x", "{{unsubscribe_url}} {{other}}", "{{unsubscribe_url}}"}, {"", "{{unsubscribe_url}}", "{{unsubscribe_url}}"},
		{"x\r\nBcc: y", "{{unsubscribe_url}}", "{{unsubscribe_url}}"}, {"x", "{{unsubscribe_url}}\xff", "{{unsubscribe_url}}"}};
	char hash[65];
	struct newsletter_issue issue = bench_issue(1, hash);
	bool is_new;

	(void) state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct fault f = {0};

		issue = bench_issue(1, hash);
		issue.subject = str_from(bad[i].subject);
		issue.html = str_from(bad[i].html);
		issue.text = str_from(bad[i].text);
		newsletter_issue_hash(&issue, hash);
		assert_false(newsletter_issue_put(bench.n, &issue, &is_new, &f));
		assert_int_equal(f.kind, FAULT_INPUT);
	}
	{
		struct fault f = {0};

		issue = bench_issue(1, hash);
		hash[0] = hash[0] == '0' ? '1' : '0';
		assert_false(newsletter_issue_put(bench.n, &issue, &is_new, &f));
		assert_int_equal(f.kind, FAULT_INPUT);
		fault_clear(&f);
		issue = bench_issue(1, hash);
		assert_true(newsletter_issue_put(bench.n, &issue, &is_new, &f));
		assert_true(is_new);
		assert_true(newsletter_issue_put(bench.n, &issue, &is_new, &f));
		assert_false(is_new);
		issue.subject = STR("Another");
		newsletter_issue_hash(&issue, hash);
		assert_false(newsletter_issue_put(bench.n, &issue, &is_new, &f));
		assert_int_equal(f.kind, FAULT_CONFLICT);
	}
}

/* Known answer, so that desk and newsletter cannot drift apart together: blake2b-256 of "s\nh\nt". */
static void test_issue_hash(void **state)
{
	struct newsletter_issue issue = {.subject = STR("s"), .html = STR("h"), .text = STR("t")};
	char hash[65];

	(void) state;
	newsletter_issue_hash(&issue, hash);
	assert_string_equal(hash, "c5b3f17950edc31fe7ffc8524adf29e9e03cacdeefbd21c4f63be052a475ecbf");
}

static void test_frozen_and_counted(void **state)
{
	struct fault f = {0};
	bool more = true;
	int rounds = 0;
	int64_t before = 0, now;

	(void) state;
	bench_subscribe_many(&bench, 2500, "example.org");
	bench_put_issue(&bench, 1);
	send_issue(1);
	/* not one mail before the count stands */
	for (; more; rounds++) {
		assert_true(newsletter_freeze_recipients(bench.n, &more, &f));
		now = bench_issue_number(&bench, 1, "recipients");
		assert_true(now >= before && now - before <= 1000); /* batches shrink where they take long */
		assert_int_equal(bench_issue_number(&bench, 1, "queued"), now);
		before = now;
	}
	assert_true(rounds >= 4); /* 1000, 1000, 500, none; or more and smaller ones */
	assert_int_equal(bench_number(&bench, NEWSLETTER_SQL_ISSUE_MISCOUNTED, STORE_NO_ARGS), 0);
	assert_int_equal(bench_issue_number(&bench, 1, "recipients"), 2500);
	assert_int_equal(bench_issue_number(&bench, 1, "queued"), 2500);
	assert_int_equal(sink_count(&bench, ""), 0);
	/* who comes now waits for the next issue */
	bench_subscriber(&bench, "late@example.org");
	assert_true(newsletter_freeze_recipients(bench.n, &more, &f));
	assert_false(more);
	assert_int_equal(bench_issue_number(&bench, 1, "recipients"), 2500);
}

static void test_sent_to_all(void **state)
{
	char address[64];

	(void) state;
	bench_subscribe_many(&bench, 150, "example.org");
	bench_put_issue(&bench, 1);
	send_issue(1);
	bench_run_until(&bench, 1, "sent");
	assert_int_equal(bench_issue_number(&bench, 1, "accepted"), 150);
	assert_true(bench_issue_number(&bench, 1, "ended") > 0);
	for (int i = 0; i < 150; i++) {
		snprintf(address, sizeof(address), "r%d@example.org", i);
		assert_int_equal(sink_count(&bench, address), 1);
	}
	{
		struct fault f = {0};

		assert_false(newsletter_issue_send(bench.n, 1, STR("Ann"), &f));
		assert_int_equal(f.kind, FAULT_CONFLICT);
	}
}

static void test_nobody_to_send_to(void **state)
{
	struct fault f = {0};

	(void) state;
	bench_put_issue(&bench, 1);
	assert_false(newsletter_issue_send(bench.n, 1, STR("Ann"), &f));
	assert_int_equal(f.kind, FAULT_CONFLICT);
	assert_true(bench_issue_is(&bench, 1, "frozen")); /* it stays, for when somebody has confirmed */
	bench_subscribe_many(&bench, 1, "example.org");
	send_issue(1);
}

static void test_outcomes(void **state)
{
	(void) state;
	bench_subscribe_many(&bench, 20, "example.org");
	bench_subscriber(&bench, "refuse@example.org");
	bench_subscriber(&bench, "later@example.org");
	bench_subscriber(&bench, "cut@example.org");
	clock_fix((struct when){1795180000000000});
	bench_put_issue(&bench, 1);
	send_issue(1);
	for (int i = 0; i < 10000 && bench_issue_number(&bench, 1, "handled") < 22; i++)
		bench_turn(&bench, 1);
	bench_turn(&bench, 20);
	assert_int_equal(bench_issue_number(&bench, 1, "accepted"), 20);
	assert_int_equal(bench_issue_number(&bench, 1, "refused"), 1);
	assert_int_equal(bench_issue_number(&bench, 1, "in_doubt"), 1);
	assert_int_equal(bench_issue_number(&bench, 1, "later"), 1);
	assert_true(bench_issue_is(&bench, 1, "sending"));
	/* later comes back after its time, six times in all, then it is refused; doubt is never sent again */
	for (int attempt = 2; attempt <= 6; attempt++) {
		clock_fix((struct when){clock_now().us + 25LL * 3600 * 1000000});
		newsletter_sender_poke(bench.n);
		bench_turn(&bench, 30);
		assert_int_equal(bench_issue_number(&bench, 1, "later"), attempt < 6 ? 1 : 0);
	}
	bench_turn(&bench, 30);
	assert_int_equal(bench_issue_number(&bench, 1, "refused"), 2);
	assert_int_equal(bench_issue_number(&bench, 1, "in_doubt"), 1);
	assert_true(bench_issue_is(&bench, 1, "sent"));
	assert_int_equal(sink_count(&bench, "cut@example.org"), 0);
}

static void test_pause(void **state)
{
	struct fault f = {0};

	(void) state;
	bench_subscribe_many(&bench, 400, "example.org");
	bench_put_issue(&bench, 1);
	send_issue(1);
	for (int i = 0; i < 20000 && sink_count(&bench, "") < 20; i++)
		bench_turn(&bench, 1);
	assert_true(newsletter_issue_pause(bench.n, 1, &f));
	bench_turn(&bench, 60);
	{
		int taken = sink_count(&bench, "");

		assert_true(taken < 200);
		bench_turn(&bench, 40);
		assert_int_equal(sink_count(&bench, ""), taken);
		assert_int_equal(bench_issue_number(&bench, 1, "queued"), 400 - taken);
	}
	send_issue(1);
	bench_run_until(&bench, 1, "sent");
	assert_int_equal(sink_count(&bench, ""), 400);
	assert_int_equal(bench_issue_number(&bench, 1, "accepted"), 400);
}

/* Nobody listens: nothing is struck out, no attempt is used up. */
static void test_no_server(void **state)
{
	struct fault f = {0};
	json_t *health = json_object();

	(void) state;
	kill(bench.sink, SIGSTOP);
	kill(bench.sink, SIGKILL);
	waitpid(bench.sink, NULL, 0);
	bench_subscribe_many(&bench, 100, "example.org");
	bench_put_issue(&bench, 1);
	send_issue(1);
	bench_turn(&bench, 100);
	assert_int_equal(bench_issue_number(&bench, 1, "queued"), 100);
	assert_int_equal(bench_issue_number(&bench, 1, "later"), 0);
	assert_true(newsletter_sender_health(bench.n, health, &f));
	assert_string_equal(json_string_value(json_object_get(health, "smtp")), "trouble");
	json_decref(health);
	bench.sink = fork();
	if (bench.sink == 0)
		pause();
}

/* A server that says "slow down" to MAIL on open connections: it is left in peace, and nobody loses an attempt. */
static void test_server_is_busy(void **state)
{
	struct fault f = {0};
	json_t *health = json_object();
	int64_t most;
	int taken;

	(void) state;
	bench_subscribe_many(&bench, 300, "example.org");
	bench_put_issue(&bench, 1);
	send_issue(1);
	for (int i = 0; i < 20000 && sink_count(&bench, "") < 20; i++)
		bench_turn(&bench, 1);
	assert_true(file_write(AT_FDCWD, sink_busy, STR("x"), 0600, false, &f));
	bench_turn(&bench, 40);
	taken = sink_count(&bench, "");
	assert_true(taken < 300);
	assert_true(newsletter_sender_health(bench.n, health, &f));
	assert_string_equal(json_string_value(json_object_get(health, "smtp")), "trouble");
	assert_non_null(strstr(json_string_value(json_object_get(health, "smtp_say")), "slow down"));
	json_decref(health);
	most = clock_mono_ms() + 300; /* of the two seconds' hold */
	while (clock_mono_ms() < most)
		bench_turn(&bench, 1);
	assert_int_equal(sink_count(&bench, ""), taken);
	assert_int_equal(bench_issue_number(&bench, 1, "queued"), 300 - taken);
	unlink(sink_busy);
	bench_run_until(&bench, 1, "sent");
	assert_int_equal(bench_issue_number(&bench, 1, "accepted"), 300);
	assert_int_equal(sink_count(&bench, ""), 300);
}

/* Dies at a point, is opened again, and goes on: each recipient has the mail once, or is named in doubt. */
static void crash_and_resume(const char *point, int n, int count)
{
	char address[64];
	int status, missing = 0;
	int64_t doubt;
	pid_t child;

	bench_subscribe_many(&bench, count, "example.org");
	bench_put_issue(&bench, 1);
	bench_close(&bench);
	child = fork();
	if (child == 0) {
		struct fault f = {0};

		newsletter_crash_at(point, n);
		if (!bench_try_open(&bench, &f) || !newsletter_issue_send(bench.n, 1, STR("Ann"), &f))
			_exit(1);
		for (int i = 0; i < 4000; i++)
			if (!loop_turn(bench.room.loop, 5, &f) || bench_issue_is(&bench, 1, "sent"))
				break;
		_exit(2);
	}
	waitpid(child, &status, 0);
	if (WEXITSTATUS(status) != 99)
		print_error("# %s %d: the process ended with %d\n", point, n, WEXITSTATUS(status));
	assert_int_equal(WEXITSTATUS(status), 99);
	bench_open(&bench);
	if (bench_issue_is(&bench, 1, "frozen"))
		send_issue(1);
	bench_run_until(&bench, 1, "sent");
	assert_true(bench_issue_is(&bench, 1, "sent"));
	doubt = bench_issue_number(&bench, 1, "in_doubt");
	assert_int_equal(bench_issue_number(&bench, 1, "recipients"), count);
	assert_int_equal(bench_issue_number(&bench, 1, "accepted") + doubt, count);
	for (int i = 0; i < count; i++) {
		int taken;

		snprintf(address, sizeof(address), "r%d@example.org", i);
		taken = sink_count(&bench, address);
		if (taken > 1)
			print_error("# %s %d: %s got it %d times\n", point, n, address, taken);
		assert_true(taken <= 1);
		missing += taken == 0;
	}
	assert_int_equal(doubt, 0); /* the keeper lived on and wrote everything down */
	assert_int_equal(missing, 0);
}

static void test_crashes(void **state)
{
	static const struct {
		const char *point;
		int n;
	} cases[] = {{"freeze before commit", 1}, {"freeze after commit", 1}, {"claim before commit", 1}, {"claim after commit", 1},
		{"handed over", 1}, {"handed over", 7}, {"dotted", 1}, {"dotted", 5}, {"events before commit", 1},
		{"events after commit", 1}, {"events before commit", 4}, {"events after commit", 4}, {"replied", 1}, {"replied", 11}, {"events before commit", 2},
		{"events after commit", 3}};

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (i > 0)
			set_up(NULL);
		/* enough that there is a fourth commit of events, however many come at once */
		crash_and_resume(cases[i].point, cases[i].n, strncmp(cases[i].point, "events", 6) == 0 && cases[i].n > 2 ? 600 : 90);
		if (i + 1 < sizeof(cases) / sizeof(cases[0]))
			tear_down(NULL);
	}
}

/* Killed at odd moments, again and again, until it is done. */
static void test_killed_again_and_again(void **state)
{
	enum { COUNT = 200 };
	char address[64];
	int rounds = 0;

	(void) state;
	bench_subscribe_many(&bench, COUNT, "example.org");
	bench_put_issue(&bench, 1);
	send_issue(1);
	while (!bench_issue_is(&bench, 1, "sent") && rounds++ < 60) {
		pid_t child;

		bench_close(&bench);
		child = fork();
		if (child == 0) {
			struct fault f = {0};

			if (!bench_try_open(&bench, &f))
				_exit(1);
			for (;;)
				if (!loop_turn(bench.room.loop, 5, &f))
					_exit(2);
		}
		usleep(60000 + (useconds_t) rand_below(90000));
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		bench_open(&bench);
	}
	bench_run_until(&bench, 1, "sent");
	assert_true(bench_issue_is(&bench, 1, "sent"));
	{
		int missing = 0;
		int64_t doubt = bench_issue_number(&bench, 1, "in_doubt");

		for (int i = 0; i < COUNT; i++) {
			int taken;

			snprintf(address, sizeof(address), "r%d@example.org", i);
			taken = sink_count(&bench, address);
			assert_true(taken <= 1);
			missing += taken == 0;
		}
		assert_int_equal(missing, 0);
		assert_int_equal(doubt, 0);
		assert_int_equal(bench_issue_number(&bench, 1, "accepted"), COUNT);
		print_message("# %d kills\n", rounds);
	}
}

/* Somebody leaves while the issue is under way: no mail, and the count stays whole. */
static void test_left_meanwhile(void **state)
{
	struct fault f = {0};
	bool more = true;
	int64_t id;

	(void) state;
	bench_subscribe_many(&bench, 3, "example.org");
	bench_put_issue(&bench, 1);
	send_issue(1);
	while (more)
		assert_true(newsletter_freeze_recipients(bench.n, &more, &f));
	id = bench_number(&bench, NEWSLETTER_SQL_SUBSCRIBER_AFTER, STORE_ARGS(store_text(STR("confirmed")), store_i64(0), store_i64(1)));
	assert_true(newsletter_leave_deliveries(bench.n, id, &f));
	assert_int_equal(bench_number(&bench, NEWSLETTER_SQL_ISSUE_MISCOUNTED, STORE_NO_ARGS), 0);
	assert_true(store_run(bench.room.db, NEWSLETTER_SQL_SUBSCRIBER_ERASE, STORE_ARGS(store_i64(id)), NULL, &f));
	bench_run_until(&bench, 1, "sent");
	assert_int_equal(bench_issue_number(&bench, 1, "accepted"), 2);
	assert_int_equal(bench_issue_number(&bench, 1, "left"), 1);
	assert_int_equal(bench_issue_number(&bench, 1, "handled"), 3);
	assert_int_equal(sink_count(&bench, ""), 2);
}

static void test_restored_copy_sends_nothing(void **state)
{
	(void) state;
	bench_subscribe_many(&bench, 10, "example.org");
	bench_put_issue(&bench, 1);
	send_issue(1);
	bench_close(&bench);
	bench.room.read_only = true;
	bench_open(&bench);
	bench_turn(&bench, 30);
	assert_int_equal(sink_count(&bench, ""), 0);
	assert_true(bench_issue_is(&bench, 1, "paused"));
	bench_close(&bench);
	bench.room.read_only = false;
	bench_open(&bench);
	bench_turn(&bench, 30);
	assert_int_equal(sink_count(&bench, ""), 0); /* confirmed: still, a person must say go */
	send_issue(1);
	bench_run_until(&bench, 1, "sent");
	assert_int_equal(sink_count(&bench, ""), 10);
}

/* The disk fails while outcomes are written: no dot goes out unwritten, and it goes on when the disk does. */
static void test_disk_fails(void **state)
{
	(void) state;
	bench_subscribe_many(&bench, 40, "example.org");
	bench_put_issue(&bench, 1);
	send_issue(1);
	for (int i = 0; i < 8 && !bench_issue_is(&bench, 1, "sent"); i++) {
		int before = sink_count(&bench, "");

		for (int turn = 0; turn < 100 && sink_count(&bench, "") < before + 2; turn++)
			bench_turn(&bench, 1); /* until mails flow again */
		store_fail_at(bench.room.db, 1 + i);
		bench_turn(&bench, 2);
		store_fail_at(bench.room.db, 0);
		bench_turn(&bench, 1);
	}
	newsletter_freeze_soon(bench.n);
	newsletter_sender_poke(bench.n);
	for (int i = 0; i < 4000 && !bench_issue_is(&bench, 1, "sent"); i++) {
		bench_turn(&bench, 1);
		if (i % 200 == 0)
			newsletter_sender_poke(bench.n);
	}
	assert_int_equal(bench_issue_number(&bench, 1, "accepted"), 40);
	for (int i = 0; i < 40; i++) {
		char address[64];

		snprintf(address, sizeof(address), "r%d@example.org", i);
		assert_int_equal(sink_count(&bench, address), 1);
	}
}

static void compose_twice(struct outgoing *mail, struct newsletter_issue *issue, struct buf *one, struct buf *two)
{
	struct fault f = {0};

	assert_true(newsletter_compose(bench.n, mail, issue, NULL, one, &f));
	assert_true(newsletter_compose(bench.n, mail, issue, NULL, two, &f));
}

/* The same delivery always has the same Message-ID; another one another; neither is the row's number. */
static void test_message_id(void **state)
{
	struct outgoing mail = {.id = 123456789, .issue = 1, .kind = OUTGOING_ISSUE, .token = "abcdefghijklmnopqrstuvwxyz"};
	char hash[65];
	struct newsletter_issue issue = bench_issue(1, hash);
	struct buf one, two;
	struct str id_one, id_two;
	struct fault f = {0};

	(void) state;
	buf_init(&one, 1 << 20);
	buf_init(&two, 1 << 20);
	clock_fix((struct when){1795180000000000});
	assert_true(email_parse(STR("reader@example.org"), &mail.to, &f));
	compose_twice(&mail, &issue, &one, &two);
	assert_true(str_equal(buf_view(&one), buf_view(&two)));
	id_one = str_part(buf_view(&one), str_find(buf_view(&one), STR("\r\nMessage-ID: <")), 60);
	mail.id++;
	compose_twice(&mail, &issue, &two, &two);
	id_two = str_part(buf_view(&two), str_find(buf_view(&two), STR("\r\nMessage-ID: <")), 60);
	assert_false(str_equal(id_one, id_two));
	assert_int_equal(str_find(buf_view(&one), STR("123456789")), SIZE_MAX);
	assert_int_equal(str_find(buf_view(&one), STR("{{")), SIZE_MAX);
	assert_int_not_equal(str_find(buf_view(&one),
		STR("<https://tern.example/newsletter/unsubscribe/abcdefghijklmnopqrstuvwxyz>\r\n")), SIZE_MAX);
	assert_int_not_equal(str_find(buf_view(&one), STR("\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n")), SIZE_MAX);
	assert_true(str_starts(buf_view(&one), STR("DKIM-Signature:")));
	buf_release(&two);
	buf_release(&one);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_issue_is_checked), TEST(test_issue_hash), TEST(test_message_id), TEST(test_frozen_and_counted),
		TEST(test_sent_to_all), TEST(test_nobody_to_send_to), TEST(test_outcomes), TEST(test_pause), TEST(test_no_server), TEST(test_server_is_busy),
		TEST(test_left_meanwhile), TEST(test_restored_copy_sends_nothing), TEST(test_disk_fails), TEST(test_crashes),
		TEST(test_killed_again_and_again),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
