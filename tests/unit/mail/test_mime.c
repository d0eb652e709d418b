/* test_mime.c: mails as bytes: folding, encoded words, parts, and what is refused.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/rand.h"
#include "mail/mime.h"

static struct mail_message sample(void)
{
	return (struct mail_message){
		.from = {.name = STR("The Kestrel Herald"), .address = STR("news@kestrel.example")},
		.to = {.address = STR("reader@example.org")},
		.subject = STR("This week"),
		.date = {1795180000000000},
		.message_id = STR("<abc@kestrel.example>"),
		.text = STR("Hello\n"),
	};
}

static void add_line_check(struct str mail)
{
	struct str line;

	assert_true(str_ends(mail, STR("\r\n")));
	while (str_next(&mail, '\n', &line)) {
		if (line.len == 0)
			continue;
		assert_true(str_ends(line, STR("\r")));
		assert_int_equal(str_find_char(str_part(line, 0, line.len - 1), '\r'), SIZE_MAX);
		assert_true(line.len <= 999);
		for (size_t i = 0; i < line.len; i++)
			assert_true((unsigned char) line.at[i] < 0x80);
	}
}

static struct str header_of(const char *name, struct str value, struct buf *out)
{
	struct fault f = {0};

	buf_clear(out);
	assert_true(mail_write_header(out, name, value, &f));
	return buf_view(out);
}

static void test_header_plain(void **state)
{
	struct buf out;

	(void) state;
	buf_init(&out, 65536);
	assert_true(str_is(header_of("Subject", STR("Short"), &out), "Subject: Short\r\n"));
	assert_true(str_is(header_of("Subject", STR(""), &out), "Subject: \r\n"));
	assert_true(str_is(header_of("Subject",
		STR("one two three four five six seven eight nine ten eleven twelve thirteen fourteen  fifteen"), &out),
		"Subject: one two three four five six seven eight nine ten eleven twelve\r\n thirteen fourteen  fifteen\r\n"));
	buf_release(&out);
}

static void check_width(struct str header)
{
	struct str line;

	while (str_next(&header, '\n', &line))
		assert_true(line.len <= 79);
}

static unsigned from_base64(char c)
{
	const char *digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	return (unsigned) (strchr(digits, c) - digits);
}

static unsigned from_hex(char c)
{
	return c <= '9' ? (unsigned) (c - '0') : (unsigned) (c - 'A') + 10;
}

static void decode_words(struct str header, struct buf *out)
{
	struct str rest = header;

	buf_clear(out);
	for (;;) {
		size_t start = str_find(rest, STR("=?UTF-8?"));
		struct str word, body;
		size_t before = out->len;

		if (start == SIZE_MAX)
			return;
		rest = str_part(rest, start, SIZE_MAX);
		word = str_part(rest, 0, str_find(str_part(rest, 10, SIZE_MAX), STR("?=")) + 12);
		assert_true(word.len <= 75);
		body = str_part(word, 10, word.len - 12);
		if (rest.at[8] == 'B') {
			assert_int_equal(body.len % 4, 0);
			for (size_t i = 0; i < body.len; i += 4) {
				unsigned n = from_base64(body.at[i]) << 18 | from_base64(body.at[i + 1]) << 12;

				if (body.at[i + 2] != '=')
					n |= from_base64(body.at[i + 2]) << 6;
				if (body.at[i + 3] != '=')
					n |= from_base64(body.at[i + 3]);
				buf_add_char(out, (char) (n >> 16));
				if (body.at[i + 2] != '=')
					buf_add_char(out, (char) (n >> 8));
				if (body.at[i + 3] != '=')
					buf_add_char(out, (char) n);
			}
		} else {
			for (size_t i = 0; i < body.len; i++) {
				if (body.at[i] == '_') {
					buf_add_char(out, ' ');
				} else if (body.at[i] == '=') {
					buf_add_char(out, (char) (from_hex(body.at[i + 1]) << 4 | from_hex(body.at[i + 2])));
					i += 2;
				} else {
					buf_add_char(out, body.at[i]);
				}
			}
		}
		/* each word alone is whole UTF-8 */
		assert_true(str_is_utf8(str_part(buf_view(out), before, SIZE_MAX)));
		rest = str_part(rest, word.len, SIZE_MAX);
	}
}

static void test_header_encoded(void **state)
{
	static const char *const texts[] = {
		"Новости недели: что произошло в стране, пока мы спали, и почему об этом никто не говорит вслух до сих пор",
		"أخبار الأسبوع: ما الذي حدث في البلاد بينما كنا نائمين ولماذا لا يتحدث أحد عن ذلك بصوت عال حتى الآن",
		"Café", "a =?UTF-8?Q?trick?= b", "日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語",
		"😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀", "two  blanks é  kept",
		"=_? all \"specials\" (é)"};
	struct buf out, back;

	(void) state;
	buf_init(&out, 65536);
	buf_init(&back, 65536);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct str header = header_of("Subject", str_from(texts[i]), &out);

		check_width(header);
		decode_words(header, &back);
		assert_true(str_is(buf_view(&back), texts[i]));
		add_line_check(header);
	}
	/* every length, so that every position of a character at a word's end occurs */
	for (size_t n = 1; n < 120; n++) {
		struct buf text;
		struct str header;

		buf_init(&text, 4096);
		for (size_t i = 0; i < n; i++)
			buf_add_text(&text, i % 3 == 0 ? "я" : i % 3 == 1 ? "x" : "語");
		header = header_of("Subject", buf_view(&text), &out);
		check_width(header);
		decode_words(header, &back);
		assert_true(str_equal(buf_view(&back), buf_view(&text)));
		buf_release(&text);
	}
	buf_release(&back);
	buf_release(&out);
}

static void test_header_long_word(void **state)
{
	char word[3000];
	struct buf out, back;

	(void) state;
	buf_init(&out, 65536);
	buf_init(&back, 65536);
	memset(word, 'w', sizeof(word));
	decode_words(header_of("Subject", str_make(word, sizeof(word)), &out), &back);
	assert_true(str_equal(buf_view(&back), str_make(word, sizeof(word))));
	memset(word, ' ', 400);
	add_line_check(header_of("Subject", str_make(word, 500), &out));
	/* a display name whose quoting doubles it past a line */
	{
		struct mail_message m = sample();
		struct fault f = {0};

		memset(word, '"', 800);
		m.from.name = str_make(word, 800);
		buf_clear(&out);
		assert_true(mail_write(&m, &out, &f));
		add_line_check(buf_view(&out));
	}
	buf_release(&back);
	buf_release(&out);
}

static void test_injection_refused(void **state)
{
	static const char *const bad[] = {"a\r\nBcc: x@example.org", "a\nb", "a\rb", "tab\there", "\x7f", "bad \xff utf-8",
		"\xc3", "\xed\xa0\x80"};
	struct buf out;

	(void) state;
	buf_init(&out, 65536);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct mail_message m = sample();
		struct mail_header more[] = {{"X-Test", str_from(bad[i])}, {NULL, {NULL, 0}}};
		struct fault f = {0};

		assert_false(mail_write_header(&out, "Subject", str_from(bad[i]), &f));
		assert_int_equal(f.kind, FAULT_INPUT);
		for (int field = 0; field < 8; field++) {
			m = sample();
			if (field == 0)
				m.subject = str_from(bad[i]);
			else if (field == 1)
				m.from.name = str_from(bad[i]);
			else if (field == 2)
				m.to.address = str_from(bad[i]);
			else if (field == 3)
				m.list_unsubscribe_url = str_from(bad[i]);
			else if (field == 4)
				m.message_id = str_from(bad[i]);
			else if (field == 5)
				m.more = more;
			else if (field == 6)
				m.list_id = str_from(bad[i]);
			else
				m.language = str_from(bad[i]);
			fault_clear(&f);
			buf_clear(&out);
			assert_false(mail_write(&m, &out, &f));
			assert_int_equal(f.kind, FAULT_INPUT);
		}
	}
	buf_release(&out);
}

static void test_refuses_what_is_none(void **state)
{
	struct buf out;
	struct fault f = {0};
	struct mail_message m = sample();
	struct mail_header twice[] = {{"from", STR("x")}, {NULL, {NULL, 0}}};
	struct mail_header odd[] = {{"X Y", STR("x")}, {NULL, {NULL, 0}}};

	(void) state;
	buf_init(&out, 65536);
	m.to.address = STR("nobody");
	assert_false(mail_write(&m, &out, &f));
	m = sample();
	m.to.address = STR("a@b>, <c@d");
	fault_clear(&f);
	assert_false(mail_write(&m, &out, &f));
	m = sample();
	m.more = twice;
	fault_clear(&f);
	assert_false(mail_write(&m, &out, &f));
	m.more = odd;
	fault_clear(&f);
	assert_false(mail_write(&m, &out, &f));
	m = sample();
	m.html = STR("<p>x</p>");
	fault_clear(&f);
	assert_false(mail_write(&m, &out, &f)); /* no boundary */
	m.boundary = STR("b1");
	m.html = STR("<p>--b1</p>");
	fault_clear(&f);
	assert_false(mail_write(&m, &out, &f)); /* stands in the text */
	m.boundary = STR("=3D");
	m.html = STR("<p class=x>--=\xc3\xa9</p>"); /* only the encoded form holds it */
	fault_clear(&f);
	assert_false(mail_write(&m, &out, &f));
	buf_release(&out);
}

static void test_whole_mail(void **state)
{
	struct buf out;
	struct fault f = {0};
	struct mail_message m = sample();

	(void) state;
	buf_init(&out, 65536);
	m.from.name = STR("Herald, \"The\" Kestrel");
	m.list_unsubscribe_url =
		STR("https://kestrel.example/newsletter/unsubscribe/abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrstuvwxyz");
	m.list_unsubscribe_mailto = STR("mailto:leave@kestrel.example?subject=leave");
	m.list_id = STR("Weekly, the <weekly.kestrel.example>");
	m.language = STR("en");
	m.automatic = true;
	m.text = STR("Plain\n");
	m.html = STR("<p>Grüße</p>\n");
	m.boundary = STR("=_b1");
	assert_true(mail_write(&m, &out, &f));
	add_line_check(buf_view(&out));
	assert_true(str_is(buf_view(&out),
		"Date: Fri, 20 Nov 2026 13:06:40 +0000\r\n"
		"From: \"Herald, \\\"The\\\" Kestrel\" <news@kestrel.example>\r\n"
		"To: reader@example.org\r\n"
		"Subject: This week\r\n"
		"Message-ID: <abc@kestrel.example>\r\n"
		"List-Id: \"Weekly, the\" <weekly.kestrel.example>\r\n"
		"List-Unsubscribe: "
		"<https://kestrel.example/newsletter/unsubscribe/abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrstuvwxyz>,\r\n"
		" <mailto:leave@kestrel.example?subject=leave>\r\n"
		"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
		"Auto-Submitted: auto-generated\r\n"
		"Content-Language: en\r\n"
		"MIME-Version: 1.0\r\n"
		"Content-Type: multipart/alternative;\r\n boundary=\"=_b1\"\r\n"
		"\r\n"
		"--=_b1\r\n"
		"Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\nPlain\r\n"
		"\r\n--=_b1\r\n"
		"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
		"<p>Gr=C3=BC=C3=9Fe</p>\r\n"
		"\r\n--=_b1--\r\n"));
	m.list_id = STR("News <3 <weekly.kestrel.example>"); /* a name may look like an id's beginning */
	buf_clear(&out);
	assert_true(mail_write(&m, &out, &f));
	assert_true(str_find(buf_view(&out), STR("\r\nList-Id: \"News <3\" <weekly.kestrel.example>\r\n")) != SIZE_MAX);
	m.list_id = STR("Weekly, the <weekly.kestrel.example>");
	/* no one-click without https */
	m.list_unsubscribe_url = STR("http://127.0.0.1:8080/newsletter/unsubscribe/abc");
	buf_clear(&out);
	assert_true(mail_write(&m, &out, &f));
	assert_int_equal(str_find(buf_view(&out), STR("List-Unsubscribe-Post")), SIZE_MAX);
	assert_true(str_find(buf_view(&out), STR("List-Unsubscribe:")) != SIZE_MAX);
	buf_release(&out);
}

static void decode_qp(struct str coded, struct buf *out)
{
	buf_clear(out);
	for (size_t i = 0; i < coded.len; i++) {
		if (coded.at[i] == '\r')
			continue;
		if (coded.at[i] != '=') {
			buf_add_char(out, coded.at[i]);
		} else if (coded.at[i + 1] == '\r') {
			i += 2;
		} else {
			buf_add_char(out, (char) (from_hex(coded.at[i + 1]) << 4 | from_hex(coded.at[i + 2])));
			i += 2;
		}
	}
}

static void test_quoted_printable(void **state)
{
	struct buf out, back, text;

	(void) state;
	buf_init(&out, 1 << 20);
	buf_init(&back, 1 << 20);
	buf_init(&text, 1 << 20);
	rand_fix(7);
	for (int round = 0; round < 300; round++) {
		static const char *const pieces[] = {"a", " ", "\n", "=", ".", "From ", "я", "word ", "\t", "long-word-without-end",
			"\n.", "\nFrom me", "語"};
		struct str coded, line;
		uint32_t n = 1 + rand_below(120);

		buf_clear(&text);
		buf_clear(&out);
		for (uint32_t i = 0; i < n; i++)
			buf_add_text(&text, pieces[rand_below(13)]);
		buf_add_char(&text, '\n');
		mail_write_quoted_printable(&out, buf_view(&text));
		coded = buf_view(&out);
		decode_qp(coded, &back);
		assert_true(str_equal(buf_view(&back), buf_view(&text)));
		add_line_check(coded);
		while (str_next(&coded, '\n', &line)) {
			assert_true(line.len <= 77);
			if (line.len < 2)
				continue;
			assert_true(line.at[0] != '.');
			assert_false(str_starts(line, STR("From ")));
			assert_true(line.at[line.len - 2] != ' ' && line.at[line.len - 2] != '\t');
		}
	}
	/* a lone CR and a NUL are text, not line ends */
	buf_clear(&out);
	mail_write_quoted_printable(&out, str_make("a\rb\0c\r\nd", 8));
	assert_true(str_is(buf_view(&out), "a=0Db=00c\r\nd\r\n"));
	buf_release(&text);
	buf_release(&back);
	buf_release(&out);
}

static void test_full(void **state)
{
	struct buf out;
	struct fault f = {0};
	struct mail_message m = sample();

	(void) state;
	buf_init(&out, 100);
	assert_false(mail_write(&m, &out, &f));
	assert_int_equal(f.kind, FAULT_FULL);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header_plain), cmocka_unit_test(test_header_encoded),
		cmocka_unit_test(test_header_long_word), cmocka_unit_test(test_injection_refused),
		cmocka_unit_test(test_refuses_what_is_none), cmocka_unit_test(test_whole_mail),
		cmocka_unit_test(test_quoted_printable), cmocka_unit_test(test_full),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
