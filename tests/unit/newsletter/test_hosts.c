/* test_hosts.c: several mail servers and their limits: what goes where, what waits, what pauses, and what no restart forgets.
 * SPDX-License-Identifier: ISC */
#include "newsletter_test.h"

static struct bench bench;
static uint16_t second_port;
static pid_t second;

static const struct when noon = {1795180000000000 / 3600000000 * 3600000000 + 60000000}; /* a minute after a full hour */

static bool is_first(const char *path)
{
	char mark[160];
	int fd;

	snprintf(mark, sizeof(mark), "%s.first", path);
	fd = open(mark, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* A server whose answer to every RCPT is `rcpt`; "": it takes all; "552 …": that to its first MAIL, and it takes the rest. It writes the recipients to FOLDER/second. */
static void serve_second(int listener, const char *rcpt, const char *path)
{
	int log = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);

	signal(SIGPIPE, SIG_IGN);
	alarm(900);
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		FILE *in;
		char line[4096], to[300] = "";
		bool in_data = false;

		if (fork() != 0) {
			close(fd);
			continue;
		}
		alarm(900);
		in = fdopen(dup(fd), "r");
		sink_say(fd, "220 second\r\n");
		while (fgets(line, sizeof(line), in) != NULL) {
			if (in_data && strcmp(line, ".\r\n") == 0) {
				char text[320];

				in_data = false;
				(void) !write(log, text, (size_t) snprintf(text, sizeof(text), "%s\n", to));
				sink_say(fd, "250 2.0.0 taken\r\n");
			} else if (in_data) {
				continue;
			} else if (strncmp(line, "EHLO", 4) == 0) {
				sink_say(fd, "250 second\r\n");
			} else if (strncmp(line, "RCPT TO:<", 9) == 0) {
				snprintf(to, sizeof(to), "%.*s", (int) strcspn(line + 9, ">"), line + 9);
				sink_say(fd, rcpt[0] == '4' ? rcpt : "250 ok\r\n");
			} else if (strncmp(line, "MAIL", 4) == 0 && rcpt[0] == '5' && is_first(path)) {
				sink_say(fd, rcpt);
			} else if (strncmp(line, "DATA", 4) == 0) {
				in_data = true;
				sink_say(fd, "354 go\r\n");
			} else {
				sink_say(fd, "250 ok\r\n");
			}
		}
		_exit(0);
	}
}

static void start_second(const char *rcpt)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char path[128];

	assert_int_equal(bind(fd, (struct sockaddr *) &address, size), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *) &address, &size), 0);
	second_port = ntohs(address.sin_port);
	snprintf(path, sizeof(path), "/tmp/mimeo-second-%d", (int) getpid());
	unlink(path);
	second = fork();
	if (second == 0) {
		setpgid(0, 0);
		serve_second(fd, rcpt, path);
	}
	setpgid(second, second);
	close(fd);
}

static int second_count(void)
{
	char path[128], line[300];
	FILE *file;
	int count = 0;

	snprintf(path, sizeof(path), "/tmp/mimeo-second-%d", (int) getpid());
	file = fopen(path, "r");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		count++;
	if (file != NULL)
		fclose(file);
	return count;
}

static void begin(const char *conf)
{
	bench_folder(&bench, conf);
	bench_open(&bench);
	clock_fix(noon);
}

static int tear_down(void **state)
{
	char path[128];

	(void) state;
	bench_close(&bench);
	bench_remove(&bench);
	if (second > 0) {
		kill(-second, SIGKILL);
		waitpid(second, NULL, 0);
	}
	second = 0;
	snprintf(path, sizeof(path), "/tmp/mimeo-second-%d", (int) getpid());
	unlink(path);
	snprintf(path, sizeof(path), "/tmp/mimeo-second-%d.first", (int) getpid());
	unlink(path);
	clock_fix((struct when){0});
	return 0;
}

static void send_issue(int64_t spread_s)
{
	struct fault f = {0};

	bench_put_issue(&bench, 1);
	assert_true(newsletter_issue_send_spread(bench.n, 1, STR("Ann"), spread_s, &f));
}

static void run_until_accepted(int64_t count)
{
	for (int i = 0; i < 10000 && bench_issue_number(&bench, 1, "accepted") < count; i++)
		bench_turn(&bench, 1);
	bench_turn(&bench, 30); /* nothing more comes */
	assert_int_equal(bench_issue_number(&bench, 1, "accepted"), count);
}

static void later(int64_t seconds)
{
	clock_fix((struct when){clock_now().us + seconds * 1000000});
	newsletter_sender_poke(bench.n);
}

/* --- limits --- */

static void test_warmup(void **state)
{
	(void) state;
	assert_int_equal(newsletter_warmup(-1), 0);
	assert_int_equal(newsletter_warmup(0), 200);
	assert_int_equal(newsletter_warmup(1), 237);   /* 200 × 1000^(1/41) = 236.69… */
	assert_int_equal(newsletter_warmup(41), 200000);
	assert_int_equal(newsletter_warmup(42), -1);
	for (int64_t day = 1; day <= 41; day++)
		assert_true(newsletter_warmup(day) > newsletter_warmup(day - 1));
}

/* Thirty an hour: the rest waits for the next hour, through a restart and a clock that is set back. */
static void test_per_hour(void **state)
{
	(void) state;
	begin("smtp_per_hour = 30\nsmtp_per_day = 50\n");
	bench_subscribe_many(&bench, 60, "example.org");
	send_issue(0);
	run_until_accepted(30);
	bench_close(&bench);
	bench_open(&bench);
	bench_turn(&bench, 30);
	assert_int_equal(sink_count(&bench, ""), 30);
	later(3600);
	run_until_accepted(50); /* the day's fifty */
	later(-3600);
	run_until_accepted(50);
	later(7200);
	run_until_accepted(50);
	later(86400);
	run_until_accepted(60);
	assert_true(bench_issue_is(&bench, 1, "sent"));
}

static void test_domain(void **state)
{
	(void) state;
	begin("limits = slow.example 5/minute, other.example 1000/hour 1\n");
	bench_subscribe_many(&bench, 20, "slow.example");
	bench_subscribe_many(&bench, 30, "example.org");
	bench_subscribe_many(&bench, 10, "other.example");
	send_issue(0);
	for (int i = 0; i < 400 && bench_issue_number(&bench, 1, "accepted") < 45; i++) {
		bench_turn(&bench, 5);
		newsletter_sender_poke(bench.n);
		if (i % 20 == 19)
			clock_fix((struct when){clock_now().us + 1000000}); /* other.example's mails wait a second for their turn */
	}
	assert_int_equal(bench_issue_number(&bench, 1, "accepted"), 45);
	for (int minute = 1; minute <= 3; minute++) {
		later(60);
		run_until_accepted(45 + 5 * minute);
	}
	bench_run_until(&bench, 1, "sent");
	assert_int_equal(sink_count(&bench, ""), 60);
}

static void test_per_second(void **state)
{
	int64_t began;

	(void) state;
	begin("smtp_per_second = 20\n");
	bench_subscribe_many(&bench, 30, "example.org");
	send_issue(0);
	began = clock_mono_ms();
	for (int i = 0; i < 20000 && bench_issue_number(&bench, 1, "accepted") < 30; i++)
		bench_turn(&bench, 1);
	assert_int_equal(bench_issue_number(&bench, 1, "accepted"), 30);
	assert_true(clock_mono_ms() - began >= 29 * 50); /* not faster than asked; slower is the machine's affair */
}

/* --- several servers --- */

static void with_second(const char *first, const char *rcpt)
{
	char conf[512];

	start_second(rcpt);
	snprintf(conf, sizeof(conf), "%s[smtp.spare]\nhost = 127.0.0.1\nport = %u\nsecurity = plain\n", first, (unsigned) second_port);
	begin(conf);
}

static void test_overflow(void **state)
{
	(void) state;
	with_second("smtp_warmup = 2026-11-20\nsmtp_per_day = 25\n", "");
	bench_subscribe_many(&bench, 40, "example.org");
	send_issue(0);
	bench_run_until(&bench, 1, "sent");
	assert_int_equal(sink_count(&bench, ""), 25);
	assert_int_equal(second_count(), 15);
}

static void test_fail_over(void **state)
{
	json_t *health = json_object();
	struct fault f = {0};

	(void) state;
	with_second("", "");
	kill(bench.sink, SIGKILL);
	waitpid(bench.sink, NULL, 0);
	bench_subscribe_many(&bench, 40, "example.org");
	send_issue(0);
	bench_run_until(&bench, 1, "sent");
	assert_int_equal(second_count(), 40);
	assert_true(newsletter_sender_health(bench.n, health, &f));
	assert_string_equal(json_string_value(json_object_get(health, "smtp")), "ok"); /* one of them is */
	assert_string_equal(json_string_value(json_object_get(json_array_get(json_object_get(health, "servers"), 0), "state")), "trouble");
	json_decref(health);
	bench.sink = fork();
	if (bench.sink == 0)
		pause();
}

/* A server that says that it does not want these mails is not asked a thousand times. */
static void test_policy_pauses(void **state)
{
	json_t *json = NULL;
	struct fault f = {0};
	const char *why;

	(void) state;
	with_second("smtp_per_day = 1\n", "451 4.7.1 news@tern.example sends too much\r\n");
	bench_subscribe_many(&bench, 300, "example.org");
	send_issue(0);
	for (int i = 0; i < 10000 && !bench_issue_is(&bench, 1, "paused"); i++)
		bench_turn(&bench, 1);
	bench_turn(&bench, 50);
	assert_true(bench_issue_is(&bench, 1, "paused"));
	assert_true(newsletter_issue_json(bench.n, 1, &json, &f));
	why = json_string_value(json_object_get(json, "pause_reason"));
	assert_non_null(strstr(why, "4.7.1"));
	assert_non_null(strstr(why, "sends too much"));
	assert_null(strstr(why, "news@tern.example"));
	assert_true(json_integer_value(json_object_get(json, "later")) < 150); /* what was in hands already is still tried */
	assert_int_equal(json_integer_value(json_object_get(json, "refused")), 0);
	json_decref(json);
}

/* A mail that a server does not like before its recipient is known goes later; it holds up no other and is not struck out. */
static void test_552_at_mail(void **state)
{
	(void) state;
	with_second("smtp_per_day = 1\n", "552 5.3.4 too large\r\n");
	bench_subscribe_many(&bench, 20, "example.org");
	send_issue(0);
	run_until_accepted(19);
	assert_int_equal(bench_issue_number(&bench, 1, "later"), 1);
	later(301);
	bench_run_until(&bench, 1, "sent");
	assert_int_equal(bench_issue_number(&bench, 1, "accepted"), 20);
}

/* --- by hand, spread, other letters, one mail that a server does not like --- */

static void test_resend_doubts(void **state)
{
	const struct store_value hash = store_blob(STR("the hash of the first link: 32 B"));
	struct fault f = {0};
	int64_t count, id;

	(void) state;
	begin("");
	bench_subscribe_many(&bench, 5, "example.org");
	bench_subscriber(&bench, "cut@example.org");
	send_issue(0);
	bench_run_until(&bench, 1, "sent");
	assert_int_equal(bench_issue_number(&bench, 1, "in_doubt"), 1);
	later(86400);
	bench_turn(&bench, 30);
	assert_int_equal(bench_issue_number(&bench, 1, "in_doubt"), 1); /* never by itself */
	id = bench_number(&bench, NEWSLETTER_SQL_DELIVERY_DUE, STORE_ARGS(store_i64(1), store_text(STR("in_doubt")), store_i64(INT64_MAX),
		store_i64(1)));
	assert_true(store_run(bench.room.db, NEWSLETTER_SQL_DELIVERY_CLAIM, STORE_ARGS(store_i64(id), store_text(STR("in_doubt")),
		store_text(STR("in_doubt")), hash, store_i64(1)), NULL, &f));
	assert_true(newsletter_issue_resend_doubts(bench.n, 1, &count, &f));
	assert_int_equal(count, 1);
	assert_true(bench_issue_is(&bench, 1, "sending"));
	bench_run_until(&bench, 1, "sent");
	assert_int_equal(bench_issue_number(&bench, 1, "in_doubt"), 1); /* cut again */
	assert_int_equal(sink_count(&bench, ""), 5);
	assert_int_equal(bench_number(&bench, NEWSLETTER_SQL_DELIVERY_ID_BY_TOKEN, &hash, 1), id); /* a complaint that quotes it is known */
}

/* They get nothing, and so take no part of the window. */
static void muted_subscribers(int count)
{
	struct store_value confirmed = store_text(STR("confirmed"));
	struct fault f = {0};

	bench_subscribe_many(&bench, count, "muted.example");
	for (int i = 0; i < count; i++)
		assert_true(store_run(bench.room.db, NEWSLETTER_SQL_SUBSCRIBER_MUTE,
			STORE_ARGS(store_i64(bench_number(&bench, NEWSLETTER_SQL_SUBSCRIBER_TO_MAIL,
				STORE_ARGS(confirmed, store_i64(0), store_i64(1), store_i64(clock_utc_day(clock_now())), store_i64(0)))), store_i64(INT32_MAX)), NULL,
			&f));
}

static void test_spread(void **state)
{
	(void) state;
	begin("");
	muted_subscribers(24);
	bench_subscribe_many(&bench, 24, "example.org");
	send_issue(24 * 3600);
	run_until_accepted(1); /* the first is due at once */
	later(6 * 3600);
	run_until_accepted(7);
	later(6 * 3600);
	run_until_accepted(13);
	later(12 * 3600);
	bench_run_until(&bench, 1, "sent");
	assert_int_equal(sink_count(&bench, ""), 24);
}

/* The sink offers no SMTPUTF8; domains in other letters go as A-labels. */
static void test_other_letters(void **state)
{
	json_t *json = NULL;
	const json_t *refusal;
	struct fault f = {0};

	(void) state;
	begin("");
	bench_subscriber(&bench, "anna@b\xc3\xbc" "cher.example");
	bench_subscriber(&bench, "\xd0\xb0\xd0\xbd\xd0\xbd\xd0\xb0@example.org");
	send_issue(0);
	bench_run_until(&bench, 1, "sent");
	assert_int_equal(sink_count(&bench, "anna@xn--bcher-kva.example"), 1);
	assert_int_equal(bench_issue_number(&bench, 1, "refused"), 1);
	assert_true(newsletter_issue_json(bench.n, 1, &json, &f));
	refusal = json_array_get(json_object_get(json, "refusals"), 0);
	assert_int_equal(json_integer_value(json_object_get(refusal, "reply")), 553);
	assert_string_equal(json_string_value(json_object_get(refusal, "enhanced")), "5.6.7");
	json_decref(json);
}

/* A server that offers SMTPUTF8 gets it for the one recipient who needs it, and for nobody else. */
static void test_other_letters_taken(void **state)
{
	struct fault f = {0};

	(void) state;
	begin("");
	assert_true(file_write(AT_FDCWD, sink_utf8, STR(""), 0600, false, &f));
	bench_subscriber(&bench, "anna@example.org");
	bench_subscriber(&bench, "\xd0\xb0\xd0\xbd\xd0\xbd\xd0\xb0@example.org");
	bench_subscriber(&bench, "\xd0\xb0\xd0\xbd\xd0\xbd\xd0\xb0@b\xc3\xbc" "cher.example");
	send_issue(0);
	bench_run_until(&bench, 1, "sent");
	assert_int_equal(bench_issue_number(&bench, 1, "accepted"), 3);
	assert_int_equal(sink_count(&bench, "anna@example.org"), 1);
	assert_int_equal(sink_count(&bench, "\xd0\xb0\xd0\xbd\xd0\xbd\xd0\xb0@example.org"), 1);
	assert_int_equal(sink_count(&bench, "\xd0\xb0\xd0\xbd\xd0\xbd\xd0\xb0@xn--bcher-kva.example"), 1);
}

/* The clock is set a day back while a mail waits for its second try: it does not wait for a day, and what that earlier day's server
 * had is counted as of then. */
static void test_clock_a_day_back(void **state)
{
	struct fault f = {0};
	int64_t now, next;

	(void) state;
	begin("smtp_per_day = 2\n");
	bench_subscriber(&bench, "later@example.org");
	send_issue(0);
	for (int i = 0; i < 10000 && bench_issue_number(&bench, 1, "later") == 0; i++)
		bench_turn(&bench, 1);
	assert_int_equal(bench_issue_number(&bench, 1, "later"), 1);
	bench_close(&bench);
	clock_fix((struct when){clock_now().us - 86400 * INT64_C(1000000)});
	bench_open(&bench);
	now = clock_now().us;
	for (int i = 0; i < 10000; i++) {
		bench_turn(&bench, 1);
		next = bench_number(&bench, NEWSLETTER_SQL_DELIVERY_NEXT_OF_ISSUE, STORE_ARGS(store_i64(1), store_text(delivery_state_name(DELIVERY_LATER))));
		if (next > now + 300 * INT64_C(1000000))
			break;
	}
	assert_in_range((next - now) / 1000000, 1800, 1830); /* tried at once, and then in half an hour */
	assert_int_equal(bench_number(&bench, NEWSLETTER_SQL_SMTP_COUNT_READ,
		STORE_ARGS(store_text(STR("server smtp")), store_i64(86400), store_i64(now / 1000000 / 86400))), 1);
	assert_true(newsletter_issue_pause(bench.n, 1, &f));
	clock_fix((struct when){0});
}

#define TEST(name) cmocka_unit_test_teardown(name, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_warmup), TEST(test_per_hour), TEST(test_domain), TEST(test_per_second), TEST(test_overflow),
		TEST(test_fail_over), TEST(test_policy_pauses), TEST(test_552_at_mail), TEST(test_resend_doubts), TEST(test_spread), TEST(test_other_letters),
		TEST(test_other_letters_taken), TEST(test_clock_a_day_back),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
