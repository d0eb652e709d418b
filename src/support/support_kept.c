/* support_kept.c: facts at rest.
 *
 * Decides: the layout of a sealed fact and how names are hashed. Leaves to others: rows (support_events.c). Runs in: support.
 * The hard thing: this layout is read for as long as there are books: numbers of kinds and steps stand in it, so their tables
 * only grow at the end; and a row that was changed or moved is known before a byte of it is believed.
 * SPDX-License-Identifier: ISC */
#include "kept.h"

#include <sodium.h>
#include "base/buf.h"
#include "base/fault.h"
#include "base/must.h"
#include "base/rand.h"
#include "base/secret.h"
#include "rail.h"
#include "support_inside.h"

enum {
	VERSION = 1,
	RAIL_BYTES = 8,
	NONCE_BYTES = 24,
	KEY_BYTES = 32,
	HANDLE_PLAIN_BYTES = KEPT_HANDLE_BYTES - KEPT_SEAL_BYTES,
	SHORT_HANDLE_PLAIN_BYTES = 48
};

_Static_assert(NONCE_BYTES == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "the nonce's length");
_Static_assert(KEPT_SEAL_BYTES == NONCE_BYTES + crypto_aead_xchacha20poly1305_ietf_ABYTES, "the nonce and tag in kept.h");
_Static_assert(KEY_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "the key's length");

/* --- names --- */

void support_rail_index(const struct support *support, const char *domain, const char *rail, struct str name,
	unsigned char out[SEAL_INDEX_BYTES])
{
	char text[RAIL_BYTES + 2 + 400];
	int len;

	if (strcmp(rail, "stripe") == 0) {
		support_index(support, domain, name, out);
		return;
	}
	must(name.len < 400);
	len = snprintf(text, sizeof(text), "%s:%.*s", rail, STR_ARG(name));
	support_index(support, domain, str_make(text, (size_t) len), out);
}

int64_t kept_id(const unsigned char index[SEAL_INDEX_BYTES])
{
	struct fact_key key;

	memcpy(key.at, index, sizeof(key.at));
	return fact_key_id(&key);
}

static struct fact_key key_of(const struct support *support, const char *domain, const char *rail, struct str name)
{
	unsigned char index[SEAL_INDEX_BYTES];
	struct fact_key key = {0};

	if (name.len == 0)
		return key;
	support_rail_index(support, domain, rail, name, index);
	memcpy(key.at, index, sizeof(key.at));
	return key;
}

struct fact_key kept_payment_key(const struct support *support, const char *rail, struct str name)
{
	return key_of(support, "support.reference", rail, name);
}

struct fact_key kept_item_key(const struct support *support, const char *rail, struct str name)
{
	return key_of(support, "support.refund", rail, name);
}

struct secret *kept_key(const struct secret *seal_key)
{
	static const char domain[] = "support.facts";
	struct str bytes = secret_bytes(seal_key);
	unsigned char key[KEY_BYTES];
	struct secret *out;

	must(crypto_generichash(key, sizeof(key), (const unsigned char *) domain, sizeof(domain) - 1,
		(const unsigned char *) bytes.at, bytes.len) == 0);
	out = secret_new(str_make(key, sizeof(key)));
	sodium_memzero(key, sizeof(key));
	return out;
}

/* --- facts to kept --- */

static uint8_t rail_place(const char *name)
{
	uint8_t i = 0;

	while (rails[i] != NULL && strcmp(rails[i]->name, name) != 0)
		i++;
	must(rails[i] != NULL); /* facts->rail is one of the list's own names */
	return i;
}

static uint8_t step_of(const struct facts *facts)
{
	switch (facts->kind) {
	case FACT_REFUND:
		return (uint8_t) facts->refund_step;
	case FACT_DISPUTE:
		return (uint8_t) facts->dispute_step;
	case FACT_PAYOUT:
		return (uint8_t) facts->payout_step;
	case FACT_MANDATE:
		return (uint8_t) facts->mandate_step;
	default:
		return 0;
	}
}

void kept_make(const struct support *support, const struct facts *facts, const unsigned char index[SEAL_INDEX_BYTES],
	struct kept *kept)
{
	bool has_item_name = facts->kind == FACT_PAYOUT_PART; /* `also` is then a refund's or dispute's own name */

	*kept = (struct kept){.created_s = facts->created_s, .amount = facts->amount.minor, .fee = facts->fee.minor,
		.back = facts->back.minor, .due_day = facts->due_day, .next_day = facts->next_day, .kind = (uint8_t) facts->kind,
		.step = step_of(facts), .rail = rail_place(facts->rail),
		.attempt = (uint16_t) (facts->attempt < 0 ? 0 : facts->attempt > UINT16_MAX ? UINT16_MAX : facts->attempt)};
	kept->payment = kept_payment_key(support, facts->rail, facts->payment);
	kept->also = has_item_name ? kept_item_key(support, facts->rail, facts->also) :
		kept_payment_key(support, facts->rail, facts->also);
	kept->item = kept_item_key(support, facts->rail, facts->kind == FACT_MANDATE ? facts->subscription : facts->item);
	memcpy(kept->event, index, sizeof(kept->event));
	memcpy(kept->code, facts->amount.code, sizeof(kept->code));
	memcpy(kept->fee_code, facts->fee.code, sizeof(kept->fee_code));
	memcpy(kept->back_code, facts->back.code, sizeof(kept->back_code));
}

/* --- the layout --- */

static unsigned char *put_i64(unsigned char *at, int64_t n)
{
	for (unsigned i = 0; i < 8; i++)
		at[i] = (unsigned char) ((uint64_t) n >> (8 * i));
	return at + 8;
}

static unsigned char *put(unsigned char *at, const void *bytes, size_t len)
{
	memcpy(at, bytes, len);
	return at + len;
}

static const unsigned char *get_i64(const unsigned char *at, int64_t *n)
{
	uint64_t out = 0;

	for (unsigned i = 0; i < 8; i++)
		out |= (uint64_t) at[i] << (8 * i);
	*n = (int64_t) out;
	return at + 8;
}

static const unsigned char *get(const unsigned char *at, void *bytes, size_t len)
{
	memcpy(bytes, at, len);
	return at + len;
}

static void write_plain(const struct kept *kept, unsigned char plain[KEPT_PLAIN_BYTES])
{
	const int64_t numbers[] = {kept->created_s, kept->checkout, kept->amount, kept->fee, kept->back, kept->due_day, kept->next_day};
	unsigned char *at = plain;
	char rail[RAIL_BYTES] = {0}, reason[FACTS_REASON_BYTES] = {0};

	memset(plain, 0, KEPT_PLAIN_BYTES);
	*at++ = VERSION;
	*at++ = kept->kind;
	*at++ = kept->step;
	*at++ = kept->frequency;
	*at++ = (unsigned char) (kept->attempt & 0xff);
	*at++ = (unsigned char) (kept->attempt >> 8);
	memcpy(rail, rails[kept->rail]->name, strnlen(rails[kept->rail]->name, RAIL_BYTES));
	at = put(at, rail, RAIL_BYTES);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		at = put_i64(at, numbers[i]);
	at = put(at, kept->payment.at, sizeof(kept->payment.at));
	at = put(at, kept->also.at, sizeof(kept->also.at));
	at = put(at, kept->item.at, sizeof(kept->item.at));
	at = put(at, kept->code, 3);
	at = put(at, kept->fee_code, 3);
	at = put(at, kept->back_code, 3);
	must((size_t) (at - plain) <= KEPT_SHORT_PLAIN_BYTES);
	if (kept->reason != NULL)
		memcpy(reason, kept->reason, strnlen(kept->reason, sizeof(reason)));
	at = put(at, reason, sizeof(reason));
	must((size_t) (at - plain) <= KEPT_PLAIN_BYTES);
}

static const unsigned char *read_rail(const unsigned char *at, uint8_t *rail, bool *ok)
{
	uint8_t i = 0;

	while (rails[i] != NULL && strncmp(rails[i]->name, (const char *) at, RAIL_BYTES) != 0)
		i++;
	*rail = i;
	*ok = *ok && rails[i] != NULL;
	return at + RAIL_BYTES;
}

/* Does what it says lie in the tables' ranges? */
static bool is_plausible(const struct kept *kept)
{
	static const unsigned steps[FACT_KIND_COUNT] = {[FACT_REFUND] = REFUND_STEP_COUNT, [FACT_DISPUTE] = DISPUTE_STEP_COUNT,
		[FACT_PAYOUT] = PAYOUT_STEP_COUNT, [FACT_MANDATE] = MANDATE_STEP_COUNT};

	return kept->kind < FACT_KIND_COUNT && kept->step < (steps[kept->kind] > 0 ? steps[kept->kind] : 1) &&
		kept->frequency <= FREQUENCY_COUNT && kept->created_s >= 0 && kept->created_s <= INT64_C(1) << 40;
}

static bool read_plain(const unsigned char plain[KEPT_PLAIN_BYTES], struct kept *kept, char *reason)
{
	const unsigned char *at = plain + 1;
	int64_t due_day, next_day;
	bool ok = plain[0] == VERSION;

	*kept = (struct kept){.kind = at[0], .step = at[1], .frequency = at[2], .attempt = (uint16_t) (at[3] | at[4] << 8)};
	at = read_rail(at + 5, &kept->rail, &ok);
	at = get_i64(at, &kept->created_s);
	at = get_i64(at, &kept->checkout);
	at = get_i64(at, &kept->amount);
	at = get_i64(at, &kept->fee);
	at = get_i64(at, &kept->back);
	at = get_i64(at, &due_day);
	at = get_i64(at, &next_day);
	kept->due_day = (int32_t) due_day;
	kept->next_day = (int32_t) next_day;
	at = get(at, kept->payment.at, sizeof(kept->payment.at));
	at = get(at, kept->also.at, sizeof(kept->also.at));
	at = get(at, kept->item.at, sizeof(kept->item.at));
	at = get(at, kept->code, 3);
	at = get(at, kept->fee_code, 3);
	at = get(at, kept->back_code, 3);
	if (reason != NULL) {
		memcpy(reason, at, FACTS_REASON_BYTES);
		reason[FACTS_REASON_BYTES] = '\0';
		kept->reason = reason;
	}
	return ok && is_plausible(kept);
}

/* --- sealing --- */

/* XChaCha20-Poly1305 under the key for facts; out: nonce, box. `bound` must be told again to open it. */
static size_t seal_plain(const struct support *support, struct str plain, struct str bound, unsigned char *out)
{
	rand_bytes(out, NONCE_BYTES);
	must(crypto_aead_xchacha20poly1305_ietf_encrypt(out + NONCE_BYTES, NULL, (const unsigned char *) plain.at, plain.len,
		(const unsigned char *) bound.at, bound.len, NULL, out, (const unsigned char *) secret_bytes(support->facts_key).at) == 0);
	return plain.len + KEPT_SEAL_BYTES;
}

/* plain: sealed.len - KEPT_SEAL_BYTES. */
static bool open_plain(const struct support *support, struct str sealed, struct str bound, unsigned char *plain)
{
	const unsigned char *at = (const unsigned char *) sealed.at;

	return crypto_aead_xchacha20poly1305_ietf_decrypt(plain, NULL, NULL, at + NONCE_BYTES, sealed.len - NONCE_BYTES,
		(const unsigned char *) bound.at, bound.len, at, (const unsigned char *) secret_bytes(support->facts_key).at) == 0;
}

size_t kept_seal(const struct support *support, const unsigned char index[SEAL_INDEX_BYTES], const struct kept *kept,
	unsigned char out[KEPT_BYTES])
{
	bool has_reason = kept->reason != NULL && kept->reason[0] != '\0';
	unsigned char plain[KEPT_PLAIN_BYTES];
	size_t len;

	write_plain(kept, plain);
	len = seal_plain(support, str_make(plain, has_reason ? KEPT_PLAIN_BYTES : KEPT_SHORT_PLAIN_BYTES),
		str_make(index, SEAL_INDEX_BYTES), out);
	sodium_memzero(plain, sizeof(plain));
	return len;
}

bool kept_open(const struct support *support, struct str index, struct str sealed, struct kept *kept, char *reason,
	struct fault *f)
{
	unsigned char plain[KEPT_PLAIN_BYTES] = {0};

	if ((sealed.len != KEPT_BYTES && sealed.len != KEPT_SEAL_BYTES + KEPT_SHORT_PLAIN_BYTES) || index.len != SEAL_INDEX_BYTES)
		return fault_set(f, FAULT_IO, "a kept event has another length than mimeo's: restore the newest backup");
	if (!open_plain(support, sealed, index, plain))
		return fault_set(f, FAULT_DENIED, "a kept event belongs to another key, or was changed");
	if (!read_plain(plain, kept, reason))
		return fault_set(f, FAULT_IO, "a kept event cannot be read by this mimeo: use the program that wrote it, or a newer one");
	memcpy(kept->event, index.at, sizeof(kept->event));
	return true;
}

/* --- handles --- */

/* Plain: how long it is in a byte, the text, zeros. Its lengths are none of a fact's, so one cannot stand in for the other. */
size_t kept_seal_handle(const struct support *support, const unsigned char index[SEAL_INDEX_BYTES], struct str handle,
	unsigned char out[KEPT_HANDLE_BYTES])
{
	unsigned char plain[HANDLE_PLAIN_BYTES] = {0};
	size_t len;

	must(handle.len < sizeof(plain));
	plain[0] = (unsigned char) handle.len;
	memcpy(plain + 1, handle.at, handle.len);
	len = seal_plain(support, str_make(plain, handle.len < SHORT_HANDLE_PLAIN_BYTES ? SHORT_HANDLE_PLAIN_BYTES : sizeof(plain)),
		str_make(index, SEAL_INDEX_BYTES), out);
	sodium_memzero(plain, sizeof(plain));
	return len;
}

bool kept_open_handle(const struct support *support, struct str index, struct str sealed, struct arena *arena, struct str *handle,
	struct fault *f)
{
	unsigned char plain[HANDLE_PLAIN_BYTES] = {0};
	size_t len = sealed.len - KEPT_SEAL_BYTES; /* a huge one if it is shorter */

	if ((len != SHORT_HANDLE_PLAIN_BYTES && len != sizeof(plain)) || index.len != SEAL_INDEX_BYTES)
		return fault_set(f, FAULT_IO, "by what the provider knows this payment has another length than mimeo's: restore the newest backup");
	if (!open_plain(support, sealed, index, plain))
		return fault_set(f, FAULT_DENIED, "by what the provider knows this payment belongs to another key, or was changed");
	if (plain[0] >= len)
		return fault_set(f, FAULT_IO, "by what the provider knows this payment cannot be read by this mimeo: use a newer one");
	*handle = str_copy(str_make(plain + 1, plain[0]), arena);
	sodium_memzero(plain, sizeof(plain));
	return handle->at != NULL || fault_full(f, "a payment's name");
}
