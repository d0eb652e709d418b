/* front.h: the public's room: the baked site, its search, and a closed list of routes forwarded to other rooms.
 * SPDX-License-Identifier: ISC */
#ifndef FRONT_FRONT_H
#define FRONT_FRONT_H

#include "house/room.h"

extern const struct room_kind front_room;

#endif
