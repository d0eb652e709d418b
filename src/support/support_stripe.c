/* support_stripe.c: the provider's wire: calls, answers, signatures.
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

bool stripe_call(struct support *support, const char *method, const char *path, struct str form, const char *key,
	http_done *done, void *self, struct fault *f)
{
	char url[512];
	const struct http_header_line headers[] = {
		{"Authorization", secret_bytes(support->authorization)},
		{"Stripe-Version", STR(STRIPE_VERSION)},
		{key != NULL ? "Idempotency-Key" : NULL, str_from(key)},
		{NULL, {NULL, 0}},
	};
	struct http_call_options options = {.method = method, .url = url, .headers = headers, .body = form,
		.type = form.len > 0 ? "application/x-www-form-urlencoded" : NULL, .timeout_ms = CALL_MS};

	if (support->authorization == NULL)
		return fault_set(f, FAULT_MISSING, "secrets/support.conf holds no [stripe] key: put the restricted key there");
	if (snprintf(url, sizeof(url), "%.*s%s", STR_ARG(support->settings->stripe_api), path) >= (int) sizeof(url))
		return fault_set(f, FAULT_INPUT, "the provider's address is too long");
	return http_call_start(support->room->client, &options, done, self, NULL, f);
}

/* The provider's own words on a refusal go to the log alone; they name parameters, never people. */
static bool refusal(const struct http_reply *reply, json_t *json, struct fault *f)
{
	const json_t *error = json_object_get(json, "error");
	struct str code = http_json_text(error, "code"), message = http_json_text(error, "message");
	enum fault_kind kind = FAULT_INPUT;

	if (reply->status == 401 || reply->status == 403)
		kind = FAULT_DENIED;
	else if (reply->status == 404)
		kind = FAULT_MISSING;
	else if (reply->status == 409 || reply->status == 429)
		kind = FAULT_BUSY;
	else if (reply->status >= 500 || reply->status < 400)
		kind = FAULT_UNCERTAIN;
	fault_set_at(f, kind, reply->status, __FILE__, __LINE__, "the payment provider answered %d", reply->status);
	return fault_detail(f, "%.*s: %.*s", STR_ARG(code), STR_ARG(str_part(message, 0, 200)));
}

bool stripe_reply(const struct http_reply *reply, const struct fault *failed, json_t **json, struct fault *f)
{
	struct fault unread = {0};

	*json = NULL;
	if (failed != NULL) {
		*f = *failed;
		/* Cut before anything was sent, or nonsense came back: only the first would be a no. */
		if (f->kind == FAULT_REMOTE)
			f->kind = FAULT_UNCERTAIN;
		return false;
	}
	if (!http_json_parse(reply->body, json, &unread)) {
		*json = NULL;
		return refusal(reply, NULL, f);
	}
	if (reply->status >= 200 && reply->status < 300)
		return true;
	refusal(reply, *json, f);
	json_decref(*json);
	*json = NULL;
	return false;
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
