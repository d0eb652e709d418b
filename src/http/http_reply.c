/* http_reply.c: what another room or a provider answered.
 *
 * Decides: which fault a status or a room's {"fault":…} is. Leaves to others: getting the answer (http_client.c). Runs in:
 * every room, and in commands. The hard thing: none.
 * SPDX-License-Identifier: ISC */
#include "http_client.h"

#include "base/fault.h"

struct str http_reply_header(const struct http_reply *reply, const char *name)
{
	struct str rest = reply->headers;
	struct str line = {NULL, 0};

	while (str_next(&rest, '\n', &line)) {
		size_t colon = str_find_char(line, ':');

		if (colon != SIZE_MAX && str_equal_nocase(str_part(line, 0, colon), str_from(name)))
			return str_trim(str_part(line, colon + 1, SIZE_MAX));
	}
	return (struct str){NULL, 0};
}

static enum fault_kind kind_of_name(struct str name)
{
	static const enum fault_kind kinds[] = {FAULT_INPUT, FAULT_MISSING, FAULT_CONFLICT, FAULT_DENIED, FAULT_BUSY,
		FAULT_REMOTE, FAULT_IO, FAULT_FULL, FAULT_UNCERTAIN};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (str_is(name, fault_name(kinds[i])))
			return kinds[i];
	return FAULT_NONE;
}

static enum fault_kind kind_of_status(int status)
{
	switch (status) {
	case 401:
	case 403: return FAULT_DENIED;
	case 404:
	case 410: return FAULT_MISSING;
	case 409: return FAULT_CONFLICT;
	case 429:
	case 503: return FAULT_BUSY;
	case 507: return FAULT_FULL;
	default: return status >= 400 && status < 500 ? FAULT_INPUT : FAULT_REMOTE;
	}
}

bool http_reply_ok(const struct http_reply *reply, struct fault *f)
{
	json_t *value = NULL;
	const json_t *fault = NULL;
	struct str say = {NULL, 0};
	enum fault_kind kind = FAULT_NONE;

	if (reply->status >= 200 && reply->status <= 299)
		return true;
	if (str_starts(reply->type, STR("application/json")) && http_json_parse(reply->body, &value, NULL)) {
		fault = json_object_get(value, "fault");
		kind = kind_of_name(http_json_text(fault, "kind"));
		say = http_json_text(fault, "say");
	}
	if (kind == FAULT_NONE)
		kind = kind_of_status(reply->status);
	if (say.len > 0)
		fault_set(f, kind, "%.*s", STR_ARG(say));
	else
		fault_set(f, kind, "It answered with status %d.", reply->status);
	if (f != NULL && f->code == 0)
		f->code = reply->status;
	json_decref(value);
	return false;
}
