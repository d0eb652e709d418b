/* buf.h: bytes that grow up to a written maximum.
 *
 * Writers never fail one by one: past the cap the buffer stays as it is, `over` is set and stays set, and buf_check() at
 * the end turns that into a fault. at[len] is always NUL.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "str.h"

struct fault;

struct buf {
	char *at;
	size_t len;
	size_t room;      /* allocated bytes */
	size_t cap_bytes; /* len never passes this */
	bool over;
};

void buf_init(struct buf *buf, size_t cap_bytes);
void buf_release(struct buf *buf); /* frees; usable again with the same cap */
void buf_wipe(struct buf *buf);    /* the same, its bytes overwritten first: for what is a secret or about somebody */
void buf_clear(struct buf *buf);   /* len = 0, over = false; keeps the memory */

void buf_add(struct buf *buf, const void *at, size_t len);
void buf_add_str(struct buf *buf, struct str s);
void buf_add_text(struct buf *buf, const char *text);
void buf_add_char(struct buf *buf, char c);
void buf_add_i64(struct buf *buf, int64_t n);
void buf_format(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_cut(struct buf *buf, size_t len); /* shortens to len */

/* Room for `size` more bytes at at+len, or NULL past the cap; after writing, add to len by buf_grown(). */
char *buf_reserve(struct buf *buf, size_t size);
void buf_grown(struct buf *buf, size_t size);

struct str buf_view(const struct buf *buf); /* valid until the next write */

/* False and a FULL fault that names `what` if the cap was reached. */
bool buf_check(const struct buf *buf, const char *what, struct fault *f) __attribute__((warn_unused_result));

#endif
