/* stripe_wire.c: Stripe's wire: calls, answers, signatures.
 *
 * Decides: the headers of every call (pinned version, restricted key), what an answer means for a retry, and whether an
 * event was signed by the provider. Leaves to others: what is asked and what follows. Runs in: support. The hard thing:
 * an answer that did not come is not a no (UNCERTAIN); and a signature is compared in constant time, with each secret
 * while one is being rolled.
 * SPDX-License-Identifier: ISC */
#include <sodium.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/secret.h"
#include "stripe_inside.h"
#include "support_inside.h"

enum { CALL_MS = 8000, MAC_BYTES = 32, MAX_SIGNATURES = 8 };

void stripe_add(struct buf *form, const char *name, struct str value)
{
	if (form->len > 0)
		buf_add_char(form, '&');
	http_encode(form, str_from(name));
	buf_add_char(form, '=');
	http_encode(form, value);
}

bool stripe_call(struct rail_line *line, const char *method, const char *path, struct str form, struct str key,
	http_done *done, void *self, struct fault *f)
{
	const struct stripe *stripe = line->self;
	struct support *support = line->support;
	char url[512];
	const struct http_header_line headers[] = {
		{"Authorization", stripe != NULL ? secret_bytes(stripe->authorization) : (struct str){NULL, 0}},
		{"Stripe-Version", STR(STRIPE_VERSION)},
		{key.len > 0 ? "Idempotency-Key" : NULL, key},
		{NULL, {NULL, 0}},
	};
	struct http_call_options options = {.method = method, .url = url, .headers = headers, .body = form,
		.type = form.len > 0 ? "application/x-www-form-urlencoded" : NULL, .timeout_ms = CALL_MS};

	if (stripe == NULL || stripe->authorization == NULL || support->room == NULL)
		return fault_set(f, FAULT_MISSING, "secrets/support.conf holds no [stripe] key: put the restricted key there");
	if (snprintf(url, sizeof(url), "%.*s%s", STR_ARG(support->settings->stripe_api), path) >= (int) sizeof(url))
		return fault_set(f, FAULT_INPUT, "the provider's address is too long");
	return http_call_start(support->room->client, &options, done, self, NULL, f);
}

bool stripe_reply(const struct http_reply *reply, const struct fault *failed, json_t **json, struct fault *f)
{
	return rail_reply(reply, failed, "error.code", "error.message", json, f);
}

/* "t=…,v1=…,v1=…": the time and the v1 signatures. Other schemes are passed over. */
static bool read_header(
	struct str header, struct str *time, unsigned char signatures[MAX_SIGNATURES][MAC_BYTES], size_t *count)
{
	struct str rest = header;
	struct str piece;

	*time = (struct str){NULL, 0};
	*count = 0;
	while (str_next(&rest, ',', &piece)) {
		piece = str_trim(piece);
		if (str_starts(piece, STR("t="))) {
			if (time->len > 0)
				return false;
			*time = str_part(piece, 2, SIZE_MAX);
		} else if (str_starts(piece, STR("v1=")) && *count < MAX_SIGNATURES) {
			struct str hex = str_part(piece, 3, SIZE_MAX);
			size_t len;

			if (hex.len == (size_t) 2 * MAC_BYTES &&
				sodium_hex2bin(signatures[*count], MAC_BYTES, hex.at, hex.len, NULL, &len, NULL) == 0 &&
				len == MAC_BYTES)
				(*count)++;
		}
	}
	return time->len > 0 && time->len < 20;
}

static void sign(const struct secret *secret, struct str time, struct str body, unsigned char out[MAC_BYTES])
{
	struct str key = secret_bytes(secret);
	crypto_auth_hmacsha256_state state;

	crypto_auth_hmacsha256_init(&state, (const unsigned char *) key.at, key.len);
	crypto_auth_hmacsha256_update(&state, (const unsigned char *) time.at, time.len);
	crypto_auth_hmacsha256_update(&state, (const unsigned char *) ".", 1);
	crypto_auth_hmacsha256_update(&state, (const unsigned char *) body.at, body.len);
	crypto_auth_hmacsha256_final(&state, out);
	sodium_memzero(&state, sizeof(state));
}

bool stripe_verify(const struct secret *const *secrets, size_t count, struct str header, struct str body,
	struct when now, struct fault *f)
{
	unsigned char signatures[MAX_SIGNATURES][MAC_BYTES];
	unsigned char own[MAC_BYTES];
	struct str time;
	size_t given;
	int64_t sent_s;
	int64_t age_s;
	bool good = false;

	if (!read_header(header, &time, signatures, &given) || given == 0 || !str_to_i64(time, &sent_s) || sent_s < 0 ||
		sent_s > INT64_C(1) << 40)
		return fault_set(f, FAULT_DENIED, "The signature is missing or malformed.");
	for (size_t i = 0; i < count; i++) {
		if (secret_bytes(secrets[i]).len == 0)
			continue;
		sign(secrets[i], time, body, own);
		for (size_t j = 0; j < given; j++)
			good |= sodium_memcmp(own, signatures[j], MAC_BYTES) == 0;
	}
	age_s = now.us / 1000000 - sent_s;
	if (!good)
		return fault_set(f, FAULT_DENIED, "The signature is not the provider's.");
	if (age_s > STRIPE_TOLERANCE_S || age_s < -STRIPE_TOLERANCE_S)
		return fault_set(f, FAULT_DENIED, "The signature is too old.");
	return true;
}
