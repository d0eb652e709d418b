/* fuzz_camt.c: a statement of any bytes: lines of JSON that can be read, or a fault of INPUT.
 * SPDX-License-Identifier: ISC */
#include <jansson.h>
#include <stdint.h>
#include "base/fault.h"
#include "camt/camt.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static bool look(void *self, struct str line)
{
	json_t *json = json_loadb(line.at, line.len, JSON_REJECT_DUPLICATES, NULL);

	if (line.len >= 4096 || !json_is_object(json) || json_object_size(json) != 8)
		__builtin_trap();
	json_decref(json);
	++*(size_t *) self;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct fault f = {0};
	size_t lines = 0, count = 0;
	bool ok = camt_read(str_make(bytes, size), look, &lines, &count, &f);

	if (ok ? count != lines || f.kind != FAULT_NONE : f.kind != FAULT_INPUT)
		__builtin_trap();
	return 0;
}
