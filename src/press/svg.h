/* svg.h: a drawing from outside, taken apart and written again: only shapes, colours and gradients are left.
 *
 * The result stands inside every page, so nothing of the input's bytes is passed on unread: elements and attributes come
 * from a closed list, ids get a prefix of ours, references lead to ids of the same drawing alone.
 * SPDX-License-Identifier: ISC */
#ifndef PRESS_SVG_H
#define PRESS_SVG_H

#include <stdbool.h>
#include "base/buf.h"

struct fault;

enum { SVG_INPUT_BYTES = 32 * 1024, SVG_BYTES = 4 * 1024 };

/* Writes the drawing to out (appended; at most SVG_BYTES), with aria-hidden: its words stand beside it. Elements of drawing
 * programs, metadata, titles and comments are left out; a style attribute becomes attributes. INPUT "line N: …" for what is no
 * XML, for scripts, event attributes, style sheets, pictures, outside references, for an unknown element or attribute, and
 * for a drawing that is too large. What it wrote it takes again, byte for byte. */
bool svg_take(struct str source, struct buf *out, struct fault *f) __attribute__((warn_unused_result));

#endif
