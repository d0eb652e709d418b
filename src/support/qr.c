/* qr.c: a text as a QR code, drawn as SVG.
 *
 * Decides: the drawing: one path, whose runs of modules are joined, so that it is small. Leaves to libqrencode: the code.
 * Runs in: support. The hard thing: none. SPDX-License-Identifier: ISC */
#include "support/qr.h"

#include <errno.h>
#include <qrencode.h>
#include "base/buf.h"
#include "base/fault.h"
#include "press/html.h"

enum { QUIET = 4, TEXT_BYTES = 2000 };

static void write_row(struct buf *out, const unsigned char *row, int width, int y)
{
	for (int x = 0; x < width; x++) {
		int from = x;

		while (x < width && (row[x] & 1) != 0)
			x++;
		if (x > from)
			buf_format(out, "M%d %dh%dv1h-%dz", from + QUIET, y + QUIET, x - from, x - from);
	}
}

bool qr_write_svg(struct buf *out, struct str text, struct str label, struct fault *f)
{
	QRcode *code = NULL;
	int side;

	if (text.len == 0 || text.len > TEXT_BYTES)
		return fault_full(f, "the QR code");
	code = QRcode_encodeData((int) text.len, (const unsigned char *) text.at, 0, QR_ECLEVEL_M);
	if (code == NULL)
		return errno == ERANGE ? fault_full(f, "the QR code") : fault_errno(f, "the QR code cannot be made");
	side = code->width + 2 * QUIET;
	buf_format(out, "<svg class=\"qr\" role=\"img\" viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\"", side, side);
	html_attr(out, "aria-label", label);
	buf_format(out, "><path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/><path d=\"", side, side);
	for (int y = 0; y < code->width; y++)
		write_row(out, code->data + (size_t) y * (size_t) code->width, code->width, y);
	buf_add_text(out, "\"/></svg>");
	QRcode_free(code);
	return buf_check(out, "the QR code", f);
}
