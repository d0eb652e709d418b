/* store_migrate.c: the schema's numbered, forward-only steps.
 *
 * Decides: whether a database fits this program, and brings an older one forward. Leaves to others: what is in the
 * files. Runs in the room that owns the database, at start. The hard thing: a newer or changed schema must be refused
 * before anything is written, and a step is either in the database with its record or not at all. A step that builds a
 * table anew drops the old one: references are not enforced meanwhile, and looked at before each step's commit.
 * SPDX-License-Identifier: ISC */
#include "store_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/must.h"
#include "gen/store_sql.h"

enum { HASH_BYTES = 32, REPORT_BYTES = 16 * 1024 };

static void hash_file(const struct embed_file *file, unsigned char out[HASH_BYTES])
{
	must(crypto_generichash(out, HASH_BYTES, (const unsigned char *) file->text.at, file->text.len, NULL, 0) == 0);
}

static bool number_of(struct store *store, enum store_sql query, int64_t *out, struct fault *f)
{
	struct store_statement *statement = NULL;
	enum store_step step;
	bool ok = store->driver->prepare(store->link, store_sql[query].text, &statement, f);

	if (ok) {
		step = store->driver->step(statement, f);
		ok = step != STORE_STEP_FAILED;
		*out = step == STORE_STEP_ROW ? store->driver->column(statement, 0).number : 0;
	}
	store->driver->forget(&statement);
	return ok;
}

/* One recorded step against the one in its place here. */
static bool compare(const struct embed_file *migrations, size_t known, size_t place, struct str name, struct str hash,
	struct fault *f)
{
	unsigned char own[HASH_BYTES];

	if (place >= known)
		return fault_set(f, FAULT_CONFLICT,
			"the database is newer than this mimeo (it has %.*s): use the newer program", STR_ARG(name));
	hash_file(&migrations[place], own);
	if (!str_is(name, migrations[place].name) || !str_equal(hash, str_make(own, sizeof(own))))
		return fault_set(f, FAULT_CONFLICT,
			"the database has another schema than this mimeo (its %.*s is not our %s): use the program that made it",
			STR_ARG(name), migrations[place].name);
	return true;
}

/* *done: how many of ours are in the database already. */
static bool compare_all(struct store *store, const struct embed_file *migrations, size_t known, size_t *done,
	struct fault *f)
{
	struct store_statement *statement = NULL;
	enum store_step step;
	int64_t exists = 0;
	bool ok;

	*done = 0;
	if (!number_of(store, STORE_SQL_MIGRATION_TABLE_EXISTS, &exists, f))
		return false;
	if (exists == 0)
		return true;
	ok = store->driver->prepare(store->link, store_sql[STORE_SQL_MIGRATION_LIST].text, &statement, f);
	while (ok && (step = store->driver->step(statement, f)) != STORE_STEP_DONE) {
		ok = step == STORE_STEP_ROW && compare(migrations, known, *done, store->driver->column(statement, 1).bytes,
			store->driver->column(statement, 2).bytes, f);
		(*done)++;
	}
	store->driver->forget(&statement);
	return ok;
}

static bool record(struct store *store, int64_t number, const struct embed_file *file, struct fault *f)
{
	struct store_statement *statement = NULL;
	unsigned char hash[HASH_BYTES];
	bool ok = store->driver->prepare(store->link, store_sql[STORE_SQL_MIGRATION_INSERT].text, &statement, f);

	hash_file(file, hash);
	ok = ok && store->driver->bind(statement, STORE_ARGS(store_i64(number), store_text(str_from(file->name)),
		store_blob(str_make(hash, sizeof(hash))), store_i64(clock_now().us)), f);
	ok = ok && store->driver->step(statement, f) == STORE_STEP_DONE;
	store->driver->forget(&statement);
	return ok;
}

static bool references_hold(struct store *store, struct fault *f)
{
	struct buf report;
	bool ok;

	buf_init(&report, REPORT_BYTES);
	ok = store->driver->check_references(store->link, &report, f);
	if (ok && report.len > 0) {
		ok = fault_set(f, FAULT_CONFLICT, "the database's rows refer to others that are not there: restore it from a backup");
		fault_detail(f, "%.*s", STR_ARG(buf_view(&report)));
	}
	buf_release(&report);
	return ok;
}

static bool run_one(struct store *store, int64_t number, const struct embed_file *file, struct fault *f)
{
	bool ok = store_begin(store, f);

	if (ok) {
		ok = store_may_step(store, f) && store->driver->script(store->link, file->text, f);
		ok = ok && references_hold(store, f) && store_may_step(store, f) && record(store, number, file, f);
		ok = store_end(store, ok, f);
	}
	if (!ok)
		return fault_add(f, "while bringing the schema forward with %s", file->name);
	log_event(LOG_MIGRATED, LOG_C("step", file->name));
	return true;
}

/* The copy gets its name only when it is whole; one that an earlier try left is replaced. */
static bool copy_first(struct store *store, const char *path, struct fault *f)
{
	char fresh[PATH_MAX];

	if (snprintf(fresh, sizeof(fresh), "%s.new", path) >= (int) sizeof(fresh))
		return fault_set(f, FAULT_INPUT, "the path of the copy before migrating is too long");
	if (unlink(fresh) != 0 && errno != ENOENT)
		return fault_errno(f, "%s cannot be removed", fresh);
	if (!store_copy_to(store, fresh, f))
		return fault_add(f, "while copying the database before migrating");
	if (rename(fresh, path) != 0)
		return fault_errno(f, "%s cannot be renamed", fresh);
	return true;
}

bool store_migrate(struct store *store, const struct store_options *options, struct fault *f)
{
	size_t known = 0;
	size_t done = 0;
	bool ok = true;

	if (sodium_init() < 0)
		return fault_set(f, FAULT_IO, "libsodium does not start");
	while (options->migrations[known].name != NULL)
		known++;
	if (!compare_all(store, options->migrations, known, &done, f))
		return false;
	if (done == known)
		return true;
	if (options->read_only)
		return fault_set(f, FAULT_BUSY, "the database has an older schema: its owner must start once");
	if (done > 0 && options->copy_before_migrating != NULL && !copy_first(store, options->copy_before_migrating, f))
		return false;
	if (!store->driver->script(store->link, store_sql[STORE_SQL_MIGRATION_TABLE].text, f))
		return false;
	if (!store->driver->enforce_references(store->link, false, f))
		return false;
	for (size_t i = done; i < known && ok; i++)
		ok = run_one(store, (int64_t) i + 1, &options->migrations[i], f);
	return store->driver->enforce_references(store->link, true, f) && ok;
}
