/* buf.c: bytes that grow up to a written maximum.
 *
 * Decides: growth (doubling) and that a piece is written whole or not at all. Leaves to others: the cap, and looking at
 * buf_check() once at the end. Runs in: every process. The hard thing: once `over`, nothing more is written, so that
 * what stands there is a clean beginning and not one with a hole.
 * SPDX-License-Identifier: ISC */
#include "buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "arena.h"
#include "fault.h"
#include "must.h"

enum {
	FIRST_BYTES = 256,
	LINE_BYTES = 256  /* what is formatted is seldom longer, and is then formatted once */
};

/* at[len] of a buffer that owns no memory yet. Never written: room is 0. */
static char nothing[1];

void buf_init(struct buf *buf, size_t cap_bytes)
{
	must(cap_bytes < SIZE_MAX / 4); /* so that doubling cannot overflow */
	*buf = (struct buf){.at = nothing, .cap_bytes = cap_bytes};
}

void buf_wipe(struct buf *buf)
{
	if (buf->room > 0)
		explicit_bzero(buf->at, buf->len);
	buf_release(buf);
}

void buf_release(struct buf *buf)
{
	if (buf->room > 0)
		memory_free(buf->at);
	buf_init(buf, buf->cap_bytes);
}

void buf_clear(struct buf *buf)
{
	buf_cut(buf, 0);
	buf->over = false;
}

char *buf_reserve(struct buf *buf, size_t size)
{
	size_t needed;
	size_t room;

	if (buf->over || size > buf->cap_bytes - buf->len) {
		buf->over = true;
		return NULL;
	}
	needed = buf->len + size + 1; /* and the NUL */
	if (needed > buf->room) {
		room = buf->room > 0 ? buf->room : FIRST_BYTES;
		while (room < needed)
			room *= 2;
		if (room > buf->cap_bytes)
			room = buf->cap_bytes + 1;
		buf->at = memory_grow(buf->room > 0 ? buf->at : NULL, room);
		buf->room = room;
		buf->at[buf->len] = '\0';
	}
	return buf->at + buf->len;
}

void buf_grown(struct buf *buf, size_t size)
{
	must(size < buf->room - buf->len);
	buf->len += size;
	buf->at[buf->len] = '\0';
}

void buf_add(struct buf *buf, const void *at, size_t len)
{
	char *to;

	if (len == 0)
		return;
	to = buf_reserve(buf, len);
	if (to == NULL)
		return;
	memcpy(to, at, len);
	buf_grown(buf, len);
}

void buf_add_str(struct buf *buf, struct str s)
{
	buf_add(buf, s.at, s.len);
}

void buf_add_text(struct buf *buf, const char *text)
{
	buf_add(buf, text, strlen(text));
}

void buf_add_char(struct buf *buf, char c)
{
	if (buf->over || buf->len + 1 >= buf->room || buf->len == buf->cap_bytes) {
		buf_add(buf, &c, 1);
		return;
	}
	buf->at[buf->len++] = c;
	buf->at[buf->len] = '\0';
}

void buf_add_i64(struct buf *buf, int64_t n)
{
	buf_format(buf, "%lld", (long long) n);
}

void buf_format(struct buf *buf, const char *format, ...)
{
	char text[LINE_BYTES];
	va_list args;
	char *to;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	must(len >= 0); /* only a wrong format or > 2 GiB: a bug of the caller */
	if ((size_t) len < sizeof(text)) {
		buf_add(buf, text, (size_t) len);
		return;
	}
	to = buf_reserve(buf, (size_t) len);
	if (to == NULL)
		return;
	va_start(args, format);
	(void) vsnprintf(to, (size_t) len + 1, format, args);
	va_end(args);
	buf_grown(buf, (size_t) len);
}

void buf_cut(struct buf *buf, size_t len)
{
	must(len <= buf->len);
	buf->len = len;
	if (buf->room > 0)
		buf->at[len] = '\0';
}

struct str buf_view(const struct buf *buf)
{
	return (struct str){buf->at, buf->len};
}

bool buf_check(const struct buf *buf, const char *what, struct fault *f)
{
	if (buf->over)
		return fault_full(f, what);
	return true;
}
