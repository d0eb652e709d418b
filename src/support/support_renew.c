/* support_renew.c: a pushed gift's next payment: a fresh invoice, when its giver presses for one.
 *
 * Decides: that an invoice is made when it is wanted, not when it is due: one that was mailed three days before would have ended
 * by then. Leaves to others: the page of the keep-this link, whose button this is. Runs in: support. The hard thing: the new
 * checkout is durable before the rail is asked, as in Continue.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "gen/support_sql.h"
#include "press/locale.h"
#include "press/value.h"
#include "store/store.h"
#include "support_inside.h"
#include "support_own.h"
#include "support_push.h"

struct renewing {
	struct support *support;
	struct http_request *rq;
	struct rail_line *line;
	struct support_checkout first, fresh;
	struct support_mandate mandate;
	struct rail_order order;
	char token[27];
};

static void answer_failed(struct renewing *is, const struct fault *f, const char *what)
{
	const struct locale *locale = page_locale(is->support->room->theme, is->support->settings, is->first.language);
	struct fault noted = {0};

	log_fault(f, what);
	if (is->fresh.id != 0 && !support_move_checkout(is->support, &is->fresh, f->kind == FAULT_UNCERTAIN || f->kind == FAULT_IO ?
			CHECKOUT_IS_DOUBTED : CHECKOUT_IS_REFUSED, &noted))
		log_fault(&noted, "noting that a checkout failed");
	support_answer_own(is->support, is->rq, fault_http_status(FAULT_REMOTE), &is->first, &is->mandate,
		locale_text(locale, "support_method_failed"));
}

static void created(void *self, const struct rail_answer *answer, const struct fault *failed)
{
	struct renewing *is = self;
	struct arena *arena = http_arena(is->rq);
	struct fault f = {0};

	if (failed != NULL || !support_keep_session(is->support, &is->fresh, answer->reference, &f)) {
		answer_failed(is, failed != NULL ? failed : &f, "asking for a fresh invoice");
		return;
	}
	page_headers(is->support->settings, is->support->room->theme, is->rq);
	http_answer_redirect(is->rq, answer->url.len > 0 ? str_to_c(answer->url, arena) :
		str_to_c(str_format(arena, "../pay/%s", is->token), arena));
}

static bool begin(struct renewing *is, struct fault *f)
{
	struct support *support = is->support;
	struct arena *arena = http_arena(is->rq);
	const struct settings *settings = support->settings;
	const struct locale *locale = page_locale(support->room->theme, settings, is->first.language);
	const struct locale_pair pairs[] = {{"newsroom", settings->name}, {NULL, {NULL, 0}}};
	const struct support_gift gift = {.frequency = is->first.frequency, .amount = is->first.amount};

	is->fresh = is->first;
	is->fresh.state = CHECKOUT_ASKED;
	is->fresh.id = 0;
	if (!store_begin(support->db, f) || !store_end(support->db,
			support_new_checkout(support, &gift, is->first.language, is->line->rail->name, is->token, &is->fresh.id, f) &&
			store_run(support->db, SUPPORT_SQL_PUSH_SET_RENEWS, STORE_ARGS(store_i64(is->fresh.id), store_i64(is->first.id)), NULL, f), f))
		return false;
	is->order = (struct rail_order){
		.checkout = is->fresh.id,
		.frequency = is->first.frequency,
		.amount = is->first.amount,
		.language = is->first.language,
		.product = locale_format(locale, "support_product", arena, pairs),
		.thanks_url = str_format(arena, "%.*s/support/thanks?t=%s", STR_ARG(settings->url), is->token),
		.back_url = str_format(arena, "%.*s/support/thanks?t=%s&back=1", STR_ARG(settings->url), is->token),
		.key = str_format(arena, "mimeo-checkout-%lld", (long long) is->fresh.id),
	};
	is->line->rail->create(is->line, &is->order, created, is);
	return true;
}

void support_post_renew(struct http_request *rq, void *self)
{
	struct support *support = ((struct room *) self)->self;
	struct renewing *is = arena_alloc(http_arena(rq), sizeof(*is));
	const struct locale *locale = page_locale(support->room->theme, support->settings, (struct str){NULL, 0});
	struct fault f = {0};
	bool found = false;
	bool ok = false;

	if (is == NULL || http_is_cross_site(rq)) {
		fault_set(&f, FAULT_DENIED, "%s", locale_text(locale, "support_cross_site").at);
		http_answer_fault(rq, &f);
		return;
	}
	is->support = support;
	is->rq = rq;
	if (!support_find_checkout(support, SUPPORT_BY_MANAGE, http_part(rq, "token"), http_arena(rq), &is->first, &found, &f) ||
		(found && !support_find_mandate(support, is->first.id, false, http_arena(rq), &is->mandate, &f)))
		log_fault(&f, "finding a gift");
	else if (!found || is->mandate.id == 0 || is->mandate.state == MANDATE_ENDED)
		fault_set(&f, FAULT_MISSING, "%s", locale_text(locale, "support_unknown_sentence").at);
	if (f.kind != FAULT_NONE) {
		http_answer_fault(rq, &f);
		return;
	}
	is->line = rail_find(support, is->first.rail);
	if (is->line == NULL || is->line->rail->pulls || !is->line->is_on)
		fault_set(&f, FAULT_BUSY, "this way to pay is off now");
	else
		ok = begin(is, &f);
	if (!ok) {
		is->fresh.id = 0;
		answer_failed(is, &f, "asking for a fresh invoice");
	}
}

/* {{renew}} of the keep-this link's page, while a pushed gift is due. */
bool support_add_renew(struct support *support, struct press_value *held, const struct locale *locale,
	const struct support_checkout *checkout, const struct support_mandate *mandate, struct str token, struct arena *arena, struct fault *f)
{
	struct rail_line *line = rail_find(support, checkout->rail);
	struct press_value *renew;
	struct civil day;
	int32_t due = 0;

	if (line == NULL || line->rail->pulls || mandate->id == 0 || mandate->state == MANDATE_ENDED || mandate->state == MANDATE_CANCELLING ||
		mandate->state == MANDATE_UNCERTAIN)
		return true;
	if (!push_due_day(support, checkout, &due, f))
		return false;
	if (due == 0 || due - PUSH_EARLY_DAYS > clock_utc_day(clock_now()))
		return true;
	day = clock_civil_utc(clock_from_utc_day(due));
	renew = press_set_map(held, "renew");
	press_set_text(renew, "action", str_format(arena, "../renew/%.*s", STR_ARG(token)));
	press_set_text(renew, "sentence", locale_format(locale, "renew_sentence", arena,
		(const struct locale_pair[]){{"date", locale_date(locale, &day, arena)}, {NULL, {NULL, 0}}}));
	press_set_text(renew, "button", locale_format(locale, "renew_button", arena,
		(const struct locale_pair[]){{"amount", locale_money(locale, checkout->amount, true, arena)}, {NULL, {NULL, 0}}}));
	return true;
}
