/* markdown.c: a story's Markdown to HTML, text and mail, through cmark-gfm's tree and our own writers.
 *
 * Decides: what each node becomes, which links are let through, footnote ids, what is a picture alone (what it becomes is its
 * caller's matter). Leaves to others: parsing (cmark-gfm with
 * tables and strikethrough; its own autolinks stay off: they were quadratic, and <https://…> does it), what cmark may
 * be given (markdown_check.c). Runs in: desk's children. The hard thing: speed without malloc per node, so cmark works
 * in an arena that is thrown away whole; it has no place for a pointer of ours, hence one arena per process.
 * SPDX-License-Identifier: ISC */
#include "markdown.h"

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>
#include "base/arena.h"
#include "base/fault.h"
#include "base/must.h"
#include "html.h"

enum { DEPTH = 48, ALT_BYTES = 2000, CMARK_CAP_BYTES = 1024 * 1024 * 1024 };

/* --- cmark's memory --- */

static struct arena cmark_memory;

/* In front of each block: realloc must know how much to copy. */
union block_head {
	size_t size;
	max_align_t align;
};

static void *block_new(size_t count, size_t size)
{
	union block_head *head;
	size_t total;

	must(!__builtin_mul_overflow(count, size, &total));
	head = arena_alloc(&cmark_memory, total + sizeof(*head));
	must(head != NULL); /* markdown_check() keeps sources away that could need so much */
	head->size = total;
	return head + 1;
}

static void *block_grow(void *old, size_t size)
{
	union block_head *head = old;
	void *block;

	if (old != NULL && head[-1].size >= size)
		return old;
	block = block_new(1, size);
	if (old != NULL)
		memcpy(block, old, head[-1].size);
	return block;
}

static void block_free(void *block)
{
	(void) block;
}

static cmark_mem memory = {block_new, block_grow, block_free};

static cmark_node *parse(struct str source)
{
	static cmark_syntax_extension *table;
	static cmark_syntax_extension *strike;
	cmark_parser *parser;

	if (table == NULL) {
		cmark_gfm_core_extensions_ensure_registered();
		table = cmark_find_syntax_extension("table");
		strike = cmark_find_syntax_extension("strikethrough");
		must(table != NULL && strike != NULL);
	}
	if (cmark_memory.life == NULL)
		arena_init(&cmark_memory, "markdown", CMARK_CAP_BYTES);
	parser = cmark_parser_new_with_mem(CMARK_OPT_FOOTNOTES | CMARK_OPT_STRIKETHROUGH_DOUBLE_TILDE, &memory);
	cmark_parser_attach_syntax_extension(parser, table);
	cmark_parser_attach_syntax_extension(parser, strike);
	cmark_parser_feed(parser, source.len > 0 ? source.at : "", source.len);
	return cmark_parser_finish(parser);
}

/* --- the writer --- */

enum target { TO_PAGE, TO_MAIL, TO_TEXT };

/* cmark gives its extensions' nodes numbers at run time. */
enum kind { KIND_CORE, KIND_TABLE, KIND_ROW, KIND_CELL, KIND_STRIKE, KIND_OTHER };

struct writer {
	enum target to;
	struct buf *out;
	struct str prefix;      /* of footnote ids */
	struct str root;        /* instead of a link's leading '/' */
	struct markdown_result result;
	int depth;
	long refs;              /* highest footnote that was referred to */
	long notes;             /* footnotes written */
	bool in_word;
	bool in_body;           /* past a table's head */
	bool is_deep;
	bool link_open[DEPTH];  /* whether the link at this depth got its <a> */
	size_t cell;
	const uint8_t *align;
	uint16_t columns;
	markdown_picture_call *picture;
	void *self;
};

static struct str literal_of(cmark_node *node)
{
	return str_from(cmark_node_get_literal(node));
}

static enum kind kind_of(cmark_node *node)
{
	const char *name;

	if ((cmark_node_get_type(node) & CMARK_NODE_VALUE_MASK) <= 0x000b)
		return KIND_CORE;
	name = cmark_node_get_type_string(node);
	if (strcmp(name, "table") == 0)
		return KIND_TABLE;
	if (strcmp(name, "table_row") == 0 || strcmp(name, "table_header") == 0)
		return KIND_ROW;
	if (strcmp(name, "table_cell") == 0)
		return KIND_CELL;
	return strcmp(name, "strikethrough") == 0 ? KIND_STRIKE : KIND_OTHER;
}

static void put(struct writer *w, const char *text)
{
	buf_add_text(w->out, text);
}

static void put_text(struct writer *w, struct str text)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		bool is_space = (unsigned char) text.at[i] <= ' ';

		w->result.words += !is_space && !w->in_word;
		w->in_word = !is_space;
	}
	if (w->to == TO_TEXT)
		buf_add_str(w->out, text);
	else
		html_text(w->out, text);
}

static void put_break(struct writer *w, const char *text)
{
	w->in_word = false;
	put(w, text);
}

/* --- links --- */

static bool has_scheme(struct str url, const char *scheme)
{
	size_t len = strlen(scheme);

	return url.len > len && url.at[len] == ':' && str_equal_nocase(str_part(url, 0, len), str_make(scheme, len));
}

static bool is_absolute(struct str url)
{
	return has_scheme(url, "http") || has_scheme(url, "https") || has_scheme(url, "mailto");
}

/* No scheme, no host of its own. */
static bool is_relative(struct str url)
{
	size_t i;

	if (url.len == 0 || str_starts(url, STR("//")) || url.at[0] == '\\' || (url.len > 1 && url.at[1] == '\\'))
		return false;
	for (i = 0; i < url.len && memchr("/?#", url.at[i], 3) == NULL; i++)
		if (url.at[i] == ':' || (unsigned char) url.at[i] <= ' ')
			return false;
	return true;
}

static void put_url(struct writer *w, struct str url)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t i;

	if (w->root.len > 0 && url.len > 0 && url.at[0] == '/') {
		html_text(w->out, w->root);
		url = str_part(url, 1, SIZE_MAX);
	}
	for (i = 0; i < url.len; i++) {
		unsigned char c = (unsigned char) url.at[i];

		if (c == '&') {
			put(w, "&amp;");
		} else if (c <= ' ' || c == 0x7f || memchr("\"'<>\\^`{|}", c, 10) != NULL) {
			buf_add_char(w->out, '%');
			buf_add_char(w->out, hex[c >> 4]);
			buf_add_char(w->out, hex[c & 15]);
		} else {
			buf_add_char(w->out, (char) c);
		}
	}
}

static void write_link(struct writer *w, cmark_node *node, bool entering)
{
	struct str url = str_from(cmark_node_get_url(node));
	struct str title = str_from(cmark_node_get_title(node));
	bool *open = &w->link_open[w->depth < DEPTH ? w->depth : DEPTH - 1];

	if (w->to == TO_TEXT)
		return;
	if (!entering) {
		if (*open)
			put(w, "</a>");
		*open = false;
		return;
	}
	*open = is_absolute(url) || (is_relative(url) && (w->to == TO_PAGE || (url.at[0] == '/' && w->root.len > 0)));
	if (!*open)
		return;
	put(w, "<a href=\"");
	put_url(w, url);
	put(w, "\"");
	if (title.len > 0)
		html_attr(w->out, "title", title);
	put(w, ">");
}

/* --- blocks --- */

static bool is_tight(cmark_node *paragraph)
{
	cmark_node *parent = cmark_node_parent(paragraph);
	cmark_node *list = parent != NULL ? cmark_node_parent(parent) : NULL;

	return list != NULL && cmark_node_get_type(list) == CMARK_NODE_LIST && cmark_node_get_list_tight(list);
}

static void put_backlink(struct writer *w)
{
	if (w->to != TO_PAGE)
		return;
	put(w, " <a class=\"back\" href=\"#");
	html_text(w->out, w->prefix);
	buf_format(w->out, "r%ld\">↩</a>", w->notes);
}

static void write_paragraph(struct writer *w, cmark_node *node, bool entering)
{
	cmark_node *parent = cmark_node_parent(node);
	bool in_note = parent != NULL && cmark_node_get_type(parent) == CMARK_NODE_FOOTNOTE_DEFINITION;

	w->in_word = false;
	if (is_tight(node)) {
		if (w->to == TO_TEXT && !entering)
			put(w, "\n");
		return;
	}
	if (w->to == TO_TEXT) {
		put(w, entering ? "" : "\n\n");
		return;
	}
	if (entering) {
		put(w, w->to == TO_MAIL ? "<p style=\"margin:0 0 16px\">" : "<p>");
		return;
	}
	if (in_note && cmark_node_next(node) == NULL)
		put_backlink(w);
	put(w, "</p>\n");
	if (parent != NULL && cmark_node_get_type(parent) == CMARK_NODE_DOCUMENT) {
		w->result.paragraphs++;
		if (w->result.paragraphs == 3)
			w->result.after_third = w->out->len;
	}
}

static void write_heading(struct writer *w, cmark_node *node, bool entering)
{
	int level = cmark_node_get_heading_level(node);

	w->in_word = false;
	if (w->to == TO_TEXT) {
		put(w, entering ? "" : "\n\n");
		return;
	}
	level = level < 2 ? 2 : level;
	if (!entering)
		buf_format(w->out, "</h%d>\n", level);
	else if (w->to == TO_MAIL)
		buf_format(w->out, "<h%d style=\"margin:24px 0 8px;font-size:20px;line-height:1.25\">", level);
	else
		buf_format(w->out, "<h%d>", level);
}

static void write_list(struct writer *w, cmark_node *node, bool entering)
{
	bool is_ordered = cmark_node_get_list_type(node) == CMARK_ORDERED_LIST;
	int start = cmark_node_get_list_start(node);

	w->in_word = false;
	if (w->to == TO_TEXT) {
		put(w, entering ? "" : "\n");
		return;
	}
	if (!entering)
		put(w, is_ordered ? "</ol>\n" : "</ul>\n");
	else if (is_ordered && start != 1)
		buf_format(w->out, "<ol start=\"%d\">\n", start);
	else
		put(w, is_ordered ? "<ol>\n" : "<ul>\n");
}

static void write_code_block(struct writer *w, cmark_node *node)
{
	w->in_word = false;
	if (w->to != TO_TEXT)
		put(w, "<pre><code>");
	put_text(w, literal_of(node));
	put(w, w->to == TO_TEXT ? "\n" : "</code></pre>\n");
	w->in_word = false;
}

/* Raw HTML is off: it stands there as it was typed, for its author to see; comments are left out. */
static void write_html(struct writer *w, cmark_node *node, bool is_block)
{
	struct str html = literal_of(node);

	if (str_starts(html, STR("<!--")))
		return;
	if (is_block && w->to != TO_TEXT)
		put(w, "<p>");
	put_text(w, html);
	if (is_block)
		put(w, w->to == TO_TEXT ? "\n" : "</p>\n");
}

/* --- footnotes --- */

static void write_reference(struct writer *w, cmark_node *node)
{
	int64_t number = 0;

	if (w->to == TO_TEXT || !str_to_i64(literal_of(node), &number))
		return;
	if (w->to == TO_MAIL) {
		buf_format(w->out, "<sup>%lld</sup>", (long long) number);
		return;
	}
	put(w, "<sup class=\"ref\"><a");
	if (number > w->refs) { /* numbers are given in the order of first use: only that place is come back to */
		w->refs = (long) number;
		put(w, " id=\"");
		html_text(w->out, w->prefix);
		buf_format(w->out, "r%lld\"", (long long) number);
	}
	put(w, " href=\"#");
	html_text(w->out, w->prefix);
	buf_format(w->out, "n%lld\">%lld</a></sup>", (long long) number, (long long) number);
}

static void write_note(struct writer *w, cmark_node *node, bool entering)
{
	cmark_node *last = cmark_node_last_child(node);

	w->in_word = false;
	if (w->to == TO_TEXT)
		return;
	if (entering) {
		if (w->notes++ == 0)
			put(w, w->to == TO_MAIL ? "<ol>\n" : "<div class=\"notes\"><ol>\n");
		put(w, "<li id=\"");
		html_text(w->out, w->prefix);
		buf_format(w->out, "n%ld\">", w->notes);
	} else {
		if (last == NULL || cmark_node_get_type(last) != CMARK_NODE_PARAGRAPH)
			put_backlink(w);
		put(w, "</li>\n");
	}
}

/* --- tables --- */

static void write_table(struct writer *w, cmark_node *node, bool entering)
{
	w->in_word = false;
	if (entering) {
		w->columns = cmark_gfm_extensions_get_table_columns(node);
		w->align = cmark_gfm_extensions_get_table_alignments(node);
		w->in_body = false;
		if (w->to != TO_TEXT)
			put(w, "<div class=\"table\" tabindex=\"0\"><table>\n");
		return;
	}
	if (w->to == TO_TEXT)
		put(w, "\n");
	else
		put(w, w->in_body ? "</tbody></table></div>\n" : "</table></div>\n");
	w->in_body = false;
}

static void write_row(struct writer *w, cmark_node *node, bool entering)
{
	bool is_head = cmark_gfm_extensions_get_table_row_is_header(node);

	if (entering)
		w->cell = 0;
	if (w->to == TO_TEXT) {
		put(w, entering ? "" : "\n");
		return;
	}
	if (entering && !is_head && !w->in_body) {
		put(w, "<tbody>\n");
		w->in_body = true;
	}
	if (entering)
		put(w, is_head ? "<thead><tr>" : "<tr>");
	else
		put(w, is_head ? "</tr></thead>\n" : "</tr>\n");
}

static void write_cell(struct writer *w, cmark_node *node, bool entering)
{
	cmark_node *row = cmark_node_parent(node);
	bool is_head = row != NULL && cmark_gfm_extensions_get_table_row_is_header(row);
	char align = w->align != NULL && w->cell < w->columns ? (char) w->align[w->cell] : '\0';

	w->in_word = false;
	if (w->to == TO_TEXT) {
		if (!entering && cmark_node_next(node) != NULL)
			put(w, "  ");
		return;
	}
	if (!entering) {
		put(w, is_head ? "</th>" : "</td>");
		w->cell++;
		return;
	}
	put(w, is_head ? "<th scope=\"col\"" : "<td");
	if (align == 'r')
		put(w, " class=\"end\"");
	else if (align == 'c')
		put(w, " class=\"mid\"");
	put(w, ">");
}

/* --- the walk --- */

static void write_tags(struct writer *w, bool entering, const char *open, const char *close)
{
	if (w->to != TO_TEXT)
		put(w, entering ? open : close);
}

static void write_inline(struct writer *w, cmark_node *node, bool entering)
{
	switch (cmark_node_get_type(node)) {
	case CMARK_NODE_TEXT:
		put_text(w, literal_of(node));
		break;
	case CMARK_NODE_SOFTBREAK:
		put_break(w, w->to == TO_TEXT ? " " : "\n");
		break;
	case CMARK_NODE_LINEBREAK:
		put_break(w, w->to == TO_TEXT ? "\n" : "<br>\n");
		break;
	case CMARK_NODE_CODE:
		write_tags(w, true, "<code>", "");
		put_text(w, literal_of(node));
		write_tags(w, false, "", "</code>");
		break;
	case CMARK_NODE_HTML_INLINE:
		write_html(w, node, false);
		break;
	case CMARK_NODE_EMPH:
		write_tags(w, entering, "<em>", "</em>");
		break;
	case CMARK_NODE_STRONG:
		write_tags(w, entering, "<strong>", "</strong>");
		break;
	case CMARK_NODE_LINK:
	case CMARK_NODE_IMAGE: /* a picture elsewhere is never asked for: its alternative text links to it */
		write_link(w, node, entering);
		break;
	case CMARK_NODE_FOOTNOTE_REFERENCE:
		if (entering)
			write_reference(w, node);
		break;
	default:
		break;
	}
}

static void write_core(struct writer *w, cmark_node *node, bool entering)
{
	switch (cmark_node_get_type(node)) {
	case CMARK_NODE_PARAGRAPH:
		write_paragraph(w, node, entering);
		break;
	case CMARK_NODE_HEADING:
		write_heading(w, node, entering);
		break;
	case CMARK_NODE_BLOCK_QUOTE:
		write_tags(w, entering, w->to == TO_MAIL ?
			"<blockquote style=\"margin:0 0 16px;padding:0 0 0 14px;border-left:4px solid #2a3192\">\n"
			: "<blockquote>\n", "</blockquote>\n");
		break;
	case CMARK_NODE_LIST:
		write_list(w, node, entering);
		break;
	case CMARK_NODE_ITEM:
		if (w->to == TO_TEXT)
			put(w, entering ? "- " : "");
		write_tags(w, entering, "<li>", "</li>\n");
		break;
	case CMARK_NODE_CODE_BLOCK:
		write_code_block(w, node);
		break;
	case CMARK_NODE_HTML_BLOCK:
		write_html(w, node, true);
		break;
	case CMARK_NODE_THEMATIC_BREAK:
		put(w, w->to == TO_TEXT ? "* * *\n\n" : "<hr>\n");
		break;
	case CMARK_NODE_FOOTNOTE_DEFINITION:
		write_note(w, node, entering);
		break;
	default:
		write_inline(w, node, entering);
		break;
	}
}

static void write_node(struct writer *w, cmark_node *node, bool entering)
{
	switch (kind_of(node)) {
	case KIND_CORE:
		write_core(w, node, entering);
		break;
	case KIND_TABLE:
		write_table(w, node, entering);
		break;
	case KIND_ROW:
		write_row(w, node, entering);
		break;
	case KIND_CELL:
		write_cell(w, node, entering);
		break;
	case KIND_STRIKE:
		write_tags(w, entering, "<del>", "</del>");
		break;
	case KIND_OTHER:
	default:
		break;
	}
}

/* --- pictures --- */

static bool is_picture_paragraph(cmark_node *node)
{
	cmark_node *child;
	bool has_picture = false;

	if (cmark_node_get_type(node) != CMARK_NODE_PARAGRAPH)
		return false;
	for (child = cmark_node_first_child(node); child != NULL; child = cmark_node_next(child)) {
		cmark_node_type type = cmark_node_get_type(child);

		if (type == CMARK_NODE_IMAGE)
			has_picture = true;
		else if (type != CMARK_NODE_SOFTBREAK && type != CMARK_NODE_LINEBREAK)
			return false;
	}
	return has_picture;
}

static void add_plain(cmark_node *node, struct buf *out)
{
	cmark_node *child;

	for (child = cmark_node_first_child(node); child != NULL; child = cmark_node_next(child)) {
		cmark_node_type type = cmark_node_get_type(child);

		if (type == CMARK_NODE_TEXT || type == CMARK_NODE_CODE || type == CMARK_NODE_HTML_INLINE)
			buf_add_str(out, literal_of(child));
		else if (type == CMARK_NODE_SOFTBREAK || type == CMARK_NODE_LINEBREAK)
			buf_add_char(out, ' ');
		else if (cmark_node_first_child(child) != NULL && out->len < ALT_BYTES)
			add_plain(child, out); /* cmark's own nesting is bounded by markdown_check() */
	}
}

/* A paragraph that a table was cut off from has no line of its own: then what it stands in. */
static size_t line_of(cmark_node *node)
{
	for (; node != NULL; node = cmark_node_parent(node))
		if (cmark_node_get_start_line(node) > 0)
			return (size_t) cmark_node_get_start_line(node);
	return 1;
}

/* Whether `call` took every picture of the paragraph; what it wrote before it did not is taken back. */
static bool ask_pictures(cmark_node *paragraph, markdown_picture_call *call, void *self, struct buf *out)
{
	size_t before = out->len;
	cmark_node *child;
	struct buf alt;
	bool taken = true;

	buf_init(&alt, 2 * ALT_BYTES);
	for (child = cmark_node_first_child(paragraph); taken && child != NULL; child = cmark_node_next(child)) {
		struct markdown_picture picture;

		if (cmark_node_get_type(child) != CMARK_NODE_IMAGE)
			continue;
		buf_clear(&alt);
		add_plain(child, &alt);
		picture = (struct markdown_picture){.url = str_from(cmark_node_get_url(child)), .alt = buf_view(&alt),
			.title = str_from(cmark_node_get_title(child)), .line = line_of(paragraph)};
		taken = call(self, &picture, out);
	}
	buf_release(&alt);
	if (!taken)
		buf_cut(out, before);
	return taken;
}

static bool is_no_text(cmark_node *paragraph)
{
	cmark_node *child;

	for (child = cmark_node_first_child(paragraph); child != NULL; child = cmark_node_next(child))
		if (cmark_node_get_type(child) == CMARK_NODE_IMAGE && is_absolute(str_from(cmark_node_get_url(child))))
			return false;
	return true;
}

/* Whether the paragraph is done with by that. */
static bool write_pictures(struct writer *w, cmark_node *node)
{
	if ((w->to != TO_TEXT && w->picture == NULL) || !is_picture_paragraph(node))
		return false;
	if (w->to == TO_TEXT)
		return is_no_text(node);
	w->in_word = false;
	return ask_pictures(node, w->picture, w->self, w->out);
}

static bool walk(struct writer *w, struct str source, struct fault *f)
{
	cmark_node *root;
	cmark_iter *iter;
	cmark_event_type event;

	if (!markdown_check(source, f))
		return false;
	root = parse(source);
	iter = cmark_iter_new(root);
	while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE && !w->out->over && !w->is_deep) {
		cmark_node *node = cmark_iter_get_node(iter);
		bool is_leaf = cmark_node_first_child(node) == NULL;

		if (event == CMARK_EVENT_ENTER && !is_leaf && write_pictures(w, node)) {
			cmark_iter_reset(iter, node, CMARK_EVENT_EXIT);
			continue;
		}
		/* cmark gives leaves of some types one event and others two; depth only counts nodes with children */
		if (event == CMARK_EVENT_EXIT && !is_leaf)
			w->depth--;
		write_node(w, node, event == CMARK_EVENT_ENTER);
		if (event == CMARK_EVENT_ENTER && !is_leaf)
			w->is_deep = ++w->depth >= DEPTH;
	}
	if (w->notes > 0)
		put(w, w->to == TO_PAGE ? "</ol></div>\n" : "</ol>\n");
	arena_reset(&cmark_memory);
	if (w->is_deep)
		return fault_set(f, FAULT_INPUT, "lists, quotes and emphasis are nested deeper than %d", (int) DEPTH);
	return buf_check(w->out, "this text as a page", f);
}

bool markdown_pictures(struct str source, markdown_picture_call *call, void *self, struct buf *out, struct fault *f)
{
	cmark_iter *iter;
	cmark_event_type event;
	bool goes_on = true;

	if (!markdown_check(source, f))
		return false;
	iter = cmark_iter_new(parse(source));
	while (goes_on && (event = cmark_iter_next(iter)) != CMARK_EVENT_DONE)
		if (event == CMARK_EVENT_ENTER && is_picture_paragraph(cmark_iter_get_node(iter)))
			goes_on = ask_pictures(cmark_iter_get_node(iter), call, self, out);
	arena_reset(&cmark_memory);
	return true;
}

bool markdown_write_with(struct str source, const struct markdown_how *how, struct buf *out,
	struct markdown_result *result, struct fault *f)
{
	struct writer w = {.to = TO_PAGE, .out = out, .prefix = how->id_prefix, .root = how->root, .picture = how->picture,
		.self = how->self};
	bool ok = walk(&w, source, f);

	if (result != NULL)
		*result = w.result;
	return ok;
}

bool markdown_write_under(struct str source, struct str id_prefix, struct str root, struct buf *out,
	struct markdown_result *result, struct fault *f)
{
	const struct markdown_how how = {.id_prefix = id_prefix, .root = root};

	return markdown_write_with(source, &how, out, result, f);
}

bool markdown_write(struct str source, struct str id_prefix, struct buf *out, struct markdown_result *result,
	struct fault *f)
{
	return markdown_write_under(source, id_prefix, (struct str){NULL, 0}, out, result, f);
}

bool markdown_write_text(struct str source, struct buf *out, struct fault *f)
{
	struct writer w = {.to = TO_TEXT, .out = out};
	bool ok = walk(&w, source, f);

	while (ok && out->len > 0 && (out->at[out->len - 1] == '\n' || out->at[out->len - 1] == ' '))
		buf_cut(out, out->len - 1);
	return ok;
}

bool markdown_write_mail(struct str source, struct str base_url, struct buf *out, struct fault *f)
{
	struct writer w = {.to = TO_MAIL, .out = out, .root = base_url};

	return walk(&w, source, f);
}
