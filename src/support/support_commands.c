/* support_commands.c: `mimeo support …`.
 *
 * Decides: how contributions and the ledger read on a terminal. Runs in: the command's process; the room does the work.
 * The hard thing: none.
 * SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <stdio.h>
#include "base/buf.h"
#include "base/fault.h"
#include "base/money.h"
#include "house/errand.h"
#include "http/http_client.h"
#include "support.h"
#include "support_rail_commands.h"

/* "1234.50", with the currency's own digits. */
static void write_money(char out[40], int64_t minor, struct str code)
{
	int digits = money_digits(code) > 0 ? money_digits(code) : 0;
	uint64_t size = minor < 0 ? (uint64_t) -(minor + 1) + 1 : (uint64_t) minor;
	char text[32];
	int whole = snprintf(text, sizeof(text), "%0*" PRIu64, digits + 1, size) - digits;

	snprintf(out, 40, "%s%.*s%s%.*s", minor < 0 ? "-" : "", whole, text, digits > 0 ? "." : "", digits, text + whole);
}

static int64_t number(const json_t *object, const char *key)
{
	int64_t n = 0;

	(void) http_json_i64(object, key, &n);
	return n;
}

static bool print_json(const json_t *value)
{
	json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	printf("\n");
	return true;
}

static bool run_list(struct errand *errand, struct fault *f)
{
	json_t *reply = NULL;
	const json_t *list;

	if (!errand_call(errand, "support", "GET", "/contributions?limit=1000", NULL, &reply, f))
		return false;
	list = json_object_get(reply, "contributions");
	for (size_t i = 0; !errand->json && i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);
		struct str code = http_json_text(one, "currency"), day = http_json_text(one, "day"),
			reference = http_json_text(one, "reference"), frequency = http_json_text(one, "frequency"),
			state = http_json_text(one, "state");
		char amount[40], fee[40] = "-";

		write_money(amount, number(one, "amount_minor"), code);
		if (json_is_integer(json_object_get(one, "fee_minor")))
			write_money(fee, number(one, "fee_minor"), code);
		printf("%.*s  %.*s  %-8.*s %-13.*s %10s %.*s  fee %s\n", STR_ARG(day), STR_ARG(reference), STR_ARG(frequency),
			STR_ARG(state), amount, STR_ARG(code), fee);
	}
	if (errand->json)
		print_json(reply);
	else if (json_array_size(list) == 0)
		printf("No contribution has come yet.\n");
	json_decref(reply);
	return true;
}

/* As plain-text accounting programs (ledger, hledger) read it. */
static void print_booking(const json_t *booking)
{
	const json_t *entries = json_object_get(booking, "entries");
	struct str day = http_json_text(booking, "day"), kind = http_json_text(booking, "kind"),
		contribution = http_json_text(booking, "contribution");

	printf("%.*s * %.*s %.*s\n", STR_ARG(day), STR_ARG(kind), STR_ARG(contribution));
	for (size_t i = 0; i < json_array_size(entries); i++) {
		const json_t *entry = json_array_get(entries, i);
		struct str account = http_json_text(entry, "account"), code = http_json_text(entry, "currency");
		char amount[40];

		write_money(amount, number(entry, "amount_minor"), code);
		printf("    %-24.*s  %12s %.*s\n", STR_ARG(account), amount, STR_ARG(code));
	}
	printf("\n");
}

static bool run_ledger(struct errand *errand, struct fault *f)
{
	json_t *reply = NULL;
	const json_t *bookings, *accounts;

	if (!errand_call(errand, "support", "GET", "/ledger?limit=5000", NULL, &reply, f))
		return false;
	bookings = json_object_get(reply, "bookings");
	accounts = json_object_get(reply, "accounts");
	if (errand->json)
		print_json(reply);
	if (!errand->json && json_array_size(bookings) == 0)
		printf("; Nothing is booked yet.\n");
	for (size_t i = json_array_size(bookings); !errand->json && i > 0; i--)
		print_booking(json_array_get(bookings, i - 1));
	for (size_t i = 0; !errand->json && i < json_array_size(accounts); i++) {
		const json_t *account = json_array_get(accounts, i);
		struct str name = http_json_text(account, "account"), code = http_json_text(account, "currency");
		char balance[40];

		write_money(balance, number(account, "balance_minor"), code);
		printf("; %-24.*s  %12s %.*s\n", STR_ARG(name), balance, STR_ARG(code));
	}
	json_decref(reply);
	return true;
}

static bool run_remind(struct errand *errand, struct fault *f)
{
	json_t *reply = NULL;

	if (!errand_call(errand, "support", "POST", "/reminders/run", json_object(), &reply, f))
		return false;
	if (errand->json)
		print_json(reply);
	else
		printf("%lld handed over to the newsletter room, %lld failed, %lld wait.\n",
			(long long) number(reply, "handed"), (long long) number(reply, "failed"),
			(long long) number(reply, "waiting"));
	json_decref(reply);
	return true;
}

const struct errand_command support_commands[] = {
	{"support list", "support", "",
		"Lists contributions, newest first: day, reference, kind, state, amount, fee. Nobody's name is known.\n",
		run_list},
	{"support ledger", "support", "",
		"Prints the double-entry books, oldest first, as ledger and hledger read them, balances last.\n", run_ledger},
	{"support remind", "support newsletter", "",
		"Hands over the reminders that are due; their mails go out and the addresses are erased.\n", run_remind},
	{"support rails", "support", "",
		"Shows each way to pay: whether it is on (TEST or LIVE), what came in 14 days, what failed, how late, and alarms.\n",
		support_run_rails},
	{"support push", "support newsletter", "",
		"Looks now for gifts that are due on rails which cannot charge: asks for them by mail, marks the late, pauses the very late.\n",
		support_run_push_now},
	{"support bank import", "support", "STATEMENT",
		"Takes a bank's statement (camt.053, XML). Transfers with our reference are booked; the others are listed. Safe to repeat.\n",
		support_run_bank_import},
	{"support bank match", "support", "PAYMENT REFERENCE",
		"Says whose an unmatched transfer is: PAYMENT as the import lists it, REFERENCE the gift's code (RF…).\n", support_run_bank_match},
	{"support monero addresses", "support", "FILE",
		"Adds subaddresses that your wallet made to the pool, one a line. Each is given to one gift, once.\n", support_run_monero_addresses},
	{"support monero import", "support", "TRANSFERS",
		"Takes what monero-wallet-rpc answers to get_transfers {\"in\": true}. Safe to repeat.\n", support_run_monero_import},
	{NULL, NULL, NULL, NULL, NULL},
};
