/* mime.c: a whole mail: which headers, in which order, and its one or two parts.
 *
 * Decides: what every mail of a newsroom carries (RFC 5322, 2045, 2369, 2919, 3834, 8058). Leaves to mime_header.c
 * and mime_body.c: bytes and lines; to dkim.c: the signature. Runs in: the newsletter room. The hard thing: nothing
 * that a caller gives may begin a header or a part of its own, so every value is checked before a byte is written.
 * SPDX-License-Identifier: ISC */
#include "mime.h"

#include "base/buf.h"
#include "base/fault.h"
#include "mail_inside.h"

enum { URL_MOST = 900, ID_MOST = 250, BOUNDARY_MOST = 70 };

static bool is_boundary(struct str boundary)
{
	for (size_t i = 0; i < boundary.len; i++) {
		char c = boundary.at[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') &&
			(c == '\0' || strchr("'+_-./=?", c) == NULL))
			return false;
	}
	return boundary.len > 0 && boundary.len <= BOUNDARY_MOST;
}

static bool has_high_byte(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char) text.at[i] >= 0x80)
			return true;
	return false;
}

static bool check_address(const char *name, const struct mail_address *address, struct fault *f)
{
	size_t at = str_find_char(address->address, '@');
	bool is_utf8 = strcmp(name, "To") == 0 && has_high_byte(address->address); /* RFC 6532: only who needs it has it */

	if (at == SIZE_MAX || at == 0 || at + 1 == address->address.len)
		return fault_set(f, FAULT_INPUT, "the mail header %s has no address", name);
	if (is_utf8)
		return mail_check_text(name, address->address, f) && mail_check_text(name, address->name, f) &&
			((address->address.len <= EMAIL_BYTES && str_find_char(address->address, ' ') == SIZE_MAX &&
				str_find_char(address->address, '<') == SIZE_MAX && str_find_char(address->address, '>') == SIZE_MAX) ||
				fault_set(f, FAULT_INPUT, "the mail header %s has no address", name));
	return mail_check_token(name, address->address, EMAIL_BYTES, f) && mail_check_text(name, address->name, f);
}

/* "<left@right>" with nothing in between that a header could stumble over. */
static bool check_message_id(struct str id, struct fault *f)
{
	if (id.len < 5 || id.at[0] != '<' || id.at[id.len - 1] != '>' || str_find_char(id, '@') == SIZE_MAX)
		return fault_set(f, FAULT_INPUT, "a Message-ID looks like <something@domain>");
	return mail_check_token("Message-ID", str_part(id, 1, id.len - 2), ID_MOST, f);
}

/* Where the id of "name <id.domain>" begins: a name may have such a sign, too. */
static size_t list_id_begin(struct str value)
{
	size_t at = value.len;

	while (at > 0 && value.at[at - 1] != '<')
		at--;
	return at > 0 ? at - 1 : SIZE_MAX;
}

/* "name <id.domain>" or "<id.domain>". */
static bool check_list_id(struct str value, struct fault *f)
{
	size_t open = list_id_begin(value);

	if (value.len == 0)
		return true;
	if (open == SIZE_MAX || value.at[value.len - 1] != '>')
		return fault_set(f, FAULT_INPUT, "a List-Id looks like: name <id.domain>");
	return mail_check_text("List-Id", value, f) &&
		mail_check_token("List-Id", str_part(value, open + 1, value.len - open - 2), ID_MOST, f);
}

static bool check_more(const struct mail_header *more, struct fault *f)
{
	static const char *const ours[] = {"Date", "From", "To", "Reply-To", "Subject", "Message-ID", "List-Id",
		"List-Unsubscribe", "List-Unsubscribe-Post", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
		"DKIM-Signature", "Sender", "Cc", "Bcc", "Auto-Submitted", "Content-Language"};

	for (; more != NULL && more->name != NULL; more++)
		for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
			if (str_equal_nocase(str_from(more->name), str_from(ours[i])))
				return fault_set(f, FAULT_INPUT, "the mail header %s may not be added a second time", ours[i]);
	return true;
}

static bool check(const struct mail_message *m, struct fault *f)
{
	if (!check_address("From", &m->from, f) || !check_address("To", &m->to, f))
		return false;
	if (m->reply_to.address.len > 0 && !check_address("Reply-To", &m->reply_to, f))
		return false;
	if (m->list_unsubscribe_url.len > 0 && !str_starts(m->list_unsubscribe_url, STR("https://")) &&
		!str_starts(m->list_unsubscribe_url, STR("http://")))
		return fault_set(f, FAULT_INPUT, "an unsubscribe address begins with https:// or http://");
	if (m->list_unsubscribe_mailto.len > 0 && !str_starts(m->list_unsubscribe_mailto, STR("mailto:")))
		return fault_set(f, FAULT_INPUT, "an unsubscribe mail address begins with mailto:");
	return mail_check_text("Subject", m->subject, f) && check_message_id(m->message_id, f) &&
		mail_check_token("List-Unsubscribe", m->list_unsubscribe_url, URL_MOST, f) &&
		mail_check_token("List-Unsubscribe", m->list_unsubscribe_mailto, URL_MOST, f) &&
		check_list_id(m->list_id, f) && mail_check_token("Content-Language", m->language, 35, f) &&
		check_more(m->more, f);
}

static void write_address(struct buf *out, const char *name, const struct mail_address *address)
{
	struct mail_fold fold;
	char text[EMAIL_BYTES + 3];
	int len;

	mail_fold_begin(&fold, out, name);
	if (address->name.len > 0) {
		len = snprintf(text, sizeof(text), "<%.*s>", STR_ARG(address->address));
		mail_fold_phrase(&fold, address->name);
	} else {
		len = snprintf(text, sizeof(text), "%.*s", STR_ARG(address->address));
	}
	mail_fold_word(&fold, str_make(text, (size_t) len), false);
	mail_fold_end(&fold);
}

static void write_token(struct buf *out, const char *name, struct str value)
{
	struct mail_fold fold;

	mail_fold_begin(&fold, out, name);
	mail_fold_word(&fold, value, true);
	mail_fold_end(&fold);
}

static void write_list_id(struct buf *out, struct str value)
{
	struct mail_fold fold;
	size_t open = list_id_begin(value);

	mail_fold_begin(&fold, out, "List-Id");
	if (str_trim(str_part(value, 0, open)).len > 0)
		mail_fold_phrase(&fold, str_part(value, 0, open));
	mail_fold_word(&fold, str_part(value, open, SIZE_MAX), false);
	mail_fold_end(&fold);
}

/* RFC 2369 and 8058. One-click needs https: without it the Post header is left out. */
static void write_list_unsubscribe(struct buf *out, struct str url, struct str mailto)
{
	struct mail_fold fold;
	char word[URL_MOST + 4];
	int len;

	if (url.len == 0 && mailto.len == 0)
		return;
	mail_fold_begin(&fold, out, "List-Unsubscribe");
	if (url.len > 0) {
		len = snprintf(word, sizeof(word), "<%.*s>%s", STR_ARG(url), mailto.len > 0 ? "," : "");
		mail_fold_word(&fold, str_make(word, (size_t) len), false);
	}
	if (mailto.len > 0) {
		len = snprintf(word, sizeof(word), "<%.*s>", STR_ARG(mailto));
		mail_fold_word(&fold, str_make(word, (size_t) len), false);
	}
	mail_fold_end(&fold);
	if (str_starts(url, STR("https://")))
		buf_add_text(out, "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n");
}

static bool write_headers(const struct mail_message *m, struct buf *out, struct fault *f)
{
	buf_add_text(out, "Date: ");
	clock_write_rfc5322(out, m->date);
	buf_add_text(out, "\r\n");
	write_address(out, "From", &m->from);
	write_address(out, "To", &m->to);
	if (m->reply_to.address.len > 0)
		write_address(out, "Reply-To", &m->reply_to);
	if (!mail_write_header(out, "Subject", m->subject, f))
		return false;
	write_token(out, "Message-ID", m->message_id);
	if (m->list_id.len > 0)
		write_list_id(out, m->list_id);
	write_list_unsubscribe(out, m->list_unsubscribe_url, m->list_unsubscribe_mailto);
	if (m->automatic)
		buf_add_text(out, "Auto-Submitted: auto-generated\r\n");
	if (m->language.len > 0)
		write_token(out, "Content-Language", m->language);
	for (const struct mail_header *more = m->more; more != NULL && more->name != NULL; more++)
		if (!mail_write_header(out, more->name, more->value, f))
			return false;
	buf_add_text(out, "MIME-Version: 1.0\r\n");
	return true;
}

static void write_part(struct buf *out, const char *type, struct str text)
{
	bool plain = mail_is_7bit(text);

	buf_format(out, "Content-Type: text/%s; charset=%s\r\nContent-Transfer-Encoding: %s\r\n\r\n", type,
		plain ? "us-ascii" : "utf-8", plain ? "7bit" : "quoted-printable");
	if (plain)
		mail_write_7bit(out, text);
	else
		mail_write_quoted_printable(out, text);
}

static bool write_parts(const struct mail_message *m, struct buf *out, struct fault *f)
{
	char line[BOUNDARY_MOST + 3];
	struct mail_fold fold;
	size_t start;
	int len = snprintf(line, sizeof(line), "--%.*s", STR_ARG(m->boundary));

	mail_fold_begin(&fold, out, "Content-Type");
	mail_fold_word(&fold, STR("multipart/alternative;"), false);
	buf_format(out, "\r\n boundary=\"%.*s\"\r\n\r\n%s\r\n", STR_ARG(m->boundary), line);
	for (int part = 0; part < 2; part++) {
		start = out->len;
		write_part(out, part == 0 ? "plain" : "html", part == 0 ? m->text : m->html);
		/* What was written counts, not what was given: encoding can make a boundary of what was none. */
		if (str_find(str_part(buf_view(out), start, SIZE_MAX), str_make(line, (size_t) len)) != SIZE_MAX)
			return fault_set(f, FAULT_INPUT, "the MIME boundary occurs in the text of the mail");
		buf_format(out, "\r\n%s%s\r\n", line, part == 0 ? "" : "--");
	}
	return true;
}

bool mail_write_head(const struct mail_message *message, struct buf *out, struct fault *f)
{
	return check(message, f) && write_headers(message, out, f) && buf_check(out, "the mail", f);
}

bool mail_write_content(const struct mail_message *message, struct buf *out, struct fault *f)
{
	if (!str_is_utf8(message->text) || !str_is_utf8(message->html))
		return fault_set(f, FAULT_INPUT, "the text of a mail is not UTF-8");
	if (message->html.len > 0 && !is_boundary(message->boundary))
		return fault_set(f, FAULT_INPUT, "a MIME boundary has 1 to 70 letters, digits and '+_-./=?");
	if (message->html.len == 0)
		write_part(out, "plain", message->text);
	else if (!write_parts(message, out, f))
		return false;
	return buf_check(out, "the mail", f);
}

bool mail_write(const struct mail_message *message, struct buf *out, struct fault *f)
{
	return mail_write_head(message, out, f) && mail_write_content(message, out, f);
}
