/* diff.c: what was changed between two texts.
 *
 * Decides: what a paragraph and a word are here, and which pieces are worth showing as kept. Leaves to others: how it looks. Runs in: desk.
 * The hard thing: texts come from people who may mean harm. Myers' greedy search (1986) is cut off at DIFF_DISTANCE edits and begun anew
 * at the furthest point that it reached, so that it never takes longer than the product of length and distance.
 * SPDX-License-Identifier: ISC */
#include "diff.h"

#include "base/arena.h"
#include "base/fault.h"
#include "words.h"
#include "words_inside.h"

/* A paragraph or a word, with a hash so that most comparisons look at one number. */
struct token {
	struct str text;
	uint64_t hash;
	bool is_blank;              /* white space alone */
};

struct tokens {
	struct token *at;
	size_t count;
};

/* A run of tokens that both have. */
struct match {
	size_t before, after, count;
};

struct matches {
	struct match *at;
	size_t count, room;
};

struct comparing {
	struct arena *arena;
	struct tokens before, after;
	struct matches matches;
	/* furthest[k + DIFF_DISTANCE + 1]: how far in `before` the diagonal k has come; trace: a copy of it after each distance */
	int64_t furthest[2 * DIFF_DISTANCE + 3];
	int32_t *trace;
};

/* --- tokens --- */

static uint64_t hash_of(struct str text)
{
	uint64_t hash = 14695981039346656037u;
	size_t i;

	for (i = 0; i < text.len; i++)
		hash = (hash ^ (unsigned char) text.at[i]) * 1099511628211u;
	return hash;
}

static bool is_space(int32_t c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == 0xa0;
}

/* Scripts written without spaces: each sign is a word of its own. */
static bool stands_alone(int32_t c)
{
	return (c >= 0x0e00 && c <= 0x0eff) || (c >= 0x1000 && c <= 0x109f) || (c >= 0x1780 && c <= 0x17ff) || (c >= 0x3040 && c <= 0x30ff)
		|| (c >= 0x3400 && c <= 0x9fff) || (c >= 0xf900 && c <= 0xfaff) || (c >= 0x20000 && c <= 0x3ffff);
}

/* The next word, run of white space or single sign. */
static size_t word_end(struct str text, size_t from)
{
	size_t at = from;
	size_t next = from;
	int32_t c = 0;
	bool space;
	bool letter;

	if (!words_next(text, &next, &c))
		return from + 1; /* no UTF-8: byte by byte */
	space = is_space(c);
	letter = words_is_letter(c) && !stands_alone(c);
	do
		at = next;
	while ((space || letter) && words_next(text, &next, &c) && (space ? is_space(c) : words_is_letter(c) && !stands_alone(c)));
	return at;
}

/* A paragraph with the line ends that follow it. */
static size_t paragraph_end(struct str text, size_t from)
{
	size_t at = from;

	while (at < text.len && text.at[at] != '\n')
		at++;
	while (at < text.len && (text.at[at] == '\n' || text.at[at] == '\r'))
		at++;
	return at;
}

static bool cut(struct str text, size_t (*end_of)(struct str text, size_t from), struct arena *arena, struct tokens *out)
{
	size_t at = 0;
	size_t count = 0;

	while (at < text.len) {
		at = end_of(text, at);
		count++;
	}
	*out = (struct tokens){arena_alloc_many(arena, count + 1, sizeof(*out->at)), 0};
	if (out->at == NULL)
		return false;
	for (at = 0; at < text.len;) {
		size_t end = end_of(text, at);
		struct str piece = str_part(text, at, end - at);

		out->at[out->count++] = (struct token){piece, hash_of(piece), str_trim(piece).len == 0};
		at = end;
	}
	return true;
}

static bool is_equal(const struct comparing *c, size_t before, size_t after)
{
	const struct token *a = &c->before.at[before];
	const struct token *b = &c->after.at[after];

	return a->hash == b->hash && str_equal(a->text, b->text);
}

/* --- matching --- */

static bool add_match(struct comparing *c, size_t before, size_t after, size_t count)
{
	struct matches *all = &c->matches;
	struct match *last = all->count > 0 ? &all->at[all->count - 1] : NULL;
	struct match *grown;

	if (count == 0)
		return true;
	if (last != NULL && last->before + last->count == before && last->after + last->count == after) {
		last->count += count;
		return true;
	}
	if (all->count == all->room) {
		grown = arena_alloc_many(c->arena, all->room * 2 + 16, sizeof(*grown));
		if (grown == NULL)
			return false;
		if (all->count > 0)
			memcpy(grown, all->at, all->count * sizeof(*grown));
		all->at = grown;
		all->room = all->room * 2 + 16;
	}
	all->at[all->count++] = (struct match){before, after, count};
	return true;
}

enum { MIDDLE = DIFF_DISTANCE + 1 };

/* Where the trace of distance d keeps diagonal k. */
static int32_t *trace_at(const struct comparing *c, int64_t d, int64_t k)
{
	return &c->trace[d * (2 * MIDDLE + 1) + k + MIDDLE];
}

/* From the end of diagonal k at distance d back to the start; the runs are found last first, so they are put down in a list and added
 * the other way round. */
static bool walk_back(struct comparing *c, size_t from_before, size_t from_after, int64_t d, int64_t k)
{
	struct match runs[DIFF_DISTANCE + 1];
	size_t count = 0;
	int64_t x = *trace_at(c, d, k);

	for (; d > 0; d--) {
		bool down = k == -d || (k != d && *trace_at(c, d - 1, k - 1) < *trace_at(c, d - 1, k + 1));
		int64_t came_k = down ? k + 1 : k - 1;
		int64_t came_x = *trace_at(c, d - 1, came_k);
		int64_t start = down ? came_x : came_x + 1;

		if (x > start)
			runs[count++] = (struct match){from_before + (size_t) start, from_after + (size_t) (start - k), (size_t) (x - start)};
		x = came_x;
		k = came_k;
	}
	if (x > 0)
		runs[count++] = (struct match){from_before, from_after, (size_t) x};
	while (count > 0) {
		count--;
		if (!add_match(c, runs[count].before, runs[count].after, runs[count].count))
			return false;
	}
	return true;
}

/* One search from a pair of places: up to the end of both, or up to where DIFF_DISTANCE edits lead furthest. */
static bool search(struct comparing *c, size_t *before, size_t *after, size_t before_end, size_t after_end)
{
	int64_t n = (int64_t) (before_end - *before);
	int64_t m = (int64_t) (after_end - *after);
	int64_t best_k = 0;
	int64_t best = -1;
	int64_t d;
	int64_t k;

	c->furthest[MIDDLE + 1] = 0;
	for (d = 0; d <= DIFF_DISTANCE; d++) {
		for (k = -d; k <= d; k += 2) {
			bool down = k == -d || (k != d && c->furthest[MIDDLE + k - 1] < c->furthest[MIDDLE + k + 1]);
			int64_t x = down ? c->furthest[MIDDLE + k + 1] : c->furthest[MIDDLE + k - 1] + 1;
			int64_t y = x - k;

			while (x < n && y < m && x >= 0 && y >= 0 && is_equal(c, *before + (size_t) x, *after + (size_t) y))
				x++, y++;
			c->furthest[MIDDLE + k] = x;
			*trace_at(c, d, k) = (int32_t) x;
			if (x == n && y == m) {
				if (!walk_back(c, *before, *after, d, k))
					return false;
				*before = before_end;
				*after = after_end;
				return true;
			}
		}
	}
	for (k = -DIFF_DISTANCE; k <= DIFF_DISTANCE; k += 2) {
		int64_t x = c->furthest[MIDDLE + k];

		if (x >= 0 && x <= n && x - k >= 0 && x - k <= m && 2 * x - k > best) {
			best = 2 * x - k;
			best_k = k;
		}
	}
	if (best <= 0) { /* nothing inside both was reached: the rest is replaced */
		*before = before_end;
		*after = after_end;
		return true;
	}
	if (!walk_back(c, *before, *after, DIFF_DISTANCE, best_k))
		return false;
	*after += (size_t) (c->furthest[MIDDLE + best_k] - best_k);
	*before += (size_t) c->furthest[MIDDLE + best_k];
	return true;
}

/* All runs that two lists of tokens share, in order. */
static bool match_all(struct comparing *c)
{
	size_t before = 0;
	size_t after = 0;
	size_t before_end = c->before.count;
	size_t after_end = c->after.count;
	size_t tail = 0;

	c->matches = (struct matches){NULL, 0, 0};
	while (before < before_end && after < after_end && is_equal(c, before, after))
		before++, after++;
	if (!add_match(c, 0, 0, before))
		return false;
	while (before_end > before && after_end > after && is_equal(c, before_end - 1, after_end - 1))
		before_end--, after_end--, tail++;
	while (before < before_end && after < after_end)
		if (!search(c, &before, &after, before_end, after_end))
			return false;
	return add_match(c, before_end, after_end, tail);
}

/* --- pieces --- */

struct writing {
	struct diff_piece *at;
	size_t count, room;
	struct diff *out;
	struct arena *arena;
};

static bool put(struct writing *w, enum diff_kind kind, struct str text)
{
	struct diff_piece *last = w->count > 0 ? &w->at[w->count - 1] : NULL;
	struct diff_piece *grown;

	if (text.len == 0)
		return true;
	if (kind == DIFF_ADDED)
		w->out->words_added += words_count(text);
	if (kind == DIFF_REMOVED)
		w->out->words_removed += words_count(text);
	if (last != NULL && last->kind == kind && last->text.at + last->text.len == text.at) {
		last->text.len += text.len;
		return true;
	}
	if (w->count == w->room) {
		grown = arena_alloc_many(w->arena, w->room * 2 + 32, sizeof(*grown));
		if (grown == NULL)
			return false;
		if (w->count > 0)
			memcpy(grown, w->at, w->count * sizeof(*grown));
		w->at = grown;
		w->room = w->room * 2 + 32;
	}
	w->at[w->count++] = (struct diff_piece){kind, text};
	return true;
}

/* The text of tokens from … until, which lie one behind the other. */
static struct str span(const struct tokens *tokens, size_t from, size_t until)
{
	const char *start;

	if (from >= until)
		return (struct str){NULL, 0};
	start = tokens->at[from].text.at;
	return str_make(start, (size_t) (tokens->at[until - 1].text.at + tokens->at[until - 1].text.len - start));
}

/* A blank between two changed words is no news: the change reads better in one piece. */
static void drop_blank_matches(struct comparing *c)
{
	size_t kept = 0;
	size_t i;
	size_t k;

	for (i = 0; i < c->matches.count; i++) {
		const struct match match = c->matches.at[i];
		bool is_blank = true;

		for (k = 0; k < match.count && is_blank; k++)
			is_blank = c->before.at[match.before + k].is_blank;
		if (!is_blank || match.before == 0 || match.before + match.count == c->before.count)
			c->matches.at[kept++] = match;
	}
	c->matches.count = kept;
}

typedef bool change_call(struct comparing *c, struct writing *w, struct str before, struct str after);

static bool write_all(struct comparing *c, struct writing *w, change_call *change)
{
	size_t before = 0;
	size_t after = 0;
	size_t i;

	for (i = 0; i <= c->matches.count; i++) {
		struct match match = i < c->matches.count ? c->matches.at[i] : (struct match){c->before.count, c->after.count, 0};

		if (!change(c, w, span(&c->before, before, match.before), span(&c->after, after, match.after))
			|| !put(w, DIFF_SAME, span(&c->before, match.before, match.before + match.count)))
			return false;
		before = match.before + match.count;
		after = match.after + match.count;
	}
	return true;
}

static bool put_change(struct comparing *c, struct writing *w, struct str before, struct str after)
{
	(void) c;
	return put(w, DIFF_REMOVED, before) && put(w, DIFF_ADDED, after);
}

/* Paragraphs that changed, word by word. */
static bool put_paragraphs(struct comparing *c, struct writing *w, struct str before, struct str after)
{
	struct comparing *words = arena_alloc(c->arena, sizeof(*words));

	if (before.len == 0 || after.len == 0)
		return put_change(c, w, before, after);
	if (words == NULL)
		return false;
	words->arena = c->arena;
	words->trace = c->trace;
	if (!cut(before, word_end, c->arena, &words->before) || !cut(after, word_end, c->arena, &words->after) || !match_all(words))
		return false;
	drop_blank_matches(words);
	return write_all(words, w, put_change);
}

bool words_diff(struct str before, struct str after, struct arena *arena, struct diff *out, struct fault *f)
{
	struct comparing *c = arena_alloc(arena, sizeof(*c));
	struct writing w = {.out = out, .arena = arena};

	*out = (struct diff){0};
	if (c == NULL)
		return fault_full(f, "this comparison");
	c->arena = arena;
	c->trace = arena_alloc_many(arena, (size_t) (DIFF_DISTANCE + 1) * (2 * MIDDLE + 1), sizeof(*c->trace));
	if (c->trace == NULL || !cut(before, paragraph_end, arena, &c->before) || !cut(after, paragraph_end, arena, &c->after)
		|| !match_all(c) || !write_all(c, &w, put_paragraphs))
		return fault_full(f, "this comparison");
	out->pieces = w.at;
	out->count = w.count;
	return true;
}
