/* store.c: one database API for every room; an engine does the work (store_inside.h).
 *
 * Decides: how statements, cursors and transactions behave whatever the engine. Leaves to others: SQL (the rooms), the
 * engine (store_sqlite.c), the schema's steps (store_migrate.c). Runs in every room. The hard thing: an engine may end
 * a transaction by itself when the disk is full; what comes after must not slip in outside of one.
 * SPDX-License-Identifier: ISC */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/limits.h"
#include "base/must.h"
#include "store_inside.h"

static bool prepare_all(struct store *store, const struct store_options *options, struct fault *f)
{
	store->names = options->queries;
	store->queries = memory_new(options->query_count + 1, sizeof(*store->queries));
	store->is_open = memory_new(options->query_count + 1, sizeof(*store->is_open));
	for (size_t i = 0; i < options->query_count; i++) {
		must(options->queries[i].name != NULL);
		if (!store->driver->prepare(store->link, options->queries[i].text, &store->queries[i], f))
			return fault_add(f, "while preparing %s", options->queries[i].name);
		store->count = i + 1;
	}
	return true;
}

bool store_open(struct store **out, const struct store_options *options, struct fault *f)
{
	struct store *store = memory_new(1, sizeof(*store));
	bool ok;

	*out = NULL;
	store->driver = &store_sqlite;
	ok = store->driver->open(&store->link, options, f);
	ok = ok && (options->migrations == NULL || store_migrate(store, options, f));
	ok = ok && prepare_all(store, options, f);
	if (ok)
		*out = store;
	else
		store_close(&store);
	return ok || fault_add(f, "while opening %s", options->path);
}

void store_close(struct store **out)
{
	struct store *store = *out;

	if (store == NULL)
		return;
	for (size_t i = 0; i < store->count; i++)
		store->driver->forget(&store->queries[i]);
	memory_free(store->queries);
	memory_free(store->is_open);
	store->driver->close(&store->link);
	memory_free(store);
	*out = NULL;
}

void store_fail_at(struct store *store, int64_t n)
{
	store->fail_at = n;
}

bool store_may_step(struct store *store, struct fault *f)
{
	if (store->is_lost)
		return fault_set(f, FAULT_IO, "the database gave the transaction up");
	if (store->fail_at > 0 && --store->fail_at == 0) {
		store->driver->rollback(store->link);
		store->is_lost = store->in_transaction;
		return fault_set(f, FAULT_FULL, "the disk is full (a rehearsed failure)");
	}
	return true;
}

static struct store_statement *take(struct store *store, size_t query)
{
	must(query < store->count);
	must(!store->is_open[query]);
	store->is_open[query] = true;
	return store->queries[query];
}

static void give_back(struct store *store, size_t query)
{
	store->driver->reset(store->queries[query]);
	store->work += store->driver->work(store->queries[query]);
	store->is_open[query] = false;
}

/* One step, with what must be noticed after each. */
static enum store_step step(struct store *store, size_t query, struct fault *f)
{
	enum store_step result;

	if (!store_may_step(store, f))
		return STORE_STEP_FAILED;
	result = store->driver->step(store->queries[query], f);
	if (result == STORE_STEP_FAILED) {
		fault_add(f, "in %s", store->names[query].name);
		if (store->in_transaction && !store->driver->is_in_transaction(store->link))
			store->is_lost = true;
	}
	return result;
}

bool store_run(struct store *store, size_t query, const struct store_value *values, size_t count, int64_t *changed,
	struct fault *f)
{
	struct store_statement *statement = take(store, query);
	enum store_step result = STORE_STEP_FAILED;

	if (store->driver->bind(statement, values, count, f))
		do
			result = step(store, query, f);
		while (result == STORE_STEP_ROW);
	if (changed != NULL)
		*changed = result == STORE_STEP_DONE ? store->driver->changed(store->link) : 0;
	give_back(store, query);
	return result == STORE_STEP_DONE;
}

bool store_rows_begin(struct store *store, size_t query, const struct store_value *values, size_t count,
	struct store_rows *rows, struct fault *f)
{
	struct store_statement *statement = take(store, query);

	*rows = (struct store_rows){.store = store, .query = query};
	if (store->driver->bind(statement, values, count, f))
		return true;
	give_back(store, query);
	*rows = (struct store_rows){.failed = true};
	return false;
}

bool store_rows_next(struct store_rows *rows, struct fault *f)
{
	enum store_step result;

	if (rows->store == NULL || rows->failed)
		return false;
	result = step(rows->store, rows->query, f);
	rows->failed = result == STORE_STEP_FAILED;
	if (result == STORE_STEP_ROW)
		return true;
	if (result == STORE_STEP_DONE) { /* a further step would begin anew */
		give_back(rows->store, rows->query);
		rows->store = NULL;
	}
	return false;
}

bool store_rows_end(struct store_rows *rows)
{
	if (rows->store != NULL)
		give_back(rows->store, rows->query);
	rows->store = NULL;
	return !rows->failed;
}

static struct store_value column(const struct store_rows *rows, int index)
{
	struct store_statement *statement;

	must(rows->store != NULL);
	statement = rows->store->queries[rows->query];
	must(index >= 0 && index < rows->store->driver->column_count(statement));
	return rows->store->driver->column(statement, index);
}

int64_t store_column_i64(const struct store_rows *rows, int index)
{
	struct store_value value = column(rows, index);

	return value.type == STORE_REAL ? (int64_t) value.real : value.number;
}

double store_column_real(const struct store_rows *rows, int index)
{
	struct store_value value = column(rows, index);

	return value.type == STORE_I64 ? (double) value.number : value.real;
}

struct str store_column_text(const struct store_rows *rows, int index)
{
	return column(rows, index).bytes;
}

bool store_column_is_null(const struct store_rows *rows, int index)
{
	return column(rows, index).type == STORE_NULL;
}

struct str store_column_copy(const struct store_rows *rows, int index, struct arena *arena)
{
	return str_copy(column(rows, index).bytes, arena);
}

static bool copy_row(struct store *store, size_t query, struct arena *arena, struct store_row *row, struct fault *f)
{
	int count = store->driver->column_count(store->queries[query]);

	row->count = (size_t) count;
	row->columns = arena_alloc_many(arena, row->count, sizeof(*row->columns));
	if (row->columns == NULL)
		return fault_full(f, "an answer of the database");
	for (int i = 0; i < count; i++) {
		struct store_value *to = &row->columns[i];

		*to = store->driver->column(store->queries[query], i);
		if (to->type != STORE_TEXT && to->type != STORE_BLOB)
			continue;
		to->bytes = str_copy(to->bytes, arena);
		if (to->bytes.at == NULL)
			return fault_full(f, "an answer of the database");
	}
	return true;
}

bool store_one(struct store *store, size_t query, const struct store_value *values, size_t count, struct arena *arena,
	struct store_row *row, bool *found, struct fault *f)
{
	struct store_statement *statement = take(store, query);
	enum store_step result;
	bool ok;

	*found = false;
	*row = (struct store_row){0};
	ok = store->driver->bind(statement, values, count, f);
	if (ok) {
		result = step(store, query, f);
		ok = result != STORE_STEP_FAILED;
		*found = result == STORE_STEP_ROW;
	}
	if (ok && *found)
		ok = copy_row(store, query, arena, row, f);
	*found = *found && ok;
	give_back(store, query);
	return ok;
}

bool store_number(struct store *store, size_t query, const struct store_value *values, size_t count, int64_t *out,
	struct fault *f)
{
	struct store_statement *statement = take(store, query);
	enum store_step result = STORE_STEP_FAILED;

	*out = 0;
	if (store->driver->bind(statement, values, count, f))
		result = step(store, query, f);
	if (result == STORE_STEP_ROW) {
		struct store_value value = store->driver->column(statement, 0);

		*out = value.type == STORE_REAL ? (int64_t) value.real : value.number;
	}
	give_back(store, query);
	return result != STORE_STEP_FAILED;
}

bool store_begin(struct store *store, struct fault *f)
{
	must(!store->in_transaction);
	if (!store_may_step(store, f) || !store->driver->begin(store->link, f))
		return false;
	store->in_transaction = true;
	return true;
}

bool store_begin_lightly(struct store *store, struct fault *f)
{
	must(!store->in_transaction);
	if (!store->driver->lightly(store->link, true, f))
		return false;
	store->is_light = true;
	if (store_begin(store, f))
		return true;
	store->is_light = !store->driver->lightly(store->link, false, f);
	return false;
}

int store_log_fd(struct store *store)
{
	return store->driver->log_fd(store->link);
}

bool store_end(struct store *store, bool ok, struct fault *f)
{
	must(store->in_transaction);
	ok = ok && store_may_step(store, f) && store->driver->commit(store->link, f);
	if (!ok)
		store->driver->rollback(store->link);
	store->in_transaction = false;
	store->is_lost = false;
	if (store->is_light)
		store->is_light = !store->driver->lightly(store->link, false, f);
	return ok && !store->is_light;
}

bool store_look(struct store *store, struct fault *f)
{
	must(!store->in_transaction);
	store->in_transaction = store->driver->look(store->link, f);
	return store->in_transaction;
}

void store_look_end(struct store *store)
{
	must(store->in_transaction);
	store->driver->rollback(store->link); /* there is nothing to keep */
	store->in_transaction = store->is_lost = false;
}

int64_t store_work(const struct store *store)
{
	return store->work;
}

/* The copy's bytes and its name on disk. */
static bool sync_file(int fd, const char *path, struct fault *f)
{
	char folder[PATH_MAX];
	int dir = -1;
	bool ok = fsync(fd) == 0;

	if (snprintf(folder, sizeof(folder), "%s", path) >= (int) sizeof(folder))
		return fault_set(f, FAULT_INPUT, "the path is too long");
	if (ok) {
		dir = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		ok = dir >= 0 && fsync(dir) == 0;
	}
	if (!ok)
		fault_errno(f, "%s cannot be written to disk", path);
	if (dir >= 0)
		close(dir);
	return ok;
}

bool store_copy_to(struct store *store, const char *path, struct fault *f)
{
	/* Made here, since the engine would make it readable by others. */
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool ok;

	if (fd < 0 && errno == EEXIST)
		return fault_set(f, FAULT_CONFLICT, "%s is there already", path);
	if (fd < 0)
		return fault_errno(f, "%s cannot be made", path);
	ok = store->driver->copy_to(store->link, path, f) && sync_file(fd, path, f);
	if (!ok)
		(void) unlink(path);
	close(fd);
	return ok;
}

bool store_check(struct store *store, struct arena *arena, struct str *report, struct fault *f)
{
	struct buf lines;
	bool ok;

	*report = (struct str){NULL, 0};
	buf_init(&lines, LIMIT_LINE_BYTES * 4);
	ok = store->driver->check(store->link, &lines, f);
	if (ok && lines.len > 0) {
		*report = str_copy(buf_view(&lines), arena);
		ok = report->at != NULL || fault_full(f, "the report");
	}
	buf_release(&lines);
	return ok;
}

bool store_checkpoint(struct store *store, struct fault *f)
{
	return store->driver->checkpoint(store->link, f);
}

void store_on_long_log(struct store *store, void (*call)(void *self), void *self)
{
	store->driver->on_long_log(store->link, call, self);
}

bool store_checkpoint_beside(const char *path, struct fault *f)
{
	return store_sqlite.checkpoint_beside(path, f);
}
