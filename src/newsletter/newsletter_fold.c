/* newsletter_fold.c: what the keeper's words do to the database, as they come or from its journal after a kill.
 *
 * Decides: what an outcome means, when to try again, what is in doubt. Leaves to the keeper: the outcome; to
 * newsletter_sender.c: when it is written. Runs in: the newsletter room. The hard thing: the same words may come twice, live
 * and from the journal, or out of date; the number of the try (row and record) and the row's state decide, so that folding
 * a record again changes nothing.
 * SPDX-License-Identifier: ISC */
#include "newsletter_inside.h"

#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/must.h"
#include "mail/smtp.h"
#include "newsletter/newsletter_bounce.h"
#include "newsletter/newsletter_journal.h"
#include "newsletter/newsletter_talk.h"

/* After the n-th delay; one more and the mail is refused. */
static const int64_t later_s[] = {5 * 60, 30 * 60, 2 * 3600, 6 * 3600, 24 * 3600};
enum { LATER_COUNT = sizeof(later_s) / sizeof(later_s[0]), RELEASES_MOST = 50 };

bool newsletter_is_about_us(const struct talk_event *event)
{
	return (event->outcome == SMTP_REFUSED || event->outcome == SMTP_LATER) &&
		(event->stage == SMTP_AT_CONNECTION || event->stage == SMTP_AT_MAIL);
}

void newsletter_clean_words(const char *words, char *out, size_t room)
{
	struct str rest = str_from(words);
	struct str word;
	size_t len = 0;

	out[0] = '\0';
	while (str_next(&rest, ' ', &word) && len + 1 < room) {
		bool is_address = str_find_char(word, '@') != SIZE_MAX;
		int got = snprintf(out + len, room - len, "%s%.*s", len > 0 ? " " : "",
			is_address ? 9 : (int) word.len, is_address ? "(address)" : word.at != NULL ? word.at : "");

		len = got > 0 ? len + (size_t) got : len;
	}
}

/* A server that stumbles before RCPT says nothing about this mail: it goes to the back of the queue. A 5xx to MAIL may be about
 * this mail (552: too large) or about us, and counts as its try: it can neither hold the others up nor stay for ever. */
static enum delivery_step step_of(const struct outgoing *mail, bool dotted, const struct talk_event *event)
{
	bool not_tried = event->type == TALK_RETURNED || event->stage == SMTP_AT_CONNECTION ||
		(event->stage == SMTP_AT_MAIL && event->outcome == SMTP_LATER && mail->try % RELEASES_MOST != 0);

	if (event->outcome == SMTP_ACCEPTED)
		return DELIVERY_IS_ACCEPTED;
	if (event->outcome == SMTP_IN_DOUBT)
		return DELIVERY_IS_DOUBTED;
	if (!dotted && not_tried)
		return DELIVERY_IS_RELEASED;
	if ((event->outcome == SMTP_REFUSED && event->stage != SMTP_AT_MAIL) || mail->attempts >= LATER_COUNT)
		return DELIVERY_IS_REFUSED;
	return DELIVERY_IS_DELAYED;
}

static bool write_single(struct newsletter *n, const struct outgoing *mail, enum delivery_state to, struct fault *f)
{
	struct store *db = n->room->db;

	if (to == DELIVERY_ACCEPTED || to == DELIVERY_REFUSED)
		return store_run(db, NEWSLETTER_SQL_DELIVERY_ERASE, STORE_ARGS(store_i64(mail->id)), NULL, f);
	if (to != DELIVERY_IN_DOUBT)
		return true;
	/* Nobody sends it again, so whoever waits for it must be able to ask again, today too. */
	return store_run(db, NEWSLETTER_SQL_DELIVERY_BLANK, STORE_ARGS(store_i64(mail->id)), NULL, f) &&
		((mail->kind != OUTGOING_CONFIRM && mail->kind != OUTGOING_LEAVE) ||
			store_run(db, mail->kind == OUTGOING_LEAVE ? NEWSLETTER_SQL_SUBSCRIBER_LEAVE_MAILED : NEWSLETTER_SQL_SUBSCRIBER_MAILED,
				STORE_ARGS(store_i64(mail->subscriber), store_i64(0)), NULL, f));
}

/* A refusal behind MAIL may say that there is no such mailbox. The journal has no words: then the code and its status decide. */
static bool judge_refusal(struct newsletter *n, const struct outgoing *mail, enum delivery_state to, const struct talk_event *event,
	struct fault *f)
{
	return to != DELIVERY_REFUSED || event->outcome != SMTP_REFUSED || event->stage <= SMTP_AT_MAIL ||
		newsletter_take_refusal(n, mail->id, event->reply, str_from(event->enhanced), str_from(event->text), f);
}

/* A test mail's address was typed for it alone. */
static bool blank_test(struct newsletter *n, const struct outgoing *mail, enum delivery_state to, struct fault *f)
{
	return mail->subscriber != 0 || (to != DELIVERY_ACCEPTED && to != DELIVERY_REFUSED && to != DELIVERY_IN_DOUBT) ||
		store_run(n->room->db, NEWSLETTER_SQL_DELIVERY_BLANK, STORE_ARGS(store_i64(mail->id)), NULL, f);
}

bool newsletter_fold(struct newsletter *n, const struct outgoing *mail, bool dotted, const struct talk_event *event,
	enum delivery_state *to, struct fault *f)
{
	enum delivery_state from = mail->state;
	int64_t attempts = mail->attempts, next_at = 0;
	enum delivery_step step;
	int64_t now_us = clock_now().us;

	/* Nothing is accepted or in doubt without its dot, whatever record of that is missing. */
	dotted |= event->type == TALK_ENDED && (event->outcome == SMTP_ACCEPTED || event->outcome == SMTP_IN_DOUBT);
	if (dotted && from == DELIVERY_CLAIMED)
		must(delivery_next(from, DELIVERY_IS_DOTTED, &from));
	if (event->type == TALK_DOTTED) {
		*to = from;
		return newsletter_move(n, mail, *to, attempts, 0, 0, "", f);
	}
	step = step_of(mail, dotted, event);
	if (!delivery_next(from, step, to))
		return fault_set(f, FAULT_IO, "the keeper says what cannot be of a mail");
	if (step == DELIVERY_IS_RELEASED)
		next_at = event->type == TALK_RETURNED ? 0 : now_us;
	else
		attempts++;
	if (step == DELIVERY_IS_DELAYED)
		next_at = now_us + later_s[mail->attempts] * 1000000;
	return newsletter_move(n, mail, *to, attempts, next_at, event->reply, event->enhanced, f) &&
		(mail->kind == OUTGOING_ISSUE ? judge_refusal(n, mail, *to, event, f) && blank_test(n, mail, *to, f) :
			write_single(n, mail, *to, f));
}

/* --- after a kill --- */

struct recovery {
	struct newsletter *n;
	int64_t folded;
};

static bool read_mail(struct newsletter *n, const struct journal_record *record, struct outgoing *mail, bool *found,
	struct fault *f)
{
	struct store_row row;
	struct arena arena;
	bool ok;

	arena_init(&arena, "a record", 4096);
	ok = store_one(n->room->db, NEWSLETTER_SQL_DELIVERY_OF_RECORD,
		STORE_ARGS(store_i64(record->delivery), store_i64((int64_t) record->try)), &arena, &row, found, f);
	*mail = (struct outgoing){.id = record->delivery, .try = record->try};
	if (ok && *found) {
		*found = delivery_state_from(row.columns[3].bytes, &mail->state) &&
			(mail->state == DELIVERY_CLAIMED || mail->state == DELIVERY_SENDING);
		for (unsigned i = 0; i < OUTGOING_KIND_COUNT; i++)
			if (str_equal(row.columns[0].bytes, outgoing_kind_name((enum outgoing_kind) i)))
				mail->kind = (enum outgoing_kind) i;
		mail->issue = row.columns[1].number;
		mail->subscriber = row.columns[2].number;
		mail->attempts = row.columns[4].number;
	}
	arena_release(&arena);
	return ok;
}

static bool take_record(void *self, const struct journal_record *record, struct fault *f)
{
	struct recovery *is = self;
	struct talk_event event = {.type = record->kind == JOURNAL_DOTTED ? TALK_DOTTED : TALK_ENDED, .outcome = record->outcome,
		.stage = record->stage, .reply = record->reply};
	struct outgoing mail;
	enum delivery_state to;
	bool found = false;

	if (!read_mail(is->n, record, &mail, &found, f))
		return false;
	if (!found)
		return true; /* folded before */
	memcpy(event.enhanced, record->enhanced, sizeof(event.enhanced));
	is->folded++;
	return newsletter_fold(is->n, &mail, record->kind == JOURNAL_DOTTED || mail.state == DELIVERY_SENDING, &event, &to, f);
}

static bool move_all(struct newsletter *n, enum delivery_state from, enum delivery_step step, int64_t *changed,
	struct fault *f)
{
	struct store_value both[2];
	enum delivery_state to;

	must(delivery_next(from, step, &to));
	both[0] = store_text(delivery_state_name(from));
	both[1] = store_text(delivery_state_name(to));
	return store_run(n->room->db, NEWSLETTER_SQL_ISSUE_COUNT_MOVE_ALL, both, 2, NULL, f) &&
		store_run(n->room->db, NEWSLETTER_SQL_DELIVERY_MOVE_ALL, both, 2, changed, f);
}

static bool doubt_all(struct newsletter *n, enum delivery_state from, int64_t *changed, struct fault *f)
{
	struct store_value which[] = {store_text(outgoing_kind_name(OUTGOING_CONFIRM)), store_text(delivery_state_name(from))};
	int64_t some = 0;
	bool ok = store_run(n->room->db, NEWSLETTER_SQL_SUBSCRIBER_DOUBTED, which, 2, NULL, f) &&
		store_run(n->room->db, NEWSLETTER_SQL_SUBSCRIBER_LEAVE_DOUBTED, which, 2, NULL, f) &&
		move_all(n, from, DELIVERY_IS_DOUBTED, &some, f);

	*changed += some;
	return ok;
}

bool newsletter_recover(struct newsletter *n, const int journal[2], struct fault *f)
{
	struct recovery is = {.n = n};
	int64_t released = 0, doubted = 0;
	bool damaged = false;
	bool ok;

	if (!newsletter_moves_begin(n, f))
		return false;
	ok = journal_read(journal, take_record, &is, &damaged, f) && doubt_all(n, DELIVERY_SENDING, &doubted, f) &&
		(damaged ? doubt_all(n, DELIVERY_CLAIMED, &doubted, f) :
			move_all(n, DELIVERY_CLAIMED, DELIVERY_IS_RELEASED, &released, f));
	newsletter_point("recover before commit");
	ok = newsletter_moves_end(n, ok, f);
	newsletter_point("recover after commit");
	if (ok && is.folded + released + doubted > 0)
		log_event(LOG_MAIL, LOG_C("state", "recovered"), LOG_I64("from_journal", is.folded), LOG_I64("queued_again", released),
			LOG_I64("in_doubt", doubted), LOG_C("journal", damaged ? "damaged" : "sound"));
	return ok && journal_empty(journal, f);
}
