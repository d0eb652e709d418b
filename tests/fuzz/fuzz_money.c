/* fuzz_money.c: what a reader types as a sum is a sum of theirs or refused.
 * SPDX-License-Identifier: ISC */
#include <stdint.h>
#include "base/arena.h"
#include "base/fault.h"
#include "press/locale.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define DAYS "\"weekdays\":[\"0\",\"1\",\"2\",\"3\",\"4\",\"5\",\"6\"],\"every\":[\"0\",\"1\",\"2\",\"3\",\"4\",\"5\",\"6\"]"
#define MONTHS "\"months\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\",\"11\",\"12\"]"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct locale *locales[2];
	static const char *const codes[] = {"USD", "JPY", "KWD", "EUR"};
	struct str text = str_make(bytes, size);
	struct fault f = {0};
	struct arena arena;
	size_t i;
	size_t k;

	if (locales[0] == NULL && (!locale_open(&locales[0], STR("en"), STR("{" MONTHS "," DAYS ",\"texts\":{},\"plurals\":{}}"), &f)
		|| !locale_open(&locales[1], STR("de"), STR("{" MONTHS "," DAYS ",\"decimal\":\",\",\"group\":\".\",\"texts\":{},\"plurals\":{}}"), &f)))
		__builtin_trap();
	for (i = 0; i < 2; i++) {
		for (k = 0; k < 4; k++) {
			struct money money = {0};
			struct money again = {0};

			fault_clear(&f);
			if (!locale_parse_money(locales[i], text, str_from(codes[k]), &money, &f)) {
				if (f.kind != FAULT_INPUT)
					__builtin_trap();
				continue;
			}
			/* what we write, we read, as the same sum */
			arena_init(&arena, "fuzz", 1 << 16);
			if (money.minor < 0 || !locale_parse_money(locales[i], locale_money(locales[i], money, false, &arena), str_from(codes[k]), &again, &f)
				|| again.minor != money.minor)
				__builtin_trap();
			arena_release(&arena);
		}
	}
	return 0;
}
