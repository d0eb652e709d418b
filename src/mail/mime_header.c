/* mime_header.c: header lines: folding, encoded words, display names.
 *
 * Decides: where a line breaks, what must be encoded, what a header may hold. Leaves to mime.c: which headers a
 * mail has. Runs in: the newsletter room. The hard thing: an encoded word has at most 75 bytes, a line at most 78,
 * and no word may end inside a UTF-8 character (RFC 2047 §5), because a mail program decodes each word alone.
 * SPDX-License-Identifier: ISC */
#include "mail_inside.h"

#include "base/buf.h"
#include "base/fault.h"
#include "mime.h"

enum {
	WORD_MOST = 900,          /* a plain word longer than this cannot be kept under 998 with its header's name */
	ENCODED_MOST = 75,        /* RFC 2047 §2 */
	ENCODED_AROUND = 12,      /* "=?UTF-8?B?" and "?=" */
	BLANKS_MOST = 60          /* a longer run of spaces is encoded, so that no line is blank */
};

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void mail_write_base64(struct buf *out, struct str bytes)
{
	size_t size = (bytes.len + 2) / 3 * 4;
	char *to = buf_reserve(out, size);

	if (to == NULL)
		return;
	for (size_t i = 0; i < bytes.len; i += 3) {
		size_t left = bytes.len - i;
		unsigned a = (unsigned char) bytes.at[i];
		unsigned b = left > 1 ? (unsigned char) bytes.at[i + 1] : 0;
		unsigned c = left > 2 ? (unsigned char) bytes.at[i + 2] : 0;

		*to++ = base64_digits[a >> 2];
		*to++ = base64_digits[(a & 3) << 4 | b >> 4];
		*to++ = left > 1 ? base64_digits[(b & 15) << 2 | c >> 6] : '=';
		*to++ = left > 2 ? base64_digits[c & 63] : '=';
	}
	buf_grown(out, size);
}

bool mail_check_text(const char *name, struct str value, struct fault *f)
{
	if (!str_is_utf8(value))
		return fault_set(f, FAULT_INPUT, "the mail header %s is not UTF-8 text", name);
	if (str_has_control(value))
		return fault_set(f, FAULT_INPUT, "the mail header %s holds a line break or another control character", name);
	return true;
}

bool mail_check_token(const char *name, struct str value, size_t most, struct fault *f)
{
	if (value.len > most)
		return fault_set(f, FAULT_INPUT, "the mail header %s is too long", name);
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char) value.at[i];

		if (c <= 0x20 || c >= 0x7f || c == '<' || c == '>' || c == ',' || c == '"')
			return fault_set(f, FAULT_INPUT, "the mail header %s holds a character that may not stand there", name);
	}
	return true;
}

void mail_fold_begin(struct mail_fold *fold, struct buf *out, const char *name)
{
	*fold = (struct mail_fold){.out = out, .column = strlen(name) + 1, .first = true};
	buf_add_text(out, name);
	buf_add_char(out, ':');
}

static void fold_line(struct mail_fold *fold)
{
	buf_add_text(fold->out, "\r\n");
	fold->column = 0;
}

/* blanks ≥ 1 spaces, then the word. */
static void fold_add(struct mail_fold *fold, size_t blanks, struct str word, bool keep)
{
	size_t size = blanks + word.len;
	bool fits = fold->column + size <= MAIL_LINE_WANTED;
	/* Behind "Name:" a fold is worth it only if the word then fits. */
	bool helps = !fold->first || size <= MAIL_LINE_WANTED;

	if (!fits && helps && !keep)
		fold_line(fold);
	for (size_t i = 0; i < blanks; i++)
		buf_add_char(fold->out, ' ');
	buf_add_str(fold->out, word);
	fold->column += size;
	fold->first = false;
}

void mail_fold_word(struct mail_fold *fold, struct str word, bool keep)
{
	fold_add(fold, 1, word, keep);
}

void mail_fold_end(struct mail_fold *fold)
{
	if (fold->first)
		buf_add_char(fold->out, ' ');
	buf_add_text(fold->out, "\r\n");
}

static bool is_alnum(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* What may stand for itself in a Q word, in a phrase too (RFC 2047 §5 (3)). */
static bool is_q_plain(unsigned char c)
{
	return is_alnum(c) || (c != '\0' && strchr("!*+-/", c) != NULL);
}

static size_t q_size(struct str text)
{
	size_t size = 0;

	for (size_t i = 0; i < text.len; i++)
		size += is_q_plain((unsigned char) text.at[i]) || text.at[i] == ' ' ? 1 : 3;
	return size;
}

static size_t b_size(size_t bytes)
{
	return (bytes + 2) / 3 * 4;
}

/* Bytes of the UTF-8 character at the start (the text was checked). */
static size_t char_size(struct str text)
{
	unsigned char c = (unsigned char) text.at[0];
	size_t size = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;

	return size < text.len ? size : text.len;
}

static void write_q(struct buf *out, struct str text)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char) text.at[i];

		if (c == ' ') {
			buf_add_char(out, '_');
		} else if (is_q_plain(c)) {
			buf_add_char(out, (char) c);
		} else {
			buf_add_char(out, '=');
			buf_add_char(out, hex[c >> 4]);
			buf_add_char(out, hex[c & 15]);
		}
	}
}

/* As many whole characters as an encoded word of `room` bytes takes. */
static size_t piece_size(struct str text, size_t room, bool q)
{
	size_t size = 0;

	while (size < text.len) {
		size_t more = size + char_size(str_part(text, size, SIZE_MAX));

		if (ENCODED_AROUND + (q ? q_size(str_part(text, 0, more)) : b_size(more)) > room)
			break;
		size = more;
	}
	return size;
}

static void fold_encoded(struct mail_fold *fold, struct str text)
{
	bool q = q_size(text) <= b_size(text.len);

	while (text.len > 0) {
		size_t room = fold->column + 1 < MAIL_LINE_WANTED ? MAIL_LINE_WANTED - fold->column - 1 : 0;
		size_t size = piece_size(text, room < ENCODED_MOST ? room : ENCODED_MOST, q);
		size_t before;

		if (size == 0) { /* a fresh line always takes a character */
			fold_line(fold);
			size = piece_size(text, ENCODED_MOST, q);
		}
		before = fold->out->len;
		buf_add_text(fold->out, q ? " =?UTF-8?Q?" : " =?UTF-8?B?");
		if (q)
			write_q(fold->out, str_part(text, 0, size));
		else
			mail_write_base64(fold->out, str_part(text, 0, size));
		buf_add_text(fold->out, "?=");
		fold->column += fold->out->len - before;
		fold->first = false;
		text = str_part(text, size, SIZE_MAX);
	}
}

/* Plain ASCII whose words and blanks can be kept as they are, and that no reader takes for encoded words. */
static bool is_plain(struct str text)
{
	size_t run = 0;

	for (size_t i = 0; i < text.len; i++) {
		bool same = i > 0 && (text.at[i] == ' ') == (text.at[i - 1] == ' ');

		run = same ? run + 1 : 1;
		if ((unsigned char) text.at[i] >= 0x7f || run > (text.at[i] == ' ' ? BLANKS_MOST : WORD_MOST))
			return false;
	}
	return str_find(text, STR("=?")) == SIZE_MAX;
}

static void fold_plain(struct mail_fold *fold, struct str text)
{
	size_t blanks = 1; /* behind the colon */

	while (text.len > 0) {
		size_t end = str_find_char(text, ' ');

		fold_add(fold, blanks, str_part(text, 0, end), false);
		text = str_part(text, end, SIZE_MAX);
		for (blanks = 0; text.len > 0 && text.at[0] == ' '; blanks++)
			text = str_part(text, 1, SIZE_MAX);
	}
}

void mail_fold_text(struct mail_fold *fold, struct str text)
{
	text = str_trim(text);
	if (is_plain(text))
		fold_plain(fold, text);
	else
		fold_encoded(fold, text);
}

void mail_fold_phrase(struct mail_fold *fold, struct str name)
{
	struct buf quoted;
	bool atoms = true;

	name = str_trim(name);
	if (!is_plain(name)) {
		fold_encoded(fold, name);
		return;
	}
	for (size_t i = 0; i < name.len; i++)
		if (!is_alnum((unsigned char) name.at[i]) && strchr(" !#$%&'*+-/=?^_`{|}~", name.at[i]) == NULL)
			atoms = false;
	if (atoms) {
		fold_plain(fold, name);
		return;
	}
	buf_init(&quoted, 2 * name.len + 3);
	buf_add_char(&quoted, '"');
	for (size_t i = 0; i < name.len; i++) {
		if (name.at[i] == '"' || name.at[i] == '\\')
			buf_add_char(&quoted, '\\');
		buf_add_char(&quoted, name.at[i]);
	}
	buf_add_char(&quoted, '"');
	if (is_plain(buf_view(&quoted)))
		fold_plain(fold, buf_view(&quoted));
	else /* quoting can double a word's length */
		fold_encoded(fold, name);
	buf_release(&quoted);
}

bool mail_write_header(struct buf *out, const char *name, struct str value, struct fault *f)
{
	struct mail_fold fold;
	size_t len = strlen(name);

	if (len == 0 || len > 70)
		return fault_set(f, FAULT_INPUT, "a mail header needs a name of 1 to 70 characters");
	for (size_t i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] >= 0x7f || name[i] == ':')
			return fault_set(f, FAULT_INPUT, "a mail header's name holds a character that may not stand there");
	if (!mail_check_text(name, value, f))
		return false;
	mail_fold_begin(&fold, out, name);
	mail_fold_text(&fold, value);
	mail_fold_end(&fold);
	return true;
}
