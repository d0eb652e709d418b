/* test_bank.c: a reference that survives people and banks, accounts, QR codes.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "base/buf.h"
#include "base/fault.h"
#include "base/iban.h"
#include "base/rand.h"
#include "base/secret.h"
#include "support/bank.h"
#include "support/qr.h"

static struct secret *key(void)
{
	static struct secret *one;

	if (one == NULL)
		one = secret_new(STR("0123456789abcdef0123456789abcdef"));
	return one;
}

static void a_reference_comes_back_as_it_was(void **state)
{
	(void) state;
	for (int i = 0; i < 2000; i++) {
		char reference[BANK_REFERENCE_CHARS + 1], shown[BANK_SHOWN_CHARS + 1];
		int64_t id = i == 0 ? 1 : i == 1 ? INT64_MAX : rand_id(), back;

		bank_write_reference(key(), id, reference);
		assert_int_equal(strlen(reference), BANK_REFERENCE_CHARS);
		bank_show_reference(reference, shown);
		assert_int_equal(strlen(shown), BANK_SHOWN_CHARS);
		assert_true(bank_find_reference(key(), str_from(reference), &back));
		assert_int_equal(back, id);
		assert_true(bank_find_reference(key(), str_from(shown), &back));
		assert_int_equal(back, id);
	}
}

static void it_is_found_in_what_people_write(void **state)
{
	char reference[BANK_REFERENCE_CHARS + 1], text[256], lower[32];
	int64_t back;

	(void) state;
	bank_write_reference(key(), 77, reference);
	for (size_t i = 0; i <= BANK_REFERENCE_CHARS; i++)
		lower[i] = (char) (reference[i] >= 'A' && reference[i] <= 'Z' ? reference[i] + 32 : reference[i] == '0' ? 'o' : reference[i] == '1' ? 'l' : reference[i]);
	snprintf(text, sizeof(text), "for the RF newspaper: %.4s-%.4s/%.4s %s. thanks!", lower, lower + 4, lower + 8, lower + 12);
	assert_true(bank_find_reference(key(), str_from(text), &back));
	assert_int_equal(back, 77);
	snprintf(text, sizeof(text), "RF18539007547034 %s", reference); /* somebody else's before ours */
	assert_true(bank_find_reference(key(), str_from(text), &back));
	assert_int_equal(back, 77);
	assert_false(bank_find_reference(key(), STR("RF18539007547034"), &back));
	assert_false(bank_find_reference(key(), STR(""), &back));
	assert_int_equal(back, 0);
}

/* One wrong character, or two that changed places: nearly all are told by the check digits; the rest are a number that no gift
 * has, never the next one's. */
static void typing_errors_are_noticed(void **state)
{
	char reference[BANK_REFERENCE_CHARS + 1], wrong[BANK_REFERENCE_CHARS + 1];
	size_t tried = 0, missed = 0;
	int64_t back, id;

	(void) state;
	for (int round = 0; round < 20; round++) {
		id = rand_id();
		bank_write_reference(key(), id, reference);
		for (size_t i = 2; i < BANK_REFERENCE_CHARS; i++) {
			for (const char *c = "0123456789ABCDEFGHJKMNPQRSTVWXYZ>"; *c != '\0'; c++) {
				memcpy(wrong, reference, sizeof(wrong));
				if (*c == '>' && i + 1 < BANK_REFERENCE_CHARS) {
					wrong[i] = reference[i + 1];
					wrong[i + 1] = reference[i];
				} else {
					wrong[i] = *c;
				}
				if (memcmp(wrong, reference, sizeof(wrong)) == 0)
					continue;
				tried++;
				if (!bank_find_reference(key(), str_from(wrong), &back))
					continue;
				missed++;
				assert_true(back < id - 1000000 || back > id + 1000000);
			}
		}
	}
	assert_true(tried > 5000);
	assert_true(missed * 100 < tried);
}

/* Without the room's key a reference is nobody's. */
static void another_key_finds_nothing_of_ours(void **state)
{
	struct secret *other = secret_new(STR("fedcba9876543210fedcba9876543210"));
	char reference[BANK_REFERENCE_CHARS + 1];
	int64_t back;

	(void) state;
	for (int64_t id = 1; id < 500; id++) {
		bank_write_reference(key(), id, reference);
		if (bank_find_reference(other, str_from(reference), &back))
			assert_int_not_equal(back, id);
	}
	secret_free(&other);
}

static void accounts_are_checked(void **state)
{
	char iban[IBAN_CHARS + 1];
	struct fault f = {0};

	(void) state;
	assert_true(iban_read(STR("nl91 abna 0417 1643 00"), iban, &f));
	assert_string_equal(iban, "NL91ABNA0417164300");
	assert_true(iban_read(STR("MT84MALT011000012345MTLCAST001S"), iban, &f));
	assert_false(iban_read(STR("NL92ABNA0417164300"), iban, &f));
	assert_non_null(strstr(f.say, "check digits"));
	fault_clear(&f);
	assert_false(iban_read(STR("NL91-ABNA-0417"), iban, &f));
	fault_clear(&f);
	assert_false(iban_read(STR(""), iban, &f));
	fault_clear(&f);
	assert_false(iban_read(STR("NL91ABNA0417164300NL91ABNA0417164300"), iban, &f));
	assert_true(iban_is_bic(STR("ABNANL2A")) && iban_is_bic(STR("ABNANL2AXXX")));
	assert_false(iban_is_bic(STR("ABNANL2")) || iban_is_bic(STR("abnanl2a")) || iban_is_bic(STR("1BNANL2A")));
}

static void an_epc_code_is_as_the_council_wrote_it(void **state)
{
	const struct bank_payee payee = {STR("The Tern Courier"), STR("NL91ABNA0417164300"), STR("ABNANL2A")};
	struct buf out;
	struct fault f = {0};

	(void) state;
	buf_init(&out, 4096);
	assert_true(bank_write_epc(&out, &payee, (struct money){1230, "EUR"}, "RF18539007547034", &f));
	assert_string_equal(out.at,
		"BCD\n002\n1\nSCT\nABNANL2A\nThe Tern Courier\nNL91ABNA0417164300\nEUR12.30\n\nRF18539007547034");
	buf_clear(&out);
	assert_false(bank_write_epc(&out, &payee, (struct money){1230, "USD"}, "RF18539007547034", &f));
	assert_int_equal(f.kind, FAULT_INPUT);
	fault_clear(&f);
	assert_false(bank_write_epc(&out, &payee, (struct money){0, "EUR"}, "RF18539007547034", &f));
	buf_release(&out);
}

static void a_code_is_drawn(void **state)
{
	struct buf out;
	struct fault f = {0};
	char big[3000];

	(void) state;
	buf_init(&out, 256 * 1024);
	assert_true(qr_write_svg(&out, STR("BCD\n002"), STR("a \"code\" <1>"), &f));
	assert_true(str_starts(buf_view(&out), STR("<svg ")) && str_ends(buf_view(&out), STR("</svg>")));
	assert_int_equal(str_find(buf_view(&out), STR("<1>")), SIZE_MAX);
	buf_clear(&out);
	memset(big, 'x', sizeof(big));
	assert_false(qr_write_svg(&out, str_make(big, sizeof(big)), STR(""), &f));
	assert_int_equal(f.kind, FAULT_FULL);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reference_comes_back_as_it_was),
		cmocka_unit_test(it_is_found_in_what_people_write),
		cmocka_unit_test(typing_errors_are_noticed),
		cmocka_unit_test(another_key_finds_nothing_of_ours),
		cmocka_unit_test(accounts_are_checked),
		cmocka_unit_test(an_epc_code_is_as_the_council_wrote_it),
		cmocka_unit_test(a_code_is_drawn),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
