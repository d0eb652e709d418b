/* parent_inside.h: the parent's state, for parent*.c alone.
 * SPDX-License-Identifier: ISC */
#ifndef PARENT_INSIDE_H
#define PARENT_INSIDE_H

#include "parent.h"

enum { PARENT_ROOMS = 8, PARENT_SOCKETS = 8, PARENT_DRAIN_MS = 10000, PARENT_FRONT_FIRST_MS = 3000 };

struct parent_socket {
	const char *caller;
	int fd;
};

struct parent_room {
	struct parent *parent;
	const struct room_kind *kind;
	struct parent_socket sockets[PARENT_SOCKETS];
	size_t socket_count;
	struct loop_child *child;
	struct loop_timer *restart;
	int64_t started_ms;
	unsigned failures;    /* in a row */
	bool is_ready;
};

struct parent {
	struct home home;
	struct settings settings;
	struct loop *loop;
	struct loop_timer *patience; /* of the drain */
	struct parent_room rooms[PARENT_ROOMS];
	size_t room_count;
	int exe_fd, lock_fd;
	bool is_errand, was_ready, is_stopping, front_is_gone;
};

/* Makes the home's folders with their owners; takes run/mimeo.lock; binds every room's sockets. */
bool parent_prepare(struct parent *parent, struct fault *f);
bool parent_open_sockets(struct parent *parent, struct parent_room *room, struct fault *f);

#endif
