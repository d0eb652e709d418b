/* plural.c: CLDR's plural categories of whole numbers.
 *
 * Decides: "one", "few" … for a language and a number. Leaves to others: the sentences. Runs in: every room. The hard
 * thing: the rules are facts about languages (CLDR 44, cardinal, integers), so they stand as plain conditions, one per
 * family.
 * SPDX-License-Identifier: ISC */
#include "locale.h"

enum family {
	ONE,            /* one other: en de nl sv … */
	ZERO_ONE,       /* 0 and 1 are one: hy fa, and fr pt with "many" for millions */
	ROMANCE,        /* es it: one, many for whole millions */
	ROMANCE_ZERO,   /* fr pt: the same, 0 is one too */
	NONE,           /* zh ja */
	EAST_SLAVIC,    /* ru uk be */
	POLISH,
	CZECH,          /* cs sk */
	ARABIC,
	HEBREW,
	SERBIAN,        /* sr hr bs */
	ROMANIAN,
	LITHUANIAN,
	LATVIAN
};

static const struct {
	char language[4];
	enum family family;
} families[] = {
	{"en", ONE}, {"de", ONE}, {"nl", ONE}, {"sv", ONE}, {"tr", ONE}, {"ka", ONE}, {"az", ONE}, {"kk", ONE}, {"el", ONE},
	{"fi", ONE}, {"et", ONE}, {"hu", ONE}, {"bg", ONE}, {"uz", ONE}, {"ky", ONE}, {"tg", ONE}, {"da", ONE}, {"no", ONE},
	{"hy", ZERO_ONE}, {"fa", ZERO_ONE}, {"hi", ZERO_ONE}, {"am", ZERO_ONE}, {"es", ROMANCE}, {"it", ROMANCE},
	{"fr", ROMANCE_ZERO}, {"pt", ROMANCE_ZERO}, {"zh", NONE}, {"ja", NONE}, {"ko", NONE}, {"vi", NONE}, {"my", NONE},
	{"ru", EAST_SLAVIC}, {"uk", EAST_SLAVIC}, {"be", EAST_SLAVIC}, {"pl", POLISH}, {"cs", CZECH}, {"sk", CZECH},
	{"ar", ARABIC}, {"he", HEBREW}, {"sr", SERBIAN}, {"hr", SERBIAN}, {"bs", SERBIAN}, {"ro", ROMANIAN},
	{"lt", LITHUANIAN}, {"lv", LATVIAN},
};

static enum family family_of(struct str language)
{
	size_t len = 0;
	size_t i;

	while (len < language.len && language.at[len] != '-' && language.at[len] != '_')
		len++;
	for (i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (str_is(str_part(language, 0, len), families[i].language))
			return families[i].family;
	return ONE;
}

static const char *slavic(uint64_t n, enum family family)
{
	uint64_t tens = n % 100;
	uint64_t ones = n % 10;

	if (family == POLISH ? n == 1 : ones == 1 && tens != 11)
		return "one";
	if (ones >= 2 && ones <= 4 && (tens < 12 || tens > 14))
		return "few";
	return family == SERBIAN ? "other" : "many";
}

static const char *baltic(uint64_t n, enum family family)
{
	uint64_t tens = n % 100;
	uint64_t ones = n % 10;

	if (family == LATVIAN) {
		if (ones == 0 || (tens >= 11 && tens <= 19))
			return "zero";
		return ones == 1 ? "one" : "other";
	}
	if (tens >= 11 && tens <= 19)
		return "other";
	if (ones == 1)
		return "one";
	return ones >= 2 ? "few" : "other";
}

static const char *arabic(uint64_t n)
{
	if (n <= 2)
		return n == 0 ? "zero" : n == 1 ? "one" : "two";
	if (n % 100 >= 3 && n % 100 <= 10)
		return "few";
	return n % 100 >= 11 ? "many" : "other";
}

const char *locale_plural_category(struct str language, int64_t signed_n)
{
	uint64_t n = signed_n < 0 ? -(uint64_t) signed_n : (uint64_t) signed_n;
	enum family family = family_of(language);

	switch (family) {
	case ZERO_ONE: return n <= 1 ? "one" : "other";
	case ROMANCE:
	case ROMANCE_ZERO:
		if (n == 1 || (n == 0 && family == ROMANCE_ZERO))
			return "one";
		return n != 0 && n % 1000000 == 0 ? "many" : "other";
	case NONE: return "other";
	case EAST_SLAVIC:
	case POLISH:
	case SERBIAN: return slavic(n, family);
	case CZECH: return n == 1 ? "one" : n >= 2 && n <= 4 ? "few" : "other";
	case ARABIC: return arabic(n);
	case HEBREW: return n == 1 ? "one" : n == 2 ? "two" : "other";
	case ROMANIAN:
		if (n == 1)
			return "one";
		return n == 0 || (n % 100 >= 1 && n % 100 <= 19) ? "few" : "other";
	case LITHUANIAN:
	case LATVIAN: return baltic(n, family);
	case ONE:
	default: return n == 1 ? "one" : "other";
	}
}
