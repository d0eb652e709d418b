/* main.c: mimeo-movein EXPORT RECORDS: an export of WordPress or Ghost to records of stories.
 *
 * Decides the confinement. Leaves reading to movein_wxr.c and movein_ghost.c. It is a process of its own, started by
 * desk's import, because a stranger's XML, JSON and HTML have no place in a room: no network, no database, and once both
 * files are open no further file; bounded time and memory. The hard thing: none.
 * Standard output: "progress DONE TOTAL what" lines; on failure the last one is "fault KIND what is wrong and what to do".
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <libxml/parser.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/confine.h"
#include "base/fault.h"
#include "movein/movein.h"

enum { CPU_SECONDS = 1800 };

static void say_nothing(void *self, const char *format, ...)
{
	(void) self;
	(void) format;
}

static bool run(const char *input, const char *output, struct fault *f)
{
	const char *slash = strrchr(input, '/');
	struct movein_out out;
	int in_fd = open(input, O_RDONLY | O_CLOEXEC);
	int out_fd = -1;
	bool ok = false;

	if (in_fd < 0) {
		fault_errno(f, "cannot read %s", input);
		goto done;
	}
	out_fd = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (out_fd < 0) {
		fault_errno(f, "cannot write %s", output);
		goto done;
	}
	confine(&(struct confine){
		.cpu_s = CPU_SECONDS, .file_bytes = (size_t) 16 << 30, .memory_bytes = (size_t) 2 << 30, .no_more_files = true});
	xmlInitParser();
	xmlSetGenericErrorFunc(NULL, say_nothing);
	movein_out_init(&out, out_fd);
	ok = movein_read(in_fd, slash != NULL ? slash + 1 : input, &out, f);
	movein_out_release(&out);
	xmlCleanupParser();
done:
	if (out_fd >= 0 && close(out_fd) != 0 && ok)
		ok = fault_errno(f, "cannot write %s", output);
	if (in_fd >= 0)
		close(in_fd);
	return ok;
}

static int usage(FILE *to, int code)
{
	fputs("usage: mimeo-movein EXPORT RECORDS\n"
		"Reads an export of WordPress (XML) or Ghost (JSON) and writes its stories as records. `mimeo story move-in` runs it.\n", to);
	return code;
}

int main(int argc, char **argv)
{
	struct fault f = {0};

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return usage(stdout, 0);
	if (argc != 3)
		return usage(stderr, 2);
	if (run(argv[1], argv[2], &f))
		return 0;
	printf("fault %s %s\n", fault_name(f.kind), f.say);
	fflush(stdout);
	return fault_exit_code(f.kind);
}
