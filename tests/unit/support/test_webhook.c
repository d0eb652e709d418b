/* test_webhook.c: signatures and events from outside: forged, cut, old, rolled, repeated, nonsense.
 * SPDX-License-Identifier: ISC */
#include "support_bench.h"
#include <sodium.h>
#include "refusals.h"

static const char body_text[] = "{\"id\":\"evt_1\",\"object\":\"event\"}";
static const struct when now = {INT64_C(1795000000) * 1000000};

static struct str header_for(char out[256], const char *secret, const char *body, int64_t stamp)
{
	crypto_auth_hmacsha256_state state;
	unsigned char mac[32];
	char time[32], hex[65];

	snprintf(time, sizeof(time), "%lld.", (long long) stamp);
	crypto_auth_hmacsha256_init(&state, (const unsigned char *) secret, strlen(secret));
	crypto_auth_hmacsha256_update(&state, (const unsigned char *) time, strlen(time));
	crypto_auth_hmacsha256_update(&state, (const unsigned char *) body, strlen(body));
	crypto_auth_hmacsha256_final(&state, mac);
	sodium_bin2hex(hex, sizeof(hex), mac, sizeof(mac));
	snprintf(out, 256, "t=%lld,v1=%s", (long long) stamp, hex);
	return str_from(out);
}

static bool verify(const char *first, const char *second, struct str header, const char *body)
{
	struct secret *secrets[2] = {secret_new(str_from(first)), second != NULL ? secret_new(str_from(second)) : NULL};
	const struct secret *given[2] = {secrets[0], secrets[1]};
	struct fault f = {0};
	bool ok = stripe_verify(given, 2, header, str_from(body), now, &f);

	assert_int_equal(f.kind, ok ? FAULT_NONE : FAULT_DENIED);
	secret_free(&secrets[0]);
	secret_free(&secrets[1]);
	return ok;
}

static void only_the_providers_signature_is_good(void **state)
{
	char header[256];
	const int64_t stamp = now.us / 1000000;

	(void) state;
	assert_true(verify("whsec_a", NULL, header_for(header, "whsec_a", body_text, stamp), body_text));
	assert_false(verify("whsec_b", NULL, header_for(header, "whsec_a", body_text, stamp), body_text));
	assert_false(verify(
		"whsec_a", NULL, header_for(header, "whsec_a", body_text, stamp), "{\"id\":\"evt_2\",\"object\":\"event\"}"));
	assert_false(verify("whsec_a", NULL, header_for(header, "whsec_a", "", stamp), body_text));
	header_for(header, "whsec_a", body_text, stamp);
	header[2] = header[2] == '1' ? '2' : '1'; /* another time than was signed */
	assert_false(verify("whsec_a", NULL, str_from(header), body_text));
	/* an empty secret never signs anything */
	assert_false(verify("", NULL, header_for(header, "", body_text, stamp), body_text));
}

static void both_secrets_work_while_one_is_rolled(void **state)
{
	char a[256], b[256], both[600];
	const int64_t stamp = now.us / 1000000;

	(void) state;
	header_for(a, "whsec_new", body_text, stamp);
	header_for(b, "whsec_old", body_text, stamp);
	assert_true(verify("whsec_new", "whsec_old", str_from(a), body_text));
	assert_true(verify("whsec_new", "whsec_old", str_from(b), body_text));
	snprintf(both, sizeof(both), "%s,%s", b, strstr(a, "v1="));
	assert_true(verify("whsec_new", NULL, str_from(both), body_text));
	assert_false(verify("whsec_third", NULL, str_from(both), body_text));
}

static void old_and_early_ones_are_refused(void **state)
{
	char header[256];
	const int64_t stamp = now.us / 1000000;

	(void) state;
	assert_true(verify("s", NULL, header_for(header, "s", body_text, stamp - 300), body_text));
	assert_false(verify("s", NULL, header_for(header, "s", body_text, stamp - 301), body_text));
	assert_true(verify("s", NULL, header_for(header, "s", body_text, stamp + 300), body_text));
	assert_false(verify("s", NULL, header_for(header, "s", body_text, stamp + 301), body_text));
	assert_false(verify("s", NULL, header_for(header, "s", body_text, 0), body_text));
}

static void malformed_headers_are_refused(void **state)
{
	static const char *const headers[] = {"", ",", "t=", "v1=", "t=1795000000", "t=1795000000,v1=", "t=x,v1=00",
		"t=-1,v1=00", "t=99999999999999999999,v1=00",
		"v1=0000000000000000000000000000000000000000000000000000000000000000",
		"t=1795000000,v0=0000000000000000000000000000000000000000000000000000000000000000",
		"t=1795000000,v1=zz00000000000000000000000000000000000000000000000000000000000000",
		"t=1795000000,t=1795000000,v1=0000000000000000000000000000000000000000000000000000000000000000"};
	char header[256], cut[256];
	size_t len;

	(void) state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		assert_false(verify("s", NULL, str_from(headers[i]), body_text));
	/* cut at every place */
	header_for(header, "s", body_text, now.us / 1000000);
	len = strlen(header);
	for (size_t i = 0; i < len; i++) {
		snprintf(cut, sizeof(cut), "%.*s", (int) i, header);
		assert_false(verify("s", NULL, str_from(cut), body_text));
	}
	/* thousands of signatures do not overflow anything */
	{
		size_t room = 100000;
		char *many = calloc(room, 1);

		snprintf(many, room, "t=%lld", (long long) (now.us / 1000000));
		while (strlen(many) + 80 < room / 2)
			strcat(many, ",v1=0000000000000000000000000000000000000000000000000000000000000000");
		assert_false(verify("s", NULL, str_from(many), body_text));
		free(many);
	}
}

/* One forged header: what a stranger, a thief of old words, or a broken wire might send. Never one that is good. */
static struct str forge(char out[400], char body[200], uint64_t turn)
{
	static const char *const secrets[] = {"", "whsec_", "whsec_othe", "whsec_other ", "WHSEC_OTHER", "whsec_good_old", "sk_test", "\xff"};
	const int64_t stamp = now.us / 1000000;
	char header[256];
	size_t len;

	snprintf(body, 200, "{\"id\":\"evt_%llu\",\"object\":\"event\"}", (unsigned long long) turn);
	switch (turn % 8) {
	case 0: /* another secret */
		header_for(header, secrets[turn / 8 % 8], body, stamp);
		break;
	case 1: /* expired, or not yet */
		header_for(header, turn / 8 % 2 ? "whsec_good" : "whsec_good_too", body, stamp + (turn / 16 % 2 ? 1 : -1) * (301 + (int64_t) rand_below(1000000)));
		break;
	case 2: /* truncated */
		header_for(header, "whsec_good", body, stamp);
		header[rand_below((uint32_t) strlen(header))] = '\0';
		break;
	case 3: /* one digit differs */
		header_for(header, "whsec_good", body, stamp);
		len = strlen(header) - 1 - rand_below(64);
		header[len] = header[len] == '0' ? '1' : '0';
		break;
	case 4: /* of other words */
		header_for(header, "whsec_good_too", "{\"id\":\"evt\"}", stamp);
		break;
	case 5: /* the body was cut or grew */
		header_for(header, "whsec_good", body, stamp);
		len = strlen(body);
		if (rand_below(2))
			body[rand_below((uint32_t) len)] = '\0';
		else
			memcpy(body + len, " ", 2);
		break;
	case 6: /* the time was changed after it was signed */
		header_for(header, "whsec_good", body, stamp);
		header[11] = header[11] == '9' ? '8' : '9';
		break;
	default: /* nothing but chance */
		len = (size_t) snprintf(header, sizeof(header), "t=%lld,v1=", (long long) stamp);
		for (size_t i = 0; i < 64; i++)
			header[len + i] = "0123456789abcdef"[rand_below(16)];
		header[len + 64] = '\0';
	}
	snprintf(out, 400, "%s", header);
	return str_from(out);
}

static void a_hundred_thousand_forgeries_are_refused(void **state)
{
	struct secret *good = secret_new(STR("whsec_good")), *too = secret_new(STR("whsec_good_too"));
	const struct secret *both[] = {good, too};
	char header[400], body[200];

	(void) state;
	rand_fix(5);
	for (uint64_t turn = 0; turn < 100000; turn++) {
		struct fault f = {0};
		struct str given = forge(header, body, turn);

		if (stripe_verify(both, 2, given, str_from(body), now, &f))
			fail_msg("forgery %llu was taken: %s for %s", (unsigned long long) turn, header, body);
		assert_int_equal(f.kind, FAULT_DENIED);
	}
	rand_fix(0);
	/* and the true ones are not, or the above proves nothing */
	for (int i = 0; i < 2; i++) {
		struct fault f = {0};

		assert_true(stripe_verify(both, 2, header_for(header, i ? "whsec_good_too" : "whsec_good", body_text, now.us / 1000000),
			str_from(body_text), now, &f));
	}
	secret_free(&good);
	secret_free(&too);
}

static bool is_stripes(const struct secret *const *secrets, const char *header)
{
	struct fault f = {0};

	return stripe_verify(secrets, 2, str_from(header), str_from(body_text), now, &f);
}

static void wrong_first_and_wrong_last_take_as_long(void **state)
{
	char header[256];

	(void) state;
	header_for(header, "whsec_good", body_text, now.us / 1000000);
	refusals_compare(is_stripes, "whsec_good", header);
}

static bool read_event(struct bench *bench, const char *text, struct facts *facts)
{
	struct facts_list list = {0};
	struct fault f = {0};
	bool ok = stripe_events(&bench->support.lines[0], str_from(text), &bench->arena, &list, &f);

	assert_true(ok ? list.count == 1 : f.kind == FAULT_INPUT);
	if (ok)
		*facts = list.at[0];
	return ok;
}

static void strange_events_are_read_as_empty(void **state)
{
	static const char *const refused[] = {"{}", "{\"id\":1}", "{\"id\":\"evt_1\",\"type\":5,\"data\":{\"object\":{}}}",
		"{\"id\":\"evt_1\",\"type\":\"invoice.paid\"}",
		"{\"id\":\"evt_1\",\"type\":\"invoice.paid\",\"created\":5,\"data\":{\"object\":[]}}",
		"{\"id\":\"evt 1\",\"type\":\"invoice.paid\",\"created\":5,\"data\":{\"object\":{}}}",
		"{\"id\":\"evt_1\",\"type\":\"invoice.paid\",\"created\":-5,\"data\":{\"object\":{}}}",
		"{\"id\":\"evt_1\",\"type\":\"invoice.paid\",\"created\":\"5\",\"data\":{\"object\":{}}}",
		"{\"id\":\"\",\"type\":\"invoice.paid\",\"created\":5,\"data\":{\"object\":{}}}"};
	struct bench *bench = *state;
	struct facts facts;

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_false(read_event(bench, refused[i], &facts));
	assert_true(read_event(bench,
		"{\"id\":\"evt_1\",\"type\":\"checkout.session.completed\",\"created\":5,\"data\":{\"object\":{"
		"\"client_reference_id\":\"12 OR 1=1\",\"payment_intent\":[1],\"amount_total\":\"500\",\"currency\":\"u$d\","
		"\"payment_status\":true}}}",
		&facts));
	assert_int_equal(facts.checkout, 0);
	assert_int_equal(facts.payment.len, 0);
	assert_int_equal(facts.amount.minor, 0);
	assert_int_equal(facts.kind, FACT_OPENED);
	/* expanded objects and plain ids are the same */
	assert_true(read_event(bench,
		"{\"id\":\"evt_1\",\"type\":\"charge.updated\",\"livemode\":true,\"created\":5,\"data\":{\"object\":{"
		"\"id\":\"ch_1\",\"payment_intent\":{\"id\":\"pi_1\"},\"balance_transaction\":\"txn_1\"}}}",
		&facts));
	assert_true(str_is(facts.payment, "pi_1") && str_is(facts.also, "ch_1") && str_is(facts.ask, "fee:txn_1") && facts.live);
	/* a dispute's movements are added up, whatever stands among them */
	assert_true(read_event(bench,
		"{\"id\":\"evt_1\",\"type\":\"charge.dispute.closed\",\"created\":5,\"data\":{\"object\":{\"id\":\"du_1\",\"charge\":\"ch_1\","
		"\"status\":\"won\",\"reason\":\"fraudulent\",\"evidence_details\":{\"due_by\":864000},\"balance_transactions\":["
		"{\"amount\":-500,\"fee\":1500,\"currency\":\"usd\"},{\"amount\":500,\"fee\":0,\"currency\":\"usd\"},7,{\"amount\":\"x\"}]}}}",
		&facts));
	assert_true(facts.kind == FACT_DISPUTE && facts.dispute_step == DISPUTE_IS_WON && facts.amount.minor == 500 &&
		facts.back.minor == 500 && facts.fee.minor == 1500 && facts.due_day == 10 && str_is(facts.reason, "fraudulent"));
}

/* As it went in it comes out; and a row that was changed, moved or cut is known. */
static void facts_survive_keeping(void **state)
{
	struct bench *bench = *state;
	const struct facts facts = {.rail = "stripe", .kind = FACT_DISPUTE, .event = STR("evt_1"), .created_s = 123, .payment = STR("pi_1"),
		.also = STR("ch_1"), .item = STR("du_1"), .dispute_step = DISPUTE_IS_LOST, .amount = {250, "USD"}, .fee = {15, "EUR"},
		.back = {7, "JPY"}, .due_day = 20000, .next_day = -1, .attempt = 70000};
	unsigned char index[SEAL_INDEX_BYTES] = {1, 2, 3}, other[SEAL_INDEX_BYTES] = {1, 2, 4}, sealed[KEPT_BYTES];
	char reason[FACTS_REASON_BYTES + 1];
	struct kept kept, back;
	struct fault f = {0};

	kept_make(&bench->support, &facts, index, &kept);
	kept.checkout = INT64_MAX;
	kept.frequency = 3;
	kept.reason = "fraudulent";
	assert_int_equal(kept_seal(&bench->support, index, &kept, sealed), sizeof(sealed));
	assert_true(kept_open(&bench->support, str_make(index, sizeof(index)), str_make(sealed, sizeof(sealed)), &back, reason, &f));
	assert_string_equal(back.reason, "fraudulent");
	back.reason = kept.reason;
	assert_memory_equal(&kept, &back, sizeof(kept));
	assert_int_equal(back.attempt, UINT16_MAX);
	assert_false(kept_open(&bench->support, str_make(other, sizeof(other)), str_make(sealed, sizeof(sealed)), &back, NULL, &f));
	assert_int_equal(f.kind, FAULT_DENIED);
	for (size_t i = 0; i < sizeof(sealed); i++) {
		fault_clear(&f);
		sealed[i] ^= 1;
		assert_false(kept_open(&bench->support, str_make(index, sizeof(index)), str_make(sealed, sizeof(sealed)), &back, NULL, &f));
		assert_int_equal(f.kind, FAULT_DENIED);
		sealed[i] ^= 1;
		fault_clear(&f);
		assert_false(kept_open(&bench->support, str_make(index, sizeof(index)), str_make(sealed, i), &back, NULL, &f));
	}
	fault_clear(&f);
	kept.reason = "";
	assert_int_equal(kept_seal(&bench->support, index, &kept, sealed), KEPT_SEAL_BYTES + KEPT_SHORT_PLAIN_BYTES);
	assert_true(kept_open(&bench->support, str_make(index, sizeof(index)), str_make(sealed, KEPT_SEAL_BYTES + KEPT_SHORT_PLAIN_BYTES),
		&back, reason, &f));
	assert_string_equal(back.reason, "");
	back.reason = kept.reason;
	assert_memory_equal(&kept, &back, sizeof(kept));
	/* two rails' names are never the same, nor a payment's and an item's */
	fault_clear(&f);
	{
		struct fact_key a = kept_payment_key(&bench->support, "stripe", STR("x")), b = kept_payment_key(&bench->support, "bank", STR("x")),
			c = kept_item_key(&bench->support, "stripe", STR("x"));

		assert_false(fact_keys_equal(&a, &b) || fact_keys_equal(&a, &c) || fact_keys_equal(&b, &c));
	}
}

/* By what a provider knows a payment: of every length, and known when it was changed or is another kind of row. */
static void handles_survive_keeping(void **state)
{
	struct bench *bench = *state;
	char text[FACTS_NAME_BYTES];
	unsigned char sealed[KEPT_HANDLE_BYTES], fact[KEPT_BYTES], index[SEAL_INDEX_BYTES] = {1};
	struct kept kept = {0};
	struct str back;
	struct fault f = {0};
	size_t len = 0, short_len = kept_seal_handle(&bench->support, index, STR("pi_1"), sealed);

	memset(text, 'x', sizeof(text));
	for (size_t i = 1; i <= sizeof(text); i++) {
		len = kept_seal_handle(&bench->support, index, str_make(text, i), sealed);
		assert_true(len == short_len || len == sizeof(sealed));
		assert_true(kept_open_handle(&bench->support, str_make(index, sizeof(index)), str_make(sealed, len), &bench->arena, &back, &f));
		assert_true(str_equal(back, str_make(text, i)));
	}
	for (size_t i = 0; i < len; i++) {
		fault_clear(&f);
		sealed[i] ^= 1;
		assert_false(kept_open_handle(&bench->support, str_make(index, sizeof(index)), str_make(sealed, len), &bench->arena, &back, &f));
		assert_int_equal(f.kind, FAULT_DENIED);
		sealed[i] ^= 1;
		fault_clear(&f);
		assert_false(kept_open_handle(&bench->support, str_make(index, sizeof(index)), str_make(sealed, i), &bench->arena, &back, &f));
	}
	/* of another event */
	fault_clear(&f);
	index[31] ^= 1;
	assert_false(kept_open_handle(&bench->support, str_make(index, sizeof(index)), str_make(sealed, len), &bench->arena, &back, &f));
	assert_int_equal(f.kind, FAULT_DENIED);
	/* sealed with our key, and no handle all the same: longer than it is */
	fault_clear(&f);
	text[0] = (char) 48;
	assert_int_equal(crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + 24, NULL, (const unsigned char *) text, 48, index, sizeof(index), NULL,
		sealed, (const unsigned char *) secret_bytes(bench->support.facts_key).at), 0);
	assert_false(kept_open_handle(&bench->support, str_make(index, sizeof(index)), str_make(sealed, 24 + 48 + 16), &bench->arena, &back, &f));
	assert_int_equal(f.kind, FAULT_IO);
	fault_clear(&f);
	len = kept_seal(&bench->support, index, &kept, fact);
	assert_false(kept_open_handle(&bench->support, str_make(index, sizeof(index)), str_make(fact, len), &bench->arena, &back, &f));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_providers_signature_is_good),
		cmocka_unit_test(both_secrets_work_while_one_is_rolled),
		cmocka_unit_test(old_and_early_ones_are_refused),
		cmocka_unit_test(malformed_headers_are_refused),
		cmocka_unit_test(a_hundred_thousand_forgeries_are_refused),
		cmocka_unit_test(wrong_first_and_wrong_last_take_as_long),
		cmocka_unit_test_setup_teardown(strange_events_are_read_as_empty, bench_set_up, bench_tear_down),
		cmocka_unit_test_setup_teardown(facts_survive_keeping, bench_set_up, bench_tear_down),
		cmocka_unit_test_setup_teardown(handles_survive_keeping, bench_set_up, bench_tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
