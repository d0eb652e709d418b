/* bake_crew.h: pages of stories and lists made by several processes: as many as the machine has processors.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_BAKE_CREW_H
#define DESK_BAKE_CREW_H

#include <sys/types.h>
#include "desk/bake.h"

enum { BAKE_CREW_MOST = 8, BAKE_CREW_FROM = 300 /* pages: for fewer it is not worth it */ };

struct bake_crew {
	struct bake *bake;
	int to_fd;                  /* work; -1: nobody, this process makes pages itself */
	int from_fd;                /* what became of it */
	pid_t pids[BAKE_CREW_MOST];
	size_t count;
};

/* size 0: by the machine's processors and the number of pages. What is at hand may not change until bake_crew_end: each of
 * them has it as it is now. */
bool bake_crew_begin(struct bake_crew *crew, struct bake *bake, size_t size, size_t pages, struct fault *f)
	__attribute__((warn_unused_result));
/* The page of the story at hand: made now or soon. */
bool bake_crew_page(struct bake_crew *crew, size_t position, struct str body, struct fault *f) __attribute__((warn_unused_result));
/* Those pages of the list at hand that are to be made: now or soon. */
bool bake_crew_list(struct bake_crew *crew, size_t number, struct fault *f) __attribute__((warn_unused_result));
/* Waits until all pages stand there. ok: whether the caller's own part went well. */
bool bake_crew_end(struct bake_crew *crew, bool ok, struct fault *f) __attribute__((warn_unused_result));

#endif
