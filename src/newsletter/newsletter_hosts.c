/* newsletter_hosts.c: through which mail server a mail goes, and when one, or a domain, has had enough.
 *
 * Decides: the first server in the file's order that is well and has not had what it may have; limits per second, hour, day
 * and domain; the warm-up. Leaves to newsletter_claim.c: the mails; to the keeper: the connections. Runs in: the newsletter
 * room. The hard thing: counters that no restart forgets and no clock that is set back forgives. They are rows per UTC
 * period, written in the transaction that claims the mails, so that at worst too many are counted, never too few.
 * SPDX-License-Identifier: ISC */
#include "newsletter_inside.h"

#include <math.h>
#include "base/arena.h"
#include "base/fault.h"
#include "base/log.h"

enum { HOUR_S = 3600, DAY_S = 86400, WARMUP_DAYS = 41 };
enum { WINDOW_EACH = 8, WINDOW_MORE = 64, CLAIMED_LEAST = 320, SCOPE_BYTES = 300, SECOND_US = 1000000 };

/* When the server itself is the trouble, nothing is tried for a while. */
static const int64_t hold_ms[] = {2000, 5000, 15000, 60000, 300000};
enum { HOLD_COUNT = sizeof(hold_ms) / sizeof(hold_ms[0]) };

/* What went in one UTC period: `mails` is in the database, `more` is not yet. */
struct tally {
	int64_t period_s, began;   /* began -1: not read yet */
	int64_t mails, more;
};

struct host {
	const struct settings_smtp *is;
	struct tally hour, day;
	size_t claimed, with_keeper;
	int64_t next_us;           /* when the next mail may go, on the monotonic clock */
	unsigned troubles;         /* in a row */
	int64_t hold_until_ms;
	char words[200];           /* the server's, about us */
};

struct domain {
	const struct settings_limit *is;
	struct tally tally;
	size_t claimed, with_keeper;
	int64_t ahead, ahead_count; /* mails that wait were spread over periods up to this one */
};

struct newsletter_hosts {
	struct host hosts[SETTINGS_SMTP];
	struct domain domains[SETTINGS_LIMITS];
	size_t count, domain_count;
};

/* --- counters --- */

static void scope_of(const struct newsletter *n, const struct tally *tally, char out[SCOPE_BYTES])
{
	for (size_t i = 0; i < n->hosts->count; i++)
		if (tally == &n->hosts->hosts[i].hour || tally == &n->hosts->hosts[i].day) {
			(void) snprintf(out, SCOPE_BYTES, "server %.*s", STR_ARG(n->hosts->hosts[i].is->name));
			return;
		}
	for (size_t i = 0; i < n->hosts->domain_count; i++)
		if (tally == &n->hosts->domains[i].tally) {
			(void) snprintf(out, SCOPE_BYTES, "domain %.*s", STR_ARG(n->hosts->domains[i].is->domain));
			return;
		}
	out[0] = '\0';
}

/* The tally is that of the period in which `now` lies. */
static bool be_now(struct newsletter *n, struct tally *tally, int64_t now_s, struct fault *f)
{
	char scope[SCOPE_BYTES];
	int64_t began = now_s / tally->period_s;

	if (tally->began == began)
		return true;
	if (tally->more != 0)
		return true; /* the transaction that counted them is not over: its period goes on */
	scope_of(n, tally, scope);
	if (!store_number(n->room->db, NEWSLETTER_SQL_SMTP_COUNT_READ,
			STORE_ARGS(store_text(str_from(scope)), store_i64(tally->period_s), store_i64(began)), &tally->mails, f))
		return false;
	tally->began = began;
	return true;
}

static bool all_be_now(struct newsletter *n, int64_t now_s, struct fault *f)
{
	struct newsletter_hosts *h = n->hosts;
	bool ok = true;

	for (size_t i = 0; ok && i < h->count; i++)
		ok = be_now(n, &h->hosts[i].hour, now_s, f) && be_now(n, &h->hosts[i].day, now_s, f);
	for (size_t i = 0; ok && i < h->domain_count; i++)
		ok = be_now(n, &h->domains[i].tally, now_s, f);
	return ok;
}

typedef bool tally_call(struct newsletter *n, struct tally *tally, struct fault *f);

static bool each_tally(struct newsletter *n, tally_call *call, struct fault *f)
{
	struct newsletter_hosts *h = n->hosts;
	bool ok = true;

	for (size_t i = 0; ok && i < h->count; i++)
		ok = call(n, &h->hosts[i].hour, f) && call(n, &h->hosts[i].day, f);
	for (size_t i = 0; ok && i < h->domain_count; i++)
		ok = call(n, &h->domains[i].tally, f);
	return ok;
}

static bool write_tally(struct newsletter *n, struct tally *tally, struct fault *f)
{
	char scope[SCOPE_BYTES];

	if (tally->more == 0)
		return true;
	scope_of(n, tally, scope);
	return store_run(n->room->db, NEWSLETTER_SQL_SMTP_COUNT_ADD,
		STORE_ARGS(store_text(str_from(scope)), store_i64(tally->period_s), store_i64(tally->began), store_i64(tally->more)),
		NULL, f);
}

static bool settle_tally(struct newsletter *n, struct tally *tally, struct fault *f)
{
	(void) n;
	(void) f;
	tally->mails += tally->more;
	if (tally->mails < 0)
		tally->mails = 0;
	tally->more = 0;
	return true;
}

static bool forget_tally(struct newsletter *n, struct tally *tally, struct fault *f)
{
	(void) n;
	(void) f;
	tally->more = 0;
	tally->began = -1;
	return true;
}

bool newsletter_hosts_write(struct newsletter *n, struct fault *f)
{
	return each_tally(n, write_tally, f);
}

void newsletter_hosts_wrote(struct newsletter *n)
{
	(void) each_tally(n, settle_tally, NULL);
}

void newsletter_hosts_forget(struct newsletter *n)
{
	(void) each_tally(n, forget_tally, NULL);
}

/* --- what a server may still have --- */

int64_t newsletter_warmup(int64_t day)
{
	if (day < 0)
		return 0;
	return day > WARMUP_DAYS ? -1 : (int64_t) llround(200 * pow(1000, (double) day / WARMUP_DAYS));
}

static bool is_below(const struct tally *tally, int64_t most)
{
	return most <= 0 || tally->mails + tally->more < most;
}

/* False: not before *until_s. */
static bool has_room(const struct host *host, int64_t now_s, int64_t *until_s)
{
	int64_t warm = host->is->has_warmup ? newsletter_warmup(host->day.began - host->is->warmup_day) : -1;

	if (!is_below(&host->day, host->is->per_day) || (warm >= 0 && host->day.mails + host->day.more >= warm)) {
		*until_s = (host->day.began + 1) * DAY_S;
		return false;
	}
	if (!is_below(&host->hour, host->is->per_hour)) {
		*until_s = (host->hour.began + 1) * HOUR_S;
		return false;
	}
	*until_s = now_s + 1;
	return true;
}

/* How many more of its mails may be in our hands: enough to keep its connections busy and claims in large batches, no more
 * than it takes in two seconds. */
static size_t may_hold(const struct newsletter *n, size_t which)
{
	const struct host *host = &n->hosts->hosts[which];
	size_t most = 4 * newsletter_host_window(n, (unsigned) which);

	if (most < CLAIMED_LEAST)
		most = CLAIMED_LEAST;
	if (host->is->per_second > 0 && (size_t) host->is->per_second * 2 < most)
		most = (size_t) host->is->per_second * 2;
	return host->claimed < most ? most - host->claimed : 0;
}

size_t newsletter_hosts_may_hold(const struct newsletter *n)
{
	size_t sum = 0;

	for (size_t i = 0; i < n->hosts->count; i++)
		sum += may_hold(n, i);
	return sum;
}

static void sooner(struct when *until, int64_t us)
{
	if (until->us == 0 || us < until->us)
		until->us = us;
}

static struct host *first_with_room(struct newsletter *n, struct when *until)
{
	int64_t now_us = clock_now().us;
	int64_t now_ms = clock_mono_ms();

	until->us = 0;
	for (size_t i = 0; i < n->hosts->count; i++) {
		struct host *host = &n->hosts->hosts[i];
		int64_t until_s = 0;

		if (host->hold_until_ms > now_ms)
			sooner(until, now_us + (host->hold_until_ms - now_ms) * 1000);
		else if (!has_room(host, now_us / SECOND_US, &until_s))
			sooner(until, until_s * SECOND_US);
		else if (may_hold(n, i) == 0)
			sooner(until, now_us + SECOND_US);
		else
			return host;
	}
	return NULL;
}

bool newsletter_host_any(struct newsletter *n, struct when *until)
{
	struct fault f = {0};

	if (!all_be_now(n, clock_now().us / SECOND_US, &f)) {
		log_fault(&f, "reading what mail servers had");
		until->us = clock_now().us + 10 * SECOND_US;
		return false;
	}
	return first_with_room(n, until) != NULL;
}

/* --- domains --- */

static int find_limit(const struct newsletter *n, const struct email *to)
{
	struct str domain = email_domain(to);

	for (size_t i = 0; i < n->hosts->domain_count; i++)
		if (str_equal_nocase(domain, n->hosts->domains[i].is->domain))
			return (int) i;
	return -1;
}

/* A domain that is full: this mail waits for the first period with room, and those behind it are spread over the next. */
static struct when wait_of(struct domain *domain)
{
	int64_t now = domain->tally.began;

	if (domain->ahead <= now) {
		domain->ahead = now + 1;
		domain->ahead_count = 0;
	}
	if (domain->ahead_count >= domain->is->mails) {
		domain->ahead++;
		domain->ahead_count = 0;
	}
	domain->ahead_count++;
	return (struct when){domain->ahead * domain->is->period_s * SECOND_US};
}

enum host_answer newsletter_host_pick(struct newsletter *n, struct outgoing *mail, struct when *until)
{
	int limit = find_limit(n, &mail->to);
	struct domain *domain = limit >= 0 ? &n->hosts->domains[limit] : NULL;
	struct host *host = first_with_room(n, until);

	if (host == NULL)
		return HOST_ALL_FULL;
	if (domain != NULL && !is_below(&domain->tally, domain->is->mails)) {
		*until = wait_of(domain);
		return HOST_DOMAIN_FULL;
	}
	if (domain != NULL && domain->is->connections > 0 && domain->claimed >= 4 * (size_t) domain->is->connections) {
		until->us = clock_now().us + SECOND_US;
		return HOST_DOMAIN_FULL;
	}
	mail->host = (unsigned) (host - n->hosts->hosts);
	mail->limit = limit;
	mail->counted_s = clock_now().us / SECOND_US;
	host->hour.more++;
	host->day.more++;
	if (domain != NULL)
		domain->tally.more++;
	return HOST_PICKED;
}

static void uncount(struct tally *tally, int64_t counted_s)
{
	if (tally->began == counted_s / tally->period_s)
		tally->more--;
}

void newsletter_host_uncount(struct newsletter *n, const struct outgoing *mail)
{
	uncount(&n->hosts->hosts[mail->host].hour, mail->counted_s);
	uncount(&n->hosts->hosts[mail->host].day, mail->counted_s);
	if (mail->limit >= 0)
		uncount(&n->hosts->domains[mail->limit].tally, mail->counted_s);
}

static void add(size_t *count, int by)
{
	*count = by > 0 ? *count + 1 : *count > 0 ? *count - 1 : 0;
}

void newsletter_host_holds(struct newsletter *n, const struct outgoing *mail, int by)
{
	add(&n->hosts->hosts[mail->host].claimed, by);
	if (mail->limit >= 0)
		add(&n->hosts->domains[mail->limit].claimed, by);
}

/* --- handing over --- */

size_t newsletter_host_window(const struct newsletter *n, unsigned host)
{
	/* … and what the signers may have meanwhile. */
	return WINDOW_EACH * (size_t) n->hosts->hosts[host].is->connections + WINDOW_MORE;
}

bool newsletter_host_may_go(struct newsletter *n, const struct outgoing *mail, int64_t *wait_ms)
{
	const struct host *host = &n->hosts->hosts[mail->host];
	const struct domain *domain = mail->limit >= 0 ? &n->hosts->domains[mail->limit] : NULL;
	int64_t now_us = clock_mono_ms() * 1000;

	*wait_ms = -1;
	if (host->with_keeper >= newsletter_host_window(n, mail->host) ||
		(domain != NULL && domain->is->connections > 0 && domain->with_keeper >= (size_t) domain->is->connections))
		return false;
	if (host->is->per_second > 0 && host->next_us > now_us) {
		*wait_ms = (host->next_us - now_us) / 1000 + 1;
		return false;
	}
	return true;
}

void newsletter_host_went(struct newsletter *n, const struct outgoing *mail, int by)
{
	struct host *host = &n->hosts->hosts[mail->host];
	int64_t now_us = clock_mono_ms() * 1000;

	add(&host->with_keeper, by);
	if (mail->limit >= 0)
		add(&n->hosts->domains[mail->limit].with_keeper, by);
	if (by > 0 && host->is->per_second > 0)
		host->next_us = (host->next_us > now_us ? host->next_us : now_us) + SECOND_US / host->is->per_second;
}

/* --- trouble --- */

bool newsletter_host_trouble(struct newsletter *n, unsigned which, const char *words, int reply)
{
	struct host *host = &n->hosts->hosts[which];
	int64_t ms = hold_ms[host->troubles < HOLD_COUNT ? host->troubles : HOLD_COUNT - 1];

	if (newsletter_host_is_held(n, which))
		return false; /* the other connections of the same bad moment */
	host->troubles++;
	host->hold_until_ms = clock_mono_ms() + ms;
	newsletter_clean_words(words, host->words, sizeof(host->words));
	log_event(LOG_MAIL, LOG_C("state", "held"), LOG_STR("server", host->is->name), LOG_I64("reply", reply),
		LOG_I64("for_ms", ms), LOG_C("why", host->words));
	return true;
}

void newsletter_host_is_well(struct newsletter *n, unsigned which)
{
	struct host *host = &n->hosts->hosts[which];

	host->troubles = 0;
	host->hold_until_ms = 0;
	host->words[0] = '\0';
}

bool newsletter_host_is_held(struct newsletter *n, unsigned host)
{
	return n->hosts->hosts[host].hold_until_ms > clock_mono_ms();
}

const char *newsletter_hosts_trouble(struct newsletter *n)
{
	const char *words = NULL;

	for (size_t i = 0; i < n->hosts->count; i++) {
		if (n->hosts->hosts[i].troubles == 0)
			return NULL;
		words = words != NULL ? words : n->hosts->hosts[i].words;
	}
	return words;
}

void newsletter_hosts_health(struct newsletter *n, json_t *health)
{
	json_t *servers = json_array();
	struct fault f = {0};

	if (!all_be_now(n, clock_now().us / SECOND_US, &f))
		log_fault(&f, "reading what mail servers had");
	for (size_t i = 0; i < n->hosts->count; i++) {
		const struct host *host = &n->hosts->hosts[i];
		int64_t until_s = 0;
		bool full = !has_room(host, clock_now().us / SECOND_US, &until_s);

		json_array_append_new(servers, json_pack("{s:s%, s:s, s:s, s:I, s:I, s:I}", "name", host->is->name.at,
			host->is->name.len, "state", host->troubles > 0 ? "trouble" : full ? "full" : "ok", "say", host->words,
			"this_hour", (json_int_t) host->hour.mails, "today", (json_int_t) host->day.mails, "full_until",
			(json_int_t) (full ? until_s : 0)));
	}
	json_object_set_new(health, "servers", servers);
}

/* --- life --- */

bool newsletter_hosts_open(struct newsletter *n, struct fault *f)
{
	const struct settings *is = &n->room->settings;
	struct newsletter_hosts *h = memory_new(1, sizeof(*h));

	n->hosts = h;
	h->count = is->smtp_count;
	h->domain_count = is->limit_count;
	for (size_t i = 0; i < h->count; i++) {
		h->hosts[i].is = &is->smtp[i];
		h->hosts[i].hour = (struct tally){.period_s = HOUR_S, .began = -1};
		h->hosts[i].day = (struct tally){.period_s = DAY_S, .began = -1};
	}
	for (size_t i = 0; i < h->domain_count; i++) {
		h->domains[i].is = &is->limits[i];
		h->domains[i].tally = (struct tally){.period_s = is->limits[i].period_s, .began = -1};
	}
	return all_be_now(n, clock_now().us / SECOND_US, f);
}

void newsletter_hosts_close(struct newsletter *n)
{
	memory_free(n->hosts);
	n->hosts = NULL;
}
