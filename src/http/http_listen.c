/* http_listen.c: listening sockets.
 *
 * Decides: addresses, modes and backlogs. Leaves to others: who may connect (SO_PEERCRED in http_server.c). Runs in:
 * the parent. The hard thing: a Unix socket's file must have its mode before anybody can connect, and a dead one of
 * an earlier run must go while a living one must not.
 * SPDX-License-Identifier: ISC */
#include "http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/fault.h"

enum { BACKLOG = 512 };

bool http_listen_tcp(const char *address, uint16_t port, int *fd, struct fault *f)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
	const struct sockaddr *at = (const struct sockaddr *) &four;
	socklen_t len = sizeof(four);
	int one = 1;
	int new = -1;
	bool ok = false;

	if (inet_pton(AF_INET, address, &four.sin_addr) != 1) {
		if (inet_pton(AF_INET6, address, &six.sin6_addr) != 1)
			return fault_set(f, FAULT_INPUT, "'%s' is not an IP address; write one like 127.0.0.1 or ::1", address);
		at = (const struct sockaddr *) &six;
		len = sizeof(six);
	}
	new = socket(at->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (new < 0) {
		fault_errno(f, "A socket for %s port %u cannot be made", address, (unsigned) port);
		goto done;
	}
	(void) setsockopt(new, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	(void) setsockopt(new, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)); /* inherited by connections */
	if (at->sa_family == AF_INET6)
		(void) setsockopt(new, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(new, at, len) != 0 || listen(new, BACKLOG) != 0) {
		if (errno == EADDRINUSE)
			fault_set(f, FAULT_CONFLICT, "Port %u on %s is in use; stop what uses it, or choose another port",
				(unsigned) port, address);
		else
			fault_errno(f, "Cannot listen on %s port %u", address, (unsigned) port);
		goto done;
	}
	*fd = new;
	new = -1;
	ok = true;
done:
	if (new >= 0)
		(void) close(new);
	return ok;
}

/* The address of a path relative to a folder, however long the folder's own path is. */
static bool unix_address(int dir_fd, const char *path, struct sockaddr_un *at, struct fault *f)
{
	int len = 0;

	*at = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (dir_fd == AT_FDCWD || path[0] == '/')
		len = snprintf(at->sun_path, sizeof(at->sun_path), "%s", path);
	else
		len = snprintf(at->sun_path, sizeof(at->sun_path), "/proc/self/fd/%d/%s", dir_fd, path);
	if (len < 0 || (size_t) len >= sizeof(at->sun_path))
		return fault_set(f, FAULT_INPUT, "The path of the socket '%s' is too long; use a home with a shorter path",
			path);
	return true;
}

/* A socket file on which nobody listens is of an earlier run. */
static bool remove_dead(int dir_fd, const char *path, const struct sockaddr_un *at, struct fault *f)
{
	struct stat info;
	int probe = -1;
	bool alive = false;

	if (fstatat(dir_fd, path, &info, AT_SYMLINK_NOFOLLOW) != 0)
		return true;
	if (!S_ISSOCK(info.st_mode))
		return fault_set(f, FAULT_CONFLICT, "'%s' is there and is no socket; move it away", path);
	probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (probe < 0)
		return fault_errno(f, "A socket for '%s' cannot be made", path);
	alive = connect(probe, (const struct sockaddr *) at, sizeof(*at)) == 0 || errno == EAGAIN;
	(void) close(probe);
	if (alive)
		return fault_set(f, FAULT_BUSY, "Somebody already listens on '%s'; is mimeo running on this home?", path);
	if (unlinkat(dir_fd, path, 0) != 0 && errno != ENOENT)
		return fault_errno(f, "The old socket '%s' cannot be removed", path);
	return true;
}

bool http_listen_unix(int dir_fd, const char *path, mode_t mode, int *fd, struct fault *f)
{
	struct sockaddr_un at;
	int new = -1;
	mode_t mask = 0;
	int bound = -1;
	bool ok = false;

	if (!unix_address(dir_fd, path, &at, f) || !remove_dead(dir_fd, path, &at, f))
		goto done;
	new = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (new < 0) {
		fault_errno(f, "A socket for '%s' cannot be made", path);
		goto done;
	}
	mask = umask(0777); /* nobody, until it has its mode */
	bound = bind(new, (const struct sockaddr *) &at, sizeof(at));
	(void) umask(mask);
	if (bound != 0 || fchmodat(dir_fd, path, mode, 0) != 0 || listen(new, BACKLOG) != 0) {
		fault_errno(f, "Cannot listen on '%s'", path);
		goto done;
	}
	*fd = new;
	new = -1;
	ok = true;
done:
	if (new >= 0)
		(void) close(new);
	return ok;
}
