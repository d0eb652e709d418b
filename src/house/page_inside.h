/* page_inside.h: what page_insert.c leaves to page_ways.c.
 * SPDX-License-Identifier: ISC */
#ifndef HOUSE_PAGE_INSIDE_H
#define HOUSE_PAGE_INSIDE_H

#include "house/page.h"

/* {{methods}}, {{rail}}, {{button}}: the ways to pay that are on; several of them are buttons. */
void page_add_methods(struct press_value *map, const struct settings *settings, const struct locale *locale,
	const struct page_coupon *given, struct arena *arena);
/* {{shares}}: what the fee takes of each of a frequency's amounts, where it is known. */
void page_add_shares(struct press_value *set, const struct settings *settings, const struct locale *locale, enum frequency which,
	struct arena *arena);
/* {{cover}}: the box "I add the fee", where there is one. */
void page_add_cover(struct press_value *map, const struct settings *settings, const struct locale *locale,
	const struct page_coupon *given, struct arena *arena);
/* {{mirror}}: what stands instead of a form on a host that takes none: `key` and the live addresses, each with `path`. */
void page_add_mirror(struct press_value *map, const struct settings *settings, const struct locale *locale, const char *key,
	const char *path, struct arena *arena);

#endif
