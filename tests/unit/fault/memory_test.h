/* memory_test.h: a deed done in a child whose n-th allocation fails, for n = 1, 2, … until none fails any more.
 *
 * The child may end in two ways only: it does the deed and exits with 0, or it aborts after saying that memory is out. MIMEO_TORTURE=1 in
 * the environment tries every n; otherwise the steps grow.
 * SPDX-License-Identifier: ISC */
#ifndef TESTS_MEMORY_TEST_H
#define TESTS_MEMORY_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/arena.h"

/* Calls memory_fail_at(n) itself where the deed proper begins; true when it was done. */
typedef bool memory_deed(void *self, uint64_t n);

/* True: the n-th allocation was reached, and the child aborted as it should. False: the deed needs fewer, and was done. */
static inline bool memory_turn(memory_deed *deed, void *self, uint64_t n)
{
	char said[4096] = "";
	int out[2], status = 0;
	ssize_t got, len = 0;
	pid_t child;

	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		bool ok;

		dup2(out[1], STDERR_FILENO);
		setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
		alarm(60);
		ok = deed(self, n);
		memory_fail_at(0);
		_exit(ok ? 0 : 3);
	}
	close(out[1]);
	while (len < (ssize_t) sizeof(said) - 1 && (got = read(out[0], said + len, sizeof(said) - 1 - (size_t) len)) > 0)
		len += got;
	close(out[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return false;
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT || strstr(said, "memory") == NULL)
		fail_msg("allocation %llu: the child ended with status %x and said: %s", (unsigned long long) n, (unsigned) status, said);
	return true;
}

static inline uint64_t memory_next(uint64_t n)
{
	return getenv("MIMEO_TORTURE") != NULL ? n + 1 : n + 1 + n / 12;
}

#endif
