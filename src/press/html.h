/* html.h: the only ways by which text reaches HTML, XML, CSV or JSON.
 * SPDX-License-Identifier: ISC */
#ifndef PRESS_HTML_H
#define PRESS_HTML_H

#include "base/buf.h"

void html_text(struct buf *out, struct str text);   /* & < > escaped, and quotes too: good in attributes as well */
void html_attr(struct buf *out, const char *name, struct str value); /* ` name="value"` */
void xml_text(struct buf *out, struct str text);    /* drops what XML 1.0 forbids */
void json_text(struct buf *out, struct str text);   /* with its quotes; "</" as "<\/": safe inside <script> */
void csv_cell(struct buf *out, struct str text);    /* RFC 4180, and a leading = + - @ is defused */

#endif
