/* movein_html.c: a story's HTML to Markdown: the tree.
 *
 * Decides: which elements there are and what becomes of each. Leaves to others: marks and escaping (movein_text.c), links
 * and pictures (movein_links.c), containers (movein_blocks.c), notes (movein_footnotes.c). Runs in: mimeo-movein. The hard thing: the
 * HTML is a stranger's and may be nested a million deep, so nothing here goes deeper than WALK_DEPTH.
 * SPDX-License-Identifier: ISC */
#include "movein/movein_html.h"

#include <libxml/HTMLparser.h>
#include <limits.h>
#include <string.h>
#include "base/fault.h"
#include "movein/movein_inside.h"

static const struct {
	const char *name;
	enum tag tag;
} tags[] = {
	{"a", TAG_LINK}, {"address", TAG_BLOCK}, {"article", TAG_BLOCK}, {"aside", TAG_BLOCK}, {"audio", TAG_EMBED},
	{"b", TAG_STRONG}, {"blockquote", TAG_QUOTE}, {"body", TAG_BLOCK}, {"br", TAG_BREAK}, {"button", TAG_FORM},
	{"canvas", TAG_DROP}, {"caption", TAG_CAPTION}, {"center", TAG_BLOCK}, {"code", TAG_CODE}, {"dd", TAG_BLOCK},
	{"del", TAG_DEL}, {"details", TAG_BLOCK}, {"div", TAG_BLOCK}, {"dl", TAG_BLOCK}, {"dt", TAG_TERM}, {"em", TAG_EM},
	{"embed", TAG_EMBED}, {"fieldset", TAG_BLOCK}, {"figcaption", TAG_CAPTION}, {"figure", TAG_FIGURE},
	{"footer", TAG_BLOCK}, {"form", TAG_FORM}, {"frame", TAG_EMBED}, {"h1", TAG_HEADING}, {"h2", TAG_HEADING},
	{"h3", TAG_HEADING}, {"h4", TAG_HEADING}, {"h5", TAG_HEADING}, {"h6", TAG_HEADING}, {"head", TAG_DROP},
	{"header", TAG_BLOCK}, {"hr", TAG_RULE}, {"html", TAG_BLOCK}, {"i", TAG_EM}, {"iframe", TAG_EMBED},
	{"img", TAG_PICTURE}, {"input", TAG_FORM}, {"kbd", TAG_CODE}, {"li", TAG_ITEM}, {"main", TAG_BLOCK},
	{"math", TAG_DROP}, {"nav", TAG_BLOCK}, {"noscript", TAG_DROP}, {"object", TAG_EMBED}, {"ol", TAG_LIST},
	{"p", TAG_BLOCK}, {"pre", TAG_PRE}, {"q", TAG_QUOTED}, {"s", TAG_DEL}, {"samp", TAG_CODE}, {"script", TAG_FORM},
	{"section", TAG_BLOCK}, {"select", TAG_FORM}, {"strike", TAG_DEL}, {"strong", TAG_STRONG}, {"style", TAG_DROP},
	{"sub", TAG_LOWERED}, {"summary", TAG_TERM}, {"sup", TAG_RAISED}, {"svg", TAG_DROP}, {"table", TAG_TABLE},
	{"tbody", TAG_BLOCK}, {"td", TAG_BLOCK}, {"template", TAG_DROP}, {"textarea", TAG_FORM}, {"tfoot", TAG_BLOCK},
	{"th", TAG_BLOCK}, {"thead", TAG_BLOCK}, {"tr", TAG_BLOCK}, {"tt", TAG_CODE}, {"ul", TAG_LIST},
	{"video", TAG_EMBED},
};

enum tag walk_tag(const xmlNode *node)
{
	size_t low = 0;
	size_t high = sizeof(tags) / sizeof(tags[0]);

	if (node->type != XML_ELEMENT_NODE)
		return TAG_OTHER;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp((const char *) node->name, tags[middle].name);

		if (order == 0)
			return tags[middle].tag;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return TAG_OTHER;
}

xmlNode *walk_next(const xmlNode *root, const xmlNode *node, bool into)
{
	if (into && (node->type == XML_ELEMENT_NODE || node->type == XML_HTML_DOCUMENT_NODE) && node->children != NULL)
		return node->children;
	while (node != NULL && node != root) {
		if (node->next != NULL)
			return node->next;
		node = node->parent;
	}
	return NULL;
}

struct str walk_attr(struct walk *w, const xmlNode *node, const char *name)
{
	const xmlAttr *attr;

	for (attr = node->type == XML_ELEMENT_NODE ? node->properties : NULL; attr != NULL; attr = attr->next)
		if (strcmp((const char *) attr->name, name) == 0 && attr->children != NULL && attr->children->content != NULL)
			return str_trim(str_copy(str_from((const char *) attr->children->content), &w->arena));
	return (struct str){NULL, 0};
}

bool walk_has_class(const xmlNode *node, const char *word)
{
	const xmlAttr *attr;

	for (attr = node->type == XML_ELEMENT_NODE ? node->properties : NULL; attr != NULL; attr = attr->next)
		if (strcmp((const char *) attr->name, "class") == 0 && attr->children != NULL && attr->children->content != NULL)
			return strstr((const char *) attr->children->content, word) != NULL;
	return false;
}

/* Text with its white space collapsed and control characters gone. */
static void add_plain(struct buf *out, struct str text)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char) text.at[i];

		if (c > ' ' && c != 0x7f)
			buf_add_char(out, (char) c);
		else if ((c == ' ' || (c >= '\t' && c <= '\r')) && out->len > 0 && out->at[out->len - 1] != ' ')
			buf_add_char(out, ' ');
	}
}

static void plain_below(const xmlNode *root, const char *but_class, struct buf *out)
{
	const xmlNode *node = root;
	bool into = true;

	while ((node = walk_next(root, node, into)) != NULL) {
		enum tag tag = walk_tag(node);

		into = tag != TAG_DROP && tag != TAG_FORM && (but_class == NULL || !walk_has_class(node, but_class));
		if (node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE)
			add_plain(out, str_from((const char *) node->content));
		else if (tag == TAG_BLOCK || tag == TAG_BREAK)
			add_plain(out, STR(" "));
	}
}

struct str walk_plain(struct walk *w, const xmlNode *node, const char *but_class)
{
	struct buf text;
	struct str line;

	buf_init(&text, HTML_CAP_BYTES);
	plain_below(node, but_class, &text);
	line = str_trim(str_copy(str_trim(buf_view(&text)), &w->arena));
	buf_release(&text);
	return line;
}

/* --- writing blocks --- */

static bool may_stand_below(const struct walk *w, struct str list)
{
	return str_find(buf_view(w->out), STR("\n\n")) == SIZE_MAX && w->out->at[0] != '\x01' && w->out->at[0] != '`'
		&& (list.at[0] == '-' || list.at[0] == '*' || str_starts(list, STR("1.")) || str_starts(list, STR("1)")));
}

void walk_block(struct walk *w, struct str text, enum block kind)
{
	if (text.len == 0)
		return;
	/* a list right below its item's one paragraph leaves the list around it tight */
	if (w->out->len > 0)
		buf_add_text(w->out, w->is_item && w->last == BLOCK_TEXT && kind != BLOCK_TEXT && may_stand_below(w, text) ? "\n"
			: "\n\n");
	buf_add_str(w->out, text);
	w->last = kind;
}

/* A line that is an address alone becomes a link to it: WordPress showed there what it leads to. */
static void link_alone(struct walk *w)
{
	struct str text = str_trim(buf_view(&w->line.text));
	uint16_t link;
	size_t i;

	if ((!str_starts(text, STR("http://")) && !str_starts(text, STR("https://"))) || text.len > 1000)
		return;
	for (i = 0; i < w->line.text.len; i++)
		if (w->line.links[i] != 0)
			return;
	for (i = 0; i < text.len; i++)
		if ((unsigned char) text.at[i] <= ' ')
			return;
	link = walk_link(w, text);
	for (i = 0; i < w->line.text.len; i++)
		w->line.links[i] = link;
}

void walk_flush(struct walk *w)
{
	struct buf text;

	if (w->is_flat) {
		if (w->line.text.len > 0)
			text_add(&w->line, STR(" "), 0, 0);
		return;
	}
	if (text_is_empty(&w->line)) {
		text_clear(&w->line);
	} else {
		link_alone(w);
		buf_init(&text, HTML_OUT_BYTES);
		text_write(&w->line, &w->links, TEXT_PARAGRAPH, &text);
		walk_block(w, buf_view(&text), BLOCK_TEXT);
		w->out->over = w->out->over || text.over;
		buf_release(&text);
	}
	walk_waiting(w);
}

/* --- inline --- */

/* A raised or lowered figure has a character of its own. */
static void add_script(struct walk *w, struct str text, struct style style)
{
	static const char *const figures[2][10] = {{"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"},
		{"₀", "₁", "₂", "₃", "₄", "₅", "₆", "₇", "₈", "₉"}};
	size_t i;

	for (i = 0; i < text.len; i++) {
		char c = text.at[i];

		if (c >= '0' && c <= '9')
			text_add(&w->line, str_from(figures[style.script == TAG_LOWERED][c - '0']), style.marks, style.link);
		else
			text_add(&w->line, str_part(text, i, 1), style.marks, style.link);
	}
}

static void add_text(struct walk *w, struct str text, struct style style)
{
	if (style.script != TAG_OTHER)
		add_script(w, text, style);
	else
		text_add(&w->line, text, style.marks, style.link);
}

/* Lines of the classic editor. */
static void add_lines(struct walk *w, struct str text, struct style style)
{
	size_t at = 0;

	while (at < text.len) {
		size_t end = at;
		size_t lines = 0;

		while (end < text.len && text.at[end] != '\n')
			end++;
		add_text(w, str_part(text, at, end - at), style);
		for (; end < text.len && (text.at[end] == '\n' || text.at[end] == ' ' || text.at[end] == '\t'
			|| text.at[end] == '\r'); end++)
			lines += text.at[end] == '\n';
		if (lines > 1)
			walk_flush(w);
		else if (lines == 1 && !text_is_at_break(&w->line))
			text_break(&w->line);
		at = end;
	}
}

static void take_break(struct walk *w)
{
	if (w->is_flat)
		text_add(&w->line, STR(" "), 0, 0);
	else if (text_is_at_break(&w->line) && w->line.text.len > 0)
		walk_flush(w); /* two in a row are a paragraph's end */
	else
		text_break(&w->line);
}

static void take_code(struct walk *w, const xmlNode *node, struct style style)
{
	struct str text = walk_plain(w, node, NULL);
	struct buf code;

	if (text.len == 0)
		return;
	buf_init(&code, HTML_CAP_BYTES);
	text_write_code(&code, text);
	text_add_raw(&w->line, buf_view(&code), style.marks, style.link);
	buf_release(&code);
}

static void take_link(struct walk *w, const xmlNode *node, struct style style)
{
	struct str href = walk_attr(w, node, "href");
	uint16_t link;

	if (footnotes_refer(w, node) || footnotes_is_back(w, node) || walk_take_card(w, node))
		return;
	link = walk_link(w, href);
	if (link != 0)
		style.link = link;
	walk_children(w, node, style);
}

static void take_term(struct walk *w, const xmlNode *node, struct style style)
{
	walk_flush(w);
	style.marks |= TEXT_STRONG;
	walk_children(w, node, style);
	walk_flush(w);
}

static void take_form(struct walk *w, const xmlNode *node)
{
	html_note(w->result, "form", str_from((const char *) node->name));
}

static void take_loose_caption(struct walk *w, const xmlNode *node, struct style style)
{
	walk_flush(w);
	style.marks |= TEXT_EM;
	walk_children(w, node, style);
	walk_flush(w);
}

static void take_inline(struct walk *w, const xmlNode *node, enum tag tag, struct style style)
{
	if (tag == TAG_RAISED && footnotes_refer(w, node))
		return;
	style.marks |= tag == TAG_STRONG ? TEXT_STRONG : tag == TAG_EM ? TEXT_EM : tag == TAG_DEL ? TEXT_DEL : 0;
	if (tag == TAG_RAISED || tag == TAG_LOWERED)
		style.script = tag;
	if (tag == TAG_QUOTED)
		text_add(&w->line, STR("“"), style.marks, style.link);
	walk_children(w, node, style);
	if (tag == TAG_QUOTED)
		text_add(&w->line, STR("”"), style.marks, style.link);
}

static void take_element(struct walk *w, xmlNode *node, struct style style)
{
	enum tag tag = walk_tag(node);

	switch (tag) {
	case TAG_DROP:
		break;
	case TAG_FORM:
		take_form(w, node);
		break;
	case TAG_ITEM: /* without a list around it */
	case TAG_BLOCK:
		walk_flush(w);
		walk_children(w, node, style);
		walk_flush(w);
		break;
	case TAG_HEADING:
		walk_heading(w, node, style);
		break;
	case TAG_QUOTE:
		walk_quote(w, node, style);
		break;
	case TAG_LIST:
		walk_list(w, node, style);
		break;
	case TAG_PRE:
		walk_pre(w, node);
		break;
	case TAG_RULE:
		walk_flush(w);
		if (!w->is_flat && w->out->len > 0)
			walk_block(w, STR("***"), BLOCK_TEXT);
		break;
	case TAG_TABLE:
		walk_table(w, node, style);
		break;
	case TAG_FIGURE:
		walk_figure(w, node, style);
		break;
	case TAG_CAPTION:
		take_loose_caption(w, node, style);
		break;
	case TAG_PICTURE:
		walk_take_picture(w, node, style);
		break;
	case TAG_BREAK:
		take_break(w);
		break;
	case TAG_LINK:
		take_link(w, node, style);
		break;
	case TAG_CODE:
		take_code(w, node, style);
		break;
	case TAG_EMBED:
		walk_take_embed(w, node);
		break;
	case TAG_TERM:
		take_term(w, node, style);
		break;
	default:
		take_inline(w, node, tag, style);
		break;
	}
}

void walk_node(struct walk *w, xmlNode *node, struct style style)
{
	struct str text = str_from((const char *) node->content);

	if (node->type == XML_ELEMENT_NODE) {
		take_element(w, node, style);
	} else if (node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE) {
		if (w->has_breaks && !w->is_flat)
			add_lines(w, text, style);
		else
			add_text(w, text, style);
	} /* comments are the block editor's own notes */
}

void walk_children(struct walk *w, const xmlNode *node, struct style style)
{
	xmlNode *child;

	if (w->depth >= WALK_DEPTH) {
		add_text(w, walk_plain(w, node, NULL), style);
		html_note(w->result, "deep", (struct str){NULL, 0});
		return;
	}
	w->depth++;
	for (child = node->children; child != NULL; child = child->next)
		walk_node(w, child, style);
	w->depth--;
}

/* --- the whole --- */

void html_result_init(struct html_result *result)
{
	*result = (struct html_result){.pictures = json_array(), .notes = json_array()};
	buf_init(&result->text, HTML_OUT_BYTES);
}

void html_result_release(struct html_result *result)
{
	buf_release(&result->text);
	json_decref(result->pictures);
	json_decref(result->notes);
	*result = (struct html_result){.pictures = NULL};
}

void html_note(struct html_result *result, const char *kind, struct str detail)
{
	json_t *note;
	size_t i;

	detail = str_part(detail, 0, 500);
	while (detail.len > 0 && !str_is_utf8(detail))
		detail.len--;
	note = json_pack("[s, s%]", kind, detail.len > 0 ? detail.at : "", detail.len);
	for (i = 0; i < json_array_size(result->notes) && !json_equal(json_array_get(result->notes, i), note); i++)
		;
	if (note != NULL && i == json_array_size(result->notes) && i < HTML_NOTES)
		json_array_append(result->notes, note);
	json_decref(note);
}

/* is_cut (may be NULL): the parser gave up, since elements stand too deep in each other. */
static xmlDoc *parse(struct str html, bool *is_cut)
{
	htmlParserCtxt *context = html.len <= INT_MAX ? htmlNewParserCtxt() : NULL;
	const xmlError *error;
	xmlDoc *doc;

	if (context == NULL)
		return NULL;
	doc = htmlCtxtReadMemory(context, html.at, (int) html.len, NULL, "UTF-8",
		HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET | HTML_PARSE_COMPACT);
	error = xmlCtxtGetLastError(context);
	if (is_cut != NULL)
		*is_cut = error != NULL && error->message != NULL && strstr(error->message, "depth") != NULL;
	htmlFreeParserCtxt(context);
	return doc;
}

/* The words of HTML that is nested too deep to be read: every tag becomes a space, or a blank line. */
static void drop_tags(struct str html, struct buf *out)
{
	static const char *const blocks[] = {"</p", "<p", "<br", "</div", "<li", "</h", "</tr", "</blockquote"};
	size_t end;
	size_t i;

	while (html.len > 0) {
		size_t tag = str_find_char(html, '<');

		buf_add_str(out, str_part(html, 0, tag));
		if (tag == SIZE_MAX || (end = str_find_char(str_part(html, tag, SIZE_MAX), '>')) == SIZE_MAX)
			break;
		html = str_part(html, tag, SIZE_MAX);
		for (i = 0; i < sizeof(blocks) / sizeof(blocks[0]) && !str_starts(html, str_from(blocks[i])); i++)
			;
		buf_add_text(out, i < sizeof(blocks) / sizeof(blocks[0]) ? "\n\n" : " ");
		html = str_part(html, end + 1, SIZE_MAX);
	}
}

static void convert(struct walk *w, const xmlNode *root)
{
	footnotes_find(w, root);
	walk_children(w, root, (struct style){0});
	walk_flush(w);
	footnotes_write(w);
}

bool html_to_markdown(const struct html_wish *wish, struct html_result *result, struct fault *f)
{
	struct walk *w = memory_new(1, sizeof(*w));
	struct buf source;
	struct buf words;
	xmlDoc *doc = NULL;
	bool is_cut = false;
	bool ok = false;

	buf_init(&source, HTML_CAP_BYTES);
	buf_init(&words, HTML_CAP_BYTES);
	arena_init(&w->arena, "story", WALK_ARENA);
	text_init(&w->line);
	w->wish = wish;
	w->result = result;
	w->out = &result->text;
	w->has_breaks = wish->has_breaks;
	if (wish->has_shortcodes)
		shortcodes_to_html(wish, result, &source);
	else
		buf_add_str(&source, wish->html);
	if (source.over) {
		fault_set(f, FAULT_INPUT, "its text is longer than %d MiB", HTML_CAP_BYTES >> 20);
		goto done;
	}
	ok = true;
	if (source.len == 0)
		goto done;
	doc = parse(buf_view(&source), &is_cut);
	if (doc != NULL && is_cut) {
		xmlFreeDoc(doc);
		drop_tags(buf_view(&source), &words);
		w->has_breaks = true;
		html_note(result, "deep", (struct str){NULL, 0});
		doc = parse(buf_view(&words), NULL);
	}
	if (doc == NULL)
		goto done;
	convert(w, (const xmlNode *) (const void *) doc);
	if (result->text.over || w->line.text.over)
		ok = fault_set(f, FAULT_INPUT, "its text is too long");
done:
	xmlFreeDoc(doc);
	text_release(&w->line);
	arena_release(&w->arena);
	buf_release(&source);
	buf_release(&words);
	memory_free(w);
	return ok;
}

struct str html_to_line(struct str html, struct arena *arena)
{
	struct buf text;
	struct str line;
	xmlDoc *doc = NULL;

	buf_init(&text, HTML_CAP_BYTES);
	if (str_find_char(html, '<') == SIZE_MAX && str_find_char(html, '&') == SIZE_MAX)
		add_plain(&text, html);
	else if ((doc = parse(html, NULL)) != NULL)
		plain_below((const xmlNode *) (const void *) doc, NULL, &text);
	xmlFreeDoc(doc);
	line = str_copy(str_trim(buf_view(&text)), arena);
	buf_release(&text);
	return line;
}
