/* base_test.h: what the unit tests of base/ share: cmocka, its TAP output, and what a piece of code wrote to fd 2.
 * SPDX-License-Identifier: ISC */
#ifndef TESTS_UNIT_BASE_BASE_TEST_H
#define TESTS_UNIT_BASE_BASE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/fault.h"
#include "base/str.h"

#define RUN(tests) (cmocka_set_message_output(CM_OUTPUT_TAP), cmocka_run_group_tests((tests), NULL, NULL))

#define assert_str(s, text) \
	do { \
		struct str got_ = (s); \
		assert_int_equal(got_.len, strlen(text)); \
		assert_memory_equal(got_.at != NULL ? got_.at : "", (text), got_.len); \
	} while (0)

/* The fault stands, of that kind, and says `part`. Cleared after. */
#define assert_fault(f, wanted, part) \
	do { \
		if ((f)->kind != (wanted) || strstr((f)->say, (part)) == NULL) \
			fail_msg("fault %s: %s", fault_name((f)->kind), (f)->say); \
		fault_clear(f); \
	} while (0)

#define assert_no_fault(ok, f) \
	do { \
		if (!(ok)) \
			fail_msg("fault %s: %s %s", fault_name((f)->kind), (f)->say, (f)->detail); \
	} while (0)

/* Runs `call` with fd 2 going to memory; gives what it wrote there, NUL-ended, until the next capture. */
static inline const char *captured(void (*call)(void *), void *self)
{
	static char text[16384];
	int kept = dup(STDERR_FILENO);
	int file = memfd_create("captured", MFD_CLOEXEC);
	ssize_t len;

	assert_true(kept >= 0 && file >= 0 && dup2(file, STDERR_FILENO) >= 0);
	call(self);
	assert_true(dup2(kept, STDERR_FILENO) >= 0);
	len = pread(file, text, sizeof(text) - 1, 0);
	assert_true(len >= 0);
	text[len] = '\0';
	(void) close(file);
	(void) close(kept);
	return text;
}

struct dying {
	void (*call)(void *);
	void *self;
	int status;
};

static inline void die_apart(void *self)
{
	struct dying *dying = self;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		(void) signal(SIGABRT, SIG_DFL); /* not cmocka's nor a sanitizer's */
		dying->call(dying->self);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &dying->status, 0), pid);
}

/* Runs `call` in a process of its own, which has to abort; gives its last words. */
static inline const char *last_words(void (*call)(void *), void *self)
{
	struct dying dying = {call, self, 0};
	const char *words = captured(die_apart, &dying);

	assert_true(WIFSIGNALED(dying.status));
	assert_int_equal(WTERMSIG(dying.status), SIGABRT);
	return words;
}

/* A folder of the test's own. */
static inline int new_folder(void)
{
	char path[] = "/tmp/mimeo-unit-XXXXXX";
	int fd;

	assert_non_null(mkdtemp(path));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static inline void put_file(int dir, const char *name, const char *text, mode_t mode)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t) strlen(text));
	assert_int_equal(close(fd), 0);
}

/* Removes the folder, the files in it and empty folders in it. */
static inline void drop_folder(int dir)
{
	char link[64];
	char path[4096];
	ssize_t len;
	DIR *entries = fdopendir(dir);
	const struct dirent *entry;

	assert_non_null(entries);
	(void) snprintf(link, sizeof(link), "/proc/self/fd/%d", dir);
	len = readlink(link, path, sizeof(path) - 1);
	assert_true(len > 0);
	path[len] = '\0';
	while ((entry = readdir(entries)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
			unlinkat(dir, entry->d_name, 0) != 0)
			(void) unlinkat(dir, entry->d_name, AT_REMOVEDIR);
	(void) closedir(entries);
	(void) rmdir(path);
}

#endif
