/* parent.h: the parent of the rooms (mimeo serve), and the commands that concern a whole home.
 * SPDX-License-Identifier: ISC */
#ifndef PARENT_PARENT_H
#define PARENT_PARENT_H

#include "house/errand.h"
#include "house/room.h"

/* Starts the rooms of a home, restarts what dies with back-off, drains on SIGTERM or Ctrl-C. `only` names the rooms of an
 * errand ("desk newsletter"; no public sockets then); NULL: all. Gives the exit code. */
int parent_serve(const struct room_kind *const *kinds, const char *home, const char *only);

/* init, check, backup, restore. */
extern const struct errand_command parent_commands[];

#endif
