/* newsletter_notice.c: mails to supporters: thanks, a debit that comes or failed, an end, a refund.
 *
 * Decides: which kinds there are and the words of each. Leaves to support: whom, when, and that it is told once; to
 * newsletter_mail.c: headers, MIME, the signature. Runs in: the newsletter room. The hard thing: the row must say no more than
 * any other: what the mail needs (sum, day, links) is one sealed value beside the address, in a row that looks like a
 * reminder's, and goes with it when the mail is accepted.
 * SPDX-License-Identifier: ISC */
#include "newsletter_notice.h"

#include "base/arena.h"
#include "base/fault.h"
#include "newsletter_inside.h"
#include "press/locale.h"
#include "press/value.h"

static const char notice_domain[] = "newsletter.notice";

/* name as support gives it; whether its button leads to the receipt */
static const struct notice {
	const char *name;
	const char *subject, *heading, *sentence, *button;
	bool is_receipt, is_money;
} notices[] = {
	{"thanks", "mail_thanks_subject", "mail_thanks_heading", "mail_thanks_sentence", "mail_receipt_button", true, true},
	{"renewed", "mail_renewed_subject", "mail_renewed_heading", "mail_renewed_sentence", "mail_receipt_button", true, true},
	{"upcoming", "mail_upcoming_subject", "mail_upcoming_heading", "mail_upcoming_sentence", "mail_support_button", false, true},
	{"failed", "mail_failed_subject", "mail_failed_heading", "mail_failed_sentence", "mail_support_button", false, false},
	{"failed_last", "mail_failed_last_subject", "mail_failed_last_heading", "mail_failed_last_sentence", "mail_support_button",
		false, false},
	{"expiring", "mail_expiring_subject", "mail_expiring_heading", "mail_expiring_sentence", "mail_support_button", false, false},
	{"cancelled", "mail_cancelled_subject", "mail_cancelled_heading", "mail_cancelled_sentence", "mail_support_button", false, false},
	{"refunded", "mail_refunded_subject", "mail_refunded_heading", "mail_refunded_sentence", "mail_receipt_button", true, false},
	{"claim", "mail_refunded_subject", "mail_refunded_heading", "mail_claim_sentence", "mail_receipt_button", true, false},
	{"asked", "mail_asked_subject", "mail_asked_heading", "mail_asked_sentence", "mail_support_button", false, false},
	{"paused", "mail_paused_subject", "mail_paused_heading", "mail_paused_sentence", "mail_support_button", false, false},
};

static const struct notice *find(struct str name)
{
	for (size_t i = 0; i < sizeof(notices) / sizeof(notices[0]); i++)
		if (str_is(name, notices[i].name))
			return &notices[i];
	return NULL;
}

bool newsletter_is_notice(const struct outgoing *outgoing)
{
	return outgoing->kind == OUTGOING_REMINDER && outgoing->url[0] == '{'; /* a reminder's begins with http */
}

static bool is_url(struct str url)
{
	return (str_starts(url, STR("https://")) || str_starts(url, STR("http://"))) && !str_has_control(url);
}

/* What the mail needs, as short text: it must fit one sealed value. */
static struct str pack(const json_t *order, struct arena *arena)
{
	json_t *short_one = json_object();
	struct str out;

	json_object_set_new(short_one, "k", http_json_str(http_json_text(order, "kind")));
	json_object_set_new(short_one, "a", http_json_str(http_json_text(order, "amount")));
	json_object_set_new(short_one, "d", http_json_str(http_json_text(order, "date")));
	json_object_set_new(short_one, "m", http_json_str(http_json_text(order, "manage_url")));
	if (http_json_text(order, "receipt_url").len > 0)
		json_object_set_new(short_one, "r", http_json_str(http_json_text(order, "receipt_url")));
	if (json_is_true(json_object_get(order, "on_statement"))) /* the money shows on a card's or an account's statement under our name */
		json_object_set_new(short_one, "s", json_true());
	out = http_json_write(short_one, arena);
	json_decref(short_one);
	return out;
}

static bool check(const json_t *order, struct str *key, struct str *to, struct fault *f)
{
	struct str kind, amount, date, manage;
	struct str receipt = http_json_text(order, "receipt_url");

	if (!http_json_need_text(order, "key", key, f) || !http_json_need_text(order, "to", to, f) ||
		!http_json_need_text(order, "kind", &kind, f) || !http_json_need_text(order, "amount", &amount, f) ||
		!http_json_need_text(order, "date", &date, f) || !http_json_need_text(order, "manage_url", &manage, f))
		return false;
	if (find(kind) == NULL)
		return fault_set(f, FAULT_INPUT, "there is no notice of the kind %.*s", STR_ARG(str_part(kind, 0, 40)));
	if (key->len < 16 || key->len > 128)
		return fault_set(f, FAULT_INPUT, "a notice needs a key of 16 to 128 characters");
	if (http_json_text(order, "language").len >= LANGUAGE_BYTES || str_has_control(amount) || str_has_control(date))
		return fault_set(f, FAULT_INPUT, "the language, sum or day of a notice cannot be taken");
	if (!is_url(manage) || (receipt.len > 0 && !is_url(receipt)))
		return fault_set(f, FAULT_INPUT, "a notice needs absolute URLs");
	return true;
}

bool newsletter_take_notice(struct newsletter *n, const json_t *order, struct fault *f)
{
	unsigned char key_hash[SEAL_INDEX_BYTES], address[SEAL_BYTES], sealed[SEAL_BYTES];
	int64_t day = clock_utc_day(clock_now()), changed = 0;
	struct store *db = n->room->db;
	struct str key, to;
	struct email email;
	struct arena arena;
	bool ok;

	arena_init(&arena, "notice", 16 * 1024);
	ok = check(order, &key, &to, f) && email_parse(to, &email, f) && seal(n->sealer, email_text(&email), address, f) &&
		seal(n->sealer, pack(order, &arena), sealed, f) && store_begin(db, f);
	if (ok) {
		seal_index(n->index_key, notice_domain, key, key_hash);
		ok = store_run(db, NEWSLETTER_SQL_REMINDER_INSERT,
			STORE_ARGS(store_blob(str_make(key_hash, sizeof(key_hash))), store_i64(day)), &changed, f);
		if (ok && changed > 0)
			ok = store_run(db, NEWSLETTER_SQL_DELIVERY_INSERT,
				STORE_ARGS(store_i64(rand_id()), store_text(outgoing_kind_name(OUTGOING_REMINDER)), store_null(), store_null(),
					store_blob(str_make(address, sizeof(address))), store_blob(str_make(sealed, sizeof(sealed))),
					store_text(http_json_text(order, "language")), store_text(delivery_state_name(DELIVERY_QUEUED)), store_i64(day)),
				NULL, f);
		ok = store_end(db, ok, f);
	}
	arena_release(&arena);
	if (ok)
		newsletter_sender_poke(n);
	return ok;
}

bool newsletter_fill_notice(const struct newsletter *n, const struct outgoing *outgoing, const struct locale *locale,
	struct press_value *root, struct arena *arena, struct str *subject, struct fault *f)
{
	const struct settings *is = &n->room->settings;
	const struct notice *notice;
	struct locale_pair pairs[5] = {{"newsroom", is->name}, {"statement", is->statement}};
	struct str manage, receipt;
	json_t *json = NULL;
	bool on_statement;

	if (!http_json_parse(str_from(outgoing->url), &json, f))
		return false;
	notice = find(http_json_text(json, "k"));
	if (notice == NULL) {
		json_decref(json);
		return fault_set(f, FAULT_INPUT, "a notice is of an unknown kind");
	}
	pairs[2] = (struct locale_pair){"amount", str_copy(http_json_text(json, "a"), arena)};
	pairs[3] = (struct locale_pair){"date", str_copy(http_json_text(json, "d"), arena)};
	manage = str_copy(http_json_text(json, "m"), arena);
	receipt = str_copy(http_json_text(json, "r"), arena);
	on_statement = json_is_true(json_object_get(json, "s"));
	json_decref(json);
	*subject = locale_format(locale, notice->subject, arena, pairs);
	press_set_text(root, "heading", locale_format(locale, notice->heading, arena, pairs));
	press_set_text(root, "sentence", locale_format(locale, notice->sentence, arena, pairs));
	press_set_text(root, "button", locale_text(locale, notice->is_receipt && receipt.len > 0 ? notice->button : "mail_support_button"));
	press_set_text(root, "url", notice->is_receipt && receipt.len > 0 ? receipt : manage);
	press_set_text(root, "manage_url", manage);
	press_set_text(root, "manage_label", locale_text(locale, "mail_support_manage"));
	if (notice->is_money && on_statement && is->statement.len > 0)
		press_set_text(root, "statement_line", locale_format(locale, "support_statement", arena, pairs));
	press_set_text(root, "why", locale_format(locale, "mail_support_why", arena, pairs));
	return true;
}
