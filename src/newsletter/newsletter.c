/* newsletter.c: the newsletter room: its keys, sockets, timed work, health and check.
 *
 * Decides: what the room opens and in which order. Leaves to the other files of the folder: everything it does.
 * Runs in: the newsletter room. The hard thing: a restored copy. Its database says that mails are queued which the
 * original may have sent since the backup, so an issue that was on its way is paused there until a person says go.
 * SPDX-License-Identifier: ISC */
#include "newsletter.h"

#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/must.h"
#include "base/secret.h"
#include "newsletter/newsletter_bounce.h"
#include "newsletter/newsletter_flood.h"
#include "newsletter/newsletter_inside.h"
#include "newsletter/newsletter_keeper.h"
#include "newsletter/newsletter_keys.h"
#include "newsletter/newsletter_signing.h"
#include "gen/newsletter_schema.h"

enum { DRAIN_MS = 8000, CHECK_ROWS = 2000, KEY_ROWS = 3, HOUR_S = 3600, DAY_S = 86400, MAILDIR_S = 10, HELD_DAYS = 7, TICK_S = 10 };

/* --- keys --- */

static struct secret *make_list_key(void)
{
	unsigned char public_key[SEAL_KEY_BYTES];

	return seal_new_key(public_key);
}

static struct secret *make_index_key(void)
{
	return secret_new_random(SEAL_KEY_BYTES);
}

static bool open_keys(struct newsletter *n, struct fault *f)
{
	unsigned char public_key[SEAL_KEY_BYTES];
	int64_t held = 0;
	bool ok;

	ok = store_number(n->room->db, NEWSLETTER_SQL_SEALED_ANY, STORE_NO_ARGS, &held, f) &&
		room_key(n->room, "list.key", held ? NULL : make_list_key, &n->list_key, f) &&
		room_key(n->room, "index.key", held ? NULL : make_index_key, &n->index_key, f) &&
		newsletter_keys_open(n, f) && seal_public_key(n->list_key, public_key, f);
	if (ok)
		n->sealer = sealer_new(public_key);
	if (ok)
		n->opener = opener_new(n->list_key);
	return ok;
}

static bool open_secrets(struct newsletter *n, struct fault *f)
{
	const struct settings *is = &n->room->settings;
	struct conf_key keys[SETTINGS_SMTP + 1] = {0};
	struct arena arena;
	bool ok = true;

	arena_init(&arena, "secrets", 64 * 1024);
	for (size_t i = 0; i < is->smtp_count; i++)
		keys[i] = (struct conf_key){i == 0 ? "smtp" : str_format(&arena, "smtp.%.*s", STR_ARG(is->smtp[i].name)).at, "password",
			CONF_SECRET, false, offsetof(struct newsletter, smtp_passwords) + i * sizeof(struct secret *), NULL,
			"the password of this mail server's user"};
	ok = room_secrets(n->room, keys, n, &arena, f);
	for (size_t i = 0; ok && i < is->smtp_count; i++)
		if (is->smtp[i].user.len > 0 && n->smtp_passwords[i] == NULL)
			ok = fault_set(f, FAULT_INPUT, "mimeo.conf has %s user: secrets/newsletter.conf must hold [%s] password",
				i == 0 ? "[newsletter] smtp_" : "a further mail server with", keys[i].section);
	arena_release(&arena);
	return ok;
}

/* Row by row: can the list key open it, and is its index that of its address? */
static bool check_rows(struct newsletter *n, int64_t most, int64_t *read, int64_t *bad, struct fault *f)
{
	struct store_rows rows;
	struct arena arena;

	*read = *bad = 0;
	arena_init(&arena, "check", 64 * 1024);
	if (!store_rows_begin(n->room->db, NEWSLETTER_SQL_SUBSCRIBER_READ_SOME, STORE_ARGS(store_i64(most)), &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		unsigned char index[SEAL_INDEX_BYTES];
		char canonical[EMAIL_BYTES + 1];
		struct fault mine = {0};
		struct email email;
		struct str plain;

		arena_reset(&arena);
		++*read;
		if (!seal_open(n->list_key, store_column_text(&rows, 2), &arena, &plain, &mine) ||
			!email_parse(plain, &email, &mine)) {
			++*bad;
			continue;
		}
		seal_index(n->index_key, "newsletter.address", email_canonical(&email, canonical), index);
		*bad += !str_equal(store_column_text(&rows, 1), str_make(index, sizeof(index)));
	}
	arena_release(&arena);
	return store_rows_end(&rows);
}

/* With other keys than the database's, every address would be a stranger and every mail lost: better not to start. One row
 * may be damaged; all that are looked at are not. */
static bool keys_fit(struct newsletter *n, struct fault *f)
{
	int64_t read, bad;

	if (!check_rows(n, KEY_ROWS, &read, &bad, f))
		return false;
	return bad == 0 || bad < read || fault_set(f, FAULT_DENIED,
		"keys/newsletter/ does not belong to this database: put the list.key and index.key of its home there");
}

/* --- timed work --- */

static void run_daily(void *self)
{
	struct newsletter *n = self;
	struct fault f = {0};
	int64_t last = 0;

	if (store_number(n->room->db, NEWSLETTER_SQL_DAILY_LAST, STORE_NO_ARGS, &last, &f) &&
		(last == clock_utc_day(clock_now()) || newsletter_daily(n, &f)))
		return;
	log_fault(&f, "the daily job");
}

/* No delay is longer than a day: where one is, the clock was set back meanwhile. */
static void hurry(struct newsletter *n)
{
	int64_t now = clock_now().us;
	int64_t changed = 0;
	struct fault f = {0};

	if (!store_run(n->room->db, NEWSLETTER_SQL_DELIVERY_HURRY,
			STORE_ARGS(store_text(delivery_state_name(DELIVERY_LATER)), store_i64(now + (DAY_S + 60) * 1000000LL), store_i64(now)),
			&changed, &f))
		log_fault(&f, "looking for waits that became too long");
	else if (changed > 0)
		log_event(LOG_MAIL, LOG_C("state", "hurried"), LOG_I64("mails", changed));
}

static void look_around(void *self)
{
	hurry(self);
	newsletter_take_intake_soon(self);
	newsletter_freeze_soon(self);
	newsletter_schedule_look(self);
	newsletter_clear_soon(self);
	newsletter_sender_poke(self);
}

/* --- the room's life --- */

static bool pause_issues(struct newsletter *n, struct fault *f)
{
	enum issue_state to;

	must(issue_next(ISSUE_SENDING, ISSUE_IS_PAUSED, &to));
	return store_run(n->room->db, NEWSLETTER_SQL_ISSUE_MOVE_ALL,
		STORE_ARGS(store_text(issue_state_name(ISSUE_SENDING)), store_text(issue_state_name(to))), NULL, f)
		&& newsletter_schedule_hold_all(n, f);
}

static bool newsletter_open(struct room *room, struct fault *f)
{
	struct newsletter *n = memory_new(1, sizeof(*n));

	room->self = n;
	n->room = room;
	if (!open_keys(n, f) || !open_secrets(n, f) || !keys_fit(n, f) || !newsletter_sender_open(n, f))
		return false;
	n->reports = reports_new(n);
	n->flood = newsletter_flood_new(room->settings.sign_ups);
	if (!lmtp_open(&n->lmtp, n, f) || !maildir_open(&n->maildir, n, f))
		return false;
	if (room->read_only)
		return pause_issues(n, f);
	look_around(n);
	if (room->inside != NULL) {
		room_every(room, 60, 60, look_around, n);
		room_every(room, 5, HOUR_S, run_daily, n);
		room_every(room, TICK_S, TICK_S, newsletter_tick, n);
		if (n->maildir != NULL)
			room_every(room, 2, MAILDIR_S, maildir_look, n->maildir);
	}
	return true;
}

static void drained(void *self)
{
	room_drained(self);
}

static void newsletter_drain(struct room *room)
{
	struct newsletter *n = room->self;

	loop_timer_stop(&n->intake_timer);
	loop_timer_stop(&n->freeze_timer);
	loop_timer_stop(&n->schedule_timer);
	loop_timer_stop(&n->clear_timer);
	newsletter_sender_drain(n, DRAIN_MS, drained, room);
}

static void newsletter_close(struct room *room)
{
	struct newsletter *n = room->self;

	lmtp_close(&n->lmtp);
	maildir_close(&n->maildir);
	reports_free(&n->reports);
	newsletter_sender_close(n);
	loop_timer_stop(&n->intake_timer);
	loop_timer_stop(&n->freeze_timer);
	loop_timer_stop(&n->schedule_timer);
	loop_timer_stop(&n->clear_timer);
	sealer_free(&n->sealer);
	newsletter_flood_free(&n->flood);
	opener_free(&n->opener);
	newsletter_keys_close(n);
	for (size_t i = 0; i < SETTINGS_SMTP; i++)
		secret_free(&n->smtp_passwords[i]);
	secret_free(&n->index_key);
	secret_free(&n->list_key);
	memory_free(n);
	room->self = NULL;
}

static void newsletter_health(struct room *room, json_t *health)
{
	struct fault f = {0};

	if (!newsletter_sender_health(room->self, health, &f))
		log_fault(&f, "reading the mail queue");
}

static void add_count_finding(json_t *findings, int64_t count, const char *say, const char *todo)
{
	char text[200];

	if (count == 0)
		return;
	(void) snprintf(text, sizeof(text), "%lld %s", (long long) count, say);
	room_finding(findings, text, todo);
}

static bool newsletter_check(struct room *room, json_t *findings, struct fault *f)
{
	struct newsletter *n = room->self;
	const char *why_not = newsletter_cannot_mail(n);
	int64_t read = 0, bad = 0, doubt = 0, miscounted = 0, tally = 0, held = 0;

	if (!check_rows(n, CHECK_ROWS, &read, &bad, f) ||
		!store_number(room->db, NEWSLETTER_SQL_DELIVERY_COUNT_STATE,
			STORE_ARGS(store_text(delivery_state_name(DELIVERY_IN_DOUBT))), &doubt, f) ||
		!store_number(room->db, NEWSLETTER_SQL_ISSUE_MISCOUNTED, STORE_NO_ARGS, &miscounted, f) ||
		!store_number(room->db, NEWSLETTER_SQL_TALLY_MISCOUNTED, STORE_ARGS(store_text(subscriber_state_name(SUBSCRIBER_CONFIRMED))), &tally, f) ||
		!store_number(room->db, NEWSLETTER_SQL_REPORT_COUNT_OF,
			STORE_ARGS(store_i64(clock_utc_day(clock_now()) - HELD_DAYS), store_text(STR("held"))), &held, f))
		return false;
	add_count_finding(findings, bad, "subscribers' rows cannot be opened with keys/newsletter/, or are not found by their index",
		"restore keys/newsletter/ from where you keep it");
	add_count_finding(findings, doubt, "mails may or may not have arrived: their server never answered",
		"they are not sent again by themselves; `mimeo newsletter resend-doubts ID` sends an issue's again: some may then "
		"arrive twice");
	add_count_finding(findings, held, "mailboxes were said to be gone beyond what a list loses in a day, and only muted for it",
		"look whether a mail firm or your mail server had a bad hour; if they are gone, the next mails will say so again");
	if (miscounted != 0)
		room_finding(findings, "an issue has another number of recipients than were counted",
			"restore the newest backup");
	if (tally != 0)
		room_finding(findings, "the list has another number of subscribers than is kept beside it", "restore the newest backup");
	if (why_not != NULL)
		room_finding(findings, why_not, "set it in mimeo.conf and restart");
	return true;
}

static const struct room_listener listeners[] = {
	{"front", newsletter_front_routes, NULL, NULL, 0},
	{"desk", newsletter_desk_routes, NULL, NULL, 0},
	{"support", newsletter_support_routes, NULL, NULL, 0},
	{"cli", newsletter_cli_routes, NULL, NULL, 0},
	{NULL, NULL, NULL, NULL, 0},
};

static const struct room_bare bare[] = {
	{"report", reports_main},
	{"keeper", keeper_main},
	{"signer", signer_main},
	{NULL, NULL},
};

const struct room_kind newsletter_room = {
	.word = "newsletter",
	.listeners = listeners,
	.schema = newsletter_schema,
	.queries = newsletter_sql,
	.query_count = NEWSLETTER_SQL_COUNT,
	.open = newsletter_open,
	.drain = newsletter_drain,
	.close = newsletter_close,
	.check = newsletter_check,
	.health = newsletter_health,
	.bare = bare,
};
