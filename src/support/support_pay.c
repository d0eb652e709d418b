/* support_pay.c: the page by which a reader pays a rail that has none of its own: a bank transfer, coins.
 *
 * Decides: what stands around a rail's details. Leaves to others: the details (rail->instruct). Runs in: support. The hard
 * thing: none; a GET gives nothing away but what its link's holder was shown before.
 * SPDX-License-Identifier: ISC */
#include <string.h>
#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "press/locale.h"
#include "press/value.h"
#include "rail.h"
#include "support_inside.h"
#include "support_own.h"
#include "support_push.h"

static struct str write(const struct support *support, const struct locale *locale, const char *key, const struct support_checkout *checkout,
	struct arena *arena)
{
	const struct locale_pair pairs[] = {{"amount", locale_money(locale, checkout->amount, true, arena)},
		{"newsroom", support->settings->name}, {NULL, {NULL, 0}}};

	return locale_format(locale, key, arena, pairs);
}

static void add_words(struct support *support, const struct locale *locale, const struct support_checkout *checkout, const char *rail,
	struct press_value *root, struct arena *arena)
{
	static const char *const headings[FREQUENCY_COUNT] = {"pay_heading_once", "pay_heading_monthly", "pay_heading_annual"};
	static const char *const standing[FREQUENCY_COUNT] = {NULL, "pay_bank_monthly", "pay_bank_annual"};
	static const char *const again[FREQUENCY_COUNT] = {NULL, "pay_again_monthly", "pay_again_annual"};
	bool is_bank = strcmp(rail, "bank") == 0;
	const char *more = is_bank ? standing[checkout->frequency] : again[checkout->frequency];

	press_set_text(root, "heading", write(support, locale, headings[checkout->frequency], checkout, arena));
	press_set_text(root, "sentence", write(support, locale, is_bank ? "pay_bank_sentence" : "pay_monero_sentence", checkout, arena));
	press_set_text(root, "amount", locale_money(locale, checkout->amount, false, arena));
	press_set_text(root, "why", locale_text(locale, is_bank ? "pay_bank_why" : "pay_monero_why"));
	if (more != NULL)
		press_set_text(root, "again", locale_text(locale, more));
	if (is_bank)
		press_set_text(root, "warning", write(support, locale, "pay_bank_warning", checkout, arena));
}

/* Where to remind somebody whom nobody can charge: asked for here, since they may never come back. */
static bool add_contact(struct support *support, struct press_value *root, const struct locale *locale, const struct support_checkout *checkout,
	struct str token, struct arena *arena, struct fault *f)
{
	char manage[2 * SUPPORT_MANAGE_BYTES + 1];

	support_manage_token(support, token, manage);
	return support_add_contact(support, root, locale, checkout, checkout->frequency != FREQUENCY_ONCE,
		str_format(arena, "../manage/%s", manage), f);
}

static void redirect_to_thanks(struct support *support, struct http_request *rq, struct str token)
{
	page_headers(support->settings, support->room->theme, rq);
	http_answer_redirect(rq, str_to_c(str_format(http_arena(rq), "../thanks?t=%.*s", STR_ARG(token)), http_arena(rq)));
}

/* Whether it is a token: it stands in addresses. */
static bool is_token(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!((text.at[i] >= 'a' && text.at[i] <= 'z') || (text.at[i] >= '0' && text.at[i] <= '9')))
			return false;
	return text.len > 0 && text.len <= 64;
}

void support_get_pay(struct http_request *rq, void *self)
{
	struct room *room = self;
	struct support *support = room->self;
	struct str token = http_part(rq, "token");
	struct arena *arena = http_arena(rq);
	struct page page = {.depth = 2, .is_support = true};
	struct support_checkout checkout;
	struct rail_order order = {0};
	struct rail_line *line;
	const struct locale *locale;
	struct press_value *root;
	struct fault f = {0};
	bool found = false;

	if (is_token(token) && !support_find_checkout(support, SUPPORT_BY_TOKEN, token, arena, &checkout, &found, &f)) {
		log_fault(&f, "finding a checkout");
		http_answer_fault(rq, &f);
		return;
	}
	line = found ? rail_find(support, checkout.rail) : NULL;
	if (!found || line == NULL || line->rail->instruct == NULL || (checkout.state != CHECKOUT_OPEN && checkout.state != CHECKOUT_ASKED)) {
		redirect_to_thanks(support, rq, is_token(token) ? token : STR("-"));
		return;
	}
	page.language = checkout.language;
	locale = page_locale(room->theme, support->settings, checkout.language);
	page.title = locale_text(locale, "pay_title");
	root = page_values(room->theme, support->settings, &page, arena);
	order = (struct rail_order){.checkout = checkout.id, .frequency = checkout.frequency, .amount = checkout.amount, .language = checkout.language};
	add_words(support, locale, &checkout, line->rail->name, root, arena);
	press_set_text(root, "other_href", str_format(arena, "../thanks?t=%.*s&back=1", STR_ARG(token)));
	press_set_bool(root, "test_mode", !support->settings->live);
	if (checkout.frequency != FREQUENCY_ONCE && !add_contact(support, root, locale, &checkout, token, arena, &f)) {
		log_fault(&f, "a page of how to pay");
		http_answer_fault(rq, &f);
		return;
	}
	if (!line->rail->instruct(line, &order, locale, root, arena, &f)) {
		log_fault(&f, "writing how to pay");
		http_answer_fault(rq, &f);
		return;
	}
	page_answer(room, rq, 200, "pay", root);
}
