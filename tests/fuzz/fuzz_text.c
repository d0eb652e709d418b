/* fuzz_text.c: the small readers of text: numbers, amounts, UTF-8, pieces; held against simpler ways to the same answer.
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/arena.h"
#include "base/fault.h"
#include "base/money.h"
#include "base/must.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_number(struct str text, struct arena *arena)
{
	const char *c = str_to_c(text, arena);
	char *end = NULL;
	int64_t n;

	must(c != NULL);
	if (!str_to_i64(text, &n))
		return;
	errno = 0;
	must(strtoll(c, &end, 10) == n && errno == 0 && (size_t) (end - c) == text.len);
}

static void check_amount(struct str text, const char *code)
{
	struct fault f = {0};
	struct money money;
	struct money sum;

	if (!money_parse(text, str_from(code), &money, &f)) {
		must(f.kind == FAULT_INPUT);
		return;
	}
	must(money.minor >= 0 && strcmp(money.code, code) == 0);
	sum = money;
	must(money_add(&sum, money) == (money.minor <= INT64_MAX / 2));
}

/* Decodes without a table: each character from its bits, written back, must be the same bytes. */
static bool is_utf8_the_slow_way(struct str s)
{
	const unsigned char *at = (const unsigned char *) s.at;

	for (size_t i = 0; i < s.len;) {
		unsigned lead = at[i];
		size_t more = lead < 0x80 ? 0 : lead < 0xc0 ? 9 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : lead < 0xf8 ? 3 : 9;
		static const unsigned least[] = {0, 0x80, 0x800, 0x10000};
		unsigned c = more == 0 ? lead : lead & (0x3fU >> more);

		if (more == 9 || i + more >= s.len)
			return false;
		for (size_t k = 1; k <= more; k++) {
			if ((at[i + k] & 0xc0) != 0x80)
				return false;
			c = c << 6 | (at[i + k] & 0x3fU);
		}
		if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
			return false;
		i += more + 1;
	}
	return true;
}

static void check_pieces(struct str text)
{
	struct str rest = text;
	struct str piece;
	size_t total = 0;
	size_t count = 0;

	while (str_next(&rest, ',', &piece)) {
		must(str_find_char(piece, ',') == SIZE_MAX);
		total += piece.len;
		count++;
	}
	must(text.at == NULL || total + count - 1 == text.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct str text = str_make(bytes, size);
	struct arena arena;

	arena_init(&arena, "fuzz", 1 << 24);
	check_number(text, &arena);
	check_amount(text, "USD");
	check_amount(text, "JPY");
	check_amount(text, "KWD");
	(void) money_digits(text);
	must(str_is_utf8(text) == is_utf8_the_slow_way(text));
	check_pieces(text);
	must(str_trim(str_trim(text)).len == str_trim(text).len);
	must(str_count_chars(text) <= size);
	arena_release(&arena);
	return 0;
}
