/* main.c: mimeo-receipt: a receipt or a year's statement, as lines on standard input, to a PDF on standard output.
 *
 * Decides how it looks on paper. Leaves every word of it to the support room, which starts it. It is a process of its own,
 * because pango, cairo, harfbuzz and fontconfig set Arabic and Cyrillic rightly and have no place in a room that holds
 * providers' keys: no network, bounded time and memory. The hard thing: a name that a stranger typed is among the lines, so that
 * nothing in them is markup, and a line that is none of the known ones is refused.
 * Input, a line each, parts parted by tabs: "lang xx", "dir rtl", "newsroom NAME", "title TEXT", "mark TEXT", "row LABEL VALUE",
 * "head A B C", "line A B C", "sum A B C", "words TEXT", "foot TEXT". Output: the PDF in lines of base64. Standard error:
 * "mimeo-receipt: what is wrong".
 * SPDX-License-Identifier: ISC */
#include <pango/pangocairo.h>
#include <cairo-pdf.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/confine.h"
#include "base/fault.h"
#include "base/str.h"

enum { INPUT_MOST = 256 * 1024, OUTPUT_MOST = 4 * 1024 * 1024, CPU_SECONDS = 10, PARTS = 4, LINE_BYTES = 2049 };

/* A4 in points. */
#define PAGE_WIDTH 595.28
#define PAGE_HEIGHT 841.89
#define MARGIN 64.0
#define BODY (PAGE_WIDTH - 2 * MARGIN)

#define SERIF "Noto Serif, Noto Naskh Arabic, Liberation Serif, DejaVu Serif, serif"
#define SANS "Noto Sans, Noto Sans Arabic, Liberation Sans, DejaVu Sans, sans-serif"

struct paper {
	cairo_surface_t *surface;
	cairo_t *cairo;
	struct buf out;
	struct arena arena;
	bool is_rtl, is_begun;
	char language[16];
	double y;
};

static cairo_status_t take_bytes(void *self, const unsigned char *data, unsigned length)
{
	struct paper *paper = self;

	buf_add(&paper->out, data, length);
	return paper->out.over ? CAIRO_STATUS_WRITE_ERROR : CAIRO_STATUS_SUCCESS;
}

/* --- setting type --- */

struct face {
	const char *family;
	double size;
	bool is_bold;
	double grey;
};

static const struct face face_name = {SERIF, 15, true, 0.08}, face_title = {SERIF, 22, true, 0.08}, face_text = {SANS, 10.5, false, 0.08},
	face_label = {SANS, 10.5, false, 0.36}, face_strong = {SANS, 10.5, true, 0.08}, face_fine = {SANS, 8.5, false, 0.36};

static PangoLayout *lay_out(struct paper *paper, const struct face *face, struct str text, double width)
{
	PangoLayout *layout = pango_cairo_create_layout(paper->cairo);
	PangoFontDescription *font = pango_font_description_new();

	pango_font_description_set_family(font, face->family);
	pango_font_description_set_size(font, (int) (face->size * PANGO_SCALE));
	pango_font_description_set_weight(font, face->is_bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
	pango_context_set_base_dir(pango_layout_get_context(layout), paper->is_rtl ? PANGO_DIRECTION_RTL : PANGO_DIRECTION_LTR);
	pango_context_set_language(pango_layout_get_context(layout), pango_language_from_string(paper->language));
	pango_layout_context_changed(layout);
	pango_layout_set_auto_dir(layout, FALSE);
	pango_layout_set_font_description(layout, font);
	pango_font_description_free(font);
	pango_layout_set_width(layout, (int) (width * PANGO_SCALE));
	pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
	pango_layout_set_text(layout, text.at, (int) text.len);
	return layout;
}

static double height_of(PangoLayout *layout)
{
	int width, height;

	pango_layout_get_size(layout, &width, &height);
	return (double) height / PANGO_SCALE;
}

/* x from the page's beginning edge: left, or right where writing begins there. */
static double edge(const struct paper *paper, double x, double width)
{
	return paper->is_rtl ? PAGE_WIDTH - MARGIN - x - width : MARGIN + x;
}

/* Gives its height. */
static double put(struct paper *paper, const struct face *face, struct str text, double x, double width, bool at_end)
{
	PangoLayout *layout;
	double height;

	if (text.len == 0)
		return 0;
	layout = lay_out(paper, face, text, width);
	pango_layout_set_alignment(layout, at_end == paper->is_rtl ? PANGO_ALIGN_LEFT : PANGO_ALIGN_RIGHT);
	height = height_of(layout);
	cairo_set_source_rgb(paper->cairo, face->grey, face->grey, face->grey);
	cairo_move_to(paper->cairo, edge(paper, x, width), paper->y);
	pango_cairo_show_layout(paper->cairo, layout);
	g_object_unref(layout);
	return height;
}

static void rule(struct paper *paper, double thickness, double grey)
{
	cairo_set_source_rgb(paper->cairo, grey, grey, grey);
	cairo_rectangle(paper->cairo, MARGIN, paper->y, BODY, thickness);
	cairo_fill(paper->cairo);
	paper->y += thickness;
}

static void begin_page(struct paper *paper)
{
	paper->y = MARGIN;
	rule(paper, 4, 0.08);
	paper->y += 14;
	paper->is_begun = true;
}

static void need(struct paper *paper, double height)
{
	if (paper->y + height <= PAGE_HEIGHT - MARGIN)
		return;
	cairo_show_page(paper->cairo);
	begin_page(paper);
}

static void put_row(struct paper *paper, struct str label, struct str value)
{
	double a, b;

	need(paper, 28);
	paper->y += 6;
	a = put(paper, &face_label, label, 0, BODY * .34, false);
	b = put(paper, &face_text, value, BODY * .36, BODY * .64, false);
	paper->y += (a > b ? a : b) + 6;
	rule(paper, .5, .83);
}

static void put_columns(struct paper *paper, const struct face *face, const struct str *parts, size_t count)
{
	static const double at[] = {0, .46, .7, .85};
	double highest = 0;

	need(paper, 24);
	paper->y += 5;
	for (size_t i = 0; i < count && i < sizeof(at) / sizeof(at[0]); i++) {
		bool is_last = i + 1 == count;
		double end = is_last ? 1 : at[i + 1] - .02;
		double height = put(paper, face, parts[i], BODY * at[i], BODY * (end - at[i]), is_last);

		highest = height > highest ? height : highest;
	}
	paper->y += highest + 5;
	rule(paper, .5, .83);
}

static void put_mark(struct paper *paper, struct str text)
{
	PangoLayout *layout = lay_out(paper, &face_strong, text, BODY - 24);
	double height = height_of(layout) + 16;

	paper->y += 12;
	g_object_unref(layout);
	cairo_set_source_rgb(paper->cairo, .984, .898, .898);
	cairo_rectangle(paper->cairo, MARGIN, paper->y, BODY, height);
	cairo_fill(paper->cairo);
	paper->y += 8;
	(void) put(paper, &face_strong, text, 12, BODY - 24, false);
	paper->y += height + 4;
}

static void put_paragraph(struct paper *paper, const struct face *face, struct str text, double before)
{
	need(paper, 40);
	paper->y += before;
	paper->y += put(paper, face, text, 0, BODY, false);
}

/* --- the lines --- */

static bool put_line(struct paper *paper, struct str word, const struct str *parts, size_t count, struct fault *f)
{
	if (!paper->is_begun)
		begin_page(paper);
	if (str_is(word, "newsroom")) {
		put_paragraph(paper, &face_name, parts[0], 0);
		paper->y += 28;
	} else if (str_is(word, "title")) {
		put_paragraph(paper, &face_title, parts[0], 0);
		paper->y += 14;
		rule(paper, 1, .08);
		cairo_pdf_surface_set_metadata(paper->surface, CAIRO_PDF_METADATA_TITLE, str_to_c(parts[0], &paper->arena));
	} else if (str_is(word, "mark")) {
		put_mark(paper, parts[0]);
	} else if (str_is(word, "row") && count >= 2) {
		put_row(paper, parts[0], parts[1]);
	} else if (str_is(word, "head")) {
		paper->y += 10;
		put_columns(paper, &face_label, parts, count);
	} else if (str_is(word, "line")) {
		put_columns(paper, &face_text, parts, count);
	} else if (str_is(word, "sum")) {
		put_columns(paper, &face_strong, parts, count);
	} else if (str_is(word, "words")) {
		put_paragraph(paper, &face_text, parts[0], 18);
	} else if (str_is(word, "foot")) {
		put_paragraph(paper, &face_fine, parts[0], 18);
	} else {
		return fault_set(f, FAULT_INPUT, "a line of the receipt is of no known kind");
	}
	return true;
}

static bool take_line(struct paper *paper, struct str line, struct fault *f)
{
	struct str parts[PARTS] = {{NULL, 0}};
	struct str word, part;
	size_t count = 0;

	if (line.len == 0 || !str_next(&line, '\t', &word))
		return true;
	while (count < PARTS && str_next(&line, '\t', &part))
		parts[count++] = part;
	if (count == 0)
		return fault_set(f, FAULT_INPUT, "a line of the receipt has no text");
	if (str_is(word, "lang"))
		snprintf(paper->language, sizeof(paper->language), "%.*s", STR_ARG(parts[0]));
	else if (str_is(word, "dir"))
		paper->is_rtl = str_is(parts[0], "rtl");
	else
		return put_line(paper, word, parts, count, f);
	return true;
}

static bool read_all(struct buf *input, struct fault *f)
{
	for (;;) {
		char *at = buf_reserve(input, 8192);
		ssize_t n;

		if (at == NULL)
			return fault_full(f, "the receipt");
		n = read(STDIN_FILENO, at, 8192);
		if (n < 0)
			return fault_errno(f, "the receipt's lines cannot be read");
		if (n == 0)
			return true;
		buf_grown(input, (size_t) n);
	}
}

static bool set_type(struct paper *paper, struct str input, struct fault *f)
{
	struct str line;

	if (!str_is_utf8(input))
		return fault_set(f, FAULT_INPUT, "the receipt is not UTF-8");
	paper->surface = cairo_pdf_surface_create_for_stream(take_bytes, paper, PAGE_WIDTH, PAGE_HEIGHT);
	paper->cairo = cairo_create(paper->surface);
	cairo_pdf_surface_set_metadata(paper->surface, CAIRO_PDF_METADATA_CREATOR, "mimeo");
	/* The moment of the download is nobody's business. */
	cairo_pdf_surface_set_metadata(paper->surface, CAIRO_PDF_METADATA_CREATE_DATE, "");
	while (str_next(&input, '\n', &line))
		if (!take_line(paper, line, f))
			return false;
	if (!paper->is_begun)
		return fault_set(f, FAULT_INPUT, "the receipt is empty");
	cairo_show_page(paper->cairo);
	cairo_destroy(paper->cairo);
	paper->cairo = NULL;
	cairo_surface_finish(paper->surface);
	return (cairo_surface_status(paper->surface) == CAIRO_STATUS_SUCCESS && !paper->out.over) ||
		fault_set(f, FAULT_IO, "the receipt could not be set: %s", cairo_status_to_string(cairo_surface_status(paper->surface)));
}

static bool tell(const struct buf *out, struct fault *f)
{
	enum { CHUNK = (LINE_BYTES - 1) / 4 * 3 };
	char line[LINE_BYTES];

	for (size_t at = 0; at < out->len; at += CHUNK) {
		size_t n = out->len - at < CHUNK ? out->len - at : CHUNK;

		sodium_bin2base64(line, sizeof(line), (const unsigned char *) out->at + at, n, sodium_base64_VARIANT_ORIGINAL);
		if (puts(line) == EOF)
			return fault_errno(f, "the receipt cannot be written");
	}
	return fflush(stdout) == 0 || fault_errno(f, "the receipt cannot be written");
}

int main(int argc, char **argv)
{
	struct paper paper = {.language = "en"};
	struct fault f = {0};
	struct buf input;
	bool ok;

	(void) argv;
	if (argc != 1) {
		fputs("mimeo-receipt: it takes no arguments: the support room starts it\n", stderr);
		return 2;
	}
	confine(&(struct confine){.cpu_s = CPU_SECONDS, .memory_bytes = (size_t) 1 << 30});
	(void) signal(SIGXFSZ, SIG_IGN); /* fontconfig would like to keep a cache: it goes without */
	arena_init(&paper.arena, "receipt", 64 * 1024);
	buf_init(&input, INPUT_MOST);
	buf_init(&paper.out, OUTPUT_MOST);
	ok = sodium_init() >= 0 && read_all(&input, &f) && set_type(&paper, buf_view(&input), &f) && tell(&paper.out, &f);
	if (!ok)
		fprintf(stderr, "mimeo-receipt: %s\n", f.say);
	if (paper.cairo != NULL)
		cairo_destroy(paper.cairo);
	if (paper.surface != NULL)
		cairo_surface_destroy(paper.surface);
	buf_release(&input);
	buf_release(&paper.out);
	arena_release(&paper.arena);
	return ok ? 0 : fault_exit_code(f.kind);
}
