/* bake_texts.c: About, Privacy, the support page, pages for errors, and the files that front reads beside the pages.
 *
 * Decides: their texts' source (theme's about.xx.md and privacy.xx.md), the holes of the error pages. Leaves to others:
 * the coupon (house/page). Runs in: desk's bake. The hard thing: an error page is shown at any depth: front puts the
 * relative root where @ROOT@ stands; on a static host 404.html has links from the host's root.
 * SPDX-License-Identifier: ISC */
#include "base/fault.h"
#include "base/limits.h"
#include "desk/bake.h"
#include "gen/desk_sql.h"
#include "house/page.h"
#include "press/locale.h"
#include "press/markdown.h"
#include "press/theme.h"
#include "press/value.h"
#include "store/store.h"

/* --- About and Privacy --- */

static struct str text_source(struct bake *bake, const char *name, const struct locale *locale)
{
	char file[64];
	struct str text;

	snprintf(file, sizeof(file), "%s.%.*s.md", name, STR_ARG(bake->settings->language));
	text = theme_file(bake->theme, file);
	if (text.len > 0)
		return text;
	snprintf(file, sizeof(file), "%s.%.*s.md", name, STR_ARG(locale_language(locale)));
	text = theme_file(bake->theme, file);
	if (text.len > 0)
		return text;
	snprintf(file, sizeof(file), "%s.en.md", name);
	return theme_file(bake->theme, file);
}

static bool put_text(struct bake *bake, const char *name, struct fault *f)
{
	const struct locale *locale = bake_locale(bake, (struct str){NULL, 0});
	const struct locale_pair pairs[] = {{"newsroom", bake->settings->name}, {"min_monthly",
		locale_money(locale, bake->settings->frequency[FREQUENCY_MONTHLY].minimum, true, &bake->page)},
		{NULL, {NULL, 0}}};
	struct str path = str_format(&bake->page, "/%s/", name);
	char key[32];
	struct page page = {.depth = 1, .path = path};
	struct press_value *root;
	struct buf source;
	bool ok;

	snprintf(key, sizeof(key), "%s_title", name);
	page.title = locale_text(locale, key);
	root = page_values(bake->theme, bake->settings, &page, &bake->page);
	press_set_text(root, "heading", page.title);
	buf_init(&source, LIMIT_THEME_FILE_BYTES);
	locale_write(&source, text_source(bake, name, locale), pairs);
	buf_clear(&bake->body);
	ok = markdown_write_under(buf_view(&source), STR("t-"), STR("../"), &bake->body, NULL, f);
	buf_release(&source);
	press_set_text(root, "body", buf_view(&bake->body));
	return ok && bake_put(bake, "text", NULL, root, path, f);
}

static bool put_support(struct bake *bake, struct fault *f)
{
	const struct locale *locale = bake_locale(bake, (struct str){NULL, 0});
	const struct page page = {.depth = 1, .path = STR("/support/"), .title = locale_text(locale, "support_short"),
		.has_form = true};
	struct press_value *root;

	if (!bake->settings->support_on)
		return bake_site_remove(&bake->site, "support/index.html", f);
	root = page_values(bake->theme, bake->settings, &page, &bake->page);
	press_set(root, "appeal", page_appeal(bake->theme, bake->settings, &page, NULL, &bake->page));
	return bake_put(bake, "support_page", NULL, root, page.path, f);
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

static bool put_headers(struct bake *bake, struct fault *f)
{
	struct str line = str_format(&bake->page, "Content-Security-Policy: %.*s\n",
		STR_ARG(page_csp(bake->settings, bake->theme, &bake->page)));
	bool ok = bake_site_put(&bake->site, "_headers", line, false, f)
		&& bake_site_put(&bake->site, "support/quiet.css", STR(""), false, f);

	arena_reset(&bake->page);
	return ok;
}

bool bake_texts(struct bake *bake, struct fault *f)
{
	return put_text(bake, "about", f) && put_text(bake, "privacy", f) && put_support(bake, f) && put_errors(bake, f)
		&& put_headers(bake, f);
}

/* --- addresses that were --- */

bool bake_addresses(struct bake *bake, struct fault *f)
{
	struct buf moved;
	struct buf gone;
	struct store_rows rows;
	bool ok;
	size_t i;

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
	/* author pages that were taken away: hashes, so that their names are not kept here */
	ok = ok && store_rows_begin(bake->db, DESK_SQL_GONE_ALL, STORE_NO_ARGS, &rows, f);
	if (ok) {
		while (store_rows_next(&rows, f))
			buf_format(&gone, "#%.*s\n", STR_ARG(store_column_text(&rows, 0)));
		ok = store_rows_end(&rows);
	}
	for (i = 0; i < bake->count; i++) {
		if (bake->stories[i].story.state == STORY_PUBLISHED)
			continue;
		buf_add_str(&gone, bake->stories[i].story.path);
		buf_add_char(&gone, '\n');
	}
	ok = ok && buf_check(&moved, "the list of redirects", f) && buf_check(&gone, "the list of withdrawn stories", f)
		&& bake_site_put(&bake->site, "_moved", buf_view(&moved), false, f)
			&& bake_site_put(&bake->site, "_gone", buf_view(&gone), false, f);
	buf_release(&moved);
	buf_release(&gone);
	return ok;
}
