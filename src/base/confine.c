/* confine.c: what a program that reads a stranger's bytes gives away before it does.
 *
 * Decides: which limits there are. Leaves to each program: how high. Runs in: mimeo-image, mimeo-movein, mimeo-receipt, mimeo-camt.
 * The hard thing: a limit that was lower already stays.
 * SPDX-License-Identifier: ISC */
#include "confine.h"

#include <errno.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static void limit(int what, rlim_t most)
{
	struct rlimit now;

	if (getrlimit((__rlimit_resource_t) what, &now) == 0 && (now.rlim_max == RLIM_INFINITY || now.rlim_max > most)) {
		now.rlim_cur = now.rlim_max = most;
		(void) setrlimit((__rlimit_resource_t) what, &now);
	}
}

void confine(const struct confine *how)
{
	limit(RLIMIT_CORE, 0); /* it would hold the stranger's bytes, and ours */
	limit(RLIMIT_CPU, how->cpu_s);
	limit(RLIMIT_FSIZE, how->file_bytes);
	(void) prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
#ifndef MIMEO_DEBUG
	limit(RLIMIT_AS, how->memory_bytes);
	if (how->no_more_files)
		limit(RLIMIT_NOFILE, 0);
	if (unshare(CLONE_NEWNET) != 0 && errno == EPERM)
		(void) unshare(CLONE_NEWUSER | CLONE_NEWNET);
#endif
}
