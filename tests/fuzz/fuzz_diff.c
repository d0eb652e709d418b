/* fuzz_diff.c: two texts (parted by a NUL) of any bytes are compared, and both come out of the pieces again.
 * SPDX-License-Identifier: ISC */
#include <stdint.h>
#include <string.h>
#include "base/arena.h"
#include "base/fault.h"
#include "press/diff.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* The pieces but those of one kind are `text`, in order. */
static void must_give(const struct diff *diff, enum diff_kind without, struct str text)
{
	size_t at = 0;

	for (size_t i = 0; i < diff->count; i++) {
		const struct diff_piece *piece = &diff->pieces[i];

		if (piece->kind == without)
			continue;
		if (!str_equal(str_part(text, at, piece->text.len), piece->text))
			__builtin_trap();
		at += piece->text.len;
	}
	if (at != text.len)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct str all = str_make(bytes, size);
	size_t middle = str_find_char(all, '\0');
	struct str before = str_part(all, 0, middle);
	struct str after = middle == SIZE_MAX ? (struct str){NULL, 0} : str_part(all, middle + 1, SIZE_MAX);
	struct arena arena;
	struct diff diff;
	struct fault f = {0};

	arena_init(&arena, "fuzz", 64 << 20);
	if (words_diff(before, after, &arena, &diff, &f)) {
		must_give(&diff, DIFF_ADDED, before);
		must_give(&diff, DIFF_REMOVED, after);
	}
	arena_release(&arena);
	return 0;
}
