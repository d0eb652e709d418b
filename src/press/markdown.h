/* markdown.h: a story's Markdown to HTML, through cmark-gfm: tables, footnotes, strikethrough; raw HTML off.
 *
 * Bounded: LIMIT_STORY_BYTES in, table columns and cells capped before cmark sees them, output capped. Links: http,
 * https, mailto and relative only. Brackets that are no link stay as typed.
 * SPDX-License-Identifier: ISC */
#ifndef PRESS_MARKDOWN_H
#define PRESS_MARKDOWN_H

#include <stdbool.h>
#include "base/buf.h"

struct fault;

struct markdown_result {
	size_t paragraphs;      /* top-level <p> */
	size_t after_third;     /* offset in `out` after the third top-level paragraph; 0 when there are fewer */
	size_t words;
};

/* id_prefix makes footnote ids unique per story ("s12-"). Tables are wrapped in <div class="table" …>; headings start
 * at h2. */
bool markdown_write(struct str source, struct str id_prefix, struct buf *out, struct markdown_result *result,
	struct fault *f) __attribute__((warn_unused_result));
/* The same; links that begin with '/' get `root` instead of it: "../../../../" in a story, "https://host/" in a
 * feed. */
bool markdown_write_under(struct str source, struct str id_prefix, struct str root, struct buf *out,
	struct markdown_result *result, struct fault *f) __attribute__((warn_unused_result));
/* A picture that stands alone in its paragraph (or with other pictures, nothing else). Texts live during the call. */
struct markdown_picture {
	struct str url, alt, title;
	size_t line;            /* of the source, from 1 */
};
/* Writes it as whole blocks of HTML, or nothing and gives false: then it is a link to it, as everywhere else. */
typedef bool markdown_picture_call(void *self, const struct markdown_picture *picture, struct buf *out);
/* markdown_write_under with somebody who knows the pictures. */
struct markdown_how {
	struct str id_prefix, root;
	markdown_picture_call *picture;
	void *self;
};
bool markdown_write_with(struct str source, const struct markdown_how *how, struct buf *out,
	struct markdown_result *result, struct fault *f) __attribute__((warn_unused_result));
/* Asks `call` about each such picture in turn and writes nothing else; it may write to `out`, and false ends it. */
bool markdown_pictures(struct str source, markdown_picture_call *call, void *self, struct buf *out, struct fault *f)
	__attribute__((warn_unused_result));
/* Whether cmark may be given this source: size, nesting, tables, references (INPUT "line N: …"). All functions here ask
 * it. */
bool markdown_check(struct str source, struct fault *f) __attribute__((warn_unused_result));
/* Plain text of it (search, excerpts, text mails): paragraphs parted by a blank line. A picture alone in its paragraph is no
 * text, unless a page would link to it (https://…). */
bool markdown_write_text(struct str source, struct buf *out, struct fault *f) __attribute__((warn_unused_result));
/* For mails: inline-styled paragraphs; absolute links only. base_url ends in "/" and stands for a link's leading
 * one. */
bool markdown_write_mail(struct str source, struct str base_url, struct buf *out, struct fault *f)
	__attribute__((warn_unused_result));

#endif
