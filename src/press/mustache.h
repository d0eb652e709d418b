/* mustache.h: templates (the core of the Mustache specification), compiled once, rendered often.
 *
 * {{x}} {{{x}}} {{&x}} {{a.b}} {{.}} {{#s}} {{^s}} {{/s}} {{>partial}} {{!c}} {{=<% %>=}}, standalone lines. Partials
 * are resolved when compiling, from the theme. Depth ≤ 32; a rendering of more than a million pieces ends with the buf
 * `over`.
 * SPDX-License-Identifier: ISC */
#ifndef PRESS_MUSTACHE_H
#define PRESS_MUSTACHE_H

#include <stdbool.h>
#include "base/buf.h"

struct fault;
struct press_value;
struct mustache; /* a compiled template */

/* Gives a partial's source text by name, false when there is none (then it renders as nothing). */
typedef bool mustache_find(void *self, struct str name, struct str *source);

/* name: for errors "NAME:LINE: …" (INPUT). source must outlive the template. */
bool mustache_compile(struct mustache **out, struct str name, struct str source, mustache_find *find, void *self,
	struct fault *f) __attribute__((warn_unused_result));
void mustache_free(struct mustache **mustache);
/* The same with a second map behind root: names that root does not have are looked for there (what many pages
 * share). */
void mustache_render_over(const struct mustache *mustache, const struct press_value *behind,
	const struct press_value *root, struct buf *out);
void mustache_render(const struct mustache *mustache, const struct press_value *root, struct buf *out);

#endif
