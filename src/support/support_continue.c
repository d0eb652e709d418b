/* support_continue.c: Continue: from the coupon to the page where the reader pays.
 *
 * Decides: which rail is asked, and what the reader sees of it. Leaves to others: reading the form, each rail's calls. Runs in:
 * support. The hard thing: the checkout is durable before the provider is asked, and asked under a key made of its id, so that
 * no crash and no lost answer can leave money that we do not know of.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"
#include "gen/support_sql.h"
#include "press/locale.h"
#include "store/store.h"
#include "support_inside.h"

enum { PATIENCE_MS = 3000 };

/* One Continue under way; in the request's arena. */
struct asking {
	struct support *support;
	struct http_request *rq;
	struct rail_line *line;
	struct support_checkout checkout;
	struct page_coupon coupon;
	struct str language;
	struct rail_order order;   /* the same for each try */
	char token[27];
	int64_t begun_ms;
	bool is_second_try;
};

/* The form as it was sent. line: the rail that failed; Continue then leads to the next one. */
static void answer_failed(struct support *support, struct http_request *rq, struct str language, struct page_coupon *coupon,
	const struct rail_line *line, int status)
{
	const struct locale *locale = page_locale(support->room->theme, support->settings, language);
	const struct rail_line *next = line != NULL ? rail_next(support, line, coupon->frequency) : NULL;

	coupon->notice = locale_text(locale, "support_method_failed");
	if (next != NULL) {
		coupon->rail = str_from(next->rail->name);
		coupon->notice = locale_format(locale, "support_method_failed_next", http_arena(rq),
			(const struct locale_pair[]){{"method", page_way_name(locale, coupon->rail)}, {NULL, {NULL, 0}}});
	}
	support_answer_coupon(support, rq, status, language, coupon);
}

bool support_keep_session(
	struct support *support, struct support_checkout *checkout, struct str session, struct fault *f)
{
	unsigned char sealed[SEAL_BYTES];

	if (!store_begin(support->db, f))
		return false;
	return store_end(support->db, (session.len == 0 || (seal(support->sealer, session, sealed, f) &&
		store_run(support->db, SUPPORT_SQL_CHECKOUT_SET_SESSION,
			STORE_ARGS(store_i64(checkout->id), store_blob(str_make(sealed, sizeof(sealed)))), NULL, f))) &&
		support_move_checkout(support, checkout, CHECKOUT_IS_OPENED, f), f);
}

/* The key makes a second try the same request; only where the reader did not wait long already. */
static bool may_ask_again(const struct asking *asking, const struct fault *f)
{
	return !asking->is_second_try && (f->kind == FAULT_UNCERTAIN || f->kind == FAULT_BUSY) &&
		clock_mono_ms() - asking->begun_ms < PATIENCE_MS;
}

/* To the provider's page; or to a page of ours, which shows how to pay. */
static void send_on(struct asking *asking, struct str url)
{
	struct support *support = asking->support;
	struct arena *arena = http_arena(asking->rq);

	log_event(LOG_PROVIDER, LOG_C("rail", asking->line->rail->name), LOG_C("asked", "checkout"), LOG_C("became", "open"));
	page_headers(support->settings, support->room->theme, asking->rq);
	http_answer_redirect(asking->rq, url.len > 0 ? str_to_c(url, arena) :
		str_to_c(str_format(arena, asking->line->rail->instruct != NULL ? "../support/pay/%s" : "../support/thanks?t=%s", asking->token), arena));
}

static void asked(void *self, const struct rail_answer *answer, const struct fault *failed)
{
	struct asking *asking = self;
	struct support *support = asking->support;
	struct fault f = {0}, noted = {0};
	bool ok = failed == NULL;

	if (failed != NULL && may_ask_again(asking, failed)) {
		log_fault(failed, "asking for a checkout, which is asked again");
		asking->is_second_try = true;
		asking->line->rail->create(asking->line, &asking->order, asked, asking);
		return; /* the second answer comes here, too */
	}
	if (failed != NULL)
		f = *failed;
	if (ok && answer->url.len > 0 && !rail_is_its_page(asking->line, answer->url))
		ok = fault_set(&f, FAULT_UNCERTAIN, "the provider's page is not where it should be");
	if (ok && support_keep_session(support, &asking->checkout, answer->reference, &f)) {
		send_on(asking, answer->url);
		return;
	}
	log_fault(&f, "asking for a checkout");
	if (!support_move_checkout(support, &asking->checkout,
			f.kind == FAULT_UNCERTAIN || f.kind == FAULT_IO ? CHECKOUT_IS_DOUBTED : CHECKOUT_IS_REFUSED, &noted))
		log_fault(&noted, "noting that a checkout failed");
	answer_failed(support, asking->rq, asking->language, &asking->coupon, asking->line, fault_http_status(FAULT_REMOTE));
}

static void ask(struct asking *asking, const struct locale *locale)
{
	struct arena *arena = http_arena(asking->rq);
	const struct settings *settings = asking->support->settings;
	const struct locale_pair pairs[] = {{"newsroom", settings->name}, {NULL, {NULL, 0}}};

	asking->order = (struct rail_order){
		.checkout = asking->checkout.id,
		.frequency = asking->checkout.frequency,
		.amount = asking->checkout.amount,
		.language = asking->language,
		.product = locale_format(locale, "support_product", arena, pairs),
		.thanks_url = str_format(arena, "%.*s/support/thanks?t=%s", STR_ARG(settings->url), asking->token),
		.back_url = str_format(arena, "%.*s/support/thanks?t=%s&back=1", STR_ARG(settings->url), asking->token),
		.key = str_format(arena, "mimeo-checkout-%lld", (long long) asking->checkout.id),
	};
	asking->begun_ms = clock_mono_ms();
	asking->line->rail->create(asking->line, &asking->order, asked, asking);
}

static void answer_off(struct support *support, struct http_request *rq, struct str language)
{
	const struct locale *locale = page_locale(support->room->theme, support->settings, language);
	struct page_small small = {.page = {.language = language, .depth = 1}};

	small.page.title = small.heading = locale_text(locale, "support_off_heading");
	small.sentence = locale_text(locale, "support_off_sentence");
	page_answer_small(support->room, rq, 404, &small);
}

void support_post_continue(struct http_request *rq, void *self)
{
	struct support *support = ((struct room *) self)->self;
	struct asking *asking = arena_alloc(http_arena(rq), sizeof(*asking));
	struct str language = support_form_language(rq);
	const struct locale *locale = page_locale(support->room->theme, support->settings, language);
	struct support_gift gift = {0};
	struct fault f = {0};

	if (asking == NULL || http_is_cross_site(rq)) {
		fault_set(&f, FAULT_DENIED, "%s", locale_text(locale, "support_cross_site").at);
		http_answer_fault(rq, &f);
		return;
	}
	language = locale_language(locale);
	if (!support->settings->support_on) {
		answer_off(support, rq, language);
		return;
	}
	if (!support_read_coupon(support->settings, locale, rq, &gift, &asking->coupon, http_arena(rq))) {
		support_answer_coupon(support, rq, 422, language, &asking->coupon);
		return;
	}
	asking->support = support;
	asking->rq = rq;
	asking->language = language;
	asking->line = rail_choose(support, gift.rail, gift.frequency);
	if (asking->line == NULL) {
		fault_set(&f, FAULT_MISSING, "no rail is on: put a provider's key into secrets/support.conf");
		log_fault(&f, "asking for a checkout");
		answer_failed(support, rq, language, &asking->coupon, NULL, fault_http_status(FAULT_REMOTE));
		return;
	}
	asking->checkout = (struct support_checkout){.frequency = gift.frequency, .amount = gift.amount, .language = language,
		.state = CHECKOUT_ASKED, .rail = str_from(asking->line->rail->name)};
	if (!support_new_checkout(support, &gift, language, asking->line->rail->name, asking->token, &asking->checkout.id, &f) ||
		!support_keep_choice(support, asking->checkout.id, &gift, &f)) {
		log_fault(&f, "keeping a checkout");
		answer_failed(support, rq, language, &asking->coupon, NULL, fault_http_status(f.kind));
		return;
	}
	ask(asking, locale); /* asked() answers */
}
