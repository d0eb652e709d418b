/* fuzz_support_rails.c: what comes from PayPal, BTCPay, a bank's child and a wallet, of any bytes: facts that can be kept, or INPUT; and
 * signatures of any bytes are never good. The first byte says whose it is.
 * SPDX-License-Identifier: ISC */
#include <stdint.h>
#include "base/arena.h"
#include "base/fault.h"
#include "base/secret.h"
#include "support/bank.h"
#include "support/monero.h"
#include "support/rail_wire.h"
#include "support/support_inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(struct str text)
{
	if (text.len > 0 && !str_equal(facts_name(text), text))
		__builtin_trap();
}

static void read_events(const struct rail_line *line, struct str text)
{
	struct facts_list list = {0};
	struct fault f = {0};
	struct arena arena;

	arena_init(&arena, "fuzz", 4 << 20);
	if (line->rail->events(line, text, &arena, &list, &f)) {
		for (size_t i = 0; i < list.count; i++) {
			check(list.at[i].event);
			check(list.at[i].payment);
			check(list.at[i].item);
			check(list.at[i].subscription);
			check(list.at[i].code);
			check(list.at[i].ask);
			if (list.at[i].kind >= FACT_KIND_COUNT || list.at[i].amount.minor < 0 || list.at[i].reason.len > FACTS_REASON_BYTES)
				__builtin_trap();
		}
	} else if (f.kind != FAULT_INPUT && f.kind != FAULT_FULL) {
		__builtin_trap();
	}
	arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const struct rail *const all[] = {&rail_paypal, &rail_btcpay, &rail_bank, &rail_monero};
	static struct secret *key;
	struct settings settings = {.bank_iban = STR("NL91ABNA0417164300")};
	struct support support = {.settings = &settings};
	struct paypal_mark mark;
	struct fault f = {0};
	char name[PAYPAL_CERT_CHARS + 1];
	int64_t checkout;
	struct str text;

	if (size == 0)
		return 0;
	if (key == NULL)
		key = secret_new_random(32);
	support.index_key = key;
	text = str_make(bytes + 1, size - 1);
	read_events(&(struct rail_line){.rail = all[bytes[0] % 4], .support = &support}, text);
	(void) bank_find_reference(key, text, &checkout);
	(void) monero_read_subaddress(text);
	(void) paypal_cert_name(text, STR("https://api.paypal.com"), name);
	mark = (struct paypal_mark){text, STR("2026-11-18T11:06:40Z"), text, text, STR("SHA256withRSA")};
	if (paypal_signed(text, STR("W"), &mark, text, clock_now(), &f) ||
		btcpay_signed((const struct secret *const[]){key}, 1, text, STR("{}"), &f))
		__builtin_trap();
	return 0;
}
