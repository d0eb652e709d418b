/* words.c: slugs, Unicode folding, key terms, excerpts (libutf8proc).
 *
 * Decides: what a letter is, what two spellings of one word have in common, which words tell what a text is about.
 * Leaves to others: where slugs must be unique. Runs in: desk's children, front (folding what is searched). The hard
 * thing: the searched and the stored text must be folded alike for every script, so there is one function for both.
 * SPDX-License-Identifier: ISC */
#include "words.h"

#include <utf8proc.h>
#include "base/arena.h"
#include "base/fault.h"
#include "words_inside.h"

enum { SLUG_BYTES = 96 };

/* Reads one character; false at the end or where the bytes are no UTF-8. */
bool words_next(struct str text, size_t *at, int32_t *character)
{
	utf8proc_ssize_t width;

	if (*at >= text.len)
		return false;
	if ((unsigned char) text.at[*at] < 0x80) {
		*character = (unsigned char) text.at[(*at)++];
		return true;
	}
	width = utf8proc_iterate((const utf8proc_uint8_t *) text.at + *at, (utf8proc_ssize_t) (text.len - *at), character);
	if (width <= 0)
		return false;
	*at += (size_t) width;
	return true;
}

bool words_is_letter(int32_t c)
{
	if (c < 0x80)
		return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
	switch (utf8proc_category(c)) {
	case UTF8PROC_CATEGORY_LU:
	case UTF8PROC_CATEGORY_LL:
	case UTF8PROC_CATEGORY_LT:
	case UTF8PROC_CATEGORY_LM:
	case UTF8PROC_CATEGORY_LO:
	case UTF8PROC_CATEGORY_ND:
	case UTF8PROC_CATEGORY_MN:
	case UTF8PROC_CATEGORY_MC:
		return true;
	default:
		return false;
	}
}

/* --- NFC and folding --- */

static bool is_ascii(struct str text)
{
	size_t i;

	for (i = 0; i < text.len; i++)
		if ((unsigned char) text.at[i] >= 0x80)
			return false;
	return true;
}

bool words_nfc(struct str text, struct arena *arena, struct str *out, struct fault *f)
{
	utf8proc_uint8_t *mapped = NULL;
	utf8proc_ssize_t len;

	if (!str_is_utf8(text))
		return fault_set(f, FAULT_INPUT, "this is not UTF-8");
	if (is_ascii(text)) {
		*out = str_copy(text, arena);
	} else {
		len = utf8proc_map((const utf8proc_uint8_t *) text.at, (utf8proc_ssize_t) text.len, &mapped,
			UTF8PROC_STABLE | UTF8PROC_COMPOSE);
		if (len < 0)
			return fault_set(f, FAULT_INPUT, "this is not UTF-8");
		*out = str_copy(str_make(mapped, (size_t) len), arena);
		free(mapped); /* libutf8proc's own, by its contract */
	}
	return out->at != NULL || fault_full(f, "this text");
}

/* One letter for those that readers and writers of Arabic and Persian type for each other; 0 drops it. */
static int32_t join(int32_t c)
{
	switch (c) {
	case 0x0640: return 0;                      /* tatweel */
	case 0x200c: return 0;                      /* zero width non-joiner */
	case 0x0671: return 0x0627;                 /* alef wasla */
	case 0x0649: case 0x06cc: return 0x064a;    /* alef maksura, Persian yeh */
	case 0x06a9: return 0x0643;                 /* Persian kaf */
	case 0x0629: return 0x0647;                 /* teh marbuta */
	case 0x2018: case 0x2019: case 0x02bc: return '\'';
	default: return c;
	}
}

bool words_fold(struct str text, struct buf *out)
{
	utf8proc_uint8_t *mapped = NULL;
	utf8proc_ssize_t len;
	struct str folded;
	size_t at = 0;
	size_t i;
	int32_t c = 0;

	if (is_ascii(text)) {
		for (i = 0; i < text.len; i++)
			buf_add_char(out, text.at[i] >= 'A' && text.at[i] <= 'Z' ? (char) (text.at[i] + 32) : text.at[i]);
		return !out->over;
	}
	len = utf8proc_map((const utf8proc_uint8_t *) text.at, (utf8proc_ssize_t) text.len, &mapped,
		UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK | UTF8PROC_IGNORE);
	if (len < 0)
		return false;
	folded = str_make(mapped, (size_t) len);
	while (words_next(folded, &at, &c)) {
		utf8proc_uint8_t bytes[4];
		int32_t joined = join(c);

		if (joined != 0)
			buf_add(out, bytes, (size_t) utf8proc_encode_char(joined, bytes));
	}
	free(mapped); /* libutf8proc's own, by its contract */
	return !out->over;
}

/* --- slugs --- */

static bool is_apostrophe(int32_t c)
{
	return c == '\'' || c == 0x2019 || c == 0x2bc || c == 0x2018;
}

/* Cuts at the last '-' when a word would be cut in two. */
static size_t cut_at_word(const char *text, size_t len)
{
	size_t at = len;

	while (at > SLUG_BYTES / 2 && text[at - 1] != '-')
		at--;
	return at > SLUG_BYTES / 2 ? at - 1 : len;
}

/* What stood apart may have met (a mark behind a dropped sign): NFC once more. 0 when that is longer than a slug. */
static size_t slug_compose(struct slug *slug, size_t used)
{
	utf8proc_uint8_t *mapped = NULL;
	utf8proc_ssize_t len = 0;

	if (is_ascii(str_make(slug->text, used)))
		return used;
	len = utf8proc_map((const utf8proc_uint8_t *) slug->text, (utf8proc_ssize_t) used, &mapped,
		UTF8PROC_STABLE | UTF8PROC_COMPOSE);
	memset(slug->text, 0, sizeof(slug->text));
	if (len > 0 && len <= SLUG_BYTES)
		memcpy(slug->text, mapped, (size_t) len);
	free(mapped); /* libutf8proc's own, by its contract */
	return len > 0 && len <= SLUG_BYTES ? (size_t) len : 0;
}

bool slug_from(struct str text, struct slug *out, struct fault *f)
{
	utf8proc_uint8_t *mapped = NULL;
	utf8proc_ssize_t len = utf8proc_map((const utf8proc_uint8_t *) (text.len > 0 ? text.at : ""),
		(utf8proc_ssize_t) text.len, &mapped, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_IGNORE);
	struct str nfc = str_make(mapped, len > 0 ? (size_t) len : 0);
	bool wants_dash = false;
	bool is_cut = false;
	size_t used = 0;
	size_t at = 0;
	int32_t c = 0;

	memset(out, 0, sizeof(*out));
	while (words_next(nfc, &at, &c)) {
		utf8proc_uint8_t bytes[4];
		size_t width = (size_t) utf8proc_encode_char(utf8proc_tolower(c), bytes);

		if (is_apostrophe(c))
			continue;
		if (!words_is_letter(c)) {
			wants_dash = used > 0;
			continue;
		}
		is_cut = used + width + wants_dash > SLUG_BYTES;
		if (is_cut)
			break;
		if (wants_dash)
			out->text[used++] = '-';
		memcpy(out->text + used, bytes, width);
		used += width;
		wants_dash = false;
	}
	free(mapped); /* libutf8proc's own, by its contract */
	if (is_cut && !wants_dash)
		used = cut_at_word(out->text, used);
	memset(out->text + used, 0, sizeof(out->text) - used);
	used = slug_compose(out, used);
	return used > 0 || fault_set(f, FAULT_INPUT, "no letter or digit is left for an address; write a slug");
}

bool slug_parse(struct str text, struct slug *out, struct fault *f)
{
	struct fault inner = {0};

	if (!slug_from(text, out, &inner) || !str_is(text, out->text))
		return fault_set(f, FAULT_INPUT, "a slug is lower-case letters, digits and single '-', at most %d bytes",
			(int) SLUG_BYTES);
	return true;
}

/* --- excerpts and counts --- */

static bool ends_sentence(int32_t c)
{
	return c == '.' || c == '!' || c == '?' || c == 0x2026 || c == 0x061f || c == 0x06d4 || c == 0x3002 || c == 0x0589;
}

struct str words_excerpt(struct str text, size_t max_chars, struct arena *arena)
{
	struct str all = str_trim(text);
	size_t at = 0;
	size_t chars = 0;
	size_t sentence = 0; /* where the last whole sentence ends */
	size_t word = 0;
	int32_t c = 0;
	int32_t before = 0;

	while (chars < max_chars && words_next(all, &at, &c)) {
		if (c == ' ' || c == '\n') {
			word = at - 1;
			if (ends_sentence(before) || before == 0x201d || before == '"' || before == 0xbb)
				sentence = at - 1;
		}
		before = c;
		chars++;
	}
	if (at >= all.len)
		return str_copy(all, arena);
	if (sentence > at / 3)
		return str_copy(str_part(all, 0, sentence), arena);
	return str_format(arena, "%.*s…", STR_ARG(str_trim(str_part(all, 0, word > 0 ? word : at))));
}

size_t words_count(struct str text)
{
	size_t count = 0;
	bool inside = false;
	size_t at = 0;
	int32_t c = 0;

	while (words_next(text, &at, &c)) {
		bool is_letter = words_is_letter(c);

		count += is_letter && !inside;
		inside = is_letter || (inside && (c == '\'' || c == 0x2019 || c == '-'));
	}
	return count;
}
