/* Secrets and sealed values.
 * SPDX-License-Identifier: ISC */
#include "base_test.h"
#include "base/rand.h"
#include "base/seal.h"
#include "base/secret.h"

static struct fault f;
static struct arena arena;
static struct secret *key;
static unsigned char public_key[SEAL_KEY_BYTES];

static int make(void **state)
{
	(void) state;
	fault_clear(&f);
	arena_init(&arena, "test", 1 << 20);
	key = seal_new_key(public_key);
	return 0;
}

static int drop(void **state)
{
	(void) state;
	secret_free(&key);
	assert_null(key);
	arena_release(&arena);
	return 0;
}

static void a_value_comes_back_whatever_its_length(void **state)
{
	struct sealer *sealer = sealer_new(public_key);
	unsigned char sealed[SEAL_BYTES];
	char text[SEAL_PLAIN_BYTES];
	struct str plain;

	(void) state;
	memset(text, 0xa5, sizeof(text));
	for (size_t len = 0; len <= SEAL_PLAIN_BYTES - 2; len += len < 10 ? 1 : 62) {
		assert_no_fault(seal(sealer, str_make(text, len), sealed, &f), &f);
		assert_no_fault(seal_open(key, str_make(sealed, sizeof(sealed)), &arena, &plain, &f), &f);
		assert_true(str_equal(plain, str_make(text, len)));
	}
	assert_false(seal(sealer, str_make(text, SEAL_PLAIN_BYTES - 1), sealed, &f));
	assert_fault(&f, FAULT_FULL, "a value to seal");
	sealer_free(&sealer);
	assert_null(sealer);
	sealer_free(&sealer);
}

/* Whoever opens many keeps the shared keys: it opens and refuses what seal_open() does, the first time and later. */
static void an_opener_opens_the_same(void **state)
{
	enum { SEALERS = 300 };
	static unsigned char sealed[SEALERS][SEAL_BYTES];
	struct opener *opener = opener_new(key);
	struct str plain;

	(void) state;
	for (size_t i = 0; i < SEALERS; i++) {
		struct sealer *sealer = sealer_new(public_key); /* an ephemeral key of its own */

		assert_no_fault(seal(sealer, str_make(&"0123456789"[i % 10], 1), sealed[i], &f), &f);
		sealer_free(&sealer);
	}
	for (int round = 0; round < 3; round++)
		for (size_t i = 0; i < SEALERS; i++) {
			arena_reset(&arena);
			assert_no_fault(opener_open(opener, str_make(sealed[i], SEAL_BYTES), &arena, &plain, &f), &f);
			assert_true(str_equal(plain, str_make(&"0123456789"[i % 10], 1)));
			sealed[i][SEAL_BYTES - 1] ^= 1;
			assert_false(opener_open(opener, str_make(sealed[i], SEAL_BYTES), &arena, &plain, &f));
			assert_int_equal(f.kind, FAULT_DENIED);
			f = (struct fault){0};
			sealed[i][SEAL_BYTES - 1] ^= 1;
		}
	memset(sealed[0], 0, SEAL_BYTES);
	for (int round = 0; round < 2; round++) { /* all zeros are no public key, known or not */
		f = (struct fault){0};
		assert_false(opener_open(opener, str_make(sealed[0], SEAL_BYTES), &arena, &plain, &f));
		assert_int_equal(f.kind, FAULT_INPUT);
	}
	f = (struct fault){0};
	assert_false(opener_open(opener, str_make(sealed[1], SEAL_BYTES - 1), &arena, &plain, &f));
	assert_int_equal(f.kind, FAULT_INPUT);
	opener_free(&opener);
	assert_null(opener);
}

static void equal_values_look_different(void **state)
{
	struct sealer *sealer = sealer_new(public_key);
	unsigned char a[SEAL_BYTES];
	unsigned char b[SEAL_BYTES];

	(void) state;
	assert_true(seal(sealer, STR("name@example.org"), a, &f));
	assert_true(seal(sealer, STR("name@example.org"), b, &f));
	assert_memory_equal(a, b, 32); /* one ephemeral key a batch … */
	assert_memory_not_equal(a + 32, b + 32, 24); /* … a nonce a value */
	assert_memory_not_equal(a + 56, b + 56, SEAL_BYTES - 56);
	assert_null(memmem(a, sizeof(a), "name", 4));
	sealer_free(&sealer);
	sealer = sealer_new(public_key);
	assert_true(seal(sealer, STR("name@example.org"), b, &f));
	assert_memory_not_equal(a, b, 32);
	sealer_free(&sealer);
}

static void any_changed_byte_is_denied(void **state)
{
	struct sealer *sealer = sealer_new(public_key);
	unsigned char sealed[SEAL_BYTES];
	struct str plain = STR("untouched");

	(void) state;
	assert_true(seal(sealer, STR("x"), sealed, &f));
	for (size_t i = 0; i < SEAL_BYTES; i++) {
		sealed[i] ^= 0x40;
		assert_false(seal_open(key, str_make(sealed, sizeof(sealed)), &arena, &plain, &f));
		assert_true(f.kind == FAULT_DENIED || (i < 32 && f.kind == FAULT_INPUT));
		fault_clear(&f);
		sealed[i] ^= 0x40;
	}
	assert_str(plain, "untouched");
	assert_true(seal_open(key, str_make(sealed, sizeof(sealed)), &arena, &plain, &f));
	sealer_free(&sealer);
}

static void wrong_keys_and_shapes(void **state)
{
	static const unsigned char zeros[SEAL_BYTES];
	struct sealer *sealer = sealer_new(public_key);
	unsigned char other_public[SEAL_KEY_BYTES];
	struct secret *other = seal_new_key(other_public);
	struct secret *cut = secret_new(STR("too short"));
	unsigned char sealed[SEAL_BYTES];
	struct str plain;

	(void) state;
	assert_true(seal(sealer, STR("x"), sealed, &f));
	assert_false(seal_open(other, str_make(sealed, sizeof(sealed)), &arena, &plain, &f));
	assert_fault(&f, FAULT_DENIED, "another key");
	assert_false(seal_open(key, str_make(sealed, sizeof(sealed) - 1), &arena, &plain, &f));
	assert_fault(&f, FAULT_INPUT, "455 bytes");
	assert_false(seal_open(key, (struct str){NULL, 0}, &arena, &plain, &f));
	assert_fault(&f, FAULT_INPUT, "0 bytes");
	assert_false(seal_open(key, str_make(zeros, sizeof(zeros)), &arena, &plain, &f));
	assert_fault(&f, FAULT_INPUT, "no public key");
	assert_false(seal_open(cut, str_make(sealed, sizeof(sealed)), &arena, &plain, &f));
	assert_fault(&f, FAULT_INPUT, "9 bytes long");
	assert_false(seal_open(NULL, str_make(sealed, sizeof(sealed)), &arena, &plain, &f));
	assert_fault(&f, FAULT_INPUT, "0 bytes long");
	assert_false(seal_public_key(cut, other_public, &f));
	assert_fault(&f, FAULT_INPUT, "9 bytes long");
	assert_false(seal_index_key_check(cut, &f));
	assert_fault(&f, FAULT_INPUT, "9 bytes long");
	sealer_free(&sealer);
	sealer = sealer_new(zeros);
	assert_false(seal(sealer, STR("x"), sealed, &f));
	assert_fault(&f, FAULT_INPUT, "not a key");
	sealer_free(&sealer);
	secret_free(&other);
	secret_free(&cut);
}

static void an_arena_without_room_is_a_fault(void **state)
{
	struct sealer *sealer = sealer_new(public_key);
	unsigned char sealed[SEAL_BYTES];
	struct arena small;
	struct str plain;

	(void) state;
	arena_init(&small, "small", 16);
	assert_true(seal(sealer, STR("longer than sixteen bytes"), sealed, &f));
	assert_false(seal_open(key, str_make(sealed, sizeof(sealed)), &small, &plain, &f));
	assert_fault(&f, FAULT_FULL, "opened values");
	arena_release(&small);
	sealer_free(&sealer);
}

static void the_public_half_fits(void **state)
{
	unsigned char again[SEAL_KEY_BYTES];

	(void) state;
	assert_true(seal_public_key(key, again, &f));
	assert_memory_equal(again, public_key, SEAL_KEY_BYTES);
}

static void hashes_stay_what_they_were(void **state)
{
	static const unsigned char seed[32] = {1};
	struct secret *fixed = secret_new(str_make(seed, sizeof(seed)));
	unsigned char index[SEAL_INDEX_BYTES];
	unsigned char hash[SEAL_HASH_BYTES];

	(void) state;
	/* Databases hold them. Both were computed with Python's hashlib.blake2b. */
	seal_token_hash(STR(""), hash);
	assert_memory_equal(hash, "\x0e\x57\x51\xc0\x26\xe5\x43\xb2\xe8\xab\x2e\xb0\x60\x99\xda\xa1"
		"\xd1\xe5\xdf\x47\x77\x8f\x77\x87\xfa\xab\x45\xcd\xf1\x2f\xe3\xa8", 32);
	seal_index(fixed, "newsletter.address", STR("name@example.org"), index);
	assert_memory_equal(index, "\x61\x64\xde\x4e\xdd\xc2\x65\x2f\x12\x0c\x5b\xe5\xde\x7a\x3e\xd1"
		"\x2d\xe3\x74\x08\x3a\xae\x2f\xc4\x7a\x35\xfb\x4c\x0f\xcf\xdd\x62", 32);
	secret_free(&fixed);
}

static void an_index_depends_on_key_domain_and_value(void **state)
{
	struct secret *k = secret_new_random(SEAL_KEY_BYTES);
	struct secret *l = secret_new_random(SEAL_KEY_BYTES);
	unsigned char a[SEAL_INDEX_BYTES];
	unsigned char b[SEAL_INDEX_BYTES];

	(void) state;
	assert_true(seal_index_key_check(k, &f));
	seal_index(k, "one", STR("value"), a);
	seal_index(k, "one", STR("value"), b);
	assert_memory_equal(a, b, sizeof(a));
	seal_index(k, "two", STR("value"), b);
	assert_memory_not_equal(a, b, sizeof(a));
	seal_index(k, "onev", STR("alue"), b);
	assert_memory_not_equal(a, b, sizeof(a));
	seal_index(l, "one", STR("value"), b);
	assert_memory_not_equal(a, b, sizeof(a));
	seal_index(k, "one", (struct str){NULL, 0}, b);
	assert_memory_not_equal(a, b, sizeof(a));
	secret_free(&k);
	secret_free(&l);
}

static void secrets_are_read_and_written_privately(void **state)
{
	int dir = new_folder();
	struct secret *secret = secret_new(STR("pass\0word\n"));
	struct secret *read_back = NULL;
	struct stat st;
	char big[16 * 1024 + 2];

	(void) state;
	assert_no_fault(secret_write(dir, "key", secret, &f), &f);
	assert_int_equal(fstatat(dir, "key", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_nlink, 1);
	assert_no_fault(secret_read(dir, "key", &read_back, &f), &f);
	assert_true(secret_equal(secret_bytes(read_back), secret_bytes(secret)));
	secret_free(&read_back);
	assert_false(secret_write(dir, "key", secret, &f));
	assert_fault(&f, FAULT_CONFLICT, "there is a key already");
	assert_int_equal(fchmodat(dir, "key", 0640, 0), 0);
	assert_false(secret_read(dir, "key", &read_back, &f));
	assert_fault(&f, FAULT_DENIED, "chmod 600");
	assert_null(read_back);
	assert_false(secret_read(dir, "none", &read_back, &f));
	assert_fault(&f, FAULT_MISSING, "none");
	put_file(dir, "empty", "", 0400);
	assert_no_fault(secret_read(dir, "empty", &read_back, &f), &f);
	assert_int_equal(secret_bytes(read_back).len, 0);
	secret_free(&read_back);
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	put_file(dir, "big", big, 0600);
	assert_false(secret_read(dir, "big", &read_back, &f));
	assert_fault(&f, FAULT_FULL, "big is larger");
	assert_int_equal(mkdirat(dir, "dir", 0700), 0);
	assert_false(secret_read(dir, "dir", &read_back, &f));
	assert_fault(&f, FAULT_INPUT, "not a file");
	secret_free(&secret);
	drop_folder(dir);
}

static void comparing_secrets(void **state)
{
	(void) state;
	assert_true(secret_equal(STR("abc"), STR("abc")));
	assert_false(secret_equal(STR("abc"), STR("abd")));
	assert_false(secret_equal(STR("abc"), STR("ab")));
	assert_true(secret_equal(STR(""), (struct str){NULL, 0}));
	assert_int_equal(secret_bytes(NULL).len, 0);
}

static void scribble(void *self)
{
	struct secret *secret = self;

	*(char *) (uintptr_t) secret_bytes(secret).at = 'x';
}

static void a_secret_cannot_be_written_over(void **state)
{
	struct secret *secret = secret_new(STR("abc"));
	int status;
	pid_t pid = fork();

	(void) state;
	if (pid == 0) {
		(void) signal(SIGSEGV, SIG_DFL);
		(void) signal(SIGBUS, SIG_DFL);
		scribble(secret);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	secret_free(&secret);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_value_comes_back_whatever_its_length, make, drop),
		cmocka_unit_test_setup_teardown(an_opener_opens_the_same, make, drop),
		cmocka_unit_test_setup_teardown(equal_values_look_different, make, drop),
		cmocka_unit_test_setup_teardown(any_changed_byte_is_denied, make, drop),
		cmocka_unit_test_setup_teardown(wrong_keys_and_shapes, make, drop),
		cmocka_unit_test_setup_teardown(an_arena_without_room_is_a_fault, make, drop),
		cmocka_unit_test_setup_teardown(the_public_half_fits, make, drop),
		cmocka_unit_test_setup_teardown(hashes_stay_what_they_were, make, drop),
		cmocka_unit_test_setup_teardown(an_index_depends_on_key_domain_and_value, make, drop),
		cmocka_unit_test_setup_teardown(secrets_are_read_and_written_privately, make, drop),
		cmocka_unit_test_setup_teardown(comparing_secrets, make, drop),
		cmocka_unit_test_setup_teardown(a_secret_cannot_be_written_over, make, drop),
	};

	return RUN(tests);
}
