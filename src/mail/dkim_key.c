/* dkim_key.c: DKIM's keys: making, reading, the record that stands in DNS, and the signature itself.
 *
 * Decides: RSA of 2048 bits (RFC 8301) and Ed25519 (RFC 8463); what is refused as a key. Leaves to dkim.c: what is
 * signed. Runs in: the newsletter room. The hard thing: Ed25519 signs the SHA-256 of the canonical headers, not the
 * headers (RFC 8463 §3), and its record holds the bare 32 bytes, RSA's a whole SubjectPublicKeyInfo.
 * SPDX-License-Identifier: ISC */
#include "dkim.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sodium.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/secret.h"
#include "mail_inside.h"

enum { KEY_BITS = 2048, KEY_BITS_LEAST = 1024, PEM_MOST = 16 * 1024, ED25519_BYTES = 32, LOCKED_BYTES = 128 * 1024, LOCKED_LEAST = 16 };

struct dkim_key {
	EVP_PKEY *pkey;
	EVP_PKEY_CTX *rsa;      /* made once: a new one a mail costs as much as composing it */
	struct secret *ed25519; /* as libsodium has it, which signs in a third of OpenSSL's time */
	enum dkim_algorithm algorithm;
};

bool dkim_crypto_fault(struct fault *f, const char *what)
{
	unsigned long code = ERR_get_error();

	ERR_clear_error();
	fault_set(f, FAULT_IO, "%s failed", what);
	return fault_detail(f, "openssl %lx", code);
}

const char *dkim_algorithm_name(enum dkim_algorithm algorithm)
{
	return algorithm == DKIM_RSA ? "rsa-sha256" : "ed25519-sha256";
}

enum dkim_algorithm dkim_key_algorithm(const struct dkim_key *key)
{
	return key->algorithm;
}

static bool write_public(EVP_PKEY *pkey, struct buf *text, struct fault *f)
{
	unsigned char raw[ED25519_BYTES];
	unsigned char *der = NULL;
	size_t raw_len = sizeof(raw);
	int len;

	if (EVP_PKEY_get_base_id(pkey) == EVP_PKEY_ED25519) {
		if (EVP_PKEY_get_raw_public_key(pkey, raw, &raw_len) != 1 || raw_len != sizeof(raw))
			return dkim_crypto_fault(f, "writing the DKIM key's public part");
		buf_add_text(text, "v=DKIM1; k=ed25519; p=");
		mail_write_base64(text, str_make(raw, raw_len));
		return true;
	}
	len = i2d_PUBKEY(pkey, &der);
	if (len <= 0)
		return dkim_crypto_fault(f, "writing the DKIM key's public part");
	buf_add_text(text, "v=DKIM1; k=rsa; p=");
	mail_write_base64(text, str_make(der, (size_t) len));
	OPENSSL_free(der);
	return true;
}

static bool write_record(EVP_PKEY *pkey, struct arena *arena, struct str *record, struct fault *f)
{
	struct buf text;
	bool ok;

	buf_init(&text, 4096);
	ok = write_public(pkey, &text, f) && buf_check(&text, "the DKIM record", f);
	if (ok) {
		*record = str_copy(buf_view(&text), arena);
		ok = record->at != NULL || fault_full(f, "the DKIM record");
	}
	buf_release(&text);
	return ok;
}

bool dkim_new_key(enum dkim_algorithm algorithm, struct secret **pem, struct arena *arena, struct str *dns_record,
	struct fault *f)
{
	EVP_PKEY *pkey = algorithm == DKIM_RSA ? EVP_RSA_gen(KEY_BITS) : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	BIO *bio = BIO_new(BIO_s_secmem());
	char *at = NULL;
	long len;
	bool ok = false;

	if (pkey == NULL || bio == NULL || PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL) != 1) {
		dkim_crypto_fault(f, "making a DKIM key");
		goto done;
	}
	len = BIO_get_mem_data(bio, &at);
	if (len <= 0 || len > PEM_MOST) {
		dkim_crypto_fault(f, "making a DKIM key");
		goto done;
	}
	if (!write_record(pkey, arena, dns_record, f))
		goto done;
	*pem = secret_new(str_make(at, (size_t) len));
	OPENSSL_cleanse(at, (size_t) len);
	ok = true;
done:
	BIO_free(bio);
	EVP_PKEY_free(pkey);
	return ok;
}

static bool is_fit(const EVP_PKEY *pkey)
{
	int bits = EVP_PKEY_get_bits(pkey);

	if (EVP_PKEY_get_base_id(pkey) == EVP_PKEY_ED25519)
		return true;
	return EVP_PKEY_get_base_id(pkey) == EVP_PKEY_RSA && bits >= KEY_BITS_LEAST && bits <= 8 * DKIM_SIGNATURE_MOST;
}

void dkim_lock_keys(void)
{
	/* Where the pages cannot be locked (RLIMIT_MEMLOCK) the keys are read all the same. */
	if (CRYPTO_secure_malloc_initialized() == 0)
		(void) CRYPTO_secure_malloc_init(LOCKED_BYTES, LOCKED_LEAST);
}

static bool prepare_rsa(struct dkim_key *key, struct fault *f)
{
	key->rsa = EVP_PKEY_CTX_new(key->pkey, NULL);
	return (key->rsa != NULL && EVP_PKEY_sign_init(key->rsa) == 1 &&
			EVP_PKEY_CTX_set_rsa_padding(key->rsa, RSA_PKCS1_PADDING) == 1 &&
			EVP_PKEY_CTX_set_signature_md(key->rsa, EVP_sha256()) == 1) ||
		dkim_crypto_fault(f, "opening the DKIM key");
}

static bool prepare_ed25519(struct dkim_key *key, struct fault *f)
{
	unsigned char seed[crypto_sign_SEEDBYTES], public_key[crypto_sign_PUBLICKEYBYTES], secret_key[crypto_sign_SECRETKEYBYTES];
	size_t len = sizeof(seed);
	bool ok = sodium_init() >= 0 && EVP_PKEY_get_raw_private_key(key->pkey, seed, &len) == 1 && len == sizeof(seed) &&
		crypto_sign_seed_keypair(public_key, secret_key, seed) == 0;

	if (ok)
		key->ed25519 = secret_new(str_make(secret_key, sizeof(secret_key)));
	sodium_memzero(seed, sizeof(seed));
	sodium_memzero(secret_key, sizeof(secret_key));
	return ok || dkim_crypto_fault(f, "opening the DKIM key");
}

bool dkim_key_open(struct dkim_key **key, const struct secret *pem, struct fault *f)
{
	struct str bytes = secret_bytes(pem);
	BIO *bio = NULL;
	EVP_PKEY *pkey = NULL;
	bool ok = false;

	if (bytes.len == 0 || bytes.len > PEM_MOST) {
		fault_set(f, FAULT_INPUT, "the DKIM key is empty or too long");
		goto done;
	}
	bio = BIO_new_mem_buf(bytes.at, (int) bytes.len);
	/* "" as the pass phrase: a key that wants one is refused instead of asking on the terminal. */
	pkey = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *) (uintptr_t) "") : NULL;
	if (pkey == NULL || !is_fit(pkey)) {
		ERR_clear_error();
		fault_set(f, FAULT_INPUT, "the DKIM key is no Ed25519 key and no RSA key of %d bits or more in PEM form",
			KEY_BITS_LEAST);
		goto done;
	}
	*key = memory_new(1, sizeof(**key));
	(*key)->algorithm = EVP_PKEY_get_base_id(pkey) == EVP_PKEY_ED25519 ? DKIM_ED25519 : DKIM_RSA;
	(*key)->pkey = pkey;
	pkey = NULL;
	ok = (*key)->algorithm == DKIM_ED25519 ? prepare_ed25519(*key, f) : prepare_rsa(*key, f);
	if (!ok)
		dkim_key_close(key);
done:
	EVP_PKEY_free(pkey);
	BIO_free(bio);
	return ok;
}

void dkim_key_close(struct dkim_key **key)
{
	if (*key == NULL)
		return;
	EVP_PKEY_CTX_free((*key)->rsa);
	secret_free(&(*key)->ed25519);
	EVP_PKEY_free((*key)->pkey);
	memory_free(*key);
	*key = NULL;
}

bool dkim_dns_record(const struct dkim_key *key, struct arena *arena, struct str *record, struct fault *f)
{
	return write_record(key->pkey, arena, record, f);
}

/* RSA signs the digest as the SHA-256 that it is; Ed25519 takes its 32 bytes for the message (RFC 8463 §3). */
bool dkim_key_sign(const struct dkim_key *key, const unsigned char digest[DKIM_DIGEST_BYTES], struct dkim_signature *out,
	struct fault *f)
{
	if (key->algorithm == DKIM_ED25519) {
		out->len = crypto_sign_BYTES;
		return crypto_sign_detached(out->bytes, NULL, digest, DKIM_DIGEST_BYTES,
			(const unsigned char *) secret_bytes(key->ed25519).at) == 0 || dkim_crypto_fault(f, "signing a mail");
	}
	out->len = sizeof(out->bytes);
	return EVP_PKEY_sign(key->rsa, out->bytes, &out->len, digest, DKIM_DIGEST_BYTES) == 1 || dkim_crypto_fault(f, "signing a mail");
}
