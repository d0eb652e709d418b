/* clock.c: times of day, dates and deadlines.
 *
 * Decides: what a civil time is in the newsroom's zone, and the few formats that machines read. Leaves to others: names
 * of months and weekdays in a reader's language (press). Runs in: every process. The hard thing: from a civil time to a
 * moment. mktime() answers a time that a DST change skips or repeats by what it was asked before; clock_from_civil()
 * answers by rule.
 * SPDX-License-Identifier: ISC */
#include "clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "buf.h"
#include "fault.h"

#define ZONE_FOLDER "/usr/share/zoneinfo/"

enum { US_PER_S = 1000000, S_PER_DAY = 86400, ZONE_NAME_BYTES = 64 };

static struct when fixed;
static bool zone_is_utc = true;

/* For machines, so English in every locale. */
static const char weekdays[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static int64_t floor_div(int64_t n, int64_t by)
{
	return n / by - (n % by < 0);
}

/* --- now --- */

/* MIMEO_CLOCK_OFFSET in microseconds; read once, because the environment does not change under a running room. */
static int64_t offset_us(void)
{
	static bool known;
	static int64_t offset;
	struct str text;
	int64_t seconds;

	if (known)
		return offset;
	known = true;
	text = str_from(getenv("MIMEO_CLOCK_OFFSET"));
	if (str_starts(text, STR("+")))
		text = str_part(text, 1, SIZE_MAX);
	if (str_to_i64(text, &seconds) && seconds > -INT32_MAX && seconds < INT32_MAX)
		offset = seconds * US_PER_S;
	return offset;
}

struct when clock_now(void)
{
	struct timespec now;

	if (fixed.us != 0)
		return fixed;
	(void) clock_gettime(CLOCK_REALTIME, &now); /* cannot fail for this clock */
	return (struct when){(int64_t) now.tv_sec * US_PER_S + now.tv_nsec / 1000 + offset_us()};
}

int64_t clock_mono_ms(void)
{
	struct timespec now;

	(void) clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void clock_fix(struct when when)
{
	fixed = when;
}

/* --- the zone --- */

static bool is_zone_name(struct str name)
{
	if (name.len == 0 || name.len >= ZONE_NAME_BYTES || name.at[0] == '/' || str_find(name, STR("..")) != SIZE_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.at[i];
		bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');

		if (!letter && !(c >= '0' && c <= '9') && memchr("/_+-", c, 4) == NULL)
			return false;
	}
	return true;
}

/* Whether the system has rules for the zone: tzset() would silently take an unknown name for UTC. */
static bool zone_file_is_there(const char *name)
{
	char path[sizeof(ZONE_FOLDER) + ZONE_NAME_BYTES];
	struct stat st;

	(void) snprintf(path, sizeof(path), ZONE_FOLDER "%s", name);
	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, R_OK) == 0;
}

bool clock_set_zone(struct str name, struct fault *f)
{
	char text[ZONE_NAME_BYTES];

	if (str_is(name, "UTC")) { /* needs no rules: a system without tzdata knows it too */
		zone_is_utc = true;
		return true;
	}
	if (!is_zone_name(name))
		return fault_set(f, FAULT_INPUT, "\"%.*s\" is no time zone; write one like Europe/Amsterdam",
			STR_ARG(str_part(name, 0, ZONE_NAME_BYTES)));
	memcpy(text, name.at, name.len);
	text[name.len] = '\0';
	if (!zone_file_is_there(text))
		return fault_set(f, FAULT_INPUT, "this system has no time zone \"%s\" (" ZONE_FOLDER "); write one like"
			" Europe/Amsterdam, or install tzdata", text);
	(void) unsetenv("TZDIR"); /* glibc would look there instead of where we did */
	if (setenv("TZ", text, 1) != 0)
		return fault_errno(f, "cannot set the time zone");
	tzset();
	zone_is_utc = false;
	return true;
}

/* --- civil times --- */

static struct civil civil_from_tm(const struct tm *tm)
{
	return (struct civil){
		.year = tm->tm_year + 1900, .month = tm->tm_mon + 1, .day = tm->tm_mday,
		.hour = tm->tm_hour, .minute = tm->tm_min, .second = tm->tm_sec,
		.weekday = tm->tm_wday, .offset_s = (int) tm->tm_gmtoff,
	};
}

struct civil clock_civil_utc(struct when when)
{
	time_t seconds = (time_t) floor_div(when.us, US_PER_S);
	struct tm tm;

	(void) gmtime_r(&seconds, &tm); /* fails beyond the year 2^31 only: an int64_t of microseconds ends before */
	return civil_from_tm(&tm);
}

struct civil clock_civil(struct when when)
{
	time_t seconds = (time_t) floor_div(when.us, US_PER_S);
	struct tm tm;

	if (zone_is_utc)
		return clock_civil_utc(when);
	(void) localtime_r(&seconds, &tm);
	return civil_from_tm(&tm);
}

/* The seconds since 1970 that a civil time would be in UTC. */
static int64_t seconds_as_utc(const struct civil *civil)
{
	struct tm tm = {
		.tm_year = civil->year - 1900, .tm_mon = civil->month - 1, .tm_mday = civil->day,
		.tm_hour = civil->hour, .tm_min = civil->minute, .tm_sec = civil->second,
	};

	return timegm(&tm);
}

static int offset_at(int64_t seconds)
{
	return clock_civil((struct when){seconds * US_PER_S}).offset_s;
}

struct when clock_from_civil(const struct civil *civil)
{
	int64_t local = seconds_as_utc(civil);
	/* No zone is a day from UTC, and none changes twice within two days: these are the offsets on both sides of a
	 * change that could touch this time. */
	int before = offset_at(local - S_PER_DAY);
	int after = offset_at(local + S_PER_DAY);
	int64_t seconds = local - before;

	/* A repeated time (autumn) fits both: the first is taken. A skipped one (spring) fits neither: with the offset from
	 * before the change it comes out as much later as the clock jumped. */
	if (offset_at(seconds) != before && offset_at(local - after) == after)
		seconds = local - after;
	return (struct when){seconds * US_PER_S};
}

int32_t clock_day_of(int year, int month, int day)
{
	return (int32_t) floor_div(seconds_as_utc(&(struct civil){.year = year, .month = month, .day = day}), S_PER_DAY);
}

int32_t clock_utc_day(struct when when)
{
	return (int32_t) floor_div(when.us, (int64_t) S_PER_DAY * US_PER_S);
}

struct when clock_from_utc_day(int32_t day)
{
	return (struct when){(int64_t) day * S_PER_DAY * US_PER_S};
}

/* --- reading --- */

/* Takes exactly `digits` digits off the front. */
static bool take_number(struct str *rest, size_t digits, int low, int high, int *out)
{
	int n = 0;

	if (rest->len < digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		if (rest->at[i] < '0' || rest->at[i] > '9')
			return false;
		n = n * 10 + (rest->at[i] - '0');
	}
	*rest = str_part(*rest, digits, SIZE_MAX);
	*out = n;
	return n >= low && n <= high;
}

static bool take_char(struct str *rest, const char *any_of)
{
	if (rest->len == 0 || rest->at[0] == '\0' || strchr(any_of, rest->at[0]) == NULL)
		return false;
	*rest = str_part(*rest, 1, SIZE_MAX);
	return true;
}

static int days_in_month(int year, int month)
{
	static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

static bool take_date(struct str *rest, struct civil *out)
{
	return take_number(rest, 4, 1, 9999, &out->year) && take_char(rest, "-") &&
		take_number(rest, 2, 1, 12, &out->month) && take_char(rest, "-") &&
		take_number(rest, 2, 1, days_in_month(out->year, out->month), &out->day);
}

static bool take_time(struct str *rest, struct civil *out)
{
	if (!take_number(rest, 2, 0, 23, &out->hour) || !take_char(rest, ":") ||
		!take_number(rest, 2, 0, 59, &out->minute))
		return false;
	return !take_char(rest, ":") || take_number(rest, 2, 0, 59, &out->second);
}

/* "Z" or "+01:00". */
static bool take_offset(struct str *rest, int *offset_s)
{
	bool west = str_starts(*rest, STR("-"));
	int hours;
	int minutes;

	*offset_s = 0;
	if (take_char(rest, "Z"))
		return true;
	if (!take_char(rest, "+-") || !take_number(rest, 2, 0, 23, &hours) || !take_char(rest, ":") ||
		!take_number(rest, 2, 0, 59, &minutes))
		return false;
	*offset_s = (hours * 3600 + minutes * 60) * (west ? -1 : 1);
	return true;
}

bool clock_parse(struct str text, struct when *out, struct fault *f)
{
	struct str rest = str_trim(text);
	struct civil civil = {0};
	struct when when;
	int offset_s;
	bool ok = take_date(&rest, &civil);

	if (ok && rest.len > 0)
		ok = take_char(&rest, " T") && take_time(&rest, &civil);
	if (ok && rest.len > 0) {
		ok = take_offset(&rest, &offset_s) && rest.len == 0;
		when.us = ok ? (seconds_as_utc(&civil) - offset_s) * US_PER_S : 0;
	} else {
		when = ok ? clock_from_civil(&civil) : (struct when){0};
	}
	if (!ok || when.us == 0) /* 0 means "none" everywhere: the first second of 1970 cannot be told from it */
		return fault_set(f, FAULT_INPUT, "\"%.*s\" is no date; write 2026-11-20, 2026-11-20 14:05 or"
			" 2026-11-20T14:05:09+01:00", STR_ARG(str_part(text, 0, 40)));
	*out = when;
	return true;
}

/* --- writing --- */

void clock_write_iso(struct buf *out, struct when when)
{
	struct civil c = clock_civil(when);
	int offset_min = c.offset_s / 60;

	buf_format(out, "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d", c.year, c.month, c.day, c.hour, c.minute, c.second,
		offset_min < 0 ? '-' : '+', abs(offset_min) / 60, abs(offset_min) % 60);
}

void clock_write_rfc5322(struct buf *out, struct when when)
{
	struct civil c = clock_civil(when);
	int offset_min = c.offset_s / 60;

	buf_format(out, "%s, %d %s %04d %02d:%02d:%02d %c%02d%02d", weekdays[c.weekday], c.day, months[c.month - 1], c.year,
		c.hour, c.minute, c.second, offset_min < 0 ? '-' : '+', abs(offset_min) / 60, abs(offset_min) % 60);
}

void clock_write_http(struct buf *out, struct when when)
{
	struct civil c = clock_civil_utc(when);

	buf_format(out, "%s, %02d %s %04d %02d:%02d:%02d GMT", weekdays[c.weekday], c.day, months[c.month - 1], c.year,
		c.hour, c.minute, c.second);
}

void clock_write_date(struct buf *out, struct when when)
{
	struct civil c = clock_civil(when);

	buf_format(out, "%04d-%02d-%02d", c.year, c.month, c.day);
}
