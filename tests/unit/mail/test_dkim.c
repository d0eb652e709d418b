/* test_dkim.c: signatures, held against Python's dkim module and against our own recomputation.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/secret.h"
#include "mail/dkim.h"
#include "mail/mime.h"

static struct arena arena;
static struct secret *pem, *pem_ed;
static struct dkim_key *key, *key_ed;
static struct str record, record_ed;
static struct dkim_signer signers[2];

static int set_up(void **state)
{
	struct fault f = {0};

	(void) state;
	arena_init(&arena, "test", 1 << 20);
	if (!dkim_new_key(DKIM_RSA, &pem, &arena, &record, &f) || !dkim_key_open(&key, pem, &f) ||
		!dkim_new_key(DKIM_ED25519, &pem_ed, &arena, &record_ed, &f) || !dkim_key_open(&key_ed, pem_ed, &f))
		return -1;
	signers[0] = (struct dkim_signer){key, STR("mimeo")};
	signers[1] = (struct dkim_signer){key_ed, STR("mimeo-ed")};
	return 0;
}

static int tear_down(void **state)
{
	(void) state;
	dkim_key_close(&key);
	dkim_key_close(&key_ed);
	secret_free(&pem);
	secret_free(&pem_ed);
	arena_release(&arena);
	return 0;
}

static void sign(struct str message, struct buf *out, const char *const *omit)
{
	struct dkim_options options = {.signers = signers, .signer_count = 2, .domain = STR("kestrel.example"),
		.when = {1795180000000000}, .omit = omit};
	struct fault f = {0};

	buf_clear(out);
	assert_true(dkim_sign(&options, message, out, &f));
	assert_true(str_starts(buf_view(out), STR("DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;")));
	assert_true(str_ends(buf_view(out), STR("\r\n")));
	buf_add_str(out, message);
}

static const char verifier[] =
	"import sys\n"
	"try:\n"
	"    import dkim\n"
	"except ImportError:\n"
	"    sys.exit(77)\n"
	"records = {b'mimeo._domainkey.kestrel.example.': sys.argv[1].encode(), b'mimeo-ed._domainkey.kestrel.example.': sys.argv[2].encode()}\n"
	"mail = dkim.DKIM(sys.stdin.buffer.read())\n"
	"got = []\n"
	"for i in range(2):\n" /* a mail that was tampered with must fail by both */
	"    try:\n"
	"        got.append(mail.verify(idx=i, dnsfunc=lambda name, timeout=5: records.get(name)))\n"
	"    except dkim.DKIMException:\n"
	"        got.append(False)\n"
	"sys.exit(0 if got == [True, True] else 1 if got == [False, False] else 2)\n";

/* Exit code of Python's verdict: 0 good, 1 bad, 77 no module, 127 no Python. */
static int ask_python(struct str mail)
{
	int pipes[2];
	int status;
	pid_t child;

	assert_int_equal(pipe(pipes), 0);
	child = fork();
	if (child == 0) {
		char *dns = str_to_c(record, &arena), *dns_ed = str_to_c(record_ed, &arena);

		dup2(pipes[0], 0);
		close(pipes[0]);
		close(pipes[1]);
		(void) !freopen("/dev/null", "w", stderr);
		execl("/usr/bin/python3", "python3", "-c", verifier, dns, dns_ed, (char *) NULL);
		_exit(127);
	}
	close(pipes[0]);
	assert_int_equal(write(pipes[1], mail.at, mail.len), (ssize_t) mail.len);
	close(pipes[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WEXITSTATUS(status);
}

static void verify(struct str mail, bool good)
{
	int verdict = ask_python(mail);

	if (verdict == 77 || verdict == 127) {
		print_message("# skipped: /usr/bin/python3 or its dkim module is not here\n");
		skip();
	}
	assert_int_equal(verdict, good ? 0 : 1);
}

static struct str whole_mail(struct buf *out)
{
	struct mail_message m = {
		.from = {.name = STR("Кестрел Геральд"), .address = STR("news@kestrel.example")},
		.to = {.address = STR("reader@example.org")},
		.subject = STR("Новости недели: что произошло в стране, пока мы спали, и почему об этом молчат"),
		.date = {1795180000000000},
		.message_id = STR("<abc@kestrel.example>"),
		.list_unsubscribe_url = STR("https://kestrel.example/newsletter/unsubscribe/abcdefghijklmnopqrstuvwxyz234567"),
		.list_id = STR("Weekly <weekly.kestrel.example>"),
		.text = STR("Grüße  \n\n.dot\nFrom me\n\n\n"),
		.html = STR("<p>Grüße</p>\n"),
		.boundary = STR("=_b"),
	};
	struct fault f = {0};

	buf_clear(out);
	assert_true(mail_write(&m, out, &f));
	return buf_view(out);
}

static void test_python_verifies(void **state)
{
	static const char *const odd[] = {
		"From: a@b.example\r\nTo: c@d.example\r\nSubject:   many   blanks \t here  \r\n\tfolded\r\n\r\n",
		"From: a@b.example\r\nTo: c@d.example\r\nSubject: x\r\n\r\n\r\n\r\n",
		"From: a@b.example\r\nTo: c@d.example\r\nSubject: x\r\n\r\n  a \t b  \r\n\r\n \t \r\nend\r\n\r\n \r\n\r\n",
		"From: a@b.example\r\nTo: c@d.example\r\nTo: e@f.example\r\nSubject:x\r\n\r\nno newline at the end",
	};
	struct buf mail, signed_mail;

	(void) state;
	buf_init(&mail, 1 << 20);
	buf_init(&signed_mail, 1 << 20);
	sign(whole_mail(&mail), &signed_mail, NULL);
	verify(buf_view(&signed_mail), true);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		sign(str_from(odd[i]), &signed_mail, NULL);
		verify(buf_view(&signed_mail), true);
	}
	buf_release(&signed_mail);
	buf_release(&mail);
}

/* Whatever somebody adds or changes on the way, the signature breaks. */
static void test_python_refuses_changes(void **state)
{
	static const char *const added[] = {"From: forged@evil.example\r\n", "Subject: forged\r\n", "To: x@y.example\r\n",
		"List-Unsubscribe: <https://evil.example/>\r\n", "Reply-To: forged@evil.example\r\n", "Date: never\r\n",
		"Content-Type: text/html\r\n", "Message-ID: <x@y>\r\n", "MIME-Version: 2.0\r\n",
		"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", "List-Id: <x.y>\r\n",
		"Content-Transfer-Encoding: base64\r\n"};
	struct buf mail, signed_mail, changed;

	(void) state;
	buf_init(&mail, 1 << 20);
	buf_init(&signed_mail, 1 << 20);
	buf_init(&changed, 1 << 20);
	sign(whole_mail(&mail), &signed_mail, NULL);
	for (size_t i = 0; i < sizeof(added) / sizeof(added[0]); i++) {
		buf_clear(&changed);
		buf_add_text(&changed, added[i]);
		buf_add_str(&changed, buf_view(&signed_mail));
		verify(buf_view(&changed), false);
	}
	buf_clear(&changed);
	buf_add_str(&changed, buf_view(&signed_mail));
	changed.at[changed.len - 20] ^= 1; /* in the body */
	verify(buf_view(&changed), false);
	buf_release(&changed);
	buf_release(&signed_mail);
	buf_release(&mail);
}

static void test_names_signed(void **state)
{
	static const char *const omit[] = {"Date", "from", NULL};
	struct buf mail, out;
	struct str head, names;

	(void) state;
	buf_init(&mail, 1 << 20);
	buf_init(&out, 1 << 20);
	sign(whole_mail(&mail), &out, NULL);
	head = str_part(buf_view(&out), 0, str_find(buf_view(&out), STR("bh=")));
	names = str_part(head, str_find(head, STR("h=")), SIZE_MAX);
	assert_true(str_starts(names, STR("h=From:From:To:To:Subject:Subject:Date:Date:Message-ID:Message-ID:")));
	assert_true(str_find(names, STR("List-Unsubscribe-Post:")) != SIZE_MAX);
	assert_true(str_find(head, STR("l=")) == SIZE_MAX);
	sign(whole_mail(&mail), &out, omit);
	head = str_part(buf_view(&out), 0, str_find(buf_view(&out), STR("bh=")));
	assert_true(str_find(head, STR("h=From:From:")) != SIZE_MAX); /* From is signed whatever is omitted */
	assert_true(str_find(head, STR("Date")) == SIZE_MAX);
	buf_release(&out);
	buf_release(&mail);
}

/* Known answers: RFC 6376 §3.4.5's body and the empty body's hash. */
static void test_body_hash(void **state)
{
	struct buf out;

	(void) state;
	buf_init(&out, 1 << 16);
	sign(STR("From: a@b.example\r\n\r\n"), &out, NULL);
	assert_true(str_find(buf_view(&out), STR("bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;")) != SIZE_MAX);
	sign(STR("From: a@b.example\r\n\r\n C \r\nD \t E\r\n\r\n\r\n"), &out, NULL);
	/* sha256(" C\r\nD E\r\n") */
	assert_true(str_find(buf_view(&out), STR("bh=unak6JHq0wL+Q1HP7dW1tjBx9FLA6DffoZ0qrLwbbpo=;")) != SIZE_MAX);
	buf_release(&out);
}

static void test_refuses(void **state)
{
	struct dkim_options options = {.signers = signers, .signer_count = 1, .domain = STR("kestrel.example; x=1")};
	struct secret *nonsense = secret_new(STR("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"));
	struct dkim_key *none = NULL;
	struct buf out;
	struct fault f = {0};

	(void) state;
	buf_init(&out, 1 << 16);
	assert_false(dkim_sign(&options, STR("From: a@b\r\n\r\n"), &out, &f));
	assert_int_equal(f.kind, FAULT_INPUT);
	options.domain = STR("kestrel.example");
	fault_clear(&f);
	assert_false(dkim_sign(&options, STR("From: a@b\r\n"), &out, &f));
	fault_clear(&f);
	assert_false(dkim_sign(&options, STR("no header\r\n\r\n"), &out, &f));
	fault_clear(&f);
	assert_false(dkim_key_open(&none, nonsense, &f));
	assert_int_equal(f.kind, FAULT_INPUT);
	assert_null(none);
	secret_free(&nonsense);
	buf_release(&out);
}

static void test_record(void **state)
{
	struct str again;
	struct fault f = {0};

	(void) state;
	assert_true(str_starts(record, STR("v=DKIM1; k=rsa; p=MIIB")));
	assert_true(dkim_dns_record(key, &arena, &again, &f));
	assert_true(str_equal(record, again));
	assert_true(str_starts(record_ed, STR("v=DKIM1; k=ed25519; p=")));
	assert_int_equal(record_ed.len, strlen("v=DKIM1; k=ed25519; p=") + 44);
	assert_true(dkim_dns_record(key_ed, &arena, &again, &f));
	assert_true(str_equal(record_ed, again));
	assert_int_equal(dkim_key_algorithm(key), DKIM_RSA);
	assert_int_equal(dkim_key_algorithm(key_ed), DKIM_ED25519);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_record), cmocka_unit_test(test_names_signed), cmocka_unit_test(test_body_hash),
		cmocka_unit_test(test_refuses), cmocka_unit_test(test_python_verifies),
		cmocka_unit_test(test_python_refuses_changes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
