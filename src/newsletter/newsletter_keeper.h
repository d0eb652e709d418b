/* newsletter_keeper.h: the process that owns the SMTP connections and the journal (`mimeo -x newsletter keeper`).
 *
 * It has a session of its own, no database, no keys, and opens no file: the room gives it the socket, the lock and the
 * journal's two files as open descriptors, in that order. It ends when the room is gone, or says so, and nothing is under
 * way any more: the answer to a dot is waited for 600 s (RFC 5321 §4.5.3.2.6).
 * SPDX-License-Identifier: ISC */
#ifndef NEWSLETTER_NEWSLETTER_KEEPER_H
#define NEWSLETTER_NEWSLETTER_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

struct fault;
struct keeper;
struct loop;

enum { KEEPER_SOCKET, KEEPER_LOCK, KEEPER_JOURNAL_A, KEEPER_JOURNAL_B, KEEPER_FDS };

/* The process "keeper", until it ends. argv: the descriptors' numbers. */
bool keeper_main(int argc, char **argv, struct fault *f) __attribute__((warn_unused_result));
/* The same with the descriptors in hand; in a process that has nothing else to do. */
bool keeper_run(const int fds[KEEPER_FDS], struct fault *f) __attribute__((warn_unused_result));

/* For tests: a keeper in somebody else's loop. step_timeout_ms 0: smtp's own. done(self): it has ended. */
bool keeper_open(struct keeper **keeper, struct loop *loop, const int fds[KEEPER_FDS], void (*done)(void *self), void *self,
	struct fault *f) __attribute__((warn_unused_result));
void keeper_close(struct keeper **keeper);

#endif
