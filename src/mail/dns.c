/* dns.c: questions to a DNS server, through glibc's resolver.
 *
 * Decides: how an answer becomes texts. Leaves to the C library: packets, retries, TCP for long answers. Runs in: the
 * command `mimeo newsletter doctor`, never in a room: it waits, and it reads what strangers' servers say. The hard thing:
 * "there is none" and "nobody knows" are two answers, and only the first is a finding.
 * SPDX-License-Identifier: ISC */
#include "dns.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"

enum { ANSWER_BYTES = 64 * 1024, NAME_BYTES = 1025, TIMEOUT_S = 3, TRIES = 2 };

struct dns {
	struct __res_state state;
	unsigned char answer[ANSWER_BYTES];
};

static bool use_server(struct dns *dns, struct str server, struct fault *f)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(NS_DEFAULTPORT)};
	size_t colon = str_find_char(server, ':');
	int64_t port = NS_DEFAULTPORT;
	char address[64];

	(void) snprintf(address, sizeof(address), "%.*s", STR_ARG(str_part(server, 0, colon)));
	if (inet_pton(AF_INET, address, &at.sin_addr) != 1 ||
		(colon != SIZE_MAX && (!str_to_i64(str_part(server, colon + 1, SIZE_MAX), &port) || port < 1 || port > 65535)))
		return fault_set(f, FAULT_INPUT, "'%.*s' is no DNS server: write an IPv4 address, with a port if it is not 53", STR_ARG(server));
	at.sin_port = htons((uint16_t) port);
	dns->state.nscount = 1;
	dns->state.nsaddr_list[0] = at;
	return true;
}

bool dns_open(struct dns **handle, struct str server, struct fault *f)
{
	struct dns *dns = memory_new(1, sizeof(*dns));

	if (res_ninit(&dns->state) != 0) {
		memory_free(dns);
		return fault_set(f, FAULT_IO, "the system's resolver cannot be set up: see /etc/resolv.conf");
	}
	dns->state.options |= RES_USE_EDNS0;
	dns->state.options &= ~(unsigned long) (RES_DNSRCH | RES_DEFNAMES);
	dns->state.retrans = TIMEOUT_S;
	dns->state.retry = TRIES;
	*handle = dns;
	if (server.len == 0 || use_server(dns, server, f))
		return true;
	dns_close(handle);
	return false;
}

void dns_close(struct dns **handle)
{
	if (*handle == NULL)
		return;
	res_nclose(&(*handle)->state);
	memory_free(*handle);
	*handle = NULL;
}

/* A TXT record's strings (one length byte each), joined. */
static struct str join_strings(const unsigned char *at, size_t len, struct arena *arena)
{
	struct buf text;
	struct str out;
	size_t i = 0;

	buf_init(&text, ANSWER_BYTES);
	while (i < len) {
		size_t size = at[i++];

		if (size > len - i)
			break;
		buf_add(&text, at + i, size);
		i += size;
	}
	out = str_copy(buf_view(&text), arena);
	buf_release(&text);
	return out;
}

static struct str read_name(const ns_msg *message, const unsigned char *at, struct arena *arena)
{
	char name[NAME_BYTES];

	if (ns_name_uncompress(ns_msg_base(*message), ns_msg_end(*message), at, name, sizeof(name)) < 0)
		return (struct str){NULL, 0};
	return str_copy(str_from(name), arena);
}

static struct str read_record(const ns_msg *message, const ns_rr *record, enum dns_type type, struct arena *arena)
{
	const unsigned char *at = ns_rr_rdata(*record);
	size_t len = ns_rr_rdlen(*record);
	char text[INET6_ADDRSTRLEN];

	switch (type) {
	case DNS_TXT:
		return join_strings(at, len, arena);
	case DNS_MX:
		return len > 2 ? read_name(message, at + 2, arena) : (struct str){NULL, 0};
	case DNS_PTR:
		return read_name(message, at, arena);
	default:
		if (len != (type == DNS_A ? 4 : 16) || inet_ntop(type == DNS_A ? AF_INET : AF_INET6, at, text, sizeof(text)) == NULL)
			return (struct str){NULL, 0};
		return str_copy(str_from(text), arena);
	}
}

static void read_answer(struct dns *dns, int len, int wanted, enum dns_type type, struct arena *arena,
	struct dns_answer *answer)
{
	ns_msg message;
	ns_rr record;

	answer->outcome = DNS_FAILED;
	if (ns_initparse(dns->answer, len, &message) != 0)
		return;
	answer->outcome = DNS_NONE;
	for (int i = 0; i < ns_msg_count(message, ns_s_an) && answer->count < DNS_RECORDS_MOST; i++) {
		struct str text;

		if (ns_parserr(&message, ns_s_an, i, &record) != 0)
			return;
		if ((int) ns_rr_type(record) != wanted)
			continue; /* a CNAME on the way */
		text = read_record(&message, &record, type, arena);
		if (text.at != NULL) {
			answer->records[answer->count++] = text;
			answer->outcome = DNS_FOUND;
		}
	}
}

void dns_ask(void *self, struct str name, enum dns_type type, struct arena *arena, struct dns_answer *answer)
{
	static const int types[] = {[DNS_A] = ns_t_a, [DNS_AAAA] = ns_t_aaaa, [DNS_MX] = ns_t_mx, [DNS_TXT] = ns_t_txt,
		[DNS_PTR] = ns_t_ptr};
	struct dns *dns = self;
	char text[256];
	int len;

	*answer = (struct dns_answer){.outcome = DNS_NONE};
	if (name.len == 0 || name.len >= sizeof(text) || str_has_control(name))
		return;
	(void) snprintf(text, sizeof(text), "%.*s", STR_ARG(name));
	len = res_nquery(&dns->state, text, ns_c_in, types[type], dns->answer, ANSWER_BYTES);
	if (len >= 0)
		read_answer(dns, len < ANSWER_BYTES ? len : ANSWER_BYTES, types[type], type, arena, answer);
	else if (dns->state.res_h_errno != HOST_NOT_FOUND && dns->state.res_h_errno != NO_DATA)
		answer->outcome = DNS_FAILED;
}

bool dns_parse_address(struct str text, struct in6_addr *out)
{
	char address[INET6_ADDRSTRLEN + 8];

	(void) snprintf(address, sizeof(address), "%s%.*s", str_find_char(text, ':') == SIZE_MAX ? "::ffff:" : "", STR_ARG(text));
	return text.len > 0 && text.len < INET6_ADDRSTRLEN && inet_pton(AF_INET6, address, out) == 1;
}

bool dns_reverse_name(struct str address, struct arena *arena, struct str *name)
{
	static const char digits[] = "0123456789abcdef";
	struct in6_addr ip;
	char text[80];
	size_t len = 0;

	if (!dns_parse_address(address, &ip))
		return false;
	if (IN6_IS_ADDR_V4MAPPED(&ip)) {
		*name = str_format(arena, "%u.%u.%u.%u.in-addr.arpa", ip.s6_addr[15], ip.s6_addr[14], ip.s6_addr[13], ip.s6_addr[12]);
		return name->at != NULL;
	}
	for (size_t i = 16; i-- > 0;) {
		text[len++] = digits[ip.s6_addr[i] & 15];
		text[len++] = '.';
		text[len++] = digits[ip.s6_addr[i] >> 4];
		text[len++] = '.';
	}
	*name = str_format(arena, "%.*sip6.arpa", (int) len, text);
	return name->at != NULL;
}
