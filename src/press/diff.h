/* diff.h: what was changed between two texts, for people to read: by paragraph, and by word where a paragraph changed.
 *
 * Bounded whatever the texts are: time grows with their length times DIFF_DISTANCE, memory with their length. Where they differ more
 * than that, larger pieces count as replaced; that is still true, only less fine.
 * SPDX-License-Identifier: ISC */
#ifndef PRESS_DIFF_H
#define PRESS_DIFF_H

#include <stdbool.h>
#include "base/str.h"

struct arena;
struct fault;

enum { DIFF_DISTANCE = 256 };

enum diff_kind { DIFF_SAME, DIFF_REMOVED, DIFF_ADDED };

/* A view into one of the two texts. All SAME and REMOVED pieces in a row are the text before, all SAME and ADDED the one after. */
struct diff_piece {
	enum diff_kind kind;
	struct str text;
};

struct diff {
	const struct diff_piece *pieces;
	size_t count;
	size_t words_added, words_removed;
};

/* The texts must outlive the pieces. FULL when the arena is too small (about 100 bytes a word). */
bool words_diff(struct str before, struct str after, struct arena *arena, struct diff *out, struct fault *f)
	__attribute__((warn_unused_result));

#endif
