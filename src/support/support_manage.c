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
	char path[160];
	bool is_look_up;       /* the present call asks how it stands; else it asks to end it */
};

static bool call(struct cancelling *cancelling, bool is_look_up, struct fault *f);

/* The end of it, whichever way: the row says so already. */
static void end(struct cancelling *cancelling)
{
	struct support *support = cancelling->support;

	log_event(LOG_PROVIDER, LOG_C("asked", "cancel"), LOG_STR("became", mandate_state_name(cancelling->mandate.state)));
	if (cancelling->rq != NULL) {
		const struct locale *locale = page_locale(support->room->theme, support->settings, cancelling->checkout.language);
		bool is_refused = cancelling->mandate.state == MANDATE_ACTIVE;

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

static void called(void *self, const struct http_reply *reply, const struct fault *failed)
{
	struct cancelling *cancelling = self;
	struct fault f = {0};
	json_t *json = NULL;
	bool ok = stripe_reply(reply, failed, &json, &f);
	bool is_canceled = ok && str_is(http_json_text(json, "status"), "canceled");

	json_decref(json);
	if (is_canceled) {
		move_and_end(cancelling, MANDATE_HAS_ENDED);
		return;
	}
	if (!ok)
		log_fault(&f, cancelling->is_look_up ? "looking a subscription up" : "cancelling a subscription");
	if (cancelling->is_look_up) {
		/* Gone there is gone. It still runs: nothing changed (a reader may press again), or, in doubt, it is asked
		 * again. */
		if (f.kind == FAULT_MISSING)
			move_and_end(cancelling, MANDATE_HAS_ENDED);
		else if (ok && cancelling->rq == NULL && cancelling->mandate.state == MANDATE_UNCERTAIN) {
			struct fault second = {0};

			if (!support_move_mandate(cancelling->support, &cancelling->mandate, MANDATE_IS_CANCELLED, &second) ||
				!call(cancelling, false, &second)) {
				log_fault(&second, "cancelling a subscription");
				move_and_end(cancelling, MANDATE_IS_DOUBTED);
			}
		} else {
			move_and_end(cancelling, ok && cancelling->rq != NULL ? MANDATE_IS_REFUSED : MANDATE_IS_DOUBTED);
		}
		return;
	}
	/* The call to end it said no, or nothing: how does it stand? */
	fault_clear(&f);
	if (!call(cancelling, true, &f)) {
		log_fault(&f, "looking a subscription up");
		move_and_end(cancelling, MANDATE_IS_DOUBTED);
	}
}

static bool call(struct cancelling *cancelling, bool is_look_up, struct fault *f)
{
	cancelling->is_look_up = is_look_up;
	return stripe_call(cancelling->support, is_look_up ? "GET" : "DELETE", cancelling->path, (struct str){NULL, 0},
		NULL, called, cancelling, f);
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
	snprintf(cancelling->path, sizeof(cancelling->path), "/v1/subscriptions/%.*s", STR_ARG(mandate->subscription));
	/* Durable before the provider is asked: a crash from here on leaves it in doubt, never forgotten. */
	if (!support_move_mandate(support, &cancelling->mandate, MANDATE_IS_CANCELLED, &f)) {
		log_fault(&f, "noting that a subscription is to end");
		http_answer_fault(rq, &f);
		return;
	}
	if (call(cancelling, false, &f))
		return; /* called() answers */
	log_fault(&f, "cancelling a subscription");
	move_and_end(cancelling, MANDATE_IS_REFUSED);
}

void support_settle_doubts(void *self)
{
	struct support *support = self;
	struct cancelling *cancelling = NULL;
	struct arena arena;
	struct store_row row;
	struct fault f = {0};
	bool found;

	if (support->is_cancelling || support->authorization == NULL)
		return;
	arena_init(&arena, "doubt", 8192);
	if (store_one(support->db, SUPPORT_SQL_MANDATE_IN_DOUBT, STORE_NO_ARGS, &arena, &row, &found, &f) && found) {
		struct str subscription;

		cancelling = memory_new(1, sizeof(*cancelling));
		cancelling->support = support;
		cancelling->mandate = (struct support_mandate){.id = row.columns[0].number, .checkout = row.columns[1].number,
			.state = MANDATE_UNCERTAIN};
		if (seal_open(support->seal_key, row.columns[3].bytes, &arena, &subscription, &f)) {
			snprintf(cancelling->path, sizeof(cancelling->path), "/v1/subscriptions/%.*s", STR_ARG(subscription));
			support->is_cancelling = call(cancelling, true, &f);
		}
		if (!support->is_cancelling)
			memory_free(cancelling);
	}
	if (f.kind != FAULT_NONE)
		log_fault(&f, "settling a cancelling in doubt");
	arena_release(&arena);
}
