/* test_subscribers.c: signing up, confirming, leaving, being forgotten; reminders; nobody in the clear.
 * SPDX-License-Identifier: ISC */
#include "newsletter_test.h"

#include <dirent.h>
#include "base/file.h"
#include "base/secret.h"

static struct bench bench;

static int set_up(void **state)
{
	(void) state;
	bench_folder(&bench, "");
	clock_fix((struct when){1795180000000000});
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

static void next_day(int days)
{
	clock_fix((struct when){clock_now().us + days * 86400LL * 1000000});
}

static int64_t confirmations_queued(void)
{
	return bench_number(&bench, NEWSLETTER_SQL_DELIVERY_COUNT_SINGLES, STORE_ARGS(store_text(delivery_state_name(DELIVERY_QUEUED))));
}

/* The token as the mail had it is known to nobody but its reader: a test gives the row one of its own. */
static struct str give_token(char token[RAND_TOKEN_CHARS + 1], size_t query, int64_t subscriber)
{
	unsigned char hash[SEAL_HASH_BYTES];
	struct fault f = {0};

	rand_token(token);
	seal_token_hash(str_from(token), hash);
	assert_true(store_run(bench.room.db, query,
		STORE_ARGS(store_blob(str_make(hash, sizeof(hash))), store_i64(subscriber), store_i64(clock_utc_day(clock_now()))), NULL, &f));
	return str_from(token);
}

static int64_t only_subscriber(enum subscriber_state state)
{
	return bench_number(&bench, NEWSLETTER_SQL_SUBSCRIBER_AFTER,
		STORE_ARGS(store_text(subscriber_state_name(state)), store_i64(0), store_i64(1)));
}

static void test_one_mail_a_day(void **state)
{
	(void) state;
	bench_sign_up(&bench, "reader@example.org");
	assert_int_equal(confirmations_queued(), 1);
	bench_sign_up(&bench, "reader@example.org");
	bench_sign_up(&bench, "Reader@EXAMPLE.org");
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_PENDING), 1);
	assert_int_equal(confirmations_queued(), 1);
	bench_sign_up(&bench, "other@example.org");
	assert_int_equal(confirmations_queued(), 2);
	bench_mail(&bench);
	assert_int_equal(sink_count(&bench, "reader@example.org"), 1);
	assert_int_equal(sink_count(&bench, "other@example.org"), 1);
	assert_int_equal(confirmations_queued(), 0); /* erased once taken */
	bench_sign_up(&bench, "reader@example.org");
	bench_turn(&bench, 20);
	assert_int_equal(sink_count(&bench, "reader@example.org"), 1);
	next_day(1);
	bench_sign_up(&bench, "reader@example.org");
	bench_mail(&bench);
	assert_int_equal(sink_count(&bench, "reader@example.org"), 2);
}

static void test_confirm_and_leave(void **state)
{
	char token[RAND_TOKEN_CHARS + 1], leave[RAND_TOKEN_CHARS + 1];
	unsigned char hash[SEAL_HASH_BYTES];
	struct fault f = {0};
	bool known = false;
	int64_t id;

	(void) state;
	bench_sign_up(&bench, "reader@example.org");
	id = only_subscriber(SUBSCRIBER_PENDING);
	give_token(token, NEWSLETTER_SQL_CONFIRMATION_INSERT, id);
	assert_true(newsletter_confirm(bench.n, STR("aaaaaaaaaaaaaaaaaaaaaaaaaa"), &known, &f));
	assert_false(known);
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_CONFIRMED), 0);
	assert_true(newsletter_confirm(bench.n, str_from(token), &known, &f));
	assert_true(known);
	assert_true(newsletter_confirm(bench.n, str_from(token), &known, &f)); /* twice is once */
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_CONFIRMED), 1);

	/* an issue's delivery carries the unsubscribe token */
	bench_put_issue(&bench, 5);
	rand_token(leave);
	seal_token_hash(str_from(leave), hash);
	assert_true(store_run(bench.room.db, NEWSLETTER_SQL_DELIVERY_INSERT,
		STORE_ARGS(store_i64(9), store_text(STR("issue")), store_i64(5), store_i64(id), store_null(), store_null(), store_null(),
			store_text(STR("queued")), store_i64(1)), NULL, &f));
	assert_true(store_run(bench.room.db, NEWSLETTER_SQL_DELIVERY_CLAIM,
		STORE_ARGS(store_i64(9), store_text(STR("queued")), store_text(STR("queued")), store_blob(str_make(hash, sizeof(hash))),
			store_i64(1)),
		NULL, &f));
	assert_true(newsletter_leave(bench.n, STR("aaaaaaaaaaaaaaaaaaaaaaaaaa"), &f));
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_CONFIRMED), 1);
	assert_true(newsletter_leave(bench.n, str_from(leave), &f));
	assert_true(newsletter_leave(bench.n, str_from(leave), &f)); /* twice is once */
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_CONFIRMED), 0);
	assert_int_equal(bench_number(&bench, NEWSLETTER_SQL_TALLY_OF, STORE_ARGS(store_text(STR("suppressed")))), 1);
	assert_int_equal(bench_deliveries(&bench, DELIVERY_LEFT), 1);
	/* an old link does not bring anybody back */
	assert_true(newsletter_confirm(bench.n, str_from(token), &known, &f));
	assert_false(known);
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_CONFIRMED), 0);
	/* who wants to come back can, and the tombstone goes */
	next_day(1);
	bench_sign_up(&bench, "reader@example.org");
	id = only_subscriber(SUBSCRIBER_PENDING);
	assert_int_equal(bench_number(&bench, NEWSLETTER_SQL_TALLY_OF, STORE_ARGS(store_text(STR("suppressed")))), 1);
	give_token(token, NEWSLETTER_SQL_CONFIRMATION_INSERT, id);
	assert_true(newsletter_confirm(bench.n, str_from(token), &known, &f));
	assert_int_equal(bench_number(&bench, NEWSLETTER_SQL_TALLY_OF, STORE_ARGS(store_text(STR("suppressed")))), 0);
}

static void test_forgotten_after_seven_days(void **state)
{
	char token[RAND_TOKEN_CHARS + 1];
	struct fault f = {0};
	bool known;

	(void) state;
	bench_sign_up(&bench, "never@example.org");
	give_token(token, NEWSLETTER_SQL_CONFIRMATION_INSERT, only_subscriber(SUBSCRIBER_PENDING));
	bench_subscriber(&bench, "stays@example.org");
	next_day(6);
	assert_true(newsletter_daily(bench.n, &f));
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_PENDING), 1);
	next_day(1);
	assert_true(newsletter_daily(bench.n, &f));
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_PENDING), 0);
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_CONFIRMED), 1);
	assert_int_equal(bench_number(&bench, NEWSLETTER_SQL_DAILY_LAST, STORE_NO_ARGS), clock_utc_day(clock_now()));
	assert_true(newsletter_daily(bench.n, &f)); /* twice on a day */
	assert_true(newsletter_confirm(bench.n, str_from(token), &known, &f));
	assert_false(known);
}

static void test_reminder_once(void **state)
{
	struct fault f = {0};

	(void) state;
	for (int i = 0; i < 3; i++)
		assert_true(newsletter_take_reminder(bench.n, STR("key-0123456789abcdef"), STR("giver@example.org"), STR("ru"),
			STR("https://tern.example/support/"), &f));
	bench_mail(&bench);
	assert_int_equal(sink_count(&bench, "giver@example.org"), 1);
	assert_true(newsletter_take_reminder(bench.n, STR("key-0123456789abcdef"), STR("giver@example.org"), STR("ru"),
		STR("https://tern.example/support/"), &f));
	bench_turn(&bench, 30);
	assert_int_equal(sink_count(&bench, "giver@example.org"), 1);
	for (unsigned s = 0; s < DELIVERY_STATE_COUNT; s++)
		assert_int_equal(bench_deliveries(&bench, (enum delivery_state) s), 0); /* erased */
}

static void test_reminder_refused(void **state)
{
	static const struct {
		const char *key, *to, *url;
	} bad[] = {{"short", "a@example.org", "https://x/"}, {"key-0123456789abcdef", "nobody", "https://x/"},
		{"key-0123456789abcdef", "a@example.org", "javascript:alert(1)"}, {"key-0123456789abcdef", "a@example.org", "https://x/\r\nBcc: y"}};

	(void) state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct fault f = {0};

		assert_false(newsletter_take_reminder(bench.n, str_from(bad[i].key), str_from(bad[i].to), STR("en"), str_from(bad[i].url), &f));
		assert_int_equal(f.kind, FAULT_INPUT);
	}
	assert_int_equal(confirmations_queued(), 0);
}

/* --- nobody in the clear --- */

static bool file_holds(const char *path, struct str what)
{
	struct arena arena;
	struct fault f = {0};
	struct str bytes;
	bool holds;

	arena_init(&arena, "file", 64 << 20);
	holds = file_read(AT_FDCWD, path, 32 << 20, &arena, &bytes, &f) && str_find(bytes, what) != SIZE_MAX;
	arena_release(&arena);
	return holds;
}

static void test_nobody_in_the_clear(void **state)
{
	char folder[128], path[512], utf16[64];
	struct dirent *entry;
	DIR *dir;
	int files = 0;
	const char *name = "zaphod.beeblebrox";

	(void) state;
	bench_sign_up(&bench, "zaphod.beeblebrox@example.org");
	bench_subscriber(&bench, "zaphod.beeblebrox@second.example");
	bench_mail(&bench);
	assert_int_equal(sink_count(&bench, "zaphod.beeblebrox@example.org"), 1);
	for (size_t i = 0; i < strlen(name); i++) {
		utf16[2 * i] = name[i];
		utf16[2 * i + 1] = '\0';
	}
	snprintf(folder, sizeof(folder), "%s/data/newsletter", bench.folder);
	dir = opendir(folder);
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		files++;
		assert_false(file_holds(path, STR("zaphod")));
		assert_false(file_holds(path, STR("ZAPHOD")));
		assert_false(file_holds(path, STR("emFwaG9k")));          /* base64 */
		assert_false(file_holds(path, STR("7a6170686f64")));      /* hex */
		assert_false(file_holds(path, str_make(utf16, 2 * strlen(name))));
	}
	closedir(dir);
	assert_true(files > 0);
}

/* A queue that a kill interrupted goes on: the form was answered, so its mail comes. */
static void test_sign_up_survives(void **state)
{
	struct fault f = {0};
	struct email email;
	pid_t child;
	int status;

	(void) state;
	bench_close(&bench);
	child = fork();
	if (child == 0) {
		if (!bench_try_open(&bench, &f) || !email_parse(STR("reader@example.org"), &email, &f) ||
			!newsletter_sign_up(bench.n, &email, STR("en"), STR("p"), &f))
			_exit(1);
		_exit(99); /* right after the answer */
	}
	waitpid(child, &status, 0);
	assert_int_equal(WEXITSTATUS(status), 99);
	bench_open(&bench);
	bench_mail(&bench);
	assert_int_equal(sink_count(&bench, "reader@example.org"), 1);
	assert_int_equal(bench_subscribers(&bench, SUBSCRIBER_PENDING), 1);
}

static void test_other_keys_refused(void **state)
{
	struct fault f = {0};
	char path[128], other[128];

	(void) state;
	bench_subscriber(&bench, "reader@example.org");
	bench_close(&bench);
	snprintf(path, sizeof(path), "%s/keys/newsletter/list.key", bench.folder);
	snprintf(other, sizeof(other), "%s/keys/newsletter/index.key", bench.folder);
	unlink(path);
	assert_false(bench_try_open(&bench, &f));
	assert_int_equal(f.kind, FAULT_MISSING);
	assert_int_not_equal(access(path, F_OK), 0); /* none is made in its place: it would open nothing */
	fault_clear(&f);
	bench_close(&bench);
	assert_true(file_copy(AT_FDCWD, other, AT_FDCWD, path, 0600, &f));
	assert_false(bench_try_open(&bench, &f));
	assert_int_equal(f.kind, FAULT_DENIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one_mail_a_day, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_confirm_and_leave, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_forgotten_after_seven_days, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reminder_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reminder_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nobody_in_the_clear, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_sign_up_survives, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_other_keys_refused, set_up, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
