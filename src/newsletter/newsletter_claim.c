/* newsletter_claim.c: which mail is next: due rows are claimed in batches, opened, and given back when they cannot
 * go.
 *
 * Decides: the order (confirmations and reminders before issues, older issues before newer), when an issue is done.
 * Leaves to newsletter_hosts.c: through which server; to newsletter_sender.c: sending. Runs in: the newsletter room. The hard thing:
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
	return sealed.len == 0 || opener_open(n->opener, sealed, arena, plain, f);
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
		.attempts = store_column_i64(rows, 7), .try = (uint32_t) store_column_i64(rows, 8) + 1, .limit = -1};
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
				store_text(delivery_state_name(to)), token, store_i64((int64_t) out->try)),
			&changed, f) || !newsletter_moved(n, out->issue, out->state, to, changed, f))
		return false;
	out->state = to;
	return (out->kind != OUTGOING_CONFIRM && out->kind != OUTGOING_LEAVE) || out->subscriber == 0 ||
		store_run(n->room->db, NEWSLETTER_SQL_CONFIRMATION_INSERT,
			STORE_ARGS(store_blob(str_make(hash, sizeof(hash))), store_i64(out->subscriber),
				store_i64(clock_utc_day(clock_now()))),
			NULL, f);
}

bool newsletter_move(struct newsletter *n, const struct outgoing *mail, enum delivery_state to, int64_t attempts,
	int64_t next_at, int reply, const char *enhanced, struct fault *f)
{
	int64_t changed = 0;

	return store_run(n->room->db, NEWSLETTER_SQL_DELIVERY_MOVE,
			STORE_ARGS(store_i64(mail->id), store_text(delivery_state_name(mail->state)), store_text(delivery_state_name(to)),
				store_i64(attempts), store_i64(next_at), store_i64(reply), store_text(str_from(enhanced)),
				store_i64((int64_t) mail->try)), &changed, f) &&
		newsletter_moved(n, mail->issue, mail->state, to, changed, f);
}

/* What one look at the due rows gives. */
struct batch {
	struct outgoing *items;
	size_t most, count;    /* read */
	size_t claimed;        /* of these, put at the front */
	struct when until;     /* no server could take more before this; {0}: they could */
};

static bool read_batch(struct newsletter *n, int64_t issue, enum delivery_state state, struct batch *batch, struct fault *f)
{
	struct store_value from = store_text(delivery_state_name(state));
	struct store_value now = store_i64(clock_now().us);
	struct store_value most = store_i64((int64_t) batch->most);
	struct store_rows rows;
	struct arena arena;
	bool ok;

	batch->count = batch->claimed = 0;
	if (!(issue == 0 ? store_rows_begin(n->room->db, NEWSLETTER_SQL_DELIVERY_DUE_SINGLE, STORE_ARGS(from, now, most), &rows, f) :
			store_rows_begin(n->room->db, NEWSLETTER_SQL_DELIVERY_DUE, STORE_ARGS(store_i64(issue), from, now, most), &rows, f)))
		return false;
	arena_init(&arena, "claim", 1024 * 1024);
	ok = true;
	while (ok && batch->count < batch->most && store_rows_next(&rows, f)) {
		arena_reset(&arena);
		ok = read_due(n, &rows, issue, &arena, &batch->items[batch->count], f);
		batch->count += ok;
	}
	arena_release(&arena);
	return store_rows_end(&rows) && ok;
}

/* Each row gets its server and is claimed, or waits until its domain may have more. */
static bool claim_batch(struct newsletter *n, struct batch *batch, struct fault *f)
{
	bool ok = true;

	if (batch->count == 0)
		return true;
	if (!newsletter_moves_begin(n, f))
		return false;
	for (size_t i = 0; ok && i < batch->count && batch->until.us == 0; i++) {
		struct outgoing *mail = &batch->items[i];
		struct when until = {0};

		switch (newsletter_host_pick(n, mail, &until)) {
		case HOST_PICKED:
			ok = claim_one(n, mail, f);
			newsletter_host_holds(n, mail, 1);
			batch->items[batch->claimed++] = *mail;
			break;
		case HOST_DOMAIN_FULL:
			ok = store_run(n->room->db, NEWSLETTER_SQL_DELIVERY_DEFER,
				STORE_ARGS(store_i64(mail->id), store_text(delivery_state_name(mail->state)), store_i64(until.us)), NULL, f);
			break;
		case HOST_ALL_FULL:
			batch->until = until;
			break;
		}
	}
	ok = ok && newsletter_hosts_write(n, f);
	newsletter_point("claim before commit");
	ok = newsletter_moves_end(n, ok, f);
	newsletter_point("claim after commit");
	if (ok) {
		newsletter_hosts_wrote(n);
		return true;
	}
	for (size_t i = 0; i < batch->claimed; i++)
		newsletter_host_holds(n, &batch->items[i], -1);
	newsletter_hosts_forget(n);
	return false;
}

/* Adds to the queue from one issue (0: confirmations and reminders). *again: there were rows, but all of them wait. */
static bool claim_from(struct newsletter *n, struct newsletter_queue *queue, int64_t issue, bool *again, struct when *until,
	struct fault *f)
{
	static const enum delivery_state states[] = {DELIVERY_LATER, DELIVERY_QUEUED};

	*again = false;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]) && queue->count < QUEUE_MOST; i++) {
		struct batch batch = {.items = queue->items + queue->count, .most = QUEUE_MOST - queue->count};

		/* Each row is opened when it is read: none that no server can take. */
		if (batch.most > newsletter_hosts_may_hold(n))
			batch.most = newsletter_hosts_may_hold(n);
		if (batch.most == 0)
			break;
		if (!read_batch(n, issue, states[i], &batch, f) || !claim_batch(n, &batch, f))
			return false;
		queue->count += batch.claimed;
		*again |= batch.count > 0 && batch.claimed == 0;
		*until = batch.until;
		if (until->us != 0)
			break;
	}
	return true;
}

/* Nothing of it is due and nothing under way: is anything left for later? The rows must be as many as were frozen. */
static bool finish_issue(struct newsletter *n, int64_t issue, struct fault *f)
{
	struct store *db = n->room->db;
	enum issue_state to;
	json_t *state = NULL;
	int64_t handled, recipients, counted, total = 0;
	bool ok;

	if (!newsletter_issue_json(n, issue, &state, f))
		return false;
	handled = json_integer_value(json_object_get(state, "handled"));
	recipients = json_integer_value(json_object_get(state, "recipients"));
	counted = handled + json_integer_value(json_object_get(state, "queued")) + json_integer_value(json_object_get(state, "later"));
	json_decref(state);
	if (handled < recipients && counted == recipients)
		return true;
	/* The rows themselves, once more, before it is called sent. */
	if (!store_number(db, NEWSLETTER_SQL_DELIVERY_TOTAL, STORE_ARGS(store_i64(issue)), &total, f))
		return false;
	if (total != recipients)
		return newsletter_issue_pause_because(n, issue, "it has another number of recipients than were counted: restore the "
			"newest backup", f);
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

static void sooner(struct when *until, int64_t us)
{
	if (us > 0 && (until->us == 0 || us < until->us))
		until->us = us;
}

/* When the next mail of this issue (0: of none) is due. */
static bool add_next(struct newsletter *n, int64_t issue, struct when *until, struct fault *f)
{
	static const enum delivery_state states[] = {DELIVERY_QUEUED, DELIVERY_LATER};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		struct store_value state = store_text(delivery_state_name(states[i]));
		int64_t at = 0;

		if (!(issue == 0 ? store_number(n->room->db, NEWSLETTER_SQL_DELIVERY_NEXT_SINGLE, STORE_ARGS(state), &at, f) :
				store_number(n->room->db, NEWSLETTER_SQL_DELIVERY_NEXT_OF_ISSUE, STORE_ARGS(store_i64(issue), state), &at, f)))
			return false;
		sooner(until, at);
	}
	return true;
}

static void pack(struct newsletter_queue *queue)
{
	memmove(queue->items, queue->items + queue->first, queue->count * sizeof(queue->items[0]));
	queue->first = 0;
}

/* People wait for confirmations: those and reminders come first. */
bool newsletter_claim(struct newsletter *n, struct newsletter_queue *queue,
	bool (*is_under_way)(void *self, int64_t issue), void *self, struct when *until, struct fault *f)
{
	int64_t issues[16];
	size_t before = queue->count, count;
	bool again;

	if (!newsletter_host_any(n, until))
		return true;
	pack(queue);
	if (!claim_from(n, queue, 0, &again, until, f) || !sending_issues(n, issues, sizeof(issues) / sizeof(issues[0]), &count, f))
		return false;
	for (size_t i = 0; i < count && queue->count < QUEUE_MOST && until->us == 0; i++) {
		size_t had = queue->count;

		if (!claim_from(n, queue, issues[i], &again, until, f))
			return false;
		if (queue->count == had && !again && until->us == 0 && !is_under_way(self, issues[i]) && !finish_issue(n, issues[i], f))
			return false;
		if (again) {
			until->us = clock_now().us; /* rows that wait were put aside; there may be others behind them */
			break;
		}
	}
	if (queue->count > before || until->us != 0)
		return true;
	if (!add_next(n, 0, until, f))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!add_next(n, issues[i], until, f))
			return false;
	return true;
}

/* What waits in memory goes back: an issue was paused, a server is in trouble, or the room ends. */
void newsletter_release(struct newsletter *n, struct newsletter_queue *queue, unsigned host)
{
	struct fault f = {0};
	enum delivery_state to;
	size_t kept = 0;
	bool begun, ok;

	if (queue->count == 0)
		return;
	pack(queue);
	ok = begun = newsletter_moves_begin(n, &f);
	for (size_t i = 0; i < queue->count; i++) {
		const struct outgoing *mail = &queue->items[i];

		if (host < SETTINGS_SMTP && mail->host != host) {
			queue->items[kept++] = *mail;
			continue;
		}
		must(delivery_next(mail->state, DELIVERY_IS_RELEASED, &to));
		newsletter_host_uncount(n, mail);
		newsletter_host_holds(n, mail, -1);
		ok = ok && newsletter_move(n, mail, to, mail->attempts, 0, 0, "", &f);
	}
	ok = ok && newsletter_hosts_write(n, &f);
	/* Where this fails the rows stay claimed, and the next start releases them. */
	if (begun)
		ok = newsletter_moves_end(n, ok, &f);
	if (ok) {
		newsletter_hosts_wrote(n);
	} else {
		newsletter_hosts_forget(n);
		log_fault(&f, "giving claimed mails back");
	}
	queue->count = kept;
}
