/* fuzz_mustache.c: a template of any bytes compiles or says where it is wrong; what compiles can be filled.
 * SPDX-License-Identifier: ISC */
#include <stdint.h>
#include "base/arena.h"
#include "base/fault.h"
#include "press/mustache.h"
#include "press/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct sources {
	struct str whole;
};

/* Every partial is the template itself: the worst that a theme can do. */
static bool find(void *self, struct str name, struct str *source)
{
	*source = ((struct sources *) self)->whole;
	return name.len < 4;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct sources sources = {str_make(bytes, size)};
	struct press_value *root = NULL;
	struct mustache *mustache = NULL;
	struct arena arena;
	struct buf out;
	struct fault f = {0};

	arena_init(&arena, "fuzz", 1 << 20);
	buf_init(&out, 1 << 16);
	if (!press_value_from_json(STR("{\"a\":[1,{\"b\":\"<\"},[2]],\"c\":{\"d\":true},\"e\":\"\"}"), &arena, &root, &f))
		__builtin_trap();
	if (size < 4096 && mustache_compile(&mustache, STR("fuzz"), sources.whole, find, &sources, &f))
		mustache_render(mustache, root, &out);
	else if (size < 4096 && f.kind != FAULT_INPUT && f.kind != FAULT_FULL)
		__builtin_trap();
	mustache_free(&mustache);
	buf_release(&out);
	arena_release(&arena);
	return 0;
}
