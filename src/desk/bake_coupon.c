/* bake_coupon.c: coupon.js with the newsroom's figures and each language's words; the style sheets of a copy that takes no forms.
 *
 * Decides: what of the coupon stands beside the pages instead of in each. Leaves to others: the script itself (theme). Runs in:
 * desk's bake. The hard thing: ten thousand pages carry the coupon, and a story's has no bytes to spare; so what only improves it,
 * and what is read only where nobody takes forms, is one file each, in all languages.
 * SPDX-License-Identifier: ISC */
#include <jansson.h>
#include <string.h>
#include "base/fault.h"
#include "desk/bake.h"
#include "house/fee.h"
#include "house/settings.h"
#include "http/http_client.h"
#include "press/locale.h"
#include "press/theme.h"

enum { LANGUAGES = 16, FILE_BYTES = 64 * 1024 };

/* The decimal sign, as the language writes one and a half. */
static struct str point_of(const struct locale *locale, struct arena *arena)
{
	struct str text = locale_money(locale, (struct money){150, "USD"}, false, arena);
	size_t one = str_find_char(text, '1'), fifty = str_find(text, STR("50"));

	return one == SIZE_MAX || fifty == SIZE_MAX || fifty <= one + 1 ? STR(".") : str_part(text, one + 1, fifty - one - 1);
}

static void add_words(struct bake *bake, json_t *words, const struct locale *locale)
{
	static const char *const keys[][2] = {{"once", "continue_once"}, {"monthly", "continue_monthly"}, {"annual", "continue_annual"},
		{"wait", "continue_wait"}, {"share", "fee_share"}, {"little", "fee_little"}, {"none", "fee_none"}};
	const struct locale_pair newsroom[] = {{"newsroom", bake->settings->name}, {NULL, {NULL, 0}}};
	json_t *one = json_object();

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		json_object_set_new(one, keys[i][0], http_json_str(locale_text(locale, keys[i][1])));
	json_object_set_new(one, "point", http_json_str(point_of(locale, &bake->page)));
	json_object_set_new(one, "cover", http_json_str(locale_format(locale, "cover_fee", &bake->page, newsroom)));
	if (bake->settings->goal > 0) {
		json_object_set_new(one, "goal", http_json_str(locale_text(locale, bake->settings->goal_is_money ? "goal_money" : "goal_supporters")));
		json_object_set_new(one, "alt", http_json_str(locale_text(locale, "goal_alt")));
	}
	json_object_set_new(words, str_to_c(locale_language(locale), &bake->page), one);
}

static bool put_script(struct bake *bake, const struct str *languages, size_t count, struct fault *f)
{
	struct settings_fee fee = fee_of(bake->settings, (struct str){NULL, 0});
	json_t *all = json_object(), *words = json_object();
	struct buf script;
	bool ok;

	json_object_set_new(all, "words", words);
	json_object_set_new(all, "otherwise", http_json_str(locale_language(bake_locale(bake, (struct str){NULL, 0}))));
	json_object_set_new(all, "digits", json_integer(money_digits(bake->settings->currency)));
	json_object_set_new(all, "fee", fee.is_known ? json_pack("[I, I]", (json_int_t) fee.per_10000, (json_int_t) fee.fixed_minor) : json_null());
	for (size_t i = 0; i < count; i++)
		add_words(bake, words, bake_locale(bake, languages[i]));
	buf_init(&script, FILE_BYTES);
	buf_add_str(&script, theme_file(bake->theme, "coupon.js"));
	buf_add_text(&script, "say(");
	buf_add_str(&script, http_json_write(all, &bake->page));
	buf_add_text(&script, ");\n");
	ok = buf_check(&script, "coupon.js", f) && bake_site_put(&bake->site, "coupon.js", buf_view(&script), true, f);
	buf_release(&script);
	json_decref(all);
	return ok;
}

/* --- a copy of the site at a static host --- */

static void add_string(struct buf *css, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '"' || text.at[i] == '\\')
			buf_add_char(css, '\\');
		if ((unsigned char) text.at[i] >= 0x20)
			buf_add_char(css, text.at[i]);
	}
}

/* What stands instead of the forms, on stories: in the page's language, with the live addresses. */
static void add_notice(struct bake *bake, struct buf *css, const struct locale *locale)
{
	const struct settings *settings = bake->settings;

	buf_add_text(css, ":is(.coupon,.mail):lang(");
	buf_add_str(css, locale_language(locale));
	buf_add_text(css, ")::before{content:\"");
	add_string(css, locale_text(locale, "mirror_forms"));
	buf_add_text(css, "\\a ");
	add_string(css, settings->url);
	if (settings->onion.len > 0) {
		buf_add_text(css, "\\a ");
		add_string(css, settings->onion);
	}
	for (size_t i = 0; i < settings->hosts.count; i++) {
		buf_add_text(css, "\\a ");
		add_string(css, settings->hosts.items[i]);
	}
	buf_add_text(css, "\"}\n");
}

/* Front answers these addresses itself. Where the file is what a reader gets, nobody is there to take a form. Stories link the
 * first; other pages with forms the second, and have the addresses as links. */
static bool put_sheets(struct bake *bake, const struct str *languages, size_t count, struct fault *f)
{
	struct buf css;
	bool ok;

	buf_init(&css, FILE_BYTES);
	buf_add_text(&css, ":is(.coupon,.mail)::before{white-space:pre-line;overflow-wrap:anywhere;font-weight:700}:is(.coupon,.mail)>:is(form,details)"
		"{display:none}\n");
	for (size_t i = 0; i < count; i++)
		add_notice(bake, &css, bake_locale(bake, languages[i]));
	ok = buf_check(&css, "support/quiet.css", f) && bake_site_put(&bake->site, "support/quiet.css", buf_view(&css), false, f) &&
		bake_site_put(&bake->site, "support/intake.css", STR(".mirror{display:block}.mirror~:is(form,details){display:none}\n"), false, f);
	buf_release(&css);
	return ok;
}

bool bake_coupon(struct bake *bake, struct fault *f)
{
	struct str languages[LANGUAGES];
	size_t count = theme_languages(bake->theme, languages, LANGUAGES);

	return put_script(bake, languages, count, f) && put_sheets(bake, languages, count, f);
}
