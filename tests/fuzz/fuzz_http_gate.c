/* fuzz_http_gate.c: the gate: whatever comes, in whatever portions, the same bytes get through; and what got through is well-formed.
 * SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>
#include "base/must.h"
#include "http/http_gate.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct gate whole = {0, 0, 0, NULL, 0, NULL};
	struct gate cut = {0, 0, 0, NULL, 0, NULL};
	size_t step = size > 0 ? (size_t) bytes[0] % 13 + 1 : 1;
	size_t passed = 0;
	const char *text = (const char *) bytes;

	if (size == 0)
		return 0;
	text++;
	size--;
	passed = gate_feed(&whole, text, size);
	must(passed <= size);
	for (size_t at = 0; at < size && cut.status == 0; at += step) {
		size_t part = size - at < step ? size - at : step;
		char *copy = malloc(part);

		memcpy(copy, text + at, part);
		must(gate_feed(&cut, copy, part) <= part);
		free(copy);
	}
	must(whole.heads == cut.heads && (whole.status != 0) == (cut.status != 0) && whole.body_left == cut.body_left);
	/* Before the first body no lone CR or LF, no NUL. */
	if (whole.heads > 0 && whole.status == 0) {
		const char *end = memmem(text, size, "\r\n\r\n", 4);

		must(end != NULL && memchr(text, '\0', (size_t) (end - text)) == NULL);
		for (const char *at = text; at < end; at++)
			must(*at != '\n' || (at > text && at[-1] == '\r'));
	}
	gate_release(&whole);
	gate_release(&cut);
	return 0;
}
