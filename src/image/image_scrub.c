/* image_scrub.c: takes out of a compressed file what is not needed to show its pixels.
 *
 * Decides which JPEG segments and RIFF chunks may stay: an allow list, so that whatever an encoder invents later is gone
 * too. The encoders get bare pixels (image_read.h), so normally there is nothing to do here; this is the second lock, because
 * libvips' WebP "strip" is known to keep GPS. Runs in mimeo-image only.
 * SPDX-License-Identifier: ISC */
#include <stdint.h>
#include "image/image_encode.h"

static size_t big16(const unsigned char *p)
{
	return (size_t) p[0] << 8 | p[1];
}

/* T.81 annex B: SOI, then segments "FF marker length", then after SOS data up to EOI. Progressive files have several
 * scans with tables between them. */
bool image_scrub_jpeg(unsigned char *at, size_t *size)
{
	size_t in = 2, out = 2, end = *size;

	if (end < 4 || at[0] != 0xff || at[1] != 0xd8)
		return false;
	while (in + 1 < end) {
		unsigned char marker;
		size_t length;
		bool keep;

		if (at[in] != 0xff)
			return false;
		marker = at[in + 1];
		if (marker == 0xd9) { /* EOI: whatever follows is dropped */
			at[out] = 0xff;
			at[out + 1] = 0xd9;
			*size = out + 2;
			return true;
		}
		if (in + 4 > end)
			return false;
		length = big16(at + in + 2) + 2;
		if (length < 4 || length > end - in)
			return false;
		keep = marker == 0xdb || marker == 0xc4 || marker == 0xdd || marker == 0xda || (marker >= 0xc0 && marker <= 0xc2) ||
			(marker == 0xe0 && length == 18 && memcmp(at + in + 4, "JFIF", 5) == 0);
		if (keep) {
			memmove(at + out, at + in, length);
			out += length;
		}
		in += length;
		if (marker != 0xda)
			continue;
		/* Entropy-coded data: ends at a marker that is neither stuffing nor RSTn. */
		while (in + 1 < end && !(at[in] == 0xff && at[in + 1] != 0 && (at[in + 1] < 0xd0 || at[in + 1] > 0xd7)))
			at[out++] = at[in++];
	}
	return false;
}

static uint32_t little32(const unsigned char *p)
{
	return (uint32_t) p[0] | (uint32_t) p[1] << 8 | (uint32_t) p[2] << 16 | (uint32_t) p[3] << 24;
}

static void write_little32(unsigned char *p, uint32_t n)
{
	for (int i = 0; i < 4; i++)
		p[i] = (unsigned char) (n >> (8 * i));
}

/* RFC 9649: "RIFF" size "WEBP", then chunks of four letters, size, data, padded to even. Our pixels are opaque and stand still, so
 * one VP8 chunk is a whole file: VP8X, ALPH, ANIM and what they announce go. */
bool image_scrub_webp(unsigned char *at, size_t *size)
{
	size_t in = 12, out = 12, end = *size;
	bool pixels = false;

	if (end < 20 || memcmp(at, "RIFF", 4) != 0 || memcmp(at + 8, "WEBP", 4) != 0)
		return false;
	if ((size_t) little32(at + 4) + 8 < end)
		end = (size_t) little32(at + 4) + 8;
	while (in + 8 <= end) {
		uint32_t length = little32(at + in + 4);
		size_t whole = 8 + (size_t) length + (length & 1);
		bool is_pixels = memcmp(at + in, "VP8 ", 4) == 0 || memcmp(at + in, "VP8L", 4) == 0;

		if (whole > end - in)
			return false;
		if (is_pixels && !pixels) {
			memmove(at + out, at + in, whole);
			out += whole;
			pixels = true;
		}
		in += whole;
	}
	if (!pixels || in != end)
		return false;
	write_little32(at + 4, (uint32_t) (out - 8));
	*size = out;
	return true;
}
