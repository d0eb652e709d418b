/* image_encode.h: pixels to a JPEG or WebP file that fits its budget and carries nothing but pixels.
 * SPDX-License-Identifier: ISC */
#ifndef IMAGE_IMAGE_ENCODE_H
#define IMAGE_IMAGE_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"

struct fault;
struct image_pixels;

enum image_kind { IMAGE_JPEG, IMAGE_WEBP };

struct image_file {
	unsigned char *at; /* g_free */
	size_t size;
};

/* The best of a few quality steps that stays within the width's budget of bytes; the lowest step where none does. The same
 * pixels always give the same bytes. */
bool image_encode(const struct image_pixels *pixels, enum image_kind kind, struct image_file *out, struct fault *f)
	__attribute__((warn_unused_result));

void image_file_release(struct image_file *file);

/* Removes, in place, every part of a JPEG or WebP file that is not needed to show its pixels (APPn but JFIF, COM; EXIF,
 * XMP, ICCP and unknown RIFF chunks). False when the bytes are not a well-formed file of that kind. */
bool image_scrub_jpeg(unsigned char *at, size_t *size);
bool image_scrub_webp(unsigned char *at, size_t *size);

#endif
