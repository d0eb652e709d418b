/* paypal_sign.c: did PayPal send this event?
 *
 * Decides: what is signed ("transmission id|time|webhook id|CRC-32 of the body") and which certificates count. Leaves to
 * rail_paypal.c: fetching one. Runs in: support. The hard thing: the address of the certificate comes with the event, so
 * it is worth nothing unless it lies at PayPal's own origin, and the certificate itself says that it is theirs.
 * SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sodium.h>
#include <stdio.h>
#include "base/arena.h"
#include "base/fault.h"
#include "rail_wire.h"

enum { SIGNATURE_BYTES = 1024, NAME_BYTES = 128, OLDEST_S = 4 * 24 * 3600 /* it is sent again for three days */, EARLY_S = 300 };

uint32_t paypal_crc32(struct str text)
{
	uint32_t sum = 0xffffffffu;

	for (size_t i = 0; i < text.len; i++) {
		sum ^= (unsigned char) text.at[i];
		for (int bit = 0; bit < 8; bit++)
			sum = (sum >> 1) ^ (sum & 1 ? 0xedb88320u : 0);
	}
	return ~sum;
}

bool paypal_cert_name(struct str url, struct str origin, char out[PAYPAL_CERT_CHARS + 1])
{
	static const char folder[] = "/v1/notifications/certs/";
	struct str name = str_part(url, origin.len + sizeof(folder) - 1, SIZE_MAX);

	if (origin.len == 0 || !str_starts(url, origin) || !str_starts(str_part(url, origin.len, SIZE_MAX), str_from(folder)) ||
		name.len == 0 || name.len > PAYPAL_CERT_CHARS)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.at[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'))
			return false;
	}
	memcpy(out, name.at, name.len);
	out[name.len] = '\0';
	return true;
}

/* In force, and PayPal's by its own word. */
static bool is_theirs(X509 *certificate, struct when now)
{
	time_t seconds = (time_t) (now.us / 1000000);
	char name[NAME_BYTES] = "";
	int len = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof(name));

	return len > 0 && str_ends(str_from(name), STR(".paypal.com")) &&
		X509_cmp_time(X509_get0_notBefore(certificate), &seconds) < 0 && X509_cmp_time(X509_get0_notAfter(certificate), &seconds) > 0;
}

static bool is_signed(X509 *certificate, struct str base, const unsigned char *signature, size_t size)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	EVP_PKEY *key = X509_get0_pubkey(certificate);
	bool ok = context != NULL && key != NULL && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA &&
		EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
		EVP_DigestVerify(context, signature, size, (const unsigned char *) base.at, base.len) == 1;

	EVP_MD_CTX_free(context);
	return ok;
}

static bool is_fresh(struct str time, struct when now)
{
	struct fault ignored = {0};
	struct when sent;

	return time.len > 0 && (time.at[time.len - 1] == 'Z' || str_find_char(time, '+') != SIZE_MAX) && clock_parse(time, &sent, &ignored) &&
		now.us - sent.us <= (int64_t) OLDEST_S * 1000000 && sent.us - now.us <= (int64_t) EARLY_S * 1000000;
}

bool paypal_signed(struct str pem, struct str webhook, const struct paypal_mark *mark, struct str body, struct when now, struct fault *f)
{
	unsigned char signature[SIGNATURE_BYTES];
	BIO *bio = NULL;
	X509 *certificate = NULL;
	struct arena arena;
	struct str base;
	size_t size = 0;
	bool ok = false;

	arena_init(&arena, "signature", 4096);
	if (!str_is(mark->algorithm, "SHA256withRSA") || webhook.len == 0 || mark->id.len == 0 || mark->id.len > 200 || mark->time.len > 40 ||
		str_has_control(mark->id) || sodium_base642bin(signature, sizeof(signature), mark->signature.at != NULL ? mark->signature.at : "",
			mark->signature.len, NULL, &size, NULL, sodium_base64_VARIANT_ORIGINAL) != 0 || size == 0) {
		fault_set(f, FAULT_DENIED, "The signature is missing or malformed.");
		goto done;
	}
	bio = BIO_new_mem_buf(pem.at, (int) pem.len);
	certificate = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	if (certificate == NULL || !is_theirs(certificate, now)) {
		fault_set(f, FAULT_DENIED, "The certificate is not the provider's, or not in force.");
		goto done;
	}
	base = str_format(&arena, "%.*s|%.*s|%.*s|%" PRIu32, STR_ARG(mark->id), STR_ARG(mark->time), STR_ARG(webhook), paypal_crc32(body));
	if (base.at == NULL || !is_signed(certificate, base, signature, size))
		fault_set(f, FAULT_DENIED, "The signature is not the provider's.");
	else
		ok = is_fresh(mark->time, now) || fault_set(f, FAULT_DENIED, "The signature is too old.");
done:
	X509_free(certificate);
	BIO_free(bio);
	arena_release(&arena);
	return ok;
}
