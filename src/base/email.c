/* email.c: an address, checked once.
 *
 * Decides: which addresses mimeo takes (RFC 5321 4.1.2 Mailbox with a Dot-string, 4.5.3.1 lengths). Leaves to others:
 * whether anybody reads mail there. Runs in: newsletter, support. The hard thing: the text ends up in SMTP commands and
 * mail headers, so nothing passes that could end a line, a quote or an angle bracket.
 * SPDX-License-Identifier: ISC */
#include "email.h"

#include <idn2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>
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

static bool is_ascii(char c)
{
	return (unsigned char) c < 0x80;
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
			if (is_ascii(atom.at[i]) && !is_atext(atom.at[i]))
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
		if (!is_ascii(text.at[i]))
			return true;
	return false;
}

/* Letters, marks, numbers and signs of any script; nothing that is invisible, ends a line, or turns its direction. */
static bool has_only_visible(struct str text)
{
	const utf8proc_uint8_t *at = (const utf8proc_uint8_t *) text.at;
	utf8proc_ssize_t left = (utf8proc_ssize_t) text.len;

	while (left > 0) {
		utf8proc_int32_t c;
		utf8proc_ssize_t used = utf8proc_iterate(at, left, &c);

		if (used <= 0)
			return false;
		switch (utf8proc_category(c)) {
		case UTF8PROC_CATEGORY_CN:
		case UTF8PROC_CATEGORY_CC:
		case UTF8PROC_CATEGORY_CF:
		case UTF8PROC_CATEGORY_CS:
		case UTF8PROC_CATEGORY_CO:
		case UTF8PROC_CATEGORY_ZS:
		case UTF8PROC_CATEGORY_ZL:
		case UTF8PROC_CATEGORY_ZP:
			return false;
		default:
			at += used;
			left -= used;
		}
	}
	return true;
}

/* Into out[EMAIL_BYTES + 1]: NFC. False: not UTF-8, or too long. */
static bool normalise(struct str local, char *out)
{
	utf8proc_uint8_t *nfc = NULL;
	utf8proc_ssize_t len = utf8proc_map((const utf8proc_uint8_t *) local.at, (utf8proc_ssize_t) local.len, &nfc,
		UTF8PROC_STABLE | UTF8PROC_COMPOSE);
	bool ok = len > 0 && len <= LOCAL_BYTES;

	if (ok) {
		memcpy(out, nfc, (size_t) len);
		out[len] = '\0';
	}
	free(nfc); /* utf8proc's malloc() */
	return ok;
}

/* Into out[EMAIL_BYTES + 1]: A-labels. False: no name that IDNA 2008 knows, or too long. */
static bool to_ascii(struct str domain, char *out)
{
	char text[EMAIL_BYTES + 1];
	uint8_t *ascii = NULL;
	size_t len;
	bool ok;

	memcpy(text, domain.at, domain.len);
	text[domain.len] = '\0';
	ok = idn2_lookup_u8((const uint8_t *) text, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) == IDN2_OK;
	len = ok ? strlen((const char *) ascii) : 0;
	ok = ok && len <= EMAIL_BYTES;
	if (ok)
		memcpy(out, ascii, len + 1);
	idn2_free(ascii);
	return ok;
}

/* The address in the form that goes over SMTP; false: it has none. */
static bool in_wire_form(struct str address, struct email *out)
{
	char local[EMAIL_BYTES + 1] = "", domain[EMAIL_BYTES + 1] = "";
	size_t at = str_find_char(address, '@');
	int len;

	if (at == SIZE_MAX || at == 0 || at + 1 == address.len || !str_is_utf8(address) || !has_only_visible(address) ||
		!normalise(str_part(address, 0, at), local) || !to_ascii(str_part(address, at + 1, SIZE_MAX), domain))
		return false;
	len = snprintf(out->text, sizeof(out->text), "%s@%s", local, domain);
	if (len < 0 || len > EMAIL_BYTES)
		return false;
	out->len = (unsigned char) len;
	return true;
}

bool email_parse(struct str text, struct email *out, struct fault *f)
{
	struct str address = str_trim(text);
	struct email email = {0};
	size_t at;

	/* The faults do not repeat the address: they may reach a log. */
	if (address.len == 0)
		return fault_set(f, FAULT_INPUT, "there is no e-mail address; write one like name@example.org");
	if (address.len > EMAIL_BYTES)
		return fault_set(f, FAULT_INPUT, "the e-mail address is too long");
	if (has_non_ascii(address) && !in_wire_form(address, &email))
		return fault_set(f, FAULT_INPUT, "the e-mail address has letters that no mail server takes; write it in its ASCII form");
	if (email.len == 0) {
		email.len = (unsigned char) address.len;
		memcpy(email.text, address.at, address.len);
	}
	address = email_text(&email);
	at = str_find_char(address, '@'); /* a second one is no letter of a domain */
	if (at == SIZE_MAX || !is_local_part(str_part(address, 0, at)) ||
		!is_domain(str_part(address, at + 1, SIZE_MAX)))
		return fault_set(f, FAULT_INPUT, "this is no e-mail address; write one like name@example.org");
	*out = email;
	return true;
}

bool email_is_utf8(const struct email *email)
{
	return has_non_ascii(email_text(email));
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
