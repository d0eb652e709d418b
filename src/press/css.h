/* css.h: custom properties under short names.
 *
 * The style sheet stands inline in every page, and the readable names of its tokens (--canary-edge) would be a good part of
 * a page's bytes. Themes are written with them; pages get --a, --b, … . Safe to repeat; texts of the sheets must outlive
 * the table.
 * SPDX-License-Identifier: ISC */
#ifndef PRESS_CSS_H
#define PRESS_CSS_H

#include <stddef.h>
#include "base/buf.h"

enum { CSS_NAMES = 96 };

/* Zeroed: none known yet. One table for all sheets that stand on a page together. */
struct css_names {
	struct str names[CSS_NAMES];
	size_t count;
};

/* Writes the (minified) sheet; names that the table has no place for stay as they are. */
void css_shorten(struct css_names *names, struct str css, struct buf *out);
/* "--press" as css_shorten writes it: for declarations that are added behind a sheet. */
void css_add_name(struct css_names *names, const char *name, struct buf *out);

#endif
