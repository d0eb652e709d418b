/* qr.h: a text as a QR code that stands in a page (libqrencode). SPDX-License-Identifier: ISC */
#ifndef SUPPORT_QR_H
#define SUPPORT_QR_H

#include <stdbool.h>
#include "base/str.h"

struct buf;
struct fault;

/* Appends an <svg role="img"> of one path, dark on white with its quiet zone (dark schemes, too: cameras want it so).
 * label: what it is, in the page's language. Error correction M, as EPC069-12 asks. FULL for what no code can hold. */
bool qr_write_svg(struct buf *out, struct str text, struct str label, struct fault *f) __attribute__((warn_unused_result));

#endif
