/* loop_child.c: children of a loop, their lines and their end.
 *
 * Decides: what a child inherits (three standard descriptors, the ones it was promised, default signals, nothing else).
 * Leaves to its users: what the lines mean; to the child: ending when its parent is gone. Runs in: the parent, desk.
 * The hard thing: the end. It is told after the last line, but not later because of a grandchild that holds the pipe
 * open: once the child is gone, whatever it wrote stands in the pipe, so one drain takes all of it.
 * SPDX-License-Identifier: ISC */
#include "loop_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "arena.h"
#include "fault.h"
#include "file.h"
#include "limits.h"
#include "must.h"

enum { DRAIN_BYTES = 1024 * 1024 /* the most that a pipe holds (/proc/sys/fs/pipe-max-size) */ };

struct loop_child {
	struct loop *loop;
	struct loop_child *next;
	struct loop_child **handle;    /* NULL when nobody cares any more */
	pid_t pid;
	int pid_fd;                    /* -1 on a kernel without: SIGCHLD tells instead */
	int out_fd;                    /* its standard output, -1 when it has ended or was inherited */
	struct loop_watch *pid_watch;
	struct loop_watch *out_watch;
	loop_line_call *on_line;
	loop_end_call *on_end;
	void *self;
	size_t line_len;
	char line[LIMIT_LINE_BYTES];
};

/* What the new process is made of, while it is made. All descriptors are ≥ 3 and close-on-exec. */
struct birth {
	int in;         /* its standard input */
	int out_read;
	int out_write;  /* -1: inherited */
	int told_read;  /* carries the errno of a failed exec; nothing if it worked */
	int told_write;
};

#ifdef MIMEO_DEBUG
bool loop_child_without_pidfd; /* tests: as on a kernel without pidfd_open() */
#endif

/* --- lines --- */

static void end_line(struct loop_child *child)
{
	size_t len = child->line_len;

	child->line_len = 0;
	if (child->on_line != NULL)
		child->on_line(child->self, (struct str){child->line, len});
}

/* What a line has beyond LIMIT_LINE_BYTES is dropped. */
static void take_bytes(struct loop_child *child, struct str bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		if (bytes.at[i] == '\n')
			end_line(child);
		else if (child->line_len < sizeof(child->line))
			child->line[child->line_len++] = bytes.at[i];
	}
}

static void close_out(struct loop_child *child)
{
	if (child->out_fd < 0)
		return;
	loop_unwatch(&child->out_watch);
	(void) close(child->out_fd);
	child->out_fd = -1;
	if (child->line_len > 0) /* a last line without its newline */
		end_line(child);
}

/* Reads at most `most` bytes. False when there is nothing left, for now or for ever. */
static bool read_lines(struct loop_child *child, size_t most)
{
	char block[16 * 1024];
	ssize_t got;

	while (most > 0) {
		got = read(child->out_fd, block, sizeof(block));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return false;
		if (got <= 0) {
			close_out(child);
			return false;
		}
		take_bytes(child, (struct str){block, (size_t) got});
		most -= (size_t) got < most ? (size_t) got : most;
	}
	return true;
}

static void on_out(void *self, unsigned events)
{
	struct loop_child *child = self;

	(void) events;
	/* One block a turn: a child that writes without end must not starve the others. */
	(void) read_lines(child, 1);
}

/* --- the end --- */

static void unlink_child(struct loop_child *child)
{
	struct loop_child **link = &child->loop->children;

	while (*link != child)
		link = &(*link)->next;
	*link = child->next;
}

static void free_child(struct loop_child *child)
{
	loop_unwatch(&child->pid_watch);
	loop_unwatch(&child->out_watch);
	if (child->pid_fd >= 0)
		(void) close(child->pid_fd);
	if (child->out_fd >= 0)
		(void) close(child->out_fd);
	unlink_child(child);
	if (child->handle != NULL)
		*child->handle = NULL;
	memory_free(child);
}

/* True if it had ended; it is freed then. */
static bool reap(struct loop_child *child)
{
	loop_end_call *on_end;
	void *self;
	int status = 0;

	if (waitpid(child->pid, &status, WNOHANG) == 0)
		return false;
	child->pid = 0; /* from now on the number may be somebody else's: nothing is sent to it */
	if (child->out_fd >= 0)
		(void) read_lines(child, DRAIN_BYTES);
	close_out(child);
	on_end = child->on_end;
	self = child->self;
	free_child(child);
	if (on_end != NULL)
		on_end(self, status);
	return true;
}

static void on_pid(void *self, unsigned events)
{
	(void) events;
	(void) reap(self);
}

/* SIGCHLD, where there is no pidfd. One signal may stand for several children, and a callback may change the list: it
 * is looked at from its beginning until no child of it has ended. */
static void on_sigchld(void *self, int signal)
{
	struct loop *loop = self;
	struct loop_child *child = loop->children;

	(void) signal;
	while (child != NULL)
		child = child->pid_fd < 0 && child->pid > 0 && reap(child) ? loop->children : child->next;
}

static int open_pid_fd(pid_t pid)
{
#ifdef MIMEO_DEBUG
	if (loop_child_without_pidfd) {
		errno = ENOSYS;
		return -1;
	}
#endif
	return (int) syscall(SYS_pidfd_open, pid, 0); /* close-on-exec by itself */
}

void loop_forget_children(struct loop *loop)
{
	while (loop->children != NULL)
		free_child(loop->children);
}

void loop_child_forget(struct loop_child **handle)
{
	struct loop_child *child = *handle;

	if (child == NULL)
		return;
	*handle = NULL;
	child->handle = NULL;
	child->on_line = NULL;
	child->on_end = NULL;
}

pid_t loop_child_pid(const struct loop_child *child)
{
	return child->pid;
}

void loop_child_kill(struct loop_child *child, int signal)
{
	if (child->pid > 0)
		(void) kill(child->pid, signal);
}

/* --- birth: in the new process --- */

/* Everything from 3 on closes at exec, but what was promised. */
static bool keep_only(const struct loop_spawn *how)
{
	struct rlimit limit = {.rlim_cur = 1024};

	if (syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) != 0) { /* before Linux 5.11 */
		(void) getrlimit(RLIMIT_NOFILE, &limit);
		for (int fd = 3; fd < (int) limit.rlim_cur; fd++)
			(void) fcntl(fd, F_SETFD, FD_CLOEXEC);
	}
	for (size_t i = 0; i < how->keep_count; i++)
		if (fcntl(how->keep_fds[i], F_SETFD, 0) != 0)
			return false;
	return true;
}

/* Ignored signals would stay ignored through exec. Handlers go first: what is pending arrives as the mask opens. */
static void reset_signals(void)
{
	struct sigaction standard = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int signal = 1; signal < LOOP_SIGNALS; signal++)
		(void) sigaction(signal, &standard, NULL); /* SIGKILL and the C library's own refuse: so be it */
	(void) sigemptyset(&none);
	(void) sigprocmask(SIG_SETMASK, &none, NULL);
}

_Noreturn static void become(const struct loop_spawn *how, const struct birth *birth, pid_t mother)
{
	char *const *env = how->env != NULL ? how->env : environ;
	ssize_t written;
	int code;

	if (dup2(birth->in, STDIN_FILENO) < 0 || (birth->out_write >= 0 && dup2(birth->out_write, STDOUT_FILENO) < 0))
		goto failed;
	if (!keep_only(how))
		goto failed;
	if (how->lower_priority > 0)
		(void) setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + (int) how->lower_priority);
	reset_signals();
	/* No child outlives who watches it: a room's next process would start the same work beside it. */
	(void) prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != mother)
		_exit(127);
	if (how->exe_fd >= 0)
		(void) fexecve(how->exe_fd, how->argv, env); /* execveat(AT_EMPTY_PATH) */
	else
		(void) execvpe(how->program, how->argv, env);
failed:
	code = errno;
	written = write(birth->told_write, &code, sizeof(code));
	(void) written;
	_exit(127);
}

/* --- birth: in ours --- */

/* Away from 0 to 2, which the new process overwrites; only a process that closed its own gets there. */
static int above_standard(int fd)
{
	int higher;

	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	higher = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	(void) close(fd);
	return higher;
}

static bool open_pipe(int *read_end, int *write_end, struct fault *f)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return fault_errno(f, "cannot make a pipe");
	*read_end = above_standard(ends[0]);
	*write_end = above_standard(ends[1]);
	if (*read_end < 0 || *write_end < 0)
		return fault_errno(f, "cannot make a pipe");
	return true;
}

/* Standard input: a file in memory that holds all of `input`. Unlike a pipe it takes the whole at once, and nobody has
 * to go on feeding the child. */
static bool open_input(struct str input, int *fd, struct fault *f)
{
	*fd = above_standard(input.len > 0 ? memfd_create("input", MFD_CLOEXEC) : open("/dev/null", O_RDONLY | O_CLOEXEC));
	if (*fd < 0)
		return fault_errno(f, "cannot make a child's input");
	if (input.len == 0)
		return true;
	if (!file_write_all(*fd, input, f))
		return false;
	return lseek(*fd, 0, SEEK_SET) == 0 || fault_errno(f, "cannot make a child's input");
}

static bool prepare(const struct loop_spawn *how, struct birth *birth, struct fault *f)
{
	if (!open_input(how->input, &birth->in, f) || !open_pipe(&birth->told_read, &birth->told_write, f))
		return false;
	if (how->on_line == NULL)
		return true;
	if (!open_pipe(&birth->out_read, &birth->out_write, f))
		return false;
	return fcntl(birth->out_read, F_SETFL, O_NONBLOCK) == 0 || fault_errno(f, "cannot make a pipe");
}

static void close_if_open(int *fd)
{
	if (*fd >= 0)
		(void) close(*fd);
	*fd = -1;
}

/* Waits for exec itself, which is short, so that a program that is not there is a fault here and not a strange end. */
static bool wait_for_exec(struct birth *birth, pid_t pid, const struct loop_spawn *how, struct fault *f)
{
	ssize_t got;
	int code;

	close_if_open(&birth->told_write);
	do
		got = read(birth->told_read, &code, sizeof(code));
	while (got < 0 && errno == EINTR);
	if (got != (ssize_t) sizeof(code))
		return true;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	errno = code;
	return fault_errno(f, "cannot start %s", how->program != NULL ? how->program : how->argv[0]);
}

static bool watch_child(struct loop_child *child, struct fault *f)
{
	struct loop *loop = child->loop;

	if (child->out_fd >= 0 && !loop_watch(loop, child->out_fd, LOOP_READ, on_out, child, &child->out_watch, f))
		return false;
	child->pid_fd = open_pid_fd(child->pid);
	if (child->pid_fd >= 0)
		return loop_watch(loop, child->pid_fd, LOOP_READ, on_pid, child, &child->pid_watch, f);
	if (!loop_on_signal(loop, SIGCHLD, on_sigchld, loop, f))
		return false;
	(void) kill(getpid(), SIGCHLD); /* it may have ended before the signal was taken */
	return true;
}

bool loop_spawn(struct loop *loop, const struct loop_spawn *how, struct loop_child **handle, struct fault *f)
{
	struct birth birth = {-1, -1, -1, -1, -1};
	struct loop_child *child = NULL;
	bool ok = false;
	pid_t mother = getpid();
	pid_t pid;

	must(how->exe_fd >= 0 || how->program != NULL);
	if (!prepare(how, &birth, f))
		goto done;
	pid = fork();
	if (pid == 0)
		become(how, &birth, mother);
	if (pid < 0) {
		ok = fault_errno(f, "cannot start a process");
		goto done;
	}
	if (!wait_for_exec(&birth, pid, how, f))
		goto done;
	child = memory_new(1, sizeof(*child));
	*child = (struct loop_child){.loop = loop, .next = loop->children, .handle = handle, .pid = pid, .pid_fd = -1,
		.out_fd = birth.out_read, .on_line = how->on_line, .on_end = how->on_end, .self = how->self};
	birth.out_read = -1;
	loop->children = child;
	*handle = child;
	ok = watch_child(child, f);
	if (!ok) { /* a child that cannot be watched is not left to itself */
		loop_child_kill(child, SIGKILL);
		(void) waitpid(pid, NULL, 0);
		free_child(child);
	}
done:
	close_if_open(&birth.in);
	close_if_open(&birth.out_read);
	close_if_open(&birth.out_write);
	close_if_open(&birth.told_read);
	close_if_open(&birth.told_write);
	return ok;
}
