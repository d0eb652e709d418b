/* movein_blocks.c: quotes, lists, tables, code and figures to Markdown.
 *
 * Decides: how blocks stand inside each other. Leaves to others: what is in a line (movein_html.c, movein_text.c). Runs
 * in: mimeo-movein. The hard thing: what Markdown cannot hold (a list in a cell, a layout made of tables, a ninth quote
 * in a quote) loses its form and never its words.
 * SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>
#include "movein/movein_inside.h"

/* --- containers --- */

struct container {
	struct buf text;
	struct buf *out;
	enum block last;
	bool other_sign, is_item;
};

static void open_container(struct walk *w, struct container *inside)
{
	buf_init(&inside->text, HTML_OUT_BYTES);
	inside->out = w->out;
	inside->last = w->last;
	inside->other_sign = w->other_sign;
	inside->is_item = w->is_item;
	w->out = &inside->text;
	w->last = BLOCK_NONE;
	w->is_item = false;
	w->containers++;
}

static void close_container(struct walk *w, struct container *inside)
{
	walk_flush(w);
	w->containers--;
	w->out = inside->out;
	w->last = inside->last;
	w->other_sign = inside->other_sign;
	w->is_item = inside->is_item;
	w->out->over = w->out->over || inside->text.over;
}

/* Every line behind its prefix; an empty line behind the bare one. */
static void add_prefixed(struct buf *out, struct str text, const char *first, const char *later, const char *empty)
{
	struct str line;
	bool is_first = true;

	while (str_next(&text, '\n', &line)) {
		if (!is_first)
			buf_add_char(out, '\n');
		buf_add_text(out, is_first ? first : line.len > 0 ? later : empty);
		buf_add_str(out, line);
		is_first = false;
	}
}

void walk_quote(struct walk *w, const xmlNode *node, struct style style)
{
	struct container inside;
	struct buf text;

	walk_flush(w);
	if (w->is_flat || w->containers >= WALK_CONTAINERS) {
		walk_children(w, node, style);
		walk_flush(w);
		return;
	}
	open_container(w, &inside);
	walk_children(w, node, style);
	close_container(w, &inside);
	buf_init(&text, HTML_OUT_BYTES);
	if (inside.text.len > 0)
		add_prefixed(&text, buf_view(&inside.text), "> ", "> ", ">");
	walk_block(w, buf_view(&text), BLOCK_TEXT);
	buf_release(&text);
	buf_release(&inside.text);
}

/* --- lists --- */

/* Its first line is empty, or code: it cannot stand right behind the sign and be read the same. */
static void add_item(struct walk *w, struct buf *list, struct str item, int64_t number, enum block kind, bool loose)
{
	char first[32];
	char later[32];
	size_t width;

	if (kind == BLOCK_NUMBERS)
		snprintf(first, sizeof(first), "%lld%c ", (long long) number, w->other_sign ? ')' : '.');
	else
		snprintf(first, sizeof(first), "%c ", w->other_sign ? '*' : '-');
	width = strlen(first);
	memset(later, ' ', width);
	later[width] = '\0';
	if (list->len > 0)
		buf_add_text(list, loose ? "\n\n" : "\n");
	add_prefixed(list, item, first, later, "");
}

static bool is_loose(struct str items)
{
	return str_find(items, STR("\n\n")) != SIZE_MAX;
}

/* The items, each ended by a NUL: their text holds none. */
static void gather_items(struct walk *w, const xmlNode *node, struct style style, struct buf *items)
{
	struct container inside;
	xmlNode *child;

	for (child = node->children; child != NULL; child = child->next) {
		if (walk_tag(child) != TAG_ITEM && (child->type != XML_ELEMENT_NODE || walk_tag(child) == TAG_DROP))
			continue;
		if (footnotes_number(w, child) != 0)
			continue;
		open_container(w, &inside);
		w->is_item = true;
		if (walk_tag(child) == TAG_ITEM)
			walk_children(w, child, style);
		else
			walk_node(w, child, style); /* a list in a list without an item around it */
		close_container(w, &inside);
		if (inside.text.len > 0) {
			buf_add_str(items, buf_view(&inside.text));
			buf_add_char(items, '\0');
		}
		buf_release(&inside.text);
	}
}

/* A gallery that is written as a list: its pictures stand one after the other. */
static bool is_gallery(struct str items)
{
	struct str item;
	struct str block;

	while (items.len > 0 && str_next(&items, '\0', &item))
		while (item.len > 0) {
			size_t end = str_find(item, STR("\n\n"));

			block = str_part(item, 0, end);
			item = end == SIZE_MAX ? (struct str){NULL, 0} : str_part(item, end + 2, SIZE_MAX);
			if (!str_starts(block, STR("\x01P")) || str_find_char(block, '\n') != SIZE_MAX)
				return false;
		}
	return true;
}

static void write_items(struct walk *w, struct str items, enum block kind, int64_t number)
{
	bool gallery = is_gallery(items);
	bool loose = is_loose(items);
	struct buf list;
	struct str item;

	buf_init(&list, HTML_OUT_BYTES);
	/* two lists one after the other would be read as one */
	if (!gallery)
		w->other_sign = w->last == kind && !w->other_sign;
	while (items.len > 0 && str_next(&items, '\0', &item)) {
		if (gallery)
			walk_block(w, item, BLOCK_TEXT);
		else
			add_item(w, &list, item, number++, kind, loose);
	}
	walk_block(w, buf_view(&list), kind);
	w->out->over = w->out->over || list.over;
	buf_release(&list);
}

void walk_list(struct walk *w, const xmlNode *node, struct style style)
{
	enum block kind = strcmp((const char *) node->name, "ol") == 0 ? BLOCK_NUMBERS : BLOCK_DASHES;
	struct buf items;
	int64_t number = 1;

	walk_flush(w);
	if (w->is_flat || w->containers >= WALK_CONTAINERS || w->depth >= WALK_DEPTH) {
		walk_children(w, node, style);
		walk_flush(w);
		return;
	}
	buf_init(&items, HTML_OUT_BYTES);
	w->depth++;
	gather_items(w, node, style, &items);
	w->depth--;
	if (!str_to_i64(walk_attr(w, node, "start"), &number) || number < 0 || number > 99999999)
		number = 1;
	write_items(w, buf_view(&items), kind, number);
	w->out->over = w->out->over || items.over;
	buf_release(&items);
}

/* --- code --- */

void walk_pre(struct walk *w, const xmlNode *node)
{
	const xmlNode *below = node;
	struct buf text;
	struct buf block;
	size_t longest = 2;
	size_t run = 0;
	size_t i;

	walk_flush(w);
	buf_init(&text, HTML_CAP_BYTES);
	buf_init(&block, HTML_OUT_BYTES);
	while ((below = walk_next(node, below, true)) != NULL) {
		const char *at = (const char *) below->content;

		if (below->type == XML_TEXT_NODE || below->type == XML_CDATA_SECTION_NODE)
			for (; *at != '\0'; at++)
				if ((unsigned char) *at >= ' ' ? *at != 0x7f : *at == '\n' || *at == '\t')
					buf_add_char(&text, *at);
		if (walk_tag(below) == TAG_BREAK)
			buf_add_char(&text, '\n');
	}
	while (text.len > 0 && (text.at[text.len - 1] == '\n' || text.at[text.len - 1] == ' '))
		buf_cut(&text, text.len - 1);
	for (i = 0; i < text.len; i++) {
		run = text.at[i] == '`' ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	if (w->is_flat) {
		text_add(&w->line, buf_view(&text), 0, 0);
	} else if (text.len > 0) {
		for (i = 0; i <= longest; i++)
			buf_add_char(&block, '`');
		buf_add_char(&block, '\n');
		buf_add_str(&block, text.at[0] == '\n' ? str_part(buf_view(&text), 1, SIZE_MAX) : buf_view(&text));
		buf_add_char(&block, '\n');
		for (i = 0; i <= longest; i++)
			buf_add_char(&block, '`');
		walk_block(w, buf_view(&block), BLOCK_TEXT);
	}
	w->out->over = w->out->over || text.over || block.over;
	buf_release(&text);
	buf_release(&block);
}

/* --- headlines inside the text --- */

void walk_heading(struct walk *w, const xmlNode *node, struct style style)
{
	int level = node->name[1] - '0';
	struct buf text;

	walk_flush(w);
	if (w->is_flat) {
		walk_children(w, node, style);
		walk_flush(w);
		return;
	}
	w->is_flat = true;
	walk_children(w, node, style);
	w->is_flat = false;
	if (!text_is_empty(&w->line)) {
		buf_init(&text, HTML_OUT_BYTES);
		buf_add_str(&text, str_part(STR("######"), 0, (size_t) (level < 2 ? 2 : level)));
		buf_add_char(&text, ' ');
		text_write(&w->line, &w->links, TEXT_ONE_LINE, &text);
		/* "# text #": a sign at the end would be taken for the headline's own */
		if (text.len > 0 && text.at[text.len - 1] == '#') {
			buf_cut(&text, text.len - 1);
			buf_add_text(&text, "\\#");
		}
		walk_block(w, buf_view(&text), BLOCK_TEXT);
		buf_release(&text);
	}
	text_clear(&w->line);
	walk_waiting(w);
}

/* --- figures --- */

static size_t pictures_below(const xmlNode *root, size_t *figures, const xmlNode **caption)
{
	const xmlNode *node = root;
	size_t count = 0;
	bool into = true;

	*figures = 0;
	*caption = NULL;
	while ((node = walk_next(root, node, into)) != NULL) {
		enum tag tag = walk_tag(node);

		into = tag != TAG_FIGURE && tag != TAG_DROP; /* a noscript repeats the picture */
		*figures += tag == TAG_FIGURE;
		count += tag == TAG_PICTURE;
		if (tag == TAG_CAPTION && *caption == NULL && strcmp((const char *) node->name, "figcaption") == 0)
			*caption = node;
	}
	return count;
}

/* Where themes and plugins put who took it. */
static const char *const credit_classes[] = {"image-credit", "media-credit", "wp-media-credit"};

static void read_caption(struct walk *w, const xmlNode *caption)
{
	const xmlNode *node = caption;
	const char *but = NULL;

	while (caption != NULL && (node = walk_next(caption, node, true)) != NULL && but == NULL) {
		size_t i;

		for (i = 0; i < sizeof(credit_classes) / sizeof(credit_classes[0]); i++)
			if (walk_has_class(node, credit_classes[i])) {
				but = credit_classes[i];
				w->credit = walk_plain(w, node, "credit-label");
				break;
			}
	}
	w->caption = caption != NULL ? walk_plain(w, caption, but) : (struct str){NULL, 0};
}

/* Everything of the figure but its caption. */
static void figure_children(struct walk *w, const xmlNode *node, const xmlNode *caption, struct style style)
{
	xmlNode *child;

	if (w->depth >= WALK_DEPTH) {
		walk_children(w, node, style);
		return;
	}
	w->depth++;
	for (child = node->children; child != NULL; child = child->next)
		if (child != caption)
			walk_node(w, child, style);
	w->depth--;
}

void walk_figure(struct walk *w, const xmlNode *node, struct style style)
{
	struct str was_caption = w->caption;
	struct str was_credit = w->credit;
	bool was_used = w->caption_used;
	const xmlNode *caption = NULL;
	size_t figures = 0;
	size_t pictures = pictures_below(node, &figures, &caption);

	walk_flush(w);
	w->caption = w->credit = (struct str){NULL, 0};
	w->caption_used = false;
	if (caption != NULL && caption->parent != node)
		caption = NULL; /* of something inside; it is said where it stands */
	if (pictures == 1 && figures == 0)
		read_caption(w, caption);
	figure_children(w, node, caption, style);
	walk_flush(w);
	if (caption != NULL && !w->caption_used) {
		w->caption = w->credit = (struct str){NULL, 0};
		style.marks |= TEXT_EM;
		walk_children(w, caption, style);
		walk_flush(w);
	}
	w->caption = was_caption;
	w->credit = was_credit;
	w->caption_used = was_used;
}

/* --- tables --- */

struct table {
	struct walk *w;
	struct buf rows;
	size_t columns, row_count;
	bool has_head;
};

/* Of this table, not of one in it. */
static const xmlNode *next_row(const xmlNode *table, const xmlNode *row)
{
	const xmlNode *node = row != NULL ? row : table;
	bool into = row == NULL;

	while ((node = walk_next(table, node, into)) != NULL) {
		if (node->type == XML_ELEMENT_NODE && strcmp((const char *) node->name, "tr") == 0)
			return node;
		into = walk_tag(node) != TAG_TABLE;
	}
	return NULL;
}

static bool is_cell(const xmlNode *node)
{
	return node->type == XML_ELEMENT_NODE
		&& (strcmp((const char *) node->name, "td") == 0 || strcmp((const char *) node->name, "th") == 0);
}

static size_t columns_of(struct walk *w, const xmlNode *row, bool *all_head)
{
	const xmlNode *cell;
	size_t columns = 0;

	*all_head = true;
	for (cell = row->children; cell != NULL; cell = cell->next) {
		int64_t span = 1;

		if (!is_cell(cell))
			continue;
		if (!str_to_i64(walk_attr(w, cell, "colspan"), &span) || span < 1 || span > CELL_COLUMNS)
			span = 1;
		columns += (size_t) span;
		*all_head = *all_head && cell->name[1] == 'h';
	}
	return columns;
}

/* A table that parts the page rather than data, or one that Markdown cannot hold. */
static bool is_layout(struct walk *w, const xmlNode *table, size_t *columns, size_t *rows)
{
	const xmlNode *node = table;
	const xmlNode *row = NULL;
	bool ignored;

	*columns = *rows = 0;
	while ((row = next_row(table, row)) != NULL) {
		size_t of = columns_of(w, row, &ignored);

		*columns = of > *columns ? of : *columns;
		(*rows)++;
	}
	while ((node = walk_next(table, node, true)) != NULL)
		if (walk_tag(node) == TAG_TABLE || walk_tag(node) == TAG_LIST || walk_tag(node) == TAG_QUOTE)
			return true;
	return *columns < 2 || *columns > CELL_COLUMNS || w->cells + *columns * (*rows + 1) > CELL_MOST;
}

static void add_row(struct walk *w, const xmlNode *row, size_t columns, struct style style, struct buf *out)
{
	const xmlNode *cell;
	size_t count = 0;

	buf_add_char(out, '|');
	for (cell = row != NULL ? row->children : NULL; cell != NULL && count < columns; cell = cell->next) {
		int64_t span = 1;

		if (!is_cell(cell))
			continue;
		buf_add_char(out, ' ');
		walk_children(w, cell, style);
		text_write(&w->line, &w->links, TEXT_CELL, out);
		if (!str_to_i64(walk_attr(w, cell, "colspan"), &span) || span < 1 || span > CELL_COLUMNS)
			span = 1;
		for (; span > 0 && count < columns; span--, count++)
			buf_add_text(out, " |");
	}
	for (; count < columns; count++)
		buf_add_text(out, " |");
	buf_add_char(out, '\n');
}

void walk_table(struct walk *w, const xmlNode *node, struct style style)
{
	const xmlNode *row = NULL;
	const xmlNode *caption = NULL;
	struct buf out;
	size_t columns;
	size_t rows;
	bool has_head = false;
	size_t i;

	walk_flush(w);
	if (w->is_flat || w->containers > 0 || is_layout(w, node, &columns, &rows)) {
		if (!w->is_flat && w->containers == 0 && columns > 1)
			html_note(w->result, "table", walk_plain(w, node, NULL));
		walk_children(w, node, style);
		walk_flush(w);
		return;
	}
	w->cells += columns * (rows + 1);
	for (caption = node->children; caption != NULL && walk_tag(caption) != TAG_CAPTION; caption = caption->next)
		;
	if (caption != NULL)
		walk_node(w, (xmlNode *) (uintptr_t) caption, style);
	buf_init(&out, HTML_OUT_BYTES);
	w->is_flat = true;
	row = next_row(node, NULL);
	(void) columns_of(w, row, &has_head);
	add_row(w, has_head ? row : NULL, columns, style, &out);
	for (i = 0; i < columns; i++)
		buf_add_text(&out, i == 0 ? "| --- |" : " --- |");
	buf_add_char(&out, '\n');
	for (row = has_head ? next_row(node, row) : row; row != NULL; row = next_row(node, row))
		add_row(w, row, columns, style, &out);
	w->is_flat = false;
	buf_cut(&out, out.len > 0 ? out.len - 1 : 0);
	walk_block(w, buf_view(&out), BLOCK_TEXT);
	w->out->over = w->out->over || out.over;
	buf_release(&out);
	walk_waiting(w);
}
