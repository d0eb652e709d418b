/* SPDX-License-Identifier: ISC */
#include "base_test.h"

static void memory_is_zeroed_aligned_and_apart(void **state)
{
	struct arena arena;
	char *before = NULL;

	(void) state;
	arena_init(&arena, "test", 1 << 20);
	for (size_t size = 0; size < 300; size++) {
		char *block = arena_alloc(&arena, size);

		assert_non_null(block);
		assert_int_equal((uintptr_t) block % _Alignof(max_align_t), 0);
		assert_true(block != before);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(block[i], 0);
		memset(block, 0xee, size);
		before = block;
	}
	arena_release(&arena);
}

static void memory_is_zeroed_after_a_reset_too(void **state)
{
	struct arena arena;

	(void) state;
	arena_init(&arena, "test", 1 << 20);
	for (int round = 0; round < 3; round++) {
		unsigned char *block = arena_alloc(&arena, 3000);

		assert_non_null(block);
		for (size_t i = 0; i < 3000; i++)
			assert_int_equal(block[i], 0);
		memset(block, 0xee, 3000);
		arena_reset(&arena);
		assert_int_equal(arena.used_bytes, 0);
	}
	arena_release(&arena);
}

static void the_cap_holds_to_the_byte(void **state)
{
	struct arena arena;

	(void) state;
	arena_init(&arena, "test", 1024);
	assert_non_null(arena_alloc(&arena, 512));
	assert_null(arena_alloc(&arena, 513));
	assert_null(arena_alloc(&arena, SIZE_MAX));
	assert_null(arena_alloc(&arena, SIZE_MAX - 7)); /* would round to 0 */
	assert_non_null(arena_alloc(&arena, 512));
	assert_null(arena_alloc(&arena, 0));
	assert_int_equal(arena.used_bytes, 1024);
	arena_reset(&arena);
	assert_non_null(arena_alloc(&arena, 1024));
	arena_release(&arena);
}

static void a_block_larger_than_a_chunk_does_not_lose_the_rest_of_one(void **state)
{
	struct arena arena;
	char *small;
	char *next;

	(void) state;
	arena_init(&arena, "test", 1 << 24);
	small = arena_alloc(&arena, 16);
	assert_non_null(arena_alloc(&arena, 1 << 20));
	next = arena_alloc(&arena, 16);
	assert_true(next > small && next - small < 4096);
	arena_release(&arena);
}

static void many_counts_without_overflow(void **state)
{
	struct arena arena;

	(void) state;
	arena_init(&arena, "test", 4096);
	assert_null(arena_alloc_many(&arena, SIZE_MAX / 2, 3));
	assert_null(arena_alloc_many(&arena, (size_t) 1 << 32, (size_t) 1 << 32));
	assert_non_null(arena_alloc_many(&arena, 4, 16));
	assert_non_null(arena_alloc_many(&arena, 0, 16));
	arena_release(&arena);
}

static void use_an_empty_arena(void *self)
{
	struct arena arena = {0};

	(void) self;
	(void) !arena_alloc(&arena, 1);
}

static void an_arena_that_was_never_made_is_a_bug(void **state)
{
	(void) state;
	assert_non_null(strstr(last_words(use_an_empty_arena, NULL), "event=bug"));
}

#ifdef MIMEO_DEBUG
#include <sanitizer/asan_interface.h>

static void the_byte_behind_a_block_is_poisoned(void **state)
{
	struct arena arena;
	char *block;

	(void) state;
	arena_init(&arena, "test", 4096);
	for (size_t size = 0; size < 64; size++) {
		block = arena_alloc(&arena, size);
		assert_non_null(block);
		assert_null(__asan_region_is_poisoned(block, size));
		assert_true(__asan_address_is_poisoned(block + size));
		assert_true(__asan_address_is_poisoned(block + size + 31));
	}
	arena_release(&arena);
}

static void grow_without_memory(void *self)
{
	memory_fail_at(3);
	memory_free(memory_new(1, 8));
	memory_free(memory_new(1, 8));
	(void) !write(STDERR_FILENO, "two\n", 4);
	memory_free(memory_grow(NULL, 8));
	(void) self;
}

static void arena_without_memory(void *self)
{
	struct arena arena;

	(void) self;
	arena_init(&arena, "test", 4096);
	memory_fail_at(1);
	(void) !arena_alloc(&arena, 8);
}

static void malloc_failing_aborts_with_last_words(void **state)
{
	const char *words;

	(void) state;
	words = last_words(grow_without_memory, NULL);
	assert_non_null(strstr(words, "two\n"));
	assert_non_null(strstr(words, "why=\"out of memory\""));
	assert_non_null(strstr(last_words(arena_without_memory, NULL), "why=\"out of memory\""));
}
#endif

static void memory_of_no_size_is_a_pointer(void **state)
{
	void *block = memory_new(0, 8);

	(void) state;
	assert_non_null(block);
	block = memory_grow(block, 0);
	assert_non_null(block);
	memory_free(block);
	memory_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed_aligned_and_apart),
		cmocka_unit_test(memory_is_zeroed_after_a_reset_too),
		cmocka_unit_test(the_cap_holds_to_the_byte),
		cmocka_unit_test(a_block_larger_than_a_chunk_does_not_lose_the_rest_of_one),
		cmocka_unit_test(many_counts_without_overflow),
		cmocka_unit_test(an_arena_that_was_never_made_is_a_bug),
#ifdef MIMEO_DEBUG
		cmocka_unit_test(the_byte_behind_a_block_is_poisoned),
		cmocka_unit_test(malloc_failing_aborts_with_last_words),
#endif
		cmocka_unit_test(memory_of_no_size_is_a_pointer),
	};

	return RUN(tests);
}
