/* fuzz_story_file.c: a story's file of any bytes is taken or refused with its line; what is taken is safe to put into a page's address.
 * SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/fault.h"
#include "base/limits.h"
#include "base/must.h"
#include "desk/story.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct story_file out = {0};
	struct fault f = {0};
	struct arena arena;

	arena_init(&arena, "fuzz", 4 * (size_t) LIMIT_STORY_BYTES);
	if (story_from_file(str_make(data, size), "a.md", STR("a"), STR("en"), &arena, &out, &f)) {
		const struct story *story = &out.story;

		must(story->title.len > 0 && !str_has_control(story->title) && str_is_utf8(story->title));
		must(story->slug.len > 0 && str_find_char(story->slug, '/') == SIZE_MAX && !str_has_control(story->slug));
		must(story->identity.len > 0 && str_is_utf8(story->body));
		must(out.photo.len == 0 || (out.photo.at[0] != '/' && str_find(out.photo, STR("../")) == SIZE_MAX));
		for (size_t i = 0; i < story->author_count; i++)
			must(story->authors[i].len > 0 && !str_has_control(story->authors[i]));
	} else
		must(f.kind == FAULT_INPUT || f.kind == FAULT_FULL);
	arena_release(&arena);
	return 0;
}
