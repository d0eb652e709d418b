/* desk.c: the desk as a room: its listeners, jobs, timers and commands.
 *
 * Decides: who may ask the desk what. Leaves to others: stories (story_*.c), the site (bake_*.c), issues (compose.c),
 * staff's pages (desk_*.c). Runs in: desk. The hard thing: none.
 * SPDX-License-Identifier: ISC */
#include "desk/desk.h"

#include <stdio.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "desk/bake.h"
#include "desk/bake_job.h"
#include "desk/desk_doings.h"
#include "desk/desk_pages.h"
#include "desk/desk_staff.h"
#include "desk/desk_web.h"
#include "desk/issue_page.h"
#include "desk/movein.h"
#include "desk/photo_make.h"
#include "desk/newsroom.h"
#include "desk/slot_clock.h"
#include "desk/story_work.h"
#include "gen/desk_schema.h"
#include "gen/desk_sql.h"
#include "store/store.h"

enum { DAY_EVERY_S = 60, POLL_FIRST_S = 3, POLL_EVERY_S = 20, SLOT_FIRST_S = 1, SLOT_EVERY_S = 10,
	GOAL_FIRST_S = 5, GOAL_EVERY_S = 3600 };

static const struct http_route cli_routes[] = {
	{"POST", "/stories/import", story_post_import, HTTP_JSON},
	{"POST", "/stories/move-in", story_post_movein, HTTP_JSON},
	{"GET", "/stories/move-in/{job}", story_get_movein, HTTP_NO_BODY},
	{"GET", "/stories/move-in/{job}/pages/{number}", story_get_movein_page, HTTP_NO_BODY},
	{"GET", "/stories", story_get_list, HTTP_NO_BODY},
	{"GET", "/stories/{id}", story_get_one, HTTP_NO_BODY},
	{"POST", "/stories/{id}/publish", story_post_publish, HTTP_JSON},
	{"POST", "/stories/{id}/withdraw", story_post_withdraw, HTTP_JSON},
	{"POST", "/bake", story_post_bake, HTTP_JSON},
	{"GET", "/jobs/{id}", story_get_job, HTTP_NO_BODY},
	{"POST", "/issues", story_post_issue, HTTP_JSON},
	{"GET", "/issues/{id}/preview", story_get_preview, HTTP_NO_BODY},
	{"POST", "/staff", desk_staff_post, HTTP_JSON},
	{"GET", "/staff", desk_staff_get, HTTP_NO_BODY},
	{"POST", "/staff/{id}/link", desk_staff_post_link, HTTP_JSON},
	{"POST", "/staff/{id}/revoke", desk_staff_post_revoke, HTTP_JSON},
	{"POST", "/staff/{id}/role", desk_staff_post_role, HTTP_JSON},
	{"POST", "/marks/backup", desk_post_backup_mark, HTTP_JSON},
	{NULL, NULL, NULL, HTTP_NO_BODY},
};

static const struct room_listener listeners[] = {
	{"public", desk_web_routes, desk_web_otherwise, desk_web_even_read_only, 0},
	{"cli", cli_routes, NULL, NULL, 0},
	{NULL, NULL, NULL, NULL, 0},
};

/* --- the room --- */

static int today(void)
{
	const struct civil day = clock_civil(clock_now());

	return day.year * 10000 + day.month * 100 + day.day;
}

/* The date of the oldest story that the news sitemap names; 0: none. */
static int64_t news_first(struct room *room)
{
	struct fault f = {0};
	int64_t first = 0;

	if (!store_number(room->db, DESK_SQL_SITEMAP_NEWS_FIRST, STORE_ARGS(store_i64(clock_now().us - BAKE_NEWS_US)), &first,
		&f))
		log_fault(&f, "looking at the news sitemap");
	return first;
}

/* Two things on the site take the time: the front page's masthead has the day, the news sitemap what is younger than 48
 * hours. A bake of changes makes both again. */
static void look_at_day(void *self)
{
	struct work *work = work_of(self);
	int64_t first = news_first(self);

	newsroom_look(self);
	if (work->last_day == today() && work->news_first == first)
		return;
	work->last_day = today();
	work->news_first = first;
	work_bake(work, false, NULL);
}

static bool open_room(struct room *room, struct fault *f)
{
	struct work *work = memory_new(1, sizeof(*work));

	work->room = room;
	work->import_fd = -1;
	work->last_day = today();
	work->news_first = news_first(room);
	room->self = work;
	if (!issue_page_name_all(room->db, f)) /* issues of an older database */
		return false;
	newsroom_begin(room);
	photo_open(room);
	room_every(room, DAY_EVERY_S, DAY_EVERY_S, look_at_day, room);
	room_every(room, POLL_FIRST_S, POLL_EVERY_S, compose_poll, room);
	room_every(room, GOAL_FIRST_S, GOAL_EVERY_S, desk_goal_look, room);
	room_every(room, SLOT_FIRST_S, SLOT_EVERY_S, slot_clock_look, room);
	/* What a crash left undone; all of it where theme or settings changed, or where a restored copy has no site yet: it
	 * serves pages. */
	work_bake(work, false, NULL);
	work_schedule(work);
	work_make_findable(work);
	return true;
}

static void close_room(struct room *room)
{
	struct work *work = work_of(room);

	photo_close(room);
	loop_timer_stop(&work->bake_timer);
	loop_timer_stop(&work->import_timer);
	loop_timer_stop(&work->due_timer);
	loop_timer_stop(&work->find_timer);
	memory_free(work);
	room->self = NULL;
}

/* One photo in all its widths and codings, at the desk and on the site; widths: "320 640". */
static bool photo_is_whole(const struct room *room, struct str hash, struct str widths)
{
	static const char *const folders[] = {"data/desk/media", "data/site/media"};
	static const char *const endings[] = {"jpg", "webp"};
	struct str width;
	char path[128];
	size_t i;

	while (str_next(&widths, ' ', &width))
		for (i = 0; i < 4; i++) {
			snprintf(path, sizeof(path), "%s/%.*s-%.*s.%s", folders[i / 2], STR_ARG(str_part(hash, 0, 32)),
				STR_ARG(str_part(width, 0, 16)), endings[i % 2]);
			if (!file_exists(room->home.fd, path))
				return false;
		}
	return true;
}

static bool check_photos(struct room *room, json_t *findings, struct fault *f)
{
	struct store_rows rows;
	size_t missing = 0;
	char say[128];

	if (!store_rows_begin(room->db, DESK_SQL_PHOTO_SHOWN, STORE_NO_ARGS, &rows, f))
		return false;
	while (store_rows_next(&rows, f))
		missing += !photo_is_whole(room, store_column_text(&rows, 0), store_column_text(&rows, 1));
	if (missing > 0) {
		snprintf(say, sizeof(say), "%zu photo%s that pages name %s not whole", missing,
			missing == 1 ? "" : "s", missing == 1 ? "is" : "are");
		room_finding(findings, say, "run mimeo bake; if this is said again, import their stories with the photos,"
			" or take data/desk/media from the newest backup");
	}
	return store_rows_end(&rows);
}

static bool check_room(struct room *room, json_t *findings, struct fault *f)
{
	int64_t waiting = 0;

	if (!store_number(room->db, DESK_SQL_QUEUE_COUNT, STORE_NO_ARGS, &waiting, f))
		return false;
	if (waiting > 0 && work_of(room)->bake_failures > 0)
		room_finding(findings, "the site does not show every change: baking failed",
			"look at the log, then run: mimeo bake");
	return check_photos(room, findings, f);
}

static void add_health(struct room *room, json_t *health)
{
	const struct work *work = work_of(room);

	json_object_set_new(health, "baking", json_boolean(work->bake_child != NULL || work->bake_wanted));
	if (work->bake_failures > 0)
		json_object_set_new(health, "state", json_string("trouble"));
}

static const struct room_job jobs[] = {
	{"bake", bake_job, false, true},
	{"import", story_import_job, false, false},
	{"movein", movein_job, false, false},
	{NULL, NULL, false, false},
};

const struct room_kind desk_room = {
	.word = "desk",
	.listeners = listeners,
	.schema = desk_schema,
	.queries = desk_sql,
	.query_count = DESK_SQL_SEARCH_SCHEMA, /* what follows is site/search.db's */
	.open = open_room,
	.close = close_room,
	.check = check_room,
	.health = add_health,
	.jobs = jobs,
};

/* --- commands --- */

const struct errand_command desk_commands[] = {
	{"story import", "desk", "FILE|FOLDER...",
		"Takes stories in: Markdown files with front matter between two lines of ---, each photo beside its file. Keys: id, title, slug,\n"
		"lang, dir, date, updated, authors, section, topics, photo, alt, caption, credit, focus, sensitive, excerpt, status, correction, grave.\n"
		"Pictures in the text: ![what it shows](file.jpg \"Caption. Name / Agency\"), alone in their paragraph, the file beside the story.\n"
		"Importing a story again (same id, or same file name) updates it. If anything is wrong, nothing is taken in.\n",
		story_run_import},
	{"story move-in", "desk", "FILE [--media FOLDER] [--report FILE] [--dry-run]",
		"Moves a newsroom in from WordPress (FILE: its export, .xml) or Ghost (.json): stories, bylines, sections, topics, pictures,\n"
		"redirects from the old addresses. Pictures come from FOLDER (wp-content/uploads, or Ghost's content/images); nothing is fetched.\n"
		"What could not be kept stands in the report (./move-in.md unless said), the texts of pages in a folder beside it.\n"
		"Doing it again takes in what is new and leaves alone what the desk has changed. --dry-run: the report alone.\n",
		story_run_movein},
	{"story list", "desk", "[draft|review|scheduled|published|withdrawn]", "Lists stories, the newest first.\n", story_run_list},
	{"story show", "desk", "ID|SLUG", "Shows one story.\n", story_run_show},
	{"story publish", "desk", "ID|SLUG", "Publishes a draft, or a withdrawn story again.\n", story_run_publish},
	{"story withdraw", "desk", "ID|SLUG [REASON]", "Takes a story off the site; its address answers 410 from then on.\n", story_run_withdraw},
	{"bake", "desk", "", "Makes the whole site again from stories, theme and settings.\n", story_run_bake},
	DESK_STAFF_COMMANDS,
	{"newsletter compose", "desk newsletter", "--subject TEXT [--intro MARKDOWN] STORY...",
		"Makes an issue of published stories, in the order given, and freezes it.\n", story_run_compose},
	{"newsletter preview", "desk", "ID [--html]", "Prints the issue's text, or its HTML.\n", story_run_preview},
	{NULL, NULL, NULL, NULL, NULL},
};
