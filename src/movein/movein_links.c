/* movein_links.c: where a story's links lead, its pictures, and what it shows from elsewhere.
 *
 * Decides: which addresses are let through, which are the old site's own, what stands for a player or a card. Leaves to
 * others: the tree (movein_html.c), finding files and new addresses (the desk). Runs in: mimeo-movein. The hard thing: an
 * address is a stranger's text, so only http, https, mailto and the old site's paths are links at all.
 * SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>
#include "movein/movein_inside.h"

/* --- links --- */

static bool is_host(struct str host, struct str own)
{
	if (str_starts(host, STR("www.")))
		host = str_part(host, 4, SIZE_MAX);
	return own.len > 0 && str_equal_nocase(host, own);
}

static uint16_t own_link(struct walk *w, struct str path)
{
	struct buf mark;
	uint16_t link;

	buf_init(&mark, 4096);
	buf_add_char(&mark, '\x01');
	buf_add_char(&mark, 'L');
	if (path.len == 0 || path.at[0] != '/')
		buf_add_char(&mark, '/');
	buf_add_str(&mark, path);
	buf_add_char(&mark, '\x02');
	link = mark.over ? 0 : text_link(&w->links, buf_view(&mark), &w->arena);
	buf_release(&mark);
	return link;
}

/* A file that is no page and no picture: it is not moved in. */
static bool note_file(struct walk *w, struct str url)
{
	static const char *const endings[] = {".pdf", ".doc", ".docx", ".xls", ".xlsx", ".ppt", ".pptx", ".odt", ".ods", ".zip",
		".mp3", ".m4a", ".ogg", ".wav", ".mp4", ".m4v", ".mov", ".webm", ".csv", ".epub", ".txt"};
	struct str path = str_part(url, 0, str_find_char(url, '?'));
	size_t i;

	for (i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (path.len > strlen(endings[i]) && str_equal_nocase(str_part(path, path.len - strlen(endings[i]), SIZE_MAX),
			str_from(endings[i]))) {
			html_note(w->result, "file", url);
			return true;
		}
	return false;
}

uint16_t walk_link(struct walk *w, struct str href)
{
	struct str rest;
	struct str host;
	struct buf clean;
	uint16_t link = 0;
	size_t i;

	buf_init(&clean, 4096);
	if (str_starts(href, STR("//")))
		buf_add_text(&clean, "https:");
	for (i = 0; i < href.len; i++)
		if ((unsigned char) href.at[i] >= ' ' && href.at[i] != 0x7f)
			buf_add_char(&clean, href.at[i]);
	href = str_trim(buf_view(&clean));
	if (clean.over || href.len == 0 || href.at[0] == '#')
		goto done;
	if (str_equal_nocase(str_part(href, 0, 7), STR("mailto:"))) {
		link = text_link(&w->links, href, &w->arena);
	} else if (str_equal_nocase(str_part(href, 0, 7), STR("http://"))
		|| str_equal_nocase(str_part(href, 0, 8), STR("https://"))) {
		rest = str_part(href, str_find(href, STR("://")) + 3, SIZE_MAX);
		for (i = 0; i < rest.len && memchr("/?#", rest.at[i], 3) == NULL; i++)
			;
		host = str_part(rest, 0, i);
		if (host.len == 0)
			goto done;
		(void) note_file(w, href);
		link = is_host(host, w->wish->host) && str_find(rest, STR("/wp-content/")) == SIZE_MAX
			&& str_find(rest, STR("/content/files/")) == SIZE_MAX && str_find(rest, STR("/content/media/")) == SIZE_MAX
			&& str_find(rest, STR("/content/images/")) == SIZE_MAX
			? own_link(w, str_part(rest, i, SIZE_MAX)) : text_link(&w->links, href, &w->arena);
	} else if (href.at[0] == '/' || href.at[0] == '?') {
		link = own_link(w, href);
	}
done:
	buf_release(&clean);
	return link;
}

void walk_add_link(struct walk *w, struct str url, struct str text)
{
	uint16_t link = walk_link(w, url);

	text_add(&w->line, text.len > 0 ? text : url, 0, link);
}

/* --- pictures --- */

void walk_picture(struct walk *w, struct str url, struct str alt, struct str caption, struct str credit)
{
	size_t number = json_array_size(w->result->pictures);
	char mark[32];

	if (number >= HTML_PICTURES) {
		html_note(w->result, "pictures", url);
		return;
	}
	json_array_append_new(w->result->pictures, json_pack("{s:s%, s:s%, s:s%, s:s%}", "url", url.at, url.len, "alt",
		alt.len > 0 ? alt.at : "", alt.len, "caption", caption.len > 0 ? caption.at : "", caption.len, "credit",
		credit.len > 0 ? credit.at : "", credit.len));
	if (json_array_size(w->result->pictures) == number)
		return; /* an address that is no text */
	if (w->is_flat) {
		w->waiting[w->waiting_count++] = number;
		return;
	}
	walk_flush(w);
	snprintf(mark, sizeof(mark), "\x01P%zu\x02", number);
	walk_block(w, str_from(mark), BLOCK_TEXT);
}

void walk_waiting(struct walk *w)
{
	char mark[32];
	size_t i;

	for (i = 0; i < w->waiting_count && !w->is_flat; i++) {
		snprintf(mark, sizeof(mark), "\x01P%zu\x02", w->waiting[i]);
		walk_block(w, str_from(mark), BLOCK_TEXT);
	}
	if (!w->is_flat)
		w->waiting_count = 0;
}

static bool is_tiny(struct str width, struct str height)
{
	return (str_is(width, "1") || str_is(width, "0")) && (str_is(height, "1") || str_is(height, "0"));
}

void walk_take_picture(struct walk *w, const xmlNode *node, struct style style)
{
	struct str url = walk_attr(w, node, "src");
	struct str later = walk_attr(w, node, "data-src");
	struct str alt = walk_attr(w, node, "alt");
	struct str caption = w->caption_used ? (struct str){NULL, 0} : w->caption;
	struct str credit = w->caption_used ? (struct str){NULL, 0} : w->credit;

	if (later.len == 0)
		later = walk_attr(w, node, "data-lazy-src");
	if ((url.len == 0 || str_starts(url, STR("data:"))) && later.len > 0)
		url = later;
	if (walk_has_class(node, "wp-smiley") || walk_has_class(node, "emoji")) {
		text_add(&w->line, alt, style.marks, style.link);
		return;
	}
	if (url.len == 0 || is_tiny(walk_attr(w, node, "width"), walk_attr(w, node, "height")))
		return;
	if (str_starts(url, STR("data:"))) {
		html_note(w->result, "data", alt);
		return;
	}
	w->caption_used = w->caption_used || caption.len > 0 || credit.len > 0;
	walk_picture(w, url, html_to_line(alt, &w->arena), caption, credit);
}

/* --- what is shown from elsewhere: a link to it stays --- */

static struct str page_of_embed(struct walk *w, struct str url)
{
	static const struct {
		const char *player, *page;
	} players[] = {
		{"youtube.com/embed/", "https://www.youtube.com/watch?v="},
		{"youtube-nocookie.com/embed/", "https://www.youtube.com/watch?v="},
		{"player.vimeo.com/video/", "https://vimeo.com/"},
	};
	size_t i;

	if (str_starts(url, STR("//")))
		url = str_format(&w->arena, "https:%.*s", STR_ARG(url));
	for (i = 0; i < sizeof(players) / sizeof(players[0]); i++) {
		size_t at = str_find(url, str_from(players[i].player));
		struct str id;

		if (at == SIZE_MAX || at > 14)
			continue;
		id = str_part(url, at + strlen(players[i].player), SIZE_MAX);
		id = str_part(id, 0, str_find_char(id, '?'));
		return str_format(&w->arena, "%s%.*s", players[i].page, STR_ARG(id));
	}
	return url;
}

void walk_take_embed(struct walk *w, const xmlNode *node)
{
	static const char *const names[] = {"src", "data", "data-src"};
	struct str url = {NULL, 0};
	struct str title = walk_attr(w, node, "title");
	const xmlNode *below = node;
	size_t i;

	do {
		for (i = 0; i < 3 && url.len == 0; i++)
			url = walk_attr(w, below, names[i]);
	} while (url.len == 0 && (below = walk_next(node, below, true)) != NULL);
	if (url.len == 0)
		return;
	url = page_of_embed(w, url);
	walk_flush(w);
	walk_add_link(w, url, title);
	walk_flush(w);
	if (!note_file(w, url))
		html_note(w->result, "embed", url);
}

/* A link around whole blocks (a bookmark, a card, a linked picture): its title is the link. */
bool walk_take_card(struct walk *w, const xmlNode *node)
{
	static const char *const titles[] = {"kg-bookmark-title", "kg-file-card-title", "kg-audio-title"};
	const xmlNode *below = node;

	while ((below = walk_next(node, below, true)) != NULL) {
		size_t i;

		for (i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
			if (walk_has_class(below, titles[i])) {
				walk_flush(w);
				walk_add_link(w, walk_attr(w, node, "href"), walk_plain(w, below, NULL));
				walk_flush(w);
				return true;
			}
	}
	return false;
}
