/* bank_reference.c: the code that ties a bank transfer to a gift.
 *
 * Decides: its form. Leaves to others: which checkout it is (rows), statements. Runs in: support. The hard thing: it is
 * typed by people and cut, joined and shouted by banks, so it is found anywhere in a text, and only right check digits
 * count; and whoever reads the newsroom's bank statements must not find our rows by it without the room's index key:
 * it is the id under a four-round Feistel network (Luby and Rackoff) with keyed BLAKE2b as its function.
 * SPDX-License-Identifier: ISC */
#include <string.h>
#include "base/iban.h"
#include "base/must.h"
#include "base/seal.h"
#include "support/bank.h"

enum { ROUNDS = 4, PAYLOAD_CHARS = 13, TEXT_BYTES = 4096 };

/* Crockford's base 32: no I, L, O, U. */
static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static uint32_t half(const struct secret *index_key, unsigned round, uint32_t in)
{
	const char bytes[5] = {(char) round, (char) (in >> 24), (char) (in >> 16), (char) (in >> 8), (char) in};
	unsigned char out[SEAL_INDEX_BYTES];

	seal_index(index_key, "support.bank-reference", str_make(bytes, sizeof(bytes)), out);
	return (uint32_t) out[0] << 24 | (uint32_t) out[1] << 16 | (uint32_t) out[2] << 8 | out[3];
}

static uint64_t turn(const struct secret *index_key, uint64_t value, bool back)
{
	uint32_t left = (uint32_t) (value >> 32), right = (uint32_t) value;

	for (unsigned i = 0; i < ROUNDS; i++) {
		uint32_t next;

		if (back) {
			next = right ^ half(index_key, ROUNDS - 1 - i, left);
			right = left;
			left = next;
		} else {
			next = left ^ half(index_key, i, right);
			left = right;
			right = next;
		}
	}
	return (uint64_t) left << 32 | right;
}

void bank_write_reference(const struct secret *index_key, int64_t checkout, char out[BANK_REFERENCE_CHARS + 1])
{
	uint64_t value = turn(index_key, (uint64_t) checkout, false);
	char sum[PAYLOAD_CHARS + 5];
	int check;

	for (size_t i = PAYLOAD_CHARS; i-- > 0; value >>= 5)
		sum[i] = alphabet[value & 31];
	memcpy(sum + PAYLOAD_CHARS, "RF00", 5);
	check = 98 - iban_mod97(str_make(sum, PAYLOAD_CHARS + 4));
	must(check >= 1 && check <= 98);
	out[0] = 'R';
	out[1] = 'F';
	out[2] = (char) ('0' + check / 10);
	out[3] = (char) ('0' + check % 10);
	memcpy(out + 4, sum, PAYLOAD_CHARS);
	out[BANK_REFERENCE_CHARS] = '\0';
}

void bank_show_reference(const char *reference, char out[BANK_SHOWN_CHARS + 1])
{
	size_t at = 0;

	for (size_t i = 0; i < BANK_REFERENCE_CHARS; i++) {
		if (i > 0 && i % 4 == 0)
			out[at++] = ' ';
		out[at++] = reference[i];
	}
	out[at] = '\0';
}

/* The 17 characters from `at` on, where they are a reference with right check digits. */
static bool read_at(const struct secret *index_key, const char *at, int64_t *checkout)
{
	char sum[PAYLOAD_CHARS + 4];
	uint64_t value = 0;

	if (at[0] != 'R' || at[1] != 'F')
		return false;
	for (size_t i = 0; i < PAYLOAD_CHARS; i++) {
		char c = at[4 + i];
		const char *place;

		c = c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c;
		place = strchr(alphabet, c);
		if (place == NULL || (i == 0 && place - alphabet > 15)) /* 65 bits are none */
			return false;
		sum[i] = c;
		value = value << 5 | (uint64_t) (place - alphabet);
	}
	memcpy(sum + PAYLOAD_CHARS, "RF", 2);
	for (size_t i = 0; i < 2; i++) {
		char c = at[2 + i];

		c = c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c;
		if (c < '0' || c > '9')
			return false;
		sum[PAYLOAD_CHARS + 2 + i] = c;
	}
	if (iban_mod97(str_make(sum, sizeof(sum))) != 1)
		return false;
	*checkout = (int64_t) turn(index_key, value, true);
	return *checkout > 0;
}

bool bank_find_reference(const struct secret *index_key, struct str text, int64_t *checkout)
{
	char plain[TEXT_BYTES + 1];
	size_t len = 0;

	for (size_t i = 0; i < text.len && len < TEXT_BYTES; i++) {
		char c = text.at[i];

		if (c >= 'a' && c <= 'z')
			c = (char) (c - 'a' + 'A');
		if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
			plain[len++] = c;
	}
	plain[len] = '\0';
	for (size_t i = 0; i + BANK_REFERENCE_CHARS <= len; i++)
		if (read_at(index_key, plain + i, checkout))
			return true;
	*checkout = 0;
	return false;
}
