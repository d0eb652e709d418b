/* spf.c: evaluates a domain's SPF record for one address.
 *
 * Decides: mechanisms, qualifiers, include, redirect and the limit of ten look-ups (RFC 7208 §4.6.4). Leaves to the doctor
 * of the newsletter room: what to say about it. Runs in: the command. The hard thing: records call each other; the
 * look-ups of all of them count together, so that two that include each other end.
 * SPDX-License-Identifier: ISC */
#include "spf.h"

#include "base/arena.h"

enum { LOOKUPS_MOST = 10, MX_MOST = 10 };

struct spf {
	const struct dns_asker *asker;
	struct arena *arena;
	struct in6_addr ip;
	bool is_four;
	unsigned lookups;
};

enum match { MATCH_NO, MATCH_YES, MATCH_TEMPERROR, MATCH_PERMERROR, MATCH_UNKNOWN };

const char *spf_name(enum spf_result result)
{
	static const char *const names[] = {"none", "pass", "fail", "softfail", "neutral", "temperror", "permerror", "unknown"};

	return names[result];
}

static void ask(struct spf *spf, struct str name, enum dns_type type, struct dns_answer *answer)
{
	spf->asker->ask(spf->asker->self, name, type, spf->arena, answer);
}

/* Splits "/24" and "//64" off; -1: not given. False: no number. */
static bool read_lengths(struct str *text, int64_t *four, int64_t *six)
{
	size_t slash = str_find_char(*text, '/');
	struct str rest = str_part(*text, slash, SIZE_MAX);
	size_t two = str_find(rest, STR("//"));

	*four = 32;
	*six = 128;
	if (slash == SIZE_MAX)
		return true;
	*text = str_part(*text, 0, slash);
	if (two != 0 && !str_to_i64(str_part(rest, 1, two == SIZE_MAX ? SIZE_MAX : two - 1), four))
		return false;
	if (two != SIZE_MAX && !str_to_i64(str_part(rest, two + 2, SIZE_MAX), six))
		return false;
	return *four >= 0 && *four <= 32 && *six >= 0 && *six <= 128;
}

static bool is_in(const struct spf *spf, struct str network, int64_t four, int64_t six)
{
	struct in6_addr other;
	size_t bits;

	if (!dns_parse_address(network, &other) || (IN6_IS_ADDR_V4MAPPED(&other) != 0) != spf->is_four)
		return false;
	bits = (size_t) (spf->is_four ? 96 + four : six);
	if (memcmp(&other, &spf->ip, bits / 8) != 0)
		return false;
	return bits % 8 == 0 || (other.s6_addr[bits / 8] ^ spf->ip.s6_addr[bits / 8]) >> (8 - bits % 8) == 0;
}

static enum match match_addresses(struct spf *spf, struct str name, int64_t four, int64_t six)
{
	struct dns_answer answer;

	ask(spf, name, spf->is_four ? DNS_A : DNS_AAAA, &answer);
	for (size_t i = 0; i < answer.count; i++)
		if (is_in(spf, answer.records[i], four, six))
			return MATCH_YES;
	return answer.outcome == DNS_FAILED ? MATCH_TEMPERROR : MATCH_NO;
}

static enum match match_mx(struct spf *spf, struct str name, int64_t four, int64_t six)
{
	struct dns_answer answer;
	enum match match = MATCH_NO;

	ask(spf, name, DNS_MX, &answer);
	if (answer.outcome == DNS_FAILED)
		return MATCH_TEMPERROR;
	if (answer.count > MX_MOST)
		return MATCH_PERMERROR;
	for (size_t i = 0; match == MATCH_NO && i < answer.count; i++)
		match = match_addresses(spf, answer.records[i], four, six);
	return match;
}

static enum spf_result check_domain(struct spf *spf, struct str domain, struct str *record);

static enum match match_include(struct spf *spf, struct str domain)
{
	struct str record;

	switch (check_domain(spf, domain, &record)) {
	case SPF_PASS:
		return MATCH_YES;
	case SPF_TEMPERROR:
		return MATCH_TEMPERROR;
	case SPF_PERMERROR:
	case SPF_NONE:
		return MATCH_PERMERROR;
	case SPF_UNKNOWN:
		return MATCH_UNKNOWN;
	default:
		return MATCH_NO;
	}
}

static bool is_word(struct str word, const char *name)
{
	return str_equal_nocase(word, str_from(name));
}

static enum match match_mechanism(struct spf *spf, struct str term, struct str domain)
{
	size_t end = 0;
	struct str name, value;
	int64_t four, six;

	while (end < term.len && term.at[end] != ':' && term.at[end] != '/')
		end++;
	name = str_part(term, 0, end);
	value = str_part(term, end + (end < term.len && term.at[end] == ':'), SIZE_MAX);
	if (is_word(name, "all"))
		return MATCH_YES;
	if (str_find_char(value, '%') != SIZE_MAX)
		return MATCH_UNKNOWN;
	if (is_word(name, "ip6")) /* "ip6:2001:db8::/32": one slash is six's */
		value = str_find_char(value, '/') == SIZE_MAX ? value : str_format(spf->arena, "%.*s/%.*s",
			STR_ARG(str_part(value, 0, str_find_char(value, '/'))), STR_ARG(str_part(value, str_find_char(value, '/'), SIZE_MAX)));
	if (is_word(name, "include"))
		return ++spf->lookups > LOOKUPS_MOST ? MATCH_PERMERROR : match_include(spf, value);
	if (!read_lengths(&value, &four, &six))
		return MATCH_PERMERROR;
	if (is_word(name, "ip4") || is_word(name, "ip6"))
		return is_in(spf, value, four, six) ? MATCH_YES : MATCH_NO;
	if (++spf->lookups > LOOKUPS_MOST)
		return MATCH_PERMERROR;
	if (value.len == 0)
		value = domain;
	if (is_word(name, "a"))
		return match_addresses(spf, value, four, six);
	if (is_word(name, "mx"))
		return match_mx(spf, value, four, six);
	if (is_word(name, "exists") || is_word(name, "ptr"))
		return MATCH_UNKNOWN;
	return MATCH_PERMERROR;
}

/* The one record that begins with "v=spf1". */
static enum spf_result find_record(struct spf *spf, struct str domain, struct str *record)
{
	struct dns_answer answer;
	size_t found = 0;

	*record = (struct str){NULL, 0};
	ask(spf, domain, DNS_TXT, &answer);
	if (answer.outcome == DNS_FAILED)
		return SPF_TEMPERROR;
	for (size_t i = 0; i < answer.count; i++) {
		struct str text = answer.records[i];

		if (!str_equal_nocase(str_part(text, 0, 6), STR("v=spf1")) || (text.len > 6 && text.at[6] != ' '))
			continue;
		*record = text;
		found++;
	}
	return found == 0 ? SPF_NONE : found == 1 ? SPF_PASS : SPF_PERMERROR;
}

static enum spf_result result_of(char qualifier)
{
	return qualifier == '-' ? SPF_FAIL : qualifier == '~' ? SPF_SOFTFAIL : qualifier == '?' ? SPF_NEUTRAL : SPF_PASS;
}

static bool is_modifier(struct str term)
{
	size_t equals = str_find_char(term, '=');
	size_t colon = str_find_char(term, ':');

	return equals != SIZE_MAX && (colon == SIZE_MAX || equals < colon) && str_find_char(str_part(term, 0, equals), '/') == SIZE_MAX;
}

static enum spf_result check_domain(struct spf *spf, struct str domain, struct str *record)
{
	struct str rest, term, redirect = {NULL, 0}, other;
	enum spf_result found = find_record(spf, domain, record);
	bool unknown = false;

	if (found != SPF_PASS)
		return found;
	rest = str_part(*record, 6, SIZE_MAX);
	while (str_next(&rest, ' ', &term)) {
		char qualifier = term.len > 0 && strchr("+-~?", term.at[0]) != NULL ? term.at[0] : '\0';

		if (term.len == 0)
			continue;
		if (qualifier == '\0' && is_modifier(term)) {
			if (str_equal_nocase(str_part(term, 0, 9), STR("redirect=")))
				redirect = str_part(term, 9, SIZE_MAX);
			continue;
		}
		switch (match_mechanism(spf, str_part(term, qualifier != '\0', SIZE_MAX), domain)) {
		case MATCH_YES:
			return unknown ? SPF_UNKNOWN : result_of(qualifier);
		case MATCH_TEMPERROR:
			return SPF_TEMPERROR;
		case MATCH_PERMERROR:
			return SPF_PERMERROR;
		case MATCH_UNKNOWN:
			unknown = true;
			break;
		case MATCH_NO:
			break;
		}
	}
	if (redirect.len == 0)
		return unknown ? SPF_UNKNOWN : SPF_NEUTRAL;
	if (++spf->lookups > LOOKUPS_MOST)
		return SPF_PERMERROR;
	found = str_find_char(redirect, '%') != SIZE_MAX ? SPF_UNKNOWN : check_domain(spf, redirect, &other);
	return found == SPF_NONE ? SPF_PERMERROR : found;
}

enum spf_result spf_check(const struct dns_asker *asker, struct str address, struct str domain, struct arena *arena,
	struct str *record)
{
	struct spf spf = {.asker = asker, .arena = arena};

	*record = (struct str){NULL, 0};
	if (!dns_parse_address(address, &spf.ip))
		return SPF_PERMERROR;
	spf.is_four = IN6_IS_ADDR_V4MAPPED(&spf.ip) != 0;
	return check_domain(&spf, domain, record);
}
