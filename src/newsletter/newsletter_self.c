/* newsletter_self.c: what a reader does about themselves, by the link that stands in every mail: see what is held, pause, choose a language,
 * take it along, be erased.
 *
 * Decides: the page, and what each button does. Leaves to newsletter_list.c: what is held. Runs in: the newsletter room, on front's socket.
 * The hard thing: whoever has the link has the power, a mail scanner too, so a GET looks nothing up and shows one button; and a link that is
 * unknown, old, or of somebody who was erased has one answer.
 * SPDX-License-Identifier: ISC */
#include "newsletter_public.h"

#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "house/page.h"
#include "http/http_client.h"
#include "newsletter_import.h"
#include "newsletter_inside.h"
#include "press/locale.h"
#include "press/theme.h"
#include "press/value.h"

enum { PAUSE_DAYS_MOST = 366, PAUSE_DAYS_OFFERED = 30, LANGUAGES_MOST = 32 };

struct self_page {
	struct room *room;
	struct http_request *rq;
	struct arena *arena;
	const struct locale *locale;
	struct press_value *root;
	struct str language;
};

static struct str word(const struct self_page *is, const char *key)
{
	return locale_text(is->locale, key);
}

static void begin(struct self_page *is, struct room *room, struct http_request *rq)
{
	struct page page = {.depth = 2};

	is->room = room;
	is->rq = rq;
	is->arena = http_arena(rq);
	is->language = newsletter_link_language(room, rq);
	is->locale = page_locale(room->theme, &room->settings, is->language);
	page.language = is->language;
	page.title = word(is, "newsletter_own_title");
	is->root = page_values(room->theme, &room->settings, &page, is->arena);
	press_set_text(is->root, "heading", page.title);
	press_set_text(is->root, "action", http_part(rq, "token"));
	press_set_text(is->root, "sentence", word(is, "newsletter_own_sentence"));
}

static void answer(struct self_page *is, int status)
{
	page_answer(is->room, is->rq, status, "subscription", is->root);
}

static void set_question(struct self_page *is, const char *what, const char *button, const char *back)
{
	struct press_value *ask = press_set_map(is->root, "ask");

	press_set_c(ask, "do", what);
	press_set_text(ask, "button", word(is, button));
	if (back != NULL)
		press_set_text(ask, "back", word(is, back));
}

void newsletter_get_manage(struct http_request *rq, void *self)
{
	struct self_page is = {0};

	if (!newsletter_is_token(http_part(rq, "token"))) {
		newsletter_answer_old(self, rq, 404);
		return;
	}
	begin(&is, self, rq);
	set_question(&is, "show", "newsletter_own_show", NULL);
	answer(&is, 200);
}

/* --- what is held --- */

static struct str iso_day(struct self_page *is, int64_t day)
{
	struct civil civil = clock_civil_utc(clock_from_utc_day((int32_t) day));

	return str_format(is->arena, "%04d-%02d-%02d", civil.year, civil.month, civil.day);
}

/* "2026-11-20" as the page's language writes it. */
static struct str readable(struct self_page *is, struct str value)
{
	struct civil civil = {0};
	int64_t year, month, day;

	if (value.len != 10 || value.at[4] != '-' || value.at[7] != '-' || !str_to_i64(str_part(value, 0, 4), &year) ||
		!str_to_i64(str_part(value, 5, 2), &month) || !str_to_i64(str_part(value, 8, 2), &day))
		return value;
	civil = (struct civil){.year = (int) year, .month = (int) month, .day = (int) day};
	return locale_date(is->locale, &civil, is->arena);
}

static void add_fact(struct self_page *is, struct press_value *list, const char *label, struct str value, bool is_ltr)
{
	struct press_value *fact;

	if (value.len == 0)
		return;
	fact = press_add_map(list);
	press_set_text(fact, "label", word(is, label));
	press_set_text(fact, "value", str_copy(value, is->arena));
	press_set_bool(fact, "ltr", is_ltr);
}

static void add_languages(struct self_page *is, struct press_value *held, struct str chosen)
{
	struct press_value *list = press_set_list(held, "languages");
	struct str codes[LANGUAGES_MOST];
	size_t count = theme_languages(is->room->theme, codes, LANGUAGES_MOST);

	for (size_t i = 0; i < count && i < LANGUAGES_MOST; i++) {
		struct press_value *one = press_add_map(list);

		press_set_text(one, "code", codes[i]);
		press_set_text(one, "name", locale_name(theme_locale(is->room->theme, codes[i])));
		press_set_bool(one, "current", str_equal(codes[i], chosen));
	}
}

static void add_words(struct self_page *is, struct press_value *held)
{
	static const char *const keys[] = {"pause_heading", "pause_sentence", "pause_label", "pause_button", "resume_button", "language_heading",
		"language_label", "export_heading", "export_sentence", "export_button", "erase_heading", "erase_sentence",
		"erase_button"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		press_set_text(held, keys[i], word(is, str_to_c(str_format(is->arena, "newsletter_own_%s", keys[i]), is->arena)));
}

static void show(struct self_page *is, const json_t *facts)
{
	struct press_value *held = press_set_map(is->root, "held"), *list = press_set_list(held, "facts");
	bool is_confirmed = str_is(http_json_text(facts, "state"), "confirmed");
	struct str paused = http_json_text(facts, "paused_until");
	int64_t today = clock_utc_day(clock_now());
	bool is_paused = str_compare(paused, iso_day(is, today)) > 0;

	add_fact(is, list, "newsletter_own_address", http_json_text(facts, "address"), true);
	add_fact(is, list, "newsletter_own_state", word(is, is_confirmed ? "newsletter_own_confirmed" : "newsletter_own_pending"), false);
	add_fact(is, list, "newsletter_own_consent", readable(is, http_json_text(facts, "consent_day")), false);
	add_fact(is, list, "newsletter_own_policy", http_json_text(facts, "policy"), true);
	add_fact(is, list, "newsletter_own_proof", http_json_text(facts, "proof"), false);
	add_fact(is, list, "newsletter_own_since", readable(is, http_json_text(facts, "confirmed_day")), false);
	if (is_paused)
		add_fact(is, list, "newsletter_own_paused", readable(is, paused), false);
	if (str_compare(http_json_text(facts, "left_out_until"), iso_day(is, today)) > 0)
		add_fact(is, list, "newsletter_own_left_out", readable(is, http_json_text(facts, "left_out_until")), false);
	press_set_bool(held, "is_confirmed", is_confirmed);
	press_set_bool(held, "is_paused", is_paused);
	press_set_text(held, "until", is_paused ? str_copy(paused, is->arena) : iso_day(is, today + PAUSE_DAYS_OFFERED));
	press_set_text(held, "until_min", iso_day(is, today + 1));
	press_set_text(held, "until_max", iso_day(is, today + PAUSE_DAYS_MOST));
	add_languages(is, held, http_json_text(facts, "language"));
	add_words(is, held);
}

/* --- buttons --- */

static bool read_until(struct str text, int64_t *day)
{
	struct when when;
	struct fault f = {0};
	int64_t today = clock_utc_day(clock_now());

	/* at noon UTC, so that no zone moves it to another day */
	if (text.len != 10)
		return false;
	{
		char at[32];

		(void) snprintf(at, sizeof(at), "%.*sT12:00:00Z", STR_ARG(text));
		if (!clock_parse(str_from(at), &when, &f))
			return false;
	}
	*day = clock_utc_day(when);
	return *day > today && *day <= today + PAUSE_DAYS_MOST;
}

static bool is_language(struct room *room, struct str code)
{
	struct str codes[LANGUAGES_MOST];
	size_t count = theme_languages(room->theme, codes, LANGUAGES_MOST);

	for (size_t i = 0; i < count && i < LANGUAGES_MOST; i++)
		if (str_equal(codes[i], code))
			return true;
	return false;
}

/* What the button does to the row. *notice: the text's key; *error: that of what was wrong. */
static bool change(struct self_page *is, int64_t id, struct str what, const char **notice, const char **error, struct fault *f)
{
	struct store *db = is->room->db;
	int64_t until = 0;

	if (str_is(what, "pause") && !read_until(str_trim(http_field(is->rq, "until")), &until)) {
		*error = "newsletter_own_pause_error";
		return true;
	}
	if (str_is(what, "pause") || str_is(what, "resume")) {
		*notice = until > 0 ? "newsletter_own_pause_done" : "newsletter_own_resume_done";
		return store_run(db, NEWSLETTER_SQL_SUBSCRIBER_PAUSE, STORE_ARGS(store_i64(id), store_i64(until)), NULL, f);
	}
	if (str_is(what, "language") && is_language(is->room, http_field(is->rq, "language"))) {
		*notice = "newsletter_own_language_done";
		return store_run(db, NEWSLETTER_SQL_SUBSCRIBER_SPEAK, STORE_ARGS(store_i64(id), store_text(http_field(is->rq, "language"))),
			NULL, f);
	}
	return true;
}

static void answer_export(struct self_page *is, const json_t *facts)
{
	page_headers(&is->room->settings, is->room->theme, is->rq);
	http_set(is->rq, "Content-Disposition", "attachment; filename=\"subscription.json\"");
	http_answer(is->rq, 200, "application/json", http_json_write(facts, is->arena));
}

static void answer_erased(struct self_page *is)
{
	press_set_text(is->root, "heading", word(is, "newsletter_unsubscribed_title"));
	press_set_text(is->root, "sentence", word(is, "newsletter_own_erased"));
	answer(is, 200);
}

static bool act(struct self_page *is, int64_t id, struct str what, struct fault *f)
{
	const char *notice = NULL, *error = NULL;
	json_t *facts;
	bool ok;

	if (str_is(what, "erase-now")) {
		ok = newsletter_erase(newsletter_of(is->room), id, f);
		if (ok)
			answer_erased(is);
		return ok;
	}
	if (str_is(what, "erase")) {
		press_set_text(is->root, "heading", word(is, "newsletter_own_erase_heading"));
		press_set_text(is->root, "sentence", word(is, "newsletter_own_erase_ask"));
		set_question(is, "erase-now", "newsletter_own_erase_now", "newsletter_own_keep");
		answer(is, 200);
		return true;
	}
	facts = json_object();
	ok = change(is, id, what, &notice, &error, f) && newsletter_facts(newsletter_of(is->room), id, is->arena, facts, f);
	if (ok && str_is(what, "export")) {
		answer_export(is, facts);
	} else if (ok) {
		if (notice != NULL)
			press_set_text(is->root, "notice", word(is, notice));
		if (error != NULL)
			press_set_text(is->root, "error", word(is, error));
		show(is, facts);
		answer(is, error != NULL ? 400 : 200);
	}
	json_decref(facts);
	return ok;
}

void newsletter_post_manage(struct http_request *rq, void *self)
{
	struct self_page is = {0};
	struct room *room = self;
	struct fault f = {0};
	int64_t id = 0;

	if (newsletter_refuse_cross_site(rq, room))
		return;
	if (!newsletter_is_token(http_part(rq, "token"))) {
		newsletter_answer_old(room, rq, 404);
		return;
	}
	if (!newsletter_by_token(newsletter_of(room), http_part(rq, "token"), &id, &f)) {
		log_fault(&f, "looking a link up");
		http_answer_fault(rq, &f);
		return;
	}
	if (id == 0) {
		newsletter_answer_old(room, rq, 200);
		return;
	}
	begin(&is, room, rq);
	if (act(&is, id, http_field(rq, "do"), &f))
		return;
	log_fault(&f, "a reader's own data");
	http_answer_fault(rq, &f);
}
