/* newsletter_sender.c: mails on their way from the queue to the keeper, and its answers into the database.
 *
 * Decides: what is handed over when, and what an answer means for its server and its issue. Leaves to the keeper: sending;
 * to newsletter_fold.c: what an outcome means for a mail; to newsletter_hosts.c: the limits; to newsletter_bond.c: the
 * keeper's life. Runs in: the newsletter room. The hard thing: this process may die at any moment and owes nothing then.
 * What it has not written the keeper's journal holds; so answers are only noted while the loop turns, and fold_turn() writes
 * all of a turn in one transaction, after which the keeper may forget its records.
 * SPDX-License-Identifier: ISC */
#include "newsletter_inside.h"

#include <unistd.h>
#include "base/arena.h"
#include "base/fault.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/must.h"
#include "mail/smtp.h"
#include "newsletter/newsletter_bounce.h"
#include "newsletter/newsletter_signing.h"
#include "newsletter/newsletter_talk.h"

enum {
	FLIGHTS_MOST = SETTINGS_SMTP * 1024,
	DRAFTS_MOST = 512,            /* mails that wait for their signatures */
	TALK_FULL = 4 * 1024 * 1024,  /* bytes that wait for the keeper: composing more would only take memory */
	FOLD_AGAIN_MS = 1000,
	FOLD_LAZY_MS = 25,            /* answers wait so long for others: a commit costs as much for one as for many */
	FOLD_LAZIER_MS = 200,         /* … where nobody waits for any of them */
	DOTS_LAZY_MS = 1000,          /* a mail that is answered before needs no row "sending": the journal keeps its dot */
	TIE_AGAIN_MS = 100,           /* while a former keeper has the lock */
	TIE_SLOW_MS = 5000,
	LOOK_AGAIN_MS = 60000,
	CLAIM_BELOW = QUEUE_MOST / 4, /* claims come in batches: a commit each */
	REFUSALS_IN_ROW = 3,          /* 5xx to MAIL before the server counts as in trouble */
	POLICY_MOST = 10,             /* answers of policy, less mails taken, before an issue pauses */
	ISSUES_WATCHED = 16
};

/* A mail in the keeper's hands. */
struct flight {
	struct outgoing mail;      /* state: as its row stands */
	bool used;
	struct newsletter_draft *draft; /* is being signed: the keeper has not got it yet */
	uint32_t serial;           /* of that job */
	bool dotted, dot_is_new;   /* its dot is in the journal; … and not in the database */
	uint64_t dot_seq;
	int64_t dot_ms;
	bool has_end, is_folded;   /* its end came; … and is in the last fold */
	struct talk_event end;
	enum delivery_state to;    /* what the next fold makes of it */
};

struct newsletter_sender {
	struct newsletter *n;
	struct newsletter_bond *bond;
	struct newsletter_queue queue;
	struct flight *flights;
	int64_t *ids;              /* of their deliveries, 0: free; beside them, because each word of the keeper's is looked up here */
	size_t flight_count, in_flight;
	size_t ended, dots;        /* flights with has_end, with dot_is_new */
	size_t ended_singles;      /* confirmations and reminders with has_end */
	int64_t dots_since_ms;     /* the oldest of the dots */
	struct newsletter_signing *signing;
	struct newsletter_stencils stencils;
	struct newsletter_draft *drafts[DRAFTS_MOST]; /* that are free */
	size_t draft_count, drafts_out;
	uint32_t serial;
	uint64_t heard, folded;    /* seq of the journal's records */
	struct arena issue_arena;
	struct newsletter_issue issue;        /* the one that is being sent; id 0: none */
	struct buf bytes;                     /* of the mail that is being composed */
	struct loop_timer *pump_timer, *drain_timer, *tie_timer;
	int64_t fold_again_ms, tied_at_ms;
	int64_t news_since_ms;     /* 0: none */
	unsigned ties;             /* keepers that ended soon after they were started, in a row */
	bool waits_for_keeper;     /* a former one still has the lock */
	unsigned refused_in_row[SETTINGS_SMTP];
	struct {
		int64_t issue;
		int score;
	} policy[ISSUES_WATCHED];
	bool draining;
	void (*drained)(void *self);
	void *drained_self;
};

static void pump(void *self);
static void tie(void *self);

#ifdef MIMEO_DEBUG
static const char *crash_point = "";
static int crash_in;

void newsletter_crash_at(const char *point, int n)
{
	crash_point = point;
	crash_in = n;
}

void newsletter_point(const char *point)
{
	if (crash_in > 0 && strcmp(point, crash_point) == 0 && --crash_in == 0)
		_exit(99);
}
#endif

static void pump_in(struct newsletter_sender *s, int64_t ms)
{
	if (s->n->room->loop != NULL && !s->draining && !s->n->room->read_only)
		loop_timer_set(s->n->room->loop, &s->pump_timer, ms, pump, s);
}

/* --- flights --- */

static bool is_under_way(void *self, int64_t issue)
{
	const struct newsletter_sender *s = self;

	for (size_t i = 0; i < s->flight_count; i++)
		if (s->flights[i].used && s->flights[i].mail.issue == issue)
			return true;
	for (size_t i = 0; i < s->queue.count; i++)
		if (s->queue.items[s->queue.first + i].issue == issue)
			return true;
	return false;
}

static struct flight *find_flight(struct newsletter_sender *s, int64_t delivery, uint32_t try)
{
	for (size_t i = 0; i < s->flight_count; i++)
		if (s->ids[i] == delivery && s->flights[i].mail.try == try)
			return &s->flights[i];
	return NULL;
}

static struct flight *take_off(struct newsletter_sender *s, const struct outgoing *mail)
{
	size_t i = 0;

	while (i < s->flight_count && s->ids[i] != 0)
		i++;
	must(i < s->flight_count && mail->id > 0);
	s->flights[i] = (struct flight){.mail = *mail, .used = true};
	s->ids[i] = mail->id;
	s->in_flight++;
	newsletter_host_went(s->n, mail, 1);
	return &s->flights[i];
}

static struct newsletter_draft *take_draft(struct newsletter_sender *s)
{
	struct newsletter_draft *draft;

	if (s->draft_count > 0) {
		draft = s->drafts[--s->draft_count];
	} else {
		draft = memory_new(1, sizeof(*draft));
		newsletter_draft_init(draft);
	}
	s->drafts_out++;
	return draft;
}

static void put_draft(struct newsletter_sender *s, struct flight *flight)
{
	if (flight->draft == NULL)
		return;
	must(s->draft_count < DRAFTS_MOST);
	s->drafts[s->draft_count++] = flight->draft;
	s->drafts_out--;
	flight->draft = NULL;
}

static void free_drafts(struct newsletter_sender *s)
{
	while (s->draft_count > 0) {
		struct newsletter_draft *draft = s->drafts[--s->draft_count];

		newsletter_draft_release(draft);
		memory_free(draft);
	}
}

static void end_flight(struct newsletter_sender *s, struct flight *flight, const struct talk_event *end)
{
	must(!flight->has_end);
	flight->has_end = true;
	flight->end = *end;
	s->ended++;
	s->ended_singles += flight->mail.kind != OUTGOING_ISSUE;
}

static void land(struct newsletter_sender *s, struct flight *flight)
{
	newsletter_host_went(s->n, &flight->mail, -1);
	newsletter_host_holds(s->n, &flight->mail, -1);
	put_draft(s, flight);
	s->ended -= flight->has_end;
	s->ended_singles -= flight->has_end && flight->mail.kind != OUTGOING_ISSUE;
	s->dots -= flight->dot_is_new;
	s->ids[flight - s->flights] = 0;
	*flight = (struct flight){0};
	s->in_flight--;
}

/* --- the keeper's words --- */

static bool take_frame(void *self, unsigned type, struct str payload)
{
	struct newsletter_sender *s = self;
	struct talk_event event;
	struct flight *flight;

	if (!talk_read_event(type, payload, &event))
		return false;
	flight = find_flight(s, event.delivery, event.try);
	if (flight == NULL || flight->has_end || flight->draft != NULL || (type != TALK_RETURNED && event.seq != s->heard + 1))
		return false;
	if (type != TALK_RETURNED)
		s->heard = event.seq;
	if (type == TALK_DOTTED) {
		if (flight->dotted)
			return false;
		flight->dotted = flight->dot_is_new = true;
		flight->dot_seq = event.seq;
		flight->dot_ms = clock_mono_ms();
		if (s->dots++ == 0)
			s->dots_since_ms = flight->dot_ms;
		newsletter_point("dotted");
		return true;
	}
	if (!flight->dotted && type == TALK_ENDED && (event.outcome == SMTP_ACCEPTED || event.outcome == SMTP_IN_DOUBT))
		return false;
	end_flight(s, flight, &event);
	newsletter_point("replied");
	return true;
}

static void forget_flights(struct newsletter_sender *s)
{
	for (size_t i = 0; i < s->flight_count; i++)
		if (s->flights[i].used)
			land(s, &s->flights[i]);
	s->heard = s->folded = 0;
}

static void end_drain(struct newsletter_sender *s)
{
	void (*drained)(void *self) = s->drained;

	s->drained = NULL;
	loop_timer_stop(&s->drain_timer);
	if (drained != NULL)
		drained(s->drained_self);
}

/* The keeper is gone: what it has journaled is read from there. Claimed mails that it never had stay in our queue's rows,
 * and go back with the rest. */
static void keeper_ended(void *self)
{
	struct newsletter_sender *s = self;

	newsletter_bond_cut(s->bond);
	if (s->draining) {
		end_drain(s);
		return;
	}
	s->ties = clock_mono_ms() - s->tied_at_ms < TIE_SLOW_MS ? s->ties + 1 : 0;
	log_event(LOG_MAIL, LOG_C("state", "keeper_gone"), LOG_I64("under_way", (int64_t) s->in_flight));
	newsletter_release(s->n, &s->queue, SETTINGS_SMTP);
	forget_flights(s);
	loop_timer_set(s->n->room->loop, &s->tie_timer, s->ties > 0 ? TIE_SLOW_MS : 0, tie, s);
}

static void tie(void *self)
{
	struct newsletter_sender *s = self;
	struct fault f = {0};

	if (s->draining || newsletter_bond_talk(s->bond) != NULL)
		return;
	s->tied_at_ms = clock_mono_ms();
	if (newsletter_bond_tie(s->bond, &f)) {
		s->waits_for_keeper = false;
		pump_in(s, 0);
		return;
	}
	if (f.kind != FAULT_BUSY) {
		log_fault(&f, "starting the keeper of mails");
	} else if (!s->waits_for_keeper) {
		s->waits_for_keeper = true;
		log_event(LOG_MAIL, LOG_C("state", "waits_for_keeper"));
	}
	loop_timer_set(s->n->room->loop, &s->tie_timer, f.kind == FAULT_BUSY ? TIE_AGAIN_MS : TIE_SLOW_MS, tie, s);
}

/* --- answers into the database --- */

static bool are_dots_due(const struct newsletter_sender *s)
{
	return s->dots > 0 && (s->draining || clock_mono_ms() - s->dots_since_ms >= DOTS_LAZY_MS);
}

static bool has_news(const struct newsletter_sender *s)
{
	return s->ended > 0 || are_dots_due(s);
}

/* How long the answers that are there may still wait for others, in ms: they are durable in the keeper's journal already. */
static int may_wait(struct newsletter_sender *s)
{
	int64_t now_ms = clock_mono_ms();
	int64_t lazy_ms = s->ended_singles > 0 ? FOLD_LAZY_MS : FOLD_LAZIER_MS;

	if (s->news_since_ms == 0)
		s->news_since_ms = now_ms;
	if (s->draining || 4 * s->ended >= s->flight_count || s->ended == s->in_flight || now_ms - s->news_since_ms >= lazy_ms)
		return 0;
	return (int) (lazy_ms - (now_ms - s->news_since_ms));
}

static bool fold_flight(struct newsletter_sender *s, struct flight *flight, struct fault *f)
{
	const struct talk_event dotted = {.type = TALK_DOTTED};

	if (!flight->has_end)
		return newsletter_fold(s->n, &flight->mail, true, &dotted, &flight->to, f);
	return newsletter_fold(s->n, &flight->mail, flight->dotted, &flight->end, &flight->to, f);
}

static bool fold_all(struct newsletter_sender *s, bool dots_too, struct fault *f)
{
	bool ok = true;

	if (!newsletter_moves_begin(s->n, f))
		return false;
	for (size_t i = 0; ok && i < s->flight_count; i++) {
		struct flight *flight = &s->flights[i];

		if (!flight->has_end && !(flight->dot_is_new && dots_too))
			continue;
		ok = fold_flight(s, flight, f);
		flight->is_folded = flight->has_end;
		if (ok && flight->has_end && flight->to == DELIVERY_QUEUED)
			newsletter_host_uncount(s->n, &flight->mail);
	}
	ok = ok && newsletter_hosts_write(s->n, f);
	newsletter_point("events before commit");
	ok = newsletter_moves_end(s->n, ok, f);
	if (ok)
		newsletter_hosts_wrote(s->n);
	else
		newsletter_hosts_forget(s->n);
	return ok;
}

static void log_end(const struct flight *flight)
{
	if (flight->to == DELIVERY_ACCEPTED && flight->mail.kind == OUTGOING_ISSUE)
		return; /* thousands; the issue's own lines count them */
	log_event(LOG_MAIL, LOG_STR("kind", outgoing_kind_name(flight->mail.kind)),
		LOG_STR("state", delivery_state_name(flight->to)),
		LOG_I64("reply", flight->end.reply), LOG_C("enhanced", flight->end.enhanced));
}

/* Whom it takes for spam, it says: 4.7.x and 5.7.x at any stage, and 552, of which nobody has too much alone. */
static bool is_policy(const struct talk_event *event)
{
	return event->type == TALK_ENDED && event->outcome != SMTP_ACCEPTED &&
		(((event->enhanced[0] == '4' || event->enhanced[0] == '5') && strncmp(event->enhanced + 1, ".7.", 3) == 0) ||
			event->reply == 552);
}

/* A burst of such answers pauses the issue: whoever goes on makes it worse, and every 5.7.x strikes a reader out. */
static void watch_policy(struct newsletter_sender *s, const struct flight *flight)
{
	struct newsletter *n = s->n;
	int64_t issue = flight->mail.issue;
	char words[TALK_TEXT_BYTES], why[TALK_TEXT_BYTES + 160];
	struct fault f = {0};
	size_t at = 0;

	if (issue == 0)
		return;
	while (at < ISSUES_WATCHED && s->policy[at].issue != issue && s->policy[at].issue != 0)
		at++;
	if (at == ISSUES_WATCHED)
		at = 0;
	if (s->policy[at].issue != issue) {
		s->policy[at].issue = issue;
		s->policy[at].score = 0;
	}
	if (flight->end.outcome == SMTP_ACCEPTED && s->policy[at].score > 0)
		s->policy[at].score--;
	if (!is_policy(&flight->end) || ++s->policy[at].score < POLICY_MOST)
		return;
	s->policy[at].score = 0;
	newsletter_clean_words(flight->end.text, words, sizeof(words));
	(void) snprintf(why, sizeof(why), "the mail server %.*s said to %d mails in a row that it does not want them: %d %s %s",
		STR_ARG(n->room->settings.smtp[flight->mail.host].name), POLICY_MOST, flight->end.reply, flight->end.enhanced, words);
	if (!newsletter_issue_pause_because(n, issue, why, &f))
		log_fault(&f, "pausing an issue");
}

/* What is still being signed for this server (SETTINGS_SMTP: for any) goes back. */
static void return_unsigned(struct newsletter_sender *s, unsigned host)
{
	for (size_t i = 0; i < s->flight_count && s->drafts_out > 0; i++) {
		struct flight *flight = &s->flights[i];
		const struct talk_event end = {.type = TALK_RETURNED, .delivery = flight->mail.id, .try = flight->mail.try,
			.outcome = SMTP_LATER};

		if (flight->draft == NULL || (host < SETTINGS_SMTP && flight->mail.host != host))
			continue;
		put_draft(s, flight);
		end_flight(s, flight, &end);
	}
}

/* What the answer says about its server. */
static void watch_host(struct newsletter_sender *s, const struct flight *flight)
{
	unsigned host = flight->mail.host;
	const struct talk_event *end = &flight->end;

	if (end->type == TALK_RETURNED || end->outcome == SMTP_IN_DOUBT)
		return;
	if (end->outcome == SMTP_ACCEPTED) {
		s->refused_in_row[host] = 0;
		newsletter_host_is_well(s->n, host);
		return;
	}
	if (!newsletter_is_about_us(end) || flight->dotted)
		return;
	if (end->outcome == SMTP_REFUSED && ++s->refused_in_row[host] < REFUSALS_IN_ROW)
		return; /* it may be this one mail that it does not like */
	/* A connection that worked and was then closed (421 after so many mails) is just opened again. */
	if (end->worked && !end->is_open)
		return;
	if (newsletter_host_trouble(s->n, host, end->text, end->reply)) {
		talk_send_return(newsletter_bond_talk(s->bond), host);
		return_unsigned(s, host);
		newsletter_release(s->n, &s->queue, host);
	}
}

/* The keeper may forget what is in the database, but no dot that is not. */
static void tell_folded(struct newsletter_sender *s)
{
	s->folded = s->heard;
	s->dots_since_ms = clock_mono_ms();
	for (size_t i = 0; i < s->flight_count && s->dots > 0; i++) {
		const struct flight *flight = &s->flights[i];

		if (!flight->dot_is_new)
			continue;
		if (flight->dot_seq <= s->folded)
			s->folded = flight->dot_seq - 1;
		if (flight->dot_ms < s->dots_since_ms)
			s->dots_since_ms = flight->dot_ms;
	}
	talk_send_folded(newsletter_bond_talk(s->bond), s->folded);
}

static void settle(struct newsletter_sender *s, bool dots_too)
{
	for (size_t i = 0; i < s->flight_count; i++) {
		struct flight *flight = &s->flights[i];

		if (flight->dot_is_new && (dots_too || flight->has_end)) {
			flight->dot_is_new = false;
			s->dots--;
			flight->mail.state = DELIVERY_SENDING;
		}
		if (!flight->is_folded) /* it may have ended just now, with its server, a few lines below: the next fold has it */
			continue;
		if (!s->draining) {
			watch_host(s, flight);
			watch_policy(s, flight);
		}
		if (flight->end.type != TALK_RETURNED)
			log_end(flight);
		land(s, flight);
	}
	tell_folded(s);
}

static int fold_turn(void *self)
{
	struct newsletter_sender *s = self;
	int64_t wait_ms = s->fold_again_ms - clock_mono_ms();
	struct talk *talk = newsletter_bond_talk(s->bond);
	struct fault f = {0};
	bool dots_too;

	if (talk == NULL)
		return -1;
	if (has_news(s)) {
		dots_too = are_dots_due(s);
		if (wait_ms > 0)
			return (int) wait_ms;
		wait_ms = may_wait(s);
		if (wait_ms > 0) {
			talk_flush(talk);
			return (int) wait_ms;
		}
		if (!fold_all(s, dots_too, &f)) {
			log_fault(&f, "writing down what became of mails"); /* it stands in the journal, too */
			s->fold_again_ms = clock_mono_ms() + FOLD_AGAIN_MS;
			return FOLD_AGAIN_MS;
		}
		newsletter_point("events after commit");
		s->news_since_ms = 0;
		settle(s, dots_too);
		if (s->draining && s->in_flight == 0)
			end_drain(s);
		pump(s);
	}
	talk_flush(talk);
	return has_news(s) ? 0 : s->dots > 0 ? DOTS_LAZY_MS / 4 : -1; /* a mail that could not be composed ended at once */
}

/* --- the pump --- */

static bool issue_for(struct newsletter_sender *s, int64_t id, struct fault *f)
{
	if (id == 0 || s->issue.id == id)
		return true;
	newsletter_stencils_free(&s->stencils);
	arena_reset(&s->issue_arena);
	s->issue = (struct newsletter_issue){0};
	return newsletter_issue_read(s->n, id, &s->issue_arena, &s->issue, f);
}

/* An outcome that no server gave. */
static void end_here(struct newsletter_sender *s, struct flight *flight, const char *why)
{
	struct talk_event end = {.type = TALK_ENDED, .delivery = flight->mail.id, .try = flight->mail.try, .outcome = SMTP_REFUSED,
		.stage = SMTP_AT_RCPT};

	(void) snprintf(end.text, sizeof(end.text), "%.190s", why);
	end_flight(s, flight, &end);
}

/* To the keeper: the signatures, and the mail behind them. */
static void send_off(struct newsletter_sender *s, const struct flight *flight, struct str head, struct str bytes)
{
	const struct outgoing *mail = &flight->mail;
	char from[EMAIL_BYTES + 1];
	const struct talk_mail out = {.delivery = mail->id, .try = mail->try, .host = mail->host, .utf8 = email_is_utf8(&mail->to),
		.from = newsletter_return_path(s->n, mail->id, from), .to = email_text(&mail->to), .head = head, .bytes = bytes};

	talk_send_mail(newsletter_bond_talk(s->bond), &out);
	newsletter_point("handed over");
}

static void on_signed(void *self, uint32_t slot, uint32_t serial, const struct dkim_signature *signatures)
{
	struct newsletter_sender *s = self;
	struct flight *flight = slot < s->flight_count ? &s->flights[slot] : NULL;
	struct dkim_signature ours[DKIM_SIGNERS_MOST];
	struct fault f = {0};

	if (flight == NULL || flight->draft == NULL || flight->serial != serial)
		return; /* it was given back meanwhile */
	if (signatures == NULL && newsletter_sign_here(s->n, &flight->draft->dkim, ours, &f))
		signatures = ours;
	if (signatures != NULL) {
		buf_clear(&s->bytes);
		dkim_draft_finish(&flight->draft->dkim, signatures, &s->bytes);
		send_off(s, flight, buf_view(&s->bytes), buf_view(&flight->draft->bytes));
	} else {
		log_fault(&f, "signing a mail");
		end_here(s, flight, "the mail cannot be signed");
	}
	put_draft(s, flight);
}

static void after_signing(void *self)
{
	struct newsletter_sender *s = self;

	if (s->queue.count > 0)
		pump(s);
	else if (newsletter_bond_talk(s->bond) != NULL)
		talk_flush(newsletter_bond_talk(s->bond));
}

/* True: its signatures come by themselves, from another process. */
static bool hand_to_signer(struct newsletter_sender *s, struct flight *flight)
{
	struct fault f = {0};

	if (flight->mail.kind != OUTGOING_ISSUE || s->drafts_out == DRAFTS_MOST || !newsletter_signing_is_on(s->signing) ||
		!newsletter_signing_has_room(s->signing))
		return false;
	flight->draft = take_draft(s);
	if (!newsletter_compose_draft(s->n, &flight->mail, &s->issue, &s->stencils, flight->draft, &f)) {
		put_draft(s, flight);
		return false; /* said by whoever tries next */
	}
	if (flight->draft->dkim.count == 0) { /* its server signs */
		send_off(s, flight, (struct str){NULL, 0}, buf_view(&flight->draft->bytes));
		put_draft(s, flight);
		return true;
	}
	flight->serial = ++s->serial;
	newsletter_signing_add(s->signing, (uint32_t) (flight - s->flights), flight->serial, &flight->draft->dkim);
	return true;
}

static void hand_over(struct newsletter_sender *s, const struct outgoing *mail)
{
	struct flight *flight = take_off(s, mail);
	struct fault f = {0};

	if (mail->to.len == 0) {
		end_here(s, flight, "the address cannot be read");
		return;
	}
	if (issue_for(s, mail->issue, &f)) {
		if (hand_to_signer(s, flight))
			return;
		if (newsletter_compose(s->n, mail, &s->issue, &s->stencils, &s->bytes, &f)) {
			send_off(s, flight, (struct str){NULL, 0}, buf_view(&s->bytes));
			return;
		}
	}
	log_fault(&f, "composing a mail");
	end_here(s, flight, "the mail cannot be composed");
}

static bool may_hand_over(const struct newsletter_sender *s)
{
	return talk_waiting(newsletter_bond_talk(s->bond)) < TALK_FULL && s->in_flight < s->flight_count &&
		newsletter_signing_has_room(s->signing);
}

/* All mails of the queue that may go now, in its order; gives when a further one may, by the clock alone (-1: none). */
static int64_t hand_over_ready(struct newsletter_sender *s)
{
	struct newsletter_queue *queue = &s->queue;
	struct outgoing *items = queue->items + queue->first;
	int64_t wait_ms = -1;
	size_t kept = 0, at = 0;

	for (; at < queue->count && may_hand_over(s); at++) {
		int64_t wait;

		if (newsletter_host_may_go(s->n, &items[at], &wait)) {
			hand_over(s, &items[at]);
			continue;
		}
		if (wait >= 0 && (wait_ms < 0 || wait < wait_ms))
			wait_ms = wait;
		if (kept < at)
			items[kept] = items[at];
		kept++;
	}
	/* The few that were kept go up to the rest, not the rest down to them. */
	memmove(&items[at - kept], items, kept * sizeof(items[0]));
	queue->first += at - kept;
	queue->count -= at - kept;
	return wait_ms;
}

static bool claim_more(struct newsletter_sender *s)
{
	struct when until = {0};
	struct fault f = {0};
	int64_t ms;

	if (!newsletter_claim(s->n, &s->queue, is_under_way, s, &until, &f)) {
		log_fault(&f, "taking up mails");
		pump_in(s, FOLD_AGAIN_MS * 10);
		return false;
	}
	if (until.us == 0)
		return true;
	ms = (until.us - clock_now().us) / 1000 + 1;
	pump_in(s, ms < 0 ? 0 : ms > LOOK_AGAIN_MS ? LOOK_AGAIN_MS : ms);
	return true;
}

static void pump(void *self)
{
	struct newsletter_sender *s = self;
	struct talk *talk = newsletter_bond_talk(s->bond);
	int64_t wait_ms;

	if (s->draining || s->n->room->read_only || newsletter_cannot_mail(s->n) != NULL || talk == NULL)
		return;
	if (s->queue.count < CLAIM_BELOW && !claim_more(s))
		return;
	wait_ms = hand_over_ready(s);
	newsletter_signing_flush(s->signing);
	if (wait_ms >= 0)
		pump_in(s, wait_ms);
	talk_flush(talk);
}

/* --- what others use --- */

void newsletter_sender_poke(struct newsletter *n)
{
	if (n->sender != NULL)
		pump_in(n->sender, 0);
}

void newsletter_sender_release(struct newsletter *n)
{
	struct talk *talk = n->sender != NULL ? newsletter_bond_talk(n->sender->bond) : NULL;

	if (n->sender == NULL)
		return;
	newsletter_release(n, &n->sender->queue, SETTINGS_SMTP);
	return_unsigned(n->sender, SETTINGS_SMTP);
	if (talk != NULL) {
		talk_send_return(talk, 255);
		talk_flush(talk);
	}
	newsletter_sender_poke(n);
}

void newsletter_sender_rest_keys(struct newsletter *n)
{
	if (n->sender == NULL)
		return;
	return_unsigned(n->sender, SETTINGS_SMTP);
	newsletter_signing_stop(n->sender->signing);
}

#ifdef MIMEO_DEBUG
void newsletter_sender_fork_signers(struct newsletter *n, size_t count)
{
	newsletter_signing_fork(n->sender->signing, count);
}

void newsletter_sender_signal_signers(struct newsletter *n, int number)
{
	newsletter_signing_signal(n->sender->signing, number);
}
#endif

bool newsletter_sender_open(struct newsletter *n, struct fault *f)
{
	struct newsletter_sender *s = memory_new(1, sizeof(*s));

	n->sender = s;
	s->n = n;
	arena_init(&s->issue_arena, "issue being sent", 2 * (size_t) LIMIT_JSON_BYTES);
	buf_init(&s->bytes, LIMIT_MAIL_BYTES + 16 * 1024);
	s->bond = newsletter_bond_new(n, take_frame, keeper_ended, s);
	if (!newsletter_hosts_open(n, f))
		return false;
	for (unsigned i = 0; i < n->room->settings.smtp_count; i++)
		s->flight_count += newsletter_host_window(n, i);
	must(s->flight_count <= FLIGHTS_MOST);
	s->flights = memory_new(s->flight_count, sizeof(*s->flights));
	s->ids = memory_new(s->flight_count, sizeof(*s->ids));
	s->signing = newsletter_signing_new(n, on_signed, after_signing, s);
	if (n->room->read_only)
		return true;
	loop_before_wait(n->room->loop, fold_turn, s);
	tie(s);
	return true;
}

static void drain_is_over(void *self)
{
	end_drain(self);
}

void newsletter_sender_drain(struct newsletter *n, int64_t limit_ms, void (*drained)(void *self), void *self)
{
	struct newsletter_sender *s = n->sender;
	struct talk *talk = newsletter_bond_talk(s->bond);

	s->drained = drained;
	s->drained_self = self;
	s->draining = true;
	loop_timer_stop(&s->pump_timer);
	loop_timer_stop(&s->tie_timer);
	if (talk == NULL || n->room->read_only) {
		end_drain(s);
		return;
	}
	newsletter_release(n, &s->queue, SETTINGS_SMTP);
	return_unsigned(s, SETTINGS_SMTP);
	newsletter_signing_stop(s->signing);
	talk_send_drain(talk);
	talk_flush(talk);
	if (s->in_flight > 0)
		loop_timer_set(n->room->loop, &s->drain_timer, limit_ms, drain_is_over, s);
	else
		end_drain(s);
}

void newsletter_sender_close(struct newsletter *n)
{
	struct newsletter_sender *s = n->sender;

	if (s == NULL)
		return;
	n->sender = NULL;
	if (n->room->loop != NULL)
		loop_before_wait_remove(n->room->loop, fold_turn, s);
	loop_timer_stop(&s->pump_timer);
	loop_timer_stop(&s->drain_timer);
	loop_timer_stop(&s->tie_timer);
	newsletter_signing_free(&s->signing);
	newsletter_bond_free(&s->bond);
	for (size_t i = 0; i < s->flight_count && s->flights != NULL; i++)
		put_draft(s, &s->flights[i]);
	free_drafts(s);
	newsletter_stencils_free(&s->stencils);
	newsletter_hosts_close(n);
	memory_free(s->ids);
	memory_free(s->flights);
	buf_release(&s->bytes);
	arena_release(&s->issue_arena);
	memory_free(s);
}

bool newsletter_sender_health(struct newsletter *n, json_t *health, struct fault *f)
{
	static const enum delivery_state waiting[] = {DELIVERY_QUEUED, DELIVERY_CLAIMED, DELIVERY_SENDING, DELIVERY_LATER};
	const char *why_not = newsletter_cannot_mail(n);
	const char *trouble = newsletter_hosts_trouble(n);
	int64_t queue = 0, doubt = 0, went = 0, count;

	for (size_t i = 0; i < sizeof(waiting) / sizeof(waiting[0]); i++) {
		if (!store_number(n->room->db, NEWSLETTER_SQL_DELIVERY_COUNT_STATE,
				STORE_ARGS(store_text(delivery_state_name(waiting[i]))), &count, f))
			return false;
		queue += count;
	}
	if (!store_number(n->room->db, NEWSLETTER_SQL_DELIVERY_COUNT_STATE,
			STORE_ARGS(store_text(delivery_state_name(DELIVERY_IN_DOUBT))), &doubt, f))
		return false;
	if (why_not == NULL && trouble == NULL && n->sender->waits_for_keeper)
		trouble = "the last answers of an earlier start are waited for (ten minutes at most); then mails go on";
	json_object_set_new(health, "smtp", json_string(why_not != NULL ? "unset" : n->sender->waits_for_keeper ? "waiting" :
		trouble != NULL ? "trouble" : "ok"));
	json_object_set_new(health, "smtp_say", json_string(why_not != NULL ? why_not : trouble != NULL ? trouble : ""));
	if (!store_number(n->room->db, NEWSLETTER_SQL_MAIL_WENT, STORE_ARGS(store_text(subscriber_state_name(SUBSCRIBER_CONFIRMED)),
			store_text(delivery_state_name(DELIVERY_ACCEPTED))), &went, f))
		return false;
	json_object_set_new(health, "mail_went", json_boolean(went > 0));
	json_object_set_new(health, "queue", json_integer(queue));
	json_object_set_new(health, "in_doubt", json_integer(doubt));
	newsletter_hosts_health(n, health);
	return true;
}
