/* dkim.c: the DKIM signature of a mail that we wrote.
 *
 * Decides: which headers are signed (all that a reader or a mail program acts on, each once more than it stands
 * there, so that none can be added), canonical forms, the signature's line. Leaves to dkim_key.c: keys. Runs in: the
 * newsletter room. The hard thing: relaxed canonicalisation (RFC 6376 §3.4.2, §3.4.4) must come out byte for byte as
 * every verifier's does; the tests hold it against Python's dkim module.
 * SPDX-License-Identifier: ISC */
#include "dkim.h"

#include <openssl/evp.h>
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
	char *to = buf_reserve(out, value.len);
	size_t len = 0;
	bool blank = false;

	for (size_t i = 0; to != NULL && i < value.len; i++) {
		char c = value.at[i];

		if (c == '\r' || c == '\n')
			continue;
		if (is_blank(c)) {
			blank = len > 0;
			continue;
		}
		if (blank)
			to[len++] = ' ';
		to[len++] = c;
		blank = false;
	}
	if (to != NULL)
		buf_grown(out, len);
}

static void write_relaxed_header(struct buf *out, struct str name, struct str value)
{
	for (size_t i = 0; i < name.len; i++)
		buf_add_char(out, name.at[i] >= 'A' && name.at[i] <= 'Z' ? (char) (name.at[i] - 'A' + 'a') : name.at[i]);
	buf_add_char(out, ':');
	write_relaxed_value(out, value);
}

/* A line without its end, in its relaxed form. */
static void relax_line(struct str line, struct buf *out)
{
	size_t from = 0;

	for (size_t i = 0; i < line.len; i++) {
		if (!is_blank(line.at[i]))
			continue;
		if (line.at[i] == ' ' && i + 1 < line.len && !is_blank(line.at[i + 1]))
			continue;
		buf_add(out, line.at + from, i - from);
		buf_add_char(out, ' ');
		while (i + 1 < line.len && is_blank(line.at[i + 1]))
			i++;
		from = i + 1;
	}
	buf_add(out, line.at + from, line.len - from);
}

void dkim_relax_body(struct str body, struct buf *out)
{
	size_t empty_lines = 0;

	while (body.len > 0) {
		size_t end = str_find(body, STR("\r\n"));
		struct str line = str_part(body, 0, end);

		body = end == SIZE_MAX ? (struct str){NULL, 0} : str_part(body, end + 2, SIZE_MAX);
		while (line.len > 0 && is_blank(line.at[line.len - 1]))
			line.len--;
		if (line.len == 0) {
			empty_lines++;
			continue;
		}
		for (; empty_lines > 0; empty_lines--)
			buf_add(out, "\r\n", 2);
		relax_line(line, out);
		buf_add(out, "\r\n", 2);
	}
}

/* Looked up once for the process: OpenSSL would do it for each hash, which takes as long as the hash of a mail's headers. */
static const EVP_MD *sha256(void)
{
	static EVP_MD *found;

	if (found == NULL)
		found = EVP_MD_fetch(NULL, "SHA256", NULL);
	return found != NULL ? found : EVP_sha256();
}

bool dkim_hash(struct str bytes, unsigned char out[DKIM_DIGEST_BYTES], struct fault *f)
{
	return EVP_Digest(bytes.at != NULL ? bytes.at : "", bytes.len, out, NULL, sha256(), NULL) == 1 ||
		dkim_crypto_fault(f, "hashing a mail");
}

bool dkim_hash_body(struct str body, unsigned char out[DKIM_DIGEST_BYTES], struct fault *f)
{
	struct buf relaxed;
	bool ok;

	buf_init(&relaxed, body.len + 2); /* its last line may have had no end */
	dkim_relax_body(body, &relaxed);
	ok = buf_check(&relaxed, "a mail's body", f) && dkim_hash(buf_view(&relaxed), out, f);
	buf_release(&relaxed);
	return ok;
}

/* --- the mail's headers --- */

struct header {
	struct str name, value; /* value as it stands, folds included, without the last CRLF */
	bool used;
};

static bool split(struct str rest, struct header *headers, size_t *count, struct fault *f)
{
	*count = 0;
	if (str_ends(rest, STR("\r\n")))
		rest.len -= 2;
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
static struct header *next_header(struct header *headers, size_t count, struct str name)
{
	for (size_t i = count; i > 0; i--)
		if (!headers[i - 1].used && str_equal_nocase(headers[i - 1].name, name)) {
			headers[i - 1].used = true;
			return &headers[i - 1];
		}
	return NULL;
}

static void add_name(struct buf *list, struct str name, size_t *column)
{
	if (list->len > 0)
		buf_add_char(list, ':');
	if (list->len > 0 && *column + name.len + 1 > MAIL_LINE_WANTED) {
		buf_add_text(list, "\r\n\t");
		*column = 1;
	}
	buf_add_str(list, name);
	*column += name.len + 1;
}

/* h= and the canonical headers. A name that does not (or no longer) stand there is listed and adds nothing. */
static void choose_headers(const struct dkim_options *options, struct header *headers, size_t count, struct buf *list,
	struct buf *canonical)
{
	size_t column = 4;

	for (size_t i = 0; i < SIGNED_COUNT; i++) {
		struct str name = str_from(signed_names[i]);
		struct header *header;

		if (is_omitted(options, signed_names[i]))
			continue;
		while ((header = next_header(headers, count, name)) != NULL) {
			add_name(list, name, &column);
			write_relaxed_header(canonical, header->name, header->value);
			buf_add(canonical, "\r\n", 2);
		}
		add_name(list, name, &column);
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

/* One signature's lines as far as its b=, and what is to be signed. canonical: the chosen headers; given back as it was. */
static bool write_lines(const struct dkim_options *options, const struct dkim_signer *signer, struct str names,
	struct str body_hash, struct dkim_draft *draft, struct fault *f)
{
	struct buf *lines = &draft->lines;
	size_t headers = draft->canonical.len, from;
	bool ok;

	buf_add_text(lines, "DKIM-Signature:");
	from = lines->len;
	buf_format(lines, " v=1; a=%s; c=relaxed/relaxed;\r\n\td=%.*s;\r\n\ts=%.*s; t=%lld;\r\n\th=",
		dkim_algorithm_name(dkim_key_algorithm(signer->key)), STR_ARG(options->domain), STR_ARG(signer->selector),
		(long long) (options->when.us / 1000000));
	buf_add_str(lines, names);
	buf_add_text(lines, ";\r\n\tbh=");
	mail_write_base64(lines, body_hash);
	buf_add_text(lines, ";\r\n\tb=");
	write_relaxed_header(&draft->canonical, STR("DKIM-Signature"), str_part(buf_view(lines), from, SIZE_MAX));
	ok = buf_check(&draft->canonical, "the headers of a mail", f) && buf_check(lines, "a DKIM signature", f) &&
		dkim_hash(buf_view(&draft->canonical), draft->digests[draft->count], f);
	buf_cut(&draft->canonical, headers);
	draft->ends[draft->count++] = lines->len;
	return ok;
}

void dkim_draft_init(struct dkim_draft *draft)
{
	*draft = (struct dkim_draft){0};
	buf_init(&draft->lines, (size_t) DKIM_SIGNERS_MOST * 8192);
	buf_init(&draft->canonical, LIMIT_MAIL_BYTES);
}

void dkim_draft_release(struct dkim_draft *draft)
{
	buf_release(&draft->lines);
	buf_release(&draft->canonical);
	draft->count = 0;
}

bool dkim_draft_write(const struct dkim_options *options, struct str headers_text, const unsigned char body_hash[DKIM_DIGEST_BYTES],
	struct dkim_draft *draft, struct fault *f)
{
	struct header headers[HEADERS_MOST];
	struct buf names;
	size_t count = 0;
	bool ok;

	must(options->signer_count > 0 && options->signer_count <= DKIM_SIGNERS_MOST);
	draft->count = 0;
	buf_clear(&draft->lines);
	buf_clear(&draft->canonical);
	for (size_t i = 0; i < options->signer_count; i++)
		if (!is_domain(options->domain) || !is_domain(options->signers[i].selector))
			return fault_set(f, FAULT_INPUT, "the DKIM domain and selector are host names");
	if (!split(headers_text, headers, &count, f))
		return false;
	buf_init(&names, 4096);
	choose_headers(options, headers, count, &names, &draft->canonical);
	ok = buf_check(&names, "the names of a mail's headers", f);
	for (size_t i = 0; ok && i < options->signer_count; i++)
		ok = write_lines(options, &options->signers[i], buf_view(&names), str_make(body_hash, DKIM_DIGEST_BYTES), draft, f);
	buf_release(&names);
	return ok;
}

static void write_digits(struct str bytes, struct buf *out)
{
	struct buf digits;
	size_t room = MAIL_LINE_WANTED - 3; /* behind "\tb=" */

	buf_init(&digits, 2 * DKIM_SIGNATURE_MOST);
	mail_write_base64(&digits, bytes);
	for (struct str rest = buf_view(&digits); rest.len > 0; room = MAIL_LINE_WANTED - 1) {
		struct str line = str_part(rest, 0, room);

		if (rest.at != digits.at)
			buf_add_text(out, "\r\n\t");
		buf_add_str(out, line);
		rest = str_part(rest, line.len, SIZE_MAX);
	}
	buf_release(&digits);
}

void dkim_draft_finish(const struct dkim_draft *draft, const struct dkim_signature *signatures, struct buf *out)
{
	size_t from = 0;

	for (size_t i = 0; i < draft->count; i++) {
		buf_add(out, draft->lines.at + from, draft->ends[i] - from);
		write_digits(str_make(signatures[i].bytes, signatures[i].len), out);
		buf_add_text(out, "\r\n");
		from = draft->ends[i];
	}
}

bool dkim_sign(const struct dkim_options *options, struct str message, struct buf *out, struct fault *f)
{
	size_t end = str_find(message, STR("\r\n\r\n"));
	struct dkim_signature signatures[DKIM_SIGNERS_MOST];
	unsigned char body_hash[DKIM_DIGEST_BYTES];
	struct dkim_draft draft;
	bool ok;

	if (end == SIZE_MAX)
		return fault_set(f, FAULT_INPUT, "the mail to sign has no end of its headers");
	dkim_draft_init(&draft);
	ok = dkim_hash_body(str_part(message, end + 4, SIZE_MAX), body_hash, f) &&
		dkim_draft_write(options, str_part(message, 0, end + 2), body_hash, &draft, f);
	for (size_t i = 0; ok && i < draft.count; i++)
		ok = dkim_key_sign(options->signers[i].key, draft.digests[i], &signatures[i], f);
	if (ok)
		dkim_draft_finish(&draft, signatures, out);
	dkim_draft_release(&draft);
	return ok && buf_check(out, "a DKIM signature", f);
}
