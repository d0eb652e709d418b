/* fuzz_pictures.c: pictures in stories' texts: what is written for a photo comes back with the same words whatever they are, files
 * are renamed and nothing else changes, a caption and its credit are parts of what was typed.
 * SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/limits.h"
#include "base/must.h"
#include "desk/story_pictures.h"
#include "press/markdown.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct str hash = {"0123456789abcdef", 16};

static void is_hash(void *self, struct str name)
{
	must(str_equal(name, hash) && name.len == 16);
	++*(size_t *) self;
}

static bool remember(void *self, const struct markdown_picture *picture, struct buf *out)
{
	must(story_picture_name(picture->url).len == 16);
	++*(size_t *) self;
	buf_add_str(out, picture->alt);
	return true;
}

/* One picture comes of it, whatever the words are. */
static void check_written(struct str words)
{
	struct str alt = str_part(words, 0, words.len / 3), caption = str_part(words, alt.len, words.len / 3);
	struct str credit = str_part(words, alt.len + caption.len, SIZE_MAX);
	struct buf markdown, out;
	struct fault f = {0};
	size_t count = 0;

	buf_init(&markdown, 64 * 1024);
	buf_init(&out, 64 * 1024);
	story_picture_write(&markdown, hash, alt, caption, credit);
	if (!markdown.over && markdown_pictures(buf_view(&markdown), remember, &count, &out, &f)) {
		must(count == 1);
		count = 0;
		story_pictures_each(buf_view(&markdown), is_hash, &count);
		must(count == 1);
	}
	buf_release(&markdown);
	buf_release(&out);
}

static void check_renamed(struct str body, struct arena *arena)
{
	struct story_picture_file files[16];
	struct str names[16];
	struct str out;
	struct fault f = {0};
	size_t count = 0;
	size_t less = 0;

	if (!story_pictures_files(body, arena, files, 16, &count, &f)) {
		must(f.kind == FAULT_INPUT || f.kind == FAULT_FULL);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		names[i] = hash;
		must(files[i].url.len > 0 && files[i].url.at[0] != '/' && files[i].line > 0);
		less += files[i].url.len;
	}
	if (story_pictures_rename(body, files, names, count, arena, &out, &f))
		must(out.len == body.len - less + count * 22);
	else
		must(f.kind == FAULT_INPUT || f.kind == FAULT_FULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_make(data, size);
	struct str caption, credit;
	struct fault f = {0};
	struct arena arena;

	if (!str_is_utf8(text) || str_find_char(text, '\0') != SIZE_MAX)
		return 0; /* a form and a story's file are refused before */
	story_picture_split(text, (struct str){NULL, 0}, &caption, &credit);
	must(caption.len + credit.len <= text.len);
	must(credit.len == 0 || str_find(credit, STR(" / ")) != SIZE_MAX);
	must(story_credit_check(text, &f) || f.kind == FAULT_INPUT);
	if (size < 3000)
		check_written(text);
	arena_init(&arena, "fuzz", 4 * (size_t) LIMIT_STORY_BYTES);
	check_renamed(text, &arena);
	arena_release(&arena);
	return 0;
}
