/* fuzz_markdown.c: any Markdown is turned into a page, text and mail within its caps, and never into a tag of the author's.
 * SPDX-License-Identifier: ISC */
#include <stdint.h>
#include "base/buf.h"
#include "base/fault.h"
#include "press/markdown.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static bool take_some(void *self, const struct markdown_picture *picture, struct buf *out)
{
	(void) self;
	if (!str_starts(picture->url, STR("photo:")))
		return false;
	buf_format(out, "{%zu %zu %zu}", picture->alt.len, picture->title.len, picture->line);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const char *const never[] = {"<script", "<img", "<iframe", "<svg", " onload=", "href=\"javascript:", "href=\"data:", "<style", "href=\"//"};
	struct str source = str_make(bytes, size);
	const struct markdown_how how = {.id_prefix = STR("f-"), .root = STR("../../"), .picture = take_some};
	struct markdown_result result = {0};
	struct buf out;
	struct fault f = {0};
	size_t i;

	buf_init(&out, 8 << 20);
	if (markdown_write_under(source, STR("f-"), STR("../../"), &out, &result, &f)) {
		for (i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
			size_t at = str_find(buf_view(&out), str_from(never[i]));

			if (at != SIZE_MAX && never[i][0] != ' ')
				__builtin_trap();
		}
		if (result.after_third > out.len)
			__builtin_trap();
		buf_clear(&out);
		if (!markdown_write_with(source, &how, &out, &result, &f) || result.after_third > out.len
			|| (buf_clear(&out), !markdown_pictures(source, take_some, NULL, &out, &f)))
			__builtin_trap();
		buf_clear(&out);
		if (!markdown_write_text(source, &out, &f) || (buf_clear(&out), !markdown_write_mail(source, STR("https://x/"), &out, &f)))
			__builtin_trap();
	} else if (f.kind != FAULT_INPUT && f.kind != FAULT_FULL) {
		__builtin_trap();
	}
	buf_release(&out);
	return 0;
}
