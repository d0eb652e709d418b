/* support_form.c: a reader's form becomes a gift, or a sentence on what is wrong.
 *
 * Decides: which of the three sets of amounts counts (the chosen frequency's), that a typed amount wins over a pressed
 * one, and the month of a reminder. Leaves to others: pages, numbers in each language (press/locale.h). Runs in:
 * support. The hard thing: whatever was typed must come back as typed.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "base/fault.h"
#include "press/locale.h"
#include "support_inside.h"

enum { TYPED_BYTES = 64, REMINDER_LAST_DAY = 19 };

struct str support_form_language(const struct http_request *rq)
{
	struct str language = http_field(rq, "lang");

	if (language.len > 16)
		return (struct str){NULL, 0};
	for (size_t i = 0; i < language.len; i++) {
		char c = language.at[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-'))
			return (struct str){NULL, 0};
	}
	return language;
}

static struct str sentence(const struct settings *settings, const struct locale *locale, const char *key,
	struct money amount, struct arena *arena)
{
	const struct locale_pair pairs[] = {
		{"amount", locale_money(locale, amount, true, arena)}, {"newsroom", settings->name}, {NULL, {NULL, 0}}};

	return locale_format(locale, key, arena, pairs);
}

bool support_read_amount(const struct settings *settings, const struct locale *locale, enum frequency frequency,
	struct str picked, struct str own, struct money *amount, struct str *error, struct arena *arena)
{
	const struct settings_frequency *bounds = &settings->frequency[frequency];
	struct fault ignored = {0};
	bool ok;

	*error = (struct str){NULL, 0};
	*amount = (struct money){0, ""};
	own = str_trim(own);
	if (own.len > 0) {
		ok = locale_parse_money(locale, own, settings->currency, amount, &ignored);
	} else {
		*amount = bounds->minimum; /* for its code */
		ok = !str_is(picked, "own") && str_to_i64(picked, &amount->minor);
	}
	if (!ok)
		*error = sentence(settings, locale, "support_error_amount", bounds->amounts[bounds->chosen], arena);
	else if (amount->minor < bounds->minimum.minor)
		*error = sentence(settings, locale, "support_error_minimum", bounds->minimum, arena);
	else if (amount->minor > bounds->maximum.minor)
		*error = sentence(settings, locale, "support_error_maximum", bounds->maximum, arena);
	return error->len == 0;
}

bool support_read_coupon(const struct settings *settings, const struct locale *locale, const struct http_request *rq,
	struct support_gift *gift, struct page_coupon *coupon, struct arena *arena)
{
	static const char *const picked_names[FREQUENCY_COUNT] = {"a_once", "a_monthly", "a_annual"};
	static const char *const own_names[FREQUENCY_COUNT] = {"own_once", "own_monthly", "own_annual"};
	struct str frequency = http_field(rq, "freq");
	bool known = false;

	*coupon = (struct page_coupon){.frequency = FREQUENCY_MONTHLY, .is_given = true};
	for (unsigned i = 0; i < FREQUENCY_COUNT; i++) {
		coupon->amount[i] = str_part(http_field(rq, picked_names[i]), 0, TYPED_BYTES);
		coupon->own[i] = http_field(rq, own_names[i]);
		if (coupon->own[i].len > TYPED_BYTES)
			coupon->own[i] = (struct str){NULL, 0};
		if (str_is(frequency, frequency_names[i])) {
			coupon->frequency = (enum frequency) i;
			known = true;
		}
	}
	if (!known) {
		coupon->error_amount = locale_text(locale, "support_error_frequency");
		return false;
	}
	gift->frequency = coupon->frequency;
	return support_read_amount(settings, locale, gift->frequency, coupon->amount[gift->frequency],
		coupon->own[gift->frequency], &gift->amount, &coupon->error_amount, arena);
}

int support_reminder_month(struct when now, int32_t *due_day)
{
	struct civil civil = clock_civil(now);
	int months = civil.day <= REMINDER_LAST_DAY ? 1 : 2;
	struct civil due = {.year = civil.year, .month = civil.month + months, .day = 1, .hour = 12};

	if (due.month > 12) {
		due.month -= 12;
		due.year++;
	}
	*due_day = clock_utc_day(clock_from_civil(&due));
	return due.month;
}
