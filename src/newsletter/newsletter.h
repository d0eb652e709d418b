/* newsletter.h: the newsletter room: subscribers, issues and reminders by mail.
 * SPDX-License-Identifier: ISC */
#ifndef NEWSLETTER_NEWSLETTER_H
#define NEWSLETTER_NEWSLETTER_H

#include "house/errand.h"
#include "house/room.h"

extern const struct room_kind newsletter_room;
extern const struct errand_command newsletter_commands[];

#endif
