/* newsletter_bounce.c: what follows from a mail that came back: muting, suppression, and that neither can be forged.
 *
 * Decides: the return path's token, which report counts, and for how long somebody is left out. Leaves to mail/report.c:
 * what a report says; to newsletter_reports.c: how it comes in. Runs in: the newsletter room. The hard thing: a report is
 * anybody's word. It is believed for the token alone, which only the mail's recipient and the servers on its way have
 * seen; it counts once; and a mail firm that calls all its mailboxes gone for an hour (it has happened) must not empty
 * the list: above a day's measure hard ones are taken as soft.
 * SPDX-License-Identifier: ISC */
#include "newsletter_inside.h"

#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/secret.h"
#include "newsletter_bounce.h"
#include "newsletter_import.h"

enum {
	CHECK_BYTES = 12, ID_BYTES = 8,  /* of a token: 160 bits, 32 characters */
	MUTE_DAYS = 5, MUTE_LONG_DAYS = 180,
	EARLIER_SOFT = 2, SOFT_DAYS = 90,
	REPORT_DAYS = 60,                /* a report on an older mail is too late to mean anything */
	HARD_A_DAY = 50, HARD_SHARE = 10 /* a tenth of the subscribers, but fifty at least */
};

/* --- tokens --- */

static void keyed(const struct newsletter *n, const char *domain, const void *at, size_t len,
	unsigned char out[SEAL_INDEX_BYTES])
{
	seal_index(n->index_key, domain, str_make(at, len), out);
}

static const char *const check_domains[] = {"newsletter.bounce.check", "newsletter.message.check", "newsletter.leave.check"};
static const char *const mask_domains[] = {"newsletter.bounce.mask", "newsletter.message.mask", "newsletter.leave.mask"};

/* The delivery's number under a mask that its own keyed hash gives (as SIV does): the same delivery, the same token; no row
 * is needed to read it back, and without the key it is 160 random bits. */
void newsletter_token_make(const struct newsletter *n, enum newsletter_token_use use, int64_t delivery,
	char out[NEWSLETTER_TOKEN_CHARS + 1])
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
	unsigned char hash[SEAL_INDEX_BYTES], token[CHECK_BYTES + ID_BYTES], id[ID_BYTES];
	unsigned bits = 0, held = 0;
	size_t len = 0;

	for (size_t i = 0; i < ID_BYTES; i++)
		id[i] = (unsigned char) ((uint64_t) delivery >> (8 * (ID_BYTES - 1 - i)));
	keyed(n, check_domains[use], id, sizeof(id), hash);
	memcpy(token, hash, CHECK_BYTES);
	keyed(n, mask_domains[use], token, CHECK_BYTES, hash);
	for (size_t i = 0; i < ID_BYTES; i++)
		token[CHECK_BYTES + i] = id[i] ^ hash[i];
	for (size_t i = 0; i < sizeof(token); i++) {
		held = (held << 8 | token[i]) & 0xffff;
		for (bits += 8; bits >= 5; bits -= 5)
			out[len++] = digits[held >> (bits - 5) & 31];
	}
	out[len] = '\0';
}

bool newsletter_token_open(const struct newsletter *n, enum newsletter_token_use use, struct str text, int64_t *delivery)
{
	unsigned char hash[SEAL_INDEX_BYTES], token[CHECK_BYTES + ID_BYTES], id[ID_BYTES];
	unsigned bits = 0, held = 0;
	uint64_t number = 0;
	size_t len = 0;

	if (text.len != NEWSLETTER_TOKEN_CHARS)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];
		int digit = c >= 'a' && c <= 'z' ? c - 'a' : c >= 'A' && c <= 'Z' ? c - 'A' : c >= '2' && c <= '7' ? c - '2' + 26 : -1;

		if (digit < 0)
			return false;
		held = (held << 5 | (unsigned) digit) & 0xffff;
		bits += 5;
		if (bits >= 8) {
			bits -= 8;
			token[len++] = (unsigned char) (held >> bits);
		}
	}
	keyed(n, mask_domains[use], token, CHECK_BYTES, hash);
	for (size_t i = 0; i < ID_BYTES; i++) {
		id[i] = token[CHECK_BYTES + i] ^ hash[i];
		number = number << 8 | id[i];
	}
	keyed(n, check_domains[use], id, sizeof(id), hash);
	*delivery = (int64_t) number;
	return secret_equal(str_make(hash, CHECK_BYTES), str_make(token, CHECK_BYTES)) && *delivery > 0;
}

struct str newsletter_return_path(const struct newsletter *n, int64_t delivery, char out[EMAIL_BYTES + 1])
{
	struct str pattern = n->room->settings.bounce_address;
	char token[NEWSLETTER_TOKEN_CHARS + 1];
	size_t at = str_find(pattern, STR("TOKEN"));
	int len;

	if (at == SIZE_MAX)
		return n->room->settings.from_address;
	newsletter_token_make(n, NEWSLETTER_TOKEN_BOUNCE, delivery, token);
	len = snprintf(out, EMAIL_BYTES + 1, "%.*s%s%.*s", STR_ARG(str_part(pattern, 0, at)), token,
		STR_ARG(str_part(pattern, at + 5, SIZE_MAX)));
	return str_make(out, len > 0 && len <= EMAIL_BYTES ? (size_t) len : 0);
}

bool newsletter_is_bounce_address(const struct newsletter *n, struct str address)
{
	struct str pattern = n->room->settings.bounce_address;
	size_t at = str_find(pattern, STR("TOKEN"));
	struct str before = str_part(pattern, 0, at), after = str_part(pattern, at == SIZE_MAX ? 0 : at + 5, SIZE_MAX);
	struct str token = str_part(address, before.len, NEWSLETTER_TOKEN_CHARS);
	int64_t delivery;

	return at != SIZE_MAX && address.len == before.len + NEWSLETTER_TOKEN_CHARS + after.len &&
		str_equal_nocase(str_part(address, 0, before.len), before) &&
		str_equal_nocase(str_part(address, before.len + NEWSLETTER_TOKEN_CHARS, SIZE_MAX), after) &&
		newsletter_token_open(n, NEWSLETTER_TOKEN_BOUNCE, token, &delivery);
}

/* --- effects, all in the caller's transaction --- */

static bool count_report(struct newsletter *n, const char *kind, struct fault *f)
{
	return store_run(n->room->db, NEWSLETTER_SQL_REPORT_COUNT_ADD,
		STORE_ARGS(store_i64(clock_utc_day(clock_now())), store_text(str_from(kind))), NULL, f);
}

static bool suppress(struct newsletter *n, int64_t subscriber, const char *reason, struct fault *f)
{
	return newsletter_leave_deliveries(n, subscriber, f) && newsletter_count(n, reason, 1, f) &&
		store_run(n->room->db, NEWSLETTER_SQL_DELIVERY_ERASE_SINGLES_OF, STORE_ARGS(store_i64(subscriber)), NULL, f) &&
		store_run(n->room->db, NEWSLETTER_SQL_SUPPRESSION_FOR,
			STORE_ARGS(store_i64(subscriber), store_i64(clock_utc_day(clock_now())), store_text(str_from(reason))), NULL, f) &&
		store_run(n->room->db, NEWSLETTER_SQL_SUBSCRIBER_ERASE, STORE_ARGS(store_i64(subscriber)), NULL, f);
}

static bool mute(struct newsletter *n, int64_t delivery, int64_t subscriber, bool *is_new, struct fault *f)
{
	int64_t day = clock_utc_day(clock_now());
	int64_t earlier = 0, changed = 0;
	struct store *db = n->room->db;

	if (!store_number(db, NEWSLETTER_SQL_BOUNCE_COUNT_SINCE, STORE_ARGS(store_i64(subscriber), store_i64(day - SOFT_DAYS)),
			&earlier, f) ||
		!store_run(db, NEWSLETTER_SQL_BOUNCE_INSERT, STORE_ARGS(store_i64(delivery), store_i64(subscriber), store_i64(day)),
			&changed, f))
		return false;
	*is_new = changed > 0;
	return !*is_new || store_run(db, NEWSLETTER_SQL_SUBSCRIBER_MUTE,
		STORE_ARGS(store_i64(subscriber), store_i64(day + (earlier >= EARLIER_SOFT ? MUTE_LONG_DAYS : MUTE_DAYS))), NULL, f);
}

/* More hard ones today than a list loses in a day: a mail firm has a bad hour. */
static bool is_too_many(struct newsletter *n, bool *too_many, struct fault *f)
{
	int64_t hard = 0, subscribers = 0;

	if (!store_number(n->room->db, NEWSLETTER_SQL_REPORT_COUNT_OF,
			STORE_ARGS(store_i64(clock_utc_day(clock_now())), store_text(str_from(mail_report_name(MAIL_REPORT_HARD)))), &hard, f))
		return false;
	*too_many = false;
	if (hard < HARD_A_DAY)
		return true;
	if (!newsletter_confirmed(n, &subscribers, f))
		return false;
	*too_many = hard >= subscribers / HARD_SHARE;
	return true;
}

/* *what: what was counted, or why nothing was done. */
static bool apply(struct newsletter *n, int64_t delivery, enum mail_report_kind kind, const char **what, struct fault *f)
{
	int64_t day = clock_utc_day(clock_now());
	bool found = false, is_new = true, too_many = false, ok;
	struct store_row row;
	struct arena arena;
	int64_t subscriber;

	*what = "ignored";
	arena_init(&arena, "bounce", 4096);
	ok = store_one(n->room->db, NEWSLETTER_SQL_DELIVERY_OF_BOUNCE, STORE_ARGS(store_i64(delivery)), &arena, &row, &found, f);
	if (!ok || !found || row.columns[0].type == STORE_NULL || row.columns[1].number < day - REPORT_DAYS)
		goto done;
	subscriber = row.columns[0].number;
	if (kind == MAIL_REPORT_HARD)
		ok = is_too_many(n, &too_many, f);
	if (!ok)
		goto done;
	if (kind == MAIL_REPORT_COMPLAINT || (kind == MAIL_REPORT_HARD && !too_many))
		ok = suppress(n, subscriber, kind == MAIL_REPORT_HARD ? "bounced" : "complained", f);
	else if (kind == MAIL_REPORT_HARD || kind == MAIL_REPORT_SOFT)
		ok = mute(n, delivery, subscriber, &is_new, f);
	if (!is_new)
		goto done;
	*what = too_many ? "held" : mail_report_name(kind);
	ok = ok && count_report(n, *what, f);
done:
	arena_release(&arena);
	return ok;
}

bool newsletter_take_refusal(struct newsletter *n, int64_t delivery, int reply, struct str status, struct str words,
	struct fault *f)
{
	const char *what;

	/* An issue's mails alone; and a refusal that is no mailbox's fault is the issue's own number already. */
	if (reply < 500 || mail_report_judge(reply, status, words) != MAIL_REPORT_HARD)
		return true;
	return apply(n, delivery, MAIL_REPORT_HARD, &what, f);
}

/* The first mark that is one of ours. */
static bool find_delivery(struct newsletter *n, const struct mail_report *report, int64_t *delivery, bool *found,
	struct fault *f)
{
	*found = false;
	for (size_t i = 0; i < report->mark_count && !*found; i++) {
		struct str text = str_from(report->marks[i].text);
		unsigned char hash[SEAL_HASH_BYTES];

		if (report->marks[i].where == MAIL_MARK_ADDRESS) {
			*found = newsletter_token_open(n, NEWSLETTER_TOKEN_BOUNCE, text, delivery) ||
				newsletter_token_open(n, NEWSLETTER_TOKEN_MESSAGE, text, delivery);
			continue;
		}
		*delivery = 0;
		seal_token_hash(text, hash);
		if (!store_number(n->room->db, NEWSLETTER_SQL_DELIVERY_ID_BY_TOKEN, STORE_ARGS(store_blob(str_make(hash, sizeof(hash)))),
				delivery, f))
			return false;
		*found = *delivery > 0;
	}
	return true;
}

bool newsletter_take_report(struct newsletter *n, const struct mail_report *report, const char **what, struct fault *f)
{
	int64_t delivery = 0;
	bool found = false, ok;

	*what = "stranger";
	if (!store_begin(n->room->db, f))
		return false;
	ok = find_delivery(n, report, &delivery, &found, f) &&
		(found ? apply(n, delivery, report->kind, what, f) : count_report(n, *what, f));
	newsletter_point("report before commit");
	ok = store_end(n->room->db, ok, f);
	newsletter_point("report after commit");
	if (ok)
		log_event(LOG_BOUNCE, LOG_C("kind", mail_report_name(report->kind)), LOG_C("status", report->status),
			LOG_C("what", *what));
	return ok;
}

/* --- who confirms again, the daily job, counts --- */

bool newsletter_lift_bounces(struct newsletter *n, int64_t subscriber, struct fault *f)
{
	return store_run(n->room->db, NEWSLETTER_SQL_BOUNCE_ERASE_OF, STORE_ARGS(store_i64(subscriber)), NULL, f) &&
		store_run(n->room->db, NEWSLETTER_SQL_SUBSCRIBER_UNMUTE, STORE_ARGS(store_i64(subscriber)), NULL, f);
}

bool newsletter_erase_old_bounces(struct newsletter *n, int64_t day, struct fault *f)
{
	enum { COUNT_DAYS = 400 };

	/* A soft bounce stays longer than its mail can be reported: a replay never counts again. */
	return store_run(n->room->db, NEWSLETTER_SQL_BOUNCE_ERASE_OLD, STORE_ARGS(store_i64(day - SOFT_DAYS - 1)), NULL, f) &&
		store_run(n->room->db, NEWSLETTER_SQL_REPORT_COUNT_ERASE_OLD, STORE_ARGS(store_i64(day - COUNT_DAYS)), NULL, f);
}

static bool add_reports(struct newsletter *n, int64_t since, json_t *json, struct fault *f)
{
	json_t *reports = json_object();
	struct store_rows rows;

	json_object_set_new(json, "reports", reports);
	if (!store_rows_begin(n->room->db, NEWSLETTER_SQL_REPORT_COUNT_LIST, STORE_ARGS(store_i64(since)), &rows, f))
		return false;
	while (store_rows_next(&rows, f)) {
		char kind[32];

		(void) snprintf(kind, sizeof(kind), "%.*s", STR_ARG(store_column_text(&rows, 0)));
		json_object_set_new(reports, kind, json_integer(store_column_i64(&rows, 1)));
	}
	return store_rows_end(&rows);
}

bool newsletter_add_bounce_counts(struct newsletter *n, json_t *json, struct fault *f)
{
	enum { SHOWN_DAYS = 30 };
	static const char *const reasons[] = {"left", "bounced", "complained"};
	int64_t day = clock_utc_day(clock_now());
	int64_t count = 0;

	if (!store_number(n->room->db, NEWSLETTER_SQL_SUBSCRIBER_COUNT_MUTED,
			STORE_ARGS(store_text(subscriber_state_name(SUBSCRIBER_CONFIRMED)), store_i64(day)), &count, f))
		return false;
	json_object_set_new(json, "muted", json_integer(count));
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (!store_number(n->room->db, NEWSLETTER_SQL_SUPPRESSION_COUNT_REASON, STORE_ARGS(store_text(str_from(reasons[i]))),
				&count, f))
			return false;
		json_object_set_new(json, reasons[i], json_integer(count));
	}
	return add_reports(n, day - SHOWN_DAYS, json, f);
}
