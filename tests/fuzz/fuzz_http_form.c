/* fuzz_http_form.c: queries, forms and paths: what is accepted is UTF-8 without NUL, a path without dot parts.
 * SPDX-License-Identifier: ISC */
#include "base/must.h"
#include "http/http_client.h"
#include "http/http_inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct str text = str_make(bytes, size);
	struct arena arena;
	struct http_pairs pairs;
	struct str path = {NULL, 0};
	struct str back = {NULL, 0};
	const char *say = NULL;
	struct buf encoded;

	arena_init(&arena, "fuzz", 1 << 20);
	if (http_form_parse(text, &arena, &pairs))
		for (size_t i = 0; i < pairs.count; i++) {
			must(str_is_utf8(pairs.items[i].name) && str_is_utf8(pairs.items[i].value));
			must(str_find_char(pairs.items[i].value, '\0') == SIZE_MAX);
			buf_init(&encoded, 4 * size + 16);
			http_encode(&encoded, pairs.items[i].value);
			must(http_percent_decode(buf_view(&encoded), true, &arena, &back) && str_equal(back, pairs.items[i].value));
			buf_release(&encoded);
		}
	/* A path comes as visible ASCII through the gate. */
	for (size_t i = 0; i < size; i++)
		if (bytes[i] <= ' ' || bytes[i] > '~')
			goto done;
	if (http_path_parse(text, &arena, &path, &say)) {
		must(str_is_utf8(path) && !str_has_control(path));
		must(str_find(path, STR("/../")) == SIZE_MAX && !str_ends(path, STR("/..")) && !str_ends(path, STR("/.")));
	}
done:
	arena_release(&arena);
	return 0;
}
