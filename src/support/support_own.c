/* support_own.c: a supporter's own page, by the keep-this link: what was given, and every button on it.
 *
 * Decides: what can be done in which state. Leaves to others: ending (support_manage.c), asking the provider for a change
 * (support_change.c), the address and erasing (support_contact.c), receipts. Runs in: support. The hard thing: whoever has the link
 * has the power, so a GET changes nothing and shows no address; and what the page says is what the rows say, never what was hoped.
 * SPDX-License-Identifier: ISC */
#include "support_own.h"
#include "support_push.h"

#include "base/arena.h"
#include "base/email.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/rand.h"
#include "gen/support_sql.h"
#include "press/locale.h"
#include "press/value.h"
#include "store/store.h"
#include "support_contact.h"
#include "support_receipt.h"

enum { GIVEN_SHOWN = 60, TYPED_BYTES = 64 };

/* One page. */
struct own {
	struct support *support;
	struct http_request *rq;
	struct arena *arena;
	const struct locale *locale;
	const struct support_checkout *checkout;
	const struct support_mandate *mandate;
	struct press_value *root;
};

static struct str word(const struct own *is, const char *key)
{
	return locale_text(is->locale, key);
}

static struct str write(const struct own *is, const char *key, int32_t day)
{
	struct civil civil = clock_civil_utc(clock_from_utc_day(day));
	const struct locale_pair pairs[] = {{"amount", locale_money(is->locale, is->checkout->amount, true, is->arena)},
		{"newsroom", is->support->settings->name}, {"date", locale_date(is->locale, &civil, is->arena)}, {NULL, {NULL, 0}}};

	return locale_format(is->locale, key, is->arena, pairs);
}

static void begin(struct own *is, struct support *support, struct http_request *rq, const struct support_checkout *checkout,
	const struct support_mandate *mandate)
{
	struct page page = {.language = checkout->language, .depth = 2};

	*is = (struct own){.support = support, .rq = rq, .arena = http_arena(rq), .checkout = checkout, .mandate = mandate,
		.locale = page_locale(support->room->theme, support->settings, checkout->language)};
	page.title = word(is, "support_manage_title");
	is->root = page_values(support->room->theme, support->settings, &page, is->arena);
	/* The page stands at its own action: "TOKEN" relative to itself. */
	press_set_text(is->root, "action", http_part(rq, "token"));
}

static void answer(struct own *is, int status)
{
	page_answer(is->support->room, is->rq, status, "manage", is->root);
}

static void fail(struct http_request *rq, const struct fault *f, const char *what)
{
	log_fault(f, what);
	http_answer_fault(rq, f);
}

/* --- what it shows --- */

static void set_heading(struct own *is, const char *heading, const char *sentence)
{
	press_set_text(is->root, "heading", write(is, heading, 0));
	press_set_text(is->root, "sentence", write(is, sentence, 0));
}

static void set_state(struct own *is, int32_t paused_until)
{
	static const char *const running[FREQUENCY_COUNT] = {
		"support_manage_once", "support_manage_monthly", "support_manage_annual"};
	const char *heading = running[is->checkout->frequency];

	if (is->mandate->id == 0)
		set_heading(is, heading, is->checkout->frequency == FREQUENCY_ONCE ? "support_manage_once_sentence" : "support_manage_not_yet");
	else if (is->mandate->state == MANDATE_ENDED)
		set_heading(is, "support_manage_ended", "support_manage_ended_sentence");
	else if (mandate_runs(is->mandate->state))
		set_heading(is, heading, "support_own_sentence");
	else
		set_heading(is, "support_manage_doubt", "support_manage_doubt_sentence");
	if (paused_until > 0)
		press_set_text(is->root, "sentence", write(is, "manage_paused", paused_until));
}

static bool add_given(struct own *is, struct press_value *held, struct fault *f)
{
	struct press_value *list = press_set_list(held, "given");
	struct store_rows rows;
	bool ok = store_rows_begin(is->support->db, SUPPORT_SQL_CONTRIBUTION_OF_CHECKOUT,
		STORE_ARGS(store_i64(is->checkout->id), store_i64(GIVEN_SHOWN)), &rows, f);

	while (ok && store_rows_next(&rows, f)) {
		struct civil day = clock_civil_utc(clock_from_utc_day((int32_t) store_column_i64(&rows, 1)));
		struct money amount = {store_column_i64(&rows, 2), ""};
		struct str code = store_column_text(&rows, 3);
		enum contribution_state state = CONTRIBUTION_BOOKED;
		struct press_value *item = press_add_map(list);

		memcpy(amount.code, code.at, code.len < 3 ? code.len : 3);
		(void) contribution_state_from(store_column_text(&rows, 4), &state);
		press_set_text(item, "href", str_format(is->arena, "../receipt/%.*s/%s", STR_ARG(http_part(is->rq, "token")),
			support_receipt_name(store_column_i64(&rows, 0), is->arena)));
		press_set_text(item, "amount", locale_money(is->locale, amount, false, is->arena));
		press_set_text(item, "date", locale_date(is->locale, &day, is->arena));
		if (state == CONTRIBUTION_PART_REFUNDED)
			press_set_text(item, "state", word(is, "manage_given_part"));
		else if (state == CONTRIBUTION_REFUNDED || state == CONTRIBUTION_LOST)
			press_set_text(item, "state", word(is, "manage_given_back"));
	}
	press_set_bool(held, "has_given", press_value_count(list) > 0);
	return store_rows_end(&rows) && ok &&
		support_list_receipts(is->support, is->checkout->id, http_part(is->rq, "token"), is->checkout->language, held, is->arena, f);
}

bool support_add_contact(struct support *support, struct press_value *root, const struct locale *locale,
	const struct support_checkout *checkout, bool comes_back, struct str action, struct fault *f)
{
	const struct rail_line *line = rail_find(support, checkout->rail);
	struct press_value *contact;
	bool has = false;

	if (!support_has_contact(support, checkout->id, &has, f))
		return false;
	contact = press_set_map(root, "contact");
	press_set_bool(contact, "has", has);
	press_set_text(contact, "action", action);
	press_set_text(contact, "sentence", locale_text(locale,
		!comes_back ? "support_contact_once" : line == NULL || line->rail->pulls ? "support_contact_running" : "pay_remind_sentence"));
	return true;
}

/* What a running gift offers; nothing while a wish of it is on its way. */
static void add_changes(struct own *is, struct press_value *held, bool is_paused)
{
	struct support_can can = support_can(is->support, is->checkout);
	const struct locale_pair pairs[] = {{"currency", page_currency_name(is->locale, str_from(is->checkout->amount.code))},
		{NULL, {NULL, 0}}};
	struct press_value *form;

	if (can.change) {
		form = press_set_map(held, "amount_form");
		press_set_text(form, "label", locale_format(is->locale, "manage_amount_label", is->arena, pairs));
		press_set_text(form, "own", support_amount_text(is->locale, is->checkout->amount, is->arena));
	}
	press_set_text(held, "anew", word(is, can.change ? "manage_often_heading" : "manage_anew_heading"));
	press_set_bool(held, "has_card", can.card);
	if (can.pause) {
		form = press_set_map(held, "pause_form");
		press_set_bool(form, "is_paused", is_paused);
	}
}

static bool fill(struct own *is, struct fault *f)
{
	struct press_value *held = press_set_map(is->root, "held");
	bool is_running = is->mandate->id != 0 && is->mandate->state != MANDATE_ENDED;
	bool is_active = is->mandate->id != 0 && mandate_runs(is->mandate->state);
	struct support_change change;
	int32_t paused_until = 0;
	bool is_asking = false;

	if (is_active && (!support_find_change(is->support, is->mandate->id, &change, &is_asking, f) ||
		!support_find_pause(is->support, is->mandate->id, &paused_until, f)))
		return false;
	set_state(is, paused_until);
	if (is_asking)
		press_set_text(is->root, "notice", word(is, "manage_asking"));
	else if (is_active)
		add_changes(is, held, paused_until > 0);
	press_set_bool(held, "can_cancel", is_active);
	press_set_bool(held, "at_bank", is_active && str_is(is->checkout->rail, "bank")); /* where a standing order may run */
	press_set_bool(held, "can_erase", !is_running && (is->mandate->id != 0 || is->checkout->frequency == FREQUENCY_ONCE));
	return add_given(is, held, f) &&
		support_add_renew(is->support, held, is->locale, is->checkout, is->mandate, http_part(is->rq, "token"), is->arena, f) &&
		support_add_contact(is->support, held, is->locale, is->checkout, is->checkout->frequency != FREQUENCY_ONCE &&
			is->mandate->state != MANDATE_ENDED, http_part(is->rq, "token"), f);
}

void support_answer_own(struct support *support, struct http_request *rq, int status, const struct support_checkout *checkout,
	const struct support_mandate *mandate, struct str notice)
{
	struct fault f = {0};
	struct own is;

	begin(&is, support, rq, checkout, mandate);
	if (!fill(&is, &f)) {
		fail(rq, &f, "a supporter's own page");
		return;
	}
	if (notice.len > 0)
		press_set_text(is.root, "notice", notice);
	answer(&is, status);
}

/* The rows behind the link; answers itself when it is none. A reference that was erased does not open, and is not needed. */
static bool find(struct support *support, struct http_request *rq, struct support_checkout *checkout,
	struct support_mandate *mandate)
{
	struct fault f = {0};
	bool found = false;

	if (!support_find_checkout(
			support, SUPPORT_BY_MANAGE, http_part(rq, "token"), http_arena(rq), checkout, &found, &f) ||
		(found && !support_find_mandate(support, checkout->id, false, http_arena(rq), mandate, &f)) ||
		(found && mandate->id != 0 && mandate->state != MANDATE_ENDED &&
			!support_find_mandate(support, checkout->id, true, http_arena(rq), mandate, &f))) {
		fail(rq, &f, "finding a mandate");
		return false;
	}
	if (!found)
		support_answer_unknown(support, rq);
	return found;
}

void support_get_manage(struct http_request *rq, void *self)
{
	struct support *support = ((struct room *) self)->self;
	struct support_checkout checkout;
	struct support_mandate mandate;

	if (find(support, rq, &checkout, &mandate))
		support_answer_own(support, rq, 200, &checkout, &mandate, (struct str){NULL, 0});
}

/* --- buttons --- */

static void press_contact(struct own *is)
{
	struct str typed = str_trim(http_field(is->rq, "email"));
	struct str token = http_part(is->rq, "token");
	struct email email;
	struct fault f = {0};

	if (email_parse(typed, &email, &f)) {
		if (support_set_contact(is->support, is->checkout->id, token, &email, is->checkout->language, &f))
			support_answer_own(is->support, is->rq, 200, is->checkout, is->mandate, word(is, "support_contact_done"));
		else
			fail(is->rq, &f, "keeping a supporter's address");
		return;
	}
	fault_clear(&f);
	if (!fill(is, &f)) {
		fail(is->rq, &f, "a supporter's own page");
		return;
	}
	press_set_text(is->root, "contact_typed", str_part(typed, 0, EMAIL_BYTES));
	press_set_text(is->root, "contact_error", word(is, "support_remind_error"));
	answer(is, 422);
}

static void press_no_contact(struct own *is)
{
	struct fault f = {0};

	if (support_drop_contact(is->support, is->checkout->id, &f))
		support_answer_own(is->support, is->rq, 200, is->checkout, is->mandate, word(is, "support_contact_dropped"));
	else
		fail(is->rq, &f, "erasing a supporter's address");
}

static bool may_change(const struct own *is, bool can)
{
	return can && is->mandate->id != 0 && mandate_runs(is->mandate->state);
}

static void press_amount(struct own *is)
{
	struct support_change change = {.kind = CHANGE_AMOUNT};
	struct str own = str_part(http_field(is->rq, "own"), 0, TYPED_BYTES), error;
	struct support_gift gift = {.frequency = is->checkout->frequency, .rail = is->checkout->rail};
	struct fault f = {0};

	if (!may_change(is, support_can(is->support, is->checkout).change)) {
		support_answer_own(is->support, is->rq, 409, is->checkout, is->mandate, (struct str){NULL, 0});
		return;
	}
	if (support_read_amount(is->support->settings, is->locale, gift.frequency, (struct str){NULL, 0}, own, &gift.amount, &error,
			is->arena) &&
		support_weigh_fee(is->support->settings, is->locale, false, &gift, &error, is->arena)) {
		change.amount_minor = gift.amount.minor;
		support_begin_change(is->support, is->rq, is->checkout, is->mandate, &change);
		return;
	}
	if (!fill(is, &f)) {
		fail(is->rq, &f, "a supporter's own page");
		return;
	}
	press_set_text(is->root, "amount_typed", own);
	press_set_text(is->root, "amount_error", error);
	answer(is, 422);
}

static void press_pause(struct own *is)
{
	struct support_change change = {.kind = CHANGE_PAUSE};
	struct str months = http_field(is->rq, "months");
	int count = str_is(months, "1") ? 1 : str_is(months, "3") ? 3 : str_is(months, "6") ? 6 : 0;

	if (count == 0 || !may_change(is, support_can(is->support, is->checkout).pause)) {
		support_answer_own(is->support, is->rq, count == 0 ? 422 : 409, is->checkout, is->mandate, (struct str){NULL, 0});
		return;
	}
	change.until_day = support_reminder_day(clock_now(), count).due_day;
	support_begin_change(is->support, is->rq, is->checkout, is->mandate, &change);
}

static void press_resume(struct own *is)
{
	struct support_change change = {.kind = CHANGE_RESUME};
	struct fault f = {0};
	int32_t until = 0;

	if (!support_find_pause(is->support, is->mandate->id, &until, &f))
		fail(is->rq, &f, "a pause");
	else if (until == 0 || !may_change(is, true))
		support_answer_own(is->support, is->rq, 200, is->checkout, is->mandate, (struct str){NULL, 0});
	else
		support_begin_change(is->support, is->rq, is->checkout, is->mandate, &change);
}

/* The coupon, with this gift's choice; the new one takes its place. */
static void press_anew(struct own *is)
{
	struct page_coupon coupon = {.frequency = is->checkout->frequency, .is_given = true, .notice = word(is, "support_instead"),
		.instead = http_part(is->rq, "token"), .rail = is->checkout->rail};

	if (!may_change(is, true)) {
		support_answer_own(is->support, is->rq, 409, is->checkout, is->mandate, (struct str){NULL, 0});
		return;
	}
	support_answer_coupon(is->support, is->rq, 200, is->checkout->language, &coupon);
}

static void press_card(struct own *is)
{
	if (may_change(is, support_can(is->support, is->checkout).card))
		support_open_portal(is->support, is->rq, is->checkout, is->mandate);
	else
		support_answer_own(is->support, is->rq, 409, is->checkout, is->mandate, (struct str){NULL, 0});
}

static void press_erase(struct own *is)
{
	struct press_value *ask = press_set_map(is->root, "ask");

	press_set_text(is->root, "heading", word(is, "manage_erase_heading"));
	press_set_text(is->root, "sentence", word(is, "manage_erase_ask"));
	press_set_c(ask, "do", "erase-now");
	press_set_text(ask, "button", word(is, "manage_erase_now"));
	press_set_text(ask, "back", word(is, "manage_erase_keep"));
	answer(is, 200);
}

/* No link leads to the rows any more, nor to those of its later invoices. */
static bool unlink_checkouts(struct support *support, int64_t first, struct fault *f)
{
	unsigned char nowhere[2][SEAL_HASH_BYTES];
	int64_t id = first, after = 0;

	while (id != 0) {
		rand_bytes(nowhere, sizeof(nowhere));
		if (!store_run(support->db, SUPPORT_SQL_CHECKOUT_UNLINK, STORE_ARGS(store_i64(id),
				store_blob(str_make(nowhere[0], SEAL_HASH_BYTES)), store_blob(str_make(nowhere[1], SEAL_HASH_BYTES))), NULL, f) ||
			!store_number(support->db, SUPPORT_SQL_CHECKOUT_LATER, STORE_ARGS(store_i64(first), store_i64(after)), &id, f))
			return false;
		after = id;
	}
	return true;
}

static void press_erase_now(struct own *is)
{
	struct fault f = {0};

	if (!support_erase_supporter(is->support, is->checkout->id, &f)) {
		if (f.kind == FAULT_CONFLICT)
			support_answer_own(is->support, is->rq, 409, is->checkout, is->mandate, word(is, "manage_erase_first"));
		else
			fail(is->rq, &f, "erasing a supporter");
		return;
	}
	if (!unlink_checkouts(is->support, is->checkout->id, &f)) {
		fail(is->rq, &f, "erasing a supporter");
		return;
	}
	press_set_text(is->root, "heading", word(is, "manage_erased_title"));
	press_set_text(is->root, "sentence", write(is, "manage_erased", 0));
	answer(is, 200);
}

static void press_cancel(struct own *is)
{
	if (may_change(is, true))
		support_cancel(is->support, is->rq, is->checkout, is->mandate);
	else
		support_answer_own(is->support, is->rq, 200, is->checkout, is->mandate, (struct str){NULL, 0});
}

void support_post_manage(struct http_request *rq, void *self)
{
	static const struct {
		const char *what;
		void (*press)(struct own *is);
	} buttons[] = {{"", press_cancel}, {"cancel", press_cancel}, {"contact", press_contact}, {"no-contact", press_no_contact},
		{"amount", press_amount}, {"pause", press_pause}, {"resume", press_resume}, {"anew", press_anew},
		{"card", press_card}, {"erase", press_erase},
		{"erase-now", press_erase_now}};
	struct support *support = ((struct room *) self)->self;
	struct support_checkout *checkout = arena_alloc(http_arena(rq), sizeof(*checkout));
	struct support_mandate *mandate = arena_alloc(http_arena(rq), sizeof(*mandate));
	struct str what = http_field(rq, "do");
	struct fault f = {0};
	struct own is;

	if (checkout == NULL || mandate == NULL || http_is_cross_site(rq)) {
		fault_set(&f, FAULT_DENIED, "%s", locale_text(page_locale(support->room->theme, support->settings,
			(struct str){NULL, 0}), "support_cross_site").at);
		http_answer_fault(rq, &f);
		return;
	}
	if (!find(support, rq, checkout, mandate))
		return;
	begin(&is, support, rq, checkout, mandate);
	for (size_t i = 0; i < sizeof(buttons) / sizeof(buttons[0]); i++)
		if (str_is(what, buttons[i].what)) {
			buttons[i].press(&is);
			return;
		}
	support_answer_own(support, rq, 422, checkout, mandate, (struct str){NULL, 0});
}
