/* bank_account.c: an account's number, and the payee's data as an EPC QR code says them.
 *
 * Decides: what an IBAN, a BIC and the code's lines are. Leaves to others: drawing (qr.c). Runs in: support, and wherever
 * settings are checked. The hard thing: none. SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <string.h>
#include "base/buf.h"
#include "base/fault.h"
#include "support/bank.h"

enum { EPC_BYTES = 331, EPC_NAME_CHARS = 70, IBAN_LEAST = 15 };

bool bank_read_iban(struct str text, char out[BANK_IBAN_CHARS + 1], struct fault *f)
{
	char turned[BANK_IBAN_CHARS + 1];
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];

		if (c == ' ')
			continue;
		if (c >= 'a' && c <= 'z')
			c = (char) (c - 'a' + 'A');
		if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) || len == BANK_IBAN_CHARS)
			return fault_set(f, FAULT_INPUT, "\"%.*s\" is no IBAN: it has letters and digits alone, at most %d",
				STR_ARG(str_part(text, 0, 50)), BANK_IBAN_CHARS);
		out[len++] = c;
	}
	out[len] = '\0';
	if (len < IBAN_LEAST || !(out[0] >= 'A' && out[0] <= 'Z' && out[1] >= 'A' && out[1] <= 'Z'))
		return fault_set(f, FAULT_INPUT, "\"%.*s\" is no IBAN: it begins with a country's two letters, such as NL91…",
			STR_ARG(str_part(text, 0, 50)));
	memcpy(turned, out + 4, len - 4);
	memcpy(turned + len - 4, out, 4);
	return bank_mod97(str_make(turned, len)) == 1 ||
		fault_set(f, FAULT_INPUT, "the check digits of the IBAN %s are wrong: look for a typing error", out);
}

bool bank_is_bic(struct str text)
{
	if (text.len != 8 && text.len != 11)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];

		if (!((c >= 'A' && c <= 'Z') || (i >= 6 && c >= '0' && c <= '9')))
			return false;
	}
	return true;
}

bool bank_write_epc(struct buf *out, const struct bank_payee *payee, struct money amount, const char *reference,
	struct fault *f)
{
	size_t from = out->len;

	if (strcmp(amount.code, "EUR") != 0)
		return fault_set(f, FAULT_INPUT, "an EPC QR code carries euros alone, not %s", amount.code);
	if (amount.minor < 1 || amount.minor > INT64_C(99999999999))
		return fault_set(f, FAULT_INPUT, "an EPC QR code carries 0.01 to 999999999.99 euros");
	if (payee->name.len == 0 || str_count_chars(payee->name) > EPC_NAME_CHARS || str_has_control(payee->name))
		return fault_set(f, FAULT_INPUT, "the payee's name must have 1 to %d characters", EPC_NAME_CHARS);
	buf_format(out, "BCD\n002\n1\nSCT\n%.*s\n%.*s\n%.*s\nEUR%" PRId64 ".%02d\n\n%s", STR_ARG(payee->bic),
		STR_ARG(payee->name), STR_ARG(payee->iban), amount.minor / 100, (int) (amount.minor % 100), reference);
	return out->len - from <= EPC_BYTES || fault_full(f, "the QR code");
}
