/* bake_plain.c: the text-only pages below /text/: a twin of each story, the newest, and a page for each month.
 *
 * Decides: what a page of text keeps (everything but pictures, sheets and style); that lists are cut by month, so that what
 * is past does not change. Leaves to others: the body (bake_story.c has it rendered). Runs in: desk's bake. The hard
 * thing: the body has links for the story's depth and pictures of any make: both are mended while it is copied.
 * SPDX-License-Identifier: ISC */
#include "base/fault.h"
#include "base/limits.h"
#include "desk/bake.h"
#include "desk/story_store.h"
#include "gen/desk_sql.h"
#include "house/page.h"
#include "house/settings.h"
#include "press/locale.h"
#include "press/value.h"
#include "store/store.h"

enum { STORY_DEPTH = 5, NEWEST = 40, MONTH_MOST = 20000, NAMES_BYTES = 16 * 1024 };

/* --- a story --- */

static bool is_picture(struct str rest)
{
	return str_starts(rest, STR("<img")) || str_starts(rest, STR("<picture")) || str_starts(rest, STR("</picture"))
		|| str_starts(rest, STR("<source"));
}

/* The next '<' or '=' from i on, or the end. */
static size_t find_either(struct str html, size_t i)
{
	while (i < html.len && html.at[i] != '<' && html.at[i] != '=')
		i++;
	return i;
}

/* Without tags of pictures (a '>' in an attribute is escaped), and one folder deeper. */
static void copy_text(struct str html, struct buf *out)
{
	static const struct str link = {"=\"../../../../", 14};
	size_t from = 0;
	size_t i;

	for (i = find_either(html, 0); i < html.len; i = find_either(html, i)) {
		struct str rest = str_part(html, i, SIZE_MAX);
		size_t end;

		if (html.at[i] == '<' && is_picture(rest)) {
			end = str_find_char(rest, '>');
			buf_add(out, html.at + from, i - from);
			i += end != SIZE_MAX ? end + 1 : rest.len;
			from = i;
		} else if (html.at[i] == '=' && str_starts(rest, link)) {
			buf_add(out, html.at + from, i - from);
			buf_add_text(out, "=\"../");
			i += 2;
			from = i;
		} else {
			i++;
		}
	}
	buf_add_str(out, str_part(html, from, SIZE_MAX));
}

bool bake_plain_story(struct bake *bake, const struct bake_story *of, struct str html, struct fault *f)
{
	const struct story *story = &of->story;
	const struct locale *locale = bake_locale(bake, story->lang);
	struct bake_base *base = bake_base(bake, story->lang, STR(""), BAKE_BASE_PLAIN);
	struct press_value *root = press_map(&bake->page);
	struct buf text;
	bool ok;

	if (base == NULL)
		return fault_full(f, "the site");
	bake_set_story_head(bake, root, story);
	press_set_text(root, "full_href", bake_join(&bake->page, bake_root(STORY_DEPTH), str_part(story->path, 1, SIZE_MAX),
		STR("")));
	press_set_text(root, "byline", story_byline_line(story, locale, &bake->page));
	bake_set_story_dates(bake, root, story, locale);
	bake_set_corrections(bake, root, story, locale);
	buf_init(&text, LIMIT_PAGE_BYTES);
	copy_text(html, &text);
	press_set_text(root, "body", buf_view(&text));
	ok = buf_check(&text, "a story's text", f)
		&& bake_put(bake, "plain", base->root, root, bake_join(&bake->page, STR("/text"), story->path, STR("")), f);
	buf_release(&text);
	return ok;
}

/* --- lists --- */

static struct press_value *list_root(struct bake *bake, unsigned depth, struct str path, struct str heading)
{
	struct page page = {.depth = depth, .path = path, .title = heading};
	struct press_value *root = page_values(bake->theme, bake->settings, &page, &bake->page);

	page_set_plain_style(root, bake->theme, bake->settings);
	press_set_text(root, "heading", heading);
	press_set_text(root, "full_href", bake_root(depth));
	press_set_bool(root, "has_months", false);
	return root;
}

/* A heading for each day, its stories below. False in *any: none. */
static bool add_stories(struct bake *bake, struct press_value *root, unsigned depth, struct store_rows *rows, bool *any,
	struct fault *f)
{
	const struct locale *locale = bake_locale(bake, (struct str){NULL, 0});
	struct str text_root = bake_join(&bake->page, bake_root(depth), STR("text"), STR(""));
	struct press_value *days = press_set_list(root, "days");
	struct press_value *stories = NULL;
	struct civil last = {0};

	*any = false;
	while (store_rows_next(rows, f)) {
		const struct civil day = clock_civil((struct when){store_column_i64(rows, 1)});
		struct press_value *story;

		if (stories == NULL || day.day != last.day || day.month != last.month || day.year != last.year) {
			struct press_value *item = press_add_map(days);

			press_set_text(item, "day", locale_date(locale, &day, &bake->page));
			stories = press_set_list(item, "stories");
			last = day;
		}
		story = press_add_map(stories);
		press_set_text(story, "href", bake_join(&bake->page, text_root, store_column_text(rows, 0), STR("")));
		press_set_text(story, "headline", store_column_copy(rows, 2, &bake->page));
		press_set_text(story, "story_lang", store_column_copy(rows, 3, &bake->page));
		press_set_text(story, "story_dir", store_column_copy(rows, 4, &bake->page));
		*any = true;
	}
	press_set_bool(root, "is_empty", !*any);
	return store_rows_end(rows);
}

static bool put_month(struct bake *bake, struct bake_month month, struct fault *f)
{
	const struct locale *locale = bake_locale(bake, (struct str){NULL, 0});
	struct str path = str_format(&bake->page, "/text/%04d/%02d/", month.year, month.month);
	struct press_value *root = list_root(bake, 3, path, bake_month_name(bake, locale, month));
	struct store_rows rows;
	char file[64];
	bool any = false;

	if (!store_rows_begin(bake->db, DESK_SQL_PLAIN_MONTH, STORE_ARGS(store_i64(bake_month_begin(month)),
			store_i64(bake_month_begin(bake_month_after(month))), store_i64(MONTH_MOST)), &rows, f)
		|| !add_stories(bake, root, 3, &rows, &any, f))
		return false;
	if (any)
		return bake_put(bake, "plain_list", NULL, root, path, f);
	snprintf(file, sizeof(file), "text/%04d/%02d/index.html", month.year, month.month);
	arena_reset(&bake->page);
	return bake_site_remove(&bake->site, file, f);
}

static bool put_newest(struct bake *bake, struct fault *f)
{
	const struct locale *locale = bake_locale(bake, (struct str){NULL, 0});
	struct press_value *root = list_root(bake, 1, STR("/text/"), locale_text(locale, "plain_title"));
	struct press_value *list = press_set_list(root, "months");
	const struct bake_months *months;
	struct store_rows rows;
	bool any = false;
	size_t i;

	if (!bake_months_all(bake, &months, f)
		|| !store_rows_begin(bake->db, DESK_SQL_PLAIN_NEWEST, STORE_ARGS(store_i64(NEWEST)), &rows, f)
		|| !add_stories(bake, root, 1, &rows, &any, f))
		return false;
	for (i = months->count; i-- > 0;) {
		struct press_value *item = press_add_map(list);

		press_set_text(item, "href", str_format(&bake->page, "%04d/%02d/", months->at[i].year, months->at[i].month));
		press_set_text(item, "name", bake_month_name(bake, locale, months->at[i]));
	}
	press_set_bool(root, "has_months", months->count > 0);
	return bake_put(bake, "plain_list", NULL, root, STR("/text/"), f);
}

bool bake_plain_lists(struct bake *bake, struct fault *f)
{
	const struct bake_months *touched;
	bool ok = bake_months_touched(bake, &touched, f);
	size_t i;

	for (i = 0; ok && i < touched->count; i++)
		ok = put_month(bake, touched->at[i], f);
	return ok && put_newest(bake, f);
}
