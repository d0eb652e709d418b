/* newsletter_keys.c: generations of signing keys: next, signing, retired, published.
 *
 * Decides: selectors and files of a generation, and which step of a rotation may follow which. Leaves to the command: what
 * stands in DNS; to mail/dkim.c: signing. Runs in: the newsletter room. The hard thing: a DKIM signature proves for ever
 * that a mail is ours, to whoever seizes a mailbox. So a key's end is to be published: from then on anybody could have
 * written anything above it. Its record must be revoked before, or the same anybody could write as us today.
 * SPDX-License-Identifier: ISC */
#include "newsletter_keys.h"

#include <fcntl.h>
#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "base/must.h"
#include "base/secret.h"
#include "http/http_client.h"
#include "mail/dkim.h"
#include "newsletter_inside.h"

enum { PAIR = 2, GENERATIONS_MOST = 1000, NAME_BYTES = 100 };

struct newsletter_keys {
	struct dkim_key *keys[PAIR];
	struct dkim_signer signers[PAIR];
	char selectors[PAIR][NAME_BYTES];
};

struct generation {
	int64_t number, since;
	enum signing_key_state state;
};

static const enum dkim_algorithm algorithms[PAIR] = {DKIM_RSA, DKIM_ED25519};

/* mimeo and mimeo-ed, then mimeo2 and mimeo2-ed, …; the first one's files are dkim.pem and dkim-ed.pem. */
static void name_selector(const struct newsletter *n, int64_t generation, size_t which, char out[NAME_BYTES])
{
	char number[24] = "";

	if (generation > 1)
		(void) snprintf(number, sizeof(number), "%lld", (long long) generation);
	(void) snprintf(out, NAME_BYTES, "%.*s%s%s", STR_ARG(n->room->settings.dkim_selector), number, which == 0 ? "" : "-ed");
}

static void name_file(int64_t generation, size_t which, char out[NAME_BYTES])
{
	char number[24] = "";

	if (generation > 1)
		(void) snprintf(number, sizeof(number), "-%lld", (long long) generation);
	(void) snprintf(out, NAME_BYTES, "dkim%s%s.pem", number, which == 0 ? "" : "-ed");
}

static struct secret *make(enum dkim_algorithm algorithm)
{
	struct secret *pem = NULL;
	struct fault f = {0};
	struct arena arena;
	struct str record;

	arena_init(&arena, "dkim", 16 * 1024);
	must(dkim_new_key(algorithm, &pem, &arena, &record, &f)); /* fails only where memory or the kernel's randomness does */
	arena_release(&arena);
	return pem;
}

static struct secret *make_rsa(void)
{
	return make(DKIM_RSA);
}

static struct secret *make_ed25519(void)
{
	return make(DKIM_ED25519);
}

/* may_make: where the file is missing, a key is made. */
static bool read_pem(struct newsletter *n, int64_t generation, size_t which, bool may_make, struct secret **pem,
	struct fault *f)
{
	char name[NAME_BYTES], path[PATH_MAX];

	name_file(generation, which, name);
	if (!home_path(&n->room->home, path, f, "keys/newsletter/%s", name))
		return false;
	if (!may_make && !file_exists(AT_FDCWD, path))
		return fault_set(f, FAULT_DENIED, "keys/newsletter/%s is missing: put the newest copy of keys/newsletter/ there", name);
	return room_key(n->room, name, which == 0 ? make_rsa : make_ed25519, pem, f);
}

/* --- the table --- */

static bool read_generations(struct newsletter *n, struct generation *out, size_t *count, struct fault *f)
{
	struct store_rows rows;

	*count = 0;
	if (!store_rows_begin(n->room->db, NEWSLETTER_SQL_SIGNING_KEY_LIST, STORE_NO_ARGS, &rows, f))
		return false;
	while (*count < GENERATIONS_MOST && store_rows_next(&rows, f)) {
		struct generation *one = &out[*count];

		one->number = store_column_i64(&rows, 0);
		one->since = store_column_i64(&rows, 2);
		*count += signing_key_state_from(store_column_text(&rows, 1), &one->state);
	}
	return store_rows_end(&rows);
}

/* The newest generation in a state; 0: none. */
static bool find(struct newsletter *n, enum signing_key_state state, struct generation *found, struct fault *f)
{
	struct generation *all = memory_new(GENERATIONS_MOST, sizeof(*all));
	size_t count;
	bool ok = read_generations(n, all, &count, f);

	*found = (struct generation){0};
	for (size_t i = 0; ok && i < count; i++)
		if (all[i].state == state)
			*found = all[i];
	memory_free(all);
	return ok;
}

static bool insert(struct newsletter *n, int64_t generation, enum signing_key_state state, struct fault *f)
{
	return store_run(n->room->db, NEWSLETTER_SQL_SIGNING_KEY_INSERT,
		STORE_ARGS(store_i64(generation), store_text(signing_key_state_name(state)), store_i64(clock_utc_day(clock_now()))), NULL,
		f);
}

static bool move(struct newsletter *n, const struct generation *one, enum signing_key_step step, struct fault *f)
{
	enum signing_key_state to;

	must(signing_key_next(one->state, step, &to));
	if (!store_run(n->room->db, NEWSLETTER_SQL_SIGNING_KEY_MOVE,
			STORE_ARGS(store_i64(one->number), store_text(signing_key_state_name(one->state)),
				store_text(signing_key_state_name(to)), store_i64(clock_utc_day(clock_now()))),
			NULL, f))
		return false;
	log_event(LOG_JOB, LOG_C("job", "signing_key"), LOG_I64("generation", one->number),
		LOG_STR("state", signing_key_state_name(to)));
	return true;
}

/* --- the pair that signs --- */

static void close_keys(struct newsletter_keys **keys)
{
	if (*keys == NULL)
		return;
	for (size_t i = 0; i < PAIR; i++)
		dkim_key_close(&(*keys)->keys[i]);
	memory_free(*keys);
	*keys = NULL;
}

static bool open_pair(struct newsletter *n, int64_t generation, struct newsletter_keys **out, struct fault *f)
{
	struct newsletter_keys *keys = memory_new(1, sizeof(*keys));
	bool ok = true;

	for (size_t i = 0; ok && i < PAIR; i++) {
		struct secret *pem = NULL;

		name_selector(n, generation, i, keys->selectors[i]);
		ok = read_pem(n, generation, i, generation == 1, &pem, f) && dkim_key_open(&keys->keys[i], pem, f);
		secret_free(&pem);
		keys->signers[i] = (struct dkim_signer){keys->keys[i], str_from(keys->selectors[i])};
	}
	if (ok)
		*out = keys;
	else
		close_keys(&keys);
	return ok;
}

bool newsletter_keys_open(struct newsletter *n, struct fault *f)
{
	struct generation signing;

	dkim_lock_keys();
	if (!find(n, SIGNING_KEY_SIGNING, &signing, f))
		return false;
	if (signing.number == 0) {
		signing.number = 1;
		if (!insert(n, 1, SIGNING_KEY_SIGNING, f))
			return false;
	}
	return open_pair(n, signing.number, &n->keys, f);
}

void newsletter_keys_close(struct newsletter *n)
{
	close_keys(&n->keys);
}

void newsletter_keys_sign(const struct newsletter *n, struct dkim_options *options)
{
	options->signers = n->keys->signers;
	options->signer_count = PAIR;
}

size_t newsletter_keys_count(void)
{
	return PAIR;
}

bool newsletter_keys_each_pem(struct newsletter *n, bool (*take)(void *self, size_t which, const struct secret *pem, struct fault *f),
	void *self, struct fault *f)
{
	struct generation signing;
	bool ok = find(n, SIGNING_KEY_SIGNING, &signing, f);

	for (size_t i = 0; ok && i < PAIR; i++) {
		struct secret *pem = NULL;

		ok = read_pem(n, signing.number, i, false, &pem, f) && take(self, i, pem, f);
		secret_free(&pem);
	}
	return ok;
}

/* --- what there is --- */

static bool add_record(struct newsletter *n, const struct generation *one, size_t which, struct arena *arena, json_t *list,
	struct fault *f)
{
	struct str domain = newsletter_dkim_domain(n);
	struct secret *pem = NULL;
	struct dkim_key *key = NULL;
	struct str record;
	char selector[NAME_BYTES];
	json_t *json = NULL;
	bool ok = read_pem(n, one->number, which, false, &pem, f) && dkim_key_open(&key, pem, f) &&
		dkim_dns_record(key, arena, &record, f);

	if (!ok)
		goto done;
	name_selector(n, one->number, which, selector);
	json = json_object();
	json_array_append_new(list, json);
	json_object_set_new(json, "selector", json_string(selector));
	json_object_set_new(json, "name", json_sprintf("%s._domainkey.%.*s", selector, STR_ARG(domain)));
	json_object_set_new(json, "algorithm", json_string(dkim_algorithm_name(algorithms[which])));
	json_object_set_new(json, "txt", http_json_str(record));
	json_object_set_new(json, "revoked", json_sprintf("v=DKIM1; k=%s; p=; n=retired. Its private key is public: %.*s/newsletter/keys/",
		which == 0 ? "rsa" : "ed25519", STR_ARG(n->room->settings.url)));
	if (one->state == SIGNING_KEY_PUBLISHED)
		json_object_set_new(json, "pem", http_json_str(secret_bytes(pem)));
done:
	dkim_key_close(&key);
	secret_free(&pem);
	return ok;
}

static bool add_generation(struct newsletter *n, const struct generation *one, struct arena *arena, json_t *list,
	struct fault *f)
{
	json_t *json = json_object(), *records = json_array();
	bool ok = true;

	json_array_append_new(list, json);
	json_object_set_new(json, "generation", json_integer(one->number));
	json_object_set_new(json, "state", http_json_str(signing_key_state_name(one->state)));
	json_object_set_new(json, "since", json_integer(one->since));
	json_object_set_new(json, "due", json_integer(one->state == SIGNING_KEY_RETIRED ? one->since + SIGNING_KEY_REST_DAYS : 0));
	json_object_set_new(json, "records", records);
	for (size_t i = 0; ok && i < PAIR; i++)
		ok = add_record(n, one, i, arena, records, f);
	return ok;
}

bool newsletter_keys_json(struct newsletter *n, struct arena *arena, json_t *json, struct fault *f)
{
	struct generation *all = memory_new(GENERATIONS_MOST, sizeof(*all));
	json_t *list = json_array();
	size_t count;
	bool ok = read_generations(n, all, &count, f);

	json_object_set_new(json, "domain", http_json_str(newsletter_dkim_domain(n)));
	json_object_set_new(json, "today", json_integer(clock_utc_day(clock_now())));
	json_object_set_new(json, "keys", list);
	for (size_t i = 0; ok && i < count; i++)
		ok = add_generation(n, &all[i], arena, list, f);
	memory_free(all);
	return ok;
}

/* --- a rotation's steps --- */

bool newsletter_keys_make(struct newsletter *n, struct fault *f)
{
	struct generation signing, next, retired;
	struct secret *pem = NULL;
	bool ok = true;

	if (!find(n, SIGNING_KEY_NEXT, &next, f) || !find(n, SIGNING_KEY_RETIRED, &retired, f) ||
		!find(n, SIGNING_KEY_SIGNING, &signing, f))
		return false;
	if (next.number != 0)
		return fault_set(f, FAULT_CONFLICT, "the next signing key is made already");
	if (retired.number != 0)
		return fault_set(f, FAULT_CONFLICT, "the last signing key is to be published first");
	for (size_t i = 0; ok && i < PAIR; i++) {
		ok = read_pem(n, signing.number + 1, i, true, &pem, f);
		secret_free(&pem);
	}
	return ok && insert(n, signing.number + 1, SIGNING_KEY_NEXT, f);
}

bool newsletter_keys_take(struct newsletter *n, struct fault *f)
{
	struct newsletter_keys *keys = NULL;
	struct generation signing, next;
	bool ok;

	if (!find(n, SIGNING_KEY_NEXT, &next, f) || !find(n, SIGNING_KEY_SIGNING, &signing, f))
		return false;
	if (next.number == 0)
		return fault_set(f, FAULT_CONFLICT, "there is no next signing key yet");
	if (!open_pair(n, next.number, &keys, f))
		return false;
	ok = store_begin(n->room->db, f) &&
		store_end(n->room->db, move(n, &signing, SIGNING_KEY_IS_REPLACED, f) && move(n, &next, SIGNING_KEY_IS_TAKEN, f), f);
	if (ok) {
		newsletter_sender_rest_keys(n); /* what is being signed with the old pair is taken up anew */
		newsletter_keys_close(n);
		n->keys = keys;
	} else {
		close_keys(&keys);
	}
	return ok;
}

bool newsletter_keys_publish(struct newsletter *n, struct fault *f)
{
	struct generation retired;

	if (!find(n, SIGNING_KEY_RETIRED, &retired, f))
		return false;
	if (retired.number == 0)
		return fault_set(f, FAULT_CONFLICT, "no signing key is retired");
	if (clock_utc_day(clock_now()) < retired.since + SIGNING_KEY_REST_DAYS)
		return fault_set(f, FAULT_CONFLICT, "the retired signing key is published %d days after its last mail, not before",
			SIGNING_KEY_REST_DAYS);
	return move(n, &retired, SIGNING_KEY_IS_PUBLISHED, f);
}
