/* gzip.h: compression while baking (libdeflate), the same bytes for the same input.
 * SPDX-License-Identifier: ISC */
#ifndef PRESS_GZIP_H
#define PRESS_GZIP_H

#include <stdbool.h>
#include "base/buf.h"

struct fault;
struct gzip; /* a compressor with its memory, reused */

struct gzip *gzip_new(int level); /* 1–12 */
void gzip_free(struct gzip **gzip);
bool gzip_write(struct gzip *gzip, struct str in, struct buf *out, struct fault *f) __attribute__((warn_unused_result));

#endif
