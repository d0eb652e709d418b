/* dkim.c: the DKIM signature of a mail that we wrote.
 *
 * Decides: which headers are signed (all that a reader or a mail program acts on, each once more than it stands
 * there, so that none can be added), canonical forms, the signature's line. Leaves to the newsletter room: where
 * the key lies. Runs in: the newsletter room. The hard thing: relaxed canonicalisation (RFC 6376 §3.4.2, §3.4.4)
 * must come out byte for byte as every verifier's does; the tests hold it against Python's dkim module.
 * SPDX-License-Identifier: ISC */
#include "dkim.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/limits.h"
#include "base/secret.h"
#include "mail_inside.h"

enum { KEY_BITS = 2048, SIGNATURE_MOST = 1024, PEM_MOST = 16 * 1024, HEADERS_MOST = 64 };

struct dkim_key {
	EVP_PKEY *rsa;
};

/* Signed where they stand, and once more. */
static const char *const signed_names[] = {"From", "To", "Subject", "Date", "Message-ID", "Reply-To", "MIME-Version",
	"Content-Type", "Content-Transfer-Encoding", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post"};
enum { SIGNED_COUNT = sizeof(signed_names) / sizeof(signed_names[0]) };

static bool crypto_fault(struct fault *f, const char *what)
{
	unsigned long code = ERR_get_error();

	ERR_clear_error();
	fault_set(f, FAULT_IO, "%s failed", what);
	return fault_detail(f, "openssl %lx", code);
}

static bool write_record(EVP_PKEY *rsa, struct arena *arena, struct str *record, struct fault *f)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(rsa, &der);
	struct buf text;
	bool ok = false;

	buf_init(&text, 4096);
	if (len <= 0) {
		crypto_fault(f, "writing the DKIM key's public part");
		goto done;
	}
	buf_add_text(&text, "v=DKIM1; k=rsa; p=");
	mail_write_base64(&text, str_make(der, (size_t) len));
	*record = str_copy(buf_view(&text), arena);
	ok = record->at != NULL || fault_full(f, "the DKIM record");
done:
	OPENSSL_free(der);
	buf_release(&text);
	return ok;
}

bool dkim_new_key(struct secret **pem, struct arena *arena, struct str *dns_record, struct fault *f)
{
	EVP_PKEY *rsa = EVP_RSA_gen(KEY_BITS);
	BIO *bio = BIO_new(BIO_s_secmem());
	char *at = NULL;
	long len;
	bool ok = false;

	if (rsa == NULL || bio == NULL || PEM_write_bio_PrivateKey(bio, rsa, NULL, NULL, 0, NULL, NULL) != 1) {
		crypto_fault(f, "making a DKIM key");
		goto done;
	}
	len = BIO_get_mem_data(bio, &at);
	if (len <= 0 || len > PEM_MOST) {
		crypto_fault(f, "making a DKIM key");
		goto done;
	}
	if (!write_record(rsa, arena, dns_record, f))
		goto done;
	*pem = secret_new(str_make(at, (size_t) len));
	OPENSSL_cleanse(at, (size_t) len);
	ok = true;
done:
	BIO_free(bio);
	EVP_PKEY_free(rsa);
	return ok;
}

bool dkim_key_open(struct dkim_key **key, const struct secret *pem, struct fault *f)
{
	struct str bytes = secret_bytes(pem);
	BIO *bio = NULL;
	EVP_PKEY *rsa = NULL;
	bool ok = false;

	if (bytes.len == 0 || bytes.len > PEM_MOST) {
		fault_set(f, FAULT_INPUT, "the DKIM key is empty or too long");
		goto done;
	}
	bio = BIO_new_mem_buf(bytes.at, (int) bytes.len);
	/* "" as the pass phrase: a key that wants one is refused instead of asking on the terminal. */
	rsa = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *) (uintptr_t) "") : NULL;
	if (rsa == NULL || EVP_PKEY_get_base_id(rsa) != EVP_PKEY_RSA || EVP_PKEY_get_bits(rsa) < 1024 ||
		EVP_PKEY_get_bits(rsa) > 8 * SIGNATURE_MOST) {
		ERR_clear_error();
		fault_set(f, FAULT_INPUT, "the DKIM key is not an RSA key of 1024 bits or more in PEM form");
		goto done;
	}
	*key = memory_new(1, sizeof(**key));
	(*key)->rsa = rsa;
	rsa = NULL;
	ok = true;
done:
	EVP_PKEY_free(rsa);
	BIO_free(bio);
	return ok;
}

void dkim_key_close(struct dkim_key **key)
{
	if (*key == NULL)
		return;
	EVP_PKEY_free((*key)->rsa);
	memory_free(*key);
	*key = NULL;
}

bool dkim_dns_record(const struct dkim_key *key, struct arena *arena, struct str *record, struct fault *f)
{
	return write_record(key->rsa, arena, record, f);
}

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
	return ok || crypto_fault(f, "hashing a mail");
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

static bool sign(const struct dkim_key *key, struct str bytes, unsigned char *out, size_t *len, struct fault *f)
{
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	bool ok = hash != NULL && EVP_DigestSignInit(hash, NULL, EVP_sha256(), NULL, key->rsa) == 1 &&
		EVP_DigestSign(hash, out, len, (const unsigned char *) bytes.at, bytes.len) == 1;

	EVP_MD_CTX_free(hash);
	return ok || crypto_fault(f, "signing a mail");
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

bool dkim_sign(const struct dkim_options *options, struct str message, struct buf *out, struct fault *f)
{
	struct header headers[HEADERS_MOST];
	unsigned char body_hash[SHA256_DIGEST_LENGTH];
	unsigned char signature[SIGNATURE_MOST];
	size_t signature_len = sizeof(signature);
	struct buf list, canonical, line, digits;
	struct str body = {NULL, 0};
	size_t count = 0;
	size_t column = 3;
	bool ok = false;

	buf_init(&list, 4096);
	buf_init(&canonical, LIMIT_MAIL_BYTES);
	buf_init(&line, 8192);
	buf_init(&digits, 2 * SIGNATURE_MOST);
	if (!is_domain(options->domain) || !is_domain(options->selector)) {
		fault_set(f, FAULT_INPUT, "the DKIM domain and selector are host names");
		goto done;
	}
	if (!split(message, headers, &count, &body, f) || !hash_body(body, body_hash, f))
		goto done;
	choose_headers(options, headers, count, &list, &canonical);
	buf_format(&line, " v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n\td=%.*s;\r\n\ts=%.*s; t=%lld;\r\n\th=%.*s;\r\n\tbh=",
		STR_ARG(options->domain), STR_ARG(options->selector), (long long) (options->when.us / 1000000),
		STR_ARG(buf_view(&list)));
	mail_write_base64(&line, str_make(body_hash, sizeof(body_hash)));
	buf_add_text(&line, ";\r\n\tb=");
	write_relaxed_header(&canonical, STR("DKIM-Signature"), buf_view(&line));
	if (!buf_check(&canonical, "the headers of a mail", f) || !buf_check(&line, "a DKIM signature", f))
		goto done;
	if (!sign(options->key, buf_view(&canonical), signature, &signature_len, f))
		goto done;
	mail_write_base64(&digits, str_make(signature, signature_len));
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
	ok = buf_check(&line, "a DKIM signature", f) && buf_check(out, "a DKIM signature", f);
done:
	buf_release(&digits);
	buf_release(&line);
	buf_release(&canonical);
	buf_release(&list);
	return ok;
}
