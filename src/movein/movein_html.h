/* movein_html.h: a story's HTML to Markdown, by an allow list of elements.
 *
 * Two things are left to whoever has the disk and the database: where a picture stands is the mark \x01Pn\x02 in a
 * paragraph of its own (n counts `pictures` from 0), and the address of a link into the old site is \x01L/path\x02. The
 * text itself never holds either byte.
 * SPDX-License-Identifier: ISC */
#ifndef MOVEIN_MOVEIN_HTML_H
#define MOVEIN_MOVEIN_HTML_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"

struct arena;
struct fault;

enum { HTML_CAP_BYTES = 4 * 1024 * 1024, HTML_OUT_BYTES = 8 * 1024 * 1024, HTML_PICTURES = 500, HTML_NOTES = 60 };

/* What an old site knows of a file. */
struct movein_file {
	int64_t id, parent;
	struct str url, title, alt, caption, credit;
};

struct html_wish {
	struct str html;
	struct str host;            /* of the old site, without "www."; its links become \x01L…\x02 */
	struct str home;            /* the path under which it lay: "" or "/blog" */
	bool has_breaks;            /* WordPress' classic editor: a blank line parts paragraphs, a line's end is one */
	bool has_shortcodes;
	int64_t id;                 /* of the story, for its gallery */
	const struct movein_file *files;   /* by id */
	size_t file_count;
};

struct html_result {
	struct buf text;            /* HTML_OUT_BYTES */
	json_t *pictures;           /* [{"url","alt","caption","credit"}] */
	json_t *notes;              /* [["kind", "detail"]] of what was not kept as it was */
};

void html_result_init(struct html_result *result);
void html_result_release(struct html_result *result);
/* A note; past HTML_NOTES they are dropped. */
void html_note(struct html_result *result, const char *kind, struct str detail);

/* INPUT when the HTML is larger than HTML_CAP_BYTES or what comes out passes a cap. */
bool html_to_markdown(const struct html_wish *wish, struct html_result *result, struct fault *f)
	__attribute__((warn_unused_result));

/* The text alone, on one line: of a title, a caption. Entities are undone. */
struct str html_to_line(struct str html, struct arena *arena);

/* [shortcodes] to HTML, by name; those that nobody knows are taken out and noted (movein_shortcode.c). */
void shortcodes_to_html(const struct html_wish *wish, struct html_result *result, struct buf *out);
const struct movein_file *movein_file_find(const struct html_wish *wish, int64_t id);
/* What an HTML attribute may hold. */
void movein_attr(struct buf *out, const char *name, struct str value);

#endif
