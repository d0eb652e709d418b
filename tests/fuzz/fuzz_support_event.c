/* fuzz_support_event.c: an event of any bytes: read, kept, opened. And a signature header of any bytes: never good.
 * SPDX-License-Identifier: ISC */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "base/arena.h"
#include "base/fault.h"
#include "base/secret.h"
#include "support/stripe_inside.h"
#include "support/support_inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Whatever is read can be kept, and comes back as it was. */
static void keep(const struct support *support, const struct facts *facts)
{
	unsigned char index[SEAL_INDEX_BYTES] = {7}, sealed[KEPT_BYTES];
	char reason[FACTS_REASON_BYTES + 1], back_reason[FACTS_REASON_BYTES + 1];
	struct kept kept, back;
	struct fault f = {0};
	size_t len;

	if (facts->event.len == 0 || facts->type.len == 0 || facts->amount.minor < 0 || facts->back.minor < 0 || facts->fee.minor < 0)
		__builtin_trap();
	kept_make(support, facts, index, &kept);
	snprintf(reason, sizeof(reason), "%.*s", STR_ARG(facts->reason));
	kept.reason = reason;
	len = kept_seal(support, index, &kept, sealed);
	if (!kept_open(support, str_make(index, sizeof(index)), str_make(sealed, len), &back, back_reason, &f))
		__builtin_trap();
	back.reason = kept.reason;
	if (strcmp(reason, back_reason) != 0 || memcmp(&kept, &back, sizeof(kept)) != 0)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct support support;
	static struct secret *secret;
	struct str text = str_make(bytes, size);
	struct rail_line line = {.rail = rails[0], .support = &support};
	struct facts_list list = {0};
	struct arena arena;
	struct fault f = {0};
	struct kept kept;
	bool ok;

	if (secret == NULL) {
		unsigned char public_key[SEAL_KEY_BYTES];

		secret = secret_new_random(32);
		support.index_key = secret_new_random(32);
		support.seal_key = seal_new_key(public_key);
		support.facts_key = kept_key(support.seal_key);
	}
	arena_init(&arena, "fuzz", 1 << 20);
	ok = stripe_events(&line, text, &arena, &list, &f);
	if (!ok && f.kind != FAULT_INPUT)
		__builtin_trap();
	for (size_t i = 0; ok && i < list.count; i++) {
		list.at[i].rail = "stripe";
		keep(&support, &list.at[i]);
	}
	fault_clear(&f);
	if (kept_open(&support, str_part(text, 0, SEAL_INDEX_BYTES), str_part(text, SEAL_INDEX_BYTES, SIZE_MAX), &kept, NULL, &f))
		__builtin_trap(); /* a row that somebody else wrote */
	fault_clear(&f);
	ok = stripe_verify((const struct secret *const[]){secret, NULL}, 2, text, STR("{}"), (struct when){1}, &f);
	if (ok)
		__builtin_trap();
	arena_release(&arena);
	return 0;
}
