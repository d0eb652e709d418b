/* arena.c: memory with a named life, and the only malloc() of mimeo.
 *
 * Decides: chunk sizes, the cap, what a debug build poisons. Leaves to others: how long a life is. Runs in: every
 * process. The hard thing: the cap counts what was asked for, not chunks or red zones, so that a job which fits in a
 * release build fits under ASan too.
 * SPDX-License-Identifier: ISC */
#include "arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "must.h"

#ifdef MIMEO_DEBUG
#include <sanitizer/asan_interface.h>
enum { RED_ZONE_BYTES = 32 };
#else
#define ASAN_POISON_MEMORY_REGION(at, size) ((void) 0)
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void) 0)
enum { RED_ZONE_BYTES = 0 };
#endif

enum {
	ALIGNMENT = _Alignof(max_align_t),
	CHUNK_FIRST_BYTES = 4096,     /* a small request needs no more */
	CHUNK_LARGEST_BYTES = 65536   /* below malloc's mmap threshold: chunks are recycled without a system call */
};

struct arena_chunk {
	struct arena_chunk *next;
	size_t room;
	size_t used;
	max_align_t at[];
};

/* --- malloc, and its seam --- */

#ifdef MIMEO_DEBUG
static uint64_t fail_in; /* 0 = never, 1 = the next one */

void memory_fail_at(uint64_t n)
{
	fail_in = n;
}

static bool must_fail_now(void)
{
	return fail_in > 0 && --fail_in == 0;
}
#else
static bool must_fail_now(void)
{
	return false;
}
#endif

void *memory_new(size_t count, size_t size)
{
	void *block = NULL;

	if (count == 0 || size == 0)
		count = size = 1; /* a pointer of its own even for nothing */
	if (!must_fail_now())
		block = calloc(count, size);
	if (block == NULL)
		must_memory(__FILE__, __LINE__);
	return block;
}

void *memory_grow(void *old, size_t size)
{
	void *block = NULL;

	if (!must_fail_now())
		block = realloc(old, size > 0 ? size : 1);
	if (block == NULL)
		must_memory(__FILE__, __LINE__);
	return block;
}

void memory_free(void *block)
{
	free(block);
}

/* --- arenas --- */

void arena_init(struct arena *arena, const char *life, size_t cap_bytes)
{
	*arena = (struct arena){.life = life, .cap_bytes = cap_bytes};
}

static char *chunk_at(struct arena_chunk *chunk)
{
	return (char *) chunk->at;
}

void arena_reset(struct arena *arena)
{
	while (arena->chunks != NULL) {
		struct arena_chunk *chunk = arena->chunks;

		arena->chunks = chunk->next;
		ASAN_UNPOISON_MEMORY_REGION(chunk_at(chunk), chunk->room);
		free(chunk);
	}
	arena->used_bytes = 0;
}

void arena_release(struct arena *arena)
{
	arena_reset(arena);
	arena->cap_bytes = 0;
}

/* A chunk with room for `size` bytes. Chunks double, so that a large life costs few and a small one little. */
static struct arena_chunk *chunk_new(struct arena *arena, size_t size)
{
	size_t room = CHUNK_FIRST_BYTES;
	struct arena_chunk *chunk = NULL;

	while (room < CHUNK_LARGEST_BYTES && arena->chunks != NULL && room <= arena->chunks->room)
		room *= 2;
	if (room < size)
		room = size;
	/* Not memory_new(): only what is handed out is cleared. */
	if (!must_fail_now())
		chunk = malloc(sizeof(*chunk) + room);
	if (chunk == NULL)
		must_memory(__FILE__, __LINE__);
	chunk->next = NULL;
	chunk->room = room;
	chunk->used = 0;
	ASAN_POISON_MEMORY_REGION(chunk_at(chunk), room);
	return chunk;
}

/* The chunk that the next block goes into. A block larger than the newest chunk's rest gets a new one; if it fills that
 * one alone, the new one goes second, so that the newest's rest is not lost. */
static struct arena_chunk *chunk_for(struct arena *arena, size_t size)
{
	struct arena_chunk *newest = arena->chunks;
	struct arena_chunk *chunk;

	if (newest != NULL && size <= newest->room - newest->used)
		return newest;
	chunk = chunk_new(arena, size);
	if (newest != NULL && chunk->room == size) {
		chunk->next = newest->next;
		newest->next = chunk;
	} else {
		chunk->next = newest;
		arena->chunks = chunk;
	}
	return chunk;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	struct arena_chunk *chunk;
	size_t rounded;
	char *block;

	must(arena->life != NULL);
	if (size > arena->cap_bytes)
		return NULL;
	rounded = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (rounded == 0)
		rounded = ALIGNMENT; /* two empty blocks are still two */
	if (rounded > arena->cap_bytes - arena->used_bytes)
		return NULL;
	chunk = chunk_for(arena, rounded + RED_ZONE_BYTES);
	block = chunk_at(chunk) + chunk->used;
	chunk->used += rounded + RED_ZONE_BYTES;
	arena->used_bytes += rounded;
	ASAN_UNPOISON_MEMORY_REGION(block, size);
	memset(block, 0, size);
	return block;
}

void *arena_alloc_many(struct arena *arena, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total))
		return NULL;
	return arena_alloc(arena, total);
}
