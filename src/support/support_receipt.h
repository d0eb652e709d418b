/* support_receipt.h: what a giver may show: a receipt for each gift, a statement for each year; as a page and as PDF.
 *
 * GET /support/receipt/{token}/{what} is the page, POST there (field "name", which is printed and not kept) the PDF. token: of
 * the keep-this link. what: a receipt's name ("c-1f0c9a2e") or a year ("2026").
 * SPDX-License-Identifier: ISC */
#ifndef SUPPORT_SUPPORT_RECEIPT_H
#define SUPPORT_SUPPORT_RECEIPT_H

#include <stdint.h>
#include "base/str.h"
#include "http/http.h"

struct arena;
struct fault;
struct press_value;
struct support;

/* "c-1f0c9a2e": also the mark by which people speak of the contribution. */
const char *support_receipt_name(int64_t contribution, struct arena *arena);

/* {{years}} for the giver's own page, which stands at /support/manage/TOKEN: items {href, text}, the newest first. Nothing is set
 * where no gift came. */
bool support_list_receipts(struct support *support, int64_t checkout, struct str token, struct str language,
	struct press_value *root, struct arena *arena, struct fault *f) __attribute__((warn_unused_result));

http_handler support_get_receipt, support_post_receipt;

/* --- support_receipt_pdf.c --- */
/* The bytes of the PDF, in the request's arena, or f. */
typedef void support_pdf_done(struct http_request *rq, struct str pdf, const struct fault *f, void *self);
/* Sets `lines` (src/receipt/main.c says which there are) in a child; one at a time, a few wait. BUSY: too many do. */
bool support_set_pdf(struct support *support, struct http_request *rq, struct str lines, support_pdf_done *done, void *self,
	struct fault *f) __attribute__((warn_unused_result));

#endif
