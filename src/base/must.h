/* must.h: asserts that stay in the release build.
 *
 * Decides: how a bug ends a process. must() is for what no input, network, disk or other process can cause; everything
 * else is a struct fault. The parent restarts the process with back-off.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_MUST_H
#define BASE_MUST_H

/* Prints room, file, line and the condition to fd 2 as one log line, then aborts. */
_Noreturn void must_fail(const char *file, int line, const char *condition);

/* Says that malloc itself failed (reaching one of our own caps is a fault instead), then aborts. */
_Noreturn void must_memory(const char *file, int line);

#define must(condition) ((condition) ? (void) 0 : must_fail(__FILE__, __LINE__, #condition))

#endif
