/* newsletter_flood_page.c: the page between a form and its sign-up while sign-ups come in a flood.
 *
 * Decides: what a reader sees and what the form carries. Leaves to newsletter_flood.c: tickets. Runs in: the newsletter room. The hard thing:
 * without JavaScript it is a wait and one more button, and nothing that was typed is lost; with it the page goes on by itself.
 * SPDX-License-Identifier: ISC */
#include "newsletter_flood.h"

#include "base/arena.h"
#include "base/clock.h"
#include "house/page.h"
#include "newsletter_inside.h"
#include "newsletter_public.h"
#include "press/locale.h"
#include "press/theme.h"
#include "press/value.h"

/* has_place: waiting helps; without one only the work does, or another try later. */
static void answer_page(struct room *room, struct http_request *rq, struct str language, struct str back, struct str ticket,
	int64_t wait_s, bool has_place)
{
	struct arena *arena = http_arena(rq);
	const struct locale *locale = page_locale(room->theme, &room->settings, language);
	struct page page = {.language = language, .depth = 1, .title = locale_text(locale, "newsletter_flood_title")};
	struct press_value *root = page_values(room->theme, &room->settings, &page, arena);
	struct press_value *form = press_set_map(root, "form");

	press_set_text(root, "heading", page.title);
	press_set_text(root, "sentence", locale_text(locale, has_place ? "newsletter_flood" : "newsletter_flood_full"));
	press_set_text(form, "email", http_field(rq, "email"));
	press_set_text(form, "back", back);
	press_set_text(form, "language", language);
	press_set_text(form, "policy", http_field(rq, "policy"));
	press_set_text(form, "ticket", ticket);
	press_set_i64(form, "bits", FLOOD_WORK_BITS);
	if (has_place)
		press_set_text(form, "wait", wait_s > 0 ? locale_plural(locale, "newsletter_flood_wait", wait_s, arena) :
			locale_text(locale, "newsletter_flood_now"));
	press_set_text(form, "button", locale_text(locale, "newsletter_button"));
	press_set_text(form, "working", locale_text(locale, "newsletter_flood_working"));
	http_set(rq, "Retry-After", str_to_c(str_format(arena, "%lld", (long long) (wait_s > 0 ? wait_s : 60)), arena));
	page_answer(room, rq, 429, "flood", root);
}

bool newsletter_flood_lets_in(struct room *room, struct http_request *rq, struct str language, const struct email *email, struct str back)
{
	struct flood *flood = newsletter_of(room)->flood;
	struct str ticket = http_field(rq, "ticket");
	char fresh[FLOOD_TICKET_BYTES];
	int64_t now_ms = clock_mono_ms(), wait_s = 0;
	enum flood_answer is = FLOOD_BAD;

	if (newsletter_flood_may(flood, now_ms))
		return true;
	if (ticket.len > 0)
		is = newsletter_flood_check(flood, email, ticket, http_field(rq, "nonce"), now_ms, &wait_s);
	if (is == FLOOD_GOOD)
		return true;
	if (is == FLOOD_TOO_EARLY)
		answer_page(room, rq, language, back, ticket, wait_s, true);
	else {
		bool has_place = newsletter_flood_ticket(flood, email, now_ms, fresh, &wait_s);

		answer_page(room, rq, language, back, str_from(fresh), has_place ? wait_s : FLOOD_QUEUE_S, has_place);
	}
	return false;
}

void newsletter_get_work_js(struct http_request *rq, void *self)
{
	struct room *room = self;

	http_set(rq, "Cache-Control", "max-age=3600");
	http_set(rq, "X-Content-Type-Options", "nosniff");
	http_answer(rq, 200, "text/javascript; charset=utf-8", theme_file(room->theme, "work.js"));
}
