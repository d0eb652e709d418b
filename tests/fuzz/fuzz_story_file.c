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

/* One line of text: UTF-8 without controls but the tab. */
static void check_line(struct str text)
{
	must(text.len > 0 && str_is_utf8(text));
	for (size_t i = 0; i < text.len; i++)
		must(text.at[i] == '\t' || !str_has_control(str_part(text, i, 1)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct story_file out = {0};
	struct fault f = {0};
	struct arena arena;

	arena_init(&arena, "fuzz", 4 * (size_t) LIMIT_STORY_BYTES);
	if (story_from_file(str_make(data, size), "a.md", STR("a"), STR("en"), &arena, &out, &f)) {
		const struct story *story = &out.story;

		check_line(story->title);
		must(story->slug.len > 0 && str_find_char(story->slug, '/') == SIZE_MAX && !str_has_control(story->slug));
		must(story->identity.len > 0 && str_is_utf8(story->body));
		must(out.photo.len == 0 || (out.photo.at[0] != '/' && str_find(out.photo, STR("../")) == SIZE_MAX));
		for (size_t i = 0; i < story->author_count; i++)
			check_line(story->authors[i]);
	} else
		must(f.kind == FAULT_INPUT || f.kind == FAULT_FULL);
	arena_release(&arena);
	return 0;
}
