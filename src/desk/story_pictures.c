/* story_pictures.c: pictures in a story's text, and the words around a picture.
 *
 * Decides: how a picture is written in a text, where its caption ends and its credit begins, what a credit looks like. Leaves
 * to others: Markdown (press), pixels, what a page makes of it (bake_pictures.c). Runs in: desk and its children. The hard
 * thing: cmark does not say where in the line a picture stands, so an address is replaced only right behind "](".
 * SPDX-License-Identifier: ISC */
#include "desk/story_pictures.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/limits.h"
#include "press/markdown.h"

static const struct str scheme = {"photo:", 6};

struct str story_picture_name(struct str url)
{
	struct str name = str_starts(url, scheme) ? str_part(url, scheme.len, SIZE_MAX) : (struct str){NULL, 0};
	size_t i;

	if (name.len != 16)
		return (struct str){NULL, 0};
	for (i = 0; i < name.len; i++)
		if (!((name.at[i] >= '0' && name.at[i] <= '9') || (name.at[i] >= 'a' && name.at[i] <= 'f')))
			return (struct str){NULL, 0};
	return name;
}

/* --- which photos --- */

struct each {
	story_picture_call *call;
	void *self;
};

static bool each_picture(void *self, const struct markdown_picture *picture, struct buf *out)
{
	const struct each *each = self;
	struct str name = story_picture_name(picture->url);

	(void) out;
	if (name.len > 0)
		each->call(each->self, name);
	return true;
}

void story_pictures_each(struct str body, story_picture_call *call, void *self)
{
	struct each each = {call, self};
	struct fault ignored = {0};
	struct buf none;

	if (str_find(body, scheme) == SIZE_MAX)
		return; /* most stories: nothing is parsed */
	buf_init(&none, 16);
	if (!markdown_pictures(body, each_picture, &each, &none, &ignored))
		fault_clear(&ignored); /* such a text is baked by nobody */
	buf_release(&none);
}

/* --- files beside the story --- */

struct gathering {
	struct arena *arena;
	struct story_picture_file *out;
	size_t max, count;
	bool is_over;
};

static bool is_file(struct str url)
{
	static const char *const endings[] = {".jpg", ".jpeg", ".png", ".webp"};
	size_t i;

	if (url.len == 0 || url.at[0] == '/' || str_find_char(url, ':') != SIZE_MAX)
		return false;
	for (i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		size_t len = strlen(endings[i]);

		if (url.len > len && str_equal_nocase(str_part(url, url.len - len, len), str_from(endings[i])))
			return true;
	}
	return false;
}

static bool gather(void *self, const struct markdown_picture *picture, struct buf *out)
{
	struct gathering *g = self;

	(void) out;
	if (!is_file(picture->url))
		return true;
	g->is_over = g->count == g->max;
	if (!g->is_over)
		g->out[g->count++] = (struct story_picture_file){.url = str_copy(picture->url, g->arena),
			.alt = str_copy(picture->alt, g->arena), .title = str_copy(picture->title, g->arena), .line = picture->line};
	return !g->is_over;
}

bool story_pictures_files(struct str body, struct arena *arena, struct story_picture_file *out, size_t max, size_t *count,
	struct fault *f)
{
	struct gathering g = {.arena = arena, .out = out, .max = max};
	struct buf none;
	bool ok = true;

	*count = 0;
	if (str_find(body, STR("![")) == SIZE_MAX)
		return true;
	buf_init(&none, 16);
	ok = markdown_pictures(body, gather, &g, &none, f);
	buf_release(&none);
	*count = g.count;
	return ok && (!g.is_over || fault_set(f, FAULT_INPUT, "a story's text shows at most %zu pictures", max));
}

/* Whether the brackets that end at `end` ("]") are a picture's, not a link's. */
static bool is_pictures(struct str body, size_t end)
{
	size_t depth = 0;
	size_t at = end + 1;

	while (at-- > 0) {
		bool is_escaped = at > 0 && body.at[at - 1] == '\\';

		depth += body.at[at] == ']' && !is_escaped;
		if (body.at[at] == '[' && !is_escaped && --depth == 0)
			return at > 0 && body.at[at - 1] == '!';
	}
	return false;
}

/* Where "](URL" or "](<URL" stands behind `from`: the URL's own place; SIZE_MAX: nowhere. */
static size_t find_address(struct str body, size_t from, struct str url)
{
	size_t at;

	while ((at = str_find(str_part(body, from, SIZE_MAX), STR("]("))) != SIZE_MAX) {
		size_t place = from + at + 2;
		size_t end;

		place += place < body.len && body.at[place] == '<';
		end = place + url.len;
		if (str_equal(str_part(body, place, url.len), url) && is_pictures(body, from + at)
			&& (end == body.len || memchr(" \t\n)>", body.at[end], 5) != NULL))
			return place;
		from += at + 2;
	}
	return SIZE_MAX;
}

bool story_pictures_rename(struct str body, const struct story_picture_file *files, const struct str *names, size_t count,
	struct arena *arena, struct str *out, struct fault *f)
{
	struct buf text;
	size_t from = 0;
	size_t i;
	bool ok;

	buf_init(&text, 2 * LIMIT_STORY_BYTES);
	for (i = 0; i < count; i++) {
		size_t at = find_address(body, from, files[i].url);

		if (at == SIZE_MAX) {
			buf_release(&text);
			return fault_set(f, FAULT_INPUT, "the picture %.*s is written in a way that mimeo does not follow; "
				"write ![what it shows](%.*s \"Caption. Name / Agency\")", STR_ARG(str_part(files[i].url, 0, 100)),
				STR_ARG(str_part(files[i].url, 0, 100)));
		}
		buf_add_str(&text, str_part(body, from, at - from));
		buf_add_str(&text, scheme);
		buf_add_str(&text, names[i]);
		from = at + files[i].url.len;
	}
	buf_add_str(&text, str_part(body, from, SIZE_MAX));
	ok = buf_check(&text, "the story's text", f);
	*out = str_copy(buf_view(&text), arena);
	buf_release(&text);
	return ok && (out->at != NULL || fault_full(f, "the story's text"));
}

/* --- caption and credit --- */

/* Length of the sentence's end (. ! ? … with its closing quote) at `at`, when a space follows; 0 otherwise. */
static size_t sentence_end(struct str text, size_t at)
{
	static const char *const ends[] = {".", "!", "?", "…", "؟", "。"};
	static const char *const closing[] = {"”", "»", "“", "\"", "'", "’", ")"};
	size_t len = 0;
	size_t i;

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]) && len == 0; i++)
		if (str_starts(str_part(text, at, SIZE_MAX), str_from(ends[i])))
			len = strlen(ends[i]);
	if (len == 0)
		return 0;
	for (i = 0; i < sizeof(closing) / sizeof(closing[0]); i++)
		if (str_starts(str_part(text, at + len, SIZE_MAX), str_from(closing[i]))) {
			len += strlen(closing[i]);
			break;
		}
	return at + len < text.len && text.at[at + len] == ' ' ? len : 0;
}

/* Without it nobody could tell where the credit begins. */
static bool is_ended(struct str caption)
{
	static const char *const ends[] = {".", "!", "?", "…", "؟", "。", ".”", ".»", "?”", "!”", "?»", "!»", ".)"};
	size_t i;

	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (str_ends(caption, str_from(ends[i])))
			return true;
	return false;
}

/* "J." in a name: one letter behind a space or the beginning. */
static bool is_initial(struct str text, size_t dot)
{
	size_t start = dot;

	if (text.at[dot] != '.')
		return false;
	while (start > 0 && text.at[start - 1] != ' ' && text.at[start - 1] != '.' && text.at[start - 1] != '-')
		start--;
	return dot > start && str_count_chars(str_part(text, start, dot - start)) == 1;
}

void story_picture_split(struct str title, struct str credit_known, struct str *caption, struct str *credit)
{
	size_t slash = SIZE_MAX;
	size_t begin = 0;
	size_t i;

	title = str_trim(title);
	*caption = title;
	*credit = (struct str){NULL, 0};
	if (credit_known.len > 0 && str_ends(title, credit_known)
		&& (title.len == credit_known.len || title.at[title.len - credit_known.len - 1] == ' ')) {
		*credit = str_part(title, title.len - credit_known.len, SIZE_MAX);
		*caption = str_trim(str_part(title, 0, title.len - credit_known.len));
		return;
	}
	for (i = 0; i + 3 <= title.len; i++)
		if (memcmp(title.at + i, " / ", 3) == 0)
			slash = i;
	if (slash == SIZE_MAX)
		return;
	for (i = 0; i < slash; i++) {
		size_t len = sentence_end(title, i);

		if (len > 0 && i + len < slash && !is_initial(title, i))
			begin = i + len + 1;
	}
	*credit = str_trim(str_part(title, begin, SIZE_MAX));
	if (str_find(*credit, STR(" / ")) != SIZE_MAX)
		*caption = str_trim(str_part(title, 0, begin));
	else
		*credit = (struct str){NULL, 0}; /* "…. / Agency": nobody's name */
}

/* In brackets or quotes of Markdown: their ends are escaped, lines joined. */
static void add_escaped(struct buf *out, struct str text, const char *special)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		if ((unsigned char) text.at[i] < ' ') {
			buf_add_char(out, ' ');
			continue;
		}
		if (strchr(special, text.at[i]) != NULL)
			buf_add_char(out, '\\');
		buf_add_char(out, text.at[i]);
	}
}

void story_picture_write(struct buf *out, struct str hash, struct str alt, struct str caption, struct str credit)
{
	buf_add_text(out, "![");
	add_escaped(out, alt, "\\[]*_`<>~&!^");
	buf_add_text(out, "](");
	buf_add_str(out, scheme);
	buf_add_str(out, hash);
	if (caption.len + credit.len > 0) {
		buf_add_text(out, " \"");
		add_escaped(out, caption, "\\\"&");
		if (caption.len > 0 && credit.len > 0)
			buf_add_text(out, is_ended(caption) ? " " : ". ");
		add_escaped(out, credit, "\\\"&");
		buf_add_char(out, '"');
	}
	buf_add_char(out, ')');
}

bool story_credit_check(struct str credit, struct fault *f)
{
	static const char *const words[] = {"photo:", "photo by", "photograph:", "foto:", "фото:", "Фото:", "ФОТО:", "صورة:", "©", "credit:"};
	size_t slash = str_find(credit, STR(" / "));
	size_t i;

	if (credit.len == 0)
		return true;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = strlen(words[i]);

		if (str_equal_nocase(str_part(credit, 0, len), str_from(words[i])))
			return fault_set(f, FAULT_INPUT, "Leave “%.*s” out: the page shows that it is the credit. Write only “Name / Agency”.",
				STR_ARG(str_part(credit, 0, len)));
	}
	if (slash == SIZE_MAX || str_trim(str_part(credit, 0, slash)).len == 0
		|| str_trim(str_part(credit, slash + 3, SIZE_MAX)).len == 0)
		return fault_set(f, FAULT_INPUT, "Write the credit as “Name / Agency”, with a space on each side of the stroke. "
			"Where there is no agency, the newsroom’s own name stands there.");
	return true;
}
