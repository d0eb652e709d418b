/* smtp.h: our own non-blocking SMTP client (RFC 5321): one struct smtp is one connection to one host.
 *
 * STARTTLS or TLS from the start (OpenSSL, verified), AUTH PLAIN/LOGIN, PIPELINING of MAIL, RCPT and DATA; the final dot
 * goes out only after `before_dot` said so, which is where a caller makes "sending" durable. One mail at a time per
 * connection; the connection is kept for the next. What happened to a mail is told exactly once.
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
	SMTP_LATER,      /* 4xx anywhere, or no connection: nothing was taken, try again */
	SMTP_REFUSED,    /* 5xx: will never be taken */
	SMTP_IN_DOUBT    /* the connection went away between the dot and its answer (RFC 1047) */
};

struct smtp_result {
	enum smtp_outcome outcome;
	int reply;                  /* 250, 421, 550 …; 0 when there was none */
	char enhanced[12];          /* "5.1.1" or "" */
	char text[200];             /* the server's words, cleaned; may hold an address: never to the log */
	bool connection_is_open;    /* the next mail may use it */
};

struct smtp_mail {
	struct str from;            /* envelope; empty: <> */
	struct str to;
	struct str bytes;           /* headers and body, CRLF; dot-stuffed here; must stay until `done` */
	/* Called once, when everything but the final ".\r\n" is written and 354 was read. False: the connection is dropped and the
	 * outcome is SMTP_LATER. NULL: yes. */
	bool (*before_dot)(void *self);
	void (*done)(void *self, const struct smtp_result *result);
	void *self;
};

/* Resolving is blocking in libc, so `host.name` is resolved when the connection is opened by a child-free getaddrinfo with
 * AI_NUMERICHOST first; names in the settings are resolved once per connection. `on_lost` (may be NULL): the server closed an idle
 * connection. */
bool smtp_open(struct smtp **smtp, struct loop *loop, const struct smtp_host *host, void (*on_lost)(void *self), void *self,
	struct fault *f) __attribute__((warn_unused_result));
bool smtp_is_idle(const struct smtp *smtp);
/* must be idle. */
bool smtp_send(struct smtp *smtp, const struct smtp_mail *mail, struct fault *f) __attribute__((warn_unused_result));
void smtp_close(struct smtp **smtp); /* QUIT if idle; a running mail ends as LATER or IN_DOUBT before this returns */

#endif
