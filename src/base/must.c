/* must.c: the two ways in which a process of mimeo ends because of itself.
 *
 * Decides: that the last words are one line of the log, and SIGABRT (so that a core can be had, and the parent sees a
 * bug and not an exit). Leaves to the parent: the restart. Runs in: every process.
 * The hard thing: it may be called with the heap broken, so nothing on the way to abort() allocates.
 * SPDX-License-Identifier: ISC */
#include "must.h"

#include <stdlib.h>
#include "log.h"

void must_fail(const char *file, int line, const char *condition)
{
	log_event(LOG_BUG, LOG_C("file", file), LOG_I64("line", line), LOG_C("must", condition));
	abort();
}

void must_memory(const char *file, int line)
{
	log_event(LOG_BUG, LOG_C("file", file), LOG_I64("line", line), LOG_C("why", "out of memory"));
	abort();
}
