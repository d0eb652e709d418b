/* test_rails.c: what PayPal, BTCPay, a bank's statement and a Monero wallet say, and who may say it.
 * SPDX-License-Identifier: ISC */
#include "support_bench.h"
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sodium.h>
#include "base/buf.h"
#include "refusals.h"
#include "support/bank.h"
#include "support/monero.h"
#include "support/rail_wire.h"

static const struct when now = {INT64_C(1795000000) * 1000000};

static struct facts *read_one(struct bench *bench, const struct rail *rail, const char *bytes)
{
	struct rail_line line = {.rail = rail, .support = &bench->support};
	struct facts_list list = {0};
	struct fault f = {0};

	if (!rail->events(&line, str_from(bytes), &bench->arena, &list, &f))
		fail_msg("%s", f.say);
	assert_int_equal(list.count, 1);
	return &list.at[0];
}

static void refuse(struct bench *bench, const struct rail *rail, const char *bytes)
{
	struct rail_line line = {.rail = rail, .support = &bench->support};
	struct facts_list list = {0};
	struct fault f = {0};

	assert_false(rail->events(&line, str_from(bytes), &bench->arena, &list, &f));
	assert_int_equal(f.kind, FAULT_INPUT);
}

#define is_text(text, literal) assert_true(str_is(text, literal))

/* --- amounts --- */

static void amounts_are_written_and_read_exactly(void **state)
{
	char text[RAIL_AMOUNT_CHARS];
	struct money money;

	(void) state;
	rail_write_amount((struct money){1230, "USD"}, text);
	assert_string_equal(text, "12.30");
	rail_write_amount((struct money){5, "USD"}, text);
	assert_string_equal(text, "0.05");
	rail_write_amount((struct money){500, "JPY"}, text);
	assert_string_equal(text, "500");
	assert_true(rail_read_amount(STR("12.30"), STR("USD"), &money) && money.minor == 1230);
	assert_true(rail_read_amount(STR("12.30000"), STR("EUR"), &money) && money.minor == 1230);
	assert_true(rail_read_amount(STR("12"), STR("EUR"), &money) && money.minor == 1200);
	assert_true(rail_read_amount(STR("500.00"), STR("JPY"), &money) && money.minor == 500);
	assert_false(rail_read_amount(STR("12.345"), STR("EUR"), &money));
	assert_false(rail_read_amount(STR("-1"), STR("EUR"), &money));
	assert_false(rail_read_amount(STR("1"), STR("???"), &money));
	assert_false(rail_read_amount(STR(""), STR("EUR"), &money));
}

/* --- BTCPay --- */

static bool btcpay_is_good(const char *secret, const char *old, const char *header, const char *body)
{
	struct secret *one = secret_new(str_from(secret)), *two = old != NULL ? secret_new(str_from(old)) : NULL;
	const struct secret *secrets[] = {one, two};
	struct fault f = {0};
	bool ok = btcpay_signed(secrets, 2, str_from(header), str_from(body), &f);

	assert_int_equal(f.kind, ok ? FAULT_NONE : FAULT_DENIED);
	secret_free(&one);
	secret_free(&two);
	return ok;
}

static void only_the_servers_signature_is_good(void **state)
{
	unsigned char mac[32];
	char header[80] = "sha256=", body[] = "{\"type\":\"InvoiceSettled\"}";
	crypto_auth_hmacsha256_state hmac;

	(void) state;
	crypto_auth_hmacsha256_init(&hmac, (const unsigned char *) "hook", 4);
	crypto_auth_hmacsha256_update(&hmac, (const unsigned char *) body, strlen(body));
	crypto_auth_hmacsha256_final(&hmac, mac);
	sodium_bin2hex(header + 7, sizeof(header) - 7, mac, sizeof(mac));
	assert_true(btcpay_is_good("hook", NULL, header, body));
	assert_true(btcpay_is_good("new", "hook", header, body));
	assert_false(btcpay_is_good("new", NULL, header, body));
	assert_false(btcpay_is_good("", NULL, header, body));
	assert_false(btcpay_is_good("hook", NULL, header, "{\"type\":\"InvoiceSettlec\"}"));
	assert_false(btcpay_is_good("hook", NULL, header + 7, body));
	assert_false(btcpay_is_good("hook", NULL, "sha256=", body));
	assert_false(btcpay_is_good("hook", NULL, "", body));
	header[70] = '\0';
	assert_false(btcpay_is_good("hook", NULL, header, body));
}

#define INVOICE(type, more) "{\"deliveryId\":\"d2\",\"originalDeliveryId\":\"d1\",\"isRedelivery\":true,\"type\":\"" type "\",\"timestamp\":1795000000," \
	"\"storeId\":\"S\",\"invoiceId\":\"Inv1\",\"metadata\":{\"orderId\":\"77\",\"minor\":\"500\",\"code\":\"USD\",\"buyerName\":\"Nadia\"}" more "}"

static void an_invoice_is_paid_late_expired_or_invalid(void **state)
{
	struct bench *bench = *state;
	struct facts *facts = read_one(bench, &rail_btcpay, INVOICE("InvoiceSettled", ",\"manuallyMarked\":false,\"overPaid\":false"));

	assert_int_equal(facts->kind, FACT_PAID);
	assert_int_equal(facts->checkout, 77);
	assert_int_equal(facts->amount.minor, 500);
	assert_string_equal(facts->amount.code, "USD");
	assert_int_equal(facts->created_s, 1795000000);
	is_text(facts->payment, "Inv1");
	is_text(facts->event, "InvoiceSettled:Inv1");
	facts = read_one(bench, &rail_btcpay, INVOICE("InvoiceProcessing", ""));
	assert_int_equal(facts->kind, FACT_OPENED);
	facts = read_one(bench, &rail_btcpay, INVOICE("InvoiceExpired", ",\"partiallyPaid\":true"));
	assert_int_equal(facts->kind, FACT_EXPIRED);
	is_text(facts->type, "InvoiceExpired:partly_paid");
	assert_int_equal(read_one(bench, &rail_btcpay, INVOICE("InvoiceInvalid", ""))->kind, FACT_FAILED);
	facts = read_one(bench, &rail_btcpay, INVOICE("InvoicePaymentSettled", ""));
	assert_int_equal(facts->kind, FACT_NOTHING);
	is_text(facts->event, "InvoicePaymentSettled:d1");
	/* somebody's own invoice in the same store */
	assert_int_equal(read_one(bench, &rail_btcpay,
		"{\"type\":\"InvoiceSettled\",\"timestamp\":1,\"storeId\":\"S\",\"invoiceId\":\"Inv2\",\"metadata\":{}}")->kind, FACT_NOTHING);
	refuse(bench, &rail_btcpay, "{}");
	refuse(bench, &rail_btcpay, "{\"type\":\"Invoice Settled\"}");
	refuse(bench, &rail_btcpay, "[");
	refuse(bench, &rail_btcpay, "");
}

/* --- PayPal --- */

struct identity {
	EVP_PKEY *key;
	char pem[4096];
};

static void identity_make(struct identity *is, const char *name, long from_s, long until_s)
{
	X509 *certificate = X509_new();
	BIO *bio = BIO_new(BIO_s_mem());
	int len;

	is->key = EVP_RSA_gen(2048);
	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC, (const unsigned char *) name, -1, -1, 0);
	X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
	ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t) (now.us / 1000000 + from_s));
	ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t) (now.us / 1000000 + until_s));
	X509_set_pubkey(certificate, is->key);
	assert_true(X509_sign(certificate, is->key, EVP_sha256()) > 0);
	PEM_write_bio_X509(bio, certificate);
	len = BIO_read(bio, is->pem, sizeof(is->pem) - 1);
	is->pem[len] = '\0';
	BIO_free(bio);
	X509_free(certificate);
}

static void sign(const struct identity *is, const char *base, char out[1024])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char bytes[512];
	size_t size = sizeof(bytes);

	assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, is->key), 1);
	assert_int_equal(EVP_DigestSign(context, bytes, &size, (const unsigned char *) base, strlen(base)), 1);
	sodium_bin2base64(out, 1024, bytes, size, sodium_base64_VARIANT_ORIGINAL);
	EVP_MD_CTX_free(context);
}

static bool paypal_is_good(const struct identity *is, const struct paypal_mark *mark, const char *webhook, const char *body)
{
	struct fault f = {0};
	bool ok = paypal_signed(str_from(is->pem), str_from(webhook), mark, str_from(body), now, &f);

	assert_int_equal(f.kind, ok ? FAULT_NONE : FAULT_DENIED);
	return ok;
}

static void only_paypals_certificate_signs(void **state)
{
	static const char body[] = "{\"id\":\"WH-1\"}", time[] = "2026-11-18T11:06:40Z"; /* now */
	struct identity good, stranger, old;
	struct paypal_mark mark, other;
	char base[256], signature[1024], forged[1024], stale[1024];

	(void) state;
	identity_make(&good, "messageverificationcerts.paypal.com", -1000, 1000);
	identity_make(&stranger, "messageverificationcerts.paypal.com.example.org", -1000, 1000);
	identity_make(&old, "messageverificationcerts.paypal.com", -1000, -10);
	assert_int_equal(paypal_crc32(STR("123456789")), 0xcbf43926u);
	snprintf(base, sizeof(base), "T1|%s|W1|%u", time, paypal_crc32(str_from(body)));
	sign(&good, base, signature);
	mark = (struct paypal_mark){STR("T1"), str_from(time), str_from(signature), STR(""), STR("SHA256withRSA")};
	assert_true(paypal_is_good(&good, &mark, "W1", body));
	assert_false(paypal_is_good(&good, &mark, "W2", body));
	assert_false(paypal_is_good(&good, &mark, "", body));
	assert_false(paypal_is_good(&good, &mark, "W1", "{\"id\":\"WH-2\"}"));
	assert_false(paypal_is_good(&stranger, &mark, "W1", body));
	assert_false(paypal_is_good(&old, &mark, "W1", body));
	sign(&stranger, base, forged);
	other = mark;
	other.signature = str_from(forged);
	assert_false(paypal_is_good(&good, &other, "W1", body));
	assert_false(paypal_is_good(&stranger, &other, "W1", body));
	sign(&old, base, forged);
	assert_false(paypal_is_good(&old, &other, "W1", body));
	other = mark;
	other.id = STR("T2");
	assert_false(paypal_is_good(&good, &other, "W1", body));
	other = mark;
	other.algorithm = STR("SHA1withRSA");
	assert_false(paypal_is_good(&good, &other, "W1", body));
	other = mark;
	other.signature = STR("");
	assert_false(paypal_is_good(&good, &other, "W1", body));
	other.signature = STR("!!!!");
	assert_false(paypal_is_good(&good, &other, "W1", body));
	/* honestly signed, but of last week */
	snprintf(base, sizeof(base), "T1|2026-11-10T11:06:40Z|W1|%u", paypal_crc32(str_from(body)));
	sign(&good, base, stale);
	other = mark;
	other.time = STR("2026-11-10T11:06:40Z");
	other.signature = str_from(stale);
	assert_false(paypal_is_good(&good, &other, "W1", body));
	assert_false(paypal_signed(STR("no pem"), STR("W1"), &mark, str_from(body), now, NULL));
	EVP_PKEY_free(good.key);
	EVP_PKEY_free(stranger.key);
	EVP_PKEY_free(old.key);
}

/* --- forgeries: what a stranger, a thief of old words, or a broken wire might send --- */

enum { FORGERIES = 100000, PAYPAL_SAMPLE = 6000 /* a certificate is read for each: all of them with MIMEO_TORTURE */ };

static void btcpay_sign(char out[80], const char *secret, const char *body)
{
	crypto_auth_hmacsha256_state hmac;
	unsigned char mac[32];

	crypto_auth_hmacsha256_init(&hmac, (const unsigned char *) secret, strlen(secret));
	crypto_auth_hmacsha256_update(&hmac, (const unsigned char *) body, strlen(body));
	crypto_auth_hmacsha256_final(&hmac, mac);
	memcpy(out, "sha256=", 8);
	sodium_bin2hex(out + 7, 65, mac, sizeof(mac));
}

static void add_chance(char *out, size_t count, const char *digits)
{
	for (size_t i = 0; i < count; i++)
		out[i] = digits[rand_below((uint32_t) strlen(digits))];
	out[count] = '\0';
}

static void forge_btcpay(char header[160], char body[120], int turn)
{
	static const char *const secrets[] = {"", "hoo", "hook ", "HOOK", "hook_of_yore", "key_scenario", "whsec_good", "\xff"};
	size_t len;

	snprintf(body, 120, "{\"type\":\"InvoiceSettled\",\"invoiceId\":\"Inv%d\"}", turn);
	btcpay_sign(header, "hook", body);
	switch (turn % 8) {
	case 0: /* another secret */
		btcpay_sign(header, secrets[turn / 8 % 8], body);
		break;
	case 1: /* truncated */
		header[rand_below(71)] = '\0';
		break;
	case 2: /* one digit differs */
		len = 7 + rand_below(64);
		header[len] = header[len] == '0' ? '1' : '0';
		break;
	case 3: /* of other words */
		btcpay_sign(header, turn / 8 % 2 ? "hook" : "hook_before", "{\"type\":\"InvoiceSettled\"}");
		break;
	case 4: /* the body was cut or grew */
		len = strlen(body);
		if (rand_below(2))
			body[rand_below((uint32_t) len)] = '\0';
		else
			memcpy(body + len, rand_below(2) ? " " : "}", 2);
		break;
	case 5: /* one bit of the body */
		len = rand_below((uint32_t) strlen(body));
		body[len] = (char) (body[len] ^ (1 << rand_below(7)));
		break;
	case 6: /* written otherwise, longer, or by another scheme */
		if (turn / 8 % 3 == 0)
			memcpy(header, "sha512=", 7);
		else if (turn / 8 % 3 == 1)
			memmove(header, header + 7, 65);
		else
			snprintf(header + 71, 80, "%02x", rand_below(256));
		break;
	default: /* nothing but chance */
		add_chance(header + 7, 64, "0123456789abcdef");
	}
}

static void none_of_a_hundred_thousand_is_btcpays(void **state)
{
	struct secret *good = secret_new(STR("hook")), *too = secret_new(STR("hook_before"));
	const struct secret *both[] = {good, too};
	char header[160], body[120];

	(void) state;
	rand_fix(6);
	for (int turn = 0; turn < FORGERIES; turn++) {
		struct fault f = {0};

		forge_btcpay(header, body, turn);
		if (btcpay_signed(both, 2, str_from(header), str_from(body), &f))
			fail_msg("forgery %d was taken: %s for %s", turn, header, body);
		assert_int_equal(f.kind, FAULT_DENIED);
	}
	rand_fix(0);
	/* and the true ones are not, or the above proves nothing */
	for (int i = 0; i < 2; i++) {
		btcpay_sign(header, i ? "hook" : "hook_before", "{}");
		assert_true(btcpay_signed(both, 2, str_from(header), STR("{}"), NULL));
	}
	secret_free(&good);
	secret_free(&too);
}

static bool is_btcpays(const struct secret *const *secrets, const char *header)
{
	return btcpay_signed(secrets, 2, str_from(header), STR("{}"), NULL);
}

/* PayPal's signature has no secret of ours. */
static void wrong_first_and_wrong_last_take_as_long(void **state)
{
	char header[80];

	(void) state;
	btcpay_sign(header, "hook", "{}");
	refusals_compare(is_btcpays, "hook", header);
}

/* What was signed and sent, and by whom; each forgery changes one thing of it. */
struct sent {
	struct identity good, stranger, old;
	const char *pem, *webhook;
	char id[64], time[40], signature[1024], body[120];
	char stale[1024], early[1024], theirs[1024], of_old[1024], of_other_hook[1024], of_other_words[1024];
	const char *algorithm;
};

static const char sent_time[] = "2026-11-18T11:06:40Z", stale_time[] = "2026-11-10T11:06:40Z", early_time[] = "2026-11-18T11:16:40Z";
static const char sent_body[] = "{\"id\":\"WH-1\",\"event_type\":\"PAYMENT.CAPTURE.COMPLETED\"}";

static void sign_sent(const struct identity *is, const char *time, const char *webhook, const char *body, char out[1024])
{
	char base[256];

	snprintf(base, sizeof(base), "T1|%s|%s|%u", time, webhook, paypal_crc32(str_from(body)));
	sign(is, base, out);
}

static void sent_make(struct sent *sent)
{
	identity_make(&sent->good, "messageverificationcerts.paypal.com", -1000, 1000);
	identity_make(&sent->stranger, "messageverificationcerts.paypal.com.example.org", -1000, 1000);
	identity_make(&sent->old, "messageverificationcerts.paypal.com", -1000, -10);
	sign_sent(&sent->good, stale_time, "W1", sent_body, sent->stale);
	sign_sent(&sent->good, early_time, "W1", sent_body, sent->early);
	sign_sent(&sent->good, sent_time, "W2", sent_body, sent->of_other_hook);
	sign_sent(&sent->good, sent_time, "W1", "{}", sent->of_other_words);
	sign_sent(&sent->stranger, sent_time, "W1", sent_body, sent->theirs);
	sign_sent(&sent->old, sent_time, "W1", sent_body, sent->of_old);
}

static void sent_release(struct sent *sent)
{
	EVP_PKEY_free(sent->good.key);
	EVP_PKEY_free(sent->stranger.key);
	EVP_PKEY_free(sent->old.key);
}

#define put(out, text) (void) snprintf(out, sizeof(out), "%s", text)

static void sent_honestly(struct sent *sent, const char *signature)
{
	sent->pem = sent->good.pem;
	sent->webhook = "W1";
	sent->algorithm = "SHA256withRSA";
	put(sent->id, "T1");
	put(sent->time, sent_time);
	put(sent->body, sent_body);
	put(sent->signature, signature);
}

static bool sent_is_good(const struct sent *sent, struct fault *f)
{
	const struct paypal_mark mark = {str_from(sent->id), str_from(sent->time), str_from(sent->signature), STR(""), str_from(sent->algorithm)};

	return paypal_signed(str_from(sent->pem), str_from(sent->webhook), &mark, str_from(sent->body), now, f);
}

/* Signed by PayPal, or by somebody, but not this, not now, not for us. */
static void forge_signed(struct sent *sent, int turn)
{
	switch (turn % 6) {
	case 0: /* expired */
		put(sent->signature, sent->stale);
		put(sent->time, turn / 6 % 2 ? stale_time : sent_time);
		break;
	case 1: /* not yet */
		put(sent->signature, sent->early);
		put(sent->time, turn / 6 % 2 ? early_time : sent_time);
		break;
	case 2: /* with a key of somebody else, who may bring a certificate, too */
		put(sent->signature, sent->theirs);
		sent->pem = turn / 6 % 2 ? sent->stranger.pem : sent->good.pem;
		break;
	case 3: /* with a key that was theirs */
		put(sent->signature, sent->of_old);
		sent->pem = turn / 6 % 2 ? sent->old.pem : sent->good.pem;
		break;
	case 4: /* of another newsroom's webhook */
		put(sent->signature, sent->of_other_hook);
		sent->webhook = turn / 6 % 2 ? "W1" : "";
		break;
	default: /* of other words */
		put(sent->signature, sent->of_other_words);
	}
}

static void forge_paypal(struct sent *sent, int turn)
{
	static const char *const algorithms[] = {"", "none", "SHA1withRSA", "SHA256withECDSA", "sha256withrsa", "SHA256withRSA "};
	size_t at;

	switch (turn % 8) {
	case 0:
	case 1:
		forge_signed(sent, turn / 8 * 2 + turn % 8);
		break;
	case 2: /* one bit of the signature */
		at = rand_below(340);
		sent->signature[at] = sent->signature[at] == 'A' ? 'B' : 'A';
		break;
	case 3: /* truncated */
		sent->signature[rand_below((uint32_t) strlen(sent->signature))] = '\0';
		break;
	case 4: /* one bit of the body, or its end is missing */
		at = rand_below((uint32_t) strlen(sent->body));
		sent->body[at] = (char) (rand_below(3) ? sent->body[at] ^ (1 << rand_below(7)) : 0);
		break;
	case 5: /* the time or the id was changed after it was signed */
		if (turn / 8 % 2)
			snprintf(sent->id, sizeof(sent->id), "T%u%s", 2 + rand_below(1000), turn / 16 % 2 ? "" : "|2026-11-18T11:06:40Z");
		else
			sent->time[17 + turn / 16 % 2] = "12356789"[rand_below(8)]; /* of 40 seconds */
		break;
	case 6:
		sent->algorithm = algorithms[turn / 8 % 6];
		break;
	default: /* nothing but chance */
		add_chance(sent->signature, 344, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
		memcpy(sent->signature + 342, "==", 2);
	}
}

static void none_of_a_hundred_thousand_is_paypals(void **state)
{
	bool is_whole = getenv("MIMEO_TORTURE") != NULL;
	int first = is_whole ? 0 : (int) rand_below(FORGERIES - PAYPAL_SAMPLE), count = is_whole ? FORGERIES : PAYPAL_SAMPLE;
	struct sent *sent = calloc(1, sizeof(*sent));
	char honest[1024];

	(void) state;
	print_message("# forgeries %d to %d\n", first, first + count - 1);
	sent_make(sent);
	sign_sent(&sent->good, sent_time, "W1", sent_body, honest);
	for (int turn = first; turn < first + count; turn++) {
		struct fault f = {0};

		rand_fix((uint64_t) turn + 1);
		sent_honestly(sent, honest);
		forge_paypal(sent, turn);
		if (sent_is_good(sent, &f))
			fail_msg("forgery %d was taken: %s %s %s for %s", turn, sent->id, sent->time, sent->signature, sent->body);
		assert_int_equal(f.kind, FAULT_DENIED);
	}
	rand_fix(0);
	sent_honestly(sent, honest);
	assert_true(sent_is_good(sent, NULL));
	sent_release(sent);
	free(sent);
}

static void a_certificate_lies_at_paypals_own_origin(void **state)
{
	static const char *const wrong[] = {"", "https://api.paypal.com.evil.example/v1/notifications/certs/CERT-1", "http://api.paypal.com/v1/notifications/certs/CERT-1",
		"https://api.paypal.com/v1/notifications/certs/", "https://api.paypal.com/v1/notifications/certs/../../x", "https://api.paypal.com/v1/other/CERT-1",
		"https://api.paypal.com@evil.example/v1/notifications/certs/CERT-1", "https://api.paypal.com/v1/notifications/certs/CERT-1?x=1"};
	char name[PAYPAL_CERT_CHARS + 1];

	(void) state;
	assert_true(paypal_cert_name(STR("https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2"), STR("https://api.paypal.com"), name));
	assert_string_equal(name, "CERT-360caa42-fca2");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_false(paypal_cert_name(str_from(wrong[i]), STR("https://api.paypal.com"), name));
}

#define EVENT(type, resource) "{\"id\":\"WH-1\",\"create_time\":\"2026-11-18T11:06:40Z\",\"event_type\":\"" type "\",\"resource\":" resource "}"

static void paypals_events_say_what_they_say(void **state)
{
	struct bench *bench = *state;
	struct facts *facts;

	facts = read_one(bench, &rail_paypal, EVENT("CHECKOUT.ORDER.APPROVED", "{\"id\":\"O1\",\"purchase_units\":[{\"custom_id\":\"77\"}]}"));
	assert_int_equal(facts->kind, FACT_ASK);
	is_text(facts->ask, "capture:O1:77");
	facts = read_one(bench, &rail_paypal, EVENT("PAYMENT.CAPTURE.COMPLETED", "{\"id\":\"C1\",\"status\":\"COMPLETED\",\"custom_id\":\"77\","
		"\"amount\":{\"value\":\"5.00\",\"currency_code\":\"USD\"},\"seller_receivable_breakdown\":{\"paypal_fee\":{\"value\":\"0.44\",\"currency_code\":\"USD\"}}}"));
	assert_int_equal(facts->kind, FACT_PAID);
	assert_int_equal(facts->checkout, 77);
	assert_int_equal(facts->amount.minor, 500);
	assert_int_equal(facts->fee.minor, 44);
	assert_int_equal(facts->created_s, 1795000000);
	is_text(facts->payment, "C1");
	facts = read_one(bench, &rail_paypal, EVENT("PAYMENT.SALE.COMPLETED", "{\"id\":\"S1\",\"billing_agreement_id\":\"I-1\",\"custom\":\"77\","
		"\"amount\":{\"total\":\"5.00\",\"currency\":\"USD\"},\"transaction_fee\":{\"value\":\"0.44\",\"currency\":\"USD\"}}"));
	assert_int_equal(facts->kind, FACT_PAID);
	is_text(facts->subscription, "I-1");
	assert_int_equal(facts->fee.minor, 44);
	facts = read_one(bench, &rail_paypal, EVENT("PAYMENT.CAPTURE.REFUNDED", "{\"id\":\"R1\",\"status\":\"COMPLETED\",\"amount\":{\"value\":\"2.00\",\"currency_code\":\"USD\"},"
		"\"links\":[{\"rel\":\"self\",\"href\":\"https://x/R1\"},{\"rel\":\"up\",\"href\":\"https://x/v2/payments/captures/C1\"}]}"));
	assert_int_equal(facts->kind, FACT_REFUND);
	assert_int_equal(facts->refund_step, REFUND_SUCCEEDED);
	is_text(facts->payment, "C1");
	is_text(facts->item, "R1");
	facts = read_one(bench, &rail_paypal, EVENT("BILLING.SUBSCRIPTION.CANCELLED", "{\"id\":\"I-1\",\"custom_id\":\"77\"}"));
	assert_int_equal(facts->kind, FACT_MANDATE);
	assert_int_equal(facts->mandate_step, MANDATE_HAS_ENDED);
	facts = read_one(bench, &rail_paypal, EVENT("BILLING.SUBSCRIPTION.PAYMENT.FAILED", "{\"id\":\"I-1\",\"custom_id\":\"77\",\"billing_info\":{\"failed_payments_count\":2,"
		"\"last_failed_payment\":{\"amount\":{\"value\":\"5.00\",\"currency_code\":\"USD\"},\"reason_code\":\"PAYMENT_DENIED\",\"next_payment_retry_time\":\"2026-11-23T10:00:00Z\"}}}"));
	assert_int_equal(facts->kind, FACT_RENEWAL_FAILED);
	assert_int_equal(facts->attempt, 2);
	is_text(facts->reason, "payment_denied");
	facts = read_one(bench, &rail_paypal, EVENT("CUSTOMER.DISPUTE.CREATED", "{\"dispute_id\":\"PP-1\",\"status\":\"WAITING_FOR_SELLER_RESPONSE\",\"reason\":\"UNAUTHORISED\","
		"\"dispute_life_cycle_stage\":\"CHARGEBACK\",\"seller_response_due_date\":\"2026-11-28T10:00:00Z\",\"disputed_transactions\":[{\"seller_transaction_id\":\"C1\"}],"
		"\"dispute_amount\":{\"value\":\"5.00\",\"currency_code\":\"USD\"}}"));
	assert_int_equal(facts->kind, FACT_DISPUTE);
	assert_int_equal(facts->dispute_step, DISPUTE_IS_OPEN);
	assert_int_equal(facts->amount.minor, 500);
	is_text(facts->reason, "unauthorised");
	assert_int_equal(read_one(bench, &rail_paypal, EVENT("SOMETHING.ELSE", "{}"))->kind, FACT_NOTHING);
	assert_int_equal(read_one(bench, &rail_paypal, EVENT("PAYMENT.CAPTURE.COMPLETED", "{}"))->kind, FACT_NOTHING);
	refuse(bench, &rail_paypal, "{\"id\":\"WH-1\"}");
	refuse(bench, &rail_paypal, "{\"id\":\"WH 1\",\"event_type\":\"X\",\"resource\":{}}");
	refuse(bench, &rail_paypal, "x");
}

/* --- bank --- */

#define LINE(more) "{\"account\":\"NL91ABNA0417164300\",\"day\":\"2026-11-20\",\"currency\":\"EUR\"," more "}\n"

static void transfers_become_payments_and_the_rest_is_left(void **state)
{
	struct bench *bench = *state;
	struct rail_line line = {.rail = &rail_bank, .support = &bench->support};
	char reference[BANK_REFERENCE_CHARS + 1], text[4096];
	struct facts_list list = {0};
	struct fault f = {0};

	bench->settings.bank_iban = STR("NL91 ABNA 0417 1643 00");
	bank_write_reference(bench->support.index_key, 77, reference);
	snprintf(text, sizeof(text), LINE("\"amount\":\"12.30\",\"credit\":true,\"returned\":false,\"reference\":\"B1\",\"text\":\"%s thanks\"")
		LINE("\"amount\":\"5\",\"credit\":true,\"returned\":false,\"reference\":\"B2\",\"text\":\"a gift\"")
		LINE("\"amount\":\"9\",\"credit\":false,\"returned\":false,\"reference\":\"B3\",\"text\":\"rent\"") "{\"end\":3}\n", reference);
	assert_true(rail_bank.events(&line, str_from(text), &bench->arena, &list, &f));
	assert_int_equal(list.count, 2);
	assert_int_equal(list.at[0].kind, FACT_PAID);
	assert_int_equal(list.at[0].checkout, 77);
	assert_int_equal(list.at[0].amount.minor, 1230);
	assert_int_equal(list.at[0].created_s / 86400, 20777);
	assert_true(str_starts(list.at[0].payment, STR("bank-")));
	assert_int_equal(list.at[1].checkout, 0);
	assert_false(str_equal(list.at[0].event, list.at[1].event));
	/* cut, or of another account, or nonsense */
	refuse(bench, &rail_bank, LINE("\"amount\":\"12.30\",\"credit\":true,\"returned\":false,\"reference\":\"B1\",\"text\":\"x\""));
	refuse(bench, &rail_bank, LINE("\"amount\":\"12.30\",\"credit\":true,\"returned\":false,\"reference\":\"B1\",\"text\":\"x\"") "{\"end\":2}\n");
	refuse(bench, &rail_bank, "{\"account\":\"DE89370400440532013000\",\"day\":\"2026-11-20\",\"currency\":\"EUR\",\"amount\":\"1\",\"credit\":true,\"reference\":\"x\",\"text\":\"\"}\n{\"end\":1}\n");
	refuse(bench, &rail_bank, LINE("\"amount\":\"1.234\",\"credit\":true,\"reference\":\"x\",\"text\":\"\"") "{\"end\":1}\n");
	refuse(bench, &rail_bank, "{\"end\":0}\n{\"end\":0}\n");
}

/* --- Monero --- */

#define SUBADDRESS "888tNkZrPN6JsEgekjMnABU4TBzc2Dt29EPAvkRxbANsAnjyPbb3iQ1YBRk1UXcdRsiKc9dhwMVgN5S9cQUiyoogDavup3H"

static void subaddresses_are_known_by_their_checksum(void **state)
{
	char wrong[MONERO_ADDRESS_CHARS + 1];
	unsigned char hash[32];
	char hex[65];

	(void) state;
	monero_keccak((const unsigned char *) "", 0, hash);
	assert_string_equal(sodium_bin2hex(hex, sizeof(hex), hash, 32), "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
	monero_keccak((const unsigned char *) "abc", 3, hash);
	assert_string_equal(sodium_bin2hex(hex, sizeof(hex), hash, 32), "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
	assert_int_equal(monero_read_subaddress(STR(SUBADDRESS)), MONERO_MAIN);
	/* a wallet's first address is none */
	assert_int_equal(monero_read_subaddress(STR("44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A")), MONERO_NO_NET);
	for (size_t i = 0; i < MONERO_ADDRESS_CHARS; i++) {
		memcpy(wrong, SUBADDRESS, sizeof(wrong));
		wrong[i] = wrong[i] == '5' ? '6' : '5';
		assert_int_equal(monero_read_subaddress(str_from(wrong)), MONERO_NO_NET);
	}
	assert_int_equal(monero_read_subaddress(str_make(SUBADDRESS, 94)), MONERO_NO_NET);
	assert_int_equal(monero_read_subaddress(STR("")), MONERO_NO_NET);
}

static void coins_are_rounded_up_to_four_digits(void **state)
{
	struct buf out;

	(void) state;
	buf_init(&out, 64);
	assert_int_equal(monero_from_money((struct money){500, "USD"}, (struct money){15830, "USD"}), INT64_C(31600000000));
	monero_write_amount(&out, INT64_C(31600000000));
	assert_string_equal(out.at, "0.0316");
	buf_clear(&out);
	monero_write_amount(&out, INT64_C(2000000000000));
	assert_string_equal(out.at, "2");
	assert_int_equal(monero_from_money((struct money){500, "USD"}, (struct money){0, "USD"}), 0);
	assert_int_equal(monero_from_money((struct money){INT64_MAX, "USD"}, (struct money){1, "USD"}), 0);
	buf_release(&out);
}

#define TRANSFER(confirmations, more) "{\"address\":\"" SUBADDRESS "\",\"amount\":31600000000,\"confirmations\":" confirmations ",\"timestamp\":1795000000,\"unlock_time\":0," \
	"\"txid\":\"c36258a276018c3a4bc1f195a7fb530f50cd63a4fa765fb7c6f7f49fc051762a\",\"subaddr_index\":{\"major\":0,\"minor\":5}" more "}"

static void a_wallets_list_is_read_when_it_is_final(void **state)
{
	struct bench *bench = *state;
	struct rail_line line = {.rail = &rail_monero, .support = &bench->support};
	struct facts *facts = read_one(bench, &rail_monero, "{\"id\":\"0\",\"result\":{\"in\":[" TRANSFER("12", "") "," TRANSFER("9", "") ","
		TRANSFER("99", ",\"locked\":true") "," TRANSFER("99", ",\"double_spend_seen\":true") ",{\"txid\":\"x\"}]}}");
	struct facts_list list = {0};
	struct fault f = {0};

	assert_int_equal(facts->kind, FACT_PAID);
	assert_string_equal(facts->amount.code, "XMR");
	assert_int_equal(facts->amount.minor, INT64_C(31600000000));
	is_text(facts->code, SUBADDRESS);
	is_text(facts->payment, "c36258a276018c3a4bc1f195a7fb530f50cd63a4fa765fb7c6f7f49fc051762a:0.5");
	assert_true(rail_monero.events(&line, STR("{\"result\":{}}"), &bench->arena, &list, &f));
	assert_int_equal(list.count, 0);
	refuse(bench, &rail_monero, "{}");
	refuse(bench, &rail_monero, "{\"result\":{\"in\":{}}}");
	refuse(bench, &rail_monero, "in");
}

static void an_address_is_given_once(void **state)
{
	struct bench *bench = *state;
	struct fault f = {0};
	bool is_new;

	assert_true(monero_add_address(&bench->support, STR(SUBADDRESS), &is_new, &f) && is_new);
	assert_true(monero_add_address(&bench->support, STR(SUBADDRESS), &is_new, &f) && !is_new);
	assert_false(monero_add_address(&bench->support, STR("888"), &is_new, &f));
	assert_int_equal(f.kind, FAULT_INPUT);
	assert_int_equal(bench_number(bench, SUPPORT_SQL_MONERO_COUNT_FREE), 1);
}

/* --- which of them --- */

/* A form names what it likes; a rail that the newsroom took off its list takes no new gift, though its keys are still there. */
static void a_reader_chooses_among_what_is_offered(void **state)
{
	struct bench *bench = *state;
	struct support *support = &bench->support;
	const struct conf_list before = bench->settings.rails;
	struct str names[] = {STR("bank"), STR("btcpay")};

	rails_close(support);
	support->lines[0] = (struct rail_line){.rail = &rail_btcpay, .support = support, .is_on = true};
	support->lines[1] = (struct rail_line){.rail = &rail_bank, .support = support, .is_on = true};
	bench->settings.rails = (struct conf_list){.items = names, .count = 2};
	assert_ptr_equal(rail_choose(support, STR("btcpay"), FREQUENCY_ONCE), &support->lines[0]);
	assert_ptr_equal(rail_choose(support, STR("no such"), FREQUENCY_ONCE), &support->lines[1]);
	assert_ptr_equal(rail_next(support, &support->lines[1], FREQUENCY_ONCE), &support->lines[0]);
	bench->settings.rails.count = 1;
	assert_ptr_equal(rail_choose(support, STR("btcpay"), FREQUENCY_ONCE), &support->lines[1]);
	assert_null(rail_next(support, &support->lines[1], FREQUENCY_ONCE));
	support->lines[1].is_on = false;
	assert_null(rail_choose(support, STR("btcpay"), FREQUENCY_ONCE));
	bench->settings.rails = before;
	support->lines[0] = support->lines[1] = (struct rail_line){0};
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amounts_are_written_and_read_exactly),
		cmocka_unit_test(only_the_servers_signature_is_good),
		cmocka_unit_test_setup_teardown(an_invoice_is_paid_late_expired_or_invalid, bench_set_up, bench_tear_down),
		cmocka_unit_test(only_paypals_certificate_signs),
		cmocka_unit_test(none_of_a_hundred_thousand_is_btcpays),
		cmocka_unit_test(wrong_first_and_wrong_last_take_as_long),
		cmocka_unit_test(none_of_a_hundred_thousand_is_paypals),
		cmocka_unit_test(a_certificate_lies_at_paypals_own_origin),
		cmocka_unit_test_setup_teardown(paypals_events_say_what_they_say, bench_set_up, bench_tear_down),
		cmocka_unit_test_setup_teardown(transfers_become_payments_and_the_rest_is_left, bench_set_up, bench_tear_down),
		cmocka_unit_test_setup_teardown(a_reader_chooses_among_what_is_offered, bench_set_up, bench_tear_down),
		cmocka_unit_test(subaddresses_are_known_by_their_checksum),
		cmocka_unit_test(coins_are_rounded_up_to_four_digits),
		cmocka_unit_test_setup_teardown(a_wallets_list_is_read_when_it_is_final, bench_set_up, bench_tear_down),
		cmocka_unit_test_setup_teardown(an_address_is_given_once, bench_set_up, bench_tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
