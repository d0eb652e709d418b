/* newsletter_talk.h: what the newsletter room and its keeper say to each other, over a socketpair.
 *
 * A frame is a length (4 bytes, little-endian: of what follows the head), a type (1), three zeros, and fields in a fixed
 * order: numbers little-endian, texts with a length of four bytes. Every text has a bound, every number a range, a frame must
 * be used up to its last byte. A frame that is not so ends the talk: whoever reads it closes and goes on without the other.
 * SPDX-License-Identifier: ISC */
#ifndef NEWSLETTER_NEWSLETTER_TALK_H
#define NEWSLETTER_NEWSLETTER_TALK_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/str.h"

struct fault;
struct loop;
struct loop_watch;

enum { TALK_HOSTS = 8, TALK_HEAD_BYTES = 8, TALK_TEXT_BYTES = 200 };

enum talk_type {
	/* room → keeper */
	TALK_HOST = 1,  /* a mail server; all of them come before the first mail */
	TALK_MAIL,      /* one whole mail for one recipient */
	TALK_FOLDED,    /* records up to here are in the database */
	TALK_RETURN,    /* what waits for a server (or for any: host 255) comes back as RETURNED */
	TALK_DRAIN,     /* the same for all; nothing new comes; end when nothing is under way */
	/* keeper → room */
	TALK_DOTTED,    /* is in the journal: the dot leaves */
	TALK_ENDED,     /* is in the journal: the outcome */
	TALK_RETURNED   /* was not begun */
};

struct talk_host {
	unsigned host, security;  /* enum smtp_security */
	uint16_t port;
	unsigned connections;
	struct str name, user, password, helo, ca_file; /* user empty: no AUTH */
};

struct talk_mail {
	int64_t delivery;
	uint32_t try;
	unsigned host;
	bool utf8;                /* the address needs SMTPUTF8 */
	struct str from, to;
	struct str head;          /* written before the bytes: signatures that were made elsewhere; read: empty */
	struct str bytes;
};

struct talk_event {
	enum talk_type type;      /* DOTTED, ENDED or RETURNED */
	int64_t delivery;
	uint32_t try;
	uint64_t seq;             /* of its record */
	int outcome, stage, reply;
	bool is_open;             /* the connection took it in peace */
	bool worked;              /* … and had taken mails before */
	char enhanced[12];
	char text[TALK_TEXT_BYTES]; /* the server's words: may hold an address */
};

struct talk {
	int fd;
	struct loop_watch *watch;
	struct buf in, out;
	size_t out_sent;
	bool ended;               /* the other side is gone, or has sent what is none */
	/* One frame; false: it is none. */
	bool (*take)(void *self, unsigned type, struct str payload);
	void (*on_end)(void *self);
	void *self;
};

/* fd is non-blocking; closed by talk_close(). */
bool talk_open(struct talk *talk, struct loop *loop, int fd, bool (*take)(void *self, unsigned type, struct str payload),
	void (*on_end)(void *self), void *self, struct fault *f) __attribute__((warn_unused_result));
void talk_close(struct talk *talk);
size_t talk_waiting(const struct talk *talk); /* bytes not yet with the kernel */
void talk_flush(struct talk *talk);

void talk_send_host(struct talk *talk, const struct talk_host *host);
void talk_send_mail(struct talk *talk, const struct talk_mail *mail);
void talk_send_folded(struct talk *talk, uint64_t seq);
void talk_send_return(struct talk *talk, unsigned host); /* 255: all */
void talk_send_drain(struct talk *talk);
void talk_send_event(struct talk *talk, const struct talk_event *event);

/* Texts are views of the payload. False: not such a message. */
bool talk_read_host(struct str payload, struct talk_host *out);
bool talk_read_mail(struct str payload, struct talk_mail *out);
bool talk_read_number(struct str payload, uint64_t *out);
bool talk_read_event(unsigned type, struct str payload, struct talk_event *out);

#endif
