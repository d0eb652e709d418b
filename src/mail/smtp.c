/* smtp.c: the SMTP client's states: what to say, what each answer means, when to give up.
 *
 * Decides: a mail's outcome. Leaves to smtp_wire.c: bytes and TLS; to smtp_reply.c: what a reply is; to the caller:
 * when to try again. Runs in: the newsletter's keeper. The hard thing: to tell "not taken" from "may have been taken".
 * Everything before the dot is the former; once the dot's last byte is with the kernel, only a reply tells, and
 * without one the outcome is IN_DOUBT (RFC 1047).
 * SPDX-License-Identifier: ISC */
#include "smtp.h"

#include <stdio.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/loop.h"
#include "base/must.h"
#include "base/secret.h"
#include "mail_inside.h"
#include "smtp_inside.h"

enum {
	STEP_TIMEOUT_MS = 60000,
	DOT_PATIENCE = 10,           /* the answer to the dot may take ten steps: 600 s (RFC 5321 §4.5.3.2.6) */
	WAITING_MOST = 64 * 1024,    /* bytes of a body that wait for the kernel */
	BODY_PIECE = 16 * 1024,
	AT_ONCE_MOST = 48 * 1024,    /* a mail that goes out in one write */
	READ_ONCE = 1024,
	COMMAND_MOST = 1200
};

/* Order matters: from STEP_MAIL on a mail is under way. */
#define STEPS(X) \
	X(STEP_CONNECT, "connecting") \
	X(STEP_HANDSHAKE, "agreeing on TLS") \
	X(STEP_GREETING, "waiting for its greeting") \
	X(STEP_EHLO, "saying EHLO") \
	X(STEP_HELO, "saying HELO") \
	X(STEP_STARTTLS, "saying STARTTLS") \
	X(STEP_AUTH, "logging in") \
	X(STEP_AUTH_USER, "logging in") \
	X(STEP_AUTH_PASSWORD, "logging in") \
	X(STEP_IDLE, "being idle") \
	X(STEP_LOST, "being lost") \
	X(STEP_RSET, "saying RSET") \
	X(STEP_MAIL, "saying MAIL") \
	X(STEP_RCPT, "saying RCPT") \
	X(STEP_DATA, "saying DATA") \
	X(STEP_BODY, "sending the mail") \
	X(STEP_ASK_DOT, "asking for the dot") \
	X(STEP_DOT, "waiting for its answer to the mail")

enum step {
#define X(step, words) step,
	STEPS(X)
#undef X
};

static const char *const step_words[] = {
#define X(step, words) words,
	STEPS(X)
#undef X
};

struct smtp {
	struct loop *loop;
	struct smtp_host host;          /* its texts are copied */
	char *texts[4];
	struct addrinfo *addresses, *address;
	struct smtp_wire wire;
	struct smtp_reply reply;
	enum step step;
	unsigned offers;
	struct loop_timer *timer;
	void (*on_lost)(void *self);
	void *self;

	bool has_mail;
	struct smtp_mail mail;
	size_t body_at;                 /* of mail.bytes, how much was stuffed */
	bool line_start;
	bool has_dots;                  /* mail.bytes has lines that are to be stuffed */
	struct smtp_result verdict;     /* the first refusal of a pipelined mail; reply 0: none */
	bool needs_rset;
	bool has_next;
	bool ends;                      /* the next one's envelope is out in vain: the connection ends with the dot's answer */
	bool next_has_dots;
	struct smtp_mail next;          /* its envelope goes behind this mail's dot */
	uint64_t dot_end;               /* of wire.sent: from there on the kernel has the dot */
	int calls;                      /* depth of our own work: smtp_close() inside frees at its end */
	bool closed;
};

static void say(struct smtp *smtp, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void work(struct smtp *smtp);
static void set_step(struct smtp *smtp, enum step step);

/* --- ends --- */

static void free_now(struct smtp *smtp)
{
	loop_timer_stop(&smtp->timer);
	smtp_wire_release(&smtp->wire);
	if (smtp->addresses != NULL)
		freeaddrinfo(smtp->addresses);
	for (size_t i = 0; i < sizeof(smtp->texts) / sizeof(smtp->texts[0]); i++)
		memory_free(smtp->texts[i]);
	memory_free(smtp);
}

static void leave(struct smtp *smtp)
{
	must(smtp->calls > 0);
	smtp->calls--;
	if (smtp->calls == 0 && smtp->closed)
		free_now(smtp);
}

static struct smtp_result result_of(enum smtp_outcome outcome, enum smtp_stage stage, const struct smtp_reply *reply,
	const char *text)
{
	struct smtp_result result = {.outcome = outcome, .stage = stage};

	if (reply != NULL) {
		result.reply = reply->code;
		memcpy(result.enhanced, reply->enhanced, sizeof(result.enhanced));
		text = reply->text;
	}
	(void) snprintf(result.text, sizeof(result.text), "%s", text);
	return result;
}

static enum smtp_stage stage_of(enum step step)
{
	switch (step) {
	case STEP_MAIL:
		return SMTP_AT_MAIL;
	case STEP_RCPT:
		return SMTP_AT_RCPT;
	case STEP_DATA:
	case STEP_BODY:
	case STEP_ASK_DOT:
	case STEP_DOT:
		return SMTP_AT_DATA;
	default:
		return SMTP_AT_CONNECTION;
	}
}

/* What the server says from now on is about the mail that follows. */
static void begin_next(struct smtp *smtp)
{
	smtp->mail = smtp->next;
	smtp->has_dots = smtp->next_has_dots;
	smtp->has_mail = smtp->needs_rset = true;
	smtp->body_at = 0;
	smtp->line_start = true;
	set_step(smtp, STEP_MAIL);
}

/* Tells what happened, once. */
static void tell(struct smtp *smtp, struct smtp_result result, bool open)
{
	struct smtp_mail mail = smtp->mail;

	must(smtp->has_mail);
	smtp->has_mail = false;
	smtp->mail = (struct smtp_mail){0};
	smtp->verdict = (struct smtp_result){0};
	result.connection_is_open = open && !smtp->ends;
	set_step(smtp, result.connection_is_open ? STEP_IDLE : STEP_LOST);
	if (!result.connection_is_open)
		smtp_wire_release(&smtp->wire);
	else if (smtp->has_next)
		begin_next(smtp);
	smtp->has_next = false;
	if (mail.done != NULL)
		mail.done(mail.self, &result);
}

/* All of the mail and its dot is with the kernel. What went behind it need not be. */
static bool is_dot_out(const struct smtp *smtp)
{
	return smtp->step == STEP_DOT && smtp->wire.sent >= smtp->dot_end;
}

/* The connection is over. reply: the server's reason, NULL: `why` is ours. */
static void lose(struct smtp *smtp, const struct smtp_reply *reply, const char *why)
{
	enum step step = smtp->step;
	enum smtp_outcome outcome = is_dot_out(smtp) && reply == NULL ? SMTP_IN_DOUBT : SMTP_LATER;
	struct smtp_result result = result_of(outcome, stage_of(step), reply, why);

	if (step == STEP_LOST)
		return;
	if (smtp->verdict.reply != 0)
		result = smtp->verdict;
	loop_timer_stop(&smtp->timer);
	smtp_wire_release(&smtp->wire);
	smtp->step = STEP_LOST;
	if (smtp->has_mail)
		tell(smtp, result, false);
	else if (smtp->on_lost != NULL && !smtp->closed)
		smtp->on_lost(smtp->self);
}

static void timed_out(void *self)
{
	struct smtp *smtp = self;
	char why[SMTP_TEXT_BYTES];

	(void) snprintf(why, sizeof(why), "the server took too long while %s", step_words[smtp->step]);
	smtp->calls++;
	lose(smtp, NULL, why);
	leave(smtp);
}

static void set_step(struct smtp *smtp, enum step step)
{
	int64_t ms = smtp->host.step_timeout_ms;

	smtp->step = step;
	if (step == STEP_IDLE || step == STEP_ASK_DOT || step == STEP_LOST)
		loop_timer_stop(&smtp->timer);
	else
		loop_timer_set(smtp->loop, &smtp->timer, step == STEP_DOT ? ms * DOT_PATIENCE : ms, timed_out, smtp);
}

/* --- what we say --- */

static void say(struct smtp *smtp, const char *format, ...)
{
	char line[COMMAND_MOST];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(line, sizeof(line) - 2, format, args);
	va_end(args);
	must(len >= 0 && (size_t) len < sizeof(line) - 2); /* everything in it was measured before */
	memcpy(line + len, "\r\n", 2);
	smtp_wire_add(&smtp->wire, line, (size_t) len + 2);
}

/* A line of base64 that may be a secret: leaves no copy behind but in the wire's buffer, which is wiped. */
static void say_base64(struct smtp *smtp, const char *before, struct str bytes)
{
	struct buf line;

	buf_init(&line, COMMAND_MOST);
	buf_add_text(&line, before);
	mail_write_base64(&line, bytes);
	buf_add_text(&line, "\r\n");
	smtp_wire_add(&smtp->wire, line.at, line.len);
	OPENSSL_cleanse(line.at, line.room);
	buf_release(&line);
}

static void say_auth_plain(struct smtp *smtp)
{
	struct str password = secret_bytes(smtp->host.password);
	struct buf text;

	buf_init(&text, COMMAND_MOST);
	buf_add_char(&text, '\0');
	buf_add_text(&text, smtp->host.user);
	buf_add_char(&text, '\0');
	buf_add_str(&text, password);
	say_base64(smtp, "AUTH PLAIN ", buf_view(&text));
	OPENSSL_cleanse(text.at, text.room);
	buf_release(&text);
	set_step(smtp, STEP_AUTH);
}

static void say_rcpt(struct smtp *smtp, const struct smtp_mail *mail)
{
	say(smtp, "RCPT TO:<%.*s>", STR_ARG(mail->to));
}

static void say_mail(struct smtp *smtp, const struct smtp_mail *mail)
{
	const char *utf8 = mail->utf8 ? " BODY=8BITMIME SMTPUTF8" : "";

	if ((smtp->offers & SMTP_OFFERS_SIZE) != 0)
		say(smtp, "MAIL FROM:<%.*s> SIZE=%zu%s", STR_ARG(mail->from), mail->bytes.len, utf8);
	else
		say(smtp, "MAIL FROM:<%.*s>%s", STR_ARG(mail->from), utf8);
}

/* RFC 2920: DATA ends a group; the last mail's content may begin it. */
static void say_group(struct smtp *smtp, const struct smtp_mail *mail)
{
	say_mail(smtp, mail);
	say_rcpt(smtp, mail);
	say(smtp, "DATA");
}

static bool takes_letters_of(const struct smtp *smtp, const struct smtp_mail *mail)
{
	return !mail->utf8 || (~smtp->offers & (SMTP_OFFERS_UTF8 | SMTP_OFFERS_8BIT)) == 0;
}

static void refuse_utf8(void *self)
{
	struct smtp *smtp = self;
	struct smtp_result result = {.outcome = SMTP_REFUSED, .stage = SMTP_AT_RCPT, .reply = 553, .enhanced = "5.6.7"};

	(void) snprintf(result.text, sizeof(result.text),
		"the address has letters beyond a-z before its @, and the mail server does not offer SMTPUTF8");
	smtp->calls++;
	tell(smtp, result, true);
	leave(smtp);
}

static bool pipelines(const struct smtp *smtp)
{
	return (smtp->offers & SMTP_OFFERS_PIPELINING) != 0;
}

static void start_mail(struct smtp *smtp)
{
	bool rset = smtp->needs_rset;

	smtp->body_at = 0;
	smtp->line_start = true;
	smtp->verdict = (struct smtp_result){0};
	if (!takes_letters_of(smtp, &smtp->mail)) {
		set_step(smtp, STEP_MAIL);
		loop_timer_set(smtp->loop, &smtp->timer, 0, refuse_utf8, smtp); /* no callback inside smtp_send() */
		return;
	}
	smtp->needs_rset = true; /* until the server has taken or ended this one */
	if (rset)
		say(smtp, "RSET");
	if (pipelines(smtp))
		say_group(smtp, &smtp->mail);
	else if (!rset)
		say_mail(smtp, &smtp->mail);
	set_step(smtp, rset ? STEP_RSET : STEP_MAIL);
}

static void be_ready(struct smtp *smtp)
{
	set_step(smtp, STEP_IDLE);
	if (smtp->has_mail)
		start_mail(smtp);
}

static void say_ehlo(struct smtp *smtp)
{
	smtp->offers = 0;
	say(smtp, "EHLO %s", smtp->host.helo);
	set_step(smtp, STEP_EHLO);
}

static void log_in(struct smtp *smtp)
{
	if (smtp->host.user == NULL) {
		be_ready(smtp);
	} else if ((smtp->offers & SMTP_OFFERS_PLAIN) != 0) {
		say_auth_plain(smtp);
	} else if ((smtp->offers & SMTP_OFFERS_LOGIN) != 0) {
		say(smtp, "AUTH LOGIN");
		set_step(smtp, STEP_AUTH_USER);
	} else {
		lose(smtp, NULL, "the server offers neither AUTH PLAIN nor AUTH LOGIN");
	}
}

static void shake_hands(struct smtp *smtp)
{
	if (smtp_wire_handshake(&smtp->wire)) {
		if (smtp->host.security == SMTP_TLS)
			set_step(smtp, STEP_GREETING);
		else
			say_ehlo(smtp); /* RFC 3207 §4.2: what was offered in the clear counts for nothing */
	}
}

static void start_tls(struct smtp *smtp)
{
	struct fault f = {0};

	set_step(smtp, STEP_HANDSHAKE);
	if (smtp_wire_waiting(&smtp->wire) > 0)
		lose(smtp, NULL, "the server answered before it was asked");
	else if (smtp_wire_start_tls(&smtp->wire, smtp->host.name, smtp->host.ca_file, &f))
		shake_hands(smtp);
	else
		lose(smtp, NULL, f.say);
}

/* --- the mail's body --- */

/* How much of it can go as it stands: as far as a line that begins with a dot. */
static size_t clean_run(struct str bytes, bool line_start)
{
	size_t at = 0;

	while (at < bytes.len && !(line_start && bytes.at[at] == '.')) {
		const char *end = memchr(bytes.at + at, '\n', bytes.len - at);

		if (end == NULL)
			return bytes.len;
		at = (size_t) (end - bytes.at) + 1;
		line_start = true;
	}
	return at;
}

/* RFC 5321 §4.5.2, a piece at a time. flush: false where it shall go out with its dot. */
static void stuff_body(struct smtp *smtp, bool flush)
{
	struct str bytes = smtp->mail.bytes;

	while (smtp->body_at < bytes.len && smtp_wire_waiting(&smtp->wire) < WAITING_MOST && !smtp->wire.ended) {
		struct str piece = str_part(bytes, smtp->body_at, BODY_PIECE);
		size_t run = smtp->has_dots ? clean_run(piece, smtp->line_start) : piece.len;

		if (run == 0) {
			smtp_wire_add(&smtp->wire, ".", 1); /* … and the line as it is */
			smtp->line_start = false;
			continue;
		}
		smtp_wire_add(&smtp->wire, piece.at, run);
		smtp->body_at += run;
		smtp->line_start = piece.at[run - 1] == '\n';
		if (flush)
			smtp_wire_flush(&smtp->wire);
	}
}

static void send_dot(struct smtp *smtp)
{
	smtp->wire.hold = false;
	set_step(smtp, STEP_DOT);
	smtp_wire_add(&smtp->wire, ".\r\n", 3);
	smtp->dot_end = smtp->wire.sent + smtp_wire_waiting(&smtp->wire);
	if (smtp->has_next)
		say_group(smtp, &smtp->next);
}

static void ask_for_dot(struct smtp *smtp)
{
	set_step(smtp, STEP_ASK_DOT);
	if (smtp->mail.ask_dot != NULL)
		smtp->mail.ask_dot(smtp->mail.self);
	else if (smtp->mail.before_dot == NULL || smtp->mail.before_dot(smtp->mail.self))
		smtp_dot(smtp, true);
	else
		smtp_dot(smtp, false);
}

static void send_body(struct smtp *smtp)
{
	size_t before = smtp->body_at;
	/* Small enough for one write with its dot: whoever answers for the dot is asked first. */
	bool at_once = before == 0 && smtp->mail.ask_dot != NULL && smtp->mail.bytes.len <= AT_ONCE_MOST;

	stuff_body(smtp, !at_once);
	if (smtp->body_at == smtp->mail.bytes.len && !smtp->line_start) {
		smtp_wire_add(&smtp->wire, "\r\n", 2);
		smtp->line_start = true;
	}
	if (at_once && smtp->body_at == smtp->mail.bytes.len) {
		smtp->wire.hold = true;
		ask_for_dot(smtp);
		return;
	}
	smtp_wire_flush(&smtp->wire);
	if (smtp->body_at == smtp->mail.bytes.len && smtp_wire_waiting(&smtp->wire) == 0)
		ask_for_dot(smtp);
	else if (smtp->body_at > before)
		set_step(smtp, STEP_BODY); /* it moves: the time starts again */
}

/* --- what the server answers --- */

/* The mail will not go; the connection stays. Pipelined, the answers to what was already said are read first. */
static void refuse(struct smtp *smtp, const struct smtp_reply *reply, bool more_answers)
{
	enum smtp_outcome outcome = reply->code >= 500 ? SMTP_REFUSED : SMTP_LATER;

	if (smtp->verdict.reply == 0)
		smtp->verdict = result_of(outcome, stage_of(smtp->step), reply, NULL);
	if (!more_answers)
		tell(smtp, smtp->verdict, true);
}

static void on_setup_reply(struct smtp *smtp, const struct smtp_reply *reply)
{
	bool yes = reply->code >= 200 && reply->code < 300;

	switch (smtp->step) {
	case STEP_GREETING:
		if (reply->code == 220)
			say_ehlo(smtp);
		else
			lose(smtp, reply, NULL);
		break;
	case STEP_EHLO:
		smtp->offers = reply->offers;
		if (!yes && smtp->host.security == SMTP_PLAIN && smtp->host.user == NULL) {
			say(smtp, "HELO %s", smtp->host.helo);
			set_step(smtp, STEP_HELO);
		} else if (!yes) {
			lose(smtp, reply, NULL);
		} else if (smtp->host.security != SMTP_STARTTLS || smtp->wire.tls != NULL) {
			log_in(smtp);
		} else if ((reply->offers & SMTP_OFFERS_STARTTLS) != 0) {
			say(smtp, "STARTTLS");
			set_step(smtp, STEP_STARTTLS);
		} else {
			lose(smtp, NULL, "the server does not offer STARTTLS");
		}
		break;
	case STEP_HELO:
	case STEP_AUTH:
		if (yes)
			be_ready(smtp);
		else
			lose(smtp, reply, NULL);
		break;
	case STEP_AUTH_USER:
	case STEP_AUTH_PASSWORD:
		if (reply->code != 334) {
			lose(smtp, reply, NULL);
		} else if (smtp->step == STEP_AUTH_USER) {
			say_base64(smtp, "", str_from(smtp->host.user));
			set_step(smtp, STEP_AUTH_PASSWORD);
		} else {
			say_base64(smtp, "", secret_bytes(smtp->host.password));
			set_step(smtp, STEP_AUTH);
		}
		break;
	default:
		lose(smtp, reply, NULL); /* it speaks without being asked: 421, or nothing that we know */
	}
}

static void on_data_reply(struct smtp *smtp, const struct smtp_reply *reply)
{
	if (reply->code == 354 && smtp->verdict.reply != 0) {
		/* Refused before, yet it wants a mail: it gets none, and its answer to that changes nothing. */
		send_dot(smtp);
	} else if (reply->code == 354) {
		set_step(smtp, STEP_BODY);
		send_body(smtp);
	} else if (reply->code >= 400) {
		refuse(smtp, reply, false);
	} else {
		lose(smtp, NULL, "the server gave an answer to DATA that is none");
	}
}

static void on_dot_reply(struct smtp *smtp, const struct smtp_reply *reply)
{
	if (smtp->verdict.reply != 0) {
		tell(smtp, smtp->verdict, true);
	} else if (!is_dot_out(smtp)) {
		lose(smtp, reply->code >= 400 ? reply : NULL, "the server answered before the mail was whole");
	} else if (reply->code >= 200 && reply->code < 300) {
		smtp->needs_rset = false;
		tell(smtp, result_of(SMTP_ACCEPTED, SMTP_AT_DATA, reply, NULL), true);
	} else if (reply->code >= 400) {
		smtp->needs_rset = false;
		refuse(smtp, reply, false);
	} else {
		lose(smtp, NULL, "the server gave an answer to the mail that is none");
	}
}

static void on_mail_reply(struct smtp *smtp, const struct smtp_reply *reply)
{
	bool yes = reply->code >= 200 && reply->code < 300;

	switch (smtp->step) {
	case STEP_RSET:
		if (!yes)
			lose(smtp, reply, NULL);
		else if (!pipelines(smtp))
			say_mail(smtp, &smtp->mail);
		if (yes)
			set_step(smtp, STEP_MAIL);
		break;
	case STEP_MAIL:
	case STEP_RCPT:
		if (reply->code >= 300 && reply->code < 400) {
			lose(smtp, NULL, "the server gave an answer that is none");
			break;
		}
		if (!yes)
			refuse(smtp, reply, pipelines(smtp));
		if (!smtp->has_mail || smtp->step == STEP_LOST || smtp->step == STEP_IDLE)
			break;
		if (!pipelines(smtp) && smtp->step == STEP_MAIL)
			say_rcpt(smtp, &smtp->mail);
		else if (!pipelines(smtp))
			say(smtp, "DATA");
		set_step(smtp, smtp->step == STEP_MAIL ? STEP_RCPT : STEP_DATA);
		break;
	case STEP_DATA:
		on_data_reply(smtp, reply);
		break;
	case STEP_BODY:
	case STEP_ASK_DOT:
		/* Before the mail's end only a refusal makes sense, and after it nobody knows where the server stands. */
		if (reply->code >= 500 && smtp->verdict.reply == 0)
			smtp->verdict = result_of(SMTP_REFUSED, SMTP_AT_DATA, reply, NULL);
		lose(smtp, reply, NULL);
		break;
	default:
		on_dot_reply(smtp, reply);
	}
}

static void on_reply(struct smtp *smtp, const struct smtp_reply *reply)
{
	/* 421 anywhere: it closes. To the dot it is an answer like any 4xx. */
	if (reply->code == 421) {
		lose(smtp, reply, NULL);
	} else if (smtp->step == STEP_STARTTLS) {
		if (reply->code == 220)
			start_tls(smtp);
		else
			lose(smtp, reply, NULL);
	} else if (smtp->step >= STEP_RSET) {
		on_mail_reply(smtp, reply);
	} else {
		on_setup_reply(smtp, reply);
	}
}

/* --- the loop --- */

static bool is_over(const struct smtp *smtp)
{
	return smtp->closed || smtp->step == STEP_LOST;
}

static void take_bytes(struct smtp *smtp, struct str bytes)
{
	while (bytes.len > 0 && !is_over(smtp)) {
		bool was_clear = smtp->wire.tls == NULL;
		size_t used;
		enum smtp_fed fed = smtp_reply_feed(&smtp->reply, bytes, &used);

		bytes = str_part(bytes, used, SIZE_MAX);
		if (fed == SMTP_FED_MORE)
			return;
		if (fed == SMTP_FED_BAD) {
			lose(smtp, NULL, "the server's answer is not SMTP");
			return;
		}
		on_reply(smtp, &smtp->reply);
		smtp_reply_clear(&smtp->reply);
		if (!is_over(smtp))
			smtp_wire_flush(&smtp->wire);
		/* Bytes that came in the clear behind "220 go ahead" would otherwise count as said under TLS
		 * (CVE-2021-38371 and its kin): they are thrown away. */
		if (was_clear && !is_over(smtp) && smtp->wire.tls != NULL)
			return;
	}
}

static void connect_next(struct smtp *smtp);

static void on_event(void *self, unsigned events)
{
	struct smtp *smtp = self;

	(void) events;
	smtp->calls++;
	if (smtp->step == STEP_CONNECT) {
		if (!smtp_wire_is_connected(&smtp->wire)) {
			smtp->address = smtp->address->ai_next;
			connect_next(smtp);
			leave(smtp);
			return;
		}
		if (smtp->host.security == SMTP_TLS)
			start_tls(smtp);
		else
			set_step(smtp, STEP_GREETING);
	} else if (smtp->step == STEP_HANDSHAKE) {
		shake_hands(smtp);
	}
	work(smtp);
	leave(smtp);
}

/* Sends and reads what can be; afterwards the loop knows what we wait for. */
static void work(struct smtp *smtp)
{
	char bytes[READ_ONCE];

	for (int round = 0; round < 16 && !is_over(smtp); round++) {
		size_t got;

		smtp_wire_flush(&smtp->wire);
		if (smtp->step == STEP_BODY && smtp_wire_waiting(&smtp->wire) < WAITING_MOST && !smtp->wire.cannot_send)
			send_body(smtp);
		if (is_over(smtp) || smtp->wire.handshaking)
			break;
		got = smtp_wire_read(&smtp->wire, bytes, sizeof(bytes));
		if (got == 0)
			break;
		take_bytes(smtp, str_make(bytes, got));
		if (got < sizeof(bytes) && smtp->wire.tls == NULL)
			break; /* that was all: the loop tells of more */
	}
	if (is_over(smtp))
		return;
	smtp_wire_flush(&smtp->wire);
	smtp_wire_want(&smtp->wire);
	if (smtp->wire.ended)
		lose(smtp, NULL, smtp->wire.why);
}

static void refused_at_once(void *self)
{
	struct smtp *smtp = self;
	char why[SMTP_TEXT_BYTES];

	memcpy(why, smtp->wire.why, sizeof(why));
	smtp->calls++;
	lose(smtp, NULL, why);
	leave(smtp);
}

/* The next address that takes a connection; none: the loss is told from the loop, never from inside smtp_open(). */
static void connect_next(struct smtp *smtp)
{
	set_step(smtp, STEP_CONNECT);
	for (; smtp->address != NULL; smtp->address = smtp->address->ai_next) {
		smtp->wire.why[0] = '\0';
		if (smtp_wire_connect(&smtp->wire, smtp->address, on_event, smtp))
			return;
	}
	loop_timer_set(smtp->loop, &smtp->timer, 0, refused_at_once, smtp);
}

/* --- what callers use --- */

static char *copy_text(const char *text, char **slot)
{
	size_t len;

	if (text == NULL)
		return NULL;
	len = strlen(text);
	*slot = memory_new(len + 1, 1);
	memcpy(*slot, text, len);
	return *slot;
}

bool smtp_open(struct smtp **out, struct loop *loop, const struct smtp_host *host, void (*on_lost)(void *self),
	void *self,
	struct fault *f)
{
	struct smtp *smtp;

	if (!smtp_check_host(host, f))
		return false;
	smtp = memory_new(1, sizeof(*smtp));
	smtp->loop = loop;
	smtp->host = *host;
	smtp->host.name = copy_text(host->name, &smtp->texts[0]);
	smtp->host.user = copy_text(host->user, &smtp->texts[1]);
	smtp->host.helo = copy_text(host->helo, &smtp->texts[2]);
	smtp->host.ca_file = copy_text(host->ca_file, &smtp->texts[3]);
	if (smtp->host.step_timeout_ms <= 0)
		smtp->host.step_timeout_ms = STEP_TIMEOUT_MS;
	smtp->on_lost = on_lost;
	smtp->self = self;
	smtp_wire_init(&smtp->wire, loop);
	if (!smtp_resolve(&smtp->host, &smtp->addresses, f)) {
		free_now(smtp);
		return false;
	}
	smtp->address = smtp->addresses;
	connect_next(smtp);
	*out = smtp;
	return true;
}

bool smtp_is_idle(const struct smtp *smtp)
{
	return !smtp->has_mail && smtp->step <= STEP_IDLE;
}

bool smtp_send(struct smtp *smtp, const struct smtp_mail *mail, struct fault *f)
{
	must(smtp_is_idle(smtp));
	if (!smtp_check_mail(mail, &smtp->has_dots, f))
		return false;
	smtp->mail = *mail;
	smtp->has_mail = true;
	if (smtp->step != STEP_IDLE)
		return true;
	smtp->calls++;
	start_mail(smtp);
	smtp_wire_flush(&smtp->wire);
	smtp_wire_want(&smtp->wire);
	leave(smtp);
	return true;
}

bool smtp_follow(struct smtp *smtp, const struct smtp_mail *mail)
{
	struct fault f = {0};

	if (smtp->step != STEP_ASK_DOT || !pipelines(smtp) || smtp->has_next || !takes_letters_of(smtp, mail) ||
		!smtp_check_mail(mail, &smtp->next_has_dots, &f))
		return false;
	smtp->next = *mail;
	smtp->has_next = true;
	return true;
}

void smtp_unfollow(struct smtp *smtp)
{
	smtp->ends = smtp->ends || (smtp->has_next && smtp->step == STEP_DOT);
	smtp->has_next = false;
}

void smtp_dot(struct smtp *smtp, bool go)
{
	if (smtp->step != STEP_ASK_DOT)
		return;
	smtp->calls++;
	if (go) {
		send_dot(smtp);
		smtp_wire_flush(&smtp->wire);
		smtp_wire_want(&smtp->wire);
	} else {
		lose(smtp, NULL, "stopped before the mail's end");
	}
	leave(smtp);
}

void smtp_close(struct smtp **out)
{
	struct smtp *smtp = *out;

	*out = NULL;
	if (smtp == NULL)
		return;
	smtp->calls++;
	if (smtp->step == STEP_IDLE) {
		say(smtp, "QUIT");
		smtp_wire_flush(&smtp->wire);
	}
	smtp->closed = true;
	lose(smtp, NULL, "stopped");
	leave(smtp);
}
