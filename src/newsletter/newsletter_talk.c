/* newsletter_talk.c: frames between the newsletter room and its keeper.
 *
 * Decides: what a frame is. Leaves to newsletter_keeper.c and newsletter_hand.c: what it means. Runs in: both; fuzzed. The
 * hard thing: neither may believe the other. A length is looked at before a byte is kept for it, and whatever is not a whole,
 * known message ends the talk on the reader's side only.
 * SPDX-License-Identifier: ISC */
#include "newsletter_talk.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/email.h"
#include "base/fault.h"
#include "base/limits.h"
#include "base/loop.h"
#include "mail/smtp.h"

enum {
	NAME_MOST = 512,
	MAIL_MOST = LIMIT_MAIL_BYTES + 64 * 1024,  /* with its signature */
	FRAME_MOST = MAIL_MOST + 4096,
	OUT_MOST = 64 * 1024 * 1024,               /* more than any window of mails is worth: a bug would stop here */
	READ_ONCE = 256 * 1024
};

/* --- writing --- */

static void put(struct buf *out, uint64_t n, size_t bytes)
{
	char number[sizeof(n)];

	for (size_t i = 0; i < bytes; i++)
		number[i] = (char) (unsigned char) (n >> (8 * i));
	buf_add(out, number, bytes);
}

static void put_text(struct buf *out, struct str text)
{
	put(out, text.len, 4);
	buf_add_str(out, text);
}

static size_t begin(struct talk *talk, enum talk_type type)
{
	size_t at;

	if (talk->out_sent == talk->out.len) {
		buf_clear(&talk->out);
		talk->out_sent = 0;
	} else if (talk->out_sent > READ_ONCE && talk->out_sent > talk->out.len / 2) {
		memmove(talk->out.at, talk->out.at + talk->out_sent, talk_waiting(talk));
		buf_cut(&talk->out, talk_waiting(talk));
		talk->out_sent = 0;
	}
	at = talk->out.len;
	put(&talk->out, 0, 4);
	put(&talk->out, type, 4);
	return at;
}

static void finish(struct talk *talk, size_t at)
{
	size_t len = talk->out.len - at - TALK_HEAD_BYTES;

	if (talk->out.over) {
		talk->ended = true;
		return;
	}
	for (size_t i = 0; i < 4; i++)
		talk->out.at[at + i] = (char) (unsigned char) (len >> (8 * i));
}

void talk_send_host(struct talk *talk, const struct talk_host *host)
{
	size_t at = begin(talk, TALK_HOST);

	put(&talk->out, host->host, 1);
	put(&talk->out, host->security, 1);
	put(&talk->out, host->port, 2);
	put(&talk->out, host->connections, 1);
	put_text(&talk->out, host->name);
	put_text(&talk->out, host->user);
	put_text(&talk->out, host->password);
	put_text(&talk->out, host->helo);
	put_text(&talk->out, host->ca_file);
	finish(talk, at);
}

void talk_send_mail(struct talk *talk, const struct talk_mail *mail)
{
	size_t at = begin(talk, TALK_MAIL);

	put(&talk->out, (uint64_t) mail->delivery, 8);
	put(&talk->out, mail->try, 4);
	put(&talk->out, mail->host, 1);
	put(&talk->out, mail->utf8, 1);
	put_text(&talk->out, mail->from);
	put_text(&talk->out, mail->to);
	put(&talk->out, mail->head.len + mail->bytes.len, 4);
	buf_add_str(&talk->out, mail->head);
	buf_add_str(&talk->out, mail->bytes);
	finish(talk, at);
}

static void send_number(struct talk *talk, enum talk_type type, uint64_t n)
{
	size_t at = begin(talk, type);

	put(&talk->out, n, 8);
	finish(talk, at);
}

void talk_send_folded(struct talk *talk, uint64_t seq)
{
	send_number(talk, TALK_FOLDED, seq);
}

void talk_send_return(struct talk *talk, unsigned host)
{
	send_number(talk, TALK_RETURN, host);
}

void talk_send_drain(struct talk *talk)
{
	send_number(talk, TALK_DRAIN, 0);
}

void talk_send_event(struct talk *talk, const struct talk_event *event)
{
	size_t at = begin(talk, event->type);

	put(&talk->out, (uint64_t) event->delivery, 8);
	put(&talk->out, event->try, 4);
	put(&talk->out, event->seq, 8);
	put(&talk->out, (uint64_t) event->outcome, 1);
	put(&talk->out, (uint64_t) event->stage, 1);
	put(&talk->out, (uint64_t) event->reply, 2);
	put(&talk->out, (event->is_open ? 1u : 0u) | (event->worked ? 2u : 0u), 1);
	put_text(&talk->out, str_from(event->enhanced));
	put_text(&talk->out, str_from(event->text));
	finish(talk, at);
}

/* --- reading --- */

struct reader {
	struct str rest;
	bool ok;
};

static uint64_t number(struct reader *r, size_t bytes, uint64_t most)
{
	uint64_t n = 0;

	if (r->rest.len < bytes) {
		r->ok = false;
		return 0;
	}
	for (size_t i = bytes; i-- > 0;)
		n = n << 8 | (unsigned char) r->rest.at[i];
	r->rest = str_part(r->rest, bytes, SIZE_MAX);
	r->ok = r->ok && n <= most;
	return r->ok ? n : 0;
}

static struct str text(struct reader *r, size_t most)
{
	size_t len = (size_t) number(r, 4, most);
	struct str out = {NULL, 0};

	if (!r->ok || r->rest.len < len) {
		r->ok = false;
		return out;
	}
	out = str_part(r->rest, 0, len);
	r->rest = str_part(r->rest, len, SIZE_MAX);
	return out;
}

/* A text that becomes a C string: without a NUL or a line's end in it. */
static struct str word(struct reader *r, size_t most)
{
	struct str out = text(r, most);

	r->ok = r->ok && !str_has_control(out);
	return out;
}

bool talk_read_host(struct str payload, struct talk_host *out)
{
	struct reader r = {payload, true};

	out->host = (unsigned) number(&r, 1, TALK_HOSTS - 1);
	out->security = (unsigned) number(&r, 1, SMTP_TLS);
	out->port = (uint16_t) number(&r, 2, UINT16_MAX);
	out->connections = (unsigned) number(&r, 1, 64);
	out->name = word(&r, NAME_MOST);
	out->user = word(&r, NAME_MOST);
	out->password = text(&r, NAME_MOST);
	out->helo = word(&r, NAME_MOST);
	out->ca_file = word(&r, NAME_MOST);
	return r.ok && r.rest.len == 0 && out->name.len > 0 && out->connections > 0 && out->port > 0;
}

bool talk_read_mail(struct str payload, struct talk_mail *out)
{
	struct reader r = {payload, true};

	out->delivery = (int64_t) number(&r, 8, INT64_MAX);
	out->try = (uint32_t) number(&r, 4, UINT32_MAX);
	out->host = (unsigned) number(&r, 1, TALK_HOSTS - 1);
	out->utf8 = number(&r, 1, 1) == 1;
	out->from = word(&r, EMAIL_BYTES);
	out->to = word(&r, EMAIL_BYTES);
	out->bytes = text(&r, MAIL_MOST);
	return r.ok && r.rest.len == 0 && out->delivery > 0 && out->to.len > 0;
}

bool talk_read_number(struct str payload, uint64_t *out)
{
	struct reader r = {payload, true};

	*out = number(&r, 8, UINT64_MAX);
	return r.ok && r.rest.len == 0;
}

static void copy(char *out, size_t room, struct str in)
{
	if (in.len > 0)
		memcpy(out, in.at, in.len < room ? in.len : room - 1);
}

bool talk_read_event(unsigned type, struct str payload, struct talk_event *out)
{
	struct reader r = {payload, true};
	uint64_t flags;

	if (type != TALK_DOTTED && type != TALK_ENDED && type != TALK_RETURNED)
		return false;
	*out = (struct talk_event){.type = (enum talk_type) type};
	out->delivery = (int64_t) number(&r, 8, INT64_MAX);
	out->try = (uint32_t) number(&r, 4, UINT32_MAX);
	out->seq = number(&r, 8, UINT64_MAX);
	out->outcome = (int) number(&r, 1, SMTP_IN_DOUBT);
	out->stage = (int) number(&r, 1, SMTP_AT_DATA);
	out->reply = (int) number(&r, 2, 599);
	flags = number(&r, 1, 3);
	out->is_open = (flags & 1) != 0;
	out->worked = (flags & 2) != 0;
	copy(out->enhanced, sizeof(out->enhanced), word(&r, sizeof(out->enhanced) - 1));
	copy(out->text, sizeof(out->text), word(&r, sizeof(out->text) - 1));
	return r.ok && r.rest.len == 0 && out->delivery > 0;
}

/* --- the socket --- */

static void end(struct talk *talk)
{
	loop_unwatch(&talk->watch);
	talk->ended = true;
}

static size_t frame_len(const struct talk *talk, size_t at)
{
	size_t len = 0;

	for (size_t i = 4; i-- > 0;)
		len = len << 8 | (unsigned char) talk->in.at[at + i];
	return len;
}

/* Hands out whole frames; what is left stays at the buffer's beginning. */
static bool take_frames(struct talk *talk)
{
	size_t at = 0;

	while (talk->in.len - at >= TALK_HEAD_BYTES) {
		const char *head = talk->in.at + at;
		size_t len = frame_len(talk, at);

		if (len > FRAME_MOST || head[5] != 0 || head[6] != 0 || head[7] != 0)
			return false;
		if (talk->in.len - at - TALK_HEAD_BYTES < len)
			break;
		at += TALK_HEAD_BYTES + len;
		if (!talk->take(talk->self, (unsigned char) head[4], str_make(head + TALK_HEAD_BYTES, len)))
			return false;
	}
	if (at > 0 && at < talk->in.len)
		memmove(talk->in.at, talk->in.at + at, talk->in.len - at);
	if (at > 0)
		buf_cut(&talk->in, talk->in.len - at);
	return true;
}

static void on_event(void *self, unsigned events)
{
	struct talk *talk = self;

	if ((events & LOOP_WRITE) != 0)
		talk_flush(talk);
	if ((events & (LOOP_READ | LOOP_HANGUP)) != 0 && !talk->ended) {
		char *room = buf_reserve(&talk->in, READ_ONCE);
		ssize_t got = room != NULL ? recv(talk->fd, room, READ_ONCE, 0) : 0;

		if (got > 0)
			buf_grown(&talk->in, (size_t) got);
		if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR) || (got > 0 && !take_frames(talk)))
			end(talk);
	}
	if (talk->ended && talk->fd >= 0)
		talk->on_end(talk->self);
}

bool talk_open(struct talk *talk, struct loop *loop, int fd, bool (*take)(void *self, unsigned type, struct str payload),
	void (*on_end)(void *self), void *self, struct fault *f)
{
	*talk = (struct talk){.fd = fd, .take = take, .on_end = on_end, .self = self};
	buf_init(&talk->in, FRAME_MOST + READ_ONCE + TALK_HEAD_BYTES);
	buf_init(&talk->out, OUT_MOST);
	return loop_watch(loop, fd, LOOP_READ, on_event, talk, &talk->watch, f);
}

size_t talk_waiting(const struct talk *talk)
{
	return talk->out.len - talk->out_sent;
}

void talk_flush(struct talk *talk)
{
	struct fault f = {0};

	while (!talk->ended && talk_waiting(talk) > 0) {
		ssize_t sent = send(talk->fd, talk->out.at + talk->out_sent, talk_waiting(talk), MSG_NOSIGNAL);

		if (sent > 0)
			talk->out_sent += (size_t) sent;
		else if (sent < 0 && errno == EINTR)
			continue;
		else if (sent < 0 && errno == EAGAIN)
			break;
		else /* reading tells of the end, after what still stands there */
			talk->out_sent = talk->out.len;
	}
	if (talk->watch != NULL && !loop_watch_change(talk->watch, LOOP_READ | (talk_waiting(talk) > 0 ? LOOP_WRITE : 0u), &f))
		talk->ended = true;
}

void talk_close(struct talk *talk)
{
	loop_unwatch(&talk->watch);
	if (talk->fd >= 0)
		(void) close(talk->fd);
	talk->fd = -1;
	talk->ended = true;
	buf_release(&talk->in);
	buf_release(&talk->out);
}
