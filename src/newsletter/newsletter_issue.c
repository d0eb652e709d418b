/* newsletter_issue.c: issues: taken whole from desk, approved, their recipients frozen and counted, paused,
 * finished.
 *
 * Decides: what a frozen issue must be; who gets it. Leaves to newsletter_sender.c: the mails. Runs in: the
 * newsletter room. The hard thing: recipients are frozen in batches, each with the cursor in its own transaction,
 * so that a kill at any point goes on behind the last batch: nobody has two rows and nobody none.
 * SPDX-License-Identifier: ISC */
#include "newsletter_import.h"
#include "newsletter_inside.h"

#include "base/arena.h"
#include "base/fault.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/must.h"

enum { FREEZE_AT_ONCE = 1000, FREEZE_LEAST = 100, FREEZE_LONG_MS = 15, FREEZE_SHORT_MS = 5, FREEZE_GAP = 1 << 16 };
enum { SUBJECT_MOST = 640, PREHEADER_MOST = 1000, SENDER_MOST = 640, WHO_BYTES = 200 };
enum { REFUSALS_SHOWN = 8, SPREAD_MOST_S = 7 * 86400, STATE_ARENA = 64 * 1024 };

static const char placeholder[] = "{{unsubscribe_url}}";

/* --- taking an issue --- */

void newsletter_issue_hash(const struct newsletter_issue *issue, char out[65])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char hash[SEAL_HASH_BYTES];
	struct buf all;

	buf_init(&all, issue->subject.len + issue->html.len + issue->text.len + 2);
	buf_add_str(&all, issue->subject);
	buf_add_char(&all, '\n');
	buf_add_str(&all, issue->html);
	buf_add_char(&all, '\n');
	buf_add_str(&all, issue->text);
	seal_token_hash(buf_view(&all), hash);
	buf_release(&all);
	for (size_t i = 0; i < sizeof(hash); i++) {
		out[2 * i] = digits[hash[i] >> 4];
		out[2 * i + 1] = digits[hash[i] & 15];
	}
	out[64] = '\0';
}

/* At least one {{unsubscribe_url}}, {{manage_url}} as often as one likes, and no other {{…}}. */
static bool check_placeholders(const char *which, struct str body, struct fault *f)
{
	size_t count = 0;

	for (;;) {
		size_t at = str_find(body, STR("{{"));

		if (at == SIZE_MAX)
			break;
		body = str_part(body, at, SIZE_MAX);
		if (str_starts(body, STR("{{manage_url}}"))) {
			body = str_part(body, sizeof("{{manage_url}}") - 1, SIZE_MAX);
			continue;
		}
		if (!str_starts(body, STR("{{unsubscribe_url}}")))
			return fault_set(f, FAULT_INPUT, "the issue's %s holds {{…}} other than %s", which, placeholder);
		body = str_part(body, sizeof(placeholder) - 1, SIZE_MAX);
		count++;
	}
	if (count == 0)
		return fault_set(f, FAULT_INPUT, "the issue's %s has no %s: nobody could leave", which, placeholder);
	return true;
}

static bool check_language(struct str language, struct fault *f)
{
	for (size_t i = 0; i < language.len; i++)
		if (!(language.at[i] >= 'a' && language.at[i] <= 'z') && !(language.at[i] >= 'A' && language.at[i] <= 'Z') &&
			!(language.at[i] >= '0' && language.at[i] <= '9') && language.at[i] != '-')
			return fault_set(f, FAULT_INPUT, "the issue's language is no language tag");
	if (language.len == 0 || language.len >= LANGUAGE_BYTES)
		return fault_set(f, FAULT_INPUT, "the issue's language is no language tag");
	return true;
}

/* Composed once for an address that nobody has: what cannot be mailed is refused now, not at Friday 08:00. */
static bool compose_for_trial(struct newsletter *n, const struct newsletter_issue *issue, struct fault *f)
{
	struct outgoing trial = {.id = 1, .issue = issue->id, .kind = OUTGOING_ISSUE};
	struct buf mail;
	bool ok = true;

	if (newsletter_cannot_mail(n) != NULL)
		return true; /* said elsewhere, and mended in the settings */
	rand_token(trial.token);
	buf_init(&mail, LIMIT_MAIL_BYTES);
	ok = email_parse(STR("trial@newsletter.example"), &trial.to, f) && newsletter_compose(n, &trial, issue, NULL, &mail, f);
	buf_release(&mail);
	return ok;
}

bool newsletter_issue_check(struct newsletter *n, const struct newsletter_issue *issue, struct fault *f)
{
	char hash[65];

	if (issue->id <= 0)
		return fault_set(f, FAULT_INPUT, "an issue's id is a positive number");
	if (issue->subject.len == 0 || issue->subject.len > SUBJECT_MOST || str_has_control(issue->subject))
		return fault_set(f, FAULT_INPUT, "the issue needs a subject of one line, at most %d bytes", SUBJECT_MOST);
	if (issue->preheader.len > PREHEADER_MOST)
		return fault_set(f, FAULT_INPUT, "the issue's preheader is longer than %d bytes", PREHEADER_MOST);
	if (issue->sender_name.len > SENDER_MOST || str_has_control(issue->sender_name))
		return fault_set(f, FAULT_INPUT, "the issue's sender is a name of one line, at most %d bytes", SENDER_MOST);
	newsletter_issue_hash(issue, hash);
	if (!str_is(issue->hash, hash))
		return fault_set(f, FAULT_INPUT, "the issue's hash is not that of its bytes: put it again");
	return check_language(issue->language, f) && check_placeholders("HTML", issue->html, f) &&
		check_placeholders("text", issue->text, f) && compose_for_trial(n, issue, f);
}

bool newsletter_issue_read(struct newsletter *n, int64_t id, struct arena *arena, struct newsletter_issue *issue,
	struct fault *f)
{
	struct store_row row;
	bool found = false;

	if (!store_one(n->room->db, NEWSLETTER_SQL_ISSUE_ONE, STORE_ARGS(store_i64(id)), arena, &row, &found, f))
		return false;
	if (!found)
		return fault_set(f, FAULT_MISSING, "there is no such issue");
	*issue = (struct newsletter_issue){.id = id, .subject = row.columns[0].bytes, .preheader = row.columns[1].bytes,
		.language = row.columns[2].bytes, .html = row.columns[3].bytes, .text = row.columns[4].bytes,
		.hash = row.columns[5].bytes, .sender_name = row.columns[7].bytes};
	if (!issue_state_from(row.columns[6].bytes, &issue->state))
		return fault_set(f, FAULT_IO, "the issue's state in the database is none");
	return true;
}

bool newsletter_issue_put(struct newsletter *n, const struct newsletter_issue *issue, bool *is_new, struct fault *f)
{
	struct newsletter_issue there = {0};
	struct fault missing = {0};
	struct arena arena;
	bool ok = false;

	arena_init(&arena, "issue", 2 * (size_t) LIMIT_JSON_BYTES);
	*is_new = false;
	if (!newsletter_issue_check(n, issue, f))
		goto done;
	if (newsletter_issue_read(n, issue->id, &arena, &there, &missing)) {
		ok = str_equal(there.hash, issue->hash) && str_equal(there.preheader, issue->preheader) &&
			str_equal(there.language, issue->language) && str_equal(there.sender_name, issue->sender_name);
		if (!ok)
			fault_set(f, FAULT_CONFLICT, "this issue is frozen and has other bytes: make a new one");
		ok = ok && newsletter_schedule_put(n, issue, there.state == ISSUE_FROZEN, f);
		goto done;
	}
	if (missing.kind != FAULT_MISSING) {
		*f = missing;
		goto done;
	}
	if (!store_begin(n->room->db, f))
		goto done;
	ok = store_run(n->room->db, NEWSLETTER_SQL_ISSUE_INSERT,
		STORE_ARGS(store_i64(issue->id), store_text(issue->subject), store_text(issue->preheader),
			store_text(issue->language),
			store_text(issue->html), store_text(issue->text), store_text(issue->hash),
			store_text(issue_state_name(ISSUE_FROZEN)), store_i64(clock_now().us), store_text(issue->sender_name)),
		NULL, f) && newsletter_schedule_put(n, issue, true, f);
	newsletter_point("put before commit");
	ok = store_end(n->room->db, ok, f);
	*is_new = ok;
	if (ok)
		log_event(LOG_ISSUE, LOG_I64("issue", issue->id), LOG_STR("state", issue_state_name(ISSUE_FROZEN)));
done:
	arena_release(&arena);
	if (ok && issue->plan.send_at.us != 0)
		newsletter_schedule_look(n);
	return ok;
}

/* --- its state, as others see it --- */

static bool count_deliveries(struct newsletter *n, int64_t id, int64_t counts[DELIVERY_STATE_COUNT], struct fault *f)
{
	struct store_rows rows;

	if (!store_rows_begin(n->room->db, NEWSLETTER_SQL_DELIVERY_COUNTS, STORE_ARGS(store_i64(id)), &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		enum delivery_state state;

		if (delivery_state_from(store_column_text(&rows, 0), &state))
			counts[state] = store_column_i64(&rows, 1);
	}
	return store_rows_end(&rows);
}

static int64_t rate_per_minute(int64_t handled, int64_t started_us, int64_t ended_us)
{
	int64_t us = (ended_us > 0 ? ended_us : clock_now().us) - started_us;

	if (started_us == 0 || us <= 0)
		return 0;
	return handled * 60000000 / (us < 1000000 ? 1000000 : us);
}

/* What the refusing servers said, the most frequent first. */
static bool add_refusals(struct newsletter *n, int64_t id, json_t *json, struct fault *f)
{
	json_t *list = json_array();
	struct store_rows rows;

	json_object_set_new(json, "refusals", list);
	if (!store_rows_begin(n->room->db, NEWSLETTER_SQL_DELIVERY_REFUSALS,
			STORE_ARGS(store_i64(id), store_text(delivery_state_name(DELIVERY_REFUSED)), store_i64(REFUSALS_SHOWN)), &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		struct str enhanced = store_column_text(&rows, 1);
		json_t *one = json_object();

		json_object_set_new(one, "reply", json_integer(store_column_i64(&rows, 0)));
		json_object_set_new(one, "enhanced", json_stringn(enhanced.at != NULL ? enhanced.at : "", enhanced.len));
		json_object_set_new(one, "count", json_integer(store_column_i64(&rows, 2)));
		json_array_append_new(list, one);
	}
	return store_rows_end(&rows);
}

bool newsletter_issue_json(struct newsletter *n, int64_t id, json_t **out, struct fault *f)
{
	int64_t counts[DELIVERY_STATE_COUNT] = {0};
	struct store_row row;
	struct arena arena;
	bool found = false;
	bool ok = false;
	int64_t handled;
	json_t *json;

	arena_init(&arena, "issue state", STATE_ARENA);
	if (!store_one(n->room->db, NEWSLETTER_SQL_ISSUE_STATE, STORE_ARGS(store_i64(id)), &arena, &row, &found, f))
		goto done;
	if (!found) {
		fault_set(f, FAULT_MISSING, "there is no such issue");
		goto done;
	}
	if (!count_deliveries(n, id, counts, f))
		goto done;
	handled = counts[DELIVERY_ACCEPTED] + counts[DELIVERY_REFUSED] + counts[DELIVERY_IN_DOUBT] + counts[DELIVERY_LEFT];
	json = json_object();
	json_object_set_new(json, "id", json_integer(id));
	json_object_set_new(json, "subject", json_stringn(row.columns[0].bytes.at, row.columns[0].bytes.len));
	json_object_set_new(json, "state", json_stringn(row.columns[1].bytes.at, row.columns[1].bytes.len));
	json_object_set_new(json, "approved_by",
		json_stringn(row.columns[2].bytes.at != NULL ? row.columns[2].bytes.at : "", row.columns[2].bytes.len));
	json_object_set_new(json, "counting",
		json_boolean(row.columns[3].number == 0 && str_equal(row.columns[1].bytes, issue_state_name(ISSUE_SENDING))));
	json_object_set_new(json, "recipients", json_integer(row.columns[4].number));
	json_object_set_new(json, "queued",
		json_integer(counts[DELIVERY_QUEUED] + counts[DELIVERY_CLAIMED] + counts[DELIVERY_SENDING]));
	json_object_set_new(json, "accepted", json_integer(counts[DELIVERY_ACCEPTED]));
	json_object_set_new(json, "refused", json_integer(counts[DELIVERY_REFUSED]));
	json_object_set_new(json, "later", json_integer(counts[DELIVERY_LATER]));
	json_object_set_new(json, "in_doubt", json_integer(counts[DELIVERY_IN_DOUBT]));
	json_object_set_new(json, "left", json_integer(counts[DELIVERY_LEFT]));
	json_object_set_new(json, "handled", json_integer(handled));
	json_object_set_new(json, "started", json_integer(row.columns[5].number));
	json_object_set_new(json, "ended", json_integer(row.columns[6].number));
	json_object_set_new(json, "spread_s", json_integer(row.columns[8].number));
	json_object_set_new(json, "pause_reason",
		json_stringn(row.columns[9].bytes.at != NULL ? row.columns[9].bytes.at : "", row.columns[9].bytes.len));
	json_object_set_new(json, "rate_per_minute",
		json_integer(rate_per_minute(handled, row.columns[5].number, row.columns[6].number)));
	json_object_set_new(json, "not_mailed", json_integer(row.columns[10].number));
	json_object_set_new(json, "cancelled_by", json_stringn(row.columns[11].bytes.at != NULL ? row.columns[11].bytes.at : "",
		row.columns[11].bytes.len));
	if (!newsletter_schedule_json(n, id, json, f) || (counts[DELIVERY_REFUSED] > 0 && !add_refusals(n, id, json, f))) {
		json_decref(json);
		goto done;
	}
	*out = json;
	ok = true;
done:
	arena_release(&arena);
	return ok;
}

/* --- approving and pausing --- */

bool newsletter_issue_state_of(struct newsletter *n, int64_t id, enum issue_state *state, struct fault *f)
{
	struct store_row row;
	struct arena arena;
	bool found = false;
	bool ok;

	arena_init(&arena, "issue state", STATE_ARENA);
	ok = store_one(n->room->db, NEWSLETTER_SQL_ISSUE_STATE, STORE_ARGS(store_i64(id)), &arena, &row, &found, f);
	if (ok && !found)
		ok = fault_set(f, FAULT_MISSING, "there is no such issue");
	else if (ok && !issue_state_from(row.columns[1].bytes, state))
		ok = fault_set(f, FAULT_IO, "the issue's state in the database is none");
	arena_release(&arena);
	return ok;
}

static bool move_issue(struct newsletter *n, int64_t id, enum issue_state from, enum issue_state to, struct fault *f)
{
	bool ok = store_run(n->room->db, NEWSLETTER_SQL_ISSUE_MOVE,
		STORE_ARGS(store_i64(id), store_text(issue_state_name(from)), store_text(issue_state_name(to))), NULL, f);

	if (ok)
		log_event(LOG_ISSUE, LOG_I64("issue", id), LOG_STR("state", issue_state_name(to)));
	return ok;
}

bool newsletter_issue_send_spread(struct newsletter *n, int64_t id, struct str approved_by, int64_t spread_s, struct fault *f)
{
	const char *why_not = newsletter_cannot_mail(n);
	enum issue_state from = ISSUE_FROZEN, to = ISSUE_FROZEN;
	int64_t readers = 0;
	bool ok;

	if (!newsletter_issue_state_of(n, id, &from, f) || !newsletter_confirmed(n, &readers, f))
		return false;
	if (from == ISSUE_SENDING)
		return true;
	if (!issue_next(from, ISSUE_IS_APPROVED, &to))
		return fault_set(f, FAULT_CONFLICT, from == ISSUE_CANCELLED ? "this issue was cancelled" : "this issue was sent already");
	if (why_not != NULL)
		return fault_set(f, FAULT_CONFLICT, "%s", why_not);
	if (from == ISSUE_FROZEN && readers == 0)
		return fault_set(f, FAULT_CONFLICT, "nobody has confirmed a subscription yet: this issue stays until somebody has");
	if (!newsletter_check_who(approved_by, "approves the issue", f))
		return false;
	if (spread_s < 0 || spread_s > SPREAD_MOST_S)
		return fault_set(f, FAULT_INPUT, "an issue can be spread over 0 hours to 7 days");
	if (!store_begin(n->room->db, f))
		return false;
	ok = store_run(n->room->db, NEWSLETTER_SQL_ISSUE_STARTED,
			STORE_ARGS(store_i64(id), store_i64(clock_now().us), store_text(approved_by), store_i64(spread_s)), NULL, f) &&
		move_issue(n, id, from, to, f) && newsletter_schedule_take(n, id, f);
	newsletter_point("send before commit");
	ok = store_end(n->room->db, ok, f);
	if (ok) {
		newsletter_freeze_soon(n);
		newsletter_sender_poke(n);
	}
	return ok;
}

bool newsletter_issue_send(struct newsletter *n, int64_t id, struct str approved_by, struct fault *f)
{
	return newsletter_issue_send_spread(n, id, approved_by, 0, f);
}

bool newsletter_issue_pause(struct newsletter *n, int64_t id, struct fault *f)
{
	enum issue_state from = ISSUE_FROZEN, to = ISSUE_FROZEN;

	if (!newsletter_issue_state_of(n, id, &from, f))
		return false;
	if (from == ISSUE_PAUSED)
		return true;
	if (!issue_next(from, ISSUE_IS_PAUSED, &to))
		return fault_set(f, FAULT_CONFLICT, "this issue is not being sent");
	if (!move_issue(n, id, from, to, f))
		return false;
	newsletter_sender_release(n);
	return true;
}

bool newsletter_issue_pause_because(struct newsletter *n, int64_t id, const char *why, struct fault *f)
{
	log_event(LOG_ISSUE, LOG_I64("issue", id), LOG_C("why", why));
	return store_run(n->room->db, NEWSLETTER_SQL_ISSUE_REASON, STORE_ARGS(store_i64(id), store_text(str_from(why))), NULL, f) &&
		newsletter_issue_pause(n, id, f);
}

bool newsletter_issue_resend_doubts(struct newsletter *n, int64_t id, int64_t *count, struct fault *f)
{
	struct store_value doubt = store_text(delivery_state_name(DELIVERY_IN_DOUBT));
	enum issue_state from = ISSUE_FROZEN, to = ISSUE_FROZEN;
	const char *why_not = newsletter_cannot_mail(n);
	enum delivery_state queued;
	bool ok;

	*count = 0;
	must(delivery_next(DELIVERY_IN_DOUBT, DELIVERY_IS_RESENT, &queued));
	if (!newsletter_issue_state_of(n, id, &from, f))
		return false;
	if (why_not != NULL)
		return fault_set(f, FAULT_CONFLICT, "%s", why_not);
	if (from == ISSUE_FROZEN || from == ISSUE_CANCELLED)
		return fault_set(f, FAULT_CONFLICT, from == ISSUE_FROZEN ? "this issue was not sent yet" : "this issue was cancelled");
	if (!newsletter_moves_begin(n, f))
		return false;
	ok = store_run(n->room->db, NEWSLETTER_SQL_DELIVERY_RESEND_LINKS, STORE_ARGS(store_i64(id), doubt), NULL, f) &&
		store_run(n->room->db, NEWSLETTER_SQL_DELIVERY_RESEND,
			STORE_ARGS(store_i64(id), doubt, store_text(delivery_state_name(queued))), count, f) &&
		newsletter_moved(n, id, DELIVERY_IN_DOUBT, queued, *count, f);
	if (ok && *count > 0 && issue_next(from, ISSUE_IS_REOPENED, &to) && to != from)
		ok = move_issue(n, id, from, to, f);
	ok = newsletter_moves_end(n, ok, f);
	if (ok)
		log_event(LOG_ISSUE, LOG_I64("issue", id), LOG_I64("resent_from_doubt", *count));
	newsletter_sender_poke(n);
	return ok;
}

/* --- freezing its recipients --- */

static bool find_uncounted(struct newsletter *n, int64_t *issue, struct fault *f)
{
	struct store_rows rows;

	*issue = 0;
	if (!store_rows_begin(n->room->db, NEWSLETTER_SQL_ISSUE_IN_STATE,
			STORE_ARGS(store_text(issue_state_name(ISSUE_SENDING))), &rows, f))
		return false;
	while (*issue == 0 && store_rows_next(&rows, f))
		if (store_column_i64(&rows, 1) == 0)
			*issue = store_column_i64(&rows, 0);
	return store_rows_end(&rows);
}

static bool read_subscribers(struct newsletter *n, int64_t issue, int64_t after, int64_t *ids, size_t most, size_t *count,
	struct fault *f)
{
	struct store_rows rows;

	*count = 0;
	if (!store_rows_begin(n->room->db, NEWSLETTER_SQL_SUBSCRIBER_TO_MAIL,
			STORE_ARGS(store_text(subscriber_state_name(SUBSCRIBER_CONFIRMED)), store_i64(after),
				store_i64((int64_t) most), store_i64(clock_utc_day(clock_now())), store_i64(issue)),
			&rows, f))
		return false;
	while (*count < most && store_rows_next(&rows, f))
		ids[(*count)++] = store_column_i64(&rows, 0);
	return store_rows_end(&rows);
}

bool newsletter_check_who(struct str who, const char *does, struct fault *f)
{
	return (who.len > 0 && who.len <= WHO_BYTES && !str_has_control(who)) ||
		fault_set(f, FAULT_INPUT, "say who %s, in at most %d characters", does, WHO_BYTES);
}

bool newsletter_count_readers(struct newsletter *n, int64_t *readers, struct fault *f)
{
	struct store_value confirmed = store_text(subscriber_state_name(SUBSCRIBER_CONFIRMED));
	int64_t all = 0, out = 0;
	bool ok = newsletter_confirmed(n, &all, f) &&
		store_number(n->room->db, NEWSLETTER_SQL_SUBSCRIBER_COUNT_OUT,
			STORE_ARGS(confirmed, store_i64(clock_utc_day(clock_now()))), &out, f);

	*readers = all - out;
	return ok;
}

/* What one batch needs to know of its issue. */
struct freezing {
	int64_t issue, cursor;
	int64_t frozen;            /* recipients so far */
	int64_t started, spread_s; /* their mails are due evenly over the window … */
	int64_t readers;           /* … if so many come */
	int64_t last_id;           /* of the rows so far */
	size_t most;               /* rows in this batch; fewer: it is the last */
};

/* Ids of one issue's rows rise in the order of writing, by random steps from a random place: at random each, a million of them would
 * touch every page of the table with every batch, and again when they are mailed. Nobody outside sees one (tokens are keyed). */
static int64_t next_id(struct freezing *is)
{
	if (is->last_id == 0 || is->last_id > INT64_MAX - FREEZE_GAP)
		is->last_id = rand_id() & ~(INT64_C(1) << 62); /* the lower half: a billion rows fit above */
	is->last_id += 1 + rand_below(FREEZE_GAP);
	return is->last_id;
}

/* When the `at`-th mail is due. */
static int64_t due_at(const struct freezing *is, int64_t at)
{
	if (is->spread_s == 0 || is->readers == 0)
		return 0;
	return is->started + is->spread_s * 1000000 / is->readers * (at < is->readers ? at : is->readers);
}

/* The rows are counted before the first mail: what was counted and what is there must be one number. */
static bool verify_count(struct newsletter *n, int64_t issue, int64_t recipients, struct fault *f)
{
	int64_t total = 0;

	if (!store_number(n->room->db, NEWSLETTER_SQL_DELIVERY_TOTAL, STORE_ARGS(store_i64(issue)), &total, f))
		return false;
	return total == recipients || fault_set(f, FAULT_IO, "the issue has %lld recipients' rows, but %lld were counted",
		(long long) total, (long long) recipients);
}

static bool write_batch(struct newsletter *n, struct freezing *is, const int64_t *ids, size_t count,
	struct fault *f)
{
	struct str queued = delivery_state_name(DELIVERY_QUEUED);
	int64_t day = clock_utc_day(clock_now());
	int64_t issue = is->issue;
	bool ok = true;

	if (!store_begin(n->room->db, f))
		return false;
	for (size_t i = 0; ok && i < count; i++)
		ok = store_run(n->room->db, NEWSLETTER_SQL_DELIVERY_FREEZE,
			STORE_ARGS(store_i64(next_id(is)), store_text(outgoing_kind_name(OUTGOING_ISSUE)), store_i64(issue),
				store_i64(ids[i]), store_text(queued), store_i64(day), store_i64(due_at(is, is->frozen + (int64_t) i))),
			NULL, f);
	if (ok && count < is->most)
		ok = verify_count(n, issue, is->frozen + (int64_t) count, f);
	newsletter_point("freeze before commit");
	ok = ok && store_run(n->room->db, NEWSLETTER_SQL_ISSUE_FROZE,
		STORE_ARGS(store_i64(issue), store_i64(count > 0 ? ids[count - 1] : is->cursor), store_i64((int64_t) count),
			store_i64(count < is->most ? 1 : 0)),
		NULL, f);
	return store_end(n->room->db, ok, f);
}

/* Between two batches the room answers: whoever looks at the progress must not wait for long. */
static void adapt_batch(struct newsletter *n, size_t was, int64_t took_ms)
{
	n->freeze_at_once = was;
	if (took_ms > FREEZE_LONG_MS && was / 2 >= FREEZE_LEAST)
		n->freeze_at_once = was / 2;
	else if (took_ms < FREEZE_SHORT_MS && was * 2 <= FREEZE_AT_ONCE)
		n->freeze_at_once = was * 2;
}

bool newsletter_freeze_recipients(struct newsletter *n, bool *more, struct fault *f)
{
	int64_t ids[FREEZE_AT_ONCE];
	struct store_row row;
	struct arena arena;
	bool found = false;
	bool ok = false;
	struct freezing is = {0};
	int64_t began_ms;
	size_t count;

	*more = false;
	arena_init(&arena, "freeze", STATE_ARENA);
	if (!find_uncounted(n, &is.issue, f))
		goto done;
	if (is.issue == 0) {
		ok = true;
		goto done;
	}
	if (!store_one(n->room->db, NEWSLETTER_SQL_ISSUE_STATE, STORE_ARGS(store_i64(is.issue)), &arena, &row, &found, f))
		goto done;
	if (found) {
		is.frozen = row.columns[4].number;
		is.started = row.columns[5].number;
		is.cursor = row.columns[7].number;
		is.spread_s = row.columns[8].number;
	}
	if (!store_number(n->room->db, NEWSLETTER_SQL_DELIVERY_LAST_ID, STORE_ARGS(store_i64(is.issue)), &is.last_id, f))
		goto done;
	if (is.spread_s > 0 && !newsletter_count_readers(n, &is.readers, f))
		goto done;
	is.most = n->freeze_at_once > 0 ? n->freeze_at_once : FREEZE_AT_ONCE;
	began_ms = clock_mono_ms();
	if (!read_subscribers(n, is.issue, is.cursor, ids, is.most, &count, f) || !write_batch(n, &is, ids, count, f))
		goto done;
	newsletter_point("freeze after commit");
	adapt_batch(n, is.most, clock_mono_ms() - began_ms);
	if (count < is.most)
		log_event(LOG_ISSUE, LOG_I64("issue", is.issue), LOG_C("state", "counted"));
	*more = true;
	ok = true;
done:
	arena_release(&arena);
	return ok;
}

static void freeze(void *self)
{
	struct newsletter *n = self;
	struct fault f = {0};
	bool more = false;

	if (!newsletter_freeze_recipients(n, &more, &f)) {
		log_fault(&f, "freezing an issue's recipients");
		loop_timer_set(n->room->loop, &n->freeze_timer, 10000, freeze, n);
	} else if (more) {
		newsletter_freeze_soon(n);
		newsletter_sender_poke(n);
	}
}

void newsletter_freeze_soon(struct newsletter *n)
{
	if (n->room->loop != NULL && !n->room->read_only && !n->room->draining)
		loop_timer_set(n->room->loop, &n->freeze_timer, 0, freeze, n);
}
