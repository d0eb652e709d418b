/* newsletter_trial.c: test mails: an issue that is not frozen yet, as it would be mailed, to one address that somebody at the desk typed.
 *
 * Decides: how many a day, and when they are erased. Leaves to newsletter_sender.c: the mail, on the same way as every other. Runs in: the
 * newsletter room. The hard thing: it is an issue of its own with one recipient who is no subscriber, so that its look, headers, signature and
 * server are those of the real one; the address is sealed, and erased once a server has answered.
 * SPDX-License-Identifier: ISC */
#include "newsletter_inside.h"

#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"

enum { TESTS_A_DAY = 60 };

static const int64_t day_us = INT64_C(86400000000);

static bool may_send(struct newsletter *n, struct fault *f)
{
	const char *why_not = newsletter_cannot_mail(n);
	int64_t tests = 0;

	if (why_not != NULL)
		return fault_set(f, FAULT_CONFLICT, "%s", why_not);
	if (!store_number(n->room->db, NEWSLETTER_SQL_ISSUE_TEST_COUNT, STORE_ARGS(store_i64(clock_now().us - day_us)), &tests, f))
		return false;
	return tests < TESTS_A_DAY || fault_set(f, FAULT_BUSY, "%d test mails were sent in the last 24 hours: that is enough for a day",
		(int) TESTS_A_DAY);
}

static bool write_test(struct newsletter *n, const struct newsletter_issue *issue, struct str address, struct str by, struct fault *f)
{
	struct store *db = n->room->db;
	int64_t now = clock_now().us;

	return store_run(db, NEWSLETTER_SQL_ISSUE_TEST,
			STORE_ARGS(store_i64(issue->id), store_text(issue->subject), store_text(issue->preheader), store_text(issue->language),
				store_text(issue->html), store_text(issue->text), store_text(issue->hash), store_text(issue_state_name(ISSUE_SENDING)),
				store_i64(now), store_text(issue->sender_name), store_text(by)),
			NULL, f) &&
		store_run(db, NEWSLETTER_SQL_DELIVERY_INSERT,
			STORE_ARGS(store_i64(rand_id()), store_text(outgoing_kind_name(OUTGOING_ISSUE)), store_i64(issue->id), store_null(),
				store_blob(address), store_null(), store_text(issue->language), store_text(delivery_state_name(DELIVERY_QUEUED)),
				store_i64(clock_utc_day(clock_now()))),
			NULL, f);
}

bool newsletter_send_test(struct newsletter *n, struct newsletter_issue *issue, struct str to, struct str by, struct fault *f)
{
	unsigned char address[SEAL_BYTES];
	struct email email;
	char hash[65];
	bool ok;

	issue->id = rand_id();
	newsletter_issue_hash(issue, hash);
	issue->hash = str_from(hash);
	ok = by.len > 0 && by.len <= 200 && !str_has_control(by);
	if (!ok)
		fault_set(f, FAULT_INPUT, "say who sends the test mail, in at most 200 characters");
	ok = ok && may_send(n, f) && email_parse(str_trim(to), &email, f) && newsletter_issue_check(n, issue, f) &&
		seal(n->sealer, email_text(&email), address, f) && store_begin(n->room->db, f);
	if (ok)
		ok = store_end(n->room->db, write_test(n, issue, str_make(address, sizeof(address)), by, f), f);
	issue->hash = (struct str){NULL, 0}; /* was ours */
	if (ok) {
		log_event(LOG_ISSUE, LOG_I64("issue", issue->id), LOG_C("state", "test"));
		newsletter_sender_poke(n);
	}
	return ok;
}

bool newsletter_erase_tests(struct newsletter *n, struct when before, struct fault *f)
{
	return store_run(n->room->db, NEWSLETTER_SQL_ISSUE_TEST_ERASE_MAILS,
			STORE_ARGS(store_i64(before.us), store_text(delivery_state_name(DELIVERY_CLAIMED)),
				store_text(delivery_state_name(DELIVERY_SENDING))), NULL, f) &&
		store_run(n->room->db, NEWSLETTER_SQL_ISSUE_TEST_ERASE, STORE_ARGS(store_i64(before.us)), NULL, f);
}
