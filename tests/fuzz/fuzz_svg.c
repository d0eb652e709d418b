/* fuzz_svg.c: a drawing of any bytes is refused, or what comes out holds nothing but shapes, and is taken again as it is.
 * SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/fault.h"
#include "base/must.h"
#include "press/svg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t count(struct str text, char c)
{
	size_t found = 0, i;

	for (i = 0; i < text.len; i++)
		found += text.at[i] == c;
	return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const never[] = {"<script", "<style", "<foreignObject", "<image", "<use", "<a ", "<!", "<?", "javascript:", " on", "style=",
		"class=", "url(h", "url(/", "data:", "//"};
	struct buf out, again;
	struct fault f = {0};

	buf_init(&out, SVG_BYTES);
	buf_init(&again, SVG_BYTES);
	if (svg_take(str_make(data, size), &out, &f)) {
		struct str text = buf_view(&out), markup = text;

		must(str_starts(text, STR("<svg xmlns=\"http://www.w3.org/2000/svg\"")) && str_ends(text, STR("</svg>")));
		must(!out.over && text.len <= SVG_BYTES && count(text, '<') == count(text, '>') && str_is_utf8(text));
		markup = str_part(text, sizeof("<svg xmlns=\"http://www.w3.org/2000/svg\"") - 1, SIZE_MAX);
		if (str_find(markup, STR("<text")) == SIZE_MAX && str_find(markup, STR("<tspan")) == SIZE_MAX)
			for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
				must(str_find(markup, str_from(never[i])) == SIZE_MAX);
		must(svg_take(text, &again, &f) && str_equal(text, buf_view(&again)));
	} else
		must(f.kind == FAULT_INPUT);
	buf_release(&out);
	buf_release(&again);
	return 0;
}
