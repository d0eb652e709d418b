/* home.c: a home's folders.
 *
 * Decides: where each file of a home lies. Leaves to others: what stands in it. Runs in: every process.
 * SPDX-License-Identifier: ISC */
#include "home.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>
#include "base/fault.h"
#include "base/file.h"

bool home_open(struct home *home, const char *path, struct fault *f)
{
	home->fd = -1;
	if (realpath(path, home->path) == NULL)
		return fault_set(f, FAULT_MISSING, "%s is no mimeo home: make one with `mimeo init -C %s`", path, path);
	if (!file_exists(AT_FDCWD, home->path))
		return fault_set(f, FAULT_MISSING, "%s is not there: make a home with `mimeo init -C %s`", path, path);
	home->fd = open(home->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (home->fd < 0)
		return fault_errno(f, "%s cannot be opened", home->path);
	if (!file_exists(home->fd, "mimeo.conf")) {
		home_close(home);
		return fault_set(f, FAULT_MISSING, "%s has no mimeo.conf, so it is no mimeo home: make one with `mimeo init -C %s`",
			path, path);
	}
	return true;
}

void home_close(struct home *home)
{
	if (home->fd > 0)
		close(home->fd);
	home->fd = -1;
}

bool home_path(const struct home *home, char out[PATH_MAX], struct fault *f, const char *format, ...)
{
	va_list list;
	int base = snprintf(out, PATH_MAX, "%s/", home->path);
	int rest;

	if (base < 0 || base >= PATH_MAX)
		return fault_full(f, "the home's path");
	va_start(list, format);
	rest = vsnprintf(out + base, (size_t) (PATH_MAX - base), format, list);
	va_end(list);
	if (rest < 0 || rest >= PATH_MAX - base)
		return fault_full(f, "a path in the home");
	return true;
}

bool home_socket(const struct home *home, const char *room, const char *caller, char out[PATH_MAX], struct fault *f)
{
	if (!home_path(home, out, f, "run/%s.%s.sock", room, caller))
		return false;
	if (strlen(out) >= sizeof(((struct sockaddr_un *) NULL)->sun_path))
		return fault_set(f, FAULT_INPUT, "%s is too long for a socket's name (%zu bytes at most): move the home to a shorter path",
			out, sizeof(((struct sockaddr_un *) NULL)->sun_path) - 1);
	return true;
}

bool home_is_restored(const struct home *home)
{
	return file_exists(home->fd, "data/restored");
}
