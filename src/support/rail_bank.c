/* rail_bank.c: bank transfers: pushed; a reference of its own for each gift, statements that the treasurer brings.
 *
 * Decides: what a reader is told to transfer, and which lines of a statement are gifts. Leaves to others: the code
 * (bank_reference.c), the statement's XML (mimeo-camt). Runs in: support. The hard thing: a transfer whose reference cannot be
 * read is money all the same: it is kept without a checkout, and a person says whose it is.
 * SPDX-License-Identifier: ISC */
#include <sodium.h>
#include <stdio.h>
#include "bank.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/iban.h"
#include "press/locale.h"
#include "press/value.h"
#include "qr.h"
#include "rail_wire.h"
#include "support_inside.h"
#include "support_push.h"

enum { SVG_BYTES = 64 * 1024, NAME_HASH = 16, SHOWN_IBAN = IBAN_CHARS + IBAN_CHARS / 4 + 1 };

static bool bank_open(struct rail_line *line, struct fault *f)
{
	(void) f;
	if (line->support->settings->bank_iban.len == 0)
		return rail_off(line, "mimeo.conf has no [support] bank_iban: write the account for transfers there, and bank_name");
	line->is_on = true;
	return true;
}

static void bank_create(struct rail_line *line, const struct rail_order *order, rail_done *done, void *self)
{
	char reference[BANK_REFERENCE_CHARS + 1];
	struct rail_answer answer = {.url = {NULL, 0}};

	bank_write_reference(line->support->index_key, order->checkout, reference);
	answer.reference = str_from(reference);
	done(self, &answer, NULL);
}

/* In groups of four. */
static void show_iban(const char *iban, char out[SHOWN_IBAN + 1])
{
	size_t at = 0;

	for (size_t i = 0; iban[i] != '\0' && at < SHOWN_IBAN - 1; i++) {
		if (i > 0 && i % 4 == 0)
			out[at++] = ' ';
		out[at++] = iban[i];
	}
	out[at] = '\0';
}

static bool bank_instruct(struct rail_line *line, const struct rail_order *order, const struct locale *locale, struct press_value *root,
	struct arena *arena, struct fault *f)
{
	const struct settings *settings = line->support->settings;
	char reference[BANK_REFERENCE_CHARS + 1], shown[BANK_SHOWN_CHARS + 1], iban[IBAN_CHARS + 1], shown_iban[SHOWN_IBAN + 1];
	struct bank_payee payee = {.name = settings->bank_name, .bic = settings->bank_bic};
	struct buf epc, svg;
	bool ok = true;

	if (!iban_read(settings->bank_iban, iban, f))
		return false;
	payee.iban = str_from(iban);
	bank_write_reference(line->support->index_key, order->checkout, reference);
	bank_show_reference(reference, shown);
	show_iban(iban, shown_iban);
	press_set_bool(root, "is_bank", true);
	press_set_text(root, "payee", settings->bank_name);
	press_set_text(root, "iban", str_copy(str_from(shown_iban), arena));
	if (settings->bank_bic.len > 0)
		press_set_text(root, "bic", settings->bank_bic);
	press_set_text(root, "reference", str_copy(str_from(shown), arena));
	buf_init(&epc, 1024);
	buf_init(&svg, SVG_BYTES);
	if (str_is(settings->currency, "EUR")) { /* the code carries nothing else */
		ok = bank_write_epc(&epc, &payee, order->amount, reference, f) &&
			qr_write_svg(&svg, buf_view(&epc), locale_text(locale, "pay_bank_qr"), f);
		if (ok)
			press_set_text(root, "qr_svg", str_copy(buf_view(&svg), arena));
	}
	buf_release(&svg);
	buf_release(&epc);
	return ok;
}

/* --- a statement's lines --- */

/* The same name for the same transaction in any statement; nothing of the bank's own stays in it. */
struct str bank_payment_name(const json_t *line, struct arena *arena)
{
	static const char *const parts[] = {"account", "day", "reference"};
	crypto_generichash_state state;
	unsigned char hash[NAME_HASH];
	char hex[2 * NAME_HASH + 1];

	crypto_generichash_init(&state, NULL, 0, sizeof(hash));
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct str part = http_json_text(line, parts[i]);

		crypto_generichash_update(&state, (const unsigned char *) part.at, part.len);
		crypto_generichash_update(&state, (const unsigned char *) "", 1);
	}
	crypto_generichash_final(&state, hash, sizeof(hash));
	sodium_bin2hex(hex, sizeof(hex), hash, sizeof(hash));
	return str_format(arena, "bank-%s", hex);
}

static bool is_our_account(const struct rail_line *line, struct str account)
{
	char ours[IBAN_CHARS + 1], theirs[IBAN_CHARS + 1];
	struct fault ignored = {0};

	return iban_read(line->support->settings->bank_iban, ours, &ignored) && iban_read(account, theirs, &ignored) && strcmp(ours, theirs) == 0;
}

static bool read_line(const struct rail_line *line, const json_t *json, struct arena *arena, struct facts_list *list, struct fault *f)
{
	struct str day = http_json_text(json, "day"), account = http_json_text(json, "account");
	struct money amount;
	struct when when;
	struct facts *facts;
	char moment[32];

	if (!is_our_account(line, account))
		return fault_set(f, FAULT_INPUT, "this statement is of the account %.*s, not of [support] bank_iban", STR_ARG(str_part(account, 0, 40)));
	snprintf(moment, sizeof(moment), "%.*sT12:00:00Z", STR_ARG(str_part(day, 0, 10)));
	if (!rail_read_amount(http_json_text(json, "amount"), http_json_text(json, "currency"), &amount) || day.len != 10 ||
		!clock_parse(str_from(moment), &when, f))
		return fault_set(f, FAULT_INPUT, "a transaction of this statement has no day or no amount that can be read");
	if (!json_is_true(json_object_get(json, "credit")) || json_is_true(json_object_get(json, "returned")) || amount.minor == 0)
		return true; /* money that went: shown to the treasurer, booked by a person */
	facts = facts_add(list, arena);
	if (facts == NULL)
		return fault_full(f, "the statement");
	facts->kind = FACT_PAID;
	facts->live = line->support->settings->live;
	facts->type = STR("transfer");
	facts->event = facts->payment = facts->handle = bank_payment_name(json, arena);
	facts->created_s = when.us / 1000000;
	facts->amount = amount;
	(void) bank_find_reference(line->support->index_key, http_json_text(json, "text"), &facts->checkout);
	return facts->event.at != NULL || fault_full(f, "the statement");
}

/* Lines as mimeo-camt writes them; its last one, {"end": N}, must be there: a list that was cut is none. */
static bool bank_events(const struct rail_line *line, struct str bytes, struct arena *arena, struct facts_list *list, struct fault *f)
{
	struct str rest = bytes, text;
	int64_t count = 0, end = -1;
	bool ok = true;

	while (ok && str_next(&rest, '\n', &text)) {
		json_t *json = NULL;

		if (text.len == 0)
			continue;
		ok = end < 0 && http_json_parse(text, &json, f);
		if (ok && !http_json_i64(json, "end", &end)) {
			ok = read_line(line, json, arena, list, f);
			count++;
		}
		json_decref(json);
	}
	return (ok && end == count) || fault_set(f, FAULT_INPUT, "the statement's lines are not whole");
}

/* --- what a person gave back outside of this house --- */

void rail_refund_by_hand(struct rail_line *line, struct str handle, struct money amount, struct str key, rail_done *done, void *self)
{
	struct facts facts = {.kind = FACT_REFUND, .type = STR("by_hand"), .live = line->support->settings->live, .payment = handle,
		.amount = amount, .refund_step = REFUND_SUCCEEDED, .created_s = clock_now().us / 1000000};
	const struct rail_answer answer = {.facts = &facts, .facts_count = 1};
	char event[FACTS_NAME_BYTES + 1];

	snprintf(event, sizeof(event), "hand:%.*s", STR_ARG(str_part(key, 0, FACTS_NAME_BYTES - 8)));
	facts.event = facts.item = facts_name(str_from(event));
	done(self, &answer, NULL);
}

const struct rail rail_bank = {
	.name = "bank",
	.title = "Bank transfer",
	.frequencies = RAIL_ALL,
	.pulls = false,
	.open = bank_open,
	.create = bank_create,
	.instruct = bank_instruct,
	.events = bank_events,
	.look_up = rail_push_look_up,
	.cancel = rail_push_end,
	.change = rail_push_change,
	.pause = rail_push_pause,
	.refund = rail_refund_by_hand,
};
