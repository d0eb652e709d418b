/* fuzz_fold.c: any bytes are folded, made a slug, counted and cut without harm; folding twice changes nothing.
 * SPDX-License-Identifier: ISC */
#include <stdint.h>
#include "base/arena.h"
#include "base/fault.h"
#include "press/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct str text = str_make(bytes, size);
	struct str terms[16];
	struct buf once;
	struct buf twice;
	struct arena arena;
	struct slug slug;
	struct slug again;
	struct fault f = {0};

	buf_init(&once, 1 << 20);
	buf_init(&twice, 1 << 20);
	arena_init(&arena, "fuzz", 1 << 20);
	if (words_fold(text, &once) && !words_fold(buf_view(&once), &twice))
		__builtin_trap();
	if (slug_from(text, &slug, &f) && (!str_is_utf8(str_from(slug.text)) || !slug_parse(str_from(slug.text), &again, &f)))
		__builtin_trap();
	if (words_key_terms(text, STR("en"), terms, 16, &arena) > 16)
		__builtin_trap();
	if (str_is_utf8(text) && str_count_chars(words_excerpt(text, 20, &arena)) > 21)
		__builtin_trap();
	(void) words_count(text);
	buf_release(&once);
	buf_release(&twice);
	arena_release(&arena);
	return 0;
}
