/* bake_texts.c: About, Privacy, the support page, pages for errors, and the files that front reads beside the pages.
 *
 * Decides: their texts' source (theme's about.xx.md and privacy.xx.md), the holes of the error pages. Leaves to others:
 * the coupon (house/page). Runs in: desk's bake. The hard thing: an error page is shown at any depth: front puts the
 * relative root where @ROOT@ stands; on a static host 404.html has links from the host's root.
 * SPDX-License-Identifier: ISC */
#include <stdio.h>
#include "base/fault.h"
#include "base/file.h"
#include "base/limits.h"
#include "desk/bake.h"
#include "gen/desk_sql.h"
#include "house/overlay.h"
#include "house/page.h"
#include "press/locale.h"
#include "press/markdown.h"
#include "press/theme.h"
#include "press/value.h"
#include "store/store.h"

/* --- About and Privacy: the newsroom's language at /about/, others that it wrote at /about/ru/ --- */

enum { TEXT_LANGUAGES = 16 };

/* "Version 3, 25 November 2026", where the desk knows this text. */
static void set_version(struct bake *bake, struct press_value *root, const struct locale *locale, struct str language)
{
	const struct overlay_policy *policy = page_policy_find(bake->settings, page_policy(bake->theme, bake->settings, language, &bake->page));
	struct civil day;

	if (policy == NULL)
		return;
	day = clock_civil((struct when){policy->made});
	press_set_text(root, "version", locale_format(locale, "policy_version", &bake->page, (const struct locale_pair[]){
		{"version", locale_number(locale, policy->version, &bake->page)}, {"date", locale_date(locale, &day, &bake->page)},
		{NULL, {NULL, 0}}}));
}

/* Links to the same text in other languages. */
static void set_others(struct bake *bake, struct press_value *root, const char *name, struct str own)
{
	struct press_value *list = press_set_list(root, "others");
	struct str languages[TEXT_LANGUAGES];
	size_t count = theme_languages(bake->theme, languages, TEXT_LANGUAGES), i;

	for (i = 0; i < count; i++) {
		const struct locale *locale = bake_locale(bake, languages[i]);
		struct press_value *item;

		if (str_equal(languages[i], own) || (!str_equal(languages[i], bake->settings->language)
			&& !page_text_has_own(bake->theme, name, languages[i])))
			continue;
		item = press_add_map(list);
		press_set_text(item, "lang", locale_language(locale));
		press_set_c(item, "dir", locale_is_rtl(locale) ? "rtl" : "ltr");
		press_set_text(item, "name", locale_name(locale));
		press_set_text(item, "href", str_format(&bake->page, "%.*s%.*s", STR_ARG(press_value_text(press_get(root, STR("root")))),
			STR_ARG(page_text_path(bake->theme, bake->settings, name, languages[i], &bake->page))));
	}
	press_set_bool(root, "has_others", press_value_count(list) > 0);
}

static bool put_text(struct bake *bake, const char *name, struct str language, struct fault *f)
{
	const struct locale *locale = bake_locale(bake, language);
	const struct locale_pair pairs[] = {{"newsroom", bake->settings->name}, {"min_monthly",
		locale_money(locale, bake->settings->frequency[FREQUENCY_MONTHLY].minimum, true, &bake->page)},
		{NULL, {NULL, 0}}};
	bool is_main = str_equal(language, bake->settings->language);
	struct str path = str_format(&bake->page, "/%.*s", STR_ARG(page_text_path(bake->theme, bake->settings, name, language, &bake->page)));
	char key[32];
	struct page page = {.language = language, .depth = is_main ? 1 : 2, .path = path};
	struct press_value *root;
	struct buf source;
	bool ok;

	snprintf(key, sizeof(key), "%s_title", name);
	page.title = locale_text(locale, key);
	root = page_values(bake->theme, bake->settings, &page, &bake->page);
	press_set_text(root, "heading", page.title);
	if (strcmp(name, "privacy") == 0)
		set_version(bake, root, locale, language);
	set_others(bake, root, name, language);
	buf_init(&source, LIMIT_THEME_FILE_BYTES);
	locale_write(&source, page_text_source(bake->theme, bake->settings, name, language), pairs);
	buf_clear(&bake->body);
	ok = markdown_write_under(buf_view(&source), STR("t-"), is_main ? STR("../") : STR("../../"), &bake->body, NULL, f);
	buf_release(&source);
	press_set_text(root, "body", buf_view(&bake->body));
	return ok && bake_put(bake, "text", NULL, root, path, f);
}

static bool put_texts(struct bake *bake, const char *name, struct fault *f)
{
	struct str languages[TEXT_LANGUAGES];
	size_t count = theme_languages(bake->theme, languages, TEXT_LANGUAGES), i;
	bool ok = put_text(bake, name, bake->settings->language, f);

	for (i = 0; ok && i < count; i++)
		if (!str_equal(languages[i], bake->settings->language) && page_text_has_own(bake->theme, name, languages[i]))
			ok = put_text(bake, name, languages[i], f);
	return ok;
}

/* The same page in the other languages that the newsroom has an appeal in. */
static void set_support_others(struct bake *bake, struct press_value *root, struct str own)
{
	struct press_value *list = press_set_list(root, "others");
	struct str languages[TEXT_LANGUAGES], rel = press_value_text(press_get(root, STR("root")));
	size_t count = theme_languages(bake->theme, languages, TEXT_LANGUAGES), i;

	for (i = 0; i < count; i++) {
		const struct locale *locale = bake_locale(bake, languages[i]);
		struct press_value *item;

		if (str_equal(languages[i], own) || (!str_equal(languages[i], bake->settings->language)
			&& !page_text_has_own(bake->theme, "appeal", languages[i])))
			continue;
		item = press_add_map(list);
		press_set_text(item, "lang", locale_language(locale));
		press_set_c(item, "dir", locale_is_rtl(locale) ? "rtl" : "ltr");
		press_set_text(item, "name", locale_name(locale));
		press_set_text(item, "href", bake_join(&bake->page, rel, page_support_path(bake->theme, bake->settings, languages[i],
			&bake->page), (struct str){NULL, 0}));
	}
	press_set_bool(root, "has_others", press_value_count(list) > 0);
}

static bool put_support_in(struct bake *bake, struct str language, struct fault *f)
{
	const struct locale *locale = bake_locale(bake, language);
	struct str path = bake_join(&bake->page, STR("/"), page_support_path(bake->theme, bake->settings, language, &bake->page),
		(struct str){NULL, 0});
	const struct page page = {.language = language, .depth = str_is(path, "/support/") ? 1 : 2, .path = path,
		.title = locale_text(locale, "support_short"), .has_form = true, .is_support = true};
	struct press_value *root = page_values(bake->theme, bake->settings, &page, &bake->page);

	press_set(root, "appeal", page_appeal(bake->theme, bake->settings, &page, NULL, &bake->page));
	set_support_others(bake, root, language);
	press_set_text(root, "intake_href", bake_join(&bake->page, press_value_text(press_get(root, STR("root"))), STR("support/intake.css"),
		(struct str){NULL, 0}));
	return bake_put(bake, "support_page", NULL, root, path, f);
}

static bool put_support(struct bake *bake, struct fault *f)
{
	struct str languages[TEXT_LANGUAGES];
	size_t count = theme_languages(bake->theme, languages, TEXT_LANGUAGES), i;
	bool ok;

	if (!bake->settings->support_on)
		return bake_site_remove(&bake->site, "support/index.html", f);
	ok = put_support_in(bake, bake->settings->language, f);
	for (i = 0; ok && i < count; i++)
		if (!str_equal(languages[i], bake->settings->language) && page_text_has_own(bake->theme, "appeal", languages[i]))
			ok = put_support_in(bake, languages[i], f);
	return ok;
}

/* --- errors --- */

/* Every link and action that begins at "./" begins at `root` instead. */
static void replace_roots(struct str html, const char *root, struct buf *out)
{
	size_t from = 0;
	size_t at;

	while ((at = str_find(str_part(html, from, SIZE_MAX), STR("=\"./"))) != SIZE_MAX) {
		buf_add(out, html.at + from, at + 2);
		buf_add_text(out, root);
		from += at + 4;
	}
	buf_add_str(out, str_part(html, from, SIZE_MAX));
}

static bool put_error(struct bake *bake, const char *file, const char *root_text, const char *title_key,
	const char *text_key, struct fault *f)
{
	const struct locale *locale = bake_locale(bake, (struct str){NULL, 0});
	const struct page page = {.title = locale_text(locale, title_key)};
	struct press_value *root = page_values(bake->theme, bake->settings, &page, &bake->page);
	struct press_value *link = press_set_map(root, "link");
	bool ok;

	press_set_text(root, "heading", page.title);
	press_set_text(root, "sentence", locale_text(locale, text_key));
	press_set_text(link, "text", locale_text(locale, "to_front_page"));
	press_set_c(link, "href", "./");
	buf_clear(&bake->html);
	buf_clear(&bake->body);
	ok = theme_render(bake->theme, "small", root, &bake->html, f);
	replace_roots(buf_view(&bake->html), root_text, &bake->body);
	ok = ok && buf_check(&bake->body, "an error page", f)
		&& bake_site_put(&bake->site, file, buf_view(&bake->body), file[0] != '_', f);
	arena_reset(&bake->page);
	return ok;
}

static bool put_errors(struct bake *bake, struct fault *f)
{
	return put_error(bake, "404.html", "/", "not_found_title", "not_found", f)
		&& put_error(bake, "_404.html", "@ROOT@", "not_found_title", "not_found", f)
		&& put_error(bake, "_410.html", "@ROOT@", "gone_title", "gone", f)
		&& put_error(bake, "_500.html", "@ROOT@", "server_error_title", "server_error", f)
		&& put_error(bake, "_503.html", "@ROOT@", "try_again_title", "try_again", f);
}

/* The hashes of style sheets in `was` that `now` does not name, at most so many: a bake that was cut short left some, too. */
static void add_old_styles(struct str now, struct str was, struct buf *out)
{
	size_t most = 12, at; /* five style sheets of the page before, and of one before it */

	while (most > 0 && (at = str_find(was, STR("'sha256-"))) != SIZE_MAX) {
		size_t end = str_find_char(str_part(was, at + 1, SIZE_MAX), '\'');
		struct str hash = end != SIZE_MAX ? str_part(was, at, end + 2) : (struct str){NULL, 0};

		if (hash.len == 0)
			break;
		if (str_find(now, hash) == SIZE_MAX) {
			buf_add_char(out, ' ');
			buf_add_str(out, hash);
			most--;
		}
		was = str_part(was, at + hash.len, SIZE_MAX);
	}
}

bool bake_headers(struct bake *bake, bool with_old, struct fault *f)
{
	struct str line = str_format(&bake->page, "Content-Security-Policy: %.*s\n",
		STR_ARG(page_csp(bake->settings, bake->theme, &bake->page)));
	size_t styles = str_find(line, STR("style-src 'self'"));
	struct str was = {NULL, 0};
	struct fault ignored = {0};
	struct buf both;
	bool ok = true;

	buf_init(&both, 16 * 1024);
	if (!with_old) {
		buf_add_str(&both, line);
	} else if (styles != SIZE_MAX && file_read(bake->site.fd, "_headers", 16 * 1024, &bake->page, &was, &ignored) && !str_equal(was, line)) {
		styles += sizeof("style-src 'self'") - 1;
		buf_add_str(&both, str_part(line, 0, styles));
		add_old_styles(line, was, &both);
		buf_add_str(&both, str_part(line, styles, SIZE_MAX));
	}
	if (both.len > 0)
		ok = buf_check(&both, "_headers", f) && bake_site_put(&bake->site, "_headers", buf_view(&both), false, f)
			&& (!with_old || bake_site_tell(&bake->site, f));
	buf_release(&both);
	arena_reset(&bake->page);
	return ok;
}

/* What stands at the search's address where front does not answer it: on a copy of the site at a static host. */
static bool put_search(struct bake *bake, struct fault *f)
{
	const struct locale *locale = bake_locale(bake, (struct str){NULL, 0});
	const struct page page = {.depth = 1, .title = locale_text(locale, "search"), .section = STR("search")};
	struct press_value *root = page_values(bake->theme, bake->settings, &page, &bake->page);
	struct press_value *link = press_set_map(root, "link");

	press_set_text(root, "heading", page.title);
	press_set_text(root, "sentence", locale_text(locale, "search_static"));
	press_set_text(link, "text", locale_text(locale, "plain_title"));
	press_set_c(link, "href", "../text/");
	return bake_put(bake, "small", NULL, root, STR("/search/"), f);
}

/* The theme's drawings that pages point to. */
static bool put_drawings(struct bake *bake, struct fault *f)
{
	return bake_site_put(&bake->site, "icon.svg", theme_file(bake->theme, "icon.svg"), true, f)
		&& bake_site_put(&bake->site, "marks.svg", theme_file(bake->theme, "marks.svg"), true, f);
}

bool bake_texts(struct bake *bake, struct fault *f)
{
	return put_drawings(bake, f) && put_search(bake, f) && put_texts(bake, "about", f) && put_texts(bake, "privacy", f)
		&& put_support(bake, f) && put_errors(bake, f) && bake_coupon(bake, f) && bake_goal(bake, f);
}

/* --- addresses that were --- */

/* Old addresses of lists and feeds, from where the newsroom was before. */
static bool add_moved_pages(struct bake *bake, struct buf *moved, struct fault *f)
{
	struct store_rows rows;

	if (!store_rows_begin(bake->db, DESK_SQL_MOVED_PAGE_ALL, STORE_NO_ARGS, &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		buf_add_str(moved, store_column_text(&rows, 0));
		buf_add_char(moved, '\t');
		buf_add_str(moved, store_column_text(&rows, 1));
		buf_add_char(moved, '\n');
	}
	return store_rows_end(&rows);
}

bool bake_addresses(struct bake *bake, struct fault *f)
{
	struct buf moved;
	struct buf gone;
	struct store_rows rows;
	bool ok;

	if (!bake->addresses_changed)
		return true;
	buf_init(&moved, 64 * 1024 * 1024);
	buf_init(&gone, 64 * 1024 * 1024);
	ok = store_rows_begin(bake->db, DESK_SQL_MOVED_ALL, STORE_NO_ARGS, &rows, f);
	if (ok) {
		while (store_rows_next(&rows, f)) {
			bool is_public = str_is(store_column_text(&rows, 2), "published");
			struct buf *out = is_public ? &moved : &gone;

			buf_add_str(out, store_column_text(&rows, 0));
			if (is_public) {
				buf_add_char(out, '\t');
				buf_add_str(out, store_column_text(&rows, 1));
			}
			buf_add_char(out, '\n');
		}
		ok = store_rows_end(&rows);
	}
	ok = ok && add_moved_pages(bake, &moved, f);
	ok = ok && store_rows_begin(bake->db, DESK_SQL_GONE_ALL, STORE_NO_ARGS, &rows, f);
	if (ok) {
		while (store_rows_next(&rows, f)) {
			buf_add_str(&gone, store_column_text(&rows, 0));
			buf_add_char(&gone, '\n');
		}
		ok = store_rows_end(&rows);
	}
	/* author pages that were taken away: hashes, so that their names are not kept here */
	ok = ok && store_rows_begin(bake->db, DESK_SQL_GONE_HASHES, STORE_NO_ARGS, &rows, f);
	if (ok) {
		while (store_rows_next(&rows, f))
			buf_format(&gone, "#%.*s\n", STR_ARG(store_column_text(&rows, 0)));
		ok = store_rows_end(&rows);
	}
	ok = ok && buf_check(&moved, "the list of redirects", f) && buf_check(&gone, "the list of withdrawn stories", f)
		&& bake_site_put(&bake->site, "_moved", buf_view(&moved), false, f)
			&& bake_site_put(&bake->site, "_gone", buf_view(&gone), false, f);
	buf_release(&moved);
	buf_release(&gone);
	return ok;
}
