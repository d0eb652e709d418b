/* newsletter_claim.c: which mail is next: due rows are claimed in batches, opened, and given back when they cannot
 * go.
 *
 * Decides: the order (confirmations and reminders before issues, older issues before newer), when an issue is done,
 * what a kill leaves behind. Leaves to newsletter_sender.c: sending. Runs in: the newsletter room. The hard thing:
 * a link's token is known in the clear only from here to its mail; its hash is on disk with the claim, before the
 * mail can be.
 * SPDX-License-Identifier: ISC */
#include "newsletter_inside.h"

#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/must.h"

static bool open_text(struct newsletter *n, struct str sealed, struct arena *arena, struct str *plain, struct fault *f)
{
	*plain = (struct str){NULL, 0};
	return sealed.len == 0 || seal_open(n->list_key, sealed, arena, plain, f);
}

static bool read_kind(struct str text, enum outgoing_kind *kind)
{
	for (unsigned i = 0; i < OUTGOING_KIND_COUNT; i++)
		if (str_equal(text, outgoing_kind_name((enum outgoing_kind) i))) {
			*kind = (enum outgoing_kind) i;
			return true;
		}
	return false;
}

/* A due row, opened. An address that cannot be read is left empty: that mail is refused when its turn comes. */
static bool read_due(struct newsletter *n, const struct store_rows *rows, int64_t issue, struct arena *arena,
	struct outgoing *out, struct fault *f)
{
	struct str address, url, language = store_column_text(rows, 5);
	struct fault mine = {0};

	*out = (struct outgoing){.id = store_column_i64(rows, 0), .issue = issue, .subscriber = store_column_i64(rows, 2),
		.attempts = store_column_i64(rows, 7)};
	if (!read_kind(store_column_text(rows, 1), &out->kind) ||
		!delivery_state_from(store_column_text(rows, 6), &out->state))
		return fault_set(f, FAULT_IO, "a delivery in the database has a kind or state that is none");
	if (!open_text(n, store_column_text(rows, 3), arena, &address, &mine) ||
		!open_text(n, store_column_text(rows, 4), arena, &url, &mine)) {
		if (mine.kind == FAULT_DENIED)
			return fault_set(f, FAULT_DENIED, "keys/newsletter/list.key is not the key of these addresses");
		address = url = (struct str){NULL, 0};
	}
	if (address.len > 0 && !email_parse(address, &out->to, &mine))
		out->to = (struct email){0};
	(void) snprintf(out->url, sizeof(out->url), "%.*s", STR_ARG(url));
	(void) snprintf(out->language, sizeof(out->language), "%.*s", STR_ARG(language));
	rand_token(out->token);
	return true;
}

/* The row is ours; the hash of the link that its mail will carry is there before the mail is. */
static bool claim_one(struct newsletter *n, struct outgoing *out, struct fault *f)
{
	unsigned char hash[SEAL_HASH_BYTES];
	struct store_value token = store_null();
	enum delivery_state to;
	int64_t changed = 0;

	must(delivery_next(out->state, DELIVERY_IS_CLAIMED, &to));
	seal_token_hash(str_from(out->token), hash);
	if (out->kind == OUTGOING_ISSUE)
		token = store_blob(str_make(hash, sizeof(hash)));
	if (!store_run(n->room->db, NEWSLETTER_SQL_DELIVERY_CLAIM,
			STORE_ARGS(store_i64(out->id), store_text(delivery_state_name(out->state)),
				store_text(delivery_state_name(to)),
				token),
			&changed, f))
		return false;
	out->state = to;
	return out->kind != OUTGOING_CONFIRM || out->subscriber == 0 ||
		store_run(n->room->db, NEWSLETTER_SQL_CONFIRMATION_INSERT,
			STORE_ARGS(store_blob(str_make(hash, sizeof(hash))), store_i64(out->subscriber),
				store_i64(clock_utc_day(clock_now()))),
			NULL, f);
}

/* Fills the queue from one issue (0: confirmations and reminders). */
static bool claim_from(struct newsletter *n, struct newsletter_queue *queue, int64_t issue, struct fault *f)
{
	struct store_value queued = store_text(delivery_state_name(DELIVERY_QUEUED));
	struct store_value later = store_text(delivery_state_name(DELIVERY_LATER));
	struct store_value now = store_i64(clock_now().us);
	struct store_value most = store_i64(QUEUE_MOST);
	struct store *db = n->room->db;
	struct store_rows rows;
	struct arena arena;
	size_t count = 0;
	bool ok;

	arena_init(&arena, "claim", 1024 * 1024);
	ok = issue == 0 ? store_rows_begin(db, NEWSLETTER_SQL_DELIVERY_DUE_SINGLE, STORE_ARGS(queued, later, now, most),
		&rows, f) :
		store_rows_begin(db, NEWSLETTER_SQL_DELIVERY_DUE, STORE_ARGS(store_i64(issue), queued, later, now, most),
			&rows, f);
	if (!ok)
		goto done;
	while (ok && count < QUEUE_MOST && store_rows_next(&rows, f)) {
		arena_reset(&arena);
		ok = read_due(n, &rows, issue, &arena, &queue->items[count], f);
		count += ok;
	}
	ok = store_rows_end(&rows) && ok;
	if (!ok || count == 0)
		goto done;
	ok = store_begin(db, f);
	if (!ok)
		goto done;
	for (size_t i = 0; ok && i < count; i++)
		ok = claim_one(n, &queue->items[i], f);
	newsletter_point("claim before commit");
	ok = store_end(db, ok, f);
	if (ok) {
		queue->at = 0;
		queue->count = count;
	}
	newsletter_point("claim after commit");
done:
	arena_release(&arena);
	return ok;
}

/* Nothing of it is due and nothing under way: is anything left for later? */
static bool finish_issue(struct newsletter *n, int64_t issue, struct fault *f)
{
	struct store *db = n->room->db;
	enum issue_state to;
	json_t *state = NULL;
	int64_t handled, recipients;
	bool ok;

	if (!newsletter_issue_json(n, issue, &state, f))
		return false;
	handled = json_integer_value(json_object_get(state, "handled"));
	recipients = json_integer_value(json_object_get(state, "recipients"));
	json_decref(state);
	if (handled < recipients)
		return true;
	must(issue_next(ISSUE_SENDING, ISSUE_IS_DONE, &to));
	if (!store_begin(db, f))
		return false;
	ok = store_run(db, NEWSLETTER_SQL_ISSUE_MOVE,
			STORE_ARGS(store_i64(issue), store_text(issue_state_name(ISSUE_SENDING)),
				store_text(issue_state_name(to))), NULL, f) &&
		store_run(db, NEWSLETTER_SQL_ISSUE_ENDED, STORE_ARGS(store_i64(issue), store_i64(clock_now().us)), NULL, f);
	ok = store_end(db, ok, f);
	if (ok)
		log_event(LOG_ISSUE, LOG_I64("issue", issue), LOG_STR("state", issue_state_name(to)),
			LOG_I64("recipients", recipients));
	return ok;
}

/* Issues that are being sent and were counted, oldest first. */
static bool sending_issues(struct newsletter *n, int64_t *ids, size_t most, size_t *count, struct fault *f)
{
	struct store_rows rows;

	*count = 0;
	if (!store_rows_begin(n->room->db, NEWSLETTER_SQL_ISSUE_IN_STATE,
			STORE_ARGS(store_text(issue_state_name(ISSUE_SENDING))), &rows, f))
		return false;
	while (*count < most && store_rows_next(&rows, f))
		if (store_column_i64(&rows, 1) == 1)
			ids[(*count)++] = store_column_i64(&rows, 0);
	return store_rows_end(&rows);
}

/* People wait for confirmations: those and reminders come first. */
bool newsletter_claim(struct newsletter *n, struct newsletter_queue *queue,
	bool (*is_under_way)(void *self, int64_t issue),
	void *self, struct fault *f)
{
	int64_t issues[16];
	size_t count;

	queue->at = queue->count = 0;
	if (!claim_from(n, queue, 0, f))
		return false;
	if (queue->count > 0)
		return true;
	if (!sending_issues(n, issues, sizeof(issues) / sizeof(issues[0]), &count, f))
		return false;
	for (size_t i = 0; i < count && queue->count == 0; i++) {
		if (!claim_from(n, queue, issues[i], f))
			return false;
		if (queue->count == 0 && !is_under_way(self, issues[i]) && !finish_issue(n, issues[i], f))
			return false;
	}
	return true;
}

/* What waits in memory goes back: an issue was paused, or the room ends. */
void newsletter_release(struct newsletter *n, struct newsletter_queue *queue)
{
	struct fault f = {0};
	enum delivery_state to;
	bool begun, ok;

	if (queue->at == queue->count)
		return;
	ok = begun = store_begin(n->room->db, &f);
	for (size_t i = queue->at; ok && i < queue->count; i++) {
		const struct outgoing *mail = &queue->items[i];

		must(delivery_next(mail->state, DELIVERY_IS_RELEASED, &to));
		ok = store_run(n->room->db, NEWSLETTER_SQL_DELIVERY_MOVE,
			STORE_ARGS(store_i64(mail->id), store_text(delivery_state_name(mail->state)),
				store_text(delivery_state_name(to)),
				store_i64(mail->attempts), store_i64(0), store_i64(0)),
			NULL, &f);
	}
	/* Where this fails the rows stay claimed, and the next start releases them. */
	if (begun)
		ok = store_end(n->room->db, ok, &f);
	if (!ok)
		log_fault(&f, "giving claimed mails back");
	queue->at = queue->count = 0;
}

static bool move_all(struct newsletter *n, enum delivery_state from, enum delivery_step step, int64_t *changed,
	struct fault *f)
{
	enum delivery_state to;

	must(delivery_next(from, step, &to));
	return store_run(n->room->db, NEWSLETTER_SQL_DELIVERY_MOVE_ALL,
		STORE_ARGS(store_text(delivery_state_name(from)), store_text(delivery_state_name(to))), changed, f);
}

bool newsletter_recover(struct newsletter *n, struct fault *f)
{
	int64_t released = 0, doubted = 0;
	bool ok;

	if (!store_begin(n->room->db, f))
		return false;
	ok = move_all(n, DELIVERY_CLAIMED, DELIVERY_IS_RELEASED, &released, f) &&
		store_run(n->room->db, NEWSLETTER_SQL_SUBSCRIBER_DOUBTED,
			STORE_ARGS(store_text(outgoing_kind_name(OUTGOING_CONFIRM)),
				store_text(delivery_state_name(DELIVERY_SENDING))),
			NULL, f) &&
		move_all(n, DELIVERY_SENDING, DELIVERY_IS_DOUBTED, &doubted, f);
	ok = store_end(n->room->db, ok, f);
	if (ok && released + doubted > 0)
		log_event(LOG_MAIL, LOG_C("state", "recovered"), LOG_I64("queued_again", released),
			LOG_I64("in_doubt", doubted));
	return ok;
}
