/* newsletter_list_routes.h: handlers about the list, for the tables in newsletter_routes.c.
 * SPDX-License-Identifier: ISC */
#ifndef NEWSLETTER_NEWSLETTER_LIST_ROUTES_H
#define NEWSLETTER_NEWSLETTER_LIST_ROUTES_H

#include "http/http.h"

http_handler newsletter_get_list, newsletter_post_look_up, newsletter_post_erase, newsletter_post_import_confirm, newsletter_post_import_decline;
http_handler newsletter_post_import, newsletter_get_import, newsletter_post_import_rows, newsletter_post_export;

#endif
