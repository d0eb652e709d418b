/* support_remind.c: "Remind me later": one mail when it is due, then nothing is left.
 *
 * Decides: when a reminder is due; one for each address and month; the link in it that ends all of an address's. Leaves to
 * newsletter: the mail (DESIGN: only it may reach SMTP), handed over on newsletter.support.sock under a key that makes a
 * repetition harmless. Runs in: support. The hard thing: the answer is the same whether the address was known or not; and the
 * row is erased only once newsletter has it on disk.
 * SPDX-License-Identifier: ISC */
#include <sodium.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/email.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/must.h"
#include "base/rand.h"
#include "gen/support_sql.h"
#include "press/locale.h"
#include "store/store.h"
#include "support_inside.h"
#include "support_own.h"

enum { QUIET_S = 30 * 24 * 3600 };

/* --- asked for --- */

/* The link that ends all reminders of an address: the same in each of its mails, and nowhere else. */
static void cancel_token(const struct support *support, struct str index, char out[2 * SUPPORT_MANAGE_BYTES + 1])
{
	unsigned char hash[SEAL_INDEX_BYTES];

	support_index(support, "support.reminder.cancel", index, hash);
	sodium_bin2hex(out, 2 * SUPPORT_MANAGE_BYTES + 1, hash, SUPPORT_MANAGE_BYTES);
}

static void index_address(const struct support *support, const struct email *email, unsigned char out[SEAL_INDEX_BYTES])
{
	char canonical[EMAIL_BYTES + 1];

	support_index(support, "support.reminder", email_canonical(email, canonical), out);
}

static bool keep(struct support *support, const struct email *email, struct str language, bool is_again,
	const struct support_reminder_day *due, struct fault *f)
{
	unsigned char index[SEAL_INDEX_BYTES], sealed[SEAL_BYTES], cancel_hash[SEAL_HASH_BYTES];
	char key[RAND_TOKEN_CHARS + 1], cancel[2 * SUPPORT_MANAGE_BYTES + 1];

	index_address(support, email, index);
	cancel_token(support, str_make(index, sizeof(index)), cancel);
	seal_token_hash(str_from(cancel), cancel_hash);
	rand_token(key);
	return seal(support->sealer, email_text(email), sealed, f) &&
		store_run(support->db, SUPPORT_SQL_REMINDER_INSERT,
			STORE_ARGS(store_i64(rand_id()), store_blob(str_make(index, sizeof(index))),
				store_i64((int64_t) due->year * 12 + due->month - 1), store_blob(str_make(sealed, sizeof(sealed))),
				store_text(language), store_text(is_again ? STR("again") : STR("later")), store_i64(due->due_day),
				store_text(str_from(key)), store_blob(str_make(cancel_hash, sizeof(cancel_hash)))),
			NULL, f);
}

/* 3, 6 or 12 from the thanks page; 0 from the coupon; -1: none of them. */
static int months_of(struct http_request *rq)
{
	struct str text = http_field(rq, "in");

	if (text.len == 0)
		return 0;
	return str_is(text, "3") ? 3 : str_is(text, "6") ? 6 : str_is(text, "12") ? 12 : -1;
}

static struct str promise(const struct locale *locale, int months, const struct support_reminder_day *due, struct arena *arena)
{
	struct buf name;
	struct locale_pair pairs[] = {{"month", {NULL, 0}}, {NULL, {NULL, 0}}};

	if (months < 12)
		return locale_indexed(locale, "month_reminder", (size_t) (due->month - 1));
	/* The month of a year from now has this month's name. */
	buf_init(&name, 256);
	locale_write(&name, locale_indexed(locale, "month_year", (size_t) (due->month - 1)),
		(const struct locale_pair[]){{"year", str_format(arena, "%d", due->year)}, {NULL, {NULL, 0}}});
	pairs[0].value = str_copy(buf_view(&name), arena);
	buf_release(&name);
	return locale_format(locale, "support_remind_year", arena, pairs);
}

/* The page that it was typed on, with what was typed. */
static void answer_wrong(struct support *support, struct http_request *rq, const struct locale *locale, struct str typed, int months)
{
	struct page_coupon coupon = {.frequency = FREQUENCY_MONTHLY, .remind_open = true};
	struct str error = locale_text(locale, months < 0 ? "support_again_error" : "support_remind_error");

	typed = str_part(typed, 0, EMAIL_BYTES);
	if (months != 0 && support_answer_thanks(support, rq, 422, http_field(rq, "t"), typed, error))
		return;
	coupon.remind_typed = typed;
	coupon.remind_error = error;
	support_answer_coupon(support, rq, 422, locale_language(locale), &coupon);
}

static bool refuse_cross_site(struct http_request *rq, const struct locale *locale)
{
	struct fault f = {0};

	if (!http_is_cross_site(rq))
		return false;
	fault_set(&f, FAULT_DENIED, "%s", locale_text(locale, "support_cross_site").at);
	http_answer_fault(rq, &f);
	return true;
}

void support_post_remind(struct http_request *rq, void *self)
{
	struct room *room = self;
	struct support *support = room->self;
	const struct locale *locale = page_locale(room->theme, support->settings, support_form_language(rq));
	struct page_small small = {.page = {.language = locale_language(locale), .depth = 1}};
	struct str typed = str_trim(http_field(rq, "email"));
	int months = months_of(rq);
	struct support_reminder_day due = support_reminder_day(clock_now(), months);
	struct email email;
	struct fault f = {0};

	if (refuse_cross_site(rq, locale))
		return;
	if (months < 0 || !email_parse(typed, &email, &f)) {
		answer_wrong(support, rq, locale, typed, months);
		return;
	}
	if (!keep(support, &email, locale_language(locale), months > 0, &due, &f)) {
		log_fault(&f, "keeping a reminder");
		http_answer_fault(rq, &f);
		return;
	}
	small.page.title = small.heading = locale_text(locale, "support_remind_title");
	small.sentence = promise(locale, months, &due, http_arena(rq));
	http_set_cookie(rq, "quiet", "1", "/", QUIET_S, false, str_starts(support->settings->url, STR("https:")));
	page_answer_small(room, rq, 200, &small);
}

/* --- ended, by the link in a mail: the same answers whether any waits or not --- */

static struct page_small unremind_page(struct support *support, struct http_request *rq, const struct locale **locale)
{
	struct str language = http_field(rq, "lang").len > 0 ? support_form_language(rq) : http_query(rq, "lang");
	struct page_small small = {.page = {.depth = 2}};

	*locale = page_locale(support->room->theme, support->settings, str_part(language, 0, 16));
	small.page.language = locale_language(*locale);
	small.page.title = small.heading = locale_text(*locale, "support_unremind_title");
	return small;
}

void support_get_unremind(struct http_request *rq, void *self)
{
	struct room *room = self;
	const struct locale *locale;
	struct page_small small = unremind_page(room->self, rq, &locale);

	small.sentence = locale_text(locale, "support_unremind");
	small.button = locale_text(locale, "support_unremind_button");
	small.action = http_part(rq, "token");
	small.hidden_name = STR("lang");
	small.hidden_value = locale_language(locale);
	page_answer_small(room, rq, 200, &small);
}

void support_post_unremind(struct http_request *rq, void *self)
{
	struct room *room = self;
	struct support *support = room->self;
	const struct locale *locale;
	struct page_small small = unremind_page(support, rq, &locale);
	unsigned char hash[SEAL_HASH_BYTES];
	struct fault f = {0};

	if (refuse_cross_site(rq, locale))
		return;
	seal_token_hash(http_part(rq, "token"), hash);
	if (!store_run(support->db, SUPPORT_SQL_REMINDER_CANCEL, STORE_ARGS(store_blob(str_make(hash, sizeof(hash)))), NULL, &f)) {
		log_fault(&f, "ending reminders");
		http_answer_fault(rq, &f);
		return;
	}
	small.sentence = locale_text(locale, "support_unremind_done");
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

/* The link of this address, in its other rows, too, if they come from before there was one. */
static bool link_of(struct support *support, struct str address, char out[2 * SUPPORT_MANAGE_BYTES + 1], struct fault *f)
{
	unsigned char index[SEAL_INDEX_BYTES], hash[SEAL_HASH_BYTES];
	struct email email;

	if (!email_parse(address, &email, f))
		return false;
	index_address(support, &email, index);
	cancel_token(support, str_make(index, sizeof(index)), out);
	seal_token_hash(str_from(out), hash);
	return store_run(support->db, SUPPORT_SQL_REMINDER_SET_CANCEL,
		STORE_ARGS(store_blob(str_make(index, sizeof(index))), store_blob(str_make(hash, sizeof(hash)))), NULL, f);
}

/* url: where to give, where to end all reminders, and which words, with blanks between. */
static json_t *write_order(struct support *support, struct str address, struct str language, struct str key, struct str kind,
	const char *cancel, struct arena *arena)
{
	char url[1024];
	json_t *order = json_object();

	snprintf(url, sizeof(url), "%.*s/%.*s %.*s/support/remind/%s?lang=%.*s %.*s", STR_ARG(support->settings->url),
		STR_ARG(page_support_path(support->room->theme, support->settings, language, arena)), STR_ARG(support->settings->url), cancel,
		STR_ARG(language), STR_ARG(kind));
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
	char cancel[2 * SUPPORT_MANAGE_BYTES + 1];
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
		is_readable = seal_open(support->seal_key, row.columns[1].bytes, &arena, &address, &f) &&
			link_of(support, address, cancel, &f);
		ok = is_readable && room_call(support->room, "newsletter", "POST", "/mails/reminder", write_order(support, address,
			row.columns[2].bytes, row.columns[3].bytes, row.columns[4].bytes, cancel, &arena), handed, run, &f);
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
