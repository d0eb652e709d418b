/* csv.h: records of comma-separated values as RFC 4180 has them, read strictly.
 *
 * A field is bare (no quote in it) or quoted (a quote in it is doubled; it may hold commas and line ends). Lines end in CR LF or LF;
 * empty lines are passed over; a byte-order mark before the first record is dropped. What is not so is refused by the line, never
 * guessed at: a list that was read askew gives people each other's data.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_CSV_H
#define BASE_CSV_H

#include <stdint.h>
#include "base/buf.h"
#include "base/str.h"

enum { CSV_FIELDS = 32, CSV_RECORD_BYTES = 8192 };

enum csv_answer {
	CSV_RECORD,
	CSV_END,
	CSV_BAD      /* this record is none: `why` says it; the next one begins at the next line */
};

struct csv {
	struct str rest;               /* not read yet */
	int64_t line;                  /* on which the record of the last answer begins; the first is 1 */
	int64_t lines;                 /* how many lines were passed */
	size_t count;                  /* fields of the record */
	struct str fields[CSV_FIELDS]; /* until the next record */
	const char *why;               /* "a quote stands within a field" */
	struct buf plain;              /* fields whose quotes were doubled */
};

/* The text must outlive the reader. Release when done. */
void csv_init(struct csv *csv, struct str text);
void csv_release(struct csv *csv);
enum csv_answer csv_next(struct csv *csv);

/* One field as this reader takes it back, quoted where it must be. Meant for machines: a spreadsheet's formulas are not defused
 * (press/html.h's csv_cell does that). */
void csv_write(struct buf *out, struct str field);

#endif
