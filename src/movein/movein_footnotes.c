/* movein_footnotes.c: notes at a story's foot.
 *
 * Decides: what is a note: a list's item that a raised link in the text leads to. Leaves to others: how its text is read
 * (movein_html.c). Runs in: mimeo-movein. The hard thing: editors and plugins write notes in many ways; what is not
 * certainly one stays text as it stands.
 * SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>
#include "movein/movein_inside.h"

static const char *plain_attr(const xmlNode *node, const char *name)
{
	const xmlAttr *attr;

	for (attr = node->type == XML_ELEMENT_NODE ? node->properties : NULL; attr != NULL; attr = attr->next)
		if (strcmp((const char *) attr->name, name) == 0 && attr->children != NULL && attr->children->content != NULL)
			return (const char *) attr->children->content;
	return "";
}

static bool is_named(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE && strcmp((const char *) node->name, name) == 0;
}

/* The id that a note's mark leads to, or NULL. */
static const char *leads_to(const xmlNode *node)
{
	const char *href;

	if (is_named(node, "sup"))
		for (node = node->children; node != NULL && !is_named(node, "a"); node = node->next)
			;
	else if (!is_named(node, "a") || !(is_named(node->parent, "sup") || strstr(plain_attr(node, "class"), "footnote") != NULL
		|| strcmp(plain_attr(node, "role"), "doc-noteref") == 0))
		return NULL;
	if (node == NULL)
		return NULL;
	href = plain_attr(node, "href");
	return href[0] == '#' && href[1] != '\0' ? href + 1 : NULL;
}

static bool is_asked_for(const struct walk *w, const char *id)
{
	size_t i;

	for (i = 0; i < w->note_count; i++)
		if (strcmp(w->notes[i].id, id) == 0)
			return true;
	return false;
}

void footnotes_find(struct walk *w, const xmlNode *root)
{
	const xmlNode *node = root;
	size_t i;

	while ((node = walk_next(root, node, true)) != NULL) {
		const char *id = node->type == XML_ELEMENT_NODE ? leads_to(node) : NULL;

		if (id != NULL && w->note_count < NOTE_MOST && !is_asked_for(w, id))
			w->notes[w->note_count++].id = id;
	}
	if (w->note_count == 0)
		return;
	for (node = root; (node = walk_next(root, node, true)) != NULL;) {
		const char *id = is_named(node, "li") ? plain_attr(node, "id") : "";

		for (i = 0; id[0] != '\0' && i < w->note_count; i++)
			if (w->notes[i].target == NULL && strcmp(w->notes[i].id, id) == 0)
				w->notes[i].target = (xmlNode *) (uintptr_t) node;
	}
}

size_t footnotes_number(const struct walk *w, const xmlNode *target)
{
	size_t number = 0;
	size_t i;

	for (i = 0; i < w->note_count; i++) {
		number += w->notes[i].target != NULL;
		if (w->notes[i].target == target)
			return number;
	}
	return 0;
}

bool footnotes_refer(struct walk *w, const xmlNode *node)
{
	const char *id = w->note_count > 0 ? leads_to(node) : NULL;
	char mark[32];
	size_t i;

	for (i = 0; id != NULL && i < w->note_count; i++) {
		if (strcmp(w->notes[i].id, id) != 0 || w->notes[i].target == NULL)
			continue;
		snprintf(mark, sizeof(mark), "[^%zu]", footnotes_number(w, w->notes[i].target));
		text_add_raw(&w->line, str_from(mark), 0, 0);
		return true;
	}
	return false;
}

bool footnotes_is_back(const struct walk *w, const xmlNode *node)
{
	const char *href = plain_attr(node, "href");

	if (w->note_count == 0 || href[0] != '#')
		return false;
	for (node = node->parent; node != NULL; node = node->parent)
		if (is_named(node, "li") && footnotes_number(w, node) != 0)
			return true;
	return false;
}

void footnotes_write(struct walk *w)
{
	struct buf note;
	struct buf *out = w->out;
	char head[32];
	size_t i;

	for (i = 0; i < w->note_count; i++) {
		if (w->notes[i].target == NULL)
			continue;
		/* a note is one paragraph: what else it holds is drawn into it */
		w->is_flat = true;
		walk_children(w, w->notes[i].target, (struct style){0});
		w->is_flat = false;
		w->waiting_count = 0;
		buf_init(&note, HTML_OUT_BYTES);
		snprintf(head, sizeof(head), "[^%zu]: ", footnotes_number(w, w->notes[i].target));
		buf_add_text(&note, head);
		if (text_is_empty(&w->line))
			buf_add_text(&note, "…");
		text_write(&w->line, &w->links, TEXT_ONE_LINE, &note);
		walk_block(w, buf_view(&note), BLOCK_TEXT);
		out->over = out->over || note.over;
		buf_release(&note);
	}
}
