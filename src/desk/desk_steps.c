/* desk_steps.c: five steps to a live newsroom, with marks that are true.
 *
 * Decides: when a step is done. Leaves to others: doing it. Runs in: desk. The hard thing: a mark is what a room has seen happen, not what
 * somebody ticked: a mail that a server took, an event that the provider signed, a backup that was made.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "base/log.h"
#include "desk/desk_area.h"
#include "desk/desk_pages.h"
#include "desk/desk_visit.h"
#include "gen/desk_sql.h"
#include "house/overlay.h"
#include "house/page.h"
#include "house/room.h"
#include "http/http.h"
#include "press/locale.h"
#include "press/value.h"
#include "store/store.h"

enum { STEPS = 5 };

struct step {
	const char *name;
	bool is_done, is_asked;      /* asked: the room has answered */
	struct str say;              /* what is so, or what to do */
	const char *href;            /* where to do it; NULL: at the server */
};

static bool steps_count(struct room *room, size_t query, const struct store_value *values, size_t count)
{
	struct fault f = {0};
	int64_t n = 0;

	if (!store_number(room->db, query, values, count, &n, &f))
		log_fault(&f, "looking at the first steps");
	return n > 0;
}

static void steps_read_marks(struct desk_visit *visit, struct str *backup, bool *is_dismissed)
{
	struct store_rows rows;
	struct fault f = {0};

	if (!store_rows_begin(visit->room->db, DESK_SQL_MARK_ALL, STORE_NO_ARGS, &rows, &f)) {
		log_fault(&f, "looking at the first steps");
		return;
	}
	while (store_rows_next(&rows, &f)) {
		if (str_is(store_column_text(&rows, 0), "backup"))
			*backup = store_column_copy(&rows, 1, visit->arena);
		else
			*is_dismissed = true;
	}
	(void) !store_rows_end(&rows);
}

static void steps_fill(struct desk_visit *visit, struct str backup, struct step steps[STEPS])
{
	struct room *room = visit->room;
	const struct overlay *desk = room->settings.desk;
	struct desk_known known = desk_pulse_known();
	bool is_named = (desk != NULL && desk->name.len > 0) || !str_is(room->settings.name, "Our Newsroom");
	bool is_editor = (visit->person.rights & DESK_NEWSROOM) != 0;

	steps[0] = (struct step){"Name and language", is_named, true, is_named
		? str_format(visit->arena, "%.*s, in %.*s",
		STR_ARG(room->settings.name), STR_ARG(locale_name(page_locale(room->theme, &room->settings, (struct str){NULL, 0}))))
		: STR("Give the newsroom its name"),
		is_editor ? "/site/newsroom" : NULL};
	steps[1] = (struct step){"Mail", known.mail_is_set && known.mail_went, known.newsletter_answered,
		!known.mail_is_set ? STR("A technician names the mail server in mimeo.conf, under [newsletter]")
		: known.mail_went ? STR("The mail server took a mail of ours")
		: STR("The server is set. Sign up on your own site and confirm: this is the test"), NULL};
	steps[2] = (struct step){"Payments", known.payments_are_set && known.webhook_seen, known.support_answered,
		!known.payments_are_set ? STR("A technician puts the provider’s keys into secrets/support.conf")
		: known.webhook_seen ? STR("The provider’s messages arrive")
		: STR("The keys are there. Give the least amount on your own site: this is the test"), NULL};
	steps[3] = (struct step){"Backup and its keys", backup.len > 0, true, backup.len > 0 ? str_format(visit->arena,
		"The last backup is of %.*s. Keys are not in it: keep a copy of keys/ and secrets/ elsewhere", STR_ARG(backup))
		: STR("At the server: mimeo backup FOLDER. Keep keys/ and secrets/ in another place"), NULL};
	steps[4] = (struct step){"First story", steps_count(room, DESK_SQL_LISTING_COUNT, STORE_ARGS(store_text(STR("published")))), true,
		STR("Publish a story"), "/stories"};
	if (steps[4].is_done)
		steps[4].say = STR("Readers can read");
}

void desk_set_steps(struct desk_visit *visit, struct press_value *root)
{
	struct press_value *box, *list;
	struct step steps[STEPS];
	struct str backup = {NULL, 0};
	bool is_dismissed = false;
	size_t done = 0, i;

	if ((visit->person.rights & DESK_SITE) == 0)
		return;
	steps_read_marks(visit, &backup, &is_dismissed);
	if (is_dismissed)
		return;
	steps_fill(visit, backup, steps);
	for (i = 0; i < STEPS; i++)
		done += steps[i].is_done;
	if (done == STEPS)
		return;
	box = press_set_map(root, "steps");
	list = press_set_list(box, "list");
	press_set_text(box, "count", str_format(visit->arena, "%zu of %d done", done, STEPS));
	for (i = 0; i < STEPS; i++) {
		struct press_value *item = press_add_map(list);

		press_set_c(item, "name", steps[i].name);
		press_set_text(item, "say", !steps[i].is_asked ? STR("Being asked; load the page again") : steps[i].say);
		press_set_bool(item, "done", steps[i].is_done);
		press_set_text(item, "href", steps[i].is_done ? (struct str){NULL, 0} : str_from(steps[i].href));
	}
}

void desk_post_steps(struct http_request *rq, void *self)
{
	struct desk_visit *visit;
	struct fault f = {0};
	bool ok;

	if (!desk_visit_begin(rq, self, DESK_SITE, &visit))
		return;
	ok = store_begin(visit->room->db, &f);
	if (ok)
		ok = desk_end_change(visit, store_run(visit->room->db, DESK_SQL_MARK_PUT, STORE_ARGS(store_text(STR("dismissed")),
			store_text(visit->person.name)), NULL, &f), "put the first steps away", (struct str){NULL, 0}, &f);
	if (ok)
		desk_answer_done(visit, "/site", "dismissed");
	else
		desk_answer_fault(visit, &f, "site", "/site");
}

/* cli: a backup was made. */
void desk_post_backup_mark(struct http_request *rq, void *self)
{
	struct room *room = self;
	const struct civil day = clock_civil(clock_now());
	struct fault f = {0};

	if (!store_run(room->db, DESK_SQL_MARK_PUT, STORE_ARGS(store_text(STR("backup")), store_text(str_format(http_arena(rq), "%04d-%02d-%02d",
			day.year, day.month, day.day))), NULL, &f)) {
		http_answer_fault(rq, &f);
		return;
	}
	http_answer_json(rq, 200, json_object());
}
