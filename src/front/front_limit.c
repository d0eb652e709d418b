/* front_limit.c: how often one network may post.
 *
 * Decides: a bucket of tokens for each network that posted lately. Leaves to others: what is answered when it is empty.
 * Runs in: front. The hard thing: addresses of people: they are hashed with a key of this process, kept in memory only,
 * and forgotten with the table's slot.
 * SPDX-License-Identifier: ISC */
#include "front_inside.h"

#include <sodium.h>
#include "base/arena.h"
#include "base/rand.h"

enum {
	SLOTS = 4096,
	BURST = 20,            /* posts at once … */
	REFILL_MS = 3000,      /* … and one more every so often */
	LOOPBACK_FACTOR = 100, /* an onion service or a proxy on this machine brings everybody */
};

struct limit {
	unsigned char key[crypto_shorthash_KEYBYTES];
	struct slot {
		uint64_t who;
		int64_t full_ms;   /* when the bucket will be full again: the only state a bucket needs */
	} slots[SLOTS];
};

struct limit *front_limit_new(void)
{
	struct limit *limit = memory_new(1, sizeof(*limit));

	rand_bytes(limit->key, sizeof(limit->key));
	return limit;
}

void front_limit_free(struct limit **limit)
{
	memory_free(*limit);
	*limit = NULL;
}

bool front_limit_take(struct limit *limit, uint64_t network, bool is_loopback, int64_t mono_ms)
{
	int64_t refill = is_loopback ? REFILL_MS / LOOPBACK_FACTOR : REFILL_MS;
	int64_t room = refill * BURST * (is_loopback ? LOOPBACK_FACTOR : 1);
	unsigned char hash[crypto_shorthash_BYTES];
	uint64_t who = 0;
	struct slot *slot = NULL;

	(void) crypto_shorthash(hash, (const unsigned char *) &network, sizeof(network), limit->key);
	memcpy(&who, hash, sizeof(who));
	slot = &limit->slots[who % SLOTS];
	/* Another's slot is taken over, its debt too if there is one: flooding cannot make room for itself. */
	if (slot->full_ms <= mono_ms) {
		slot->who = who;
		slot->full_ms = mono_ms;
	}
	if (slot->full_ms + refill > mono_ms + room)
		return false;
	slot->full_ms += refill;
	return true;
}
