/* support_commands.c: `mimeo support …`.
 *
 * Decides: how contributions and the ledger read on a terminal. Runs in: the command's process; the room does the work.
 * The hard thing: none.
 * SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
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

/* --- the ledger, page by page --- */

enum { PAGE = 1000 };
typedef void booking_call(const json_t *booking, void *self);

/* Every booking of these days, oldest first; *accounts (may be NULL) is the last page's balances. */
static bool each_booking(struct errand *errand, int64_t from, int64_t until, booking_call *call, void *self, json_t **accounts,
	struct fault *f)
{
	char path[200], after[64] = "0";
	bool has_more = true;

	while (has_more) {
		json_t *reply = NULL;
		const json_t *bookings;
		struct str next;

		snprintf(path, sizeof(path), "/ledger?limit=%d&from=%lld&until=%lld&after=%s", PAGE, (long long) from, (long long) until, after);
		if (!errand_call(errand, "support", "GET", path, NULL, &reply, f))
			return false;
		bookings = json_object_get(reply, "bookings");
		for (size_t i = 0; i < json_array_size(bookings); i++)
			call(json_array_get(bookings, i), self);
		next = http_json_text(reply, "after");
		has_more = next.len > 0;
		snprintf(after, sizeof(after), "%.*s", STR_ARG(next));
		if (!has_more && accounts != NULL)
			*accounts = json_incref(json_object_get(reply, "accounts"));
		json_decref(reply);
	}
	return true;
}

/* As plain-text accounting programs (ledger, hledger) read it. */
static void print_booking(const json_t *booking, void *self)
{
	const json_t *entries = json_object_get(booking, "entries");
	struct str day = http_json_text(booking, "day"), kind = http_json_text(booking, "kind"),
		contribution = http_json_text(booking, "contribution");

	(*(size_t *) self)++;
	printf("%.*s * %.*s%s%.*s\n", STR_ARG(day), STR_ARG(kind), contribution.len > 0 ? " " : "", STR_ARG(contribution));
	for (size_t i = 0; i < json_array_size(entries); i++) {
		const json_t *entry = json_array_get(entries, i);
		struct str account = http_json_text(entry, "account"), code = http_json_text(entry, "currency");
		char amount[40];

		write_money(amount, number(entry, "amount_minor"), code);
		printf("    %-24.*s  %12s %.*s\n", STR_ARG(account), amount, STR_ARG(code));
	}
	printf("\n");
}

static void print_balances(const json_t *accounts)
{
	for (size_t i = 0; i < json_array_size(accounts); i++) {
		const json_t *account = json_array_get(accounts, i);
		struct str name = http_json_text(account, "account"), code = http_json_text(account, "currency");
		char balance[40];

		write_money(balance, number(account, "balance_minor"), code);
		printf("; %-24.*s  %12s %.*s\n", STR_ARG(name), balance, STR_ARG(code));
	}
}

static bool run_ledger(struct errand *errand, struct fault *f)
{
	json_t *accounts = NULL, *reply = NULL;
	size_t count = 0;
	bool ok;

	if (errand->json) {
		ok = errand_call(errand, "support", "GET", "/ledger?limit=5000", NULL, &reply, f);
		if (ok)
			print_json(reply);
		json_decref(reply);
		return ok;
	}
	ok = each_booking(errand, 0, INT32_MAX, print_booking, &count, &accounts, f);
	if (ok && count == 0)
		printf("; Nothing is booked yet.\n");
	print_balances(accounts);
	json_decref(accounts);
	return ok;
}

/* --- export --- */

/* Both programs know these lines, each its own form of a currency's. With them `ledger --pedantic` and `hledger --strict` read it. */
static bool print_declarations(struct errand *errand, bool is_hledger, struct fault *f)
{
	json_t *reply = NULL;
	const json_t *accounts;
	struct str last = {NULL, 0};

	if (!errand_call(errand, "support", "GET", "/ledger?limit=1", NULL, &reply, f))
		return false;
	accounts = json_object_get(reply, "accounts");
	for (size_t i = 0; i < json_array_size(accounts); i++) {
		const json_t *account = json_array_get(accounts, i);
		struct str code = http_json_text(account, "currency");
		char sample[40];

		write_money(sample, 100000, code);
		if (!str_equal(code, last) && is_hledger)
			printf("commodity %s%s %.*s\n", sample, money_digits(code) > 0 ? "" : ".", STR_ARG(code));
		else if (!str_equal(code, last))
			printf("commodity %.*s\n", STR_ARG(code));
		last = code;
	}
	for (size_t i = 0; i < json_array_size(accounts); i++)
		printf("account %.*s\n", STR_ARG(http_json_text(json_array_get(accounts, i), "account")));
	printf("\n");
	json_decref(reply);
	return true;
}

/* One line an entry; numbers with a point, whatever the language: a spreadsheet's import asks for it. */
static void print_csv(const json_t *booking, void *self)
{
	const json_t *entries = json_object_get(booking, "entries");
	struct str day = http_json_text(booking, "day"), kind = http_json_text(booking, "kind"), id = http_json_text(booking, "id"),
		contribution = http_json_text(booking, "contribution");

	(*(size_t *) self)++;
	for (size_t i = 0; i < json_array_size(entries); i++) {
		const json_t *entry = json_array_get(entries, i);
		struct str account = http_json_text(entry, "account"), code = http_json_text(entry, "currency");
		char amount[40];

		write_money(amount, number(entry, "amount_minor"), code);
		printf("%.*s,%.*s,%.*s,%.*s,%.*s,%s,%.*s,%lld\r\n", STR_ARG(day), STR_ARG(id), STR_ARG(kind), STR_ARG(contribution),
			STR_ARG(account), amount, STR_ARG(code), (long long) number(booking, "period"));
	}
}

static bool read_day(const char *text, int64_t *day, struct fault *f)
{
	char with_time[40];
	struct when when;

	snprintf(with_time, sizeof(with_time), "%sT12:00:00Z", text);
	if (strlen(text) != 10 || !clock_parse(str_from(with_time), &when, f)) {
		fault_clear(f);
		return fault_set(f, FAULT_INPUT, "%s is no day: write such as 2026-10-31", text);
	}
	*day = clock_utc_day(when);
	return true;
}

static bool run_export(struct errand *errand, struct fault *f)
{
	int64_t from = 0, until = INT32_MAX;
	size_t count = 0;
	struct str format = str_from(errand->argc > 0 ? errand->argv[0] : "");
	bool is_csv = str_is(format, "csv"), is_hledger = str_is(format, "hledger");

	if (errand->argc < 1 || errand->argc > 3 || !(is_csv || is_hledger || str_is(format, "ledger")))
		return fault_set(f, FAULT_INPUT, "write mimeo support export ledger, hledger or csv, and the first and last day if you want a part");
	if ((errand->argc > 1 && !read_day(errand->argv[1], &from, f)) || (errand->argc > 2 && !read_day(errand->argv[2], &until, f)))
		return false;
	if (is_csv)
		printf("day,booking,kind,contribution,account,amount,currency,period\r\n");
	else if (!print_declarations(errand, is_hledger, f))
		return false;
	return each_booking(errand, from, until, is_csv ? print_csv : print_booking, &count, NULL, f);
}

/* --- proof and periods --- */

static bool print_proof(struct errand *errand, const json_t *reply, struct fault *f)
{
	bool is_same = json_is_true(json_object_get(reply, "is_same")) && number(reply, "currencies_not_zero") == 0;

	if (errand->json)
		print_json(reply);
	else
		printf("%lld kept events of %lld payments and payouts come to %lld bookings and %lld contributions; %lld and %lld stand in "
			"the tables.\n%s\n", (long long) number(reply, "facts"), (long long) number(reply, "subjects"),
			(long long) number(reply, "bookings_told"), (long long) number(reply, "contributions_told"),
			(long long) number(reply, "bookings_standing"), (long long) number(reply, "contributions_standing"),
			is_same ? "They are the same." : "They differ.");
	return is_same || fault_set(f, FAULT_CONFLICT, "the books are not what the kept events come to: run mimeo support rebuild");
}

static bool run_check(struct errand *errand, struct fault *f)
{
	json_t *reply = NULL;
	bool ok = errand_call(errand, "support", "POST", "/books/check", json_object(), NULL, f) &&
		errand_watch(errand, "support", "/books/check", "Working the books out", &reply, f) && print_proof(errand, reply, f);

	json_decref(reply);
	return ok;
}

static bool run_rebuild(struct errand *errand, struct fault *f)
{
	json_t *reply = NULL;
	bool ok = errand_call(errand, "support", "POST", "/books/rebuild", json_object(), &reply, f) && print_proof(errand, reply, f);

	json_decref(reply);
	return ok;
}

static bool run_close(struct errand *errand, struct fault *f)
{
	const char *by = getenv("USER");
	json_t *body = json_object();
	int64_t day;

	if (errand->argc != 1 || !read_day(errand->argv[0], &day, f)) {
		json_decref(body);
		return fault_set(f, FAULT_INPUT, "write the period's last day: mimeo support close 2026-10-31");
	}
	json_object_set_new(body, "last_day", json_string(errand->argv[0]));
	json_object_set_new(body, "by", json_string(by != NULL && by[0] != '\0' ? by : "the command line"));
	if (!errand_call(errand, "support", "POST", "/periods", body, NULL, f))
		return false;
	if (!errand->json)
		printf("The books are closed up to %s.\n", errand->argv[0]);
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
	{"support export", "support", "ledger|hledger|csv [FIRST-DAY [LAST-DAY]]",
		"Prints the books for ledger, hledger or a spreadsheet, oldest first, whole or of some days (2026-01-01 2026-12-31).\n", run_export},
	{"support check", "support", "",
		"Works the books out of every event that was kept and holds them against what stands in the tables. Changes nothing.\n", run_check},
	{"support rebuild", "support", "",
		"Writes the books anew from the events that were kept. A closed period is never changed.\n", run_rebuild},
	{"support close", "support", "LAST-DAY",
		"Closes the books up to a day (2026-10-31). What becomes known of it later is booked after that day.\n", run_close},
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
