/* support.h: the room that takes readers' gifts and keeps the books.
 * SPDX-License-Identifier: ISC */
#ifndef SUPPORT_SUPPORT_H
#define SUPPORT_SUPPORT_H

#include "house/errand.h"
#include "house/room.h"

extern const struct room_kind support_room;
extern const struct errand_command support_commands[];

#endif
