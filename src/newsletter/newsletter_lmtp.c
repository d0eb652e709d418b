/* newsletter_lmtp.c: the mail server hands bounces in by LMTP (RFC 2033): a loopback port or a Unix socket.
 *
 * Decides: which recipients there are (return paths with a genuine token; everybody else is no such user), sizes and
 * times, and that 250 means durable. Leaves to newsletter_reports.c: reading. Runs in: the newsletter room. The hard thing:
 * the answer to the dot comes once a recipient, and only when what follows from the mail is on disk; until then the
 * connection waits and nothing else of it is read.
 * SPDX-License-Identifier: ISC */
#include "newsletter_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/loop.h"
#include "http/http.h"
#include "newsletter_bounce.h"
#include "newsletter_letters.h"

enum {
	CONNECTIONS_MOST = 16,
	RECIPIENTS_MOST = 8,
	LINE_MOST = 2048,          /* RFC 5321 §4.5.3.1.5 says 512, and lines of mails 1,000 */
	REPLIES_MOST = 16 * 1024,
	MAIL_MOST = 32 * 1024 * 1024, /* what is let through; REPORT_BYTES of it are kept */
	IDLE_MS = 60000
};

struct session {
	struct lmtp *lmtp;
	int fd;
	struct loop_watch *watch;
	struct loop_timer *idle;
	bool greeted, has_sender, has_letter, in_data, waits, quitting, long_line;
	size_t recipients;
	size_t taken_bytes;        /* of the mail, kept or not */
	size_t line_len;
	char line[LINE_MOST];
	struct buf mail, out;
	size_t out_sent;
	char rest[4096];           /* read, not looked at while the session waits */
	size_t rest_len;
};

struct lmtp {
	struct newsletter *n;
	int fd;
	struct loop_watch *watch;
	struct session *sessions[CONNECTIONS_MOST];
};

static void feed(struct session *s, struct str bytes);

static void end_session(struct session *s)
{
	struct lmtp *lmtp = s->lmtp;

	for (size_t i = 0; i < CONNECTIONS_MOST; i++)
		if (lmtp->sessions[i] == s)
			lmtp->sessions[i] = NULL;
	reports_forget(lmtp->n->reports, s);
	loop_timer_stop(&s->idle);
	loop_unwatch(&s->watch);
	(void) close(s->fd);
	buf_release(&s->mail);
	buf_release(&s->out);
	memory_free(s);
}

static void say(struct session *s, const char *reply)
{
	buf_add_text(&s->out, reply);
	buf_add_text(&s->out, "\r\n");
}

/* False: the session has ended. */
static bool flush(struct session *s)
{
	struct fault f = {0};

	if (s->out.over) { /* commands without end, and nobody who reads the answers */
		end_session(s);
		return false;
	}
	while (s->out_sent < s->out.len) {
		ssize_t sent = send(s->fd, s->out.at + s->out_sent, s->out.len - s->out_sent, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && (errno == EAGAIN))
			break;
		if (sent <= 0) {
			end_session(s);
			return false;
		}
		s->out_sent += (size_t) sent;
	}
	if (s->out_sent == s->out.len) {
		buf_clear(&s->out);
		s->out_sent = 0;
		if (s->quitting) {
			end_session(s);
			return false;
		}
	}
	/* Who does not read their answers is not read from. */
	if (!loop_watch_change(s->watch, (s->out.len > 0 ? LOOP_WRITE : 0u) | (s->waits || s->out.len > 0 ? 0u : LOOP_READ), &f)) {
		log_fault(&f, "an LMTP connection");
		end_session(s);
		return false;
	}
	return true;
}

static void reset(struct session *s)
{
	s->has_sender = s->has_letter = s->in_data = false;
	s->recipients = 0;
	s->taken_bytes = 0;
	buf_release(&s->mail);
}

/* --- commands --- */

/* "<…>" behind the colon; parameters are passed over. */
static bool read_path(struct str line, struct str *path)
{
	size_t open = str_find_char(line, '<');
	size_t close_at = str_find_char(line, '>');

	if (open == SIZE_MAX || close_at == SIZE_MAX || close_at < open || str_has_control(line))
		return false;
	*path = str_part(line, open + 1, close_at - open - 1);
	return path->len <= EMAIL_BYTES;
}

static void take_sender(struct session *s, struct str line)
{
	struct str path;

	if (!s->greeted || s->has_sender) {
		say(s, "503 5.5.1 Not now");
	} else if (!read_path(line, &path)) {
		say(s, "501 5.1.7 Syntax: MAIL FROM:<address>");
	} else {
		s->has_sender = true;
		buf_add_text(&s->mail, path.len == 0 ? "Return-Path: <>\r\n" : "");
		say(s, "250 2.1.0 OK");
	}
}

static void take_recipient(struct session *s, struct str line)
{
	struct newsletter *n = s->lmtp->n;
	struct str path;
	int64_t delivery;
	bool is_letter;

	if (!s->has_sender) {
		say(s, "503 5.5.1 MAIL first");
	} else if (!read_path(line, &path)) {
		say(s, "501 5.1.3 Syntax: RCPT TO:<address>");
	} else if (s->recipients == RECIPIENTS_MOST || s->has_letter) {
		say(s, "452 4.5.3 Too many recipients");
	} else if (!(is_letter = newsletter_letter_address(n, path, &delivery) != LETTER_NONE) && !newsletter_is_bounce_address(n, path)) {
		say(s, "550 5.1.1 No such recipient here");
	} else if (is_letter && s->recipients > 0) {
		say(s, "452 4.5.3 One at a time"); /* only the first Delivered-To is looked at */
	} else {
		s->recipients++;
		s->has_letter = is_letter;
		buf_format(&s->mail, "Delivered-To: %.*s\r\n", STR_ARG(path));
		say(s, "250 2.1.5 OK");
	}
}

static bool is_verb(struct str line, const char *verb)
{
	size_t len = strlen(verb);

	return str_equal_nocase(str_part(line, 0, len), str_make(verb, len)) && (line.len == len || line.at[len] == ' ');
}

static void take_command(struct session *s, struct str line)
{
	if (is_verb(line, "LHLO") && line.len > 5) {
		reset(s);
		s->greeted = true;
		say(s, "250-mimeo\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250 SIZE 33554432");
	} else if (is_verb(line, "HELO") || is_verb(line, "EHLO")) {
		say(s, "500 5.5.1 This is LMTP: say LHLO");
	} else if (is_verb(str_part(line, 0, 4), "MAIL")) {
		take_sender(s, line);
	} else if (is_verb(str_part(line, 0, 4), "RCPT")) {
		take_recipient(s, line);
	} else if (is_verb(line, "DATA")) {
		if (s->recipients == 0) {
			say(s, "503 5.5.1 No recipient");
			return;
		}
		s->in_data = true;
		say(s, "354 Go on, end with a dot");
	} else if (is_verb(line, "RSET")) {
		reset(s);
		say(s, "250 2.0.0 OK");
	} else if (is_verb(line, "NOOP")) {
		say(s, "250 2.0.0 OK");
	} else if (is_verb(line, "VRFY")) {
		say(s, "252 2.1.5 Try and see");
	} else if (is_verb(line, "QUIT")) {
		say(s, "221 2.0.0 Bye");
		s->quitting = true;
	} else {
		say(s, "500 5.5.2 What?");
	}
}

/* --- the mail --- */

static void answer_mail(struct session *s, const char *reply)
{
	for (size_t i = 0; i < s->recipients; i++) /* RFC 2033 §4.2: one reply a recipient */
		say(s, reply);
	reset(s);
}

static void taken(void *self, bool ok)
{
	struct session *s = self;
	char rest[sizeof(s->rest)];
	size_t len = s->rest_len;

	s->waits = false;
	s->rest_len = 0;
	answer_mail(s, ok ? "250 2.0.0 Taken" : "451 4.3.0 Not now");
	memcpy(rest, s->rest, len);
	if (flush(s) && len > 0)
		feed(s, str_make(rest, len));
}

static void end_mail(struct session *s)
{
	struct fault f = {0};

	s->in_data = false;
	if (s->taken_bytes > MAIL_MOST) {
		answer_mail(s, "552 5.3.4 Too large");
	} else if (s->lmtp->n->room->draining || !reports_take(s->lmtp->n->reports, buf_view(&s->mail), taken, s, &f)) {
		answer_mail(s, "451 4.3.2 Not now");
	} else {
		s->waits = true;
	}
}

static void take_mail_line(struct session *s, struct str line)
{
	if (str_is(line, ".") && !s->long_line) {
		end_mail(s);
		return;
	}
	if (line.len > 0 && line.at[0] == '.' && !s->long_line)
		line = str_part(line, 1, SIZE_MAX);
	s->taken_bytes += line.len + 2;
	if (s->mail.len + line.len + 2 > REPORT_BYTES)
		return;
	buf_add_str(&s->mail, line);
	buf_add_text(&s->mail, "\r\n");
}

/* A line is whole, or as long as one may be: a mail's is then cut in two, a command's refused. */
static void take_line(struct session *s, bool is_whole)
{
	struct str line = str_make(s->line, s->line_len);
	bool was_long = s->long_line;

	s->line_len = 0;
	if (is_whole && line.len > 0 && line.at[line.len - 1] == '\r')
		line.len--;
	if (s->in_data)
		take_mail_line(s, line);
	else if (is_whole && was_long)
		say(s, "500 5.5.2 Line too long");
	else if (is_whole)
		take_command(s, line);
	s->long_line = !is_whole;
}

static void feed(struct session *s, struct str bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		if (s->waits || s->quitting) {
			struct str rest = str_part(bytes, i, SIZE_MAX);

			s->rest_len = s->waits && rest.len <= sizeof(s->rest) ? rest.len : 0;
			memcpy(s->rest, rest.at, s->rest_len);
			break;
		}
		if (bytes.at[i] == '\n') {
			take_line(s, true);
		} else {
			s->line[s->line_len++] = bytes.at[i];
			if (s->line_len == LINE_MOST)
				take_line(s, false);
		}
	}
	(void) flush(s);
}

/* --- connections --- */

static void on_idle(void *self)
{
	struct session *s = self;

	if (s->waits) {
		loop_timer_set(s->lmtp->n->room->loop, &s->idle, IDLE_MS, on_idle, s);
		return;
	}
	say(s, "421 4.4.2 Too long without a word");
	s->quitting = true;
	if (flush(s))
		end_session(s); /* it does not read either */
}

static void on_bytes(void *self, unsigned events)
{
	struct session *s = self;
	char bytes[sizeof(s->rest)];
	ssize_t got;

	if (s->out.len > 0 && (events & (LOOP_WRITE | LOOP_HANGUP)) != 0 && !flush(s))
		return;
	if (s->waits || s->out.len > 0) {
		if ((events & LOOP_HANGUP) != 0)
			end_session(s);
		return;
	}
	got = recv(s->fd, bytes, sizeof(bytes), 0);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		end_session(s);
		return;
	}
	loop_timer_set(s->lmtp->n->room->loop, &s->idle, IDLE_MS, on_idle, s);
	feed(s, str_make(bytes, (size_t) got));
}

static void on_connection(void *self, unsigned events)
{
	struct lmtp *lmtp = self;
	struct fault f = {0};
	struct session *s;
	size_t place = 0;
	int fd = accept4(lmtp->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void) events;
	if (fd < 0)
		return;
	while (place < CONNECTIONS_MOST && lmtp->sessions[place] != NULL)
		place++;
	if (place == CONNECTIONS_MOST || lmtp->n->room->draining) {
		(void) !send(fd, "421 4.3.2 Not now\r\n", 19, MSG_NOSIGNAL | MSG_DONTWAIT);
		(void) close(fd);
		return;
	}
	s = memory_new(1, sizeof(*s));
	s->lmtp = lmtp;
	s->fd = fd;
	buf_init(&s->mail, REPORT_BYTES);
	buf_init(&s->out, REPLIES_MOST);
	lmtp->sessions[place] = s;
	if (!loop_watch(lmtp->n->room->loop, fd, LOOP_READ, on_bytes, s, &s->watch, &f)) {
		log_fault(&f, "an LMTP connection");
		end_session(s);
		return;
	}
	loop_timer_set(lmtp->n->room->loop, &s->idle, IDLE_MS, on_idle, s);
	say(s, "220 mimeo LMTP");
	(void) flush(s);
}

static bool listen_at(struct str where, int *fd, struct fault *f)
{
	size_t colon = where.len;
	char address[64];
	int64_t port = 0;

	if (where.at[0] == '/') {
		char path[108];

		(void) snprintf(path, sizeof(path), "%.*s", STR_ARG(where));
		/* Anybody on this machine may hand in reports; what counts is their token. */
		return http_listen_unix(AT_FDCWD, path, 0666, fd, f);
	}
	while (colon > 0 && where.at[colon - 1] != ':')
		colon--;
	(void) snprintf(address, sizeof(address), "%.*s", STR_ARG(str_part(where, 0, colon - 1)));
	if (!str_to_i64(str_part(where, colon, SIZE_MAX), &port))
		port = 0;
	return http_listen_tcp(address, (uint16_t) port, fd, f);
}

bool lmtp_open(struct lmtp **handle, struct newsletter *n, struct fault *f)
{
	struct lmtp *lmtp;
	int fd = -1;

	if (n->room->settings.bounce_lmtp.len == 0 || n->room->read_only)
		return true;
	if (!listen_at(n->room->settings.bounce_lmtp, &fd, f))
		return fault_add(f, "while opening [newsletter] bounce_lmtp");
	lmtp = memory_new(1, sizeof(*lmtp));
	lmtp->n = n;
	lmtp->fd = fd;
	*handle = lmtp;
	return loop_watch(n->room->loop, fd, LOOP_READ, on_connection, lmtp, &lmtp->watch, f);
}

void lmtp_close(struct lmtp **handle)
{
	struct lmtp *lmtp = *handle;

	if (lmtp == NULL)
		return;
	*handle = NULL;
	for (size_t i = 0; i < CONNECTIONS_MOST; i++)
		if (lmtp->sessions[i] != NULL)
			end_session(lmtp->sessions[i]);
	loop_unwatch(&lmtp->watch);
	(void) close(lmtp->fd);
	memory_free(lmtp);
}
