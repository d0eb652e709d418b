/* settings_rails.c: what mimeo.conf says of each way to give: addresses, the account.
 *
 * Decides: what of their public settings is sound. Leaves to the support room: secrets, and whether a way works. Runs in:
 * every process. The hard thing: none.
 * SPDX-License-Identifier: ISC */
#include "base/fault.h"
#include "base/iban.h"
#include "house/settings_inside.h"

enum { PAYEE_CHARS = 70, GRACE_MOST = 60 };

static bool check_bank(const struct settings *is, struct fault *f)
{
	char iban[IBAN_CHARS + 1];
	struct fault inner = {0};

	if (is->bank_iban.len > 0 && !iban_read(is->bank_iban, iban, &inner))
		return fault_set(f, FAULT_INPUT, "mimeo.conf: [support] bank_iban: %.200s", inner.say);
	if (is->bank_bic.len > 0 && !iban_is_bic(is->bank_bic))
		return fault_set(f, FAULT_INPUT, "mimeo.conf: [support] bank_bic = %.*s: a BIC has 8 or 11 capital letters and digits",
			STR_ARG(str_part(is->bank_bic, 0, 40)));
	if (is->bank_iban.len > 0 && (is->bank_name.len == 0 || str_count_chars(is->bank_name) > PAYEE_CHARS))
		return fault_set(f, FAULT_INPUT, "mimeo.conf: [support] bank_name: write to whom the account belongs, at most %d characters",
			PAYEE_CHARS);
	return true;
}

struct str settings_checkout_origins(const struct settings *settings, struct arena *arena)
{
	struct str out = {NULL, 0};

	for (size_t i = 0; i < settings->rails.count; i++) {
		struct str rail = settings->rails.items[i];
		struct str origin = str_is(rail, "stripe") ? settings->stripe_checkout : str_is(rail, "paypal") ? settings->paypal_checkout :
			str_is(rail, "btcpay") ? settings->btcpay_url : (struct str){NULL, 0};

		if (str_is(rail, "stripe") && !str_equal(settings->stripe_portal, settings->stripe_checkout))
			origin = str_format(arena, "%.*s %.*s", STR_ARG(origin), STR_ARG(settings->stripe_portal));
		if (origin.len > 0)
			out = out.len > 0 ? str_format(arena, "%.*s %.*s", STR_ARG(out), STR_ARG(origin)) : origin;
	}
	return out;
}

bool settings_check_rails(const struct settings *is, struct fault *f)
{
	struct money rate;
	struct fault inner = {0};

	if (is->monero_rate.len > 0 && (!money_parse(is->monero_rate, is->currency, &rate, &inner) || rate.minor <= 0))
		return fault_set(f, FAULT_INPUT, "mimeo.conf: [support] monero_rate = %.*s: write what 1 XMR is worth, such as 158.30",
			STR_ARG(str_part(is->monero_rate, 0, 40)));
	if (is->push_grace < 1 || is->push_grace > GRACE_MOST)
		return fault_set(f, FAULT_INPUT, "mimeo.conf: [support] push_grace is a number of days from 1 to %d", GRACE_MOST);
	return check_bank(is, f) && settings_check_origin("[support] paypal_api", is->paypal_api, f)
		&& settings_check_origin("[support] paypal_checkout", is->paypal_checkout, f)
		&& settings_check_origin("[support] paypal_certs", is->paypal_certs, f)
		&& (is->btcpay_url.len == 0 || settings_check_origin("[support] btcpay_url", is->btcpay_url, f));
}
