/* fuzz_json.c: any bytes are a value or refused, in an arena of any size.
 * SPDX-License-Identifier: ISC */
#include <stdint.h>
#include "base/arena.h"
#include "base/fault.h"
#include "press/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const size_t caps[] = {0, 500, 5000, 1 << 20};
	size_t i;

	for (i = 0; i < sizeof(caps) / sizeof(caps[0]); i++) {
		struct press_value *root = NULL;
		struct arena arena;
		struct fault f = {0};

		arena_init(&arena, "fuzz", caps[i]);
		if (press_value_from_json(str_make(bytes, size), &arena, &root, &f) != (root != NULL) || (root == NULL && f.kind != FAULT_INPUT))
			__builtin_trap();
		if (root != NULL && !press_value_is_whole(root))
			__builtin_trap();
		arena_release(&arena);
	}
	return 0;
}
