/* movein_inside.h: one story's HTML on its way to Markdown: what the files of this folder share.
 * SPDX-License-Identifier: ISC */
#ifndef MOVEIN_MOVEIN_INSIDE_H
#define MOVEIN_MOVEIN_INSIDE_H

#include <libxml/tree.h>
#include "base/arena.h"
#include "movein/movein_html.h"
#include "movein/movein_text.h"

enum { WALK_DEPTH = 200, WALK_CONTAINERS = 8, WALK_ARENA = 64 * 1024 * 1024, NOTE_MOST = 500, CELL_COLUMNS = 32,
	CELL_MOST = 12000 };

enum tag {
	TAG_OTHER, TAG_DROP, TAG_BLOCK, TAG_HEADING, TAG_QUOTE, TAG_LIST, TAG_ITEM, TAG_PRE, TAG_RULE, TAG_TABLE, TAG_FIGURE,
	TAG_CAPTION, TAG_PICTURE, TAG_BREAK, TAG_LINK, TAG_STRONG, TAG_EM, TAG_DEL, TAG_CODE, TAG_RAISED, TAG_LOWERED,
	TAG_QUOTED, TAG_EMBED, TAG_TERM, TAG_FORM
};

enum block { BLOCK_NONE, BLOCK_TEXT, BLOCK_DASHES, BLOCK_NUMBERS };

/* The marks that hold where one stands in the tree. */
struct style {
	unsigned marks;
	uint16_t link;
	enum tag script;            /* TAG_RAISED, TAG_LOWERED or 0 */
};

struct footnote {
	xmlNode *target;            /* the element that holds its text */
	const char *id;
};

struct walk {
	const struct html_wish *wish;
	struct html_result *result;
	struct arena arena;
	struct text_links links;
	struct text_line line;      /* the paragraph so far */
	struct buf *out;            /* the container so far */
	enum block last;            /* what was written into it last */
	bool other_sign;            /* the last list's sign was the second one */
	bool is_item;               /* the container is a list's item */
	unsigned depth, containers;
	bool has_breaks;            /* as in the wish */
	bool is_flat;               /* in a cell or headline: blocks are parted by a space */
	struct str caption, credit; /* of the figure around, for its picture */
	bool caption_used;
	size_t cells;
	struct footnote notes[NOTE_MOST];
	size_t note_count;
	size_t waiting[HTML_PICTURES]; /* pictures met in a flat place: they follow it */
	size_t waiting_count;
};

enum tag walk_tag(const xmlNode *node);
bool walk_has_class(const xmlNode *node, const char *word);   /* a part of the class attribute */
struct str walk_attr(struct walk *w, const xmlNode *node, const char *name);
struct str walk_plain(struct walk *w, const xmlNode *node, const char *but_class); /* text, one line */
/* The next node in reading order below `root`; into: whether to look inside `node`. Stackless: trees may be deep. */
xmlNode *walk_next(const xmlNode *root, const xmlNode *node, bool into);

void walk_children(struct walk *w, const xmlNode *node, struct style style);
void walk_node(struct walk *w, xmlNode *node, struct style style);
void walk_flush(struct walk *w);                              /* ends the paragraph */
void walk_block(struct walk *w, struct str text, enum block kind); /* a block into the container */
void walk_picture(struct walk *w, struct str url, struct str alt, struct str caption, struct str credit);
void walk_waiting(struct walk *w);
void walk_take_picture(struct walk *w, const xmlNode *node, struct style style);
void walk_take_embed(struct walk *w, const xmlNode *node);
bool walk_take_card(struct walk *w, const xmlNode *node);     /* false: it is no card but a link */
uint16_t walk_link(struct walk *w, struct str href);
void walk_add_link(struct walk *w, struct str url, struct str text); /* [text](url) into the paragraph */

void walk_quote(struct walk *w, const xmlNode *node, struct style style);
void walk_list(struct walk *w, const xmlNode *node, struct style style);
void walk_table(struct walk *w, const xmlNode *node, struct style style);
void walk_pre(struct walk *w, const xmlNode *node);
void walk_figure(struct walk *w, const xmlNode *node, struct style style);
void walk_heading(struct walk *w, const xmlNode *node, struct style style);

void footnotes_find(struct walk *w, const xmlNode *root);
size_t footnotes_number(const struct walk *w, const xmlNode *target);   /* 0: it is none */
bool footnotes_refer(struct walk *w, const xmlNode *node);              /* <sup> or <a>: writes [^n] where it is one */
bool footnotes_is_back(const struct walk *w, const xmlNode *node);      /* the link back to the text */
void footnotes_write(struct walk *w);

#endif
