/* support_rail_commands.c: what a treasurer does on a terminal: statements, addresses, how the ways to pay do.
 *
 * Decides: how it reads. Runs in: the command's process; the room does the work. The hard thing: none.
 * SPDX-License-Identifier: ISC */
#include "support_rail_commands.h"

#include <fcntl.h>
#include <stdio.h>
#include "base/fault.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/money.h"
#include "house/errand.h"
#include "http/http_client.h"
#include "rail_wire.h"

enum { FILE_BYTES = 6 * 1024 * 1024 };

static bool print_json(json_t *value)
{
	json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	printf("\n");
	json_decref(value);
	return true;
}

static int64_t number(const json_t *object, const char *key)
{
	int64_t n = 0;

	(void) http_json_i64(object, key, &n);
	return n;
}

/* The file's text, sent as {key: text}. */
static bool send_file(struct errand *errand, const char *route, const char *key, const char *usage, json_t **reply, struct fault *f)
{
	json_t *body = json_object();
	struct str text;

	if (errand->argc != 1) {
		json_decref(body);
		return fault_set(f, FAULT_INPUT, "%s", usage);
	}
	if (!file_read(AT_FDCWD, errand->argv[0], FILE_BYTES, &errand->arena, &text, f)) {
		json_decref(body);
		return false;
	}
	if (!str_is_utf8(text)) {
		json_decref(body);
		return fault_set(f, FAULT_INPUT, "%s is not UTF-8: save it as UTF-8, or ask for it in that form", errand->argv[0]);
	}
	json_object_set_new(body, key, http_json_str(text));
	return errand_call(errand, "support", "POST", route, body, reply, f);
}

static void print_unmatched(const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);
		struct str payment = http_json_text(one, "payment"), day = http_json_text(one, "day"), code = http_json_text(one, "currency"),
			reference = http_json_text(one, "reference"), text = http_json_text(one, "text");
		struct money money = {number(one, "amount_minor"), ""};
		char amount[RAIL_AMOUNT_CHARS];

		snprintf(money.code, sizeof(money.code), "%.*s", STR_ARG(code));
		rail_write_amount(money, amount);
		printf("  %.*s  %10s %.*s  %.*s  %.*s\n      %.*s\n", STR_ARG(day), amount, STR_ARG(code), STR_ARG(payment),
			STR_ARG(reference), STR_ARG(text));
	}
}

static bool print_import(const struct errand *errand, json_t *reply, const char *todo)
{
	const json_t *unmatched = json_object_get(reply, "unmatched"), *went = json_object_get(reply, "went");

	if (errand->json)
		return print_json(reply);
	printf("%lld payments: %lld new, %lld known already; %lld are of a known gift.\n", (long long) number(reply, "transactions"),
		(long long) number(reply, "new"), (long long) number(reply, "known"), (long long) number(reply, "matched"));
	if (json_array_size(unmatched) > 0) {
		printf("Nobody's yet (%zu):\n", json_array_size(unmatched));
		print_unmatched(unmatched);
		printf("%s\n", todo);
	}
	if (json_array_size(went) > 0)
		printf("Money that went and speaks of a gift (%zu): look whether it is a refund that is not booked yet.\n", json_array_size(went));
	json_decref(reply);
	return true;
}

bool support_run_bank_import(struct errand *errand, struct fault *f)
{
	json_t *reply = NULL;

	return send_file(errand, "/bank/statements", "statement", "say which file: mimeo support bank import STATEMENT.xml", &reply, f) &&
		print_import(errand, reply, "Whose it is you say with: mimeo support bank match PAYMENT REFERENCE");
}

bool support_run_monero_import(struct errand *errand, struct fault *f)
{
	json_t *reply = NULL;

	return send_file(errand, "/monero/transfers", "transfers", "say which file: mimeo support monero import TRANSFERS.json", &reply, f) &&
		print_import(errand, reply, "They came to addresses that no gift was given: of another use of that wallet.");
}

bool support_run_monero_addresses(struct errand *errand, struct fault *f)
{
	json_t *reply = NULL;

	if (!send_file(errand, "/monero/addresses", "addresses", "say which file: mimeo support monero addresses FILE", &reply, f))
		return false;
	if (errand->json)
		return print_json(reply);
	printf("%lld new, %lld known already; %lld are left to be given.\n", (long long) number(reply, "new"), (long long) number(reply, "known"),
		(long long) number(reply, "left"));
	json_decref(reply);
	return true;
}

bool support_run_bank_match(struct errand *errand, struct fault *f)
{
	json_t *reply = NULL, *body;

	if (errand->argc != 2)
		return fault_set(f, FAULT_INPUT, "say which payment is whose: mimeo support bank match bank-… RF…");
	body = json_object();
	json_object_set_new(body, "payment", json_string(errand->argv[0]));
	json_object_set_new(body, "reference", json_string(errand->argv[1]));
	if (!errand_call(errand, "support", "POST", "/bank/match", body, &reply, f))
		return false;
	if (errand->json)
		return print_json(reply);
	printf("%s\n", json_is_true(json_object_get(reply, "matched")) ? "Booked." : "It is somebody's already: nothing has changed.");
	json_decref(reply);
	return true;
}

bool support_run_rails(struct errand *errand, struct fault *f)
{
	json_t *reply = NULL;
	const json_t *list;

	if (!errand_call(errand, "support", "GET", "/rails", NULL, &reply, f))
		return false;
	if (errand->json)
		return print_json(reply);
	list = json_object_get(reply, "rails");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);
		struct str title = http_json_text(one, "title"), say = http_json_text(one, "say"), alarm = http_json_text(one, "alarm"),
			last = http_json_text(one, "last_event_day");
		bool is_on = json_is_true(json_object_get(one, "on"));

		if (!is_on) {
			printf("%-14.*s off    %.*s\n", STR_ARG(title), STR_ARG(say));
			continue;
		}
		printf("%-14.*s %s  %lld events, %lld of %lld calls failed, %lld refused, %lld s late, last %.*s\n", STR_ARG(title),
			json_is_true(json_object_get(one, "live")) ? "LIVE " : "TEST ", (long long) number(one, "events"), (long long) number(one, "failed"),
			(long long) number(one, "asked"), (long long) number(one, "refused"), (long long) number(one, "lag_s"),
			STR_ARG(last.len > 0 ? last : STR("never")));
		if (alarm.len > 0)
			printf("               ! %.*s\n", STR_ARG(alarm));
	}
	json_decref(reply);
	return true;
}

bool support_run_push_now(struct errand *errand, struct fault *f)
{
	json_t *reply = NULL;

	if (!errand_call(errand, "support", "POST", "/push/run", json_object(), &reply, f))
		return false;
	if (errand->json)
		return print_json(reply);
	json_decref(reply);
	printf("Done.\n");
	return true;
}
