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
#include "support_own.h"

enum { QUIET_S = 30 * 24 * 3600 };

static struct str write(const struct support *support, const struct locale *locale, const char *key,
	const struct support_checkout *checkout, struct arena *arena)
{
	const struct locale_pair pairs[] = {{"amount", locale_money(locale, checkout->amount, true, arena)},
		{"newsroom", support->settings->name}, {"statement", support->settings->statement}, {NULL, {NULL, 0}}};

	return locale_format(locale, key, arena, pairs);
}

/* The form as it was left. */
static void answer_back(struct support *support, struct http_request *rq, const struct support_checkout *checkout, struct str token,
	const char *notice)
{
	const struct locale *locale = page_locale(support->room->theme, support->settings, checkout->language);
	const struct settings_frequency *set = &support->settings->frequency[checkout->frequency];
	const struct rail_line *line = rail_find(support, checkout->rail);
	struct page_coupon coupon = {
		.frequency = checkout->frequency, .is_given = true, .notice = locale_text(locale, notice)};
	struct money chosen = checkout->amount;
	int64_t cover_minor = 0, replaces = 0;
	struct fault f = {0};
	bool is_listed = false;

	if (!support_find_choice(support, checkout->id, &cover_minor, &replaces, &f))
		log_fault(&f, "reading what a reader chose"); /* the amount is as good without */
	chosen.minor -= cover_minor;
	coupon.cover = cover_minor > 0;
	if (line != NULL && line->rail->instruct == NULL) /* who leaves our page on how to pay wants another way */
		coupon.rail = checkout->rail;
	if (replaces != 0)
		coupon.instead = token;
	for (size_t i = 0; i < SETTINGS_AMOUNTS; i++)
		is_listed |= set->amounts[i].minor == chosen.minor;
	if (is_listed) {
		coupon.amount[checkout->frequency] = str_format(http_arena(rq), "%lld", (long long) chosen.minor);
	} else {
		coupon.amount[checkout->frequency] = STR("own");
		coupon.own[checkout->frequency] = support_amount_text(locale, chosen, http_arena(rq));
	}
	support_answer_coupon(support, rq, 200, checkout->language, &coupon);
}

/* One thanks page. typed, error: of "remind me again". */
struct thanks {
	struct support *support;
	struct http_request *rq;
	const struct locale *locale;
	const struct support_checkout *checkout;
	struct press_value *root;
	struct str token, typed, error;
	int status;
};

static void add_links(struct thanks *is, struct str manage_href)
{
	bool is_once = is->checkout->frequency == FREQUENCY_ONCE;

	press_set_text(is->root, "manage_href", manage_href);
	press_set_text(is->root, "manage_text",
		locale_text(is->locale, is_once ? "support_manage_link_once" : "support_manage_link_all"));
	press_set_text(is->root, "keep_line", locale_text(is->locale, is_once ? "support_keep_once" : "support_keep_line"));
	if (!is_once)
		press_set_text(is->root, "stop_href", manage_href);
}

/* "In 3, 6 or 12 months": after a gift that does not come back by itself. */
static void add_again(struct thanks *is)
{
	static const struct {
		const char *value, *text;
	} choices[] = {{"3", "support_again_3"}, {"6", "support_again_6"}, {"12", "support_again_12"}};
	struct press_value *again = press_set_map(is->root, "again"), *list = press_set_list(again, "choices");
	struct str chosen = http_field(is->rq, "in");

	press_set_c(again, "action", "../support/remind");
	press_set_text(again, "token", is->token);
	press_set_text(again, "typed", is->typed);
	if (is->error.len > 0)
		press_set_text(again, "error", is->error);
	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		struct press_value *item = press_add_map(list);

		press_set_c(item, "value", choices[i].value);
		press_set_text(item, "text", locale_text(is->locale, choices[i].text));
		press_set_bool(item, "checked", chosen.len > 0 ? str_is(chosen, choices[i].value) : i == 0);
	}
}

static void add_after(struct thanks *is)
{
	char manage[2 * SUPPORT_MANAGE_BYTES + 1];
	struct arena *arena = http_arena(is->rq);
	struct str href;
	struct fault f = {0};

	support_manage_token(is->support, is->token, manage);
	href = str_format(arena, "../support/manage/%s", manage);
	add_links(is, href);
	if (!support_add_contact(is->support, is->root, is->locale, is->checkout, is->checkout->frequency != FREQUENCY_ONCE, href, &f))
		log_fault(&f, "asking for a supporter's address"); /* thanks are due all the same */
	if (is->checkout->frequency == FREQUENCY_ONCE)
		add_again(is);
}

static void answer_thanks(struct thanks *is, bool is_waiting)
{
	static const char *const headings[FREQUENCY_COUNT] = {
		"support_thanks_once", "support_thanks_monthly", "support_thanks_annual"};
	struct support *support = is->support;
	const struct support_checkout *checkout = is->checkout;
	struct arena *arena = http_arena(is->rq);
	struct page page = {.language = checkout->language, .depth = 1, .is_support = true};
	const struct rail_line *line = rail_find(support, checkout->rail);
	bool at_bank = checkout->state == CHECKOUT_WAITING;

	page.title = locale_text(is->locale, is_waiting ? "support_waiting_title" : "support_thanks_title");
	is->root = page_values(support->room->theme, support->settings, &page, arena);
	press_set_text(is->root, "heading",
		is_waiting ? page.title : write(support, is->locale, headings[checkout->frequency], checkout, arena));
	press_set_text(is->root, "sentence", write(support, is->locale, !is_waiting ? "support_thanks_sentence" :
		at_bank ? "support_waiting_bank" : "support_waiting_moment", checkout, arena));
	press_set_bool(is->root, "is_waiting", is_waiting);
	if (support->settings->statement.len > 0 && line != NULL && line->rail->pulls) /* coins are on none; a transfer is written by its payer */
		press_set_text(is->root, "statement_line", write(support, is->locale, "support_statement", checkout, arena));
	if (!is_waiting)
		add_after(is);
	http_set_cookie(is->rq, "quiet", "1", "/", QUIET_S, false, str_starts(support->settings->url, STR("https:")));
	page_answer(support->room, is->rq, is->status, "thanks", is->root);
}

static void begin(struct thanks *is, struct support *support, struct http_request *rq, const struct support_checkout *checkout,
	struct str token)
{
	*is = (struct thanks){.support = support, .rq = rq, .checkout = checkout, .token = token, .status = 200,
		.locale = page_locale(support->room->theme, support->settings, checkout->language)};
}

void support_get_thanks(struct http_request *rq, void *self)
{
	struct support *support = ((struct room *) self)->self;
	struct str token = http_query(rq, "t");
	bool came_back = http_query(rq, "back").len > 0;
	struct support_checkout checkout;
	struct thanks thanks;
	struct fault f = {0};
	bool found;

	if (!support_find_checkout(support, SUPPORT_BY_TOKEN, token, http_arena(rq), &checkout, &found, &f)) {
		log_fault(&f, "finding a checkout");
		http_answer_fault(rq, &f);
		return;
	}
	if (!found) {
		support_answer_unknown(support, rq);
		return;
	}
	begin(&thanks, support, rq, &checkout, token);
	switch (checkout.state) {
	case CHECKOUT_PAID:
		answer_thanks(&thanks, false);
		break;
	case CHECKOUT_WAITING:
		answer_thanks(&thanks, true);
		break;
	case CHECKOUT_ASKED:
	case CHECKOUT_OPEN:
	case CHECKOUT_UNCERTAIN:
		if (came_back)
			answer_back(support, rq, &checkout, token, "support_nothing_taken");
		else
			answer_thanks(&thanks, true);
		break;
	case CHECKOUT_REFUSED:
	case CHECKOUT_FAILED:
		answer_back(support, rq, &checkout, token, "support_bank_refused");
		break;
	case CHECKOUT_EXPIRED:
		answer_back(support, rq, &checkout, token, "support_nothing_taken");
		break;
	case CHECKOUT_STATE_COUNT:
		break;
	}
}

bool support_answer_thanks(struct support *support, struct http_request *rq, int status, struct str token, struct str typed,
	struct str error)
{
	struct support_checkout checkout;
	struct thanks thanks;
	struct fault f = {0};
	bool found = false;

	if (token.len == 0 || !support_find_checkout(support, SUPPORT_BY_TOKEN, token, http_arena(rq), &checkout, &found, &f) || !found ||
		checkout.state != CHECKOUT_PAID) {
		if (f.kind != FAULT_NONE)
			log_fault(&f, "finding a checkout");
		return false;
	}
	begin(&thanks, support, rq, &checkout, token);
	thanks.typed = typed;
	thanks.error = error;
	thanks.status = status;
	answer_thanks(&thanks, false);
	return true;
}
