/* store_inside.h: what a database engine must do for store.c. One table of functions per engine.
 * SPDX-License-Identifier: ISC */
#ifndef STORE_STORE_INSIDE_H
#define STORE_STORE_INSIDE_H

#include "store.h"

struct buf;
struct store_link;      /* an engine's connection */
struct store_statement; /* a prepared statement of it */

enum store_step { STORE_STEP_ROW, STORE_STEP_DONE, STORE_STEP_FAILED };

struct store_driver {
	/* Opens (and makes) what options name, with all that a mimeo connection must have set. */
	bool (*open)(struct store_link **link, const struct store_options *options, struct fault *f);
	void (*close)(struct store_link **link); /* after every statement was forgotten */

	/* Several statements at once, without parameters and whose rows do not matter. */
	bool (*script)(struct store_link *link, struct str sql, struct fault *f);

	/* One statement with parameters $1…$n; kept until forgotten. */
	bool (*prepare)(struct store_link *link, struct str sql, struct store_statement **statement, struct fault *f);
	void (*forget)(struct store_statement **statement);
	/* Gives parameters their values; the views must stay until reset. */
	bool (*bind)(struct store_statement *statement, const struct store_value *values, size_t count, struct fault *f);
	enum store_step (*step)(struct store_statement *statement, struct fault *f);
	void (*reset)(struct store_statement *statement);
	int (*column_count)(const struct store_statement *statement);
	/* Column of the present row; text and blob views live until the next step. */
	struct store_value (*column)(const struct store_statement *statement, int column);
	int64_t (*changed)(struct store_link *link);
	int64_t (*work)(struct store_statement *statement); /* since the last call, in the engine's own unit */

	bool (*begin)(struct store_link *link, struct fault *f);
	bool (*lightly)(struct store_link *link, bool on, struct fault *f); /* commits that do not wait for the disk */
	bool (*look)(struct store_link *link, struct fault *f); /* a transaction that only reads; commit ends it */
	bool (*commit)(struct store_link *link, struct fault *f);
	void (*rollback)(struct store_link *link); /* nothing to roll back is fine */
	bool (*is_in_transaction)(const struct store_link *link); /* an engine may end one by itself after a failure */

	/* A whole copy into `path`, an empty file that is there. */
	bool (*copy_to)(struct store_link *link, const char *path, struct fault *f);
	/* Whether references between rows are enforced; outside of a transaction. */
	bool (*enforce_references)(struct store_link *link, bool yes, struct fault *f);
	/* Adds a line for each row that refers to one which is not there. */
	bool (*check_references)(struct store_link *link, struct buf *report, struct fault *f);
	/* Adds a line for each thing that is wrong. */
	bool (*check)(struct store_link *link, struct buf *report, struct fault *f);
	int (*log_fd)(struct store_link *link); /* of the file that commits are written to; -1: it cannot be had */
	bool (*checkpoint)(struct store_link *link, struct fault *f);
	void (*on_long_log)(struct store_link *link, void (*call)(void *self), void *self);
	bool (*checkpoint_beside)(const char *path, struct fault *f);
};

extern const struct store_driver store_sqlite;

/* store_migrate.c: what is recorded is compared with what this program has; what is missing is run. */
bool store_migrate(struct store *store, const struct store_options *options, struct fault *f)
	__attribute__((warn_unused_result));

/* store_rewrite.c: $N to ?N outside of strings, quoted names and comments. INPUT for any other kind of parameter. */
bool store_rewrite(struct str sql, struct buf *out, struct fault *f) __attribute__((warn_unused_result));

struct store {
	const struct store_driver *driver;
	struct store_link *link;
	const struct embed_file *names;
	struct store_statement **queries;
	bool *is_open;         /* a cursor stands on this query */
	size_t count;
	bool in_transaction;
	bool is_light;         /* this transaction's commit does not wait for the disk */
	bool is_lost;          /* the engine ended our transaction by itself: nothing more may be done in it */
	int64_t fail_at;       /* store_fail_at */
	int64_t work;          /* store_work */
};

/* The n-th step fails when asked for; also rolls back, as SQLite does on a full disk. */
bool store_may_step(struct store *store, struct fault *f) __attribute__((warn_unused_result));

#endif
