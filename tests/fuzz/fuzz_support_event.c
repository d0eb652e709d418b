/* fuzz_support_event.c: an event of any bytes: read, packed, unpacked. And a signature header of any bytes: never good.
 * SPDX-License-Identifier: ISC */
#include <stdint.h>
#include "base/arena.h"
#include "base/fault.h"
#include "base/secret.h"
#include "support/support_inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void same(struct str a, struct str b)
{
	if (!str_equal(a, b))
		__builtin_trap();
}

static void read_event(struct str text, struct arena *arena)
{
	struct facts facts, back;
	struct fault f = {0};
	struct str packed;
	json_t *json = NULL;

	if (http_json_parse(text, &json, &f) && facts_read(json, &facts, &f)) {
		packed = facts_pack(&facts, arena);
		if (packed.at != NULL) {
			if (packed.len > SEAL_PLAIN_BYTES - 2 || !facts_unpack(packed, facts.type, arena, &back, &f))
				__builtin_trap();
			same(facts.payment, back.payment);
			same(facts.subscription, back.subscription);
			same(facts.balance, back.balance);
			if (facts.checkout != back.checkout || facts.amount.minor != back.amount.minor || facts.kind != back.kind)
				__builtin_trap();
		}
	} else if (f.kind != FAULT_INPUT) {
		__builtin_trap();
	}
	json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct secret *secret;
	struct str text = str_make(bytes, size);
	struct arena arena;
	struct facts facts;
	struct fault f = {0};
	bool ok;

	if (secret == NULL)
		secret = secret_new_random(32);
	arena_init(&arena, "fuzz", 1 << 20);
	read_event(text, &arena);
	ok = facts_unpack(text, STR("refund.created"), &arena, &facts, &f); /* a row that somebody else wrote */
	fault_clear(&f);
	ok = stripe_verify((const struct secret *const[]){secret, NULL}, 2, text, STR("{}"), (struct when){1}, &f);
	if (ok)
		__builtin_trap();
	arena_release(&arena);
	return 0;
}
