/* support_manage.c: the button that ends a gift which comes back by itself.
 *
 * Decides: when a subscription counts as ended: only when the provider says so. Leaves to others: the page
 * (support_own.c). Runs in: support. The hard thing: an answer that does not come. The mandate is then in doubt: the
 * provider is looked up until it answers, and asked again if the subscription still runs, since that is what the reader
 * wanted.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/must.h"
#include "gen/support_sql.h"
#include "press/locale.h"
#include "store/store.h"
#include "support_inside.h"
#include "support_own.h"

/* One cancelling under way: of a reader's request (in its arena) or, rq NULL, of the timer (memory_new). */
struct cancelling {
	struct support *support;
	struct http_request *rq;
	struct support_checkout checkout;
	struct support_mandate mandate;
	struct rail_line *line;
	char subscription[160];
	bool is_look_up;       /* the present call asks how it stands; else it asks to end it */
};

static void call(struct cancelling *cancelling, bool is_look_up);

/* The end of it, whichever way: the row says so already. */
static void end(struct cancelling *cancelling)
{
	struct support *support = cancelling->support;

	log_event(LOG_PROVIDER, LOG_C("asked", "cancel"), LOG_STR("became", mandate_state_name(cancelling->mandate.state)));
	if (cancelling->rq != NULL) {
		const struct locale *locale = page_locale(support->room->theme, support->settings, cancelling->checkout.language);
		bool is_refused = mandate_runs(cancelling->mandate.state);

		support_answer_own(support, cancelling->rq, cancelling->mandate.state == MANDATE_ENDED ? 200 :
			fault_http_status(FAULT_REMOTE), &cancelling->checkout, &cancelling->mandate,
			is_refused ? locale_text(locale, "support_manage_failed") : (struct str){NULL, 0});
	} else {
		bool is_settled = cancelling->mandate.state == MANDATE_ENDED;

		support->is_cancelling = false;
		memory_free(cancelling);
		if (is_settled) /* the next one; a provider that does not answer is left in peace for a minute */
			support_settle_doubts(support);
	}
}

static void move_and_end(struct cancelling *cancelling, enum mandate_step step)
{
	struct fault f = {0};

	if (!support_move_mandate(cancelling->support, &cancelling->mandate, step, &f))
		log_fault(&f, "noting how a cancelling ended");
	end(cancelling);
}

/* It was looked up. It still runs: nothing changed (a reader may press again), or, in doubt, it is asked again. */
static void looked_up(struct cancelling *cancelling, bool is_told)
{
	struct fault f = {0};

	if (!is_told || cancelling->rq != NULL || cancelling->mandate.state != MANDATE_UNCERTAIN) {
		move_and_end(cancelling, is_told && cancelling->rq != NULL ? MANDATE_IS_REFUSED : MANDATE_IS_DOUBTED);
		return;
	}
	if (support_move_mandate(cancelling->support, &cancelling->mandate, MANDATE_IS_CANCELLED, &f)) {
		call(cancelling, false);
		return;
	}
	log_fault(&f, "cancelling a subscription");
	move_and_end(cancelling, MANDATE_IS_DOUBTED);
}

static void called(void *self, const struct rail_answer *answer, const struct fault *failed)
{
	struct cancelling *cancelling = self;

	if (failed == NULL && answer->standing == RAIL_HAS_ENDED) {
		move_and_end(cancelling, MANDATE_HAS_ENDED);
		return;
	}
	if (failed != NULL)
		log_fault(failed, cancelling->is_look_up ? "looking a subscription up" : "cancelling a subscription");
	if (cancelling->is_look_up)
		looked_up(cancelling, failed == NULL);
	else
		call(cancelling, true); /* the call to end it said no, or nothing: how does it stand? */
}

static void call(struct cancelling *cancelling, bool is_look_up)
{
	const struct rail *rail = cancelling->line->rail;

	cancelling->is_look_up = is_look_up;
	(is_look_up ? rail->look_up : rail->cancel)(cancelling->line, str_from(cancelling->subscription), called, cancelling);
}

/* The rail of a mandate, if it can be asked there. */
static bool find_line(struct support *support, struct cancelling *cancelling, struct fault *f)
{
	cancelling->line = rail_find(support, cancelling->mandate.rail);
	snprintf(cancelling->subscription, sizeof(cancelling->subscription), "%.*s", STR_ARG(cancelling->mandate.subscription));
	return (cancelling->line != NULL && cancelling->line->is_on && cancelling->line->rail->cancel != NULL &&
		cancelling->line->rail->look_up != NULL && cancelling->subscription[0] != '\0') ||
		fault_set(f, FAULT_MISSING, "the provider of this gift is not set up: put its key into secrets/support.conf");
}

void support_cancel(struct support *support, struct http_request *rq, const struct support_checkout *checkout,
	const struct support_mandate *mandate)
{
	struct cancelling *cancelling = arena_alloc(http_arena(rq), sizeof(*cancelling));
	struct fault f = {0};

	if (cancelling == NULL) {
		fault_full(&f, "a request");
		http_answer_fault(rq, &f);
		return;
	}
	*cancelling = (struct cancelling){.support = support, .rq = rq, .checkout = *checkout, .mandate = *mandate};
	/* Durable before the provider is asked: a crash from here on leaves it in doubt, never forgotten. */
	if (!find_line(support, cancelling, &f)) {
		log_fault(&f, "cancelling a subscription");
		support_answer_own(support, rq, fault_http_status(FAULT_REMOTE), checkout, mandate, locale_text(
			page_locale(support->room->theme, support->settings, checkout->language), "support_manage_failed"));
	} else if (!support_move_mandate(support, &cancelling->mandate, MANDATE_IS_CANCELLED, &f)) {
		log_fault(&f, "noting that a subscription is to end");
		http_answer_fault(rq, &f);
	} else {
		call(cancelling, false); /* called() answers */
	}
}

void support_settle_doubts(void *self)
{
	struct support *support = self;
	struct cancelling *cancelling;
	struct arena arena;
	struct store_row row;
	struct fault f = {0};
	bool found;

	if (support->is_cancelling)
		return;
	arena_init(&arena, "doubt", 8192);
	if (store_one(support->db, SUPPORT_SQL_MANDATE_IN_DOUBT, STORE_NO_ARGS, &arena, &row, &found, &f) && found) {
		cancelling = memory_new(1, sizeof(*cancelling));
		cancelling->support = support;
		cancelling->mandate = (struct support_mandate){.id = row.columns[0].number, .checkout = row.columns[1].number,
			.state = MANDATE_UNCERTAIN, .rail = row.columns[4].bytes};
		if (row.columns[3].type != STORE_NULL &&
			seal_open(support->seal_key, row.columns[3].bytes, &arena, &cancelling->mandate.subscription, &f) &&
			find_line(support, cancelling, &f)) {
			support->is_cancelling = true;
			call(cancelling, true);
		} else {
			memory_free(cancelling);
		}
	}
	if (f.kind != FAULT_NONE)
		log_fault(&f, "settling a cancelling in doubt");
	arena_release(&arena);
}
