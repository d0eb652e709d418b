/* store.h: one database API; SQLite behind it now, PostgreSQL later.
 *
 * SQL never stands in .c files: a room's <room>.sql gives named blocks (embed_file table + enum), all of which are
 * prepared at store_open, so that a wrong statement stops the room at once. Parameters are $1…$n (rewritten to ?1…?n
 * for SQLite). Connections: one per process and database; WAL, synchronous=FULL, secure_delete=ON, foreign_keys=ON,
 * busy time-out 5 s; readers in other processes open read_only.
 * SPDX-License-Identifier: ISC */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/embed.h"
#include "base/str.h"

struct arena;
struct fault;
struct store;

struct store_options {
	const char *path; /* the SQLite file; made (0600 unless mode is set) when missing and not read_only */
	bool read_only;
	unsigned mode;                        /* file mode when made; 0 = 0600 */
	bool persist_wal;                     /* SQLITE_FCNTL_PERSIST_WAL: readers under another user keep working */
	const struct embed_file *migrations;  /* "001-….sql" in order, NULL-ended; NULL: none to run */
	const struct embed_file *queries;     /* the room's named blocks, in enum order; NULL: none */
	size_t query_count;
	const char *copy_before_migrating;    /* where a copy of the file goes before the first migration; NULL: none */
};

/* Opens, migrates (each file in its own transaction, its hash recorded in `schema_migration`; refuses with CONFLICT a
 * database that has a migration which this program does not know, or one whose hash differs), prepares all queries. */
bool store_open(struct store **store, const struct store_options *options, struct fault *f)
	__attribute__((warn_unused_result));
void store_close(struct store **store);

/* A parameter. Text and blobs are only read during the call. */
struct store_value {
	enum { STORE_NULL, STORE_I64, STORE_TEXT, STORE_BLOB, STORE_REAL } type;
	int64_t number;
	double real;
	struct str bytes;
};

#define store_null() ((struct store_value){STORE_NULL, 0, 0, {NULL, 0}})
#define store_i64(n) ((struct store_value){STORE_I64, (n), 0, {NULL, 0}})
#define store_real(x) ((struct store_value){STORE_REAL, 0, (x), {NULL, 0}})
#define store_text(s) ((struct store_value){STORE_TEXT, 0, 0, (s)})
#define store_blob(s) ((struct store_value){STORE_BLOB, 0, 0, (s)})
/* NULL when the text is empty. */
#define store_text_or_null(s) ((s).len > 0 ? store_text(s) : store_null())

/* STORE_ARGS(store_i64(1), store_text(name)): the two arguments `values, count`. STORE_NO_ARGS for none. */
#define STORE_ARGS(...) \
	((const struct store_value[]){__VA_ARGS__}), \
	(sizeof((const struct store_value[]){__VA_ARGS__}) / sizeof(struct store_value))
#define STORE_NO_ARGS NULL, 0

/* Runs a statement that returns no rows (or whose rows do not matter). *changed (may be NULL): rows changed. A UNIQUE
 * or CHECK or foreign key violation is CONFLICT, a full disk FULL, a lock that stays BUSY, the rest IO. */
bool store_run(struct store *store, size_t query, const struct store_value *values, size_t count, int64_t *changed,
	struct fault *f) __attribute__((warn_unused_result));

/* Rows, one after another. Several cursors may be open, but only one per query (must). Column views live until the next
 * step; copy what must stay. Always store_rows_end(). */
struct store_rows {
	struct store *store;
	size_t query;
	bool failed;
};

bool store_rows_begin(struct store *store, size_t query, const struct store_value *values, size_t count,
	struct store_rows *rows, struct fault *f) __attribute__((warn_unused_result));
bool store_rows_next(struct store_rows *rows, struct fault *f); /* false: no more, or failed */
bool store_rows_end(struct store_rows *rows);                   /* false if a step failed (fault was filled then) */
int64_t store_column_i64(const struct store_rows *rows, int column);
double store_column_real(const struct store_rows *rows, int column);
struct str store_column_text(const struct store_rows *rows, int column); /* text or blob; NULL gives the empty str */
bool store_column_is_null(const struct store_rows *rows, int column);
struct str store_column_copy(const struct store_rows *rows, int column, struct arena *arena);

/* One row or none: *found. Columns are copied into the arena. */
struct store_row {
	size_t count;
	struct store_value *columns;
};
bool store_one(struct store *store, size_t query, const struct store_value *values, size_t count, struct arena *arena,
	struct store_row *row, bool *found, struct fault *f) __attribute__((warn_unused_result));
/* One number from one row (count(*), max(x)); 0 when there is no row or it is NULL. */
bool store_number(struct store *store, size_t query, const struct store_value *values, size_t count, int64_t *out,
	struct fault *f) __attribute__((warn_unused_result));

/* Transactions (BEGIN IMMEDIATE); they do not nest (must). store_end commits when ok, rolls back otherwise, and gives
 * whether everything, the commit included, went well. */
bool store_begin(struct store *store, struct fault *f) __attribute__((warn_unused_result));
bool store_end(struct store *store, bool ok, struct fault *f) __attribute__((warn_unused_result));

/* Until store_look_end, all that is read is one state of the database, whoever writes meanwhile. Nothing may be written. */
bool store_look(struct store *store, struct fault *f) __attribute__((warn_unused_result));
void store_look_end(struct store *store);

/* How much the statements of this connection have done so far, in the engine's own unit (SQLite: operations of its
 * machine). What a test holds against a limit: rows that are read but not shown count, too. */
int64_t store_work(const struct store *store);

/* As store_begin, for one part of a longer work that is begun again when it was cut short: a power cut may undo its commit,
 * whole, with those of others like it, until the next ordinary one. No other process's kill can. */
bool store_begin_lightly(struct store *store, struct fault *f) __attribute__((warn_unused_result));

/* The file that commits are written to: after an fdatasync() of it, light commits made before are as durable as ordinary ones. -1: it
 * cannot be had. The store's own: not to be closed. */
int store_log_fd(struct store *store);

/* A consistent copy into a new file (VACUUM INTO); CONFLICT if the file is there. */
bool store_copy_to(struct store *store, const char *path, struct fault *f) __attribute__((warn_unused_result));

/* PRAGMA quick_check and foreign_key_check: *report says what is wrong, empty when sound. */
bool store_check(struct store *store, struct arena *arena, struct str *report, struct fault *f)
	__attribute__((warn_unused_result));

/* Moves the log (WAL) into the file, and empties it, as far as readers let it. */
bool store_checkpoint(struct store *store, struct fault *f);

/* Where commits must not wait while the one that makes the log long moves it: call(self) comes out of store_end as soon as there is
 * something to move, again and again. Another process then runs store_checkpoint_beside, until nothing has come for some seconds.
 * Where none does, or it cannot follow, a commit moves the log after all. */
void store_on_long_log(struct store *store, void (*call)(void *self), void *self);
bool store_checkpoint_beside(const char *path, struct fault *f);

/* For fault tests: the n-th statement step from now fails as a full disk would; 0 switches it off. */
void store_fail_at(struct store *store, int64_t n);

#endif
