/* movein_text.h: a line of prose with its marks and links, on its way to Markdown.
 *
 * Every byte carries its marks and its link, so that trimming a mark is a loop over bytes. White space is collapsed and
 * control characters are dropped as text comes in; what would be markup is escaped as it goes out.
 * SPDX-License-Identifier: ISC */
#ifndef MOVEIN_MOVEIN_TEXT_H
#define MOVEIN_MOVEIN_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"

struct arena;

enum { TEXT_STRONG = 1, TEXT_EM = 2, TEXT_DEL = 4, TEXT_RAW = 8 }; /* RAW: Markdown already (code, a note's number) */
enum { TEXT_LINKS = 8000, TEXT_CAP_BYTES = 8 * 1024 * 1024 };
enum text_place { TEXT_PARAGRAPH, TEXT_ONE_LINE, TEXT_CELL };

/* Where links of a story go; a link is known by its number, 0 is none. */
struct text_links {
	struct str *urls;           /* TEXT_LINKS of them */
	size_t count;
};

struct text_line {
	struct buf text;
	unsigned char *marks;       /* one a byte */
	uint16_t *links;
	size_t room;
};

void text_init(struct text_line *line);
void text_release(struct text_line *line);
void text_clear(struct text_line *line);

/* The number of a link; 0 when there are too many. The address is copied. */
uint16_t text_link(struct text_links *links, struct str url, struct arena *arena);

void text_add(struct text_line *line, struct str bytes, unsigned marks, uint16_t link);
void text_add_raw(struct text_line *line, struct str bytes, unsigned marks, uint16_t link);
void text_break(struct text_line *line);             /* to the next line; nothing at the beginning of one */
bool text_is_empty(const struct text_line *line);    /* nothing but white space */
bool text_is_at_break(const struct text_line *line); /* at the beginning, or just after a break */

/* Markdown of the line; the line is empty afterwards. */
void text_write(struct text_line *line, const struct text_links *links, enum text_place place, struct buf *out);

/* A link's address inside <…> or (…): what could end it is percent-encoded. */
void text_write_url(struct buf *out, struct str url);
/* Code between as many backticks as it needs. */
void text_write_code(struct buf *out, struct str code);

#endif
