/* newsletter_keeper.c: mails on their way: SMTP connections and the journal, in a process that outlives its room.
 *
 * Decides: which connection takes which mail, what is durable before what. Leaves to the newsletter room: which mails,
 * when and through which server; to mail/smtp.c: the talk. Runs in: the keeper. The hard thing: its only promise. "dotted"
 * is durable before a mail's final dot leaves and the reply before the room hears of it; so connections only note what they
 * want (`asked`) and what they got (`has_result`) while the loop turns, commit() journals all notes of a turn with one flush
 * just before the loop waits, and only then do dots leave. Whatever happens to the room changes nothing about that.
 * SPDX-License-Identifier: ISC */
#include "newsletter_keeper.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <fcntl.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/must.h"
#include "base/secret.h"
#include "mail/smtp.h"
#include "newsletter/newsletter_journal.h"
#include "newsletter/newsletter_talk.h"

enum {
	IDLE_MS = 10000,           /* a connection without mail is closed */
	WRITE_AGAIN_MS = 1000,
	COMMIT_LAZY_MS = 2,        /* notes wait so long for those of other connections: a flush costs the same for all */
	COMMIT_LAZIER_MS = 12,     /* … where no mail waits for a connection, so that nobody is held up */
	WAITING_MOST = 4096        /* mails of one server; the room's window is far smaller */
};

/* A mail in our hands. */
struct letter {
	struct letter *next;
	int64_t delivery;
	uint32_t try;
	bool utf8;
	struct str from, to, bytes; /* behind the struct */
};

struct lane {
	struct post *post;
	struct smtp *smtp;
	struct letter *letter;     /* from its start until its end is in the journal */
	bool asked;                /* the connection waits for smtp_dot() */
	bool dotted;               /* … and got it */
	bool has_result;
	unsigned taken;            /* mails accepted on this connection */
	struct smtp_result result;
};

/* A mail server. */
struct post {
	struct keeper *keeper;
	struct arena texts;
	struct smtp_host host;
	struct secret *password;
	struct lane *lanes;
	size_t lane_count;
	struct letter *first, *last;
	size_t waiting;
	int64_t idle_since_ms;
};

struct keeper {
	struct loop *loop;
	struct talk talk;
	struct journal journal;
	int lock;
	struct post posts[TALK_HOSTS];
	bool alone;                /* the room is gone: nothing new, and end when nothing is under way */
	bool draining;             /* … it said so */
	bool silent;               /* a process of its own: without the room it says nothing */
	int64_t write_again_ms;
	int64_t noted_ms;          /* since when a note waits; 0: none does */
	struct loop_timer *idle_timer, *end_timer;
	void (*done)(void *self);
	void *self;
};

/* --- letters --- */

static struct letter *letter_new(const struct talk_mail *mail)
{
	struct letter *letter = memory_new(1, sizeof(*letter) + mail->from.len + mail->to.len + mail->bytes.len);
	char *at = (char *) (letter + 1);

	letter->delivery = mail->delivery;
	letter->try = mail->try;
	letter->utf8 = mail->utf8;
	if (mail->from.len > 0)
		memcpy(at, mail->from.at, mail->from.len);
	letter->from = str_make(at, mail->from.len);
	at += mail->from.len;
	memcpy(at, mail->to.at, mail->to.len);
	letter->to = str_make(at, mail->to.len);
	at += mail->to.len;
	if (mail->bytes.len > 0)
		memcpy(at, mail->bytes.at, mail->bytes.len);
	letter->bytes = str_make(at, mail->bytes.len);
	return letter;
}

static struct letter *take_letter(struct post *post)
{
	struct letter *letter = post->first;

	if (letter == NULL)
		return NULL;
	post->first = letter->next;
	if (post->first == NULL)
		post->last = NULL;
	post->waiting--;
	return letter;
}

/* Nothing was said that could be taken for it. */
static void return_letter(struct keeper *keeper, struct letter *letter)
{
	const struct talk_event event = {.type = TALK_RETURNED, .delivery = letter->delivery, .try = letter->try,
		.outcome = SMTP_LATER};

	if (!keeper->alone)
		talk_send_event(&keeper->talk, &event);
	memory_free(letter);
}

static void give_back(struct post *post)
{
	struct letter *letter;

	while ((letter = take_letter(post)) != NULL)
		return_letter(post->keeper, letter);
}

/* --- a lane's mail --- */

static void ask_dot(void *self)
{
	struct lane *lane = self;

	lane->asked = true;
}

static void done(void *self, const struct smtp_result *result)
{
	struct lane *lane = self;

	lane->asked = false;
	lane->has_result = true;
	lane->result = *result;
}

static void lost(void *self)
{
	struct lane *lane = self;

	smtp_close(&lane->smtp);
}

/* An outcome that no server gave. */
static void end_here(struct lane *lane, enum smtp_outcome outcome, enum smtp_stage stage, const char *why)
{
	struct smtp_result result = {.outcome = outcome, .stage = stage, .connection_is_open = lane->smtp != NULL};

	(void) snprintf(result.text, sizeof(result.text), "%.190s", why);
	done(lane, &result);
}

static void start(struct lane *lane, struct letter *letter)
{
	struct fault f = {0};
	const struct smtp_mail mail = {.from = letter->from, .to = letter->to, .bytes = letter->bytes, .utf8 = letter->utf8,
		.ask_dot = ask_dot, .done = done, .self = lane};

	lane->letter = letter;
	lane->asked = lane->dotted = lane->has_result = false;
	if (lane->smtp == NULL) {
		lane->taken = 0;
		if (!smtp_open(&lane->smtp, lane->post->keeper->loop, &lane->post->host, lost, lane, &f)) {
			end_here(lane, SMTP_LATER, SMTP_AT_CONNECTION, f.say);
			return;
		}
	}
	if (!smtp_send(lane->smtp, &mail, &f)) {
		log_fault(&f, "sending a mail");
		end_here(lane, SMTP_REFUSED, SMTP_AT_DATA, f.say);
	}
}

static void pump(struct keeper *keeper)
{
	for (size_t i = 0; i < TALK_HOSTS; i++) {
		struct post *post = &keeper->posts[i];

		for (size_t j = 0; j < post->lane_count && post->first != NULL; j++)
			if (post->lanes[j].letter == NULL)
				start(&post->lanes[j], take_letter(post));
	}
}

/* --- what is durable before what --- */

struct turn {
	struct journal_record records[JOURNAL_AT_ONCE];
	struct lane *lanes[JOURNAL_AT_ONCE];
	size_t count;
};

static void collect(struct keeper *keeper, struct turn *turn)
{
	turn->count = 0;
	for (size_t i = 0; i < TALK_HOSTS; i++)
		for (size_t j = 0; j < keeper->posts[i].lane_count && turn->count < JOURNAL_AT_ONCE; j++) {
			struct lane *lane = &keeper->posts[i].lanes[j];
			struct journal_record *record = &turn->records[turn->count];

			if (!lane->asked && !lane->has_result)
				continue;
			*record = (struct journal_record){.kind = lane->has_result ? JOURNAL_ENDED : JOURNAL_DOTTED,
				.delivery = lane->letter->delivery, .try = lane->letter->try};
			if (lane->has_result) {
				record->outcome = (int) lane->result.outcome;
				record->stage = (int) lane->result.stage;
				record->reply = lane->result.reply;
				memcpy(record->enhanced, lane->result.enhanced, sizeof(record->enhanced));
			}
			turn->lanes[turn->count++] = lane;
		}
}

static void tell(struct keeper *keeper, const struct lane *lane, const struct journal_record *record)
{
	struct talk_event event = {.type = record->kind == JOURNAL_ENDED ? TALK_ENDED : TALK_DOTTED, .delivery = record->delivery,
		.try = record->try, .seq = record->seq, .outcome = record->outcome, .stage = record->stage, .reply = record->reply};

	if (keeper->alone)
		return;
	if (record->kind == JOURNAL_ENDED) {
		event.is_open = lane->result.connection_is_open;
		event.worked = lane->taken > 0;
		memcpy(event.enhanced, lane->result.enhanced, sizeof(event.enhanced));
		memcpy(event.text, lane->result.text, sizeof(event.text));
	}
	talk_send_event(&keeper->talk, &event);
}

/* Its record is on disk: the lane is free, or its dot leaves. */
static void settle(struct keeper *keeper, struct lane *lane, const struct journal_record *record)
{
	tell(keeper, lane, record);
	if (record->kind == JOURNAL_DOTTED) {
		lane->asked = false;
		lane->dotted = true;
		smtp_dot(lane->smtp, true);
		return;
	}
	lane->has_result = lane->dotted = false;
	lane->taken += lane->result.outcome == SMTP_ACCEPTED;
	memory_free(lane->letter);
	lane->letter = NULL;
	if (!lane->result.connection_is_open || keeper->alone) {
		smtp_close(&lane->smtp);
		lane->taken = 0;
	}
	lane->post->idle_since_ms = clock_mono_ms();
}

static bool is_busy(const struct keeper *keeper)
{
	for (size_t i = 0; i < TALK_HOSTS; i++)
		for (size_t j = 0; j < keeper->posts[i].lane_count; j++)
			if (keeper->posts[i].lanes[j].letter != NULL)
				return true;
	return false;
}

static void end_now(void *self)
{
	struct keeper *keeper = self;
	void (*call)(void *self) = keeper->done;

	keeper->done = NULL;
	if (call != NULL)
		call(keeper->self);
}

/* When nothing is under way any more. The room hears everything before it sees the end. */
static void end_if_done(struct keeper *keeper)
{
	if ((keeper->alone || keeper->draining) && !is_busy(keeper) && (keeper->alone || talk_waiting(&keeper->talk) == 0))
		loop_timer_set(keeper->loop, &keeper->end_timer, 0, end_now, keeper);
}

/* How long the turn's notes may wait for more, in ms. Where mails wait for a connection: until half of those who are busy have one;
 * else until half of all have. */
static int64_t may_wait(struct keeper *keeper, size_t notes)
{
	int64_t now_ms = clock_mono_ms();
	int64_t lazy_ms = COMMIT_LAZIER_MS;
	size_t busy = 0, all = 0;

	for (size_t i = 0; i < TALK_HOSTS; i++) {
		const struct post *post = &keeper->posts[i];

		if (post->first != NULL)
			lazy_ms = COMMIT_LAZY_MS;
		all += post->lane_count;
		for (size_t j = 0; j < post->lane_count; j++)
			busy += post->lanes[j].letter != NULL;
	}
	if (keeper->noted_ms == 0)
		keeper->noted_ms = now_ms;
	if (keeper->alone || keeper->draining || 2 * notes >= (lazy_ms == COMMIT_LAZY_MS ? busy : all) ||
		now_ms - keeper->noted_ms >= lazy_ms)
		return 0;
	return lazy_ms - (now_ms - keeper->noted_ms);
}

static int commit(void *self)
{
	static struct turn turn; /* 80 KiB: not for the stack */
	struct keeper *keeper = self;
	int64_t wait_ms = keeper->write_again_ms - clock_mono_ms();
	struct fault f = {0};
	int again = -1;

	collect(keeper, &turn);
	if (turn.count > 0 && wait_ms <= 0)
		wait_ms = may_wait(keeper, turn.count);
	if (turn.count > 0 && wait_ms > 0) {
		again = (int) wait_ms;
	} else if (turn.count > 0 && !journal_write(&keeper->journal, turn.records, turn.count, &f)) {
		/* The dots wait, the results stay in memory: nothing goes out that is not written down. */
		log_fault(&f, "writing down what became of mails");
		keeper->write_again_ms = clock_mono_ms() + WRITE_AGAIN_MS;
		again = WRITE_AGAIN_MS;
	} else {
		keeper->noted_ms = 0;
		for (size_t i = 0; i < turn.count; i++)
			settle(keeper, turn.lanes[i], &turn.records[i]);
		pump(keeper);
		if (turn.count > 0)
			again = 0; /* smtp_dot() may have ended a mail at once */
	}
	if (!keeper->alone)
		talk_flush(&keeper->talk);
	end_if_done(keeper);
	return again;
}

/* --- the room --- */

/* Whoever waits for the end of the house's output does not wait for us: what there is to say is in the journal. */
static void silence(int fd)
{
	int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (nothing >= 0) {
		(void) dup2(nothing, fd);
		(void) close(nothing);
	}
}

/* What has not come to its dot is let go: the room knows that it was not sent. */
static void let_go(struct keeper *keeper)
{
	for (size_t i = 0; i < TALK_HOSTS; i++) {
		struct post *post = &keeper->posts[i];

		give_back(post);
		for (size_t j = 0; j < post->lane_count; j++) {
			struct lane *lane = &post->lanes[j];

			if (lane->asked || lane->dotted || lane->has_result)
				continue;
			smtp_close(&lane->smtp); /* tells an outcome where a mail is under way; it is ours, so it counts for nothing */
			if (lane->letter != NULL)
				return_letter(keeper, lane->letter);
			lane->letter = NULL;
			lane->has_result = false;
		}
	}
}

static void room_is_gone(void *self)
{
	struct keeper *keeper = self;

	if (keeper->alone)
		return;
	keeper->alone = true;
	talk_close(&keeper->talk);
	let_go(keeper);
	if (keeper->silent)
		silence(STDERR_FILENO);
}

static char *copy_or_null(struct str text, struct arena *arena)
{
	return text.len > 0 ? str_to_c(text, arena) : NULL;
}

static bool take_host(struct keeper *keeper, struct str payload)
{
	struct talk_host host;
	struct post *post;

	if (!talk_read_host(payload, &host) || keeper->posts[host.host].lanes != NULL)
		return false;
	post = &keeper->posts[host.host];
	arena_init(&post->texts, "a mail server", 16 * 1024);
	post->keeper = keeper;
	post->password = host.password.len > 0 ? secret_new(host.password) : NULL;
	post->host = (struct smtp_host){.name = str_to_c(host.name, &post->texts), .port = host.port,
		.security = (enum smtp_security) host.security, .user = copy_or_null(host.user, &post->texts),
		.password = post->password, .helo = str_to_c(host.helo, &post->texts),
		.ca_file = copy_or_null(host.ca_file, &post->texts)};
	post->lane_count = host.connections;
	post->lanes = memory_new(host.connections, sizeof(*post->lanes));
	for (size_t i = 0; i < post->lane_count; i++)
		post->lanes[i].post = post;
	return true;
}

static bool take_mail(struct keeper *keeper, struct str payload)
{
	struct talk_mail mail;
	struct letter *letter;
	struct post *post;

	if (!talk_read_mail(payload, &mail) || keeper->posts[mail.host].lanes == NULL ||
		keeper->posts[mail.host].waiting >= WAITING_MOST)
		return false;
	post = &keeper->posts[mail.host];
	letter = letter_new(&mail);
	if (post->last != NULL)
		post->last->next = letter;
	else
		post->first = letter;
	post->last = letter;
	post->waiting++;
	if (keeper->draining)
		give_back(post);
	return true;
}

static bool take_frame(void *self, unsigned type, struct str payload)
{
	struct keeper *keeper = self;
	uint64_t number;

	if (type == TALK_HOST)
		return take_host(keeper, payload);
	if (type == TALK_MAIL)
		return take_mail(keeper, payload);
	if (!talk_read_number(payload, &number))
		return false;
	switch (type) {
	case TALK_FOLDED:
		journal_folded(&keeper->journal, number);
		return true;
	case TALK_RETURN:
		for (size_t i = 0; i < TALK_HOSTS; i++)
			if (number == i || number == 255)
				give_back(&keeper->posts[i]);
		return true;
	case TALK_DRAIN:
		keeper->draining = true;
		let_go(keeper);
		return true;
	default:
		return false;
	}
}

/* --- its life --- */

static void close_idle(void *self)
{
	struct keeper *keeper = self;
	int64_t now_ms = clock_mono_ms();

	for (size_t i = 0; i < TALK_HOSTS; i++)
		for (size_t j = 0; j < keeper->posts[i].lane_count; j++)
			if (keeper->posts[i].lanes[j].letter == NULL && keeper->posts[i].idle_since_ms + IDLE_MS <= now_ms)
				smtp_close(&keeper->posts[i].lanes[j].smtp);
	loop_timer_set(keeper->loop, &keeper->idle_timer, IDLE_MS / 2, close_idle, keeper);
}

bool keeper_open(struct keeper **out, struct loop *loop, const int fds[KEEPER_FDS], void (*done_call)(void *self), void *self,
	struct fault *f)
{
	struct keeper *keeper = memory_new(1, sizeof(*keeper));
	const int segments[JOURNAL_SEGMENTS] = {fds[KEEPER_JOURNAL_A], fds[KEEPER_JOURNAL_B]};

	*out = keeper;
	keeper->loop = loop;
	keeper->lock = fds[KEEPER_LOCK];
	keeper->done = done_call;
	keeper->self = self;
	for (size_t i = 0; i < TALK_HOSTS; i++)
		keeper->posts[i].keeper = keeper;
	journal_begin(&keeper->journal, segments);
	loop_before_wait(loop, commit, keeper);
	loop_timer_set(loop, &keeper->idle_timer, IDLE_MS, close_idle, keeper);
	return talk_open(&keeper->talk, loop, fds[KEEPER_SOCKET], take_frame, room_is_gone, keeper, f);
}

void keeper_close(struct keeper **out)
{
	struct keeper *keeper = *out;

	*out = NULL;
	if (keeper == NULL)
		return;
	loop_before_wait_remove(keeper->loop, commit, keeper);
	loop_timer_stop(&keeper->idle_timer);
	loop_timer_stop(&keeper->end_timer);
	keeper->alone = true;
	for (size_t i = 0; i < TALK_HOSTS; i++) {
		struct post *post = &keeper->posts[i];

		give_back(post);
		for (size_t j = 0; j < post->lane_count; j++) {
			smtp_close(&post->lanes[j].smtp);
			memory_free(post->lanes[j].letter);
		}
		memory_free(post->lanes);
		secret_free(&post->password);
		if (post->texts.cap_bytes > 0)
			arena_release(&post->texts);
	}
	talk_close(&keeper->talk);
	for (size_t i = 0; i < JOURNAL_SEGMENTS; i++)
		(void) close(keeper->journal.fds[i]);
	(void) close(keeper->lock);
	memory_free(keeper);
}

static void stop(void *self)
{
	loop_stop(self);
}

struct running {
	struct loop *loop;
	struct keeper *keeper;
};

/* As if the room were gone: nothing new, and what is under way ends. */
static void on_term(void *self, int number)
{
	struct running *is = self;

	(void) number;
	room_is_gone(is->keeper);
}

bool keeper_run(const int fds[KEEPER_FDS], struct fault *f)
{
	struct running is = {0};
	char pid[24];
	int len;
	bool ok;

	log_set_room("keeper");
	(void) setsid();
	/* Children die with their parent; this one must not. The room waits for its lock before it starts another. */
	(void) prctl(PR_SET_PDEATHSIG, 0);
	(void) signal(SIGPIPE, SIG_IGN);
	(void) signal(SIGINT, SIG_IGN);
	(void) signal(SIGHUP, SIG_IGN);
	len = snprintf(pid, sizeof(pid), "%ld\n", (long) getpid());
	if (ftruncate(fds[KEEPER_LOCK], 0) == 0)
		(void) !pwrite(fds[KEEPER_LOCK], pid, (size_t) len, 0); /* for people; the lock itself is flock's */
	silence(STDOUT_FILENO); /* it is where the room says "ready" to the parent */
	ok = loop_open(&is.loop, f) && keeper_open(&is.keeper, is.loop, fds, stop, is.loop, f);
	if (ok)
		is.keeper->silent = true;
	ok = ok && loop_on_signal(is.loop, SIGTERM, on_term, &is, f) && loop_run(is.loop, f);
	keeper_close(&is.keeper);
	loop_close(&is.loop);
	return ok;
}

bool keeper_main(int argc, char **argv, struct fault *f)
{
	int fds[KEEPER_FDS];

	must(argc == KEEPER_FDS); /* only the room starts it */
	for (int i = 0; i < KEEPER_FDS; i++) {
		int64_t number = -1;

		must(str_to_i64(str_from(argv[i]), &number) && number > STDERR_FILENO && number < 1000000);
		fds[i] = (int) number;
		(void) fcntl(fds[i], F_SETFD, FD_CLOEXEC);
	}
	return keeper_run(fds, f);
}
