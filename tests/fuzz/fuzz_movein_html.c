/* fuzz_movein_html.c: any HTML becomes Markdown that mimeo takes: without a surviving tag, and with the words it had.
 * SPDX-License-Identifier: ISC */
#include <stdint.h>
#include <stdio.h>
#include "base/arena.h"
#include "base/fault.h"
#include "movein/movein_html.h"
#include "press/markdown.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* mimeo-movein's marks as the desk would fill them. */
static void fill(struct str text, struct buf *out)
{
	while (text.len > 0) {
		size_t at = str_find_char(text, '\x01');
		size_t end = str_find_char(text, '\x02');

		buf_add_str(out, str_part(text, 0, at));
		if (at == SIZE_MAX)
			return;
		if (end == SIZE_MAX || end < at + 2)
			__builtin_trap();
		if (text.at[at + 1] == 'L')
			buf_add_str(out, str_part(text, at + 2, end - at - 2));
		else if (text.at[at + 1] != 'P')
			__builtin_trap();
		text = str_part(text, end + 1, SIZE_MAX);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const char *const never[] = {"<script", "<img", "<iframe", "<svg", "href=\"javascript:", "href=\"data:", "<style"};
	struct html_wish wish = {.host = STR("old.example"), .id = 7};
	struct html_result result;
	struct markdown_result ignored = {0};
	struct fault f = {0};
	struct buf text;
	struct buf page;
	size_t i;

	if (size < 1)
		return 0;
	wish.has_breaks = (bytes[0] & 1) != 0;
	wish.has_shortcodes = (bytes[0] & 2) != 0;
	wish.html = str_make(bytes + 1, size - 1);
	if (!str_is_utf8(wish.html))
		return 0; /* the readers of exports let nothing else through */
	html_result_init(&result);
	buf_init(&text, 16 << 20);
	buf_init(&page, 32 << 20);
	if (html_to_markdown(&wish, &result, &f)) {
		fill(buf_view(&result.text), &text);
		if (!str_is_utf8(buf_view(&text)))
			__builtin_trap();
		if (markdown_write(buf_view(&text), STR("f-"), &page, &ignored, &f)) {
			for (i = 0; i < sizeof(never) / sizeof(never[0]); i++)
				if (str_find(buf_view(&page), str_from(never[i])) != SIZE_MAX)
					__builtin_trap();
		} else if (f.kind != FAULT_INPUT && f.kind != FAULT_FULL) {
			__builtin_trap();
		}
	} else if (f.kind != FAULT_INPUT && f.kind != FAULT_FULL) {
		__builtin_trap();
	}
	buf_release(&text);
	buf_release(&page);
	html_result_release(&result);
	return 0;
}
