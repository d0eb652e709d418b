/* test_webhook.c: signatures and events from outside: forged, cut, old, rolled, repeated, nonsense.
 * SPDX-License-Identifier: ISC */
#include "support_bench.h"
#include <sodium.h>

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

static bool read_event(const char *text, struct facts *facts, json_t **json)
{
	struct fault f = {0};

	return http_json_parse(str_from(text), json, &f) && facts_read(*json, facts, &f);
}

static void strange_events_are_read_as_empty(void **state)
{
	static const char *const refused[] = {"{}", "{\"id\":1}", "{\"id\":\"evt_1\",\"type\":5,\"data\":{\"object\":{}}}",
		"{\"id\":\"evt_1\",\"type\":\"invoice.paid\"}",
		"{\"id\":\"evt_1\",\"type\":\"invoice.paid\",\"data\":{\"object\":[]}}",
		"{\"id\":\"evt 1\",\"type\":\"invoice.paid\",\"data\":{\"object\":{}}}",
		"{\"id\":\"\",\"type\":\"invoice.paid\",\"data\":{\"object\":{}}}"};
	struct facts facts;
	json_t *json = NULL;

	(void) state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		assert_false(read_event(refused[i], &facts, &json));
		json_decref(json);
		json = NULL;
	}
	assert_true(read_event(
		"{\"id\":\"evt_1\",\"type\":\"checkout.session.completed\",\"created\":-5,\"data\":{\"object\":{"
		"\"client_reference_id\":\"12 OR 1=1\",\"payment_intent\":[1],\"amount_total\":\"500\",\"currency\":\"u$d\","
		"\"payment_status\":true}}}",
		&facts, &json));
	assert_int_equal(facts.checkout, 0);
	assert_int_equal(facts.payment.len, 0);
	assert_int_equal(facts.amount.minor, 0);
	assert_false(facts.is_paid);
	json_decref(json);
	/* expanded objects and plain ids are the same */
	assert_true(read_event(
		"{\"id\":\"evt_1\",\"type\":\"charge.updated\",\"livemode\":true,\"created\":5,\"data\":{\"object\":{"
		"\"payment_intent\":{\"id\":\"pi_1\"},\"balance_transaction\":\"txn_1\"}}}",
		&facts, &json));
	assert_true(str_is(facts.payment, "pi_1") && str_is(facts.balance, "txn_1") && facts.live);
	json_decref(json);
}

static void facts_survive_packing(void **state)
{
	struct bench *bench = *state;
	struct facts facts = {.kind = FACT_REFUND,
		.type = STR("refund.created"),
		.created_s = 123,
		.checkout = INT64_MAX,
		.payment = STR("pi_1"),
		.refund = STR("re_1"),
		.is_paid = true,
		.refund_step = REFUND_HAS_FAILED,
		.amount = {250, "USD"}};
	struct facts back;
	struct fault f = {0};
	struct str packed = facts_pack(&facts, &bench->arena);
	bool is_whole = false;
	char longest[101];

	assert_true(facts_unpack(packed, facts.type, &bench->arena, &back, &f));
	assert_int_equal(back.checkout, INT64_MAX);
	assert_int_equal(back.kind, FACT_REFUND);
	assert_int_equal(back.refund_step, REFUND_HAS_FAILED);
	assert_true(str_is(back.payment, "pi_1") && str_is(back.refund, "re_1") && back.invoice.len == 0 && back.is_paid);
	assert_int_equal(back.amount.minor, 250);
	assert_string_equal(back.amount.code, "USD");
	for (size_t i = 0; i < packed.len; i++) { /* cut anywhere: refused or shorter, never worse */
		fault_clear(&f);
		is_whole = facts_unpack(str_part(packed, 0, i), facts.type, &bench->arena, &back, &f);
		assert_true(is_whole || f.kind == FAULT_IO);
	}
	/* references of the greatest length do not fit a seal together: said so, not cut */
	memset(longest, 'a', sizeof(longest) - 1);
	longest[100] = '\0';
	facts.payment = facts.invoice = facts.subscription = facts.balance = str_from(longest);
	assert_null(facts_pack(&facts, &bench->arena).at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_providers_signature_is_good),
		cmocka_unit_test(both_secrets_work_while_one_is_rolled),
		cmocka_unit_test(old_and_early_ones_are_refused),
		cmocka_unit_test(malformed_headers_are_refused),
		cmocka_unit_test(strange_events_are_read_as_empty),
		cmocka_unit_test_setup_teardown(facts_survive_packing, bench_set_up, bench_tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
