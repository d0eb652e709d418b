/* locale.h: a language: its whole sentences, plurals, dates, numbers and money.
 *
 * theme/locale/xx.json: {"name","dir","months":[12 as used in a date],"weekdays":[7, Sunday first, as in a date],
 * "date":"{day} {month} {year}","date_long":"{weekday}, {day} {month} {year}","decimal","group",
 * "money":"{sign}{amount}","texts":{key: "…{name}…"},"every":[7 whole phrases, Sunday first: "every Friday"],
 * "plurals":{key:{"one":…,"few":…,"many":…,"other":…}},"month_reminder":[12 whole sentences …]}. Weekday and month
 * sentences are whole strings, never glued. Plural categories are CLDR's (cardinal integers) for the languages in the
 * table.
 * SPDX-License-Identifier: ISC */
#ifndef PRESS_LOCALE_H
#define PRESS_LOCALE_H

#include <stdbool.h>
#include "base/buf.h"
#include "base/clock.h"
#include "base/money.h"

struct fault;
struct locale;
struct press_value;

bool locale_open(struct locale **locale, struct str language, struct str json, struct fault *f)
	__attribute__((warn_unused_result));
void locale_close(struct locale **locale);

struct str locale_language(const struct locale *locale);  /* "en" */
struct str locale_name(const struct locale *locale);      /* as it calls itself: "Русский" */
bool locale_is_rtl(const struct locale *locale);
/* The text of a key; the key itself in ⟦⟧ when it is missing (a test forbids that). */
struct str locale_text(const struct locale *locale, const char *key);
/* All texts as a map for templates: {{t.subscribe_title}}. */
const struct press_value *locale_values(const struct locale *locale);
/* Writes text with {name} replaced by value (pairs name, value; ended by NULL). Values are NOT escaped: the sink does
 * it. */
struct locale_pair { const char *name; struct str value; };
void locale_write(struct buf *out, struct str text, const struct locale_pair *pairs);
struct str locale_format(const struct locale *locale, const char *key, struct arena *arena,
	const struct locale_pair *pairs);

/* The plural form's whole sentence for n, with {n} filled in in the language's digits grouping. */
struct str locale_plural(const struct locale *locale, const char *key, int64_t n, struct arena *arena);
const char *locale_plural_category(struct str language, int64_t n); /* "one", "few" … */

/* 20 November 2026 */
struct str locale_date(const struct locale *locale, const struct civil *day, struct arena *arena);
/* Friday, 20 November 2026 */
struct str locale_date_long(const struct locale *locale, const struct civil *day, struct arena *arena);
struct str locale_time(const struct locale *locale, const struct civil *time, struct arena *arena);      /* 14:05 */
struct str locale_every(const struct locale *locale, int weekday);        /* "every Friday" as a whole phrase */
/* an item of a list of whole sentences */
struct str locale_indexed(const struct locale *locale, const char *key, size_t index);
/* "$2", "€12.50", "2 $"…; whole amounts drop the zero cents when short. Right-to-left languages get isolates. */
struct str locale_money(const struct locale *locale, struct money money, bool is_short, struct arena *arena);
struct str locale_currency_sign(struct str code);      /* "$" */
struct str locale_number(const struct locale *locale, int64_t n, struct arena *arena);
/* A reader's amount in this language's format, or with '.' or ',' as point, Arabic and Persian digits taken; INPUT
 * otherwise. */
bool locale_parse_money(const struct locale *locale, struct str text, struct str code, struct money *out,
	struct fault *f) __attribute__((warn_unused_result));

#endif
