/* main.c: mimeo-camt: a bank's statement on standard input, its transactions as lines of JSON on standard output.
 *
 * Decides the confinement. Leaves reading to camt.c. It is a process of its own, started by the support room's import,
 * because a stranger's XML has no place beside keys and books: it opens no file, reaches no network, and its time and
 * memory are bounded. The room looks at every line again. The hard thing: none.
 * The last line is {"end":N}, N the transactions; on failure "fault KIND what is wrong and what to do".
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <libxml/parser.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/confine.h"
#include "base/fault.h"
#include "camt/camt.h"

enum { CPU_SECONDS = 30 };

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
	confine(&(struct confine){.cpu_s = CPU_SECONDS, .memory_bytes = (size_t) 512 << 20, .no_more_files = true});
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
