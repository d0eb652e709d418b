/* monero.c: Monero's addresses: base 58 in blocks, a checksum of Keccak.
 *
 * Decides: what a subaddress is. Leaves to others: the pool (rail_monero.c). Runs in: support. The hard thing: an address with
 * a wrong character would take readers' coins to nobody, so its checksum is looked at before anybody is shown it.
 * SPDX-License-Identifier: ISC */
#include "support/monero.h"

#include <inttypes.h>
#include <string.h>
#include "base/buf.h"

enum { ROUNDS = 24, LANES = 25, RATE = 136, BLOCK_CHARS = 11, BLOCK_BYTES = 8, LAST_CHARS = 7, LAST_BYTES = 5, BYTES = 69, CHECK_BYTES = 4 };

static uint64_t turned(uint64_t lane, unsigned by)
{
	return by == 0 ? lane : lane << by | lane >> (64 - by);
}

/* One round's constant, from the specification's shift register. */
static uint64_t round_constant(uint8_t *shift)
{
	uint64_t out = 0;

	for (unsigned bit = 0; bit < 7; bit++) {
		if (*shift & 1)
			out ^= UINT64_C(1) << ((1u << bit) - 1);
		*shift = (uint8_t) ((*shift << 1) ^ (*shift & 0x80 ? 0x71 : 0));
	}
	return out;
}

static void permute(uint64_t a[LANES])
{
	uint8_t shift = 1;

	for (int round = 0; round < ROUNDS; round++) {
		uint64_t column[5], row[5], lane;
		unsigned x = 1, y = 0;

		for (unsigned i = 0; i < 5; i++)
			column[i] = a[i] ^ a[i + 5] ^ a[i + 10] ^ a[i + 15] ^ a[i + 20];
		for (unsigned i = 0; i < LANES; i++)
			a[i] ^= column[(i % 5 + 4) % 5] ^ turned(column[(i % 5 + 1) % 5], 1);
		lane = a[1];
		for (unsigned t = 0; t < 24; t++) {
			unsigned next = (2 * x + 3 * y) % 5;
			uint64_t kept;

			x = y;
			y = next;
			kept = a[x + 5 * y];
			a[x + 5 * y] = turned(lane, ((t + 1) * (t + 2) / 2) % 64);
			lane = kept;
		}
		for (unsigned i = 0; i < LANES; i += 5) {
			memcpy(row, a + i, sizeof(row));
			for (unsigned j = 0; j < 5; j++)
				a[i + j] = row[j] ^ (~row[(j + 1) % 5] & row[(j + 2) % 5]);
		}
		a[0] ^= round_constant(&shift);
	}
}

void monero_keccak(const unsigned char *in, size_t len, unsigned char out[32])
{
	uint64_t a[LANES] = {0};
	unsigned char block[RATE];
	bool is_last;

	do {
		size_t some = len < RATE ? len : RATE;

		is_last = some < RATE;
		memset(block, 0, sizeof(block));
		memcpy(block, in, some);
		if (is_last) {
			block[some] ^= 0x01;
			block[RATE - 1] ^= 0x80;
		}
		for (unsigned i = 0; i < RATE; i++)
			a[i / 8] ^= (uint64_t) block[i] << 8 * (i % 8);
		permute(a);
		in += some;
		len -= some;
	} while (!is_last);
	for (unsigned i = 0; i < 32; i++)
		out[i] = (unsigned char) (a[i / 8] >> 8 * (i % 8));
}

/* One block, most significant byte first; false where it is more than its bytes can hold. */
static bool read_block(const char *in, size_t chars, unsigned char *out, size_t bytes)
{
	static const char alphabet[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
	uint64_t value = 0;

	for (size_t i = 0; i < chars; i++) {
		const char *place = in[i] != '\0' ? strchr(alphabet, in[i]) : NULL;

		if (place == NULL || __builtin_mul_overflow(value, 58u, &value) ||
			__builtin_add_overflow(value, (uint64_t) (place - alphabet), &value))
			return false;
	}
	if (bytes < 8 && value >> 8 * bytes != 0)
		return false;
	for (size_t i = bytes; i-- > 0; value >>= 8)
		out[i] = (unsigned char) value;
	return true;
}

enum monero_net monero_read_subaddress(struct str text)
{
	unsigned char bytes[BYTES], sum[32];

	if (text.len != MONERO_ADDRESS_CHARS)
		return MONERO_NO_NET;
	for (size_t i = 0; i < 8; i++)
		if (!read_block(text.at + BLOCK_CHARS * i, BLOCK_CHARS, bytes + BLOCK_BYTES * i, BLOCK_BYTES))
			return MONERO_NO_NET;
	if (!read_block(text.at + (size_t) BLOCK_CHARS * 8, LAST_CHARS, bytes + (size_t) BLOCK_BYTES * 8, LAST_BYTES))
		return MONERO_NO_NET;
	monero_keccak(bytes, BYTES - CHECK_BYTES, sum);
	if (memcmp(sum, bytes + BYTES - CHECK_BYTES, CHECK_BYTES) != 0)
		return MONERO_NO_NET;
	return bytes[0] == 42 ? MONERO_MAIN : bytes[0] == 36 ? MONERO_STAGE : bytes[0] == 63 ? MONERO_TEST : MONERO_NO_NET;
}

__extension__ typedef __int128 wide;

int64_t monero_from_money(struct money amount, struct money rate)
{
	static const int64_t step = INT64_C(100000000); /* four digits */
	wide units;

	if (rate.minor <= 0 || amount.minor <= 0)
		return 0;
	units = (wide) amount.minor * INT64_C(1000000000000) / rate.minor;
	units = (units + step - 1) / step * step;
	return units > INT64_MAX / 2 ? 0 : (int64_t) units;
}

void monero_write_amount(struct buf *out, int64_t units)
{
	char part[24];
	size_t len = MONERO_DIGITS;

	snprintf(part, sizeof(part), "%012" PRId64, units % INT64_C(1000000000000));
	while (len > 0 && part[len - 1] == '0')
		len--;
	buf_format(out, "%" PRId64, units / INT64_C(1000000000000));
	if (len > 0)
		buf_format(out, ".%.*s", (int) len, part);
}
