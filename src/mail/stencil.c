/* stencil.c: a mail's content that goes to many: encoded once, its body hashed from the first word that differs.
 *
 * Decides: where the word's bytes lie in the encoded content. Leaves to mime.c: encoding; to the caller: headers. Runs in: the
 * newsletter room. The hard thing: a soft line break may fall into the word, so its bytes are not looked for: the same content
 * is encoded with two words, and where the two differ, and only there, the word is.
 * SPDX-License-Identifier: ISC */
#include "stencil.h"

#include <openssl/evp.h>
#include <string.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/limits.h"
#include "base/must.h"
#include "mail_inside.h"

enum { PLACES_MOST = 64 * 256 };

/* One text with the places where the word's bytes stand. */
struct sheet {
	struct buf bytes;
	uint32_t *places;
	size_t place_count;
};

struct mail_stencil {
	struct sheet content;    /* as it is sent */
	struct sheet relaxed;    /* the body as it is hashed */
	size_t word_len, headers_len;
	size_t fixed;            /* bytes of the relaxed body before the word's first one */
	EVP_MD_CTX *before;      /* has hashed those */
	EVP_MD_CTX *hash;
};

static bool find_places(struct sheet *sheet, struct str a, struct str word_a, struct str b, struct str word_b)
{
	if (a.len != b.len || a.len > UINT32_MAX)
		return false;
	buf_init(&sheet->bytes, a.len);
	buf_add_str(&sheet->bytes, a);
	sheet->places = memory_new(PLACES_MOST, sizeof(*sheet->places));
	for (size_t i = 0; i < a.len; i++) {
		size_t at = sheet->place_count % word_a.len;

		if (a.at[i] == b.at[i])
			continue;
		if (sheet->place_count == PLACES_MOST || a.at[i] != word_a.at[at] || b.at[i] != word_b.at[at])
			return false;
		sheet->places[sheet->place_count++] = (uint32_t) i;
	}
	return sheet->place_count > 0 && sheet->place_count % word_a.len == 0;
}

static void put_word(struct sheet *sheet, struct str word)
{
	for (size_t i = 0, at = 0; i < sheet->place_count; i++) {
		sheet->bytes.at[sheet->places[i]] = word.at[at];
		at = at + 1 == word.len ? 0 : at + 1;
	}
}

static bool cut_relaxed(struct mail_stencil *s, struct str a, struct str word_a, struct str b, struct str word_b)
{
	struct buf relaxed[2];
	bool ok;

	buf_init(&relaxed[0], a.len + 2);
	buf_init(&relaxed[1], b.len + 2);
	dkim_relax_body(a, &relaxed[0]);
	dkim_relax_body(b, &relaxed[1]);
	ok = find_places(&s->relaxed, buf_view(&relaxed[0]), word_a, buf_view(&relaxed[1]), word_b);
	buf_release(&relaxed[0]);
	buf_release(&relaxed[1]);
	return ok;
}

static bool begin_hash(struct mail_stencil *s)
{
	s->before = EVP_MD_CTX_new();
	s->hash = EVP_MD_CTX_new();
	s->fixed = s->relaxed.places[0];
	return s->before != NULL && s->hash != NULL && EVP_DigestInit_ex(s->before, EVP_sha256(), NULL) == 1 &&
		EVP_DigestUpdate(s->before, s->relaxed.bytes.at, s->fixed) == 1;
}

bool mail_stencil_cut(struct mail_stencil **stencil, struct str a, struct str word_a, struct str b, struct str word_b)
{
	size_t headers_a = str_find(a, STR("\r\n\r\n")), headers_b = str_find(b, STR("\r\n\r\n"));
	struct mail_stencil *s = NULL;
	bool ok = false;

	must(word_a.len > 0 && word_a.len == word_b.len);
	if (headers_a == SIZE_MAX || headers_a != headers_b)
		return false;
	s = memory_new(1, sizeof(*s));
	s->word_len = word_a.len;
	s->headers_len = headers_a + 2;
	ok = find_places(&s->content, a, word_a, b, word_b) && s->content.places[0] >= s->headers_len + 2 &&
		cut_relaxed(s, str_part(a, headers_a + 4, SIZE_MAX), word_a, str_part(b, headers_b + 4, SIZE_MAX), word_b) &&
		begin_hash(s);
	if (ok)
		*stencil = s;
	else
		mail_stencil_free(&s);
	return ok;
}

void mail_stencil_free(struct mail_stencil **stencil)
{
	struct mail_stencil *s = *stencil;

	*stencil = NULL;
	if (s == NULL)
		return;
	EVP_MD_CTX_free(s->before);
	EVP_MD_CTX_free(s->hash);
	memory_free(s->content.places);
	memory_free(s->relaxed.places);
	buf_release(&s->content.bytes);
	buf_release(&s->relaxed.bytes);
	memory_free(s);
}

bool mail_stencil_fill(struct mail_stencil *s, struct str word, unsigned char body_hash[DKIM_DIGEST_BYTES], struct fault *f)
{
	must(word.len == s->word_len);
	put_word(&s->content, word);
	put_word(&s->relaxed, word);
	return (EVP_MD_CTX_copy_ex(s->hash, s->before) == 1 &&
			EVP_DigestUpdate(s->hash, s->relaxed.bytes.at + s->fixed, s->relaxed.bytes.len - s->fixed) == 1 &&
			EVP_DigestFinal_ex(s->hash, body_hash, NULL) == 1) ||
		dkim_crypto_fault(f, "hashing a mail");
}

struct str mail_stencil_headers(const struct mail_stencil *s)
{
	return str_part(buf_view(&s->content.bytes), 0, s->headers_len);
}

struct str mail_stencil_rest(const struct mail_stencil *s)
{
	return str_part(buf_view(&s->content.bytes), s->headers_len, SIZE_MAX);
}
