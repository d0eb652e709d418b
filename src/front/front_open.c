/* front_open.c: opens a file of the baked tree, and nothing else.
 *
 * Decides: that no symbolic link and no way out of the tree is followed. Leaves to others: which names are public
 * (front_paths.c). Runs in: front. The hard thing: kernels and jails without openat2().
 * SPDX-License-Identifier: ISC */
#include "front_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

/* One part after another, each without following a link. */
static int open_by_parts(int site_fd, const char *path)
{
	struct str rest = str_from(path);
	struct str part = {NULL, 0};
	int folder = site_fd;
	int fd = -1;

	while (str_next(&rest, '/', &part)) {
		char name[256];
		bool last = rest.at == NULL || rest.len == 0;
		int saved = 0;

		if (part.len == 0 || part.len >= sizeof(name) || str_is(part, "..") || str_is(part, ".")) {
			errno = ENOENT;
			fd = -1;
		} else {
			(void) snprintf(name, sizeof(name), "%.*s", STR_ARG(part));
			fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (last ? 0 : O_DIRECTORY));
		}
		saved = errno;
		if (folder != site_fd)
			(void) close(folder);
		errno = saved;
		if (fd < 0 || last)
			return fd;
		folder = fd;
	}
	errno = ENOENT;
	return -1;
}

int front_site_file_open(int site_fd, const char *path)
{
	static bool without;
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK, /* a pipe in the tree must not hold us */
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	long fd = -1;

	if (!without) {
		fd = syscall(SYS_openat2, site_fd, path, &how, sizeof(how));
		if (fd >= 0 || (errno != ENOSYS && errno != EPERM && errno != EINVAL))
			return (int) fd;
		without = true;
	}
	return open_by_parts(site_fd, path);
}
