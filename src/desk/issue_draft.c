/* issue_draft.c: drafts of issues in desk.db: made of a week, read, saved, moved through their states.
 *
 * Decides: what a draft may hold, and which stories a week gives. Leaves to others: the composer's pages (desk_draft*.c), the mail
 * (issue_mail.c), when a slot is (its timer). Runs in: desk. The hard thing: two editors at one draft: a save names the version that it
 * began with, and an older one changes nothing.
 * SPDX-License-Identifier: ISC */
#include "desk/issue_draft.h"

#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/rand.h"
#include "gen/desk_sql.h"
#include "house/page.h"
#include "house/room.h"
#include "press/locale.h"
#include "press/markdown.h"
#include "press/words.h"
#include "store/store.h"

enum { DRAFT_ARENA = 256 * 1024 };

static const int64_t week_us = INT64_C(7) * 86400 * 1000000;

STATES_DEFINE(issue_draft, ISSUE_DRAFT)

/* --- made of the week --- */

struct week {
	int64_t stories[ISSUE_WEEK_PICKS];
	size_t count;
	struct str subject;
};

static bool read_week(struct room *room, struct when until, struct str lang, struct arena *arena, struct week *week, struct fault *f)
{
	struct store_rows rows;

	if (!store_rows_begin(room->db, DESK_SQL_DRAFT_WEEK, STORE_ARGS(store_i64(until.us - week_us), store_i64(until.us),
		store_text(lang), store_i64(ISSUE_WEEK_PICKS)), &rows, f))
		return false;
	while (week->count < ISSUE_WEEK_PICKS && store_rows_next(&rows, f)) {
		if (week->count == 0)
			week->subject = store_column_copy(&rows, 1, arena);
		week->stories[week->count++] = store_column_i64(&rows, 0);
	}
	return store_rows_end(&rows);
}

static bool write_draft(struct room *room, int64_t id, struct when slot, struct str lang, const struct week *week, struct fault *f)
{
	bool ok = store_run(room->db, DESK_SQL_DRAFT_INSERT, STORE_ARGS(store_i64(id), store_text(issue_draft_state_name(ISSUE_DRAFT_OPEN)),
		slot.us != 0 ? store_i64(slot.us) : store_null(), store_text(lang), store_text(week->subject), store_i64(clock_now().us)), NULL, f);
	size_t i;

	for (i = 0; ok && i < week->count; i++)
		ok = store_run(room->db, DESK_SQL_DRAFT_PICK_INSERT, STORE_ARGS(store_i64(id), store_i64((int64_t) i), store_i64(week->stories[i]),
			store_text(STR(""))), NULL, f);
	return ok;
}

bool issue_draft_from_week_in(struct room *room, struct when slot, struct str lang, int64_t *id, struct fault *f)
{
	struct when now = clock_now();
	struct week week = {0};
	struct arena arena;
	int64_t there = 0;
	bool ok = false;

	arena_init(&arena, "draft", DRAFT_ARENA);
	lang = locale_language(page_locale(room->theme, &room->settings, lang));
	if (!store_begin(room->db, f))
		goto done;
	ok = slot.us == 0 || store_number(room->db, DESK_SQL_DRAFT_OF_SLOT_IN, STORE_ARGS(store_i64(slot.us), store_text(lang)), &there, f);
	if (ok && there == 0) {
		there = rand_id();
		ok = read_week(room, slot.us != 0 && slot.us < now.us ? slot : now, lang, &arena, &week, f)
			&& write_draft(room, there, slot, lang, &week, f);
	}
	ok = store_end(room->db, ok, f);
	if (ok && id != NULL)
		*id = there;
done:
	arena_release(&arena);
	return ok;
}

bool issue_draft_from_week(struct room *room, struct when slot, int64_t *id, struct fault *f)
{
	return issue_draft_from_week_in(room, slot, (struct str){NULL, 0}, id, f);
}

bool issue_draft_of_slot(struct room *room, struct when slot, int64_t *ids, size_t max, size_t *count, struct fault *f)
{
	struct store_rows rows;

	*count = 0;
	if (!store_rows_begin(room->db, DESK_SQL_DRAFT_OF_SLOT,
			STORE_ARGS(store_i64(slot.us), store_text(issue_draft_state_name(ISSUE_DRAFT_DROPPED))), &rows, f))
		return false;
	while (*count < max && store_rows_next(&rows, f))
		ids[(*count)++] = store_column_i64(&rows, 0);
	return store_rows_end(&rows);
}

/* --- reading --- */

static bool read_picks(struct room *room, struct issue_draft *draft, struct arena *arena, struct fault *f)
{
	struct store_rows rows;

	if (!store_rows_begin(room->db, DESK_SQL_DRAFT_PICKS, STORE_ARGS(store_i64(draft->id)), &rows, f))
		return false;
	while (draft->pick_count < ISSUE_PICKS && store_rows_next(&rows, f))
		draft->picks[draft->pick_count++] = (struct issue_pick){store_column_i64(&rows, 0), store_column_copy(&rows, 1, arena)};
	return store_rows_end(&rows);
}

bool issue_draft_read(struct room *room, int64_t id, struct arena *arena, struct issue_draft *out, struct fault *f)
{
	struct store_row row;
	bool found = false;

	*out = (struct issue_draft){.id = id};
	if (!store_one(room->db, DESK_SQL_DRAFT_ONE, STORE_ARGS(store_i64(id)), arena, &row, &found, f))
		return false;
	if (!found)
		return fault_set(f, FAULT_MISSING, "There is no such draft of an issue.");
	if (!issue_draft_state_from(row.columns[0].bytes, &out->state))
		return fault_set(f, FAULT_IO, "the draft's state in the database is none");
	out->slot.us = row.columns[1].number;
	out->send_at.us = row.columns[2].number;
	out->lang = row.columns[3].bytes;
	out->subject = row.columns[4].bytes;
	out->preheader = row.columns[5].bytes;
	out->intro = row.columns[6].bytes;
	out->signoff = row.columns[7].bytes;
	out->is_neutral = row.columns[8].number != 0;
	out->neutral_subject = row.columns[9].bytes;
	out->neutral_name = row.columns[10].bytes;
	out->is_full = row.columns[11].number != 0;
	out->issue = row.columns[12].number;
	out->version = row.columns[13].number;
	out->changed.us = row.columns[14].number;
	out->changed_by = row.columns[15].bytes;
	return read_picks(room, out, arena, f);
}

/* --- saving --- */

static bool take_line(struct str *text, size_t most, const char *what, struct arena *arena, struct fault *f)
{
	if (!words_nfc(str_trim(*text), arena, text, f))
		return false;
	if (str_has_control(*text) || str_count_chars(*text) > most)
		return fault_set(f, FAULT_INPUT, "%s is one line of at most %zu characters; this has %zu.", what, most, str_count_chars(*text));
	return true;
}

static bool take_markdown(struct str *text, const char *what, struct arena *arena, struct fault *f)
{
	struct fault inner = {0};

	if (!words_nfc(str_trim(*text), arena, text, f))
		return false;
	if (text->len > ISSUE_TEXT_BYTES)
		return fault_set(f, FAULT_INPUT, "%s is longer than a mail should be: at most %d KB.", what, ISSUE_TEXT_BYTES / 1024);
	return markdown_check(*text, &inner) || fault_set(f, FAULT_INPUT, "%s: %s", what, inner.say);
}

/* A draft may lack things (a subject, picks): approving asks for them. */
static bool check(struct issue_draft *draft, struct arena *arena, struct fault *f)
{
	size_t i, k;

	if (!take_line(&draft->subject, ISSUE_SUBJECT_CHARS, "The subject", arena, f)
		|| !take_line(&draft->preheader, ISSUE_PREHEADER_CHARS, "The preheader", arena, f)
		|| !take_line(&draft->neutral_subject, ISSUE_SUBJECT_CHARS, "The neutral subject", arena, f)
		|| !take_line(&draft->neutral_name, ISSUE_SUBJECT_CHARS, "The neutral sender", arena, f)
		|| !take_markdown(&draft->intro, "The intro", arena, f) || !take_markdown(&draft->signoff, "The sign-off", arena, f))
		return false;
	for (i = 0; i < draft->pick_count; i++) {
		if (!take_line(&draft->picks[i].line, ISSUE_LINE_CHARS, "A story’s line", arena, f))
			return false;
		for (k = 0; k < i; k++)
			if (draft->picks[k].story == draft->picks[i].story)
				return fault_set(f, FAULT_INPUT, "A story stands in an issue once.");
	}
	return true;
}

static bool write_save(struct room *room, const struct issue_draft *draft, struct str by, int64_t *changed, struct fault *f)
{
	bool ok = store_run(room->db, DESK_SQL_DRAFT_SAVE, STORE_ARGS(store_i64(draft->id), store_text(issue_draft_state_name(ISSUE_DRAFT_OPEN)),
		store_i64(draft->version), store_i64(draft->send_at.us), store_text(draft->subject), store_text(draft->preheader),
		store_text(draft->intro), store_text(draft->signoff), store_i64(draft->is_neutral), store_text(draft->neutral_subject),
		store_text(draft->neutral_name), store_i64(draft->is_full), store_i64(clock_now().us), store_text(by)), changed, f);
	size_t i;

	if (!ok || *changed == 0)
		return ok;
	ok = store_run(room->db, DESK_SQL_DRAFT_PICK_CLEAR, STORE_ARGS(store_i64(draft->id)), NULL, f);
	for (i = 0; ok && i < draft->pick_count; i++)
		ok = store_run(room->db, DESK_SQL_DRAFT_PICK_INSERT, STORE_ARGS(store_i64(draft->id), store_i64((int64_t) i),
			store_i64(draft->picks[i].story), store_text(draft->picks[i].line)), NULL, f);
	return ok;
}

bool issue_draft_save(struct room *room, struct issue_draft *draft, struct str by, struct arena *arena, struct fault *f)
{
	int64_t changed = 0;

	if (!check(draft, arena, f) || !store_begin(room->db, f))
		return false;
	if (!store_end(room->db, write_save(room, draft, by, &changed, f), f))
		return false;
	if (changed == 0)
		return fault_set(f, FAULT_CONFLICT, "Somebody else changed this draft meanwhile.");
	draft->version++;
	return true;
}

/* --- states --- */

bool issue_draft_move(struct room *room, int64_t id, enum issue_draft_step step, struct fault *f)
{
	enum issue_draft_state to;
	struct issue_draft *draft;
	struct arena arena;
	int64_t changed = 0;
	bool keeps_slot;
	bool ok = false;

	arena_init(&arena, "draft", DRAFT_ARENA);
	draft = arena_alloc(&arena, sizeof(*draft));
	if (draft == NULL) {
		fault_full(f, "this draft");
		goto done;
	}
	if (!issue_draft_read(room, id, &arena, draft, f))
		goto done;
	if (!issue_draft_next(draft->state, step, &to)) {
		fault_set(f, FAULT_CONFLICT, "This issue is %.*s: that cannot be done with it any more.", STR_ARG(issue_draft_state_name(draft->state)));
		goto done;
	}
	/* What missed its slot goes at another time, or when somebody says so; unless the clock was ahead and the slot is to come. */
	keeps_slot = draft->slot.us != 0
		&& !(draft->state == ISSUE_DRAFT_SKIPPED && to == ISSUE_DRAFT_OPEN && draft->slot.us <= clock_now().us);
	ok = store_run(room->db, DESK_SQL_DRAFT_MOVE, STORE_ARGS(store_i64(id), store_text(issue_draft_state_name(draft->state)),
		store_text(issue_draft_state_name(to)), store_i64(clock_now().us), keeps_slot ? store_i64(draft->slot.us) : store_null()), &changed, f)
		&& (changed > 0 || fault_set(f, FAULT_CONFLICT, "Somebody else changed this draft meanwhile."));
done:
	arena_release(&arena);
	return ok;
}

bool issue_draft_approve(struct room *room, int64_t id, int64_t version, int64_t issue, struct str by, struct fault *f)
{
	enum issue_draft_state to;
	int64_t changed = 0;

	must(issue_draft_next(ISSUE_DRAFT_OPEN, ISSUE_DRAFT_IS_APPROVED, &to));
	return store_run(room->db, DESK_SQL_DRAFT_APPROVE, STORE_ARGS(store_i64(id), store_text(issue_draft_state_name(ISSUE_DRAFT_OPEN)),
		store_text(issue_draft_state_name(to)), store_i64(version), store_i64(issue), store_i64(clock_now().us), store_text(by)), &changed, f)
		&& (changed > 0 || fault_set(f, FAULT_CONFLICT, "Somebody else changed this draft meanwhile. Look at it again before you approve it."));
}
