/* front_search_mark.c: what a reader searched for, marked in what is found.
 *
 * Decides: that a word is marked when its folded form begins with a word of the query (as the index finds it); which
 * passage of a story is shown. Leaves to others: finding stories (front_search.c). Runs in: front. The hard thing: the
 * index holds folded text, the page shows it as it was written; so words are folded one by one, and those whose first
 * letter cannot match are not.
 * SPDX-License-Identifier: ISC */
#include "front_inside.h"

#include "base/arena.h"
#include "base/buf.h"
#include "press/html.h"
#include "press/words.h"

enum { BEFORE_BYTES = 120, PASSAGE_BYTES = 320, FOLDED_BYTES = 4096 };

/* Letters and digits of any script; marks between words are not. Length of the character at `at`, 0: no part of a
 * word. */
size_t front_search_word_char(struct str text, size_t at)
{
	unsigned char c = (unsigned char) text.at[at];
	size_t len = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	if (c < 0x80)
		return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ? 1 : 0;
	if (at + len > text.len)
		return 0;
	if (c == 0xc2) /* U+0080–U+00BF: ª º µ are letters, the rest marks */
		return (unsigned char) text.at[at + 1] == 0xaa || (unsigned char) text.at[at + 1] == 0xb5
			|| (unsigned char) text.at[at + 1] == 0xba ? 2 : 0;
	if (c == 0xe2 && (unsigned char) text.at[at + 1] <= 0x81) /* U+2000–U+207F: dashes, quotes, spaces */
		return 0;
	if (c == 0xd8 && ((unsigned char) text.at[at + 1] == 0x8c || (unsigned char) text.at[at + 1] == 0x9b
			|| (unsigned char) text.at[at + 1] == 0x9f)) /* Arabic comma, semicolon, question mark */
		return 0;
	if (c == 0xe3 && (unsigned char) text.at[at + 1] == 0x80) /* CJK marks */
		return 0;
	return len;
}

/* What is no part of a word is passed over whole. */
static size_t past(struct str text, size_t at)
{
	for (at++; at < text.len && ((unsigned char) text.at[at] & 0xc0) == 0x80; at++)
		;
	return at;
}

size_t front_search_words(struct str folded, struct str words[FRONT_SEARCH_WORDS])
{
	size_t count = 0;
	size_t at = 0;

	while (at < folded.len && count < FRONT_SEARCH_WORDS) {
		size_t end = at;

		while (end < folded.len && front_search_word_char(folded, end) > 0)
			end += front_search_word_char(folded, end);
		if (end > at)
			words[count++] = str_part(folded, at, end - at);
		at = end > at ? end : past(folded, at);
	}
	return count;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char) (c + ('a' - 'A')) : c;
}

/* Whether a word as written is one that was searched for. `room` is used up and emptied. */
static bool is_sought(struct str word, const struct front_sought *sought, struct buf *room)
{
	bool is_ascii = (unsigned char) word.at[0] < 0x80;
	bool may = !is_ascii;
	bool folded = false;
	size_t i;

	for (i = 0; i < sought->count && !may; i++)
		may = sought->words[i].at[0] == lower(word.at[0]);
	if (!may)
		return false;
	buf_clear(room);
	folded = words_fold(word, room);
	for (i = 0; i < sought->count && folded; i++)
		if (str_starts(buf_view(room), sought->words[i]))
			return true;
	return false;
}

/* The next sought word from `at` on; false: none. */
static bool next_sought(struct str text, size_t at, const struct front_sought *sought, struct buf *room, size_t *begin,
	size_t *end)
{
	while (at < text.len) {
		size_t until = at;

		while (until < text.len && front_search_word_char(text, until) > 0)
			until += front_search_word_char(text, until);
		if (until > at && is_sought(str_part(text, at, until - at), sought, room)) {
			*begin = at;
			*end = until;
			return true;
		}
		at = until > at ? until : past(text, at);
	}
	return false;
}

bool front_search_mark(struct str text, const struct front_sought *sought, struct buf *out)
{
	struct buf room;
	bool any = false;
	size_t from = 0;
	size_t begin;
	size_t end;

	buf_init(&room, FOLDED_BYTES);
	while (next_sought(text, from, sought, &room, &begin, &end)) {
		html_text(out, str_part(text, from, begin - from));
		buf_add_text(out, "<mark>");
		html_text(out, str_part(text, begin, end - begin));
		buf_add_text(out, "</mark>");
		from = end;
		any = true;
	}
	html_text(out, str_part(text, from, SIZE_MAX));
	buf_release(&room);
	return any;
}

/* Forward to where a word begins. */
static size_t to_word(struct str text, size_t at)
{
	if (at == 0)
		return 0;
	while (at < text.len && text.at[at] != ' ' && text.at[at] != '\n')
		at++;
	while (at < text.len && (text.at[at] == ' ' || text.at[at] == '\n'))
		at++;
	return at;
}

struct str front_search_passage(struct str text, const struct front_sought *sought, bool *cut_before, bool *cut_after)
{
	struct buf room;
	size_t begin = 0;
	size_t end = 0;
	size_t from;
	size_t until;
	bool found;

	*cut_before = *cut_after = false;
	buf_init(&room, FOLDED_BYTES);
	found = next_sought(text, 0, sought, &room, &begin, &end);
	buf_release(&room);
	if (!found)
		return (struct str){NULL, 0};
	from = to_word(text, begin > BEFORE_BYTES ? begin - BEFORE_BYTES : 0);
	if (from > begin)
		from = begin;
	until = from + PASSAGE_BYTES < text.len ? from + PASSAGE_BYTES : text.len;
	if (until < end)
		until = end;
	while (until < text.len && until > end && text.at[until] != ' ' && text.at[until] != '\n')
		until--;
	*cut_before = from > 0;
	*cut_after = until < text.len;
	/* no word may be cut in the middle of a character, however long it is */
	while (until < text.len && ((unsigned char) text.at[until] & 0xc0) == 0x80)
		until++;
	return str_part(text, from, until - from);
}
