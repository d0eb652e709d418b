/* test_stencil.c: a content that was cut once is, for every word, what it would have been if it had been written for it.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "base/buf.h"
#include "base/fault.h"
#include "mail/mime.h"
#include "mail/stencil.h"

static const char word_a[] = "abcdefghijklmnopqrstuvwxyz", word_b[] = "nopqrstuvwxyzabcdefghijklm";

/* `before` characters, then a link with the word; now and then what quoted-printable, DKIM or SMTP look at. */
static void write_content(struct buf *out, size_t before, const char *filler, const char *word, bool html)
{
	struct mail_message m = {.boundary = STR("=_0123456789abcdef")};
	struct buf text, rich;
	struct fault f = {0};

	buf_init(&text, 100000);
	buf_init(&rich, 100000);
	for (size_t i = 0; i < before || (filler[i % strlen(filler)] & 0xc0) == 0x80; i++) /* whole characters */
		buf_add_char(&text, filler[i % strlen(filler)]);
	buf_format(&text, " https://tern.example/newsletter/unsubscribe/%s?lang=ru From here.\n.\nFrom \n  \n%s\n\n\n", word, word);
	buf_format(&rich, "<p>\t  Неделя</p>\n<a href=\"https://tern.example/newsletter/unsubscribe/%s\">x</a>   \n%.*s\n", word, STR_ARG(buf_view(&text)));
	m.text = buf_view(&text);
	if (html)
		m.html = buf_view(&rich);
	buf_clear(out);
	assert_true(mail_write_content(&m, out, &f));
	buf_release(&rich);
	buf_release(&text);
}

static void check_word(struct mail_stencil *stencil, size_t before, const char *filler, const char *word, bool html)
{
	unsigned char hash[DKIM_DIGEST_BYTES], wanted[DKIM_DIGEST_BYTES];
	struct fault f = {0};
	struct buf whole;
	struct str headers, rest;
	size_t end;

	buf_init(&whole, 200000);
	write_content(&whole, before, filler, word, html);
	assert_true(mail_stencil_fill(stencil, str_from(word), hash, &f));
	headers = mail_stencil_headers(stencil);
	rest = mail_stencil_rest(stencil);
	assert_int_equal(headers.len + rest.len, whole.len);
	assert_memory_equal(whole.at, headers.at, headers.len);
	assert_memory_equal(whole.at + headers.len, rest.at, rest.len);
	end = str_find(buf_view(&whole), STR("\r\n\r\n"));
	assert_int_equal(end + 2, headers.len);
	assert_true(dkim_hash_body(str_part(buf_view(&whole), end + 4, SIZE_MAX), wanted, &f));
	assert_memory_equal(hash, wanted, sizeof(hash));
	buf_release(&whole);
}

/* The word at every column, so that each soft line break falls into it once; text alone, with HTML, 7-bit and not. */
static void test_every_column(void **state)
{
	static const char *const fillers[] = {"x", "a ", "Привет ", "=", ".\n", "  \t"};
	static const char *const words[] = {"zzzzzzzzzzzzzzzzzzzzzzzzzz", "22222222222222222222222222", "abcdefghijklmnopqrstuvwxyz", "q7q7q7q7q7q7q7q7q7q7q7q7q7"};
	struct buf a, b;

	(void) state;
	buf_init(&a, 200000);
	buf_init(&b, 200000);
	for (size_t i = 0; i < sizeof(fillers) / sizeof(fillers[0]); i++)
		for (size_t before = 0; before < 170; before++) {
			bool html = before % 2 == 1;
			struct mail_stencil *stencil = NULL;

			write_content(&a, before / 2, fillers[i], word_a, html);
			write_content(&b, before / 2, fillers[i], word_b, html);
			assert_true(mail_stencil_cut(&stencil, buf_view(&a), str_from(word_a), buf_view(&b), str_from(word_b)));
			for (size_t j = 0; j < sizeof(words) / sizeof(words[0]); j++)
				check_word(stencil, before / 2, fillers[i], words[j], html);
			mail_stencil_free(&stencil);
			assert_null(stencil);
		}
	buf_release(&a);
	buf_release(&b);
}

static bool cuts(const char *a, const char *b)
{
	struct mail_stencil *stencil = NULL;
	bool ok = mail_stencil_cut(&stencil, str_from(a), STR("abc"), str_from(b), STR("bca"));

	mail_stencil_free(&stencil);
	return ok;
}

/* What differs in another way, or not at all, or in its headers, is no stencil: such mails are written one by one. */
static void test_what_cannot_be_cut(void **state)
{
	(void) state;
	assert_true(cuts("T: x\r\n\r\nhello abc.\r\n", "T: x\r\n\r\nhello bca.\r\n"));
	assert_true(cuts("T: x\r\n\r\na=\r\nbc\r\n", "T: x\r\n\r\nb=\r\nca\r\n"));
	assert_false(cuts("T: x\r\n\r\nhello\r\n", "T: x\r\n\r\nhello\r\n"));
	assert_false(cuts("T: x\r\n\r\nhello abc.\r\n", "T: x\r\n\r\nhello bca\r\n"));
	assert_false(cuts("T: x\r\n\r\nhello abc\r\n", "T: x\r\n\r\nhello bcx\r\n"));
	assert_false(cuts("T: x\r\n\r\nhello ab\r\n", "T: x\r\n\r\nhello bc\r\n"));
	assert_false(cuts("T: abc\r\n\r\nabc\r\n", "T: bca\r\n\r\nbca\r\n"));
	assert_false(cuts("abc", "bca"));
	assert_false(cuts("", ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_column), cmocka_unit_test(test_what_cannot_be_cut)};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
