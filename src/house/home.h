/* home.h: a home's folders: which room owns what, and where each file lies.
 *
 *   mimeo.conf          public settings, 0644
 *   secrets/ROOM.conf   0600, the room's user      keys/ROOM/   0700, the room's user
 *   theme/              replaces built-in theme files
 *   data/ROOM/          0700: ROOM.db, ROOM.lock   data/site/   0750: written by desk, read by front
 *   data/newsroom/      0755: written by desk, read by every room: what editors decided about the newsroom (overlay.h)
 *   data/desk/media/    every photo's files; data/site/media/ links to those of published stories
 *   data/restored       there while a restored copy waits to be confirmed
 *   run/                sockets ROOM.CALLER.sock, mimeo.lock, mimeo.pid
 * SPDX-License-Identifier: ISC */
#ifndef HOUSE_HOME_H
#define HOUSE_HOME_H

#include <limits.h>
#include <stdbool.h>
#include "base/str.h"

struct fault;

struct home {
	char path[PATH_MAX];   /* absolute */
	int fd;                /* the folder itself */
};

/* INPUT "… is no mimeo home: make one with `mimeo init`" when mimeo.conf is missing. */
bool home_open(struct home *home, const char *path, struct fault *f) __attribute__((warn_unused_result));
void home_close(struct home *home);
/* HOME/<format…> into out (PATH_MAX bytes); FULL when too long. */
bool home_path(const struct home *home, char out[PATH_MAX], struct fault *f, const char *format, ...)
	__attribute__((warn_unused_result, format(printf, 4, 5)));
/* HOME/run/ROOM.CALLER.sock */
bool home_socket(const struct home *home, const char *room, const char *caller, char out[PATH_MAX], struct fault *f)
	__attribute__((warn_unused_result));
bool home_is_restored(const struct home *home); /* a restored copy that nobody confirmed: nothing may be sent, booked or changed */

#endif
