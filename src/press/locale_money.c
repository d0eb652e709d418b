/* locale_money.c: sums as a reader writes and reads them.
 *
 * Decides: signs of currencies, and what a typed "1.234,50" means. Leaves to others: limits and what the sum is for.
 * Runs in: support, desk's bake. The hard thing: '.' and ',' change their meaning with the language; what could mean
 * two sums is refused rather than guessed.
 * SPDX-License-Identifier: ISC */
#include "locale.h"

#include "base/arena.h"
#include "base/fault.h"
#include "locale_inside.h"

struct str locale_currency_sign(struct str code)
{
	static const struct {
		char code[4];
		const char *sign;
	} signs[] = {
		{"USD", "$"}, {"EUR", "€"}, {"GBP", "£"}, {"JPY", "¥"}, {"CNY", "¥"}, {"RUB", "₽"}, {"UAH", "₴"}, {"KZT", "₸"},
		{"GEL", "₾"}, {"AMD", "֏"}, {"AZN", "₼"}, {"TRY", "₺"}, {"ILS", "₪"}, {"INR", "₹"}, {"KRW", "₩"}, {"PLN", "zł"},
		{"CZK", "Kč"}, {"CAD", "CA$"}, {"AUD", "A$"}, {"SEK", "kr"}, {"NOK", "kr"}, {"DKK", "kr"}, {"BRL", "R$"},
	};
	size_t i;

	for (i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (str_is(code, signs[i].code))
			return str_from(signs[i].sign);
	return code;
}

struct str locale_money(const struct locale *locale, struct money money, bool is_short, struct arena *arena)
{
	int known = money_digits(str_from(money.code)), digits = known < 0 ? 0 : known > 12 ? 12 : known;
	uint64_t minor = money.minor < 0 ? -(uint64_t) money.minor : (uint64_t) money.minor;
	uint64_t unit = 1;
	struct buf buf;
	struct str amount;
	struct str text;
	char cents[32];
	int i;

	for (i = 0; i < digits; i++)
		unit *= 10;
	buf_init(&buf, 1024);
	locale_grouped(locale, &buf, minor / unit);
	if (digits > 0 && !(is_short && minor % unit == 0)) {
		snprintf(cents, sizeof(cents), "%0*llu", digits, (unsigned long long) (minor % unit));
		for (i = digits; i > 4 && cents[i - 1] == '0'; i--) /* coins have digits that nobody needs */
			cents[i - 1] = '\0';
		buf_add_str(&buf, locale->decimal);
		locale_digits(locale, &buf, str_from(cents));
	}
	amount = str_copy(buf_view(&buf), arena);
	buf_clear(&buf);
	if (locale->is_rtl)
		buf_add_text(&buf, "\xe2\x81\xa6"); /* LRI … PDI: the sign stays on its side of the number */
	if (money.minor < 0)
		buf_add_text(&buf, "−");
	locale_write(&buf, locale->money, (const struct locale_pair[]){{"sign", locale_currency_sign(str_from(money.code))},
		{"amount", amount}, {NULL, {NULL, 0}}});
	if (locale->is_rtl)
		buf_add_text(&buf, "\xe2\x81\xa9");
	text = str_copy(buf_view(&buf), arena);
	buf_release(&buf);
	return text;
}

/* --- reading --- */

enum { TYPED_BYTES = 64, TYPED_DIGITS = 12 };

/* What was typed in plain ASCII: digits, '.' and ','. */
struct typed {
	char text[TYPED_BYTES + 1];
	size_t len;
};

/* The digit that a UTF-8 sequence at `at` stands for, or '.' ',' ' '; '\0' for anything else. */
static char simplify(struct str at, size_t *width)
{
	static const struct {
		const char *bytes;
		char instead;
	} signs[] = {
		{"\xd9\xab", '.'},          /* Arabic decimal */
		{"\xd9\xac", ','},          /* Arabic thousands */
		{"\xd8\x8c", ','},          /* Arabic comma */
		{"\xc2\xa0", ' '}, {"\xe2\x80\xaf", ' '}, {"\xe2\x80\x89", ' '}, {"\xe2\x80\x99", ' '}, /* spaces; Swiss ’ */
		{"\xe2\x80\x8e", ' '}, {"\xe2\x80\x8f", ' '}, {"\xe2\x81\xa6", ' '}, {"\xe2\x81\xa8", ' '},
			{"\xe2\x81\xa9", ' '},
	};
	unsigned char c = (unsigned char) at.at[0];
	unsigned char next = at.len > 1 ? (unsigned char) at.at[1] : 0;
	size_t i;

	*width = 1;
	if ((c >= '0' && c <= '9') || c == '.' || c == ',')
		return (char) c;
	if (c == ' ' || c == '\'' || c == '\t')
		return ' ';
	*width = 2;
	if (c == 0xd9 && next >= 0xa0 && next <= 0xa9)
		return (char) ('0' + (next - 0xa0));
	if (c == 0xdb && next >= 0xb0 && next <= 0xb9)
		return (char) ('0' + (next - 0xb0));
	for (i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		*width = strlen(signs[i].bytes);
		if (str_starts(at, str_make(signs[i].bytes, *width)))
			return signs[i].instead;
	}
	*width = 1;
	return '\0';
}

static struct str without_sign(struct str text, struct str code)
{
	struct str sign = locale_currency_sign(code);

	text = str_trim(text);
	if (str_starts(text, sign))
		text = str_part(text, sign.len, SIZE_MAX);
	else if (str_ends(text, sign))
		text = str_part(text, 0, text.len - sign.len);
	else if (text.len > code.len && str_equal_nocase(str_part(text, 0, code.len), code))
		text = str_part(text, code.len, SIZE_MAX);
	else if (text.len > code.len && str_equal_nocase(str_part(text, text.len - code.len, code.len), code))
		text = str_part(text, 0, text.len - code.len);
	return str_trim(text);
}

static bool simplify_all(struct str text, struct typed *typed)
{
	size_t at = 0;

	while (at < text.len) {
		size_t width = 1;
		char c = simplify(str_part(text, at, SIZE_MAX), &width);

		if (c == '\0' || typed->len == TYPED_BYTES)
			return false;
		if (c != ' ')
			typed->text[typed->len++] = c;
		at += width;
	}
	return typed->len > 0;
}

static size_t count_of(const struct typed *typed, char c)
{
	size_t count = 0;
	size_t i;

	for (i = 0; i < typed->len; i++)
		count += typed->text[i] == c;
	return count;
}

/* Which of '.' and ',' is the decimal point here ('\0': none), or '?' when it could mean two things. */
static char point_of(const struct locale *locale, const struct typed *typed, int digits)
{
	struct str text = str_make(typed->text, typed->len);
	size_t dots = count_of(typed, '.');
	size_t commas = count_of(typed, ',');
	char only = dots > 0 ? '.' : ',';
	size_t after;

	if (dots == 0 && commas == 0)
		return '\0';
	if (dots > 0 && commas > 0) { /* the last one that occurs once */
		char last = '\0';
		size_t i;

		for (i = 0; i < typed->len; i++)
			if (typed->text[i] == '.' || typed->text[i] == ',')
				last = typed->text[i];
		return count_of(typed, last) == 1 ? last : '?';
	}
	if (dots + commas > 1)
		return '\0';
	after = typed->len - str_find_char(text, only) - 1;
	if (after != 3 || str_find_char(text, only) == 0)
		return only;
	/* three digits behind a single sign: "1.234" */
	if (str_equal(locale->group, str_make(&only, 1)))
		return '\0';
	return digits == 3 && str_equal(locale->decimal, str_make(&only, 1)) ? only : '?';
}

/* Groups of three between separators, one to three digits in front. */
static bool is_grouped_well(const struct typed *typed, size_t until, char group)
{
	size_t since = 0;
	bool first = true;
	size_t i;

	for (i = 0; i <= until; i++) {
		if (i < until && typed->text[i] != group) {
			since++;
			continue;
		}
		if (first && i == until)
			return true;
		if (first ? since == 0 || since > 3 : since != 3)
			return false;
		first = false;
		since = 0;
	}
	return true;
}

bool locale_parse_money(const struct locale *locale, struct str text, struct str code, struct money *out,
	struct fault *f)
{
	int digits = money_digits(code);
	struct typed typed = {.len = 0};
	char plain[TYPED_BYTES + 2];
	size_t len = 0;
	size_t point;
	size_t whole;
	size_t i;
	char sign;

	if (text.len > TYPED_BYTES || digits < 0 || !simplify_all(without_sign(text, code), &typed))
		return fault_set(f, FAULT_INPUT, "this is no amount; write it as 25 or 2.50");
	sign = point_of(locale, &typed, digits);
	point = sign == '\0' ? typed.len : str_find_char(str_make(typed.text, typed.len), sign);
	if (sign == '?' || !is_grouped_well(&typed, point, sign == '.'
		|| (sign == '\0' && count_of(&typed, ',') > 0) ? ',' : '.'))
		return fault_set(f, FAULT_INPUT, "this amount could mean two sums; write it without a thousands sign");
	for (i = 0; i < typed.len; i++) {
		char c = typed.text[i];

		if (c >= '0' && c <= '9')
			plain[len++] = c;
		else if (i == point)
			plain[len++] = '.';
		else if (i > point)
			return fault_set(f, FAULT_INPUT, "this is no amount; write it as 25 or 2.50");
	}
	if (len > 0 && plain[len - 1] == '.')
		len--; /* "25." is 25 */
	whole = str_find_char(str_make(plain, len), '.');
	if ((whole == SIZE_MAX ? len : whole) > TYPED_DIGITS || len == 0)
		return fault_set(f, FAULT_INPUT, "this amount is too large");
	if (plain[0] == '.') {
		memmove(plain + 1, plain, len++);
		plain[0] = '0';
	}
	return money_parse(str_make(plain, len), code, out, f);
}
