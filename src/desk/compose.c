/* compose.c: an issue is frozen and handed over, and the archive learns that it has begun.
 *
 * Decides: what is kept of an issue; when the web archive shows it. Leaves to others: the mail (issue_mail.c), people and sending (the
 * newsletter room, which never sees desk.db). Runs in: desk. The hard thing: an issue is in two databases, so the poll hands over again what
 * only ours has; and a draft is approved in the transaction that freezes it, so that nobody's save falls in between.
 * SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "base/log.h"
#include "base/rand.h"
#include "desk/desk_doings.h"
#include "desk/issue_draft.h"
#include "desk/issue_mail.h"
#include "desk/issue_page.h"
#include "desk/story.h"
#include "desk/story_work.h"
#include "gen/desk_sql.h"
#include "http/http_client.h"
#include "store/store.h"

enum { ISSUE_ARENA = 32 * 1024 * 1024 };

static const int64_t poll_back_us = (int64_t) 60 * 86400 * 1000000; /* issues older than this will not start any more */

struct composing {
	struct room *room;
	struct arena arena;
	int64_t issue;
	struct issue_mail mail;
	struct when send_at;
	struct str slot, approved_by;
	desk_composed *done;
	void *self;
};

static bool write_issue(const struct composing *c, const struct desk_issue_wish *wish, struct fault *f)
{
	struct store *db = c->room->db;
	const struct issue_mail *mail = &c->mail;
	bool ok = store_run(db, DESK_SQL_ISSUE_INSERT, STORE_ARGS(store_i64(c->issue), store_text(mail->title), store_text(mail->preheader),
		store_text(mail->intro), store_text(mail->lang), store_text(mail->html), store_text(mail->text), store_text(str_from(mail->hash)),
		store_i64(clock_now().us), store_text(mail->subject), store_text(mail->sender_name), store_text(wish->slot),
		store_i64(wish->send_at.us), store_text(wish->approved_by), store_text(mail->signoff)), NULL, f);
	size_t i;

	for (i = 0; i < mail->count && ok; i++)
		ok = store_run(db, DESK_SQL_ISSUE_STORY_INSERT, STORE_ARGS(store_i64(c->issue), store_i64((int64_t) i),
			store_i64(mail->stories[i].id), store_text(mail->lines[i])), NULL, f);
	return ok && (wish->draft == 0 || issue_draft_approve(c->room, wish->draft, wish->version, c->issue, wish->approved_by, f));
}

/* It never came to the newsletter: the draft is open again. */
static void drop(struct room *room, int64_t issue)
{
	struct fault f = {0};

	if (!desk_issue_cancelled(room, issue, &f))
		log_fault(&f, "compose");
}

static void end_composing(struct composing *c)
{
	arena_release(&c->arena);
	memory_free(c);
}

/* Whether the newsletter may have taken what it was given all the same. Such an issue stays as it is, and the poll hands it over
 * again where it did not arrive: one with a time of its own goes by itself, so it must not be forgotten here. */
static bool is_unknown(enum fault_kind kind)
{
	return kind != FAULT_INPUT && kind != FAULT_CONFLICT && kind != FAULT_DENIED && kind != FAULT_MISSING && kind != FAULT_BUSY && kind != FAULT_FULL;
}

/* The newsletter's answer to the PUT. */
static void handed_over(void *self, const struct http_reply *reply, const struct fault *trouble)
{
	struct composing *c = self;
	struct fault f = {0};

	if (trouble != NULL)
		f = *trouble;
	else
		(void) http_reply_ok(reply, &f);
	if (f.kind != FAULT_NONE && !is_unknown(f.kind)) {
		drop(c->room, c->issue);
		c->done(c->self, 0, &f);
	} else if (f.kind != FAULT_NONE) {
		log_fault(&f, "handing an issue over; it is asked for again");
		c->done(c->self, c->issue, NULL);
	} else {
		log_event(LOG_ISSUE, LOG_C("state", "frozen"), LOG_I64("bytes", (int64_t) c->mail.html.len));
		c->done(c->self, c->issue, NULL);
	}
	end_composing(c);
}

/* The same bytes under the same id are the same issue to the newsletter: safe to repeat. */
static bool put_issue(struct room *room, const struct composing *c, http_done *done, void *self, struct fault *f)
{
	const struct issue_mail *mail = &c->mail;
	char path[64];
	json_t *body = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "subject", http_json_str(mail->subject), "preheader",
		http_json_str(mail->preheader), "language", http_json_str(mail->lang), "html", http_json_str(mail->html), "text",
		http_json_str(mail->text), "hash", http_json_str(str_from(mail->hash)), "sender_name", http_json_str(mail->sender_name));

	if (c->send_at.us != 0)
		json_object_set_new(body, "send_at", json_integer(c->send_at.us));
	if (c->slot.len > 0)
		json_object_set_new(body, "slot", http_json_str(c->slot));
	if (c->approved_by.len > 0)
		json_object_set_new(body, "approved_by", http_json_str(c->approved_by));
	snprintf(path, sizeof(path), "/issues/%lld", (long long) c->issue);
	return room_call(room, "newsletter", "PUT", path, body, done, self, f);
}

void desk_compose(struct room *room, const struct desk_issue_wish *wish, desk_composed *done, void *self)
{
	struct composing *c = memory_new(1, sizeof(*c));
	struct fault f = {0};

	c->room = room;
	c->done = done;
	c->self = self;
	c->issue = rand_id();
	c->send_at = wish->send_at;
	arena_init(&c->arena, "issue", ISSUE_ARENA);
	c->slot = str_copy(wish->slot, &c->arena);
	c->approved_by = str_copy(wish->approved_by, &c->arena);
	if (issue_mail_compose(room, wish, true, &c->arena, &c->mail, &f) && store_begin(room->db, &f)
		&& store_end(room->db, write_issue(c, wish, &f), &f)) {
		if (put_issue(room, c, handed_over, c, &f))
			return;
		drop(room, c->issue);
	}
	done(self, 0, &f);
	end_composing(c);
}

/* The draft of an issue, if any, takes a step; nothing where it cannot. */
static bool move_draft(struct room *room, int64_t issue, enum issue_draft_step step, struct fault *f)
{
	struct fault inner = {0};
	int64_t draft = 0;

	if (!store_number(room->db, DESK_SQL_DRAFT_OF_ISSUE, STORE_ARGS(store_i64(issue)), &draft, f))
		return false;
	if (draft == 0 || issue_draft_move(room, draft, step, &inner) || inner.kind == FAULT_CONFLICT)
		return true;
	*f = inner;
	return false;
}

bool desk_issue_cancelled(struct room *room, int64_t issue, struct fault *f)
{
	int64_t dropped = 0;
	bool ok;

	if (!store_begin(room->db, f))
		return false;
	ok = store_run(room->db, DESK_SQL_ISSUE_DROP, STORE_ARGS(store_i64(issue)), &dropped, f)
		&& (dropped == 0 || move_draft(room, issue, ISSUE_DRAFT_IS_REOPENED, f));
	return store_end(room->db, ok, f);
}

/* --- has it started? --- */

void desk_issue_started(struct room *room, int64_t issue)
{
	struct fault f = {0};
	int64_t changed = 0;
	bool ok = store_begin(room->db, &f);

	if (ok) {
		ok = store_run(room->db, DESK_SQL_ISSUE_START, STORE_ARGS(store_i64(issue), store_i64(clock_now().us)),
			&changed, &f)
			/* story 0 is nobody: lists and archive are made again, no story */
			&& (changed == 0 || store_run(room->db, DESK_SQL_QUEUE_ADD,
				STORE_ARGS(store_i64(0), store_text(STR("issue")), store_null(), store_text(STR("")),
				store_i64(INT64_MAX)), NULL, &f))
			&& (changed == 0 || (move_draft(room, issue, ISSUE_DRAFT_IS_ISSUED, &f) && issue_page_name_all(room->db, &f)));
		ok = store_end(room->db, ok, &f);
	}
	if (!ok)
		log_fault(&f, "issue");
	if (ok && changed > 0)
		work_bake(work_of(room), false, NULL);
}

/* The newsletter's answer to an issue handed over late. What it cannot take (never: composing asked it the same) goes,
 * as it goes while composing; everything else is asked again at the next poll. */
static void handed_over_late(void *self, const struct http_reply *reply, const struct fault *trouble)
{
	struct work_issue *place = self;
	struct fault f = {0};

	if (trouble != NULL)
		f = *trouble;
	else
		(void) http_reply_ok(reply, &f);
	if (f.kind == FAULT_NONE)
		log_event(LOG_ISSUE, LOG_C("state", "frozen"), LOG_I64("issue", place->id));
	else
		log_fault(&f, "handing an issue over late");
	if (f.kind == FAULT_INPUT || f.kind == FAULT_CONFLICT) {
		drop(place->room, place->id);
	}
	place->id = 0;
}

/* The house died between our commit and the PUT: the stored bytes go over as they are. */
static bool hand_over_late(struct work_issue *place, struct fault *f)
{
	struct composing c = {.room = place->room, .issue = place->id};
	struct store_row row;
	bool found = false;
	bool ok;

	arena_init(&c.arena, "issue", ISSUE_ARENA);
	ok = store_one(place->room->db, DESK_SQL_ISSUE_ONE, STORE_ARGS(store_i64(place->id)), &c.arena, &row, &found, f)
		&& (found || fault_set(f, FAULT_MISSING, "there is no such issue"));
	if (ok) {
		c.mail.subject = row.columns[10].bytes.len > 0 ? row.columns[10].bytes : row.columns[0].bytes;
		c.mail.preheader = row.columns[1].bytes;
		c.mail.lang = row.columns[3].bytes;
		c.mail.html = row.columns[4].bytes;
		c.mail.text = row.columns[5].bytes;
		snprintf(c.mail.hash, sizeof(c.mail.hash), "%.*s", STR_ARG(row.columns[6].bytes));
		c.mail.sender_name = row.columns[11].bytes;
		c.slot = row.columns[12].bytes;
		c.send_at.us = row.columns[13].number;
		c.approved_by = row.columns[14].bytes;
		ok = put_issue(place->room, &c, handed_over_late, place, f);
	}
	arena_release(&c.arena);
	return ok;
}

static void polled(void *self, const struct http_reply *reply, const struct fault *trouble)
{
	struct work_issue *place = self;
	struct fault f = {0};
	struct str state;
	json_t *json = NULL;

	if (trouble == NULL && reply->status == 404) {
		if (hand_over_late(place, &f))
			return; /* the place is in use until the answer */
		log_fault(&f, "handing an issue over late");
	} else if (trouble == NULL && http_reply_ok(reply, &f) && http_json_parse(reply->body, &json, &f)) {
		state = http_json_text(json, "state");
		if (str_is(state, "sending") || str_is(state, "sent") || str_is(state, "paused") || json_integer_value(json_object_get(json, "started")) > 0)
			desk_issue_started(place->room, place->id);
		else if (str_is(state, "cancelled") && !desk_issue_cancelled(place->room, place->id, &f))
			log_fault(&f, "an issue that was cancelled");
		json_decref(json);
	}
	place->id = 0;
}

static struct work_issue *free_place(struct work *work, int64_t id)
{
	struct work_issue *place = NULL;
	size_t i;

	for (i = 0; i < WORK_ISSUES; i++) {
		if (work->issues[i].id == id)
			return NULL; /* asked already */
		if (work->issues[i].id == 0 && place == NULL)
			place = &work->issues[i];
	}
	return place;
}

void compose_poll(void *self)
{
	struct room *room = self;
	int64_t ids[WORK_ISSUES];
	size_t count = 0;
	struct store_rows rows;
	struct fault f = {0};
	size_t i;

	if (!store_rows_begin(room->db, DESK_SQL_ISSUE_FROZEN, STORE_ARGS(store_i64(clock_now().us - poll_back_us)), &rows,
		&f)) {
		log_fault(&f, "looking for issues");
		return;
	}
	while (store_rows_next(&rows, &f))
		if (count < WORK_ISSUES)
			ids[count++] = store_column_i64(&rows, 0);
	if (!store_rows_end(&rows))
		log_fault(&f, "looking for issues");
	for (i = 0; i < count; i++) {
		struct work_issue *place = free_place(work_of(room), ids[i]);
		char path[64];

		if (place == NULL)
			continue;
		*place = (struct work_issue){room, ids[i]};
		snprintf(path, sizeof(path), "/issues/%lld", (long long) ids[i]);
		fault_clear(&f);
		if (!room_call(room, "newsletter", "GET", path, NULL, polled, place, &f))
			place->id = 0;
	}
}
