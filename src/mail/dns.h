/* dns.h: questions to a DNS server: TXT, MX, A, AAAA, PTR. For commands: every question waits for its answer.
 * SPDX-License-Identifier: ISC */
#ifndef MAIL_DNS_H
#define MAIL_DNS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include "base/str.h"

struct arena;
struct dns;
struct fault;

enum dns_type { DNS_A, DNS_AAAA, DNS_MX, DNS_TXT, DNS_PTR };

enum dns_outcome {
	DNS_FOUND,    /* at least one record */
	DNS_NONE,     /* the name, or such a record of it, is not there */
	DNS_FAILED    /* no server answered, or none knew */
};

enum { DNS_RECORDS_MOST = 32 };

struct dns_answer {
	enum dns_outcome outcome;
	size_t count;
	struct str records[DNS_RECORDS_MOST]; /* addresses as text, names without a final dot; a TXT's strings joined */
};

/* What asks: dns_ask, or a test's own table. */
struct dns_asker {
	void (*ask)(void *self, struct str name, enum dns_type type, struct arena *arena, struct dns_answer *answer);
	void *self;
};

/* server: "192.0.2.1" or "127.0.0.1:5353"; empty: the system's (resolv.conf). INPUT for another text. */
bool dns_open(struct dns **dns, struct str server, struct fault *f) __attribute__((warn_unused_result));
void dns_close(struct dns **dns);
/* For struct dns_asker; self is a struct dns. Texts live in the arena. */
void dns_ask(void *self, struct str name, enum dns_type type, struct arena *arena, struct dns_answer *answer);

/* "1.2.0.192.in-addr.arpa" of an address. False: it is none. */
bool dns_reverse_name(struct str address, struct arena *arena, struct str *name);
/* An IPv4 address becomes ::ffff:a.b.c.d. */
bool dns_parse_address(struct str text, struct in6_addr *out);

#endif
