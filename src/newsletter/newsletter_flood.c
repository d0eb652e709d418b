/* newsletter_flood.c: too many sign-ups at once.
 *
 * Decides: when it is a flood, what a ticket is, what work is enough. Leaves to newsletter_public.c: the page. Runs in: the newsletter room.
 * The hard thing: the room knows no network and keeps nothing of anybody, so it cannot tell a flooder from a reader. It sets a price
 * instead: some work, which a browser does by itself, or a place in one short queue, which needs no JavaScript. A ticket is a keyed hash
 * over the address, so nothing is stored for it and it is good for that address alone; used twice, it leads to the same one mail a day.
 * SPDX-License-Identifier: ISC */
#include "newsletter_flood.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include "base/arena.h"
#include "base/rand.h"

enum { MAC_BYTES = 16, MINUTE_MS = 60000, NONCE_MOST = 32 };

struct flood {
	unsigned char key[crypto_generichash_KEYBYTES];
	int64_t a_minute;
	int64_t full_ms;        /* when the bucket will be full again: all the state that it needs */
	int64_t last_place_ms;  /* the last place in the queue that was given away */
};

struct flood *newsletter_flood_new(int64_t a_minute)
{
	struct flood *flood = memory_new(1, sizeof(*flood));

	flood->a_minute = a_minute;
	rand_bytes(flood->key, sizeof(flood->key));
	return flood;
}

void newsletter_flood_free(struct flood **flood)
{
	if (*flood != NULL)
		sodium_memzero((*flood)->key, sizeof((*flood)->key));
	memory_free(*flood);
	*flood = NULL;
}

bool newsletter_flood_may(const struct flood *flood, int64_t mono_ms)
{
	if (flood->a_minute == 0)
		return true;
	return (flood->full_ms > mono_ms ? flood->full_ms : mono_ms) + MINUTE_MS / flood->a_minute <= mono_ms + MINUTE_MS;
}

/* Those who showed their work count too, up to the brim: the flood must end before forms are free again. */
void newsletter_flood_came(struct flood *flood, int64_t mono_ms)
{
	if (flood->a_minute == 0)
		return;
	if (flood->full_ms < mono_ms)
		flood->full_ms = mono_ms;
	flood->full_ms += MINUTE_MS / flood->a_minute;
	if (flood->full_ms > mono_ms + MINUTE_MS)
		flood->full_ms = mono_ms + MINUTE_MS;
}

static void sign(const struct flood *flood, const struct email *email, int64_t from_s, int64_t until_s, char out[2 * MAC_BYTES + 1])
{
	char canonical[EMAIL_BYTES + 1], text[EMAIL_BYTES + 64];
	struct str address = email_canonical(email, canonical);
	unsigned char mac[MAC_BYTES];
	int len = snprintf(text, sizeof(text), "%lld.%lld.%.*s", (long long) from_s, (long long) until_s, STR_ARG(address));

	(void) crypto_generichash(mac, sizeof(mac), (const unsigned char *) text, (unsigned long long) len, flood->key, sizeof(flood->key));
	(void) sodium_bin2hex(out, 2 * MAC_BYTES + 1, mac, sizeof(mac));
	sodium_memzero(canonical, sizeof(canonical));
	sodium_memzero(text, sizeof(text));
}

bool newsletter_flood_ticket(struct flood *flood, const struct email *email, int64_t mono_ms, char out[FLOOD_TICKET_BYTES], int64_t *wait_s)
{
	int64_t place = mono_ms + FLOOD_WAIT_S * 1000, from_s, until_s;
	char mac[2 * MAC_BYTES + 1];
	bool has_place;

	if (flood->last_place_ms + FLOOD_APART_S * 1000 > place)
		place = flood->last_place_ms + FLOOD_APART_S * 1000;
	*wait_s = (place - mono_ms + 999) / 1000;
	has_place = *wait_s <= FLOOD_QUEUE_S;
	if (has_place)
		flood->last_place_ms = place;
	from_s = has_place ? (place + 999) / 1000 : mono_ms / 1000 + FLOOD_TICKET_S + 1;
	until_s = has_place ? from_s + FLOOD_TICKET_S : from_s - 1; /* without a place it is good for work alone */
	sign(flood, email, from_s, until_s, mac);
	(void) snprintf(out, FLOOD_TICKET_BYTES, "%lld.%lld.%s", (long long) from_s, (long long) until_s, mac);
	return has_place;
}

/* SHA-256 of "TICKET.NONCE" begins with so many zero bits. */
static bool is_work(struct str ticket, struct str nonce)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state state;

	if (nonce.len == 0 || nonce.len > NONCE_MOST)
		return false;
	(void) crypto_hash_sha256_init(&state);
	(void) crypto_hash_sha256_update(&state, (const unsigned char *) ticket.at, ticket.len);
	(void) crypto_hash_sha256_update(&state, (const unsigned char *) ".", 1);
	(void) crypto_hash_sha256_update(&state, (const unsigned char *) nonce.at, nonce.len);
	(void) crypto_hash_sha256_final(&state, hash);
	for (unsigned bit = 0; bit < FLOOD_WORK_BITS; bit++)
		if ((hash[bit / 8] >> (7 - bit % 8) & 1) != 0)
			return false;
	return true;
}

enum flood_answer newsletter_flood_check(const struct flood *flood, const struct email *email, struct str ticket, struct str nonce,
	int64_t mono_ms, int64_t *wait_s)
{
	struct str rest = ticket, from, until;
	char mac[2 * MAC_BYTES + 1];
	int64_t from_s, until_s, now_s = mono_ms / 1000;

	*wait_s = 0;
	if (ticket.len >= FLOOD_TICKET_BYTES || !str_next(&rest, '.', &from) || !str_next(&rest, '.', &until) || !str_to_i64(from, &from_s) ||
		!str_to_i64(until, &until_s) || rest.len != 2 * MAC_BYTES)
		return FLOOD_BAD;
	sign(flood, email, from_s, until_s, mac);
	if (sodium_memcmp(mac, rest.at, 2 * MAC_BYTES) != 0 || now_s > until_s)
		return FLOOD_BAD;
	if (is_work(ticket, nonce) || now_s >= from_s)
		return FLOOD_GOOD;
	if (from_s > until_s) /* no wait makes it good: perhaps there is a place now */
		return FLOOD_BAD;
	*wait_s = from_s - now_s;
	return FLOOD_TOO_EARLY;
}
