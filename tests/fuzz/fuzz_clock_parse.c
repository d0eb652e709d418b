/* fuzz_clock_parse.c: a date that is accepted comes back from each zone's own writing of it.
 * SPDX-License-Identifier: ISC */
#include "base/buf.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_round_trip(struct str text)
{
	struct fault f = {0};
	struct when when;
	struct when again;
	struct buf buf;

	if (!clock_parse(text, &when, &f)) {
		must(f.kind == FAULT_INPUT);
		return;
	}
	buf_init(&buf, 200);
	clock_write_iso(&buf, when);
	must(!buf.over);
	/* At the ends of the calendar a zone may show the year 0 or 10000, which is not read. Before zones were whole minutes
	 * (about 1972 at the latest) an offset of seconds does not fit the format. */
	if (when.us > clock_from_utc_day(1000).us && clock_civil(when).year <= 9999)
		must(clock_parse(buf_view(&buf), &again, &f) && again.us == when.us);
	buf_clear(&buf);
	clock_write_rfc5322(&buf, when);
	clock_write_http(&buf, when);
	clock_write_date(&buf, when);
	must(!buf.over && !str_has_control(buf_view(&buf)));
	buf_release(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const char *const zones[] = {"UTC", "Europe/Amsterdam", "Asia/Kathmandu", "America/St_Johns"};
	struct fault f = {0};

	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
		must(clock_set_zone(str_from(zones[i]), &f));
		check_round_trip(str_make(bytes, size));
	}
	(void) !clock_set_zone(str_make(bytes, size), &f);
	return 0;
}
