/* rail_wire.c: what drivers share: amounts as providers write them, calls.
 *
 * Decides: nothing of its own. Runs in: support. The hard thing: a bearer key passes through one buffer here, which is
 * wiped as soon as the call has been handed to the client.
 * SPDX-License-Identifier: ISC */
#include "rail_wire.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include "base/arena.h"
#include "base/fault.h"
#include "rail_health.h"
#include "support_inside.h"

enum { URL_BYTES = 1024, TOKEN_BYTES = 4096, ARENA_BYTES = 64 * 1024 };

bool rail_off(struct rail_line *line, const char *say)
{
	line->is_on = false;
	snprintf(line->say, sizeof(line->say), "%s", say);
	return true;
}

void rail_write_amount(struct money amount, char out[RAIL_AMOUNT_CHARS])
{
	int known = money_digits(str_from(amount.code)), digits = known < 0 ? 0 : known > 12 ? 12 : known;
	uint64_t unit = 1, minor = amount.minor > 0 ? (uint64_t) amount.minor : 0;

	for (int i = 0; i < digits; i++)
		unit *= 10;
	if (digits > 0)
		snprintf(out, RAIL_AMOUNT_CHARS, "%" PRIu64 ".%0*" PRIu64, minor / unit, digits, minor % unit);
	else
		snprintf(out, RAIL_AMOUNT_CHARS, "%" PRIu64, minor);
}

bool rail_read_amount(struct str text, struct str code, struct money *out)
{
	int digits = money_digits(code);
	size_t point = str_find_char(text, '.');
	struct fault ignored = {0};

	if (digits < 0)
		return false;
	if (point != SIZE_MAX) {
		while (text.len > point + 1 + (size_t) digits && text.at[text.len - 1] == '0')
			text.len--;
		if (text.len == point + 1)
			text.len = point;
	}
	return money_parse(text, code, out, &ignored);
}

/* A call under way, so that it is counted when it ends. */
struct counted {
	struct rail_line *line;
	http_done *done;
	void *self;
};

static void count(void *self, const struct http_reply *reply, const struct fault *failed)
{
	struct counted counted = *(struct counted *) self;

	memory_free(self);
	rail_note_call(counted.line->support, counted.line->rail->name,
		failed != NULL || reply == NULL || reply->status >= 500 || reply->status == 401 || reply->status == 403 || reply->status == 429);
	counted.done(counted.self, reply, failed);
}

void rail_call(struct rail_line *line, const struct rail_request *request, http_done *done, void *self)
{
	char url[URL_BYTES], token[TOKEN_BYTES];
	struct http_header_line headers[4] = {{NULL, {NULL, 0}}};
	struct http_call_options options = {.method = request->method, .url = url, .headers = headers, .timeout_ms = RAIL_CALL_MS,
		.basic_user = request->basic_user, .basic_password = request->basic_password};
	struct fault f = {0};
	struct counted *counted = memory_new(1, sizeof(*counted));
	struct arena arena;
	size_t lines = 0;
	int len;

	*counted = (struct counted){line, done, self};
	arena_init(&arena, "call", ARENA_BYTES);
	token[0] = '\0';
	if (request->scheme != NULL) {
		len = snprintf(token, sizeof(token), "%s%.*s", request->scheme, STR_ARG(request->token));
		headers[lines++] = (struct http_header_line){"Authorization", str_make(token, len < 0 || len >= TOKEN_BYTES ? 0 : (size_t) len)};
	}
	if (request->key_name != NULL)
		headers[lines++] = (struct http_header_line){request->key_name, request->key};
	headers[lines] = (struct http_header_line){NULL, {NULL, 0}};
	if (request->body != NULL) {
		options.body = http_json_write(request->body, &arena);
		options.type = "application/json";
	} else if (request->form.len > 0) {
		options.body = request->form;
		options.type = "application/x-www-form-urlencoded";
	}
	len = snprintf(url, sizeof(url), "%.*s%.*s", STR_ARG(request->origin), STR_ARG(request->path));
	if (line->support->room == NULL)
		fault_set(&f, FAULT_BUSY, "this room reaches no provider");
	else if (len < 0 || len >= URL_BYTES)
		fault_set(&f, FAULT_INPUT, "the provider's address is too long");
	else if (http_call_start(line->support->room->client, &options, count, counted, NULL, &f))
		counted = NULL;
	sodium_memzero(token, sizeof(token));
	arena_release(&arena);
	json_decref(request->body);
	if (counted != NULL)
		count(counted, NULL, &f);
}
