/* movein_text.c: a line of prose with its marks and links, to Markdown.
 *
 * Decides: where a mark begins and ends so that Markdown sees it, and what is escaped. Leaves to others: which element
 * gives which mark (movein_html.c). Runs in: mimeo-movein. The hard thing: Markdown sees a mark only beside the right
 * neighbours ("**Note:**text" is none), so marks are drawn in until they hold, or are given up.
 * SPDX-License-Identifier: ISC */
#include "movein/movein_text.h"

#include <string.h>
#include "base/arena.h"

enum { MARKS = 3, OPEN_MOST = 4, LINK = 0x100 };

static const struct {
	unsigned mark;
	const char *sign;
} marks[MARKS] = {{TEXT_STRONG, "**"}, {TEXT_EM, "*"}, {TEXT_DEL, "~~"}};

/* --- taking text up --- */

void text_init(struct text_line *line)
{
	*line = (struct text_line){.room = 0};
	buf_init(&line->text, TEXT_CAP_BYTES);
}

void text_release(struct text_line *line)
{
	buf_release(&line->text);
	memory_free(line->marks);
	memory_free(line->links);
	line->marks = NULL;
	line->links = NULL;
	line->room = 0;
}

void text_clear(struct text_line *line)
{
	buf_clear(&line->text);
}

uint16_t text_link(struct text_links *links, struct str url, struct arena *arena)
{
	if (links->urls == NULL)
		links->urls = arena_alloc_many(arena, TEXT_LINKS, sizeof(*links->urls));
	if (links->urls == NULL || links->count + 1 >= TEXT_LINKS)
		return 0;
	links->urls[++links->count] = str_copy(url, arena);
	return links->urls[links->count].at != NULL ? (uint16_t) links->count : 0;
}

static void put(struct text_line *line, struct str bytes, unsigned of, uint16_t link)
{
	size_t from = line->text.len;
	size_t i;

	buf_add_str(&line->text, bytes);
	if (line->text.len > line->room) {
		line->room = line->text.len * 2 + 256;
		line->marks = memory_grow(line->marks, line->room);
		line->links = memory_grow(line->links, line->room * sizeof(*line->links));
	}
	for (i = from; i < line->text.len; i++) {
		line->marks[i] = (unsigned char) of;
		line->links[i] = link;
	}
}

static char last_of(const struct text_line *line)
{
	return line->text.len > 0 ? line->text.at[line->text.len - 1] : '\n';
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

void text_add(struct text_line *line, struct str bytes, unsigned of, uint16_t link)
{
	size_t i = 0;

	while (i < bytes.len) {
		size_t from = i;

		while (i < bytes.len && (unsigned char) bytes.at[i] > ' ' && bytes.at[i] != 0x7f)
			i++;
		if (i > from)
			put(line, str_part(bytes, from, i - from), of, link);
		for (; i < bytes.len && ((unsigned char) bytes.at[i] <= ' ' || bytes.at[i] == 0x7f); i++)
			if (is_space(bytes.at[i]) && last_of(line) != ' ' && last_of(line) != '\n')
				put(line, STR(" "), of, link);
	}
}

void text_add_raw(struct text_line *line, struct str bytes, unsigned of, uint16_t link)
{
	put(line, bytes, of | TEXT_RAW, link);
}

void text_break(struct text_line *line)
{
	while (line->text.len > 0 && last_of(line) == ' ')
		buf_cut(&line->text, line->text.len - 1);
	if (last_of(line) != '\n')
		put(line, STR("\n"), 0, 0);
}

bool text_is_at_break(const struct text_line *line)
{
	return last_of(line) == '\n';
}

/* The bytes of a white space at `at` (a no-break space has two), or 0. */
static size_t space_at(const struct buf *text, size_t at)
{
	if (at < text->len && is_space(text->at[at]))
		return 1;
	return at + 1 < text->len && text->at[at] == '\xc2' && text->at[at + 1] == '\xa0' ? 2 : 0;
}

static size_t space_before(const struct buf *text, size_t at)
{
	if (at > 0 && is_space(text->at[at - 1]))
		return 1;
	return at > 1 && text->at[at - 2] == '\xc2' && text->at[at - 1] == '\xa0' ? 2 : 0;
}

bool text_is_empty(const struct text_line *line)
{
	size_t at = 0;
	size_t step;

	while ((step = space_at(&line->text, at)) > 0)
		at += step;
	return at == line->text.len;
}

/* --- letters and signs, as Markdown tells them apart --- */

static uint32_t char_at(const struct buf *text, size_t at, size_t *bytes)
{
	unsigned char c = (unsigned char) text->at[at];
	size_t more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
	uint32_t rune = c < 0x80 ? c : c & (0x3fu >> more);
	size_t i;

	for (i = 1; i <= more && at + i < text->len; i++)
		rune = rune << 6 | ((unsigned char) text->at[at + i] & 0x3f);
	*bytes = i <= text->len - at ? i : text->len - at;
	return rune;
}

static size_t char_before(const struct buf *text, size_t at)
{
	size_t bytes = 1;

	while (bytes < 4 && bytes < at && ((unsigned char) text->at[at - bytes] & 0xc0) == 0x80)
		bytes++;
	return bytes;
}

static bool is_ascii_sign(uint32_t rune)
{
	return (rune >= '!' && rune <= '/') || (rune >= ':' && rune <= '@') || (rune >= '[' && rune <= '`')
		|| (rune >= '{' && rune <= '~');
}

/* Perhaps a punctuation mark: what is no letter for sure. */
static bool may_be_sign(uint32_t rune)
{
	return is_ascii_sign(rune) || (rune >= 0xa1 && rune <= 0xbf) || rune == 0x37e || rune == 0x387
		|| (rune >= 0x55a && rune <= 0x58a) || (rune >= 0x5be && rune <= 0x5c6) || rune == 0x5f3 || rune == 0x5f4
		|| (rune >= 0x600 && rune <= 0x61f) || (rune >= 0x66a && rune <= 0x66d) || rune == 0x6d4
		|| rune == 0x964 || rune == 0x965 || (rune >= 0x2000 && rune <= 0x2bff) || (rune >= 0x2e00 && rune <= 0x303f)
		|| (rune >= 0xfe10 && rune <= 0xfe6f) || (rune >= 0xff01 && rune <= 0xff20) || rune >= 0x10100;
}

/* --- marks are drawn in until they hold --- */

static void take_off(struct text_line *line, size_t from, size_t to, unsigned of)
{
	size_t i;

	for (i = from; i < to; i++)
		line->marks[i] = (unsigned char) (line->marks[i] & ~of);
}

/* Something that is no letter stands just inside: a raw piece, a link's bracket, a sign. */
static bool begins_with_sign(const struct text_line *line, size_t at, unsigned of, uint32_t rune)
{
	bool opens_link = line->links[at] != 0 && (at == 0 || line->links[at - 1] != line->links[at]);
	unsigned other = of == TEXT_DEL ? TEXT_STRONG | TEXT_EM : TEXT_DEL;
	unsigned before = at > 0 ? line->marks[at - 1] : 0;

	return opens_link || (line->marks[at] & TEXT_RAW) != 0 || may_be_sign(rune)
		|| (line->marks[at] & other & ~before) != 0;
}

static bool ends_with_sign(const struct text_line *line, size_t end, unsigned of, uint32_t rune)
{
	bool closes_link = line->links[end - 1] != 0 && (end == line->text.len || line->links[end - 1] != line->links[end]);
	unsigned other = of == TEXT_DEL ? TEXT_STRONG | TEXT_EM : TEXT_DEL;
	unsigned after = end < line->text.len ? line->marks[end] : 0;

	return closes_link || (line->marks[end - 1] & TEXT_RAW) != 0 || may_be_sign(rune)
		|| (line->marks[end - 1] & other & ~after) != 0;
}

static bool has_letter_before(const struct text_line *line, size_t at)
{
	size_t bytes;
	size_t back;

	if (at == 0 || space_before(&line->text, at) > 0)
		return false;
	back = char_before(&line->text, at);
	return !is_ascii_sign(char_at(&line->text, at - back, &bytes));
}

static bool has_letter_after(const struct text_line *line, size_t at)
{
	size_t bytes;

	return at < line->text.len && space_at(&line->text, at) == 0
		&& !is_ascii_sign(char_at(&line->text, at, &bytes));
}

/* Whether another mark of the same sign ends where this one begins: "**a***b*" is read in its own way. */
static bool meets_another(const struct text_line *line, size_t from, unsigned of)
{
	unsigned others = (TEXT_STRONG | TEXT_EM) & ~of;

	return of != TEXT_DEL && from > 0 && (line->marks[from - 1] & others & ~(unsigned) line->marks[from]) != 0;
}

static void draw_in(struct text_line *line, size_t from, size_t to, unsigned of)
{
	const struct buf *text = &line->text;
	size_t bytes = 0;
	size_t step;

	while (from < to) {
		if ((step = space_at(text, from)) == 0 && begins_with_sign(line, from, of, char_at(text, from, &bytes))
			&& has_letter_before(line, from))
			step = bytes;
		if (step == 0)
			break;
		step = step < to - from ? step : to - from;
		take_off(line, from, from + step, of);
		from += step;
	}
	while (from < to) {
		size_t back = char_before(text, to);

		if ((step = space_before(text, to)) == 0 && ends_with_sign(line, to, of, char_at(text, to - back, &bytes))
			&& has_letter_after(line, to))
			step = back;
		if (step == 0)
			break;
		step = step < to - from ? step : to - from;
		take_off(line, to - step, to, of);
		to -= step;
	}
	if (from < to && meets_another(line, from, of))
		take_off(line, from, to, of);
}

static void settle_mark(struct text_line *line, unsigned of)
{
	size_t from = 0;
	size_t to;

	while (from < line->text.len) {
		if ((line->marks[from] & of) == 0) {
			from++;
			continue;
		}
		to = from;
		while (to < line->text.len && (line->marks[to] & of) != 0)
			to++;
		draw_in(line, from, to, of);
		from = to;
	}
}

/* A link begins and ends at a letter. */
static void settle_links(struct text_line *line)
{
	size_t from = 0;
	size_t step;

	while (from < line->text.len) {
		uint16_t link = line->links[from];
		size_t to = from;
		size_t next;

		while (to < line->text.len && line->links[to] == link)
			to++;
		next = to;
		while (link != 0 && from < to && (step = space_at(&line->text, from)) > 0)
			while (step-- > 0)
				line->links[from++] = 0;
		while (link != 0 && to > from && (step = space_before(&line->text, to)) > 0)
			while (step-- > 0)
				line->links[--to] = 0;
		from = next;
	}
}

/* --- escaping --- */

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A number at the beginning of a line that would begin a list: the byte after it. */
static bool ends_number(const struct text_line *line, size_t at, size_t line_from)
{
	size_t i;

	if (at == line_from || at - line_from > 9)
		return false;
	for (i = line_from; i < at; i++)
		if (line->text.at[i] < '0' || line->text.at[i] > '9')
			return false;
	return true;
}

static bool wants_escape(const struct text_line *line, size_t at, size_t line_from, enum text_place place)
{
	const struct buf *text = &line->text;
	char c = text->at[at];
	char before = at > 0 ? text->at[at - 1] : ' ';
	char after = at + 1 < text->len ? text->at[at + 1] : ' ';

	switch (c) {
	case '\\':
	case '`':
	case '*':
	case '[':
	case ']':
	case '<':
		return true;
	case '_':
		return !is_word(before) || !is_word(after);
	case '~':
		return before == '~' || after == '~' || at == line_from
			|| (at + 1 < text->len && ((line->marks[at] ^ line->marks[at + 1]) & TEXT_DEL) != 0)
			|| (at > 0 && ((line->marks[at] ^ line->marks[at - 1]) & TEXT_DEL) != 0);
	case '&':
		return after == '#' || is_word(after);
	case '!':
		return at + 1 < text->len && ((line->marks[at + 1] & TEXT_RAW) != 0
			|| (line->links[at + 1] != 0 && line->links[at + 1] != line->links[at]));
	case '|':
		return place == TEXT_CELL || at == line_from;
	case '#':
	case '+':
	case '-':
	case '=':
	case '>':
		return at == line_from;
	case ':':
		return at == line_from && after == '-';
	case '.':
	case ')':
		return ends_number(line, at, line_from);
	default:
		return false;
	}
}

void text_write_url(struct buf *out, struct str url)
{
	size_t i;

	for (i = 0; i < url.len; i++) {
		unsigned char c = (unsigned char) url.at[i];

		/* 1 and 2 frame an address of our own, to be filled in later */
		if (c <= 2 ? c == 0 : c <= ' ' || c == 0x7f || memchr("\"'<>()[]\\^`{|}*&", c, 16) != NULL)
			buf_format(out, c == '&' ? "\\&" : "%%%02X", c);
		else
			buf_add_char(out, (char) c);
	}
}

void text_write_code(struct buf *out, struct str code)
{
	size_t longest = 0;
	size_t run = 0;
	bool padded;
	size_t i;

	for (i = 0; i < code.len; i++) {
		run = code.at[i] == '`' ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	padded = code.len > 0 && (code.at[0] == '`' || code.at[code.len - 1] == '`');
	for (i = 0; i <= longest; i++)
		buf_add_char(out, '`');
	buf_add_text(out, padded ? " " : "");
	buf_add_str(out, code);
	buf_add_text(out, padded ? " " : "");
	for (i = 0; i <= longest; i++)
		buf_add_char(out, '`');
}

/* --- writing --- */

struct writing {
	const struct text_line *line;
	const struct text_links *links;
	struct buf *out;
	unsigned open[OPEN_MOST];   /* LINK or a mark, the outermost first */
	uint16_t link;              /* the open one */
	size_t count;
};

static void close_to(struct writing *w, size_t count)
{
	size_t i;

	while (w->count > count) {
		unsigned of = w->open[--w->count];

		if (of == LINK) {
			buf_add_text(w->out, "](");
			text_write_url(w->out, w->links->urls[w->link]);
			buf_add_char(w->out, ')');
			w->link = 0;
		}
		for (i = 0; i < MARKS; i++)
			if (marks[i].mark == of)
				buf_add_text(w->out, marks[i].sign);
	}
}

static bool holds(const struct text_line *line, size_t at, unsigned of, uint16_t link)
{
	return of == LINK ? link != 0 && line->links[at] == link : (line->marks[at] & of) != 0;
}

/* How far the mark (or link) at `at` reaches. */
static size_t reach(const struct text_line *line, size_t at, unsigned of)
{
	uint16_t link = line->links[at];
	size_t end = at;

	while (end < line->text.len && holds(line, end, of, link))
		end++;
	return end;
}

static bool is_open(const struct writing *w, unsigned of)
{
	size_t i;

	for (i = 0; i < w->count; i++)
		if (w->open[i] == of)
			return true;
	return false;
}

static void open_at(struct writing *w, size_t at)
{
	static const unsigned all[] = {LINK, TEXT_STRONG, TEXT_EM, TEXT_DEL};

	for (;;) {
		unsigned best = 0;
		size_t furthest = 0;
		size_t i;

		for (i = 0; i < OPEN_MOST; i++) {
			if (is_open(w, all[i]) || !holds(w->line, at, all[i], w->line->links[at]))
				continue;
			if (reach(w->line, at, all[i]) > furthest) {
				furthest = reach(w->line, at, all[i]);
				best = all[i];
			}
		}
		if (best == 0)
			return;
		w->open[w->count++] = best;
		if (best == LINK) {
			w->link = w->line->links[at];
			buf_add_char(w->out, '[');
		}
		for (i = 0; i < MARKS; i++)
			if (marks[i].mark == best)
				buf_add_text(w->out, marks[i].sign);
	}
}

static void write_bytes(struct writing *w, size_t from, size_t to, enum text_place place)
{
	const struct text_line *line = w->line;
	size_t line_from = from;
	size_t at;
	size_t i;

	for (at = from; at < to; at++) {
		char c = line->text.at[at];

		if (at == from || line->marks[at] != line->marks[at - 1] || line->links[at] != line->links[at - 1]) {
			for (i = 0; i < w->count && holds(line, at, w->open[i], w->link); i++)
				;
			close_to(w, i);
			open_at(w, at);
		}
		if (c == '\n') {
			buf_add_text(w->out, place == TEXT_PARAGRAPH ? "\\\n" : " ");
			line_from = at + 1;
		} else if ((line->marks[at] & TEXT_RAW) != 0) {
			if (c == '|' && place == TEXT_CELL)
				buf_add_char(w->out, '\\');
			buf_add_char(w->out, c);
		} else {
			if (wants_escape(line, at, line_from, place))
				buf_add_char(w->out, '\\');
			buf_add_char(w->out, c);
		}
	}
	close_to(w, 0);
}

void text_write(struct text_line *line, const struct text_links *links, enum text_place place, struct buf *out)
{
	struct writing w = {.line = line, .links = links, .out = out};
	size_t from = 0;
	size_t step;
	size_t i;

	while ((step = space_before(&line->text, line->text.len)) > 0)
		buf_cut(&line->text, line->text.len - step);
	while ((step = space_at(&line->text, from)) > 0)
		from += step;
	for (i = 0; i < from; i++) {
		line->marks[i] = 0;
		line->links[i] = 0;
	}
	settle_links(line);
	for (i = MARKS; i-- > 0;)
		settle_mark(line, marks[i].mark);
	write_bytes(&w, from, line->text.len, place);
	text_clear(line);
}
