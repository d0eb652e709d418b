/* image_encode.c: pixels to a JPEG or WebP file that fits its budget.
 *
 * Decides quality. A lead is seen on a 390 px phone as the 640 or 1280 px file and may cost it 60 KB, a card as the 320 px
 * file and may cost 15 KB. Leaves the removal of what encoders add to image_scrub.c. Runs in mimeo-image only.
 * The hard thing: few encodes. Most pictures fit at the best step, so that is tried first; then by halves: at most five.
 * SPDX-License-Identifier: ISC */
#include "image/image_encode.h"

#include <vips/vips.h>
#include "base/fault.h"
#include "image/image_read.h"

static const int quality_jpeg[] = {38, 44, 50, 56, 62, 68, 74, 80};
static const int quality_webp[] = {34, 42, 50, 56, 62, 68, 74, 80};
enum { STEPS = 8 };

static size_t budget_bytes(int width, enum image_kind kind)
{
	if (width <= 320)
		return 15 * 1000;
	if (width <= 640)
		return kind == IMAGE_WEBP ? 38 * 1000 : 46 * 1000;
	if (width <= 1280)
		return kind == IMAGE_WEBP ? 60 * 1000 : 90 * 1000;
	return kind == IMAGE_WEBP ? 150 * 1000 : 220 * 1000;
}

static bool encode_at(VipsImage *image, enum image_kind kind, int quality, struct image_file *out, struct fault *f)
{
	void *at = NULL;
	size_t size = 0;
	bool ok;

	if (kind == IMAGE_JPEG)
		ok = vips_jpegsave_buffer(image, &at, &size, "Q", quality, "optimize_coding", TRUE, "interlace", TRUE, "strip",
			TRUE, "subsample_mode", VIPS_FOREIGN_SUBSAMPLE_ON, NULL) == 0;
	else
		ok = vips_webpsave_buffer(image, &at, &size, "Q", quality, "smart_subsample", TRUE, "effort", 4, "strip", TRUE,
			NULL) == 0;
	if (!ok) {
		fault_set(f, FAULT_IO, "the picture cannot be compressed; try again");
		fault_detail(f, "%.300s", vips_error_buffer());
		vips_error_clear();
		g_free(at);
		return false;
	}
	if (kind == IMAGE_JPEG ? !image_scrub_jpeg(at, &size) : !image_scrub_webp(at, &size)) {
		g_free(at);
		return fault_set(f, FAULT_IO, "the compressed picture is not what it should be");
	}
	out->at = at;
	out->size = size;
	return true;
}

bool image_encode(const struct image_pixels *pixels, enum image_kind kind, struct image_file *out, struct fault *f)
{
	const int *steps = kind == IMAGE_JPEG ? quality_jpeg : quality_webp;
	size_t budget = budget_bytes(pixels->width, kind);
	int low = 0, high = STEPS - 1, best = -1;
	VipsImage *image;
	bool ok = true;

	*out = (struct image_file){0};
	image = vips_image_new_from_memory(pixels->at, pixels->size, pixels->width, pixels->height, 3, VIPS_FORMAT_UCHAR);
	if (image == NULL)
		return fault_set(f, FAULT_IO, "the picture cannot be compressed; try again");
	image->Type = VIPS_INTERPRETATION_sRGB;
	while (ok && low <= high) {
		int middle = high == STEPS - 1 ? high : (low + high + 1) / 2;
		struct image_file trial = {0};

		ok = encode_at(image, kind, steps[middle], &trial, f);
		if (!ok)
			break;
		if (trial.size <= budget) {
			image_file_release(out);
			*out = trial;
			best = middle;
			low = middle + 1;
		} else {
			image_file_release(&trial);
			high = middle - 1;
		}
	}
	if (ok && best < 0)
		ok = encode_at(image, kind, steps[0], out, f);
	if (!ok)
		image_file_release(out);
	g_object_unref(image);
	return ok;
}

void image_file_release(struct image_file *file)
{
	g_free(file->at);
	*file = (struct image_file){0};
}
