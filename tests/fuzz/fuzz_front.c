/* fuzz_front.c: any bytes are a story's file or refused with file and line.
 * SPDX-License-Identifier: ISC */
#include <stdint.h>
#include "base/arena.h"
#include "base/fault.h"
#include "desk/story.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct story_file file;
	struct arena arena;
	struct fault f = {0};

	arena_init(&arena, "fuzz", 32 << 20);
	if (story_from_file(str_make(bytes, size), "f.md", STR("f"), STR("en"), &arena, &file, &f)) {
		if (file.story.title.len == 0 || file.story.slug.len == 0 || file.story.lang.len == 0 || file.story.body.len == 0)
			__builtin_trap();
		if (!str_is_utf8(file.story.title) || str_has_control(file.story.title) != (str_find_char(file.story.title, '\t') != SIZE_MAX))
			__builtin_trap();
	} else if (f.kind != FAULT_FULL && (f.kind != FAULT_INPUT || !str_starts(str_from(f.say), STR("f.md:")))) {
		__builtin_trap();
	}
	arena_release(&arena);
	return 0;
}
