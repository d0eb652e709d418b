/* support_continue.c: Continue: from the coupon to the provider's page.
 *
 * Decides: what the provider is asked for. Leaves to others: reading the form, the wire. Runs in: support. The hard
 * thing: the checkout is durable before the provider is asked, and asked under a key made of its id, so that no crash
 * and no lost answer can leave money that we do not know of.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/limits.h"
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
	struct support_checkout checkout;
	struct page_coupon coupon;
	struct str language;
	struct str form, key;   /* the same for each try */
	int64_t begun_ms;
	bool is_second_try;
};

static bool ask(struct asking *asking, struct fault *f);

static void answer_failed(
	struct support *support, struct http_request *rq, struct str language, struct page_coupon *coupon, int status)
{
	const struct locale *locale = page_locale(support->room->theme, support->settings, language);

	coupon->notice = locale_text(locale, "support_method_failed");
	support_answer_coupon(support, rq, status, language, coupon);
}

/* The page that a reader is sent to: of the configured origin and no other. */
static bool is_of_checkout(const struct settings *settings, struct str url)
{
	struct str origin = settings->stripe_checkout;

	if (origin.len == 0 || !str_starts(url, origin) || url.len <= origin.len || url.at[origin.len] != '/' ||
		url.len > 4000)
		return false;
	for (size_t i = 0; i < url.len; i++)
		if (url.at[i] <= 0x20 || url.at[i] >= 0x7f || url.at[i] == '\\' || url.at[i] == '"')
			return false;
	return true;
}

static bool keep_session(
	struct support *support, struct support_checkout *checkout, struct str session, struct fault *f)
{
	unsigned char sealed[SEAL_BYTES];

	if (!store_begin(support->db, f))
		return false;
	return store_end(support->db, seal(support->sealer, session, sealed, f) &&
		store_run(support->db, SUPPORT_SQL_CHECKOUT_SET_SESSION,
			STORE_ARGS(store_i64(checkout->id), store_blob(str_make(sealed, sizeof(sealed)))), NULL, f) &&
		support_move_checkout(support, checkout, CHECKOUT_IS_OPENED, f), f);
}

/* The key makes a second try the same request; only where the reader did not wait long already. */
static bool may_ask_again(const struct asking *asking, const struct fault *f)
{
	return !asking->is_second_try && (f->kind == FAULT_UNCERTAIN || f->kind == FAULT_BUSY) &&
		clock_mono_ms() - asking->begun_ms < PATIENCE_MS;
}

static void asked(void *self, const struct http_reply *reply, const struct fault *failed)
{
	struct asking *asking = self;
	struct support *support = asking->support;
	struct fault f = {0};
	struct fault again = {0};
	struct fault noted = {0};
	json_t *json = NULL;
	struct str url = {NULL, 0};
	bool ok = stripe_reply(reply, failed, &json, &f);

	if (!ok && may_ask_again(asking, &f)) {
		log_fault(&f, "asking for a checkout, which is asked again");
		asking->is_second_try = true;
		if (ask(asking, &again))
			return; /* the second answer comes here, too */
	}
	if (ok) {
		url = http_json_text(json, "url");
		ok = is_of_checkout(support->settings, url) ||
			fault_set(&f, FAULT_UNCERTAIN, "the provider's page is not where [support] stripe_checkout says");
	}
	ok = ok && keep_session(support, &asking->checkout, http_json_text(json, "id"), &f);
	if (ok) {
		log_event(LOG_PROVIDER, LOG_C("asked", "checkout"), LOG_C("became", "open"));
		page_headers(support->settings, support->room->theme, asking->rq);
		http_answer_redirect(asking->rq, str_to_c(url, http_arena(asking->rq)));
	} else {
		log_fault(&f, "asking for a checkout");
		if (!support_move_checkout(support, &asking->checkout,
				f.kind == FAULT_UNCERTAIN || f.kind == FAULT_IO ? CHECKOUT_IS_DOUBTED : CHECKOUT_IS_REFUSED, &noted))
			log_fault(&noted, "noting that a checkout failed");
		answer_failed(support, asking->rq, asking->language, &asking->coupon, fault_http_status(FAULT_REMOTE));
	}
	json_decref(json);
}

static void add_urls(struct buf *form, const struct settings *settings, const char *token, struct arena *arena)
{
	stripe_add(form, "success_url", str_format(arena, "%.*s/support/thanks?t=%s", STR_ARG(settings->url), token));
	stripe_add(form, "cancel_url", str_format(arena, "%.*s/support/thanks?t=%s&back=1", STR_ARG(settings->url), token));
}

/* Amount, interval, our id: nothing about the reader or the page they read. */
static void write_form(struct buf *form, const struct settings *settings, const struct locale *locale,
	const struct support_checkout *checkout, const char *token, struct arena *arena)
{
	const struct locale_pair pairs[] = {{"newsroom", settings->name}, {NULL, {NULL, 0}}};
	bool is_once = checkout->frequency == FREQUENCY_ONCE;
	struct str id = str_format(arena, "%lld", (long long) checkout->id);
	char code[4] = "";

	for (size_t i = 0; i < 3; i++)
		code[i] = (char) (checkout->amount.code[i] | 0x20);
	stripe_add(form, "mode", is_once ? STR("payment") : STR("subscription"));
	if (is_once)
		stripe_add(form, "submit_type", STR("donate"));
	stripe_add(form, "client_reference_id", id);
	stripe_add(form, "metadata[checkout]", id);
	stripe_add(form, is_once ? "payment_intent_data[metadata][checkout]" : "subscription_data[metadata][checkout]", id);
	stripe_add(form, "line_items[0][quantity]", STR("1"));
	stripe_add(form, "line_items[0][price_data][currency]", str_from(code));
	stripe_add(
		form, "line_items[0][price_data][unit_amount]", str_format(arena, "%lld", (long long) checkout->amount.minor));
	stripe_add(
		form, "line_items[0][price_data][product_data][name]", locale_format(locale, "support_product", arena, pairs));
	if (!is_once)
		stripe_add(form, "line_items[0][price_data][recurring][interval]",
			checkout->frequency == FREQUENCY_ANNUAL ? STR("year") : STR("month"));
	add_urls(form, settings, token, arena);
}

static bool ask(struct asking *asking, struct fault *f)
{
	return stripe_call(
		asking->support, "POST", "/v1/checkout/sessions", asking->form, asking->key.at, asked, asking, f);
}

static bool prepare(struct asking *asking, const char *token, const struct locale *locale, struct fault *f)
{
	struct arena *arena = http_arena(asking->rq);
	struct buf form;
	bool ok;

	buf_init(&form, LIMIT_FORM_BYTES);
	write_form(&form, asking->support->settings, locale, &asking->checkout, token, arena);
	ok = buf_check(&form, "the request to the provider", f);
	asking->form = str_copy(buf_view(&form), arena);
	asking->key = str_format(arena, "mimeo-checkout-%lld", (long long) asking->checkout.id);
	asking->begun_ms = clock_mono_ms();
	buf_release(&form);
	return ok && ((asking->form.at != NULL && asking->key.at != NULL) || fault_full(f, "the request to the provider"));
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
	char token[27];

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
	asking->checkout = (struct support_checkout){
		.frequency = gift.frequency, .amount = gift.amount, .language = language, .state = CHECKOUT_ASKED};
	if (!support_new_checkout(support, &gift, language, token, &asking->checkout.id, &f) ||
		!support_keep_choice(support, asking->checkout.id, &gift, &f)) {
		log_fault(&f, "keeping a checkout");
		answer_failed(support, rq, language, &asking->coupon, fault_http_status(f.kind));
		return;
	}
	if (prepare(asking, token, locale, &f) && ask(asking, &f))
		return; /* asked() answers */
	log_fault(&f, "asking for a checkout");
	fault_clear(&f);
	if (!support_move_checkout(support, &asking->checkout, CHECKOUT_IS_REFUSED, &f))
		log_fault(&f, "noting that a checkout failed");
	answer_failed(support, rq, language, &asking->coupon, fault_http_status(FAULT_REMOTE));
}
