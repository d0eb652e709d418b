/* bank_epc.c: whom, how much and with which reference, as a European banking app reads it from a code.
 *
 * Decides: the code's lines. Leaves to others: drawing them (qr.c). Runs in: support. The hard thing: none.
 * SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <string.h>
#include "base/buf.h"
#include "base/fault.h"
#include "support/bank.h"

enum { EPC_BYTES = 331, EPC_NAME_CHARS = 70 };

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
