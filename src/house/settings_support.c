/* settings_support.c: the ways to pay, what each costs, and the goal, as they stand in mimeo.conf.
 *
 * Decides: their names, and how a fee is written. Leaves to others: what follows from a fee (fee.h), whether a way to pay is set
 * up (support). Runs in: every process. The hard thing: which ways are offered stands in every baked page, so it is public and
 * here, while their secrets are support's alone.
 * SPDX-License-Identifier: ISC */
#include "base/fault.h"
#include "house/settings_inside.h"

const char *const rail_names[SETTINGS_RAILS] = {"stripe", "paypal", "btcpay", "monero", "bank"};

enum { PERCENT_DIGITS = 2, PERCENT_MOST = 5000 };

static bool find_rail(struct str name, size_t *which)
{
	for (size_t i = 0; i < SETTINGS_RAILS; i++)
		if (str_is(name, rail_names[i])) {
			*which = i;
			return true;
		}
	return false;
}

static bool check_rails(const struct settings *is, struct fault *f)
{
	bool seen[SETTINGS_RAILS] = {false};

	if (is->rails.count == 0)
		return fault_set(f, FAULT_INPUT, "mimeo.conf: [support] rails: name at least one way to pay, or say on = no");
	for (size_t i = 0; i < is->rails.count; i++) {
		size_t which = 0;

		if (!find_rail(is->rails.items[i], &which))
			return fault_set(f, FAULT_INPUT, "mimeo.conf: [support] rails: %.*s is no way to pay: there are stripe, paypal, btcpay, "
				"monero and bank", STR_ARG(is->rails.items[i]));
		if (seen[which])
			return fault_set(f, FAULT_INPUT, "mimeo.conf: [support] rails: %.*s stands there twice", STR_ARG(is->rails.items[i]));
		seen[which] = true;
	}
	return true;
}

/* "2.9%" as 290. */
static bool read_percent(struct str text, int64_t *per_10000)
{
	struct str number = str_trim(str_part(text, 0, text.len - 1));
	size_t point = str_find_char(number, '.');
	struct str whole = str_part(number, 0, point);
	struct str part = point == SIZE_MAX ? STR("0") : str_part(number, point + 1, SIZE_MAX);
	int64_t units, behind;

	if (part.len > PERCENT_DIGITS || !str_to_i64(whole, &units) || !str_to_i64(part, &behind) || units < 0 || behind < 0)
		return false;
	*per_10000 = units * 100 + (part.len == 1 ? behind * 10 : behind);
	return units <= 100 && *per_10000 <= PERCENT_MOST;
}

/* "2.9% + 0.30", "2.9%", "0.30" */
static bool read_fee(struct str text, struct str currency, struct settings_fee *fee)
{
	struct fault ignored = {0};
	struct str rest = text, piece;
	struct money fixed = {0, ""};
	bool has_percent = false, has_fixed = false;

	while (str_next(&rest, '+', &piece)) {
		piece = str_trim(piece);
		if (str_ends(piece, STR("%"))) {
			if (has_percent || !read_percent(piece, &fee->per_10000))
				return false;
			has_percent = true;
		} else {
			if (has_fixed || !money_parse(piece, currency, &fixed, &ignored))
				return false;
			has_fixed = true;
		}
	}
	fee->fixed_minor = fixed.minor;
	fee->is_known = has_percent || has_fixed;
	return fee->is_known;
}

static bool take_fees(struct settings *is, const struct conf_list *fees, struct fault *f)
{
	for (size_t i = 0; i < fees->count; i++) {
		struct str item = fees->items[i];
		size_t blank = str_find_char(item, ' ');
		size_t which = 0;

		if (blank == SIZE_MAX || !find_rail(str_part(item, 0, blank), &which) || is->fees[which].is_known ||
			!read_fee(str_trim(str_part(item, blank, SIZE_MAX)), is->currency, &is->fees[which]))
			return fault_set(f, FAULT_INPUT, "mimeo.conf: [support] fees: %.*s: write each way to pay once with its fee, such as "
				"stripe 2.9%% + 0.30", STR_ARG(item));
	}
	return true;
}

static bool take_goal(struct settings *is, struct str goal, struct fault *f)
{
	size_t blank = str_find_char(goal, ' ');
	struct str number = str_part(goal, 0, blank);
	struct str word = blank == SIZE_MAX ? (struct str){NULL, 0} : str_trim(str_part(goal, blank, SIZE_MAX));
	struct money money = {0, ""};
	struct fault ignored = {0};
	bool ok;

	if (goal.len == 0)
		return true;
	is->goal_is_money = str_is(word, "monthly");
	if (is->goal_is_money)
		ok = money_parse(number, is->currency, &money, &ignored);
	else
		ok = str_is(word, "supporters") && str_to_i64(number, &money.minor);
	is->goal = money.minor;
	return (ok && is->goal > 0 && is->goal < INT64_C(1000000000000)) || fault_set(f, FAULT_INPUT,
		"mimeo.conf: [support] goal = %.*s: write such as 500 supporters or 5000 monthly", STR_ARG(goal));
}

/* What is reckoned with a percentage must not run over. */
static bool check_most(const struct settings *is, struct fault *f)
{
	for (size_t i = 0; i < FREQUENCY_COUNT; i++)
		if (is->frequency[i].maximum.minor >= INT64_C(100000000000))
			return fault_set(f, FAULT_INPUT, "mimeo.conf: [support] %s_maximum: that is more than anybody gives: write less",
				frequency_names[i]);
	return true;
}

bool settings_take_support(struct settings *is, const struct settings_support_raw *raw, struct fault *f)
{
	return check_most(is, f) && check_rails(is, f) && take_fees(is, &raw->fees, f) && take_goal(is, raw->goal, f);
}
