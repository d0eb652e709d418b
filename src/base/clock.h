/* clock.h: times of day, dates and deadlines; the seam where tests fix the time.
 *
 * A time is struct when: microseconds since 1970 UTC. A newsroom has one IANA zone, set once per process. The variable
 * MIMEO_CLOCK_OFFSET (seconds, "+3456000") shifts the wall clock of a whole house: for rehearsals and tests.
 * SPDX-License-Identifier: ISC */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include "str.h"

struct fault;
struct buf;

struct when {
	int64_t us; /* 0 = none */
};

/* A moment on the newsroom's clock. */
struct civil {
	int year, month, day;     /* 2026, 1–12, 1–31 */
	int hour, minute, second;
	int weekday;              /* 0 = Sunday */
	int offset_s;             /* east of UTC */
};

struct when clock_now(void);
int64_t clock_mono_ms(void);       /* never goes back; not shifted */
void clock_fix(struct when when);  /* tests: the wall clock stands still; {0} lets it run */

/* The newsroom's zone ("Europe/Amsterdam"). INPUT if the system does not know it. Until called: UTC. */
bool clock_set_zone(struct str name, struct fault *f) __attribute__((warn_unused_result));
struct civil clock_civil(struct when when);                      /* in the newsroom's zone */
struct civil clock_civil_utc(struct when when);
struct when clock_from_civil(const struct civil *civil);         /* zone's rules decide offset_s; a time that does not exist moves forward */
int32_t clock_utc_day(struct when when);                         /* days since 1970-01-01 UTC */
struct when clock_from_utc_day(int32_t day);
/* The day of a date, which no zone plays a part in. Months and days run over: (2026, 14, 0) is the last day of January 2027. */
int32_t clock_day_of(int year, int month, int day);

/* "2026-11-20", "2026-11-20 14:05" or "2026-11-20T14:05:09+01:00" / "…Z"; no offset = newsroom's zone. */
bool clock_parse(struct str text, struct when *out, struct fault *f) __attribute__((warn_unused_result));
void clock_write_iso(struct buf *out, struct when when);   /* 2026-11-20T14:05:09+01:00, newsroom's zone */
void clock_write_rfc5322(struct buf *out, struct when when); /* Fri, 20 Nov 2026 14:05:09 +0100 */
void clock_write_http(struct buf *out, struct when when);  /* Fri, 20 Nov 2026 13:05:09 GMT */
void clock_write_date(struct buf *out, struct when when);  /* 2026-11-20, newsroom's zone */

#endif
