/* support_thanks.c: the page that a reader comes back to.
 *
 * Decides: which of thanks, waiting and "nothing was taken" it is, from our own rows alone: coming back proves nothing,
 * the provider's signed event does. Runs in: support. The hard thing: the reader is often faster than the event.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "press/locale.h"
#include "press/value.h"
#include "support_inside.h"

enum { QUIET_S = 30 * 24 * 3600 };

static struct str write(const struct support *support, const struct locale *locale, const char *key,
	const struct support_checkout *checkout, struct arena *arena)
{
	const struct locale_pair pairs[] = {{"amount", locale_money(locale, checkout->amount, true, arena)},
		{"newsroom", support->settings->name}, {"statement", support->settings->statement}, {NULL, {NULL, 0}}};

	return locale_format(locale, key, arena, pairs);
}

/* The form as it was left. */
static void answer_back(
	struct support *support, struct http_request *rq, const struct support_checkout *checkout, const char *notice)
{
	const struct locale *locale = page_locale(support->room->theme, support->settings, checkout->language);
	const struct settings_frequency *set = &support->settings->frequency[checkout->frequency];
	struct page_coupon coupon = {
		.frequency = checkout->frequency, .is_given = true, .notice = locale_text(locale, notice)};
	bool is_listed = false;

	for (size_t i = 0; i < SETTINGS_AMOUNTS; i++)
		is_listed |= set->amounts[i].minor == checkout->amount.minor;
	if (is_listed) {
		coupon.amount[checkout->frequency] = str_format(http_arena(rq), "%lld", (long long) checkout->amount.minor);
	} else {
		struct str text = locale_money(locale, checkout->amount, true, http_arena(rq));

		coupon.amount[checkout->frequency] = STR("own");
		/* The field holds the number alone; the sign stands beside it. */
		while (text.len > 0 && !(text.at[0] >= '0' && text.at[0] <= '9'))
			text = str_part(text, 1, SIZE_MAX);
		while (text.len > 0 && !(text.at[text.len - 1] >= '0' && text.at[text.len - 1] <= '9'))
			text.len--;
		coupon.own[checkout->frequency] = text;
	}
	support_answer_coupon(support, rq, 200, checkout->language, &coupon);
}

static void answer_thanks(struct support *support, struct http_request *rq, const struct support_checkout *checkout,
	struct str token, bool is_waiting)
{
	static const char *const headings[FREQUENCY_COUNT] = {
		"support_thanks_once", "support_thanks_monthly", "support_thanks_annual"};
	struct room *room = support->room;
	struct arena *arena = http_arena(rq);
	const struct locale *locale = page_locale(room->theme, support->settings, checkout->language);
	struct page page = {.language = checkout->language, .depth = 1};
	bool at_bank = checkout->state == CHECKOUT_WAITING;
	char manage[2 * SUPPORT_MANAGE_BYTES + 1];
	struct press_value *root;

	page.title = locale_text(locale, is_waiting ? "support_waiting_title" : "support_thanks_title");
	root = page_values(room->theme, support->settings, &page, arena);
	press_set_text(root, "heading",
		is_waiting ? page.title : write(support, locale, headings[checkout->frequency], checkout, arena));
	press_set_text(root, "sentence", write(support, locale, !is_waiting ? "support_thanks_sentence" :
		at_bank ? "support_waiting_bank" : "support_waiting_moment", checkout, arena));
	press_set_bool(root, "is_waiting", is_waiting);
	if (support->settings->statement.len > 0)
		press_set_text(root, "statement_line", write(support, locale, "support_statement", checkout, arena));
	if (checkout->frequency != FREQUENCY_ONCE && !is_waiting) {
		support_manage_token(support, token, manage);
		press_set_text(root, "manage_href", str_format(arena, "../support/manage/%s", manage));
		press_set_text(root, "manage_text", locale_text(locale, "support_manage_link"));
		press_set_text(root, "keep_line", locale_text(locale, "support_keep_line"));
	}
	http_set_cookie(rq, "quiet", "1", "/", QUIET_S, false, str_starts(support->settings->url, STR("https:")));
	page_answer(room, rq, 200, "thanks", root);
}

static void answer_unknown(struct support *support, struct http_request *rq)
{
	const struct locale *locale = page_locale(support->room->theme, support->settings, (struct str){NULL, 0});
	struct page_small small = {.page = {.depth = 1}};

	small.page.title = small.heading = locale_text(locale, "support_unknown_heading");
	small.sentence = locale_text(locale, "support_unknown_sentence");
	page_answer_small(support->room, rq, 404, &small);
}

void support_get_thanks(struct http_request *rq, void *self)
{
	struct support *support = ((struct room *) self)->self;
	struct str token = http_query(rq, "t");
	bool came_back = http_query(rq, "back").len > 0;
	struct support_checkout checkout;
	struct fault f = {0};
	bool found;

	if (!support_find_checkout(support, SUPPORT_BY_TOKEN, token, http_arena(rq), &checkout, &found, &f)) {
		log_fault(&f, "finding a checkout");
		http_answer_fault(rq, &f);
		return;
	}
	if (!found) {
		answer_unknown(support, rq);
		return;
	}
	switch (checkout.state) {
	case CHECKOUT_PAID:
		answer_thanks(support, rq, &checkout, token, false);
		break;
	case CHECKOUT_WAITING:
		answer_thanks(support, rq, &checkout, token, true);
		break;
	case CHECKOUT_ASKED:
	case CHECKOUT_OPEN:
	case CHECKOUT_UNCERTAIN:
		if (came_back)
			answer_back(support, rq, &checkout, "support_nothing_taken");
		else
			answer_thanks(support, rq, &checkout, token, true);
		break;
	case CHECKOUT_REFUSED:
	case CHECKOUT_FAILED:
		answer_back(support, rq, &checkout, "support_bank_refused");
		break;
	case CHECKOUT_EXPIRED:
		answer_back(support, rq, &checkout, "support_nothing_taken");
		break;
	case CHECKOUT_STATE_COUNT:
		break;
	}
}
