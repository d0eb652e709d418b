/* newsletter_public.h: what the public pages of this room share.
 * SPDX-License-Identifier: ISC */
#ifndef NEWSLETTER_NEWSLETTER_PUBLIC_H
#define NEWSLETTER_NEWSLETTER_PUBLIC_H

#include <stdbool.h>
#include "base/str.h"
#include "http/http.h"

struct email;
struct room;

/* The language that a page can be in: what was asked for if the theme has it. */
struct str newsletter_page_language(struct room *room, struct str asked);
/* A link's language: ?lang= or the form's. */
struct str newsletter_link_language(struct room *room, struct http_request *rq);
/* True: a form of another site, and it is answered. */
bool newsletter_refuse_cross_site(struct http_request *rq, struct room *room);
/* rand_token()'s shape. What else stands there leads nowhere, and never becomes a form's address. */
bool newsletter_is_token(struct str token);
/* "This link no longer works": the same bytes for every token. */
void newsletter_answer_old(struct room *room, struct http_request *rq, int status);

/* newsletter_self.c: what readers do about themselves, by a link from any mail. */
http_handler newsletter_get_manage, newsletter_post_manage;

/* newsletter_flood_page.c: true: there is no flood, or this form has shown its work or waited; false: it is answered. */
bool newsletter_flood_lets_in(struct room *room, struct http_request *rq, struct str language, const struct email *email, struct str back);
http_handler newsletter_get_work_js;

#endif
