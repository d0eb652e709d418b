/* main.c: mimeo-camt: a bank's statement on standard input, its transactions as lines of JSON on standard output.
 *
 * Decides the confinement. Leaves reading to camt.c. It is a process of its own, started by the support room's import,
 * because a stranger's XML has no place beside keys and books: it opens no file, reaches no network, and its time and
 * memory are bounded. The room looks at every line again. The hard thing: none.
 * The last line is {"end":N}, N the transactions; on failure "fault KIND what is wrong and what to do".
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <libxml/parser.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/fault.h"
#include "camt/camt.h"

enum { CPU_SECONDS = 30 };

static void limit(int what, rlim_t most)
{
	struct rlimit now;

	if (getrlimit((__rlimit_resource_t) what, &now) == 0 && (now.rlim_max == RLIM_INFINITY || now.rlim_max > most)) {
		now.rlim_cur = now.rlim_max = most;
		setrlimit((__rlimit_resource_t) what, &now);
	}
}

/* Before the first foreign byte is looked at. */
static void confine(void)
{
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_CPU, CPU_SECONDS);
	limit(RLIMIT_FSIZE, 0);
	(void) prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
#ifndef MIMEO_DEBUG
	limit(RLIMIT_AS, (rlim_t) 512 << 20);
	limit(RLIMIT_NOFILE, 0);
	if (unshare(CLONE_NEWNET) != 0 && errno == EPERM)
		(void) unshare(CLONE_NEWUSER | CLONE_NEWNET);
#endif
}

static bool print_line(void *self, struct str line)
{
	(void) self;
	return printf("%.*s\n", STR_ARG(line)) > 0;
}

static bool read_all(struct buf *out, struct fault *f)
{
	ssize_t got = 1;

	while (got > 0) {
		char *at = buf_reserve(out, 65536);

		if (at == NULL)
			return fault_set(f, FAULT_INPUT, "this file is larger than mimeo takes: import shorter periods");
		do
			got = read(STDIN_FILENO, at, 65536);
		while (got < 0 && errno == EINTR);
		if (got > 0)
			buf_grown(out, (size_t) got);
	}
	return got == 0 || fault_errno(f, "cannot read the statement");
}

int main(int argc, char **argv)
{
	struct fault f = {0};
	struct buf xml;
	size_t count = 0;
	bool ok;

	if (argc != 1) {
		fputs("usage: mimeo-camt < STATEMENT\n"
			"Reads a bank's camt.053 statement and prints its transactions as JSON. `mimeo support bank import` runs it.\n",
			argc == 2 && strcmp(argv[1], "--help") == 0 ? stdout : stderr);
		return argc == 2 && strcmp(argv[1], "--help") == 0 ? 0 : 2;
	}
	confine();
	xmlInitParser();
	buf_init(&xml, CAMT_BYTES + 65536);
	ok = read_all(&xml, &f) && camt_read(buf_view(&xml), print_line, NULL, &count, &f);
	buf_release(&xml);
	xmlCleanupParser();
	if (ok)
		printf("{\"end\":%zu}\n", count);
	else
		printf("fault %s %s\n", fault_name(f.kind), f.say);
	fflush(stdout);
	return ok ? 0 : fault_exit_code(f.kind);
}
