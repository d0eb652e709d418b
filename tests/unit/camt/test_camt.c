/* test_camt.c: statements as banks write them, and files that no bank wrote.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>
#include "base/buf.h"
#include "base/fault.h"
#include "camt/camt.h"

enum { LINES = 32 };

struct got {
	json_t *lines[LINES];
	size_t count;
	struct fault f;
	bool ok;
};

static bool keep(void *self, struct str line)
{
	struct got *got = self;

	assert_true(got->count < LINES);
	assert_true(line.len < 4096); /* a child's line is no longer */
	got->lines[got->count] = json_loadb(line.at, line.len, 0, NULL);
	assert_non_null(got->lines[got->count]);
	got->count++;
	return true;
}

static void forget(struct got *got)
{
	for (size_t i = 0; i < got->count; i++)
		json_decref(got->lines[i]);
}

#define HEAD "<?xml version=\"1.0\"?><Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\"><BkToCstmrStmt><Stmt>" \
	"<Acct><Id><IBAN>NL91ABNA0417164300</IBAN></Id></Acct>"
#define FOOT "</Stmt></BkToCstmrStmt></Document>"

static void read_text(struct got *got, const char *xml)
{
	size_t count;

	memset(got, 0, sizeof(*got));
	got->ok = camt_read(str_from(xml), keep, got, &count, &got->f);
	assert_true(got->ok == (got->f.kind == FAULT_NONE));
	if (got->ok)
		assert_int_equal(count, got->count);
	else
		assert_int_equal(got->f.kind, FAULT_INPUT);
}

static const char *text_of(const struct got *got, size_t i, const char *key)
{
	const char *text = json_string_value(json_object_get(got->lines[i], key));

	assert_non_null(text);
	return text;
}

static void an_entry_is_a_transaction(void **state)
{
	struct got got;

	(void) state;
	read_text(&got, HEAD "<Ntry><Amt Ccy=\"EUR\">12.30</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2026-11-20</Dt></BookgDt>"
		"<AcctSvcrRef>B1</AcctSvcrRef><NtryDtls><TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs><RltdPties><Dbtr><Nm>Nadia Payer</Nm>"
		"</Dbtr><DbtrAcct><Id><IBAN>DE89370400440532013000</IBAN></Id></DbtrAcct></RltdPties><RmtInf><Strd><CdtrRefInf><Ref>RF18539007547034</Ref>"
		"</CdtrRefInf></Strd><Ustrd>tea &amp; paper</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>" FOOT);
	assert_true(got.ok);
	assert_int_equal(got.count, 1);
	assert_string_equal(text_of(&got, 0, "account"), "NL91ABNA0417164300");
	assert_string_equal(text_of(&got, 0, "day"), "2026-11-20");
	assert_string_equal(text_of(&got, 0, "amount"), "12.30");
	assert_string_equal(text_of(&got, 0, "currency"), "EUR");
	assert_string_equal(text_of(&got, 0, "reference"), "B1");
	assert_string_equal(text_of(&got, 0, "text"), "RF18539007547034 tea & paper");
	assert_true(json_is_true(json_object_get(got.lines[0], "credit")));
	assert_false(json_is_true(json_object_get(got.lines[0], "returned")));
	/* whoever paid is nowhere */
	char *all = json_dumps(got.lines[0], 0);
	assert_null(strstr(all, "Nadia"));
	assert_null(strstr(all, "DE89"));
	free(all);
	forget(&got);
}

static void a_batch_is_its_transactions(void **state)
{
	struct got got;

	(void) state;
	read_text(&got, HEAD "<Ntry><Amt Ccy=\"EUR\">30</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><DtTm>2026-11-20T10:00:00</DtTm></BookgDt>"
		"<AcctSvcrRef>B7</AcctSvcrRef><NtryDtls>"
		"<TxDtls><Amt Ccy=\"EUR\">10</Amt><CdtDbtInd>CRDT</CdtDbtInd><RmtInf><Ustrd>one</Ustrd></RmtInf></TxDtls>"
		"<TxDtls><AmtDtls><TxAmt><Amt Ccy=\"EUR\">20</Amt></TxAmt></AmtDtls><RmtInf><Ustrd>two</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>" FOOT);
	assert_true(got.ok);
	assert_int_equal(got.count, 2);
	assert_string_equal(text_of(&got, 0, "reference"), "B7/1");
	assert_string_equal(text_of(&got, 1, "reference"), "B7/2");
	assert_string_equal(text_of(&got, 0, "amount"), "10");
	assert_string_equal(text_of(&got, 1, "amount"), "20");
	assert_string_equal(text_of(&got, 1, "text"), "two");
	assert_string_equal(text_of(&got, 1, "day"), "2026-11-20");
	assert_true(json_is_true(json_object_get(got.lines[1], "credit")));
	forget(&got);
	/* a batch whose parts have no sums stays whole, for a human */
	read_text(&got, HEAD "<Ntry><Amt Ccy=\"EUR\">30</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><AcctSvcrRef>B8</AcctSvcrRef><NtryDtls>"
		"<TxDtls><RmtInf><Ustrd>one</Ustrd></RmtInf></TxDtls><TxDtls><RmtInf><Ustrd>two</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>" FOOT);
	assert_int_equal(got.count, 1);
	assert_string_equal(text_of(&got, 0, "amount"), "30");
	assert_string_equal(text_of(&got, 0, "text"), "");
	forget(&got);
}

static void pending_waits_and_returns_are_marked(void **state)
{
	struct got got;

	(void) state;
	read_text(&got, HEAD "<Ntry><Amt Ccy=\"EUR\">1</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>PDNG</Sts></Ntry>"
		"<Ntry><Amt Ccy=\"EUR\">2</Amt><CdtDbtInd>DBIT</CdtDbtInd><RvslInd>true</RvslInd><Sts>BOOK</Sts></Ntry>"
		"<Ntry><Amt Ccy=\"EUR\">3</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts><NtryDtls><TxDtls><RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf></TxDtls></NtryDtls></Ntry>"
		FOOT);
	assert_true(got.ok);
	assert_int_equal(got.count, 2);
	assert_true(json_is_true(json_object_get(got.lines[0], "returned")));
	assert_true(json_is_true(json_object_get(got.lines[1], "returned")));
	assert_false(json_is_true(json_object_get(got.lines[1], "credit")));
	forget(&got);
}

/* Two gifts of the same sum, day and words are two; the same two in the next statement are those two. */
static void a_nameless_one_is_named_by_what_it_says(void **state)
{
	static const char same[] = "<Ntry><Amt Ccy=\"EUR\">5</Amt><CdtDbtInd>CRDT</CdtDbtInd><BookgDt><Dt>2026-11-20</Dt></BookgDt>"
		"<NtryDtls><TxDtls><RmtInf><Ustrd>gift</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>";
	char first[4096], second[4096];
	struct got one, two;

	(void) state;
	snprintf(first, sizeof(first), HEAD "%s%s" FOOT, same, same);
	snprintf(second, sizeof(second), HEAD "%s%s" FOOT "\n", same, same);
	read_text(&one, first);
	read_text(&two, second);
	assert_int_equal(one.count, 2);
	assert_int_equal(two.count, 2);
	assert_string_not_equal(text_of(&one, 0, "reference"), text_of(&one, 1, "reference"));
	assert_string_equal(text_of(&one, 0, "reference"), text_of(&two, 0, "reference"));
	assert_string_equal(text_of(&one, 1, "reference"), text_of(&two, 1, "reference"));
	forget(&one);
	forget(&two);
}

/* A word in place of a reference is the same for all: two gifts of a day would become one. */
static void a_word_for_no_reference_is_none(void **state)
{
	static const char *const words[] = {"NONREF", "NOTPROVIDED", "0000000000", "-"};
	char xml[4096];
	struct got got;

	(void) state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		snprintf(xml, sizeof(xml), HEAD "<Ntry><Amt Ccy=\"EUR\">5</Amt><CdtDbtInd>CRDT</CdtDbtInd><AcctSvcrRef>%s</AcctSvcrRef></Ntry>"
			"<Ntry><Amt Ccy=\"EUR\">7</Amt><CdtDbtInd>CRDT</CdtDbtInd><AcctSvcrRef>%s</AcctSvcrRef></Ntry>"
			"<Ntry><Amt Ccy=\"EUR\">7</Amt><CdtDbtInd>CRDT</CdtDbtInd><AcctSvcrRef>A1</AcctSvcrRef></Ntry>" FOOT, words[i], words[i]);
		read_text(&got, xml);
		assert_int_equal(got.count, 3);
		assert_string_not_equal(text_of(&got, 0, "reference"), text_of(&got, 1, "reference"));
		assert_string_equal(text_of(&got, 2, "reference"), "A1");
		forget(&got);
	}
}

static void refused(const char *xml, const char *why)
{
	struct got got;

	read_text(&got, xml);
	assert_false(got.ok);
	if (strstr(got.f.say, why) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", got.f.say, why);
	assert_int_equal(got.count, 0);
}

static void document_types_and_entities_are_refused(void **state)
{
	(void) state;
	refused("<?xml version=\"1.0\"?><!DOCTYPE Document [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>" "<Document>&x;</Document>", "DOCTYPE");
	refused("<!DOCTYPE Document [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\">&b;</Document>",
		"DOCTYPE");
	refused("<!DOCTYPE Document SYSTEM \"http://127.0.0.1:9/x.dtd\"><Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\"/>", "DOCTYPE");
	refused("<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\">&x;</Document>", "");
}

static void other_files_are_refused_with_a_sentence(void **state)
{
	char *deep = calloc(1, 100000);
	size_t at = 0;

	(void) state;
	refused("", "empty");
	refused("no xml", "no whole XML");
	refused("<html/>", "camt.053");
	refused("<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.052.001.02\"/>", "camt.053");
	refused(HEAD "<Ntry><Amt", "no whole XML");
	at += (size_t) sprintf(deep, "%s", HEAD);
	for (int i = 0; i < 10000; i++)
		at += (size_t) sprintf(deep + at, "<a>");
	refused(deep, "deeper");
	free(deep);
}

static void long_texts_are_cut_at_a_character(void **state)
{
	char *xml = calloc(1, 20000);
	struct got got;
	size_t at;

	(void) state;
	at = (size_t) sprintf(xml, HEAD "<Ntry><Amt Ccy=\"EUR\">1</Amt><CdtDbtInd>CRDT</CdtDbtInd><NtryDtls><TxDtls><RmtInf>");
	for (int j = 0; j < 3; j++) {
		at += (size_t) sprintf(xml + at, "<Ustrd>x");
		for (int i = 0; i < 1000; i++)
			at += (size_t) sprintf(xml + at, "ж");
		at += (size_t) sprintf(xml + at, "</Ustrd>");
	}
	sprintf(xml + at, "</RmtInf></TxDtls></NtryDtls></Ntry>" FOOT);
	read_text(&got, xml);
	assert_true(got.ok);
	assert_int_equal(got.count, 1);
	assert_true(strlen(text_of(&got, 0, "text")) <= CAMT_TEXT_BYTES);
	assert_true(strlen(text_of(&got, 0, "text")) >= CAMT_TEXT_BYTES - 2);
	forget(&got);
	free(xml);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_is_a_transaction),
		cmocka_unit_test(a_batch_is_its_transactions),
		cmocka_unit_test(pending_waits_and_returns_are_marked),
		cmocka_unit_test(a_nameless_one_is_named_by_what_it_says),
		cmocka_unit_test(a_word_for_no_reference_is_none),
		cmocka_unit_test(document_types_and_entities_are_refused),
		cmocka_unit_test(other_files_are_refused_with_a_sentence),
		cmocka_unit_test(long_texts_are_cut_at_a_character),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
