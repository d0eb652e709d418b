/* loop_inside.h: the loop's structs, shared by loop.c and loop_child.c.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_LOOP_INSIDE_H
#define BASE_LOOP_INSIDE_H

#include <signal.h>
#include "loop.h"

enum { LOOP_BEFORE_MAX = 16, LOOP_SIGNALS = 65 };

struct loop {
	int epoll_fd;
	bool stopping;
	unsigned depth;                 /* of loop_turn() within callbacks */
	struct loop_watch *watches;
	struct loop_watch *dead;        /* unwatched while events were handed out: freed when the outermost turn ends */

	struct loop_timer **heap;       /* the next one due is first */
	size_t heap_count;
	size_t heap_room;
	uint64_t timer_serial;          /* counts timers set: equal times fire in the order of setting */

	struct {
		loop_before_call *call;
		void *self;
	} before[LOOP_BEFORE_MAX];
	size_t before_count;

	int signal_fd;                  /* -1 until the first loop_on_signal() */
	struct loop_watch *signal_watch;
	sigset_t signals;               /* those that signal_fd takes */
	sigset_t mask_before;           /* of the process, given back by loop_close() */
	struct {
		loop_signal_call *call;
		void *self;
	} on_signal[LOOP_SIGNALS];

	struct loop_child *children;
};

/* Frees what is known of the children and clears their handles. */
void loop_forget_children(struct loop *loop);

#ifdef MIMEO_DEBUG
/* Tests: as if so much time had passed for every timer that is set. */
void loop_skip(struct loop *loop, int64_t ms);
#endif

#endif
