/* bake_sitemap.c: the sitemap: an index, a file for each month that has stories, one for other pages, one for news.
 *
 * Decides: that a month's file is made again when a story of that month changes. Leaves to others: months (bake_month.c). Runs in: desk's
 * bake. The hard thing: an archive of any size: the index asks of each month whether it has a story, and reads none.
 * SPDX-License-Identifier: ISC */
#include "base/fault.h"
#include "desk/bake.h"
#include "desk/bake_month.h"
#include "gen/desk_sql.h"
#include "house/settings.h"
#include "press/html.h"
#include "press/words.h"
#include "store/store.h"

enum { SITEMAP_URLS = 45000, NEWS_MOST = 1000, SITEMAP_BYTES = 16 * 1024 * 1024, NAME_BYTES = 32 };

static const char head[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
static const char name_space[] = "xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n";

static void name_of(struct bake_month month, char out[NAME_BYTES])
{
	snprintf(out, NAME_BYTES, "sitemap-%04d-%02d.xml", month.year, month.month);
}

static void add_url(struct bake *bake, struct buf *out, struct str path, struct when changed)
{
	buf_add_text(out, "<url><loc>");
	xml_text(out, bake_url(bake, path, &bake->page));
	buf_add_text(out, "</loc>");
	if (changed.us != 0) {
		buf_add_text(out, "<lastmod>");
		clock_write_iso(out, changed);
		buf_add_text(out, "</lastmod>");
	}
	buf_add_text(out, "</url>\n");
}

static bool put_month(struct bake *bake, struct bake_month month, struct fault *f)
{
	struct store_rows rows;
	char name[NAME_BYTES];
	struct buf out;
	size_t urls = 0;
	bool ok;

	arena_reset(&bake->page);
	name_of(month, name);
	buf_init(&out, SITEMAP_BYTES);
	buf_format(&out, "%s<urlset %s", head, name_space);
	ok = store_rows_begin(bake->db, DESK_SQL_SITEMAP_MONTH, STORE_ARGS(store_i64(bake_month_begin(month)),
		store_i64(bake_month_begin(bake_month_after(month))), store_i64(SITEMAP_URLS)), &rows, f);
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

/* --- the news sitemap: what is younger than 48 hours; it takes the time, as the front page takes the day --- */

static void add_news(struct bake *bake, struct buf *out, const struct store_rows *rows)
{
	buf_add_text(out, "<url><loc>");
	xml_text(out, bake_url(bake, store_column_text(rows, 0), &bake->page));
	buf_add_text(out, "</loc><news:news><news:publication><news:name>");
	xml_text(out, bake->settings->name);
	buf_add_text(out, "</news:name><news:language>");
	xml_text(out, store_column_text(rows, 2));
	buf_add_text(out, "</news:language></news:publication><news:publication_date>");
	clock_write_iso(out, (struct when){store_column_i64(rows, 1)});
	buf_add_text(out, "</news:publication_date><news:title>");
	xml_text(out, store_column_text(rows, 3));
	buf_add_text(out, "</news:title></news:news></url>\n");
}

static bool put_news(struct bake *bake, struct fault *f)
{
	int64_t now = clock_now().us;
	struct store_rows rows;
	struct buf out;
	bool ok;

	buf_init(&out, SITEMAP_BYTES);
	buf_format(&out, "%s<urlset xmlns:news=\"http://www.google.com/schemas/sitemap-news/0.9\" %s", head, name_space);
	ok = store_rows_begin(bake->db, DESK_SQL_SITEMAP_NEWS, STORE_ARGS(store_i64(now - BAKE_NEWS_US),
		store_i64(now + BAKE_NEWS_US), store_i64(NEWS_MOST)), &rows, f);
	if (ok) {
		while (store_rows_next(&rows, f))
			add_news(bake, &out, &rows);
		ok = store_rows_end(&rows);
	}
	buf_add_text(&out, "</urlset>\n");
	ok = ok && buf_check(&out, "the news sitemap", f)
		&& bake_site_put(&bake->site, "news-sitemap.xml", buf_view(&out), true, f);
	buf_release(&out);
	return ok;
}

/* --- all --- */

static void add_to_index(struct bake *bake, struct buf *out, const char *name)
{
	buf_add_text(out, "<sitemap><loc>");
	xml_text(out, bake->settings->url);
	buf_format(out, "/%s</loc></sitemap>\n", name);
}

/* The pages that are no stories. Their dates are not told: nothing would make use of them. */
static bool put_pages(struct bake *bake, struct fault *f)
{
	static const char *const pages[] = {"/", "/about/", "/corrections/", "/newsletter/", "/privacy/"};
	struct buf out;
	bool ok;
	size_t i;

	buf_init(&out, SITEMAP_BYTES);
	buf_format(&out, "%s<urlset %s", head, name_space);
	for (i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		add_url(bake, &out, str_from(pages[i]), (struct when){0});
	if (bake->settings->support_on)
		add_url(bake, &out, STR("/support/"), (struct when){0});
	for (i = 0; i < bake->settings->sections.count; i++) {
		struct fault ignored = {0};
		struct slug slug;

		if (slug_from(bake->settings->sections.items[i], &slug, &ignored))
			add_url(bake, &out, bake_join(&bake->page, STR("/section/"), str_from(slug.text), STR("/")),
				(struct when){0});
	}
	buf_add_text(&out, "</urlset>\n");
	ok = buf_check(&out, "the sitemap", f) && bake_site_put(&bake->site, "sitemap-pages.xml", buf_view(&out), true, f);
	buf_release(&out);
	return ok;
}

bool bake_sitemap(struct bake *bake, struct fault *f)
{
	const struct bake_months *all;
	const struct bake_months *touched;
	struct buf out;
	bool ok = bake_months_touched(bake, &touched, f) && bake_months_all(bake, &all, f) && put_pages(bake, f);
	size_t i;

	for (i = 0; ok && i < touched->count; i++)
		ok = put_month(bake, touched->at[i], f);
	buf_init(&out, SITEMAP_BYTES);
	buf_format(&out, "%s<sitemapindex %s", head, name_space);
	add_to_index(bake, &out, "sitemap-pages.xml");
	for (i = 0; ok && i < all->count; i++) {
		char name[NAME_BYTES];

		name_of(all->at[i], name);
		add_to_index(bake, &out, name);
	}
	buf_add_text(&out, "</sitemapindex>\n");
	ok = ok && buf_check(&out, "the sitemap", f) && bake_site_put(&bake->site, "sitemap.xml", buf_view(&out), true, f)
		&& put_news(bake, f);
	buf_clear(&out);
	buf_format(&out, "User-agent: *\nDisallow: /search/\nSitemap: %.*s/sitemap.xml\nSitemap: %.*s/news-sitemap.xml\n",
		STR_ARG(bake->settings->url), STR_ARG(bake->settings->url));
	ok = ok && bake_site_put(&bake->site, "robots.txt", buf_view(&out), false, f);
	buf_release(&out);
	arena_reset(&bake->page);
	return ok;
}
