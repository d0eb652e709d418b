/* support_numbers.h: what the desk is shown of the gifts: numbers, and lists of nameless rows.
 * SPDX-License-Identifier: ISC */
#ifndef SUPPORT_SUPPORT_NUMBERS_H
#define SUPPORT_SUPPORT_NUMBERS_H

#include "http/http.h"

/* support_numbers.c: GET /numbers; support_gifts.c: GET /gifts?tab=&after=, GET /gifts/{id} */
http_handler support_get_numbers, support_get_gifts, support_get_gift;
/* support_wish.c: POST /gifts/{id}/refund {"amount_minor","reason","by"}, POST /refunds/{id} {"answer","by"}, GET /refunds */
http_handler support_post_refund, support_post_refund_answer, support_get_refunds;

#endif
