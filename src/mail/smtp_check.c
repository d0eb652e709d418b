/* smtp_check.c: what may go into an SMTP connection at all: its settings, a mail's envelope, a mail's bytes.
 *
 * Decides: what is refused before a byte is said. Leaves to smtp.c: the talk. Runs in: the newsletter room. The hard
 * thing: a bare CR or LF, or a line break in an address, would let one mail carry a second past some servers.
 * SPDX-License-Identifier: ISC */
#include "smtp_inside.h"

#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "base/fault.h"
#include "base/secret.h"
#include "mail_inside.h"
#include "smtp.h"

bool smtp_check_host(const struct smtp_host *host, struct fault *f)
{
	struct str helo = str_from(host->helo);

	if (host->name == NULL || host->name[0] == '\0' || host->port == 0)
		return fault_set(f, FAULT_INPUT, "the mail server has no name or no port");
	if (helo.len == 0 || helo.len > 255 || !mail_check_token("EHLO", helo, 255, NULL))
		return fault_set(f, FAULT_INPUT, "the name that we give to the mail server is not a host name");
	if (host->user != NULL && strlen(host->user) + secret_bytes(host->password).len > 512)
		return fault_set(f, FAULT_INPUT, "the user name or password of the mail server is too long");
	return true;
}

static bool is_loopback(const struct addrinfo *address)
{
	if (address->ai_family == AF_INET)
		return (ntohl(((const struct sockaddr_in *) (const void *) address->ai_addr)->sin_addr.s_addr) >> 24) == 127;
	return address->ai_family == AF_INET6 &&
		IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *) (const void *) address->ai_addr)->sin6_addr);
}

bool smtp_resolve(const struct smtp_host *host, struct addrinfo **out, struct fault *f)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
	char port[8];
	int code;

	(void) snprintf(port, sizeof(port), "%u", (unsigned) host->port);
	code = getaddrinfo(host->name, port, &hints, out);
	if (code == EAI_NONAME) {
		hints.ai_flags = AI_ADDRCONFIG;
		code = getaddrinfo(host->name, port, &hints, out);
		if (code == EAI_NONAME || code == EAI_ADDRFAMILY) { /* a machine that has loopback alone */
			hints.ai_flags = 0;
			code = getaddrinfo(host->name, port, &hints, out);
		}
	}
	if (code != 0) {
		fault_set(f, FAULT_REMOTE, "the name of the mail server is not known now");
		return fault_detail(f, "%s", gai_strerror(code));
	}
	for (const struct addrinfo *a = *out; a != NULL && host->user != NULL; a = a->ai_next)
		if (host->security == SMTP_PLAIN && !is_loopback(a))
			return fault_set(f, FAULT_DENIED,
				"the mail server's password would go over the network in the clear; set starttls or tls");
	return true;
}

static bool check_envelope(struct str address, bool may_be_empty, bool utf8, struct fault *f)
{
	if (address.len == 0 && may_be_empty)
		return true;
	if (address.len == 0 || str_find_char(address, '@') == SIZE_MAX)
		return fault_set(f, FAULT_INPUT, "a mail's envelope needs an address");
	if (utf8)
		return (mail_check_text("envelope", address, f) && str_find_char(address, ' ') == SIZE_MAX &&
			str_find_char(address, '<') == SIZE_MAX && str_find_char(address, '>') == SIZE_MAX) ||
			fault_set(f, FAULT_INPUT, "a mail's envelope needs an address");
	return mail_check_token("envelope", address, EMAIL_BYTES, f);
}

enum { BLOCK = 64 };

/* Counts CRs; true where it has a NUL or an 8-bit byte. A loop of a known length: compilers make it a few instructions. */
static bool look_at_block(const char at[BLOCK], size_t *returns, bool *eight_bits)
{
	unsigned char zeros = 0, high = 0, count = 0;

	for (size_t i = 0; i < BLOCK; i++) {
		unsigned char c = (unsigned char) at[i];

		zeros |= (unsigned char) (c == 0);
		high |= c;
		count = (unsigned char) (count + (c == '\r'));
	}
	*returns += count;
	*eight_bits |= high >= 0x80;
	return zeros == 0;
}

/* Each mail of an issue comes through here: every byte is looked at once, a block at a time. */
static bool look_at_bytes(struct str bytes, size_t *returns, bool *eight_bits)
{
	char rest[BLOCK];
	bool ok = true;

	for (; bytes.len >= BLOCK; bytes = str_part(bytes, BLOCK, SIZE_MAX))
		ok &= look_at_block(bytes.at, returns, eight_bits);
	memset(rest, ' ', sizeof(rest));
	if (bytes.len > 0)
		memcpy(rest, bytes.at, bytes.len);
	return look_at_block(rest, returns, eight_bits) && ok;
}

/* Bare CR or LF would let a mail carry a second one past some servers ("SMTP smuggling"): there must be as many CRs as lines that end in
 * one. *has_dots: a line begins with a dot. */
static bool check_bytes(struct str bytes, bool utf8, bool *has_dots, struct fault *f)
{
	size_t returns = 0, lines = 0;
	bool eight_bits = false, ok = look_at_bytes(bytes, &returns, &eight_bits);

	*has_dots = false;
	for (; ok && bytes.len > 0; lines++) {
		const char *end = memchr(bytes.at, '\n', bytes.len);
		size_t len = end != NULL ? (size_t) (end - bytes.at) : bytes.len;

		*has_dots |= bytes.at[0] == '.';
		if (len > MAIL_LINE_MOST + (end != NULL ? 1u : 0u))
			return fault_set(f, FAULT_INPUT, "the mail has a line of more than 998 characters");
		if (end == NULL)
			break;
		ok = len > 0 && end[-1] == '\r';
		bytes = str_part(bytes, len + 1, SIZE_MAX);
	}
	return (ok && returns == lines && (utf8 || !eight_bits)) || fault_set(f, FAULT_INPUT, "the mail holds a byte that cannot go over SMTP");
}

bool smtp_check_mail(const struct smtp_mail *mail, bool *has_dots, struct fault *f)
{
	return check_envelope(mail->from, true, false, f) && check_envelope(mail->to, false, mail->utf8, f) &&
		check_bytes(mail->bytes, mail->utf8, has_dots, f) &&
		(!mail->utf8 || str_is_utf8(mail->bytes) || fault_set(f, FAULT_INPUT, "the mail is not UTF-8"));
}
