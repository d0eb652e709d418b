/* newsletter_subscriber.c: how an address comes, confirms, leaves and is forgotten; reminders that support hands
 * over.
 *
 * Decides: consent, one confirmation mail a day, what stays of whom. Leaves to newsletter_public.c: forms and
 * pages; to newsletter_sender.c: the mails. Runs in: the newsletter room. The hard thing: a form is answered before
 * anybody looks whether its address is known. What is done before the answer is one sealed row, the same for every
 * address; it is durable, so that a kill right after the answer loses nothing.
 * SPDX-License-Identifier: ISC */
#include "newsletter_inside.h"

#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/loop.h"
#include "newsletter_bounce.h"
#include "newsletter_import.h"

enum { INTAKE_AT_ONCE = 50, ROW_ARENA = 64 * 1024 };

/* The longest URL that a sealed value holds. */
enum { URL_MOST = SEAL_PLAIN_BYTES - 2 };

static const char address_domain[] = "newsletter.address";
static const char reminder_domain[] = "newsletter.reminder";

bool newsletter_sign_up(struct newsletter *n, const struct email *email, struct str language, struct str policy,
	struct fault *f)
{
	unsigned char sealed[SEAL_BYTES];

	return seal(n->sealer, email_text(email), sealed, f) &&
		store_run(n->room->db, NEWSLETTER_SQL_INTAKE_INSERT,
			STORE_ARGS(store_i64(rand_id()), store_blob(str_make(sealed, sizeof(sealed))), store_text(language),
				store_text(policy), store_i64(clock_utc_day(clock_now()))),
			NULL, f);
}

/* --- reading the forms --- */

struct intake {
	int64_t id, day;
	struct str sealed, language, policy;
	struct email email;
	unsigned char index[SEAL_INDEX_BYTES];
};

static bool queue_confirmation(struct newsletter *n, int64_t subscriber, int64_t day, struct fault *f)
{
	int64_t changed = 0;

	if (!store_run(n->room->db, NEWSLETTER_SQL_SUBSCRIBER_MAILED, STORE_ARGS(store_i64(subscriber), store_i64(day)),
			&changed, f))
		return false;
	return changed == 0 ||
		store_run(n->room->db, NEWSLETTER_SQL_DELIVERY_INSERT,
			STORE_ARGS(store_i64(rand_id()), store_text(outgoing_kind_name(OUTGOING_CONFIRM)), store_null(),
				store_i64(subscriber), store_null(), store_null(), store_null(),
				store_text(delivery_state_name(DELIVERY_QUEUED)), store_i64(day)),
			NULL, f);
}

/* A new address gets its row; a pending one's consent is renewed; a confirmed one's stays as it is. All get a mail.
 * */
static bool take_address(struct newsletter *n, const struct intake *in, struct arena *arena, struct fault *f)
{
	struct str index = str_make(in->index, sizeof(in->index));
	struct str pending = subscriber_state_name(SUBSCRIBER_PENDING);
	struct store *db = n->room->db;
	struct store_row row;
	bool known = false;
	int64_t id;

	if (!store_one(db, NEWSLETTER_SQL_SUBSCRIBER_BY_INDEX, STORE_ARGS(store_blob(index)), arena, &row, &known, f))
		return false;
	id = known ? row.columns[0].number : rand_id();
	if (known) {
		if (!store_run(db, NEWSLETTER_SQL_SUBSCRIBER_RENEW,
				STORE_ARGS(store_i64(id), store_text(pending), store_text(in->language), store_text(in->policy),
					store_i64(in->day)),
				NULL, f))
			return false;
	} else if (!store_run(db, NEWSLETTER_SQL_SUBSCRIBER_INSERT,
			STORE_ARGS(store_i64(id), store_blob(index), store_blob(in->sealed), store_text(pending),
				store_text(in->language), store_text(in->policy), store_i64(in->day)),
			NULL, f)) {
		return false;
	}
	return queue_confirmation(n, id, in->day, f);
}

/* Opens the address. Bytes that are no sealed address are logged and dropped; another key stops everything. */
static bool open_intake(struct newsletter *n, struct intake *in, struct arena *arena, bool *readable, struct fault *f)
{
	struct str plain = {NULL, 0};
	char canonical[EMAIL_BYTES + 1];
	struct fault mine = {0};

	*readable = seal_open(n->list_key, in->sealed, arena, &plain, &mine) && email_parse(plain, &in->email, &mine);
	if (!*readable && mine.kind == FAULT_DENIED)
		return fault_set(f, FAULT_DENIED, "keys/newsletter/list.key is not the key that the forms were sealed to");
	if (!*readable)
		log_fault(&mine, "reading a sign-up form");
	else
		seal_index(n->index_key, address_domain, email_canonical(&in->email, canonical), in->index);
	return true;
}

/* The next form, if there is one, in the transaction that the caller holds. */
static bool take_next(struct newsletter *n, struct arena *arena, bool *found, struct fault *f)
{
	struct intake in = {0};
	struct store_row row;
	bool readable = false;

	arena_reset(arena);
	if (!store_one(n->room->db, NEWSLETTER_SQL_INTAKE_NEXT, STORE_NO_ARGS, arena, &row, found, f))
		return false;
	if (!*found)
		return true;
	in.id = row.columns[0].number;
	in.sealed = row.columns[1].bytes;
	in.language = row.columns[2].bytes;
	in.policy = row.columns[3].bytes;
	in.day = row.columns[4].number;
	return open_intake(n, &in, arena, &readable, f) && (!readable || take_address(n, &in, arena, f)) &&
		store_run(n->room->db, NEWSLETTER_SQL_INTAKE_ERASE, STORE_ARGS(store_i64(in.id)), NULL, f);
}

bool newsletter_take_intake(struct newsletter *n, struct fault *f)
{
	struct arena arena;
	bool found = true;
	bool ok = true;

	if (!store_begin(n->room->db, f))
		return false;
	arena_init(&arena, "intake", ROW_ARENA);
	for (int i = 0; ok && found && i < INTAKE_AT_ONCE; i++)
		ok = take_next(n, &arena, &found, f);
	newsletter_point("intake before commit");
	ok = store_end(n->room->db, ok, f);
	newsletter_point("intake after commit");
	arena_release(&arena);
	if (ok && found)
		newsletter_take_intake_soon(n);
	newsletter_sender_poke(n);
	return ok;
}

static void take_intake(void *self)
{
	struct fault f = {0};

	if (!newsletter_take_intake(self, &f))
		log_fault(&f, "reading the sign-up forms");
}

void newsletter_take_intake_soon(struct newsletter *n)
{
	if (n->room->loop != NULL && !n->room->read_only)
		loop_timer_set(n->room->loop, &n->intake_timer, 0, take_intake, n);
}

/* --- confirming and leaving --- */

static struct str hash_token(struct str token, unsigned char out[SEAL_HASH_BYTES])
{
	seal_token_hash(token, out);
	return str_make(out, SEAL_HASH_BYTES);
}

bool newsletter_confirm(struct newsletter *n, struct str token, bool *known, struct fault *f)
{
	unsigned char hash[SEAL_HASH_BYTES];
	struct store *db = n->room->db;
	enum subscriber_state from, to;
	struct store_row row;
	struct arena arena;
	bool found = false;
	bool ok;
	int64_t id, changed = 0;

	arena_init(&arena, "confirm", ROW_ARENA);
	ok = store_one(db, NEWSLETTER_SQL_CONFIRMATION_FIND, STORE_ARGS(store_blob(hash_token(token, hash))), &arena, &row,
		&found, f);
	*known = ok && found;
	if (!ok || !found || !subscriber_state_from(row.columns[1].bytes, &from))
		goto done;
	id = row.columns[0].number;
	if (!subscriber_next(from, SUBSCRIBER_IS_CONFIRMED, &to)) { /* asked for it again: what bounced is forgotten */
		ok = store_begin(db, f) && store_end(db, newsletter_lift_bounces(n, id, f), f);
		goto done;
	}
	ok = store_begin(db, f);
	if (!ok)
		goto done;
	ok = store_run(db, NEWSLETTER_SQL_SUBSCRIBER_MOVE,
			STORE_ARGS(store_i64(id), store_text(subscriber_state_name(from)), store_text(subscriber_state_name(to)),
				store_i64(clock_utc_day(clock_now()))),
			&changed, f) && newsletter_confirmed_add(n, changed, f) &&
		store_run(db, NEWSLETTER_SQL_SUPPRESSION_LIFT, STORE_ARGS(store_i64(id)), NULL, f) && newsletter_count(n, "joined", 1, f);
	ok = store_end(db, ok, f);
	if (ok)
		log_event(LOG_SUBSCRIBER, LOG_STR("state", subscriber_state_name(to)));
done:
	arena_release(&arena);
	return ok;
}

/* Every mail of an issue that this subscriber has not got yet takes the step, from whatever state allows it. */
bool newsletter_leave_deliveries(struct newsletter *n, int64_t subscriber, struct fault *f)
{
	struct store_value args[] = {store_i64(subscriber), {0}, {0}};

	for (unsigned from = 0; from < DELIVERY_STATE_COUNT; from++) {
		enum delivery_state to;

		if (!delivery_next((enum delivery_state) from, DELIVERY_IS_LEFT, &to))
			continue;
		args[1] = store_text(delivery_state_name((enum delivery_state) from));
		args[2] = store_text(delivery_state_name(to));
		if (!store_run(n->room->db, NEWSLETTER_SQL_ISSUE_COUNT_MOVE_OF_SUBSCRIBER, args, 3, NULL, f) ||
			!store_run(n->room->db, NEWSLETTER_SQL_DELIVERY_MOVE_OF_SUBSCRIBER, args, 3, NULL, f))
			return false;
	}
	return true;
}

/* Only who is confirmed was counted when they came. */
static bool count_leaving(struct newsletter *n, int64_t subscriber, struct fault *f)
{
	int64_t confirmed = 0;

	return store_number(n->room->db, NEWSLETTER_SQL_SUBSCRIBER_IS, STORE_ARGS(store_i64(subscriber),
			store_text(subscriber_state_name(SUBSCRIBER_CONFIRMED))), &confirmed, f) &&
		newsletter_count(n, "left", confirmed, f);
}

bool newsletter_erase(struct newsletter *n, int64_t subscriber, struct fault *f)
{
	struct store *db = n->room->db;
	int64_t day = clock_utc_day(clock_now());
	bool ok;

	if (!store_begin(db, f))
		return false;
	ok = count_leaving(n, subscriber, f) && newsletter_leave_deliveries(n, subscriber, f) &&
		store_run(db, NEWSLETTER_SQL_DELIVERY_ERASE_SINGLES_OF, STORE_ARGS(store_i64(subscriber)), NULL, f) &&
		store_run(db, NEWSLETTER_SQL_SUPPRESSION_OF_SUBSCRIBER, STORE_ARGS(store_i64(subscriber), store_i64(day)), NULL, f) &&
		store_run(db, NEWSLETTER_SQL_SUBSCRIBER_ERASE, STORE_ARGS(store_i64(subscriber)), NULL, f);
	ok = store_end(db, ok, f);
	if (ok)
		log_event(LOG_SUBSCRIBER, LOG_C("state", "left"));
	return ok;
}

bool newsletter_leave(struct newsletter *n, struct str token, struct fault *f)
{
	int64_t id = 0;

	return newsletter_by_token(n, token, &id, f) && (id == 0 || newsletter_erase(n, id, f));
}

/* --- the daily job --- */

bool newsletter_daily(struct newsletter *n, struct fault *f)
{
	struct store *db = n->room->db;
	int64_t day = clock_utc_day(clock_now());
	int64_t pending = 0, mails = 0;
	bool ok;

	if (!store_begin(db, f))
		return false;
	ok = store_run(db, NEWSLETTER_SQL_SUBSCRIBER_ERASE_OLD,
			STORE_ARGS(store_text(subscriber_state_name(SUBSCRIBER_PENDING)), store_i64(day - PENDING_DAYS)), &pending,
			f) &&
		store_run(db, NEWSLETTER_SQL_CONFIRMATION_ERASE_OLD, STORE_ARGS(store_i64(day - PENDING_DAYS)), NULL, f) &&
		store_run(db, NEWSLETTER_SQL_REMINDER_ERASE_OLD, STORE_ARGS(store_i64(day - REMINDER_KEY_DAYS)), NULL, f) &&
		store_run(db, NEWSLETTER_SQL_SMTP_COUNT_ERASE_OLD, STORE_ARGS(store_i64((day - SMTP_COUNT_DAYS) * 86400)), NULL, f) &&
		store_run(db, NEWSLETTER_SQL_DELIVERY_ERASE_IN_DOUBT,
			STORE_ARGS(store_text(delivery_state_name(DELIVERY_IN_DOUBT)), store_i64(day - PENDING_DAYS)), &mails, f) &&
		newsletter_erase_old_bounces(n, day, f) && newsletter_erase_tests(n, (struct when){clock_now().us - INT64_C(86400000000)}, f) &&
		newsletter_daily_list(n, day, f) &&
		store_run(db, NEWSLETTER_SQL_DAILY_INSERT, STORE_ARGS(store_i64(day), store_i64(pending), store_i64(mails)),
			NULL, f);
	ok = store_end(db, ok, f);
	if (ok)
		log_event(LOG_JOB, LOG_C("job", "daily"), LOG_I64("erased_pending", pending), LOG_I64("erased_mails", mails));
	return ok;
}

/* --- reminders --- */

bool newsletter_take_reminder(struct newsletter *n, struct str key, struct str to, struct str language, struct str url,
	struct fault *f)
{
	unsigned char key_hash[SEAL_INDEX_BYTES], address[SEAL_BYTES], sealed_url[SEAL_BYTES];
	int64_t day = clock_utc_day(clock_now());
	struct store *db = n->room->db;
	int64_t changed = 0;
	struct email email;
	bool ok;

	if (key.len < 16 || key.len > 128)
		return fault_set(f, FAULT_INPUT, "a reminder needs a key of 16 to 128 characters");
	if (url.len > URL_MOST || str_has_control(url) ||
		(!str_starts(url, STR("https://")) && !str_starts(url, STR("http://"))))
		return fault_set(f, FAULT_INPUT, "a reminder needs an absolute URL of at most %d characters", URL_MOST);
	if (language.len >= LANGUAGE_BYTES)
		return fault_set(f, FAULT_INPUT, "the language of a reminder is too long");
	if (!email_parse(to, &email, f) || !seal(n->sealer, email_text(&email), address, f) ||
		!seal(n->sealer, url, sealed_url, f))
		return false;
	seal_index(n->index_key, reminder_domain, key, key_hash);
	if (!store_begin(db, f))
		return false;
	ok = store_run(db, NEWSLETTER_SQL_REMINDER_INSERT,
		STORE_ARGS(store_blob(str_make(key_hash, sizeof(key_hash))), store_i64(day)), &changed, f);
	if (ok && changed > 0)
		ok = store_run(db, NEWSLETTER_SQL_DELIVERY_INSERT,
			STORE_ARGS(store_i64(rand_id()), store_text(outgoing_kind_name(OUTGOING_REMINDER)), store_null(),
				store_null(),
				store_blob(str_make(address, sizeof(address))), store_blob(str_make(sealed_url, sizeof(sealed_url))),
				store_text(language), store_text(delivery_state_name(DELIVERY_QUEUED)), store_i64(day)),
			NULL, f);
	ok = store_end(db, ok, f);
	if (ok)
		newsletter_sender_poke(n);
	return ok;
}
