/* settings_smtp.c: the mail servers of mimeo.conf and what one recipient domain may get.
 *
 * Decides: which servers there are and in which order, what of them is sound. Leaves to settings.c: the table of keys;
 * to the newsletter: keeping to the limits. Runs in: every process. The hard thing: conf_read() keeps one value for a
 * "name.*" entry, so the file is read once more for each server.
 * SPDX-License-Identifier: ISC */
#include "settings_inside.h"

#include <string.h>
#include "base/clock.h"
#include "base/fault.h"

enum { SMTP_KEYS = 24, SECTIONS_MOST = 96, CONNECTIONS_MOST = 64 };

static const struct { const char *word; int64_t seconds; } units[] = {{"second", 1}, {"minute", 60}, {"hour", 3600}, {"day", 86400}};

static bool is_header_name(struct str name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!(name.at[i] == '-' || (name.at[i] >= 'a' && name.at[i] <= 'z') || (name.at[i] >= 'A' && name.at[i] <= 'Z')))
			return false;
	return name.len > 0 && !str_equal_nocase(name, STR("from"));
}

static bool read_warmup(const char *section, struct str text, struct settings_smtp *smtp, struct fault *f)
{
	char moment[40];
	struct when when;
	struct fault none = {0};

	smtp->has_warmup = text.len > 0;
	if (text.len == 0)
		return true;
	(void) snprintf(moment, sizeof(moment), "%.10sT00:00:00Z", text.at);
	if (text.len != 10 || !clock_parse(str_from(moment), &when, &none))
		return fault_set(f, FAULT_INPUT, "mimeo.conf: [%s] warmup = %.*s: write the first day, such as 2026-12-01", section,
			STR_ARG(text));
	smtp->warmup_day = clock_utc_day(when);
	return true;
}

static bool check_smtp(const char *section, const struct settings_smtp *smtp, struct fault *f)
{
	const char *smtp_ = strcmp(section, "newsletter") == 0 ? "smtp_" : "";

	if (smtp->port < 1 || smtp->port > 65535 || smtp->connections < 1 || smtp->connections > CONNECTIONS_MOST)
		return fault_set(f, FAULT_INPUT, "mimeo.conf: [%s] %sport is 1 to 65535, %sconnections 1 to %d", section, smtp_, smtp_,
			CONNECTIONS_MOST);
	if (!str_is(smtp->security, "starttls") && !str_is(smtp->security, "tls") && !str_is(smtp->security, "plain"))
		return fault_set(f, FAULT_INPUT, "mimeo.conf: [%s] %ssecurity = %.*s: write starttls, tls or plain", section, smtp_,
			STR_ARG(smtp->security));
	if (smtp->per_second < 0 || smtp->per_hour < 0 || smtp->per_day < 0)
		return fault_set(f, FAULT_INPUT, "mimeo.conf: [%s] %sper_second, per_hour and per_day are 0 (no limit) or more", section, smtp_);
	for (size_t i = 0; i < smtp->dkim_omit.count; i++)
		if (!is_header_name(smtp->dkim_omit.items[i]))
			return fault_set(f, FAULT_INPUT,
				"mimeo.conf: [%s] %sdkim_omit: %.*s is no header that can be left out: write such as Message-ID, Date", section, smtp_,
				STR_ARG(smtp->dkim_omit.items[i]));
	return true;
}

/* Every section of the file but this one, for conf_read(): other readers' and the other servers'. */
static void list_others(const struct conf_key *keys, const struct conf_list *servers, size_t this_one, const char **out)
{
	size_t count = 0;

	for (const struct conf_key *key = keys; key->section != NULL && count < SECTIONS_MOST; key++)
		if ((count == 0 || strcmp(out[count - 1], key->section) != 0) && strcmp(key->section, "smtp.*") != 0)
			out[count++] = key->section;
	for (size_t i = 0; i < servers->count && count < SECTIONS_MOST; i++)
		if (i != this_one)
			out[count++] = servers->items[i].at;
	out[count] = NULL;
}

static bool read_one(int dir_fd, const struct conf_key *keys, size_t offset, const struct conf_list *servers, size_t which,
	struct arena *arena, struct settings_smtp_raw *raw, struct fault *f)
{
	const char *others[SECTIONS_MOST + 1];
	struct conf_key mine[SMTP_KEYS + 1];
	size_t count = 0;

	for (const struct conf_key *key = keys; key->section != NULL && count < SMTP_KEYS; key++)
		if (strcmp(key->section, "smtp.*") == 0) {
			mine[count] = *key;
			mine[count].section = servers->items[which].at;
			mine[count++].offset -= offset;
		}
	mine[count] = (struct conf_key){0};
	list_others(keys, servers, which, others);
	return conf_read(dir_fd, "mimeo.conf", mine, others, raw, arena, f);
}

bool settings_read_smtp(struct settings *is, const struct settings_smtp_raw *first, int dir_fd, const struct conf_key *keys,
	size_t offset, struct arena *arena, struct fault *f)
{
	struct conf_list servers;

	is->smtp[0] = first->is;
	is->smtp[0].name = STR("smtp");
	if (!read_warmup("newsletter", first->warmup, &is->smtp[0], f) || !check_smtp("newsletter", &is->smtp[0], f) ||
		!conf_sections(dir_fd, "mimeo.conf", "smtp.*", arena, &servers, f))
		return false;
	if (servers.count >= SETTINGS_SMTP)
		return fault_set(f, FAULT_INPUT, "mimeo.conf: there are more than %d sections [smtp.…]", SETTINGS_SMTP - 1);
	for (is->smtp_count = 1; is->smtp_count <= servers.count; is->smtp_count++) {
		struct settings_smtp *smtp = &is->smtp[is->smtp_count];
		struct str section = servers.items[is->smtp_count - 1];
		struct settings_smtp_raw raw = {0};

		if (!read_one(dir_fd, keys, offset, &servers, is->smtp_count - 1, arena, &raw, f))
			return false;
		*smtp = raw.is;
		smtp->name = str_part(section, 5, SIZE_MAX);
		if (smtp->name.len == 0 || str_is(smtp->name, "smtp") || smtp->host.len == 0)
			return fault_set(f, FAULT_INPUT, "mimeo.conf: [%.*s] needs a name behind the dot and a host", STR_ARG(section));
		if (!read_warmup(section.at, raw.warmup, smtp, f) || !check_smtp(section.at, smtp, f))
			return false;
	}
	return true;
}

/* "20/minute" */
static bool read_rate(struct str text, struct settings_limit *limit)
{
	size_t slash = str_find_char(text, '/');

	if (slash == SIZE_MAX || !str_to_i64(str_part(text, 0, slash), &limit->mails) || limit->mails < 1)
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (str_is(str_part(text, slash + 1, SIZE_MAX), units[i].word)) {
			limit->period_s = units[i].seconds;
			return true;
		}
	return false;
}

bool settings_read_limits(struct settings *is, const struct conf_list *list, struct fault *f)
{
	if (list->count > SETTINGS_LIMITS)
		return fault_set(f, FAULT_INPUT, "mimeo.conf: [newsletter] limits has more than %d domains", SETTINGS_LIMITS);
	for (size_t i = 0; i < list->count; i++) {
		struct settings_limit *limit = &is->limits[i];
		struct str rest = list->items[i];
		struct str rate = {NULL, 0}, connections = {NULL, 0};

		if (!str_next(&rest, ' ', &limit->domain) || !str_next(&rest, ' ', &rate) || !read_rate(rate, limit) ||
			(str_next(&rest, ' ', &connections) &&
				(!str_to_i64(connections, &limit->connections) || limit->connections < 1 || rest.len > 0)))
			return fault_set(f, FAULT_INPUT,
				"mimeo.conf: [newsletter] limits: %.*s: write such as gmail.com 20/minute or example.org 500/hour 2",
				STR_ARG(list->items[i]));
		for (size_t j = 0; j < limit->domain.len; j++)
			if (limit->domain.at[j] >= 'A' && limit->domain.at[j] <= 'Z')
				return fault_set(f, FAULT_INPUT, "mimeo.conf: [newsletter] limits: write the domain %.*s in small letters",
					STR_ARG(limit->domain));
	}
	is->limit_count = list->count;
	return true;
}
