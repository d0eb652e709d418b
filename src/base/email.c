/* email.c: an address, checked once.
 *
 * Decides: which addresses mimeo takes (RFC 5321 4.1.2 Mailbox with a Dot-string, 4.5.3.1 lengths). Leaves to others:
 * whether anybody reads mail there. Runs in: newsletter, support. The hard thing: the text ends up in SMTP commands and
 * mail headers, so nothing passes that could end a line, a quote or an angle bracket.
 * SPDX-License-Identifier: ISC */
#include "email.h"

#include <stdio.h>
#include <string.h>
#include "fault.h"
#include "must.h"

enum { LOCAL_BYTES = 64, LABEL_BYTES = 63 };

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_atext(char c)
{
	return is_alnum(c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool is_local_part(struct str local)
{
	struct str atom;

	if (local.len == 0 || local.len > LOCAL_BYTES)
		return false;
	while (str_next(&local, '.', &atom)) {
		if (atom.len == 0)
			return false;
		for (size_t i = 0; i < atom.len; i++)
			if (!is_atext(atom.at[i]))
				return false;
	}
	return true;
}

static bool is_label(struct str label)
{
	if (label.len == 0 || label.len > LABEL_BYTES || label.at[0] == '-' || label.at[label.len - 1] == '-')
		return false;
	for (size_t i = 0; i < label.len; i++)
		if (!is_alnum(label.at[i]) && label.at[i] != '-')
			return false;
	return true;
}

static bool is_number(struct str label)
{
	for (size_t i = 0; i < label.len; i++)
		if (label.at[i] < '0' || label.at[i] > '9')
			return false;
	return true;
}

static bool is_domain(struct str domain)
{
	struct str rest = domain;
	struct str label = {NULL, 0};
	size_t labels = 0;

	while (str_next(&rest, '.', &label)) {
		if (!is_label(label))
			return false;
		labels++;
	}
	if (labels == 1)
		return str_equal_nocase(domain, STR("localhost"));
	return labels >= 2 && !is_number(label); /* no top domain is a number: that is an IP address */
}

static bool has_non_ascii(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char) text.at[i] >= 0x80)
			return true;
	return false;
}

bool email_parse(struct str text, struct email *out, struct fault *f)
{
	struct str address = str_trim(text);
	size_t at = str_find_char(address, '@'); /* a second one is no letter of a domain */

	/* The faults do not repeat the address: they may reach a log. */
	if (address.len == 0)
		return fault_set(f, FAULT_INPUT, "there is no e-mail address; write one like name@example.org");
	if (address.len > EMAIL_BYTES)
		return fault_set(f, FAULT_INPUT, "the e-mail address is too long");
	if (has_non_ascii(address))
		return fault_set(f, FAULT_INPUT, "the e-mail address has letters beyond a-z; write it in its ASCII form");
	if (at == SIZE_MAX || !is_local_part(str_part(address, 0, at)) ||
		!is_domain(str_part(address, at + 1, SIZE_MAX)))
		return fault_set(f, FAULT_INPUT, "this is no e-mail address; write one like name@example.org");
	*out = (struct email){.len = (unsigned char) address.len};
	memcpy(out->text, address.at, address.len);
	return true;
}

struct str email_text(const struct email *email)
{
	return (struct str){email->text, email->len};
}

struct str email_canonical(const struct email *email, char out[EMAIL_BYTES + 1])
{
	for (size_t i = 0; i < email->len; i++) {
		char c = email->text[i];

		out[i] = c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c;
	}
	out[email->len] = '\0';
	return (struct str){out, email->len};
}

struct str email_domain(const struct email *email)
{
	size_t at = str_find_char(email_text(email), '@');

	return at == SIZE_MAX ? (struct str){NULL, 0} : str_part(email_text(email), at + 1, SIZE_MAX);
}

struct str email_redacted(const struct email *email, char out[16])
{
	/* A class of six lengths, so that the log does not single anybody out. */
	int len = snprintf(out, 16, "email(%d)", (email->len + 5) / 6 * 6);

	must(len > 0 && len < 16);
	return (struct str){out, (size_t) len};
}
