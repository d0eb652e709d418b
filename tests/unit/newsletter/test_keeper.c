/* test_keeper.c: the keeper alone, between a room that the test plays and a mail server that does what a line of its script says:
 * what is in the journal before what, and what it knows when a line drops, an answer is late, or its room dies.
 * SPDX-License-Identifier: ISC */
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include "newsletter_test.h"
#include "base/loop_inside.h"
#include "mail/smtp.h"
#include "newsletter/newsletter_journal.h"
#include "newsletter/newsletter_keeper.h"
#include "newsletter/newsletter_talk.h"

enum { EVENTS_MOST = 64, IDS = 16 };

/* What the server does with a mail's final dot. From NEXT_421 on: what it does with the envelope that came behind it. */
enum deed { TAKE, TAKE_SLOWLY, TAKE_WHEN_RELEASED, DROP, RESET, HALF_LINE, SAY_421, SAY_451, SAY_552_AT_MAIL, SAY_NONSENSE, NO_PIPELINING,
	NEXT_421, NEXT_GONE, NEXT_BYTEWISE, NEXT_RCPT_REFUSED };

/* The server's ledger, by the delivery's number in the address. */
struct ledger {
	int taken[IDS];
	int behind[IDS];   /* a further envelope was there before its dot was answered */
	int released[IDS];
};

static struct {
	char folder[64];
	struct loop *loop;
	struct keeper *keeper;
	struct talk talk;
	bool talk_is_open, room_saw_end, keeper_done;
	struct talk_event events[EVENTS_MOST];
	size_t count;
	pid_t server;
	uint16_t port;
	struct ledger *ledger;
} is;

/* --- the server: a process a connection --- */

static bool is_bytewise;

static void say(int fd, const char *text)
{
	for (; is_bytewise && *text != '\0'; text++) {
		(void) !write(fd, text, 1);
		usleep(300);
	}
	(void) !write(fd, text, strlen(text));
}

static bool read_line(FILE *in, char *line, size_t room)
{
	return fgets(line, (int) room, in) != NULL;
}

/* False: the connection ends. */
static bool end_mail(int fd, enum deed deed, int id)
{
	struct pollfd more = {fd, POLLIN, 0};

	if (poll(&more, 1, 100) > 0)
		is.ledger->behind[id]++;
	while (deed == TAKE_WHEN_RELEASED && is.ledger->released[id] == 0)
		usleep(5000);
	if (deed == TAKE || deed == TAKE_SLOWLY || deed == TAKE_WHEN_RELEASED || deed >= NO_PIPELINING)
		is.ledger->taken[id]++;
	switch (deed) {
	case TAKE_SLOWLY:
		usleep(300000);
		say(fd, "250 2.0.0 taken\r\n");
		break;
	case DROP:
		return false;
	case RESET:
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
		return false;
	case HALF_LINE:
		say(fd, "250 2.0.0 ta");
		return false;
	case SAY_421:
		say(fd, "421 4.3.2 closing\r\n");
		break;
	case SAY_451:
		say(fd, "451 4.7.1 too many\r\n");
		break;
	case SAY_NONSENSE:
		say(fd, "yes please\r\n");
		break;
	default:
		say(fd, "250 2.0.0 taken\r\n");
	}
	return deed != NEXT_GONE;
}

static void serve_one(int fd, enum deed deed)
{
	FILE *in = fdopen(dup(fd), "r");
	bool in_data = false;
	char line[4096];
	int id = 0, mails = 0;

	setvbuf(in, NULL, _IONBF, 0); /* what is behind a dot stays in the socket until it is asked for */
	is_bytewise = deed == NEXT_BYTEWISE;
	say(fd, "220 server\r\n");
	while (read_line(in, line, sizeof(line))) {
		if (in_data && strcmp(line, ".\r\n") == 0) {
			in_data = false;
			if (!end_mail(fd, deed, id))
				break;
		} else if (in_data) {
			continue;
		} else if (strncmp(line, "EHLO", 4) == 0) {
			say(fd, deed == NO_PIPELINING ? "250 server\r\n" : "250-server\r\n250 PIPELINING\r\n");
		} else if (strncmp(line, "DATA", 4) == 0) {
			in_data = deed != SAY_552_AT_MAIL && id > 0;
			say(fd, in_data ? "354 go\r\n" : "503 no\r\n");
		} else if (strncmp(line, "MAIL", 4) == 0 && (deed == SAY_552_AT_MAIL || (deed == NEXT_421 && mails > 0))) {
			say(fd, deed == NEXT_421 ? "421 4.3.2 one is enough\r\n" : "552 5.3.4 too large\r\n");
			if (deed == NEXT_421)
				break;
		} else if (strncmp(line, "RCPT TO:<reader", 15) == 0) {
			id = (int) strtol(line + 15, NULL, 10);
			if (deed == NEXT_RCPT_REFUSED && id % 2 == 0)
				id = 0;
			say(fd, id > 0 ? "250 2.1.5 ok\r\n" : "550 5.1.1 nobody\r\n");
		} else {
			mails += strncmp(line, "MAIL", 4) == 0;
			say(fd, "250 2.1.0 ok\r\n");
		}
	}
	fclose(in);
	close(fd);
}

static void serve(int listener, enum deed deed)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			serve_one(fd, deed);
			_exit(0);
		}
		close(fd);
	}
}

static void start_server(enum deed deed)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *) &address, size), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *) &address, &size), 0);
	is.port = ntohs(address.sin_port);
	is.server = fork();
	if (is.server == 0)
		serve(fd, deed);
	close(fd);
}

/* --- the room --- */

static bool take(void *self, unsigned type, struct str payload)
{
	(void) self;
	assert_true(is.count < EVENTS_MOST);
	assert_true(talk_read_event(type, payload, &is.events[is.count]));
	is.count++;
	return true;
}

static void room_end(void *self)
{
	(void) self;
	is.room_saw_end = true;
	talk_close(&is.talk);
	is.talk_is_open = false;
}

static void keeper_end(void *self)
{
	(void) self;
	is.keeper_done = true;
}

static int segment(char name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%c", is.folder, name);
	return open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

static int set_up(void **state)
{
	(void) state;
	memset(&is, 0, sizeof(is));
	snprintf(is.folder, sizeof(is.folder), "/tmp/mimeo-keeper-XXXXXX");
	assert_non_null(mkdtemp(is.folder));
	is.ledger = mmap(NULL, sizeof(*is.ledger), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(is.ledger, MAP_FAILED);
	return 0;
}

static void begin_with(enum deed deed, unsigned connections)
{
	struct fault f = {0};
	int pair[2];

	start_server(deed);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
	{
		const int fds[KEEPER_FDS] = {pair[1], segment('l'), segment('a'), segment('b')};
		const struct talk_host host = {.host = 0, .security = SMTP_PLAIN, .port = is.port, .connections = connections,
			.name = STR("127.0.0.1"), .helo = STR("tern.example")};

		assert_true(loop_open(&is.loop, &f));
		assert_true(keeper_open(&is.keeper, is.loop, fds, keeper_end, NULL, &f));
		assert_true(talk_open(&is.talk, is.loop, pair[0], take, room_end, NULL, &f));
		is.talk_is_open = true;
		talk_send_host(&is.talk, &host);
		talk_flush(&is.talk);
	}
}

static void begin(enum deed deed)
{
	begin_with(deed, 2);
}

static int tear_down(void **state)
{
	char path[96];

	(void) state;
	if (is.talk_is_open)
		talk_close(&is.talk);
	keeper_close(&is.keeper);
	loop_close(&is.loop);
	if (is.server > 0) {
		kill(is.server, SIGKILL);
		waitpid(is.server, NULL, 0);
	}
	for (const char *name = "lab"; *name != '\0'; name++) {
		snprintf(path, sizeof(path), "%s/%c", is.folder, *name);
		unlink(path);
	}
	rmdir(is.folder);
	munmap(is.ledger, sizeof(*is.ledger));
	return 0;
}

static void give(int64_t delivery)
{
	char to[40];
	const struct talk_mail mail = {.delivery = delivery, .try = 1, .from = STR("news@tern.example"),
		.to = str_make(to, (size_t) snprintf(to, sizeof(to), "reader%d@example.org", (int) delivery)), .bytes = STR("Subject: x\r\n\r\nHello\r\n")};

	talk_send_mail(&is.talk, &mail);
	talk_flush(&is.talk);
}

static void turn(int most)
{
	struct fault f = {0};

	for (int i = 0; i < most; i++)
		assert_true(loop_turn(is.loop, 5, &f));
}

static const struct talk_event *wait_for(enum talk_type type, int64_t delivery)
{
	for (int i = 0; i < 20000; i++) {
		for (size_t at = 0; at < is.count; at++)
			if (is.events[at].type == type && is.events[at].delivery == delivery)
				return &is.events[at];
		turn(1);
	}
	fail_msg("the keeper did not say %d of %d", (int) type, (int) delivery);
	return NULL;
}

struct found {
	int dotted, ended, outcome, reply;
	uint64_t last;
	int64_t out[EVENTS_MOST]; /* whose dots are out */
	int now, most;            /* … how many, at most at any moment */
};

static bool count_record(void *self, const struct journal_record *record, struct fault *f)
{
	struct found *found = self;

	(void) f;
	found->dotted += record->kind == JOURNAL_DOTTED;
	found->ended += record->kind == JOURNAL_ENDED;
	if (record->kind == JOURNAL_DOTTED && found->now < EVENTS_MOST)
		found->out[found->now++] = record->delivery;
	for (int i = 0; record->kind == JOURNAL_ENDED && i < found->now; i++)
		if (found->out[i] == record->delivery)
			found->out[i] = found->out[--found->now];
	found->most = found->now > found->most ? found->now : found->most;
	if (record->kind == JOURNAL_ENDED) {
		found->outcome = record->outcome;
		found->reply = record->reply;
	}
	assert_true(record->seq > found->last);
	found->last = record->seq;
	return true;
}

static struct found read_journal(bool *damaged)
{
	const int fds[2] = {segment('a'), segment('b')};
	struct found found = {0};
	struct fault f = {0};
	bool is_damaged;

	assert_true(journal_read(fds, count_record, &found, damaged != NULL ? damaged : &is_damaged, &f));
	if (damaged == NULL)
		assert_false(is_damaged);
	close(fds[0]);
	close(fds[1]);
	return found;
}

/* --- outcomes --- */

static void test_outcomes(void **state)
{
	static const struct {
		enum deed deed;
		int dotted, outcome, reply, stage;
	} cases[] = {
		{TAKE, 1, SMTP_ACCEPTED, 250, SMTP_AT_DATA}, {DROP, 1, SMTP_IN_DOUBT, 0, SMTP_AT_DATA},
		{RESET, 1, SMTP_IN_DOUBT, 0, SMTP_AT_DATA}, {HALF_LINE, 1, SMTP_IN_DOUBT, 0, SMTP_AT_DATA},
		{SAY_NONSENSE, 1, SMTP_IN_DOUBT, 0, SMTP_AT_DATA}, {SAY_421, 1, SMTP_LATER, 421, SMTP_AT_DATA},
		{SAY_451, 1, SMTP_LATER, 451, SMTP_AT_DATA}, {SAY_552_AT_MAIL, 0, SMTP_REFUSED, 552, SMTP_AT_MAIL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct talk_event *end;
		struct found found;

		if (i > 0)
			set_up(state);
		begin(cases[i].deed);
		give(7);
		end = wait_for(TALK_ENDED, 7);
		assert_int_equal(end->outcome, cases[i].outcome);
		assert_int_equal(end->reply, cases[i].reply);
		assert_int_equal(end->stage, cases[i].stage);
		found = read_journal(NULL);
		assert_int_equal(found.dotted, cases[i].dotted);
		assert_int_equal(found.ended, 1);
		assert_int_equal(found.outcome, cases[i].outcome);
		assert_int_equal(found.reply, cases[i].reply);
		if (i + 1 < sizeof(cases) / sizeof(cases[0]))
			tear_down(state);
	}
}

/* An envelope goes behind each dot where the server pipelines; whatever the server does with it, every mail has one end, is taken once or
 * not at all, and wherever the journal is cut, at most one mail of the connection has its dot and no end. */
static void test_envelope_behind(void **state)
{
	static const struct {
		enum deed deed;
		bool behind;
		int accepted, later, refused, doubt;
	} cases[] = {
		{TAKE, true, 6, 0, 0, 0}, {NO_PIPELINING, false, 6, 0, 0, 0}, {NEXT_BYTEWISE, true, 6, 0, 0, 0}, {NEXT_421, true, 3, 3, 0, 0},
		{NEXT_GONE, true, 3, 3, 0, 0}, {NEXT_RCPT_REFUSED, true, 3, 0, 3, 0}, {DROP, true, 0, 0, 0, 6}, {RESET, true, 0, 0, 0, 6},
		{SAY_451, true, 0, 6, 0, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int count[4] = {0}, behind = 0;
		struct found found;

		if (i > 0)
			set_up(state);
		begin_with(cases[i].deed, 1);
		for (int id = 1; id <= 6; id++)
			give(id);
		for (int id = 1; id <= 6; id++) {
			const struct talk_event *end = wait_for(TALK_ENDED, id);

			count[end->outcome]++;
			assert_int_equal(is.ledger->taken[id], end->outcome == SMTP_ACCEPTED);
			behind += is.ledger->behind[id];
		}
		assert_int_equal(count[SMTP_ACCEPTED], cases[i].accepted);
		assert_int_equal(count[SMTP_LATER], cases[i].later);
		assert_int_equal(count[SMTP_REFUSED], cases[i].refused);
		assert_int_equal(count[SMTP_IN_DOUBT], cases[i].doubt);
		assert_int_equal(behind > 0, cases[i].behind);
		found = read_journal(NULL);
		assert_int_equal(found.ended, 6);
		assert_int_equal(found.now, 0);
		assert_int_equal(found.most, 1);
		if (i + 1 < sizeof(cases) / sizeof(cases[0]))
			tear_down(state);
	}
}

static void wait_until(const int *number)
{
	for (int i = 0; i < 20000 && *(volatile const int *) number == 0; i++)
		turn(1);
	assert_int_not_equal(*number, 0);
}

/* Who waits behind a dot that a server thinks about goes elsewhere when a connection is free, or goes back when the room wants it. */
static void test_stalled_behind(void **state)
{
	int slow, quick;

	begin(TAKE_WHEN_RELEASED);
	is.ledger->released[3] = 1;
	for (int id = 1; id <= 3; id++)
		give(id);
	(void) wait_for(TALK_DOTTED, 1);
	(void) wait_for(TALK_DOTTED, 2);
	for (int i = 0; i < 20000 && is.ledger->behind[1] + is.ledger->behind[2] == 0; i++)
		turn(1);
	slow = is.ledger->behind[1] > 0 ? 1 : 2;
	quick = 3 - slow;
	assert_int_equal(is.ledger->behind[slow], 1);
	is.ledger->released[quick] = 1;
	(void) wait_for(TALK_ENDED, quick);
	assert_int_equal(is.ledger->taken[3], 0);
	for (int i = 0; i < 3; i++) {
		loop_skip(is.loop, 1000);
		turn(2);
	}
	assert_int_equal(wait_for(TALK_ENDED, 3)->outcome, SMTP_ACCEPTED);
	assert_int_equal(is.ledger->taken[slow], 0);
	is.ledger->released[slow] = 1;
	assert_int_equal(wait_for(TALK_ENDED, slow)->outcome, SMTP_ACCEPTED);
	assert_false(wait_for(TALK_ENDED, slow)->is_open);
	for (int id = 1; id <= 3; id++)
		assert_int_equal(is.ledger->taken[id], 1);
	tear_down(state);

	set_up(state);
	begin_with(TAKE_WHEN_RELEASED, 1);
	give(1);
	give(2);
	wait_until(&is.ledger->behind[1]);
	talk_send_return(&is.talk, 255);
	talk_flush(&is.talk);
	(void) wait_for(TALK_RETURNED, 2);
	is.ledger->released[1] = is.ledger->released[3] = 1;
	assert_int_equal(wait_for(TALK_ENDED, 1)->outcome, SMTP_ACCEPTED);
	give(3);
	assert_int_equal(wait_for(TALK_ENDED, 3)->outcome, SMTP_ACCEPTED);
	assert_int_equal(is.ledger->taken[2], 0);
}

/* The dot's answer comes after nine minutes: taken. After eleven nobody waits any more: in doubt. */
static void test_late_answer(void **state)
{
	for (int minutes = 9; minutes <= 11; minutes += 2) {
		const struct talk_event *end;

		if (minutes > 9)
			set_up(state);
		begin(TAKE_SLOWLY);
		give(7);
		(void) wait_for(TALK_DOTTED, 7);
		turn(2);
		loop_skip(is.loop, minutes * 60000);
		end = wait_for(TALK_ENDED, 7);
		assert_int_equal(end->outcome, minutes == 9 ? SMTP_ACCEPTED : SMTP_IN_DOUBT);
		if (minutes == 9)
			tear_down(state);
	}
}

/* The room dies between the dot and its answer: the keeper waits for it, writes it down and ends; what had not begun is let go. */
static void test_room_dies(void **state)
{
	struct found found;

	(void) state;
	begin(TAKE_SLOWLY);
	for (int i = 1; i <= 5; i++)
		give(i);
	(void) wait_for(TALK_DOTTED, 1);
	talk_close(&is.talk);
	is.talk_is_open = false;
	for (int i = 0; i < 20000 && !is.keeper_done; i++)
		turn(1);
	assert_true(is.keeper_done);
	found = read_journal(NULL);
	assert_int_equal(found.dotted, found.ended);
	assert_in_range(found.dotted, 1, 2); /* as many as there are connections */
	assert_int_equal(found.outcome, SMTP_ACCEPTED);
}

/* The room says that it ends: what waits comes back, what is under way is told, then the keeper ends. */
static void test_drain(void **state)
{
	(void) state;
	begin(TAKE_SLOWLY);
	for (int i = 1; i <= 5; i++)
		give(i);
	(void) wait_for(TALK_DOTTED, 1);
	talk_send_drain(&is.talk);
	talk_flush(&is.talk);
	for (int i = 3; i <= 5; i++)
		(void) wait_for(TALK_RETURNED, i);
	assert_int_equal(wait_for(TALK_ENDED, 1)->outcome, SMTP_ACCEPTED);
	for (int i = 0; i < 20000 && !is.keeper_done; i++)
		turn(1);
	assert_true(is.keeper_done);
}

/* What is no message ends the talk, and nothing else: a mail under way is finished. */
static void test_bad_message(void **state)
{
	static const unsigned char bad[][24] = {
		{4, 0, 0, 0, TALK_FOLDED, 0, 0, 0, 1, 2, 3, 4},                /* too short for its type */
		{0xff, 0xff, 0xff, 0x7f, TALK_MAIL, 0, 0, 0},                  /* longer than any */
		{8, 0, 0, 0, 99, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8},             /* a type that is none */
		{8, 0, 0, 0, TALK_FOLDED, 0, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8},    /* bytes that should be zero */
		{8, 0, 0, 0, TALK_ENDED, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8},     /* of the other direction */
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct found found;

		if (i > 0)
			set_up(state);
		begin(TAKE_SLOWLY);
		give(7);
		(void) wait_for(TALK_DOTTED, 7);
		assert_int_equal(write(is.talk.fd, bad[i], sizeof(bad[i])), sizeof(bad[i]));
		for (int j = 0; j < 1000 && !is.keeper_done; j++)
			turn(1);
		assert_true(is.keeper_done);
		assert_true(is.room_saw_end);
		found = read_journal(NULL);
		assert_int_equal(found.ended, 1);
		assert_int_equal(found.outcome, SMTP_ACCEPTED);
		if (i + 1 < sizeof(bad) / sizeof(bad[0]))
			tear_down(state);
	}
}

/* A disk without room: the dot waits until there is some. */
static void test_disk_is_full(void **state)
{
	struct rlimit limit, none = {0};

	(void) state;
	begin(TAKE);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	signal(SIGXFSZ, SIG_IGN);
	none.rlim_max = limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	give(7);
	turn(100);
	assert_int_equal(is.count, 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(wait_for(TALK_ENDED, 7)->outcome, SMTP_ACCEPTED);
	assert_int_equal(read_journal(NULL).ended, 1);
}

/* --- the journal --- */

static void write_records(struct journal *journal, int64_t from, int count)
{
	struct fault f = {0};

	for (int i = 0; i < count; i++) {
		struct journal_record record = {.kind = JOURNAL_DOTTED, .delivery = from + i, .try = 1};

		assert_true(journal_write(journal, &record, 1, &f));
	}
}

/* Cut at every byte: whole records stay, the tail is no damage. A byte changed ahead of the durable end is. */
static void test_torn_and_damaged(void **state)
{
	const int fds[2] = {segment('a'), segment('b')};
	struct journal journal;
	bool damaged;

	(void) state;
	journal_begin(&journal, fds);
	write_records(&journal, 1, 6);
	for (int size = 6 * 64 - 1; size >= 0; size--) {
		assert_int_equal(ftruncate(fds[0], size), 0);
		assert_int_equal(read_journal(&damaged).dotted, size / 64);
		assert_false(damaged);
	}
	journal_begin(&journal, fds);
	write_records(&journal, 1, 6);
	for (int at = 0; at < 6 * 64; at++) {
		char byte, other;

		assert_int_equal(pread(fds[0], &byte, 1, at), 1);
		other = (char) (byte ^ 0x20);
		assert_int_equal(pwrite(fds[0], &other, 1, at), 1);
		assert_int_equal(read_journal(&damaged).dotted, 5);
		assert_int_equal(damaged, at < 5 * 64); /* the last one may never have been durable */
		assert_int_equal(pwrite(fds[0], &byte, 1, at), 1);
	}
	close(fds[0]);
	close(fds[1]);
}

/* A segment is used anew only when everything in it is in the database. */
static void test_segments(void **state)
{
	const int fds[2] = {segment('a'), segment('b')};
	enum { FULL = JOURNAL_SEGMENT_BYTES / JOURNAL_RECORD_BYTES };
	static struct journal_record records[JOURNAL_AT_ONCE];
	struct journal journal;
	struct fault f = {0};
	int64_t delivery = 1;

	(void) state;
	journal_begin(&journal, fds);
	for (int round = 0; round < 3 * FULL / JOURNAL_AT_ONCE; round++) {
		for (size_t i = 0; i < JOURNAL_AT_ONCE; i++)
			records[i] = (struct journal_record){.kind = JOURNAL_DOTTED, .delivery = delivery++, .try = 1};
		assert_true(journal_write(&journal, records, JOURNAL_AT_ONCE, &f));
	}
	/* nothing was folded: the first was left when full, the second grew */
	assert_int_equal(read_journal(NULL).dotted, 3 * FULL);
	journal_folded(&journal, FULL);
	write_records(&journal, delivery, 1);
	assert_int_equal(read_journal(NULL).dotted, 2 * FULL + 1);
	assert_true(journal_write(&journal, records, 100, &f)); /* no whole number of pieces */
	assert_int_equal(read_journal(NULL).dotted, 2 * FULL + 101);
	assert_true(journal_empty(fds, &f));
	assert_int_equal(read_journal(NULL).dotted, 0);
	close(fds[0]);
	close(fds[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_outcomes), TEST(test_envelope_behind), TEST(test_stalled_behind), TEST(test_late_answer),
		TEST(test_room_dies), TEST(test_drain), TEST(test_bad_message),
		TEST(test_disk_is_full), TEST(test_torn_and_damaged), TEST(test_segments),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
