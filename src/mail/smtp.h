/* smtp.h: our own non-blocking SMTP client (RFC 5321): one struct smtp is one connection to one host.
 *
 * STARTTLS or TLS from the start (OpenSSL, verified), AUTH PLAIN/LOGIN, PIPELINING of MAIL, RCPT and DATA; the
 * final dot goes out only after `before_dot` said so, which is where a caller makes "sending" durable. One mail at
 * a time per connection, and the envelope of one that follows it; the connection is kept for the next. What happened
 * to a mail is told exactly once.
 * SPDX-License-Identifier: ISC */
#ifndef MAIL_SMTP_H
#define MAIL_SMTP_H

#include <stdbool.h>
#include <stdint.h>
#include "base/email.h"
#include "base/str.h"

struct fault;
struct loop;
struct secret;
struct smtp;

enum smtp_security { SMTP_PLAIN, SMTP_STARTTLS, SMTP_TLS }; /* PLAIN only where the settings say so in words */

struct smtp_host {
	const char *name;             /* to connect to, and the certificate's name */
	uint16_t port;
	enum smtp_security security;
	const char *user;             /* NULL: no AUTH; AUTH without TLS is refused unless the host is a loopback address */
	const struct secret *password;
	const char *helo;             /* our name in EHLO */
	const char *ca_file;          /* NULL: the system's */
	int64_t step_timeout_ms;      /* 0: 60,000; the answer to the dot waits up to 600,000 (RFC 5321 §4.5.3.2.6) */
};

enum smtp_outcome {
	SMTP_ACCEPTED,   /* 2xx to the dot */
	SMTP_LATER,      /* 4xx anywhere, no connection, or 5xx before MAIL (a wrong password is not the mail's fault):
	                    nothing was taken, try again */
	SMTP_REFUSED,    /* 5xx to MAIL, RCPT, DATA or the dot: will never be taken */
	SMTP_IN_DOUBT    /* the connection went away between the dot and its answer (RFC 1047) */
};

/* Whose words the reply is: a 5xx to MAIL is about the sender and will meet every mail, one to RCPT about the
 * address. */
enum smtp_stage { SMTP_AT_CONNECTION, SMTP_AT_MAIL, SMTP_AT_RCPT, SMTP_AT_DATA };

struct smtp_result {
	enum smtp_outcome outcome;
	enum smtp_stage stage;
	int reply;                  /* 250, 421, 550 …; 0 when there was none */
	char enhanced[12];          /* "5.1.1" or "" */
	char text[200];             /* the server's words, cleaned, or ours; may hold an address: never to the log */
	bool connection_is_open;    /* the next mail may use it */
};

struct smtp_mail {
	struct str from;            /* envelope; empty: <> */
	struct str to;
	struct str bytes;           /* headers and body, CRLF; dot-stuffed here; must stay until `done` */
	bool utf8;                  /* `to`, and so the header, holds UTF-8 (RFC 6531): REFUSED where the server does not offer it */
	/* Called once, when everything but the final ".\r\n" is written and 354 was read. False: the connection is
	 * dropped and the outcome is SMTP_LATER. NULL: yes. */
	bool (*before_dot)(void *self);
	/* Instead of before_dot, for callers that commit many at once: the dot waits until smtp_dot(), and with it a mail
	 * that fits into one write. NULL: not wanted. */
	void (*ask_dot)(void *self);
	void (*done)(void *self, const struct smtp_result *result);
	void *self;
};

/* Resolving is blocking in libc, so `host.name` is resolved when the connection is opened by a child-free
 * getaddrinfo with AI_NUMERICHOST first; names in the settings are resolved once per connection. False: INPUT or
 * DENIED (settings), REMOTE (the name is not known now). A connection that is refused or lost is told by `done`, or
 * by `on_lost` (may be NULL) where no mail is under way; after either with connection_is_open false the struct is
 * good for smtp_close() alone, inside the call too. No callback runs inside smtp_open() or smtp_send(). */
bool smtp_open(struct smtp **smtp, struct loop *loop, const struct smtp_host *host, void (*on_lost)(void *self),
	void *self,
	struct fault *f) __attribute__((warn_unused_result));
/* No mail under way and not lost; while still connecting too: a mail given then goes out when the server is ready. */
bool smtp_is_idle(const struct smtp *smtp);
/* must be idle. INPUT: an envelope address or bytes that cannot go over SMTP (bare CR or LF, NUL, 8-bit, lines over
 * 998). */
bool smtp_send(struct smtp *smtp, const struct smtp_mail *mail, struct fault *f) __attribute__((warn_unused_result));
/* While a mail waits for smtp_dot(): the next one's MAIL, RCPT and DATA go right behind that dot (RFC 2920 §3.1), so that
 * a mail costs one round trip; its content waits for 354 as always. False: the server does not pipeline, the mail under
 * way does not wait for its dot, or it is one that smtp_send() must judge; nothing happened then. It is begun when the
 * mail before it is told with connection_is_open, just before that `done`. Told without, it was not begun: no `done`
 * comes, it is the caller's again. */
bool smtp_follow(struct smtp *smtp, const struct smtp_mail *mail) __attribute__((warn_unused_result));
/* Takes back the one that follows, if it has not begun. Where its envelope is out already, the connection ends with the
 * answer to the mail before it. */
void smtp_unfollow(struct smtp *smtp);
/* The answer to ask_dot (may be called inside it); does nothing when the mail has ended meanwhile. */
void smtp_dot(struct smtp *smtp, bool go);
void smtp_close(struct smtp **smtp); /* QUIT if idle; a running mail ends as LATER or IN_DOUBT before this returns */

#endif
