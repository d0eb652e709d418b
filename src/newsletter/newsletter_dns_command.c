/* newsletter_dns_command.c: mimeo newsletter dns, rotate-key: the records of the signing keys, and their rotation.
 *
 * Decides: what is printed, and which step of a rotation is next, by what stands in DNS. Leaves to the room: the keys. Runs
 * in: the command's own process. The hard thing: a key must not sign before everybody can see its record, nor be given
 * away while anybody still believes it; only DNS can tell, so the command looks there and refuses to go on blindly.
 * SPDX-License-Identifier: ISC */
#include "newsletter_command.h"

#include <stdio.h>
#include "base/arena.h"
#include "base/fault.h"
#include "http/http_client.h"
#include "mail/dns.h"

static struct str text(const json_t *json, const char *key)
{
	return http_json_text(json, key);
}

static int64_t number(const json_t *json, const char *key)
{
	return json_integer_value(json_object_get(json, key));
}

/* The value of "p=" without blanks, into out; false: the record has none. */
static bool key_of(struct str record, struct arena *arena, struct str *key)
{
	struct str tag;
	char *out = arena_alloc(arena, record.len + 1);
	size_t len = 0;

	while (str_next(&record, ';', &tag)) {
		tag = str_trim(tag);
		if (tag.len < 2 || tag.at[0] != 'p' || str_trim(str_part(tag, 1, SIZE_MAX)).at[0] != '=')
			continue;
		for (size_t i = str_find_char(tag, '=') + 1; out != NULL && i < tag.len; i++)
			if (tag.at[i] != ' ' && tag.at[i] != '\t')
				out[len++] = tag.at[i];
		*key = str_make(out, len);
		return out != NULL;
	}
	return false;
}

enum newsletter_record newsletter_look_up_key(const struct dns_asker *asker, const json_t *record, struct arena *arena)
{
	struct str ours = {NULL, 0}, theirs = {NULL, 0};
	struct dns_answer answer;

	asker->ask(asker->self, text(record, "name"), DNS_TXT, arena, &answer);
	if (answer.outcome == DNS_FAILED)
		return RECORD_UNKNOWN;
	if (!key_of(text(record, "txt"), arena, &ours))
		return RECORD_UNKNOWN;
	for (size_t i = 0; i < answer.count; i++)
		if (key_of(answer.records[i], arena, &theirs))
			return theirs.len == 0 ? RECORD_REVOKED : str_equal(ours, theirs) ? RECORD_THERE : RECORD_OTHER;
	return RECORD_MISSING;
}

struct str newsletter_record_line(const json_t *record, const char *which, struct arena *arena)
{
	struct str txt = text(record, which);
	struct str line = str_format(arena, "%.*s. TXT", STR_ARG(text(record, "name")));

	/* A string in a zone file has at most 255 bytes. */
	for (size_t i = 0; i < txt.len && line.at != NULL; i += 250)
		line = str_format(arena, "%.*s \"%.*s\"", STR_ARG(line), STR_ARG(str_part(txt, i, 250)));
	return line;
}

static void print_records(const json_t *key, const char *which, struct arena *arena)
{
	const json_t *record;
	size_t i;

	json_array_foreach(json_object_get(key, "records"), i, record)
		printf("%.*s\n", STR_ARG(newsletter_record_line(record, which, arena)));
}

static bool is_state(const json_t *key, const char *state)
{
	return str_is(text(key, "state"), state);
}

static void print_dns(const json_t *dns, struct arena *arena)
{
	const json_t *key;
	size_t i;

	json_array_foreach(json_object_get(dns, "keys"), i, key) {
		if (is_state(key, "published")) {
			printf("; retired, its private key is public: these say so (or leave them out)\n");
			print_records(key, "revoked", arena);
		} else {
			printf("; %s\n", is_state(key, "signing") ? "signs every mail" : is_state(key, "next") ? "will sign next" :
				"retired: keep its records until `mimeo newsletter rotate-key` says otherwise");
			print_records(key, "txt", arena);
		}
	}
}

static void print_json(const json_t *json)
{
	(void) json_dumpf(json, stdout, JSON_INDENT(2));
	putchar('\n');
}

bool newsletter_run_dns(struct errand *errand, struct fault *f)
{
	json_t *dns = NULL;
	bool ok = errand_call(errand, "newsletter", "GET", "/dns", NULL, &dns, f);

	if (ok && errand->json)
		print_json(dns);
	else if (ok)
		print_dns(dns, &errand->arena);
	json_decref(dns);
	return ok;
}

/* --- rotation --- */

struct rotation {
	struct errand *errand;
	const struct dns_asker *asker;
	bool anyway;
};

static const json_t *find_key(const json_t *dns, const char *state)
{
	const json_t *key, *found = NULL;
	size_t i;

	json_array_foreach(json_object_get(dns, "keys"), i, key)
		if (is_state(key, state))
			found = key;
	return found;
}

/* Do all records of the key stand as wanted? RECORD_REVOKED: missing is as good. */
static bool all_are(const struct rotation *r, const json_t *key, enum newsletter_record wanted)
{
	const json_t *record;
	size_t i;

	json_array_foreach(json_object_get(key, "records"), i, record) {
		enum newsletter_record is = newsletter_look_up_key(r->asker, record, &r->errand->arena);

		if (is != wanted && !(wanted == RECORD_REVOKED && is == RECORD_MISSING))
			return false;
	}
	return true;
}

static bool step(const struct rotation *r, const char *name, json_t **dns, struct fault *f)
{
	char path[32];

	(void) snprintf(path, sizeof(path), "/keys/%s", name);
	json_decref(*dns);
	*dns = NULL;
	return errand_call(r->errand, "newsletter", "POST", path, json_object(), dns, f);
}

static bool end_retired(const struct rotation *r, const json_t *key, json_t **dns, struct fault *f)
{
	int64_t left = number(key, "due") - number(*dns, "today");

	if (left > 0) {
		printf("The last key is retired. Its records must stay for %lld more day%s, until its mails have arrived; then run this again.\n",
			(long long) left, left == 1 ? "" : "s");
		return true;
	}
	if (!r->anyway && !all_are(r, key, RECORD_REVOKED)) {
		printf("The retired key's mails have arrived. Replace its records by these, which revoke it, and run this again an hour later:\n\n");
		print_records(key, "revoked", &r->errand->arena);
		return true;
	}
	if (!step(r, "publish", dns, f))
		return false;
	printf("The retired key is revoked, and its private half is public now, at /newsletter/keys/: the signatures of old mails prove "
		"nothing any more. Run this again whenever you want the next key.\n");
	return true;
}

static bool take_next(const struct rotation *r, const json_t *key, json_t **dns, struct fault *f)
{
	if (!r->anyway && !all_are(r, key, RECORD_THERE)) {
		printf("The next key waits for its records. Add these, and run this again when they can be seen:\n\n");
		print_records(key, "txt", &r->errand->arena);
		return true;
	}
	if (!step(r, "take", dns, f))
		return false;
	printf("The next key signs from now on. Leave the last one's records where they are; run this again in a week.\n");
	return true;
}

static bool rotate(const struct rotation *r, json_t **dns, struct fault *f)
{
	const json_t *retired = find_key(*dns, "retired"), *next = find_key(*dns, "next");

	if (retired != NULL)
		return end_retired(r, retired, dns, f);
	if (next != NULL)
		return take_next(r, next, dns, f);
	if (!step(r, "make", dns, f))
		return false;
	printf("The next key is made. Add these records, and run this again when they can be seen:\n\n");
	print_records(find_key(*dns, "next"), "txt", &r->errand->arena);
	return true;
}

static bool read_options(struct errand *errand, bool *anyway, struct str *server, struct fault *f)
{
	for (int i = 0; i < errand->argc; i++) {
		if (strcmp(errand->argv[i], "--anyway") == 0)
			*anyway = true;
		else if (strcmp(errand->argv[i], "--dns") == 0 && i + 1 < errand->argc)
			*server = str_from(errand->argv[++i]);
		else
			return fault_set(f, FAULT_INPUT, "`%s` is no option of newsletter rotate-key: see its --help", errand->argv[i]);
	}
	return true;
}

bool newsletter_run_rotate_key(struct errand *errand, struct fault *f)
{
	struct rotation r = {.errand = errand};
	struct str server = {NULL, 0};
	struct dns *resolver = NULL;
	struct dns_asker asker;
	json_t *dns = NULL;
	bool ok;

	ok = read_options(errand, &r.anyway, &server, f) && dns_open(&resolver, server, f) &&
		errand_call(errand, "newsletter", "GET", "/dns", NULL, &dns, f);
	asker = (struct dns_asker){dns_ask, resolver};
	r.asker = &asker;
	ok = ok && rotate(&r, &dns, f);
	json_decref(dns);
	dns_close(&resolver);
	return ok;
}
