/* fuzz_http_multipart.c: multipart bodies: any portions give the same fields and files. The first byte chooses the portions.
 * SPDX-License-Identifier: ISC */
#include "base/fault.h"
#include "base/must.h"
#include "http/http_inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static bool parse(struct str body, size_t step, struct arena *arena, struct multipart **m, struct http_pairs *fields)
{
	struct fault f = {.kind = FAULT_NONE};
	bool ok = multipart_open(m, STR("multipart/form-data; boundary=b"), true, arena, &f);

	must(ok);
	for (size_t at = 0; at < body.len && ok; at += step)
		ok = multipart_feed(*m, str_part(body, at, step), &f);
	return ok && multipart_end(*m, fields, &f);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct arena arena;
	struct multipart *one = NULL;
	struct multipart *two = NULL;
	struct http_pairs a = {0, NULL};
	struct http_pairs b = {0, NULL};
	struct http_file file;
	struct str body = str_make(bytes, size);
	size_t step = 0;
	bool ok = false;

	if (size == 0)
		return 0;
	step = bytes[0] % 17 + 1u;
	body = str_part(body, 1, SIZE_MAX);
	arena_init(&arena, "fuzz", 1 << 22);
	ok = parse(body, body.len + 1, &arena, &one, &a);
	must(parse(body, step, &arena, &two, &b) == ok);
	if (ok) {
		must(a.count == b.count);
		for (size_t i = 0; i < a.count; i++) {
			must(str_equal(a.items[i].name, b.items[i].name) && str_equal(a.items[i].value, b.items[i].value));
			must(str_is_utf8(a.items[i].name) && str_is_utf8(a.items[i].value));
		}
		if (multipart_file(one, "f", &file))
			must(!str_has_control(file.name) && str_find_char(file.name, '/') == SIZE_MAX);
	}
	multipart_close(&one);
	multipart_close(&two);
	arena_release(&arena);
	return 0;
}
