/* loop_sync.c: a file's bytes reach the disk while the loop goes on.
 *
 * Decides: how that is asked of the kernel (fdatasync as an asynchronous operation, which tells its end through an eventfd). Leaves to
 * its users: what must not be told to anybody before. Runs in: support. The hard thing: a file system may not have it; then the user
 * waits for the disk in the ordinary way.
 * SPDX-License-Identifier: ISC */
#include "loop.h"

#include <errno.h>
#include <linux/aio_abi.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "arena.h"
#include "fault.h"
#include "must.h"

struct loop_sync {
	aio_context_t context;
	int event_fd;
	struct loop_watch *watch;
	loop_sync_call *call;        /* NULL: none is under way */
	void *self;
};

#ifdef MIMEO_DEBUG
bool loop_sync_unknown; /* tests: as on a kernel without asynchronous operations */
#endif

static void on_event(void *self, unsigned events)
{
	struct loop_sync *sync = self;
	struct timespec none = {0};
	struct io_event event;
	loop_sync_call *call = sync->call;
	uint64_t ended;

	(void) events;
	if (read(sync->event_fd, &ended, sizeof(ended)) != sizeof(ended) ||
		syscall(SYS_io_getevents, sync->context, 1L, 1L, &event, &none) != 1)
		return;
	sync->call = NULL;
	call(sync->self, event.res < 0 ? (int) -event.res : 0);
}

static bool set_up(aio_context_t *context)
{
#ifdef MIMEO_DEBUG
	if (loop_sync_unknown) {
		errno = ENOSYS;
		return false;
	}
#endif
	return syscall(SYS_io_setup, 1U, context) == 0;
}

bool loop_sync_open(struct loop *loop, struct loop_sync **out, struct fault *f)
{
	struct loop_sync *sync = memory_new(1, sizeof(*sync));
	bool ok = true;

	*out = NULL;
	sync->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (sync->event_fd < 0 || !set_up(&sync->context))
		ok = fault_errno(f, "the kernel has no asynchronous fdatasync");
	if (!ok || !loop_watch(loop, sync->event_fd, LOOP_READ, on_event, sync, &sync->watch, f)) {
		loop_sync_close(&sync);
		return false;
	}
	*out = sync;
	return true;
}

bool loop_sync_start(struct loop_sync *sync, int fd, loop_sync_call *call, void *self, struct fault *f)
{
	struct iocb asked = {.aio_fildes = (uint32_t) fd, .aio_lio_opcode = IOCB_CMD_FDSYNC, .aio_flags = IOCB_FLAG_RESFD,
		.aio_resfd = (uint32_t) sync->event_fd};
	struct iocb *list[] = {&asked};

	must(sync->call == NULL);
	if (syscall(SYS_io_submit, sync->context, 1L, list) != 1)
		return fault_errno(f, "the file system has no asynchronous fdatasync");
	sync->call = call;
	sync->self = self;
	return true;
}

void loop_sync_close(struct loop_sync **sync)
{
	if (*sync == NULL)
		return;
	if ((*sync)->context != 0)
		(void) syscall(SYS_io_destroy, (*sync)->context);
	loop_unwatch(&(*sync)->watch);
	if ((*sync)->event_fd >= 0)
		(void) close((*sync)->event_fd);
	memory_free(*sync);
	*sync = NULL;
}
