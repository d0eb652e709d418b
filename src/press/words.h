/* words.h: slugs, Unicode folding, key terms, excerpts.
 * SPDX-License-Identifier: ISC */
#ifndef PRESS_WORDS_H
#define PRESS_WORDS_H

#include <stdbool.h>
#include "base/buf.h"

struct arena;
struct fault;

struct slug {
	char text[97];  /* a–z, other letters lower-cased and NFC, digits, '-' ; ≤ 96 bytes */
};

/* From a headline or a name. INPUT when nothing is left. */
bool slug_from(struct str text, struct slug *out, struct fault *f) __attribute__((warn_unused_result));
/* A slug that was typed: must already be one. */
bool slug_parse(struct str text, struct slug *out, struct fault *f) __attribute__((warn_unused_result));

/* NFC copy (libutf8proc); INPUT when it is not UTF-8. */
bool words_nfc(struct str text, struct arena *arena, struct str *out, struct fault *f)
	__attribute__((warn_unused_result));
/* Folded for search: NFKC, case-folded, marks off (ё = е, Arabic harakat and tatweel off, alef forms joined). */
bool words_fold(struct str text, struct buf *out);
/* The n most telling words of a text (folded, ≥ 4 letters, no stop word of the languages we know), most telling
 * first. */
size_t words_key_terms(struct str text, struct str language, struct str *out, size_t max, struct arena *arena);
/* The first sentences, at most max_chars characters, whole words, "…" when cut. */
struct str words_excerpt(struct str text, size_t max_chars, struct arena *arena);
size_t words_count(struct str text);

#endif
