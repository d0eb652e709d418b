/* arena.h: memory with a named life, freed whole.
 *
 * An arena belongs to one life (request, job, command, config) and has a cap in bytes. Memory comes zeroed. Reaching the
 * cap is a failure of the caller's job (NULL, then fault_full); malloc failing aborts. Debug builds put poisoned red
 * zones between blocks for AddressSanitizer.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena_chunk;

struct arena {
	const char *life;           /* its name, for faults and the log */
	size_t cap_bytes;           /* at most this much is handed out */
	size_t used_bytes;          /* handed out so far, with rounding */
	struct arena_chunk *chunks; /* newest first */
};

/* A zeroed struct arena is not usable: it needs a cap. `life` must outlive it (a literal). */
void arena_init(struct arena *arena, const char *life, size_t cap_bytes);

/* Frees everything; the arena can be used again. */
void arena_reset(struct arena *arena);
void arena_release(struct arena *arena);

/* size bytes, zeroed, aligned for any type; NULL when the cap would be passed. size 0 gives a valid pointer. */
void *arena_alloc(struct arena *arena, size_t size) __attribute__((warn_unused_result, malloc));

/* count × size with overflow check. */
void *arena_alloc_many(struct arena *arena, size_t count, size_t size) __attribute__((warn_unused_result, malloc));

/* Raw memory for base/, http/ and the like whose life no arena fits: never NULL, zeroed; aborts when malloc fails.
 * memory_free(NULL) is fine. What memory_grow() adds is not zeroed. */
void *memory_new(size_t count, size_t size) __attribute__((warn_unused_result));
void *memory_grow(void *old, size_t size) __attribute__((warn_unused_result));
void memory_free(void *block);

#ifdef MIMEO_DEBUG
/* Tests: the n-th allocation from now on fails as if malloc had (which aborts); 0: none. */
void memory_fail_at(uint64_t n);
#endif

#endif
