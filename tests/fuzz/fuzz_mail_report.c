/* fuzz_mail_report.c: any bytes as a mail that came back: read without harm, and what is said of it keeps to its shape: the line
 * that the child writes is one that the room takes, and gives the same report again.
 * SPDX-License-Identifier: ISC */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "mail/report.h"
#include "newsletter/newsletter_bounce.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static char work[MAIL_REPORT_WORK_BYTES];
	struct mail_report report, again;
	struct mail_letter letter, read;
	struct buf line;

	mail_report_read(str_make(bytes, size), work, &report);
	if (report.mark_count > MAIL_REPORT_MARKS || (unsigned) report.kind >= MAIL_REPORT_KIND_COUNT)
		abort();
	for (size_t i = 0; i < report.mark_count; i++)
		if (strlen(report.marks[i].text) != (report.marks[i].where == MAIL_MARK_LINK ? 26 : 32))
			abort();
	mail_letter_read(str_make(bytes, size), &letter);
	if (strlen(letter.to) > MAIL_LETTER_ADDRESS_BYTES || strlen(letter.from) > MAIL_LETTER_ADDRESS_BYTES)
		abort();
	buf_init(&line, 2048);
	reports_write_line(&report, &letter, &line);
	if (line.over || !reports_parse_line(str_part(buf_view(&line), 0, line.len - 1), &again, &read) ||
		strcmp(letter.to, read.to) != 0 || strcmp(letter.from, read.from) != 0 || letter.is_automatic != read.is_automatic || again.kind != report.kind ||
		strcmp(again.status, report.status) != 0 || again.mark_count != report.mark_count)
		abort();
	buf_release(&line);
	return 0;
}
