/* page_insert.c: the two sheets that are laid into pages: the newsletter's box and the appeal with its coupon.
 *
 * Decides: what both are given, from settings and locale alone: no weekday, sum or currency is ever typed into a text.
 * Runs in: desk (baking), newsletter and support (a form that comes back with what was typed). The hard thing: a coupon
 * that came back must look as the reader left it, whatever was typed.
 * SPDX-License-Identifier: ISC */
#include <stdio.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/limits.h"
#include "house/page.h"
#include "house/page_inside.h"
#include "press/html.h"
#include "press/locale.h"
#include "press/markdown.h"
#include "press/theme.h"
#include "press/value.h"

enum { LETTER_BYTES = 32 * 1024 };

/* "../" × depth */
static struct str insert_href(const struct page *page, const char *path, struct arena *arena)
{
	struct str out = {NULL, 0};
	unsigned i;

	if (page->depth == 0)
		return str_format(arena, "./%s", path);
	out = str_from(path);
	for (i = 0; i < page->depth; i++)
		out = str_format(arena, "../%.*s", STR_ARG(out));
	return out;
}

/* A whole sentence whose {link} becomes a link: everything else escaped. */
static struct str insert_linked(struct str sentence, struct str href, struct str words, struct arena *arena)
{
	struct buf html;
	size_t at = str_find(sentence, STR("{link}"));
	struct str out;

	buf_init(&html, 4096);
	html_text(&html, str_part(sentence, 0, at));
	if (at != SIZE_MAX) {
		buf_add_text(&html, "<a");
		html_attr(&html, "href", href);
		buf_add_char(&html, '>');
		html_text(&html, words);
		buf_add_text(&html, "</a>");
		html_text(&html, str_part(sentence, at + 6, SIZE_MAX));
	}
	out = str_copy(buf_view(&html), arena);
	buf_release(&html);
	return out;
}

struct press_value *page_newsletter_sheet(struct theme *theme, const struct settings *settings, const struct page *page,
	struct str typed, struct str error, struct arena *arena)
{
	const struct locale *locale = page_locale(theme, settings, page->language);
	struct press_value *map = press_map(arena);

	press_set_text(map, "heading", locale_text(locale, "newsletter_heading"));
	press_set_text(map, "what", locale_text(locale, "newsletter_what"));
	press_set_text(map, "every", locale_indexed(locale, "newsletter_when", (size_t) settings->slot.weekday));
	press_set_text(map, "preview_href", insert_href(page, "newsletter/latest/", arena));
	press_set_text(map, "preview_text", locale_text(locale, "newsletter_preview"));
	press_set_text(map, "action", insert_href(page, "newsletter/subscribe", arena));
	press_set_c(map, "field_id", "newsletter-email");
	press_set_text(map, "lang", locale_language(locale));
	press_set_text(map, "back", page->path.len > 0 ? page->path : STR("/"));
	press_set_text(map, "label", locale_text(locale, "newsletter_label"));
	press_set_text(map, "button", locale_text(locale, "newsletter_button"));
	press_set_text(map, "agree_html", insert_linked(locale_text(locale, "newsletter_agree"),
		insert_href(page, str_to_c(page_text_path(theme, settings, "privacy", locale_language(locale), arena), arena), arena),
		locale_text(locale, "privacy_policy"), arena));
	if (!page->is_story) { /* there support/quiet.css says it */
		page_add_mirror(map, settings, locale, "mirror_newsletter", "newsletter/", arena);
		press_set_text(map, "intake_href", insert_href(page, "support/intake.css", arena));
	}
	press_set_text(map, "policy", page_policy(theme, settings, locale_language(locale), arena));
	press_set_text(map, "typed", typed);
	if (error.len > 0)
		press_set_text(map, "error", error);
	return map;
}

/* --- the appeal's letter --- */

/* The newsroom's own letter in this language (theme/appeal.xx.md), else the locale's. */
static struct str insert_letter_source(struct theme *theme, const struct locale *locale, struct arena *arena)
{
	struct str language = locale_language(locale), own = {NULL, 0};
	char name[64];

	snprintf(name, sizeof(name), "appeal.%.*s.md", STR_ARG(language));
	own = theme_file(theme, name);
	(void) arena;
	return own.len > 0 ? own : locale_text(locale, "appeal_letter");
}

static struct str insert_letter(struct theme *theme, const struct settings *settings, const struct locale *locale,
	struct arena *arena)
{
	const struct locale_pair pairs[] = {
		{"newsroom", settings->name},
		{"min_monthly", locale_money(locale, settings->frequency[FREQUENCY_MONTHLY].minimum, true, arena)},
		{NULL, {NULL, 0}}
	};
	struct markdown_result result;
	struct fault ignored = {0};
	struct buf source, html;
	struct str out = {NULL, 0};

	buf_init(&source, LETTER_BYTES);
	buf_init(&html, 2 * LETTER_BYTES);
	locale_write(&source, insert_letter_source(theme, locale, arena), pairs);
	if (markdown_write(buf_view(&source), STR("appeal-"), &html, &result, &ignored))
		out = str_copy(buf_view(&html), arena);
	buf_release(&source);
	buf_release(&html);
	return out;
}

/* --- the coupon --- */

static void insert_frequencies(struct press_value *map, const struct locale *locale, enum frequency chosen)
{
	struct press_value *list = press_set_list(map, "frequencies");
	size_t i;

	for (i = 0; i < FREQUENCY_COUNT; i++) {
		struct press_value *item = press_add_map(list);

		press_set_c(item, "value", frequency_names[i]);
		press_set_text(item, "text", locale_text(locale, frequency_names[i]));
		press_set_bool(item, "checked", i == (size_t) chosen);
	}
}

struct str page_currency_name(const struct locale *locale, struct str code)
{
	char key[32];
	struct str name;

	snprintf(key, sizeof(key), "currency_%.*s", STR_ARG(code));
	name = locale_text(locale, key);
	return str_starts(name, STR("⟦")) ? code : name;
}

/* One frequency's amounts. `given` (may be NULL) is what the reader chose. */
static void insert_set(struct press_value *set, const struct settings *settings, const struct locale *locale,
	enum frequency which, const struct page_coupon *given, struct arena *arena)
{
	const struct settings_frequency *frequency = &settings->frequency[which];
	struct str picked = given != NULL ? given->amount[which] : (struct str){NULL, 0};
	struct press_value *amounts = press_set_list(set, "amounts");
	const char *name = frequency_names[which];
	char key[32];
	size_t i;

	snprintf(key, sizeof(key), "amounts_%s", name);
	press_set_c(set, "freq", name);
	press_set_text(set, "set_label", locale_text(locale, key));
	press_set_text(set, "field", str_format(arena, "a_%s", name));
	press_set_text(set, "own_name", str_format(arena, "own_%s", name));
	for (i = 0; i < SETTINGS_AMOUNTS; i++) {
		struct press_value *item = press_add_map(amounts);
		struct str value = str_format(arena, "%lld", (long long) frequency->amounts[i].minor);

		press_set_text(item, "id", str_format(arena, "a-%s-%zu", name, i));
		press_set_text(item, "field", str_format(arena, "a_%s", name));
		press_set_text(item, "value", value);
		press_set_text(item, "text", locale_money(locale, frequency->amounts[i], true, arena));
		press_set_bool(item, "checked", picked.len > 0 ? str_equal(picked, value) : i == frequency->chosen);
	}
	press_set_bool(set, "own_checked", str_is(picked, "own"));
	if (given != NULL)
		press_set_text(set, "own_value", given->own[which]);
	press_set_bool(set, "invalid", given != NULL && given->error_amount.len > 0 && given->frequency == which
		&& (given->own[which].len > 0 || picked.len == 0 || str_is(picked, "own"))); /* else what was pressed is what is wrong */
	press_set_text(set, "sign", locale_currency_sign(settings->currency));
	press_set_text(set, "own_label", locale_text(locale, "amount_other"));
}

static void insert_reminder(struct press_value *map, const struct locale *locale, const struct page *page,
	const struct page_coupon *given, struct arena *arena)
{
	struct press_value *remind = press_set_map(map, "remind");

	press_set_text(map, "later_question", locale_text(locale, "later_question"));
	press_set_text(map, "later_link", locale_text(locale, "later_link"));
	press_set_text(map, "remind_action", insert_href(page, "support/remind#support", arena));
	press_set_text(remind, "label", locale_text(locale, "remind_label"));
	press_set_text(remind, "button", locale_text(locale, "remind_button"));
	press_set_text(remind, "fine", locale_text(locale, "remind_fine"));
	press_set_c(remind, "field_id", "remind-email");
	if (given == NULL)
		return;
	press_set_text(remind, "typed", given->remind_typed);
	if (given->remind_error.len > 0)
		press_set_text(remind, "error", given->remind_error);
	press_set_bool(remind, "open", given->remind_open || given->remind_error.len > 0);
}

/* A story has few bytes to spare: there coupon.js says what the fee takes. */
static void insert_coupon(struct press_value *map, const struct settings *settings, const struct locale *locale,
	const struct page_coupon *given, bool is_story, struct arena *arena)
{
	const struct locale_pair currency[] = {
		{"currency", page_currency_name(locale, settings->currency)}, {NULL, {NULL, 0}}
	};
	struct press_value *sets = press_set_list(map, "sets");
	size_t i;

	press_set_text(map, "legend_often", locale_text(locale, "often"));
	press_set_text(map, "legend_amount", locale_format(locale, "amount_in", arena, currency));
	press_set_text(map, "own_aria", locale_format(locale, "amount_other_label", arena, currency));
	insert_frequencies(map, locale, given != NULL && given->is_given ? given->frequency : FREQUENCY_MONTHLY);
	for (i = 0; i < FREQUENCY_COUNT; i++) {
		struct press_value *set = press_add_map(sets);

		insert_set(set, settings, locale, (enum frequency) i, given, arena);
		if (!is_story)
			page_add_shares(set, settings, locale, (enum frequency) i, arena);
	}
	if (!is_story)
		page_add_cover(map, settings, locale, given, arena);
	if (given != NULL && given->error_amount.len > 0)
		press_set_text(map, "error", given->error_amount);
	if (given != NULL && given->instead.len > 0)
		press_set_text(map, "instead", given->instead);
	if (given != NULL && given->notice.len > 0)
		press_set_text(map, "notice", given->notice);
	press_set_c(map, "error_id", "support-error");
	press_set_text(map, "button", locale_text(locale, "continue"));
	page_add_methods(map, settings, locale, given, arena);
}

struct press_value *page_appeal(struct theme *theme, const struct settings *settings, const struct page *page,
	const struct page_coupon *coupon, struct arena *arena)
{
	const struct locale *locale = page_locale(theme, settings, page->language);
	const struct locale_pair newsroom[] = {{"newsroom", settings->name}, {NULL, {NULL, 0}}};
	struct press_value *map = press_map(arena);

	press_set_c(map, "id", "support");
	press_set_text(map, "from", locale_format(locale, "appeal_from", arena, newsroom));
	press_set_text(map, "letter_html", insert_letter(theme, settings, locale, arena));
	press_set_text(map, "lang", locale_language(locale));
	press_set_text(map, "back", page->path.len > 0 ? page->path : STR("/"));
	press_set_text(map, "action", insert_href(page, "support/continue#support", arena));
	press_set_text(map, "quiet_href", insert_href(page, "support/quiet.css", arena));
	press_set_text(map, "safe_summary", locale_text(locale, "safe_summary"));
	press_set_text(map, "safe_strong", locale_text(locale, "safe_warning_strong"));
	press_set_text(map, "safe_warning", locale_text(locale, "safe_warning"));
	press_set_bool(map, "test_mode", !settings->live);
	press_set_text(map, "test_line", locale_text(locale, "test_line"));
	if (!page->is_story)
		page_add_mirror(map, settings, locale, "mirror_support", "support/", arena);
	if (!page->is_story && settings->goal > 0) {
		press_set_text(map, "goal_href", insert_href(page, "support/goal.svg", arena));
		press_set_text(map, "goal_text", locale_text(locale, settings->goal_is_money ? "goal_money" : "goal_supporters"));
		press_set_text(map, "goal_alt", locale_text(locale, "goal_alt"));
	}
	insert_coupon(map, settings, locale, coupon, page->is_story, arena);
	insert_reminder(map, locale, page, coupon, arena);
	return map;
}
