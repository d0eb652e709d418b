/* money.c: amounts in minor units, and ISO 4217's digits.
 *
 * Decides: which currencies exist (ISO 4217 list one in 2026: with XCG and ZWG, without ANG, BGN, HRK and SLL) and how
 * many digits each has. Leaves to others: what a provider or a reader's language makes of them. Runs in: support, front
 * (forms), desk. The hard thing: nothing here ever passes through a float.
 * SPDX-License-Identifier: ISC */
#include "money.h"

#include <string.h>
#include "fault.h"

enum { CODE_BYTES = 3 };

/* Codes of one number of digits, each followed by a space. */
static const struct {
	int digits;
	const char *codes;
} currencies[] = {
	{2, "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC "
		"CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR "
		"JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD "
		"NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN "
		"SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UZS VED VES WST XCD XCG YER ZAR ZMW ZWG "},
	{0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF "},
	{3, "BHD IQD JOD KWD LYD OMR TND "},
	{4, "CLF UYW "},
	{12, "XMR "}, /* none of ISO's: the books hold coins as coins */
};

int money_digits(struct str code)
{
	if (code.len != CODE_BYTES)
		return -1;
	for (size_t i = 0; i < sizeof(currencies) / sizeof(currencies[0]); i++) {
		struct str rest = str_from(currencies[i].codes);
		struct str known;

		while (str_next(&rest, ' ', &known))
			if (str_equal(known, code))
				return currencies[i].digits;
	}
	return -1;
}

static bool add_digit(int64_t *n, char c)
{
	return c >= '0' && c <= '9' && !__builtin_mul_overflow(*n, 10, n) && !__builtin_add_overflow(*n, c - '0', n);
}

/* The amount in minor units; false if it is not a plain number that fits. */
static bool parse_minor(struct str text, int digits, int64_t *out)
{
	size_t point = str_find_char(text, '.');
	struct str whole = str_part(text, 0, point);
	struct str part = point == SIZE_MAX ? (struct str){NULL, 0} : str_part(text, point + 1, SIZE_MAX);
	int64_t n = 0;

	if (whole.len == 0 || (point != SIZE_MAX && part.len == 0) || part.len > (size_t) digits)
		return false;
	for (size_t i = 0; i < whole.len; i++)
		if (!add_digit(&n, whole.at[i]))
			return false;
	for (size_t i = 0; i < (size_t) digits; i++)
		if (!add_digit(&n, i < part.len ? part.at[i] : '0'))
			return false;
	*out = n;
	return true;
}

bool money_parse(struct str text, struct str code, struct money *out, struct fault *f)
{
	int digits = money_digits(code);
	struct money money = {0};

	if (digits < 0)
		return fault_set(f, FAULT_INPUT, "\"%.*s\" is no currency; write a code like USD or EUR",
			STR_ARG(str_part(code, 0, 8)));
	if (!parse_minor(str_trim(text), digits, &money.minor))
		return fault_set(f, FAULT_INPUT, "\"%.*s\" is no amount in %.*s; write it with at most %d digits after a point",
			STR_ARG(str_part(text, 0, 24)), STR_ARG(code), digits);
	memcpy(money.code, code.at, CODE_BYTES);
	*out = money;
	return true;
}

bool money_add(struct money *sum, struct money more)
{
	int64_t total;

	if (memcmp(sum->code, more.code, sizeof(sum->code)) != 0)
		return false;
	if (__builtin_add_overflow(sum->minor, more.minor, &total))
		return false;
	sum->minor = total;
	return true;
}
