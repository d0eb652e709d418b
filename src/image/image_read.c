/* image_read.c: a stranger's file becomes plain sRGB pixels of bounded size.
 *
 * Decides what may be decoded (JPEG, PNG, WebP, by their first bytes; header dimensions first) and how a picture is made
 * upright, sRGB and opaque. Leaves compression to image_encode.c. Runs in mimeo-image only.
 * The hard thing: everything that libvips carries along with pixels (EXIF, XMP, IPTC, ICC, comments) must end here, so
 * pixels leave as bare bytes in memory and not as a VipsImage.
 * SPDX-License-Identifier: ISC */
#include "image/image_read.h"

#include <vips/vips.h>
#include "base/fault.h"

/* libvips' message goes to the log only: its words are not for a person at the desk. */
static bool vips_failed(struct fault *f, const char *say)
{
	fault_set(f, FAULT_INPUT, "%s", say);
	fault_detail(f, "%.300s", vips_error_buffer());
	vips_error_clear();
	return false;
}

static bool kind_is_known(struct str file)
{
	const unsigned char *b = (const unsigned char *) file.at;

	if (file.len < 16)
		return false;
	return (b[0] == 0xff && b[1] == 0xd8 && b[2] == 0xff) || memcmp(b, "\x89PNG\r\n\x1a\n", 8) == 0 ||
		(memcmp(b, "RIFF", 4) == 0 && memcmp(b + 8, "WEBP", 4) == 0);
}

static void *count_field(VipsImage *image, const char *name, GValue *value, void *counter)
{
	(void) image;
	(void) value;
	/* Each EXIF tag counts by itself, so the block that holds them does not; other blocks count as one. */
	if (g_str_has_prefix(name, "exif-ifd") || g_str_has_prefix(name, "png-comment") || strstr(name, "comment") != NULL ||
		strcmp(name, "xmp-data") == 0 || strcmp(name, "iptc-data") == 0 || strcmp(name, "icc-profile-data") == 0 ||
		strcmp(name, "photoshop-data") == 0)
		++*(int *) counter;
	return NULL;
}

bool image_read_header(struct str file, struct image_source *out, struct fault *f)
{
	VipsImage *image = NULL;
	bool ok = false;
	int width, height, turn;

	*out = (struct image_source){0};
	if (!kind_is_known(file)) {
		fault_set(f, FAULT_INPUT, "this is not a JPEG, PNG or WebP picture; export it as one of these");
		goto done;
	}
	image = vips_image_new_from_buffer(file.at, file.len, "", "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
		VIPS_FAIL_ON_ERROR, NULL);
	if (image == NULL) {
		vips_failed(f, "the picture is damaged or cut off; export or copy it again");
		goto done;
	}
	width = vips_image_get_width(image);
	height = vips_image_get_height(image);
	if (width < 1 || height < 1 || width > IMAGE_SIDE_MAX || height > IMAGE_SIDE_MAX ||
		(int64_t) width * height > IMAGE_PIXELS_MAX) {
		fault_set(f, FAULT_INPUT, "the picture is %d × %d; the largest is 100 megapixels and %d a side: make it smaller",
			width, height, IMAGE_SIDE_MAX);
		goto done;
	}
	turn = vips_image_get_orientation(image);
	out->width = turn >= 5 ? height : width;
	out->height = turn >= 5 ? width : height;
	vips_image_map(image, count_field, &out->removed);
	if ((int64_t) out->height * (out->width < IMAGE_WIDTH_MAX ? out->width : IMAGE_WIDTH_MAX) / out->width >
		IMAGE_OUT_HEIGHT_MAX) {
		fault_set(f, FAULT_INPUT, "the picture is too tall for its width (%d × %d); crop it", out->width, out->height);
		goto done;
	}
	ok = true;
done:
	VIPS_UNREF(image);
	return ok;
}

/* Any image to bare 8-bit sRGB bytes. Takes the reference. */
static bool take_pixels(VipsImage *image, struct image_pixels *out, struct fault *f)
{
	VipsImage *now = image, *next = NULL;
	double white[3] = {255, 255, 255};
	VipsArrayDouble *background = vips_array_double_new(white, 3);
	bool ok = false;

	if (vips_image_get_interpretation(now) != VIPS_INTERPRETATION_sRGB || vips_image_get_bands(now) < 3) {
		if (vips_colourspace(now, &next, VIPS_INTERPRETATION_sRGB, NULL) != 0)
			goto done;
		g_object_unref(now);
		now = next;
		next = NULL;
	}
	if (vips_image_hasalpha(now)) {
		if (vips_flatten(now, &next, "background", background, NULL) != 0)
			goto done;
		g_object_unref(now);
		now = next;
		next = NULL;
	}
	if (vips_image_get_bands(now) != 3 || vips_image_get_format(now) != VIPS_FORMAT_UCHAR) {
		if (vips_extract_band(now, &next, 0, "n", 3, NULL) != 0)
			goto done;
		g_object_unref(now);
		now = next;
		next = NULL;
		if (vips_cast_uchar(now, &next, NULL) != 0)
			goto done;
		g_object_unref(now);
		now = next;
		next = NULL;
	}
	out->width = vips_image_get_width(now);
	out->height = vips_image_get_height(now);
	out->at = vips_image_write_to_memory(now, &out->size);
	ok = out->at != NULL && out->size == (size_t) out->width * (size_t) out->height * 3;
done:
	if (!ok)
		vips_failed(f, "the picture is damaged or cut off; export or copy it again");
	vips_area_unref(VIPS_AREA(background));
	g_object_unref(now);
	return ok;
}

bool image_read_pixels(struct str file, int width, struct image_pixels *out, struct fault *f)
{
	VipsImage *image = NULL;
	union {
		const char *in;
		void *out;
	} bytes = {.in = file.at}; /* libvips only reads, its prototype forgot to say so */

	*out = (struct image_pixels){0};
	/* fail_on twice: libvips 8.14 forgets to hand thumbnail's own to the PNG loader, and half a picture passes. */
	if (vips_thumbnail_buffer(bytes.out, file.len, &image, width, "height", VIPS_MAX_COORD, "size", VIPS_SIZE_DOWN,
			"export_profile", "srgb", "fail_on", VIPS_FAIL_ON_ERROR, "option_string", "[fail_on=error]", NULL) != 0)
		return vips_failed(f, "the picture is damaged or cut off; export or copy it again");
	return take_pixels(image, out, f);
}

bool image_shrink(const struct image_pixels *from, int width, struct image_pixels *out, struct fault *f)
{
	VipsImage *whole, *image = NULL;

	*out = (struct image_pixels){0};
	whole = vips_image_new_from_memory(from->at, from->size, from->width, from->height, 3, VIPS_FORMAT_UCHAR);
	if (whole == NULL)
		return vips_failed(f, "the picture cannot be made smaller");
	whole->Type = VIPS_INTERPRETATION_sRGB;
	if (vips_thumbnail_image(whole, &image, width, "height", VIPS_MAX_COORD, "size", VIPS_SIZE_DOWN, NULL) != 0) {
		g_object_unref(whole);
		return vips_failed(f, "the picture cannot be made smaller");
	}
	g_object_unref(whole);
	return take_pixels(image, out, f);
}

void image_release(struct image_pixels *pixels)
{
	g_free(pixels->at);
	*pixels = (struct image_pixels){0};
}

unsigned image_dominant(const struct image_pixels *pixels)
{
	static unsigned long count[512], sum[512][3];
	size_t best = 0;

	memset(count, 0, sizeof(count));
	memset(sum, 0, sizeof(sum));
	for (size_t i = 0; i + 2 < pixels->size; i += 3) {
		const unsigned char *p = pixels->at + i;
		size_t bin = ((size_t) (p[0] >> 5) << 6) | ((size_t) (p[1] >> 5) << 3) | (size_t) (p[2] >> 5);

		count[bin]++;
		for (size_t c = 0; c < 3; c++)
			sum[bin][c] += p[c];
	}
	for (size_t bin = 1; bin < 512; bin++)
		if (count[bin] > count[best])
			best = bin;
	if (count[best] == 0)
		return 0;
	return (unsigned) (sum[best][0] / count[best]) << 16 | (unsigned) (sum[best][1] / count[best]) << 8 |
		(unsigned) (sum[best][2] / count[best]);
}
