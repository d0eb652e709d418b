/* image_read.h: a stranger's file becomes plain sRGB pixels of bounded size.
 * SPDX-License-Identifier: ISC */
#ifndef IMAGE_IMAGE_READ_H
#define IMAGE_IMAGE_READ_H

#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"

struct fault;

enum {
	IMAGE_PIXELS_MAX = 100 * 1000 * 1000,
	IMAGE_SIDE_MAX = 20000,
	IMAGE_WIDTH_MAX = 1920,        /* the widest that is ever written */
	IMAGE_OUT_HEIGHT_MAX = 16383   /* WebP's own limit */
};

/* Upright pixels, three bytes each, no padding, nothing else: no metadata can hide here. */
struct image_pixels {
	unsigned char *at; /* g_free */
	size_t size;
	int width, height;
};

struct image_source {
	int width, height; /* of the original, upright */
	int removed;       /* metadata fields that the original had */
};

/* What the header says, before anything is decoded. INPUT: not a JPEG, PNG or WebP, damaged, or too large. */
bool image_read_header(struct str file, struct image_source *out, struct fault *f) __attribute__((warn_unused_result));

/* Decodes, turns upright, converts to sRGB, lays transparency on white and shrinks to `width`. */
bool image_read_pixels(struct str file, int width, struct image_pixels *out, struct fault *f)
	__attribute__((warn_unused_result));

/* A smaller copy. */
bool image_shrink(const struct image_pixels *from, int width, struct image_pixels *out, struct fault *f)
	__attribute__((warn_unused_result));

void image_release(struct image_pixels *pixels);

/* The colour that most of the picture has, 0xRRGGBB: what stands in the page before the picture is there. */
unsigned image_dominant(const struct image_pixels *pixels);

#endif
