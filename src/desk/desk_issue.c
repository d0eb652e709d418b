/* desk_issue.c: one frozen issue: its state, the bar while it goes, its report afterwards, its preview.
 *
 * Decides: what an editor sees of a send. Leaves to others: its buttons (desk_issue_steps.c), numbers and plots (desk_report.c), sending
 * (newsletter). Runs in: desk. The hard thing: the bar is alive without JavaScript (the page loads itself again) and smooth with it (desk.js takes
 * the part that changes).
 * SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include "base/arena.h"
#include "desk/desk_doings.h"
#include "desk/desk_issue.h"
#include "desk/desk_letter.h"
#include "desk/desk_pages.h"
#include "desk/desk_report.h"
#include "desk/desk_visit.h"
#include "desk/issue_mail.h"
#include "gen/desk_sql.h"
#include "house/room.h"
#include "http/http_client.h"
#include "press/value.h"
#include "store/store.h"

struct desk_issue *desk_issue_begin(struct desk_visit *visit)
{
	struct desk_issue *page = arena_alloc(visit->arena, sizeof(*page));
	struct fault f = {0};
	bool found = false;

	if (page == NULL) {
		fault_full(&f, "this request");
		desk_answer_fault(visit, &f, "newsletter", "/newsletter");
		return NULL;
	}
	if (!desk_parse_id(http_part(visit->rq, "id"), &page->id))
		fault_set(&f, FAULT_MISSING, "There is no such issue.");
	else if (store_one(visit->room->db, DESK_SQL_ISSUE_ONE, STORE_ARGS(store_i64(page->id)), visit->arena, &page->row,
		&found, &f)
		&& !found)
		fault_set(&f, FAULT_MISSING, "There is no such issue.");
	if (f.kind != FAULT_NONE) {
		desk_answer_fault(visit, &f, "newsletter", "/newsletter");
		return NULL;
	}
	page->here = str_format(visit->arena, "/newsletter/%" PRId64, page->id);
	return page;
}

const char *desk_issue_path(struct desk_visit *visit, const struct desk_issue *page, const char *end)
{
	char *path = str_to_c(str_format(visit->arena, "/issues/%" PRId64 "%s", page->id, end), visit->arena);

	return path != NULL ? path : "/issues";
}

/* --- the page --- */

static bool add_stories(struct desk_visit *visit, const struct desk_issue *page, struct fault *f)
{
	struct press_value *list = press_set_list(page->root, "stories");
	struct store_rows rows;

	if (!store_rows_begin(visit->room->db, DESK_SQL_WEB_ISSUE_STORIES, STORE_ARGS(store_i64(page->id)), &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		struct press_value *item = press_add_map(list);

		press_set_text(item, "href", str_format(visit->arena, "/stories/%" PRId64, store_column_i64(&rows, 0)));
		press_set_text(item, "headline", store_column_copy(&rows, 1, visit->arena));
		press_set_text(item, "lang", store_column_copy(&rows, 2, visit->arena));
		press_set_text(item, "dir", store_column_copy(&rows, 3, visit->arena));
	}
	return store_rows_end(&rows);
}

static void add_state(struct desk_visit *visit, struct desk_issue *page, const json_t *reply)
{
	struct str state = str_copy(http_json_text(reply, "state"), visit->arena);
	bool is_sending = str_is(state, "sending"), is_paused = str_is(state, "paused"), is_over = str_is(state, "sent") || str_is(state, "cancelled"),
		may = (visit->person.rights & DESK_SEND) != 0, has_begun = desk_json_number(reply, "started") > 0, waits;
	struct str schedule = http_json_text(reply, "schedule");

	/* one that goes by itself has no button, but for one whose time passed */
	waits = page->row.columns[13].number != 0 && !str_is(schedule, "skipped") && !str_is(schedule, "held");
	desk_issue_state(page->root, state);
	press_set_bool(page->root, "live", is_sending);
	press_set_bool(page->root, "can_send", may && ((str_is(state, "frozen") && !waits) || is_paused));
	press_set_bool(page->root, "is_paused", is_paused);
	press_set_bool(page->root, "can_pause", may && is_sending);
	press_set_bool(page->root, "can_cancel", may && !is_over);
	press_set_bool(page->root, "can_resend", may && desk_json_number(reply, "in_doubt") > 0 && !str_is(state, "cancelled"));
	press_set_text(page->root, "approved_by", str_copy(http_json_text(reply, "approved_by"), visit->arena));
	press_set_text(page->root, "cancelled_by", str_copy(http_json_text(reply, "cancelled_by"), visit->arena));
	press_set_text(page->root, "pause_reason", str_copy(http_json_text(reply, "pause_reason"), visit->arena));
	press_set_text(page->root, "left_out", str_copy(http_json_text(reply, "left_out"), visit->arena));
	if (has_begun)
		desk_report_bar(visit, page->root, reply);
	if (has_begun && is_over)
		desk_report_values(visit, page->root, reply);
	if (is_sending || str_is(state, "sent"))
		desk_issue_started(visit->room, page->id);
}

static void finish(struct desk_visit *visit, struct desk_issue *page)
{
	struct fault f = {0};

	if (add_stories(visit, page, &f))
		desk_answer(visit, 200, "desk_issue", page->root);
	else
		desk_answer_fault(visit, &f, "newsletter", "/newsletter");
}

static void on_issues(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	struct desk_issue *page = more;

	if (f == NULL)
		desk_report_former(visit, page->root, reply, page->id);
	finish(visit, page);
}

static void on_state(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	struct desk_issue *page = more;

	if (f != NULL) {
		desk_issue_state(page->root, STR(""));
		press_set_text(page->root, "trouble", str_copy(str_from(f->say), visit->arena));
		finish(visit, page);
		return;
	}
	add_state(visit, page, reply);
	if (str_is(http_json_text(reply, "state"), "sending"))
		finish(visit, page); /* asked for often: no more than it needs */
	else
		desk_ask(visit, "newsletter", "GET", "/issues", NULL, on_issues, page);
}

void desk_get_issue(struct http_request *rq, void *self)
{
	struct desk_issue *page;
	struct desk_visit *visit;
	struct when at;

	if (!desk_visit_begin(rq, self, DESK_LETTER, &visit) || (page = desk_issue_begin(visit)) == NULL)
		return;
	page->root = desk_values(visit, "newsletter", "Issue");
	press_set_text(page->root, "title", page->row.columns[0].bytes);
	press_set_text(page->root, "preheader", page->row.columns[1].bytes);
	press_set_text(page->root, "lang", page->row.columns[3].bytes);
	press_set_text(page->root, "text", issue_mail_sample(page->row.columns[5].bytes, visit->room, visit->arena));
	press_set_text(page->root, "made", desk_when_within(visit->room, (struct when){page->row.columns[7].number},
		visit->arena));
	if (!str_equal(page->row.columns[10].bytes, page->row.columns[0].bytes))
		press_set_text(page->root, "mail_subject", page->row.columns[10].bytes);
	press_set_text(page->root, "sender_name", page->row.columns[11].bytes);
	at.us = page->row.columns[13].number;
	if (at.us != 0)
		press_set_text(page->root, "goes", desk_when_within(visit->room, at, visit->arena));
	press_set_text(page->root, "here", page->here);
	press_set_bool(page->root, "is_dark", str_is(http_query(rq, "view"), "dark"));
	desk_ask(visit, "newsletter", "GET", desk_issue_path(visit, page, "/progress"), NULL, on_state, page);
}

void desk_get_preview(struct http_request *rq, void *self)
{
	struct desk_issue *page;
	struct desk_visit *visit;
	struct str html;

	if (!desk_visit_begin(rq, self, DESK_LETTER, &visit) || (page = desk_issue_begin(visit)) == NULL)
		return;
	html = page->row.columns[4].bytes;
	desk_answer_mail(visit, str_is(http_query(rq, "view"), "dark") ? issue_mail_dark(html, visit->arena) : html);
}
