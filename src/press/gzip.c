/* gzip.c: compression while baking.
 *
 * Decides: nothing but the wrapping. Leaves to others: the level, where the bytes go. Runs in: desk's bake. The hard
 * thing: none; libdeflate writes no time into the header, so the same page gives the same file.
 * SPDX-License-Identifier: ISC */
#include "gzip.h"

#include <libdeflate.h>
#include "base/arena.h"
#include "base/fault.h"
#include "base/must.h"

struct gzip {
	struct libdeflate_compressor *compressor;
};

struct gzip *gzip_new(int level)
{
	struct gzip *gzip = memory_new(1, sizeof(*gzip));

	must(level >= 1 && level <= 12);
	gzip->compressor = libdeflate_alloc_compressor(level);
	if (gzip->compressor == NULL)
		must_memory(__FILE__, __LINE__);
	return gzip;
}

void gzip_free(struct gzip **gzip)
{
	if (*gzip == NULL)
		return;
	libdeflate_free_compressor((*gzip)->compressor);
	memory_free(*gzip);
	*gzip = NULL;
}

bool gzip_write(struct gzip *gzip, struct str in, struct buf *out, struct fault *f)
{
	size_t bound = libdeflate_gzip_compress_bound(gzip->compressor, in.len);
	char *at = buf_reserve(out, bound);
	size_t size;

	if (at == NULL)
		return fault_full(f, "a compressed page");
	size = libdeflate_gzip_compress(gzip->compressor, in.len > 0 ? in.at : "", in.len, at, bound);
	must(size > 0);
	buf_grown(out, size);
	return true;
}
