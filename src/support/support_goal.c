/* support_goal.c: how far readers have come towards the newsroom's goal.
 *
 * Decides: that it is the figure of yesterday's end. Leaves to the desk: the picture. Runs in: support. The hard thing: a figure that
 * moved with each gift would tell anybody who watches when somebody gave; this one moves once a day.
 * SPDX-License-Identifier: ISC */
#include "base/fault.h"
#include "base/log.h"
#include "gen/support_sql.h"
#include "http/http_client.h"
#include "store/store.h"
#include "support_inside.h"

void support_get_goal(struct http_request *rq, void *self)
{
	struct support *support = ((struct room *) self)->self;
	const struct settings *settings = support->settings;
	struct store_value yesterday = store_i64(clock_utc_day(clock_now()) - 1);
	int64_t reached = 0;
	struct fault f = {0};
	json_t *answer;
	bool ok;

	if (settings->goal_is_money)
		ok = store_number(support->db, SUPPORT_SQL_GOAL_MONEY, STORE_ARGS(yesterday, store_text(settings->currency)), &reached, &f);
	else
		ok = store_number(support->db, SUPPORT_SQL_GOAL_SUPPORTERS, STORE_ARGS(yesterday), &reached, &f);
	if (!ok) {
		log_fault(&f, "counting towards the goal");
		http_answer_fault(rq, &f);
		return;
	}
	answer = json_object();
	json_object_set_new(answer, "reached", json_integer(reached));
	http_answer_json(rq, 200, answer);
}
