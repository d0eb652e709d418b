/* bake_crew.c: pages of stories and lists made by several processes.
 *
 * Decides: how many, who makes which page (whoever is free), what happens when one of them dies (the bake fails, and is done
 * again). Leaves to others: the page; which pages. Runs in: desk's bake, and in the processes that it forks. The hard thing: they
 * are forked while a database is open, so they never touch it: they have all that is at hand in memory, and a story's text comes
 * with the order to make its page. Each order is one message, so the socket itself shares the work out.
 * SPDX-License-Identifier: ISC */
#include "desk/bake_crew.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/fault.h"

enum { MESSAGE_BYTES = 96 * 1024 }; /* longer stories are made by the parent: a socket takes no message of any size */

/* What a message begins with; a story's text follows. */
struct order {
	uint32_t is_list, number;
};

struct result {
	bool ok;
	size_t written, same;
	struct fault fault;
};

/* --- in one of the crew --- */

static bool work(struct bake *bake, int work_fd, char *message, struct fault *f)
{
	struct order order;
	ssize_t got;
	bool ok;

	for (;;) {
		struct iovec parts[2] = {{&order, sizeof(order)}, {message, MESSAGE_BYTES}};

		got = readv(work_fd, parts, 2);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fault_errno(f, "cannot go on baking");
		if (got == 0)
			return true;
		if ((size_t) got < sizeof(order) || order.number >= (order.is_list ? bake->list_count : bake->count))
			return fault_set(f, FAULT_IO, "an order of the bake is cut short");
		ok = order.is_list ? bake_list_pages(bake, &bake->lists[order.number], f)
			: bake_story_page(bake, order.number, str_make(message, (size_t) got - sizeof(order)), f);
		if (!ok)
			return false;
	}
}

_Noreturn static void be_one(struct bake *bake, int work_fd, int result_fd, pid_t mother)
{
	struct result result = {0};
	char *message = memory_new(1, MESSAGE_BYTES);

	(void) prctl(PR_SET_PDEATHSIG, SIGKILL); /* what it leaves is made again */
	bake->db = NULL; /* the parent's alone */
	bake->site.written = bake->site.same = 0;
	result.ok = getppid() == mother && work(bake, work_fd, message, &result.fault);
	result.written = bake->site.written;
	result.same = bake->site.same;
	_exit(write(result_fd, &result, sizeof(result)) == sizeof(result) ? 0 : 1);
}

/* --- in the parent --- */

static size_t processors(void)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);

	return online < 1 ? 1 : online > BAKE_CREW_MOST ? BAKE_CREW_MOST : (size_t) online;
}

static bool fork_all(struct bake_crew *crew, size_t size, int work_fd, int result_fd, struct fault *f)
{
	pid_t mother = getpid();

	while (crew->count < size) {
		pid_t pid = fork();

		if (pid < 0)
			return fault_errno(f, "cannot start a process");
		if (pid == 0) {
			close(crew->to_fd); /* else the end of the work is never seen */
			be_one(crew->bake, work_fd, result_fd, mother);
		}
		crew->pids[crew->count++] = pid;
	}
	return true;
}

bool bake_crew_begin(struct bake_crew *crew, struct bake *bake, size_t size, size_t pages, struct fault *f)
{
	int work[2];
	int results[2];
	bool ok;

	*crew = (struct bake_crew){.bake = bake, .to_fd = -1, .from_fd = -1};
	if (size == 0)
		size = pages >= BAKE_CREW_FROM ? processors() : 1;
	if (size < 2)
		return true;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, work) != 0)
		return fault_errno(f, "cannot make a socket");
	if (pipe2(results, O_CLOEXEC) != 0) {
		fault_errno(f, "cannot make a pipe");
		close(work[0]);
		close(work[1]);
		return false;
	}
	crew->to_fd = work[1];
	crew->from_fd = results[0];
	ok = fork_all(crew, size < BAKE_CREW_MOST ? size : BAKE_CREW_MOST, work[0], results[1], f);
	close(work[0]);
	close(results[1]);
	return ok || bake_crew_end(crew, false, f);
}

static bool send_order(struct bake_crew *crew, struct order order, struct str body, struct fault *f)
{
	struct iovec parts[2] = {{&order, sizeof(order)}, {NULL, body.len}};
	const struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};

	memcpy(&parts[1].iov_base, &body.at, sizeof(body.at)); /* it is only read */
	while (sendmsg(crew->to_fd, &message, MSG_NOSIGNAL) < 0)
		if (errno != EINTR) /* EPIPE: nobody is there any more; they say why */
			return errno == EPIPE ? false : fault_errno(f, "cannot go on baking");
	return true;
}

bool bake_crew_page(struct bake_crew *crew, size_t position, struct str body, struct fault *f)
{
	struct bake *bake = crew->bake;
	char path[1024];

	if (crew->to_fd < 0 || body.len > MESSAGE_BYTES)
		return bake_story_page(bake, position, body, f);
	snprintf(path, sizeof(path), "%.*sindex.html", STR_ARG(str_part(bake->stories[position].story.path, 1, SIZE_MAX)));
	bake_site_keep(&bake->site, path);
	snprintf(path, sizeof(path), "text%.*sindex.html", STR_ARG(bake->stories[position].story.path)); /* its text-only twin */
	bake_site_keep(&bake->site, path);
	return send_order(crew, (struct order){false, (uint32_t) position}, body, f);
}

bool bake_crew_list(struct bake_crew *crew, size_t number, struct fault *f)
{
	struct bake *bake = crew->bake;

	if (crew->to_fd < 0)
		return bake_list_pages(bake, &bake->lists[number], f);
	bake_list_keep(bake, &bake->lists[number]);
	return send_order(crew, (struct order){true, (uint32_t) number}, STR(""), f);
}

bool bake_crew_end(struct bake_crew *crew, bool ok, struct fault *f)
{
	size_t heard = 0;
	size_t i;

	if (crew->to_fd < 0)
		return ok;
	close(crew->to_fd);
	for (;;) {
		struct result result;
		ssize_t got = read(crew->from_fd, &result, sizeof(result)); /* less than PIPE_BUF: whole */

		if (got < 0 && errno == EINTR)
			continue;
		if (got != (ssize_t) sizeof(result))
			break;
		heard++;
		crew->bake->site.written += result.written;
		crew->bake->site.same += result.same;
		if (!result.ok && f->kind == FAULT_NONE)
			*f = result.fault;
		ok = ok && result.ok;
	}
	close(crew->from_fd);
	for (i = 0; i < crew->count; i++)
		while (waitpid(crew->pids[i], NULL, 0) < 0 && errno == EINTR)
			continue;
	if (heard < crew->count)
		ok = fault_set(f, FAULT_IO, "a part of the bake ended before it was done; it is tried again");
	*crew = (struct bake_crew){.to_fd = -1, .from_fd = -1};
	return ok;
}
