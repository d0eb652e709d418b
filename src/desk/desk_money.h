/* desk_money.h: what the desk's pages about money share.
 * SPDX-License-Identifier: ISC */
#ifndef DESK_DESK_MONEY_H
#define DESK_DESK_MONEY_H

#include <jansson.h>
#include <stdint.h>
#include "base/str.h"

struct desk_visit;
struct press_value;

/* Of a row in another room's JSON; 0 where it is none. */
int64_t desk_money_number(const json_t *object, const char *key);
/* Its text, kept as long as the visit. */
struct str desk_money_text(struct desk_visit *visit, const json_t *object, const char *key);
/* "$5.00" in the desk's language. */
struct str desk_money_sum(struct desk_visit *visit, struct str code, int64_t minor);
/* object's amount under `key` in the currency that it names. */
struct str desk_money_of(struct desk_visit *visit, const json_t *object, const char *key);
/* A provider's word as people say it, by a table of pairs; one that is not in it is given back as it is. */
struct str desk_money_word(const char *const (*words)[2], size_t count, struct str word);
/* "Monthly", "Stripe", "Income, monthly" (of "income:monthly"), "27 October 2026" (of "2026-10-27"); an unknown one is given back as it is. */
struct str desk_money_frequency(struct str frequency);
struct str desk_money_method(struct str method);
struct str desk_money_account(struct desk_visit *visit, struct str account);
struct str desk_money_day(struct desk_visit *visit, struct str iso);
/* {{state}} and {{mark}} of a contribution's, mandate's, refund's, dispute's … state. */
void desk_money_state(struct press_value *row, struct str state);
/* A page of the area Support: its values with the tabs. here: its address. */
struct press_value *desk_money_page(struct desk_visit *visit, const char *here, const char *title);

/* --- desk_money_plot.c --- */
/* {{plot}} and {{plot_short}}: stacked bars of twelve and six months, with a scale. months: of GET /numbers. */
void desk_money_plots(struct desk_visit *visit, struct press_value *root, const json_t *months, struct str currency);

#endif
