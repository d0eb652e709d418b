/* fuzz_mime.c: whatever a caller gives, a mail is either refused or is headers, an empty line and a body of 7-bit CRLF lines,
 * with no header that was not meant; and a relay finds nothing in it to mend.
 * SPDX-License-Identifier: ISC */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/fault.h"
#include "mail/mime.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const char *const known[] = {"Date:", "From:", "To:", "Subject:", "Message-ID:", "List-Id:", "List-Unsubscribe:",
	"List-Unsubscribe-Post:", "Content-Language:", "X-Test:", "MIME-Version:", "Content-Type:", "Content-Transfer-Encoding:"};

static void check_lines(struct str mail)
{
	struct str line;

	if (!str_ends(mail, STR("\r\n")))
		abort();
	while (str_next(&mail, '\n', &line)) {
		if (line.len == 0 && mail.at == NULL)
			return;
		if (!str_ends(line, STR("\r")) || line.len > 999)
			abort();
		for (size_t i = 0; i + 1 < line.len; i++)
			if (line.at[i] == '\r' || line.at[i] == '\0' || (unsigned char) line.at[i] >= 0x80)
				abort();
	}
}

static void check_headers(struct str mail)
{
	struct str head = str_part(mail, 0, str_find(mail, STR("\r\n\r\n")));
	struct str line;
	unsigned seen[sizeof(known) / sizeof(known[0])] = {0};

	while (str_next(&head, '\n', &line)) {
		bool found = line.len > 1 && line.at[0] == ' ' && str_trim(line).len > 0; /* a fold, and not a blank one */

		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			if (str_starts(line, str_from(known[i]))) {
				found = true;
				if (++seen[i] > 1)
					abort();
			}
		if (!found)
			abort();
	}
}

/* The next piece, up to a byte 0xff (which no UTF-8 holds). */
static struct str next(struct str *rest)
{
	struct str piece = {NULL, 0};

	(void) str_next(rest, (char) 0xff, &piece);
	return piece;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct str rest = str_make(bytes, size);
	struct mail_header more[] = {{"X-Test", {NULL, 0}}, {NULL, {NULL, 0}}};
	struct mail_message m = {.date = {1795180000000000}, .boundary = STR("=_b"), .more = more};
	struct fault f = {0};
	struct buf out;

	if (size == 0)
		return 0;
	m.subject = next(&rest);
	m.from = (struct mail_address){next(&rest), STR("a@b.example")};
	m.to = (struct mail_address){next(&rest), next(&rest)};
	more[0].value = next(&rest);
	m.message_id = next(&rest);
	m.list_id = next(&rest);
	m.list_unsubscribe_url = next(&rest);
	m.language = next(&rest);
	m.text = next(&rest);
	m.html = next(&rest);
	if (m.to.address.len == 0)
		m.to.address = STR("c@d.example");
	if (m.message_id.len == 0)
		m.message_id = STR("<x@b.example>");
	buf_init(&out, 1 << 20);
	if (mail_write(&m, &out, &f)) {
		check_lines(buf_view(&out));
		check_headers(buf_view(&out));
	}
	buf_release(&out);
	return 0;
}
