/* report_judge.c: does a refusal say that there is no such mailbox?
 *
 * Decides: which status codes (RFC 3463) and, where a server gives none that says anything, which of its words. Runs in:
 * the newsletter room and its reports' child. The hard thing: who is called gone by mistake gets no newsletter any more,
 * and servers give 550 for everything. So a refusal that may be about us (spam, policy, signatures, our server) is soft
 * whatever its number.
 * SPDX-License-Identifier: ISC */
#include "report.h"

static const char *const names[MAIL_REPORT_KIND_COUNT] = {
#define X(kind, name, meaning) [kind] = name,
	MAIL_REPORT_KINDS(X)
#undef X
};

const char *mail_report_name(enum mail_report_kind kind)
{
	return names[kind];
}

bool mail_report_from(struct str name, enum mail_report_kind *kind)
{
	for (unsigned i = 0; i < MAIL_REPORT_KIND_COUNT; i++)
		if (str_is(name, names[i])) {
			*kind = (enum mail_report_kind) i;
			return true;
		}
	*kind = MAIL_REPORT_UNKNOWN;
	return false;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c;
}

static bool has(struct str text, const char *wanted)
{
	size_t len = strlen(wanted);

	for (size_t i = 0; i + len <= text.len; i++) {
		size_t k = 0;

		while (k < len && lower(text.at[i + k]) == wanted[k])
			k++;
		if (k == len)
			return true;
	}
	return false;
}

static bool has_any(struct str text, const char *const *wanted)
{
	for (; *wanted != NULL; wanted++)
		if (has(text, *wanted))
			return true;
	return false;
}

static bool is_any(struct str text, const char *const *wanted)
{
	for (; *wanted != NULL; wanted++)
		if (str_is(text, *wanted))
			return true;
	return false;
}

enum mail_report_kind mail_report_judge(int reply, struct str status, struct str words)
{
	/* Bad mailbox, bad system, bad syntax, moved without address, domain takes no mail, mailbox disabled, no route. */
	static const char *const gone[] = {"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.4.4", NULL};
	/* Says nothing by itself: the words decide. */
	static const char *const vague[] = {"", "5.0.0", "5.1.0", "5.4.1", "5.5.0", "5.5.1", "5.5.4", NULL};
	static const char *const about_us[] = {"spam", "spf", "dkim", "dmarc", "reverse", "ptr ", "sender", "reputation", "policy",
		"blocked", "blacklist", "blocklist", "rate limit", "too many", "client host", "relay", "quota", "full", NULL};
	static const char *const nobody[] = {"user unknown", "unknown user", "no such user", "no such mailbox", "no such recipient",
		"no such address", "user not found", "mailbox not found", "recipient not found", "address not found", "user does not exist",
		"user doesn't exist", "mailbox does not exist", "account does not exist", "address does not exist",
		"account that you tried to reach does not exist", "recipient does not exist", "unknown recipient", "recipient unknown",
		"invalid recipient", "invalid mailbox", "not a valid mailbox", "no mailbox here", "no mailbox by that name",
		"doesn't have an account", "does not have an account", "mailbox unavailable", "account has been disabled",
		"account is disabled", "recipient address rejected: access denied", "unrouteable address", NULL};

	if (str_starts(status, STR("4.")) || (reply >= 400 && reply < 500))
		return MAIL_REPORT_SOFT;
	if (has_any(words, about_us) && !is_any(status, gone))
		return MAIL_REPORT_SOFT;
	if (is_any(status, gone))
		return MAIL_REPORT_HARD;
	return is_any(status, vague) && has_any(words, nobody) ? MAIL_REPORT_HARD : MAIL_REPORT_SOFT;
}
