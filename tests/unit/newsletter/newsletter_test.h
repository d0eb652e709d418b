/* newsletter_test.h: a newsletter room in a folder of its own, without sockets, and a mail server that counts.
 * SPDX-License-Identifier: ISC */
#ifndef TESTS_NEWSLETTER_TEST_H
#define TESTS_NEWSLETTER_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/loop.h"
#include "newsletter/newsletter.h"
#include "newsletter/newsletter_import.h"
#include "newsletter/newsletter_inside.h"
#include "press/theme.h"
#include "gen/newsletter_schema.h"
#include "gen/theme_files.h"

struct bench {
	char folder[64];
	struct room room;
	struct newsletter *n;
	pid_t sink;
	uint16_t port;
};

/* --- a mail server that writes down each recipient whose mail it took, before it says so --- */

static char sink_busy[128]; /* while this file is there, MAIL is answered with 451 */
static char sink_utf8[128]; /* … SMTPUTF8 is offered, and insisted on where it is needed, and only there */

struct sink_peer {
	bool in_data, has_sender, is_utf8;
	char to[256], line[4096];
	size_t len;
};

static inline void sink_say(int fd, const char *text)
{
	(void) !write(fd, text, strlen(text));
}

/* False: the connection ends. Recipients choose their own fate by their names: refuse…, later…, cut…. */
static inline bool sink_line(struct sink_peer *peer, int fd, int log)
{
	char text[300];

	if (peer->in_data) {
		if (strcmp(peer->line, ".") != 0)
			return true;
		peer->in_data = false;
		if (strncmp(peer->to, "cut", 3) == 0)
			return false;
		(void) !write(log, text, (size_t) snprintf(text, sizeof(text), "%s\n", peer->to));
		sink_say(fd, "250 2.0.0 taken\r\n");
	} else if (strncmp(peer->line, "EHLO", 4) == 0) {
		sink_say(fd, access(sink_utf8, F_OK) == 0 ? "250-sink\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 PIPELINING\r\n" :
			"250-sink\r\n250 PIPELINING\r\n");
	} else if (strncmp(peer->line, "MAIL", 4) == 0) {
		peer->has_sender = access(sink_busy, F_OK) != 0;
		peer->is_utf8 = strstr(peer->line, " BODY=8BITMIME SMTPUTF8") != NULL;
		sink_say(fd, peer->has_sender ? "250 ok\r\n" : "451 4.3.2 slow down\r\n");
	} else if (!peer->has_sender && strncmp(peer->line, "RSET", 4) != 0) {
		sink_say(fd, "503 no sender\r\n");
	} else if (strncmp(peer->line, "RCPT TO:<", 9) == 0) {
		snprintf(peer->to, sizeof(peer->to), "%.*s", (int) strcspn(peer->line + 9, ">"), peer->line + 9);
		if (access(sink_utf8, F_OK) == 0 && peer->is_utf8 != ((peer->to[0] & 0x80) != 0)) {
			sink_say(fd, "553 5.6.7 not as it was agreed\r\n");
			return true;
		}
		sink_say(fd, strncmp(peer->to, "refuse", 6) == 0 ? "550 5.1.1 nobody\r\n" :
			strncmp(peer->to, "later", 5) == 0 ? "451 4.2.1 busy\r\n" : "250 ok\r\n");
	} else if (strcmp(peer->line, "DATA") == 0) {
		peer->in_data = strncmp(peer->to, "refuse", 6) != 0 && strncmp(peer->to, "later", 5) != 0;
		sink_say(fd, peer->in_data ? "354 go\r\n" : "503 no\r\n");
	} else {
		sink_say(fd, "250 ok\r\n");
	}
	return true;
}

static inline bool sink_read(struct sink_peer *peer, int fd, int log)
{
	char bytes[65536];
	ssize_t got = read(fd, bytes, sizeof(bytes));

	for (ssize_t i = 0; i < got; i++) {
		if (bytes[i] == '\n') {
			peer->line[peer->len > 0 && peer->line[peer->len - 1] == '\r' ? peer->len - 1 : peer->len] = '\0';
			peer->len = 0;
			if (!sink_line(peer, fd, log))
				return false;
		} else if (peer->len + 1 < sizeof(peer->line)) {
			peer->line[peer->len++] = bytes[i];
		}
	}
	return got > 0;
}

static inline void sink_serve(int listener, const char *log_path)
{
	enum { MOST = 40 };
	static struct sink_peer peers[MOST];
	struct pollfd fds[MOST];
	int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	nfds_t count = 1;

	signal(SIGPIPE, SIG_IGN);
	alarm(900);
	fds[0] = (struct pollfd){listener, POLLIN, 0};
	for (;;) {
		poll(fds, count, -1);
		for (nfds_t i = count; i-- > 1;)
			if (fds[i].revents != 0 && !sink_read(&peers[i], fds[i].fd, log)) {
				close(fds[i].fd);
				fds[i] = fds[--count];
				peers[i] = peers[count];
			}
		if ((fds[0].revents & POLLIN) != 0 && count < MOST) {
			fds[count] = (struct pollfd){accept(listener, NULL, NULL), POLLIN, 0};
			peers[count] = (struct sink_peer){0};
			setsockopt(fds[count].fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
			sink_say(fds[count++].fd, "220 sink\r\n");
		}
	}
}

static inline void sink_start(struct bench *bench)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char log[128];

	assert_int_equal(bind(fd, (struct sockaddr *) &address, size), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *) &address, &size), 0);
	bench->port = ntohs(address.sin_port);
	snprintf(log, sizeof(log), "%s/taken", bench->folder);
	snprintf(sink_busy, sizeof(sink_busy), "%s/busy", bench->folder);
	snprintf(sink_utf8, sizeof(sink_utf8), "%s/utf8", bench->folder);
	bench->sink = fork();
	if (bench->sink == 0)
		sink_serve(fd, log);
	close(fd);
}

/* How often the sink took a mail for this address; "": for all. */
static inline int sink_count(const struct bench *bench, const char *address)
{
	char path[128], line[300];
	FILE *file;
	int count = 0;

	snprintf(path, sizeof(path), "%s/taken", bench->folder);
	file = fopen(path, "r");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		count += address[0] == '\0' || strcmp(line, address) == 0;
	}
	if (file != NULL)
		fclose(file);
	return count;
}

/* --- the room --- */

static inline void bench_folder(struct bench *bench, const char *more_conf)
{
	char path[160], text[2048];
	int len;
	struct fault f = {0};

	memset(bench, 0, sizeof(*bench));
	snprintf(bench->folder, sizeof(bench->folder), "/tmp/mimeo-test-XXXXXX");
	assert_non_null(mkdtemp(bench->folder));
	for (int i = 0; i < 4; i++) {
		static const char *const folders[] = {"data/newsletter", "keys/newsletter", "secrets", "theme"};

		snprintf(path, sizeof(path), "%s/%s", bench->folder, folders[i]);
		assert_true(file_make_folders(AT_FDCWD, path, 0700, &f));
	}
	sink_start(bench);
	len = snprintf(text, sizeof(text), "[newsroom]\nname = The Tern Courier\nurl = https://tern.example\nlanguage = en\n"
		"zone = UTC\n[newsletter]\nfrom = news@tern.example\nsmtp_port = %u\nsmtp_security = plain\nsmtp_connections = 4\n%s",
		(unsigned) bench->port, more_conf);
	snprintf(path, sizeof(path), "%s/mimeo.conf", bench->folder);
	assert_true(file_write(AT_FDCWD, path, str_make(text, (size_t) len), 0600, false, &f));
}

static inline bool bench_try_open(struct bench *bench, struct fault *f)
{
	static char path[160];
	struct store_options options = {.path = path, .migrations = newsletter_schema, .queries = newsletter_sql,
		.query_count = NEWSLETTER_SQL_COUNT};
	bool read_only = bench->room.read_only;

	bench->room = (struct room){.kind = &newsletter_room, .read_only = read_only};
	snprintf(path, sizeof(path), "%s/data/newsletter/newsletter.db", bench->folder);
	if (!home_open(&bench->room.home, bench->folder, f) || !settings_read(&bench->room.settings, &bench->room.home, f) ||
		!theme_open(&bench->room.theme, theme_files, NULL, f) || !loop_open(&bench->room.loop, f) ||
		!store_open(&bench->room.db, &options, f) || !newsletter_room.open(&bench->room, f))
		return false;
	bench->n = bench->room.self;
	return true;
}

static inline void bench_open(struct bench *bench)
{
	struct fault f = {0};
	bool ok = bench_try_open(bench, &f);

	if (!ok)
		print_error("# %s\n", f.say);
	assert_true(ok);
}

static inline void bench_close(struct bench *bench)
{
	if (bench->n != NULL && bench->room.db != NULL) { /* what is kept beside the rows is what they are, whatever the test did */
		int64_t wrong = -1;
		struct fault f = {0};

		assert_true(store_number(bench->room.db, NEWSLETTER_SQL_TALLY_MISCOUNTED,
			STORE_ARGS(store_text(subscriber_state_name(SUBSCRIBER_CONFIRMED))), &wrong, &f));
		assert_int_equal(wrong, 0);
		assert_true(store_number(bench->room.db, NEWSLETTER_SQL_ISSUE_MISCOUNTED, STORE_NO_ARGS, &wrong, &f));
		assert_int_equal(wrong, 0);
	}
	if (bench->room.self != NULL)
		newsletter_room.close(&bench->room);
	store_close(&bench->room.db);
	loop_close(&bench->room.loop);
	theme_close(&bench->room.theme);
	settings_release(&bench->room.settings);
	home_close(&bench->room.home);
	bench->n = NULL;
}

static inline void bench_remove(struct bench *bench)
{
	char command[128];
	pid_t child;

	kill(bench->sink, SIGKILL);
	waitpid(bench->sink, NULL, 0);
	snprintf(command, sizeof(command), "%s", bench->folder);
	child = fork();
	if (child == 0) {
		execlp("rm", "rm", "-rf", command, (char *) NULL);
		_exit(1);
	}
	waitpid(child, NULL, 0);
}

static inline int64_t bench_number(struct bench *bench, size_t query, const struct store_value *values, size_t count)
{
	struct fault f = {0};
	int64_t out = -1;

	assert_true(store_number(bench->room.db, query, values, count, &out, &f));
	return out;
}

static inline int64_t bench_deliveries(struct bench *bench, enum delivery_state state)
{
	return bench_number(bench, NEWSLETTER_SQL_DELIVERY_COUNT_STATE, STORE_ARGS(store_text(delivery_state_name(state))));
}

/* So many turns. REST_TURNS and more are a wait until nothing is under way: keeper, signers and the mail server are other processes, and on a
 * busy machine theirs may be another time than ours. */
enum { REST_TURNS = 20, REST_MOST_MS = 60000 };

static inline void bench_turn(struct bench *bench, int turns)
{
	struct fault f = {0};
	int64_t end = clock_mono_ms() + REST_MOST_MS;

	for (int i = 0; i < turns; i++)
		assert_true(loop_turn(bench->room.loop, 5, &f));
	while (turns >= REST_TURNS && clock_mono_ms() < end &&
		bench_deliveries(bench, DELIVERY_CLAIMED) + bench_deliveries(bench, DELIVERY_SENDING) > 0)
		assert_true(loop_turn(bench->room.loop, 5, &f));
}

/* Until everything that waits is mailed. */
static inline void bench_mail(struct bench *bench)
{
	int64_t end = clock_mono_ms() + REST_MOST_MS;

	do
		bench_turn(bench, REST_TURNS);
	while (bench_deliveries(bench, DELIVERY_QUEUED) > 0 && clock_mono_ms() < end);
}

static inline int64_t bench_subscribers(struct bench *bench, enum subscriber_state state)
{
	return bench_number(bench, NEWSLETTER_SQL_SUBSCRIBER_COUNT, STORE_ARGS(store_text(subscriber_state_name(state))));
}

static inline void bench_sign_up(struct bench *bench, const char *address)
{
	struct fault f = {0};
	struct email email;

	assert_true(email_parse(str_from(address), &email, &f));
	assert_true(newsletter_sign_up(bench->n, &email, STR("en"), STR("policy-1"), &f));
	assert_true(newsletter_take_intake(bench->n, &f));
}

/* A confirmed subscriber, without the mails. */
static inline void bench_subscriber(struct bench *bench, const char *address)
{
	unsigned char index[SEAL_INDEX_BYTES], sealed[SEAL_BYTES];
	char canonical[EMAIL_BYTES + 1];
	struct fault f = {0};
	struct email email;

	assert_true(email_parse(str_from(address), &email, &f));
	seal_index(bench->n->index_key, "newsletter.address", email_canonical(&email, canonical), index);
	assert_true(seal(bench->n->sealer, email_text(&email), sealed, &f));
	assert_true(store_run(bench->room.db, NEWSLETTER_SQL_SUBSCRIBER_INSERT,
		STORE_ARGS(store_i64(rand_id()), store_blob(str_make(index, sizeof(index))), store_blob(str_make(sealed, sizeof(sealed))),
			store_text(subscriber_state_name(SUBSCRIBER_CONFIRMED)), store_text(STR("en")), store_text(STR("p")), store_i64(1)),
		NULL, &f) && newsletter_confirmed_add(bench->n, 1, &f));
}

/* r0@DOMAIN, r1@DOMAIN … */
static inline void bench_subscribe_many(struct bench *bench, int count, const char *domain)
{
	char address[128];
	struct fault f = {0};

	assert_true(store_begin(bench->room.db, &f));
	for (int i = 0; i < count; i++) {
		snprintf(address, sizeof(address), "r%d@%s", i, domain);
		bench_subscriber(bench, address);
	}
	assert_true(store_end(bench->room.db, true, &f));
}

static inline struct newsletter_issue bench_issue(int64_t id, char hash[65])
{
	struct newsletter_issue issue = {.id = id, .subject = STR("This week: неделя"), .preheader = STR("x"), .language = STR("en"),
		.html = STR("<p>Hello</p><a href=\"{{unsubscribe_url}}\">leave</a>"), .text = STR("Hello\n{{unsubscribe_url}}\n")};

	newsletter_issue_hash(&issue, hash);
	issue.hash = str_make(hash, 64);
	return issue;
}

static inline void bench_put_issue(struct bench *bench, int64_t id)
{
	char hash[65];
	struct newsletter_issue issue = bench_issue(id, hash);
	struct fault f = {0};
	bool is_new;
	bool ok = newsletter_issue_put(bench->n, &issue, &is_new, &f);

	if (!ok)
		print_error("# %s\n", f.say);
	assert_true(ok);
}

static inline int64_t bench_issue_number(struct bench *bench, int64_t id, const char *key)
{
	json_t *json = NULL;
	struct fault f = {0};
	int64_t n;

	assert_true(newsletter_issue_json(bench->n, id, &json, &f));
	n = json_integer_value(json_object_get(json, key));
	json_decref(json);
	return n;
}

static inline bool bench_issue_is(struct bench *bench, int64_t id, const char *state)
{
	json_t *json = NULL;
	struct fault f = {0};
	bool is;

	assert_true(newsletter_issue_json(bench->n, id, &json, &f));
	is = strcmp(json_string_value(json_object_get(json, "state")), state) == 0;
	json_decref(json);
	return is;
}

static inline void bench_run_until(struct bench *bench, int64_t id, const char *state)
{
	int64_t end = clock_mono_ms() + REST_MOST_MS;

	for (int i = 0; (i < 2000 || clock_mono_ms() < end) && !bench_issue_is(bench, id, state); i++)
		bench_turn(bench, 1);
}

#endif
