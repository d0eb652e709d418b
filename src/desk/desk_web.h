/* desk_web.h: the desk's pages for staff: the table of their routes, for the room's public listener.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_DESK_WEB_H
#define DESK_DESK_WEB_H

#include "http/http.h"

extern const struct http_route desk_web_routes[];
extern const char *const desk_web_even_read_only[];
http_handler desk_web_otherwise;

#endif
