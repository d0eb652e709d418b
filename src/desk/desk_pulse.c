/* desk_pulse.c: one plain sentence of health in the bar of every desk page.
 *
 * Decides: what counts as well. Leaves to others: each room's own health. Runs in: desk. The hard thing: a page must not
 * wait for a room that hangs, so it shows what was last known, and asks in the background when that is old.
 * SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include "base/arena.h"
#include "desk/desk_visit.h"
#include "desk/slot_clock.h"
#include "gen/desk_sql.h"
#include "house/room.h"
#include "http/http_client.h"
#include "press/value.h"
#include "store/store.h"

enum { PULSE_ROOMS = 3, PULSE_OLD_MS = 15000, PULSE_SAY = 160 };

/* What each room said last. Long-lived: one per process, as there is one desk. */
static struct pulse {
	const char *word, *name;
	bool is_asking, is_known, is_well;
	int64_t asked_ms;
	char say[PULSE_SAY];
	bool is_alarm;                         /* a way to pay is ill: its page says how */
	bool has_answered, is_set, has_worked; /* for the first steps: settings or keys are there; a mail was taken, an event came */
} pulses[PULSE_ROOMS] = {{.word = "front", .name = "Site"}, {.word = "newsletter", .name = "Newsletter"}, {.word = "support", .name = "Payments"}};

static void judge(struct pulse *pulse, const json_t *health)
{
	struct str state = http_json_text(health, "state"), smtp = http_json_text(health, "smtp"), alarm = http_json_text(health, "alarm");
	int64_t in_doubt = 0;

	pulse->has_answered = true;
	pulse->is_set = pulse == &pulses[1] ? smtp.len > 0 && !str_is(smtp, "unset") : json_is_true(json_object_get(health, "ready"));
	pulse->has_worked = json_is_true(json_object_get(health, pulse == &pulses[1] ? "mail_went" : "webhook_seen"));
	pulse->is_well = true;
	pulse->is_alarm = alarm.len > 0;
	snprintf(pulse->say, sizeof(pulse->say), "answers");
	(void) http_json_i64(health, "in_doubt", &in_doubt);
	if (str_is(state, "trouble") || str_is(smtp, "trouble")) {
		struct str say = http_json_text(health, "smtp_say");

		pulse->is_well = false;
		snprintf(pulse->say, sizeof(pulse->say), "reports trouble%s%.*s", say.len > 0 ? ": " : "",
			STR_ARG(str_part(say, 0, 120)));
	} else if (pulse->is_alarm) { /* up to what to do about it, which the page says */
		pulse->is_well = false;
		snprintf(pulse->say, sizeof(pulse->say), "need a look: %.*s", STR_ARG(str_part(alarm, 0, str_find_char(alarm, ':'))));
	} else if (str_is(smtp, "unset")) {
		snprintf(pulse->say, sizeof(pulse->say), "answers; no mail server is set yet");
	} else if (str_is(smtp, "waiting")) {
		snprintf(pulse->say, sizeof(pulse->say), "answers; mails wait for the last answers of an earlier start");
	} else if (json_is_false(json_object_get(health, "ready"))) {
		snprintf(pulse->say, sizeof(pulse->say), "answers; the provider's keys are not set yet");
	} else if (in_doubt > 0) {
		snprintf(pulse->say, sizeof(pulse->say), "answers; %lld mails are in doubt", (long long) in_doubt);
	}
}

static void on_health(void *self, const struct http_reply *reply, const struct fault *f)
{
	struct pulse *pulse = self;
	struct fault own = {0};
	json_t *health = NULL;

	pulse->is_asking = false;
	pulse->is_known = true;
	if (f == NULL && http_reply_ok(reply, &own) && http_json_parse(reply->body, &health, &own)) {
		judge(pulse, health);
		json_decref(health);
		return;
	}
	pulse->is_well = false;
	snprintf(pulse->say, sizeof(pulse->say), "does not answer");
}

static void ask_when_old(struct room *room)
{
	int64_t now = clock_mono_ms();

	for (size_t i = 0; i < PULSE_ROOMS; i++) {
		struct pulse *pulse = &pulses[i];
		struct fault ignored = {0};

		if (pulse->is_asking || (pulse->is_known && now - pulse->asked_ms < PULSE_OLD_MS))
			continue;
		pulse->asked_ms = now;
		pulse->is_asking = true;
		if (!room_call(room, pulse->word, "GET", "/health", NULL, on_health, pulse, &ignored)) {
			pulse->is_asking = false;
			pulse->is_known = true;
			pulse->is_well = false;
			snprintf(pulse->say, sizeof(pulse->say), "does not answer");
		}
	}
}

/* When the site was baked last: the change counter is the last thing that a bake writes. */
static struct when last_bake(struct room *room)
{
	struct stat st;

	if (fstatat(room->home.fd, "data/site/_changes", &st, 0) != 0)
		return (struct when){0};
	return (struct when){(int64_t) st.st_mtim.tv_sec * 1000000};
}

static int64_t waiting_to_bake(struct room *room)
{
	struct fault ignored = {0};
	int64_t count = 0;

	if (!store_number(room->db, DESK_SQL_QUEUE_COUNT, STORE_NO_ARGS, &count, &ignored))
		return 0;
	return count;
}

static struct str say_bake(struct room *room, struct arena *arena)
{
	struct when baked = last_bake(room);
	struct str at;

	if (baked.us == 0)
		return STR("nothing is baked yet");
	if (waiting_to_bake(room) > 0)
		return STR("being baked");
	at = desk_when(room, baked, arena);
	if (str_starts(at, STR("Today ")))
		at = str_part(at, 6, SIZE_MAX);
	return str_format(arena, "baked %.*s", STR_ARG(at));
}

static bool site_is_up(void)
{
	return pulses[0].is_known && pulses[0].is_well;
}

void desk_pulse_values(struct desk_visit *visit, struct press_value *root)
{
	struct press_value *health = press_set_map(root, "health");
	const struct pulse *ill = NULL;
	struct str held = {NULL, 0};
	bool is_held;

	ask_when_old(visit->room);
	for (size_t i = 0; i < PULSE_ROOMS; i++)
		if (pulses[i].is_known && !pulses[i].is_well && ill == NULL)
			ill = &pulses[i];
	is_held = ill == NULL && desk_slot_trouble(visit, &held);
	press_set_bool(health, "ok", ill == NULL && !is_held);
	if (is_held) {
		press_set_text(health, "text", held);
		press_set_c(health, "href", "/newsletter");
		press_set_bool(health, "may_open", true);
		return;
	}
	press_set_c(health, "href", "/site");
	if (ill != NULL)
		press_set_text(health, "text", str_format(visit->arena, "%s %s", ill->name, ill->say));
	else
		press_set_text(health, "text", str_format(visit->arena, site_is_up() ? "Site is up · %.*s" : "Site: %.*s",
			STR_ARG(say_bake(visit->room, visit->arena))));
	press_set_bool(health, "may_open", (visit->person.rights & DESK_SITE) != 0);
	if (ill != NULL && ill->is_alarm) {
		press_set_c(health, "href", "/support/rails");
		press_set_bool(health, "may_open", (visit->person.rights & DESK_MONEY) != 0);
	}
}

struct desk_known desk_pulse_known(void)
{
	return (struct desk_known){pulses[1].has_answered, pulses[1].is_set, pulses[1].has_worked, pulses[2].has_answered, pulses[2].is_set,
		pulses[2].has_worked};
}

void desk_pulse_list(struct desk_visit *visit, struct press_value *root)
{
	struct press_value *list = press_set_list(root, "findings"), *item = press_add_map(list);
	int64_t waiting = waiting_to_bake(visit->room);

	press_set_c(item, "name", "Pages");
	press_set_text(item, "text", say_bake(visit->room, visit->arena));
	press_set_c(item, "mark", waiting > 0 || last_bake(visit->room).us == 0 ? "wait" : "live");
	for (size_t i = 0; i < PULSE_ROOMS; i++) {
		item = press_add_map(list);
		press_set_c(item, "name", pulses[i].name);
		press_set_c(item, "text", pulses[i].is_known ? pulses[i].say : "being asked");
		press_set_c(item, "mark", !pulses[i].is_known ? "wait" : pulses[i].is_well ? "live" : "bad");
	}
	press_set_i64(root, "waiting", waiting);
}
