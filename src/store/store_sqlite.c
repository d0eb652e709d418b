/* store_sqlite.c: SQLite behind store.h.
 *
 * Decides: how a connection is set (WAL, synchronous=FULL, secure_delete, foreign keys, no double-quoted strings) and
 * which of SQLite's codes is which kind of fault. Leaves to others: SQL texts (store.sql, the rooms). Runs in every
 * room. The hard thing: extended codes say what happened, and a failure may have ended the transaction already.
 * SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/limits.h"
#include "base/must.h"
#include "gen/store_sql.h"
#include "store_inside.h"

enum { BUSY_MS = 5000 };

/* Pages in the log at which a commit moves them into the file: as SQLite does by itself; in light transactions; where another process
 * is at it, which is begun with LOG_LONG and ends when nothing came for a few seconds. */
enum { LOG_MOST = 1000, LOG_MOST_LIGHT = 8000, LOG_MOST_BESIDE = 4000, LOG_LONG = 250 };
enum { BESIDE_PAUSE_MS = 10, BESIDE_FEW = 50, BESIDE_QUIET_PASSES = 500 };

struct store_link {
	sqlite3 *db;
	bool is_light;
	int log_fd;                      /* -1: not asked for yet */
	void (*on_long_log)(void *self); /* NULL: commits move the log */
	void *self;
};

struct store_statement {
	sqlite3_stmt *handle;
};

static bool fail(sqlite3 *db, int code, struct fault *f)
{
	enum fault_kind kind = FAULT_IO;
	const char *say = "the database failed";
	int extended = db != NULL ? sqlite3_extended_errcode(db) : code;

	switch (code & 0xff) {
	case SQLITE_NOMEM:
		must_memory(__FILE__, __LINE__);
	case SQLITE_CONSTRAINT:
		kind = FAULT_CONFLICT;
		say = "that contradicts what is stored already";
		break;
	case SQLITE_FULL:
		kind = FAULT_FULL;
		say = "the disk is full";
		break;
	case SQLITE_TOOBIG:
		kind = FAULT_FULL;
		say = "that is larger than the database allows";
		break;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		kind = FAULT_BUSY;
		say = "the database is busy: try again";
		break;
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		say = "the database file is damaged, or is none: restore it from a backup";
		break;
	default:
		break;
	}
	fault_set_at(f, kind, extended, __FILE__, __LINE__, "%s", say);
	return fault_detail(f, "SQLite %d: %s", extended, db != NULL ? sqlite3_errmsg(db) : sqlite3_errstr(code));
}

/* The file with our mode, whatever the umask; SQLite gives -wal and -shm the same. */
static bool make_file(const char *path, unsigned mode, struct fault *f)
{
	mode_t wanted = mode != 0 ? (mode_t) mode : 0600;
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, wanted);
	bool ok;

	if (fd < 0)
		return errno == EEXIST || fault_errno(f, "%s cannot be made", path);
	ok = fchmod(fd, wanted) == 0 || fault_errno(f, "%s cannot get its mode", path);
	close(fd);
	return ok;
}

static bool sqlite_script(struct store_link *link, struct str sql, struct fault *f)
{
	const char *at = sql.at;
	const char *end = sql.at + sql.len;
	int code = SQLITE_OK;

	while (code == SQLITE_OK && at < end) {
		sqlite3_stmt *statement = NULL;

		code = sqlite3_prepare_v2(link->db, at, (int) (end - at), &statement, &at);
		if (statement == NULL)
			continue; /* white space, a comment, or an error */
		do
			code = sqlite3_step(statement);
		while (code == SQLITE_ROW);
		code = sqlite3_finalize(statement);
	}
	return code == SQLITE_OK || fail(link->db, code, f);
}

static bool sqlite_prepare(struct store_link *link, struct str sql, struct store_statement **out, struct fault *f)
{
	struct store_statement *statement = memory_new(1, sizeof(*statement));
	sqlite3_stmt *second = NULL;
	const char *rest = NULL;
	struct buf text;
	int code;
	bool ok;

	*out = NULL;
	buf_init(&text, LIMIT_FORM_BYTES);
	ok = store_rewrite(sql, &text, f);
	if (ok) {
		code = sqlite3_prepare_v3(
			link->db, text.at, (int) text.len, SQLITE_PREPARE_PERSISTENT, &statement->handle, &rest);
		ok = code == SQLITE_OK || fail(link->db, code, f);
	}
	if (ok && statement->handle == NULL)
		ok = fault_set(f, FAULT_INPUT, "there is no statement");
	if (ok) {
		code = sqlite3_prepare_v2(link->db, rest, -1, &second, NULL);
		if (code != SQLITE_OK || second != NULL)
			ok = fault_set(f, FAULT_INPUT, "there is more than one statement");
		sqlite3_finalize(second);
	}
	buf_release(&text);
	if (!ok) {
		sqlite3_finalize(statement->handle);
		memory_free(statement);
		return false;
	}
	*out = statement;
	return true;
}

static void sqlite_forget(struct store_statement **statement)
{
	if (*statement == NULL)
		return;
	sqlite3_finalize((*statement)->handle);
	memory_free(*statement);
	*statement = NULL;
}

static bool sqlite_bind(
	struct store_statement *statement, const struct store_value *values, size_t count, struct fault *f)
{
	must((int) count == sqlite3_bind_parameter_count(statement->handle));
	for (size_t i = 0; i < count; i++) {
		const struct store_value *value = &values[i];
		const char *at = value->bytes.at != NULL ? value->bytes.at : "";
		int place = (int) i + 1;
		int code = SQLITE_MISUSE;

		switch (value->type) {
		case STORE_NULL:
			code = sqlite3_bind_null(statement->handle, place);
			break;
		case STORE_I64:
			code = sqlite3_bind_int64(statement->handle, place, value->number);
			break;
		case STORE_REAL:
			code = sqlite3_bind_double(statement->handle, place, value->real);
			break;
		case STORE_TEXT:
			code = sqlite3_bind_text64(statement->handle, place, at, value->bytes.len, SQLITE_TRANSIENT, SQLITE_UTF8);
			break;
		case STORE_BLOB:
			code = sqlite3_bind_blob64(statement->handle, place, at, value->bytes.len, SQLITE_TRANSIENT);
			break;
		}
		if (code != SQLITE_OK) {
			sqlite3_clear_bindings(statement->handle);
			return fail(sqlite3_db_handle(statement->handle), code, f);
		}
	}
	return true;
}

static enum store_step sqlite_step(struct store_statement *statement, struct fault *f)
{
	int code = sqlite3_step(statement->handle);

	if (code == SQLITE_ROW)
		return STORE_STEP_ROW;
	if (code == SQLITE_DONE)
		return STORE_STEP_DONE;
	fail(sqlite3_db_handle(statement->handle), code, f);
	return STORE_STEP_FAILED;
}

static void sqlite_reset(struct store_statement *statement)
{
	(void) sqlite3_reset(statement->handle); /* repeats the step's code */
	sqlite3_clear_bindings(statement->handle);
}

static int sqlite_column_count(const struct store_statement *statement)
{
	return sqlite3_column_count(statement->handle);
}

static struct store_value sqlite_column(const struct store_statement *statement, int column)
{
	sqlite3_stmt *handle = statement->handle;
	const void *at;

	switch (sqlite3_column_type(handle, column)) {
	case SQLITE_INTEGER:
		return store_i64(sqlite3_column_int64(handle, column));
	case SQLITE_FLOAT:
		return store_real(sqlite3_column_double(handle, column));
	case SQLITE_TEXT:
		at = sqlite3_column_text(handle, column);
		return store_text(str_make(at, (size_t) sqlite3_column_bytes(handle, column)));
	case SQLITE_BLOB:
		at = sqlite3_column_blob(handle, column);
		return store_blob(str_make(at != NULL ? at : "", (size_t) sqlite3_column_bytes(handle, column)));
	default:
		return store_null();
	}
}

static int64_t sqlite_changed(struct store_link *link)
{
	return sqlite3_changes64(link->db);
}

static bool sqlite_begin(struct store_link *link, struct fault *f)
{
	return sqlite_script(link, store_sql[STORE_SQL_SQLITE_BEGIN].text, f);
}

static bool sqlite_lightly(struct store_link *link, bool on, struct fault *f)
{
	link->is_light = on;
	return sqlite_script(link, store_sql[on ? STORE_SQL_SQLITE_LIGHT : STORE_SQL_SQLITE_HEAVY].text, f);
}

static bool sqlite_look(struct store_link *link, struct fault *f)
{
	return sqlite_script(link, store_sql[STORE_SQL_SQLITE_LOOK].text, f);
}

static int64_t sqlite_work(struct store_statement *statement)
{
	return sqlite3_stmt_status(statement->handle, SQLITE_STMTSTATUS_VM_STEP, 1);
}

static bool sqlite_commit(struct store_link *link, struct fault *f)
{
	return sqlite_script(link, store_sql[STORE_SQL_SQLITE_COMMIT].text, f);
}

static bool sqlite_is_in_transaction(const struct store_link *link)
{
	return sqlite3_get_autocommit(link->db) == 0;
}

static void sqlite_rollback(struct store_link *link)
{
	struct fault ignored = {0};

	/* A rollback that fails leaves the transaction to the next opening, which rolls it back. */
	if (sqlite_is_in_transaction(link))
		(void) sqlite_script(link, store_sql[STORE_SQL_SQLITE_ROLLBACK].text, &ignored);
}

static bool sqlite_copy_to(struct store_link *link, const char *path, struct fault *f)
{
	struct store_statement *statement = NULL;
	bool ok = sqlite_prepare(link, store_sql[STORE_SQL_SQLITE_COPY].text, &statement, f);

	ok = ok && sqlite_bind(statement, STORE_ARGS(store_text(str_from(path))), f);
	ok = ok && sqlite_step(statement, f) == STORE_STEP_DONE;
	sqlite_forget(&statement);
	return ok;
}

static bool check_with(struct store_link *link, enum store_sql query, const char *fine, struct buf *report,
	struct fault *f)
{
	struct store_statement *statement = NULL;
	enum store_step step = STORE_STEP_FAILED;

	if (sqlite_prepare(link, store_sql[query].text, &statement, f))
		while ((step = sqlite_step(statement, f)) == STORE_STEP_ROW) {
			struct str first = sqlite_column(statement, 0).bytes;

			if (fine != NULL && str_is(first, fine))
				continue;
			if (fine == NULL)
				buf_format(report, "table %.*s, row %lld: refers to a row that is not in %s\n", STR_ARG(first),
					(long long) sqlite3_column_int64(statement->handle, 1),
					(const char *) sqlite3_column_text(statement->handle, 2));
			else
				buf_format(report, "%.*s\n", STR_ARG(first));
		}
	sqlite_forget(&statement);
	return step == STORE_STEP_DONE;
}

static bool sqlite_enforce_references(struct store_link *link, bool yes, struct fault *f)
{
	return sqlite_script(link,
		store_sql[yes ? STORE_SQL_SQLITE_FOREIGN_KEYS_ON : STORE_SQL_SQLITE_FOREIGN_KEYS_OFF].text, f);
}

static bool sqlite_check_references(struct store_link *link, struct buf *report, struct fault *f)
{
	return check_with(link, STORE_SQL_SQLITE_FOREIGN_KEY_CHECK, NULL, report, f);
}

static bool sqlite_check(struct store_link *link, struct buf *report, struct fault *f)
{
	struct fault broken = {0};

	if (!check_with(link, STORE_SQL_SQLITE_QUICK_CHECK, "ok", report, &broken)) {
		/* Too damaged to be read is a finding, not a failure of the check. */
		if ((broken.code & 0xff) == SQLITE_CORRUPT || (broken.code & 0xff) == SQLITE_NOTADB) {
			buf_format(report, "%s\n", broken.say);
			return true;
		}
		*f = broken;
		return false;
	}
	return sqlite_check_references(link, report, f);
}

/* The log stays the same file as long as a connection is open. SQLite's locks lie on other files: closing this one drops none. */
static int sqlite_log_fd(struct store_link *link)
{
	if (link->log_fd < 0)
		link->log_fd = open(sqlite3_filename_wal(sqlite3_db_filename(link->db, "main")), O_RDONLY | O_CLOEXEC);
	return link->log_fd;
}

static bool sqlite_checkpoint(struct store_link *link, struct fault *f)
{
	int code;

	/* A reader may stand on the log for long: the loop does not wait for it. */
	sqlite3_busy_timeout(link->db, 0);
	code = sqlite3_wal_checkpoint_v2(link->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	sqlite3_busy_timeout(link->db, BUSY_MS);
	return code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY || fail(link->db, code, f);
}

/* After each commit: so many pages are in the log now. What cannot be moved is moved later. */
static int committed(void *self, sqlite3 *db, const char *name, int pages)
{
	struct store_link *link = self;

	if (pages >= (link->on_long_log != NULL ? LOG_MOST_BESIDE : link->is_light ? LOG_MOST_LIGHT : LOG_MOST))
		(void) sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	else if (pages >= LOG_LONG && link->on_long_log != NULL)
		link->on_long_log(link->self);
	return SQLITE_OK;
}

static void sqlite_on_long_log(struct store_link *link, void (*call)(void *self), void *self)
{
	link->on_long_log = call;
	link->self = self;
}

/* Each pass moves what was committed before it began; the owner commits on. Passes that follow each other closely are short, so that
 * a commit which waits for the same disk waits little; and as soon as one has left nothing, the owner begins the log anew. */
static bool sqlite_checkpoint_beside(const char *path, struct fault *f)
{
	const struct timespec pause = {.tv_nsec = BESIDE_PAUSE_MS * 1000000L};
	struct store_link link = {0};
	int code = sqlite3_open_v2(path, &link.db, SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_READWRITE, NULL);
	bool ok = code == SQLITE_OK || fail(link.db, code, f);

	ok = ok && sqlite3_busy_timeout(link.db, BUSY_MS) == SQLITE_OK && sqlite_script(&link, store_sql[STORE_SQL_SQLITE_TOUCH].text, f);
	for (int before = 0, quiet = 0; ok && quiet < BESIDE_QUIET_PASSES;) {
		int pages = 0, moved = 0;

		code = sqlite3_wal_checkpoint_v2(link.db, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &moved);
		if ((code & 0xff) != SQLITE_BUSY) /* the owner is at it itself */
			ok = code == SQLITE_OK ? pages >= 0 || fault_set(f, FAULT_CONFLICT, "%s has no log", path) : fail(link.db, code, f);
		quiet = moved == before ? quiet + 1 : 0;
		if (moved < before || moved - before < BESIDE_FEW)
			(void) nanosleep(&pause, NULL);
		before = moved;
	}
	(void) sqlite3_close(link.db);
	return ok;
}

static void sqlite_close(struct store_link **link)
{
	if (*link == NULL)
		return;
	must(sqlite3_close((*link)->db) == SQLITE_OK);
	if ((*link)->log_fd >= 0)
		(void) close((*link)->log_fd);
	memory_free(*link);
	*link = NULL;
}

static bool set_wal(struct store_link *link, bool persist, struct fault *f)
{
	struct store_statement *statement = NULL;
	bool ok = sqlite_prepare(link, store_sql[STORE_SQL_SQLITE_WAL].text, &statement, f);
	int on = 1;

	ok = ok && sqlite_step(statement, f) == STORE_STEP_ROW;
	if (ok && !str_is(sqlite_column(statement, 0).bytes, "wal"))
		ok = fault_set(f, FAULT_IO, "the file system does not let the database keep a write-ahead log");
	sqlite_forget(&statement);
	if (ok && persist && sqlite3_file_control(link->db, "main", SQLITE_FCNTL_PERSIST_WAL, &on) != SQLITE_OK)
		ok = fault_set(f, FAULT_IO, "the database does not keep its write-ahead log for readers");
	return ok;
}

static bool sqlite_open(struct store_link **out, const struct store_options *options, struct fault *f)
{
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
	struct store_link *link;
	int code;
	bool ok;

	*out = NULL;
	if (options->read_only && access(options->path, R_OK) != 0)
		return fault_errno(f, "%s cannot be read", options->path);
	if (!options->read_only && !make_file(options->path, options->mode, f))
		return false;
	link = memory_new(1, sizeof(*link));
	link->log_fd = -1;
	code = sqlite3_open_v2(options->path, &link->db,
		flags | (options->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE), NULL);
	ok = code == SQLITE_OK || fail(link->db, code, f);
	if (ok) {
		sqlite3_busy_timeout(link->db, BUSY_MS);
		(void) sqlite3_db_config(link->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
		(void) sqlite3_db_config(link->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
		(void) sqlite3_db_config(link->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
		ok = sqlite_script(link,
			store_sql[options->read_only ? STORE_SQL_SQLITE_SETUP_READER : STORE_SQL_SQLITE_SETUP].text, f);
	}
	if (ok && !options->read_only) {
		(void) sqlite3_wal_hook(link->db, committed, link);
		ok = set_wal(link, options->persist_wal, f);
	}
	if (ok)
		*out = link;
	else
		sqlite_close(&link);
	return ok;
}

const struct store_driver store_sqlite = {
	.open = sqlite_open,
	.close = sqlite_close,
	.script = sqlite_script,
	.prepare = sqlite_prepare,
	.forget = sqlite_forget,
	.bind = sqlite_bind,
	.step = sqlite_step,
	.reset = sqlite_reset,
	.column_count = sqlite_column_count,
	.column = sqlite_column,
	.changed = sqlite_changed,
	.work = sqlite_work,
	.begin = sqlite_begin,
	.lightly = sqlite_lightly,
	.look = sqlite_look,
	.commit = sqlite_commit,
	.rollback = sqlite_rollback,
	.is_in_transaction = sqlite_is_in_transaction,
	.copy_to = sqlite_copy_to,
	.enforce_references = sqlite_enforce_references,
	.check_references = sqlite_check_references,
	.check = sqlite_check,
	.log_fd = sqlite_log_fd,
	.checkpoint = sqlite_checkpoint,
	.on_long_log = sqlite_on_long_log,
	.checkpoint_beside = sqlite_checkpoint_beside,
};
