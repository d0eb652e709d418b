/* rail_health.c: how each way to pay does, by counts a day.
 *
 * Decides: when a rail is said to be silent, failing or late. Counts are kept in memory and written now and then: an event that is
 * taken costs no second write, and the last seconds of a process that is killed are missed by nobody. Leaves to others: telling
 * people (the desk, `mimeo check`). Runs in: support. The hard thing: a rail that says nothing looks like one on which nobody
 * gives. So it is silent only by its own measure: events came on most days, and then for three times as long as usual none.
 * SPDX-License-Identifier: ISC */
#include "rail_health.h"

#include <stdio.h>
#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "gen/support_sql.h"
#include "house/room.h"
#include "store/store.h"
#include "support_inside.h"

enum { SILENT_LEAST_DAYS = 3, USUAL_DAYS = 60, ADDRESSES_FEW = 20, SAY_BYTES = 200 };

/* --- counting --- */

static struct rail_tally *tally_of(struct support *support, const char *rail)
{
	struct rail_line *line = rail_find(support, str_from(rail));

	return line != NULL ? &line->tally : NULL;
}

void rail_note_event(struct support *support, const char *rail, int64_t created_s)
{
	int64_t lag_s = created_s > 0 ? clock_now().us / 1000000 - created_s : 0;
	struct rail_tally *tally = tally_of(support, rail);

	if (tally == NULL)
		return;
	tally->events++;
	if (lag_s > 0) {
		tally->lag_sum_s += lag_s;
		tally->lag_most_s = lag_s > tally->lag_most_s ? lag_s : tally->lag_most_s;
	}
}

void rail_note_refused(struct support *support, const char *rail)
{
	struct rail_tally *tally = tally_of(support, rail);

	if (tally != NULL)
		tally->refused++;
}

void rail_note_call(struct support *support, const char *rail, bool has_failed)
{
	struct rail_tally *tally = tally_of(support, rail);

	if (tally == NULL)
		return;
	tally->asked++;
	tally->failed += has_failed;
}

void rails_keep_health(void *self)
{
	struct support *support = self;
	struct fault f = {0};

	for (size_t i = 0; i < RAILS && support->lines[i].rail != NULL; i++) {
		struct rail_line *line = &support->lines[i];
		struct rail_tally *tally = &line->tally;

		if (tally->events + tally->refused + tally->asked == 0)
			continue;
		if (store_run(support->db, SUPPORT_SQL_RAIL_DAY_ADD, STORE_ARGS(store_text(str_from(line->rail->name)),
				store_i64(clock_utc_day(clock_now())), store_i64(tally->events), store_i64(tally->refused), store_i64(tally->asked),
				store_i64(tally->failed), store_i64(tally->lag_sum_s), store_i64(tally->lag_most_s)), NULL, &f))
			*tally = (struct rail_tally){0};
		else
			log_fault(&f, "keeping a rail's health");
	}
}

/* --- judging --- */

struct sums {
	int64_t events, refused, asked, failed, lag_sum_s, lag_most_s, days, last_day;
};

static bool read_sums(struct support *support, const char *rail, int32_t from, struct sums *out, struct fault *f)
{
	struct arena arena;
	struct store_row row;
	bool found = false;
	bool ok;

	*out = (struct sums){0};
	arena_init(&arena, "health", 4096);
	ok = store_one(support->db, SUPPORT_SQL_RAIL_DAY_SUMS, STORE_ARGS(store_text(str_from(rail)), store_i64(from)), &arena, &row, &found, f);
	if (ok && found)
		*out = (struct sums){row.columns[0].number, row.columns[1].number, row.columns[2].number, row.columns[3].number,
			row.columns[4].number, row.columns[5].number, row.columns[6].number, row.columns[7].number};
	arena_release(&arena);
	return ok;
}

/* Days without an event until a rail is silent; 0: too little came to say. */
static int32_t patience(const struct sums *usual)
{
	int32_t apart;

	if (usual->days < 8)
		return 0;
	apart = (int32_t) (USUAL_DAYS / usual->days + 1);
	return 3 * apart > SILENT_LEAST_DAYS ? 3 * apart : SILENT_LEAST_DAYS;
}

/* A sentence, or nothing. */
static bool find_alarm(const struct rail_line *line, const struct sums *now, bool is_silent, int64_t addresses, char out[SAY_BYTES])
{
	const char *title = line->rail->title;

	if (!line->is_on)
		return false;
	if (is_silent)
		snprintf(out, SAY_BYTES, "%s has gone silent: look whether its webhook still leads here, and at the provider's own list of payments", title);
	else if (now->asked >= HEALTH_FAILED_LEAST && now->failed * 100 >= now->asked * HEALTH_FAILED_PERCENT)
		snprintf(out, SAY_BYTES, "%s failed %lld of %lld times: look at the log, and at the provider's status page", title,
			(long long) now->failed, (long long) now->asked);
	else if (now->refused >= HEALTH_REFUSED_LEAST && now->refused > now->events)
		snprintf(out, SAY_BYTES, "%lld deliveries for %s were not signed as they must be: is the webhook's secret the one that stands there?",
			(long long) now->refused, title);
	else if (now->events > 0 && now->lag_sum_s / now->events > HEALTH_LAG_S)
		snprintf(out, SAY_BYTES, "events of %s come %lld minutes late", title, (long long) (now->lag_sum_s / now->events / 60));
	else if (addresses >= 0 && addresses < ADDRESSES_FEW)
		snprintf(out, SAY_BYTES, "%lld unused addresses are left for %s: make more in your wallet", (long long) addresses, title);
	else
		return false;
	return true;
}

struct health {
	struct sums now, usual;
	bool is_silent, has_alarm;
	int64_t addresses;         /* -1: it has none */
	char alarm[SAY_BYTES];
};

static bool judge(struct support *support, const struct rail_line *line, struct health *out, struct fault *f)
{
	int32_t today = clock_utc_day(clock_now());

	*out = (struct health){.addresses = -1};
	if (!read_sums(support, line->rail->name, today - HEALTH_DAYS, &out->now, f) ||
		!read_sums(support, line->rail->name, today - USUAL_DAYS, &out->usual, f))
		return false;
	/* What a person brings in is silent when that person is. */
	out->is_silent = line->rail->verify != NULL && patience(&out->usual) > 0 && today - out->usual.last_day > patience(&out->usual);
	if (line->rail->events != NULL && str_is(str_from(line->rail->name), "monero") &&
		!store_number(support->db, SUPPORT_SQL_MONERO_COUNT_FREE, STORE_NO_ARGS, &out->addresses, f))
		return false;
	out->has_alarm = find_alarm(line, &out->now, out->is_silent, out->addresses, out->alarm);
	return true;
}

static void set_day(json_t *object, const char *key, int64_t day)
{
	struct civil civil = clock_civil_utc(clock_from_utc_day((int32_t) day));
	char text[32];

	snprintf(text, sizeof(text), "%04d-%02d-%02d", civil.year, civil.month, civil.day);
	json_object_set_new(object, key, day > 0 ? json_string(text) : json_null());
}

bool rails_health(struct support *support, json_t *list, struct fault *f)
{
	rails_keep_health(support);
	for (size_t i = 0; i < RAILS && support->lines[i].rail != NULL; i++) {
		const struct rail_line *line = &support->lines[i];
		json_t *one = json_object();
		struct health health;

		json_array_append_new(list, one);
		if (!judge(support, line, &health, f))
			return false;
		json_object_set_new(one, "rail", json_string(line->rail->name));
		json_object_set_new(one, "title", json_string(line->rail->title));
		json_object_set_new(one, "on", json_boolean(line->is_on));
		json_object_set_new(one, "say", json_string(line->is_on ? "" : line->say));
		json_object_set_new(one, "pulls", json_boolean(line->rail->pulls));
		json_object_set_new(one, "live", json_boolean(support->settings->live));
		json_object_set_new(one, "events", json_integer(health.now.events));
		json_object_set_new(one, "refused", json_integer(health.now.refused));
		json_object_set_new(one, "asked", json_integer(health.now.asked));
		json_object_set_new(one, "failed", json_integer(health.now.failed));
		json_object_set_new(one, "error_percent", json_integer(health.now.asked > 0 ? health.now.failed * 100 / health.now.asked : 0));
		json_object_set_new(one, "lag_s", json_integer(health.now.events > 0 ? health.now.lag_sum_s / health.now.events : 0));
		json_object_set_new(one, "lag_most_s", json_integer(health.now.lag_most_s));
		set_day(one, "last_event_day", health.usual.last_day);
		json_object_set_new(one, "silent", json_boolean(health.is_silent));
		json_object_set_new(one, "alarm", health.has_alarm ? json_string(health.alarm) : json_null());
		if (health.addresses >= 0)
			json_object_set_new(one, "addresses_left", json_integer(health.addresses));
	}
	return true;
}

bool rails_check(struct support *support, json_t *findings, struct fault *f)
{
	if (!support->room->read_only)
		rails_keep_health(support);
	for (size_t i = 0; i < RAILS && support->lines[i].rail != NULL; i++) {
		const struct rail_line *line = &support->lines[i];
		struct health health;
		char say[SAY_BYTES + 64];

		if (!judge(support, line, &health, f))
			return false;
		if (support->settings->support_on && rail_is_offered(support, line) && !line->is_on) {
			snprintf(say, sizeof(say), "support: readers are offered %s, which is off", line->rail->title);
			room_finding(findings, say, line->say);
		}
		if (health.has_alarm) {
			snprintf(say, sizeof(say), "support: %s", health.alarm);
			room_finding(findings, say, "see the desk's page of Support");
		}
	}
	return true;
}

void support_get_rails(struct http_request *rq, void *self)
{
	struct support *support = ((struct room *) self)->self;
	json_t *value = json_object(), *list = json_array();
	struct fault f = {0};

	json_object_set_new(value, "rails", list);
	if (rails_health(support, list, &f)) {
		http_answer_json(rq, 200, value);
		return;
	}
	json_decref(value);
	log_fault(&f, "looking at the rails' health");
	http_answer_fault(rq, &f);
}
