/* newsletter_sender.c: mails on their way: sent on several connections, written down in groups.
 *
 * Decides: what a mail's outcome means, when to try again. Leaves to mail/smtp.c: the talk; to newsletter_mail.c:
 * the bytes; to newsletter_claim.c: which mail is next. Runs in: the newsletter room. The hard thing: "sending"
 * must be on disk before a mail's dot and its outcome before anything else, and a commit costs a disk's flush. So
 * connections only note what they want (`asked`) and what they got (`has_result`) while the loop turns, and
 * commit_events() writes all of it down in one transaction just before the loop waits again; only then do the dots
 * go out.
 * SPDX-License-Identifier: ISC */
#include "newsletter_inside.h"

#include <unistd.h>
#include "base/arena.h"
#include "base/fault.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/must.h"
#include "base/secret.h"
#include "mail/smtp.h"
#include "newsletter_bounce.h"

enum {
	LANES_MOST = 64,
	IDLE_MS = 10000,          /* a connection without mail is closed */
	COMMIT_AGAIN_MS = 1000,
	LOOK_AGAIN_MS = 60000
};

/* After the n-th delay (RFC 5321 §4.5.4.1: 30 minutes, for days); one more and the mail is refused. */
static const int64_t later_s[] = {5 * 60, 30 * 60, 2 * 3600, 6 * 3600, 12 * 3600, 24 * 3600, 24 * 3600};
enum { LATER_COUNT = sizeof(later_s) / sizeof(later_s[0]) };

/* When the server itself is the trouble, nothing is tried for a while. */
static const int64_t hold_ms[] = {2000, 5000, 15000, 60000, 300000};
enum { HOLD_COUNT = sizeof(hold_ms) / sizeof(hold_ms[0]) };

struct lane {
	struct newsletter_sender *sender;
	struct smtp *smtp;
	struct outgoing mail;
	struct buf bytes;
	char from[EMAIL_BYTES + 1]; /* the return path, while the mail is under way */
	bool busy;                 /* from its start until its result is on disk */
	bool asked;                /* the connection waits for smtp_dot() */
	bool may_dot;              /* its row was moved to `sending` */
	bool has_result;
	enum delivery_state to;    /* what the row becomes with the next commit */
	unsigned taken;            /* mails accepted on this connection */
	struct smtp_result result;
};

struct newsletter_sender {
	struct newsletter *n;
	struct arena texts;        /* of host */
	struct smtp_host host;
	struct lane lanes[LANES_MOST];
	size_t lane_count;
	struct newsletter_queue queue;
	struct arena issue_arena;
	struct newsletter_issue issue;        /* the one that is being sent; id 0: none */
	struct loop_timer *pump_timer, *idle_timer, *drain_timer;
	unsigned troubles;         /* in a row */
	int64_t hold_until_ms, commit_again_ms;
	char trouble[200];         /* the server's words about us, "" when all is well */
	bool draining;
	void (*drained)(void *self);
	void *drained_self;
};

static void pump(void *self);

#ifdef MIMEO_DEBUG
static const char *crash_point = "";
static int crash_in;

void newsletter_crash_at(const char *point, int n)
{
	crash_point = point;
	crash_in = n;
}

void newsletter_point(const char *point)
{
	if (crash_in > 0 && strcmp(point, crash_point) == 0 && --crash_in == 0)
		_exit(99);
}
#endif

/* --- trouble with the server --- */

static void pump_in(struct newsletter_sender *s, int64_t ms)
{
	if (s->n->room->loop != NULL && !s->draining && !s->n->room->read_only)
		loop_timer_set(s->n->room->loop, &s->pump_timer, ms, pump, s);
}

static void have_trouble(struct newsletter_sender *s, const char *words, int code)
{
	int64_t ms = hold_ms[s->troubles < HOLD_COUNT ? s->troubles : HOLD_COUNT - 1];

	if (clock_mono_ms() < s->hold_until_ms)
		return; /* the other connections of the same bad moment */
	s->troubles++;
	s->hold_until_ms = clock_mono_ms() + ms;
	(void) snprintf(s->trouble, sizeof(s->trouble), "%.190s", words);
	log_event(LOG_MAIL, LOG_C("state", "held"), LOG_I64("reply", code), LOG_I64("for_ms", ms),
		LOG_C("why", s->trouble));
}

static void trouble_is_over(struct newsletter_sender *s)
{
	s->troubles = 0;
	s->hold_until_ms = 0;
	s->trouble[0] = '\0';
}

static bool is_under_way(void *self, int64_t issue)
{
	const struct newsletter_sender *s = self;

	for (size_t i = 0; i < s->lane_count; i++)
		if (s->lanes[i].busy && s->lanes[i].mail.issue == issue)
			return true;
	return false;
}

/* --- a lane's mail --- */

static void ask_dot(void *self)
{
	struct lane *lane = self;

	newsletter_point("asked");
	lane->asked = true;
}

static void done(void *self, const struct smtp_result *result)
{
	struct lane *lane = self;

	newsletter_point("replied");
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

static bool issue_for(struct newsletter_sender *s, int64_t id, struct fault *f)
{
	if (id == 0 || s->issue.id == id)
		return true;
	arena_reset(&s->issue_arena);
	s->issue = (struct newsletter_issue){0};
	return newsletter_issue_read(s->n, id, &s->issue_arena, &s->issue, f);
}

static void start(struct lane *lane, const struct outgoing *mail)
{
	struct newsletter_sender *s = lane->sender;
	struct fault f = {0};
	struct smtp_mail smtp_mail;

	lane->mail = *mail;
	lane->busy = true;
	lane->asked = lane->has_result = false;
	if (mail->to.len == 0) {
		end_here(lane, SMTP_REFUSED, SMTP_AT_RCPT, "the address cannot be read");
		return;
	}
	if (!issue_for(s, mail->issue, &f) || !newsletter_compose(s->n, mail, &s->issue, &lane->bytes, &f)) {
		log_fault(&f, "composing a mail");
		end_here(lane, SMTP_REFUSED, SMTP_AT_DATA, "the mail cannot be composed");
		return;
	}
	if (lane->smtp == NULL) {
		lane->taken = 0;
		if (!smtp_open(&lane->smtp, s->n->room->loop, &s->host, lost, lane, &f)) {
			end_here(lane, SMTP_LATER, SMTP_AT_CONNECTION, f.say);
			return;
		}
	}
	smtp_mail = (struct smtp_mail){.from = newsletter_return_path(s->n, mail->id, lane->from), .to = email_text(&lane->mail.to),
		.bytes = buf_view(&lane->bytes), .ask_dot = ask_dot, .done = done, .self = lane};
	if (!smtp_send(lane->smtp, &smtp_mail, &f)) {
		log_fault(&f, "sending a mail");
		end_here(lane, SMTP_REFUSED, SMTP_AT_DATA, f.say);
	}
}

/* --- what an outcome means --- */

/* The server would say the same to every mail: it is about us, not about this one. */
static bool is_about_us(const struct smtp_result *result)
{
	return (result->outcome == SMTP_REFUSED || result->outcome == SMTP_LATER) && result->stage <= SMTP_AT_MAIL;
}

static enum delivery_step step_of(const struct lane *lane)
{
	const struct smtp_result *result = &lane->result;
	bool from_claimed = lane->mail.state == DELIVERY_CLAIMED;

	switch (result->outcome) {
	case SMTP_ACCEPTED:
		return DELIVERY_IS_ACCEPTED;
	case SMTP_IN_DOUBT:
		return DELIVERY_IS_DOUBTED;
	default:
		break;
	}
	if (from_claimed && (is_about_us(result) || lane->sender->draining))
		return DELIVERY_IS_RELEASED;
	if (result->outcome == SMTP_REFUSED || lane->mail.attempts >= LATER_COUNT)
		return DELIVERY_IS_REFUSED;
	return DELIVERY_IS_DELAYED;
}

static bool is_final(enum delivery_state state)
{
	return state == DELIVERY_ACCEPTED || state == DELIVERY_REFUSED;
}

static bool write_result(struct lane *lane, struct fault *f)
{
	struct store *db = lane->sender->n->room->db;
	enum delivery_step step = step_of(lane);
	int64_t attempts = lane->mail.attempts + (step == DELIVERY_IS_RELEASED ? 0 : 1);
	int64_t next_at = 0;

	/* Only smtp.c could break this: no dot without `sending`, no doubt without a dot. */
	must(delivery_next(lane->mail.state, step, &lane->to));
	if (step == DELIVERY_IS_DELAYED)
		next_at = clock_now().us + later_s[lane->mail.attempts] * 1000000;
	if (!store_run(db, NEWSLETTER_SQL_DELIVERY_MOVE,
			STORE_ARGS(store_i64(lane->mail.id), store_text(delivery_state_name(lane->mail.state)),
				store_text(delivery_state_name(lane->to)), store_i64(attempts), store_i64(next_at),
				store_i64(lane->result.reply)),
			NULL, f))
		return false;
	if (lane->mail.kind == OUTGOING_ISSUE) /* a refusal behind MAIL may say that the mailbox is gone */
		return lane->to != DELIVERY_REFUSED || lane->result.stage <= SMTP_AT_MAIL ||
			newsletter_take_refusal(lane->sender->n, lane->mail.id, lane->result.reply, str_from(lane->result.enhanced),
				str_from(lane->result.text), f);
	if (is_final(lane->to))
		return store_run(db, NEWSLETTER_SQL_DELIVERY_ERASE, STORE_ARGS(store_i64(lane->mail.id)), NULL, f);
	if (lane->to != DELIVERY_IN_DOUBT)
		return true;
	/* Nobody sends it again, so whoever waits for it must be able to ask again, today too. */
	return store_run(db, NEWSLETTER_SQL_DELIVERY_BLANK, STORE_ARGS(store_i64(lane->mail.id)), NULL, f) &&
		(lane->mail.kind != OUTGOING_CONFIRM ||
			store_run(db, NEWSLETTER_SQL_SUBSCRIBER_MAILED,
				STORE_ARGS(store_i64(lane->mail.subscriber), store_i64(0)), NULL, f));
}

static bool write_asked(struct lane *lane, struct fault *f)
{
	int64_t changed = 0;

	must(delivery_next(lane->mail.state, DELIVERY_IS_DOTTED, &lane->to));
	if (!store_run(lane->sender->n->room->db, NEWSLETTER_SQL_DELIVERY_MOVE,
			STORE_ARGS(store_i64(lane->mail.id), store_text(delivery_state_name(lane->mail.state)),
				store_text(delivery_state_name(lane->to)), store_i64(lane->mail.attempts), store_i64(0), store_i64(0)),
			&changed, f))
		return false;
	lane->may_dot = changed == 1; /* else its subscriber left meanwhile */
	return true;
}

static bool has_events(const struct newsletter_sender *s)
{
	for (size_t i = 0; i < s->lane_count; i++)
		if (s->lanes[i].asked || s->lanes[i].has_result)
			return true;
	return false;
}

static bool write_events(struct newsletter_sender *s, struct fault *f)
{
	bool ok = true;

	if (!store_begin(s->n->room->db, f))
		return false;
	for (size_t i = 0; ok && i < s->lane_count; i++) {
		if (s->lanes[i].asked)
			ok = write_asked(&s->lanes[i], f);
		else if (s->lanes[i].has_result)
			ok = write_result(&s->lanes[i], f);
	}
	newsletter_point("events before commit");
	return store_end(s->n->room->db, ok, f);
}

static void log_result(const struct lane *lane)
{
	if (lane->to == DELIVERY_ACCEPTED && lane->mail.kind == OUTGOING_ISSUE)
		return; /* thousands; the issue's own lines count them */
	log_event(LOG_MAIL, LOG_STR("kind", outgoing_kind_name(lane->mail.kind)),
		LOG_STR("state", delivery_state_name(lane->to)),
		LOG_I64("reply", lane->result.reply), LOG_C("enhanced", lane->result.enhanced));
}

/* The result is on disk: the lane is free, and its connection too if the server left it open. */
static void settle_result(struct lane *lane)
{
	struct newsletter_sender *s = lane->sender;

	log_result(lane);
	lane->has_result = lane->busy = false;
	if (lane->result.outcome == SMTP_ACCEPTED) {
		lane->taken++;
		trouble_is_over(s);
	} else if (is_about_us(&lane->result) && lane->mail.state == DELIVERY_CLAIMED && !s->draining &&
		(lane->taken == 0 || lane->result.connection_is_open)) {
		/* A connection that worked and was then closed (421 after so many mails) is just opened again. */
		have_trouble(s, lane->result.text, lane->result.reply);
	}
	lane->mail = (struct outgoing){0};
	if (!lane->result.connection_is_open) {
		smtp_close(&lane->smtp);
		lane->taken = 0;
	}
}

static void settle(struct newsletter_sender *s)
{
	for (size_t i = 0; i < s->lane_count; i++) {
		struct lane *lane = &s->lanes[i];

		if (lane->has_result) {
			settle_result(lane);
		} else if (lane->asked) {
			lane->asked = false;
			if (lane->may_dot)
				lane->mail.state = lane->to;
			newsletter_point("before dot");
			smtp_dot(lane->smtp, lane->may_dot);
			newsletter_point("after dot");
		}
	}
}

static bool is_busy(const struct newsletter_sender *s)
{
	for (size_t i = 0; i < s->lane_count; i++)
		if (s->lanes[i].busy)
			return true;
	return false;
}

static void end_drain(struct newsletter_sender *s)
{
	void (*drained)(void *self) = s->drained;

	s->drained = NULL;
	loop_timer_stop(&s->drain_timer);
	if (drained != NULL)
		drained(s->drained_self);
}

static int commit_events(void *self)
{
	struct newsletter_sender *s = self;
	int64_t wait_ms = s->commit_again_ms - clock_mono_ms();
	struct fault f = {0};

	if (!has_events(s))
		return -1;
	if (wait_ms > 0)
		return (int) wait_ms;
	if (!write_events(s, &f)) {
		/* The dots wait, the results stay in memory: nothing goes out that is not written down. */
		log_fault(&f, "writing down what became of mails");
		s->commit_again_ms = clock_mono_ms() + COMMIT_AGAIN_MS;
		return COMMIT_AGAIN_MS;
	}
	newsletter_point("events after commit");
	settle(s);
	if (!s->draining)
		pump(s);
	else if (!is_busy(s))
		end_drain(s);
	return has_events(s) ? 0 : -1;
}

/* --- the pump --- */

static void close_idle(void *self)
{
	struct newsletter_sender *s = self;

	for (size_t i = 0; i < s->lane_count; i++)
		if (!s->lanes[i].busy)
			smtp_close(&s->lanes[i].smtp);
}

static void look_again_when_due(struct newsletter_sender *s)
{
	struct fault f = {0};
	int64_t next_at = 0;
	int64_t ms;

	if (!store_number(s->n->room->db, NEWSLETTER_SQL_DELIVERY_NEXT_AT,
			STORE_ARGS(store_text(delivery_state_name(DELIVERY_QUEUED)),
				store_text(delivery_state_name(DELIVERY_LATER)),
				store_text(issue_state_name(ISSUE_SENDING))),
			&next_at, &f)) {
		log_fault(&f, "looking for the next mail");
		return;
	}
	if (next_at == 0)
		return;
	ms = (next_at - clock_now().us) / 1000 + 1;
	pump_in(s, ms < 1000 ? 1000 : ms > LOOK_AGAIN_MS ? LOOK_AGAIN_MS : ms);
}

static void pump(void *self)
{
	struct newsletter_sender *s = self;
	int64_t hold = s->hold_until_ms - clock_mono_ms();
	struct fault f = {0};
	bool more = true;

	if (s->draining || s->n->room->read_only || newsletter_cannot_mail(s->n) != NULL)
		return;
	if (hold > 0) {
		pump_in(s, hold + 1);
		return;
	}
	for (size_t i = 0; more && i < s->lane_count; i++) {
		if (s->lanes[i].busy)
			continue;
		if (s->queue.at == s->queue.count && !newsletter_claim(s->n, &s->queue, is_under_way, s, &f)) {
			log_fault(&f, "taking up mails");
			pump_in(s, COMMIT_AGAIN_MS * 10);
			return;
		}
		more = s->queue.at < s->queue.count;
		if (more) {
			start(&s->lanes[i], &s->queue.items[s->queue.at]);
			s->queue.items[s->queue.at++] = (struct outgoing){0};
		}
	}
	if (!more && !is_busy(s))
		look_again_when_due(s);
	loop_timer_set(s->n->room->loop, &s->idle_timer, IDLE_MS, close_idle, s);
}

/* --- what others use --- */

void newsletter_sender_poke(struct newsletter *n)
{
	if (n->sender != NULL)
		pump_in(n->sender, 0);
}

void newsletter_sender_release(struct newsletter *n)
{
	if (n->sender != NULL)
		newsletter_release(n, &n->sender->queue);
}

static enum smtp_security security_of(struct str text)
{
	return str_is(text, "plain") ? SMTP_PLAIN : str_is(text, "tls") ? SMTP_TLS : SMTP_STARTTLS;
}

static const char *text_or_null(struct str text, struct arena *arena)
{
	return text.len > 0 ? str_to_c(text, arena) : NULL;
}

bool newsletter_sender_open(struct newsletter *n, struct fault *f)
{
	const struct settings *is = &n->room->settings;
	struct newsletter_sender *s = memory_new(1, sizeof(*s));
	struct str helo = is->smtp_helo.len > 0 ? is->smtp_helo : newsletter_dkim_domain(n);

	n->sender = s;
	s->n = n;
	arena_init(&s->texts, "smtp settings", 16 * 1024);
	arena_init(&s->issue_arena, "issue being sent", 2 * (size_t) LIMIT_JSON_BYTES);
	s->host = (struct smtp_host){.name = str_to_c(is->smtp_host, &s->texts), .port = (uint16_t) is->smtp_port,
		.security = security_of(is->smtp_security), .user = text_or_null(is->smtp_user, &s->texts),
		.password = n->smtp_password, .helo = str_to_c(helo, &s->texts),
		.ca_file = text_or_null(is->smtp_ca_file, &s->texts)};
	s->lane_count = is->smtp_connections > LANES_MOST ? LANES_MOST : (size_t) is->smtp_connections;
	for (size_t i = 0; i < s->lane_count; i++) {
		s->lanes[i].sender = s;
		buf_init(&s->lanes[i].bytes, LIMIT_MAIL_BYTES + 16 * 1024);
	}
	if (n->room->read_only)
		return true;
	loop_before_wait(n->room->loop, commit_events, s);
	return newsletter_recover(n, f);
}

static void drain_is_over(void *self)
{
	struct newsletter_sender *s = self;
	struct fault f = {0};

	for (size_t i = 0; i < s->lane_count; i++)
		if (s->lanes[i].busy)
			smtp_close(&s->lanes[i].smtp); /* tells its outcome */
	if (has_events(s) && write_events(s, &f))
		settle(s);
	else if (f.kind != FAULT_NONE)
		log_fault(&f, "writing down what became of mails");
	end_drain(s);
}

void newsletter_sender_drain(struct newsletter *n, int64_t limit_ms, void (*drained)(void *self), void *self)
{
	struct newsletter_sender *s = n->sender;

	s->drained = drained;
	s->drained_self = self;
	s->draining = true;
	loop_timer_stop(&s->pump_timer);
	if (!n->room->read_only)
		newsletter_release(n, &s->queue);
	close_idle(s);
	if (is_busy(s))
		loop_timer_set(n->room->loop, &s->drain_timer, limit_ms, drain_is_over, s);
	else
		end_drain(s);
}

void newsletter_sender_close(struct newsletter *n)
{
	struct newsletter_sender *s = n->sender;

	if (s == NULL)
		return;
	n->sender = NULL;
	if (n->room->loop != NULL)
		loop_before_wait_remove(n->room->loop, commit_events, s);
	loop_timer_stop(&s->pump_timer);
	loop_timer_stop(&s->idle_timer);
	loop_timer_stop(&s->drain_timer);
	for (size_t i = 0; i < s->lane_count; i++) {
		smtp_close(&s->lanes[i].smtp);
		buf_release(&s->lanes[i].bytes);
	}
	arena_release(&s->texts);
	arena_release(&s->issue_arena);
	memory_free(s);
}

bool newsletter_sender_health(struct newsletter *n, json_t *health, struct fault *f)
{
	static const enum delivery_state waiting[] = {DELIVERY_QUEUED, DELIVERY_CLAIMED, DELIVERY_SENDING, DELIVERY_LATER};
	const char *why_not = newsletter_cannot_mail(n);
	const struct newsletter_sender *s = n->sender;
	int64_t queue = 0, doubt = 0, went = 0, count;

	for (size_t i = 0; i < sizeof(waiting) / sizeof(waiting[0]); i++) {
		if (!store_number(n->room->db, NEWSLETTER_SQL_DELIVERY_COUNT_STATE,
				STORE_ARGS(store_text(delivery_state_name(waiting[i]))), &count, f))
			return false;
		queue += count;
	}
	if (!store_number(n->room->db, NEWSLETTER_SQL_DELIVERY_COUNT_STATE,
			STORE_ARGS(store_text(delivery_state_name(DELIVERY_IN_DOUBT))), &doubt, f))
		return false;
	json_object_set_new(health, "smtp", json_string(why_not != NULL ? "unset" : s->troubles > 0 ? "trouble" : "ok"));
	json_object_set_new(health, "smtp_say", json_string(why_not != NULL ? why_not : s->trouble));
	if (!store_number(n->room->db, NEWSLETTER_SQL_MAIL_WENT, STORE_ARGS(store_text(subscriber_state_name(SUBSCRIBER_CONFIRMED)),
			store_text(delivery_state_name(DELIVERY_ACCEPTED))), &went, f))
		return false;
	json_object_set_new(health, "mail_went", json_boolean(went > 0));
	json_object_set_new(health, "queue", json_integer(queue));
	json_object_set_new(health, "in_doubt", json_integer(doubt));
	return true;
}
