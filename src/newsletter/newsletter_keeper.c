/* newsletter_keeper.c: mails on their way: SMTP connections and the journal, in a process that outlives its room.
 *
 * Decides: which connection takes which mail, what is durable before what. Leaves to the newsletter room: which mails,
 * when and through which server; to mail/smtp.c: the talk. Runs in: the keeper. The hard thing: its only promise. "dotted"
 * is durable before a mail's final dot leaves and the reply before the room hears of it; so letters only note what they
 * want (`asked`) and what they got (`has_result`) while the loop turns, commit() journals all notes of a turn with one flush
 * just before the loop waits, and only then do dots leave. Whatever happens to the room changes nothing about that.
 * Behind a dot goes the envelope of the lane's next letter, whose own notes come after this one's end, in the same flush.
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
	LOOK_MS = 1000,            /* behind whom a letter waits is looked at; it may wait … */
	LOOKS_FREE = 2,            /* … for so many looks while a connection is free … */
	LOOKS_MOST = 30,           /* … and for so many where none is */
	WRITE_AGAIN_MS = 1000,
	COMMIT_LAZY_MS = 2,        /* notes wait so long for those of other connections: a flush costs the same for all */
	COMMIT_LAZIER_MS = 12,     /* … where no mail waits for a connection, so that nobody is held up */
	WAITING_MOST = 4096        /* mails of one server; the room's window is far smaller */
};

/* A mail in our hands. */
struct letter {
	struct letter *next;
	struct lane *lane;         /* that sends it */
	int64_t delivery;
	uint32_t try;
	bool utf8;
	bool asked;                /* it waits for smtp_dot() */
	bool dotted;               /* … and got it */
	bool has_result;
	struct smtp_result result;
	struct str from, to, bytes; /* behind the struct */
};

struct lane {
	struct post *post;
	struct smtp *smtp;
	struct letter *letter;     /* from its start until its end is in the journal */
	struct letter *behind;     /* its envelope goes with that one's dot: begun when that one is told with an open connection */
	unsigned looks;            /* since it is there */
	unsigned taken;            /* mails accepted on this connection */
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
	struct loop_timer *idle_timer, *end_timer, *stall_timer;
	void (*done)(void *self);
	void *self;
};

/* --- letters --- */

static struct letter *letter_new(const struct talk_mail *mail)
{
	struct letter *letter = memory_grow(NULL, sizeof(*letter) + mail->from.len + mail->to.len + mail->bytes.len);
	char *at = (char *) (letter + 1);

	*letter = (struct letter){.delivery = mail->delivery, .try = mail->try, .utf8 = mail->utf8};
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

static void put_back(struct post *post, struct letter *letter)
{
	letter->lane = NULL;
	letter->next = post->first;
	post->first = letter;
	if (post->last == NULL)
		post->last = letter;
	post->waiting++;
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
	struct letter *letter = self;

	letter->asked = true;
}

static void done(void *self, const struct smtp_result *result)
{
	struct letter *letter = self;

	letter->asked = false;
	letter->has_result = true;
	letter->result = *result;
}

static void lost(void *self)
{
	struct lane *lane = self;

	smtp_close(&lane->smtp);
}

/* An outcome that no server gave. */
static void end_here(struct letter *letter, enum smtp_outcome outcome, enum smtp_stage stage, const char *why)
{
	struct smtp_result result = {.outcome = outcome, .stage = stage, .connection_is_open = letter->lane->smtp != NULL};

	(void) snprintf(result.text, sizeof(result.text), "%.190s", why);
	done(letter, &result);
}

static struct smtp_mail mail_of(struct letter *letter)
{
	return (struct smtp_mail){.from = letter->from, .to = letter->to, .bytes = letter->bytes, .utf8 = letter->utf8,
		.ask_dot = ask_dot, .done = done, .self = letter};
}

static void start(struct lane *lane, struct letter *letter)
{
	const struct smtp_mail mail = mail_of(letter);
	struct fault f = {0};

	lane->letter = letter;
	letter->lane = lane;
	if (lane->smtp == NULL) {
		lane->taken = 0;
		if (!smtp_open(&lane->smtp, lane->post->keeper->loop, &lane->post->host, lost, lane, &f)) {
			end_here(letter, SMTP_LATER, SMTP_AT_CONNECTION, f.say);
			return;
		}
	}
	if (!smtp_send(lane->smtp, &mail, &f)) {
		log_fault(&f, "sending a mail");
		end_here(letter, SMTP_REFUSED, SMTP_AT_DATA, f.say);
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

/* --- a letter behind another --- */

/* The server may have said something about it. */
static bool has_begun(const struct lane *lane)
{
	return lane->letter != NULL && lane->letter->has_result && lane->letter->result.connection_is_open;
}

/* Its envelope may be out, of its content nothing is: it is as if it had never been there. */
static struct letter *take_from_behind(struct lane *lane)
{
	struct letter *letter = lane->behind;

	lane->behind = NULL;
	if (lane->smtp != NULL)
		smtp_unfollow(lane->smtp);
	return letter;
}

/* A server that thinks for long about a dot holds up nothing that another connection could take. */
static void look_for_stalls(void *self)
{
	struct keeper *keeper = self;
	bool again = false;

	for (size_t i = 0; i < TALK_HOSTS; i++) {
		struct post *post = &keeper->posts[i];
		size_t free_lanes = 0;

		for (size_t j = 0; j < post->lane_count; j++)
			free_lanes += post->lanes[j].letter == NULL;
		for (size_t j = 0; j < post->lane_count; j++) {
			struct lane *lane = &post->lanes[j];

			if (lane->behind == NULL || has_begun(lane))
				continue;
			if (++lane->looks < (free_lanes > 0 ? LOOKS_FREE : LOOKS_MOST)) {
				again = true;
				continue;
			}
			put_back(post, take_from_behind(lane));
			free_lanes -= free_lanes > 0;
		}
	}
	if (again)
		loop_timer_set(keeper->loop, &keeper->stall_timer, LOOK_MS, look_for_stalls, keeper);
}

static void follow(struct lane *lane)
{
	struct post *post = lane->post;
	struct keeper *keeper = post->keeper;
	struct letter *letter = take_letter(post);
	struct smtp_mail mail;

	must(lane->behind == NULL); /* nobody is before the dot of the one in front has left */
	if (letter == NULL)
		return;
	mail = mail_of(letter);
	if (!smtp_follow(lane->smtp, &mail)) {
		put_back(post, letter);
		return;
	}
	letter->lane = lane;
	lane->behind = letter;
	lane->looks = 0;
	if (keeper->stall_timer == NULL)
		loop_timer_set(keeper->loop, &keeper->stall_timer, LOOK_MS, look_for_stalls, keeper);
}

/* --- what is durable before what --- */

struct turn {
	struct journal_record records[JOURNAL_AT_ONCE];
	struct letter *letters[JOURNAL_AT_ONCE];
	size_t count;
	size_t lanes;              /* that have notes */
};

static bool add_note(struct turn *turn, struct letter *letter)
{
	struct journal_record *record = &turn->records[turn->count];

	if (letter == NULL || (!letter->asked && !letter->has_result) || turn->count == JOURNAL_AT_ONCE)
		return false;
	*record = (struct journal_record){.kind = letter->has_result ? JOURNAL_ENDED : JOURNAL_DOTTED,
		.delivery = letter->delivery, .try = letter->try};
	if (letter->has_result) {
		record->outcome = (int) letter->result.outcome;
		record->stage = (int) letter->result.stage;
		record->reply = letter->result.reply;
		memcpy(record->enhanced, letter->result.enhanced, sizeof(record->enhanced));
	}
	turn->letters[turn->count++] = letter;
	return true;
}

/* A lane's two in their order: the second has no note before the first has its end. */
static void collect(struct keeper *keeper, struct turn *turn)
{
	turn->count = turn->lanes = 0;
	for (size_t i = 0; i < TALK_HOSTS; i++)
		for (size_t j = 0; j < keeper->posts[i].lane_count; j++)
			if (add_note(turn, keeper->posts[i].lanes[j].letter)) {
				turn->lanes++;
				(void) add_note(turn, keeper->posts[i].lanes[j].behind);
			}
}

static void tell(struct keeper *keeper, const struct letter *letter, const struct journal_record *record)
{
	struct talk_event event = {.type = record->kind == JOURNAL_ENDED ? TALK_ENDED : TALK_DOTTED, .delivery = record->delivery,
		.try = record->try, .seq = record->seq, .outcome = record->outcome, .stage = record->stage, .reply = record->reply};

	if (keeper->alone)
		return;
	if (record->kind == JOURNAL_ENDED) {
		event.is_open = letter->result.connection_is_open;
		event.worked = letter->lane->taken > 0;
		memcpy(event.enhanced, letter->result.enhanced, sizeof(event.enhanced));
		memcpy(event.text, letter->result.text, sizeof(event.text));
	}
	talk_send_event(&keeper->talk, &event);
}

/* Its record is on disk: the lane is free for the one behind it, or its dot leaves. */
static void settle(struct keeper *keeper, struct letter *letter, const struct journal_record *record)
{
	struct lane *lane = letter->lane;
	bool is_open = letter->result.connection_is_open;

	tell(keeper, letter, record);
	if (record->kind == JOURNAL_DOTTED) {
		letter->asked = false;
		letter->dotted = true;
		follow(lane);
		smtp_dot(lane->smtp, true);
		return;
	}
	must(lane->letter == letter);
	lane->taken += letter->result.outcome == SMTP_ACCEPTED;
	if (lane->behind != NULL && !is_open)
		put_back(lane->post, take_from_behind(lane));
	lane->letter = lane->behind;
	lane->behind = NULL;
	memory_free(letter);
	if (!is_open || (keeper->alone && lane->letter == NULL)) {
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

/* How long the notes of so many lanes may wait for more, in ms. Where mails wait for a connection: until half of those who are busy have one;
 * else until half of all have. */
static int64_t may_wait(struct keeper *keeper, size_t lanes)
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
	if (keeper->alone || keeper->draining || 2 * lanes >= (lazy_ms == COMMIT_LAZY_MS ? busy : all) ||
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
		wait_ms = may_wait(keeper, turn.lanes);
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
			settle(keeper, turn.letters[i], &turn.records[i]);
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
			struct letter **last = &lane->letter; /* the one that the connection is about */

			if (lane->behind != NULL && has_begun(lane))
				last = &lane->behind;
			else if (lane->behind != NULL)
				return_letter(keeper, take_from_behind(lane));
			if (*last != NULL && ((*last)->asked || (*last)->dotted || (*last)->has_result))
				continue;
			smtp_close(&lane->smtp); /* tells an outcome where a mail is under way; it is ours, so it counts for nothing */
			if (*last != NULL)
				return_letter(keeper, *last);
			*last = NULL;
		}
	}
}

/* What waits for its server, behind another, too. */
static void give_all_back(struct post *post)
{
	for (size_t i = 0; i < post->lane_count; i++)
		if (post->lanes[i].behind != NULL && !has_begun(&post->lanes[i]))
			return_letter(post->keeper, take_from_behind(&post->lanes[i]));
	give_back(post);
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
				give_all_back(&keeper->posts[i]);
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
	loop_timer_stop(&keeper->stall_timer);
	keeper->alone = true;
	for (size_t i = 0; i < TALK_HOSTS; i++) {
		struct post *post = &keeper->posts[i];

		give_back(post);
		for (size_t j = 0; j < post->lane_count; j++) {
			smtp_close(&post->lanes[j].smtp);
			memory_free(post->lanes[j].letter);
			memory_free(post->lanes[j].behind);
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
