/* test_report.c: what mails that came back are taken for.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "mail/dns.h"
#include "mail/report.h"
#include "mail/spf.h"
#include "base/arena.h"

#define VERP "aaaaaaaabbbbbbbbccccccccdddddddd"
#define MARK "eeeeeeeeffffffffgggggggghhhhhhhh"
#define LINK "abcdefghijklmnopqrstuvwxyz"

static char work[MAIL_REPORT_WORK_BYTES];
static struct mail_report report;

static enum mail_report_kind read_it(const char *text)
{
	mail_report_read(str_from(text), work, &report);
	return report.kind;
}

static const char original[] = "--b\r\nContent-Type: message/rfc822\r\n\r\nReturn-Path: <bounces+" VERP "@tern.example>\r\n"
	"Message-ID: <" MARK "@tern.example>\r\nList-Unsubscribe: <https://tern.example/newsletter/unsubscribe/" LINK ">\r\n\r\nHi\r\n--b--\r\n";

static const char *dsn(const char *status, const char *action, const char *diagnostic)
{
	static char text[4096];

	snprintf(text, sizeof(text), "From: MAILER-DAEMON@mx.example\r\nTo: bounces+" VERP "@tern.example\r\nAuto-Submitted: auto-replied\r\n"
		"Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"b\"\r\n\r\nMIME\r\n--b\r\n\r\nIt failed: ada@example.org\r\n"
		"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; ada@example.org\r\n"
		"Action: %s\r\nStatus: %s\r\nDiagnostic-Code: smtp; %s\r\n\r\n%s", action, status, diagnostic, original);
	return text;
}

static void test_delivery_reports(void **state)
{
	(void) state;
	assert_int_equal(read_it(dsn("5.1.1", "failed", "550 5.1.1 User unknown")), MAIL_REPORT_HARD);
	assert_string_equal(report.status, "5.1.1");
	assert_int_equal(report.mark_count, 3);
	assert_string_equal(report.marks[0].text, VERP);
	assert_string_equal(report.marks[1].text, MARK);
	assert_string_equal(report.marks[2].text, LINK);
	assert_int_equal(report.marks[2].where, MAIL_MARK_LINK);
	assert_int_equal(read_it(dsn("5.2.2", "failed", "552 5.2.2 Mailbox full")), MAIL_REPORT_SOFT);
	assert_int_equal(read_it(dsn("5.0.0", "failed", "550 5.1.1 no")), MAIL_REPORT_HARD);
	assert_int_equal(read_it(dsn("5.0.0", "failed", "550 No such user here")), MAIL_REPORT_HARD);
	assert_int_equal(read_it(dsn("5.0.0", "failed", "550 rejected as spam, no such user")), MAIL_REPORT_SOFT);
	assert_int_equal(read_it(dsn("5.7.1", "failed", "550 5.7.1 policy")), MAIL_REPORT_SOFT);
	assert_int_equal(read_it(dsn("4.4.7", "failed", "452 4.2.2 expired")), MAIL_REPORT_SOFT);
	assert_int_equal(read_it(dsn("4.4.1", "delayed", "451 later")), MAIL_REPORT_NOTICE);
	assert_int_equal(read_it(dsn("2.0.0", "delivered", "250 ok")), MAIL_REPORT_NOTICE);
	assert_int_equal(read_it(dsn("5.1.1x", "failed", "")), MAIL_REPORT_SOFT); /* no status: not the mailbox */
}

static void test_complaints(void **state)
{
	char text[4096];
	static const struct { const char *type; enum mail_report_kind kind; } types[] = {{"abuse", MAIL_REPORT_COMPLAINT},
		{"FRAUD", MAIL_REPORT_COMPLAINT}, {"opt-out", MAIL_REPORT_COMPLAINT}, {"not-spam", MAIL_REPORT_UNKNOWN},
		{"auth-failure", MAIL_REPORT_UNKNOWN}, {"dmarc", MAIL_REPORT_UNKNOWN}};

	(void) state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		snprintf(text, sizeof(text), "From: fbl@mailfirm.example\nContent-Type: multipart/report; boundary=b; report-type=feedback-report\n\n"
			"--b\n\nThis is a report\n--b\nContent-Type: message/feedback-report\n\nFeedback-Type: %s\nUser-Agent: X/1\nVersion: 1\n\n%s",
			types[i].type, original);
		assert_int_equal(read_it(text), types[i].kind);
		assert_int_equal(report.mark_count, 3);
	}
	/* no ARF: our mail attached */
	snprintf(text, sizeof(text), "From: staff@hotmail.example\nContent-Type: multipart/mixed; boundary=b\n\n%s", original);
	assert_int_equal(read_it(text), MAIL_REPORT_COMPLAINT);
	/* base64, as some gateways make it */
	assert_int_equal(read_it("From: x@y.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/rfc822-headers\n"
		"Content-Transfer-Encoding: base64\n\nTWVzc2FnZS1JRDogPGVlZWVlZWVlZmZmZmZmZmZnZ2dnZ2dnZ2hoaGhoaGhoQHRl\ncm4uZXhhbXBsZT4K\n--b--\n"),
		MAIL_REPORT_COMPLAINT);
	assert_string_equal(report.marks[0].text, MARK);
	/* quoted-printable, with the token broken over two lines */
	assert_int_equal(read_it("From: x@y.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/rfc822-headers\n"
		"Content-Transfer-Encoding: quoted-printable\n\nMessage-ID:=20<eeeeeeeeffffffff=\ngggggggghhhhhhhh=40tern.example>\n--b--\n"),
		MAIL_REPORT_COMPLAINT);
	assert_string_equal(report.marks[0].text, MARK);
}

static void test_others(void **state)
{
	(void) state;
	assert_int_equal(read_it("From: ada@example.org\nAuto-Submitted: auto-replied (vacation)\n\nI am away until 5.1.1.\n"), MAIL_REPORT_AUTO);
	assert_int_equal(read_it("From: ada@example.org\nSubject: hello\n\nThank you.\n"), MAIL_REPORT_UNKNOWN);
	assert_int_equal(read_it("From: ada@example.org\n\n550 5.1.1 I quote a bounce\n"), MAIL_REPORT_UNKNOWN); /* people may write anything */
	/* qmail, exim and others */
	assert_int_equal(read_it("From: MAILER-DAEMON@mx.example\nTo: bounces+" VERP "@tern.example\n\nHi. This is the qmail-send program.\n"
		"<ada@example.org>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 no such user\n"), MAIL_REPORT_HARD);
	assert_string_equal(report.status, "5.1.1");
	assert_int_equal(read_it("From: x@mx.example\nX-Failed-Recipients: ada@example.org\nAuto-Submitted: auto-replied\n\nThe following address "
		"failed:\n  550 Unrouteable address\n"), MAIL_REPORT_HARD);
	assert_int_equal(read_it("Return-Path: <>\nFrom: postmaster@x.example\n\nDelivery failed: 552 mailbox full\n"), MAIL_REPORT_SOFT);
	assert_int_equal(read_it("Return-Path: <>\nFrom: x@x.example\n\nno number\n"), MAIL_REPORT_UNKNOWN);
	assert_int_equal(read_it(""), MAIL_REPORT_UNKNOWN);
	assert_int_equal(read_it("\n\n\n"), MAIL_REPORT_UNKNOWN);
	assert_int_equal(read_it("Content-Type: multipart/report; boundary=\"\"\n\n----\n"), MAIL_REPORT_UNKNOWN);
}

/* Cut anywhere, and with every byte changed, it is read without harm; a cut report never says more than the whole one. */
static void test_cut(void **state)
{
	const char *text = dsn("5.1.1", "failed", "550 5.1.1 User unknown");
	struct str whole = str_from(text);
	char copy[4096];

	(void) state;
	for (size_t i = 0; i <= whole.len; i++) {
		mail_report_read(str_part(whole, 0, i), work, &report);
		assert_true(report.kind == MAIL_REPORT_HARD || report.kind == MAIL_REPORT_SOFT || report.kind == MAIL_REPORT_UNKNOWN ||
			report.kind == MAIL_REPORT_AUTO || report.kind == MAIL_REPORT_NOTICE);
		memcpy(copy, text, whole.len);
		if (i < whole.len)
			copy[i] = (char) (copy[i] ^ 0x80);
		mail_report_read(str_make(copy, whole.len), work, &report);
	}
}

static void test_judge(void **state)
{
	(void) state;
	assert_int_equal(mail_report_judge(550, STR("5.1.1"), STR("x")), MAIL_REPORT_HARD);
	assert_int_equal(mail_report_judge(550, STR("5.1.10"), STR("domain takes no mail")), MAIL_REPORT_HARD);
	assert_int_equal(mail_report_judge(550, STR("5.5.0"), STR("Requested action not taken: mailbox unavailable")), MAIL_REPORT_HARD);
	assert_int_equal(mail_report_judge(550, STR("5.4.1"), STR("Recipient address rejected: Access denied.")), MAIL_REPORT_HARD);
	assert_int_equal(mail_report_judge(550, STR(""), STR("PTR record of client host does not exist")), MAIL_REPORT_SOFT);
	assert_int_equal(mail_report_judge(550, STR(""), STR("go away")), MAIL_REPORT_SOFT);
	assert_int_equal(mail_report_judge(450, STR("5.1.1"), STR("greylisted")), MAIL_REPORT_SOFT);
	assert_int_equal(mail_report_judge(0, STR("4.1.1"), STR("")), MAIL_REPORT_SOFT);
	assert_int_equal(mail_report_judge(554, STR("5.7.26"), STR("DMARC")), MAIL_REPORT_SOFT);
}

/* --- SPF, against a table --- */

static const struct zone { const char *name; enum dns_type type; const char *record; } zone[] = {
	{"four.example", DNS_TXT, "v=spf1 ip4:192.0.2.0/24 -all"}, {"four.example", DNS_TXT, "something else"},
	{"six.example", DNS_TXT, "v=spf1 ip6:2001:db8::/32 ~all"},
	{"inc.example", DNS_TXT, "v=spf1 include:four.example include:six.example ?all"},
	{"red.example", DNS_TXT, "v=spf1 redirect=four.example"},
	{"mx.example", DNS_TXT, "v=spf1 mx a:host.example/30 -all"}, {"mx.example", DNS_MX, "mail.example"},
	{"mail.example", DNS_A, "198.51.100.7"}, {"host.example", DNS_A, "203.0.113.4"},
	{"two.example", DNS_TXT, "v=spf1 -all"}, {"two.example", DNS_TXT, "v=spf1 +all"},
	{"loop.example", DNS_TXT, "v=spf1 include:loop.example -all"},
	{"bad.example", DNS_TXT, "v=spf1 ipv4:1.2.3.4 -all"},
	{"macro.example", DNS_TXT, "v=spf1 exists:%{i}.x.example -all"},
	{"lost.example", DNS_TXT, NULL}, {"v.example", DNS_TXT, "v=spf10 +all"},
};

static void ask_zone(void *self, struct str name, enum dns_type type, struct arena *arena, struct dns_answer *answer)
{
	(void) self;
	(void) arena;
	*answer = (struct dns_answer){.outcome = DNS_NONE};
	for (size_t i = 0; i < sizeof(zone) / sizeof(zone[0]); i++) {
		if (!str_is(name, zone[i].name) || type != zone[i].type)
			continue;
		answer->outcome = zone[i].record == NULL ? DNS_FAILED : DNS_FOUND;
		if (zone[i].record != NULL)
			answer->records[answer->count++] = str_from(zone[i].record);
	}
}

static void test_spf(void **state)
{
	static const struct { const char *domain, *address; enum spf_result result; } cases[] = {
		{"four.example", "192.0.2.77", SPF_PASS}, {"four.example", "192.0.3.1", SPF_FAIL}, {"four.example", "2001:db8::1", SPF_FAIL},
		{"six.example", "2001:db8:5::1", SPF_PASS}, {"six.example", "192.0.2.1", SPF_SOFTFAIL},
		{"inc.example", "192.0.2.1", SPF_PASS}, {"inc.example", "2001:db8::9", SPF_PASS}, {"inc.example", "8.8.8.8", SPF_NEUTRAL},
		{"red.example", "192.0.2.1", SPF_PASS}, {"red.example", "8.8.8.8", SPF_FAIL},
		{"mx.example", "198.51.100.7", SPF_PASS}, {"mx.example", "203.0.113.6", SPF_PASS}, {"mx.example", "203.0.113.8", SPF_FAIL},
		{"two.example", "192.0.2.1", SPF_PERMERROR}, {"loop.example", "192.0.2.1", SPF_PERMERROR},
		{"bad.example", "192.0.2.1", SPF_PERMERROR}, {"macro.example", "192.0.2.1", SPF_UNKNOWN},
		{"none.example", "192.0.2.1", SPF_NONE}, {"v.example", "192.0.2.1", SPF_NONE}, {"lost.example", "192.0.2.1", SPF_TEMPERROR},
		{"four.example", "no address", SPF_PERMERROR},
	};
	const struct dns_asker asker = {ask_zone, NULL};
	struct arena arena;
	struct str record, name;

	(void) state;
	arena_init(&arena, "test", 1 << 20);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum spf_result is = spf_check(&asker, str_from(cases[i].address), str_from(cases[i].domain), &arena, &record);

		if (is != cases[i].result)
			print_error("# %s %s: %s\n", cases[i].domain, cases[i].address, spf_name(is));
		assert_int_equal(is, cases[i].result);
	}
	assert_true(dns_reverse_name(STR("192.0.2.1"), &arena, &name));
	assert_true(str_is(name, "1.2.0.192.in-addr.arpa"));
	assert_true(dns_reverse_name(STR("2001:db8::1"), &arena, &name));
	assert_true(str_is(name, "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"));
	assert_false(dns_reverse_name(STR("x"), &arena, &name));
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_delivery_reports), cmocka_unit_test(test_complaints), cmocka_unit_test(test_others),
		cmocka_unit_test(test_cut), cmocka_unit_test(test_judge), cmocka_unit_test(test_spf),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
