/* stripe_mandate.c: Stripe's subscriptions: how they stand, and what a reader may change about theirs.
 *
 * Decides: which calls that takes. Leaves to others: rows and pages (support_manage.c). Runs in: support. The hard thing: an
 * answer that does not come: changing twice is as good as once, so each may be asked again; ending is looked up.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/limits.h"
#include "stripe_inside.h"
#include "support_inside.h"

struct asking {
	struct rail_line *line;
	rail_done *done;
	void *self;
	char subscription[128], language[20];
	char *back_url;                /* portal */
	struct money amount;           /* change */
	enum frequency frequency;
	char key[120];
	enum { LOOK_UP, CANCEL, CHANGE, PAUSE, PORTAL } what;
	bool is_second_call;           /* CHANGE and PORTAL look the subscription up first */
};

static struct asking *new_asking(struct rail_line *line, struct str subscription, rail_done *done, void *self)
{
	struct asking *asking = memory_new(1, sizeof(*asking));

	asking->line = line;
	asking->done = done;
	asking->self = self;
	snprintf(asking->subscription, sizeof(asking->subscription), "%.*s", STR_ARG(subscription));
	return asking;
}

static void end(struct asking *asking, const struct rail_answer *answer, const struct fault *f)
{
	asking->done(asking->self, f == NULL ? answer : NULL, f);
	memory_free(asking->back_url);
	memory_free(asking);
}

static void read_card(const json_t *subscription, struct rail_answer *answer)
{
	const json_t *card = json_object_get(json_object_get(subscription, "default_payment_method"), "card");
	int64_t year = 0, month = 0;

	if (http_json_i64(card, "exp_year", &year) && http_json_i64(card, "exp_month", &month) && year > 2000 && year < 3000 &&
		month >= 1 && month <= 12) {
		answer->card_year = (int) year;
		answer->card_month = (int) month;
	}
}

static void read_standing(const json_t *subscription, struct rail_answer *answer)
{
	static const enum rail_standing standings[MANDATE_STEP_COUNT] = {[MANDATE_RUNS] = RAIL_RUNS, [MANDATE_IS_LATE] = RAIL_IS_LATE,
		[MANDATE_IS_PAUSED] = RAIL_IS_PAUSED, [MANDATE_HAS_ENDED] = RAIL_HAS_ENDED};
	const json_t *item = json_array_get(json_object_get(json_object_get(subscription, "items"), "data"), 0);
	const json_t *price = json_object_get(item, "price");
	int64_t unit = 0, quantity = 1, end_s = 0;

	answer->standing = standings[stripe_mandate_step(subscription)];
	(void) http_json_i64(item, "quantity", &quantity);
	if (http_json_i64(price, "unit_amount", &unit) && quantity > 0 && quantity < 1000000 && unit < INT64_MAX / 1000000)
		answer->amount = facts_money(unit * quantity, http_json_text(price, "currency"));
	answer->frequency = str_is(http_json_text(json_object_get(price, "recurring"), "interval"), "year") ? FREQUENCY_ANNUAL :
		FREQUENCY_MONTHLY;
	if (http_json_i64(item, "current_period_end", &end_s) && end_s > 0 && end_s < INT64_C(1) << 40)
		answer->next_day = (int32_t) (end_s / 86400);
	read_card(subscription, answer);
}

static void called(void *self, const struct http_reply *reply, const struct fault *failed);

static bool post(struct asking *asking, const char *path, struct buf *form, struct fault *f)
{
	bool ok = buf_check(form, "the request to the provider", f) &&
		stripe_call(asking->line, "POST", path, buf_view(form), str_from(asking->key), called, asking, f);

	buf_release(form);
	return ok;
}

/* The second call of a change: another price for the one item that there is; nothing is charged before its next day. */
static bool change_item(struct asking *asking, const json_t *subscription, struct fault *f)
{
	const json_t *item = json_array_get(json_object_get(json_object_get(subscription, "items"), "data"), 0);
	struct str product = http_json_text(json_object_get(item, "price"), "product");
	char path[200], amount[24], code[4] = "";
	struct buf form;

	if (http_json_text(item, "id").len == 0 || product.len == 0)
		return fault_set(f, FAULT_UNCERTAIN, "the payment provider's subscription cannot be read");
	for (size_t i = 0; i < 3; i++)
		code[i] = (char) (asking->amount.code[i] | 0x20);
	buf_init(&form, LIMIT_FORM_BYTES);
	snprintf(path, sizeof(path), "/v1/subscriptions/%s", asking->subscription);
	snprintf(amount, sizeof(amount), "%lld", (long long) asking->amount.minor);
	stripe_add(&form, "items[0][id]", http_json_text(item, "id"));
	stripe_add(&form, "items[0][price_data][currency]", str_from(code));
	stripe_add(&form, "items[0][price_data][product]", product);
	stripe_add(&form, "items[0][price_data][recurring][interval]",
		asking->frequency == FREQUENCY_ANNUAL ? STR("year") : STR("month"));
	stripe_add(&form, "items[0][price_data][unit_amount]", str_from(amount));
	stripe_add(&form, "proration_behavior", STR("none"));
	return post(asking, path, &form, f);
}

static bool open_portal(struct asking *asking, const json_t *subscription, struct fault *f)
{
	const json_t *customer = json_object_get(subscription, "customer");
	struct str id = json_is_object(customer) ? http_json_text(customer, "id") : http_json_text(subscription, "customer");
	struct buf form;

	if (id.len == 0)
		return fault_set(f, FAULT_MISSING, "the payment provider names no customer");
	buf_init(&form, LIMIT_FORM_BYTES);
	stripe_add(&form, "customer", id);
	stripe_add(&form, "return_url", str_from(asking->back_url));
	if (asking->language[0] != '\0')
		stripe_add(&form, "locale", str_from(asking->language));
	return post(asking, "/v1/billing_portal/sessions", &form, f);
}

static void called(void *self, const struct http_reply *reply, const struct fault *failed)
{
	struct asking *asking = self;
	struct rail_answer answer = {0};
	struct fault f = {0};
	json_t *json = NULL;
	bool ok = stripe_reply(reply, failed, &json, &f);

	if (!ok && f.kind == FAULT_MISSING && (asking->what == LOOK_UP || asking->what == CANCEL)) {
		fault_clear(&f); /* gone there is gone */
		ok = true;
		answer.standing = RAIL_HAS_ENDED;
	} else if (ok && (asking->what == CHANGE || asking->what == PORTAL) && !asking->is_second_call) {
		asking->is_second_call = true;
		ok = asking->what == CHANGE ? change_item(asking, json, &f) : open_portal(asking, json, &f);
		json_decref(json);
		if (!ok)
			end(asking, NULL, &f);
		return;
	} else if (ok && asking->what == PORTAL) {
		answer.url = http_json_text(json, "url");
		ok = rail_is_page_of(asking->line->support->settings->stripe_portal, answer.url) ||
			fault_set(&f, FAULT_UNCERTAIN, "the provider's portal is not where [support] stripe_portal says");
	} else if (ok) {
		read_standing(json, &answer);
	}
	end(asking, &answer, ok ? NULL : &f);
	json_decref(json);
}

static void start(struct asking *asking, const char *method, bool with_card)
{
	char path[240];
	struct fault f = {0};

	snprintf(path, sizeof(path), "/v1/subscriptions/%s%s", asking->subscription,
		with_card ? "?expand%5B%5D=default_payment_method" : "");
	if (!stripe_call(asking->line, method, path, (struct str){NULL, 0}, (struct str){NULL, 0}, called, asking, &f))
		end(asking, NULL, &f);
}

void stripe_look_up(struct rail_line *line, struct str subscription, rail_done *done, void *self)
{
	struct asking *asking = new_asking(line, subscription, done, self);

	asking->what = LOOK_UP;
	start(asking, "GET", true);
}

void stripe_cancel(struct rail_line *line, struct str subscription, rail_done *done, void *self)
{
	struct asking *asking = new_asking(line, subscription, done, self);

	asking->what = CANCEL;
	start(asking, "DELETE", false);
}

void stripe_change(struct rail_line *line, struct str subscription, const struct rail_order *to, rail_done *done, void *self)
{
	struct asking *asking = new_asking(line, subscription, done, self);

	asking->what = CHANGE;
	asking->amount = to->amount;
	asking->frequency = to->frequency;
	snprintf(asking->key, sizeof(asking->key), "%.*s", STR_ARG(to->key));
	start(asking, "GET", false);
}

void stripe_pause(struct rail_line *line, struct str subscription, bool is_paused, rail_done *done, void *self)
{
	struct asking *asking = new_asking(line, subscription, done, self);
	char path[200];
	struct buf form;
	struct fault f = {0};

	asking->what = PAUSE;
	snprintf(path, sizeof(path), "/v1/subscriptions/%s", asking->subscription);
	buf_init(&form, LIMIT_FORM_BYTES);
	if (is_paused)
		stripe_add(&form, "pause_collection[behavior]", STR("void"));
	else
		stripe_add(&form, "pause_collection", STR(""));
	if (!post(asking, path, &form, &f))
		end(asking, NULL, &f);
}

void stripe_portal(struct rail_line *line, struct str subscription, struct str back_url, struct str language, rail_done *done,
	void *self)
{
	struct asking *asking = new_asking(line, subscription, done, self);

	asking->what = PORTAL;
	asking->back_url = memory_new(back_url.len + 1, 1);
	if (back_url.len > 0)
		memcpy(asking->back_url, back_url.at, back_url.len);
	snprintf(asking->language, sizeof(asking->language), "%.*s", STR_ARG(language));
	start(asking, "GET", false);
}
