/* loop.h: one thread, one epoll: descriptors, timers, signals and children.
 *
 * Callbacks run one at a time from loop_run(); they may add and remove anything, themselves included. Nothing blocks.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "str.h"

struct fault;
struct loop;
struct loop_watch;
struct loop_timer;
struct loop_child;
struct loop_sync;

enum { LOOP_READ = 1, LOOP_WRITE = 2, LOOP_HANGUP = 4 }; /* HANGUP is always reported, with READ or WRITE where wanted */

typedef void loop_watch_call(void *self, unsigned events);
typedef void loop_call(void *self);
typedef void loop_signal_call(void *self, int signal);
typedef void loop_line_call(void *self, struct str line);       /* without its newline; longer than 4 KiB is cut */
typedef void loop_sync_call(void *self, int error);              /* an errno; 0: it is on the disk */
typedef void loop_end_call(void *self, int wait_status);        /* as waitpid gives it; the child is gone after */

bool loop_open(struct loop **loop, struct fault *f) __attribute__((warn_unused_result));
void loop_close(struct loop **loop); /* frees what is still watched; children are not killed */

/* Runs until loop_stop(). False only when epoll itself fails. */
bool loop_run(struct loop *loop, struct fault *f) __attribute__((warn_unused_result));
void loop_stop(struct loop *loop);
/* One round: waits at most wait_ms (-1: for the next event). */
bool loop_turn(struct loop *loop, int wait_ms, struct fault *f) __attribute__((warn_unused_result));

bool loop_watch(struct loop *loop, int fd, unsigned events, loop_watch_call *call, void *self,
	struct loop_watch **watch, struct fault *f) __attribute__((warn_unused_result));
bool loop_watch_change(struct loop_watch *watch, unsigned events, struct fault *f);
void loop_unwatch(struct loop_watch **watch); /* NULL is fine; the descriptor stays open */

/* Fires once after delay_ms on the monotonic clock, then *timer is NULL by itself: the handle must stay valid until
 * then. Setting a handle that is running moves it. */
void loop_timer_set(struct loop *loop, struct loop_timer **timer, int64_t delay_ms, loop_call *call, void *self);
void loop_timer_stop(struct loop_timer **timer);

/* Runs `call` before each wait (libraries with their own idea of a deadline: libmicrohttpd, libcurl). It gives the
 * longest time to wait in ms, -1 for any. At most 16. */
typedef int loop_before_call(void *self);
void loop_before_wait(struct loop *loop, loop_before_call *call, void *self);
void loop_before_wait_remove(struct loop *loop, loop_before_call *call, void *self);

/* Blocks the signal and hands it to `call` in the loop (signalfd). */
bool loop_on_signal(struct loop *loop, int signal, loop_signal_call *call, void *self, struct fault *f)
	__attribute__((warn_unused_result));

struct loop_spawn {
	int exe_fd;              /* descriptor of the program; or -1 and program is looked up in PATH */
	const char *program;
	char *const *argv;       /* NULL-ended */
	char *const *env;        /* NULL: ours */
	struct str input;        /* written to its standard input, then closed; copied */
	const int *keep_fds;     /* stay open in the child at the same numbers; all others but 0-2 are closed */
	size_t keep_count;
	unsigned lower_priority; /* nice() increment */
	loop_line_call *on_line; /* its standard output, line by line; NULL: inherited */
	loop_end_call *on_end;
	void *self;
};

/* Starts a child. *child is NULL again just before on_end is called (after the last line); the handle must stay valid
 * until then. MISSING or DENIED if the program cannot be executed. */
bool loop_spawn(struct loop *loop, const struct loop_spawn *how, struct loop_child **child, struct fault *f)
	__attribute__((warn_unused_result));
pid_t loop_child_pid(const struct loop_child *child);
void loop_child_kill(struct loop_child *child, int signal);
/* For whoever goes before its child does: no more calls, *child is NULL, the handle may go. The child runs on and is
 * reaped. NULL is fine. */
void loop_child_forget(struct loop_child **child);

/* fdatasync() without waiting for it: call(self, error) comes once all that was written to fd before loop_sync_start() is on the
 * disk. One at a time. False: the kernel or the file system does not have it: fdatasync() does the same. Closing waits for what is
 * under way, and drops its call. NULL is fine. */
bool loop_sync_open(struct loop *loop, struct loop_sync **sync, struct fault *f) __attribute__((warn_unused_result));
bool loop_sync_start(struct loop_sync *sync, int fd, loop_sync_call *call, void *self, struct fault *f)
	__attribute__((warn_unused_result));
void loop_sync_close(struct loop_sync **sync);

#ifdef MIMEO_DEBUG
extern bool loop_sync_unknown;        /* tests: as on a kernel without asynchronous operations */
extern bool loop_child_without_pidfd; /* tests: as on a kernel without pidfd_open() */
#endif

#endif
