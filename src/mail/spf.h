/* spf.h: may this address send mail for that domain? SPF (RFC 7208), as far as it can be judged before there is a mail.
 * SPDX-License-Identifier: ISC */
#ifndef MAIL_SPF_H
#define MAIL_SPF_H

#include "mail/dns.h"

enum spf_result {
	SPF_NONE,       /* the domain has no record */
	SPF_PASS, SPF_FAIL, SPF_SOFTFAIL, SPF_NEUTRAL,
	SPF_TEMPERROR,  /* DNS did not answer */
	SPF_PERMERROR,  /* two records, a word that is none, more than ten look-ups */
	SPF_UNKNOWN     /* a macro or ptr: it depends on the mail */
};

const char *spf_name(enum spf_result result);

/* *record: the domain's own "v=spf1 …", empty where there is none; it lives in the arena. */
enum spf_result spf_check(const struct dns_asker *asker, struct str address, struct str domain, struct arena *arena,
	struct str *record);

#endif
