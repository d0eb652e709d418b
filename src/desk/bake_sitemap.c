/* bake_sitemap.c: the sitemap: an index, and a file for each month that has stories.
 *
 * Decides: that a month's file is made again when a story of that month changes. Leaves to others: nothing. Runs in: desk's
 * bake. The hard thing: an archive of any size: the index asks of each month whether it has a story, and reads none.
 * SPDX-License-Identifier: ISC */
#include "base/fault.h"
#include "desk/bake.h"
#include "gen/desk_sql.h"
#include "house/settings.h"
#include "press/html.h"
#include "store/store.h"

enum { SITEMAP_URLS = 45000, SITEMAP_BYTES = 16 * 1024 * 1024, NAME_BYTES = 32 };

static const char head[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
static const char name_space[] = "xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n";

struct month {
	int year, month;
};

static struct month month_of(int64_t us)
{
	const struct civil day = clock_civil((struct when){us});

	return (struct month){day.year, day.month};
}

static struct month month_after(struct month month)
{
	return month.month < 12 ? (struct month){month.year, month.month + 1} : (struct month){month.year + 1, 1};
}

static bool is_after(struct month a, struct month b)
{
	return a.year > b.year || (a.year == b.year && a.month > b.month);
}

static int64_t begin_of(struct month month)
{
	const struct civil first = {.year = month.year, .month = month.month, .day = 1};

	return clock_from_civil(&first).us;
}

static void name_of(struct month month, char out[NAME_BYTES])
{
	snprintf(out, NAME_BYTES, "sitemap-%04d-%02d.xml", month.year, month.month);
}

static void add_url(struct bake *bake, struct buf *out, struct str path, struct when changed)
{
	buf_add_text(out, "<url><loc>");
	xml_text(out, bake->settings->url);
	xml_text(out, path);
	buf_add_text(out, "</loc><lastmod>");
	clock_write_iso(out, changed);
	buf_add_text(out, "</lastmod></url>\n");
}

static bool put_month(struct bake *bake, struct month month, struct fault *f)
{
	struct store_rows rows;
	char name[NAME_BYTES];
	struct buf out;
	size_t urls = 0;
	bool ok;

	name_of(month, name);
	buf_init(&out, SITEMAP_BYTES);
	buf_format(&out, "%s<urlset %s", head, name_space);
	ok = store_rows_begin(bake->db, DESK_SQL_SITEMAP_MONTH, STORE_ARGS(store_i64(begin_of(month)),
		store_i64(begin_of(month_after(month))), store_i64(SITEMAP_URLS)), &rows, f);
	while (ok && store_rows_next(&rows, f)) {
		int64_t published = store_column_i64(&rows, 1);
		int64_t updated = store_column_i64(&rows, 2);

		add_url(bake, &out, store_column_text(&rows, 0), (struct when){updated > published ? updated : published});
		urls++;
	}
	ok = ok && store_rows_end(&rows);
	buf_add_text(&out, "</urlset>\n");
	if (ok && urls == 0)
		ok = bake_site_remove(&bake->site, name, f);
	else
		ok = ok && buf_check(&out, "the sitemap", f) && bake_site_put(&bake->site, name, buf_view(&out), true, f);
	buf_release(&out);
	return ok;
}

static bool has_stories(struct bake *bake, struct month month, bool *has, struct fault *f)
{
	int64_t any = 0;
	bool ok = store_number(bake->db, DESK_SQL_SITEMAP_ANY,
		STORE_ARGS(store_i64(begin_of(month)), store_i64(begin_of(month_after(month)))), &any, f);

	*has = any > 0;
	return ok;
}

/* All months with stories; in a full bake their files, too. */
static bool put_index(struct bake *bake, struct buf *out, struct fault *f)
{
	struct store_row span;
	struct month last;
	struct month at;
	bool found = false;
	bool ok = store_one(bake->db, DESK_SQL_SITEMAP_SPAN, STORE_NO_ARGS, &bake->page, &span, &found, f);

	if (!ok || !found || span.columns[0].type == STORE_NULL)
		return ok;
	last = month_of(span.columns[1].number);
	for (at = month_of(span.columns[0].number); ok && !is_after(at, last); at = month_after(at)) {
		char name[NAME_BYTES];
		bool has = false;

		ok = has_stories(bake, at, &has, f);
		if (!ok || !has)
			continue;
		name_of(at, name);
		buf_add_text(out, "<sitemap><loc>");
		xml_text(out, bake->settings->url);
		buf_format(out, "/%s</loc></sitemap>\n", name);
		ok = !bake->is_full || put_month(bake, at, f);
	}
	return ok;
}

bool bake_sitemap(struct bake *bake, struct fault *f)
{
	struct bake_ids months = {.arena = &bake->arena};
	struct buf out;
	bool ok = true;
	size_t i;

	for (i = 0; i < bake->dates.count && ok; i++) {
		struct month month = month_of(bake->dates.at[i]);
		int64_t number = (int64_t) month.year * 12 + month.month;

		if (bake_ids_find(&months, number) != BAKE_NOWHERE)
			continue;
		ok = bake_ids_put(&months, number) != BAKE_NOWHERE ? put_month(bake, month, f) : fault_full(f, "the sitemap");
	}
	buf_init(&out, SITEMAP_BYTES);
	buf_format(&out, "%s<sitemapindex %s", head, name_space);
	ok = ok && put_index(bake, &out, f);
	buf_add_text(&out, "</sitemapindex>\n");
	ok = ok && buf_check(&out, "the sitemap", f) && bake_site_put(&bake->site, "sitemap.xml", buf_view(&out), true, f);
	buf_clear(&out);
	buf_format(&out, "User-agent: *\nDisallow: /search/\nSitemap: %.*s/sitemap.xml\n", STR_ARG(bake->settings->url));
	ok = ok && bake_site_put(&bake->site, "robots.txt", buf_view(&out), false, f);
	buf_release(&out);
	arena_reset(&bake->page);
	return ok;
}
