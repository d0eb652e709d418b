/* desk_draft.c: the composer's page: a draft with its words, picks, preview, size, and what there is to add.
 *
 * Decides: what an editor sees. Leaves to others: its buttons (desk_draft_save.c, desk_draft_steps.c), the mail (issue_mail.c). Runs in: desk. The
 * hard thing: it must come when the newsletter does not answer, and with whatever was typed, right or wrong.
 * SPDX-License-Identifier: ISC */
#include "desk/desk_draft.h"

#include <inttypes.h>
#include "base/arena.h"
#include "desk/desk_doings.h"
#include "desk/desk_letter.h"
#include "desk/desk_pages.h"
#include "desk/desk_report.h"
#include "desk/issue_mail.h"
#include "desk/story_store.h"
#include "gen/desk_sql.h"
#include "house/overlay.h"
#include "house/room.h"
#include "http/http_client.h"
#include "press/locale.h"
#include "press/theme.h"
#include "press/value.h"
#include "store/store.h"

enum { WEEK_DAYS = 7, LONG_DAYS = 60, GAUGE_UNITS = 1000, SUBJECT_GOOD_CHARS = 60 };

static const int64_t day_us = INT64_C(86400000000);

struct desk_draft *desk_draft_load(struct desk_visit *visit)
{
	struct desk_draft *page = arena_alloc(visit->arena, sizeof(*page));
	struct fault f = {0};
	int64_t id = 0;

	if (page == NULL)
		fault_full(&f, "this request");
	else if (!desk_parse_id(http_part(visit->rq, "id"), &id))
		fault_set(&f, FAULT_MISSING, "There is no such draft of an issue.");
	else if (issue_draft_read(visit->room, id, visit->arena, &page->draft, &f)) {
		page->visit = visit;
		page->status = 200;
		page->here = str_format(visit->arena, "/newsletter/drafts/%" PRId64, id);
		return page;
	}
	desk_answer_fault(visit, &f, "newsletter", "/newsletter");
	return NULL;
}

bool desk_draft_may_edit(const struct desk_draft *page)
{
	return page->draft.state == ISSUE_DRAFT_OPEN && (page->visit->person.rights & DESK_LETTER) != 0;
}

struct str desk_draft_when(struct desk_visit *visit, const struct issue_draft *draft)
{
	struct when at = draft->slot.us != 0 ? draft->slot : draft->send_at;
	struct civil civil = clock_civil(at);

	return at.us == 0 ? (struct str){NULL, 0} : str_format(visit->arena, "%.*s, %02d:%02d %.*s time",
		STR_ARG(locale_date_long(desk_locale(visit->room), &civil, visit->arena)), civil.hour, civil.minute,
		STR_ARG(visit->room->settings.zone));
}

struct str desk_draft_title(struct desk_visit *visit, const struct issue_draft *draft)
{
	struct civil day = clock_civil(draft->slot);

	if (draft->slot.us != 0)
		return str_format(visit->arena, "Issue of %.*s", STR_ARG(locale_date_long(desk_locale(visit->room), &day, visit->arena)));
	return draft->subject.len > 0 ? draft->subject : STR("New issue");
}

/* --- picks --- */

/* The columns of draft_stories and web_story_since: id, title, lang, dir, section, excerpt, photo, widths, published, state. */
static void set_story(struct desk_draft *page, struct press_value *item, const struct store_rows *rows)
{
	struct desk_visit *visit = page->visit;
	struct arena *arena = visit->arena;
	const struct settings *settings = &visit->room->settings;

	press_set_text(item, "id", desk_id(store_column_i64(rows, 0), arena));
	press_set_text(item, "headline", store_column_copy(rows, 1, arena));
	press_set_text(item, "lang", store_column_copy(rows, 2, arena));
	press_set_text(item, "dir", store_column_copy(rows, 3, arena));
	press_set_text(item, "section", overlay_section_name(settings, store_column_copy(rows, 4, arena), settings->language));
	press_set_text(item, "excerpt", store_column_copy(rows, 5, arena));
	press_set_text(item, "thumb", desk_thumb(store_column_copy(rows, 6, arena), store_column_copy(rows, 7, arena), arena));
	press_set_text(item, "when", desk_when(visit->room, (struct when){store_column_i64(rows, 8)}, arena));
}

static bool add_pick(struct desk_draft *page, struct press_value *list, size_t i, struct fault *f)
{
	const struct issue_pick *pick = &page->draft.picks[i];
	struct press_value *item = press_add_map(list);
	struct store_rows rows;
	bool is_there;

	press_set_text(item, "id", desk_id(pick->story, page->visit->arena));
	press_set_text(item, "line", pick->line);
	press_set_i64(item, "number", (int64_t) i + 1);
	press_set_bool(item, "is_first", i == 0);
	press_set_bool(item, "is_last", i + 1 == page->draft.pick_count);
	if (!store_rows_begin(page->visit->room->db, DESK_SQL_DRAFT_STORY, STORE_ARGS(store_i64(pick->story)), &rows, f))
		return false;
	is_there = store_rows_next(&rows, f);
	if (is_there) {
		set_story(page, item, &rows);
		is_there = str_is(store_column_text(&rows, 9), story_state_name(STORY_PUBLISHED));
	} else {
		press_set_c(item, "headline", "A story that was deleted");
	}
	press_set_bool(item, "is_gone", !is_there);
	return store_rows_end(&rows);
}

static bool add_picks(struct desk_draft *page, struct fault *f)
{
	struct press_value *list = press_set_list(page->root, "picks");
	size_t i;

	for (i = 0; i < page->draft.pick_count; i++)
		if (!add_pick(page, list, i, f))
			return false;
	press_set_bool(page->root, "has_picks", page->draft.pick_count > 0);
	press_set_bool(page->root, "is_full_up", page->draft.pick_count == ISSUE_PICKS);
	return true;
}

static bool is_picked(const struct desk_draft *page, int64_t story)
{
	size_t i;

	for (i = 0; i < page->draft.pick_count; i++)
		if (page->draft.picks[i].story == story)
			return true;
	return false;
}

static bool add_offers(struct desk_draft *page, struct press_value *list, struct store_rows *rows, struct fault *f)
{
	while (store_rows_next(rows, f))
		if (!is_picked(page, store_column_i64(rows, 0)))
			set_story(page, press_add_map(list), rows);
	return store_rows_end(rows);
}

/* What could be added: this week's, in a quiet week older ones, or what was looked for. */
static bool add_week(struct desk_draft *page, struct fault *f)
{
	struct press_value *list = press_set_list(page->root, "week");
	struct store *db = page->visit->room->db;
	int64_t now = clock_now().us;
	struct store_rows rows;
	struct str words;

	if (!store_rows_begin(db, DESK_SQL_WEB_STORY_SINCE, STORE_ARGS(store_i64(now - WEEK_DAYS * day_us)), &rows, f)
		|| !add_offers(page, list, &rows, f))
		return false;
	press_set_bool(page->root, "is_week", press_value_count(list) > 0);
	press_set_i64(page->root, "week_count", (int64_t) press_value_count(list));
	if (press_value_count(list) == 0 && (!store_rows_begin(db, DESK_SQL_WEB_STORY_SINCE, STORE_ARGS(store_i64(now - LONG_DAYS * day_us)),
		&rows, f) || !add_offers(page, list, &rows, f)))
		return false;
	press_set_bool(page->root, "has_week", press_value_count(list) > 0);
	if (page->find.len == 0)
		return true;
	list = press_set_list(page->root, "found");
	words = story_find_words(page->find, page->visit->arena);
	if (words.len > 0 && (!store_rows_begin(db, DESK_SQL_DRAFT_FIND,
			STORE_ARGS(store_text(words), store_i64(DRAFT_FOUND), store_i64(STORY_FIND_MOST)), &rows, f) || !add_offers(page, list, &rows, f)))
		return false;
	press_set_bool(page->root, "is_find", true);
	press_set_bool(page->root, "has_found", press_value_count(list) > 0);
	return true;
}

/* --- how it will look --- */

static struct str in_kb(size_t bytes, struct arena *arena)
{
	return str_format(arena, "%zu.%zu KB", bytes / 1024, bytes % 1024 * 10 / 1024);
}

static void add_size(struct desk_draft *page, const struct issue_mail *mail)
{
	struct press_value *size = press_set_map(page->root, "size");
	size_t bytes = mail->html.len, at = bytes * GAUGE_UNITS / ISSUE_CLIP_BYTES;

	press_set_text(size, "text", in_kb(bytes, page->visit->arena));
	press_set_i64(size, "bytes", (int64_t) bytes);
	press_set_i64(size, "width", (int64_t) (at > GAUGE_UNITS ? GAUGE_UNITS : at));
	press_set_i64(size, "goal", ISSUE_GOAL_BYTES * GAUGE_UNITS / ISSUE_CLIP_BYTES);
	press_set_bool(size, "is_clipped", bytes > ISSUE_CLIP_BYTES);
	press_set_bool(size, "is_large", bytes > ISSUE_GOAL_BYTES && bytes <= ISSUE_CLIP_BYTES);
	press_set_c(size, "kind", bytes > ISSUE_CLIP_BYTES ? "bad" : bytes > ISSUE_GOAL_BYTES ? "wait" : "ok");
}

static void add_ready(struct press_value *list, bool is_good, const char *good, const char *bad)
{
	struct press_value *item = press_add_map(list);

	press_set_bool(item, "good", is_good);
	press_set_c(item, "text", is_good ? good : bad);
}

static void add_checklist(struct desk_draft *page, const struct issue_mail *mail)
{
	struct press_value *list = press_set_list(page->root, "ready");
	size_t i, pictures = 0, described = 0, chars = str_count_chars(mail->subject);

	for (i = 0; i < mail->count; i++) {
		pictures += mail->stories[i].photo.hash.len > 0;
		described += mail->stories[i].photo.hash.len > 0 && mail->stories[i].alt.len > 0;
	}
	add_ready(list, mail->title.len > 0, chars <= SUBJECT_GOOD_CHARS ? "A subject that fits into a list of mails"
		: "A subject, longer than the 60 characters that most lists of mails show", "It has no subject yet");
	add_ready(list, mail->count > 0, "Stories are picked", "No story is picked yet");
	add_ready(list, mail->missing == 0, "Every story can be read", "A story was withdrawn meanwhile: take it out");
	add_ready(list, pictures == described, "Every picture has a description, for those who see none",
		"A picture has no description: readers without pictures see a gap");
	add_ready(list, mail->html.len <= ISSUE_CLIP_BYTES, mail->html.len <= ISSUE_GOAL_BYTES ? "Small enough for every mail program"
		: "Larger than 60 KB: slow on a throttled line", "Gmail would cut it off, with its unsubscribe link");
}

static bool add_mail(struct desk_draft *page, struct fault *f)
{
	struct desk_visit *visit = page->visit;
	struct desk_issue_wish wish;
	struct issue_mail mail;
	struct fault inner = {0};

	if (!issue_mail_wish(&page->draft, visit->arena, &wish, f))
		return false;
	if (!issue_mail_compose(visit->room, &wish, false, visit->arena, &mail, &inner)) {
		press_set_text(page->root, "no_mail", str_copy(str_from(inner.say), visit->arena)); /* what is wrong was typed: the page still comes */
		return true;
	}
	add_size(page, &mail);
	add_checklist(page, &mail);
	press_set_text(page->root, "mail_text", issue_mail_sample(mail.text, visit->room, visit->arena));
	press_set_text(page->root, "mail_preheader", mail.preheader);
	press_set_text(page->root, "mail_subject", mail.subject);
	press_set_text(page->root, "mail_sender", mail.sender_name.len > 0 ? mail.sender_name : visit->room->settings.from_name.len > 0
		? visit->room->settings.from_name : visit->room->settings.name);
	return true;
}

/* --- the page --- */

static void add_words(struct desk_draft *page)
{
	const struct issue_draft *draft = &page->draft;
	struct desk_visit *visit = page->visit;
	const struct locale *locale = theme_locale(visit->room->theme, draft->lang);
	struct press_value *root = page->root;

	press_set_text(root, "subject", draft->subject);
	press_set_i64(root, "subject_chars", (int64_t) str_count_chars(draft->subject));
	press_set_text(root, "preheader", draft->preheader);
	press_set_text(root, "intro", draft->intro);
	press_set_text(root, "signoff", draft->signoff);
	press_set_text(root, "draft_lang", draft->lang);
	press_set_c(root, "draft_dir", locale_is_rtl(locale) ? "rtl" : "ltr");
	press_set_text(root, "language", locale_name(locale));
	press_set_bool(root, "is_neutral", draft->is_neutral);
	press_set_bool(root, "is_full", draft->is_full);
	press_set_text(root, "neutral_subject", draft->neutral_subject);
	press_set_text(root, "neutral_name", draft->neutral_name);
	press_set_text(root, "neutral_subject_else", locale_text(locale, "mail_neutral_subject"));
	press_set_text(root, "neutral_name_else", locale_text(locale, "mail_neutral_sender"));
	press_set_i64(root, "version", draft->version);
}

static void add_time(struct desk_draft *page)
{
	struct press_value *root = page->root;
	struct arena *arena = page->visit->arena;
	struct civil at = clock_civil(page->draft.send_at);

	press_set_bool(root, "has_slot", page->draft.slot.us != 0);
	press_set_text(root, "goes", desk_draft_when(page->visit, &page->draft));
	press_set_text(root, "zone", page->visit->room->settings.zone);
	if (page->draft.send_at.us != 0 && page->day.len == 0 && page->hour.len == 0) {
		page->day = str_format(arena, "%04d-%02d-%02d", at.year, at.month, at.day);
		page->hour = str_format(arena, "%02d:%02d", at.hour, at.minute);
	}
	press_set_text(root, "day", page->day);
	press_set_text(root, "hour", page->hour);
}

static void add_state(struct desk_draft *page)
{
	const struct issue_draft *draft = &page->draft;
	struct press_value *root = page->root;
	unsigned rights = page->visit->person.rights;

	press_set_bool(root, "is_open", draft->state == ISSUE_DRAFT_OPEN);
	press_set_bool(root, "is_approved", draft->state == ISSUE_DRAFT_APPROVED);
	press_set_bool(root, "is_issued", draft->state == ISSUE_DRAFT_ISSUED);
	press_set_bool(root, "is_skipped", draft->state == ISSUE_DRAFT_SKIPPED);
	press_set_bool(root, "is_dropped", draft->state == ISSUE_DRAFT_DROPPED);
	press_set_bool(root, "may_edit", desk_draft_may_edit(page));
	press_set_bool(root, "can_send", (rights & DESK_SEND) != 0);
	press_set_bool(root, "can_reopen", (rights & DESK_SEND) != 0
		&& (draft->state == ISSUE_DRAFT_APPROVED || draft->state == ISSUE_DRAFT_SKIPPED));
	press_set_text(root, "changed_by", draft->changed_by);
	press_set_text(root, "changed", desk_when_within(page->visit->room, draft->changed, page->visit->arena));
	if (draft->issue != 0 && draft->state != ISSUE_DRAFT_OPEN)
		press_set_text(root, "issue_href", str_format(page->visit->arena, "/newsletter/%" PRId64, draft->issue));
}

static void add_views(struct desk_draft *page)
{
	static const struct {
		const char *word, *name;
	} views[] = {{"phone", "Phone"}, {"desktop", "Desktop"}, {"dark", "Dark"}, {"text", "Text"}};
	struct press_value *list = press_set_list(page->root, "views");
	bool has_any = false;

	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++)
		has_any |= str_is(page->view, views[i].word);
	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
		struct press_value *item = press_add_map(list);

		press_set_c(item, "word", views[i].word);
		press_set_c(item, "name", views[i].name);
		press_set_bool(item, "checked", has_any ? str_is(page->view, views[i].word) : i == 0);
	}
}

static void finish(struct desk_draft *page)
{
	struct desk_visit *visit = page->visit;
	struct press_value *root = page->root;
	struct fault f = {0};

	press_set_text(root, "title", desk_draft_title(visit, &page->draft));
	press_set_text(root, "here", page->here);
	press_set_text(root, "find", page->find);
	press_set_text(root, "to", page->to.len > 0 ? page->to : http_cookie(visit->rq, "test_to"));
	press_set_bool(root, "is_composer", true);
	if (page->wrong.kind != FAULT_NONE) {
		press_set_text(root, "error", str_copy(str_from(page->wrong.say), visit->arena));
		press_set_bool(root, "is_conflict", page->wrong.kind == FAULT_CONFLICT);
	}
	add_words(page);
	add_time(page);
	add_state(page);
	add_views(page);
	if (add_picks(page, &f) && add_week(page, &f) && add_mail(page, &f))
		desk_answer(visit, page->status, "desk_draft", root);
	else
		desk_answer_fault(visit, &f, "newsletter", "/newsletter");
}

/* What became of the test mail that was just sent. */
static void on_test(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	struct desk_draft *page = more;
	struct press_value *test = press_set_map(page->root, "test");
	const json_t *refusal = json_array_get(json_object_get(reply, "refusals"), 0);

	if (f != NULL)
		press_set_bool(test, "is_unknown", true);
	else if (desk_json_number(reply, "accepted") > 0)
		press_set_bool(test, "is_accepted", true);
	else if (desk_json_number(reply, "refused") > 0)
		press_set_text(test, "refused", str_format(visit->arena, "%lld %.*s", (long long) desk_json_number(refusal, "reply"),
			STR_ARG(http_json_text(refusal, "enhanced"))));
	else
		press_set_bool(test, "is_under_way", true);
	press_set_text(test, "again", str_format(visit->arena, "%.*s?test=%" PRId64 "#test", STR_ARG(page->here), page->test));
	finish(page);
}

/* The newest that has begun: its bar stands below the words, as a measure of this one. */
static void on_issues(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	const json_t *issues = json_object_get(reply, "issues"), *issue;
	struct desk_draft *page = more;
	char path[64];
	size_t i;

	for (i = 0; f == NULL && i < json_array_size(issues); i++) {
		issue = json_array_get(issues, i);
		if (desk_json_number(issue, "started") == 0)
			continue;
		desk_report_bar(visit, page->root, issue);
		press_set_text(page->root, "last_when", desk_when_within(visit->room, (struct when){desk_json_number(issue, "started")}, visit->arena));
		press_set_text(page->root, "last_subject", str_copy(http_json_text(issue, "subject"), visit->arena));
		press_set_text(page->root, "last_href", str_format(visit->arena, "/newsletter/%" PRId64, desk_json_number(issue, "id")));
		break;
	}
	if (page->test == 0) {
		finish(page);
		return;
	}
	snprintf(path, sizeof(path), "/issues/%" PRId64, page->test);
	desk_ask(visit, "newsletter", "GET", path, NULL, on_test, page);
}

static void on_count(struct desk_visit *visit, json_t *reply, const struct fault *f, void *more)
{
	struct desk_draft *page = more;

	if (f == NULL)
		press_set_text(page->root, "subscribers", locale_plural(desk_locale(visit->room), "subscribers",
			desk_json_number(reply, "readers"), visit->arena));
	else
		press_set_bool(page->root, "unreachable", true);
	if (f != NULL)
		finish(page);
	else
		desk_ask(visit, "newsletter", "GET", "/issues", NULL, on_issues, page);
}

void desk_answer_draft(struct desk_draft *page)
{
	page->root = desk_values(page->visit, "newsletter", "Issue");
	desk_ask(page->visit, "newsletter", "GET", "/count", NULL, on_count, page);
}

void desk_get_draft(struct http_request *rq, void *self)
{
	struct desk_draft *page;
	struct desk_visit *visit;

	if (!desk_visit_begin(rq, self, DESK_LETTER, &visit) || (page = desk_draft_load(visit)) == NULL)
		return;
	page->view = http_query(rq, "view");
	page->find = str_trim(http_query(rq, "find"));
	if (!desk_parse_id(http_query(rq, "test"), &page->test))
		page->test = 0;
	desk_answer_draft(page);
}

void desk_get_compose_js(struct http_request *rq, void *self)
{
	struct room *room = self;

	desk_headers(rq, false);
	http_answer(rq, 200, "text/javascript; charset=utf-8", theme_file(room->theme, "compose.js"));
}
