/* iban.c: numbers of bank accounts and banks.
 *
 * Decides: their form and check digits. Leaves to others: which countries and lengths there are: a bank says that. Runs in:
 * every process (settings), support. The hard thing: none. SPDX-License-Identifier: ISC */
#include "iban.h"

#include <string.h>
#include "fault.h"

enum { IBAN_LEAST = 15 };

int iban_mod97(struct str text)
{
	unsigned n = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];

		if (c >= '0' && c <= '9')
			n = n * 10 + (unsigned) (c - '0');
		else if (c >= 'A' && c <= 'Z')
			n = n * 100 + (unsigned) (c - 'A') + 10;
		else
			return -1;
		n %= 97;
	}
	return (int) n;
}

bool iban_read(struct str text, char out[IBAN_CHARS + 1], struct fault *f)
{
	char turned[IBAN_CHARS + 1];
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];

		if (c == ' ')
			continue;
		if (c >= 'a' && c <= 'z')
			c = (char) (c - 'a' + 'A');
		if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) || len == IBAN_CHARS)
			return fault_set(f, FAULT_INPUT, "\"%.*s\" is no IBAN: it has letters and digits alone, at most %d",
				STR_ARG(str_part(text, 0, 50)), IBAN_CHARS);
		out[len++] = c;
	}
	out[len] = '\0';
	if (len < IBAN_LEAST || !(out[0] >= 'A' && out[0] <= 'Z' && out[1] >= 'A' && out[1] <= 'Z'))
		return fault_set(f, FAULT_INPUT, "\"%.*s\" is no IBAN: it begins with a country's two letters, such as NL91…",
			STR_ARG(str_part(text, 0, 50)));
	memcpy(turned, out + 4, len - 4);
	memcpy(turned + len - 4, out, 4);
	return iban_mod97(str_make(turned, len)) == 1 ||
		fault_set(f, FAULT_INPUT, "the check digits of the IBAN %s are wrong: look for a typing error", out);
}

bool iban_is_bic(struct str text)
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
