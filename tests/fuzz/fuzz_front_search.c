/* fuzz_front_search.c: a reader's words as a search expression; a condition header; a path. What comes out is quoted terms only.
 * SPDX-License-Identifier: ISC */
#include "base/buf.h"
#include "base/must.h"
#include "front/front_inside.h"
#include "press/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* The first line is the query, the rest a story. */
static void mark(struct str text)
{
	size_t line = str_find_char(text, '\n');
	struct front_sought sought = {.count = 0};
	struct str story = line != SIZE_MAX ? str_part(text, line + 1, SIZE_MAX) : text;
	struct buf folded;
	struct buf out;
	bool before;
	bool after;
	struct str part;

	buf_init(&folded, 65536);
	buf_init(&out, 1 << 20);
	(void) front_search_read(str_part(text, 0, line), &folded, &sought);
	(void) front_search_mark(story, &sought, &out);
	must(str_is_utf8(buf_view(&out)));
	part = front_search_passage(story, &sought, &before, &after);
	must(str_is_utf8(part) && part.len <= story.len);
	buf_release(&folded);
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct str text = str_make(bytes, size);
	struct front_sought sought = {.count = 0};
	struct buf folded;
	struct buf out;
	bool inside = false;

	if (size <= 4096 && str_is_utf8(text))
		mark(text);
	buf_init(&folded, 65536);
	buf_init(&out, 65536);
	if (size <= 400 && str_is_utf8(text) && front_search_read(text, &folded, &sought)) {
		if (size % 2 == 1)
			(void) front_search_shorten(&sought);
		must(front_search_express(&sought, &out));
		must(str_is_utf8(buf_view(&out)));
		for (size_t i = 0; i < out.len; i++) {
			if (out.at[i] == '"') {
				inside = !inside;
				must(inside || (i > 0 && out.at[i - 1] != '"' && i + 1 < out.len && out.at[i + 1] == '*'));
			} else {
				must(inside ? out.at[i] != '\0' : out.at[i] == '*' || out.at[i] == ' ');
			}
		}
		must(!inside);
	}
	buf_release(&folded);
	buf_clear(&out);
	must(!front_path_etag_matches(text, STR("")) || str_find_char(text, '*') != SIZE_MAX);
	if (front_path_is_public(text)) {
		must(text.at[0] == '/' && str_find(text, STR("//")) == SIZE_MAX && str_find(text, STR("/_")) == SIZE_MAX);
		must(str_find(text, STR("/.")) == SIZE_MAX && str_find(text, STR("/search.db")) == SIZE_MAX);
		front_path_encode(&out, text);
		must(out.len >= text.len);
	}
	buf_release(&out);
	return 0;
}
