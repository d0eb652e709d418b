/* fuzz_email.c: no bytes may become an address that ends an SMTP command, a header or an angle bracket.
 * SPDX-License-Identifier: ISC */
#include <string.h>
#include "base/email.h"
#include "base/fault.h"
#include "base/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char canonical[EMAIL_BYTES + 1];
	char redacted[16];
	struct fault f = {0};
	struct email email;
	struct email again;
	struct str text;

	if (!email_parse(str_make(bytes, size), &email, &f)) {
		must(f.kind == FAULT_INPUT);
		return 0;
	}
	text = email_text(&email);
	must(text.len >= 3 && text.len <= EMAIL_BYTES && text.at[text.len] == '\0');
	for (size_t i = 0; i < text.len; i++)
		must((unsigned char) text.at[i] > ' ' && text.at[i] != 0x7f && strchr("<>()[],;:\\\"", text.at[i]) == NULL);
	/* What was accepted is accepted again, also in its canonical form, which is a fixed point. */
	must(email_parse(text, &again, &f) && str_equal(email_text(&again), text));
	text = email_canonical(&email, canonical);
	must(email_parse(text, &again, &f));
	must(str_equal(email_canonical(&again, canonical), email_text(&again)));
	must(email_domain(&email).len > 0);
	must(str_starts(email_redacted(&email, redacted), STR("email(")));
	return 0;
}
