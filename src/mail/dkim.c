/* dkim.c: the DKIM signature of a mail that we wrote.
 *
 * Decides: which headers are signed (all that a reader or a mail program acts on, each once more than it stands
 * there, so that none can be added), canonical forms, the signature's line. Leaves to dkim_key.c: keys. Runs in: the
 * newsletter room. The hard thing: relaxed canonicalisation (RFC 6376 §3.4.2, §3.4.4) must come out byte for byte as
 * every verifier's does; the tests hold it against Python's dkim module.
 * SPDX-License-Identifier: ISC */
#include "dkim.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include "base/buf.h"
#include "base/fault.h"
#include "base/limits.h"
#include "base/must.h"
#include "mail_inside.h"

enum { HEADERS_MOST = 64 };

/* Signed where they stand, and once more. */
static const char *const signed_names[] = {"From", "To", "Subject", "Date", "Message-ID", "Reply-To", "Sender", "Cc",
	"In-Reply-To", "References", "MIME-Version", "Content-Type", "Content-Transfer-Encoding", "Content-Language",
	"Auto-Submitted", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Help", "List-Subscribe", "List-Post",
	"List-Owner", "List-Archive"};
enum { SIGNED_COUNT = sizeof(signed_names) / sizeof(signed_names[0]) };

/* --- canonical forms --- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Runs of blanks become one space; line breaks in between are dropped (unfolding). Ends are trimmed. */
static void write_relaxed_value(struct buf *out, struct str value)
{
	bool blank = false;
	bool begun = false;

	for (size_t i = 0; i < value.len; i++) {
		char c = value.at[i];

		if (c == '\r' || c == '\n')
			continue;
		if (is_blank(c)) {
			blank = true;
			continue;
		}
		if (blank && begun)
			buf_add_char(out, ' ');
		buf_add_char(out, c);
		blank = false;
		begun = true;
	}
}

static void write_relaxed_header(struct buf *out, struct str name, struct str value)
{
	for (size_t i = 0; i < name.len; i++)
		buf_add_char(out, name.at[i] >= 'A' && name.at[i] <= 'Z' ? (char) (name.at[i] - 'A' + 'a') : name.at[i]);
	buf_add_char(out, ':');
	write_relaxed_value(out, value);
}

static void hash_add(EVP_MD_CTX *hash, const void *at, size_t len, bool *ok)
{
	*ok = *ok && EVP_DigestUpdate(hash, at, len) == 1;
}

/* Feeds the body's relaxed form to the hash, line by line: no copy of a 4 MiB mail. */
static bool hash_body(struct str body, unsigned char out[SHA256_DIGEST_LENGTH], struct fault *f)
{
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	size_t empty_lines = 0;
	bool ok = hash != NULL && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1;

	while (ok && body.len > 0) {
		size_t end = str_find(body, STR("\r\n"));
		struct str line = str_part(body, 0, end);
		size_t from = 0;

		body = end == SIZE_MAX ? (struct str){NULL, 0} : str_part(body, end + 2, SIZE_MAX);
		while (line.len > 0 && is_blank(line.at[line.len - 1]))
			line.len--;
		if (line.len == 0) {
			empty_lines++;
			continue;
		}
		for (; empty_lines > 0; empty_lines--)
			hash_add(hash, "\r\n", 2, &ok);
		for (size_t i = 0; i < line.len; i++) {
			if (!is_blank(line.at[i]))
				continue;
			hash_add(hash, line.at + from, i - from, &ok);
			hash_add(hash, " ", 1, &ok);
			while (i + 1 < line.len && is_blank(line.at[i + 1]))
				i++;
			from = i + 1;
		}
		hash_add(hash, line.at + from, line.len - from, &ok);
		hash_add(hash, "\r\n", 2, &ok);
	}
	ok = ok && EVP_DigestFinal_ex(hash, out, NULL) == 1;
	EVP_MD_CTX_free(hash);
	return ok || dkim_crypto_fault(f, "hashing a mail");
}

/* --- the mail's headers --- */

struct header {
	struct str name, value; /* value as it stands, folds included, without the last CRLF */
	bool used;
};

static bool split(struct str message, struct header *headers, size_t *count, struct str *body, struct fault *f)
{
	size_t end = str_find(message, STR("\r\n\r\n"));
	struct str rest = str_part(message, 0, end);

	if (end == SIZE_MAX)
		return fault_set(f, FAULT_INPUT, "the mail to sign has no end of its headers");
	*body = str_part(message, end + 4, SIZE_MAX);
	*count = 0;
	while (rest.len > 0) {
		size_t line_end = 0;
		size_t next;
		size_t colon;

		do {
			next = str_find(str_part(rest, line_end, SIZE_MAX), STR("\r\n"));
			line_end = next == SIZE_MAX ? rest.len : line_end + next + 2;
		} while (line_end < rest.len && is_blank(rest.at[line_end]));
		colon = str_find_char(str_part(rest, 0, line_end), ':');
		if (colon == SIZE_MAX || colon == 0 || *count == HEADERS_MOST)
			return fault_set(f, FAULT_INPUT, "the mail to sign has a header line that is none, or too many");
		headers[(*count)++] = (struct header){.name = str_part(rest, 0, colon),
			.value = str_part(rest, colon + 1, line_end - colon - 1)};
		rest = str_part(rest, line_end, SIZE_MAX);
	}
	return true;
}

static bool is_omitted(const struct dkim_options *options, const char *name)
{
	for (const char *const *omit = options->omit; omit != NULL && *omit != NULL; omit++)
		if (str_equal_nocase(str_from(*omit), str_from(name)))
			return !str_equal_nocase(str_from(name), STR("From")); /* RFC 6376 §5.4: From is always signed */
	return false;
}

/* From the last to the first (RFC 6376 §5.4.2); NULL when all are used. */
static struct header *next_header(struct header *headers, size_t count, const char *name)
{
	for (size_t i = count; i > 0; i--)
		if (!headers[i - 1].used && str_equal_nocase(headers[i - 1].name, str_from(name))) {
			headers[i - 1].used = true;
			return &headers[i - 1];
		}
	return NULL;
}

static void add_name(struct buf *list, const char *name, size_t *column)
{
	if (list->len > 0)
		buf_add_char(list, ':');
	if (list->len > 0 && *column + strlen(name) + 1 > MAIL_LINE_WANTED) {
		buf_add_text(list, "\r\n\t");
		*column = 1;
	}
	buf_add_text(list, name);
	*column += strlen(name) + 1;
}

/* h= and the canonical headers. A name that does not (or no longer) stand there is listed and adds nothing. */
static void choose_headers(const struct dkim_options *options, struct header *headers, size_t count, struct buf *list,
	struct buf *canonical)
{
	size_t column = 4;

	for (size_t i = 0; i < SIGNED_COUNT; i++) {
		struct header *header;

		if (is_omitted(options, signed_names[i]))
			continue;
		while ((header = next_header(headers, count, signed_names[i])) != NULL) {
			add_name(list, signed_names[i], &column);
			write_relaxed_header(canonical, header->name, header->value);
			buf_add_text(canonical, "\r\n");
		}
		add_name(list, signed_names[i], &column);
	}
}

static bool is_domain(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') && c != '.' && c != '-' &&
			c != '_')
			return false;
	}
	return text.len > 0 && text.len <= 253;
}

/* One signature. canonical: the chosen headers; given back as it was. */
static bool write_signature(const struct dkim_options *options, const struct dkim_signer *signer, struct str names,
	struct str body_hash, struct buf *canonical, struct buf *out, struct fault *f)
{
	unsigned char signature[DKIM_SIGNATURE_MOST];
	size_t len = 0;
	size_t headers = canonical->len;
	size_t column = 3;
	struct buf line, digits;
	bool ok = false;

	buf_init(&line, 8192);
	buf_init(&digits, 2 * DKIM_SIGNATURE_MOST);
	buf_format(&line, " v=1; a=%s; c=relaxed/relaxed;\r\n\td=%.*s;\r\n\ts=%.*s; t=%lld;\r\n\th=%.*s;\r\n\tbh=",
		dkim_algorithm_name(dkim_key_algorithm(signer->key)), STR_ARG(options->domain), STR_ARG(signer->selector),
		(long long) (options->when.us / 1000000), STR_ARG(names));
	mail_write_base64(&line, body_hash);
	buf_add_text(&line, ";\r\n\tb=");
	write_relaxed_header(canonical, STR("DKIM-Signature"), buf_view(&line));
	if (!buf_check(canonical, "the headers of a mail", f) || !buf_check(&line, "a DKIM signature", f))
		goto done;
	if (!dkim_key_sign(signer->key, buf_view(canonical), signature, &len, f))
		goto done;
	mail_write_base64(&digits, str_make(signature, len));
	for (size_t i = 0; i < digits.len; i++, column++) {
		if (column == MAIL_LINE_WANTED) {
			buf_add_text(&line, "\r\n\t");
			column = 1;
		}
		buf_add_char(&line, digits.at[i]);
	}
	buf_add_text(out, "DKIM-Signature:");
	buf_add_str(out, buf_view(&line));
	buf_add_text(out, "\r\n");
	ok = buf_check(&line, "a DKIM signature", f);
done:
	buf_cut(canonical, headers);
	buf_release(&digits);
	buf_release(&line);
	return ok;
}

bool dkim_sign(const struct dkim_options *options, struct str message, struct buf *out, struct fault *f)
{
	struct header headers[HEADERS_MOST];
	unsigned char body_hash[SHA256_DIGEST_LENGTH];
	struct buf list, canonical;
	struct str body = {NULL, 0};
	size_t count = 0;
	bool ok = false;

	must(options->signer_count > 0 && options->signer_count <= DKIM_SIGNERS_MOST);
	buf_init(&list, 4096);
	buf_init(&canonical, LIMIT_MAIL_BYTES);
	for (size_t i = 0; i < options->signer_count; i++)
		if (!is_domain(options->domain) || !is_domain(options->signers[i].selector)) {
			fault_set(f, FAULT_INPUT, "the DKIM domain and selector are host names");
			goto done;
		}
	if (!split(message, headers, &count, &body, f) || !hash_body(body, body_hash, f))
		goto done;
	choose_headers(options, headers, count, &list, &canonical);
	ok = buf_check(&list, "the names of a mail's headers", f);
	for (size_t i = 0; ok && i < options->signer_count; i++)
		ok = write_signature(options, &options->signers[i], buf_view(&list), str_make(body_hash, sizeof(body_hash)),
			&canonical, out, f);
	ok = ok && buf_check(out, "a DKIM signature", f);
done:
	buf_release(&canonical);
	buf_release(&list);
	return ok;
}
