/* desk.h: the desk: stories, the site, issues, and the staff's pages.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_DESK_H
#define DESK_DESK_H

#include "house/errand.h"
#include "house/room.h"

extern const struct room_kind desk_room;
extern const struct errand_command desk_commands[];

#endif
