/* fuzz_csv.c: any bytes are read as records or refused by the line; what was read and written again is read the same; every line is
 * accounted for.
 * SPDX-License-Identifier: ISC */
#include <stdint.h>
#include "base/csv.h"
#include "base/fault.h"
#include "newsletter/newsletter_import.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void write_record(struct buf *out, const struct csv *csv)
{
	for (size_t i = 0; i < csv->count; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		csv_write(out, csv->fields[i]);
	}
	if (csv->count == 1 && csv->fields[0].len == 0)
		buf_add_text(out, "\"\""); /* bare, it would be an empty line */
	buf_add_text(out, "\r\n");
}

static void read_again(const struct csv *csv, struct str text)
{
	struct csv again;

	csv_init(&again, text);
	if (csv_next(&again) != CSV_RECORD || again.count != csv->count)
		__builtin_trap();
	for (size_t i = 0; i < csv->count; i++)
		if (!str_equal(csv->fields[i], again.fields[i]))
			__builtin_trap();
	if (csv_next(&again) != CSV_END)
		__builtin_trap();
	csv_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct csv csv;
	struct buf out;
	int64_t line = 0;
	enum csv_answer answer;

	csv_init(&csv, str_make(bytes, size));
	buf_init(&out, 1 << 20);
	while ((answer = csv_next(&csv)) != CSV_END) {
		struct newsletter_import_row row;
		const char *why = NULL;

		if (csv.line <= line || (answer == CSV_BAD) != (csv.count == 0))
			__builtin_trap();
		line = csv.line;
		if (answer == CSV_BAD)
			continue;
		buf_clear(&out);
		write_record(&out, &csv);
		/* written with quotes it may be longer than a record is */
		if (out.len < CSV_RECORD_BYTES / 2 && !str_starts(buf_view(&out), STR("\xef\xbb\xbf")))
			read_again(&csv, buf_view(&out));
		if (csv.count >= NEWSLETTER_IMPORT_FIELDS && newsletter_import_row_read(csv.fields, 20000, &row, &why) == (why != NULL))
			__builtin_trap();
	}
	buf_release(&out);
	csv_release(&csv);
	return 0;
}
