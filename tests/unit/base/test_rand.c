/* SPDX-License-Identifier: ISC */
#include "base_test.h"
#include "base/rand.h"

static void ids_are_positive(void **state)
{
	int64_t before = 0;

	(void) state;
	for (int i = 0; i < 1000; i++) {
		int64_t id = rand_id();

		assert_true(id > 0 && id != before);
		before = id;
	}
}

static void tokens_are_26_letters_of_base32(void **state)
{
	char seen[26][32] = {{0}};
	char token[RAND_TOKEN_CHARS + 1];

	(void) state;
	for (int i = 0; i < 3000; i++) {
		rand_token(token);
		assert_int_equal(strlen(token), RAND_TOKEN_CHARS);
		for (size_t c = 0; c < RAND_TOKEN_CHARS; c++) {
			const char *alphabet = "abcdefghijklmnopqrstuvwxyz234567";
			const char *at = strchr(alphabet, token[c]);

			assert_non_null(at);
			seen[c][at - alphabet] = 1;
		}
	}
	/* Every place takes every value: all 128 bits are random. The last carries 3 of them. */
	for (size_t c = 0; c < RAND_TOKEN_CHARS; c++) {
		int values = 0;

		for (size_t v = 0; v < 32; v++)
			values += seen[c][v];
		assert_int_equal(values, c == RAND_TOKEN_CHARS - 1 ? 8 : 32);
	}
}

static void below_is_below_and_reaches_all(void **state)
{
	int seen[7] = {0};

	(void) state;
	assert_int_equal(rand_below(1), 0);
	for (int i = 0; i < 2000; i++)
		seen[rand_below(7)]++;
	for (size_t i = 0; i < 7; i++)
		assert_true(seen[i] > 150);
	assert_true(rand_below(UINT32_MAX) < UINT32_MAX);
}

static void below_nothing(void *self)
{
	(void) self;
	(void) rand_below(0);
}

static void below_nothing_is_a_bug(void **state)
{
	(void) state;
	assert_non_null(strstr(last_words(below_nothing, NULL), "event=bug"));
}

static void a_fixed_stream_repeats_until_it_is_released(void **state)
{
	unsigned char a[40];
	unsigned char b[40];
	char token[RAND_TOKEN_CHARS + 1];
	char again[RAND_TOKEN_CHARS + 1];

	(void) state;
	rand_fix(7);
	rand_bytes(a, sizeof(a));
	rand_token(token);
	rand_fix(7);
	rand_bytes(b, sizeof(b));
	rand_token(again);
	assert_memory_equal(a, b, sizeof(a));
	assert_string_equal(token, again);
	rand_bytes(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	rand_fix(8);
	rand_bytes(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	rand_fix(0);
	rand_bytes(a, sizeof(a));
	rand_fix(0);
	rand_bytes(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_are_positive),
		cmocka_unit_test(tokens_are_26_letters_of_base32),
		cmocka_unit_test(below_is_below_and_reaches_all),
		cmocka_unit_test(below_nothing_is_a_bug),
		cmocka_unit_test(a_fixed_stream_repeats_until_it_is_released),
	};

	return RUN(tests);
}
