/* stripe_asks.c: what Stripe is asked after it told: fees, refunds, a payout's parts, why a renewal failed.
 *
 * Decides: which list answers which question, page by page. Leaves to others: when it is asked (support_asks.c), what the
 * objects say (stripe_events.c). Runs in: support. The hard thing: none; a GET may be repeated, and its facts have ids that
 * do not depend on when it was asked.
 * SPDX-License-Identifier: ISC */
#include "base/arena.h"
#include "base/fault.h"
#include "stripe_inside.h"
#include "support_inside.h"

enum { ARENA_BYTES = 8 * 1024 * 1024, MOST_PAGES = 50 };

struct asking {
	struct rail_line *line;
	rail_done *done;
	void *self;
	char word[16], id[128];
	struct arena arena;
	struct facts_list list;
	unsigned pages;
};

static void end(struct asking *asking, const struct fault *f)
{
	const struct rail_answer answer = {.facts = asking->list.at, .facts_count = asking->list.count};

	asking->done(asking->self, f == NULL ? &answer : NULL, f);
	arena_release(&asking->arena);
	memory_free(asking);
}

static bool is(const struct asking *asking, const char *word)
{
	return str_is(str_from(asking->word), word);
}

static bool call(struct asking *asking, struct str after, struct fault *f);

/* Of a page of a list: its objects' facts, and the last one's id. */
static bool read_page(struct asking *asking, const json_t *json, struct str *last, bool *has_more, struct fault *f)
{
	const json_t *data = json_object_get(json, "data");
	bool ok = true;

	if (!json_is_array(data))
		return fault_set(f, FAULT_REMOTE, "the payment provider's list cannot be read");
	for (size_t i = 0; ok && i < json_array_size(data); i++) {
		const json_t *one = json_array_get(data, i);

		*last = http_json_text(one, "id");
		ok = is(asking, "refunds") ? stripe_refund_facts(one, 0, &asking->arena, &asking->list) :
			stripe_part_facts(str_from(asking->id), one, &asking->arena, &asking->list);
	}
	*has_more = json_is_true(json_object_get(json, "has_more")) && last->len > 0 && last->len < 100;
	return ok || fault_full(f, "the payment provider's list");
}

static void called(void *self, const struct http_reply *reply, const struct fault *failed)
{
	struct asking *asking = self;
	struct fault f = {0};
	json_t *json = NULL;
	struct str last = {NULL, 0};
	bool has_more = false;
	int64_t now_s = clock_now().us / 1000000;
	bool ok = stripe_reply(reply, failed, &json, &f);

	if (ok && is(asking, "fee"))
		ok = stripe_fee_facts(json, now_s, &asking->arena, &asking->list) || fault_full(&f, "the payment provider's answer");
	else if (ok && is(asking, "reason"))
		ok = stripe_reason_facts(str_from(asking->id), json, now_s, &asking->arena, &asking->list) ||
			fault_full(&f, "the payment provider's answer");
	else if (ok)
		ok = read_page(asking, json, &last, &has_more, &f);
	if (ok && has_more && ++asking->pages < MOST_PAGES) {
		ok = call(asking, last, &f);
		json_decref(json);
		if (!ok)
			end(asking, &f);
		return;
	}
	for (size_t i = 0; i < asking->list.count; i++)
		asking->list.at[i].live = asking->line->support->settings->live; /* it was asked with this house's key */
	end(asking, ok ? NULL : &f);
	json_decref(json);
}

static bool call(struct asking *asking, struct str after, struct fault *f)
{
	struct str id = str_from(asking->id);
	char path[400], more[140] = "";

	if (after.len > 0)
		snprintf(more, sizeof(more), "&starting_after=%.*s", STR_ARG(after));
	if (is(asking, "fee"))
		snprintf(path, sizeof(path), "/v1/balance_transactions/%.*s", STR_ARG(id));
	else if (is(asking, "refunds"))
		snprintf(path, sizeof(path), "/v1/refunds?charge=%.*s&limit=100%s", STR_ARG(id), more);
	else if (is(asking, "payout"))
		snprintf(path, sizeof(path), "/v1/balance_transactions?payout=%.*s&limit=100%s", STR_ARG(id), more);
	else if (is(asking, "reason"))
		snprintf(path, sizeof(path), "/v1/invoice_payments?invoice=%.*s&expand%%5B%%5D=data.payment.payment_intent", STR_ARG(id));
	else
		return fault_set(f, FAULT_MISSING, "the payment provider cannot be asked for that");
	return stripe_call(asking->line, "GET", path, (struct str){NULL, 0}, (struct str){NULL, 0}, called, asking, f);
}

void stripe_ask(struct rail_line *line, struct str what, rail_done *done, void *self)
{
	struct asking *asking = memory_new(1, sizeof(*asking));
	struct str rest = what, word = {NULL, 0};
	struct fault f = {0};

	asking->line = line;
	asking->done = done;
	asking->self = self;
	arena_init(&asking->arena, "stripe ask", ARENA_BYTES);
	(void) str_next(&rest, ':', &word);
	snprintf(asking->word, sizeof(asking->word), "%.*s", STR_ARG(word));
	snprintf(asking->id, sizeof(asking->id), "%.*s", STR_ARG(rest));
	if (!call(asking, (struct str){NULL, 0}, &f))
		end(asking, &f);
}
