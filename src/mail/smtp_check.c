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

#define EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

/* One of the eight bytes is 0. */
static uint64_t has_zero(uint64_t word)
{
	return (word - EACH_BYTE(0x01)) & ~word & EACH_BYTE(0x80);
}

/* NUL, CR, or (unless utf8) 8-bit bytes in a line without its end. Eight at a time: each mail of an issue comes through here. */
static bool has_bad_byte(const char *at, size_t len, bool utf8)
{
	uint64_t bad = 0, word = EACH_BYTE(' ');

	for (; len >= sizeof(word); at += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		bad |= has_zero(word) | has_zero(word ^ EACH_BYTE('\r')) | (utf8 ? 0 : word & EACH_BYTE(0x80));
	}
	word = EACH_BYTE(' ');
	memcpy(&word, at, len);
	bad |= has_zero(word) | has_zero(word ^ EACH_BYTE('\r')) | (utf8 ? 0 : word & EACH_BYTE(0x80));
	return bad != 0;
}

/* Bare CR or LF would let a mail carry a second one past some servers ("SMTP smuggling"). */
static bool check_bytes(struct str bytes, bool utf8, struct fault *f)
{
	while (bytes.len > 0) {
		const char *end = memchr(bytes.at, '\n', bytes.len);
		size_t len = end != NULL ? (size_t) (end - bytes.at) : bytes.len;
		size_t text = end != NULL && len > 0 ? len - 1 : len; /* without the CR */

		if ((end != NULL && (len == 0 || bytes.at[len - 1] != '\r')) || has_bad_byte(bytes.at, text, utf8))
			return fault_set(f, FAULT_INPUT, "the mail holds a byte that cannot go over SMTP");
		if (text > MAIL_LINE_MOST)
			return fault_set(f, FAULT_INPUT, "the mail has a line of more than 998 characters");
		bytes = str_part(bytes, end != NULL ? len + 1 : len, SIZE_MAX);
	}
	return true;
}

bool smtp_check_mail(const struct smtp_mail *mail, struct fault *f)
{
	return check_envelope(mail->from, true, false, f) && check_envelope(mail->to, false, mail->utf8, f) &&
		check_bytes(mail->bytes, mail->utf8, f) &&
		(!mail->utf8 || str_is_utf8(mail->bytes) || fault_set(f, FAULT_INPUT, "the mail is not UTF-8"));
}
