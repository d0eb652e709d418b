/* fault.h: how a function says that it failed.
 *
 * A function that can fail returns bool and takes `struct fault *f` last. The fault is fixed in size and allocates
 * nothing. Whoever handles a fault logs it; nobody logs and returns it. The first fault set wins until fault_clear().
 * SPDX-License-Identifier: ISC */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <stdbool.h>

/* kind, name, HTTP status, exit code, worth a retry? , meaning */
#define FAULT_KINDS(X) \
	X(FAULT_NONE, "none", 200, 0, false, "nothing happened") \
	X(FAULT_INPUT, "input", 400, 2, false, "what was given is wrong; say what to do") \
	X(FAULT_MISSING, "missing", 404, 2, false, "what was asked for is not there") \
	X(FAULT_CONFLICT, "conflict", 409, 2, false, "somebody else was first, or the state forbids it") \
	X(FAULT_DENIED, "denied", 403, 2, false, "the caller may not") \
	X(FAULT_BUSY, "busy", 503, 1, true, "not now; try again") \
	X(FAULT_REMOTE, "remote", 502, 1, true, "another machine or room failed or misbehaved") \
	X(FAULT_IO, "io", 500, 1, true, "the disk, the kernel or the database failed") \
	X(FAULT_FULL, "full", 507, 1, false, "a cap of ours, or the disk, is reached") \
	X(FAULT_UNCERTAIN, "uncertain", 502, 1, false, "it may have happened: never retried without a look-up key")

enum fault_kind {
#define X(kind, name, status, exit_code, retry, meaning) kind,
	FAULT_KINDS(X)
#undef X
};

enum { FAULT_SAY_BYTES = 320, FAULT_DETAIL_BYTES = 320, FAULT_TRAIL_BYTES = 256 };

struct fault {
	enum fault_kind kind;
	int code;                         /* errno, SQLite's code, an SMTP or HTTP status; 0 = none */
	int line;
	const char *file;
	char say[FAULT_SAY_BYTES];        /* one sentence for the person: what is wrong and what to do; no detail of ours */
	char detail[FAULT_DETAIL_BYTES];  /* for the log alone */
	char trail[FAULT_TRAIL_BYTES];    /* "while …; while …" */
};

/* Each fills *f (unless one stands there already) and is false, so that `return fault_set(…)` and
 * `ok = fault_set(…)` both read well. f may be NULL. */
#define fault_set(f, kind, ...) fault_set_at((f), (kind), 0, __FILE__, __LINE__, __VA_ARGS__)
#define fault_errno(f, ...) fault_errno_at((f), __FILE__, __LINE__, __VA_ARGS__) /* kind from errno: ENOENT MISSING,
	EACCES/EPERM DENIED, ENOSPC/EDQUOT FULL, EAGAIN BUSY, ECONN*, ETIMEDOUT REMOTE, else IO; say ends ": strerror" */
#define fault_full(f, what) fault_set_at((f), FAULT_FULL, 0, __FILE__, __LINE__, "%s is larger than mimeo allows", (what))

bool fault_set_at(struct fault *f, enum fault_kind kind, int code, const char *file, int line, const char *say, ...)
	__attribute__((format(printf, 6, 7)));
bool fault_errno_at(struct fault *f, const char *file, int line, const char *say, ...)
	__attribute__((format(printf, 4, 5)));

/* More for the log; and where it happened. Both are no-ops on FAULT_NONE, and false. */
bool fault_detail(struct fault *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool fault_add(struct fault *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

void fault_clear(struct fault *f);
const char *fault_name(enum fault_kind kind);
int fault_http_status(enum fault_kind kind);
int fault_exit_code(enum fault_kind kind);
bool fault_is_worth_retry(enum fault_kind kind);

/* Writes `mimeo: <say>` (and the trail, and the detail where verbose) to fd 2. Gives the exit code. For commands. */
int fault_print(const struct fault *f, bool verbose);

#endif
