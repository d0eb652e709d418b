/* http_multipart.h: multipart/form-data (RFC 7578), parsed as its bytes come.
 *
 * Fields are kept in the arena, at most LIMIT_FORM_BYTES of them together unless more are allowed; a part with a file name is a file: spooled
 * to an unlinked temporary file where files are allowed, refused where not. A field or file name must be UTF-8
 * without NUL.
 * SPDX-License-Identifier: ISC */
#ifndef HTTP_HTTP_MULTIPART_H
#define HTTP_HTTP_MULTIPART_H

#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"

struct arena;
struct fault;
struct multipart;
struct http_file;
struct http_pairs;

/* type: the whole Content-Type value; INPUT when it names no good boundary. */
bool multipart_open(struct multipart **multipart, struct str type, bool files, struct arena *arena, struct fault *f)
	__attribute__((warn_unused_result));
/* Another cap for the bytes of all fields together; before the first byte is fed. */
void multipart_allow(struct multipart *multipart, size_t field_bytes);
/* After a false no more may be fed. */
bool multipart_feed(struct multipart *multipart, struct str bytes, struct fault *f) __attribute__((warn_unused_result));
/* INPUT when the closing boundary has not come. */
bool multipart_end(struct multipart *multipart, struct http_pairs *fields, struct fault *f)
	__attribute__((warn_unused_result));
bool multipart_file(struct multipart *multipart, const char *name, struct http_file *file);
void multipart_close(struct multipart **multipart); /* and its files */

#endif
