/* movein_shortcode.c: WordPress' [shortcodes] to HTML, before the HTML is read.
 *
 * Decides: which are known (caption, gallery, embed, audio, video, playlist), and what in brackets is a shortcode at
 * all: "[sic]" is not. Leaves to others: the HTML (movein_html.c). Runs in: mimeo-movein. The hard thing: a plugin's
 * shortcode means nothing without it, so its tags go, its words stay, and the report names it.
 * SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>
#include "movein/movein_html.h"

enum { NAME_BYTES = 40, CODE_BYTES = 4000, KNOWN_ENDS = 32, GALLERY_MOST = 100 };

/* Where the next [/name] stands: looked for once, so that a thousand openings cost no thousand searches. */
struct ends {
	struct str name;
	size_t at;                  /* SIZE_MAX: none from here on */
	size_t looked_from;
};

struct coding {
	const struct html_wish *wish;
	struct html_result *result;
	struct buf *out;
	struct str html;
	size_t at;
	bool has_no_tag;            /* no '>' stands behind here */
	struct ends ends[KNOWN_ENDS];
	size_t end_count;
};

struct code {
	struct str name, attrs, content;
	bool has_content;
	size_t end;                 /* after the opening tag */
	size_t close;               /* after the closing tag, or = end */
};

void movein_attr(struct buf *out, const char *name, struct str value)
{
	size_t i;

	buf_format(out, " %s=\"", name);
	for (i = 0; i < value.len; i++) {
		if (value.at[i] == '"' || value.at[i] == '&' || value.at[i] == '<')
			buf_format(out, "&#%d;", value.at[i]);
		else
			buf_add_char(out, value.at[i]);
	}
	buf_add_char(out, '"');
}

const struct movein_file *movein_file_find(const struct html_wish *wish, int64_t id)
{
	size_t low = 0;
	size_t high = wish->file_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (wish->files[middle].id == id)
			return &wish->files[middle];
		if (wish->files[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* --- reading one --- */

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static size_t end_of(struct coding *c, struct str name, size_t from)
{
	char tag[NAME_BYTES + 4];
	struct ends *known = NULL;
	size_t i;

	for (i = 0; i < c->end_count; i++)
		if (str_equal(c->ends[i].name, name))
			known = &c->ends[i];
	if (known == NULL) {
		if (c->end_count == KNOWN_ENDS)
			return SIZE_MAX;
		known = &c->ends[c->end_count++];
		*known = (struct ends){.name = name, .at = 0};
	}
	if (known->at == SIZE_MAX || known->at >= from)
		if (known->at != 0 && known->looked_from <= from)
			return known->at;
	(void) snprintf(tag, sizeof(tag), "[/%.*s]", STR_ARG(name));
	known->looked_from = from;
	known->at = str_find(str_part(c->html, from, SIZE_MAX), str_from(tag));
	if (known->at != SIZE_MAX)
		known->at += from;
	return known->at;
}

/* [name attrs] at c->at. */
static bool read_code(struct coding *c, struct code *code)
{
	struct str html = c->html;
	size_t at = c->at + 1;
	size_t from = at;
	size_t close;
	char quote = 0;

	*code = (struct code){.end = 0};
	while (at < html.len && is_name(html.at[at]))
		at++;
	code->name = str_part(html, from, at - from);
	if (code->name.len == 0 || code->name.len > NAME_BYTES || at == html.len
		|| (html.at[at] != ']' && html.at[at] != ' ' && html.at[at] != '/' && html.at[at] != '\n'))
		return false;
	for (from = at; at < html.len && at - from < CODE_BYTES && (quote != 0 || html.at[at] != ']'); at++) {
		if (quote == 0 && html.at[at] == '[')
			return false;
		if (html.at[at] == '"' || html.at[at] == '\'')
			quote = quote == 0 ? html.at[at] : quote == html.at[at] ? (char) 0 : quote;
	}
	if (at == html.len || html.at[at] != ']')
		return false;
	code->attrs = str_trim(str_part(html, from, at - from));
	code->end = code->close = at + 1;
	if (str_ends(code->attrs, STR("/")))
		return true;
	close = end_of(c, code->name, code->end);
	if (close != SIZE_MAX) {
		code->has_content = true;
		code->content = str_part(html, code->end, close - code->end);
		code->close = close + code->name.len + 3;
	}
	return true;
}

static struct str attr_of(const struct code *code, const char *name)
{
	struct str rest = code->attrs;
	size_t len = strlen(name);

	while (rest.len > len) {
		size_t at = str_find(rest, str_from(name));
		struct str value;

		if (at == SIZE_MAX)
			break;
		value = str_part(rest, at + len, SIZE_MAX);
		if ((at == 0 || !is_name(rest.at[at - 1])) && value.len > 1 && value.at[0] == '=') {
			char quote = value.at[1];

			value = str_part(value, 1, SIZE_MAX);
			if (quote != '"' && quote != '\'')
				return str_part(value, 0, str_find_char(value, ' '));
			value = str_part(value, 1, SIZE_MAX);
			return str_part(value, 0, str_find_char(value, quote));
		}
		rest = value;
	}
	return (struct str){NULL, 0};
}

/* --- those that are known --- */

static void put_picture(struct coding *c, const struct movein_file *file)
{
	buf_add_text(c->out, "<figure><img");
	movein_attr(c->out, "src", file->url);
	movein_attr(c->out, "alt", file->alt);
	buf_add_text(c->out, "><figcaption>");
	buf_add_str(c->out, file->caption);
	if (file->credit.len > 0) {
		buf_add_text(c->out, " <span class=\"image-credit\">");
		buf_add_str(c->out, file->credit);
		buf_add_text(c->out, "</span>");
	}
	buf_add_text(c->out, "</figcaption></figure>\n");
}

static void put_link(struct coding *c, struct str url, struct str title)
{
	buf_add_text(c->out, "\n\n<a");
	movein_attr(c->out, "href", url);
	buf_add_char(c->out, '>');
	buf_add_str(c->out, title.len > 0 ? title : url);
	buf_add_text(c->out, "</a>\n\n");
}

static bool is_picture(struct str url)
{
	static const char *const endings[] = {".jpg", ".jpeg", ".png", ".webp", ".gif"};
	size_t i;

	for (i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (url.len > strlen(endings[i])
			&& str_equal_nocase(str_part(url, url.len - strlen(endings[i]), SIZE_MAX), str_from(endings[i])))
			return true;
	return false;
}

/* Pictures of a gallery, files of a playlist; without ids, those that were put up with the story. */
static void put_files(struct coding *c, const struct code *code, bool as_pictures)
{
	struct str ids = attr_of(code, "ids");
	struct str piece;
	size_t count = 0;
	size_t i;

	if (ids.len == 0)
		ids = attr_of(code, "include");
	buf_add_text(c->out, "\n\n");
	for (i = 0; ids.len == 0 && as_pictures && i < c->wish->file_count && count < GALLERY_MOST; i++)
		if (c->wish->files[i].parent == c->wish->id && c->wish->id != 0 && is_picture(c->wish->files[i].url)) {
			put_picture(c, &c->wish->files[i]);
			count++;
		}
	while (ids.len > 0 && str_next(&ids, ',', &piece) && count < GALLERY_MOST) {
		const struct movein_file *file;
		int64_t id = 0;

		if (!str_to_i64(str_trim(piece), &id) || (file = movein_file_find(c->wish, id)) == NULL)
			continue;
		if (as_pictures)
			put_picture(c, file);
		else
			put_link(c, file->url, file->title);
		count++;
	}
	if (count == 0)
		html_note(c->result, "gallery", str_part(c->html, c->at, code->end - c->at));
	buf_add_text(c->out, "\n\n");
}

static void put_caption(struct coding *c, const struct code *code)
{
	struct str text = attr_of(code, "caption");
	size_t image = str_find(code->content, STR("<img"));
	size_t end = image == SIZE_MAX ? 0 : image + str_find_char(str_part(code->content, image, SIZE_MAX), '>');
	size_t link = str_find(code->content, STR("</a>"));

	if (image != SIZE_MAX && end < code->content.len)
		end++;
	if (image != SIZE_MAX && link != SIZE_MAX && link >= end && str_find(str_part(code->content, 0, image),
		STR("<a")) != SIZE_MAX)
		end = link + 4;
	end = end < code->content.len ? end : code->content.len;
	buf_add_text(c->out, "\n\n<figure>");
	buf_add_str(c->out, str_part(code->content, 0, end));
	buf_add_text(c->out, "<figcaption>");
	buf_add_str(c->out, text.len > 0 ? text : str_part(code->content, end, SIZE_MAX));
	buf_add_text(c->out, "</figcaption></figure>\n\n");
}

static void put_media(struct coding *c, const struct code *code)
{
	static const char *const names[] = {"src", "mp4", "m4v", "webm", "mp3", "m4a", "ogg", "wav", "url"};
	struct str url = {NULL, 0};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]) && url.len == 0; i++)
		url = attr_of(code, names[i]);
	if (url.len == 0 && code->has_content)
		url = str_trim(code->content);
	if (url.len == 0) /* [youtube https://…] */
		url = str_trim(str_starts(code->attrs, STR("=")) ? str_part(code->attrs, 1, SIZE_MAX) : code->attrs);
	if (str_find(url, STR("://")) != SIZE_MAX && str_find_char(url, '<') == SIZE_MAX)
		put_link(c, url, (struct str){NULL, 0});
	else
		html_note(c->result, "shortcode", code->name);
}

enum { CODE_PLAIN, CODE_CAPTION, CODE_GALLERY, CODE_PLAYLIST, CODE_MEDIA };

static const struct {
	const char *name;
	int kind;
} known[] = {
	{"caption", CODE_CAPTION}, {"wp_caption", CODE_CAPTION}, {"gallery", CODE_GALLERY}, {"playlist", CODE_PLAYLIST},
	{"embed", CODE_MEDIA}, {"video", CODE_MEDIA}, {"audio", CODE_MEDIA}, {"youtube", CODE_MEDIA}, {"vimeo", CODE_MEDIA},
	{"soundcloud", CODE_MEDIA}, {"dailymotion", CODE_MEDIA},
};

/* True when it was written; c->at is behind it. */
static bool put_known(struct coding *c, const struct code *code)
{
	int kind = CODE_PLAIN;
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (str_is(code->name, known[i].name))
			kind = known[i].kind;
	if (kind == CODE_PLAIN || (kind == CODE_CAPTION && !code->has_content))
		return false;
	if (kind == CODE_CAPTION)
		put_caption(c, code);
	else if (kind == CODE_MEDIA)
		put_media(c, code);
	else
		put_files(c, code, kind == CODE_GALLERY);
	c->at = kind == CODE_GALLERY || kind == CODE_PLAYLIST ? code->end : code->close;
	return true;
}

/* A plugin's: it has attributes, an end, or a name that no word in brackets has. */
static bool is_plugins(const struct code *code)
{
	return code->has_content || str_find_char(code->attrs, '=') != SIZE_MAX || str_find_char(code->name, '_') != SIZE_MAX
		|| (str_find_char(code->name, '-') != SIZE_MAX && code->attrs.len == 0);
}

/* --- the text around them --- */

/* [/name] of a shortcode whose beginning was taken out. */
static bool skip_close(struct coding *c)
{
	struct str rest = str_part(c->html, c->at, NAME_BYTES + 3);
	size_t i;

	if (!str_starts(rest, STR("[/")))
		return false;
	rest = str_part(rest, 2, str_find_char(rest, ']') - 2);
	for (i = 0; i < c->end_count; i++)
		if (str_equal(c->ends[i].name, rest)) {
			c->at += rest.len + 3;
			return true;
		}
	return false;
}

static void put_char(struct coding *c)
{
	buf_add_char(c->out, c->html.at[c->at++]);
}

static void take_bracket(struct coding *c)
{
	struct code code;

	if (c->at + 1 < c->html.len && c->html.at[c->at + 1] == '[') { /* [[gallery]] is text */
		size_t at = c->at++;

		if (read_code(c, &code) && code.end < c->html.len && c->html.at[code.end] == ']') {
			buf_add_str(c->out, str_part(c->html, c->at, code.end - c->at));
			c->at = code.end + 1;
			return;
		}
		c->at = at;
		put_char(c);
		return;
	}
	if (skip_close(c))
		return;
	if (!read_code(c, &code)) {
		put_char(c);
	} else if (!put_known(c, &code)) {
		if (is_plugins(&code)) {
			html_note(c->result, "shortcode", code.name);
			c->at = code.end;
		} else {
			put_char(c);
		}
	}
}

/* Copies a tag, a comment, or a whole element whose text is no prose. */
static void take_tag(struct coding *c)
{
	static const char *const whole[][2] = {{"<!--", "-->"}, {"<pre", "</pre>"}, {"<code", "</code>"},
		{"<script", "</script>"}, {"<style", "</style>"}};
	struct str rest = str_part(c->html, c->at, SIZE_MAX);
	size_t end = c->has_no_tag ? SIZE_MAX : str_find_char(rest, '>');
	size_t i;

	c->has_no_tag = end == SIZE_MAX;

	for (i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
		if (str_starts(rest, str_from(whole[i][0]))) {
			end = str_find(rest, str_from(whole[i][1]));
			end = end == SIZE_MAX ? SIZE_MAX : end + strlen(whole[i][1]) - 1;
			break;
		}
	end = end == SIZE_MAX ? (i < sizeof(whole) / sizeof(whole[0]) ? rest.len : 1) : end + 1;
	buf_add_str(c->out, str_part(rest, 0, end));
	c->at += end;
}

void shortcodes_to_html(const struct html_wish *wish, struct html_result *result, struct buf *out)
{
	struct coding c = {.wish = wish, .result = result, .out = out, .html = wish->html};

	while (c.at < c.html.len && !out->over) {
		if (c.html.at[c.at] == '[')
			take_bracket(&c);
		else if (c.html.at[c.at] == '<')
			take_tag(&c);
		else
			put_char(&c);
	}
}
