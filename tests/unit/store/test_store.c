/* test_store.c: the database API on SQLite: parameters, cursors, faults, transactions, copies.
 * SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/arena.h"
#include "base/fault.h"
#include "store/store.h"

#define S(text) {(text), sizeof(text) - 1}

static const struct embed_file migrations[] = {
	{"001-things.sql", S("CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, bytes BLOB) STRICT;\n"
		"CREATE TABLE part (thing INTEGER NOT NULL REFERENCES thing(id), n INTEGER CHECK (n > 0)) STRICT;")},
	{"002-more.sql", S("ALTER TABLE thing ADD COLUMN real REAL; -- last line without an end")},
	{NULL, {NULL, 0}},
};
static const struct embed_file longer[] = {
	{"001-things.sql", S("CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, bytes BLOB) STRICT;\n"
		"CREATE TABLE part (thing INTEGER NOT NULL REFERENCES thing(id), n INTEGER CHECK (n > 0)) STRICT;")},
	{"002-more.sql", S("ALTER TABLE thing ADD COLUMN real REAL; -- last line without an end")},
	{"003-bad.sql", S("CREATE TABLE third (a INTEGER) STRICT; CREATE TABLE third (b INTEGER) STRICT;")},
	{NULL, {NULL, 0}},
};
static const struct embed_file changed[] = {
	{"001-things.sql", S("CREATE TABLE thing (id INTEGER);")},
	{"002-more.sql", S("ALTER TABLE thing ADD COLUMN real REAL;")},
	{NULL, {NULL, 0}},
};

enum { SWAPPED, INSERT, PART, ALL, COUNT, BYTES, REPEATED, CAP, GROW, QUERY_COUNT };

static const struct embed_file queries[] = {
	{"swapped", S("-- $3 is no parameter here, nor in the string\nSELECT $2, $1, '$2 ''$9', /* $4 */ $1 AS \"$5\"")},
	{"insert", S("INSERT INTO thing (id, name, bytes, real) VALUES ($1, $2, $3, $4)")},
	{"part", S("INSERT INTO part (thing, n) VALUES ($1, $2)")},
	{"all", S("SELECT id, name, bytes, real FROM thing ORDER BY id;\n-- the end")},
	{"count", S("SELECT count(*) FROM thing")},
	{"bytes", S("SELECT bytes FROM thing WHERE id = $1")},
	{"repeated", S("SELECT $10 + $1 + $2 + $3 + $4 + $5 + $6 + $7 + $8 + $9")},
	{"cap", S("PRAGMA max_page_count = 14")},
	{"grow", S("INSERT INTO thing (id, name, bytes) VALUES ($1, 'n' || $1, zeroblob(4000))")},
	{NULL, {NULL, 0}},
};

struct bench {
	char folder[64];
	char path[128];
	struct store *store;
	struct arena arena;
};

static struct store_options options_for(struct bench *bench)
{
	return (struct store_options){.path = bench->path, .migrations = migrations, .queries = queries,
		.query_count = QUERY_COUNT};
}

static void must_open(struct bench *bench)
{
	struct store_options options = options_for(bench);
	struct fault f = {0};

	if (!store_open(&bench->store, &options, &f))
		fail_msg("%s (%s; %s)", f.say, f.detail, f.trail);
}

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	snprintf(bench->folder, sizeof(bench->folder), "/tmp/mimeo-store-XXXXXX");
	assert_non_null(mkdtemp(bench->folder));
	snprintf(bench->path, sizeof(bench->path), "%s/test.db", bench->folder);
	arena_init(&bench->arena, "test", 1 << 20);
	must_open(bench);
	*state = bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;
	static const char *const names[] = {
		"test.db", "test.db-wal", "test.db-shm", "copy.db", "before.db", "before.db.new"};

	store_close(&bench->store);
	arena_release(&bench->arena);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[160];

		snprintf(path, sizeof(path), "%s/%s", bench->folder, names[i]);
		(void) unlink(path);
	}
	assert_int_equal(rmdir(bench->folder), 0);
	free(bench);
	return 0;
}

static bool insert(struct store *store, int64_t id, const char *name, struct fault *f)
{
	return store_run(
		store, INSERT, STORE_ARGS(store_i64(id), store_text(str_from(name)), store_null(), store_null()), NULL, f);
}

static int64_t count(struct store *store)
{
	struct fault f = {0};
	int64_t n = -1;

	assert_true(store_number(store, COUNT, STORE_NO_ARGS, &n, &f));
	return n;
}

static void parameters_keep_their_places(void **state)
{
	struct bench *bench = *state;
	struct fault f = {0};
	struct store_row row;
	bool found;
	int64_t sum;

	assert_true(store_one(bench->store, SWAPPED, STORE_ARGS(store_text(STR("one")), store_i64(2)), &bench->arena, &row,
		&found, &f));
	assert_true(found);
	assert_int_equal(row.columns[0].number, 2);
	assert_true(str_is(row.columns[1].bytes, "one"));
	assert_true(str_is(row.columns[2].bytes, "$2 '$9"));
	assert_true(str_is(row.columns[3].bytes, "one"));
	assert_true(store_number(bench->store, REPEATED,
		STORE_ARGS(store_i64(1), store_i64(10), store_i64(100), store_i64(1000), store_i64(10000), store_i64(100000),
			store_i64(0), store_i64(0), store_i64(0), store_i64(5)),
		&sum, &f));
	assert_int_equal(sum, 111116);
}

static void values_come_back_as_they_went(void **state)
{
	struct bench *bench = *state;
	struct fault f = {0};
	struct store_rows rows;
	struct store_row row;
	bool found;
	int64_t rows_changed = 0;

	assert_true(store_run(bench->store, INSERT,
		STORE_ARGS(store_i64(INT64_MIN), store_text(STR("")), store_blob(STR("a\0b")), store_real(1.5)), &rows_changed,
		&f));
	assert_int_equal(rows_changed, 1);
	assert_true(store_run(bench->store, INSERT, STORE_ARGS(store_i64(INT64_MAX), store_text(STR("';--\xd0\xb6")),
		store_text_or_null(STR("")), store_null()), NULL, &f));
	assert_true(store_rows_begin(bench->store, ALL, STORE_NO_ARGS, &rows, &f));
	assert_true(store_rows_next(&rows, &f));
	assert_int_equal(store_column_i64(&rows, 0), INT64_MIN);
	assert_false(store_column_is_null(&rows, 1));
	assert_int_equal(store_column_text(&rows, 1).len, 0);
	assert_true(str_equal(store_column_text(&rows, 2), STR("a\0b")));
	assert_true(store_column_real(&rows, 3) > 1.4 && store_column_real(&rows, 3) < 1.6);
	/* another query while the first is open */
	assert_true(store_one(bench->store, BYTES, STORE_ARGS(store_i64(INT64_MIN)), &bench->arena, &row, &found, &f));
	assert_true(found && row.columns[0].type == STORE_BLOB && row.columns[0].bytes.len == 3);
	assert_true(store_rows_next(&rows, &f));
	assert_true(str_is(store_column_copy(&rows, 1, &bench->arena), "';--\xd0\xb6"));
	assert_true(store_column_is_null(&rows, 2));
	assert_false(store_rows_next(&rows, &f));
	assert_false(store_rows_next(&rows, &f)); /* and stays at the end */
	assert_true(store_rows_end(&rows));
	assert_true(store_one(bench->store, BYTES, STORE_ARGS(store_i64(5)), &bench->arena, &row, &found, &f));
	assert_false(found);
	assert_int_equal(f.kind, FAULT_NONE);
}

static void refusals_are_conflicts(void **state)
{
	struct bench *bench = *state;
	struct fault f = {0};

	assert_true(insert(bench->store, 1, "a", &f));
	assert_false(insert(bench->store, 2, "a", &f));
	assert_int_equal(f.kind, FAULT_CONFLICT);
	fault_clear(&f);
	assert_false(store_run(bench->store, PART, STORE_ARGS(store_i64(1), store_i64(0)), NULL, &f));
	assert_int_equal(f.kind, FAULT_CONFLICT);
	fault_clear(&f);
	assert_false(store_run(bench->store, PART, STORE_ARGS(store_i64(77), store_i64(1)), NULL, &f));
	assert_int_equal(f.kind, FAULT_CONFLICT);
	fault_clear(&f);
	assert_false(store_run(bench->store, INSERT, STORE_ARGS(store_i64(3), store_i64(1), store_i64(1), store_null()),
		NULL, &f)); /* STRICT: a number is no blob */
	assert_int_equal(f.kind, FAULT_CONFLICT);
	assert_int_equal(count(bench->store), 1);
}

static void a_conflict_does_not_end_the_transaction(void **state)
{
	struct bench *bench = *state;
	struct fault f = {0};

	assert_true(store_begin(bench->store, &f));
	assert_true(insert(bench->store, 1, "a", &f));
	assert_false(insert(bench->store, 2, "a", &f));
	fault_clear(&f);
	assert_true(insert(bench->store, 3, "b", &f));
	assert_true(store_end(bench->store, true, &f));
	assert_int_equal(count(bench->store), 2);
	assert_true(store_begin(bench->store, &f));
	assert_true(insert(bench->store, 4, "c", &f));
	assert_false(store_end(bench->store, false, &f));
	assert_int_equal(count(bench->store), 2);
}

static void a_full_disk_loses_the_whole_transaction(void **state)
{
	struct bench *bench = *state;
	struct fault f = {0};
	struct fault later = {0};
	int64_t i;

	assert_true(store_run(bench->store, CAP, STORE_NO_ARGS, NULL, &f));
	assert_true(store_begin(bench->store, &f));
	for (i = 1; i < 100 && store_run(bench->store, GROW, STORE_ARGS(store_i64(i)), NULL, &f); i++)
		;
	assert_in_range(i, 2, 20);
	assert_int_equal(f.kind, FAULT_FULL);
	/* SQLite may have given the transaction up: nothing may be committed outside of it */
	(void) insert(bench->store, 500, "late", &later);
	assert_false(store_end(bench->store, false, &f));
	assert_int_equal(count(bench->store), 0);
	fault_clear(&f);
	assert_true(insert(bench->store, 1, "small", &f));
}

/* Three rows in one transaction; fails at the n-th step, for every n, until nothing fails. */
static void every_step_may_fail(void **state)
{
	struct bench *bench = *state;
	int64_t n;
	bool ok = false;

	for (n = 1; !ok; n++) {
		struct fault f = {0};

		assert_in_range(n, 1, 10);
		store_fail_at(bench->store, n);
		ok = store_begin(bench->store, &f);
		if (ok) {
			ok = insert(bench->store, 1, "a", &f);
			ok = insert(bench->store, 2, "b", &f) && ok; /* goes on after a failure on purpose */
			ok = insert(bench->store, 3, "c", &f) && ok;
			ok = store_end(bench->store, ok, &f);
		}
		store_fail_at(bench->store, 0);
		assert_int_equal(count(bench->store), ok ? 3 : 0);
		assert_int_equal(f.kind, ok ? FAULT_NONE : FAULT_FULL);
	}
	assert_int_equal(n, 7); /* begin, three rows, commit; then the clean one */
}

static void a_failing_cursor_says_so(void **state)
{
	struct bench *bench = *state;
	struct fault f = {0};
	struct store_rows rows;

	assert_true(insert(bench->store, 1, "a", &f) && insert(bench->store, 2, "b", &f));
	assert_true(store_rows_begin(bench->store, ALL, STORE_NO_ARGS, &rows, &f));
	store_fail_at(bench->store, 2);
	assert_true(store_rows_next(&rows, &f));
	assert_false(store_rows_next(&rows, &f));
	assert_false(store_rows_next(&rows, &f));
	assert_false(store_rows_end(&rows));
	assert_int_equal(f.kind, FAULT_FULL);
	fault_clear(&f);
	assert_true(store_rows_begin(bench->store, ALL, STORE_NO_ARGS, &rows, &f));
	assert_true(store_rows_next(&rows, &f));
	assert_true(store_rows_end(&rows)); /* in the middle is fine */
	assert_int_equal(count(bench->store), 2);
}

/* A child commits 20 rows, says so, and is killed with 21 more under way. */
static void a_kill_keeps_what_was_committed(void **state)
{
	struct bench *bench = *state;
	int pipes[2];
	char byte;
	pid_t child;
	struct fault f = {0};
	struct str report;

	store_close(&bench->store);
	assert_int_equal(pipe(pipes), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct store_options options = options_for(bench);
		struct fault g = {0};
		struct store *store;
		bool ok = store_open(&store, &options, &g);

		for (int64_t i = 1; ok && i <= 20; i++)
			ok = store_run(store, GROW, STORE_ARGS(store_i64(i)), NULL, &g);
		ok = ok && store_begin(store, &g);
		for (int64_t i = 21; ok && i <= 41; i++)
			ok = store_run(store, GROW, STORE_ARGS(store_i64(i)), NULL, &g);
		(void) !write(pipes[1], ok ? "y" : "n", 1);
		pause();
		_exit(1);
	}
	close(pipes[1]);
	assert_int_equal(read(pipes[0], &byte, 1), 1);
	close(pipes[0]);
	assert_int_equal(byte, 'y');
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	must_open(bench);
	assert_int_equal(count(bench->store), 20);
	assert_true(store_check(bench->store, &bench->arena, &report, &f));
	assert_int_equal(report.len, 0);
}

static void note_long(void *self)
{
	++*(int *) self;
}

static void grow(struct bench *bench, int64_t from, int64_t until)
{
	struct fault f = {0};
	bool ok = store_begin(bench->store, &f);

	for (int64_t i = from; ok && i < until; i++)
		ok = store_run(bench->store, GROW, STORE_ARGS(store_i64(i)), NULL, &f);
	if (!store_end(bench->store, ok, &f))
		fail_msg("%s (%s)", f.say, f.detail);
}

static off_t log_bytes(const struct bench *bench)
{
	char path[160];
	struct stat st;

	snprintf(path, sizeof(path), "%s-wal", bench->path);
	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

/* Another process, begun before anything was open, moves the log while commits go on: then the log begins anew by itself, and nobody
 * is called any more. */
static void a_long_log_is_moved_beside(void **state)
{
	struct bench *bench = *state;
	int64_t id = 1;
	int calls = 0, pipes[2];
	char byte;
	pid_t child;
	struct fault f = {0};
	struct str report;

	store_close(&bench->store);
	assert_int_equal(pipe(pipes), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(read(pipes[0], &byte, 1) == 1 && store_checkpoint_beside(bench->path, &f) ? 0 : 1);
	must_open(bench);
	store_on_long_log(bench->store, note_long, &calls);
	for (; calls == 0 && id < 20000; id += 100)
		grow(bench, id, id + 100);
	assert_int_equal(calls, 1);
	grow(bench, id, id + 1);
	assert_int_equal(calls, 2);
	id++;
	assert_int_equal(write(pipes[1], "g", 1), 1);
	for (int i = 0; i < 300 && calls > 0; i++, id++) { /* far from as many pages as a commit moves itself */
		usleep(i < 50 ? 10000 : 200000);
		calls = 0;
		grow(bench, id, id + 1);
	}
	assert_int_equal(calls, 0);
	for (int i = 0; i < 100; i++, id += 20) /* with it at work */
		grow(bench, id, id + 20);
	assert_int_equal(kill(child, SIGKILL), 0); /* at whatever it is */
	assert_int_equal(waitpid(child, NULL, 0), child);
	grow(bench, id, id + 1);
	assert_int_equal(count(bench->store), id);
	assert_true(store_check(bench->store, &bench->arena, &report, &f));
	assert_int_equal(report.len, 0);
	close(pipes[0]);
	close(pipes[1]);
}

/* A child that never comes: the log does not grow without end. */
static void a_log_that_nobody_moves_has_an_end(void **state)
{
	struct bench *bench = *state;
	int calls = 0;

	store_on_long_log(bench->store, note_long, &calls);
	for (int64_t id = 1; id < 40000; id += 1000)
		grow(bench, id, id + 1000);
	assert_true(calls > 0);
	assert_true(log_bytes(bench) < 6000 * 4120);
}

static void a_copy_is_whole_and_private(void **state)
{
	struct bench *bench = *state;
	char path[160];
	struct stat about;
	struct store_options options;
	struct store *copy;
	struct fault f = {0};

	snprintf(path, sizeof(path), "%s/copy.db", bench->folder);
	assert_true(insert(bench->store, 1, "a", &f));
	assert_true(store_copy_to(bench->store, path, &f));
	assert_int_equal(stat(path, &about), 0);
	assert_int_equal(about.st_mode & 0777, 0600);
	assert_false(store_copy_to(bench->store, path, &f));
	assert_int_equal(f.kind, FAULT_CONFLICT);
	fault_clear(&f);
	options = options_for(bench);
	options.path = path;
	options.read_only = true;
	assert_true(store_open(&copy, &options, &f));
	assert_int_equal(count(copy), 1);
	assert_false(insert(copy, 2, "b", &f));
	store_close(&copy);
}

static void a_reader_reads_while_one_writes(void **state)
{
	struct bench *bench = *state;
	struct store_options options = options_for(bench);
	struct store *reader;
	struct fault f = {0};

	options.read_only = true;
	assert_true(store_open(&reader, &options, &f));
	assert_true(store_begin(bench->store, &f));
	assert_true(insert(bench->store, 1, "a", &f));
	assert_int_equal(count(reader), 0);
	assert_true(store_end(bench->store, true, &f));
	assert_int_equal(count(reader), 1);
	assert_false(insert(reader, 2, "b", &f));
	assert_true(store_checkpoint(bench->store, &f) || f.kind == FAULT_NONE);
	store_close(&reader);
}

static void modes_and_missing_files(void **state)
{
	struct bench *bench = *state;
	struct stat about;
	struct store_options options = options_for(bench);
	struct store *store;
	struct fault f = {0};
	char path[160];

	assert_int_equal(stat(bench->path, &about), 0);
	assert_int_equal(about.st_mode & 0777, 0600);
	snprintf(path, sizeof(path), "%s/none.db", bench->folder);
	options.path = path;
	options.read_only = true;
	assert_false(store_open(&store, &options, &f));
	assert_int_equal(f.kind, FAULT_MISSING);
	assert_null(store);
	fault_clear(&f);
	snprintf(path, sizeof(path), "%s/copy.db", bench->folder);
	options.read_only = false;
	options.mode = 0640;
	options.persist_wal = true;
	assert_true(store_open(&store, &options, &f));
	assert_int_equal(stat(path, &about), 0);
	assert_int_equal(about.st_mode & 0777, 0640);
	store_close(&store);
	snprintf(path, sizeof(path), "%s/copy.db-wal", bench->folder);
	assert_int_equal(stat(path, &about), 0); /* stays for readers */
	assert_int_equal(about.st_mode & 0777, 0640);
	(void) unlink(path);
	snprintf(path, sizeof(path), "%s/copy.db-shm", bench->folder);
	(void) unlink(path);
}

static void schemas_that_do_not_fit_are_refused(void **state)
{
	struct bench *bench = *state;
	struct store_options options = options_for(bench);
	struct fault f = {0};
	struct stat about;
	char before[160];
	static const struct embed_file shorter[] = {{"001-things.sql", S("")}, {NULL, {NULL, 0}}};
	struct embed_file first[2] = {migrations[0], {NULL, {NULL, 0}}};

	snprintf(before, sizeof(before), "%s/before.db", bench->folder);
	store_close(&bench->store);
	options.migrations = first; /* a program that knows less */
	assert_false(store_open(&bench->store, &options, &f));
	assert_int_equal(f.kind, FAULT_CONFLICT);
	assert_non_null(strstr(f.say, "newer"));
	fault_clear(&f);
	options.migrations = changed;
	assert_false(store_open(&bench->store, &options, &f));
	assert_int_equal(f.kind, FAULT_CONFLICT);
	fault_clear(&f);
	options.migrations = shorter;
	assert_false(store_open(&bench->store, &options, &f));
	assert_int_equal(f.kind, FAULT_CONFLICT);
	fault_clear(&f);
	options.migrations = longer; /* a step that fails half-way leaves nothing, but the copy is there */
	options.copy_before_migrating = before;
	for (int i = 0; i < 2; i++) {
		assert_false(store_open(&bench->store, &options, &f));
		assert_int_equal(stat(before, &about), 0);
		assert_int_equal(about.st_mode & 0777, 0600);
		fault_clear(&f);
	}
	must_open(bench);
	assert_true(insert(bench->store, 1, "a", &f));
}

#define KEPT "CREATE TABLE parent (id INTEGER PRIMARY KEY, state TEXT NOT NULL CHECK (state IN ('a', 'b'))) STRICT;\n" \
	"CREATE TABLE child (parent INTEGER NOT NULL REFERENCES parent (id) ON DELETE CASCADE, n INTEGER) STRICT;\n" \
	"INSERT INTO parent VALUES (1, 'a'), (2, 'b'); INSERT INTO child VALUES (1, 10), (1, 11), (2, 20);"
#define ANEW(which) "CREATE TABLE parent_new (id INTEGER PRIMARY KEY, state TEXT NOT NULL CHECK (state IN ('a', 'b', 'c'))) STRICT;\n" \
	"INSERT INTO parent_new SELECT id, state FROM parent " which ";\n" \
	"DROP TABLE parent; ALTER TABLE parent_new RENAME TO parent;"

/* A step that builds a table anew keeps what refers to its rows, and may not leave a reference to nothing. */
static void a_table_is_built_anew_with_its_children(void **state)
{
	static const struct embed_file old[] = {{"001-kept.sql", S(KEPT)}, {NULL, {NULL, 0}}};
	static const struct embed_file loses[] = {{"001-kept.sql", S(KEPT)}, {"002-anew.sql", S(ANEW("WHERE id = 2"))},
		{NULL, {NULL, 0}}};
	static const struct embed_file keeps[] = {{"001-kept.sql", S(KEPT)}, {"002-anew.sql", S(ANEW(""))}, {NULL, {NULL, 0}}};
	enum { CHILDREN, CASCADED, NEW_STATE, DROP, ORPHAN };
	static const struct embed_file asked[] = {
		{"children", S("SELECT count(*) FROM child")},
		{"cascaded", S("SELECT count(*) FROM child WHERE parent = 1")},
		{"new_state", S("UPDATE parent SET state = 'c' WHERE id = 1")},
		{"drop", S("DELETE FROM parent WHERE id = 1")},
		{"orphan", S("INSERT INTO child (parent, n) VALUES (9, 1)")},
		{NULL, {NULL, 0}},
	};
	struct bench *bench = *state;
	struct store_options options = options_for(bench);
	struct fault f = {0};
	int64_t count = 0;
	char path[160];

	store_close(&bench->store);
	snprintf(path, sizeof(path), "%s/anew.db", bench->folder);
	options = (struct store_options){.path = path, .migrations = old};
	assert_true(store_open(&bench->store, &options, &f));
	store_close(&bench->store);
	options.migrations = loses;
	assert_false(store_open(&bench->store, &options, &f));
	assert_int_equal(f.kind, FAULT_CONFLICT);
	assert_non_null(strstr(f.detail, "child"));
	fault_clear(&f);
	options.migrations = keeps; /* the refused step left nothing */
	options.queries = asked;
	options.query_count = 5;
	assert_true(store_open(&bench->store, &options, &f));
	assert_true(store_number(bench->store, CHILDREN, STORE_NO_ARGS, &count, &f));
	assert_int_equal(count, 3);
	assert_true(store_run(bench->store, NEW_STATE, STORE_NO_ARGS, NULL, &f));
	assert_false(store_run(bench->store, ORPHAN, STORE_NO_ARGS, NULL, &f)); /* enforced again */
	fault_clear(&f);
	assert_true(store_run(bench->store, DROP, STORE_NO_ARGS, NULL, &f)); /* children refer to the new table */
	assert_true(store_number(bench->store, CASCADED, STORE_NO_ARGS, &count, &f));
	assert_int_equal(count, 0);
	store_close(&bench->store);
	(void) unlink(path);
}

static void wrong_statements_stop_the_start(void **state)
{
	struct bench *bench = *state;
	static const struct embed_file bad[][2] = {
		{{"no_such_table", S("SELECT * FROM nothing")}, {NULL, {NULL, 0}}},
		{{"two", S("SELECT 1; SELECT 2")}, {NULL, {NULL, 0}}},
		{{"none", S("-- only words")}, {NULL, {NULL, 0}}},
		{{"mark", S("SELECT ?")}, {NULL, {NULL, 0}}},
		{{"named", S("SELECT $name")}, {NULL, {NULL, 0}}},
		{{"zero", S("SELECT $0")}, {NULL, {NULL, 0}}},
		{{"runs_on", S("SELECT $1a")}, {NULL, {NULL, 0}}},
		{{"double_quoted", S("SELECT \"text\"")}, {NULL, {NULL, 0}}},
		{{"cast", S("SELECT 1::text")}, {NULL, {NULL, 0}}},
		{{"open_string", S("SELECT 'abc")}, {NULL, {NULL, 0}}},
	};

	store_close(&bench->store);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct store_options options = options_for(bench);
		struct fault f = {0};

		options.queries = bad[i];
		options.query_count = 1;
		assert_false(store_open(&bench->store, &options, &f));
		assert_non_null(strstr(f.trail, bad[i][0].name));
	}
	must_open(bench);
}

static void a_file_that_is_no_database_is_said_so(void **state)
{
	struct bench *bench = *state;
	struct fault f = {0};
	struct store_options options = options_for(bench);
	FILE *file;

	store_close(&bench->store);
	file = fopen(bench->path, "wb");
	for (int i = 0; i < 10000; i++)
		fputs("this is no database\n", file);
	fclose(file);
	assert_false(store_open(&bench->store, &options, &f));
	assert_int_equal(f.kind, FAULT_IO);
	assert_non_null(strstr(f.say, "damaged"));
}

static void damage_is_found(void **state)
{
	struct bench *bench = *state;
	struct fault f = {0};
	struct str report;
	FILE *file;

	for (int64_t i = 1; i <= 50; i++)
		assert_true(store_run(bench->store, GROW, STORE_ARGS(store_i64(i)), NULL, &f));
	store_close(&bench->store);
	file = fopen(bench->path, "r+b");
	fseek(file, 4096L * 20, SEEK_SET);
	for (int i = 0; i < 4096; i++)
		fputc(0xee, file);
	fclose(file);
	must_open(bench);
	assert_true(store_check(bench->store, &bench->arena, &report, &f));
	assert_true(report.len > 0);
}

/* --- one state, light commits, work --- */

static int64_t counted(struct store *store)
{
	struct fault f = {0};
	int64_t count = -1;

	assert_true(store_number(store, COUNT, STORE_NO_ARGS, &count, &f));
	return count;
}

static void put_thing(struct store *store, int64_t id, const char *name)
{
	struct fault f = {0};

	assert_true(store_run(store, INSERT, STORE_ARGS(store_i64(id), store_text(str_from(name)), store_null(), store_null()), NULL, &f));
}

static void what_is_looked_at_stands_still(void **state)
{
	struct bench *bench = *state;
	struct store_options options = options_for(bench);
	struct store *reader = NULL;
	struct fault f = {0};

	options.read_only = true;
	options.migrations = NULL;
	assert_true(store_open(&reader, &options, &f));
	put_thing(bench->store, 1, "one");
	assert_true(store_look(reader, &f));
	assert_int_equal(counted(reader), 1);
	put_thing(bench->store, 2, "two");
	assert_int_equal(counted(reader), 1);
	store_look_end(reader);
	assert_int_equal(counted(reader), 2);
	store_close(&reader);
}

static void light_commits_are_commits(void **state)
{
	struct bench *bench = *state;
	struct fault f = {0};

	assert_true(store_begin_lightly(bench->store, &f));
	put_thing(bench->store, 1, "one");
	assert_true(store_end(bench->store, true, &f));
	assert_true(store_begin_lightly(bench->store, &f));
	put_thing(bench->store, 2, "two");
	assert_false(store_end(bench->store, false, &f)); /* taken back */
	assert_true(store_begin(bench->store, &f));
	put_thing(bench->store, 3, "three");
	assert_true(store_end(bench->store, true, &f));
	store_close(&bench->store);
	must_open(bench);
	assert_int_equal(counted(bench->store), 2);
}

static void work_grows_with_what_is_read(void **state)
{
	struct bench *bench = *state;
	struct store_rows rows;
	struct fault f = {0};
	int64_t few;
	int64_t before;
	int i;

	before = store_work(bench->store);
	assert_int_equal(counted(bench->store), 0);
	few = store_work(bench->store) - before;
	assert_true(few > 0);
	for (i = 0; i < 50; i++) {
		char name[16];

		snprintf(name, sizeof(name), "n%d", i);
		put_thing(bench->store, i + 1, name);
	}
	before = store_work(bench->store);
	assert_true(store_rows_begin(bench->store, ALL, STORE_NO_ARGS, &rows, &f));
	while (store_rows_next(&rows, &f))
		;
	assert_true(store_rows_end(&rows));
	assert_true(store_work(bench->store) - before > few + 50);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(what_is_looked_at_stands_still), T(light_commits_are_commits), T(work_grows_with_what_is_read),
		T(parameters_keep_their_places), T(values_come_back_as_they_went), T(refusals_are_conflicts),
		T(a_conflict_does_not_end_the_transaction), T(a_full_disk_loses_the_whole_transaction), T(every_step_may_fail),
		T(a_failing_cursor_says_so), T(a_kill_keeps_what_was_committed), T(a_long_log_is_moved_beside),
		T(a_log_that_nobody_moves_has_an_end), T(a_copy_is_whole_and_private),
		T(a_reader_reads_while_one_writes), T(modes_and_missing_files), T(schemas_that_do_not_fit_are_refused),
		T(a_table_is_built_anew_with_its_children), T(wrong_statements_stop_the_start), T(a_file_that_is_no_database_is_said_so),
		T(damage_is_found),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
