/* support_remind.c: "Remind me later": one mail when it is due, then nothing is left.
 *
 * Decides: when a reminder is due. Leaves to newsletter: the mail (DESIGN: only it may reach SMTP), handed over on
 * newsletter.support.sock under a key that makes a repetition harmless. Runs in: support. The hard thing: the answer is
 * the same whether the address was known or not; and the row is erased only once newsletter has it on disk.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "base/email.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/must.h"
#include "base/rand.h"
#include "gen/support_sql.h"
#include "press/locale.h"
#include "store/store.h"
#include "support_inside.h"

enum { QUIET_S = 30 * 24 * 3600 };

/* --- asked for --- */

static bool keep(
	struct support *support, const struct email *email, struct str language, int32_t due_day, struct fault *f)
{
	unsigned char index[SEAL_INDEX_BYTES], sealed[SEAL_BYTES];
	char canonical[EMAIL_BYTES + 1], key[RAND_TOKEN_CHARS + 1];

	support_index(support, "support.reminder", email_canonical(email, canonical), index);
	rand_token(key);
	return seal(support->sealer, email_text(email), sealed, f) &&
		store_run(support->db, SUPPORT_SQL_REMINDER_INSERT,
			STORE_ARGS(store_i64(rand_id()), store_blob(str_make(index, sizeof(index))),
				store_blob(str_make(sealed, sizeof(sealed))), store_text(language), store_i64(due_day),
				store_text(str_from(key))),
			NULL, f);
}

void support_post_remind(struct http_request *rq, void *self)
{
	struct room *room = self;
	struct support *support = room->self;
	const struct locale *locale = page_locale(room->theme, support->settings, support_form_language(rq));
	struct page_coupon coupon = {.frequency = FREQUENCY_MONTHLY};
	struct page_small small = {.page = {.language = locale_language(locale), .depth = 1}};
	struct str typed = str_trim(http_field(rq, "email"));
	struct email email;
	struct fault f = {0};
	int32_t due_day;
	int month = support_reminder_month(clock_now(), &due_day);

	if (http_is_cross_site(rq)) {
		fault_set(&f, FAULT_DENIED, "%s", locale_text(locale, "support_cross_site").at);
		http_answer_fault(rq, &f);
		return;
	}
	if (!email_parse(typed, &email, &f)) {
		coupon.remind_typed = str_part(typed, 0, EMAIL_BYTES);
		coupon.remind_error = locale_text(locale, "support_remind_error");
		coupon.remind_open = true;
		support_answer_coupon(support, rq, 422, locale_language(locale), &coupon);
		return;
	}
	if (!keep(support, &email, locale_language(locale), due_day, &f)) {
		log_fault(&f, "keeping a reminder");
		http_answer_fault(rq, &f);
		return;
	}
	small.page.title = small.heading = locale_text(locale, "support_remind_title");
	small.sentence = locale_indexed(locale, "month_reminder", (size_t) (month - 1));
	http_set_cookie(rq, "quiet", "1", "/", QUIET_S, false, str_starts(support->settings->url, STR("https:")));
	page_answer_small(room, rq, 200, &small);
}

/* --- due --- */

/* One run through what is due; rq: who asked for it, or NULL. */
struct reminding {
	struct support *support;
	struct http_request *rq;
	int64_t id, handed, failed;
};

static void hand_next(struct reminding *run);

static void end_run(struct reminding *run)
{
	struct support *support = run->support;
	struct fault f = {0};
	int64_t waiting = 0;

	support->is_reminding = false;
	if (run->handed + run->failed > 0)
		log_event(LOG_JOB, LOG_C("job", "reminders"), LOG_I64("handed", run->handed), LOG_I64("failed", run->failed));
	if (run->rq != NULL) {
		if (store_number(support->db, SUPPORT_SQL_REMINDER_COUNT, STORE_NO_ARGS, &waiting, &f)) {
			json_t *answer = json_object();

			json_object_set_new(answer, "handed", json_integer(run->handed));
			json_object_set_new(answer, "failed", json_integer(run->failed));
			json_object_set_new(answer, "waiting", json_integer(waiting));
			http_answer_json(run->rq, 200, answer);
		} else {
			http_answer_fault(run->rq, &f);
		}
	}
	memory_free(run);
}

static void handed(void *self, const struct http_reply *reply, const struct fault *failed)
{
	struct reminding *run = self;
	struct fault f = {0};
	bool ok;

	if (failed != NULL)
		f = *failed;
	/* Not acknowledged: the same key goes again with the next run, and newsletter knows it. */
	ok = failed == NULL && http_reply_ok(reply, &f) &&
		store_run(run->support->db, SUPPORT_SQL_REMINDER_DELETE, STORE_ARGS(store_i64(run->id)), NULL, &f);
	if (ok) {
		run->handed++;
	} else {
		run->failed++;
		log_fault(&f, "handing a reminder over");
	}
	hand_next(run);
}

static json_t *write_order(struct support *support, struct str address, struct str language, struct str key)
{
	char url[1024];
	json_t *order = json_object();

	snprintf(url, sizeof(url), "%.*s/support/", STR_ARG(support->settings->url));
	json_object_set_new(order, "key", http_json_str(key));
	json_object_set_new(order, "to", http_json_str(address));
	json_object_set_new(order, "language", http_json_str(language));
	json_object_set_new(order, "kind", json_string("remind"));
	json_object_set_new(order, "url", json_string(url));
	json_object_set_new(order, "erase", json_true());
	return order;
}

static void hand_next(struct reminding *run)
{
	struct support *support = run->support;
	struct arena arena;
	struct store_row row;
	struct str address;
	struct fault f = {0};
	bool is_readable = true;
	bool found = false;
	bool ok;

	arena_init(&arena, "reminder", 16384);
	do {
		arena_reset(&arena);
		fault_clear(&f);
		ok = !support->room->draining && store_one(support->db, SUPPORT_SQL_REMINDER_DUE,
			STORE_ARGS(store_i64(clock_utc_day(clock_now())), store_i64(run->id)), &arena, &row, &found, &f) && found;
		if (!ok)
			break;
		run->id = row.columns[0].number;
		is_readable = seal_open(support->seal_key, row.columns[1].bytes, &arena, &address, &f);
		ok = is_readable && room_call(support->room, "newsletter", "POST", "/mails/reminder",
			write_order(support, address, row.columns[2].bytes, row.columns[3].bytes), handed, run, &f);
		run->failed += !ok;
		if (!is_readable) /* must not stand in the way of those behind it */
			log_fault(&f, "reading a reminder");
	} while (!is_readable);
	arena_release(&arena);
	if (f.kind != FAULT_NONE)
		log_fault(&f, "handing a reminder over");
	if (!ok)
		end_run(run);
}

static bool begin_run(struct support *support, struct http_request *rq)
{
	struct reminding *run;

	if (support->is_reminding)
		return false;
	run = memory_new(1, sizeof(*run));
	run->support = support;
	run->rq = rq;
	support->is_reminding = true;
	hand_next(run);
	return true;
}

void support_run_reminders(void *self)
{
	(void) begin_run(self, NULL);
}

void support_post_run_reminders(struct http_request *rq, void *self)
{
	struct fault f = {0};

	if (begin_run(((struct room *) self)->self, rq))
		return;
	fault_set(&f, FAULT_BUSY, "reminders are being handed over now: try again in a moment");
	http_answer_fault(rq, &f);
}
