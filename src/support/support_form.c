/* support_form.c: a reader's form becomes a gift, or a sentence on what is wrong.
 *
 * Decides: which of the three sets of amounts counts (the chosen frequency's), that a typed amount wins over a pressed
 * one, and the month of a reminder. Leaves to others: pages, numbers in each language (press/locale.h). Runs in:
 * support. The hard thing: whatever was typed must come back as typed.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "base/fault.h"
#include "house/fee.h"
#include "press/locale.h"
#include "support_inside.h"

enum { TYPED_BYTES = 64, REMINDER_LAST_DAY = 19, DAY_IN_EVERY_MONTH = 28 };

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

/* The way to pay that was pressed; what is not offered is as if nothing had been. */
static struct str read_rail(const struct settings *settings, const struct http_request *rq)
{
	struct str rail = http_field(rq, "rail");

	for (size_t i = 0; i < settings->rails.count; i++)
		if (str_equal(settings->rails.items[i], rail))
			return settings->rails.items[i];
	return settings->rails.count > 0 ? settings->rails.items[0] : (struct str){NULL, 0};
}

static struct str fee_sentence(const struct locale *locale, struct settings_fee fee, struct money amount, struct arena *arena)
{
	struct money taken = amount, least = amount, with = amount;
	struct locale_pair pairs[] = {{"amount", locale_money(locale, amount, true, arena)}, {"fee", {NULL, 0}}, {"with", {NULL, 0}},
		{"least", {NULL, 0}}, {NULL, {NULL, 0}}};

	taken.minor = fee_take(fee, amount.minor);
	with.minor = fee_cover(fee, amount.minor);
	least.minor = fee_least(fee);
	pairs[1].value = locale_money(locale, taken, false, arena);
	pairs[2].value = locale_money(locale, with, true, arena);
	if (least.minor == INT64_MAX)
		return locale_format(locale, "support_error_fee_any", arena, pairs);
	pairs[3].value = locale_money(locale, least, true, arena);
	return locale_format(locale, "support_error_fee", arena, pairs);
}

bool support_weigh_fee(const struct settings *settings, const struct locale *locale, bool cover, struct support_gift *gift,
	struct str *error, struct arena *arena)
{
	struct settings_fee fee = fee_of(settings, gift->rail);

	if (!fee.is_known)
		return true;
	if (cover) {
		gift->cover_minor = fee_cover(fee, gift->amount.minor) - gift->amount.minor;
		gift->amount.minor += gift->cover_minor;
	} else if (fee_is_too_much(fee, gift->amount.minor)) {
		*error = fee_sentence(locale, fee, gift->amount, arena);
		return false;
	}
	return true;
}

static void read_typed(const struct http_request *rq, struct page_coupon *coupon)
{
	static const char *const picked_names[FREQUENCY_COUNT] = {"a_once", "a_monthly", "a_annual"};
	static const char *const own_names[FREQUENCY_COUNT] = {"own_once", "own_monthly", "own_annual"};

	for (unsigned i = 0; i < FREQUENCY_COUNT; i++) {
		coupon->amount[i] = str_part(http_field(rq, picked_names[i]), 0, TYPED_BYTES);
		coupon->own[i] = http_field(rq, own_names[i]);
		if (coupon->own[i].len > TYPED_BYTES)
			coupon->own[i] = (struct str){NULL, 0};
	}
	coupon->cover = str_is(http_field(rq, "cover"), "1");
	coupon->instead = http_field(rq, "instead");
	if (coupon->instead.len > TYPED_BYTES)
		coupon->instead = (struct str){NULL, 0};
}

bool support_read_coupon(const struct settings *settings, const struct locale *locale, const struct http_request *rq,
	struct support_gift *gift, struct page_coupon *coupon, struct arena *arena)
{
	struct str frequency = http_field(rq, "freq");
	bool known = false;

	*coupon = (struct page_coupon){.frequency = FREQUENCY_MONTHLY, .is_given = true, .rail = read_rail(settings, rq)};
	*gift = (struct support_gift){.rail = coupon->rail};
	read_typed(rq, coupon);
	for (unsigned i = 0; i < FREQUENCY_COUNT; i++)
		if (str_is(frequency, frequency_names[i])) {
			coupon->frequency = (enum frequency) i;
			known = true;
		}
	if (!known) {
		coupon->error_amount = locale_text(locale, "support_error_frequency");
		return false;
	}
	gift->frequency = coupon->frequency;
	gift->instead = coupon->instead;
	return support_read_amount(settings, locale, gift->frequency, coupon->amount[gift->frequency],
		coupon->own[gift->frequency], &gift->amount, &coupon->error_amount, arena) &&
		support_weigh_fee(settings, locale, coupon->cover, gift, &coupon->error_amount, arena);
}

struct support_reminder_day support_reminder_day(struct when now, int months)
{
	struct civil civil = clock_civil(now);
	struct civil due = {.year = civil.year, .month = civil.month, .day = 1, .hour = 12};

	if (months > 0)
		due.day = civil.day < DAY_IN_EVERY_MONTH ? civil.day : DAY_IN_EVERY_MONTH;
	else
		months = civil.day <= REMINDER_LAST_DAY ? 1 : 2;
	due.month += months;
	while (due.month > 12) {
		due.month -= 12;
		due.year++;
	}
	return (struct support_reminder_day){due.year, due.month, clock_utc_day(clock_from_civil(&due))};
}
