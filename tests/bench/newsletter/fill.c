/* fill.c: `fill HOME COUNT`: so many confirmed subscribers, sealed, straight into a home's newsletter.db; and its keys.
 * The room's own functions do it; the home must not be served meanwhile. Their ids rise with their numbers (at random, a million would
 * take an hour); nothing that is measured depends on that but reading them in order.
 * SPDX-License-Identifier: ISC */
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/fault.h"
#include "base/loop.h"
#include "newsletter/newsletter.h"
#include "newsletter/newsletter_import.h"
#include "newsletter/newsletter_inside.h"
#include "press/theme.h"
#include "gen/newsletter_schema.h"
#include "gen/theme_files.h"

/* Filling is not what is measured: its index pages stay in memory until they are whole. */
static int enlarge(sqlite3 *db, const char **error, const struct sqlite3_api_routines *api)
{
	(void) error;
	(void) api;
	return sqlite3_exec(db, "PRAGMA cache_size = -262144", NULL, NULL, NULL);
}

static bool add(struct newsletter *n, int64_t number, struct fault *f)
{
	unsigned char index[SEAL_INDEX_BYTES], sealed[SEAL_BYTES];
	char text[64], canonical[EMAIL_BYTES + 1];
	struct email email;
	int len = snprintf(text, sizeof(text), "reader%lld@example.org", (long long) number);

	if (!email_parse(str_make(text, (size_t) len), &email, f) || !seal(n->sealer, email_text(&email), sealed, f))
		return false;
	seal_index(n->index_key, "newsletter.address", email_canonical(&email, canonical), index);
	return store_run(n->room->db, NEWSLETTER_SQL_SUBSCRIBER_INSERT,
		STORE_ARGS(store_i64((number + 1) << 40 | (int64_t) rand_below(UINT32_MAX)), store_blob(str_make(index, sizeof(index))), store_blob(str_make(sealed, sizeof(sealed))),
			store_text(subscriber_state_name(SUBSCRIBER_CONFIRMED)), store_text(STR("en")), store_text(STR("bench")), store_i64(1)),
		NULL, f) && newsletter_confirmed_add(n, 1, f);
}

int main(int argc, char **argv)
{
	struct room room = {.kind = &newsletter_room};
	char path[PATH_MAX];
	const struct store_options options = {.path = path, .migrations = newsletter_schema, .queries = newsletter_sql,
		.query_count = NEWSLETTER_SQL_COUNT};
	struct fault f = {0};
	bool ok;

	if (argc != 3)
		return 2;
	(void) sqlite3_auto_extension((void (*)(void)) enlarge);
	ok = home_open(&room.home, argv[1], &f) && home_path(&room.home, path, &f, "data/newsletter/newsletter.db") &&
		settings_read(&room.settings, &room.home, &f) && theme_open(&room.theme, theme_files, NULL, &f) &&
		loop_open(&room.loop, &f) && store_open(&room.db, &options, &f) && newsletter_room.open(&room, &f) &&
		store_begin(room.db, &f);
	for (int64_t i = 0; ok && i < strtoll(argv[2], NULL, 10); i++)
		ok = add(room.self, i, &f);
	ok = ok && store_end(room.db, true, &f);
	if (room.self != NULL)
		newsletter_room.close(&room);
	store_close(&room.db);
	if (!ok)
		fprintf(stderr, "fill: %s\n", f.say);
	return ok ? 0 : 1;
}
