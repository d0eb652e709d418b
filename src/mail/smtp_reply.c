/* smtp_reply.c: the parser of an SMTP server's answers.
 *
 * Decides: what is a reply at all: three digits, '-' or ' ', text; the same code on each line; at most 1,024 bytes
 * a line and 100 lines. Leaves to smtp.c: what it means. Runs in: the newsletter's keeper; fuzzed. The hard thing: the
 * same bytes must give the same replies wherever the network cuts them, so that the state is in struct smtp_reply
 * alone.
 * SPDX-License-Identifier: ISC */
#include "smtp_inside.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "250", "250 text" or "250-text". */
static bool read_code(struct str line, int *code, bool *last)
{
	if (line.len < 3 || line.at[0] < '2' || line.at[0] > '5' || !is_digit(line.at[1]) || !is_digit(line.at[2]))
		return false;
	if (line.len > 3 && line.at[3] != ' ' && line.at[3] != '-')
		return false;
	*code = (line.at[0] - '0') * 100 + (line.at[1] - '0') * 10 + (line.at[2] - '0');
	*last = line.len == 3 || line.at[3] == ' ';
	return true;
}

/* RFC 3463: class.subject.detail, where class is the reply's first digit. Gives its length, 0 when there is none. */
static size_t enhanced_size(struct str text, int code)
{
	size_t i = 0;

	if (text.len < 5 || text.at[0] != (char) ('0' + code / 100))
		return 0;
	for (int part = 0; part < 3; part++) {
		size_t digits = 0;

		if (part > 0 && (i >= text.len || text.at[i++] != '.'))
			return 0;
		for (; i < text.len && is_digit(text.at[i]); i++)
			digits++;
		if (digits == 0 || digits > 3)
			return 0;
	}
	return i < text.len && text.at[i] != ' ' ? 0 : i;
}

/* Cleaned: one line of printable ASCII, whatever the server says. */
static void add_words(struct smtp_reply *reply, struct str words)
{
	size_t len = strlen(reply->text);

	if (len > 0 && words.len > 0 && len + 1 < sizeof(reply->text))
		reply->text[len++] = ' ';
	for (size_t i = 0; i < words.len && len + 1 < sizeof(reply->text); i++) {
		unsigned char c = (unsigned char) words.at[i];

		reply->text[len++] = c >= 0x20 && c < 0x7f ? (char) c : '?';
	}
	reply->text[len] = '\0';
}

static unsigned auth_offers(struct str rest)
{
	unsigned offers = 0;
	struct str word;

	while (str_next(&rest, ' ', &word)) {
		if (str_equal_nocase(word, STR("PLAIN")))
			offers |= SMTP_OFFERS_PLAIN;
		else if (str_equal_nocase(word, STR("LOGIN")))
			offers |= SMTP_OFFERS_LOGIN;
	}
	return offers;
}

static unsigned line_offers(struct str words)
{
	struct str rest = words;
	struct str key = {NULL, 0};

	if (!str_next(&rest, ' ', &key))
		return 0;
	if (str_equal_nocase(key, STR("PIPELINING")))
		return SMTP_OFFERS_PIPELINING;
	if (str_equal_nocase(key, STR("STARTTLS")))
		return SMTP_OFFERS_STARTTLS;
	if (str_equal_nocase(key, STR("SIZE")))
		return SMTP_OFFERS_SIZE;
	if (str_equal_nocase(key, STR("SMTPUTF8")))
		return SMTP_OFFERS_UTF8;
	if (str_equal_nocase(key, STR("8BITMIME")))
		return SMTP_OFFERS_8BIT;
	return str_equal_nocase(key, STR("AUTH")) ? auth_offers(rest) : 0;
}

static enum smtp_fed take_line(struct smtp_reply *reply, struct str line)
{
	struct str words;
	size_t enhanced;
	bool last;
	int code;

	if (!read_code(line, &code, &last) || (reply->lines > 0 && code != reply->code) || reply->lines == SMTP_LINES_MOST)
		return SMTP_FED_BAD;
	words = str_part(line, 4, SIZE_MAX);
	reply->code = code;
	enhanced = enhanced_size(words, code);
	if (reply->lines == 0) {
		memcpy(reply->enhanced, words.at != NULL ? words.at : "", enhanced);
		reply->enhanced[enhanced] = '\0';
	} else {
		reply->offers |= line_offers(words);
	}
	words = str_part(words, enhanced, SIZE_MAX);
	add_words(reply, str_trim(words));
	reply->lines++;
	return last ? SMTP_FED_WHOLE : SMTP_FED_MORE;
}

void smtp_reply_clear(struct smtp_reply *reply)
{
	memset(reply, 0, offsetof(struct smtp_reply, line));
}

enum smtp_fed smtp_reply_feed(struct smtp_reply *reply, struct str bytes, size_t *used)
{
	enum smtp_fed fed = SMTP_FED_MORE;
	size_t i = 0;

	while (i < bytes.len && fed == SMTP_FED_MORE) {
		char c = bytes.at[i++];
		struct str line;

		if (c != '\n') {
			if (reply->line_len == sizeof(reply->line)) {
				fed = SMTP_FED_BAD;
				break;
			}
			reply->line[reply->line_len++] = c;
			continue;
		}
		line = str_make(reply->line, reply->line_len);
		if (str_ends(line, STR("\r")))
			line.len--;
		reply->line_len = 0;
		fed = take_line(reply, line);
	}
	*used = i;
	return fed;
}
