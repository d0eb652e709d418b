/* fuzz_overlay.c: newsroom.json of any bytes: taken, and then every value is one that a page may hold, or refused.
 * SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/fault.h"
#include "base/must.h"
#include "house/overlay.h"
#include "house/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(struct str text)
{
	must(str_is_utf8(text) && !str_has_control(text));
}

static void check_colour(struct str colour)
{
	must(colour.len == 0 || (colour.len == 7 && settings_contrast(colour, colour) > 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct overlay overlay = {0}, again = {0};
	struct settings base = {.name = STR("Base"), .language = STR("en")}, laid;
	struct fault f = {0};
	struct buf out;

	arena_init(&overlay.arena, "fuzz", 4 * OVERLAY_BYTES);
	arena_init(&again.arena, "fuzz", 4 * OVERLAY_BYTES);
	buf_init(&out, 8 * OVERLAY_BYTES);
	if (overlay_parse(&overlay, str_make(data, size), &f)) {
		overlay_lay(&overlay, &base, &laid);
		must(laid.name.len > 0 && laid.name.len <= 120);
		check_line(laid.name);
		check_line(laid.description);
		check_line(laid.statutory);
		check_colour(laid.press_light);
		check_colour(laid.press_dark);
		check_colour(laid.call);
		for (size_t i = 0; i < overlay.section_count; i++) {
			struct str name = overlay_section_name(&laid, overlay.sections[i].name, STR("ru"));

			check_line(name);
			must(name.len > 0 && str_find_char(overlay.sections[i].name, ',') == SIZE_MAX);
		}
		/* what the desk would write of it is taken again */
		must(overlay_write_json(&overlay, &out, &f) && overlay_parse(&again, buf_view(&out), &f));
		must(again.section_count == overlay.section_count && again.policy_count == overlay.policy_count && str_equal(again.name, overlay.name));
	} else
		must(f.kind == FAULT_INPUT || f.kind == FAULT_FULL);
	buf_release(&out);
	arena_release(&overlay.arena);
	arena_release(&again.arena);
	return 0;
}
