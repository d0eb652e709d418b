/* fuzz_smtp_reply.c: an SMTP server's answers: whole, and cut into single bytes, they must mean the same.
 * SPDX-License-Identifier: ISC */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "mail/smtp_inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(const struct smtp_reply *reply, enum smtp_fed fed)
{
	if (memchr(reply->text, '\0', sizeof(reply->text)) == NULL || memchr(reply->enhanced, '\0', sizeof(reply->enhanced)) == NULL)
		abort();
	for (const char *c = reply->text; *c != '\0'; c++)
		if (*c < 0x20 || *c > 0x7e)
			abort();
	if (fed == SMTP_FED_WHOLE && (reply->code < 200 || reply->code > 599))
		abort();
	if (reply->lines > SMTP_LINES_MOST)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct str rest = str_make(bytes, size);

	while (rest.len > 0) {
		struct smtp_reply whole = {0};
		struct smtp_reply cut = {0};
		enum smtp_fed fed, fed_cut = SMTP_FED_MORE;
		size_t used, used_cut = 0;

		fed = smtp_reply_feed(&whole, rest, &used);
		check(&whole, fed);
		while (used_cut < rest.len && fed_cut == SMTP_FED_MORE) {
			size_t one;

			fed_cut = smtp_reply_feed(&cut, str_part(rest, used_cut, 1), &one);
			used_cut += one;
		}
		if (fed != fed_cut || used != used_cut || memcmp(&whole, &cut, sizeof(whole)) != 0)
			abort();
		if (fed != SMTP_FED_WHOLE)
			break;
		rest = str_part(rest, used, SIZE_MAX);
	}
	return 0;
}
