/* desk_rails.c: Support: how the ways for money to come are.
 *
 * Decides: this page. Leaves to support: counting, and when a rail is ill. Runs in: desk. The hard thing: none.
 * SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include "base/arena.h"
#include "desk/desk_money.h"
#include "desk/desk_pages.h"
#include "desk/desk_visit.h"
#include "house/room.h"
#include "http/http_client.h"
#include "press/locale.h"
#include "press/value.h"

/* --- rails --- */

static struct str lag_text(struct desk_visit *visit, const json_t *rail)
{
	int64_t lag = desk_money_number(rail, "lag_s");

	if (desk_money_number(rail, "events") == 0)
		return STR("–");
	return lag < 120 ? str_format(visit->arena, "%" PRId64 " s", lag) : str_format(visit->arena, "%" PRId64 " min", lag / 60);
}

static struct str share(struct desk_visit *visit, int64_t part, int64_t of)
{
	return of > 0 ? str_format(visit->arena, "%" PRId64 " of %" PRId64, part, of) : STR("–");
}

static void add_rail(struct desk_visit *visit, struct press_value *list, const json_t *rail)
{
	struct press_value *row = press_add_map(list);
	struct str alarm = desk_money_text(visit, rail, "alarm"), last = http_json_text(rail, "last_event_day");
	bool is_on = json_is_true(json_object_get(rail, "on"));
	int64_t refused = desk_money_number(rail, "refused"), events = desk_money_number(rail, "events");

	press_set_text(row, "name", desk_money_text(visit, rail, "title"));
	press_set_c(row, "state", !is_on ? "Off" : alarm.len > 0 ? "Look here" : "On");
	press_set_c(row, "mark", !is_on ? "draft" : alarm.len > 0 ? "bad" : "live");
	press_set_text(row, "say", is_on ? alarm : desk_money_text(visit, rail, "say"));
	press_set_text(row, "last", last.len > 0 ? desk_money_day(visit, last) : STR("never"));
	press_set_text(row, "lag", lag_text(visit, rail));
	press_set_text(row, "failed", share(visit, desk_money_number(rail, "failed"), desk_money_number(rail, "asked")));
	press_set_text(row, "refused", share(visit, refused, refused + events));
	press_set_c(row, "kind", json_is_true(json_object_get(rail, "pulls")) ? "charges by itself" : "is paid each time");
}

static void on_rails(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	const json_t *rails = json_object_get(reply, "rails");
	struct press_value *root = more, *list;

	if (f != NULL) {
		desk_answer_fault(visit, f, "support", "/support");
		return;
	}
	list = press_set_list(root, "rows");
	for (size_t i = 0; i < json_array_size(rails); i++)
		add_rail(visit, list, json_array_get(rails, i));
	press_set_bool(root, "has_rows", json_array_size(rails) > 0);
	press_set_bool(root, "is_live", visit->room->settings.live);
	desk_answer(visit, 200, "desk_rails", root);
}

void desk_get_rails(struct http_request *rq, void *self)
{
	struct desk_visit *visit;

	if (desk_visit_begin(rq, self, DESK_MONEY, &visit))
		desk_ask(visit, "support", "GET", "/rails", NULL, on_rails, desk_money_page(visit, "/support/rails", "Rails"));
}
