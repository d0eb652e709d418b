/* What readers type and settings say: addresses and amounts. And files built into the program.
 * SPDX-License-Identifier: ISC */
#include "base_test.h"
#include "base/email.h"
#include "base/embed.h"
#include "base/money.h"

static void addresses_that_pass(void **state)
{
	static const char *const good[] = {
		"name@example.org", "a@b.co", "first.last+tag@sub.example.org", "o'neil@example.org", "x@localhost",
		"!#$%&'*+-/=?^_`{|}~@example.org", "1@xn--bcher-kva.example", "a@1.example", "A.B@EXAMPLE.ORG",
		"1234567890123456789012345678901234567890123456789012345678901234@example.org",
	};
	struct fault f = {0};
	struct email email;

	(void) state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_no_fault(email_parse(str_from(good[i]), &email, &f), &f);
		assert_str(email_text(&email), good[i]);
	}
	assert_no_fault(email_parse(STR(" \tname@example.org\r\n"), &email, &f), &f);
	assert_str(email_text(&email), "name@example.org");
}

/* A domain in other letters becomes A-labels, a local part keeps its own, composed. */
static void addresses_in_other_letters(void **state)
{
	static const char *const pairs[][2] = {
		{"a@m\xc3\xbcller.example", "a@xn--mller-kva.example"}, {"A.b+c@B\xc3\x9c" "CHER.example", "A.b+c@xn--bcher-kva.example"},
		{"jos\xc3\xa9@example.org", "jos\xc3\xa9@example.org"}, {"jose\xcc\x81@example.org", "jos\xc3\xa9@example.org"},
		{"\xd0\xb8\xd0\xb2\xd0\xb0\xd0\xbd@\xd0\xbf\xd1\x80\xd0\xb8\xd0\xbc\xd0\xb5\xd1\x80.\xd1\x80\xd1\x84",
			"\xd0\xb8\xd0\xb2\xd0\xb0\xd0\xbd@xn--e1afmkfd.xn--p1ai"},
	};
	struct fault f = {0};
	struct email email;

	(void) state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		assert_no_fault(email_parse(str_from(pairs[i][0]), &email, &f), &f);
		assert_str(email_text(&email), pairs[i][1]);
		assert_int_equal(email_is_utf8(&email), i >= 2);
	}
}

static void addresses_that_do_not(void **state)
{
	static const char *const bad[] = {
		"", " ", "name", "@", "@example.org", "name@", "a@b@example.org", "a b@example.org", "a@exa mple.org",
		".a@example.org", "a.@example.org", "a..b@example.org", "\"a b\"@example.org", "a@[127.0.0.1]", "a@127.0.0.1",
		"a@example", "a@example.123", "a@-example.org", "a@example-.org", "a@example..org", "a@.example.org",
		"a@example.org.", "a@exam_ple.org", "name@example.org\nBcc: b@example.org", "name@example.org\r",
		"a\r\nDATA@example.org", "<a@example.org>", "Name <a@example.org>", "a@example.org>", "a,b@example.org",
		"a@example.org,b@example.org", "a;b@example.org", "a(x)@example.org", "a\\@example.org", "a:b@example.org",
		"a\x7f@example.org", "a\xff@example.org", "a\xe2\x80\xae@example.org", "a\xe2\x80\xa8" "b@example.org", "a\xc2\xa0" "b@example.org",
		"jos\xc3\xa9@exa mple.org", "jos\xc3\xa9 x@example.org", "<jos\xc3\xa9@example.org>", "a@m\xc3\xbcller", "a@\xe2\x98\x83\xe2\x80\x8b.example",
		"\xc3\xa9@\xc3\xa9@example.org", "\xc3\xa9..x@example.org", "a@-\xc3\xa9.example",
		"12345678901234567890123456789012345678901234567890123456789012345@example.org",
		"a@1234567890123456789012345678901234567890123456789012345678901234.org",
	};
	struct fault f = {0};
	struct email email;

	(void) state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct str text = str_from(bad[i]);

		if (email_parse(text, &email, &f)) {
			if (text.at[text.len - 1] != '\r') /* white space at the ends is trimmed */
				fail_msg("\"%s\" passed", bad[i]);
			continue;
		}
		assert_int_equal(f.kind, FAULT_INPUT);
		if (strstr("this is no e-mail address; write one like name@example.org", bad[i]) == NULL)
			assert_null(strstr(f.say, bad[i])); /* nobody's address in a fault */
		fault_clear(&f);
	}
	assert_false(email_parse(STR("a\0@example.org"), &email, &f));
	fault_clear(&f);
	assert_false(email_parse(STR("a@example.org\0"), &email, &f));
	fault_clear(&f);
	assert_false(email_parse((struct str){NULL, 0}, &email, &f));
}

static void the_longest_address(void **state)
{
	char text[300];
	struct fault f = {0};
	struct email email;

	(void) state;
	memset(text, 'a', sizeof(text));
	text[64] = '@';
	for (size_t i = 64 + 60; i < 250; i += 60)
		text[i] = '.';
	assert_no_fault(email_parse(str_make(text, 254), &email, &f), &f);
	assert_int_equal(email_text(&email).len, 254);
	assert_int_equal(email.text[254], '\0');
	assert_false(email_parse(str_make(text, 255), &email, &f));
	assert_fault(&f, FAULT_INPUT, "too long");
}

static void forms_of_an_address(void **state)
{
	char canonical[EMAIL_BYTES + 1];
	char redacted[16];
	struct fault f = {0};
	struct email email;

	(void) state;
	assert_true(email_parse(STR("First.Last@Example.ORG"), &email, &f));
	assert_str(email_canonical(&email, canonical), "first.last@example.org");
	assert_str(email_domain(&email), "Example.ORG");
	assert_str(email_redacted(&email, redacted), "email(24)");
	assert_int_equal(email_domain(&(struct email){0}).len, 0);
}

static void digits_of_currencies(void **state)
{
	(void) state;
	assert_int_equal(money_digits(STR("USD")), 2);
	assert_int_equal(money_digits(STR("EUR")), 2);
	assert_int_equal(money_digits(STR("JPY")), 0);
	assert_int_equal(money_digits(STR("KWD")), 3);
	assert_int_equal(money_digits(STR("CLF")), 4);
	assert_int_equal(money_digits(STR("ZWG")), 2);
	assert_int_equal(money_digits(STR("usd")), -1);
	assert_int_equal(money_digits(STR("US")), -1);
	assert_int_equal(money_digits(STR("D A")), -1);
	assert_int_equal(money_digits(STR("USDX")), -1);
	assert_int_equal(money_digits(STR("   ")), -1);
	assert_int_equal(money_digits(STR("")), -1);
}

static int64_t minor(const char *text, const char *code)
{
	struct fault f = {0};
	struct money money;

	assert_no_fault(money_parse(str_from(text), str_from(code), &money, &f), &f);
	assert_string_equal(money.code, code);
	return money.minor;
}

static void amounts(void **state)
{
	static const char *const bad[] = {"", ".", "5.", ".5", "-5", "+5", "5,00", "5.001", "1e3", "0x5", "5 0", "1.2.3",
		"92233720368547758.08", "99999999999999999999", "\xd9\xa5", "5$", "nan"};
	struct fault f = {0};
	struct money money = {.minor = 77};

	(void) state;
	assert_int_equal(minor("5", "USD"), 500);
	assert_int_equal(minor("5.00", "USD"), 500);
	assert_int_equal(minor(" 1234.5 ", "USD"), 123450);
	assert_int_equal(minor("0", "USD"), 0);
	assert_int_equal(minor("007", "USD"), 700);
	assert_int_equal(minor("500", "JPY"), 500);
	assert_int_equal(minor("1.234", "KWD"), 1234);
	assert_int_equal(minor("92233720368547758.07", "USD"), INT64_MAX);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (money_parse(str_from(bad[i]), STR("USD"), &money, &f))
			fail_msg("\"%s\" passed", bad[i]);
		assert_fault(&f, FAULT_INPUT, "is no amount in USD");
		assert_int_equal(money.minor, 77);
	}
	assert_false(money_parse(STR("5.0"), STR("JPY"), &money, &f));
	assert_fault(&f, FAULT_INPUT, "at most 0 digits");
	assert_false(money_parse(STR("5"), STR("XYZ"), &money, &f));
	assert_fault(&f, FAULT_INPUT, "no currency");
}

static void sums(void **state)
{
	struct money sum = {INT64_MAX - 1, "USD"};

	(void) state;
	assert_true(money_add(&sum, (struct money){1, "USD"}));
	assert_false(money_add(&sum, (struct money){1, "USD"}));
	assert_false(money_add(&sum, (struct money){-1, "EUR"}));
	assert_int_equal(sum.minor, INT64_MAX);
}

static void embedded_files_are_found(void **state)
{
	const struct embed_file table[] = {
		{"a.css", STR("1")}, {"b", STR("2")}, {"b.css", STR("3")}, {NULL, {NULL, 0}},
	};

	(void) state;
	assert_str(embed_find(table, STR("a.css"))->text, "1");
	assert_str(embed_find(table, STR("b.css"))->text, "3");
	assert_str(embed_find(table, STR("b"))->text, "2");
	assert_null(embed_find(table, STR("")));
	assert_null(embed_find(table, STR("a")));
	assert_null(embed_find(table, STR("c")));
	assert_null(embed_find(table + 3, STR("a.css")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_that_pass),
		cmocka_unit_test(addresses_in_other_letters), cmocka_unit_test(addresses_that_do_not),
		cmocka_unit_test(the_longest_address),
		cmocka_unit_test(forms_of_an_address),
		cmocka_unit_test(digits_of_currencies),
		cmocka_unit_test(amounts),
		cmocka_unit_test(sums),
		cmocka_unit_test(embedded_files_are_found),
	};

	return RUN(tests);
}
