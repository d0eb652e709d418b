/* smtp_inside.h: the SMTP client's lower parts: replies (smtp_reply.c), bytes (smtp_wire.c), checks (smtp_check.c).
 * SPDX-License-Identifier: ISC */
#ifndef MAIL_SMTP_INSIDE_H
#define MAIL_SMTP_INSIDE_H

#include <netdb.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/str.h"

struct fault;
struct loop;
struct loop_watch;

/* --- replies (RFC 5321 §4.2) --- */

enum {
	SMTP_LINE_MOST = 1024,    /* RFC 5321 §4.5.3.1.5 says 512; some servers say more */
	SMTP_LINES_MOST = 100,
	SMTP_TEXT_BYTES = 200
};

/* What EHLO's lines offer. */
enum { SMTP_OFFERS_PIPELINING = 1, SMTP_OFFERS_STARTTLS = 2, SMTP_OFFERS_PLAIN = 4, SMTP_OFFERS_LOGIN = 8,
	SMTP_OFFERS_SIZE = 16,
	SMTP_OFFERS_UTF8 = 32, SMTP_OFFERS_8BIT = 64 };

struct smtp_reply {
	int code;                    /* 200–599; 0 until the first line is whole */
	char enhanced[12];           /* RFC 3463 "5.1.1" of the first line, or "" */
	char text[SMTP_TEXT_BYTES];  /* all lines' words, joined by blanks, cleaned, cut */
	unsigned offers;
	unsigned lines;
	size_t line_len;             /* of the line that is not whole yet */
	char line[SMTP_LINE_MOST];   /* last: cleared without it */
};

enum smtp_fed { SMTP_FED_MORE, SMTP_FED_WHOLE, SMTP_FED_BAD };

void smtp_reply_clear(struct smtp_reply *reply);
/* Feeds bytes to *reply (zeroed or cleared for a new one), however they were cut. *used: how many were taken; after WHOLE the
 * rest belongs to the next reply. BAD: not SMTP, over-long, or endless; the connection must end. */
enum smtp_fed smtp_reply_feed(struct smtp_reply *reply, struct str bytes, size_t *used);

/* --- what may go in --- */

struct smtp_host;
struct smtp_mail;

bool smtp_check_host(const struct smtp_host *host, struct fault *f) __attribute__((warn_unused_result));
/* *has_dots: a line begins with one, and must get another. */
bool smtp_check_mail(const struct smtp_mail *mail, bool *has_dots, struct fault *f) __attribute__((warn_unused_result));
/* Blocks where host->name is no address. DENIED: a password would go over a network in the clear. The caller frees
 * *out whatever this gives. */
bool smtp_resolve(const struct smtp_host *host, struct addrinfo **out, struct fault *f)
	__attribute__((warn_unused_result));

/* --- the wire: a socket, with or without TLS over it --- */

struct smtp_wire {
	struct loop *loop;
	int fd;
	struct loop_watch *watch;
	SSL_CTX *tls_context;
	SSL *tls;
	bool handshaking;
	bool cannot_send;         /* the socket refuses; there may still be something to read */
	bool ended;               /* the other side is gone, or TLS failed */
	bool hold;                /* nothing goes out: more comes that shall go with it */
	struct buf out;           /* for the socket, encrypted where TLS runs */
	size_t out_sent;
	uint64_t sent;            /* bytes that the kernel has, of all that were ever added */
	char why[SMTP_TEXT_BYTES]; /* of the end, for people */
};

void smtp_wire_init(struct smtp_wire *wire, struct loop *loop);
/* Begins to connect; false when that failed at once (why is set). */
bool smtp_wire_connect(struct smtp_wire *wire, const struct addrinfo *address,
	void (*call)(void *self, unsigned events),
	void *self);
/* After the first event: did it come about? */
bool smtp_wire_is_connected(struct smtp_wire *wire);
/* name: the certificate's; checked. A name or an address. */
bool smtp_wire_start_tls(struct smtp_wire *wire, const char *name, const char *ca_file, struct fault *f)
	__attribute__((warn_unused_result));
/* One step of the handshake; true when it is done. */
bool smtp_wire_handshake(struct smtp_wire *wire);
void smtp_wire_add(struct smtp_wire *wire, const void *at, size_t len);
size_t smtp_wire_waiting(const struct smtp_wire *wire); /* bytes not yet with the kernel */
void smtp_wire_flush(struct smtp_wire *wire);
/* Bytes read; 0: none now, or ended. */
size_t smtp_wire_read(struct smtp_wire *wire, char *at, size_t room);
void smtp_wire_want(struct smtp_wire *wire); /* tells the loop what to wait for */
void smtp_wire_release(struct smtp_wire *wire);

#endif
