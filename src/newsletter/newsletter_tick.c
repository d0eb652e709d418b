/* newsletter_tick.c: how a send went over time: counts now and then, for the plot of its report.
 *
 * Decides: how often. Runs in: the newsletter room. The hard thing: no mail has a time (that would be a reader's), so the send is looked at
 * from outside while it goes; a week's send must not have more points than a plot can show, so the pace slows down with its age.
 * SPDX-License-Identifier: ISC */
#include "newsletter_inside.h"

#include "base/fault.h"
#include "base/log.h"

enum { TICK_LEAST_S = 10, TICK_PART = 100, TICK_ISSUES = 16 };

static int64_t number(const json_t *json, const char *key)
{
	return json_integer_value(json_object_get(json, key));
}

static bool tick_one(struct newsletter *n, int64_t id, int64_t second, struct fault *f)
{
	json_t *json = NULL;
	int64_t last = 0;
	bool ok;

	if (!store_number(n->room->db, NEWSLETTER_SQL_TICK_LAST, STORE_ARGS(store_i64(id)), &last, f))
		return false;
	if (second <= 0 || second - last < (second / TICK_PART > TICK_LEAST_S ? second / TICK_PART : TICK_LEAST_S))
		return true;
	if (!newsletter_issue_json(n, id, &json, f))
		return false;
	ok = store_run(n->room->db, NEWSLETTER_SQL_TICK_INSERT, STORE_ARGS(store_i64(id), store_i64(second),
		store_i64(number(json, "accepted")), store_i64(number(json, "refused")), store_i64(number(json, "later")),
		store_i64(number(json, "in_doubt"))), NULL, f);
	json_decref(json);
	return ok;
}

void newsletter_tick(void *self)
{
	struct newsletter *n = self;
	int64_t ids[TICK_ISSUES], started[TICK_ISSUES];
	struct store_rows rows;
	struct fault f = {0};
	size_t count = 0;
	bool ok;

	ok = store_rows_begin(n->room->db, NEWSLETTER_SQL_ISSUE_IN_STATE, STORE_ARGS(store_text(issue_state_name(ISSUE_SENDING))), &rows, &f);
	if (ok) {
		while (count < TICK_ISSUES && store_rows_next(&rows, &f)) {
			ids[count] = store_column_i64(&rows, 0);
			started[count++] = store_column_i64(&rows, 2);
		}
		ok = store_rows_end(&rows);
	}
	for (size_t i = 0; ok && i < count; i++)
		ok = tick_one(n, ids[i], (clock_now().us - started[i]) / 1000000, &f);
	if (!ok)
		log_fault(&f, "writing down how far an issue is");
}

static bool add_ticks(struct newsletter *n, int64_t id, json_t *list, struct fault *f)
{
	struct store_rows rows;

	if (!store_rows_begin(n->room->db, NEWSLETTER_SQL_TICK_LIST, STORE_ARGS(store_i64(id)), &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		json_t *tick = json_array();

		for (int i = 0; i < 5; i++)
			json_array_append_new(tick, json_integer(store_column_i64(&rows, i)));
		json_array_append_new(list, tick);
	}
	return store_rows_end(&rows);
}

bool newsletter_progress_json(struct newsletter *n, int64_t id, json_t **out, struct fault *f)
{
	json_t *ticks = json_array(), *json = NULL;
	int64_t gone = 0, bounced = 0;

	if (!newsletter_issue_json(n, id, &json, f) ||
		!store_number(n->room->db, NEWSLETTER_SQL_DELIVERY_GONE_SINCE,
			STORE_ARGS(store_i64(id), store_text(delivery_state_name(DELIVERY_ACCEPTED))), &gone, f) ||
		!store_number(n->room->db, NEWSLETTER_SQL_BOUNCE_COUNT_OF_ISSUE, STORE_ARGS(store_i64(id)), &bounced, f) ||
		!add_ticks(n, id, ticks, f)) {
		json_decref(ticks);
		json_decref(json);
		return false;
	}
	json_object_set_new(json, "ticks", ticks);
	json_object_set_new(json, "gone", json_integer(gone));
	json_object_set_new(json, "bounced", json_integer(bounced));
	*out = json;
	return true;
}
