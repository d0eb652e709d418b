/* letter.c: the headers of a mail to subscribe@ or unsubscribe@.
 *
 * Decides: which header counts, and what an address in it is. Leaves to others: whether it is one. Runs in: the newsletter's jailed child.
 * The hard thing: From is a grammar with comments, quotes and groups in which a second address can hide; what is not plainly one address is
 * none.
 * SPDX-License-Identifier: ISC */
#include "letter.h"

#include <string.h>

enum { VALUE_BYTES = 2048, HEAD_BYTES = 64 * 1024 };

static bool next_line(struct str *rest, struct str *line)
{
	size_t end;

	if (rest->len == 0)
		return false;
	end = str_find_char(*rest, '\n');
	*line = str_part(*rest, 0, end);
	*rest = end == SIZE_MAX ? (struct str){NULL, 0} : str_part(*rest, end + 1, SIZE_MAX);
	if (line->len > 0 && line->at[line->len - 1] == '\r')
		line->len--;
	return true;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_header(struct str line, const char *name)
{
	size_t len = strlen(name);

	return line.len > len && line.at[len] == ':' && str_equal_nocase(str_part(line, 0, len), str_from(name));
}

/* The unfolded value of the first header of that name; how many there are. A value that is too long is none. */
static size_t header(struct str head, const char *name, char out[VALUE_BYTES])
{
	struct str line;
	size_t count = 0, len = 0;
	bool within = false, too_long = false;

	while (next_line(&head, &line) && line.len > 0) {
		if (!is_space(line.at[0])) {
			within = is_header(line, name) && ++count == 1;
			if (within)
				line = str_part(line, strlen(name) + 1, SIZE_MAX);
		}
		for (size_t i = 0; within && i < line.len; i++)
			if (len + 1 < VALUE_BYTES)
				out[len++] = line.at[i] == '\0' ? '\1' : line.at[i];
			else
				too_long = true;
	}
	out[too_long ? 0 : len] = '\0';
	return count;
}

static bool holds(struct str text, const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; i + len <= text.len; i++)
		if (str_equal_nocase(str_part(text, i, len), str_from(word)))
			return true;
	return false;
}

/* --- one address --- */

/* Comments and quoted names fall away, what is in <> is kept apart. False: more than one address, a group, or bytes that are none. */
static bool strip(struct str value, char plain[VALUE_BYTES], char angle[VALUE_BYTES], bool *has_angle)
{
	size_t plain_len = 0, angle_len = 0, depth = 0;
	bool quoted = false, within = false;

	*has_angle = false;
	for (size_t i = 0; i < value.len; i++) {
		char c = value.at[i];

		if ((unsigned char) c < ' ' && c != '\t')
			return false;
		if ((quoted || depth > 0) && c == '\\') {
			i++;
		} else if (quoted) {
			quoted = c != '"';
		} else if (c == '(') {
			depth++;
		} else if (c == ')') {
			if (depth-- == 0)
				return false;
		} else if (depth > 0) {
			continue;
		} else if (c == '"') {
			if (within)
				return false; /* a quoted local part: base/email takes none */
			quoted = true;
		} else if (c == ',' || c == ';' || c == ':') {
			return false;
		} else if (c == '<') {
			if (within || *has_angle)
				return false;
			within = *has_angle = true;
		} else if (c == '>') {
			if (!within)
				return false;
			within = false;
		} else if (within) {
			angle[angle_len++] = c;
		} else {
			plain[plain_len++] = c;
		}
	}
	plain[plain_len] = angle[angle_len] = '\0';
	return !quoted && !within && depth == 0;
}

static void copy_address(struct str value, char out[MAIL_LETTER_ADDRESS_BYTES + 1])
{
	char plain[VALUE_BYTES], angle[VALUE_BYTES];
	struct str address;
	bool has_angle;

	out[0] = '\0';
	if (!strip(value, plain, angle, &has_angle))
		return;
	address = str_trim(str_from(has_angle ? angle : plain));
	if (address.len == 0 || address.len > MAIL_LETTER_ADDRESS_BYTES || str_find_char(address, '@') == SIZE_MAX)
		return;
	for (size_t i = 0; i < address.len; i++)
		if (is_space(address.at[i]))
			return;
	memcpy(out, address.at, address.len);
	out[address.len] = '\0';
}

/* --- the whole --- */

static bool is_automatic(struct str head)
{
	static const char *const of_lists[] = {"List-Id", "List-Unsubscribe", "X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress", NULL};
	char value[VALUE_BYTES];

	for (const char *const *name = of_lists; *name != NULL; name++)
		if (header(head, *name, value) > 0)
			return true;
	if (header(head, "Auto-Submitted", value) > 0 && !str_equal_nocase(str_trim(str_from(value)), STR("no")))
		return true;
	if (header(head, "Precedence", value) > 0 && (holds(str_from(value), "bulk") || holds(str_from(value), "list") ||
		holds(str_from(value), "junk") || holds(str_from(value), "auto_reply")))
		return true;
	return header(head, "Return-Path", value) > 0 && str_is(str_trim(str_from(value)), "<>");
}

void mail_letter_read(struct str mail, struct mail_letter *letter)
{
	struct str head = str_part(mail, 0, HEAD_BYTES);
	char value[VALUE_BYTES];

	*letter = (struct mail_letter){0};
	if (header(head, "Delivered-To", value) > 0 || header(head, "X-Original-To", value) > 0)
		copy_address(str_from(value), letter->to);
	if (header(head, "From", value) == 1)
		copy_address(str_from(value), letter->from);
	letter->is_automatic = is_automatic(head);
}
