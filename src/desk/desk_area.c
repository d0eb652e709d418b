/* desk_area.c: what the pages of "Site", "Support" and "People" share.
 *
 * Decides: which pages there are beside each other. Leaves to others: the pages. Runs in: desk. The hard thing: none.
 * SPDX-License-Identifier: ISC */
#include "desk/desk_area.h"

#include "base/clock.h"
#include "desk/desk_visit.h"
#include "gen/desk_sql.h"
#include "house/room.h"
#include "press/value.h"
#include "store/store.h"

static const struct {
	const char *area, *name, *href;
	enum desk_right right;
} area_pages[] = {
	{"site", "Health", "/site", DESK_SITE},
	{"site", "Front page", "/site/front", DESK_NEWSROOM},
	{"site", "Newsroom", "/site/newsroom", DESK_NEWSROOM},
	{"site", "Texts", "/site/texts", DESK_NEWSROOM},
	{"site", "Look", "/site/look", DESK_NEWSROOM},
	{"support", "Contributions", "/support", DESK_MONEY},
	{"support", "Refunds", "/support/refunds", DESK_MONEY},
	{"support", "Disputes", "/support/disputes", DESK_MONEY},
	{"support", "Payouts", "/support/payouts", DESK_MONEY},
	{"support", "Periods", "/support/periods", DESK_MONEY},
	{"support", "Bank and wallet", "/support/bank", DESK_MONEY},
	{"support", "Rails", "/support/rails", DESK_MONEY},
	{"support", "Appeal", "/support/appeal", DESK_MONEY},
	{"people", "Staff", "/people", DESK_PEOPLE},
	{"people", "Sessions", "/people/sessions", DESK_PEOPLE},
	{"people", "Audit", "/people/audit", DESK_PEOPLE},
};

void desk_set_area(struct desk_visit *visit, struct press_value *root, const char *area, const char *here)
{
	struct press_value *list = press_set_list(root, "area");
	size_t i;

	press_set_c(root, "area_name", strcmp(area, "support") == 0 ? "Support" : strcmp(area, "site") == 0 ? "Site" : "People");
	for (i = 0; i < sizeof(area_pages) / sizeof(area_pages[0]); i++) {
		struct press_value *item;

		if (strcmp(area_pages[i].area, area) != 0 || (visit->person.rights & area_pages[i].right) == 0)
			continue;
		item = press_add_map(list);
		press_set_c(item, "name", area_pages[i].name);
		press_set_c(item, "href", area_pages[i].href);
		press_set_bool(item, "current", strcmp(area_pages[i].href, here) == 0);
	}
}

bool desk_end_change(struct desk_visit *visit, bool ok, const char *what, struct str about, struct fault *f)
{
	ok = ok && store_run(visit->room->db, DESK_SQL_AUDIT_INSERT, STORE_ARGS(store_i64(clock_now().us), store_text(visit->person.name),
		store_text(str_from(what)), store_text(about)), NULL, f);
	return store_end(visit->room->db, ok, f);
}
