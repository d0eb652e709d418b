/* test_scrub.c: what may stay in a JPEG or WebP file, on hand-made bytes.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "image/image_scrub.c"

#define SOI "\xff\xd8"
#define JFIF "\xff\xe0\x00\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
#define EXIF "\xff\xe1\x00\x08""Exif\0\0"
#define COM "\xff\xfe\x00\x06here"
#define DQT "\xff\xdb\x00\x04qq"
#define SOS "\xff\xda\x00\x04ss" "data\xff\x00more\xff\xd0rest"
#define EOI "\xff\xd9"

static void assert_jpeg(const char *in, size_t in_size, const char *want, size_t want_size)
{
	unsigned char bytes[256];
	size_t size = in_size;

	memcpy(bytes, in, in_size);
	assert_true(image_scrub_jpeg(bytes, &size));
	assert_int_equal(size, want_size);
	assert_memory_equal(bytes, want, want_size);
}
#define ASSERT_JPEG(in, want) assert_jpeg(in, sizeof(in) - 1, want, sizeof(want) - 1)

static void test_jpeg(void **state)
{
	(void) state;
	ASSERT_JPEG(SOI JFIF DQT SOS EOI, SOI JFIF DQT SOS EOI);
	ASSERT_JPEG(SOI EXIF JFIF COM DQT SOS EXIF SOS EOI "trailer", SOI JFIF DQT SOS SOS EOI);
}

static void test_jpeg_cut_anywhere(void **state)
{
	static const char whole[] = SOI JFIF EXIF DQT SOS EOI;

	(void) state;
	for (size_t n = 0; n < sizeof(whole) - 1; n++) {
		unsigned char *bytes = malloc(n + 1); /* exact size, for AddressSanitizer */
		size_t size = n;

		memcpy(bytes, whole, n);
		bytes = realloc(bytes, n > 0 ? n : 1);
		assert_false(image_scrub_jpeg(bytes, &size));
		free(bytes);
	}
}

static void test_webp(void **state)
{
	static const char in[] = "RIFF\x46\0\0\0WEBP" "VP8X\x0a\0\0\0\x2c\0\0\0\1\0\0\1\0\0" "ICCP\x02\0\0\0ii" "VP8 \x03\0\0\0vvv\0"
		"EXIF\x03\0\0\0eee\0" "XMP \x02\0\0\0xx";
	static const char want[] = "RIFF\x10\0\0\0WEBP" "VP8 \x03\0\0\0vvv\0";
	unsigned char bytes[128];
	size_t size = sizeof(in) - 1;

	(void) state;
	memcpy(bytes, in, size);
	bytes[4] = (unsigned char) (size - 8);
	assert_true(image_scrub_webp(bytes, &size));
	assert_int_equal(size, sizeof(want) - 1);
	assert_memory_equal(bytes + 8, want + 8, size - 8);
	assert_int_equal(bytes[4], size - 8);
	for (size_t n = 0; n < sizeof(want) - 1; n++) {
		unsigned char *cut = malloc(n > 0 ? n : 1);
		size_t cut_size = n;

		memcpy(cut, want, n);
		if (n > 4)
			cut[4] = (unsigned char) (sizeof(want) - 9);
		assert_false(image_scrub_webp(cut, &cut_size));
		free(cut);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_jpeg),
		cmocka_unit_test(test_jpeg_cut_anywhere),
		cmocka_unit_test(test_webp),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
