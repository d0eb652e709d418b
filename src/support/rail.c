/* rail.c: the list of rails, and what they have in common.
 *
 * Decides: which rails there are and in which order readers are offered them; what an answer of a JSON provider means. Leaves
 * to others: everything about one provider (rail_*.c). Runs in: support. The hard thing: secrets/support.conf is read once,
 * for all: each driver has its own table, and a mistake in any section is found wherever it stands.
 * SPDX-License-Identifier: ISC */
#include "rail.h"

#include "base/arena.h"
#include "base/conf.h"
#include "base/fault.h"
#include "base/limits.h"
#include "base/must.h"
#include "base/secret.h"
#include "gen/support_sql.h"
#include "store/store.h"
#include "rail_wire.h"
#include "stripe_inside.h"
#include "support_inside.h"

const struct rail *const rails[] = {
	&rail_stripe,
	&rail_paypal,
	&rail_btcpay,
	&rail_monero,
	&rail_bank,
	NULL,
};

enum { SECRET_KEYS = 64, SECRETS_BYTES = 4096 };

/* --- secrets --- */

/* All drivers' keys as one table over one block of memory; starts[i] is where rail i's struct begins. */
static void join_keys(struct conf_key joined[SECRET_KEYS], size_t starts[RAILS])
{
	size_t count = 0, at = 0;

	for (size_t i = 0; rails[i] != NULL; i++) {
		must(i < RAILS);
		starts[i] = at;
		for (const struct conf_key *key = rails[i]->secrets; key != NULL && key->section != NULL; key++) {
			must(count < SECRET_KEYS - 1);
			joined[count] = *key;
			joined[count++].offset += at;
		}
		at += (rails[i]->secrets_bytes + 15) / 16 * 16;
	}
	must(at <= SECRETS_BYTES);
	joined[count] = (struct conf_key){0};
}

static void free_secrets(struct rail_line *line)
{
	for (const struct conf_key *key = line->rail->secrets; line->secrets != NULL && key != NULL && key->section != NULL; key++)
		if (key->type == CONF_SECRET)
			secret_free((struct secret **) (void *) ((char *) line->secrets + key->offset));
	memory_free(line->secrets);
	line->secrets = NULL;
}

/* Texts of the block live in the support's own arena. */
static bool read_secrets(struct support *support, struct fault *f)
{
	struct conf_key joined[SECRET_KEYS];
	size_t starts[RAILS] = {0};
	char *block = memory_new(1, SECRETS_BYTES);
	bool ok;

	join_keys(joined, starts);
	ok = support->room == NULL || room_secrets(support->room, joined, block, &support->secret_texts, f);
	for (size_t i = 0; ok && rails[i] != NULL; i++) {
		support->lines[i].secrets = memory_new(1, rails[i]->secrets_bytes + 1);
		memcpy(support->lines[i].secrets, block + starts[i], rails[i]->secrets_bytes);
	}
	memory_free(block);
	return ok;
}

/* --- the lines --- */

bool rails_open(struct support *support, struct fault *f)
{
	bool ok;

	arena_init(&support->secret_texts, "secrets", LIMIT_CONF_BYTES);
	for (size_t i = 0; rails[i] != NULL; i++)
		support->lines[i] = (struct rail_line){.rail = rails[i], .support = support};
	ok = read_secrets(support, f);
	for (size_t i = 0; ok && rails[i] != NULL; i++) {
		struct rail_line *line = &support->lines[i];

		ok = rails[i]->open == NULL || rails[i]->open(line, f);
		if (ok && line->origin.len > 0) /* settings are read again when the desk changes some: this outlives them */
			line->origin = str_copy(line->origin, &support->secret_texts);
	}
	return ok;
}

void rails_close(struct support *support)
{
	for (size_t i = 0; i < RAILS && support->lines[i].rail != NULL; i++) {
		struct rail_line *line = &support->lines[i];

		if (line->rail->close != NULL)
			line->rail->close(line);
		free_secrets(line);
		*line = (struct rail_line){0};
	}
	if (support->secret_texts.life != NULL)
		arena_release(&support->secret_texts);
}

struct rail_line *rail_find(struct support *support, struct str name)
{
	for (size_t i = 0; i < RAILS && support->lines[i].rail != NULL; i++)
		if (str_is(name, support->lines[i].rail->name))
			return &support->lines[i];
	return NULL;
}

static bool can(const struct rail_line *line, enum frequency frequency)
{
	return line->is_on && (line->rail->frequencies & (1U << frequency)) != 0;
}

bool rail_is_offered(const struct support *support, const struct rail_line *line)
{
	const struct conf_list *order = &support->settings->rails;

	for (size_t i = 0; i < order->count; i++)
		if (str_is(order->items[i], line->rail->name))
			return true;
	return false;
}

struct rail_line *rail_choose(struct support *support, struct str name, enum frequency frequency)
{
	struct rail_line *named = rail_find(support, name);

	return named != NULL && can(named, frequency) && rail_is_offered(support, named) ? named : rail_next(support, NULL, frequency);
}

/* In the order of [support] rails, those alone; after the last comes the first, so that each is the next of another. */
struct rail_line *rail_next(struct support *support, const struct rail_line *line, enum frequency frequency)
{
	const struct conf_list *order = &support->settings->rails;
	size_t from = 0;

	for (size_t i = 0; line != NULL && i < order->count; i++)
		if (str_is(order->items[i], line->rail->name))
			from = i + 1;
	for (size_t i = 0; i < order->count; i++) {
		struct rail_line *one = rail_find(support, order->items[(from + i) % order->count]);

		if (one != NULL && one != line && can(one, frequency))
			return one;
	}
	return NULL;
}

bool rail_is_page_of(struct str origin, struct str url)
{
	if (origin.len == 0 || !str_starts(url, origin) || url.len <= origin.len || url.at[origin.len] != '/' || url.len > 4000)
		return false;
	for (size_t i = 0; i < url.len; i++)
		if (url.at[i] <= 0x20 || url.at[i] >= 0x7f || url.at[i] == '\\' || url.at[i] == '"')
			return false;
	return true;
}

bool rail_is_its_page(const struct rail_line *line, struct str url)
{
	return rail_is_page_of(line->origin, url);
}

/* --- answers of JSON providers --- */

/* "error.code": the text at that path. */
static struct str text_at(const json_t *json, const char *path)
{
	struct str rest = str_from(path), piece, after;
	char name[40];

	while (str_next(&rest, '.', &piece)) {
		snprintf(name, sizeof(name), "%.*s", STR_ARG(piece));
		after = rest;
		if (after.at == NULL || after.len == 0)
			return http_json_text(json, name);
		json = json_object_get(json, name);
	}
	return (struct str){NULL, 0};
}

/* The provider's own words on a refusal go to the log alone; they name parameters, never people. */
static bool refusal(const struct http_reply *reply, const json_t *json, const char *code_key, const char *say_key, struct fault *f)
{
	struct str code = text_at(json, code_key), say = text_at(json, say_key);
	enum fault_kind kind = FAULT_INPUT;

	if (reply->status == 401 || reply->status == 403)
		kind = FAULT_DENIED;
	else if (reply->status == 404)
		kind = FAULT_MISSING;
	else if (reply->status == 409 || reply->status == 429)
		kind = FAULT_BUSY;
	else if (reply->status >= 500 || reply->status < 400)
		kind = FAULT_UNCERTAIN;
	fault_set_at(f, kind, reply->status, __FILE__, __LINE__, "the payment provider answered %d", reply->status);
	return fault_detail(f, "%.*s: %.*s", STR_ARG(code), STR_ARG(str_part(say, 0, 200)));
}

bool rail_reply(const struct http_reply *reply, const struct fault *failed, const char *code_key, const char *say_key,
	json_t **json, struct fault *f)
{
	struct fault unread = {0};
	bool is_good;

	*json = NULL;
	if (failed != NULL) {
		*f = *failed;
		/* Cut before anything was sent, or nonsense came back: only the first would be a no. */
		if (f->kind == FAULT_REMOTE)
			f->kind = FAULT_UNCERTAIN;
		return false;
	}
	is_good = reply->status >= 200 && reply->status < 300;
	if (is_good && reply->body.len == 0)
		return true;
	if (!http_json_parse(reply->body, json, &unread)) {
		*json = NULL;
		return refusal(reply, NULL, code_key, say_key, f); /* a 2xx of nonsense is UNCERTAIN */
	}
	if (is_good)
		return true;
	refusal(reply, *json, code_key, say_key, f);
	json_decref(*json);
	*json = NULL;
	return false;
}

/* --- codes --- */

bool support_know_code(struct support *support, const char *rail, struct str code, int64_t checkout, struct fault *f)
{
	unsigned char index[SEAL_INDEX_BYTES];

	support_rail_index(support, "support.code", rail, code, index);
	return store_run(support->db, SUPPORT_SQL_CODE_INSERT, STORE_ARGS(store_blob(str_make(index, sizeof(index))),
		store_i64(checkout), store_i64(clock_utc_day(clock_now()))), NULL, f);
}
