/* bake_goal.c: support/goal.svg: the newsroom's goal and how far readers have come, as one picture.
 *
 * Decides: how it is drawn. Leaves to others: the figure (desk_goal.c asks support for it). Runs in: desk's bake. The hard thing:
 * pages show it and never change with it, so that a gift makes no page anew and a copy of the site takes one small file along.
 * SPDX-License-Identifier: ISC */
#include "base/fault.h"
#include "desk/bake.h"
#include "gen/desk_sql.h"
#include "house/settings.h"
#include "press/html.h"
#include "press/locale.h"
#include "store/store.h"

enum { WIDTH = 480, HEIGHT = 56, SVG_BYTES = 8192 };

static struct str figure(const struct bake *bake, const struct locale *locale, int64_t n, struct arena *arena)
{
	struct money money = {n, ""};

	if (!bake->settings->goal_is_money)
		return locale_number(locale, n, arena);
	memcpy(money.code, bake->settings->currency.at, 3);
	return locale_money(locale, money, true, arena);
}

static void draw(struct buf *svg, struct str reached, struct str goal, int64_t filled)
{
	buf_format(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\"><title>", WIDTH,
		HEIGHT, WIDTH, HEIGHT);
	html_text(svg, reached);
	buf_add_text(svg, " / ");
	html_text(svg, goal);
	buf_add_text(svg, "</title>\n<style>text{font:700 20px system-ui,sans-serif;fill:#15171c}"
		".g{fill:#565b66}.t{fill:#fff;stroke:#756000}.f{fill:#2a3192}"
		"@media(prefers-color-scheme:dark){text{fill:#e8e9ec}.g{fill:#a6abb6}.t{fill:#121418;stroke:#e0bf3b}.f{fill:#b5bdff}}</style>\n"
		"<text x=\"0\" y=\"22\">");
	html_text(svg, reached);
	buf_format(svg, "</text><text class=\"g\" x=\"%d\" y=\"22\" text-anchor=\"end\">", WIDTH);
	html_text(svg, goal);
	buf_format(svg, "</text>\n<rect class=\"t\" x=\".5\" y=\"34.5\" width=\"%d\" height=\"17\"/><rect class=\"f\" x=\"3\" y=\"37\" width=\"%lld\" "
		"height=\"12\"/>\n</svg>\n", WIDTH - 1, (long long) filled);
}

bool bake_goal(struct bake *bake, struct fault *f)
{
	const struct locale *locale = bake_locale(bake, (struct str){NULL, 0});
	const struct settings *settings = bake->settings;
	int64_t reached = 0;
	struct buf svg;
	bool ok;

	if (!settings->support_on || settings->goal == 0)
		return true; /* a full bake sweeps away what an earlier goal left */
	if (!store_number(bake->db, DESK_SQL_GOAL_REACHED, STORE_ARGS(store_i64(settings->goal_is_money)), &reached, f))
		return false;
	buf_init(&svg, SVG_BYTES);
	draw(&svg, figure(bake, locale, reached, &bake->page), figure(bake, locale, settings->goal, &bake->page),
		reached >= settings->goal ? WIDTH - 6 : reached * (WIDTH - 6) / settings->goal);
	ok = buf_check(&svg, "the goal's picture", f) && bake_site_put(&bake->site, "support/goal.svg", buf_view(&svg), false, f);
	buf_release(&svg);
	return ok;
}
