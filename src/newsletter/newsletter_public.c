/* newsletter_public.c: what readers see of this room: the answer to a sign-up, the confirm and the unsubscribe
 * page.
 *
 * Decides: which page answers what. Leaves to newsletter_subscriber.c: what it does. Runs in: the newsletter room,
 * on the socket that front alone may use. The hard thing: no page may tell whether an address or a token is known:
 * a sign-up has one answer for every address, a GET looks nothing up and changes nothing, leaving has one answer
 * for every token.
 * SPDX-License-Identifier: ISC */
#include "newsletter_inside.h"

#include "base/arena.h"
#include "base/fault.h"
#include "base/limits.h"
#include "base/log.h"
#include "house/overlay.h"
#include "house/page.h"
#include "http/http.h"
#include "http/http_client.h"
#include "newsletter_flood.h"
#include "newsletter_keys.h"
#include "newsletter_public.h"
#include "press/locale.h"
#include "press/theme.h"
#include "press/value.h"

enum { BACK_MOST = 500 };

struct str newsletter_page_language(struct room *room, struct str asked)
{
	if (asked.len >= LANGUAGE_BYTES)
		asked = (struct str){NULL, 0};
	return locale_language(page_locale(room->theme, &room->settings, asked));
}

/* A path on this site, as the forms carry it; anything else is the front page. */
static struct str back_path(struct str back)
{
	if (back.len == 0 || back.len > BACK_MOST || back.at[0] != '/' || str_starts(back, STR("//")) ||
		str_has_control(back) ||
		str_find_char(back, '\\') != SIZE_MAX || str_find(back, STR("/../")) != SIZE_MAX ||
		str_find(back, STR("//")) != SIZE_MAX)
		return STR("/");
	return back;
}

/* Which text stood under the form. A page that was loaded before the policy changed says which it was; only a version that the
 * desk knows counts, anything else is the one in force. */
static struct str policy_version(struct room *room, struct str language, struct str seen, struct arena *arena)
{
	const struct overlay_policy *known = page_policy_find(&room->settings, seen);

	if (known == NULL && seen.len == OVERLAY_POLICY_CHARS) {
		/* a page of this very second: the desk's newest version has not come round to us yet */
		room_look_whether_overlay(room);
		known = page_policy_find(&room->settings, seen);
	}
	return known != NULL ? known->hash : page_policy(room->theme, &room->settings, language, arena);
}

bool newsletter_refuse_cross_site(struct http_request *rq, struct room *room)
{
	struct fault f = {0};
	struct str language = newsletter_page_language(room, http_field(rq, "lang"));
	struct str say = locale_text(page_locale(room->theme, &room->settings, language), "newsletter_cross_site");

	if (!http_is_cross_site(rq))
		return false;
	fault_set(&f, FAULT_DENIED, "%.*s", STR_ARG(say));
	http_answer_fault(rq, &f);
	return true;
}

/* --- signing up --- */

static void answer_sheet(struct room *room, struct http_request *rq, struct str language, struct str typed,
	struct str back,
	bool is_error)
{
	struct arena *arena = http_arena(rq);
	const struct locale *locale = page_locale(room->theme, &room->settings, language);
	struct page page = {.language = language, .depth = 1, .title = locale_text(locale, "newsletter_title")};
	struct press_value *root = page_values(room->theme, &room->settings, &page, arena);
	struct press_value *sheet = page_newsletter_sheet(room->theme, &room->settings, &page, typed,
		is_error ? locale_text(locale, "newsletter_error") : STR(""), arena);

	press_set_text(root, "heading", page.title);
	press_set_text(sheet, "back", back);
	if (!is_error) {
		struct press_value *done = press_set_map(sheet, "done");
		bool to_front = str_is(back, "/");

		press_set_text(sheet, "heading", locale_text(locale, "newsletter_sent_title"));
		press_set_text(done, "sentence", locale_text(locale, "newsletter_sent"));
		press_set_text(done, "href", str_format(arena, "..%.*s", STR_ARG(back)));
		press_set_text(done, "link", locale_text(locale, to_front ? "to_front_page" : "newsletter_back"));
	}
	press_set(root, "newsletter", sheet);
	page_answer(room, rq, is_error ? 400 : 200, "newsletter_page", root);
}

static void post_subscribe(struct http_request *rq, void *self)
{
	struct room *room = self;
	struct newsletter *n = newsletter_of(room);
	struct str typed = http_field(rq, "email");
	struct str back = back_path(http_field(rq, "back"));
	struct str language = newsletter_page_language(room, http_field(rq, "lang"));
	struct fault f = {0};
	struct email email;

	if (newsletter_refuse_cross_site(rq, room))
		return;
	if (!email_parse(typed, &email, &f)) {
		answer_sheet(room, rq, language, typed, back, true);
		return;
	}
	if (!newsletter_flood_lets_in(room, rq, language, &email, back))
		return;
	if (!newsletter_sign_up(n, &email, language, policy_version(room, language, http_field(rq, "policy"), http_arena(rq)), &f)) {
		log_fault(&f, "taking a sign-up");
		http_answer_fault(rq, &f);
		return;
	}
	newsletter_flood_came(n->flood, clock_mono_ms());
	newsletter_point("signed up");
	answer_sheet(room, rq, language, STR(""), back, false);
	newsletter_take_intake_soon(n);
}

/* --- links from mails --- */

bool newsletter_is_token(struct str token)
{
	for (size_t i = 0; i < token.len; i++)
		if (!(token.at[i] >= 'a' && token.at[i] <= 'z') && !(token.at[i] >= '2' && token.at[i] <= '7'))
			return false;
	return token.len == RAND_TOKEN_CHARS;
}

struct link_words {
	const char *title, *sentence, *button;
};

static const struct link_words confirm_words = {"newsletter_confirm_title", "newsletter_confirm_title",
	"newsletter_confirm_button"};
static const struct link_words leave_words = {"newsletter_unsubscribe_title", "newsletter_unsubscribe",
	"newsletter_unsubscribe_button"};
static const struct link_words left_words = {"newsletter_unsubscribed_title", "newsletter_unsubscribed", NULL};
static const struct link_words old_words = {"newsletter_link_old_title", "newsletter_link_old", NULL};

struct str newsletter_link_language(struct room *room, struct http_request *rq)
{
	struct str query = http_query(rq, "lang");

	return newsletter_page_language(room, query.len > 0 ? query : http_field(rq, "lang"));
}

static void answer_small(struct room *room, struct http_request *rq, int status, const struct link_words *words,
	struct str sentence)
{
	struct str language = newsletter_link_language(room, rq);
	const struct locale *locale = page_locale(room->theme, &room->settings, language);
	struct page_small small = {.page = {.language = language, .depth = 2}};

	small.page.title = small.heading = locale_text(locale, words->title);
	small.sentence = sentence.len > 0 ? sentence : locale_text(locale, words->sentence);
	if (words == &confirm_words)
		small.sentence = locale_indexed(locale, "newsletter_confirm_when", (size_t) room->settings.slot.weekday);
	if (words->button != NULL) {
		small.button = locale_text(locale, words->button);
		small.action = http_part(rq, "token");
		small.hidden_name = STR("lang");
		small.hidden_value = language;
	}
	if (words == &leave_words) {
		small.link_text = locale_text(locale, "newsletter_own_link");
		small.link_href = str_format(http_arena(rq), "../manage/%.*s?lang=%.*s", STR_ARG(http_part(rq, "token")), STR_ARG(language));
	}
	page_answer_small(room, rq, status, &small);
}

void newsletter_answer_old(struct room *room, struct http_request *rq, int status)
{
	answer_small(room, rq, status, &old_words, STR(""));
}

static void get_link(struct http_request *rq, struct room *room, const struct link_words *words)
{
	if (newsletter_is_token(http_part(rq, "token")))
		answer_small(room, rq, 200, words, STR(""));
	else
		answer_small(room, rq, 404, &old_words, STR(""));
}

static void get_confirm(struct http_request *rq, void *self)
{
	get_link(rq, self, &confirm_words);
}

static void get_unsubscribe(struct http_request *rq, void *self)
{
	get_link(rq, self, &leave_words);
}

static void post_confirm(struct http_request *rq, void *self)
{
	static const struct link_words confirmed_words = {"newsletter_confirmed_title", "newsletter_confirmed_title", NULL};
	struct room *room = self;
	const struct locale *locale = page_locale(room->theme, &room->settings,
		newsletter_page_language(room, http_field(rq, "lang")));
	struct fault f = {0};
	bool known = false;

	if (newsletter_refuse_cross_site(rq, room))
		return;
	if (!newsletter_confirm(newsletter_of(room), http_part(rq, "token"), &known, &f)) {
		log_fault(&f, "confirming a subscriber");
		http_answer_fault(rq, &f);
	} else if (known) {
		answer_small(room, rq, 200, &confirmed_words,
			locale_indexed(locale, "newsletter_when", (size_t) room->settings.slot.weekday));
	} else {
		answer_small(room, rq, 200, &old_words, STR(""));
	}
}

/* The button and RFC 8058's one-click (body List-Unsubscribe=One-Click): the same, 200, no redirect, no cookie. */
static void post_unsubscribe(struct http_request *rq, void *self)
{
	struct room *room = self;
	struct fault f = {0};

	if (newsletter_refuse_cross_site(rq, room))
		return;
	if (newsletter_leave(newsletter_of(room), http_part(rq, "token"), &f)) {
		answer_small(room, rq, 200, &left_words, STR(""));
	} else {
		log_fault(&f, "unsubscribing");
		http_answer_fault(rq, &f);
	}
}

/* --- retired signing keys --- */

static void write_keys(struct buf *page, const struct locale *locale, const json_t *keys)
{
	const json_t *key, *record;
	size_t i, k, count = 0;

	buf_add_str(page, locale_text(locale, "newsletter_keys"));
	buf_add_text(page, "\n");
	json_array_foreach(json_object_get(keys, "keys"), i, key)
		json_array_foreach(json_object_get(key, "records"), k, record) {
			struct str pem = http_json_text(record, "pem");

			if (pem.len == 0)
				continue;
			buf_format(page, "\n%.*s (%.*s)\n%.*s", STR_ARG(http_json_text(record, "name")),
				STR_ARG(http_json_text(record, "algorithm")), STR_ARG(pem));
			count++;
		}
	if (count == 0) {
		buf_add_text(page, "\n");
		buf_add_str(page, locale_text(locale, "newsletter_keys_none"));
		buf_add_text(page, "\n");
	}
}

/* For machines and experts: plain text, and nothing that is not public. */
static void get_keys(struct http_request *rq, void *self)
{
	struct room *room = self;
	const struct locale *locale = page_locale(room->theme, &room->settings, newsletter_page_language(room, http_query(rq, "lang")));
	json_t *keys = json_object();
	struct fault f = {0};
	struct buf page;

	buf_init(&page, LIMIT_PAGE_BYTES);
	if (newsletter_keys_json(newsletter_of(room), http_arena(rq), keys, &f)) {
		write_keys(&page, locale, keys);
		page_headers(&room->settings, room->theme, rq);
		http_answer(rq, 200, "text/plain; charset=utf-8", buf_view(&page));
	} else {
		log_fault(&f, "reading the signing keys");
		http_answer_fault(rq, &f);
	}
	buf_release(&page);
	json_decref(keys);
}

const struct http_route newsletter_front_routes[] = {
	{"POST", "/newsletter/subscribe", post_subscribe, HTTP_FORM},
	{"GET", "/newsletter/confirm/{token}", get_confirm, HTTP_NO_BODY},
	{"POST", "/newsletter/confirm/{token}", post_confirm, HTTP_FORM},
	{"GET", "/newsletter/unsubscribe/{token}", get_unsubscribe, HTTP_NO_BODY},
	{"POST", "/newsletter/unsubscribe/{token}", post_unsubscribe, HTTP_FORM},
	{"GET", "/newsletter/keys/", get_keys, HTTP_NO_BODY},
	{"GET", "/newsletter/manage/{token}", newsletter_get_manage, HTTP_NO_BODY},
	{"POST", "/newsletter/manage/{token}", newsletter_post_manage, HTTP_FORM},
	{"GET", "/newsletter/work.js", newsletter_get_work_js, HTTP_NO_BODY},
	{NULL, NULL, NULL, HTTP_NO_BODY},
};
