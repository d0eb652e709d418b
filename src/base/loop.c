/* loop.c: one thread, one epoll.
 *
 * Decides: the order of a turn (hooks, wait, descriptors, timers) and when what was removed is freed. Leaves to
 * loop_child.c: children; to its users: everything that is done. Runs in: every long-lived process.
 * The hard thing: a callback may remove a watch whose event stands in the same batch. A removed watch is marked dead
 * and freed when no batch refers to it; a timer has left the heap before it is called.
 * SPDX-License-Identifier: ISC */
#include "loop_inside.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include "arena.h"
#include "clock.h"
#include "fault.h"
#include "must.h"

enum { BATCH = 64 };

_Static_assert(_NSIG <= LOOP_SIGNALS, "a place for every signal");

struct loop_watch {
	struct loop *loop;
	struct loop_watch *next;
	struct loop_watch **link; /* what points here */
	int fd;
	unsigned events;
	bool dead;
	loop_watch_call *call;
	void *self;
};

struct loop_timer {
	struct loop *loop;
	size_t place; /* in the heap */
	int64_t due_ms;
	uint64_t serial;
	loop_call *call;
	void *self;
	struct loop_timer **handle;
};

/* --- descriptors --- */

static uint32_t epoll_events(unsigned events)
{
	return (events & LOOP_READ ? (uint32_t) EPOLLIN : 0) | (events & LOOP_WRITE ? (uint32_t) EPOLLOUT : 0);
}

static void link_watch(struct loop_watch **list, struct loop_watch *watch)
{
	watch->next = *list;
	watch->link = list;
	if (watch->next != NULL)
		watch->next->link = &watch->next;
	*list = watch;
}

static void unlink_watch(struct loop_watch *watch)
{
	*watch->link = watch->next;
	if (watch->next != NULL)
		watch->next->link = watch->link;
}

bool loop_watch(struct loop *loop, int fd, unsigned events, loop_watch_call *call, void *self,
	struct loop_watch **watch, struct fault *f)
{
	struct loop_watch *new = memory_new(1, sizeof(*new));
	struct epoll_event event = {.events = epoll_events(events), .data.ptr = new};

	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
		memory_free(new);
		return fault_errno(f, "cannot watch a descriptor");
	}
	*new = (struct loop_watch){.loop = loop, .fd = fd, .events = events, .call = call, .self = self};
	link_watch(&loop->watches, new);
	*watch = new;
	return true;
}

bool loop_watch_change(struct loop_watch *watch, unsigned events, struct fault *f)
{
	struct epoll_event event = {.events = epoll_events(events), .data.ptr = watch};

	if (events == watch->events)
		return true;
	if (epoll_ctl(watch->loop->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event) != 0)
		return fault_errno(f, "cannot watch a descriptor");
	watch->events = events;
	return true;
}

void loop_unwatch(struct loop_watch **handle)
{
	struct loop_watch *watch = *handle;
	struct loop *loop;

	if (watch == NULL)
		return;
	*handle = NULL;
	loop = watch->loop;
	/* Fails only if the descriptor was closed first, and then epoll has dropped it. */
	(void) epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
	unlink_watch(watch);
	watch->dead = true;
	if (loop->depth > 0)
		link_watch(&loop->dead, watch);
	else
		memory_free(watch);
}

static void free_watches(struct loop_watch **list)
{
	while (*list != NULL) {
		struct loop_watch *watch = *list;

		unlink_watch(watch);
		memory_free(watch);
	}
}

static void hand_out(const struct loop_watch *watch, uint32_t happened)
{
	unsigned events = (happened & EPOLLIN ? LOOP_READ : 0U) | (happened & EPOLLOUT ? LOOP_WRITE : 0U);

	/* Whoever only looks at READ or WRITE finds out by reading or writing. */
	if (happened & (EPOLLHUP | EPOLLERR))
		events |= LOOP_HANGUP | watch->events;
	watch->call(watch->self, events);
}

/* --- timers: a binary heap --- */

static bool is_sooner(const struct loop_timer *a, const struct loop_timer *b)
{
	return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->serial < b->serial;
}

static void put_timer(struct loop *loop, struct loop_timer *timer, size_t place)
{
	loop->heap[place] = timer;
	timer->place = place;
}

/* Moves a timer from `place` to where it belongs. */
static void sift(struct loop *loop, struct loop_timer *timer, size_t place)
{
	while (place > 0 && is_sooner(timer, loop->heap[(place - 1) / 2])) {
		put_timer(loop, loop->heap[(place - 1) / 2], place);
		place = (place - 1) / 2;
	}
	for (;;) {
		size_t child = 2 * place + 1;

		if (child + 1 < loop->heap_count && is_sooner(loop->heap[child + 1], loop->heap[child]))
			child++;
		if (child >= loop->heap_count || !is_sooner(loop->heap[child], timer))
			break;
		put_timer(loop, loop->heap[child], place);
		place = child;
	}
	put_timer(loop, timer, place);
}

/* The handle is NULL after, the timer freed. */
static void drop_timer(struct loop_timer *timer)
{
	struct loop *loop = timer->loop;
	struct loop_timer *last = loop->heap[--loop->heap_count];

	if (last != timer)
		sift(loop, last, timer->place);
	*timer->handle = NULL;
	memory_free(timer);
}

void loop_timer_set(struct loop *loop, struct loop_timer **handle, int64_t delay_ms, loop_call *call, void *self)
{
	struct loop_timer *timer = *handle;

	if (timer == NULL) {
		timer = memory_new(1, sizeof(*timer));
		timer->loop = loop;
		timer->handle = handle;
		if (loop->heap_count == loop->heap_room) {
			loop->heap_room = loop->heap_room > 0 ? loop->heap_room * 2 : 16;
			loop->heap = memory_grow(loop->heap, loop->heap_room * sizeof(struct loop_timer *));
		}
		timer->place = loop->heap_count++;
		*handle = timer;
	}
	must(timer->loop == loop && timer->handle == handle);
	timer->due_ms = clock_mono_ms() + (delay_ms > 0 ? delay_ms : 0);
	timer->serial = ++loop->timer_serial;
	timer->call = call;
	timer->self = self;
	sift(loop, timer, timer->place);
}

void loop_timer_stop(struct loop_timer **handle)
{
	if (*handle != NULL)
		drop_timer(*handle);
}

/* Calls what is due. Timers that these calls set wait for the next turn, so that one which sets itself again without
 * delay cannot keep the loop from its descriptors. */
static void fire_timers(struct loop *loop)
{
	int64_t now_ms = clock_mono_ms();
	uint64_t last_serial = loop->timer_serial;

	while (loop->heap_count > 0 && loop->heap[0]->due_ms <= now_ms && loop->heap[0]->serial <= last_serial) {
		loop_call *call = loop->heap[0]->call;
		void *self = loop->heap[0]->self;

		drop_timer(loop->heap[0]);
		call(self);
	}
}

#ifdef MIMEO_DEBUG
void loop_skip(struct loop *loop, int64_t ms)
{
	for (size_t i = 0; i < loop->heap_count; i++)
		loop->heap[i]->due_ms -= ms; /* all alike: the heap stays one */
}
#endif

/* --- hooks --- */

void loop_before_wait(struct loop *loop, loop_before_call *call, void *self)
{
	must(loop->before_count < LOOP_BEFORE_MAX);
	loop->before[loop->before_count].call = call;
	loop->before[loop->before_count++].self = self;
}

void loop_before_wait_remove(struct loop *loop, loop_before_call *call, void *self)
{
	for (size_t i = 0; i < loop->before_count; i++)
		if (loop->before[i].call == call && loop->before[i].self == self)
			loop->before[i].call = NULL; /* its place goes in run_hooks(), which may be running now */
}

static int shorter_wait(int a_ms, int b_ms)
{
	if (a_ms < 0 || b_ms < 0)
		return a_ms < 0 ? b_ms : a_ms;
	return a_ms < b_ms ? a_ms : b_ms;
}

/* Gives the shortest of the hooks' waits and ours. */
static int run_hooks(struct loop *loop, int wait_ms)
{
	size_t kept = 0;

	for (size_t i = 0; i < loop->before_count; i++)
		if (loop->before[i].call != NULL)
			wait_ms = shorter_wait(wait_ms, loop->before[i].call(loop->before[i].self));
	if (loop->depth > 1)
		return wait_ms; /* an outer turn may stand in the loop above */
	for (size_t i = 0; i < loop->before_count; i++)
		if (loop->before[i].call != NULL)
			loop->before[kept++] = loop->before[i];
	loop->before_count = kept;
	return wait_ms;
}

static int wait_for_timers(const struct loop *loop, int wait_ms)
{
	int64_t left_ms;

	if (loop->heap_count == 0)
		return wait_ms;
	left_ms = loop->heap[0]->due_ms - clock_mono_ms();
	if (left_ms < 0)
		left_ms = 0;
	return shorter_wait(wait_ms, left_ms < INT32_MAX ? (int) left_ms : INT32_MAX);
}

/* --- signals --- */

static void take_signals(void *self, unsigned events)
{
	struct loop *loop = self;
	struct signalfd_siginfo info;

	(void) events;
	while (read(loop->signal_fd, &info, sizeof(info)) == (ssize_t) sizeof(info)) {
		loop_signal_call *call = info.ssi_signo < LOOP_SIGNALS ? loop->on_signal[info.ssi_signo].call : NULL;

		if (call != NULL)
			call(loop->on_signal[info.ssi_signo].self, (int) info.ssi_signo);
	}
}

bool loop_on_signal(struct loop *loop, int signal, loop_signal_call *call, void *self, struct fault *f)
{
	int fd;

	must(signal > 0 && signal < LOOP_SIGNALS);
	(void) sigaddset(&loop->signals, signal);
	fd = signalfd(loop->signal_fd, &loop->signals, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		return fault_errno(f, "cannot take signals");
	loop->signal_fd = fd;
	if (loop->signal_watch == NULL && !loop_watch(loop, fd, LOOP_READ, take_signals, loop, &loop->signal_watch, f))
		return false;
	loop->on_signal[signal].call = call;
	loop->on_signal[signal].self = self;
	if (sigprocmask(SIG_BLOCK, &loop->signals, NULL) != 0)
		return fault_errno(f, "cannot block signals");
	return true;
}

/* --- the loop --- */

bool loop_open(struct loop **out, struct fault *f)
{
	struct loop *loop;
	int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd < 0)
		return fault_errno(f, "cannot make an event loop");
	loop = memory_new(1, sizeof(*loop));
	loop->epoll_fd = fd;
	loop->signal_fd = -1;
	(void) sigemptyset(&loop->signals);
	(void) sigprocmask(SIG_BLOCK, NULL, &loop->mask_before);
	*out = loop;
	return true;
}

void loop_close(struct loop **handle)
{
	struct loop *loop = *handle;

	if (loop == NULL)
		return;
	must(loop->depth == 0);
	loop_forget_children(loop);
	while (loop->heap_count > 0)
		drop_timer(loop->heap[0]);
	memory_free(loop->heap);
	free_watches(&loop->watches);
	if (loop->signal_fd >= 0) {
		(void) close(loop->signal_fd);
		(void) sigprocmask(SIG_SETMASK, &loop->mask_before, NULL);
	}
	(void) close(loop->epoll_fd);
	memory_free(loop);
	*handle = NULL;
}

bool loop_turn(struct loop *loop, int wait_ms, struct fault *f)
{
	struct epoll_event batch[BATCH];
	bool ok = true;
	int count;

	loop->depth++;
	wait_ms = wait_for_timers(loop, run_hooks(loop, wait_ms));
	count = epoll_wait(loop->epoll_fd, batch, BATCH, loop->stopping ? 0 : wait_ms);
	if (count < 0 && errno != EINTR)
		ok = fault_errno(f, "cannot wait for events");
	for (int i = 0; i < count; i++) {
		const struct loop_watch *watch = batch[i].data.ptr;

		if (!watch->dead)
			hand_out(watch, batch[i].events);
	}
	fire_timers(loop);
	if (--loop->depth == 0)
		free_watches(&loop->dead);
	return ok;
}

bool loop_run(struct loop *loop, struct fault *f)
{
	bool ok = true;

	while (ok && !loop->stopping)
		ok = loop_turn(loop, -1, f);
	loop->stopping = false;
	return ok;
}

void loop_stop(struct loop *loop)
{
	loop->stopping = true;
}
