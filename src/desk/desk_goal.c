/* desk_goal.c: asks support how far readers have come towards the goal.
 *
 * Decides: that it is asked each hour and the site told when the figure is another. Leaves to support: that the figure is a day's,
 * so that nobody can match its steps with somebody's payment; to bake_goal.c: the picture. Runs in: desk. The hard thing: none; a
 * support that is away is asked an hour later.
 * SPDX-License-Identifier: ISC */
#include "base/fault.h"
#include "base/log.h"
#include "desk/desk_doings.h"
#include "gen/desk_sql.h"
#include "house/room.h"
#include "http/http_client.h"
#include "store/store.h"

/* Both or none: a figure that the site is not told of would stay as it is. */
static bool keep(struct store *db, int64_t reached, bool is_money, bool *is_new, struct fault *f)
{
	int64_t changed = 0;
	bool ok = store_run(db, DESK_SQL_GOAL_PUT, STORE_ARGS(store_i64(reached), store_i64(is_money)), &changed, f);

	*is_new = changed > 0;
	return ok && (!*is_new || store_run(db, DESK_SQL_QUEUE_ADD, STORE_ARGS(store_i64(0), store_text(STR("goal")), store_null(),
		store_text(STR("")), store_i64(INT64_MAX)), NULL, f));
}

static void on_answer(void *self, const struct http_reply *reply, const struct fault *trouble)
{
	struct room *room = self;
	struct fault f = {0};
	json_t *json = NULL;
	bool is_new = false;
	int64_t reached;

	if (trouble != NULL || !http_reply_ok(reply, &f))
		return; /* asked again in an hour */
	if (!http_json_parse(reply->body, &json, &f) || !http_json_need_i64(json, "reached", &reached, &f) || reached < 0 ||
		reached > INT64_C(1000000000000)) {
		log_fault(&f, "asking support about the goal");
	} else if (!store_begin(room->db, &f) || !store_end(room->db, keep(room->db, reached, room->settings.goal_is_money, &is_new, &f), &f)) {
		log_fault(&f, "keeping the goal's figure");
	} else if (is_new) {
		desk_story_changed(room);
	}
	json_decref(json);
}

void desk_goal_look(void *self)
{
	struct room *room = self;
	struct fault f = {0};

	if (room->settings.support_on && room->settings.goal > 0 &&
		!room_call(room, "support", "GET", "/goal", NULL, on_answer, room, &f) && f.kind != FAULT_BUSY && f.kind != FAULT_REMOTE)
		log_fault(&f, "asking support about the goal");
}
