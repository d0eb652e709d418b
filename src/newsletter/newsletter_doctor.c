/* newsletter_doctor.c: mimeo newsletter doctor: will mail from here be believed?
 *
 * Decides: what is looked at, and which record each finding asks for. Leaves to mail/dns.c and spf.c: asking and judging; to
 * the room: its settings, keys and counts. Runs in: the command's own process, which holds no key and no address. The hard
 * thing: to say only what can be known from here. Where mail leaves a relay from cannot; where DNS does not answer, nothing
 * is wrong yet.
 * SPDX-License-Identifier: ISC */
#include "newsletter_command.h"

#include <stdarg.h>
#include <stdio.h>
#include "base/arena.h"
#include "base/fault.h"
#include "http/http_client.h"
#include "mail/dns.h"
#include "mail/spf.h"

enum { ADDRESSES_MOST = 16, SAY_BYTES = 600 };

enum level { FINE, LOOK, BAD };

struct doctor {
	struct errand *errand;
	struct arena *arena;
	struct dns_asker asker;
	const json_t *dns;
	json_t *findings;
	struct str from, back;                    /* domains: of From, of the return path */
	struct str addresses[ADDRESSES_MOST];     /* where mail leaves from */
	size_t address_count;
	bool addresses_given;
	size_t bad;
	bool spf_ok, dkim_ok, dmarc_ok, aligned, ptr_ok;
	bool dmarc_strict_spf, dmarc_strict_dkim;
};

static struct str text(const json_t *json, const char *key)
{
	return http_json_text(json, key);
}

/* add: a record, or empty. */
static void say(struct doctor *d, enum level level, const char *topic, struct str add, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
static void say(struct doctor *d, enum level level, const char *topic, struct str add, const char *format, ...)
{
	static const char *const names[] = {"ok", "look", "bad"};
	char line[SAY_BYTES];
	json_t *one = json_object();
	va_list args;

	va_start(args, format);
	(void) vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	d->bad += level == BAD;
	json_object_set_new(one, "level", json_string(names[level]));
	json_object_set_new(one, "topic", json_string(topic));
	json_object_set_new(one, "say", http_json_str(str_from(line)));
	if (add.len > 0)
		json_object_set_new(one, "add", http_json_str(add));
	json_array_append_new(d->findings, one);
}

#define NOTHING ((struct str){NULL, 0})

static void ask(struct doctor *d, struct str name, enum dns_type type, struct dns_answer *answer)
{
	d->asker.ask(d->asker.self, name, type, d->arena, answer);
}

static struct str domain_of(struct str address)
{
	size_t at = str_find_char(address, '@');

	return at == SIZE_MAX ? NOTHING : str_part(address, at + 1, SIZE_MAX);
}

/* The same, or one below the other: organisational domains as far as they can be told without a list of suffixes. */
static bool is_aligned(struct str a, struct str b, bool strict)
{
	struct str longer = a.len > b.len ? a : b, shorter = a.len > b.len ? b : a;

	if (strict || longer.len == shorter.len)
		return str_equal_nocase(a, b);
	return str_equal_nocase(str_part(longer, longer.len - shorter.len, SIZE_MAX), shorter) &&
		longer.at[longer.len - shorter.len - 1] == '.' && str_find_char(shorter, '.') != SIZE_MAX;
}

/* --- where mail leaves from --- */

static bool is_private(struct str address)
{
	static const char *const private_starts[] = {"127.", "10.", "192.168.", "169.254.", "172.16.", "172.17.", "172.18.", "172.19.",
		"172.2", "172.30.", "172.31.", "::1", "fe80:", "fc", "fd", NULL};
	const char *const *start = private_starts;

	while (*start != NULL && !str_starts(address, str_from(*start)))
		start++;
	return *start != NULL;
}

static void add_addresses_of(struct doctor *d, struct str name)
{
	struct dns_answer answer;
	struct in6_addr ip;

	if (dns_parse_address(name, &ip)) {
		if (!is_private(name) && d->address_count < ADDRESSES_MOST)
			d->addresses[d->address_count++] = name;
		return;
	}
	for (int type = 0; type < 2; type++) {
		ask(d, name, type == 0 ? DNS_A : DNS_AAAA, &answer);
		for (size_t i = 0; i < answer.count && d->address_count < ADDRESSES_MOST; i++)
			if (!is_private(answer.records[i]))
				d->addresses[d->address_count++] = answer.records[i];
	}
}

static void find_addresses_of(struct doctor *d, const json_t *server)
{
	struct str host = text(server, "host"), helo = text(server, "helo");
	size_t before = d->address_count;

	add_addresses_of(d, host);
	if (d->address_count == before && helo.len > 0)
		add_addresses_of(d, helo);
	if (d->address_count > before)
		say(d, LOOK, "sending", NOTHING, "taken that mail leaves from the addresses of %.*s; if it does not, give them: --ip ADDRESS",
			STR_ARG(host));
	else
		say(d, LOOK, "sending", NOTHING, "where mail leaves from cannot be seen from here (%.*s is on this machine or has no address): "
			"give the address that the world sees: --ip ADDRESS", STR_ARG(host));
}

static void find_addresses(struct doctor *d)
{
	const json_t *server;
	size_t i;

	if (d->addresses_given)
		return;
	json_array_foreach(json_object_get(d->dns, "servers"), i, server)
		find_addresses_of(d, server);
}

/* --- DKIM --- */

static void check_key_record(struct doctor *d, const json_t *key, const json_t *record)
{
	struct str name = text(record, "name"), state = text(key, "state"), algorithm = text(record, "algorithm");
	enum newsletter_record is = newsletter_look_up_key(&d->asker, record, d->arena);
	struct str add = newsletter_record_line(record, "txt", d->arena);
	bool signs = str_is(state, "signing");

	if (str_is(state, "published")) {
		if (is == RECORD_THERE)
			say(d, BAD, "DKIM", newsletter_record_line(record, "revoked", d->arena),
				"%.*s still holds a key whose private half is public: anybody can sign as you. Replace it", STR_ARG(name));
		return;
	}
	if (is == RECORD_THERE) {
		say(d, FINE, "DKIM", NOTHING, "%.*s holds our %.*s key%s", STR_ARG(name), STR_ARG(algorithm),
			signs ? "" : str_is(state, "next") ? " (the next one)" : " (the last one)");
		return;
	}
	if (is == RECORD_UNKNOWN)
		say(d, LOOK, "DKIM", NOTHING, "%.*s: DNS did not answer", STR_ARG(name));
	else if (!signs)
		say(d, LOOK, "DKIM", add, str_is(state, "next") ? "%.*s is not there yet, which the next key waits for" :
			"%.*s is gone, but mails that it signed may still be on their way", STR_ARG(name));
	else
		say(d, BAD, "DKIM", add, is == RECORD_MISSING ? "%.*s is not there: no signature of ours can be checked" :
			"%.*s holds another key than ours: every signature fails", STR_ARG(name));
	if (signs && str_is(algorithm, "rsa-sha256"))
		d->dkim_ok = false; /* the one that everybody can check */
}

static void check_dkim(struct doctor *d)
{
	const json_t *key, *record, *server;
	bool is_ours = false;
	size_t i, k;

	d->dkim_ok = true;
	json_array_foreach(json_object_get(d->dns, "servers"), i, server) {
		is_ours = is_ours || json_is_true(json_object_get(server, "sign"));
		if (!json_is_true(json_object_get(server, "sign")))
			say(d, LOOK, "DKIM", NOTHING, "%.*s signs by itself (sign = no), with a key that is not known here: look into a mail that went "
				"through it for its DKIM-Signature, and that its d= goes with From", STR_ARG(text(server, "name")));
	}
	json_array_foreach(json_object_get(d->dns, "keys"), i, key)
		json_array_foreach(json_object_get(key, "records"), k, record)
			if (is_ours || str_is(text(key, "state"), "published")) /* what signs nothing needs no record */
				check_key_record(d, key, record);
}

/* --- SPF --- */

static struct str mechanism_for(struct doctor *d, struct str address)
{
	return str_format(d->arena, "%s:%.*s", str_find_char(address, ':') == SIZE_MAX ? "ip4" : "ip6", STR_ARG(address));
}

/* The record with all our addresses before its "all" or redirect. */
static struct str better_spf(struct doctor *d, struct str record, struct str domain)
{
	struct str mine = NOTHING, before = record, after = STR(" ~all");
	struct str rest = record, term;

	for (size_t i = 0; i < d->address_count; i++) {
		enum spf_result is = SPF_NONE;
		struct str unused;

		if (record.len > 0)
			is = spf_check(&d->asker, d->addresses[i], domain, d->arena, &unused);
		if (is != SPF_PASS)
			mine = str_format(d->arena, "%.*s %.*s", STR_ARG(mine), STR_ARG(mechanism_for(d, d->addresses[i])));
	}
	if (record.len == 0)
		return str_format(d->arena, "%.*s. TXT \"v=spf1%.*s ~all\"", STR_ARG(domain), STR_ARG(mine));
	while (str_next(&rest, ' ', &term))
		if (str_ends(term, STR("all")) || str_starts(term, STR("redirect="))) {
			before = str_part(record, 0, (size_t) (term.at - record.at) - 1);
			after = str_part(record, before.len, SIZE_MAX);
			break;
		}
	return str_format(d->arena, "%.*s. TXT \"%.*s%.*s%.*s\"", STR_ARG(domain), STR_ARG(before), STR_ARG(mine), STR_ARG(after));
}

static void check_spf(struct doctor *d)
{
	struct dns_answer answer;
	struct str record = NOTHING;

	d->spf_ok = true;
	if (d->address_count == 0) {
		ask(d, d->back, DNS_TXT, &answer);
		for (size_t i = 0; i < answer.count && record.len == 0; i++)
			record = str_starts(answer.records[i], STR("v=spf1")) ? answer.records[i] : record;
		d->spf_ok = record.len > 0;
		if (record.len == 0 && answer.outcome != DNS_FAILED)
			say(d, BAD, "SPF", str_format(d->arena, "%.*s. TXT \"v=spf1 ip4:YOUR.MAIL.SERVER.ADDRESS ~all\"", STR_ARG(d->back)),
				"%.*s has no SPF record", STR_ARG(d->back));
		else
			say(d, LOOK, "SPF", NOTHING, "%.*s has a record; whether it covers where mail leaves from needs --ip", STR_ARG(d->back));
		return;
	}
	for (size_t i = 0; i < d->address_count; i++) {
		struct str address = d->addresses[i];
		enum spf_result is = spf_check(&d->asker, address, d->back, d->arena, &record);

		if (is == SPF_PASS) {
			say(d, FINE, "SPF", NOTHING, "%.*s lets %.*s send", STR_ARG(d->back), STR_ARG(address));
			continue;
		}
		if (is == SPF_TEMPERROR || is == SPF_UNKNOWN) {
			say(d, LOOK, "SPF", NOTHING, is == SPF_TEMPERROR ? "%.*s: DNS did not answer for %.*s" :
				"%.*s: its record depends on the mail, %.*s cannot be judged", STR_ARG(d->back), STR_ARG(address));
			continue;
		}
		d->spf_ok = false;
		if (is == SPF_PERMERROR)
			say(d, BAD, "SPF", NOTHING, "%.*s: its record is broken (two records, a word that is none, or more than ten look-ups): %.*s",
				STR_ARG(d->back), STR_ARG(record));
		else
			say(d, BAD, "SPF", better_spf(d, record, d->back), is == SPF_NONE ? "%.*s has no SPF record, so %.*s is not known" :
				"the record of %.*s does not let %.*s send", STR_ARG(d->back), STR_ARG(address));
	}
}

/* --- DMARC --- */

static struct str tag_of(struct str record, const char *name)
{
	struct str tag;

	while (str_next(&record, ';', &tag)) {
		size_t equals = str_find_char(tag, '=');

		if (equals != SIZE_MAX && str_equal_nocase(str_trim(str_part(tag, 0, equals)), str_from(name)))
			return str_trim(str_part(tag, equals + 1, SIZE_MAX));
	}
	return NOTHING;
}

/* Of the domain, or of one above it. */
static enum dns_outcome find_dmarc(struct doctor *d, struct str *where, struct str *record)
{
	struct str domain = d->from;

	while (str_find_char(domain, '.') != SIZE_MAX) {
		struct dns_answer answer;

		*where = str_format(d->arena, "_dmarc.%.*s", STR_ARG(domain));
		ask(d, *where, DNS_TXT, &answer);
		for (size_t i = 0; i < answer.count; i++)
			if (str_starts(answer.records[i], STR("v=DMARC1"))) {
				*record = answer.records[i];
				return DNS_FOUND;
			}
		if (answer.outcome == DNS_FAILED)
			return DNS_FAILED;
		domain = str_part(domain, str_find_char(domain, '.') + 1, SIZE_MAX);
	}
	return DNS_NONE;
}

static void check_dmarc(struct doctor *d)
{
	struct str where = NOTHING, record = NOTHING, policy;
	enum dns_outcome outcome = find_dmarc(d, &where, &record);

	if (outcome == DNS_FAILED) {
		say(d, LOOK, "DMARC", NOTHING, "%.*s: DNS did not answer", STR_ARG(where));
		return;
	}
	policy = tag_of(record, "p");
	d->dmarc_strict_dkim = str_is(tag_of(record, "adkim"), "s");
	d->dmarc_strict_spf = str_is(tag_of(record, "aspf"), "s");
	d->dmarc_ok = policy.len > 0;
	if (outcome == DNS_NONE || policy.len == 0)
		say(d, BAD, "DMARC", str_format(d->arena, "_dmarc.%.*s. TXT \"v=DMARC1; p=none; rua=mailto:postmaster@%.*s\"",
			STR_ARG(d->from), STR_ARG(d->from)), "%.*s has no DMARC policy, which Gmail and Yahoo ask of bulk senders", STR_ARG(d->from));
	else if (str_is(policy, "none"))
		say(d, FINE, "DMARC", NOTHING, "%.*s says p=none; once its reports show nothing strange, p=quarantine keeps forgers out",
			STR_ARG(where));
	else
		say(d, FINE, "DMARC", NOTHING, "%.*s says p=%.*s", STR_ARG(where), STR_ARG(policy));
}

static void check_alignment(struct doctor *d)
{
	struct str signs = text(d->dns, "domain");
	bool dkim = is_aligned(signs, d->from, d->dmarc_strict_dkim), spf = is_aligned(d->back, d->from, d->dmarc_strict_spf);

	d->aligned = (dkim && d->dkim_ok) || (spf && d->spf_ok);
	say(d, dkim ? FINE : BAD, "DMARC", NOTHING, dkim ? "the signature's domain %.*s goes with that of From, %.*s" :
		"the signature's domain %.*s does not go with that of From, %.*s: set [newsletter] dkim_domain", STR_ARG(signs), STR_ARG(d->from));
	if (!spf)
		say(d, LOOK, "DMARC", NOTHING, "the return path's domain %.*s does not go with that of From, %.*s: only the signature counts",
			STR_ARG(d->back), STR_ARG(d->from));
}

/* --- PTR and MX --- */

/* Does the name lead back to the address? */
static bool leads_back(struct doctor *d, struct str name, struct str address)
{
	struct dns_answer answer;
	struct in6_addr wanted, got;

	if (!dns_parse_address(address, &wanted))
		return false;
	ask(d, name, IN6_IS_ADDR_V4MAPPED(&wanted) ? DNS_A : DNS_AAAA, &answer);
	for (size_t i = 0; i < answer.count; i++)
		if (dns_parse_address(answer.records[i], &got) && memcmp(&wanted, &got, sizeof(got)) == 0)
			return true;
	return false;
}

static void check_ptr(struct doctor *d)
{
	d->ptr_ok = true;
	for (size_t i = 0; i < d->address_count; i++) {
		struct str address = d->addresses[i], reverse = NOTHING;
		struct dns_answer answer;
		bool confirmed = false;

		if (!dns_reverse_name(address, d->arena, &reverse))
			continue;
		ask(d, reverse, DNS_PTR, &answer);
		for (size_t k = 0; k < answer.count && !confirmed; k++)
			confirmed = leads_back(d, answer.records[k], address);
		if (answer.outcome == DNS_FAILED) {
			say(d, LOOK, "PTR", NOTHING, "%.*s: DNS did not answer", STR_ARG(reverse));
			continue;
		}
		d->ptr_ok = d->ptr_ok && confirmed;
		if (confirmed)
			say(d, FINE, "PTR", NOTHING, "%.*s is called %.*s, which leads back to it", STR_ARG(address), STR_ARG(answer.records[0]));
		else if (answer.count > 0)
			say(d, BAD, "PTR", str_format(d->arena, "%.*s. %s %.*s", STR_ARG(answer.records[0]),
				str_find_char(address, ':') == SIZE_MAX ? "A" : "AAAA", STR_ARG(address)),
				"%.*s is called %.*s, which does not lead back to it", STR_ARG(address), STR_ARG(answer.records[0]));
		else
			say(d, BAD, "PTR", str_format(d->arena, "%.*s. PTR mail.%.*s.", STR_ARG(reverse), STR_ARG(d->from)),
				"%.*s has no name: ask whoever rents you the address for its PTR record", STR_ARG(address));
	}
}

static void check_mx(struct doctor *d, struct str domain, const char *what)
{
	struct dns_answer answer, other;

	ask(d, domain, DNS_MX, &answer);
	if (answer.outcome == DNS_FAILED) {
		say(d, LOOK, "MX", NOTHING, "%.*s: DNS did not answer", STR_ARG(domain));
		return;
	}
	if (answer.count == 1 && (answer.records[0].len == 0 || str_is(answer.records[0], "."))) {
		say(d, BAD, "MX", NOTHING, "%.*s says that it takes no mail at all, so %s are lost", STR_ARG(domain), what);
		return;
	}
	if (answer.count > 0) {
		say(d, FINE, "MX", NOTHING, "%s to %.*s go to %.*s", what, STR_ARG(domain), STR_ARG(answer.records[0]));
		return;
	}
	ask(d, domain, DNS_A, &other);
	if (other.count == 0)
		ask(d, domain, DNS_AAAA, &other);
	if (other.count > 0)
		say(d, LOOK, "MX", NOTHING, "%.*s has no MX record, only an address: %s go there", STR_ARG(domain), what);
	else
		say(d, BAD, "MX", str_format(d->arena, "%.*s. MX 10 YOUR.MAIL.SERVER.", STR_ARG(domain)),
			"%.*s takes no mail: %s are lost, and a sender that cannot be answered is taken for a forger", STR_ARG(domain), what);
}

/* --- what Gmail and Yahoo ask of bulk senders (since February 2024) --- */

static void rule(struct doctor *d, bool kept, const char *words, const char *todo)
{
	say(d, kept ? FINE : BAD, "bulk rules", NOTHING, "%s%s%s", words, kept ? "" : ": ", kept ? "" : todo);
}

static void check_tls(struct doctor *d, const json_t *server)
{
	struct str host = text(server, "host");

	if (!str_is(text(server, "security"), "plain"))
		say(d, FINE, "bulk rules", NOTHING, "mail leaves to %.*s under TLS", STR_ARG(host));
	else if (str_is(host, "localhost") || is_private(host))
		say(d, LOOK, "bulk rules", NOTHING, "mail goes to %.*s without TLS; see that it uses TLS to the world", STR_ARG(host));
	else
		say(d, BAD, "bulk rules", NOTHING, "mail leaves to %.*s without TLS: set its security in mimeo.conf to starttls or tls",
			STR_ARG(host));
}

static void check_bulk_rules(struct doctor *d)
{
	int64_t accepted = json_integer_value(json_object_get(d->dns, "accepted"));
	int64_t complaints = json_integer_value(json_object_get(json_object_get(d->dns, "reports"), "complaint"));
	const json_t *server;
	size_t i;

	rule(d, d->spf_ok && d->dkim_ok, "SPF and DKIM are both there", "see above");
	rule(d, d->dmarc_ok, "there is a DMARC policy", "see above");
	rule(d, d->aligned, "the domain of From is that of SPF or DKIM", "see above");
	if (d->address_count > 0)
		rule(d, d->ptr_ok, "sending addresses have names that lead back", "see above");
	rule(d, str_starts(text(d->dns, "url"), STR("https://")), "one click unsubscribes (RFC 8058)",
		"[newsroom] url does not begin with https://, so the header is left out");
	json_array_foreach(json_object_get(d->dns, "servers"), i, server)
		check_tls(d, server);
	rule(d, text(d->dns, "bounce_address").len > 0, "addresses that bounce are taken off the list",
		"set [newsletter] bounce_address and let your mail server hand bounces in");
	/* Below 0.1 %, never 0.3 %: what was reported to us. */
	if (complaints > 0 && accepted > 0 && complaints * 1000 >= accepted)
		say(d, complaints * 1000 >= 3 * accepted ? BAD : LOOK, "bulk rules", NOTHING,
			"%lld of the last 30 days' %lld mails were called spam; Gmail and Yahoo want less than 1 in 1,000 and refuse above 3",
			(long long) complaints, (long long) accepted);
	else
		say(d, FINE, "bulk rules", NOTHING, "%lld complaints in 30 days (Gmail tells none: look at postmaster.google.com; Yahoo and "
			"others tell those who sign up for their feedback loops)", (long long) complaints);
}

/* --- the whole --- */

static bool read_options(struct doctor *d, struct str *server, struct fault *f)
{
	struct errand *errand = d->errand;
	struct in6_addr ip;

	for (int i = 0; i < errand->argc; i++) {
		bool takes_value = i + 1 < errand->argc;

		if (takes_value && strcmp(errand->argv[i], "--dns") == 0) {
			*server = str_from(errand->argv[++i]);
		} else if (takes_value && strcmp(errand->argv[i], "--ip") == 0 && d->address_count < ADDRESSES_MOST) {
			d->addresses[d->address_count] = str_from(errand->argv[++i]);
			if (!dns_parse_address(d->addresses[d->address_count++], &ip))
				return fault_set(f, FAULT_INPUT, "'%s' is no IP address", errand->argv[i]);
			d->addresses_given = true;
		} else {
			return fault_set(f, FAULT_INPUT, "`%s` is no option of newsletter doctor: see its --help", errand->argv[i]);
		}
	}
	return true;
}

static void print_findings(const struct doctor *d)
{
	const json_t *one;
	size_t i;

	json_array_foreach(d->findings, i, one) {
		struct str add = text(one, "add");

		printf("%-4.*s  %-10.*s  %.*s\n", STR_ARG(text(one, "level")), STR_ARG(text(one, "topic")), STR_ARG(text(one, "say")));
		if (add.len > 0)
			printf("                    -> %.*s\n", STR_ARG(add));
	}
}

static bool examine(struct doctor *d, struct fault *f)
{
	struct str from = text(d->dns, "from"), bounce = text(d->dns, "bounce_address");

	if (from.len == 0)
		return fault_set(f, FAULT_INPUT, "no mail can be sent: mimeo.conf has no [newsletter] from");
	d->from = domain_of(from);
	d->back = bounce.len > 0 ? domain_of(bounce) : d->from;
	find_addresses(d);
	check_dkim(d);
	check_spf(d);
	check_dmarc(d);
	check_alignment(d);
	check_ptr(d);
	check_mx(d, d->from, "answers");
	if (!str_equal_nocase(d->from, d->back))
		check_mx(d, d->back, "bounces");
	check_bulk_rules(d);
	return true;
}

bool newsletter_run_doctor(struct errand *errand, struct fault *f)
{
	struct doctor d = {.errand = errand, .arena = &errand->arena, .findings = json_array()};
	struct str server = {NULL, 0};
	struct dns *resolver = NULL;
	json_t *dns = NULL;
	bool ok;

	ok = read_options(&d, &server, f) && dns_open(&resolver, server, f) &&
		errand_call(errand, "newsletter", "GET", "/dns", NULL, &dns, f);
	d.asker = (struct dns_asker){dns_ask, resolver};
	d.dns = dns;
	ok = ok && examine(&d, f);
	if (ok && errand->json) {
		(void) json_dumpf(d.findings, stdout, JSON_INDENT(2));
		putchar('\n');
	} else if (ok) {
		print_findings(&d);
	}
	if (ok && d.bad > 0)
		ok = fault_set(f, FAULT_IO, "%zu thing%s to put right", d.bad, d.bad == 1 ? "" : "s");
	json_decref(d.findings);
	json_decref(dns);
	dns_close(&resolver);
	return ok;
}
